"""Sums of many float64 numbers to the last digit, at the speed of array operations."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

# Up to here the exact sum of the standard library is as fast.
_SHORT = 256
# Numbers added at a time, the logarithm of that, and passes, each of which takes 53 - _BITS bits off the numbers.
BLOCK, _BITS, _PASSES = 2**14 - 2, 14, 2


def accurate_sum(values: np.ndarray) -> float:
    """The sum of (N,) as if it were rounded about once; inf or nan where the numbers are not finite."""
    parts: list[float] = []
    for start in range(0, len(values), BLOCK):
        parts += exact_parts(values[None, start : start + BLOCK])[0]
    return math.fsum(parts) if all(map(math.isfinite, parts)) else sum(parts)


def exact_parts(rows: np.ndarray) -> list[list[float]]:
    """For each row of (k, N), N at most `BLOCK`, a few numbers whose sum is that of the row, but for its last digits.

    High parts are split off so that they add up without rounding. Source: Rump, Ogita and Oishi, SIAM Journal on
    Scientific Computing 31 (2008) 189-224, algorithm 3.2 (ExtractVector).
    """
    import numpy as np

    if rows.shape[1] <= _SHORT:
        return rows.tolist()
    largest = np.maximum(np.maximum.reduce(rows, axis=1), -np.minimum.reduce(rows, axis=1)).tolist()
    found: list[list[float]] = [[] for _ in largest]
    usual = []
    for i, size in enumerate(largest):
        if 1e-250 < size < 1e250:
            usual.append(i)
        elif size == 0.0 or not math.isfinite(size):
            with np.errstate(invalid="ignore"):
                found[i].append(float(np.sum(rows[i])))
        else:
            found[i] = rows[i].tolist()
    rest = rows if len(usual) == len(rows) else rows[usual]
    sizes = [math.frexp(largest[i])[1] + _BITS for i in usual]
    for _ in range(_PASSES if usual else 0):
        unit = np.array([[math.ldexp(1.0, size)] for size in sizes])
        high = (unit + rest) - unit
        for i, part in zip(usual, np.add.reduce(high, axis=1).tolist(), strict=True):
            found[i].append(part)  # exact: all are multiples of one unit in the last place, and few
        rest = rest - high
        sizes = [size + _BITS - 53 for size in sizes]
    for i, part in zip(usual, np.add.reduce(rest, axis=1).tolist(), strict=True):
        found[i].append(part)
    return found


def total_of(weights: np.ndarray) -> float:
    """The sum of weights (N,), by one product where they are equal."""
    import numpy as np

    first = float(weights[0])
    return first * len(weights) if np.logical_and.reduce(weights == first) else accurate_sum(weights)
