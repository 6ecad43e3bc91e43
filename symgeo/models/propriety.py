"""Whether Jeffreys' prior can be normalised: the Fisher volume of a model.

The prior is taken apart into factors that share no parameter. A factor in one parameter is integrated by arc length,
whose limits at the ends of the domain tell a finite integral from an infinite one; others by substitution into Beta and
Gamma laws, one parameter after the other. Sources: Jeffreys, Proc. R. Soc. A 186 (1946) 453-461; Kass and Wasserman,
J. Amer. Statist. Assoc. 91 (1996) 1343-1370.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice, permutations
from typing import TYPE_CHECKING

import sympy as sp

from symgeo.algebra import Element, Field
from symgeo.algebra import generators as gen
from symgeo.algebra.printing import written_as_sum
from symgeo.algebra.sets import Segment
from symgeo.algebra.zero_test import element_sign, state_positive
from symgeo.errors import NoClosedFormError
from symgeo.expectation.substitutions import mellin_expectation
from symgeo.geometry.arc_length import arc_length
from symgeo.geometry.scratch import scratch_field

if TYPE_CHECKING:
    from sympy import Expr, Symbol

    from symgeo.models.statistical_model import StatisticalModel

Ends = tuple["Expr", "Expr"]
_ORDERS = 24  # of integration


@dataclass(frozen=True)
class Propriety:
    """``proper``: True, False, or None where it was not decided. ``volume``: the integral of the prior, oo if infinite,
    None if not known. ``reason`` says how, or at which end the integral diverges."""

    proper: bool | None
    volume: Expr | None
    reason: str

    def __repr__(self) -> str:
        verdict = {True: "proper", False: "improper", None: "undecided"}[self.proper]
        return f"{verdict}: {self.reason}"


def jeffreys_propriety(model: StatisticalModel) -> Propriety:
    """Whether the integral of ``sqrt(det g)`` over the model's domain is finite, and its value in closed form."""
    square = model.field(model.manifold.determinant)
    boxes = {s: _ends(model, s) for s in model.parameters}
    parts = _independent_factors(model, square)
    volume: Expr = sp.S.One
    unknown = None
    for symbols, factor in parts:
        found = _integral(model, factor, symbols, boxes)
        if isinstance(found, str):
            unknown = unknown or found
            continue
        value, reason = found
        if value is sp.oo:
            return Propriety(False, sp.oo, reason)
        volume = volume * value
    if unknown is not None:
        return Propriety(None, None, unknown)
    return Propriety(True, volume, f"the integral of the prior is {volume}")


def fisher_volume(model: StatisticalModel) -> Expr:
    """The Riemannian volume of the model, the integral of ``sqrt(det g)`` over its domain; oo where it is infinite.

    Raises :class:`NoClosedFormError` where that was not decided.
    """
    found = jeffreys_propriety(model)
    if found.volume is None:
        raise NoClosedFormError(
            f"the Fisher volume was not found: {found.reason}; integrate jeffreys_prior numerically"
        )
    return found.volume


def _ends(model: StatisticalModel, s: Symbol) -> Ends | None:
    pieces = model.chart.pieces[model.parameters.index(s)]
    return pieces[0].ends if len(pieces) == 1 and isinstance(pieces[0], Segment) else None


def _independent_factors(model: StatisticalModel, square: Element) -> list[tuple[tuple[Symbol, ...], Element]]:
    """The square of the prior as a product of factors that share no parameter, in the factors or in the constraints."""
    field, chosen = square.field, model.parameters
    content, factors = field.factorise(square.numerator)
    pieces = [(field.polynomial(p), e) for p, e in factors]
    pieces += [(field.polynomial(field.factor_polynomial(i)), -e) for i, e in square.powers]
    tied = [set(p.free_symbols) & set(chosen) for p, _ in pieces]
    tied += [c.free_symbols for c in model.constraints]
    groups: list[set[Symbol]] = [{s} for s in chosen]
    for symbols in tied:
        joined = [g for g in groups if g & symbols]
        if joined:
            groups = [g for g in groups if not g & symbols] + [set().union(*joined)]
    out = []
    number = field.rational(content) / square.denominator
    for p, e in pieces:
        if not p.free_symbols & set(chosen):
            number = number * p**e
    for group in groups:
        total = field.one
        for p, e in pieces:
            if p.free_symbols & group:
                total = total * p**e
        if element_sign(total) == -1:
            total, number = -total, -number
        out.append((tuple(s for s in chosen if s in group), total))
    first, total = out[0]
    out[0] = (first, total * number)
    return out


