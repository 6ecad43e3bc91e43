"""Newton's method for geodesics between given ends, many pairs at once.

The unknowns are the second derivatives of the paths at Gauss points. Steps are shortened until the next one, taken with
the same derivative, is smaller: this test does not depend on the chart's units, and needs no energy, which connections
other than Levi-Civita's do not have. Source: Deuflhard, Newton Methods for Nonlinear Problems, 2004, section 3.3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from symgeo.solve.collocation import Rule
    from symgeo.solve.lowered_equation import Linearised, LoweredEquation

_HALVINGS = 12
_FREE = 0.1  # steps smaller than this share of the length are taken whole


@dataclass
class Paths:
    """Some paths in the chart without walls: starting points and chords (n, P), second derivatives (n, P, N)."""

    start: np.ndarray
    chord: np.ndarray
    bend: np.ndarray

    def __getitem__(self, rows: np.ndarray) -> Paths:
        return Paths(self.start[:, rows], self.chord[:, rows], self.bend[:, rows])

    def at(self, operators) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """u, u' and u'' (n, P, T) at the operators' times."""
        u = self.start[:, :, None] + self.chord[:, :, None] * operators.times + self.bend @ operators.twice.T
        return u, self.chord[:, :, None] + self.bend @ operators.once.T, self.bend @ operators.value.T

    def on(self, rule: Rule) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """u, u' and u'' (n, P, N) at the points of their own rule."""
        u = self.start[:, :, None] + self.chord[:, :, None] * rule.times + self.bend @ rule.twice.T
        return u, self.chord[:, :, None] + self.bend @ rule.once.T, self.bend


def matrix(lin: Linearised, rule: Rule) -> np.ndarray:
    """The derivative of the defects by the second derivatives, (P, n N, n N)."""
    import numpy as np

    n, _, count, size = lin.by_point.shape
    out = np.empty((count, n, size, n, size))
    diagonal = np.arange(size)
    for k in range(n):
        for m in range(n):
            block = out[:, k, :, m]
            np.multiply(lin.by_point[k, m][:, :, None], rule.twice, out=block)
            block += lin.by_velocity[k, m][:, :, None] * rule.once
            block[:, diagonal, diagonal] += lin.by_acceleration[k, m]
    return out.reshape(count, n * size, n * size)


def correction(jacobian: np.ndarray, defect: np.ndarray) -> np.ndarray:
    """Newton's step (n, P, N); nan where the matrix is singular or not finite."""
    import numpy as np

    n, count, size = defect.shape
    right = -np.moveaxis(defect, 0, 1).reshape(count, n * size, 1)
    found = solved(jacobian, right)
    return np.ascontiguousarray(np.moveaxis(found.reshape(count, n, size), 1, 0))


def solved(matrices: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Solutions of linear systems (..., m, m), (..., m, r); nan where a matrix is singular."""
    import numpy as np

    try:
        return np.linalg.solve(matrices, right)
    except np.linalg.LinAlgError:
        out = np.full(right.shape, np.nan)
        for i in np.ndindex(matrices.shape[:-2]):
            try:
                out[i] = np.linalg.solve(matrices[i], right[i])
            except np.linalg.LinAlgError:
                continue
        return out


def size_of(step: np.ndarray, lin: Linearised, rule: Rule) -> np.ndarray:
    """The length (P,) in the metric along the paths of a change of the second derivatives, the root of its mean square."""
    import numpy as np

    moved = lin.stretch * (step @ rule.twice.T)
    return np.sqrt(np.einsum("kmpi,kpi,mpi,i->p", lin.metric, moved, moved, rule.weights))


def length_of(lin: Linearised, rule: Rule) -> np.ndarray:
    """The root (P,) of the paths' energies: their length, where their speed is constant."""
    import numpy as np

    return np.sqrt(np.einsum("kmpi,kpi,mpi,i->p", lin.metric, lin.velocity, lin.velocity, rule.weights))
