"""Maximum likelihood by Fisher scoring with the derived metric."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from symgeo.codegen import unchecked
from symgeo.errors import ArgumentError, DomainError, ParameterListError
from symgeo.inference.ascent import FINE, Climb, Outcome, climb
from symgeo.inference.boundary import where_it_runs
from symgeo.inference.data import checked_weights, read
from symgeo.inference.family_programs import FamilyPrograms, family_programs
from symgeo.inference.likelihood import Likelihood
from symgeo.inference.result import Covariance, Fit, check_covariance, too_few
from symgeo.inference.sample_likelihood import SampleLikelihood
from symgeo.inference.search import GeneralSearch
from symgeo.inference.starting import starting_points
from symgeo.inference.verdict import COARSE
from symgeo.models.conditional_model import ConditionalModel
from symgeo.models.exponential_family import ExponentialFamily
from symgeo.models.statistical_model import StatisticalModel

if TYPE_CHECKING:
    import numpy as np

    from symgeo.inference.precise import PreciseLikelihood

# How many starting points are tried when one leads to no maximum.
_STARTS = 4


def fit(
    model: StatisticalModel | ConditionalModel | ExponentialFamily,
    data: Any,
    *,
    weights: Any = None,
    covariance: Covariance = "expected",
    start: Any = None,
    tolerance: float = 1e-18,
    max_iterations: int = 1000,
) -> Fit:
    """The maximum likelihood estimate under any declared density: natural-gradient steps theta += t g^-1 score.

    Regular exponential families take the estimate in closed form where there is one, and are decided in ball
    arithmetic where float64 cannot. Other models, and those with covariates, go by the sum of the Fisher metric over
    the observations, near the end by Newton's steps; a maximum is one whose observed information says so.

    data: (N,) for one variable, (N, d) for several, or {variable or name: (N,)}; pandas objects too. A model with
        covariates takes the columns of both by name.
    weights: (N,), how often each observation counts; not negative, by default 1.
    covariance: what standard errors come from, "expected" or "observed" information or the "sandwich".
    start: (n,) or {parameter or name: value}; by default the closed form where there is one, else the best of many
        points on all scales.
    tolerance: on N score' g^-1 score, the squared step in units of the standard errors; a further step must confirm the
        convergence, or the last one must have fallen quadratically to a ten-thousandth of the tolerance, or as the next
        one will, which is then taken without a look at its end.

    A likelihood that is not concave is looked at elsewhere, too, by climbs from around its maximum, unless a start is
    given: the highest maximum found is taken, and where the likelihood is higher towards the boundary the message says
    so. Where rounding may have made a maximum, or hides one, up to 5,000 observations are looked at with as many
    digits as they need. A sample without a maximum inside the domain (all zeros for a Poisson mean, equal values for a
    normal variance) gives a `Fit` with ``converged`` False and a message that names the parameter and where it runs.

    Raises :class:`SingularMetricError` (parameters not identifiable), :class:`DataError`, :class:`DomainError` (start
    outside the domain), :class:`ParameterListError`, :class:`ArgumentError`.
    Source: Amari, Neural Computation 10 (1998) 251-276; Osborne, Int. Stat. Review 60 (1992) 99-117.
    """
    if isinstance(model, ExponentialFamily):
        model = model.model
    if not isinstance(model, StatisticalModel | ConditionalModel):
        raise ArgumentError(f"fit takes a StatisticalModel, not a {type(model).__name__}; declare the density as one")
    if not 0.0 < tolerance < 1.0:
        raise ArgumentError(f"the tolerance must lie between 0 and 1, not {tolerance}; 1e-18 is the default")
    if not (isinstance(max_iterations, int) and max_iterations > 0):
        raise ArgumentError(f"max_iterations must be a positive whole number, not {max_iterations}")
    check_covariance(covariance)
    first = None if start is None else starting_point(model, start)
    sample, given, counts = read_sample(model, data, weights)
    if isinstance(model, StatisticalModel) and is_regular(model):
        programs = family_programs(model)
        likelihood = Likelihood(programs, sample, counts)
        search = _Search(programs, sample, counts, likelihood, tolerance, max_iterations)
        # Made when it is asked for, once.
        search.whole = functools.cache(functools.partial(SampleLikelihood, model, sample, given, counts))
        found = search.run(first)
        return found if covariance == "expected" or not found.converged else found.with_covariance(covariance)
    general = SampleLikelihood(model, sample, given, counts, expected=covariance != "observed")
    general.programs.fits += 1
    return GeneralSearch(general, covariance, tolerance, max_iterations).run(first)


def is_regular(model: StatisticalModel) -> bool:
    """Whether the model is an exponential family with as many statistics as parameters and known expectations."""
    family = model.exponential_family
    return family is not None and not family.is_curved


def read_sample(
    model: StatisticalModel | ConditionalModel, data: Any, weights: Any
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Responses (N, d), covariates (N, c) and weights (N,) of the observations that count."""
    import numpy as np

    sample, given = read(model, data)
    if weights is None:
        return sample, given, np.ones(len(sample))
    counts = checked_weights(weights, len(sample))
    return sample[counts > 0], given[counts > 0], counts[counts > 0]


