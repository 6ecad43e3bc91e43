"""Geodesics between given ends for arrays of pairs: collocation with more and more points, pairs dropping out when
done.

Paths start as straight lines in the chart without walls. Where Newton's method loses its way from there, polygons of
least energy are found first (:mod:`symgeo.solve.polygons`); connections other than Levi-Civita's are then reached from
it by moving alpha. A path is accepted when the equation holds between the collocation points, and for alpha = 0 when
the second variation of the energy is positive, so that it is a local minimum.
Sources: Ascher, Mattheij and Russell, Numerical Solution of Boundary Value Problems, 1995, chapters 5 and 8; do Carmo,
Riemannian Geometry, 1992, chapter 9.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from symgeo.solve.collocation import Rule, rule, transfer
from symgeo.solve.lowered_equation import BlendedEquation, LoweredEquation
from symgeo.solve.newton import Paths, descended, is_minimum, length_of
from symgeo.solve.polygons import Polygons, bends

if TYPE_CHECKING:
    import numpy as np

PRECISE = 1e-10  # the residual that is aimed at
LENGTHS = 1e-7  # enough for lengths at alpha = 0: their error is of the order of its square
_ACCEPTED = 1e-7  # where rounding keeps it from getting smaller
_INTEGRATED = 1e-6  # where the metric is known by quadrature
_NEAR = (8, 16, 24, 32, 48, 64)
_FAR = (32, 48, 64, 96, 128, 192, 288, 432)
_LARGEST = 1000  # unknowns of one path
_CORNERS = (16, 32, 64, 128)
_EDGE = 0.4  # the longest edge of a polygon, in length
_SHARE, _SMALLEST_SHARE = 0.25, 1e-3  # of the way in alpha: the first step, and the smallest one
_COARSE = 0.05  # the relative step after which the first level is left
_QUADRATIC = 0.3  # of the root of the tolerance: a step as small leads below it


@dataclass
class Found:
    """What was found for P pairs: arrays along the pairs, and second derivatives of the paths by numbers of points."""

    start: np.ndarray
    chord: np.ndarray
    residual: np.ndarray
    length: np.ndarray
    iterations: np.ndarray
    minimum: np.ndarray
    bends: list[tuple[np.ndarray, np.ndarray]] = field(default_factory=list)

    @property
    def converged(self) -> np.ndarray:
        """Which pairs have a path that satisfies the equation and is no saddle of the energy, (P,)."""
        import numpy as np

        return np.isfinite(self.residual) & self.minimum

    def paths(self, operators_of: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """u, u' and u'' (n, P, T) at the times of ``operators_of(size)``; nan where there is none."""
        import numpy as np

        out = np.full((3, *self.start.shape, len(operators_of(8).times)), np.nan)
        for rows, bend in self.bends:
            there = Paths(self.start[:, rows], self.chord[:, rows], bend).at(operators_of(bend.shape[2]))
            for part, values in zip(out, there, strict=True):
                part[:, rows] = values
        return out[0], out[1], out[2]


