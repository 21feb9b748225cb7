"""When certificates are valid is read as those who issue them say it, and what is none is refused."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from multus_py.doctor import certificates
from multus_py.lab.certs import Authority

AUTHORITY = Authority()


@pytest.mark.parametrize(("begins", "ends"), [(1960, 1999), (2000, 2049), (2049, 2050), (2024, 2500)])
def test_both_times_are_read(begins: int, ends: int) -> None:
    times = datetime(begins, 2, 28, 23, 59, 59, tzinfo=UTC), datetime(ends, 12, 31, 1, 2, 3, tzinfo=UTC)
    client = AUTHORITY.client("lab", valid=times)
    assert certificates.validity(client.certificate.decode()) == tuple(time.timestamp() for time in times)


def test_the_first_certificate_counts_whatever_stands_around_it() -> None:
    times = datetime(2024, 1, 1, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC)
    own = AUTHORITY.client("lab", valid=times).certificate.decode()
    text = f"Subject: lab\r\n{own}{AUTHORITY.pem.decode()}"
    assert certificates.validity(text) == tuple(time.timestamp() for time in times)


@pytest.mark.parametrize("text", ["", "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----"])
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="certificate"):
        certificates.validity(text)


@given(st.data())
def test_a_damaged_one_is_refused_or_read(data: st.DataObject) -> None:
    text = AUTHORITY.pem.decode()
    at = data.draw(st.integers(0, len(text) - 1))
    with contextlib.suppress(ValueError):
        begins, ends = certificates.validity(text[:at] + data.draw(st.sampled_from("A9/+=-\n")) + text[at + 1 :])
        assert isinstance(begins, float)
        assert isinstance(ends, float)
