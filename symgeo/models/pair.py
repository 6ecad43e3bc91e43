"""Two members of one family side by side: their parameters, their laws, and expectations under the first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import sympy as sp

from symgeo.algebra import Element, Field, differential_field
from symgeo.algebra.printing import written_as_sum
from symgeo.algebra.sets import Segment
from symgeo.errors import DivergentExpectationError, NoClosedFormError
from symgeo.expectation.kinks import Signs, kinks
from symgeo.expectation.law import Law
from symgeo.models.chart import Chart
from symgeo.models.facts import enter_exponentials, state_facts
from symgeo.models.finite import summed
from symgeo.models.members import Values, written
from symgeo.models.normaliser import has_sum
from symgeo.models.numeric import moving_kinks, smooth_logarithms

if TYPE_CHECKING:
    from sympy import Expr, Symbol

    from symgeo.expectation.iterated import IteratedExpectation
    from symgeo.models.affinity import Affinity
    from symgeo.models.statistical_model import StatisticalModel


class Pair:
    """The members ``first`` and ``second`` of a model, each with parameters of its own, as independent symbols.

    What is found here holds for all pairs of members; ``at`` puts the values of a particular pair in.
    """

    def __init__(self, model: StatisticalModel):
        self.model = model
        taken = {s.name for s in (*model.parameters, *model.variables)}
        self.first = model.parameters
        self.second = tuple(_primed(s, taken) for s in model.parameters)
        self.to_second: dict[Symbol, Expr] = dict(zip(self.first, self.second, strict=True))
        chart = model.chart
        self.chart = Chart(
            (*self.first, *self.second),
            {**chart.domain, **{self.to_second[s]: chart.domain[s] for s in self.first}},
            (*chart.constraints, *(c.xreplace(self.to_second) for c in chart.constraints)),
        )
        self.exchange = {**self.to_second, **dict(zip(self.second, self.first, strict=True))}
        self.found: dict[str, Expr] = {}
        self.log_first = model.log_density
        self.log_second = model.log_density.xreplace(self.to_second)

    def at(self, e: Expr, p: Values, q: Values, more: Mapping[Symbol, Expr] | None = None) -> Expr:
        """What was found for all pairs, for the pair with parameters p and q, written in their symbols."""
        images = {**dict(zip((*self.first, *self.second), (*p, *q), strict=True)), **(more or {})}
        return written(self.model, e, (p, q), images)

    @cached_property
    def field(self) -> Field:
        """A field that knows what the declaration says of both members."""
        field = differential_field()
        state_facts(field, self.chart, self.model.support)
        enter_exponentials(field, self.model.density)
        enter_exponentials(field, self.model.density.xreplace(self.to_second))
        return field

    @cached_property
    def substitution(self) -> IteratedExpectation | None:
        """Expectations under the first member by substitution into Gamma and Beta laws."""
        return self.substituted(self.log_first)

    def substituted(self, log_density: Expr) -> IteratedExpectation | None:
        """Expectations under a density over the model's support by substitution into Gamma and Beta laws."""
        from symgeo.expectation.iterated import iterated_expectation

        ends = self.ends
        if ends is None or has_sum(self.model.density):
            return None
        return iterated_expectation(self.field, log_density, self.model.variables, ends)

    @cached_property
    def affinity(self) -> Affinity | None:
        """The integral of ``p^(1-t) q^t`` in closed form."""
        from symgeo.models.affinity import affinity

        return affinity(self)

    @property
    def ends(self) -> list[tuple[Expr, Expr]] | None:
        """The ends of every variable's range where each is one interval."""
        pieces = self.model.support.pieces
        return [p[0].ends for p in pieces] if all(len(p) == 1 and isinstance(p[0], Segment) for p in pieces) else None

    @cached_property
    def law(self) -> Law | None:
        """The first member's law, a function of both members' parameters; None where a kink that moves with them
        cannot be followed."""
        return self.law_of(self.log_first, self.chart, unnormalised=False)

    def law_of(self, log_density: Expr, chart: Chart, unnormalised: bool = True) -> Law | None:
        """A law on the model's support, proportional to ``exp(log_density)``, with the parameters of ``chart``.

        None where a kink that moves with the parameters cannot be followed."""
        model = self.model
        places: Sequence[Expr] | None = ()
        if moving_kinks(model):
            log_density = smooth_logarithms(log_density)
            followed = len(model.variables) == 1 and not model.support.is_discrete(model.variables[0])
            places = kinks(log_density, model.variables[0], Signs(self.field)) if followed else None
        if places is None or has_sum(model.density):
            return None
        return Law(
            log_density,
            model.variables,
            model.support.pieces,
            chart.parameters,
            domain=chart,
            unnormalised=unnormalised,
            kinks=places,
            field=None if unnormalised else self.field,
        )

    def expectation(self, f: Expr) -> Expr:
        """``E[f]`` under the first member: a sum over finitely many points, Gamma and Beta integrals, or a node.

        Raises :class:`NoClosedFormError` where no closed form was found and a kink moves with the parameters.
        """
        points = self.model.support.points()
        if points is not None:
            return written_as_sum(summed(self.field, self.model.density, [self.field(f)], points)[0])
        closed, rest = self._split(f)
        if rest == 0:
            return written_as_sum(closed)
        across = self._across(rest)
        if across is None:
            return written_as_sum(closed + self.field(self.node(rest)))
        return sp.piecewise_fold(written_as_sum(closed) + across)

    def _across(self, f: Expr) -> Expr | None:
        """What closes where both members have a kink that moves."""
        if not moving_kinks(self.model) or has_sum(self.model.density):
            return None
        from symgeo.models.crossing import mean_across

        return mean_across(self, f)

    def _split(self, f: Expr) -> tuple[Element, Expr]:
        """What Gamma and Beta integrals give, of the whole or of some of its terms, and the terms that are left."""
        field = self.field
        if self.substitution is None:
            return field.zero, f
        try:
            return self._substituted(f), sp.S.Zero
        except NoClosedFormError:
            closed: list[Element] = []
            left: list[Expr] = []
        for term in sp.Add.make_args(sp.expand_mul(f)):
            try:
                closed.append(self._substituted(term))
            except (NoClosedFormError, DivergentExpectationError):
                # Terms may diverge where their sum does not.
                mean = self._harmonic(term)
                if mean is None:
                    left.append(term)
                else:
                    closed.append(mean)
        return field.sum(closed), sp.Add(*left)

    def _substituted(self, f: Expr) -> Element:
        if not f.free_symbols & set(self.model.variables):
            return self.field(f)
        assert self.substitution is not None
        return self.substitution.of_products([self.substitution.function(f)])

    def _harmonic(self, f: Expr) -> Element | None:
        from symgeo.expectation.harmonic import harmonic_mean

        if len(self.model.variables) > 1 or not self.model.support.is_whole_space:
            return None
        return harmonic_mean(self.field, self.log_first, f, self.model.variables[0])

    def node(self, f: Expr) -> Expr:
        """``E[f]`` under the first member, to be integrated numerically."""
        if self.law is None:
            raise NoClosedFormError(
                f"no closed form of E[{f}] was found, and it cannot be left to numerical integration: a kink of the "
                "density moves with the parameters to a place that could not be solved for, or the density is known "
                "only up to a sum; fix the parameter that moves the kink"
            )
        return self.law.moment(f, ())


def _primed(s: Symbol, taken: set[str]) -> Symbol:
    name = s.name + "'"
    while name in taken:
        name += "'"
    return sp.Symbol(name, **s.assumptions0)
