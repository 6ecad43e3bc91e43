"""Sampling densities fitted to a function on R^d around one of its peaks, for importance sampling.

In coordinates s that whiten the peak, y = place + factor s, a proposal is built from tables of the function itself:
either along the axes (right for independent coordinates of any shape) or along rays (right for elliptical shapes with
tails of any weight).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf, lgamma, log, pi
from typing import TYPE_CHECKING, Any, Protocol

from symgeo.models.lattice import lattice, shifts

if TYPE_CHECKING:
    import numpy as np

    from symgeo.models.peaks import Peak

LogTarget = Callable[["np.ndarray"], "np.ndarray"]

_REACH = 16.0  # sinh(16) is about four million standard deviations
_CELLS = 256


class Proposal(Protocol):
    """A density on R^d that turns uniform points into samples."""

    @property
    def uniforms(self) -> int:
        """How many uniform numbers make one sample."""
        ...

    def draw(self, cube: np.ndarray) -> np.ndarray:
        """Samples (N, d) from points (N, uniforms) of the unit cube."""
        ...

    def log_density(self, y: np.ndarray) -> np.ndarray:
        """(N, d) -> (N,), -inf outside the tables."""
        ...


@dataclass(frozen=True)
class Table:
    """A density that is constant on cells: edges (M + 1,), cumulated probabilities (M + 1,), log densities (M,)."""

    edges: Any
    cumulated: Any
    logs: Any

    def draw(self, uniform: np.ndarray) -> np.ndarray:
        """The quantiles of uniform numbers."""
        import numpy as np

        return np.interp(uniform, self.cumulated, self.edges)

    def log_density(self, s: np.ndarray) -> np.ndarray:
        """log density at s, -inf outside."""
        import numpy as np

        cell = np.searchsorted(self.edges, s, side="right") - 1
        inside = (cell >= 0) & (cell < len(self.logs))
        return np.where(inside, self.logs[np.clip(cell, 0, len(self.logs) - 1)], -inf)


def tabulate(profile: Callable[[np.ndarray], np.ndarray], flattening: float, one_sided: bool = False) -> Table | None:
    """The table of exp(flattening * profile(s)), with a twentieth of a much flatter one; None if nothing is positive.

    ``profile`` maps s (M,) to (M,); s runs over the reals or, one-sided, from zero.
    """
    import numpy as np

    v = np.linspace(0.0 if one_sided else -_REACH, _REACH, 129 if one_sided else 257)
    heights = _clean(profile(np.sinh(v)))
    top = float(np.max(heights))
    if not np.isfinite(top):
        return None
    alive = np.flatnonzero(flattening * (heights - top) + np.log(np.cosh(v)) > -30.0)
    first, last = v[max(alive[0] - 1, 0)], v[min(alive[-1] + 1, v.size - 1)]
    edges = np.sinh(np.linspace(first, last, _CELLS + 1))
    middle = np.sinh(0.5 * (np.linspace(first, last, _CELLS + 1)[1:] + np.linspace(first, last, _CELLS + 1)[:-1]))
    heights = _clean(profile(middle))
    heights = np.maximum(heights - np.max(heights), -600.0)
    width = np.diff(edges)
    sharp, flat = np.exp(flattening * heights), np.exp(0.4 * flattening * heights)
    mass = 0.95 * sharp * width / np.sum(sharp * width) + 0.05 * flat * width / np.sum(flat * width)
    cumulated = np.concatenate([[0.0], np.cumsum(mass)])
    return Table(edges, cumulated / cumulated[-1], np.log(mass / width))


def _clean(values: np.ndarray) -> np.ndarray:
    import numpy as np

    return np.where(np.isnan(values), -inf, values)


@dataclass(frozen=True)
class AxisProposal:
    """Independent whitened coordinates, each with the table of the function along its axis."""

    place: Any
    factor: Any
    tables: tuple[Table, ...]

    @property
    def uniforms(self) -> int:
        """One per coordinate."""
        return len(self.tables)

    def draw(self, cube: np.ndarray) -> np.ndarray:
        """Quantiles along each axis."""
        import numpy as np

        s = np.stack([table.draw(cube[:, i]) for i, table in enumerate(self.tables)], axis=-1)
        return self.place + s @ self.factor.T

    def log_density(self, y: np.ndarray) -> np.ndarray:
        """Sum over the axes."""
        import numpy as np

        s = np.linalg.solve(self.factor, (y - self.place).T)
        logs = sum(table.log_density(s[i]) for i, table in enumerate(self.tables))
        return logs - np.linalg.slogdet(self.factor)[1]


@dataclass(frozen=True)
class RayProposal:
    """Uniform directions, and a distance with the table of the function averaged over rays."""

    place: Any
    factor: Any
    table: Table

    @property
    def uniforms(self) -> int:
        """One per coordinate for the direction and one for the distance."""
        return len(self.place) + 1

    def draw(self, cube: np.ndarray) -> np.ndarray:
        """Directions by normal quantiles, distances by the table's."""
        return self.place + directions(cube[:, 1:]) * self.table.draw(cube[:, 0])[:, None] @ self.factor.T

    def log_density(self, y: np.ndarray) -> np.ndarray:
        """The table's density spread over the sphere of its distance."""
        import numpy as np

        dimension = len(self.place)
        distance = np.linalg.norm(np.linalg.solve(self.factor, (y - self.place).T), axis=0)
        surface = log(2.0) + 0.5 * dimension * log(pi) - lgamma(0.5 * dimension)
        radial = self.table.log_density(distance) - (dimension - 1) * np.log(distance)
        return radial - surface - np.linalg.slogdet(self.factor)[1]


def directions(cube: np.ndarray) -> np.ndarray:
    """Unit vectors (N, d) from points of the unit cube (N, d)."""
    import numpy as np
    from scipy.special import ndtri

    normal = ndtri(cube)
    return normal / np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), 1e-300)


def axis_proposal(function: LogTarget, peak: Peak, flattening: float) -> AxisProposal | None:
    """A proposal from the function along the whitened axes through a peak."""
    tables = []
    for column in peak.factor.T:

        def profile(s: np.ndarray, along: np.ndarray = column) -> np.ndarray:
            return function(peak.place + s[:, None] * along)

        table = tabulate(profile, flattening)
        if table is None:
            return None
        tables.append(table)
    return AxisProposal(peak.place, peak.factor, tuple(tables))


def ray_proposal(function: LogTarget, peak: Peak) -> RayProposal | None:
    """A proposal from the function along rays from a peak."""
    import numpy as np

    dimension = len(peak.place)
    rays = directions(lattice(256, dimension, shifts(dimension, 1)[0])[::8]) @ peak.factor.T

    def profile(distance: np.ndarray) -> np.ndarray:
        places = peak.place + distance[:, None, None] * rays
        heights = _clean(function(places.reshape(-1, dimension)).reshape(distance.size, -1))
        mean = np.logaddexp.reduce(heights, axis=1)
        return mean + (dimension - 1) * np.log(np.maximum(distance, 1e-300))

    table = tabulate(profile, 1.0, one_sided=True)
    return None if table is None else RayProposal(peak.place, peak.factor, table)
