from __future__ import annotations

import pytest

from multus_py.cni import errors

TEXTS = {
    "a message": (errors.CNIError(11, "later"), "later", {"code": 11, "msg": "later"}),
    "with details": (
        errors.CNIError(7, "bad name", "a/b"),
        "bad name; a/b",
        {"code": 7, "msg": "bad name", "details": "a/b"},
    ),
    "nothing": (errors.CNIError(0, ""), "", {"code": 0, "msg": ""}),
}


@pytest.mark.parametrize(("error", "text", "document"), TEXTS.values(), ids=TEXTS)
def test_an_error_has_a_text_and_a_document(error: errors.CNIError, text: str, document: dict[str, str]) -> None:
    assert str(error) == text
    assert error.document() == document


def test_context_goes_before_the_message_and_keeps_code_and_details() -> None:
    error = errors.CNIError(11, "later", "d").prefixed("plugin: ")

    assert (error.code, error.msg, error.details) == (11, "plugin: later", "d")


def test_a_subclass_stays_itself_when_context_is_added() -> None:
    class OurError(errors.CNIError):
        pass

    assert type(OurError(1, "x").prefixed("y: ")) is OurError


CODES = {
    "UNKNOWN": 0,
    "INCOMPATIBLE_VERSION": 1,
    "UNSUPPORTED_FIELD": 2,
    "UNKNOWN_CONTAINER": 3,
    "INVALID_ENVIRONMENT": 4,
    "IO_FAILURE": 5,
    "DECODING_FAILURE": 6,
    "INVALID_CONFIG": 7,
    "INVALID_NETNS": 8,
    "TRY_AGAIN_LATER": 11,
    "PLUGIN_NOT_AVAILABLE": 50,
    "LIMITED_CONNECTIVITY": 51,
    "INTERNAL": 999,
}


@pytest.mark.parametrize(("name", "code"), CODES.items(), ids=CODES)
def test_the_codes_are_the_spec_s(name: str, code: int) -> None:
    assert getattr(errors, name) == code
