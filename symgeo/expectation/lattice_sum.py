"""Sums over integers for many parameter points at once: term by term around the largest, tails by Euler-Maclaurin.

Source of the tail formula: DLMF 2.10.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from symgeo.expectation.axis import AxisResult, Integrand, clean, heights_of, integrate_axis, products
from symgeo.expectation.panels import Integrals
from symgeo.expectation.scanning import climb

if TYPE_CHECKING:
    import numpy as np

_NEGLIGIBLE = 42.0
_LONGEST = 20_000  # terms summed one by one on either side of the largest
_LONGEST_BETWEEN = 1_000_000  # the same towards a finite end
_CHUNK = 2_000_000  # terms held at a time


def sum_integers(
    integrand: Integrand, functions: int, first: np.ndarray, last: np.ndarray, hints: np.ndarray, tolerance: float
) -> AxisResult:
    """The sums over the integers ``first <= n <= last`` for every row; either end may be infinite."""
    import numpy as np

    with np.errstate(all="ignore"):
        mode, top = _largest(integrand, first, last, hints)
        up, up_long = _window(integrand, mode, last, 1, functions, hints)
        down, down_long = _window(integrand, mode, first, -1, functions, hints)
        result = _terms(integrand, functions, mode - down, mode + up, top)
        open_end = np.zeros((functions, len(mode)), dtype=bool)
        for side, reach, edge, long in ((1, up, last, up_long), (-1, down, first, down_long)):
            rows = np.flatnonzero(long)
            if rows.size:
                tail, endless = _tail(integrand, functions, rows, mode + side * (reach + 1), edge, side, top, tolerance)
                for total, part in zip(
                    (result.value, result.error, result.size), (tail.value, tail.error, tail.size), strict=True
                ):
                    total[:, rows] += part
                open_end[:, rows] |= endless
                result.value[:, rows] = np.where(endless, np.inf, result.value[:, rows])
    return AxisResult(top, result, open_end)


def _largest(
    integrand: Integrand, first: np.ndarray, last: np.ndarray, hints: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The integer with the largest weight in every row, and that weight's logarithm."""
    import numpy as np

    count = len(first)
    steps = np.unique(np.concatenate([np.arange(0.0, 24.0), np.rint(np.exp(np.arange(3.0, 36.0, 0.25)))]))
    start = np.where(np.isfinite(first), first, np.where(np.isfinite(last), last, 0.0))[:, None]
    nodes = np.where(np.isfinite(first)[:, None], start + steps, start - steps)
    both = ~np.isfinite(first) & ~np.isfinite(last)
    nodes = np.concatenate([nodes, np.where(both[:, None], start + steps, start), np.rint(hints)], axis=1)
    nodes = np.where(np.isfinite(nodes), nodes, start)
    nodes = np.sort(np.clip(nodes, first[:, None], last[:, None]), axis=1)
    rows = np.broadcast_to(np.arange(count)[:, None], nodes.shape)

    def along(places: np.ndarray) -> np.ndarray:
        whole = np.rint(places)
        which = np.repeat(np.arange(count), places.shape[1])
        return clean(integrand.weight(which, whole.ravel())).reshape(places.shape)

    heights = clean(integrand.weight(rows.ravel(), nodes.ravel())).reshape(nodes.shape)
    best = np.argmax(heights, axis=1)
    at = np.arange(count)
    low = nodes[at, np.maximum(best - 1, 0)]
    high = nodes[at, np.minimum(best + 1, nodes.shape[1] - 1)]
    mode = np.rint(climb(along, low, nodes[at, best], high, flat=0.01))
    top = along(mode[:, None])[:, 0]
    better = heights[at, best] > top
    mode, top = np.where(better, nodes[at, best], mode), np.maximum(top, heights[at, best])
    return mode, np.where(np.isfinite(top), top, 0.0)


