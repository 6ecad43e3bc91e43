"""Expectations in several variables, one after the other: the last given the others, then what is left.

The integral of the density over the last variable, by substitution into Gamma or Beta laws, is the density of the
others; a function's mean given the others is a function of them. So independent variables, mixtures over a Gamma law
and other conditional structures reduce to laws in one variable.
"""

from __future__ import annotations

from collections.abc import Sequence
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
_MOST_FAILURES = 24


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
    levels = _levels(field, log_density, tuple(reversed(variables)), borders, set())
    if levels is None:
        return None
    mass = levels[-1][1].mass
    if not zero_test(mass - 1):
        raise NormalisationError(f"the density integrates to {mass}, not to one; divide it by that")
    return IteratedExpectation(levels)


def _levels(
    field: Field,
    log_density: Expr,
    left: tuple[Symbol, ...],
    borders: dict[Symbol, Ends],
    failed: set[frozenset[Symbol]],
) -> list[tuple[Symbol, MellinExpectation]] | None:
    """The integrals over the variables that are left, in the first order that serves; ``failed``: sets of variables
    that no order serves, whatever went before. With many of those the search ends."""
    if frozenset(left) in failed or len(failed) > _MOST_FAILURES:
        return None
    for v in left:
        rest = tuple(u for u in left if u != v)
        # A variable is integrated before those that its ends use.
        if any(v in end.free_symbols for u in rest for end in borders[u]):
            continue
        found = mellin_expectation(field, log_density, v, borders[v])
        if found is None:
            continue
        if not rest:
            return [(v, found)]
        marginal = gen.log(field, found.mass, found.mass.to_sympy())
        if v in marginal.free_symbols:
            continue
        deeper = _levels(field, written_as_sum(marginal), rest, borders, failed)
        if deeper is not None:
            return [(v, found), *deeper]
    failed.add(frozenset(left))
    return None
