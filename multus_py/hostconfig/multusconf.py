"""The Multus configuration that goes onto a node, made of the primary network's and the options. No effects.

Keys: multus-behaviour 1.1 and 7.2. The primary's document goes in whole, so Multus needs no file beside this one; only
what looks for plugins beside a file (`auxiliaryCNIChainName`), or needs a cluster network by reference
(`defaultNetworks`), gets the path instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from multus_py.base import jsontext
from multus_py.cni import versions
from multus_py.hostconfig import validation
from multus_py.hostconfig.errors import HostConfigError
from multus_py.hostconfig.hostpath import on_host
from multus_py.hostconfig.primary import OWN, is_multus

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject
    from multus_py.hostconfig.options import Options
    from multus_py.hostconfig.primary import Primary

LIST, SINGLE = OWN
NAME = "multus-cni-network"
_FIRST_WITH_LIST = "1.0.0"
_BY_REFERENCE = ("auxiliaryCNIChainName", "defaultNetworks")


@dataclass(frozen=True, kw_only=True)
class Generated:
    """The file that has to be there."""

    name: str
    data: bytes
    warnings: tuple[str, ...] = ()

    @property
    def other(self) -> str:
        """The name of the other form, which must not be there."""
        return SINGLE if self.name == LIST else LIST


def generate(primary: Primary, options: Options) -> Generated:
    """Make the configuration.

    Raises:
        HostConfigError: The primary and the options give no configuration that works.
    """
    version, warnings = _version(primary, options)
    head: JSONObject = {"cniVersion": version} if version else {}
    head["name"] = primary.network.name if options.override_network_name else NAME
    plugin: JSONObject = {"type": "multus"}
    plugin |= dict(options.settings)
    plugin |= _capabilities(primary, options) | _chosen(options) | _network(primary, options)
    problems = validation.problems(plugin, "multus-conf")
    if problems:
        raise HostConfigError(f"the options and {primary.path} give no Multus configuration: {'; '.join(problems)}")
    is_list = versions.at_least(version, _FIRST_WITH_LIST)
    document: JSONObject = {**head, "plugins": [plugin]} if is_list else head | plugin
    text = jsontext.dumps(document, indent=2) + "\n"
    return Generated(name=LIST if is_list else SINGLE, data=text.encode(), warnings=warnings)


def problems(document: JSONObject) -> tuple[str, ...]:
    """Return what is wrong with a Multus configuration that somebody else has written, a single one or a list."""
    plugins = document.get("plugins", [document])
    found = []
    for index, plugin in enumerate(plugins if isinstance(plugins, list) else [plugins]):
        if is_multus(plugin):
            where = f"plugins[{index}]." if "plugins" in document else ""
            found += [where + problem for problem in validation.problems(plugin, "multus-conf")]
    return tuple(found) if is_multus(document) else ("its type is not multus, nor that of one of its plugins",)


def _version(primary: Primary, options: Options) -> tuple[str, tuple[str, ...]]:
    """Return the version, and warnings: it follows the primary's, unless it is forced (B37)."""
    found, wanted = primary.network.version, options.cni_version
    if options.force_cni_version:
        return wanted, ()
    if not versions.at_least(versions.CURRENT, found):
        raise HostConfigError(
            f"{primary.path}: cniVersion {found} is newer than {versions.CURRENT}, the newest that is known here: "
            "use a newer Multus, or --cni-version with --force-cni-version"
        )
    if not wanted or wanted == found:
        return found, ()
    shown = found or f"none, which means {versions.OLDEST}"
    warning = (
        f"cniVersion {wanted} is asked for, but that of {primary.path} is {shown}, and Multus has to have the same: "
        "leave the option out, or use --force-cni-version"
    )
    return found, (warning,)


def _capabilities(primary: Primary, options: Options) -> JSONObject:
    """Return the union of what the primary's plugins and the options enable (B33)."""
    enabled = {name for plugin in primary.network.plugins for name in plugin.capabilities}
    given = options.settings.get("capabilities")
    enabled |= {name for name, value in given.items() if value} if isinstance(given, dict) else set()
    return {"capabilities": dict.fromkeys(sorted(enabled), True)} if enabled else {}


def _chosen(options: Options) -> JSONObject:
    """Return the keys for options; those that say what holds anyway are left out."""
    directory = options.multus_cni_conf_dir
    keys: JSONObject = {
        "kubeconfig": options.kubeconfig_host,
        "confDir": on_host(directory) if directory else "",  # B27: the original writes `cniConf`, which nobody reads
        "binDir": options.additional_bin_dir,
        "readinessindicatorfile": options.readiness_indicator_file,
        "namespaceIsolation": options.namespace_isolation,
        "globalNamespaces": options.global_namespaces,
        "logLevel": options.log_level,
        "logFile": options.log_file,
    }
    chosen: JSONObject = {key: value for key, value in keys.items() if value}
    return chosen if options.log_to_stderr else {**chosen, "logToStderr": False}


def _network(primary: Primary, options: Options) -> JSONObject:
    if options.settings.get("clusterNetwork"):
        return {}
    if any(options.settings.get(key) for key in _BY_REFERENCE):
        if options.rename_conf_file:
            names = " and ".join(_BY_REFERENCE)
            raise HostConfigError(f"{names} need the primary's file under its own name: drop --rename-conf-file")
        return {"clusterNetwork": on_host(primary.path)}
    document = primary.document
    if options.force_cni_version:
        document = {key: value for key, value in document.items() if key != "cniVersions"}
        document = document | {"cniVersion": options.cni_version}
    return {"delegates": [document]}
