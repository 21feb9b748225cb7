"""Network configurations: a list of plugins or a single one, from bytes, from a file, or from a directory by name.

Section 8.1 to 8.4 of cni-behaviour. A list is read as the reference library reads it, key by key and exact in case; a
plugin's own configuration as a Go struct, without regard to case. Everything that is not understood here is carried
along unchanged (`Plugin.raw`, `Network.raw`). How a plugin is called with it is in `request`.
"""

from __future__ import annotations

from multus_py.base import files, jsontext, value, wording
from multus_py.base.fields import FieldError, Fields
from multus_py.cni import args, errors, versions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject, JSONValue

_LIST = "error parsing configuration list"
_SINGLE = "error parsing configuration"
_LIST_EXTENSION = ".conflist"
_SINGLE_EXTENSIONS = (".conf", ".json")
_APPENDED_EXTENSION = ".conf"
_TYPES = (
    (bool, "bool"),
    ((int, float), "float64"),
    (str, "string"),
    (list, "[]interface {}"),
    (dict, "map[string]interface {}"),
)


class ConfError(errors.CNIError):
    """A configuration cannot be read or is not one."""


class NotFoundError(ConfError):
    """No configuration of that name is in the directory."""


class Plugin(value.Value):
    """The configuration of one plugin."""

    type: str
    """The name of its executable."""
    name: str = ""
    """The name that it gives itself; the network's is what counts."""
    raw: JSONObject
    """The whole object, every key kept."""
    capabilities: frozenset[str] = frozenset()
    """The capabilities that it declares as true."""


class Network(value.Value):
    """A network: the plugins that attach a container to it, in order."""

    name: str
    version: str
    """The CNI version of all its calls: the one chosen where there are several, empty where there is none."""
    plugins: tuple[Plugin, ...]
    raw: bytes
    """The document as it was read."""
    single: bool = False
    """Whether the document is one plugin's configuration and not a list."""
    disable_check: bool = False
    disable_gc: bool = False
    only_inlined: bool = False
    """Whether plugins from a directory must not be appended."""
    appended: int = 0
    """How many of the plugins, at the end, came from a directory and so are not in `raw`."""

    def at_least(self, minimum: str) -> bool:
        """Tell whether the network is of a CNI version or newer. Raises ConfError when its version is none."""
        try:
            return versions.at_least(self.version, minimum)
        except ValueError as error:
            raise ConfError(errors.DECODING_FAILURE, str(error)) from error

    def effective_raw(self) -> bytes:
        """Return a document that holds all the plugins: `raw`, or with the appended ones written into the list."""
        if not self.appended:
            return self.raw
        document = jsontext.loads_object(self.raw)
        document["plugins"] = [plugin.raw for plugin in self.plugins]
        document["loadOnlyInlinedPlugins"] = True
        return jsontext.dumps(document).encode()


def parse(raw: bytes) -> Network:
    """Read a plugin's configuration, when it has a `type`, or a list (cni-behaviour 13.5).

    Raises:
        ConfError: It is neither.
    """
    document = _load(raw, _SINGLE)
    try:
        if Fields(document, "").text("type"):
            return parse_plugin(raw)
    except FieldError as error:
        raise ConfError(errors.DECODING_FAILURE, f"{_SINGLE}: {error}") from error
    if "plugins" not in document:
        raise ConfError(errors.INVALID_CONFIG, "delegate must have the 'type' or 'plugin' field")
    return parse_list(raw)


def parse_plugin(raw: bytes) -> Network:
    """Read one plugin's configuration.

    Raises:
        ConfError: It is none.
    """
    document = _load(raw, _SINGLE)
    plugin = _plugin(document)
    version = Fields(document, "").text("cniVersion")
    return Network(name=plugin.name, version=version, plugins=(plugin,), raw=raw, single=True)


def parse_list(raw: bytes) -> Network:
    """Read a list of plugins. It may be empty where plugins from a directory are still to come.

    Raises:
        ConfError: It is none.
    """
    document = _load(raw, _LIST)
    if "name" not in document:
        raise ConfError(errors.INVALID_CONFIG, f"{_LIST}: no name")
    name = _text(document, "name")
    version = _choose_version(document)
    disable_check, disable_gc, only_inlined = (
        _switch(document, key) for key in ("disableCheck", "disableGC", "loadOnlyInlinedPlugins")
    )
    return Network(
        name=name,
        version=version,
        plugins=_plugins(document, only_inlined=only_inlined),
        raw=raw,
        disable_check=disable_check,
        disable_gc=disable_gc,
        only_inlined=only_inlined,
    )


