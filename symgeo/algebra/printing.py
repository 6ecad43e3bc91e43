"""From the field to SymPy, written as a person would: factored, signs sensible, ``1 - rho**2`` kept together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sympy as sp

from symgeo.algebra.element import pieces
from symgeo.algebra.generators import log
from symgeo.algebra.lowest_terms import lowest_terms
from symgeo.algebra.sampled_sign import sampled_sign
from symgeo.algebra.writing import joined_exponentials, polynomial, product

if TYPE_CHECKING:
    from flint import fmpz_mpoly
    from sympy import Expr

    from symgeo.algebra.element import Element
    from symgeo.algebra.field import Field

_MAX_FACTORED_TERMS = 3000


def to_sympy(a: Element) -> Expr:
    """An element as a product of factors to powers, over the user's symbols."""
    field = a.field
    if not a:
        return sp.S.Zero
    if a.is_constant:
        q = a.rational()
        return sp.Rational(q.numerator, q.denominator)
    reduced = lowest_terms(a)
    top = a.numerator if reduced is None else reduced[0]
    if len(top) > _MAX_FACTORED_TERMS:
        content, factors = 1, [(top, 1)]
    else:
        content, factors = field.factorise(top)
    if reduced is None:
        denominator, below = a.denominator, [(field.factor_polynomial(i), e) for i, e in a.powers]
    else:
        denominator, below = field.factorise(reduced[1])
    sign, signed = _with_signs(field, factors + [(f, -e) for f, e in below], content * denominator)
    powers = [_squared_cosine(field, f, e) or (_factor(field, f), e) for f, e in _merged(signed)]
    return product(sp.Rational(sign * content, denominator), powers)


def _squared_cosine(field: Field, f: fmpz_mpoly, e: int) -> tuple[Expr, int] | None:
    """The base and exponent of ``1 - sin(u)**2`` as ``cos(u)**2``, and the same for sinh and cosh."""
    if 2 <= len(f) <= 3:
        for generator in field.generators:
            if isinstance(generator.expr, sp.cos | sp.cosh) and generator.value is not None:
                value = generator.value.numerator
                if value in (f, -f):
                    power = generator.expr ** (2 * e)
                    return (power, 1) if value == f or e % 2 == 0 else (-power, 1)
    return None


def written_as_sum(a: Element) -> Expr:
    """An element as a sum over its logarithms and other functions, one coefficient each: how potentials are written."""
    field = a.field
    a = _conjugate_logs_joined(a)
    logs: list[tuple[Element, fmpz_mpoly]] = []
    terms = []
    for key, coefficient in _by_functions(a).items():
        argument = field.log_arguments.get(key[0][0]) if len(key) == 1 and key[0][1] == 1 else None
        if argument is not None and not argument.powers and argument.denominator == 1 and len(argument.numerator) > 1:
            logs.append((coefficient, argument.numerator))
            continue
        functions = sp.Mul(*(field.generators[i].expr ** e for i, e in key))
        terms += [sp.Mul(c, functions) for c in sp.Add.make_args(_expanded(coefficient))]
    for coefficient in {c: None for c, _ in logs}:
        arguments = [(field.lift(f), 1) for c, f in logs if c == coefficient]
        terms += [coefficient.to_sympy() * sp.log(_polynomial(field, f)) for f, _ in _merged(arguments)]
    return sp.Add(*terms)


def _expanded(a: Element) -> Expr:
    """A polynomial as its terms, a fraction whole."""
    return sp.Add(*((t * q).to_sympy() for q, t in pieces(a))) if not a.powers else a.to_sympy()


def _by_functions(a: Element) -> dict[tuple[tuple[int, int], ...], Element]:
    """Coefficients, free of functions, by monomials in the functions: logarithms, gamma functions and the like."""
    field = a.field
    is_function = [
        g.index in field.log_arguments or not (g.is_symbol or g.degree or g.expr.is_number) for g in field.generators
    ]
    groups: dict[tuple[tuple[int, int], ...], list[Element]] = {}
    for exponents, c in a.numerator.to_dict().items():
        key = tuple((i, int(e)) for i, e in enumerate(exponents) if e and is_function[i])
        rest = tuple(0 if i < len(is_function) and is_function[i] else e for i, e in enumerate(exponents))
        unit = field.product(field.polynomial(field.context.from_dict({rest: c})), field.quotient_of(a))
        groups.setdefault(key, []).append(unit)
    return {key: field.sum(parts) for key, parts in sorted(groups.items())}


