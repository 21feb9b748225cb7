"""Looking into namespaces, and going there and back, with real ones."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from multus_py.node import errors, netlink, netns
from tests.integration.node_namespaces import Netns, namespace, pod

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.root

OWN = "/proc/thread-self/ns/net"


@pytest.fixture(name="inside")
def _inside() -> Iterator[Netns]:
    with pod() as (inside, _):
        yield inside


def _in_thread(work: Callable[[], None]) -> None:
    """Do something in a thread of its own, so that a failure does not leave the test's thread in a namespace."""
    problems: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - handed on
            problems.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if problems:
        raise problems[0]


def test_an_interface_is_found_where_it_is_and_nowhere_else(inside: Netns) -> None:
    assert netns.interface_exists(inside.path, "eth0")
    assert netns.interface_exists(inside.path, "net1")
    assert not netns.interface_exists(inside.path, "net2")
    with namespace() as other:
        assert netns.interface_exists(other.path, "lo")
        assert not netns.interface_exists(other.path, "net1")


def test_the_second_question_uses_the_number_that_the_first_one_gave(inside: Netns) -> None:
    assert netns.interface_exists(inside.path, "eth0")
    first = subprocess.run(["ip", "netns", "list-id"], check=True, capture_output=True, text=True).stdout
    assert inside.name in first
    assert netns.interface_exists(inside.path, "eth0")
    assert subprocess.run(["ip", "netns", "list-id"], check=True, capture_output=True, text=True).stdout == first


def test_the_first_of_several_interfaces_is_found(inside: Netns) -> None:
    assert netns.first_existing(inside.path, iter(["none0", "eth0", "lo"])) == "eth0"
    assert netns.first_existing(inside.path, ["none0"]) == ""


def test_our_own_namespace_can_be_asked_about() -> None:
    assert netns.interface_exists(OWN, "lo")
    assert not netns.interface_exists(OWN, "mpy-none")


def test_many_can_ask_about_a_new_namespace_at_once() -> None:
    script = f"import sys; sys.path[:0] = {sys.path!r}; from multus_py.node import netns"
    script += "; sys.exit(not netns.interface_exists(sys.argv[1], 'lo'))"
    with namespace() as fresh:
        running = [subprocess.Popen([sys.executable, "-c", script, fresh.path]) for _ in range(4)]
        assert [process.wait() for process in running] == [0] * 4


def test_a_name_that_no_interface_can_have_is_an_error(inside: Netns) -> None:
    with pytest.raises(errors.NodeError, match="cannot look for interface a-name-that-is-too-long"):
        netns.interface_exists(inside.path, "a-name-that-is-too-long")


def test_without_the_right_to_number_namespaces_the_process_goes_there(inside: Netns) -> None:
    question = f"import sys; sys.path[:0] = {sys.path!r}; from multus_py.node import netns"
    question += f"; print(*(netns.interface_exists({inside.path!r}, name) for name in ('eth0', 'none0')))"
    asked = ["setpriv", "--bounding-set=-net_admin", sys.executable, "-c", question]
    assert subprocess.run(asked, check=True, capture_output=True, text=True).stdout.split() == ["True", "False"]


def test_a_namespace_is_told_from_other_things(inside: Netns) -> None:
    assert netns.is_namespace(inside.path)
    assert netns.is_namespace(OWN)
    assert not netns.is_namespace("/proc/self/ns/mnt")
    assert not netns.is_namespace("/etc/hostname")
    assert not netns.is_namespace("/run/netns/mpy-none")


def test_two_paths_of_one_namespace_are_the_same(inside: Netns) -> None:
    assert netns.same(inside.path, inside.path)
    assert not netns.same(inside.path)
    assert netns.same("/proc/self/ns/net")
    with netns.Namespace(inside.path) as first, netns.Namespace(inside.path) as second:
        assert first.identity() == second.identity()


def test_a_removed_namespace_is_a_clear_error() -> None:
    with namespace() as gone:
        pass
    for question in (lambda: netns.interface_exists(gone.path, "lo"), lambda: netns.socket_in(gone.path)):
        with pytest.raises(errors.NodeError, match=f"network namespace {gone.path} does not exist"):
            question()


def test_an_open_namespace_outlives_its_path() -> None:
    with namespace() as short:
        there = netns.Namespace(short.path)
    with there, there.socket() as socket:
        assert [link.name for link in socket.links()][:1] == ["lo"]


def test_a_socket_speaks_for_its_namespace_and_the_thread_has_come_back(inside: Netns) -> None:
    def ask() -> None:
        with netns.socket_in(inside.path) as socket:
            assert {link.name for link in socket.links()} >= {"lo", "eth0", "net1"}
            assert netns.same(OWN, "/proc/self/ns/net")

    _in_thread(ask)


def test_the_thread_comes_back_after_an_error(inside: Netns) -> None:
    def fail() -> None:
        with netns.Namespace(inside.path) as there:
            with pytest.raises(ZeroDivisionError), netns.Inside(there):  # noqa: PT012 - both ends matter
                assert netns.same(inside.path)
                _ = 1 / 0
            assert netns.same(OWN, "/proc/self/ns/net")

    _in_thread(fail)


def test_only_the_calling_thread_moves(inside: Netns) -> None:
    def move() -> None:
        with netns.Namespace(inside.path) as there, netns.Inside(there):
            assert netns.same(OWN, inside.path)
            assert not netns.same("/proc/self/ns/net", inside.path)

    _in_thread(move)


def test_no_file_descriptor_is_left_open(inside: Netns) -> None:
    before = os.listdir("/proc/self/fd")  # noqa: PTH208
    netns.interface_exists(inside.path, "eth0")
    netns.socket_in(inside.path).__exit__()
    for path in ("/etc/hostname", "/proc/self/ns/mnt", "/run/netns/mpy-none"):
        with pytest.raises(errors.NodeError):
            netns.Namespace(path)
    assert os.listdir("/proc/self/fd") == before  # noqa: PTH208


def test_a_namespace_that_may_not_be_entered_is_an_error_and_the_thread_stays(inside: Netns) -> None:
    def enter() -> None:
        before = netns.Namespace(OWN)
        there = netns.Namespace(inside.path)
        with open("/dev/null", "rb") as file:  # noqa: PTH123 - what stands for every refusal: this is no namespace
            os.dup2(file.fileno(), there.fd)
        with (
            pytest.raises(errors.NodeError, match=f"{inside.path} cannot be entered: Invalid argument"),
            netns.Inside(there),
        ):
            pytest.fail("not reached")
        with there, before, netns.Namespace(OWN) as after:
            assert before.identity() == after.identity()

    _in_thread(enter)


def test_a_dump_of_many_links_is_complete(inside: Netns) -> None:
    names = {f"many{number}" for number in range(60)}
    commands = "".join(f"link add {name} type bridge\n" for name in sorted(names))
    subprocess.run(["ip", "-n", inside.name, "-batch", "-"], input=commands, text=True, check=True)
    with netns.socket_in(inside.path) as socket:
        assert {link.name for link in socket.links()} >= names


def test_the_kernel_gives_its_reason(inside: Netns) -> None:
    with netns.socket_in(inside.path) as socket, pytest.raises(errors.KernelError) as caught:
        socket.link("none0")
    assert str(caught.value) == "no such device"
    with (
        netns.socket_in(inside.path) as socket,
        pytest.raises(errors.KernelError, match=r"Invalid .* \(invalid argument\)"),
    ):
        socket.request(24, bytes([2, 0, 0, 0, 254, 0, 255, 1, 0, 0, 0, 0]), netlink.CREATE)
