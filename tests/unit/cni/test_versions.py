from __future__ import annotations

import itertools

import pytest

from multus_py.cni import convert, versions

PARSED = {
    "": (0, 1, 0),
    "0.1.0": (0, 1, 0),
    "0.3.1": (0, 3, 1),
    "1.0.0": (1, 0, 0),
    "1": (1, 0, 0),
    "1.2": (1, 2, 0),
    "10.20.30": (10, 20, 30),
    "01.0.0": (1, 0, 0),
    "+1.0.0": (1, 0, 0),
    "-1.0.0": (-1, 0, 0),
}
BAD = {
    "1.0.0.0": 'invalid version "1.0.0.0": too many parts',
    "x.1.0": 'failed to convert major version part "x": strconv.Atoi: parsing "x": invalid syntax',
    "1.y.0": 'failed to convert minor version part "y": strconv.Atoi: parsing "y": invalid syntax',
    "1.0.z": 'failed to convert micro version part "z": strconv.Atoi: parsing "z": invalid syntax',
    "1..0": 'failed to convert minor version part "": strconv.Atoi: parsing "": invalid syntax',
    "1. 0": 'failed to convert minor version part " 0": strconv.Atoi: parsing " 0": invalid syntax',
    "1_0": 'failed to convert major version part "1_0": strconv.Atoi: parsing "1_0": invalid syntax',
    "-": 'failed to convert major version part "-": strconv.Atoi: parsing "-": invalid syntax',
    "²": 'failed to convert major version part "²": strconv.Atoi: parsing "²": invalid syntax',
    "9223372036854775808": 'failed to convert major version part "9223372036854775808": strconv.Atoi: '
    'parsing "9223372036854775808": value out of range',
}


@pytest.mark.parametrize(("text", "expected"), PARSED.items(), ids=PARSED)
def test_a_version_is_three_numbers(text: str, expected: tuple[int, int, int]) -> None:
    assert versions.parse(text) == expected


@pytest.mark.parametrize(("text", "message"), BAD.items(), ids=BAD)
def test_what_is_no_version_is_refused_in_go_s_words(text: str, message: str) -> None:
    with pytest.raises(ValueError, match="version") as caught:
        versions.parse(text)

    assert str(caught.value) == message


def test_a_number_of_any_length_is_refused_without_being_read() -> None:
    with pytest.raises(ValueError, match="value out of range"):
        versions.parse("1" * 100_000)


@pytest.mark.parametrize(("older", "newer"), list(itertools.pairwise(versions.SUPPORTED)))
def test_the_supported_versions_are_in_order(older: str, newer: str) -> None:
    assert versions.at_least(newer, older)
    assert versions.at_least(newer, newer)
    assert not versions.at_least(older, newer)


def test_comparison_is_by_number() -> None:
    assert versions.at_least("0.10.0", "0.4.0")
    assert not versions.at_least("", "0.2.0")


def test_the_highest_is_the_highest_by_number() -> None:
    assert versions.highest(["0.4.0", "0.10.0", "0.3.1"]) == "0.10.0"
    assert versions.highest([]) == ""


def test_there_are_seven_versions_and_each_has_a_family_of_results() -> None:
    assert versions.SUPPORTED == ("0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0")
    assert tuple(convert.FAMILIES) == versions.SUPPORTED
    assert versions.SUPPORTED[-1] == versions.CURRENT
