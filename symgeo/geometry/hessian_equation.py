"""The functions f with ``Hess f + K f g = 0``: all of them, among combinations of candidates.

On a manifold of constant curvature K they are the restrictions of the linear functions of the space around the sphere
or the hyperboloid (for K = 0: the affine functions), and n + 1 independent ones exist only there. So finding them
proves the curvature constant and gives the isometry. Sources: Obata, J. Math. Soc. Japan 14 (1962) 333-340; do Carmo,
Riemannian Geometry, 1992, chapter 8.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from random import Random
from typing import TYPE_CHECKING

from flint import nmod_mat

from symgeo.algebra.linear import rank_and_null_space

if TYPE_CHECKING:
    from sympy import Symbol

    from symgeo.algebra import Element, Field, Tensor

_PRIME = 2**61 - 1
Monomials = tuple[Hashable, int, dict[tuple[int, ...], int], int]


class HessianEquation:
    """``Hess f + K f g = 0`` for a metric (n, n) with its Christoffel symbols ``[k, i, j]`` and a constant K."""

    def __init__(self, metric: Tensor, christoffel: Tensor, curvature: Element):
        self.metric, self.christoffel, self.curvature = metric, christoffel, curvature
        self.field: Field = metric.field
        self.coordinates: tuple[Symbol, ...] = metric.coordinates

    def residual(self, f: Element) -> list[Element]:
        """The independent components of ``Hess f + K f g``."""
        x, n, field = self.coordinates, len(self.coordinates), self.field
        slopes = [f.diff(s) for s in x]
        weighted = self.curvature * f
        out = []
        for i in range(n):
            for j in range(i, n):
                terms = [(1, slopes[i].diff(x[j]), field.one), (1, weighted, self.metric.element(i, j))]
                terms += [(-1, self.christoffel.element(k, i, j), slopes[k]) for k in range(n)]
                out.append(field.dot(terms))
        return out

    def independent(self, candidates: Sequence[Element]) -> list[Element]:
        """Those candidates that are no combination of earlier ones."""
        reduced, rank = _modular(self.field, [[f] for f in candidates], self.coordinates).rref()
        return [candidates[_pivot(reduced, r, len(candidates))] for r in range(rank)]

    def solutions(self, candidates: Sequence[Element]) -> list[Element]:
        """A basis of the solutions among combinations of independent ``candidates`` with constant coefficients."""
        if not candidates:
            return []
        residuals = [self.residual(f) for f in candidates]
        # A quick look modulo a prime tells which candidates take part at all.
        reduced, rank = _modular(self.field, residuals, self.coordinates).rref()
        pivots = [_pivot(reduced, r, len(candidates)) for r in range(rank)]
        free = [c for c in range(len(candidates)) if c not in set(pivots)]
        held = sorted({*free, *(p for r, p in enumerate(pivots) if any(int(reduced[r, c]) for c in free))})
        if not free:
            return []
        zero, rows = self.field.zero, _rows(self.field, [residuals[c] for c in held], self.coordinates)
        lines = [[row.get(c, zero) for c in range(len(held))] for row in rows]
        table = {tuple(a.key() for a in line): line for line in lines}
        _, null = rank_and_null_space(list(table.values()) or [[zero] * len(held)])
        return [self.field.dot((1, a, candidates[c]) for a, c in zip(v, held, strict=True)) for v in null]


def _monomials(field: Field, columns: Sequence[Sequence[Element]], symbols: Sequence[Symbol]) -> Iterator[Monomials]:
    """The linear equations in the c_k that say ``sum of c_k columns[k] = 0`` in every place, c_k free of symbols.

    Everything is brought over one common denominator a place. For each column k that enters an equation, told by its
    place and a monomial in functions of the symbols: the other factors of its terms, their coefficients, and what
    divides all of them.
    """
    chosen = frozenset(symbols)
    for place in range(len(columns[0])):
        entries = [column[place] for column in columns]
        common: dict[int, int] = {}
        for a in entries:
            for i, e in a.powers:
                common[i] = max(e, common.get(i, 0))
        below = field.one
        for i, e in common.items():
            below = below * field.polynomial(field.factor_polynomial(i)) ** e
        width = field.context.nvars()
        moving = [bool(g.symbols & chosen) for g in field.generators]
        moving += [False] * (width - len(moving))
        for k, a in enumerate(entries):
            if not a:
                continue
            whole = a * below
            groups: dict[tuple[int, ...], dict[tuple[int, ...], int]] = {}
            for exponents, c in whole.numerator.to_dict().items():
                key = tuple(int(e) if m else 0 for e, m in zip(exponents, moving, strict=True))
                rest = tuple(0 if m else int(e) for e, m in zip(exponents, moving, strict=True))
                groups.setdefault(key, {})[rest] = int(c)
            for key, terms in groups.items():
                yield (place, key), k, terms, whole.denominator


def _rows(field: Field, columns: Sequence[Sequence[Element]], symbols: Sequence[Symbol]) -> list[dict[int, Element]]:
    """The equations, exactly."""
    found: dict[Hashable, dict[int, Element]] = {}
    for key, k, terms, below in _monomials(field, columns, symbols):
        found.setdefault(key, {})[k] = field.polynomial(field.context.from_dict(terms)) / below
    return list(found.values())


def _modular(field: Field, columns: Sequence[Sequence[Element]], symbols: Sequence[Symbol]) -> nmod_mat:
    """The equations modulo a prime, constants that are no numbers replaced by random ones."""
    width, random = len(columns), Random(len(columns))
    values = [random.randrange(2, _PRIME) for _ in range(2 * field.context.nvars() + 64)]
    found: dict[Hashable, list[int]] = {}
    for key, k, terms, below in _monomials(field, columns, symbols):
        total = 0
        for exponents, c in terms.items():
            for i, e in enumerate(exponents):
                if e:
                    c = c * pow(values[i], e, _PRIME)
            total += c
        found.setdefault(key, [0] * width)[k] = total * pow(below, -1, _PRIME) % _PRIME
    return nmod_mat(max(1, len(found)), width, [v for row in found.values() for v in row] or [0] * width, _PRIME)


def _pivot(reduced: nmod_mat, row: int, width: int) -> int:
    return next(c for c in range(width) if int(reduced[row, c]))
