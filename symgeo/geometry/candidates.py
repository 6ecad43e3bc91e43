"""Functions that may be linear coordinates of a space of constant curvature, told from the look of the metric.

Powers of the factors of the metric come with the exponents that the Laplace equation allows where the factor vanishes;
coordinates enter by themselves, by the arc length of the curve along which they run, and, where the metric does not
depend on them, by the exponentials and angles that the motion along them has for eigenfunctions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import combinations_with_replacement, product
from math import inf, prod
from typing import TYPE_CHECKING

import sympy as sp
from flint.utils.flint_exceptions import DomainError as NotDivisible

from symgeo.algebra.generators import power
from symgeo.algebra.sampled_sign import sampled_sign
from symgeo.algebra.substitution import substitution
from symgeo.geometry.arc_length import arc_length

if TYPE_CHECKING:
    from flint import fmpz_mpoly

    from symgeo.algebra import Element
    from symgeo.geometry.hessian_equation import HessianEquation

_EXPONENTS = sorted({Fraction(a, b) for b in (1, 2, 3, 4, 6) for a in range(-6 * b, 6 * b + 1)})
_MOST = 3000  # equations, one for every candidate and component, in one stage


class Candidates:
    """The pool for one equation: ``determinant`` of the metric, its inverse ``[i][j]``, ``more`` functions to try."""

    def __init__(
        self,
        equation: HessianEquation,
        inverse: Sequence[Sequence[Element]],
        determinant: Element,
        more: Sequence[Element],
    ):
        self.equation, self.inverse, self.field = equation, inverse, equation.field
        self.coordinates = equation.coordinates
        self.factors = self._factors(determinant)
        self.exponents = [self._local_exponents(p) for p in self.factors]
        self.atoms = self._atoms(more)

    def stages(self) -> Iterator[list[Element]]:
        """Lists of candidates, short ones first; each is to be added to those before."""
        one, n = self.field.one, len(self.coordinates)
        most = 2 * _MOST // (n * (n + 1))
        simple = [one, *self.atoms]
        plain = [self._power(k, e) for k, allowed in enumerate(self.exponents) for e in allowed]
        yield [*plain, *simple]
        yield [a * b for a in plain for b in simple]
        mixed: list[Element] = []
        if prod(len(allowed) for allowed in self.exponents) <= most:
            mixed = [
                prod((self._power(k, e) for k, e in enumerate(chosen)), start=one)
                for chosen in product(*self.exponents)
            ]
        squares = [one, *self.atoms, *(a * b for a, b in combinations_with_replacement(self.atoms, 2))]
        wide = [self._power(k, e) for k, allowed in enumerate(self.exponents) for e in _widened(allowed)]
        for powers, others in ((mixed, [one]), (mixed, simple), (wide, squares), (mixed, squares)):
            if len(powers) * len(others) <= most:
                yield [a * b for a in powers for b in others]

    def _power(self, k: int, e: Fraction) -> Element:
        p = self.factors[k]
        return power(self.field, p, e, p.to_sympy()) if e else self.field.one

    def _factors(self, determinant: Element) -> list[Element]:
        """The irreducible factors of the metric and its determinant, with the sign that is right at a sample point."""
        metric = self.equation.metric
        entries = [v for _, v in metric.stored()]
        found: dict[object, Element] = {}
        for a in [*entries, determinant]:
            short = len(a.numerator) <= 40
            for p in [
                *(f for f, _ in (self.field.factorise(a.numerator)[1] if short else [])),
                *(self.field.factor_polynomial(i) for i, _ in a.powers),
            ]:
                q = self.field.polynomial(p)
                if q.free_symbols & set(self.coordinates):
                    found.setdefault(q.key(), q if sampled_sign(self.field, p) > 0 else -q)
        return list(found.values())

    def _local_exponents(self, p: Element) -> list[Fraction]:
        """The e for which ``p^e`` solves the equation along the gradient of p, to leading order where p vanishes.

        ``e (e - 1) |dp|^2/p^2 + e Hess p(grad p, grad p)/(p |dp|^2) + K`` has a zero there of higher order than usual.
        """
        x, n, field, chris = self.coordinates, len(self.coordinates), self.field, self.equation.christoffel
        slopes = [p.diff(s) for s in x]
        gradient = [field.dot((1, self.inverse[i][j], slopes[j]) for j in range(n)) for i in range(n)]
        square = field.dot((1, a, b) for a, b in zip(gradient, slopes, strict=True))
        if not square:
            return [Fraction(0)]
        second = []
        for i in range(n):
            for j in range(n):
                terms = [(1, slopes[i].diff(x[j]), field.one)]
                terms += [(-1, chris.element(k, i, j), slopes[k]) for k in range(n)]
                second.append((1, gradient[i] * gradient[j], field.dot(terms)))
        u, w = square / (p * p), field.dot(second) / (p * square)
        factor = max((f for f, _ in field.factorise(p.numerator)[1]), key=len)
        orders = {e: _order(u * (e * (e - 1)) + w * e + self.equation.curvature, factor) for e in _EXPONENTS if e}
        usual = min(orders.values())
        roots = [e for e, m in orders.items() if m > usual]
        # Zero and one are the exponents where nothing happens.
        return [Fraction(0)] if roots == [1] or len(roots) > 2 else sorted({Fraction(0), *roots})

    def _atoms(self, more: Sequence[Element]) -> list[Element]:
        field, x = self.field, self.coordinates
        atoms = [field(s) for s in x]
        atoms += [a for i in range(len(x)) if (a := self._along(i)) is not None]
        atoms += [a for i in range(len(x)) for a in self._eigenfunctions(i)]
        for g in {g.index: g for _, v in self.equation.metric.stored() for g in field.used_generators(v)}.values():
            if g.symbols & set(x) and not g.is_symbol:
                atoms.append(field.generator(g.index))
                if isinstance(g.expr, sp.sin | sp.cos):
                    atoms += [field(sp.sin(g.expr.args[0])), field(sp.cos(g.expr.args[0]))]
        atoms += [a for a in more if len(a.numerator) <= 40]
        return self.equation.independent([field.one, *atoms])[1:]

    def _along(self, i: int) -> Element | None:
        """The arc length of the i-th coordinate's curves, where it depends on the others by a factor only."""
        field, s = self.field, self.coordinates[i]
        g = self.equation.metric.element(i, i)
        if not (g.diff(s) / g).free_symbols <= {s}:
            return None
        others = {t: field.knowledge.value(t, 0) for t in self.coordinates if t != s}
        length = arc_length(substitution(field, others)(g), s)
        if length is None:
            return None
        return field(length.as_independent(s, as_Add=False)[1])

    def _eigenfunctions(self, i: int) -> list[Element]:
        """Functions of a coordinate that the metric does not depend on, from the square of the motion's generator."""
        metric, chris, n = self.equation.metric, self.equation.christoffel, len(self.coordinates)
        field, s = self.field, self.coordinates[i]
        if any(s in v.free_symbols for _, v in metric.stored()):
            return []
        terms = [(1, chris.element(k, i, j), chris.element(j, i, k)) for j in range(n) for k in range(n)]
        w = (field.dot(terms) - self.equation.curvature * metric.element(i, i) * 2) * Fraction(1, 2)
        if not w or w.free_symbols & set(self.coordinates):
            return []
        rate = sp.sqrt(sp.Abs(w.to_sympy())) * s
        if w.to_sympy().evalf() < 0:
            return [field(sp.cos(rate)), field(sp.sin(rate))]
        return [field(sp.exp(rate)), field(sp.exp(-rate))]


def _order(a: Element, p: fmpz_mpoly) -> float:
    """How often p divides an element; negative where it stands below the line."""
    field = a.field
    if not a:
        return inf
    p = field.lift(p)
    for i, e in a.powers:
        if field.factor_polynomial(i) in (p, -p):
            return -e
    count, rest = 0, a.numerator
    while True:
        try:
            rest = rest / p
        except NotDivisible:
            return count
        count += 1


def _widened(allowed: Sequence[Fraction]) -> list[Fraction]:
    """Multiples of the step up to three of them, where the exponents are one step to either side."""
    if len(allowed) != 3 or allowed[0] != -allowed[2]:
        return list(allowed)
    return [allowed[2] * k for k in range(-3, 4)]
