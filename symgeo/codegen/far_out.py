"""Functions of large arguments: forms without the cancellation of their asymptotic series.

1 - c exp(c) E_1(c) is about 1/c far out and has no digits left there. The function is written as the first terms of its
asymptotic series and the exact remainder,

    e^c E_1(c) = sum_(j<n) (-1)^j j!/c^(j+1) + (-1)^n n!/c^n e^c E_(n+1)(c),

and likewise e^c erfc(sqrt c), and polygammas of quotients; what cancels then does so exactly, in the field.
Sources: DLMF 8.19.12, 8.20 and 5.15.8.
"""

from __future__ import annotations

from fractions import Fraction
from math import factorial
from typing import TYPE_CHECKING

import sympy as sp

from symgeo.algebra import differential_field
from symgeo.codegen.looking import functions_within
from symgeo.codegen.lowering import polygamma_tail, scaled_expint

if TYPE_CHECKING:
    from symgeo.algebra.element import Element
    from symgeo.algebra.field import Field

# What cancellation is looked for in.
KINDS = (sp.expint, sp.polygamma)
_MOST_NODES = 3000
# Beyond these arguments the series serve, with so many terms.
_FAR, _TERMS = 4, 10
_FAR_POLYGAMMA, _TERMS_POLYGAMMA = 6, 6

Meanings = dict[sp.Symbol, sp.Expr]


class Asymptotics:
    """Forms for large arguments; those of one argument share a field, and with it the series.

    The symbols in the forms that stand for remainders are entered in ``meanings``.
    """

    def __init__(self, meanings: Meanings):
        self._meanings = meanings
        self._fields: dict[tuple[sp.Expr, bool], Field] = {}

    def form(self, expr: sp.Basic) -> sp.Basic:
        """An equal expression, by cases: another form where the argument of E_1 or of polygammas is large."""
        if not isinstance(expr, (sp.Mul, sp.Add)):
            return expr
        functions = functions_within(expr, KINDS, _MOST_NODES)
        arguments = {f.args[1] for f in functions if _is_far_function(f)}
        if len(arguments) != 1:
            return expr
        (c,) = arguments
        integrals = any(isinstance(f, sp.expint) for f in functions)
        if any(isinstance(f, sp.polygamma) and (integrals or (f.args[0] != 0 and f.args[1] != c)) for f in functions):
            return expr
        field = self._fields.setdefault((c, integrals), differential_field())
        if integrals:
            self._read_exponential_integrals(field, expr, c)
        else:
            for f in functions:
                # The digamma function itself is not small far out: it cancels with none of its derivatives.
                if f.args[0] != 0 and f not in field.readings:
                    field.readings[f] = self._polygamma(field, int(f.args[0]), c)
        form = field(expr)
        kinds = (sp.exp, sp.erfc) if integrals else (sp.exp,)
        if any(g.expr.has(*kinds) or _is_derivative(g.expr) for g in field.used_generators(form)):
            return expr
        far = sp.StrictGreaterThan(c, _FAR if integrals else _FAR_POLYGAMMA, evaluate=False)
        return sp.Piecewise((form.to_sympy(), far), (expr, True), evaluate=False)

    def _read_exponential_integrals(self, field: Field, expr: sp.Basic, c: sp.Expr) -> None:
        """``E_1(c)``, and ``erfc`` of the square root of c, as their series."""
        for f in (sp.expint(1, c), *expr.atoms(sp.erfc)):
            if f in field.readings:
                continue
            if isinstance(f, sp.expint):
                field.readings[f] = self._series(field, c, Fraction(0), 1 / field(c)) * field(sp.exp(-c))
            elif field(f.args[0]) ** 2 == field(c) and f.args[0].is_positive:
                scale = field(sp.exp(-c)) / field(sp.sqrt(sp.pi))
                field.readings[f] = self._series(field, c, Fraction(1, 2), 1 / field(f.args[0])) * scale

    def _series(self, field: Field, c: sp.Expr, a: Fraction, first: Element) -> Element:
        """``e^c Gamma(a, c)``: terms that begin with ``first = c^(a-1)``, and the remainder, a symbol."""
        coefficients = [Fraction(1)]
        for j in range(_TERMS):
            coefficients.append(coefficients[-1] * (a - 1 - j))
        rest = self._remainder(field, scaled_expint(_TERMS + 1 - sp.Rational(a.numerator, a.denominator), c))
        inverse = 1 / field(c)
        powers = [first]
        for _ in range(_TERMS):
            powers.append(powers[-1] * inverse)
        powers[_TERMS] = powers[_TERMS - 1] * rest
        return field.sum(field.rational(q) * p for q, p in zip(coefficients, powers, strict=True))

    def _polygamma(self, field: Field, n: int, c: sp.Expr) -> Element:
        inverse = 1 / field(c)
        terms = [factorial(n - 1) * inverse**n, inverse ** (n + 1) * Fraction(factorial(n), 2)]
        for k in range(1, _TERMS_POLYGAMMA):
            b = sp.bernoulli(2 * k)
            scale = Fraction(int(b.p), int(b.q)) * factorial(2 * k + n - 1) / factorial(2 * k)
            terms.append(inverse ** (2 * k + n) * scale)
        rest = self._remainder(field, polygamma_tail(n, _TERMS_POLYGAMMA, c))
        return field.sum([*terms, rest * inverse ** (2 * _TERMS_POLYGAMMA + n)]) * (-1) ** (n + 1)

    def _remainder(self, field: Field, meaning: sp.Expr) -> Element:
        symbol = sp.Dummy("r", positive=True)
        self._meanings[symbol] = meaning
        return field(symbol)


def _is_far_function(f: sp.Expr) -> bool:
    """E_1 of what is positive, or a polygamma, not the first, of a quotient."""
    order, c = f.args
    if isinstance(f, sp.expint):
        return bool(order == 1 and c.is_positive)
    return bool(order.is_Integer and order > 0 and c.free_symbols and not c.is_polynomial(*c.free_symbols))


def _is_derivative(f: sp.Expr) -> bool:
    """Whether this is a derivative of the digamma function."""
    return isinstance(f, sp.polygamma) and f.args[0] != 0
