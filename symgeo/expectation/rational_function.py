"""Rational functions of one symbol over a field: polynomials as lists of coefficients, partial fractions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from math import comb
from typing import TYPE_CHECKING

from symgeo.algebra import Element, Field
from symgeo.algebra.algebraic import coefficients
from symgeo.errors import NoClosedFormError

if TYPE_CHECKING:
    from sympy import Symbol

Polynomial = list[Element]  # coefficients, the constant first


@dataclass(frozen=True)
class RationalFunction:
    """``top(y) / prod (y + b)^e`` over the pairs (b, e) of ``below``, the b distinct."""

    field: Field
    top: Polynomial
    below: tuple[tuple[Element, int], ...]

    def parts(self) -> tuple[Polynomial, list[tuple[Element, int, Element]]]:
        """The polynomial part, and the poles (b, k, c) of the terms ``c/(y + b)^k``."""
        field, poles = self.field, []
        for i, (b, e) in enumerate(self.below):
            series = shifted(field, self.top, -b)[:e]
            others: Polynomial = [field.one]
            for j, (other, power) in enumerate(self.below):
                if j != i:
                    others = _times(field, others, _linear_power(field, other - b, power))
            for k, c in enumerate(_quotient(field, series, others, e)):
                if c:
                    poles.append((b, e - k, c))
        bottom: Polynomial = [field.one]
        for b, e in self.below:
            bottom = _times(field, bottom, _linear_power(field, b, e))
        return _whole_part(field, self.top, bottom), poles


def as_rational(f: Element, y: Symbol) -> RationalFunction:
    """A rational function of y with linear factors below; :class:`NoClosedFormError` for any other."""
    field = f.field
    index = next((g.index for g in field.generators if g.is_symbol and g.expr == y), None)
    if any(y in g.symbols and g.index != index for g in field.used_generators(f)):
        raise NoClosedFormError(f"{f} is no rational function of the variable")
    bottom, below = field.rational(f.denominator), []
    for i, e in f.powers:
        factor = field.polynomial(field.factor_polynomial(i))
        if y not in factor.free_symbols:
            bottom = bottom * factor**e
            continue
        row = polynomial_in(factor, y)
        if len(row) > 2:
            raise NoClosedFormError(f"{factor} does not split into linear factors")
        below.append((row[0] / row[1], e))
        bottom = bottom * row[1] ** e
    top = polynomial_in(field.polynomial(f.numerator), y)
    return RationalFunction(field, [c / bottom for c in top], tuple(below))


def polynomial_in(a: Element, y: Symbol) -> Polynomial:
    """The coefficients of a polynomial in y."""
    field = a.field
    index = next((g.index for g in field.generators if g.is_symbol and g.expr == y), None)
    if index is None:
        return [a]
    table = coefficients(a, index)
    return [table.get(k, field.zero) for k in range(max(table, default=0) + 1)]


def value_at(row: Sequence[Element], place: Element) -> Element:
    """A polynomial's value, by Horner's rule."""
    total = place.field.zero
    for c in reversed(row):
        total = total * place + c
    return total


def shifted(field: Field, row: Polynomial, by: Element) -> Polynomial:
    """The coefficients in h of the polynomial at ``by + h``."""
    powers = [field.one]
    for _ in row[1:]:
        powers.append(powers[-1] * by)
    return [field.dot((comb(n, k), row[n], powers[n - k]) for n in range(k, len(row))) for k in range(len(row))] or [
        field.zero
    ]


def in_rising(field: Field, row: Polynomial, start: Element) -> Polynomial:
    """Coefficients c_j with ``row(y) = sum of c_j (y + start)(y + start + 1)...(y + start + j - 1)``."""
    return _in_products(field, row, lambda j: -start - j)


def in_falling(field: Field, row: Polynomial) -> Polynomial:
    """Coefficients c_j with ``row(y) = sum of c_j y(y - 1)...(y - j + 1)``."""
    return _in_products(field, row, lambda j: field.rational(j))


def _in_products(field: Field, row: Polynomial, root) -> Polynomial:  # type: ignore[no-untyped-def]
    out, rest, j = [], list(row), 0
    while rest:
        rest, remainder = _divided(field, rest, root(j))
        out.append(remainder)
        j += 1
    return out


def _divided(field: Field, row: Polynomial, root: Element) -> tuple[Polynomial, Element]:
    """Quotient and remainder by ``y - root``."""
    carried, out = field.zero, []
    for c in reversed(row):
        carried = carried * root + c
        out.append(carried)
    return out[-2::-1], out[-1]


def _times(field: Field, a: Polynomial, b: Polynomial) -> Polynomial:
    return [
        field.dot((1, a[i], b[k - i]) for i in range(max(0, k - len(b) + 1), min(k + 1, len(a))))
        for k in range(len(a) + len(b) - 1)
    ]


def _linear_power(field: Field, b: Element, e: int) -> Polynomial:
    return [b ** (e - k) * comb(e, k) for k in range(e + 1)]


def _quotient(field: Field, top: Polynomial, bottom: Polynomial, terms: int) -> Polynomial:
    """The first terms of the power series top/bottom; ``bottom[0]`` is not zero."""
    out: Polynomial = []
    inverse = 1 / bottom[0]
    for k in range(terms):
        known = field.dot((-1, bottom[j], out[k - j]) for j in range(1, min(k, len(bottom) - 1) + 1))
        out.append((known + (top[k] if k < len(top) else field.zero)) * inverse)
    return out


def _whole_part(field: Field, top: Polynomial, bottom: Polynomial) -> Polynomial:
    """The quotient of a division by a monic polynomial."""
    rest, steps = list(top), len(top) - len(bottom) + 1
    out = [field.zero] * max(steps, 0)
    for k in range(steps - 1, -1, -1):
        lead = rest[k + len(bottom) - 1]
        out[k] = lead
        for j, c in enumerate(bottom):
            rest[k + j] = rest[k + j] - lead * c
    return out


def moved(f: Element, y: Symbol, by: int) -> Element:
    """``f(y + by)``."""
    return _placed(f, y, f.field(y) + by)


def value_of(f: Element, y: Symbol, n: int) -> Element:
    """The value of a rational function at a whole number."""
    return _placed(f, y, f.field.rational(n))


def _placed(f: Element, y: Symbol, place: Element) -> Element:
    rational = as_rational(f, y)
    below = [(place + b) ** e for b, e in rational.below]
    return value_at(rational.top, place) / reduce(f.field.product, below, f.field.one)
