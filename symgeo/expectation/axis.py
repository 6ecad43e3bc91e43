"""Integrals over one axis, for many parameter points at once: where the mass lies, and arms that reach it.

An axis is the line, or runs from 0 to a reach that may be infinite. The logarithm of the weight is scanned at all
scales and leads to its peaks; from each peak c arms ``x = c +- s (exp(t) - 1)`` go outward, linear near the peak and
geometric far from it, and ``x = r exp(-t)`` goes down to an end at 0, so that power laws at the end and in the tails
become exponentials in t.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from symgeo.expectation.panels import Integrals, integrate_panels
from symgeo.expectation.scanning import climb

if TYPE_CHECKING:
    import numpy as np


class Integrand(Protocol):
    """Integrands ``exp(log weight) * values`` of many rows, at places ``x (N,)`` of the rows ``rows (N,)``.

    ``unseen``: what the weight makes smaller than exp(-unseen) of its largest no function makes large again.
    """

    @property
    def unseen(self) -> float: ...

    @property
    def strict(self) -> bool:
        """Whether an infinity of a function counts where its weight is below 1e-25: not for derivatives of the
        log-density, which overflow only where the density itself is out of range."""

    def weight(self, rows: np.ndarray, x: np.ndarray, /) -> np.ndarray:
        """The log weight (N,), to a few digits."""

    def __call__(self, rows: np.ndarray, x: np.ndarray, /) -> tuple[np.ndarray, np.ndarray]:
        """The log weights, (N,) or one row a function (functions, N), and the values (functions, N)."""


_NEGLIGIBLE = 42.0  # exp(-42) of the largest integrand
_MOST_PEAKS = 6
_FINE = 8  # steps near the anchor that are a panel each; farther out, where t runs along powers, two make one
_FAR = 690.0  # exp(690) is near the largest double


@dataclass
class Arms:
    """Arms by column: the row each belongs to, its anchor c, scale s, side (0: down to the end 0), its last t, and
    whether it stops there only because doubles do."""

    row: np.ndarray
    anchor: np.ndarray
    scale: np.ndarray
    side: np.ndarray
    last: np.ndarray
    endless: np.ndarray

    def place(self, owner: np.ndarray, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """x and log |dx/dt|."""
        import numpy as np

        side, scale = self.side[owner], self.scale[owner]
        down = side == 0
        signed = np.where(down, -t, t)
        x = self.anchor[owner] + side * scale * np.expm1(signed)
        x[down] = scale[down] * np.exp(signed[down])
        return x, np.log(scale) + signed


@dataclass(frozen=True)
class AxisResult:
    """Integrals in units of ``exp(log_scale)``; ``open_end`` (functions, rows) marks integrands that do not die out."""

    log_scale: np.ndarray
    integrals: Integrals
    open_end: np.ndarray


def integrate_axis(
    integrand: Integrand,
    functions: int,
    reach: np.ndarray | None,
    hints: np.ndarray,
    tolerance: float,
    floor: float = 0.0,
) -> AxisResult:
    """The integrals over the line (``reach`` None) or over (0, reach) for every row, reach (rows,).

    ``hints`` (rows, h) are places where the weight may peak sharply.
    """
    import numpy as np

    count = len(hints)
    with np.errstate(all="ignore"):
        arms = _arms(integrand, reach, hints)
        grid = _steps()
        t = np.minimum(grid, arms.last[:, None])
        owner = np.repeat(np.arange(len(arms.row)), grid.size)
        x, stretch = arms.place(owner, t.ravel())
        height = (clean(integrand.weight(arms.row[owner], x)) + stretch).reshape(t.shape)
        highest = np.full(count, -np.inf)
        np.maximum.at(highest, arms.row, np.max(height, axis=1))
        telling = np.flatnonzero((height > highest[arms.row, None] - integrand.unseen).ravel())
        heights = np.full((functions, t.size), -np.inf)
        lost = np.zeros((functions, t.size), dtype=bool)
        log_weight, values = integrand(arms.row[owner[telling]], x[telling])
        heights[:, telling] = heights_of(log_weight, values) + stretch[telling]
        lost[:, telling] = np.isinf(values)
        heights, lost = heights.reshape(functions, *t.shape), lost.reshape(functions, *t.shape)
        per_row = np.full((functions, count), -np.inf)
        np.maximum.at(per_row.T, arms.row, np.max(heights, axis=2).T)
        top = np.full(count, -np.inf)
        np.maximum.at(top, arms.row, np.max(height, axis=1))
        top = np.where(np.isfinite(top), top, 0.0)
        each = (heights >= per_row[:, arms.row, None] - _NEGLIGIBLE) & (heights > -np.inf)
        open_end = np.zeros((functions, count), dtype=bool)
        beyond = each[:, :, -1] & arms.endless
        if integrand.strict:
            # What overflows next to a place that counts goes on unseen.
            beyond |= np.any(each[:, :, :-1] & lost[:, :, 1:], axis=2)
        np.logical_or.at(open_end.T, arms.row, beyond.T)
        alive = np.any(each & ~open_end[:, arms.row, None], axis=0)
        near = alive.copy()
        near[:, 1:] |= alive[:, :-1]
        near[:, :-1] |= alive[:, 1:]
        wanted = (near[:, :-1] | near[:, 1:]) & (t[:, 1:] > t[:, :-1])
        edges = np.concatenate([np.arange(_FINE), np.arange(_FINE, grid.size - 1, 2), [grid.size - 1]])
        wanted = np.logical_or.reduceat(wanted, edges[:-1], axis=1)
        t = t[:, edges]
        arm, step = np.nonzero(wanted)

        def on_arms(owner: np.ndarray, t: np.ndarray) -> np.ndarray:
            x, stretch = arms.place(owner, t)
            row = arms.row[owner]
            log_weight, values = integrand(row, x)
            return np.where(open_end[:, row], 0.0, products(log_weight + stretch - top[row], values, integrand.strict))

        if arm.size == 0:
            return AxisResult(top, Integrals.zeros(functions, count), open_end)
        found = integrate_panels(on_arms, arm, arms.row[arm], (t[arm, step], t[arm, step + 1]), count, tolerance, floor)
        return AxisResult(top, found, open_end)


def heights_of(log_weight: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The logarithms of the integrands' sizes, (functions, N); -inf where they are nothing, or not known."""
    import numpy as np

    sizes = np.log(np.abs(values))
    return clean(log_weight) + np.where(np.isfinite(sizes), sizes, -np.inf)


