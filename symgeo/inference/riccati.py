"""Derivatives by what is there already.

Many a log-density f solves Riccati's equation ``f'' = a + b f' + c f'^2``, tails of normal and logistic laws with a and
b of first degree in the variable: a second derivative is then a few products. And where f is the logarithm of an
integral, such as the normal distribution function, its derivative is the integrand times ``exp(-f)``.
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
    local: Function | None = None,
) -> Function | None:
    """[*written, *slopes, *second] of the arguments; None where the last are not seen to be functions of the slopes.

    The first of the slopes is the one by ``variable``, of which coefficients are free. ``local`` has the first two.
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
    local = local or numpy_function([*written, *(s.to_sympy() for s in slopes)], arguments)
    rest = numpy_function(found, [*arguments, *letters])
    return _chained(local, rest, len(written))


def by_value(written: Expr, slope: Element, variable: Symbol) -> Function | None:
    """[f, f'] of the variable; None where f is not the logarithm of a function whose derivative alone is elementary."""
    field, letter = slope.field, sp.Dummy(real=True)
    integrand = (slope * field(sp.exp(written))).to_sympy()
    if _is_elementary(slope.to_sympy()) or not _is_elementary(integrand):
        return None
    rest = numpy_function([integrand * sp.exp(-letter)], [variable, letter])
    return _chained(numpy_function([written], [variable]), rest, 0)


def _is_elementary(e: Expr) -> bool:
    return not e.atoms(sp.Function) - e.atoms(sp.exp, sp.log)


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


def without_first(whole: Function) -> Function:
    """The function without the first of its values."""
    quick = unchecked(whole)

    def function(*values: Any) -> list[Any]:
        return whole(*values)[1:]

    function.unchecked = lambda *values: quick(*values)[1:]  # type: ignore[attr-defined]
    return function


def mean_square(locals_: Sequence[Function]) -> Function:
    """[E[f'^2]] over the possible responses, with a function [f, f'] for each, f the logarithm of its probability."""
    quick = [unchecked(local) for local in locals_]

    def of_two(index: Any) -> list[Any]:
        first, second = (local(index)[1] for local in quick)
        return [-first * second]  # for the mean of f' is zero

    def body(index: Any) -> list[Any]:
        import numpy as np

        total = 0.0
        for local in quick:
            value, slope = local(index)
            total = total + np.exp(value) * slope * slope
        return [total]

    return of_two if len(quick) == 2 else body
