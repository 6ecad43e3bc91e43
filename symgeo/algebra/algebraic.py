"""Algebraic generators: reduction by the relation ``g**n = v``, and inverses free of such generators below."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flint import fmpz_mpoly

    from symgeo.algebra.element import Element
    from symgeo.algebra.field import Field
    from symgeo.algebra.generator import Generator


def reduced(field: Field, p: fmpz_mpoly) -> fmpz_mpoly:
    """Apply the relations, the latest first, so that every ``g**n`` is replaced by its value."""
    for generator in reversed(field.generators):
        value = generator.value
        if value is None:
            continue
        i, n = generator.index, generator.degree
        while p.degrees()[i] >= n:
            low: dict[tuple, Any] = {}
            high: dict[tuple, Any] = {}
            for exponents, c in p.to_dict().items():
                if exponents[i] >= n:
                    high[(*exponents[:i], exponents[i] - n, *exponents[i + 1 :])] = c
                else:
                    low[exponents] = c
            p = field.context.from_dict(low) + field.context.from_dict(high) * value.numerator
    return p


def coefficients(a: Element, index: int) -> dict[int, Element]:
    """``{k: c_k}`` with ``a = sum_k c_k g**k`` for the generator with this index, absent from the denominator."""
    field = a.field
    parts: dict[int, dict[tuple, Any]] = {}
    for exponents, c in a.numerator.to_dict().items():
        rest = (*exponents[:index], 0, *exponents[index + 1 :])
        parts.setdefault(int(exponents[index]), {})[rest] = c
    return {k: field.fraction(field.context.from_dict(d), a.denominator, a.powers) for k, d in parts.items()}


def inverse(a: Element, generator: Generator) -> Element:
    """Inverse of ``sum_k c_k g**k`` modulo ``g**n = v``, by the norm for n = 2 and a linear solve above."""
    field, n, value = a.field, generator.degree, generator.value
    assert value is not None
    parts = coefficients(a, generator.index)
    g = field.generator(generator.index)
    if len(parts) == 1:
        ((k, c),) = parts.items()
        return g ** (n - k) * field.inverse(c * value)
    if n == 2:
        low, high = parts.get(0, field.zero), parts.get(1, field.zero)
        return (low - high * g) * field.inverse(low * low - high * high * value)
    # Column j holds the coefficients of a g**j; the inverse solves M x = (1, 0, ..., 0).
    rows = [[field.zero] * n + [field.one if r == 0 else field.zero] for r in range(n)]
    for k, c in parts.items():
        for j in range(n):
            r, wrapped = (k + j) % n, (k + j) // n
            rows[r][j] = rows[r][j] + (c * value if wrapped else c)
    for col in range(n):
        pivot = next((r for r in range(col, n) if rows[r][col]), None)
        if pivot is None:
            raise ZeroDivisionError(f"{a} has no inverse: {generator.expr} may cancel the rest of it")
        rows[col], rows[pivot] = rows[pivot], rows[col]
        scale = field.inverse(rows[col][col])
        rows[col] = [entry * scale for entry in rows[col]]
        for r in range(n):
            if r != col and rows[r][col]:
                factor = rows[r][col]
                rows[r] = [x - factor * y for x, y in zip(rows[r], rows[col], strict=True)]
    return field.sum(rows[k][n] * g**k for k in range(n))
