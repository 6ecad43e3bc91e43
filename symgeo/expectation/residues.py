"""Expectations under a law whose density is a product of powers of polynomials, all scores being rational functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import TYPE_CHECKING

import sympy as sp

from symgeo.algebra import Element, Field
from symgeo.algebra import generators as gen
from symgeo.algebra.zero_test import element_sign, unanimous_sign, zero_test
from symgeo.errors import NormalisationError
from symgeo.expectation.rational import Exponents, Factors, Rational
from symgeo.expectation.rational_logarithms import log_integral

if TYPE_CHECKING:
    from sympy import Expr, Symbol


@dataclass(frozen=True)
class RationalExpectation:
    """E[.] under the density ``constant * prod q_i**e_i * measure`` of t on the line, the powers being whole.

    ``drift`` holds, for each parameter that moves it, the derivative of t at a fixed observation: a polynomial in t.
    ``measure`` is what dx is of dt.
    """

    factors: Factors
    constant: Element
    exponents: Exponents
    measure: Rational
    drift: Mapping[Symbol, Element]

    @property
    def field(self) -> Field:
        """The field that the expectations live in."""
        return self.factors.field

    @cached_property
    def weight(self) -> Rational:
        """The density of t without its constant."""
        return self.factors.product([Rational(self.field.one, self.exponents), self.measure])

    @cached_property
    def mass(self) -> Element:
        """The integral of the density, 1 or -1: a sign that ``constant`` leaves open.

        Raises :class:`NormalisationError` for any other, :class:`NoClosedFormError` where it is not known.
        """
        found = self.constant * self._integral(self.weight)
        for sign in (1, -1):
            if zero_test(found - sign):
                return self.field.rational(sign)
        raise NormalisationError(f"the density integrates to {found}, not to one; divide it by that")

    def density(self) -> Expr:
        """The density of t as it is written."""
        sign, powers = self.mass, []
        for i, e in self.weight.exponents.items():
            turned = self._turned(i)
            sign = sign * turned ** (e % 2)
            powers.append((self.factors.polynomials[i] * turned).to_sympy() ** e)
        return sp.Mul((self.constant * self.weight.numerator * sign).to_sympy(), *powers)

    def masters(self) -> list[tuple[Expr, Expr]]:
        """The factors that are not linear, and the integral of one over each."""
        found = []
        for i in sorted(self.weight.exponents):
            q, turned = self.factors.polynomials[i], self._turned(i)
            if len(self.factors.coefficients(q)) > 2:
                value = self._integral(Rational(self.field.rational(turned), {i: -1}))
                found.append(((q * turned).to_sympy(), value.to_sympy()))
        return found

    def _turned(self, i: int) -> int:
        lead = self.factors.coefficients(self.factors.polynomials[i])[-1]
        return element_sign(lead) or unanimous_sign(lead) or 1

    def _integral(self, f: Rational) -> Element:
        return self.factors.integral(f) * self.field(sp.pi)

    def score(self, parameter: Symbol) -> list[Rational]:
        """``d log p / d parameter`` at a fixed observation, over one denominator."""
        factors, field = self.factors, self.field
        moved = self.drift.get(parameter, field.zero)
        slopes = {}
        for i, e in self.exponents.items():
            q = factors.polynomials[i]
            slope = (q.diff(parameter) + moved * q.diff(factors.t)) * e
            if slope:
                slopes[i] = slope
        polynomials = {i: factors.polynomials[i] for i in slopes}
        terms = [reduce(field.product, polynomials.values(), self.constant.diff(parameter) / self.constant)]
        for i, slope in slopes.items():
            terms.append(reduce(field.product, (q for j, q in polynomials.items() if j != i), slope))
        return [Rational(field.sum(terms), dict.fromkeys(slopes, -1))]

    def of_products(self, factors: Sequence[Sequence[Rational]]) -> Element:
        """The expectation of a product of functions, each given as a list of one."""
        product = self.factors.product([*(f for (f,) in factors), self.weight])
        if not product.numerator:
            return self.field.zero
        return self.constant * self._integral(product) * self.mass

    def with_logarithm(self, f: Rational, a: Element) -> Element:
        """``E[f log |a|]`` for a rational function a of t whose factors are quadratic without real zeros."""
        field = self.field
        constant, exponents = self.factors.split(a)
        for i, e in exponents.items():
            constant = constant * self._turned(i) ** (e % 2)
        product = self.factors.product([f, self.weight])
        scale = self.constant * self.mass * field(sp.pi)
        terms = [gen.log(field, constant, constant.to_sympy()) * self.of_products([[f]])]
        terms += [scale * e * log_integral(self.factors, product, i) for i, e in exponents.items()]
        return field.sum(terms)
