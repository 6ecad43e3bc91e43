"""The certified inverse of a gradient map: convergence in bulk, accuracy, refusal outside the range, printing."""

from __future__ import annotations

import pickle

import mpmath
import numpy as np
import pytest
import sympy as sp
from scipy import special

import symgeo as sg
from symgeo.geometry.manifold import StatisticalManifold


def gamma():
    return sg.catalogue.get("gamma").manifold.duality.in_expectation


def test_it_prints_as_a_function_and_can_be_pickled() -> None:
    k, r = gamma().origin
    first, second = gamma().coordinates
    assert str(k) == "k(mu_1, mu_2)" and str(k.subs(first, 2)) == "k(2, mu_2)"
    assert sp.latex(r) == r"r\left(\mu_{1}, \mu_{2}\right)"
    assert sp.latex(k**2) == r"k\left(\mu_{1}, \mu_{2}\right)^{2}"
    again = pickle.loads(pickle.dumps(k))
    assert again == k and hash(again) == hash(k)
    assert again.free_symbols == {first, second}
    assert k.is_positive and k != r


def test_gamma_in_bulk_over_nine_orders_of_magnitude() -> None:
    """Well-conditioned targets to 1e-11; all of them found; ill-conditioned ones right for the doubles given."""
    random = np.random.default_rng(3)
    shape, rate = 10 ** random.uniform(-3, 2, 10_000), 10 ** random.uniform(-6, 6, 10_000)
    targets = np.stack([special.digamma(shape) - np.log(rate), shape / rate], axis=-1)
    found = gamma().origin[0].source.solve(targets)
    # The targets are rounded: what they determine is lost in proportion to log(mu_2) - mu_1, about 1/(2 k).
    blur = 1e-15 * (1 + np.abs(targets[:, 0])) * (1 + shape)
    assert np.all(np.abs(found[:, 0] / shape - 1) < 1e-12 + 100 * blur)
    assert np.all(np.abs(found[:, 1] / rate - 1) < 1e-12 + 100 * blur)


@pytest.mark.parametrize("shape", ["1e-3", "0.5", "1e3", "1e6"])
def test_the_double_and_the_enclosure_agree_with_the_defining_equation(shape) -> None:
    duality = gamma()
    with mpmath.workdps(60):
        k = mpmath.mpf(shape)
        exact = sp.Float(mpmath.digamma(k) - mpmath.log(3), 60), sp.Float(k / 3, 60)
    rounded = [float(e) for e in exact]
    got = sg.lambdify(duality.origin[0], duality.coordinates)(np.array(rounded))
    node = duality.origin[0].subs(dict(zip(duality.coordinates, map(sp.Rational, rounded), strict=True)))
    assert got == pytest.approx(float(node.evalf(40)), rel=1e-12)
    precise = duality.origin[0].subs(dict(zip(duality.coordinates, exact, strict=True))).evalf(40)
    assert abs(precise / sp.Float(shape, 50) - 1) < sp.Float("1e-35")


def test_outside_the_range_of_the_map_there_is_no_value() -> None:
    """E[log x] < log E[x] (Jensen): on and beyond that border no gamma law has these means."""
    duality = gamma()
    found = duality.origin[0].source.solve(np.array([[0.0, 1.0], [0.1, 1.0], [1.0, -1.0], [np.nan, 1.0], [-0.5, 1.0]]))
    assert np.all(np.isnan(found[:4])) and np.all(np.isfinite(found[4]))
    assert duality.origin[0].subs(dict(zip(duality.coordinates, (1, 1), strict=True))).evalf() is sp.nan


@pytest.mark.parametrize(
    "name", ["beta", "dirichlet(5)", "von_mises", "von_mises_fisher", "truncated_normal", "zeta", "hurdle_poisson"]
)
def test_interior_points_come_back(name) -> None:
    model = sg.catalogue.get(name)
    duality = model.manifold.duality
    theta = np.array([[float(point[s]) for s in model.parameters] for point in model.chart.interior_points(12)])
    means = sg.lambdify(sp.Matrix(duality.expectation), model.parameters)(theta)[..., 0]
    found = duality.in_expectation.origin[0].source.solve(means)
    assert np.all(np.abs(found - theta) <= 1e-9 * (1 + np.abs(theta)))


def test_means_that_are_integrated_numerically() -> None:
    """Conway and Maxwell's Poisson law: no closed normaliser, no closed inverse."""
    model = sg.catalogue.get("conway_maxwell_poisson")
    duality = model.manifold.duality
    theta = np.array([[float(p[s]) for s in model.parameters] for p in model.chart.interior_points(2)])
    means = sg.lambdify(sp.Matrix(duality.expectation), model.parameters)(theta)[..., 0]
    found = duality.in_expectation.origin[0].source.solve(means)
    assert np.allclose(found, theta, rtol=1e-7)
    assert np.all(np.isnan(duality.in_expectation.origin[0].source.solve(means * [1, -1])))


def test_a_potential_of_ones_own() -> None:
    u = sp.Symbol("u", real=True)
    duality = StatisticalManifold.from_potential(sp.exp(u) + u**2 + sp.exp(2 * u) / 7 + sp.cosh(u), (u,)).duality
    chart = duality.in_expectation
    (m,) = chart.coordinates
    assert not chart.is_closed and duality.dual_potential_in_expectation is None
    node = chart.origin[0].subs(m, 3).evalf(40)
    assert abs(duality.expectation[0].subs(u, node).evalf(40) - 3) < sp.Float("1e-36")
    slope = chart.dual_potential.diff(m).subs(m, 3).evalf(30)
    assert abs(slope - node) < sp.Float("1e-25")
    curvature = chart.dual_potential.diff(m, 2).subs(m, 3).evalf(30)
    assert abs(curvature * duality.expectation[0].diff(u).subs(u, node).evalf(30) - 1) < sp.Float("1e-25")


def test_a_closed_inverse_is_used_where_there_is_one() -> None:
    chart = sg.catalogue.get("normal").manifold.duality.in_expectation
    assert chart.is_closed and not chart.dual_potential.atoms(type(gamma().origin[0]))
    assert chart.in_natural.alpha == 1 and chart.in_expectation is chart
    with pytest.raises(sg.errors.ParameterListError, match="2 coordinates, 1"):
        chart.at((1,))


def test_source_code_refuses_a_computed_inverse_by_name() -> None:
    duality = gamma()
    with pytest.raises(sg.errors.UnsupportedFunctionError, match=r"\(mu_1, mu_2\), which has no closed form"):
        sg.source(duality.dual_potential, duality.coordinates, language="numpy")
