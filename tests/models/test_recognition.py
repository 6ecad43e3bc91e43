"""Minimal sufficient statistics, whatever form the log-density is written in."""

from __future__ import annotations

import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from symgeo.errors import NotExponentialFamilyError
from symgeo.models.statistical_model import StatisticalModel

x, y = sp.symbols("x y", real=True)
w = sp.Symbol("w", positive=True)
n = sp.Symbol("n", integer=True, nonnegative=True)
a, b, c = sp.symbols("a b c", real=True)
r, s, k = sp.symbols("r s k", positive=True)


def statistics(log_density, variables, parameters, **options):
    """The sufficient statistics of exp(log_density), which need not be normalised for this."""
    options = {"check": False, **options}
    model = StatisticalModel.from_log_density(log_density, variables, parameters, **options)
    family = model.exponential_family
    return None if family is None else family.sufficient_statistics


def span_is(found, expected, variables, extra=(1,)):
    """Whether the statistics and one span the same functions: equal ranks of values at many points."""
    values = [sp.Rational(7 * i + 3, 5 * i + 4) for i in range(2 * len(expected) + 6)]
    rows = []
    for i in range(2 * len(expected) + 4):
        at = {v: values[(i + 2 * j) % len(values)] + j for j, v in enumerate(variables)}
        rows.append([sp.N(sp.sympify(f).subs(at), 40) for f in (*extra, *found, *expected)])
    both = sp.Matrix(rows)
    rank = both.rank(iszerofunc=lambda e: abs(e) < 1e-25)
    return len(found) == len(expected) and rank == len(expected) + len(extra)


DEPENDENT = {
    "x and twice x": (a * x + 2 * b * x - c * x**2, x, (a, b, c), [x, x**2]),
    "x, x^2 and their sum": (a * x + b * x**2 + c * (x + x**2), x, (a, b, c), [x, x**2]),
    "sin^2 and cos^2": (a * sp.sin(x) ** 2 + b * sp.cos(x) ** 2, x, (a, b), [sp.sin(x) ** 2]),
    "double angle": (a * sp.cos(2 * x) + b * sp.cos(x) ** 2, x, (a, b), [sp.cos(x) ** 2]),
    "logarithms of a product": (a * sp.log(w) + b * sp.log(3 * w) + c * sp.log(w**2), w, (a, b, c), [sp.log(w)]),
    "squares that differ by an affine term": (
        -r * (x - 1) ** 2 - s * (x + 1) ** 2 - k * x**2,
        x,
        (r, s, k),
        [x, x**2],
    ),
    "exp and shifted exp": (-r * sp.exp(x) - s * sp.exp(x + 3) + k * x, x, (r, s, k), [sp.exp(x), x]),
    "sinh and exponentials": (
        -r * sp.exp(x) - s * sp.exp(-x) - k * sp.cosh(x),
        x,
        (r, s, k),
        [sp.exp(x), sp.exp(-x)],
    ),
    "a constant in disguise": (a * x - r * x**2 + b * (x + 1) ** 2 - b * (x**2 + 2 * x), x, (a, r, b), [x, x**2]),
    "rational functions": (
        -r / w - s * (1 + w) / w - k * w,
        w,
        (r, s, k),
        [1 / w, w],
    ),
    "root and its powers": (-r * sp.sqrt(w) - s * w - k * sp.sqrt(4 * w), w, (r, s, k), [sp.sqrt(w), w]),
    "sums of variables": (
        a * (x + y) + b * (x - y) + c * y - r * (x**2 + y**2),
        (x, y),
        (a, b, c, r),
        [x, y, x**2 + y**2],
    ),
    "logarithm of a sum that factors": (
        a * sp.log(w**2 + w) + b * sp.log(w) + c * sp.log(1 + w),
        w,
        (a, b, c),
        [sp.log(w), sp.log(1 + w)],
    ),
    "powers of two bases": (a * 2**x + b * sp.exp(x * sp.log(2)) + c * 4 ** (x / 2), x, (a, b, c), [2**x]),
    "softplus of both signs": (
        a * sp.log(1 + sp.exp(x)) + b * sp.log(1 + sp.exp(-x)) + c * x,
        x,
        (a, b, c),
        [sp.log(1 + sp.exp(x)), x],
    ),
    "shifted loggamma": (
        a * sp.loggamma(w + 1) + b * sp.loggamma(w) + c * sp.log(w),
        w,
        (a, b, c),
        [sp.loggamma(w), sp.log(w)],
    ),
    "shifted digamma": (
        a * sp.digamma(w + 1) + b * sp.digamma(w) + c / w,
        w,
        (a, b, c),
        [sp.digamma(w), 1 / w],
    ),
    "contiguous Bessel functions": (
        a * sp.besseli(0, w) + b * sp.besseli(2, w) + c * sp.besseli(1, w) / w,
        w,
        (a, b, c),
        [sp.besseli(0, w), sp.besseli(1, w) / w],
    ),
    "error function and its complement": (a * sp.erf(x) + b * sp.erfc(x), x, (a, b), [sp.erf(x)]),
    "square of an absolute value": (a * sp.Abs(x) ** 2 + b * x**2, x, (a, b), [x**2]),
    "logarithm to base ten": (a * sp.log(w, 10) + b * sp.log(w), w, (a, b), [sp.log(w)]),
    "roots of products": (
        a * sp.sqrt(1 + w) * sp.sqrt(1 + w / 2) + b * sp.sqrt((1 + w) * (2 + w)),
        w,
        (a, b),
        [sp.sqrt((1 + w) * (2 + w))],
    ),
    "absolute value of a scaled variable": (-r * sp.Abs(x) - s * sp.Abs(2 * x), x, (r, s), [sp.Abs(x)]),
}


