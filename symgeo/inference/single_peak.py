"""Laws of location and scale whose likelihood has one peak, whatever the data.

Where a coordinate of the variable is an affine function of a pivot y, ``y = a g(x) + b``, the log-density is
``log a + log q(y)`` but for a function of x. It is concave in (a, b) where log q is, and these are as good as any
parameters, so that a maximum inside the domain is the only one. Source: Burridge, J. Roy. Stat. Soc. B 43 (1981) 41-45.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sympy as sp

from symgeo.algebra.sets import Segment
from symgeo.algebra.zero_test import element_sign
from symgeo.expectation.pivot import LINE
from symgeo.expectation.reduced import ReducedExpectation

if TYPE_CHECKING:
    from sympy import Expr, Symbol

    from symgeo.expectation.pivot import Pivot
    from symgeo.models.statistical_model import StatisticalModel


def has_single_peak(model: StatisticalModel) -> bool:
    """Whether the likelihood is proven to have one stationary point at most, for one or two parameters of this kind."""
    if len(model.variables) > 1 or len(model.parameters) > 2 or not model.chart.is_box:
        return False
    found = model.pivot
    pivot = found.pivot if isinstance(found, ReducedExpectation) else None
    if pivot is None or pivot.kind != LINE or pivot.kinks or set(pivot.parameters) != set(model.parameters):
        return False
    y = pivot.variable
    if element_sign(pivot.log_density.diff(y).diff(y)) != -1:
        return False
    rates = [pivot.drift(p).diff(y) for p in model.parameters]
    if any(rate.diff(y) for rate in rates):
        return False  # y moves by other maps than affine ones
    shifts = [p for p, rate in zip(model.parameters, rates, strict=True) if not rate]
    # What moves y alone must move it over the whole line, so that the points (a, b) form a convex set.
    return len(shifts) > len(model.parameters) - 2 and any(_sweeps(model, pivot, p) for p in shifts)


def _sweeps(model: StatisticalModel, pivot: Pivot, parameter: Symbol) -> bool:
    """Whether the image of y = 0 runs over the whole support with the parameter, whatever the others are."""
    image = pivot.image.to_sympy().subs(pivot.variable, 0)
    (parts,) = model.support.pieces
    ((low, high),) = [piece.ends for piece in model.chart.pieces[model.parameters.index(parameter)]]
    assert isinstance(parts[0], Segment), "a pivot is on one interval"
    ends = {_limit(image, parameter, low, "+"), _limit(image, parameter, high, "-")}
    return ends == set(parts[0].ends)


def _limit(image: Expr, parameter: Symbol, end: Expr, side: str) -> Expr | None:
    if image == parameter:
        return end
    try:
        return sp.limit(image, parameter, end, side)
    except (NotImplementedError, ValueError):
        return None
