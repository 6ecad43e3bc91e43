"""The sign of a polynomial at one point, for writing only: in doubles, as far as they do."""

from __future__ import annotations

from math import exp, isfinite
from typing import TYPE_CHECKING

import mpmath
from flint import arb

from symgeo.algebra.ball_values import ball_value
from symgeo.algebra.zero_test import CANCELLED, generator_value, polynomial_value

if TYPE_CHECKING:
    from flint import fmpz_mpoly

    from symgeo.algebra.element import Element
    from symgeo.algebra.field import Field
    from symgeo.algebra.generator import Generator

# How many digits of a function are asked for where FLINT does not give its value, and how many bits where it does.
_DIGITS, _BITS = 12, 40
_LARGEST_EXPONENT = 700.0


def sampled_sign(field: Field, p: fmpz_mpoly) -> int:
    """The sign of a polynomial at the first sample point; 1 if it has none."""
    found = _polynomial(field, p)
    if found is not None:
        return -1 if found.real < 0 else 1
    got = polynomial_value(field, p, 0)
    return -1 if got is not None and mpmath.re(got[0]) < 0 else 1


def _polynomial(field: Field, p: fmpz_mpoly) -> complex | None:
    """The value of a polynomial; None where its terms cancel, or doubles do not hold it."""
    total: complex = 0.0
    size = 0.0
    values: dict[int, complex] = {}
    for exponents, c in p.to_dict().items():
        try:
            term: complex = float(int(c))
            for i, e in enumerate(exponents):
                if e:
                    value = values.get(i)
                    if value is None:
                        found = _generator(field.generators[i], field)
                        if found is None:
                            return None
                        value = values[i] = found
                    term *= value ** int(e)
        except OverflowError:
            return None
        total += term
        size += abs(term)
    return total if isfinite(size) and abs(total.real) >= CANCELLED * size else None


def _generator(generator: Generator, field: Field) -> complex | None:
    """A generator's value at the first sample point."""
    point = {s: field.knowledge.value(s, 0) for s in generator.symbols}
    key = ("double", frozenset(point.items()))
    if key not in generator.values:
        generator.values[key] = _generator_value(generator, field, point)
    return generator.values[key]


def _generator_value(generator: Generator, field: Field, point: dict) -> complex | None:
    if generator.is_symbol:
        (value,) = point.values()
        return int(value.p) / int(value.q)
    exponent = field.exponents.get(generator.index)
    if exponent is not None:
        inner = _element(exponent)
        if inner is not None and not inner.imag and abs(inner.real) < _LARGEST_EXPONENT:
            return exp(inner.real)
    ball = ball_value(generator.expr, {s: arb(int(v.p)) / int(v.q) for s, v in point.items()})
    if ball is not None and ball.is_finite() and ball.rel_accuracy_bits() >= _BITS:
        return float(ball.mid())
    precise = generator_value(generator, field, 0, _DIGITS)
    if precise is None or not mpmath.isfinite(precise):
        return None
    return complex(precise) if mpmath.im(precise) else float(mpmath.re(precise))


def _element(a: Element) -> complex | None:
    """The value of an element."""
    field = a.field
    total: complex = 1.0 / a.denominator
    for p, e in [(a.numerator, 1), *((field.factor_polynomial(i), -e) for i, e in a.powers)]:
        found = _polynomial(field, p)
        if not found:
            return None
        total *= found**e
    return total
