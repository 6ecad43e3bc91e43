"""Digits of generated PyTorch functions and of their derivatives, at points where doubles do and where they do not."""

from __future__ import annotations

import functools
import warnings

import numpy as np
import pytest
import sympy as sp
from accuracy_cases import BEYOND, FAMILIES, SUMS, TOLERANCE, a, b, drawn, error, expressions, points, psi, sizes, x, y
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import symgeo as sg
from symgeo.codegen import Kernel, evaluate, lambdify
from symgeo.codegen.derivatives import derivative

torch = pytest.importorskip("torch")
from symgeo.codegen.torch import plain_function  # noqa: E402  after the library is known to be there

pytestmark = [
    pytest.mark.filterwarnings("error"),
    pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning"),
]
# Cancels where its argument is large; so do all its derivatives.
LEFT = a * psi(1, a) - 1 - 1 / (2 * a)
LARGE = 3e7


def double(values, **options):
    return torch.tensor(values, dtype=torch.float64, **options)


@functools.cache
def tensors(name: str):
    manifold = sg.catalogue.get(name).manifold
    kinds = (manifold.metric, manifold.connection(0).christoffel)
    return manifold.coordinates, [(t, lambdify(t, backend="torch")) for t in kinds]


@pytest.mark.parametrize("name", FAMILIES)
@settings(max_examples=2, deadline=None, derandomize=True)
@given(data=st.data())
def test_families_from_end_to_end(name, data):
    coordinates, functions = tensors(name)
    point = drawn(lambda label: data.draw(sizes, label), name)
    at = dict(zip(coordinates, point, strict=True))
    assume(all(float(c.subs(at)) > 0 for c in functions[0][0].conditions))
    for tensor, function in functions:
        values = function(double(point)).ravel().tolist()
        for expr, value in dict(zip(tensor.flat(), values, strict=True)).items():
            assert error(value, expr, at, 0.0) < TOLERANCE, (point, expr)
    metric, function = functions[0]
    slopes = torch.func.jacrev(function)(double(point)).reshape(-1, len(point))
    for expr, row in dict(zip(metric.flat(), slopes.tolist(), strict=True)).items():
        for symbol, slope in zip(coordinates, row, strict=True):
            assert error(slope, expr.diff(symbol), at, 0.0) < TOLERANCE, (point, expr, symbol)


@pytest.mark.parametrize(("expr", "point"), [*SUMS, *BEYOND], ids=str)
def test_points_where_doubles_do_not_do(expr, point):
    at = dict(zip((a, b), point, strict=True))
    assert error(lambdify(expr, (a, b), backend="torch")(double(point)).item(), expr, at) < 1e-13


# Not the limit of a slope at a step, and not the double that the kinks are at.
SMOOTH = [case for case in [*SUMS, *BEYOND] if not case[0].has(sp.floor, sp.sign, sp.Abs, sp.hyper)]


@pytest.mark.parametrize(("expr", "point"), SMOOTH, ids=str)
def test_slopes_where_doubles_do_not_do(expr, point):
    at = dict(zip((a, b), point, strict=True))
    theta = double(point, requires_grad=True)
    (found,) = torch.autograd.grad(lambdify(expr, (a, b), backend="torch")(theta), theta)
    for symbol, slope in zip((a, b), found.tolist(), strict=True):
        assert error(slope, expr.diff(symbol), at) < TOLERANCE, symbol


def test_the_plain_function_loses_them():
    theta = double([LARGE], requires_grad=True)
    value = plain_function(Kernel.of(LEFT, (a,)))(theta)
    value.backward()
    assert not error(value.item(), LEFT, {a: LARGE}) < 1e-3
    assert not error(theta.grad.item(), LEFT.diff(a), {a: LARGE}) < 1e-3


@settings(max_examples=25, deadline=None)
@given(expressions, points)
def test_random_expressions(expr, point):
    at = dict(zip((a, b, x, y), point, strict=True))
    theta = double(point, requires_grad=True)
    value = lambdify(expr, (a, b, x, y), backend="torch")(theta)
    np.testing.assert_equal(value.item(), float(sg.lambdify(expr, (a, b, x, y))(point)))
    kernel = derivative(Kernel.of(expr, (a, b, x, y)), 0)
    assume(kernel is not None and value.isfinite())
    value.backward()
    np.testing.assert_equal(theta.grad.tolist(), sg.lambdify(kernel.expressions, (a, b, x, y))(point))
    assert evaluate(expr, at, 20) is not None


