"""Products of powers as SymPy would write them, without the questions about signs and zeros that it asks meanwhile.

SymPy decides whether the argument of every exponential is zero and whether a term of every power of a sum is infinite;
in a field of fractions both are known. What could combine or simplify further is left to SymPy's own constructors.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cmp_to_key
from typing import TYPE_CHECKING

import sympy as sp

if TYPE_CHECKING:
    from sympy import Expr

_canonical = cmp_to_key(sp.Basic.compare)


def product(coefficient: Expr, powers: Iterable[tuple[Expr, int]]) -> Expr:
    """``coefficient * b1**e1 * b2**e2 ...``, a rational number and powers of generators or irreducible polynomials.

    Exponentials become one. The result is the one that SymPy's constructors give.
    """
    powers = list(powers)
    factors = _separate_factors(powers)
    if factors is None:
        return joined_exponentials(sp.Mul(coefficient, *(b**e for b, e in powers)))
    if coefficient == 0 or not factors:
        return coefficient
    if coefficient == 1:
        return factors[0] if len(factors) == 1 else sp.Mul(*factors, evaluate=False)
    if len(factors) == 1 and factors[0].is_Add:
        return sp.Mul(coefficient, factors[0])  # a number goes into the sum
    return sp.Mul(coefficient, *factors, evaluate=False)


def product_with_number(n: int, monomial: Expr) -> Expr:
    """``n`` times a product or a function that holds no sum to distribute over."""
    if n == 1:
        return monomial
    factors = sp.Mul.make_args(monomial)
    if monomial.is_Add or monomial.is_Pow or factors[0].is_Number:
        return sp.Mul(sp.Integer(n), monomial)
    return sp.Mul(sp.Integer(n), *factors, evaluate=False)


def _separate_factors(powers: Iterable[tuple[Expr, int]]) -> list[Expr] | None:
    """The factors in SymPy's order, if none of them can be combined with another or be written otherwise."""
    factors: list[Expr] = []
    bases: set[Expr] = set()
    exponents: list[Expr] = []
    for base, e in powers:
        if not e:
            continue
        if isinstance(base, sp.exp):
            exponents.append(base.args[0] if e == 1 else sp.Mul(sp.Integer(e), base.args[0]))
            continue
        if base in bases:
            return None
        bases.add(base)
        if e == 1 and (base.is_Add or base.is_Symbol or base.is_Function):
            factors.append(base)
        elif base.is_Symbol or (base.is_Add and base.free_symbols):
            factors.append(sp.Pow(base, sp.Integer(e), evaluate=False))
        elif base.is_Function:
            power = base**e
            if not (power.is_Pow and power.base is base):
                return None
            factors.append(power)
        else:
            return None
    if exponents:
        exponent = exponents[0] if len(exponents) == 1 else sp.Add(*exponents)
        if not _is_plain(exponent):
            return None
        factors.append(sp.exp(exponent, evaluate=False))
    return sorted(factors, key=_canonical)


def _is_plain(exponent: Expr) -> bool:
    """Whether this is a sum of products of symbols and numbers, which neither an expansion nor exp would change."""
    return bool(exponent.free_symbols) and all(
        f.is_Symbol or f.is_Rational or (f.is_Pow and f.base.is_Symbol and f.exp.is_Integer)
        for term in sp.Add.make_args(exponent)
        for f in sp.Mul.make_args(term)
    )


def joined_exponentials(product: Expr) -> Expr:
    """Exponentials that are multiplied with each other as one."""
    factors = [f for f in sp.Mul.make_args(product) if isinstance(f, sp.exp)]
    if len(factors) < 2:
        return product
    rest = [f for f in sp.Mul.make_args(product) if not isinstance(f, sp.exp)]
    return sp.Mul(*rest, sp.exp(sp.expand(sp.Add(*(f.args[0] for f in factors)))))
