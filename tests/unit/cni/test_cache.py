from __future__ import annotations

import base64
import json
import os
from typing import TYPE_CHECKING

import pytest

from multus_py.cni import cache, errors

if TYPE_CHECKING:
    from pathlib import Path

    from multus_py.base.jsontext import JSONObject, JSONValue

CONFIG = b'{"name":"net","plugins":[{"type":"bridge"}]}'
FULL = cache.Cached(
    network_name="net",
    container_id="abc",
    ifname="net1",
    config=CONFIG,
    netns="/var/run/netns/x",
    args=(("K8S_POD_NAME", "pod"), ("K", "")),
    capability_args={"ips": ["192.0.2.1"]},
    result={"cniVersion": "1.0.0", "x": "<&>"},
)
EMPTY = cache.Cached(network_name="net", container_id="abc", ifname="net1", capability_args={})


def _document(**changes: JSONValue) -> JSONObject:
    document: JSONObject = {
        "kind": "cniCacheV1",
        "containerId": "abc",
        "config": base64.b64encode(CONFIG).decode(),
        "ifName": "net1",
        "networkName": "net",
        **changes,
    }
    return {key: item for key, item in document.items() if item != "absent"}


def _put(directory: Path, name: str, content: JSONObject | bytes) -> None:
    results = directory / "results"
    results.mkdir(exist_ok=True)
    (results / name).write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())


def _read(directory: Path) -> cache.Cached | None:
    return cache.read(str(directory), "net", "abc", "net1")


def _failure(directory: Path) -> errors.CNIError:
    with pytest.raises(errors.CNIError) as caught:
        _read(directory)
    return caught.value


# ------------------------------------------------------------------------------------------------------------- writing


def test_a_record_is_libcni_s_in_its_place(tmp_path: Path) -> None:
    cache.write(str(tmp_path / "multus"), FULL)

    path = tmp_path / "multus" / "results" / "net-abc-net1"
    assert json.loads(path.read_text()) == _document(
        netns="/var/run/netns/x",
        cniArgs=[["K8S_POD_NAME", "pod"], ["K", ""]],
        capabilityArgs={"ips": ["192.0.2.1"]},
        result={"cniVersion": "1.0.0", "x": "<&>"},
    )
    assert r"\u003c\u0026\u003e" in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert path.parent.parent.stat().st_mode & 0o777 == 0o700


def test_what_is_empty_is_left_out(tmp_path: Path) -> None:
    cache.write(str(tmp_path), EMPTY)

    assert json.loads((tmp_path / "results" / "net-abc-net1").read_text()) == _document(config="")


@pytest.mark.parametrize("cached", [FULL, EMPTY], ids=["full", "empty"])
def test_what_is_written_is_read_again(tmp_path: Path, cached: cache.Cached) -> None:
    cache.write(str(tmp_path), cached)

    assert _read(tmp_path) == cached.replace(path=f"{tmp_path}/results/net-abc-net1")


def test_a_record_is_replaced_as_a_whole(tmp_path: Path) -> None:
    cache.write(str(tmp_path), FULL)
    cache.write(str(tmp_path), EMPTY)

    assert _read(tmp_path) == EMPTY.replace(path=f"{tmp_path}/results/net-abc-net1")
    assert [each.name for each in (tmp_path / "results").iterdir()] == ["net-abc-net1"]


def test_a_record_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "results").touch()

    with pytest.raises(errors.CNIError) as caught:
        cache.write(str(tmp_path), FULL)

    assert caught.value.document() == {"code": 5, "msg": f"write {tmp_path}/results/net-abc-net1: file exists"}


