"""Where a closed form in a weight t ceases to hold beyond 0 <= t <= 1: what vanishes in it on the way.

The form is a function of coordinates that are linear in t (natural parameters, or t itself). Its candidates for
singularities are the arguments of logarithms and gamma functions and the bases of powers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import mpmath
import sympy as sp

from symgeo.algebra import Element, Field, differential_field
from symgeo.algebra.knowledge import Range
from symgeo.algebra.sets import Segment
from symgeo.algebra.zero_test import polynomial_range, proven_sign, state_positive

if TYPE_CHECKING:
    from sympy import Expr, Symbol

    from symgeo.models.chart import Chart

_ENTIRE = (sp.exp, sp.sin, sp.cos, sp.sinh, sp.cosh, sp.tanh, sp.atan, sp.erf, sp.erfc, sp.besseli)
_POSITIVE = (sp.exp, sp.cosh, sp.erfc, sp.besselk)
_GAMMAS = (sp.gamma, sp.loggamma, sp.polygamma, sp.besselk)
_DIGITS = 50
_GROWTH = 10
_STEPS = 400
_FARTHEST = 1e4


@dataclass(frozen=True)
class Condition:
    """``positive > 0`` as a function of t, or ``>= 0`` with ``closed``; it holds for 0 <= t <= 1.

    With ``pointwise`` it suffices at t itself; else it has to hold all the way from there to t.
    """

    positive: Expr
    pointwise: bool
    closed: bool = False

    def holds(self, t: Symbol, weight: Expr) -> bool:
        """Whether it holds at a number ``weight``, where the expression holds no other symbol."""
        there = self.positive.subs(t, weight)
        number = there if there.is_Rational else sp.N(there, _DIGITS)
        if abs(number) < sp.Float(10) ** (10 - _DIGITS):
            return self.closed
        if self.pointwise:
            return bool(number > 0)
        function = sp.lambdify(t, self.positive, "mpmath")
        with mpmath.workdps(_DIGITS):
            end = mpmath.mpmathify(sp.N(weight, _DIGITS))
            start = mpmath.mpf(0 if end < 0 else 1)
            places = [start + (end - start) * k / _STEPS for k in range(_STEPS + 1)]
            return all(mpmath.im(v) == 0 and mpmath.re(v) > 0 for v in map(function, places))


def conditions_of(form: Expr, images: Mapping[Symbol, Expr], t: Symbol, chart: Chart) -> tuple[Condition, ...] | None:
    """What must be positive for ``form`` to hold, a function of the coordinates in ``images``, which gives them as
    functions of t and of the chart's parameters; None if the form holds a function that is not known here."""
    free = {s: sp.Dummy(s.name, real=True) for s in images}
    form = form.xreplace(free)
    field = _field(chart)
    (point,) = chart.interior_points(1)
    inside = {free[s]: e.subs({**point, t: sp.Rational(1, 2)}) for s, e in images.items()}
    back = {free[s]: e for s, e in images.items()}
    found: dict[Expr, bool] = {}
    for e in _candidates(form, set(free.values())):
        if e is None:
            return None
        for factor in _open_factors(field, e, list(free.values())):
            written = _logarithmic(factor)
            positive = sp.re(sp.N(written.subs({**inside, **point}), _DIGITS)) > 0
            signed = written if positive else -written
            element = field(signed)
            found[signed] = _is_concave(element, list(free.values()))
    kept = [c for c in found if not any(_is_implied(c, d, list(found)) for d in found if d is not c)]
    return tuple(Condition(sp.expand(c.xreplace(back)), found[c]) for c in kept)


def _field(chart: Chart) -> Field:
    field = differential_field()
    for p, parts in zip(chart.parameters, chart.pieces, strict=True):
        if len(parts) == 1 and isinstance(parts[0], Segment):
            low, high = (float(e) for e in parts[0].ends)
            field.knowledge.state_ranges({p: Range(low, high)})
    for condition in chart.conditions:
        if len(condition.free_symbols) > 1:
            state_positive(field, field(condition))
    return field


def _candidates(e: Expr, coordinates: set[Symbol]) -> Iterator[Expr | None]:
    """Arguments of logarithms and gamma functions, and bases of powers, that depend on the coordinates; None for a
    function that is not known."""
    for node in sp.preorder_traversal(e):
        if not node.free_symbols & coordinates or not node.args or node.is_Add or node.is_Mul:
            continue
        if isinstance(node, sp.log):
            yield node.args[0]
        elif isinstance(node, sp.Pow):
            if not (node.exp.is_Integer and node.exp > 0) and node.base.free_symbols & coordinates:
                yield node.base
        elif isinstance(node, _GAMMAS):
            yield node.args[-1]
            if sp.Tuple(*node.args[:-1]).free_symbols & coordinates:
                yield None
        elif not isinstance(node, _ENTIRE) or (isinstance(node, sp.besseli) and not node.args[0].is_Integer):
            yield None


