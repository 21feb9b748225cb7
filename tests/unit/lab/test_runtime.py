"""What the lab's container runtime makes of a plugin's answer. The flows use it on real plugins."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from multus_py.lab.netns import Namespace
from multus_py.lab.runtime import Call, PluginError, Sandbox
from tests import processes

VARIABLES = {"CNI_COMMAND": "ADD"}


def call(script: str) -> Call:
    """Start a plugin that is a script in sh."""
    return Call(["/bin/sh", "-c", script], request={"cniVersion": "1.0.0"}, variables=VARIABLES)


def test_a_plugin_gets_the_request_and_the_variables() -> None:
    script = """read -r line; printf '{"request": %s, "command": "%s"}' "$line" "$CNI_COMMAND" """
    assert call(script).result() == {"request": {"cniVersion": "1.0.0"}, "command": "ADD"}


def test_variables_of_another_call_do_not_reach_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CNI_IFNAME", "other0")
    assert call("""printf '{"ifname": "%s"}' "$CNI_IFNAME" """).result() == {"ifname": ""}


def test_no_output_is_an_empty_answer() -> None:
    assert call("exit 0").result() == {}


def test_an_error_has_the_plugins_code_message_and_details() -> None:
    script = """echo '{"code": 7, "msg": "bad", "details": "very"}'; echo hint >&2; exit 1"""
    with pytest.raises(PluginError, match=r"^bad; very$") as caught:
        call(script).result()
    error = caught.value
    assert (error.code, error.message, error.details, error.stderr) == (7, "bad", "very", "hint\n")


NO_ANSWERS = {
    "success with something else than JSON": ("echo done", "status 0 .*: done"),
    "success with something else than an object": ("echo '[]'", r"status 0 .*: \[\]"),
    "a failure that says nothing": ("exit 3", "status 3 .*: nothing"),
    "a failure on stderr": ("echo oops >&2; exit 1", "status 1 .*: oops"),
    "a failure without a message": ("echo '{}'; exit 1", "status 1"),
    "a signal": ("kill -9 $$", "status -9"),
}


@pytest.mark.parametrize(("script", "problem"), NO_ANSWERS.values(), ids=list(NO_ANSWERS))
def test_what_is_no_answer_is_an_error(script: str, problem: str) -> None:
    with pytest.raises(PluginError, match=f"ADD ended with {problem}"):
        call(script).result()


def test_a_plugin_that_hangs_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    with pytest.raises(subprocess.TimeoutExpired):
        call(f"sleep 600 & echo $! > {note}; wait").result(timeout=0.5)
    assert processes.ends(int(note.read_text()))


def test_an_interrupted_plugin_can_still_answer() -> None:
    script = "import signal, time; signal.signal(15, lambda *_: print('{\"stopped\": true}') or exit())"
    running = Call(
        [sys.executable, "-c", f"{script}; open('/dev/stdin').read(); print(flush=True); time.sleep(600)"],
        request={},
        variables=VARIABLES,
    )
    assert running.process.stdout is not None
    running.process.stdout.readline()
    running.interrupt()
    assert running.result() == {"stopped": True}


def test_a_sandbox_says_whose_it_is_in_cni_args() -> None:
    nobodys = Sandbox(Namespace("none"), "c1")
    pods = Sandbox(Namespace("none"), "c1", pod_namespace="default", pod_name="pod1", pod_uid="u1")
    assert nobodys.args == ""
    assert pods.args == (
        "IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=pod1;K8S_POD_INFRA_CONTAINER_ID=c1;K8S_POD_UID=u1"
    )