@pytest.mark.parametrize(
    "derived",
    [
        lambda f, t: torch.func.grad(f)(t),
        lambda f, t: torch.func.jacfwd(f)(t),
        lambda f, t: torch.func.vmap(torch.func.grad(f))(t[None])[0],
        lambda f, t: torch.func.jvp(f, (t,), (torch.ones_like(t),))[1],
        lambda f, t: torch.autograd.functional.jacobian(f, t, vectorize=True),
        lambda f, t: torch.autograd.functional.jacobian(f, t, vectorize=True, strategy="forward-mode"),
    ],
)
def test_first_derivatives_by_every_way(derived):
    found = derived(lambdify(LEFT, (a,), backend="torch"), double([LARGE]))
    assert error(found.item(), LEFT.diff(a), {a: LARGE}) < 1e-13


@pytest.mark.parametrize(
    "derived",
    [
        torch.func.hessian,
        lambda f: torch.func.jacrev(torch.func.jacrev(f)),
        lambda f: torch.func.jacfwd(torch.func.jacfwd(f)),
        lambda f: lambda t: torch.autograd.functional.hessian(f, t),
    ],
)
def test_second_derivatives_by_every_way(derived):
    found = derived(lambdify(LEFT, (a,), backend="torch"))(double([LARGE]))
    assert error(found.item(), LEFT.diff(a, 2), {a: LARGE}) < 1e-13


u, v = sp.symbols("u v", real=True)
BESIDE = [(a * psi(1, a) - 1) * u, sp.exp(-((u - v) ** 2) / b), u]  # of (a, b), and of u and v beside them


@pytest.fixture(scope="module")
def beside():
    return lambdify(BESIDE, (a, b), backend="torch")


def test_derivatives_of_every_order_and_kind(beside):
    inputs = [double(p, requires_grad=True) for p in ([[2.0, 3.0], [1.5, 0.5]], [0.5, -1.0], 0.25)]
    f = lambda theta, one, other: beside(theta, u=one, v=other)  # noqa: E731
    assert torch.autograd.gradcheck(f, inputs, check_forward_ad=True, check_batched_grad=True)
    assert torch.autograd.gradgradcheck(f, inputs, check_fwd_over_rev=True, check_batched_grad=True)


def test_axes_that_broadcast(beside):
    theta = double(np.random.default_rng(0).uniform(1, 2, (4, 1, 2)), requires_grad=True)
    one = double([0.5, -1.0, 2.0], requires_grad=True)
    value = beside(theta, u=one, v=0.25)
    assert value.shape == (4, 3, 3)
    value.square().sum().backward()
    assert theta.grad.shape == (4, 1, 2) and one.grad.shape == (3,)
    step = 1e-6
    for grid, which in ((theta, 0), (one, 1)):
        moved = [double(t.tolist()) for t in (theta, one)]
        place = (2, 0, 1)[: grid.dim()]
        ends = []
        for sign in (1, -1):
            moved[which] = grid.detach().clone()
            moved[which][place] += sign * step
            ends.append(beside(moved[0], u=moved[1], v=0.25).square().sum())
        assert grid.grad[place].item() == pytest.approx((ends[0] - ends[1]).item() / (2 * step), rel=1e-7)


def test_vectorised_over_any_axis_and_any_argument(beside):
    rng = np.random.default_rng(1)
    theta, one = double(rng.uniform(1, 2, (2, 5, 3))), double(rng.uniform(1, 2, (3, 4)))
    found = torch.func.vmap(lambda t, w: beside(t, u=w, v=0.5), in_dims=(2, 0))(theta.permute(1, 0, 2), one[:, :1])
    for i in range(3):
        torch.testing.assert_close(found[i], beside(theta.permute(1, 0, 2)[..., i], u=one[i, :1], v=0.5))
    slopes = torch.func.vmap(torch.func.grad(lambda w: beside(theta[:, 0, 0], u=w, v=0.5).sum()))(one[0])
    for i in range(4):
        w = one[0, i].clone().requires_grad_()
        beside(theta[:, 0, 0], u=w, v=0.5).sum().backward()
        torch.testing.assert_close(slopes[i], w.grad)
    nested = torch.func.vmap(torch.func.vmap(lambda w: beside(theta[:, 0, 0], u=w, v=0.5)))(one)
    torch.testing.assert_close(nested, beside(theta[:, 0, 0], u=one, v=0.5))


