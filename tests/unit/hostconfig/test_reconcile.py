"""One step: whatever the node looks like, it is right afterwards, and was never without a configuration."""

from __future__ import annotations

import json
import os
import stat
import threading
from pathlib import Path

import pytest

from multus_py.attach import settings
from multus_py.base import files
from multus_py.hostconfig import placing, reconcile
from multus_py.hostconfig.errors import HostConfigError
from tests.unit.hostconfig.node import BRIDGE, Node, chain, multus, token

FIRST = ["kubeconfig-missing", "config-missing"]


@pytest.fixture
def configured(node: Node) -> Node:
    """A node that is as it has to be."""
    node.put("10-a.conf", BRIDGE)
    assert node.words() == FIRST
    return node


def test_a_node_with_a_primary_network_is_configured(node: Node) -> None:
    node.put("10-a.conf", BRIDGE)

    outcome = node.reconcile()

    assert [change.what for change in outcome.changes] == FIRST
    assert (outcome.waiting, outcome.warnings) == ("", ())
    assert node.names() == ["00-multus.conf", "10-a.conf"]
    assert settings.parse(node.path("00-multus.conf").read_bytes()).delegates[0].plugins[0].raw == BRIDGE


def test_a_second_step_changes_nothing(configured: Node) -> None:
    def written() -> list[tuple[int, int]]:
        found = [path.stat() for path in (configured.path("00-multus.conf"), configured.kubeconfig)]
        return [(each.st_ino, each.st_ctime_ns) for each in found]  # the time of reading may change

    before = written()
    assert configured.words() == []
    assert written() == before


def test_all_that_is_written_can_be_read_by_root_only_whatever_the_umask(node: Node) -> None:
    node.put("10-a.conf", BRIDGE)
    before = os.umask(0)
    try:
        node.reconcile()
    finally:
        os.umask(before)
    assert {stat.S_IMODE(path.stat().st_mode) for path in (node.path("00-multus.conf"), node.kubeconfig)} == {0o600}
    assert stat.S_IMODE(node.kubeconfig.parent.stat().st_mode) == 0o755


# ------------------------------------------------------------------------------------------------ the primary network


def test_without_a_primary_the_node_waits_for_one(node: Node) -> None:
    """B40: the original gives up at once."""
    outcome = node.reconcile()
    assert outcome.waiting == f"no configuration of a primary network in {node.directory}"
    assert node.names() == []
    node.put("10-a.conf", BRIDGE)
    assert node.reconcile().waiting == ""


@pytest.mark.parametrize("content", ["", "{", '{"cniVersion": "0.4.0", "name": "cluster", "type": "brid'])
def test_a_half_written_primary_changes_nothing(configured: Node, content: str) -> None:
    """B28: the original writes an empty configuration."""
    before = configured.path("00-multus.conf").read_bytes()
    configured.put("10-a.conf", content)

    outcome = configured.reconcile()

    assert (outcome.changes, outcome.waiting) == ((), "")
    [warning] = outcome.warnings
    assert warning.startswith(f"{configured.path('10-a.conf')} is broken: ")
    assert warning.endswith(f"{configured.path('00-multus.conf')} stays as it is")
    assert configured.path("00-multus.conf").read_bytes() == before


def test_a_half_written_primary_on_a_new_node_is_waited_for(node: Node) -> None:
    node.put("10-a.conf", "{")
    node.put("20-b.conf", BRIDGE)
    assert "10-a.conf is broken" in node.reconcile().waiting
    assert node.names() == ["10-a.conf", "20-b.conf"]


def test_a_vanished_primary_leaves_the_configuration_in_place_with_a_warning(configured: Node) -> None:
    """B33, B38: the original does not notice."""
    configured.path("10-a.conf").unlink()
    outcome = configured.reconcile()
    assert (outcome.changes, outcome.waiting) == ((), "")
    reason = f"no configuration of a primary network in {configured.directory}"
    assert outcome.warnings == (f"{reason}; {configured.path('00-multus.conf')} stays as it is",)


def test_a_changed_primary_is_followed(configured: Node) -> None:
    configured.put("10-a.conf", BRIDGE | {"mtu": 1400, "capabilities": {"mac": True}})
    assert configured.words() == ["config-outdated"]
    found = configured.read("00-multus.conf")
    assert found["delegates"] == [BRIDGE | {"mtu": 1400, "capabilities": {"mac": True}}]
    assert found["capabilities"] == {"mac": True}


