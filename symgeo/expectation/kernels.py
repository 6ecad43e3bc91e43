"""Sums over y = 0, 1, 2, ... of rational functions against standard weights, by their generating functions.

Each kernel knows its master sum; powers of y are taken as rising or falling factorials, which only shift the master
sum's arguments, and poles as partial fractions. ``tilt`` multiplies the weight by ``tilt**y``. What must hold for a sum
to be finite is proven or refused. Sources: DLMF 15.4.6, 15.4.20 (Gauss), 25.14.1 (Lerch); Johnson, Kemp and Kotz,
Univariate Discrete Distributions, third edition, 2005, section 2.2 for power-series laws.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from math import factorial
from typing import TYPE_CHECKING, Protocol

import sympy as sp

from symgeo.algebra import Element, Field
from symgeo.algebra import generators as gen
from symgeo.algebra.lerch import lerch
from symgeo.algebra.zero_test import element_sign
from symgeo.errors import DivergentExpectationError, NoClosedFormError
from symgeo.expectation.mellin import require_positive
from symgeo.expectation.rational_function import Polynomial, RationalFunction, as_rational, in_falling, moved, value_of

if TYPE_CHECKING:
    from sympy import Symbol


def rising(a: Element, n: int) -> Element:
    """``a(a + 1)...(a + n - 1)``."""
    return reduce(a.field.product, (a + i for i in range(n)), a.field.one)


def no_sum(f: object, why: str) -> NoClosedFormError:
    """The refusal of a function that a kernel cannot sum."""
    return NoClosedFormError(f"no closed form of the sum of {f} was found: {why}")


class Kernel(Protocol):
    """A weight on y = 0, 1, 2, ... with a closed generating function."""

    @property
    def y(self) -> Symbol:
        """The count."""

    def sum(self, f: Element, tilt: Element | None = None) -> Element:
        """The sum of ``weight(y) tilt^y f(y)``; NoClosedFormError, or DivergentExpectationError."""


def require_summable(z: Element) -> None:
    """``|z| < 1``, proven."""
    sign = element_sign(z)
    require_positive([1 - z] if sign == 1 else [1 + z] if sign == -1 else [1 - z, 1 + z])


def refuse_poles_inside(f: RationalFunction) -> None:
    """:class:`DivergentExpectationError` for a pole at one of 0, 1, 2, ..."""
    for b, _ in f.below:
        if b.is_constant and b.rational() <= 0 and b.rational().denominator == 1:
            raise DivergentExpectationError(
                "an expectation is infinite for every parameter: the function has a pole at a point of the support. "
                "Restrict the support, or take a function that is finite on it"
            )


@dataclass(frozen=True)
class GeometricKernel:
    """``z^y``: the geometric series; a pole gives Lerch's function."""

    y: Symbol
    z: Element

    def sum(self, f: Element, tilt: Element | None = None) -> Element:
        z = self.z if tilt is None else self.z * tilt
        if tilt is not None:
            require_summable(z)
        row, poles = _parts(f, self.y)
        field = f.field
        # sum of y(y-1)...(y-j+1) z^y = j! z^j/(1-z)^(j+1)
        whole = [c * factorial(j) * z**j / (1 - z) ** (j + 1) for j, c in enumerate(in_falling(field, row))]
        return field.sum([*whole, *(c * _lerch(z, k, b) for b, k, c in poles)])


def _parts(f: Element, y: Symbol) -> tuple[Polynomial, list[tuple[Element, int, Element]]]:
    rational = as_rational(f, y)
    refuse_poles_inside(rational)
    return rational.parts()


def _lerch(z: Element, k: int, b: Element) -> Element:
    """Lerch's function at a positive third argument, or at a number, which is moved there."""
    total, n, field = z.field.zero, 0, z.field
    if b.is_constant:
        while (b + n).rational() <= 0:
            total, n = total + z**n / (b + n) ** k, n + 1
    elif element_sign(b) != 1:
        raise no_sum(f"1/(y + {b})**{k}", f"{b} may be negative")
    return total + z**n * lerch(field, z, k, b + n)


