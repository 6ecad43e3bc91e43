"""What a declaration says about signs: ranges of symbols, positive quantities, and points to sample at."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf
from typing import TYPE_CHECKING

import sympy as sp

from symgeo.algebra import Field
from symgeo.algebra.knowledge import Range
from symgeo.algebra.sets import Segment, pieces
from symgeo.algebra.zero_test import state_positive

if TYPE_CHECKING:
    from symgeo.models.chart import Chart
    from symgeo.models.support import Support

_SAMPLES = 4


def state_facts(field: Field, chart: Chart, support: Support) -> None:
    """Tell a field what the chart and the support say about their symbols.

    Parameters range over the interior of their domain, variables over their support without its ends where it is
    continuous: on the boundary, a null set, the density may vanish.
    """
    ranges = {p: _range(s, open_ends=True) for p, s in chart.domain.items()}
    facts: list[sp.Expr] = []
    for v in support.variables:
        s = support.sets[v]
        ranges[v] = _range(s, open_ends=not support.is_discrete(v))
        for part in pieces(s):
            if isinstance(part, Segment):
                facts += [v - part.lower] if part.lower.free_symbols else []
                facts += [part.upper - v] if part.upper.free_symbols else []
    field.knowledge.state_ranges(ranges)
    field.knowledge.apart = frozenset(support.variables)
    field.knowledge.state_domain(chart.parameters, chart.conditions)
    points = zip(chart.interior_points(_SAMPLES), support.interior_points(_SAMPLES), strict=False)
    field.knowledge.state_points([{**p, **x} for p, x in points])
    facts += list(_differences(chart.constraints))
    for fact in facts:
        state_positive(field, field(fact))


def enter_exponentials(field: Field, density: sp.Expr) -> None:
    """Enter the exponentials of which those in the sums of a density are whole powers, such as exp(a) and exp(1/2) for
    a sum of exp(j a - j^2/2): entered as they come, later ones would be roots of earlier ones."""
    summed = {f for total in density.atoms(sp.Add) for t in total.args for f in sp.Mul.make_args(t)}
    exponents = [sp.expand(e.args[0]).as_coefficients_dict() for e in summed if isinstance(e, sp.exp)]
    found: dict[sp.Expr, set[sp.Rational]] = {}
    for terms in exponents:
        for rest, c in terms.items():
            if c.is_Rational:
                found.setdefault(rest, set()).add(abs(c))
    tied = {rest for rest, sizes in found.items() if len(sizes) > 1}
    beside = {rest for terms in exponents if tied & terms.keys() for rest in terms}
    for rest in sorted(beside & found.keys(), key=sp.default_sort_key):
        sizes = found[rest]
        step = sp.Rational(sp.igcd(*(c.p for c in sizes), 0), sp.ilcm(*(c.q for c in sizes), 1))
        field(sp.exp(step * rest))


def _differences(constraints: Iterable[sp.Basic]) -> Iterable[sp.Expr]:
    for c in constraints:
        if isinstance(c, (sp.StrictGreaterThan, sp.GreaterThan)):
            yield c.lhs - c.rhs
        elif isinstance(c, (sp.StrictLessThan, sp.LessThan)):
            yield c.rhs - c.lhs


def _range(s: sp.Set, open_ends: bool) -> Range:
    """The smallest interval that holds a set, as far as its ends are numbers."""
    parts = pieces(s)
    low = min(_end(part.ends[0], -inf) for part in parts)
    high = max(_end(part.ends[1], inf) for part in parts)
    # An end of a discrete set is attained; an end of a declared interval is not meant.
    return Range(low, high, open_ends or low == -inf, open_ends or high == inf)


def _end(e: sp.Expr, unknown: float) -> float:
    return float(e) if e.is_number and e.is_extended_real else unknown
