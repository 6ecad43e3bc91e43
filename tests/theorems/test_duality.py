"""The alpha-connections of every model: duality, symmetry, metric compatibility, to forty digits.

Source: Amari and Nagaoka, Methods of Information Geometry, 2000, equations (2.21), (2.39) and (3.1).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import permutations, product

import sympy as sp

from theorems.declared import Case
from theorems.drawing import over_all_cases, over_cases_with_curvature
from theorems.oracle import Numbers, close, contract, numbers, slopes

alpha = sp.Symbol("alpha", real=True)
VALUES = (sp.Rational(-5, 3), sp.Integer(0), sp.Rational(3, 7))
EXACT = 1e-30


@dataclass(frozen=True)
class Compiled:
    """Arrays [i, j], [i, j, k] = d_k g_ij, Gamma_ij,k, Gamma^k_ij and T_ijk; those of Gamma take alpha too."""

    metric: Numbers
    first: Numbers
    second: Numbers
    cubic: Numbers


@cache
def compiled(case: Case) -> Compiled:
    manifold = case.model.manifold
    connection = manifold.connection(alpha)
    return Compiled(
        numbers(manifold.metric),
        numbers(connection.christoffel_first_kind, alpha),
        numbers(connection.christoffel, alpha),
        numbers(manifold.cubic),
    )


def generic_points(case: Case) -> list[list[sp.Rational]]:
    return [[theta[p] for p in case.parameters] for theta in case.model.chart.interior_points(2)]


@over_all_cases
def test_connections_of_opposite_alpha_are_dual(case):
    """d_k g_ij = Gamma^(alpha)_ki,j + Gamma^(-alpha)_kj,i."""
    f = compiled(case)
    for point in generic_points(case):
        for value in VALUES:
            gamma, dual = f.first([*point, value]), f.first([*point, -value])
            total = contract("kij->ijk", gamma) + contract("kji->ijk", dual)
            close(total, slopes(f.metric, point, len(point)), EXACT, case)


@over_all_cases
def test_the_dual_connection_has_the_opposite_alpha(case):
    connection = case.model.manifold.connection(alpha)
    assert connection.dual.alpha == -alpha
    assert connection.dual.dual is connection


@over_all_cases
def test_connections_are_free_of_torsion(case):
    connection = case.model.manifold.connection(alpha)
    for i, j, k in product(range(len(case.parameters)), repeat=3):
        assert connection.christoffel_first_kind[i, j, k] == connection.christoffel_first_kind[j, i, k]
        assert connection.christoffel[k, i, j] == connection.christoffel[k, j, i]


@over_all_cases
def test_zero_connection_preserves_the_metric(case):
    f = compiled(case)
    for point in generic_points(case):
        raised = contract("mki,mj->ijk", f.second([*point, 0]), f.metric(point))
        close(raised + contract("ijk->jik", raised), slopes(f.metric, point, len(point)), EXACT, case)


@over_all_cases
def test_covariant_derivative_of_the_metric_is_alpha_times_the_cubic_tensor(case):
    """(nabla^(alpha) g)_ijk = alpha T_ijk, so that T is the same for every order of its indices."""
    f = compiled(case)
    for index in product(range(len(case.parameters)), repeat=3):
        assert len({case.model.manifold.cubic[order] for order in permutations(index)}) == 1
    for point in generic_points(case):
        for value in VALUES:
            gamma = f.first([*point, value])
            derivative = slopes(f.metric, point, len(point)) - contract("kij->ijk", gamma) - contract("kji->ijk", gamma)
            close(derivative, _times(value, f.cubic(point)), EXACT, case)


def _times(value: sp.Rational, array):
    return array * int(value.p) / int(value.q)


@over_all_cases
def test_cubic_tensor_from_the_affine_coordinates(case):
    """T_abc = d_a eta . d_b d_c mu - d_b d_c eta . d_a mu, in every order of a, b, c on its own.

    This is Gamma^(m)_bc,a - Gamma^(e)_bc,a, with each connection read from its affine coordinates.
    """
    family, x = case.model.exponential_family, case.parameters
    n = len(x)
    arrays = []
    for functions in (family.natural_parameters, family.expectation_parameters):
        first = [[sp.diff(f, s) for s in x] for f in functions]
        arrays.append(Numbers([e for row in first for e in row], x, (n, n)))
        arrays.append(Numbers([sp.diff(e, s) for row in first for e in row for s in x], x, (n, n, n)))
    for point in generic_points(case):
        d_eta, dd_eta, d_mu, dd_mu = (f(point) for f in arrays)
        computed = contract("ia,ibc->abc", d_eta, dd_mu) - contract("ibc,ia->abc", dd_eta, d_mu)
        close(computed, compiled(case).cubic(point), EXACT, case)


@over_all_cases
def test_christoffel_symbols_of_both_kinds_agree(case):
    f = compiled(case)
    for point in generic_points(case):
        for value in VALUES:
            lowered = contract("mij,mk->ijk", f.second([*point, value]), f.metric(point))
            close(lowered, f.first([*point, value]), EXACT, case)


@over_cases_with_curvature
def test_connection_of_a_number_is_that_of_a_symbol_at_the_number(case):
    value = sp.Rational(-1, 3)
    at_number = numbers(case.model.manifold.connection(value).christoffel)
    for point in generic_points(case):
        close(at_number(point), compiled(case).second([*point, value]), EXACT, case)
