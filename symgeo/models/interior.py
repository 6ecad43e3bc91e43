"""Numerical search for points inside a box cut by inequalities, spread and well away from the boundary.

First whole families of moderate candidates are tried at once, from wide to shrunken (a covariance matrix becomes
positive definite when its off-diagonal entries shrink, a simplex holds the probabilities when they shrink together);
only if none fits is the smallest slack maximised by a deterministic evolutionary search.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from symgeo.models.sampling import rotation

if TYPE_CHECKING:
    import numpy as np

Box = Sequence[tuple[float, float]]
Slack = Callable[["np.ndarray"], "np.ndarray"]

# (scale of unbounded coordinates, scale of half-bounded ones, where in a finite interval: "middle" or an end)
_FREE = ((1.0, 1.0, "middle"),)
_FAMILIES = (
    # shrunken first: det > 0 alone lets indefinite matrices pass, small off-diagonal entries do not
    *((real, 1.0, "middle") for real in (0.35, 1.0, 0.1)),
    (1.0, 1.0, "lower"),
    *((real, half, "lower") for half in (0.3, 0.1, 0.03, 0.01) for real in (1.0, 0.3, 0.1)),
    *((real, half, "middle") for half in (4.0, 20.0, 100.0) for real in (1.0, 0.3)),
    *((real, 1.0, "upper") for real in (1.0, 5.0, 30.0)),
)


def candidates(box: Box, count: int, offset: int = 0, families: Sequence = _FREE) -> np.ndarray:
    """Moderate points of a box, family after family: (families, count, n)."""
    import numpy as np

    lower, upper = (np.array(ends, dtype=float) for ends in zip(*box, strict=True))
    shares = np.array([[rotation(offset + i, axis) for axis in range(len(box))] for i in range(count)])
    has_lower, has_upper = np.isfinite(lower), np.isfinite(upper)
    floor, ceiling = np.where(has_lower, lower, 0.0), np.where(has_upper, upper, 0.0)
    width = ceiling - floor
    unit = np.where(has_lower, np.maximum(1.0, 1e-3 * np.abs(floor)), np.maximum(1.0, 1e-3 * np.abs(ceiling)))
    stacked = []
    for real, half, where in families:
        step = half * unit * (0.6 + 1.9 * shares)
        part = min(1.0, half) * (0.1 + 0.8 * shares)
        if where == "middle":
            finite = floor + width * (0.5 + min(1.0, real) * 0.8 * (shares - 0.5))
        else:
            finite = floor + width * part if where == "lower" else ceiling - width * part
        bounded = np.where(has_lower, floor + step, ceiling - step)
        free = real * 1.8 * (shares - 0.5)
        stacked.append(np.where(has_lower & has_upper, finite, np.where(has_lower | has_upper, bounded, free)))
    return np.stack(stacked)


def find_interior(box: Box, slack: Slack, count: int, offset: int = 0) -> np.ndarray:
    """Up to ``count`` points (m, n) strictly inside, m = 0 if none was found.

    ``slack`` maps points (N, n) to (N, constraints); inside means all positive (nan is outside).
    """
    import numpy as np

    lower, upper = (np.array(ends, dtype=float) for ends in zip(*box, strict=True))
    # distances to the ends count like constraints: a point hugging any boundary is a poor sample
    half = np.where(np.isfinite(upper - lower), 0.5 * (upper - lower), 1.0)

    def all_slacks(points: np.ndarray) -> np.ndarray:
        walls = np.minimum(points - lower, upper - points) / half
        slacks = np.concatenate([slack(points), np.minimum(walls, 1.0)], axis=-1)
        return np.where(np.isnan(slacks), -np.inf, slacks)

    points = candidates(box, max(24, 4 * count), offset, _FAMILIES).reshape(-1, len(box))
    slacks = all_slacks(points)
    scale = np.maximum(np.median(np.abs(np.where(np.isfinite(slacks), slacks, 1.0)), axis=0), 1e-300)

    def margin(points: np.ndarray) -> np.ndarray:
        return np.min(all_slacks(points) / scale, axis=-1)

    margins = np.min(slacks / scale, axis=-1)
    for least in (0.1, 0.01, 0.0):
        good = np.flatnonzero(margins > least)
        if good.size >= count or (good.size and least == 0.01):
            return _filled(points[good[:count]], margin, count)
    best = _evolve(box, margin, points[np.argsort(-margins, kind="stable")[:64]])
    return points[:0] if best is None else _filled(best[None, :], margin, count)


def _filled(found: np.ndarray, margin: Callable[[np.ndarray], np.ndarray], count: int) -> np.ndarray:
    """Add points around those found until there are ``count``."""
    import numpy as np

    for index in range(8 * count + 32):
        if len(found) >= count:
            break
        centre = found[index % len(found)]
        direction = np.array([2.0 * rotation(index, axis) - 1.0 for axis in range(len(centre))])
        reach = (0.3 * 4.0 ** -np.arange(20.0))[:, None] * direction * np.maximum(np.abs(centre), 0.1)
        inside = np.flatnonzero(margin(centre + 1.5 * reach) > 0)
        if inside.size:
            found = np.vstack([found, centre + reach[inside[0]]])
    return found


def _evolve(box: Box, margin: Callable[[np.ndarray], np.ndarray], start: np.ndarray) -> np.ndarray | None:
    """Maximise the margin by differential evolution with extra coordinate-wise steps of all sizes."""
    import numpy as np

    random = np.random.default_rng(20_011)
    lower, upper = (np.array(ends, dtype=float) for ends in zip(*box, strict=True))
    population, score = start, margin(start)
    size, dimension = population.shape
    generations_left = 200
    while generations_left > 0:
        generations_left -= 1
        first, second, third = (random.integers(0, size, size) for _ in range(3))
        crossed = population + random.uniform(0.2, 0.9, (size, 1)) * (population[first] - population[second])
        towards = population + random.uniform(0.0, 1.5, (size, 1)) * (population[np.argmax(score)] - population)
        step = 10.0 ** random.uniform(-5, 1, (2 * size, 1)) * random.standard_normal((2 * size, dimension))
        step *= random.random((2 * size, dimension)) < random.uniform(0.1, 1.0, (2 * size, 1))
        parents = np.vstack([population, population[third]])
        stepped = parents + step * np.maximum(np.abs(parents), 0.1)
        children = np.vstack([crossed, towards, stepped])
        children = _reflect(children, lower, upper)
        everyone = np.vstack([population, children])
        scores = np.concatenate([score, margin(children)])
        kept = np.argsort(-scores, kind="stable")[:size]
        population, score = everyone[kept], scores[kept]
        if score[0] > 0:
            generations_left = min(generations_left, 15)  # a few more to move away from the boundary
    return population[0] if score[0] > 0 else None


def _reflect(points: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """Bring points back strictly into the box."""
    import numpy as np

    low, high = np.isfinite(lower), np.isfinite(upper)
    points = np.where(low & (points <= lower), 2.0 * np.where(low, lower, 0.0) - points, points)
    points = np.where(high & (points >= upper), 2.0 * np.where(high, upper, 0.0) - points, points)
    middle = np.where(low & high, 0.5 * np.where(low, lower, 0.0) + 0.5 * np.where(high, upper, 0.0), points)
    nudged = np.where(low & ~high, np.where(low, lower, 0.0) + 1e-3, np.where(high & ~low, upper - 1e-3, middle))
    return np.where((points <= lower) | (points >= upper), nudged, points)
