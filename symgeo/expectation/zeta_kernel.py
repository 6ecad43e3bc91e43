"""Sums against powers ``(y + a)^(-s)``, a a positive whole number: the laws of Zipf and Zeta.

Source: DLMF 25.2.1 and 25.2.9, with logarithms by differentiating in s.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sympy as sp

from symgeo.algebra import Element
from symgeo.algebra import generators as gen
from symgeo.algebra.algebraic import coefficients
from symgeo.expectation.kernels import no_sum
from symgeo.expectation.mellin import require_positive
from symgeo.expectation.rational_function import as_rational, shifted

if TYPE_CHECKING:
    from sympy import Symbol


@dataclass(frozen=True)
class ZetaKernel:
    """``(y + a)^(-s)`` for y = 0, 1, 2, ..."""

    y: Symbol
    s: Element
    a: int

    def sum(self, f: Element, tilt: Element | None = None) -> Element:
        """The sum of the weights times powers of y + a, also with symbolic exponents, and of log(y + a)."""
        if tilt is not None:
            raise no_sum("an exponential", "against powers it is a polylogarithm of any order")
        field, total = f.field, []
        for rest, exponent, order in self._terms(f):
            rational = as_rational(rest, self.y)
            power = 0
            for b, e in rational.below:
                if b != self.a:
                    raise no_sum(rest, "it has a pole beside that of the weights")
                power = e
            for k, c in enumerate(shifted(field, rational.top, field.rational(-self.a))):
                if c:
                    total.append(c * self._moment(exponent + (k - power), order))
        return field.sum(total)

    def _terms(self, f: Element) -> list[tuple[Element, Element, int]]:
        """``f = sum of g(y) (y + a)^c (log(y + a))^m`` as (g, c, m), g rational."""
        field, y = f.field, self.y
        logarithm = field(sp.log(y + self.a))
        rows = [(f, field.zero, 0)]
        for g in [g for g in field.used_generators(f) if y in g.symbols and not g.is_symbol]:
            me = field.generator(g.index)
            exponent = field.exponents.get(g.index)
            rate = field.zero if exponent is None else exponent / logarithm
            root = g.value is not None and g.value == field(y) + self.a
            if root:
                rate = field.rational(g.degree).inverse()
            if me != logarithm and ((exponent is None and not root) or y in rate.free_symbols):
                raise no_sum(g.expr, "it is no power of the variable")
            out = []
            for part, c, m in rows:
                below = next((e for i, e in part.powers if field.factor_polynomial(i) == me.numerator), 0)
                free = part * me**below
                if any(field.factor_polynomial(i).degrees()[g.index] > 0 for i, _ in free.powers) or (
                    below and me == logarithm
                ):
                    raise no_sum(g.expr, "it stands in a denominator")
                for k, coefficient in coefficients(free, g.index).items():
                    out.append((coefficient, c + rate * (k - below), m + k if me == logarithm else m))
            rows = out
        return rows

    def _moment(self, power: Element, order: int) -> Element:
        """The sum of ``(y + a)^(power - s) (log(y + a))^order``."""
        field, u = self.s.field, self.s - power
        if power:
            require_positive([u - 1])
        inner = u.to_sympy()
        if not order:
            whole = field(sp.zeta(inner))
        elif inner.is_Symbol:
            whole = field(sp.Derivative(sp.zeta(inner), (inner, order))) * (-1) ** order
        else:
            v = sp.Symbol("s")
            whole = field(sp.Subs(sp.Derivative(sp.zeta(v), (v, order)), v, inner)) * (-1) ** order
        for j in range(1, self.a):
            base = gen.log(field, field.rational(j), sp.Integer(j))
            whole = whole - gen.exp(field, -u * base) * base**order
        return whole


def zeta_offset(argument: Element, y: Symbol) -> int | None:
    """a with ``argument = y + a``, a positive whole number; None for another argument."""
    offset = argument - argument.field(y)
    if not offset.is_constant or offset.rational().denominator != 1 or offset.rational() <= 0:
        return None
    return int(offset.rational())
