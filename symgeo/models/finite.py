"""Finite supports: any law on finitely many points is an exponential family, and expectations are sums."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import sympy as sp

from symgeo.algebra import Element, Field

if TYPE_CHECKING:
    from sympy import Expr, Symbol

MOST_POINTS = 64


def interpolated(
    log_density_at: Callable[[dict[Symbol, Expr]], Expr],
    variables: Sequence[Symbol],
    points: Sequence[dict[Symbol, Expr]],
    field: Field,
) -> Element:
    """The log-density over the points, written so that variables and parameters separate.

    One variable: the interpolating polynomial in it; several: a sum over indicators of the points.
    """
    values = [field(log_density_at(point)) for point in points]
    if len(variables) == 1:
        x = variables[0]
        basis = [_lagrange(field, x, [p[x] for p in points], i) for i in range(len(points))]
        return field.dot((1, value, unit) for value, unit in zip(values, basis, strict=True))
    total, rest = field.zero, field.one
    for point, value in zip(points[:-1], values[:-1], strict=True):
        here = sp.And(*(sp.Eq(v, point[v]) for v in variables))
        indicator = field(sp.Piecewise((1, here), (0, True)))
        total, rest = total + indicator * value, rest - indicator
    return total + rest * values[-1]


def _lagrange(field: Field, x: Symbol, nodes: Sequence[Expr], i: int) -> Element:
    """The polynomial that is one at node i and zero at the others."""
    result = field.one
    for j, node in enumerate(nodes):
        if j != i:
            result = result * (field(x) - field(node)) / field(nodes[i] - node)
    return result


def summed(
    field: Field, density: Expr, statistics: Sequence[Element], points: Sequence[dict[Symbol, Expr]]
) -> list[Element]:
    """E[T_i] as sums over the points."""
    weights = [field(density.subs(point)) for point in points]
    out = []
    for statistic in statistics:
        t = statistic.to_sympy()
        out.append(field.dot((1, w, field(t.subs(point))) for w, point in zip(weights, points, strict=True)))
    return out
