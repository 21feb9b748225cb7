"""The program survives a crash of the machine: the order of what an installation does to the disk."""

from __future__ import annotations

from pathlib import Path

from tests.chaos import journal
from tests.unit.install.layouts import make_layout

_INSTALL = """
from pathlib import Path
from multus_py.install import installation, program
running = program.running({}, executable=sys.argv[2], built=True)
installation.install(running, Path(sys.argv[3]))
"""


def test_all_files_are_on_the_disk_before_their_directory_has_its_name_and_that_before_the_links(
    tmp_path: Path,
) -> None:
    make_layout(tmp_path / "program")
    target = tmp_path / "bin"
    target.mkdir()
    steps = journal.steps_of(_INSTALL, tmp_path / "report", tmp_path / "program" / "multus", target)
    order = [step for step in steps if step[0] in {"sync", "rename"}]
    [named] = [path for kind, path in order if kind == "rename" and path.name.startswith(".multus-1")]
    unfinished = named.with_name(f"{named.name}.tmp")
    inside = {unfinished / path.relative_to(tmp_path / "program") for path in (tmp_path / "program").rglob("*")}
    at = order.index(("rename", named))
    assert {path for kind, path in order[:at] if kind == "sync"} == {unfinished, *inside}
    assert order[at + 1 :] == [
        ("sync", target),
        ("rename", target / "passthru"),
        ("rename", target / "multus"),
        ("sync", target),
    ]
