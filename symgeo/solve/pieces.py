"""Geodesics between far ends as paths of several polynomials, on a mesh of times that is refined where it must be.

Every piece is a path by collocation between two corners; the corners move until no velocity jumps. Second derivatives
are eliminated piece by piece, and what is left is a block tridiagonal system in the corners: for Levi-Civita's
connection the Hessian of the energy of broken geodesics. A sharp turn, or a coordinate that runs far at little cost,
takes short pieces there and no more points elsewhere. Sources: Ascher, Mattheij and Russell, Numerical Solution of
Boundary Value Problems, 1995; Milnor, Morse Theory, 1963 (broken geodesics).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from symgeo.solve.collocation import operators, rule
from symgeo.solve.newton import Paths, is_minimum, matrix, noise_of, residual_of, solved

if TYPE_CHECKING:
    import numpy as np

    from symgeo.solve.curve_equation import CurveEquation
    from symgeo.solve.lowered_equation import Linearised, LoweredEquation

SIZE = 10  # Gauss points of a piece
_STEPS = 30
_HALVINGS = 10
_FREE = 0.1  # steps smaller than this share of the length are taken whole
_ROUNDS = 14  # of refinement
_MOST = 1200  # pieces
_LARGEST = 1e6  # residual of a mesh that is refined


@dataclass
class Pieces:
    """A path in the chart without walls: ``breaks`` (K + 1,) in [0, 1], ``corners`` (n, K + 1), and ``bend``
    (n, K, N), the second derivatives of the pieces, each by a time of its own in [0, 1]."""

    breaks: np.ndarray
    corners: np.ndarray
    bend: np.ndarray

    @property
    def spans(self) -> np.ndarray:
        """How long the pieces take, (K,)."""
        import numpy as np

        return np.diff(self.breaks)

    @property
    def paths(self) -> Paths:
        """The pieces as paths of their own."""
        import numpy as np

        return Paths(self.corners[:, :-1], np.diff(self.corners, axis=1), self.bend)

    def at(self, times: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """u, u' and u'' (n, T) at times in [0, 1]."""
        import numpy as np

        place = np.clip(np.searchsorted(self.breaks, times, side="right") - 1, 0, len(self.breaks) - 2)
        span = self.spans[place]
        local = operators(self.bend.shape[2], np.clip((times - self.breaks[place]) / span, 0.0, 1.0))
        here = self.paths[place]
        u = here.start + here.chord * local.times + np.einsum("ntk,tk->nt", here.bend, local.twice)
        du = here.chord + np.einsum("ntk,tk->nt", here.bend, local.once)
        return u, du / span, np.einsum("ntk,tk->nt", here.bend, local.value) / span**2

    def on(self, breaks: np.ndarray) -> Pieces:
        """The path on another mesh, exactly where that refines its own."""
        import numpy as np

        spans, size = np.diff(breaks), self.bend.shape[2]
        times = breaks[:-1, None] + spans[:, None] * rule(size).times
        bend = self.at(times.ravel())[2].reshape(len(self.corners), len(spans), size) * spans[:, None] ** 2
        return Pieces(breaks, self.at(breaks)[0], bend)

    def beyond(self, before: Pieces, share: float) -> Pieces:
        """The path that goes on from another one to this one and further, by a share of the way between them."""
        old = before.on(self.breaks)
        corners = self.corners + share * (self.corners - old.corners)
        corners[:, [0, -1]] = self.corners[:, [0, -1]]
        return Pieces(self.breaks, corners, self.bend + share * (self.bend - old.bend))

    def split(self, parts: np.ndarray) -> Pieces:
        """Every piece cut into so many equal parts, (K,) of int."""
        import numpy as np

        r = rule(self.bend.shape[2])
        owner = np.repeat(np.arange(len(parts)), parts)
        number = np.arange(len(owner)) - np.repeat(np.cumsum(parts) - parts, parts)
        share = 1 / parts[owner]
        begin = self.breaks[:-1][owner] + number * share * self.spans[owner]
        breaks = np.append(begin, 1.0)
        inside = operators(r.times.size, ((number * share)[:, None] + share[:, None] * r.times).ravel())
        value = inside.value.reshape(len(owner), r.times.size, -1)
        bend = np.einsum("nko,kto->nkt", self.bend[:, owner], value) * share[:, None] ** 2
        corners = np.concatenate([self.at(begin)[0], self.corners[:, -1:]], axis=1)
        first = np.concatenate([[0], np.cumsum(parts)])
        corners[:, first] = self.corners
        breaks[first] = self.breaks
        return Pieces(breaks, corners, bend)


def from_polygon(u: np.ndarray, spans: np.ndarray) -> Pieces:
    """Cubic pieces between corners (n, K + 1), which take spans (K,) of time: the spline through them."""
    import numpy as np
    from scipy.interpolate import CubicSpline

    breaks = np.concatenate([[0.0], np.cumsum(spans)])
    breaks[-1] = 1.0
    spans = np.diff(breaks)
    if not np.all(spans > 0):  # rounded away: no mesh
        return Pieces(breaks, u.copy(), np.full((len(u), len(spans), SIZE), np.nan))
    times = breaks[:-1, None] + spans[:, None] * rule(SIZE).times
    return Pieces(breaks, u.copy(), CubicSpline(breaks, u, axis=1)(times, 2) * spans[:, None] ** 2)


