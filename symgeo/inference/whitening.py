"""Factors of inverses of small symmetric matrices."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

# Up to this size loops over numbers are faster than calls of LAPACK.
_SMALL = 6


def whitening(matrix: np.ndarray, least: float = 0.0) -> np.ndarray | None:
    """``H``, lower triangular, with ``H' H`` the inverse of (n, n); None where that is not positive definite.

    The matrix is scaled to unit diagonal first: parameters' units differ by many powers of ten. Its squared pivots must
    then be more than ``least``, below which they may be rounding errors of zero.
    """
    import numpy as np

    if len(matrix) > _SMALL:
        return _by_lapack(matrix, least)
    rows = matrix.tolist()
    n = len(rows)
    if n == 2:
        return _of_two(rows[0][0], rows[0][1], rows[1][1], least)
    if not all(0.0 < rows[i][i] < math.inf for i in range(n)):
        return None
    scale = [math.sqrt(rows[i][i]) for i in range(n)]
    factor: list[list[float]] = []
    found: list[list[float]] = []
    for i in range(n):
        row: list[float] = []
        own = rows[i]
        for j in range(i):
            other = factor[j]
            rest = own[j] / (scale[i] * scale[j])
            for k in range(j):
                rest -= row[k] * other[k]
            row.append(rest / other[j])
        square = own[i] / (scale[i] * scale[i])
        for v in row:
            square -= v * v
        if not least < square < math.inf:
            return None
        pivot = math.sqrt(square)
        inverse = []
        for j in range(i):
            total = 0.0
            for k in range(j, i):
                total -= row[k] * found[k][j]
            inverse.append(total / pivot)
        row.append(pivot)
        factor.append(row)
        found.append([*inverse, 1.0 / pivot, *[0.0] * (n - i - 1)])
    out = np.array(found)
    out /= scale
    return out


def _of_two(first: float, across: float, second: float, least: float) -> np.ndarray | None:
    import numpy as np

    if not (0.0 < first < math.inf and 0.0 < second < math.inf):
        return None
    a, b = math.sqrt(first), math.sqrt(second)
    share = across / (a * b)
    square = 1.0 - share * share
    if not least < square < math.inf:
        return None
    pivot = math.sqrt(square)
    return np.array([[1.0 / a, 0.0], [-share / (pivot * a), 1.0 / (pivot * b)]])


def _by_lapack(matrix: np.ndarray, least: float) -> np.ndarray | None:
    import numpy as np

    diagonal = np.diagonal(matrix)
    if not (np.isfinite(matrix).all() and (diagonal > 0).all()):
        return None
    scale = np.sqrt(diagonal)
    try:
        factor = np.linalg.cholesky(matrix / np.outer(scale, scale))
        return np.linalg.inv(factor) / scale if (np.diagonal(factor) ** 2 > least).all() else None
    except np.linalg.LinAlgError:
        return None
