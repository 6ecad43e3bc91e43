"""Geodesics between given ends for arrays of pairs: collocation with more and more points, pairs dropping out when
done.

Paths start as straight lines in the chart without walls. Where Newton's method loses its way from there, polygons of
least energy are found first (:mod:`symgeo.solve.polygons`), from the shortest of that line and the e- and m-geodesics,
and paths of several pieces go on from them (:mod:`symgeo.solve.pieces`); connections other than Levi-Civita's are then
reached from it, or from the e- or m-geodesic, by moving alpha, as curves of constant speed
(:mod:`symgeo.solve.curve_equation`), which are run through in their own time at last (:mod:`symgeo.solve.timed`). A
path is accepted when the equation holds between the
collocation points, and for alpha = 0 when the second variation of the energy is positive, so that it is a local
minimum.
Sources: Ascher, Mattheij and Russell, Numerical Solution of Boundary Value Problems, 1995; do Carmo, Riemannian
Geometry, 1992.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from symgeo.solve.affine_lines import AffineLines
from symgeo.solve.careful_equation import CarefulEquation
from symgeo.solve.collocation import operators, rule, transfer
from symgeo.solve.curve_equation import CubicTerm, CurveEquation
from symgeo.solve.lowered_equation import LoweredEquation
from symgeo.solve.newton import Paths, descended, is_minimum, length_of, residual_of
from symgeo.solve.pieces import Pieces, PieceSolver, Solved, from_path, from_polygon
from symgeo.solve.polygons import Polygons, remeshed
from symgeo.solve.progress import Progress
from symgeo.solve.timed import TimedPieces

if TYPE_CHECKING:
    import numpy as np
    from sympy import Expr

PRECISE = 1e-10  # the residual that is aimed at
LENGTHS = 1e-7  # enough for lengths at alpha = 0: their error is of the order of its square
_ACCEPTED = 1e-7  # where rounding keeps it from getting smaller
_ROUNDED = 1e-5  # where it is no more than what the rounding errors of the metric are seen to make it
_INTEGRATED = 1e-6  # where the metric is known by quadrature
_SIZES = (8, 16, 24, 32, 48, 64)
_LARGEST = 1000  # unknowns of one path
_CORNERS = (16, 32, 64, 128, 256)
_TOGETHER = 8  # polygons
_SHARE, _SMALLEST_SHARE = 0.5, 1e-4  # of the way in alpha: the first step, and the smallest one
_GRADED = 30.0  # the logarithms of the first times on a straight line, which are geometric at both ends
_FAR = 4.0  # logarithms beyond the ends, and their distance, by which a polygon that goes out is said to
_LOOKED_AT = 17  # points of the straight line at which digits are checked
_COARSE = 0.05  # the relative step after which the first level is left
_QUADRATIC = 0.01  # of the root of the tolerance: a step as small leads below it


@dataclass
class Found:
    """What was found for P pairs: arrays along the pairs, and the paths: second derivatives by numbers of points, or
    pieces. Pairs whose residual is nan are not found, or not yet; of those ``reached`` says up to which alpha there are
    geodesics, ``furthest`` (n,) how far out the polygon of least energy goes, where that is far, ``lost`` where
    float64 loses the digits of the equation, and ``undefined`` at which ends it has no value."""

    start: np.ndarray
    chord: np.ndarray
    residual: np.ndarray
    length: np.ndarray
    iterations: np.ndarray
    bends: list[tuple[np.ndarray, np.ndarray]] = field(default_factory=list)
    pieces: dict[int, Pieces | TimedPieces] = field(default_factory=dict)
    reached: dict[int, float] = field(default_factory=dict)
    furthest: dict[int, np.ndarray] = field(default_factory=dict)
    lost: set[int] = field(default_factory=set)
    undefined: set[int] = field(default_factory=set)

    @property
    def converged(self) -> np.ndarray:
        """Which pairs have a path that satisfies the equation and is no saddle of the energy, (P,)."""
        import numpy as np

        return np.isfinite(self.residual)

    def paths(self, times: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """u and u' (n, P, T) at times, or at both ends; nan where there is none."""
        import numpy as np

        moments = np.array([0.0, 1.0]) if times is None else times
        out = np.full((2, *self.start.shape, len(moments)), np.nan)
        for rows, bend in self.bends:
            size = bend.shape[2]
            there = rule(size).ends if times is None else operators(size, moments)
            out[:, :, rows] = Paths(self.start[:, rows], self.chord[:, rows], bend).at(there)[:2]
        for row, path in self.pieces.items():
            out[:, :, row] = path.at(moments)[:2]
        return out[0], out[1]


