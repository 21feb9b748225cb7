"""Files on a node's disk that others write, or a crash has torn, where no call reads them as a whole.

The rule: what can be read, or an error of the layer; a look at the node ends whatever stands there.
"""

from __future__ import annotations

from multus_py.attach import locking
from multus_py.inventory.attached import attached
from multus_py.inventory.leaked import leaked
from multus_py.node import checkpoint, deviceinfo
from multus_py.node import errors as node_errors
from tests.fuzz import scratch
from tests.unit.inventory.nodes import ID, NodeWorld


def device_checkpoint(data: bytes) -> None:
    """The kubelet's checkpoint of devices."""
    with scratch.file(data) as path:
        try:
            checkpoint.allocated("u1", path=str(path))
        except node_errors.NodeError:
            pass


def device_information(data: bytes) -> None:
    """A device-information file."""
    with scratch.file(data) as path:
        deviceinfo.read(str(path))


def lock_notes(data: bytes) -> None:
    """What a call that was killed has left in its lock."""
    for pid in locking._pids(data):
        assert 0 <= pid < 1 << 31


def inventory(data: bytes) -> None:
    """A record, a cached result and a reservation of host-local's, each with this content, as `multus show` has it."""
    with scratch.folder() as folder:
        world = NodeWorld(folder)
        results, addresses = world.world.state / "results", world.addresses / "cluster"
        for directory in (results, addresses):
            directory.mkdir(parents=True)
        places = (world.world.state / ID, results / f"cluster-{ID}-eth0", addresses / "192.0.2.7", addresses / "lock")
        for place in places:
            place.write_bytes(data)
        node = world.node()
        attached(node)
        leaked(node)
