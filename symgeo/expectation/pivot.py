"""Pivots: a change of variable ``x = X(y; theta)`` under which the density of y is free of parameters.

Parameters are taken out a few at a time. In the variable itself, its logarithm, its logit or another coordinate without
parameters, those that act by affine maps are found (:mod:`symgeo.expectation.affine`); the map is put in, the density
of the new variable must come out free of them as an element of the field, and the search goes on with what is left.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import sympy as sp

from symgeo.algebra import Element, Field
from symgeo.algebra import generators as gen
from symgeo.algebra.knowledge import Range
from symgeo.algebra.printing import written_as_sum
from symgeo.algebra.zero_test import element_sign, zero_test
from symgeo.expectation.affine import affine_maps

if TYPE_CHECKING:
    from sympy import Expr, Symbol

_UNREAD = (sp.Piecewise, sp.Max, sp.Min, sp.floor, sp.ceiling, sp.Heaviside)
Ends = tuple["Expr", "Expr"]
LINE, HALF, UNIT, CIRCLE = "line", "half-line", "unit interval", "circle"


@dataclass(frozen=True)
class Kink:
    """``sign`` stands for the sign of ``y - place``, times ``turn``."""

    sign: Symbol
    place: Expr
    turn: int


@dataclass(frozen=True)
class Pivot:
    """``x = image`` with y on ``ends`` under ``exp(log_density)``, which is free of the ``parameters``.

    ``written`` is the log-density as an expression that is as close to the declared one as can be.
    """

    variable: Symbol
    kind: str
    ends: Ends
    image: Element
    log_density: Element
    written: Expr
    parameters: tuple[Symbol, ...]
    kinks: tuple[Kink, ...] = ()

    @property
    def field(self) -> Field:
        """The field of image and log-density."""
        return self.image.field

    def drift(self, parameter: Symbol) -> Element:
        """``d_p X / d_y X``: how y moves back with a parameter at fixed x."""
        rate = self.image.diff(parameter)
        return rate / self.image.diff(self.variable) if rate else rate

    @property
    def reflection(self) -> Expr:
        """The map of the support onto itself that turns it round."""
        y = self.variable
        return {LINE: -y, HALF: 1 / y}.get(self.kind, self.ends[0] + self.ends[1] - y)

    def with_signs(self, e: Expr) -> Expr:
        """An expression with the signs of the kinks written out."""
        signs = {k.sign: k.turn * sp.sign(self.variable - k.place) for k in self.kinks}
        return e.xreplace(signs) if signs else e


@dataclass(frozen=True)
class _State:
    """How far the search has come: ``x = image``, the log-density of y and the parameters that it is free of."""

    variable: Symbol
    kind: str
    ends: Ends
    image: Expr
    log_density: Expr
    parameters: tuple[Symbol, ...] = ()


def find_pivot(
    field: Field,
    log_density: Expr,
    x: Symbol,
    ends: Ends,
    parameters: Sequence[Symbol],
    domain: Mapping[Symbol, sp.Set],
) -> Pivot | None:
    """The pivot of a law on an interval, as far as one can be found; None where no parameter can be taken out."""
    if log_density.has(*_UNREAD):
        return None
    smooth, signs = _without_kinks(log_density, x)
    state = _start(field, smooth, x, ends)
    while left := [p for p in parameters if p not in state.parameters]:
        further = next((s for chart in _charts(state) if (s := _step(field, chart, left)) is not None), None)
        if further is None:
            break
        state = further
    if not state.parameters:
        return None
    kinks = _kinks(field, x, state, signs)
    return None if kinks is None else _finished(field, log_density, x, state, kinks, domain)


def whole_law(field: Field, log_density: Expr, x: Symbol, ends: Ends, domain: Mapping[Symbol, sp.Set]) -> Pivot:
    """The trivial pivot of a law without kinks, which takes nothing out."""
    return _finished(field, log_density, x, _start(field, log_density, x, ends), {}, domain)


def _without_kinks(e: Expr, x: Symbol) -> tuple[Expr, dict[Symbol, Expr]]:
    """Absolute values as products with the sign, which is a constant away from the kink; and what the signs are of."""
    signs: dict[Expr, Symbol] = {}

    def sign_of(u: Expr) -> Expr:
        return signs.setdefault(u, sp.Dummy("sigma", real=True))

    def is_kinked(f: Expr) -> bool:
        return isinstance(f, sp.Abs | sp.sign) and x in f.free_symbols

    e = e.replace(
        lambda f: isinstance(f, sp.log) and is_kinked(f.args[0]),
        lambda f: sp.log(f.args[0].args[0] ** 2, evaluate=False) / 2,
    )
    e = e.replace(
        lambda f: isinstance(f, sp.Pow) and is_kinked(f.base) and not f.exp.is_integer,
        lambda f: sp.exp(f.exp * sp.log(f.base.args[0] ** 2, evaluate=False) / 2),
    )
    e = e.replace(is_kinked, lambda f: sign_of(f.args[0]) * (f.args[0] if isinstance(f, sp.Abs) else 1))
    return e, {sign: u for u, sign in signs.items()}


def _variable(field: Field, kind: str) -> Symbol:
    y = sp.Dummy("y", real=True) if kind in (LINE, CIRCLE) else sp.Dummy("y", positive=True)
    if kind == UNIT:
        field.knowledge.state_ranges({y: Range(0.0, 1.0)})
    field.knowledge.apart = field.knowledge.apart | {y}
    return y


def _start(field: Field, log_density: Expr, x: Symbol, ends: Ends) -> _State:
    low, high = ends
    bounded = (low.is_finite is not False, high.is_finite is not False)
    if all(bounded) and zero_test(field(log_density.subs(x, x + high - low)) - field(log_density)):
        y = _variable(field, CIRCLE)
        return _State(y, CIRCLE, ends, y, log_density.subs(x, y))
    kind = UNIT if all(bounded) else HALF if any(bounded) else LINE
    y = _variable(field, kind)
    # Above a positive end y is measured in units of it, so that x is a power of 1 + y.
    width = high - low if all(bounded) else low if kind == HALF and low.is_positive else sp.S.One
    image = low + width * y if bounded[0] else high - y if bounded[1] else y
    moved = log_density.subs(x, image) + sp.log(width)
    return _State(y, kind, _ends(kind), image, moved)


def _ends(kind: str) -> Ends:
    return {LINE: (-sp.oo, sp.oo), HALF: (sp.S.Zero, sp.oo)}.get(kind, (sp.S.Zero, sp.S.One))


def _charts(state: _State) -> Iterator[tuple[_State, str, Expr, Symbol]]:
    """Coordinates t without parameters in which to look: ``(state, kind of t, y as a function of t, t)``."""
    line, half = sp.Dummy("t", real=True), sp.Dummy("t", positive=True)
    if state.kind == LINE:
        yield state, LINE, line, line
        yield state, LINE, sp.sinh(line), line
    elif state.kind == HALF:
        yield state, HALF, half, half
        yield state, LINE, sp.exp(line), line
        yield state, HALF, sp.log(1 + half), half
        yield state, HALF, -sp.log(1 - sp.exp(-half)), half
        yield state, HALF, sp.exp(half) - 1, half
    elif state.kind == UNIT:
        yield state, LINE, 1 / (1 + sp.exp(-line)), line
        yield state, HALF, sp.exp(-half), half
        yield state, HALF, 1 - sp.exp(-half), half
    else:
        yield state, CIRCLE, line, line


def _step(field: Field, chart: tuple[_State, str, Expr, Symbol], left: Sequence[Symbol]) -> _State | None:
    """The state after the affine map of t that takes out most; None where there is none."""
    state, kind, outer, t = chart
    field.knowledge.apart = field.knowledge.apart | {t}
    inner = state.log_density.subs(state.variable, outer) + sp.log(sp.Abs(sp.diff(outer, t)))
    along = field(inner)
    for found in affine_maps(along, t, left, shifts=kind != HALF, scales=kind != CIRCLE):
        y = _variable(field, kind)
        image = found.shift.to_sympy() + found.scale.to_sympy() * y
        spread = gen.log(field, found.scale, found.scale.to_sympy())
        density = _free_of(spread, inner.subs(t, image), found.parameters)
        if density is not None:
            ends = state.ends if kind == CIRCLE else _ends(kind)
            whole = state.image.subs(state.variable, outer.subs(t, image))
            taken = (*state.parameters, *found.parameters)
            return _State(y, kind, ends, whole, written_as_sum(density), taken)
    return None


def _free_of(spread: Element, e: Expr, parameters: Sequence[Symbol]) -> Element | None:
    """``spread + e`` as an element free of some parameters; functions' arguments are brought to normal form by need."""
    field, gone = spread.field, set(parameters)
    density = field(e) + spread
    if density.free_symbols & gone:
        tidy = e.replace(
            lambda f: isinstance(f, sp.Function) and bool(f.free_symbols & gone),
            lambda f: f.func(*(field(a).to_sympy() for a in f.args)),
        )
        density = field(tidy) + spread
    return None if density.free_symbols & gone else density


