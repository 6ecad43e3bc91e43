"""A quick look, modulo a prime, at whether one element can be a combination of others."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from random import Random
from typing import TYPE_CHECKING

from flint import nmod_mat

from symgeo.algebra.element import Element

if TYPE_CHECKING:
    from sympy import Symbol

_PRIME = 2**61 - 1


def may_depend(a: Element, columns: Sequence[Element], symbols: Collection[Symbol]) -> bool:
    """Whether ``a = sum of c_i columns_i`` with c free of the symbols is possible.

    All generators take random values modulo a prime, those that hold none of the symbols the same ones in every row.
    False is certain as long as no relation among generators ties the two kinds; True is to be proven.
    """
    field, chosen, random = a.field, frozenset(symbols), Random(len(columns))
    fixed = [random.randrange(2, _PRIME) for _ in field.generators]
    rows: list[list[int]] = []
    for _ in range(len(columns) + 2):
        values = [
            random.randrange(2, _PRIME) if g.symbols & chosen else v
            for g, v in zip(field.generators, fixed, strict=True)
        ]
        values += [1] * (field.context.nvars() - len(values))  # room for generators that are still to come
        row = [v for e in (*columns, a) if (v := _value(e, values)) is not None]
        if len(row) == len(columns) + 1:
            rows.append(row)
    if len(rows) <= len(columns):
        return True
    flat = [v for row in rows for v in row]
    whole = nmod_mat(len(rows), len(columns) + 1, flat, _PRIME)
    part = nmod_mat(len(rows), len(columns), [v for row in rows for v in row[:-1]], _PRIME)
    return whole.rank() == part.rank()


def _value(a: Element, values: Sequence[int]) -> int | None:
    """The value modulo the prime; None where a denominator vanishes."""
    field = a.field
    result = int(field.lift(a.numerator)(*values)) % _PRIME
    below = a.denominator % _PRIME
    for i, e in a.powers:
        below = below * pow(int(field.factor_polynomial(i)(*values)) % _PRIME, e, _PRIME) % _PRIME
    return result * pow(below, -1, _PRIME) % _PRIME if below else None
