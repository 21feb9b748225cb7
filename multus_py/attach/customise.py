"""What a pod's selection and its device change in a network's configuration (multus-behaviour 2.1, 4.1)."""

from __future__ import annotations

from multus_py.base import jsontext
from multus_py.cni import conf, errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject, JSONValue


def customised(network: conf.Network, *, cni_args: JSONObject | None, device_id: str) -> conf.Network:
    """Return the network as one pod gets it.

    Args:
        network: The network as it was found.
        cni_args: Goes into `args.cni` of every plugin, over what is there; None when the pod gave none.
        device_id: The allocated device; goes into every plugin as `deviceID` and `pciBusID`. Empty for none.

    Raises:
        CNIError: The configuration has something else than an object where these belong.
    """
    if cni_args is None and not device_id:
        return network
    changed: list[JSONValue] = [_changed(plugin.raw, network.name, cni_args, device_id) for plugin in network.plugins]
    if network.single:
        return conf.parse(jsontext.dumps(changed[0]).encode())
    document = jsontext.loads_object(network.effective_raw())
    return conf.parse(jsontext.dumps({**document, "plugins": changed}).encode())


def _changed(plugin: JSONObject, name: str, cni_args: JSONObject | None, device_id: str) -> JSONObject:
    changed = dict(plugin)
    if device_id:
        changed |= {"deviceID": device_id, "pciBusID": device_id}
    if cni_args is not None:
        outer = _member(plugin, "args", name)
        changed["args"] = {**outer, "cni": {**_member(outer, "cni", name), **cni_args}}
    return changed


def _member(value: JSONObject, key: str, name: str) -> JSONObject:
    member = value.get(key)
    if member is None:
        return {}
    if not isinstance(member, dict):
        problem = f'network "{name}": cni-args cannot be merged: "{key}" is {jsontext.kind(member)}, not an object'
        raise errors.CNIError(errors.INVALID_CONFIG, problem)
    return member
