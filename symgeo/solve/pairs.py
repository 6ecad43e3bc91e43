"""Points as arguments: arrays, sequences of numbers or mappings, broadcast to pairs and held against the domain."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from symgeo.codegen import numpy_function
from symgeo.codegen.numpy import real_array
from symgeo.errors import ArgumentError, DomainError, ParameterListError, ShapeError
from symgeo.geometry.manifold import StatisticalManifold
from symgeo.solve.spray import domain_of

if TYPE_CHECKING:
    import numpy as np


def columns_of(m: StatisticalManifold, given: Any, what: str) -> np.ndarray:
    """Points (..., n) given by an array, a sequence or a mapping from every coordinate to its values.

    Raises :class:`ParameterListError`, :class:`ShapeError`, and :class:`ArgumentError` for what is no finite real
    number.
    """
    import numpy as np

    if isinstance(given, Mapping):
        if set(given) != set(m.coordinates):
            raise ParameterListError(f"{what} gives {set(given)}; give a value to each of {m.coordinates}")
        parts = [real_array(given[s], f"{what}, {s},") for s in m.coordinates]
        try:
            points = np.stack(np.broadcast_arrays(*parts), axis=-1)
        except ValueError as error:
            raise ShapeError(f"the values of the coordinates of {what} do not broadcast: {error}") from None
    else:
        points = real_array(given, what)
    if points.ndim == 0 or points.shape[-1] != m.dim:
        raise ShapeError(
            f"{what} must have shape (..., {m.dim}), the coordinates {m.coordinates} in this order along its last "
            f"axis, not {points.shape}"
        )
    bad = np.argwhere(~np.all(np.isfinite(points), axis=-1))
    if len(bad):
        k = tuple(bad[0].tolist())
        raise ArgumentError(f"{what}{at_index(k)} is not finite: {points[k].tolist()}; leave such points out")
    _refuse_outside(m, points, what)
    return points


def pairs_of(m: StatisticalManifold, p: Any, q: Any) -> tuple[np.ndarray, np.ndarray, tuple[int, ...]]:
    """Both ends as columns (n, P), and their common leading axes."""
    import numpy as np

    start, end = columns_of(m, p, "p"), columns_of(m, q, "q")
    if start.shape != end.shape:
        try:
            start, end = np.broadcast_arrays(start, end)
        except ValueError:
            raise ShapeError(f"the leading axes of p {start.shape} and q {end.shape} do not broadcast") from None
    leading = start.shape[:-1]
    count = math.prod(leading)
    first, second = (np.ascontiguousarray(x.reshape(count, m.dim).T) for x in (start, end))
    return first, second, leading


def _refuse_outside(m: StatisticalManifold, points: np.ndarray, what: str) -> None:
    import numpy as np

    if "conditions" not in m.kept:
        conditions = domain_of(m)
        m.kept["conditions"] = conditions, numpy_function(conditions, m.coordinates)
    conditions, function = m.kept["conditions"]
    for condition, value in zip(conditions, function(*np.moveaxis(points, -1, 0)), strict=True):
        if not np.all(value > 0):
            k = tuple(np.argwhere(~(value > 0))[0].tolist())
            raise DomainError(
                f"{what}{at_index(k)}, {points[k].tolist()}, is outside the domain of {m.coordinates}: {condition} "
                f"must be positive and is {float(value[k]):g}"
            )


def at_index(k: tuple[int, ...]) -> str:
    """ " at index k", or nothing for a single point."""
    return f" at index {k if len(k) > 1 else k[0]}" if k else ""
