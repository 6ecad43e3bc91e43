"""Signs, numerical values, and the decision whether an element is zero."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, inf, isfinite, pi
from typing import TYPE_CHECKING

import mpmath
from sympy import Derivative, Float, Subs

from symgeo.algebra.generator import content_of
from symgeo.algebra.knowledge import Range

if TYPE_CHECKING:
    from flint import fmpz_mpoly
    from sympy import Expr

    from symgeo.algebra.element import Element
    from symgeo.algebra.field import Field
    from symgeo.algebra.generator import Generator

_DIGITS = 60
# A value of which the terms cancel to less than this has lost its digits.
CANCELLED = 1e-6
_SAMPLES = 3
_ROUNDING = 1e-12
_LARGEST_EXPONENT = 700.0


@dataclass(frozen=True)
class Verdict:
    """Whether an element is zero, and whether that was decided exactly or certified by evaluation."""

    zero: bool
    exact: bool

    def __bool__(self) -> bool:
        return self.zero


def zero_test(a: Element) -> Verdict:
    """Decide ``a = 0``: exactly where the generators' relations decide it, else by evaluation at random points.

    A value that is not zero at one point, to 60 digits, proves that the element is not zero; a value below 1e-40 of
    its terms' size at every point is taken for zero, and ``exact`` is False.
    """
    if not a:
        return Verdict(True, True)
    used = a.field.used_generators(a)
    if (a.field.independent or all(g.is_symbol or g.degree for g in used)) and not _has_tied_roots(a.field, used):
        return Verdict(False, True)
    tested = 0
    for k in range(4 * _SAMPLES):
        values = polynomial_value(a.field, a.numerator, k)
        if values is None:
            continue
        total, size = values
        if abs(total) > mpmath.mpf(10) ** (-40) * size:
            return Verdict(False, True)
        tested += 1
        if tested == _SAMPLES:
            return Verdict(True, False)
    # Nowhere could the generators be evaluated: formally it is not zero, and nothing speaks against that.
    return Verdict(False, False)


def _has_tied_roots(field: Field, used: list[Generator]) -> bool:
    """Whether several roots occur, one of which the others may give: sqrt(r s) beside sqrt(r) and sqrt(s)."""
    roots: set[int] = set()
    waiting = list(used)
    while waiting:
        generator = waiting.pop()
        if generator.value is not None and generator.expr.is_Pow and generator.index not in roots:
            roots.add(generator.index)
            waiting += field.used_generators(generator.value)
    return len(roots) > 1


def generator_value(generator: Generator, field: Field, k: int, digits: int = _DIGITS) -> mpmath.mpc | None:
    """A generator's value at the k-th sample point to so many digits; None where it has none."""
    point = {s: field.knowledge.value(s, k) for s in generator.symbols}
    key = (digits, frozenset(point.items()))
    if key not in generator.values:
        generator.values[key] = _generator_value(generator, field, k, point, digits)
    return generator.values[key]


def _generator_value(generator: Generator, field: Field, k: int, point: dict, digits: int) -> mpmath.mpc | None:
    if generator.is_symbol:
        (value,) = point.values()
        with mpmath.workdps(digits + 10):
            return mpmath.mpf(int(value.p)) / int(value.q)
    exponent = field.exponents.get(generator.index)
    if exponent is not None:
        # The exponential of what the field knows the value of.
        inner = _element_value(exponent, k, digits + 10)
        if inner is not None and abs(inner) < _LARGEST_EXPONENT:
            with mpmath.workdps(digits + 10):
                return mpmath.exp(inner)
    try:
        if isinstance(generator.expr, Derivative | Subs):
            return _derivative_value(generator.expr, point, digits)
        value = generator.expr.evalf(digits + 10, subs=point)
        return mpmath.mpmathify(value._to_mpmath(mpmath.libmp.dps_to_prec(digits + 10)))
    except (ValueError, TypeError, AttributeError, NotImplementedError, ZeroDivisionError, RecursionError):
        return None


