"""The configuration that a plugin gets on stdin, built from the network's (cni-behaviour 8.5)."""

from __future__ import annotations

from multus_py.base import jsontext
from multus_py.cni import errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject
    from multus_py.cni.conf import Network, Plugin


def build(
    network: Network,
    plugin: Plugin,
    *,
    previous: JSONObject | None = None,
    capability_args: JSONObject | None = None,
    extra: JSONObject | None = None,
) -> bytes:
    """Build the configuration for one call of one plugin.

    Args:
        network: Gives its name and version, whatever the plugin's own object says.
        plugin: Gives all other keys, unchanged. A `prevResult` or `runtimeConfig` of its own stays where there is
            nothing to replace it.
        previous: The result to hand on as `prevResult`.
        capability_args: What the runtime has for capabilities; those that the plugin declares become `runtimeConfig`.
        extra: More keys to set.

    Raises:
        CNIError: A key of `extra` is empty, or its value null.
    """
    document = {**plugin.raw, "name": network.name, "cniVersion": network.version}
    if previous is not None:
        document["prevResult"] = previous
    wanted = {key: item for key, item in (capability_args or {}).items() if key in plugin.capabilities}
    if wanted:
        document["runtimeConfig"] = wanted
    for key, item in (extra or {}).items():
        if not key:
            raise errors.CNIError(errors.INTERNAL, "keys cannot be empty")
        if item is None:
            raise errors.CNIError(errors.INTERNAL, f"key '{key}' value must not be nil")
        document[key] = item
    return jsontext.dumps(document, sort=True, html_safe=True).encode()
