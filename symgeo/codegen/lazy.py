"""Generated functions on dask arrays: nothing is computed until it is asked for."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from symgeo.codegen.calls import Arguments


def lazily(function: Callable[..., Any], arguments: Arguments, shape: tuple[int, ...]) -> Callable[..., Any]:
    """``function(theta, **extras)``, values of shape (..., *shape), which takes dask arrays too and then returns one.

    A block of the result comes from the blocks of the arguments over the same leading axes; the coordinates of a point
    are brought into one block. Arguments are checked at once, their values when they are computed.
    """

    def either(theta: Any, /, **extras: Any) -> Any:
        if not any(_is_dask(a) for a in (theta, *extras.values())):
            return function(theta, **extras)
        return _blockwise(function, arguments, theta, extras, shape)

    return either


def _is_dask(value: Any) -> bool:
    """Whether this is a dask array; dask is not imported to find out."""
    dask = sys.modules.get("dask.array")
    return dask is not None and isinstance(value, dask.Array)


def _blockwise(
    function: Callable[..., Any], arguments: Arguments, theta: Any, extras: dict[str, Any], shape: tuple[int, ...]
) -> Any:
    import dask.array as da
    import numpy as np

    theta, extras = da.asarray(theta), {name: da.asarray(v) for name, v in extras.items()}
    _, _, leading = arguments.checked(_like(theta), {name: _like(v) for name, v in extras.items()})
    axes = tuple(range(len(leading)))
    components = tuple(range(len(leading) + 1, len(leading) + 1 + len(shape)))
    coordinates = len(leading)  # the label of theta's last axis
    operands = [theta.rechunk({theta.ndim - 1: -1}), (*axes[len(leading) + 1 - theta.ndim :], coordinates)]
    for v in extras.values():
        operands += [v, axes[len(leading) - v.ndim :]]

    def on_blocks(point: Any, *values: Any) -> Any:
        return np.asarray(function(point, **dict(zip(extras, values, strict=True))))

    return da.blockwise(
        on_blocks,
        (*axes, *components),
        *operands,
        new_axes=dict(zip(components, shape, strict=True)),
        concatenate=True,
        dtype=np.float64,
        meta=np.empty((0,) * (len(leading) + len(shape))),
    )


def _like(array: Any) -> Any:
    """Something of the same shape and kind that takes no room; an unknown length counts as one."""
    import numpy as np

    return np.broadcast_to(np.zeros((), array.dtype), tuple(1 if n != n else n for n in array.shape))
