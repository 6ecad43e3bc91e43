"""Sums against quotients of two gamma functions, the weights of Yule's and Waring's laws, digammas among them.

Source: Gauss's theorem, DLMF 15.4.20, and its derivatives in the arguments of the gamma functions.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import factorial
from typing import TYPE_CHECKING

import sympy as sp

from symgeo.algebra import Element
from symgeo.algebra.algebraic import coefficients
from symgeo.expectation.kernels import no_sum, refuse_poles_inside, rising
from symgeo.expectation.mellin import require_positive
from symgeo.expectation.rational_function import as_rational, in_rising, value_at

if TYPE_CHECKING:
    from sympy import Symbol

_MOST_STEPS = 20


@dataclass(frozen=True)
class BetaKernel:
    """``Gamma(y + r) Gamma(c - 1)/(Gamma(y + c) Gamma(r))`` for y = 0, 1, ..., whose sum is ``1/(c - r - 1)``."""

    y: Symbol
    r: Element
    c: Element

    def sum(self, f: Element, tilt: Element | None = None) -> Element:
        """The sum of ``weight(y) f(y)``, f rational plus polygammas with coefficients free of y."""
        if tilt is not None:
            raise no_sum("an exponential", "against such weights it is a hypergeometric function")
        field = f.field
        rest, terms = polygamma_terms(f, self.y)
        total = []
        for order, place, coefficient in terms:
            at, step = self._nearest(order, place)
            rest = rest + coefficient * step
            total.append(coefficient * self._polygamma(order, at))
        rational = as_rational(rest, self.y)
        refuse_poles_inside(rational)
        row, poles = rational.parts()
        for j, coefficient in enumerate(in_rising(field, row, self.r)):
            if coefficient:
                room = self.c - self.r - 1 - j
                if j:
                    require_positive([room])
                total.append(coefficient * rising(self.r, j) / room)
        total += [coefficient * self._pole(self.r, self.c, b, k) for b, k, coefficient in poles]
        return field.sum(total)

    def _pole(self, r: Element, c: Element, b: Element, k: int) -> Element:
        """The sum over ``y + b`` of the weights with r and c: by steps in r or in c."""
        whole = 1 / (c - r)
        if k == 1 and r != 1 and _is_count(r - 1 - b):
            j = int((r - 1 - b).rational())
            return (whole + self._pole(r - 1, c, b, 1) * j if j else whole) / (r - 1)
        if k == 1 and _is_count(b - c):
            j = int((b - c).rational())
            return (whole - self._pole(r, c + 1, b, 1) * j if j else whole) / (c - 1)
        raise no_sum(f"1/(y + {b})**{k}", "the pole is not a simple one next to those of the gamma functions")

    def _nearest(self, order: int, place: Element) -> tuple[Element, Element]:
        """c or r a whole number from a place, and what ``psi^(order)(y + place)`` has beyond that there."""
        field = self.y_element.field
        for at in (self.c, self.r):
            gap = place - at
            if gap.is_constant and gap.rational().denominator == 1:
                # psi^(k)(u + 1) = psi^(k)(u) + (-1)^k k!/u^(k+1): DLMF 5.5.2 and 5.15.5.
                n, factor = int(gap.rational()), (-1) ** order * factorial(order)
                places = [self.y_element + (at + i if n > 0 else at - i - 1) for i in range(abs(n))]
                total = field.sum([factor / u ** (order + 1) for u in places])
                return at, total if n > 0 else -total
        return place, field.zero

    @property
    def y_element(self) -> Element:
        """The variable in the field."""
        return self.c.field(self.y)

    def _polygamma(self, order: int, place: Element) -> Element:
        """The sum of the weights times ``psi^(order)(y + place)``."""
        whole = 1 / (self.c - self.r - 1)
        if order == 0 and place == self.c:
            return whole * (whole + _psi(0, self.c - 1))
        if order == 0 and place == self.r:
            return whole * (whole + _psi(0, self.r))
        if order == 1 and place == self.c and _is_count(self.r):
            return self._trigamma()
        raise no_sum(f"polygamma({order}, y + {place})", "it is no derivative of the sum of the weights")

    def _trigamma(self) -> Element:
        r"""The sum of the weights times ``psi'(y + c)`` for a whole number r.

        With n = y + r and rho = c - r - 1, summation by parts leaves the sum of Gamma(n)/(Gamma(n+rho+1)(n+rho)) over
        n = 1, 2, ..., which by two beta integrals is ``-2/Gamma(rho+1)`` times the integral of
        ``w^rho log(w)/(1 + w)`` over (0, 1): trigammas at halves (DLMF 5.9.12 and 5.15.1).
        """
        rho, r = self.c - self.r - 1, int(self.r.rational())
        halves = (_psi(1, (rho + 1) / 2) - _psi(1, (rho + 2) / 2)) / 2
        total = (_psi(1, rho + 1) - halves) / rho
        for n in range(1, r):
            total = total - _psi(1, rho + 1 + n) * factorial(n - 1) / rising(rho + 1, n)
        return total * rising(rho + 1, r - 1) / factorial(r - 1)


def absorbed(y: Symbol, r: Element, c: Element, shape: Element) -> tuple[Element, Element, Element]:
    """r, c and the shape with those of its factors that shift the gamma functions' arguments taken into these.

    ``Gamma(y + r)/Gamma(y + c)`` times the shape is the same up to a constant factor, which the shape keeps.
    """
    field = c.field
    for _ in range(_MOST_STEPS):
        at, rational = field(y), as_rational(shape, y)
        below = {b for b, _ in rational.below}
        if c in below:
            shape, c = shape * (at + c), c + 1
        elif r != 1 and r - 1 in below:
            shape, r = shape * (at + r - 1), r - 1
        elif not value_at(rational.top, 1 - c):
            shape, c = shape / (at + c - 1), c - 1
        elif not value_at(rational.top, -r):
            shape, r = shape / (at + r), r + 1
        else:
            break
    return r, c, shape


def polygamma_terms(f: Element, y: Symbol) -> tuple[Element, list[tuple[int, Element, Element]]]:
    """``f = rest + sum of c psi^(k)(y + q)`` as rest and (k, q, c), c and q free of y."""
    field, terms = f.field, []
    for g in [g for g in field.used_generators(f) if y in g.symbols and isinstance(g.expr, sp.polygamma)]:
        if any(field.factor_polynomial(i).degrees()[g.index] > 0 for i, _ in f.powers):
            raise no_sum(g.expr, "it stands below a fraction line")
        parts = coefficients(f, g.index)
        order, place = g.expr.args
        coefficient, offset = parts.get(1, field.zero), field(place) - field(y)
        if not parts.keys() <= {0, 1} or y in coefficient.free_symbols | offset.free_symbols:
            raise no_sum(g.expr, "it stands in a product")
        terms.append((int(order), offset, coefficient))
        f = parts.get(0, field.zero)
    return f, terms


def _psi(order: int, a: Element) -> Element:
    return a.field(sp.polygamma(order, a.to_sympy()))


def _is_count(a: Element) -> bool:
    return a.is_constant and a.rational().denominator == 1 and a.rational() >= 0
