"""Normal laws of zero mean: the affine-invariant distance of their covariances, in any chart.

Source: Skovgaard, Scand. J. Stat. 11 (1984) 211-223, section 6: sqrt(1/2 sum of log^2 of the relative eigenvalues).
"""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp
from scipy.linalg import eigh

import symgeo as sg
from symgeo import errors
from symgeo.algebra import differential_field
from symgeo.geometry.positive_matrices import PositiveMatrices
from theorems.curves import defect, numerical_distance, t

R = sp.Rational
a, b = sp.symbols("a b", positive=True)
c, x, y = sp.symbols("c x y", real=True)


def zero_mean(d: int) -> sg.StatisticalManifold:
    """The covariances as coordinates, row by row."""
    manifold = sg.catalogue.multivariate_normal(d).manifold
    means, rest = manifold.coordinates[:d], manifold.coordinates[d:]
    return manifold.submanifold(dict.fromkeys(means, 0), rest)


def by_eigenvalues(p: sp.Matrix, q: sp.Matrix) -> float:
    """The definition in floating point, by another library."""
    values = eigh(np.array(q, float), np.array(p, float), eigvals_only=True)
    return float(np.sqrt(0.5 * np.sum(np.log(values) ** 2)))


def row(s: sp.Matrix) -> list[sp.Expr]:
    return [s[i, j] for i in range(s.rows) for j in range(i, s.rows)]


FIRST = sp.Matrix([[2, R(1, 2), R(1, 3)], [R(1, 2), 1, 0], [R(1, 3), 0, 3]])
SECOND = sp.Matrix([[1, R(-1, 3), R(1, 5)], [R(-1, 3), 3, 1], [R(1, 5), 1, 2]])


@pytest.mark.parametrize("d", [2, 3])
def test_distance_of_covariances(d: int) -> None:
    p, q = FIRST[:d, :d], SECOND[:d, :d]
    space = sg.isometry(zero_mean(d))
    assert f"positive definite matrices S of order {d}" in repr(space)
    assert space.matrix.shape == (d, d) and space.factor == 1 and space.curvature is None
    assert float(space.distance(row(p), row(q))) == pytest.approx(by_eigenvalues(p, q), rel=1e-13)
    assert float(sp.N(space.distance(row(p), row(p)))) == pytest.approx(0, abs=1e-12)
    assert float(space.distance(row(p), row(3 * p))) == pytest.approx(np.sqrt(d / 2) * np.log(3), rel=1e-13)


def test_distance_of_covariances_against_the_boundary_value_problem() -> None:
    p, q = FIRST[:2, :2], SECOND[:2, :2]
    manifold = zero_mean(2)
    assert float(sg.distance(manifold, row(p), row(q))) == pytest.approx(
        numerical_distance(manifold, row(p), row(q)), rel=1e-8
    )


def test_distance_in_symbols_of_order_three() -> None:
    space = sg.isometry(zero_mean(3))
    start = FIRST.copy()
    start[1, 1] = a
    found = space.distance(row(start), row(SECOND))
    assert float(found.subs(a, 1)) == pytest.approx(by_eigenvalues(FIRST, SECOND), rel=1e-12)


def test_geodesics_of_order_two() -> None:
    manifold = zero_mean(2)
    space = sg.isometry(manifold)
    p, q = row(FIRST[:2, :2]), row(SECOND[:2, :2])
    assert defect(manifold, space.geodesic(p, q, t)) < 1e-25
    assert defect(manifold, space.exponential(p, (1, R(1, 3), -1), t)) < 1e-25
    assert space.geodesic((1, 0, 1), (4, 0, 4), t) == (4**t, 0, 4**t)
    with pytest.raises(errors.NoClosedFormError, match="numerically"):
        sg.isometry(zero_mean(3)).geodesic(row(FIRST), row(SECOND), t)


def test_charts_of_the_cone() -> None:
    """Standard deviations and correlation, and the Cholesky factor of the precision, as a density declares them."""
    normal = sg.catalogue.bivariate_normal().manifold
    m1, m2, *rest = normal.coordinates
    correlations = normal.submanifold({m1: 0, m2: 0}, rest)
    s1, s2, rho = R(3, 2), 2, R(1, 3)
    p, q = (s1, s2, rho), (1, R(1, 2), R(-1, 4))
    matrices = [sp.Matrix([[u**2, r * u * v], [r * u * v, v**2]]) for u, v, r in (p, q)]
    assert float(sg.distance(correlations, p, q)) == pytest.approx(by_eigenvalues(*matrices), rel=1e-13)
    assert defect(correlations, sg.isometry(correlations).geodesic(p, q, t)) < 1e-25
    density = a * b / (2 * sp.pi) * sp.exp(-((a * x + c * y) ** 2 + b**2 * y**2) / 2)
    model = sg.StatisticalModel(density, (x, y), (a, b, c))
    factors = [sp.Matrix([[u, w], [0, v]]) for u, v, w in ((1, 2, R(1, 3)), (2, 1, -1))]
    precisions = [f.T * f for f in factors]
    found = sg.distance(model, *[(f[0, 0], f[1, 1], f[0, 1]) for f in factors])
    assert float(found) == pytest.approx(by_eigenvalues(*precisions), rel=1e-13)


def test_wishart_laws_have_a_multiple_of_the_metric() -> None:
    space = sg.isometry(sg.catalogue.get("wishart"))
    p, q = row(FIRST[:2, :2]), row(SECOND[:2, :2])
    expected = sp.sqrt(space.factor) * by_eigenvalues(FIRST[:2, :2], SECOND[:2, :2])
    assert space.factor > 1
    assert float(space.distance(p, q)) == pytest.approx(float(expected), rel=1e-13)


def test_order_four_needs_numbers() -> None:
    field, entries = differential_field(), sp.symbols("s:10", real=True)
    rows = [[entries[min(i, j) * (7 - min(i, j)) // 2 + max(i, j)] for j in range(4)] for i in range(4)]
    space = PositiveMatrices(entries, [[field(e) for e in line] for line in rows], field.one)
    p = sp.diag(1, 2, 3, 4) + sp.ones(4) / 5
    q = sp.diag(3, 1, 2, 2) - sp.ones(4) / 5
    assert float(space.distance(row(p), row(q))) == pytest.approx(by_eigenvalues(p, q), rel=1e-13)
    p[0, 0] = a
    with pytest.raises(errors.NoClosedFormError, match="rational"):
        space.distance(row(p), row(q))