def _conjugate_logs_joined(a: Element) -> Element:
    """log(u - v sqrt w) + log(u + v sqrt w), with one coefficient, is log of a product free of the root."""
    field = a.field
    for _ in range(len(field.log_arguments)):
        linear = {k[0][0]: c for k, c in _by_functions(a).items() if len(k) == 1 and k[0][1] == 1}
        algebraic = [(i, c, field.log_arguments[i]) for i, c in linear.items() if _has_root(field.log_arguments.get(i))]
        for k, (i, c, u) in enumerate(algebraic):
            partner = next(((j, v) for j, d, v in algebraic[k + 1 :] if d == c and not _has_root(u * v)), None)
            if partner is None:
                continue
            product = u * partner[1]
            joined = log(field, product, product.to_sympy())
            both = field.generator(i) + field.generator(partner[0])
            a = a + c * (joined - both)
            break
        else:
            return a
    return a


def _has_root(a: Element | None) -> bool:
    return a is not None and any(g.degree for g in a.field.used_generators(a))


def _with_signs(
    field: Field, factors: list[tuple[fmpz_mpoly, int]], leading: int
) -> tuple[int, list[tuple[fmpz_mpoly, int]]]:
    """Each factor of several terms turned to the sign in which it is usually written."""
    sign, out = 1, []
    for f, e in factors:
        if len(f) > 1 and _is_turned(field, f, e):
            f = -f
            sign *= -1 if e % 2 else 1
        out.append((f, e))
    if sign * leading < 0:
        # A difference takes up a minus in front: a - b, not -(b - a).
        for k, (f, e) in enumerate(out):
            if e > 0 and e % 2 and _is_difference(f):
                out[k] = (-f, e)
                return -sign, out
    return sign, out


def _is_difference(f: fmpz_mpoly) -> bool:
    """Terms of both signs, no more with a plus than with a minus, and no constant among them."""
    negative = sum(c < 0 for c in f.coeffs())
    return 0 < 2 * negative <= len(f) and all(any(exponents) for exponents in f.monoms())


def _is_turned(field: Field, f: fmpz_mpoly, e: int) -> bool:
    """Most terms carry a plus; below the line, with a constant as in 1 - p - q, or at a tie, a sample point decides."""
    negative = sum(c < 0 for c in f.coeffs())
    positive = len(f) - negative
    constant = any(not any(exponents) for exponents in f.monoms())
    if negative and positive and (e < 0 or constant or negative == positive):
        return sampled_sign(field, f) < 0
    return negative > positive


def _merged(factors: list[tuple[fmpz_mpoly, int]]) -> list[tuple[fmpz_mpoly, int]]:
    """Multiply out pairs of factors of one exponent where that is shorter: (1 - r)(1 + r) is 1 - r**2."""
    out: list[tuple[fmpz_mpoly, int]] = []
    for f, e in factors:
        if 1 < len(f) <= 8:
            for k, (g, d) in enumerate(out):
                if d == e and 1 < len(g) <= 8 and len(f * g) <= max(len(f), len(g)):
                    out[k] = (f * g, d)
                    break
            else:
                out.append((f, e))
        else:
            out.append((f, e))
    return out


def _factor(field: Field, p: fmpz_mpoly) -> Expr:
    """A polynomial, ratios of functions such as I_1/I_0 brought over their common denominator."""
    ratios = {i: (p.degrees()[i], *field.ratios[i]) for i in field.ratios if p.degrees()[i] > 0}
    if not ratios:
        return _polynomial(field, p)
    terms = []
    for exponents, c in p.to_dict().items():
        powers = [sp.Integer(int(c))]
        for i, e in enumerate(map(int, exponents)):
            if i in ratios:
                degree, top, bottom = ratios[i]
                powers += [top**e, bottom ** (degree - e)]
            elif e:
                powers.append(field.generators[i].expr ** e)
        terms.append(joined_exponentials(sp.Mul(*powers)))
    return sp.Mul(sp.Add(*terms), *(bottom**-degree for degree, _, bottom in ratios.values()))


def _polynomial(field: Field, p: fmpz_mpoly) -> Expr:
    rows = p.to_dict()
    key = tuple(rows.items())
    if key not in field.written_polynomials:
        terms = {tuple((i, int(e)) for i, e in enumerate(m) if e): int(c) for m, c in rows.items()}
        written = polynomial([g.expr for g in field.generators], terms, field.written_monomials)
        field.written_polynomials[key] = written
    return field.written_polynomials[key]
