"""Where a network's configuration is found: a NAD, a name, a directory, a file.

multus-behaviour 4, cni-behaviour 13.
"""

from __future__ import annotations

from multus_py.attach import clusters
from multus_py.base import files, jsontext, value
from multus_py.cluster import errors as cluster_errors
from multus_py.cni import args, conf, errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from multus_py.attach.settings import Settings
    from multus_py.base.jsontext import JSONObject, JSONValue
    from multus_py.cluster.objects import Nad
    from multus_py.cluster.port import Cluster

_EXTENSIONS = (".conf", ".conflist", ".json")
_CHAIN_PLUGIN: JSONObject = {"type": "passthru", "name": "passthru-cni"}
_NO_CLUSTER = "no way to the Kubernetes API is configured (kubeconfig)"


class NoNetworkError(errors.CNIError):
    """A network that somebody named is not there, or not for us to read."""

    def __init__(self, code: int, msg: str, details: str = "", *, announcement: str = "") -> None:
        """Describe the failure; the announcement is what the pod's event says of it, by default the message."""
        super().__init__(code, msg, details)
        self.announcement = announcement or msg

    def prefixed(self, context: str) -> NoNetworkError:
        """Return the same error with `context` in front of its message, but not of its announcement."""
        return NoNetworkError(self.code, context + self.msg, self.details, announcement=self.announcement)


class Found(value.Value):
    """A network, as it was found."""

    name: str
    """"namespace/name" of its NAD, or the name in its configuration."""
    network: conf.Network
    resource: str = ""
    """The device plugin's resource that its NAD names."""


class Finder:
    """Looks networks up for one call."""

    def __init__(self, settings: Settings, cluster: Cluster | None) -> None:
        """Use these settings' directories, and this way to the API server if there is one."""
        self._settings = settings
        self._cluster = cluster
        self._nads: dict[tuple[str, str], Nad | cluster_errors.ClusterError] = {}

    def look_up(self, names: Iterable[tuple[str, str]]) -> None:
        """Ask for NADs, given as (namespace, name), in one go; what came of it is known when each is wanted."""
        missing = [name for name in dict.fromkeys(names) if name not in self._nads]
        if self._cluster is not None and missing:
            self._nads.update(zip(missing, self._cluster.get_nads(missing), strict=True))

    def attachment_definition(self, namespace: str, name: str) -> Found:
        """Return the network that a NAD describes.

        Raises:
            NoNetworkError: There is no such NAD, or we may not read it.
            CNIError: It cannot be read now, or what it says is wrong; the message names it.
        """
        if self._cluster is None:
            raise NoNetworkError(errors.INVALID_CONFIG, _not_found(namespace, name, _NO_CLUSTER))
        try:
            nad = self._nad(namespace, name)
        except cluster_errors.UnavailableError as error:  # nothing is known of the network, so nothing is said of it
            raise errors.CNIError(clusters.code(error), _not_found(namespace, name, error)) from error
        except cluster_errors.ClusterError as error:
            raise NoNetworkError(errors.INVALID_CONFIG, _not_found(namespace, name, error)) from error
        return self.from_nad(nad)

    def reference(self, text: str) -> Found:
        """Return what `clusterNetwork`, or an item of `defaultNetworks`, refers to.

        With a slash it is a directory or a file. Without one it is a NAD in the Multus namespace or else the name in a
        configuration of `confDir`.

        Raises:
            CNIError: Nothing is found, or it is wrong; the message says where it was looked for.
        """
        if "/" in text:
            network = _first_in(text) if files.is_directory(text) else conf.load(text)
            return Found(name=network.name, network=network)
        reason: object = _NO_CLUSTER
        if self._cluster is not None:
            try:
                return self.from_nad(self._nad(self._settings.multus_namespace, text))
            except cluster_errors.ClusterError as error:  # Multus: whatever the reason, a file may still have it
                reason = error
        try:
            network = conf.find(self._settings.conf_dir, text)
        except errors.CNIError as error:
            namespace = self._settings.multus_namespace
            raise error.prefixed(
                f'cannot find the network "{text}": as a NAD in {namespace}: {reason}; as a file: '
            ) from error
        return Found(name=network.name, network=network)

    def auxiliary_chain(self) -> Found | None:
        """Return the chain `auxiliaryCNIChainName` of plugins beside the cluster network's file, None when it is empty.

        Raises:
            CNIError: The cluster network is not a file, the name is malformed, or a plugin of the chain is.
        """
        name = self._settings.auxiliary_chain
        if not name:
            return None
        args.validate_network_name(name)
        if "/" not in self._settings.cluster_network:
            problem = f'"{name}" needs a clusterNetwork that is a file, not "{self._settings.cluster_network}"'
            raise errors.CNIError(errors.INVALID_CONFIG, f"auxiliaryCNIChainName {problem}")
        appended = conf.plugins_in(f"{files.directory_of(self._settings.cluster_network)}/{name}")
        if not appended:
            return None
        plugins: list[JSONValue] = [_CHAIN_PLUGIN, *(plugin.raw for plugin in appended)]
        chain: JSONObject = {"cniVersion": self._settings.version, "name": name, "plugins": plugins}
        return Found(name=name, network=conf.parse(jsontext.dumps(chain).encode()))

    def _nad(self, namespace: str, name: str) -> Nad:
        """Return a NAD. Raises ClusterError."""
        self.look_up([(namespace, name)])
        found = self._nads[namespace, name]
        if isinstance(found, cluster_errors.ClusterError):
            raise found
        return found

    def from_nad(self, nad: Nad) -> Found:
        """Return the network that a NAD describes. Raises CNIError."""
        name = f"{nad.namespace}/{nad.name}"
        try:
            network = _inline(nad) if nad.config else conf.find(self._settings.conf_dir, nad.name)
        except errors.CNIError as error:
            raise error.prefixed(f"network-attachment-definition {name}: ") from error
        return Found(name=name, network=network, resource=nad.resource_name)


def _not_found(namespace: str, name: str, cause: object) -> str:
    """Say which NAD it was, in the words of the original's event."""
    return f"cannot find a network-attachment-definition ({name}) in namespace ({namespace}): {cause}"


def _inline(nad: Nad) -> conf.Network:
    """Parse a NAD's config; a network without a name is called like its NAD (cni-behaviour 13.3)."""
    try:
        document = jsontext.loads_object(nad.config)
    except jsontext.JSONError as error:
        raise errors.CNIError(errors.DECODING_FAILURE, f"spec.config: {error}") from error
    if document.get("name"):
        return conf.parse(nad.config.encode())
    return conf.parse(jsontext.dumps({**document, "name": nad.name}).encode())


def _first_in(directory: str) -> conf.Network:
    """Return the network of the alphabetically first configuration file in a directory."""
    names = files.list_directory(directory, *_EXTENSIONS)
    if not names:
        raise errors.CNIError(errors.INVALID_CONFIG, f"no net configurations found in {directory}")
    return conf.load(f"{directory}/{names[0]}")
