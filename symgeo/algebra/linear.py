"""Linear algebra over a field of elements: inverse, determinant, solution, rank and null space.

Structure is used where it is there: a symmetric matrix splits into its blocks, and a block that is a diagonal plus a
matrix of rank one (Dirichlet, multinomial, categorical metrics) is inverted by the formula of Sherman and Morrison.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from symgeo.algebra.zero_test import zero_test

if TYPE_CHECKING:
    from symgeo.algebra.element import Element

Matrix = Sequence[Sequence["Element"]]


class SingularMatrixError(ArithmeticError):
    """A matrix has no inverse."""


@dataclass(frozen=True)
class Inverse:
    """The inverse of a symmetric matrix and the factors whose product is its determinant."""

    matrix: list[list[Element]]
    pivots: list[Element]

    @property
    def determinant(self) -> Element:
        """The product of the pivots."""
        result = self.pivots[0]
        for p in self.pivots[1:]:
            result = result * p
        return result


def _size(a: Element) -> int:
    return len(a.numerator) + sum(e for _, e in a.powers)


def blocks(a: Matrix) -> list[list[int]]:
    """The index sets of the diagonal blocks of a symmetric matrix, as a permutation finds them."""
    left = set(range(len(a)))
    out = []
    while left:
        block, frontier = [], [min(left)]
        left.remove(frontier[0])
        while frontier:
            i = frontier.pop()
            block.append(i)
            near = [j for j in left if a[i][j]]
            left.difference_update(near)
            frontier += near
        out.append(sorted(block))
    return out


def symmetric_inverse(a: Matrix) -> Inverse:
    """The inverse of a symmetric matrix, block by block; :class:`SingularMatrixError` if there is none."""
    n = len(a)
    field = a[0][0].field
    out = [[field.zero] * n for _ in range(n)]
    pivots: list[Element] = []
    for block in blocks(a):
        sub = [[a[i][j] for j in block] for i in block]
        inverse = _diagonal_plus_rank_one(sub) or _symmetric_elimination(sub)
        pivots += inverse.pivots
        for i, row in zip(block, inverse.matrix, strict=True):
            for j, entry in zip(block, row, strict=True):
                out[i][j] = entry
    return Inverse(out, pivots)


def _diagonal_plus_rank_one(a: Matrix) -> Inverse | None:
    """``(D + s v v^T)^-1 = D^-1 - s w w^T/(1 + s sum v_i w_i)``, ``w = D^-1 v``; None when a is not of this form."""
    n = len(a)
    if n < 3 or any(not a[i][j] for i in range(n) for j in range(i)):
        return None
    s = a[1][2] / (a[0][1] * a[0][2])
    v = [1 / s, *a[0][1:]]
    for i in range(1, n):
        for j in range(1, i):
            if {i, j} != {1, 2} and a[i][j] != s * v[i] * v[j]:
                return None
    d = [a[i][i] - s * v[i] * v[i] for i in range(n)]
    if any(zero_test(x) for x in d):
        return None
    w = [x / y for x, y in zip(v, d, strict=True)]
    field = s.field
    total = 1 + s * field.dot((1, x, y) for x, y in zip(v, w, strict=True))
    if zero_test(total):
        raise SingularMatrixError("the matrix is singular")
    scale = -s / total
    out = [[field.zero] * n for _ in range(n)]
    for i in range(n):
        row = scale * w[i]
        for j in range(i + 1):
            out[i][j] = out[j][i] = row * w[j]
        out[i][i] = out[i][i] + 1 / d[i]
    return Inverse(out, [*d, total])


def _symmetric_elimination(a: Matrix) -> Inverse:
    """Inverse by symmetric sweeps, each on the pivot with the fewest terms: that keeps the entries small.

    Source: Goodnight, The American Statistician 33 (1979) 149-158.
    """
    n = len(a)
    field = a[0][0].field
    one = field.one
    table = [list(row) for row in a]
    left = list(range(n))
    pivots: list[Element] = []
    while left:
        candidates = sorted((i for i in left if table[i][i]), key=lambda i: _size(table[i][i]))
        k = next((i for i in candidates if not zero_test(table[i][i])), None)
        if k is None:
            return _pivoted_inverse(a)
        left.remove(k)
        pivots.append(table[k][k])
        reciprocal = table[k][k].inverse()
        column = [table[i][k] for i in range(n)]
        scaled = [x * reciprocal for x in column]
        touched = [i for i in range(n) if i != k and column[i]]
        for i in touched:
            for j in touched:
                if j >= i:
                    entry = field.dot(((1, table[i][j], one), (-1, scaled[i], column[j])))
                    table[i][j] = table[j][i] = entry
            table[i][k] = table[k][i] = scaled[i]
        table[k][k] = -reciprocal
    return Inverse([[-x for x in row] for row in table], pivots)


def _pivoted_inverse(a: Matrix) -> Inverse:
    """Inverse of a matrix whose leading minors vanish somewhere, by row exchanges."""
    n = len(a)
    field = a[0][0].field
    identity = [[field.one if i == j else field.zero for j in range(n)] for i in range(n)]
    rows, pivots, signed = _eliminate([[*a[i], *identity[i]] for i in range(n)], n)
    if len(pivots) < n:
        raise SingularMatrixError("the matrix is singular")
    return Inverse([row[n:] for row in rows], signed)


def _eliminate(rows: list[list[Element]], width: int) -> tuple[list[list[Element]], list[int], list[Element]]:
    """Reduced row echelon form over the first ``width`` columns: rows, pivot columns, signed pivots."""
    rows = [list(r) for r in rows]
    columns: list[int] = []
    signed: list[Element] = []
    for c in range(width):
        top = len(columns)
        found = [i for i in range(top, len(rows)) if rows[i][c] and not zero_test(rows[i][c])]
        if not found:
            continue
        best = min(found, key=lambda i: _size(rows[i][c]))
        pivot = rows[best][c]
        signed.append(pivot if best == top else -pivot)
        rows[top], rows[best] = rows[best], rows[top]
        scale = pivot.inverse()
        rows[top] = [x * scale for x in rows[top]]
        one = pivot.field.one
        for i, row in enumerate(rows):
            if i != top and row[c]:
                f = row[c]
                rows[i] = [
                    x if not y else pivot.field.dot(((1, x, one), (-1, f, y)))
                    for x, y in zip(row, rows[top], strict=True)
                ]
        columns.append(c)
    return rows, columns, signed


def solve(a: Matrix, b: Sequence[Element]) -> list[Element] | None:
    """A solution of ``a x = b`` (free unknowns set to zero), or None when the equations contradict each other."""
    n = len(a[0])
    rows, columns, _ = _eliminate([[*row, rhs] for row, rhs in zip(a, b, strict=True)], n)
    if any(not zero_test(row[n]) for row in rows[len(columns) :]):
        return None
    x = [a[0][0].field.zero] * n
    for row, c in zip(rows, columns, strict=False):
        x[c] = row[n]
    return x


def rank_and_null_space(a: Matrix) -> tuple[int, list[list[Element]]]:
    """The rank of a matrix and a basis of the vectors that it sends to zero."""
    n = len(a[0])
    field = a[0][0].field
    rows, columns, _ = _eliminate([list(r) for r in a], n)
    basis = []
    for free in (c for c in range(n) if c not in columns):
        vector = [field.zero] * n
        vector[free] = field.one
        for row, c in zip(rows, columns, strict=False):
            vector[c] = -row[free]
        basis.append(vector)
    return len(columns), basis
