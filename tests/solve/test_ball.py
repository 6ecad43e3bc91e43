"""Geodesic balls: hyperbolic circles, the same set in every chart, ellipses in affine coordinates, and refusals."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as hyp

import symgeo as sg
from symgeo.errors import ArgumentError, DomainError, RegionError, ShapeError

mu, x, u, v = sp.symbols("mu x u v", real=True)
k, r, s, t = sp.symbols("k r s t", positive=True)
NORMAL = sg.StatisticalModel(sp.exp(-(((x - mu) / s) ** 2) / 2) / (s * sp.sqrt(2 * sp.pi)), x, (mu, s))
GAMMA = sg.StatisticalModel(r**k * t ** (k - 1) * sp.exp(-r * t) / sp.gamma(k), t, (k, r))


@given(m=hyp.floats(-5, 5), d=hyp.floats(0.01, 50), radius=hyp.floats(0.01, 3))
@settings(max_examples=8, deadline=None)
def test_balls_of_the_normal_family_are_hyperbolic_circles(m: float, d: float, radius: float) -> None:
    """ds^2 = 2 (du^2 + d sigma^2)/sigma^2 with u = mu/sqrt 2: a circle about (u, sigma cosh R), R = radius/sqrt 2."""
    ball = sg.geodesic_ball(NORMAL, [m, d], radius, count=24)
    assert ball.shape == (25, 2)
    np.testing.assert_array_equal(ball[0], ball[-1])
    across, up = (ball[:, 0] - m) / np.sqrt(2) / d, ball[:, 1] / d - np.cosh(radius / np.sqrt(2))
    np.testing.assert_allclose(np.hypot(across, up), np.sinh(radius / np.sqrt(2)), rtol=1e-9)


@given(shape=hyp.floats(0.5, 20), rate=hyp.floats(0.1, 10), radius=hyp.floats(0.05, 0.5))
@settings(max_examples=3, deadline=None)
def test_a_ball_is_the_same_set_in_every_chart(shape: float, rate: float, radius: float) -> None:
    """Every point lies at the distance of the radius, measured in a chart of other coordinates."""
    other = GAMMA.manifold.reparametrize({k: sp.exp(u), r: sp.exp(u - v)}, (u, v))
    center = np.array([np.log(shape), np.log(shape / rate)])
    ball = sg.geodesic_ball(other, center, radius, count=12)[:4]
    back = np.stack([np.exp(ball[:, 0]), np.exp(ball[:, 0] - ball[:, 1])], axis=-1)
    found = sg.distance(GAMMA, np.broadcast_to([shape, rate], back.shape), back)
    np.testing.assert_allclose(found, radius, rtol=1e-8)


def test_balls_of_the_flat_connections_are_ellipses_in_affine_coordinates() -> None:
    center, radius = np.array([3.0, 2.0]), 0.6
    for alpha, name in ((1, "natural"), (-1, "expectation")):
        affine = list(getattr(GAMMA.manifold.duality, name))
        jacobian = sg.lambdify(sp.Matrix(affine).jacobian((k, r)), (k, r))(center)
        metric = sg.lambdify(GAMMA.manifold.metric)(center)
        place = sg.lambdify(affine, (k, r))
        moved = place(sg.geodesic_ball(GAMMA, center, radius, alpha)) - place(center)
        back = np.linalg.solve(jacobian, moved.T).T
        np.testing.assert_allclose(np.einsum("ni,ij,nj->n", back, metric, back), radius**2, rtol=1e-8)


def test_what_is_no_ball() -> None:
    y1, y2, y3 = sp.symbols("y1 y2 y3", real=True)
    length = 1 + u**2 + v**2
    mean = (2 * u / length, 2 * v / length, (length - 2) / length)
    # The mean of a normal law on the unit sphere, in the stereographic chart; the pole at infinity is 2.36 away.
    sphere = sg.normal(mean, sp.eye(3), (y1, y2, y3), (u, v)).manifold
    ball = sg.geodesic_ball(sphere, [0.4, 0.0], 1.5)
    point = np.stack([2 * ball[:, 0], 2 * ball[:, 1], (ball**2).sum(axis=1) - 1]) / (1 + (ball**2).sum(axis=1))
    center = np.array([0.8, 0.0, -0.84]) / 1.16
    np.testing.assert_allclose(center @ point, np.cos(1.5), atol=1e-9)
    for radius in (2.5, 3.3):
        with pytest.raises(RegionError, match="meet"):
            sg.geodesic_ball(sphere, [0.4, 0.01], radius)
    # The plane in polar coordinates: around the origin angles differ by turns.
    plane = sg.normal((s * sp.cos(u), s * sp.sin(u)), sp.eye(2), (y1, y2), (s, u)).manifold
    with pytest.raises(RegionError, match=r"meet|boundary of the domain"):
        sg.geodesic_ball(plane, [1.0, 0.3], 1.4)
    y = sp.Symbol("y")
    p, q = sp.symbols("p q", positive=True)
    three = sg.StatisticalModel(
        sp.Piecewise((p, sp.Eq(y, 0)), (q, sp.Eq(y, 1)), (1 - p - q, True)),
        y,
        (p, q),
        support=sp.FiniteSet(0, 1, 2),
        constraints=[p + q < 1],
    )
    # The distance to p = 0 is 2 arcsin sqrt p.
    sg.geodesic_ball(three, [0.2, 0.5], 2 * np.arcsin(np.sqrt(0.2)) - 1e-3)
    with pytest.raises(RegionError, match=r"boundary of the domain: p > 0 ends at the distance 0\.92"):
        sg.geodesic_ball(three, [0.2, 0.5], 2 * np.arcsin(np.sqrt(0.2)) + 1e-2)


def test_arguments_that_are_none() -> None:
    with pytest.raises(ArgumentError, match="not in 1"):
        sg.geodesic_ball(sg.StatisticalModel(r * sp.exp(-r * t), t, r), [1.0], 1.0)
    with pytest.raises(ArgumentError, match="radius must be positive"):
        sg.geodesic_ball(NORMAL, [0.0, 1.0], -1.0)
    with pytest.raises(ShapeError, match=r"give \(2,\)"):
        sg.geodesic_ball(NORMAL, [0.0, 1.0, 1.0], 1.0)
    with pytest.raises(DomainError, match="outside the domain"):
        sg.geodesic_ball(NORMAL, [0.0, -1.0], 1.0)
