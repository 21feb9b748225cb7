"""The operations of a runtime on a network: each calls the network's plugins, in the spec's order.

Sections 8.9 to 8.12 of cni-behaviour. An operation on several networks, undoing a failed one, and finding what is stale
are not here but with the caller.
"""

from __future__ import annotations

from multus_py.base import jsontext, value, wording
from multus_py.cni import args, cache, errors, request, result, versions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject, JSONValue
    from multus_py.cni.conf import Network, Plugin
    from multus_py.cni.invoke import Executor
    from multus_py.cni.result import Result

_ATTACHMENT_KEYS = ("cni.dev/valid-attachments", "cni.dev/attachments")  # the spec's, and the one libcni sends as well


class Runtime(value.Value):
    """One attachment of a container to a network, apart from the network's configuration."""

    container_id: str
    netns: str
    """The path of the network namespace; may be empty on DEL."""
    ifname: str
    args: tuple[tuple[str, str], ...] = ()
    """The pairs of CNI_ARGS."""
    capability_args: JSONObject
    """What there is for capabilities, by their names; a plugin gets what it declares."""
    cache_dir: str
    """The directory that has `results/`."""


def add(network: Network, runtime: Runtime, executor: Executor) -> Result:
    """Attach: each plugin gets the result of the one before it. The last one's is recorded and returned.

    Raises:
        CNIError: A plugin failed, or the record cannot be written. What was attached so far stays: call `delete`.
    """
    if not network.plugins:
        raise errors.CNIError(errors.INVALID_CONFIG, f'network "{network.name}" has no plugins')
    latest = result.Result()
    previous: JSONObject | None = None
    for plugin in network.plugins:
        try:
            latest = _add_plugin(network, plugin, runtime, executor, previous)
            previous = result.encode(latest, latest.version)
        except errors.CNIError as error:
            raise _in_context(network, plugin, "add", error) from error
    try:
        cache.write(runtime.cache_dir, _record(network, runtime, previous))
    except errors.CNIError as error:
        raise _cache_failure("set", network, error) from error
    return latest


def check(network: Network, runtime: Runtime, executor: Executor) -> None:
    """Check that all is as the ADD left it.

    Raises:
        CNIError: A plugin misses something, or the version does not know CHECK.
    """
    if not network.at_least(versions.MINIMUM["CHECK"]):
        shown = wording.quoted(network.version)
        problem = f"configuration version {shown} does not support the CHECK command"
        raise errors.CNIError(errors.INCOMPATIBLE_VERSION, problem)
    if network.disable_check:
        return
    try:
        previous = _cached_result(network, runtime)
    except errors.CNIError as error:
        raise _cache_failure("get", network, error) from error
    for plugin in network.plugins:
        _call("CHECK", network, plugin, runtime, executor, previous=previous)


def delete(network: Network, runtime: Runtime, executor: Executor, *, thorough: bool = False) -> None:
    """Detach: the plugins in reverse order, each with the result of the ADD. At the end the record is removed.

    Args:
        network: The network.
        runtime: The attachment.
        executor: Runs the plugins.
        thorough: Whether to go on past plugins that fail. The spec says to halt (section 4, "Deleting an attachment");
            but where the ADD halted at a plugin that cannot be run, the ones before it still have to give back
            what they made.

    Raises:
        CNIError: A plugin failed. Unless thorough, those before it in the list were not called. The record is still
            there.
    """
    previous = None
    if network.at_least(versions.CACHED_RESULT_ON_DEL):
        try:
            previous = _cached_result(network, runtime)
        except errors.CNIError as error:
            executor.log.warning(f"DEL: the cached result of network {network.name} is of no use: {error}")
            _remove_record(network, runtime)
    failed: list[errors.CNIError] = []
    for plugin in reversed(network.plugins):
        try:
            _call("DEL", network, plugin, runtime, executor, previous=previous)
        except errors.CNIError as error:
            failed.append(_in_context(network, plugin, "delete", error))
            if not thorough:
                break
    if failed:
        raise _several(failed)
    _remove_record(network, runtime)


def status(network: Network, executor: Executor) -> None:
    """Ask whether containers can be attached; without effect below version 1.1.0.

    Raises:
        CNIError: The first plugin's that says no, unchanged.
    """
    if not network.at_least(versions.MINIMUM["STATUS"]):
        return
    for plugin in network.plugins:
        executor.execute("STATUS", plugin.type, config=request.build(network, plugin))


