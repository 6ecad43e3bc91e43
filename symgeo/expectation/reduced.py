"""Expectations under a pivot's law: polynomials in coefficients of the parameters, and means of functions of y.

With ``x = X(y; theta)`` and the log-density G(y; psi) of y, the score at fixed x is
``s_i = d_i G - sum_a c_ia (w_a d_y G + d_y w_a)`` where ``d_i X/d_y X = sum_a c_ia(theta) w_a(y; psi)``. So the means
of products of scores are polynomials in the c_ia with means ``E[h_a h_b ...]`` under G alone: constants where no shape
psi is left. ``E[h_a] = 0`` by integration by parts. Source: Fisher, Proc. R. Soc. A 144 (1934) 285-307; Barndorff-Nielsen
and Cox, Inference and Asymptotics (1994), section 2.8.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, reduce
from itertools import pairwise
from typing import TYPE_CHECKING

import sympy as sp

from symgeo.algebra import Element, Field
from symgeo.algebra.element import separated
from symgeo.algebra.sets import Segment
from symgeo.expectation.law import Domain, Law
from symgeo.expectation.node import Expectation

if TYPE_CHECKING:
    from sympy import Expr, Symbol

    from symgeo.expectation.pivot import Pivot

# Coefficients, free of y, of the basis functions at these positions; the empty product is a constant.
Combination = dict[tuple[int, ...], Element]


class ReducedExpectation:
    """E[.] under the law of a pivot's variable; ``domain_of`` gives the domain of the shapes that are left."""

    def __init__(
        self, pivot: Pivot, variable: Symbol, parameters: Sequence[Symbol], domain_of: Callable[[Sequence[Symbol]], Domain]
    ):
        self.pivot = pivot
        self.variable = variable
        self.parameters = tuple(parameters)
        self._domain_of = domain_of
        self.basis: list[Element] = []
        self._places: dict[Element, int] = {}
        self._letters: dict[int, int] = {}  # position in the basis -> position of the shape whose score it is
        self._parities: dict[int, int | None] = {}
        self._moments: dict[tuple[int, ...], Element] = {}
        self._scores: dict[Symbol, list[Combination]] = {}
        directions, coefficients = self._directions()
        self.directions = directions
        y, slope = pivot.variable, pivot.log_density.diff(pivot.variable)
        self.motions = [self._place(-(slope * w + w.diff(y))) for w in directions]
        self._coefficients = coefficients
        used = {s for e in (pivot.log_density, *self.basis) for s in e.free_symbols}
        self.shapes = tuple(p for p in self.parameters if p in used)

    @property
    def field(self) -> Field:
        """The field that the expectations live in."""
        return self.pivot.field

    @cached_property
    def law(self) -> Law:
        """The law of y, with the shapes as its parameters."""
        low, high = self.pivot.ends
        places = [low, *sorted({k.place for k in self.pivot.kinks}, key=float), high]
        pieces = tuple(Segment(a, b) for a, b in pairwise(places))
        domain = self._domain_of(self.shapes) if self.shapes else None
        variables = (self.pivot.variable,)
        return Law(self.pivot.written, variables, (pieces,), self.shapes, domain=domain, field=self.field)

    def _place(self, f: Element) -> int:
        if f not in self._places:
            self._places[f] = len(self.basis)
            self.basis.append(f)
        return self._places[f]

    def _directions(self) -> tuple[list[Element], dict[Symbol, dict[int, Element]]]:
        """The w_a and, for each parameter that moves y, its c_ia by a."""
        y, removed = self.pivot.variable, set(self.pivot.parameters)
        drifts = {p: drift for p in self.parameters if (drift := self.pivot.drift(p))}
        terms = {p: list(separated(drift, {y}).values()) for p, drift in drifts.items()}
        single = list(dict.fromkeys(w for rows in terms.values() for w, _ in rows))
        whole = {p: drifts[p] / rows[0][1] for p, rows in terms.items()}
        several = list(dict.fromkeys(whole.values()))
        if len(several) <= len(single) and not any(w.free_symbols & removed for w in several):
            return several, {p: {several.index(whole[p]): rows[0][1]} for p, rows in terms.items()}
        return single, {p: {single.index(w): c for w, c in rows} for p, rows in terms.items()}

    @property
    def movers(self) -> list[Symbol]:
        """For every motion of y a parameter that takes part in it."""
        return [next(p for p, row in self._coefficients.items() if a in row) for a in range(len(self.motions))]

    # -- the interface of the expectations by substitution -----------------------------------------------------------

    def score(self, parameter: Symbol) -> list[Combination]:
        """The score of one parameter at fixed x, in the basis."""
        if parameter not in self._scores:
            row = {(self.motions[a],): c for a, c in self._coefficients.get(parameter, {}).items()}
            own = self.pivot.log_density.diff(parameter)
            if own:
                position = self._place(own)
                self._letters[position] = self.shapes.index(parameter)
                row[position,] = row.get((position,), self.field.zero) + 1
            self._scores[parameter] = [row]
        return self._scores[parameter]

    def function(self, f: Element) -> list[Combination]:
        """A function of y, in the basis."""
        y, row = self.pivot.variable, {}
        for w, c in separated(f, {y}).values():
            row[(self._place(w),) if y in w.free_symbols else ()] = c
        return [row]

    def of_products(self, factors: Sequence[Sequence[Combination]]) -> Element:
        """The expectation of a product."""
        field = self.field
        total: Combination = {(): field.one}
        for (factor,) in factors:
            grown: Combination = {}
            for a, c in total.items():
                for b, d in factor.items():
                    key = tuple(sorted((*a, *b)))
                    grown[key] = grown[key] + c * d if key in grown else c * d
            total = grown
        return field.sum([c * self.moment(key) for key, c in total.items() if c])

    def moment(self, positions: tuple[int, ...]) -> Element:
        """The mean of a product of basis functions."""
        if positions not in self._moments:
            self._moments[positions] = self._moment(positions)
        return self._moments[positions]

    def _moment(self, positions: tuple[int, ...]) -> Element:
        field = self.field
        if not positions:
            return field.one
        if len(positions) == 1 and positions[0] in self.motions:
            return field.zero
        parities = [self._parity(i) for i in positions]
        if None not in parities and reduce(lambda a, b: a * b, parities) == -1:  # type: ignore[operator,arg-type,return-value]
            return field.zero
        letters = tuple(sorted((self._letters[i],) for i in positions if i in self._letters))
        f = sp.Mul(*(self.written(i) for i in positions if i not in self._letters))
        if f == 1:
            return field(self.law.moment(f, letters))
        outside, inside = f.as_independent(self.pivot.variable, as_Add=False)
        return field(outside) * field(Expectation(self.law, inside, letters))

    def written(self, position: int) -> Expr:
        """A basis function as an expression: those that move y by the derivative of the log-density as it is written."""
        y = self.pivot.variable
        if position in self.motions:
            w = self.directions[self.motions.index(position)].to_sympy()
            return -(sp.diff(self.pivot.written, y) * w + sp.diff(w, y))
        return self.pivot.with_signs(self.basis[position].to_sympy())

    def _parity(self, position: int) -> int | None:
        """1 or -1 for a function that a reflection of the support leaves or turns, where the law is symmetric."""
        if position not in self._parities:
            self._parities[position] = self._reflected(self.basis[position]) if self._is_symmetric else None
        return self._parities[position]

    @cached_property
    def _is_symmetric(self) -> bool:
        y, reflection = self.pivot.variable, self.pivot.reflection
        there = self._turned(self.pivot.log_density)
        if there is None:
            return False
        return there + self.field(sp.log(sp.Abs(sp.diff(reflection, y)))) == self.pivot.log_density

    def _reflected(self, f: Element) -> int | None:
        there = self._turned(f)
        return None if there is None else 1 if there == f else -1 if there == -f else None

    def _turned(self, f: Element) -> Element | None:
        """A function at the reflected place."""
        y, reflection = self.pivot.variable, self.pivot.reflection
        if any(reflection.subs(y, k.place) != k.place for k in self.pivot.kinks):
            return None
        turned = f.to_sympy().subs(y, reflection)
        return self.field(turned.xreplace({k.sign: -k.sign for k in self.pivot.kinks}))

    # -- what has to hold ---------------------------------------------------------------------------------------------

    def centred(self) -> list[tuple[Expectation, Expectation]]:
        """Means that were taken to be zero, as they would be integrated, each with the mean of the square."""
        found = []
        for place in self.motions:
            f = self.written(place)
            found.append((Expectation(self.law, f, ()), Expectation(self.law, f**2, ())))
        for k in range(len(self.shapes)):
            letter = (k,)
            found.append((Expectation(self.law, sp.S.One, (letter,)), Expectation(self.law, sp.S.One, (letter, letter))))
        return found
