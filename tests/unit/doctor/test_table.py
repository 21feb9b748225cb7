"""The table of checks: complete, stable, documented."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from multus_py.doctor import permissions, table
from multus_py.doctor.check import Check
from tools import checks

ROOT = Path(__file__).parents[3]


def test_ids_are_unique_and_in_kebab_case() -> None:
    ids = [check.id for check in table.CHECKS]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", id) for id in ids)


@pytest.mark.parametrize("check", table.CHECKS, ids=[check.id for check in table.CHECKS])
def test_each_check_says_what_it_is_about(check: Check) -> None:
    assert not check.title.endswith(".")
    for text in (check.looks_at, check.meaning, check.remedy):
        assert text.endswith((".", "?")), text
    assert 0 < check.patience <= 30
    assert (check.rule.id, check.rule.title) == (check.id, check.title)


def test_checks_are_chosen_in_the_order_of_the_table() -> None:
    assert [check.id for check in table.chosen(["log-errors", "config-first"])] == ["config-first", "log-errors"]
    assert table.chosen([]) == table.CHECKS


def test_an_unknown_id_is_named() -> None:
    with pytest.raises(KeyError, match="confg-first"):
        table.chosen(["config-first", "confg-first"])


def test_the_documentation_is_that_of_the_table() -> None:
    assert checks.PAGE.read_text() == checks.page(), "make docs"


def test_the_pages_name_checks_that_there_are() -> None:
    pages = "\n".join(path.read_text() for path in sorted((ROOT / "docs").glob("*.md")))
    named = {id for ids in re.findall(r"doctor --only ((?:[a-z][a-z-]* ?)+)", pages) for id in ids.split()}
    assert len(named) > 5
    assert named <= {check.id for check in table.CHECKS}


def test_all_that_rbac_grants_is_asked_for_and_nothing_else() -> None:
    granted = set()
    for document in yaml.safe_load_all((ROOT / "conf/rbac.yaml").read_text()):
        namespace = document["metadata"].get("namespace", "") if document["kind"] == "Role" else ""
        for rule in document.get("rules", ()):
            for verb in rule["verbs"]:
                (resource,), (group,), (name,) = rule["resources"], rule["apiGroups"], rule.get("resourceNames", [""])
                granted.add((verb, group, resource, name, namespace))
    asked = {
        (
            each.verb,
            each.group,
            f"{each.resource}/{each.subresource}".rstrip("/"),
            each.name,
            each.namespace,
        )
        for each in permissions.PERMISSIONS
    }
    assert asked == granted
