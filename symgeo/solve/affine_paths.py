"""Geodesics of the flat connections of a dually flat manifold between points: straight lines, brought back.

Source: Amari and Nagaoka, Methods of Information Geometry, 2000, section 3.3.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from symgeo.codegen import numpy_function
from symgeo.solve.measured import measured_residual
from symgeo.solve.newton import solved
from symgeo.solve.path_between import Source, nowhere

if TYPE_CHECKING:
    import numpy as np

    from symgeo.solve.affine_lines import AffineLines
    from symgeo.solve.lowered_equation import LoweredEquation

AFFINE = "affine coordinates"
# Points of a line that are looked at; a step of so many times what the speeds say is a jump.
_SAMPLES, _JUMP = 17, 10.0
_MISSED = 1e-8  # of a path's ends, relative to their distance from each other; of a condition, to its terms


class AffinePaths:
    """Geodesics that are straight lines in affine coordinates."""

    def __init__(self, equation: LoweredEquation, lines: AffineLines, p: np.ndarray, q: np.ndarray):
        self._equation, self._lines, self._p, self._q = equation, lines, p, q
        self._start, self._end = lines.map(p), lines.map(q)
        self.method = f"{AFFINE}: {lines.name}"

    def distance(self) -> np.ndarray | None:
        """See :class:`Source`."""
        return None

    def velocity(self) -> np.ndarray:
        """See :class:`Source`."""
        step = self._lines.map.difference(self._p, self._q)
        return solved(self._lines.map.slopes(self._p), step.T[:, :, None])[:, :, 0].T

    def iterations(self) -> np.ndarray:
        """See :class:`Source`."""
        import numpy as np

        return np.zeros(self._p.shape[1], dtype=int)

    @cached_property
    def _sampled(self) -> np.ndarray:
        import numpy as np

        with np.errstate(all="ignore"):
            return self.points(np.linspace(0.0, 1.0, _SAMPLES))

    @cached_property
    def _whole(self) -> np.ndarray:
        """Which lines lie in the domain and come back to their ends: inverse functions have several branches."""
        import numpy as np

        points = self._sampled
        wanted = np.stack([self._p, self._q], axis=2)
        apart = np.maximum(np.abs(wanted), np.abs(self._q - self._p)[:, :, None])
        with np.errstate(all="ignore"):
            met = np.abs(points[:, :, [0, -1]] - wanted) <= _MISSED * apart
        inside = np.all(np.isfinite(points), axis=(0, 2)) & np.all(met, axis=(0, 2))
        return inside & (self.leaves() == "") & self._unbroken()

    def _unbroken(self) -> np.ndarray:
        """Whether no step from one point to the next is much longer than the speeds at both: across a cut of the chart
        the inverse functions jump."""
        import numpy as np

        points = self._sampled
        n, pairs, times = points.shape
        step = np.repeat(self._lines.map.difference(self._p, self._q).T, times, axis=0)
        with np.errstate(all="ignore"):
            speed = np.abs(solved(self._lines.map.slopes(points.reshape(n, -1)), step[:, :, None])[:, :, 0].T)
            speed = speed.reshape(n, pairs, times)
            longest = _JUMP * np.maximum(speed[:, :, 1:], speed[:, :, :-1]) / (times - 1)
            jumps = np.abs(np.diff(points, axis=2)) > longest + _MISSED * np.abs(points[:, :, 1:])
        return ~np.any(jumps, axis=(0, 2))

    @cached_property
    def _leaves(self) -> np.ndarray:
        import numpy as np
        import sympy as sp

        conditions = self._equation.conditions
        out = nowhere(self._p.shape[1])
        if not conditions:
            return out
        sizes = [sp.Add(*map(sp.Abs, sp.Add.make_args(c))) for c in conditions]
        found = np.array(numpy_function([*conditions, *sizes], self._equation.manifold.coordinates)(*self._sampled))
        for c, value, size in zip(conditions, found[: len(conditions)], found[len(conditions) :], strict=True):
            broken = np.any(value < -_MISSED * size, axis=-1)
            out[broken & (out == "")] = f"{c} > 0"
        return out

    def leaves(self) -> np.ndarray:
        """See :class:`Source`."""
        return self._leaves

    def reasons(self) -> np.ndarray:
        """See :class:`Source`."""
        return nowhere(self._p.shape[1])

    def unsure(self) -> np.ndarray:
        """The numbers of the pairs whose line is not seen to leave the domain, and is not brought back to it either:
        float64 loses the digits of the affine coordinates, or the inverse function takes another branch."""
        import numpy as np

        return np.flatnonzero(~self._whole & (self._leaves == ""))

    def converged(self) -> np.ndarray:
        """See :class:`Source`."""
        return self._whole

    def residual(self) -> np.ndarray:
        """See :class:`Source`."""
        import numpy as np

        return measured_residual(self._equation, self.points, np.zeros(self._p.shape[1]))

    def points(self, times: np.ndarray) -> np.ndarray:
        """See :class:`Source`."""
        return self._lines.points(self._start, self._end, times)


class MendedPaths:
    """Geodesics of which some, by their numbers ``rows``, were found in another way."""

    def __init__(self, lines: AffinePaths, rows: np.ndarray, mending: Source):
        self._lines, self._rows, self.mending = lines, rows, mending
        self.method = f"{lines.method}; {mending.method} for {len(rows)}"

    def _mended(self, whole: np.ndarray, part: np.ndarray) -> np.ndarray:
        out = whole.copy()
        out[..., self._rows] = part
        return out

    def velocity(self) -> np.ndarray:
        """See :class:`Source`."""
        return self._mended(self._lines.velocity(), self.mending.velocity())

    def distance(self) -> np.ndarray | None:
        """See :class:`Source`."""
        return None

    def residual(self) -> np.ndarray:
        """See :class:`Source`."""
        return self._mended(self._lines.residual(), self.mending.residual())

    def iterations(self) -> np.ndarray:
        """See :class:`Source`."""
        return self._mended(self._lines.iterations(), self.mending.iterations())

    def converged(self) -> np.ndarray:
        """See :class:`Source`."""
        return self._mended(self._lines.converged(), self.mending.converged())

    def leaves(self) -> np.ndarray:
        """See :class:`Source`."""
        return self._lines.leaves()

    def reasons(self) -> np.ndarray:
        """See :class:`Source`."""
        return self._mended(self._lines.reasons(), self.mending.reasons())

    def points(self, times: np.ndarray) -> np.ndarray:
        """See :class:`Source`."""
        out = self._lines.points(times)
        out[:, self._rows] = self.mending.points(times)
        return out
