"""YAML text in and out: the one door to `yaml`, which costs 23 ms; a CNI call comes here only for what is not JSON.

Read event by event: values as Kubernetes gets them, which are those of JSON, and where they stand. Not by the library's
`safe_load`: it makes dates and sets that JSON does not have, follows aliases until memory ends (ten lines can stand for
a billion values), and goes as deep as the text, until the interpreter's stack ends. No tag makes an object of anything.
"""

from __future__ import annotations

import yaml  # noqa: TID253 - whoever imports this module wants it
from yaml import events  # noqa: TID253

from multus_py.base import jsontext, value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TypeAlias

    from multus_py.base.jsontext import JSONValue

    Path: TypeAlias = tuple[str | int, ...]

DEEPEST = 100
LARGEST = 200_000
"""How many values a document may have once its aliases are written out."""
NOT_YAML, TOO_DEEP, TOO_MANY_VALUES = "not-yaml", "too-deep", "too-many-values"
_TAG = "tag:yaml.org,2002:"
_NULL, _BOOL, _INT, _FLOAT = (f"{_TAG}{kind}" for kind in ("null", "bool", "int", "float"))
_MERGE = f"{_TAG}merge"
_TEXTS = frozenset({_MERGE, *(f"{_TAG}{kind}" for kind in ("str", "timestamp", "binary", "value"))})
_MAX_FLOAT = 1.7976931348623157e308
_RESOLVER, _CONSTRUCTOR = yaml.resolver.Resolver(), yaml.constructor.SafeConstructor()


class YAMLError(ValueError):
    """The text is no YAML that Kubernetes would take. The message may quote it."""

    def __init__(self, message: str, line: int = 0, *, rule: str = NOT_YAML) -> None:
        """Say what is wrong, in which line (0 when that is not known), and which rule it breaks."""
        super().__init__(message)
        self.line = line
        self.rule = rule


class Document(value.Value):
    """One document of a YAML text."""

    value: JSONValue
    places: dict[Path, tuple[int, int, int]]
    """By path: the line of the key, or of the value where it has none, from 1; the value's first character, and the one
    after its last."""
    twice: tuple[tuple[Path, int], ...]
    """Keys that come twice, with the line of the second."""


def loads(data: bytes | str) -> JSONValue:
    """Parse what a file holds, one document, JSON or YAML; None when it is empty.

    Raises:
        YAMLError: It is neither, or several.
    """
    found = loads_all(data)
    if len(found) > 1:
        raise YAMLError(f"expected one document, found {len(found)}")
    return found[0] if found else None


def loads_all(data: bytes | str) -> list[JSONValue]:
    """Parse what a file holds, JSON or any number of YAML documents.

    Raises:
        YAMLError: It is neither.
    """
    try:
        return [jsontext.loads(data)]  # first, as it may be indented by tabs, which YAML must not be
    except jsontext.JSONError as error:
        not_json = str(error)
    try:
        return [document.value for document in documents(_decode(data) if isinstance(data, bytes) else data)]
    except YAMLError as error:
        where = f" at line {error.line}" if error.line else ""
        problem = f"neither JSON ({not_json}) nor YAML ({error}{where})"
        raise YAMLError(problem, error.line, rule=error.rule) from None


def dumps(document: JSONValue) -> str:
    """Write a document as YAML, its keys in their order, with the line break at its end; all of it can be seen.

    Where a text has what cannot be, all but ASCII is escaped: the library leaves in U+0085, say, and reads it as an end
    of line.
    """
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
    return text if text.replace("\n", "").isprintable() else yaml.safe_dump(document, sort_keys=False)


def documents(text: str) -> Iterator[Document]:
    """Yield the documents of a YAML text with their places, as many as there are before the first mistake.

    Raises:
        YAMLError: The text is no YAML from here on, or not of the kind that is taken.
    """
    builder = _Builder()
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            if isinstance(event, events.DocumentStartEvent):
                builder = _Builder()
            elif isinstance(event, events.DocumentEndEvent):
                yield builder.document()
            else:
                builder.take(event)
    except YAMLError:
        raise
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise YAMLError(error.problem or error.context or "not YAML", mark.line + 1 if mark else 0) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise YAMLError(f"the character {error.character!r} may not stand in YAML", line) from None
    except RecursionError:
        raise YAMLError("nested too deeply", rule=TOO_DEEP) from None
    except (ValueError, OverflowError) as error:  # "\Uffffffff", or a version of thousands of digits
        raise YAMLError(f"not YAML: {error}") from None


class _Container:
    """A mapping or a list that is not closed yet."""

    __slots__ = ("anchor", "key", "key_line", "merged", "merges", "path", "size", "value")

    def __init__(self, empty: dict[str, JSONValue] | list[JSONValue], path: Path, anchor: str | None) -> None:
        self.value = empty
        self.path = path
        self.anchor = anchor
        self.size = 1
        self.key: str | None = None
        self.key_line = 0
        self.merges = False
        """Whether the key is the merge key, which stands without quotes."""
        self.merged: list[JSONValue] = []

    def merge(self) -> None:
        """Add what `<<: *other` says; what stands in the mapping itself goes first."""
        for other in self.merged:
            if isinstance(other, dict) and isinstance(self.value, dict):
                self.value |= {key: value for key, value in other.items() if key not in self.value}


