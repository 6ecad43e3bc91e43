"""Functions of one index that are much work, at many of its values: by interpolation to nearly all digits.

Intervals of the index are halved until a polynomial through every other of some points foretells the values at the
rest; the polynomial through all of them then has about twice the digits. Source: Trefethen, Approximation Theory and
Approximation Practice, 2013, chapters 4 and 8.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

# The degree of the polynomials, and relative errors of those of half the degree.
_DEGREE, _HALF = 24, 1e-7
# As many values are computed themselves.
_FEW = 40


def interpolated(
    function: Callable[[np.ndarray], np.ndarray], index: np.ndarray, places: tuple[np.ndarray, np.ndarray]
) -> np.ndarray:
    """The values (k, N) of a smooth function (M,) -> (k, M) at the index (N,).

    They are the entries of positive definite matrices at the ``places``, rows and columns, of their upper triangles;
    the diagonals say how large an error of an entry may be.
    """
    import numpy as np

    order = np.argsort(index)
    ordered = index[order]
    found = np.empty((len(places[0]), len(index)))
    nodes = np.cos(np.pi * np.arange(_DEGREE + 1) / _DEGREE)
    waiting = [(0, len(index))]
    while waiting:
        points = [_points(ordered[first:last], nodes) for first, last in waiting]
        values = np.split(function(np.concatenate(points)), np.cumsum([len(p) for p in points])[:-1], axis=1)
        left = []
        for (first, last), at, value in zip(waiting, points, values, strict=True):
            if at.base is ordered:
                found[:, order[first:last]] = value
                continue
            middle = first + int(np.searchsorted(ordered[first:last], at[_DEGREE // 2]))
            if _is_resolved(value, nodes, places):
                center, half = at[_DEGREE // 2], 0.5 * (at[0] - at[-1])
                found[:, order[first:last]] = _polynomial(value, nodes, (ordered[first:last] - center) / half)
            else:
                left += [(first, middle), (middle, last)]
        waiting = left
    return found


def _points(ordered: np.ndarray, nodes: np.ndarray) -> np.ndarray:
    """Where the function is computed: at the values themselves, a view, or at the nodes of their interval."""
    low, high = ordered[0], ordered[-1]
    center = low + 0.5 * (high - low)
    if len(ordered) <= _FEW or not low < center < high:
        return ordered
    return center + 0.5 * (high - low) * nodes


def _is_resolved(values: np.ndarray, nodes: np.ndarray, places: tuple[np.ndarray, np.ndarray]) -> bool:
    import numpy as np

    rows, columns = places
    sizes = np.sqrt(np.abs(values[rows == columns]))
    error = np.abs(_polynomial(values[:, ::2], nodes[::2], nodes[1::2]) - values[:, 1::2])
    return bool(np.all(error <= _HALF * (sizes[rows] * sizes[columns])[:, 1::2]))


def _polynomial(values: np.ndarray, nodes: np.ndarray, at: Sequence[float] | np.ndarray) -> np.ndarray:
    """The polynomial through values (k, m) at nodes (m,), at points of [-1, 1]: (k, N)."""
    from numpy.polynomial.chebyshev import chebfit, chebval

    return chebval(at, chebfit(nodes, values.T, len(nodes) - 1))
