"""A step of given Kullback-Leibler divergence along the natural gradient, for one law or a policy over many states.

Where a policy has a law of its own in every state, points are (S, n), and the divergence is the mean over the states
with their weights. Source: Schulman, Levine, Moritz, Jordan and Abbeel, Trust Region Policy Optimization, ICML 2015.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sympy as sp

from symgeo.codegen import lambdify
from symgeo.errors import ArgumentError, DataError, DomainError, ShapeError
from symgeo.inference.data import covariate_values
from symgeo.inference.natural_gradient import fisher_vector_product
from symgeo.models.conditional_model import ConditionalModel
from symgeo.models.divergences import kl_divergence
from symgeo.models.exponential_family import ExponentialFamily

if TYPE_CHECKING:
    import numpy as np

    from symgeo.models.statistical_model import StatisticalModel

_MOST_DOUBLINGS = 200
_BACKTRACKS = 30
# The objective may fall by rounding, relatively.
_ROUNDING = 1e-13
# Relative accuracy of the radius, and of the conjugate gradients.
_EXACT, _SOLVED = 1e-12, 1e-12


@dataclass(frozen=True, eq=False)
class TrustRegionStep:
    """The new point ``theta``, the divergence ``kl`` of the step, and the ``scale`` of the natural gradient in it.

    ``gain`` is the change of the objective where one was given, ``backtracks`` how often the radius was halved for it.
    """

    theta: np.ndarray
    kl: float
    scale: float
    direction: np.ndarray
    gain: float | None = None
    backtracks: int = 0


class TrustRegion:
    """Steps ``theta + s g^-1 slope`` with s > 0 such that D(theta || new) is the radius.

    ``model``: the law of one state, with parameters (n,) of its own; or a model with covariates, whose parameters all
    states share, with the ``states`` {covariate or name: (S,)}: metric and divergence are means over the states, by
    the weights, or all alike. Generated functions are made once. Raises :class:`ArgumentError` and :class:`DataError`
    for states that do not fit, and what `kl_divergence` and `lambdify` raise.
    """

    def __init__(self, model: StatisticalModel | ConditionalModel | ExponentialFamily, states: Any = None):
        model = model.model if isinstance(model, ExponentialFamily) else model
        self.model = model
        self.n = len(model.parameters)
        given = model.covariates if isinstance(model, ConditionalModel) else ()
        if bool(given) != (states is not None):
            raise ArgumentError(
                f"states are values of covariates; the model has {', '.join(map(str, given)) or 'none of them'}"
            )
        self._states: dict[str, Any] = {}
        if isinstance(model, ConditionalModel):
            named = {str(key): value for key, value in states.items()}
            if set(named) != {s.name for s in given}:
                raise DataError(f"states hold {', '.join(named)}; give values of {', '.join(map(str, given))}")
            columns = covariate_values(given, model.whole.domain, {s: named[s.name] for s in given}).T
            self._states = {s.name: column for s, column in zip(given, columns, strict=True)}
        self._fisher = fisher_vector_product(model)
        p, q = (
            tuple(sp.Symbol(f"{s.name}_{end}", **s.assumptions0) for s in model.parameters) for end in ("old", "new")
        )
        whole = model.whole if isinstance(model, ConditionalModel) else model
        divergence = kl_divergence(whole, (*p, *given), (*q, *given))
        self._divergence = lambdify(divergence, (*p, *q))
        self._in_divergence = {k: c for k, c in self._states.items() if k in {s.name for s in divergence.free_symbols}}

    @property
    def _count(self) -> int:
        return len(next(iter(self._states.values())))

    def product(self, theta: Any, v: Any, weights: Any = None) -> np.ndarray:
        """``g v`` of theta's shape; the matrix is never formed."""
        import numpy as np

        if not self._states:
            shares = 1.0 if weights is None else np.asarray(weights, dtype=float)[..., None]
            return shares * self._fisher(theta, v)
        theta, v = (np.broadcast_to(u, (self._count, self.n)) for u in (theta, v))
        return self._shares(weights) @ self._fisher(theta, v, **self._states)

    def _shares(self, weights: Any) -> np.ndarray:
        import numpy as np

        return np.full(self._count, 1.0 / self._count) if weights is None else np.asarray(weights, dtype=float)

    def divergence(self, old: Any, new: Any, weights: Any = None) -> float:
        """The mean of D(old || new) over the states; inf outside the domain."""
        import numpy as np

        old, new = np.asarray(old, dtype=float), np.asarray(new, dtype=float)
        inside = self.model.chart.contains(new)
        if not np.all(inside):
            return math.inf
        values = self._divergence(np.concatenate([old, new], axis=-1), **self._in_divergence)
        if self._states:
            values, weights = np.broadcast_to(values, (self._count,)), self._shares(weights)
        total = float(np.sum(values if weights is None else values * weights))
        return total if math.isfinite(total) else math.inf

    def direction(self, theta: Any, slope: Any, weights: Any = None, damping: float = 0.0) -> np.ndarray:
        """``g^-1 slope`` by conjugate gradients on Fisher-vector products; the matrix is never formed."""
        import numpy as np

        theta, slope = np.asarray(theta, dtype=float), np.asarray(slope, dtype=float)

        def product(v: np.ndarray) -> np.ndarray:
            return self.product(theta, v, weights) + damping * v

        solution = np.zeros_like(slope)
        residual = slope.copy()
        along = residual.copy()
        size = float(np.sum(residual**2))
        target = _SOLVED**2 * size
        for _ in range(10 * slope.size):
            if size <= target:
                break
            image = product(along)
            curvature = float(np.sum(along * image))
            if not curvature > 0.0:
                raise DomainError(
                    f"the Fisher metric is not positive definite along a direction at {theta}; use damping, or weights "
                    "that are positive"
                )
            scale = size / curvature
            solution += scale * along
            residual -= scale * image
            now = float(np.sum(residual**2))
            along = residual + now / size * along
            size = now
        return solution

    def step(
        self,
        theta: Any,
        slope: Any,
        radius: float,
        *,
        weights: Any = None,
        damping: float = 0.0,
        objective: Callable[[np.ndarray], float] | None = None,
    ) -> TrustRegionStep:
        """The step up the slope (``d objective``, of theta's shape) with divergence equal to the radius.

        theta: (n,), or (S, n) with ``weights`` (S,) of the states. With an ``objective`` the radius is halved until
        it does not fall. Raises :class:`ArgumentError`, :class:`ShapeError`, and :class:`DomainError` for a point
        outside the domain, or where no step inside reaches the radius.
        """
        import numpy as np

        theta, slope = np.asarray(theta, dtype=float), np.asarray(slope, dtype=float)
        if theta.shape[-1:] != (self.n,) or slope.shape != theta.shape:
            raise ShapeError(
                f"theta {theta.shape} and its slope {slope.shape} must have one shape, (..., {self.n}) for "
                f"{self.model.parameters}"
            )
        states = (self._count,) if self._states else theta.shape[:-1]
        if self._states and theta.ndim != 1:
            raise ShapeError(f"all states share their parameters: theta has shape ({self.n},), not {theta.shape}")
        if weights is not None and np.shape(weights) != states:
            raise ShapeError(f"weights of shape {np.shape(weights)} do not fit states of shape {states}")
        if not radius > 0 or not math.isfinite(radius):
            raise ArgumentError(f"the radius must be positive, not {radius}")
        if not np.all(self.model.chart.contains(theta)):
            raise DomainError(f"{theta} lies outside the domain {self.model.chart}")
        if not np.isfinite(slope).all() or not slope.any():
            raise ArgumentError("the slope is zero or not finite, so that there is no direction")
        direction = self.direction(theta, slope, weights, damping)
        before = None if objective is None else objective(theta)
        for backtracks in range(_BACKTRACKS):
            scale, kl = self._scaled(theta, direction, radius * 0.5**backtracks, weights)
            new = theta + scale * direction
            if objective is None or before is None:
                return TrustRegionStep(new, kl, scale, direction)
            gain = objective(new) - before
            if gain >= -_ROUNDING * (1.0 + abs(before)):
                return TrustRegionStep(new, kl, scale, direction, gain, backtracks)
        raise ArgumentError("the objective falls along its own slope, however short the step; check the slope")

    def _scaled(self, theta: np.ndarray, direction: np.ndarray, radius: float, weights: Any) -> tuple[float, float]:
        """The length of the step whose divergence is the radius, and that divergence."""
        import numpy as np
        from scipy.optimize import brentq

        square = float(np.sum(direction * self.product(theta, direction, weights)))
        outer = math.sqrt(2.0 * radius / square)
        inner = 0.0
        for _ in range(_MOST_DOUBLINGS):
            kl = self.divergence(theta, theta + outer * direction, weights)
            if kl >= radius:
                break
            inner, outer = outer, 2.0 * outer
        wall = outer
        for _ in range(_MOST_DOUBLINGS):
            if math.isfinite(self.divergence(theta, theta + wall * direction, weights)):
                break
            wall = 0.5 * (inner + wall)
        if self.divergence(theta, theta + wall * direction, weights) < radius:
            # The divergence is finite up to the boundary, or the first finite point lies below the radius.
            low, high = wall, outer
            for _ in range(_MOST_DOUBLINGS):
                middle = 0.5 * (low + high)
                kl = self.divergence(theta, theta + middle * direction, weights)
                if kl < radius:
                    low = middle
                elif math.isfinite(kl):
                    wall = middle
                    break
                else:
                    high = middle
            else:
                raise DomainError(
                    f"no step inside the domain has the divergence {radius}: at the boundary it is "
                    f"{self.divergence(theta, theta + low * direction, weights):.6g}; choose a smaller radius"
                )

        def excess(s: float) -> float:
            # Where it is integrated, rounding hides the divergence of a law from itself.
            return self.divergence(theta, theta + s * direction, weights) - radius if s > 0.0 else -radius

        scale = brentq(excess, inner, wall, rtol=8.9e-16, xtol=5e-324, maxiter=500)
        kl = self.divergence(theta, theta + scale * direction, weights)
        if abs(kl - radius) > 1e-6 * radius:
            raise DomainError(
                f"rounding errors hide a divergence of {radius} at {theta}: it came to {kl:.6g}; choose a larger radius"
            )
        return float(scale), kl