class BoundaryValueSolver:
    """Finds geodesics of one alpha-connection of a manifold; generated functions are kept in it."""

    def __init__(self, manifold: Any, alpha: Any = 0):
        self.equation = LoweredEquation(manifold, alpha)

    @cached_property
    def _levi_civita(self) -> BoundaryValueSolver:
        return BoundaryValueSolver(self.equation.manifold, 0)

    @cached_property
    def _polygons(self) -> Polygons:
        return Polygons(self.equation)

    @cached_property
    def _accepted(self) -> float:
        return _INTEGRATED if self.equation.is_integrated else _ACCEPTED

    def solve(self, p: np.ndarray, q: np.ndarray, tolerance: float = PRECISE) -> Found:
        """Geodesics from points p to points q (n, P) inside the domain; those not found have the residual nan."""
        import numpy as np

        with np.errstate(all="ignore"):
            found = self._prepared(p, q)
            rows = np.arange(p.shape[1])
            moving = np.any(found.chord != 0, axis=0)
            self._resting(found, rows[~moving])
            straight = np.zeros((len(p), p.shape[1], _NEAR[0]))
            self._climb(found, rows[moving], straight[:, moving], _NEAR, tolerance, self.equation)
            left = rows[~found.converged]
            if len(left) and self.equation.alpha == 0:
                self._from_polygons(found, left, tolerance)
            elif len(left):
                self._from_levi_civita(found, left, p, q, tolerance)
        return found

    def _prepared(self, p: np.ndarray, q: np.ndarray) -> Found:
        import numpy as np

        count = p.shape[1]
        chart = self.equation.chart
        return Found(
            chart.from_point(p), chart.step(p, q), np.full(count, np.nan), np.full(count, np.nan),
            np.zeros(count, dtype=int), np.ones(count, dtype=bool),
        )  # fmt: skip

    def _resting(self, found: Found, rows: np.ndarray) -> None:
        import numpy as np

        if len(rows):
            found.residual[rows] = found.length[rows] = 0.0
            found.bends.append((rows, np.zeros((len(found.start), len(rows), _NEAR[0]))))

    # -- levels --------------------------------------------------------------------------------------------------------

    def _climb(
        self,
        found: Found,
        rows: np.ndarray,
        bend: np.ndarray,
        sizes: tuple[int, ...],
        tolerance: float,
        equation: LoweredEquation | BlendedEquation,
    ) -> None:
        """Solve with more and more points from given second derivatives (n, R, N), until the equation holds between."""
        import numpy as np

        n, before = len(found.start), np.full(len(rows), np.inf)
        settled = _QUADRATIC * tolerance**0.5
        for level, size in enumerate(s for s in sizes if s * n <= _LARGEST or s == sizes[0]):
            if not len(rows):
                return
            r = rule(size)
            if bend.shape[2] != size:
                bend = bend @ transfer(bend.shape[2], size).T
            coarse = level == 0 and size < sizes[-1]
            paths = Paths(found.start[:, rows], found.chord[:, rows], bend)
            lin, jacobian, good, steps = descended(equation, paths, r, _COARSE if coarse else settled)
            found.iterations[rows] += steps
            if coarse:
                rows, bend = rows[good], paths.bend[:, good]
                before = before[good]
                continue
            residual, length = np.full(len(rows), np.nan), length_of(lin, r)
            residual[good] = residual_of(equation, paths[good], r)
            done = (residual <= tolerance) | ((residual <= self._accepted) & (residual > 0.1 * before))
            if np.any(done):
                self._keep(found, rows[done], paths.bend[:, done], residual[done], length[done])
                if self.equation.alpha == 0:
                    found.minimum[rows[done]] = is_minimum(lin.at(done), jacobian[done], r)
            on = good & ~done
            rows, bend, before = rows[on], paths.bend[:, on], residual[on]

    @staticmethod
    def _keep(found: Found, rows: np.ndarray, bend: np.ndarray, residual: np.ndarray, length: np.ndarray) -> None:
        found.residual[rows], found.length[rows] = residual, length
        found.bends.append((rows, bend))

    # -- far ends ------------------------------------------------------------------------------------------------------

    def _from_polygons(self, found: Found, rows: np.ndarray, tolerance: float) -> None:
        import numpy as np

        found.residual[rows] = np.nan
        found.minimum[rows] = True
        times = np.linspace(0, 1, _CORNERS[0] + 1)
        u = found.start[:, rows, None] + found.chord[:, rows, None] * times
        for corners in _CORNERS:
            u, energy = self._polygons.relaxed(_refined(u, corners))
            on = np.isfinite(energy)
            rows, u, energy = rows[on], u[:, on], energy[on]
            if corners == _CORNERS[0]:
                continue
            ready = (np.sqrt(energy) / corners < _EDGE) | (corners == _CORNERS[-1])
            sizes = tuple(s for s in _FAR if s >= corners)
            self._climb(found, rows[ready], bends(u[:, ready], rule(sizes[0]).times), sizes, tolerance, self.equation)
            left = ~found.converged[rows]
            rows, u = rows[left], u[:, left]
            if not len(rows):
                return

    def _from_levi_civita(self, found: Found, rows: np.ndarray, p: np.ndarray, q: np.ndarray, tolerance: float) -> None:
        """From the geodesics of alpha = 0, pair by pair, by steps of alpha that are as long as they succeed."""
        there = self._levi_civita.solve(p[:, rows], q[:, rows], LENGTHS)
        for known, bends_there in there.bends:
            for i, k in enumerate(known):
                if there.converged[k]:
                    self._moved_alpha(found, rows[k : k + 1], bends_there[:, i : i + 1], tolerance)

    def _moved_alpha(self, found: Found, row: np.ndarray, bend: np.ndarray, tolerance: float) -> None:
        """One pair, from its geodesic for alpha = 0."""
        import numpy as np

        share, step = 0.0, _SHARE
        while share < 1 and step > _SMALLEST_SHARE:
            target = min(1.0, share + step)
            part = Found(
                found.start[:, row], found.chord[:, row], np.full(1, np.nan), np.full(1, np.nan),
                np.zeros(1, dtype=int), np.ones(1, dtype=bool),
            )  # fmt: skip
            equation = BlendedEquation(self._levi_civita.equation, self.equation, target)
            sizes = (bend.shape[2], *(s for s in sorted({*_NEAR, *_FAR}) if s > bend.shape[2]))
            self._climb(part, np.arange(1), bend, sizes, tolerance if target == 1 else LENGTHS, equation)
            found.iterations[row] += part.iterations
            if part.converged[0]:
                share, step, bend = target, 1.5 * step, part.bends[0][1]
            else:
                step /= 2
        if share == 1:
            self._keep(found, row, bend, part.residual, part.length)


def residual_of(equation: LoweredEquation | BlendedEquation, paths: Paths, r: Rule) -> np.ndarray:
    """The largest of ``|x'' - a(x, x')|/|x'|``, in the metric, at points between those of the rule, (P,)."""
    import numpy as np

    defect, metric, velocity = equation.defect(*paths.at(r.between))
    g = np.moveaxis(metric, (0, 1), (-2, -1))
    from symgeo.solve.newton import solved

    raised = solved(g, np.moveaxis(defect, 0, -1)[..., None])[..., 0]
    squares = np.einsum("pik,kpi->pi", raised, defect) / np.einsum("kmpi,kpi,mpi->pi", metric, velocity, velocity)
    return np.sqrt(np.max(np.where(squares >= 0, squares, np.nan), axis=1))


def _refined(u: np.ndarray, corners: int) -> np.ndarray:
    """Polygons with another number of edges, corners taken along the old ones."""
    import numpy as np

    size = u.shape[2] - 1
    if size == corners:
        return u
    places = np.linspace(0, size, corners + 1)
    low = np.minimum(places.astype(int), size - 1)
    share = places - low
    return u[:, :, low] * (1 - share) + u[:, :, low + 1] * share
