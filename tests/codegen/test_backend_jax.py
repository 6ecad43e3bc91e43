"""JAX functions: values and derivatives against mpmath and NumPy, transformations, precision, errors, devices."""

from __future__ import annotations

import ast
import itertools
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from table_cases import CASES, INTERNAL, OUTSIDE, p, x, y, z

import symgeo as sg
from symgeo.codegen import evaluate, lambdify, module_source, source
from symgeo.codegen.special_functions import TABLE
from symgeo.errors import ArgumentError, MissingDependencyError, ShapeError, UnsupportedFunctionError

jax = pytest.importorskip("jax")
jnp = jax.numpy
k, r = sp.symbols("k r", positive=True)
alpha = sp.Symbol("alpha", real=True)
METRIC = sp.Matrix([[sp.polygamma(1, k), -1 / r], [-1 / r, k / r**2]])
ALL = {**CASES, **INTERNAL}


@pytest.fixture
def double():
    """64 bits within a test."""
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)


def traced(expressions, symbols):
    """The function that XLA computes, as the source that stands alone."""
    namespace = {}
    exec(module_source({"traced": expressions}, symbols, language="jax"), namespace)
    return namespace["traced"]


def cases(name, most):
    """The expressions of a row with their symbols and at most so many points each."""
    for expr, *points in ALL[name]:
        free = sp.Symbol("v", real=True)
        named = expr.subs(sp.Symbol("w"), free)
        symbols = (p,) if p in expr.free_symbols else (x, y, z)[: len(points)]
        grid = list(itertools.product(*points))
        grid = grid[:: -(-len(grid) // most)]
        if named.has(free):
            symbols, grid = (*symbols, free), [(*point, point[0]) for point in grid]
        yield named, symbols, grid


def test_every_row_has_a_spelling_or_a_lowering():
    assert [name for name, row in TABLE.items() if "jax" not in row.spelling and not row.lower] == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ALL)
@pytest.mark.usefixtures("double")
def test_row(name):
    for expr, symbols, grid in cases(name, 3):
        # Operation by operation: compiling every function once would cost minutes. Of one shape: so would
        # compiling every operation for one, two and three points.
        grid = [*grid, *grid, *grid][:3]
        with jax.disable_jit():
            values = traced(expr, symbols)(np.array(grid))
        assert values.dtype == np.float64
        for value, point in zip(np.asarray(values), grid, strict=True):
            expected = evaluate(expr, dict(zip(symbols, point, strict=True)), 20)
            assert abs(value - float(expected)) <= 1e-12 * abs(float(expected)), (expr, point, value, expected)


# Differentiable functions at arguments in the interior of their domains, several in one program.
DIFFERENTIABLE = [
    sp.gamma(x) + sp.loggamma(y) * sp.digamma(x) + sp.polygamma(3, y),
    sp.zeta(x + 1) * sp.zeta(2, y) + sp.lerchphi(1 - 1 / (1 + y), x, 2),
    sp.log(sp.beta(x, y)) + sp.log(sp.binomial(x + 9, y)) + sp.RisingFactorial(x, y) + sp.binomial(x, 5 * y),
    sp.betainc_regularized(x, y, 0, sp.Rational(1, 3)),
    sp.lowergamma(p, y).subs(p, sp.Rational(5, 2)) + sp.uppergamma(sp.Rational(1, 3), x),
    sp.erf(x) * sp.erfi(y) + sp.erfcinv(x / 9) + sp.log(sp.erfc(3 * y)),
    sp.expint(1, x) + sp.expint(3, 3 * y) + sp.Ei(y),
    sp.Si(x) + sp.Ci(9 * y) + sp.Shi(y) * sp.Chi(x) + sp.fresnels(x) + sp.fresnelc(3 * y),
    sp.polylog(3, -x) + sp.polylog(2, y / 3),
    sp.besselk(x, y) + sp.besseli(y, 2 * x),
    sp.besselj(y, 9 * x) * sp.bessely(x, y),
    sp.airyai(x) + sp.airybi(-y) + sp.airyaiprime(-x) + sp.airybiprime(y),
    sp.LambertW(x) + sp.LambertW(-y / 9, -1),
    sp.hyper((x,), (y,), 2) + sp.hyper((x, y), (y + 1,), sp.Rational(1, 2)) + sp.hyper((), (x,), y),
    sp.elliptic_k(x / 9) + sp.elliptic_f(y, x / 9) + sp.elliptic_e(y / 9) + sp.elliptic_e(x, y / 9),
    sp.asin(x / 9) * sp.acosh(x + y) * sp.atanh(y / 9) + x**y + sp.atan2(x, y) + sp.hyper((x,), (), y / 9),
]


@pytest.mark.slow
@pytest.mark.parametrize("expr", DIFFERENTIABLE, ids=str)
@pytest.mark.usefixtures("double")
def test_derivatives_in_every_argument(expr):
    f = traced(expr, (x, y))
    point = (1.25, 0.75)
    # Operation by operation where that is faster than compiling; long series and continued fractions are compiled.
    with jax.disable_jit(not expr.has(sp.hyper, sp.betainc_regularized)):
        slopes = np.asarray(jax.jacrev(f)(np.array(point)))
    step = Fraction(1, 10**12)
    for i, slope in enumerate(slopes):
        ends = []
        for sign in (1, -1):
            at = [Fraction(c) + sign * step * (i == j) for j, c in enumerate(point)]
            ends.append(evaluate(expr, dict(zip((x, y), at, strict=True)), 40))
        assert slope == pytest.approx(float((ends[0] - ends[1]) / float(2 * step)), rel=1e-10), i


@pytest.mark.usefixtures("double")
def test_outside_the_real_domain_is_nan():
    for point in {point for _, point in OUTSIDE}:
        expressions = [expr for expr, at in OUTSIDE if at == point]
        for values in (
            traced(expressions, (x, y))([point, 0.5]),
            lambdify(expressions, (x, y), backend="jax")([point, 0.5]),
        ):
            assert [e for e, v in zip(expressions, values, strict=True) if not np.isnan(v)] == []


def test_32_bits():
    theta = np.array([[2.0, 3.0], [0.5, 40.0]])
    f = lambdify(METRIC, (k, r), backend="jax")
    values = f(theta.astype(np.float32))
    assert values.dtype == np.float32
    np.testing.assert_allclose(values, lambdify(METRIC, (k, r))(theta), rtol=1e-6)
    assert f([2, 3]).dtype == np.float32
    special = [sp.besselk(k, r), sp.erfi(k), sp.zeta(k + 2), sp.betainc_regularized(k, r, 0, 0.25), sp.expint(2, r)]
    exact = lambdify(special, (k, r))(theta)[0]
    np.testing.assert_allclose(lambdify(special, (k, r), backend="jax")(theta)[0], exact, rtol=1e-5)


@pytest.mark.usefixtures("double")
def test_the_precision_follows_the_argument():
    f = lambdify([k * sp.zeta(r + 1, k), sp.Piecewise((sp.log(k), k > 1), (sp.pi, True)), 1], (k, r), backend="jax")
    assert f(np.ones((3, 2), np.float32)).dtype == np.float32
    assert f(np.ones((3, 2))).dtype == np.float64


@pytest.mark.parametrize("family", ["gamma", "beta", "bivariate_normal", "weibull"])
@pytest.mark.usefixtures("double")
def test_tensors_of_families_equal_numpy(family):
    m = getattr(sg.catalogue, family)().manifold
    rng = np.random.default_rng(3)
    theta = rng.uniform(0.2, 0.8, (2, 3, m.dim))
    tensor = m.connection(z).christoffel_first_kind
    values = lambdify(tensor, backend="jax")(theta, z=0.5)
    np.testing.assert_allclose(values, lambdify(tensor)(theta, z=0.5), rtol=1e-11, atol=1e-12)
    metric, slopes = lambdify(m.metric, backend="jax"), [[e.diff(c) for c in m.coordinates] for e in m.metric.flat()]
    found = jax.jit(jax.vmap(jax.vmap(jax.jacrev(metric))))(theta).reshape(2, 3, -1, m.dim)
    np.testing.assert_allclose(found, lambdify(slopes, m.coordinates)(theta), rtol=1e-9, atol=1e-11)


@pytest.mark.usefixtures("double")
def test_outside_the_domain_values_and_derivatives_are_nan():
    metric = lambdify(sg.catalogue.gamma().manifold.metric, backend="jax")
    outside, inside = np.array([-1.0, 2.0]), np.array([1.0, 2.0])
    for derive in (lambda f: f, jax.jacfwd, jax.jacrev):
        assert np.isnan(derive(metric)(outside)).any() and np.isfinite(derive(metric)(inside)).all()
    assert np.isnan(metric(np.stack([outside, inside]))).all(axis=(1, 2)).tolist() == [True, False]


@pytest.mark.usefixtures("double")
def test_the_branch_not_taken_leaves_gradients_alone():
    pieces = sp.Piecewise((sp.sin(x) / x, sp.Ne(x, 0)), (1, True))
    nested = sp.Piecewise((sp.Piecewise((sp.sqrt(x), x > 1), (x**2, True)), x > 0), (x * sp.log(1 - x), True))
    for f in (traced([pieces, nested], (x,)), lambdify([pieces, nested], (x,), backend="jax")):
        for derive in (jax.jacrev, jax.jacfwd):
            np.testing.assert_allclose(derive(f)(jnp.array([0.0])).ravel(), [0, 0], atol=1e-15)
            assert derive(f)(jnp.array([4.0]))[1, 0] == 0.25
            assert derive(f)(jnp.array([0.5]))[1, 0] == 1
        assert np.isfinite(jax.hessian(f)(jnp.array([0.0]))[1]).all()


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.floats(0.05, 20), st.floats(0.05, 20)), min_size=4, max_size=4))
def test_random_points(points):
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    try:
        values = np.asarray(RANDOM(np.array(points)))
    finally:
        jax.config.update("jax_enable_x64", before)
    for row, (a, b) in zip(values, points, strict=True):
        for value, expr in zip(row, RANDOM_EXPRESSIONS, strict=True):
            expected = float(evaluate(expr, {k: a, r: b}, 20))
            assert value == pytest.approx(expected, rel=1e-11, abs=1e-300), (expr, a, b)


