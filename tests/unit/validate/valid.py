"""What guides of Multus show and users run (flows.md): nothing may be found in any of it."""

from __future__ import annotations

from tests.unit.validate.marked import nad, pod

F1 = nad("""
{
  "cniVersion": "0.3.1",
  "name": "macvlan-conf",
  "plugins": [
    {"type": "macvlan", "master": "eth1", "mode": "bridge", "capabilities": {"ips": true},
     "ipam": {"type": "static", "routes": [{"dst": "0.0.0.0/0", "gw": "203.0.113.1"}]}},
    {"type": "tuning", "capabilities": {"mac": true}}
  ]
}""") + pod('[{"name": "net", "ips": ["203.0.113.7/24"], "gateway": ["203.0.113.1"]}]')
F2 = nad("""
{
  "cniVersion": "0.3.0",
  "type": "macvlan",
  "master": "eth1",
  "mode": "bridge",
  "ipam": {
    "type": "host-local",
    "subnet": "203.0.113.0/24",
    "rangeStart": "203.0.113.200",
    "rangeEnd": "203.0.113.216",
    "routes": [{"dst": "0.0.0.0/0"}],
    "gateway": "203.0.113.1"
  }
}""") + pod("net")
F4 = nad("""
{"cniVersion": "0.3.1", "type": "macvlan", "master": "eth1",
 "ipam": {"type": "static", "addresses": [{"address": "203.0.113.9/24", "gateway": "203.0.113.1"}]}}
""")
F5 = nad("""
{"cniVersion": "0.3.1", "type": "ipvlan", "master": "eth1", "mode": "l3",
 "ipam": {"type": "host-local", "ranges": [[{"subnet": "198.51.100.0/25", "rangeStart": "198.51.100.70",
                                             "rangeEnd": "198.51.100.75"}]]}}
""")
F6 = nad("""
{"cniVersion": "0.3.1", "type": "macvlan", "master": "eth1", "mode": "bridge",
 "ipam": {"type": "whereabouts", "range": "203.0.113.0/24", "exclude": ["203.0.113.0/30", "203.0.113.77"]}}
""")
F15 = nad(
    '{"cniVersion": "0.3.1", "type": "sriov", "vlan": 100, "spoofchk": "off", "ipam": {"type": "dhcp"}}',
    metadata='name: net, annotations: {k8s.v1.cni.cncf.io/resourceName: "example.com/sriov"}',
)
SRIOV = nad(
    '{"cniVersion": "1.0.0", "type": "sriov", "vlan": 0, "vlanQoS": 0, "vlanProto": "802.1q", "ipam": {}}',
    metadata='name: net, annotations: {k8s.v1.cni.cncf.io/resourceName: "example.com/sriov"}',
)
CANAL = """
{"name": "k8s-pod-network", "cniVersion": "0.3.1", "plugins": [
  {"type": "calico", "ipam": {"type": "host-local", "ranges": [[{"subnet": "usePodCidr"}]]}},
  {"type": "portmap", "snat": true, "capabilities": {"portMappings": true}}
]}
"""
ANTREA = '{"cniVersion": "0.3.0", "name": "antrea", "plugins": [{"type": "antrea", "ipam": {"type": "host-local"}}]}'
AZURE = """
{"cniVersion": "0.3.0", "name": "azure", "adapterName": "eth0", "plugins": [
  {"type": "azure-vnet", "mode": "transparent", "ipam": {"type": "azure-vnet-ipam"}},
  {"type": "portmap", "snat": true, "capabilities": {"portMappings": true}}
]}
"""
KUBEVIRT = nad("""
{"cniVersion": "0.3.1", "name": "groot", "plugins": [
  {"type": "cnv-bridge", "bridge": "br1", "vlan": 1223, "macspoofchk": true, "ipam": {}}, {"type": "cnv-tuning"}
]}""") + pod('[{"name": "net", "mac": "02:00:5e:00:53:01", "interface": "pod37a8eec1ce1"}]')
OVN = nad("""
{"cniVersion": "1.0.0", "name": "l2", "type": "ovn-k8s-cni-overlay", "topology": "layer2",
 "netAttachDefName": "default/net", "subnets": "203.0.113.0/24"}
""") + pod('[{"name": "net", "mac": "02:00:5e:00:53:01", "ips": ["203.0.113.5/24"]}]')
BOND = nad("""
{"cniVersion": "0.3.1", "type": "bond", "mode": "active-backup", "failOverMac": 1, "linksInContainer": true,
 "miimon": "100", "mtu": 1500, "links": [{"name": "net1"}, {"name": "net2"}],
 "ipam": {"type": "host-local", "subnet": "203.0.113.0/24", "rangeStart": "203.0.113.10"}}
""") + pod("""
[{"name": "left", "interface": "net1"}, {"name": "right", "interface": "net2"}, {"name": "net", "interface": "bond0"}]
""")
WHEREABOUTS = nad("""
{"cniVersion": "1.0.0", "type": "macvlan", "master": "eth1", "ipam": {"type": "whereabouts",
 "range": "203.0.113.130/25", "exclude": ["203.0.113.0/24"], "ipRanges": [{"range": "2001:db8::10-2001:db8::20/64"}],
 "enable_l3": true, "exclude_gateway": true, "optimistic_ipam": true}}
""")
CHAINED = nad("""
{"cniVersion": "1.0.0", "plugins": [
  {"type": "bridge", "bridge": "br0"}, {"type": "firewall", "ingressPolicy": "isolated"},
  {"type": "tuning", "sysctl": {"net/ipv4/conf/IFNAME/arp_filter": "1"}},
  {"type": "route-override", "flushroutes": true, "addroutes": [{"dst": "203.0.113.0/24"}]}
]}""")
VOLCANO = """
apiVersion: batch.volcano.sh/v1alpha1
kind: Job
metadata: {name: train, annotations: {k8s.v1.cni.cncf.io/networks: net}}
spec: {tasks: []}
"""
CONFIG_MAP = """
apiVersion: v1
kind: ConfigMap
metadata: {name: web}
data:
  nginx.conf: "server { listen 80; }"
  settings.conf: '{"type": "web"}'
  settings.json: "{broken"
"""
DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata:
      labels: {app: web}
      annotations: {k8s.v1.cni.cncf.io/networks: net}
    spec: {containers: [{name: web, image: web}]}
