"""PyTorch functions: values against mpmath and NumPy, derivatives of every order, stand-alone modules."""

from __future__ import annotations

import ast
import builtins
import subprocess
import sys

import mpmath
import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from table_cases import CASES, INTERNAL, OUTSIDE, p, x, y, z

import symgeo as sg
from symgeo.codegen import Kernel, evaluate, lambdify, module_source, source
from symgeo.codegen.numeric_node import NumericNode
from symgeo.codegen.special_functions import TABLE
from symgeo.errors import ArgumentError, MissingDependencyError, ShapeError, UnsupportedFunctionError

torch = pytest.importorskip("torch")
from symgeo.codegen.torch import plain_function  # noqa: E402  after the library is known to be there

# PyTorch's own forward-mode rules are made by torch.jit, of which it warns itself.
pytestmark = [
    pytest.mark.filterwarnings("error"),
    pytest.mark.filterwarnings("ignore:.*torch.jit.script.*:DeprecationWarning"),
]

k, r = sp.symbols("k r", positive=True)
METRIC = sp.Matrix([[sp.polygamma(1, k), -1 / r], [-1 / r, k / r**2]])
ROWS = {**CASES, **INTERNAL}
TOLERANCE = 1e-12
# Where mpmath takes seconds; NumPy's values, which are held against it elsewhere, serve instead.
SLOW = {"lerchphi"}


def double(values, **options):
    return torch.tensor(values, dtype=torch.float64, **options)


def plain(expr, symbols):
    """The function by PyTorch's own operations."""
    return plain_function(Kernel.of(expr, symbols))


def checked(expr, symbols):
    """The one that is delivered, whose digits are looked after."""
    return lambdify(expr, symbols, backend="torch")


either = pytest.mark.parametrize("made", [plain, checked])


