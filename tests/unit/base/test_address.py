"""`base.address` against `ipaddress`."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

import hypothesis
import pytest
from hypothesis import strategies

from multus_py.base import address

if TYPE_CHECKING:
    from collections.abc import Callable

IP = strategies.ip_addresses()
BAD_IPS = {
    "empty": "",
    "a name": "localhost",
    "too few parts": "192.0.2",
    "too many parts": "192.0.2.1.1",
    "a part too large": "192.0.2.256",
    "a leading zero": "192.0.2.01",
    "a prefix": "192.0.2.1/24",
    "blanks": " 192.0.2.1",
    "two double colons": "2001::db8::1",
    "a zone": "fe80::1%eth0",
    "a NUL": "192.0.2.1\0",
    "not ASCII": "١٩٢.0.2.1",
    "a port": "192.0.2.1:80",
}
BAD_CIDRS = {
    "empty": "",
    "no prefix": "192.0.2.1",
    "an empty prefix": "192.0.2.1/",
    "a prefix too long": "192.0.2.1/33",
    "a v6 prefix too long": "2001:db8::1/129",
    "a mask": "192.0.2.1/255.255.255.0",
    "a negative prefix": "192.0.2.1/-1",
    "a sign": "192.0.2.1/+24",
    "two prefixes": "192.0.2.1/24/24",
    "digits of another script": "192.0.2.1/²",
    "only a prefix": "/24",
}


def _refused(function: Callable[[str], object], text: str) -> bool:
    try:
        function(text)
    except ValueError:
        return True
    return False


@hypothesis.given(IP)
def test_addresses_are_packed_as_ipaddress_does(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    assert address.pack(str(ip)) == ip.packed
    assert address.pack(ip.exploded) == ip.packed
    assert address.family(str(ip)) == ip.version


@hypothesis.given(IP)
def test_any_spelling_gets_the_canonical_form(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    canonical = address.ip(ip.exploded.upper())

    assert ipaddress.ip_address(canonical) == ip
    assert address.ip(canonical) == canonical
    assert address.unpack(ip.packed) == canonical


@pytest.mark.parametrize("text", BAD_IPS.values(), ids=BAD_IPS)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="failed to parse IP address"):
        address.ip(text)


@hypothesis.given(strategies.text(alphabet="0123456789abcdef.:/%", max_size=40))
def test_what_is_an_address_is_what_ipaddress_takes(text: str) -> None:
    if "%" not in text:  # zones: Kubernetes and CNI know none
        assert _refused(address.ip, text) == _refused(ipaddress.ip_address, text)


@hypothesis.given(IP, strategies.integers(0, 128))
def test_cidrs_keep_the_host_part(ip: ipaddress.IPv4Address | ipaddress.IPv6Address, length: int) -> None:
    hypothesis.assume(length <= ip.max_prefixlen)

    assert address.cidr(f"{ip.exploded}/{length}") == (address.ip(str(ip)), length)
    assert address.ip_or_cidr(f"{ip.exploded}/{length}") == f"{address.ip(str(ip))}/{length}"


@pytest.mark.parametrize("text", BAD_CIDRS.values(), ids=BAD_CIDRS)
def test_what_is_no_cidr_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f'failed to parse CIDR "{text}"')):
        address.cidr(text)


def test_an_address_may_stand_with_or_without_a_prefix() -> None:
    assert address.ip_or_cidr("2001:DB8::1") == "2001:db8::1"
    assert address.ip_or_cidr("192.0.2.7/24") == "192.0.2.7/24"


@pytest.mark.parametrize("text", ["192.0.2.1/24", "192.0.2.1"])
def test_the_family_of_v4_is_4(text: str) -> None:
    assert address.family(text) == 4


DEFAULTS = {
    "0.0.0.0/0": True,
    "::/0": True,
    "::0/0": True,
    "0:0:0:0:0:0:0:0/0": True,
    "0.0.0.0/1": False,
    "::/1": False,
    "192.0.2.0/24": False,
    "192.0.2.0/0": False,
}


@pytest.mark.parametrize(("destination", "expected"), DEFAULTS.items(), ids=DEFAULTS)
def test_a_default_route_is_known_however_it_is_spelled(destination: str, *, expected: bool) -> None:
    assert address.is_default(destination) is expected


MACS = {
    "colons": ("0A:58:0a:01:02:03", "0a:58:0a:01:02:03"),
    "hyphens": ("0a-58-0a-01-02-03", "0a:58:0a:01:02:03"),
    "dots": ("0a58.0a01.0203", "0a:58:0a:01:02:03"),
    "EUI-64": ("02:00:5e:10:00:00:00:01", "02:00:5e:10:00:00:00:01"),
    "InfiniBand": ("00:00:00:00:fe:80:00:00:00:00:00:00:02:00:5e:10:00:00:00:01",) * 2,
}


@pytest.mark.parametrize(("text", "expected"), MACS.values(), ids=MACS)
def test_hardware_addresses_have_one_form(text: str, expected: str) -> None:
    assert address.mac(text) == expected


BAD_MACS = {
    "empty": "",
    "no separators": "0a580a010203",
    "five bytes": "0a:58:0a:01:02",
    "seven bytes": "0a:58:0a:01:02:03:04",
    "one digit": "0a:58:0a:01:02:3",
    "three digits": "0a:58:0a:01:02:003",
    "no hexadecimal": "0a:58:0a:01:02:0g",
    "mixed separators": "0a:58:0a-01-02-03",
    "blanks": "0a:58:0a:01:02: 3",
    "a sign": "0a:58:0a:01:02:+3",
}


@pytest.mark.parametrize("text", BAD_MACS.values(), ids=BAD_MACS)
def test_what_is_no_hardware_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="invalid MAC address"):
        address.mac(text)
