"""Configuration and kubeconfig survive a crash of the machine: the order of what is done to the disk."""

from __future__ import annotations

from pathlib import Path

from tests.chaos import journal

_BRING = """
from pathlib import Path
from multus_py.hostconfig import placing
placing.bring(Path(sys.argv[2]), b"new")
"""


def test_a_file_is_on_the_disk_before_it_has_its_name_and_its_name_before_we_go_on(tmp_path: Path) -> None:
    directory = tmp_path / "net.d"
    target = directory / "00-multus.conf"
    steps = journal.steps_of(_BRING, tmp_path / "report", target)
    temporary = next(path for kind, path in steps if kind == "write")
    assert temporary.parent == directory
    assert temporary != target
    assert steps[-5:] == [
        ("create", temporary),
        ("write", temporary),
        ("sync", temporary),
        ("rename", target),
        ("sync", directory),
    ]
