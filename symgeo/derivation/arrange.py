"""The order in which a person writes: ``1 - p``, one root, one fraction, exponentials last."""

from __future__ import annotations

import re
from dataclasses import dataclass

import sympy as sp
from sympy import Expr, Integer, Mul, Pow, Rational

from symgeo.codegen.numeric_node import NumericNode

_NUMBERED = re.compile(r"(.*?)(\d+)")
# Functions written without brackets around a single symbol.
BARE = (sp.log, sp.sin, sp.cos, sp.tan, sp.sinh, sp.cosh, sp.tanh)


@dataclass(frozen=True)
class Order:
    """Symbols with a place of their own: sums in ``first`` lead a product, ``last`` follow its fraction."""

    first: frozenset[sp.Symbol] = frozenset()
    last: tuple[sp.Symbol, ...] = ()
    # Whether there are symbols with numbers beyond 9, which do not stand in the order of their names.
    numbered: bool = False


PLAIN = Order()


@dataclass(frozen=True)
class Product:
    """``sign * numerator / denominator * exp(exponential) * trailing``, the factors in order."""

    negative: bool
    numerator: tuple[Expr, ...]
    denominator: tuple[Expr, ...]
    exponential: Expr | None = None
    trailing: tuple[Expr, ...] = ()


def ordered_terms(expr: Expr, order: Order = PLAIN) -> list[Expr]:
    """The terms of a sum: SymPy's order, but beginning without a minus sign where that is possible."""
    terms = _joined_logarithms(list(expr.as_ordered_terms()))
    terms = in_natural_order(terms) if order.numbered else terms
    if expr.free_symbols.intersection(order.last):
        return sorted(terms, key=lambda t: [-_degree(t, s) for s in order.last])
    numbers = [t for t in terms if t.is_number]
    if numbers and (expr.free_symbols <= order.first or all(t.is_number or isinstance(t, sp.exp) for t in terms)):
        terms = numbers + [t for t in terms if not t.is_number]
    if is_negative(terms[0]):
        lead = next((t for t in terms if not is_negative(t)), None)
        if lead is not None:
            terms.remove(lead)
            terms.insert(0, lead)
    return terms


def _degree(term: Expr, symbol: sp.Symbol) -> int:
    """The exponent of a symbol among the term's factors."""
    powers = (f.as_base_exp() for f in Mul.make_args(term))
    return next((int(e) for b, e in powers if b == symbol), 0)


def in_natural_order(items: list[Expr]) -> list[Expr]:
    """``p_2`` before ``p_10``: items alike but for one numbered symbol, in the order of the numbers."""
    places: dict[tuple[str, Expr], list[tuple[int, int]]] = {}
    for place, item in enumerate(items):
        if len(item.free_symbols) == 1:
            (symbol,) = item.free_symbols
            match = _NUMBERED.fullmatch(symbol.name)
            if match:
                shape = item.xreplace({symbol: sp.Symbol(match[1], **symbol.assumptions0)})
                places.setdefault((match[1], shape), []).append((int(match[2]), place))
    out = list(items)
    for group in places.values():
        slots = [place for _, place in group]
        for slot, (_, place) in zip(slots, sorted(group), strict=True):
            out[slot] = items[place]
    return out


def _joined_logarithms(terms: list[Expr]) -> list[Expr]:
    """``log(2)/2 + log(pi)/2`` is ``log(2*pi)/2``: logarithms of numbers with one coefficient become one."""
    constants: dict[Expr, list[Expr]] = {}
    for t in terms:
        c, f = t.as_coeff_Mul()
        if isinstance(f, sp.log) and f.args[0].is_number and f.args[0].is_positive:
            constants.setdefault(c, []).append(t)
    for c, group in constants.items():
        if len(group) > 1:
            joined = c * sp.log(Mul(*(t.as_coeff_Mul()[1].args[0] for t in group)))
            terms = [joined if t is group[0] else t for t in terms if t not in group[1:]]
    return terms


def is_negative(term: Expr) -> bool:
    """Whether the term is written with a minus sign."""
    coefficient = term.as_coeff_Mul()[0]
    return bool(coefficient.is_extended_negative)


