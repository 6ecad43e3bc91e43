"""Discrete families in one variable that are no exponential families. Each function declares a probability.

JKK is Johnson, Kemp and Kotz, Univariate Discrete Distributions, third edition, 2005.
"""

from __future__ import annotations

import sympy as sp

from symgeo.catalogue.fixed import count
from symgeo.catalogue.notation import COUNT, FROM_ONE, INTEGER, UNIT, declare, positives
from symgeo.models.statistical_model import StatisticalModel

_X = COUNT
_P = sp.Symbol("p", positive=True)
_MEAN = sp.Symbol("lambda", positive=True)
_POISSON = _MEAN**_X * sp.exp(-_MEAN) / sp.factorial(_X)


def negative_binomial_free() -> StatisticalModel:
    """The negative binomial probabilities with size r > 0, real, and probability p of success. JKK, chapter 5."""
    (r,) = positives("r")
    density = sp.gamma(_X + r) / (sp.gamma(r) * sp.factorial(_X)) * _P**r * (1 - _P) ** _X
    return declare(density, _X, (r, _P), domain={_P: UNIT}, name="negative_binomial_free")


def negative_binomial_mean() -> StatisticalModel:
    """The negative binomial probabilities with mean m and size r, orthogonal parameters. JKK, chapter 5."""
    m, r = positives("m r")
    density = sp.gamma(_X + r) / (sp.gamma(r) * sp.factorial(_X)) * (r / (m + r)) ** r * (m / (m + r)) ** _X
    return declare(density, _X, (m, r), name="negative_binomial_mean")


def beta_binomial(n: int = 4) -> StatisticalModel:
    """The successes among n trials whose probability is a beta variable with exponents a and b. JKK, chapter 6."""
    n = count("n", n, least=2)
    a, b = positives("a b")
    density = sp.binomial(n, _X) * sp.beta(_X + a, n - _X + b) / sp.beta(a, b)
    return declare(density, _X, (a, b), support=sp.Range(0, n + 1), name=f"beta_binomial({n})")


def beta_geometric() -> StatisticalModel:
    """The failures before a success whose probability is a beta variable with exponents a and b. JKK, chapter 6."""
    a, b = positives("a b")
    return declare(sp.beta(a + 1, b + _X) / sp.beta(a, b), _X, (a, b), name="beta_geometric")


def yule_simon() -> StatisticalModel:
    """Yule's probabilities rho B(x, rho + 1) on 1, 2, ... JKK, chapter 6."""
    (rho,) = positives("rho")
    return declare(rho * sp.beta(FROM_ONE, rho + 1), FROM_ONE, rho, name="yule_simon")


def zero_inflated_poisson() -> StatisticalModel:
    """Zero with probability p, else a Poisson count of mean lambda. JKK, chapter 8."""
    density = sp.Piecewise((_P + (1 - _P) * sp.exp(-_MEAN), sp.Eq(_X, 0)), ((1 - _P) * _POISSON, True))
    return declare(density, _X, (_P, _MEAN), domain={_P: UNIT}, name="zero_inflated_poisson")


def hurdle_poisson() -> StatisticalModel:
    """Zero with probability p, else a Poisson count of parameter lambda that is not zero. JKK, chapter 8."""
    density = sp.Piecewise((_P, sp.Eq(_X, 0)), ((1 - _P) * _POISSON / (1 - sp.exp(-_MEAN)), True))
    return declare(density, _X, (_P, _MEAN), domain={_P: UNIT}, name="hurdle_poisson")


def zero_inflated_geometric() -> StatisticalModel:
    """Zero with probability w, else a geometric count of success probability p. JKK, chapter 8."""
    (w,) = positives("w")
    density = sp.Piecewise((w + (1 - w) * _P, sp.Eq(_X, 0)), ((1 - w) * _P * (1 - _P) ** _X, True))
    return declare(density, _X, (w, _P), domain={w: UNIT, _P: UNIT}, name="zero_inflated_geometric")


