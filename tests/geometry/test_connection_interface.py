"""Connections: index conventions, sectional curvature, geodesic equations."""

from __future__ import annotations

import pytest
import sympy as sp

import symgeo as sg
from symgeo import errors

normal = sg.catalogue.normal().manifold
mu, sigma = normal.coordinates
levi_civita = normal.connection(0)


def test_index_order_of_the_christoffel_symbols() -> None:
    """Second kind [k, i, j] is Gamma^k_ij; first kind [i, j, k] is Gamma_ij,k."""
    assert levi_civita.christoffel[0, 0, 1] == -1 / sigma
    assert levi_civita.christoffel[1, 0, 0] == 1 / (2 * sigma)
    assert levi_civita.christoffel[1, 1, 1] == -1 / sigma
    assert levi_civita.christoffel[1, 0, 1] == 0
    assert levi_civita.christoffel_first_kind[0, 0, 1] == 1 / sigma**3
    assert levi_civita.christoffel_first_kind[0, 1, 0] == -1 / sigma**3


def test_index_order_and_sign_of_the_curvature() -> None:
    """R^l_kij at [l, i, j, k]; g(R(d_1, d_2) d_2, d_1) = K det g with K = -1/2; Ricci is K g in two dimensions."""
    determinant = 2 / sigma**4
    assert levi_civita.riemann_lowered[0, 1, 1, 0] == -determinant / 2
    assert levi_civita.riemann_lowered[0, 1, 0, 1] == determinant / 2
    assert levi_civita.riemann[0, 0, 1, 1] == -1 / sigma**2
    assert levi_civita.riemann[1, 0, 1, 0] == 1 / (2 * sigma**2)
    assert levi_civita.ricci.to_matrix() == -normal.metric.to_matrix() / 2
    assert levi_civita.scalar_curvature == -1


def test_sectional_curvature_does_not_depend_on_the_basis_of_the_plane() -> None:
    connection = sg.catalogue.categorical(4).manifold.connection(0)
    first = connection.sectional_curvature((1, 0, 0), (0, 1, 0))
    assert first == connection.sectional_curvature((2, 1, 0), (1, -3, 0)) == sp.Rational(1, 4)
    p = connection.manifold.coordinates
    assert connection.sectional_curvature((p[0], 1, 0), (0, p[1], p[2])) == sp.Rational(1, 4)


@pytest.mark.parametrize(
    ("u", "v", "remedy"),
    [((1, 0), (2, 0), "independent"), ((0, 0), (1, 0), "independent"), ((1, 0, 0), (0, 1, 0), "2 components")],
)
def test_planes_that_are_none(u, v, remedy) -> None:
    with pytest.raises(errors.TensorError, match=remedy):
        levi_civita.sectional_curvature(u, v)


def test_geodesic_equations_of_the_half_plane() -> None:
    """mu'' = 2 mu' sigma'/sigma and sigma'' = (sigma'^2 - mu'^2/2)/sigma."""
    t = sp.Symbol("t", real=True)
    equations = levi_civita.geodesic_equations(t)
    names = {f.func.__name__: f for f in set().union(*(e.atoms(sp.Function) for e in equations))}
    m, s = names["mu"], names["sigma"]
    expected = [
        m.diff(t, 2) - 2 * m.diff(t) * s.diff(t) / s,
        s.diff(t, 2) + (m.diff(t) ** 2 / 2 - s.diff(t) ** 2) / s,
    ]
    assert all(sp.simplify(e.lhs - e.rhs - f) == 0 for e, f in zip(equations, expected, strict=True))


def test_a_half_circle_solves_the_geodesic_equations() -> None:
    """mu = sqrt(2) tanh(t), sigma = 1/cosh(t): the half circle mu^2/2 + sigma^2 = 1 at constant speed."""
    t = sp.Symbol("t", real=True)
    equations = levi_civita.geodesic_equations(t)
    curves = {"mu": sp.sqrt(2) * sp.tanh(t), "sigma": 1 / sp.cosh(t)}
    functions = set().union(*(e.atoms(sp.Function) for e in equations))
    for equation in equations:
        left = equation.lhs.subs({f: curves[f.func.__name__] for f in functions}).doit()
        assert abs(sp.N(left.subs(t, sp.Rational(3, 5)), 30)) < 1e-25


def test_straight_lines_are_geodesics_of_the_exponential_connection() -> None:
    family = sg.catalogue.gamma().exponential_family
    manifold = sg.catalogue.gamma().manifold
    natural = manifold.reparametrize(
        dict(zip(manifold.coordinates, manifold.duality.coordinates_from_natural, strict=True)), family.natural_symbols
    )
    t = sp.Symbol("t")
    for equation in natural.connection(1).geodesic_equations(t):
        (second,) = equation.lhs.atoms(sp.Derivative)
        assert equation.lhs == second and second.derivative_count == 2


def test_time_may_have_the_name_of_a_coordinate() -> None:
    x = sp.Symbol("x", real=True)
    t = sp.Symbol("t", real=True)
    model = sg.StatisticalModel(sp.exp(-((x - t) ** 2) / 2) / sp.sqrt(2 * sp.pi), x, t)
    (equation,) = model.manifold.connection(0).geodesic_equations(sp.Symbol("tau"))
    assert equation.lhs == sp.Derivative(sp.Function("t", real=True)(sp.Symbol("tau")), (sp.Symbol("tau"), 2))
