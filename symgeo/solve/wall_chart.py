"""A chart without walls: every coordinate that has an end is replaced by the logarithm of its distance from it.

A path in these coordinates never leaves the ranges of the single coordinates, and positive parameters of all sizes are
alike in it. Conditions that tie several coordinates together are not seen here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from symgeo.geometry.walls import ends_of

if TYPE_CHECKING:
    import numpy as np
    from sympy import Expr, Symbol


class WallChart:
    """``x = f(u)``, coordinate by coordinate: ``a + e^u``, ``b - e^-u``, ``a + (b - a)/(1 + e^-u)``, or u itself.

    ``conditions``: what is positive inside the domain of the coordinates. Arrays are (n, ...), coordinates first.
    """

    def __init__(self, coordinates: Sequence[Symbol], conditions: Sequence[Expr]):
        import numpy as np

        ends = np.array([ends_of(s, conditions) for s in coordinates], dtype=float)
        self.lower, self.upper = ends[:, 0], ends[:, 1]
        low, high = np.isfinite(self.lower), np.isfinite(self.upper)
        self._above = np.flatnonzero(low & ~high)
        self._below = np.flatnonzero(high & ~low)
        self._between = np.flatnonzero(low & high)

    def from_point(self, x: np.ndarray) -> np.ndarray:
        """u (n, ...) of points x inside the ranges (n, ...)."""
        import numpy as np

        u = np.array(x, dtype=float)
        shape = (-1,) + (1,) * (u.ndim - 1)
        lower, upper = self.lower.reshape(shape), self.upper.reshape(shape)
        for rows, sign in ((self._above, 1.0), (self._between, 1.0)):
            u[rows] = sign * np.log(x[rows] - lower[rows])
        both = self._between
        u[both] -= np.log(upper[both] - x[both])
        u[self._below] = -np.log(upper[self._below] - x[self._below])
        return u

    def step(self, p: np.ndarray, q: np.ndarray, d: np.ndarray) -> np.ndarray:
        """``u(q) - u(p)`` for points (n, P) and ``d = q - p``, without cancellation where they are close."""
        out = d.copy()
        lower, upper = self.lower[:, None], self.upper[:, None]
        for rows in (self._above, self._between):
            out[rows] = _log_ratio(d[rows], p[rows] - lower[rows], q[rows] - lower[rows])
        for rows, once in ((self._below, True), (self._between, False)):
            change = -_log_ratio(-d[rows], upper[rows] - p[rows], upper[rows] - q[rows])
            out[rows] = change if once else out[rows] + change
        return out

    def point(self, u: np.ndarray) -> np.ndarray:
        """x (n, ...) of u (n, ...)."""
        return self.with_slopes(u)[0]

    def with_slopes(self, u: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """x and its first three derivatives by u, each (n, ...)."""
        import numpy as np

        x, first, second, third = u.copy(), np.ones_like(u), np.zeros_like(u), np.zeros_like(u)
        shape = (-1,) + (1,) * (u.ndim - 1)
        rows = self._above
        if len(rows):
            first[rows] = second[rows] = third[rows] = e = np.exp(u[rows])
            x[rows] = self.lower[rows].reshape(shape) + e
        rows = self._below
        if len(rows):
            first[rows] = third[rows] = e = np.exp(-u[rows])
            second[rows] = -e
            x[rows] = self.upper[rows].reshape(shape) - e
        rows = self._between
        if len(rows):
            low, high = self.lower[rows].reshape(shape), self.upper[rows].reshape(shape)
            s, r = 1 / (1 + np.exp(-u[rows])), 1 / (1 + np.exp(u[rows]))
            x[rows] = np.where(s < r, low + (high - low) * s, high - (high - low) * r)
            first[rows] = (high - low) * s * r
            second[rows] = first[rows] * (r - s)
            third[rows] = first[rows] * ((r - s) ** 2 - 2 * s * r)
        return x, first, second, third


def _log_ratio(step: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """``log(end/start)`` where end is start and a step that is known more precisely than their difference."""
    import numpy as np

    near = np.abs(step) < 0.5 * start
    return np.where(near, np.log1p(np.where(near, step / start, 0.0)), np.log(end / start))
