"""Families on the interval from 0 to 1. Each function declares a density and derives nothing.

JKB 1 and JKB 2 are Johnson, Kotz and Balakrishnan, Continuous Univariate Distributions, volume 1 (1994) and
volume 2 (1995), second edition.
"""

from __future__ import annotations

import sympy as sp

from symgeo.catalogue.notation import POSITIVE, UNIT, declare, gaussian, positives
from symgeo.models.statistical_model import StatisticalModel

_X = POSITIVE
_LOGIT = sp.log(_X / (1 - _X))


def beta() -> StatisticalModel:
    """The beta density on (0, 1) with exponents alpha - 1 of x and beta - 1 of 1 - x. JKB 2, chapter 25."""
    alpha, beta_ = positives("alpha beta")
    density = _X ** (alpha - 1) * (1 - _X) ** (beta_ - 1) / sp.beta(alpha, beta_)
    return declare(density, _X, (alpha, beta_), support=UNIT, name="beta")


def beta_mean() -> StatisticalModel:
    """The beta density with mean mu and precision phi, exponents mu phi and (1 - mu) phi.

    Ferrari and Cribari-Neto, Beta regression for modelling rates and proportions, J. Appl. Stat. 31 (2004) 799-815,
    section 2.
    """
    mu, phi = positives("mu phi")
    density = _X ** (mu * phi - 1) * (1 - _X) ** ((1 - mu) * phi - 1) / sp.beta(mu * phi, (1 - mu) * phi)
    return declare(density, _X, (mu, phi), support=UNIT, domain={mu: UNIT}, name="beta_mean")


def power_function() -> StatisticalModel:
    """The power density a x^(a - 1) on (0, 1). JKB 2, chapter 25."""
    (a,) = positives("a")
    return declare(a * _X ** (a - 1), _X, a, support=UNIT, name="power_function")


def arcsine() -> StatisticalModel:
    """The generalised arcsine density sin(pi a)/pi x^(-a) (1 - x)^(a - 1), 0 < a < 1. JKB 2, chapter 25."""
    (a,) = positives("a")
    density = sp.sin(sp.pi * a) / sp.pi * _X ** (-a) * (1 - _X) ** (a - 1)
    return declare(density, _X, a, support=UNIT, domain={a: UNIT}, name="arcsine")


def kumaraswamy() -> StatisticalModel:
    """The density a b x^(a - 1) (1 - x^a)^(b - 1), a beta law of x^a.

    Jones, Kumaraswamy's distribution, Statistical Methodology 6 (2009) 70-81, section 1.
    """
    a, b = positives("a b")
    return declare(a * b * _X ** (a - 1) * (1 - _X**a) ** (b - 1), _X, (a, b), support=UNIT, name="kumaraswamy")


def topp_leone() -> StatisticalModel:
    """The density whose distribution function is (2 x - x^2)^a.

    Kotz and van Dorp, Beyond Beta, 2004, chapter 2.
    """
    (a,) = positives("a")
    return declare(2 * a * (1 - _X) * (_X * (2 - _X)) ** (a - 1), _X, a, support=UNIT, name="topp_leone")


def unit_gamma() -> StatisticalModel:
    """The variable whose -log x is gamma of shape k and rate r. JKB 1, chapter 17."""
    k, r = positives("k r")
    density = r**k * _X ** (r - 1) * (-sp.log(_X)) ** (k - 1) / sp.gamma(k)
    return declare(density, _X, (k, r), support=UNIT, name="unit_gamma")


def logit_normal() -> StatisticalModel:
    """The variable whose log odds are normal with mean mu and standard deviation sigma.

    Mead, A generalised logit-normal distribution, Biometrics 21 (1965) 721-732, section 1.
    """
    mu, sigma = sp.Symbol("mu", real=True), sp.Symbol("sigma", positive=True)
    density = gaussian(_LOGIT, mu, sigma**2) / (_X * (1 - _X))
    return declare(density, _X, (mu, sigma), support=UNIT, name="logit_normal")


def johnson_sb() -> StatisticalModel:
    """The variable whose gamma + delta log(x/(1 - x)) is standard normal: Johnson's SB. JKB 1, chapter 12."""
    shift, delta = sp.Symbol("gamma", real=True), sp.Symbol("delta", positive=True)
    density = delta / (_X * (1 - _X)) * gaussian(shift + delta * _LOGIT, sp.S.Zero, sp.S.One)
    return declare(density, _X, (shift, delta), support=UNIT, name="johnson_sb")


def truncated_exponential() -> StatisticalModel:
    """The exponential density of rate lambda, conditioned to lie below 1. JKB 1, chapter 19."""
    (rate,) = positives("lambda")
    density = rate * sp.exp(-rate * _X) / (1 - sp.exp(-rate))
    return declare(density, _X, rate, support=UNIT, name="truncated_exponential")


def truncated_normal() -> StatisticalModel:
    """The normal density of mean mu and standard deviation sigma, conditioned to lie in (0, 1). JKB 1, chapter 13."""
    mu, sigma = sp.Symbol("mu", real=True), sp.Symbol("sigma", positive=True)
    mass = (sp.erf((1 - mu) / (sp.sqrt(2) * sigma)) + sp.erf(mu / (sp.sqrt(2) * sigma))) / 2
    return declare(gaussian(_X, mu, sigma**2) / mass, _X, (mu, sigma), support=UNIT, name="truncated_normal")
