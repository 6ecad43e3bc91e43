"""What kinks and jumps that move with a parameter add when a law differentiates under the integral.

``d_k E[f] = E[d_k f + f l_k] + sum over places c of ([f p](c - 0) - [f p](c + 0)) d_k c``: the integral is cut at the
places, and their rates count with the values beside them. Source: Leibniz's rule for moving limits, Flanders, Amer.
Math. Monthly 80 (1973) 615-627.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import sympy as sp

from symgeo.algebra.sets import Segment
from symgeo.algebra.zero_test import zero_test
from symgeo.errors import NoClosedFormError
from symgeo.expectation.abbreviation import Abbreviation
from symgeo.expectation.kinks import Signs, distinct, kinks, may_jump, poles
from symgeo.expectation.sides import Side, order

if TYPE_CHECKING:
    from sympy import Expr

    from symgeo.algebra import Field
    from symgeo.expectation.law import Law
    from symgeo.expectation.node import Letters

_SHORT = 20  # operations in an expression that is written out


class Boundary:
    """The places inside the support of a law at which it, or a function of its variable, is not smooth."""

    def __init__(self, law: Law, field: Field):
        self._law = law
        self.signs = Signs(field)
        self._sides: dict[tuple[Expr, int], Side] = {}

    @property
    def _on_one_axis(self) -> bool:
        pieces = self._law.pieces
        return len(pieces) == 1 and all(isinstance(p, Segment) for p in pieces[0])

    def cuts(self, functions: Sequence[Expr]) -> tuple[Expr, ...]:
        """Where the density has a kink that moves, or a function a kink or a pole, as far as that is found."""
        if not self._on_one_axis:
            return ()
        (x,), places = self._law.variables, [*self._law.kinks]
        for f in functions:
            if x in f.free_symbols:
                places += [*(kinks(f, x, self.signs) or ()), *poles(f, x, self.signs)]
        ends = [end for piece in self._law.pieces[0] for end in piece.ends]
        return tuple(place for place in distinct(places, self.signs) if place not in ends)

    def terms(self, f: Expr, letters: Letters, k: int) -> Expr:
        """What moving jumps of ``f * letters`` add to the derivative of its mean in the parameter k.

        Raises :class:`NoClosedFormError` where f may jump at a place that is not found, or without a finite limit.
        """
        parameter = self._law.parameters[k]
        factors = [f, *(self._law.derivative(i) for i in letters), sp.exp(self._law.log_density)]
        terms = []
        for place in self._moving_places(f):
            rate = sp.diff(place, parameter)
            inside = self._inside(place)
            if rate != 0 and inside != 0:
                below, above = (self.side(place, turn).limit(factors) for turn in (-1, 1))
                terms.append(rate * inside * (below - above))
        return self.shortened(sp.Add(*terms))

    def shortened(self, e: Expr) -> Expr:
        """A closed expression in the parameters, as one letter where it is long; zero where it vanishes."""
        element = self.signs.field(e)
        if not element or zero_test(element):
            return sp.S.Zero
        written = element.to_sympy()
        if written.count_ops() <= _SHORT:
            return written
        return Abbreviation(self._law, min(e, written, key=lambda f: f.count_ops()))

    def side(self, place: Expr, turn: int) -> Side:
        """One side of a place, above (1) or below (-1) it."""
        if (place, turn) not in self._sides:
            (x,) = self._law.variables
            self._sides[place, turn] = Side(x, place, turn, self.signs)
        return self._sides[place, turn]

    def _moving_places(self, f: Expr) -> Sequence[Expr]:
        """The law's kinks and those of a function that move with a parameter."""
        law = self._law
        if not may_jump(f, law.variables, law.parameters) and not law.kinks:
            return ()
        found = kinks(f, law.variables[0], self.signs) if self._on_one_axis else None
        if found is None:
            if may_jump(f, law.variables, law.parameters) and not law.is_summed:
                raise NoClosedFormError(
                    f"E[{f}] cannot be differentiated under the integral: the function jumps at a place that moves "
                    "with a parameter and could not be written down, or there are several variables; fix the "
                    "parameter, or write the condition so that it can be solved for the variable"
                )
            found = ()
        return [c for c in distinct([*law.kinks, *found], self.signs) if c.free_symbols]

    def _inside(self, place: Expr) -> Expr:
        """One where a place lies in the support, else zero."""
        total = []
        for piece in self._law.pieces[0]:
            low, high = piece.ends
            within = [place - low] if low.is_finite else []
            within += [high - place] if high.is_finite else []
            total.append(sp.Mul(*((1 + order(e, self.signs)) / 2 for e in within)))
        return sp.Add(*total)
