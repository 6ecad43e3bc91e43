"""Numerical references that share no code with the package: SymPy derivatives, own quadrature and summation.

Integrals use the double exponential rule (Takahasi and Mori, Publ. RIMS 9 (1974) 721-741), on one grid for all
moments of a model at one point; its error is far below 1e-8 for the smooth densities tested here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise, product

import mpmath
import numpy as np
import sympy as sp

from symgeo.algebra.tensor import Tensor
from theorems.declared import Case

Point = tuple[sp.Rational, ...]


@dataclass(frozen=True)
class Moments:
    """Score moments at one parameter point: mass (), mean (n,), square and hessian (n, n), cube (n, n, n)."""

    mass: float
    mean: np.ndarray
    square: np.ndarray
    hessian: np.ndarray
    cube: np.ndarray


def moments(case: Case, point: Point) -> Moments:
    """E[1], E[s_i], E[s_i s_j], E[d_i d_j log p], E[s_i s_j s_k] under the declared density."""
    weights, score, hessian = _finite(case, point) if _is_finite(case) else _on_grid(case, point)
    n = len(case.parameters)
    by_score = weights * score
    cube = np.stack([(by_score[i] * score) @ score.T for i in range(n)])
    return Moments(float(weights.sum()), by_score.sum(axis=1), by_score @ score.T, hessian @ weights, cube)


def _is_finite(case: Case) -> bool:
    return case.model.support.points() is not None


def exact(e: sp.Expr) -> sp.Expr:
    """Decimals in a declaration as the rationals that they stand for."""
    return e.xreplace({f: sp.Rational(str(f)) for f in e.atoms(sp.Float)})


def log_density(case: Case) -> sp.Expr:
    """The logarithm of the declared density, taken apart without regard to what the package does."""
    density = exact(case.density).replace(sp.factorial, lambda u: sp.gamma(u + 1))
    density = density.replace(sp.binomial, lambda u, v: sp.gamma(u + 1) / (sp.gamma(v + 1) * sp.gamma(u - v + 1)))
    return _logarithm(density)


def _logarithm(product_: sp.Expr) -> sp.Expr:
    terms, rest = [], []
    for f in sp.Mul.make_args(product_):
        if isinstance(f, sp.exp):
            terms.append(f.args[0])
        elif isinstance(f, sp.Piecewise):
            terms.append(sp.Piecewise(*((_logarithm(value), condition) for value, condition in f.args)))
        elif isinstance(f, sp.gamma):
            terms.append(sp.loggamma(f.args[0], evaluate=False))
        elif isinstance(f, sp.Pow) and (f.base.is_positive or f.base.func == sp.gamma or not f.exp.is_Integer):
            terms.append(f.exp * _logarithm(f.base))
        elif f.is_positive:
            terms.append(sp.log(f))
        else:
            rest.append(f)
    return sp.Add(*terms, sp.log(sp.Mul(*rest)))


@cache
def _functions(case: Case) -> Callable[..., list]:
    """(variables, parameters) -> log-density, score, Hessian, as NumPy arrays."""
    # loggamma of an integer symbol would turn into the logarithm of a gamma function that overflows
    plain = {v: sp.Dummy(v.name, real=True) for v in case.variables}
    log_p = log_density(case).xreplace(plain)
    score = [sp.diff(log_p, s) for s in case.parameters]
    hessian = [sp.diff(first, s) for first in score for s in case.parameters]
    return sp.lambdify(
        [*plain.values(), *case.parameters], [log_p, *score, *hessian], ["scipy", "numpy"], cse=True, dummify=True
    )


def _on_grid(case: Case, point: Point) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    columns, measure = grid(case)
    n = len(point)
    with np.errstate(all="ignore"):
        values = _functions(case)(*columns, *map(float, point))
        log_p, *rest = (np.broadcast_to(np.asarray(v, dtype=float), measure.shape) for v in values)
        weights = np.exp(log_p) * measure
    seen = np.isfinite(weights) & (weights > 0)
    score, hessian = np.stack(rest[:n])[:, seen], np.stack(rest[n:])[:, seen]
    return weights[seen], score, hessian.reshape(n, n, -1)


def _finite(case: Case, point: Point) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    at = dict(zip(case.parameters, point, strict=True))
    rows = [[float(e.subs(at)) for e in row] for row in _finite_rows(case)]
    n = len(point)
    table = np.array(rows).T
    return table[0], table[1 : n + 1], table[n + 1 :].reshape(n, n, -1)


@cache
def _finite_rows(case: Case) -> list[list[sp.Expr]]:
    """Per point of a finite support the probability, its score and its Hessian, by direct substitution."""
    rows = []
    for x in case.model.support.points():
        p = case.density.subs(x)
        log_p = sp.log(p)
        score = [sp.diff(log_p, s) for s in case.parameters]
        rows.append([p, *score, *(sp.diff(first, s) for first in score for s in case.parameters)])
    return rows


@cache
def grid(case: Case) -> tuple[list[np.ndarray], np.ndarray]:
    """Columns of variable values and the measure of each node, on the declared support."""
    support = case.model.support
    # Finer where there are fewer dimensions; the references are exact to 1e-8 on lines and 1e-6 elsewhere.
    rule = _RULES[sum(not support.is_discrete(v) for v in case.variables)]
    columns: list[np.ndarray] = []
    measure = np.ones(1)
    for variable in case.variables:
        given = support.sets[variable]
        earlier = dict(zip(case.variables, columns, strict=False))
        low, high = (_end(e, earlier) for e in (_lower(given), _upper(given)))
        if support.is_discrete(variable):
            nodes = np.arange(low, min(high, low + 3000) + 1)[:, None] + np.zeros_like(measure)
            weights = np.ones_like(nodes)
        else:
            parts = [(low, high)]
            if case.breaks:
                ends = [low, *case.breaks, high]
                parts = list(pairwise(ends))
            rules = [rule.interval(a, b) for a, b in parts]
            nodes, weights = (np.concatenate([r[i] for r in rules]) for i in (0, 1))
            nodes, weights = nodes + np.zeros_like(measure), weights + np.zeros_like(measure)
        columns = [np.broadcast_to(c, nodes.shape).ravel() for c in columns]
        measure = (weights * measure).ravel()
        columns.append(nodes.ravel())
    return columns, measure


def _lower(given: sp.Set) -> sp.Expr:
    return given.start if isinstance(given, sp.Interval) else given.args[0] if given.free_symbols else given.inf


def _upper(given: sp.Set) -> sp.Expr:
    return given.end if isinstance(given, sp.Interval) else given.args[1] - 1 if given.free_symbols else given.sup


def _end(end: sp.Expr, earlier: dict[sp.Symbol, np.ndarray]) -> float | np.ndarray:
    if end.is_number:
        return float(end)
    return sp.lambdify(list(earlier), end, "numpy")(*earlier.values())


@dataclass(frozen=True)
class Rule:
    """Trapezoidal rules after a change of variable: on the line |u| < reach, on the half-line low < u < high."""

    line_step: float
    reach: float
    step: float
    low: float
    high: float

    def interval(self, low: float | np.ndarray, high: float | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Nodes and weights (m, ...) on an interval whose ends may be arrays or infinite."""
        low_infinite, high_infinite = np.all(np.isinf(low)), np.all(np.isinf(high))
        if low_infinite and high_infinite:
            u = np.arange(-self.reach, self.reach, self.line_step)[:, None]
            return np.sinh(u), np.cosh(u) * self.line_step
        if low_infinite:
            nodes, weights = self.interval(-high, np.inf)
            return -nodes, weights
        t = np.arange(-5.0, 5.0, self.step)[:, None]
        u = np.pi / 2 * np.sinh(t)
        weights = np.pi / 2 * np.cosh(t) * self.step
        if high_infinite:
            keep = ((u > self.low) & (u < self.high))[:, 0]
            return low + np.exp(u[keep]), (np.exp(u) * weights)[keep]
        width = (np.asarray(high) - low) / 2
        keep = np.abs(u[:, 0]) < min(25, -self.low)
        share = np.exp(u[keep]) / np.cosh(u[keep])  # 1 + tanh(u) without cancellation near the lower end
        return low + width * share, width * (weights / np.cosh(u) ** 2)[keep]


