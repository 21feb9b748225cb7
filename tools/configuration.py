"""Writes docs/configuration.md: every key of Multus' own configurations, from their schemas. `make docs` runs it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject, JSONValue

ROOT = Path(__file__).parent.parent
SCHEMAS = ROOT / "multus_py" / "schemas"
PAGE = ROOT / "docs" / "configuration.md"

_TOP = """\
# Configuration

Two files: `00-multus.conf` (or `.conflist`) is what the plugin reads at each call; `daemon-config.json` (or YAML) is
what `multus install` and `multus daemon` make it from. Most people write the second one only, in the ConfigMap
`multus-daemon-config`. Keys are read in any case, and `null` counts like a key that is not there.
`multus validate FILE` checks either. This page is made of the schemas in `multus_py/schemas/` by `make docs`.
"""

_EXAMPLE = """\
The shortest one that works has the cluster network in `delegates`:

```json 00-multus.conf
{
  "cniVersion": "1.0.0",
  "name": "multus-cni-network",
  "type": "multus",
  "kubeconfig": "/etc/cni/net.d/multus.d/multus.kubeconfig",
  "delegates": [
    {
      "cniVersion": "1.0.0",
      "name": "cluster",
      "type": "bridge",
      "ipam": {"type": "host-local", "subnet": "198.51.100.0/24"}
    }
  ]
}
```
"""

_DAEMON = """\
Flags win over the file; `multus install --help` and `multus daemon --help` list them. Besides the keys below it may
hold `clusterNetwork` and every key of `00-multus.conf` that has no other name here, such as `defaultNetworks` or
`logOptions`; they go into the configuration as they stand. The daemon follows a change of the file within a minute or
two, without a restart.
"""


@dataclass(frozen=True)
class Row:
    """A key of a configuration."""

    key: str
    kind: str
    default: str
    meaning: str


def page() -> str:
    """Return the page."""
    conf, daemon = _load("multus-conf"), _load("daemon-config")
    settings = _object(_object(conf, "$defs"), "settings")
    own = _object(_object(conf, "else"), "properties") | _object(conf, "properties")
    sections = [
        _TOP,
        "## 00-multus.conf\n",
        _EXAMPLE,
        _table([*_rows(own), *_rows(_object(settings, "properties"))]),
        "## daemon-config.json\n",
        _DAEMON,
        _table(list(_rows(_object(daemon, "properties")))),
    ]
    return "\n".join(sections)


def main() -> int:
    """Write the page."""
    PAGE.write_text(page())
    return 0


def _load(name: str) -> JSONObject:
    loaded: JSONObject = json.loads((SCHEMAS / f"{name}.schema.json").read_text())
    return loaded


def _object(schema: Mapping[str, JSONValue], key: str) -> JSONObject:
    found = schema.get(key)
    return found if isinstance(found, dict) else {}


def _rows(properties: JSONObject, prefix: str = "") -> Iterator[Row]:
    """Return the keys that people write, and those inside of them."""
    for key, schema in properties.items():
        if not isinstance(schema, dict) or key.startswith("cni.dev/") or key == "runtimeConfig":
            continue  # the runtime's
        default = json.dumps(schema["default"]) if "default" in schema else ""
        yield Row(
            key=prefix + key,
            kind=_kind(schema),
            default=f"`{default}`" if default else "",
            meaning=str(schema.get("description", "")),
        )
        yield from _rows(_object(schema, "properties"), f"{prefix}{key}.")


def _kind(schema: JSONObject) -> str:
    """Return the kind of a value; where it is another schema's, that one's."""
    reference = schema.get("$ref")
    if isinstance(reference, str):
        file, _, path = reference.partition("#/")
        found = _load(file.removesuffix(".schema.json")) if file else _load("multus-conf")
        for part in path.split("/"):
            found = _object(found, part)
        return _kind(found)
    kind = str(schema["type"])
    items = _object(schema, "items")
    return f"list of {_kind(items)}s" if kind == "array" and items else kind


def _table(rows: list[Row]) -> str:
    lines = ["| key | kind | default | meaning |", "| --- | --- | --- | --- |"]
    lines += [f"| `{row.key}` | {row.kind} | {row.default} | {row.meaning} |" for row in rows]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
