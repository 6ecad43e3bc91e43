"""Equal expressions that read better: positive denominators, ``1/sqrt(u)``, ``-log(u)``, branches joined.

All identities used hold for real values, and every expression of a derivation is real on its domain.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sympy as sp
from sympy import Expr, Pow, Rational, Symbol
from sympy.utilities.iterables import sift

from symgeo.derivation.arrange import is_negative
from symgeo.errors import UnsupportedFunctionError
from symgeo.expectation.node import Expectation


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
        if expr.is_Add and expr.has(Expectation):
            return _collected(expr, self)
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
        if total.has(Expectation):
            # As a determinant is written, without integrating anything: what holds means of squares only is positive.
            squares = [t for t in total.args if all(_is_mean_square(f) for f in t.atoms(Expectation))]
            return bool(squares) and all(map(is_negative, squares))
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


def _collected(total: Expr, tidy: Callable[[Expr], Expr]) -> Expr:
    """A sum with one term for each product of expectations, its coefficient in factors."""
    coefficients: dict[Expr, Expr] = {}
    for term in total.args:
        means, rest = sift(sp.Mul.make_args(term), lambda f: f.has(Expectation), binary=True)
        key = sp.Mul(*means)
        coefficients[key] = coefficients.get(key, sp.S.Zero) + sp.Mul(*rest)
    terms = []
    for key, coefficient in coefficients.items():
        if key == 1 or not coefficient.is_Add:
            terms.append(tidy(coefficient) * tidy(key))
            continue
        # (1 - alpha)/2, held as factors, and not (alpha - 1)/2.
        factors = list(sp.Mul.make_args(sp.factor(coefficient)))
        for n, f in enumerate(factors):
            if f.is_Add and f.subs(dict.fromkeys(f.free_symbols, 0)).is_negative:
                factors[n] = sp.Add(*(-t for t in f.args))
                factors.append(sp.S.NegativeOne)
        terms.append(sp.Mul(*factors, tidy(key)))
    return sp.Add(*terms)


def _is_mean_square(node: Expectation) -> bool:
    return node.f == 1 and all(node.letters.count(letter) % 2 == 0 for letter in node.letters)


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