_RULES = (
    None,
    Rule(1 / 40, 5.5, 1 / 40, -60, 80),
    Rule(1 / 16, 4.5, 1 / 16, -40, 20),
    Rule(1 / 10, 3.6, 1 / 16, -12, 5),
)


# -- exact expressions at high precision --------------------------------------------------------------------------

DIGITS = 40


class Numbers:
    """Expressions compiled once for mpmath: called with a point, they give an object array of their shape."""

    def __init__(self, expressions: Iterable[sp.Expr], arguments: Sequence[sp.Symbol], shape: tuple[int, ...] = (-1,)):
        self._shape = shape
        distinct: dict[sp.Expr, int] = {}
        self._places = [distinct.setdefault(sp.sympify(e), len(distinct)) for e in expressions]
        self._function = sp.lambdify(list(arguments), list(distinct), "mpmath", cse=True, dummify=True)

    def __call__(self, point: Sequence[sp.Expr]) -> np.ndarray:
        with mpmath.workdps(DIGITS):
            return self._at([_to_mpmath(v) for v in point])

    def _at(self, point: Sequence[mpmath.mpf]) -> np.ndarray:
        values = self._function(*point)
        return np.array([mpmath.mpmathify(values[i]) for i in self._places], dtype=object).reshape(self._shape)

    def slope(self, point: Sequence[sp.Expr], place: int) -> np.ndarray:
        """The derivative by one argument: central differences at twice the digits, extrapolated once."""
        with mpmath.workdps(2 * DIGITS):
            at = [_to_mpmath(v) for v in point]

            def difference(step: mpmath.mpf) -> np.ndarray:
                ahead, behind = ([*at[:place], at[place] + s, *at[place + 1 :]] for s in (step, -step))
                return (self._at(ahead) - self._at(behind)) / (2 * step)

            step = mpmath.mpf(10) ** (-DIGITS // 4)
            return (4 * difference(step / 2) - difference(step)) / 3


def _to_mpmath(value: sp.Expr) -> mpmath.mpf:
    return mpmath.mpmathify(sp.N(value, 2 * DIGITS + 5))


def numbers(tensor: Tensor, *extra: sp.Symbol) -> Numbers:
    """A tensor as a function of its coordinates and of further symbols, such as alpha."""
    return Numbers(tensor.flat(), (*tensor.coordinates, *extra), tensor.shape)


def slopes(function: Numbers, point: Sequence[sp.Expr], dim: int) -> np.ndarray:
    """The partial derivatives of a tensor's numbers; the last axis is the coordinate."""
    return np.stack([function.slope(point, i) for i in range(dim)], axis=-1)


def contract(pattern: str, *arrays: np.ndarray) -> np.ndarray:
    """einsum for arrays of high-precision numbers."""
    return np.einsum(pattern, *arrays, optimize=False)


def close(got: np.ndarray, expected: np.ndarray, tolerance: float, where: object = "") -> None:
    """Assert equality up to the tolerance times the largest entry, at least one."""
    got, expected = np.asarray(got), np.asarray(expected)
    assert got.shape == expected.shape, f"{where}: shapes {got.shape} and {expected.shape}"
    scale = max([1, *(abs(v) for v in expected.ravel())])
    for index in product(*map(range, got.shape)):
        gap = abs(got[index] - expected[index])
        assert gap <= tolerance * scale, f"{where} {index}: {got[index]} against {expected[index]}, gap {gap}"
