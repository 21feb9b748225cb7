"""What strangers can write, given to the code that reads it: each target takes any bytes, and raises for a fault only.

Pod authors write annotations, whoever defines networks writes NADs; files may be torn; plugins, servers and clients of
the socket may say anything. The rule: an error of the declared kind, or an answer; for a whole call one JSON document.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from multus_py.attach import add, check, delete, gc, settings, work
from multus_py.base import jsontext
from multus_py.base.clock import Deadline
from multus_py.base.fields import FieldError
from multus_py.cluster import errors as cluster_errors
from multus_py.cluster import frames, http, kubeconfig, objects, url, wire
from multus_py.cluster.objects import Nad
from multus_py.cni import conf, errors, result, skel, versions
from multus_py.hostconfig import options
from multus_py.hostconfig.errors import HostConfigError
from multus_py.multinet import selection
from multus_py.node import checkpoint, deviceinfo
from multus_py.node import errors as node_errors
from multus_py.node.routes import DefaultRoutes, RouteChange
from tests.fakes.clock import FakeClock
from tests.fakes.node import FakeNode
from tests.fakes.stream import FakeStream
from tests.unit.attach.world import DEFAULT_NETWORK, World

Target = Callable[[bytes], None]

_SCRATCH = "/dev/shm"
_CALL = {
    b"CNI_CONTAINERID": b"c1",
    b"CNI_NETNS": b"/run/netns/pod",
    b"CNI_IFNAME": b"eth0",
    b"CNI_PATH": b"/opt/cni/bin",
    b"CNI_ARGS": b"IgnoreUnknown=1;K8S_POD_NAMESPACE=demo;K8S_POD_NAME=web;K8S_POD_UID=u1",
}


# ------------------------------------------------------------------------------------------------------ whole calls


def annotation(data: bytes) -> None:
    """The pod's list of networks."""
    with _world() as world:
        world.put_nad("a")
        world.put_nad("b", namespace="other")
        world.put_pod(_text(data))
        _attach(world)


def default_network(data: bytes) -> None:
    """The pod's other cluster network."""
    with _world() as world:
        world.put_nad("a", namespace="kube-system")
        world.put_pod(**{DEFAULT_NETWORK: _text(data)})
        _attach(world)


def nad(data: bytes) -> None:
    """A network's configuration."""
    with _world() as world:
        world.put(Nad(namespace="demo", name="a", config=_text(data), resource_name=""))
        world.put_pod("a")
        _attach(world)


def delegate(data: bytes) -> None:
    """What a plugin prints that says it succeeded."""
    with _world() as world:
        world.run.answer("macvlan", "ADD", data)
        world.put_nad("a")
        world.put_pod("a")
        _attach(world)


def record(data: bytes) -> None:
    """A container's record, for each verb that reads it."""
    with _world() as world:
        world.put_pod()
        world.state.mkdir()
        for verb in ("CHECK", "GC", "DEL"):
            (world.state / "c1").write_bytes(data)
            _call(world, verb)


def cached_result(data: bytes) -> None:
    """Libcni's cached result, without a record beside it."""
    with _world() as world:
        world.put_pod()
        (world.state / "results").mkdir(parents=True)
        for verb in ("CHECK", "GC", "DEL"):
            (world.state / "results" / "cluster-c1-eth0").write_bytes(data)
            _call(world, verb)


def standard_input(data: bytes) -> None:
    """What a runtime writes to our stdin; the handlers do nothing."""
    for verb in ("ADD", "DEL", "CHECK", "STATUS", "GC"):
        _answer({verb: lambda _: None}, verb, data, _CALL)


def environment(data: bytes) -> None:
    """The variables of a call, one a line. The kernel passes on no NUL."""
    variables = dict(line.partition(b"=")[::2] for line in data.replace(b"\0", b"").split(b"\n"))
    _answer({}, "", b'{"cniVersion": "1.0.0", "name": "n"}', variables)


# --------------------------------------------------------------------------------------------------- single readers


def multus_conf(data: bytes) -> None:
    """00-multus.conf. Parsed only: it names directories to write to."""
    try:
        settings.parse(data)
    except errors.CNIError:
        pass


def daemon_config(data: bytes) -> None:
    """The options of the installer and the daemon, JSON or YAML."""
    with _file(data) as path:
        try:
            options.from_file(path)
        except HostConfigError:
            pass


def cni_args(data: bytes) -> None:
    """CNI_ARGS. A DEL takes whatever comes."""
    text = _text(data)
    work.parse_pod_args(text, lenient=True)
    try:
        work.parse_pod_args(text)
    except errors.CNIError:
        pass


def kubeconfig_file(data: bytes) -> None:
    """A kubeconfig, JSON or YAML; what it says of secrets is in no message."""
    with _file(data.replace(b"/dev/", b"/none/")) as path:  # what it names is read, and these never end
        try:
            kubeconfig.load(str(path))
        except cluster_errors.ClusterError:
            pass


def plugin_result(data: bytes) -> None:
    """A result, in each version that it can be said in."""
    try:
        read = result.decode(jsontext.loads_object(data), default_version="1.0.0")
    except (errors.CNIError, jsontext.JSONError):
        return
    for version in versions.SUPPORTED:
        try:
            written = result.encode(read, version)
        except errors.CNIError:
            continue
        again = result.encode(result.decode(written, default_version=version), version)
        assert again == written, f"{version}: {written} becomes {again}"


