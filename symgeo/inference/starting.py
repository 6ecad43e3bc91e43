"""Where to begin: points of the domain on all scales, ranked by their likelihood."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

from symgeo.inference.likelihood import LEVEL

if TYPE_CHECKING:
    import numpy as np
    from sympy import Symbol

    from symgeo.inference.sample_likelihood import SampleLikelihood
    from symgeo.models.chart import Chart


# Points (N, n) that differ from the first of them in one parameter, and their likelihoods (N,).
Axes = tuple["np.ndarray", "np.ndarray"]


class Valued(Protocol):
    """What can be searched: a function of the points of a chart."""

    chart: Chart

    def values(self, thetas: np.ndarray) -> np.ndarray:
        """Its values at many points (N, n) -> (N,); -inf outside the domain."""


# Distances from an end or from zero, in powers of ten: data of size 1e8 have precisions of size 1e-16.
_DECADES = 20
_PER_DECADE = 3
_DRAWS = 1024
_SWEEPS = 3
# Observations, points and values of a parameter that a quick start looks at.
_QUICK_FEW, _QUICK_POOL, _QUICK_GRID = 16, 128, 61
# Order statistics at which a rival of a maximum is looked for, and observations that it is compared by.
_SEEN, _LOOKED = 33, 96
# Of more observations than this only some are put in order.
_ORDERED = 2000


def starting_points(likelihood: Valued, count: int) -> Iterator[np.ndarray]:
    """Up to ``count`` interior points (n,), the likeliest first, from different parts of the domain; then a plain one.

    Random points on all scales and the chart's own interior points are tried; the best of them are improved one
    parameter at a time, again on all scales. The same every time.
    """
    import numpy as np

    grids, moderate, pool = _table(likelihood.chart)
    values = likelihood.values(pool)
    # Where the likelihood is flat, far-off points are no better than moderate ones, and those come first.
    level = np.where(values >= np.max(values) - LEVEL, np.max(values), values)
    order = np.argsort(-level, kind="stable")
    found: list[np.ndarray] = []
    for index in order[np.isfinite(level[order])]:
        if len(found) == count:
            break
        if any(_alike(pool[index], other) for other in found):
            continue
        found.append(pool[index])
        yield _improved(likelihood, pool[index], grids)
    yield moderate[0]


def plain_start(chart: Chart) -> np.ndarray:
    """An interior point (n,) of moderate size."""
    return _table(chart)[1][0]


def without_effects(likelihood: SampleLikelihood, thetas: np.ndarray) -> np.ndarray:
    """The points (..., n) with zero for all parameters that share an index, as far as they lie in the domain so."""
    import numpy as np

    programs = likelihood.programs
    if programs.indices is None or programs.slack is not None:
        return thetas
    flat = thetas.copy()
    flat[..., programs.indices.shared] = 0.0
    return np.where(likelihood.chart.contains(flat)[..., None], flat, thetas)


def quick_start(likelihood: SampleLikelihood) -> np.ndarray | None:
    """A likely interior point (n,) by a few observations and points near one in size; None where there is none."""
    import numpy as np

    grids, _, _ = _table(likelihood.chart)
    few = max(_QUICK_FEW, 4 * likelihood.n)
    near = without_effects(likelihood, _near(likelihood.chart))
    values = likelihood.values(near, few)
    best, value = near[np.argmax(values)], float(np.max(values))
    indices = likelihood.programs.indices
    left = [i for i in indices.shared if best[i] == 0.0] if indices is not None else []  # a climb finds these
    if not math.isfinite(value):
        return None
    for _ in range(_SWEEPS - 1):
        before = value
        for axis, grid in enumerate(grids):
            if axis in left:
                continue
            trial = np.empty((min(_QUICK_GRID, len(grid)) + 1, len(best)))
            trial[:] = best
            trial[:-1, axis] = grid[:_QUICK_GRID]
            values = likelihood.values(trial, few)
            best, value = trial[np.argmax(values)], float(np.max(values))
        if not value > before + LEVEL:
            break
    return best


def rival(likelihood: SampleLikelihood, axes: Axes) -> np.ndarray | None:
    """Of points along axes the likeliest, if it is likelier than the first of them; else None.

    A likelihood may have a maximum at each cluster of the data.
    """
    import numpy as np

    points, values = axes
    # Of many observations only some are looked at, whose own maximum is a little higher than theirs at theta.
    margin = 1e-9 if len(likelihood.weights) <= _LOOKED else 1.5 * likelihood.n / _LOOKED
    best = int(np.argmax(values))
    return points[best] if values[best] > values[0] + margin * (1.0 + abs(values[0])) else None


def along_axes(likelihood: SampleLikelihood, theta: np.ndarray) -> Axes:
    """Points (N, n) that differ from theta, the first of them, in one parameter, and their likelihoods (N,).

    They are values of the parameter on all scales and values that were observed; looked at are some observations.
    """
    import numpy as np

    grids, _, _ = _table(likelihood.chart)
    sample = likelihood.sample
    seen = np.empty(0)
    if sample.size:
        ordered = np.sort(sample if len(sample) <= _ORDERED else sample[:: -(-len(sample) // _ORDERED)], axis=0)
        places = np.rint(np.linspace(0.0, len(ordered) - 1, _SEEN)).astype(int)
        seen = np.sort(ordered[places], axis=None)
    trials = []
    for axis, grid in enumerate(grids):
        values = np.concatenate([grid[:_QUICK_GRID], seen])
        trial = np.repeat(theta[None, :], len(values), axis=0)
        trial[:, axis] = values
        trials.append(trial)
    points = np.concatenate([theta[None, :], *trials])
    return points, likelihood.values(points, _LOOKED)


def likely_points(likelihood: SampleLikelihood, count: int) -> np.ndarray:
    """Up to ``count`` likely points (k, n) of moderate size from different parts of the domain."""
    import numpy as np

    near = _near(likelihood.chart)
    values = likelihood.values(near, _LOOKED)
    found: list[np.ndarray] = []
    for index in np.argsort(-values, kind="stable"):
        if len(found) == count or not np.isfinite(values[index]):
            break
        if not any(_alike(near[index], other) for other in found):
            found.append(near[index])
    return np.array(found).reshape(-1, likelihood.n)


def moderate_values(chart: Chart, parameters: Sequence[Symbol], count: int) -> np.ndarray:
    """Up to ``count`` points (P, k) of k of the parameters, of moderate size; one without entries where k is none."""
    import numpy as np

    axes = [chart.parameters.index(p) for p in parameters]
    if len(axes) > 1:
        return _near(chart)[:count, axes]
    grids = [_table(chart)[0][i][: count // 2] for i in axes]
    return np.stack(grids, axis=-1) if grids else np.empty((1, 0))


def pool(chart: Chart) -> np.ndarray:
    """Points (P, n) on all scales, moderate ones first; many may lie outside the domain. The same every time."""
    return _table(chart)[2]


@functools.lru_cache(maxsize=64)
def _near(chart: Chart) -> np.ndarray:
    """Points (P, n) near one in size, and some that are not."""
    import numpy as np

    points = pool(chart)
    return np.concatenate([points[:_QUICK_POOL], points[-_QUICK_POOL // 2 :]])


@functools.lru_cache(maxsize=64)
def _table(chart: Chart) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    """Values of each parameter, interior points (M, n) of moderate size, and points (P, n) on all scales."""
    import numpy as np

    ends = [[(float(p.ends[0]), float(p.ends[1])) for p in parts] for parts in chart.pieces]
    grids = [_grid(parts) for parts in ends]
    points = chart.interior_points(16)
    moderate = np.array([[float(point[p]) for p in chart.parameters] for point in points])
    return grids, moderate, _pool(grids, moderate)


def _pool(grids: Sequence[np.ndarray], moderate: np.ndarray) -> np.ndarray:
    """Points (N, n) on all scales, moderate ones first; many may lie outside the domain."""
    import numpy as np

    random = np.random.default_rng(1763)

    def some(count: int) -> np.ndarray:
        return moderate[random.integers(len(moderate), size=count)]

    def drawn(part: float) -> np.ndarray:
        return np.stack([random.choice(grid[: math.ceil(part * len(grid))], _DRAWS) for grid in grids], axis=-1)

    spread = np.concatenate([drawn(0.1), drawn(0.4), drawn(1.0)])
    # Constraints (a definite matrix, a simplex) hold at few random points: mix them with interior ones.
    mixed = np.where(random.random(spread.shape) < 0.5, spread, some(len(spread)))
    scaled = some(2 * _DRAWS) * 10.0 ** random.uniform(-8, 8, (2 * _DRAWS, 1))
    return np.concatenate([moderate, spread, mixed, scaled])


def _grid(parts: Sequence[tuple[float, float]]) -> np.ndarray:
    """Values of one parameter on all scales, measured from the ends of its intervals, or from zero; moderate first."""
    import numpy as np

    exponents = np.arange(-_DECADES * _PER_DECADE, _DECADES * _PER_DECADE + 1)
    steps = 10.0 ** (exponents[np.argsort(np.abs(exponents), kind="stable")] / _PER_DECADE)
    values: list[np.ndarray] = []
    for lower, upper in parts:
        if math.isinf(lower) and math.isinf(upper):
            values.append(np.concatenate([[0.0], np.column_stack([steps, -steps]).ravel()]))
        elif math.isinf(upper):
            values.append(lower + steps)
        elif math.isinf(lower):
            values.append(upper - steps)
        else:
            near = (upper - lower) * steps[steps < 0.02]
            middle = 0.5 * (lower + upper) + 0.25 * (upper - lower) * np.linspace(-1.9, 1.9, 39)
            middle = middle[np.argsort(np.abs(middle - 0.5 * (lower + upper)), kind="stable")]
            values.append(np.concatenate([middle, np.column_stack([lower + near, upper - near]).ravel()]))
    grid = np.concatenate(values)
    member = np.zeros(grid.shape, dtype=bool)
    for lower, upper in parts:
        member |= (grid > lower) & (grid < upper)
    return grid[member]


def _alike(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two points have the same signs and sizes within a factor of three."""
    import numpy as np

    return bool(np.all(np.abs(a - b) <= 2.0 * np.minimum(np.abs(a), np.abs(b))))


def _improved(likelihood: Valued, point: np.ndarray, grids: Sequence[np.ndarray]) -> np.ndarray:
    import numpy as np

    best, value = point.copy(), -math.inf
    for _ in range(_SWEEPS):
        before = value
        for axis, grid in enumerate(grids):
            trial = np.repeat(best[None, :], len(grid) + 1, axis=0)
            trial[:-1, axis] = grid  # moderate values first, the present one last
            values = likelihood.values(trial)
            index = int(np.flatnonzero(values >= np.max(values) - LEVEL)[0])
            best, value = trial[index], float(values[index])
        if not value > before + LEVEL:
            break
    return best
