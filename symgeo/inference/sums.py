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
    """The sum of (N,) as if it were rounded about once; inf or nan where the numbers are not finite.

    High parts are split off so that they add up without rounding. Source: Rump, Ogita and Oishi, SIAM Journal on
    Scientific Computing 31 (2008) 189-224, algorithm 3.2 (ExtractVector).
    """
    import numpy as np

    if len(values) <= _SHORT:
        return math.fsum(values)
    largest = max(float(np.max(values)), -float(np.min(values)))
    if not math.isfinite(largest) or largest == 0.0:
        return float(np.sum(values))
    if not 1e-250 < largest < 1e250:
        return math.fsum(values)
    parts = []
    for start in range(0, len(values), _BLOCK):
        rest, size = values[start : start + _BLOCK], math.frexp(largest)[1]
        for _ in range(_PASSES):
            unit = math.ldexp(1.0, _BITS + size)
            high = (unit + rest) - unit
            parts.append(float(np.sum(high)))  # exact: all are multiples of one unit in the last place, and few
            rest = rest - high
            size += _BITS - 53
        parts.append(float(np.sum(rest)))
    return math.fsum(parts)
