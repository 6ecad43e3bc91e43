"""The likelihood equations of an exponential family, as expressions in the model's parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sympy as sp

if TYPE_CHECKING:
    from symgeo.geometry.duality import Duality
    from symgeo.models.statistical_model import StatisticalModel


@dataclass(frozen=True)
class Equations:
    """Mean log-likelihood ``eta . mean(T) - A`` (without the carrier), its score and the metric.

    ``natural`` (m,), ``expectation`` (m,), ``jacobian`` (m, n) = d eta_i / d theta_a row by row, ``metric`` (n, n) row
    by row; ``statistics`` (m,) and ``log_carrier`` are functions of the variables. The mean score is
    ``jacobian^T (mean(T) - expectation)``: Barndorff-Nielsen, Information and Exponential Families, 1978, section 9.2.
    """

    model: StatisticalModel
    parameters: tuple[sp.Symbol, ...]
    variables: tuple[sp.Symbol, ...]
    statistics: tuple[sp.Expr, ...]
    log_carrier: sp.Expr
    natural: tuple[sp.Expr, ...]
    log_partition: sp.Expr
    expectation: tuple[sp.Expr, ...]
    jacobian: tuple[sp.Expr, ...]
    metric: tuple[sp.Expr, ...]

    @classmethod
    def of(cls, model: StatisticalModel) -> Equations:
        """Raises :class:`NotExponentialFamilyError` and :class:`SingularMetricError`, each with its reason."""
        family = model.require_exponential_family()
        manifold = model.manifold
        manifold.inverse_metric  # noqa: B018  (raises with rank and null direction where the parameters are too many)
        return cls(
            model,
            model.parameters,
            model.variables,
            family.sufficient_statistics,
            sp.log(family.carrier),
            family.natural_parameters,
            family.log_partition,
            family.expectation_parameters,
            tuple(e.diff(s).to_sympy() for e in family.natural_elements for s in model.parameters),
            tuple(manifold.metric.flat()),
        )

    @property
    def _duality(self) -> Duality:
        return self.model.require_exponential_family().duality

    @property
    def from_expectation(self) -> tuple[sp.Expr, ...] | None:
        """theta as functions of ``expectation_symbols``: at mean(T) the estimate in closed form. None if not known."""
        return self._duality.coordinates_from_expectation

    @property
    def expectation_symbols(self) -> tuple[sp.Symbol, ...]:
        """Symbols for mean(T), (m,)."""
        return self._duality.expectation_symbols

    @property
    def from_natural(self) -> tuple[sp.Expr, ...] | None:
        """theta as functions of ``natural_symbols``. None if not known."""
        return self._duality.coordinates_from_natural

    @property
    def natural_symbols(self) -> tuple[sp.Symbol, ...]:
        """Symbols for eta, (m,)."""
        return self._duality.natural_symbols
