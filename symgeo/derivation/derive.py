"""From a model to the steps of its derivation, as far as they go."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import sympy as sp
from sympy import Expr

from symgeo.algebra import as_expression
from symgeo.derivation import curvature_steps, family_steps, metric_steps
from symgeo.derivation.document import Derivation
from symgeo.derivation.normal_pair_step import normal_pair_step
from symgeo.derivation.pivot_step import elliptical_step, pivot_step
from symgeo.derivation.quadrature_step import quadrature_step
from symgeo.derivation.residue_step import residue_step
from symgeo.derivation.series_step import series_step
from symgeo.derivation.setting import Setting
from symgeo.derivation.steps import Step
from symgeo.derivation.substitution_step import substitution_step
from symgeo.errors import ArgumentError, SingularMetricError, SymgeoError
from symgeo.expectation.circle import CircularExpectation
from symgeo.expectation.elliptical import EllipticalExpectation
from symgeo.expectation.normal_pair import NormalPairExpectation
from symgeo.expectation.reduced import ReducedExpectation
from symgeo.models.exponential_family import ExponentialFamily
from symgeo.models.statistical_model import StatisticalModel


def derivation(model: StatisticalModel | ExponentialFamily, alpha: Expr | int | Fraction | None = None) -> Derivation:
    """The written derivation of a model's information geometry.

    ``alpha`` is the order of the connection, a number or an expression free of the parameters; by default a
    free symbol. A model without a geometry, or with a singular metric, is derived as far as it goes, and the
    last step says why it ends there. Raises :class:`ArgumentError` for anything
    but a model or a real alpha, and :class:`ParameterListError` for an alpha that holds a parameter.
    """
    if isinstance(model, ExponentialFamily):
        model = model.model
    if not isinstance(model, StatisticalModel):
        raise ArgumentError(
            f"a derivation is of a StatisticalModel or an ExponentialFamily, and {type(model).__name__} is "
            f"neither; "
            "declare the model first"
        )
    setting = Setting(model, None if alpha is None else _order(alpha))
    return Derivation(setting, tuple(_steps(setting)))


def _order(alpha: Any) -> Expr:
    if isinstance(alpha, Fraction):
        return sp.Rational(alpha.numerator, alpha.denominator)
    try:
        # A decimal such as 0.1 means the fraction 1/10.
        value = sp.Rational(str(alpha)) if isinstance(alpha, float) else as_expression(alpha)
    except (TypeError, ValueError):
        value = sp.nan
    if value.is_finite is False or value is sp.nan or value.is_extended_real is False:
        raise ArgumentError(f"the order of a connection is a real number or a symbol, not {alpha!r}")
    return value


def _steps(s: Setting) -> list[Step]:
    steps = [family_steps.density_step(s)]
    if s.family is not None:
        steps.append(family_steps.exponential_step(s, s.family))
    steps.append(family_steps.score_step(s))
    try:
        manifold = s.manifold
    except SymgeoError as error:
        return [*steps, _refusal(error)]
    steps += [_expectations(s), metric_steps.metric_step(s)]
    try:
        steps.append(metric_steps.inverse_step(s))
    except SingularMetricError as error:
        return [*steps, metric_steps.singular_step(s, error)]
    steps += [metric_steps.cubic_step(s), metric_steps.first_kind_step(s), metric_steps.second_kind_step(s)]
    riemann = curvature_steps.riemann_step(s)
    if riemann is not None:
        steps.append(riemann)
    steps.append(curvature_steps.scalar_step(s))
    if manifold.duality is not None:
        steps.append(curvature_steps.duality_step(s, manifold.duality))
    return [*steps, curvature_steps.jeffreys_step(s), curvature_steps.geodesic_step(s)]


def _expectations(s: Setting) -> Step:
    """The step of the rung that gave the manifold."""
    if s.rung == "score equations" and s.regular is not None:
        step = family_steps.moments_step if s.regular.is_curved else family_steps.expectation_step
        return step(s, s.regular)
    if s.rung == "substitution" and s.model.substitution is not None:
        return substitution_step(s, s.model.substitution)
    if s.rung == "pivot" and isinstance(s.model.pivot, ReducedExpectation):
        return pivot_step(s, s.model.pivot)
    if s.rung == "elliptical symmetry" and isinstance(s.model.pivot, EllipticalExpectation):
        return elliptical_step(s, s.model.pivot)
    if isinstance(s.model.rational, CircularExpectation) and s.rung == "residues":
        return residue_step(s, s.model.rational)
    if isinstance(s.model.rational, NormalPairExpectation) and s.rung == "normal integrals":
        return normal_pair_step(s, s.model.rational)
    if s.rung == "generating functions" and s.model.series is not None:
        return series_step(s, s.model.series)
    if s.rung == "quadrature" and s.model.law is not None:
        return quadrature_step(s, s.model.law)
    return Step("Expectations", f"The expectations below were found by {s.rung}.")


def _refusal(error: SymgeoError) -> Step:
    reason = str(error).replace("$", r"\$")
    return Step(
        "Where the derivation ends",
        "The Fisher metric and all that follows from it are not derived for this family.",
        remark=f"{reason[:1].upper()}{reason[1:]}.",
        reason="The geometry is derived from expectations: of sufficient statistics by the score equations, of finite "
        "sums, of integrals that a substitution makes Gamma or Beta integrals, of sums by generating functions, or, "
        "where none of these has a closed form, of what is integrated numerically. They must exist, and pass under "
        "derivatives in the parameters.",
        citation="Amari and Nagaoka 2000, section 2.2",
    )
