"""Densities given covariates: p(y | d; theta), with d a symbol in everything that is derived.

The geometry is that of the family in which the covariates are parameters too, on the surfaces where they are constant.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import sympy as sp

from symgeo.algebra import Element, Field, Tensor, as_expression
from symgeo.errors import ArgumentError, DomainError, ParameterListError, SupportError
from symgeo.geometry.manifold import StatisticalManifold
from symgeo.models.chart import Chart
from symgeo.models.declared import symbol_list

if TYPE_CHECKING:
    from sympy import Expr, Symbol

    from symgeo.models.statistical_model import StatisticalModel
    from symgeo.models.support import Support


class ConditionalModel:
    """The family ``p(variables | covariates; parameters)``; made by ``StatisticalModel(..., covariates=...)``.

    ``manifold`` has the metric and cubic tensor of one observation at the covariates, as functions of them; with fewer
    statistics than parameters that metric is singular, and only sums over several observations are not. What needs
    numbers in their place takes ``model.at({d: 5})``, an ordinary model.
    """

    def __init__(self, whole: StatisticalModel, parameters: tuple[Symbol, ...], covariates: tuple[Symbol, ...]):
        self.whole = whole
        self.parameters = parameters
        self.covariates = covariates

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name in ("whole", "parameters", "covariates"):
            raise AttributeError(name)
        raise AttributeError(
            f"a model with covariates has no {name}: give the covariates values, model.at({{{self.covariates[0]}: "
            "number}), which is an ordinary model"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return ConditionalModel, (self.whole, self.parameters, self.covariates)

    @property
    def name(self) -> str | None:
        """The model's name."""
        return self.whole.name

    @property
    def variables(self) -> tuple[Symbol, ...]:
        """The responses."""
        return self.whole.variables

    @property
    def density(self) -> Expr:
        """The density given the covariates."""
        return self.whole.density

    @property
    def log_density(self) -> Expr:
        """Its logarithm."""
        return self.whole.log_density

    @property
    def support(self) -> Support:
        """Where the responses lie."""
        return self.whole.support

    @property
    def domain(self) -> dict[Symbol, sp.Set]:
        """The set in which each parameter lies (its interior is meant)."""
        return {s: self.whole.domain[s] for s in self.parameters}

    @cached_property
    def chart(self) -> Chart:
        """The parameters' domain, without the constraints that hold covariates."""
        return Chart(self.parameters, self.domain, [c for c in self.constraints if not self._holds_covariates(c)])

    @property
    def constraints(self) -> tuple[Any, ...]:
        """Relations among parameters, and covariates."""
        return self.whole.constraints

    @property
    def slacks(self) -> tuple[Expr, ...]:
        """What must be positive at parameters and covariates, and holds a covariate."""
        return tuple(c for c in self.whole.chart.conditions if self._holds_covariates(c))

    def _holds_covariates(self, e: Any) -> bool:
        return not e.free_symbols.isdisjoint(self.covariates)

    @property
    def field(self) -> Field:
        """The differential field of the log-density."""
        return self.whole.field

    @property
    def log_element(self) -> Element:
        """The log-density in the field."""
        return self.whole.log_element

    @cached_property
    def score(self) -> tuple[Expr, ...]:
        """``d log p / d theta_i``, (n,)."""
        return self.whole.score[: len(self.parameters)]

    def expectation(self, f: Expr, seconds: float = 5.0, constants: Iterable[Symbol] = ()) -> Expr:
        """``E[f]`` given the covariates; as `StatisticalModel.expectation`."""
        return self.whole.expectation(f, seconds, constants)

    @cached_property
    def manifold(self) -> StatisticalManifold:
        """Metric and cubic tensor of one observation given the covariates, in the parameters.

        Raises what `StatisticalModel.manifold` raises.
        """
        whole = self.whole.manifold

        def restricted(t: Tensor) -> Tensor:
            every = tuple(range(len(t.slots)))
            return Tensor.build(t.field, self.parameters, t.slots, t.element, symmetric=(every,), name=t.name)

        return StatisticalManifold(restricted(whole.metric), lambda: restricted(whole.cubic))

    @property
    def rung(self) -> str:
        """How the expectations in the metric were found."""
        return self.whole.rung

    def at(self, covariates: Mapping[Any, Any]) -> StatisticalModel:
        """The ordinary model at values of all covariates, ``{symbol or name: number}``.

        Raises :class:`ParameterListError` for other names and :class:`DomainError` for values outside their domain.
        """
        from symgeo.models.statistical_model import StatisticalModel

        given = {str(key): as_expression(value) for key, value in covariates.items()}
        names = [s.name for s in self.covariates]
        if set(given) != set(names):
            raise ParameterListError(
                f"{', '.join(sorted(given)) or 'no covariate'} was given; give a value to each of {', '.join(names)}"
            )
        values = {s: given[s.name] for s in self.covariates}
        for symbol, value in values.items():
            if value.is_number and self.whole.domain[symbol].contains(value) == sp.false:
                raise DomainError(f"{symbol} = {value} is not in {self.whole.domain[symbol]}")
        fixed = [c.subs(values, simultaneous=True) for c in self.constraints]
        return StatisticalModel(
            self.density.subs(values, simultaneous=True),
            self.variables,
            self.parameters,
            support=self.support.sets,
            domain=self.domain,
            constraints=[c for c in fixed if c is not sp.true],
            name=self.name,
            check=False,
        )

    def __repr__(self) -> str:
        label = f"{self.name}: " if self.name else ""
        given = ", ".join(map(str, self.covariates))
        return f"ConditionalModel({label}{self.density} given {given}, {self.support}, {self.chart})"

    def _repr_latex_(self) -> str:
        variables, given, names = (
            ", ".join(map(sp.latex, symbols)) for symbols in (self.variables, self.covariates, self.parameters)
        )
        return rf"$\displaystyle p({variables} \mid {given};\, {names}) = {sp.latex(self.density)}$"


def conditional_model(declared: Sequence[Any], covariates: Any, options: Mapping[str, Any]) -> ConditionalModel:
    """The model with the covariates declared among the parameters of an ordinary one.

    ``declared``: density, variables and parameters, as far as the ``options`` do not name them.
    """
    from symgeo.models.statistical_model import StatisticalModel

    arguments = {**dict(zip(("density", "variables", "parameters"), declared, strict=False)), **options}
    given = symbol_list(covariates, "covariate")
    theta = symbol_list(arguments.pop("parameters", ()), "parameter")
    twice = set(given) & (set(theta) | set(symbol_list(arguments.get("variables", ()), "variable")))
    if twice:
        raise ParameterListError(f"{', '.join(map(str, twice))} is a covariate and something else; list each once")
    whole = [s for s in given if s.is_integer]
    if whole:
        raise ArgumentError(
            f"the covariate {whole[0]} is declared an integer; declare it real, whole numbers may still be its values"
        )
    support = arguments.get("support")
    parts = support.values() if isinstance(support, Mapping) else support if isinstance(support, tuple) else (support,)
    moving = [str(s) for s in given if any(isinstance(part, sp.Basic) and part.has(s) for part in parts)]
    if moving:
        raise SupportError(
            f"the support {support} moves with the covariate {', '.join(moving)}; where it is a number of trials, "
            "declare the law of one trial and give fit the counts of each outcome as weights"
        )
    return ConditionalModel(StatisticalModel(parameters=(*theta, *given), **arguments), theta, given)
