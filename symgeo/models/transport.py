"""The Wasserstein distance of order two between two members of a model.

In one dimension the best coupling is the monotone one (Villani, Topics in Optimal Transportation, 2003, theorem 2.18).
Where a pivot frees the density of the parameters, ``x = X(y; theta)`` monotone in y, that is the coupling by y itself:
``W2^2 = E[(X(y; p) - X(y; q))^2]``. Elliptical laws of one generator have the distance of Gelbrich, Math. Nachr. 147
(1990) 185-203, theorem 2.1; laws on finitely many points are coupled by their quantiles.
"""

from __future__ import annotations

from itertools import combinations_with_replacement, pairwise
from typing import TYPE_CHECKING, Any

import sympy as sp

from symgeo.algebra import Element, Field
from symgeo.algebra.element import separated
from symgeo.algebra.printing import written_as_sum
from symgeo.algebra.sets import Segment
from symgeo.algebra.zero_test import element_sign
from symgeo.errors import DivergentExpectationError, NoClosedFormError
from symgeo.expectation.law import Law
from symgeo.expectation.mellin import MellinExpectation
from symgeo.expectation.node import Expectation
from symgeo.expectation.pivot import CIRCLE, Pivot
from symgeo.expectation.reduced import ReducedExpectation
from symgeo.expectation.substitutions import mellin_expectation
from symgeo.models.bures import elliptical_cost
from symgeo.models.divergences import pair_of
from symgeo.models.members import Values, field_of, member

if TYPE_CHECKING:
    from sympy import Expr, Symbol

    from symgeo.models.statistical_model import StatisticalModel


def wasserstein(model: StatisticalModel, p: Any, q: Any) -> Expr:
    """The distance W2, not its square: the root of the least ``E|x - x'|^2`` over the couplings of two members.

    In closed form for laws of one continuous variable whose parameters a change of variable takes out (locations,
    scales, powers and what follows from them), up to shapes on which both members agree; for elliptical laws of one
    generator, in symbols in the plane and for diagonal or proportional scatter matrices, and for numbers in any
    dimension; and, for numbers, on finitely many points. A mean without closed form is left as an expectation, which
    ``lambdify`` integrates. Members are given as in :mod:`symgeo.models.divergences`.

    Raises :class:`DivergentExpectationError` where the distance is infinite, or not proven to be finite,
    :class:`NoClosedFormError` for all other laws, and the errors of points outside the model.
    """
    at_p, at_q = member(model, p), member(model, q)
    if at_p == at_q:
        return sp.S.Zero
    field = field_of(model, (at_p, at_q))
    if len(model.variables) > 1:
        square = elliptical_cost(model, field, at_p, at_q)
    elif model.support.points() is not None:
        square = _by_quantiles(model, at_p, at_q)
    else:
        square = _by_pivot(model, field, at_p, at_q)
    return sp.sqrt(square)


def _by_pivot(model: StatisticalModel, field: Field, p: Values, q: Values) -> Expr:
    """``E[(X(y; p) - X(y; q))^2]`` under the law of the pivot's variable."""
    pivot = _pivot(model, p, q)
    y = pivot.variable
    field.knowledge.state_ranges({y: pivot.field.knowledge.range_of(y)})
    field.knowledge.apart = field.knowledge.apart | {y}
    image = pivot.image.to_sympy()
    at_p, at_q = (dict(zip(model.parameters, values, strict=True)) for values in (p, q))
    first, second = (image.subs(at, simultaneous=True) for at in (at_p, at_q))
    (support,) = model.support.pieces[0]
    ways = {_way(field, e, y, support.ends) for e in (first, second)}
    if ways not in ({1}, {-1}):
        raise NoClosedFormError(
            f"whether x = {image} grows with {y} could not be proven for both members, so that the coupling by {y} is "
            "not known to be the best one; declare the signs of the parameters"
        )
    apart = field(first) - field(second)
    if y not in apart.free_symbols:
        return apart.to_sympy() ** 2
    try:
        found = _closed_square(field, pivot.written.subs(at_p), apart, pivot)
    except DivergentExpectationError as error:
        raise DivergentExpectationError(
            f"the mean square of {apart}, the distance of equal quantiles, is infinite for these members or not proven "
            f"to be finite: {error}"
        ) from None
    if found is not None:
        return found
    pair = pair_of(model)
    gap = image - image.xreplace(pair.to_second)
    low, high = pivot.ends
    places = [low, *sorted({k.place for k in pivot.kinks}, key=float), high]
    law = Law(
        pivot.written,
        (y,),
        (tuple(Segment(a, b) for a, b in pairwise(places)),),
        pair.chart.parameters,
        domain=pair.chart,
    )
    node = Expectation(law, gap**2, ()).func(*p, *q)
    if not node.free_symbols and sp.N(node) is sp.nan:
        raise DivergentExpectationError(f"E[{gap**2}], the square of the distance, is infinite or was not integrated")
    return node


