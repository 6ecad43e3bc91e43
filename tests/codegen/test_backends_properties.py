"""Metric and Christoffel symbols of many families, by every backend, at drawn points, against the mpmath reference."""

from __future__ import annotations

import functools
import shutil

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import symgeo as sg
from symgeo.codegen import evaluate, lambdify, source
from symgeo.errors import MissingDependencyError

POINTS = 3  # in every batch, so that JAX compiles once
order = sp.Symbol("order", real=True)  # of the connection
t, scale, tilt = sp.symbols("t s_0 omega", positive=True)
u = sp.Symbol("u", real=True)
peak, span = sp.symbols("peak span", positive=True)


def tilted_power_law():
    """A density of a user's own: a power of t, cut off by the exponential of its cube."""
    mass = sp.gamma((tilt + 1) / 3) * scale ** (-(tilt + 1) / 3) / 3
    return sg.StatisticalModel(t**tilt * sp.exp(-scale * t**3) / mass, t, (tilt, scale))


def stretched_log_odds():
    """Another: the log-odds of a symmetric beta variable, stretched."""
    odds = sp.exp(u / span)
    return sg.StatisticalModel(odds**peak / (1 + odds) ** (2 * peak) / (span * sp.beta(peak, peak)), u, (peak, span))


MODELS = {
    "gamma": sg.catalogue.gamma,
    "beta": sg.catalogue.beta,
    "normal": sg.catalogue.normal,
    "dirichlet": lambda: sg.catalogue.dirichlet(3),
    "von_mises": sg.catalogue.von_mises,
    "weibull_free": sg.catalogue.weibull_free,
    "student": lambda: sg.catalogue.student(sp.Rational(7, 2)),
    "negative_binomial": sg.catalogue.negative_binomial,
    "logarithmic_series": sg.catalogue.logarithmic_series,
    "inverse_gaussian": sg.catalogue.inverse_gaussian,
    "tilted_power_law": tilted_power_law,
    "stretched_log_odds": stretched_log_odds,
}


@functools.cache
def components(name):
    """The coordinates of a family, the components of its metric, and those of a connection of any order."""
    manifold = MODELS[name]().manifold
    return manifold.coordinates, tuple(manifold.metric.flat()), tuple(manifold.connection(order).christoffel.flat())


@functools.cache
def box(name):
    """Where each coordinate is drawn from: moderate values of its domain."""
    domain = MODELS[name]().domain
    ends = [(domain[c].inf, domain[c].sup) for c in components(name)[0]]
    return [
        (float(low) + 0.1 if low.is_finite else -20.0, float(high) - 0.1 if high.is_finite else 20.0)
        for low, high in ends
    ]


@functools.cache
def function_of(name, backend):
    """Metric and Christoffel symbols in one function, compiled once: theta (..., n), order -> (..., n*n + n*n*n)."""
    coordinates, metric, christoffel = components(name)
    everything = [*metric, *christoffel]
    if backend != "module":
        return lambdify(everything, coordinates, backend=backend)
    module = {}
    exec(source(everything, coordinates, name="everything"), module)
    return module["everything"]


@functools.cache
def reference(name, point, at):
    """The exact components at a point, rounded to doubles."""
    coordinates, *parts = components(name)
    values = {**dict(zip(coordinates, point, strict=True)), order: at}
    known = {e: float(evaluate(e, values, 20)) for e in dict.fromkeys([*parts[0], *parts[1]])}
    return [np.array([known[e] for e in part]) for part in parts]


def batches(name):
    point = st.tuples(*(st.floats(low, high) for low, high in box(name)))
    return st.tuples(*[point] * POINTS)


@pytest.fixture(params=["numpy", "module", "jax", "torch", "c"])
def backend(request):
    """Every backend, and the text that stands alone, where it can be had; JAX with 64 bits."""
    name = request.param
    if name == "c" and not any(map(shutil.which, ("cc", "gcc", "clang"))):
        pytest.skip("there is no C compiler here")
    if name not in {"jax", "torch"}:
        yield name
        return
    library = pytest.importorskip(name)
    if name == "torch":
        yield name
        return
    before = library.config.jax_enable_x64
    library.config.update("jax_enable_x64", True)
    yield name
    library.config.update("jax_enable_x64", before)


def evaluated(function, backend, theta, at):
    """The values at a batch of points, as NumPy's array."""
    if backend == "torch":
        import torch

        theta = torch.tensor(theta, dtype=torch.float64)
    elif backend != "module":  # whose own asarray is part of it
        theta = np.array(theta)
    return np.asarray(function(theta, order=at))


@pytest.mark.parametrize("name", MODELS)
def test_every_backend_agrees_with_the_reference(name, backend):
    try:
        function = function_of(name, backend)
    except MissingDependencyError as error:  # GSL
        pytest.skip(str(error))

    @settings(max_examples=3)
    # Orders at which no component vanishes: showing a zero takes the reference hundreds of digits.
    @given(batches(name), st.integers(-12, 12).map(lambda i: i / 4 + 0.0625))
    def agree(theta, at):
        values = evaluated(function, backend, theta, at)
        assert values.dtype == np.float64 and values.shape[0] == POINTS
        for point, row in zip(theta, values, strict=True):
            metric, christoffel = reference(name, point, at)
            for found, exact in ((row[: metric.size], metric), (row[metric.size :], christoffel)):
                assert np.abs(found - exact).max() <= 1e-10 * np.abs(exact).max(), (point, at, found, exact)

    agree()