def products(log_weight: np.ndarray, values: np.ndarray, strict: bool) -> np.ndarray:
    """``exp(log_weight) * values``; where the weight has died out a function may be 0/0 and does not count.

    If ``strict``, one that overflows while the weight is still there leaves an infinity, which spoils the sum.
    """
    import numpy as np

    weight = np.exp(clean(log_weight))
    counts = np.isfinite(values) | (weight > 1e-25)
    if strict:
        counts |= np.isinf(values) & (weight > 1e-150)
    return np.where((weight > 1e-200) & counts, weight * values, 0.0)


def clean(log_weight: np.ndarray) -> np.ndarray:
    """-inf for nan, and for an infinity, which only an overflow on the way gives."""
    import numpy as np

    return np.where(log_weight < np.inf, log_weight, -np.inf)


def _steps() -> np.ndarray:
    """Where arms are looked at: fine near the anchor, then coarse to the ends of the doubles."""
    import numpy as np

    return np.concatenate([[0, 0.5, 1, 1.5, 2, 3], np.arange(4, 40, 2), np.arange(40, 80, 5), np.arange(80, 700, 20)])


def _arms(integrand: Integrand, reach: np.ndarray | None, hints: np.ndarray) -> Arms:
    """Arms from every peak, and down to the end at 0 where there is one; they meet halfway between anchors."""
    import numpy as np

    count = len(hints)
    nodes = _scan_nodes(reach, hints)
    rows = np.broadcast_to(np.arange(count)[:, None], nodes.shape)
    heights = clean(integrand.weight(rows.ravel(), nodes.ravel())).reshape(nodes.shape)
    mass = heights + np.log(np.maximum(np.abs(nodes), 1e-300))
    row, low, middle, high, extent = _brackets(nodes, heights, mass)

    def along(places: np.ndarray) -> np.ndarray:
        got = integrand.weight(np.repeat(row, places.shape[1]), places.ravel())
        return clean(got).reshape(places.shape)

    peak = climb(along, low, middle, high)
    order = np.lexsort((peak, row))
    row, peak, extent = row[order], peak[order], extent[order]
    scale = _scales(along, peak, extent)
    return _between(row, peak, scale, reach, count)


def _scan_nodes(reach: np.ndarray | None, hints: np.ndarray) -> np.ndarray:
    import numpy as np

    far = np.arange(60.0, _FAR, 30.0)
    middle = np.arange(12.0, 60.0, 4.0)
    steps = np.concatenate([-far[::-1], -middle[::-1], np.arange(-11.0, 12.0, 0.75), middle, far])
    count = len(hints)
    if reach is None:
        plain = np.concatenate([-np.exp(steps[::-1]), [0.0], np.exp(steps)])
        nodes = np.broadcast_to(plain, (count, plain.size))
    else:
        infinite = np.broadcast_to(np.exp(steps), (count, steps.size))
        shares = np.concatenate([np.exp(-np.arange(4.0, 100.0, 4.0)), np.linspace(0.02, 1.0, 50)])
        limited = np.where(np.isfinite(reach), reach, 1.0)[:, None] * np.sort(shares)
        width = max(infinite.shape[1], limited.shape[1])
        pad = [np.pad(a, ((0, 0), (width - a.shape[1], 0)), mode="edge") for a in (infinite, limited)]
        nodes = np.where(np.isfinite(reach)[:, None], pad[1], pad[0])
    top = np.inf if reach is None else reach[:, None]
    bottom = -np.inf if reach is None else 0.0
    good = np.where(np.isfinite(hints) & (hints > bottom) & (hints < top), hints, nodes[:, :1])
    return np.sort(np.concatenate([nodes, good], axis=1), axis=1)


