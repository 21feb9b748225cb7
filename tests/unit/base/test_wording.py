from __future__ import annotations

import errno
import os

import pytest

from multus_py.base import wording

QUOTED = {
    "plain": ("net1", '"net1"'),
    "empty": ("", '""'),
    "quotes and backslashes": ('a"b\\c', r'"a\"b\\c"'),
    "the escapes that have a letter": ("\a\b\f\n\r\t\v", r'"\a\b\f\n\r\t\v"'),
    "other control characters": ("\x00\x1b\x7f", r'"\x00\x1b\x7f"'),
    "printable beyond ASCII": ("größe 网", '"größe 网"'),
    "not printable beyond ASCII": ("\x85\u2028\U000e0001", r'"\u0085\u2028\U000e0001"'),
    "bytes": (b"exit 3\n", r'"exit 3\n"'),
    "bytes that are not UTF-8": (b"a\xff\xfe", r'"a\xff\xfe"'),
}


@pytest.mark.parametrize(("text", "expected"), QUOTED.values(), ids=QUOTED)
def test_text_is_quoted_as_go_does(text: str | bytes, expected: str) -> None:
    assert wording.quoted(text) == expected


@pytest.mark.parametrize("text", ["x" * 10_000, b"x" * 100_000, "\n" * 10_000], ids=["text", "bytes", "escaped"])
def test_what_is_very_long_is_cut(text: str | bytes) -> None:
    quoted = wording.quoted(text)

    assert quoted.endswith('..."')
    assert len(quoted) < 20_000


def test_a_list_is_written_as_go_writes_a_slice() -> None:
    assert wording.quoted_list(["0.1.0", "0.2.0"]) == '["0.1.0" "0.2.0"]'
    assert wording.quoted_list([]) == "[]"


def test_reasons_have_no_capital() -> None:
    assert wording.reason(OSError(errno.ENOENT, os.strerror(errno.ENOENT))) == "no such file or directory"


def test_an_error_without_a_number_gives_its_text() -> None:
    assert wording.reason(OSError("Gone")) == "gone"
