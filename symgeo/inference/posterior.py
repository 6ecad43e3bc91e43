"""The normal law at a posterior's mode, and what is read off it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import sympy as sp

from symgeo.algebra import as_expression
from symgeo.codegen import numpy_function
from symgeo.errors import ArgumentError, ParameterListError, PosteriorError
from symgeo.inference.fisher_scoring import read_sample
from symgeo.inference.log_posterior import LogPosterior, log_determinant
from symgeo.inference.prediction import Prediction, columns_of
from symgeo.inference.priors import Function, Jet
from symgeo.inference.sample_likelihood import SampleLikelihood
from symgeo.models.conditional_model import ConditionalModel

if TYPE_CHECKING:
    import numpy as np

# Arguments of the cumulant generating function, in units of the inverse standard deviation.
_SMALL = 0.02


@dataclass(frozen=True, eq=False)
class Posterior:
    """``N(mode, precision^-1)`` in the chart: ``mode`` (n,), ``precision`` and ``covariance`` (n, n).

    ``log_integral`` is Laplace's value of the log of the integral of likelihood times prior; ``log_prior_constant``
    that of the prior, None where it is infinite or not known.
    """

    target: LogPosterior = field(repr=False)
    mode: np.ndarray
    precision: np.ndarray
    covariance: np.ndarray
    log_integral: float
    log_prior_constant: float | None
    prior: str
    information: str

    @property
    def coordinates(self) -> tuple[sp.Symbol, ...]:
        """The chart's symbols, in which mode and precision are given."""
        return self.target.coordinates.symbols

    @property
    def model(self) -> Any:
        """The declared model."""
        return self.target.sample.model

    @property
    def estimate(self) -> np.ndarray:
        """The model's own parameters at the mode, (n,)."""
        return self.target.coordinates.theta(self.mode)

    @property
    def log_evidence(self) -> float:
        """``log integral of likelihood times prior``: (2 pi)^(n/2) |precision|^(-1/2) times the height of the mode.

        Raises :class:`PosteriorError` where the prior is not known to integrate to one; ``log_integral`` is then the
        evidence up to the prior's constant.
        """
        if self.log_prior_constant is None:
            raise PosteriorError(
                f"the {self.prior} prior is improper or its constant is not known, and the evidence is told up to that "
                "constant only; read log_integral, give laws, or say normalised=True of a density that is"
            )
        return self.log_integral - self.log_prior_constant

    def _slopes(self, function: Any, given: tuple[sp.Symbol, ...] = ()) -> Any:
        """Value and derivatives in the parameters, as a function of covariates and parameters."""
        parameters = self.model.parameters
        f = as_expression(function)
        if not f.free_symbols <= {*parameters, *given}:
            raise ParameterListError(f"{f} is no function of {', '.join(map(str, (*parameters, *given)))}")
        return numpy_function([f, *(sp.diff(f, s) for s in parameters)], (*given, *parameters))

    def mean(self, function: Any) -> float:
        """A function of the parameters at the mode: its posterior mean to first order."""
        return float(self._slopes(function)(*self.estimate)[0])

    def std(self, function: Any) -> float:
        """The posterior standard deviation of a function of the parameters, by the delta method."""
        import numpy as np

        _, *slopes = self._slopes(function)(*self.estimate)
        gradient = self.target.coordinates.jacobian(self.mode).T @ np.array([float(v) for v in slopes])
        return math.sqrt(float(gradient @ self.covariance @ gradient))

    def second_order_mean(self, function: Any) -> float:
        """The posterior mean of a function of the parameters with an error of order 1/N^2.

        A function that is positive at sight (by its symbols' assumptions) goes by the ratio of two Laplace
        approximations, another by the derivative of its cumulant generating function. Both take the observed Hessian.

        Raises :class:`PosteriorError` where the changed posterior has no mode.
        Source: Tierney and Kadane, J. Amer. Statist. Assoc. 81 (1986) 82-86; Tierney, Kass and Kadane, J. Amer.
        Statist. Assoc. 84 (1989) 710-716.
        """
        f = as_expression(function)
        size = self.std(f)
        if f.is_positive:
            return math.exp(self._log_ratio(sp.log(f), 1.0))
        if size == 0.0:
            raise PosteriorError(f"the gradient of {f} vanishes at the mode; use sample() for its mean")
        shift = self.mean(f)

        def slope(step: float) -> float:
            s = step / size
            return (self._log_ratio(f - sp.Float(shift), s) - self._log_ratio(f - sp.Float(shift), -s)) / (2.0 * s)

        # Richardson: the error of the central difference is of second order in the step.
        return shift + (4.0 * slope(_SMALL) - slope(2.0 * _SMALL)) / 3.0

    def _log_ratio(self, exponent: sp.Expr, factor: float) -> float:
        """The log of the posterior mean of exp(factor exponent), by two Laplace approximations."""
        here = self.target.at(self.mode)
        assert here is not None, "the mode lies inside"
        moved = self.target.with_term(Function(exponent, self.model.parameters, factor))
        _, there = moved.mode(self.mode)
        return there.value - here.value - 0.5 * (log_determinant(-there.hessian) - log_determinant(-here.hessian))

    def sample(self, count: int, seed: int) -> np.ndarray:
        """Draws (count, n) of the model's parameters from the normal law in the chart, restricted to the domain.

        Raises :class:`PosteriorError` where more than half of that law lies outside the domain.
        """
        import numpy as np

        if not (isinstance(count, int) and count > 0):
            raise ArgumentError(f"the number of draws is a positive whole number, not {count}")
        random, found, have, tried = np.random.default_rng(seed), [], 0, 0
        lower = np.linalg.cholesky(self.covariance)
        while have < count:
            phi = self.mode + random.standard_normal((count + 16, len(self.mode))) @ lower.T
            theta = self.target.coordinates.theta(phi)
            inside = self.target.chart.contains(phi) & self.target.sample.chart.contains(theta)
            found.append(theta[inside])
            have, tried = have + int(inside.sum()), tried + len(phi)
            if 2 * have < tried:
                raise PosteriorError(
                    "more than half of the normal law lies outside the domain; choose chart='unbounded'"
                )
        return np.concatenate(found)[:count]

    def predictive(
        self,
        at: Mapping[Any, Any] | None = None,
        function: Any = None,
        *,
        method: Literal["delta", "sampling"] = "delta",
        level: float = 0.95,
        count: int = 4000,
        seed: int = 0,
    ) -> Prediction:
        """The posterior of the expected response, or of another function of parameters and covariates; as `predict`.

        By the delta method, or from draws: their mean, standard deviation and quantiles.
        Raises :class:`ArgumentError`, :class:`ParameterListError`, :class:`DataError`.
        """
        import numpy as np
        from scipy.special import ndtri

        if not 0.0 < level < 1.0:
            raise ArgumentError(f"the level must lie between 0 and 1, not {level}; 0.95 is usual")
        if method not in ("delta", "sampling"):
            raise ArgumentError(f"method={method!r} is not known; choose delta or sampling")
        model = self.model
        if function is None:
            if len(model.variables) != 1:
                raise ParameterListError(f"of which function of {model.variables}? Pass function=")
            function = model.expectation(model.variables[0])
        f = as_expression(function)
        given = model.covariates if isinstance(model, ConditionalModel) else ()
        given = tuple(s for s in given if s in f.free_symbols)
        columns = columns_of(model, given, at or {})
        functions = self._slopes(f, given)
        shape = np.ones(len(columns[0]) if columns else 1)
        if method == "sampling":
            wide = self.sample(count, seed).T[:, :, None]
            drawn = functions(*(c[None, :] for c in columns), *wide)[0] * shape
            low, high = np.quantile(drawn, [0.5 - 0.5 * level, 0.5 + 0.5 * level], axis=0)
            return Prediction(f, level, drawn.mean(axis=0), drawn.std(axis=0, ddof=1), low, high)
        values, *slopes = (v * shape for v in functions(*columns, *self.estimate))
        gradient = np.stack(slopes, axis=-1) @ self.target.coordinates.jacobian(self.mode)
        errors = np.sqrt(np.einsum("ni,ij,nj->n", gradient, self.covariance, gradient))
        half = ndtri(0.5 * (1.0 + level)) * errors
        return Prediction(f, level, values, errors, values - half, values + half)

    def predictive_density(
        self, at: Mapping[Any, Any], *, method: Literal["delta", "sampling"] = "delta", count: int = 4000, seed: int = 0
    ) -> np.ndarray:
        """The density of new observations averaged over the posterior, ``E[p(x | theta)]``, (N,).

        at: {variable or covariate, or name: (N,)}, or what `fit` takes. "delta": p at the mode plus half the trace of
        its second derivatives times the covariance; "sampling": the mean over draws.
        Raises :class:`PosteriorError` where the delta method turns negative, far out in the tails;
        :class:`ArgumentError`, :class:`DataError`.
        """
        import numpy as np

        if method not in ("delta", "sampling"):
            raise ArgumentError(f"method={method!r} is not known; choose delta or sampling")
        fresh = SampleLikelihood(self.model, *read_sample(self.model, at, None))
        if method == "sampling":
            return np.mean([np.exp(fresh.terms(theta)) for theta in self.sample(count, seed)], axis=0)
        coordinates = self.target.coordinates
        density, score, hessian = (
            fresh.terms(self.estimate),
            fresh.scores(self.estimate),
            fresh.curvatures(self.estimate),
        )
        factors = np.empty(len(density))
        for k, (value, slope, curve) in enumerate(zip(density, score, hessian, strict=True)):
            jet = coordinates.pulled(self.mode, Jet(value, slope, curve), density=False)
            bent = jet.hessian + np.outer(jet.gradient, jet.gradient)
            factors[k] = 1.0 + 0.5 * float(np.sum(bent * self.covariance))
        if (factors <= 0).any():
            raise PosteriorError(
                f"the delta method gives observation {int(np.argmin(factors))} a density that is not positive; "
                "take method='sampling'"
            )
        return np.exp(density) * factors

    def __str__(self) -> str:
        what = self.model.name or "the declared model"
        count = f"{self.target.sample.count:.10g}"
        lines = [f"Laplace posterior, {what}, {count} observation{'s' if count != '1' else ''}, {self.prior} prior"]
        width = max(10, *(len(s.name) for s in self.coordinates))
        lines.append(f"  {'coordinate':<{width}}  {'mode':>13}  std. deviation      95% interval")
        for s, value, variance in zip(self.coordinates, self.mode, self.covariance.diagonal(), strict=True):
            error = math.sqrt(variance)
            low, high = value - 1.959963984540054 * error, value + 1.959963984540054 * error
            lines.append(f"  {s.name:<{width}}  {value:>13.6g}  {error:>14.4g}      [{low:.5g}, {high:.5g}]")
        if self.log_prior_constant is None:
            lines.append(f"log-evidence {self.log_integral:.6g} up to the constant of the prior")
        else:
            lines.append(f"log-evidence {self.log_evidence:.6g}")
        lines.append(f"precision from the {self.information} information and the prior")
        return "\n".join(lines)

    __repr__ = __str__
