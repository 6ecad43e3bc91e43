"""Changes of variable without parameters: from one standard support to another, by exponentials, odds and powers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import sympy as sp

if TYPE_CHECKING:
    from sympy import Expr, Symbol

Change = tuple["Symbol", "Expr", tuple["Expr", "Expr"]]
_LINE = (-sp.oo, sp.oo)
_HALF = (sp.S.Zero, sp.oo)
_UNIT = (sp.S.Zero, sp.S.One)


def changes_of_variable(log_density: Expr, x: Symbol, ends: tuple[Expr, Expr]) -> Iterator[Change]:
    """New variables t with ``x = outer(t)`` and their ranges, x itself first: ``(t, outer, ends of t)``."""
    yield x, x, ends
    low, high = ends
    positive, real = sp.Dummy("t", positive=True), sp.Dummy("t", real=True)
    if low.is_finite is False and high.is_finite is False:
        if log_density.has(sp.exp):
            yield positive, sp.log(positive), _HALF
        return
    if low.is_finite and high.is_finite:
        for t, inner, range_ in (
            (positive, 1 - positive, _UNIT),
            (positive, positive / (1 + positive), _HALF),
            (positive, sp.exp(-positive), _HALF),
            (positive, 1 - sp.exp(-positive), _HALF),
            (real, 1 / (1 + sp.exp(-real)), _LINE),
        ):
            yield t, low + (high - low) * inner, range_
        return
    if low == 0:
        # An even density is half of one on the line; as a function of |t|, so that only even functions have a form.
        yield real, sp.Abs(real), _LINE
    onto = (lambda v: low + v) if low.is_finite else (lambda v: high - v)
    if log_density.has(sp.log):
        yield real, onto(sp.exp(real)), _LINE
    for power in _known_powers(log_density, x):
        yield positive, onto(positive ** (1 / power)), _HALF


def _known_powers(log_density: Expr, x: Symbol) -> list[Expr]:
    """The powers of x with a known exponent, apart from the first."""
    found = {p.exp for p in log_density.atoms(sp.Pow) if p.base == x and p.exp.is_Rational and p.exp != 1}
    return sorted(found, key=sp.default_sort_key)
