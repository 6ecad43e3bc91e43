"""Digits of generated NumPy functions: against many digits, at points where doubles do and where they do not."""

from __future__ import annotations

import functools
import math

import numpy as np
import pytest
import sympy as sp
from accuracy_cases import (
    BEYOND,
    FAMILIES,
    SUMS,
    TOLERANCE,
    a,
    b,
    c,
    drawn,
    error,
    expressions,
    points,
    psi,
    sizes,
    x,
    y,
)
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import symgeo as sg
from symgeo.codegen import evaluate, plain_lambdify
from symgeo.codegen.doubt import Doubt, U, exactness
from symgeo.codegen.identifiers import Names
from symgeo.codegen.kernel import program
from symgeo.codegen.numpy import execute
from symgeo.codegen.numpy_printer import NumpyPrinter
from symgeo.codegen.numpy_source import NUMPY


@functools.cache
def tensors(name: str):
    manifold = sg.catalogue.get(name).manifold
    return manifold.coordinates, [(t, sg.lambdify(t)) for t in (manifold.metric, manifold.connection(0).christoffel)]


@pytest.mark.parametrize("name", FAMILIES)
@settings(max_examples=2, deadline=None, derandomize=True)
@given(data=st.data())
def test_families_from_end_to_end(name, data):
    coordinates, functions = tensors(name)
    point = drawn(lambda label: data.draw(sizes, label), name)
    at = dict(zip(coordinates, point, strict=True))
    assume(all(float(c.subs(at)) > 0 for c in functions[0][0].conditions))
    for tensor, function in functions:
        values = function(point).ravel()
        for expr, value in dict(zip(tensor.flat(), values, strict=True)).items():
            assert error(value, expr, at, 0.0) < TOLERANCE, (point, expr)


@pytest.mark.parametrize(("expr", "point"), SUMS, ids=str)
def test_points_where_doubles_do_not_do(expr, point):
    at = dict(zip((a, b), point, strict=True))
    assert error(sg.lambdify(expr, (a, b))(point), expr, at) < 1e-13
    plain = float(plain_lambdify(expr, (a, b))(point))
    assert not error(plain, expr, at) < TOLERANCE or expr.has(sp.floor, sp.Abs)


def test_one_bad_point_among_many():
    expr = [psi(1, a) - psi(1, a + b), a * b]
    function = sg.lambdify(expr, (a, b))
    theta = np.random.default_rng(0).uniform(0.5, 2.0, (3, 5001, 2))
    theta[1, 17] = theta[2, 5000] = 3e6, 1e-4
    values = function(theta)
    assert error(values[1, 17, 0], expr[0], {a: 3e6, b: 1e-4}) < 1e-14
    assert values[2, 5000, 0] == values[1, 17, 0]
    plain = plain_lambdify(expr, (a, b))(theta)
    good = np.ones((3, 5001), bool)
    good[1, 17] = good[2, 5000] = False
    np.testing.assert_allclose(values[good], plain[good], rtol=1e-13)


def test_blocks_with_underflow_are_looked_at_again():
    expr = [1 + sp.exp(-(a**2)), 2**900 * a**3, (a - b) * sp.exp(-a) * sp.exp(b)]
    function = sg.lambdify(expr, (a, b))
    theta = np.random.default_rng(1).uniform(0.5, 60.0, (300, 2))
    theta[7] = 1e-108, 2.0  # a**3 is subnormal
    theta[8] = 800.0, 790.0  # exp(-a) is zero, exp(b) is not finite
    theta[9] = 30.0, 30.0
    values = function(theta)
    assert np.isfinite(values).all() and values[9, 2] == 0.0
    for i in (0, 7, 8, 9, 100):
        for value, e in zip(values[i], expr, strict=True):
            assert error(value, e, dict(zip((a, b), theta[i], strict=True))) < TOLERANCE


def test_further_symbols_and_broadcasting():
    expr = psi(1, a) - psi(1, a + b)
    function = sg.lambdify(expr, (a,))
    values = function([[1e6], [2.0]], b=np.array([[1e-4, 1.0]]).T)
    for i, p in enumerate((1e6, 2.0)):
        for j, q in enumerate((1e-4, 1.0)):
            assert error(values[j, i], expr, {a: p, b: q}) < TOLERANCE
    assert error(function([1e6], b=1e-4), expr, {a: 1e6, b: 1e-4}) < TOLERANCE


