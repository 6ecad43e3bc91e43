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


@dataclass(frozen=True, eq=False)
class _Steps:
    """Steps (b, n), their squared lengths and rounding errors (b,), and per parameter (b, n); which are definite."""

    step: np.ndarray
    decrement: np.ndarray
    noise: np.ndarray
    reach: np.ndarray
    definite: np.ndarray


@dataclass(frozen=True, eq=False)
class Climbed:
    """Where many climbs ended (b, n), in how many steps (b,), and which found a maximum (b,).

    ``height`` (b,) is the value there, and the gain of the step that was not taken where the information is positive
    definite; minus infinity where a climb could not begin.
    """

    theta: np.ndarray
    steps: np.ndarray
    found: np.ndarray
    height: np.ndarray


def climb_many(
    likelihood: ManyOfFamily | ManySamples | ManyPoints,
    theta: np.ndarray,
    tolerance: float,
    most: int = _MOST_STEPS,
    rough: float = 0.0,
) -> Climbed:
    """Climb from points (b, n), so many steps at most.

    A climb that is not quadratic at its end, or ends near the boundary, is not `found`. With ``rough`` climbs end, too,
    where their next step, times the number of observations, is so short.
    """
    import numpy as np

    theta = theta.copy()
    count = len(theta)
    steps, found = np.ones(count, dtype=int), np.zeros(count, dtype=bool)
    quadratic = np.zeros(count, dtype=bool)  # whether the last step shrank the next one as near a maximum
    rows = np.flatnonzero(likelihood.chart.contains(theta) & likelihood.usable())
    points = likelihood.at(theta[rows], rows)
    usable = _finite(points)
    rows, points, here = _kept(rows, points, usable, _steps(points))
    height = np.full(count, -np.inf)
    height[rows] = _heights(points, here)
    for _ in range(most):
        if not len(rows):
            break
        still = np.all(np.abs(here.step) <= _SETTLED * (here.reach + _EPS * np.abs(theta[rows])), axis=-1)
        settled = still & (here.decrement <= (3.0 * here.noise) ** 2)
        left = likelihood.count[rows] * here.decrement
        settled |= quadratic[rows] & (left <= tolerance)
        done = settled & here.definite & (here.noise <= FINE)
        if done.any():
            done &= _clear(likelihood.chart, theta[rows], here.reach)
            found[rows[done]] = True
        going = ~settled & np.isfinite(here.step).all(axis=-1) & ~(here.definite & (left <= rough))
        rows, points, here = _kept(rows, points, going, here)
        if not len(rows):
            break
        moved, new, ok, full = _moved(likelihood, theta[rows], rows, points, here)
        after = _steps(new)
        quadratic[rows] = ok & full & (after.decrement <= _CONTRACTION * here.decrement)
        theta[rows[ok]] = moved[ok]
        steps[rows[ok]] += 1
        rows, points, here = _kept(rows, new, ok, after)
        height[rows] = _heights(points, here)
    return Climbed(theta, steps, found, height)


def _heights(points: Points, here: _Steps) -> np.ndarray:
    import numpy as np

    return points.value + np.where(here.definite, 0.5 * here.decrement, 0.0)


