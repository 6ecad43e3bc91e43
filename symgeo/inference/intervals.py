"""Confidence intervals of any function of the parameters, by the profile of the likelihood ratio, Wald or distance."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import sympy as sp

from symgeo.algebra import as_expression
from symgeo.codegen import numpy_function
from symgeo.errors import ArgumentError, ParameterListError, RegionError
from symgeo.inference.bartlett import bartlett_factor
from symgeo.inference.profile import Profile
from symgeo.inference.regions import check, chi_squared, manifold_of_one
from symgeo.solve.ball import reached

if TYPE_CHECKING:
    import numpy as np

    from symgeo.inference.result import Fit

_KINDS = ("likelihood", "wald", "geodesic")
_CORRECTIONS = 30
# The size of the last step, in standard errors.
_EXACT = 1e-10
# On the unit sphere of directions: the differences for a slope, and the last turn; the value is flat there.
_DIFFERENCE, _TURNED, _MOST_TURNS = 1e-3, 1e-5, 200


def confidence_interval(
    fit: Fit, quantity: Any, level: float = 0.95, kind: str = "likelihood", *, bartlett: bool = False, alpha: Any = 0
) -> tuple[float, float]:
    """The interval of a parameter, or of any function of the parameters, such as ``-a/b``.

    kind: "likelihood", the range of the quantity over all points at which twice the log-likelihood ratio is at most
    the chi-squared quantile with one degree of freedom (exactly the profile likelihood's interval); "wald", by the
    delta method; "geodesic", the range over the geodesic ball of the estimate whose squared radius is the quantile
    over N (``alpha``: by geodesics of that connection). bartlett: whether the quantile is multiplied by Bartlett's
    factor, as for :func:`confidence_region`; for one parameter or a function of it.

    Raises :class:`ArgumentError`, :class:`ParameterListError`, and :class:`RegionError` where the likelihood does not
    fall so far before the boundary of the domain, or the ball reaches it; for the correction what
    :class:`SecondOrder` raises.
    Sources: Venzon and Moolgavkar, Applied Statistics 37 (1988) 87-94; Lawley, Biometrika 43 (1956) 295-303.
    """
    import numpy as np

    if kind == "score":
        raise ArgumentError('a score interval is not known for a function of the parameters; choose "likelihood"')
    check(fit, level, kind, _KINDS, bartlett, alpha)
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

    quantile = chi_squared(level, 1)
    value, slope, _ = at(fit.estimate)
    half = math.sqrt(quantile * float(slope @ fit.covariance @ slope))
    if not half > 0.0:
        raise RegionError(f"{g} does not vary at the estimate, or has no value there; choose another quantity")
    if kind == "wald":
        return value - half, value + half
    if kind == "geodesic":
        radius = math.sqrt(quantile / fit.n_observations)
        low, high = (_farthest(fit, at, str(g), sign, radius, alpha) for sign in (-1.0, 1.0))
        return low, high
    if bartlett:
        chosen = [i for i, s in enumerate(x) if s in g.free_symbols]
        if len(chosen) > 1:
            raise ArgumentError(
                f"Bartlett's correction is derived for parameters, and {g} holds {len(chosen)}; declare the model with "
                "it as one of them, which changes no likelihood"
            )
        quantile *= bartlett_factor(fit.require_sample(), fit.estimate, chosen)
    low, high = (_Extreme(fit, at, str(g), sign).value(quantile) for sign in (-1.0, 1.0))
    return low, high


def _farthest(fit: Fit, function: Callable, name: str, sign: float, radius: float, alpha: Any) -> float:
    """The largest (sign 1) or smallest value of a function on the geodesic sphere around the estimate.

    There the differential along the frame points outwards: it is put in the place of the direction until it stays.
    """
    import numpy as np

    manifold, n = manifold_of_one(fit), len(fit.estimate)
    steps = _DIFFERENCE * np.concatenate([np.zeros((1, n)), np.eye(n), -np.eye(n)])
    direction = np.zeros(n)
    for _ in range(_MOST_TURNS):
        ends = reached(manifold, fit.estimate, radius * (direction + steps), alpha, np.array([1.0])).end
        value, *around = (sign * function(end)[0] for end in ends)
        slope = np.array(around[:n]) - np.array(around[n:])
        length = float(np.linalg.norm(slope))
        if not (math.isfinite(value) and length > 0.0):
            break
        turned = slope / length
        if float(np.linalg.norm(turned - direction)) < _TURNED:
            return sign * value
        direction = turned
    raise RegionError(
        f"no {'largest' if sign > 0 else 'smallest'} value of {name} was found on the geodesic sphere of radius "
        f"{radius:.4g}: it may lie inside; choose a smaller level"
    )


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
