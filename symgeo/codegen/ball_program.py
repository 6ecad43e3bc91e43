"""A program of doubles in ball arithmetic: its outputs at given points, each with a proven bound of its error.

Many points are computed together, operation by operation, with more and more digits until every output is known to
that of a double. Sources: `balls.py`.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import reduce
from threading import Lock
from typing import Any

import numpy as np
from flint import arb, ctx

from symgeo.codegen.ball_functions import ELEMENTARY, FUNCTIONS
from symgeo.codegen.balls import exact, fraction
from symgeo.codegen.graph import Graph, Node
from symgeo.codegen.special_functions import Row

# Bits; the first only where functions cost much at many, and fewer still where mpmath has to evaluate one.
PRECISIONS = (128, 256, 640, 1600, 4000, 10_000)
_COSTLY, _BY_MPMATH = 4, 3
# Costly functions of what is not known to so many bits are not known: they would take longest there.
_KNOWN = 20
# Relative accuracy asked for, in bits, and the exponent below which every number rounds to zero.
_ACCURACY, _ZERO = 60, -1076
# Two sides of a comparison that agree to so many bits, at the last precision, are equal.
_EQUAL = 1000
_POINTS = 128
# FLINT's precision is one for all threads.
_PRECISION = Lock()
# A function of exact arguments that is not known at so many bits is not real there.
_ENOUGH = 640
# How far from a point, in bits, its limit is looked for, and in which directions.
_APART = 150
_DIRECTIONS = ((1, 1), (-1, 1), (3, 2))

_COMPARISONS: dict[str, Callable[[arb, arb], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}


class BallProgram:
    """The outputs of a graph in ball arithmetic, as a function of its symbols."""

    def __init__(self, graph: Graph, outputs: Sequence[int], symbols: Sequence[Any]):
        self._outputs = list(outputs)
        self._live = graph.live(outputs)
        self._nodes = graph.nodes
        self._symbols = {s: i for i, s in enumerate(symbols)}
        varying: set[int] = set()
        for i in self._live:
            node = graph.nodes[i]
            if node.kind == "symbol" or any(a in varying for a in node.args):
                varying.add(i)
        self._constant = [i for i in self._live if i not in varying]
        self._varying = [i for i in self._live if i in varying]
        names = {n.data[0].name for i in self._live if (n := graph.nodes[i]).kind == "call"}
        self._native = names <= set(FUNCTIONS)
        some = len(PRECISIONS) if names <= ELEMENTARY else _COSTLY if self._native else _BY_MPMATH
        self._precisions = PRECISIONS[:some]
        self._direction: tuple[int, int] | None = None

    def limits(self, points: np.ndarray) -> np.ndarray:
        """As `values`, for what is a quotient of zeros at points: the values close by, nan where these differ."""
        first = near = self.values(points, _DIRECTIONS[0])[0]
        for direction in _DIRECTIONS[1:]:
            if np.isnan(near).all():
                break
            there, _ = self.values(points, direction)
            near = np.where(np.abs(there - first) <= 2.0**-50 * np.abs(first), near, np.nan)
        return near

    def values(self, points: np.ndarray, direction: tuple[int, int] | None = None) -> tuple[np.ndarray, np.ndarray]:
        """points (N, n) -> (N, outputs), nearest doubles: nan where a value is not real, or cannot be told.

        The second, (N,), says where further digits might tell more. Raises nothing: what too many digits would be
        needed for is nan. With a ``direction`` (p, q), coordinate i is moved by p + q i in units far below those of a
        double.
        """
        found = np.full((len(points), len(self._outputs)), np.nan)
        unsettled = np.zeros(len(points), bool)
        with _PRECISION:
            self._direction = direction
            before = ctx.prec
            try:
                for start in range(0, len(points), _POINTS):
                    some = slice(start, start + _POINTS)
                    unsettled[start : start + _POINTS][self._some(points[some], found[some])] = True
            finally:
                ctx.prec = before
        return found, unsettled

    def _some(self, points: np.ndarray, found: np.ndarray) -> list[int]:
        """Writes the values; the numbers of the points where some are open."""
        open_ = list(range(len(points)))
        earlier: dict[int, list[float | None]] = {}
        # Beside a point where zeros are divided, few bits tell nothing.
        for precision in self._precisions if self._direction is None else self._precisions[-2:]:
            if not open_:
                break
            ctx.prec = precision
            memory = self._columns(points[open_], precision)
            rows = list(zip(*(memory[o] for o in self._outputs), strict=True))
            still = []
            for k, (index, row) in enumerate(zip(open_, rows, strict=True)):
                numbers = [_number(v) for v in row]
                known = numbers if self._native else _agreed(numbers, earlier.get(index))
                earlier[index] = numbers
                if None in known:
                    undefined = [_is_nan(v) for v in row]
                    hopeless = any(undefined) and all(u or v is not None for u, v in zip(undefined, known, strict=True))
                    if not (hopeless and self._is_undefined(memory, k)):
                        still.append(index)
                found[index] = [np.nan if v is None else v for v in known]
            open_ = still
        return open_

    def _columns(self, points: np.ndarray, precision: int) -> dict[int, list[Any]]:
        """The values of all nodes, a list each with one for every point."""
        memory: dict[int, list[Any]] = {}
        for i in self._constant:
            node = self._nodes[i]
            some = {a: column[:1] for a, column in memory.items()}
            memory[i] = self._apply(node, some, precision, 1) * len(points)
        for i in self._varying:
            node = self._nodes[i]
            if node.kind == "symbol":
                position = self._symbols[node.data]
                memory[i] = self._moved(list(map(arb, points[:, position].tolist())), position)
            else:
                memory[i] = self._apply(node, memory, precision, len(points))
        return memory

    def _moved(self, column: list[arb], position: int) -> list[arb]:
        if self._direction is None:
            return column
        p, q = self._direction
        step = (p + q * position if p > 0 else p - q * position) * arb((1, -_APART))
        return [v + step * (abs(v) if v else 1) for v in column]

    def _apply(self, node: Node, memory: dict[int, list[Any]], precision: int, count: int) -> list[Any]:
        args = [memory[a] for a in node.args]
        if not args:
            return [_leaf(node)] * count
        if node.kind == "add":
            columns = [a if sign > 0 else list(map(operator.neg, a)) for sign, a in zip(node.data, args, strict=True)]
            return reduce(lambda x, y: list(map(operator.add, x, y)), columns)
        if node.kind == "compare":
            compare = _compare_at(node.data, precision == self._precisions[-1])
            return list(map(compare, *args))
        return list(map(_operation(node), *args))

    def _is_undefined(self, memory: dict[int, list[Any]], k: int) -> bool:
        """Whether more digits will not tell more: nan comes from exact or clearly unfit arguments."""
        for i in self._varying:
            node, value = self._nodes[i], memory[i][k]
            if not node.args or not _is_nan(value):
                continue
            args = [memory[a][k] for a in node.args]
            if any(_is_nan(a) for a in args) or node.kind == "select":
                continue
            if ctx.prec >= _ENOUGH and all(a.is_exact() for a in args):
                continue
            name = node.data[0].name if node.kind == "call" else node.kind
            unfit = name in ("log", "sqrt", "pow", "loggamma") and args[0] <= 0
            if not (unfit or (name == "div" and args[1].is_zero())):
                return False
        return True


def _is_nan(value: Any) -> bool:
    return isinstance(value, arb) and value.is_nan()


def _number(value: Any) -> float | None:
    """The double nearest to a ball that is small enough, else None."""
    if value.is_zero():
        return 0.0
    if not value.is_finite():
        return None
    if value.rel_accuracy_bits() >= _ACCURACY:
        return _float(value.mid())
    return 0.0 if abs(value).abs_upper() < arb((1, _ZERO)) else None


def _float(value: arb) -> float:
    """A number as a double, rounded once; beyond the largest it is infinite."""
    mantissa, exponent = value.man_exp()
    m, e = int(mantissa), int(exponent)
    size = m.bit_length() + e
    if -1000 < size < 1000:
        cut = max(m.bit_length() - 70, 0)
        return math.ldexp(m >> cut, e + cut)  # what is cut off is far below half a unit of the last place
    if size > 1024:
        return math.inf if m > 0 else -math.inf
    if size < -1080:
        return 0.0
    try:
        return float(Fraction(m) * Fraction(2) ** e)
    except OverflowError:
        return math.inf if m > 0 else -math.inf


def _agreed(numbers: list[float | None], before: list[float | None] | None) -> list[float | None]:
    """Values on which two precisions agree: mpmath's functions bring no bounds with them."""
    if before is None:
        return [None] * len(numbers)
    return [
        v if v is not None and b is not None and abs(v - b) <= 2.0**-51 * abs(v) else None
        for v, b in zip(numbers, before, strict=True)
    ]


