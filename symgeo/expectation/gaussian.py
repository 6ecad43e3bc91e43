"""Expectations of linear and quadratic statistics under a normal law whose parameters may be tied to each other.

A log-density that is quadratic in the variables, ``-x'Qx/2 + b'x + c``, is normal with covariance ``Q^-1`` and mean
``Q^-1 b``: this serves curved families (a mean on a circle, autoregression, nonlinear regression at fixed points).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from symgeo.algebra import Element
from symgeo.algebra.element import separated
from symgeo.algebra.linear import SingularMatrixError, symmetric_inverse

if TYPE_CHECKING:
    from sympy import Symbol

Quadratic = dict[tuple[int, ...], Element]


def gaussian_expectations(
    log_density: Element, statistics: Sequence[Element], variables: Sequence[Symbol]
) -> list[Element] | None:
    """E[T] for statistics of degree at most two, the variables running over the whole line each; else None."""
    field, n = log_density.field, len(variables)
    exponent = quadratic(log_density, variables)
    wanted = [quadratic(t, variables) for t in statistics]
    if exponent is None or any(t is None for t in wanted):
        return None
    zero = field.zero
    precision = [
        [exponent.get((min(i, j), max(i, j)), zero) * (-2 if i == j else -1) for j in range(n)] for i in range(n)
    ]
    try:
        covariance = symmetric_inverse(precision).matrix
    except SingularMatrixError:
        return None
    slope = [exponent.get((i,), zero) for i in range(n)]
    mean = [field.dot((1, covariance[i][j], slope[j]) for j in range(n)) for i in range(n)]

    def moment(index: tuple[int, ...]) -> Element:
        if len(index) < 2:
            return mean[index[0]] if index else field.one
        i, j = index
        return mean[i] * mean[j] + covariance[i][j]

    return [field.dot((1, c, moment(index)) for index, c in t.items()) for t in wanted if t is not None]


def quadratic(a: Element, variables: Sequence[Symbol]) -> Quadratic | None:
    """The coefficients by the variables' positions: (), (i,), (i, j) with i <= j; None for any other function."""
    field = a.field
    position = {g.index: variables.index(g.expr) for g in field.generators if g.is_symbol and g.expr in variables}
    out: Quadratic = {}
    for w, c in separated(a, variables).values():
        if w.powers or w.numerator.total_degree() > 2:
            return None
        index: list[int] = []
        for g, e in enumerate(map(int, w.numerator.monomial(0))):
            if e and g not in position:
                return None
            index += [position[g]] * e if e else []
        out[tuple(sorted(index))] = c
    return out
