"""Cells of one variable beside places that move with the parameters, each up to halfway to the next place.

Which place comes first may differ from one parameter point to another: every place has a cell on either side, and how
far it reaches is found in numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import sympy as sp

from symgeo.codegen import numpy_function
from symgeo.expectation.cells import Axis, Cell

if TYPE_CHECKING:
    import numpy as np
    from sympy import Expr

    from symgeo.expectation.law import Law
    from symgeo.expectation.sides import Side


@dataclass(frozen=True, eq=False)
class Borders:
    """Ends and places of one interval of a support, and their values at parameter points."""

    ends: tuple[Expr, Expr]
    places: tuple[Expr, ...]  # the finite ends first
    parameters: tuple[Any, ...]

    @cached_property
    def _function(self) -> Any:
        return numpy_function(self.places, self.parameters)

    def reach(self, index: int, turn: int, points: np.ndarray) -> np.ndarray:
        """How far the cell beside a place goes, (P,); zero where the place lies outside or coincides with another."""
        import numpy as np

        parameters = points[:, : len(self.parameters)]
        places = np.stack([np.broadcast_to(v, len(points)) for v in self._function(*parameters.T)])
        low, high = (float(e) for e in self.ends)
        inside = (places >= low) & (places <= high)
        own = places[index]
        alive = inside[index] & ~np.any(inside[:index] & (places[:index] == own), axis=0)
        distance = np.where(inside, turn * (places - own), np.inf)
        nearest = np.min(np.where(distance > 0, distance, np.inf), axis=0)
        return np.where(alive, 0.5 * nearest, 0.0)


@dataclass(frozen=True, eq=False)
class Wing(Cell):
    """The cell on one side of a place."""

    law: Law
    side: Side
    borders: Borders
    index: int

    def derivative(self, letter: tuple[int, ...]) -> Expr:
        """A derivative of the log-density at a fixed value of the variable, in the distance from the place."""
        return self.side.placed(self.law.derivative(letter))

    def placed(self, e: Expr) -> Expr:
        """A function of the variable as one of the distance from the place."""
        return self.side.placed(e)

    def alive(self, points: np.ndarray) -> np.ndarray:
        """At which points the cell is not empty."""
        return self._reach(points) > 0

    def ends(self, level: int, own: Sequence[np.ndarray], points: np.ndarray) -> list[np.ndarray]:
        """How far the cell goes, point by point."""
        return [self._reach(points)]

    def _reach(self, points: np.ndarray) -> np.ndarray:
        return self.borders.reach(self.index, self.side.turn, points)


def wings(law: Law, cuts: Sequence[Expr]) -> list[Wing]:
    """The cells of a law of one continuous variable whose support is cut at some places."""
    found = []
    for piece in law.pieces[0]:
        low, high = piece.ends
        turns = {low: (1,), high: (-1,)}
        places = (*(e for e in piece.ends if e.is_finite), *cuts)
        borders = Borders((low, high), places, law.parameters)
        for index, place in enumerate(places):
            for turn in turns.get(place, (1, -1)):
                side = law.boundary.side(place, turn)
                axis = Axis("ray", side.y, side.image, (sp.oo,))
                images = {law.variables[0]: side.image}
                found.append(
                    Wing((axis,), images, side.placed(law.log_density), law.parameters, law, side, borders, index)
                )
    return found
