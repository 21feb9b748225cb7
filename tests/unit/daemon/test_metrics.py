from __future__ import annotations

from pathlib import Path

from prometheus_client import parser

from multus_py.daemon.metrics import Metrics
from multus_py.daemon.state import State
from multus_py.hostconfig.reconcile import WORDS, Change, Outcome


def figures(state: State, accept: str = "") -> dict[tuple[str, str], float]:
    """Return the values by name and the value of the only label that matters."""
    _, body = Metrics(state.read, version="1.2.3", build="abc").expose(accept)
    return {
        (sample.name, sample.labels.get("what") or sample.labels.get("version", "")): sample.value
        for family in parser.text_string_to_metric_families(body.decode())
        for sample in family.samples
    }


def changes(*words: str) -> tuple[Change, ...]:
    return tuple(Change(what=word, path=Path("/x"), why="because") for word in words)


def test_at_the_start_the_node_is_waiting_and_every_kind_of_repair_counts_0() -> None:
    found = figures(State(beat=0))

    assert found["multus_build_info", "1.2.3"] == 1
    assert found["multus_node_config_waiting", ""] == 1
    assert found["multus_node_config_checks_total", ""] == 0
    assert {found["multus_node_config_repairs_total", word] for word in WORDS} == {0}
    assert ("multus_kubeconfig_token_expiry_timestamp_seconds", "") not in found
    assert ("multus_node_config_last_check_timestamp_seconds", "") not in found


def test_what_was_done_is_counted() -> None:
    state = State(beat=0)
    state.succeed(Outcome(changes=changes("config-missing", "kubeconfig-missing")), now=1000)
    state.succeed(Outcome(changes=changes("config-missing"), warnings=("a", "b"), token_expires=5000), now=2000)

    found = figures(state)

    assert found["multus_node_config_repairs_total", "config-missing"] == 2
    assert found["multus_node_config_repairs_total", "kubeconfig-missing"] == 1
    assert found["multus_node_config_checks_total", ""] == 2
    assert found["multus_node_config_last_check_timestamp_seconds", ""] == 2000
    assert found["multus_node_config_warnings", ""] == 2
    assert found["multus_node_config_waiting", ""] == 0
    assert found["multus_kubeconfig_token_expiry_timestamp_seconds", ""] == 5000


def test_failures_are_counted_and_what_was_known_stays_known() -> None:
    state = State(beat=0)
    state.succeed(Outcome(token_expires=5000), now=1000)
    state.fail("no")

    found = figures(state)

    assert found["multus_node_config_errors_total", ""] == 1
    assert found["multus_node_config_failing", ""] == 1
    assert found["multus_kubeconfig_token_expiry_timestamp_seconds", ""] == 5000


def test_the_process_is_measured_too() -> None:
    assert figures(State(beat=0))["process_resident_memory_bytes", ""] > 0


def test_the_format_is_the_one_that_the_client_accepts() -> None:
    metrics = Metrics(State(beat=0).read, version="1", build="")

    plain, _ = metrics.expose("*/*")
    modern, body = metrics.expose("application/openmetrics-text; version=1.0.0")

    assert plain.startswith("text/plain; version=0.0.4")
    assert modern.startswith("application/openmetrics-text; version=1.0.0")
    assert body.endswith(b"# EOF\n")
