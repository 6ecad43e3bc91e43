"""Families on the half-line that come from the normal and the gamma law. Each function declares a density.

JKB 1 and JKB 2 are Johnson, Kotz and Balakrishnan, Continuous Univariate Distributions, volume 1 (1994) and
volume 2 (1995), second edition.
"""

from __future__ import annotations

import sympy as sp

from symgeo.catalogue.fixed import count, real
from symgeo.catalogue.notation import POSITIVE, declare, gaussian, positives
from symgeo.models.statistical_model import StatisticalModel

_X = POSITIVE
_MU = sp.Symbol("mu", real=True)
(_SIGMA,) = positives("sigma")


def half_normal() -> StatisticalModel:
    """The size of a normal variable of mean zero and standard deviation sigma. JKB 1, chapter 13."""
    return declare(2 * gaussian(_X, sp.S.Zero, _SIGMA**2), _X, _SIGMA, name="half_normal")


def lognormal() -> StatisticalModel:
    """The exponential of a normal variable with mean mu and standard deviation sigma. JKB 1, chapter 14."""
    return declare(gaussian(sp.log(_X), _MU, _SIGMA**2) / _X, _X, (_MU, _SIGMA), name="lognormal")


def log_cauchy() -> StatisticalModel:
    """The exponential of a Cauchy variable with location mu and scale sigma. JKB 1, chapter 16."""
    density = _SIGMA / (sp.pi * _X * ((sp.log(_X) - _MU) ** 2 + _SIGMA**2))
    return declare(density, _X, (_MU, _SIGMA), name="log_cauchy")


def inverse_gaussian() -> StatisticalModel:
    """The inverse Gaussian density with mean mu and variance mu^3/lambda. JKB 1, chapter 15."""
    mu, shape = positives("mu lambda")
    density = sp.sqrt(shape / (2 * sp.pi * _X**3)) * sp.exp(-shape * (_X - mu) ** 2 / (2 * mu**2 * _X))
    return declare(density, _X, (mu, shape), name="inverse_gaussian")


def reciprocal_inverse_gaussian() -> StatisticalModel:
    """The reciprocal of an inverse Gaussian variable of mean mu and shape lambda. JKB 1, chapter 15."""
    mu, shape = positives("mu lambda")
    density = sp.sqrt(shape / (2 * sp.pi * _X)) * sp.exp(-shape * (1 - mu * _X) ** 2 / (2 * mu**2 * _X))
    return declare(density, _X, (mu, shape), name="reciprocal_inverse_gaussian")


def generalised_inverse_gaussian(index: float | sp.Expr = 1) -> StatisticalModel:
    """The density in x^(index - 1) exp(-(a x + b/x)/2), index known. JKB 1, chapter 15."""
    p = real("index", index)
    a, b = positives("a b")
    norm = (a / b) ** (p / 2) / (2 * sp.besselk(p, sp.sqrt(a * b)))
    density = norm * _X ** (p - 1) * sp.exp(-(a * _X + b / _X) / 2)
    return declare(density, _X, (a, b), name=f"generalised_inverse_gaussian({p})")


def birnbaum_saunders() -> StatisticalModel:
    """The fatigue life density: (sqrt(x/b) - sqrt(b/x))/a is standard normal. JKB 2, chapter 33."""
    a, b = positives("a b")
    up, down = sp.sqrt(_X / b), sp.sqrt(b / _X)
    density = (up + down) / (2 * a * _X) * gaussian((up - down) / a, sp.S.Zero, sp.S.One)
    return declare(density, _X, (a, b), name="birnbaum_saunders")


def levy() -> StatisticalModel:
    """The positive stable density of index 1/2 with scale c: first passage of Brownian motion. JKB 1, chapter 12."""
    (c,) = positives("c")
    density = sp.sqrt(c / (2 * sp.pi)) * sp.exp(-c / (2 * _X)) / _X ** sp.Rational(3, 2)
    return declare(density, _X, c, name="levy")


def rayleigh() -> StatisticalModel:
    """The length of a normal vector in the plane with standard deviation sigma a side. JKB 1, chapter 18."""
    return declare(_X / _SIGMA**2 * sp.exp(-(_X**2) / (2 * _SIGMA**2)), _X, _SIGMA, name="rayleigh")


def maxwell() -> StatisticalModel:
    """The length of a normal vector in space with standard deviation a on each side. JKB 1, chapter 18."""
    (a,) = positives("a")
    density = sp.sqrt(2 / sp.pi) * _X**2 / a**3 * sp.exp(-(_X**2) / (2 * a**2))
    return declare(density, _X, a, name="maxwell")


def rice() -> StatisticalModel:
    """The length of a normal vector in the plane of mean length nu, standard deviation sigma a side.

    JKB 2, chapter 29.
    """
    nu, sigma = positives("nu sigma")
    density = _X / sigma**2 * sp.exp(-(_X**2 + nu**2) / (2 * sigma**2)) * sp.besseli(0, _X * nu / sigma**2)
    return declare(density, _X, (nu, sigma), name="rice")


