"""YAML text in, JSON values out: the one door to `yaml`, which costs 23 ms, and so is opened only for what is not JSON.

Not `yaml.safe_load`: it makes dates, sets and bytes, keys that are no texts, and lists that hold themselves; and ten
lines of aliases can stand for a billion values. The library's messages quote the text, and the text may be full of
secrets: what is said of it here is where, not what.
"""

from __future__ import annotations

from multus_py.base import jsontext

TYPE_CHECKING = False
if TYPE_CHECKING:
    from yaml import MappingNode, Node

    from multus_py.base.jsontext import JSONObject, JSONValue

DEEPEST = 100
LARGEST = 200_000
"""How many values a document may have once its aliases are written out."""
_TAG = "tag:yaml.org,2002:"
_MERGE = f"{_TAG}merge"
_NUMBERS = frozenset({f"{_TAG}int", f"{_TAG}float"})
_TEXTS = frozenset(f"{_TAG}{kind}" for kind in ("str", "timestamp", "binary", "merge", "value"))
_MAX_FLOAT = 1.7976931348623157e308


def loads(data: bytes) -> JSONValue:
    """Parse a document, JSON or YAML.

    Raises:
        ValueError: It is neither, there are several, or PyYAML is not installed.
    """
    try:
        return jsontext.loads(data)
    except jsontext.JSONError as error:
        not_json = f"not JSON ({error})"
    try:
        found = documents(data)
    except ImportError:
        raise ValueError(f"{not_json}, and PyYAML is not installed") from None
    except ValueError as error:
        raise ValueError(f"{not_json}, and {error}") from None
    if len(found) > 1:
        raise ValueError(f"{not_json}, and {len(found)} YAML documents instead of one")
    return found[0] if found else None


def documents(data: bytes | str) -> list[JSONValue]:
    """Parse a stream of YAML documents.

    Raises:
        ValueError: It is none.
        ImportError: PyYAML is not installed.
    """
    import yaml  # 23 ms: see the top of this file

    found = []
    try:
        loader = yaml.SafeLoader(data)
        while loader.check_node():
            node = loader.get_node()
            found.append(None if node is None else _Reader().read(node))
    except RecursionError:
        raise ValueError("not YAML: it is nested too deeply") from None
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a character that no number could be
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark else ""
        raise ValueError(str(error) if isinstance(error, _ContentError) else f"not YAML{where}") from None
    return found


def scalar(tag: str, text: str) -> JSONValue:
    """Return what a scalar means: a text, but for the numbers, booleans and nulls of JSON.

    Raises:
        ValueError: The tag is not known.
    """
    from yaml.constructor import SafeConstructor

    if tag == f"{_TAG}null":
        return None
    if tag == f"{_TAG}bool":
        return bool(SafeConstructor.bool_values.get(text.lower(), False))
    if tag in _NUMBERS:
        return _number(tag, text)
    if tag not in _TEXTS:
        raise ValueError(f"the tag {tag[:80]} is not known")
    return jsontext.sound(text)


class _ContentError(ValueError):
    """It is YAML, but of a kind that is not taken; the message quotes nothing."""


class _Reader:
    """Makes a value of a document's nodes. An alias is its anchor's node: they are few even where the value is huge."""

    def __init__(self) -> None:
        self._left = LARGEST

    def read(self, node: Node, depth: int = 0) -> JSONValue:
        """Return what a node means. Raises ValueError."""
        import yaml

        self._left -= 1
        if self._left < 0:
            raise _ContentError(f"it has more than {LARGEST} values, once its aliases are written out")
        if depth > DEEPEST:
            raise _ContentError(f"it is nested more than {DEEPEST} levels deep")
        if isinstance(node, yaml.SequenceNode):
            return [self.read(item, depth + 1) for item in node.value]
        if isinstance(node, yaml.MappingNode):
            return self._object(node, depth)
        try:
            return scalar(node.tag, node.value)
        except ValueError:
            raise _ContentError(f"a tag at line {node.start_mark.line + 1} is not known") from None

    def _object(self, node: MappingNode, depth: int) -> JSONObject:
        import yaml

        own: JSONObject = {}
        merged: JSONObject = {}
        for key, item in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _ContentError(f"a key at line {key.start_mark.line + 1} is no text")
            found = self.read(item, depth + 1)
            if key.tag != _MERGE:
                own[jsontext.sound(key.value)] = found
                continue
            for other in found if isinstance(found, list) else [found]:
                merged = {**(other if isinstance(other, dict) else {}), **merged}  # of several the first one counts
        return {**merged, **own}


def _number(tag: str, text: str) -> JSONValue:
    """Return a number, or the text of one that JSON does not have."""
    import yaml

    constructor, node = yaml.constructor.SafeConstructor(), yaml.ScalarNode(tag, text)
    try:
        number: int | float = (
            constructor.construct_yaml_int(node) if tag == f"{_TAG}int" else constructor.construct_yaml_float(node)
        )
        str(number)  # hexadecimal digits may be any number; those that it would be written with may not
    except (ValueError, OverflowError):  # 0b, or thousands of digits
        return text
    finite = isinstance(number, int) or abs(number) <= _MAX_FLOAT
    return number if finite and ":" not in text else text
