"""Factors of inverses of small symmetric matrices."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


def whitening(matrix: np.ndarray, least: float = 0.0) -> np.ndarray | None:
    """``H``, lower triangular, with ``H' H`` the inverse of (n, n); None where that is not positive definite.

    The matrix is scaled to unit diagonal first: parameters' units differ by many powers of ten. Its squared pivots must
    then be more than ``least``, below which they may be rounding errors of zero.
    """
    import numpy as np
    from scipy.linalg.lapack import dpotrf, dtrtri

    if len(matrix) == 2:
        (first, across), (_, second) = matrix.tolist()
        return _of_two(first, across, second, least)
    diagonal = matrix.diagonal()
    values = diagonal.tolist()
    if not (min(values) > 0.0 and sum(values) < math.inf):  # the sum of what is not a number is none
        return None
    scale = np.sqrt(diagonal)
    factor, failed = dpotrf(matrix / (scale * scale[:, None]), lower=1)
    pivots = factor.diagonal().tolist()
    if failed or not (min(pivots) ** 2 > least and sum(pivots) < math.inf):
        return None
    inverse, _ = dtrtri(factor, lower=1)
    inverse /= scale
    return inverse


def _of_two(first: float, across: float, second: float, least: float) -> np.ndarray | None:
    """The same for two parameters, without a call of LAPACK."""
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


def squared_length(factor: np.ndarray, score: np.ndarray) -> float:
    """``score' H' H score``, the squared length of the step that the score (n,) leads to."""
    whitened = factor @ score
    return float(whitened @ whitened)


def made_positive(matrix: np.ndarray, score: np.ndarray) -> np.ndarray:
    """The matrix with its eigenvalues, in units of its diagonal, made positive and kept away from zero."""
    import numpy as np

    if not np.isfinite(matrix).all():
        return np.diag(np.where(np.isfinite(score) & (score != 0), np.abs(score), 1.0))
    size = np.sqrt(np.abs(np.diagonal(matrix)))
    scale = np.where(size > 0, size, np.maximum(np.abs(score), 1e-30))
    values, vectors = np.linalg.eigh(matrix / np.outer(scale, scale))
    safe = np.maximum(np.abs(values), 1e-3)
    return (vectors * safe) @ vectors.T * np.outer(scale, scale)