@dataclass(frozen=True)
class ShiftedKernel:
    """``weight(n)`` of the counts n = y + shift: those below ``shift`` are missing from the whole sum."""

    y: Symbol
    shift: int

    def weight(self, n: int) -> Element:
        """The weight of a count."""
        raise NotImplementedError

    def whole(self, f: Element, tilt: Element | None) -> Element:
        """The sum over all counts of a function that is finite at each of them, written in y as the count."""
        raise NotImplementedError

    def beside(self, j: int, k: int, tilt: Element | None, field: Field) -> Element:
        """The sum of ``weight(n)/(n - j)^k`` over all counts n but j."""
        raise no_sum(f"1/(n - {j})**{k}", "the pole lies at a count that is missing from the support")

    def sum(self, f: Element, tilt: Element | None = None) -> Element:
        field, y = f.field, self.y
        if not self.shift:
            refuse_poles_inside(as_rational(f, y))
            return self.whole(f, tilt)
        counted = moved(f, y, -self.shift)
        one = field.one if tilt is None else tilt
        rational = as_rational(counted, y)
        inside = {-int(b.rational()) for b, _ in rational.below if b.is_constant and b.rational().denominator == 1}
        inside = {n for n in inside if n >= 0}
        if any(n >= self.shift for n in inside):
            refuse_poles_inside(as_rational(f, y))
        poles = rational.parts()[1]
        special = [p for p in poles if p[0].is_constant and -p[0].rational() in inside]
        regular = counted - field.sum([c / (field(y) + b) ** k for b, k, c in special])
        total = self.whole(regular, tilt)
        for n in range(self.shift):
            total = total - self.weight(n) * one**n * value_of(regular, y, n)
        for b, k, c in special:
            j = int(-b.rational())
            total = total + c * self.beside(j, k, tilt, field)
            others = [n for n in range(self.shift) if n != j]
            total = total - c * field.sum([self.weight(n) * one**n / field.rational((n - j) ** k) for n in others])
        return total / one**self.shift


@dataclass(frozen=True)
class PoissonKernel(ShiftedKernel):
    """``z^n/n!``: the exponential series; a pole gives an incomplete gamma function."""

    z: Element

    def weight(self, n: int) -> Element:
        return self.z**n * self.z.field.rational(factorial(n)).inverse()

    def whole(self, f: Element, tilt: Element | None) -> Element:
        field = f.field
        z = self.z if tilt is None else self.z * tilt
        row, poles = as_rational(f, self.y).parts()
        polynomial = field.sum([c * z**j for j, c in enumerate(in_falling(field, row))])
        return gen.exp(field, z) * polynomial + field.sum([c * self._pole(z, b, k) for b, k, c in poles])

    @staticmethod
    def _pole(z: Element, b: Element, k: int) -> Element:
        """sum of ``z^n/(n! (n + b)) = M(b, b + 1, z)/b = exp(z) M(1, b + 1, -z)/b``."""
        field = z.field
        if k > 1 or not b.is_constant:
            raise no_sum(f"1/(n + {b})**{k}", "the pole is of higher order, or moves with a parameter")
        if b == 1:
            return (gen.exp(field, z) - 1) / z
        q = b.to_sympy()
        return gen.exp(field, z) * field(sp.hyper((1,), (q + 1,), -z.to_sympy())) / b

    def beside(self, j: int, k: int, tilt: Element | None, field: Field) -> Element:
        z = self.z if tilt is None else self.z * tilt
        if j or k > 1 or element_sign(z) != 1:
            return super().beside(j, k, tilt, field)
        written = z.to_sympy()
        return field(sp.Ei(written)) - field(sp.EulerGamma) - gen.log(field, z, written)  # DLMF 6.6.2


@dataclass(frozen=True)
class BinomialKernel(ShiftedKernel):
    """``(r)_n z^n/n!``: the binomial series (1 - z)^(-r)."""

    r: Element
    z: Element

    def weight(self, n: int) -> Element:
        field = self.z.field
        return rising(self.r, n) * self.z**n / field.rational(factorial(n))

    def whole(self, f: Element, tilt: Element | None) -> Element:
        field, r = f.field, self.r
        z = self.z if tilt is None else self.z * tilt
        if tilt is not None:
            require_summable(z)
        row, poles = as_rational(f, self.y).parts()
        total = [c * rising(r, j) * z**j / (1 - z) ** j for j, c in enumerate(in_falling(field, row))] + [
            c * self._pole(z, b, k) for b, k, c in poles
        ]
        return self._series(z) * field.sum(total)

    def _series(self, z: Element) -> Element:
        return gen.exp(z.field, -self.r * gen.log(z.field, 1 - z, (1 - z).to_sympy()))

    def _pole(self, z: Element, b: Element, k: int) -> Element:
        """The sum of ``(r)_n z^n/(n! (n + b))`` over (1 - z)^(-r): F(r, b; b+1; z)/b by Euler's transformation."""
        field, r = z.field, self.r
        if k > 1 or not (b.is_constant and r.is_constant):
            raise no_sum(f"1/(n + {b})**{k}", "the pole is of higher order, or moves with a parameter")
        if b == 1 and r != 1:
            return ((1 - z) - 1 / self._series(z)) / ((r - 1) * z)
        p, q = r.to_sympy(), b.to_sympy()
        return (1 - z) * field(sp.hyper((1, q + 1 - p), (q + 1,), z.to_sympy())) / b

    def beside(self, j: int, k: int, tilt: Element | None, field: Field) -> Element:
        z = self.z if tilt is None else self.z * tilt
        if j or k > 1 or not self.r.is_constant or self.r.rational().denominator != 1:
            return super().beside(j, k, tilt, field)
        # By steps in r: sum of ((r+1)_n - (r)_n) z^n/(n! n) = ((1 - z)^(-r) - 1)/r.
        steps = [((1 - z) ** -i - 1) / i for i in range(1, int(self.r.rational()))]
        return field.sum([*steps, -gen.log(field, 1 - z, (1 - z).to_sympy())])
