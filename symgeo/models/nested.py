"""Double integrals as an outer adaptive integral, or sum, over inner integrals computed for many rows at once.

Slower than sampling, but indifferent to the shape of the function: for every outer value the inner peak is found
anew, so funnels, bananas and tails of any weight do no harm.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf, isfinite
from typing import TYPE_CHECKING

from symgeo.models.quadrature import Estimate, integrate
from symgeo.models.regions import Axis
from symgeo.models.summation import summate

if TYPE_CHECKING:
    import numpy as np

LogRows = Callable[["np.ndarray", "np.ndarray"], "np.ndarray"]  # outer (B, 1), inner (B, m) -> (B, m)

_ROWS = 256  # rows at a time, so that the tables stay in the processor's cache
_TERMS = 1024


def integrate_pair(log_rows: LogRows, outer: Axis, inner: Axis, accuracy: float = 1e-5) -> Estimate:
    """The integral (or sum) of exp(log_rows(x, y)) over y in the inner axis, then x in the outer."""
    import numpy as np

    def log_marginal(x: np.ndarray) -> np.ndarray:
        parts = []
        for start in range(0, x.size, _ROWS):
            rows = x[start : start + _ROWS]
            lower = np.broadcast_to(np.asarray(inner.lower([rows]), dtype=float), rows.shape)
            upper = np.broadcast_to(np.asarray(inner.upper([rows]), dtype=float), rows.shape)

            def along(y: np.ndarray, rows: np.ndarray = rows) -> np.ndarray:
                values = log_rows(rows[:, None], y)
                return np.where(np.isnan(values) | (values == inf), -inf, values)

            value, error = (row_sums if inner.discrete else row_integrals)(along, inner, lower, upper)
            parts.append(value)
            seen.append(np.stack([rows, value, error]))
        return np.concatenate(parts)

    seen: list[np.ndarray] = []
    with np.errstate(all="ignore"):
        lower, upper = float(outer.lower([])), float(outer.upper([]))
        if not outer.discrete:
            found = integrate(log_marginal, (lower, upper), tolerance=accuracy, thrifty=True)
        elif outer.values is not None:
            total = np.exp(log_marginal(np.asarray(outer.values)))
            found = Estimate(float(np.sum(total)), 0.0)
        else:
            found = summate(log_marginal, lower, upper, outer.step)
    if not isfinite(found.value):
        return found
    return Estimate(found.value, found.error + found.value * _mean_error(np.concatenate(seen, axis=1), outer.discrete))


def _mean_error(seen: np.ndarray, discrete: bool) -> float:
    """The mean of the inner rule's relative errors, weighted with the mass that each outer value stands for."""
    import numpy as np

    seen = seen[:, np.all(np.isfinite(seen[::2]), axis=0)]
    if seen.shape[1] == 0:
        return inf
    x, heights, errors = seen[:, np.argsort(seen[0], kind="stable")]
    gaps = np.ones(x.size) if discrete or x.size < 2 else np.gradient(x)
    mass = np.where(np.isfinite(heights), np.exp(heights - np.max(heights)), 0.0) * np.maximum(gaps, 0.0)
    return float(np.sum(mass * errors) / max(float(np.sum(mass)), 1e-300))


