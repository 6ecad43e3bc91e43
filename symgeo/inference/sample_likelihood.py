"""The likelihood of a sample under any declared density, with covariates: value, score and information by observation.

Steps are those of Fisher scoring, ``(sum of w g)^-1 (sum of w score)``, and near a maximum those of Newton, which
converge quadratically whatever the family. Source: Lange, Numerical Analysis for Statisticians, 2nd ed.
2010.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING

from symgeo.errors import DataError
from symgeo.inference.judging import EPS, ULPS, Judging, State
from symgeo.inference.programs import BLOCK, sample_programs
from symgeo.inference.shared_index import IndexSums
from symgeo.inference.sums import accurate_sum

if TYPE_CHECKING:
    import numpy as np

    from symgeo.inference.programs import Function
    from symgeo.inference.shared_index import Indices
    from symgeo.models.conditional_model import ConditionalModel
    from symgeo.models.statistical_model import StatisticalModel

# Squared length of a Fisher step (for one observation) below which Newton's step is tried.
_NEWTON = 0.1
# Eigenvalues of the observed information, in units of the expected one, that count as positive.
POSITIVE = 1e-8
# Observations that a search on all scales looks at, and evaluations at a time.
_FEW, _BLOCK = 96, 200_000
# Points whose sums are kept, and observations looked at for repeated covariates.
_REMEMBERED, _LOOK = 4, 512


class SampleLikelihood(Judging):
    """The mean log-likelihood of observations (N, v) with covariates (N, c) and weights (N,).

    ``expected`` says that steps use the Fisher metric; without it, and where the metric is infinite or not known, they
    use the observed information. Raises :class:`DataError` where no start could give the data a likelihood.
    """

    def __init__(
        self,
        model: StatisticalModel | ConditionalModel,
        sample: np.ndarray,
        covariates: np.ndarray,
        weights: np.ndarray,
        expected: bool = True,
    ):
        import numpy as np

        self.model, self.chart, self.programs = model, model.chart, sample_programs(model)
        self.n = len(model.parameters)
        self.sample, self.covariates, self.weights = sample, covariates, weights
        self.count = accurate_sum(weights)
        self._expected = expected
        self._upper = np.triu_indices(self.n)
        self.smooth, self.places = self.programs.smooth, self.programs.places
        self._columns = [np.ascontiguousarray(c) for c in (*sample.T, *covariates.T)]
        self._newton = False  # whether the last step was Newton's, so that the next will be
        self._sums_at: dict[tuple[bytes, bool], np.ndarray] = {}
        self._metric_at: dict[bytes, np.ndarray] = {}

    def expect_newton(self) -> None:
        """The next point is expected near a maximum: evaluate second derivatives there at once."""
        self._newton = self.smooth

    def part(self, count: int) -> SampleLikelihood:
        """The likelihood of so many of the observations, drawn at random, the same every time."""
        import numpy as np

        some = np.sort(np.random.default_rng(1931).choice(len(self.sample), count, replace=False))
        return SampleLikelihood(
            self.model, self.sample[some], self.covariates[some], self.weights[some], expected=self._expected
        )

    @cached_property
    def _covariates_once(self) -> tuple[list[np.ndarray], np.ndarray]:
        """Covariates at which the metric is needed, one column each, and their shares of the observations."""
        import numpy as np

        covariates, shares = self.covariates, self.weights / self.count
        if not covariates.shape[1]:
            return [], np.ones(1)
        look = covariates[:: max(1, len(covariates) // _LOOK)]
        if len(np.unique(look, axis=0)) > 0.5 * len(look) and len(covariates) > _LOOK:
            return self._columns[self.sample.shape[1] :], shares
        # One evaluation of the metric for all observations that share their covariates.
        rows, where = np.unique(covariates, axis=0, return_inverse=True)
        return [np.ascontiguousarray(c) for c in rows.T], np.bincount(where.ravel(), shares, len(rows))

    def require_smooth(self) -> None:
        """Raise :class:`RegularityError` where the likelihood has no second derivatives."""
        self.programs.require_smooth()

    def inside(self, theta: np.ndarray) -> bool:
        """Whether the point lies in the domain, at the covariates of every observation."""
        if not self.chart.contains(theta):
            return False
        slack = self.programs.slack
        return slack is None or all((s > 0).all() for s in slack(*self.covariates.T, *theta))

    def terms(self, theta: np.ndarray) -> np.ndarray:
        """The log-density of every observation, (N,)."""
        return self.programs.value(*self._columns, *theta)[0]

    def scores(self, theta: np.ndarray) -> np.ndarray:
        """The score of every observation, (N, n)."""
        import numpy as np

        return np.stack(self.programs.score(*self._columns, *theta), axis=-1)

    def _sums(self, theta: np.ndarray, curved: bool) -> np.ndarray:
        """Means over the observations at theta, of the last few points kept.

        [log p, score (n)], their absolute values (n + 1), and with ``curved`` the observed information.
        """

        key = theta.tobytes()
        for known in ((key, True), (key, curved)):
            if known in self._sums_at:
                return self._sums_at[known]
        if self.programs.indices is not None:
            found = self._sums_of_indices(self.programs.indices, theta, curved)
        else:
            found = self._sums_of_parameters(theta, curved)
        while len(self._sums_at) >= _REMEMBERED:
            del self._sums_at[next(iter(self._sums_at))]
        self._sums_at[key, curved] = found
        return found

    def _sums_of_parameters(self, theta: np.ndarray, curved: bool) -> np.ndarray:
        import numpy as np

        function = self.programs.curved if curved else self.programs.local
        first = self.n + 1
        totals = []
        with np.errstate(all="ignore"):
            for start in range(0, len(self.weights), BLOCK):
                block = slice(start, start + BLOCK)
                weights = self.weights[block]
                rows = function(*(c[block] for c in self._columns), *theta)
                sizes = [np.abs(row) @ weights for row in rows[:first]]
                sums = [row @ weights for row in rows]
                totals.append([*sums[:first], *sizes, *sums[first:]])
        return np.sum(totals, axis=0) / self.count

    def _sums_of_indices(self, indices: Indices, theta: np.ndarray, curved: bool) -> np.ndarray:
        """The same sums, by products with the factors of the parameters."""
        import numpy as np

        function = self.programs.curved_of_indices if curved else self.programs.local_of_indices
        few, first = len(indices.classes), self.sample.shape[1]
        sums = IndexSums(indices, self.programs.ratios)
        value = size = 0.0
        with np.errstate(all="ignore"):
            for start in range(0, len(self.weights), BLOCK):
                columns = [c[start : start + BLOCK] for c in self._columns]
                weights = self.weights[start : start + BLOCK]
                terms, *rows = function(*columns, *theta)
                value, size = value + terms @ weights, size + np.abs(terms) @ weights
                sums.add(columns[first:], weights, rows[:few], rows[few:])
        upper = sums.matrix[self._upper] if curved else np.zeros(0)
        return np.concatenate([[value], sums.vector, [size], sums.sizes, upper]) / self.count

    def expected_information(self, theta: np.ndarray) -> np.ndarray | None:
        """The mean Fisher information (n, n); None where it is not known or infinite."""
        import numpy as np

        if not self._expected:
            return None
        if self.programs.canonical:
            return self.observed_information(theta)
        if self.programs.indices is not None:
            return self._expected_of_indices(self.programs.indices, theta)
        metric = self.programs.metric
        if metric is None:
            return None
        key = theta.tobytes()
        if key not in self._metric_at:
            self._metric_at = {key: self._symmetric(np.array(self.average(metric, theta)))}
        return self._metric_at[key].copy()

    def average(self, function: Function, theta: np.ndarray) -> list[float]:
        """The means over the observations of functions of covariates and parameters (``places``), at theta."""
        import numpy as np

        columns, shares = self._covariates_once
        total = 0.0
        for start in range(0, len(shares), BLOCK):
            block = slice(start, start + BLOCK)
            values = np.array(function(*(c[block] for c in columns), *theta))
            total = total + (values @ shares[block] if values.ndim == 2 else values * shares[block].sum())
        return [float(v) for v in np.atleast_1d(total)]

    def _expected_of_indices(self, indices: Indices, theta: np.ndarray) -> np.ndarray | None:
        metric = self.programs.metric_of_indices
        if metric is None:
            return None
        key = theta.tobytes()
        if key not in self._metric_at:
            columns, shares = self._covariates_once
            sums = IndexSums(indices, self.programs.ratios)
            for start in range(0, len(shares), BLOCK):
                part = [c[start : start + BLOCK] for c in columns]
                sums.add(part, shares[start : start + BLOCK], [], metric(*part, *theta))
            self._metric_at = {key: sums.matrix}
        return self._metric_at[key].copy()

    def observed_information(self, theta: np.ndarray) -> np.ndarray:
        """Minus the mean second derivatives of the log-density (n, n)."""
        self.require_smooth()
        return self._symmetric(self._sums(theta, True)[2 * self.n + 2 :])

    def curvatures(self, theta: np.ndarray) -> np.ndarray:
        """The second derivatives of the log-density of every observation, (N, n, n)."""
        import numpy as np

        self.require_smooth()
        rows = self.programs.curved(*self._columns, *theta)[self.n + 1 :]
        found = np.empty((len(self.weights), self.n, self.n))
        for row, i, j in zip(rows, *self._upper, strict=True):
            found[:, i, j] = found[:, j, i] = -row
        return found

    def _symmetric(self, entries: np.ndarray) -> np.ndarray:
        import numpy as np

        matrix = np.empty((self.n, self.n))
        matrix[self._upper] = matrix.T[self._upper] = entries
        return matrix

    def values(self, thetas: np.ndarray, count: int = _FEW) -> np.ndarray:
        """The mean log-likelihood of some observations at many points (M, n) -> (M,); -inf outside the domain."""
        import numpy as np

        few = np.linspace(0, len(self.sample) - 1, min(count, len(self.sample))).astype(int)
        columns = [c[few][None, :] for c in self._columns]
        weights = self.weights[few] / self.weights[few].sum() if self.weights[few].any() else self.weights[few]
        out = np.full(len(thetas), -np.inf)
        step = max(1, _BLOCK // len(few))
        for start in range(0, len(thetas), step):
            block = thetas[start : start + step]
            (terms,) = self.programs.value(*columns, *(t[:, None] for t in block.T))
            with np.errstate(all="ignore"):
                out[start : start + step] = np.broadcast_to(terms, (len(block), len(few))) @ weights
        good = self.chart.contains(thetas) & np.isfinite(out)
        if self.programs.slack is not None:
            slacks = self.programs.slack(*(c[few][None, :] for c in self.covariates.T), *(t[:, None] for t in thetas.T))
            for slack in slacks:
                good &= np.all(np.broadcast_to(slack > 0, (len(thetas), len(few))), axis=1)
        return np.where(good, out, -np.inf)

    def at(self, theta: np.ndarray) -> State | None:
        """The state at an interior point; None where it cannot be computed."""
        import numpy as np

        if not self.inside(theta):
            return None
        sums = self._sums(theta, self._newton)
        value, score, size = float(sums[0]), sums[1 : self.n + 1], sums[self.n + 2 : 2 * self.n + 2]
        if not (math.isfinite(value) and np.isfinite(score).all()):
            return None
        factor = self._information(theta, score)
        if factor is None:
            return None
        whitened = factor @ score
        step = factor.T @ whitened
        error = ULPS * EPS * (np.abs(score) + size / math.sqrt(len(self.sample)))
        reach = np.abs(factor.T @ factor) @ error
        noise = float(np.linalg.norm(np.abs(factor) @ error))
        decrement = float(whitened @ whitened)
        if not (np.isfinite(step).all() and np.isfinite(reach).all() and math.isfinite(noise)):
            return None
        return State(theta, value, step, decrement, noise, reach, theta, step)

    def _information(self, theta: np.ndarray, score: np.ndarray) -> np.ndarray | None:
        """Factor of what steps are taken with: the observed information near a maximum, else the expected one."""
        if self._newton:
            newton = _factor(self.observed_information(theta))
            if newton is not None and _length(newton, score) < _NEWTON:
                return newton
            self._newton = False
        factor = None
        metric = self.expected_information(theta)
        if metric is not None:
            factor = _factor(metric)
            if factor is None:
                return None
        if not self.smooth:
            return factor
        if factor is None or _length(factor, score) < _NEWTON:
            newton = _factor(self.observed_information(theta))
            if newton is not None:
                self._newton = metric is None or _length(newton, score) < _NEWTON
                return newton
        return factor if factor is not None else _factor(_positive(self.observed_information(theta), score))

    def along_natural(self, state: State, scale: float) -> None:
        """There are no natural parameters."""
        return

    def gain(self, theta: np.ndarray, state: State) -> tuple[float, float]:
        """How much larger the mean log-likelihood is at theta than at the state, and the rounding error of that."""
        if not self.inside(theta):
            return -math.inf, 0.0
        sums = self._sums(theta, self._newton)
        value = float(sums[0])
        noise = ULPS * EPS * float(sums[self.n + 1]) / math.sqrt(len(self.weights))
        if not (math.isfinite(value) and math.isfinite(noise)):
            return math.nan, 0.0
        return value - state.value, noise + ULPS * EPS * abs(value)

    def log_likelihood(self, state: State) -> float:
        """The whole log-likelihood of the sample."""
        return self.count * float(state.value)

    def relative_curvature(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Eigenvalues (n,) and directions (n, n), as columns, of the observed information.

        In units of the expected one, or where that is not known in units of the squared scores.
        """
        import numpy as np

        metric = self.expected_information(theta)
        if metric is None:
            scores = self.scores(theta)
            metric = (scores * self.weights[:, None]).T @ scores / self.count
        factor = _factor(metric)
        if factor is None:
            raise DataError("the observations do not tell the parameters apart")
        values, vectors = np.linalg.eigh(factor @ self.observed_information(theta) @ factor.T)
        return values, factor.T @ vectors


