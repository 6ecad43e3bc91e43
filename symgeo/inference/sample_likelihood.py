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
from symgeo.inference.observation_sums import observation_sums
from symgeo.inference.parameter_sums import ParameterSums
from symgeo.inference.programs import sample_programs
from symgeo.inference.sums import total_of
from symgeo.inference.whitening import made_positive, squared_length, whitening

if TYPE_CHECKING:
    import numpy as np

    from symgeo.inference.log_lines import LogLines
    from symgeo.inference.programs import Function
    from symgeo.models.conditional_model import ConditionalModel
    from symgeo.models.statistical_model import StatisticalModel

# Squared length of a Fisher step (for one observation) below which Newton's step is tried.
_NEWTON = 0.1
# Eigenvalues of the observed information, in units of the expected one, that count as positive.
POSITIVE = 1e-8
# Squared pivots of an information of unit diagonal that may be rounding errors of zero.
_SINGULAR = 1e-14
# Observations that a search on all scales looks at, and evaluations at a time.
_FEW, _BLOCK = 96, 200_000
# Observations of which second derivatives are computed even far from a maximum.
_FEW_ENOUGH = 20_000
# ... and that are looked at with more digits.
_CAREFUL = 5_000
# The squared rounding error of a parameter in units of itself.
_GRAIN = (0.5 * EPS) ** 2
# Points on straight lines that are tried before others are.
_QUICK = 6
# Points whose sums are kept.
_REMEMBERED = 4


