from __future__ import annotations

from multus_py.cluster.port import Phase, Report
from multus_py.daemon.traffic import BOUNDS, MANY, Counted, Traffic


def report(*phases: Phase, verb: str = "ADD", succeeded: bool = True, seconds: float = 0.1) -> Report:
    return Report(verb=verb, succeeded=succeeded, seconds=seconds, phases=phases)


def test_at_the_beginning_nothing_is_counted() -> None:
    assert Traffic().read() == Counted()


def test_answers_are_counted_by_question_and_outcome_and_timed_by_question() -> None:
    traffic = Traffic()
    for outcome, seconds in (("memory", 0.0005), ("memory", 0.0006), ("asked", 99.0)):
        traffic.answered("resolve", outcome, seconds)
    counted = traffic.read()

    assert counted.answers == {("resolve", "memory"): 2, ("resolve", "asked"): 1}
    times = counted.answer_times["resolve",]
    assert times.buckets[:2] == (1, 2)
    assert times.buckets[-2:] == (2, 3)
    assert len(times.buckets) == len(BOUNDS) + 1
    assert round(times.sum, 4) == 99.0011


def test_what_was_read_stays_as_it_was() -> None:
    traffic = Traffic()
    traffic.told("posted", 2)
    before = traffic.read()
    traffic.told("posted", 3)
    assert (before.events, traffic.read().events) == ({("posted",): 2}, {("posted",): 5})


def test_clients_that_were_hung_up_on_are_counted_by_the_reason() -> None:
    traffic = Traffic()
    traffic.dropped("slow")
    assert traffic.read().dropped == {("slow",): 1}


def test_calls_are_timed_with_their_parts_and_delegates_by_their_type() -> None:
    traffic = Traffic()
    plan, delegate = Phase(name="plan", seconds=0.01), Phase(name="delegate", plugin="macvlan", seconds=0.02)
    traffic.reported(report(plan, delegate, delegate))
    traffic.reported(report(plan, succeeded=False))
    counted = traffic.read()

    assert {labels: times.buckets[-1] for labels, times in counted.calls.items()} == {
        ("ADD", "success"): 1,
        ("ADD", "failure"): 1,
    }
    assert {labels: times.buckets[-1] for labels, times in counted.phases.items()} == {
        ("ADD", "plan"): 2,
        ("ADD", "delegate"): 2,
    }
    assert {labels: round(times.sum, 2) for labels, times in counted.delegates.items()} == {("ADD", "macvlan"): 0.04}


def test_delegates_are_told_apart_by_what_they_were_called_with() -> None:
    traffic = Traffic()
    for verb, name, seconds in (("ADD", "delegate", 1.0), ("ADD", "undo", 2.0), ("DEL", "delegate", 4.0)):
        traffic.reported(report(Phase(name=name, plugin="macvlan", seconds=seconds), verb=verb))
    delegates = traffic.read().delegates

    assert {labels: times.sum for labels, times in delegates.items()} == {
        ("ADD", "macvlan"): 1.0,
        ("DEL", "macvlan"): 6.0,
    }


def test_there_is_no_end_of_plugins_but_of_names_for_them() -> None:
    traffic = Traffic()
    for index in range(MANY + 10):
        traffic.reported(report(Phase(name="delegate", plugin=f"plugin{index}", seconds=0.01)))
    delegates = traffic.read().delegates

    assert len(delegates) == MANY + 1
    assert delegates["other", "other"].buckets[-1] == 10