@pytest.mark.parametrize("name", DEPENDENT)
def test_statistics_are_minimal(name):
    log_density, variables, parameters, expected = DEPENDENT[name]
    found = statistics(log_density, variables, parameters)
    listed = (variables,) if isinstance(variables, sp.Symbol) else variables
    assert span_is(found, expected, listed), found


POINTS = {
    "a square on two points": (a * (n - 3) ** 2 + b * n, {0, 1}, 1),
    "a power on two points": (a * n**5 + b * n, {0, 1}, 1),
    "signs": (a * n + b * n**3, {-1, 1}, 1),
    "three powers on three points": (a * n + b * n**2 + c * n**3, {0, 1, 2}, 2),
    "an even power on symmetric points": (a * n**2 + b * n**4 + c * n, {-1, 0, 1}, 2),
    "indicators of all points": (
        sp.Piecewise((a, sp.Eq(n, 0)), (b, sp.Eq(n, 1)), (c, True)),
        {0, 1, 2},
        2,
    ),
    "indicators and the variable": (a * n + sp.Piecewise((b, sp.Eq(n, 1)), (0, True)), {0, 1}, 1),
    "exponential of the variable": (a * n + b * 2**n, {0, 1}, 1),
    "a statistic that is constant": (a * n + b * n * (n - 1), {0, 1}, 1),
}


@pytest.mark.parametrize("name", POINTS)
def test_statistics_are_minimal_on_finite_supports(name):
    log_density, points, count = POINTS[name]
    plain = sp.Symbol("n")
    log_density = log_density.subs(n, plain)
    parameters = sorted(log_density.free_symbols - {plain}, key=str)
    assert len(statistics(log_density, plain, parameters, support=sp.FiniteSet(*points))) == count


REWRITTEN = {
    "expanded": lambda f: sp.expand(f),
    "factored": lambda f: sp.factor(f),
    "over one denominator": lambda f: sp.together(f),
    "with zero added": lambda f: sp.Add(f, sp.Mul(0, x, evaluate=False), evaluate=False),
    "with a term added and subtracted": lambda f: sp.Add(f, a * sp.cos(x), -a * sp.cos(x), evaluate=False),
    "with sin^2 + cos^2": lambda f: f * (sp.sin(a) ** 2 + sp.cos(a) ** 2),
    "with exp of a logarithm": lambda f: sp.Mul(f, sp.exp(sp.log(s), evaluate=False) / s, evaluate=False),
}


@pytest.mark.parametrize("name", REWRITTEN)
def test_form_of_writing_does_not_matter(name):
    log_density = -((x - a) ** 2) / (2 * s**2) - sp.log(s) - sp.log(2 * sp.pi) / 2
    written = REWRITTEN[name](log_density)
    family = StatisticalModel.from_log_density(written, x, (a, s)).exponential_family
    assert family.sufficient_statistics == (x, x**2)
    eta = (a / s**2, -1 / (2 * s**2))
    assert all(sp.simplify(f - e) == 0 for f, e in zip(family.natural_parameters, eta, strict=True))


