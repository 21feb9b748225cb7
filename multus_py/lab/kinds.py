"""The table of what the API server serves; a further kind is one more row. Discovery is derived from it."""

from __future__ import annotations

from dataclasses import dataclass

from multus_py.lab.objects import JSON, Object

VERBS = ("create", "delete", "get", "list", "patch", "update", "watch")


@dataclass(frozen=True)
class Kind:
    """One kind of object and how the API server treats it."""

    group: str
    """The API group; empty for the core group."""
    version: str
    plural: str
    singular: str
    name: str
    """The `kind` of its objects."""
    short_names: tuple[str, ...] = ()
    namespaced: bool = True
    status: bool = False
    """Whether there is a `status` subresource, the only door to an object's status."""
    phase: str = ""
    """The `phase` in a new object's status; "" for none."""
    native: bool = True
    """False for a custom resource: no strategic merge patch, and a PUT must carry the resourceVersion."""
    counts_generations: bool = False
    returns_deleted: bool = False
    """Whether DELETE answers with the object rather than with a Status."""
    fields: tuple[str, ...] = ()
    """The fields, besides the name and the namespace, that a field selector may use."""

    @property
    def api_version(self) -> str:
        """Return the `apiVersion` of its objects."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def qualified_plural(self) -> str:
        """Return the name that error messages use, such as `pods`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def qualified_name(self) -> str:
        """Return the name that messages about invalid objects use, such as `Pod`."""
        return f"{self.name}.{self.group}" if self.group else self.name


PODS = Kind(
    group="",
    version="v1",
    plural="pods",
    singular="pod",
    name="Pod",
    short_names=("po",),
    status=True,
    phase="Pending",
    counts_generations=True,
    returns_deleted=True,
    fields=("spec.nodeName", "status.phase"),
)
EVENTS = Kind(
    group="",
    version="v1",
    plural="events",
    singular="event",
    name="Event",
    short_names=("ev",),
    fields=(
        "involvedObject.kind",
        "involvedObject.name",
        "involvedObject.namespace",
        "involvedObject.uid",
        "reason",
        "type",
    ),
)
NAMESPACES = Kind(
    group="",
    version="v1",
    plural="namespaces",
    singular="namespace",
    name="Namespace",
    short_names=("ns",),
    namespaced=False,
    returns_deleted=True,
)
NADS = Kind(
    group="k8s.cni.cncf.io",
    version="v1",
    plural="network-attachment-definitions",
    singular="network-attachment-definition",
    name="NetworkAttachmentDefinition",
    short_names=("net-attach-def", "nad"),
    native=False,
    counts_generations=True,
)
CLAIMS = Kind(
    group="resource.k8s.io",
    version="v1",
    plural="resourceclaims",
    singular="resourceclaim",
    name="ResourceClaim",
    status=True,
    returns_deleted=True,
)
SLICES = Kind(
    group="resource.k8s.io",
    version="v1",
    plural="resourceslices",
    singular="resourceslice",
    name="ResourceSlice",
    namespaced=False,
    counts_generations=True,
    returns_deleted=True,
    fields=("spec.driver", "spec.nodeName"),
)
KINDS = (PODS, EVENTS, NAMESPACES, NADS, CLAIMS, SLICES)


def named(name: str) -> Kind:
    """Return the kind with this plural, singular or short name.

    Raises:
        KeyError: When there is none.
    """
    for kind in KINDS:
        if name in {kind.plural, kind.singular, *kind.short_names}:
            return kind
    raise KeyError(name)


def of(obj: Object) -> Kind:
    """Return the kind that an object's `apiVersion` and `kind` name.

    Raises:
        KeyError: When the server does not serve it.
    """
    for kind in KINDS:
        if (obj.get("apiVersion"), obj.get("kind")) == (kind.api_version, kind.name):
            return kind
    raise KeyError(f"{obj.get('apiVersion')} {obj.get('kind')}")


def discovery() -> dict[str, Object]:
    """Return the discovery documents by their path."""
    groups = sorted({(kind.group, kind.version) for kind in KINDS if kind.group})
    documents: dict[str, Object] = {
        "/version": {"major": "1", "minor": "33", "gitVersion": "v1.33.0-lab", "platform": "linux/amd64"},
        "/api": {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []},
        "/api/v1": _resource_list("", "v1"),
        "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group(*group) for group in groups]},
    }
    for group, version in groups:
        documents[f"/apis/{group}"] = {"kind": "APIGroup", "apiVersion": "v1", **_group(group, version)}
        documents[f"/apis/{group}/{version}"] = _resource_list(group, version)
    return documents


def _group(group: str, version: str) -> Object:
    preferred: Object = {"groupVersion": f"{group}/{version}", "version": version}
    return {"name": group, "versions": [preferred], "preferredVersion": preferred}


def _resource_list(group: str, version: str) -> Object:
    resources: list[JSON] = []
    for kind in KINDS:
        if (kind.group, kind.version) != (group, version):
            continue
        entry: Object = {
            "name": kind.plural,
            "singularName": kind.singular,
            "namespaced": kind.namespaced,
            "kind": kind.name,
            "verbs": list(VERBS),
            "shortNames": list(kind.short_names),
        }
        resources.append(entry)
        if kind.status:
            verbs: list[JSON] = ["get", "patch", "update"]
            resources.append({**entry, "name": f"{kind.plural}/status", "verbs": verbs})
    group_version = f"{group}/{version}" if group else version
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": resources}
