"""The table of broken inputs: for each what has to be found, on the marked lines, and nothing else.

Names of files are part of the input: they say how a document is to be read.
"""

from __future__ import annotations

from tests.unit.validate.marked import Expected, error, nad, note, pod, warning

PLAIN = '{"cniVersion": "1.0.0", "type": "macvlan", "master": "eth1"}'
CONFIG = "spec.config"
ANNOTATION = "metadata.annotations.k8s.v1.cni.cncf.io/networks"


def host_local(ipam: str, *, version: str = "1.0.0") -> str:
    """Return a definition whose IPAM section has these lines; they begin in line 10."""
    return nad(f"""
{{
  "cniVersion": "{version}",
  "type": "bridge",
  "ipam": {{"type": "host-local",
{ipam}
  }}
}}""")


def static(ipam: str) -> str:
    return host_local(ipam).replace("host-local", "static")


def whereabouts(ipam: str) -> str:
    return host_local(ipam).replace("host-local", "whereabouts")


def chain(*plugins: str, version: str = "1.0.0") -> str:
    """Return a definition with a list of plugins."""
    each = ",\n".join(f"    {plugin}" for plugin in plugins)
    return nad(f'{{\n  "cniVersion": "{version}",\n  "name": "net",\n  "plugins": [\n{each}\n  ]\n}}')


WITH_IPS = nad("""
{"cniVersion": "1.0.0", "type": "macvlan", "master": "eth1", "capabilities": {"ips": true},
 "ipam": {"type": "host-local", "subnet": "203.0.113.0/25", "rangeStart": "203.0.113.10", "rangeEnd": "203.0.113.20"}}
""")
WITH_STATIC = nad("""
{"cniVersion": "1.0.0", "type": "macvlan", "master": "eth1", "capabilities": {"ips": true}, "ipam": {"type": "static"}}
""")
MACVLAN = nad(PLAIN)

