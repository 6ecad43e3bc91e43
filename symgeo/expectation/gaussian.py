"""Expectations of polynomials under a normal law whose parameters may be tied to each other.

A log-density that is quadratic in the variables, ``-x'Qx/2 + b'x + c``, is normal with covariance ``Q^-1`` and mean
``Q^-1 b``: this serves curved families (a mean on a circle, autoregression, nonlinear regression at fixed points).
Moments of higher order follow by ``E[x_i f] = m_i E[f] + sum_j C_ij E[d_j f]`` (Stein, Ann. Statist. 9 (1981)).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import sympy as sp

from symgeo.algebra import Element, Field, differential_field
from symgeo.algebra.element import separated
from symgeo.algebra.linear import SingularMatrixError, symmetric_inverse
from symgeo.algebra.printing import written_as_sum
from symgeo.algebra.zero_test import state_positive

if TYPE_CHECKING:
    from sympy import Expr, Symbol

Polynomial = dict[tuple[int, ...], Element]  # coefficients by the ascending positions of the variables in a monomial


def gaussian_expectations(
    log_density: Element, statistics: Sequence[Element], variables: Sequence[Symbol]
) -> list[Element] | None:
    """E[T] for polynomials T, the variables running over the whole line each; None for any other law or function."""
    field, n = log_density.field, len(variables)
    exponent = quadratic(log_density, variables)
    wanted = [_polynomial(t, variables) for t in statistics]
    if exponent is None or any(t is None for t in wanted):
        return None
    try:
        covariance = symmetric_inverse(_precision(exponent, field, n)).matrix
    except SingularMatrixError:
        return None
    slope = [exponent.get((i,), field.zero) for i in range(n)]
    mean = [field.dot((1, covariance[i][j], slope[j]) for j in range(n)) for i in range(n)]
    moments: dict[tuple[int, ...], Element] = {(): field.one}

    def moment(index: tuple[int, ...]) -> Element:
        if index not in moments:
            i, rest = index[0], index[1:]
            terms = [(1, mean[i], moment(rest))]
            for j in dict.fromkeys(rest):
                place = rest.index(j)
                terms.append((rest.count(j), covariance[i][j], moment(rest[:place] + rest[place + 1 :])))
            moments[index] = field.dot(terms)
        return moments[index]

    return [field.dot((1, c, moment(index)) for index, c in t.items()) for t in wanted if t is not None]


def gaussian_mass(
    log_densities: Sequence[Element], variables: Sequence[Symbol], weights: Sequence[Expr]
) -> tuple[Expr, list[Expr]] | None:
    """The logarithm of the integral of ``exp(sum of w log p)`` over the whole space, for log-densities that are
    quadratic in the variables, and the leading principal minors of its precision; else None.

    It is finite exactly where all minors are positive. Coefficients are combined last, so that nothing is multiplied
    out.
    """
    n = len(variables)
    parts = [quadratic(a, variables) for a in log_densities]
    if any(part is None for part in parts):
        return None
    keys = sorted({key for part in parts for key in part or ()})
    field = differential_field()
    names = {key: sp.Dummy("c", real=True) for key in keys}
    exponent = {key: field(s) for key, s in names.items()}
    precision = _precision(exponent, field, n)
    inverses = []
    for k in range(1, n + 1):
        try:
            inverses.append(symmetric_inverse([row[:k] for row in precision[:k]]))
        except SingularMatrixError:
            return None
        state_positive(field, inverses[-1].determinant)
    slope = [exponent.get((i,), field.zero) for i in range(n)]
    covariance = inverses[-1].matrix
    square = field.dot((1, covariance[i][j] * slope[i], slope[j]) for i in range(n) for j in range(n))
    log_mass = names.get((), sp.S.Zero) + square.to_sympy() / 2 + n * sp.log(2 * sp.pi) / 2
    determinant = inverses[-1].determinant.to_sympy()
    weighted = [(w, part) for w, part in zip(weights, parts, strict=True) if part]
    images = {
        s: sp.Add(*(w * written_as_sum(part[key]) for w, part in weighted if key in part)) for key, s in names.items()
    }
    minors = [inverse.determinant.to_sympy().xreplace(images) for inverse in inverses]
    return (log_mass - sp.log(determinant) / 2).xreplace(images), minors


def _precision(exponent: Polynomial, field: Field, n: int) -> list[list[Element]]:
    return [
        [exponent.get((min(i, j), max(i, j)), field.zero) * (-2 if i == j else -1) for j in range(n)] for i in range(n)
    ]


def quadratic(a: Element, variables: Sequence[Symbol]) -> Polynomial | None:
    """The coefficients of a polynomial of degree at most two in the variables; None for any other function."""
    found = _polynomial(a, variables)
    return None if found is None or any(len(index) > 2 for index in found) else found


def _polynomial(a: Element, variables: Sequence[Symbol]) -> Polynomial | None:
    """The coefficients of a polynomial in the variables; None for any other function."""
    field = a.field
    position = {g.index: variables.index(g.expr) for g in field.generators if g.is_symbol and g.expr in variables}
    out: Polynomial = {}
    for w, c in separated(a, variables).values():
        if w.powers:
            return None
        index: list[int] = []
        for g, e in enumerate(map(int, w.numerator.monomial(0))):
            if e and g not in position:
                return None
            index += [position[g]] * e if e else []
        out[tuple(sorted(index))] = c
    return out
