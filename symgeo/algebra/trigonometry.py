"""Sines and cosines: one pair of generators an independent angle, others by the addition theorems."""

from __future__ import annotations

from fractions import Fraction

import sympy as sp

from symgeo.algebra.directions import joined
from symgeo.algebra.element import Element
from symgeo.algebra.field import Field
from symgeo.algebra.generator import Tower

_MAX_MULTIPLE = 64

Pair = tuple[Element, Element]


def sine_cosine(field: Field, a: Element) -> Pair | None:
    """sin a and cos a; None when a multiple of an angle is too large to be unrolled."""
    together, apart = joined(a)
    result: Pair | None = (field.zero, field.one)
    if together:
        result = _of_sum(field, together)
    for q, t in apart:
        here = _of_piece(field, t, q)
        result = None if result is None or here is None else _added(result, here)
    return result


def _added(u: Pair, v: Pair) -> Pair:
    return u[0] * v[1] + u[1] * v[0], u[1] * v[1] - u[0] * v[0]


def _multiple(pair: Pair, n: int) -> Pair | None:
    if abs(n) > _MAX_MULTIPLE:
        return None
    s, c = pair
    turn = (s, c) if n > 0 else (-s, c)
    total = (c.field.zero, c.field.one)
    for _ in range(abs(n)):
        total = _added(total, turn)
    return total


def _of_sum(field: Field, a: Element) -> Pair | None:
    """The angle as a combination of those met before with whole coefficients, or as one of its own."""
    directions = field.angle_directions
    coefficients = directions.express(a)
    if coefficients is None:
        directions.add(a)
        return _pair(field, a)
    if any(q.denominator != 1 for q in coefficients):
        field.independent = False  # half an angle met before: the relation to it is not used
        return _pair(field, a)
    total: Pair = (field.zero, field.one)
    for q, angle in zip(coefficients, directions.sums, strict=True):
        if q:
            part = _multiple(_pair(field, angle), int(q))
            if part is None:
                return None
            total = _added(total, part)
    return total


def _of_piece(field: Field, t: Element, q: Fraction) -> Pair | None:
    """sin(q t) and cos(q t) for one piece; multiples of pi have values of their own."""
    if t.to_sympy() is sp.pi:
        angle = sp.Rational(q.numerator, q.denominator) * sp.pi
        return field(sp.sin(angle)), field(sp.cos(angle))
    key = ("angle", t.key())
    unit = t * Fraction(1, q.denominator)
    tower = field.towers.setdefault(key, Tower(q.denominator, unit))
    if tower.order % q.denominator:
        field.independent = False
        tower = Tower(q.denominator, unit)
    return _multiple(_pair(field, tower.top), int(q * tower.order))


def _pair(field: Field, angle: Element) -> Pair:
    key = ("sin", angle.key())
    sine, cosine = field.lookup(key), field.lookup(("cos", angle.key()))
    if sine is not None and cosine is not None:
        return sine, cosine
    inner, symbols = angle.to_sympy(), angle.free_symbols
    s = field.adjoin(key, sp.sin(inner), symbols, lambda x: c * angle.diff(x))
    relation = (2, 1 - s * s)
    c = field.adjoin(("cos", angle.key()), sp.cos(inner), symbols, lambda x: -(s * angle.diff(x)), relation)
    return s, c