"""
STATUS = """
---
apiVersion: v1
kind: Pod
metadata:
  name: pod
  annotations:
    k8s.v1.cni.cncf.io/networks: default/net
    k8s.v1.cni.cncf.io/network-status: '[{"name": "cluster", "interface": "eth0", "default": true}]'
    k8s.v1.cni.cncf.io/networks-status: '[]'
"""
SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: web, annotations: {k8s.v1.cni.cncf.io/service-network: net}}
"""
DAEMON = """
{"chrootDir": "/hostroot", "cniVersion": "0.3.1", "logLevel": "verbose", "logToStderr": true,
 "cniConfigDir": "/host/etc/cni/net.d", "multusAutoconfigDir": "/host/etc/cni/net.d", "multusConfigFile": "auto",
 "socketDir": "/host/run/multus/"}
"""
WISHES = nad("""
{"cniVersion": "1.1.0", "name": "all", "plugins": [
  {"type": "bridge", "bridge": "br0", "vlan": 7, "capabilities": {"ips": true, "mac": true},
   "ipam": {"type": "host-local", "ranges": [[{"subnet": "203.0.113.0/24"}], [{"subnet": "2001:db8::/64"}]]}},
  {"type": "portmap", "capabilities": {"portMappings": true}, "snat": true},
  {"type": "bandwidth", "capabilities": {"bandwidth": true}},
  {"type": "firewall", "ingressPolicy": "same-bridge"}, {"type": "sbr"}, {"type": "vrf", "vrfname": "blue"}
], "disableGC": true}
""") + pod("""
[{"name": "net", "interface": "data", "ips": ["203.0.113.7/24", "2001:db8::7/64"], "mac": "02:00:5e:00:53:01",
  "portMappings": [{"hostPort": 8080, "containerPort": 80, "protocol": "tcp"}],
  "bandwidth": {"ingressRate": 1000000, "ingressBurst": 8000},
  "default-route": ["203.0.113.1", "fe80::1"], "cni-args": {"a": 1}}, {"name": "net"}]
""")
OTHERS = nad(
    '{"cniVersion": "1.0.0", "type": "ovs", "anything": [1, {"goes": null}], "ipam": {"type": "acme", "a": 1}}'
)
ANCHORS = """
apiVersion: v1
kind: List
items:
- &nad
  apiVersion: k8s.cni.cncf.io/v1
  kind: NetworkAttachmentDefinition
  metadata: {name: a, namespace: x}
  spec: {config: '{"cniVersion": "1.0.0", "type": "macvlan"}'}
- <<: *nad
  metadata: {name: b, namespace: x}
"""