def test_intermediate_numbers_beyond_the_range():
    for expr, point in BEYOND:
        at = dict(zip((a, b), point, strict=True))
        assert error(sg.lambdify(expr, (a, b))(point), expr, at) < 1e-14, expr


def test_ends_of_the_range():
    function = sg.lambdify(sp.exp(-(a**2)), (a,))
    assert function([30.0]) == 0.0 and function([1e200]) == 0.0
    assert function([26.7]) == float(evaluate(sp.exp(-(a**2)), {a: 26.7}, 50))  # subnormal
    assert sg.lambdify(sp.exp(a) * a, (a,))([1000.0]) == np.inf


def test_zeros():
    assert sg.lambdify(sp.sqrt(a**2 + 2 * a * b + b**2) - a - b, (a, b))([0.1, 0.7]) == 0.0
    assert sg.lambdify(sp.log(a) + sp.log(b) - sp.log(a * b), (a, b))([[0.1, 0.7], [3.0, 1e-5]]).tolist() == [0.0, 0.0]
    assert sg.lambdify(x * y - y * x**2 / 3, (x, y))([[0.0, 0.1], [3.0, 0.1]]).tolist() == [0.0, 0.0]
    assert sg.lambdify(x / sp.sqrt(b), (x, b))([[0.0, 1e-300], [-0.0, 2.0]]).tolist() == [0.0, 0.0]


def test_what_is_not_real_is_nan_and_poles_are_infinite():
    function = sg.lambdify([sp.log(x * y - 1), 1 / (x - y), sp.sqrt(x - y)], (x, y))
    values = function([[1.0, 0.5], [2.0, 2.0], [np.nan, 1.0], [np.inf, 1.0]])
    assert np.isnan(values[0, 0]) and values[0, 1] == 2.0
    assert values[1, 1] == np.inf and values[1, 2] == 0.0
    assert np.isnan(values[2]).all()
    assert values[3, 0] == np.inf


def test_outside_the_domain_is_nan_and_its_edge_is_told_apart():
    metric = sg.catalogue.get("categorical").manifold.metric  # 1 - p1 - p2 is positive inside
    function = sg.lambdify(metric)
    p, q = 1e-17, 1 - 2.0**-53  # 1 - p - q is exactly 1.1e-16 - 1e-17; in doubles 1 - p is 1
    r = 2.0**-53 + 2.0**-80  # 1 - r - q is a little less than zero, and zero in doubles
    values = function([[p, q], [r, q], [0.2, 0.3], [-0.1, 0.2]])
    at = dict(zip(metric.coordinates, (p, q), strict=True))
    assert error(values[0, 0, 1], metric[0, 1], at) < 1e-14
    assert np.isnan(values[1]).all() and np.isnan(values[3]).all() and np.isfinite(values[2]).all()


def test_precision_has_an_end_and_then_there_is_no_number():
    assert np.isnan(sg.lambdify(x + sp.sign(sp.cos(a**b)), (x, a, b))([0.1, 1e8, 1e8]))


def test_a_density_of_ones_own_in_a_mad_chart():
    t = sp.Symbol("t", positive=True)
    u, v = sp.symbols("u v", real=True)
    density = t ** (a + b - 1) * c ** (a + b) * sp.exp(-c * t) / sp.gamma(a + b)
    model = sg.StatisticalModel(density, t, (a, c), covariates=b)
    manifold = model.manifold.reparametrize({a: sp.exp(u) + sp.exp(2 * u), c: sp.exp(u - v)}, (u, v))
    for tensor in (manifold.metric, manifold.connection(0).christoffel):
        function = sg.lambdify(tensor)
        for point in ((-9.0, 3.0), (8.0, -5.0)):
            for size in (1e-4, 1e7):
                at = {u: point[0], v: point[1], b: size}
                for value, expr in zip(function(point, b=size).ravel(), tensor.flat(), strict=True):
                    assert error(value, expr, at) < TOLERANCE, (point, expr)


def test_generalised_gamma_far_out():
    """Digamma, whose series has a logarithm, beside other polygammas of the same quotient."""
    metric = sg.catalogue.get("generalised_gamma").manifold.metric
    point = (2.0, 30.0, 1.5)
    values = sg.lambdify(metric)(point)
    for i in range(3):
        assert error(values[i, 2], metric[i, 2], dict(zip(metric.coordinates, point, strict=True))) < TOLERANCE


