"""Confidence regions of two parameters, with their exact boundary."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sympy as sp

from symgeo.errors import ArgumentError, ParameterListError, RegionError
from symgeo.inference.bartlett import bartlett_factor
from symgeo.inference.profile import Point, Profile
from symgeo.models.conditional_model import ConditionalModel
from symgeo.solve.ball import geodesic_ball

if TYPE_CHECKING:
    import numpy as np

    from symgeo.geometry.manifold import StatisticalManifold
    from symgeo.inference.result import Fit

KINDS = ("likelihood", "wald", "score", "geodesic")
# Points of a boundary, and how often the step may be shortened on the way around.
_POINTS, _SHORTER = 120, 8
_CORRECTIONS = 30
# The likelihood-ratio statistic on the boundary is the quantile within this part of it.
_EXACT = 1e-10


@dataclass(frozen=True, eq=False)
class Region:
    """A confidence region of two parameters: ``boundary`` (M, 2), a closed curve, the first point again at the end.

    ``quantile`` is the value of the statistic on it, ``center`` (2,) the estimate, ``factor`` Bartlett's factor in the
    quantile, 1 without his correction.
    """

    parameters: tuple[sp.Symbol, sp.Symbol]
    level: float
    kind: str
    boundary: np.ndarray
    center: np.ndarray
    quantile: float
    factor: float = 1.0

    @property
    def area(self) -> float:
        """The area inside, by the trapezoidal rule."""
        x, y = (self.boundary - self.center).T
        return 0.5 * abs(float(x[:-1] @ y[1:] - x[1:] @ y[:-1]))

    @property
    def box(self) -> np.ndarray:
        """The smallest and largest value of each parameter on the boundary, (2, 2)."""
        import numpy as np

        return np.stack([self.boundary.min(axis=0), self.boundary.max(axis=0)], axis=-1)

    def __str__(self) -> str:
        (low, high), (left, right) = self.box
        a, b = self.parameters
        return (
            f"{100 * self.level:g}% {self.kind} region of ({a}, {b}): {a} in [{low:.6g}, {high:.6g}], "
            f"{b} in [{left:.6g}, {right:.6g}], area {self.area:.6g}"
        )

    __repr__ = __str__


def confidence_region(
    fit: Fit,
    parameters: Sequence[Any] | None = None,
    level: float = 0.95,
    kind: str = "likelihood",
    *,
    bartlett: bool = False,
    alpha: Any = 0,
) -> Region:
    """The region of two parameters, the others maximised over, with its boundary traced.

    kind: "likelihood", where twice the log-likelihood ratio is at most the chi-squared quantile with two degrees of
    freedom; "score", where that holds of ``s' I^-1 s``, I the expected information; "wald", the ellipse of the fit's
    covariance; "geodesic", for a model with two parameters, where N times the squared Fisher-Rao distance to the
    estimate is at most the quantile, the same set in every chart (``alpha``: by geodesics of that connection).
    ``parameters``: two symbols or names, by default those of a model with two.

    bartlett: whether the quantile for the likelihood ratio is multiplied by Bartlett's factor ``1 + c/N`` at the
    estimate, so that for continuous variables the region has its level to order 1/N^2; Lawley's expected derivatives
    to the fourth order are derived for the model.

    Raises :class:`ArgumentError`, :class:`ParameterListError`, and :class:`RegionError` where the region reaches the
    boundary of the domain or its boundary could not be followed; for the correction what :class:`SecondOrder` raises.
    Sources: Cox and Hinkley, Theoretical Statistics, 1974; Lawley, Biometrika 43 (1956) 295-303.
    """
    import numpy as np

    check(fit, level, kind, KINDS, bartlett, alpha)
    axes = positions(fit, parameters, 2)
    quantile = chi_squared(level, 2)
    factor = bartlett_factor(fit.require_sample(), fit.estimate, axes) if bartlett else 1.0
    center, covariance = fit.estimate[axes], fit.covariance[np.ix_(axes, axes)]
    scale = np.linalg.cholesky(covariance)
    if kind == "wald":
        angle = np.linspace(0.0, 2.0 * np.pi, _POINTS + 1)
        circle = math.sqrt(quantile) * np.stack([np.cos(angle), np.sin(angle)])
        boundary = center + (scale @ circle).T
        boundary[-1] = boundary[0]
    elif kind == "geodesic":
        manifold = manifold_of_one(fit)
        if manifold.dim > 2:
            raise ArgumentError(
                f"the geodesic ball has a curve as its boundary for two parameters, not for {manifold.dim}; "
                'confidence_interval(fit, quantity, kind="geodesic") gives the range of one of them over the ball'
            )
        ball = geodesic_ball(manifold, fit.estimate, math.sqrt(quantile / fit.n_observations), alpha, count=_POINTS)
        boundary = ball[:, axes]
    else:
        boundary = _Tracer(fit, axes, scale, quantile * factor, kind).boundary()
    names = fit.model.parameters
    return Region((names[axes[0]], names[axes[1]]), level, kind, boundary, center, quantile * factor, factor)


class _Outside(RegionError):
    """A point outside the domain, or without likelihood."""


class _Tracer:
    """Follows the boundary in the units of the estimate's covariance, where Wald's ellipse is a circle."""

    def __init__(self, fit: Fit, axes: list[int], scale: np.ndarray, quantile: float, kind: str):
        self.fit, self.scale, self.quantile, self.kind = fit, scale, quantile, kind
        self.profile = Profile(fit, axes)
        self.center = fit.estimate[axes]
        self.axes = axes
        self.top = self.profile.value(fit.estimate)
        self._near = fit.estimate
        self._left: _Outside | None = None

    def statistic(self, u: np.ndarray) -> tuple[float, np.ndarray]:
        """The statistic and its gradient at center + scale u; :class:`RegionError` outside the domain."""
        point = self._point(u)
        if self.kind == "likelihood":
            return 2.0 * (self.top - point.value), -2.0 * self.scale.T @ point.score
        import numpy as np

        # The score statistic has third derivatives in its gradient: differences serve, for the value decides.
        size = 1e-5
        value = self._score_statistic(point)
        around = [
            (self._score_statistic(self._point(u + size * e)) - self._score_statistic(self._point(u - size * e)))
            / (2.0 * size)
            for e in np.eye(2)
        ]
        return value, np.array(around)

    def _point(self, u: np.ndarray) -> Point:
        point = self.profile.at(self.center + self.scale @ u, self._near)
        if point is None:
            names = ", ".join(str(self.fit.model.parameters[i]) for i in self.axes)
            values = ", ".join(f"{v:.4g}" for v in self.center + self.scale @ u)
            raise _Outside(
                f"the {self.kind} region of ({names}) reaches the boundary of the domain near ({values}), or its "
                "likelihood has no value there; choose a smaller level, or other parameters"
            )
        self._near = point.theta
        return point

    def _score_statistic(self, point: Point) -> float:
        import numpy as np

        information = self.profile.sample.expected_information(point.theta)
        if information is None:
            raise RegionError("the expected information of this model is infinite or not known; use the likelihood")
        covariance = np.linalg.inv(information * self.profile.sample.count)
        return float(point.score @ covariance[np.ix_(self.axes, self.axes)] @ point.score)

    def boundary(self) -> np.ndarray:
        """The closed curve, (M, 2)."""
        import numpy as np

        radius = math.sqrt(self.quantile)
        u = self._first(radius)
        near, self._left = self._near, None
        full = 2.0 * math.pi * radius / _POINTS
        curve, step, turned = [u], full, 0.0
        while True:
            self._near = near
            _, gradient = self.statistic(u)
            tangent = np.array([-gradient[1], gradient[0]]) / np.linalg.norm(gradient)
            found = self._corrected(u + step * tangent)
            if found is None or np.linalg.norm(found - u) > 2.0 * step:
                step *= 0.5
                if step < full * 0.5**_SHORTER:
                    raise self._left or RegionError(
                        f"the boundary of the {self.kind} region could not be followed beyond "
                        f"{self.center + self.scale @ u}; choose a smaller level"
                    )
                continue
            turned += _angle(u, found)
            back = np.linalg.norm(found - curve[0]) < 0.75 * step
            if abs(turned) > 1.75 * math.pi and back:
                break
            if abs(turned) > 2.25 * math.pi or len(curve) > 40 * _POINTS:
                raise RegionError(f"the boundary of the {self.kind} region does not close; choose a smaller level")
            u, near, self._left = found, self._near, None
            curve.append(u)
            step = min(full, 1.5 * step)
        return self.center + np.array([*curve, curve[0]]) @ self.scale.T

    def _first(self, radius: float) -> np.ndarray:
        """A point of the boundary on a ray from the estimate."""
        import numpy as np

        inner, outer = 0.0, radius
        ray = np.array([1.0, 0.0])
        for _ in range(60):
            if self._beyond(outer * ray):
                break
            inner, outer = outer, 1.5 * outer
        else:
            raise RegionError(f"the {self.kind} region has no end in one direction; choose a smaller level")
        for _ in range(20):
            middle = 0.5 * (inner + outer)
            if self._beyond(middle * ray):
                outer = middle
            else:
                inner = middle
        found = self._corrected(inner * ray)
        if found is None:
            raise self._left or RegionError(f"no end of the {self.kind} region was found; choose a smaller level")
        return found

    def _beyond(self, u: np.ndarray) -> bool:
        """Whether the point lies outside the region, or outside the domain."""
        near = self._near
        try:
            return self.statistic(u)[0] >= self.quantile
        except _Outside as error:
            self._near, self._left = near, error
            return True

    def _corrected(self, u: np.ndarray) -> np.ndarray | None:
        for _ in range(_CORRECTIONS):
            try:
                value, gradient = self.statistic(u)
            except _Outside as error:
                self._left = error
                return None
            excess = value - self.quantile
            if abs(excess) <= _EXACT * self.quantile:
                return u
            size = float(gradient @ gradient)
            if not size > 0.0:
                return None
            move = excess / size * gradient
            length = math.sqrt(float(move @ move))
            u = u - move * min(1.0, 0.3 * math.sqrt(self.quantile) / length if length > 0 else 1.0)
        return None


def _angle(a: np.ndarray, b: np.ndarray) -> float:
    """The angle from one point to another, seen from the center."""
    return math.atan2(float(a[0] * b[1] - a[1] * b[0]), float(a @ b))


def chi_squared(level: float, degrees: int) -> float:
    """The quantile."""
    from scipy.special import chdtri

    return float(chdtri(degrees, 1.0 - level))


def check(fit: Fit, level: float, kind: str, kinds: Sequence[str], bartlett: bool, alpha: Any) -> None:
    """Raise :class:`ArgumentError` for what does not go together, :class:`RegionError` for a fit without a center."""
    if kind not in kinds:
        raise ArgumentError(f"kind={kind!r} is not known; choose one of {', '.join(kinds)}")
    if bartlett and kind != "likelihood":
        raise ArgumentError(f'Bartlett corrected the likelihood ratio; choose kind="likelihood", not {kind!r}')
    if alpha != 0 and kind != "geodesic":
        raise ArgumentError(f'alpha is for kind="geodesic", not for {kind!r}')
    if not 0.0 < level < 1.0:
        raise ArgumentError(f"the level must lie between 0 and 1, not {level}; 0.95 is usual")
    if not fit.converged:
        raise RegionError(f"the fit did not converge, so that there is no center: {fit.message}")


def manifold_of_one(fit: Fit) -> StatisticalManifold:
    """The manifold of one observation; :class:`ArgumentError` for a model with covariates, whose metrics differ."""
    if isinstance(fit.model, ConditionalModel):
        raise ArgumentError(
            "a geodesic ball is one of a single metric, and with covariates every observation has its own; choose "
            'kind="likelihood", which does not depend on the chart either, or declare the design with sg.regression'
        )
    return fit.model.manifold


def positions(fit: Fit, parameters: Sequence[Any] | None, count: int) -> list[int]:
    """Where the parameters, symbols or names, stand; :class:`ParameterListError` for others."""
    names = [s.name for s in fit.model.parameters]
    if parameters is None:
        if len(names) != count:
            raise ParameterListError(f"the model has the parameters {', '.join(names)}; choose {count} of them")
        return list(range(count))
    given = [str(p) for p in ((parameters,) if isinstance(parameters, str | sp.Symbol) else parameters)]
    if len(given) != count or len(set(given)) != count or not set(given) <= set(names):
        raise ParameterListError(f"{', '.join(given)}: choose {count} different ones of {', '.join(names)}")
    return [names.index(p) for p in given]
