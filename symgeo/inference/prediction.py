"""Fitted values with their bands: functions of parameters and covariates, and new observations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import sympy as sp

from symgeo.algebra import as_expression
from symgeo.codegen import numpy_function
from symgeo.errors import (
    ArgumentError,
    DataError,
    DivergentExpectationError,
    NoClosedFormError,
    ParameterListError,
    RegionError,
)
from symgeo.inference.data import covariate_values
from symgeo.inference.predictive import Predictive
from symgeo.models.conditional_model import ConditionalModel

if TYPE_CHECKING:
    import numpy as np

    from symgeo.inference.result import Fit


KINDS = ("mean", "observation")
# Rows that are printed.
_SHOWN = 20


@dataclass(frozen=True, eq=False)
class Prediction:
    """A function at several values of the covariates: ``values``, ``standard_errors``, ``low``, ``high``, (N,).

    Where the band is one for a new observation (``kind``), the standard errors are those of its prediction: the root of
    its variance and the squared error of the mean; both are nan for a law without variance over the whole domain.
    """

    function: sp.Expr
    level: float
    values: np.ndarray
    standard_errors: np.ndarray
    low: np.ndarray
    high: np.ndarray
    kind: str = "mean"

    def __str__(self) -> str:
        known = "" if self.function.has(sp.nan) else f" of mean {self.function}"
        what = f"Value of {self.function}" if self.kind == "mean" else f"A new observation{known}"
        level = f"{100 * self.level:g}% interval"
        lines = [what, f"  {'row':>5}  {'value':>13}  {'std. error':>11}      {level}"]
        rows = zip(self.values, self.standard_errors, self.low, self.high, strict=True)
        for number, (value, error, low, high) in enumerate(islice(rows, _SHOWN)):
            lines.append(f"  {number:>5}  {value:>13.6g}  {error:>11.4g}      [{low:.5g}, {high:.5g}]")
        if len(self.values) > _SHOWN:
            lines.append(f"... and {len(self.values) - _SHOWN} more")
        return "\n".join(lines)

    __repr__ = __str__


def predict(
    fit: Fit, at: Mapping[Any, Any] | None = None, function: Any = None, level: float = 0.95, *, kind: str = "mean"
) -> Prediction:
    """The expected response, or another function of parameters and covariates, or a new response, with its band.

    kind: "mean", a pointwise Wald band of the function, by default E[y], the mean of the only response: the standard
    error is ``(grad f' V grad f)^(1/2)``, V the fit's covariance (the delta method). "observation": the interval in
    which a new response lies with probability ``level``, half of the rest on each side, by the quantiles of the law at
    the estimate, corrected to second order for the error and the bias of the estimate; for counts the smallest and
    largest one, from the law averaged over that error.
    at: {covariate or name: (N,)}, the covariates in the function, or all of them for observations.

    Raises :class:`ParameterListError`, :class:`DataError`, :class:`ArgumentError`, :class:`RegionError` for a fit that
    did not converge or is too uncertain for a correction, and what `StatisticalModel.expectation` raises; for
    observations also what :class:`SecondOrder` raises.
    Sources: Rao, Linear Statistical Inference, 2nd ed. 1973; Barndorff-Nielsen and Cox, Bernoulli 2 (1996) 319-340.
    """
    import numpy as np
    from scipy.special import ndtri

    if kind not in KINDS:
        raise ArgumentError(f"kind={kind!r} is not known; choose one of {', '.join(KINDS)}")
    if not 0.0 < level < 1.0:
        raise ArgumentError(f"the level must lie between 0 and 1, not {level}; 0.95 is usual")
    if not fit.converged:
        raise RegionError(f"the fit did not converge: {fit.message}")
    model = fit.model
    if kind == "observation" and (function is not None or len(model.variables) != 1):
        raise ArgumentError("an observation is predicted of the only response of a model; pass no function")
    given = model.covariates if isinstance(model, ConditionalModel) else ()
    if function is None:
        if len(model.variables) != 1:
            raise ParameterListError(f"of which function of {model.variables}? Pass function=")
        function, variance = _moments(model) if kind == "observation" else (model.expectation(model.variables[0]), 0)
    f = as_expression(function)
    if not f.free_symbols <= {*model.parameters, *given}:
        raise ParameterListError(f"{f} is no function of parameters and covariates alone")
    given = tuple(s for s in given if s in f.free_symbols or kind == "observation")
    columns = columns_of(model, given, at or {})
    functions = numpy_function([f, *(sp.diff(f, s) for s in model.parameters)], (*given, *model.parameters))
    shape = np.ones(len(columns[0]) if columns else 1)
    values, *slopes = (v * shape for v in functions(*columns, *fit.estimate))
    gradient = np.stack(slopes, axis=-1)
    errors = np.sqrt(np.einsum("ni,ij,nj->n", gradient, fit.covariance, gradient))
    if kind == "observation":
        (square,) = numpy_function([variance], (*given, *model.parameters))(*columns, *fit.estimate)
        errors = np.hypot(errors, np.sqrt(square * shape))
        low, high = Predictive(fit, np.stack(columns, axis=-1) if columns else np.zeros((1, 0))).ends(level)
        return Prediction(f, level, values, errors, low, high, kind)
    half = ndtri(0.5 * (1.0 + level)) * errors
    return Prediction(f, level, values, errors, values - half, values + half)


def _moments(model: Any) -> tuple[sp.Expr, sp.Expr]:
    """Mean and variance of the response; nan where they are infinite or not known, for the limits need neither."""
    (y,) = model.variables
    try:
        mean = model.expectation(y)
        return mean, model.expectation(y**2) - mean**2
    except (DivergentExpectationError, NoClosedFormError):
        return sp.nan, sp.nan


def columns_of(model: Any, given: tuple[sp.Symbol, ...], at: Mapping[Any, Any]) -> list[np.ndarray]:
    """The values of the given covariates, (N,) each; :class:`DataError` unless just these are there."""
    import numpy as np

    by_name = {str(key): np.atleast_1d(value) for key, value in at.items()}
    names = {s.name for s in given}
    if set(by_name) != names:
        raise DataError(
            f"values of {', '.join(sorted(by_name)) or 'no covariate'} were given; give those of each of "
            f"{', '.join(sorted(names)) or 'none, for the function has no covariates'}"
        )
    if not given:
        return []
    return list(covariate_values(given, model.whole.domain, {s: by_name[s.name] for s in given}).T)
