"""Values of expressions in ball arithmetic, each function evaluated by FLINT.

A ball is a python-flint ``arb``: its radius grows where digits cancel, so that a result tells how good it is.
Source: Johansson, Arb: efficient arbitrary-precision midpoint-radius interval arithmetic, IEEE Trans. Comput. 66
(2017) 1281-1292.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce
from operator import add, mul
from typing import Any

import sympy as sp
from flint import acb, arb

_MOST_STEPS = 10000


def power(base: arb, exponent: arb) -> arb:
    """A power; by products where the exponent is a whole number."""
    whole = exponent.unique_fmpz() if exponent.is_exact() else None
    return base**exponent if whole is None else base ** int(whole)


def hurwitz_zeta(s: arb, a: arb) -> arb:
    """The sum of (a + k)^-s; left of zero by adding terms, for whole s."""
    steps = (-a).ceil().unique_fmpz() if a < 0 else None
    if steps is None or not s.is_integer() or steps > _MOST_STEPS:
        return s.zeta(a)
    return sum(((a + k) ** (-s) for k in range(int(steps))), s.zeta(a + int(steps)))


def polygamma(order: arb, x: arb) -> arb:
    """The polygamma function; nan for an order that is no whole number."""
    whole = order.unique_fmpz()
    n = -1 if whole is None else int(whole)
    if n < 0:
        return arb.nan()
    if n == 0:
        return x.digamma()
    return (-1) ** (n + 1) * arb.fac_ui(n) * hurwitz_zeta(arb(n + 1), x)


def _beta(a: arb, b: arb) -> arb:
    if a > 0 and b > 0:
        return (a.lgamma() + b.lgamma() - (a + b).lgamma()).exp()
    return a.gamma() * b.gamma() * (a + b).rgamma()


FUNCTIONS: dict[type, Callable[..., Any]] = {
    sp.Add: lambda *a: reduce(add, a),
    sp.Mul: lambda *a: reduce(mul, a),
    sp.Pow: power,
    sp.exp: lambda x: x.exp(),
    sp.log: lambda x: x.log(),
    sp.sin: lambda x: x.sin(),
    sp.cos: lambda x: x.cos(),
    sp.tan: lambda x: x.tan(),
    sp.sinh: lambda x: x.sinh(),
    sp.cosh: lambda x: x.cosh(),
    sp.tanh: lambda x: x.tanh(),
    sp.atan: lambda x: x.atan(),
    sp.atan2: lambda y, x: arb.atan2(y, x),
    sp.asin: lambda x: x.asin(),
    sp.acos: lambda x: x.acos(),
    sp.Abs: abs,
    sp.gamma: lambda x: x.gamma(),
    sp.loggamma: lambda x: x.lgamma(),
    sp.factorial: lambda x: (x + 1).gamma(),
    sp.polygamma: polygamma,
    sp.zeta: lambda s, *a: hurwitz_zeta(s, *a) if a else s.zeta(),
    sp.polylog: lambda s, x: x.polylog(s),
    sp.beta: _beta,
    sp.lerchphi: lambda z, s, a: acb(z).lerch_phi(s, a).real,
    sp.expint: lambda order, x: x.expint(order),
    sp.besseli: lambda order, x: x.bessel_i(order),
    sp.besselk: lambda order, x: x.bessel_k(order),
    sp.erf: lambda x: x.erf(),
    sp.erfc: lambda x: x.erfc(),
}


def ball_value(expr: sp.Basic, values: Mapping[sp.Symbol, arb]) -> arb | None:
    """The value of an expression of ``values``, at the precision that is set now.

    None where it holds something that has no place in the table, nan where it has no real value.
    """
    if isinstance(expr, sp.Symbol):
        return values.get(expr)
    if isinstance(expr, sp.Rational):
        return arb(int(expr.p)) / int(expr.q)
    if expr is sp.pi:
        return arb.pi()
    if expr is sp.E:
        return arb.const_e()
    if expr is sp.EulerGamma:
        return arb.const_euler()
    operation = FUNCTIONS.get(type(expr))
    if operation is None:
        return None
    args = [ball_value(a, values) for a in expr.args]
    return None if any(a is None for a in args) else operation(*args)
