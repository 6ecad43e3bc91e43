"""Priors of declared models: terms of a log-posterior with their first and second derivatives in the parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import sympy as sp

from symgeo.algebra import as_expression
from symgeo.algebra.zero_test import element_sign
from symgeo.codegen import numpy_function
from symgeo.errors import DataError, DomainError, NormalisationError, ParameterListError, PosteriorError
from symgeo.models.log_density import log_of
from symgeo.models.statistical_model import StatisticalModel

if TYPE_CHECKING:
    import numpy as np

    from symgeo.inference.sample_likelihood import SampleLikelihood


class Jet(NamedTuple):
    """A function at a point: value, gradient (n,), second derivatives (n, n)."""

    value: float
    gradient: np.ndarray
    hessian: np.ndarray


class Term(Protocol):
    """A function of the parameters with two derivatives."""

    def at(self, theta: np.ndarray) -> Jet: ...


class Function:
    """An expression in the parameters, times a factor."""

    def __init__(self, expression: sp.Expr, parameters: Sequence[sp.Symbol], factor: float = 1.0):
        self.n, self.factor = len(parameters), factor
        self._declared = expression, tuple(parameters), factor
        slopes = [sp.diff(expression, s) for s in parameters]
        seconds = [sp.diff(slope, s) for slope in slopes for s in parameters]
        self._all = numpy_function([expression, *slopes, *seconds], parameters)

    def __reduce__(self) -> tuple[Any, ...]:
        return Function, self._declared

    def at(self, theta: np.ndarray) -> Jet:
        """Value and derivatives."""
        import numpy as np

        values = self.factor * np.array([float(v) for v in self._all(*theta)])
        return Jet(values[0], values[1 : self.n + 1], values[self.n + 1 :].reshape(self.n, self.n))


class Jeffreys:
    """``log sqrt(det I)``, I the mean Fisher information of the sample's observations, at their covariates.

    Source: Jeffreys, Proc. R. Soc. A 186 (1946) 453-461.
    """

    def __init__(self, sample: SampleLikelihood):
        import numpy as np

        self._sample, x, places = sample, sample.model.parameters, sample.places
        self.n, n = sample.n, range(sample.n)
        metric = sample.model.manifold.metric
        entries = [metric.element(i, j) for i in n for j in n]
        every = entries + [e.diff(a) for a in x for e in entries]
        every += [e.diff(a).diff(b) for a in x for b in x for e in entries]
        function = numpy_function([e.to_sympy() for e in every], places)
        self._mean = lambda theta: np.array(sample.average(function, theta))

    def __reduce__(self) -> tuple[Any, ...]:
        return Jeffreys, (self._sample,)

    def at(self, theta: np.ndarray) -> Jet:
        """Value and derivatives."""
        import numpy as np

        n = self.n
        blocks = self._mean(theta).reshape(-1, n, n)
        metric, first, second = blocks[0], blocks[1 : n + 1], blocks[n + 1 :].reshape(n, n, n, n)
        if not np.isfinite(blocks).all():
            return Jet(np.nan, np.full(n, np.nan), np.full((n, n), np.nan))
        sign, log_det = np.linalg.slogdet(metric)
        if sign <= 0:
            return Jet(-np.inf, np.zeros(n), np.zeros((n, n)))
        turned = np.linalg.solve(metric, first)
        gradient = 0.5 * np.trace(turned, axis1=1, axis2=2)
        inner = np.trace(np.linalg.solve(metric, second), axis1=2, axis2=3)
        return Jet(0.5 * log_det, gradient, 0.5 * (inner - np.einsum("aij,bji->ab", turned, turned)))


class Prior(NamedTuple):
    """The terms of a log-prior, its name, and whether it is known to integrate to one."""

    terms: tuple[Term, ...]
    name: str
    normalised: bool


def read_prior(prior: Any, sample: SampleLikelihood, normalised: bool) -> Prior:
    """A user's prior: "flat", "jeffreys", a density in the parameters, or {parameter: law}.

    A law is a random symbol of sympy.stats, a density in that parameter, or (model of one variable, {its parameter:
    value}). Raises :class:`ParameterListError`, :class:`DomainError` for a law that leaves the parameter's domain.
    """
    parameters = sample.model.parameters
    if isinstance(prior, str):
        if prior == "flat":
            return Prior((), "flat", False)
        if prior == "jeffreys":
            return Prior((Jeffreys(sample),), "Jeffreys", False)
        raise ParameterListError(f"the prior {prior!r} is not known; pass 'flat', 'jeffreys', a density or laws")
    if isinstance(prior, Mapping):
        by_name = {str(key): value for key, value in prior.items()}
        if set(by_name) != {s.name for s in parameters}:
            raise ParameterListError(
                f"the prior names {', '.join(sorted(by_name)) or 'nothing'}; give a law to each of "
                f"{', '.join(map(str, parameters))}"
            )
        laws = [_law(by_name[s.name], s, sample.model) for s in parameters]
        known = all(own for _, own in laws) and not sample.model.constraints
        expression = sp.Add(*(log for log, _ in laws))
        if normalised and not known:
            _require_mass_one(sp.exp(expression), sample)
        return Prior((Function(expression, parameters),), "declared", known or normalised)
    density = as_expression(prior)
    foreign = density.free_symbols - set(parameters)
    if foreign:
        raise ParameterListError(f"the prior holds {', '.join(map(str, foreign))}, which is no parameter of the model")
    if normalised:
        _require_mass_one(density, sample)
    return Prior((Function(_log(density, sample.model), parameters),), "declared", normalised)


def _require_mass_one(density: sp.Expr, sample: SampleLikelihood) -> None:
    """Refuse a prior that is said to be normalised where its mass over the domain is not confirmed to be one.

    Over a domain with constraints the word of the user stands.
    """
    model = sample.model
    if model.constraints:
        return
    # A declaration wants a parameter: that of an independent variable's law.
    beside, rate = sp.Dummy("z", positive=True), sp.Dummy("rate", positive=True)
    support = {**{s: model.domain[s] for s in model.parameters}, beside: sp.Interval(0, sp.oo)}
    try:
        StatisticalModel(density * rate * sp.exp(-rate * beside), (*model.parameters, beside), (rate,), support=support)
    except NormalisationError as error:
        raise PosteriorError(
            "the prior is said to be normalised, but its mass over the parameters' domain is not confirmed to be one "
            f"({error}); divide it by its mass, or leave normalised=True out"
        ) from None


def _log(density: sp.Expr, model: Any) -> sp.Expr:
    if density.is_nonpositive:
        raise NormalisationError(f"the prior density {density} is nowhere positive; give a positive one")
    return log_of(density, lambda e: element_sign(model.field(e)))


def _law(law: Any, s: sp.Symbol, model: Any) -> tuple[sp.Expr, bool]:
    """The log-density of a parameter's law, and whether it is normalised over the parameter's domain."""
    from sympy.stats import density
    from sympy.stats.rv import RandomSymbol

    domain = model.domain[s]
    if isinstance(law, tuple) and len(law) == 2 and isinstance(law[0], StatisticalModel):
        declared, values = law
        if len(declared.variables) != 1 or set(values) != set(declared.parameters):
            raise ParameterListError(f"the law of {s} needs one variable and a value for each of {declared.parameters}")
        (variable,) = declared.variables
        support = declared.support.sets[variable].subs(values)
        log = declared.log_density.subs({**values, variable: s}, simultaneous=True)
    elif isinstance(law, RandomSymbol):
        support = law.pspace.domain.set
        log = _log(density(law)(s), model)
    else:
        expression = as_expression(law)
        if expression.free_symbols - {s}:
            raise ParameterListError(f"the law of {s} holds {expression.free_symbols - {s}}; give numbers for them")
        return _log(expression, model), False
    if log.free_symbols - {s}:
        raise ParameterListError(f"the law of {s} holds {log.free_symbols - {s}}; give numbers for them")
    if support.interior.is_subset(domain) is not True:
        raise DomainError(f"the prior of {s} lives on {support}, {s} in {domain}; choose a law inside, or truncate it")
    if not domain.interior.is_subset(support):
        raise DataError(f"the prior of {s} is zero outside {support}; declare the model with {s} in that domain")
    return log, True
