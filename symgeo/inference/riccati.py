"""Second derivatives by first ones: many a log-density f solves Riccati's equation ``f'' = a + b f' + c f'^2``.

Tails of normal and logistic laws do, with a and b of first degree in the variable. A second derivative is then a few
products of numbers that are there already.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import sympy as sp

from symgeo.codegen import numpy_function, unchecked
from symgeo.expectation.affine import combination

if TYPE_CHECKING:
    from sympy import Expr, Symbol

    from symgeo.algebra import Element

Function = Callable[..., list[Any]]


def by_slopes(
    written: Sequence[Expr],
    slopes: Sequence[Element],
    second: Sequence[Element],
    arguments: Sequence[Symbol],
    variable: Symbol,
) -> Function | None:
    """[*written, *slopes, *second] of the arguments; None where the last are not seen to be functions of the slopes.

    The first of the slopes is the one by ``variable``, of which coefficients are free.
    """
    field, y = slopes[0].field, variable
    letters = [sp.Dummy(real=True) for _ in slopes]
    first, *others = zip(slopes, letters, strict=True)
    basis = [(field.one, sp.S.One), (field(y), y), first, (field(y) * first[0], y * first[1])]
    basis += [(first[0] * first[0], first[1] ** 2), *others]
    found = []
    for target in second:
        weights = combination([[column] for column, _ in basis], [target], {y})
        if weights is None:
            return None
        terms = (w.to_sympy() * e for w, (_, e) in zip(weights, basis, strict=True) if w)
        # What all terms have in common stays a factor, lest small differences of large numbers be taken.
        found.append(sp.factor_terms(sp.Add(*terms)))
    local = numpy_function([*written, *(s.to_sympy() for s in slopes)], arguments)
    rest = numpy_function(found, [*arguments, *letters])
    return _chained(local, rest, len(written))


def _chained(first: Function, rest: Function, skipped: int) -> Function:
    quick, quick_rest = unchecked(first), unchecked(rest)

    def function(*values: Any) -> list[Any]:
        rows = first(*values)
        return [*rows, *rest(*values, *rows[skipped:])]

    def body(*values: Any) -> list[Any]:
        rows = quick(*values)
        return [*rows, *quick_rest(*values, *rows[skipped:])]

    function.unchecked = body  # type: ignore[attr-defined]
    return function
