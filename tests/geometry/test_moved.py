"""Geometry carried to another chart against the same computed there from the metric and the cubic tensor alone."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import sympy as sp

import symgeo as sg
from symgeo.errors import SingularMetricError
from symgeo.geometry.manifold import StatisticalManifold
from symgeo.geometry.moved import MovedManifold

u, v, w = sp.symbols("u v w", real=True)
alpha = sp.Symbol("alpha", real=True)
MAPS = {
    "normal": [u + u**3, sp.exp(v) * (1 + u**2)],
    "gamma": [sp.exp(u + v), sp.exp(u - v)],
    "beta": [sp.exp(u), sp.exp(v) + sp.exp(u)],
    "von_mises": [u - v / 3, sp.exp(u)],
    "inverse_gaussian": [sp.exp(u) + v**2, 1 + v**2 + v],
    "categorical": [1 / (2 + u**2), v / (3 + v**2)],
}


@pytest.mark.parametrize("name", MAPS)
def test_everything_agrees_with_the_triple_alone(name: str) -> None:
    old = sg.catalogue.get(name).manifold
    there = old.reparametrize(dict(zip(old.coordinates, MAPS[name], strict=True)), (u, v))
    assert isinstance(there, MovedManifold)
    plain = StatisticalManifold(there.metric, there.cubic, dually_flat=True)
    assert there.inverse_metric == plain.inverse_metric
    assert there.determinant == plain.determinant
    assert there.raised_cubic == plain.raised_cubic
    for order in (0, sp.Rational(1, 3), alpha):
        one, other = there.connection(order), plain.connection(order)
        assert one.christoffel == other.christoffel
        assert one.christoffel_first_kind == other.christoffel_first_kind
        assert one.riemann_lowered == other.riemann_lowered
        assert one.ricci == other.ricci
        assert one.scalar_curvature == other.scalar_curvature


def test_a_shorter_chart_is_taken_as_it_stands() -> None:
    """exp(p) + exp(q) in the coordinates p + q and q is long; p and q give the plane back."""
    p, q = sp.symbols("p q", real=True)
    long = StatisticalManifold.from_potential(sp.exp(u - v) + sp.exp(v), (u, v))
    short = long.reparametrize({u: p + q, v: q}, (p, q))
    assert not isinstance(short, MovedManifold)
    assert short.metric.to_matrix() == sp.diag(sp.exp(p), sp.exp(q))
    assert short.connection(0).scalar_curvature == long.connection(0).scalar_curvature == 0


def test_a_singular_metric_is_reported_in_the_new_chart() -> None:
    x = sp.Symbol("x", real=True)
    a, b = sp.symbols("a b", real=True)
    model = sg.StatisticalModel(sp.exp(-((x - a - 2 * b) ** 2) / 2) / sp.sqrt(2 * sp.pi), x, (a, b))
    moved = model.manifold.reparametrize({a: u**3 + u, b: v + u}, (u, v))
    with pytest.raises(SingularMetricError, match=r"rank 1 of 2.*d/dv|rank 1 of 2.*d/du") as caught:
        _ = moved.inverse_metric
    slope = [3 * u**2 + 3, 2]
    assert sp.cancel(sum(s * c for s, c in zip(slope, caught.value.null_direction, strict=True))) == 0


def test_a_degenerate_map_is_a_singular_metric() -> None:
    normal = sg.catalogue.normal().manifold
    mu, sigma = normal.coordinates
    flat = normal.reparametrize({mu: u + v, sigma: sp.exp(u + v)}, (u, v))
    with pytest.raises(SingularMetricError, match="rank 1 of 2"):
        _ = flat.connection(0).christoffel


def test_long_maps_stay_cheap() -> None:
    """Two spins with fields and coupling; in the new chart the metric has thousands of terms."""
    s, t = sp.symbols("s t", integer=True)
    h, k, j = sp.symbols("h k j", real=True)
    total = sum(sp.exp(h * a + k * b + j * a * b) for a in (-1, 1) for b in (-1, 1))
    support = dict.fromkeys((s, t), sp.FiniteSet(-1, 1))
    ising = sg.StatisticalModel(sp.exp(h * s + k * t + j * s * t) / total, (s, t), (h, k, j), support=support).manifold
    images = {h: sp.sinh(u), k: v * (1 + u**2), j: w * (1 + v**2)}
    there = ising.reparametrize(images, (u, v, w))
    point = {u: sp.Rational(1, 3), v: sp.Rational(1, 5), w: sp.Rational(-1, 7)}
    here = {old: image.subs(point) for old, image in images.items()}
    value = there.connection(0).scalar_curvature.subs(point).evalf(20)
    assert abs(value - ising.connection(0).scalar_curvature.subs(here).evalf(20)) < 1e-15
    assert abs(value - sp.Rational(3, 2)) < 1e-15


def test_symbols_may_name_two_charts_with_domains_of_their_own() -> None:
    m = sg.catalogue.get("gamma").manifold
    k, r = m.coordinates
    a, b = sp.symbols("a b", positive=True)
    half = m.reparametrize({k: a / 2, r: b / 2}, (a, b))
    logarithmic = m.reparametrize({k: sp.log(a), r: sp.log(b)}, (a, b))
    for chart, point in ((half, (0.5, 0.5)), (logarithmic, (3.0, 2.0))):
        for tensor in (chart.metric, chart.cubic, chart.inverse_metric, chart.connection(0).christoffel):
            assert np.isfinite(sg.lambdify(tensor)(point)).all()
    assert np.isnan(sg.lambdify(logarithmic.metric)((0.5, 0.5))).all()
    assert pickle.loads(pickle.dumps(half.metric)).conditions == half.metric.conditions