class SampleLikelihood(Judging):
    """The mean log-likelihood of observations (N, v) with covariates (N, c) and weights (N,).

    ``expected`` says that steps use the Fisher metric; without it, and where the metric is infinite or not known, they
    use the observed information. With ``exactly`` values are computed with as many digits as they need. Raises
    :class:`DataError` where no start could give the data a likelihood.
    """

    _spares = False
    _least = 0.0
    _trials = 0

    def __init__(
        self,
        model: StatisticalModel | ConditionalModel,
        sample: np.ndarray,
        covariates: np.ndarray,
        weights: np.ndarray,
        expected: bool = True,
        exactly: bool = False,
    ):
        self.model, self.chart, self.programs = model, model.chart, sample_programs(model)
        self.n = len(model.parameters)
        self.sample, self.covariates, self.weights = sample, covariates, weights
        self.count = total_of(weights)
        self._expected, self.is_careful = expected, exactly
        self.smooth, self.concave, self.places = self.programs.smooth, self.programs.concave, self.programs.places
        self.observations = observation_sums(self.programs, sample, covariates, weights, exactly)
        self.length = self.observations.length
        # Of few observations all is computed at once.
        self._at_once = self.smooth and self.length <= _FEW_ENOUGH
        # Second derivatives are spared for points that only confirm.
        self._spares = not self.programs.canonical
        # Whether the last step was Newton's, so that the next will be.
        self._newton = self._at_once and self.concave
        self._parts: dict[int, tuple[ParameterSums, float]] = {}
        self._sums_at: dict[bytes, tuple[np.ndarray, np.ndarray | None]] = {}
        self._metric_at: dict[bytes, tuple[np.ndarray, np.ndarray | None]] = {}
        self._relative_of: tuple[State, np.ndarray] | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        given = (self.model, self.sample, self.covariates, self.weights, self._expected, self.is_careful)
        return SampleLikelihood, given

    def expect_newton(self) -> None:
        """The next point is expected near a maximum: evaluate second derivatives there at once."""
        self._newton = self.smooth

    @property
    def single_peak(self) -> bool:
        """Whether a maximum is known to be the only one."""
        return self.programs.single_peak

    def part(self, count: int) -> SampleLikelihood:
        """The likelihood of so many of the observations, drawn at random, the same every time."""
        import numpy as np

        some = np.sort(np.random.default_rng(1931).choice(len(self.sample), count, replace=False))
        return SampleLikelihood(
            self.model, self.sample[some], self.covariates[some], self.weights[some], expected=self._expected
        )

    @property
    def may_be_careful(self) -> bool:
        """Whether there is another way to look, and it takes no longer than it may."""
        return self.smooth and not self.is_careful and len(self.sample) <= _CAREFUL

    def carefully(self) -> SampleLikelihood | None:
        """The same with as many digits as the values need; None where these are not known, or would take long."""
        if not self.may_be_careful or self.programs.exactly is None:
            return None
        return SampleLikelihood(
            self.model, self.sample, self.covariates, self.weights, expected=self._expected, exactly=True
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
        return self.observations.terms(theta)

    def scores(self, theta: np.ndarray) -> np.ndarray:
        """The score of every observation, (N, n)."""
        return self.observations.scores(theta)

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
            sums, information = self.observations.sums(theta, curved)
            found = sums / self.count, None if information is None else information / self.count
        while len(self._sums_at) >= _REMEMBERED:
            del self._sums_at[next(iter(self._sums_at))]
        self._sums_at[key] = found
        return found

    def expected_information(self, theta: np.ndarray) -> np.ndarray | None:
        """The mean Fisher information (n, n); None where it is not known or infinite."""
        found = self._expected_at(theta)
        return None if found is None else found[0].copy()

    def expected_factor(self, theta: np.ndarray) -> np.ndarray | None:
        """Factor (n, n) of its inverse; None where that is not known or not positive definite."""
        found = self._expected_at(theta)
        return None if found is None else found[1]

    def _expected_at(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray | None] | None:
        if not self._expected:
            return None
        key = theta.tobytes()
        if key not in self._metric_at:
            seen = self.programs.canonical and key in self._sums_at
            metric = self.observed_information(theta) if seen else self.observations.metric(theta)
            if metric is None:
                return None
            self._metric_at = {key: (metric, whitening(metric))}
        return self._metric_at[key]

    def average(self, function: Function, theta: np.ndarray) -> list[float]:
        """The means over the observations of functions of covariates and parameters (``places``), at theta."""
        return [float(v) for v in self.observations.average(function, theta)]

    def observed_information(self, theta: np.ndarray) -> np.ndarray:
        """Minus the mean second derivatives of the log-density (n, n)."""
        self.require_smooth()
        information = self._sums(theta, True)[1]
        assert information is not None, "it was asked for"
        return information.copy()

    def squared_scores(self, theta: np.ndarray) -> np.ndarray:
        """The mean outer products of the scores (n, n)."""
        scores = self.scores(theta)
        return (scores * self.weights[:, None]).T @ scores / self.count

    def score_sizes(self, theta: np.ndarray) -> np.ndarray:
        """The mean absolute values of the scores, (n,)."""
        return self._sums(theta, False)[0][self.n + 2 : 2 * self.n + 2]

    def curvatures(self, theta: np.ndarray) -> np.ndarray:
        """The second derivatives of the log-density of every observation, (N, n, n)."""
        self.require_smooth()
        return self.observations.curvatures(theta)

    def values(self, thetas: np.ndarray, count: int = _FEW) -> np.ndarray:
        """The mean log-likelihood of some observations at many points (M, n) -> (M,); -inf outside the domain."""
        import numpy as np

        rows, total = self.some(min(count, len(self.sample)))
        step = max(1, _BLOCK // rows.length)
        with np.errstate(all="ignore"):
            if len(thetas) <= step:
                out = rows.values(thetas)
            else:
                starts = range(0, len(thetas), step)
                out = np.concatenate([rows.values(thetas[start : start + step]) for start in starts])
            out /= total
        good = self.chart.contains(thetas) & np.isfinite(out)
        if self.programs.slack is not None:
            places = (*(c[None, :] for c in rows.covariates.T), *(t[:, None] for t in thetas.T))
            for slack in self.programs.slack(*places):
                good &= np.all(np.broadcast_to(slack > 0, (len(thetas), len(rows.weights))), axis=1)
        out[~good] = -np.inf
        return out

    def some(self, count: int) -> tuple[ParameterSums, float]:
        """The sums over so many of the observations, evenly spaced, and their total weight."""
        import numpy as np

        if count not in self._parts:
            few = np.linspace(0, len(self.sample) - 1, count).astype(int)
            some = (self.sample[few], self.covariates[few], self.weights[few])
            self._parts[count] = observation_sums(self.programs, *some), float(some[2].sum()) or 1.0
        return self._parts[count]

    def at(self, theta: np.ndarray) -> State | None:
        """The state at an interior point; None where it cannot be computed."""
        if not self.inside(theta):
            return None
        sums, information = self._sums(theta, self._newton or self._at_once)
        value, score, size = float(sums[0]), sums[1 : self.n + 1], sums[self.n + 2 :]
        if not (math.isfinite(value) and all(map(math.isfinite, score.tolist()))):
            return None
        factor = self._information(theta, score, information)
        return None if factor is None else self._state(theta, value, score, size, factor)

    def close_to(self, state: State) -> State | None:
        """The state after its step by the scores alone, where the rest is much work and the same to many digits."""
        import numpy as np

        theta = state.theta + state.step
        if not (self._spares and self._newton and self.inside(theta)):
            return self.at(theta)
        with np.errstate(all="ignore"):
            slopes = self.observations.slopes(theta) / self.count
        value = state.value + 0.5 * state.decrement
        return self._state(theta, value, slopes[: self.n], slopes[self.n :], state.factor, state.curved_at)

    def stepped(self, state: State) -> State | None:
        theta = state.theta + state.step
        if self.is_careful or not self.inside(theta):
            return None
        none, value = 0.0 * state.step, state.value + 0.5 * state.decrement
        return State(theta, value, none, 0.0, state.noise, state.reach, theta, none, state.factor, state.curved_at)

    def _state(
        self,
        theta: np.ndarray,
        value: float,
        score: np.ndarray,
        size: np.ndarray,
        factor: np.ndarray,
        matrix_at: np.ndarray | None = None,
    ) -> State | None:
        """The state of these values, with the absolute values of the terms of the score."""
        import numpy as np

        whitened = factor @ score
        step = whitened @ factor
        error = np.abs(score)
        error += size / math.sqrt(self.length)
        error *= ULPS * EPS
        sizes = np.abs(factor)
        blurred = sizes @ error
        reach = blurred @ sizes
        # Parameters are doubles: in units of their standard deviations they have so many digits.
        grain = theta / sizes.sum(axis=0)
        noise, decrement = math.sqrt(blurred @ blurred + _GRAIN * (grain @ grain)), float(whitened @ whitened)
        # The sum of the step and its error is finite where they are.
        if not math.isfinite(decrement + noise + (reach + step) @ reach):
            return None
        return State(theta, value, step, decrement, noise, reach, theta, step, factor, matrix_at)

    def start(self, theta: np.ndarray) -> State | None:
        """The state at a point to start from; None, too, where the parameters are not told apart there."""
        self._least = _SINGULAR
        try:
            return self.at(theta)
        finally:
            self._least = 0.0

    def _information(self, theta: np.ndarray, score: np.ndarray, observed: np.ndarray | None) -> np.ndarray | None:
        """Factor of what steps are taken with: the observed information near a maximum, else the expected one."""
        if observed is not None and (self._newton or self._at_once):
            newton = whitening(observed, self._least)
            if newton is not None and ((self.concave and self._newton) or squared_length(newton, score) < _NEWTON):
                self._newton = True
                return newton
            self._newton = False
        factor = None
        if self.smooth and self._expected and self.programs.integrates:
            newton = whitening(self.observed_information(theta), self._least)
            if newton is not None:
                self._newton = squared_length(newton, score) < _NEWTON
                return newton
        metric = self.expected_information(theta)
        if metric is not None:
            factor = whitening(metric, self._least)
            if factor is None:
                return None
        if not self.smooth:
            return factor
        if factor is None or squared_length(factor, score) < _NEWTON:
            newton = whitening(self.observed_information(theta), self._least)
            if newton is not None:
                self._newton = metric is None or squared_length(newton, score) < _NEWTON
                return newton
        return factor if factor is not None else whitening(made_positive(self.observed_information(theta), score))

    def along_natural(self, state: State, scale: float) -> np.ndarray | None:
        """There are no natural parameters; where a climb is long, the logarithms of others are tried."""
        self._trials += 1
        if self._trials <= _QUICK or not self.log_lines.bend:
            return None
        return self.log_lines.point(state.theta, scale * state.step)

    @property
    def log_lines(self) -> LogLines:
        """Lines along which long climbs go."""
        return self.programs.log_lines

    def gain(self, theta: np.ndarray, state: State) -> tuple[float, float]:
        """How much larger the mean log-likelihood is at theta than at the state, and the rounding error of that."""
        if not self.inside(theta):
            return -math.inf, 0.0
        sums, _ = self._sums(theta, self._newton or self._at_once)
        value = float(sums[0])
        noise = ULPS * EPS * float(sums[self.n + 1]) / math.sqrt(self.length)
        if not (math.isfinite(value) and math.isfinite(noise)):
            return math.nan, 0.0
        return value - state.value, noise + ULPS * EPS * abs(value)

    def log_likelihood(self, state: State) -> float:
        """The whole log-likelihood of the sample."""
        return self.count * float(state.value)

    def curves_down(self, state: State) -> bool:
        """Whether the observed information is positive beyond doubt, in units of the expected one if that is known."""
        import numpy as np

        relative = self.relative_information(state)
        if relative is None:
            return False
        if self.programs.canonical:
            return True
        return whitening(relative - 2.0 * POSITIVE * np.eye(self.n)) is not None

    def relative_information(self, state: State) -> np.ndarray | None:
        """The observed information in units of the expected one, (n, n), of the last state asked for."""
        if self._relative_of is None or self._relative_of[0] is not state:
            factor = self.expected_factor(state.theta)
            if factor is None:
                return None
            self._relative_of = state, factor @ self.observed_information(state.curved_at) @ factor.T
        return self._relative_of[1]

    def relative_curvature(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Eigenvalues (n,) and directions (n, n), as columns, of the observed information.

        In units of the expected one, or where that is not known in units of the squared scores.
        """
        import numpy as np

        metric = self.expected_information(theta)
        if metric is None:
            metric = self.squared_scores(theta)
        factor = whitening(metric)
        if factor is None:
            raise DataError("the observations do not tell the parameters apart")
        values, vectors = np.linalg.eigh(factor @ self.observed_information(theta) @ factor.T)
        return values, factor.T @ vectors
