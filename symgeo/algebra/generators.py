"""Generators entered by need: symbols, logarithms, exponentials and powers, roots, sines, and opaque functions.

The laws of exponents and logarithms are applied on entry, so that what is equal by them becomes the same element.
"""

from __future__ import annotations

from collections.abc import Hashable
from fractions import Fraction
from functools import reduce
from math import gcd
from typing import TYPE_CHECKING

import sympy as sp
from flint import fmpz

from symgeo.algebra.directions import joined
from symgeo.algebra.element import Element
from symgeo.algebra.field import Field
from symgeo.algebra.generator import Tower
from symgeo.algebra.zero_test import proven_sign

if TYPE_CHECKING:
    from flint import fmpz_mpoly
    from sympy import Expr, Symbol

_MAX_FACTORED_BITS = 200
_LARGEST_POWER = 100_000


def symbol(field: Field, s: Symbol) -> Element:
    """A SymPy symbol as a generator with derivative one."""
    return field.lookup(("symbol", s)) or field.adjoin(("symbol", s), s, (s,), None, is_symbol=True)


def symbol_index(field: Field, s: Symbol) -> int:
    """The index of a symbol's generator, which is entered if it was not."""
    return field.used_generators(symbol(field, s))[0].index


def constant(field: Field, c: Expr) -> Element:
    """A transcendental constant (pi, EulerGamma, ...): a generator with derivative zero."""
    return field.lookup(("constant", c)) or field.adjoin(("constant", c), c, (), lambda _: field.zero)


def imaginary_unit(field: Field) -> Element:
    """I, with the relation I**2 = -1."""
    key = ("constant", sp.I)
    return field.lookup(key) or field.adjoin(key, sp.I, (), lambda _: field.zero, relation=(2, -field.one))


def free(field: Field, expr: Expr) -> Element:
    """A quantity that is tied to nothing else by construction, with SymPy's derivative."""
    key = ("free", expr)
    return field.lookup(key) or field.adjoin(key, expr, expr.free_symbols, lambda s: field(expr.diff(s)))


def named(a: Element, with_derivatives: bool = False) -> Element:
    """An element as a generator of its own, so that products of it are not multiplied out; its derivatives likewise if
    asked for; then the field is told that generators may hide relations."""
    field, key = a.field, ("named", with_derivatives, a.key())
    if not a or a.is_constant:
        return a

    def derivation(s: Symbol) -> Element:
        slope = a.diff(s)
        return named(slope, True) if with_derivatives else slope

    field.independent = field.independent and not with_derivatives
    return field.lookup(key) or field.adjoin(key, a.to_sympy(), a.free_symbols, derivation)


def opaque(field: Field, expr: Expr) -> Element:
    """A function that the field has no law for: a generator with SymPy's derivative."""
    found = field.lookup(("opaque", expr))
    if found is None:
        field.independent = False
        found = field.adjoin(("opaque", expr), expr, expr.free_symbols, lambda s: field(expr.diff(s)))
    return found


# -- logarithms ----------------------------------------------------------------------------------------------------


def log(field: Field, a: Element, expr: Expr) -> Element:
    """log a, split over irreducible factors whose sign is proven; ``expr`` is a in SymPy, kept if nothing splits.

    The argument is taken to be positive where the logarithm is used, so one factor of unproven sign may be split off:
    it has the sign that makes the whole positive. Several such factors stay together.
    """
    if not a:
        return opaque(field, sp.log(expr, evaluate=False))
    content, factors = _signed_factors(field, a)
    negative = content < 0
    together: list[tuple[fmpz_mpoly, int]] = []
    terms: list[Element] = []
    for f, e in factors:
        sign = proven_sign(field, f)
        if sign is None and e % 2:
            together.append((f, e))
        elif sign is None:
            terms.append(_log_generator(field, f, absolute=True) * e)
        else:
            negative ^= sign < 0 and bool(e % 2)
            terms.append(_log_factor(field, f if sign > 0 else -f) * e)
    if len(together) == 1:
        f, e = together[0]
        terms.append(_log_factor(field, -f if negative else f) * e)
        negative = False
    elif together:
        whole = reduce(field.product, (field.polynomial(f) ** e for f, e in together))
        terms.append(_whole_log(field, -whole if negative else whole))
        negative = False
    if negative:
        return opaque(field, sp.log(expr, evaluate=False))
    for p, e in _prime_powers(abs(content)):
        terms.append(_log_generator(field, field.rational(p).numerator) * e)
    return field.sum(terms)


def log_absolute(field: Field, a: Element) -> Element:
    """log |a|, split over all irreducible factors; its derivative is a'/a whatever the sign."""
    content, factors = _signed_factors(field, a)
    terms = []
    for f, e in factors:
        sign = proven_sign(field, f)
        if sign is None:
            terms.append(_log_generator(field, f, absolute=True) * e)
        else:
            terms.append(_log_factor(field, field.lift(f if sign > 0 else -f)) * e)
    terms += [_log_generator(field, field.rational(p).numerator) * e for p, e in _prime_powers(abs(content))]
    return field.sum(terms)


