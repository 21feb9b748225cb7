"""Bytes to documents: UTF-8, JSON or YAML, one or many. What cannot be read is a finding, never an exception."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from multus_py.base import jsontext, yamltext
from multus_py.base.yamltext import YAMLError
from multus_py.findings.finding import Finding, Severity
from multus_py.validate import jsonplaces
from multus_py.validate.document import Document, Place, folded

if TYPE_CHECKING:
    from collections.abc import Iterable

    from multus_py.validate.document import Path

LARGEST = 8 << 20
_ONLY_JSON = {".conf", ".conflist"}
"""What runtimes read these files as."""
_BOM = "\ufeff"


def read(file: str, data: bytes) -> tuple[list[Document], list[Finding]]:
    """Read a file.

    Args:
        file: What it is called in findings; its suffix says whether it may be YAML.
        data: Its content.
    """
    if len(data) > LARGEST:
        problem = f"expected at most {LARGEST >> 20} MiB, found more"
        remedy = "Give it in several files, or ask for one namespace at a time."
        return [], [_whole(file, "file-too-large", problem, remedy)]
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        problem = f"expected UTF-8, found the byte 0x{data[error.start]:02x}"
        return [], [_whole(file, "not-utf8", problem, "Save the file as UTF-8.", line=line)]
    if text.count(",") > yamltext.LARGEST:
        problem = f"expected at most {yamltext.LARGEST} values, found more"
        return [], [_whole(file, yamltext.TOO_MANY_VALUES, problem, "Give it in several files.")]
    try:
        value = jsontext.loads(text)
    except jsontext.JSONError as error:
        return _read_yaml(file, text, error)
    places, twice = jsonplaces.find(text)
    document = Document(file=file, value=value, text=text, places=places)
    return [document], _duplicates(document, twice)


def embedded(
    document: Document, path: Path, text: str, *, id: str, remedy: str = ""
) -> tuple[Document | None, list[Finding]]:
    """Return the JSON document that a text of a document holds, None when it holds none, and what is wrong with it.

    Args:
        document: What has the text.
        path: Where.
        text: The text.
        id: What the finding is called when the text is no JSON.
        remedy: What to do then, besides looking at the line.
    """
    try:
        value = jsontext.loads(text)
    except jsontext.JSONError as error:
        line = document.lines_of(path, text)[max(error.line, 1) - 1]
        advice = f"Correct the line, or the one before it{remedy}."
        return None, [document.finding(id, path, str(error), remedy=advice, line=line)]
    places, twice = jsonplaces.find(text)
    inner = document.embedded(path, text, value, places)
    return inner, _duplicates(inner, twice)


def _duplicates(document: Document, twice: Iterable[tuple[Path, int]]) -> list[Finding]:
    """Return the findings about keys that come twice."""
    return [
        document.finding(
            "duplicate-key",
            path,
            "the key stands here a second time, and only the last one counts",
            remedy="Remove one of them.",
            severity=Severity.WARNING,
            line=document.lines[line - 1] if document.lines else line,
        )
        for path, line in twice
    ]


def _read_yaml(file: str, text: str, not_json: jsontext.JSONError) -> tuple[list[Document], list[Finding]]:
    found: list[Document] = []
    problems: list[Finding] = []
    if PurePath(file).suffix in _ONLY_JSON:
        return [], [_byte_order_mark(file) if text.startswith(_BOM) else _not_json(file, not_json)]
    try:
        for parsed in yamltext.documents(text):
            if parsed.value is not None:
                document = Document(file=file, value=parsed.value, text=text, places=_places(parsed, text))
                found.append(document)
                problems += _duplicates(document, parsed.twice)
    except YAMLError as error:
        looks_like_json = text.lstrip()[:1] in {"{", "["} and "{{" not in text
        if looks_like_json and not found and error.rule == yamltext.NOT_YAML:
            return [], [_not_json(file, not_json)]
        remedy = _REMEDIES.get(error.rule, "Correct the line, or the one before it; blanks, never tabs, indent.")
        problems.append(_whole(file, error.rule, str(error), _TEMPLATE if "{{" in text else remedy, line=error.line))
    if not found and not problems:
        problems.append(_whole(file, "empty-file", "there is no document in it", "Write one.", Severity.WARNING))
    return found, problems


_TEMPLATE = "If it is a template, give what it makes: helm template CHART | multus validate -"
_REMEDIES = {
    yamltext.TOO_DEEP: "Give it with fewer levels.",
    yamltext.TOO_MANY_VALUES: "Write out what is needed, without aliases of aliases.",
}


def _places(parsed: yamltext.Document, text: str) -> dict[Path, Place]:
    """Return the places of a document's values, which come in their order, the whole first."""
    places: dict[Path, Place] = {}
    first, at = parsed.places[()][:2]
    for path, (line, start, end) in parsed.places.items():
        first, at = first + text.count("\n", at, start), start
        places[folded(path)] = Place(line=line, first=first, start=start, end=end)
    return places


def _not_json(file: str, error: jsontext.JSONError) -> Finding:
    return _whole(file, "not-json", str(error), "Correct the line, or the one before it.", line=error.line)


def _byte_order_mark(file: str) -> Finding:
    """Name what no editor shows, and what no runtime takes in a JSON file."""
    problem, remedy = "the file begins with a byte order mark", "Save it as UTF-8 without one."
    return _whole(file, "not-json", problem, remedy, line=1)


def _whole(
    file: str, id: str, problem: str, remedy: str, severity: Severity = Severity.ERROR, *, line: int = 0
) -> Finding:
    return Finding(id=id, severity=severity, problem=problem, remedy=remedy, file=file, line=line)
