"""The mean log-likelihood of a sample in float64: value, natural-gradient step, and how much of them is rounding.

All functions use the sample only through its mean sufficient statistics.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from symgeo.codegen import numpy_function
from symgeo.errors import DataError

if TYPE_CHECKING:
    import numpy as np

    from symgeo.inference.equations import Equations

_EPS = 2.0**-52
# Rounding errors of a generated function, in units of the last place.
_ULPS = 4.0
# How many times the estimated error must keep clear of the boundary.
_CLEARANCE = 8.0
# Errors are estimated within this factor.
_SETTLED = 1e3
# Newton corrections of a step onto the straight line in the natural parameters.
CORRECTIONS = 6


@dataclass(frozen=True)
class State:
    """Everything known at one point theta (n,); arrays are float64, or objects that hold balls (see precise.py).

    ``value`` mean log-likelihood without the carrier, ``step`` = g^-1 score, ``decrement`` = score . step, the squared
    length of the step in the Fisher metric; ``noise`` the length, and ``reach`` (n,) the size, of what rounding alone
    may add to the step; ``natural`` (m,) the natural parameters and ``motion`` (m,) their change along the step.
    """

    theta: Any
    value: Any
    step: Any
    decrement: float
    noise: float
    reach: Any
    natural: Any
    motion: Any


class Likelihood:
    """The sample's likelihood in float64. Raises :class:`DataError` where a statistic of an observation is infinite."""

    tolerance = math.inf  # no tighter than what the caller asks for

    def __init__(self, equations: Equations, data: np.ndarray):
        import numpy as np

        self.equations = equations
        self.chart = equations.model.chart
        self.n, self.m = len(equations.parameters), len(equations.natural)
        self.count = len(data)
        columns = numpy_function([*equations.statistics, equations.log_carrier], equations.variables)(*data.T)
        for expression, column in zip((*equations.statistics, equations.log_carrier), columns, strict=True):
            _require_finite(equations, expression, column, data)
        # fsum: the mean of a million values is rounded once.
        self.mean = np.array([math.fsum(column) / self.count for column in columns[:-1]])
        self.log_carrier = math.fsum(columns[-1])
        spread = np.array([np.mean(np.abs(column)) for column in columns[:-1]])
        self._statistics_error = _EPS * (np.abs(self.mean) + _ULPS * spread / math.sqrt(self.count))
        self._value = numpy_function([*equations.natural, equations.log_partition], equations.parameters)

    @cached_property
    def _from_natural(self) -> Any:
        e = self.equations
        return None if e.from_natural is None else numpy_function(e.from_natural, e.natural_symbols)

    @cached_property
    def _local(self) -> Any:
        e = self.equations
        return numpy_function([*e.jacobian, *e.expectation, *e.metric], e.parameters)

    def values(self, thetas: np.ndarray) -> np.ndarray:
        """The mean log-likelihood, carrier left out, at many points (N, n) -> (N,); -inf outside the domain."""
        import numpy as np

        *natural, log_partition = self._value(*thetas.T)
        with np.errstate(all="ignore"):
            total = sum(t * e for t, e in zip(self.mean, natural, strict=True)) - log_partition
            return np.where(self.chart.contains(thetas) & np.isfinite(total), total, -np.inf)

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
            error = self._statistics_error + _ULPS * _EPS * np.abs(expectation)
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
            if self._from_natural is not None:
                return np.array(self._from_natural(*target))
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
            noise = _ULPS * _EPS * float(np.abs(terms).sum())
        if not (math.isfinite(value) and math.isfinite(noise)):
            return math.nan, 0.0
        return value - state.value, noise

    def out_of_range(self, state: State) -> bool:
        """Whether a parameter has left what float64 can hold (the search then ends by itself)."""
        return False

    def settled(self, state: State) -> bool:
        """Whether rounding may be all there is to the step, in total and in each parameter.

        Not in total only: a probability that runs to zero adds next to nothing to the length of the step.
        """
        return state.decrement <= (3.0 * state.noise) ** 2 and self._within(state, 0.0)

    def shrunk(self, state: State, before: State) -> bool:
        """Whether the step is much shorter than the one before in each parameter, rounding aside."""
        return self._within(state, 0.25 * abs(before.step))

    def _within(self, state: State, size: Any) -> bool:
        error = state.reach + _EPS * abs(state.theta)
        return bool((abs(state.step) <= size + _SETTLED * error).all())

    def clear_of_boundary(self, state: State, margin: Any = 0.0) -> bool:
        """Whether all points within the margin and a few times the rounding error of the state lie in the domain."""
        import numpy as np

        # Not closer than float64 can tell from the boundary, either.
        reach = _CLEARANCE * state.reach + 4.0 * _EPS * np.abs(state.theta) + margin
        corners = np.array([s * r for s in (-1.0, 1.0) for r in (reach, *np.diag(reach))])
        return bool(self.chart.contains(state.theta + corners).all())

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
