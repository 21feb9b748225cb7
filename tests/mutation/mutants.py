"""Wrong versions of a module, each with one small mistake: what a test suite that is worth its name notices.

Annotations, docstrings and what only type checkers read are left alone: nothing that runs depends on them.
"""

from __future__ import annotations

import ast
import collections
from collections.abc import Iterator
from dataclasses import dataclass
from types import CodeType

from tests.mutation import mistakes

_UNREAD = frozenset({"annotation", "returns", "type_params"})


@dataclass(frozen=True)
class Mutant:
    """A module with one mistake."""

    path: str
    where: str
    """The function that it is in, with its class."""
    before: str
    after: str
    code: CodeType
    line: int
    number: int = 1
    """Which one of those in the function that look the same."""

    @property
    def name(self) -> str:
        """Return what it is called, as long as that piece of code is as it is."""
        again = f" ({self.number})" if self.number > 1 else ""
        return f"{self.path} {self.where}: {self.before} -> {self.after}{again}"


def mutants(source: str, path: str) -> list[Mutant]:
    """Return all mutants of a module. Where a function says the same thing twice, the second one is numbered."""
    tree = ast.parse(source, path)
    found = []
    seen = collections.Counter[tuple[str, str, str]]()
    for where, line, before, after in _changes(tree, "module"):
        seen[where, before, after] += 1
        number = seen[where, before, after]
        code = compile(ast.fix_missing_locations(tree), path, "exec")
        found.append(Mutant(path, where, before, after, code, line, number))
    return found


def _changes(node: ast.AST, where: str) -> Iterator[tuple[str, int, str, str]]:
    """Make each change in the tree, tell of it, and take it back."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        where = node.name if where == "module" else f"{where}.{node.name}"
    for field, held in ast.iter_fields(node):
        if field in _UNREAD:
            continue
        items = held if isinstance(held, list) else [held]
        for index, item in enumerate(items):
            if not isinstance(item, ast.AST) or _is_for_readers(item):
                continue
            alone = _speaks(item, node)
            for other in mistakes.instead(node, item):
                shown = item if alone else node
                before, line = _text(shown), getattr(shown, "lineno", 0)
                _put(node, field, index, other)
                yield where, line, before, "nothing" if isinstance(other, ast.Pass) else _text(other if alone else node)
                _put(node, field, index, item)
            yield from _changes(item, where)


def _is_for_readers(node: ast.AST) -> bool:
    """Tell whether nothing that runs depends on a node."""
    match node:
        case ast.Expr(value=ast.Constant()) | ast.ImportFrom() | ast.Import():
            return True
        case ast.If(test=ast.Name(id="TYPE_CHECKING")) | ast.Assign(targets=[ast.Name(id="TYPE_CHECKING")]):
            return True
    return False


def _speaks(node: ast.AST, parent: ast.AST) -> bool:
    """Tell whether a change can be understood without what it stands in: that of an operator, say, cannot."""
    if isinstance(node, ast.Name | ast.Attribute | ast.Slice):
        return not isinstance(parent, ast.expr | ast.keyword)
    return isinstance(node, ast.stmt | ast.expr) and not isinstance(node, ast.Constant | ast.FormattedValue)


def _text(node: ast.AST) -> str:
    return " ".join(ast.unparse(node).split())


def _put(parent: ast.AST, field: str, index: int, node: ast.AST) -> None:
    held = getattr(parent, field)
    if isinstance(held, list):
        held[index] = node
    else:
        setattr(parent, field, node)
