"""Normal laws with fixed mean, and whatever has their metric: the cone of positive definite matrices.

The metric ``(k/2) tr(S^-1 dS S^-1 dS)`` has the inverse ``<ds_ab, ds_cd> = (s_ac s_bd + s_ad s_bc)/k``. So a diagonal
entry is a function with ``<df, df> = (2/k) f^2``, and two of them give ``s_ab^2 = (k/2) <ds_aa, ds_bb>``: the matrix is
read from d such functions, and the identity is proven. Sources: James, The variance information manifold, in
Multivariate Analysis III, 1973; Skovgaard, Scand. J. Stat. 11 (1984) 211-223.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import cached_property
from itertools import combinations, product
from math import isqrt
from typing import TYPE_CHECKING

import sympy as sp

from symgeo.algebra.elimination import invert_map
from symgeo.algebra.generators import power
from symgeo.algebra.zero_test import zero_test
from symgeo.errors import NoClosedFormError
from symgeo.geometry.space import Space, Values, tidied

if TYPE_CHECKING:
    from flint import fmpz_mpoly
    from sympy import Expr, Symbol

    from symgeo.algebra import Element

Raised = Sequence[Sequence["Element"]]
_LARGEST_ORDER = 5


class PositiveMatrices(Space):
    """Positive definite matrices S of order d, metric ``(k/2) tr(S^-1 dS S^-1 dS)``; ``matrix`` in the coordinates."""

    def __init__(self, coordinates: Sequence[Symbol], entries: Sequence[Sequence[Element]], factor: Element):
        super().__init__(coordinates, factor.field)
        self.matrix = sp.ImmutableMatrix([[a.to_sympy() for a in row] for row in entries])
        self.factor = factor.to_sympy()

    @property
    def order(self) -> int:
        """d."""
        return self.matrix.rows

    @property
    def name(self) -> str:
        """The cone, with its order and its metric."""
        metric = f"{sp.Rational(1, 2) * self.factor} tr(S^-1 dS S^-1 dS)"
        return f"positive definite matrices S of order {self.order}, affine-invariant metric {metric}"

    @property
    def curvature(self) -> None:
        """None: it lies between zero and ``-1/(2 k)``."""
        return None

    @property
    def map(self) -> dict[Symbol, Expr]:
        """The entries ``s_ab``, a <= b."""
        return {sp.Symbol(f"s_{a + 1}{b + 1}", real=True): self.matrix[a, b] for a, b in self.places}

    @property
    def places(self) -> list[tuple[int, int]]:
        """The indices (a, b) of the entries on and above the diagonal, row by row."""
        return [(a, b) for a in range(self.order) for b in range(a, self.order)]

    def _at(self, point: Values) -> sp.Matrix:
        return self.matrix.subs(point, simultaneous=True)

    def _relative(self, p: sp.Matrix, q: sp.Matrix) -> sp.Matrix:
        return (p.adjugate() * q / p.det(method="berkowitz")).applyfunc(tidied)

    def distance_between(self, p: Values, q: Values) -> Expr:
        """``sqrt(k/2 sum of log^2 lambda_i)``, lambda_i the eigenvalues of ``S(p)^-1 S(q)``."""
        ratio = self._relative(self._at(p), self._at(q))
        logs = sp.Add(*(sp.log(e) ** 2 for e in _eigenvalues(ratio)))
        return sp.sqrt(self.factor / 2 * logs)

    def geodesic_between(self, p: Values, q: Values, t: Expr) -> Values:
        """``S(p) (S(p)^-1 S(q))^t``."""
        start = self._at(p)
        return self._back(start, self._relative(start, self._at(q)), lambda e: e**t)

    def exponential_at(self, p: Values, v: Values, t: Expr) -> Values:
        """``S exp(t S^-1 V)``."""
        start = self._at(p)
        slope = sum(
            (v[s] * self.matrix.diff(s).subs(p, simultaneous=True) for s in self.coordinates), sp.zeros(self.order)
        )
        return self._back(start, self._relative(start, slope), lambda e: sp.exp(t * e))

    def _back(self, start: sp.Matrix, ratio: sp.Matrix, function: Callable[[Expr], Expr]) -> Values:
        """The coordinates of ``S f(A)``, by Sylvester's formula for a matrix of order two."""
        if self.order > 2:
            raise NoClosedFormError(
                f"geodesics of matrices of order {self.order} are not written out; "
                "take the power S(p) (S(p)^-1 S(q))^t numerically"
            )
        first, second = _eigenvalues(ratio)
        if first == second:
            there = function(first) * start
        else:
            f, g = function(first), function(second)
            there = start * ((f - g) * ratio + (first * g - second * f) * sp.eye(2)) / (first - second)
        targets, images = self.inverse_map
        at = {s: there[a, b] for s, (a, b) in zip(targets, self.places, strict=True)}
        return {s: e.subs(at, simultaneous=True) for s, e in zip(self.coordinates, images, strict=True)}

    @cached_property
    def inverse_map(self) -> tuple[tuple[Symbol, ...], tuple[Expr, ...]]:
        """Symbols for the entries at ``places``, and the coordinates as functions of them.

        Raises :class:`NoClosedFormError` where they were not found in closed form.
        """
        knowledge = self.field.knowledge
        sample = [{s: knowledge.value(s, k) for s in self.coordinates} for k in range(len(knowledge.points))]
        targets = tuple(sp.Dummy(f"s_{a}{b}", **{"positive" if a == b else "real": True}) for a, b in self.places)
        found = invert_map([self.matrix[a, b] for a, b in self.places], self.coordinates, targets, sample)
        if found is None:
            raise NoClosedFormError(
                f"the coordinates ({', '.join(map(str, self.coordinates))}) were not found in closed form from the "
                "matrix; take geodesics in its entries, by M.reparametrize"
            )
        return targets, found


