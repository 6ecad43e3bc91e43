"""Sums against Abel's weights ``u^n exp(-u)/n!``, ``u = a + b n``: generalised Poisson, Borel and Borel-Tanner laws.

``H_k(a)``, the sum of ``u^(n - k) exp(-u)/n!``, is 1/a for k = 1, and ``n (n-1)...(n-j+1) u^(-k)`` sums to
``H_(k-j)(a + j b)``. From ``u^(n-k) = (a + b n) u^(n-k-1)`` follows ``H_k(a) = a H_(k+1)(a) + b H_k(a + b)``, which
gives all other k without integration. Sources: Riordan, Combinatorial Identities, 1968, section 1.5; Consul,
Generalized Poisson Distributions, 1989, chapters 1 and 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb, factorial
from typing import TYPE_CHECKING

import sympy as sp

from symgeo.algebra import Element
from symgeo.algebra import generators as gen
from symgeo.algebra.zero_test import element_sign
from symgeo.expectation.kernels import ShiftedKernel, no_sum
from symgeo.expectation.mellin import require_positive
from symgeo.expectation.rational_function import as_rational, in_falling, shifted

if TYPE_CHECKING:
    from symgeo.algebra import Field


@dataclass(frozen=True)
class AbelKernel(ShiftedKernel):
    """``(a + b n)^n exp(-a - b n)/n!`` for the counts n."""

    a: Element
    b: Element

    def weight(self, n: int) -> Element:
        """The weight of a count."""
        u = self.a + self.b * n
        return u**n * gen.exp(u.field, -u) / factorial(n)

    def whole(self, f: Element, tilt: Element | None) -> Element:
        """The sum over all counts; a tilt only of a function that is a multiple of ``1/(a + b n)``."""
        field = f.field
        rational = as_rational(f, self.y)
        power = 0
        for offset, e in rational.below:
            if offset * self.b != self.a:
                raise no_sum(f, "it has a pole beside that of the weights")
            power = e
        # The factor below is (y + a/b)^e = u^e/b^e.
        row = in_falling(field, [c * self.b**power for c in rational.top])
        if tilt is not None:
            return self._tilted(row, power, tilt)
        moved = ((c, self.a + self.b * j, power - j) for j, c in enumerate(row) if c)
        return field.sum(
            [c * self._inverse(place, k) if k > 0 else c * self._power(place, -k) for c, place, k in moved]
        )

    def _inverse(self, a: Element, k: int) -> Element:
        """``H_k(a)`` for k > 0: a triangle from ``H_1(a + i b) = 1/(a + i b)``."""
        places = [a + self.b * i for i in range(k)]
        row = [1 / u for u in places]
        for _ in range(k - 1):
            row = [(row[i] - self.b * row[i + 1]) / places[i] for i in range(len(row) - 1)]
        return row[0]

    def _power(self, a: Element, m: int) -> Element:
        """``H_(-m)(a)``, a polynomial P_m in a with ``P_m(a) = a P_(m-1)(a) + b P_m(a + b)``, ``P_0 = 1/(1 - b)``."""
        require_positive([1 - self.b])
        field, b = a.field, self.b
        known = [1 / (1 - b)]
        for k in range(1, m + 1):
            wanted = [field.zero, *known]
            found = [field.zero] * (k + 1)
            for n in range(k, -1, -1):
                above = field.dot((comb(i, n), found[i], b ** (i - n + 1)) for i in range(n + 1, k + 1))
                found[n] = (wanted[n] + above) / (1 - b)
            known = found
        return shifted(field, known, a)[0]

    def _tilted(self, row: list[Element], power: int, tilt: Element) -> Element:
        """The sum of ``tilt^n/u``: with ``w = tilt exp(b (w - 1))`` it is ``exp(a (w - 1))/a`` (DLMF 4.13)."""
        field = self.a.field
        if power != 1 or len(row) != 1:
            raise no_sum("an exponential", "against such weights only its own mean is known")
        rate = tilt * self.b * gen.exp(field, -self.b)
        if not (tilt.is_constant and abs(tilt.rational()) <= 1) and not (
            element_sign(1 - tilt) == element_sign(1 + tilt) == 1
        ):
            # Within the radius of convergence 1/e of Lambert's function; b exp(-b) is.
            bound = gen.exp(field, -field.one)
            require_positive([bound - rate, bound + rate])
        w = field(-sp.LambertW(-rate.to_sympy())) / self.b
        return row[0] * gen.exp(field, self.a * (w - 1)) / self.a


def abel_scale(field: Field, rate: Element, b: Element) -> Element | None:
    """s with ``s exp(-s b) = exp(rate)``, read from the part of the rate that is no logarithm; None if that fails."""
    logs = {g.index for g in field.used_generators(rate) if g.index in field.log_arguments}
    table = {}
    for exponents, c in rate.numerator.to_dict().items():
        if not any(exponents[i] for i in logs):
            table[exponents] = c
    plain = field.fraction(field.context.from_dict(table), rate.denominator, rate.powers)
    if not plain:
        return None
    s = -plain / b
    return s if gen.log(field, s, s.to_sympy()) - s * b == rate else None