class _Builder:
    """The document in the making."""

    def __init__(self) -> None:
        self._result: JSONValue = None
        self._places: dict[Path, tuple[int, int, int]] = {}
        self._twice: list[tuple[Path, int]] = []
        self._stack: list[_Container] = []
        self._anchors: dict[str, tuple[JSONValue, int]] = {}

    def document(self) -> Document:
        """Return it; it has ended."""
        return Document(value=self._result, places=self._places, twice=tuple(self._twice))

    def take(self, event: events.Event) -> None:
        """Go on by one event. Raises YAMLError."""
        if isinstance(event, events.ScalarEvent):
            self._take_scalar(event)
        elif isinstance(event, (events.MappingStartEvent, events.SequenceStartEvent)):
            if len(self._stack) >= DEEPEST:
                raise YAMLError(f"nested more than {DEEPEST} levels deep", _line(event), rule=TOO_DEEP)
            empty: dict[str, JSONValue] | list[JSONValue] = {} if isinstance(event, events.MappingStartEvent) else []
            self._stack.append(_Container(empty, self._note(event), event.anchor))
        elif isinstance(event, (events.MappingEndEvent, events.SequenceEndEvent)):
            closed = self._stack.pop()
            closed.merge()
            self._put(event, closed.value, size=closed.size, anchor=closed.anchor)
        elif isinstance(event, events.AliasEvent):
            if event.anchor not in self._anchors:
                raise YAMLError(f"the alias *{event.anchor} stands for nothing that is complete", _line(event))
            known, size = self._anchors[event.anchor]
            self._note(event)
            self._put(event, known, size=size)

    def _take_scalar(self, event: events.ScalarEvent) -> None:
        top = self._stack[-1] if self._stack else None
        if top is None or isinstance(top.value, list) or top.key is not None:
            self._note(event)
            self._put(event, _scalar(event), size=1, anchor=event.anchor)
            return
        top.key, top.key_line = jsontext.sound(event.value), _line(event)
        top.merges = top.key == "<<" and _tag(event) == _MERGE
        if top.key in top.value:
            self._twice.append(((*top.path, top.key), top.key_line))

    def _note(self, event: events.Event) -> Path:
        """Note where a value stands; return its path."""
        top = self._stack[-1] if self._stack else None
        path, line = self._path(event), _line(event)
        if top is not None and isinstance(top.value, dict):
            line = top.key_line
        start, end = event.start_mark, event.end_mark
        self._places[path] = (line, start.index if start else 0, end.index if end else 0)
        return path

    def _path(self, event: events.Event) -> Path:
        if not self._stack:
            return ()
        top = self._stack[-1]
        if isinstance(top.value, list):
            return (*top.path, len(top.value))
        if top.key is None:
            raise YAMLError("a key has to be a text", _line(event))
        return (*top.path, top.key)

    def _put(self, event: events.Event, value: JSONValue, *, size: int, anchor: str | None = None) -> None:
        if anchor is not None:
            self._anchors[anchor] = (value, size)
        if not self._stack:
            self._result = value
            return
        top = self._stack[-1]
        top.size += size
        if top.size > LARGEST:
            problem = f"more than {LARGEST} values, once its aliases are written out"
            raise YAMLError(problem, _line(event), rule=TOO_MANY_VALUES)
        if isinstance(top.value, list):
            top.value.append(value)
            return
        if top.merges:
            top.merged += value if isinstance(value, list) else [value]
        elif top.key is not None:
            top.value[top.key] = value
        top.key = None


def _scalar(event: events.ScalarEvent) -> JSONValue:
    """Return what a scalar means: a text, but for the numbers, booleans and nulls of JSON."""
    tag = _tag(event)
    if tag == _NULL:
        return None
    if tag == _BOOL:
        return bool(_CONSTRUCTOR.bool_values.get(event.value.lower(), False))
    if tag in {_INT, _FLOAT}:
        return _number(yaml.ScalarNode(tag, event.value))
    if tag not in _TEXTS:
        raise YAMLError(f"the tag {tag} is not known", _line(event))
    return jsontext.sound(event.value)


def _tag(event: events.ScalarEvent) -> str:
    if event.tag not in {None, "!"}:
        return str(event.tag)
    resolved: str = _RESOLVER.resolve(yaml.ScalarNode, event.value, event.implicit)  # type: ignore[no-untyped-call]
    return resolved


def _number(node: yaml.ScalarNode) -> JSONValue:
    construct = _CONSTRUCTOR.construct_yaml_int if node.tag == _INT else _CONSTRUCTOR.construct_yaml_float
    try:
        number: int | float = construct(node)
        str(number)  # hexadecimal digits may be any number; those that it would be written with may not
    except (ValueError, OverflowError):  # 0b, or thousands of digits
        return str(node.value)
    finite = isinstance(number, int) or abs(number) <= _MAX_FLOAT
    return number if finite and ":" not in node.value else str(node.value)


def _line(event: events.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 0


def _decode(data: bytes) -> str:
    """Decode UTF-8, or UTF-16 with a byte order mark (YAML 1.1, 5.2)."""
    try:
        return data.decode("utf-16" if data[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8")
    except UnicodeDecodeError as error:
        raise YAMLError(f"not UTF-8 text (byte {error.start})", data.count(b"\n", 0, error.start) + 1) from None
