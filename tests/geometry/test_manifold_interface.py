"""Manifolds by hand: from potentials, charts and submanifolds, and what they refuse."""

from __future__ import annotations

import pytest
import sympy as sp

import symgeo as sg
from symgeo import errors
from symgeo.geometry.manifold import StatisticalManifold

u, v, a, b = sp.symbols("u v a b", real=True)
r, s, t = sp.symbols("r s t", positive=True)


def test_manifold_of_a_potential_has_its_derivatives() -> None:
    psi = sp.exp(u) + u**2 * v**2 + sp.cosh(v)
    manifold = StatisticalManifold.from_potential(psi, (u, v))
    for i, x in enumerate((u, v)):
        for j, y in enumerate((u, v)):
            assert sp.simplify(manifold.metric[i, j] - sp.diff(psi, x, y)) == 0
            for k, z in enumerate((u, v)):
                assert sp.simplify(manifold.cubic[i, j, k] - sp.diff(psi, x, y, z)) == 0
    assert manifold.duality.natural == (u, v)
    assert [sp.simplify(m - sp.diff(psi, x)) for m, x in zip(manifold.duality.expectation, (u, v), strict=True)] == [
        0,
        0,
    ]
    assert manifold.connection(1).christoffel.is_zero
    assert manifold.connection(1).is_flat and manifold.connection(-1).is_flat


def test_potential_of_the_normal_family_gives_its_curvature() -> None:
    psi = -(u**2) / (4 * v) - sp.log(-2 * v) / 2
    assert StatisticalManifold.from_potential(psi, (u, v)).connection(0).scalar_curvature == -1


def test_quadratic_potential_is_flat_for_every_alpha() -> None:
    manifold = StatisticalManifold.from_potential(u**2 + u * v + v**2, (u, v))
    assert manifold.cubic.is_zero
    assert manifold.connection(sp.Symbol("alpha")).is_flat
    assert manifold.determinant == 3
    assert manifold.jeffreys_prior == sp.sqrt(3)


@pytest.mark.parametrize(
    ("potential", "coordinates", "error", "remedy"),
    [
        (u**2, (), errors.ParameterListError, "at least one"),
        (u**2 + v**2, (u, u), errors.ParameterListError, "distinct"),
        (u**2 + a * v**2, (u, v), errors.UnknownSymbolError, "give it a value or add it"),
    ],
)
def test_potentials_that_are_refused(potential, coordinates, error, remedy) -> None:
    with pytest.raises(error, match=remedy):
        StatisticalManifold.from_potential(potential, coordinates)


def test_degenerate_potential_reports_the_null_direction() -> None:
    manifold = StatisticalManifold.from_potential(sp.exp(u + 2 * v), (u, v))
    with pytest.raises(errors.SingularMetricError, match="rank 1 of 2") as caught:
        _ = manifold.inverse_metric
    assert sp.simplify(caught.value.null_direction[0] + 2 * caught.value.null_direction[1]) == 0


normal = sg.catalogue.normal().manifold
mu, sigma = normal.coordinates


@pytest.mark.parametrize(
    ("images", "new", "error", "remedy"),
    [
        ({mu: u, sigma: r}, (u,), errors.ParameterListError, "submanifold"),
        ({mu: u, sigma: sp.exp(u)}, (u, u), errors.ParameterListError, "once"),
        ({mu: u * a, sigma: r}, (u, r), errors.UnknownSymbolError, "add it to the new coordinates"),
        ({a: u, sigma: r}, (u, r), errors.UnknownSymbolError, "no coordinate of this manifold"),
    ],
)
def test_changes_of_chart_that_are_refused(images, new, error, remedy) -> None:
    with pytest.raises(error, match=remedy):
        normal.reparametrize(images, new)


def test_a_degenerate_change_of_chart_is_refused_on_use() -> None:
    moved = normal.reparametrize({mu: u + v, sigma: sp.exp(u + v)}, (u, v))
    with pytest.raises(errors.SingularMetricError):
        _ = moved.inverse_metric


