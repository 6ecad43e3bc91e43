"""The likelihood of a sample under any declared density, with covariates: value, score and information by observation.

Steps are those of Fisher scoring, ``(sum of w g)^-1 (sum of w score)``, and near a maximum those of Newton, which
converge quadratically whatever the family. Source: Lange, Numerical Analysis for Statisticians, 2nd ed.
2010.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from symgeo.errors import DataError
from symgeo.inference.judging import EPS, ULPS, Judging, State
from symgeo.inference.observation_sums import ParameterSums, observation_sums
from symgeo.inference.programs import sample_programs
from symgeo.inference.sums import accurate_sum

if TYPE_CHECKING:
    import numpy as np

    from symgeo.inference.programs import Function
    from symgeo.models.conditional_model import ConditionalModel
    from symgeo.models.statistical_model import StatisticalModel

# Squared length of a Fisher step (for one observation) below which Newton's step is tried.
_NEWTON = 0.1
# Eigenvalues of the observed information, in units of the expected one, that count as positive.
POSITIVE = 1e-8
# Observations that a search on all scales looks at, and evaluations at a time.
_FEW, _BLOCK = 96, 200_000
# Observations of which second derivatives are computed even far from a maximum.
_FEW_ENOUGH = 20_000
# Points whose sums are kept.
_REMEMBERED = 4


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

        self.model, self.chart, self.programs = model, model.chart, sample_programs(model)
        self.n = len(model.parameters)
        self.sample, self.covariates, self.weights = sample, covariates, weights
        self.count = accurate_sum(weights)
        self._expected = expected
        self.smooth, self.concave, self.places = self.programs.smooth, self.programs.concave, self.programs.places
        self._rows = observation_sums(self.programs, sample, covariates, weights)
        # Of few observations all is computed at once.
        self._at_once = self.smooth and len(sample) <= _FEW_ENOUGH
        # Whether the last step was Newton's, so that the next will be.
        self._newton = self._at_once and self.concave
        self._parts: dict[int, ParameterSums] = {}
        self._sums_at: dict[bytes, tuple[np.ndarray, np.ndarray | None]] = {}
        self._metric_at: dict[bytes, np.ndarray] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        return SampleLikelihood, (self.model, self.sample, self.covariates, self.weights, self._expected)

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
        return self._rows.terms(theta)

    def scores(self, theta: np.ndarray) -> np.ndarray:
        """The score of every observation, (N, n)."""
        return self._rows.scores(theta)

    def _sums(self, theta: np.ndarray, curved: bool) -> tuple[np.ndarray, np.ndarray | None]:
        """Means over the observations at theta, of the last few points kept.

        [log p, score (n)] with their absolute values behind, and with ``curved`` the observed information (n, n).
        """
        import numpy as np

        key = theta.tobytes()
        known = self._sums_at.get(key)
        if known is not None and (known[1] is not None or not curved):
            return known
        with np.errstate(all="ignore"):
            sums, information = self._rows.sums(theta, curved)
            found = sums / self.count, None if information is None else information / self.count
        while len(self._sums_at) >= _REMEMBERED:
            del self._sums_at[next(iter(self._sums_at))]
        self._sums_at[key] = found
        return found

    def expected_information(self, theta: np.ndarray) -> np.ndarray | None:
        """The mean Fisher information (n, n); None where it is not known or infinite."""

        if not self._expected:
            return None
        if self.programs.canonical:
            return self.observed_information(theta)
        key = theta.tobytes()
        if key not in self._metric_at:
            metric = self._rows.metric(theta)
            if metric is None:
                return None
            self._metric_at = {key: metric}
        return self._metric_at[key].copy()

    def average(self, function: Function, theta: np.ndarray) -> list[float]:
        """The means over the observations of functions of covariates and parameters (``places``), at theta."""
        return [float(v) for v in self._rows.average(function, theta)]

    def observed_information(self, theta: np.ndarray) -> np.ndarray:
        """Minus the mean second derivatives of the log-density (n, n)."""
        self.require_smooth()
        information = self._sums(theta, True)[1]
        assert information is not None, "it was asked for"
        return information.copy()

    def score_sizes(self, theta: np.ndarray) -> np.ndarray:
        """The mean absolute values of the scores, (n,)."""
        return self._sums(theta, False)[0][self.n + 2 : 2 * self.n + 2]

    def curvatures(self, theta: np.ndarray) -> np.ndarray:
        """The second derivatives of the log-density of every observation, (N, n, n)."""
        self.require_smooth()
        return self._rows.curvatures(theta)

    def values(self, thetas: np.ndarray, count: int = _FEW) -> np.ndarray:
        """The mean log-likelihood of some observations at many points (M, n) -> (M,); -inf outside the domain."""
        import numpy as np

        rows = self._some(min(count, len(self.sample)))
        weights = rows.weights / rows.weights.sum() if rows.weights.any() else rows.weights
        out = np.full(len(thetas), -np.inf)
        step = max(1, _BLOCK // len(weights))
        for start in range(0, len(thetas), step):
            block = slice(start, start + step)
            with np.errstate(all="ignore"):
                out[block] = rows.terms(thetas[block]) @ weights
        good = self.chart.contains(thetas) & np.isfinite(out)
        if self.programs.slack is not None:
            places = (*(c[None, :] for c in rows.covariates.T), *(t[:, None] for t in thetas.T))
            for slack in self.programs.slack(*places):
                good &= np.all(np.broadcast_to(slack > 0, (len(thetas), len(weights))), axis=1)
        return np.where(good, out, -np.inf)

    def _some(self, count: int) -> ParameterSums:
        """The sums over so many of the observations, evenly spaced."""
        import numpy as np

        if count not in self._parts:
            few = np.linspace(0, len(self.sample) - 1, count).astype(int)
            some = (self.sample[few], self.covariates[few], self.weights[few])
            self._parts[count] = observation_sums(self.programs, *some)
        return self._parts[count]

    def at(self, theta: np.ndarray) -> State | None:
        """The state at an interior point; None where it cannot be computed."""
        import numpy as np

        if not self.inside(theta):
            return None
        sums, _ = self._sums(theta, self._newton or self._at_once)
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
            if newton is not None and (self.concave or _length(newton, score) < _NEWTON):
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
        sums, _ = self._sums(theta, self._newton or self._at_once)
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
