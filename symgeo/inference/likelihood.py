"""The mean log-likelihood of a sample in float64: value, natural-gradient step, and how much of them is rounding.

All functions use the sample only through its mean sufficient statistics.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from symgeo.errors import DataError
from symgeo.inference.judging import EPS, ULPS, Judging, State
from symgeo.inference.sums import accurate_sum

if TYPE_CHECKING:
    import numpy as np

    from symgeo.inference.equations import Equations
    from symgeo.inference.programs import FamilyPrograms

# Newton corrections of a step onto the straight line in the natural parameters.
CORRECTIONS = 6
# Mean log-likelihoods this close are equally good starts.
LEVEL = 0.01


class Likelihood(Judging):
    """The sample's likelihood in float64. Raises :class:`DataError` where a statistic of an observation is infinite."""

    def __init__(self, programs: FamilyPrograms, data: np.ndarray, weights: np.ndarray):
        import numpy as np

        self.programs, self.equations = programs, programs.equations
        equations = self.equations
        self.chart = equations.model.chart
        self.n, self.m = len(equations.parameters), len(equations.natural)
        self.count = accurate_sum(weights)
        columns = programs.statistics(*data.T)
        for expression, column in zip((*equations.statistics, equations.log_carrier), columns, strict=True):
            _require_finite(equations, expression, column, data)
        # The mean of a million values is rounded once.
        self.mean = np.array([accurate_sum(column * weights) / self.count for column in columns[:-1]])
        self.log_carrier = accurate_sum(columns[-1] * weights)
        spread = np.array([np.abs(column) @ weights / self.count for column in columns[:-1]])
        self._statistics_error = EPS * (np.abs(self.mean) + ULPS * spread / math.sqrt(len(data)))
        self._value, self._local = programs.value, programs.local

    def values(self, thetas: np.ndarray) -> np.ndarray:
        """The mean log-likelihood, carrier left out, at many points (N, n) -> (N,); -inf outside the domain."""
        import numpy as np

        *natural, log_partition = self._value(*thetas.T)
        with np.errstate(all="ignore"):
            total = sum(t * e for t, e in zip(self.mean, natural, strict=True)) - log_partition
            return np.where(self.chart.contains(thetas) & np.isfinite(total), total, -np.inf)

    def likeliest_of_table(self) -> np.ndarray | None:
        """The likeliest of the points that the family keeps with their natural parameters; None where it keeps none."""
        import numpy as np

        points, natural, log_partition = self.programs.table
        with np.errstate(all="ignore"):
            values = natural @ self.mean - log_partition
        values = np.where(np.isfinite(values), values, -np.inf)
        if not len(values) or np.max(values) == -np.inf:
            return None
        return points[np.argmax(values >= np.max(values) - LEVEL)]  # the most moderate of equals

    def at(self, theta: np.ndarray) -> State | None:
        """The state at an interior point; None where it cannot be computed or the metric is not positive definite."""
        import numpy as np

        if not self.chart.contains(theta):
            return None
        *natural, log_partition = self._value(*theta)
        local = np.array(self._local(*theta))
        n, m = self.n, self.m
        jacobian = local[: m * n].reshape(m, n)
        expectation = local[m * n : m * n + m]
        metric = local[m * n + m :].reshape(n, n)
        with np.errstate(all="ignore"):
            value = float(np.dot(natural, self.mean) - log_partition)
            score = jacobian.T @ (self.mean - expectation)
            if not (np.isfinite(value) and np.isfinite(score).all() and np.isfinite(metric).all()):
                return None
            scale = np.sqrt(np.diagonal(metric))
            if not (scale > 0).all():
                return None
            try:
                # Scaled to unit diagonal: the parameters' units differ by many powers of ten.
                factor = np.linalg.cholesky(metric / np.outer(scale, scale))
                whitened = np.linalg.solve(factor, np.column_stack([score, jacobian.T]) / scale[:, None])
            except np.linalg.LinAlgError:
                return None
            back = np.linalg.solve(factor.T, whitened) / scale[:, None]
            # What errors of the statistics and of their expectations do to the step: |g^-1 d eta| error.
            error = self._statistics_error + ULPS * EPS * np.abs(expectation)
            reach = np.abs(back[:, 1:]) @ error
            noise = float(np.linalg.norm(np.abs(whitened[:, 1:]) @ error))
            decrement = float(whitened[:, 0] @ whitened[:, 0])
            step = back[:, 0]
            if not (np.isfinite(step).all() and np.isfinite(reach).all() and math.isfinite(noise)):
                return None
        return State(theta, value, step, decrement, noise, reach, np.array(natural), jacobian @ step)

    def along_natural(self, state: State, scale: float) -> np.ndarray | None:
        """The step taken along the straight line in the natural parameters; None where that is not found.

        It has the same direction as the straight line in the chart, and follows ridges of the likelihood that are
        curved in the chart: a gamma distribution of mean k theta, with k large.
        """
        import numpy as np

        target = state.natural + scale * state.motion
        with np.errstate(all="ignore"):
            if self.programs.from_natural is not None:
                return np.array(self.programs.from_natural(*target))
            theta = state.theta + scale * state.step
            for _ in range(CORRECTIONS):
                if not self.chart.contains(theta):
                    return None
                jacobian = np.array(self._local(*theta)[: self.m * self.n]).reshape(self.m, self.n)
                *natural, _ = self._value(*theta)
                try:
                    theta = theta + np.linalg.solve(jacobian, target - np.array(natural))
                except np.linalg.LinAlgError:
                    return None
            return theta

    def gain(self, theta: np.ndarray, state: State) -> tuple[float, float]:
        """How much larger the mean log-likelihood is at theta than at the state, and the rounding error of that.

        The gain is -inf outside the domain, nan where the value is out of range.
        """
        import numpy as np

        if not self.chart.contains(theta):
            return -math.inf, 0.0
        *natural, log_partition = self._value(*theta)
        with np.errstate(all="ignore"):
            terms = np.array([*(np.array(natural) * self.mean), -log_partition])
            value = float(terms.sum())
            noise = ULPS * EPS * float(np.abs(terms).sum())
        if not (math.isfinite(value) and math.isfinite(noise)):
            return math.nan, 0.0
        return value - state.value, noise

    def covariance(self, state: State) -> np.ndarray:
        """g^-1 / N at the state, (n, n)."""
        import numpy as np

        metric = np.array(self._local(*state.theta))[self.m * self.n + self.m :].reshape(self.n, self.n)
        scale = np.sqrt(np.diagonal(metric))
        half = np.linalg.solve(np.linalg.cholesky(metric / np.outer(scale, scale)), np.diag(1.0 / scale))
        return half.T @ half / self.count

    def log_likelihood(self, state: State) -> float:
        """The whole log-likelihood of the sample, carrier included."""
        return self.count * float(state.value) + self.log_carrier


def _require_finite(equations: Equations, expression: Any, column: np.ndarray, data: np.ndarray) -> None:
    import numpy as np

    bad = np.flatnonzero(~np.isfinite(column))
    if not bad.size:
        return
    told = ", ".join(f"{v} = {value:.12g}" for v, value in zip(equations.variables, data[bad[0]], strict=True))
    if expression is equations.log_carrier:
        cause = f"the density's factor exp({expression}) is zero, infinite or out of range"
    else:
        cause = f"the sufficient statistic {expression} is infinite or out of range"
    raise DataError(
        f"at {bad.size} of {len(data)} observations {cause}, so the likelihood has no value there; the first is "
        f"observation {bad[0]} ({told}). Leave them out, rescale the data, or open the support's closed end"
    )
