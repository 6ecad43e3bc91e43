"""Expressions that bring their own numerical evaluation, such as an integral without closed form."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import sympy as sp

from symgeo.codegen.lowering import unsupported

if TYPE_CHECKING:
    import numpy as np


class NumericNode(sp.Expr):
    """An expression whose value is computed by its ``source`` from the values of its ``args``.

    Nodes with the same source and the same arguments are computed together. In a differential field such a node is a
    generator of its own: no relation among nodes is known beyond those that their constructor applies.
    """

    is_field_generator = True
    is_commutative = True
    is_real = True
    is_finite = True

    @property
    def source(self) -> Hashable:
        """What computes the node: an object with ``values(nodes, points)``, points (P, n) -> (P, len(nodes))."""
        raise NotImplementedError


class NodeValues:
    """The numeric nodes in some expressions, each under a symbol that stands for its value."""

    def __init__(self, expressions: Iterable[sp.Basic]):
        nodes = sorted(nodes_in(expressions), key=sp.default_sort_key)
        self.symbols = {node: sp.Dummy(f"E{i}", real=True) for i, node in enumerate(nodes)}
        self._groups: dict[tuple, list[NumericNode]] = {}
        for node in nodes:
            self._groups.setdefault((node.source, node.args), []).append(node)

    def replaced(self, expressions: Iterable[sp.Basic]) -> list[sp.Basic]:
        """The expressions with every node replaced by its symbol."""
        return [e.xreplace(self.symbols) for e in expressions] if self.symbols else list(expressions)

    def evaluator(self, arguments: Sequence[sp.Symbol], function_of: Callable) -> Callable[..., list[np.ndarray]]:
        """``values(*columns)``: the nodes' values, in the order of ``symbols``, each of the columns' common shape.

        ``function_of(expressions, arguments)`` makes functions of the nodes' arguments.
        """
        import numpy as np

        places = [function_of(list(args), arguments) for _, args in self._groups]

        def values(*columns: Any) -> list[np.ndarray]:
            shape = np.broadcast_shapes(*(np.shape(c) for c in columns))
            found: dict[NumericNode, np.ndarray] = {}
            for ((source, args), nodes), at in zip(self._groups.items(), places, strict=True):
                if not args:
                    # Constants: one integration whatever the points.
                    (row,) = source.values(nodes, np.zeros((1, 0)))
                    found.update({node: np.full(shape, value) for node, value in zip(nodes, row, strict=True)})
                    continue
                points = np.stack([np.broadcast_to(v, shape).ravel() for v in at(*columns)], axis=-1)
                distinct, where = np.unique(points, axis=0, return_inverse=True)
                got = source.values(nodes, distinct)[where.ravel()]
                found.update({node: got[:, i].reshape(shape) for i, node in enumerate(nodes)})
            return [found[node] for node in self.symbols]

        return values


def refuse_nodes(expressions: Iterable[sp.Basic], target: str) -> None:
    """Raise UnsupportedFunctionError where an expression holds a numeric node."""
    nodes = nodes_in(expressions)
    if nodes:
        shown = min(map(str, nodes), key=len)
        raise unsupported(f"{shown}, which has no closed form,", target, "use lambdify, which computes it numerically")


def nodes_in(expressions: Iterable[sp.Basic]) -> set[NumericNode]:
    """The outermost numeric nodes in some expressions."""
    seen: set[sp.Basic] = set()
    stack = list(expressions)
    found: set[NumericNode] = set()
    while stack:
        e = stack.pop()
        if e not in seen:
            seen.add(e)
            if isinstance(e, NumericNode):
                found.add(e)
            else:
                stack.extend(e.args)
    return found
