"""Families of lifetimes, sizes and extremes on the half-line. Each function declares a density, derives nothing.

JKB 1 and JKB 2 are Johnson, Kotz and Balakrishnan, Continuous Univariate Distributions, volume 1 (1994) and
volume 2 (1995), second edition.
"""

from __future__ import annotations

import sympy as sp

from symgeo.catalogue.fixed import positive
from symgeo.catalogue.notation import POSITIVE, UNIT, declare, positives
from symgeo.models.statistical_model import StatisticalModel

_X = POSITIVE
(_SCALE,) = positives("lambda")
_Z = _X / _SCALE


def exponential() -> StatisticalModel:
    """The exponential density with rate lambda, of mean 1/lambda. JKB 1, chapter 19."""
    (rate,) = positives("lambda")
    return declare(rate * sp.exp(-rate * _X), _X, rate, name="exponential")


def exponential_scale() -> StatisticalModel:
    """The exponential density with mean theta. JKB 1, chapter 19."""
    (theta,) = positives("theta")
    return declare(sp.exp(-_X / theta) / theta, _X, theta, name="exponential_scale")


def lindley() -> StatisticalModel:
    """The density in (1 + x) exp(-theta x).

    Ghitany, Atieh and Nadarajah, Lindley distribution and its application, Math. Comput. Simulation 78 (2008)
    493-506, section 1.
    """
    (theta,) = positives("theta")
    return declare(theta**2 / (1 + theta) * (1 + _X) * sp.exp(-theta * _X), _X, theta, name="lindley")


def hypoexponential() -> StatisticalModel:
    """The sum of two exponential variables of rates a > b. JKB 1, chapter 19."""
    a, b = positives("a b")
    density = a * b / (a - b) * (sp.exp(-b * _X) - sp.exp(-a * _X))
    return declare(density, _X, (a, b), constraints=[a > b], name="hypoexponential")


def exponentiated_exponential() -> StatisticalModel:
    """The largest of a exponential variables of rate lambda, a > 0 real. JKB 1, chapter 19."""
    a, rate = positives("a lambda")
    density = a * rate * sp.exp(-rate * _X) * (1 - sp.exp(-rate * _X)) ** (a - 1)
    return declare(density, _X, (a, rate), name="exponentiated_exponential")


def marshall_olkin_exponential() -> StatisticalModel:
    """The exponential law of rate lambda with odds of survival multiplied by a.

    Marshall and Olkin, Life Distributions, 2007, chapter 7.
    """
    a, rate = positives("a lambda")
    density = a * rate * sp.exp(-rate * _X) / (1 - (1 - a) * sp.exp(-rate * _X)) ** 2
    return declare(density, _X, (a, rate), name="marshall_olkin_exponential")


def exponential_logarithmic() -> StatisticalModel:
    """The least of a logarithmic-series number of exponential variables of rate b, 0 < p < 1.

    Tahmasbi and Rezaei, A two-parameter lifetime distribution with decreasing failure rate, Comput. Statist. Data
    Anal. 52 (2008) 3889-3901, section 2.
    """
    p, b = positives("p b")
    density = -b * (1 - p) * sp.exp(-b * _X) / (sp.log(p) * (1 - (1 - p) * sp.exp(-b * _X)))
    return declare(density, _X, (p, b), domain={p: UNIT}, name="exponential_logarithmic")


def weibull(shape: float | sp.Expr = 2) -> StatisticalModel:
    """The Weibull density with scale lambda and a known shape > 0. JKB 1, chapter 21.

    With the shape unknown it is no exponential family: see `weibull_free`.
    """
    power = positive("shape", shape)
    density = power / _SCALE * _Z ** (power - 1) * sp.exp(-(_Z**power))
    return declare(density, _X, _SCALE, name=f"weibull({power})")


def weibull_free() -> StatisticalModel:
    """The Weibull density with shape k and scale lambda. JKB 1, chapter 21."""
    (k,) = positives("k")
    return declare(k / _SCALE * _Z ** (k - 1) * sp.exp(-(_Z**k)), _X, (k, _SCALE), name="weibull_free")


def weibull_rate() -> StatisticalModel:
    """The Weibull density with shape k and hazard a k x^(k - 1). JKB 1, chapter 21."""
    k, a = positives("k a")
    return declare(a * k * _X ** (k - 1) * sp.exp(-a * _X**k), _X, (k, a), name="weibull_rate")


def exponentiated_weibull() -> StatisticalModel:
    """The largest of a Weibull variables of shape k and scale lambda, a > 0 real. JKB 1, chapter 21."""
    a, k = positives("a k")
    survival = sp.exp(-(_Z**k))
    density = a * k / _SCALE * _Z ** (k - 1) * survival * (1 - survival) ** (a - 1)
    return declare(density, _X, (a, k, _SCALE), name="exponentiated_weibull")


def frechet() -> StatisticalModel:
    """The extreme-value density of type 2 with shape a and scale lambda. JKB 2, chapter 22."""
    (a,) = positives("a")
    return declare(a / _SCALE * _Z ** (-1 - a) * sp.exp(-(_Z ** (-a))), _X, (a, _SCALE), name="frechet")


