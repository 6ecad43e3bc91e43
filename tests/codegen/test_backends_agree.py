"""Random expressions and tensors of the catalogue on every backend, against the high-precision reference."""

from __future__ import annotations

import importlib.util
import shutil

import numpy as np
import pytest
import sympy as sp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_codegen_random import magnitude, trees, values, x, y, z

import symgeo as sg
from symgeo.codegen import evaluate, lambdify, module_source
from symgeo.codegen.backends import BACKENDS

AVAILABLE = {
    "numpy": True,
    "c": any(map(shutil.which, ("cc", "gcc", "clang"))),
    **{name: importlib.util.find_spec(name) is not None for name in ("jax", "torch")},
}
INSTALLED = [name for name in BACKENDS if AVAILABLE[name]]
SLOW_TO_COMPILE = {"jax", "jax, traced", "c"}


def double(backend, theta):
    """A point as the backend's array of double precision."""
    if backend == "torch":
        import torch

        return torch.tensor(theta, dtype=torch.float64)
    return np.array(theta)


@pytest.fixture(autouse=True)
def _double_precision():
    if "jax" in INSTALLED:
        import jax

        before = jax.config.jax_enable_x64
        jax.config.update("jax_enable_x64", True)
        yield
        jax.config.update("jax_enable_x64", before)
    else:
        yield


def function_of(expressions, backend):
    """That of a backend, or of JAX's source that stands alone, whose values XLA computes."""
    if backend != "jax, traced":
        return lambdify(expressions, (x, y, z), backend=backend)
    namespace = {}
    exec(module_source({"traced": expressions}, (x, y, z), language="jax"), namespace)
    return namespace["traced"]


@pytest.mark.parametrize("backend", [*INSTALLED, *(["jax, traced"] if "jax" in INSTALLED else [])])
def test_random_trees(backend):
    @settings(
        max_examples=8 if backend in SLOW_TO_COMPILE else 15, deadline=None, suppress_health_check=list(HealthCheck)
    )
    @given(st.lists(trees(), min_size=1, max_size=3), st.tuples(values, values, values))
    def agree(expressions, point):
        at = dict(zip((x, y, z), point, strict=True))
        results = np.asarray(function_of(expressions, backend)(double(backend, point)))
        for expr, result in zip(expressions, results, strict=True):
            expected = float(evaluate(expr, at, 20))
            assert abs(result - expected) <= 1e-11 * magnitude(expr, point) ** 2, (expr, result, expected)

    agree()


TENSORS = {
    "gamma": lambda m: m.connection(1).christoffel,
    "beta": lambda m: m.cubic,
    "normal": lambda m: m.connection(0).riemann,
    "weibull": lambda m: m.inverse_metric,
}


@pytest.mark.parametrize("name", TENSORS)
def test_tensors_of_the_catalogue(name):
    tensor = TENSORS[name](getattr(sg.catalogue, name)().manifold)
    functions = {backend: sg.lambdify(tensor, backend=backend) for backend in INSTALLED}

    @settings(max_examples=5, deadline=None)
    @given(st.lists(st.floats(0.1, 3.0), min_size=len(tensor.coordinates), max_size=len(tensor.coordinates)))
    def agree(point):
        at = dict(zip(tensor.coordinates, point, strict=True))
        exact = np.array([float(evaluate(e, at, 20)) for e in tensor.flat()]).reshape(tensor.shape)
        for backend, function in functions.items():
            value = np.asarray(function(double(backend, point)))
            np.testing.assert_allclose(value, exact, rtol=1e-11, atol=1e-13, err_msg=backend)

    agree()


@pytest.mark.parametrize("backend", INSTALLED)
def test_constants_have_all_leading_axes(backend):
    function = lambdify([sp.Integer(1), sp.pi], (x, y, z), backend=backend)
    np.testing.assert_allclose(np.asarray(function(double(backend, [[1.0, 2, 3]] * 4))), [[1, np.pi]] * 4, rtol=1e-15)