def row_integrals(along: Callable, axis: Axis, lower: np.ndarray, upper: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """log of the integral over each row, and its relative error (B,).

    In a coordinate t that runs over all reals (x itself, the logarithm of the distance from the finite end, or the
    logit) the peak is bracketed on a coarse grid and zoomed into; a trapezoidal rule in arcsinh of the distance from
    it reaches from a thousandth of its width to the far tails.
    """
    import numpy as np

    def place(t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if axis.lower_finite and axis.upper_finite:
            small = 1.0 / (1.0 + np.exp(np.abs(t)))
            width = np.maximum(upper - lower, 0.0)[:, None]
            x = np.where(t < 0, lower[:, None] + width * small, upper[:, None] - width * small)
            return x, np.log(width) + np.log(small) + np.log1p(-small)
        if axis.lower_finite:
            return lower[:, None] + np.exp(t), t
        return (upper[:, None] - np.exp(t), t) if axis.upper_finite else (t, np.zeros(t.shape))

    def height(t: np.ndarray) -> np.ndarray:
        x, log_jacobian = place(t)
        values = along(x) + log_jacobian
        return np.where(np.isnan(values), -inf, values)

    rows = np.arange(lower.size)
    reals = not (axis.lower_finite or axis.upper_finite)
    steps = np.exp(np.arange(-14.0, 46.0)) if reals else np.arange(0.5, 46.0)
    grid = np.concatenate([-steps[::-1], [0.0], steps])
    values = height(np.broadcast_to(grid, (lower.size, grid.size)))
    best = np.clip(np.argmax(values, axis=1), 1, grid.size - 2)
    centre, top = grid[best], values[rows, best]
    # the width: where the row has fallen by one, on the grid
    fallen = ~(values > top[:, None] - 1.0)
    places = np.arange(grid.size)
    left = np.max(np.where(fallen & (places < best[:, None]), places, 0), axis=1)
    right = np.min(np.where(fallen & (places > best[:, None]), places, grid.size - 1), axis=1)
    scale = (grid[right] - grid[left]) / 6.0
    # narrower than the grid: zoom in, each row until it is flat enough
    below, above = grid[best - 1], grid[best + 1]
    active = ((left == best - 1) | (right == best + 1)) & np.isfinite(top)
    shares = np.linspace(0.0, 1.0, 17)
    for _ in range(16):
        if not np.any(active):
            break
        fine = below[:, None] + (above - below)[:, None] * shares
        values = height(fine)
        best = np.clip(np.argmax(values, axis=1), 1, 15)
        drop = values[rows, best] - np.minimum(values[rows, best - 1], values[rows, best + 1])
        centre = np.where(active, fine[rows, best], centre)
        below = np.where(active, fine[rows, best - 1], below)
        above = np.where(active, fine[rows, best + 1], above)
        scale = np.where(active, 0.5 * (above - below) / np.sqrt(np.clip(2.0 * drop, 1e-3, 4.0)), scale)
        active &= drop > 1.0
    reach = 24.0 if reals else 7.5

    def terms(tau: np.ndarray) -> np.ndarray:
        t = centre[:, None] + scale[:, None] * np.sinh(tau)
        return height(t) + np.log(np.cosh(tau)) + np.log(scale)[:, None]

    # how far the row reaches, then the rule itself on that stretch
    coarse = np.linspace(-reach, reach, 49)
    alive = terms(np.broadcast_to(coarse, (lower.size, 49)))
    alive = alive > np.max(alive, axis=1, keepdims=True) - 35.0
    begin = coarse[np.maximum(np.argmax(alive, axis=1) - 1, 0)]
    end = coarse[np.minimum(49 - np.argmax(alive[:, ::-1], axis=1), 48)]
    tau = begin[:, None] + (end - begin)[:, None] * np.linspace(0.0, 1.0, 129)
    spacing = (end - begin) / 128.0
    logs = terms(tau)
    top = np.max(logs, axis=1)
    known = np.isfinite(top)
    weights = np.where(known[:, None], np.exp(logs - np.where(known, top, 0.0)[:, None]), 0.0)
    fine_sum, coarse_sum = spacing * weights.sum(axis=1), 2.0 * spacing * weights[:, ::2].sum(axis=1)
    error = np.abs(fine_sum - coarse_sum) / np.maximum(fine_sum, 1e-300)
    # halving the step of a convergent trapezoidal rule squares its error
    return np.where(known, top + np.log(fine_sum), -inf), np.where(known, np.minimum(error, 30.0 * error**2), 0.0)


def row_sums(along: Callable, axis: Axis, lower: np.ndarray, upper: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """log of the sum over each row, and its relative error (B,): from the finite end, or zero, up to 1024 terms."""
    import numpy as np

    if axis.values is not None:
        terms = along(np.broadcast_to(axis.values, (lower.size, len(axis.values))))
        return np.logaddexp.reduce(terms, axis=1), np.zeros(lower.size)
    first, last = np.ceil(lower - 1e-9), np.floor(upper + 1e-9)
    longest = float(np.max(last - first, initial=0.0)) / axis.step + 1.0
    ranks = axis.step * np.arange(min(float(_TERMS), longest))
    one_sided = axis.lower_finite or axis.upper_finite
    if axis.lower_finite:
        n = first[:, None] + ranks
    elif axis.upper_finite:
        n = last[:, None] - ranks
    else:
        n = np.broadcast_to(ranks - ranks[ranks.size // 2], (lower.size, ranks.size))
    terms = np.where((n >= first[:, None]) & (n <= last[:, None]), along(n), -inf)
    total = np.logaddexp.reduce(terms, axis=1)
    # the terms left out fall at least geometrically, or the last one kept says that they do not
    edge = terms[:, -1] if one_sided else np.maximum(terms[:, 0], terms[:, -1])
    error = np.exp(np.clip(edge - total, -700.0, 0.0)) * ranks.size
    return total, np.where(np.isfinite(total) & (ranks.size < longest), error, 0.0)
