"""Bounds on the values of a program's nodes: what is known of them before any point is given.

They rest on the assumptions of the symbols and on the conditions under which a value is asked for. Ends belong to the
bounds, so that zero times infinity, a limit, is zero. They serve to tell signs and sizes, not to enclose roundings.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import sympy as sp

from symgeo.codegen.graph import Graph, Node

Range = tuple[float, float]

INF = math.inf
ANY: Range = (-INF, INF)
POSITIVE: Range = (0.0, INF)
# A bound this close to zero, next to the terms of its sum, may be nothing but a rounding.
_NOTHING = 1e-12
_CONSTANTS = {"pi": math.pi, "e": math.e, "euler": 0.5772156649015329, "inf": INF}
_FIXED: dict[str, Range] = {
    "exp": POSITIVE,
    "exp2": POSITIVE,
    "cosh": (1.0, INF),
    "Abs": POSITIVE,
    "hypot": POSITIVE,
    "erfc": (0.0, 2.0),
    "complementary_erf": (0.0, 2.0),
    "scaled_erfc": (0.0, 2.0),
    "erf": (-1.0, 1.0),
    "tanh": (-1.0, 1.0),
    "sin": (-1.0, 1.0),
    "cos": (-1.0, 1.0),
    "atan": (-1.5707963267948968, 1.5707963267948968),
    "acos": (0.0, 3.1415926535897936),
    "exp_minus_one": (-1.0, INF),
    "expm1": (-1.0, INF),
    "regularized_beta": (0.0, 1.0),
    "regularized_lower_gamma": (0.0, 1.0),
    "regularized_upper_gamma": (0.0, 1.0),
    "log_one_minus_exp": (-INF, 0.0),
    "log_normal_cdf": (-INF, 0.0),
    "Heaviside": (0.0, 1.0),
    "sign": (-1.0, 1.0),
}
# Positive where all arguments are.
_POSITIVE_OF_POSITIVE = {
    *("gamma", "beta", "RisingFactorial", "zeta", "lerchphi", "besseli", "besselk", "scaled_besseli", "scaled_besselk"),
    *("expint", "scaled_expint", "scaled_integro_exponential", "LambertW", "hyp0f1", "hyp1f1"),
    *("log_gamma_ratio", "log1p", "log_one_plus", "sinh", "asinh", "acosh", "erfi", "polylog_tail"),
}
# Increasing, with the value at zero.
_INCREASING = {
    "exp": math.exp,
    "expm1": math.expm1,
    "exp_minus_one": math.expm1,
    "log1p": lambda x: math.log1p(x) if x > -1 else -INF,
    "log_one_plus": lambda x: math.log1p(x) if x > -1 else -INF,
    "log": lambda x: math.log(x) if x > 0 else -INF,
    "sinh": math.sinh,
    "tanh": math.tanh,
    "asinh": math.asinh,
    "atan": math.atan,
    "erf": math.erf,
}


class Ranges:
    """``of[number]``: the bounds of a node."""

    def __init__(self, graph: Graph, live: Iterable[int], positive: Iterable[int]):
        self._graph = graph
        self._known: dict[int, Range] = {}
        for condition in positive:
            self._learn(condition)
        self.of: dict[int, Range] = {}
        for number in live:
            found = self._found(graph.nodes[number])
            low, high = self._known.get(number, ANY)
            self.of[number] = max(found[0], low), min(found[1], high)

    def _learn(self, condition: int) -> None:
        """What follows from a node's being positive."""
        nodes = self._graph.nodes
        node = nodes[condition]
        if node.kind == "neg":
            self._meet(node.args[0], (-INF, 0.0))
            return
        self._meet(condition, POSITIVE)
        if node.kind != "add" or len(node.args) != 2:
            return
        for i in (0, 1):
            symbol, number = nodes[node.args[i]], nodes[node.args[1 - i]]
            if symbol.kind == "symbol" and number.kind == "number":
                bound = -node.data[i] * node.data[1 - i] * float(number.data)
                self._meet(node.args[i], (bound, INF) if node.data[i] > 0 else (-INF, bound))

    def _meet(self, number: int, found: Range) -> None:
        low, high = self._known.get(number, ANY)
        self._known[number] = max(low, found[0]), min(high, found[1])

    def _found(self, node: Node) -> Range:
        args = [self.of[a] for a in node.args]
        if node.kind == "number":
            return (as_float(node.data),) * 2
        if node.kind == "constant":
            value = _CONSTANTS.get(node.data, math.nan)
            return ANY if math.isnan(value) else (value, value)
        if node.kind == "symbol":
            return _of_symbol(node.data)
        if node.kind == "neg":
            return -args[0][1], -args[0][0]
        if node.kind == "add":
            return sum_of([r if sign > 0 else (-r[1], -r[0]) for sign, r in zip(node.data, args, strict=True)])
        if node.kind == "mul":
            return _square(args[0]) if node.args[0] == node.args[1] else product_of(*args)
        if node.kind == "div":
            return _quotient(*args)
        if node.kind == "sqrt":
            return math.sqrt(max(args[0][0], 0.0)), math.sqrt(max(args[0][1], 0.0))
        if node.kind == "pow":
            return self._power(node, *args)
        if node.kind == "select":
            return min(args[0][0], args[2][0]), max(args[0][1], args[2][1])
        return self._function(node, args) if node.kind == "call" else ANY

    def _power(self, node: Node, base: Range, exponent: Range) -> Range:
        if base[0] < 0:
            data = self._graph.nodes[node.args[1]].data
            return POSITIVE if isinstance(data, int) and data % 2 == 0 else ANY
        if exponent[0] != exponent[1] or exponent[0] <= 0:
            return POSITIVE
        return tuple(_power_of(b, exponent[0]) for b in base)  # type: ignore[return-value]

    def _function(self, node: Node, args: list[Range]) -> Range:
        name = node.data[0].name
        if name in ("Max", "largest_of"):
            return max(a[0] for a in args), max(a[1] for a in args)
        if name == "Min":
            return min(a[0] for a in args), min(a[1] for a in args)
        if name == "polygamma":
            order = self._graph.nodes[node.args[0]].data
            if isinstance(order, int) and order > 0 and args[1][0] >= 0:
                return POSITIVE if order % 2 else (-INF, 0.0)
            return ANY
        if name == "polygamma_tail":  # of the sign of its first term, which has the Bernoulli number B_2k
            terms = self._graph.nodes[node.args[1]].data
            return ANY if not isinstance(terms, int) else POSITIVE if terms % 2 else (-INF, 0.0)
        if name == "Abs":
            return (0.0, max(-args[0][0], args[0][1])) if args[0][0] < 0 < args[0][1] else _away(args[0])
        found = _FIXED.get(name, ANY)
        if all(a[0] >= 0 for a in args) and name in _POSITIVE_OF_POSITIVE:
            found = POSITIVE
        if name in _INCREASING:
            low, high = (_value(_INCREASING[name], end) for end in args[0])
            found = max(found[0], low), min(found[1], high)
        return found


