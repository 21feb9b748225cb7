"""Which word was meant."""

from __future__ import annotations

import pytest

from multus_py.base import spelling


@pytest.mark.parametrize(
    ("word", "meant"), [("brdige", "bridge"), ("BRIDGE", "bridge"), ("bridges", "bridge"), ("veth", ""), ("", "")]
)
def test_the_closest_word_is_what_was_meant(word: str, meant: str) -> None:
    assert spelling.closest(word, ["bridge", "vlan"]) == meant
