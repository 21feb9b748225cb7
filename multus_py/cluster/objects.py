"""The objects of the cluster, as far as Multus looks at them: pods and network attachment definitions."""

from __future__ import annotations

from multus_py.base import fields, value
from multus_py.cluster import errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

    from multus_py.base.fields import Fields
    from multus_py.base.jsontext import JSONObject

_CONFIG_SOURCE = "kubernetes.io/config.source"
_RESOURCE_NAME = "k8s.v1.cni.cncf.io/resourceName"
_NO_ANNOTATIONS: Mapping[str, str] = {}


class Claim(value.Value):
    """A ResourceClaim that a pod uses (DRA)."""

    name: str
    """Its name, in the pod's namespace; "" while nobody has made it of its template yet."""
    entry: str = ""
    """What the pod calls it; "" for the one that stands for its extended resources."""
    resources: tuple[tuple[str, str], ...] = ()
    """The extended resources that it stands for, each with the request of the claim, as (request, resource)."""


class Pod(value.Value):
    """A pod."""

    namespace: str
    name: str
    uid: str
    """For a static pod that of its mirror in the API, which is not the one that runtimes know."""
    annotations: Mapping[str, str] = _NO_ANNOTATIONS
    node: str = ""
    """Where it is scheduled; empty when it is not yet."""
    containers: tuple[str, ...] = ()
    """The names of its sidecars and containers, in the kubelet's order; none when whoever brought it has none."""
    claims: tuple[Claim, ...] | None = None
    """The resource claims that it uses, in its own order; None when they are not known: from metadata alone."""

    @classmethod
    def from_document(cls, document: JSONObject) -> Self:
        """Read the API server's document.

        Raises:
            ClusterError: It is no usable pod.
        """
        try:
            metadata, spec = _parts(document)
            return cls(
                namespace=_required(metadata, "namespace"),
                name=_required(metadata, "name"),
                uid=_required(metadata, "uid"),
                annotations=_annotations(metadata),
                node=spec.text("nodeName"),
                containers=_containers(spec),
                claims=_claims(spec, fields.Fields(document, "", folded=False)),
            )
        except fields.FieldError as error:
            raise errors.ClusterError(f"the cluster's answer is no pod: {error}") from error

    @property
    def is_static(self) -> bool:
        """Whether the kubelet has it from a file or a URL and the API only mirrors it (multus-behaviour 3.8)."""
        return self.annotations.get(_CONFIG_SOURCE, "api") != "api"


class Nad(value.Value):
    """A NetworkAttachmentDefinition (cni-behaviour 12)."""

    namespace: str
    name: str
    config: str = ""
    """The JSON text of a CNI configuration, unchecked; empty means that a file on the node has it."""
    resource_name: str = ""
    """The device-plugin resource that attachments to it take a device of; empty for none."""
    annotations: Mapping[str, str] = _NO_ANNOTATIONS

    @classmethod
    def from_document(cls, document: JSONObject) -> Self:
        """Read the API server's document.

        Raises:
            ClusterError: It is no usable definition.
        """
        try:
            metadata, spec = _parts(document)
            annotations = _annotations(metadata)
            return cls(
                namespace=_required(metadata, "namespace"),
                name=_required(metadata, "name"),
                config=spec.text("config"),
                resource_name=annotations.get(_RESOURCE_NAME, ""),
                annotations=annotations,
            )
        except fields.FieldError as error:
            raise errors.ClusterError(f"the cluster's answer is no network-attachment-definition: {error}") from error


def _parts(document: JSONObject) -> tuple[Fields, Fields]:
    """Return an object's metadata and its spec."""
    root = fields.Fields(document, "", folded=False)
    metadata, spec = (fields.Fields.of(root.object(key), key, folded=False) for key in ("metadata", "spec"))
    return metadata, spec


def _containers(spec: Fields) -> tuple[str, ...]:
    """Return the names of the containers that run side by side: the kubelet's answers have these, in this order."""
    sidecars = (one for one in spec.objects("initContainers") if one.text("restartPolicy") == "Always")
    return tuple(one.text("name") for one in (*sidecars, *spec.objects("containers")))


def _claims(spec: Fields, root: Fields) -> tuple[Claim, ...] | None:
    """Return the claims that a pod uses: those that it names, made of a template, or for its extended resources."""
    if not root.has("status"):
        return None
    status = root.fields("status")
    generated = {made.text("name"): made.text("resourceClaimName") for made in status.objects("resourceClaimStatuses")}
    claims = []
    for wanted in spec.objects("resourceClaims"):
        entry, name = wanted.text("name"), wanted.text("resourceClaimName")
        if name or generated.get(entry, "not yet"):  # made of a template, but without a name: none is necessary
            claims.append(Claim(name=name or generated.get(entry, ""), entry=entry))
    extended = status.fields("extendedResourceClaimStatus")
    if extended.has("resourceClaimName"):
        mappings = extended.objects("requestMappings")
        resources = tuple((mapping.text("requestName"), mapping.text("resourceName")) for mapping in mappings)
        claims.append(Claim(name=extended.text("resourceClaimName"), resources=resources))
    return tuple(claims)


def _required(metadata: Fields, key: str) -> str:
    text = metadata.text(key)
    if not text:
        raise fields.FieldError(f"{metadata.path(key)} is missing")
    return text


def _annotations(metadata: Fields) -> dict[str, str]:
    annotations = fields.Fields.of(metadata.object("annotations"), metadata.path("annotations"), folded=False)
    return {key: annotations.text(key) for key in metadata.object("annotations") or {}}
