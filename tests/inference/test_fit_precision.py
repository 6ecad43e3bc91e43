"""Data of any size and of any relative spread: as many digits as the data have."""

from __future__ import annotations

import time
from fractions import Fraction

import flint
import mpmath
import numpy as np
import pytest
import sympy as sp

from symgeo import catalogue
from symgeo.codegen.balls import Program, exact, fraction
from symgeo.inference.fisher_scoring import fit
from symgeo.models.statistical_model import StatisticalModel

SHAPE = np.random.default_rng(5).normal(size=40)
PLACES = [(0.0, 1e-6), (0.0, 1e8), (1e8, 1.0), (1e8, 1e-4), (-1e8, 1e7), (1e-6, 1e-10), (2000.0, 10.0), (1e15, 3.0)]


def exact_moments(data: np.ndarray) -> tuple[Fraction, Fraction]:
    numbers = [Fraction(float(v)) for v in data]
    mean = sum(numbers) / len(numbers)
    return mean, sum((v - mean) ** 2 for v in numbers) / len(numbers)


@pytest.mark.parametrize(("centre", "spread"), PLACES)
def test_normal_charts(centre: float, spread: float) -> None:
    data = centre + spread * SHAPE
    mean, variance = exact_moments(data)
    expected = {
        "normal": [mean, sp.sqrt(sp.Rational(variance.numerator, variance.denominator))],
        "normal_variance": [mean, variance],
        "normal_precision": [mean, 1 / variance],
        "normal_natural": [mean / variance, -1 / (2 * variance)],
    }
    for name, values in expected.items():
        found = fit(catalogue.get(name), data)
        assert found.converged, found.message
        np.testing.assert_allclose(found.estimate, [float(v) for v in values], rtol=1e-10, atol=1e-13 * spread)
        total = -0.5 * len(data) * (float(sp.log(2 * sp.pi)) + np.log(float(variance)) + 1)
        assert found.log_likelihood == pytest.approx(total, rel=1e-9, abs=1e-8)
    sigma = fit(catalogue.normal(), data)
    np.testing.assert_allclose(sigma.standard_errors, sigma.estimate[1] / np.sqrt([40.0, 80.0]), rtol=1e-10)


@pytest.mark.parametrize("name", ["gamma", "gamma_scale"])
@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e8])
@pytest.mark.parametrize("spread", [0.5, 1e-2, 1e-5, 1e-9])
def test_gamma_with_any_shape(name: str, scale: float, spread: float) -> None:
    """log k - digamma(k) = log mean - mean log, solved to 60 digits."""
    data = scale * (1 + spread * np.tanh(SHAPE))
    with mpmath.workdps(60):
        numbers = [mpmath.mpf(float(v)) for v in data]
        mean = mpmath.fsum(numbers) / len(numbers)
        gap = mpmath.log(mean) - mpmath.fsum(map(mpmath.log, numbers)) / len(numbers)
        k = mpmath.findroot(lambda k: mpmath.log(k) - mpmath.digamma(k) - gap, 0.5 / gap)
        expected = [float(k), float(k / mean) if name == "gamma" else float(mean / k)]
    found = fit(catalogue.get(name), data)
    assert found.converged, found.message
    np.testing.assert_allclose(found.estimate, expected, rtol=1e-9)


def test_nearly_collinear_pairs() -> None:
    first = SHAPE[:20]
    data = np.column_stack([first, 3 * first + 1e-7 * SHAPE[20:]])
    found = fit(catalogue.bivariate_normal(), data)
    numbers = [[sp.Rational(float(v)) for v in row] for row in data]
    mean = [sum(column) / 20 for column in zip(*numbers, strict=True)]
    s11, s12, s22 = (
        sum((row[i] - mean[i]) * (row[j] - mean[j]) for row in numbers) / 20 for i, j in ((0, 0), (0, 1), (1, 1))
    )
    assert found.converged, found.message
    assert 1 - found.estimate[4] == pytest.approx(float(sp.N(1 - s12 / sp.sqrt(s11 * s22), 30)), rel=1e-2)
    expected = float(sp.N(-10 * (2 * sp.log(2 * sp.pi) + sp.log(s11 * s22 - s12**2) + 2), 20))
    assert found.log_likelihood == pytest.approx(expected, rel=1e-12)