def _signed_factors(field: Field, a: Element) -> tuple[Fraction, list[tuple[fmpz_mpoly, int]]]:
    constant_part, factors = field.factorise(a.numerator)
    factors = factors + [(field.factor_polynomial(i), -e) for i, e in a.powers]
    return Fraction(constant_part, a.denominator), factors


def _prime_powers(q: Fraction) -> list[tuple[int, int]]:
    out: list[tuple[int, int]] = []
    for n, sign in ((q.numerator, 1), (q.denominator, -1)):
        if n == 1:
            continue
        split = [(fmpz(n), 1)] if n.bit_length() > _MAX_FACTORED_BITS else fmpz(n).factor()
        out += [(int(p), sign * int(e)) for p, e in split]
    return out


def _log_factor(field: Field, f: fmpz_mpoly) -> Element:
    """log of an irreducible positive polynomial; of a generator that is itself a power, by the power law."""
    if len(f) == 1 and f.total_degree() == 1 and f.leading_coefficient() == 1:
        index = list(f.degrees()).index(1)
        exponent = field.exponents.get(index)
        if exponent is not None:
            return exponent
        generator = field.generators[index]
        if generator.degree and generator.value is not None:
            return log(field, generator.value, generator.value.to_sympy()) * Fraction(1, generator.degree)
    return _log_generator(field, f)


def _log_generator(field: Field, f: fmpz_mpoly, absolute: bool = False) -> Element:
    key = ("log", field.polynomial_key(f), absolute)
    found = field.lookup(key)
    if found is None:
        a = field.polynomial(f)
        inner = a.to_sympy()
        expr = sp.log(sp.Abs(inner)) if absolute else sp.log(inner, evaluate=False)
        found = field.adjoin(key, expr, a.free_symbols, lambda s: a.diff(s) / a)
        (field.absolute_arguments if absolute else field.log_arguments)[len(field.generators) - 1] = a
    return found


def _whole_log(field: Field, a: Element) -> Element:
    key = ("log", a.key())
    found = field.lookup(key)
    if found is None:
        field.independent = False
        found = field.adjoin(key, sp.log(a.to_sympy(), evaluate=False), a.free_symbols, lambda s: a.diff(s) / a)
    return found


# -- exponentials, powers, roots -----------------------------------------------------------------------------------


def exp(field: Field, a: Element) -> Element:
    """exp a, as a product over the pieces of a; pieces ``q log f`` become powers of f."""
    together, apart = joined(a)
    result = _exponential_of_sum(field, together) if together else field.one
    for q, t in apart:
        base = _log_argument(t, field.log_arguments)
        if base is None and q % 2 == 0:
            base = _log_argument(t, field.absolute_arguments)
        result = result * (_power(field, base, q) if base is not None else _exponential(field, t, q))
    return result


def _log_argument(t: Element, arguments: dict[int, Element]) -> Element | None:
    p = t.numerator
    if t.powers or p.total_degree() != 1:
        return None
    return arguments.get(list(p.degrees()).index(1))


def power(field: Field, a: Element, q: Fraction, expr: Expr) -> Element:
    """a**q for rational q: integer powers exactly, roots factor by factor; ``expr`` is a in SymPy."""
    if q.denominator == 1:
        return a ** int(q)
    if not a:
        return field.zero if q > 0 else opaque(field, sp.Pow(expr, sp.Rational(q.numerator, q.denominator)))
    content, factors = _signed_factors(field, a)
    negative = content < 0
    together: list[tuple[fmpz_mpoly, int]] = []
    result = field.one
    for f, e in factors:
        sign = proven_sign(field, f)
        if (e * q).denominator == 1 and (sign is not None or e * q % 2 == 0):
            base = field.polynomial(f)
            result = result * (base if sign != -1 else -base) ** int(e * q)
            negative ^= sign == -1 and bool(e % 2)
        elif sign is None:
            together.append((f, e))
        else:
            negative ^= sign < 0 and bool(e % 2)
            result = result * _power(field, field.polynomial(f if sign > 0 else -f), e * q)
    if together:
        whole = reduce(field.product, (field.polynomial(f) ** e for f, e in together))
        if any(e % 2 == 0 for _, e in together):
            inner = (-whole if negative else whole).to_sympy()
            result = result * opaque(field, sp.Pow(inner, sp.Rational(q.numerator, q.denominator), evaluate=False))
        else:
            result = result * _power(field, -whole if negative else whole, q)
        negative = False
    for p, e in _prime_powers(abs(content)):
        result = result * _power(field, field.rational(p), e * q)
    if negative:
        if q.denominator != 2:
            return opaque(field, sp.Pow(expr, sp.Rational(q.numerator, q.denominator), evaluate=False))
        result = result * imaginary_unit(field) ** int(2 * q)
    return result


