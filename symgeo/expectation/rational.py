"""Rational functions of one variable over powers of known polynomials: partial fractions and integrals over the line.

A function is a numerator, polynomial in t, times whole powers of factors that are kept apart. Denominators never enter
the field, which would free them of roots and cosines of the parameters by their norms and so double their degrees.
The integral over the line of 1/q, q quadratic without real zeros, is 2 pi/sqrt(4 a c - b^2), that of 1/q^m follows by
parts, and what is odd about the centre of q has none: these are the residues in a half-plane.
Source: Bronstein, Symbolic Integration I, 2005, sections 1.4 and 2.2; Gradshteyn and Ryzhik 2.172 and 2.173.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from typing import TYPE_CHECKING, NamedTuple

from symgeo.algebra import Element, Field
from symgeo.algebra import generators as gen
from symgeo.algebra.algebraic import coefficients
from symgeo.algebra.zero_test import element_sign, unanimous_sign
from symgeo.errors import DivergentExpectationError, NoClosedFormError
from symgeo.expectation.polynomials import Polynomial, divided, inverse_modulo, multiplied, subtracted

if TYPE_CHECKING:
    from sympy import Symbol

Exponents = Mapping[int, int]
_OPEN = "no closed form was found: a denominator has zeros of no known kind, or real ones"
_LONG = "no closed form was found that is short enough to be of use: the denominators hold too many parameters"
ENDLESS = (
    "an expectation is infinite: its integrand has a pole inside the support or at its end. For a square of the score "
    "that means infinite Fisher information"
)
_MOST_TERMS = 12


class Rational(NamedTuple):
    """``numerator * prod factor_i**e_i``; the numerator is a polynomial in the variable."""

    numerator: Element
    exponents: Exponents


class Fractions(NamedTuple):
    """A polynomial, and for each factor q the numerators r_m of ``sum over m of r_m/q**m``."""

    whole: Polynomial
    parts: dict[int, dict[int, Polynomial]]


@dataclass(frozen=True)
class Quadratic:
    """``q = a ((t - centre)**2 + height**2)`` with a of known sign, ``root = sqrt(4 a c - b**2) > 0``."""

    lead: Element
    sign: int
    centre: Element
    root: Element
    height: Element


class Factors:
    """The polynomials in t that stand below rational functions, none a multiple of another.

    ``vanish_nowhere`` holds those that have no real zero because the density has none there and no pole.
    """

    def __init__(self, field: Field, t: Symbol):
        self.field, self.t = field, t
        field(t)
        self._index = gen.symbol_index(field, t)
        self.polynomials: list[Element] = []
        self.vanish_nowhere: set[int] = set()
        self._quadratics: dict[int, Quadratic | None] = {}
        self._inverses: dict[tuple[int, int], Polynomial] = {}

    def coefficients(self, a: Element) -> Polynomial:
        """The coefficients of a polynomial in t."""
        found = coefficients(a, self._index) if a else {}
        return [found.get(k, self.field.zero) for k in range(max(found, default=-1) + 1)]

    def polynomial(self, p: Polynomial) -> Element:
        """The element with these coefficients."""
        t = self.field(self.t)
        return self.field.sum([c * t**k for k, c in enumerate(p)])

    def split(self, a: Element) -> tuple[Element, dict[int, int]]:
        """``a = c prod factor_i**e_i`` for a rational function of t, c free of t; new factors are entered."""
        field = self.field
        _, top = field.factorise(a.numerator)
        constant = field.rational(1) / a.denominator
        constant = constant * field.factorise(a.numerator)[0]
        exponents: dict[int, int] = {}
        for f, e in [*top, *((field.factor_polynomial(i), -e) for i, e in a.powers)]:
            factor = field.polynomial(f)
            if self.t not in factor.free_symbols:
                constant = constant * factor**e
                continue
            scale, index = self._entered(factor)
            constant = constant * scale**e
            exponents[index] = exponents.get(index, 0) + e
        return constant, {i: e for i, e in exponents.items() if e}

    def cleared(self, a: Element) -> tuple[Element, dict[int, int]]:
        """``a = p prod factor_i**e_i`` with the denominators in t as factors and p a polynomial in t."""
        field = self.field
        exponents: dict[int, int] = {}
        numerator = field.polynomial(a.numerator) / a.denominator
        for i, e in a.powers:
            constant, found = self.split(field.polynomial(field.factor_polynomial(i)))
            numerator = numerator / constant**e
            for j, k in found.items():
                exponents[j] = exponents.get(j, 0) - k * e
        return numerator, exponents

    def _entered(self, factor: Element) -> tuple[Element, int]:
        """``(c, i)`` with ``factor = c polynomials[i]``."""
        own = self.coefficients(factor)
        for index, known in enumerate(self.polynomials):
            other = self.coefficients(known)
            if len(other) == len(own) and not any(a * other[-1] - b * own[-1] for a, b in zip(own, other, strict=True)):
                return (self.field.one if factor == known else own[-1] / other[-1]), index
        self.polynomials.append(factor)
        return self.field.one, len(self.polynomials) - 1

    def product(self, functions: Iterable[Rational]) -> Rational:
        """The product of several functions."""
        numerator = self.field.one
        exponents: dict[int, int] = {}
        for f in functions:
            numerator = numerator * f.numerator
            for i, e in f.exponents.items():
                exponents[i] = exponents.get(i, 0) + e
        return Rational(numerator, {i: e for i, e in exponents.items() if e})

    def derivative(self, f: Rational, s: Symbol) -> Rational:
        """The derivative in a parameter or in t."""
        field, own = self.field, [i for i, e in f.exponents.items() if e]
        terms = [reduce(field.product, [f.numerator.diff(s), *(self.polynomials[i] for i in own)])]
        for i in own:
            others = [self.polynomials[j] for j in own if j != i]
            slope = self.polynomials[i].diff(s) * f.exponents[i]
            terms.append(reduce(field.product, [f.numerator, slope, *others]))
        return Rational(field.sum(terms), {i: f.exponents[i] - 1 for i in own})

    # -- partial fractions -----------------------------------------------------------------------------------------

    def fractions(self, f: Rational) -> Fractions:
        """Partial fractions; :class:`NoClosedFormError` where there is a real pole."""
        field = self.field
        numerator = f.numerator
        for i, e in f.exponents.items():
            if e > 0:
                numerator = numerator * self.polynomials[i] ** e
        top = self.coefficients(numerator)
        below: dict[int, int] = {}
        for i, e in f.exponents.items():
            q = self.coefficients(self.polynomials[i])
            while e < 0 and top:
                quotient, rest = divided(top, q)
                if rest:
                    break
                top, e = quotient, e + 1
            if e < 0 and top:
                if len(q) == 2:
                    raise DivergentExpectationError(ENDLESS)
                below[i] = -e
        parts: dict[int, dict[int, Polynomial]] = {}
        polynomials = {i: self.coefficients(self.polynomials[i]) for i in below}
        for i, k in below.items():
            q = polynomials[i]
            others = inverse = [field.one]
            for j, e in below.items():
                for _ in range(e if j != i else 0):
                    others = multiplied(others, polynomials[j])
                    inverse = divided(multiplied(inverse, self._inverse(j, i)), q)[1]
            rest, digits = top, {}
            for m in range(k, 0, -1):
                # The digits of top/others in base q, the lowest first.
                digit = divided(multiplied(divided(rest, q)[1], inverse), q)[1]
                digits[m] = digit
                rest = divided(subtracted(rest, multiplied(digit, others)), q)[0]
            parts[i] = digits
        whole: Polynomial = []
        bottom = [field.one]
        for i, k in below.items():
            for _ in range(k):
                bottom = multiplied(bottom, polynomials[i])
        if len(top) >= len(bottom):
            whole = divided(top, bottom)[0]
        return Fractions(whole, parts)

    def _inverse(self, j: int, i: int) -> Polynomial:
        """One over factor j, modulo factor i."""
        if (j, i) not in self._inverses:
            found = inverse_modulo(*(self.coefficients(self.polynomials[k]) for k in (j, i)))
            if any(c.terms > _MOST_TERMS for c in found):
                raise NoClosedFormError(_LONG)
            self._inverses[j, i] = found
        return self._inverses[j, i]

    def require_integrable(self, chosen: Collection[int]) -> None:
        """Raise :class:`NoClosedFormError` unless these factors may all stand below a function that is integrated."""
        for i in chosen:
            degree = len(self.coefficients(self.polynomials[i])) - 1
            if degree > 1:
                self._part(i, {1: [self.field.one]})
                for j in chosen:
                    if j != i:
                        self._inverse(j, i)

    def quadratic(self, i: int) -> Quadratic:
        """A factor without real zeros, proven; :class:`NoClosedFormError` for any other."""
        if i not in self._quadratics:
            self._quadratics[i] = self._looked_at(i)
        found = self._quadratics[i]
        if found is None:
            raise NoClosedFormError(_OPEN)
        return found

    def _looked_at(self, i: int) -> Quadratic | None:
        q = self.coefficients(self.polynomials[i])
        if len(q) != 3:
            return None
        c, b, a = q
        discriminant = 4 * a * c - b * b
        if not discriminant or not self.is_positive(discriminant, i):
            return None
        # Where the discriminant is positive a has no zero, so on a connected domain it has one sign.
        sign = element_sign(a) or unanimous_sign(a)
        if sign is None:
            return None
        root = gen.square_root(discriminant)
        return Quadratic(a, sign, -b / (2 * a), root, root / (2 * a * sign))

    def is_positive(self, a: Element, i: int) -> bool:
        """Whether ``a`` is positive: proven, or because its sign can change only where the factor has a real zero."""
        return element_sign(a) == 1 or (i in self.vanish_nowhere and unanimous_sign(a) == 1)

    # -- integrals over the line -----------------------------------------------------------------------------------

    def integral(self, f: Rational) -> Element:
        """The integral over the line, in units of pi; :class:`NoClosedFormError` where it diverges or is not known."""
        whole, parts = self.fractions(f)
        if whole:
            raise DivergentExpectationError(ENDLESS)
        terms, slopes = [], []
        for i, digits in parts.items():
            degree = len(self.coefficients(self.polynomials[i])) - 1
            terms.append(self._part(i, digits))
            simple = digits.get(1, [])
            if len(simple) == degree:
                slopes.append(simple[-1] / self.coefficients(self.polynomials[i])[-1])
        if self.field.sum(slopes):
            # Falls like 1/t only.
            raise DivergentExpectationError(ENDLESS)
        return self.field.sum(terms)

    def _part(self, i: int, digits: Mapping[int, Polynomial]) -> Element:
        quadratic = len(self.coefficients(self.polynomials[i])) == 3
        return self._quadratic_part(i, digits) if quadratic else self._quartic_part(i, digits)

    def _quadratic_part(self, i: int, digits: Mapping[int, Polynomial]) -> Element:
        q = self.quadratic(i)
        square, total = q.root * q.root, self.field.zero
        value = 2 * q.sign / q.root
        for m in range(1, max(digits) + 1):
            digit = digits.get(m, [])
            at_centre = self.field.sum([*digit[:1], *(c * q.centre for c in digit[1:])])
            total = total + at_centre * value
            value = value * q.lead * Fraction(2 * (2 * m - 1), m) / square
        return total

    def _quartic_part(self, i: int, digits: Mapping[int, Polynomial]) -> Element:
        """``a t^4 + b t^2 + c``: the integrals of 1 and t^2 over its powers, what is odd has none."""
        field = self.field
        q = self.coefficients(self.polynomials[i])
        if len(q) != 5 or q[1] or q[3]:
            raise NoClosedFormError(_OPEN)
        c, _, b, _, a = q
        sign = element_sign(a) or unanimous_sign(a)
        if sign is None or not all(self.is_positive(e * sign, i) for e in (a, c)):
            raise NoClosedFormError(_OPEN)
        low, high = gen.square_root(c * sign), gen.square_root(a * sign)
        inner = b * sign + 2 * low * high
        if not self.is_positive(inner, i):
            raise NoClosedFormError(_OPEN)
        outer = gen.square_root(inner)
        zeroth, second = sign / (low * outer), sign / (high * outer)
        total = field.zero
        for m in range(1, max(digits) + 1):
            digit = [*digits.get(m, []), *[field.zero] * 4]
            total = total + digit[0] * zeroth + digit[2] * second
            # From the derivatives of t/q^m and t^3/q^m.
            rows = [[4 * c * m, 2 * b * m], [-2 * b * c * m, (4 * a * c - 2 * b * b) * m]]
            right = [(4 * m - 1) * zeroth, (4 * m - 3) * a * second - 2 * b * m * zeroth]
            (p, r), (s, u) = rows
            determinant = p * u - r * s
            zeroth, second = (
                (right[0] * u - r * right[1]) / determinant,
                (p * right[1] - s * right[0]) / determinant,
            )
        return total
