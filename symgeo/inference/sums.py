"""Sums of many float64 numbers to the last digit, at the speed of array operations."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

# Up to here the exact sum of the standard library is as fast.
_SHORT = 256
# Numbers added at a time, the logarithm of that, and passes, each of which takes 53 - _BITS bits off the numbers.
_BLOCK, _BITS, _PASSES = 2**14 - 2, 14, 2


def accurate_sum(values: np.ndarray) -> float:
    """The sum of (N,) as if it were rounded about once; inf or nan where the numbers are not finite."""
    return accurate_sums(values[None, :])[0]


def accurate_sums(rows: np.ndarray) -> list[float]:
    """The sums of each row of (k, N), as by `accurate_sum`.

    High parts are split off so that they add up without rounding. Source: Rump, Ogita and Oishi, SIAM Journal on
    Scientific Computing 31 (2008) 189-224, algorithm 3.2 (ExtractVector).
    """
    import numpy as np

    if rows.shape[1] <= _SHORT:
        return [math.fsum(row) for row in rows.tolist()]
    largest = np.maximum(np.maximum.reduce(rows, axis=1), -np.minimum.reduce(rows, axis=1)).tolist()
    usual = [i for i, size in enumerate(largest) if 1e-250 < size < 1e250]
    found = [0.0] * len(rows)
    for i in set(range(len(rows))).difference(usual):
        row = rows[i]
        found[i] = math.fsum(row) if math.isfinite(largest[i]) and largest[i] != 0.0 else float(np.sum(row))
    if not usual:
        return found
    chosen = rows if len(usual) == len(rows) else rows[usual]
    sizes = [math.frexp(largest[i])[1] for i in usual]
    units = [
        np.array([[math.ldexp(1.0, _BITS + size + step * (_BITS - 53))] for size in sizes]) for step in range(_PASSES)
    ]
    parts: list[list[float]] = [[] for _ in usual]
    for start in range(0, chosen.shape[1], _BLOCK):
        rest = chosen[:, start : start + _BLOCK]
        sums = []
        for unit in units:
            high = (unit + rest) - unit
            sums.append(np.add.reduce(high, axis=1))  # exact: all are multiples of one unit in the last place, and few
            rest = rest - high
        sums.append(np.add.reduce(rest, axis=1))
        for part, own in zip(parts, zip(*(v.tolist() for v in sums), strict=True), strict=True):
            part.extend(own)
    for i, part in zip(usual, parts, strict=True):
        found[i] = math.fsum(part)
    return found


def total_of(weights: np.ndarray) -> float:
    """The sum of weights (N,), by one product where they are equal."""
    import numpy as np

    first = float(weights[0])
    return first * len(weights) if np.logical_and.reduce(weights == first) else accurate_sum(weights)
