"""Bayes by Laplace's method: the posterior of a declared model as a normal law at its mode."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal

from symgeo.errors import ArgumentError, PosteriorError, SingularMetricError
from symgeo.inference.fisher_scoring import read_sample
from symgeo.inference.log_posterior import LogPosterior, log_determinant, read_chart
from symgeo.inference.posterior import Posterior
from symgeo.inference.priors import Prior, read_prior
from symgeo.inference.result import inverse
from symgeo.inference.sample_likelihood import SampleLikelihood
from symgeo.models.conditional_model import ConditionalModel
from symgeo.models.exponential_family import ExponentialFamily
from symgeo.models.propriety import jeffreys_propriety
from symgeo.models.statistical_model import StatisticalModel


def laplace(
    model: StatisticalModel | ConditionalModel | ExponentialFamily,
    data: Any,
    *,
    prior: Any = "flat",
    chart: Any = None,
    information: Literal["observed", "expected"] = "observed",
    weights: Any = None,
    start: Any = None,
    normalised: bool = False,
) -> Posterior:
    """The posterior ``N(phi_MAP, (I + prior precision)^-1)`` in coordinates phi of choice.

    data, weights: as for `fit`. prior: "flat" (in the model's own parameters), "jeffreys", a density in the
    parameters, or {parameter: law}, a law being a random symbol of sympy.stats, a density in that parameter, or
    (model of one variable, {its parameter: value}). ``normalised`` says of a density that it integrates to one,
    which is not checked; the evidence needs that.
    chart: None for the model's parameters, "unbounded" (logarithms and logits), or {parameter: expression in new
    symbols}, one to one. The prior is a density, and takes the chart's Jacobian with it: the mode depends on the chart.
    information: I at the mode, observed (minus the Hessian of the log-likelihood) or expected (Fisher, the sum of the
    metric over the observations). start: {coordinate or name: value} or (n,), in the chart.

    Raises :class:`PosteriorError` where no mode lies inside the domain or the precision is not definite,
    :class:`RegularityError` for a kink that moves, :class:`ParameterListError`, :class:`DomainError`,
    :class:`DataError`, :class:`ArgumentError`.
    Source: Tierney and Kadane, J. Amer. Statist. Assoc. 81 (1986) 82-86.
    """
    import numpy as np

    if isinstance(model, ExponentialFamily):
        model = model.model
    if not isinstance(model, StatisticalModel | ConditionalModel):
        raise ArgumentError(f"laplace takes a StatisticalModel, not a {type(model).__name__}; declare one")
    if information not in ("observed", "expected"):
        raise ArgumentError(f"information={information!r} is not known; choose observed or expected")
    sample = SampleLikelihood(model, *read_sample(model, data, weights))
    declared = read_prior(prior, sample, normalised)
    coordinates = read_chart(chart, model)
    target = LogPosterior(sample, declared.terms, coordinates)
    try:
        mode, jet = target.mode(None if start is None else _start(coordinates.symbols, start))
    except SingularMetricError as error:
        raise PosteriorError(f"{error}; the data do not tell the parameters apart: fix one, or merge them") from error
    if information == "observed":
        precision = -jet.hessian
    else:
        theta = coordinates.theta(mode)
        expected = sample.expected_information(theta)
        if expected is None:
            raise PosteriorError("the Fisher information is infinite or not known; take information='observed'")
        first = coordinates.jacobian(mode)
        precision = sample.count * first.T @ expected @ first - target.prior_jet(mode).hessian
    if not (np.linalg.eigvalsh(precision) > 0).all():
        raise PosteriorError("the precision at the mode is not positive definite; take information='observed'")
    log_integral = jet.value + 0.5 * len(mode) * math.log(2.0 * math.pi) - 0.5 * log_determinant(precision)
    return Posterior(
        target=target,
        mode=mode,
        precision=precision,
        covariance=inverse(precision),
        log_integral=log_integral,
        log_prior_constant=_log_constant(declared, model),
        prior=declared.name,
        information=information,
    )


def _log_constant(prior: Prior, model: StatisticalModel | ConditionalModel) -> float | None:
    """The logarithm of the prior's integral; None where it is infinite or not known."""
    if prior.normalised:
        return 0.0
    if prior.name != "Jeffreys" or isinstance(model, ConditionalModel):
        return None
    found = jeffreys_propriety(model)
    return math.log(float(found.volume)) if found.proper and found.volume is not None else None


def _start(symbols: tuple[Any, ...], start: Any) -> Any:
    """A starting point (n,) in the chart."""
    import numpy as np

    names = [s.name for s in symbols]
    if isinstance(start, Mapping):
        by_name = {str(key): value for key, value in start.items()}
        if set(by_name) != set(names):
            raise ArgumentError(f"start gives {', '.join(sorted(by_name))}; give a value to each of {', '.join(names)}")
        start = [by_name[name] for name in names]
    point = np.asarray(start, dtype=float)
    if point.shape != (len(names),):
        raise ArgumentError(f"start has shape {point.shape}; give a value to each of {', '.join(names)}, in order")
    return point
