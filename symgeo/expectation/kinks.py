"""Where a function of one variable has kinks, jumps or poles: the zeros of what it switches on.

A place is an expression in the parameters: the zero of the argument of Abs, sign, Heaviside, of the difference of two
arguments of Max or Min, of the two sides of a condition, solved where it is linear or quadratic in the variable or a
chain of invertible functions of it. What cannot be solved is told, never skipped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import combinations

import sympy as sp
from sympy import Expr, Symbol
from sympy.core.relational import Relational

from symgeo.algebra import Field
from symgeo.algebra.zero_test import element_sign, zero_test

SWITCHES = (sp.Abs, sp.sign, sp.Heaviside, sp.Max, sp.Min, sp.Piecewise)
_STEPPED = (sp.floor, sp.ceiling, sp.frac, sp.Mod, sp.arg, sp.re, sp.im)
# A sign over the whole domain where it can be proven, as ``element_sign`` gives it.
Sign = Callable[[Expr], int | None]


class Signs:
    """Signs and zeros of expressions in the parameters, as far as a field proves them."""

    def __init__(self, field: Field):
        self.field = field

    def __call__(self, e: Expr) -> int | None:
        """1, -1, or 0 for what vanishes identically; None where nothing is proven."""
        if e.has(sp.nan, sp.zoo, sp.oo, -sp.oo):
            return None
        if e.is_zero or e.is_positive or e.is_negative:
            return 0 if e.is_zero else 1 if e.is_positive else -1
        element = self.field(e)
        return 0 if zero_test(element) else element_sign(element)

    def vanishes(self, e: Expr) -> bool:
        """Whether an expression is identically zero."""
        return self(e) == 0


def switched_on(e: Expr) -> Iterator[Expr]:
    """What changes its sign where an expression switches."""
    for f in sorted(e.atoms(*SWITCHES), key=sp.default_sort_key):
        if isinstance(f, (sp.Max, sp.Min)):
            yield from (a - b for a, b in combinations(f.args, 2))
        elif isinstance(f, sp.Piecewise):
            relations = {r for _, condition in f.args for r in condition.atoms(Relational)}
            yield from (r.lhs - r.rhs for r in sorted(relations, key=sp.default_sort_key))
        else:
            yield f.args[0]


def may_jump(e: Expr, variables: Iterable[Symbol], parameters: Iterable[Symbol]) -> bool:
    """Whether an expression may jump at a place that moves with a parameter."""
    jumping = (sp.sign, sp.Heaviside, sp.Piecewise, *_STEPPED)
    return any(_moves(f, variables, parameters) for f in e.atoms(*jumping))


def moving(e: Expr, variables: Iterable[Symbol], parameters: Iterable[Symbol]) -> list[Expr]:
    """The functions in an expression that switch at a place which depends on parameters."""
    found = e.atoms(*SWITCHES, *_STEPPED)
    return sorted((f for f in found if _moves(f, variables, parameters)), key=sp.default_sort_key)


def _moves(f: Expr, variables: Iterable[Symbol], parameters: Iterable[Symbol]) -> bool:
    parts = [c for _, c in f.args] if isinstance(f, sp.Piecewise) else [f]
    return any(p.free_symbols & set(variables) and p.free_symbols & set(parameters) for p in parts)


def kinks(e: Expr, x: Symbol, signs: Signs) -> tuple[Expr, ...] | None:
    """The places at which a function of x may have a kink or a jump; None where they are not found."""
    if any(x in f.free_symbols for f in e.atoms(*_STEPPED)):
        return None
    places: list[Expr] = []
    for g in switched_on(e):
        found = zeros(g, x, signs)
        if found is None:
            return None
        places += found
    return distinct(places, signs)


def poles(e: Expr, x: Symbol, signs: Signs) -> tuple[Expr, ...]:
    """The zeros of bases of powers and of arguments of logarithms, as far as they are found."""
    arguments = {p.base for p in e.atoms(sp.Pow) if not (p.exp.is_Integer and p.exp > 0)}
    arguments |= {f.args[0] for f in e.atoms(sp.log)}
    places: list[Expr] = []
    for g in sorted(arguments, key=sp.default_sort_key):
        if x in g.free_symbols:
            places += zeros(g, x, signs) or []
    return distinct(places, signs)


def distinct(places: Iterable[Expr], signs: Signs) -> tuple[Expr, ...]:
    """Places without those that are the same for all parameters."""
    kept: list[Expr] = []
    for place in places:
        if all(place != k and not signs.vanishes(place - k) for k in kept):
            kept.append(place)
    return tuple(kept)


def zeros(g: Expr, x: Symbol, signs: Signs) -> list[Expr] | None:
    """The real zeros in x; None where they cannot be written down, or may be real or not."""
    if x not in g.free_symbols:
        return []
    if g.is_Mul:
        parts = [zeros(factor, x, signs) for factor in g.args]
        return None if any(p is None for p in parts) else [place for p in parts if p for place in p]
    if g.is_Pow and x not in g.exp.free_symbols:
        # A pole changes the sign as a zero does.
        return zeros(g.base, x, signs)
    if isinstance(g, sp.exp):
        return []
    if isinstance(g, sp.Abs):
        return zeros(g.args[0], x, signs)
    if g.is_polynomial(x):
        found = _polynomial_zeros(g, x, signs)
        if found is not None:
            return found
    constant, rest = g.as_independent(x, as_Add=True)
    return None if rest.is_Add else _solved(rest, -constant, x, signs)


def _polynomial_zeros(g: Expr, x: Symbol, signs: Signs) -> list[Expr] | None:
    polynomial = sp.Poly(g, x)
    if polynomial.degree() == 1:
        slope, constant = polynomial.all_coeffs()
        return [sp.cancel(-constant / slope)]
    if polynomial.degree() != 2:
        return None
    a, b, c = polynomial.all_coeffs()
    discriminant = sp.expand(b**2 - 4 * a * c)
    sign, middle = signs(discriminant), sp.cancel(-b / (2 * a))
    if sign is None:
        return None
    if sign == 1:
        half = sp.sqrt(sp.cancel(discriminant / (4 * a**2)))
        return [middle - half, middle + half]
    return [middle] if sign == 0 else []


def _solved(term: Expr, value: Expr, x: Symbol, signs: Signs) -> list[Expr] | None:
    """The real x at which ``term = value``, value free of x."""
    factor, h = term.as_independent(x, as_Add=False)
    value = value / factor
    if h == x:
        return [value]
    sign = signs(value)
    if isinstance(h, sp.log):
        return zeros(h.args[0] - sp.exp(value), x, signs)
    if isinstance(h, sp.sinh):
        return zeros(h.args[0] - sp.asinh(value), x, signs)
    if isinstance(h, sp.exp) or (h.is_Pow and x not in h.base.free_symbols):
        if sign is None:
            return None
        base, exponent = h.as_base_exp()
        return zeros(exponent * sp.log(base) - sp.log(value), x, signs) if sign == 1 else []
    if isinstance(h, sp.Abs):
        return _both(h.args[0], value, sign, x, signs)
    if not h.is_Pow:
        return zeros(h - value, x, signs) if h.is_Add else None
    base, power = h.as_base_exp()
    if power == -1:
        return None if sign is None else zeros(base - 1 / value, x, signs) if sign else []
    if sign is None:
        return None
    if power.is_even:
        return _both(base, value ** (1 / power) if sign == 1 else value, sign, x, signs)
    if sign == 1:
        return zeros(base - value ** (1 / power), x, signs)
    return zeros(base + (-value) ** (1 / power), x, signs) if power.is_odd else []


def _both(base: Expr, size: Expr, sign: int | None, x: Symbol, signs: Signs) -> list[Expr] | None:
    """Where the absolute value of ``base`` is ``size``."""
    if sign is None or sign == -1:
        return None if sign is None else []
    found = [zeros(base - turn * size, x, signs) for turn in ((1, -1) if sign else (1,))]
    return None if any(f is None for f in found) else [place for f in found if f for place in f]


def pointwise_derivative(e: Expr, s: Symbol) -> Expr:
    """The derivative wherever there is one: no point masses where something jumps."""
    if not e.has(*SWITCHES, *_STEPPED):
        return sp.diff(e, s)
    real = {v: sp.Dummy(v.name, real=True) for v in e.free_symbols if not v.is_extended_real}
    slope = sp.diff(e.xreplace(real), real.get(s, s)).xreplace({d: v for v, d in real.items()})
    return slope.replace(lambda f: isinstance(f, sp.DiracDelta), lambda f: sp.S.Zero)
