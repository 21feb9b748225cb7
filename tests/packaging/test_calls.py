"""The built program answers calls like the one that runs from source."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from multus_py import frozen
from tests.packaging.calls import Caller

ROOT = Path(__file__).parents[2]


def test_version(caller: Caller) -> None:
    done = caller.call("VERSION")

    assert (done.returncode, done.stdout, done.stderr) == (0, frozen.VERSION_ANSWER, b"")


@pytest.mark.parametrize(
    ("verb", "variables"),
    [
        ("", {}),
        ("FROBNICATE", {}),
        ("ADD", {"CNI_CONTAINERID": ""}),
        ("ADD", {"CNI_IFNAME": "a name that is too long"}),
        ("CHECK", {}),
        ("STATUS", {}),
        ("GC", {}),
        ("DEL", {}),
    ],
    ids=["no command", "unknown", "no container", "bad name", "check", "status", "gc", "del"],
)
def test_it_says_what_source_says(caller: Caller, verb: str, variables: dict[str, str]) -> None:
    built = caller.call(verb, **variables)
    source = subprocess.run(
        [sys.executable, "-m", "multus_py"],
        input=caller.config(),
        capture_output=True,
        env=caller.environ(verb, **variables),
        cwd=ROOT,
        check=False,
    )

    assert (built.returncode, built.stdout, built.stderr) == (source.returncode, source.stdout, source.stderr)


def test_a_delegates_error_arrives(caller: Caller) -> None:
    caller.delegates.install("bridge", STATUS={"error": {"code": 50, "msg": "not yet", "details": "soon"}})

    done = caller.call("STATUS")

    assert done.returncode == 1
    assert json.loads(done.stdout)["code"] == 50


KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: here
contexts: [{name: here, context: {cluster: here, user: me}}]
clusters: [{name: here, cluster: {server: "https://127.0.0.1:1", insecure-skip-tls-verify: true}}]
users: [{name: me, user: {token: secret}}]
"""


@pytest.mark.root  # it looks into a network namespace before it looks for the API server
def test_libraries_that_are_needed_late_are_there(caller: Caller, tmp_path: Path) -> None:
    """This needs PyYAML, most of the standard library for that, and OpenSSL."""
    (tmp_path / "kubeconfig").write_text(KUBECONFIG)
    caller.settings = {"kubeconfig": str(tmp_path / "kubeconfig"), "apiTimeout": 1}

    done = caller.call(
        "ADD",
        CNI_ARGS="K8S_POD_NAMESPACE=default;K8S_POD_NAME=web",
        CNI_NETNS="/proc/self/ns/net",
        CNI_NETNS_OVERRIDE="1",
        CNI_IFNAME="nothing-yet",
    )

    assert "connection refused" in json.loads(done.stdout)["msg"].lower()


def test_passthru_travels_along(plugin_directory: Path) -> None:
    done = subprocess.run(
        [plugin_directory / "passthru"],
        input=b'{"cniVersion": "1.0.0", "name": "net", "type": "passthru"}',
        capture_output=True,
        check=True,
        env={
            "CNI_COMMAND": "ADD",
            "CNI_CONTAINERID": "container1",
            "CNI_NETNS": "/nowhere/net",
            "CNI_IFNAME": "eth0",
            "CNI_PATH": "/nowhere",
        },
    )

    assert json.loads(done.stdout) == {"cniVersion": "1.0.0"}


def test_a_closed_stdin_and_stdout_do_not_hang_it(program: Path) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", 'exec "$0" <&- >&-', program], env={"CNI_COMMAND": "ADD"}, check=False, timeout=30
    )

    assert done.returncode == 1


@pytest.mark.parametrize("damage", ["gone", "cut", "rubbish"])
def test_a_damaged_installation_still_answers_with_an_error_object(
    single_file: Path, tmp_path: Path, damage: str
) -> None:
    subprocess.run([single_file, "install", "--cni-bin-dir", tmp_path], check=True, stdout=subprocess.DEVNULL)
    bundle = (tmp_path / "multus").resolve().parent / "lib" / frozen.BUNDLE
    if damage == "gone":
        bundle.unlink()
    else:
        bundle.write_bytes(bundle.read_bytes()[:100_000] if damage == "cut" else b"rubbish" * 1000)

    done = subprocess.run(
        [tmp_path / "multus"], env={"CNI_COMMAND": "ADD"}, input=b"{}", capture_output=True, check=False
    )

    answer = json.loads(done.stdout)
    assert (done.returncode, answer["code"]) == (1, 999)
    assert answer["msg"].startswith("multus is damaged, install it again: ")
