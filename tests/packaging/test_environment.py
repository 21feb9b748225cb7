"""Delegates get the environment that the runtime gave, and nothing of the bootloader's."""

from __future__ import annotations

import pytest

from tests.packaging.calls import Caller


def delegates_environ(caller: Caller, **more: str) -> dict[str, str]:
    caller.delegates.install("bridge", DEL={"environ": True})
    done = caller.call("DEL", **more)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    (call,) = caller.delegates.calls()
    assert call.environ is not None
    return call.environ


def test_it_is_the_runtimes_own(caller: Caller) -> None:
    seen = delegates_environ(caller, SOMETHING="of the runtime's", LANG="de_DE.UTF-8")

    expected = caller.environ("DEL", SOMETHING="of the runtime's", LANG="de_DE.UTF-8")
    # The recorder is a Python script, whose interpreter may set LC_CTYPE for itself.
    assert without_cni(seen) - {"LC_CTYPE"} == without_cni(expected)
    assert all(seen[name] == expected[name] for name in without_cni(expected))


def without_cni(variables: dict[str, str]) -> set[str]:
    return {name for name in variables if not name.startswith("CNI_")}


@pytest.mark.parametrize("path", ["/runtime/lib", "/one:/two", ":/empty/first"])
def test_the_library_path_is_the_runtimes(caller: Caller, path: str) -> None:
    seen = delegates_environ(caller, LD_LIBRARY_PATH=path)

    assert seen["LD_LIBRARY_PATH"] == path
    assert "LD_LIBRARY_PATH_ORIG" not in seen


def test_variables_of_another_program_built_like_this_do_not_confuse_it(caller: Caller) -> None:
    """A runtime, or its wrapper, may itself be built with PyInstaller and pass its variables on."""
    seen = delegates_environ(
        caller,
        _PYI_ARCHIVE_FILE="/usr/bin/other",
        _PYI_APPLICATION_HOME_DIR="/tmp/_MEI00000001AbCdEf",
        _PYI_PARENT_PROCESS_LEVEL="1",
        LD_LIBRARY_PATH="/tmp/_MEI00000001AbCdEf",
    )

    assert [name for name in seen if name.startswith(("_PYI", "_MEI"))] == []
    assert seen["LD_LIBRARY_PATH"] == "/tmp/_MEI00000001AbCdEf"
