"""Geodesics of the flat connections of a dually flat manifold: straight lines in its affine coordinates, brought back.

``eta(x(t)) = eta(x_0) + t d eta(v_0)``. The way back is the closed inverse where eta has one, else Newton's method from
the last point of the curve. A point is taken only if the line, put back into eta, is met to the digits that float64
has, and if rounding errors on the way make no more of it than those of the start do, and less than its eighth digit;
else the geodesic is integrated. Source: Amari and Nagaoka 2000, section 3.3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from symgeo.codegen import lambdify, numpy_function
from symgeo.codegen.numeric_node import nodes_in
from symgeo.geometry.legendre_newton import solutions
from symgeo.geometry.walls import Walls, ends_of

if TYPE_CHECKING:
    import numpy as np
    from sympy import Expr

    from symgeo.solve.march import State
    from symgeo.solve.spray import Spray

_EPS = 2.3e-16
_STEPS, _CHECKED_STEPS = 14, 4  # Newton's, plain and with all digits
_SETTLED = 1e-14
_LONGEST = {True: 1.0, False: 0.5}  # step, in the metric, with a closed inverse and by Newton's method
_MET = 1e-6  # a line that is missed by more, of the size of its terms, was not found
_INHERENT = 64.0  # times the errors that the rounding of the start makes
_LOST = 1e-7  # relative error of a point that has too few digits


def has_straight_lines(spray: Spray) -> bool:
    """Whether the geodesics are straight in coordinates that have a closed form."""
    duality = spray.manifold.duality if spray.alpha in (1, -1) else None
    return duality is not None and not nodes_in(duality.natural if spray.alpha == 1 else duality.expectation)


class AffineChart:
    """Natural (alpha 1) or expectation coordinates (-1) as functions of the chart; kept with the connection."""

    def __init__(self, spray: Spray):
        import numpy as np
        import sympy as sp

        duality, chart = spray.manifold.duality, spray.manifold.coordinates
        assert duality is not None, "asked for before"
        e = spray.alpha == 1
        affine: tuple[Expr, ...] = duality.natural if e else duality.expectation
        targets = duality.natural_symbols if e else duality.expectation_symbols
        origin = duality.coordinates_from_natural if e else duality.coordinates_from_expectation
        self.closed = origin is not None and not nodes_in(origin)
        way = "closed form" if self.closed else "Newton's method"
        self.name = f"straight lines in the {'natural' if e else 'expectation'} coordinates, {way}"
        self._n = len(chart)
        slopes = sp.Matrix(affine).jacobian(sp.Matrix(chart))
        rates = slopes * sp.Matrix(spray.velocity_symbols)
        both = [*affine, *slopes]
        self._plain, self._checked = numpy_function(both, chart), lambdify(both, chart)
        self._turning = lambdify(list(rates.jacobian(sp.Matrix(chart))), [*chart, *spray.velocity_symbols])
        self._back = numpy_function(origin, targets) if self.closed and origin is not None else None
        ends = np.array([ends_of(s, spray.conditions) for s in chart], dtype=float)
        self.walls = Walls(ends[:, 0], ends[:, 1])

    @classmethod
    def of(cls, spray: Spray) -> AffineChart:
        """That of a connection."""
        kept = spray.connection.generated
        if cls not in kept:
            kept[cls] = cls(spray)
        return kept[cls]

    def at(self, x: np.ndarray, checked: bool = True) -> tuple[np.ndarray, np.ndarray]:
        """The affine coordinates (n, P) and their Jacobian (P, n, n); ``checked``: with digits that doubles lose."""
        import numpy as np

        found = self._checked(x.T).T if checked else _stacked(self._plain(*x), x)
        n = self._n
        return found[:n], np.ascontiguousarray(found[n:].reshape(n, n, -1).transpose(2, 0, 1))

    def turning(self, x: np.ndarray, v: np.ndarray) -> np.ndarray:
        """How the Jacobian applied to a velocity changes with the point, (P, n, n)."""
        import numpy as np

        found = self._turning(np.concatenate([x, v]).T).T
        return np.ascontiguousarray(found.reshape(self._n, self._n, -1).transpose(2, 0, 1))

    def inverse(self, line: np.ndarray, guess: np.ndarray) -> np.ndarray:
        """Points with the affine coordinates ``line`` (n, P), by Newton's method in plain floating point."""
        import numpy as np

        if self._back is not None:
            return _stacked(self._back(*line), line)
        x = guess.copy()
        rows = np.arange(x.shape[1])
        for _ in range(_STEPS):
            here = np.ascontiguousarray(x[:, rows])
            values, jacobian = self.at(here, checked=False)
            step = solutions(jacobian, (line[:, rows] - values).T[:, :, None])[:, :, 0].T
            moved = self.walls.moved(here.T, step.T).T
            x[:, rows] = moved
            rows = rows[np.any(np.abs(step) > _SETTLED * np.abs(moved), axis=0) & np.all(np.isfinite(moved), axis=0)]
            if not len(rows):
                break
        return x