def _kinks(
    field: Field, x: Symbol, state: _State, signs: Mapping[Symbol, Expr]
) -> dict[Symbol, tuple[Expr, int]] | None:
    """For the signs that are left in a density the places, fixed numbers, where they change; None where one moves."""
    density, y, found = field(state.log_density), state.variable, {}
    for sign, u in signs.items():
        if sign not in density.free_symbols:
            continue
        along = field(u.subs(x, state.image))
        slope = along.diff(y)
        turn = element_sign(slope)
        if turn is None or (place := field(y) - along / slope).free_symbols:
            return None
        found[sign] = (place.to_sympy(), turn)
    return found


def _finished(
    field: Field,
    declared: Expr,
    x: Symbol,
    state: _State,
    kinks: Mapping[Symbol, tuple[Expr, int]],
    domain: Mapping[Symbol, sp.Set],
) -> Pivot:
    state = _named(field, state, {declared, *domain, x})
    y, density, image = state.variable, field(state.log_density), field(state.image)
    found = tuple(Kink(sign, place, turn) for sign, (place, turn) in kinks.items())
    pivot = Pivot(y, state.kind, state.ends, image, density, sp.S.Zero, state.parameters, found)
    return replace(pivot, written=_as_declared(pivot, declared, x, state.image, domain))


