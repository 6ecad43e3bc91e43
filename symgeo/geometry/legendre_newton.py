"""The inverse of a gradient map in float64: damped Newton steps on a convex function, many targets at once.

``gradient(theta) = y`` says that theta minimises the convex function ``potential - conjugate . y`` of the affine
coordinates ``conjugate(theta)``. The step ``(d gradient/d theta)^-1 (y - gradient)`` is Newton's in those coordinates,
whatever chart theta is, and it is shortened until that function falls. In a coordinate with ends the step is taken in
the logarithm of the distance from them, so that it never leaves and scales do not matter.
Source: Boyd and Vandenberghe, Convex Optimization, 2004, sections 9.5 and 9.6.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from symgeo.codegen import numpy_function
from symgeo.codegen.numeric_node import nodes_in
from symgeo.geometry.walls import Walls

if TYPE_CHECKING:
    import numpy as np

    from symgeo.geometry.legendre_inverse import GradientMap

_STEPS = 120
_INTEGRATED_STEPS = 25
_HALVINGS = 40
_LONGEST = 3.0  # of a step, in units of the distance from an end or of a standard deviation
_ARMIJO = 1e-4
_NEAR = 0.3  # Newton decrements below this fall quadratically
_STALLED = 1.0
_FINISHED = 1e-9  # the step after which the next one is nothing but rounding
_STARTS = 3  # the best starting points that are tried
_EPS = 2.3e-16


@dataclass
class _State:
    """Points and what is known there: all arrays have the points along their first axis."""

    theta: np.ndarray
    merit: np.ndarray
    step: np.ndarray
    decrement: np.ndarray  # the square of Newton's decrement
    units: np.ndarray  # the length of each coordinate's step that counts as one

    def put(self, where: np.ndarray, other: _State, chosen: np.ndarray) -> None:
        for name in ("theta", "merit", "step", "decrement", "units"):
            getattr(self, name)[where] = getattr(other, name)[chosen]


class GradientNewton:
    """Solves ``gradient(theta) = y`` for arrays of y."""

    def __init__(self, gradient_map: GradientMap):
        import numpy as np
        import sympy as sp

        m = gradient_map
        self.n = len(m.coordinates)
        sizes = [sp.Add(*map(sp.Abs, sp.Add.make_args(f))) for f in m.gradient]
        self._function = numpy_function(
            [*m.gradient, *m.conjugate, m.potential, *m.jacobian, *m.slope, *m.conditions], m.coordinates
        )
        self._sizes = numpy_function([*m.gradient, *sizes], m.coordinates)
        ends = np.array(m.ends, dtype=float)
        self._walls = Walls(ends[:, 0], ends[:, 1])
        self._integrated = bool(nodes_in(m.gradient))
        self._candidates = self._starting_points(np.array(m.starts, dtype=float))

    def solve(self, targets: np.ndarray, accepted: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> np.ndarray:
        """Points (P, n) for targets (P, n) from the best of several starts; nan where none leads to one.

        ``accepted`` turns points where the iteration came to rest, and their targets, into solutions, nan where it
        does not take them for one; then the next start is tried.
        """
        import numpy as np

        found = np.full_like(targets, np.nan)
        if not len(self._candidates):
            return found
        known = np.all(np.isfinite(targets), axis=1)
        merits = self._merits(targets)
        order = np.argsort(merits, axis=1, kind="stable")[:, : 1 if self._integrated else _STARTS]
        for k in range(order.shape[1]):
            rows = np.flatnonzero(known & np.isnan(found[:, 0]))
            rows = rows[np.isfinite(merits[rows, order[rows, k]])]
            if len(rows):
                rest = self._descend(self._candidates[order[rows, k]], targets[rows])
                still = np.all(np.isfinite(rest), axis=1)
                found[rows[still]] = accepted(rest[still], targets[rows[still]])
        return found

    def error(self, theta: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """A bound (P,) of the relative error of solutions in float64: of their residual and its rounding errors.

        The latter are seen by moving theta by some units in the last place, where the gradient is linear.
        """
        import numpy as np

        values = self._evaluate(theta)
        jacobian, gradient = values["jacobian"], values["gradient"]
        sizes = np.stack(self._sizes(*theta.T)[self.n :], axis=-1)
        noise = 4 * _EPS * (sizes + np.abs(targets)) + np.abs(gradient - targets)
        for k, share in enumerate((3e-15, -7e-15, 2e-14, -5e-14)):
            shifted = theta * (1 + share * np.roll(np.linspace(1.0, 0.3, self.n), k))
            there = np.stack(self._sizes(*shifted.T)[: self.n], axis=-1)
            linear = gradient + np.einsum("pij,pj->pi", jacobian, shifted - theta)
            noise = np.maximum(noise, 4 * np.abs(there - linear))
        inverse = solutions(jacobian, np.broadcast_to(np.eye(self.n), jacobian.shape))
        scale = np.maximum(np.abs(theta), 1e-3 * np.nan_to_num(values["deviation"], posinf=0.0))
        error = np.max(np.einsum("pij,pj->pi", np.abs(inverse), noise) / scale, axis=1)
        return np.where(np.isfinite(error), error, np.inf)

    def _evaluate(self, theta: np.ndarray) -> dict[str, Any]:
        import numpy as np

        n = self.n
        values = self._function(*theta.T)
        parts = {
            "gradient": np.stack(values[:n], axis=-1),
            "conjugate": np.stack(values[n : 2 * n], axis=-1),
            "potential": values[2 * n],
            "jacobian": np.stack(values[2 * n + 1 : 2 * n + 1 + n * n], axis=-1).reshape(-1, n, n),
            "slope": np.stack(values[2 * n + 1 + n * n : 2 * n + 1 + 2 * n * n], axis=-1).reshape(-1, n, n),
        }
        conditions = values[2 * n + 1 + 2 * n * n :]
        inside = np.all([c > 0 for c in conditions], axis=0) if conditions else np.ones(len(theta), dtype=bool)
        parts["potential"] = np.where(inside, parts["potential"], np.nan)
        with np.errstate(all="ignore"):
            diagonal = np.einsum("pia,pia->pa", parts["slope"], parts["jacobian"])
            parts["deviation"] = 1 / np.sqrt(np.maximum(diagonal, 0))
        return parts

    def _at(self, theta: np.ndarray, targets: np.ndarray) -> _State:
        import numpy as np

        v = self._evaluate(theta)
        with np.errstate(all="ignore"):
            gap = targets - v["gradient"]
            step = solutions(v["jacobian"], gap[:, :, None])[:, :, 0]
            decrement = np.einsum("pi,pia,pa->p", gap, v["slope"], step)
            merit = v["potential"] - np.einsum("pi,pi->p", v["conjugate"], targets)
            free = np.maximum(np.abs(theta), np.where(np.isfinite(v["deviation"]), v["deviation"], 0.0))
        units = self._walls.units(theta, free)
        whole = np.isfinite(decrement) & (decrement >= 0) & np.all(np.isfinite(step), axis=1)
        return _State(theta, np.where(whole, merit, np.nan), step, decrement, units)

    def _descend(self, start: np.ndarray, targets: np.ndarray) -> np.ndarray:
        import numpy as np

        state = self._at(start.copy(), targets)
        found = np.full_like(targets, np.nan)
        active = np.isfinite(state.merit)
        size = np.full(len(start), np.inf)
        for _ in range(_INTEGRATED_STEPS if self._integrated else _STEPS):
            rows = np.flatnonzero(active)
            if not len(rows):
                break
            with np.errstate(all="ignore"):
                now = np.max(np.abs(state.step[rows] / state.units[rows]), axis=1)
            moved = self._search(state, targets, rows, now)
            finished = moved & (now < _FINISHED)
            # Where rounding hides further progress the point is as good as float64 can tell.
            stalled = (now < _STALLED) & (~moved | ((now > 0.5 * size[rows]) & (now < 1e-5)))
            done = finished | stalled
            found[rows[done]] = state.theta[rows[done]]
            active[rows[done | ~moved]] = False
            size[rows] = now
        return found

    def _search(self, state: _State, targets: np.ndarray, rows: np.ndarray, now: np.ndarray) -> np.ndarray:
        """Shorten the step until the merit falls, or Newton's decrement where it is small; whether each one moved."""
        import numpy as np

        share = np.minimum(1.0, _LONGEST / np.maximum(now, 1e-300))
        moved = np.zeros(len(rows), dtype=bool)
        for _ in range(_HALVINGS):
            left = np.flatnonzero(~moved)
            if not len(left):
                break
            at = rows[left]
            trial = self._at(self._walls.moved(state.theta[at], share[left, None] * state.step[at]), targets[at])
            with np.errstate(all="ignore"):
                falls = trial.merit <= state.merit[at] - _ARMIJO * share[left] * state.decrement[at]
                near = (state.decrement[at] < _NEAR**2) & (trial.decrement <= 0.8 * state.decrement[at])
                good = np.isfinite(trial.merit) & (falls | near)
            state.put(at[good], trial, good)
            moved[left[good]] = True
            share[left[~good]] /= 2
            if np.all(now[left] * share[left] < 1e-17):
                break
        return moved

    def _starting_points(self, interior: np.ndarray) -> np.ndarray:
        import numpy as np

        # Points far out cost most where integrals have to be computed, and least of all are needed there.
        found = interior if self._integrated else self._walls.stretched(interior)
        return found[np.isfinite(self._at(found, np.zeros(found.shape)).merit)]

    def _merits(self, targets: np.ndarray) -> np.ndarray:
        import numpy as np

        v = self._evaluate(self._candidates)
        with np.errstate(all="ignore"):
            return np.nan_to_num(v["potential"] - targets @ v["conjugate"].T, nan=np.inf)


def solutions(matrices: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Solutions of linear systems (P, n, n) (P, n, m); nan where a matrix is singular or not finite."""
    import numpy as np

    out = np.full(right.shape, np.nan)
    with np.errstate(all="ignore"):
        scale = np.max(np.abs(matrices), axis=2, keepdims=True)
        scaled = matrices / scale
        regular = np.all(np.isfinite(scaled), axis=(1, 2)) & np.all(np.isfinite(right), axis=(1, 2))
        rows = np.flatnonzero(regular)
        rows = rows[np.isfinite(np.linalg.slogdet(scaled[rows])[1])] if len(rows) else rows
        if len(rows):
            out[rows] = np.linalg.solve(scaled[rows], right[rows] / scale[rows])
    return out
