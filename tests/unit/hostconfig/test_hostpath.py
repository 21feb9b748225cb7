"""Paths as the host has them."""

from __future__ import annotations

from pathlib import PurePath

import pytest

from multus_py.hostconfig import hostpath


@pytest.mark.parametrize(
    ("path", "host"), [("/host/etc/x", "/etc/x"), ("/etc/x", "/etc/x"), ("/hostile/x", "/hostile/x")]
)
def test_what_is_below_host_is_the_hosts(path: str, host: str) -> None:
    assert hostpath.on_host(PurePath(path)) == host
