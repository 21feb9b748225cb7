"""Every input that once reached something new, and some that no fuzzer needs to find, through its target again."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.targets import TARGETS

CORPUS = Path(__file__).parent / "corpus"
OBVIOUS = (b"", b"\0", b"null", b"[]", b"{}", b"[null]", b'""', b"\xff\xfe", b"[" * 20_000, b"9" * 5_000, b"-1e999")


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("data", OBVIOUS, ids=lambda data: repr(data[:10]))
def test_obvious_nonsense_is_survived(name: str, data: bytes) -> None:
    TARGETS[name](data)


@pytest.mark.parametrize("name", TARGETS)
def test_the_corpus_is_survived(name: str) -> None:
    inputs = sorted((CORPUS / name).iterdir())

    assert inputs
    for path in inputs:
        try:
            TARGETS[name](path.read_bytes())
        except BaseException:
            print(f"the input is {path}")
            raise


def test_every_part_of_the_corpus_has_its_target() -> None:
    assert {path.name for path in CORPUS.iterdir()} == set(TARGETS)
