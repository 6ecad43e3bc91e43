"""JAX functions in doubles on the CPU: digits as those of C, under every transformation, on several devices."""

from __future__ import annotations

import shutil
import subprocess
import sys
from os import environ

import numpy as np
import pytest
import sympy as sp
from accuracy_cases import BEYOND, FAMILIES, SUMS, TOLERANCE, a, b, drawn, error, psi, x, y

import symgeo as sg
from symgeo.codegen import Kernel, lambdify
from symgeo.codegen.c import shared_library
from symgeo.codegen.repair import Repair
from symgeo.codegen.xla_call import handler_text, xla_target
from symgeo.errors import MissingDependencyError

jax = pytest.importorskip("jax")
jnp = jax.numpy
COMPILER = any(map(shutil.which, ("cc", "gcc", "clang")))
needs_compiler = pytest.mark.skipif(not COMPILER, reason="there is no C compiler here")
DIFFERENCE = psi(1, a) - psi(1, a + b)


@pytest.fixture(autouse=True)
def _double():
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)


def compiled(expr, symbols=(a, b)):
    return lambdify(expr, symbols, backend="jax")


@pytest.mark.parametrize("name", FAMILIES)
def test_families_from_end_to_end(name):
    manifold = sg.catalogue.get(name).manifold
    random = np.random.default_rng(11)
    at = np.array([drawn(lambda _: 10.0 ** random.uniform(-4, 8), name) for _ in range(2)])
    values = np.asarray(lambdify(manifold.metric, backend="jax")(at)).reshape(len(at), -1)
    for point, found in zip(at, values, strict=True):
        where = dict(zip(manifold.coordinates, point, strict=True))
        if all(float(c.subs(where)) > 0 for c in manifold.metric.conditions):
            for expr, value in dict(zip(manifold.metric.flat(), found, strict=True)).items():
                assert error(value, expr, where, 0.0) < TOLERANCE, (point, expr)


def test_points_where_doubles_do_not_do():
    for expr, point in SUMS:
        assert error(compiled(expr)(np.array(point)), expr, dict(zip((a, b), point, strict=True))) < 1e-12, expr


def test_intermediate_numbers_beyond_the_range():
    for expr, point in BEYOND:
        assert error(compiled(expr)(np.array(point)), expr, dict(zip((a, b), point, strict=True))) < 1e-14, expr


def transformed(function):
    """The same numbers by other ways: two arguments of theta, and an extra one."""
    each = lambda t, s: function(t, s=s)  # noqa: E731
    return {
        "eager": each,
        "compiled": jax.jit(each),
        "mapped": jax.vmap(each),
        "mapped and compiled": jax.jit(jax.vmap(each)),
        "mapped along the last axis": lambda t, s: jax.vmap(each, in_axes=(1, 0))(t.T, s),
        "one by one": lambda t, s: jax.lax.map(lambda both: each(*both), (t, s)),
        "scanned": lambda t, s: jax.lax.scan(lambda c, both: (c, each(*both)), 0.0, (t, s))[1],
        "beside its derivative": lambda t, s: jax.jvp(lambda t: each(t, s), (t,), (t,))[0],
        "beside its pullback": lambda t, s: jax.vjp(each, t, s)[0],
        "checkpointed": lambda t, s: jax.vjp(jax.checkpoint(each), t, s)[0],
    }


@pytest.mark.parametrize("how", transformed(None))
def test_values_keep_their_digits_under(how):
    s = sp.Symbol("s", positive=True)
    expr = [psi(1, a) - psi(1, a + s), b / a]
    theta = np.array([[1e6, 2.0], [2.0, 3.0], [3e7, 1.0]])
    extra = np.array([1e-4, 1.0, 1e-3])
    values = np.asarray(transformed(compiled(expr))[how](theta, extra))
    assert values.shape == (3, 2)
    for value, (first, _), third in zip(values, theta, extra, strict=True):
        assert error(value[0], expr[0], {a: first, s: third}) < TOLERANCE


def test_one_of_the_arguments_mapped():
    s = sp.Symbol("s", positive=True)
    function = compiled(psi(1, a) - psi(1, a + s), (a,))
    both = lambda t, v: function(t, s=v)  # noqa: E731
    for values in (
        jax.vmap(both, in_axes=(None, 0))(np.array([1e6]), np.array([1e-4, 1e-3])),
        both(np.array([1e6]), np.array([1e-4, 1e-3])),
    ):
        for value, extra in zip(values, (1e-4, 1e-3), strict=True):
            assert error(value, psi(1, a) - psi(1, a + s), {a: 1e6, s: extra}) < TOLERANCE
    nested = jax.vmap(jax.vmap(both, in_axes=(None, 0)), in_axes=(0, None))
    assert nested(np.array([[1e6], [2.0]]), np.array([1e-4, 1e-3, 1.0])).shape == (2, 3)


