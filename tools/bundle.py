"""Writes the bundle: the modules that a CNI call may load, in one file that `multus_py.frozen` reads.

Run by build.spec in an interpreter of its own, with a description as JSON on stdin: what marshal writes depends on
what else is in memory, and the same sources should give the same bytes.
"""

from __future__ import annotations
import __future__

import ast
import importlib.util
import json
import marshal
import sys
from dataclasses import dataclass
from importlib.abc import Loader
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from importlib.machinery import ModuleSpec
    from types import CodeType, ModuleType

OURS = ("multus_py", "plugins")
NAMESPACE = "-"
"""What PyInstaller gives as the source of a package that has none."""
_SIZE_SIZE = 8


@dataclass(frozen=True)
class Module:
    """A module to put in."""

    name: str
    source: Path | None
    """None for a package without a file of its own (`google`): a module with nothing in it."""

    @property
    def package(self) -> bool:
        """Whether it is a package."""
        return self.source is None or self.source.name == "__init__.py"

    @property
    def ours(self) -> bool:
        """Whether it is in the cold-start dialect."""
        return self.name.partition(".")[0] in OURS

    def code(self) -> CodeType:
        """Compile it."""
        tree = ast.parse(self.source.read_bytes() if self.source else b"")
        flags = 0
        if self.ours:
            tree = ast.fix_missing_locations(_Lighten().visit(tree))
            flags = __future__.annotations.compiler_flag
        path = self.name.replace(".", "/") + ("/__init__.py" if self.package else ".py")
        code: CodeType = compile(tree, path, "exec", flags, dont_inherit=True, optimize=2)
        return code


class _Lighten(ast.NodeTransformer):
    """Leaves out what is for readers and type checkers only: it costs time to load, like docstrings.

    The annotations of functions go, and the import of `__future__`, whose effect is a flag of the compiler. Those in
    classes stay, because base.value makes records of them. What stands under `if TYPE_CHECKING:` goes, too.
    """

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.ImportFrom | None:
        return None if node.module == "__future__" else node

    def visit_If(self, node: ast.If) -> ast.If | list[ast.stmt]:
        self.generic_visit(node)
        checking = isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        return (node.orelse or [ast.Pass()]) if checking else node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        node.returns = None
        arguments = node.args
        for each in (*arguments.posonlyargs, *arguments.args, arguments.vararg, *arguments.kwonlyargs, arguments.kwarg):
            if each:
                each.annotation = None
        self.generic_visit(node)
        return node


class Recorder:
    """Records the order in which our modules get ready, while something is imported."""

    def __init__(self) -> None:
        self.ready: list[str] = []

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> ModuleSpec | None:
        """Find one of ours as usual; when it has run, it is ready."""
        if name.partition(".")[0] not in OURS:
            return None
        sys.meta_path.remove(self)
        try:
            spec = importlib.util.find_spec(name)
        finally:
            sys.meta_path.insert(0, self)
        if spec and spec.loader:
            spec.loader = _Recorded(spec.loader, self.ready)
        return spec


class _Recorded(Loader):
    def __init__(self, loader: Loader, ready: list[str]) -> None:
        self._loader = loader
        self._ready = ready

    def create_module(self, _spec: ModuleSpec) -> None:
        """Leave it to the import system."""

    def exec_module(self, module: ModuleType) -> None:
        """Run the module, and note it."""
        self._loader.exec_module(module)
        self._ready.append(module.__name__)


def sequence(names: Iterable[str]) -> tuple[str, ...]:
    """Return our modules that importing some of them loads: each after those that it imports."""
    recorder = Recorder()
    before = _unload()
    sys.meta_path.insert(0, recorder)
    try:
        for name in names:
            importlib.import_module(name)
    finally:
        sys.meta_path.remove(recorder)
        _unload()
        sys.modules.update(before)
    return tuple(recorder.ready)


def _unload() -> dict[str, ModuleType]:
    """Forget our modules; return them."""
    ours = [name for name in sys.modules if name.partition(".")[0] in OURS]
    return {name: sys.modules.pop(name) for name in ours}


def write(
    path: Path, modules: list[Module], *, extensions: dict[str, list[str]], sequences: dict[str, tuple[str, ...]]
) -> None:
    """Write the bundle.

    Args:
        path: The file.
        modules: What goes in.
        extensions: For extension modules, their file and those of the libraries that they need.
        sequences: For verbs, the modules that a call loads first, in an order that works.
    """
    index, blobs, offset = {}, [], 0
    for module in sorted(modules, key=lambda each: each.name):
        blob = marshal.dumps(module.code())
        index[module.name] = (offset, len(blob), module.package)
        blobs.append(blob)
        offset += len(blob)
    content = marshal.dumps(
        {
            "code": index,
            "extensions": {name: tuple(files) for name, files in sorted(extensions.items())},
            "sequences": dict(sorted(sequences.items())),
        }
    )
    path.write_bytes(len(content).to_bytes(_SIZE_SIZE, "little") + content + b"".join(blobs))


def main() -> None:
    """Read the description and write the bundle that it describes."""
    asked = json.load(sys.stdin)
    sys.path[0] = asked["root"]
    modules = [Module(name, Path(source) if source != NAMESPACE else None) for name, source in asked["modules"]]
    sequences = {verb: sequence(names) for verb, names in asked["verbs"].items()}
    write(Path(asked["path"]), modules, extensions=asked["extensions"], sequences=sequences)


if __name__ == "__main__":
    main()