def _of_symbol(symbol: sp.Basic) -> Range:
    low = 0.0 if symbol.is_nonnegative else -INF
    high = 0.0 if symbol.is_nonpositive else INF
    if symbol.is_positive and symbol.is_integer:
        low = 1.0
    return low, high


def as_float(value: object) -> float:
    try:
        return float(value)  # type: ignore[arg-type]
    except OverflowError:
        return INF


def _value(function: object, end: float) -> float:
    """An increasing function at an end, also at infinity."""
    if math.isinf(end):
        end = math.copysign(1e308, end)
    try:
        return function(end)  # type: ignore[operator]
    except OverflowError:
        return math.copysign(INF, end)


def _times(a: float, b: float) -> float:
    return 0.0 if a == 0 or b == 0 else a * b


def sum_of(terms: list[Range]) -> Range:
    ends = []
    for side in (0, 1):
        parts = [t[side] for t in terms]
        total = sum(parts)
        if total and abs(total) < _NOTHING * max(map(abs, parts)):
            total = math.copysign(_NOTHING * max(map(abs, parts)), (-1, 1)[side])
        ends.append((-INF, INF)[side] if math.isnan(total) else total)
    return ends[0], ends[1]


def product_of(a: Range, b: Range) -> Range:
    ends = [_times(x, y) for x in a for y in b]
    return min(ends), max(ends)


def _away(a: Range) -> Range:
    ends = sorted(map(abs, a))
    return ends[0], ends[1]


def _square(a: Range) -> Range:
    low, high = _away(a)
    return (0.0 if a[0] < 0 < a[1] else _times(low, low)), _times(high, high)


def _quotient(a: Range, b: Range) -> Range:
    if b[0] < 0 < b[1] or b == (0.0, 0.0):
        return ANY
    sign = 1.0 if b[1] > 0 else -1.0
    ends = sorted((1.0 / abs(e) if e else INF) for e in b)
    return product_of(a, (ends[0], ends[1]) if sign > 0 else (-ends[1], -ends[0]))


def _power_of(base: float, exponent: float) -> float:
    try:
        return base**exponent
    except OverflowError:
        return INF
