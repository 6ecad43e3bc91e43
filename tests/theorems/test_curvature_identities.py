"""Symmetries of the curvature tensors and Bianchi's identities.

Source: Lee, Introduction to Riemannian Manifolds, 2018, propositions 7.12 and 7.16; Amari and Nagaoka, 2000,
section 3.2, for the dual pair: g(R(X, Y) Z, W) = -g(Z, R*(X, Y) W).
"""

from __future__ import annotations

from functools import cache
from itertools import product

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from symgeo import catalogue
from symgeo.geometry.manifold import StatisticalManifold
from theorems.declared import Case
from theorems.drawing import alphas, over_cases_with_curvature, points, several
from theorems.oracle import Numbers, close, contract, numbers, slopes

alpha = sp.Symbol("alpha", real=True)
EXACT = 1e-26


@cache
def plain_manifold(case: Case) -> StatisticalManifold:
    """The same triple, not known to be dually flat, so that nothing is symmetric by shortcut."""
    manifold = case.model.manifold
    return StatisticalManifold(manifold.metric, manifold.cubic)


@cache
def lowered(case: Case) -> Numbers:
    return numbers(plain_manifold(case).connection(alpha).riemann_lowered, alpha)


@over_cases_with_curvature
@given(data=st.data())
def test_symmetries_of_the_lowered_curvature(case, data):
    point, value = data.draw(points(case)), data.draw(alphas())
    r, dual, levi_civita = (lowered(case)([*point, a]) for a in (value, -value, 0))
    close(contract("ijkl->jikl", r), -r, EXACT, case)
    close(contract("ijkl->ijlk", dual), -r, EXACT, case)
    close(contract("ijkl->ijlk", levi_civita), -levi_civita, EXACT, case)
    close(contract("ijkl->klij", levi_civita), levi_civita, EXACT, case)


@over_cases_with_curvature
@given(data=st.data())
def test_first_bianchi_identity(case, data):
    """R(X, Y) Z + R(Y, Z) X + R(Z, X) Y = 0 for a connection without torsion."""
    point, value = data.draw(points(case)), data.draw(alphas())
    r = lowered(case)([*point, value])
    close(r + contract("jkil->ijkl", r) + contract("kijl->ijkl", r), 0 * r, EXACT, case)


small = [case for case in several if len(case.parameters) <= 3]


@cache
def both(case: Case) -> tuple[Numbers, Numbers]:
    c = case.model.manifold.connection(alpha)
    return numbers(c.christoffel, alpha), numbers(c.riemann, alpha)


@pytest.mark.parametrize("case", small, ids=repr)
@settings(max_examples=2)
@given(data=st.data())
def test_second_bianchi_identity(case, data):
    """The cyclic sum of nabla_m R^l_kij over m, i, j vanishes."""
    point, value = data.draw(points(case)), data.draw(alphas())
    christoffel, riemann = both(case)
    gamma, r = christoffel([*point, value]), riemann([*point, value])
    slope = slopes(riemann, [*point, value], len(case.parameters))
    nabla = contract("lijkm->mlijk", slope) + contract("lmp,pijk->mlijk", gamma, r)
    nabla = nabla - contract("pmk,lijp->mlijk", gamma, r)
    nabla = nabla - contract("pmi,lpjk->mlijk", gamma, r) - contract("pmj,lipk->mlijk", gamma, r)
    cyclic = nabla + contract("iljmk->mlijk", nabla) + contract("jlmik->mlijk", nabla)
    close(cyclic, 0 * cyclic, 1e-24, case)


@over_cases_with_curvature
def test_ricci_of_the_zero_connection_is_symmetric(case):
    ricci = case.model.manifold.connection(0).ricci
    for j, k in product(range(len(case.parameters)), repeat=2):
        assert ricci[j, k] == ricci[k, j]


@pytest.mark.parametrize("case", [c for c in several if len(c.parameters) == 2], ids=repr)
def test_in_two_dimensions_scalar_curvature_is_twice_the_sectional(case):
    connection = case.model.manifold.connection(0)
    section = connection.sectional_curvature((1, 0), (0, 1))
    oblique = connection.sectional_curvature((2, 1), (-1, 3))
    values = Numbers([connection.scalar_curvature, 2 * section, 2 * oblique], case.parameters)
    for theta in case.model.chart.interior_points(2):
        scalar, first, second = values([theta[p] for p in case.parameters])
        close([first, second], [scalar, scalar], EXACT, case)


@pytest.mark.parametrize(
    "name", ["weibull_free", "laplace_free", "logistic", "lomax", "student_free", "asymmetric_laplace"]
)
def test_curvatures_of_opposite_alpha_are_dual(name):
    """g(R^(alpha)(X, Y) Z, W) = -g(Z, R^(-alpha)(X, Y) W), for families that are not dually flat: Amari and Nagaoka
    2000, section 3.1."""
    manifold = catalogue.get(name).manifold
    value = sp.Rational(2, 7)
    first, second = (manifold.connection(a).riemann_lowered for a in (value, -value))
    for i, j, k, m in first.indices():
        assert not first.element(i, j, k, m) + second.element(i, j, m, k), (name, i, j, k, m)
