"""Forms that keep their digits and stay in range where the plain formula overflows or cancels."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp

from symgeo.codegen import evaluate, numpy_function

x, y, m = sp.symbols("x y mu", real=True)
p, q, k = sp.symbols("p q k", positive=True)
root2 = sp.sqrt(2)
normal_cdf = sp.erf(x / root2) / 2 + sp.Rational(1, 2)
logistic = sp.exp(-(x - m) / p) / (p * (1 + sp.exp(-(x - m) / p)) ** 2)

# expression, values of its symbols, relative tolerance
CASES = [
    (sp.log(sp.gamma(k)), {k: [0.3, 200.0, 1e6]}, 1e-13),
    (sp.log(sp.factorial(y)), {y: [1.0, 300.0, 1e5]}, 1e-13),
    (
        sp.log(q**p * k ** (p - 1) * sp.exp(-q * k) / sp.gamma(p)),
        {p: [500.0], q: [0.6], k: [1e3, 0.1]},
        1e-12,
    ),
    (sp.log(sp.gamma(p) ** -2 * 3), {p: [300.0]}, 1e-13),
    (sp.gamma(p / 2 + sp.Rational(1, 2)) / sp.gamma(p / 2), {p: [0.1, 3.3, 500.0, 1e6]}, 5e-12),
    (sp.gamma(p) * sp.gamma(q) / sp.gamma(p + q), {p: [0.2, 300.0], q: [0.4, 30.0]}, 1e-12),
    (q * sp.gamma(p + q) / (sp.gamma(p) * sp.gamma(q)), {p: [0.2, 300.0], q: [0.4, 30.0]}, 1e-12),
    (sp.gamma(2 * p) / sp.gamma(p) ** 2 / sp.gamma(q), {p: [0.2, 200.0], q: [0.4, 200.0]}, 1e-12),
    (sp.log(1 + sp.exp(x)), {x: [-800.0, -1.0, 0.5, 800.0]}, 1e-14),
    (sp.log(2 * sp.exp(x) + sp.exp(y)), {x: [-800.0, 0.5, 800.0], y: [-790.0, 799.0]}, 1e-13),
    (sp.log(k / (k + sp.exp(x))), {k: [0.3, 1e12], x: [-600.0, 0.5, 700.0]}, 1e-13),
    (q * (x - sp.log(k + sp.exp(x))) + y, {k: [1e-9, 2.0], x: [-600.0, 0.5, 30.0], q: [3.0], y: [0.0]}, 1e-13),
    (sp.log(p) - sp.log(p + q), {p: [1e-200, 1.5, 1e9], q: [1e-9, 1e200]}, 1e-13),
    (sp.log(1 + x), {x: [1e-15, -1e-15, 3.0]}, 1e-15),
    (sp.log(1 - sp.exp(-k)), {k: [1e-12, 0.5, 50.0]}, 1e-14),
    (sp.log(sp.exp(k) - 1), {k: [1e-12, 0.5, 800.0]}, 1e-14),
    (1 - sp.exp(-k), {k: [1e-12, 0.5, 800.0]}, 1e-15),
    (sp.exp(x) / (sp.exp(x) - 1) ** 2, {x: [-300.0, -1e-6, 1e-6, 300.0]}, 1e-13),
    (sp.exp(x) / (1 + sp.exp(x)) ** 2, {x: [-600.0, 0.2, 600.0]}, 1e-13),
    (logistic, {x: [-60.0, 3.0, 60.0], m: [0.5], p: [0.1, 2.0]}, 1e-13),
    (sp.log(logistic), {x: [-200.0, 3.0, 200.0], m: [0.5], p: [0.1, 2.0]}, 1e-13),
    (sp.diff(logistic, m) / logistic, {x: [-200.0, 3.0, 200.0], m: [0.5], p: [0.1, 2.0]}, 1e-12),
    ((y * sp.exp(3 * x) + sp.exp(2 * x)) / (1 + sp.exp(x)) ** 4, {x: [-150.0, 0.3, 300.0], y: [2.0]}, 1e-13),
    ((sp.exp(x) - 1) / (sp.exp(x) + 1), {x: [-800.0, -1e-20, 1e-9, 0.5, 800.0]}, 1e-15),
    (p * (1 - sp.exp(x)) * (1 + sp.exp(x)) ** -3, {x: [-300.0, -1e-20, 0.5, 200.0], p: [3.0]}, 1e-13),
    (sp.exp(x) / (sp.exp(x) + sp.exp(y) + 1), {x: [-300.0, 0.3, 800.0], y: [-900.0, 1.0, 850.0]}, 1e-13),
    # A number and a negative multiple among the exponentials; then a power, whose exponent is a logarithm's multiple.
    (
        (3 - 2 * sp.exp(y) + sp.exp(x - y)) / (1 + sp.exp(x) + sp.exp(y)),
        {x: [-800.0, 0.3, 600.0], y: [-400.0, 1.0]},
        1e-13,
    ),
    (sp.exp(y) / (p**x + 2 * sp.exp(y) + 1), {x: [-900.0, 0.3, 900.0], y: [-600.0, 800.0], p: [0.4, 3.0]}, 1e-12),
    (sp.sqrt(sp.exp(2 * x) + sp.exp(y) + 4) * sp.exp(-x), {x: [-300.0, 0.3, 600.0], y: [-400.0, 1.0]}, 1e-12),
    (
        sp.log(p * sp.exp(-(x**2) / 2) + (1 - p) * sp.exp(-((x - 3) ** 2))),
        {x: [-80.0, 1.0, 80.0], p: [0.3]},
        1e-13,
    ),
    (sp.log(2 * sp.pi * sp.besseli(0, k)), {k: [0.01, 5.0, 3000.0]}, 1e-13),
    (sp.besseli(1, k) / sp.besseli(0, k), {k: [0.01, 5.0, 3000.0]}, 1e-13),
    (1 - sp.besseli(1, k) ** 2 / sp.besseli(0, k) ** 2, {k: [0.01, 5.0, 800.0]}, 1e-11),
    ((sp.besseli(0, k) + sp.besseli(2, k)) / sp.besseli(0, k), {k: [0.01, 5.0, 3000.0]}, 1e-13),
    (sp.exp(k * sp.cos(x)) / (2 * sp.pi * sp.besseli(0, k)), {k: [0.1, 3000.0], x: [0.01]}, 1e-12),
    (sp.besselk(1, k) / sp.besselk(0, k), {k: [0.01, 5.0, 3000.0]}, 1e-13),
    (sp.exp(k) * sp.besselk(p, k), {k: [0.5, 900.0], p: [0.4, 2.0]}, 1e-12),
    (normal_cdf, {x: [-30.0, -1.0, 2.0]}, 1e-13),
    (sp.log(normal_cdf), {x: [-40.0, -1.0, 2.0, 9.0]}, 1e-13),
    (sp.log(1 - normal_cdf), {x: [-9.0, -1.0, 2.0, 40.0]}, 1e-13),
    (sp.erfc(-x / root2) / 2, {x: [-30.0, -1.0, 2.0]}, 1e-13),
    (sp.log(sp.erfc(-x / root2) / 2), {x: [-40.0, -1.0, 2.0]}, 1e-13),
    (sp.exp(-(x**2) / 2) / normal_cdf, {x: [-40.0, -1.0, 2.0, 30.0]}, 1e-12),
    ((sp.exp(x) - sp.exp(y)) * sp.exp(-x) / p, {x: [-600.0, 900.0], y: [-599.99, 20.0], p: [0.1]}, 1e-12),
    ((p * sp.exp(x) - sp.exp(2 * y) - 1) * sp.exp(-2 * y), {x: [-900.0, 3.0], y: [-300.0, 450.0], p: [0.1]}, 1e-11),
    (y + y * sp.erf(x) + sp.exp(-(x**2)), {x: [-20.0, -6.0, 0.3, 5.0], y: [-3.0, 0.4]}, 1e-11),
    (3 * y - 3 * y * sp.erf(x) ** 2 + sp.exp(-(x**2)), {x: [-20.0, -6.0, 0.3, 7.0], y: [3.0, 0.4]}, 1e-11),
    (y * sp.erf(x) ** 2 + y * sp.erf(x) + sp.exp(-(x**2)), {x: [-20.0, -6.0, 0.3, 5.0], y: [-3.0, -0.4]}, 1e-11),
    (y + y * sp.erf(x) + y * sp.erf(p) + y * sp.erf(x) * sp.erf(p), {x: [-6.0, 3.0], y: [-3.0], p: [0.1, 5.0]}, 1e-11),
    (sp.exp(p**2 / 2 - p * x) * sp.erfc((p - x) / root2), {x: [-3.0, 0.0, 30.0], p: [0.3, 50.0]}, 1e-11),
]


@pytest.mark.parametrize(("expr", "values", "tolerance"), CASES, ids=lambda v: str(v)[:60])
def test_digits_and_range(expr, values, tolerance):
    grid = np.meshgrid(*values.values())
    results = numpy_function([expr], tuple(values))(*grid)[0]
    for result, *point in zip(results.flat, *(axis.flat for axis in grid), strict=True):
        expected = evaluate(expr, dict(zip(values, point, strict=True)), 250)  # some of them cancel
        assert abs(result - expected) <= tolerance * abs(expected) + 1e-300, (point, result, expected)


def test_plain_expressions_stay_plain():
    source = numpy_function([sp.exp(x) * y, 1 / (1 + sp.exp(-x)), sp.gamma(x) * y, sp.besseli(0, x)], (x, y)).source
    assert "maximum" not in source
    assert "loggamma" not in source
    assert "i0e" not in source


def test_constants_with_functions_sympy_cannot_compare():
    expr = sp.log(sp.exp(2 * sp.atan(sp.pi)) / (1 + 2 * sp.exp(sp.atan(sp.pi))) ** 2 + 1)
    assert numpy_function([expr], ())()[0] == pytest.approx(float(evaluate(expr, {})), rel=1e-14)


def test_a_base_that_may_be_negative_is_not_split():
    value = numpy_function([sp.log(x**y * sp.gamma(x))], (x, y))(-1.5, 2.0)[0]
    assert value == pytest.approx(float(evaluate(sp.log(x**y * sp.gamma(x)), {x: -1.5, y: 2})))


@pytest.mark.parametrize("size", [2, 8, 50, 3000, 40000])
def test_polygammas_of_large_quotients_beside_the_digamma_function(size):
    """The digamma function has no part in the cancellation of its derivatives, nor does it undo their form."""
    d, p = sp.symbols("d p", positive=True)
    c = d / p
    mixed = (d * sp.polygamma(1, c) + p * sp.polygamma(0, c)) / p**3
    small = sp.polygamma(0, c) * (p**2 * c * sp.polygamma(1, c) - p**2 - p**2 / (2 * c)) / d
    point = {d: size, p: 1.25}
    got = numpy_function([mixed, small], [d, p])(*map(float, point.values()))
    for value, expr in zip(got, (mixed, small), strict=True):
        assert float(value) == pytest.approx(float(evaluate(expr, point)), rel=1e-13 if size > 8 else 1e-11), expr


def test_an_exponent_goes_into_the_terms_of_a_sum():
    text = numpy_function([(sp.exp(x / p) - sp.exp(m / p)) * sp.exp(-x / p)], (x, m, p)).source
    assert text.count("exp") == 1 and "expm1" in text and "maximum" not in text


@pytest.mark.parametrize("size", [1, 3])
def test_logarithms_of_gamma_functions_one_by_one_and_together(size: int) -> None:
    """Where all points are small, or all are large, only what they need is computed: with the same digits."""
    ratio = numpy_function([sp.loggamma(p + q) - sp.loggamma(p), sp.log(sp.beta(p, q))], [p, q])
    for a, b in ((0.4, 2.0), (80.0, 3.5), (12.0, 700.0), (0.3, 31.0)):
        found = ratio(np.full(size, a), np.full(size, b))
        mixed = ratio(np.array([a, 0.7, 400.0]), np.array([b, 55.0, 0.2]))
        exact = [float(e.subs({p: a, q: b}).evalf(30)) for e in (sp.loggamma(p + q) - sp.loggamma(p),)]
        exact.append(float((sp.loggamma(a) + sp.loggamma(b) - sp.loggamma(a + b)).evalf(30)))
        for values, whole, value in zip(found, mixed, exact, strict=True):
            np.testing.assert_allclose(values, value, rtol=2e-13, atol=2e-13)
            np.testing.assert_allclose(whole[0], value, rtol=2e-13, atol=2e-13)
