"""Exponents and angles up to rational combinations: which are independent, and how the others follow from them.

exp(u), exp(v), exp(2 u - v) need two generators, not three; exp(6 u + v) alone needs one, not a product of powers.
Source: Bronstein, Symbolic Integration I, 2005, section 9.3 (the structure theorems).
"""

from __future__ import annotations

from collections.abc import Hashable
from fractions import Fraction
from typing import TYPE_CHECKING

from symgeo.algebra.element import Element, pieces

if TYPE_CHECKING:
    from symgeo.algebra.field import Field

Vector = dict[Hashable, Fraction]


def joined(a: Element) -> tuple[Element | None, list[tuple[Fraction, Element]]]:
    """The part of a sum that may stay whole (polynomial in symbols that need no separation), and its other pieces."""
    field: Field = a.field
    whole: list[Element] = []
    apart = []
    for q, t in pieces(a):
        plain = all(g.is_symbol for g in field.used_generators(t))
        if plain and not t.free_symbols & field.knowledge.apart:
            whole.append(t * q)
        else:
            apart.append((q, t))
    return (field.sum(whole) if whole else None), apart


class Directions:
    """Sums that are linearly independent over the rationals, in the order in which they came."""

    def __init__(self) -> None:
        self.sums: list[Element] = []
        self._vectors: list[Vector] = []

    def add(self, a: Element) -> int:
        """Enter a sum that the others do not give; its index."""
        self.sums.append(a)
        self._vectors.append(_vector(a))
        return len(self.sums) - 1

    def express(self, a: Element) -> list[Fraction] | None:
        """Rational coefficients c with ``a = sum_i c_i sums[i]``, or None."""
        target = _vector(a)
        keys = list(dict.fromkeys(k for v in [*self._vectors, target] for k in v))
        rows = [[v.get(k, Fraction(0)) for v in self._vectors] + [target.get(k, Fraction(0))] for k in keys]
        n = len(self._vectors)
        for c in range(n):
            # The sums are independent: every column has its pivot.
            pivot = next(r for r in range(c, len(rows)) if rows[r][c])
            rows[c], rows[pivot] = rows[pivot], rows[c]
            top = [x / rows[c][c] for x in rows[c]]
            rows[c] = top
            for r, row in enumerate(rows):
                if r != c and row[c]:
                    rows[r] = [x - row[c] * y for x, y in zip(row, top, strict=True)]
        if any(row[n] for row in rows[n:]):
            return None
        return [row[n] for row in rows[:n]]


def _vector(a: Element) -> Vector:
    return {t.key(): q for q, t in pieces(a)}
