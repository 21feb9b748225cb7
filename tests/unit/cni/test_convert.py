"""What a converted result holds, whether or not a writer would show it. The texts are the tests of `test_result.py`."""

from __future__ import annotations

import pytest

from multus_py.cni import convert
from multus_py.cni.result import Address, Interface, Result

NEW = Interface(name="eth0", mac="0a:58:c0:00:02:07", sandbox="/pod", mtu=9000, socket_path="/s", pci_id="0000:00:02.1")


@pytest.mark.parametrize("version", ["0.3.0", "0.3.1", "0.4.0"])
def test_an_interface_holds_nothing_that_the_older_version_has_no_word_for(version: str) -> None:
    older = convert.convert(Result(version="1.1.0", interfaces=(NEW,)), version)
    assert older.interfaces == (Interface(name="eth0", mac="0a:58:c0:00:02:07", sandbox="/pod"),)


def test_the_oldest_versions_hold_one_address_of_each_family_and_no_interface() -> None:
    texts = ("2001:db8::1/64", "192.0.2.1/24", "192.0.2.2/24", "2001:db8::2/64")
    addresses = tuple(Address(address=each, interface=0) for each in texts)
    oldest = convert.convert(Result(version="1.0.0", interfaces=(NEW,), addresses=addresses), "0.2.0")
    assert oldest.addresses == (Address(address="192.0.2.1/24"), Address(address="2001:db8::1/64"))
    assert oldest.interfaces == ()


@pytest.mark.parametrize("version", ["0.2.0", "0.4.0"])
def test_an_address_holds_no_version_where_the_newer_versions_have_no_word_for_it(version: str) -> None:
    old = Result(version=version, addresses=(Address(address="192.0.2.1/24", version="4"),))
    assert convert.convert(old, "1.0.0").addresses == (Address(address="192.0.2.1/24"),)
