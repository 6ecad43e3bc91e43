"""The likelihood of a sample under any declared density, with covariates: value, score and information by observation.

Steps are those of Fisher scoring, ``(sum of w g)^-1 (sum of w score)``, and near a maximum those of Newton, which
converge quadratically whatever the family. Source: Lange, Numerical Analysis for Statisticians, 2nd ed.
2010.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from symgeo.codegen import numpy_function
from symgeo.errors import (
    DataError,
    DivergentExpectationError,
    NoClosedFormError,
    RegularityError,
    SingularMetricError,
)
from symgeo.inference.judging import EPS, ULPS, Judging, State
from symgeo.models.conditional_model import ConditionalModel
from symgeo.models.numeric import moving_kinks

if TYPE_CHECKING:
    import numpy as np

    from symgeo.models.statistical_model import StatisticalModel

# Squared length of a Fisher step (for one observation) below which Newton's step is tried.
_NEWTON = 0.1
# Eigenvalues of the observed information, in units of the expected one, that count as positive.
POSITIVE = 1e-8
# Observations that a search on all scales looks at, and evaluations at a time.
_FEW, _BLOCK = 96, 200_000


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

        self.model, self.chart = model, model.chart
        self.n = len(model.parameters)
        self.sample, self.covariates, self.weights = sample, covariates, weights
        self.count = float(math.fsum(weights))
        self._expected = expected
        self._upper = np.triu_indices(self.n)
        given = model.covariates if isinstance(model, ConditionalModel) else ()
        slacks = model.slacks if isinstance(model, ConditionalModel) else ()
        arguments = (*model.variables, *given, *model.parameters)
        self._value = numpy_function([model.log_density], arguments)
        self._score = numpy_function(model.score, arguments)
        self._arguments = arguments
        self.metric_places = (*given, *model.parameters)
        whole = model.whole if isinstance(model, ConditionalModel) else model
        self.smooth = not moving_kinks(whole)
        self._slack = numpy_function(slacks, self.metric_places) if slacks else None
        self._columns = [*sample.T, *covariates.T]
        # One evaluation of the metric for all observations that share their covariates.
        rows, where = np.unique(covariates, axis=0, return_inverse=True)
        self.rows, self.shares = rows, np.bincount(where.ravel(), weights, len(rows)) / self.count

    @cached_property
    def _metric(self) -> Any:
        """The Fisher metric as a function of covariates and parameters; None where it is infinite or not known."""
        if not self._expected:
            return None
        try:
            metric = self.model.manifold.metric
        except (DivergentExpectationError, NoClosedFormError):
            return None
        except SingularMetricError:
            if not isinstance(self.model, ConditionalModel):
                raise
            return None
        return numpy_function([metric[i, j] for i in range(self.n) for j in range(i, self.n)], self.metric_places)

    @cached_property
    def _observed(self) -> Any:
        self.require_smooth()
        element, x = self.model.log_element, self.model.parameters
        slopes = [element.diff(s) for s in x]
        entries = [-slopes[i].diff(x[j]).to_sympy() for i in range(self.n) for j in range(i, self.n)]
        return numpy_function(entries, self._arguments)

    def require_smooth(self) -> None:
        """Raise :class:`RegularityError` where the likelihood has no second derivatives."""
        if not self.smooth:
            raise RegularityError(
                "the log-density has a kink that moves with a parameter, so that the likelihood has no second "
                "derivatives; take the expected information"
            )

    def inside(self, theta: np.ndarray) -> bool:
        """Whether the point lies in the domain, at the covariates of every observation."""
        if not self.chart.contains(theta):
            return False
        return self._slack is None or all((s > 0).all() for s in self._slack(*self.covariates.T, *theta))

    def terms(self, theta: np.ndarray) -> np.ndarray:
        """The log-density of every observation, (N,)."""
        return self._value(*self._columns, *theta)[0]

    def scores(self, theta: np.ndarray) -> np.ndarray:
        """The score of every observation, (N, n)."""
        import numpy as np

        return np.stack(self._score(*self._columns, *theta), axis=-1)

    def expected_information(self, theta: np.ndarray) -> np.ndarray | None:
        """The mean Fisher information (n, n); None where it is not known or infinite."""
        import numpy as np

        if self._metric is None:
            return None
        entries = [v @ self.shares for v in map(np.atleast_1d, self._metric(*self.rows.T, *self._wide(theta)))]
        return self._symmetric(entries)

    def observed_information(self, theta: np.ndarray) -> np.ndarray:
        """Minus the mean second derivatives of the log-density (n, n)."""
        return self._symmetric([v @ self.weights / self.count for v in self._observed(*self._columns, *theta)])

    def _wide(self, theta: np.ndarray) -> list[Any]:
        import numpy as np

        return [np.full(len(self.rows), value) for value in theta]

    def _symmetric(self, entries: Sequence[Any]) -> np.ndarray:
        import numpy as np

        upper = np.zeros((self.n, self.n))
        upper[self._upper] = entries
        return upper + np.triu(upper, 1).T

    def values(self, thetas: np.ndarray) -> np.ndarray:
        """The mean log-likelihood of some observations at many points (M, n) -> (M,); -inf outside the domain."""
        import numpy as np

        few = np.linspace(0, len(self.sample) - 1, min(_FEW, len(self.sample))).astype(int)
        columns = [c[few][None, :] for c in self._columns]
        weights = self.weights[few] / self.weights[few].sum() if self.weights[few].any() else self.weights[few]
        out = np.full(len(thetas), -np.inf)
        step = max(1, _BLOCK // len(few))
        for start in range(0, len(thetas), step):
            block = thetas[start : start + step]
            (terms,) = self._value(*columns, *(t[:, None] for t in block.T))
            with np.errstate(all="ignore"):
                out[start : start + step] = np.broadcast_to(terms, (len(block), len(few))) @ weights
        good = self.chart.contains(thetas) & np.isfinite(out)
        if self._slack is not None:
            slacks = self._slack(*(c[few][None, :] for c in self.covariates.T), *(t[:, None] for t in thetas.T))
            for slack in slacks:
                good &= np.all(np.broadcast_to(slack > 0, (len(thetas), len(few))), axis=1)
        return np.where(good, out, -np.inf)

    def at(self, theta: np.ndarray) -> State | None:
        """The state at an interior point; None where it cannot be computed."""
        import numpy as np

        if not self.inside(theta):
            return None
        with np.errstate(all="ignore"):
            value = float(self.terms(theta) @ self.weights) / self.count
            scores = self._score(*self._columns, *theta)
            score = np.array([s @ self.weights for s in scores]) / self.count
            size = np.array([np.abs(s) @ self.weights for s in scores]) / self.count
        if not (math.isfinite(value) and np.isfinite(score).all()):
            return None
        factor = None
        metric = self.expected_information(theta)
        if metric is not None:
            factor = _factor(metric)
            if factor is None:
                return None
        if self.smooth and (factor is None or _length(factor, score) < _NEWTON):
            newton = _factor(self.observed_information(theta))
            factor = newton if newton is not None else factor
        if factor is None and self.smooth:
            factor = _factor(_positive(self.observed_information(theta), score))
        if factor is None:
            return None
        lower, scale = factor
        whitened = np.linalg.solve(lower, np.column_stack([score, np.eye(self.n)]) / scale[:, None])
        back = np.linalg.solve(lower.T, whitened) / scale[:, None]
        error = ULPS * EPS * (np.abs(score) + size / math.sqrt(len(self.sample)))
        reach = np.abs(back[:, 1:]) @ error
        noise = float(np.linalg.norm(np.abs(whitened[:, 1:]) @ error))
        decrement = float(whitened[:, 0] @ whitened[:, 0])
        step = back[:, 0]
        if not (np.isfinite(step).all() and np.isfinite(reach).all() and math.isfinite(noise)):
            return None
        return State(theta, value, step, decrement, noise, reach, theta, step)

    def along_natural(self, state: State, scale: float) -> None:
        """There are no natural parameters."""
        return

    def gain(self, theta: np.ndarray, state: State) -> tuple[float, float]:
        """How much larger the mean log-likelihood is at theta than at the state, and the rounding error of that."""
        import numpy as np

        if not self.inside(theta):
            return -math.inf, 0.0
        with np.errstate(all="ignore"):
            terms = self.terms(theta)
            value = float(terms @ self.weights) / self.count
            noise = ULPS * EPS * float(np.abs(terms) @ self.weights) / self.count / math.sqrt(len(terms))
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
        lower, scale = factor
        half = np.linalg.solve(lower, np.diag(1.0 / scale))
        values, vectors = np.linalg.eigh(half @ self.observed_information(theta) @ half.T)
        return values, half.T @ vectors


def _factor(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Cholesky's factor of the matrix with unit diagonal, and the scale; None where it is not positive definite."""
    import numpy as np

    diagonal = np.diagonal(matrix)
    if not (np.isfinite(matrix).all() and (diagonal > 0).all()):
        return None
    scale = np.sqrt(diagonal)
    try:
        return np.linalg.cholesky(matrix / np.outer(scale, scale)), scale
    except np.linalg.LinAlgError:
        return None


def _length(factor: tuple[np.ndarray, np.ndarray], score: np.ndarray) -> float:
    import numpy as np

    whitened = np.linalg.solve(factor[0], score / factor[1])
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