def _element_value(a: Element, k: int, digits: int) -> mpmath.mpc | None:
    """The value of an element at the k-th sample point, None where its terms cancel or it has none."""
    field = a.field
    parts = [(a.numerator, 1), *((field.factor_polynomial(i), -e) for i, e in a.powers)]
    with mpmath.workdps(digits):
        total = mpmath.mpf(1) / a.denominator
        for p, e in parts:
            found = polynomial_value(field, p, k, digits)
            if found is None or abs(found[0]) < CANCELLED * found[1]:
                return None
            total *= found[0] ** e
        return total


def _derivative_value(expr: Expr, point: dict, digits: int) -> mpmath.mpc | None:
    """The value of an unevaluated derivative of one variable, by finite differences in higher precision."""
    inner, places = (
        (expr, {}) if isinstance(expr, Derivative) else (expr.expr, dict(zip(expr.variables, expr.point, strict=True)))
    )
    (variable, order), *others = inner.variable_count
    if others or not order.is_Integer:
        return None

    def function(value: mpmath.mpf) -> mpmath.mpc:
        there = {**point, variable: Float(value, mpmath.mp.dps)}
        return mpmath.mpmathify(inner.expr.evalf(mpmath.mp.dps, subs=there)._to_mpmath(mpmath.mp.prec))

    with mpmath.workdps(digits + 10):
        at = places.get(variable, variable).evalf(digits + 10, subs=point)
        return mpmath.diff(function, mpmath.mpmathify(at._to_mpmath(mpmath.mp.prec)), int(order))


def polynomial_value(
    field: Field, p: fmpz_mpoly, k: int, digits: int = _DIGITS
) -> tuple[mpmath.mpc, mpmath.mpf] | None:
    """The value and the sum of the terms' sizes."""
    with mpmath.workdps(digits):
        values = []
        for generator, degree in zip(field.generators, p.degrees(), strict=False):
            value = generator_value(generator, field, k, digits) if degree else mpmath.mpf(0)
            if value is None or not mpmath.isfinite(value):
                return None
            values.append(value)
        total = size = mpmath.mpf(0)
        for exponents, c in p.to_dict().items():
            term = mpmath.mpf(int(c))
            for value, e in zip(values, exponents, strict=False):
                if e:
                    term *= value ** int(e)
            total += term
            size += abs(term)
        return total, size


def unanimous_sign(a: Element) -> int | None:
    """The sign of an element where it is the same at all stated sample points; None where it is not."""
    field, signs = a.field, set()
    for k in range(max(1, len(field.knowledge.points))):
        values = [polynomial_value(field, p, k) for p in (a.numerator, *map(field.factor_polynomial, dict(a.powers)))]
        sign = 1
        for value, e in zip(values, [1, *(e for _, e in a.powers)], strict=True):
            if value is None or mpmath.im(value[0]) != 0 or value[0] == 0:
                return None
            sign *= -1 if e % 2 and value[0] < 0 else 1
        signs.add(sign)
    return signs.pop() if len(signs) == 1 else None


def proven_sign(field: Field, p: fmpz_mpoly) -> int | None:
    """The sign of a polynomial over the whole range of its symbols, where facts or interval arithmetic prove it."""
    p = field.lift(p)
    if field.knowledge.signs:
        sign = 1 if p.leading_coefficient() > 0 else -1
        stated = field.knowledge.signs.get(field.polynomial_key(p / (content_of(p) * sign)))
        if stated is not None:
            return stated * sign
    return polynomial_range(field, p).sign


