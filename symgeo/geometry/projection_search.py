"""Minima of the canonical divergence from a point over a submanifold that is not straight: a search from many starts.

Fisher scoring steps, with the divergence as the measure of progress; Newton's own near the end. Stationary points are
then refined and proven in ball arithmetic, where all functions allow it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from symgeo.codegen import numpy_function
from symgeo.codegen.numeric_node import nodes_in
from symgeo.geometry.legendre_newton import solutions
from symgeo.geometry.walls import Walls, ends_of

if TYPE_CHECKING:
    import numpy as np
    from sympy import Expr, Symbol

_STARTS = 24
_STEPS = 200
_HALVINGS = 50
_LONGEST = 2.0
_FLAT = 1e-9  # the length of the gradient, in the metric, at which a point counts as stationary
_SAME = 1e-6
_BITS = 60


@dataclass(frozen=True)
class Minimum:
    """A local minimum: its parameters (d,), the divergence there, the length of its gradient in the induced metric, the
    smallest eigenvalue of its Hessian relative to that metric, and whether it was proven to be stationary."""

    parameters: tuple[float, ...]
    divergence: float
    gradient: float
    curvature: float
    proven: bool


@dataclass(frozen=True)
class Objective:
    """A divergence as a function of d parameters, with its derivatives, row-major, and the induced metric.

    ``image``: the coordinates of the point with these parameters, by which points are told apart.
    """

    parameters: tuple[Symbol, ...]
    divergence: Expr
    gradient: tuple[Expr, ...]
    hessian: tuple[Expr, ...]
    metric: tuple[Expr, ...]
    conditions: tuple[Expr, ...]
    image: tuple[Expr, ...]

    def minima(self, interior: Sequence[Sequence[float]]) -> list[Minimum]:
        """All local minima that were found from starts around ``interior``, the least first."""
        import numpy as np

        function = numpy_function(
            [self.divergence, *self.gradient, *self.hessian, *self.metric, *self.conditions], self.parameters
        )
        ends = np.array([ends_of(s, self.conditions) for s in self.parameters])
        walls = Walls(ends[:, 0], ends[:, 1])
        starts = walls.stretched(np.array(interior, dtype=float))
        state = self._at(function, starts)
        order = np.argsort(np.where(np.isfinite(state["value"]), state["value"], np.inf), kind="stable")
        order = order[np.isfinite(state["value"][order])]
        # The best ones, and some of all the others: the least start need not lead to the least minimum.
        chosen = np.unique(np.concatenate([order[: _STARTS // 2], order[:: max(1, 2 * len(order) // _STARTS)]]))
        rest = self._descend(function, walls, starts[chosen])
        return self._distinct(function, rest)

    def _at(self, function: object, u: np.ndarray) -> dict[str, np.ndarray]:
        import numpy as np

        d = len(self.parameters)
        values = function(*u.T)  # type: ignore[operator]
        conditions = values[1 + d + 2 * d * d :]
        inside = np.all([c > 0 for c in conditions], axis=0) if conditions else np.ones(len(u), dtype=bool)
        return {
            "value": np.where(inside, values[0], np.nan),
            "gradient": np.stack(values[1 : 1 + d], axis=-1),
            "hessian": np.stack(values[1 + d : 1 + d + d * d], axis=-1).reshape(-1, d, d),
            "metric": np.stack(values[1 + d + d * d : 1 + d + 2 * d * d], axis=-1).reshape(-1, d, d),
        }

    def _descend(self, function: object, walls: Walls, u: np.ndarray) -> np.ndarray:
        """The points (P, d) where the descent from each start ended."""
        import numpy as np

        state = self._at(function, u)
        share = np.ones(len(u))
        for _ in range(_STEPS):
            with np.errstate(all="ignore"):
                newton = solutions(state["hessian"], -state["gradient"][:, :, None])[:, :, 0]
                scoring = solutions(state["metric"], -state["gradient"][:, :, None])[:, :, 0]
                positive = np.linalg.eigvalsh(np.nan_to_num(state["hessian"]))[:, 0] > 0
                step = np.where((positive & np.all(np.isfinite(newton), axis=1))[:, None], newton, scoring)
                slope = np.einsum("pa,pa->p", step, state["gradient"])
                deviation = 1 / np.sqrt(np.maximum(np.einsum("paa->pa", state["metric"]), 1e-300))
                units = walls.units(u, np.maximum(np.abs(u), np.where(np.isfinite(deviation), deviation, 0.0)))
                longest = np.max(np.abs(step / units), axis=1)
            share = np.minimum(1.0, _LONGEST / np.maximum(longest, 1e-300))
            active = np.isfinite(slope) & np.isfinite(longest)
            moved = np.zeros(len(u), dtype=bool)
            for _ in range(_HALVINGS):
                at = np.flatnonzero(active & ~moved)
                if not len(at):
                    break
                there = walls.moved(u[at], share[at, None] * step[at])
                trial = self._at(function, there)
                with np.errstate(all="ignore"):
                    less = trial["value"] <= state["value"][at] + 1e-4 * share[at] * slope[at]
                    flatter = np.sum((trial["gradient"] * units[at]) ** 2, axis=1) < 0.25 * np.sum(
                        (state["gradient"][at] * units[at]) ** 2, axis=1
                    )
                    good = np.isfinite(trial["value"]) & (less | (flatter & (longest[at] < 1e-4)))
                u[at[good]] = there[good]
                for name, values in state.items():
                    values[at[good]] = trial[name][good]
                moved[at[good]] = True
                share[at[~good]] /= 2
            if not np.any(moved & (longest > 1e-15)):
                break
        return u

    def _distinct(self, function: object, u: np.ndarray) -> list[Minimum]:
        import numpy as np

        state = self._at(function, u)
        images = np.stack(numpy_function(self.image, self.parameters)(*u.T), axis=-1)
        found: list[Minimum] = []
        seen: list[np.ndarray] = []
        # Of parameters with the same image the smallest.
        for i in np.argsort(np.max(np.abs(u), axis=1), kind="stable"):
            metric, hessian, gradient = state["metric"][i], state["hessian"][i], state["gradient"][i]
            whole = [np.all(np.isfinite(a)) for a in (u[i], metric, hessian, gradient)]
            if not (np.isfinite(state["value"][i]) and all(whole)) or np.linalg.eigvalsh(metric)[0] <= 0:
                continue
            root = np.linalg.inv(np.linalg.cholesky(metric))
            length = float(np.linalg.norm(root @ gradient))
            curvature = float(np.linalg.eigvalsh(root @ hessian @ root.T)[0])
            if length > _FLAT * (1 + np.sqrt(abs(state["value"][i]))) or curvature <= 0:
                continue
            if any(np.allclose(images[i], image, rtol=_SAME, atol=_SAME) for image in seen):
                continue
            seen.append(images[i])
            point, proven = self._proven(u[i])
            found.append(Minimum(point, float(state["value"][i]), length, curvature, proven))
        return sorted(found, key=lambda m: m.divergence)

    def _proven(self, point: np.ndarray) -> tuple[tuple[float, ...], bool]:
        if nodes_in(self.gradient):
            return tuple(point.tolist()), False
        from flint import arb

        from symgeo.geometry.legendre_certificate import GradientCertificate

        certificate = GradientCertificate(self.parameters, self.gradient, self.hessian, self.conditions)
        balls = certificate.refine(point.tolist(), [lambda: arb(0)] * len(point), _BITS)
        return (tuple(point.tolist()), False) if balls is None else (tuple(float(b.mid()) for b in balls), True)
