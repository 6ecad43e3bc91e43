"""Confidence regions of two parameters, with their exact boundary, and intervals of any quantity."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sympy as sp

from symgeo.algebra import as_expression
from symgeo.codegen import numpy_function
from symgeo.errors import ArgumentError, ParameterListError, RegionError
from symgeo.inference.profile import Point, Profile

if TYPE_CHECKING:
    import numpy as np

    from symgeo.inference.result import Fit

KINDS = ("likelihood", "wald", "score")
# Points of a boundary, and how often the step may be shortened on the way around.
_POINTS, _SHORTER = 120, 8
_CORRECTIONS = 30
# The likelihood-ratio statistic on the boundary is the quantile within this part of it.
_EXACT = 1e-10


@dataclass(frozen=True, eq=False)
class Region:
    """A confidence region of two parameters: ``boundary`` (M, 2), a closed curve, the first point again at the end.

    ``quantile`` is the value of the statistic on it, ``center`` (2,) the estimate.
    """

    parameters: tuple[sp.Symbol, sp.Symbol]
    level: float
    kind: str
    boundary: np.ndarray
    center: np.ndarray
    quantile: float

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
    fit: Fit, parameters: Sequence[Any] | None = None, level: float = 0.95, kind: str = "likelihood"
) -> Region:
    """The region of two parameters, the others maximised over, with its boundary traced.

    kind: "likelihood", where twice the log-likelihood ratio is at most the chi-squared quantile with two degrees of
    freedom; "score", where that holds of ``s' I^-1 s``, I the expected information; "wald", the ellipse of the fit's
    covariance. ``parameters``: two symbols or names, by default those of a model with two.

    Raises :class:`ArgumentError`, :class:`ParameterListError`, and :class:`RegionError` where the region reaches the
    boundary of the domain or its boundary could not be followed.
    Source: Cox and Hinkley, Theoretical Statistics, 1974.
    """
    import numpy as np

    _check(fit, level, kind)
    axes = _positions(fit, parameters, 2)
    quantile = _chi_squared(level, 2)
    center, covariance = fit.estimate[axes], fit.covariance[np.ix_(axes, axes)]
    scale = np.linalg.cholesky(covariance)
    if kind == "wald":
        angle = np.linspace(0.0, 2.0 * np.pi, _POINTS + 1)
        circle = math.sqrt(quantile) * np.stack([np.cos(angle), np.sin(angle)])
        boundary = center + (scale @ circle).T
        boundary[-1] = boundary[0]
    else:
        boundary = _Tracer(fit, axes, scale, quantile, kind).boundary()
    names = fit.model.parameters
    return Region((names[axes[0]], names[axes[1]]), level, kind, boundary, center, quantile)


def confidence_interval(fit: Fit, quantity: Any, level: float = 0.95, kind: str = "likelihood") -> tuple[float, float]:
    """The interval of a parameter, or of any function of the parameters, such as ``-a/b``.

    kind: "likelihood", the range of the quantity over all points at which twice the log-likelihood ratio is at most
    the chi-squared quantile with one degree of freedom (exactly the profile likelihood's interval); "wald", by the
    delta method.

    Raises :class:`ArgumentError`, :class:`ParameterListError`, and :class:`RegionError` where the likelihood does not
    fall so far before the boundary of the domain. Source: Venzon and Moolgavkar, Applied Statistics 37 (1988) 87-94.
    """
    import numpy as np

    _check(fit, level, kind)
    if kind == "score":
        raise ArgumentError('a score interval is not known for a function of the parameters; choose "likelihood"')
    x = fit.model.parameters
    named = {s.name: s for s in x}
    g = named[quantity] if isinstance(quantity, str) and quantity in named else as_expression(quantity)
    if not g.free_symbols <= set(x) or not g.free_symbols:
        raise ParameterListError(f"{g} is no function of the parameters {', '.join(map(str, x))} alone")
    slopes = [sp.diff(g, s) for s in x]
    bends = [sp.diff(e, s) for e in slopes for s in x]
    function = numpy_function([g, *slopes, *bends], x)

    def at(theta: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        values = np.array([float(v) for v in function(*theta)])
        return float(values[0]), values[1 : 1 + len(x)], values[1 + len(x) :].reshape(len(x), len(x))

    quantile = _chi_squared(level, 1)
    value, slope, _ = at(fit.estimate)
    half = math.sqrt(quantile * float(slope @ fit.covariance @ slope))
    if not half > 0.0:
        raise RegionError(f"{g} does not vary at the estimate, or has no value there; choose another quantity")
    if kind == "wald":
        return value - half, value + half
    low, high = (_Extreme(fit, at, str(g), sign).value(quantile) for sign in (-1.0, 1.0))
    return low, high


class _Extreme:
    """The largest (sign 1) or smallest value of a function where the likelihood ratio has a given size.

    Followed from the estimate outwards, by Newton's method on the conditions of Lagrange at each size.
    """

    def __init__(self, fit: Fit, function: Callable, name: str, sign: float):
        self.fit, self.function, self.name, self.sign = fit, function, name, sign
        self.profile = Profile(fit, range(len(fit.estimate)))
        self.top = self.profile.value(fit.estimate)

    def value(self, quantile: float) -> float:
        import numpy as np

        reached, step, target = 0.0, math.sqrt(quantile) / 8.0, math.sqrt(quantile)
        theta = self.fit.estimate
        while reached < target * (1.0 - 1e-12):
            radius = min(reached + step, target)
            found = self._solved(theta, reached, radius)
            if found is None:
                step *= 0.5
                if step < 1e-4 * target:
                    end = "smallest" if self.sign < 0 else "largest"
                    at = ", ".join(f"{s} = {v:.4g}" for s, v in zip(self.fit.model.parameters, theta, strict=True))
                    raise RegionError(
                        f"the {end} value of {self.name} was followed to {self.function(theta)[0]:.6g} ({at}), where "
                        f"twice the log-likelihood ratio is {reached**2:.4g}, and no further: the likelihood may not "
                        "fall so far inside the domain. Choose a smaller level, or the Wald interval"
                    )
                continue
            theta, reached = found, radius
            step *= 1.5
        value = self.function(np.asarray(theta))[0]
        return float(value)

    def _solved(self, theta: np.ndarray, reached: float, radius: float) -> np.ndarray | None:
        """The extreme point at this size of the likelihood ratio, from the last one."""
        import numpy as np

        n = len(theta)
        if reached == 0.0:
            slope = self.function(theta)[1]
            length = math.sqrt(float(slope @ self.fit.covariance @ slope))
            theta = theta + self.sign * radius * (self.fit.covariance @ slope) / length
        else:
            theta = self.fit.estimate + (theta - self.fit.estimate) * (radius / reached)
        multiplier = None
        units = np.sqrt(np.diagonal(self.fit.covariance))
        for _ in range(_CORRECTIONS):
            if not self.profile.sample.inside(theta):
                return None
            _, slope, bend = self.function(theta)
            score = self.profile.score(theta)
            information = self.profile.sample.observed_information(theta) * self.profile.sample.count
            excess = self.profile.value(theta) - self.top + 0.5 * radius**2
            # In units of the standard errors.
            slope, score = slope * units, score * units
            bend, information = bend * np.outer(units, units), information * np.outer(units, units)
            if multiplier is None:
                multiplier = -float(score @ slope) / float(score @ score)
            residual = np.append(slope + multiplier * score, excess)
            if not np.isfinite(residual).all():
                return None
            matrix = np.zeros((n + 1, n + 1))
            matrix[:n, :n] = bend - multiplier * information
            matrix[:n, n] = matrix[n, :n] = score
            try:
                step = np.linalg.solve(matrix, -residual)
            except np.linalg.LinAlgError:
                return None
            limit = max(1.0, float(np.max(np.abs(step[:n]))) / max(radius, 0.1))
            theta = theta + units * step[:n] / limit
            multiplier += step[n] / limit
            if float(np.max(np.abs(step[:n]))) < _EXACT * max(radius, 1e-3):
                # At a maximum of g the slopes of g and of the likelihood point apart.
                return theta if self.sign * multiplier > 0.0 and abs(excess) < 1e-6 * radius**2 else None
        return None


class _Tracer:
    """Follows the boundary in the units of the estimate's covariance, where Wald's ellipse is a circle."""

    def __init__(self, fit: Fit, axes: list[int], scale: np.ndarray, quantile: float, kind: str):
        self.fit, self.scale, self.quantile, self.kind = fit, scale, quantile, kind
        self.profile = Profile(fit, axes)
        self.center = fit.estimate[axes]
        self.axes = axes
        self.top = self.profile.value(fit.estimate)
        self._near = fit.estimate

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
            raise RegionError(
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
        full = 2.0 * math.pi * radius / _POINTS
        curve, step, turned = [u], full, 0.0
        while True:
            _, gradient = self.statistic(u)
            tangent = np.array([-gradient[1], gradient[0]]) / np.linalg.norm(gradient)
            found = self._corrected(u + step * tangent)
            if found is None or np.linalg.norm(found - u) > 2.0 * step:
                step *= 0.5
                if step < full * 0.5**_SHORTER:
                    raise RegionError(
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
            u = found
            curve.append(u)
            step = min(full, 1.5 * step)
        return self.center + np.array([*curve, curve[0]]) @ self.scale.T

    def _first(self, radius: float) -> np.ndarray:
        """A point of the boundary on a ray from the estimate."""
        import numpy as np

        inner, outer = 0.0, radius
        ray = np.array([1.0, 0.0])
        for _ in range(60):
            if self.statistic(outer * ray)[0] >= self.quantile:
                break
            inner, outer = outer, 1.5 * outer
        else:
            raise RegionError(f"the {self.kind} region has no end in one direction; choose a smaller level")
        for _ in range(12):
            middle = 0.5 * (inner + outer)
            if self.statistic(middle * ray)[0] >= self.quantile:
                outer = middle
            else:
                inner = middle
        found = self._corrected(outer * ray)
        return outer * ray if found is None else found

    def _corrected(self, u: np.ndarray) -> np.ndarray | None:
        for _ in range(_CORRECTIONS):
            value, gradient = self.statistic(u)
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


def _chi_squared(level: float, degrees: int) -> float:
    from scipy.special import chdtri

    return float(chdtri(degrees, 1.0 - level))


def _check(fit: Fit, level: float, kind: str) -> None:
    if kind not in KINDS:
        raise ArgumentError(f"kind={kind!r} is not known; choose one of {', '.join(KINDS)}")
    if not 0.0 < level < 1.0:
        raise ArgumentError(f"the level must lie between 0 and 1, not {level}; 0.95 is usual")
    if not fit.converged:
        raise RegionError(f"the fit did not converge, so that there is no center: {fit.message}")


def _positions(fit: Fit, parameters: Sequence[Any] | None, count: int) -> list[int]:
    names = [s.name for s in fit.model.parameters]
    if parameters is None:
        if len(names) != count:
            raise ParameterListError(f"the model has the parameters {', '.join(names)}; choose {count} of them")
        return list(range(count))
    given = [str(p) for p in ((parameters,) if isinstance(parameters, str | sp.Symbol) else parameters)]
    if len(given) != count or len(set(given)) != count or not set(given) <= set(names):
        raise ParameterListError(f"{', '.join(given)}: choose {count} different ones of {', '.join(names)}")
    return [names.index(p) for p in given]