def test_derivatives_of_every_order_keep_their_digits():
    s = sp.Symbol("s", positive=True)
    expr = psi(1, a) - psi(1, a + s)
    function, at = compiled(expr, (a,)), {a: 1e7, s: 1e-4}
    by_theta = lambda t: function(t, s=1e-4)  # noqa: E731
    point = jnp.array([1e7])
    for derive in (jax.jacfwd, jax.jacrev, jax.grad, lambda f: jax.jit(jax.grad(f))):
        assert error(derive(by_theta)(point)[0], expr.diff(a), at) < TOLERANCE
        assert error(jax.vmap(derive(by_theta))(point[None])[0, 0], expr.diff(a), at) < TOLERANCE
    assert error(jax.hessian(by_theta)(point)[0, 0], expr.diff(a, 2), at) < TOLERANCE
    both = jax.grad(lambda t, v: function(t, s=v), argnums=(0, 1))
    assert error(jax.jacfwd(both, argnums=1)(point, 1e-4)[0][0], expr.diff(a, s), at) < TOLERANCE
    assert error(both(point, 1e-4)[1], expr.diff(s), at) < TOLERANCE


def test_derivatives_of_several_components():
    function = compiled([[DIFFERENCE, a], [a * b**2, 1]])
    theta = jnp.array([2.0, 3.0])
    exact = [[[e.diff(c) for c in (a, b)] for e in row] for row in ((DIFFERENCE, a), (a * b**2, sp.Integer(1)))]
    exact = lambdify(exact, (a, b))(np.asarray(theta))
    for derive in (jax.jacfwd, jax.jacrev):
        np.testing.assert_allclose(jax.jit(derive(function))(theta), exact, rtol=1e-13)
        np.testing.assert_allclose(jax.vmap(derive(function))(theta[None]), exact[None], rtol=1e-13)
    assert jax.hessian(function)(theta)[1, 0].tolist() == [[0.0, 6.0], [6.0, 4.0]]


def test_what_has_no_derivative_in_closed_form_is_left_to_jax():
    slope = jax.grad(compiled(sp.besselk(a, b)))(jnp.array([1.5, 2.0]))
    step = 1e-5
    ends = [float(sp.besselk(1.5 + sign * step, 2.0).evalf(30)) for sign in (1, -1)]
    assert slope[0] == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=1e-8)
    assert slope[1] == pytest.approx(float(sp.besselk(1.5, b).diff(b).subs(b, 2.0).evalf()), rel=1e-10)


def test_many_derivatives_a_point_are_left_to_jax():
    components = [sp.cos(i * a) * b for i in range(600)]
    theta = jnp.array([0.3, 2.0])
    found = jax.jacfwd(compiled(components))(theta)
    np.testing.assert_allclose(found, lambdify([[e.diff(c) for c in (a, b)] for e in components], (a, b))(theta), 1e-9)


def test_the_precision_follows_the_arguments():
    s = sp.Symbol("s", positive=True)
    function = compiled(a * s, (a,))
    assert function(np.ones(1, np.float32), s=np.float32(2)).dtype == np.float32
    assert function(np.ones(1, np.float32), s=jnp.float64(2)).dtype == np.float64


def test_batches_shared_out_among_threads():
    theta = np.random.default_rng(2).uniform(0.5, 3.0, (70_001, 2))
    theta[[0, 35_000, -1]] = 1e6, 1e-4
    values = np.asarray(compiled([DIFFERENCE, a, b])(theta))
    assert (values[:, 1:] == theta).all()
    for i in (0, 17, 35_000, 70_000):
        assert error(values[i, 0], DIFFERENCE, dict(zip((a, b), theta[i], strict=True))) < TOLERANCE
    np.testing.assert_allclose(values, lambdify([DIFFERENCE, a, b], (a, b))(theta), rtol=1e-10)


def test_shapes_without_points_components_or_coordinates():
    assert compiled([a, b])(np.ones((0, 2))).shape == (0, 2)
    assert compiled([])(np.ones((3, 2))).shape == (3, 0)
    assert np.asarray(lambdify([a, 2], (), backend="jax")(np.ones((4, 0)), a=3.0)).tolist() == [[3.0, 2.0]] * 4


@needs_compiler
def test_the_handler_compiles_without_a_word(tmp_path):
    kernel = Kernel.of([[DIFFERENCE, x], [y, sp.besselk(a, b)]], (a, b))
    flags = (
        "-std=c99",
        "-O1",
        "-Wall",
        "-Wextra",
        "-Wno-parentheses",
        "-Werror",
        "-pthread",
        f"-isystem{jax.ffi.include_dir()}",
    )
    try:
        shared_library(handler_text(kernel), flags)
    except MissingDependencyError as reason:  # GSL
        pytest.skip(str(reason))


