"""Gradient, divergence, Hessian, Laplace-Beltrami operator and Killing fields."""

from __future__ import annotations

from functools import cache

import pytest
import sympy as sp

import symgeo as sg
from symgeo import errors
from symgeo.algebra import differential_field


@cache
def family(name: str) -> sg.StatisticalModel:
    """A family of the catalogue, declared once."""
    return sg.catalogue.get(name)


normal = family("normal").manifold
mu, sigma = normal.coordinates
MODELS = ["normal", "gamma", "categorical(3)", "student"]


def equal(found: sp.Expr, expected: sp.Expr) -> bool:
    return not differential_field()(found - expected)


def test_operators_of_the_half_plane() -> None:
    """``(dmu^2 + 2 dsigma^2)/sigma^2`` is conformally flat: the Laplacian is ``sigma^2 (d_mu^2 + d_sigma^2/2)``."""
    f = mu**3 * sigma + sp.log(sigma)
    assert equal(sg.laplace_beltrami(normal, f), sigma**2 * (f.diff(mu, 2) + f.diff(sigma, 2) / 2))
    assert sg.gradient(normal, mu**2) == (2 * mu * sigma**2, 0)
    second = sg.hessian(normal, 1 / sigma)  # a linear function of the hyperboloid: Hess f = g f/2
    assert all(equal(second[i, j], normal.metric[i, j] / (2 * sigma)) for i in range(2) for j in range(2))


@pytest.mark.parametrize("name", MODELS)
def test_the_laplacian_is_the_divergence_of_the_gradient(name: str) -> None:
    manifold = family(name).manifold
    p, q = manifold.coordinates
    f = p**2 * q + sp.exp(q)
    assert equal(sg.laplace_beltrami(manifold, f), sg.vector_divergence(manifold, sg.gradient(manifold, f)))


@pytest.mark.parametrize("name", MODELS)
def test_divergence_is_that_of_the_volume(name: str) -> None:
    """``(1/sqrt det g) d_i (sqrt det g v^i)``: Lee 2018, proposition 2.46."""
    manifold = family(name).manifold
    p, q = manifold.coordinates
    vector, det = (p * q, q**2), manifold.determinant
    expected = sum(v.diff(s) + v * det.diff(s) / (2 * det) for v, s in zip(vector, (p, q), strict=True))
    assert equal(sg.vector_divergence(manifold, vector), expected)


def test_hessians_vanish_on_affine_coordinates() -> None:
    manifold = family("gamma").manifold
    duality = manifold.duality
    assert all(sg.hessian(manifold, eta, alpha=1).is_zero for eta in duality.natural)
    assert all(sg.hessian(manifold, m, alpha=-1).is_zero for m in duality.expectation)
    assert not sg.hessian(manifold, duality.natural[0], alpha=0).is_zero
    assert (sg.hessian(manifold, duality.potential, alpha=1) - manifold.metric).is_zero


def test_killing_fields_of_the_normal_family_and_what_they_conserve() -> None:
    """Translations, dilations and the third motion of the half-plane."""
    third = (mu**2 - 2 * sigma**2, 2 * mu * sigma)
    for field in ((1, 0), (mu, sigma), third):
        assert sg.is_killing(normal, field)
    assert not sg.is_killing(normal, (sigma, 0))
    assert equal(sg.lie_derivative_of_metric(normal, (0, sigma))[0, 0], -2 / sigma**2)
    m, s = sp.symbols("m s", real=True)
    assert equal(sg.conserved_quantity(normal, (1, 0), (m, s)), m / sigma**2)
    t = sp.Symbol("t", real=True)
    curve = sg.isometry(normal).geodesic((0, 1), (5, 4), t)
    for field in ((1, 0), (mu, sigma), third):
        speed = sg.conserved_quantity(normal, field, (m, s))
        along = speed.subs({m: curve[0].diff(t), s: curve[1].diff(t), mu: curve[0], sigma: curve[1]}, simultaneous=True)
        values = [float(along.subs(t, time)) for time in (0.1, 0.5, 0.8)]
        assert values == pytest.approx([values[0]] * 3, rel=1e-10)


def test_arguments_that_make_no_sense() -> None:
    foreign = sp.Symbol("z")
    for operation in (sg.gradient, sg.laplace_beltrami, sg.hessian):
        with pytest.raises(errors.UnknownSymbolError, match="no coordinate"):
            operation(normal, foreign)
    for operation in (sg.vector_divergence, sg.lie_derivative_of_metric, sg.is_killing):
        with pytest.raises(errors.TensorError, match="2 components"):
            operation(normal, (1,))
    with pytest.raises(errors.TensorError, match="does not preserve"):
        sg.conserved_quantity(normal, (sigma, 0), (1, 1))
    with pytest.raises(errors.TensorError, match="2 components"):
        sg.conserved_quantity(normal, (1, 0), (1,))
