"""Moments of the standard laws: u^d (log u)^m under Gamma(a), u^d (1-u)^e (log u)^m (log(1-u))^n under Beta(a, b).

They are derivatives of the master integrals Gamma(a) and B(a, b) in their exponents: the derivatives of the logarithm
are polygammas, and a recurrence over them gives every logarithmic moment. Nothing is integrated.
Source: DLMF 5.2.1 and 5.12.1; the recurrence is that between moments and cumulants.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import comb, factorial, perm
from typing import TYPE_CHECKING

import sympy as sp

from symgeo.algebra import Element, Field
from symgeo.algebra import generators as gen
from symgeo.errors import NoClosedFormError
from symgeo.expectation.rational_law import RationalLaw

if TYPE_CHECKING:
    from sympy import Symbol


@dataclass(frozen=True)
class StandardLaw:
    """Gamma(a) on (0, oo), or Beta(a, b) on (0, 1) where ``b`` is given, of the variable ``u``."""

    u: Symbol
    a: Element
    b: Element | None = None

    @property
    def field(self) -> Field:
        """The field that the exponents live in."""
        return self.a.field

    @property
    def complement(self) -> Element:
        """``1 - u``."""
        return 1 - self.field(self.u)

    def log_normaliser(self) -> Element:
        """log Gamma(a), or log B(a, b)."""
        return self._log_gammas(self.field.zero, self.field.zero)

    def _log_gammas(self, d: Element, e: Element) -> Element:
        a = self.a + d
        if self.b is None:
            return _log_gamma(a)
        b = self.b + e
        return _log_gamma(a) + _log_gamma(b) - _log_gamma(a + b)

    def rational(self) -> RationalLaw | None:
        """The law with its density written out, where the exponents are whole numbers; else None."""
        exponents = [self.a] if self.b is None else [self.a, self.b]
        if not all(_is_integer(e) and e.rational() >= 1 for e in exponents):
            return None
        a, *b = (int(e.rational()) for e in exponents)
        density = self.field(self.u) ** (a - 1) * (self.complement ** (b[0] - 1) if b else 1)
        total = factorial(a - 1) if not b else Fraction(factorial(a - 1) * factorial(b[0] - 1), factorial(a + b[0] - 1))
        return RationalLaw(self.u, density / total, decays=not b)

    def bounds(self, d: Element, e: Element, m: int, n: int) -> list[Element]:
        """What must be positive for a moment to be finite: log u vanishes at 1 and log(1-u) at 0.

        Where only that makes it finite, the formula has removable singularities at single parameters.
        """
        return [self.a + d + n] + ([] if self.b is None else [self.b + e + m])

    def moment(self, d: Element, e: Element, m: int, n: int) -> Element:
        """``E[u^d (1-u)^e (log u)^m (log(1-u))^n]``."""
        if self.b is not None:
            if _is_pole(self.a + d):
                return _beyond_a_pole(self.a, self.b, self.a + d, self.b + e, n, m)
            if _is_pole(self.b + e):
                return _beyond_a_pole(self.b, self.a, self.b + e, self.a + d, m, n)
        return self._ratio(d, e) * self._logarithmic(d, e, m, n)

    def _ratio(self, d: Element, e: Element) -> Element:
        """The master integral at shifted exponents over the one at a, b."""
        field = self.field
        if _is_integer(d) and _is_integer(e):
            result = _rising(self.a, d)
            if self.b is not None:
                result = result * _rising(self.b, e) / _rising(self.a + self.b, d + e)
            return result
        return gen.exp(field, self._log_gammas(d, e) - self.log_normaliser())

    def _logarithmic(self, d: Element, e: Element, m: int, n: int) -> Element:
        """The logarithmic moment under the law with shifted exponents."""
        a, b = self.a + d, None if self.b is None else self.b + e
        table: dict[tuple[int, int], Element] = {(0, 0): self.field.one}

        def cumulant(i: int, j: int) -> Element:
            parts = []
            if j == 0:
                parts.append(_polygamma(i - 1, a))
            if b is not None:
                if i == 0:
                    parts.append(_polygamma(j - 1, b))
                parts.append(-_polygamma(i + j - 1, a + b))
            return self.field.sum(parts)

        def value(i: int, j: int) -> Element:
            if (i, j) not in table:
                # d M(i-1, j)/da with M = exp(cumulant generating function); the same in b where i is spent.
                (p, q), step = ((i - 1, j), (1, 0)) if i else ((i, j - 1), (0, 1))
                table[i, j] = self.field.dot(
                    (comb(p, k) * comb(q, h), cumulant(k + step[0], h + step[1]), value(p - k, q - h))
                    for k in range(p + 1)
                    for h in range(q + 1)
                )
            return table[i, j]

        return value(m, n)


def _is_pole(a: Element) -> bool:
    return _is_integer(a) and a.rational() <= 0


def _beyond_a_pole(a: Element, b: Element, pole: Element, free: Element, n: int, m: int) -> Element:
    """A moment that only ``log(1-u)^n`` makes finite: over B(a, b), the n-th derivative of B(pole, free) in ``free``.

    At pole = -N it is ``-(-1)^N/N! d^n [P psi(free - N)]`` with ``P = (free - 1)...(free - N)``, for n > N the pole's
    residue vanishes with its derivatives. Source: DLMF 5.12.1 and 5.7.6.
    """
    field, order = a.field, -int(pole.rational())
    if m or not _is_integer(a) or not _is_integer(free - b):
        raise NoClosedFormError(
            "no closed form was found: a moment of two logarithms is finite only by a zero of one at an end"
        )
    polynomial = [field.one]  # by rising powers of free
    for k in range(1, order + 1):
        shifted = [field.zero, *polynomial]
        polynomial = [s - k * c for s, c in zip(shifted, [*polynomial, field.zero], strict=True)]
    slopes = [
        field.sum(c * perm(i, k) * free ** (i - k) for i, c in enumerate(polynomial) if i >= k)
        for k in range(order + 1)
    ]
    derivative = field.sum(comb(n, k) * p * _polygamma(n - k, free - order) for k, p in enumerate(slopes))
    whole = int(a.rational())
    scale = Fraction((-1) ** (order + 1), factorial(order) * factorial(whole - 1))
    return derivative * _rising(b, a) * scale


def _log_gamma(a: Element) -> Element:
    return a.field(sp.loggamma(a.to_sympy(), evaluate=False) if a.is_constant else sp.loggamma(a.to_sympy()))


def _polygamma(order: int, a: Element) -> Element:
    return a.field(sp.polygamma(order, a.to_sympy()))


def _is_integer(a: Element) -> bool:
    return a.is_constant and a.rational().denominator == 1


def _rising(a: Element, n: Element) -> Element:
    """Gamma(a + n)/Gamma(a) for an integer n."""
    count, result = int(n.rational()), a.field.one
    for k in range(count):
        result = result * (a + k)
    for k in range(-count):
        result = result / (a - k - 1)
    return result