def _way(field: Field, image: Expr, y: Symbol, ends: tuple[Expr, Expr]) -> int | None:
    """1 where an image grows with y, -1 where it falls, None where neither is proven."""
    low, high = ends
    odds = [(image - low) / (high - image)] if low.is_finite and high.is_finite else []
    signs = (element_sign(field(e).diff(y)) for e in (image, *odds))
    return next((sign for sign in signs if sign is not None), None)


def _pivot(model: StatisticalModel, p: Values, q: Values) -> Pivot:
    """The pivot that takes out all parameters in which the members differ."""
    reduced = model.pivot
    if not isinstance(reduced, ReducedExpectation) or reduced.pivot.kind == CIRCLE:
        raise NoClosedFormError(
            "no change of variable was found that takes the parameters out of the density of one continuous variable, "
            "and so no quantile coupling; declare fewer parameters, or a law of a location and a scale"
        )
    left = reduced.pivot.log_density.free_symbols
    apart = [s for s, a, b in zip(model.parameters, p, q, strict=True) if s in left and a != b]
    if apart:
        names = ", ".join(map(str, apart))
        raise NoClosedFormError(
            f"no change of variable takes {names} out of the density, so that the quantile coupling of members that "
            f"differ in {names} is not known; give both members the same {names}"
        )
    return reduced.pivot


def _closed_square(field: Field, log_density: Expr, f: Element, pivot: Pivot) -> Expr | None:
    """``E[f^2]`` by Gamma and Beta integrals, written in the differences that are the coefficients of f."""
    y = pivot.variable
    level = mellin_expectation(field, log_density, y, pivot.ends)
    if level is None:
        return None
    terms, total = list(separated(f, (y,)).values()), sp.S.Zero
    for (g, a), (h, b) in combinations_with_replacement(terms, 2):
        moment = _closed_mean(field, log_density, level, g * h, pivot)
        if moment is None:
            return None
        total += (1 if g is h else 2) * a.to_sympy() * b.to_sympy() * written_as_sum(moment)
    return total


def _closed_mean(field: Field, log_density: Expr, level: MellinExpectation, f: Element, pivot: Pivot) -> Element | None:
    """``E[f]`` as an integral, or as the mass of a tilted density."""
    y, written = pivot.variable, f.to_sympy()
    try:
        return level.of_products([level.function(written, y)])
    except NoClosedFormError:
        c, g = written.as_independent(y, as_Add=False)
        tilted = mellin_expectation(field, log_density + sp.expand_log(sp.log(g)), y, pivot.ends, proven=True)
        return None if tilted is None else field(c) * tilted.mass


def _by_quantiles(model: StatisticalModel, p: Values, q: Values) -> Expr:
    """The cost of the coupling of equal quantiles on finitely many points."""
    (x,) = model.variables
    points = sorted((point[x] for point in model.support.points() or ()), key=float)
    first, second = (
        [model.density.subs(x, a).subs(dict(zip(model.parameters, values, strict=True))) for a in points]
        for values in (p, q)
    )
    if len(points) == 2:
        return (points[1] - points[0]) ** 2 * sp.Abs(first[1] - second[1])
    if any(e.free_symbols for e in (*first, *second)):
        raise NoClosedFormError(
            "the quantile coupling of laws on three or more points depends on the order of their cumulative "
            "probabilities; give numbers for all parameters"
        )
    total, i, j = sp.S.Zero, 0, 0
    left, right = first[0], second[0]
    while True:
        shared = left if _at_most(left, right) else right
        total += shared * (points[i] - points[j]) ** 2
        left, right = left - shared, right - shared
        if left == 0:
            i += 1
            if i == len(points):
                return total
            left = first[i]
        if right == 0:
            j += 1
            if j == len(points):
                return total
            right = second[j]


def _at_most(a: Expr, b: Expr) -> bool:
    return bool(sp.N(a - b, 30) <= 0)