@needs_compiler
def test_numbers_of_one_text_and_two_meanings_are_kept_apart():
    tenth, rational = Kernel.of(sp.Float(0.1) * x, (x,)), Kernel.of(x / 10, (x,))
    assert xla_target(tenth) == xla_target(Kernel.of(sp.Float(0.1) * x, (x,), doc="another"))
    assert xla_target(tenth) != xla_target(rational)


@needs_compiler
@pytest.mark.parametrize("kind", [ArithmeticError, KeyboardInterrupt])
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_error_of_the_later_stages_reaches_the_caller(monkeypatch, capsys, kind):
    def fails(*_):
        raise kind("no digits today")

    function = compiled(psi(1, a) - psi(1, a + b / 2))
    monkeypatch.setattr(Repair, "__call__", fails)
    with pytest.raises(Exception, match="could not be computed with more digits"):
        np.asarray(function(np.array([1e6, 1e-4])))
    if kind is ArithmeticError:
        assert "no digits today" in capsys.readouterr().err


WITHOUT_COMPILER = """
import jax, numpy as np, sympy as sp
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from symgeo import lambdify
jax.config.update("jax_enable_x64", True)
a, s = sp.symbols("a s", positive=True)
f = lambdify([sp.polygamma(1, a) - sp.polygamma(1, a + s), a * s], (a,), backend="jax")
theta, extra = np.array([[1e6], [2.0]]), np.array([1e-4, 1.0])
expected = lambdify([sp.polygamma(1, a) - sp.polygamma(1, a + s), a * s], (a,))(theta, s=extra)
print((np.asarray(f(theta, s=extra)) == expected).all())
print((np.asarray(jax.jit(jax.vmap(lambda t, v: f(t, s=v)))(theta, extra)) == expected).all())
print(jax.jacfwd(lambda v: f(np.array([3.0]), s=v)[1])(2.0))
mesh = Mesh(np.array(jax.devices()), ("points",))
try:
    f(jax.device_put(theta, NamedSharding(mesh, PartitionSpec("points"))), s=1.0)
except Exception as error:
    print("MissingDependencyError" in str(error), "need C" in str(error), "install gcc" in str(error))
"""


def run(script, devices, **variables):
    flags = {"XLA_FLAGS": f"--xla_force_host_platform_device_count={devices}", "PYTHONPATH": ":".join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**environ, **flags, **variables},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\n")


def test_without_a_compiler_numpy_computes():
    assert run(WITHOUT_COMPILER, 2, CC="no-such-compiler") == ["True", "True", "3.0", "True True True", ""]


SHARDED = """
import jax, numpy as np, sympy as sp
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from symgeo import lambdify
jax.config.update("jax_enable_x64", True)
a, b, s = sp.symbols("a b s", positive=True)
e = [[sp.polygamma(1, a) - sp.polygamma(1, a + s), -1 / b], [-1 / b, a / b**2]]
theta, extra = np.random.default_rng(0).uniform(0.5, 2, (64, 2)), np.geomspace(1e-12, 1, 64)
mesh = Mesh(np.array(jax.devices()), ("points",))
points = PartitionSpec("points")
there, beside = (jax.device_put(v, NamedSharding(mesh, points)) for v in (theta, extra))
f = lambdify(e, (a, b), backend="jax")
each = lambda t, v: f(t, s=v)
expected = lambdify(e, (a, b))(theta, s=extra)
for way in (
    each,
    jax.jit(lambda t, v: each(t, v) * 1),
    jax.jit(jax.vmap(each)),
    jax.shard_map(each, mesh=mesh, in_specs=(points, points), out_specs=points),
):
    out = way(there, beside)
    np.testing.assert_allclose(out, expected, rtol=1e-10)
    print(len(out.sharding.device_set), {s.data.shape for s in out.addressable_shards})
slopes = jax.jit(jax.vmap(jax.jacfwd(each)))(there, beside)
print(slopes.shape, {s.data.shape for s in slopes.addressable_shards})
"""


@needs_compiler
def test_every_device_computes_its_own_points():
    assert run(SHARDED, 4) == ["4 {(16, 2, 2)}"] * 4 + ["(64, 2, 2, 2) {(16, 2, 2, 2)}", ""]


PENDING = """
import jax, numpy as np, sympy as sp
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from symgeo import lambdify
jax.config.update("jax_enable_x64", True)
a, s = sp.symbols("a s", positive=True)
f = jax.jit(lambdify(sp.polygamma(1, a) - sp.polygamma(1, a + s), (a,), backend="jax"))
mesh = Mesh(np.array(jax.devices()), ("points",))
theta = np.random.default_rng(0).uniform(0.5, 2, (2048, 1))
there = jax.device_put(theta, NamedSharding(mesh, PartitionSpec("points")))
f(there, s=1.0).block_until_ready()
out = [f(there, s=1e-9 * i) for i in range(1, 9)]
print("left")
"""


@needs_compiler
def test_python_ends_while_points_are_being_mended():
    assert run(PENDING, 4) == ["left", ""]
