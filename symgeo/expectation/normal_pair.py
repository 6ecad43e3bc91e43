"""Laws under which ``z = alpha v - beta/v`` is standard normal, v a power or an exponential of the variable.

With y = v over its median and w = (y + 1/y)/2, so that w^2 = 1 + z^2/c, the law does not change under y -> 1/y. So the
mean of y^j/w^k is that of a Chebyshev polynomial in w over w^k, and the means M_n of w^(2 n) follow from each other by
E[z g(z)] = E[g'(z)] down from M_0 = 1 and M_-1 = u sqrt(pi) exp(u^2) erfc(u), u^2 = c/2.
Source: Engelhardt, Bain and Wright, Technometrics 23 (1981) 251-256; DLMF 7.7.1 for the integral.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

import sympy as sp

from symgeo.algebra import Element, Field
from symgeo.algebra import generators as gen
from symgeo.algebra.algebraic import coefficients
from symgeo.algebra.element import separated
from symgeo.algebra.functions import scaled_erfc
from symgeo.algebra.zero_test import element_sign, zero_test
from symgeo.errors import NoClosedFormError, NormalisationError

if TYPE_CHECKING:
    from sympy import Expr, Symbol

_OPEN = "no closed form was found: the function is not rational in z and z^2 + c, z normal, or is odd in the root of it"


@dataclass(frozen=True)
class NormalPairExpectation:
    """E[.] where ``z**2/2 = up v**2 + down/v**2`` less a constant, ``median`` the square of v's median.

    ``image`` is x as a function of v, ``power`` v as a function of x.
    """

    x: Symbol
    v: Symbol
    image: Expr
    power: Expr
    log_density: Element
    up: Element
    down: Element
    median: Element
    square: Element  # c = 8 sqrt(up down)
    _moments: dict[int, Element] = field(default_factory=dict)

    @property
    def field(self) -> Field:
        """The field that the expectations live in."""
        return self.log_density.field

    def score(self, parameter: Symbol) -> list[Element]:
        """The score of a parameter, as a function of v."""
        return [self.log_density.diff(parameter)]

    def mean(self, f: Expr) -> Element:
        """E[f]; :class:`NoClosedFormError` where it has no closed form."""
        return self.of_products([self.function(f)])

    def function(self, f: Expr) -> list[Element]:
        """A function of x as a function of v."""
        return [self.field(f.subs(self.x, self.image))]

    def of_products(self, factors: Sequence[Sequence[Element]]) -> Element:
        """The expectation of a product; :class:`NoClosedFormError` where it has no closed form."""
        total = self.field.one
        for (f,) in factors:
            total = total * f
        return self.field.sum(c * self._mean(j, k) for c, j, k in self._terms(total))

    def _terms(self, f: Element) -> Iterator[tuple[Element, int, int]]:
        """``f = sum of c y**j w**-k``, c free of v: (c, j, k)."""
        base = self.field
        v = base(self.v)
        bottom, lower, k = base.rational(f.denominator), 0, 0
        for i, e in f.powers:
            factor = base.polynomial(base.factor_polynomial(i))
            if self.v not in factor.free_symbols:
                bottom = bottom * factor**e
            elif factor == v:
                lower += e
            else:
                parts = coefficients(factor, self._index)
                if set(parts) != {0, 2} or parts[0] - parts[2] * self.median:
                    raise NoClosedFormError(_OPEN)
                # v^2 + median = 2 median y w
                bottom, k = bottom * (2 * parts[2] * self.median) ** e, k + e
        numerator = base.polynomial(f.numerator)
        if any(self.v in g.symbols and not g.is_symbol for g in base.used_generators(numerator)):
            raise NoClosedFormError(_OPEN)
        for i, c in coefficients(numerator, self._index).items():
            power, odd = divmod(i - lower, 2)
            if odd:
                raise NoClosedFormError(_OPEN)
            yield c / bottom * self.median**power, i - lower - k, k

    @property
    def _index(self) -> int:
        return gen.symbol_index(self.field, self.v)

    def _mean(self, j: int, k: int) -> Element:
        """``E[y**j w**-k] = E[T_j(w) w**-k]``."""
        ascending = reversed(sp.Poly(sp.chebyshevt(abs(j), self.v), self.v).all_coeffs())
        return self.field.sum(int(c) * self.moment((d - k) // 2) for d, c in enumerate(ascending) if c)

    def moment(self, n: int) -> Element:
        """``E[w**(2 n)]`` with ``w**2 = 1 + z**2/square``, n of either sign."""
        if n not in self._moments:
            self._moments[n] = self._found(n)
        return self._moments[n]

    def _found(self, n: int) -> Element:
        c = self.square
        if n == 0:
            return self.field.one
        if n == -1:
            u = gen.square_root(c * Fraction(1, 2))
            return u * self.field(sp.sqrt(sp.pi)) * scaled_erfc(u)
        # c (M_(n+1) - M_n) = M_n + 2 n (M_n - M_(n-1))
        if n > 0:
            lower = 2 * (n - 1) * self.moment(n - 2) if n > 1 else self.field.zero
            return ((2 * n - 1 + c) * self.moment(n - 1) - lower) / c
        return ((2 * n + 3 + c) * self.moment(n + 1) - c * self.moment(n + 2)) / (2 * (n + 1))


def normal_pair_expectation(
    base: Field, log_density: Expr, x: Symbol, ends: tuple[Expr, Expr]
) -> NormalPairExpectation | None:
    """E[.] under ``exp(log_density)`` on (0, oo) or the line; None where the law is of another kind.

    Raises :class:`NormalisationError` when the mass, which is exact, is not one.
    """
    if ends not in ((sp.S.Zero, sp.oo), (-sp.oo, sp.oo)):
        return None
    line = ends[0] != 0
    base.knowledge.apart = base.knowledge.apart | {x}
    rates = _rates(base(log_density), x, line)
    for rate in [r for r in rates if r > 0 and -r in rates]:
        v = sp.Dummy("v", positive=True)
        base.knowledge.apart = base.knowledge.apart | {v}
        half = sp.Rational(2 * rate.denominator, rate.numerator)
        image, power = (half * sp.log(v), sp.exp(x / half)) if line else (v**half, x ** (1 / half))
        found = _standard(base, log_density, x, v, image, power)
        if found is not None:
            return found
    return None


def _rates(a: Element, x: Symbol, line: bool) -> set[Fraction]:
    """The known powers of x, or of exp x, that are terms of the log-density."""
    found = set()
    for w, _ in separated(a, (x,)).values():
        if x in w.free_symbols:
            rate = w.diff(x) / w * (1 if line else a.field(x))
            if rate.is_constant:
                found.add(rate.rational())
    return found


def _standard(
    base: Field, log_density: Expr, x: Symbol, v: Symbol, image: Expr, power: Expr
) -> NormalPairExpectation | None:
    along, s = base(log_density.subs(x, image)), base(v)
    terms = dict(separated(along, (v,)).values())
    up, down = (-terms.get(w, base.zero) for w in (s * s, 1 / (s * s)))
    if not up or not down or element_sign(up) != 1 or element_sign(down) != 1:
        return None
    median, product = gen.square_root(down / up), gen.square_root(up * down)
    slope = 1 + median / (s * s)
    rest = (
        along + base(sp.log(sp.diff(image, v))) + up * s * s + down / (s * s) - gen.log(base, slope, slope.to_sympy())
    )
    # Through its derivative, where logarithms of one function written in two ways agree.
    if rest.diff(v):
        return None
    rest = base(rest.to_sympy().subs(v, 1))
    mass = gen.exp(base, rest - 2 * product) * base(sp.sqrt(sp.pi)) / gen.square_root(up)
    if not zero_test(mass - 1):
        raise NormalisationError(f"the density integrates to {mass}, not to one; divide it by that")
    return NormalPairExpectation(x, v, image, power, along, up, down, median, 8 * product)
