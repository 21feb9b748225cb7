"""Every id that a finding of `multus validate` may have: docs/findings.md is made of this table, and SARIF's rules."""

from __future__ import annotations

from multus_py.findings.finding import Rule

_TABLE = (
    # Reading files
    (
        "unreadable-file",
        "A file that cannot be read",
        "Nothing in it has been checked.",
        "Correct the name, or the permissions.",
    ),
    (
        "file-too-large",
        "A file of more than 8 MiB",
        "Nothing in it has been checked.",
        "Give it in several files, or ask for one namespace at a time.",
    ),
    ("not-utf8", "A file that is not UTF-8", "Neither Kubernetes nor a runtime can read it.", "Save it as UTF-8."),
    (
        "not-yaml",
        "A text that is no YAML",
        "`kubectl apply` refuses it. What comes after the line has not been checked.",
        "Look at the line and the one before it: tabs, indentation, a quote or colon too much.",
    ),
    (
        "not-json",
        "A text that is no JSON",
        "A runtime skips a configuration file that it cannot read, or fails all pods of the node.",
        "JSON has double quotes, no comments, and no comma after the last element.",
    ),
    ("too-deep", "A document of more than 100 levels", "It is not read further.", "Give it with fewer levels."),
    (
        "too-many-values",
        "A document of more than 200 000 values",
        "A few lines with aliases of aliases can stand for more values than memory holds. It is not read further.",
        "Write out what is needed, or use several files.",
    ),
    ("empty-file", "A file without a document", "Perhaps the wrong file was given.", "Give the right one."),
    (
        "duplicate-key",
        "A key that comes twice in one object",
        "Only the last one counts, whatever the first one says.",
        "Remove one of them.",
    ),
    (
        "unrecognised",
        "A document that is none of those that are checked",
        "Nothing in it has been checked.",
        "If it is meant to be an object of Kubernetes, add apiVersion and kind.",
    ),
    (
        "unknown-kind",
        "A kind that is nearly one of those that are checked",
        "The API server knows no such kind.",
        "Correct the kind: NetworkAttachmentDefinition, Pod, Deployment, ...",
    ),
    (
        "duplicate-object",
        "A definition that the files have twice",
        "The last one applied replaces the other, so pods may get another network than they did.",
        "Rename or remove one of them.",
    ),
    # Keys
    ("missing-key", "A key that has to be there", "The plugin refuses the configuration without it.", "Add it."),
    (
        "wrong-type",
        "A value of another kind than it has to be",
        'Plugins read typed values: 80 and "80" are not the same, and one wrong kind refuses the whole configuration.',
        "Write the kind of value that the finding names.",
    ),
    ("wrong-value", "A value that is not possible", "The plugin, or Multus, refuses it.", "Write a possible one."),
    (
        "misspelt-key",
        "A key that nobody knows, much like one that is not there",
        "Unknown keys are read over in silence, so the setting that was meant has its default.",
        "Write the key as the finding says.",
    ),
    (
        "unknown-key",
        "A key that nobody reads",
        "It has no effect. Perhaps it belongs one level higher or deeper.",
        "Remove it, or put it where it belongs.",
    ),
    (
        "invalid-name",
        "A name with characters that it must not have",
        "Kubernetes refuses the object, or the network's name cannot be the name of a file.",
        "Choose another name.",
    ),
    # Configurations
    (
        "config-not-text",
        "A definition whose configuration is an object",
        "`spec.config` is a text that holds JSON; the API server refuses anything else.",
        "Write `config: |`, and below it, indented, the JSON.",
    ),
    (
        "config-not-json",
        "A configuration, inside another document, that is no JSON",
        "No pod with this network starts. Our CustomResourceDefinition refuses the worst cases.",
        "Look at the line: JSON has double quotes, no comments, and no comma after the last element.",
    ),
    (
        "config-missing",
        "A definition without a configuration, and no file of its name",
        "Every node needs a CNI configuration of that name in /etc/cni/multus/net.d; where it is missing, pods fail.",
        "Write the configuration into the definition, or give the file, too.",
    ),
    (
        "refused",
        "A configuration that Multus refuses",
        "The message is what the plugin itself would say.",
        "Correct what it names.",
    ),
    (
        "version-missing",
        "A network without a cniVersion",
        "It means 0.1.0: without CHECK, GC and STATUS, and with results that name no interfaces.",
        "Add cniVersion.",
    ),
    (
        "unknown-version",
        "A CNI version that does not exist",
        "Plugins refuse versions that they do not know.",
        "Write a version of the specification, up to 1.1.0.",
    ),
    (
        "version-too-old",
        "A CNI version that a plugin does not answer to",
        "bandwidth begins at 0.3.0, vrf at 0.3.1, firewall at 0.4.0; two addresses of one family need 0.3.0.",
        "Raise cniVersion.",
    ),
    (
        "plugin-version-ignored",
        "A plugin of a list with another version than the list",
        "The list's version holds for all its plugins.",
        "Remove the plugin's.",
    ),
    (
        "mixed-versions",
        "Multus and a delegate on different sides of CNI 1.1.0",
        "GC and STATUS exist since 1.1.0. They reach a network only if both it and Multus' configuration have that.",
        "Give both a version from 1.1.0 on, or both an older one.",
    ),
    (
        "setting-without-effect",
        "A setting that has no effect as things are",
        "It needs another setting, or a newer CNI version.",
        "Set the other one, too, or remove this one.",
    ),
    (
        "unknown-plugin",
        "A plugin whose name is nearly that of a reference plugin",
        "If no node has a plugin of this name, ADD fails with `failed to find plugin`.",
        "Correct the name. Plugins that we do not know are not judged.",
    ),
    (
        "chained-plugin-first",
        "A plugin at the beginning that only works after others",
        "bandwidth, firewall, portmap, sbr, tuning and vrf refuse to work without a plugin before them.",
        "Make a list of plugins with the one that makes the interface first.",
    ),
    (
        "ipam-plugin-first",
        "A plugin for addresses in the place of one for interfaces",
        "host-local, static, dhcp and whereabouts hand out addresses to another plugin, and make no interface.",
        "Write the plugin that makes the interface as type, and this one into its `ipam`.",
    ),
    ("exclusive-keys", "Keys that a plugin does not take together", "It refuses both.", "Remove one of them."),
    (
        "device-missing",
        "A plugin for devices that has none",
        "host-device and sriov need a device: by name, or from a device plugin by way of the annotation resourceName.",
        "Name it, or annotate the definition.",
    ),
    # Addresses
    (
        "address-outside-subnet",
        "An address outside of the subnet",
        "The IPAM plugin refuses it, or never hands it out.",
        "Write an address of the subnet, or the subnet that was meant.",
    ),
    (
        "gateway-outside-subnet",
        "A gateway outside of the subnet",
        "Pods cannot reach it directly, so routes through it cannot be made: an error where there are such routes.",
        "Write the gateway's address in the subnet.",
    ),
    (
        "reversed-range",
        "A range that ends before it begins",
        "The IPAM plugin refuses it, or hands nothing out.",
        "Write the lower address first.",
    ),
    (
        "overlapping-ranges",
        "Ranges with addresses in common",
        "host-local refuses such ranges. whereabouts takes them (a warning), and has fewer addresses than it seems.",
        "Give each range addresses of its own.",
    ),
    (
        "host-bits-set",
        "A subnet that is written with an address in it",
        "host-local refuses it.",
        "Write the network's address.",
    ),
    (
        "subnet-too-small",
        "A subnet with nothing to hand out",
        "host-local needs a /30 (IPv4) or /126 (IPv6) at least.",
        "Write a shorter prefix length.",
    ),
    (
        "mixed-families",
        "IPv4 and IPv6 in one set of ranges",
        "A pod gets one address from each set, so host-local wants each set to be of one family.",
        "Make two sets: `[[{IPv4}], [{IPv6}]]`.",
    ),
    # Pods
    (
        "annotation-not-json",
        "An annotation that is neither the short form nor JSON",
        "No pod with it starts.",
        "Correct the JSON, or write the short form: `NAME`, `NAMESPACE/NAME@INTERFACE`, several with commas.",
    ),
    (
        "annotation-refused",
        "An annotation that Multus refuses",
        "The message is what the plugin itself would say; the pod gets it as an event.",
        "Correct what it names.",
    ),
    (
        "misspelt-annotation",
        "An annotation that is nearly one of ours",
        "Nobody reads it: the pod starts without the networks.",
        "Write it as the finding says.",
    ),
    (
        "misplaced-annotation",
        "An annotation where nobody reads it",
        "What counts is the pod's own metadata: in a Deployment that is `spec.template.metadata.annotations`.",
        "Move it there.",
    ),
    (
        "capability-not-declared",
        "Something is asked of a network that no plugin of it has declared to do",
        "Multus hands arguments only to plugins that declare the capability; others never see them.",
        'Declare it in the plugin\'s configuration: `"capabilities": {"ips": true}`.',
    ),
    (
        "default-route-outside-network",
        "A default route by way of a gateway that the network does not have",
        "The kernel refuses a route to a gateway that is not reachable directly, and the pod fails.",
        "Name a gateway inside the network.",
    ),
    (
        "interface-name-taken",
        "An interface name that another network gets",
        "Two networks cannot have one interface; no pod with it starts.",
        "Choose another name; eth0 is the cluster network's, net1, net2, ... go to those without a name.",
    ),
    # References
    (
        "nad-in-other-namespace",
        "A definition that is in another namespace",
        "A name without a namespace is looked for in the pod's own; for the cluster network in kube-system.",
        "Write NAMESPACE/NAME, or move the definition.",
    ),
    (
        "nad-not-found",
        "A definition that is not there",
        "Pods stay in ContainerCreating with the event NoNetworkFound.",
        "Create it first, or correct the name.",
    ),
    (
        "nad-out-of-reach",
        "A definition in a namespace that isolation forbids",
        "With namespaceIsolation pods may use networks of their own namespace and of globalNamespaces only.",
        "Use one of these, or add the namespace to globalNamespaces.",
    ),
    (
        "cluster-unavailable",
        "The cluster could not be asked",
        "Whether definitions exist that are not in the files is not known.",
        "Check the kubeconfig, the server, and the account's permission to read network-attachment-definitions.",
    ),
)

RULES = tuple(Rule(id=id, title=title, meaning=meaning, remedy=remedy) for id, title, meaning, remedy in _TABLE)