def _integral(
    model: StatisticalModel, square: Element, symbols: tuple[Symbol, ...], boxes: dict[Symbol, Ends | None]
) -> tuple[Expr, str] | str:
    """The integral of the root and, for an infinite one, the reason; a text where it was not found."""
    names = ", ".join(map(str, symbols))
    ends = {s: e for s in symbols if (e := boxes[s]) is not None}
    if len(ends) < len(symbols):
        return f"the domain of {names} is no single interval"
    if len(symbols) == 1:
        (s,) = symbols
        value = _on_a_line(square, s, ends[s])
        if value is not None:
            return value
    constraints = [c for c in model.constraints if c.free_symbols & set(symbols)]
    for s in symbols:
        infinite = [e for e in ends[s] if e.is_infinite]
        if s not in square.free_symbols and not constraints and infinite:
            return sp.oo, f"the prior does not depend on {s}, which runs to {infinite[0]}"
    mass = _iterated(model, square, symbols, ends, [c.gts - c.lts for c in constraints if hasattr(c, "gts")])
    if mass is not None:
        return mass, ""
    return f"no closed form of the integral over {names} was found, nor an end at which it diverges"


def _on_a_line(square: Element, s: Symbol, ends: Ends) -> tuple[Expr, str] | None:
    """By arc length and its limits."""
    length = arc_length(square, s)
    if length is None:
        return None
    limits = []
    for end, side in zip(ends, ("+", "-"), strict=True):
        value = sp.limit(length, s, end, side)
        if value.is_infinite:
            return sp.oo, f"the integral over {s} diverges at {s} = {end}"
        if value.has(sp.Limit, sp.nan, sp.AccumBounds):
            return None
        limits.append(value)
    return sp.Abs(limits[1] - limits[0]), ""


def _iterated(
    model: StatisticalModel, square: Element, symbols: Sequence[Symbol], boxes: dict[Symbol, Ends], slacks: list[Expr]
) -> Expr | None:
    """One parameter after the other, by substitution into Beta and Gamma laws; None where one order does not serve."""
    for order in islice(permutations(reversed(symbols)), _ORDERS):
        field = scratch_field(model.field, model.parameters, model.chart.conditions)
        ends = _nested_ends(field, order, boxes, slacks)
        if ends is None:
            continue
        log_prior = sp.log(square.to_sympy()) / 2
        for position, s in enumerate(order):
            found = mellin_expectation(field, written_as_sum(field(log_prior)), s, ends[position])
            if found is None:
                break
            mass = found.mass
            log_prior = gen.log(field, mass, mass.to_sympy()).to_sympy()
        else:
            return mass.to_sympy()
    return None


def _nested_ends(
    field: Field, order: Sequence[Symbol], boxes: dict[Symbol, Ends], slacks: list[Expr]
) -> list[Ends] | None:
    """The ends of each parameter in terms of later ones, from linear constraints ``slack > 0``."""
    out: list[Ends] = []
    left = list(slacks)
    for s in order:
        lows, highs = [[e for e in (end,) if e.is_finite is not False] for end in boxes[s]]
        for slack in [c for c in left if s in c.free_symbols]:
            slope = slack.diff(s)
            if not slope.is_number:
                return None
            border = sp.expand(-slack.subs(s, 0) / slope)
            (lows if slope > 0 else highs).append(border)
        left = [c for c in left if s not in c.free_symbols]
        low, high = _tightest(field, lows, 1), _tightest(field, highs, -1)
        if (lows and low is None) or (highs and high is None):
            return None
        if low is not None and high is not None and (high - low).free_symbols:
            left.append(sp.expand(high - low))
            state_positive(field, field(high - low))
        out.append((-sp.oo if low is None else low, sp.oo if high is None else high))
    return out


def _tightest(field: Field, ends: list[Expr], sign: int) -> Expr | None:
    """The largest of lower ends (sign 1), the smallest of upper ones (-1), where one is proven to be."""
    for end in ends:
        if all(end == other or element_sign(field(end - other)) == sign for other in ends):
            return end
    return None