def from_path(start: np.ndarray, chord: np.ndarray, bend: np.ndarray) -> Pieces:
    """A path of one polynomial, by its start and chord (n,) and second derivatives (n, N), cut into pieces."""
    import numpy as np

    count = max(2, bend.shape[1] // 6)
    breaks = np.linspace(0, 1, count + 1)
    whole = Paths(start[:, None], chord[:, None], bend[:, None])
    corners = whole.at(operators(bend.shape[1], breaks))[0][:, 0]
    corners[:, 0], corners[:, -1] = start, start + chord
    places = (breaks[:-1, None] + rule(SIZE).times / count).ravel()
    inner = operators(bend.shape[1], places).value @ bend.T
    return Pieces(breaks, corners, np.moveaxis(inner.reshape(count, SIZE, -1), 2, 0) / count**2)


@dataclass
class Solved:
    """A geodesic: its path, residual, length and the number of Newton's steps."""

    path: Pieces
    residual: float
    length: float
    steps: int


@dataclass
class _Reduced:
    """The linearised equation of all pieces, with the second derivatives eliminated.

    ``responses`` (K, n N, 2 n): what they change by with the corners; ``bands``: the block tridiagonal matrix of the
    jumps of velocity, in LAPACK's form; ``blocks`` (3, n, n, K - 1), below, on and above its diagonal.
    """

    jacobian: np.ndarray
    responses: np.ndarray
    blocks: np.ndarray
    bands: np.ndarray


class PieceSolver:
    """Newton's method for one path of pieces at a time."""

    def __init__(self, equation: LoweredEquation | CurveEquation):
        self._equation = equation

    def solve(self, path: Pieces, tolerance: float, accepted: float) -> Solved | None:
        """A geodesic with the same ends; None where none is found.

        The residual is less than the tolerance, or what the metric's own rounding errors make it, if that is no more
        than ``accepted``.
        """
        import numpy as np

        total = 0
        for _ in range(_ROUNDS):
            found = self._descended(path, 1e-2 * tolerance**0.5)
            if found is None:
                return None
            path, lin, steps = found
            total += steps
            residuals = residual_of(self._equation, path.paths, rule(SIZE)) / path.spans
            worst = float(np.max(residuals))
            allowed = np.maximum(tolerance, self._noise(path, residuals > tolerance))
            if not worst <= _LARGEST or np.all(residuals <= allowed):
                break
            parts = np.where(residuals > allowed, np.where(residuals > 1e4 * allowed, 3, 2), 1)
            if np.sum(parts) > _MOST:
                return None
            path = path.split(parts)
        if not (worst <= accepted and np.all(residuals <= allowed)):
            return None
        squares = np.einsum("kmpi,kpi,mpi,i->p", lin.metric, lin.velocity, lin.velocity, rule(SIZE).weights)
        return Solved(path, worst, float(np.sqrt(np.sum(squares / path.spans))), total)

    def _noise(self, path: Pieces, rows: np.ndarray) -> np.ndarray:
        """The residual (K,) that rounding errors cause, where it is asked for."""
        import numpy as np

        out = np.zeros(len(rows))
        if np.any(rows):
            out[rows] = 4 * noise_of(self._equation, path.paths[rows], rule(SIZE)) / path.spans[rows]
        return out

    def minimal(self, path: Pieces) -> bool:
        """Whether the second variation of the energy is positive along a geodesic of Levi-Civita's connection."""
        import numpy as np

        lin = self._equation.linearised(*path.paths.on(rule(SIZE)))
        reduced = self._reduced(path, lin)
        if not np.all(is_minimum(lin, reduced.jacobian, rule(SIZE))):
            return False
        if path.corners.shape[1] == 2:
            return True
        # Lowered, the jumps are half the slopes of the energy, and their derivatives make a symmetric matrix.
        inner = path.corners[:, 1:-1]
        zero = np.zeros_like(inner)[:, None]
        slope = self._equation.chart.with_slopes(inner)[1]
        metric = self._equation.defect(inner[:, None], zero, zero)[1][:, :, 0] * slope * slope[:, None]
        lowered = np.einsum("akp,bkmp->bamp", metric, reduced.blocks)
        return _is_positive(lowered)

    # -- Newton --------------------------------------------------------------------------------------------------------

    def _descended(self, path: Pieces, settled: float) -> tuple[Pieces, Linearised, int] | None:
        import numpy as np

        r = rule(SIZE)
        lin = self._equation.linearised(*path.paths.on(r))
        if not np.all(lin.finite):
            return None
        for steps in range(1, _STEPS + 1):
            reduced = self._reduced(path, lin)
            step = self._step(path, lin, reduced)
            size = _size(lin, step)
            squares = np.einsum("kmpi,kpi,mpi,i->p", lin.metric, lin.velocity, lin.velocity, r.weights)
            share = size / np.sqrt(np.sum(squares / path.spans))
            if not np.isfinite(share):
                return None
            factor = 1.0
            for _ in range(_HALVINGS):
                trial = Pieces(path.breaks, path.corners + factor * step.corners, path.bend + factor * step.bend)
                there = self._equation.linearised(*trial.paths.on(r))
                if np.all(there.finite):
                    ahead = self._step(trial, there, reduced)
                    if share <= _FREE or _size(lin, ahead) <= (1 - factor / 4) * size:
                        break
                factor /= 2
            else:
                return None
            path, lin = trial, there
            if share <= settled:
                return path, lin, steps
        return None

    def _reduced(self, path: Pieces, lin: Linearised) -> _Reduced:
        import numpy as np

        r, n = rule(SIZE), len(path.corners)
        jacobian = matrix(lin, r)
        by_chord = lin.by_point * r.times + lin.by_velocity
        by_corners = np.stack([lin.by_point - by_chord, by_chord])  # (2, n, n, K, N)
        count = by_corners.shape[3]
        right = np.moveaxis(by_corners, (3, 1, 4), (0, 1, 2)).reshape(count, n * SIZE, 2 * n)
        responses = -solved(jacobian, right)
        # Velocities at both ends of a piece, by its corners: (K, end, n, 2 n).
        turned = np.einsum("et,kntc->kenc", r.ends.once, responses.reshape(count, n, SIZE, 2 * n))
        turned[:, :, :, :n] -= np.eye(n)
        turned[:, :, :, n:] += np.eye(n)
        turned /= path.spans[:, None, None, None]
        below, above = turned[:-1, 1, :, :n], -turned[1:, 0, :, n:]
        middle = turned[:-1, 1, :, n:] - turned[1:, 0, :, :n]
        blocks = np.moveaxis(np.stack([below, middle, above]), 1, -1)
        return _Reduced(jacobian, responses, blocks, banded(blocks))

    def _step(self, path: Pieces, lin: Linearised, reduced: _Reduced) -> Pieces:
        """Newton's step from the defects and jumps of one path, with the derivatives of maybe another."""
        import numpy as np
        from scipy.linalg import LinAlgError, solve_banded

        r, n, count = rule(SIZE), len(path.corners), len(path.spans)
        right = -np.moveaxis(lin.defect, 0, 1).reshape(count, n * SIZE, 1)
        own = solved(reduced.jacobian, right).reshape(count, n, SIZE)
        velocity = np.diff(path.corners, axis=1).T[:, None] + np.einsum(
            "et,nkt->ken", r.ends.once, path.bend + np.moveaxis(own, 0, 1)
        )
        velocity = velocity / path.spans[:, None, None]
        jumps = velocity[:-1, 1] - velocity[1:, 0]
        corners = np.zeros_like(path.corners)
        if len(jumps):
            width = 2 * n - 1
            try:
                moved = solve_banded((width, width), reduced.bands, -jumps.ravel(), check_finite=False)
            except LinAlgError:
                moved = np.full(jumps.size, np.nan)
            corners[:, 1:-1] = moved.reshape(-1, n).T
        ends = np.concatenate([corners[:, :-1], corners[:, 1:]]).T[:, :, None]
        bend = own + (reduced.responses @ ends).reshape(count, n, SIZE)
        return Pieces(path.breaks, corners, np.ascontiguousarray(np.moveaxis(bend, 0, 1)))


def _size(lin: Linearised, step: Pieces) -> float:
    """The length, in the metric along a path, of a change of it: root of its mean square."""
    import numpy as np

    r = rule(SIZE)
    moved = lin.stretch * step.paths.on(r)[0]
    return float(np.sqrt(np.einsum("kmpi,kpi,mpi,i,p->", lin.metric, moved, moved, r.weights, step.spans)))


def banded(blocks: np.ndarray) -> np.ndarray:
    """Blocks (3, n, n, M) below, on and above the diagonal as LAPACK's bands (4 n - 1, n M)."""
    import numpy as np

    _, n, _, count = blocks.shape
    width = 2 * n - 1
    out = np.zeros((2 * width + 1, n * count))
    for shift, block in zip((-1, 0, 1), blocks, strict=True):
        rows = np.arange(max(0, -shift), count - max(0, shift))
        for a in range(n):
            for b in range(n):
                columns = (rows + shift) * n + b
                out[width + rows * n + a - columns, columns] = block[a, b, rows]
    return out


def _is_positive(blocks: np.ndarray) -> bool:
    """Whether a symmetric matrix of blocks (3, n, n, M) is positive definite."""
    import numpy as np
    from scipy.linalg import LinAlgError, cholesky_banded

    bands = banded(blocks)
    width = 2 * blocks.shape[1] - 1
    try:
        cholesky_banded(bands[width:], lower=True, check_finite=False)
    except LinAlgError:
        return False
    return bool(np.all(np.isfinite(bands)))
