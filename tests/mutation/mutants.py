"""Wrong versions of a module, each with one small mistake: what a test suite that is worth its name notices.

Annotations, docstrings and what only type checkers read are left alone: nothing that runs depends on them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from types import CodeType

_SWAPPED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
    ast.Break: ast.Continue,
    ast.Continue: ast.Break,
}
"""Operators and statements, and what stands in for them."""
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

    @property
    def name(self) -> str:
        """Return what it is called, as long as that piece of code is as it is."""
        return f"{self.path} {self.where}: {self.before} -> {self.after}"


def mutants(source: str, path: str) -> list[Mutant]:
    """Return all mutants of a module that differ in name."""
    tree = ast.parse(source, path)
    found: dict[str, Mutant] = {}
    for where, line, before, after in _changes(tree, "module"):
        made = Mutant(path, where, before, after, compile(ast.fix_missing_locations(tree), path, "exec"), line)
        found.setdefault(made.name, made)
    return list(found.values())


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
            for other in _instead(node, item):
                shown = _place(node, item)
                before, line = _text(shown), getattr(shown, "lineno", 0)
                _put(node, field, index, other)
                yield where, line, before, "nothing" if isinstance(other, ast.Pass) else _text(_place(node, other))
                _put(node, field, index, item)
            yield from _changes(item, where)


def _instead(parent: ast.AST, node: ast.AST) -> Iterator[ast.AST]:
    """Return what may stand in a node's place."""
    if (swapped := _SWAPPED.get(type(node))) is not None:
        yield swapped()
    match node:
        case ast.Constant(value=bool() as truth):
            yield ast.Constant(not truth)
        case ast.Constant(value=int() as number):
            yield ast.Constant(number + 1)
        case ast.Constant(value=str() as text):
            yield ast.Constant(f"{text}?")
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield operand
        case ast.Return(value=ast.expr() as told) if not (isinstance(told, ast.Constant) and told.value is None):
            yield ast.Return(ast.Constant(None))
        case ast.AugAssign() | ast.Raise() | ast.Expr() | ast.Assign(targets=[ast.Subscript()]):
            yield ast.Pass()
    if isinstance(node, ast.expr) and _is_condition(parent, node):
        yield ast.UnaryOp(ast.Not(), node)


def _is_condition(parent: ast.AST, node: ast.expr) -> bool:
    if isinstance(parent, ast.comprehension):
        return node in parent.ifs
    return isinstance(parent, ast.If | ast.IfExp | ast.While | ast.Assert) and node is parent.test


def _is_for_readers(node: ast.AST) -> bool:
    """Tell whether nothing that runs depends on a node."""
    match node:
        case ast.Expr(value=ast.Constant()) | ast.ImportFrom() | ast.Import():
            return True
        case ast.If(test=ast.Name(id="TYPE_CHECKING")) | ast.Assign(targets=[ast.Name(id="TYPE_CHECKING")]):
            return True
    return False


def _place(parent: ast.AST, node: ast.AST) -> ast.AST:
    """Return what to show of a change: an operator or a constant means nothing without what it stands in."""
    alone = isinstance(node, ast.stmt | ast.UnaryOp) or not isinstance(parent, ast.expr | ast.keyword)
    return node if alone and not isinstance(node, ast.operator | ast.Constant) else parent


def _text(node: ast.AST) -> str:
    return " ".join(ast.unparse(node).split())


def _put(parent: ast.AST, field: str, index: int, node: ast.AST) -> None:
    held = getattr(parent, field)
    if isinstance(held, list):
        held[index] = node
    else:
        setattr(parent, field, node)
