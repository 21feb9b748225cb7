"""What mistakes are made, each alone, and that none of them is one of style only."""

from __future__ import annotations

import pytest

from tests.mutation.mutants import mutants

CHANGES = {
    "a comparison": ("x = a == b", {"a == b -> a != b"}),
    "a limit": ("x = a < b", {"a < b -> a <= b"}),
    "a membership": ("x = a in b", {"a in b -> a not in b"}),
    "a conjunction": ("x = a and b", {"a and b -> a or b", "a and b -> a", "a and b -> b"}),
    "a long conjunction": (
        "x = a or b or c",
        {"a or b or c -> a and b and c", "a or b or c -> b or c", "a or b or c -> a or c", "a or b or c -> a or b"},
    ),
    "a denial": ("x = not a", {"not a -> a"}),
    "a sum": ("x = a + b", {"a + b -> a - b"}),
    "a number": ("x = 1", {"x = 1 -> x = 2"}),
    "a fraction": ("x = 0.5", {"x = 0.5 -> x = 1.5"}),
    "a truth": ("x = True", {"x = True -> x = False"}),
    "a text": ("x = 'a'", {"x = 'a' -> x = 'a?'"}),
    "bytes": ("x = b'a'", {"x = b'a' -> x = b'a?'"}),
    "a message": ("x = f'{a} is'", {"f'{a} is' -> f' is'", "f'{a} is' -> f'{a} is?'"}),
    "a default": ("def f(a=1): ...", {"a=1 -> a=2"}),
    "a condition": ("if a:\n    pass", {"a -> not a"}),
    "a choice": ("x = b if a else c", {"b if a else c -> b if not a else c"}),
    "a filter": ("x = [a for a in b if a]", {"a -> not a", "b -> ()"}),
    "an answer": ("def f():\n    return a", {"return a -> return None"}),
    "an early end": ("def f():\n    return", {"return -> nothing"}),
    "a refusal": ("raise error", {"raise error -> nothing"}),
    "a refusal's type": (
        "raise Wrong(a, b=c)",
        {
            "raise Wrong(a, b=c) -> nothing",
            "Wrong(a, b=c) -> RuntimeError(a)",
            "Wrong(a, b=c) -> Wrong(a)",
        },
    ),
    "an expected error": ("try:\n    pass\nexcept A:\n    pass", {"A -> ()"}),
    "expected errors": ("try:\n    pass\nexcept (A, B):\n    pass", {"(A, B) -> (B,)", "(A, B) -> (A,)"}),
    "a call": ("f(a)", {"f(a) -> nothing"}),
    "an argument": ("x = f(a, b=c, d=e)", {"f(a, b=c, d=e) -> f(a, d=e)", "f(a, b=c, d=e) -> f(a, b=c)"}),
    "any": ("x = any(a)", {"any(a) -> all(a)"}),
    "a beginning": ("x = a.startswith(b)", {"a.startswith(b) -> a.endswith(b)"}),
    "blanks": ("x = a.strip()", {"a.strip() -> a"}),
    "an entry": ("a[b] = c", {"a[b] = c -> nothing"}),
    "an attribute": ("a.b = c", {"a.b = c -> nothing"}),
    "a removal": ("del a[b]", {"del a[b] -> nothing"}),
    "an addition": ("a += b", {"a += b -> nothing", "a += b -> a -= b"}),
    "a loop": ("while a:\n    break", {"a -> not a", "break -> continue"}),
    "a round": ("for a in b:\n    pass", {"b -> ()"}),
    "a slice": ("x = a[1:]", {"a[1:] -> a[:]", "1: -> 2:"}),
    "a slice up to something": ("x = a[:b]", {"a[:b] -> a[:]", "a[:b] -> a[:b + 1]"}),
    "a list": ("x = [a, b]", {"[a, b] -> [b]", "[a, b] -> [a]"}),
    "a pair": ("x = (a, b)", {"(a, b) -> (b,)", "(a, b) -> (a,)"}),
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
    "a key of two parts": "x = y[a, b]",
}


@pytest.mark.parametrize("source", READERS.values(), ids=list(READERS))
def test_what_nothing_depends_on_is_left_alone(source: str) -> None:
    assert mutants(source, "m.py") == []
