"""Fractions over roots and hyperbolic functions in lowest terms: no zero below the line that the value does not have.

In the field a root below the line is removed by its conjugate: 1/(1 + sqrt a) is kept as (1 - sqrt a)/(1 - a), which
is 0/0 at a = 1. For writing, a is put as the square of its root, and sinh and cosh as exponentials; there fractions
have common divisors. What is left, roots of sums, sines and cosines, is freed by the norm where that is enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import sympy as sp

from symgeo.algebra.algebraic import coefficients

if TYPE_CHECKING:
    from flint import fmpz_mpoly

    from symgeo.algebra.element import Element
    from symgeo.algebra.field import Field
    from symgeo.algebra.generator import Generator

_MOST_TERMS = 1500


def lowest_terms(a: Element) -> tuple[fmpz_mpoly, fmpz_mpoly] | None:
    """Numerator and denominator without the common divisors that relations hide; None where there are none."""
    field = a.field
    if not a.powers or not field.has_relations or len(a.numerator) > _MOST_TERMS:
        return None
    algebraic = [g for g in field.used_generators(a) if g.value is not None]
    if not algebraic:
        return None
    bottom = field.context.constant(a.denominator)
    for i, e in a.powers:
        bottom = bottom * field.factor_polynomial(i) ** e
    if len(bottom) > _MOST_TERMS:
        return None
    return _by_substitution(a, bottom, algebraic) or _by_norm(a, bottom, algebraic)


def _by_substitution(
    a: Element, bottom: fmpz_mpoly, algebraic: Sequence[Generator]
) -> tuple[fmpz_mpoly, fmpz_mpoly] | None:
    field = a.field
    pairs = [p for g in algebraic if (p := _hyperbolic(field, g)) is not None]
    top = field.lift(a.numerator)
    bottom = field.lift(bottom)
    for s, c, e in pairs:
        degree = max(_degree(p, s, c) for p in (top, bottom))
        top, bottom = (_exponentials(field, p, s, c, e, degree) for p in (top, bottom))
    # A root of a root is a root too: all that lie below a root that occurs are put as powers of it, lowest first.
    below = {g.index for g in algebraic}
    steps = []
    for generator in reversed(field.generators):
        index = _plain(generator) if generator.index in below else None
        if index is not None:
            below.add(index)
            steps.append((index, generator))
    for index, generator in reversed(steps):
        top, bottom = (_powers(field, p, index, generator.index, generator.degree) for p in (top, bottom))
    common = top.gcd(bottom)
    if len(common) < 2:
        return None
    return top / common, bottom / common


def _plain(generator: Generator) -> int | None:
    """The generator that this one is a root of, if it is one and nothing else."""
    value = generator.value
    if value is None or len(value.numerator) != 1 or value.numerator.total_degree() != 1 or value.powers:
        return None
    if value.denominator != 1 or value.numerator.leading_coefficient() != 1:
        return None
    return list(value.numerator.degrees()).index(1)


def _powers(field: Field, p: fmpz_mpoly, index: int, root: int, n: int) -> fmpz_mpoly:
    out: dict[tuple[int, ...], Any] = {}
    for exponents, c in p.to_dict().items():
        moved = list(exponents)
        moved[root], moved[index] = moved[root] + n * moved[index], 0
        key = tuple(moved)
        out[key] = out.get(key, 0) + c
    return field.context.from_dict(out)


def _hyperbolic(field: Field, generator: Generator) -> tuple[int, int, int] | None:
    """The indices of sinh u, cosh u and exp u for a hyperbolic cosine; exp u enters the field if it must."""
    if not isinstance(generator.expr, sp.cosh):
        return None
    inner = generator.expr.args[0]
    sine = next((g.index for g in field.generators if g.expr == sp.sinh(inner)), None)
    power = field(sp.exp(inner))
    if sine is None or power.powers or len(power.numerator) != 1 or power.numerator.total_degree() != 1:
        return None
    return sine, generator.index, list(power.numerator.degrees()).index(1)


def _degree(p: fmpz_mpoly, s: int, c: int) -> int:
    return max((int(m[s] + m[c]) for m in p.monoms()), default=0)


def _exponentials(field: Field, p: fmpz_mpoly, s: int, c: int, e: int, degree: int) -> fmpz_mpoly:
    """``(2 e)**degree p`` with ``s = (e - 1/e)/2`` and ``c = (e + 1/e)/2``."""
    x = field.context.gen(e)
    low, high = x**2 - 1, x**2 + 1
    total = field.context.constant(0)
    for exponents, k in p.to_dict().items():
        i, j = int(exponents[s]), int(exponents[c])
        rest = list(exponents)
        rest[s] = rest[c] = 0
        total = total + field.context.from_dict({tuple(rest): k}) * low**i * high**j * (2 * x) ** (degree - i - j)
    return total


def _by_norm(a: Element, bottom: fmpz_mpoly, algebraic: Sequence[Generator]) -> tuple[fmpz_mpoly, fmpz_mpoly] | None:
    """``(A + B g)/D = 1/((D/N) (A - B g))`` where the norm ``N = A**2 - B**2 g**2`` divides D."""
    field = a.field
    generator = algebraic[-1]
    if generator.degree != 2 or generator.value is None:
        return None
    parts = coefficients(field.polynomial(a.numerator), generator.index)
    low, high = parts.get(0), parts.get(1)
    if low is None or high is None:
        return None
    norm = (low * low - high * high * generator.value).numerator
    whole, rest = divmod(field.lift(bottom), norm)
    if not rest.is_zero():
        return None
    conjugate = (low - high * field.generator(generator.index)).numerator
    return field.context.constant(1), whole * conjugate
