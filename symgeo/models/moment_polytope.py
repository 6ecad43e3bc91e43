"""Exponential tilting on finitely many points: the multipliers that give moments, or why there are none."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from symgeo.errors import InfeasibleMomentsError, ProjectionError

if TYPE_CHECKING:
    import numpy as np

_STEPS = 300
_RANK = 1e-10
_CONTRADICTION = 1e-9
_INTERIOR = 1e-12  # the least probability that a law with these moments must be able to give every point
_DONE = 1e-13


class Tilting:
    """Laws ``p_k proportional to exp(log_weights_k + lambda . table_k)`` with mean ``moments``, table (N, n).

    Raises :class:`InfeasibleMomentsError` where dependent statistics are given moments that contradict each other.
    """

    def __init__(self, table: np.ndarray, log_weights: np.ndarray, moments: np.ndarray):
        import numpy as np

        self._table, self._log_weights, self._moments = table, log_weights, moments
        self.scale = np.maximum(np.max(np.abs(table - moments), axis=0), np.finfo(float).tiny)
        self._centred = (table - moments) / self.scale

    @cached_property
    def independent(self) -> tuple[int, ...]:
        """The positions of the statistics that one and those before them do not give."""
        import numpy as np

        basis = np.full((len(self._table), 1), 1 / np.sqrt(len(self._table)))
        kept: list[int] = []
        for i, column in enumerate(self._centred.T):
            rest = column.copy()
            for _ in range(2):
                rest = rest - basis @ (basis.T @ rest)
            length = np.linalg.norm(rest)
            if length > _RANK * np.linalg.norm(column):
                kept.append(i)
                basis = np.hstack([basis, rest[:, None] / length])
                continue
            chosen = np.hstack([np.ones((len(column), 1)), self._centred[:, kept]])
            constant = np.linalg.lstsq(chosen, column, rcond=None)[0][0]
            if abs(constant) > _CONTRADICTION:
                implied = self._moments[i] + constant * self.scale[i]
                raise InfeasibleMomentsError(
                    f"the moment of statistic {i + 1}, {self._moments[i]:.10g}, contradicts the others: on this "
                    f"support they give it the mean {implied:.10g}. Correct or drop it"
                )
        return tuple(kept)

    def solve(self) -> np.ndarray:
        """The multipliers of the independent statistics; :class:`InfeasibleMomentsError` where there are none."""
        import numpy as np

        kept = list(self.independent)
        self._require_interior()
        table = self._centred[:, kept]
        x = np.zeros(len(kept))
        value, p = self._potential(table, x)
        for _ in range(_STEPS):
            gradient = p @ table
            hessian = (table * p[:, None]).T @ table - np.outer(gradient, gradient)
            step = np.linalg.lstsq(hessian, -gradient, rcond=None)[0]
            decrement = -gradient @ step
            if np.max(np.abs(gradient), initial=0.0) < _DONE:
                break
            share = 1.0
            while share > 1e-12:
                there, q = self._potential(table, x + share * step)
                flatter = np.max(np.abs(q @ table)) < 0.5 * np.max(np.abs(gradient))
                if there <= value - 1e-4 * share * decrement or (decrement < 1e-6 and flatter):
                    break
                share /= 2
            else:
                break
            x, value, p = x + share * step, there, q
        if np.max(np.abs(p @ table), initial=0.0) > 1e-10:
            raise ProjectionError(
                "the multipliers did not converge: the moments are too close to the boundary of the possible ones for "
                "float64. Move them inwards, or leave the points out whose probability vanishes"
            )
        return x / self.scale[kept]

    def law(self, multipliers: np.ndarray) -> tuple[np.ndarray, float]:
        """The probabilities (N,) and ``log Z``."""
        import numpy as np

        kept = list(self.independent)
        value, p = self._potential(self._centred[:, kept], multipliers * self.scale[kept])
        return p, float(value + multipliers @ self._moments[kept]) if len(kept) else float(np.real(value))

    def _potential(self, table: np.ndarray, x: np.ndarray) -> tuple[float, np.ndarray]:
        """``log sum exp`` and the probabilities."""
        import numpy as np

        exponents = self._log_weights + table @ x
        top = np.max(exponents)
        weights = np.exp(exponents - top)
        total = np.sum(weights)
        return float(top + np.log(total)), weights / total

    def _require_interior(self) -> None:
        """A law with these moments that gives every point a probability, by linear programming."""
        import numpy as np
        from scipy.optimize import linprog

        size = len(self._table)
        columns = self._centred[:, list(self.independent)].T
        # Maximise t under p_k >= t: with p_k = q_k + t the constraints are those of q and t.
        equations = np.vstack(
            [np.hstack([columns, np.sum(columns, axis=1, keepdims=True)]), np.append(np.ones(size), size)]
        )
        right = np.append(np.zeros(len(columns)), 1.0)
        found = linprog(np.append(np.zeros(size), -1.0), A_eq=equations, b_eq=right, bounds=(0, None), method="highs")
        if found.status == 2 or (found.success and -found.fun <= _INTERIOR):
            where = "outside" if found.status == 2 else "on the boundary of"
            raise InfeasibleMomentsError(
                f"the moments {self._moments.tolist()} lie {where} the convex hull of the statistics' values on the "
                "support: no law that is positive at every point has them. Correct the moments, or leave out the "
                "points that must have probability zero"
            )
