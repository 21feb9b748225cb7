"""The operations of a runtime on a network, with real plugins that write down what they were given."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from multus_py.base import clock, log, process
from multus_py.cni import cache, conf, errors, invoke, network, versions
from multus_py.cni.result import Address, Interface, Result
from tests.fakes.plugins import PluginDirectory

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject, JSONValue

WITH_CHECK = [version for version in versions.SUPPORTED if versions.at_least(version, "0.4.0")]
WITHOUT_CHECK = [version for version in versions.SUPPORTED if version not in WITH_CHECK]
WITHOUT_GC = [version for version in versions.SUPPORTED if version != "1.1.0"]
IPS: JSONObject = {"cniVersion": "1.0.0", "ips": [{"address": "192.0.2.7/24"}]}


class World:
    """Plugins, and a directory for records."""

    def __init__(self, path: Path) -> None:
        self.plugins = PluginDirectory(path / "bin")
        self.cache_dir = path / "cache"
        self.executor = invoke.Executor(
            run=process.run,
            search=(self.plugins.path,),
            environ=self.plugins.environ,
            clock=clock.SystemClock(),
            log=log.Log(log.Options(stderr=False, path=str(path / "log"), level=log.DEBUG)),
            timeout=20,
        )
        self.runtime = network.Runtime(
            container_id="abc",
            netns="/ns",
            ifname="net1",
            args=(("K8S_POD_NAME", "pod"), ("X", "1")),
            capability_args={"ips": ["192.0.2.7/24"], "mac": "0a:58:0a:01:02:03"},
            cache_dir=str(self.cache_dir),
        )

    def add(self, net: conf.Network) -> Result:
        return network.add(net, self.runtime, self.executor)

    def delete(self, net: conf.Network, *, thorough: bool = False) -> None:
        network.delete(net, self.runtime, self.executor, thorough=thorough)

    def check(self, net: conf.Network) -> None:
        network.check(net, self.runtime, self.executor)

    def cached(self) -> cache.Cached | None:
        return cache.read(str(self.cache_dir), "net", "abc", "net1")

    def put(self, content: bytes) -> Path:
        """Lay a record of the attachment in its place."""
        path = self.cache_dir / "results" / "net-abc-net1"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def put_result(self, result: JSONObject | None) -> None:
        cache.write(
            str(self.cache_dir),
            cache.Cached(network_name="net", container_id="abc", ifname="net1", capability_args={}, result=result),
        )

    def previous(self) -> list[JSONValue]:
        """Return the previous results that the plugins were given."""
        return [call.config.get("prevResult") for call in self.plugins.calls()]


@pytest.fixture(name="world")
def _world(tmp_path: Path) -> World:
    world = World(tmp_path)
    for type in ("one", "two", "three"):
        world.plugins.install(type)
    return world


def _list(*plugins: JSONObject, version: str = "1.0.0", **keys: JSONValue) -> conf.Network:
    listed: list[JSONValue] = list(plugins or ({"type": "one"}, {"type": "two", "name": "second"}, {"type": "three"}))
    return conf.parse(json.dumps({"cniVersion": version, "name": "net", **keys, "plugins": listed}).encode())


def _single(version: str = "1.0.0", **keys: JSONValue) -> conf.Network:
    return conf.parse(json.dumps({"cniVersion": version, "name": "net", "type": "one", **keys}).encode())


KINDS = {"list": _list({"type": "one"}), "single": _single()}


# ---------------------------------------------------------------------------------------------------------------- ADD


@pytest.mark.parametrize("version", versions.SUPPORTED)
def test_add_calls_each_plugin_in_order_with_the_result_of_the_one_before(world: World, version: str) -> None:
    world.plugins.install("one", ADD={"result": {"dns": {"domain": "first"}}})
    world.plugins.install("two", ADD={"result": {"dns": {"domain": "second"}}})
    world.plugins.install("three", ADD={"result": {"dns": {"domain": "third"}}})

    result = world.add(_list(version=version))

    assert world.plugins.order() == ["ADD one", "ADD two", "ADD three"]
    first, second, third = world.previous()
    assert first is None
    assert second == {"cniVersion": version, "dns": {"domain": "first"}}
    assert third == {"cniVersion": version, "dns": {"domain": "second"}}
    assert (result.version, result.dns.domain) == (version, "third")


def test_each_plugin_gets_the_whole_of_what_the_runtime_has(world: World) -> None:
    world.add(_list({"type": "one", "capabilities": {"ips": True}, "x": [1, 2.5]}, {"type": "two"}))

    first, second = world.plugins.calls()
    assert first.cni == {
        "CNI_COMMAND": "ADD",
        "CNI_CONTAINERID": "abc",
        "CNI_NETNS": "/ns",
        "CNI_IFNAME": "net1",
        "CNI_ARGS": "K8S_POD_NAME=pod;X=1",
        "CNI_PATH": world.plugins.path,
    }
    assert first.config == {
        "capabilities": {"ips": True},
        "cniVersion": "1.0.0",
        "name": "net",
        "runtimeConfig": {"ips": ["192.0.2.7/24"]},
        "type": "one",
        "x": [1, 2.5],
    }
    assert second.config == {
        "cniVersion": "1.0.0",
        "name": "net",
        "prevResult": {"cniVersion": "1.0.0"},
        "type": "two",
    }


def test_results_are_chained_in_the_version_in_which_they_came(world: World) -> None:
    world.plugins.install(
        "one", ADD={"result": {"cniVersion": "0.3.1", "ips": [{"version": "4", "address": "192.0.2.7/24"}]}}
    )
    world.plugins.install("two", ADD={"result": IPS})

    result = world.add(_list({"type": "one"}, {"type": "two"}, version="1.1.0"))

    assert world.previous()[1] == {
        "cniVersion": "0.3.1",
        "ips": [{"version": "4", "address": "192.0.2.7/24"}],
        "dns": {},
    }
    assert result == Result(version="1.0.0", addresses=(Address(address="192.0.2.7/24"),))


@pytest.mark.parametrize("net", KINDS.values(), ids=KINDS)
def test_the_last_result_is_recorded_with_all_that_led_to_it(world: World, net: conf.Network) -> None:
    world.plugins.install("one", ADD={"result": IPS})

    world.add(net)

    assert world.cached() == cache.Cached(
        network_name="net",
        container_id="abc",
        ifname="net1",
        config=net.raw,
        netns="/ns",
        args=(("K8S_POD_NAME", "pod"), ("X", "1")),
        capability_args={"ips": ["192.0.2.7/24"], "mac": "0a:58:0a:01:02:03"},
        result=IPS,
        path=f"{world.cache_dir}/results/net-abc-net1",
    )


def test_the_record_holds_the_plugins_that_came_from_a_directory(world: World, tmp_path: Path) -> None:
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "10.conf").write_text('{"type":"two"}')
    (tmp_path / "a.conflist").write_bytes(_list({"type": "one"}).raw)
    net = conf.load(str(tmp_path / "a.conflist"))

    world.add(net)

    cached = world.cached()
    assert cached is not None
    assert conf.parse(cached.config).plugins == net.plugins


EMPTY_RESULTS = {"null": "null", "an empty object": "{}", "an error object, but success": '{"code":11,"msg":"later"}'}


@pytest.mark.parametrize("stdout", EMPTY_RESULTS.values(), ids=EMPTY_RESULTS)
def test_a_result_without_anything_is_one(world: World, stdout: str) -> None:
    world.plugins.install("one", ADD={"stdout": stdout})

    assert world.add(_single("0.4.0")) == Result(version="0.4.0")


BAD_RESULTS = {
    "nothing": ("", "failed to unmarshal raw result: unexpected end of JSON input"),
    "garbage": ("ok", "failed to unmarshal raw result: Expecting value at line 1, column 1"),
    "an array": ("[]", "failed to unmarshal raw result: expected a JSON object, found an array"),
    "an unknown version": ('{"cniVersion":"7.0.0"}', 'unsupported CNI result version "7.0.0"'),
    "a bad address": ('{"ips":[{"address":"x"}]}', "invalid CIDR address: x"),
}


@pytest.mark.parametrize(("stdout", "message"), BAD_RESULTS.values(), ids=BAD_RESULTS)
def test_a_result_that_is_none_fails_the_add(world: World, stdout: str, message: str) -> None:
    world.plugins.install("one", ADD={"stdout": stdout})

    with pytest.raises(errors.CNIError) as caught:
        world.add(_list())

    assert caught.value.msg == f'plugin type="one" failed (add): {message}'
    assert world.plugins.order() == ["ADD one"]
    assert world.cached() is None


def test_the_first_failure_stops_the_chain_and_names_the_plugin(world: World) -> None:
    world.plugins.install("two", ADD={"error": {"code": 11, "msg": "later", "details": "d"}})

    with pytest.raises(errors.CNIError) as caught:
        world.add(_list())

    assert caught.value.document() == {
        "code": 11,
        "msg": 'plugin type="two" name="second" failed (add): later',
        "details": "d",
    }
    assert str(caught.value) == 'plugin type="two" name="second" failed (add): later; d'
    assert world.plugins.order() == ["ADD one", "ADD two"]
    assert world.cached() is None


def test_the_failure_of_a_single_plugin_is_bare(world: World) -> None:
    world.plugins.install("one", ADD={"error": {"code": 100, "msg": "own"}})

    with pytest.raises(errors.CNIError) as caught:
        world.add(_single())

    assert caught.value.document() == {"code": 100, "msg": "own"}


def test_a_plugin_that_is_missing_is_named_before_bad_names_are(world: World) -> None:
    runtime = world.runtime.replace(container_id="%%")

    with pytest.raises(errors.CNIError) as caught:
        network.add(_list({"type": "four"}), runtime, world.executor)

    assert caught.value.msg == (
        f'plugin type="four" failed (add): failed to find plugin "four" in path [{world.plugins.path}]'
    )


BAD_NAMES = {
    "the container first": ({"container_id": "%%", "ifname": "a/b"}, "a b", 4, "invalid characters in containerID"),
    "no container": ({"container_id": ""}, "net", 3, "missing containerID"),
    "then the network": ({"ifname": "a/b"}, "a b", 7, "invalid characters found in network name"),
    "no network": ({}, "", 7, "missing network name:"),
    "then the interface": ({"ifname": "a/b"}, "net", 4, "interface name contains / or : or whitespace characters"),
}


@pytest.mark.parametrize(("names", "network_name", "code", "message"), BAD_NAMES.values(), ids=BAD_NAMES)
def test_names_are_checked_before_a_plugin_is_run(
    world: World, names: dict[str, str], network_name: str, code: int, message: str
) -> None:
    with pytest.raises(errors.CNIError) as caught:
        network.add(_single(name=network_name), world.runtime.replace(**names), world.executor)

    assert (caught.value.code, caught.value.msg) == (code, message)
    assert world.plugins.order() == []


def test_a_network_without_plugins_is_an_error(world: World) -> None:
    with pytest.raises(errors.CNIError) as caught:
        world.add(conf.parse_list(b'{"name":"net"}'))

    assert caught.value.document() == {"code": 7, "msg": 'network "net" has no plugins'}


def test_a_record_that_cannot_be_written_fails_the_add(world: World) -> None:
    world.cache_dir.touch()

    with pytest.raises(errors.CNIError) as caught:
        world.add(_single())

    assert caught.value.document() == {
        "code": 5,
        "msg": 'failed to set network "net" cached result: '
        f"write {world.cache_dir}/results/net-abc-net1: not a directory",
    }


# -------------------------------------------------------------------------------------------------------------- CHECK


@pytest.mark.parametrize("version", WITH_CHECK)
def test_check_calls_all_plugins_in_order_with_the_final_result(world: World, version: str) -> None:
    world.put_result({"cniVersion": version, "dns": {"domain": "final"}})

    world.check(_list(version=version))

    assert world.plugins.order() == ["CHECK one", "CHECK two", "CHECK three"]
    assert world.previous() == [{"cniVersion": version, "dns": {"domain": "final"}}] * 3
    assert world.plugins.calls()[0].cni["CNI_ARGS"] == "K8S_POD_NAME=pod;X=1"


def test_check_converts_the_cached_result_to_the_configuration_s_version(world: World) -> None:
    world.put_result({"cniVersion": "0.3.1", "ips": [{"version": "4", "address": "192.0.2.7/24"}]})

    world.check(_single())

    assert world.previous() == [IPS]


def test_check_takes_the_old_form_of_a_record(world: World) -> None:
    world.put(b'{"ip4":{"ip":"192.0.2.7/24"}}')

    world.check(_single())

    assert world.previous() == [IPS]


@pytest.mark.parametrize("record", [False, True], ids=["no record", "a record without a result"])
def test_check_without_a_cached_result_sends_none(world: World, *, record: bool) -> None:
    if record:
        world.put_result(None)

    world.check(_single())

    assert world.previous() == [None]


@pytest.mark.parametrize("version", [*WITHOUT_CHECK, ""])
@pytest.mark.parametrize("disabled", [False, True])
def test_check_is_refused_by_old_versions_disabled_or_not(world: World, version: str, *, disabled: bool) -> None:
    with pytest.raises(errors.CNIError) as caught:
        world.check(_list(version=version, disableCheck=disabled))

    assert caught.value.document() == {
        "code": 1,
        "msg": f'configuration version "{version}" does not support the CHECK command',
    }
    assert world.plugins.order() == []


def test_check_that_is_disabled_succeeds_without_asking(world: World) -> None:
    world.put(b"damaged")

    world.check(_list(disableCheck=True))

    assert world.plugins.order() == []


def test_a_single_plugin_cannot_disable_check(world: World) -> None:
    world.check(_single(disableCheck=True))

    assert world.plugins.order() == ["CHECK one"]


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"damaged", 6), (b'{"kind":"cniCacheV1","result":{"cniVersion":"7.0.0"}}', 1)],
    ids=["damaged", "of an unknown version"],
)
def test_check_with_a_record_that_is_of_no_use_is_an_error(world: World, content: bytes, code: int) -> None:
    world.put(content)

    with pytest.raises(errors.CNIError) as caught:
        world.check(_single())

    assert caught.value.code == code
    assert caught.value.msg.startswith('failed to get network "net" cached result: ')


def test_the_first_failing_check_is_returned_as_it_is(world: World) -> None:
    world.plugins.install("two", CHECK={"error": {"code": 100, "msg": "gone"}})

    with pytest.raises(errors.CNIError) as caught:
        world.check(_list())

    assert caught.value.document() == {"code": 100, "msg": "gone"}
    assert world.plugins.order() == ["CHECK one", "CHECK two"]


@pytest.mark.parametrize("operation", ["check", "delete", "status", "collect"])
def test_a_version_that_is_none_is_an_error(world: World, operation: str) -> None:
    net = _single("x")
    operations = {
        "check": lambda: world.check(net),
        "delete": lambda: world.delete(net),
        "status": lambda: network.status(net, world.executor),
        "collect": lambda: network.collect(net, (), world.executor),
    }

    with pytest.raises(errors.CNIError, match="failed to convert major version part") as caught:
        operations[operation]()

    assert caught.value.code == 6


# ---------------------------------------------------------------------------------------------------------------- DEL


@pytest.mark.parametrize("version", WITH_CHECK)
def test_del_calls_the_plugins_in_reverse_order_with_the_final_result(world: World, version: str) -> None:
    world.put_result({"cniVersion": version, "dns": {"domain": "final"}})

    world.delete(_list(version=version))

    assert world.plugins.order() == ["DEL three", "DEL two", "DEL one"]
    assert world.previous() == [{"cniVersion": version, "dns": {"domain": "final"}}] * 3
    assert world.cached() is None


@pytest.mark.parametrize("version", [*WITHOUT_CHECK, ""])
def test_del_of_an_old_version_sends_no_result_and_does_not_look_for_one(world: World, version: str) -> None:
    path = world.put(b"damaged")

    world.delete(_list(version=version))

    assert world.plugins.order() == ["DEL three", "DEL two", "DEL one"]
    assert world.previous() == [None] * 3
    assert not path.exists()


def test_del_converts_the_cached_result_to_the_configuration_s_version(world: World) -> None:
    world.put_result({"cniVersion": "0.3.1", "ips": [{"version": "4", "address": "192.0.2.7/24"}]})

    world.delete(_single())

    assert world.previous() == [IPS]


def test_del_without_a_record_sends_no_result(world: World) -> None:
    world.delete(_list())
    world.delete(_single())

    assert world.previous() == [None] * 4


USELESS = {
    "damaged": b"{",
    "of an unknown version": b'{"kind":"cniCacheV1","result":{"cniVersion":"7.0.0"}}',
    "with a bad address": b'{"kind":"cniCacheV1","result":{"cniVersion":"1.0.0","ips":[{"address":"x"}]}}',
}


@pytest.mark.parametrize("net", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("content", USELESS.values(), ids=USELESS)
def test_del_drops_a_record_that_is_of_no_use_and_goes_on(world: World, net: conf.Network, content: bytes) -> None:
    path = world.put(content)
    world.plugins.install("one", DEL={"error": {"code": 11, "msg": "later"}})

    with pytest.raises(errors.CNIError, match="later"):
        world.delete(net)

    assert world.previous() == [None]
    assert not path.exists()


def test_the_first_failing_del_stops_and_keeps_the_record(world: World) -> None:
    world.put_result(IPS)
    world.plugins.install("two", DEL={"error": {"code": 11, "msg": "later"}})

    with pytest.raises(errors.CNIError) as caught:
        world.delete(_list())

    assert caught.value.document() == {"code": 11, "msg": 'plugin type="two" name="second" failed (delete): later'}
    assert world.plugins.order() == ["DEL three", "DEL two"]
    assert world.cached() is not None


def test_a_thorough_del_goes_on_past_failures_tells_them_all_and_keeps_the_record(world: World) -> None:
    world.put_result(IPS)
    world.plugins.install("three", DEL={"error": {"code": 7, "msg": "no"}})
    world.plugins.install("two", DEL={"error": {"code": 11, "msg": "later"}})

    with pytest.raises(errors.CNIError) as caught:
        world.delete(_list(), thorough=True)

    assert world.plugins.order() == ["DEL three", "DEL two", "DEL one"]
    assert "failed (delete): no" in caught.value.msg
    assert "failed (delete): later" in caught.value.msg
    assert world.cached() is not None


def test_the_failing_del_of_a_single_plugin_is_bare(world: World) -> None:
    world.plugins.install("one", DEL={"error": {"code": 11, "msg": "later"}})

    with pytest.raises(errors.CNIError) as caught:
        world.delete(_single())

    assert caught.value.document() == {"code": 11, "msg": "later"}


def test_what_a_plugin_prints_on_del_is_of_no_interest(world: World) -> None:
    world.plugins.install("one", DEL={"stdout": "garbage"})

    world.delete(_single())


def test_names_that_no_record_can_have_are_no_obstacle_to_del(world: World) -> None:
    world.plugins.install("one", DEL={"stdout": ""})

    world.delete(_single(name="a/b"))

    assert world.plugins.order() == ["DEL one"]


def test_what_comes_is_configuration_arguments_and_namespace_of_the_caller_not_of_the_record(world: World) -> None:
    world.put_result(IPS)

    world.delete(_single(capabilities={"mac": True}))

    [call] = world.plugins.calls()
    assert call.cni["CNI_NETNS"] == "/ns"
    assert call.cni["CNI_ARGS"] == "K8S_POD_NAME=pod;X=1"
    assert call.config["runtimeConfig"] == {"mac": "0a:58:0a:01:02:03"}


def test_add_then_check_then_del_leaves_nothing(world: World) -> None:
    world.plugins.install("one", ADD={"result": {"interfaces": [{"name": "$CNI_IFNAME", "sandbox": "$CNI_NETNS"}]}})
    net = _list()

    result = world.add(net)
    world.check(net)
    world.delete(net)
    world.delete(net)

    assert result.interfaces == (Interface(name="net1", sandbox="/ns"),)
    assert list((world.cache_dir / "results").iterdir()) == []


# ------------------------------------------------------------------------------------------------------- STATUS and GC


def test_status_asks_the_plugins_in_order(world: World) -> None:
    network.status(_list(version="1.1.0"), world.executor)

    calls = world.plugins.calls()
    assert world.plugins.order() == ["STATUS one", "STATUS two", "STATUS three"]
    assert calls[0].config == {"cniVersion": "1.1.0", "name": "net", "type": "one"}
    assert calls[0].cni["CNI_CONTAINERID"] == ""


def test_the_first_plugin_that_is_not_ready_is_returned_as_it_is(world: World) -> None:
    world.plugins.install("two", STATUS={"error": {"code": 50, "msg": "not ready"}})

    with pytest.raises(errors.CNIError) as caught:
        network.status(_list(version="1.1.0"), world.executor)

    assert caught.value.document() == {"code": 50, "msg": "not ready"}
    assert world.plugins.order() == ["STATUS one", "STATUS two"]


@pytest.mark.parametrize("version", [*WITHOUT_GC, ""])
def test_status_and_gc_are_nothing_to_old_versions(world: World, version: str) -> None:
    network.status(_list(version=version), world.executor)
    network.collect(_list(version=version), (("abc", "net1"),), world.executor)

    assert world.plugins.order() == []


@pytest.mark.parametrize("valid", [(), (("abc", "net1"), ("def", "eth0"))], ids=["none", "two"])
def test_gc_tells_the_plugins_what_is_valid_under_both_keys(world: World, valid: tuple[tuple[str, str], ...]) -> None:
    network.collect(_list(version="1.1.0"), valid, world.executor)

    listed = [{"containerID": container_id, "ifname": ifname} for container_id, ifname in valid]
    assert world.plugins.order() == ["GC one", "GC two", "GC three"]
    assert world.plugins.calls()[2].config == {
        "cniVersion": "1.1.0",
        "name": "net",
        "type": "three",
        "cni.dev/valid-attachments": listed,
        "cni.dev/attachments": listed,
    }


def test_gc_that_is_disabled_does_nothing(world: World) -> None:
    network.collect(_list(version="1.1.0", disableGC=True), (), world.executor)

    assert world.plugins.order() == []


def test_gc_goes_on_past_a_failure_whose_code_survives(world: World) -> None:
    world.plugins.install("one", GC={"error": {"code": 100, "msg": "no", "details": "d"}})

    with pytest.raises(errors.CNIError) as caught:
        network.collect(_list(version="1.1.0"), (), world.executor)

    assert caught.value.document() == {"code": 100, "msg": "failed to GC plugin one: no", "details": "d"}
    assert world.plugins.order() == ["GC one", "GC two", "GC three"]


def test_gc_reports_all_failures_together(world: World) -> None:
    for type in ("one", "three"):
        world.plugins.install(type, GC={"error": {"code": 100, "msg": "no", "details": type}})

    with pytest.raises(errors.CNIError) as caught:
        network.collect(_list(version="1.1.0"), (), world.executor)

    assert caught.value.document() == {
        "code": 999,
        "msg": "failed to GC plugin one: no; one\nfailed to GC plugin three: no; three",
    }


LOOPBACK = Path("/usr/lib/cni/loopback")


@pytest.mark.skipif(
    not LOOPBACK.exists(), reason="needs the reference plugins: apt-get install containernetworking-plugins"
)
@pytest.mark.parametrize("net", KINDS.values(), ids=KINDS)
def test_the_errors_of_a_reference_plugin_come_through(world: World, net: conf.Network) -> None:
    plugin = net.plugins[0].replace(type="loopback")
    executor = world.executor.replace(search=(str(LOOPBACK.parent),))

    with pytest.raises(errors.CNIError, match=r'failed to Statfs "/ns": no such file or directory$') as caught:
        network.add(net.replace(plugins=(plugin,)), world.runtime, executor)

    assert caught.value.code == 999
