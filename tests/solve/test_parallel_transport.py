"""Parallel transport keeps what it has to keep, for dual connections together."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import sympy as sp

import symgeo as sg
from symgeo import catalogue
from symgeo.errors import ArgumentError, DomainError, GeodesicError, ShapeError

CURVES = {
    "normal": lambda t: np.stack([np.sin(t), 2 + np.cos(3 * t)], -1),
    "gamma": lambda t: np.stack([1.5 + t**2, np.exp(-t)], -1),
    "multinomial": lambda t: np.stack([0.3 + 0.1 * np.cos(t), 0.3 + 0.1 * np.sin(2 * t)], -1),
}
STARTS = {"normal": [0.2, 1.1], "gamma": [2.0, 0.8], "multinomial": [0.3, 0.3]}
TIMES = np.array([0.0, 0.4, 1.0])


def pairing(model, points: np.ndarray, u: np.ndarray, w: np.ndarray) -> np.ndarray:
    return np.einsum("...ij,...i,...j->...", sg.lambdify(model.manifold.metric)(points), u, w)


@pytest.mark.parametrize("alpha", [0, 1, Fraction(-1, 3)])
@pytest.mark.parametrize("name", CURVES)
def test_dual_connections_keep_the_pairing(name: str, alpha: Fraction) -> None:
    """g(P_alpha u, P_-alpha w) = g(u, w): Amari and Nagaoka 2000, chapter 3; alpha = 0 is the metric's own case."""
    model, rng = catalogue.get(name), np.random.default_rng(7)
    u, w = rng.normal(size=(2, 4, 2))
    found = sg.geodesic(model, STARTS[name], 0.2 * rng.normal(size=(4, 2)), TIMES, 1)
    assert np.all(np.isinf(found.exit_time))
    for along, points, more in ((found, found.points, {}), (CURVES[name], CURVES[name](TIMES), {"times": TIMES})):
        one = sg.parallel_transport(model, u, along, alpha, **more)
        other = sg.parallel_transport(model, w, along, -alpha, **more)
        assert one.shape == (4, 3, 2)
        kept = pairing(model, points, one, other)
        np.testing.assert_allclose(kept, np.repeat(kept[:, :1], 3, axis=1), rtol=1e-9, atol=1e-10)
        assert (
            alpha == 0
            or np.max(np.abs(pairing(model, points, one, one)[:, 1:] - pairing(model, points, one, one)[:, :1])) > 1e-3
        )


@pytest.mark.parametrize("alpha", [0, 1, Fraction(1, 2)])
def test_the_velocity_of_a_geodesic_is_parallel(alpha: Fraction) -> None:
    model, v = catalogue.get("gamma"), np.array([0.4, 0.3])
    found = sg.geodesic(model, [2.0, 1.0], v, [0.3, 0.8], alpha)
    np.testing.assert_allclose(sg.parallel_transport(model, v, found, alpha), found.velocities, rtol=1e-9)
    later = sg.parallel_transport(model, found.velocities[0], found, alpha, times=[0.3, 0.8])
    np.testing.assert_allclose(later, found.velocities, rtol=1e-9)


@pytest.mark.parametrize("alpha", [1, -1])
def test_flat_transport_keeps_affine_components(alpha: int) -> None:
    """The components in the affine coordinates of a flat connection do not change, whatever the curve."""
    manifold = catalogue.get("normal").manifold
    d = manifold.duality
    affine = sp.Matrix(d.natural if alpha == 1 else d.expectation)
    jacobian = sg.lambdify(affine.jacobian(sp.Matrix(manifold.coordinates)), manifold.coordinates)
    curve = CURVES["normal"]
    found = sg.parallel_transport(manifold, [0.3, -0.5], curve, alpha, times=TIMES)
    components = np.einsum("tij,tj->ti", jacobian(curve(TIMES)), found)
    np.testing.assert_allclose(components, np.broadcast_to(components[:1], (3, 2)), rtol=1e-9, atol=1e-10)


def test_transport_past_the_end_is_nan() -> None:
    model = catalogue.get("bernoulli")
    found = sg.geodesic(model, [[0.5], [0.5]], [[0.3], [0.01]], [0.0, 1.0, 3.0])
    moved = sg.parallel_transport(model, [1.0], found)
    assert np.isnan(moved[0, 2, 0]) and np.all(np.isfinite(moved[0, :2])) and np.all(np.isfinite(moved[1]))
    kept = pairing(model, found.points, moved, moved)[np.isfinite(moved[..., 0])]
    np.testing.assert_allclose(kept, 4, rtol=1e-9)


def test_what_cannot_be_transported_is_refused() -> None:
    model, curve = catalogue.get("normal"), CURVES["normal"]
    found = sg.geodesic(model, [[0, 1.0]] * 2, [0.1, 0.1], TIMES)
    with pytest.raises(ShapeError, match="2 components"):
        sg.parallel_transport(model, [1.0], found)
    with pytest.raises(ShapeError, match="do not fit"):
        sg.parallel_transport(model, np.ones((3, 2)), found)
    with pytest.raises(ArgumentError, match="not finite"):
        sg.parallel_transport(model, [np.nan, 1.0], found)
    with pytest.raises(ArgumentError, match="another manifold"):
        sg.parallel_transport(catalogue.get("gamma"), [1.0, 1.0], found)
    with pytest.raises(ArgumentError, match="answer of geodesic"):
        sg.parallel_transport(model, [1.0, 1.0], [[0.0, 1.0]], times=[0, 1])
    with pytest.raises(ArgumentError, match="times="):
        sg.parallel_transport(model, [1.0, 1.0], curve)
    with pytest.raises(ArgumentError, match="increase"):
        sg.parallel_transport(model, [1.0, 1.0], curve, times=[1, 0])
    with pytest.raises(ShapeError, match="the curve must give"):
        sg.parallel_transport(model, [1.0, 1.0], lambda t: curve(t)[:, :1], times=[0, 1])
    with pytest.raises(DomainError, match="the curve is outside"):
        sg.parallel_transport(model, [1.0, 1.0], lambda t: np.stack([t, 0.5 - t], -1), times=[0, 1])
    with pytest.raises(GeodesicError, match="did not settle"):
        sg.parallel_transport(model, [1.0, 1.0], lambda t: np.stack([0 * t, 1 + abs(t - 0.3) ** 0.5], -1), times=[0, 1])
