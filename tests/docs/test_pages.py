"""What the documentation says is so: links lead somewhere, documents can be read, commands print what is shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.docs import page, session
from tests.docs.page import CONSOLES, DOCUMENTS, FOR_THE_EYE, PAGES, ROOT, Block

each_page = pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)


def _blocks(path: Path, *infos: str) -> list[Block]:
    return [block for block in page.blocks(path.read_text()) if block.info in infos]


@each_page
def test_every_block_says_what_it_is(path: Path) -> None:
    known = {*CONSOLES, *DOCUMENTS, *FOR_THE_EYE}

    assert not [
        f"line {block.line}: {block.info!r}"
        for block in page.blocks(path.read_text())
        if block.info not in known and not block.file
    ]


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
    _follow(path, tmp_path, "console")


@each_page
@pytest.mark.root
@pytest.mark.slow
def test_commands_in_the_lab_print_what_is_shown(path: Path, tmp_path: Path) -> None:
    _follow(path, tmp_path, "console lab")


def test_every_page_is_in_the_table_of_contents() -> None:
    contents = ROOT / "docs" / "README.md"
    linked = {(contents.parent / link).resolve() for link in page.links(contents.read_text()) if "://" not in link}

    assert not [path.name for path in PAGES if path != contents and path not in linked]


def _follow(path: Path, folder: Path, info: str) -> None:
    steps = [step for block in _blocks(path, info) for step in block.steps]
    if not steps:
        return
    session.desk(folder, page.blocks(path.read_text()))
    printed = session.run(steps, folder=folder, lab=info.endswith("lab"))

    for step, text in zip(steps, printed, strict=True):
        shown = "\n".join(step.expected)
        assert step.accepts(text), f"$ {step.command}\n--- the page shows\n{shown}\n--- it printed\n{text}"
