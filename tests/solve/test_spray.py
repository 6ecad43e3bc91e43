"""The generated right-hand side of the geodesic equations against the connection that it is made from."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import sympy as sp

from symgeo import catalogue
from symgeo.algebra import Tensor, differential_field
from symgeo.errors import ParameterListError, ShapeError, UnknownSymbolError
from symgeo.geometry.manifold import StatisticalManifold
from symgeo.solve.spray import Spray

PLACES = {
    "normal": [0.3, 1.2],
    "gamma": [2.5, 0.7],
    "dirichlet": [1.5, 2.0, 0.8],
    "bivariate_normal": [0.1, -0.4, 1.3, 0.8, 0.4],
    "multinomial": [0.2, 0.5],
    "von_mises": [0.5, 1.7],
}


def velocity(n: int) -> np.ndarray:
    return np.array([0.7, -0.4, 0.3, 0.5, -0.2][:n])


@pytest.mark.parametrize("alpha", [0, Fraction(1, 3)])
@pytest.mark.parametrize("name", PLACES)
def test_acceleration_is_the_contracted_connection(name: str, alpha: Fraction) -> None:
    model = catalogue.get(name)
    x, v = np.array(PLACES[name]), velocity(len(PLACES[name]))
    c = model.manifold.connection(alpha)
    at = {s: sp.Rational(str(value)) for s, value in zip(model.parameters, x, strict=True)}
    gamma = np.array([float(e.subs(at).evalf(30)) for e in c.christoffel.flat()]).reshape((len(x),) * 3)
    expected = -np.einsum("kij,i,j->k", gamma, v, v)
    spray = Spray(model, alpha)
    np.testing.assert_allclose(spray.acceleration(x, v), expected, rtol=1e-12, atol=1e-13)
    # Homogeneous of degree two in the velocity, and the same in a batch.
    many = spray.acceleration(np.stack([x, x]), np.stack([v, -3 * v]))
    np.testing.assert_allclose(many, expected * np.array([[1], [9]]), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("in_numbers", [False, True])
@pytest.mark.parametrize("name", PLACES)
def test_slopes_are_the_derivatives_of_the_acceleration(name: str, in_numbers: bool) -> None:
    spray = Spray(catalogue.get(name), Fraction(1, 2))
    plain = Spray(catalogue.get(name), Fraction(1, 2))
    spray.__dict__["_solves"] = in_numbers
    x, v = np.array(PLACES[name]), velocity(len(PLACES[name]))
    a, by_point, by_velocity = spray.with_slopes(x, v)
    np.testing.assert_allclose(a, plain.acceleration(x, v), rtol=1e-11, atol=1e-12)
    step = 1e-3 * np.eye(len(x))
    weights, shifts = np.array([1, -8, 8, -1]) / 12e-3, np.array([-2, -1, 1, 2])
    moved = np.stack([plain.acceleration(x + k * step, v) for k in shifts], -1) @ weights
    np.testing.assert_allclose(by_point, moved.T, rtol=1e-7, atol=1e-8)
    turned = np.stack([plain.acceleration(x, v + k * step) for k in shifts], -1) @ weights
    np.testing.assert_allclose(by_velocity, turned.T, rtol=1e-9, atol=1e-9)
    # Euler: the acceleration is homogeneous of degree two in v.
    np.testing.assert_allclose(by_velocity @ v, 2 * a, rtol=1e-10, atol=1e-11)


def test_metrics_that_are_integrated_serve() -> None:
    spray = Spray(catalogue.get("skew_normal"), 0)
    assert spray.is_integrated
    x, v = np.array([[0.1, 1.2, 1.5], [0.0, 1.0, -2.0]]), np.array([0.3, 0.2, -0.5])
    gamma = np.stack([[float(e) for e in row.ravel()] for row in _christoffel(spray, x)]).reshape(2, 3, 3, 3)
    np.testing.assert_allclose(spray.acceleration(x, v), -np.einsum("pkij,i,j->pk", gamma, v, v), rtol=1e-6)


def _christoffel(spray: Spray, x: np.ndarray) -> np.ndarray:
    """Levi-Civita symbols from differences of the metric alone."""
    h, n = 1e-4, spray.dim
    step = h * np.eye(n)
    slope = np.stack([(spray.metric(x + step[m]) - spray.metric(x - step[m])) / (2 * h) for m in range(n)], -1)
    first = (np.einsum("pjki->pijk", slope) + np.einsum("pikj->pijk", slope) - slope) / 2
    return np.einsum("pkl,pijl->pkij", np.linalg.inv(spray.metric(x)), first)


def test_outside_the_domain_is_nan() -> None:
    spray = Spray(catalogue.get("normal"), 0)
    x, v = np.array([[0.0, 1.0], [0.0, -1.0], [np.inf, 1.0], [0.0, np.nan]]), np.array([1.0, 1.0])
    assert spray.inside(x).tolist() == [True, False, False, False]
    for part in (spray.acceleration(x, v), *spray.with_slopes(x, v), spray.metric(x)):
        assert np.all(np.isfinite(part[0])) and np.all(np.isnan(part[1:]))
    assert spray.inside(x.reshape(2, 2, 2)).shape == (2, 2)


def test_signs_of_symbols_are_a_domain() -> None:
    a, b = sp.Symbol("a", positive=True), sp.Symbol("b", negative=True)
    spray = Spray(StatisticalManifold.from_potential(-sp.log(a) - sp.log(-b), (a, b)), 0)
    assert spray.inside([[1.0, -1.0], [-1.0, -1.0], [1.0, 1.0]]).tolist() == [True, False, False]


def _scaled_line(x: sp.Symbol, c: sp.Symbol) -> StatisticalManifold:
    """A line with metric c/x^2, c a symbol that is no coordinate."""
    field = differential_field()
    metric = Tensor.build(field, (x,), (-1, -1), lambda i, j: field(c / x**2), ((0, 1),), name="metric")
    return StatisticalManifold(metric, Tensor(field, (x,), (-1,) * 3, {}, ((0, 1, 2),)))


def test_what_is_no_spray_is_refused() -> None:
    x, y, c = sp.symbols("x y c", positive=True)
    field = StatisticalManifold.from_potential(-sp.log(x) - sp.log(y), (x, y))
    with pytest.raises(ParameterListError, match="real number"):
        Spray(field, c)
    with pytest.raises(UnknownSymbolError, match="c besides"):
        Spray(_scaled_line(x, c))
    spray = Spray(field, 0)
    with pytest.raises(ShapeError, match="2 components"):
        spray.acceleration([1.0, 2.0, 3.0], [1.0, 2.0, 3.0])
    with pytest.raises(ShapeError, match="leading axes"):
        spray.acceleration(np.ones((2, 2)), np.ones((3, 2)))
