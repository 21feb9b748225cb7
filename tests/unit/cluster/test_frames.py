"""Frames: what they are made of, and what is too much, of another version, or no message."""

from __future__ import annotations

import pytest

from multus_py.cluster import frames


def test_a_frame_is_the_length_and_the_message() -> None:
    frame = frames.pack({"v": 1, "a": "ü"}, 100)
    assert frame == b'\0\0\0\x10{"v":1,"a":"\xc3\xbc"}'
    assert frames.size(frame[: frames.HEADER_SIZE], 100) == len(frame) - frames.HEADER_SIZE


def test_what_is_too_large_is_neither_sent_nor_read() -> None:
    with pytest.raises(frames.WireError, match="more than the 10"):
        frames.pack({"v": 1, "a": "bcdef"}, 10)
    with pytest.raises(frames.WireError, match="256 bytes is announced"):
        frames.size(b"\0\0\1\0", 255)


def test_what_is_no_text_is_not_sent() -> None:
    with pytest.raises(frames.WireError, match="cannot be written"):
        frames.pack({"v": 1, "a": "\udcff"}, 100)


def test_a_message_survives_the_way_and_keys_that_nobody_knows_do_no_harm() -> None:
    frame = frames.pack({"v": frames.VERSION, "ask": "x", "colour": ["red"]}, 100)
    assert frames.unpack(frame[frames.HEADER_SIZE :]).text("ask") == "x"


@pytest.mark.parametrize("body", [b"", b"[]", b'{"v":1', b'{"v":1}x', b'{"v":1,"a":"\xff"}'], ids=repr)
def test_what_is_no_message_is_refused(body: bytes) -> None:
    with pytest.raises(frames.WireError, match="no message"):
        frames.unpack(body)


@pytest.mark.parametrize("body", [b"{}", b"null", b'{"v":2}', b'{"v":"1"}'], ids=repr)
def test_a_message_of_another_version_is_told_apart(body: bytes) -> None:
    with pytest.raises(frames.UnsupportedError, match="is not 1"):
        frames.unpack(body)
