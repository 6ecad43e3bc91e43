"""lambdify: shapes, broadcasting, keyword arguments, errors."""

from __future__ import annotations

import inspect
import math

import numpy as np
import pytest
import sympy as sp

from symgeo.codegen import Kernel, evaluate, lambdify
from symgeo.codegen.numpy import LARGEST_BLOCK as BLOCK
from symgeo.errors import (
    ArgumentError,
    ParameterListError,
    ShapeError,
    UnknownBackendError,
    UnsupportedFunctionError,
)

k, r = sp.symbols("k r", positive=True)
alpha, dose = sp.symbols("alpha dose", real=True)
METRIC = sp.Matrix([[sp.polygamma(1, k), -1 / r], [-1 / r, k / r**2]])


class Array:
    """The least that a tensor has."""

    name = "metric"
    coordinates = (k, r)
    shape = (2, 2)

    def flat(self):
        return iter(METRIC)


def expected_metric(theta):
    values = [float(evaluate(e, {k: theta[0], r: theta[1]}, 20)) for e in METRIC]
    return np.array(values).reshape(2, 2)


@pytest.mark.parametrize("leading", [(), (7,), (2, 3), (1,), (0,), (2, 0, 3)])
@pytest.mark.parametrize("obj", [Array(), METRIC, METRIC.tolist(), sp.Array(METRIC), sp.ImmutableMatrix(METRIC)])
def test_leading_axes(obj, leading):
    theta = np.random.default_rng(1).uniform(0.5, 3, (*leading, 2))
    values = lambdify(obj, (k, r))(theta)
    assert values.shape == (*leading, 2, 2)
    assert values.dtype == np.float64
    for index in np.ndindex(leading):
        np.testing.assert_allclose(values[index], expected_metric(theta[index]), rtol=1e-13)


def test_an_object_brings_its_coordinates_and_its_name():
    f = lambdify(Array())
    assert f.__name__ == "metric"
    assert "(..., 2), the coordinates (k, r)" in f.__doc__
    assert "(..., 2, 2)" in f.__doc__
    np.testing.assert_allclose(f([2, 3]), expected_metric((2, 3)))
    np.testing.assert_allclose(lambdify(Array(), (r, k))([3, 2]), expected_metric((2, 3)))


def test_scalar_expression():
    f = lambdify(k * sp.log(r), (k, r))
    assert f([2, math.e]).shape == ()
    assert isinstance(f([2, math.e]), float)
    assert f(np.ones((4, 5, 2))).shape == (4, 5)
    assert lambdify(sp.Integer(3), (k,))([[1], [2]]).tolist() == [3, 3]
    assert lambdify(3, (k,))([1.0]) == 3


def test_ranks_and_one_coordinate():
    three = sp.Array([[[k, 0], [0, 1]], [[k**2, 0], [sp.pi, -k]]])
    np.testing.assert_allclose(lambdify(three, k)([2.0]), [[[2, 0], [0, 1]], [[4, 0], [math.pi, -2]]])
    assert lambdify([], (k,))(np.ones((3, 1))).shape == (3, 0)
    assert lambdify(sp.zeros(2, 2), (k,))(np.ones((3, 1))).tolist() == np.zeros((3, 2, 2)).tolist()


def test_extras_are_required_keywords_that_broadcast():
    f = lambdify([alpha * k, dose - r], (k, r))
    assert list(inspect.signature(f).parameters) == ["theta", "alpha", "dose"]
    theta = np.arange(1.0, 15.0).reshape(7, 2)
    values = f(theta, alpha=np.arange(7), dose=1.5)
    np.testing.assert_allclose(values, np.stack([np.arange(7) * theta[:, 0], 1.5 - theta[:, 1]], -1))
    assert f([1, 2], alpha=np.ones((3, 1)), dose=np.ones(4)).shape == (3, 4, 2)
    assert f(theta, alpha=np.ones((5, 1)), dose=0).shape == (5, 7, 2)


@pytest.mark.parametrize("name", ["theta", "lambda", "\\sigma", "out", "np", "self", "x'", "leading", "f", "point"])
def test_extras_of_any_name(name):
    symbol = sp.Symbol(name)
    f = lambdify([k * symbol, symbol - 1], (k,))
    (keyword,) = list(inspect.signature(f).parameters)[1:]
    assert keyword.isidentifier()
    np.testing.assert_allclose(f([3.0], **{keyword: 5}), [15, 4])
    np.testing.assert_allclose(f([3.0], **{name: 5}), [15, 4])
    with pytest.raises(ArgumentError):
        f([3.0], **{name: 5, "other": 1})


def test_names_that_have_to_move_do_not_take_the_place_of_others():
    names = ["out", "out_", "lambda", "lambda_", "\\sigma", "sigma", "np", "np_"]
    symbols = sp.symbols(names)
    f = lambdify(symbols, (k,))
    np.testing.assert_array_equal(f([0.0], **{name: i for i, name in enumerate(names)}), range(8))
    assert len(set(inspect.signature(f).parameters)) == 9