def load(path: str) -> Network:
    """Read a file: a list with the plugins of its directory (cni-behaviour 8.2) if it is a .conflist, else one plugin.

    Raises:
        ConfError: The file, or one that belongs to it, cannot be read or holds something else.
    """
    raw = _read(path)
    if not path.endswith(_LIST_EXTENSION):
        return parse_plugin(raw)
    network = parse_list(raw)
    if not network.only_inlined:
        _require_name(network.name)  # before it becomes part of a path
        found = plugins_in(f"{files.directory_of(path)}/{network.name}")
        network = network.replace(plugins=network.plugins + found, appended=len(found))
    if not network.plugins:
        raise ConfError(errors.INVALID_CONFIG, "no plugin configs found")
    return network


def plugins_in(directory: str) -> tuple[Plugin, ...]:
    """Return the plugins of a directory's .conf files, in the order of the files' names.

    Raises:
        ConfError: The directory or a file cannot be read, or a file is no plugin's configuration. That the directory
            does not exist is no error.
    """
    try:
        paths = _list(directory, _APPENDED_EXTENSION)
    except (OSError, ValueError) as error:
        problem = f"failed to read plugin config files in {directory}: {_reason(error)}"
        raise ConfError(errors.IO_FAILURE, problem) from error
    found: list[Plugin] = []
    for path in paths:
        raw = _read(path)
        try:
            found.extend(parse_plugin(raw).plugins)
        except ConfError as error:
            raise error.prefixed(f"{path}: ") from error
    return tuple(found)


def find(directory: str, name: str) -> Network:
    """Return the network of that name from a directory: the .conflist files first, then .conf and .json ones.

    Raises:
        NotFoundError: There is none.
        ConfError: A file that had to be looked at is malformed.
    """
    try:
        lists = _list(directory, _LIST_EXTENSION)
        singles = _list(directory, *_SINGLE_EXTENSIONS)
    except (OSError, ValueError) as error:
        raise ConfError(errors.IO_FAILURE, f"open {directory}: {_reason(error)}") from error
    for path in (*lists, *singles):
        try:
            network = load(path)
        except ConfError as error:
            raise error.prefixed(f"Error loading CNI config file {path}: ") from error
        if network.name == name:
            return _upgraded(network) if network.single else network
    if lists or singles:
        raise NotFoundError(errors.INVALID_CONFIG, f'no net configuration with name "{name}" in {directory}')
    raise NotFoundError(errors.INVALID_CONFIG, f"no net configurations found in {directory}")


def _upgraded(network: Network) -> Network:
    """Turn a single plugin into a list of one."""
    plugin = network.plugins[0]
    document: JSONObject = {"name": network.name, "cniVersion": network.version, "plugins": [plugin.raw]}
    return network.replace(raw=jsontext.dumps(document).encode(), single=False)


def _load(raw: bytes, context: str) -> JSONObject:
    try:
        return jsontext.loads_object(raw)
    except jsontext.JSONError as error:
        raise ConfError(errors.DECODING_FAILURE, f"{context}: {error}") from error


def _plugin(document: JSONObject) -> Plugin:
    """Read what a Go struct would decode: a wrong type in any of these fields refuses the whole (cni-behaviour 8.3)."""
    fields = Fields(document, "")
    try:
        plugin_type, name = fields.text("type"), fields.text("name")
        fields.text("cniVersion")
        fields.object("prevResult")
        fields.fields("ipam").text("type")
        dns = fields.fields("dns")
        dns.text("domain")
        for key in ("nameservers", "search", "options"):
            dns.strings(key)
        for attachment in fields.objects("cni.dev/valid-attachments"):
            attachment.text("containerID")
            attachment.text("ifname")
        declared = Fields.of(fields.object("capabilities"), "capabilities", folded=False)
        capabilities = frozenset(key for key in fields.object("capabilities") or () if declared.flag(key))
    except FieldError as error:
        raise ConfError(errors.DECODING_FAILURE, f"{_SINGLE}: {error}") from error
    if not plugin_type:
        raise ConfError(errors.INVALID_CONFIG, f"{_SINGLE}: missing 'type'")
    return Plugin(type=plugin_type, name=name, raw=document, capabilities=capabilities)


