"""Equal expressions that read better: positive denominators, ``1/sqrt(u)``, ``-log(u)``, branches joined.

All identities used hold for real values, and every expression of a derivation is real on its domain.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sympy as sp
from sympy import Expr, Pow, Rational, Symbol

from symgeo.derivation.arrange import is_negative
from symgeo.errors import UnsupportedFunctionError


class Tidy:
    """Rewrites expressions in the parameters; ``points`` are interior points of the parameter space."""

    def __init__(self, points: Sequence[Mapping[Symbol, Expr]]):
        self.points = [dict(p) for p in points]
        self._symbols = set(self.points[0]) if self.points else set()
        self._signs: dict[Expr, bool] = {}

    def __call__(self, expr: Expr) -> Expr:
        """An equal expression."""
        if expr.is_Atom:
            return expr
        if isinstance(expr, sp.Piecewise):
            return joined_branches(sp.Piecewise(*((self(value), c) for value, c in expr.args), evaluate=False))
        arguments = [self(a) if isinstance(a, Expr) else a for a in expr.args]
        if expr.is_Mul:
            return sp.Mul(*(part for a in arguments for part in self._turned(a)))
        if isinstance(expr, Pow):
            return sp.Mul(*self._turned(self._power(arguments[0], arguments[1])))
        rebuilt = expr if tuple(arguments) == expr.args else expr.func(*arguments)
        if isinstance(rebuilt, sp.log):
            base, exponent = rebuilt.args[0].as_base_exp()
            if exponent == -1 and base is not sp.S.One:
                return -sp.log(base)
        return rebuilt

    @staticmethod
    def _power(base: Expr, exponent: Expr) -> Expr:
        """``sqrt(1/u)`` is ``1/sqrt(u)``, ``sqrt(u**3)`` is ``u**(3/2)``: real only where u is positive."""
        if exponent == Rational(1, 2):
            top, bottom = sp.fraction(base)
            if top is sp.S.One and bottom is not sp.S.One:
                return Pow(bottom, Rational(-1, 2))
            if isinstance(base, Pow) and base.exp.is_Integer and base.exp.is_odd:
                return Pow(base.base, base.exp / 2)
        return Pow(base, exponent)

    def _turned(self, factor: Expr) -> tuple[Expr, ...]:
        """A sum to a whole power as a sign and the power, the sum written so that it is positive."""
        base, exponent = factor.as_base_exp()
        if base.is_Add and exponent.is_Integer and self._is_negative(base):
            return sp.S.NegativeOne**exponent, Pow(sp.Add(*(-t for t in base.args)), exponent)
        return (factor,)

    def _is_negative(self, total: Expr) -> bool:
        """Whether a sum in the parameters is negative at all sample points, though not all minus signs."""
        if not total.free_symbols or not total.free_symbols <= self._symbols:
            return False
        if not any(map(is_negative, total.args)):
            return False
        if total not in self._signs:
            self._signs[total] = self._negative_at_points(total)
        return self._signs[total]

    def _negative_at_points(self, total: Expr) -> bool:
        from symgeo.codegen import numpy_function

        symbols = sorted(total.free_symbols, key=str)
        try:
            values = numpy_function([total], symbols)(*([float(p[s]) for p in self.points] for s in symbols))[0]
        except UnsupportedFunctionError:
            return False
        return bool((values < 0).all())


def joined_branches(expr: Any) -> Any:
    """Branches with one value as one, where the conditions name different values of one symbol."""
    if not isinstance(expr, sp.Piecewise) or len(expr.args) < 3 or expr.args[-1].cond != sp.true:
        return expr
    *joined, last = expr.args
    named = [(value, c) for value, cond in joined for c in (cond.args if isinstance(cond, sp.Or) else (cond,))]
    conditions = [c for _, c in named]
    if not all(isinstance(c, sp.Eq) and c.lhs.is_Symbol and c.rhs.is_number for c in conditions):
        return expr
    if len({c.lhs for c in conditions}) > 1 or len({c.rhs for c in conditions}) < len(conditions):
        return expr
    groups: dict[Expr, list[Any]] = {}
    for value, condition in named:
        groups.setdefault(value, []).append(condition)
    if len(groups) == len(joined):
        return expr
    pairs = [(value, sp.Or(*group)) for value, group in groups.items() if value != last.expr]
    return sp.Piecewise(*pairs, (last.expr, True), evaluate=False) if pairs else last.expr
