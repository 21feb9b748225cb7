"""What the documentation says is so: links lead somewhere, documents can be read, commands print what is shown."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import yaml

from multus_py.lab.executable import BUILT
from tests.docs import page, session
from tests.docs.page import CONSOLES, DOCUMENTS, FOR_THE_EYE, PAGES, ROOT

LAB = (sys.executable, "-m", "multus_py", "lab", "shell", "--")

each_page = pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)


@each_page
def test_every_block_says_what_it_is(path: Path) -> None:
    known = {*CONSOLES, *DOCUMENTS, *FOR_THE_EYE}

    assert not [
        f"line {block.line}: {block.info!r}"
        for block in page.blocks(path.read_text())
        if block.info not in known and not block.file
    ]


@each_page
def test_no_block_is_left_to_nobody(path: Path) -> None:
    assert not [line for line in page.prose(path.read_text()).splitlines() if line.startswith("    ")]


@each_page
def test_links_lead_somewhere(path: Path) -> None:
    broken = []
    for link in page.links(path.read_text()):
        name, _, anchor = link.partition("#")
        if "://" in link:
            continue
        target = path.parent / name if name else path
        if not target.exists() or (anchor and anchor not in page.anchors(target.read_text())):
            broken.append(link)

    assert not broken


@each_page
def test_documents_can_be_read(path: Path) -> None:
    for block in page.blocks(path.read_text()):
        if block.info.startswith("yaml"):
            assert list(yaml.safe_load_all(block.text)), f"line {block.line}"
        elif block.info.startswith("json"):
            json.loads(block.text)


@each_page
def test_commands_print_what_is_shown(path: Path, tmp_path: Path) -> None:
    session.follow(path, "console", folder=tmp_path)


@each_page
@pytest.mark.root
@pytest.mark.slow
def test_commands_in_the_lab_print_what_is_shown(path: Path, tmp_path: Path) -> None:
    session.follow(path, "console lab", folder=tmp_path, within=LAB)


@pytest.mark.parametrize("path", [path for path in PAGES if "```console build" in path.read_text()], ids=str)
@pytest.mark.root
@pytest.mark.slow
def test_commands_of_the_build_print_what_is_shown(path: Path, tmp_path: Path) -> None:
    if not BUILT.exists():
        pytest.skip("no dist/multus: make build")
    session.follow(path, "console build", folder=tmp_path, within=LAB)


def test_every_page_is_in_the_table_of_contents() -> None:
    contents = ROOT / "docs" / "README.md"
    linked = {(contents.parent / link).resolve() for link in page.links(contents.read_text()) if "://" not in link}

    assert not [path.name for path in PAGES if path != contents and path not in linked]
