"""numpy_function: shapes, types, names, precedence, refusals, the shared program."""

from __future__ import annotations

import math

import numpy as np
import pytest
import sympy as sp

from symgeo.codegen import evaluate, numpy_function
from symgeo.errors import ArgumentError, ParameterListError, UnknownSymbolError, UnsupportedFunctionError

x, y, z = sp.symbols("x y z", real=True)
k = sp.Symbol("k", positive=True)
n = sp.Symbol("n", integer=True, positive=True)


# Each has been misread by some printer: the text must mean the tree.
TRAPS = [
    -(x**2),
    (-x) ** 2,
    (-x) ** 3,
    x - (y - z),
    x - (y + z),
    x / (y * z),
    x / (y / z),
    x / y / z,
    (x / y) * z,
    -x / y,
    x / (-y),
    x ** (y**2),
    (k**y) ** z,
    sp.Pow(sp.Pow(k, y, evaluate=False), z, evaluate=False),
    2 ** (-x),
    k ** (-x),
    k**-2,
    1 / (x * y) ** 2,
    (x * y) ** sp.Rational(4),
    -((x + y) ** 2),
    (-(x**2)) * y,
    sp.Mul(x, sp.Mul(y, sp.Add(z, 1), evaluate=False), evaluate=False),
    sp.Add(x, -sp.Add(y, sp.Add(z, -1), evaluate=False), evaluate=False),
    sp.Mul(-1, sp.Add(x, y), evaluate=False) * z,
    sp.Pow(sp.Add(x, y), 0, evaluate=False) + x,
    sp.Rational(2, 3) * x / y,
    sp.Rational(-7, 8) * x,
    k ** sp.Rational(7, 2) / y,
    k ** sp.Rational(-5, 2) * y,
    k ** sp.Rational(-2, 7),
    k**0.5 * y**2.0,
    sp.exp(-(x**2) / 2) ** 2,
    x**11 * y**-13,
    x**97,
    sp.sqrt(sp.sqrt(k)),
    sp.Rational(10**40, 3) * x / sp.Integer(10) ** 38,
    sp.Integer(2) ** 70 * x,
    sp.Rational(-(10**400), 3 * 10**399) * x / y,
    sp.Rational(10**400 + 1, 3 * 10**399) - x,
    sp.Mul(sp.Float(0.7), sp.Float(0.3), sp.Rational(1, 3), x, sp.Integer(-2), evaluate=False),
    sp.Float("1e-300") * x * 10**290,
    sp.pi**x * sp.E**2,
    sp.pi ** sp.Rational(1, 3) * x,
    (sp.pi - 3) ** sp.Rational(5, 2) * x,
    sp.Piecewise((x, x < y), (z, True)) ** -1,
    2 / sp.Piecewise((3, x < y), (-2, True)),
    sp.Piecewise((2, x < y), (-3, True)) ** -3,
    -(sp.Abs(-x) ** 3),
    sp.Catalan + sp.GoldenRatio * x + sp.EulerGamma,
]


@pytest.mark.parametrize("expr", TRAPS, ids=str)
@pytest.mark.parametrize("point", [(0.75, 1.5, -2.25, 1.25), (-1.5, 0.5, 3.0, 0.3)])
def test_precedence(expr, point):
    value = numpy_function([expr], (x, y, z, k))(*point)[0]
    expected = evaluate(expr, dict(zip((x, y, z, k), point, strict=True)))
    if math.isnan(expected):
        assert np.isnan(value)
    else:
        assert abs(value - expected) <= 1e-13 * abs(expected)


def test_conditions():
    cases = {
        sp.And(x > 0, sp.Or(y < 1, sp.Eq(z, 2))): lambda a, b, c: a > 0 and (b < 1 or c == 2),
        sp.Not(sp.And(x > 0, y > 0)): lambda a, b, c: not (a > 0 and b > 0),
        sp.Xor(x > 0, y > 0, z > 0): lambda a, b, c: ((a > 0) + (b > 0) + (c > 0)) % 2 == 1,
        sp.Implies(x > 0, y >= 1): lambda a, b, c: not a > 0 or b >= 1,
        sp.Equivalent(x > 0, y <= 0): lambda a, b, c: (a > 0) == (b <= 0),
        sp.ITE(x > 0, y > 0, z > 0): lambda a, b, c: b > 0 if a > 0 else c > 0,
        sp.Ne(x + y, z): lambda a, b, c: a + b != c,
        sp.Contains(x, sp.Union(sp.Interval.Lopen(-1, 1), sp.Interval.open(2, sp.oo))): lambda a, b, c: (
            -1 < a <= 1 or a > 2
        ),
    }
    points = [(a, b, c) for a in (-1.0, 0.0, 1.0, 2.0) for b in (-1.0, 1.0, 2.0) for c in (-1.0, 0.0, 2.0)]
    for condition, meaning in cases.items():
        expr = sp.Piecewise((x + 10, condition), (-y, True))
        values = numpy_function([expr, condition], (x, y, z))(*np.array(points).T)
        for value, truth, point in zip(*values, points, strict=True):
            assert value == (point[0] + 10 if meaning(*point) else -point[1]), (condition, point)
            assert truth == float(meaning(*point))
            assert evaluate(condition, dict(zip((x, y, z), point, strict=True))) is bool(meaning(*point))


