"""Linear algebra over a field of elements: inverse, determinant, solution, rank and null space.

Structure is used where it is there: a symmetric matrix splits into its blocks, and a block that is a diagonal plus a
matrix of rank one (Dirichlet, multinomial, categorical metrics) is inverted by the formula of Sherman and Morrison.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from symgeo.algebra.graded import graded_solution
from symgeo.algebra.zero_test import zero_test

if TYPE_CHECKING:
    from symgeo.algebra.element import Element

Matrix = Sequence[Sequence["Element"]]


class SingularMatrixError(ArithmeticError):
    """A matrix has no inverse."""


@dataclass(frozen=True)
class Inverse:
    """The inverse of a symmetric matrix, and the factors whose product is the matrix's determinant.

    ``short``: index sets of the diagonal blocks whose inverse was found without elimination; their factors are not
    among ``pivots``.
    """

    matrix: list[list[Element]]
    pivots: list[Element]
    short: list[list[int]] = field(default_factory=list)

    @property
    def determinant(self) -> Element:
        """The determinant of the matrix, not of its inverse."""
        result = self.matrix[0][0].field.one
        for p in self.pivots:
            result = result * p
        for block in self.short:
            for p in _symmetric_elimination([[self.matrix[i][j] for j in block] for i in block]).pivots:
                result = result / p
        return result


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
    zero = a[0][0].field.zero
    out = [[zero] * n for _ in range(n)]
    pivots: list[Element] = []
    short: list[list[int]] = []
    for block in blocks(a):
        sub = [[a[i][j] for j in block] for i in block]
        found = _diagonal_plus_rank_one(sub) or _graded_inverse(sub) or _symmetric_elimination(sub)
        pivots += found.pivots
        short += [[block[i] for i in part] for part in found.short]
        for i, row in zip(block, found.matrix, strict=True):
            for j, entry in zip(block, row, strict=True):
                out[i][j] = entry
    return Inverse(out, pivots, short)


def _diagonal_plus_rank_one(a: Matrix) -> Inverse | None:
    """``(D + s v v^T)^-1 = D^-1 - s w w^T/(1 + s sum v_i w_i)``, ``w = D^-1 v``; None when a is not of this form."""
    n = len(a)
    if n < 3 or any(not a[i][j] for i in range(n) for j in range(i)):
        return None
    if n > 3 and a[0][1] * a[2][3] != a[0][2] * a[1][3]:
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


def _graded_inverse(a: Matrix) -> Inverse | None:
    n, one, zero = len(a), a[0][0].field.one, a[0][0].field.zero
    found = graded_solution(a, [[one if i == j else zero for j in range(n)] for i in range(n)])
    return None if found is None else Inverse(found, [], [list(range(n))])


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
        candidates = sorted((i for i in left if table[i][i]), key=lambda i: table[i][i].terms)
        k = next((i for i in candidates if not zero_test(table[i][i])), None)
        if k is None:
            return inverse(a)
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


def inverse(a: Matrix) -> Inverse:
    """The inverse of any square matrix, by row exchanges; :class:`SingularMatrixError` if there is none."""
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
        best = min(found, key=lambda i: rows[i][c].terms)
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


@dataclass(frozen=True)
class Solution:
    """A solution of ``a x = b``, free unknowns set to zero; ``values`` is None when the equations contradict."""

    values: list[Element] | None
    rank: int


def solve(a: Matrix, b: Sequence[Element]) -> Solution:
    """Solve ``a x = b`` for any rectangular matrix.

    Equations that hold few unknowns are solved first and their answers put into the others, which keeps a system that
    is block-triangular after a permutation from mixing; within a block the smallest pivot is taken.
    """
    width, field = len(a[0]), a[0][0].field
    values: dict[int, Element] = {}
    rows = [[*row, rhs] for row, rhs in zip(a, b, strict=True)]
    consistent = True
    while rows:
        block = _smallest_closed(rows, width)
        found, agrees = _substitution([rows[i] for i in block], width)
        if len(block) < len(rows) and len(found) < len({c for i in block for c in range(width) if rows[i][c]}):
            # These equations leave an unknown open, which the others may determine: all are solved together.
            block = list(range(len(rows)))
            found, agrees = _substitution(rows, width)
        consistent = consistent and agrees
        values |= found
        rows = [row for i, row in enumerate(rows) if i not in set(block)]
        for row in rows:
            known = [(-1, row[c], value) for c, value in found.items() if row[c]]
            if known:
                row[width] = field.dot([(1, row[width], field.one), *known])
                for c in found:
                    row[c] = field.zero
    return Solution([values.get(c, field.zero) for c in range(width)] if consistent else None, len(values))


def _smallest_closed(rows: list[list[Element]], width: int) -> list[int]:
    """The fewest equations that hold no more unknowns than they are many; all of them where there are none such."""
    held = [frozenset(c for c in range(width) if row[c]) for row in rows]
    for unknowns in sorted(set(held), key=len):
        inside = [i for i, h in enumerate(held) if h <= unknowns]
        if len(inside) >= len(unknowns):
            return inside
    return list(range(len(rows)))


def _substitution(rows: list[list[Element]], width: int) -> tuple[dict[int, Element], bool]:
    """Forward elimination and back substitution: values of the pivot columns, and whether the equations agree."""
    field = rows[0][0].field
    one, zero = field.one, field.zero
    held = sorted({c for row in rows for c in range(width) if row[c]})
    if len(held) == len(rows):
        short = graded_solution([[row[c] for c in held] for row in rows], [[row[width]] for row in rows])
        if short is not None:
            return {c: value for c, (value,) in zip(held, short, strict=True)}, True
    left, done = [list(row) for row in rows], []
    while left:
        candidates = sorted((row[c].terms, i, c) for i, row in enumerate(left) for c in range(width) if row[c])
        pivot = next(((i, c) for _, i, c in candidates if not zero_test(left[i][c])), None)
        if pivot is None:
            break
        i, c = pivot
        top = left.pop(i)
        reciprocal, top[c] = top[c].inverse(), zero
        top = [x * reciprocal if x else x for x in top]
        done.append((c, top))
        for k, row in enumerate(left):
            factor, row[c] = row[c], zero
            if factor:
                left[k] = [field.dot(((1, x, one), (-1, factor, y))) if y else x for x, y in zip(row, top, strict=True)]
    values: dict[int, Element] = {}
    for c, top in reversed(done):
        values[c] = field.dot([(1, top[width], one), *((-1, top[k], v) for k, v in values.items() if top[k])])
    return values, all(bool(zero_test(row[width])) for row in left)


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
