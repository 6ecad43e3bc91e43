"""Expectations of sufficient statistics from the score equations E[d_a log p] = 0, a linear system.

``sum_i d_a eta_i E[T_i] = d_a A`` holds for a regular family whose support does not move. Nothing is integrated.
Source: Barndorff-Nielsen, Information and Exponential Families, 1978, section 8.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from symgeo.algebra import Element
from symgeo.algebra.element import separated
from symgeo.algebra.linear import solve
from symgeo.errors import NormalisationError

if TYPE_CHECKING:
    from sympy import Symbol


def statistic_expectations(
    parameters: Sequence[Symbol], natural: Sequence[Element], log_partition: Element
) -> list[Element] | None:
    """E[T_i] as elements, one per statistic; None when the parameters are too few to determine them (curved family).

    Raises :class:`NormalisationError` when the equations contradict each other: then the density is not normalised.
    """
    jacobian = [[e.diff(s) for e in natural] for s in parameters]
    solution = solve(jacobian, [log_partition.diff(s) for s in parameters])
    if solution.rank < len(natural):
        return None
    if solution.values is None:
        raise NormalisationError(
            "the score equations E[d log p] = 0 contradict each other, so the density is not normalised for every "
            "parameter; check its normalising constant"
        )
    return solution.values


def combination(
    f: Element, statistics: Sequence[Element], expectations: Sequence[Element], variables: Sequence[Symbol]
) -> Element | None:
    """E[f] when ``f = c_0 + sum_i c_i T_i`` with c free of the variables; None when f is no such combination."""
    field, columns = f.field, [f.field.one, *statistics]
    tables = [{key: c for key, (_, c) in separated(a, variables).items()} for a in (*columns, f)]
    rows = list(dict.fromkeys(key for table in tables for key in table))
    grid = [[table.get(key, field.zero) for table in tables[:-1]] for key in rows]
    solution = solve(grid, [tables[-1].get(key, field.zero) for key in rows]).values
    if solution is None:
        return None
    return field.dot((1, c, e) for c, e in zip(solution, [field.one, *expectations], strict=True))
