"""Mixture families: recognised, dually flat, with the negative entropy as potential.

Source: Amari and Nagaoka 2000, sections 2.3 and 3.3.
"""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
import sympy as sp

import symgeo as sg

x = sp.Symbol("x", real=True)
a, b = sp.symbols("a b", positive=True)
i = sp.Symbol("i", integer=True)


def gauss(centre):
    return sp.exp(-((x - centre) ** 2) / 2) / sp.sqrt(2 * sp.pi)


def three_gaussians() -> sg.StatisticalModel:
    return sg.StatisticalModel(a * gauss(0) + b * gauss(1) + (1 - a - b) * gauss(3), x, (a, b), constraints=[a + b < 1])


def polynomial() -> sg.StatisticalModel:
    density = 1 + a * (2 * x - 1) + b * (6 * x**2 - 6 * x + 1)
    domain = {a: (0, sp.Rational(1, 2)), b: (0, sp.Rational(1, 3))}
    return sg.StatisticalModel(density, x, (a, b), support=sp.Interval(0, 1), domain=domain)


def four_points() -> sg.StatisticalModel:
    cells = [(a / 3, 0), (2 * a / 3 + b / 2, 1), (b / 2, 2)]
    density = sp.Piecewise(*((p, sp.Eq(i, k)) for p, k in cells), (1 - a - b, True))
    return sg.StatisticalModel(density, i, (a, b), support=sp.Range(0, 4), constraints=[a + b < 1])


MODELS = [three_gaussians, polynomial, four_points]
over_models = pytest.mark.parametrize("build", MODELS, ids=lambda f: f.__name__)


def points(model) -> list[list[sp.Rational]]:
    return [[p[s] for s in model.parameters] for p in model.chart.interior_points(2)]


@over_models
def test_the_density_is_affine_in_the_parameters(build) -> None:
    model = build()
    family = model.mixture_family
    assert family.weights == model.parameters
    total = family.base + sp.Add(*(w * c for w, c in zip(family.weights, family.components, strict=True)))
    (v,) = model.variables
    for value in (sp.Rational(1, 3), 1) if v is x else range(4):
        at = {a: sp.Rational(1, 5), b: sp.Rational(2, 7), v: value}
        assert abs(sp.N((total - model.density).subs(at), 30)) < 1e-25


@over_models
def test_it_is_flat_for_both_connections_and_curved_between(build) -> None:
    manifold = build().manifold
    assert manifold.dually_flat
    assert all(manifold.connection(alpha).riemann_lowered.is_zero for alpha in (1, -1))
    assert not manifold.connection(0).is_flat


@over_models
def test_the_metric_is_the_hessian_of_the_negative_entropy(build) -> None:
    model = build()
    duality, theta = model.manifold.duality, np.array([[float(v) for v in p] for p in points(model)])
    phi = duality.dual_potential
    hessian = sg.lambdify(sp.hessian(phi, model.parameters), model.parameters)(theta)
    assert np.allclose(hessian, sg.lambdify(model.manifold.metric)(theta), rtol=1e-7)
    slopes = sg.lambdify(sp.Matrix([phi.diff(s) for s in model.parameters]), model.parameters)(theta)[..., 0]
    natural = sg.lambdify(sp.Matrix(duality.natural), model.parameters)(theta)[..., 0]
    assert np.allclose(slopes, natural, atol=1e-8)
    assert duality.expectation == model.parameters


@over_models
def test_the_canonical_divergence_is_that_of_kullback_and_leibler(build) -> None:
    model = build()
    p, q = points(model)
    (v,) = model.variables
    f, g = (sp.lambdify(v, model.density.subs(dict(zip(model.parameters, e, strict=True))), "mpmath") for e in (p, q))

    def integrand(value):
        return f(value) * mpmath.log(f(value) / g(value))

    if v is i:
        expected = sum(map(integrand, range(4)))
    else:
        expected = mpmath.quad(integrand, [0, 1] if build is polynomial else [-14, -3, 0, 3, 6, 17])
    assert float(sp.N(model.manifold.duality.canonical_divergence(p, q))) == pytest.approx(float(expected), abs=1e-9)


def test_e_affine_coordinates_are_inverted_numerically() -> None:
    model = polynomial()
    duality, theta = model.manifold.duality, np.array([[float(v) for v in p] for p in points(model)])
    natural = sg.lambdify(sp.Matrix(duality.natural), model.parameters)(theta)[..., 0]
    chart = duality.in_natural
    assert not chart.is_closed
    assert np.allclose(sg.lambdify(sp.Matrix(chart.origin), chart.coordinates)(natural)[..., 0], theta, rtol=1e-7)


def test_a_chart_in_which_it_is_not_affine() -> None:
    """The cardioid law in polar coordinates: affine in rho cos(mu) and rho sin(mu)."""
    model = sg.catalogue.get("cardioid")
    family = model.mixture_family
    assert len(family.weights) == 2 and family.weights != model.parameters
    assert model.manifold.dually_flat
    weights = sp.hessian(family.weights[0], model.parameters)
    assert any(entry != 0 for entry in weights)


@pytest.mark.parametrize("name", ["normal", "student", "cauchy"])
def test_others_are_no_mixture_families(name) -> None:
    assert sg.catalogue.get(name).mixture_family is None
