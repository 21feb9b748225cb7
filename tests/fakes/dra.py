"""Documents of dynamic resource allocation, as drivers and schedulers write them (resource.k8s.io/v1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject, JSONValue

DEVICE_ID = "k8s.cni.cncf.io/deviceID"
RESOURCE_NAME = "k8s.cni.cncf.io/resourceName"


def uid(document: JSONObject) -> str:
    """Return an object's UID."""
    metadata = document["metadata"]
    assert isinstance(metadata, dict)
    return str(metadata["uid"])


def claim(
    name: str,
    devices: Sequence[tuple[str, ...]] | None,
    *,
    reserved_for: Sequence[str] = (),
    namespace: str = "default",
) -> JSONObject:
    """Return a ResourceClaim.

    Args:
        name: Its name.
        devices: What it is allocated, as (driver, pool, device) or (driver, pool, device, request); None when it is
            not allocated.
        reserved_for: The UIDs of the pods that may use it.
        namespace: Where it is.
    """
    status: JSONObject = {}
    if devices is not None:
        results: list[JSONValue] = [
            {"driver": driver, "pool": pool, "device": device, "request": (*request, "nic")[0]}
            for driver, pool, device, *request in devices
        ]
        status["allocation"] = {"devices": {"results": results}}
    if reserved_for:
        status["reservedFor"] = [{"resource": "pods", "name": "pod", "uid": each} for each in reserved_for]
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaim",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {},
        "status": status,
    }


def slice_of(
    pool: str,
    devices: Mapping[str, tuple[str, str]],
    *,
    driver: str,
    node: str = "",
    name: str = "",
    generation: int = 1,
    count: int = 1,
) -> JSONObject:
    """Return a ResourceSlice.

    Args:
        pool: Its pool.
        devices: Id and resource by the device's name; an empty one makes no attribute.
        driver: Whose it is.
        node: The node that has the devices; "" for all nodes.
        name: Its own name; by default the pool's with the generation.
        generation: The pool's.
        count: How many slices the pool has.
    """
    place: JSONObject = {"nodeName": node} if node else {"allNodes": True}
    listed: list[JSONValue] = [_device(device, *texts) for device, texts in devices.items()]
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceSlice",
        "metadata": {"name": name or f"{pool}-{generation}"},
        "spec": {
            "driver": driver,
            "pool": {"name": pool, "generation": generation, "resourceSliceCount": count},
            **place,
            "devices": listed,
        },
    }


def _device(name: str, id: str, resource: str) -> JSONObject:
    texts = {DEVICE_ID: id, RESOURCE_NAME: resource, "vendor.com/model": "x"}
    return {"name": name, "attributes": {key: {"string": text} for key, text in texts.items() if text}}