def test_many_points_in_blocks():
    christoffel = sg.catalogue.beta().manifold.connection(0).christoffel
    function = lambdify(christoffel, backend="torch")
    theta = double(np.random.default_rng(2).uniform(0.5, 3.0, (9001, 2)), requires_grad=True)
    theta.data[17] = double([3e6, 1e-4])
    value = function(theta)
    weights = torch.linspace(0.5, 1.5, value.numel(), dtype=torch.float64).reshape(value.shape)
    value.backward(weights)
    slopes = lambdify(derivative(Kernel.of(christoffel), 0).expressions, christoffel.coordinates, backend="torch")
    jacobian = slopes(theta.detach()).reshape(9001, 8, 2)
    expected = torch.einsum("pcs,pc->ps", jacobian, weights.reshape(9001, 8))
    torch.testing.assert_close(theta.grad, expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(value.detach(), sg.lambdify(christoffel)(theta.detach().numpy()))


def test_no_points_and_no_components(beside):
    theta = torch.zeros(0, 2, dtype=torch.float64, requires_grad=True)
    value = beside(theta, u=1, v=2)
    assert value.shape == (0, 3)
    value.sum().backward()
    assert theta.grad.shape == (0, 2)


def test_what_no_digits_settle_is_nan():
    expr = sp.gamma(a + 1) * sp.besselk(0, a) - a * sp.gamma(a) * sp.besselk(0, a)
    assert lambdify(1 / expr, (a,), backend="torch")(double([1.5])).isnan()


def test_slopes_that_pytorch_has_to_find():
    step = sp.besselk(b, a) * sp.Heaviside(a - b)
    function = lambdify([step, LEFT], (a, b), backend="torch")
    inputs = double([2.5, 0.75], requires_grad=True)
    assert torch.autograd.gradcheck(function, inputs, check_forward_ad=True, check_batched_grad=True)
    assert torch.autograd.gradgradcheck(function, inputs, check_fwd_over_rev=True)
    twice = torch.func.jacfwd(torch.func.jacfwd(function))(inputs.detach())
    torch.testing.assert_close(twice, torch.func.jacrev(torch.func.jacrev(function))(inputs.detach()))


def test_slopes_that_pytorch_has_to_find_by_one_argument_only():
    function = lambdify(LEFT * sp.Heaviside(u), (a,), backend="torch")
    theta, one = double([LARGE], requires_grad=True), double(0.5, requires_grad=True)
    function(theta, u=one).backward()
    assert error(theta.grad.item(), LEFT.diff(a), {a: LARGE}) < 1e-13 and one.grad == 0


def test_tensors_that_remember_nothing(beside):
    theta = double([2.0, 3.0], requires_grad=True)
    with torch.no_grad():
        assert not beside(theta, u=1, v=2).requires_grad
    assert not beside(theta.detach(), u=1, v=2).requires_grad
    with torch.inference_mode():
        assert beside(double([2.0, 3.0]), u=1, v=2).is_inference()
    assert beside(torch.nn.Parameter(theta.detach()), u=1, v=2).requires_grad
    assert beside(theta.detach(), u=1, v=double(2.0, requires_grad=True)).requires_grad


def test_memory_in_any_order(beside):
    points_ = double(np.random.default_rng(3).uniform(1, 2, (2, 7)))
    expected = beside(points_.T.contiguous(), u=1, v=2)
    torch.testing.assert_close(beside(points_.T, u=1, v=2), expected, rtol=0, atol=0)
    negative = torch.complex(points_.T, -points_.T).conj().imag  # the minus is not carried out yet
    assert negative.is_neg()
    torch.testing.assert_close(beside(negative, u=1, v=2), expected, rtol=0, atol=0)


def test_numbers_beside_keep_their_digits(beside):
    theta = double([2.0, 3.0])
    for value in (123456789, [123456789], np.array([123456789]), torch.tensor(123456789)):
        assert beside(theta, u=value, v=0)[..., 2].item() == 123456789
    assert beside(theta, u=[0.1, 0.2], v=0)[..., 2].tolist() == [0.1, 0.2]
    assert beside(theta.float(), u=[0.1, 0.2], v=0).dtype == torch.float32


def test_what_is_not_double_precision_in_memory_is_plain():
    f, g = lambdify(LEFT, (a,), backend="torch"), plain_function(Kernel.of(LEFT, (a,)))
    single = torch.tensor([LARGE], dtype=torch.float32)
    assert f(single).equal(g(single)) and f(single).dtype == torch.float32

    class Own(torch.Tensor):
        pass

    own = double([LARGE]).as_subclass(Own)
    assert f(own).equal(g(own)) and type(f(own)) is Own
    assert f(torch.empty(3, 1, dtype=torch.float64, device="meta")).shape == (3,)


def test_what_is_recorded_is_plain():
    """A recording must hold operations, not the values of one call."""
    from torch.fx.experimental.proxy_tensor import make_fx

    metric = sg.catalogue.normal().manifold.metric
    f, at, elsewhere = lambdify(metric, backend="torch"), double([0.5, 2.0]), double([0.25, 3.0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a trace keeps the number of coordinates, and says so
        traced = torch.jit.trace(f, (at,))
    for recorded in (make_fx(f)(at), traced, torch.compile(f, backend="eager", fullgraph=True)):
        torch.testing.assert_close(recorded(elsewhere), f(elsewhere))
