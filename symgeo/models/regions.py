"""Regions with iterated ends, and the smooth maps that unfold them to all of R^d."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import isfinite, log
from typing import TYPE_CHECKING, Any

from symgeo.algebra.sets import Points
from symgeo.models.support import Support

if TYPE_CHECKING:
    import numpy as np

End = Callable[[Sequence[Any]], Any]


@dataclass(frozen=True)
class Axis:
    """One variable of a region: its ends as functions of the columns before it.

    ``values`` are the members of a finite set, which the ends then merely count. A discrete axis holds the integers
    lower, lower + step, ..., upper.
    """

    lower: End
    upper: End
    discrete: bool
    lower_finite: bool
    upper_finite: bool
    fixed: bool  # both ends are numbers
    step: int = 1
    values: Any = None

    def member(self, z: np.ndarray) -> np.ndarray:
        """The members of a finite set at real ranks z, whose floor counts."""
        import numpy as np

        return self.values[np.clip(np.floor(z), 0, len(self.values) - 1).astype(int)]


def regions(support: Support) -> list[tuple[Axis, ...]]:
    """The support as disjoint products with a single piece per variable."""
    import numpy as np

    choices = []
    for variable, parts in zip(support.variables, support.pieces, strict=True):
        axes: list[Axis] = []
        for piece, (lower, upper) in zip(parts, support.numeric_ends[variable], strict=True):
            if isinstance(piece, Points):
                values = np.array([float(value) for value in piece.values])
                ends = (_constant(0.0), _constant(float(len(values) - 1)))
                axes.append(Axis(*ends, True, True, True, True, values=values))
                continue
            axes.append(
                Axis(
                    lower,
                    upper,
                    piece.discrete,
                    not piece.ends[0].is_infinite,
                    not piece.ends[1].is_infinite,
                    not (piece.ends[0].free_symbols or piece.ends[1].free_symbols),
                    getattr(piece, "step", 1),
                )
            )
        choices.append(axes)
    return list(product(*choices))


def _constant(value: float) -> End:
    return lambda columns: value


def enumerate_points(axes: Sequence[Axis], limit: int, window: int | None = None) -> np.ndarray | None:
    """All points (N, d) of a discrete region; None if there are more than ``limit``.

    With a window, infinite axes are cut to that many members (two-sided ones to -window..window).
    """
    import numpy as np

    columns: list[np.ndarray] = []
    count = 1
    for axis in axes:
        shape = (count,)
        lower = np.broadcast_to(np.asarray(axis.lower(columns), dtype=float), shape)
        upper = np.broadcast_to(np.asarray(axis.upper(columns), dtype=float), shape)
        if not (axis.lower_finite and axis.upper_finite):
            if window is None:
                return None
            reach = float(window * axis.step)
            if axis.lower_finite:
                upper = lower + reach
            elif axis.upper_finite:
                lower = upper - reach
            else:
                lower, upper = np.full(shape, -reach), np.full(shape, reach)
        first, last = np.ceil(lower - 1e-9), np.floor(upper + 1e-9)
        sizes = np.maximum(np.floor((last - first) / axis.step) + 1, 0)
        if np.sum(sizes) > limit:
            return None
        sizes = sizes.astype(int)
        rows = np.repeat(np.arange(count), sizes)
        rank = np.arange(rows.size) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        columns = [column[rows] for column in columns]
        members = first[rows] + axis.step * rank
        columns.append(axis.member(members) if axis.values is not None else members)
        count = rows.size
    return np.stack(columns, axis=-1) if columns else np.zeros((1, 0))


def unfold(
    axes: Sequence[Axis], y: np.ndarray, pinned: Mapping[int, float], smooth: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Points x (N, d) of the region and log |dx/dy| (N,) at y (N, free) in R^free.

    Finite intervals go through the logistic function, half-lines through the exponential; the logarithm is -inf where
    earlier coordinates leave a set empty. A discrete variable is the floor of a continuous one that runs one unit
    further, so that integrals over y are sums over x; with ``smooth`` the floor is left out (for climbing). The axes
    in ``pinned`` keep their value.
    """
    import numpy as np

    columns: list[np.ndarray] = []
    log_jacobian = np.zeros(y.shape[:-1])
    free = iter(range(y.shape[-1]))
    for position, axis in enumerate(axes):
        if position in pinned:
            columns.append(np.full(y.shape[:-1], pinned[position]))
            continue
        t = y[..., next(free)]
        lower, upper = axis.lower(columns), axis.upper(columns)
        unit = float(axis.step)
        if axis.discrete:
            lower = np.ceil(np.asarray(lower, dtype=float) - 1e-9)
            upper = np.floor(np.asarray(upper, dtype=float) + 1e-9) + unit
        if axis.lower_finite and axis.upper_finite:
            width = np.maximum(upper - lower, 0.0)
            small = 1.0 / (1.0 + np.exp(np.abs(t)))
            x = np.where(t < 0, lower + width * small, upper - width * small)
            log_jacobian = log_jacobian + np.log(width) + np.log(small) + np.log1p(-small)
        elif axis.lower_finite or axis.upper_finite:
            x = lower + np.exp(t) if axis.lower_finite else upper - np.exp(t)
            log_jacobian = log_jacobian + t
        else:
            x = t
        if axis.discrete:
            log_jacobian = log_jacobian - np.log(unit)
            if axis.values is not None:
                x = axis.member(x)
            elif smooth:
                x = x - 0.5 * unit
            else:
                start = lower if axis.lower_finite else (upper if axis.upper_finite else 0.0)
                x = start + unit * np.floor((x - start) / unit)
        columns.append(np.asarray(x, dtype=float))
    return np.stack(np.broadcast_arrays(*columns), axis=-1), log_jacobian


def fold(axes: Sequence[Axis], x: Sequence[float], pinned: Mapping[int, float]) -> list[float] | None:
    """The y of one point x (all axes), None if it lies outside."""
    y: list[float] = []
    for position, (axis, value) in enumerate(zip(axes, x, strict=True)):
        if position in pinned:
            continue
        before = list(x[:position])
        lower, upper = float(axis.lower(before)), float(axis.upper(before))
        if axis.discrete:
            value, upper = value + 0.5, upper + 1.0
        if not lower < value < upper:
            return None
        if isfinite(lower) and isfinite(upper):
            y.append(log((value - lower) / (upper - value)))
        elif isfinite(lower) or isfinite(upper):
            y.append(log(value - lower if isfinite(lower) else upper - value))
        else:
            y.append(value)
    return y


def slices(axes: Sequence[Axis], most: int) -> list[dict[int, float]]:
    """All combinations of the finite discrete axes with numeric ends, as {position: value}; [{}] if there is no such
    axis or there are more than ``most``."""
    chosen: dict[int, list[float]] = {}
    size = 1.0
    for position, axis in enumerate(axes):
        if axis.discrete and axis.fixed and axis.lower_finite and axis.upper_finite:
            first = axis.lower(())
            size *= (axis.upper(()) - first) / axis.step + 1
            if size > most:
                return [{}]
            ranks = range(round((axis.upper(()) - first) / axis.step) + 1)
            chosen[position] = [float(v) for v in axis.values] if axis.values is not None else []
            chosen[position] = chosen[position] or [first + axis.step * rank for rank in ranks]
    return [dict(zip(chosen, values, strict=True)) for values in product(*chosen.values())]