def _eigenvalues(a: sp.Matrix) -> list[Expr]:
    """The eigenvalues, all real, of the product of two positive matrices; for order three Viete's formula."""
    coefficients = [tidied(c) for c in a.charpoly().all_coeffs()]
    if a.rows == 2:
        trace, determinant = -coefficients[1], coefficients[2]
        root = sp.sqrt(tidied(trace**2 - 4 * determinant))
        return [(trace + root) / 2, (trace - root) / 2]
    if all(c.is_Rational for c in coefficients):
        return sp.Poly(coefficients, sp.Dummy("x")).real_roots()
    if a.rows > 3:
        raise NoClosedFormError(
            f"the eigenvalues of a matrix of order {a.rows} have no closed form; give the points as rational numbers"
        )
    mean, second, third = -coefficients[1] / 3, coefficients[2], coefficients[3]
    spread = tidied(mean**2 - second / 3)
    if spread == 0:
        return [mean] * 3
    angle = sp.acos(tidied((2 * mean**3 - mean * second - third) / 2) / spread ** sp.Rational(3, 2))
    return [mean + 2 * sp.sqrt(spread) * sp.cos((angle + 2 * sp.pi * k) / 3) for k in range(3)]


def positive_matrices(
    coordinates: Sequence[Symbol], raised: Raised, functions: Sequence[Element]
) -> PositiveMatrices | None:
    """The cone that a manifold with the inverse metric ``raised`` is; its diagonal entries are sought among powers of
    ``functions``. None where it was not recognised."""
    n = len(coordinates)
    d = (isqrt(8 * n + 1) - 1) // 2
    if d < 2 or d * (d + 1) != 2 * n or d > _LARGEST_ORDER:
        return None
    inner = _Inner(coordinates, raised)
    for factor, diagonal in _diagonals(inner, functions, d):
        for entries in _completed(inner, factor, diagonal):
            if _is_cone(inner, factor, entries):
                return PositiveMatrices(coordinates, entries, factor)
    return None


class _Inner:
    """The inner product of differentials."""

    def __init__(self, coordinates: Sequence[Symbol], raised: Raised):
        self.coordinates, self.raised = coordinates, raised
        self.field = raised[0][0].field

    def __call__(self, f: Element, g: Element) -> Element:
        n = range(len(self.coordinates))
        df, dg = ([h.diff(s) for s in self.coordinates] for h in (f, g))
        half = [self.field.dot((1, self.raised[i][j], dg[j]) for j in n) for i in n]
        return self.field.dot((1, df[i], half[i]) for i in n)


def _diagonals(inner: _Inner, functions: Sequence[Element], d: int) -> Iterator[tuple[Element, list[Element]]]:
    """k and d functions that may be the diagonal: the square of the differential is 2/k times that of the function."""
    groups: dict[Element, list[Element]] = {}
    chosen = frozenset(inner.coordinates)
    for f in functions:
        ratio = inner(f, f) / (f * f)
        if ratio and not ratio.free_symbols & chosen:
            groups.setdefault(ratio, []).append(f)
    for ratio, members in groups.items():
        for e in (1, 2):
            for diagonal in combinations(members, d):
                yield 2 / (ratio * e * e), [f**e for f in diagonal]


def _completed(inner: _Inner, factor: Element, diagonal: Sequence[Element]) -> Iterator[list[list[Element]]]:
    """Matrices with this diagonal, the other entries from their squares; signs that matter in all ways."""
    d = len(diagonal)
    roots: dict[tuple[int, int], Element] = {}
    for a, b in combinations(range(d), 2):
        root = _square_root(factor * Fraction(1, 2) * inner(diagonal[a], diagonal[b]))
        if root is None:
            return
        roots[a, b] = root
    free = [place for place in roots if place[0] > 0]  # a change of sign of row and column settles the first row
    for signs in product((1, -1), repeat=len(free)):
        sign = dict(zip(free, signs, strict=True))
        yield [
            [
                diagonal[a] if a == b else roots[min(a, b), max(a, b)] * sign.get((min(a, b), max(a, b)), 1)
                for b in range(d)
            ]
            for a in range(d)
        ]


def _square_root(a: Element) -> Element | None:
    """A root without regard to its sign, where the element is a square up to a number."""
    field = a.field
    if not a:
        return a
    content, factors = field.factorise(a.numerator)
    if content < 0:
        return None
    number = field.rational(Fraction(content, a.denominator))
    result = power(field, number, Fraction(1, 2), number.to_sympy())
    everything: list[tuple[fmpz_mpoly, int]] = [*factors, *((field.factor_polynomial(i), -e) for i, e in a.powers)]
    for p, e in everything:
        if e % 2:
            return None
        result = result * field.polynomial(p) ** (e // 2)
    return result


def _is_cone(inner: _Inner, factor: Element, s: list[list[Element]]) -> bool:
    """Whether the differentials of the entries have the inner products of the cone, exactly."""
    places = [(a, b) for a in range(len(s)) for b in range(a, len(s))]
    one = inner.field.one
    for i, (a, b) in enumerate(places):
        for c, e in places[i:]:
            gap = [(1, factor * inner(s[a][b], s[c][e]), one), (-1, s[a][c], s[b][e]), (-1, s[a][e], s[b][c])]
            if not zero_test(inner.field.dot(gap)):
                return False
    return True