def _leaf(node: Node) -> Any:
    if node.kind == "boolean":
        return node.data
    if node.kind == "number":
        value = node.data if isinstance(node.data, float) else Fraction(node.data)
        return arb(value) if isinstance(value, float) else arb(value.numerator) / value.denominator
    return _CONSTANTS[node.data]()


_CONSTANTS: dict[str, Callable[[], arb]] = {
    "pi": arb.pi,
    "e": arb.const_e,
    "euler": arb.const_euler,
    "inf": arb.pos_inf,
    "nan": arb.nan,
}


def _operation(node: Node) -> Callable[..., Any]:
    if node.kind == "call":
        name = node.data[0].name
        function = FUNCTIONS.get(name) or _by_mpmath(node.data[0])
        return function if name in ELEMENTARY else _of_known(function)
    return _OPERATIONS[node.kind]


def _of_known(function: Callable[..., arb]) -> Callable[..., arb]:
    def operation(*args: arb) -> arb:
        if all(a.is_exact() or a.rel_accuracy_bits() > _KNOWN for a in args):
            return function(*args)
        return arb.nan()

    return operation


def _power(base: arb, exponent: arb) -> arb:
    whole = exponent.unique_fmpz() if exponent.is_exact() else None
    return base**exponent if whole is None else base ** int(whole)


