"""Substitutions that turn a law in one variable into Gamma or Beta laws, read from the log-density itself.

The support is cut where the density has a kink and at the vertex of a quadratic, and each part is laid on (0, oo),
(0, 1) or the line by an affine map. A term -w of the log-density, w = exp(c y + d) or a power of y, suggests u = w
(Gamma); a logarithm log(A + B w) suggests u = A/(A + B w) (Beta). A suggestion counts when the density of u comes out
as that of a standard law times a constant, exactly.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import sympy as sp
from sympy.core.relational import Relational
from sympy.logic.boolalg import Boolean

from symgeo.algebra import Element, Field
from symgeo.algebra import generators as gen
from symgeo.algebra.algebraic import coefficients
from symgeo.algebra.element import separated
from symgeo.algebra.knowledge import Range
from symgeo.algebra.printing import written_as_sum
from symgeo.algebra.zero_test import element_sign, state_positive, unanimous_sign, zero_test
from symgeo.expectation.changes import changes_of_variable
from symgeo.expectation.mellin import MellinExpectation, Part, RationalPart
from symgeo.expectation.moments import StandardLaw
from symgeo.expectation.rational_parts import rational_part

if TYPE_CHECKING:
    from sympy import Expr, Symbol

_KINKED = (sp.Abs, sp.sign, sp.Heaviside)


def mellin_expectation(
    field: Field, log_density: Expr, x: Symbol, ends: tuple[Expr, Expr], proven: bool = False
) -> MellinExpectation | None:
    """Integrals against ``exp(log_density)`` over the interval ``ends``; None where no substitution was found.

    That the mass is finite is taken from the declaration, for a density; where it is not known it has to be ``proven``.
    """
    for t, outer, borders in changes_of_variable(log_density, x, ends):
        # Free of parameters, such a change alters neither scores nor their expectations.
        inner = log_density
        if isinstance(outer, sp.Abs):
            inner = log_density.subs(x, t) - sp.log(2)
            if log_density.has(*_KINKED) or not zero_test(field(inner) - field(inner.subs(t, -t))):
                continue
        elif outer != t:
            changed = log_density.subs(x, outer) + sp.log(sp.Abs(sp.diff(outer, t)))
            # Through the field, where the logarithms of the change cancel those of the density.
            inner = changed if changed.has(*_KINKED, sp.Piecewise) else written_as_sum(field(changed))
        parts = _all_parts(field, inner, t, borders, proven)
        if parts is None:
            continue
        return MellinExpectation([replace(part, substitution=outer.subs(t, part.substitution)) for part in parts])
    return None


def _all_parts(
    field: Field, log_density: Expr, x: Symbol, ends: tuple[Expr, Expr], proven: bool
) -> list[Part | RationalPart] | None:
    cuts = _kinks(log_density, x)
    if cuts is None:
        return None
    parts = _parts(field, log_density, x, ends, cuts, proven)
    if parts is None and not cuts:
        vertex = _vertex(field, log_density, x, all(e.is_infinite for e in ends))
        if vertex is not None:
            parts = _parts(field, log_density, x, ends, [vertex], proven)
    return parts


def _kinks(log_density: Expr, x: Symbol) -> list[Expr] | None:
    """The places, at most one, where an absolute value or a condition on x changes; None if they cannot be found."""
    arguments = {f.args[0] for f in log_density.atoms(*_KINKED) if x in f.free_symbols}
    for piecewise in log_density.atoms(sp.Piecewise):
        for _, condition in piecewise.args:
            for relation in condition.atoms(Relational):
                if x in relation.free_symbols:
                    arguments.add(relation.lhs - relation.rhs)
    if log_density.has(sp.Max, sp.Min, sp.floor, sp.ceiling):
        return None
    cuts: list[Expr] = []
    for g in arguments:
        slope = sp.diff(g, x)
        if x in slope.free_symbols or slope == 0:
            return None
        cut = sp.cancel(-g.subs(x, 0) / slope)
        if all(sp.cancel(cut - c) != 0 for c in cuts):
            cuts.append(cut)
    return cuts if len(cuts) < 2 else None


def _vertex(field: Field, log_density: Expr, x: Symbol, line: bool) -> Expr | None:
    """Where a quadratic in x, under a logarithm or as a term, is stationary."""
    a = field(log_density)
    index = next((g.index for g in field.generators if g.is_symbol and g.expr == x), None)
    if index is None:
        return None
    quadratics = [
        argument
        for g in field.used_generators(a)
        if x in g.symbols and (argument := field.log_arguments.get(g.index)) is not None
    ]
    for q in [*quadratics, a]:
        if any(field.factor_polynomial(i).degrees()[index] > 0 for i, _ in q.powers):
            continue
        parts = coefficients(q, index)
        if max(parts) == 2:
            vertex = -parts.get(1, field.zero) / (parts[2] * 2)
            if x not in vertex.free_symbols:
                if q is not a and line:
                    # What stands under a logarithm is positive on the whole line, at the vertex too.
                    state_positive(field, parts.get(0, field.zero) - parts[2] * vertex * vertex)
                return vertex.to_sympy()
    return None


def _parts(
    field: Field, log_density: Expr, x: Symbol, ends: tuple[Expr, Expr], cuts: Sequence[Expr], proven: bool
) -> list[Part | RationalPart] | None:
    """Every part of the support under its own substitution; None as soon as one has none."""
    borders = [ends[0], *cuts, ends[1]]
    found = []
    for low, high in pairwise(borders):
        part = _part(field, log_density, x, low, high, proven)
        if part is None:
            return None
        found.append(part)
    return found


def _part(
    field: Field, log_density: Expr, x: Symbol, low: Expr, high: Expr, proven: bool
) -> Part | RationalPart | None:
    bounded = (low.is_finite is not False, high.is_finite is not False)
    y = sp.Dummy("y", positive=True) if any(bounded) else sp.Dummy("y", real=True)
    if all(bounded):
        field.knowledge.state_ranges({y: Range(0.0, 1.0)})
        affine = low + (high - low) * y
    else:
        affine = low + y if bounded[0] else high - y if bounded[1] else y
    field.knowledge.apart = field.knowledge.apart | {y}
    along = without_kinks(field, log_density.subs(x, affine))
    if along is None:
        return None
    a = field(along)
    if _has_long_logarithm(a, y):
        return None
    suggestions = list(_suggestions(field, a, y, all(bounded)))
    along = _with_ratios(field, a, along, y)
    for kind, w, c in suggestions:
        part = _standard(field, affine, along, y, kind, w, c, proven)
        if part is not None:
            return part
    return None if proven else rational_part(field, affine, along, y, suggestions, _solve_power, _covers)


def _has_long_logarithm(a: Element, y: Symbol) -> bool:
    """Whether a logarithm holds three or more functions of y: no substitution makes that a power of u or 1 - u."""
    field = a.field
    arguments = [field.log_arguments.get(g.index) for g in field.used_generators(a) if y in g.symbols]
    return any(len(separated(q, (y,))) > 2 for q in arguments if q is not None)


def without_kinks(field: Field, e: Expr) -> Expr | None:
    """The expression without kinks, decided by the proven signs of what is switched on; None if one stays open."""

    def decided(f: Expr) -> Expr:
        sign = element_sign(field(f.args[0]))
        if sign is None:
            return f
        return f.args[0] * sign if isinstance(f, sp.Abs) else sp.Integer(sign if isinstance(f, sp.sign) else sign > 0)

    def holds(relation: Relational) -> Boolean:
        sign = element_sign(field(relation.lhs - relation.rhs))
        return relation if sign is None else relation.func(sign, 0)

    e = e.replace(lambda f: isinstance(f, _KINKED), decided)
    e = e.replace(lambda f: isinstance(f, Relational), holds)
    return None if e.has(*_KINKED, sp.Piecewise) else e


def _with_ratios(field: Field, a: Element, along: Expr, y: Symbol) -> Expr:
    """A logarithm of two functions of y as ``log v + log(1 + w/v)``: the field keeps their exponents apart."""
    for g in field.used_generators(a):
        argument = field.log_arguments.get(g.index)
        terms = list(separated(argument, (y,)).values()) if argument is not None and y in g.symbols else []
        if len(terms) != 2 or any(y not in v.free_symbols for v, _ in terms) or argument is None or argument.powers:
            continue
        parts = coefficients(a, g.index)
        (v, c), (w, d) = terms if element_sign(terms[0][1]) == 1 else terms[::-1]
        if set(parts) - {0, 1} or 1 not in parts or element_sign(c) != 1:
            continue
        first = c * v
        rest = parts.get(0, field.zero) + parts[1] * gen.log(field, first, first.to_sympy())
        ratio = sp.exp((gen.log(field, w, w.to_sympy()) - gen.log(field, v, v.to_sympy())).to_sympy())
        return rest.to_sympy() + parts[1].to_sympy() * sp.log(1 + (d / c).to_sympy() * ratio)
    return along


def _suggestions(field: Field, a: Element, y: Symbol, unit: bool) -> Iterator[tuple[str, Element, Element]]:
    """Candidates ``(kind, w, c)``: a term c w of the log-density, or a logarithm log(A + B w) with c w = B w/A."""
    used = [g for g in field.used_generators(a) if y in g.symbols]
    for w, c in separated(a, (y,)).values():
        if y in w.free_symbols and not any(g.index in field.log_arguments for g in field.used_generators(w)):
            yield "gamma", w, c
    if unit:
        yield "unit", field(y), field.one
    for g in used:
        argument = field.log_arguments.get(g.index)
        if argument is not None and argument != field(y):
            terms = list(separated(argument, (y,)).values())
            if len(terms) == 2:
                (v, c), (w, d) = terms
                yield "beta", w / v, d / c
                yield "beta", v / w, c / d


def _standard(
    field: Field, affine: Expr, along: Expr, y: Symbol, kind: str, w: Element, c: Element, proven: bool
) -> Part | None:
    """The part under the substitution that a term ``c w`` suggests, if the density of u is standard."""
    u = sp.Dummy("u", positive=True)
    field.knowledge.apart = field.knowledge.apart | {u}
    v = field(u)
    end = None
    if kind == "gamma":
        if proven and element_sign(c * w) != -1:
            return None
        target = -v / c
    else:
        field.knowledge.state_ranges({u: Range(0.0, 1.0)})
        sign = element_sign(c * w)
        if sign is None:
            return None
        target = (v if kind == "unit" else (1 - v) / v if sign > 0 else v - 1) / c
        end = None if kind == "beta" and sign > 0 else field.rational(1 if kind == "unit" else -1) / c
    solved = _solve_power(field, w, y, target)
    if solved is None or not _covers(field, w, y, end):
        return None
    image_expr = affine.subs(y, solved)
    image = field(image_expr)
    density = field(along.subs(y, solved))
    jacobian = image.diff(u)
    sign = element_sign(jacobian)
    if sign is None:
        return None
    positive = jacobian * sign
    total = density + gen.log(field, positive, positive.to_sympy())
    slope = total.diff(u) * field(u)
    if kind == "gamma":
        a = slope + field(u) + 1
        if u in a.free_symbols:
            return None
        law = StandardLaw(u, a)
        rest = total - (a - 1) * field(sp.log(u)) + field(u)
    else:
        slope = slope * (1 - field(u))  # (a-1)(1-u) - (b-1) u
        both = -slope.diff(u)
        a = slope + field(u) * both + 1
        b = both - a + 2
        if u in a.free_symbols | b.free_symbols:
            return None
        law = StandardLaw(u, a, b)
        rest = total - (a - 1) * field(sp.log(u)) - (b - 1) * field(sp.log(1 - u))
    sign_of = element_sign if proven else _sign
    if u in rest.free_symbols or any(sign_of(bound) != 1 for bound in law.bounds(field.zero, field.zero, 0, 0)):
        return None
    weight = gen.exp(field, rest + law.log_normaliser())
    return Part(law, image, density, weight, image_expr)


def _covers(field: Field, w: Element, y: Symbol, end: Element | None) -> bool:
    """Whether y runs through the whole of its range while w runs through all sizes, or up to ``end``.

    A power of y covers (0, oo) then and (0, 1) up to 1; an exponential the line, and (0, oo) up to 1 if it falls.
    """
    unit = field.knowledge.range_of(y).high == 1.0
    is_power = y in (w.diff(y) / w).free_symbols
    if end is None:
        return not unit and is_power == bool(y.is_positive)
    last = _solve_power(field, w, y, end)
    rate = element_sign(w.diff(y) / w)
    if last is None or not y.is_positive or unit != is_power or rate != (1 if is_power else -1):
        return False
    return bool(zero_test(field(last) - (1 if unit else 0)))


def _solve_power(field: Field, w: Element, y: Symbol, target: Element) -> Expr | None:
    """y from ``w(y) = target`` where log w is ``c log y + d`` or ``c y + d`` with c, d free of y."""
    sign = element_sign(w)
    if sign is None:
        return None
    positive, wanted = w * sign, target * sign
    log_w = gen.log(field, positive, positive.to_sympy())
    log_target = gen.log(field, wanted, wanted.to_sympy())
    s = field(y)
    rate = log_w.diff(y)
    if not rate:
        return None
    if y not in rate.free_symbols:
        rest = log_w - rate * s
        return None if y in rest.free_symbols else ((log_target - rest) / rate).to_sympy()
    power = rate * s
    if y in power.free_symbols or not y.is_positive:
        return None
    rest = log_w - power * field(sp.log(y))
    return None if y in rest.free_symbols else gen.exp(field, (log_target - rest) / power).to_sympy()


def _sign(a: Element) -> int | None:
    return element_sign(a) or unanimous_sign(a)