def test_piecewise_takes_the_first_condition_that_holds():
    expr = sp.Piecewise((1, x < 0), (2, x < 1), (x, x < 2), (y / x, x < 3))
    values = numpy_function([expr], (x, y))([-1, 0, 1.5, 2.5, 7], 5)[0]
    np.testing.assert_array_equal(values, [1, 2, 1.5, 2, np.nan])


def test_shapes_types_and_ownership():
    f = numpy_function([x * y, sp.Integer(3), x, x * y, sp.pi], (x, y))
    a = np.arange(6).reshape(3, 1, 2)
    results = f(a, np.array([[1], [2]], dtype=np.int8))
    for result in results:
        assert result.shape == (3, 2, 2)
        assert result.dtype == np.float64
        result[...] = -1.0  # writable, and no two share memory
    assert [float(r.max()) for r in results] == [-1.0] * 5
    assert a.max() == 5
    scalars = f(2, 3.5)
    assert [s.shape for s in scalars] == [()] * 5
    assert [float(s) for s in scalars] == [7, 3, 2, 7, math.pi]
    given = np.ones(4)
    identity = numpy_function([x], (x,))(given)[0]
    identity[0] = 9
    assert given[0] == 1
    assert [r.shape for r in f(np.empty((0, 2)), 1)] == [(0, 2)] * 5


def test_empty_lists():
    assert numpy_function([], (x,))(1.0) == []
    (constant,) = numpy_function([sp.sqrt(2)], ())()
    assert constant.shape == ()
    assert constant == math.sqrt(2)


def test_integer_arrays_divide_and_take_negative_powers():
    values = numpy_function([1 / x, x**-3, 2**-x], (x,))(np.array([2, 4]))
    np.testing.assert_array_equal(values, [[0.5, 0.25], [0.125, 1 / 64], [0.25, 0.0625]])


def test_poles_and_overflow_do_not_warn_or_raise():
    expressions = [1 / x, sp.log(x), sp.exp(1000 * (x + 1)), sp.gamma(x), 1 / (sp.pi - 3) / x, x / x**2]
    values = [float(v) for v in numpy_function(expressions, (x,))(0.0)]
    assert values[:5] == [math.inf, -math.inf, math.inf, math.inf, math.inf]
    huge = sp.Float("1e200") * sp.pi
    assert numpy_function([sp.Pow(huge, 2, evaluate=False), sp.oo + 0 * x, sp.nan], ())()[0] == math.inf


def test_common_subexpressions_are_computed_once_over_all_outputs():
    g = sp.gamma(x * y) / (1 + x * y)
    source = numpy_function([g, g**2, -g, sp.log(1 + x * y), x**2, x**4], (x, y)).source
    assert source.count("special.gamma") == 1
    assert source.count("x * y") == 1
    assert source.count("x**2") == 1


def test_a_sum_and_its_negative_share_one_node():
    source = numpy_function([sp.exp(x - y), sp.sin(y - x)], (x, y)).source
    assert source.count("x - y") + source.count("y - x") == 1


def test_small_powers_are_products():
    source = numpy_function([x**3 + x**-5 + k ** sp.Rational(3, 2)], (x, k)).source
    assert "**3" not in source
    assert "**5" not in source
    assert "1.5" not in source
    assert "np.sqrt(k)" in source


def test_deep_and_wide_expressions():
    deep = x
    for i in range(120):
        deep = sp.cos(deep + i)
    wide = sp.Add(*(sp.sin(i * x) for i in range(500)))
    values = numpy_function([deep, wide], (x,))(0.3)
    expected = 0.3
    for i in range(120):
        expected = math.cos(expected + i)
    assert values[0] == pytest.approx(expected, rel=1e-9)
    assert values[1] == pytest.approx(sum(math.sin(i * 0.3) for i in range(500)))


