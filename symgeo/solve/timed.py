"""A curve of constant speed, run through in the time of a geodesic that it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from symgeo.solve.collocation import antiderivative, rule
from symgeo.solve.pieces import SIZE

if TYPE_CHECKING:
    import numpy as np

    from symgeo.solve.curve_equation import CurveEquation
    from symgeo.solve.pieces import Pieces

_TURN = 0.5  # by what the logarithm of the speed changes in a piece
_STEPS = 12


class TimedPieces:
    """The geodesic; its time is 0 and 1 at the ends.

    With s the time of the curve, ``log t'(s)`` is an integral of the equation's ``t''/t'``, and t one of its
    exponential; pieces are cut until this changes little in each.
    """

    def __init__(self, curve: Pieces, equation: CurveEquation):
        import numpy as np

        points = rule(SIZE).times
        for _ in range(20):
            u, du, _ = curve.paths.on(rule(SIZE))
            slowing = equation.slowing(u, du)  # by a piece's own time in [0, 1]
            turns = np.max(np.abs(slowing), axis=1)
            if np.all(turns <= _TURN):
                break
            curve = curve.split(np.where(turns > _TURN, 2, 1))
        self.curve, self._slowing = curve, slowing
        whole = antiderivative(SIZE, np.array([1.0]))[0]
        begin = np.concatenate([[0.0], np.cumsum(slowing @ whole)])
        self._logs = begin[:-1, None] + slowing @ antiderivative(SIZE, points).T
        top = np.max(begin)
        spent = curve.spans * (np.exp(self._logs - top) @ whole)
        # Logarithms of dt/ds, where the whole takes 1.
        scale = top + np.log(np.sum(spent))
        self._begin, self._logs = begin - scale, self._logs - scale
        self._breaks = np.concatenate([[0.0], np.cumsum(spent)]) / np.sum(spent)
        self._breaks[-1] = 1.0

    def at(self, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """u and u' (n, T) at times in [0, 1]."""
        import numpy as np

        last = len(self.curve.spans) - 1
        place = np.clip(np.searchsorted(self._breaks, times, side="right") - 1, 0, last)
        local = self._local(place, times)
        u, du, _ = self.curve.at(self.curve.breaks[:-1][place] + local * self.curve.spans[place])
        rows = antiderivative(SIZE, local)
        speed = np.exp(-(self._begin[:-1][place] + np.sum(self._slowing[place] * rows, axis=1)))
        return u, du * speed

    def _local(self, place: np.ndarray, times: np.ndarray) -> np.ndarray:
        """Where in its piece, [0, 1], a time is: Newton's method on the integral of dt/ds."""
        import numpy as np

        wanted = times - self._breaks[place]
        width = self._breaks[place + 1] - self._breaks[place]
        local = np.clip(np.where(width > 0, wanted / np.where(width > 0, width, 1.0), 0.0), 0.0, 1.0)
        rates = np.exp(self._logs[place]) * self.curve.spans[place][:, None]
        for _ in range(_STEPS):
            rows = antiderivative(SIZE, local)
            slope = np.exp(self._begin[:-1][place] + np.sum(self._slowing[place] * rows, axis=1))
            step = (wanted - np.sum(rates * rows, axis=1)) / (slope * self.curve.spans[place])
            local = np.clip(local + step, 0.0, 1.0)
        return local
