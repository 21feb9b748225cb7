"""ADD through a daemon whose API server, clock or clients give it trouble. Real processes everywhere.

No ADD fails for the daemon's sake, none is wrong, and the daemon is as good as before when the trouble is over.
"""

from __future__ import annotations

import contextlib
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from multus_py.daemon.answering import CONNECTIONS
from multus_py.lab.faults import Answer, CutLine, Delay, Fault, HangUp, Trickle
from multus_py.lab.httpd import Request
from multus_py.lab.runtime import PluginError
from tests.integration.flows import networks
from tests.integration.flows.memory import asked, is_attached, known, start, told, wait_for_line
from tests.integration.flows.world import MULTUS, World
from tests.packaging.calls import eventually

pytestmark = [pytest.mark.root, pytest.mark.slow]

HURRIED = (sys.executable, "-m", "tests.integration.flows.hurried")


@pytest.fixture
def world(world: World) -> World:
    """Return a world with a network, which two interfaces of a pod can be attached to."""
    world.network("data", networks.storage(world.node))
    return world


def answers_from_memory(world: World, name: str) -> None:
    """Assert that a new pod costs the API server one PATCH, as soon as the daemon has heard of it, and starts."""
    pod = known(world, name)
    world.api.forget_requests()
    fallbacks = world.daemon.fallbacks
    world.add(pod)
    is_attached(world, pod)
    assert (asked(world), world.daemon.fallbacks) == (["PATCH"], fallbacks)


# ------------------------------------------------------------------------------------- an API server that is not there


@pytest.mark.skipif(MULTUS is not None, reason="an executable cannot be hurried")
@pytest.mark.parametrize("how", ["stopped", "cut off"])
def test_an_api_server_may_be_gone_for_minutes(world: World, how: str) -> None:
    world.daemon.stop()
    world.daemon.start(*HURRIED)
    world.network("slow", {**world.recorder("slow"), "name": "slow"})
    quiet = known(world, "dns", "", namespace="kube-system")
    early, late = known(world, "early"), known(world, "late", "data,slow")

    with world.without_api() if how == "stopped" else world.cut_off():
        for what in ("pods of this node", "networks"):
            wait_for_line(world, "event=warning", f"{what}: cannot")
        # A system pod's status is not written, so that all there is to say of it is in memory.
        world.add(quiet)
        assert quiet.names == ["eth0"]
        assert world.daemon.fallbacks == 0
        # Without a status a pod must not run: this one's runtime is told that it may try again.
        world.configured(apiTimeout=1)
        with pytest.raises(PluginError, match="cannot write the network status") as caught:
            world.add(early)
        assert (caught.value.code, early.names, world.daemon.fallbacks) == (11, [], 1)
        # This one's still waits when the API server comes back.
        world.configured(apiTimeout=60)
        call = world.runtime.start("ADD", late.sandbox)
        world.wait_for("slow", "ADD")

    late.result = call.result()
    is_attached(world, late)
    world.add(early)
    is_attached(world, early)
    answers_from_memory(world, "after")


# -------------------------------------------------------------------------------------------------- a watch that is cut


MANY = 1100
"""More networks than fit on two pages."""
NADS = "/network-attachment-definitions?"
GONE = [Fault(Answer(410), path=path, times=2) for path in ("watch=", "resourceVersionMatch=")]
"""After these both collections are listed from etcd, in pages."""


def meeting(*faults: Fault) -> Callable[[World], None]:
    """Have the next lists and watches meet faults."""

    def cut(world: World) -> None:
        world.api.inject(*faults)
        world.api.drop_connections()

    return cut


def cut_page(number: int) -> Callable[[World], None]:
    """Cut the list of networks in the middle of a page."""
    further = f"{NADS}limit=500&continue="
    before = [Fault(Delay(0), path=further, times=number - 2)] if number > 2 else []
    page = f"{NADS}limit=500&resourceVersion=" if number == 1 else further
    return meeting(*GONE, *before, Fault(HangUp("effect"), path=page))


def cut_bookmark(world: World) -> None:
    """Cut the watches in the middle of a bookmark."""
    world.api.forget_requests()
    meeting(Fault(CutLine(), path="watch=", times=2))(world)
    world.api.wait_for_requests(is_watch, times=2)
    deadline = time.monotonic() + 10
    while len([request for request in world.api.requests if is_watch(request)]) < 4:
        assert time.monotonic() < deadline, "the watches were not cut"
        world.api.send_bookmarks()
        time.sleep(0.05)


def is_watch(request: Request) -> bool:
    return "watch=" in request.path


def lose_history(world: World) -> None:
    """Have the watches begin again from a version that the API server has forgotten: 410 in the stream."""
    world.api.inject(Fault(Answer(503), path="watch=", times=2))
    world.api.forget_requests()
    world.api.drop_connections()
    world.api.wait_for_requests(is_watch, times=2)
    world.network("between", None)
    world.api.forget_history()