def _window(
    integrand: Integrand, mode: np.ndarray, edge: np.ndarray, side: int, functions: int, hints: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """How many terms from the mode towards ``edge`` count, and whether more than the most that are summed."""
    import numpy as np

    room = np.abs(edge - mode)
    steps = np.unique(np.concatenate([np.arange(0.0, 16.0), np.rint(np.exp(np.arange(2.8, 40.0, 0.2)))]))
    hinted = np.nan_to_num(np.rint(side * (hints - mode[:, None])), posinf=0.0, neginf=0.0)
    offset = np.concatenate([np.broadcast_to(steps, (len(mode), steps.size)), np.maximum(hinted, 0.0)], axis=1)
    offset = np.sort(np.minimum(offset, room[:, None]), axis=1)
    rows = np.repeat(np.arange(len(mode)), offset.shape[1])
    # Each step stands for as many terms as it is far from the mode.
    total = heights_of(*integrand(rows, (mode[:, None] + side * offset).ravel()))
    total = total.reshape(functions, *offset.shape) + np.log1p(offset)
    near = total >= np.max(total, axis=2, keepdims=True) - _NEGLIGIBLE
    alive = np.any(near & (total > -np.inf), axis=0)
    last = offset.shape[1] - 1
    furthest = last - np.argmax(alive[:, ::-1], axis=1)
    own = np.arange(len(mode))
    # Half as far again: a step that is small may lie beside one that is not.
    reach = np.minimum(np.maximum(offset[own, np.minimum(furthest + 1, last)], 1.3 * offset[own, furthest]), room)
    reach = np.ceil(reach)
    reach = np.where(np.any(alive, axis=1), reach, 0.0)
    long = reach > np.where(np.isfinite(room), _LONGEST_BETWEEN, _LONGEST)
    return np.where(long, _LONGEST, reach), long


def _terms(integrand: Integrand, functions: int, low: np.ndarray, high: np.ndarray, top: np.ndarray) -> Integrals:
    """Every term from low to high, row by row in one array."""
    import numpy as np

    result = Integrals.zeros(functions, len(low))
    lengths = (high - low + 1).astype(int)
    start = 0
    while start < len(low):
        stop = start + max(1, int(np.searchsorted(np.cumsum(lengths[start:]), _CHUNK)))
        rows = np.repeat(np.arange(start, min(stop, len(low))), lengths[start:stop])
        ends = np.cumsum(lengths[start:stop])
        n = low[rows] + np.arange(ends[-1]) - np.repeat(ends - lengths[start:stop], lengths[start:stop])
        terms = _values(integrand, rows, n, top)
        for j, row_terms in enumerate(terms):
            result.value[j] += np.bincount(rows, weights=row_terms, minlength=len(low))
            result.size[j] += np.bincount(rows, weights=np.abs(row_terms), minlength=len(low))
        start = stop
    result.error[:] = 4e-16 * result.size
    return result


def _values(integrand: Integrand, rows: np.ndarray, n: np.ndarray, top: np.ndarray) -> np.ndarray:
    log_weight, values = integrand(rows, n)
    return products(log_weight - top[rows], values, integrand.strict)


@dataclass(frozen=True)
class _Beyond:
    """The terms of some rows as functions of a real distance from a start."""

    integrand: Integrand
    rows: np.ndarray
    start: np.ndarray
    scale: np.ndarray
    side: int

    @property
    def unseen(self) -> float:
        return self.integrand.unseen

    @property
    def strict(self) -> bool:
        return self.integrand.strict

    def weight(self, row: np.ndarray, y: np.ndarray) -> np.ndarray:
        return self.integrand.weight(self.rows[row], self.start[row] + self.side * y) - self.scale[row]

    def __call__(self, row: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        log_weight, values = self.integrand(self.rows[row], self.start[row] + self.side * y)
        return log_weight - self.scale[row], values


def _tail(
    integrand: Integrand,
    functions: int,
    rows: np.ndarray,
    begin: np.ndarray,
    edge: np.ndarray,
    side: int,
    top: np.ndarray,
    tolerance: float,
) -> tuple[Integrals, np.ndarray]:
    """``sum of g(n), n = N, N + side, ...`` as the integral from N on, g(N)/2 and -g'(N)/12."""
    import numpy as np

    start, scale = begin[rows], top[rows]
    beyond = _Beyond(integrand, rows, start, scale, side)
    reach = np.abs(edge[rows] - start)
    smooth = integrate_axis(beyond, functions, reach, np.full((len(rows), 1), np.nan), tolerance)
    factor = np.exp(smooth.log_scale)
    own = np.arange(len(rows))
    here = _values(beyond, own, np.zeros(len(rows)), np.zeros(len(rows)))
    after, before = (_values(beyond, own, np.full(len(rows), d), np.zeros(len(rows))) for d in (1.0, -1.0))
    slope = 0.5 * (after - before)
    value = factor * smooth.integrals.value + 0.5 * here - slope / 12.0
    size = factor * smooth.integrals.size + 0.5 * np.abs(here)
    error = factor * smooth.integrals.error + np.abs(slope) * 1e-6
    return Integrals(value, error, size), smooth.open_end
