from __future__ import annotations

import socket
import stat
from pathlib import Path

import pytest

from multus_py.daemon.doorway import Doorway, DoorwayError


def connects(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(str(path))
        except OSError:
            return False
    return True


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_the_directory_and_the_socket_are_for_root_alone(tmp_path: Path) -> None:
    directory = tmp_path / "run" / "multus"
    with Doorway(directory).open():
        assert connects(directory / "multus-py.sock")
        assert [mode(directory), mode(directory / "multus-py.sock"), mode(directory / "fallbacks")] == [
            0o700,
            0o600,
            0o600,
        ]


def test_a_directory_that_others_can_look_into_is_closed_to_them(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with Doorway(tmp_path).open():
        assert mode(tmp_path) == 0o700


@pytest.mark.parametrize("left", ["socket", "file"])
def test_what_a_dead_daemon_left_behind_is_replaced(tmp_path: Path, left: str) -> None:
    path = tmp_path / "multus-py.sock"
    if left == "socket":
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(path))
    else:
        path.write_text("x")
    with Doorway(tmp_path).open():
        assert connects(path)


def test_the_sockets_of_others_and_the_count_of_fallbacks_stay(tmp_path: Path) -> None:
    (tmp_path / "multus.sock").write_text("the Go Multus'")
    (tmp_path / "fallbacks").write_text("...")
    doorway = Doorway(tmp_path)
    with doorway.open():
        assert (tmp_path / "multus.sock").read_text() == "the Go Multus'"
        assert doorway.fallbacks() == 3


def test_a_new_daemon_takes_over_and_the_old_one_leaves_its_socket_alone(tmp_path: Path) -> None:
    old, new = Doorway(tmp_path), Doorway(tmp_path)
    with old.open(), new.open():
        assert (old.is_ours(), new.is_ours()) == (False, True)
        old.close()
        assert connects(tmp_path / "multus-py.sock")
        new.close()
        assert not (tmp_path / "multus-py.sock").exists()


def test_it_is_noticed_when_somebody_empties_the_directory(tmp_path: Path) -> None:
    doorway = Doorway(tmp_path / "run")
    with doorway.open():
        assert doorway.is_ours()
        for path in (tmp_path / "run").iterdir():
            path.unlink()
        (tmp_path / "run").rmdir()
        assert (doorway.is_ours(), doorway.fallbacks()) == (False, 0)
        doorway.close()
    with doorway.open():
        assert doorway.is_ours()


def test_a_directory_that_cannot_be_is_an_error_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DoorwayError, match="file: File exists"):
        Doorway(tmp_path / "file").open()


def test_a_directory_behind_a_link_is_not_trusted(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(DoorwayError, match="no directory of root's"):
        Doorway(tmp_path / "link").open()
    (tmp_path / "fallbacks").symlink_to("/etc/passwd")
    with pytest.raises(DoorwayError, match="Too many levels of symbolic links"):
        Doorway(tmp_path).open()