def test_a_capability_that_the_primary_has_no_more_goes(configured: Node) -> None:
    """B33: the original only ever adds capabilities."""
    configured.put("10-a.conf", BRIDGE | {"capabilities": {"mac": True}})
    configured.reconcile()
    configured.put("10-a.conf", BRIDGE)
    configured.reconcile()
    assert "capabilities" not in configured.read("00-multus.conf")


def test_a_primary_that_comes_earlier_by_name_takes_over(configured: Node) -> None:
    configured.put("05-cilium.conflist", chain("cilium-cni", version="0.3.1"))
    assert configured.words() == ["config-outdated"]
    assert configured.read("00-multus.conf")["delegates"] == [chain("cilium-cni", version="0.3.1")]


def test_crossing_version_1_0_changes_the_form_and_removes_the_other(configured: Node) -> None:
    """B37: the original leaves the old file, which comes first and so is what counts."""
    configured.put("10-a.conf", BRIDGE | {"cniVersion": "1.0.0"})
    assert configured.words() == ["config-missing", "config-superfluous"]
    assert configured.names() == ["00-multus.conflist", "10-a.conf"]
    configured.put("10-a.conf", BRIDGE)
    assert configured.words() == ["config-missing", "config-superfluous"]
    assert configured.names() == ["00-multus.conf", "10-a.conf"]


def test_a_renamed_multus_configuration_is_not_wrapped_again(configured: Node) -> None:
    """B30, and the nested delegates of the original's users."""
    configured.path("00-multus.conf").rename(configured.path("01-old-multus.conf"))
    configured.reconcile()
    assert configured.read("00-multus.conf")["delegates"] == [BRIDGE]


def test_a_renamed_primary_stays_the_source(node: Node) -> None:
    """B38: for the original it is missing for ever."""
    node.put("10-a.conf", BRIDGE)
    node.put("20-b.conf", BRIDGE | {"name": "other"})
    assert node.words(rename_conf_file=True) == [*FIRST, "primary-renamed"]
    assert node.names() == ["00-multus.conf", "10-a.conf.old", "20-b.conf"]
    assert node.words() == []
    node.path("00-multus.conf").unlink()
    assert node.words() == ["config-missing"]
    assert node.read("00-multus.conf")["delegates"] == [BRIDGE]


def test_a_renamed_primary_that_is_written_anew_is_followed_and_renamed(node: Node) -> None:
    node.put("10-a.conf", BRIDGE)
    node.reconcile(rename_conf_file=True)
    node.put("10-a.conf", BRIDGE | {"mtu": 9000})
    assert node.words() == ["config-outdated", "primary-renamed"]
    assert node.read("10-a.conf.old") == BRIDGE | {"mtu": 9000}
    assert node.read("00-multus.conf")["delegates"] == [BRIDGE | {"mtu": 9000}]


# ----------------------------------------------------------------------------------------- what others do to our files


def test_a_deleted_configuration_is_back(configured: Node) -> None:
    """B33, B38: the original does not notice."""
    configured.path("00-multus.conf").unlink()
    assert configured.words() == ["config-missing"]


@pytest.mark.parametrize("content", ["", "{", "{}", json.dumps(multus())], ids=["empty", "torn", "bare", "edited"])
def test_an_edited_configuration_is_restored(configured: Node, content: str) -> None:
    before = configured.path("00-multus.conf").read_bytes()
    configured.put("00-multus.conf", content)
    assert configured.words() == ["config-outdated"]
    assert configured.path("00-multus.conf").read_bytes() == before


def test_the_configuration_is_a_file_and_no_link(configured: Node) -> None:
    configured.path("00-multus.conf").rename(configured.root / "elsewhere")
    configured.path("00-multus.conf").symlink_to(configured.root / "elsewhere")
    assert configured.words() == ["config-outdated"]
    assert not configured.path("00-multus.conf").is_symlink()


def test_permissions_that_are_too_wide_are_mended(configured: Node) -> None:
    configured.path("00-multus.conf").chmod(0o644)
    configured.kubeconfig.chmod(0o640)
    assert configured.words() == ["kubeconfig-mode", "config-mode"]
    assert configured.words() == []


def test_ciliums_renaming_is_undone_with_the_setting_to_change(configured: Node) -> None:
    configured.path("00-multus.conf").rename(configured.path("00-multus.conf.cilium_bak"))
    outcome = configured.reconcile()
    assert [change.what for change in outcome.changes] == ["config-missing"]
    [warning] = outcome.warnings
    assert "Cilium has renamed 00-multus.conf" in warning
    assert "cni.exclusive=false" in warning
    assert configured.reconcile().warnings == (warning,), "the same text, so that it is logged once"


