"""The cache, put together in this process; as a process of its own it is tested in tests/integration/daemon."""

from __future__ import annotations

import contextlib
import functools
import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from multus_py.base.clock import SystemClock
from multus_py.cluster import errors, kubeconfig
from multus_py.cluster.daemon import Daemon, NoAnswerError
from multus_py.cluster.kubeconfig import Access
from multus_py.cluster.objects import Pod
from multus_py.cluster.port import Report
from multus_py.daemon.journal import Journal
from multus_py.daemon.serving import STUCK, Place, Serving
from multus_py.lab.apiserver import APIServer
from tests.packaging.calls import eventually


@pytest.fixture
def server() -> Iterator[APIServer]:
    with APIServer() as server:
        metadata = {"name": "web", "namespace": "default"}
        server.create({"apiVersion": "v1", "kind": "Pod", "metadata": {**metadata}, "spec": {"nodeName": "node1"}})
        yield server


@pytest.fixture
def access(server: APIServer, tmp_path: Path) -> Access:
    return kubeconfig.load(str(server.kubeconfig(tmp_path / "kubeconfig")))


@contextlib.contextmanager
def serving(
    directory: Path, access: Access | None, *, node: str = "node1", log: io.StringIO | None = None
) -> Iterator[Serving]:
    def find() -> Access:
        if access is None:
            raise errors.ConfigError("there is no service account")
        return access

    clock = SystemClock()
    place = Place(directory=directory, node=node, spread=0.0)
    journal = Journal(log or io.StringIO(), clock)
    made = Serving(place, find, environ={}, clock=clock, jitter=lambda: 0.5, journal=journal)
    made.start()
    yield made
    made.close(patience=30)


def ask(directory: Path, uid: str) -> str:
    with contextlib.closing(Daemon(str(directory / "multus-py.sock"), clock=SystemClock())) as client:
        return client.get_pod("default", "web", uid).uid


def is_current(made: Serving) -> bool:
    return all(cache.current for cache in made.figures().caches.values())


@pytest.mark.parametrize(("name", "told"), [("web", "verb=DEL pod=default/web outcome="), ("", "verb=DEL outcome=")])
def test_a_line_is_written_about_a_call_which_need_not_be_about_a_pod(
    access: Access, tmp_path: Path, name: str, told: str
) -> None:
    log = io.StringIO()
    with serving(tmp_path / "run", access, log=log) as made:
        made.tend()
        with contextlib.closing(Daemon(str(tmp_path / "run" / "multus-py.sock"), clock=SystemClock())) as client:
            client.post_events(
                Pod(namespace="default", name=name, uid=""), (), Report(verb="DEL", succeeded=True, seconds=0.25)
            )
        eventually(log.getvalue)
    assert f"event=call {told}success" in log.getvalue()


def uid(server: APIServer) -> str:
    metadata = server.get("pod", "web")["metadata"]
    assert isinstance(metadata, dict)
    return str(metadata["uid"])


def test_several_in_one_process_keep_to_themselves(server: APIServer, access: Access, tmp_path: Path) -> None:
    first, second = tmp_path / "1", tmp_path / "2"
    with serving(first, access) as one, serving(second, access, node="node2") as two:
        for made in (one, two):
            assert made.tend() == []
            eventually(functools.partial(is_current, made))
        assert ask(first, uid(server)) == ask(second, uid(server))
        assert one.figures().counted.answers == {("resolve", "memory"): 1}
        assert two.figures().counted.answers == {("resolve", "asked"): 1}
    assert not (first / "multus-py.sock").exists()


def test_without_a_nodes_name_pods_are_asked_for(server: APIServer, access: Access, tmp_path: Path) -> None:
    with serving(tmp_path / "run", access, node="") as made:
        assert any("--node-name" in trouble for trouble in made.tend())
        eventually(lambda: made.figures().caches["nads"].current)
        assert ask(tmp_path / "run", uid(server)) == uid(server)
        assert list(made.figures().caches) == ["nads"]
        assert not any(request.path.startswith("/api/v1/pods") for request in server.requests)


def test_without_a_service_account_it_says_so_and_calls_go_elsewhere(tmp_path: Path) -> None:
    with serving(tmp_path / "run", None) as made:
        made.tend()
        eventually(lambda: len(made.tend()) == 2)
        assert all("there is no service account" in trouble for trouble in made.tend())
        with pytest.raises(NoAnswerError, match="there is no service account"):
            ask(tmp_path / "run", "uid")


def test_without_a_place_for_the_socket_it_says_so_and_tries_again(access: Access, tmp_path: Path) -> None:
    (tmp_path / "run").write_text("in the way")
    with serving(tmp_path / "run", access) as made:
        assert any("no socket in" in trouble for trouble in made.tend())
        assert made.stuck() == ""
        (tmp_path / "run").unlink()
        assert not any("no socket in" in trouble for trouble in made.tend())
        assert (tmp_path / "run" / "multus-py.sock").is_socket()


def test_a_socket_that_was_taken_away_is_made_again(server: APIServer, access: Access, tmp_path: Path) -> None:
    with serving(tmp_path / "run", access) as made:
        made.tend()
        (tmp_path / "run" / "multus-py.sock").unlink()
        made.tend()
        assert ask(tmp_path / "run", uid(server)) == uid(server)


def test_a_loop_that_hangs_is_known_to_be_stuck(access: Access, tmp_path: Path) -> None:
    with serving(tmp_path / "run", access) as made:
        made.tend()
        assert made.stuck() == ""
        assert made._server is not None
        made._server.stop()
        eventually(lambda: not any(thread.name == "answering" and thread.is_alive() for thread in made._threads))
        made._server.beat -= STUCK
        assert "calls have not been answered for 30 s" in made.stuck()