class _Search:
    """Climbs from one start after another, in float64 first, until one ends at a maximum."""

    def __init__(
        self,
        programs: FamilyPrograms,
        sample: np.ndarray,
        weights: np.ndarray,
        likelihood: Likelihood,
        tolerance: float,
        max_iterations: int,
    ):
        self.programs, self.equations = programs, programs.equations
        self.sample, self.weights, self.likelihood = sample, weights, likelihood
        self.tolerance, self.max_iterations = tolerance, max_iterations
        self.whole: Callable[[], SampleLikelihood] | None = None

    def run(self, first: np.ndarray | None) -> Fit:
        best: Climb | None = None
        for theta, trusted in self._starts(first):
            state = self.likelihood.at(theta)
            if state is None:
                continue
            found = climb(self.likelihood, state, self.tolerance, self.max_iterations, trusted)
            if found.outcome is Outcome.INTERIOR:
                return self._converged(self.likelihood, found)
            if found.outcome is Outcome.BUDGET:
                return self._failed(self.likelihood, found, _out_of_iterations(found))
            if found.outcome is Outcome.ROUGH or found.state.noise > FINE:
                return self._precisely(found)
            if best is None or found.state.value > best.state.value:
                best = found
        if best is None:
            return self._precisely(None)
        return self._failed(self.likelihood, best, self._boundary(best))

    def _starts(self, first: np.ndarray | None) -> Iterator[tuple[np.ndarray, bool]]:
        """Where to begin, and whether the point is known to be the maximum, rounding aside."""
        if first is not None:
            yield first, False
        for theta in self._closed_form():
            yield theta, True
        quick = self.likelihood.likeliest_of_table()
        if quick is not None:
            yield quick, False
        for theta in starting_points(self.likelihood, _STARTS):
            yield theta, False

    def _closed_form(self) -> Iterator[np.ndarray]:
        """The estimate in closed form, where it exists and float64 finds it inside the domain."""
        import numpy as np

        inverse = self.programs.from_expectation
        if inverse is not None:
            with np.errstate(all="ignore"):
                theta = np.array(unchecked(inverse)(*self.likelihood.mean), dtype=float)
            if self.likelihood.chart.contains(theta):
                yield theta

    def _precisely(self, rough: Climb | None) -> Fit:
        """Decide in ball arithmetic what float64 could not."""
        from symgeo.inference.precise import PreciseLikelihood, precision

        if not PreciseLikelihood.affordable(self.equations, self.sample):
            return self._as_it_stands(rough)
        with precision():
            likelihood = PreciseLikelihood(self.equations, self.sample, self.weights, self.likelihood.log_carrier)
            steps = 0 if rough is None else rough.iterations
            trace = [] if rough is None else rough.trace
            best: Climb | None = None
            for theta in self._precise_starts(likelihood, rough):
                state = likelihood.at(theta)
                if state is None:
                    continue
                found = climb(likelihood, state, self.tolerance, max(self.max_iterations - steps, 1))
                found.iterations += steps
                found.trace = [value for value in trace if value < found.trace[0]] + found.trace
                if found.outcome is Outcome.INTERIOR:
                    return self._converged(likelihood, found)
                if found.outcome is Outcome.BUDGET:
                    return self._failed(likelihood, found, _out_of_iterations(found))
                if best is None or found.state.value > best.state.value:
                    best = found
            if best is not None:
                return self._failed(likelihood, best, self._boundary(best))
        return self._as_it_stands(rough)

    def _precise_starts(self, likelihood: PreciseLikelihood, rough: Climb | None) -> Iterator[np.ndarray]:
        exact = likelihood.closed_form()
        if exact is not None:
            yield exact
        if rough is not None:
            yield likelihood.point(rough.state.theta)
        for theta in starting_points(self.likelihood, 1):
            yield likelihood.point(theta)

    def _as_it_stands(self, rough: Climb | None) -> Fit:
        """The float64 result, called converged only if rounding leaves several digits of it."""
        import numpy as np

        if rough is None:
            n = len(self.equations.parameters)
            return Fit(
                model=self.equations.model,
                estimate=np.full(n, np.nan),
                standard_errors=np.full(n, np.nan),
                covariance=np.full((n, n), np.nan),
                log_likelihood=float("nan"),
                converged=False,
                iterations=0,
                message="no point of the domain was found where the likelihood of these data can be computed; "
                "pass start=, or rescale the data",
                n_observations=self.likelihood.count,
                likelihood_of_sample=self.whole,
            )
        state = rough.state
        still = state.noise <= COARSE and state.decrement <= (100.0 * state.noise) ** 2 + self.tolerance
        if still and self.likelihood.clear_of_boundary(state):
            remark = f"; rounding errors leave about {state.noise:.0e} standard deviations"
            return self._converged(self.likelihood, rough, remark)
        return self._failed(
            self.likelihood,
            rough,
            "rounding errors hide whether this is a maximum: the statistics of these data agree in nearly all their "
            "digits; subtract a common value from the data or declare the model in other parameters",
        )

    def _converged(self, likelihood: Any, found: Climb, remark: str = "") -> Fit:
        import numpy as np

        covariance = likelihood.covariance(found.state)
        times = "iteration" if found.iterations == 1 else "iterations"
        return Fit(
            model=self.equations.model,
            estimate=np.array([float(v) for v in found.state.theta]),
            standard_errors=np.sqrt(np.diagonal(covariance)),
            covariance=covariance,
            log_likelihood=likelihood.log_likelihood(found.state),
            converged=True,
            iterations=found.iterations,
            message=f"converged in {found.iterations} {times}{remark}",
            n_observations=self.likelihood.count,
            trace=tuple(found.trace),
            likelihood_of_sample=self.whole,
        )

    def _failed(self, likelihood: Any, found: Climb, message: str) -> Fit:
        import numpy as np

        n = len(found.state.theta)
        return Fit(
            model=self.equations.model,
            estimate=np.array([float(v) for v in found.state.theta]),
            standard_errors=np.full(n, np.nan),
            covariance=np.full((n, n), np.nan),
            log_likelihood=likelihood.log_likelihood(found.state),
            converged=False,
            iterations=found.iterations,
            message=message + too_few(len(self.sample), n),
            n_observations=self.likelihood.count,
            trace=tuple(found.trace),
            likelihood_of_sample=self.whole,
        )

    def _boundary(self, found: Climb) -> str:
        where = where_it_runs(self.equations.model.chart, found)
        return (
            f"the estimate runs to the boundary of the domain: {where}. The likelihood of these data has no maximum "
            "inside; more or more varied observations are needed, or a model that fixes what runs away"
        )