def test_a_configuration_that_the_runtime_uses_instead_is_warned_of(configured: Node) -> None:
    path = configured.put("00-a.conf", BRIDGE)
    assert configured.reconcile().warnings == (
        f"{path} comes before 00-multus.conf, so the runtime uses it, without Multus: remove or rename it",
    )


def test_somebody_elses_files_are_left_alone(configured: Node) -> None:
    configured.put("87-podman.conflist", chain("bridge"))
    configured.put(".hidden.1.tmp", "x")
    assert configured.words() == []
    assert configured.names() == [".hidden.1.tmp", "00-multus.conf", "10-a.conf", "87-podman.conflist"]


@pytest.mark.parametrize(
    "name", [".00-multus.conf.1.tmp", ".00-multus.conflist.77.tmp", "multus.d/.multus.kubeconfig.1.tmp"]
)
def test_what_a_step_that_was_cut_short_has_left_is_removed(configured: Node, name: str) -> None:
    """B35: the original writes over such a file without cutting it, and so leaves garbage at the new one's end."""
    path = configured.put(name, "x" * 100_000)
    outcome = configured.reconcile()
    assert [(change.what, change.path) for change in outcome.changes] == [("temporary-removed", path)]


def test_a_reader_never_sees_less_than_a_whole_configuration(configured: Node) -> None:
    """B29: the original writes in place."""
    path, done, seen = configured.path("00-multus.conf"), threading.Event(), set()

    def read() -> None:
        while not done.is_set():
            seen.add(path.read_bytes())

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for mtu in range(1400, 1450):
            configured.put("10-a.conf", BRIDGE | {"mtu": mtu})
            configured.reconcile()
    finally:
        done.set()
        reader.join()
    assert all(json.loads(content)["delegates"][0]["name"] == "cluster" for content in seen)


# ------------------------------------------------------------------------------------------------------ the kubeconfig


def test_a_new_token_renews_the_kubeconfig(configured: Node) -> None:
    """B36: the original does so only with two options that its manifest does not set."""
    (configured.account / "token").write_text("newer")
    assert configured.words() == ["kubeconfig-outdated"]
    assert '"token": "newer"' in configured.kubeconfig.read_text()


def test_a_new_ca_renews_the_kubeconfig(configured: Node) -> None:
    (configured.account / "ca.crt").write_text("another CA")
    assert configured.words() == ["kubeconfig-outdated"]


def test_a_service_account_that_is_gone_leaves_the_kubeconfig_with_a_warning(configured: Node) -> None:
    (configured.account / "token").unlink()
    configured.path("00-multus.conf").unlink()
    outcome = configured.reconcile()
    assert [change.what for change in outcome.changes] == ["config-missing"]
    assert outcome.warnings[0].startswith(f"{configured.kubeconfig} stays as it is: cannot read the service account's ")


def test_no_configuration_without_a_kubeconfig(node: Node) -> None:
    node.put("10-a.conf", BRIDGE)
    (node.account / "token").unlink()
    with pytest.raises(HostConfigError, match="cannot read the service account's"):
        node.reconcile()
    assert node.names() == ["10-a.conf"]


@pytest.mark.parametrize("options", [{"skip_kubeconfig": True}, {"kubeconfig_host": ""}], ids=str)
def test_a_kubeconfig_of_somebody_else_is_none_of_our_business(node: Node, options: dict[str, object]) -> None:
    node.put("10-a.conf", BRIDGE)
    (node.account / "token").unlink()
    assert node.words(**options) == ["config-missing"]
    assert not node.kubeconfig.exists()


def test_the_tokens_expiry_is_told_and_warned_of_when_it_is_near(configured: Node) -> None:
    now = configured.clock.now()
    (configured.account / "token").write_text(token(exp=int(now) + 3600))
    outcome = configured.reconcile()
    assert (outcome.token_expires, outcome.warnings) == (now + 3600, ())
    configured.clock.advance(3500)
    [warning] = configured.reconcile().warnings
    assert "expires at 2023-11-14T23:13:20Z, and Kubernetes has not replaced it" in warning
    configured.clock.advance(3500)
    assert configured.reconcile().warnings == (warning,)


def test_an_opaque_token_has_no_expiry(configured: Node) -> None:
    assert configured.reconcile().token_expires is None


# ------------------------------------------------------------------------------------------- a configuration of theirs


def theirs(node: Node, content: object = None, name: str = "70-multus.conf") -> Path:
    path = node.root / name
    path.write_text(content if isinstance(content, str) else json.dumps(content or multus()))
    return path


