"""Continuous families in one variable. Each function declares a density and derives nothing.

JKB 1 and JKB 2 are Johnson, Kotz and Balakrishnan, Continuous Univariate Distributions, volume 1 (1994) and
volume 2 (1995), second edition.
"""

from __future__ import annotations

import sympy as sp

from symgeo.catalogue.fixed import positive, real
from symgeo.models.statistical_model import StatisticalModel

_REAL_LINE = sp.Symbol("x", real=True)
_HALF_LINE = sp.Symbol("x", positive=True)


def _positive(names: str) -> tuple[sp.Symbol, ...]:
    return sp.symbols(names, positive=True, seq=True)


def _gaussian(x: sp.Expr, mean: sp.Expr, variance: sp.Expr) -> sp.Expr:
    return sp.exp(-((x - mean) ** 2) / (2 * variance)) / sp.sqrt(2 * sp.pi * variance)


def normal() -> StatisticalModel:
    """The normal density with mean mu and standard deviation sigma > 0. JKB 1, chapter 13."""
    mu, sigma = sp.Symbol("mu", real=True), sp.Symbol("sigma", positive=True)
    return StatisticalModel(_gaussian(_REAL_LINE, mu, sigma**2), _REAL_LINE, (mu, sigma), name="normal", check=False)


def normal_variance() -> StatisticalModel:
    """The normal density with mean mu and variance v > 0. JKB 1, chapter 13."""
    mu, v = sp.Symbol("mu", real=True), sp.Symbol("v", positive=True)
    return StatisticalModel(_gaussian(_REAL_LINE, mu, v), _REAL_LINE, (mu, v), name="normal_variance", check=False)


def normal_precision() -> StatisticalModel:
    """The normal density with mean mu and precision (inverse variance) tau > 0.

    Bernardo and Smith, Bayesian Theory, 1994, section 3.2.2.
    """
    mu, tau = sp.Symbol("mu", real=True), sp.Symbol("tau", positive=True)
    density = sp.sqrt(tau / (2 * sp.pi)) * sp.exp(-tau * (_REAL_LINE - mu) ** 2 / 2)
    return StatisticalModel(density, _REAL_LINE, (mu, tau), name="normal_precision", check=False)


def normal_natural() -> StatisticalModel:
    """The normal density exp(eta1 x + eta2 x^2 - psi) with natural parameters eta1 and eta2 < 0.

    Amari and Nagaoka, Methods of Information Geometry, 2000, chapter 2.
    """
    eta1, eta2 = sp.Symbol("eta1", real=True), sp.Symbol("eta2", negative=True)
    x = _REAL_LINE
    density = sp.sqrt(-eta2 / sp.pi) * sp.exp(eta1 * x + eta2 * x**2 + eta1**2 / (4 * eta2))
    return StatisticalModel(density, x, (eta1, eta2), name="normal_natural", check=False)


def half_normal() -> StatisticalModel:
    """The size of a normal variable of mean zero and standard deviation sigma. JKB 1, chapter 13."""
    (sigma,) = _positive("sigma")
    density = 2 * _gaussian(_HALF_LINE, sp.S.Zero, sigma**2)
    return StatisticalModel(density, _HALF_LINE, sigma, name="half_normal", check=False)


def lognormal() -> StatisticalModel:
    """The exponential of a normal variable with mean mu and standard deviation sigma. JKB 1, chapter 14."""
    mu, sigma = sp.Symbol("mu", real=True), sp.Symbol("sigma", positive=True)
    density = _gaussian(sp.log(_HALF_LINE), mu, sigma**2) / _HALF_LINE
    return StatisticalModel(density, _HALF_LINE, (mu, sigma), name="lognormal", check=False)


def inverse_gaussian() -> StatisticalModel:
    """The inverse Gaussian density with mean mu and variance mu^3/lambda. JKB 1, chapter 15."""
    mu, shape = _positive("mu lambda")
    x = _HALF_LINE
    density = sp.sqrt(shape / (2 * sp.pi * x**3)) * sp.exp(-shape * (x - mu) ** 2 / (2 * mu**2 * x))
    return StatisticalModel(density, x, (mu, shape), name="inverse_gaussian", check=False)


def gamma() -> StatisticalModel:
    """The gamma density with shape k and rate r, of mean k/r. JKB 1, chapter 17."""
    k, r = _positive("k r")
    x = _HALF_LINE
    density = r**k * x ** (k - 1) * sp.exp(-r * x) / sp.gamma(k)
    return StatisticalModel(density, x, (k, r), name="gamma", check=False)


def gamma_scale() -> StatisticalModel:
    """The gamma density with shape k and scale theta, of mean k theta. JKB 1, chapter 17."""
    k, theta = _positive("k theta")
    x = _HALF_LINE
    density = x ** (k - 1) * sp.exp(-x / theta) / (sp.gamma(k) * theta**k)
    return StatisticalModel(density, x, (k, theta), name="gamma_scale", check=False)


