"""Expectations in a regular exponential family without integration: moments of statistics, and exponential tilting.

``E[exp(t . T)] = exp(A(eta + t) - A(eta))`` where eta + t belongs to a point of the declared domain, which is proven.
Source: Barndorff-Nielsen, Information and Exponential Families, 1978, sections 7.1 and 8.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from symgeo.algebra import Element
from symgeo.algebra import generators as gen
from symgeo.algebra.element import separated
from symgeo.algebra.linear import solve
from symgeo.algebra.zero_test import element_sign, zero_test
from symgeo.expectation.statistic_moments import StatisticMoments

if TYPE_CHECKING:
    from symgeo.models.exponential_family import ExponentialFamily


class FamilyExpectation:
    """E[.] of polynomials in the statistics and of exponentials of their combinations."""

    def __init__(self, family: ExponentialFamily, statistics: Sequence[Element], log_partition: Element):
        self.family = family
        self.model = family.model
        self.field = self.model.field
        self.statistics = tuple(statistics)
        self.log_partition = log_partition
        self.moments = StatisticMoments(
            self.statistics,
            family.natural_elements,
            family.expectation_elements,
            self.model.parameters,
            self.model.variables,
        )

    def of(self, f: Element) -> Element | None:
        """E[f]; None where f is of neither kind."""
        found = self.moments.polynomial(f)
        if found is not None:
            return found
        total = []
        for w, c in separated(f, self.model.variables).values():
            mean = self._of_term(w)
            if mean is None:
                return None
            total.append(c * mean)
        return self.field.sum(total)

    def _of_term(self, w: Element) -> Element | None:
        """E of an exponential, or of one times a statistic."""
        t = self._direction(w)
        if t is not None:
            return self._tilted(t)
        for i, statistic in enumerate(self.statistics):
            t = self._direction(w / statistic)
            if t is not None and not any(a.free_symbols & set(self.model.parameters) for a in t):
                mean = self._tilted(t)
                return None if mean is None else self.moments.times_statistics(mean)[i]
        return self.moments.polynomial(w)

    def _direction(self, w: Element) -> list[Element] | None:
        """t with ``w = exp(t . T)``, t free of the variables."""
        field, variables = self.field, self.model.variables
        if not w.free_symbols & set(variables):
            return None
        logarithm = gen.log(field, w, w.to_sympy())
        tables = [{k: c for k, (_, c) in separated(a, variables).items()} for a in (*self.statistics, logarithm)]
        rows = list(dict.fromkeys(k for table in tables for k in table))
        grid = [[table.get(k, field.zero) for table in tables[:-1]] for k in rows]
        return solve(grid, [tables[-1].get(k, field.zero) for k in rows]).values

    @cached_property
    def _inverse(self) -> list[Element] | None:
        """The parameters as functions of the natural symbols."""
        found = self.family.duality.coordinates_from_natural
        return None if found is None else [self.field(e) for e in found]

    def _tilted(self, t: Sequence[Element]) -> Element | None:
        if self._inverse is None:
            return None
        field, natural = self.field, self.family.natural_elements
        moved = [a + b for a, b in zip(natural, t, strict=True)]
        places = dict(zip(self.family.natural_symbols, (a.to_sympy() for a in moved), strict=True))
        there = [field(e.to_sympy().subs(places, simultaneous=True)) for e in self._inverse]
        at = {p: e.to_sympy() for p, e in zip(self.model.parameters, there, strict=True)}
        if any(element_sign(field(c.subs(at, simultaneous=True))) != 1 for c in self.model.chart.conditions):
            return None
        back = [field(e.to_sympy().subs(at, simultaneous=True)) for e in natural]
        if not all(zero_test(a - b) for a, b in zip(back, moved, strict=True)):
            return None
        return gen.exp(field, field(self.log_partition.to_sympy().subs(at, simultaneous=True)) - self.log_partition)
