"""Checks of what plugins need of the kernel: drivers, and the few settings that matter."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from multus_py.doctor.check import Check, error, fine, warning

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject
    from multus_py.doctor.usage import Used
    from multus_py.doctor.view import View
    from multus_py.findings.finding import Finding


@dataclass(frozen=True, kw_only=True)
class Driver:
    """A driver, as the kernel calls it."""

    module: str
    option: str
    """The option of the kernel's configuration, without CONFIG_."""


_VETH = Driver(module="veth", option="VETH")
_DRIVERS: dict[str, tuple[Driver, ...]] = {
    "bandwidth": (Driver(module="ifb", option="IFB"), Driver(module="sch_tbf", option="NET_SCH_TBF")),
    "bond": (Driver(module="bonding", option="BONDING"),),
    "bridge": (Driver(module="bridge", option="BRIDGE"), _VETH),
    "dummy": (Driver(module="dummy", option="DUMMY"),),
    "ipvlan": (Driver(module="ipvlan", option="IPVLAN"),),
    "macvlan": (Driver(module="macvlan", option="MACVLAN"),),
    "macvtap": (Driver(module="macvtap", option="MACVTAP"),),
    "ovs": (Driver(module="openvswitch", option="OPENVSWITCH"), _VETH),
    "ptp": (_VETH,),
    "tap": (Driver(module="tun", option="TUN"),),
    "vlan": (Driver(module="8021q", option="VLAN_8021Q"),),
    "vrf": (Driver(module="vrf", option="NET_VRF"),),
}
"""What each type of plugin needs."""
_RP_FILTERS = ("net.ipv4.conf.all.rp_filter", "net.ipv4.conf.default.rp_filter")
_GATEWAY_KEYS = ("isGateway", "isDefaultGateway", "ipMasq")


def drivers(view: View) -> Iterator[Finding]:
    """Look for the drivers of all plugins in use."""
    modules, known = _Modules.of(view), set[str]()
    for used, driver in _wanted(view):
        there = modules.has(driver)
        if there:
            known.add(driver.module)
        elif there is False:
            say = error if used.needed else warning
            yield say(
                f"the kernel has no driver {driver.module} ({modules.source}), which {used.subject} needs",
                remedy="Install the package with the kernel's further modules (linux-modules-extra, "
                f"kernel-modules-extra), or a kernel with CONFIG_{driver.option}.",
                subject=used.subject,
            )
    unknown = {driver.module for _, driver in _wanted(view)} - known
    told = f"the drivers {', '.join(sorted(known))} are there ({modules.source})" if known else "no driver is needed"
    yield fine(told + (f"; of {', '.join(sorted(unknown))} nothing can be told from here" if unknown else ""))


def forwarding(view: View) -> Iterator[Finding]:
    """Look at whether the node forwards packets, if pods that are attached need it."""
    routed = {
        each.network: each for each in view.attachments if any(_is_gateway(plugin) for plugin in _plugins(each.config))
    }
    for family, name in ((4, "net.ipv4.ip_forward"), (6, "net.ipv6.conf.all.forwarding")):
        networks = sorted(
            network
            for network, each in routed.items()
            if any((":" in address) is (family == 6) for address in each.addresses)
        )
        if networks and _sysctl(view, name) == "0":
            yield error(
                f"{name} is 0, so the pods of {', '.join(networks)} reach this node and nobody beyond it",
                remedy=f"Set {name}=1 in /etc/sysctl.d/. The plugin had set it: something has set it back since.",
            )
    yield fine("packets are forwarded" if routed else "no pod is attached for which packets have to be forwarded")


def rp_filter(view: View) -> Iterator[Finding]:
    """Look at whether answers may take another way than questions."""
    values = {name: _sysctl(view, name) for name in _RP_FILTERS}
    if max(values.values()) == "1" and len(view.networks) > 1:  # of the two the larger one counts
        name = next(name for name, value in values.items() if value == "1")
        yield warning(
            f"{name} is 1: a pod with several networks, whose namespace inherits it, drops packets that come over "
            "another interface than the one by which it would answer",
            remedy=f"Set {name}=2 (loose) in /etc/sysctl.d/, unless pods' own routes are symmetric.",
        )
    yield fine("packets may come over another interface than answers go")


def _wanted(view: View) -> Iterator[tuple[Used, Driver]]:
    seen: set[Driver] = set()
    for used in sorted(view.networks, key=lambda each: not each.needed):
        for type in used.types:
            for driver in _DRIVERS.get(type, ()):
                if driver not in seen:
                    seen.add(driver)
                    yield used, driver


