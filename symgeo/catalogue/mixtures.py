"""Mixtures. Each function declares a density or a probability and derives nothing.

MP is McLachlan and Peel, Finite Mixture Models, 2000.
"""

from __future__ import annotations

import sympy as sp

from symgeo.catalogue.fixed import count, positive
from symgeo.catalogue.notation import COUNT, POSITIVE, REAL, UNIT, declare, gaussian, positives, reals
from symgeo.models.statistical_model import StatisticalModel

(_W,) = positives("w")
_WEIGHT = {_W: UNIT}


def normal_mixture_weight(distance: float | sp.Expr = 2) -> StatisticalModel:
    """Two unit normal densities at a known distance, the second with free weight w: a line in the m-connection.

    Amari and Nagaoka, Methods of Information Geometry, 2000, section 2.3.
    """
    d = positive("distance", distance)
    density = (1 - _W) * gaussian(REAL, sp.S.Zero, sp.S.One) + _W * gaussian(REAL, d, sp.S.One)
    return declare(density, REAL, _W, domain=_WEIGHT, name=f"normal_mixture_weight({d})")


def normal_mixture() -> StatisticalModel:
    """Two unit normal densities with means mu1 < mu2, the second with weight w. MP, chapter 1."""
    mu1, mu2 = reals("mu1 mu2")
    density = (1 - _W) * gaussian(REAL, mu1, sp.S.One) + _W * gaussian(REAL, mu2, sp.S.One)
    return declare(density, REAL, (_W, mu1, mu2), domain=_WEIGHT, constraints=[mu1 < mu2], name="normal_mixture")


def contaminated_normal() -> StatisticalModel:
    """A normal density (mu, sigma), one part in ten of it with three times the spread. MP, chapter 7."""
    mu, sigma = sp.Symbol("mu", real=True), sp.Symbol("sigma", positive=True)
    parts = 9 * gaussian(REAL, mu, sigma**2) + gaussian(REAL, mu, 9 * sigma**2)
    return declare(parts / 10, REAL, (mu, sigma), name="contaminated_normal")


def exponential_mixture() -> StatisticalModel:
    """Two exponential densities of rates a > b, the second with weight w. MP, chapter 10."""
    a, b = positives("a b")
    density = (1 - _W) * a * sp.exp(-a * POSITIVE) + _W * b * sp.exp(-b * POSITIVE)
    return declare(density, POSITIVE, (_W, a, b), domain=_WEIGHT, constraints=[a > b], name="exponential_mixture")


def uniform_beta_mixture() -> StatisticalModel:
    """The uniform density on (0, 1) and, with weight w, the power density of exponent a < 1: levels of tests.

    Efron, Large-Scale Inference, 2010, chapter 5.
    """
    (a,) = positives("a")
    density = 1 - _W + _W * a * POSITIVE ** (a - 1)
    return declare(density, POSITIVE, (_W, a), support=UNIT, domain={_W: UNIT, a: UNIT}, name="uniform_beta_mixture")


def von_mises_uniform_mixture() -> StatisticalModel:
    """A von Mises density about zero of concentration kappa, with weight w, and the uniform density on the circle.

    Mardia and Jupp, Directional Statistics, 2000, section 5.5.
    """
    (kappa,) = positives("kappa")
    density = (1 - _W + _W * sp.exp(kappa * sp.cos(REAL)) / sp.besseli(0, kappa)) / (2 * sp.pi)
    support = sp.Interval.Ropen(-sp.pi, sp.pi)
    return declare(density, REAL, (_W, kappa), support=support, domain=_WEIGHT, name="von_mises_uniform_mixture")


def poisson_mixture() -> StatisticalModel:
    """Two Poisson counts of means a > b, the second with weight w.

    Johnson, Kemp and Kotz, Univariate Discrete Distributions, third edition, 2005, chapter 8.
    """
    a, b = positives("a b")
    density = ((1 - _W) * a**COUNT * sp.exp(-a) + _W * b**COUNT * sp.exp(-b)) / sp.factorial(COUNT)
    return declare(density, COUNT, (_W, a, b), domain=_WEIGHT, constraints=[a > b], name="poisson_mixture")


def binomial_mixture(n: int = 3) -> StatisticalModel:
    """Two binomial counts among n >= 3 trials of probabilities p > q, the second with weight w.

    Johnson, Kemp and Kotz, Univariate Discrete Distributions, third edition, 2005, chapter 8.
    """
    n = count("n", n, least=3)
    p, q = positives("p q")
    parts = (1 - _W) * p**COUNT * (1 - p) ** (n - COUNT) + _W * q**COUNT * (1 - q) ** (n - COUNT)
    return declare(
        sp.binomial(n, COUNT) * parts,
        COUNT,
        (_W, p, q),
        support=sp.Range(0, n + 1),
        domain=dict.fromkeys((_W, p, q), UNIT),
        constraints=[p > q],
        name=f"binomial_mixture({n})",
    )
