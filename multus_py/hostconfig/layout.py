"""Which files in a node's CNI configuration directory are ours."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from multus_py.base import jsontext
from multus_py.hostconfig import multusconf, primary
from multus_py.hostconfig.options import AUTO, KUBECONFIG

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject
    from multus_py.hostconfig.options import Options

FORMS = (multusconf.LIST, multusconf.SINGLE)
CILIUM = ".cilium_bak"
"""What Cilium appends to the name of another plugin's configuration."""


def kubeconfig(options: Options) -> Path:
    """Return where the kubeconfig goes."""
    return options.cni_conf_dir / KUBECONFIG


def wants_kubeconfig(options: Options) -> bool:
    """Tell whether the kubeconfig is ours."""
    return bool(options.kubeconfig_host) and not options.skip_kubeconfig


def copied_name(options: Options) -> str:
    """Return the name of the configuration when it is a copy of somebody's file; empty when it is generated."""
    return "" if options.multus_conf_file == AUTO else Path(options.multus_conf_file).name


def names(options: Options) -> tuple[str, ...]:
    """Return the names that the configuration may have."""
    return tuple(dict.fromkeys(name for name in (copied_name(options), *FORMS) if name))


def in_place(options: Options) -> dict[Path, JSONObject]:
    """Return the complete Multus configurations under our names: by these a runtime knows of Multus."""
    found = ((options.cni_conf_dir / name, document(options.cni_conf_dir / name)) for name in names(options))
    return {path: content for path, content in found if content is not None and primary.is_multus(content)}


def document(path: Path) -> JSONObject | None:
    """Return the object that a file holds; None when it holds none, or is not there."""
    try:
        return jsontext.loads_object(path.read_bytes())
    except (OSError, jsontext.JSONError):
        return None