def test_a_million_observations() -> None:
    random = np.random.default_rng(1)
    data = random.gamma(3.0, 2.0, 1_000_000)
    model = catalogue.gamma()
    fit(model, data[:10])
    begin = time.perf_counter()
    found = fit(model, data)
    assert time.perf_counter() - begin < 8.0  # a fifth of this on an idle machine
    assert found.converged
    np.testing.assert_allclose(found.estimate, [3.0, 0.5], rtol=5e-3)
    assert found.standard_errors[0] == pytest.approx(0.004, rel=0.1)


def test_many_observations_with_cancellation() -> None:
    data = 1e9 + np.random.default_rng(2).normal(size=50_000)
    mean, variance = exact_moments(data)
    found = fit(catalogue.normal_variance(), data)
    np.testing.assert_allclose(found.estimate, [float(mean), float(variance)], rtol=1e-13)


def test_a_function_outside_the_table_of_balls() -> None:
    """The statistic asinh(x) is none of the native functions; few values are evaluated one by one, many are not."""
    x, mu = sp.symbols("x mu", real=True)
    sigma = sp.Symbol("sigma", positive=True)
    density = sp.exp(-((sp.asinh(x) - mu) ** 2) / (2 * sigma**2)) / (sigma * sp.sqrt(2 * sp.pi) * sp.sqrt(1 + x**2))
    model = StatisticalModel(density, x, (mu, sigma), check=False)
    data = 1e8 * (1 + 1e-5 * SHAPE)
    with mpmath.workdps(50):
        z = [mpmath.asinh(mpmath.mpf(float(v))) for v in data]
        mean = mpmath.fsum(z) / len(z)
        expected = [float(mean), float(mpmath.sqrt(mpmath.fsum((v - mean) ** 2 for v in z) / len(z)))]
    np.testing.assert_allclose(fit(model, data).estimate, expected, rtol=1e-10)
    many = fit(model, 1e8 * (1 + 1e-2 * np.random.default_rng(3).normal(size=3000)))
    assert many.converged and "rounding errors leave about" in many.message
    lost = fit(model, np.linspace(1e8, 1e8 + 1e-4, 3000))
    assert not lost.converged and "rounding errors hide" in lost.message


def test_the_precision_of_the_caller_is_kept() -> None:
    before = flint.ctx.prec
    fit(catalogue.normal(), 1e8 + SHAPE)
    fit(catalogue.normal(), [1.0, 1.0])
    assert flint.ctx.prec == before


def test_balls_enclose_the_value() -> None:
    x, k = sp.symbols("x k", positive=True)
    n = sp.Symbol("n")
    expressions = [
        sp.loggamma(k) + sp.polygamma(0, x) * sp.polygamma(2, k),
        sp.beta(x, k) / sp.sqrt(2 * sp.pi) + sp.EulerGamma,
        sp.besseli(1, x) / sp.besselk(0, k) - sp.Abs(sp.sin(x) - sp.atan2(x, k)),
        sp.Piecewise((x**-3, x < k), (sp.Rational(1, 3), True)),
        sp.erf(x) * sp.asinh(k) + sp.Float("0.1") * x ** sp.Rational(2, 3),
        sp.zeta(x + 2),
    ]
    program = Program(expressions, (x, k)).bind()
    found = program([exact(0.7), exact(2.3)])
    values = {x: sp.Rational(0.7), k: sp.Rational(2.3)}
    for ball, expression in zip(found, expressions, strict=True):
        expected = expression.subs(values).evalf(40)
        assert abs(sp.Float(str(fraction(ball).numerator), 60) / fraction(ball).denominator - expected) < 1e-12
        assert float(ball.rad()) < 1e-12
    assert not Program([sp.polygamma(-1, x), sp.log(-x)], (x,)).bind()([exact(1.5)])[1].is_finite()
    assert Program([sp.Piecewise((1, sp.Eq(n, 2)), (0, True))], (n,)).bind_columns()([[exact(2.0), exact(3.0)]]) == [
        [1, 0]
    ]