def collect(network: Network, valid: tuple[tuple[str, str], ...], executor: Executor) -> None:
    """Let the plugins remove what belongs to no attachment; without effect below version 1.1.0 or if disabled.

    Args:
        network: The network.
        valid: The container ids and interface names of the attachments that exist.
        executor: Runs the plugins.

    Raises:
        CNIError: Some plugins failed; all were called.
    """
    if network.disable_gc or not network.at_least(versions.MINIMUM["GC"]):
        return
    attachments: list[JSONValue] = [{"containerID": container_id, "ifname": ifname} for container_id, ifname in valid]
    extra: JSONObject = dict.fromkeys(_ATTACHMENT_KEYS, attachments)
    failed = []
    for plugin in network.plugins:
        try:
            executor.execute("GC", plugin.type, config=request.build(network, plugin, extra=extra))
        except errors.CNIError as error:
            failed.append(error.prefixed(f"failed to GC plugin {plugin.type}: "))
    if failed:
        raise _several(failed)


def _add_plugin(
    network: Network, plugin: Plugin, runtime: Runtime, executor: Executor, previous: JSONObject | None
) -> Result:
    executor.find(plugin.type)  # what is missing is reported before what is wrong: cni-behaviour 8.7.3
    args.validate_container_id(runtime.container_id)
    args.validate_network_name(network.name)
    args.validate_interface_name(runtime.ifname)
    stdout = _call("ADD", network, plugin, runtime, executor, previous=previous)
    try:
        document = jsontext.loads_object(stdout)
    except jsontext.JSONError as error:
        raise errors.CNIError(errors.DECODING_FAILURE, f"failed to unmarshal raw result: {error}") from error
    return result.decode(document, default_version=network.version)


def _call(
    verb: str, network: Network, plugin: Plugin, runtime: Runtime, executor: Executor, *, previous: JSONObject | None
) -> bytes:
    return executor.execute(
        verb,
        plugin.type,
        config=request.build(network, plugin, previous=previous, capability_args=runtime.capability_args),
        container_id=runtime.container_id,
        netns=runtime.netns,
        ifname=runtime.ifname,
        args=args.join_args(runtime.args),
    )


def _in_context(network: Network, plugin: Plugin, operation: str, error: errors.CNIError) -> errors.CNIError:
    """Say which plugin of a list it was. The code and the details stay as they are."""
    if network.single:
        return error
    name = f" name={wording.quoted(plugin.name)}" if plugin.name else ""
    return error.prefixed(f"plugin type={wording.quoted(plugin.type)}{name} failed ({operation}): ")


def _several(failed: list[errors.CNIError]) -> errors.CNIError:
    """Return one error for all, which is to be tried again if one of them is."""
    again = any(error.code == errors.TRY_AGAIN_LATER for error in failed)
    code = errors.TRY_AGAIN_LATER if again else errors.INTERNAL
    return failed[0] if len(failed) == 1 else errors.CNIError(code, "\n".join(map(str, failed)))


def _record(network: Network, runtime: Runtime, latest: JSONObject | None) -> cache.Cached:
    return cache.Cached(
        network_name=network.name,
        container_id=runtime.container_id,
        ifname=runtime.ifname,
        config=network.effective_raw(),
        netns=runtime.netns,
        args=runtime.args,
        capability_args=runtime.capability_args,
        result=latest,
    )


def _cached_result(network: Network, runtime: Runtime) -> JSONObject | None:
    """Return the recorded result in the version of the network, None when there is none."""
    cached = cache.read(runtime.cache_dir, network.name, runtime.container_id, runtime.ifname)
    if cached is None or cached.result is None:
        return None
    return result.encode(result.decode(cached.result, default_version=versions.OLDEST), network.version)


def _remove_record(network: Network, runtime: Runtime) -> None:
    try:
        cache.remove(runtime.cache_dir, network.name, runtime.container_id, runtime.ifname)
    except errors.CNIError:
        pass  # what cannot be removed must not keep a container from going; the next ADD overwrites it


def _cache_failure(operation: str, network: Network, error: errors.CNIError) -> errors.CNIError:
    return error.prefixed(f"failed to {operation} network {wording.quoted(network.name)} cached result: ")
