"""A model in exponential form: sufficient statistics, natural and expectation parameters, log-partition, duality."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from functools import cached_property, partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import sympy as sp

from symgeo.algebra import Element, as_expression
from symgeo.algebra.element import pieces
from symgeo.algebra.knowledge import Range
from symgeo.algebra.printing import written_as_sum
from symgeo.algebra.zero_test import polynomial_range
from symgeo.errors import DeclarationError, ParameterListError
from symgeo.expectation.gaussian import gaussian_expectations
from symgeo.expectation.score_equations import combination, statistic_expectations
from symgeo.geometry.duality import Duality
from symgeo.models.finite import summed
from symgeo.models.recognition import ExponentialForm
from symgeo.models.tilting import FamilyExpectation

if TYPE_CHECKING:
    from sympy import Expr, Symbol

    from symgeo.geometry.manifold import StatisticalManifold
    from symgeo.models.statistical_model import StatisticalModel


class ExponentialFamily:
    """``p(x; theta) = h(x) exp(eta(theta) . T(x) - A(theta))`` with ``T`` linearly independent.

    Made from a declared model (``model.exponential_family``) or written directly, in natural coordinates:
    ``ExponentialFamily((x, x**2), log_partition, (e1, e2), x)``; then the density is checked like any other.
    Source: Barndorff-Nielsen, Information and Exponential Families, 1978, chapter 8.
    """

    _written: tuple[tuple[Expr, ...], Expr] | None = None  # statistics and log-partition function as a user wrote them

    def __init__(
        self,
        sufficient_statistics: Expr | Sequence[Expr],
        log_partition: Expr,
        natural_parameters: Symbol | Sequence[Symbol],
        variables: Symbol | Iterable[Symbol],
        *,
        carrier: Expr = sp.S.One,
        support: Any = None,
        domain: Mapping[Symbol, Any] | None = None,
        constraints: Iterable[Any] = (),
        name: str | None = None,
        check: bool = True,
    ):
        from symgeo.models.statistical_model import StatisticalModel

        eta = (natural_parameters,) if isinstance(natural_parameters, sp.Symbol) else tuple(natural_parameters)
        given = (sufficient_statistics,) if isinstance(sufficient_statistics, sp.Expr) else sufficient_statistics
        statistics = tuple(as_expression(t) for t in given)
        if len(statistics) != len(eta):
            raise ParameterListError(
                f"{len(statistics)} sufficient statistics for {len(eta)} natural parameters; give one for each"
            )
        carrier = as_expression(carrier)
        psi = as_expression(log_partition)
        density = carrier * sp.exp(sp.Add(*(e * t for e, t in zip(eta, statistics, strict=True))) - psi)
        model = StatisticalModel(
            density,
            variables,
            eta,
            support=support,
            domain=domain,
            constraints=constraints,
            name=name,
            check=check,
        )
        found = model.exponential_family
        if found is None or len(found.sufficient_statistics) != len(eta):
            raise DeclarationError(
                "the sufficient statistics are not linearly independent (the constant counts as one of them); "
                "drop those that the others give"
            )
        field = model.field
        self._set(
            model,
            ExponentialForm(
                [field(t) for t in statistics], [field(e) for e in eta], field(sp.log(carrier)), field(psi)
            ),
            carrier,
        )
        model.__dict__["exponential_family"] = self
        self._written = statistics, psi

    def __reduce__(self) -> tuple[Any, ...]:
        model = self.model
        if self._written is None:
            return attrgetter("exponential_family"), (model,)
        options: dict[str, Any] = {
            "support": dict(model.support.sets),
            "domain": model.domain,
            "constraints": model.constraints,
        }
        made = partial(ExponentialFamily, carrier=self.carrier, name=model.name, check=False, **options)
        return made, (*self._written, model.parameters, model.variables)

    @classmethod
    def of_model(
        cls, model: StatisticalModel, form: ExponentialForm, points: Sequence[dict[Symbol, Expr]] | None
    ) -> ExponentialFamily:
        """The exponential form that was recognised in a model; ``points``: all of a finite support."""
        family = cls.__new__(cls)
        family._set(model, form, _written_carrier(model, form.log_carrier), points)
        return family

    def _set(
        self,
        model: StatisticalModel,
        form: ExponentialForm,
        carrier: Expr,
        points: Sequence[dict[Symbol, Expr]] | None = None,
    ) -> None:
        self.model = model
        self.carrier = carrier
        self.natural_elements = form.natural
        self._form = form
        self._points = points

    @property
    def variables(self) -> tuple[Symbol, ...]:
        """The variables of the density."""
        return self.model.variables

    @property
    def parameters(self) -> tuple[Symbol, ...]:
        """The parameters in which the family was declared."""
        return self.model.parameters

    @cached_property
    def sufficient_statistics(self) -> tuple[Expr, ...]:
        """T(x), one function of the variables per natural parameter."""
        return tuple(sp.expand(t.to_sympy()) for t in self._form.statistics)

    @cached_property
    def natural_parameters(self) -> tuple[Expr, ...]:
        """eta(theta), functions of the model's parameters."""
        return tuple(e.to_sympy() for e in self.natural_elements)

    @cached_property
    def log_partition(self) -> Expr:
        """A(theta), a function of the model's parameters."""
        return written_as_sum(self._form.log_partition)

    @property
    def log_partition_element(self) -> Element:
        """A(theta) as a field element."""
        return self._form.log_partition

    @cached_property
    def _score_solution(self) -> list[Element] | None:
        return statistic_expectations(self.parameters, self.natural_elements, self._form.log_partition)

    @property
    def is_curved(self) -> bool:
        """Whether there are more sufficient statistics than directions among the parameters."""
        return self._score_solution is None

    @cached_property
    def _gaussian(self) -> list[Element] | None:
        if not self.model.support.is_whole_space:
            return None
        return gaussian_expectations(self.model.log_element, self._form.statistics, self.model.variables)

    @property
    def has_expectations(self) -> bool:
        """Whether E[T] is known: by the score equations, as a sum over a finite support, or from a normal law."""
        return self._score_solution is not None or self._points is not None or self._gaussian is not None

    @cached_property
    def expectation_elements(self) -> list[Element]:
        """E[T] as field elements; :class:`NotExponentialFamilyError` for a curved family where they are not known."""
        if self._score_solution is not None:
            return self._score_solution
        if self._points is None:
            if self._gaussian is not None:
                return self._gaussian
            self.model.require_exponential_family()
        return summed(self.model.field, self.model.density, self._form.statistics, self._points or ())

    def combination(self, f: Element) -> Element | None:
        """E[f] for a combination of the sufficient statistics with coefficients free of the variables; else None."""
        return combination(f, self._form.statistics, self.expectation_elements, self.model.variables)

    @cached_property
    def expectations(self) -> FamilyExpectation:
        """E of polynomials in the statistics and of exponentials of their combinations; not for a curved family."""
        return FamilyExpectation(self, self._form.statistics, self._form.log_partition)

    @cached_property
    def expectation_parameters(self) -> tuple[Expr, ...]:
        """mu(theta) = E[T], functions of the model's parameters."""
        return tuple(e.to_sympy() for e in self.expectation_elements)

    @cached_property
    def duality(self) -> Duality:
        """Natural and expectation coordinates with their potentials."""
        # A mean lies within the range of its statistic.
        ranges = [
            Range()
            if t.powers
            else polynomial_range(t.field, t.numerator) * Range(1 / t.denominator, 1 / t.denominator)
            for t in self._form.statistics
        ]
        return Duality(
            self.parameters, self.natural_elements, self.expectation_elements, self._form.log_partition, ranges
        )

    @property
    def natural_symbols(self) -> tuple[Symbol, ...]:
        """Symbols for the natural parameters as coordinates of their own."""
        return self.duality.natural_symbols

    @property
    def expectation_symbols(self) -> tuple[Symbol, ...]:
        """Symbols for the expectation parameters as coordinates of their own."""
        return self.duality.expectation_symbols

    @property
    def log_partition_natural(self) -> Expr | None:
        """psi(eta) over ``natural_symbols``; None where the map to eta has no closed inverse."""
        return self.duality.potential_in_natural

    @property
    def dual_potential(self) -> Expr | None:
        """phi(mu) over ``expectation_symbols``; None where the map to mu has no closed inverse."""
        return self.duality.dual_potential_in_expectation

    @property
    def manifold(self) -> StatisticalManifold:
        """The statistical manifold in the declared parameters."""
        return self.model.manifold

    def __repr__(self) -> str:
        return (
            f"ExponentialFamily(statistics {self.sufficient_statistics}, natural parameters "
            f"{self.natural_parameters}, log-partition {self.log_partition}, carrier {self.carrier})"
        )