def inverse_gamma() -> StatisticalModel:
    """The reciprocal of a gamma variable of shape alpha and rate beta.

    Bernardo and Smith, Bayesian Theory, 1994, section 3.2.2 (inverted-gamma).
    """
    alpha, beta_ = _positive("alpha beta")
    x = _HALF_LINE
    density = beta_**alpha * x ** (-alpha - 1) * sp.exp(-beta_ / x) / sp.gamma(alpha)
    return StatisticalModel(density, x, (alpha, beta_), name="inverse_gamma", check=False)


def chi_squared() -> StatisticalModel:
    """The chi-squared density with k degrees of freedom, k > 0 real. JKB 1, chapter 18."""
    (k,) = _positive("k")
    x = _HALF_LINE
    density = x ** (k / 2 - 1) * sp.exp(-x / 2) / (2 ** (k / 2) * sp.gamma(k / 2))
    return StatisticalModel(density, x, k, name="chi_squared", check=False)


def rayleigh() -> StatisticalModel:
    """The length of a normal vector in the plane with standard deviation sigma a side. JKB 1, chapter 18."""
    (sigma,) = _positive("sigma")
    x = _HALF_LINE
    density = x / sigma**2 * sp.exp(-(x**2) / (2 * sigma**2))
    return StatisticalModel(density, x, sigma, name="rayleigh", check=False)


def maxwell() -> StatisticalModel:
    """The length of a normal vector in space with standard deviation a on each side. JKB 1, chapter 18."""
    (a,) = _positive("a")
    x = _HALF_LINE
    density = sp.sqrt(2 / sp.pi) * x**2 / a**3 * sp.exp(-(x**2) / (2 * a**2))
    return StatisticalModel(density, x, a, name="maxwell", check=False)


def exponential() -> StatisticalModel:
    """The exponential density with rate lambda, of mean 1/lambda. JKB 1, chapter 19."""
    (rate,) = _positive("lambda")
    density = rate * sp.exp(-rate * _HALF_LINE)
    return StatisticalModel(density, _HALF_LINE, rate, name="exponential", check=False)


def pareto(minimum: float | sp.Expr = 1) -> StatisticalModel:
    """The Pareto density with exponent alpha above a known minimum > 0. JKB 1, chapter 20.

    With the minimum unknown the support would move with it, and there would be no Fisher geometry.
    """
    least = positive("minimum", minimum)
    (alpha,) = _positive("alpha")
    x = _HALF_LINE
    density = alpha * least**alpha / x ** (alpha + 1)
    support = sp.Interval(least, sp.oo)
    return StatisticalModel(density, x, alpha, support=support, name=f"pareto({least})", check=False)


def weibull(shape: float | sp.Expr = 2) -> StatisticalModel:
    """The Weibull density with scale lambda and a known shape > 0. JKB 1, chapter 21.

    With the shape unknown it is no exponential family.
    """
    power = positive("shape", shape)
    (scale,) = _positive("lambda")
    x = _HALF_LINE
    density = power / scale * (x / scale) ** (power - 1) * sp.exp(-((x / scale) ** power))
    return StatisticalModel(density, x, scale, name=f"weibull({power})", check=False)


def laplace(location: float | sp.Expr = 0) -> StatisticalModel:
    """The Laplace density with scale b about a known location. JKB 2, chapter 24.

    With the location unknown it is no exponential family.
    """
    centre = real("location", location)
    (b,) = _positive("b")
    density = sp.exp(-sp.Abs(_REAL_LINE - centre) / b) / (2 * b)
    return StatisticalModel(density, _REAL_LINE, b, name=f"laplace({centre})", check=False)


def beta() -> StatisticalModel:
    """The beta density on (0, 1) with exponents alpha - 1 of x and beta - 1 of 1 - x. JKB 2, chapter 25."""
    alpha, beta_ = _positive("alpha beta")
    x = _HALF_LINE
    density = x ** (alpha - 1) * (1 - x) ** (beta_ - 1) / sp.beta(alpha, beta_)
    support = sp.Interval.open(0, 1)
    return StatisticalModel(density, x, (alpha, beta_), support=support, name="beta", check=False)


def von_mises() -> StatisticalModel:
    """The von Mises density on the circle with mean direction mu and concentration kappa > 0.

    Mardia and Jupp, Directional Statistics, 2000, section 3.5.4.
    """
    mu, kappa = sp.Symbol("mu", real=True), sp.Symbol("kappa", positive=True)
    x = _REAL_LINE
    density = sp.exp(kappa * sp.cos(x - mu)) / (2 * sp.pi * sp.besseli(0, kappa))
    return StatisticalModel(
        density,
        x,
        (mu, kappa),
        support=sp.Interval.Ropen(-sp.pi, sp.pi),
        domain={mu: sp.Interval.open(-sp.pi, sp.pi)},
        name="von_mises",
        check=False,
    )
