"""Branches that the domain decides are not written: |x| is x where x is positive, sqrt(x**2) is x, and the larger of 0
and x too.

What is decided rests on the bounds of `ranges.py` and on linear relations of the sides, so that the larger of -x and
-2 x is found as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from symgeo.codegen.graph import Graph, Node
from symgeo.codegen.ranges import Range, Ranges, as_float, product_of, sum_of

_LARGER, _SMALLER = {"Max", "largest_of"}, {"Min"}
_CHOICES = {"Abs", "sign", "Heaviside", *_LARGER, *_SMALLER}
# Functions without real zeros.
_WITHOUT_ZERO = {"exp", "cosh", "gamma"}
# Which comparisons of a and b hold, and which do not, where a - b is never negative, and where it is always positive.
_NOT_NEGATIVE, _POSITIVE = {">=": True, "<": False}, {">": True, "!=": True, "<=": False, "==": False}
_MOST_TERMS = 16
_OPPOSITE = {">=": "<=", "<=": ">=", "<": ">", ">": "<", "==": "==", "!=": "!="}


def with_decided_branches(
    graph: Graph, outputs: Sequence[int], positive: Sequence[int]
) -> tuple[Graph, tuple[int, ...]]:
    """The same program, where the nodes ``positive`` are so, without the choices that can be made beforehand."""
    live = graph.live([*outputs, *positive])
    if not any(_is_choice(graph, graph.nodes[i]) for i in live):
        return graph, tuple(outputs)
    return _Decisions(graph, live, positive).build(outputs)


def _is_choice(graph: Graph, node: Node) -> bool:
    if node.kind == "call":
        return node.data[0].name in _CHOICES
    return node.kind == "compare" or (node.kind == "sqrt" and _root(graph, node) is not None)


def _root(graph: Graph, node: Node) -> int | None:
    """x where this is the root of x**2."""
    inner = graph.nodes[node.args[0]]
    return inner.args[0] if inner.kind == "mul" and inner.args[0] == inner.args[1] else None


_Sum = dict[int | None, int | Fraction]
_Multiple = tuple[int | Fraction, _Sum]


class _Decisions:
    """A graph built anew, ``new``, node by node."""

    def __init__(self, old: Graph, live: Sequence[int], positive: Sequence[int]):
        self.old, self.new = old, Graph()
        self._live = live
        self._ranges = Ranges(old, live, positive).of
        self._sums: dict[int, _Sum] = {}
        self._apart: dict[int, bool] = {}
        known = {old.nodes[p].args[0] if old.nodes[p].kind == "neg" else p for p in positive}
        for number in live:
            self._apart[number] = number in known or self._is_never_zero(number)
            self._sums[number] = self._as_sum(number)
        self._positive = [self._sums[p] for p in positive if self._sums[p]]

    def build(self, outputs: Sequence[int]) -> tuple[Graph, tuple[int, ...]]:
        """The new graph and its outputs."""
        made: dict[int, int] = {}
        for number in self._live:
            node = self.old.nodes[number]
            self._sums[number] = self._as_sum(number)
            chosen = self._chosen(node)
            if chosen is None:
                made[number] = self._written(node, [made[a] for a in node.args])
            else:
                sign, value = chosen
                made[number] = made[value] if sign > 0 else self.new.neg(made[value])
                self._sums[number] = _combined([(sign, self._sums[value])])
                self._apart[number] |= self._apart[value]
        return self.new, tuple(made[o] for o in outputs)

    def _chosen(self, node: Node) -> tuple[int, int] | None:
        """The sign and the node that a choice between values comes to everywhere."""
        name = node.data[0].name if node.kind == "call" else node.kind
        if name in _LARGER | _SMALLER:
            sign, _ = self._order(*node.args)
            return (1, node.args[0 if (sign > 0) == (name in _LARGER) else 1]) if sign else None
        root = node.args[0] if name == "Abs" else _root(self.old, node) if name == "sqrt" else None
        sign = 0 if root is None else self._sign(self._ranges[root])
        return (sign, root) if root is not None and sign else None

    def _written(self, node: Node, args: list[int]) -> int:
        new, kind = self.new, node.kind
        if kind == "add":
            terms = [a if s > 0 else new.neg(a) for s, a in zip(node.data, args, strict=True)]
            terms = [t for t in terms if new.nodes[t] != ("number", 0, ())]
            return new.add(terms) if terms else new.number(0)
        if kind == "neg":
            return new.neg(*args)
        if kind == "mul":
            return new.mul(*args)
        if kind == "div":
            return new.div(*args)
        if kind in ("and", "or", "not"):
            return self._logical(kind, args)
        found = None
        if kind == "compare":
            held = self._holds(node.data, *node.args)
            found = None if held is None else new.boolean(held)
        elif kind == "select" and new.nodes[args[1]].kind == "boolean":
            found = args[0] if new.nodes[args[1]].data else args[2]
        elif kind == "call":
            found = self._called(node, args)
        return new.copied(Node(kind, node.data, tuple(args))) if found is None else found

    def _called(self, node: Node, args: list[int]) -> int | None:
        """What a function is known to be, if it is one that chooses."""
        new, name = self.new, node.data[0].name
        if name == "exp" and new.nodes[args[0]] == ("number", 0, ()):
            return new.number(1)
        if name in ("sign", "Heaviside"):
            sign = self._sign(self._ranges[node.args[0]]) if self._apart[node.args[0]] else 0
            return new.number(sign if name == "sign" else max(sign, 0)) if sign else None
        return None

    @staticmethod
    def _sign(found: Range) -> int:
        return 1 if found[0] >= 0 else -1 if found[1] <= 0 else 0

    def _logical(self, kind: str, args: list[int]) -> int:
        """A connective without what is known."""
        new = self.new
        known = [new.nodes[a].data if new.nodes[a].kind == "boolean" else None for a in args]
        if kind == "not":
            return new.logical_not(*args) if known[0] is None else new.boolean(not known[0])
        if (kind == "or") in known:
            return new.boolean(kind == "or")
        rest = [a for a, value in zip(args, known, strict=True) if value is None]
        return new.logical(kind, rest) if rest else new.boolean(kind == "and")

    def _holds(self, operator: str, a: int, b: int) -> bool | None:
        """Whether a comparison holds everywhere (True), nowhere (False), or not so."""
        if any(self.old.nodes[i].kind in ("boolean", "compare", "and", "or", "not") for i in (a, b)):
            return None
        sign, strictly = self._order(a, b)
        if not sign:
            return None
        if self._sums[a] == self._sums[b]:
            return operator in ("<=", ">=", "==")
        operator = operator if sign > 0 else _OPPOSITE[operator]
        held = _NOT_NEGATIVE.get(operator)
        return _POSITIVE.get(operator) if held is None and strictly else held

    def _order(self, a: int, b: int) -> tuple[int, bool]:
        """The sign of a - b, 0 if it is not known, and whether the two are never equal."""
        difference = _combined([(1, self._sums[a]), (-1, self._sums[b])])
        if not difference:
            return 1, False
        sign, strictly = self._sign_of_sum(difference)
        if not sign and self.old.nodes[b] == ("number", 0, ()):
            return self._sign(self._ranges[a]), self._apart[a]
        return sign, strictly

    def _sign_of_sum(self, terms: _Sum) -> tuple[int, bool]:
        """The sign of a sum, 0 if it is not known, and whether the sum is never zero."""
        for known in self._positive:
            if (sign := _multiple(terms, known)) != 0:
                return sign, True
        parts = [product_of((as_float(f),) * 2, (1.0, 1.0) if i is None else self._ranges[i]) for i, f in terms.items()]
        found = sum_of(parts)
        sign = self._sign(found)
        one_sign = all(self._sign(part) == sign for part in parts)
        apart = any(i is None or self._apart[i] for i in terms)
        return sign, sign * found[0 if sign > 0 else 1] > 0 or (one_sign and apart)

    def _as_sum(self, number: int) -> _Sum:
        """A node as a sum of rational multiples of others, and of 1, which is None."""
        node = self.old.nodes[number]
        parts: list[_Multiple] | None = None
        if node.kind == "number":
            parts = [(1, {None: _exact(node.data)})]
        elif node.kind == "neg":
            parts = [(-1, self._sums[node.args[0]])]
        elif node.kind == "mul" and self.old.nodes[node.args[0]].kind == "number":
            parts = [(_exact(self.old.nodes[node.args[0]].data), self._sums[node.args[1]])]
        elif node.kind == "add":
            parts = [(sign, self._sums[a]) for sign, a in zip(node.data, node.args, strict=True)]
        if parts is None or len(parts) > _MOST_TERMS or len(total := _combined(parts)) > _MOST_TERMS:
            return {number: 1}
        return total

    def _is_never_zero(self, number: int) -> bool:
        """Whether a value is apart from zero, though it may come close."""
        node, (low, high) = self.old.nodes[number], self._ranges[number]
        if low > 0 or high < 0 or node.kind == "constant":
            return True
        if node.kind == "symbol":
            return node.data.is_zero is False
        if node.kind == "add":
            signs = {sign * self._sign(self._ranges[a]) for sign, a in zip(node.data, node.args, strict=True)}
            return signs in ({1}, {-1}) and any(self._apart[a] for a in node.args)
        if node.kind in ("neg", "mul", "sqrt"):
            return all(self._apart[a] for a in node.args)
        if node.kind in ("div", "pow"):
            return self._apart[node.args[0]]
        return node.kind == "call" and node.data[0].name in _WITHOUT_ZERO


def _multiple(terms: _Sum, others: _Sum) -> int:
    """The sign of the number that makes one sum of another; 0 where none does."""
    if terms.keys() != others.keys():
        return 0
    some = next(iter(terms))
    if any(terms[i] * others[some] != terms[some] * others[i] for i in terms):
        return 0
    return 1 if terms[some] * others[some] > 0 else -1


def _combined(parts: Sequence[_Multiple]) -> _Sum:
    """Sums times numbers, added up, without terms that are zero."""
    total: _Sum = {}
    for factor, terms in parts:
        for base, coefficient in terms.items():
            total[base] = total.get(base, 0) + factor * coefficient
    return {base: coefficient for base, coefficient in total.items() if coefficient}


def _exact(value: int | Fraction | float) -> int | Fraction:
    return Fraction(value) if isinstance(value, float) else value
