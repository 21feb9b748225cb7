"""Where the node's container runtime looks for CNI, as its own configuration says: containerd's, or CRI-O's.

Whether that runtime is the one that runs is not known here; what names no directory means the usual one.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from multus_py.doctor.root import Root

_FILES = (
    "/etc/containerd/config.toml",
    "/var/lib/rancher/k3s/agent/etc/containerd/config.toml",
    "/var/lib/rancher/rke2/agent/etc/containerd/config.toml",
    "/var/snap/microk8s/current/args/containerd.toml",
    "/etc/crio/crio.conf",
)
_FOLDERS = ("/etc/containerd/conf.d", "/etc/crio/crio.conf.d")


@dataclass(frozen=True, kw_only=True)
class Places:
    """What one file says."""

    file: PurePosixPath
    configurations: tuple[str, ...]
    """The directory of CNI configurations; none if it does not say."""
    plugins: tuple[str, ...]
    """The directories of CNI plugins."""


def places(root: Root) -> Iterator[Places]:
    """Yield what the runtimes' files on a node say of directories, as far as they can be read and say anything."""
    for file in _files(root):
        try:
            document = tomllib.loads(root(file).read_text())
        except (OSError, ValueError):
            continue  # the runtime would not have started with it
        sections = [*_cni(document), _table(_table(document, "crio"), "network")]
        found = Places(
            file=file,
            configurations=tuple(_texts(sections, "conf_dir", "network_dir")),
            plugins=tuple(_texts(sections, "bin_dir", "bin_dirs", "plugin_dirs")),
        )
        if found.configurations or found.plugins:
            yield found


def _files(root: Root) -> Iterator[PurePosixPath]:
    yield from map(PurePosixPath, _FILES)
    for folder in map(PurePosixPath, _FOLDERS):
        try:
            yield from sorted(folder / path.name for path in root(folder).iterdir())
        except OSError:
            continue


def _cni(document: dict[str, object]) -> list[dict[str, object]]:
    """Return containerd's sections: `plugins.cri.cni` in version 1, below longer names in 2 and 3."""
    return [_table(plugin, "cni") for plugin in _table(document, "plugins").values() if isinstance(plugin, dict)]


def _table(document: dict[str, object], key: str) -> dict[str, object]:
    found = document.get(key)
    return found if isinstance(found, dict) else {}


def _texts(sections: list[dict[str, object]], *keys: str) -> Iterator[str]:
    for found in (section[key] for section in sections for key in keys if key in section):
        each = found if isinstance(found, list) else [found]
        yield from (text.rstrip("/") for text in each if isinstance(text, str) and text)
