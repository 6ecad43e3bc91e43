"""A function of one variable on one side of a place, as a function of the distance from it, and its limit there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sympy as sp
from sympy import Expr, Symbol
from sympy.core.relational import Relational

from symgeo.codegen.numeric_node import NumericNode
from symgeo.errors import NoClosedFormError
from symgeo.expectation.kinks import SWITCHES, Signs


class Order(NumericNode):
    """1 or -1, the sign of an expression in parameters: which of two places comes first; nan where they meet.

    Locally constant: its derivative is zero.
    """

    @property
    def source(self) -> Any:
        """What gives its values."""
        return Order

    @staticmethod
    def values(nodes: Any, points: Any) -> Any:
        """The sign of the argument, points (P, 1) -> (P, nodes)."""
        import numpy as np

        column = np.where(points[:, :1] == 0, np.nan, np.sign(points[:, :1]))
        return np.repeat(column, len(nodes), axis=1)

    def _eval_derivative(self, s: Symbol) -> Expr:
        return sp.S.Zero

    def _eval_evalf(self, prec: int) -> Expr:
        return sp.sign(self.args[0].evalf(prec)) if self.args[0].is_number else self

    def _sympystr(self, printer: Any) -> str:
        return f"sign({printer._print(self.args[0])})"

    def _latex(self, printer: Any) -> str:
        return rf"\operatorname{{sign}}\left({printer._print(self.args[0])}\right)"


def order(e: Expr, signs: Signs) -> Expr:
    """The sign of an expression in parameters, as a number where it is proven."""
    known = signs(e)
    if known is not None:
        return sp.Integer(known)
    e = signs.field(e).to_sympy()
    return -Order(-e) if e.could_extract_minus_sign() else Order(e)


@dataclass(frozen=True)
class Side:
    """What lies at distances y > 0 above (``turn`` 1) or below (-1) a place, which may depend on parameters."""

    x: Symbol
    place: Expr
    turn: int
    signs: Signs

    @cached_property
    def y(self) -> Symbol:
        """The distance from the place."""
        return sp.Dummy(self.x.name, positive=True)

    @cached_property
    def image(self) -> Expr:
        """The variable in terms of the distance."""
        return self.place + self.turn * self.y

    @cached_property
    def _placed(self) -> dict[Expr, Any]:
        return {}

    def placed(self, e: Any) -> Any:
        """A function of x as one of y, without the switches that the place itself makes."""
        if self.x not in e.free_symbols:
            return e
        if e not in self._placed:
            self._placed[e] = self._rebuilt(e)
        return self._placed[e]

    def _rebuilt(self, e: Any) -> Any:
        if e == self.x:
            return self.image
        args = [self.placed(a) for a in e.args]
        rebuilt = e.func(*args)
        if isinstance(e, sp.Add):
            return self._from_the_place(rebuilt)
        if isinstance(e, Relational):
            turn = self.start(args[0] - args[1])
            if turn is None:
                return rebuilt
            if not turn.is_Integer:
                raise self._undecided(e)
            return e.func(turn, sp.S.Zero)
        if isinstance(e, (sp.Max, sp.Min)) and len(args) == 2:
            turn = self.start(args[0] - args[1])
            if turn is None:
                return rebuilt
            larger = turn if isinstance(e, sp.Max) else -turn
            return (args[0] * (1 + larger) + args[1] * (1 - larger)) / 2
        if isinstance(e, (sp.Abs, sp.sign, sp.Heaviside)):
            turn = self.start(args[0])
            if turn is None:
                return rebuilt
            return turn * args[0] if isinstance(e, sp.Abs) else turn if isinstance(e, sp.sign) else (1 + turn) / 2
        return rebuilt

    def _from_the_place(self, e: Expr) -> Expr:
        """A polynomial in y that vanishes at y = 0 without its constant, which only rounding would tell from zero."""
        if not e.is_polynomial(self.y):
            return e
        constant = e.subs(self.y, 0)
        return sp.expand(e) - sp.expand(constant) if constant == 0 or self.signs.vanishes(constant) else e

    def start(self, h: Expr) -> Expr | None:
        """The sign, just beyond the place, of what vanishes at it; None where it does not vanish there."""
        if self.y not in h.free_symbols:
            return None
        value = h.subs(self.y, 0)
        if value.has(sp.nan, sp.zoo, sp.oo) or not self.signs.vanishes(value):
            return None
        for _ in range(3):
            h = sp.diff(h, self.y)
            slope = h.subs(self.y, 0)
            if slope.has(sp.nan, sp.zoo, sp.oo):
                break
            if not self.signs.vanishes(slope):
                return order(self.settled(slope), self.signs)
        raise self._undecided(h)

    def _undecided(self, e: Any) -> NoClosedFormError:
        return NoClosedFormError(
            f"which sign {e} has beside {self.x} = {self.place} could not be decided; declare the signs of the symbols "
            "in it (positive=True), or write it with the absolute value of something linear"
        )

    def _nearby(self, placed: Expr) -> Expr:
        """What a placed function is next to the place: switches of what does not vanish there keep their sign."""

        def decided(f: Any) -> Expr:
            value = f.args[0].subs(self.y, 0)
            if self.y not in f.free_symbols or value.has(sp.nan, sp.zoo, sp.oo) or self.signs.vanishes(value):
                return f
            turn = order(self.settled(value), self.signs)
            return turn * f.args[0] if isinstance(f, sp.Abs) else turn if isinstance(f, sp.sign) else (1 + turn) / 2

        return placed.replace(lambda f: isinstance(f, (sp.Abs, sp.sign, sp.Heaviside)), decided)

    def settled(self, e: Expr) -> Expr:
        """An expression in parameters alone, its switches as signs that are constant between the meetings of places."""

        def decided(f: Any) -> Expr:
            if isinstance(f, sp.Piecewise) or f.free_symbols & {self.y}:
                return f
            if isinstance(f, (sp.Max, sp.Min)):
                first, *rest = f.args
                for other in rest:
                    turn = order(first - other, self.signs) * (1 if isinstance(f, sp.Max) else -1)
                    first = (first + other) / 2 + turn * (first - other) / 2
                return first
            turn = order(f.args[0], self.signs)
            if isinstance(f, sp.Abs):
                return turn * f.args[0]
            return turn if isinstance(f, sp.sign) else (1 + turn) / 2

        return e.replace(lambda f: isinstance(f, SWITCHES), decided)

    def terms(self, e: Expr) -> list[tuple[Expr, Expr, int]] | None:
        """``e`` for small y as a sum of ``c y^p (log y)^n``, [(c, p, n)], leading terms alone; None if it is none."""
        placed = self.placed(e)
        value = placed.subs(self.y, 0)
        if value.has(sp.nan, sp.zoo):
            placed = self._nearby(placed)
            value = placed.subs(self.y, 0)
        if not value.has(sp.nan, sp.zoo, sp.oo) and not any(p.base == 0 for p in value.atoms(sp.Pow)):
            return [(self.settled(value), sp.S.Zero, 0)]
        found = []
        for term in sp.Add.make_args(sp.expand(sp.expand_log(placed))):
            power, logs, rest = sp.S.Zero, 0, sp.S.One
            for factor in sp.Mul.make_args(term):
                base, exponent = factor.as_base_exp()
                if base == self.y and self.y not in exponent.free_symbols:
                    power += exponent
                elif base == sp.log(self.y) and exponent.is_Integer:
                    logs += int(exponent)
                else:
                    rest *= factor.subs(self.y, 0)
            if rest.has(sp.nan, sp.zoo, sp.oo) or any(p.base == 0 for p in rest.atoms(sp.Pow)):
                return None
            found.append((self.settled(rest), power, logs))
        return found

    def limit(self, factors: list[Expr]) -> Expr:
        """The limit at the place of a product of functions of x; :class:`NoClosedFormError` where it is not finite."""
        product = [(sp.S.One, sp.S.Zero, 0)]
        for factor in factors:
            terms = self.terms(factor)
            if terms is None:
                raise self._unbounded(factor)
            product = [(a * c, p + q, m + n) for a, p, m in product for c, q, n in terms]
        total = []
        for c, p, n in product:
            if c == 0:
                continue
            size = self.signs(p)
            if size == 0 and n == 0:
                total.append(c)
            elif size != 1:
                raise self._unbounded(sp.Mul(*factors, evaluate=False))
        return sp.Add(*total).replace(
            lambda e: e.is_Pow and isinstance(e.base, Order) and e.exp.is_Integer, lambda e: e.base ** (e.exp % 2)
        )

    def _unbounded(self, f: Expr) -> NoClosedFormError:
        return NoClosedFormError(
            f"a derivative of an expectation needs the limit of {f} at {self.x} = {self.place}, a place that moves, "
            "and no finite limit was found: the derivative would be infinite there, or for some parameters; declare a "
            "domain on which it is finite, or fix the parameter that moves the place"
        )
