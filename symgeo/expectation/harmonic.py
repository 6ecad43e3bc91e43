"""Means of logarithms of quadratics under a law on the line whose density is one over a quadratic.

Such a density is the Poisson kernel of the upper half-plane at ``m + i s``, and ``log |x - w|^2`` with w below the line
is the boundary value of a harmonic function: its mean is the value of that function at ``m + i s``. Source: Axler,
Bourdon and Ramey, Harmonic Function Theory, 2001, chapter 7; Chyzak and Nielsen, arXiv:1905.10965, use the integral.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from symgeo.algebra import Element, Field
from symgeo.algebra import generators as gen
from symgeo.algebra.algebraic import coefficients
from symgeo.algebra.zero_test import element_sign

if TYPE_CHECKING:
    from sympy import Expr, Symbol

Parts = tuple[Element, Element, Element]


def harmonic_mean(field: Field, log_density: Expr, f: Expr, x: Symbol) -> Element | None:
    """``E[f]`` for ``f = c log R + d`` and the density ``k/Q`` over the whole line, R and Q quadratics in x without
    real zeros, c, d and k free of x; None for any other f or density."""
    law, wanted = _logarithm(field, field(log_density), x), _logarithm(field, field(f), x)
    if law is None or wanted is None or law[0] != -1:
        return None
    (_, density, _), (factor, quadratic, rest) = law, wanted
    own, other = _pole(field, density, x), _pole(field, quadratic, x)
    if own is None or other is None:
        return None
    (m, s, _), (n, t, lead) = own, other
    value = lead * ((m - n) ** 2 + (s + t) ** 2)
    return factor * gen.log(field, value, value.to_sympy()) + rest


def _logarithm(field: Field, a: Element, x: Symbol) -> Parts | None:
    """``a = c log(u) + d`` with c and d free of x, u not: (c, u, d)."""
    held = [g for g in field.used_generators(a) if x in g.symbols]
    if len(held) != 1 or held[0].index not in field.log_arguments:
        return None
    parts = coefficients(field.polynomial(a.numerator), held[0].index)
    below = field.quotient_of(a)
    if max(parts) != 1 or x in below.free_symbols:
        return None
    return parts[1] * below, field.log_arguments[held[0].index], parts.get(0, field.zero) * below


def _pole(field: Field, u: Element, x: Symbol) -> Parts | None:
    """``u = lead ((x - m)^2 + s^2)`` with lead and s positive: (m, s, lead)."""
    index = next((g.index for g in field.used_generators(u) if g.is_symbol and g.expr == x), None)
    below = field.quotient_of(u)
    if index is None or x in below.free_symbols:
        return None
    parts = coefficients(field.polynomial(u.numerator), index)
    if max(parts) != 2 or any(x in part.free_symbols for part in parts.values()):
        return None
    a, b, c = (parts.get(k, field.zero) for k in (2, 1, 0))
    square = (4 * a * c - b * b) / (4 * a * a)
    lead = a * below
    if element_sign(square) != 1 or element_sign(lead) != 1:
        return None
    return -b / (2 * a), gen.power(field, square, Fraction(1, 2), square.to_sympy()), lead