def _select(value: arb, condition: bool | None, otherwise: arb) -> arb:
    if condition is None:
        return value.union(otherwise) if value.is_finite() and otherwise.is_finite() else arb.nan()
    return value if condition else otherwise


def _and(*conditions: bool | None) -> bool | None:
    return False if False in conditions else None if None in conditions else True


def _or(*conditions: bool | None) -> bool | None:
    return True if True in conditions else None if None in conditions else False


def _divide(a: arb, b: arb) -> arb:
    return a / b if not b.is_zero() else arb.nan()


_OPERATIONS: dict[str, Callable[..., Any]] = {
    "neg": operator.neg,
    "mul": operator.mul,
    "div": _divide,
    "sqrt": lambda x: x.sqrt(),
    "pow": _power,
    "select": _select,
    "and": _and,
    "or": _or,
    "not": lambda a: None if a is None else not a,
}


def _compare_at(symbol: str, last: bool) -> Callable[[arb, arb], bool | None]:
    """A comparison of balls, None where it is open; at the last precision what agrees in most digits is equal."""
    holds, fails = _COMPARISONS[symbol], _COMPARISONS[_OPPOSITE[symbol]]

    def compare(a: arb, b: arb) -> bool | None:
        if holds(a, b):
            return True
        if fails(a, b):
            return False
        if a.is_nan() or b.is_nan():
            return symbol == "!="
        close = abs(a - b).abs_upper() < (abs(a) + abs(b)).abs_upper() * arb((1, -_EQUAL))
        return symbol in ("<=", ">=", "==") if last and close else None

    return compare


def _by_mpmath(row: Row) -> Callable[..., arb]:
    def operation(*args: arb) -> arb:
        import mpmath

        if not all(a.is_finite() for a in args):
            return arb.nan()
        mp = mpmath.mp.clone()
        mp.prec = ctx.prec + 32
        numbers = [mp.mpf(f.numerator) / f.denominator for f in map(fraction, args)]
        function = row.mpmath if callable(row.mpmath) else getattr(mp, str(row.mpmath))
        try:
            value = function(mp, *numbers) if callable(row.mpmath) else function(*numbers)
        except (ValueError, ZeroDivisionError, OverflowError):  # poles
            return arb.nan()
        if mp.im(value) != 0 or not mp.isfinite(value):
            return arb.nan()
        ball = exact(mp.re(value))
        return ball + arb(0, abs(ball).mid() * arb((1, -ctx.prec)))

    return operation