def test_what_is_proven_costs_nothing():
    for expr, conditions in [
        (a * b / (a + b) + sp.sqrt(a) * psi(1, a + b), ()),
        ((1 + x) * (1 - x) * a**3 / 7, ()),
        (sp.exp(x) + sp.erf(a) / (1 + sp.tanh(x) ** 2), ()),
        (2 - x**2, (1 - x, 1 + x)),
        (sp.log(a) ** 2 + sp.Max(x, y) ** 2, ()),
    ]:
        compiled = program([expr, *conditions], sorted(expr.free_symbols, key=str))
        doubt = Doubt(compiled.graph, compiled.outputs[:1], compiled.outputs[1:])
        assert doubt.proven[compiled.outputs[0]] is not None, expr


def test_differences_of_squares_are_proven():
    christoffel = sg.catalogue.get("bivariate_normal").manifold.connection(0).christoffel
    function = sg.lambdify(christoffel)
    point = (0.0, 0.0, 2.0, 3.0, 1 - 1e-12)
    at = dict(zip(christoffel.coordinates, point, strict=True))
    for expr, value in dict(zip(christoffel.flat(), function(point).ravel(), strict=True)).items():
        assert error(value, expr, at) < 1e-14


def test_quotients_of_zeros_inside_the_domain_have_their_limits():
    metric = sg.catalogue.get("kumaraswamy").manifold.metric  # g_01 = -(b psi(b) - b + gamma b + 1)/(a b (b - 1))
    assert abs(sg.lambdify(metric)([1.0, 1.0])[0, 1] - float(1 - sp.pi**2 / 6)) < 1e-15
    assert np.isnan(sg.lambdify(x / sp.tan(x), (x,))([0.0]))  # a bare expression has no domain: as it is


def both(expr: sp.Expr, symbols: tuple[sp.Symbol, ...], everywhere: bool):
    """A function that gives the value in doubles, and the bound of its error in units of u."""
    compiled = program([expr], symbols)
    graph = compiled.graph
    doubt = Doubt(graph, compiled.outputs, (), everywhere)
    (output,) = compiled.outputs
    bound = doubt.error(output)
    outputs = (output, graph.number(0) if bound is None else bound)
    names = Names(["function", *NUMPY.names()])
    spelled = names.assign(symbols)
    printer = NumpyPrinter(graph, spelled)
    lines = [f"def function({', '.join(spelled.values())}):"]
    lines += [f"    {s.target} = {s.value.text}" for s in printer.statements(outputs, names) if s.target]
    lines.append(f"    return {', '.join(printer.texts[o].text for o in outputs)}")
    return execute("\n".join(lines) + "\n", "<test>")["function"]


@settings(max_examples=30, deadline=None, derandomize=True)
@given(expr=expressions, point=points, everywhere=st.booleans())
def test_the_bound_holds(expr, point, everywhere):
    symbols = (a, b, x, y)
    with np.errstate(all="ignore"):
        value, bound = (float(v) for v in both(expr, symbols, everywhere)(*map(np.float64, point)))
    expected = evaluate(expr, dict(zip(symbols, point, strict=True)), 40)
    if expected.context.isfinite(expected) and math.isfinite(value) and abs(value) > 1e-290:
        # Not a number is no bound, and says so; a bound is of first order, and means nothing where it is large.
        assert not (abs(value - expected) > 2 * U * bound and U * bound < 1e-3 * abs(value)), (value, expected, bound)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(expr=expressions, point=points)
def test_values_of_any_expression(expr, point):
    symbols = (a, b, x, y)
    value = float(sg.lambdify(expr, symbols)(point))
    expected = evaluate(expr, dict(zip(symbols, point, strict=True)), 50)
    if math.isfinite(value) and expected.context.isfinite(expected) and 1e-290 < abs(expected) < 1e290:
        assert abs(value - expected) <= TOLERANCE * abs(expected)


def test_a_bound_that_is_proven_asks_for_no_tests():
    compiled = program([a * b + a], (a, b))
    found = exactness(compiled.graph, compiled.outputs, ())
    assert found.sure is None and found.inside is None


def test_more_digits_than_there_are_do_not_make_infinity():
    x = sp.Symbol("x", real=True)
    f = sg.lambdify(sp.expand((1 + sp.erf(x)) ** 5 * (2 + sp.erf(x))) / sp.erfc(-x) ** 5, (x,))
    assert f([-28.0]) == pytest.approx(1.0, rel=1e-12)
    assert np.isnan(f([-60.0]))
    assert np.isinf(sg.lambdify(1 / x, (x,))([0.0]))
