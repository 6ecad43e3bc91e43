"""Symbols of a connection contracted with vectors, as generated functions.

Many of the n^2 (n + 1)/2 symbols are equal up to a number, such as the entries of an inverse covariance matrix in a
normal family. Each distinct value is computed once, and products of velocities that it multiplies are added up first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from symgeo.codegen import lambdify, numpy_function

if TYPE_CHECKING:
    import numpy as np
    from sympy import Expr, Rational, Symbol

    from symgeo.algebra import Element


class Contraction:
    """``rows`` symmetric matrices of functions of the point, ``entry(row, i, j)`` for i <= j, applied to vectors.

    Points x and vectors v are arrays (n, P), every coordinate contiguous. ``careful`` values are computed with more
    digits where doubles lose them.
    """

    def __init__(
        self,
        coordinates: Sequence[Symbol],
        rows: int,
        entry: Callable[[int, int, int], Element],
        careful: bool = False,
    ):
        import sympy as sp

        self._coordinates, self.rows, n = tuple(coordinates), rows, len(coordinates)
        self._careful = careful
        #: The distinct values, functions of the coordinates.
        self.values: list[Expr] = []
        known: dict[Expr, int] = {}
        # For each row the place of the value, the number in front of it and the entry's indices.
        self._terms: list[list[tuple[int, Rational, int, int]]] = []
        for row in range(rows):
            terms = []
            for i in range(n):
                for j in range(i, n):
                    value = entry(row, i, j)
                    if not value:
                        continue
                    number, rest = value.to_sympy().as_coeff_Mul(rational=True)
                    if rest not in known:
                        known[rest] = len(self.values)
                        self.values.append(rest)
                    terms.append((known[rest], number, i, j))
            self._terms.append(terms)
        self._value_symbols = [sp.Dummy(f"c{m}", real=True) for m in range(len(self.values))]
        self._first = [sp.Dummy(f"v{i}", real=True) for i in range(n)]
        self._second = [sp.Dummy(f"w{i}", real=True) for i in range(n)]

    def at(self, x: np.ndarray) -> list[np.ndarray]:
        """The distinct values at points, each (P,); what the contractions take."""
        if self._careful and self.values:
            return list(self._careful_function(x.T).T)
        return self._value_function(*x)

    def quadratic(self, values: list[np.ndarray], v: np.ndarray) -> np.ndarray:
        """``sum_ij entry(row, i, j) v^i v^j``, (rows, P)."""
        return self._stacked(self._quadratic_function(*values, *v), v)

    def bilinear(self, values: list[np.ndarray], v: np.ndarray, w: np.ndarray) -> np.ndarray:
        """``sum_ij entry(row, i, j) v^i w^j``, (rows, P)."""
        return self._stacked(self._bilinear_function(*values, *v, *w), v)

    def linear(self, values: list[np.ndarray], v: np.ndarray) -> np.ndarray:
        """``[row, j] = sum_i entry(row, i, j) v^i``, (rows, n, P)."""
        return self._stacked(self._linear_function(*values, *v), v).reshape(self.rows, *v.shape)

    def _stacked(self, found: list[np.ndarray], v: np.ndarray) -> np.ndarray:
        import numpy as np

        out = np.empty((len(found), v.shape[-1]))
        for row, value in zip(out, found, strict=True):
            row[...] = value
        return out

    @cached_property
    def _value_function(self) -> Any:
        return numpy_function(self.values, self._coordinates)

    @cached_property
    def _careful_function(self) -> Any:
        return lambdify(self.values, self._coordinates)

    @cached_property
    def _quadratic_function(self) -> Any:
        v = self._first
        sums = [self._sum(row, lambda i, j: (1 if i == j else 2) * v[i] * v[j]) for row in self._terms]
        return numpy_function(sums, [*self._value_symbols, *v])

    @cached_property
    def _bilinear_function(self) -> Any:
        v, w = self._first, self._second
        sums = [
            self._sum(row, lambda i, j: v[i] * w[i] if i == j else v[i] * w[j] + v[j] * w[i]) for row in self._terms
        ]
        return numpy_function(sums, [*self._value_symbols, *v, *w])

    @cached_property
    def _linear_function(self) -> Any:
        v, sums = self._first, []
        for row in self._terms:
            for k in range(len(v)):
                mine = [(m, c, i + j - k, k) for m, c, i, j in row if k in (i, j)]
                sums.append(self._sum(mine, lambda i, j: v[i]))
        return numpy_function(sums, [*self._value_symbols, *v])

    def _sum(self, terms: Sequence[tuple[int, Rational, int, int]], product: Callable[[int, int], Expr]) -> Expr:
        """The terms that one value multiplies are added up before it does."""
        import sympy as sp

        together: dict[int, list[Expr]] = {}
        for m, number, i, j in terms:
            together.setdefault(m, []).append(number * product(i, j))
        return sp.Add(*(self._value_symbols[m] * sp.Add(*parts) for m, parts in together.items()))
