"""Products of powers as SymPy would write them, without the questions about signs and zeros that it asks meanwhile.

SymPy decides whether the argument of every exponential is zero and whether a term of every power of a sum is infinite;
in a field of fractions both are known. What could combine or simplify further is left to SymPy's own constructors.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Mapping, Sequence
from functools import cmp_to_key
from typing import TYPE_CHECKING

import sympy as sp

if TYPE_CHECKING:
    from sympy import Expr

# The generators of a monomial by number, and their exponents.
Monomial = tuple[tuple[int, int], ...]

_canonical = cmp_to_key(sp.Basic.compare)


def product(coefficient: Expr, powers: Iterable[tuple[Expr, int]]) -> Expr:
    """``coefficient * b1**e1 * b2**e2 ...``, a rational number and powers of generators or irreducible polynomials.

    Exponentials become one. The result is the one that SymPy's constructors give.
    """
    powers = list(powers)
    factors = _separate_factors(powers)
    if factors is None:
        return joined_exponentials(sp.Mul(coefficient, *(b**e for b, e in powers)))
    return _multiple(coefficient, factors)


def polynomial(
    generators: Sequence[Expr], terms: Mapping[Monomial, int], written: dict[Monomial, list[Expr] | Expr]
) -> Expr:
    """A sum of integers times monomials in generators; ``written`` remembers the monomials between calls."""
    parts: list[Expr] = []
    number, separate = sp.S.Zero, True
    for key, c in terms.items():
        found = written.get(key)
        if found is None:
            powers = [(generators[i], e) for i, e in key]
            factors = _separate_factors(powers)
            found = written[key] = product(sp.S.One, powers) if factors is None else factors
        if not key:
            number = sp.Integer(c)
        elif isinstance(found, list):
            parts.append(_multiple(sp.Integer(c), found))
        else:
            separate = False
            parts.append(sp.Mul(sp.Integer(c), found))
    if not separate:
        return sp.Add(number, *parts)
    parts.sort(key=_canonical)
    if number:
        parts.insert(0, number)
    return sp.Add._from_args(parts)


def with_term(total: Expr, term: Expr) -> Expr:
    """``total + term`` for a term, no number, that combines with none of the sum's."""
    if not total:
        return term
    terms = list(sp.Add.make_args(total))
    insort(terms, term, lo=1 if terms[0].is_Number else 0, key=_canonical)
    return sp.Add._from_args(terms)


def _multiple(coefficient: Expr, factors: Sequence[Expr]) -> Expr:
    """A number times factors that do not combine, in SymPy's order."""
    if not factors:
        return coefficient
    if coefficient == 1:
        return sp.Mul._from_args(factors)
    if len(factors) == 1 and factors[0].is_Add:
        return sp.Mul(coefficient, factors[0])  # a number goes into the sum
    return sp.Mul._from_args((coefficient, *factors))


def _separate_factors(powers: Iterable[tuple[Expr, int]]) -> list[Expr] | None:
    """The factors in SymPy's order, if none of them can be combined with another or be written otherwise."""
    factors: list[Expr] = []
    bases: set[Expr] = set()
    exponents: list[tuple[Expr, int]] = []
    for base, e in powers:
        if not e:
            continue
        if isinstance(base, sp.exp):
            exponents.append((base, e))
            continue
        if e == 1 and base.is_Pow and base.exp.is_Rational and not base.base.is_Rational:
            root = base.base
            factors.append(base)
        elif e == 1 and base.is_Pow and base.exp is sp.S.Half and base.base.is_Integer:
            root = sp.S.One  # roots of integers combine with each other
            factors.append(base)
        elif base.is_Symbol or (base.is_Add and not base.is_number) or (base.is_NumberSymbol and base is not sp.E):
            root = base
            factors.append(base if e == 1 else sp.Pow(base, sp.Integer(e), evaluate=False))
        elif base.is_Function:
            root = base
            factors.append(base if e == 1 else base**e)
            if not (e == 1 or (factors[-1].is_Pow and factors[-1].base is base)):
                return None
        else:
            return None
        if root in bases:
            return None
        bases.add(root)
    if exponents:
        exponential = _exponential(exponents)
        if exponential is None:
            return None
        factors.append(exponential)
    return sorted(factors, key=_canonical)


def _exponential(powers: list[tuple[Expr, int]]) -> Expr | None:
    """A product of powers of exponentials of independent arguments as one; None where SymPy must look at it."""
    if len(powers) == 1 and powers[0][1] == 1:
        return powers[0][0]
    linear = _linear([(e.args[0], n) for e, n in powers])
    if linear is not None:
        return sp.exp(linear, evaluate=False) if linear else None
    terms = [e.args[0] if n == 1 else sp.Mul(sp.Integer(n), e.args[0]) for e, n in powers]
    exponent = terms[0] if len(terms) == 1 else sp.Add(*terms)
    if not _is_expanded(exponent):
        if len(terms) > 1:
            exponent = sp.expand(exponent, power_exp=False)
        if exponent.is_number or exponent.has(sp.log, sp.I):
            return None
    elif exponent.is_Rational:
        return None
    return sp.exp(exponent, evaluate=False)


def _linear(multiples: Sequence[tuple[Expr, int]]) -> Expr | None:
    """The sum of multiples of what is linear in symbols; None for anything else."""
    total: dict[Expr, Expr] = {}
    for x, n in multiples:
        for term in sp.Add.make_args(x):
            c, symbol = term.as_coeff_Mul()
            if not symbol.is_Symbol:
                return None
            total[symbol] = total.get(symbol, 0) + n * c
    terms = [_multiple(c, [symbol]) for symbol, c in total.items() if c]
    return sp.Add._from_args(sorted(terms, key=_canonical))


def _is_expanded(total: Expr) -> bool:
    """Whether this is a sum of products of symbols, numbers, and exponentials of such sums."""
    return all(
        f.is_Symbol
        or f.is_Rational
        or (f.is_Pow and f.base.is_Symbol and f.exp.is_Integer)
        or (isinstance(f, sp.exp) and _is_expanded(f.args[0]))
        for term in sp.Add.make_args(total)
        for f in sp.Mul.make_args(term)
    )


def joined_exponentials(product: Expr) -> Expr:
    """Exponentials that are multiplied with each other as one."""
    factors = [f for f in sp.Mul.make_args(product) if isinstance(f, sp.exp)]
    if len(factors) < 2:
        return product
    rest = [f for f in sp.Mul.make_args(product) if not isinstance(f, sp.exp)]
    exponent = sp.expand(sp.Add(*(f.args[0] for f in factors)), power_exp=False)
    return sp.Mul(*rest, sp.exp(exponent))