NO_NAMES = {
    "no network": (
        ("", "abc", "net1"),
        'cache file path requires network name (""), container ID ("abc"), and interface name ("net1")',
    ),
    "no container": (
        ("net", "", "net1"),
        'cache file path requires network name ("net"), container ID (""), and interface name ("net1")',
    ),
    "no interface": (
        ("net", "abc", ""),
        'cache file path requires network name ("net"), container ID ("abc"), and interface name ("")',
    ),
    "a way out": (("../../net", "abc", "net1"), 'cache file path cannot hold the name "../../net-abc-net1"'),
    "a directory": (("net", "abc", "a/b"), 'cache file path cannot hold the name "net-abc-a/b"'),
    "no file's name": (("net", "a\0b", "net1"), r'cache file path cannot hold the name "net-a\x00b-net1"'),
}


@pytest.mark.parametrize(("names", "message"), NO_NAMES.values(), ids=NO_NAMES)
def test_a_record_needs_a_proper_name(tmp_path: Path, names: tuple[str, str, str], message: str) -> None:
    network_name, container_id, ifname = names
    cached = EMPTY.replace(network_name=network_name, container_id=container_id, ifname=ifname)
    expected = {"code": 7, "msg": message}

    with pytest.raises(errors.CNIError) as written:
        cache.write(str(tmp_path), cached)
    with pytest.raises(errors.CNIError) as read:
        cache.read(str(tmp_path), *names)
    with pytest.raises(errors.CNIError) as removed:
        cache.remove(str(tmp_path), *names)

    assert [error.value.document() for error in (written, read, removed)] == [expected] * 3
    assert list(tmp_path.iterdir()) == []


# ------------------------------------------------------------------------------------------------------------- reading


def test_no_record_is_none(tmp_path: Path) -> None:
    assert _read(tmp_path) is None


def test_the_old_form_is_a_bare_result(tmp_path: Path) -> None:
    _put(tmp_path, "net-abc-net1", {"cniVersion": "0.3.1", "ips": []})

    assert _read(tmp_path) == EMPTY.replace(
        result={"cniVersion": "0.3.1", "ips": []}, path=f"{tmp_path}/results/net-abc-net1"
    )


def test_keys_are_read_without_regard_to_case(tmp_path: Path) -> None:
    _put(tmp_path, "net-abc-net1", _document(ContainerID="abc", containerId="absent"))

    cached = _read(tmp_path)

    assert cached is not None
    assert cached.container_id == "abc"


DAMAGED: dict[str, JSONObject | bytes] = {
    "empty": b"",
    "torn": b'{"kind":"cniCa',
    "an array": b"[]",
    "binary": b"\xff\xfe",
    "a number for a name": _document(networkName=1),
    "no base64": _document(config="a"),
    "no base64 but Unicode": _document(config="ä"),
    "a string for args": _document(cniArgs="x"),
    "a triple in args": _document(cniArgs=[["a", "b", "c"]]),
    "a number in args": _document(cniArgs=[["a", 1]]),
    "a string in args": _document(cniArgs=["ab"]),
    "an array for capability args": _document(capabilityArgs=[]),
    "an array for a result": _document(result=[]),
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_record_is_an_error_with_its_path(tmp_path: Path, content: JSONObject | bytes) -> None:
    _put(tmp_path, "net-abc-net1", content)

    error = _failure(tmp_path)

    assert error.code == 6
    assert error.msg.startswith(f"{tmp_path}/results/net-abc-net1: ")


def test_a_record_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "results" / "net-abc-net1").mkdir(parents=True)

    assert _failure(tmp_path).document() == {
        "code": 5,
        "msg": f"read {tmp_path}/results/net-abc-net1: is a directory",
    }


# ------------------------------------------------------------------------------------------------------------ removing


def test_a_record_is_removed_and_again_is_no_error(tmp_path: Path) -> None:
    cache.write(str(tmp_path), FULL)

    cache.remove(str(tmp_path), "net", "abc", "net1")
    cache.remove(str(tmp_path), "net", "abc", "net1")

    assert list((tmp_path / "results").iterdir()) == []