def test_keywords_follow_the_symbols():
    symbols = sp.symbols("alpha x_1 lambda dose")
    f = lambdify(sum(symbols), (k,))
    assert list(inspect.signature(f).parameters)[1:] == ["alpha", "dose", "lambda_", "x_1"]


def test_wrong_extras_name_the_missing_and_the_unknown():
    f = lambdify(alpha * k + dose, (k, r))
    with pytest.raises(TypeError, match="missing dose; unknown beta"):
        f([1, 2], alpha=1, beta=2)
    with pytest.raises(ArgumentError, match=r"missing alpha, dose \(it takes alpha, dose besides theta\)"):
        f([1, 2])
    with pytest.raises(ArgumentError, match=r"unknown alpha \(it takes none"):
        lambdify(k, (k, r))([1, 2], alpha=0)


@pytest.mark.parametrize("theta", [1.0, [1, 2, 3], np.ones((2, 4)), np.ones(0), [[1], [2]]])
def test_wrong_last_axis(theta):
    with pytest.raises(ShapeError, match=r"\(\.\.\., 2\), the coordinates \(k, r\)") as caught:
        lambdify(Array())(theta)
    assert isinstance(caught.value, ValueError)


def test_leading_axes_that_do_not_fit():
    with pytest.raises(ShapeError, match=r"alpha \(4,\)"):
        lambdify(alpha * k, (k, r))(np.ones((3, 2)), alpha=np.ones(4))


def test_arguments_that_are_not_real():
    f = lambdify(alpha * k, (k, r))
    with pytest.raises(ArgumentError, match="theta must be an array of real numbers"):
        f([1j, 2], alpha=1)
    with pytest.raises(ArgumentError, match="alpha must be an array of real numbers"):
        f([1, 2], alpha="a")


def test_refusals():
    with pytest.raises(UnknownBackendError, match="'fortran'; choose one of numpy"):
        lambdify(k, (k,), backend="fortran")
    with pytest.raises(ParameterListError, match="does not know its coordinates"):
        lambdify(k**2)
    with pytest.raises(ParameterListError, match="repeated"):
        lambdify(k, (k, k))
    with pytest.raises(ParameterListError, match="must be SymPy symbols"):
        lambdify(k, ("k",))
    with pytest.raises(ParameterListError, match="two different symbols are called k"):
        lambdify(k + sp.Symbol("k"), (k,))
    with pytest.raises(ShapeError, match="ragged"):
        lambdify([[k, r], [k]], (k, r))
    short = Array()
    short.shape = (2, 3)
    with pytest.raises(ShapeError, match="4 components"):
        lambdify(short)
    with pytest.raises(UnsupportedFunctionError, match="Integral"):
        lambdify(sp.Integral(r, (r, 0, k)), (k, r))


def test_many_points_in_blocks_equal_few_points():
    f = lambdify([[k * alpha, sp.exp(-r)], [k / r, dose]], (k, r))
    rng = np.random.default_rng(2)
    theta = rng.uniform(0.5, 2, (3, BLOCK + 7, 2))
    weights = rng.uniform(size=(BLOCK + 7,))
    values = f(theta, alpha=weights, dose=2)
    assert values.shape == (3, BLOCK + 7, 2, 2)
    for i in (0, BLOCK, BLOCK + 6):
        np.testing.assert_array_equal(values[1, i], f(theta[1, i], alpha=weights[i], dose=2))
    wide = f(np.ones((1, 2)), alpha=rng.uniform(size=(2 * BLOCK + 1,)), dose=np.ones((2, 1)))
    assert wide.shape == (2, 2 * BLOCK + 1, 2, 2)


def test_the_argument_is_not_changed_and_not_shared():
    theta = np.array([[2.0, 3.0]])
    values = lambdify([k, r], (k, r))(theta)
    values[...] = 0
    assert theta.tolist() == [[2.0, 3.0]]


def test_components_outside_the_domain_are_nan():
    values = lambdify([sp.log(k), sp.sqrt(r), k], (k, r))([-1, -1])
    assert np.isnan(values[:2]).all()
    assert values[2] == -1


def test_kernel_is_a_frozen_description():
    kernel = Kernel.of(sp.Matrix([[k, alpha], [alpha, dose]]), (k,), "block", "A block.")
    assert kernel.coordinates == (k,)
    assert kernel.extras == (alpha, dose)
    assert kernel.shape == (2, 2)
    assert kernel.expressions == (k, alpha, alpha, dose)
    assert len(set(kernel.program().outputs)) == 3
    assert Kernel.of(kernel) == kernel
    assert Kernel.of(kernel, (k, alpha)).extras == (dose,)
    with pytest.raises(AttributeError):
        kernel.name = "other"
    f = lambdify(kernel)
    assert f.__name__ == "block"
    assert f.__doc__.startswith("A block.")
    assert f([1], alpha=2, dose=3).tolist() == [[1, 2], [2, 3]]
