"""Means under one member of functions with another member's kink, where both kinks move with the parameters.

Which kink comes first is not known: each order is a case, with the upper place at a distance d > 0 above the lower, so
that signs are proven. With c the place of the function's kink, ``near`` its branch on the side of the law's own kink
and ``far`` the other, ``E[f] = E[near] + integral of p (far - near) from c outwards``: the law alone, and one tail.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sympy as sp
from sympy.core.relational import Relational
from sympy.logic.boolalg import Boolean

from symgeo.algebra import Element, Field, differential_field
from symgeo.algebra.printing import written_as_sum
from symgeo.algebra.sets import Segment
from symgeo.algebra.zero_test import zero_test
from symgeo.errors import DivergentExpectationError, NoClosedFormError
from symgeo.expectation.kinks import SWITCHES, Signs, kinks, zeros
from symgeo.expectation.substitutions import mellin_expectation, without_kinks
from symgeo.models.facts import enter_exponentials, state_facts
from symgeo.models.numeric import smooth_logarithms

if TYPE_CHECKING:
    from sympy import Expr, Symbol

    from symgeo.models.pair import Pair


@dataclass(frozen=True)
class _Chart:
    """A variable t on the whole line, ``x = outer(t)``, in which the kinks lie at ``place`` and ``other``."""

    t: Symbol
    outer: Expr
    place: Expr
    other: Expr

    def placed(self, x: Symbol, e: Expr, images: dict[Symbol, Expr]) -> Expr:
        """A function of x as one of t, with ``images`` for parameters."""
        e = sp.expand_log(e.subs(x, self.outer).subs(images))
        return e.replace(lambda r: isinstance(r, Relational), _in_logarithms) if self.outer != self.t else e


@dataclass(frozen=True)
class _Case:
    """One order of the places: ``images`` writes a parameter of the upper one in the distance d > 0, and ``turn`` is 1
    where the second member's place is the upper one."""

    field: Field
    images: dict[Symbol, Expr]
    d: Symbol
    lower: Expr
    upper: Expr
    turn: int

    @property
    def distance(self) -> Expr:
        """d in the parameters."""
        return self.upper - self.lower


def mean_across(pair: Pair, f: Expr) -> Expr | None:
    """``E[f]`` under the first member of a function with the second's kink, for both orders of the kinks.

    One expression in the distance of the places where both agree, else a Piecewise. None where there is not one kink
    each that moves, or a part has no closed form.
    """
    for chart in _charts(pair):
        cases = [_case(pair, chart, turn) for turn in (1, -1)]
        if None in cases:
            continue
        found = [_mean(pair, chart, case, f) for case in cases if case is not None]
        if None not in found:
            return _together(pair, chart, [c for c in cases if c], [e for e in found if e is not None])
    return None


def _charts(pair: Pair) -> Iterator[_Chart]:
    """The variable itself on the line; on a half-line its logarithm."""
    pieces = pair.model.support.pieces
    if len(pieces) > 1 or len(pieces[0]) > 1 or not isinstance(pieces[0][0], Segment):
        return
    (x,), ends = pair.model.variables, pieces[0][0].ends
    if ends == (-sp.oo, sp.oo):
        t, outer = x, x
    elif ends == (sp.S.Zero, sp.oo):
        t = sp.Dummy("t", real=True)
        outer = sp.exp(t)
    else:
        return
    log_density = _Chart(t, outer, x, x).placed(x, smooth_logarithms(pair.log_first), {})
    places = kinks(log_density, t, Signs(pair.field))
    if places is not None and len(places) == 1 and places[0].free_symbols:
        yield _Chart(t, outer, places[0], places[0].xreplace(pair.to_second))


def _in_logarithms(relation: Relational) -> Boolean:
    """A relation of two positive sides as one of their logarithms."""
    if not (relation.lhs.is_positive and relation.rhs.is_positive):
        return relation
    return relation.func(sp.expand_log(sp.log(relation.lhs)), sp.expand_log(sp.log(relation.rhs)))


