"""The law of a pivot's variable y, with its motions: what the parameters that the pivot took out do to y.

A motion w d/dy has the score ``h = -(w d_y log p + d_y w)``. It takes part in the algebra of expectations as if it were
the derivative of the log-density in one more parameter: ``E[h] = 0``, and ``d_k E[h ...]`` goes under the integral.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import sympy as sp

from symgeo.algebra import Element, Field
from symgeo.expectation.law import Combination, Domain, Law

if TYPE_CHECKING:
    from sympy import Expr, Symbol

    from symgeo.algebra.sets import Piece
    from symgeo.expectation.cells import Cell


class PivotLaw(Law):
    """A law whose letters from ``len(parameters)`` on are the scores of its motions, given as expressions.

    ``element`` gives the log-density, and ``scores`` the scores of the motions, as elements of the field: there the
    signs of kinks are constants.
    """

    def __init__(
        self,
        log_density: Expr,
        variables: Sequence[Symbol],
        pieces: Sequence[tuple[Piece, ...]],
        parameters: Sequence[Symbol],
        domain: Domain | None = None,
        motions: Sequence[Expr] = (),
        field: Field | None = None,
        elements: Sequence[Element] = (),
    ):
        super().__init__(log_density, variables, pieces, parameters, domain=domain, field=field)
        self.motions = tuple(motions)
        n = len(self.parameters)
        self._elements = {(): elements[0], **{(n + a,): h for a, h in enumerate(elements[1:])}} if elements else {}

    def _key(self) -> tuple:
        return (self.log_density, self.variables, self.pieces, self.parameters, self.domain, self.motions)

    def __reduce__(self) -> Any:
        return (PivotLaw, self._key())

    @property
    def scores(self) -> int:
        """How many scores there are: one for each parameter and one for each motion."""
        return len(self.parameters) + len(self.motions)

    def motion_of(self, letter: tuple[int, ...]) -> int | None:
        """Which motion a letter holds, counted from 1."""
        return letter[-1] - len(self.parameters) + 1 if letter[-1] >= len(self.parameters) else None

    def derivative(self, letter: tuple[int, ...]) -> Expr:
        """The score of a motion in the place of a derivative; its own derivatives in the parameters."""
        *below, last = letter
        if last < len(self.parameters):
            return super().derivative(letter)
        score = self.motions[last - len(self.parameters)]
        return sp.diff(score, *(self.parameters[k] for k in below)) if below else score

    def element(self, letter: tuple[int, ...]) -> Element:
        """A letter as an element of the field."""
        assert self._field is not None
        return self._element(self._field, letter)

    def on_cell(self, cell: Cell, letter: tuple[int, ...]) -> Expr:
        """A letter in the coordinates of a cell."""
        moves = letter[-1] >= len(self.parameters)
        return cell.placed(self.derivative(letter)) if moves else super().on_cell(cell, letter)

    def _combination(self, letter: tuple[int, ...]) -> Combination | None:
        # Motions after each other have no letter of their own.
        moving = sum(k >= len(self.parameters) for k in letter)
        return super()._combination(letter) if moving < 2 else None

    def _element(self, field: Field, letter: tuple[int, ...]) -> Element:
        if letter not in self._elements:
            *below, last = letter
            if last < len(self.parameters):
                self._elements[letter] = self._element(field, tuple(below)).diff(self.parameters[last])
            else:
                first, *rest = below
                self._elements[letter] = self._element(field, (*rest, last)).diff(self.parameters[first])
        return self._elements[letter]