def test_cost_follows_the_graph_not_the_tree():
    expr = x
    for _ in range(40):  # as a tree this has 2**40 leaves
        expr = sp.Add(sp.sin(expr, evaluate=False), sp.cos(expr, evaluate=False), evaluate=False)
    f = numpy_function([expr, sp.exp(expr, evaluate=False)], (x,))
    assert f.source.count("np.sin") == 40
    value = 0.3
    for _ in range(40):
        value = math.sin(value) + math.cos(value)
    assert f(0.3)[0] == pytest.approx(value, rel=1e-12)


HOSTILE = [
    "lambda", "import", "x_1", "\\sigma", "\\hat{x}_{1}", "θ", "ϕ", "np", "special", "out", "t0", "t1",
    "None", "e", "__debug__", "", " ", "a b", "a-b", "1x", "x'", "x\"", "x\n", "_gamma", "_trigamma",
    "function", "leading", "self", "'; import os #", "x²", "😀", "float", "print", "match", "class", "f(x)",
    "pi", "\\", "theta", "str",
]  # fmt: skip


def test_hostile_names():
    symbols = [sp.Symbol(name) for name in HOSTILE]
    symbols += [sp.Symbol("x_1", real=True), sp.Dummy("x_1"), sp.Dummy("x_1")]
    expr = sp.Add(*(i * s**2 for i, s in enumerate(symbols, 1))) + sp.polygamma(1, symbols[0]) * sp.exp(symbols[1])
    shared = sp.sin(expr) + sp.cos(expr)
    points = [1 + i / 7 for i in range(len(symbols))]
    value = numpy_function([shared, expr], symbols)(*points)[1]
    assert value == pytest.approx(float(evaluate(expr, dict(zip(symbols, points, strict=True)))), rel=1e-13)


class gamma(sp.Function):
    """A function of the user's own with the name of another."""


@pytest.mark.parametrize(
    ("expr", "named"),
    [
        (sp.Derivative(sp.Function("f")(x), x), "Derivative"),
        (sp.Integral(sp.exp(x * y), (x, 0, 1)), "Integral"),
        (sp.Sum(x**n, (n, 0, sp.oo)), "Sum"),
        (sp.Product(x + n, (n, 0, y)), "Product"),
        (sp.Function("gamma")(x), "gamma"),
        (gamma(x), "gamma"),
        (sp.I * x, "ImaginaryUnit"),
        (sp.exp(sp.I * x), "ImaginaryUnit"),
        (sp.hyper((x, y, 1), (2, 3), z), "hyper"),
        (sp.meijerg([1], [2], [3], [4], x), "meijerg"),
        (sp.DiracDelta(x), "DiracDelta"),
        (sp.LambertW(x, y), "LambertW"),
        (sp.uppergamma(sp.Rational(-1, 3), x), "uppergamma"),
        (sp.Subs(sp.Derivative(sp.Function("f")(y), y), y, x), "Subs"),
        (sp.AccumBounds(0, 1), "AccumulationBounds"),
        (sp.MatrixSymbol("A", 2, 2)[0, 0], "MatrixElement"),
    ],
)
def test_refused_functions_are_named_with_a_remedy(expr, named):
    with pytest.raises(UnsupportedFunctionError, match=named) as caught:
        numpy_function([1 + expr], (x, y, z))
    assert ": " in str(caught.value)


def test_refused_arguments():
    with pytest.raises(UnknownSymbolError, match="z has no value"):
        numpy_function([x + z], (x, y))
    with pytest.raises(UnknownSymbolError, match="assumptions"):
        numpy_function([sp.Symbol("x") + 1], (x,))
    with pytest.raises(ParameterListError, match="repeated"):
        numpy_function([x], (x, x))
    f = numpy_function([x + y], (x, y))
    with pytest.raises(ArgumentError, match=r"expected 2 arguments \(x, y\), got 1"):
        f(1)
    with pytest.raises(ArgumentError, match="real numbers"):
        f(1j, 2)
    with pytest.raises(ArgumentError, match="real numbers"):
        f("one", 2)
    with pytest.raises(sp.SympifyError):
        numpy_function(["x + y"], (x, y))


def test_any_leaf_can_be_an_argument():
    point = sp.IndexedBase("a")[1]
    value = numpy_function([point**2 + sp.Function("g")(x)], (point, sp.Function("g")(x)))(3, 4)[0]
    assert value == 13


def test_accepts_sympy_and_python_numbers_as_expressions():
    assert [float(v) for v in numpy_function([1, 2.5, sp.Rational(1, 4)], (x,))(0)] == [1, 2.5, 0.25]