RANDOM_EXPRESSIONS = [
    sp.besselk(k, r),
    sp.log(sp.besseli(k, r)),
    sp.polygamma(2, k),
    sp.zeta(1 + k, r),
    sp.expint(2, r),
    sp.log(sp.erfc(k - r)),
    sp.log(sp.beta(k, r)),
    sp.betainc_regularized(k, r, 0, sp.Rational(1, 4)),
]
RANDOM = jax.jit(traced(RANDOM_EXPRESSIONS, (k, r)))


def test_a_module_alone_gives_the_numbers_of_lambdify():
    objects = {"metric": METRIC, "others": [sp.LambertW(k) * alpha, sp.airyai(r), sp.polylog(2, -k), sp.Si(k)]}
    text = module_source(objects, (k, r), language="jax")
    script = (
        "import jax, sys\njax.config.update('jax_enable_x64', True)\nexec(compile(sys.stdin.read(), 'm', 'exec'))\n"
        "print([metric([2.5, 1.5]).tolist(), others([[2.5, 1.5]], alpha=2.0).tolist(), 'symgeo' in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-I", "-c", script], input=text, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    metric, others, seen = ast.literal_eval(done.stdout)
    assert not seen
    theta = np.array([2.5, 1.5])
    np.testing.assert_allclose(metric, lambdify(METRIC, (k, r))(theta), rtol=1e-13)
    np.testing.assert_allclose(others[0], lambdify(objects["others"], (k, r))(theta, alpha=2.0), rtol=1e-12)
    assert source(METRIC, (k, r), language="jax") == lambdify(METRIC, (k, r), backend="jax").source