VALID: dict[str, tuple[str, str]] = {
    "F1: static addresses that pods ask for": ("a.yaml", F1),
    "F2: addresses from a range": ("a.yaml", F2),
    "F3: several networks": ("a.yaml", F2 + pod("net , net").replace("name: pod", "name: two")),
    "F3: a name for the interface": ("a.yaml", F2 + pod("default/net@data")),
    "F4: a fixed address": ("a.yaml", F4),
    "F5: ipvlan": ("a.yaml", F5),
    "F6: whereabouts": ("a.yaml", F6),
    "F8: a status": ("a.yaml", F2.split("---", maxsplit=1)[0] + STATUS),
    "F10: a network that is not in the file": ("a.yaml", pod("storage")),
    "F11: a Deployment": ("a.yaml", DEPLOYMENT),
    "F14: a service's network": ("a.yaml", SERVICE),
    "F15: a device plugin's device": ("a.yaml", F15),
    "SR-IOV, as its operator writes it": ("a.yaml", SRIOV),
    "Canal, which puts the node's subnet into host-local's section": ("10-canal.conflist", CANAL),
    "Antrea, which does it, too": ("10-antrea.conflist", ANTREA),
    "Azure, with a key of its own beside the plugins": ("10-azure.conflist", AZURE),
    "KubeVirt's bridge, and the address that it asks for": ("a.yaml", KUBEVIRT),
    "OVN-Kubernetes, which reads the annotation itself": ("a.yaml", OVN),
    "a bond of two": ("a.yaml", BOND),
    "whereabouts with all its keys": ("a.yaml", WHEREABOUTS),
    "plugins that change what others have made": ("a.yaml", CHAINED),
    "a Job that has its templates elsewhere": ("a.yaml", VOLCANO),
    "configurations of others in a ConfigMap": ("a.yaml", CONFIG_MAP),
    "Helm's comments, and documents of nothing else": ("a.yaml", f"# Source: a\n---\n# b\n---\n{F4}---\n# end\n"),
    "lines that end as they do on Windows": ("a.yaml", F1.replace("\n", "\r\n")),
    "a byte order mark before YAML": ("a.yaml", "\ufeff" + F2),
    "blanks and line breaks in an annotation": ("a.yaml", F2 + pod("  net ,\n  default/net@data\n")),
    "keys in another case": ("a.yaml", nad('{"CNIVersion": "1.0.0", "Type": "macvlan", "MASTER": "eth1"}')),
    "F16: the original's daemon-config.json": ("daemon-config.json", DAEMON),
    "everything asked for, everything declared": ("a.yaml", WISHES),
    "plugins that nobody knows": ("a.yaml", OTHERS),
    "anchors, aliases and merges": ("a.yaml", ANCHORS),
    "annotations that a tool adds everywhere": (
        "a.yaml",
        DEPLOYMENT.replace(
            "{name: web}\nspec:", "{name: web, annotations: {k8s.v1.cni.cncf.io/networks: net}}\nspec:", 1
        ),
    ),
    "other kinds of the same group": ("a.yaml", "apiVersion: k8s.cni.cncf.io/v1beta1\nkind: MultiNetworkPolicy\n"),
    "kinds of other groups": ("a.yaml", "apiVersion: example.com/v1\nkind: CronJobb\n"),
    "JSON": ("a.json", '{"apiVersion": "v1", "kind": "List", "items": []}'),
}
