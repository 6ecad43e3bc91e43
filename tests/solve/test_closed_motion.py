"""Geodesics of recognised spaces in closed form, from a point and a velocity."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import symgeo as sg
from symgeo import catalogue
from symgeo.geometry.manifold import StatisticalManifold

# Lines, spheres, hyperbolic spaces, matrices and products, with boxes of starts.
SPACES = {
    "poisson": [(0.6, 3)],
    "geometric": [(0.3, 0.7)],
    "normal": [(-1, 1), (0.6, 2)],
    "inverse_gaussian": [(0.6, 2), (0.6, 2)],
    "weibull_free": [(0.8, 2), (0.6, 2)],
    "multinomial": [(0.25, 0.4), (0.25, 0.4)],
    "isotropic_normal(2)": [(-1, 1), (-1, 1), (0.6, 2)],
    "independent_poissons": [(0.6, 3), (0.6, 3)],
    "wishart": [(1, 2), (-0.3, 0.3), (1, 2)],
}


@pytest.mark.parametrize("name", SPACES)
@settings(max_examples=3, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_closed_forms_are_the_integrated_geodesics(name: str, seed: int) -> None:
    manifold, box = catalogue.get(name).manifold, np.array(SPACES[name])
    rng = np.random.default_rng(seed)
    x = rng.uniform(box[:, 0], box[:, 1], (4, len(box)))
    v = rng.normal(size=x.shape)
    v *= 0.5 / np.sqrt(np.einsum("pij,pi,pj->p", sg.lambdify(manifold.metric)(x), v, v))[:, None]
    closed = sg.geodesic(manifold, x, v, [0.0, 0.4, 1.0])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("symgeo.solve.geodesic.ClosedSpace.of", lambda spray: None)
        solved = sg.geodesic(manifold, x, v, [0.0, 0.4, 1.0])
    assert closed.method.startswith("closed form: ") and "Dormand" not in closed.method
    assert "closed form" not in solved.method
    np.testing.assert_allclose(closed.exit_time, solved.exit_time, rtol=1e-7)
    before = closed.times < 0.97 * closed.exit_time[:, None]
    np.testing.assert_allclose(closed.points[before], solved.points[before], rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(closed.velocities[before], solved.velocities[before], rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(closed(0.2), solved(0.2), rtol=1e-9, atol=1e-10)
    assert np.nanmax(closed.energy_drift) < 1e-10


def test_what_a_closed_form_cannot_hold_is_integrated() -> None:
    """Near geodesics are taken in closed form; far ones, whose rounding errors it would magnify, are not."""
    model = catalogue.get("normal")
    found = sg.geodesic(model, [0.3, 1.0], [[0.5, 0.2], [30.0, -20.0]], [1.0])
    assert found.method.startswith("closed form: hyperbolic plane") and "1 of 2 by Dormand" in found.method
    assert np.max(found.energy_drift) < 1e-9
    assert sg.logarithm_map(model, [0.3, 1.0], found.end[0]) == pytest.approx(np.array([0.5, 0.2]), rel=1e-10)


def test_a_branch_that_does_not_lead_back_is_not_taken() -> None:
    """The arc length s = sqrt(3) a^2 has two inverses, and the start lies on one of them."""
    a = sp.Symbol("a", real=True)
    manifold = StatisticalManifold.from_potential(a**4, (a,))
    for start in (1.0, -1.0):
        found = sg.geodesic(manifold, [start], [start], [0.4])
        assert found.points[0, 0] == pytest.approx(start * np.sqrt(1.8), rel=1e-10)