def test_a_given_file_is_copied_and_kept(node: Node) -> None:
    """B31: the original's daemon ends at once when it is told to copy a file."""
    path = theirs(node)
    assert node.words(multus_conf_file=str(path)) == FIRST
    assert node.path("70-multus.conf").read_bytes() == path.read_bytes()
    node.put("70-multus.conf", "{}")
    assert node.words() == ["config-outdated"]
    assert node.words() == []


def test_a_given_file_takes_the_place_of_a_generated_one(configured: Node) -> None:
    path = theirs(configured)
    assert configured.words(multus_conf_file=str(path)) == ["config-missing", "config-superfluous"]
    assert configured.names() == ["10-a.conf", "70-multus.conf"]


@pytest.mark.parametrize("content", ["", "{"])
def test_a_given_file_that_is_half_written_is_waited_for(node: Node, content: str) -> None:
    path = theirs(node)
    path.write_text(content)
    assert f"{path} is broken" in node.reconcile(multus_conf_file=str(path)).waiting
    path.write_text(json.dumps(multus()))
    node.reconcile(multus_conf_file=str(path))
    path.write_text(content)
    outcome = node.reconcile()
    assert (outcome.changes, outcome.waiting) == ((), "")
    assert outcome.warnings[0].endswith(f"{node.path('70-multus.conf')} stays as it is")


def test_a_given_file_that_is_not_there_is_waited_for(node: Node) -> None:
    assert node.reconcile(multus_conf_file="/nowhere/70-multus.conf").waiting == "/nowhere/70-multus.conf is not there"


WRONG = {
    "no Multus": (BRIDGE, "its type is not multus"),
    "a wrong value": (multus(logFile=5), "logFile: expected a string, found 5"),
    "no object": ("[]", "expected an object, found an array"),
}


@pytest.mark.parametrize(("content", "message"), WRONG.values(), ids=list(WRONG))
def test_a_given_file_that_is_wrong_is_an_error(node: Node, content: object, message: str) -> None:
    path = theirs(node, content)
    with pytest.raises(HostConfigError, match=message):
        node.reconcile(multus_conf_file=str(path))


def test_a_given_file_that_no_runtime_would_read_is_an_error(node: Node) -> None:
    path = theirs(node, name="multus-config")
    with pytest.raises(HostConfigError, match=r"runtimes read files that end in \.conf, \.conflist, \.json"):
        node.reconcile(multus_conf_file=str(path))


# ----------------------------------------------------------------------------------------------------------- all of it


def test_the_directory_for_networks_by_name_is_made(configured: Node) -> None:
    configured.reconcile(multus_cni_conf_dir=configured.root / "multus/net.d")
    assert (configured.root / "multus/net.d").is_dir()
    assert configured.read("00-multus.conf")["confDir"] == str(configured.root / "multus/net.d")


def test_what_is_odd_about_the_options_is_said_again(configured: Node) -> None:
    assert configured.reconcile(warnings=("odd",)).warnings == ("odd",)


def test_without_the_directory_the_message_says_which_one_it_has_to_be(node: Node) -> None:
    with pytest.raises(HostConfigError, match=r"/nowhere: No such file or directory; .*--cni-conf-dir"):
        node.reconcile(cni_conf_dir=Path("/nowhere"))


def test_steps_of_several_processes_do_not_meet(configured: Node) -> None:
    with (
        placing.locked(configured.directory, configured.clock),
        pytest.raises(HostConfigError, match="had a lock on it"),
    ):
        configured.reconcile()
    assert configured.words() == []


def test_a_target_that_cannot_be_written_is_an_error_and_the_old_one_stays(configured: Node) -> None:
    configured.path("00-multus.conf").unlink()
    configured.path("00-multus.conf").mkdir()
    with pytest.raises(HostConfigError, match=r"00-multus\.conf"):
        configured.reconcile()
    assert files.list_directory(str(configured.directory), ".tmp") == []


def test_every_word_is_known(configured: Node) -> None:
    assert set(FIRST) <= set(reconcile.WORDS)
    assert len(set(reconcile.WORDS)) == len(reconcile.WORDS)


def test_the_watched_directories_are_those_that_a_step_looks_at(node: Node) -> None:
    node.reconcile(autoconfig_dir=node.root / "net.d")
    assert reconcile.watched(node.options) == (node.directory, node.kubeconfig.parent, node.account)
    path = theirs(node)
    node.reconcile(multus_conf_file=str(path), skip_kubeconfig=True)
    assert reconcile.watched(node.options) == (node.directory, node.kubeconfig.parent, node.root)
