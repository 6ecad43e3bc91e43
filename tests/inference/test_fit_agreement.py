"""Estimates against closed forms, scipy.stats and direct maximisation of the declared log-density."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import sympy as sp
from scipy import optimize, stats

from symgeo import catalogue
from symgeo.inference.fisher_scoring import fit
from symgeo.models.statistical_model import StatisticalModel

RANDOM = np.random.default_rng(20)
POSITIVE = RANDOM.gamma(2.5, 3.0, 60)
REAL = RANDOM.normal(-1.0, 2.0, 60)
UNIT = RANDOM.beta(2.0, 3.0, 60)
ANGLES = RANDOM.vonmises(1.0, 2.0, 60)
COUNTS = np.minimum(RANDOM.poisson(3.5, 60), 9)
PAIRS = RANDOM.multivariate_normal([1.0, -2.0], [[2.0, 0.9], [0.9, 1.0]], 60)
PROPORTIONS = RANDOM.dirichlet([2.0, 1.0, 3.0], 60)[:, :2]
TRIALS = RANDOM.multinomial(5, [0.2, 0.5, 0.3], 60)[:, :2]


def sd(x: np.ndarray) -> float:
    return float(np.std(x))


CLOSED: dict[str, tuple[np.ndarray, Callable[[np.ndarray], list[float]]]] = {
    "normal": (REAL, lambda x: [x.mean(), sd(x)]),
    "normal_variance": (REAL, lambda x: [x.mean(), x.var()]),
    "normal_precision": (REAL, lambda x: [x.mean(), 1 / x.var()]),
    "normal_natural": (REAL, lambda x: [x.mean() / x.var(), -0.5 / x.var()]),
    "lognormal": (POSITIVE, lambda x: [np.log(x).mean(), sd(np.log(x))]),
    "half_normal": (POSITIVE, lambda x: [np.sqrt((x**2).mean())]),
    "rayleigh": (POSITIVE, lambda x: [np.sqrt((x**2).mean() / 2)]),
    "maxwell": (POSITIVE, lambda x: [np.sqrt((x**2).mean() / 3)]),
    "exponential": (POSITIVE, lambda x: [1 / x.mean()]),
    "inverse_gaussian": (POSITIVE, lambda x: [x.mean(), 1 / (1 / x - 1 / x.mean()).mean()]),
    "pareto": (1 + POSITIVE, lambda x: [1 / np.log(x).mean()]),
    "laplace": (REAL, lambda x: [np.abs(x).mean()]),
    "weibull": (POSITIVE, lambda x: [np.sqrt((x**2).mean())]),
    "poisson": (COUNTS, lambda x: [x.mean()]),
    "geometric": (COUNTS, lambda x: [1 / (1 + x.mean())]),
    "binomial": (COUNTS, lambda x: [x.mean() / 10]),
    "bernoulli": (COUNTS % 2, lambda x: [x.mean()]),
    "categorical": (COUNTS % 3 + 1, lambda x: [(x == 1).mean(), (x == 2).mean()]),
    "multinomial": (TRIALS, lambda x: list(x.mean(axis=0) / 5)),
    "bivariate_normal": (
        PAIRS,
        lambda x: [*x.mean(axis=0), *x.std(axis=0), np.corrcoef(x.T)[0, 1]],
    ),
    "multivariate_normal": (
        PAIRS,
        lambda x: [*x.mean(axis=0), *np.cov(x.T, bias=True)[np.triu_indices(2)]],
    ),
}


@pytest.mark.parametrize("name", CLOSED)
def test_closed_forms(name: str) -> None:
    data, estimate = CLOSED[name]
    found = fit(catalogue.get(name), data)
    assert found.converged, found.message
    np.testing.assert_allclose(found.estimate, estimate(np.asarray(data, dtype=float)), rtol=1e-11, atol=1e-13)


def test_scipy_gamma() -> None:
    shape, _, scale = stats.gamma.fit(POSITIVE, floc=0)
    for name, expected in (("gamma", [shape, 1 / scale]), ("gamma_scale", [shape, scale])):
        np.testing.assert_allclose(fit(catalogue.get(name), POSITIVE).estimate, expected, rtol=1e-7)
    assert fit(catalogue.gamma(), POSITIVE).log_likelihood == pytest.approx(
        stats.gamma.logpdf(POSITIVE, shape, scale=scale).sum(), abs=1e-9
    )


def test_scipy_beta_and_von_mises() -> None:
    np.testing.assert_allclose(
        fit(catalogue.beta(), UNIT).estimate, stats.beta.fit(UNIT, floc=0, fscale=1)[:2], rtol=1e-6
    )
    concentration, direction, _ = stats.vonmises.fit(ANGLES, fscale=1)
    np.testing.assert_allclose(fit(catalogue.von_mises(), ANGLES).estimate, [direction, concentration], rtol=1e-6)


x, y, w, v = sp.Symbol("x", real=True), sp.Symbol("y", real=True), *sp.symbols("w v", positive=True)
n = sp.Symbol("n", integer=True, nonnegative=True)
a, b = sp.symbols("a b", real=True)
k, m, s, t = sp.symbols("k m s t", positive=True)
rho = sp.Symbol("rho", real=True)
p, q = sp.symbols("p q", positive=True)


def gauss(z: sp.Expr, mean: sp.Expr, deviation: sp.Expr) -> sp.Expr:
    return sp.exp(-(((z - mean) / deviation) ** 2) / 2) / (deviation * sp.sqrt(2 * sp.pi))


def model(density: sp.Expr, variables: object, parameters: object, **options: object) -> StatisticalModel:
    return StatisticalModel(density, variables, parameters, check=False, **options)


DECLARED: dict[str, tuple[StatisticalModel, np.ndarray]] = {
    "gamma, logarithms": (
        model(w ** (sp.exp(a) - 1) * sp.exp(b * sp.exp(a) - w * sp.exp(b)) / sp.gamma(sp.exp(a)), w, (a, b)),
        POSITIVE,
    ),
    "gamma, mean and shape": (
        model((k / m) ** k * w ** (k - 1) * sp.exp(-k * w / m) / sp.gamma(k), w, (m, k)),
        POSITIVE,
    ),
    "Nakagami": (
        model(2 * k**k / (sp.gamma(k) * m**k) * w ** (2 * k - 1) * sp.exp(-k * w**2 / m), w, (k, m)),
        POSITIVE,
    ),
    "inverse gamma": (catalogue.inverse_gamma(), POSITIVE),
    "beta, mean and precision": (
        model(
            v ** (p * s - 1) * (1 - v) ** ((1 - p) * s - 1) / sp.beta(p * s, (1 - p) * s),
            v,
            (p, s),
            support=sp.Interval.open(0, 1),
            domain={p: sp.Interval.open(0, 1)},
        ),
        UNIT,
    ),
    "beta prime": (
        model(w ** (k - 1) * (1 + w) ** (-k - m) / sp.beta(k, m), w, (k, m)),
        POSITIVE,
    ),
    "chi squared": (catalogue.chi_squared(), POSITIVE),
    "generalised inverse Gaussian": (
        model(sp.sqrt(k / m) / (2 * sp.besselk(1, sp.sqrt(k * m))) * sp.exp(-(k * w + m / w) / 2), w, (k, m)),
        POSITIVE,
    ),
    "exponential cut at one": (
        model(a * sp.exp(-a * v) / (1 - sp.exp(-a)), v, a, support=sp.Interval(0, 1), constraints=[sp.Ne(a, 0)]),
        UNIT,
    ),
    "logarithmic series": (catalogue.logarithmic_series(), COUNTS + 1),
    "Dirichlet": (catalogue.dirichlet(), PROPORTIONS),
    "von Mises, Cartesian": (
        model(
            sp.exp(a * sp.cos(x) + b * sp.sin(x)) / (2 * sp.pi * sp.besseli(0, sp.sqrt(a**2 + b**2))),
            x,
            (a, b),
            support=sp.Interval(-sp.pi, sp.pi),
        ),
        ANGLES,
    ),
    "normal, log-scale": (model(gauss(x, a, sp.exp(b)), x, (a, b)), REAL),
    "bivariate normal, Fisher's z": (
        model(
            sp.exp(-((x / s) ** 2 - 2 * sp.tanh(a) * x * y / (s * t) + (y / t) ** 2) * sp.cosh(a) ** 2 / 2)
            * sp.cosh(a)
            / (2 * sp.pi * s * t),
            (x, y),
            (s, t, a),
        ),
        PAIRS,
    ),
    "three outcomes, softmax": (
        model(
            sp.Piecewise((1, sp.Eq(n, 0)), (sp.exp(a), sp.Eq(n, 1)), (sp.exp(b), True)) / (1 + sp.exp(a) + sp.exp(b)),
            n,
            (a, b),
            support=sp.FiniteSet(0, 1, 2),
        ),
        COUNTS % 3,
    ),
    "count given a waiting time": (
        model(sp.exp(-m * w) * (m * w) ** n / sp.factorial(n) * s * sp.exp(-s * w), (w, n), (m, s)),
        np.column_stack([POSITIVE, COUNTS]),
    ),
}


def direct_log_likelihood(declared: StatisticalModel, data: np.ndarray) -> Callable[[np.ndarray], float]:
    """The sum of the logarithm of the density as declared, through SymPy's own printer."""
    density = sp.log(declared.density)
    function = sp.lambdify((declared.parameters, declared.variables), density, "scipy")
    columns = np.atleast_2d(np.asarray(data, dtype=float).T)

    def total(theta: np.ndarray) -> float:
        with np.errstate(all="ignore"):
            value = float(np.sum(function(theta, columns)))
        return value if np.isfinite(value) and declared.chart.contains(theta) else -np.inf

    return total