def _case(pair: Pair, chart: _Chart, turn: int) -> _Case | None:
    """The case of an order; None where no parameter moves the upper place in a way that can be inverted."""
    lower, upper = (chart.place, chart.other) if turn == 1 else (chart.other, chart.place)
    d = sp.Dummy("d", positive=True)
    for s in pair.second if turn == 1 else pair.first:
        found = zeros(sp.expand(upper - lower - d), s, Signs(pair.field))
        if found is None or len(found) != 1 or s in found[0].free_symbols:
            continue
        field = differential_field()
        state_facts(field, pair.chart, pair.model.support)
        field.knowledge.apart = field.knowledge.apart | {chart.t}
        for density in (pair.model.density, pair.model.density.xreplace(pair.to_second)):
            enter_exponentials(field, density)
        return _Case(field, {s: found[0]}, d, lower, upper, turn)
    return None


def _mean(pair: Pair, chart: _Chart, case: _Case, f: Expr) -> Element | None:
    """``E[f]`` in one case."""
    (x,), field, t = pair.model.variables, case.field, chart.t
    log_density = chart.placed(x, pair.log_first + sp.log(sp.diff(chart.outer, t)), case.images)
    terms = sp.Add.make_args(f)
    own = [term for term in terms if not term.free_symbols & set(pair.second)]
    kept, function = (
        chart.placed(x, sp.Add(*chosen), case.images) for chosen in (own, [u for u in terms if u not in own])
    )
    border = sp.expand_log(chart.other.subs(case.images))
    y = sp.Dummy("y", positive=True)
    field.knowledge.apart = field.knowledge.apart | {y}
    beyond, before = border + case.turn * y, border - case.turn * y
    tail = without_kinks(field, log_density.subs(t, beyond))
    far = without_kinks(field, function.subs(t, beyond))
    inside = without_kinks(field, function.subs(t, before))
    if tail is None or far is None or inside is None:
        return None
    near = inside.subs(y, case.turn * (border - t))
    # A polynomial goes on as a real function beyond its own side.
    if not near.is_polynomial(t):
        return None
    whole = mellin_expectation(field, log_density, t, (-sp.oo, sp.oo))
    rest = mellin_expectation(field, tail, y, (sp.S.Zero, sp.oo))
    if whole is None or rest is None or not zero_test(whole.mass - 1):
        return None
    inner = [without_kinks(field, (kept + near).subs(t, part.substitution)) for part in whole.parts]
    if None in inner:
        return None
    try:
        outwards = rest.function(far - near.subs(t, beyond), y)
        return whole.of_products([[field(e) for e in inner]]) + rest.of_products([outwards])
    except (NoClosedFormError, DivergentExpectationError):
        return None


def _together(pair: Pair, chart: _Chart, cases: list[_Case], found: list[Element]) -> Expr | None:
    """Both cases as one expression; None where they do not meet at equal places."""
    field = pair.field
    written = [written_as_sum(e) for e in found]
    upper, lower = cases
    if any(e.has(*SWITCHES) for e in written):
        return None
    meeting = [e.subs(case.d, 0) for e, case in zip(written, cases, strict=True)]
    ((s, image),) = upper.images.items()
    ((r, _),) = lower.images.items()
    # At equal places both are functions of the first member's parameters and the second's without s.
    first, second = meeting[0], meeting[1].subs(r, lower.images[r].subs(lower.d, 0)).subs(s, image.subs(upper.d, 0))
    if any(e.has(sp.nan, sp.zoo, sp.oo) for e in (first, second)) or not zero_test(field(first) - field(second)):
        return None
    turned = written[1].subs(lower.d, upper.d)
    if not {r, s} & (written[0].free_symbols | turned.free_symbols) and zero_test(field(written[0]) - field(turned)):
        return written[0].subs(upper.d, sp.Abs(upper.distance))
    above, below = (e.subs(case.d, case.distance) for e, case in zip(written, cases, strict=True))
    outside = [sp.Gt(chart.outer.subs(chart.t, upper.upper), chart.outer.subs(chart.t, upper.lower))]
    later = min([sp.Gt(upper.upper, upper.lower), *outside], key=lambda relation: relation.count_ops())
    return sp.Piecewise((above, later), (below, True))