def network_list(data: bytes) -> None:
    """A CNI configuration."""
    try:
        network = conf.parse(data)
    except errors.CNIError:
        return
    assert conf.parse(network.effective_raw()).plugins == network.plugins


def selections(data: bytes) -> None:
    """The annotation alone: what is accepted is within bounds."""
    try:
        chosen = selection.parse(_text(data), namespace="demo")
    except selection.SelectionError:
        return
    for one in chosen:
        assert one.name
        assert "/" not in one.name + one.namespace + one.interface
        assert len(one.interface.encode()) <= 15


def frame(data: bytes) -> None:
    """What comes in at the daemon's socket, and what its answer may be."""
    try:
        wire.request(data)
    except (frames.WireError, FieldError):
        pass
    try:
        wire.Resolved.read(frames.unpack(data))
    except frames.WireError:
        pass


def api_answer(data: bytes) -> None:
    """What comes from an API server, or from whoever took its place."""
    parts = [data[at : at + 4096] for at in range(0, len(data), 4096)]
    try:
        answer = http.Connection(lambda _: FakeStream(*parts)).request(b"", Deadline(FakeClock(), 10))
        document = jsontext.loads_object(answer.body)
    except (http.ProtocolError, OSError, jsontext.JSONError):
        return
    for read in (objects.Pod.from_document, objects.Nad.from_document):
        try:
            read(document)
        except cluster_errors.ClusterError:
            pass


def json_text(data: bytes) -> None:
    """JSON: what we accept, the standard library accepts, and means the same by it."""
    try:
        ours = jsontext.loads(data)
    except jsontext.JSONError:
        return
    assert jsontext.loads(jsontext.dumps(ours)) == ours
    assert json.loads(jsontext.dumps(ours)) == ours


def server_url(data: bytes) -> None:
    """A server's address."""
    try:
        parsed = url.parse(_text(data))
    except ValueError:
        return
    assert 0 < parsed.port < 1 << 16


def device_checkpoint(data: bytes) -> None:
    """The kubelet's checkpoint of devices."""
    with _file(data) as path:
        try:
            checkpoint.allocated("u1", path=str(path))
        except node_errors.NodeError:
            pass


def device_information(data: bytes) -> None:
    """A device-information file."""
    with _file(data) as path:
        deviceinfo.read(str(path))


TARGETS: dict[str, Target] = {
    target.__name__: target
    for target in (
        annotation,
        default_network,
        nad,
        delegate,
        record,
        cached_result,
        standard_input,
        environment,
        multus_conf,
        daemon_config,
        cni_args,
        kubeconfig_file,
        plugin_result,
        network_list,
        selections,
        frame,
        api_answer,
        json_text,
        server_url,
        device_checkpoint,
        device_information,
    )
}


def _text(data: bytes) -> str:
    """Return bytes as the text that the API server could hold: UTF-8 without lone surrogates."""
    return data.decode(errors="replace")


class _Node(FakeNode):
    """Takes default routes on every interface: who is to hold them is in the fuzzer's hands."""

    def set_default_routes(self, namespace: str, wanted: DefaultRoutes) -> RouteChange:
        return RouteChange(removed=(), added=())


@contextmanager
def _scratch() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="multus-fuzz-", dir=_SCRATCH if Path(_SCRATCH).is_dir() else None))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def _file(data: bytes) -> Iterator[Path]:
    with _scratch() as folder:
        path = folder / "file"
        path.write_bytes(data)
        yield path


@contextmanager
def _world() -> Iterator[World]:
    with _scratch() as folder:
        world = World(folder)
        world.node = _Node("/run/netns/pod")
        world.plugin("bridge", ips=[{"address": "198.51.100.2/24", "gateway": "198.51.100.1", "interface": 0}])
        world.plugin("macvlan", ips=[{"address": "192.0.2.7/24", "interface": 0}])
        yield world


def _attach(world: World) -> None:
    """Call ADD; whatever came of it, DEL leaves nothing."""
    _call(world, "ADD")
    status = _call(world, "DEL")
    assert status == 0, "DEL failed"
    left = [str(path.relative_to(world.state)) for path in world.state.rglob("*") if path.is_file()]
    assert not left, f"left behind: {left}"


def _call(world: World, verb: str) -> int:
    config = json.dumps({**world.keys, "cniVersion": "1.1.0", "cni.dev/valid-attachments": []}).encode()
    ports = world.ports()
    handlers: dict[str, skel.Handler] = {
        "ADD": lambda request: add.add(request, ports=ports),
        "DEL": lambda request: delete.delete(request, ports=ports),
        "CHECK": lambda request: check.check(request, ports=ports),
        "GC": lambda request: gc.collect(request, ports=ports),
    }
    return _answer(handlers, verb, config, _CALL)


def _answer(handlers: dict[str, skel.Handler], verb: str, stdin: bytes, variables: dict[bytes, bytes]) -> int:
    """Make a call; see that it answers with one document, and not for an error of ours."""
    printed: list[bytes] = []
    told: list[bytes] = []
    status = skel.run(
        handlers,
        environ={b"CNI_COMMAND": verb.encode(), **variables},
        stdin=lambda: stdin,
        stdout=printed.append,
        stderr=told.append,
    )
    text = b"".join(printed)
    document = json.loads(text) if text else {}
    assert isinstance(document, dict)
    problem = document.get("msg", "")
    assert (status != 0) == ("code" in document), f"status {status}: {document}"
    assert not str(problem).startswith("internal error"), b"".join(told).decode(errors="replace")
    return status