@pytest.mark.parametrize("name", DECLARED)
def test_direct_maximisation(name: str) -> None:
    declared, data = DECLARED[name]
    found = fit(declared, data)
    assert found.converged, found.message
    log_likelihood = direct_log_likelihood(declared, data)
    assert found.log_likelihood == pytest.approx(log_likelihood(found.estimate), rel=1e-10)
    start = found.estimate + 0.4 * found.standard_errors
    best = optimize.minimize(
        lambda theta: -log_likelihood(theta),
        start if np.isfinite(log_likelihood(start)) else found.estimate,
        method="Nelder-Mead",
        options={"xatol": 1e-9, "fatol": 1e-11, "maxiter": 4000},
    )
    assert -best.fun <= found.log_likelihood + 1e-8
    np.testing.assert_allclose(found.estimate, best.x, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", DECLARED)
def test_standard_errors_are_those_of_the_observed_information(name: str) -> None:
    """At the maximum of an exponential family observed and expected information are the same."""
    declared, data = DECLARED[name]
    found = fit(declared, data)
    log_likelihood = direct_log_likelihood(declared, data)
    steps = np.diag(3e-3 * found.standard_errors)
    size = len(steps)
    hessian = np.empty((size, size))
    for i in range(size):
        for j in range(size):
            hessian[i, j] = sum(
                si * sj * log_likelihood(found.estimate + si * steps[i] + sj * steps[j])
                for si in (-1, 1)
                for sj in (-1, 1)
            ) / (4 * steps[i, i] * steps[j, j])
    np.testing.assert_allclose(
        np.linalg.inv(-hessian), found.covariance, rtol=2e-3, atol=2e-3 * np.abs(found.covariance).max()
    )
    np.testing.assert_allclose(found.standard_errors, np.sqrt(np.diagonal(found.covariance)))


def test_negative_binomial() -> None:
    found = fit(catalogue.negative_binomial(), COUNTS)
    assert found.estimate[0] == pytest.approx(5 / (5 + COUNTS.mean()), rel=1e-12)


def test_written_exponential_family() -> None:
    from symgeo.models.exponential_family import ExponentialFamily

    rate = sp.Symbol("eta", negative=True)
    family = ExponentialFamily(w, -sp.log(-rate), rate, w)
    assert fit(family, POSITIVE).estimate[0] == pytest.approx(-1 / POSITIVE.mean(), rel=1e-12)