class StraightLines:
    """Steps along straight lines of the curves that begin at x with velocity v, (n, P)."""

    exact = True

    def __init__(self, spray: Spray, x: np.ndarray, v: np.ndarray, tolerance: float):
        import numpy as np

        self._chart = chart = AffineChart.of(spray)
        self.name, self._spray, self._tolerance = chart.name, spray, tolerance
        self._x, self._v = np.abs(x), np.abs(v)
        self._begin, self._jacobian = chart.at(x)
        self._turning = chart.turning(x, v)
        self._slope = np.einsum("pij,jp->ip", self._jacobian, v)
        self._size = np.einsum("pij,jp->ip", np.abs(self._jacobian), self._v)  # of the terms of the slope

    def longest(self, state: State) -> np.ndarray:
        """The longest steps (P,): so far in the metric, in which a coordinate may run far."""
        import numpy as np

        with np.errstate(all="ignore"):
            square = np.einsum("pij,ip,jp->p", self._spray.metric(state.x.T), state.v, state.v)
            return _LONGEST[self._chart.closed] / np.sqrt(np.maximum(square, 0.0))

    def slope(self, x: np.ndarray, v: np.ndarray) -> np.ndarray:
        """The acceleration (n, P)."""
        import numpy as np

        with np.errstate(all="ignore"):
            force = np.einsum("pij,jp->pi", self._chart.turning(x, v), v)
            _, jacobian = self._chart.at(x)
            return -np.ascontiguousarray(solutions(jacobian, force[:, :, None])[:, :, 0].T)

    def trial(self, ids: np.ndarray, state: State, h: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Points and velocities after steps h (P,), and the error (P,)."""
        import numpy as np

        with np.errstate(all="ignore"):
            guess = self._guess(state.x, state.v, h)
            x, v, error, inherent = self._values(ids, state.t + h, guess)
            units, size = state.reading.units, np.abs(x)
            most = np.minimum(_INHERENT * inherent, _LOST * (units + size))
            relative = np.max(error / np.maximum(self._tolerance * units + 4 * _EPS * size, most), axis=0)
            return x, v, relative

    def between(
        self, ids: np.ndarray, t: np.ndarray, x: np.ndarray, v: np.ndarray, later: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Points and velocities at times ``later`` (P,)."""
        import numpy as np

        with np.errstate(all="ignore"):
            guess = self._guess(x, v, later - t)
            point, velocity, _, _ = self._values(ids, later, guess)
        return point, velocity

    def _guess(self, x: np.ndarray, v: np.ndarray, h: np.ndarray) -> np.ndarray:
        return self._chart.walls.moved(x.T, (h * v).T).T

    def _values(
        self, ids: np.ndarray, t: np.ndarray, guess: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Points, velocities, their errors, and those that the rounding of the start makes, each (n, P)."""
        import numpy as np

        chart, rate = self._chart, self._slope[:, ids]
        line = self._begin[:, ids] + t * rate
        sizes = np.abs(self._begin[:, ids]) + np.abs(t) * self._size[:, ids]
        x = chart.inverse(line, guess)
        for last in range(_CHECKED_STEPS):
            values, jacobian = chart.at(x)
            gap = line - values
            if last == _CHECKED_STEPS - 1 or np.all(~(np.abs(gap) > 2 * _EPS * sizes)):
                break
            x = chart.walls.moved(x.T, solutions(jacobian, gap.T[:, :, None])[:, :, 0]).T
        missed = ~np.all(np.abs(gap) <= _MET * sizes, axis=0)
        x = np.where(missed, np.nan, x)
        v = np.ascontiguousarray(solutions(jacobian, rate.T[:, :, None])[:, :, 0].T)
        inverse = np.abs(solutions(jacobian, np.broadcast_to(np.eye(len(x)), jacobian.shape)))
        error = np.einsum("pij,jp->ip", inverse, _EPS * sizes + np.abs(gap))
        begun = self._jacobian[ids]
        by_start = solutions(jacobian, begun + t[:, None, None] * self._turning[ids])
        by_velocity = solutions(jacobian, t[:, None, None] * begun)
        inherent = np.einsum("pij,jp->ip", np.abs(by_start), self._x[:, ids])
        inherent += np.einsum("pij,jp->ip", np.abs(by_velocity), self._v[:, ids])
        return x, v, error, _EPS * inherent


def _stacked(values: list[np.ndarray], like: np.ndarray) -> np.ndarray:
    import numpy as np

    return np.stack([np.broadcast_to(c, like.shape[1:]) for c in values])
