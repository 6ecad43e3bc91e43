"""Digits of generated NumPy functions: against many digits, at points where doubles do and where they do not."""

from __future__ import annotations

import functools
import math

import numpy as np
import pytest
import sympy as sp
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

TOLERANCE = 1e-10
a, b, c = sp.symbols("a b c", positive=True)
x, y = sp.symbols("x y", real=True)
psi = sp.polygamma
sizes = st.floats(-4, 8).map(lambda e: 10.0**e)


def error(value: float, expr: sp.Expr, at: dict, limit: float = math.inf) -> float:
    """The relative error; 0 where nothing is expected of a double, ``limit`` for a value at a pole or 0/0."""
    expected = evaluate(expr, at, 50)
    if not expected.context.isfinite(expected):
        return limit if math.isfinite(value) else 0.0
    if expected == 0 or not 1e-300 < abs(expected) < 1e300:
        return 0.0
    return float(abs(float(value) - expected) / abs(expected)) if math.isfinite(value) else math.inf


FAMILIES = [
    *("gamma", "beta", "gamma_mean", "gumbel", "student", "inverse_gaussian", "categorical", "beta_prime", "nakagami"),
    *("negative_binomial", "yule_simon", "von_mises", "weibull", "truncated_exponential", "lomax"),
]


@functools.cache
def tensors(name: str):
    manifold = sg.catalogue.get(name).manifold
    return manifold.coordinates, [(t, sg.lambdify(t)) for t in (manifold.metric, manifold.connection(0).christoffel)]


def drawn(data, name: str) -> list[float]:
    """A point from 1e-4 to 1e8 above a finite end, or as near as 1e-4 to an end of an interval."""
    model = sg.catalogue.get(name)
    point = []
    for p in model.parameters:
        low, high, size = float(model.domain[p].inf), float(model.domain[p].sup), data.draw(sizes, str(p))
        if math.isfinite(low) and math.isfinite(high):
            point.append(high - (high - low) * size * 1e-8 / 2 if size > 1 else low + (high - low) * size / 2)
        else:
            point.append(low + size if math.isfinite(low) else size)
    return point


@pytest.mark.parametrize("name", FAMILIES)
@settings(max_examples=2, deadline=None, derandomize=True)
@given(data=st.data())
def test_families_from_end_to_end(name, data):
    coordinates, functions = tensors(name)
    point = drawn(data, name)
    at = dict(zip(coordinates, point, strict=True))
    assume(all(float(c.subs(at)) > 0 for c in functions[0][0].conditions))
    for tensor, function in functions:
        values = function(point).ravel()
        for expr, value in dict(zip(tensor.flat(), values, strict=True)).items():
            assert error(value, expr, at, 0.0) < TOLERANCE, (point, expr)


SUMS = [
    (psi(2, a) - psi(2, a + b), (1e7, 1e-3)),
    (psi(1, a) - psi(1, a + b), (1e8, 1e-4)),
    (psi(1, a) * psi(1, b) - psi(1, a + b) * (psi(1, a) + psi(1, b)), (2e7, 3e7)),
    (a * psi(1, a) - 1 - 1 / (2 * a), (1e8, 1.0)),
    (sp.log(1 + a) - a + a**2 / 2, (1e-4, 1.0)),
    (sp.exp(a) - 1 - a, (1e-4, 1.0)),
    (sp.loggamma(a + b) - sp.loggamma(a) - b * sp.log(a), (1e8, 1e-4)),
    (1 - sp.tanh(a), (300.0, 1.0)),
    ((1 - sp.tanh(a) ** 2) * sp.cosh(a) ** 2, (500.0, 1.0)),
    (sp.sin(a * b), (0.1, 1e12)),
    (sp.besselk(1, a) / sp.besselk(0, a) - 1, (1e8, 1.0)),
    (sp.beta(a, b) * sp.sqrt(a), (1e7, 20.0)),
    (sp.hyper((a, b), (sp.Float(0.06528),), -sp.Float(2.985)), (10.38, 27.02)),
    (sp.Piecewise((psi(1, a) - 1 / a, a > b), (sp.exp(a) - 1 - a, True)), (1e7, 1.0)),
    (sp.Piecewise((psi(1, a) - 1 / a, a > b), (sp.exp(a) - 1 - a, True)), (1e-3, 1.0)),
    (sp.Abs(a * b - 1 / (3 * a)) + sp.Max(a * b - 1 / (3 * a), -1), (1.0, 1 / 3)),
    (sp.floor(3 * (a / 3)) + b / 2, (5.0, 1.0)),
    (sp.sign(a * b - 1) + 2, (1 / 3, 3.0)),
    (sp.Catalan * a - sp.EulerGamma * b, (1.0, 1.586868913)),
    (a * b - 1, (1 / 3, 3.0)),
]


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
    for expr, point in [
        (a**40 / b**40, (1e8, 2e8)),
        (a**40 * b**40, (1e-9, 1e9)),
        (sp.exp(a) / sp.exp(b), (1000.0, 1000.5)),
        (1 / (1 / a**20 + 1 / b**20) / b**15, (1e-20, 1e-19)),
        (sp.sqrt(a**2 + b**2), (1e200, 1e200)),
        (a**3 * b, (1e-110, 1e300)),
        (sp.erfc(a) * sp.exp(a**2), (30.0, 1.0)),
        (sp.besselk(0, a) / sp.besselk(1, a * b), (800.0, 1.0)),
    ]:
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


leaves = st.sampled_from([a, b, x, y]) | st.fractions(-9, 9, max_denominator=9).map(
    lambda f: sp.Rational(f.numerator, f.denominator)
)
ONE = [
    *(
        sp.exp,
        sp.log,
        sp.sqrt,
        sp.sin,
        sp.tanh,
        sp.atan,
        sp.erf,
        sp.erfc,
        sp.Abs,
        sp.cosh,
        sp.gamma,
        sp.loggamma,
        sp.asinh,
    ),
    *(
        lambda u: 1 / u,
        lambda u: u**2,
        lambda u: u**3,
        lambda u: psi(0, u),
        lambda u: psi(2, u),
        lambda u: sp.zeta(3, u),
    ),
    *(lambda u: sp.exp(u) - 1, lambda u: sp.log(1 + u), lambda u: sp.besselk(0, u), lambda u: u ** sp.Rational(1, 3)),
    *(lambda u: sp.expint(1, u), lambda u: sp.Piecewise((u, u > 1), (sp.exp(u), True))),
]
TWO = [sp.Add, sp.Add, sp.Mul, lambda u, v: u - v, lambda u, v: u - v, lambda u, v: u / v, lambda u, v: u**v, sp.Max]


def applied(function, *args):
    try:
        return function(*args)
    except ValueError:  # Max of what SymPy knows not to be real
        return sp.nan


def grown(inner):
    one = st.tuples(st.sampled_from(ONE), inner)
    return (one | st.tuples(st.sampled_from(TWO), inner, inner)).map(lambda parts: applied(*parts))


expressions = st.recursive(leaves, grown, max_leaves=7).filter(
    lambda e: e.free_symbols and not e.has(sp.I, sp.zoo, sp.nan, sp.oo, sp.AccumBounds, sp.arg, sp.im)
)
near = st.floats(-4, 4).map(lambda e: 10.0**e)
points = st.tuples(near, near, near, near)


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
