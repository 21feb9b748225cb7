"""The Multus configuration (`00-multus.conf`): parsed once, then immutable. Parsing has no effects.

Keys, defaults and precedence: multus-behaviour 1. Keys are matched without regard to case, as the original does.
"""

from __future__ import annotations

from multus_py.base import fields, jsontext, log, value
from multus_py.cni import conf, errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from multus_py.base.fields import Fields
    from multus_py.base.jsontext import JSONObject

VALID_ATTACHMENTS = ("cni.dev/valid-attachments", "cni.dev/attachments")
"""Where GC's list stands: the spec's key, and the one that libcni 1.2 sent first (cni-behaviour 7.6)."""
MISSING_DEVICE = ("error", "ignore")
"""What becomes of a network that needs a device which the pod has not got; the first one is the default."""

_DAY = 86_400  # what is longer means a mistake, and would not fit into the kernel's time-outs


class Settings(value.Value):
    """What one `00-multus.conf` says, together with what the runtime put into it for this call."""

    version: str = ""
    """The cniVersion of the Multus network, as written."""
    name: str = ""
    conf_dir: str = "/etc/cni/multus/net.d"
    """Where CNI configurations are looked up by name."""
    cni_dir: str = "/var/lib/cni/multus"
    """Where records and cached results are kept."""
    bin_dir: str = "/opt/cni/bin"
    """Where plugins are looked up first."""
    delegates: tuple[conf.Network, ...] = ()
    """The inline networks, the first of them the cluster network; empty when `cluster_network` is set."""
    cluster_network: str = ""
    """The cluster network by reference: a NAD, the name of a configuration in `conf_dir`, a directory, or a file."""
    default_networks: tuple[str, ...] = ()
    """References to the networks that every pod outside the system namespaces gets besides."""
    kubeconfig: str = ""
    log: log.Options = log.Options()
    readiness_file: str = ""
    namespace_isolation: bool = False
    global_namespaces: tuple[str, ...] = ("default",)
    """Namespaces whose NADs every pod may use in spite of isolation."""
    system_namespaces: tuple[str, ...] = ("kube-system",)
    multus_namespace: str = "kube-system"
    auxiliary_chain: str = ""
    runtime_config: JSONObject = {}  # noqa: RUF012 - a Value's default, which nobody changes
    """The capability arguments from the runtime; they are meant for the cluster network (cni-behaviour 14.3.9)."""
    api_timeout: float = 10.0
    """Seconds that one question to the API server may take, retries included."""
    daemon_dir: str = "/run/multus"
    """Where the daemon's socket is looked for; empty for not at all."""
    daemon_timeout: float = 2.0
    """Seconds that a call may wait for the daemon altogether before it asks the API server itself."""
    delegate_timeout: float = 0.0
    """Seconds that one plugin may run; 0 for no limit."""
    parallel: bool = False
    """Whether the networks after the cluster network are attached at the same time."""
    ignore_missing_device: bool = False
    """Whether a network whose resource the pod has no device of is attached without one (`missingDevice: ignore`)."""
    legacy_status: bool = False
    """Whether the status is also written under the name that Multus 3 used."""
    valid_attachments: tuple[tuple[str, str], ...] | None = None
    """What GC must keep, as (container ID, interface name); None when the runtime sent no list."""
    warnings: tuple[str, ...] = ()
    """What is odd but no error; for whoever reads stderr."""

    @property
    def referenced_nads(self) -> tuple[tuple[str, str], ...]:
        """The NADs, as (namespace, name), that are wanted for whatever pod; files may stand in for them."""
        names = (self.cluster_network, *self.default_networks) if self.cluster_network else ()
        return tuple((self.multus_namespace, name) for name in names if "/" not in name)


def parse(raw: bytes) -> Settings:
    """Parse a configuration.

    Raises:
        CNIError: The configuration is wrong; the message names the key, what was expected and what was found.
    """
    try:
        return _settings(fields.Fields(jsontext.loads_object(raw), ""))
    except jsontext.JSONError as error:
        raise errors.CNIError(errors.DECODING_FAILURE, f"Multus configuration: {error}") from error
    except fields.FieldError as error:
        raise errors.CNIError(errors.INVALID_CONFIG, f"Multus configuration: {error}") from error