def test_a_record_that_cannot_be_removed_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "results" / "net-abc-net1").mkdir(parents=True)

    with pytest.raises(errors.CNIError) as caught:
        cache.remove(str(tmp_path), "net", "abc", "net1")

    assert caught.value.document() == {"code": 5, "msg": f"remove {tmp_path}/results/net-abc-net1: is a directory"}


# ------------------------------------------------------------------------------------------------------------- listing


def _names(directory: Path, container_id: str = "") -> list[str]:
    found = cache.attachments(str(directory), container_id)
    return [os.path.basename(cached.path) for cached in found]  # noqa: PTH119


def test_all_records_are_listed_by_name(tmp_path: Path) -> None:
    for network, container in (("b", "two"), ("a", "two"), ("a", "one")):
        cache.write(str(tmp_path), FULL.replace(network_name=network, container_id=container))

    assert _names(tmp_path) == ["a-one-net1", "a-two-net1", "b-two-net1"]
    assert _names(tmp_path, "two") == ["a-two-net1", "b-two-net1"]
    assert cache.attachments(str(tmp_path), "one")[0].args == FULL.args


def test_a_container_is_found_by_what_the_record_says_too(tmp_path: Path) -> None:
    cache.write(str(tmp_path), FULL.replace(network_name="a-two-b", container_id="one"))

    assert _names(tmp_path, "two") == []
    assert _names(tmp_path, "one") == ["a-two-b-one-net1"]


def test_damaged_foreign_and_temporary_files_are_left_out(tmp_path: Path) -> None:
    for index, content in enumerate(DAMAGED.values()):
        _put(tmp_path, f"damaged-{index}", content)
    _put(tmp_path, "legacy", {"cniVersion": "0.3.1"})
    _put(tmp_path, "other-kind", _document(kind="cniCacheV2"))
    _put(tmp_path, "no-interface", _document(ifName="absent"))
    _put(tmp_path, "no-network", _document(networkName=""))
    _put(tmp_path, ".net-abc-net1.17.tmp", _document())
    _put(tmp_path, "net-abc-net1", _document())
    (tmp_path / "results" / "directory").mkdir()

    assert _names(tmp_path) == ["net-abc-net1"]


def test_without_a_directory_there_are_none(tmp_path: Path) -> None:
    assert cache.attachments(str(tmp_path)) == ()


def test_a_directory_that_cannot_be_listed_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "results").touch()

    with pytest.raises(errors.CNIError) as caught:
        cache.attachments(str(tmp_path))

    assert caught.value.document() == {"code": 5, "msg": f"open {tmp_path}/results: not a directory"}


# ------------------------------------------------------------------------------------------------------------ sweeping


def test_a_sweep_takes_all_of_one_container_and_nothing_else(tmp_path: Path) -> None:
    directory = str(tmp_path)
    for container_id, network in (("abc", "net"), ("abc", "other"), ("abc", "runtime"), ("x-abc-y", "net")):
        cache.write(directory, FULL.replace(container_id=container_id, network_name=network))
    for torn in ("torn-abc-net2", ".net-abc-net3.tmp", "torn-def-net2", "runtime-abc-net2"):
        _put(tmp_path, torn, b"{")
    (tmp_path / "results" / "dir-abc-net1").mkdir()

    cache.sweep(directory, "abc", foreign="runtime")

    kept = ["dir-abc-net1", "net-x-abc-y-net1", "runtime-abc-net1", "runtime-abc-net2", "torn-def-net2"]
    assert sorted(path.name for path in (tmp_path / "results").iterdir()) == kept


def test_a_sweep_where_nothing_was_ever_recorded_does_nothing(tmp_path: Path) -> None:
    cache.sweep(str(tmp_path), "abc")


def test_what_cannot_be_swept_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "results").touch()
    with pytest.raises(errors.CNIError, match=r"sweep .*results: not a directory") as caught:
        cache.sweep(str(tmp_path), "abc")
    assert caught.value.code == errors.IO_FAILURE
