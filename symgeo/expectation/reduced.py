"""Expectations under a pivot's law: polynomials in coefficients of the parameters, and means of functions of y.

With ``x = X(y; theta)`` and the log-density G(y; psi) of y, the score at fixed x is
``s_i = d_i G + sum_a c_ia h_a`` with ``h_a = -(w_a d_y G + d_y w_a)``, where
``d_i X/d_y X = sum_a c_ia(theta) w_a(y; psi)``. So the means of products of scores are polynomials in the c_ia with
means ``E[h_a h_b ...]`` under G alone: constants where no shape psi is left.
Source: Fisher, Proc. R. Soc. A 144 (1934) 285-307; Barndorff-Nielsen and Cox, Inference and Asymptotics (1994),
section 2.8.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import pairwise
from math import prod
from typing import TYPE_CHECKING

import sympy as sp

from symgeo.algebra import Element, Field
from symgeo.algebra.element import separated
from symgeo.algebra.sets import Segment
from symgeo.expectation.law import Domain
from symgeo.expectation.node import Expectation, Letters
from symgeo.expectation.pivot_law import PivotLaw

if TYPE_CHECKING:
    from sympy import Expr, Symbol

    from symgeo.expectation.pivot import Pivot

# A product of scores, by their letters, and of other functions of y.
Product = tuple[Letters, tuple[Element, ...]]
# Coefficients, free of y, of products.
Combination = dict[Product, Element]
_ONE: Product = ((), ())
SCALE = sp.Dummy("scale", positive=True)


class ReducedExpectation:
    """E[.] under the law of a pivot's variable; ``domain_of`` gives the domain of the shapes that are left.

    With ``scaled``, the motion of x by scales has its score among the others, under the name ``SCALE``.
    """

    def __init__(
        self,
        pivot: Pivot,
        parameters: Sequence[Symbol],
        domain_of: Callable[[Sequence[Symbol]], Domain],
        scaled: bool = False,
    ):
        self.pivot = pivot
        self.parameters = tuple(parameters)
        self._domain_of = domain_of
        drifts = {p: pivot.drift(p) for p in parameters}
        if scaled:
            drifts[SCALE] = pivot.image / pivot.image.diff(pivot.variable)
        self.directions, self._coefficients = _directions(pivot, {p: drift for p, drift in drifts.items() if drift})
        y, slope = pivot.variable, pivot.log_density.diff(pivot.variable)
        self.motions = [-(slope * w + w.diff(y)) for w in self.directions]
        used = {s for e in (pivot.log_density, *self.motions) for s in e.free_symbols}
        self.shapes = tuple(p for p in self.parameters if p in used)
        self._parities: dict[Element, int | None] = {}
        self._writings: dict[Element, Expr] = {}

    @property
    def field(self) -> Field:
        """The field that the expectations live in."""
        return self.pivot.field

    @cached_property
    def law(self) -> PivotLaw:
        """The law of y, with the shapes as its parameters."""
        low, high = self.pivot.ends
        places = [low, *sorted({k.place for k in self.pivot.kinks}, key=float), high]
        pieces = tuple(Segment(a, b) for a, b in pairwise(places))
        return PivotLaw(
            self.pivot.written,
            (self.pivot.variable,),
            (pieces,),
            self.shapes,
            domain=self._domain_of(self.shapes) if self.shapes else None,
            motions=[self._written(w) for w in self.directions],
            field=self.field,
            elements=(self.pivot.log_density, *self.motions),
        )

    def _written(self, direction: Element) -> Expr:
        """The score of a motion by the derivative of the log-density as it is written."""
        w, y = direction.to_sympy(), self.pivot.variable
        return -(sp.diff(self.pivot.written, y) * w + sp.diff(w, y))

    @property
    def movers(self) -> list[Symbol]:
        """For every motion of y a parameter that takes part in it."""
        return [next(p for p, row in self._coefficients.items() if a in row) for a in range(len(self.motions))]

    # -- the interface of the expectations by substitution -----------------------------------------------------------

    def score(self, parameter: Symbol) -> list[Combination]:
        """The score of one parameter at fixed x."""
        n = len(self.shapes)
        row: Combination = {(((n + a,),), ()): c for a, c in self._coefficients.get(parameter, {}).items()}
        if self.pivot.log_density.diff(parameter):
            row[((self.shapes.index(parameter),),), ()] = self.field.one
        return [row]

    def function(self, coefficient: Element, f: Element, written: Expr) -> list[Combination]:
        """A coefficient free of y times a function of y and the shapes, and how this is to be written."""
        self._writings[f] = written
        return [{((), (f,)): coefficient}]

    def constant(self, c: int) -> list[Combination]:
        """A number, as a factor."""
        return [{_ONE: self.field.rational(c)}]

    def of_products(self, factors: Sequence[Sequence[Combination]]) -> Element:
        """The expectation of a product."""
        field = self.field
        total: Combination = {_ONE: field.one}
        for (factor,) in factors:
            grown: Combination = {}
            for (a, f), c in total.items():
                for (b, g), d in factor.items():
                    key = (tuple(sorted((*a, *b))), (*f, *g))
                    grown[key] = grown[key] + c * d if key in grown else c * d
            total = grown
        return field.sum([c * self._moment(*key) for key, c in total.items() if c])

    def _moment(self, letters: Letters, functions: tuple[Element, ...]) -> Element:
        """The mean of a product."""
        field = self.field
        if self._is_symmetric:
            factors = [*functions, *(self.law.element(letter) for letter in letters)]
            parities = [self._parity(f) for f in factors]
            if None not in parities and prod(p for p in parities if p) == -1:
                return field.zero
        if not functions:
            return field(self.law.moment(sp.S.One, letters))
        return field(Expectation(self.law, sp.Mul(*(self._writings[f] for f in functions)), letters))

    # -- symmetry ------------------------------------------------------------------------------------------------------

    @cached_property
    def _is_symmetric(self) -> bool:
        """Whether the reflection of the support leaves the law as it is."""
        y, reflection = self.pivot.variable, self.pivot.reflection
        there = self._turned(self.pivot.log_density)
        if there is None:
            return False
        return there + self.field(sp.log(sp.Abs(sp.diff(reflection, y)))) == self.pivot.log_density

    def _parity(self, f: Element) -> int | None:
        """1 or -1 for a function that the reflection leaves or turns, None for any other."""
        if f not in self._parities:
            there = self._turned(f)
            self._parities[f] = None if there is None else 1 if there == f else -1 if there == -f else None
        return self._parities[f]

    def _turned(self, f: Element) -> Element | None:
        """A function at the reflected place."""
        y, reflection = self.pivot.variable, self.pivot.reflection
        if any(reflection.subs(y, k.place) != k.place for k in self.pivot.kinks):
            return None
        turned = f.to_sympy().subs(y, reflection)
        return self.field(turned.xreplace({k.sign: -k.sign for k in self.pivot.kinks}))

    # -- what has to hold ----------------------------------------------------------------------------------------------

    def centred(self) -> list[tuple[Expectation, Expectation, Symbol]]:
        """Means that were taken to be zero, as they would be integrated, each with the mean of the square and a
        parameter that has to do with it."""
        names = [*self.shapes, *self.movers]
        return [
            (Expectation(self.law, sp.S.One, ((k,),)), Expectation(self.law, sp.S.One, ((k,), (k,))), name)
            for k, name in enumerate(names)
        ]


def _directions(pivot: Pivot, drifts: dict[Symbol, Element]) -> tuple[list[Element], dict[Symbol, dict[int, Element]]]:
    """The w_a and, for each parameter that moves y, its c_ia by a; as few w_a as come out of the drifts' terms."""
    y, removed = pivot.variable, set(pivot.parameters)
    terms = {p: list(separated(drift, {y}).values()) for p, drift in drifts.items()}
    single = list(dict.fromkeys(w for rows in terms.values() for w, _ in rows))
    whole = {p: drifts[p] / rows[0][1] for p, rows in terms.items()}
    several = list(dict.fromkeys(whole.values()))
    if len(several) <= len(single) and not any(w.free_symbols & removed for w in several):
        return several, {p: {several.index(whole[p]): rows[0][1]} for p, rows in terms.items()}
    return single, {p: {single.index(w): c for w, c in rows} for p, rows in terms.items()}
