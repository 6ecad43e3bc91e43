"""Moments of sufficient statistics of any order from derivatives of the log-partition.

For f free of the parameters ``d_a E[f] = sum_i d_a eta_i Cov(f, T_i)``, so that ``E[f T_i]`` follows from ``E[f]`` by a
linear system. Source: Barndorff-Nielsen, Information and Exponential Families, 1978, section 8.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING

from symgeo.algebra import Element
from symgeo.algebra.element import separated
from symgeo.algebra.linear import solve
from symgeo.algebra.sampling import may_depend

if TYPE_CHECKING:
    from sympy import Symbol

_HIGHEST = 6
_MOST_PRODUCTS = 60
_MOST_TERMS = 2000


class StatisticMoments:
    """E of products of sufficient statistics, each by its ascending positions, for a regular family."""

    def __init__(
        self,
        statistics: Sequence[Element],
        natural: Sequence[Element],
        expectations: Sequence[Element],
        parameters: Sequence[Symbol],
        variables: Sequence[Symbol],
    ):
        self.statistics = tuple(statistics)
        self.expectations = tuple(expectations)
        self.parameters = tuple(parameters)
        self.variables = tuple(variables)
        self.field = self.statistics[0].field
        self._jacobian = [[e.diff(s) for e in natural] for s in self.parameters]
        self._moments: dict[tuple[int, ...], Element] = {(): self.field.one}
        self._steps: dict[tuple[int, ...], list[Element]] = {}

    def moment(self, positions: tuple[int, ...]) -> Element:
        """``E[T_i T_j ...]`` for ascending positions i, j, ..."""
        if positions not in self._moments:
            before, last = positions[:-1], positions[-1]
            self._moments[positions] = self._beside(before)[last]
        return self._moments[positions]

    def _beside(self, before: tuple[int, ...]) -> list[Element]:
        """``E[f T_i]`` for every i, f the product of the statistics at these positions."""
        if before not in self._steps:
            self._steps[before] = self.times_statistics(self.moment(before))
        return self._steps[before]

    def times_statistics(self, mean: Element) -> list[Element]:
        """``E[f T_i]`` for every i from ``E[f]``, f free of the parameters."""
        covariances = solve(self._jacobian, [mean.diff(s) for s in self.parameters]).values
        if covariances is None:
            raise ArithmeticError("the natural parameters are no coordinates")
        return [m * mean + c for m, c in zip(self.expectations, covariances, strict=True)]

    def polynomial(self, f: Element) -> Element | None:
        """E[f] for a polynomial in the statistics with coefficients free of the variables; None for another f."""
        field, degree = self.field, 0
        while True:
            degree += 1
            keys = [k for d in range(degree + 1) for k in combinations_with_replacement(range(len(self.statistics)), d)]
            if degree > _HIGHEST or len(keys) > _MOST_PRODUCTS:
                return None
            columns = [self._product(k) for k in keys]
            if sum(c.terms for c in columns) > _MOST_TERMS:
                return None
            if degree == 1 or not may_depend(f, columns, self.variables):
                continue
            tables = [{k: c for k, (_, c) in separated(a, self.variables).items()} for a in (*columns, f)]
            rows = list(dict.fromkeys(k for table in tables for k in table))
            grid = [[table.get(k, field.zero) for table in tables[:-1]] for k in rows]
            found = solve(grid, [tables[-1].get(k, field.zero) for k in rows]).values
            if found is not None:
                return field.dot((1, c, self.moment(k)) for k, c in zip(keys, found, strict=True) if c)

    def _product(self, positions: tuple[int, ...]) -> Element:
        result = self.field.one
        for i in positions:
            result = result * self.statistics[i]
        return result
