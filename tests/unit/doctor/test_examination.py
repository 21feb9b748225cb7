"""Whatever a check does, the others are run, and its end is said to be one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from multus_py.doctor.check import BlockedError, Check, Look, SkippedError, error, fine, warning
from multus_py.doctor.examination import examine
from multus_py.doctor.options import Options
from multus_py.doctor.view import View
from multus_py.findings.finding import Finding, Severity


def check(id: str, look: Look, *, patience: float = 30.0) -> Check:
    return Check(id=id, title="all is well", looks_at="", meaning="", remedy="", look=look, patience=patience)


def well(_view: View) -> Iterator[Finding]:
    yield fine("seen")


@pytest.fixture
def view(tmp_path: Path) -> View:
    return View(Options(root=tmp_path))


def said(view: View, *checks: Check) -> list[tuple[str, Severity, str]]:
    return [(each.id, each.severity, each.problem) for each in examine(view, checks)]


def test_a_check_that_finds_nothing_says_what_it_has_looked_at(view: View) -> None:
    def twice(_view: View) -> Iterator[Finding]:
        yield fine("one")
        yield fine("two")

    assert said(view, check("a", well), check("b", twice)) == [
        ("a", Severity.OK, "seen"),
        ("b", Severity.OK, "one; two"),
    ]


def test_a_check_that_says_nothing_passes_by_its_title(view: View) -> None:
    assert said(view, check("a", lambda _view: iter(()))) == [("a", Severity.OK, "all is well")]


def test_what_is_wrong_stands_alone(view: View) -> None:
    def ill(_view: View) -> Iterator[Finding]:
        yield fine("this")
        yield warning("that")
        yield error("those")

    assert said(view, check("a", ill)) == [("a", Severity.WARNING, "that"), ("a", Severity.ERROR, "those")]


def test_a_check_that_breaks_is_reported_and_ends_nothing(view: View) -> None:
    def broken(_view: View) -> Iterator[Finding]:
        yield error("found before")
        raise ZeroDivisionError("by zero")

    found = said(view, check("a", broken), check("b", well))
    assert found[0] == ("a", Severity.ERROR, "found before")
    assert found[1] == ("a", Severity.ERROR, "the check itself failed: ZeroDivisionError: by zero")
    assert found[2] == ("b", Severity.OK, "seen")


def test_a_check_that_hangs_is_left_behind(view: View) -> None:
    release = threading.Event()

    def hanging(_view: View) -> Iterator[Finding]:
        release.wait()
        yield fine("late")

    found = said(view, check("a", hanging, patience=0.01), check("b", well))
    release.set()
    assert found[0][:2] == ("a", Severity.ERROR)
    assert "did not come to an end within 0.01 seconds" in found[0][2]
    assert found[1] == ("b", Severity.OK, "seen")


def test_a_check_that_takes_its_time_is_shown_while_it_does(view: View) -> None:
    release, shown = threading.Event(), list[str]()

    @contextmanager
    def progress(check: Check) -> Iterator[None]:
        shown.append(f"{check.id} begins")
        release.set()
        yield
        shown.append(f"{check.id} ends")

    def slow(_view: View) -> Iterator[Finding]:
        release.wait()
        yield fine("done")

    found = list(examine(view, [check("quick", well), check("slow", slow)], progress=progress, quiet=0.05))
    assert [each.problem for each in found] == ["seen", "done"]
    assert shown == ["slow begins", "slow ends"]


def test_a_reason_not_to_look_is_a_note(view: View) -> None:
    def skipped(_view: View) -> Iterator[Finding]:
        raise SkippedError("there is no cluster")

    assert said(view, check("a", skipped)) == [("a", Severity.NOTE, "skipped: there is no cluster")]


def test_what_a_check_has_missed_is_reported_by_the_first_that_meets_with_it(view: View) -> None:
    def blocked(_view: View) -> Iterator[Finding]:
        raise BlockedError("a", "no way")

    assert said(view, check("a", well), check("b", blocked), check("c", blocked)) == [
        ("a", Severity.OK, "seen"),
        ("b", Severity.ERROR, "no way"),
        ("c", Severity.NOTE, "skipped: no way (see b)"),
    ]


def test_one_cause_is_reported_once_and_others_refer_to_it(view: View) -> None:
    def blocked(_view: View) -> Iterator[Finding]:
        raise BlockedError("a", "no way", remedy="Make one.", file="/etc/x")

    found = list(examine(view, [check("a", blocked), check("b", blocked)]))
    assert found[0] == Finding(id="a", severity=Severity.ERROR, problem="no way", remedy="Make one.", file="/etc/x")
    assert found[1] == Finding(id="b", severity=Severity.NOTE, problem="skipped: no way (see a)")
