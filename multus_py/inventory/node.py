"""The node whose inventory is taken: its Multus configuration, its places, its machine, put together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from multus_py.attach import work as works
from multus_py.base import jsontext
from multus_py.cni.args import Call
from multus_py.cni.errors import CNIError
from multus_py.cni.skel import Request
from multus_py.hostconfig import primary
from multus_py.inventory.machine import HostMachine, Machine
from multus_py.inventory.places import Places

if TYPE_CHECKING:
    from multus_py.attach.ports import Ports
    from multus_py.attach.work import Work
    from multus_py.base.jsontext import JSONObject, JSONValue

_NAME = "multus-cni-network"
_SILENT: JSONObject = {"logFile": "", "logToStderr": False}
"""What is looked at, or taken back, by hand is told to whoever does it, and not mixed into the log of the calls."""


class InventoryError(Exception):
    """The node's configuration or state cannot be read; the message says what, and why."""


@dataclass(frozen=True, kw_only=True)
class Node:
    """A node, to be looked at."""

    work: Work
    """A call that nobody made: records are read, and plugins are run, by the plugin's own code."""
    places: Places
    machine: Machine

    def now(self) -> float:
        """Return the time since 1970-01-01 UTC, in seconds."""
        return self.work.ports.clock.now()


def opened(config: JSONObject, *, ports: Ports, places: Places | None = None, machine: Machine | None = None) -> Node:
    """Return the node that a Multus configuration describes. Nothing is read yet.

    Args:
        config: The configuration as the plugin gets it; see `configuration`.
        ports: What running a plugin needs.
        places: Where things stand; `state` comes from the configuration.
        machine: The machine, by default the one that we run on.

    Raises:
        InventoryError: The configuration is wrong.
    """
    version, name = (str(config.get(key, "")) for key in ("cniVersion", "name"))
    call = Call(command="GC", path=())
    request = Request(call=call, config=encoded(config), version=version, name=name)
    try:
        work = works.begin(request, ports=ports)
    except CNIError as error:
        raise InventoryError(str(error)) from error
    places = places or Places()
    return Node(work=work, places=places.at(Path(work.settings.cni_dir)), machine=machine or HostMachine())


def encoded(config: JSONObject) -> bytes:
    """Write a configuration for a call of ours, which leaves no lines in the plugin's log."""
    return jsontext.dumps({**config, **_SILENT}).encode()


def configuration(directory: Path) -> JSONObject | None:
    """Return the Multus configuration in a directory, as the plugin gets it; None when there is none.

    Raises:
        InventoryError: The directory or a file in it cannot be read, or is broken.
    """
    try:
        paths = sorted(path for path in directory.iterdir() if path.suffix in primary.EXTENSIONS)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InventoryError(f"cannot list {directory}: {error.strerror}") from error
    return next((found for path in paths if (found := read_configuration(path)) is not None), None)


def read_configuration(path: Path) -> JSONObject | None:
    """Return the Multus configuration of a file, as the plugin gets it; None when it is another plugin's.

    Raises:
        InventoryError: The file cannot be read, or is broken.
    """
    try:
        return _multus(jsontext.loads(path.read_bytes()))
    except OSError as error:
        raise InventoryError(f"cannot read {path}: {error.strerror}") from error
    except jsontext.JSONError as error:
        raise InventoryError(f"{path} is broken: {error}") from error


def bare(state: Path) -> JSONObject:
    """Return a configuration that says no more than where the records stand, for nodes that have none (any more)."""
    return {"cniVersion": "1.0.0", "name": _NAME, "type": "multus", "clusterNetwork": "none", "cniDir": str(state)}


def _multus(document: JSONValue) -> JSONObject | None:
    """Return what the plugin gets of a configuration file; None when it is another plugin's."""
    if not isinstance(document, dict) or not primary.is_multus(document):
        return None
    plugins = document.get("plugins")
    if not isinstance(plugins, list):
        return document
    common: JSONObject = {key: document[key] for key in ("cniVersion", "name") if key in document}
    return next(
        ({**plugin, **common} for plugin in plugins if isinstance(plugin, dict) and primary.is_multus(plugin)), None
    )
