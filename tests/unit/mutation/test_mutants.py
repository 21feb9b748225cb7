"""What mistakes are made, and that none of them is one of style only."""

from __future__ import annotations

import pytest

from tests.mutation.mutants import mutants

CHANGES = {
    "a comparison": ("x = a == b", {"a == b -> a != b"}),
    "a limit": ("x = a < b", {"a < b -> a <= b"}),
    "a membership": ("x = a in b", {"a in b -> a not in b"}),
    "a conjunction": ("x = a and b", {"a and b -> a or b"}),
    "a denial": ("x = not a", {"not a -> a"}),
    "a sum": ("x = a + b", {"a + b -> a - b"}),
    "a number": ("x = 1", {"x = 1 -> x = 2"}),
    "a truth": ("f(a=True)", {"a=True -> a=False", "f(a=True) -> nothing"}),
    "a text": ("x = 'a'", {"x = 'a' -> x = 'a?'"}),
    "a condition": ("if a:\n    pass", {"a -> not a"}),
    "a choice": ("x = b if a else c", {"b if a else c -> not a"}),
    "a filter": ("x = [a for a in b if a]", {"a -> not a"}),
    "a refusal": ("raise error", {"raise error -> nothing"}),
    "an entry": ("a[b] = c", {"a[b] = c -> nothing"}),
    "an addition": ("a += b", {"a += b -> nothing", "a += b -> a -= b"}),
    "a loop": ("while a:\n    break", {"a -> not a", "break -> continue"}),
}


@pytest.mark.parametrize(("source", "expected"), CHANGES.values(), ids=list(CHANGES))
def test_each_mistake_is_made_alone(source: str, expected: set[str]) -> None:
    found = {mutant.name.partition(": ")[2] for mutant in mutants(source, "m.py")}
    assert found == expected


READERS = {
    "a docstring": '"""Words."""',
    "an annotation": "x: 'int | None'",
    "what is returned": "def f() -> 'int': ...",
    "an import": "from a import b",
    "what type checkers read": "TYPE_CHECKING = False\nif TYPE_CHECKING:\n    x = 1",
    "nothing, returned": "def f():\n    return None",
}


@pytest.mark.parametrize("source", READERS.values(), ids=list(READERS))
def test_what_nothing_depends_on_is_left_alone(source: str) -> None:
    assert mutants(source, "m.py") == []


def test_a_mutant_runs_as_it_says_and_the_others_do_not() -> None:
    source = "def sign(a):\n    if a < 0:\n        return -1\n    return 1\n"
    told = {}
    for mutant in mutants(source, "m.py"):
        namespace: dict[str, object] = {}
        exec(mutant.code, namespace)
        sign = namespace["sign"]
        assert callable(sign)
        told[mutant.name] = [sign(-5), sign(0), sign(5)]
    assert told["m.py sign: a < 0 -> a <= 0"] == [-1, -1, 1]
    assert told["m.py sign: a < 0 -> not a < 0"] == [1, -1, -1]
    assert told["m.py sign: return 1 -> return None"] == [-1, None, None]
    assert [1, 1, 1] not in told.values()


def test_a_mutant_tells_where_it_is() -> None:
    [first, *_] = mutants("class A:\n    def b(self):\n        return 1\n", "m.py")
    assert (first.where, first.line) == ("A.b", 3)
