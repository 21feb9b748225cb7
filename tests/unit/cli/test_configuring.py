"""`install` and `uninstall` with the node's CNI configuration, also under the names of the original's programs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from multus_py.base.clock import Deadline, SystemClock
from multus_py.cli import main
from multus_py.install import installation
from tests.unit.hostconfig.node import BRIDGE, ENVIRONMENT, Node
from tests.unit.install.layouts import make_layout


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Node:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    return Node(tmp_path)


def install(node: Node, *words: str) -> int:
    """Configure a node; the program itself cannot be installed from source."""
    paths = [f"--cni-conf-dir={node.directory}", f"--service-account-dir={node.account}"]
    return main.main(["install", "--skip-multus-binary-copy", *paths, *words])


def test_installing_with_a_configuration_directory_configures_the_node(
    node: Node, capsys: pytest.CaptureFixture[str]
) -> None:
    node.put("10-a.conf", BRIDGE)

    assert install(node) == 0

    assert node.read("00-multus.conf")["delegates"] == [BRIDGE]
    assert capsys.readouterr().out.splitlines()[-1] == f"configured {node.directory}"


def test_the_flags_of_the_originals_entrypoint_are_understood(node: Node) -> None:
    node.put("10-a.conf", BRIDGE)
    words = (
        "--multus-conf-file=auto --multus-bin-file=/x --skip-config-watch --multus-kubeconfig-file-host=/k --type thin"
    )
    assert install(node, f"--multus-autoconfig-dir={node.directory}", *words.split()) == 0
    assert node.read("00-multus.conf")["kubeconfig"] == "/k"


def test_a_file_of_options_configures_the_node_too(node: Node) -> None:
    node.put("10-a.conf", BRIDGE)
    path = node.root / "config.yaml"
    path.write_text(f"cniConfigDir: {node.directory}\nserviceAccountDir: {node.account}\nlogLevel: debug\n")
    assert main.main(["install", "--skip-multus-binary-copy", "--config", str(path)]) == 0
    assert node.read("00-multus.conf")["logLevel"] == "debug"


def test_without_patience_the_primary_may_come_later(node: Node, capsys: pytest.CaptureFixture[str]) -> None:
    assert install(node, "--wait-for-primary=0") == 0
    assert capsys.readouterr().out.splitlines()[-1] == (
        "the primary network is not there yet: `multus daemon` goes on with this"
    )
    assert node.kubeconfig.exists()


FAILURES = {
    "a wrong option": ("--multus-log-level=loud", "--multus-log-level: expected one of panic, error, verbose, debug"),
    "no primary in time": ("--wait-for-primary=0.01", "no configuration of a primary network in"),
    "no service account": ("--service-account-dir=/nowhere", "cannot read the service account's /nowhere/token"),
    "a file that is not there": ("--config=/nowhere", "cannot read /nowhere"),
}


@pytest.mark.parametrize(("word", "message"), FAILURES.values(), ids=list(FAILURES))
def test_a_failure_is_status_1_with_the_reason(
    node: Node, capsys: pytest.CaptureFixture[str], word: str, message: str
) -> None:
    """B39: the original ends with status 0."""
    assert install(node, word) == 1
    assert capsys.readouterr().err.startswith(f"multus install: {message}")


def test_wrong_options_are_found_before_anything_is_installed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main(["install", "--cni-bin-dir", str(tmp_path), "--cni-version=x"]) == 1
    assert "--cni-version" in capsys.readouterr().err


def test_uninstalling_takes_the_configuration_and_then_the_program(
    node: Node, capsys: pytest.CaptureFixture[str]
) -> None:
    plugins = node.root / "bin"
    plugins.mkdir()
    installation.install(make_layout(node.root / "build", version="1", id="a"), plugins)
    node.put("10-a.conf", BRIDGE)
    install(node, "--rename-conf-file")
    capsys.readouterr()

    assert main.main(["uninstall", f"--cni-bin-dir={plugins}", f"--cni-conf-dir={node.directory}"]) == 0

    assert capsys.readouterr().out.splitlines() == [
        f"restored {node.path('10-a.conf')}",
        f"removed {node.path('00-multus.conf')}",
        f"removed {node.kubeconfig}",
        f"removed {node.kubeconfig.parent}",
        f"removed {plugins}/passthru",
        f"removed {plugins}/multus",
        f"removed {plugins}/.multus-1-a",
    ]
    assert (node.names(), list(plugins.iterdir())) == (["10-a.conf"], [])


def test_a_configuration_that_cannot_be_removed_keeps_the_program(
    node: Node, capsys: pytest.CaptureFixture[str]
) -> None:
    plugins = node.root / "bin"
    plugins.mkdir()
    installation.install(make_layout(node.root / "build", version="1", id="a"), plugins)
    assert main.main(["uninstall", f"--cni-bin-dir={plugins}", "--cni-conf-dir=/nowhere"]) == 1
    assert "multus uninstall: cannot remove /nowhere" in capsys.readouterr().err
    assert (plugins / "multus").exists()


def test_the_originals_installer_is_understood_by_its_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["--type", "thin", "--dest-dir", str(tmp_path)], called="install_multus") == 1
    assert "only a build can install itself" in capsys.readouterr().err


def test_the_originals_entrypoint_configures_and_goes_on_as_the_daemon(node: Node) -> None:
    node.put("10-a.conf", BRIDGE)
    configuration = node.path("00-multus.conf")
    words = [f"--cni-conf-dir={node.directory}", f"--service-account-dir={node.account}", "--skip-multus-binary-copy"]
    program = "import sys; from multus_py.cli import main; sys.exit(main.main(sys.argv[1:], called='thin_entrypoint'))"
    with subprocess.Popen([sys.executable, "-c", program, *words], stdout=subprocess.DEVNULL) as process:
        try:
            assert appears(configuration)
            configuration.unlink()
            assert appears(configuration), "the daemon puts it back"
            process.terminate()
            assert process.wait(30) == 0
        finally:
            process.kill()
    assert configuration.exists()


def appears(path: Path) -> bool:
    deadline = Deadline(SystemClock(), 30)
    while not path.exists():
        if deadline.expired():
            return False
        deadline.sleep(0.02)
    return True