def test_coordinates_may_keep_their_names() -> None:
    moved = normal.reparametrize({sigma: sp.sqrt(s)}, (mu, s))
    assert moved.coordinates == (mu, s)
    assert moved.metric.to_matrix() == sp.diag(1 / s, 1 / (2 * s**2))


def test_coordinates_may_be_exchanged_and_mixed() -> None:
    moved = normal.reparametrize({mu: u, sigma: r}, (r, u))
    assert moved.metric.to_matrix() == sp.diag(2 / r**2, 1 / r**2)
    halves = normal.reparametrize({mu: u - r, sigma: u + r}, (u, r))
    total = (u + r) ** 2
    assert all(
        sp.simplify(g - e) == 0
        for g, e in zip(halves.metric.to_matrix(), (3 / total, 1 / total) * 1 + (1 / total, 3 / total), strict=True)
    )


def test_the_half_plane_is_recovered() -> None:
    """mu = sqrt(2) x, sigma = y: the metric is 2 (dx^2 + dy^2)/y^2."""
    moved = normal.reparametrize({mu: sp.sqrt(2) * u, sigma: r}, (u, r))
    assert moved.metric.to_matrix() == sp.diag(2 / r**2, 2 / r**2)


def test_submanifold_has_the_induced_metric_and_cubic_tensor() -> None:
    """Normal laws of equal mean and deviation: g = 3/t^2, T = E[s^3] from the score (x - t) x/t^3 - 1/t by hand."""
    line = normal.submanifold({mu: t, sigma: t}, (t,))
    assert line.metric[0, 0] == 3 / t**2
    x = sp.Symbol("x", real=True)
    density = sp.exp(-((x - t) ** 2) / (2 * t**2)) / (t * sp.sqrt(2 * sp.pi))
    score = sp.diff(sp.log(density), t)
    third = sp.integrate(sp.expand(sp.simplify(score) ** 3) * density, (x, -sp.oo, sp.oo))
    assert sp.simplify(line.cubic[0, 0, 0] - third) == 0
    assert line.duality is None and not line.dually_flat


def test_whole_as_its_own_submanifold() -> None:
    same = normal.submanifold({}, (mu, sigma))
    assert same.metric == normal.metric and same.cubic == normal.cubic
    assert same.connection(0).scalar_curvature == -1
    with pytest.raises(errors.ParameterListError, match="dimension 1 to 2"):
        normal.submanifold({mu: 0, sigma: 1}, ())


def test_reparametrised_manifold_is_dually_flat_with_the_same_potential() -> None:
    moved = normal.reparametrize({mu: u, sigma: sp.exp(v)}, (u, v))
    assert moved.dually_flat and moved.duality is not None
    at = {u: sp.Rational(1, 3), v: sp.Rational(2, 7)}
    there = {mu: sp.Rational(1, 3), sigma: sp.exp(sp.Rational(2, 7))}
    gap = moved.duality.potential.subs(at) - normal.duality.potential.subs(there)
    assert abs(sp.N(gap, 30)) < 1e-25


def test_alpha_may_not_depend_on_the_point() -> None:
    with pytest.raises(errors.ParameterListError, match="coordinate"):
        normal.connection(mu)


@pytest.mark.parametrize("alpha", [0, 1, -1, 2, sp.Rational(1, 3), 0.5, sp.Symbol("alpha")])
def test_alpha_is_a_number_or_a_symbol(alpha) -> None:
    connection = normal.connection(alpha)
    expected = -(1 - sp.nsimplify(alpha) ** 2)
    assert sp.expand(connection.scalar_curvature - expected) == 0
    assert normal.connection(alpha) is connection


def test_one_dimensional_manifolds_are_flat() -> None:
    manifold = sg.catalogue.poisson().manifold
    connection = manifold.connection(sp.Symbol("alpha"))
    assert connection.is_flat
    assert connection.scalar_curvature == 0
    assert connection.riemann.is_zero and connection.riemann_lowered.is_zero and connection.ricci.is_zero


def test_manifold_says_what_it_is() -> None:
    assert "dimension 2" in repr(normal) and "mu, sigma" in repr(normal)
    assert "alpha = 1" in repr(normal.connection(1))
