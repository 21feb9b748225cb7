"""Reading the protobuf that the Go Multus sends."""

from __future__ import annotations

import pytest

from tests.bench import protobuf


def field(number: int, value: bytes | int) -> bytes:
    """Return one field; all lengths and numbers here are below 128."""
    if isinstance(value, int):
        return bytes([number << 3, value])
    return bytes([number << 3 | 2, len(value)]) + value


def envelope(kind: str, raw: bytes) -> bytes:
    """Return an object as it goes over the wire."""
    type_meta = field(1, b"v1") + field(2, kind.encode())
    return protobuf.MAGIC + field(1, type_meta) + field(2, raw)


def test_a_pod_keeps_what_a_status_update_can_change() -> None:
    annotation = field(1, b"key") + field(2, b"value")
    metadata = field(1, b"pod1") + field(5, b"uid") + field(7, 3) + field(12, annotation)
    status = field(3, field(1, b"Pending"))
    assert protobuf.decode(envelope("Pod", field(1, metadata) + field(2, b"") + status)) == {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "pod1", "uid": "uid", "annotations": {"key": "value"}},
        "status": {"phase": "Pending"},
    }


def test_an_event_keeps_what_it_says() -> None:
    raw = field(2, field(1, b"Pod") + field(3, b"pod1")) + field(3, b"AddedInterface") + field(8, 1)
    decoded = protobuf.decode(envelope("Event", raw))
    assert decoded["involvedObject"] == {"kind": "Pod", "name": "pod1"}
    assert decoded["reason"] == "AddedInterface"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        pytest.param(envelope("Secret", b""), "Secret is not understood", id="another kind"),
        pytest.param(protobuf.MAGIC + b"\x0f", "wire type 7", id="a wire type that does not exist"),
        pytest.param(protobuf.MAGIC + b"\x08\x80", "middle of a number", id="cut off"),
    ],
)
def test_what_is_not_understood_is_an_error(body: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        protobuf.decode(body)