class BoundaryValueSolver:
    """Finds geodesics of one alpha-connection of a manifold; generated functions are kept in it."""

    def __init__(self, manifold: Any, alpha: Any = 0, conditions: Sequence[Expr] | None = None):
        self.equation = LoweredEquation(manifold, alpha, conditions)

    @cached_property
    def _careful(self) -> CarefulEquation:
        return CarefulEquation(self.equation.manifold, self.equation.alpha, self.equation.conditions)

    @cached_property
    def _levi_civita(self) -> BoundaryValueSolver:
        return BoundaryValueSolver(self.equation.manifold, 0, self.equation.conditions)

    @cached_property
    def _cubic(self) -> CubicTerm:
        return CubicTerm(self._levi_civita.equation)

    @cached_property
    def _polygons(self) -> Polygons:
        return Polygons(self.equation)

    @cached_property
    def _lines(self) -> list[AffineLines]:
        duality = self.equation.manifold.duality
        return [] if duality is None else [AffineLines(self.equation.manifold, alpha) for alpha in (1, -1)]

    @cached_property
    def _accepted(self) -> float:
        return _INTEGRATED if self.equation.is_integrated else _ACCEPTED

    def prepared(self, p: np.ndarray, q: np.ndarray, d: np.ndarray) -> Found:
        """What is to be found for pairs of points p and q (n, P) inside the domain, with ``d = q - p``."""
        import numpy as np

        count, chart = p.shape[1], self.equation.chart
        nothing = np.full((2, count), np.nan)
        return Found(chart.from_point(p), chart.step(p, q, d), nothing[0], nothing[1], np.zeros(count, dtype=int))

    def solve(self, found: Found, tolerance: float = PRECISE, work: Progress | None = None) -> None:
        """Find the geodesics; an interruption leaves in ``found`` those that are done. ``work`` hears of every pair."""
        import numpy as np

        work = work or Progress(found.start.shape[1], "geodesics", shown=False)
        with np.errstate(all="ignore"):
            rows = np.arange(found.start.shape[1])
            moving = np.any(found.chord != 0, axis=0)
            self._resting(found, rows[~moving])
            work.advance(int(np.sum(~moving)))
            self._climb(found, rows[moving], tolerance, work)
            left = rows[~found.converged]
            for first in range(0, len(left), _TOGETHER):
                some = left[first : first + _TOGETHER]
                if self.equation.alpha == 0:
                    self._from_polygons(found, some, tolerance)
                else:
                    self._from_levi_civita(found, some, tolerance)
                    self._from_lines(found, some[~found.converged[some]], tolerance)
                work.advance(len(some))
            self._carefully(found, rows[moving], tolerance)

    def _carefully(self, found: Found, rows: np.ndarray, tolerance: float) -> None:
        """Pairs that are not found, or not to the tolerance, because float64 loses digits of the equation."""
        import numpy as np

        rows = rows[~(found.residual[rows] <= tolerance)]
        if not len(rows) or self.equation.is_integrated:
            return
        times = np.linspace(0.0, 1.0, _LOOKED_AT)
        lost, known = self._careful.lost(found.start[:, rows, None] + found.chord[:, rows, None] * times)
        found.undefined.update(rows[~np.all(known[:, [0, -1]], axis=1)].tolist())
        rows = rows[np.any(lost, axis=1)]
        if not len(rows):
            return
        nothing, steps = np.full((2, len(rows)), np.nan), np.zeros(len(rows), dtype=int)
        again = Found(found.start[:, rows], found.chord[:, rows], nothing[0], nothing[1], steps)
        work = Progress(len(rows), "geodesics", shown=False)
        self._climb(again, np.arange(len(rows)), tolerance, work, self._careful)
        better = ~(again.residual >= found.residual[rows]) & again.converged
        for known, bend in again.bends:
            good = better[known]
            for row in rows[known[good]]:
                found.pieces.pop(int(row), None)
            kept = known[good]
            self._keep(found, rows[kept], bend[:, good], again.residual[kept], again.length[kept])
        found.iterations[rows] += again.iterations
        found.lost.update(rows[~found.converged[rows]].tolist())

    def _resting(self, found: Found, rows: np.ndarray) -> None:
        import numpy as np

        if len(rows):
            zero = np.zeros(len(rows))
            self._keep(found, rows, np.zeros((len(found.start), len(rows), _SIZES[0])), zero, zero)

    # -- levels --------------------------------------------------------------------------------------------------------

    def _climb(
        self, found: Found, rows: np.ndarray, tolerance: float, work: Progress, equation: LoweredEquation | None = None
    ) -> None:
        """Solve with more and more points from straight lines, until the equation holds between."""
        import numpy as np

        equation = equation or self.equation
        n, before = len(found.start), np.full(len(rows), np.inf)
        bend = np.zeros((n, len(rows), _SIZES[0]))
        settled = _QUADRATIC * tolerance**0.5
        for level, size in enumerate(s for s in _SIZES if s * n <= _LARGEST or s == _SIZES[0]):
            if not len(rows):
                return
            r = rule(size)
            if bend.shape[2] != size:
                bend = bend @ transfer(bend.shape[2], size).T
            paths = Paths(found.start[:, rows], found.chord[:, rows], bend)
            lin, jacobian, good, steps = descended(equation, paths, r, settled if level else _COARSE)
            found.iterations[rows] += steps
            work.advance(0.0)
            if not level:
                rows, bend = rows[good], paths.bend[:, good]
                before = before[good]
                continue
            residual, length = np.full(len(rows), np.nan), length_of(lin, r)
            residual[good] = residual_of(equation, paths[good], r)
            done = (residual <= tolerance) | ((residual <= self._accepted) & (residual > 0.1 * before))
            on = good & ~done
            if np.any(done) and equation.alpha == 0:
                done[done] = is_minimum(lin.at(done), jacobian[done], r)
            if np.any(done):
                self._keep(found, rows[done], paths.bend[:, done], residual[done], length[done])
                work.advance(int(np.sum(done)))
            rows, bend, before = rows[on], paths.bend[:, on], residual[on]

    @staticmethod
    def _keep(found: Found, rows: np.ndarray, bend: np.ndarray, residual: np.ndarray, length: np.ndarray) -> None:
        found.bends.append((rows, bend))
        found.length[rows] = length
        found.residual[rows] = residual  # the last: a pair counts as done from here on

    # -- far ends ------------------------------------------------------------------------------------------------------

    def _from_polygons(self, found: Found, rows: np.ndarray, tolerance: float) -> None:
        import numpy as np

        solver = PieceSolver(self.equation)
        u, spans = self._first_polygons(found, rows)
        for corners in _CORNERS:
            if corners * len(u) > 1.3 * _LARGEST:
                break
            u, spans = remeshed(u, spans, corners, self._polygons.lengths(u))
            u, energy = self._polygons.relaxed(u, spans)
            on = np.isfinite(energy)
            for i in np.flatnonzero(on):
                path = solver.solve(from_polygon(u[:, i], spans[i]), tolerance, self._allowed)
                if path is not None and solver.minimal(path.path):
                    self._keep_pieces(found, rows[i], path)
                    on[i] = False
            rows, u, spans = rows[on], u[:, on], spans[on]
            if not len(rows):
                return
        walled = self._polygons.walled
        for k in range(len(rows)):
            ends = u[walled, k][:, [0, -1]]
            beyond = np.max(np.abs(u[walled, k] - np.mean(ends, axis=1, keepdims=True)), axis=0, initial=0.0)
            if np.max(beyond) > np.max(np.abs(np.diff(ends)), initial=0.0) + _FAR:
                found.furthest[int(rows[k])] = self.equation.chart.point(u[:, k, int(np.argmax(beyond))])

    @property
    def _allowed(self) -> float:
        return max(_ROUNDED, self._accepted)

    def _first_polygons(self, found: Found, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Relaxed polygons (n, P, K + 1) from the line of least energy, and the spans of their edges (P, K)."""
        import numpy as np

        size = _CORNERS[0]
        times, spans = np.linspace(0, 1, size + 1), np.full((len(rows), size), 1 / size)
        start, chord = found.start[:, rows], found.chord[:, rows]
        u = start[:, :, None] + chord[:, :, None] * times
        energy, chart = self._polygons.energy(u, spans), self.equation.chart
        p, q = chart.point(start), chart.point(start + chord)
        for lines in self._lines:
            some = np.arange(len(rows)) if lines.closed else np.flatnonzero(~np.isfinite(energy))
            if not len(some):
                continue
            points = lines.points(lines.map(p[:, some]), lines.map(q[:, some]), times)
            other = chart.from_point(points)
            other[:, :, [0, -1]] = u[:, some][:, :, [0, -1]]
            there = self._polygons.energy(other, spans[some])
            better = there < energy[some]
            u[:, some[better]], energy[some[better]] = other[:, better], there[better]
        finite = np.isfinite(energy)
        u[:, finite] = self._polygons.relaxed(u[:, finite], spans[finite])[0]
        return u, spans

    @staticmethod
    def _keep_pieces(found: Found, row: int, path: Solved, timed: TimedPieces | None = None) -> None:
        found.pieces[int(row)] = timed or path.path
        found.iterations[row] += path.steps
        found.length[row] = path.length
        found.residual[row] = path.residual

    def _from_levi_civita(self, found: Found, rows: np.ndarray, tolerance: float) -> None:
        """From the geodesics of alpha = 0, pair by pair, by steps of alpha that are as long as they succeed."""
        import numpy as np

        nothing = np.full((2, len(rows)), np.nan)
        steps = np.zeros(len(rows), dtype=int)
        there = Found(found.start[:, rows], found.chord[:, rows], nothing[0], nothing[1], steps)
        self._levi_civita.solve(there, LENGTHS)
        for i, path in there.pieces.items():
            assert isinstance(path, Pieces), "of alpha = 0"
            self._moved_alpha(found, rows[i], path, tolerance)
        for known, bend in there.bends:
            for i, k in enumerate(known):
                self._moved_alpha(
                    found, rows[k], from_path(there.start[:, k], there.chord[:, k], bend[:, i]), tolerance
                )

    def _from_lines(self, found: Found, rows: np.ndarray, tolerance: float) -> None:
        """From the e- or m-geodesics, which are known: from alpha = 0 there may be no way on."""
        import numpy as np

        side = 1 if self.equation.alpha > 0 else -1
        lines = [each for each in self._lines if each.closed and each.alpha == side]
        times = 1 / (1 + np.exp(-np.linspace(-_GRADED, _GRADED, 401)))
        for row in rows if lines else ():
            ends = self.equation.chart.point(
                np.stack([found.start[:, row], found.start[:, row] + found.chord[:, row]], axis=1)
            )
            affine = lines[0].map(ends)
            u = self.equation.chart.from_point(lines[0].points(affine[:, :1], affine[:, 1:], times))
            u[:, 0, 0], u[:, 0, -1] = found.start[:, row], found.start[:, row] + found.chord[:, row]
            lengths = self._levi_civita._polygons.lengths(u)
            if not np.all(lengths > 0):
                continue
            spans = lengths / np.sum(lengths)
            u, spans = remeshed(u, spans, _CORNERS[2], lengths)
            curve = PieceSolver(CurveEquation(self._cubic, side)).solve(
                from_polygon(u[:, 0], spans[0]), LENGTHS, self._allowed
            )
            if curve is not None:
                self._moved_alpha(found, row, curve.path, tolerance, side)

    def _moved_alpha(self, found: Found, row: int, path: Pieces, tolerance: float, begin: float = 0.0) -> None:
        """One pair, from its curve for another alpha, ``begin``; every step starts where the last ones lead."""
        share, step, last, goal = 0.0, _SHARE, (-1.0, path), float(self.equation.alpha)
        while step > _SMALLEST_SHARE:
            target = min(1.0, share + step)
            equation = CurveEquation(self._cubic, begin + target * (goal - begin))
            start = path.beyond(last[1], (target - share) / (share - last[0]))
            there = PieceSolver(equation).solve(start, tolerance if target == 1 else LENGTHS, self._allowed)
            if there is None:
                step /= 2
                continue
            found.reached.setdefault(row, begin)
            if not begin:
                found.reached[row] = target * goal
            found.iterations[row] += there.steps
            if target == 1:
                self._keep_pieces(found, row, there, TimedPieces(there.path, equation))
                return
            last = share, path
            share, step, path = target, 1.5 * step, there.path
