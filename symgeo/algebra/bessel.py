"""Bessel functions: orders that differ by integers share one function and one ratio, whose derivative closes.

``C_nu`` and ``r = C_(nu+1)/C_nu`` are the generators. Logarithmic derivatives hold the ratio alone, for example
``(log I_0)' = I_1/I_0``. Source: DLMF, sections 10.6 and 10.29.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import sympy as sp

from symgeo.algebra import generators as gen
from symgeo.algebra.element import constant_part

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from sympy import Expr

    from symgeo.algebra.element import Element
    from symgeo.algebra.field import Field

_MAX_SHIFT = 40
# C_nu' = a C_(nu+1) + (nu/z) C_nu and C_(nu+1)' = b C_nu - ((nu+1)/z) C_(nu+1): (a, b) by kind.
_SLOPES: dict[type, tuple[int, int]] = {
    sp.besseli: (1, 1),
    sp.besselk: (-1, -1),
    sp.besselj: (-1, 1),
    sp.bessely: (-1, 1),
}
# Order 1/2 and the ratio of order 3/2 to it: DLMF 10.16.1, 10.39.1 and 10.39.2 with the recurrence.
_HALF: dict[type, Callable[[Expr], tuple[Expr, Expr]]] = {
    sp.besseli: lambda z: (sp.sqrt(2 / (sp.pi * z)) * sp.sinh(z), sp.cosh(z) / sp.sinh(z) - 1 / z),
    sp.besselk: lambda z: (sp.sqrt(sp.pi / (2 * z)) * sp.exp(-z), 1 + 1 / z),
    sp.besselj: lambda z: (sp.sqrt(2 / (sp.pi * z)) * sp.sin(z), 1 / z - sp.cos(z) / sp.sin(z)),
    sp.bessely: lambda z: (-sp.sqrt(2 / (sp.pi * z)) * sp.cos(z), 1 / z + sp.sin(z) / sp.cos(z)),
}
_PARTNER = {sp.besseli: sp.besselk, sp.besselk: sp.besseli, sp.besselj: sp.bessely, sp.bessely: sp.besselj}


def bessel(field: Field, expr: Expr) -> Element | None:
    """A Bessel function I, J, K or Y of any real order; None where it is left as it stands."""
    order, argument = expr.args
    kind = type(expr)
    nu, z = field(order), field(argument)
    if not z:
        return None
    if nu.is_constant:
        q = nu.rational()
        if q < 0 and (q.denominator == 1 or kind is sp.besselk):
            sign = (-1) ** int(q) if kind in (sp.besselj, sp.bessely) else 1
            return field(kind(-order, argument)) * sign
    base, n = _base(field, kind, nu, z)
    if abs(n) > _MAX_SHIFT:
        return None
    lower, ratio = _generators(field, kind, base, z)
    if n == 0:
        return lower
    # The recurrence in the order: C_(k+1) = a b C_(k-1) - a (2 k/z) C_k.
    a, b = _SLOPES[kind]
    below, above, k = lower, lower * ratio, base
    for _ in range(n - 1):
        k = k + 1
        below, above = above, a * b * below - a * 2 * k * above / z
    for _ in range(-n):
        below, above = b * a * above + b * 2 * k * below / z, below
        k = k - 1
    return above if n > 0 else below


def _base(field: Field, kind: type, nu: Element, z: Element) -> tuple[Element, int]:
    """``nu = base + n``: the base is in [0, 1) for a number, else the order of this class that came first."""
    if nu.is_constant:
        q = nu.rational()
        n = q.numerator // q.denominator
        return nu - n, n
    c = constant_part(nu)
    n = c.numerator // c.denominator
    key = ("bessel", kind, (nu - n).key(), z.key())
    first = field.gamma_classes.setdefault(key, n)
    return nu - (n - first), n - first


def _generators(field: Field, kind: type, nu: Element, z: Element) -> tuple[Element, Element]:
    """``C_nu(z)`` and ``C_(nu+1)(z)/C_nu(z)`` as generators."""
    if nu == Fraction(1, 2):
        lower, ratio = _HALF[kind](z.to_sympy())
        return field(lower), field(ratio)
    key: Hashable = (kind, nu.key(), z.key())
    known = field.lookup(("bessel", key)), field.lookup(("bessel ratio", key))
    if known[0] is not None and known[1] is not None:
        return known[0], known[1]
    partner = (_PARTNER[kind], nu.key(), z.key())
    if nu.is_constant and field.lookup(("bessel", partner)) is not None:
        # The two kinds are tied by their Wronskian (DLMF 10.28.2, 10.5.2).
        field.independent = False
    if not nu.is_constant:
        field.independent = False
    order, argument = nu.to_sympy(), z.to_sympy()
    symbols = nu.free_symbols | z.free_symbols
    a, b = _SLOPES[kind]

    def slope_in_order(s: sp.Symbol, shift: int) -> Element:
        """d C_(nu+shift)/d s through the order alone: a function of its own."""
        step = nu.diff(s)
        if not step:
            return field.zero
        x = sp.Dummy("nu")
        derivative = sp.Derivative(kind(x, argument), x)
        at = order + shift
        return gen.opaque(field, derivative.xreplace({x: at}) if at.is_Symbol else sp.Subs(derivative, x, at)) * step

    def lower_derivation(s: sp.Symbol) -> Element:
        return (lower * ratio * a + lower * nu / z) * z.diff(s) + slope_in_order(s, 0)

    def ratio_derivation(s: sp.Symbol) -> Element:
        along = (b - (2 * nu + 1) * ratio / z - ratio * ratio * a) * z.diff(s)
        return along + (slope_in_order(s, 1) - ratio * slope_in_order(s, 0)) / lower

    lower = field.adjoin(("bessel", key), kind(order, argument), symbols, lower_derivation)
    upper = kind(order + 1, argument)
    ratio = field.adjoin(("bessel ratio", key), upper / kind(order, argument), symbols, ratio_derivation)
    field.ratios[len(field.generators) - 1] = upper, kind(order, argument)
    return lower, ratio
