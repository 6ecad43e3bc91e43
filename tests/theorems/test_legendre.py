"""Natural and expectation coordinates: g is the Hessian of psi, T its third derivative, and Legendre's involution.

Sources: Amari and Nagaoka, Methods of Information Geometry, 2000, section 3.3 and theorem 3.6; Barndorff-Nielsen,
Information and Exponential Families, 1978, chapter 9.
"""

from __future__ import annotations

from functools import cache

import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from theorems.declared import Case
from theorems.drawing import CASES, at, over_all_cases, points
from theorems.oracle import Numbers, close, contract, numbers

EXACT = 1e-28

with_psi = [case for case in CASES if case.model.exponential_family.log_partition_natural is not None]
with_phi = [case for case in CASES if case.model.exponential_family.dual_potential is not None]


@cache
def maps(case: Case) -> tuple[Numbers, ...]:
    """eta, mu, d eta, d mu, g as functions of the declared parameters."""
    family, x, n = case.model.exponential_family, case.parameters, len(case.parameters)
    eta, mu = family.natural_parameters, family.expectation_parameters
    return (
        Numbers(eta, x),
        Numbers(mu, x),
        Numbers([sp.diff(e, s) for e in eta for s in x], x, (n, n)),
        Numbers([sp.diff(m, s) for m in mu for s in x], x, (n, n)),
        numbers(case.model.manifold.metric),
    )


@over_all_cases
@given(data=st.data())
def test_metric_is_the_derivative_of_mu_by_eta(case, data):
    """g_ab = d_a eta . d_b mu, and the differential of psi is mu . d eta."""
    point = data.draw(points(case))
    family = case.model.exponential_family
    _, mu, d_eta, d_mu, metric = (f(point) for f in maps(case))
    close(contract("ia,ib->ab", d_eta, d_mu), metric, EXACT, case)
    slope = Numbers([sp.diff(family.log_partition, s) for s in case.parameters], case.parameters)
    close(contract("i,ia->a", mu, d_eta), slope(point), EXACT, case)


@cache
def psi_derivatives(case: Case) -> tuple[Numbers, Numbers, Numbers]:
    family, n = case.model.exponential_family, len(case.parameters)
    eta, psi = family.natural_symbols, family.log_partition_natural
    first = [sp.diff(psi, e) for e in eta]
    second = [sp.diff(f, e) for f in first for e in eta]
    third = [sp.diff(f, e) for f in second for e in eta]
    return Numbers(first, eta), Numbers(second, eta, (n, n)), Numbers(third, eta, (n, n, n))


@cache
def cubic(case: Case) -> Numbers:
    return numbers(case.model.manifold.cubic)


@pytest.mark.parametrize("case", with_psi, ids=repr)
@given(data=st.data())
def test_information_is_the_hessian_of_the_log_partition(case, data):
    point = data.draw(points(case))
    eta, mu, d_eta, _, metric = (f(point) for f in maps(case))
    first, second, third = (f(eta) for f in psi_derivatives(case))
    close(first, mu, EXACT, case)
    close(contract("ij,ia,jb->ab", second, d_eta, d_eta), metric, EXACT, case)
    close(contract("ijk,ia,jb,kc->abc", third, d_eta, d_eta, d_eta), cubic(case)(point), EXACT, case)


@pytest.mark.parametrize("case", with_psi, ids=repr)
def test_manifold_of_the_potential_is_the_declared_one_in_natural_coordinates(case):
    from symgeo.geometry.manifold import StatisticalManifold

    family = case.model.exponential_family
    inverse = case.model.manifold.duality.coordinates_from_natural
    moved = case.model.manifold.reparametrize(at(case, inverse), family.natural_symbols)
    hessian = StatisticalManifold.from_potential(family.log_partition_natural, family.natural_symbols)
    pairs = [(numbers(moved.metric), numbers(hessian.metric)), (numbers(moved.cubic), numbers(hessian.cubic))]
    for theta in case.model.chart.interior_points(2):
        eta = maps(case)[0]([theta[s] for s in case.parameters])
        for got, expected in pairs:
            close(got(eta), expected(eta), EXACT, case)


@pytest.mark.parametrize("case", with_phi, ids=repr)
@given(data=st.data())
def test_legendre_transform_is_an_involution(case, data):
    """eta = grad phi(mu), and phi(mu) + psi = eta . mu."""
    point = data.draw(points(case))
    family = case.model.exponential_family
    eta, mu = (f(point) for f in maps(case)[:2])
    symbols = family.expectation_symbols
    phi = family.dual_potential
    close(Numbers([sp.diff(phi, m) for m in symbols], symbols)(mu), eta, EXACT, case)
    total = Numbers([phi], symbols)(mu)[0] + Numbers([family.log_partition], case.parameters)(point)[0]
    assert abs(total - sum(eta * mu)) <= EXACT * (1 + abs(total))


@over_all_cases
def test_potentials_of_the_duality_are_those_of_the_family(case):
    family, duality = case.model.exponential_family, case.model.manifold.duality
    assert duality.natural == family.natural_parameters
    assert duality.expectation == family.expectation_parameters
    pairs = zip(duality.natural, duality.expectation, strict=True)
    gap = duality.potential + duality.dual_potential - sp.Add(*(e * m for e, m in pairs))
    gap_at = Numbers([gap], case.parameters)
    for theta in case.model.chart.interior_points(2):
        close(gap_at([theta[s] for s in case.parameters]), [0], EXACT, case)


@over_all_cases
def test_inverse_maps_are_inverse(case):
    duality = case.model.manifold.duality
    eta, mu = maps(case)[:2]
    for theta in case.model.chart.interior_points(3):
        point = [theta[s] for s in case.parameters]
        if duality.coordinates_from_natural is not None:
            back = Numbers(duality.coordinates_from_natural, duality.natural_symbols)
            close(back(eta(point)), Numbers(case.parameters, case.parameters)(point), EXACT, case)
        if duality.coordinates_from_expectation is not None:
            back = Numbers(duality.coordinates_from_expectation, duality.expectation_symbols)
            close(back(mu(point)), Numbers(case.parameters, case.parameters)(point), EXACT, case)


@over_all_cases
def test_symbols_of_the_affine_coordinates_have_the_sign_of_their_values(case):
    duality = case.model.manifold.duality
    for symbols, values in (
        (duality.natural_symbols, duality.natural),
        (duality.expectation_symbols, duality.expectation),
    ):
        assert len(set(symbols)) == len(values)
        assert not set(symbols) & set(case.parameters)
        for theta in case.model.chart.interior_points(3):
            for symbol, expression in zip(symbols, values, strict=True):
                sign = sp.sign(sp.N(expression.subs(theta)))
                assert symbol.is_real
                assert not (symbol.is_positive and sign < 0) and not (symbol.is_negative and sign > 0)


CLOSED = {
    "normal", "bernoulli", "poisson", "exponential", "gamma", "beta", "binomial", "inverse_gaussian", "lognormal",
    "categorical", "dirichlet", "geometric", "bivariate_normal", "multivariate_normal", "von_mises",
}  # fmt: skip


def test_psi_is_closed_where_the_textbooks_have_it_closed():
    assert {case.name for case in with_psi} >= CLOSED
    assert {case.name for case in with_phi} >= {
        "normal", "bernoulli", "poisson", "exponential", "inverse_gaussian", "categorical", "bivariate_normal",
    }  # fmt: skip
