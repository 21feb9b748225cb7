"""The versions of the CNI spec: which there are, and how they compare. What they mean for results is in `convert`."""

from __future__ import annotations

from multus_py.base import wording

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

SUPPORTED = ("0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0")
CURRENT = "1.1.0"
OLDEST = "0.1.0"
"""What a configuration or a result without a version means (cni-behaviour 3.1)."""

# What a verb or a feature needs at least.
MINIMUM = {"CHECK": "0.4.0", "GC": "1.1.0", "STATUS": "1.1.0"}
CACHED_RESULT_ON_DEL = "0.4.0"

_PARTS = ("major", "minor", "micro")
_LARGEST = (1 << 63) - 1


def parse(text: str) -> tuple[int, int, int]:
    """Return a version's three numbers; missing parts are 0, and an empty text means 0.1.0.

    Raises:
        ValueError: With the reference library's texts (cni-behaviour 3.5).
    """
    parts = (text or OLDEST).split(".")
    if len(parts) > len(_PARTS):
        raise ValueError(f"invalid version {wording.quoted(text)}: too many parts")
    major, minor, micro = (_number(name, part) for name, part in zip(_PARTS, [*parts, "0", "0"], strict=False))
    return major, minor, micro


def _number(name: str, part: str) -> int:
    digits = part[1:] if part[:1] in ("+", "-") else part
    problem = "" if digits.isascii() and digits.isdigit() else "invalid syntax"
    if not problem and (len(digits) > 19 or int(digits) > _LARGEST):
        problem = "value out of range"
    if problem:
        shown = wording.quoted(part)
        raise ValueError(f"failed to convert {name} version part {shown}: strconv.Atoi: parsing {shown}: {problem}")
    return int(part)


def at_least(version: str, minimum: str) -> bool:
    """Tell whether a version is `minimum` or newer, by number. Raises ValueError."""
    return parse(version) >= parse(minimum)


def highest(candidates: Iterable[str]) -> str:
    """Return the newest version, by number; an empty text when there is no candidate. Raises ValueError."""
    return max(candidates, key=parse, default="")
