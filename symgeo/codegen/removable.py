"""Removable singularities of expressions in logarithms and polylogarithms: a form without them near where they are.

(Li_2(t) - Li_2(-t) - 2 t)/t^3 is 2/9 at t = 0, where nothing but 0/0 is left of it, and has few digits nearby. Each
function is written as its first Taylor terms and a remainder, ``Li_s(z) = z + ... + z^n tail_s(z)``; the zero of the
denominator then divides out, exactly, in the field.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

import sympy as sp

from symgeo.algebra import differential_field
from symgeo.codegen.looking import functions_within
from symgeo.codegen.lowering import polylog_tail

if TYPE_CHECKING:
    from symgeo.algebra.element import Element

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


class Singularities:
    """Forms near removable singularities; those near one place share a field.

    The symbols in the forms that stand for remainders are entered in ``meanings``.
    """

    def __init__(self, meanings: dict[sp.Symbol, sp.Expr]):
        self._meanings = meanings
        self._plain = differential_field()
        self._places: dict[sp.Expr, _Zero | None] = {}
        self._near: dict[tuple[sp.Expr, _Zero], _Near | None] = {}
        self._expansions: dict[tuple[_Zero, int], _Expansion] = {}

    def form(self, expr: sp.Basic) -> sp.Basic:
        """An equal expression, by cases where the denominator vanishes together with the arguments of functions."""
        if not isinstance(expr, sp.Mul) or not any(p.is_Pow and p.exp.is_negative for p in expr.args):
            return expr
        functions = [f for f in functions_within(expr, KINDS, _MOST_NODES) if _is_analytic(f)]
        if not functions:
            return expr
        functions.sort(key=sp.default_sort_key)
        for zero in self._zeros(expr, functions):
            near = {f: n for f in functions if (n := self._function_near(f, zero)) is not None}
            least = _vanishing_order(expr, near, zero) if near else 0
            if not least:
                continue
            for order in range(least, _MOST_ORDER + 1, _STEP):
                form = self._expansion(zero, order).form(expr, near)
                if form is not None:
                    conditions = [
                        sp.StrictLessThan(sp.Abs(n.z, evaluate=False), _RADIUS, evaluate=False) for n in near.values()
                    ]
                    return sp.Piecewise((form, sp.And(*conditions, evaluate=False)), (expr, True), evaluate=False)
        return expr

    def _zeros(self, expr: sp.Mul, functions: Iterable[sp.Expr]) -> list[_Zero]:
        """Where z of Li_s(z) or log(1 - z), or a factor of the denominator, vanishes."""
        candidates = [1 - f.args[0] if isinstance(f, sp.log) else f.args[1] for f in functions]
        candidates += [p.base for p in expr.args if p.is_Pow and p.exp.is_Integer and p.exp < 0]
        return list(dict.fromkeys(z for c in candidates if (z := self._zero(c)) is not None))

    def _zero(self, z: sp.Expr) -> _Zero | None:
        """Where this vanishes, if it is a rational function whose numerator is linear in a symbol."""
        if z not in self._places:
            self._places[z] = None
            if z.is_rational_function(*z.free_symbols):
                top = self._plain.polynomial(self._plain(z).numerator)
                for s in sorted(z.free_symbols, key=str):
                    slope = top.diff(s)
                    if slope and s not in slope.free_symbols:
                        self._places[z] = s, (self._plain(s) - top / slope).to_sympy()
                        break
        return self._places[z]

    def _function_near(self, f: sp.Expr, zero: _Zero) -> _Near | None:
        if (f, zero) not in self._near:
            self._near[f, zero] = _near(f, zero)
        return self._near[f, zero]

    def _expansion(self, zero: _Zero, order: int) -> _Expansion:
        if (zero, order) not in self._expansions:
            self._expansions[zero, order] = _Expansion(zero, order, self._meanings)
        return self._expansions[zero, order]


class _Expansion:
    """The functions near one place by so many terms and a remainder, read into a field."""

    def __init__(self, zero: _Zero, order: int, meanings: dict[sp.Symbol, sp.Expr]):
        self._zero, self._order, self._meanings = zero, order, meanings
        self._field = differential_field()
        self._at_zero: dict[sp.Symbol, sp.Expr] = {}
        self._vanishing: dict[int, bool] = {}
        self._marks: dict[sp.Expr, sp.Symbol] = {}

    def form(self, expr: sp.Mul, near: Mapping[sp.Expr, _Near]) -> sp.Expr | None:
        """The expression with remainders for the functions, if nothing that vanishes is left in the denominator."""
        for f, n in near.items():
            if f not in self._marks:
                self._marks[f] = sp.Dummy("f", real=True)
                self._field.readings[self._marks[f]] = self._read(n)
        powers = functions_within(expr, (sp.Pow, sp.exp), _MOST_NODES)
        if any(isinstance(p, sp.exp) or not p.exp.is_number for p in powers):
            # x**y is exp(y log x) to the field: only logarithms that are written are read, not those.
            form = expr.xreplace({f: self._marks[f] for f in near})
            for f in near:
                self._field.readings.pop(f, None)
            result = self._field(form)
        else:
            self._field.readings.update({f: self._field.readings[self._marks[f]] for f in near})
            result = self._field(expr)
        return None if any(self._vanishes(i) for i, _ in result.powers) else result.to_sympy()

    def _read(self, near: _Near) -> Element:
        field, order, s = self._field, self._order, int(near.order)
        tail = sp.Dummy("r", positive=True)
        self._meanings[tail] = polylog_tail(near.order, order, near.z)
        self._at_zero[tail] = sp.Rational(1, order**s)
        z = field(near.z)
        terms = [z**k * Fraction(1, k**s) for k in range(1, order)]
        return field(near.value) + near.sign * field.sum([*terms, z**order * field(tail)])

    def _vanishes(self, factor: int) -> bool:
        """Whether this factor of denominators is zero at the place."""
        if factor not in self._vanishing:
            written = self._field.polynomial(self._field.factor_polynomial(factor)).to_sympy()
            self._vanishing[factor] = sp.expand(written.xreplace(self._at_zero).subs(*self._zero)) == 0
        return self._vanishing[factor]


def _is_analytic(f: sp.Expr) -> bool:
    """Whether this is the logarithm of a rational function, or Li_s of one for s = 2, 3, ..."""
    z = f.args[-1]
    known = isinstance(f, sp.log) or (f.args[0].is_Integer and f.args[0] > 1)
    return bool(known and z.free_symbols and z.is_rational_function(*z.free_symbols))


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
