"""Error bounds of a program that hold at every point, from the signs of terms and the kinds of functions.

A bound is a number c with |error| <= c u |v|, u = 2^-53. Products, quotients, roots and sums of terms of one sign have
one if their operands do; differences only of exact numbers. Sources: `doubt.py`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from symgeo.codegen.function_errors import magnified, roundoff
from symgeo.codegen.graph import Graph, Node
from symgeo.codegen.ranges import Range, Ranges

# Functions with jumps, across which no error is small.
JUMPS = {"sign", "Heaviside", "floor", "ceiling", "Mod"}


class Proofs:
    """``bounds[number]``: the bound of a node, or None.

    ``positive`` are nodes known to be positive. With ``exact_only``, for values that may overflow or underflow, only
    numbers, symbols, and sums of two of them have bounds.
    """

    def __init__(self, graph: Graph, live: Sequence[int], positive: Sequence[int], exact_only: bool, target: str):
        self._graph = graph
        self._exact_only, self._target = exact_only, target
        self._ranges = Ranges(graph, live, positive).of
        self.bounds: dict[int, float | None] = {}
        for number in live:
            self.bounds[number] = self._prove(graph.nodes[number])

    def range(self, number: int) -> Range:
        """Bounds of a node's value."""
        return self._ranges[number]

    def sign(self, number: int) -> int:
        """1 for what is never negative, -1 for what is never positive, else 0."""
        low, high = self.range(number)
        return 1 if low >= 0 else -1 if high <= 0 else 0

    def _prove(self, node: Node) -> float | None:
        """A bound of the error relative to the value, in units of u, or None."""
        kind = node.kind
        if kind in ("symbol", "boolean", "compare", "and", "or", "not"):
            return 0.0
        if kind == "number":
            return 0.0 if _is_exact(node.data) else 1.0
        if kind == "constant":
            return 0.0 if node.data in ("inf", "nan") else 1.0
        args = [self.bounds[a] for a in node.args]
        if kind == "neg":
            return args[0]
        if kind == "add" and len(args) == 2 and not any(args) and None not in args:
            return 1.0
        if self._exact_only or any(a is None for a in args):
            return None
        bounds = [a for a in args if a is not None]
        if kind == "add":
            return self._prove_sum(node, max(bounds) + len(bounds) - 1)
        if kind in ("mul", "div"):
            exact = any(self._is_power_of_two(a) for a in (node.args if kind == "mul" else node.args[1:]))
            return sum(bounds) + (0.0 if exact else 1.0)
        if kind == "sqrt":
            return bounds[0] / 2 + 1
        if kind == "pow":
            return self._prove_power(node, *bounds)
        if kind == "select":
            return max(bounds) if self._is_decided(node.args[1]) else None
        return self._prove_call(node, bounds) if kind == "call" else None

    def _prove_sum(self, node: Node, most: float) -> float | None:
        signs = {sign * self.sign(a) for sign, a in zip(node.data, node.args, strict=True)}
        if signs in ({1}, {-1}):
            return most
        ranges = [self.range(a) for a in node.args]
        low = sum(r[0] if sign > 0 else -r[1] for sign, r in zip(node.data, ranges, strict=True))
        high = sum(r[1] if sign > 0 else -r[0] for sign, r in zip(node.data, ranges, strict=True))
        sizes = sum(max(map(abs, r)) for r in ranges)
        least = low if low > 0 else -high
        return most * sizes / least if least > 0.01 * sizes else None

    def _prove_power(self, node: Node, base: float, exponent: float) -> float | None:
        number = self._graph.nodes[node.args[1]]
        if number.kind == "number":
            size = float(number.data)
            return size * base + (4.0 if exponent == 0 else 4.0 + 750.0 * size)
        return 4.0 if base == exponent == 0 else None

    def _prove_call(self, node: Node, bounds: Sequence[float]) -> float | None:
        ranges = [self.range(a) for a in node.args]
        error = roundoff(self._graph, node, ranges, self._target)
        if error is None or not any(bounds):
            return error
        if node.data[0].name in JUMPS and not any(b == 0 for b in bounds):
            return None
        most = magnified(self._graph, node, ranges)
        return None if most is None else error + most * max(bounds)

    def _is_power_of_two(self, number: int) -> bool:
        node = self._graph.nodes[number]
        return node.kind == "number" and _is_exact(node.data) and math.frexp(node.data)[0] == 0.5

    def _is_decided(self, condition: int) -> bool:
        """Whether a condition compares nothing but exact numbers."""
        comparisons = [n for i in self._graph.live([condition]) if (n := self._graph.nodes[i]).kind == "compare"]
        return all(self.bounds[a] == 0.0 for n in comparisons for a in n.args)


def _is_exact(value: object) -> bool:
    try:
        return float(value) == value  # type: ignore[arg-type]
    except OverflowError:
        return False