def chi() -> StatisticalModel:
    """The length of a standard normal vector in k dimensions, k > 0 real. JKB 1, chapter 18."""
    (k,) = positives("k")
    density = _X ** (k - 1) * sp.exp(-(_X**2) / 2) / (2 ** (k / 2 - 1) * sp.gamma(k / 2))
    return declare(density, _X, k, name="chi")


def chi_squared() -> StatisticalModel:
    """The chi-squared density with k degrees of freedom, k > 0 real. JKB 1, chapter 18."""
    (k,) = positives("k")
    density = _X ** (k / 2 - 1) * sp.exp(-_X / 2) / (2 ** (k / 2) * sp.gamma(k / 2))
    return declare(density, _X, k, name="chi_squared")


def inverse_chi_squared() -> StatisticalModel:
    """The reciprocal of a chi-squared variable with k degrees of freedom. JKB 1, chapter 18."""
    (k,) = positives("k")
    density = _X ** (-k / 2 - 1) * sp.exp(-1 / (2 * _X)) / (2 ** (k / 2) * sp.gamma(k / 2))
    return declare(density, _X, k, name="inverse_chi_squared")


def scaled_inverse_chi_squared() -> StatisticalModel:
    """nu tau^2 over a chi-squared variable with nu degrees of freedom; s stands for tau^2.

    Gelman et al., Bayesian Data Analysis, third edition, 2013, section 2.6.
    """
    nu, s = positives("nu s")
    density = (nu * s / 2) ** (nu / 2) / sp.gamma(nu / 2) * _X ** (-nu / 2 - 1) * sp.exp(-nu * s / (2 * _X))
    return declare(density, _X, (nu, s), name="scaled_inverse_chi_squared")


def gamma() -> StatisticalModel:
    """The gamma density with shape k and rate r, of mean k/r. JKB 1, chapter 17."""
    k, r = positives("k r")
    return declare(r**k * _X ** (k - 1) * sp.exp(-r * _X) / sp.gamma(k), _X, (k, r), name="gamma")


def gamma_scale() -> StatisticalModel:
    """The gamma density with shape k and scale theta, of mean k theta. JKB 1, chapter 17."""
    k, theta = positives("k theta")
    density = _X ** (k - 1) * sp.exp(-_X / theta) / (sp.gamma(k) * theta**k)
    return declare(density, _X, (k, theta), name="gamma_scale")


def gamma_mean() -> StatisticalModel:
    """The gamma density with mean mu and shape k, orthogonal parameters. JKB 1, chapter 17."""
    mu, k = positives("mu k")
    density = (k / mu) ** k * _X ** (k - 1) * sp.exp(-k * _X / mu) / sp.gamma(k)
    return declare(density, _X, (mu, k), name="gamma_mean")


def erlang(shape: int = 3) -> StatisticalModel:
    """The sum of a known number of exponential variables of rate lambda. JKB 1, chapter 17."""
    k = count("shape", shape)
    (rate,) = positives("lambda")
    density = rate**k * _X ** (k - 1) * sp.exp(-rate * _X) / sp.factorial(k - 1)
    return declare(density, _X, rate, name=f"erlang({k})")


def inverse_gamma() -> StatisticalModel:
    """The reciprocal of a gamma variable of shape alpha and rate beta.

    Bernardo and Smith, Bayesian Theory, 1994, section 3.2.2 (inverted-gamma).
    """
    alpha, beta = positives("alpha beta")
    density = beta**alpha * _X ** (-alpha - 1) * sp.exp(-beta / _X) / sp.gamma(alpha)
    return declare(density, _X, (alpha, beta), name="inverse_gamma")


def generalised_gamma() -> StatisticalModel:
    """Stacy's density in x^(d - 1) exp(-(x/a)^p). JKB 1, chapter 17."""
    a, d, p = positives("a d p")
    density = p / (a**d * sp.gamma(d / p)) * _X ** (d - 1) * sp.exp(-((_X / a) ** p))
    return declare(density, _X, (a, d, p), name="generalised_gamma")


def nakagami() -> StatisticalModel:
    """The root of a gamma variable of shape m and mean omega. JKB 1, chapter 17."""
    m, omega = positives("m omega")
    density = 2 * m**m / (sp.gamma(m) * omega**m) * _X ** (2 * m - 1) * sp.exp(-m * _X**2 / omega)
    return declare(density, _X, (m, omega), name="nakagami")


def beta_prime() -> StatisticalModel:
    """The odds of a beta variable with exponents alpha and beta. JKB 2, chapter 25."""
    alpha, beta = positives("alpha beta")
    density = _X ** (alpha - 1) * (1 + _X) ** (-alpha - beta) / sp.beta(alpha, beta)
    return declare(density, _X, (alpha, beta), name="beta_prime")


def f_ratio() -> StatisticalModel:
    """Snedecor's F with d1 and d2 degrees of freedom. JKB 2, chapter 27."""
    d1, d2 = positives("d1 d2")
    kernel = sp.sqrt((d1 * _X) ** d1 * d2**d2 / (d1 * _X + d2) ** (d1 + d2))
    return declare(kernel / (_X * sp.beta(d1 / 2, d2 / 2)), _X, (d1, d2), name="f_ratio")
