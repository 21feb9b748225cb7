"""The small mistakes: what may stand in the place of a piece of code. A table of kinds, one function each.

Nothing here knows how a module is changed, or tried. Every kind gets a piece of code and what it is a part of, and
returns what a tired person might have written there.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import TypeVar

Part = TypeVar("Part")

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
_FUNCTIONS = {"any": "all", "all": "any", "min": "max", "max": "min", "sorted": "list"}
_METHODS = {"startswith": "endswith", "endswith": "startswith", "partition": "rpartition", "rpartition": "partition"}
_NEEDLESS = frozenset({"strip", "lower", "upper"})
"""Methods without which a text is still a text."""


def instead(parent: ast.AST, node: ast.AST) -> Iterator[ast.AST]:
    """Yield what may stand in a node's place."""
    for kind in _KINDS:
        yield from kind(parent, node)


def _operators(parent: ast.AST, node: ast.AST) -> Iterator[ast.AST]:
    """Another operator; a condition that means the opposite; a part of a condition that is missing."""
    if (swapped := _SWAPPED.get(type(node))) is not None:
        yield swapped()
    match node:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield operand
        case ast.BoolOp(values=[first, second]):
            yield first
            yield second
        case ast.BoolOp(op=op, values=values):
            yield from (ast.BoolOp(op, others) for others in _without_one(values))
    if isinstance(node, ast.expr) and _is_condition(parent, node):
        yield ast.UnaryOp(ast.Not(), node)


def _constants(_parent: ast.AST, node: ast.AST) -> Iterator[ast.AST]:
    """Another value; a message that does not say what it is about."""
    match node:
        case ast.Constant(value=bool() as truth):
            yield ast.Constant(not truth)
        case ast.Constant(value=int() | float() as number):
            yield ast.Constant(number + 1)
        case ast.Constant(value=str() as text):
            yield ast.Constant(f"{text}?")
        case ast.Constant(value=bytes() as data):
            yield ast.Constant(data + b"?")
        case ast.FormattedValue():
            yield ast.Constant("")


def _statements(_parent: ast.AST, node: ast.AST) -> Iterator[ast.AST]:
    """A statement that is missing; an answer that is."""
    match node:
        case ast.Return(value=None):
            yield ast.Pass()
        case ast.Return(value=ast.expr() as told) if not (isinstance(told, ast.Constant) and told.value is None):
            yield ast.Return(ast.Constant(None))
        case ast.AugAssign() | ast.Raise() | ast.Expr() | ast.Delete():
            yield ast.Pass()
        case ast.Assign(targets=[ast.Subscript() | ast.Attribute()]):
            yield ast.Pass()


def _errors(parent: ast.AST, node: ast.AST) -> Iterator[ast.AST]:
    """An error that is not expected; one of another type."""
    match parent, node:
        case ast.ExceptHandler(), ast.Tuple(elts=types) if node is parent.type:
            yield from (ast.Tuple(others, ast.Load()) for others in _without_one(types))
        case ast.ExceptHandler(), ast.expr() if node is parent.type:
            yield ast.Tuple([], ast.Load())
        case ast.Raise(), ast.Call(args=arguments) if node is parent.exc:
            yield ast.Call(ast.Name("RuntimeError", ast.Load()), arguments, [])


def _calls(_parent: ast.AST, node: ast.AST) -> Iterator[ast.AST]:
    """An argument that is left to its default; another function, or none."""
    match node:
        case ast.Call(func=function, args=arguments, keywords=[_, *_] as keywords):
            yield from (ast.Call(function, arguments, others) for others in _without_one(keywords))
        case ast.Call(func=ast.Attribute(value=text, attr=method), args=[]) if method in _NEEDLESS:
            yield text
        case ast.Name(id=name, ctx=ast.Load()) if name in _FUNCTIONS:
            yield ast.Name(_FUNCTIONS[name], ast.Load())
        case ast.Attribute(value=text, attr=method) if method in _METHODS:
            yield ast.Attribute(text, _METHODS[method], ast.Load())


def _collections(parent: ast.AST, node: ast.AST) -> Iterator[ast.AST]:
    """A bound that is one off, or missing; a part that is missing; nothing to go through."""
    match node:
        case ast.Slice(lower=lower, upper=upper, step=step):
            yield from (ast.Slice(bound, upper, step) for bound in _one_off(lower))
            yield from (ast.Slice(lower, bound, step) for bound in _one_off(upper))
        case ast.List(elts=[_, *_] as parts, ctx=ast.Load()) if not _are_constant(parts):
            yield from (ast.List(others, ast.Load()) for others in _without_one(parts))
        case ast.Tuple(elts=[_, *_] as parts, ctx=ast.Load()) if not _are_constant(parts):
            if not isinstance(parent, ast.ExceptHandler | ast.Subscript):
                yield from (ast.Tuple(others, ast.Load()) for others in _without_one(parts))
    if isinstance(parent, ast.For | ast.comprehension) and node is parent.iter:
        yield ast.Tuple([], ast.Load())


_KINDS: tuple[Callable[[ast.AST, ast.AST], Iterator[ast.AST]], ...] = (
    _operators,
    _constants,
    _statements,
    _errors,
    _calls,
    _collections,
)


def _is_condition(parent: ast.AST, node: ast.expr) -> bool:
    if isinstance(parent, ast.comprehension):
        return node in parent.ifs
    return isinstance(parent, ast.If | ast.IfExp | ast.While | ast.Assert) and node is parent.test


def _are_constant(parts: list[ast.expr]) -> bool:
    return all(isinstance(part, ast.Constant) for part in parts)


def _one_off(bound: ast.expr | None) -> Iterator[ast.expr | None]:
    if bound is None:
        return
    yield None
    if not isinstance(bound, ast.Constant):  # a number is changed where numbers are
        yield ast.BinOp(bound, ast.Add(), ast.Constant(1))


def _without_one(parts: list[Part]) -> Iterator[list[Part]]:
    """Yield the parts without the first, without the second, and so on."""
    return (parts[:index] + parts[index + 1 :] for index in range(len(parts)))
