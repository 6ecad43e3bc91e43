"""The mean log-likelihood of a sample in float64: value, natural-gradient step, and how much of them is rounding.

All functions use the sample only through its mean sufficient statistics.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from symgeo.codegen import unchecked
from symgeo.errors import DataError
from symgeo.inference.judging import EPS, ULPS, Judging, State
from symgeo.inference.sums import BLOCK, exact_parts, total_of
from symgeo.inference.whitening import whitening

if TYPE_CHECKING:
    import numpy as np

    from symgeo.inference.family_programs import FamilyPrograms

# Newton corrections of a step onto the straight line in the natural parameters.
CORRECTIONS = 6
# Mean log-likelihoods this close are equally good starts.
LEVEL = 0.01


class Likelihood(Judging):
    """The sample's likelihood in float64. Raises :class:`DataError` where a statistic of an observation is infinite."""

    def __init__(self, programs: FamilyPrograms, data: np.ndarray, weights: np.ndarray):
        import numpy as np

        self._prepare(programs)
        self.count = total_of(weights)
        statistics = unchecked(programs.statistics)
        columns = list(np.ascontiguousarray(data.T))
        table = np.empty((self.m + 1, min(len(data), BLOCK)))
        parts: list[list[float]] = [[] for _ in table]
        spread = np.zeros(self.m)
        for start in range(0, len(data), BLOCK):
            block = slice(start, start + BLOCK)
            rows = table[:, : len(weights[block])]
            with np.errstate(all="ignore"):
                for row, value in zip(rows, statistics(*(c[block] for c in columns)), strict=True):
                    row[:] = value
            if not np.isfinite(rows).all():
                self._refuse(data)
            rows *= weights[block]
            for part, own in zip(parts, exact_parts(rows), strict=True):
                part += own
            spread += np.add.reduce(np.abs(rows[:-1], out=rows[:-1]), axis=1)
        # The mean of a million values is rounded once.
        *sums, self.log_carrier = map(math.fsum, parts)
        self.mean = np.array(sums) / self.count
        spread /= self.count
        self._statistics_error = EPS * (np.abs(self.mean) + ULPS * spread / math.sqrt(len(data)))

    def _prepare(self, programs: FamilyPrograms) -> None:
        """All that does not depend on the data."""
        self.programs, self.equations = programs, programs.equations
        self.chart = self.equations.model.chart
        self.n, self.m = len(self.equations.parameters), len(self.equations.natural)
        self._value, self._local = unchecked(programs.value), unchecked(programs.local)
        self._whole = unchecked(programs.whole)

    def values(self, thetas: np.ndarray) -> np.ndarray:
        """The mean log-likelihood, carrier left out, at many points (N, n) -> (N,); -inf outside the domain."""
        import numpy as np

        with np.errstate(all="ignore"):
            *natural, log_partition = self._value(*thetas.T)
            total = sum(t * e for t, e in zip(self.mean, natural, strict=True)) - log_partition
            return np.where(self.chart.contains(thetas) & np.isfinite(total), total, -np.inf)

    def likeliest_of_table(self) -> np.ndarray | None:
        """The likeliest of the points that the family keeps with their natural parameters; None where it keeps none."""
        import numpy as np

        points, natural, log_partition = self.programs.table
        if not len(points):
            return None
        with np.errstate(all="ignore"):
            values = self.mean @ natural
            values -= log_partition
            most = np.max(values)
            if not math.isfinite(most):
                values = np.where(np.isfinite(values), values, -np.inf)
                most = np.max(values)
        if most == -np.inf:
            return None
        return points[np.argmax(values >= most - LEVEL)]  # the most moderate of equals

    def at(self, theta: np.ndarray) -> State | None:
        """The state at an interior point; None where it cannot be computed or the metric is not positive definite."""
        import numpy as np

        if not self.chart.contains(theta):
            return None
        n, m = self.n, self.m
        with np.errstate(all="ignore"):
            found = np.array(self._whole(*theta), dtype=float)
            natural, jacobian = found[:m], found[m + 1 : m + 1 + m * n].reshape(m, n)
            expectation, metric = found[-m - n * n : -n * n], found[-n * n :].reshape(n, n)
            value = float(natural @ self.mean - found[m])
            score = (self.mean - expectation) @ jacobian
            factor = whitening(metric)
            if factor is None:
                return None
            whitened = factor @ score
            step = whitened @ factor
            # What errors of the statistics and of their expectations do to the step: |g^-1 d eta| error.
            error = self._statistics_error + ULPS * EPS * np.abs(expectation)
            across = jacobian @ factor.T
            reach = error @ np.abs(across @ factor)
            blurred = error @ np.abs(across)
            noise = math.sqrt(blurred @ blurred)
            decrement = float(whitened @ whitened)
        if not math.isfinite(value + decrement + noise + float(reach @ reach) + float(step @ step)):
            return None
        return State(theta, value, step, decrement, noise, reach, natural, jacobian @ step, factor)

    def along_natural(self, state: State, scale: float) -> np.ndarray | None:
        """The step taken along the straight line in the natural parameters; None where that is not found.

        It has the same direction as the straight line in the chart, and follows ridges of the likelihood that are
        curved in the chart: a gamma distribution of mean k theta, with k large.
        """
        import numpy as np

        target = state.natural + scale * state.motion
        with np.errstate(all="ignore"):
            if self.programs.from_natural is not None:
                return np.array(unchecked(self.programs.from_natural)(*target), dtype=float)
            theta = state.theta + scale * state.step
            for _ in range(CORRECTIONS):
                if not self.chart.contains(theta):
                    return None
                jacobian = np.array(self._local(*theta)[: self.m * self.n], dtype=float).reshape(self.m, self.n)
                *natural, _ = self._value(*theta)
                try:
                    theta = theta + np.linalg.solve(jacobian, target - np.array(natural, dtype=float))
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
        with np.errstate(all="ignore"):
            *natural, log_partition = self._value(*theta)
            terms = [float(e) * mean for e, mean in zip(natural, self.mean.tolist(), strict=True)]
            terms.append(-float(log_partition))
        value = sum(terms)
        noise = ULPS * EPS * sum(map(abs, terms))
        if not (math.isfinite(value) and math.isfinite(noise)):
            return math.nan, 0.0
        return value - state.value, noise

    def covariance(self, state: State) -> np.ndarray:
        """g^-1 / N at the state, (n, n)."""
        return state.factor.T @ state.factor / self.count

    def log_likelihood(self, state: State) -> float:
        """The whole log-likelihood of the sample, carrier included."""
        return self.count * float(state.value) + self.log_carrier

    def _refuse(self, data: np.ndarray) -> None:
        """Raise the error that names the first statistic or carrier that is not finite."""
        import numpy as np

        equations = self.equations
        columns = self.programs.statistics(*data.T)
        number = next(i for i, column in enumerate(columns) if not np.isfinite(column).all())
        bad = np.flatnonzero(~np.isfinite(columns[number]))
        told = ", ".join(f"{v} = {value:.12g}" for v, value in zip(equations.variables, data[bad[0]], strict=True))
        if number == self.m:
            cause = f"the density's factor exp({equations.log_carrier}) is zero, infinite or out of range"
        else:
            cause = f"the sufficient statistic {equations.statistics[number]} is infinite or out of range"
        raise DataError(
            f"at {bad.size} of {len(data)} observations {cause}, so the likelihood has no value there; the first is "
            f"observation {bad[0]} ({told}). Leave them out, rescale the data, or open the support's closed end"
        )