BROKEN: dict[str, tuple[str, str, tuple[Expected, ...]]] = {
    # ------------------------------------------------------------------------------------------------ reading
    "an empty file": ("a.yaml", "# nothing\n", (warning("empty-file", "", "no document"),)),
    "a tab in YAML": (
        "a.yaml",
        "kind: Pod\nmetadata:\n\tname: pod «\n",
        (error("not-yaml", "", "cannot start any token"),),
    ),
    "a chart's template": (
        "a.yaml",
        "{{- if .Values.network }} «\nkind: Pod\n{{- end }}\n",
        (error("not-yaml", "", "helm template"),),
    ),
    "an open quote in YAML": ("a.yaml", 'kind: "Pod\n«', (error("not-yaml", "", "end of stream"),)),
    "a control character": ("a.yaml", "kind: Pod\nname: \x07 «\n", (error("not-yaml", "", "may not stand in YAML"),)),
    "an alias of nothing": ("a.yaml", "kind: *pod «\n", (error("not-yaml", "", "alias"),)),
    "an unknown tag": ("a.yaml", "kind: !pod x «\n", (error("not-yaml", "", "tag"),)),
    "a mapping as a key": ("a.yaml", "kind: Pod\n? {a: b} «\n: c\n", (error("not-yaml", "", "key"),)),
    "the second document is broken": ("a.yaml", "kind: A\n---\n- a\nb: c «\n", (error("not-yaml", "", "expected"),)),
    "too many levels": ("a.yaml", "a:\n  " + "[" * 150 + "«", (error("too-deep", "", "100 levels"),)),
    "a comment in 00-multus.conf": (
        "00-multus.conf",
        '{\n  # the cluster network «\n  "clusterNetwork": "net"\n}\n',
        (error("not-json", "", "Expecting property name"),),
    ),
    "a byte order mark in 00-multus.conf": (
        "00-multus.conf",
        '«\ufeff{"type": "multus", "clusterNetwork": "net"}',
        (error("not-json", "", "without one"),),
    ),
    "YAML in a .conflist": ("a.conflist", "«name: net\n", (error("not-json", "", "Expecting value"),)),
    "a comma too many in JSON": ("a.json", '{\n "kind": "Pod"\n "metadata": {} «\n}', (error("not-json", "", "','"),)),
    "a key twice, in YAML": (
        "a.yaml",
        f"{MACVLAN}kind: NetworkAttachmentDefinition «\n",
        (warning("duplicate-key", "kind", "second time"),),
    ),
    "a key twice, in JSON": (
        "10-net.conf",
        '{"cniVersion": "1.0.0", "name": "net", "type": "macvlan",\n "master": "eth1",\n "master": "eth2" «\n}',
        (warning("duplicate-key", "master", "second time"),),
    ),
    "no object": ("a.yaml", "- a «\n", (error("unrecognised", "", "found an array"),)),
    "nothing that is known": ("a.yaml", "title: A dashboard «\n", (note("unrecognised", "", "apiVersion"),)),
    "a chart's values, which have a level for the log, too": (
        "values.yaml",
        "image: nginx «\nlogLevel: info\nreplicas: 3\n",
        (note("unrecognised", "", "the daemon's"),),
    ),
    "a misspelt kind": (
        "a.yaml",
        MACVLAN.replace("NetworkAttachmentDefinition", "NetworkAttachementDefinition «"),
        (error("unknown-kind", "kind", "Did you mean NetworkAttachmentDefinition?"),),
    ),
    "no kind": (
        "a.yaml",
        MACVLAN.replace("kind: NetworkAttachmentDefinition\n", "").replace("v1\n", "v1 «\n", 1),
        (error("unknown-kind", "", "found none"),),
    ),
    "a key twice, in the JSON of a definition": (
        "a.yaml",
        nad('{"cniVersion": "1.0.0", "type": "macvlan",\n "master": "eth1",\n "master": "eth2"} «'),
        (warning("duplicate-key", f"{CONFIG}.master", "second time"),),
    ),
    "a key twice, in the JSON of an annotation": (
        "a.yaml",
        pod('[{"name": "net",\n  "name": "other"}] «'),
        (warning("duplicate-key", f"{ANNOTATION}[0].name", "second time"),),
    ),
    "a definition in a list of the API's, whose items do not say what they are": (
        "a.json",
        (
            '{"apiVersion": "k8s.cni.cncf.io/v1", "kind": "NetworkAttachmentDefinitionList", "items": [\n'
            ' {"metadata": {"name": "net"}, "spec": {"config": "[]"}} «\n]}'
        ),
        (error("config-not-json", f"items[0].{CONFIG}", "an array"),),
    ),
    # ------------------------------------------------------------------------------- definitions: the object
    "an old apiVersion": (
        "a.yaml",
        MACVLAN.replace("io/v1\n", "io/v1beta1 «\n"),
        (error("wrong-value", "apiVersion", "k8s.cni.cncf.io/v1"),),
    ),
    "a definition without a name": (
        "a.yaml",
        nad(PLAIN, metadata="labels: {a: b}").replace("b}}", "b}} «"),
        (error("missing-key", "metadata", "name"),),
    ),
    "a name in capitals": (
        "a.yaml",
        nad(PLAIN, metadata="name: Storage").replace("Storage}", "Storage} «"),
        (error("invalid-name", "metadata.name", '"Storage"'),),
    ),
    "a namespace with a dot": (
        "a.yaml",
        nad(PLAIN, metadata="name: net, namespace: a.b").replace("a.b}", "a.b} «"),
        (error("invalid-name", "metadata.namespace", '"a.b"'),),
    ),
    "conf in place of config": (
        "a.yaml",
        MACVLAN.replace("spec:", "spec: «").replace("config: |", "cfg: | «"),
        (note("config-missing", CONFIG, "is empty"), warning("unknown-key", "spec.cfg", "not known")),
    ),
    "the configuration as YAML": (
        "a.yaml",
        (
            "apiVersion: k8s.cni.cncf.io/v1\nkind: NetworkAttachmentDefinition\nmetadata: {name: net}\nspec:\n"
            "  config: «\n    type: macvlan\n    master: eth1\n"
        ),
        (error("config-not-text", CONFIG, "`config: |`"),),
    ),
    "the configuration as a number": (
        "a.yaml",
        MACVLAN.partition("spec:")[0] + "spec: {config: 5} «\n",
        (error("config-not-text", CONFIG, "found a number"),),
    ),
    "YAML in the configuration's text": (
        "a.yaml",
        nad("type: macvlan «\nmaster: eth1"),
        (error("config-not-json", CONFIG, "Expecting value at line 1"),),
    ),
    "a comma at the end, inside the configuration": (
        "a.yaml",
        nad('{\n  "cniVersion": "1.0.0",\n  "type": "macvlan",\n} «'),
        (error("config-not-json", CONFIG, "double quotes"),),
    ),
    "a broken configuration in one line of quotes": (
        "a.yaml",
        MACVLAN.split("config:", maxsplit=1)[0] + "config: '{\"type\": macvlan}' «\n",
        (error("config-not-json", CONFIG, "column 10"),),
    ),
    "a list as configuration": (
        "a.yaml",
        nad("[]").replace("|\n", "| «\n"),
        (error("config-not-json", CONFIG, "an array"),),
    ),
    "no configuration, and no file": (
        "a.yaml",
        "«" + MACVLAN.split("spec:", maxsplit=1)[0],
        (note("config-missing", CONFIG, 'named "net" in /etc/cni/multus/net.d'),),
    ),
    "the same definition twice": (
        "a.yaml",
        f"{MACVLAN}---\n{MACVLAN.replace('{name: net}', '{name: net} «')}",
        (warning("duplicate-object", "metadata.name", "a.yaml:3"),),
    ),
    # ----------------------------------------------------------------------- definitions: the configuration
    "neither a plugin nor a list": (
        "a.yaml",
        nad('{"cniVersion": "1.0.0", "master": "eth1"} «'),
        (error("missing-key", CONFIG, "found neither"),),
    ),
    "a misspelt type": (
        "a.yaml",
        nad('{"cniVersion": "1.0.0",\n "tpye": "macvlan"} «'),
        (error("misspelt-key", f"{CONFIG}.tpye", "Did you mean type?"),),
    ),
    "a misspelt key": (
        "a.yaml",
        nad('{"cniVersion": "1.0.0", "type": "macvlan",\n "mastr": "eth1"} «'),
        (error("misspelt-key", f"{CONFIG}.mastr", "Did you mean master?"),),
    ),
    "a key of another plugin": (
        "a.yaml",
        nad('{"cniVersion": "1.0.0", "type": "macvlan",\n "isGateway": true} «'),
        (warning("unknown-key", f"{CONFIG}.isGateway", "nobody reads it"),),
    ),
    "addresses beside the plugins": (
        "a.yaml",
        chain('{"type": "macvlan"}').replace("],", "]").replace("]\n", '],\n      "ipam": {"type": "dhcp"} «\n', 1),
        (warning("unknown-key", f"{CONFIG}.ipam", "put it where it belongs"),),
    ),
    "an unknown mode": (
        "a.yaml",
        nad('{"cniVersion": "1.0.0", "type": "macvlan", "master": "eth1",\n "mode": "brigde"} «'),
        (error("wrong-value", f"{CONFIG}.mode", "bridge, private, vepa, passthru"),),
    ),
    "a number as text": (
        "a.yaml",
        nad('{"cniVersion": "1.0.0", "type": "bridge",\n "mtu": "9000"} «'),
        (error("wrong-type", f"{CONFIG}.mtu", 'expected an integer, found "9000"'),),
    ),
    "a plugin of a list": (
        "a.yaml",
        chain('{"type": "macvlan", "master": "eth1"}', '{"type": "tuning", "sysctl": {"kernel.msgmax": "1"}} «'),
        (error("wrong-value", f"{CONFIG}.plugins[1].sysctl", "below net."),),
    ),
    "a list without a name has the definition's, but its own must be good": (
        "a.yaml",
        chain('{"type": "macvlan"}').replace('"net",', '"a/b", «'),
        (error("invalid-name", f"{CONFIG}.name", "a/b"),),
    ),
    "an interface name that is too long": (
        "a.yaml",
        nad('{"cniVersion": "1.0.0", "type": "macvlan",\n "master": "enp0s31f6interface"} «'),
        (error("wrong-value", f"{CONFIG}.master", "15 bytes"),),
    ),
    "a VLAN without its master": (
        "a.yaml",
        nad('{"cniVersion": "1.0.0", "type": "vlan", "vlanId": 4095, «« "ipam": {"type": "dhcp"}}'),
        (error("missing-key", f"{CONFIG}.master", "is missing"), error("wrong-value", f"{CONFIG}.vlanId", "4094")),
    ),
    "ptp without addresses": (
        "a.yaml",
        nad('{"cniVersion": "1.0.0", "type": "ptp"} «'),
        (error("missing-key", f"{CONFIG}.ipam", "is missing"),),
    ),
    "ipvlan without addresses": (
        "a.yaml",
        nad('{"cniVersion": "1.0.0", "type": "ipvlan", "master": "eth1"} «'),
        (error("missing-key", f"{CONFIG}.ipam.type", "attaches nothing"),),
    ),
    "a device plugin without a device": (
        "a.yaml",
        nad('{"cniVersion": "1.0.0", "type": "host-device"} «'),
        (error("device-missing", CONFIG, "resourceName"),),
    ),
    "sriov without a device, and rates in words": (
        "a.yaml",
        nad('{"cniVersion": "1.0.0", "type": "sriov", «\n "trust": true} «'),
        (error("device-missing", CONFIG, "deviceID"), error("wrong-type", f"{CONFIG}.trust", "a string")),
    ),
    "two ways to be promiscuous": (
        "a.yaml",
        nad('{"cniVersion": "1.0.0", "type": "bridge", "hairpinMode": true,\n "promiscMode": true} «'),
        (error("exclusive-keys", f"{CONFIG}.promiscMode", "together"),),
    ),
    "a rate without a burst": (
        "a.yaml",
        chain('{"type": "bridge"}', '{"type": "bandwidth", "ingressRate": 1000} «'),
        (error("missing-key", f"{CONFIG}.plugins[1].ingressBurst", "ingressRate"),),
    ),
    "sriov with a priority, and no VLAN": (
        "a.yaml",
        nad('{"cniVersion": "1.0.0", "type": "sriov", "deviceID": "0000:03:02.0", «\n "vlanProto": "802.1q"}'),
        (error("missing-key", f"{CONFIG}.vlan", "vlanProto only together with it"),),
    ),
    "host-local without a plugin that makes an interface": (
        "a.yaml",
        nad('{"cniVersion": "1.0.0",\n "type": "host-local", "subnet": "192.0.2.0/24"} «'),
        (error("ipam-plugin-first", f"{CONFIG}.type", '"ipam": {"type": "host-local", ...}'),),
    ),
    "a chained plugin alone": (
        "a.yaml",
        nad('{"cniVersion": "1.0.0",\n "type": "tuning"} «'),
        (error("chained-plugin-first", f"{CONFIG}.type", "list of plugins"),),
    ),
    "vrf without a name, and first": (
        "a.yaml",
        chain('{"type": "vrf"} ««'),
        (
            error("missing-key", f"{CONFIG}.plugins[0].vrfname", "is missing"),
            error("chained-plugin-first", f"{CONFIG}.plugins[0].type", "before it"),
        ),
    ),
    "a misspelt plugin": (
        "a.yaml",
        nad('{"cniVersion": "1.0.0",\n "type": "macvlam"} «'),
        (note("unknown-plugin", f"{CONFIG}.type", "Did you mean macvlan?"),),
    ),
    "capabilities that are no switches": (
        "a.yaml",
        nad('{"cniVersion": "1.0.0", "type": "acme",\n "capabilities": {"ips": "true"}} «'),
        (error("wrong-type", f"{CONFIG}.capabilities.ips", "true or false"),),
    ),
    # ----------------------------------------------------------------------------------------------- versions
    "no version": (
        "a.yaml",
        nad('{"type": "macvlan", "master": "eth1"} «'),
        (warning("version-missing", f"{CONFIG}.cniVersion", "0.1.0"),),
    ),
    "a version that does not exist": (
        "a.yaml",
        nad(PLAIN.replace("1.0.0", "1.2.0") + " «"),
        (error("unknown-version", f"{CONFIG}.cniVersion", '"1.2.0"'),),
    ),
    "a plugin with a version of its own": (
        "a.yaml",
        chain('{"type": "macvlan", "cniVersion": "0.3.1"} «'),
        (warning("plugin-version-ignored", f"{CONFIG}.plugins[0].cniVersion", "found 0.3.1"),),
    ),
    "a version that a plugin does not have": (
        "a.yaml",
        chain('{"type": "bridge"}', '{"type": "firewall"}', version="0.3.1").replace('"0.3.1",', '"0.3.1", «'),
        (error("version-too-old", f"{CONFIG}.cniVersion", "0.4.0"),),
    ),
    "GC switched off where there is none": (
        "a.yaml",
        chain('{"type": "bridge"}').replace('"name": "net",', '"name": "net",\n      "disableGC": true, «'),
        (warning("setting-without-effect", f"{CONFIG}.disableGC", "1.1.0"),),
    ),
    "GC and STATUS end at an old delegate": (
        "00-multus.conf",
        (
            '{"cniVersion": "1.1.0", "name": "m", "type": "multus", "delegates": [\n'
            '  {"cniVersion": "0.4.0", "name": "cluster", "type": "bridge"} «\n]}'
        ),
        (warning("mixed-versions", "delegates[0].cniVersion", "GC and STATUS"),),
    ),
    "two addresses of a family before 0.3.0": (
        "a.yaml",
        host_local(
            '    "ranges": [[{"subnet": "192.0.2.0/25"}], [{"subnet": "192.0.2.128/25"}]]', version="0.2.0"
        ).replace('"0.2.0",', '"0.2.0", «'),
        (error("version-too-old", f"{CONFIG}.cniVersion", "0.3.0"),),
    ),
    # ---------------------------------------------------------------------------------------------- addresses
    "a subnet without its length": (
        "a.yaml",
        host_local('    "subnet": "192.0.2.0" «'),
        (error("wrong-value", f"{CONFIG}.ipam.subnet", "prefix length"),),
    ),
    "no subnet": (
        "a.yaml",
        host_local('    "routes": []').replace('"host-local",', '"host-local", «'),
        (error("missing-key", f"{CONFIG}.ipam", "subnet, ranges"),),
    ),
    "a subnet with an address in it": (
        "a.yaml",
        host_local('    "subnet": "192.0.2.7/24" «'),
        (error("host-bits-set", f"{CONFIG}.ipam.subnet", "Write 192.0.2.0/24"),),
    ),
    "a subnet of two addresses": (
        "a.yaml",
        host_local('    "subnet": "192.0.2.0/31" «'),
        (error("subnet-too-small", f"{CONFIG}.ipam.subnet", "four addresses"),),
    ),
    "a start outside of the subnet": (
        "a.yaml",
        host_local('    "subnet": "192.0.2.0/24",\n    "rangeStart": "192.0.3.10" «'),
        (error("address-outside-subnet", f"{CONFIG}.ipam.rangeStart", "192.0.2.0/24, found 192.0.3.10"),),
    ),
    "an end outside of the subnet": (
        "a.yaml",
        host_local('    "subnet": "2001:db8::/64",\n    "rangeEnd": "2001:db8:1::1" «'),
        (error("address-outside-subnet", f"{CONFIG}.ipam.rangeEnd", "2001:db8::/64"),),
    ),
    "a range backwards": (
        "a.yaml",
        host_local('    "subnet": "192.0.2.0/24", "rangeStart": "192.0.2.200",\n    "rangeEnd": "192.0.2.100" «'),
        (error("reversed-range", f"{CONFIG}.ipam.rangeEnd", "192.0.2.200"),),
    ),
    "a gateway outside of the subnet": (
        "a.yaml",
        host_local('    "subnet": "192.0.2.0/24", "routes": [{"dst": "0.0.0.0/0"}],\n    "gateway": "192.0.3.1" «'),
        (error("gateway-outside-subnet", f"{CONFIG}.ipam.gateway", "192.0.2.0/24"),),
    ),
    "a gateway of the other family": (
        "a.yaml",
        host_local('    "subnet": "192.0.2.0/24",\n    "gateway": "2001:db8::1" «'),
        (warning("gateway-outside-subnet", f"{CONFIG}.ipam.gateway", "2001:db8::1"),),
    ),
    "overlapping ranges in a set": (
        "a.yaml",
        host_local(
            '    "ranges": [[\n      {"subnet": "192.0.2.0/24", "rangeEnd": "192.0.2.99"},\n'
            '      {"subnet": "192.0.2.0/24", "rangeStart": "192.0.2.50"} «\n    ]]'
        ),
        (error("overlapping-ranges", f"{CONFIG}.ipam.ranges[0][1].subnet", "of line 11"),),
    ),
    "overlapping sets": (
        "a.yaml",
        host_local('    "subnet": "192.0.2.0/24",\n    "ranges": [[{"subnet": "192.0.2.128/25"}]] «'),
        (error("overlapping-ranges", f"{CONFIG}.ipam.ranges[0][0].subnet", "192.0.2.0/24"),),
    ),
    "both families in one set": (
        "a.yaml",
        host_local('    "ranges": [[{"subnet": "192.0.2.0/24"}, {"subnet": "2001:db8::/64"}]] «'),
        (error("mixed-families", f"{CONFIG}.ipam.ranges[0]", "IPv4 and IPv6"),),
    ),
    "a route to no network": (
        "a.yaml",
        host_local('    "subnet": "192.0.2.0/24",\n    "routes": [{"dst": "default"}] «'),
        (error("wrong-value", f"{CONFIG}.ipam.routes[0].dst", '"default"'),),
    ),
    "a route through a gateway out of reach": (
        "a.yaml",
        host_local('    "subnet": "192.0.2.0/24",\n    "routes": [{"dst": "0.0.0.0/0", "gw": "198.51.100.1"}] «'),
        (warning("gateway-outside-subnet", f"{CONFIG}.ipam.routes[0].gw", "198.51.100.1"),),
    ),
    "a static address without its length": (
        "a.yaml",
        static('    "addresses": [{"address": "192.0.2.7"}] «'),
        (error("wrong-value", f"{CONFIG}.ipam.addresses[0].address", "prefix length"),),
    ),
    "a static gateway elsewhere": (
        "a.yaml",
        static('    "addresses": [\n      {"address": "192.0.2.7/28", "gateway": "192.0.2.17"} «\n    ]'),
        (warning("gateway-outside-subnet", f"{CONFIG}.ipam.addresses[0].gateway", "192.0.2.0/28"),),
    ),
    "a static address twice": (
        "a.yaml",
        static('    "addresses": [{"address": "192.0.2.7/24"},\n      {"address": "192.0.2.7/24"} «\n    ]'),
        (error("overlapping-ranges", f"{CONFIG}.ipam.addresses[1].address", "a second time"),),
    ),
    "the wrong IPAM plugin's keys": (
        "a.yaml",
        static('    "subnet": "192.0.2.0/24" «'),
        (warning("unknown-key", f"{CONFIG}.ipam.subnet", "nobody reads it"),),
    ),
    "whereabouts' range without a length": (
        "a.yaml",
        whereabouts('    "range": "192.0.2.0" «'),
        (error("wrong-value", f"{CONFIG}.ipam.range", "192.0.2.0/24"),),
    ),
    "whereabouts' range backwards": (
        "a.yaml",
        whereabouts('    "range": "192.0.2.20-192.0.2.10/24" «'),
        (error("reversed-range", f"{CONFIG}.ipam.range", "found 192.0.2.10"),),
    ),
    "whereabouts excludes what it does not have": (
        "a.yaml",
        whereabouts('    "range": "192.0.2.0/24",\n    "exclude": ["192.0.3.0/30"] «'),
        (warning("address-outside-subnet", f"{CONFIG}.ipam.exclude[0]", "192.0.3.0/30"),),
    ),
    "whereabouts' overlapping ranges": (
        "a.yaml",
        whereabouts('    "ipRanges": [{"range": "192.0.2.0/24"},\n      {"range": "192.0.2.128/25"} «\n    ]'),
        (warning("overlapping-ranges", f"{CONFIG}.ipam.ipRanges[1].range", "192.0.2.128/25"),),
    ),
    # --------------------------------------------------------------------------------------------------- pods
    "an annotation that is no JSON": (
        "a.yaml",
        pod("[\n  {name: storage} «\n]"),
        (error("annotation-not-json", ANNOTATION, "short form"),),
    ),
    "an annotation that is a list": (
        "a.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\n  annotations:\n    k8s.v1.cni.cncf.io/networks: [a] «\n",
        (error("wrong-type", ANNOTATION, "an array"),),
    ),
    "a comma too many": (
        "a.yaml",
        pod("storage,").replace("|", "| «"),
        (error("annotation-refused", ANNOTATION, "comma"),),
    ),
    "an object in place of a list": (
        "a.yaml",
        pod('{"name": "net"} «'),
        (error("wrong-type", ANNOTATION, "expected an array, found an object"),),
    ),
    "a selection without a name": (
        "a.yaml",
        pod('[\n  {"namespace": "default"} «\n]'),
        (error("missing-key", f"{ANNOTATION}[0].name", "is missing"),),
    ),
    "a namespace in the name": (
        "a.yaml",
        pod('[\n  {"name": "infra/net"} «\n]'),
        (error("wrong-value", f"{ANNOTATION}[0].name", "a key of its own"),),
    ),
    "a misspelt key of a selection": (
        "a.yaml",
        pod('[\n  {"name": "net",\n   "interfce": "net1"} «\n]'),
        (error("misspelt-key", f"{ANNOTATION}[0].interfce", "Did you mean interface?"),),
    ),
    "a MAC address of five bytes": (
        "a.yaml",
        pod('[{"name": "net",\n  "mac": "02:00:5e:00:53"}] «'),
        (error("wrong-value", f"{ANNOTATION}[0].mac", "02:00:5e:00:53"),),
    ),
    "an interface name of 16 characters": (
        "a.yaml",
        pod('[{"name": "net",\n  "interface": "abcdefghijklmnop"}] «'),
        (error("wrong-value", f"{ANNOTATION}[0].interface", "15 bytes"),),
    ),
    "one interface name for two": (
        "a.yaml",
        pod("a@net5,b@net5").replace("|", "| «"),
        (error("annotation-refused", ANNOTATION, 'both ask for the interface "net5"'),),
    ),
    "a claim and an address": (
        "a.yaml",
        pod('[\n  {"name": "net", "ips": ["192.0.2.7/24"], "ipam-claim-reference": "c"} «\n]'),
        (error("annotation-refused", f"{ANNOTATION}[0]", "IPAM claim"),),
    ),
    "two default routes": (
        "a.yaml",
        pod('[{"name": "a", "default-route": ["192.0.2.1"]}, {"name": "b", "default-route": ["192.0.2.2"]}] «'),
        (error("annotation-refused", ANNOTATION, "ECMP"),),
    ),
    "a port of a network that is not one": (
        "a.yaml",
        pod('[{"name": "net", "portMappings": [\n  {"hostPort": 70000, "containerPort": 80} «\n]}]'),
        (error("wrong-value", f"{ANNOTATION}[0].portMappings[0].hostPort", "65535"),),
    ),
    "the annotation of another domain": (
        "a.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\n  annotations:\n    k8s.cni.cncf.io/networks: net «\n",
        (error("misspelt-annotation", "metadata.annotations.k8s.cni.cncf.io/networks", "Did you mean"),),
    ),
    "the annotation on the Deployment": (
        "a.yaml",
        (
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: d\n  annotations:\n"
            "    k8s.v1.cni.cncf.io/networks: net «\nspec: {template: {metadata: {labels: {a: b}}}}\n"
        ),
        (error("misplaced-annotation", ANNOTATION, "template"),),
    ),
    "the annotation as a label": (
        "a.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\n  labels:\n    k8s.v1.cni.cncf.io/networks: net «\n",
        (error("misplaced-annotation", "metadata.labels.k8s.v1.cni.cncf.io/networks", "a label"),),
    ),
    "a mistake in a CronJob, in a List": (
        "a.yaml",
        (
            "apiVersion: v1\nkind: List\nitems:\n- apiVersion: batch/v1\n  kind: CronJob\n  spec:\n"
            "    jobTemplate:\n      spec:\n        template:\n          metadata:\n            annotations:\n"
            "              k8s.v1.cni.cncf.io/networks: a/b/c «\n"
        ),
        (
            error(
                "annotation-refused",
                "items[0].spec.jobTemplate.spec.template.metadata.annotations.k8s.v1.cni.cncf.io/networks",
                "failed at '/'",
            ),
        ),
    ),
    "two networks in place of the cluster network": (
        "a.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata:\n  annotations:\n    v1.multus-cni.io/default-network: a,b «\n",
        (
            error(
                "annotation-refused",
                "metadata.annotations.v1.multus-cni.io/default-network",
                "expected exactly one network, found 2",
            ),
        ),
    ),
    # --------------------------------------------------------------------------------- pods and their networks
    "an address that nobody was told to read": (
        "a.yaml",
        MACVLAN + pod('[{"name": "net",\n  "ips": ["192.0.2.7/24"]}] «'),
        (error("capability-not-declared", f"{ANNOTATION}[0].ips", '"capabilities": {"ips": true}'),),
    ),
    "a MAC address the old way": (
        "a.yaml",
        MACVLAN + pod('[{"name": "net",\n  "mac": "02:00:5e:00:53:01"}] «'),
        (warning("capability-not-declared", f"{ANNOTATION}[0].mac", "CNI_ARGS"),),
    ),
    "everything that may be asked for": (
        "a.yaml",
        MACVLAN
        + pod("""
        [{"name": "net",
          "portMappings": [{"hostPort": 80, "containerPort": 80}], «
          "bandwidth": {"ingressRate": 1, "ingressBurst": 1}, «
          "infiniband-guid": "02:00:5e:00:53:01:02:03", «
          "deviceID": "0000:03:02.3"}] «
        """),
        (
            error("capability-not-declared", f"{ANNOTATION}[0].portMappings", "portMappings"),
            error("capability-not-declared", f"{ANNOTATION}[0].bandwidth", "bandwidth"),
            error("capability-not-declared", f"{ANNOTATION}[0].infiniband-guid", "infinibandGUID"),
            error("capability-not-declared", f"{ANNOTATION}[0].deviceID", "deviceID"),
        ),
    ),
    "an address that the range does not have": (
        "a.yaml",
        WITH_IPS + pod('[{"name": "net", "ips": [\n  "203.0.113.15/25",\n  "203.0.113.30/25" «\n]}]'),
        (error("address-outside-subnet", f"{ANNOTATION}[0].ips[1]", "203.0.113.10 to 203.0.113.20"),),
    ),
    "an address for static without its length": (
        "a.yaml",
        WITH_STATIC + pod('[{"name": "net", "ips": ["203.0.113.30"]}] «'),
        (error("wrong-value", f"{ANNOTATION}[0].ips[0]", "Write 203.0.113.30/24"),),
    ),
    "a default route out of the network": (
        "a.yaml",
        WITH_IPS + pod('[{"name": "net",\n  "default-route": ["198.51.100.1"]}] «'),
        (error("default-route-outside-network", f"{ANNOTATION}[0].default-route[0]", "203.0.113.0/25"),),
    ),
    "the name of the cluster network's interface": (
        "a.yaml",
        MACVLAN + pod("net@eth0").replace("|", "| «"),
        (error("interface-name-taken", ANNOTATION, "the cluster network"),),
    ),
    "the name that the next one gets": (
        "a.yaml",
        MACVLAN + pod('[{"name": "net", "interface": "net2"}, «\n {"name": "net"}]'),
        (error("interface-name-taken", f"{ANNOTATION}[0].interface", "net2, which default/net gets"),),
    ),
    "a definition in another namespace": (
        "a.yaml",
        nad(PLAIN, metadata="name: net, namespace: infra") + pod("net").replace("|", "| «"),
        (error("nad-in-other-namespace", ANNOTATION, "Write infra/net, or say with --namespace where the pod goes."),),
    ),
    "a definition in another namespace than the pod's own": (
        "a.yaml",
        nad(PLAIN, metadata="name: net, namespace: infra")
        + pod("net", metadata="name: pod\n  namespace: web").replace("|", "| «"),
        (error("nad-in-other-namespace", ANNOTATION, "Write infra/net, or move the definition to web."),),
    ),
    "a misspelt definition": (
        "a.yaml",
        nad(PLAIN, metadata="name: storage") + pod('[\n  {"name": "storag"} «\n]'),
        (warning("nad-not-found", f"{ANNOTATION}[0]", "Did you mean storage?"),),
    ),
    "a definition out of reach": (
        "a.yaml",
        nad(PLAIN, metadata="name: net, namespace: infra")
        + pod("infra/net").replace("|", "| «")
        + "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: multus}\ndata:\n"
        + '  daemon-config.json: \'{"namespaceIsolation": true, "globalNamespaces": "shared"}\'\n',
        (error("nad-out-of-reach", ANNOTATION, "expected a network of default, shared, found infra/net"),),
    ),
    "a default network in another namespace than Multus'": (
        "a.yaml",
        MACVLAN
        + "---\napiVersion: v1\nkind: Pod\nmetadata:\n  annotations:\n    v1.multus-cni.io/default-network: net «\n",
        (
            error(
                "nad-in-other-namespace",
                "metadata.annotations.v1.multus-cni.io/default-network",
                "Write default/net, or move the definition to kube-system.",
            ),
        ),
    ),
    # ------------------------------------------------------------------------------------- Multus' own configuration
    "a misspelt setting": (
        "00-multus.conf",
        (
            '{"name": "m", "type": "multus", "clusterNetwork": "/etc/cni/net.d/10-a.conflist",\n'
            ' "namespaceIsolatoin": true} «'
        ),
        (error("misspelt-key", "namespaceIsolatoin", "Did you mean namespaceIsolation?"),),
    ),
    "no cluster network at all": (
        "00-multus.conf",
        '«{"cniVersion": "1.0.0", "name": "m", "type": "multus", "confDir": "/etc/cni"}',
        (error("missing-key", "delegates", "is missing"),),
    ),
    "a time-out in words": (
        "00-multus.conf",
        '{"type": "multus", "clusterNetwork": "/a",\n "apiTimeout": "10s"} «',
        (error("wrong-type", "apiTimeout", "a number"),),
    ),
    "a delegate's mistake": (
        "00-multus.conf",
        (
            '{"cniVersion": "1.0.0", "type": "multus", "delegates": [\n'
            '  {"cniVersion": "1.0.0", "name": "a", "type": "bridge",\n   "brigde": "cni0"} «\n]}'
        ),
        (error("misspelt-key", "delegates[0].brigde", "Did you mean bridge?"),),
    ),
    "settings that need others": (
        "00-multus.conf",
        (
            '{"cniVersion": "1.0.0", "type": "multus",\n "globalNamespaces": "a", «\n "defaultNetworks": ["b"], «\n'
            ' "delegates": [{"cniVersion": "1.0.0", "name": "a", "type": "bridge"}]}'
        ),
        (
            warning("setting-without-effect", "globalNamespaces", "namespaceIsolation"),
            warning("setting-without-effect", "defaultNetworks", "clusterNetwork"),
        ),
    ),
    "two cluster networks": (
        "00-multus.conf",
        '{"type": "multus", "clusterNetwork": "/a",\n "delegates": [{"cniVersion": "1.0.0", "type": "x"}]} «',
        (warning("setting-without-effect", "delegates", "goes before it"),),
    ),
    "a version of Multus that does not exist": (
        "00-multus.conf",
        '{"type": "multus", "delegates": [{"cniVersion": "1.0.0", "name": "a", "type": "x"}],\n "cniVersion": "x"} «',
        (error("unknown-version", "cniVersion", '"x"'),),
    ),
    "a version of a delegate that does not exist": (
        "00-multus.conf",
        '{"type": "multus", "cniVersion": "1.0.0", "delegates": [\n{"cniVersion": "x", "name": "a", "type": "x"}]} «',
        (error("unknown-version", "delegates[0].cniVersion", '"x"'),),
    ),
    "options of the daemon that do not go together": (
        "daemon-config.json",
        '«{\n  "forceCNIVersion": true\n}',
        (error("refused", "", "needs --cni-version (cniVersion)"),),
    ),
    "two options of the daemon that are wrong": (
        "daemon-config.json",
        '{\n  "logLevel": "loud", «\n  "apiTimeout": -1 «\n}',
        (error("wrong-value", "logLevel", "one of"), error("wrong-value", "apiTimeout", "at least 0")),
    ),
    "an unknown log level": (
        "00-multus.conf",
        '{"type": "multus", "clusterNetwork": "/a",\n "logLevel": "loud"} «',
        (warning("wrong-value", "logLevel", "unknown logLevel 'loud'"),),
    ),
    "Multus in a list": (
        "00-multus.conflist",
        (
            '{"cniVersion": "1.0.0", "name": "m", "plugins": [\n  {"type": "multus", "clusterNetwork": 5}, «\n'
            '  {"type": "portmap", "snat": "yes"} «\n]}'
        ),
        (
            error("wrong-type", "plugins[0].clusterNetwork", "a string"),
            error("wrong-type", "plugins[1].snat", "true or false"),
        ),
    ),
    "a default network in the wrong namespace": (
        "a.yaml",
        nad(PLAIN, metadata="name: net, namespace: infra")
        + "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: multus}\ndata:\n  00-multus.conf: |\n"
        + '    {"type": "multus",\n     "clusterNetwork": "net"} «\n',
        (error("nad-in-other-namespace", "data.00-multus.conf.clusterNetwork", "kube-system"),),
    ),
    "a port in quotes": (
        "daemon-config.json",
        '{\n  "metricsPort": "9091" «\n}',
        (error("wrong-type", "metricsPort", 'expected an integer, found "9091"'),),
    ),
    "a misspelt option of the daemon": (
        "options.yaml",
        "cniConfigDir: /host/etc/cni/net.d\nmetricPort: 9091 «\n",
        (error("misspelt-key", "metricPort", "Did you mean metricsPort?"),),
    ),
    "the original's configuration in its ConfigMap": (
        "a.yaml",
        (
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: multus-cni-config}\ndata:\n  cni-conf.json: |\n"
            '    {"name": "multus-cni-network", "type": "multus", "clusterNetwork": "net",\n'
            '     "namespaceIsolatoin": true} «\n'
        ),
        (error("misspelt-key", "data.cni-conf.json.namespaceIsolatoin", "Did you mean namespaceIsolation?"),),
    ),
    "a broken daemon configuration in a manifest": (
        "a.yaml",
        (
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: multus}\ndata:\n  daemon-config.json: |\n    {\n"
            '      "logLevel": "verbose"\n      "cniVersion": "1.0.0" «\n    }\n'
        ),
        (error("config-not-json", "data.daemon-config.json", "line 3"),),
    ),
}
