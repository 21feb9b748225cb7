"""Objects cut down to their metadata, for clients that want no more (Kubernetes: PartialObjectMetadata)."""

from __future__ import annotations

from multus_py.lab.objects import JSON, Object

API_VERSION = "meta.k8s.io/v1"


class Shape:
    """How a client wants its objects."""

    def __init__(self, accept: str) -> None:
        """Read the header Accept; its first part is what the client likes best."""
        parameters = [part.strip() for part in accept.partition(",")[0].split(";")[1:]]
        partial = {"as=PartialObjectMetadata", "as=PartialObjectMetadataList"}.intersection(parameters)
        self._partial = bool(partial) and {"g=meta.k8s.io", "v=v1"}.issubset(parameters)

    def of(self, obj: Object) -> Object:
        """Return an object as the client wants it."""
        if not self._partial:
            return obj
        return {"kind": "PartialObjectMetadata", "apiVersion": API_VERSION, "metadata": obj.get("metadata")}

    def of_list(self, found: Object) -> Object:
        """Return a list as the client wants it."""
        if not self._partial:
            return found
        objects = found["items"] if isinstance(found["items"], list) else []
        items: list[JSON] = [self.of(obj) for obj in objects if isinstance(obj, dict)]
        kind = "PartialObjectMetadataList"
        return {"kind": kind, "apiVersion": API_VERSION, "metadata": found["metadata"], "items": items}
