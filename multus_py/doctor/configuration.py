"""The node's Multus configuration, as the runtime hands it to the plugin, wherever it has got to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from multus_py.attach import settings
from multus_py.base import jsontext
from multus_py.cni.errors import CNIError
from multus_py.doctor.check import BlockedError
from multus_py.hostconfig import primary
from multus_py.hostconfig.layout import CILIUM

if TYPE_CHECKING:
    from multus_py.attach.settings import Settings
    from multus_py.base.jsontext import JSONObject
    from multus_py.doctor.root import Root

SUFFIXES = (CILIUM, ".bak", ".old", ".orig", ".save", ".disabled")
"""What programs and people append to the name of a file so that no runtime finds it."""
_RESTORE = "Let `multus daemon` run on the node, which restores it, or run `multus install` again."


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """One Multus configuration."""

    path: PurePosixPath
    """As the node names it."""
    document: JSONObject
    plugin: JSONObject
    """What the plugin gets of it: its own object, with the name and the version of the list that it is in."""

    @property
    def hidden(self) -> bool:
        """Whether no runtime finds it under its name."""
        return self.path.suffix not in primary.EXTENSIONS

    def settings(self) -> Settings:
        """Return what it says. Raises BlockedError."""
        try:
            return settings.parse(jsontext.dumps(self.plugin).encode())
        except CNIError as error:
            raise BlockedError(
                "config-valid",
                " ".join(part for part in (error.msg, error.details) if part),
                remedy="Correct the key; `multus validate` says the same of a copy, before it is on a node.",
                file=str(self.path),
            ) from error


def names(root: Root, directory: PurePosixPath) -> tuple[str, ...]:
    """Return the names of the files that a runtime looks at, in its order.

    Raises:
        BlockedError: The directory cannot be listed.
    """
    return tuple(name for name in everything(root, directory) if name.endswith(primary.EXTENSIONS))


def everything(root: Root, directory: PurePosixPath) -> tuple[str, ...]:
    """Return the names of all files of a directory, sorted. Raises BlockedError."""
    try:
        return tuple(sorted(path.name for path in root(directory).iterdir() if not path.is_dir()))
    except OSError as error:
        raise BlockedError(
            "config-present",
            f"the directory of CNI configurations cannot be listed: {error.strerror}",
            remedy="Name the one that the runtime uses with --cni-conf-dir (containerd: conf_dir in its config.toml).",
            file=str(directory),
        ) from error


def find(root: Root, directory: PurePosixPath) -> Configuration:
    """Return the Multus configuration that counts: the first one a runtime finds, or else one that was renamed.

    Raises:
        BlockedError: There is none, or it is broken.
    """
    there = everything(root, directory)
    in_place = [name for name in there if name.endswith(primary.EXTENSIONS)]
    hidden = [name for name in there if original(name)]
    for name in (*in_place, *hidden):
        path = directory / name
        document = _read(root(path), path, own=(original(name) or name) in primary.OWN)
        if document is not None and primary.is_multus(document):
            return Configuration(path=path, document=document, plugin=_plugin(document))
    raise BlockedError(
        "config-present", f"no configuration in {directory} is Multus'", remedy=_RESTORE, file=str(directory)
    )


def original(name: str) -> str:
    """Return the name that a renamed configuration had; empty when it is none."""
    for suffix in SUFFIXES:
        if name.endswith(tuple(extension + suffix for extension in primary.EXTENSIONS)):
            return name.removesuffix(suffix)
    return ""


def _read(path: Path, shown: PurePosixPath, *, own: bool) -> JSONObject | None:
    """Return a file's object; None for what is no JSON object. One under our own name has to be one."""
    try:
        return jsontext.loads_object(path.read_bytes())
    except (OSError, jsontext.JSONError) as error:
        if not own:
            return None
        reason = error.strerror if isinstance(error, OSError) else error
        raise BlockedError("config-valid", f"it cannot be read: {reason}", remedy=_RESTORE, file=str(shown)) from error


def _plugin(document: JSONObject) -> JSONObject:
    plugins = document.get("plugins")
    for item in plugins if isinstance(plugins, list) else ():
        if isinstance(item, dict) and primary.is_multus(item):
            common: JSONObject = {key: document[key] for key in ("name", "cniVersion") if key in document}
            return item | common
    return document