STAGES: dict[str, tuple[int, Callable[[World], None]]] = {
    "on the first page of a list": (MANY, cut_page(1)),
    "on the second page": (MANY, cut_page(2)),
    "on the third page": (MANY, cut_page(3)),
    "before the watch is answered": (0, meeting(Fault(HangUp(), path="watch=", times=2))),
    "after the watch's headers": (0, meeting(Fault(HangUp("effect"), path="watch=", times=2))),
    "in the middle of an event": (0, meeting(Fault(CutLine(), path="watch=", times=2))),
    "in the middle of a bookmark": (0, cut_bookmark),
    "by a version that is gone": (0, meeting(GONE[0])),
    "by a version that is gone, said in the stream": (0, lose_history),
}


@pytest.mark.parametrize(("others", "cut"), STAGES.values(), ids=list(STAGES))
def test_a_watch_may_be_cut_at_any_stage(world: World, others: int, cut: Callable[[World], None]) -> None:
    world.network("changed", None)
    for number in range(others):
        world.network(f"n{number}", None)
    start(world)
    answers_from_memory(world, "before")

    cut(world)
    # Both are new to the daemon, and one was another one a moment ago.
    world.api.delete("nad", "changed")
    world.network("changed", networks.storage(world.node))
    world.network("fresh", networks.storage(world.node))
    is_attached(world, world.start("meanwhile", "fresh"))

    answers_from_memory(world, "after")
    pod = known(world, "changed", "changed")
    eventually(lambda: "host-local" in told(world, pod.name, pod.sandbox.pod_uid))
    world.add(pod)
    is_attached(world, pod)


# ------------------------------------------------------------------------------------------------ slow, and out of time


@pytest.mark.parametrize(
    ("pause", "fallbacks"), [(0.01, 0), (0.15, 1)], ids=["it is worth waiting", "longer than anybody waits"]
)
def test_an_api_server_may_answer_a_few_bytes_at_a_time(world: World, pause: float, fallbacks: int) -> None:
    start(world)
    pod = known(world, "pod1")
    world.api.inject(Fault(Trickle(64, pause), times=None))
    world.api.end_watches()  # the next ones trickle, too
    world.add(pod)
    is_attached(world, pod)
    assert world.daemon.fallbacks == fallbacks
    world.api.heal()
    world.api.drop_connections()
    answers_from_memory(world, "after")


@pytest.fixture
def jump(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Give all programs a wall clock that can be moved by hours, and return what moves it."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("the wall clock of others is moved by a library, and there is no C compiler")
    library, offset = tmp_path / "jump.so", tmp_path / "jump"
    source = Path(__file__).with_name("jumping_clock.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    monkeypatch.setenv("LD_PRELOAD", str(library))
    monkeypatch.setenv("JUMP", str(offset))

    def move(hours: int) -> None:
        new = offset.with_suffix(".new")
        new.write_text(f"{hours * 3600}\n")
        new.rename(offset)

    return move


def test_the_wall_clock_may_jump(world: World, jump: Callable[[int], None]) -> None:
    start(world)
    for number, hours in enumerate((7, -30, 0)):
        jump(hours)
        now = datetime.fromtimestamp(time.time(), UTC) + timedelta(hours=hours)
        answers_from_memory(world, f"pod{number}")
        stamp = world.daemon.log.splitlines()[-1].partition(" ")[0]
        assert abs(datetime.fromisoformat(stamp) - now) < timedelta(hours=1), "it sees the jump"
    assert "warning" not in world.daemon.log


# ------------------------------------------------------------------------------------------------------ a broken client


def test_a_client_may_connect_ten_thousand_times_a_second(world: World) -> None:
    start(world)
    answers_from_memory(world, "before")
    proc = Path(f"/proc/{world.daemon.pid}")
    memory, files = resident(proc), len(list((proc / "fd").iterdir()))
    with contextlib.ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(flood(world))
        most = 0
        for number in range(5):
            is_attached(world, world.start(f"pod{number}", "data"))
            most = max(most, len(list((proc / "fd").iterdir())))
    assert most <= CONNECTIONS + files + 10
    eventually(lambda: len(list((proc / "fd").iterdir())) <= files + 5)
    assert resident(proc) - memory < 6e6
    answers_from_memory(world, "after")


@contextlib.contextmanager
def flood(world: World) -> Iterator[None]:
    """Let a broken client loose on the daemon."""
    command = [sys.executable, "-m", "tests.integration.flows.flood", str(world.daemon.socket)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "1000\n"
        try:
            yield
        finally:
            process.kill()
        assert int(process.stdout.read().split()[-1]) > 10_000


def resident(process: Path) -> int:
    """Return the bytes of memory that a process has."""
    return int((process / "statm").read_text().split()[1]) * resource.getpagesize()
