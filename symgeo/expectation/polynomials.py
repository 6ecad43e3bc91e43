"""Polynomials in one variable as lists of coefficients in a field, the lowest first and the last not zero."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from symgeo.algebra.linear import solve
from symgeo.errors import NoClosedFormError

if TYPE_CHECKING:
    from symgeo.algebra import Element

Polynomial = list["Element"]


def trimmed(p: Polynomial) -> Polynomial:
    """Without leading zeros."""
    while p and not p[-1]:
        p = p[:-1]
    return p


def multiplied(p: Sequence[Element], q: Sequence[Element]) -> Polynomial:
    """The product."""
    if not p or not q:
        return []
    field = p[0].field
    return trimmed(
        [
            field.dot((1, p[i], q[k - i]) for i in range(max(0, k - len(q) + 1), min(k + 1, len(p))))
            for k in range(len(p) + len(q) - 1)
        ]
    )


def subtracted(p: Sequence[Element], q: Sequence[Element]) -> Polynomial:
    """The difference."""
    if not p:
        return [-c for c in q]
    zero = p[0].field.zero
    n = max(len(p), len(q))
    return trimmed([a - b for a, b in zip([*p, *[zero] * (n - len(p))], [*q, *[zero] * (n - len(q))], strict=True)])


def divided(p: Sequence[Element], q: Sequence[Element]) -> tuple[Polynomial, Polynomial]:
    """Quotient and remainder."""
    rest = list(p)
    if len(rest) < len(q):
        return [], trimmed(rest)
    inverse = q[-1].inverse()
    quotient = [q[-1].field.zero] * (len(rest) - len(q) + 1)
    for k in range(len(quotient) - 1, -1, -1):
        c = quotient[k] = rest[k + len(q) - 1] * inverse
        if c:
            for i, b in enumerate(q[:-1]):
                rest[k + i] = rest[k + i] - c * b
    return trimmed(quotient), trimmed(rest[: len(q) - 1])


def inverse_modulo(p: Polynomial, q: Polynomial) -> Polynomial:
    """The polynomial that times p leaves one modulo q; :class:`NoClosedFormError` if they share a zero."""
    field, n = q[0].field, len(q) - 1
    rest = divided(p, q)[1]
    if n == 2:
        c, b, a = q
        low, high = [*rest, field.zero, field.zero][:2]
        norm = low * low * a - low * high * b + high * high * c
        if not norm:
            raise NoClosedFormError(_SHARED)
        return trimmed([(low * a - high * b) / norm, -high * a / norm])
    columns, column = [], rest
    for _ in range(n):
        columns.append([*column, *[field.zero] * (n - len(column))])
        column = divided([field.zero, *column], q)[1]
    rows = [[column[k] for column in columns] for k in range(n)]
    found = solve(rows, [field.one, *[field.zero] * (n - 1)]).values
    if found is None:
        raise NoClosedFormError(_SHARED)
    return trimmed(list(found))


_SHARED = "no closed form was found: two denominators share a zero for all parameters"