def _written_carrier(model: StatisticalModel, log_carrier: Element) -> Expr:
    """h(x), with the declaration's own factors kept as they were written."""
    parameters = set(model.parameters)
    own = [f for f in sp.Mul.make_args(model.density) if not f.free_symbols & parameters and not isinstance(f, sp.exp)]
    field = model.field
    rest = log_carrier
    kept = sp.S.One
    for f in own:
        if f.free_symbols:
            rest = rest - field(sp.log(f))
            kept *= f
    if rest.free_symbols & set(model.variables) and len(rest.to_sympy().args) > len(log_carrier.to_sympy().args):
        rest, kept = log_carrier, sp.S.One
    factors = sp.Mul.make_args(kept * sp.Mul(*(_written_exp(q, t) for q, t in pieces(rest))))
    exponent = sp.Add(*(f.args[0] for f in factors if isinstance(f, sp.exp)))
    return sp.Mul(*(f for f in factors if not isinstance(f, sp.exp)), sp.exp(exponent))


def _written_exp(q: Fraction, t: Element) -> Expr:
    """exp(q t) for one piece t; a piece that is a logarithm gives a power."""
    inner = t.to_sympy()
    power = sp.Rational(q.numerator, q.denominator)
    return inner.args[0] ** power if isinstance(inner, sp.log) else sp.exp(power * inner)
