"""What a call loads out of the bundle of the build: modules of the plugin path, and those built into the interpreter.

A plain interpreter plays the bootloader's part here, since that one's cannot be asked what it has loaded.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from multus_py import frozen
from multus_py.install import program
from tests.packaging.calls import Caller

_STAGE_0 = """
import sys, posix, gc, marshal
before = set(sys.modules)
sys._MEIPASS, sys.argv = sys.argv[2], ["multus"]
real = posix._exit
def end(status):
    print(*sorted(set(sys.modules) - before), file=sys.stderr)
    sys.stderr.flush()
    real(status)
posix._exit = end
exec(compile(open({source!r}).read(), "frozen.py", "exec"))
"""
_ALLOWED = {"_json", "_signal", "_socket", "_struct", "binascii", "errno", "fcntl", "select"}


def loaded(caller: Caller, layout: Path, verb: str) -> set[str]:
    """Return the modules that a call loads."""
    script = _STAGE_0.format(source=frozen.__file__)
    command = [sys.executable, "-I", "-S", "-c", script, "multus", str(layout / "lib")]
    done = subprocess.run(command, input=caller.config(), env=caller.environ(verb), capture_output=True, check=False)
    return set(done.stderr.decode().split())


@pytest.fixture(autouse=True)
def _same_bytecode(layout: Path) -> None:
    build = program.read_build(layout)
    assert build
    if build.python.split(".")[:2] != [str(number) for number in sys.version_info[:2]]:
        pytest.skip(f"the build is of Python {build.python}, whose code this interpreter cannot run")


@pytest.mark.parametrize("verb", ["DEL", "STATUS", "GC"])
def test_a_call_loads_the_plugin_path_and_nothing_else(single_caller: Caller, layout: Path, verb: str) -> None:
    modules = loaded(single_caller, layout, verb)

    others = {name for name in modules if name.partition(".")[0] != "multus_py"}
    assert "multus_py.attach.work" in modules
    assert others - _ALLOWED == set()
    assert not [name for name in modules if name.startswith(("multus_py.cli", "multus_py.install", "multus_py.single"))]


def test_version_loads_nothing_at_all(single_caller: Caller, layout: Path) -> None:
    assert loaded(single_caller, layout, "VERSION") == set()
