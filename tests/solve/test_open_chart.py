"""Charts whose walls are ends of single coordinates: the whole domain, and geodesics of covariances of all sizes."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import symgeo as sg
from symgeo import catalogue
from symgeo.geometry.walls import ends_of
from symgeo.solve.open_chart import OpenChart, open_chart
from symgeo.solve.spray import domain_of

TIED = [
    "abo_blood_groups", "binomial_mixture", "categorical(4)", "exponential_mixture", "hypoexponential",
    "multivariate_normal(2)", "multivariate_normal(3)", "normal_expectation",
    "normal_mixture", "wishart(2)",
]  # fmt: skip


def chart_of(name: str) -> tuple[sg.StatisticalManifold, OpenChart | None]:
    manifold = catalogue.get(name).manifold
    return manifold, open_chart(manifold, domain_of(manifold))


@pytest.mark.parametrize("name", TIED)
def test_the_box_is_the_domain(name: str) -> None:
    """Every point of the box is one of the domain and comes back, and so do velocities."""
    manifold, chart = chart_of(name)
    assert chart is not None and all(len(c.free_symbols) == 1 for c in chart.conditions)
    rng = np.random.default_rng(1)
    rows = []
    for s in chart.manifold.coordinates:
        lower, upper = ends_of(s, chart.conditions)
        free = rng.normal(size=50)
        rows.append(lower + (1 / (1 + np.exp(-free)) if upper == 1 else np.exp(free)) if lower > -np.inf else free)
    y = np.array(rows)
    x = chart.points(y)
    for condition in domain_of(manifold):
        assert np.all(sp.lambdify(manifold.coordinates, condition)(*x) > 0)
    assert chart.map(x) == pytest.approx(y, rel=1e-7, abs=1e-9)
    v = rng.normal(size=y.shape)
    back = np.einsum("pij,jp->ip", chart.map.slopes(x), chart.velocities(y, v))
    assert back == pytest.approx(v, rel=1e-5, abs=1e-6)


def test_no_chart_where_a_condition_is_linear_in_nothing() -> None:
    assert chart_of("trivariate_normal")[1] is None
    assert chart_of("gamma")[1] is None


def test_matrices_become_regressions() -> None:
    """The metric has no component between a residual variance and another coordinate."""
    _, chart = chart_of("multivariate_normal(3)")
    assert chart is not None
    metric, names = chart.manifold.metric, chart.manifold.coordinates
    for i, s in enumerate(names):
        if ends_of(s, chart.conditions)[0] == 0:
            assert metric[i, i] == 1 / (2 * s**2)
            assert all(metric[i, j] == 0 for j in range(len(names)) if j != i)


def entries(mean: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    return np.array([*mean, *covariance[np.triu_indices(len(mean))]])


def normals(seed: int, count: int, decades: float = 3.0) -> tuple[np.ndarray, np.ndarray]:
    """Means (P, 2) and covariances (P, 2, 2) with eigenvalues of all sizes."""
    rng = np.random.default_rng(seed)
    sizes = 10 ** rng.uniform(-decades, decades, (count, 2))
    frames = np.linalg.qr(rng.normal(size=(count, 2, 2)))[0]
    means = rng.choice([-1, 1], (count, 2)) * 10 ** rng.uniform(-decades, decades, (count, 2))
    return means, (frames * sizes[:, None]) @ np.swapaxes(frames, 1, 2)


@settings(max_examples=3, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_normals_of_all_sizes(seed: int) -> None:
    """Distances do not change with the chart of the sample space, and are those of matrices where means agree."""
    model = catalogue.get("multivariate_normal(2)")
    (means, covariances), rng = normals(seed, 4), np.random.default_rng(seed + 1)
    points = np.array([entries(*pair) for pair in zip(means, covariances, strict=True)])
    p, q = points[:2], points[2:]
    found = sg.geodesic_between(model, p, q)
    assert np.max(found.residual) < 1e-5
    turn, shift = np.linalg.qr(rng.normal(size=(2, 2)))[0] @ np.diag([0.3, 2.0]), np.array([1.0, -2.0])
    moved = np.array([entries(turn @ m + shift, turn @ c @ turn.T) for m, c in zip(means, covariances, strict=True)])
    assert sg.distance(model, moved[2:], moved[:2]) == pytest.approx(found.distance, rel=1e-6)
    same = p.copy()
    same[:, :2] = q[:, :2]
    half = np.linalg.inv(np.linalg.cholesky(covariances[:2]))
    logs = np.log(np.linalg.eigvalsh(half @ covariances[2:] @ np.swapaxes(half, 1, 2)))
    assert sg.distance(model, same, q) == pytest.approx(np.sqrt(np.sum(logs**2, axis=1) / 2), rel=1e-5)


def test_a_thin_normal_far_from_a_wide_one() -> None:
    """Newton's method starts from a spline: straight edges leave the valley that the geodesic follows."""
    model = catalogue.get("multivariate_normal(2)")
    p = (-132.0495, -283.0308, 0.0032021424232, 0.0070836633669, 0.018956773323)
    q = (25.8777, -14.3351, 209.4277929407, 312.3112974631, 465.73903491479)
    found = sg.geodesic_between(model, p, q)
    assert found.residual < 1e-5
    assert sg.distance(model, q, p) == pytest.approx(found.distance, rel=1e-8)


def test_normals_in_three_dimensions_far_apart() -> None:
    model, rng = catalogue.get("multivariate_normal(3)"), np.random.default_rng(3)
    frames = np.linalg.qr(rng.normal(size=(4, 3, 3)))[0]
    covariances = (frames * 10 ** rng.uniform(-2, 2, (4, 1, 3))) @ np.swapaxes(frames, 1, 2)
    means = 10 * rng.normal(size=(4, 3))
    points = np.array([entries(*pair) for pair in zip(means, covariances, strict=True)])
    found = sg.geodesic_between(model, points[:2], points[2:])
    ends = sg.exponential_map(model, points[:2], found.velocity)
    assert ends == pytest.approx(points[2:], rel=1e-4, abs=1e-4)
