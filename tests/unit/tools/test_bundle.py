from __future__ import annotations

from pathlib import Path
from types import CodeType

import pytest

from tools import bundle
from tools.bundle import Module

SOURCE = '''
"""A docstring."""
from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import nothing_of_that_name
else:
    fallback = 1
if TYPE_CHECKING:
    Alias = 2
if not TYPE_CHECKING:
    always = 3

class Record:
    """Another."""

    field: Unknown = 1

    def method(self, one: Unknown, /, two: Unknown = 2, *rest: Unknown, three: Unknown, **more: Unknown) -> Unknown:
        """A third."""
        local: Unknown = one
        return local

async def wait(one: int) -> int:
    return one
'''


def made(tmp_path: Path, name: str) -> CodeType:
    (tmp_path / "module.py").write_text(SOURCE)
    return Module(name, tmp_path / "module.py").code()


def test_our_modules_lose_what_only_readers_need(tmp_path: Path) -> None:
    space: dict[str, object] = {"__name__": "module"}

    exec(made(tmp_path, "multus_py.module"), space)

    record = space["Record"]
    assert isinstance(record, type)
    assert record.__annotations__ == {"field": "Unknown"}, "base.value makes records of these"
    method = vars(record)["method"]
    assert method.__annotations__ == {}
    assert method(None, 1, three=3) == 1
    assert (record.__doc__, method.__doc__) == (None, None)
    assert "annotations" not in space, "__future__ is not imported"
    assert (space["fallback"], space["always"]) == (1, 3)
    assert "nothing_of_that_name" not in made(tmp_path, "multus_py.module").co_names


def test_modules_of_others_keep_their_annotations(tmp_path: Path) -> None:
    space: dict[str, object] = {"__name__": "module"}

    exec(made(tmp_path, "other.module"), space)

    assert vars(space["Record"])["method"].__annotations__["one"] == "Unknown"
    assert "annotations" in space


def test_code_names_the_file_by_its_place_in_the_package(tmp_path: Path) -> None:
    assert made(tmp_path, "multus_py.base.module").co_filename == "multus_py/base/module.py"


def test_a_sequence_has_each_module_after_those_that_it_imports() -> None:
    order = bundle.sequence(["multus_py.cni.versions", "multus_py.base.log"])

    assert set(order) >= {"multus_py", "multus_py.cni", "multus_py.base.wording", "multus_py.base.value"}
    assert order.index("multus_py.base.wording") < order.index("multus_py.cni.versions")
    assert order.index("multus_py.base.value") < order.index("multus_py.base.log")
    assert order.index("multus_py.cni") < order.index("multus_py.cni.versions")


def test_a_module_that_does_not_exist_ends_the_build() -> None:
    with pytest.raises(ModuleNotFoundError):
        bundle.sequence(["multus_py.nothing"])
