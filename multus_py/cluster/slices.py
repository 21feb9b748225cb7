"""What drivers publish of their devices in ResourceSlices (resource.k8s.io/v1). Documents in, values out.

A pool is a number of slices of one generation. A driver that changes something writes all of them anew, with the next
generation, one after the other: of a pool only the newest counts, and while it is incomplete, a device may be missing.
"""

from __future__ import annotations

from multus_py.base import fields, value
from multus_py.cluster import errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from multus_py.base.fields import Fields
    from multus_py.base.jsontext import JSONObject

DEVICE_ID = "k8s.cni.cncf.io/deviceID"
"""The attribute that says what plugins call a device."""
RESOURCE_NAME = "k8s.cni.cncf.io/resourceName"
"""The attribute that says which networks it is for: those with this resource."""


class Device(value.Value):
    """What is published of a device, as far as networks go."""

    id: str = ""
    resource: str = ""

    @property
    def missing(self) -> tuple[str, ...]:
        """The attributes that a network would need, and that it has not."""
        return tuple(name for name, text in ((DEVICE_ID, self.id), (RESOURCE_NAME, self.resource)) if not text)


class Published:
    """The devices of some drivers."""

    def __init__(self, documents: Iterable[JSONObject]) -> None:
        """Read ResourceSlices. Raises FieldError: there is something else among them."""
        self._pools: dict[tuple[str, str], list[tuple[int, Fields]]] = {}
        for document in documents:
            spec = fields.Fields(document, "ResourceSlice", folded=False).fields("spec")
            pool = spec.fields("pool")
            place = spec.text("driver"), pool.text("name")
            self._pools.setdefault(place, []).append((pool.integer("generation"), spec))

    def device(self, driver: str, pool: str, name: str, *, whose: str) -> Device:
        """Return what is published of a device.

        Args:
            driver: Its driver.
            pool: Its pool.
            name: Its name in the pool.
            whose: How messages call it.

        Raises:
            UnavailableError: It is not published, but may soon be.
            ClusterError: It is not published, or more than once.
            FieldError: A slice is not what it should be.
        """
        known = self._pools.get((driver, pool))
        if known is None:
            raise errors.UnavailableError(f"{whose} is not published: the driver has no ResourceSlice of the pool here")
        newest = max(generation for generation, _ in known)
        current = [spec for generation, spec in known if generation == newest]
        found = [item for spec in current for item in spec.array("devices") if _name(item) == name]
        if len(found) > 1:
            raise errors.ClusterError(f"{whose} is published {len(found)} times in generation {newest} of its pool")
        if not found:
            raise _missing(current, newest, whose)
        return _device(fields.Fields.of(found[0], f"device {name}", folded=False))


def _device(device: Fields) -> Device:
    attributes = device.fields("attributes")
    return Device(
        id=attributes.fields(DEVICE_ID).text("string"), resource=attributes.fields(RESOURCE_NAME).text("string")
    )


def _name(device: object) -> object:
    return device.get("name") if isinstance(device, dict) else None


def _missing(current: list[Fields], generation: int, whose: str) -> errors.ClusterError:
    expected = max(spec.fields("pool").integer("resourceSliceCount") for spec in current)
    if len(current) < expected:
        problem = f"{whose} is not published yet: only {len(current)} of {expected} ResourceSlices of generation"
        return errors.UnavailableError(f"{problem} {generation} of its pool are there")
    return errors.ClusterError(f"{whose} is not published: generation {generation} of its pool has no such device")
