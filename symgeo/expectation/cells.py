"""A law's support cut into cells, on each of which its density is one expression of one coordinate per variable.

Near a finite end a the variable is written ``a + y`` in the expressions themselves, so that no digit of y is lost
beside a power singularity.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import sympy as sp

from symgeo.algebra.sets import Points, Progression, Segment
from symgeo.codegen import numpy_function

if TYPE_CHECKING:
    import numpy as np
    from sympy import Expr, Symbol

    from symgeo.algebra.sets import Piece

_MOST_HINTS = 12


@dataclass(frozen=True)
class Axis:
    """One variable of a cell: ``variable = image`` of its own coordinate y and of the earlier ones.

    ``ends`` are, for a sum, its first and last integer; for an integral (0, reach), or None for the whole line.
    """

    kind: str  # "line", "ray", "integers", "point"
    y: Symbol
    image: Expr
    ends: tuple[Expr, ...] = ()


@dataclass(frozen=True)
class Cell:
    """A product of axes, ``images`` giving every variable in their coordinates."""

    axes: tuple[Axis, ...]
    images: dict[Symbol, Expr]
    log_density: Expr
    parameters: tuple[Symbol, ...]

    @cached_property
    def coordinates(self) -> list[Symbol]:
        """The coordinates of the axes, in order."""
        return [a.y for a in self.axes]

    @cached_property
    def weight(self) -> Any:
        """The log-density as a function of coordinates and parameters."""
        return numpy_function([self.log_density], [*self.coordinates, *self.parameters])

    @cached_property
    def _derivatives(self) -> dict[tuple[int, ...], Expr]:
        return {}

    def derivative(self, letter: tuple[int, ...]) -> Expr:
        """The derivative of the log-density in the parameters at these positions: of the placed one, so that nothing
        like 0 log 0 stands where a variable is a number."""
        if letter not in self._derivatives:
            below = self.log_density if len(letter) == 1 else self.derivative(letter[:-1])
            self._derivatives[letter] = sp.diff(below, self.parameters[letter[-1]])
        return self._derivatives[letter]

    def placed(self, e: Expr) -> Expr:
        """An expression in the variables as one in the cell's coordinates."""
        return e.xreplace(self.images)

    @cached_property
    def _ends(self) -> list[Any]:
        return [numpy_function(list(a.ends), self.coordinates[:i]) if i else None for i, a in enumerate(self.axes)]

    def alive(self, points: np.ndarray) -> np.ndarray:
        """At which parameter points (P, n) the cell is not empty -> bool (P,)."""
        import numpy as np

        return np.ones(len(points), dtype=bool)

    def ends(self, level: int, own: Sequence[np.ndarray], points: np.ndarray) -> list[np.ndarray]:
        """The ends of an axis row by row, given the coordinates before it."""
        import numpy as np

        count = len(points)
        ends = self.axes[level].ends
        if not any(e.free_symbols for e in ends):
            return [np.full(count, float(e)) for e in ends]
        return [np.broadcast_to(e, (count,)) for e in self._ends[level](*own)]

    @cached_property
    def _hints(self) -> list[Any]:
        functions = []
        for i, axis in enumerate(self.axes):
            # The peak of an inner variable may move with an outer one.
            known = [*self.coordinates[:i], *self.parameters]
            places = _hints(self.log_density, axis.y, self.parameters, axis.image)
            usable = [h for h in places if h.free_symbols <= set(known)]
            functions.append(numpy_function(usable, known) if usable else None)
        return functions

    def hints(self, level: int, own: Sequence[np.ndarray], points: np.ndarray) -> np.ndarray:
        """Places on an axis where the weight may peak, (rows, hints)."""
        import numpy as np

        if self._hints[level] is None:
            return np.full((len(points), 1), np.nan)
        return np.stack(self._hints[level](*own, *points[:, : len(self.parameters)].T), axis=-1)


