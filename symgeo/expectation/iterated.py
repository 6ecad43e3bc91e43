"""Expectations in several variables, one after the other: the last given the others, then what is left.

The integral of the density over the last variable, by substitution into Gamma or Beta laws, is the density of the
others; a function's mean given the others is a function of them. So independent variables, mixtures over a Gamma law
and other conditional structures reduce to laws in one variable.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from typing import TYPE_CHECKING

from symgeo.algebra import Element, Field
from symgeo.algebra import generators as gen
from symgeo.algebra.printing import written_as_sum
from symgeo.algebra.zero_test import zero_test
from symgeo.errors import NormalisationError
from symgeo.expectation.mellin import MellinExpectation
from symgeo.expectation.substitutions import mellin_expectation

if TYPE_CHECKING:
    from sympy import Expr, Symbol

Ends = tuple["Expr", "Expr"]


class IteratedExpectation:
    """E[.] under a law whose variables are integrated one by one, the first level first."""

    def __init__(self, levels: Sequence[tuple[Symbol, MellinExpectation]]):
        self.levels = tuple(levels)

    @property
    def field(self) -> Field:
        """The field that the expectations live in."""
        return self.levels[0][1].field

    def of_products(self, factors: Sequence[Sequence[Element]]) -> Element:
        """The expectation of a product of functions, each given by its form on every part of the first level."""
        inner = self.levels[0][1]
        mean = inner.of_products(factors) / inner.mass
        for variable, level in self.levels[1:]:
            if variable in mean.free_symbols:
                mean = level.of_products([level.function(mean.to_sympy(), variable)]) / level.mass
        return mean

    def score(self, parameter: Symbol) -> list[Element]:
        """The score of one parameter on every part of the first level."""
        return self.levels[0][1].score(parameter)

    def function(self, f: Expr) -> list[Element]:
        """A function of the variables on every part of the first level."""
        variable, level = self.levels[0]
        return level.function(f, variable)


def iterated_expectation(
    field: Field, log_density: Expr, variables: Sequence[Symbol], ends: Sequence[Ends]
) -> IteratedExpectation | None:
    """E[.] under ``exp(log_density)`` on iterated intervals; None where some level has no substitution.

    The ends of a variable may use earlier ones. Raises :class:`NormalisationError` when the mass, which is exact, is
    not one.
    """
    borders = dict(zip(variables, ends, strict=True))
    for order in permutations(reversed(variables)):
        # A variable is integrated before those that its ends use.
        if any(borders[v][k].free_symbols & set(order[:i]) for i, v in enumerate(order) for k in (0, 1)):
            continue
        levels = _levels(field, log_density, order, borders)
        if levels is not None:
            mass = levels[-1][1].mass
            if not zero_test(mass - 1):
                raise NormalisationError(f"the density integrates to {mass}, not to one; divide it by that")
            return IteratedExpectation(levels)
    return None


def _levels(
    field: Field, log_density: Expr, order: Sequence[Symbol], borders: dict[Symbol, Ends]
) -> list[tuple[Symbol, MellinExpectation]] | None:
    levels = []
    for position, variable in enumerate(order):
        found = mellin_expectation(field, log_density, variable, borders[variable])
        if found is None:
            return None
        levels.append((variable, found))
        if position + 1 < len(order):
            marginal = gen.log(field, found.mass, found.mass.to_sympy())
            if variable in marginal.free_symbols:
                return None
            log_density = written_as_sum(marginal)
    return levels
