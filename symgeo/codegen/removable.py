"""Removable singularities of expressions in logarithms and polylogarithms: a form without them near where they are.

(Li_2(t) - Li_2(-t) - 2 t)/t^3 is 2/9 at t = 0, where nothing but 0/0 is left of it, and has few digits nearby. Each
function is written as its first Taylor terms and a remainder, ``Li_s(z) = z + ... + z^n tail_s(z)``; the zero of the
denominator then divides out, exactly, in the field.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import sympy as sp

from symgeo.algebra import differential_field
from symgeo.codegen.looking import functions_within
from symgeo.codegen.lowering import polylog_tail

# What singularities are looked for in.
KINDS = (sp.log, sp.polylog)
# Beyond this size of z the expression serves as it is: the remainder's series converges fast below.
_RADIUS = sp.Rational(1, 2)
_MOST_NODES = 6000
_MOST_ORDER = 14
_STEP = 3

_Zero = tuple[sp.Symbol, sp.Expr]


class _Near(NamedTuple):
    """``value + sign Li_order(z)``, a function near a place where z is zero."""

    value: sp.Expr
    sign: int
    order: sp.Integer
    z: sp.Expr


def without_removable_singularities(expr: sp.Basic) -> sp.Basic:
    """An equal expression, by cases where the denominator vanishes together with the arguments of functions."""
    if not isinstance(expr, sp.Mul) or not any(p.is_Pow and p.exp.is_negative for p in expr.args):
        return expr
    functions = [f for f in functions_within(expr, KINDS, _MOST_NODES) if _is_analytic(f)]
    if not functions:
        return expr
    functions.sort(key=sp.default_sort_key)
    for zero in _zeros(expr, functions):
        near = {f: n for f in functions if (n := _near(f, zero)) is not None}
        least = _vanishing_order(expr, near, zero) if near else 0
        if not least:
            continue
        for order in range(least, _MOST_ORDER + 1, _STEP):
            form = _expanded(expr, near, zero, order)
            if form is not None:
                conditions = [sp.Abs(n.z, evaluate=False) < _RADIUS for n in near.values()]
                return sp.Piecewise((form, sp.And(*conditions)), (expr, True))
    return expr


def _is_analytic(f: sp.Expr) -> bool:
    """Whether this is the logarithm of a rational function, or Li_s of one for s = 2, 3, ..."""
    z = f.args[-1]
    known = isinstance(f, sp.log) or (f.args[0].is_Integer and f.args[0] > 1)
    return bool(known and z.free_symbols and z.is_rational_function(*z.free_symbols))


def _zeros(expr: sp.Mul, functions: Iterable[sp.Expr]) -> list[_Zero]:
    """Where z of Li_s(z) or log(1 - z), or a factor of the denominator, vanishes; each linear in a symbol."""
    candidates = [sp.expand(1 - f.args[0]) if isinstance(f, sp.log) else f.args[1] for f in functions]
    candidates = [sp.fraction(sp.together(z))[0] for z in candidates]
    candidates += [p.base for p in expr.args if p.is_Pow and p.exp.is_Integer and p.exp < 0]
    found: dict[_Zero, None] = {}
    for z in candidates:
        if not z.is_rational_function(*z.free_symbols):
            continue
        for s in sorted(z.free_symbols, key=str):
            slope = sp.expand(z.diff(s))
            if s not in slope.free_symbols:
                found[s, sp.cancel(s - z / slope)] = None
                break
    return list(found)


def _near(f: sp.Expr, zero: _Zero) -> _Near | None:
    """The function around this place, if it is analytic there and changes."""
    z = f.args[-1]
    if zero[0] not in z.free_symbols:
        return None
    there = sp.expand(z.subs(*zero))
    if isinstance(f, sp.polylog):
        return _Near(sp.S.Zero, 1, f.args[0], z) if there == 0 else None
    return _Near(sp.log(there), -1, sp.S.One, 1 - z / there) if there.is_positive else None


def _vanishing_order(expr: sp.Mul, near: Mapping[sp.Expr, _Near], zero: _Zero) -> int:
    """The exponents below the line of all that vanishes there."""
    values = {f: n.value for f, n in near.items()}
    below = [p for p in expr.args if p.is_Pow and p.exp.is_Integer and p.exp < 0]
    return int(sum(-p.exp for p in below if sp.expand(p.base.xreplace(values).subs(*zero)) == 0))


def _expanded(expr: sp.Mul, near: Mapping[sp.Expr, _Near], zero: _Zero, order: int) -> sp.Expr | None:
    """The expression with remainders for the functions, if nothing that vanishes is left in the denominator."""
    field = differential_field()
    places, images, at_zero = {}, {}, {}
    for f, (value, sign, s, z) in near.items():
        tail = sp.Dummy("r", positive=True)
        places[tail] = polylog_tail(s, order, z)
        at_zero[tail] = sp.Rational(1, order) ** s
        images[f] = value + sign * (sp.Add(*(z**k / sp.Integer(k) ** s for k in range(1, order))) + z**order * tail)
    result = field(expr.xreplace(images))
    for i, _ in result.powers:
        factor = field.polynomial(field.factor_polynomial(i)).to_sympy()
        if sp.expand(factor.xreplace(at_zero).subs(*zero)) == 0:
            return None
    return result.to_sympy().xreplace(places)
