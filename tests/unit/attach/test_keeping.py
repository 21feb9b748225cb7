"""What GC keeps."""

from __future__ import annotations

from multus_py.attach.keeping import Kept
from multus_py.cni import conf

A, B = (conf.parse(b'{"cniVersion": "1.1.0", "name": "%s", "type": "macvlan"}' % name) for name in (b"a", b"b"))


def test_the_runtimes_list_holds_for_every_network() -> None:
    kept = Kept((("c1", "eth0"), ("c1", "eth1"), ("c2", "eth0")))
    kept.know(A)
    kept.know(B, ("c2", "net1"))
    assert kept.containers == {"c1", "c2"}
    assert kept.valid("a") == (("c1", "eth0"), ("c1", "eth1"), ("c2", "eth0"))
    assert kept.valid("b") == (("c1", "eth0"), ("c1", "eth1"), ("c2", "eth0"), ("c2", "net1"))


def test_what_is_known_twice_is_kept_once() -> None:
    kept = Kept((("c1", "eth0"),))
    for _ in range(2):
        kept.know(A, ("c1", "eth0"), ("c1", "net1"))
    assert kept.valid("a") == (("c1", "eth0"), ("c1", "net1"))


def test_of_networks_with_one_name_the_first_one_is_told() -> None:
    """They are looked up before the configuration of by now: the record says what was attached."""
    kept = Kept(())
    other = conf.parse(b'{"cniVersion": "1.1.0", "name": "a", "type": "bridge"}')
    kept.know(A)
    kept.know(other)
    assert [network.plugins[0].type for network in kept.networks.values()] == ["macvlan"]
