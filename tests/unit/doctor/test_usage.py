"""Which plugins a network takes, those included that its plugins run in turn."""

from __future__ import annotations

import json

import pytest

from multus_py.cni import conf
from multus_py.doctor.usage import Used
from multus_py.lab.objects import Object


@pytest.mark.parametrize(
    ("plugin", "types"),
    [
        ({"type": "macvlan"}, ("macvlan",)),
        ({"type": "macvlan", "ipam": {"type": "dhcp"}}, ("macvlan", "dhcp")),
        ({"type": "macvlan", "ipam": {}}, ("macvlan",)),
        ({"type": "flannel"}, ("flannel", "bridge", "host-local")),
        ({"type": "flannel", "delegate": {"isDefaultGateway": True}}, ("flannel", "bridge", "host-local")),
        ({"type": "flannel", "delegate": {"type": "ptp"}, "ipam": {"type": "acme"}}, ("flannel", "ptp", "acme")),
    ],
)
def test_all_plugins_are_named(plugin: Object, types: tuple[str, ...]) -> None:
    network = conf.parse(json.dumps({"name": "net", "plugins": [plugin, {"type": "tuning"}]}).encode())
    assert Used(subject="", network=network, needed=True).types == (*types, "tuning")
