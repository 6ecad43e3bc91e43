"""Steps in a chart whose coordinates may have ends: in the logarithm of the distance from them, so none is crossed."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from sympy import Expr, Symbol

_STRETCHES = (1.0, 1e-1, 1e1, 1e-2, 1e2, 1e-3, 1e3, 1e-4, 1e4, 1e-6, 1e6, 1e8)
_ALONE = 7  # of them for a single coordinate, where there are more than two


def ends_of(s: Symbol, conditions: Sequence[Expr]) -> tuple[float, float]:
    """The ends that positive expressions in one coordinate alone give it."""
    lower, upper = -inf, inf
    for c in conditions:
        if c.free_symbols == {s} and (s - c).is_number:
            lower = max(lower, float(s - c))
        elif c.free_symbols == {s} and (s + c).is_number:
            upper = min(upper, float(s + c))
    return lower, upper


def placed(value: float, lower: float, upper: float) -> float:
    """A number between two ends: the one given, or where it lies outside another one in a moderate distance."""
    if lower < value < upper:
        return value
    share = 0.1 + 0.8 * (abs(value) % 1)
    if lower > -inf and upper < inf:
        return lower + share * (upper - lower)
    return lower + 2 * share if lower > -inf else upper - 2 * share


@dataclass(frozen=True)
class Walls:
    """The ends of the coordinates, arrays (n,), infinite where there is none; points are arrays (P, n)."""

    lower: np.ndarray
    upper: np.ndarray

    def units(self, theta: np.ndarray, free: np.ndarray) -> np.ndarray:
        """The length of a step that changes the distance from an end by a factor e; ``free`` where there is none."""
        import numpy as np

        with np.errstate(all="ignore"):
            below, above = theta - self.lower, self.upper - theta
            units = np.where(np.isfinite(below), below, np.where(np.isfinite(above), above, free))
            both = np.isfinite(self.lower) & np.isfinite(self.upper)
            return np.where(both, below * above / (self.upper - self.lower), units)

    def moved(self, theta: np.ndarray, step: np.ndarray) -> np.ndarray:
        """theta after a step, which is one of the logarithms of the distances from the ends."""
        import numpy as np

        lower, upper = self.lower, self.upper
        with np.errstate(all="ignore"):
            below, above, width = theta - lower, upper - theta, upper - lower
            ratio = below / above * np.exp(step * width / (below * above))
            between = np.where(ratio < 1, lower + width * ratio / (1 + ratio), upper - width / (1 + ratio))
            out = np.where(np.isfinite(lower), lower + below * np.exp(step / below), theta + step)
            out = np.where(np.isfinite(upper), upper - above * np.exp(-step / above), out)
            return np.where(np.isfinite(lower) & np.isfinite(upper), between, out)

    def stretched(self, interior: np.ndarray) -> np.ndarray:
        """Interior points moved away from the ends and from zero by powers of ten: (S, n)."""
        import numpy as np

        n = interior.shape[1]
        logs, axes = np.log(_STRETCHES), range(n)
        if n <= 2:
            shifts = list(itertools.product(logs, repeat=n))
        else:
            shifts = [(s,) * n for s in logs]
            shifts += [tuple(s if a == b else 0.0 for b in axes) for a in axes for s in logs[1:_ALONE]]
        units = self.units(interior, np.full(interior.shape, np.inf))
        ended = np.isfinite(units)
        points = []
        for shift in shifts:
            moved = self.moved(interior, np.where(ended, units, 0.0) * shift)
            points.append(np.where(ended, moved, interior * np.exp(shift)))
        return np.concatenate(points)
