from __future__ import annotations

from pathlib import Path

from prometheus_client import parser

from multus_py.cluster.port import Phase, Report
from multus_py.daemon.cache import Size
from multus_py.daemon.following import Standing
from multus_py.daemon.metrics import Metrics
from multus_py.daemon.serving import Collected, Figures
from multus_py.daemon.state import State
from multus_py.daemon.traffic import Traffic
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


def served(figures: Figures | None) -> dict[tuple[str, tuple[str, ...]], float]:
    """Return the cache's figures by name and the labels' values, in order."""
    _, body = Metrics(State(beat=0).read, serving=lambda: figures, version="1", build="").expose("")
    families = parser.text_string_to_metric_families(body.decode())
    samples = [sample for family in families for sample in family.samples]
    return {(sample.name, tuple(sorted(sample.labels.values()))): sample.value for sample in samples}


def of(traffic: Traffic, **standing: Standing) -> Figures:
    """Return figures of caches of which each has two objects."""
    size = Size(objects=2, characters=100)
    caches = {kind: Collected(size=size, standing=at, current=at.watching) for kind, at in standing.items()}
    return Figures(monotonic=1000, caches=caches, counted=traffic.read(), connections=3, waiting=4, fallbacks=5)


def test_without_a_cache_there_are_no_figures_of_it() -> None:
    assert not any(name.startswith(("multus_cache", "multus_request")) for name, _ in served(None))


def test_the_caches_figures_are_told_by_kind() -> None:
    watching = Standing(complete=True, watching=True, heard=990.0, lists=1, watches=2, failures=3)
    found = served(of(Traffic(), pods=watching, nads=Standing()))

    assert found["multus_cache_objects", ("pods",)] == 2
    assert found["multus_cache_characters", ("pods",)] == 100
    assert found["multus_cache_age_seconds", ("pods",)] == 10
    assert ("multus_cache_age_seconds", ("nads",)) not in found
    assert [found["multus_cache_current", (kind,)] for kind in ("pods", "nads")] == [1, 0]
    names = ("multus_cache_lists_total", "multus_cache_watches_total", "multus_cache_failures_total")
    assert [found[name, ("pods",)] for name in names] == [1, 2, 3]
    assert [found[name, ()] for name in ("multus_connections", "multus_events_waiting", "multus_fallbacks_total")] == [
        3,
        4,
        5,
    ]


def test_answers_are_counted_and_timed() -> None:
    traffic = Traffic()
    traffic.answered("resolve", "memory", 0.0004)
    traffic.answered("resolve", "notFound", 0.004)
    traffic.answered("status", "unavailable", 60.0)
    traffic.dropped("slow")
    traffic.told("posted", 2)
    found = served(of(traffic))

    assert found["multus_requests_total", ("memory", "resolve")] == 1
    assert found["multus_request_duration_seconds_count", ("resolve",)] == 2
    assert found["multus_request_duration_seconds_bucket", ("0.0005", "resolve")] == 1
    assert found["multus_request_duration_seconds_bucket", ("+Inf", "resolve")] == 2
    assert found["multus_request_duration_seconds_bucket", ("30.0", "status")] == 0
    assert found["multus_clients_dropped_total", ("slow",)] == 1
    assert found["multus_events_total", ("posted",)] == 2


def test_the_go_multus_counter_goes_on_under_its_name() -> None:
    traffic = Traffic()
    for question, outcome in (("resolve", "memory"), ("resolve", "asked"), ("resolve", "notFound"), ("status", "x")):
        traffic.answered(question, outcome, 0.0)
    found = served(of(traffic))

    name = "multus_server_request_total"
    assert found[name, ("200", "post", "resolve")] == 2
    assert found[name, ("404", "post", "resolve")] == 1
    assert found[name, ("500", "post", "status")] == 1


def test_delegates_are_timed_by_their_type() -> None:
    traffic = Traffic()
    phases = (Phase(name="plan", seconds=0.001), Phase(name="delegate", plugin="macvlan", seconds=0.02))
    traffic.reported(Report(verb="ADD", succeeded=True, seconds=0.03, phases=phases))
    found = served(of(traffic))

    assert found["multus_delegate_duration_seconds_sum", ("ADD", "macvlan")] == 0.02
    assert found["multus_call_phase_duration_seconds_count", ("ADD", "plan")] == 1
    assert found["multus_call_duration_seconds_count", ("ADD", "success")] == 1