def square_root(a: Element) -> Element:
    """The root of a positive element with one generator for its simple factors: sqrt(1 - r**2), not a root of each.

    Roots of factors that the field has already are used, and squares come out where their sign is proven.
    """
    field = a.field
    content, factors = _signed_factors(field, a)
    size = field.rational(abs(content))
    outside = power(field, size, Fraction(1, 2), size.to_sympy())
    inside = field.rational(1 if content > 0 else -1)
    for f, e in factors:
        base, sign = field.polynomial(f), proven_sign(field, f)
        if sign is None and e != 1 and e % 4:
            return power(field, a, Fraction(1, 2), a.to_sympy())
        if sign is None:
            outside, inside = outside * base ** (e // 2), inside * base ** (e % 2)
            continue
        base, inside = base * sign, inside * (sign if e % 2 else 1)
        if e % 2 and (len(f) == 1 or ("base", base.key()) in field.towers):
            outside = outside * _power(field, base, Fraction(e, 2))
        else:
            outside, inside = outside * base ** (e // 2), inside * base ** (e % 2)
    return outside * _power(field, inside, Fraction(1, 2)) if inside != 1 else outside


def _power(field: Field, base: Element, q: Fraction) -> Element:
    """base**q for a base that is not factored further."""
    if q.denominator == 1:
        return base ** int(q)
    if len(base.numerator) == 1 and base.numerator.total_degree() == 1:
        index = list(base.numerator.degrees()).index(1)
        if index in field.exponents and not base.powers:
            return exp(field, field.exponents[index] * q)
        generator = field.generators[index]
        if generator.degree and generator.value is not None:
            inner = generator.value
            return power(field, inner, q / generator.degree, inner.to_sympy())
    if base.powers:
        top = Element(field, base.numerator, base.denominator, ())
        rest = reduce(field.product, (field.polynomial(field.factor_polynomial(i)) ** e for i, e in base.powers))
        return _power(field, top, q) / _power(field, rest, q)
    key = ("base", base.key())
    tower = field.towers.setdefault(key, Tower(1, base))
    top = _refine(field, tower, key, q.denominator)
    return top ** int(q * tower.order)


def _exponential(field: Field, t: Element, q: Fraction) -> Element:
    """exp(q t) for one piece t."""
    if abs(q) > _LARGEST_POWER:
        field.independent = False
        t, q = t * q, Fraction(1)
    key = ("exp", t.key())
    tower = field.towers.get(key) or _new_exponential(field, key, t * Fraction(1, q.denominator), q.denominator)
    return _refine(field, tower, key, q.denominator) ** int(q * tower.order)


def _exponential_of_sum(field: Field, a: Element) -> Element:
    """exp a for a polynomial in symbols, through the exponentials that there are or else as one of its own."""
    directions = field.exponential_directions
    coefficients = directions.express(a)
    if coefficients is None:
        _new_exponential(field, ("exp sum", directions.add(a)), a, 1)
        coefficients = directions.express(a) or []
    if any(abs(q) > _LARGEST_POWER for q in coefficients):
        return _far_apart(field, a)
    result = field.one
    for i, q in enumerate(coefficients):
        if q:
            key = ("exp sum", i)
            tower = field.towers[key]
            result = result * _refine(field, tower, key, q.denominator) ** int(q * tower.order)
    return result


def _far_apart(field: Field, a: Element) -> Element:
    """exp a by a generator of its own: as a power of another its degree would be beyond all polynomial arithmetic."""
    field.independent = False
    key = ("exp", a.key())
    tower = field.towers.get(key) or _new_exponential(field, key, a, 1)
    return tower.top


def _new_exponential(field: Field, key: Hashable, entry: Element, order: int) -> Tower:
    top = field.adjoin(key, _written_exp(entry.to_sympy()), entry.free_symbols, lambda s: entry.diff(s) * top)
    field.exponents[len(field.generators) - 1] = entry
    tower = field.towers[key] = Tower(order, top)
    return tower


def _written_exp(inner: Expr) -> Expr:
    """exp of an expression as it is usually written: a power, a gamma function, or exp."""
    if isinstance(inner, sp.loggamma):
        return sp.gamma(inner.args[0])
    logs = [f for f in sp.Mul.make_args(inner) if isinstance(f, sp.log)]
    if len(logs) == 1:
        return sp.Pow(logs[0].args[0], inner / logs[0])
    return sp.exp(inner)


def _refine(field: Field, tower: Tower, key: object, order: int) -> Element:
    """Make a tower hold ``1/order`` powers: a root of its present top, with that relation."""
    if tower.order % order:
        m = order // gcd(tower.order, order)
        below = tower.top
        expr = sp.Pow(below.to_sympy(), sp.Rational(1, m))

        def derivation(s: Symbol) -> Element:
            return top * below.diff(s) / (below * m)

        top = field.adjoin((key, m, tower.order), expr, below.free_symbols, derivation, relation=(m, below))
        tower.order *= m
        tower.top = top
    return tower.top
