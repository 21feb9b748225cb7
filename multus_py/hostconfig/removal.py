"""Taking Multus' configuration off a node: what `reconcile` makes goes, what it has moved comes back.

The primary's file comes back first and the configuration goes after it, so that the runtime always finds a network.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from multus_py.base import files
from multus_py.base.clock import SystemClock
from multus_py.hostconfig import layout, placing, primary
from multus_py.hostconfig.errors import HostConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from multus_py.base.jsontext import JSONObject, JSONValue
    from multus_py.hostconfig.options import Options


def remove(options: Options) -> tuple[Path, ...]:
    """Take away what `reconcile` makes, and rename a renamed primary back.

    Returns:
        The primary's path, if it is back, and the paths that are gone.

    Raises:
        HostConfigError: Something could not be removed.
    """
    try:
        with placing.locked(options.cni_conf_dir, SystemClock()):
            back = tuple(_rename_back(options))
            gone = tuple(path for path in _ours(options) if files.remove(str(path)))
            return (*back, *gone, *_empty_directory(options))
    except OSError as error:
        raise HostConfigError(f"cannot remove {error.filename or options.cni_conf_dir}: {error.strerror}") from error


def _rename_back(options: Options) -> Iterator[Path]:
    """Give its name back to the primary's file: to any that was renamed, as the options or its content say."""
    known = [delegate for content in layout.in_place(options).values() for delegate in _delegates(content)]
    for path in sorted(options.autoconfig_dir.glob(f"*{primary.RENAMED}")):
        original = path.with_name(path.name.removesuffix(primary.RENAMED))
        renamed = options.rename_conf_file or layout.document(path) in known
        if renamed and original.name.endswith(primary.EXTENSIONS) and not original.exists():
            path.rename(original)
            files.sync_directory(str(path.parent))
            yield original


def _delegates(content: JSONObject) -> list[JSONValue]:
    plugins = content.get("plugins")
    holders = plugins if isinstance(plugins, list) else [content]
    found = [holder.get("delegates") for holder in holders if isinstance(holder, dict)]
    return [delegate for delegates in found if isinstance(delegates, list) for delegate in delegates]


def _ours(options: Options) -> Iterator[Path]:
    """Return what may go: what is about Multus, and under our own names also what is broken."""
    directory = options.cni_conf_dir
    in_place = layout.in_place(options)
    for name in layout.names(options):
        path, renamed = directory / name, directory / (name + layout.CILIUM)
        if path in in_place or (name in layout.FORMS and layout.document(path) is None):
            yield path
        if primary.is_multus(layout.document(renamed)):
            yield renamed
    kubeconfig = layout.kubeconfig(options)
    if layout.wants_kubeconfig(options):
        yield kubeconfig
    yield from placing.unfinished(directory, frozenset(layout.names(options)))
    yield from placing.unfinished(kubeconfig.parent, frozenset({kubeconfig.name}))


def _empty_directory(options: Options) -> tuple[Path, ...]:
    """Remove the kubeconfig's directory, unless somebody else has put something into it."""
    directory = layout.kubeconfig(options).parent
    try:
        directory.rmdir()
    except OSError:
        return ()
    return (directory,)
