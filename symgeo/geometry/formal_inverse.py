"""The inverse of a metric whose entries are expectations: its entries as quantities of their own.

Multiplied out, the inverse of a matrix of independent quantities is a quotient of long polynomials, in which doubles
lose digits. Here ``g^ij`` stays one generator with ``d g^ij = -g^ia dg_ab g^bj``, and numbers come from inverting the
matrix of numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING, Any

import sympy as sp

from symgeo.algebra import Element
from symgeo.algebra.linear import blocks, symmetric_inverse
from symgeo.codegen.numeric_node import NumericNode

if TYPE_CHECKING:
    import numpy as np
    from sympy import Expr, Symbol

_LARGEST_CONDITION = 1e13
LARGEST_WRITTEN = 3  # blocks up to this size are written out


@dataclass(frozen=True, order=True)
class _Inversion:
    """Inverts symmetric n x n matrices given by their upper triangles."""

    n: int

    def values(self, nodes: Sequence[InverseEntry], points: np.ndarray) -> np.ndarray:
        """The entries (P, len(nodes)) from upper triangles (P, n (n + 1)/2); nan where there is no inverse."""
        import numpy as np

        rows, columns = np.triu_indices(self.n)
        matrices = np.empty((len(points), self.n, self.n))
        matrices[:, rows, columns] = matrices[:, columns, rows] = points
        inverses = np.full_like(matrices, np.nan)
        for k, matrix in enumerate(matrices):
            # In units in which the diagonal is one: parameters may have very different scales.
            scale = np.sqrt(np.abs(np.diag(matrix)))
            if np.all(np.isfinite(matrix)) and np.all(scale > 0):
                unit = np.outer(scale, scale)
                # Close to a singular matrix nothing of an inverse is more than rounding.
                if np.linalg.cond(matrix / unit) < _LARGEST_CONDITION:
                    inverses[k] = np.linalg.inv(matrix / unit) / unit
        return np.stack([inverses[:, node.i, node.j] for node in nodes], axis=-1)


class InverseEntry(NumericNode):
    """``g^ij`` of the symmetric matrix whose upper triangle is ``args``."""

    i: int
    j: int
    n: int

    def __new__(cls, i: int, j: int, n: int, triangle: Sequence[Expr]) -> InverseEntry:
        node = super().__new__(cls, *triangle)
        node.i, node.j, node.n = min(i, j), max(i, j), n
        return node

    def _hashable_content(self) -> tuple:
        return (self.i, self.j, self.n, *self.args)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return (InverseEntry, (self.i, self.j, self.n, self.args))

    @property
    def func(self) -> Any:
        """What makes the same entry of another matrix."""
        return _Entry(self.i, self.j, self.n)

    @property
    def source(self) -> _Inversion:
        """What inverts."""
        return _Inversion(self.n)

    def _eval_derivative(self, s: Symbol) -> Expr:
        positions = [(a, b) for a in range(self.n) for b in range(a, self.n)]
        terms = []
        for (a, b), entry in zip(positions, self.args, strict=True):
            rate = entry.diff(s)
            if rate != 0:
                for p, q in {(a, b), (b, a)}:
                    terms.append(-self._other(self.i, p) * rate * self._other(q, self.j))
        return sp.Add(*terms)

    def _eval_evalf(self, prec: int) -> Expr:
        if self.free_symbols:
            return self
        matrix = sp.zeros(self.n)
        for (i, j), entry in zip(combinations_with_replacement(range(self.n), 2), self.args, strict=True):
            matrix[i, j] = matrix[j, i] = entry.evalf(2 * _digits(prec))
        return matrix.LUsolve(sp.eye(self.n)[:, self.j])[self.i].evalf(_digits(prec))

    def _other(self, i: int, j: int) -> InverseEntry:
        return InverseEntry(i, j, self.n, self.args)

    def _sympystr(self, printer: Any) -> str:
        return f"inverse(g)[{self.i}, {self.j}]"

    _sympyrepr = _sympystr

    def _latex(self, printer: Any) -> str:
        return f"g^{{{self.i + 1} {self.j + 1}}}"


def _digits(prec: int) -> int:
    return int(prec * 0.30103) + 4


@dataclass(frozen=True)
class _Entry:
    i: int
    j: int
    n: int
    __name__ = "inverse"

    def __call__(self, *triangle: Expr) -> InverseEntry:
        return InverseEntry(self.i, self.j, self.n, triangle)


class FormalInverse:
    """The inverse of a symmetric matrix, large diagonal blocks by names; its determinant is worked out if asked for."""

    def __init__(self, original: list[list[Element]]):
        n, field = len(original), original[0][0].field
        self.matrix = [[field.zero] * n for _ in range(n)]
        self._original = original
        for block in blocks(original):
            sub = [[original[i][j] for j in block] for i in block]
            inverse = _by_name(sub) if len(block) > LARGEST_WRITTEN else symmetric_inverse(sub).matrix
            for a, i in enumerate(block):
                for b, j in enumerate(block):
                    self.matrix[i][j] = inverse[a][b]

    @property
    def determinant(self) -> Element:
        """The determinant of the matrix, not of its inverse."""
        return symmetric_inverse(self._original).determinant


def _by_name(matrix: list[list[Element]]) -> list[list[Element]]:
    n, field = len(matrix), matrix[0][0].field
    triangle = [matrix[i][j].to_sympy() for i in range(n) for j in range(i, n)]
    return [[field(InverseEntry(i, j, n, triangle)) for j in range(n)] for i in range(n)]