def _moved(
    likelihood: ManyOfFamily | ManySamples | ManyPoints,
    theta: np.ndarray,
    rows: np.ndarray,
    points: Points,
    here: _Steps,
) -> tuple[np.ndarray, Points, np.ndarray, np.ndarray]:
    """Points after a step, what is there, whether a step was made, and whether it was a full one."""
    import numpy as np

    length = np.sqrt(here.decrement)
    scale = np.where(length > _LONGEST, _LONGEST / np.where(length > 0, length, 1.0), 1.0)
    full = scale == 1.0
    moved, ok = theta.copy(), np.zeros(len(theta), dtype=bool)
    whole = None
    for _ in range(_HALVINGS):
        todo = np.flatnonzero(~ok)
        trial = theta[todo] + scale[todo, None] * here.step[todo]
        inside = likelihood.chart.contains(trial)
        tried = todo[inside]
        if len(tried):
            new = likelihood.at(trial[inside], rows[tried])
            gain = new.value - points.value[tried]
            good = gain >= _ARMIJO * scale[tried] * here.decrement[tried]
            near = full[tried] & (here.decrement[tried] < _NEAR)
            with np.errstate(invalid="ignore"):
                slope = np.abs(np.sum(new.score * here.step[tried], axis=-1))
            good |= near & (slope <= 0.5 * here.decrement[tried])
            good &= _finite(new)
            ok[tried[good]] = True
            moved[tried[good]] = trial[inside][good]
            whole = (
                new if whole is None and len(tried) == len(theta) else _written(whole, points, tried[good], new, good)
            )
        if ok.all():
            break
        scale[~ok] *= _SHRINKING
        full &= ok
    return moved, points if whole is None else whole, ok, full


def _written(whole: Points | None, like: Points, places: np.ndarray, new: Points, good: np.ndarray) -> Points:
    """``whole``, at first a copy of another one, with what is good of ``new`` at its places."""
    from symgeo.inference.many_likelihoods import Points

    if whole is None:
        whole = Points(*(part.copy() for part in vars(like).values()))
    for old, fresh in zip(vars(whole).values(), vars(new).values(), strict=True):
        old[places] = fresh[good]
    return whole


def _kept(rows: np.ndarray, points: Points, which: np.ndarray, here: _Steps) -> tuple[np.ndarray, Points, _Steps]:
    from symgeo.inference.many_likelihoods import Points

    if which.all():
        return rows, points, here
    kept = Points(*(part[which] for part in vars(points).values()))
    return rows[which], kept, _Steps(*(part[which] for part in vars(here).values()))


def _finite(points: Points) -> np.ndarray:
    import numpy as np

    return (
        np.isfinite(points.value)
        & np.isfinite(points.score).all(axis=-1)
        & np.isfinite(points.information).all(axis=(-2, -1))
        & (np.diagonal(points.information, axis1=-2, axis2=-1) != 0).all(axis=-1)
    )


def _steps(points: Points) -> _Steps:
    """Steps by the information; where it is not positive definite, by its eigenvalues made positive."""
    import numpy as np

    with np.errstate(all="ignore"):
        scale = np.sqrt(np.abs(np.diagonal(points.information, axis1=-2, axis2=-1)))
        unit = points.information / (scale[:, :, None] * scale[:, None, :])
        unit[~np.isfinite(unit).all(axis=(-2, -1))] = 0.0  # out of range, and then not definite
        values, vectors = np.linalg.eigh(unit)
        definite = values[:, 0] > _DEFINITE
        safe = np.where(definite[:, None], values, np.maximum(np.abs(values), 1e-3))
        whitened = np.einsum("bij,bi->bj", vectors, points.score / scale) / np.sqrt(safe)
        step = np.einsum("bij,bj->bi", vectors, whitened / np.sqrt(safe)) / scale
        error = np.einsum("bij,bi->bj", np.abs(vectors), points.error / scale) / np.sqrt(safe)
        reach = np.einsum("bij,bj->bi", np.abs(vectors), error / np.sqrt(safe)) / scale
        decrement, noise = np.sum(whitened**2, axis=-1), np.sqrt(np.sum(error**2, axis=-1))
    return _Steps(step, decrement, noise, reach, definite)


def _clear(chart: Chart, theta: np.ndarray, reach: np.ndarray) -> np.ndarray:
    """Whether all points within a few times the rounding error lie in the domain, (b,)."""
    import numpy as np

    size = _CLEARANCE * reach + 4.0 * _EPS * np.abs(theta)
    corners = [size, *(size * unit for unit in np.eye(theta.shape[1]))]
    sides = np.stack([theta + sign * corner for corner in corners for sign in (-1.0, 1.0)])
    return np.array(chart.contains(sides).all(axis=0))
