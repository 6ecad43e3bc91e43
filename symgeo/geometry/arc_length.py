"""Arc length on a line: a function whose derivative, squared, is the given metric.

The root of the metric is integrated where a substitution makes it rational: roots and exponentials of the coordinate,
then Euler's substitutions for the root of a polynomial of degree one or two. Source: Hardy, The Integration of
Functions of a Single Variable, 1916, chapters IV and V. The answer is differentiated and held against the metric.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sympy as sp
from sympy.integrals.rationaltools import ratint

from symgeo.algebra.zero_test import zero_test
from symgeo.geometry.scratch import scratch_field

if TYPE_CHECKING:
    from flint import fmpz_mpoly
    from sympy import Expr, Symbol

    from symgeo.algebra import Element
    from symgeo.algebra.generator import Generator

# Beyond this the logarithms in the integral of a rational function are of algebraic numbers.
_HIGHEST_DEGREE = 24


def arc_length(g: Element, x: Symbol) -> Expr | None:
    """``s(x)`` with ``s'(x)^2 = g(x)``, in closed form, or None where none was found."""
    if x not in g.free_symbols:
        return sp.sqrt(g.to_sympy()) * x
    square = _in_one_generator(g, x)
    if square is None:
        return None
    u, meaning, scale, h = square
    place = sp.Tuple(meaning).subs(x, g.field.knowledge.value(x, 0))[0]
    rational, radicand = _root(h, u)
    if (radicand.subs(u, place)).evalf() < 0:
        scale, radicand = -scale, -radicand
    found = _integral(u, rational, radicand, place)
    if found is None:
        return None
    length = sp.sqrt(scale) * _tidy(found, u, place).subs(u, meaning)
    field = scratch_field(g.field, (x,))
    slope = field(length).diff(x)
    return length if zero_test(slope * slope - field(g.to_sympy())) else None


def _in_one_generator(g: Element, x: Symbol) -> tuple[Symbol, Expr, Expr, Expr] | None:
    """``g dx^2 = scale h(u) du^2`` with h rational: u, what u stands for, scale, h; None where g is not like this.

    u is the coordinate, an exponential of it, or a root of one of these.
    """
    field = g.field
    within = [w for w in field.used_generators(g) if x in w.symbols]
    u = sp.Dummy("u", real=True)
    images, bottom = _tower(within[-1], u)
    if any(w.index not in images for w in within):
        return None
    order, exponent = images[bottom.index].as_base_exp()[1], field.exponents.get(bottom.index)
    if bottom.is_symbol:
        slope = order * u ** (order - 1)  # dx/du
    elif exponent is not None and x not in exponent.diff(x).free_symbols:
        slope = order / (exponent.diff(x).to_sympy() * u)
    else:
        return None

    def written(p: fmpz_mpoly) -> Expr:
        terms = []
        for exponents, c in p.to_dict().items():
            powers = [images.get(i, field.generators[i].expr) ** int(k) for i, k in enumerate(exponents) if k]
            terms.append(sp.Mul(sp.Integer(int(c)), *powers))
        return sp.Add(*terms)

    content, factors = field.factorise(g.numerator)
    outer, inner = slope.as_independent(u, as_Add=False)
    scale, h = sp.Rational(content, g.denominator) * outer**2, inner**2
    for p, e in [*factors, *((field.factor_polynomial(i), -e) for i, e in g.powers)]:
        part = written(p)
        if u not in part.free_symbols:
            scale *= part**e
        elif part.free_symbols == {u} and sp.Poly(part, u).get_domain() == sp.ZZ:
            h *= part**e
        else:
            return None
    return u, within[-1].expr, scale, h


def _tower(top: Generator, u: Symbol) -> tuple[dict[int, Expr], Generator]:
    """The generators below a root of a single generator as powers of it, and the lowest of them."""
    images: dict[int, Expr] = {top.index: u}
    order, below = 1, top
    while below.value is not None:
        inner = below.value
        if inner.powers or inner.denominator != 1 or inner.numerator.total_degree() != 1 or len(inner.numerator) != 1:
            break
        order *= below.degree
        below = inner.field.generators[list(inner.numerator.degrees()).index(1)]
        images[below.index] = u**order
    return images, below


def _root(h: Expr, u: Symbol) -> tuple[Expr, Expr]:
    """``sqrt h = R sqrt P`` with P free of squares, up to the sign of P."""
    top, bottom = sp.fraction(sp.cancel(h))
    rational, radicand = sp.S.One, sp.S.One
    for p, sign in ((top, 1), (bottom, -1)):
        content, factors = sp.factor_list(p, u)
        radicand *= content**sign
        for f, e in factors:
            rational *= f ** ((sign * e) // 2)
            radicand *= f if e % 2 else 1
    return rational, radicand


def _integral(u: Symbol, rational: Expr, radicand: Expr, place: Expr) -> Expr | None:
    """The integral of ``R sqrt P`` for P of degree two at most, by a rational substitution."""
    p = sp.Poly(radicand, u)
    if p.degree() == 0:
        found = _rational_integral(rational, u)
        return None if found is None else sp.sqrt(radicand) * found
    w = sp.Dummy("w", real=True)
    if p.degree() == 1:
        a, b = p.all_coeffs()
        found = _rational_integral(rational.subs(u, (w**2 - b) / a) * 2 * w**2 / a, w)
        return None if found is None else found.subs(w, sp.sqrt(radicand))
    if p.degree() > 2:
        return None
    a, b, c = p.all_coeffs()
    discriminant = sp.sqrt(b**2 - 4 * a * c)
    if discriminant.is_Rational:
        low, high = sorted(((-b - discriminant) / (2 * a), (-b + discriminant) / (2 * a)))
        s = 1 if place.evalf() > high or place.evalf() < low else -1
        # w^2 = s (u - low)/(u - high) is positive, and sqrt P is a constant times w (u - high).
        of_w = (w**2 * high - s * low) / (w**2 - s)
        found = _rational_integral(rational.subs(u, of_w) * w * (of_w - high) * sp.diff(of_w, w), w)
        return None if found is None else sp.sqrt(a * s) * found.subs(w, sp.sqrt((u - low) / (s * (u - high))))
    if a < 0:
        return None
    b, c = b / a, c / a
    of_w = (w**2 - c) / (2 * w + b)
    found = _rational_integral(rational.subs(u, of_w) * (w - of_w) * sp.diff(of_w, w), w)
    return None if found is None else sp.sqrt(a) * found.subs(w, u + sp.sqrt(u**2 + b * u + c))


def _rational_integral(f: Expr, u: Symbol) -> Expr | None:
    f = sp.cancel(f)
    top, bottom = (sp.Poly(p, u) for p in sp.fraction(f))
    if max(top.degree(), bottom.degree()) > _HIGHEST_DEGREE:
        return None
    found = ratint(f, u)
    return None if found.has(sp.RootSum, sp.Integral, sp.I) else found


def _tidy(f: Expr, u: Symbol, place: Expr) -> Expr:
    """Logarithms of what is positive at the place, hence everywhere between the poles of the metric."""
    turned = {}
    for e in f.atoms(sp.log):
        if e.args[0].subs(u, place).evalf() < 0:
            turned[e] = sp.log(-e.args[0])
    return f.xreplace(turned)
