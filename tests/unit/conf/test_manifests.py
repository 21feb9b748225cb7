"""What conf/ says to a cluster: one truth in several files, the least rights, and flags that there are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from multus_py.attach import settings
from multus_py.cli import daemon, install, parsers
from multus_py.hostconfig import options
from multus_py.lab.objects import Object, at, section, text
from tools import image

CONF = Path(__file__).parents[3] / "conf"
PARTS = ("crd.yaml", "rbac.yaml", "daemonset.yaml")


def documents(name: str) -> list[Object]:
    found: list[Object] = list(yaml.safe_load_all((CONF / name).read_text()))
    return found


def of_kind(kind: str) -> Object:
    (found,) = [document for document in documents("multus.yaml") if document["kind"] == kind]
    return found


@pytest.fixture(params=["install", "multus"])
def container(request: pytest.FixtureRequest) -> Object:
    pod = section(of_kind("DaemonSet"), "spec", "template", "spec")
    containers: list[Object] = [*_list(pod, "initContainers"), *_list(pod, "containers")]
    (found,) = [one for one in containers if one["name"] == request.param]
    return found


def _list(found: Object, key: str) -> list[Object]:
    items = found[key]
    assert isinstance(items, list)
    return [item for item in items if isinstance(item, dict)]


def test_the_one_file_is_its_parts() -> None:
    made = documents("multus.yaml")

    assert made == [document for part in PARTS for document in documents(part)], "make manifest"
    assert all(document for document in made)


def test_the_kustomization_has_the_same_parts() -> None:
    (kustomization,) = documents("kustomization.yaml")

    assert kustomization["resources"] == list(PARTS)


def test_the_image_is_the_one_that_is_made(container: Object) -> None:
    assert container["image"] == image.NAME
    command = container["command"]
    assert isinstance(command, list)
    assert command[0] == image.ENTRYPOINT[0]


def test_the_manifest_for_the_go_multus_that_is_tried_has_this_image() -> None:
    tried = (CONF.parent / "tests/e2e/thin.yaml").read_text()

    assert set(re.findall(r"image: (\S+)", tried)) == {image.NAME}


def test_a_container_has_no_more_rights_than_it_needs(container: Object) -> None:
    assert container["securityContext"] == {
        "privileged": False,
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"], "add": ["DAC_OVERRIDE"]},
    }


def test_a_container_makes_the_pod_guaranteed(container: Object) -> None:
    limits = section(container, "resources", "limits")

    assert limits.keys() == {"cpu", "memory"}
    assert section(container, "resources", "requests") == limits


def test_the_daemon_serves_where_the_plugin_looks_for_it() -> None:
    pod = section(of_kind("DaemonSet"), "spec", "template", "spec")
    (container,) = _list(pod, "containers")
    (volume,) = [volume for volume in _list(pod, "volumes") if volume["name"] == "socket"]
    (mount,) = [mount for mount in _list(container, "volumeMounts") if mount["name"] == "socket"]
    arguments = container["args"]
    assert isinstance(arguments, list)

    assert text(volume, "hostPath", "path") == settings.Settings().daemon_dir
    assert f"--socket-dir={mount['mountPath']}" in arguments
    assert "MULTUS_NODE_NAME" in [variable["name"] for variable in _list(container, "env")]


def test_of_the_node_there_are_four_folders() -> None:
    volumes = _list(section(of_kind("DaemonSet"), "spec", "template", "spec"), "volumes")
    paths = [text(volume, "hostPath", "path") for volume in volumes if "hostPath" in volume]

    assert paths == ["/opt/cni/bin", "/etc/cni/net.d", "/run/multus", "/var/lib/kubelet/pod-resources"]


def test_the_pod_runs_before_the_node_is_ready_and_is_not_the_first_to_go() -> None:
    pod = section(of_kind("DaemonSet"), "spec", "template", "spec")

    assert pod["priorityClassName"] == "system-node-critical"
    assert pod["tolerations"] == [{"operator": "Exists"}]
    assert pod["hostNetwork"] is True
    assert "hostPID" not in pod
    assert "hostIPC" not in pod


def test_probes_ask_where_the_daemon_answers() -> None:
    (container,) = _list(section(of_kind("DaemonSet"), "spec", "template", "spec"), "containers")

    (port,) = _list(container, "ports")
    assert f"--metrics-port={port['containerPort']}" in _args(container)
    for probe, path in (("readinessProbe", "/readyz"), ("livenessProbe", "/healthz")):
        assert section(container, probe, "httpGet") == {"path": path, "port": port["name"]}


def test_the_role_of_the_daemon_names_its_daemonset() -> None:
    (rule,) = _list(of_kind("Role"), "rules")

    assert rule["resourceNames"] == [at(of_kind("DaemonSet"), "metadata", "name")]


def test_the_network_definition_has_its_short_names() -> None:
    assert at(of_kind("CustomResourceDefinition"), "spec", "names", "shortNames") == ["nad", "net-attach-def"]


def _args(container: Object) -> list[str]:
    args = container["args"]
    assert isinstance(args, list)
    return [arg for arg in args if isinstance(arg, str)]


def test_the_commands_know_the_flags_and_the_settings(container: Object, tmp_path: Path) -> None:
    command = container["command"]
    assert isinstance(command, list)
    parser = parsers.Parser(exit_on_error=False)
    commands = parser.add_subparsers()
    install.register(commands)
    daemon.register(commands)
    settings = tmp_path / "config.yaml"
    settings.write_text(text(of_kind("ConfigMap"), "data", "config.yaml"))
    args = [arg.replace("/etc/multus/config.yaml", str(settings)) for arg in _args(container)]

    chosen = parsers.options_of(parser.parse_args([str(command[1]), *args]))

    assert chosen is not None
    assert chosen.cni_conf_dir == chosen.autoconfig_dir == Path("/host/etc/cni/net.d")
    assert chosen.log_level == "error"
    assert chosen.warnings == ()


def test_the_settings_that_are_suggested_are_settings(tmp_path: Path) -> None:
    suggested = re.sub(r"^# (\w+: )", r"\1", text(of_kind("ConfigMap"), "data", "config.yaml"), flags=re.MULTILINE)
    (tmp_path / "config.yaml").write_text(suggested)

    chosen = options.from_file(tmp_path / "config.yaml")

    assert chosen.master_cni_file == "10-calico.conflist"
    assert chosen.readiness_indicator_file == "/run/flannel/subnet.env"


def test_no_manifest_names_a_registry() -> None:
    for path in CONF.rglob("*.yaml"):
        for name in re.findall(r"\bimage: \"?([^\s,\"}]+)", path.read_text()):
            assert "." not in name.partition("/")[0].partition(":")[0], path
