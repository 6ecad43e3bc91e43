"""Densities that are known up to their normalising constant, written as the sum or integral that it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import sympy as sp

from symgeo.algebra import Field
from symgeo.algebra.zero_test import zero_test
from symgeo.errors import DeclarationError
from symgeo.expectation.law import Law
from symgeo.models.log_density import log_of

if TYPE_CHECKING:
    from sympy import Expr, Symbol

    from symgeo.models.chart import Chart
    from symgeo.models.support import Support

_LONGEST = 200  # terms of a sum that is written out


def has_sum(density: Expr) -> bool:
    """Whether a density holds a sum or an integral."""
    return density.has(sp.Sum, sp.Integral)


def written_out(density: Expr) -> Expr:
    """A density with its short finite sums term by term."""

    def is_short(e: Expr) -> bool:
        return isinstance(e, sp.Sum) and all(
            limit[1].is_Integer and limit[2].is_Integer and limit[2] - limit[1] < _LONGEST for limit in e.limits
        )

    return density.replace(is_short, lambda e: e.doit())


def normalised_law(
    density: Expr,
    variables: Sequence[Symbol],
    support: Support,
    chart: Chart,
    field: Field,
    sign: Callable[[Expr], int | None],
) -> tuple[Expr, Law]:
    """``h/Z`` with ``Z`` the sum or integral of h over the support: ``log h - log Z``, and the law of h.

    Raises :class:`DeclarationError` for any other sum or integral in a density.
    """
    found = sorted(density.atoms(sp.Sum, sp.Integral), key=sp.default_sort_key)
    whole = found[0]
    rest = density * whole
    if len(found) > 1 or rest.has(sp.Sum, sp.Integral) or whole.free_symbols & set(variables):
        raise _refusal(found[0])
    renamed = {limit[0]: v for v, limit in zip(reversed(variables), whole.limits, strict=False)}
    borders = {renamed[limit[0]]: tuple(limit[1:]) for limit in whole.limits if limit[0] in renamed}
    for v, parts in zip(variables, support.pieces, strict=True):
        ends = tuple(e.xreplace(renamed) for e in borders.get(v, ()))
        if len(parts) != 1 or ends != tuple(parts[0].ends) or support.is_discrete(v) != isinstance(whole, sp.Sum):
            raise _refusal(whole)
    log_h = log_of(rest, sign)
    summand = log_of(whole.function.xreplace(renamed), sign)
    if not zero_test(field(log_h) - field(summand)):
        raise _refusal(whole)
    law = Law(log_h, variables, support.pieces, chart.parameters, domain=chart, unnormalised=True)
    return log_h - law.log_normaliser(), law


def _refusal(found: Expr) -> DeclarationError:
    return DeclarationError(
        f"the density holds {found}, which is not its normalising constant: of sums and integrals only that of the "
        "density's own numerator over the whole support is understood, as in h(x)/Sum(h(j), (j, 0, oo)); write others "
        "in closed form"
    )