def test_ruff_finds_nothing_to_change(tmp_path):
    ruff = pytest.importorskip("ruff.__main__").find_ruff_bin()
    file = tmp_path / "generated.py"
    objects = {"metric": METRIC, "pieces": sp.Piecewise((sp.log(k), k < r), (alpha, True)), "lambda": sp.zeta(k)}
    file.write_text(module_source(objects, (k, r), language="jax"), encoding="utf-8")
    command = [ruff, "check", "--select", "E,F,W,I,B,UP", "--isolated", "--line-length", "120", str(file)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_shapes_and_keywords():
    f = lambdify([[alpha * k, 0], [r, 1]], (k, r), backend="jax")
    assert f(np.ones((3, 2)), alpha=np.ones((5, 1))).shape == (5, 3, 2, 2)
    assert f.__name__ == "function" and "(..., 2, 2)" in f.__doc__
    assert lambdify(k, (k, r), backend="jax")(np.ones((0, 2))).shape == (0,)
    assert lambdify([], (k,), backend="jax")(np.ones((3, 1))).shape == (3, 0)
    with pytest.raises(ShapeError, match=r"\(\.\.\., 2\)"):
        jax.jit(f)(np.ones((3, 3)), alpha=1.0)
    with pytest.raises(ShapeError, match="do not broadcast"):
        f(np.ones((3, 2)), alpha=np.ones(4))
    with pytest.raises(ArgumentError, match="missing alpha"):
        f([1, 2])
    with pytest.raises(ArgumentError, match="unknown beta"):
        f([1, 2], alpha=1, beta=2)
    for theta in ([1j, 2], ["a", "b"]):
        with pytest.raises(ArgumentError, match="real numbers"):
            f(theta, alpha=1)


def test_refusals(monkeypatch):
    with pytest.raises(UnsupportedFunctionError, match="LambertW"):
        lambdify(sp.LambertW(k, r), (k, r), backend="jax")
    model = sg.catalogue.gamma()
    expectation = model.expectation(sp.atan(model.variables[0]))
    for make in (lambda e: lambdify(e, (k, r), backend="jax"), lambda e: source(e, (k, r), language="jax")):
        with pytest.raises(UnsupportedFunctionError, match="no closed form"):
            make(expectation)
    monkeypatch.setitem(sys.modules, "jax", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'symgeo\[jax\]'"):
        lambdify(k, (k,), backend="jax")


SHARDED = """
import jax, numpy as np, sympy as sp
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from symgeo import lambdify
k, r = sp.symbols("k r", positive=True)
metric = [[sp.polygamma(1, k), -1 / r], [-1 / r, k / r**2]]
theta = np.random.default_rng(0).uniform(0.5, 2, (64, 2)).astype(np.float32)
mesh = Mesh(np.array(jax.devices()), ("points",))
f = lambdify(metric, (k, r), backend="jax")
out = f(jax.device_put(theta, NamedSharding(mesh, PartitionSpec("points"))))
print(len(out.sharding.device_set), {s.data.shape for s in out.addressable_shards})
np.testing.assert_allclose(out, lambdify(metric, (k, r))(theta), rtol=1e-5)
"""


def test_sharded_arrays_stay_sharded():
    from os import environ

    done = subprocess.run(
        [sys.executable, "-c", SHARDED],
        env={**environ, "XLA_FLAGS": "--xla_force_host_platform_device_count=4", "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "4 {(16, 2, 2)}"
