"""Substitutions that make a density rational on (0, 1), or rational times exp(-u) on (0, oo).

They are tried where no substitution leads to a Gamma or a Beta law: u is the variable itself on a bounded support, a
falling exponential, the share A/(A + B w) of a term of a logarithm, or ``E(0) - E(y)`` with E what stands in the
exponent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import sympy as sp

from symgeo.algebra import Element, Field
from symgeo.algebra import generators as gen
from symgeo.algebra.algebraic import coefficients
from symgeo.algebra.knowledge import Range
from symgeo.algebra.zero_test import element_sign, state_positive, unanimous_sign
from symgeo.errors import NoClosedFormError
from symgeo.expectation.mellin import RationalPart
from symgeo.expectation.rational_law import RationalLaw

if TYPE_CHECKING:
    from sympy import Expr, Symbol

Suggestion = tuple[str, Element, Element]
Solve = Callable[[Field, Element, "Symbol", Element], "Expr | None"]
Covers = Callable[[Field, Element, "Symbol", "Element | None"], bool]


def rational_part(
    field: Field, affine: Expr, along: Expr, y: Symbol, suggestions: Sequence[Suggestion], solve: Solve, covers: Covers
) -> RationalPart | None:
    """The part under the first substitution that makes its density rational; ``y`` runs through the part."""
    if not _may_be_rational(field, field(along), y):
        return None
    unit, decay = sp.Dummy("u", positive=True), sp.Dummy("u", positive=True)
    field.knowledge.state_ranges({unit: Range(0.0, 1.0)})
    field.knowledge.apart = field.knowledge.apart | {unit, decay}
    seen = set()
    for u, image_of_y in _images(field, along, y, suggestions, unit, decay, solve, covers):
        if image_of_y in seen:
            continue
        seen.add(image_of_y)
        image_expr = affine.subs(y, image_of_y)
        image, density = field(image_expr), field(along.subs(y, image_of_y))
        jacobian = image.diff(u)
        sign = element_sign(jacobian)
        if sign is None:
            continue
        total = density + gen.log(field, jacobian * sign, (jacobian * sign).to_sympy())
        law = RationalLaw(u, gen.exp(field, total + field(u) if u is decay else total), u is decay)
        _state_signs(law)
        try:
            return RationalPart(law, image, density, law.integral(field.one), image_expr)
        except NoClosedFormError:
            continue
    return None


def _may_be_rational(field: Field, a: Element, y: Symbol) -> bool:
    """Whether the logarithms of sums, which no substitution makes powers of u, come with whole coefficients."""
    for g in field.used_generators(a):
        argument = field.log_arguments.get(g.index)
        if argument is None or y not in g.symbols or len(argument.numerator) < 2:
            continue
        parts = coefficients(a, g.index)
        if set(parts) - {0, 1} or 1 not in parts or not parts[1].is_constant or parts[1].rational().denominator > 1:
            return False
    return True


def _state_signs(law: RationalLaw) -> None:
    """A density keeps its sign, so a linear factor of it is not zero inside: its signs at the ends are stated."""
    field, p = law.field, law.density
    index = gen.symbol_index(field, law.u)
    factors = [f for f, e in field.factorise(p.numerator)[1] if e % 2]
    factors += [field.factor_polynomial(i) for i, e in p.powers if e % 2]
    for f in factors:
        parts = coefficients(field.polynomial(f), index)
        if max(parts) == 1 and not any(law.u in c.free_symbols for c in parts.values()):
            start = parts.get(0, field.zero)
            for end in (start,) if law.decays else (start, start + parts[1]):
                sign = unanimous_sign(end) if end and element_sign(end) is None else None
                if sign is not None:
                    state_positive(field, end * sign)


def _images(
    field: Field,
    along: Expr,
    y: Symbol,
    suggestions: Sequence[Suggestion],
    unit: Symbol,
    decay: Symbol,
    solve: Solve,
    covers: Covers,
) -> Iterator[tuple[Symbol, Expr]]:
    """Candidates for the new variable and y as a function of it."""
    v, t = field(unit), field(decay)
    half = bool(y.is_positive) and field.knowledge.range_of(y).high != 1.0
    if y.is_positive and not half:
        yield unit, unit
        return
    found: list[tuple[Symbol, Expr | None]] = []
    alone = sum(kind == "gamma" for kind, _, _ in suggestions) == 1
    for kind, w, c in suggestions:
        rate = w.diff(y) / w
        exponential, sign = y not in rate.free_symbols, element_sign(c * w)
        if kind == "gamma" and sign == -1:
            if half and exponential and element_sign(rate) == 1:
                found.append((decay, solve(field, w, y, field(w.to_sympy().subs(y, 0)) - t / c)))
            elif alone and covers(field, w, y, None):
                found.append((decay, solve(field, w, y, -t / c)))
        elif kind == "beta" and half and exponential and element_sign(rate) == -1:
            found.append((unit, solve(field, w, y, v * field(w.to_sympy().subs(y, 0)))))
        elif kind == "beta" and sign == 1 and covers(field, w, y, None):
            found.append((unit, solve(field, w, y, (1 - v) / v / c)))
    for u, image in found:
        if image is not None:
            yield u, image
    if half:
        root = _from_quadratic(field, field(along), y, t)
        if root is not None:
            yield decay, root


def _from_quadratic(field: Field, a: Element, y: Symbol, t: Element) -> Expr | None:
    """y from ``k1 y + k2 y^2 = t`` where the log-density falls like that, k1 and k2 positive."""
    index = gen.symbol_index(field, y)
    if any(y in field.polynomial(field.factor_polynomial(i)).free_symbols for i, _ in a.powers):
        return None
    parts = coefficients(a, index)
    if max(parts) != 2 or 1 not in parts:
        return None
    k1, k2 = -parts[1], -parts[2]
    if y in k1.free_symbols | k2.free_symbols or element_sign(k1) != 1 or element_sign(k2) != 1:
        return None
    return ((-k1 + field(sp.sqrt((k1 * k1 + 4 * k2 * t).to_sympy()))) / (2 * k2)).to_sympy()