def _is_positive(e: Expr) -> bool:
    return isinstance(e, _POSITIVE) or (isinstance(e, sp.besseli) and bool(e.args[0].is_even))


def _open_factors(field: Field, e: Expr, coordinates: Sequence[Symbol]) -> Iterator[Expr]:
    """The irreducible factors of an expression that depend on the coordinates and may vanish."""
    if _is_positive(e):
        return
    a = field(e)
    for f in [*(f for f, _ in field.factorise(a.numerator)[1]), *(field.factor_polynomial(i) for i, _ in a.powers)]:
        f = field.lift(f)
        written = field.polynomial(f).to_sympy()
        if not written.free_symbols & set(coordinates) or _is_positive(written):
            continue
        if proven_sign(field, f) is not None:
            continue
        reach = polynomial_range(field, f)
        # An irreducible polynomial that keeps its sign, as a sum of squares, vanishes nowhere on a line in general
        # position.
        polynomial = all(g.is_symbol for g in field.used_generators(field.polynomial(f)))
        if not polynomial or reach.low < 0 < reach.high:
            yield written


def _logarithmic(factor: Expr) -> Expr:
    """``c - d exp(v)`` with c, d > 0 has the sign of ``log(c/d) - v``."""
    if factor.is_Add and len(factor.args) == 2:
        c, rest = factor.as_independent(*(f for f in factor.args if isinstance(f, sp.exp) or f.has(sp.exp)))
        d, e = rest.as_coeff_Mul()
        if c.is_number and d.is_number and isinstance(e, sp.exp) and c * d < 0:
            return (sp.log(-c / d) - e.args[0]) * sp.sign(c)
    return factor


def _is_concave(a: Element, coordinates: Sequence[Symbol]) -> bool:
    """Whether it is concave in the coordinates: then it is positive between any two points where it is."""
    field = a.field
    speed = {s: field(sp.Dummy(real=True)) for s in coordinates}
    for _ in range(2):
        a = field.dot((1, a.diff(s), v) for s, v in speed.items())
    return not a or (not a.powers and polynomial_range(field, a.numerator).high <= 0)


def _is_implied(c: Expr, d: Expr, others: Sequence[Expr]) -> bool:
    """Whether c is d plus a positive number, or the sum of all others."""
    gap = sp.expand(c - d)
    total = sp.expand(2 * c - sp.Add(*others))
    return bool(gap.is_number and gap > 0) or (len(others) > 2 and total == 0)


def judged(
    log_value: Expr, t: Symbol, conditions: Sequence[Condition], chart: Chart
) -> tuple[tuple[Condition, ...], bool]:
    """The conditions, closed where the value stays finite at the place where one fails, and whether the value is
    singular there, so that beyond the integral is infinite.

    Decided at sample pairs of members: the second derivative in t grows without bound towards that place.
    """
    if not conditions or not all(c.pointwise for c in conditions):
        return tuple(conditions), not conditions
    symbols = (t, *chart.parameters)
    expressions = [sp.diff(log_value, t, 2), log_value, *(c.positive for c in conditions)]
    curvature, value, *signs = (sp.lambdify(symbols, e, "mpmath") for e in expressions)
    complete, closed = True, set()
    with mpmath.workdps(_DIGITS):
        for point in chart.interior_points(3):
            theta = [mpmath.mpmathify(sp.N(point[s], _DIGITS)) for s in chart.parameters]
            for side in (1, -1):
                zeros = [(_first_zero(f, theta, side), i) for i, f in enumerate(signs)]
                place, first = min(zeros, key=lambda z: side * z[0])
                if mpmath.isinf(place):
                    continue
                near = [mpmath.re(curvature(place - side * _small(k), *theta)) for k in (4, 8)]
                heights = [mpmath.re(value(place - side * _small(k), *theta)) for k in (4, 8, 12)]
                if not near[1] > _GROWTH * near[0] > 0:
                    complete = False
                elif abs(heights[2] - heights[1]) < abs(heights[1] - heights[0]) / 2:
                    closed.add(first)
    return tuple(replace(c, closed=i in closed) for i, c in enumerate(conditions)), complete


def _small(k: int) -> mpmath.mpf:
    return mpmath.mpf(10) ** -k


def _first_zero(f: Callable[..., Any], theta: Sequence[Any], side: int) -> Any:
    """The first zero in t beyond 1 (or below 0) of a function that is positive between; infinite if there is none
    near."""
    start, step = mpmath.mpf(1 if side > 0 else 0), mpmath.mpf(1) / 64
    inner = start
    while step < _FARTHEST:
        outer = start + side * step
        if not f(outer, *theta) > 0:
            break
        inner, step = outer, step * 5 / 4
    else:
        return side * mpmath.inf
    for _ in range(4 * _DIGITS):
        middle = (inner + outer) / 2
        inner, outer = (middle, outer) if f(middle, *theta) > 0 else (inner, middle)
    return inner
