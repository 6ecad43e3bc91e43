"""Geodesics of the flat connections of a dually flat manifold: straight lines in its affine coordinates, brought back.

``eta(x(t)) = eta(x_0) + t d eta(v_0)`` where eta has a closed inverse. A point is taken only if the line, put back into
eta, is met to the digits that float64 has, and if the chart's own rounding errors are not magnified on the way; else
the geodesic is integrated. Source: Amari and Nagaoka 2000, section 3.3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from symgeo.codegen import numpy_function
from symgeo.codegen.numeric_node import nodes_in
from symgeo.geometry.legendre_newton import solutions

if TYPE_CHECKING:
    import numpy as np

    from symgeo.solve.march import State
    from symgeo.solve.spray import Spray

_EPS = 2.3e-16


def has_straight_lines(spray: Spray) -> bool:
    """Whether the geodesics are straight in coordinates that have a closed inverse."""
    duality = spray.manifold.duality if spray.alpha in (1, -1) else None
    if duality is None:
        return False
    e = spray.alpha == 1
    inverse = duality.coordinates_from_natural if e else duality.coordinates_from_expectation
    return inverse is not None and not nodes_in([*inverse, *(duality.natural if e else duality.expectation)])


class StraightLines:
    """Steps along straight lines of the curves that begin at x with velocity v, (n, P)."""

    longest, exact = 1.0, True

    def __init__(self, spray: Spray, x: np.ndarray, v: np.ndarray, tolerance: float):
        import numpy as np
        import sympy as sp

        duality, chart = spray.manifold.duality, spray.manifold.coordinates
        assert duality is not None, "asked for before"
        e = spray.alpha == 1
        affine = duality.natural if e else duality.expectation
        targets = duality.natural_symbols if e else duality.expectation_symbols
        origin = duality.coordinates_from_natural if e else duality.coordinates_from_expectation
        assert origin is not None, "asked for before"
        self.name = f"straight lines in the {'natural' if e else 'expectation'} coordinates, closed form"
        self._spray, self._tolerance = spray, tolerance
        slopes = list(sp.Matrix(affine).jacobian(sp.Matrix(chart)))
        self._forward = numpy_function([*affine, *slopes], chart)
        self._back = numpy_function(origin, targets)
        self._begin, jacobian = self._at(x)
        self._slope = np.einsum("pij,jp->ip", jacobian, v)

    def slope(self, x: np.ndarray, v: np.ndarray) -> np.ndarray:
        """The acceleration (n, P)."""
        return self._spray.acceleration_columns(x, v)

    def trial(self, ids: np.ndarray, state: State, h: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Points and velocities after steps h (P,), and the error (P,)."""
        import numpy as np

        t = state.t + h
        x, v, jacobian, gap = self._values(ids, t)
        sizes = np.abs(self._begin[:, ids]) + np.abs(t * self._slope[:, ids]) + np.abs(gap) / _EPS
        with np.errstate(all="ignore"):
            inverse = np.abs(solutions(jacobian, np.broadcast_to(np.eye(len(x)), jacobian.shape)))
            allowed = self._tolerance * state.reading.units + 4 * _EPS * np.abs(x)
            return x, v, np.max(_EPS * np.einsum("pij,jp->ip", inverse, sizes) / allowed, axis=0)

    def between(
        self, ids: np.ndarray, t: np.ndarray, x: np.ndarray, v: np.ndarray, later: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Points and velocities at times ``later`` (P,)."""
        point, velocity, _, _ = self._values(ids, later)
        return point, velocity

    def _values(self, ids: np.ndarray, t: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Points, velocities, the Jacobian there, and by how much the line is missed."""
        import numpy as np

        line = self._begin[:, ids] + t * self._slope[:, ids]
        with np.errstate(all="ignore"):
            x = np.stack([np.broadcast_to(c, t.shape) for c in self._back(*line)])
            values, jacobian = self._at(x)
            v = solutions(jacobian, self._slope[:, ids].T[:, :, None])[:, :, 0].T
        return x, np.ascontiguousarray(v), jacobian, values - line

    def _at(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The affine coordinates (n, P) and their Jacobian (P, n, n)."""
        import numpy as np

        n = len(x)
        found = np.stack([np.broadcast_to(c, x.shape[1:]) for c in self._forward(*x)])
        return found[:n], np.ascontiguousarray(found[n:].reshape(n, n, -1).transpose(2, 0, 1))