def thinned(points, most):
    """At most so many of the points, spread over all of them."""
    return points[:: -(-len(points) // most)]


def cases(name, most):
    """The expressions of a row, their symbols and points."""
    for expr, *axes in ROWS[name]:
        expr = expr.xreplace({sp.Symbol("w"): sp.Float(0.5)})
        symbols = (p,) if p in expr.free_symbols else (x, y, z)[: len(axes)]
        grid = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, len(axes))
        yield expr, symbols, thinned(grid, most)


def test_every_row_that_is_not_lowered_is_spelled():
    lowered = {row.name for row in TABLE.values() if row.lower and "numpy" not in row.spelling}
    assert {row.name for row in TABLE.values() if "torch" not in row.spelling} == lowered


@pytest.mark.parametrize("name", ROWS)
def test_row(name):
    for expr, symbols, points in cases(name, 60):
        values = plain(expr, symbols)(double(points))
        np.testing.assert_allclose(values, lambdify(expr, symbols)(points), rtol=2 * TOLERANCE, atol=1e-300)
        if name in SLOW:
            continue
        for value, point in thinned(list(zip(values.tolist(), points, strict=True)), 3):
            expected = evaluate(expr, dict(zip(symbols, point, strict=True)))
            assert abs(value - expected) <= TOLERANCE * abs(expected), (expr, point, value, expected)


def reference_slope(expr, at, symbol):
    """The derivative by a difference over 1e-20 of values to 60 digits; nan where a value is not finite."""
    step = sp.Rational(1, 10**20)
    with mpmath.workdps(60):
        ahead, behind = (mpmath.mpf(evaluate(expr, {**at, symbol: at[symbol] + s}, 60)) for s in (step, -step))
        return (ahead - behind) * mpmath.mpf(10) ** 20 / 2


# Steps and corners, and the order of polygamma, which is a whole number.
NOT_DIFFERENTIATED = {"Heaviside", "KroneckerDelta", "floor", "ceiling", "sign", "lerchphi"}


@either
@pytest.mark.parametrize("name", [name for name in ROWS if name not in NOT_DIFFERENTIATED])
def test_gradient_of_row(name, made):
    for expr, symbols, points in cases(name, 2):
        theta = double(points, requires_grad=True)
        value = made(expr, symbols)(theta)
        value.sum().backward()
        for point, slopes, v in zip(points, theta.grad.tolist(), value.tolist(), strict=True):
            at = {s: sp.Rational(float(c)) for s, c in zip(symbols, point, strict=True)}
            for symbol, slope in zip(symbols, slopes, strict=True):
                if expr.has(sp.polygamma) and symbol in expr.atoms(sp.polygamma).pop().args[0].free_symbols:
                    assert np.isnan(slope)
                    continue
                expected = reference_slope(expr, at, symbol)
                if mpmath.isfinite(expected) and abs(expected) < 1e12:
                    assert abs(slope - expected) <= 1e-11 * abs(expected) + 1e-15 * abs(v), (expr, point, symbol)


@either
def test_gradient_of_lerch_phi(made):
    theta = double([0.5, 2.0, 1.5], requires_grad=True)
    made(sp.lerchphi(x, y, z), (x, y, z))(theta).backward()
    n = np.arange(80.0)
    terms = 0.5**n / (n + 1.5) ** 2
    expected = [np.sum(factor * terms) for factor in (n / 0.5, -np.log(n + 1.5), -2 / (n + 1.5))]
    np.testing.assert_allclose(theta.grad, expected, rtol=1e-12)


TWICE = [
    (sp.loggamma(x) + sp.log(sp.beta(x, y)), [2.5, 2.5]),
    (sp.polygamma(1, x) * sp.besseli(y, x), [2.5, 0.75]),
    (sp.besselk(y, x) + sp.besselj(y, x) * sp.bessely(0, x), [1.75, 0.6]),
    (sp.uppergamma(x, y) + sp.lowergamma(x, y), [1.5, 2.25]),
    (sp.lowergamma(x, 2) + sp.betainc(x, y, 0, sp.Rational(1, 3)), [1.5, 2.25]),
    (sp.hyper((x, 1.5), (2.5,), -y) + sp.hyper((x,), (y,), 1), [0.7, 1.2]),
    (sp.log(sp.erfc(x)) + sp.exp(y**2) * sp.erfc(y), [-3.0, 2.0]),
    (sp.LambertW(x) + sp.polylog(3, -y) + sp.Si(x) + sp.Ei(y), [1.5, 2.0]),
    (sp.elliptic_f(x, y) + sp.elliptic_k(y) + sp.zeta(x + 1) + sp.zeta(2, y), [0.9, 0.4]),
    (sp.airyai(x) * sp.airybi(y) + sp.fresnels(x) + sp.erfi(y), [0.5, -2.5]),
    (sp.Piecewise((sp.log(x) * y, x > 0), (sp.sqrt(1 - x) * y, True)), [-0.5, 2.0]),
]


@either
@pytest.mark.parametrize(("expr", "point"), TWICE)
def test_second_derivatives(expr, point, made):
    f = made(expr, (x, y))
    theta = double(point, requires_grad=True)
    assert torch.autograd.gradcheck(f, (theta,), fast_mode=True)
    assert torch.autograd.gradgradcheck(f, (theta,), fast_mode=True)


# Without the long sums, which take seconds here.
@either
@pytest.mark.parametrize(("expr", "point"), [case for case in TWICE if not case[0].has(sp.hyper, sp.bessely)])
def test_function_transforms(expr, point, made):
    f = made(expr, (x, y))
    points = double([point, [1.01 * c for c in point]])
    one_by_one = [torch.autograd.functional.jacobian(f, theta) for theta in points]
    torch.testing.assert_close(torch.func.vmap(f)(points), f(points), rtol=1e-13, atol=0)
    for transform in (torch.func.grad, torch.func.jacrev, torch.func.jacfwd):
        torch.testing.assert_close(
            torch.func.vmap(transform(f))(points), torch.stack(one_by_one), rtol=1e-10, atol=1e-13
        )
    twice = torch.func.jacfwd(torch.func.jacfwd(f))(points[0])
    torch.testing.assert_close(twice, torch.autograd.functional.hessian(f, points[0]), rtol=1e-9, atol=1e-12)
    hessian = torch.func.hessian(f)(points[0])
    torch.testing.assert_close(hessian, torch.autograd.functional.hessian(f, points[0]), rtol=1e-9, atol=1e-12)


@either
@pytest.mark.parametrize(("expr", "point"), OUTSIDE)
def test_outside_the_real_domain_is_nan(expr, point, made):
    function = made(expr, (x, y))
    assert function(double([point, 0.5])).isnan()
    assert function(double([[[point, 0.5]] * 3] * 2)).isnan().all()


@either
def test_the_branch_not_taken_leaves_no_trace_in_the_gradient(made):
    expr = sp.Piecewise((sp.sqrt(x) + 1 / x, x > 0), (sp.log(1 - x), x < 0), (x + 2, True))
    theta = double([[4.0], [-3.0], [0.0]], requires_grad=True)
    made(expr, (x,))(theta).sum().backward()
    assert theta.grad.tolist() == [[0.25 - 1 / 16], [-0.25], [1.0]]


def test_precision_and_device_are_those_of_theta():
    f = lambdify(METRIC * sp.Symbol("a"), (k, r), backend="torch")
    exact = lambdify(METRIC * sp.Symbol("a"), (k, r))([2, 3], a=0.1)
    for dtype, tolerance in ((torch.float64, 1e-15), (torch.float32, 1e-6)):
        value = f(torch.tensor([2, 3], dtype=dtype), a=0.1)
        assert value.dtype == dtype and value.shape == (2, 2)
        np.testing.assert_allclose(value, exact, rtol=tolerance)
    assert f([2, 3], a=1).dtype == torch.get_default_dtype()
    assert f(torch.ones(2, dtype=torch.int64), a=1).dtype == torch.get_default_dtype()
    assert f(double([2, 3]), a=torch.ones(4, 1, dtype=torch.float32)).shape == (4, 1, 2, 2)
    assert f(torch.empty(2, device="meta"), a=torch.empty((), device="meta")).device.type == "meta"


@pytest.mark.parametrize(
    "name", ["gamma", "polygamma", "besselk", "betainc", "uppergamma", "hyper", "expint", "Ei", "Si"]
)
def test_single_precision(name):
    for expr, symbols, points in cases(name, 8):
        f = lambdify(expr, symbols, backend="torch")
        theta = torch.tensor(points, dtype=torch.float32, requires_grad=True)
        value, expected = f(theta), f(theta.double())
        assert value.dtype == torch.float32
        torch.testing.assert_close(value, expected.float(), rtol=1e-5, atol=0)
        value.sum().backward()
        assert theta.grad.dtype == torch.float32


FAMILIES = ["gamma", "beta", "normal", "weibull", "negative_binomial"]
METRICS = {}


@pytest.mark.parametrize("name", FAMILIES)
@settings(max_examples=5, deadline=None)
@given(data=st.data())
def test_metrics_of_the_catalogue(name, data):
    if name not in METRICS:
        metric = getattr(sg.catalogue, name)().manifold.metric
        METRICS[name] = (metric, sg.lambdify(metric), sg.lambdify(metric, backend="torch"))
    metric, by_numpy, function = METRICS[name]
    point = [data.draw(st.floats(0.1, 0.9)) for _ in metric.coordinates]
    value = function(double(point))
    np.testing.assert_array_equal(value, by_numpy(point))
    at = dict(zip(metric.coordinates, point, strict=True))
    exact = [float(evaluate(e, at, 20)) for e in metric.flat()]
    np.testing.assert_allclose(value.ravel(), exact, rtol=1e-13, atol=0)
    np.testing.assert_allclose(plain(metric, None)(double(point)).ravel(), exact, rtol=1e-11, atol=1e-14)
    jacobian = torch.func.jacrev(function)(double(point))
    slopes = [[float(evaluate(e.diff(s), at, 20)) for s in metric.coordinates] for e in metric.flat()]
    np.testing.assert_allclose(jacobian.reshape(-1, len(point)), slopes, rtol=1e-12, atol=0)


@either
def test_outside_the_domain_of_the_chart_is_nan(made):
    function = made(sg.catalogue.gamma().manifold.metric, None)
    theta = double([[2.0, 3.0], [-2.0, 3.0], [float("inf"), 1.0]], requires_grad=True)
    value = function(theta)
    assert value[0].isfinite().all() and value[1:].isnan().all()
    value[0].sum().backward()
    assert theta.grad[0].isfinite().all()


@either
def test_a_constant_has_the_derivative_zero(made):
    theta = double([[2.0, 3.0]], requires_grad=True)
    for obj in (sp.Integer(-1), sp.eye(2), sp.Heaviside(k - r)):
        (gradient,) = torch.autograd.grad(made(obj, (k, r))(theta).sum(), theta)
        assert gradient.tolist() == [[0.0, 0.0]]


@either
def test_the_result_has_memory_of_its_own(made):
    theta = double([[2.0, 3.0], [4.0, 5.0]])
    made(k, (k, r))(theta).zero_()
    assert theta.tolist() == [[2.0, 3.0], [4.0, 5.0]]


def test_refusals(monkeypatch):
    f = lambdify(METRIC * sp.Symbol("a"), (k, r), backend="torch")
    with pytest.raises(ShapeError, match="theta must have shape"):
        f(double([1.0, 2.0, 3.0]), a=1)
    with pytest.raises(ShapeError, match="do not broadcast"):
        f(torch.ones(2, 2), a=torch.ones(3))
    with pytest.raises(ArgumentError, match="missing a"):
        f(double([1.0, 2.0]))
    with pytest.raises(ArgumentError, match="complex"):
        f(double([1.0, 2.0]), a=1j)
    with pytest.raises(ArgumentError, match="theta must be"):
        f("no", a=1)
    with pytest.raises(UnsupportedFunctionError, match="hyper"):
        lambdify(sp.hyper((1, 2, 3), (4,), k), (k,), backend="torch")

    class Node(NumericNode):
        pass

    for function in (lambda e: lambdify(e, (k,), backend="torch"), lambda e: source(e, (k,), language="torch")):
        with pytest.raises(UnsupportedFunctionError, match="no closed form"):
            function(Node(k) + 1)

    importing = builtins.__import__

    def without_torch(name, *args, **options):
        if name == "torch":
            raise ImportError(name)
        return importing(name, *args, **options)

    monkeypatch.setattr(builtins, "__import__", without_torch)
    with pytest.raises(MissingDependencyError, match=r"pip install 'symgeo\[torch\]'"):
        lambdify(METRIC, (k, r), backend="torch")


MODULE = {
    "metric": METRIC,
    "cubic": sp.Array([[[sp.polygamma(2, k) * sp.Symbol("\\alpha_0"), 0], [0, k**3 / (3 * r**4)]]] * 2),
    "helpers": [
        sp.log(sp.binomial(k + 4, r)) + sp.uppergamma(k, r) + sp.gamma(sp.Rational(1, 3)),
        sp.log(sp.beta(k, r)) + sp.LambertW(r) + sp.Ci(k) + sp.Max(k, 2) + sp.besselk(k, r) + sp.lerchphi(r / 9, 1, k),
        sp.Piecewise((sp.exp(k), k < r), (sp.sqrt(k) / 3, sp.Eq(k, 2)), (sp.zeta(k + 1), True)),
    ],
    "constants": [sp.Piecewise((1, k < r), (sp.Rational(1, 3), True)), sp.EulerGamma + sp.sqrt(2), 2**k, sp.pi],
}


def test_a_module_stands_alone():
    text = module_source(MODULE, (k, r), language="torch")
    assert "import math\n\nimport torch\n" in text and "symgeo." not in text and "numpy" not in text
    theta = [[[2.25, 1.5], [1.25, 3.0]]]
    script = (
        "import sys\nexec(compile(sys.stdin.read(), 'module', 'exec'))\n"
        f"theta = torch.tensor({theta}, dtype=torch.float64, requires_grad=True)\n"
        "values = [metric(theta), cubic(theta, alpha_0=[1.5, -2]), helpers(theta), constants(theta)]\n"
        "sum(v.sum() for v in values).backward()\n"
        "assert theta.grad.isfinite().all()\n"
        "print([v.tolist() for v in values])"
    )
    command = [sys.executable, "-I", "-W", "error", "-c", script]
    done = subprocess.run(command, input=text, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    extras = {"cubic": {"alpha_0": [1.5, -2]}}
    expected = [lambdify(obj, (k, r))(theta, **extras.get(name, {})) for name, obj in MODULE.items()]
    for value, wanted in zip(ast.literal_eval(done.stdout), expected, strict=True):
        np.testing.assert_allclose(value, wanted, rtol=1e-12)


def test_source_is_that_of_lambdify():
    assert lambdify(METRIC, (k, r), backend="torch").source == source(METRIC, (k, r), language="torch")
    assert "shape (..., 2, 2)" in source(METRIC, (k, r), language="torch")


def test_ruff_finds_nothing_to_change(tmp_path):
    ruff = pytest.importorskip("ruff.__main__").find_ruff_bin()
    file = tmp_path / "generated.py"
    everything = {name: [expr for expr, *_ in rows] for name, rows in ROWS.items()}
    file.write_text(
        module_source({**MODULE, **everything}, (x, y, z, p, k, r, sp.Symbol("w")), language="torch"), encoding="utf-8"
    )
    for command in (["format", "--diff"], ["check", "--select", "E,F,W,I,B,UP"]):
        run = [ruff, *command, "--isolated", "--line-length", "110", str(file)]
        done = subprocess.run(run, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