@dataclass(frozen=True, kw_only=True)
class _Modules:
    """What is known of the kernel's drivers without trying one, which would load it."""

    loaded: frozenset[str]
    installed: frozenset[str] | None
    """Those in the kernel, and those that it can load; None when nobody has noted them where we can see it."""
    options: Mapping[str, str]
    """The kernel's configuration: `y`, `m`, or absent. Empty when it is nowhere."""
    source: str

    @classmethod
    def of(cls, view: View) -> _Modules:
        """Read all there is."""
        release = os.uname().release
        folder = view.root(f"{view.options.modules}/{release}")
        listed = [_lines(folder / name) for name in ("modules.builtin", "modules.dep")]
        installed = frozenset(_module(line) for lines in listed for line in lines) if any(listed) else None
        options = _options(view, release)
        if installed is not None:
            source = f"by {view.options.modules}/{release}"
        else:
            source = "by the kernel's configuration" if options else "by what is loaded"
        loaded = [line.split()[0] for line in _lines(view.options.proc / "modules")]
        visible = [path.name for path in _listed(view.options.sys / "module")]
        return cls(loaded=frozenset([*loaded, *visible]), installed=installed, options=options, source=source)

    def has(self, driver: Driver) -> bool | None:
        """Tell whether a driver is there; None when that cannot be told."""
        if driver.module in self.loaded:
            return True
        if self.installed is not None:
            return driver.module in self.installed
        return driver.option in self.options if self.options else None


def _module(line: str) -> str:
    """Return the name in a line such as kernel/drivers/net/macvlan.ko.xz: ..., which the kernel writes with _."""
    return Path(line.partition(":")[0]).name.partition(".ko")[0].replace("-", "_")


def _options(view: View, release: str) -> dict[str, str]:
    lines = _lines(view.root(f"/boot/config-{release}"))
    try:
        lines = lines or gzip.decompress((view.options.proc / "config.gz").read_bytes()).decode().splitlines()
    except OSError:
        pass
    pairs = (line.removeprefix("CONFIG_").partition("=") for line in lines if line.startswith("CONFIG_"))
    return {name: value for name, _, value in pairs if value in {"y", "m"}}


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(errors="replace").splitlines()
    except OSError:
        return []


def _listed(path: Path) -> list[Path]:
    try:
        return list(path.iterdir())
    except OSError:
        return []


def _sysctl(view: View, name: str) -> str:
    try:
        return (view.options.proc / "sys" / name.replace(".", "/")).read_text().strip()
    except OSError:
        return ""  # no IPv6, say


def _plugins(config: JSONObject) -> list[JSONObject]:
    plugins = config.get("plugins", [config])
    return [plugin for plugin in plugins if isinstance(plugin, dict)] if isinstance(plugins, list) else []


def _is_gateway(plugin: JSONObject) -> bool:
    """Tell whether the node is the pods' way to others: by plugins that set ip_forward themselves, for that reason."""
    type = plugin.get("type")
    return type == "ptp" or (type == "bridge" and any(plugin.get(key) is True for key in _GATEWAY_KEYS))


CHECKS = (
    Check(
        id="kernel-drivers",
        title="the kernel has the drivers that plugins need",
        looks_at="For macvlan, ipvlan, vlan, bridge, ptp, vrf, bandwidth, bond, tap and others: /proc/modules and "
        "/sys/module (loaded), /lib/modules (built in, or to be loaded when wanted), else the kernel's configuration "
        "in /boot or /proc/config.gz. A driver is never tried, as that would load it; what none of these tells is "
        "said to be unknown.",
        meaning='Pods of these networks fail: "operation not supported".',
        remedy="Install the package with the kernel's further modules.",
        look=drivers,
    ),
    Check(
        id="sysctl-forwarding",
        title="the node forwards packets for its pods",
        looks_at="net.ipv4.ip_forward and net.ipv6.conf.all.forwarding, if pods are attached by ptp, or by a bridge "
        "that is their gateway: these plugins set it, and a service that applies sysctl.d later may set it back.",
        meaning="Pods reach the node, and nobody beyond it.",
        remedy="Set it in /etc/sysctl.d/.",
        look=forwarding,
    ),
    Check(
        id="sysctl-rp-filter",
        title="reverse-path filters let pods have several networks",
        looks_at="net.ipv4.conf.all.rp_filter and net.ipv4.conf.default.rp_filter, which new network namespaces "
        "inherit, and of which the larger one counts; only 1 (strict) matters, and only if there are networks besides "
        "the cluster network.",
        meaning="Packets to the second interface, from senders whom the pod would answer over the first one, vanish.",
        remedy="Set it to 2.",
        look=rp_filter,
    ),
)