def arranged(expr: Expr, order: Order = PLAIN) -> Product:
    """A product (or a single factor) sorted into the parts of a fraction."""
    coefficient, rest = expr.as_coeff_Mul()
    if not coefficient.is_Rational:
        coefficient, rest = sp.S.One, expr
    negative = bool(coefficient < 0)
    p, q = abs(coefficient.p), coefficient.q
    numerator: list[Expr] = []
    denominator: list[Expr] = []
    factors = list(rest.as_ordered_factors())
    for factor in in_natural_order(factors) if order.numbered else factors:
        if factor is sp.S.One:
            continue
        base, exponent = factor.as_base_exp() if isinstance(factor, Pow) else (factor, sp.S.One)
        if not isinstance(factor, sp.exp) and _is_below(base, exponent):
            denominator.append(Pow(base, -exponent, evaluate=False) if exponent != -1 else base)
        else:
            numerator.append(factor)
    numerator, denominator, q = _rational_roots(numerator, denominator, q)
    numerator, denominator = _one_root(numerator), _one_root(denominator)
    if len(numerator) == len(denominator) == 1 and p == q == 1 and _is_root(numerator[0]) and _is_root(denominator[0]):
        inside = _times([numerator[0].base, Pow(denominator[0].base, -1)])
        if _may_merge([numerator[0], denominator[0]]):
            return Product(negative, (sp.sqrt(inside, evaluate=False),), ())
    exponential = None
    exponentials = [f for f in numerator if isinstance(f, sp.exp)]
    if len(exponentials) == 1 and is_tall(exponentials[0].args[0]):
        exponential = exponentials[0].args[0]
        numerator.remove(exponentials[0])
    if negative and not expr.free_symbols.intersection(order.last):
        negative = not _turned(numerator, order)
    numerator.sort(key=lambda f: _rank(f, order))
    denominator.sort(key=lambda f: _rank(f, order))
    trailing = tuple(f for f in numerator if f.free_symbols and f.free_symbols <= set(order.last))
    numerator = [f for f in numerator if f not in trailing]
    if p != 1:
        numerator.insert(0, Integer(p))
    if q != 1:
        denominator.insert(0, Integer(q))
    return Product(negative, tuple(numerator), tuple(denominator), exponential, trailing)


def is_tall(exponent: Expr) -> bool:
    """Whether an exponent is better written inside exp(...) than raised."""
    return exponent.count_ops() > 3


def _is_below(base: Expr, exponent: Expr) -> bool:
    """Whether a power belongs under the fraction bar: its exponent is negative throughout."""
    if exponent.is_Add:
        return all(is_negative(t) for t in exponent.args) and not base.is_Rational
    return is_negative(exponent)


def _is_root(f: Expr) -> bool:
    return isinstance(f, Pow) and f.exp == Rational(1, 2)


def _rational_roots(numerator: list[Expr], denominator: list[Expr], q: int) -> tuple[list[Expr], list[Expr], int]:
    """``sqrt(2)/2`` is ``1/sqrt(2)``: undo a rationalised denominator where that is shorter."""
    kept = []
    for f in numerator:
        if _is_root(f) and f.base.is_Integer and q % int(f.base) == 0:
            q //= int(f.base)
            denominator = [f, *denominator]
        else:
            kept.append(f)
    return kept, denominator, q


def _may_merge(roots: list[Expr]) -> bool:
    """``sqrt(a) sqrt(b) = sqrt(a b)`` holds when all factors but one are known not to be negative."""
    return sum(not r.base.is_nonnegative for r in roots) <= 1


def _turned(numerator: list[Expr], order: Order) -> bool:
    """Take a minus sign into the only sum of the numerator where that leaves no more of them."""
    sums = [n for n, f in enumerate(numerator) if f.is_Add and not f.free_symbols <= order.first]
    if len(sums) != 1:
        return False
    f = numerator[sums[0]]
    minus = sum(map(is_negative, f.args))
    if minus == len(f.args) or 2 * minus < len(f.args):
        return False
    numerator[sums[0]] = sp.Add(*(-t for t in f.args))
    return True


def _one_root(factors: list[Expr]) -> list[Expr]:
    roots = [f for f in factors if _is_root(f)]
    if len(roots) < 2 or not _may_merge(roots):
        return factors
    product = _times(sorted((r.base for r in roots), key=lambda b: _rank(b, PLAIN)))
    return [sp.sqrt(product, evaluate=False), *(f for f in factors if not _is_root(f))]


def _times(factors: list[Expr]) -> Expr:
    """The product, but a number is not multiplied into a sum."""
    return Mul(*factors, evaluate=not any(f.is_Add for f in factors))


def _rank(f: Expr, order: Order) -> int:
    """Numbers, sums in alpha, symbols, functions, sums, exponentials; the sort is stable."""
    base = f.base if isinstance(f, Pow) and not isinstance(f, sp.exp) else f
    if isinstance(f, sp.binomial) or (base.is_number and not isinstance(base, BARE)):
        return 0
    if base.is_Add:
        return 1 if base.free_symbols <= order.first else 5
    if base.is_Symbol:
        return 2
    if isinstance(f, sp.exp):
        return 7
    if isinstance(f, BARE) or isinstance(base, NumericNode):
        return 6
    return 3 if _is_root(f) else 4
