"""docs/daemon.md says what there is: every metric, flag and key, and nothing else."""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path

from multus_py.cli import daemon
from multus_py.cli.parsers import Parser
from tests.fakes import metrics

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/daemon.md").read_text()


def rows(heading: str) -> list[list[str]]:
    """Return the cells of a section's table, without the heads."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def code(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_every_metric_stands_in_the_table_with_its_type_and_labels() -> None:
    written = {code(name)[0]: (type, set(code(labels))) for name, type, labels, _ in rows("Metrics")}
    exposed = {family.name: (family.type, set(family.labels)) for family in metrics.families()}

    assert written == {name: found for name, found in exposed.items() if not name.startswith("process_")}


def test_metrics_named_elsewhere_on_the_page_are_in_the_table() -> None:
    known = {name for family in metrics.families() for name in (family.name, *family.samples)}

    assert set(re.findall(r"`(multus_(?!py)\w+)", PAGE)) <= known


def test_flags_and_keys_of_the_table_exist() -> None:
    parser = Parser()
    daemon.register(parser.add_subparsers(parser_class=Parser))
    keys = set(json.loads((ROOT / "multus_py/schemas/daemon-config.schema.json").read_text())["properties"])
    (commands,) = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    flags = set(commands.choices["daemon"]._option_string_actions)

    for flag, key, *_ in rows("How to run it"):
        assert code(flag)[0].split()[0] in flags
        assert {word for word in code(key) if "_" not in word and "--" not in word} <= keys


def test_the_picture_is_there() -> None:
    for image in re.findall(r"!\[[^]]+\]\(([^)]+)\)", PAGE):
        assert (ROOT / "docs" / image).exists()