def polynomial_range(field: Field, p: fmpz_mpoly) -> Range:
    """An interval that holds every value of a polynomial over the ranges of its symbols."""
    p = field.lift(p)
    total = Range(0.0, 0.0, False, False)
    used = [(i, g) for i, (g, d) in enumerate(zip(field.generators, p.degrees(), strict=False)) if d]
    ranges = {i: _generator_range(field, g) for i, g in used}
    size = 0.0
    for exponents, c in p.to_dict().items():
        if abs(int(c)) > 10**300:
            return Range()
        term = Range(float(c), float(c), False, False)
        for i, _ in used:
            if exponents[i]:
                term = term * ranges[i] ** int(exponents[i])
        size += sum(abs(e) for e in (term.low, term.high) if isfinite(e))
        total = total + term
    # An end that is not zero but as small as rounding could make it proves nothing.
    slack = _ROUNDING * size
    low = -slack if 0 < abs(total.low) <= slack else total.low
    high = slack if 0 < abs(total.high) <= slack else total.high
    return Range(low, high, total.open_low, total.open_high)


def element_sign(a: Element) -> int | None:
    """The sign of an element over the whole range of its symbols where it can be proven."""
    field = a.field
    if not a:
        return None
    content, factors = field.factorise(a.numerator)
    sign = 1 if content > 0 else -1
    for f, e in [*factors, *((field.factor_polynomial(i), e) for i, e in a.powers)]:
        if e % 2:
            other = proven_sign(field, f)
            if other is None:
                return None
            sign *= other
        elif proven_sign(field, f) is None:
            return None
    return sign


def _generator_range(field: Field, generator: Generator) -> Range:
    if generator.is_symbol:
        return field.knowledge.range_of(next(iter(generator.symbols)))
    expr = generator.expr
    exponent = field.exponents.get(generator.index)
    if exponent is not None and not exponent.powers:
        inner = polynomial_range(field, exponent.numerator)
        low, high = (_exp(e / exponent.denominator) for e in (inner.low, inner.high))
        return Range(low, high, inner.open_low or low == 0, inner.open_high or high == inf)
    if generator.value is not None and generator.degree and (expr.is_positive or expr.is_Pow):
        # A positive root.
        inner = polynomial_range(field, generator.value.numerator)
        if inner.low >= 0:
            low, high = (e ** (1 / generator.degree) for e in (inner.low, inner.high))
            return Range(low, high, inner.open_low, inner.open_high)
    if not generator.symbols and expr.is_real:
        value = float(expr)
        return Range(value, value, False, False)
    if expr.func.__name__ in ("sin", "cos"):
        return _sine_range(field, expr)
    if expr.func.__name__ in ("tanh", "erf"):
        return Range(-1.0, 1.0)
    if expr.is_positive or expr.func.__name__ in ("exp", "gamma", "cosh"):
        return Range(low=0.0)
    if expr.is_nonnegative:
        return Range(low=0.0, open_low=False)
    if expr.is_Pow and expr.exp.is_real and generator.degree:
        return Range(low=0.0)
    return Range()


def _exp(x: float) -> float:
    return exp(x) if x < _LARGEST_EXPONENT else inf


def _sine_range(field: Field, expr: Expr) -> Range:
    """sin is positive on (0, pi), cos on (-pi/2, pi/2); otherwise both lie in [-1, 1]."""
    factor, angle = expr.args[0].as_coeff_Mul()
    if angle.is_Symbol and factor.is_Rational:
        q = float(factor)
        angles = Range(q, q, False, False) * field.knowledge.range_of(angle)
        start = 0.0 if expr.func.__name__ == "sin" else -pi / 2
        if start <= angles.low and angles.high <= start + pi * (1 + 1e-15):
            strict = (angles.low > start or angles.open_low) and (angles.high < start + pi or angles.open_high)
            return Range(0.0, 1.0, strict, False)
    return Range(-1.0, 1.0, False, False)


def state_positive(field: Field, a: Element) -> None:
    """Enter the fact ``a > 0``; used later when the same irreducible polynomial meets a logarithm or a root."""
    signs = field.knowledge.signs
    constant, factors = field.factorise(a.numerator)
    unknown = []
    sign = 1 if constant > 0 else -1
    for f, e in [*factors, *((field.factor_polynomial(i), e) for i, e in a.powers)]:
        if e % 2:
            known = proven_sign(field, f)
            if known is None:
                unknown.append(f)
            else:
                sign *= known
    if len(unknown) == 1:
        signs[field.polynomial_key(unknown[0])] = sign
