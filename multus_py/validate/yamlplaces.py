"""YAML read event by event: values as Kubernetes gets them, and where they stand.

Not `yaml.safe_load`: it knows no places, makes dates and sets that JSON does not have, follows aliases until memory
ends (ten lines can stand for a billion values), and goes as deep as the text, until the interpreter's stack ends.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import yaml
from yaml import events

from multus_py.validate.document import Path, Place, folded

if TYPE_CHECKING:
    from yaml.constructor import SafeConstructor
    from yaml.resolver import Resolver

    from multus_py.base.jsontext import JSONValue

DEEPEST = 100
LARGEST = 200_000
"""How many values a document may have once its aliases are written out."""
_TAG = "tag:yaml.org,2002:"
_NUMBERS = {f"{_TAG}int", f"{_TAG}float"}
_TEXTS = {f"{_TAG}{kind}" for kind in ("str", "timestamp", "binary", "merge", "value")}


class YamlError(ValueError):
    """The text is no YAML that Kubernetes would take."""

    def __init__(self, message: str, line: int, *, rule: str = "not-yaml") -> None:
        """Say what is wrong in which line, and which rule it breaks."""
        super().__init__(message)
        self.line = line
        self.rule = rule


@dataclass(frozen=True, kw_only=True)
class Parsed:
    """One document of a YAML stream."""

    value: JSONValue
    places: dict[Path, Place]
    twice: tuple[tuple[Path, int], ...]
    """Keys that come twice, with the line of the second."""


@dataclass(kw_only=True)
class _Container:
    """A mapping or a list that is not closed yet."""

    value: dict[str, JSONValue] | list[JSONValue]
    path: Path
    anchor: str | None
    size: int = 1
    key: str | None = None
    key_line: int = 0
    merged: list[JSONValue] = field(default_factory=list)


@dataclass(kw_only=True)
class _Builder:
    """The document in the making."""

    result: JSONValue = None
    places: dict[Path, Place] = field(default_factory=dict)
    twice: list[tuple[Path, int]] = field(default_factory=list)
    stack: list[_Container] = field(default_factory=list)
    anchors: dict[str, tuple[JSONValue, int]] = field(default_factory=dict)


def documents(text: str) -> Iterator[Parsed]:
    """Yield the documents of a text, as many as there are before the first mistake.

    Raises:
        YamlError: The text is no YAML from here on, or not of the kind that is taken.
    """
    builder = _Builder()
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            if isinstance(event, events.DocumentStartEvent):
                builder = _Builder()
            elif isinstance(event, events.DocumentEndEvent):
                yield Parsed(value=builder.result, places=builder.places, twice=tuple(builder.twice))
            else:
                _take(builder, event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise YamlError(error.problem or error.context or "not YAML", mark.line + 1 if mark else 0) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise YamlError(f"the character {error.character!r} may not stand in YAML", line) from None
    except RecursionError:
        raise YamlError("nested too deeply", 0, rule="too-deep") from None


def _take(builder: _Builder, event: events.Event) -> None:
    line = _line(event)
    if isinstance(event, events.MappingStartEvent | events.SequenceStartEvent):
        if len(builder.stack) >= DEEPEST:
            raise YamlError(f"nested more than {DEEPEST} levels deep", line, rule="too-deep")
        path = _path(builder, event)
        _note(builder, path, event)
        empty: dict[str, JSONValue] | list[JSONValue] = {} if isinstance(event, events.MappingStartEvent) else []
        builder.stack.append(_Container(value=empty, path=path, anchor=event.anchor))
    elif isinstance(event, events.MappingEndEvent | events.SequenceEndEvent):
        closed = builder.stack.pop()
        _merge(closed)
        _put(builder, event, closed.value, size=closed.size, anchor=closed.anchor)
    elif isinstance(event, events.AliasEvent):
        if event.anchor not in builder.anchors:
            raise YamlError(f"the alias *{event.anchor} stands for nothing that is complete", line)
        value, size = builder.anchors[event.anchor]
        _note(builder, _path(builder, event), event)
        _put(builder, event, value, size=size)
    elif isinstance(event, events.ScalarEvent):
        _take_scalar(builder, event)


def _take_scalar(builder: _Builder, event: events.ScalarEvent) -> None:
    top = builder.stack[-1] if builder.stack else None
    if top is None or isinstance(top.value, list) or top.key is not None:
        _note(builder, _path(builder, event), event)
        _put(builder, event, _scalar(event), size=1, anchor=event.anchor)
        return
    top.key, top.key_line = event.value, _line(event)
    if top.key in top.value:
        builder.twice.append(((*top.path, top.key), top.key_line))


def _line(event: events.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 0


def _span(event: events.Event) -> tuple[int, int]:
    return (event.start_mark.index if event.start_mark else 0), (event.end_mark.index if event.end_mark else 0)


def _path(builder: _Builder, event: events.Event) -> Path:
    if not builder.stack:
        return ()
    top = builder.stack[-1]
    if isinstance(top.value, list):
        return (*top.path, len(top.value))
    if top.key is None:
        raise YamlError("a key has to be a text", _line(event))
    return (*top.path, top.key)


def _note(builder: _Builder, path: Path, event: events.Event) -> None:
    top = builder.stack[-1] if builder.stack else None
    first = _line(event)
    line = top.key_line if top is not None and isinstance(top.value, dict) else first
    start, end = _span(event)
    builder.places[folded(path)] = Place(line=line, first=first, start=start, end=end)


def _put(builder: _Builder, event: events.Event, value: JSONValue, *, size: int, anchor: str | None = None) -> None:
    if anchor is not None:
        builder.anchors[anchor] = (value, size)
    if not builder.stack:
        builder.result = value
        return
    top = builder.stack[-1]
    top.size += size
    if top.size > LARGEST:
        problem = f"more than {LARGEST} values, once its aliases are written out"
        raise YamlError(problem, _line(event), rule="too-many-values")
    if isinstance(top.value, list):
        top.value.append(value)
        return
    if top.key == "<<":
        top.merged += value if isinstance(value, list) else [value]
    elif top.key is not None:
        top.value[top.key] = value
    top.key = None


def _merge(closed: _Container) -> None:
    """Add what `<<: *other` says; what stands in the mapping itself goes first."""
    for other in closed.merged:
        if isinstance(other, dict) and isinstance(closed.value, dict):
            closed.value |= {key: value for key, value in other.items() if key not in closed.value}


@functools.cache
def _meaning() -> tuple[Resolver, SafeConstructor]:
    return yaml.resolver.Resolver(), yaml.constructor.SafeConstructor()


def _scalar(event: events.ScalarEvent) -> JSONValue:
    """Return what a scalar means: a text, but for the numbers, booleans and nulls of JSON."""
    resolver, constructor = _meaning()
    tag = event.tag
    if tag in {None, "!"}:
        tag = resolver.resolve(yaml.ScalarNode, event.value, event.implicit)  # type: ignore[no-untyped-call]
    node = yaml.ScalarNode(tag, event.value)
    if tag == f"{_TAG}null":
        return None
    if tag == f"{_TAG}bool":
        return bool(constructor.bool_values.get(event.value.lower(), False))
    if tag in _NUMBERS:
        return _number(constructor, node)
    if tag not in _TEXTS:
        raise YamlError(f"the tag {tag} is not known", _line(event))
    return event.value


def _number(constructor: SafeConstructor, node: yaml.ScalarNode) -> JSONValue:
    try:
        number: int | float = (
            constructor.construct_yaml_int(node) if node.tag == f"{_TAG}int" else constructor.construct_yaml_float(node)
        )
    except ValueError:  # 0b, or thousands of digits
        return str(node.value)
    finite = isinstance(number, int) or abs(number) <= 1.7976931348623157e308
    return number if finite and ":" not in node.value else str(node.value)