def gumbel_type_2() -> StatisticalModel:
    """The density a b x^(-a - 1) exp(-b x^(-a)), Frechet's law by its rate. JKB 2, chapter 22."""
    a, b = positives("a b")
    return declare(a * b * _X ** (-a - 1) * sp.exp(-b * _X ** (-a)), _X, (a, b), name="gumbel_type_2")


def gompertz() -> StatisticalModel:
    """The lifetime with hazard b eta exp(b x). JKB 2, chapter 33."""
    b, eta = positives("b eta")
    density = b * eta * sp.exp(eta + b * _X - eta * sp.exp(b * _X))
    return declare(density, _X, (b, eta), name="gompertz")


def linear_hazard() -> StatisticalModel:
    """The lifetime with hazard a + b x. JKB 2, chapter 33."""
    a, b = positives("a b")
    return declare((a + b * _X) * sp.exp(-a * _X - b * _X**2 / 2), _X, (a, b), name="linear_hazard")


def pareto(minimum: float | sp.Expr = 1) -> StatisticalModel:
    """The Pareto density with exponent alpha above a known minimum > 0. JKB 1, chapter 20.

    With the minimum unknown the support would move with it, and there would be no Fisher geometry.
    """
    least = positive("minimum", minimum)
    (alpha,) = positives("alpha")
    support = sp.Interval(least, sp.oo)
    return declare(alpha * least**alpha / _X ** (alpha + 1), _X, alpha, support=support, name=f"pareto({least})")


def lomax() -> StatisticalModel:
    """The Pareto density of type II with exponent alpha and scale lambda. JKB 1, chapter 20."""
    (alpha,) = positives("alpha")
    return declare(alpha / _SCALE * (1 + _Z) ** (-alpha - 1), _X, (alpha, _SCALE), name="lomax")


def log_gamma_pareto() -> StatisticalModel:
    """The exponential of a gamma variable of shape k and rate r, above 1. JKB 1, chapter 17."""
    k, r = positives("k r")
    density = r**k * sp.log(_X) ** (k - 1) * _X ** (-r - 1) / sp.gamma(k)
    return declare(density, _X, (k, r), support=sp.Interval.open(1, sp.oo), name="log_gamma_pareto")


def burr_3() -> StatisticalModel:
    """Burr's density of type III, distribution function (1 + x^(-c))^(-k). JKB 1, chapter 12."""
    c, k = positives("c k")
    return declare(c * k * _X ** (-c - 1) * (1 + _X ** (-c)) ** (-k - 1), _X, (c, k), name="burr_3")


def burr_12() -> StatisticalModel:
    """Burr's density of type XII (Singh-Maddala) with exponents c and k and scale lambda. JKB 1, chapter 12."""
    c, k = positives("c k")
    density = c * k / _SCALE * _Z ** (c - 1) * (1 + _Z**c) ** (-k - 1)
    return declare(density, _X, (c, k, _SCALE), name="burr_12")


def dagum() -> StatisticalModel:
    """Dagum's density of incomes with exponents a and p and scale lambda: Burr III with a scale.

    Kleiber and Kotz, Statistical Size Distributions in Economics and Actuarial Sciences, 2003, section 6.3.
    """
    a, p = positives("a p")
    density = a * p / _X * _Z ** (a * p) / (_Z**a + 1) ** (p + 1)
    return declare(density, _X, (a, p, _SCALE), name="dagum")


def generalised_beta_prime() -> StatisticalModel:
    """The generalised beta law of the second kind: exponents a, p, q and scale lambda.

    Kleiber and Kotz, Statistical Size Distributions in Economics and Actuarial Sciences, 2003, section 6.1.
    """
    a, p, q = positives("a p q")
    density = a / (_X * sp.beta(p, q)) * _Z ** (a * p) / (1 + _Z**a) ** (p + q)
    return declare(density, _X, (a, p, q, _SCALE), name="generalised_beta_prime")


def log_logistic() -> StatisticalModel:
    """The exponential of a logistic variable: median lambda and shape beta. JKB 2, chapter 23."""
    (beta,) = positives("beta")
    density = beta / _SCALE * _Z ** (beta - 1) / (1 + _Z**beta) ** 2
    return declare(density, _X, (_SCALE, beta), name="log_logistic")


def half_logistic() -> StatisticalModel:
    """The size of a logistic variable of location zero and scale lambda. JKB 2, chapter 23."""
    density = 2 * sp.exp(-_Z) / (_SCALE * (1 + sp.exp(-_Z)) ** 2)
    return declare(density, _X, _SCALE, name="half_logistic")


def half_cauchy() -> StatisticalModel:
    """The size of a Cauchy variable of location zero and scale lambda. JKB 1, chapter 16."""
    return declare(2 / (sp.pi * _SCALE * (1 + _Z**2)), _X, _SCALE, name="half_cauchy")


def half_student() -> StatisticalModel:
    """The size of Student's t with nu degrees of freedom and scale lambda. JKB 2, chapter 28."""
    (nu,) = positives("nu")
    norm = 2 * sp.gamma((nu + 1) / 2) / (sp.sqrt(nu * sp.pi) * sp.gamma(nu / 2) * _SCALE)
    return declare(norm * (1 + _Z**2 / nu) ** (-(nu + 1) / 2), _X, (nu, _SCALE), name="half_student")
