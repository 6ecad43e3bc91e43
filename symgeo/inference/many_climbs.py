"""Damped scoring of many samples at once; only what is plainly a maximum inside the domain counts as one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from symgeo.inference.ascent import FINE

if TYPE_CHECKING:
    import numpy as np

    from symgeo.inference.many_likelihoods import ManyOfFamily, ManyPoints, ManySamples, Points
    from symgeo.models.chart import Chart

_MOST_STEPS, _HALVINGS, _SHRINKING = 60, 15, 0.25
# Gain in likelihood, as a part of what the slope promises, that a step must make.
_ARMIJO = 1e-4
# Squared length of a step from which on the score decides instead of the value, and how much of it may be left.
_NEAR, _CONTRACTION = 1e-6, 0.05
# Smallest eigenvalue of an information matrix of unit diagonal.
_DEFINITE = 1e-9
# Longest step, in units of the standard deviation of one observation.
_LONGEST = 3.0
# How many times the rounding error the distance to the boundary must be; and how well that error is known.
_CLEARANCE, _SETTLED = 8.0, 1e3
_EPS = 2.0**-52
# Numbers that the table of climbs has beside those of points, steps and rounding errors.
_SINGLE = 8


@dataclass(frozen=True, eq=False)
class Climbed:
    """Where many climbs ended (b, n), in how many steps (b,), and which found a maximum (b,).

    ``height`` (b,) is the value there, and the gain of the step that was not taken where the information is positive
    definite; minus infinity where a climb could not begin. ``short`` (b,) says that this step is short.
    """

    theta: np.ndarray
    steps: np.ndarray
    found: np.ndarray
    height: np.ndarray
    short: np.ndarray


class _Climbs:
    """Where climbs (b,) are, as views of one table, whose rows are theirs.

    ``theta``, the next ``step`` and its rounding error ``reach`` (b, n); the log-likelihood ``value``; the step's
    squared length ``decrement`` and its rounding error ``noise``; the part of it to be tried (``scale``) and how often
    that was ``shrunk``; and as 0 or 1, whether the information is positive ``definite``, whether the ``whole`` step is
    to be tried, and whether the last one was ``quadratic``, shrinking the next as near a maximum.
    """

    def __init__(self, table: np.ndarray):
        n = (table.shape[1] - _SINGLE) // 3
        self.table = table
        self.value, self.decrement, self.noise, self.scale, self.shrunk, *signs = table[:, :_SINGLE].T
        self.definite, self.whole, self.quadratic = signs
        self.theta, self.step = table[:, _SINGLE : _SINGLE + n], table[:, _SINGLE + n : _SINGLE + 2 * n]
        self.reach = table[:, _SINGLE + 2 * n :]

    def shrink(self, which: np.ndarray | slice) -> None:
        """Shorten the steps that are to be tried."""
        self.scale[which] *= _SHRINKING
        self.shrunk[which] += 1.0
        self.whole[which] = 0.0


def climb_many(
    likelihood: ManyOfFamily | ManySamples | ManyPoints,
    theta: np.ndarray,
    tolerance: float,
    most: int = _MOST_STEPS,
    rough: bool = False,
) -> Climbed:
    """Climb from points (b, n), so many steps at most; each with steps of its own, all evaluated together.

    A climb that is not quadratic at its end, or ends near the boundary, is not `found`. ``rough`` climbs end as soon as
    their next step is short, and none of them counts as found.
    """
    import numpy as np

    theta, count = theta.copy(), len(theta)
    steps, height = np.ones(count, dtype=int), np.full(count, -np.inf)
    found, near = np.zeros(count, dtype=bool), np.zeros(count, dtype=bool)
    rows = np.flatnonzero(likelihood.chart.contains(theta) & likelihood.usable())
    at, going = _arrived(likelihood.at(theta[rows], rows), theta[rows], rough)
    while True:
        rows, at = _left(rows, at, going)
        height[rows] = at.value + 0.5 * at.definite * at.decrement
        theta[rows] = at.theta
        short = likelihood.count[rows] * at.decrement <= tolerance
        near[rows] = short & (at.definite > 0.0)
        if rough:
            ended = near[rows]
        else:
            ended, good = _ended(likelihood.chart, at, short)
            found[rows[good]] = True
        going = ~ended & np.isfinite(at.step).all(axis=-1) & (steps[rows] <= most) & (at.shrunk <= _HALVINGS)
        rows, at = _left(rows, at, going)
        if not len(rows):
            return Climbed(theta, steps, found, height, near)
        trial = _trial(likelihood.chart, at)
        points = likelihood.at(trial, rows)
        new, good = _arrived(points, trial, rough)
        good &= _is_better(points, at)
        new.quadratic[:] = at.whole * (new.decrement <= _CONTRACTION * at.decrement)
        at.shrink(slice(None))
        at.table[good] = new.table[good]
        steps[rows[good]] += 1
        going = np.ones(len(rows), dtype=bool)


def _left(rows: np.ndarray, at: _Climbs, going: np.ndarray) -> tuple[np.ndarray, _Climbs]:
    return (rows, at) if going.all() else (rows[going], _Climbs(at.table[going]))


def _ended(chart: Chart, at: _Climbs, short: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which climbs go no further, and which of them are at a maximum."""
    import numpy as np

    still = np.all(np.abs(at.step) <= _SETTLED * (at.reach + _EPS * np.abs(at.theta)), axis=-1)
    ended = (still & (at.decrement <= (3.0 * at.noise) ** 2)) | (short & (at.quadratic > 0.0))
    good = ended & (at.definite > 0.0) & (at.noise <= FINE)
    if good.any():
        good &= _clear(chart, at.theta, at.reach)
    return ended, good


