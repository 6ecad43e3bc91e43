"""Large linear systems whose solution is short: guessed from its degrees, fitted modulo a prime, then proven.

Systems from scale families are homogeneous in several gradings at once (the units of each variable): every entry has
one degree in each. The gradings fix the degrees of the solution, which leaves a handful of monomials for each unknown;
their coefficients follow from the solution at a few random points modulo a prime. The guess is then put into the
equations exactly. Where it fails, nothing is returned and elimination decides: this room only saves time.
Source of the idea of fitting a sparse solution at points: Zippel, Effective Polynomial Computation, 1993, chapter 14.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import combinations_with_replacement
from math import comb
from random import Random
from typing import TYPE_CHECKING

from flint import fmpz_mat, nmod_mat

if TYPE_CHECKING:
    from flint import fmpz_mpoly

    from symgeo.algebra.element import Element
    from symgeo.algebra.field import Field

Matrix = Sequence[Sequence["Element"]]
Monomial = tuple[int, ...]

_PRIME = 2**61 - 1
_MOST_MONOMIALS = 40_000
_MOST_CANDIDATES = 40
_SAMPLED_TERMS = 16
_LARGEST_DEGREE = 6
# Below this many terms elimination is as fast.
_LONG = 4000


def graded_solution(a: Matrix, b: Matrix) -> list[list[Element]] | None:
    """``x`` with ``a x = b`` for a square matrix of full rank, shapes (n, n) and (n, k); None where none was found.

    Only solutions that are polynomials in the generators are found. The answer is proven, not certified by sampling.
    """
    n, field = len(a), a[0][0].field
    if sum(x.terms for row in a for x in row) < _LONG or len(a[0]) != n:
        return None
    used = sorted({g.index for row in (*a, *b) for x in row for g in field.used_generators(x)})
    generators = [field.generators[i] for i in used]
    if not used or any(g.degree for g in generators) or not (field.independent or all(g.is_symbol for g in generators)):
        return None
    grading = _Grading(a, b, used)
    degrees = grading.of_solution()
    if degrees is None:
        return None
    candidates = grading.monomials(degrees)
    if candidates is None:
        return None
    found = _fitted(a, b, used, candidates)
    if found is None:
        return None
    for i in range(n):
        for k in range(len(b[0])):
            terms = [(1, a[i][j], found[j][k]) for j in range(n)]
            if field.dot([*terms, (-1, b[i][k], field.one)]):
                return None
    return found


class _Grading:
    """All gradings of a system, folded into one: a monomial's degree is an integer that no accident makes equal."""

    def __init__(self, a: Matrix, b: Matrix, used: Sequence[int]):
        self.a, self.b, self.used = a, b, used
        self.field = a[0][0].field
        weights = self._weights()
        random = Random(1)
        draws = [random.getrandbits(60) for _ in weights[0]]
        self.weight = [sum(r * w for r, w in zip(draws, line, strict=True)) for line in weights]

    def _weights(self) -> list[list[int]]:
        """Each generator's degree in every grading: the integer vectors orthogonal to all differences of exponents."""
        differences: set[Monomial] = set()
        for p in self._polynomials():
            first = p.monomial(0)
            for k in range(1, len(p), max(1, len(p) // _SAMPLED_TERMS)):
                other = p.monomial(k)
                differences.add(tuple(int(other[i]) - int(first[i]) for i in self.used))
        rows = [list(d) for d in differences] or [[0] * len(self.used)]
        basis, count = fmpz_mat(rows).nullspace()
        return [[int(basis[i, j]) for j in range(count)] for i in range(len(self.used))]

    def _polynomials(self) -> Iterator[fmpz_mpoly]:
        factors: set[int] = set()
        for row in (*self.a, *self.b):
            for x in row:
                if x:
                    yield x.numerator
                    factors.update(i for i, _ in x.powers)
        for i in factors:
            yield self.field.factor_polynomial(i)

    def degree(self, x: Element) -> int:
        """The degree of a homogeneous element."""
        total = self._of(x.numerator)
        return total - sum(e * self._of(self.field.factor_polynomial(i)) for i, e in x.powers)

    def _of(self, p: fmpz_mpoly) -> int:
        first = p.monomial(0)
        return sum(w * int(first[i]) for w, i in zip(self.weight, self.used, strict=True))

    def of_solution(self) -> list[list[int | None]] | None:
        """The degree of each component of the solution, None for one that is zero; None if the system is not graded."""
        n, k = len(self.a), len(self.b[0])
        row: dict[int, int] = {0: 0}
        column: dict[int, int] = {}
        degrees = {(i, j): self.degree(self.a[i][j]) for i in range(n) for j in range(n) if self.a[i][j]}
        waiting = [0]
        while waiting:
            i = waiting.pop()
            for j in range(n):
                if (i, j) not in degrees or j in column:
                    continue
                column[j] = degrees[i, j] - row[i]
                for h in range(n):
                    if (h, j) in degrees and h not in row:
                        row[h] = degrees[h, j] - column[j]
                        waiting.append(h)
        # A system that falls into parts, or in which two ways to a degree disagree, is left to elimination.
        if len(row) < n or len(column) < n or any(d != row[i] + column[j] for (i, j), d in degrees.items()):
            return None
        out: list[list[int | None]] = [[None] * k for _ in range(n)]
        for c in range(k):
            shifts = {self.degree(self.b[i][c]) - row[i] for i in range(n) if self.b[i][c]}
            if len(shifts) > 1:
                return None
            if shifts:
                shift = shifts.pop()
                for j in range(n):
                    out[j][c] = shift - column[j]
        return out

    def monomials(self, degrees: list[list[int | None]]) -> list[list[list[Monomial]]] | None:
        """For each component the monomials of its degree, as index tuples; None where they are too many or none."""
        wanted = {d for line in degrees for d in line if d is not None}
        table: dict[int, list[Monomial]] = {d: [] for d in wanted}
        size = len(self.used)
        for total in range(_LARGEST_DEGREE + 1):
            if comb(size + total - 1, total) > _MOST_MONOMIALS:
                break
            for chosen in combinations_with_replacement(range(size), total):
                found = table.get(sum([self.weight[i] for i in chosen]))
                if found is not None:
                    found.append(chosen)
        if any(not 0 < len(found) <= _MOST_CANDIDATES for found in table.values()):
            return None
        return [[[] if d is None else table[d] for d in line] for line in degrees]


def _fitted(
    a: Matrix, b: Matrix, used: Sequence[int], candidates: list[list[list[Monomial]]]
) -> list[list[Element]] | None:
    """Coefficients for the candidate monomials from the solution modulo a prime at random points."""
    n, columns, field = len(a), len(b[0]), a[0][0].field
    count = max(len(c) for line in candidates for c in line)
    random = Random(2)
    points, solutions = [], []
    for _ in range(count + 1):
        point = [random.randrange(1, 2**20) for _ in used]
        solved = _solved_at(a, b, used, point)
        if solved is None:
            return None
        points.append(point)
        solutions.append(solved)
    values: dict[Monomial, list[int]] = {}

    def at_points(monomial: Monomial) -> list[int]:
        if monomial not in values:
            values[monomial] = [_product(point, monomial) for point in points]
        return values[monomial]

    out = [[field.zero] * columns for _ in range(n)]
    for j in range(n):
        for k in range(columns):
            monomials = candidates[j][k]
            m = len(monomials)
            if not m:
                continue
            table = [at_points(monomial) for monomial in monomials]
            matrix = nmod_mat(m, m, [table[c][r] for r in range(m) for c in range(m)], _PRIME)
            right = nmod_mat(m, 1, [int(solutions[r][j, k]) for r in range(m)], _PRIME)
            try:
                coefficients = [int(c) for c in matrix.solve(right).entries()]
            except ZeroDivisionError:
                return None
            if sum(c * row[m] for c, row in zip(coefficients, table, strict=True)) % _PRIME != int(solutions[m][j, k]):
                return None
            parts = []
            for c, monomial in zip(coefficients, monomials, strict=True):
                q = _rational(c)
                if q is None:
                    return None
                if q:
                    parts.append(_monomial(field, used, monomial) * q)
            out[j][k] = field.sum(parts)
    return out


def _solved_at(a: Matrix, b: Matrix, used: Sequence[int], point: Sequence[int]) -> nmod_mat | None:
    """The solution at one point modulo the prime; None where the matrix is singular there."""
    n, columns, field = len(a), len(b[0]), a[0][0].field
    arguments = [0] * field.context.nvars()
    for i, value in zip(used, point, strict=True):
        arguments[i] = value
    factors: dict[int, int] = {}

    def residue(p: fmpz_mpoly) -> int:
        return int(p(*arguments)) % _PRIME  # type: ignore[operator]

    def at_point(x: Element) -> int:
        if not x:
            return 0
        top, bottom = residue(x.numerator), x.denominator
        for i, e in x.powers:
            if i not in factors:
                factors[i] = residue(field.factor_polynomial(i))
            bottom = bottom * pow(factors[i], e, _PRIME) % _PRIME
        return top * pow(bottom, -1, _PRIME) % _PRIME

    try:
        left = nmod_mat(n, n, [at_point(x) for row in a for x in row], _PRIME)
        right = nmod_mat(n, columns, [at_point(x) for row in b for x in row], _PRIME)
        return left.solve(right)
    except (ZeroDivisionError, ValueError):
        return None


def _product(point: Sequence[int], monomial: Monomial) -> int:
    result = 1
    for i in monomial:
        result = result * point[i] % _PRIME
    return result


def _monomial(field: Field, used: Sequence[int], monomial: Monomial) -> Element:
    result = field.one
    for i in monomial:
        result = result * field.generator(used[i])
    return result


def _rational(residue: int) -> Fraction | None:
    """The fraction with numerator and denominator below 2**30 that leaves this residue, if there is one.

    Source: von zur Gathen and Gerhard, Modern Computer Algebra, 2013, section 5.10.
    """
    bound = 2**30
    r, s = (_PRIME, residue), (0, 1)
    while r[1] >= bound:
        quotient = r[0] // r[1]
        r, s = (r[1], r[0] - quotient * r[1]), (s[1], s[0] - quotient * s[1])
    return Fraction(r[1], s[1]) if 0 < abs(s[1]) < bound else None