def _out_of_iterations(found: Climb) -> str:
    return (
        f"no convergence within {found.iterations} iterations; raise max_iterations, or pass a start closer to the "
        "maximum"
    )


def starting_point(model: StatisticalModel | ConditionalModel, start: Any) -> np.ndarray:
    """A user's starting point as (n,), checked against the domain."""
    import numpy as np

    parameters = model.parameters
    if isinstance(start, Mapping):
        by_name = {str(key): value for key, value in start.items()}
        names = [s.name for s in parameters]
        if set(by_name) != set(names):
            raise ParameterListError(
                f"start names {', '.join(sorted(by_name)) or 'nothing'}; give one value for each of {', '.join(names)}"
            )
        start = [by_name[name] for name in names]
    try:
        theta = np.atleast_1d(np.asarray(start, dtype=float))
    except (TypeError, ValueError) as error:
        raise ArgumentError(f"start is no array of real numbers ({error}); give one number per parameter") from None
    if theta.shape != (len(parameters),):
        raise ParameterListError(
            f"start has shape {theta.shape}; give one value for each of {', '.join(map(str, parameters))}, in order"
        )
    problems = model.chart.violations(theta)
    if problems:
        raise DomainError(f"the start lies outside the domain: {problems}; choose an interior point, or leave it out")
    return theta
