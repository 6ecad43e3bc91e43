"""The inverse of a metric of expectations, kept by names: numbers, derivatives and what is built on it."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import sympy as sp

import symgeo as sg

x = sp.Symbol("x", real=True)
m1, m2 = sp.symbols("m1 m2", real=True)
s1, s2 = sp.symbols("s1 s2", positive=True)
X = (m1, s1, m2, s2)
POINT = np.array([0.3, 0.8, 2.1, 1.3])


def normal(m: sp.Expr, s: sp.Expr) -> sp.Expr:
    return sp.exp(-(((x - m) / s) ** 2) / 2) / (s * sp.sqrt(2 * sp.pi))


@pytest.fixture(scope="module")
def manifold() -> sg.StatisticalManifold:
    model = sg.StatisticalModel(normal(m1, s1) / 3 + normal(m2, s2) * sp.Rational(2, 3), x, X, check=False)
    return model.manifold


def test_it_is_the_inverse(manifold) -> None:
    metric, inverse = (sg.lambdify(t)(POINT) for t in (manifold.metric, manifold.inverse_metric))
    np.testing.assert_allclose(metric @ inverse, np.eye(4), atol=1e-12)


def test_christoffel_symbols_are_raised_with_it(manifold) -> None:
    connection = manifold.connection(0)
    first, second = (sg.lambdify(t)(POINT) for t in (connection.christoffel_first_kind, connection.christoffel))
    inverse = sg.lambdify(manifold.inverse_metric)(POINT)
    np.testing.assert_allclose(second, np.einsum("km,ijm->kij", inverse, first), rtol=1e-10, atol=1e-12)


def test_its_derivative_is_that_of_an_inverse(manifold) -> None:
    inverse = sg.lambdify(manifold.inverse_metric)
    slope = sg.lambdify([manifold.inverse_metric[0, 2].diff(s) for s in X], X)(POINT)
    step = 1e-5
    for i in range(4):
        shift = step * np.eye(4)[i]
        difference = (inverse(POINT + shift) - inverse(POINT - shift))[0, 2] / (2 * step)
        assert slope[i] == pytest.approx(difference, rel=1e-6, abs=1e-8)


def test_nodes_are_written_copied_and_moved(manifold) -> None:
    node = manifold.inverse_metric[0, 2]
    assert str(node) == "inverse(g)[0, 2]" and sp.latex(node) == "g^{1 3}"
    assert node == manifold.inverse_metric[2, 0]
    assert pickle.loads(pickle.dumps(node)) == node
    moved = node.subs({m1: 0, s1: 1, m2: 2})
    assert moved.free_symbols == {s2}


def test_the_determinant_is_worked_out_when_asked_for(manifold) -> None:
    found = sg.lambdify(manifold.jeffreys_prior, X)(POINT)
    assert found == pytest.approx(np.sqrt(np.linalg.det(sg.lambdify(manifold.metric)(POINT))), rel=1e-9)


def test_a_singular_matrix_of_numbers_has_no_inverse(manifold) -> None:
    """Where the two laws coincide the density changes in two directions only."""
    inverse = sg.lambdify(manifold.inverse_metric)
    assert np.isnan(inverse(np.array([0.3, 0.8, 0.3, 0.8]))).all()
    assert np.isnan(inverse(np.array([0.0, 1.0, 0.0, np.nan]))).all()


def test_curvature_agrees_with_that_of_a_slice_written_out() -> None:
    """Two independent normal laws in mean and standard deviation: R is the sum of two times -1, by names or not."""
    y = sp.Symbol("y", real=True)
    model = sg.StatisticalModel(normal(m1, s1) * normal(m2, s2).subs(x, y), (x, y), X, check=False)
    metric, cubic = model.manifold.metric, model.manifold.cubic
    named = sg.StatisticalManifold(metric, cubic, formal_inverse=True).connection(0)
    assert sg.lambdify(named.scalar_curvature, X)(POINT) == pytest.approx(-2, rel=1e-12)
    assert not named.is_flat


def test_a_mixture_of_known_laws_is_flat_in_four_weights_too() -> None:
    """Amari and Nagaoka 2000, section 2.3: mixture families are m-flat, and e-flat only by duality of the pair."""
    w = sp.symbols("w1:5", positive=True)
    means = (-3, -1, 1, 3, 5)
    weights = (*w, 1 - sum(w))
    density = sum(c * normal(sp.Integer(m), sp.S.One) for c, m in zip(weights, means, strict=True))
    model = sg.StatisticalModel(density, x, w, constraints=[sum(w) < 1], check=False)
    assert model.manifold.connection(-1).is_flat
    assert not model.manifold.connection(0).is_flat
