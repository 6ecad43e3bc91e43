"""EM: maximum likelihood where some variables are hidden, or some entries missing, by two projections in turn.

Both steps minimise ``D(q || p)``, q a law of the complete data that agrees with what is seen, p a law of the model.
The E-step minimises over q, which is the conditional law of what is hidden: the e-projection of p onto the m-flat set
of such q (projections are named after the geodesic along which they go). The M-step minimises over p, which is maximum
likelihood with the expected statistics: the m-projection of q onto the model, e-flat where that is an exponential
family. Then the two steps of Amari's em algorithm and of EM are the same, and ``D(q || p)`` after an E-step is minus
the log-likelihood, up to a constant. Sources: Dempster, Laird and Rubin, J. R. Statist. Soc. B 39 (1977) 1-38; Amari,
Neural Networks 8 (1995) 1379-1408; Csiszar and Tusnady, Statistics and Decisions, Suppl. 1 (1984) 205-237.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from symgeo.errors import ArgumentError, DataError, EMError, MixtureError, MonotonicityError
from symgeo.inference.ascent import climb
from symgeo.inference.data import checked_weights, observations
from symgeo.inference.em_steps import EMState, Steps, em_step
from symgeo.inference.fisher_scoring import starting_point
from symgeo.inference.latent import LatentSteps
from symgeo.inference.mixtures import Mixture, MixtureSteps, mixture
from symgeo.inference.natural_step import natural_step
from symgeo.inference.observed_likelihood import observed_likelihood
from symgeo.inference.result import Fit
from symgeo.inference.search import GeneralSearch
from symgeo.models.statistical_model import StatisticalModel
from symgeo.models.support import Support

if TYPE_CHECKING:
    import numpy as np

# Gain in log-likelihood, for one observation, from which Newton's steps on the whole likelihood take over.
_NEWTON = 1e-7
# EM steps taken from every start before the best goes on.
_TRIAL = 25
_TOLERANCE = 1e-18
# A gain of EM that is more than this part of the one before is slow, and what a step that helps must gain beside it.
_SLOW, _WORTHWHILE = 0.2, 0.1
# Gains below this, relatively, are rounding; so many of them in a row are the end.
_STILL, _PATIENCE = 1e-14, 5
_COLLAPSED = (
    "a component collapsed onto few observations, a parameter ran to its boundary, or the observations agree in nearly "
    "all their digits (then subtract a common value)"
)
# Log-likelihoods of starts that differ by no more than this are equal.
_EQUAL = 1e-3


def em(
    law: Mixture | Sequence[StatisticalModel] | StatisticalModel,
    data: Any,
    *,
    hidden: Any = (),
    missing: bool = False,
    weights: Any = None,
    start: Any = None,
    starts: int | None = None,
    seed: int = 0,
    accelerate: bool = True,
    max_iterations: int = 5000,
) -> Fit:
    """Maximum likelihood by EM for a mixture, or for a joint density of which the data show only a part.

    law: a mixture, or its components; or any model of several variables.
    data: of a mixture as for ``fit``; of a joint model the columns of all but the ``hidden`` variables. With
        ``missing``, nan stands for a value that was not observed; so does an entry that a NumPy mask hides.
    hidden: a variable or several that no observation shows. Those of finitely many values are summed over; others are
        integrated, in closed form or by quadrature with an error estimate.
    start: where to begin, as for ``fit``; by default ``starts`` random or likely starts (10, or 2 with quadrature) are
        improved by a few steps each, and the best is followed. The message tells how many led to it.
    accelerate: take natural-gradient steps in the metric of the observed data where EM is slow and they gain more.

    The log-likelihood rises in every step (``Fit.trace``). The end is found by Newton's steps on the likelihood of
    what is seen; standard errors come from its observed information. Exchangeable components of a mixture are put in
    ascending order of their parameters; hidden classes of a joint model keep the order in which they came out.

    Raises :class:`EMError` (:class:`MixtureError` for a mixture) where there is no maximum: components collapse onto
    single observations, are empty or the same, or parameters are not told apart; :class:`MonotonicityError`,
    :class:`DataError`, :class:`ArgumentError`, :class:`ParameterListError`, :class:`SupportError`.
    """
    if (starts is not None and starts < 1) or max_iterations < 1:
        raise ArgumentError("starts and max_iterations must be positive whole numbers")
    if isinstance(law, StatisticalModel):
        first = None if start is None else starting_point(law, start)
        likelihood = observed_likelihood(law, data, hidden, missing, weights)
        _require_cells(law, likelihood.rows)
        count = starts or (2 if likelihood.by_quadrature else 10)
        run = _Run(LatentSteps(likelihood, first), count if first is None else 1, seed, accelerate, max_iterations)
        return run.fit()
    if not isinstance(law, Mixture | Sequence):
        raise ArgumentError(
            f"em takes a mixture, a list of components or a joint model, not a {type(law).__name__}; a model with "
            "covariates is declared jointly, or given values by model.at"
        )
    law = law if isinstance(law, Mixture) else mixture(law)
    if _tuple_of(hidden) or missing:
        raise ArgumentError("only a joint model has hidden variables or missing entries; declare the joint density")
    first = None if start is None else starting_point(law.model, start)
    steps = _mixture_steps(law, data, weights, first)
    return _Run(steps, (starts or 10) if first is None else 1, seed, accelerate, max_iterations, law).fit()


def _tuple_of(named: Any) -> tuple[Any, ...]:
    """One thing or several, as a tuple."""
    return tuple(named) if isinstance(named, list | tuple | set | frozenset) else (named,)


def _mixture_steps(law: Mixture, data: Any, weights: Any, first: np.ndarray | None) -> Steps:
    """The steps of a mixture: component by component, or jointly where components share a parameter."""
    import numpy as np

    sample = observations(law.model.support, data)
    counts = np.ones(len(sample)) if weights is None else checked_weights(weights, len(sample))
    sample, counts = sample[counts > 0], counts[counts > 0]
    if len(sample) <= len(law.components):
        raise DataError(f"{len(sample)} observations do not tell {len(law.components)} components apart; give more")
    told = _too_few_cells(law.model.support, law.model)
    if told:
        raise MixtureError(told)
    if not law.is_tied:
        return MixtureSteps(law, sample, counts, first)
    label, *seen = law.joint.variables
    columns = dict(zip(seen, sample.T, strict=True))
    return LatentSteps(observed_likelihood(law.joint, columns, label, False, counts), first)


def _require_cells(model: StatisticalModel, rows: Sequence[Any]) -> None:
    """Refuse more parameters than a finite table of what is seen can tell apart."""
    if len(rows) != 1:
        return
    sets = {v: model.support.sets[v] for v in rows[0].density.seen}
    told = (
        None if any(s.free_symbols for s in sets.values()) else _too_few_cells(Support.build(tuple(sets), sets), model)
    )
    if told:
        raise EMError(told)


def _too_few_cells(support: Support, model: StatisticalModel) -> str:
    points = support.points()
    if points is None or len(points) > len(model.parameters):
        return ""
    return (
        f"the table of {', '.join(map(str, support.variables))} has {len(points)} cells, so that {len(points) - 1} "
        f"parameters can be identified at most, and the model has {len(model.parameters)}; fix or tie some, or use "
        "fewer components or hidden classes"
    )


class _Way(NamedTuple):
    """Where a start came to, the log-likelihoods on the way, and how many steps were natural-gradient steps."""

    state: EMState
    trace: list[float]
    sped: int


@dataclass
class _Run:
    """EM from several starts, the best of them followed to the maximum."""

    steps: Steps
    starts: int
    seed: int
    accelerate: bool
    max_iterations: int
    law: Mixture | None = None

    def fit(self) -> Fit:
        """The highest maximum to which a start leads. Raises :class:`EMError` where none does."""
        ways = self._ways()
        failed: list[tuple[float, EMError]] = []
        for way in ways:
            if any(abs(way.state.value - value) <= _EQUAL for value, _ in failed):
                continue
            equal = sum(abs(way.state.value - other.state.value) <= _EQUAL for other in ways)
            found = self._end(way, self._told(len(ways), equal, len(failed)))
            if isinstance(found, Fit):
                return found
            failed.append((way.state.value, found))
        raise failed[0][1]

    def _told(self, led: int, equal: int, failed: int) -> str:
        """How many starts there were, and what became of them."""
        if self.starts == 1:
            return "one start"
        told = [f"{equal} led there within {_TRIAL} steps"]
        lost = self.starts - led
        told += [f"{lost} to no maximum"] if lost else []
        told += [f"{failed} likelier to no maximum in the end"] if failed else []
        return f"the best of {self.starts} starts ({', '.join(told)})"

    def _ways(self) -> list[_Way]:
        """The starts after a few steps, the likeliest first."""
        import numpy as np

        random = np.random.default_rng(self.seed)
        ways: list[_Way] = []
        fallen: list[MonotonicityError] = []
        for index in range(self.starts):
            state = self.steps.started(random, index)
            if state is None:
                continue
            if self.starts == 1:
                return [_Way(state, [state.value], 0)]
            try:
                ways += self._begun(state)
            except MonotonicityError as error:  # rounding, far out; an error of the steps shows from every start
                fallen.append(error)
        if fallen and not ways:
            raise fallen[0]
        if not ways:
            raise self._error(
                "from every start a component collapsed onto few observations, where the likelihood has no bound, or "
                "there was no likelihood at all; use fewer components, fix what runs to the boundary (the variance), "
                "or pass start="
            )
        return sorted(ways, key=lambda way: -way.state.value)

    def _begun(self, state: EMState) -> list[_Way]:
        """The way from a start after a few steps; none where a component collapsed."""
        trace = [state.value]
        for last, gain, count, sped in self._followed(state, _TRIAL):
            trace.append(last.value)
            if gain <= _STILL * (1.0 + abs(last.value)) or count == _TRIAL:
                return [_Way(last, trace, sped)]
        return []

    def _end(self, way: _Way, told: str) -> Fit | EMError:
        """Where a way leads: EM until its gains are small, then Newton's steps on the likelihood itself."""
        likelihood = self.steps.likelihood
        search = GeneralSearch(likelihood, "observed", _TOLERANCE, 60)
        total, trace = likelihood.count, list(way.trace)
        tried, quiet, reason = _NEWTON * total, 0, ""
        state, ended = way.state, _COLLAPSED
        for state, gain, iterations, sped in self._followed(way.state, self.max_iterations):
            trace.append(state.value)
            quiet = quiet + 1 if gain <= _STILL * (1.0 + abs(state.value)) else 0
            if gain > tried and not quiet:
                continue
            tried = 0.1 * gain  # the next attempt is closer to the maximum
            start = likelihood.at(state.theta if self.law is None else self.law.ordered(state.theta))
            found = None if start is None else climb(likelihood, start, _TOLERANCE, 60)
            if found is not None:
                reason = search.verdict.objection(found) or ""
                short = likelihood.log_likelihood(found.state) < state.value - 1e-9 * total
                if not reason and not short:
                    return self._report(found, trace, way.sped + sped, told)
            if quiet >= _PATIENCE or iterations == self.max_iterations:
                ended = ""
                break
        return self._failure(state, len(trace) - 1, ended, reason)

    def _followed(self, state: EMState, most: int) -> Iterator[tuple[EMState, float, int, int]]:
        """The way of EM: states, their gains, and how many steps there were, some of them sped up.

        It ends after so many steps, or where a component collapses.
        """
        sped = wait = pause = 0
        before = float("inf")
        for iterations in range(1, most + 1):
            found = em_step(self.steps, state)
            if found is None:
                return
            gain = found.value - state.value
            if self.accelerate and gain > _SLOW * before:
                if wait == 0:
                    further = natural_step(self.steps, found, _WORTHWHILE * max(gain, 0.0))
                    sped += further is not None
                    found = further or found
                    # Where such a step does not help, the next attempt comes later.
                    pause = 0 if further is not None else 2 * pause + 1
                    wait = pause
                else:
                    wait -= 1
            before, state = gain, found
            yield state, gain, iterations, sped

    def _report(self, found: Any, trace: list[float], sped: int, told: str) -> Fit:
        import numpy as np

        likelihood, n = self.steps.likelihood, len(found.state.theta)
        iterations = len(trace) - 1
        times = "step" if iterations == 1 else "steps"
        quick = f" ({sped} with a natural-gradient step)" if sped else ""
        fit = Fit(
            model=self.steps.model if self.law is None else self.law.model,
            estimate=found.state.theta,
            standard_errors=np.full(n, np.nan),
            covariance=np.full((n, n), np.nan),
            log_likelihood=likelihood.log_likelihood(found.state),
            converged=True,
            iterations=iterations,
            message=f"converged in {iterations} {times} of EM{quick} and {found.iterations} of Newton, from {told}",
            n_observations=likelihood.count,
            trace=(*trace, *(v for v in found.trace if v > trace[-1])),
            likelihood_of_sample=lambda: likelihood,
        )
        return fit.with_covariance("observed")

    def _failure(self, state: EMState, steps: int, ended: str, reason: str) -> EMError:
        causes = "; ".join(filter(None, (self.steps.remark(state), ended, reason)))
        return self._error(
            f"EM came to no maximum in {steps} steps: {causes or 'convergence is too slow'}. Use fewer components or "
            "hidden classes, fix a parameter, or give more starts or steps"
        )

    def _error(self, message: str) -> EMError:
        return MixtureError(message) if self.law is not None else EMError(message)