def _settings(given: Fields) -> Settings:
    default = Settings()
    _check_capabilities(given)
    cluster_network = given.text("clusterNetwork")
    options, warnings = _log_options(given, default.log)
    settings = Settings(
        version=given.text("cniVersion"),
        name=given.text("name"),
        conf_dir=given.text("confDir") or default.conf_dir,
        cni_dir=given.text("cniDir") or default.cni_dir,
        bin_dir=given.text("binDir") or default.bin_dir,
        delegates=() if cluster_network else _delegates(given),  # Multus: then they are not even looked at
        cluster_network=cluster_network,
        default_networks=given.strings("defaultNetworks"),
        kubeconfig=given.text("kubeconfig"),
        log=options,
        readiness_file=given.text("readinessindicatorfile"),
        namespace_isolation=given.flag("namespaceIsolation"),
        global_namespaces=_names(given.text("globalNamespaces")) or default.global_namespaces,
        system_namespaces=_system_namespaces(given, default),
        multus_namespace=given.text("multusNamespace") or default.multus_namespace,
        auxiliary_chain=given.text("auxiliaryCNIChainName"),
        runtime_config=given.object("runtimeConfig") or {},
        api_timeout=_seconds(given, "apiTimeout") or default.api_timeout,
        daemon_dir=given.text("daemonSocketDir", default.daemon_dir),
        daemon_timeout=_seconds(given, "daemonTimeout") or default.daemon_timeout,
        delegate_timeout=_seconds(given, "delegateTimeout"),
        parallel=given.flag("parallelAttachments"),
        ignore_missing_device=_choice(given, "missingDevice", MISSING_DEVICE) == "ignore",
        legacy_status=given.flag("legacyNetworkStatus"),
        valid_attachments=_valid_attachments(given),
        warnings=warnings,
    )
    given.flag("retryDeleteOnError")  # accepted for compatibility: a failed DEL can always be retried here
    return settings


def _check_capabilities(given: Fields) -> None:
    """Check the map that tells the runtime what to send; Multus itself does not need it (multus-behaviour 0.8)."""
    capabilities = given.fields("capabilities")
    for name in given.object("capabilities") or {}:
        capabilities.flag(name)


def _delegates(given: Fields) -> tuple[conf.Network, ...]:
    networks = []
    for index, item in enumerate(given.objects("delegates")):
        try:
            networks.append(conf.parse(item.document()))
        except errors.CNIError as error:
            raise error.prefixed(f"Multus configuration: delegates[{index}]: ") from error
    if not networks:
        raise given.wrong("delegates", "at least one network here, or a clusterNetwork", given.raw("delegates"))
    return tuple(networks)


def _log_options(given: Fields, default: log.Options) -> tuple[log.Options, tuple[str, ...]]:
    level, options = given.text("logLevel").lower(), given.fields("logOptions")
    known = not level or level in log.LEVELS
    return log.Options(
        level=log.LEVELS.get(level, default.level),
        path=given.text("logFile"),
        stderr=given.flag("logToStderr", default=default.stderr),
        max_age=options.integer("maxAge", default.max_age),
        max_size=options.integer("maxSize", default.max_size),
        max_backups=options.integer("maxBackups", default.max_backups),
        compress=options.flag("compress", default=default.compress),
    ), () if known else (f"unknown logLevel {level!r}: known are {', '.join(log.LEVELS)}",)


def _system_namespaces(given: Fields, default: Settings) -> tuple[str, ...]:
    """Read a list that may be empty on purpose: then no namespace is exempt."""
    return given.strings("systemNamespaces") if given.has("systemNamespaces") else default.system_namespaces


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _choice(given: Fields, key: str, known: tuple[str, ...]) -> str:
    chosen: str = given.text(key) or known[0]
    if chosen not in known:
        raise given.wrong(key, f"one of {', '.join(known)}", chosen)
    return chosen


def _seconds(given: Fields, key: str) -> float:
    seconds = given.number(key)
    if not 0 <= seconds <= _DAY:
        raise given.wrong(key, f"a number of seconds, 0 to {_DAY}", seconds)
    return seconds


def _valid_attachments(given: Fields) -> tuple[tuple[str, str], ...] | None:
    """Read GC's list. libcni writes `null` when nothing is valid any more, so null is an empty list."""
    found = None
    for key in reversed(VALID_ATTACHMENTS):
        if given.contains(key):
            items: tuple[Fields, ...] = given.objects(key)
            found = tuple((item.text("containerID"), item.text("ifname")) for item in items)
    return found
