"""Stage 0, in processes of its own: a runtime's call, an operator's command, a signal."""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from multus_py import entry
from multus_py.cni import versions
from tests.unit.attach.world import World

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject

ROOT = Path(__file__).parents[2]
OWN_NETNS = "/proc/self/ns/net"


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.plugin("bridge")
    return world


def start(*arguments: str, variables: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "multus_py", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **(variables or {})},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def call(world: World, command: str) -> subprocess.Popen[bytes]:
    """Start a call for the container c1; its input is given, so that it is under way."""
    variables = {
        "CNI_COMMAND": command,
        "CNI_CONTAINERID": "c1",
        "CNI_NETNS": OWN_NETNS,
        "CNI_NETNS_OVERRIDE": "1",
        "CNI_IFNAME": "multus-test0",
        "CNI_PATH": str(world.bin),
    }
    process = start(variables=variables)
    assert process.stdin
    process.stdin.write(world.request(command).config)
    process.stdin.close()
    process.stdin = None
    return process


def install(world: World, type: str, *lines: str) -> None:
    """Install a plugin that writes down what it is called for, and then does what a shell script says."""
    path = world.bin / type
    path.write_text("\n".join(["#!/bin/sh", "cat >/dev/null", f'echo "$CNI_COMMAND {type}" >>"$0.log"', *lines, ""]))
    path.chmod(0o755)


def calls(world: World, type: str) -> list[str]:
    path = world.bin / f"{type}.log"
    return path.read_text().splitlines() if path.exists() else []


def wait_for_call(world: World, type: str) -> None:
    deadline = time.monotonic() + 20
    while not calls(world, type):
        assert time.monotonic() < deadline, "the plugin was never called"
        time.sleep(0.01)


def test_with_arguments_it_is_an_operators_command() -> None:
    assert entry.main(["multus", "--version"], {}) is None
    output, _ = start("--version").communicate(timeout=60)
    assert output.startswith(b"multus: version:")


def test_without_a_command_it_says_what_it_is() -> None:
    process = start()
    output, told = process.communicate(timeout=60)
    assert (process.returncode, output) == (0, b"")
    assert told.decode() == f"{entry.ABOUT}\nCNI protocol versions supported: {', '.join(versions.SUPPORTED)}\n"


def test_version_is_answered_without_any_input() -> None:
    process = start(variables={"CNI_COMMAND": "VERSION"})
    output, _ = process.communicate(timeout=60)
    assert json.loads(output) == {"cniVersion": "1.1.0", "supportedVersions": list(versions.SUPPORTED)}


def test_missing_variables_are_one_error_document() -> None:
    process = start(variables={"CNI_COMMAND": "ADD"})
    output, _ = process.communicate(b"{}", timeout=60)
    assert process.returncode == 1
    assert json.loads(output) == {
        "code": 4,
        "msg": "required env variables [CNI_CONTAINERID,CNI_NETNS,CNI_IFNAME,CNI_PATH] missing",
    }


@pytest.mark.parametrize("verb", entry.VERBS)
def test_every_verb_has_its_function(verb: str) -> None:
    module, function = entry.VERBS[verb]
    assert callable(getattr(importlib.import_module(module), function))


def test_a_deletion_goes_all_the_way(world: World) -> None:
    world.add(args="", ifname="multus-test0")
    install(world, "bridge", "echo careful >&2")
    process = call(world, "DEL")
    output, told = process.communicate(timeout=60)
    assert (process.returncode, output, told) == (0, b"", b"careful\n")
    assert calls(world, "bridge") == ["DEL bridge"]
    assert world.left_behind() == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_call_and_its_delegate_with_one_error_document(world: World, number: signal.Signals) -> None:
    world.add(args="", ifname="multus-test0")
    install(world, "bridge", "sleep 60")
    process = call(world, "DEL")
    wait_for_call(world, "bridge")
    started = time.monotonic()
    process.send_signal(number)
    output, _ = process.communicate(timeout=60)
    document: JSONObject = json.loads(output)
    assert process.returncode == 1
    assert document["msg"] == f"internal error: InterruptedCallError: ended by signal {number.value}"
    assert time.monotonic() - started < 30, "the delegate was not waited for"
    assert "c1" in world.left_behind()


@pytest.mark.root
def test_a_signal_in_the_middle_of_an_add_undoes_it_and_further_signals_do_not_disturb(world: World) -> None:
    world.keys["delegates"] = [{"cniVersion": "1.0.0", "name": name, "type": name} for name in ("fast", "slow")]
    install(world, "fast", '[ "$CNI_COMMAND" = DEL ] && sleep 1', "echo '{}'")
    install(world, "slow", '[ "$CNI_COMMAND" = ADD ] && sleep 60', "true")
    process = call(world, "ADD")
    wait_for_call(world, "slow")
    process.send_signal(signal.SIGTERM)
    while len(calls(world, "fast")) < 2:
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert json.loads(output)["code"] == 999
    assert calls(world, "slow") == ["ADD slow", "DEL slow"]
    assert calls(world, "fast") == ["ADD fast", "DEL fast"]
    assert world.left_behind() == []