@given(data=st.data())
def test_any_polynomial_exponent_is_recognised(data):
    """log p = sum of eta_i(theta) x^i with random coefficients: as many statistics as the matrix has rank."""
    coefficient = st.integers(-3, 3)
    rows = [[data.draw(coefficient) for _ in range(4)] for _ in range(3)]
    functions = (a, sp.exp(b), a * b)
    log_density = sum(f * rows[i][j] * x ** (j + 1) for i, f in enumerate(functions) for j in range(4))
    rank = sp.Matrix(rows).rank()
    if not {a, b} <= log_density.free_symbols:
        return
    found = statistics(log_density, x, (a, b))
    assert len(found) == rank


@pytest.mark.parametrize(
    "log_density",
    [
        sp.log(1 + a * x),
        sp.exp(a * x),
        sp.Abs(x - a),
        x**s,
        sp.log(s**2 + (x - a) ** 2),
        sp.cos(a * x),
        1 / (1 + a**2 * x**2),
        sp.sqrt(a**2 + x**2),
        sp.log(sp.exp(x) + sp.exp(a)),
        sp.gamma(1 + s * sp.Abs(x)),
    ],
    ids=str,
)
def test_functions_of_both_do_not_separate(log_density):
    parameters = sorted(log_density.free_symbols - {x}, key=str)
    model = StatisticalModel.from_log_density(-(x**2) - log_density, x, parameters, check=False)
    assert model.exponential_family is None
    with pytest.raises(NotExponentialFamilyError, match="separate"):
        model.require_exponential_family()


@pytest.mark.parametrize(
    ("log_density", "count"),
    [
        (-(sp.exp(a + x)), 1),
        (sp.sin(a + x), 2),
        (sp.log(w**a * 3**b), 1),
        (-((x - a) ** 4), 3),
        (a * sp.log(sp.exp(x) * 2), 1),
        (sp.log((2 * w) ** a) + b * w, 2),
        (-((sp.log(w) - sp.log(s)) ** 2), 1),
        (sp.log(sp.sqrt(w * s) ** a), 1),
        (-sp.cosh(x - a), 2),
        (-sp.exp(2 * x - a) + sp.exp(x + b), 2),
        ((x + a) ** 2 * (x + b), 2),
    ],
    ids=str,
)
def test_functions_that_separate_after_all(log_density, count):
    variable = w if w in log_density.free_symbols else x
    parameters = sorted(log_density.free_symbols - {variable}, key=str)
    assert len(statistics(log_density, variable, parameters)) == count


def test_the_carrier_keeps_the_factors_of_the_declaration():
    model = StatisticalModel(sp.exp(-r) * r**n / sp.factorial(n), n, r)
    assert model.exponential_family.carrier == 1 / sp.factorial(n)
    model = StatisticalModel(sp.exp(-((x - a) ** 2) / 2) / sp.sqrt(2 * sp.pi), x, a)
    assert sp.simplify(model.exponential_family.carrier - sp.exp(-(x**2) / 2) / sp.sqrt(2 * sp.pi)) == 0


def test_a_shift_that_does_not_depend_on_parameters_goes_to_the_carrier():
    """N(m, variance m): the cross term of the square is free of m."""
    m = sp.Symbol("m", positive=True)
    model = StatisticalModel(sp.exp(-((x - m) ** 2) / (2 * m)) / sp.sqrt(2 * sp.pi * m), x, m)
    family = model.exponential_family
    assert family.sufficient_statistics == (x**2,)
    assert sp.simplify(family.carrier / sp.exp(x)).free_symbols == set()
    assert sp.simplify(family.expectation_parameters[0] - m**2 - m) == 0


def test_order_of_parameters_and_variables_does_not_change_the_statistics():
    density = r * s * sp.exp(-r * w - s * k)
    one = StatisticalModel(density, (w, k), (r, s)).exponential_family.sufficient_statistics
    other = StatisticalModel(density, (k, w), (s, r)).exponential_family.sufficient_statistics
    assert set(one) == set(other) == {w, k}