def cells_of(
    log_density: Expr, variables: Sequence[Symbol], pieces: Sequence[tuple[Piece, ...]], parameters: tuple[Symbol, ...]
) -> Iterator[Cell]:
    """Every choice of one axis for each variable."""

    def grown(axes: tuple[Axis, ...], images: dict[Symbol, Expr]) -> Iterator[Cell]:
        number = len(images)
        if number == len(variables):
            own = tuple(a for a in axes if a.kind != "point")
            yield Cell(own, images, log_density.xreplace(images), parameters)
            return
        for piece in pieces[number]:
            for axis in _axes(variables[number], piece, images, log_density):
                yield from grown((*axes, axis), {**images, variables[number]: axis.image})

    return grown((), {})


def _axes(variable: Symbol, piece: Any, images: dict[Symbol, Expr], log_density: Expr) -> Iterator[Axis]:
    if isinstance(piece, Points):
        for value in piece.values:
            yield Axis("point", sp.Dummy(), value)
        return
    ends = tuple(e.xreplace(images) for e in piece.ends)
    if isinstance(piece, Progression):
        for k, inward in ((0, 1), (1, -1)):
            if ends[k].is_Integer and _vanishing_base(log_density, variable, ends[k]):
                yield Axis("point", sp.Dummy(), ends[k])
                ends = (ends[0] + piece.step, ends[1]) if inward == 1 else (ends[0], ends[1] - piece.step)
        n = sp.Dummy(variable.name, integer=True, nonnegative=ends[0].is_nonnegative or None)
        if piece.step == 1:
            yield Axis("integers", n, n, ends)
        else:
            start, turn = (ends[0], 1) if ends[0].is_finite else (ends[1], -1)
            yield Axis("integers", n, start + turn * piece.step * n, (sp.S.Zero, (ends[1] - ends[0]) / piece.step))
        return
    assert isinstance(piece, Segment)
    low, high = ends
    y = sp.Dummy(variable.name, positive=True)
    if low.is_infinite and high.is_infinite:
        line = sp.Dummy(variable.name, real=True)
        yield Axis("line", line, line)
    elif high.is_infinite:
        yield Axis("ray", y, low + y, (sp.oo,))
    elif low.is_infinite:
        yield Axis("ray", y, high - y, (sp.oo,))
    else:
        half = (high - low) / 2
        yield Axis("ray", y, low + y, (half,))
        other = sp.Dummy(variable.name, positive=True)
        yield Axis("ray", other, high - other, (half,))


def _vanishing_base(log_density: Expr, variable: Symbol, end: Expr) -> bool:
    """Whether a power with a free exponent has the base 0 at an end."""
    return any(
        p.exp.free_symbols and variable in p.base.free_symbols and p.base.subs(variable, end) == 0
        for p in log_density.atoms(sp.Pow)
    )


def _hints(log_density: Expr, y: Symbol, parameters: Sequence[Symbol], image: Expr) -> list[Expr]:
    """Places on an axis where the weight may peak: zeros of linear and vertices of quadratic parts, and parameters."""
    parts = {
        a
        for e in log_density.atoms(sp.Function, sp.Pow)
        for a in e.args
        if isinstance(a, sp.Expr) and y in a.free_symbols
    }
    parts |= {t for t in sp.Add.make_args(log_density) if y in t.free_symbols}
    found: dict[Expr, None] = {}
    for part in sorted(parts, key=sp.default_sort_key):
        if not part.is_polynomial(y):
            continue
        slope = sp.diff(part, y)
        bend = sp.expand(sp.diff(slope, y))
        if y in bend.free_symbols:
            continue
        q, f = (bend, slope) if bend != 0 else (sp.expand(slope), part)
        if q != 0 and y not in q.free_symbols:
            found[-f.subs(y, 0) / q] = None
    turn = sp.diff(image, y)
    for s in parameters:
        found[(s - image.subs(y, 0)) / turn] = None
    return [h for h in found if h.is_number is False or h.is_finite][:_MOST_HINTS]
