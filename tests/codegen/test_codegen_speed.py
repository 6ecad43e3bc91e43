"""The forms on which the speed of generated functions rests, and lazy evaluation; no clocks."""

import sys

import mpmath
import numpy as np
import pytest
import sympy as sp

import symgeo as sg
from symgeo.codegen import lambdify
from symgeo.codegen.numpy import LARGEST_BLOCK
from symgeo.codegen.numpy_helpers import _hurwitz_zeta
from symgeo.errors import ArgumentError, ShapeError

k, r = sp.symbols("k r", positive=True)
alpha = sp.Symbol("alpha", real=True)


def christoffel(name: str):
    return sg.catalogue.get(name).manifold.connection(0).christoffel


@pytest.mark.parametrize("name", ["beta", "gamma", "bivariate_normal"])
def test_blocks_equal_single_calls(name):
    f = lambdify(christoffel(name))
    n = len(christoffel(name).coordinates)
    theta = np.random.default_rng(0).uniform(0.3, 0.9, (2 * LARGEST_BLOCK + 5, n))
    theta[17] = -1.0  # outside every domain here, or at least of the deviations
    values = f(theta)
    for i in (0, 17, LARGEST_BLOCK, len(theta) - 1):
        np.testing.assert_allclose(values[i], f(theta[i]), rtol=1e-12, atol=0)
    assert np.isnan(values[17]).all()
    np.testing.assert_array_equal(f(theta.reshape(1, -1, n))[0], values)


def test_blocks_do_not_touch_components_that_are_zero():
    f = lambdify([[k, 0], [0, alpha]], (k, r))
    values = f(np.ones((3 * LARGEST_BLOCK, 2)), alpha=np.full(3 * LARGEST_BLOCK, 2.0))
    np.testing.assert_array_equal(values, np.broadcast_to([[1.0, 0.0], [0.0, 2.0]], values.shape))


def test_every_polygamma_is_computed_once():
    source = lambdify(christoffel("beta")).source
    body = source[source.index("def Christoffel") :]
    assert body.count("_trigamma(") == 3
    assert body.count("_hurwitz_zeta(3") == 3
    assert "special." not in body and "_polygamma" not in source


@pytest.mark.parametrize("order", [2, 3, 4, 5])
def test_zeta_of_small_whole_orders_has_all_digits(order):
    draw = np.random.default_rng(order)
    x = np.concatenate([10.0 ** draw.uniform(-8, 8, 100), draw.uniform(0.1, 20.0, 100)])
    with mpmath.workdps(30):
        expected = [mpmath.zeta(order, mpmath.mpf(float(v))) for v in x]
        errors = [abs(mpmath.mpf(float(g)) / e - 1) for g, e in zip(_hurwitz_zeta(order, x), expected, strict=True)]
    assert max(errors) < 2e-15


def test_zeta_beside_its_poles_and_beyond():
    x = np.full(200, 1.0)
    x[:5] = [-0.5, 0.0, -1.0, np.nan, np.inf]
    values = _hurwitz_zeta(2, x)
    assert values[0] == pytest.approx(float(mpmath.zeta(2, -0.5)))
    assert np.isinf(values[1:3]).all() and np.isnan(values[3]) and values[4] == 0


def test_dask_arrays_stay_lazy():
    da = pytest.importorskip("dask.array")
    f = lambdify(christoffel("beta"))
    points = np.random.default_rng(1).uniform(0.5, 5, (6, 50, 2))
    computed = []

    def watched(block):
        computed.append(block.shape)
        return block

    theta = da.from_array(points, chunks=(4, 20, 1)).map_blocks(watched, meta=np.empty((0, 0, 0)))
    lazy = f(theta)
    assert isinstance(lazy, da.Array) and not computed
    assert lazy.shape == (6, 50, 2, 2, 2) and lazy.dtype == np.float64
    assert lazy.chunks[:2] == theta.chunks[:2]
    np.testing.assert_allclose(lazy.compute(scheduler="sync"), f(points), rtol=1e-13)
    assert computed


def test_dask_extras_broadcast_with_the_leading_axes():
    da = pytest.importorskip("dask.array")
    f = lambdify([k * alpha, r], (k, r))
    points, weights = np.random.default_rng(2).uniform(size=(5, 30, 2)), np.arange(30.0)
    expected = f(points, alpha=weights)
    lazy = [
        f(da.from_array(points, chunks=(2, 10, 2)), alpha=weights),
        f(points, alpha=da.from_array(weights, chunks=7)),
        f(da.from_array(points, chunks=(5, 30, 2)), alpha=da.from_array(weights, chunks=11)),
    ]
    for values in lazy:
        assert isinstance(values, da.Array)
        np.testing.assert_array_equal(values.compute(scheduler="sync"), expected)
    column = f(da.from_array(points[:, :1], chunks=2), alpha=weights)
    np.testing.assert_array_equal(column.compute(scheduler="sync"), f(points[:, :1], alpha=weights))
    single = f(da.from_array(points[0, 0], chunks=1), alpha=2)
    np.testing.assert_array_equal(single.compute(scheduler="sync"), f(points[0, 0], alpha=2))


def test_dask_takes_what_has_no_closed_form():
    da = pytest.importorskip("dask.array")
    f = lambdify(sg.catalogue.get("skew_normal").manifold.metric)
    n = len(sg.catalogue.get("skew_normal").parameters)
    points = np.random.default_rng(3).uniform(0.5, 1.5, (4, n))
    np.testing.assert_allclose(f(da.from_array(points, chunks=(2, 1))).compute(scheduler="sync"), f(points), rtol=1e-9)


def test_wrong_dask_arguments_are_refused_at_once():
    da = pytest.importorskip("dask.array")
    f = lambdify([k * alpha, r], (k, r))
    with pytest.raises(ShapeError):
        f(da.ones((4, 3)), alpha=1.0)
    with pytest.raises(ShapeError):
        f(da.ones((4, 2)), alpha=da.ones(3))
    with pytest.raises(ArgumentError):
        f(da.ones((4, 2)))
    with pytest.raises(ArgumentError):
        f(da.ones((4, 2), dtype=complex), alpha=1.0)


def test_numpy_arrays_do_not_import_dask(monkeypatch):
    for name in [m for m in sys.modules if m == "dask" or m.startswith("dask.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "dask", None)  # importing it would fail
    assert lambdify([k, r], (k, r))(np.ones((3, 2))).shape == (3, 2)
