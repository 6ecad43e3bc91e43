"""Functions of large arguments: forms without the cancellation of their asymptotic series.

1 - c exp(c) E_1(c) is about 1/c far out and has no digits left there. The function is written as the first terms of its
asymptotic series and the exact remainder,

    e^c E_1(c) = sum_(j<n) (-1)^j j!/c^(j+1) + (-1)^n n!/c^n e^c E_(n+1)(c),

and likewise e^c erfc(sqrt c), and polygammas of quotients; what cancels then does so exactly, in the field.
Sources: DLMF 8.19.12, 8.20 and 5.15.8.
"""

from __future__ import annotations

import sympy as sp

from symgeo.algebra import differential_field
from symgeo.codegen.looking import functions_within
from symgeo.codegen.lowering import polygamma_tail, scaled_expint

_MOST_NODES = 3000
# Beyond these arguments the series serve, with so many terms.
_FAR, _TERMS = 4, 10
_FAR_POLYGAMMA, _TERMS_POLYGAMMA = 6, 6

_Places = dict[sp.Expr, sp.Expr]


def without_asymptotic_cancellation(expr: sp.Basic) -> sp.Basic:
    """An equal expression, by cases: another form where the argument of E_1 or of polygammas is large."""
    if not isinstance(expr, (sp.Mul, sp.Add)):
        return expr
    functions = functions_within(expr, (sp.expint, sp.polygamma), _MOST_NODES)
    arguments = {f.args[1] for f in functions if _is_far_function(f)}
    if len(arguments) != 1:
        return expr
    (c,) = arguments
    places: _Places = {}
    if any(isinstance(f, sp.expint) for f in functions):
        images, far = _exponential_integrals(expr, c, places), _FAR
    else:
        # Digamma has a logarithm in its series: it stays, and with it the expression.
        powers = [f for f in functions if f.args[1] == c and f.args[0].is_positive]
        images, far = {f: _polygamma(f, places) for f in powers}, _FAR_POLYGAMMA
    form = differential_field()(expr.xreplace(images)).to_sympy()
    if form.has(sp.exp, sp.erfc, sp.polygamma):
        return expr
    return sp.Piecewise((form.xreplace(places), c > far), (expr, True))


def _is_far_function(f: sp.Expr) -> bool:
    """E_1 of what is positive, or a polygamma, not the first, of a quotient."""
    order, c = f.args
    if isinstance(f, sp.expint):
        return bool(order == 1 and c.is_positive)
    return bool(order.is_Integer and order > 0 and c.free_symbols and not c.is_polynomial(*c.free_symbols))


def _exponential_integrals(expr: sp.Basic, c: sp.Expr, places: _Places) -> _Places:
    images = {sp.expint(1, c): _series(places, c, sp.S.Zero, 1 / c) * sp.exp(-c)}
    for f in expr.atoms(sp.erfc):
        y = f.args[0]
        if sp.cancel(y**2 - c) == 0 and y.is_positive:
            images[f] = _series(places, c, sp.S.Half, 1 / y) * sp.exp(-c) / sp.sqrt(sp.pi)
    return images


def _series(places: _Places, c: sp.Expr, a: sp.Expr, first: sp.Expr) -> sp.Expr:
    """``e^c Gamma(a, c)``: terms that begin with ``first = c^(a-1)``, and the remainder for which a symbol stands."""
    rest = sp.Dummy("r", positive=True)
    places[rest] = scaled_expint(_TERMS + 1 - a, c)
    coefficients = [sp.ff(a - 1, j) for j in range(_TERMS + 1)]
    series = sp.Add(*(coefficients[j] * first / c**j for j in range(_TERMS)))
    return series + coefficients[_TERMS] * first * c ** (1 - _TERMS) * rest


def _polygamma(f: sp.Expr, places: _Places) -> sp.Expr:
    n, c = int(f.args[0]), f.args[1]
    rest = sp.Dummy("r", positive=True)
    places[rest] = polygamma_tail(n, _TERMS_POLYGAMMA, c)
    terms = [sp.factorial(n - 1) / c**n, sp.factorial(n) / (2 * c ** (n + 1))]
    for k in range(1, _TERMS_POLYGAMMA):
        terms.append(sp.bernoulli(2 * k) * sp.factorial(2 * k + n - 1) / sp.factorial(2 * k) / c ** (2 * k + n))
    return (-1) ** (n + 1) * sp.Add(*terms, rest / c ** (2 * _TERMS_POLYGAMMA + n))
