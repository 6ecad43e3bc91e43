"""Exponential integrals of large arguments: a form without the cancellation of their asymptotic series.

1 - c exp(c) E_1(c) is about 1/c far out and has no digits left there. The function is written as the first terms of its
asymptotic series and the exact remainder,

    e^c E_1(c) = sum_(j<n) (-1)^j j!/c^(j+1) + (-1)^n n!/c^n e^c E_(n+1)(c),

and e^c erfc(sqrt c) likewise; what cancels then does so exactly, in the field. Source: DLMF 8.19.12 and 8.20.
"""

from __future__ import annotations

import sympy as sp

from symgeo.algebra import differential_field
from symgeo.codegen.lowering import scaled_expint

_FAR = 4
_TERMS = 10
_MOST_OPERATIONS = 1500


def without_asymptotic_cancellation(expr: sp.Basic) -> sp.Basic:
    """An equal expression, by cases: another form where the argument of E_1 is large."""
    if not isinstance(expr, (sp.Mul, sp.Add)):
        return expr
    arguments = {f.args[1] for f in expr.atoms(sp.expint) if f.args[0] == 1 and f.args[1].is_positive}
    if len(arguments) != 1 or expr.count_ops() > _MOST_OPERATIONS:
        return expr
    (c,) = arguments
    places: dict[sp.Expr, sp.Expr] = {}
    images = {sp.expint(1, c): _series(places, c, sp.S.Zero, 1 / c) * sp.exp(-c)}
    for f in expr.atoms(sp.erfc):
        y = f.args[0]
        if sp.cancel(y**2 - c) == 0 and y.is_positive:
            images[f] = _series(places, c, sp.S.Half, 1 / y) * sp.exp(-c) / sp.sqrt(sp.pi)
    form = differential_field()(expr.xreplace(images)).to_sympy()
    if form.has(sp.exp, sp.erfc):
        return expr
    return sp.Piecewise((form.xreplace(places), c > _FAR), (expr, True))


def _series(places: dict[sp.Expr, sp.Expr], c: sp.Expr, a: sp.Expr, first: sp.Expr) -> sp.Expr:
    """``e^c Gamma(a, c)``: terms that begin with ``first = c^(a-1)``, and the remainder for which a symbol stands."""
    rest = sp.Dummy("r", positive=True)
    places[rest] = scaled_expint(_TERMS + 1 - a, c)
    coefficients = [sp.ff(a - 1, j) for j in range(_TERMS + 1)]
    series = sp.Add(*(coefficients[j] * first / c**j for j in range(_TERMS)))
    return series + coefficients[_TERMS] * first * c ** (1 - _TERMS) * rest
