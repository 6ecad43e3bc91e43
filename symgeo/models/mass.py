"""The total mass of a density at one parameter point: which rule for which support."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import inf, isfinite
from typing import TYPE_CHECKING, Any

from symgeo.models.cubature import integrate_space
from symgeo.models.evaluation import Target
from symgeo.models.lattice import lattice, shifts
from symgeo.models.nested import integrate_pair, row_integrals
from symgeo.models.quadrature import Estimate, integrate
from symgeo.models.regions import Axis, enumerate_points, fold, regions, slices, unfold
from symgeo.models.summation import summate

if TYPE_CHECKING:
    import numpy as np

_MOST_POINTS = 1_000_000
_MOST_SLICES = 64
_MOST_STARTS = 32
_ROWS = 256
_GOOD_ENOUGH = 3e-4


def total_mass(target: Target, effort: int = 1) -> Estimate:
    """The integral or sum of the density over its support.

    With ``effort`` 2 hints are drawn from the form of the density and, in several dimensions, a different rule or a
    larger sample is used: a second opinion.
    """
    found = Estimate(0.0, 0.0)
    for axes in regions(target.support):
        if len(axes) > 1 and effort == 1:
            _look_around(target, axes)
        whole = _enumerated(target, axes) if len(axes) > 1 and all(axis.discrete for axis in axes) else None
        if whole is not None:
            found = found + whole
            continue
        for pinned in slices(axes, _MOST_SLICES):
            found = found + _slice_mass(_Slice(target, axes, pinned), effort)
    return found


def _look_around(target: Target, axes: Sequence[Axis]) -> None:
    """Refuse a density that is negative or not real at some of a thousand points before integrating it at length."""
    import numpy as np

    with np.errstate(all="ignore"):
        cube = lattice(1024, len(axes), shifts(len(axes), 1)[0])
        x, log_jacobian = unfold(axes, 1.5 * (np.log(cube) - np.log1p(-cube)), {})
        usable = np.isfinite(log_jacobian) & np.all(np.isfinite(x), axis=-1)
        if np.any(usable):
            target.log_values(list(x[usable].T))
    target.refuse_negative()


def _enumerated(target: Target, axes: Sequence[Axis]) -> Estimate | None:
    """Term by term, for infinite supports in growing windows; None if there are too many terms or they go on."""
    import numpy as np

    def total(points: np.ndarray) -> float:
        with np.errstate(all="ignore"):
            return float(np.nansum(np.exp(target.log_values(list(points.T))))) if len(points) else 0.0

    points = enumerate_points(axes, _MOST_POINTS)
    if points is not None:
        value = total(points)
        return Estimate(value, 1e-13 * value)
    window, before = 16, -1.0
    while (points := enumerate_points(axes, _MOST_POINTS, window)) is not None:
        value = total(points)
        # nothing found yet may mean that the mass is farther out
        if value > 0.01 and abs(value - before) <= 1e-10 * value:
            return Estimate(value, abs(value - before) + 1e-13 * value)
        window, before = 2 * window, value
    return None


@dataclass(frozen=True)
class _Slice:
    """A region with some of its finite discrete variables pinned to values."""

    target: Target
    axes: Sequence[Axis]
    pinned: Mapping[int, float]

    @property
    def free(self) -> list[int]:
        """Positions of the variables that are not pinned."""
        return [position for position in range(len(self.axes)) if position not in self.pinned]

    def columns(self, values: Sequence[Any], count: int | None = None) -> list[Any]:
        """The first ``count`` columns of all variables from those of the free ones."""
        import numpy as np

        given = iter(values)
        shape = np.shape(values[0]) if len(values) else ()
        return [
            np.full(shape, self.pinned[position]) if position in self.pinned else next(given)
            for position in range(len(self.axes) if count is None else count)
        ]

    def axis(self, position: int) -> Axis:
        """A free axis whose ends take the free columns before it alone."""
        axis = self.axes[position]
        return replace(
            axis,
            lower=lambda before: axis.lower(self.columns(before, position)),
            upper=lambda before: axis.upper(self.columns(before, position)),
        )

    def log_values(self, values: Sequence[Any]) -> Any:
        """log p at columns of the free variables."""
        return self.target.log_values(self.columns(values))

    def log_unfolded(self, y: Any, smooth: bool = False) -> Any:
        """log of the integrand over R^free at y (N, free)."""
        import numpy as np

        x, log_jacobian = unfold(self.axes, y, self.pinned, smooth)
        usable = np.isfinite(log_jacobian) & np.all(np.isfinite(x), axis=-1)
        # outside, any member of the support will do: it is not used, but must not look suspicious
        x = np.where(usable[..., None], x, x[np.argmax(usable)] if np.any(usable) else 0.0)
        values = self.target.log_values(list(np.moveaxis(x, -1, 0))) + log_jacobian
        return np.where(usable & (values < inf), values, -inf)

    def log_marginal(self, y: Any) -> Any:
        """The same at y (N, free - 1) with the last free variable, a continuous one, integrated out."""
        import numpy as np

        last = self.free[-1]
        x, log_jacobian = unfold(self.axes[:last], y, self.pinned)
        columns = list(np.moveaxis(x, -1, 0))
        axis = self.axes[last]
        after = [self.pinned[position] for position in range(last + 1, len(self.axes))]
        found = np.full(len(y), -inf)
        for start in range(0, len(y), _ROWS):
            rows = slice(start, start + _ROWS)
            before = [column[rows, None] for column in columns]

            def along(t: np.ndarray, before: list = before) -> np.ndarray:
                full = np.broadcast_arrays(*before, t, *after)
                values = self.target.log_values([column.ravel() for column in full]).reshape(t.shape)
                return np.where(values < inf, values, -inf)

            ends = [np.broadcast_to(end([c[rows] for c in columns]), len(y[rows])) for end in (axis.lower, axis.upper)]
            found[rows] = row_integrals(along, axis, *(np.asarray(end, dtype=float) for end in ends))[0]
        return np.where(np.isfinite(log_jacobian), found + log_jacobian, -inf)


def _slice_mass(piece: _Slice, effort: int) -> Estimate:
    import numpy as np

    free = piece.free
    if not free:
        values = piece.target.log_values([np.array([piece.pinned[p]]) for p in range(len(piece.axes))])
        value = float(np.nansum(np.exp(values)))
        return Estimate(value, 1e-14 * value)
    if len(free) == 1:
        return _line_mass(piece, free[0], effort)
    if len(free) == 2:
        return _plane_mass(piece, effort)
    return _space_mass(piece, effort)


def _line_mass(piece: _Slice, position: int, effort: int) -> Estimate:
    import numpy as np

    def log_line(x: np.ndarray) -> np.ndarray:
        return piece.log_values([x])

    axis = piece.axis(position)
    if axis.values is not None:
        with np.errstate(all="ignore"):
            value = float(np.nansum(np.exp(log_line(axis.values))))
        return Estimate(value, 1e-14 * value)
    lower, upper = float(axis.lower([])), float(axis.upper([]))
    hints = piece.target.hints(position, lower, upper) if effort > 1 else ()
    if axis.discrete:
        return summate(log_line, lower, upper, axis.step, hints)
    return integrate(log_line, (lower, upper), hints)


def _plane_mass(piece: _Slice, effort: int) -> Estimate:
    """Sampling first, as it is fast for everything that has a few round peaks; else one variable after the other."""
    import numpy as np

    outer, inner = (piece.axis(position) for position in piece.free)
    stepped = outer.discrete or inner.discrete
    if effort == 1 and not stepped:
        sampled = _space_mass(piece, effort, quick=True)
        if sampled.error <= _GOOD_ENOUGH * sampled.value:
            return sampled

    def log_rows(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        x, y = np.broadcast_arrays(x, y)
        return piece.log_values([x.ravel(), y.ravel()]).reshape(x.shape)

    nested = integrate_pair(log_rows, outer, inner)
    if effort == 1 or stepped:
        return nested
    # a row sees one inner peak: where hints tell of more, sampling from all of them finds more
    return _larger(nested, _space_mass(piece, effort))


def _space_mass(piece: _Slice, effort: int, quick: bool = False) -> Estimate:
    """By sampling; for a second opinion with the last variable integrated out, which straightens many curved shapes."""

    def smooth(y: np.ndarray) -> np.ndarray:
        return piece.log_unfolded(y, smooth=True)

    stepped = any(piece.axes[position].discrete for position in piece.free)
    climbing = smooth if stepped else None
    count = len(piece.free)
    if effort == 1:
        return integrate_space(piece.log_unfolded, count, climbing, quick=quick)
    starts = _starts(piece)
    marginal = Estimate(0.0, inf)
    if count > 2 and not stepped:
        heads = [start[:-1] for start in starts]
        marginal = integrate_space(piece.log_marginal, count - 1, None, heads, accuracy=5e-4, quick=True)
        if marginal.error <= 2.0 * _GOOD_ENOUGH * marginal.value:
            return marginal
    sampled = integrate_space(piece.log_unfolded, count, climbing, starts, effort=effort)
    return _larger(marginal, sampled) if isfinite(marginal.error) else sampled


def _larger(one: Estimate, other: Estimate) -> Estimate:
    """Of two estimates that disagree the one with more mass, as mass is what rules miss; else the surer one."""
    for estimate in (one, other):
        if not isfinite(estimate.value) and estimate.error == 0.0:
            return estimate  # divergence was seen
    if not (isfinite(one.value) and isfinite(other.value)):
        return one if isfinite(one.value) else other
    gap = abs(one.value - other.value)
    if gap <= 10.0 * (one.error + other.error) + 1e-3 * max(one.value, other.value):
        return min(one, other, key=lambda estimate: estimate.error)
    return max(one, other, key=lambda estimate: estimate.value)


def _starts(piece: _Slice) -> list[list[float]]:
    """Places in R^free that the form of the density hints at, coordinate by coordinate, in all combinations."""
    import numpy as np

    centre = unfold(piece.axes, np.zeros((1, len(piece.free))), piece.pinned, smooth=True)[0][0]
    choices: list[list[float]] = []
    hinted = False
    for position, axis in enumerate(piece.axes):
        values: list[float] = []
        if position not in piece.pinned and axis.values is None:
            lower, upper = (float(end([])) if axis.fixed else sign * inf for end, sign in
                            ((axis.lower, -1.0), (axis.upper, 1.0)))  # fmt: skip
            values = [float(hint) for hint in piece.target.hints(position, lower, upper)]
        hinted |= bool(values)
        choices.append(values[:8] or [float(centre[position])])
    if not hinted:
        return []
    starts = (fold(piece.axes, x, piece.pinned) for x, _ in zip(product(*choices), range(_MOST_STARTS), strict=False))
    return [start for start in starts if start is not None]
