"""Curved exponential families. Each function declares a density and derives nothing.

AN is Amari and Nagaoka, Methods of Information Geometry, 2000, whose chapter 4 is on curved families.
"""

from __future__ import annotations

import sympy as sp

from symgeo.catalogue.fixed import positive
from symgeo.catalogue.notation import REAL, declare, gaussian, positives, reals
from symgeo.models.statistical_model import StatisticalModel

_X, _Y = reals("x y")


def normal_constant_variation(c: float | sp.Expr = 1) -> StatisticalModel:
    """The normal density with mean mu > 0 and standard deviation c mu, c known. AN, chapter 4."""
    c = positive("c", c)
    (mu,) = positives("mu")
    return declare(gaussian(REAL, mu, (c * mu) ** 2), REAL, mu, name=f"normal_constant_variation({c})")


def normal_poisson() -> StatisticalModel:
    """The normal density with variance equal to its mean mu > 0. AN, chapter 4."""
    (mu,) = positives("mu")
    return declare(gaussian(REAL, mu, mu), REAL, mu, name="normal_poisson")


def fisher_circle(radius: float | sp.Expr = 1) -> StatisticalModel:
    """Two unit normal variables whose mean lies on a circle of known radius, at the angle theta. AN, chapter 4."""
    r = positive("radius", radius)
    (theta,) = reals("theta")
    density = gaussian(_X, r * sp.cos(theta), sp.S.One) * gaussian(_Y, r * sp.sin(theta), sp.S.One)
    domain = {theta: sp.Interval.open(-sp.pi, sp.pi)}
    return declare(density, (_X, _Y), theta, domain=domain, name=f"fisher_circle({r})")


def gamma_hyperbola() -> StatisticalModel:
    """Independent exponential variables of rates theta and 1/theta: Fisher's problem of the Nile. AN, chapter 4."""
    x, y, theta = positives("x y theta")
    return declare(sp.exp(-theta * x - y / theta), (x, y), theta, name="gamma_hyperbola")


def correlation() -> StatisticalModel:
    """Two standard normal variables with correlation rho. AN, chapter 4."""
    (rho,) = reals("rho")
    quadratic = (_X**2 - 2 * rho * _X * _Y + _Y**2) / (1 - rho**2)
    density = sp.exp(-quadratic / 2) / (2 * sp.pi * sp.sqrt(1 - rho**2))
    return declare(density, (_X, _Y), rho, domain={rho: sp.Interval.open(-1, 1)}, name="correlation")


def common_mean() -> StatisticalModel:
    """Two normal variables with one mean mu and standard deviations sigma1 and sigma2: Behrens and Fisher.

    AN, chapter 4.
    """
    (mu,) = reals("mu")
    sigma1, sigma2 = positives("sigma1 sigma2")
    density = gaussian(_X, mu, sigma1**2) * gaussian(_Y, mu, sigma2**2)
    return declare(density, (_X, _Y), (mu, sigma1, sigma2), name="common_mean")


def autoregression() -> StatisticalModel:
    """Three consecutive values of a stationary autoregression of order one, coefficient phi and noise sigma.

    AN, chapter 5.
    """
    x = reals("x1:4")
    (phi,) = reals("phi")
    (sigma,) = positives("sigma")
    density = gaussian(x[0], sp.S.Zero, sigma**2 / (1 - phi**2))
    density *= gaussian(x[1], phi * x[0], sigma**2) * gaussian(x[2], phi * x[1], sigma**2)
    return declare(density, x, (phi, sigma), domain={phi: sp.Interval.open(-1, 1)}, name="autoregression")


def moving_average() -> StatisticalModel:
    """Two consecutive values of a moving average of order one, coefficient b and noise sigma.

    Brockwell and Davis, Time Series: Theory and Methods, second edition, 1991, chapter 3.
    """
    (b,) = reals("b")
    (sigma,) = positives("sigma")
    determinant = sigma**4 * ((1 + b**2) ** 2 - b**2)
    quadratic = sigma**2 * ((1 + b**2) * (_X**2 + _Y**2) - 2 * b * _X * _Y) / determinant
    density = sp.exp(-quadratic / 2) / (2 * sp.pi * sp.sqrt(determinant))
    return declare(density, (_X, _Y), (b, sigma), domain={b: sp.Interval.open(-1, 1)}, name="moving_average")


def poisson_hyperbola() -> StatisticalModel:
    """Independent Poisson counts of means theta and 1/theta. AN, chapter 4."""
    x, y = sp.symbols("x y", integer=True, nonnegative=True)
    (theta,) = positives("theta")
    density = theta ** (x - y) * sp.exp(-theta - 1 / theta) / (sp.factorial(x) * sp.factorial(y))
    return declare(density, (x, y), theta, name="poisson_hyperbola")


def exponential_pair() -> StatisticalModel:
    """Independent exponential variables of rates theta and theta^2. AN, chapter 4."""
    x, y, theta = positives("x y theta")
    return declare(theta**3 * sp.exp(-theta * x - theta**2 * y), (x, y), theta, name="exponential_pair")