def _plugins(document: JSONObject, *, only_inlined: bool) -> tuple[Plugin, ...]:
    if "plugins" not in document:
        if only_inlined:
            raise ConfError(errors.INVALID_CONFIG, f"{_LIST}: `loadOnlyInlinedPlugins` is true, and no 'plugins' key")
        return ()
    items = document["plugins"]
    if not isinstance(items, list):
        raise ConfError(errors.INVALID_CONFIG, f"{_LIST}: invalid 'plugins' type {_go_type(items)}")
    if not items:
        raise ConfError(errors.INVALID_CONFIG, f"{_LIST}: no plugins in list")
    plugins = []
    for index, item in enumerate(items):
        try:
            if item is not None and not isinstance(item, dict):
                problem = f"{_SINGLE}: expected an object, found {jsontext.kind(item)}"
                raise ConfError(errors.DECODING_FAILURE, problem)
            plugins.append(_plugin(item or {}))
        except ConfError as error:
            raise error.prefixed(f"failed to parse plugin config {index}: ") from error
    return tuple(plugins)


def _choose_version(document: JSONObject) -> str:
    """Return the newest version that both the list and we know (cni-behaviour 8.1.4)."""
    declared = _text(document, "cniVersion")
    if "cniVersions" not in document:
        return declared  # as it stands, not even looked at
    items = document["cniVersions"]
    if not isinstance(items, list):
        raise ConfError(errors.INVALID_CONFIG, f"{_LIST}: invalid type for cniVersions: {_go_type(items)}")
    known = []
    for index, item in enumerate(items):
        if not isinstance(item, str):
            problem = f"{_LIST}: invalid type for cniVersions index {index}: {_go_type(item)}"
            raise ConfError(errors.INVALID_CONFIG, problem)
        if _is_known(item, f"cniVersions entry {item} at index {index}"):
            known.append(item)
    if declared and _is_known(declared, f"cniVersion {declared}"):
        known.append(declared)
    return versions.highest(known) or declared


def _is_known(version: str, place: str) -> bool:
    try:
        return versions.at_least(versions.CURRENT, version)
    except ValueError as error:
        raise ConfError(errors.INVALID_CONFIG, f"{_LIST}: invalid {place}: {error}") from error


def _text(document: JSONObject, key: str) -> str:
    content = document.get(key, "")
    if not isinstance(content, str):
        raise ConfError(errors.INVALID_CONFIG, f"{_LIST}: invalid {key} type {_go_type(content)}")
    return content


def _switch(document: JSONObject, key: str) -> bool:
    content = document.get(key, False)
    if isinstance(content, bool):
        return content
    if not isinstance(content, str):
        raise ConfError(errors.INVALID_CONFIG, f"{_LIST}: invalid type {_go_type(content)} for {key}")
    if content.lower() not in ("true", "false"):
        shown = wording.quoted(content.lower())
        raise ConfError(errors.INVALID_CONFIG, f"{_LIST}: invalid value {shown} for {key}")
    return content.lower() == "true"


def _go_type(content: JSONValue) -> str:
    """Name a value's type as Go's %T does."""
    for types, name in _TYPES:
        if isinstance(content, types):
            return name
    return "<nil>"


def _require_name(name: str) -> None:
    try:
        args.validate_network_name(name)
    except errors.CNIError as error:
        raise ConfError(errors.INVALID_CONFIG, f"invalid network config name: {name}") from error


def _read(path: str) -> bytes:
    try:
        return files.read(path)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise ConfError(errors.IO_FAILURE, f"error reading {path}: open {path}: {_reason(error)}") from error


def _reason(error: OSError | ValueError) -> str:
    return wording.reason(error) if isinstance(error, OSError) else str(error)


def _list(directory: str, *extensions: str) -> list[str]:
    """Return the paths of a directory's files with one of the extensions, none when there is no such directory."""
    try:
        names = files.list_directory(directory, *extensions)
    except FileNotFoundError:
        return []
    paths = (f"{directory}/{name}" for name in names)
    return [path for path in paths if not files.is_directory(path)]