def _named(field: Field, state: _State, others: Iterable[Expr]) -> _State:
    """The same with a variable that has a name of its own, unlike all others."""
    taken = {s.name for e in others for s in e.free_symbols}
    name = next(n for n in ("y", "z", "u", "w", "t", "y_pivot") if n not in taken)
    old = state.variable
    y = sp.Symbol(name, positive=True) if old.is_positive else sp.Symbol(name, real=True)
    field.knowledge.state_ranges({y: field.knowledge.range_of(old)})
    field.knowledge.apart = field.knowledge.apart | {y}
    return replace(state, variable=y, image=state.image.subs(old, y), log_density=state.log_density.subs(old, y))


def _as_declared(pivot: Pivot, declared: Expr, x: Symbol, image: Expr, domain: Mapping[Symbol, sp.Set]) -> Expr:
    """The log-density of y in the form of the declared one, with numbers for the parameters that it is free of."""
    y, field = pivot.variable, pivot.field
    absent = [p for p in domain if p not in pivot.log_density.free_symbols]
    for choice in ((0, 1), (1, 0)):
        values = {}
        for p in absent:
            inside = [v for v in choice if domain[p].contains(v) == sp.true]
            values[p] = sp.Integer(inside[0]) if inside else None
        if None in values.values():
            continue
        there = image.subs(values)
        slope = sp.diff(there, y)
        if there.has(sp.nan, sp.zoo, sp.oo) or slope.has(sp.nan, sp.zoo) or slope == 0:
            continue
        written = declared.subs(values).subs(x, there) + sp.log(sp.Abs(slope))
        if written.has(sp.nan, sp.zoo, sp.oo):
            continue
        if pivot.kinks:
            if there == y:
                return written
        elif zero_test(field(written) - pivot.log_density):
            return written
    return pivot.with_signs(written_as_sum(pivot.log_density))
