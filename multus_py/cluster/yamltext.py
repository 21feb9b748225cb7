"""YAML text in: the one door to `yaml`, which costs 23 ms, and so is opened only for what is not JSON.

The library's messages quote the text, and the text may be full of secrets: what is said of it here is where, not what.
"""

from __future__ import annotations

from multus_py.base import jsontext

TYPE_CHECKING = False
if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONValue


def loads(data: bytes) -> JSONValue:
    """Parse a document, JSON or YAML.

    Raises:
        ValueError: It is neither, or PyYAML is not installed.
    """
    try:
        return jsontext.loads(data)
    except jsontext.JSONError as error:
        return _loads_yaml(data, not_json=str(error))


def _loads_yaml(data: bytes, *, not_json: str) -> JSONValue:
    try:
        import yaml  # 23 ms: see the top of this file
    except ImportError:
        raise ValueError(f"not JSON ({not_json}), and PyYAML is not installed") from None
    try:
        parsed: JSONValue = yaml.safe_load(data)
    except (yaml.YAMLError, ValueError, RecursionError) as problem:
        mark = getattr(problem, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark else ""
        raise ValueError(f"neither JSON ({not_json}) nor YAML{where}") from None
    return parsed