def _brackets(nodes: np.ndarray, heights: np.ndarray, mass: np.ndarray) -> tuple[np.ndarray, ...]:
    """Per peak: its row, the bracket (low, middle, high), and how far the relevant mass extends from it."""
    import numpy as np

    inner = heights[:, 1:-1]
    found = (inner > heights[:, :-2]) & (inner >= heights[:, 2:]) & (nodes[:, 1:-1] > nodes[:, :-2])
    best = np.max(heights, axis=1, keepdims=True)
    found &= (inner > best - 600.0) & np.isfinite(inner)
    # At most so many: the highest.
    ranked = np.where(found, inner, -np.inf)
    limit = -np.sort(-ranked, axis=1)[:, min(_MOST_PEAKS, ranked.shape[1]) - 1 :][:, :1]
    found &= ranked >= limit
    # Without a peak inside: the place where most mass lies on the scale of x.
    alone = ~np.any(found, axis=1)
    most = np.clip(np.argmax(np.where(np.isfinite(mass), mass, -np.inf), axis=1), 1, nodes.shape[1] - 2)
    found[np.flatnonzero(alone), most[alone] - 1] = True
    row, index = np.nonzero(found)
    index = index + 1
    lone = alone[row]
    middle = nodes[row, index]
    low, high = (np.where(lone, middle, nodes[row, index + d]) for d in (-1, 1))
    relevant = mass > np.max(mass, axis=1, keepdims=True) - _NEGLIGIBLE
    first = np.take_along_axis(nodes, np.argmax(relevant, axis=1)[:, None], 1)[:, 0]
    last = np.take_along_axis(nodes, nodes.shape[1] - 1 - np.argmax(relevant[:, ::-1], axis=1)[:, None], 1)[:, 0]
    extent = np.maximum(np.maximum(last[row] - middle, middle - first[row]), np.abs(middle) * 1e-10)
    return row, low, middle, high, np.where(extent > 0, extent, 1.0)


def _scales(along: Callable, peak: np.ndarray, extent: np.ndarray) -> np.ndarray:
    """How far from the peak the logarithm falls by about one half, the larger of the two sides."""
    import numpy as np

    if peak.size == 0:
        return peak
    top = along(peak[:, None])
    least, most = np.log(np.maximum(np.abs(peak) * 1e-15, 1e-290)), np.log(2.0 * extent)
    scale = np.zeros(peak.size)
    for side in (1.0, -1.0):
        low, high = least, np.maximum(most, least + 1.0)
        # A wide range of sizes first, then what lies between two of them.
        for shares in (np.linspace(0.0, 1.0, 64), np.linspace(0.0, 1.0, 16)):
            sizes = low[:, None] + (high - low)[:, None] * shares
            drop = top - along(peak[:, None] + side * np.exp(sizes))
            gentle = np.logical_and.accumulate(np.abs(drop) < 0.7, axis=1)
            count = np.sum(gentle, axis=1)
            rows = np.arange(peak.size)
            low, high = sizes[rows, np.maximum(count - 1, 0)], sizes[rows, np.minimum(count, shares.size - 1)]
        scale = np.maximum(scale, np.where(count > 0, np.exp(low), 0.0))
    return np.where(scale > 0, scale, extent * 1e-3)


def _between(row: np.ndarray, peak: np.ndarray, scale: np.ndarray, reach: np.ndarray | None, count: int) -> Arms:
    import numpy as np

    first = np.ones(row.size, dtype=bool)
    first[1:] = row[1:] != row[:-1]
    last = np.ones(row.size, dtype=bool)
    last[:-1] = first[1:]
    gap = np.empty(row.size)
    gap[:-1] = 0.5 * (peak[1:] - peak[:-1])
    right = np.where(last, np.inf if reach is None else reach[row] - peak, np.append(gap[:-1], 0.0))
    left = np.where(first, np.inf if reach is None else 0.5 * peak, np.concatenate([[0.0], gap[:-1]]))
    scale = np.minimum(scale, np.where(np.isfinite(right), np.maximum(right, 1e-300), scale))

    def arms(side: int, distance: np.ndarray) -> list[np.ndarray]:
        s = np.minimum(scale, np.where(np.isfinite(distance), np.maximum(distance, 1e-300), scale))
        until = np.where(np.isfinite(distance), np.log1p(distance / s), _FAR - np.maximum(np.log(s), 0.0))
        return [row, peak, s, np.full(row.size, side), until, ~np.isfinite(distance)]

    parts = [arms(1, right), arms(-1, left)]
    if reach is not None:
        begin = 0.5 * peak[first]
        down = _FAR + np.minimum(np.log(begin), 0.0)
        zeros = np.zeros(begin.size)
        parts.append([row[first], zeros, begin, zeros.astype(int), down, np.ones(begin.size, dtype=bool)])
    return Arms(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
