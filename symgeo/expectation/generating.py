"""Expectations of one count by generating functions: finitely many points one by one, then tails summed in closed form.

The points up to the last place where the density or the function changes its form are taken one by one; on what is
left, x = first + step y with y = 0, 1, 2, ..., the probability is a sum of terms (``tails``) with closed sums.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from math import inf
from typing import TYPE_CHECKING

import sympy as sp
from sympy.core.relational import Relational

from symgeo.algebra import Element, Field, Tensor
from symgeo.algebra import generators as gen
from symgeo.algebra.knowledge import Range
from symgeo.algebra.sets import Points, Progression
from symgeo.algebra.zero_test import zero_test
from symgeo.errors import NoClosedFormError, NormalisationError
from symgeo.expectation.tails import Term, read_term

if TYPE_CHECKING:
    from sympy import Expr, Symbol

    from symgeo.algebra.sets import Piece

_MOST_POINTS = 60
_SWITCHES = (sp.Abs, sp.sign, sp.Heaviside, sp.KroneckerDelta)
_COUNTING = (sp.factorial, sp.gamma, sp.binomial)


@dataclass(frozen=True)
class Tail:
    """``x = place(y)`` for y = 0, 1, 2, ..., and the terms of the probability there."""

    y: Symbol
    place: Expr
    log_density: Element
    terms: tuple[Term, ...]

    @property
    def far(self) -> Expr:
        """A point of the tail."""
        return self.place.subs(self.y, 1)


class SeriesExpectation:
    """E[.] under a law of one count; a function is given by its values at the points and its forms on the tails."""

    def __init__(self, field: Field, x: Symbol, points: Sequence[tuple[Expr, Element]], tails: Sequence[Tail]):
        self.field = field
        self.x = x
        self.points = tuple(points)  # with the logarithms of their probabilities
        self.tails = tuple(tails)

    @cached_property
    def _masses(self) -> list[Element]:
        return [gen.exp(self.field, logarithm) for _, logarithm in self.points]

    @property
    def is_single(self) -> bool:
        """Whether every tail is one term, so that scores are rational functions."""
        return all(len(tail.terms) == 1 for tail in self.tails)

    def of_products(self, factors: Sequence[Sequence[Element]]) -> Element:
        """The expectation of a product; NoClosedFormError or DivergentExpectationError where it has no finite sum."""
        field = self.field
        whole = [reduce(field.product, (f[k] for f in factors), field.one) for k in range(len(self))]
        total = [mass * value for mass, value in zip(self._masses, whole, strict=False)]
        for tail, f in zip(self.tails, whole[len(self.points) :], strict=True):
            total += [term.sum(f) for term in tail.terms]
        return field.sum(total)

    def __len__(self) -> int:
        return len(self.points) + len(self.tails)

    def score(self, parameter: Symbol) -> list[Element]:
        """The score of one parameter at every point and on every tail."""
        return [a.diff(parameter) for a in self._logarithms]

    def curvature(self, first: Symbol, second: Symbol) -> list[Element]:
        """The second derivative of the log-probability in two parameters."""
        return [a.diff(first).diff(second) for a in self._logarithms]

    @property
    def _logarithms(self) -> list[Element]:
        return [*(a for _, a in self.points), *(tail.log_density for tail in self.tails)]

    def function(self, f: Expr) -> list[Element]:
        """A function of the variable; :class:`NoClosedFormError` where its branches move with a parameter."""
        found = []
        for point, _ in self.points:
            value = f.subs(self.x, point)
            if value.has(sp.zoo, sp.nan, sp.oo):
                raise NoClosedFormError(f"{f} is not finite at {self.x} = {point}")
            found.append(self.field(value))
        for tail in self.tails:
            settled = _settled(f, self.x, tail.far)
            if settled is None:
                raise NoClosedFormError(f"the branches of {f} were not decided")
            found.append(self.field(settled.subs(self.x, tail.place)))
        return found


def series_expectation(
    field: Field,
    log_density: Expr,
    density: Expr,
    x: Symbol,
    pieces: Sequence[Piece],
    function: Expr = sp.S.One,
) -> SeriesExpectation | None:
    """E[.] under a law of one count whose tails have closed sums; None where they have none.

    ``function``: what is to be averaged, where its form changes from point to point.
    Raises :class:`NormalisationError` when the total probability, which is exact, is not one.
    """
    # The logarithm may hold absolute values that the density does not: they are of one sign.
    cuts = _cuts((density, function), x)
    if cuts is None:
        return None
    cuts = sorted({*cuts, *_signs_of_gammas(function, x)})
    points: list[Expr] = []
    ends: list[tuple[Expr, int]] = []
    for piece in pieces:
        if not _divide(piece, cuts, points, ends):
            return None
    if len(points) > _MOST_POINTS or not ends:
        return None
    tails = [_tail(field, log_density, density, x, first, step) for first, step in ends]
    if any(tail is None for tail in tails):
        return None
    listed = [(point, field(log_density.subs(x, point))) for point in points]
    found = SeriesExpectation(field, x, listed, [t for t in tails if t is not None])
    try:
        mass = found.of_products([])
    except NoClosedFormError:
        return None
    verdict = zero_test(mass - 1)
    if not verdict and verdict.exact:
        raise NormalisationError(f"the probabilities add up to {mass}, not to one; divide them by that")
    return found if verdict else None


def changes_form(f: Expr) -> bool:
    """Whether a function has branches, or factorials, which are quotients of products from some point on only."""
    return f.has(Relational, *_SWITCHES, *_COUNTING)


def negative_curvature(series: SeriesExpectation, parameters: Sequence[Symbol]) -> Tensor:
    """The metric as ``-E[d_i d_j log p]`` (n, n)."""
    x = tuple(parameters)
    return Tensor.build(
        series.field,
        x,
        (-1, -1),
        lambda i, j: -series.of_products([series.curvature(x[i], x[j])]),
        symmetric=((0, 1),),
        name="metric",
    )


def _cuts(expressions: Sequence[Expr], x: Symbol) -> list[Expr] | None:
    """The numbers at which branches change; None where one moves with a parameter, or is not linear."""
    found: set[Expr] = set()
    for e in expressions:
        if e.has(sp.Max, sp.Min, sp.floor, sp.ceiling, sp.Mod):
            return None
        differences = [r.lhs - r.rhs for r in e.atoms(Relational) if x in r.free_symbols]
        for f in e.atoms(*_SWITCHES):
            if x in f.free_symbols:
                inside = f.args[0] - f.args[1] if isinstance(f, sp.KroneckerDelta) else f.args[0]
                if isinstance(f, sp.Abs) and _has_one_sign(inside):
                    continue
                differences.append(inside)
        for g in differences:
            slope = sp.diff(g, x)
            root = -g.subs(x, 0) / slope if slope != 0 and x not in slope.free_symbols else sp.nan
            if not (root.is_number and root.is_extended_real and root.is_finite):
                return None
            found.add(root)
    return sorted(found)


def _signs_of_gammas(f: Expr, x: Symbol) -> list[Expr]:
    """The numbers beyond which the arguments of factorials and their like are positive."""
    found = []
    for g in f.atoms(*_COUNTING):
        inside = [*g.args, g.args[0] - g.args[1]] if isinstance(g, sp.binomial) else g.args
        for u in inside:
            if sp.diff(u, x) == 1 and u.subs(x, 0).is_number:
                found.append(-u.subs(x, 0))
    return found


def _has_one_sign(e: Expr) -> bool:
    return bool(e.is_nonnegative or e.is_nonpositive)


def _divide(piece: Piece, cuts: Sequence[Expr], points: list[Expr], ends: list[tuple[Expr, int]]) -> bool:
    """Enter the points of a piece that are taken one by one, and the first points and steps of its tails."""
    if isinstance(piece, Points):
        points.extend(piece.values)
        return True
    if not isinstance(piece, Progression) or any(end.free_symbols for end in piece.ends):
        return False
    first, last, step = piece.first, piece.last, piece.step
    if first.is_finite and last.is_finite:
        count = int((last - first) // step) + 1
        points.extend(first + step * i for i in range(min(count, _MOST_POINTS + 1)))
        return True
    if first.is_finite or last.is_finite:
        start, step = (first, step) if first.is_finite else (last, -step)
        reach = [sp.floor((cut - start) / step) + 1 for cut in cuts]
        count = int(max([sp.S.Zero, *reach]))
        points.extend(start + step * i for i in range(min(count, _MOST_POINTS + 1)))
        ends.append((start + step * count, step))
        return True
    low = sp.floor(min(cuts)) if cuts else sp.S.Zero
    low = low if not cuts or low < min(cuts) else low - 1
    return _divide(Progression(sp.S.NegativeInfinity, low, 1), (), points, ends) and _divide(
        Progression(low + 1, sp.oo, 1), cuts, points, ends
    )


def _settled(e: Expr, x: Symbol, far: Expr, switches: Collection[Expr] | None = None) -> Expr | None:
    """The expression with its branches as they are at a far point; None where one stays open.

    ``switches``: the absolute values and the like that are meant, by default all.
    """
    decided = {
        r: sp.true if r.subs(x, far) == sp.true else sp.false for r in e.atoms(Relational) if x in r.free_symbols
    }
    if any(r.subs(x, far) not in (sp.true, sp.false) for r in decided):
        return None
    switched: dict[Expr, Expr] = {}
    for f in e.atoms(*_SWITCHES) if switches is None else switches:
        if x not in f.free_symbols or (isinstance(f, sp.Abs) and _has_one_sign(f.args[0])):
            continue
        if isinstance(f, sp.KroneckerDelta):
            switched[f] = sp.S.Zero
            continue
        sign = sp.sign(f.args[0].subs(x, far))
        if sign not in (1, -1):
            return None
        switched[f] = sign * f.args[0] if isinstance(f, sp.Abs) else sign if isinstance(f, sp.sign) else (sign + 1) / 2
    return e.xreplace({**decided, **switched})


def _tail(field: Field, log_density: Expr, density: Expr, x: Symbol, first: Expr, step: int) -> Tail | None:
    y = sp.Dummy("y", nonnegative=True)  # SymPy has no loggamma of integers
    field.knowledge.state_ranges({y: Range(0.0, inf, False, True)})
    field.knowledge.apart = field.knowledge.apart | {y}
    place = first + step * y
    far = place.subs(y, 1)
    settled = _settled(log_density, x, far, density.atoms(*_SWITCHES))
    if settled is None or settled.has(sp.Piecewise):
        return None
    a = field(settled.subs(x, place))
    term = read_term(a, y)
    if term is not None:
        return Tail(y, place, a, (term,))
    plain = _settled(density, x, far)
    terms = [] if plain is None else _summands(plain.subs(x, place), y)
    read = [read_term(field(sp.log(t)), y) for t in terms] if 1 < len(terms) < 9 else [None]
    if any(t is None for t in read):
        return None
    return Tail(y, place, a, tuple(t for t in read if t is not None))


def _summands(density: Expr, y: Symbol) -> list[Expr]:
    """The terms of a density that is a sum of probabilities, each with a sign."""
    sums = [f for f in sp.Mul.make_args(density) if f.is_Add and y in f.free_symbols]
    if len(sums) != 1:
        return [density]
    return [density / sums[0] * t for t in sums[0].args]
