"""A look at an expression as a graph, for rewritings that only serve expressions of a bearable size as a tree."""

from __future__ import annotations

from collections.abc import Iterable

import sympy as sp


def functions_within(expr: sp.Basic, kinds: tuple[type, ...], most: int) -> set[sp.Expr]:
    """The functions of these kinds in an expression; none where it has more than ``most`` nodes as a tree."""
    sizes: dict[sp.Basic, int] = {}
    found: set[sp.Expr] = set()
    stack: list[tuple[sp.Basic, bool]] = [(expr, False)]
    while stack:
        node, ready = stack.pop()
        if node in sizes:
            continue
        if not ready:
            stack.append((node, True))
            stack += [(a, False) for a in node.args if a not in sizes]
            continue
        sizes[node] = 1 + sum(sizes[a] for a in node.args)
        if sizes[node] > most:
            return set()
        if isinstance(node, kinds):
            found.add(node)
    return found


def kinds_within(expressions: Iterable[sp.Basic]) -> set[type]:
    """The classes of all that occurs in some expressions, every distinct subexpression visited once."""
    seen: set[sp.Basic] = set()
    stack = list(expressions)
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            stack += node.args
    return {type(node) for node in seen}
