"""Lerch's function and the polylogarithm, of whole orders.

``Phi(z, s, a)`` is the sum of ``z^y/(y + a)^s`` over y = 0, 1, ..., and ``Li_s(z) = z Phi(z, s, 1)``.
Source: DLMF 25.14 and 25.12.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sympy as sp

from symgeo.algebra.integral_functions import polylog_of

if TYPE_CHECKING:
    from sympy import Expr

    from symgeo.algebra.element import Element
    from symgeo.algebra.field import Field

_ELEMENTARY = 1  # beyond it the finite sums that are taken off would cost digits for small z


def lerch(field: Field, z: Element, order: int, a: Element) -> Element:
    """Phi(z, order, a) for a whole order that is not negative."""
    if not order:
        return 1 / (1 - z)
    if a.is_constant and a.rational().denominator == 1 and 0 < a.rational() <= _ELEMENTARY:
        n = int(a.rational())
        missing = field.sum([z**j / j**order for j in range(1, n)])
        return (polylogarithm(field, order, z) - missing) / z**n
    key = ("lerch", order, z.key(), a.key())
    found = field.lookup(key)
    if found is None:
        # Arguments that differ by whole numbers are tied.
        field.independent = False

        def derivation(s: sp.Symbol) -> Element:
            inner = (lerch(field, z, order - 1, a) - a * lerch(field, z, order, a)) / z
            return inner * z.diff(s) - order * lerch(field, z, order + 1, a) * a.diff(s)

        written = sp.lerchphi(z.to_sympy(), order, a.to_sympy())
        found = field.adjoin(key, written, z.free_symbols | a.free_symbols, derivation)
    return found


def polylogarithm(field: Field, order: int, z: Element) -> Element:
    """Li_order(z) for a whole order that is not negative."""
    return polylog_of(field, order, z) if order else z / (1 - z)


def convert_lerchphi(field: Field, expr: Expr) -> Element | None:
    """``lerchphi(z, s, a)`` of SymPy; None for an order that is no whole number above zero."""
    z, order, a = expr.args
    if not order.is_Integer or order < 1:
        return None
    return lerch(field, field(z), int(order), field(a))