def _factor(matrix: np.ndarray) -> np.ndarray | None:
    """``H`` with ``H' H`` the inverse of the matrix, (n, n); None where the matrix is not positive definite."""
    import numpy as np

    diagonal = np.diagonal(matrix)
    if not (np.isfinite(matrix).all() and (diagonal > 0).all()):
        return None
    scale = np.sqrt(diagonal)  # parameters' units differ by many powers of ten
    try:
        return np.linalg.inv(np.linalg.cholesky(matrix / np.outer(scale, scale))) / scale
    except np.linalg.LinAlgError:
        return None


def _length(factor: np.ndarray, score: np.ndarray) -> float:
    whitened = factor @ score
    return float(whitened @ whitened)


def _positive(matrix: np.ndarray, score: np.ndarray) -> np.ndarray:
    """The matrix with its eigenvalues, in units of its diagonal, made positive and kept away from zero."""
    import numpy as np

    if not np.isfinite(matrix).all():
        return np.diag(np.where(np.isfinite(score) & (score != 0), np.abs(score), 1.0))
    size = np.sqrt(np.abs(np.diagonal(matrix)))
    scale = np.where(size > 0, size, np.maximum(np.abs(score), 1e-30))
    values, vectors = np.linalg.eigh(matrix / np.outer(scale, scale))
    safe = np.maximum(np.abs(values), 1e-3)
    return (vectors * safe) @ vectors.T * np.outer(scale, scale)
