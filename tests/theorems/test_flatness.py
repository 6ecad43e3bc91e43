"""The e- and m-connections of every model are flat, and curvature by the general formula is the derived one.

The package takes a shortcut for dually flat manifolds. Here the Riemann tensor is computed from the Christoffel
symbols alone, R^l_kij = d_i Gamma^l_jk - d_j Gamma^l_ik + Gamma^l_im Gamma^m_jk - Gamma^l_jm Gamma^m_ik, with SymPy's
derivatives, to forty digits; and the package's own general route is taken as well, on a manifold that is not told
that it is dually flat. Source: Amari and Nagaoka, Methods of Information Geometry, 2000, equation (1.41), theorem 3.5.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from symgeo.geometry.manifold import StatisticalManifold
from theorems.declared import Case
from theorems.drawing import alphas, over_all_cases, over_cases_with_curvature, points
from theorems.oracle import Numbers, close, contract, numbers, slopes

alpha = sp.Symbol("alpha", real=True)
EXACT = 1e-26


@cache
def christoffel(case: Case) -> Numbers:
    return numbers(case.model.manifold.connection(alpha).christoffel, alpha)


def symbols(case: Case, *at: sp.Expr) -> tuple[np.ndarray, np.ndarray]:
    """Gamma^k_ij as [k, i, j] and its derivatives as [k, i, j, m], at a point and a value of alpha."""
    return christoffel(case)(at), slopes(christoffel(case), at, len(case.parameters))


def general_riemann(gamma: np.ndarray, slope: np.ndarray) -> np.ndarray:
    """[l, i, j, k] is R^l_kij of R(d_i, d_j) d_k."""
    half = contract("ljki->lijk", slope) + contract("lim,mjk->lijk", gamma, gamma)
    return half - contract("lijk->ljik", half)


@over_all_cases
@pytest.mark.parametrize("sign", [1, -1])
@given(data=st.data())
def test_exponential_and_mixture_connections_are_flat(case, sign, data):
    point = data.draw(points(case))
    gamma, slope = symbols(case, *point, sp.Integer(sign))
    riemann = general_riemann(gamma, slope)
    size = max([1, *(abs(v) for v in slope.ravel())])
    close(riemann / size, 0 * riemann, EXACT, case)
    assert case.model.manifold.connection(sign).is_flat
    assert case.model.manifold.connection(sign).riemann.is_zero


@cache
def derived(case: Case) -> tuple[Numbers, ...]:
    """The metric, and of the connection: Riemann both ways, Ricci, scalar curvature."""
    manifold = case.model.manifold
    c = manifold.connection(alpha)
    return (
        numbers(manifold.metric),
        numbers(c.riemann, alpha),
        numbers(c.riemann_lowered, alpha),
        numbers(c.ricci, alpha),
        Numbers([c.scalar_curvature], (*case.parameters, alpha)),
    )


@over_cases_with_curvature
@given(data=st.data())
def test_curvature_by_the_general_formula(case, data):
    point, value = data.draw(points(case)), data.draw(alphas())
    general = general_riemann(*symbols(case, *point, value))
    metric = derived(case)[0](point)
    riemann, lowered, ricci, scalar = (f([*point, value]) for f in derived(case)[1:])
    close(riemann, general, EXACT, case)
    close(lowered, contract("mijk,ml->ijkl", general, metric), EXACT, case)
    traced = contract("iijk->jk", general)
    close(ricci, traced, EXACT, case)
    inverse = np.array(_inverse(metric))
    close(scalar, np.array([(inverse * traced).sum()]), EXACT, case)


def _inverse(matrix: np.ndarray) -> list[list]:
    import mpmath

    return (mpmath.matrix(matrix.tolist()) ** -1).tolist()


@over_cases_with_curvature
def test_the_general_route_of_the_package_gives_the_same(case):
    """Without duality the curvature is derived from Christoffel symbols and their derivatives."""
    flat = case.model.manifold
    plain = StatisticalManifold(flat.metric, flat.cubic)
    assert plain.duality is None and not plain.dually_flat
    for value in (sp.Integer(0), sp.Rational(1, 2)):
        a, b = flat.connection(value), plain.connection(value)
        pairs = [(a.riemann_lowered, b.riemann_lowered), (a.ricci, b.ricci)]
        for theta in case.model.chart.interior_points(2):
            point = [theta[p] for p in case.parameters]
            for left, right in pairs:
                close(numbers(left)(point), numbers(right)(point), EXACT, case)
            scalars = Numbers([a.scalar_curvature, b.scalar_curvature], case.parameters)(point)
            close(scalars[:1], scalars[1:], EXACT, case)


@over_cases_with_curvature
def test_flatness_is_found_on_the_general_route_too(case):
    flat = case.model.manifold
    plain = StatisticalManifold(flat.metric, flat.cubic)
    assert plain.connection(1).is_flat and plain.connection(-1).is_flat
    assert plain.connection(0).is_flat == flat.connection(0).is_flat


@over_cases_with_curvature
def test_curvatures_of_dual_connections_are_equal(case):
    """R^(alpha) = R^(-alpha) on a dually flat manifold, and it is (1 - alpha^2) times that of alpha = 0."""
    manifold = case.model.manifold
    scalar = sp.expand(manifold.connection(alpha).scalar_curvature)
    zero = manifold.connection(0).scalar_curvature
    gap = Numbers([scalar - (1 - alpha**2) * zero], (*case.parameters, alpha))
    for theta in case.model.chart.interior_points(2):
        close(gap([*(theta[p] for p in case.parameters), sp.Rational(5, 7)]), [0], EXACT, case)
