"""Steepest descent in the Fisher metric: the natural gradient of a loss, and steps along it.

The direction ``g^-1 dL`` does not depend on the chart. A straight step in a chart does, from the second order on; a
step along a geodesic does not. The geodesic step of the m-connection, a straight line in expectation coordinates, is
mirror descent. Sources: Amari, Neural Computation 10 (1998) 251-276; Raskutti and Mukherjee, IEEE Trans. Inform.
Theory 61 (2015) 1451-1457; Martens, J. Machine Learning Research 21 (2020) 146.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sympy as sp

from symgeo.algebra import as_expression
from symgeo.codegen import lambdify
from symgeo.errors import ArgumentError, DomainError, GeodesicError, ShapeError, UnknownSymbolError
from symgeo.geometry.manifold import StatisticalManifold
from symgeo.geometry.operators import gradient
from symgeo.models.conditional_model import ConditionalModel
from symgeo.solve.answer import Geodesic
from symgeo.solve.geodesic import geodesic
from symgeo.solve.spray import manifold_of

if TYPE_CHECKING:
    import numpy as np
    from sympy import Expr

STEPS = ("plain", "straight", "geodesic", "mirror", "e-geodesic")
_ALPHAS = {"geodesic": 0, "mirror": -1, "e-geodesic": 1}
_MOST_HALVINGS = 60


def natural_gradient(m: StatisticalManifold | Any, loss: Expr) -> tuple[Expr, ...]:
    """``g^ij d_j L`` of a function of the coordinates, symbolic, (n,); for a function use `sg.lambdify`.

    ``m``: a manifold or a model. Raises :class:`UnknownSymbolError` for a loss with other symbols, and
    :class:`SingularMetricError`.
    """
    return gradient(manifold_of(m), loss)


@dataclass(frozen=True, eq=False)
class Descent:
    """The way of a descent: ``points`` (T + 1, ..., n) with the start, ``losses`` (T + 1, ...), kind of ``step``."""

    step: str
    points: np.ndarray
    losses: np.ndarray

    @property
    def end(self) -> np.ndarray:
        """The last points, (..., n)."""
        return self.points[-1]

    def __repr__(self) -> str:
        first, last = self.losses[0], self.losses[-1]
        return f"Descent({self.step}, {len(self.losses) - 1} steps, loss {first} -> {last})"


def descend(
    m: StatisticalManifold | Any,
    loss: Expr,
    start: Any,
    *,
    rate: float,
    steps: int,
    step: str = "straight",
    damping: float = 0.0,
    momentum: float = 0.0,
) -> Descent:
    """Steps down a loss from ``start`` (..., n), many starts at a time.

    step: "plain" subtracts ``rate dL``; "straight" subtracts ``rate (g + damping I)^-1 dL`` in the chart; "geodesic",
    "mirror" and "e-geodesic" follow this velocity along the geodesics of the metric, of the m- and of the e-connection.
    momentum: the share of the last step's velocity that is kept; geodesics carry it along by parallel transport.
    Damping adds to the metric in this chart, so that a damped step is no longer the same in every chart.
    A step that would leave the domain, or that no geodesic was found for, is halved until it does not.

    Raises :class:`ArgumentError`, :class:`DomainError` for a start outside the domain, :class:`ShapeError`,
    :class:`UnknownSymbolError`.
    """
    import numpy as np

    if step not in STEPS:
        raise ArgumentError(f"step={step!r} is not known; choose one of {', '.join(STEPS)}")
    if not (rate > 0 and steps > 0 and damping >= 0 and 0 <= momentum < 1):
        raise ArgumentError("rate and steps must be positive, damping not negative, momentum at least 0 and below 1")
    if damping and step == "plain":
        raise ArgumentError("damping adds to the metric, which plain steps do not use; choose another kind of step")
    manifold = manifold_of(m)
    at = _Loss(manifold, loss)
    theta = np.array(start, dtype=float)
    if theta.ndim == 0 or theta.shape[-1] != manifold.dim:
        raise ShapeError(f"the start has shape {theta.shape}; give (..., {manifold.dim}) for {manifold.coordinates}")
    if not at.inside(theta).all():
        raise DomainError(f"the start lies outside the domain, or the loss has no value there: {start}")
    points, losses = [theta], [at.value(theta)]
    velocity = np.zeros_like(theta)
    for _ in range(steps):
        slope = at.slope(theta)
        if step == "plain":
            direction = slope
        else:
            metric = at.metric(theta) + damping * np.eye(manifold.dim)
            direction = np.linalg.solve(metric, slope[..., None])[..., 0]
        velocity = momentum * velocity - rate * direction
        theta, velocity = _moved(manifold, at, theta, velocity, step)
        points.append(theta)
        losses.append(at.value(theta))
    return Descent(step, np.array(points), np.array(losses))


class _Loss:
    """A loss with its slopes, and the metric, as functions."""

    def __init__(self, manifold: StatisticalManifold, loss: Expr):
        f = as_expression(loss)
        extra = f.free_symbols - set(manifold.coordinates)
        if extra:
            raise UnknownSymbolError(
                f"the loss holds {', '.join(sorted(map(str, extra)))}, which is no coordinate of the manifold "
                f"({', '.join(map(str, manifold.coordinates))}); give it a value"
            )
        x = manifold.coordinates
        self.value = lambdify(f, x)
        self.slope = lambdify([sp.diff(f, s) for s in x], x)
        self.metric = lambdify(manifold.metric)

    def inside(self, theta: np.ndarray) -> np.ndarray:
        """Where metric and loss have values, (...,)."""
        import numpy as np

        return np.isfinite(self.metric(theta)).all(axis=(-2, -1)) & np.isfinite(self.value(theta))


def _moved(
    manifold: StatisticalManifold, at: _Loss, theta: np.ndarray, velocity: np.ndarray, step: str
) -> tuple[np.ndarray, np.ndarray]:
    """The points a step further, and the velocities there; steps out of the domain are halved.

    A geodesic carries its velocity along by parallel transport.
    """
    import numpy as np

    scale = np.ones(theta.shape[:-1])
    for _ in range(_MOST_HALVINGS):
        move = scale[..., None] * velocity
        if step in _ALPHAS:
            try:
                found = geodesic(manifold, theta, move, (1.0,), _ALPHAS[step])
            except GeodesicError as error:
                if not isinstance(error.answer, Geodesic):
                    raise
                found = error.answer  # nan where a geodesic was lost
            new, carried = found.end, found.velocities[..., -1, :] / scale[..., None]
        else:
            new, carried = theta + move, velocity
        good = np.isfinite(new).all(axis=-1) & at.inside(new)
        if good.all():
            return new, carried
        scale = np.where(good, scale, 0.5 * scale)
    raise DomainError(
        f"a descent came so near to the boundary of the domain that no step inside was found, at {theta}; use a "
        "smaller rate, or a chart in which the boundary is far away"
    )


def _unused(name: str, manifold: StatisticalManifold) -> str:
    """The name, lengthened until no symbol of the metric begins with it."""
    taken = {s.name for s in manifold.coordinates} | {s.name for e in manifold.metric.flat() for s in e.free_symbols}
    while any(t.startswith(name) for t in taken):
        name += "_"
    return name


def fisher_vector_product(m: StatisticalManifold | Any) -> Any:
    """``f(theta, v) = g(theta) v``, (..., n), (..., n) -> (..., n), generated without forming the matrix.

    For a model with covariates ``f(theta, v, **covariates)``, by name, (...,). Raises what `lambdify` raises.
    """
    import numpy as np

    manifold = m.manifold if isinstance(m, ConditionalModel) else manifold_of(m)
    n = range(manifold.dim)
    free = _unused("direction", manifold)
    v = [sp.Symbol(f"{free}_{i + 1}", real=True) for i in n]
    rows: Sequence[Expr] = [sp.Add(*(manifold.metric[i, j] * v[j] for j in n)) for i in n]
    product = lambdify(rows, manifold.coordinates)
    used = {s for row in rows for s in row.free_symbols}

    def function(theta: Any, direction: Any, **covariates: Any) -> np.ndarray:
        direction = np.asarray(direction, dtype=float)
        if direction.shape[-1:] != (manifold.dim,):
            raise ShapeError(f"a direction has shape (..., {manifold.dim}), not {direction.shape}")
        given = {key: value for key, value in covariates.items() if key in {s.name for s in used}}
        return product(theta, **given, **{s.name: direction[..., i] for i, s in enumerate(v) if s in used})

    return function
