"""Mutants: that they run as they say, and how they are called."""

from __future__ import annotations

from tests.mutation.mutants import mutants


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
    assert [-1, 1, 1] not in told.values()


def test_a_mutant_tells_where_it_is() -> None:
    [first, *_] = mutants("class A:\n    def b(self):\n        return 1\n", "m.py")
    assert (first.where, first.line) == ("A.b", 3)


def test_what_a_function_says_twice_is_changed_in_both_places_under_two_names() -> None:
    source = "def f(a):\n    if a:\n        raise a\n    raise a\n"
    found = {mutant.name: mutant.line for mutant in mutants(source, "m.py") if mutant.after == "nothing"}
    assert found == {"m.py f: raise a -> nothing": 3, "m.py f: raise a -> nothing (2)": 4}