def _trial(chart: Chart, at: _Climbs) -> np.ndarray:
    """Where the next steps lead, shrunk until they end in the domain; where that is in vain, the points themselves."""
    trial = at.theta + at.scale[:, None] * at.step
    outside = ~chart.contains(trial)
    while outside.any():
        at.shrink(outside)
        at.scale[outside & (at.shrunk > _HALVINGS)] = 0.0
        trial[outside] = at.theta[outside] + at.scale[outside, None] * at.step[outside]
        outside = ~chart.contains(trial)
    return trial


def _is_better(points: Points, at: _Climbs) -> np.ndarray:
    """Whether trials gained enough, or near a maximum left a score that is small enough."""
    import numpy as np

    better = points.value - at.value >= _ARMIJO * at.scale * at.decrement
    better &= at.scale > 0.0
    near = (at.whole > 0.0) & (at.decrement < _NEAR)
    if near.any():
        with np.errstate(invalid="ignore"):
            slope = np.abs(np.sum(points.score * at.step, axis=-1))
        better |= near & (slope <= 0.5 * at.decrement)
    return better


def _arrived(points: Points, theta: np.ndarray, rough: bool) -> tuple[_Climbs, np.ndarray]:
    """Climbs at points, and where they can go on.

    The next step is by the information; where that is not positive definite, by its eigenvalues made positive.
    """
    import numpy as np

    n = theta.shape[1]
    at = _Climbs(np.zeros((len(theta), _SINGLE + 3 * n)))
    with np.errstate(all="ignore"):
        scale = np.sqrt(np.abs(np.einsum("bii->bi", points.information)))
        unit = points.information / scale[:, :, None] / scale[:, None, :]
        usable = np.isfinite(unit.reshape(len(theta), n * n)).all(axis=-1)
        usable &= np.isfinite(points.value) & np.isfinite(points.score).all(axis=-1)
        unit[~usable] = 0.0
        values, vectors = np.linalg.eigh(unit)
        at.definite[:] = definite = values[:, 0] > _DEFINITE
        safe = np.sqrt(np.where(definite[:, None], values, np.maximum(np.abs(values), 1e-3)))
        whitened = np.einsum("bij,bi->bj", vectors, points.score / scale) / safe
        at.decrement[:] = np.einsum("bi,bi->b", whitened, whitened)
        np.divide(np.einsum("bij,bj->bi", vectors, whitened / safe), scale, out=at.step)
        if not rough:
            vectors = np.abs(vectors)
            error = np.einsum("bij,bi->bj", vectors, points.error / scale) / safe
            at.noise[:] = np.sqrt(np.einsum("bi,bi->b", error, error))
            np.divide(np.einsum("bij,bj->bi", vectors, error / safe), scale, out=at.reach)
        length = np.sqrt(at.decrement)
        at.scale[:] = np.where(length > _LONGEST, _LONGEST / length, 1.0)
    at.value[:], at.theta[:] = points.value, theta
    at.whole[:] = at.scale == 1.0
    return at, usable


def _clear(chart: Chart, theta: np.ndarray, reach: np.ndarray) -> np.ndarray:
    """Whether all points within a few times the rounding error lie in the domain, (b,)."""
    import numpy as np

    size = _CLEARANCE * reach + 4.0 * _EPS * np.abs(theta)
    corners = [size, *(size * unit for unit in np.eye(theta.shape[1]))]
    sides = np.stack([theta + sign * corner for corner in corners for sign in (-1.0, 1.0)])
    return np.array(chart.contains(sides).all(axis=0))