def skellam() -> StatisticalModel:
    """The difference of Poisson counts of means mu1 and mu2. JKK, chapter 4."""
    mu1, mu2 = positives("mu1 mu2")
    bessel = sp.besseli(INTEGER, 2 * sp.sqrt(mu1 * mu2))
    return declare(sp.exp(-mu1 - mu2) * (mu1 / mu2) ** (INTEGER / 2) * bessel, INTEGER, (mu1, mu2), name="skellam")


def conway_maxwell_poisson() -> StatisticalModel:
    """Probabilities proportional to lambda^x/(x!)^nu: the Poisson law with dispersion. JKK, chapter 4."""
    (nu,) = positives("nu")
    j = sp.Symbol("j", integer=True, nonnegative=True)
    total = sp.Sum(_MEAN**j / sp.factorial(j) ** nu, (j, 0, sp.oo))
    return declare(_MEAN**_X / sp.factorial(_X) ** nu / total, _X, (_MEAN, nu), name="conway_maxwell_poisson")


def generalised_poisson() -> StatisticalModel:
    """Consul's probabilities theta (theta + lambda x)^(x - 1) exp(-theta - lambda x)/x!, lambda < 1. JKK, chapter 7."""
    (theta,) = positives("theta")
    rate = theta + _MEAN * _X
    density = theta * rate ** (_X - 1) * sp.exp(-rate) / sp.factorial(_X)
    return declare(density, _X, (theta, _MEAN), domain={_MEAN: UNIT}, name="generalised_poisson")


def poisson_lindley() -> StatisticalModel:
    """A Poisson count whose mean is a Lindley variable of parameter theta.

    Sankaran, The discrete Poisson-Lindley distribution, Biometrics 26 (1970) 145-149, section 2.
    """
    (theta,) = positives("theta")
    density = theta**2 * (_X + theta + 2) / (1 + theta) ** (_X + 3)
    return declare(density, _X, theta, name="poisson_lindley")


def discrete_weibull() -> StatisticalModel:
    """The whole part of a Weibull variable: survival q^(x^b). JKK, chapter 11."""
    q, b = positives("q b")
    return declare(q ** (_X**b) - q ** ((_X + 1) ** b), _X, (q, b), domain={q: UNIT}, name="discrete_weibull")


def linkage() -> StatisticalModel:
    """Four classes with probabilities (2 + t, 1 - t, 1 - t, t)/4: Fisher's linkage example.

    Rao, Linear Statistical Inference and its Applications, second edition, 1973, section 5g.
    """
    (t,) = positives("t")
    values = (2 + t, 1 - t, 1 - t, t)
    density = sp.Piecewise(*((v / 4, sp.Eq(FROM_ONE, i)) for i, v in enumerate(values, start=1)))
    return declare(density, FROM_ONE, t, support=sp.FiniteSet(1, 2, 3, 4), domain={t: UNIT}, name="linkage")


def hardy_weinberg() -> StatisticalModel:
    """The number of genes of one kind in a pair, each with probability p, by its three cases.

    Lange, Mathematical and Statistical Methods for Genetic Analysis, 1997, chapter 1.
    """
    density = sp.Piecewise(((1 - _P) ** 2, sp.Eq(_X, 0)), (2 * _P * (1 - _P), sp.Eq(_X, 1)), (_P**2, True))
    return declare(density, _X, _P, support=sp.FiniteSet(0, 1, 2), domain={_P: UNIT}, name="hardy_weinberg")


def abo_blood_groups() -> StatisticalModel:
    """The blood groups A, B, AB, O as 1, 2, 3, 4, with gene frequencies p of A and q of B.

    Rao, Linear Statistical Inference and its Applications, second edition, 1973, section 5g.
    """
    p, q = positives("p q")
    r = 1 - p - q
    density = sp.Piecewise(
        (p**2 + 2 * p * r, sp.Eq(FROM_ONE, 1)),
        (q**2 + 2 * q * r, sp.Eq(FROM_ONE, 2)),
        (2 * p * q, sp.Eq(FROM_ONE, 3)),
        (r**2, True),
    )
    return declare(
        density,
        FROM_ONE,
        (p, q),
        support=sp.FiniteSet(1, 2, 3, 4),
        domain={p: UNIT, q: UNIT},
        constraints=[p + q < 1],
        name="abo_blood_groups",
    )
