"""Where a function of one variable has its mass: nodes at all scales, peaks, and the reach of its arithmetic.

Functions are given through their logarithm, which leads to a peak from any distance.
"""

from __future__ import annotations

from collections.abc import Callable
from math import exp, inf, isfinite
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

LogFunction = Callable[["np.ndarray"], "np.ndarray"]

MOST_PEAKS = 12
_FAR = 700.0  # exp(700) is near the largest double
_RELEVANT = 45.0  # what lies exp(-45) below the largest does not count


def cleaned(log_function: LogFunction, trusted: float = inf) -> LogFunction:
    """The function for arrays of any shape, -inf where it is nan or where |x| exceeds ``trusted``.

    An infinity at the ends of the doubles is an overflow on the way: -inf too.
    """
    import numpy as np

    def clean(x: np.ndarray) -> np.ndarray:
        values = log_function(x.ravel()).reshape(x.shape)
        size = np.abs(x)
        overflow = (values == inf) & ((size > 1e150) | (size < 1e-150))
        return np.where(np.isnan(values) | overflow | (size > trusted), -inf, values)

    return clean


def trusted_reach(clean: LogFunction, nodes: np.ndarray, heights: np.ndarray) -> float:
    """The |x| up to which values are more than rounding, inf if all that matter are.

    Terms such as loggamma(x) - loggamma(x + a) cancel: past 1e13 or so nothing of their difference is left. There the
    values at neighbouring doubles differ wildly.
    """
    import numpy as np

    far = np.abs(nodes) > 1e8
    mass = heights + np.log(np.maximum(np.abs(nodes), 1e-300))
    relevant = far & (mass > np.max(mass[~far], initial=-inf) - _RELEVANT)
    places = nodes[relevant]
    if places.size == 0:
        return inf
    step = 8.0 * np.spacing(np.abs(places))
    before, here, after = clean(np.stack([places - step, places, places + step]))
    rough = np.abs(before - 2.0 * here + after) > 0.01
    return float(np.min(np.abs(places[rough]))) / 8.0 if np.any(rough) else inf


def scan_nodes(lower: float, upper: float, density: float = 2.0, far: float = _FAR) -> np.ndarray:
    """Ascending nodes strictly inside an interval at all scales up to exp(far): distances from its ends (or zero)
    grow geometrically, ``density`` to every factor e where it matters."""
    import numpy as np

    if isfinite(lower) and isfinite(upper):
        width = upper - lower
        steps = 0.5 * width * np.exp(-np.arange(0.5 / density, 42.0, 1.0 / density))
        middle = lower + width * np.linspace(0.0, 1.0, int(64 * density) + 1)[1:-1]
        nodes = np.concatenate([lower + steps, middle, upper - steps])
    else:
        steps = np.exp(
            np.concatenate(
                [
                    np.arange(-690.0, -80.0, 10.0),
                    np.arange(-80.0, 100.0, 1.0 / density),
                    np.arange(100.0, _FAR, 5.0),
                ]
            )
        )
        steps = steps[(steps > exp(-far)) & (steps < exp(far))]
        if isfinite(lower):
            nodes = lower + steps
        elif isfinite(upper):
            nodes = upper - steps
        else:
            nodes = np.concatenate([-steps, [0.0], steps])
    nodes = np.unique(nodes)
    return nodes[(nodes > lower) & (nodes < upper)]


def local_maxima(
    nodes: np.ndarray, values: np.ndarray, most: int = MOST_PEAKS
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Brackets (left, middle, right) of the local maxima above -inf that are more than rounding, highest first.

    A plateau of equal values counts once.
    """
    import numpy as np

    starts = np.concatenate([[0], np.flatnonzero(values[1:] != values[:-1]) + 1])
    ends = np.concatenate([starts[1:] - 1, [values.size - 1]])
    heights = values[starts]
    step = heights[1:] - heights[:-1]
    enough = np.abs(step) > 1e-14 * np.abs(heights[1:])
    found = np.flatnonzero((step[:-1] > 0) & enough[:-1] & (step[1:] < 0) & enough[1:]) + 1
    found = found[np.argsort(-heights[found], kind="stable")][:most]
    return nodes[ends[found - 1]], nodes[starts[found]], nodes[starts[found + 1]]


def climb(
    function: Callable, below: np.ndarray, middle: np.ndarray, above: np.ndarray, flat: float = 0.1
) -> np.ndarray:
    """Places of maxima in brackets: function maps (P, m) to (P, m); each bracket (below, above) shrinks until the
    function varies by less than ``flat`` over it, or to rounding. ``middle`` is kept where nothing higher is found."""
    import numpy as np

    if below.size == 0:
        return below
    shares = np.linspace(0.0, 1.0, 17)
    rows = np.arange(below.size)
    place, peak = middle, function(middle[:, None])[:, 0]
    for _ in range(20):
        grid = below[:, None] + (above - below)[:, None] * shares
        values = function(grid)
        best = np.argmax(values[:, 1:-1], axis=1) + 1
        higher = values[rows, best] >= peak
        place, peak = np.where(higher, grid[rows, best], place), np.where(higher, values[rows, best], peak)
        # a spike between the nodes of the grid: close in on it all the same
        best = np.where(higher, best, np.clip(np.searchsorted(shares, (place - below) / (above - below)), 1, 15))
        lowest = np.minimum(values[rows, best - 1], values[rows, best + 1])
        narrow = above - below <= 4e-15 * np.maximum(np.abs(below), np.abs(above))
        below, above = grid[rows, best - 1], grid[rows, best + 1]
        if np.all(narrow | (peak - lowest < flat) | (peak == inf)):
            break
    return place
