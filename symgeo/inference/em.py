"""EM for finite mixtures: an m-projection onto the data (E-step) and an e-projection onto the model (M-step) in turn.

The E-step gives each observation's probabilities of the components, the m-projection of the present joint law onto the
laws with the observed marginal; the M-step is maximum likelihood in each exponential family with these as weights, a
matter of mean statistics. Sources: Dempster, Laird and Rubin, J. R. Statist. Soc. B 39 (1977) 1-38; Amari, Neural
Networks 8 (1995) 1379-1408; Csiszar and Tusnady, Statistics and Decisions, Suppl. 1 (1984) 205-237.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sympy as sp

from symgeo.codegen import numpy_function
from symgeo.errors import ArgumentError, DataError, MixtureError, ParameterListError
from symgeo.inference.ascent import Outcome, climb
from symgeo.inference.data import checked_weights, observations
from symgeo.inference.likelihood import Likelihood
from symgeo.inference.programs import family_programs
from symgeo.inference.result import Fit
from symgeo.inference.sample_likelihood import SampleLikelihood
from symgeo.inference.search import GeneralSearch
from symgeo.inference.starting import starting_points
from symgeo.models.statistical_model import StatisticalModel

if TYPE_CHECKING:
    import numpy as np

# The log-likelihood may fall by rounding, relatively.
_ROUNDING = 1e-11
# Gain in log-likelihood, for one observation, from which Newton's steps on the whole likelihood take over.
_NEWTON = 1e-7
# EM steps taken from every start before the best goes on.
_TRIAL = 25
_TOLERANCE = 1e-18


@dataclass(frozen=True, eq=False)
class Mixture:
    """The law ``sum of w_j p_j(x; theta_j)``; the components' parameters have numbers after their names.

    ``model`` is an ordinary model in ``parameters``: those of each component in turn, then the weights but the last.
    """

    components: tuple[StatisticalModel, ...]
    parameters: tuple[sp.Symbol, ...]
    model: StatisticalModel


def mixture(components: Sequence[StatisticalModel], name: str | None = None) -> Mixture:
    """The mixture of regular exponential families of the same variables, such as ``[normal] * 3``.

    Raises :class:`ParameterListError` for fewer than two components or different variables, and
    :class:`NotExponentialFamilyError`.
    """
    parts = tuple(components)
    if len(parts) < 2:
        raise ParameterListError("a mixture has at least two components")
    first = parts[0]
    if any(p.variables != first.variables for p in parts):
        raise ParameterListError("the components have different variables; declare them in the same symbols")
    if any(p.support.sets != first.support.sets for p in parts):
        raise ParameterListError("the components have different supports; mixtures need a common one")
    density: sp.Expr = sp.S.Zero
    parameters: list[sp.Symbol] = []
    domain: dict[sp.Symbol, sp.Set] = {}
    constraints: list[Any] = []
    weights = [sp.Symbol(f"w_{j + 1}", positive=True) for j in range(len(parts) - 1)]
    shares = [*weights, 1 - sp.Add(*weights)]
    for j, (part, share) in enumerate(zip(parts, shares, strict=True), 1):
        part.require_exponential_family()
        own = {s: sp.Symbol(f"{s.name}_{j}", **s.assumptions0) for s in part.parameters}
        parameters += own.values()
        domain |= {own[s]: part.domain[s].xreplace(own) for s in part.parameters}
        constraints += [c.xreplace(own) for c in part.constraints]
        density += share * part.density.xreplace(own)
    domain |= {w: sp.Interval.open(0, 1) for w in weights}
    if len(weights) > 1:
        constraints.append(sp.Add(*weights) < 1)
    model = StatisticalModel(
        density,
        first.variables,
        (*parameters, *weights),
        support=first.support.sets,
        domain=domain,
        constraints=constraints,
        name=name or f"mixture of {len(parts)} components",
        check=False,
    )
    return Mixture(parts, model.parameters, model)


def em(
    law: Mixture | Sequence[StatisticalModel],
    data: Any,
    *,
    weights: Any = None,
    starts: int = 10,
    seed: int = 0,
    max_iterations: int = 5000,
) -> Fit:
    """Maximum likelihood for a mixture by EM, finished by Newton's steps; components are ordered as they come out.

    ``starts`` random starts are improved by a few steps each, and the best of them is followed. The log-likelihood
    rises in every step (``Fit.trace``). Standard errors come from the observed information of the mixture.

    Raises :class:`MixtureError` where components collapse onto single observations from every start, so that the
    likelihood is unbounded, :class:`DataError`, :class:`ArgumentError`, :class:`ParameterListError`.
    """
    import numpy as np

    law = law if isinstance(law, Mixture) else mixture(law)
    if starts < 1 or max_iterations < 1:
        raise ArgumentError("starts and max_iterations must be positive whole numbers")
    sample = observations(law.model.support, data)
    counts = np.ones(len(sample)) if weights is None else checked_weights(weights, len(sample))
    kept = counts > 0
    sample, counts = sample[kept], counts[kept]
    if len(sample) <= len(law.components):
        raise DataError(f"{len(sample)} observations do not tell {len(law.components)} components apart; give more")
    steps = _Steps(law, sample, counts)
    random = np.random.default_rng(seed)
    best: _State | None = None
    for _ in range(starts):
        state = steps.started(random)
        for _ in range(_TRIAL):
            state = None if state is None else steps.next(state)
        if state is not None and (best is None or state.value > best.value):
            best = state
    if best is None:
        raise MixtureError(
            "from every start a component collapsed onto few observations, where the likelihood has no bound; use "
            "fewer components, or fix what runs to the boundary (the variance)"
        )
    return _finished(law, steps, best, sample, counts, max_iterations)


@dataclass
class _State:
    """Parameters of each component, weights (K,), the log-likelihood there, responsibilities (N, K), and the way."""

    thetas: list[np.ndarray]
    shares: np.ndarray
    value: float
    responsibilities: np.ndarray
    trace: list[float]


class _Steps:
    """E- and M-steps on one sample."""

    def __init__(self, law: Mixture, sample: np.ndarray, counts: np.ndarray):
        self.sample, self.counts = sample, counts
        self.programs = [family_programs(p) for p in law.components]
        self._densities = [numpy_function([p.log_density], (*p.variables, *p.parameters)) for p in law.components]

    def expected(self, thetas: list[np.ndarray], shares: np.ndarray, trace: list[float]) -> _State | None:
        """The E-step: probabilities of the components given each observation; None where there is no likelihood."""
        import numpy as np

        with np.errstate(all="ignore"):
            terms = np.stack(
                [
                    np.log(share) + f(*self.sample.T, *theta)[0]
                    for f, theta, share in zip(self._densities, thetas, shares, strict=True)
                ],
                axis=-1,
            )
            top = np.max(terms, axis=-1, keepdims=True)
            sums = np.sum(np.exp(terms - top), axis=-1, keepdims=True)
            value = float(self.counts @ (top + np.log(sums))[:, 0])
        if not np.isfinite(value):
            return None
        return _State(thetas, shares, value, np.exp(terms - top) / sums, [*trace, value])

    def next(self, state: _State) -> _State | None:
        """One EM step; None where a component has collapsed. The likelihood does not fall."""
        thetas = []
        for j, near in enumerate(state.thetas):
            theta = self._projected(j, self.counts * state.responsibilities[:, j], near)
            if theta is None:
                return None
            thetas.append(theta)
        shares = self.counts @ state.responsibilities / self.counts.sum()
        found = self.expected(thetas, shares, state.trace)
        if found is not None and found.value < state.value - _ROUNDING * (1.0 + abs(state.value)):
            raise AssertionError(f"an EM step lowered the log-likelihood from {state.value} to {found.value}")
        return found

    def _projected(self, j: int, weights: np.ndarray, near: np.ndarray | None) -> np.ndarray | None:
        """The M-step of component j: maximum likelihood with weights; None where there is no maximum."""
        import numpy as np

        if not weights.sum() > 0:
            return None
        likelihood = Likelihood(self.programs[j], self.sample, weights)
        closed = self.programs[j].from_expectation
        if closed is not None:
            theta = np.array(closed(*likelihood.mean))
            return theta if likelihood.chart.contains(theta) else None
        for start in starting_points(likelihood, 1) if near is None else iter((near,)):
            state = likelihood.at(start)
            if state is not None:
                found = climb(likelihood, state, _TOLERANCE, 200)
                return found.state.theta if found.outcome in (Outcome.INTERIOR, Outcome.ROUGH) else None
        return None

    def started(self, random: np.random.Generator) -> _State | None:
        """Responsibilities by the distance to observations drawn apart from one another (k-means++)."""
        import numpy as np

        spread = np.std(self.sample, axis=0)
        points = self.sample / np.where(spread > 0, spread, 1.0)
        centers = [points[random.choice(len(points), p=self.counts / self.counts.sum())]]
        while len(centers) < len(self.programs):
            nearest = np.min([np.sum((points - c) ** 2, axis=1) for c in centers], axis=0) * self.counts
            total = nearest.sum()
            chance = nearest / total if total > 0 else self.counts / self.counts.sum()
            centers.append(points[random.choice(len(points), p=chance)])
        distances = np.stack([np.sum((points - c) ** 2, axis=1) for c in centers], axis=-1)
        near = 0.9 * (distances == distances.min(axis=1, keepdims=True)) + 0.1
        shares = near / near.sum(axis=1, keepdims=True)
        thetas = [self._projected(j, self.counts * shares[:, j], None) for j in range(len(self.programs))]
        if any(t is None for t in thetas):
            return None
        return self.expected([t for t in thetas if t is not None], shares.T @ self.counts / self.counts.sum(), [])


def _finished(
    law: Mixture, steps: _Steps, state: _State, sample: np.ndarray, counts: np.ndarray, max_iterations: int
) -> Fit:
    """EM until its gains are small, then Newton's steps on the likelihood of the mixture itself."""
    import numpy as np

    likelihood = SampleLikelihood(law.model, sample, np.zeros((len(sample), 0)), counts, expected=False)
    search = GeneralSearch(likelihood, "observed", _TOLERANCE, 60)
    total = counts.sum()
    tried = _NEWTON * total
    for trace, point, gain in _followed(steps, state, max_iterations):
        iterations = len(trace) - 1
        if gain > tried:
            continue
        tried = 0.1 * gain  # the next attempt is closer to the maximum
        start = likelihood.at(point)
        if start is None:
            continue
        found = climb(likelihood, start, _TOLERANCE, 60)
        if search.judged(found) is not None or likelihood.log_likelihood(found.state) < trace[-1] - 1e-9 * total:
            continue
        fit = Fit(
            model=law.model,
            estimate=found.state.theta,
            standard_errors=np.full(len(point), np.nan),
            covariance=np.full((len(point), len(point)), np.nan),
            log_likelihood=likelihood.log_likelihood(found.state),
            converged=True,
            iterations=iterations,
            message=f"converged in {iterations} steps of EM and {found.iterations} of Newton",
            n_observations=float(total),
            trace=(*trace, *(v for v in found.trace if v > trace[-1])),
            likelihood_of_sample=lambda: likelihood,
        )
        return fit.with_covariance("observed")
    raise MixtureError(
        f"EM came to no maximum within {max_iterations} steps: components may be the same, or one may collapse; use "
        "fewer components, more starts, or raise max_iterations"
    )


def _followed(steps: _Steps, state: _State | None, most: int) -> Iterator[tuple[list[float], np.ndarray, float]]:
    """The way of EM: log-likelihoods, the parameters of the mixture, and the last gain."""
    import numpy as np

    for _ in range(most):
        assert state is not None, "left below"
        before = state.value
        state = steps.next(state)
        if state is None:
            return
        yield state.trace, np.concatenate([*state.thetas, state.shares[:-1]]), state.value - before
