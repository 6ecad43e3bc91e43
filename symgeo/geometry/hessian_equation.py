"""The functions f with ``Hess f + K f g = 0``: all of them, among combinations of candidates.

On a manifold of constant curvature K they are the restrictions of the linear functions of the space around the sphere
or the hyperboloid (for K = 0: the affine functions), and n + 1 independent ones exist only there. So finding them
proves the curvature constant and gives the isometry. Sources: Obata, J. Math. Soc. Japan 14 (1962) 333-340; do Carmo,
Riemannian Geometry, 1992, chapter 8.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from random import Random
from typing import TYPE_CHECKING

from flint import nmod_mat

from symgeo.algebra.linear import rank_and_null_space

if TYPE_CHECKING:
    from sympy import Symbol

    from symgeo.algebra import Element, Field, Tensor

_PRIME = 2**61 - 1
Row = dict[int, "Element"]


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
        rows = _rows(self.field, [[f] for f in candidates], self.coordinates)
        matrix = _modular(rows, len(candidates))
        reduced, rank = matrix.rref()
        return [candidates[_pivot(reduced, r, len(candidates))] for r in range(rank)]

    def solutions(self, candidates: Sequence[Element]) -> list[Element]:
        """A basis of the solutions among combinations of independent ``candidates`` with constant coefficients."""
        if not candidates:
            return []
        rows = _rows(self.field, [self.residual(f) for f in candidates], self.coordinates)
        # A quick look modulo a prime tells which candidates take part at all.
        reduced, rank = _modular(rows, len(candidates)).rref()
        pivots = [_pivot(reduced, r, len(candidates)) for r in range(rank)]
        free = [c for c in range(len(candidates)) if c not in set(pivots)]
        held = sorted({*free, *(p for r, p in enumerate(pivots) if any(int(reduced[r, c]) for c in free))})
        if not free:
            return []
        zero = self.field.zero
        table = {tuple(row.get(c, zero).key() for c in held): [row.get(c, zero) for c in held] for row in rows}
        _, null = rank_and_null_space(list(table.values()) or [[zero] * len(held)])
        return [self.field.dot((1, a, candidates[c]) for a, c in zip(v, held, strict=True)) for v in null]


def _rows(field: Field, columns: Sequence[Sequence[Element]], symbols: Sequence[Symbol]) -> list[Row]:
    """The linear equations in the c_k that say ``sum of c_k columns[k] = 0`` in every place, c_k free of symbols.

    Everything is brought over one common denominator a place; each monomial in functions of the symbols is an equation.
    """
    chosen, rows = frozenset(symbols), []
    for place in range(len(columns[0])):
        entries = [column[place] for column in columns]
        common: dict[int, int] = {}
        for a in entries:
            for i, e in a.powers:
                common[i] = max(e, common.get(i, 0))
        below = field.one
        for i, e in common.items():
            below = below * field.polynomial(field.factor_polynomial(i)) ** e
        found: dict[Hashable, Row] = {}
        moving = [bool(g.symbols & chosen) for g in field.generators]
        for k, a in enumerate(entries):
            if not a:
                continue
            whole = a * below
            groups: dict[tuple[int, ...], dict[tuple[int, ...], int]] = {}
            for exponents, c in whole.numerator.to_dict().items():
                powers = [int(e) for e in exponents]
                powers += [0] * (len(moving) - len(powers))
                key = tuple(e if m else 0 for e, m in zip(powers, moving, strict=False))
                rest = tuple(0 if m else e for e, m in zip(powers, moving, strict=False))
                groups.setdefault(key, {})[rest] = int(c)
            width = field.context.nvars()
            for key, terms in groups.items():
                padded = {(*rest, *[0] * (width - len(rest))): c for rest, c in terms.items()}
                value = field.polynomial(field.context.from_dict(padded)) / whole.denominator
                found.setdefault(key, {})[k] = value
        rows += list(found.values())
    return rows


def _modular(rows: Sequence[Row], width: int) -> nmod_mat:
    """The equations modulo a prime, quantities that are no numbers replaced by random ones."""
    random = Random(width)
    values: list[int] = []
    flat: list[int] = []
    for row in rows:
        line = [0] * width
        for k, a in row.items():
            if a.is_constant:
                q = a.rational()
                line[k] = q.numerator * pow(q.denominator, -1, _PRIME) % _PRIME
                continue
            nvars = a.field.context.nvars()
            values += [random.randrange(2, _PRIME) for _ in range(nvars - len(values))]
            top = int(a.numerator(*values[:nvars])) % _PRIME
            line[k] = top * pow(a.denominator, -1, _PRIME) % _PRIME
        flat += line
    return nmod_mat(len(rows), width, flat, _PRIME) if rows else nmod_mat(1, width, [0] * width, _PRIME)


def _pivot(reduced: nmod_mat, row: int, width: int) -> int:
    return next(c for c in range(width) if int(reduced[row, c]))
