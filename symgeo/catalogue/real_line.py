"""Smooth families on the real line. Each function declares a density and derives nothing.

JKB 1 and JKB 2 are Johnson, Kotz and Balakrishnan, Continuous Univariate Distributions, volume 1 (1994) and
volume 2 (1995), second edition.
"""

from __future__ import annotations

import sympy as sp

from symgeo.catalogue.fixed import count, positive
from symgeo.catalogue.notation import REAL, declare, gaussian, positives, reals
from symgeo.models.statistical_model import StatisticalModel

_X = REAL
(_MU,) = reals("mu")
(_SIGMA,) = positives("sigma")
_Z = (_X - _MU) / _SIGMA


def normal() -> StatisticalModel:
    """The normal density with mean mu and standard deviation sigma > 0. JKB 1, chapter 13."""
    return declare(gaussian(_X, _MU, _SIGMA**2), _X, (_MU, _SIGMA), name="normal")


def normal_variance() -> StatisticalModel:
    """The normal density with mean mu and variance v > 0. JKB 1, chapter 13."""
    (v,) = positives("v")
    return declare(gaussian(_X, _MU, v), _X, (_MU, v), name="normal_variance")


def normal_precision() -> StatisticalModel:
    """The normal density with mean mu and precision (inverse variance) tau > 0.

    Bernardo and Smith, Bayesian Theory, 1994, section 3.2.2.
    """
    (tau,) = positives("tau")
    density = sp.sqrt(tau / (2 * sp.pi)) * sp.exp(-tau * (_X - _MU) ** 2 / 2)
    return declare(density, _X, (_MU, tau), name="normal_precision")


def normal_natural() -> StatisticalModel:
    """The normal density exp(eta1 x + eta2 x^2 - psi) with natural parameters eta1 and eta2 < 0.

    Amari and Nagaoka, Methods of Information Geometry, 2000, chapter 2.
    """
    eta1, eta2 = sp.Symbol("eta1", real=True), sp.Symbol("eta2", negative=True)
    density = sp.sqrt(-eta2 / sp.pi) * sp.exp(eta1 * _X + eta2 * _X**2 + eta1**2 / (4 * eta2))
    return declare(density, _X, (eta1, eta2), name="normal_natural")


def normal_expectation() -> StatisticalModel:
    """The normal density with expectation parameters m1 = E[x] and m2 = E[x^2] > m1^2.

    Amari and Nagaoka, Methods of Information Geometry, 2000, chapter 3.
    """
    m1, m2 = sp.Symbol("m1", real=True), sp.Symbol("m2", positive=True)
    return declare(gaussian(_X, m1, m2 - m1**2), _X, (m1, m2), constraints=[m2 - m1**2 > 0], name="normal_expectation")


def johnson_su() -> StatisticalModel:
    """The variable whose gamma + delta arsinh(x) is standard normal: Johnson's unbounded system. JKB 1, chapter 12."""
    shift, delta = sp.Symbol("gamma", real=True), sp.Symbol("delta", positive=True)
    density = delta / sp.sqrt(1 + _X**2) * gaussian(shift + delta * sp.asinh(_X), sp.S.Zero, sp.S.One)
    return declare(density, _X, (shift, delta), name="johnson_su")


def johnson_su_free() -> StatisticalModel:
    """Johnson's unbounded system with location xi and scale lambda as well. JKB 1, chapter 12."""
    shift, xi = reals("gamma xi")
    delta, scale = positives("delta lambda")
    z = (_X - xi) / scale
    density = delta / (scale * sp.sqrt(1 + z**2)) * gaussian(shift + delta * sp.asinh(z), sp.S.Zero, sp.S.One)
    return declare(density, _X, (shift, delta, xi, scale), name="johnson_su_free")


def sinh_arcsinh_normal() -> StatisticalModel:
    """The variable whose sinh(delta arsinh(x) - epsilon) is standard normal.

    Jones and Pewsey, Sinh-arcsinh distributions, Biometrika 96 (2009) 761-780, section 2.
    """
    epsilon, delta = sp.Symbol("epsilon", real=True), sp.Symbol("delta", positive=True)
    u = delta * sp.asinh(_X) - epsilon
    density = delta * sp.cosh(u) / sp.sqrt(2 * sp.pi * (1 + _X**2)) * sp.exp(-(sp.sinh(u) ** 2) / 2)
    return declare(density, _X, (epsilon, delta), name="sinh_arcsinh_normal")


def skew_normal() -> StatisticalModel:
    """The skew normal density with location xi, scale omega and slant alpha. JKB 1, chapter 13."""
    xi, alpha = reals("xi alpha")
    (omega,) = positives("omega")
    z = (_X - xi) / omega
    density = gaussian(_X, xi, omega**2) * (1 + sp.erf(alpha * z / sp.sqrt(2)))
    return declare(density, _X, (xi, omega, alpha), name="skew_normal")


def exponentially_modified_gaussian() -> StatisticalModel:
    """The sum of a normal variable (mu, sigma) and an exponential variable of rate lambda. JKB 1, chapter 13."""
    (rate,) = positives("lambda")
    tail = sp.erfc((_MU + rate * _SIGMA**2 - _X) / (sp.sqrt(2) * _SIGMA))
    density = rate / 2 * sp.exp(rate * (2 * _MU + rate * _SIGMA**2 - 2 * _X) / 2) * tail
    return declare(density, _X, (_MU, _SIGMA, rate), name="exponentially_modified_gaussian")


def cauchy() -> StatisticalModel:
    """The Cauchy density with location mu and scale sigma. JKB 1, chapter 16."""
    return declare(1 / (sp.pi * _SIGMA * (1 + _Z**2)), _X, (_MU, _SIGMA), name="cauchy")


def student(df: float | sp.Expr = 5) -> StatisticalModel:
    """Student's t with location mu, scale sigma and known degrees of freedom > 0. JKB 2, chapter 28."""
    df = positive("df", df)
    return declare(_student(df), _X, (_MU, _SIGMA), name=f"student({df})")


def student_free() -> StatisticalModel:
    """Student's t with location mu, scale sigma and nu > 0 degrees of freedom. JKB 2, chapter 28."""
    (nu,) = positives("nu")
    return declare(_student(nu), _X, (_MU, _SIGMA, nu), name="student_free")


def _student(nu: sp.Expr) -> sp.Expr:
    return (
        sp.gamma((nu + 1) / 2) / (sp.sqrt(nu * sp.pi) * sp.gamma(nu / 2) * _SIGMA) * (1 + _Z**2 / nu) ** (-(nu + 1) / 2)
    )


def gumbel() -> StatisticalModel:
    """The Gumbel density of largest values with location mu and scale sigma. JKB 2, chapter 22."""
    return declare(sp.exp(-_Z - sp.exp(-_Z)) / _SIGMA, _X, (_MU, _SIGMA), name="gumbel")


def gumbel_minimum() -> StatisticalModel:
    """The Gumbel density of smallest values with location mu and scale sigma. JKB 2, chapter 22."""
    return declare(sp.exp(_Z - sp.exp(_Z)) / _SIGMA, _X, (_MU, _SIGMA), name="gumbel_minimum")


def log_gamma() -> StatisticalModel:
    """The logarithm of a gamma variable of shape k, with location mu and scale sigma. JKB 1, chapter 17."""
    (k,) = positives("k")
    density = sp.exp(k * _Z - sp.exp(_Z)) / (_SIGMA * sp.gamma(k))
    return declare(density, _X, (_MU, _SIGMA, k), name="log_gamma")


def moyal() -> StatisticalModel:
    """Moyal's density of ionisation losses with location mu and scale sigma.

    Walck, Hand-book on Statistical Distributions for Experimentalists, 1996, chapter 26.
    """
    density = sp.exp(-(_Z + sp.exp(-_Z)) / 2) / (sp.sqrt(2 * sp.pi) * _SIGMA)
    return declare(density, _X, (_MU, _SIGMA), name="moyal")


def fisher_z() -> StatisticalModel:
    """Half the logarithm of an F variable with d1 and d2 degrees of freedom. JKB 2, chapter 27."""
    d1, d2 = positives("d1 d2")
    kernel = sp.exp(d1 * _X) / (d1 * sp.exp(2 * _X) + d2) ** ((d1 + d2) / 2)
    density = 2 * d1 ** (d1 / 2) * d2 ** (d2 / 2) / sp.beta(d1 / 2, d2 / 2) * kernel
    return declare(density, _X, (d1, d2), name="fisher_z")


def logistic() -> StatisticalModel:
    """The logistic density with location mu and scale sigma. JKB 2, chapter 23."""
    density = sp.exp(-_Z) / (_SIGMA * (1 + sp.exp(-_Z)) ** 2)
    return declare(density, _X, (_MU, _SIGMA), name="logistic")


def logistic_type_1() -> StatisticalModel:
    """The largest of alpha logistic variables, alpha > 0 real, with location mu and scale sigma. JKB 2, chapter 23."""
    (alpha,) = positives("alpha")
    density = alpha * sp.exp(-_Z) / (_SIGMA * (1 + sp.exp(-_Z)) ** (alpha + 1))
    return declare(density, _X, (_MU, _SIGMA, alpha), name="logistic_type_1")


def logistic_type_2() -> StatisticalModel:
    """The smallest of alpha logistic variables, alpha > 0 real, with location mu and scale sigma. JKB 2, chapter 23."""
    (alpha,) = positives("alpha")
    density = alpha * sp.exp(-alpha * _Z) / (_SIGMA * (1 + sp.exp(-_Z)) ** (alpha + 1))
    return declare(density, _X, (_MU, _SIGMA, alpha), name="logistic_type_2")


def logistic_type_3() -> StatisticalModel:
    """The symmetric density exp(-alpha z)/(1 + exp(-z))^(2 alpha) with location and scale. JKB 2, chapter 23."""
    (alpha,) = positives("alpha")
    density = sp.exp(-alpha * _Z) / (_SIGMA * sp.beta(alpha, alpha) * (1 + sp.exp(-_Z)) ** (2 * alpha))
    return declare(density, _X, (_MU, _SIGMA, alpha), name="logistic_type_3")


def logistic_type_4() -> StatisticalModel:
    """The log odds of a beta variable with exponents p and q. JKB 2, chapter 23."""
    p, q = positives("p q")
    density = sp.exp(-q * _X) / (sp.beta(p, q) * (1 + sp.exp(-_X)) ** (p + q))
    return declare(density, _X, (p, q), name="logistic_type_4")


def champernowne() -> StatisticalModel:
    """The density in 1/(cosh z + cos theta), 0 < theta < pi, with location mu and scale sigma. JKB 2, chapter 23."""
    (theta,) = positives("theta")
    density = sp.sin(theta) / (2 * theta * _SIGMA * (sp.cosh(_Z) + sp.cos(theta)))
    domain = {theta: sp.Interval.open(0, sp.pi)}
    return declare(density, _X, (_MU, _SIGMA, theta), domain=domain, name="champernowne")


def hyperbolic_secant() -> StatisticalModel:
    """The hyperbolic secant density with mean mu and standard deviation sigma. JKB 2, chapter 23."""
    return declare(sp.sech(sp.pi * _Z / 2) / (2 * _SIGMA), _X, (_MU, _SIGMA), name="hyperbolic_secant")


def generalised_hyperbolic_secant(r: int = 2) -> StatisticalModel:
    """The r-fold convolution of the hyperbolic secant law, tilted by exp(theta x): variance quadratic in the mean.

    Morris, Natural exponential families with quadratic variance functions, Ann. Statist. 10 (1982) 65-80, section 4.
    """
    r = count("r", r)
    (theta,) = reals("theta")
    if r % 2:
        kernel = sp.sech(sp.pi * _X / 2) * sp.prod(sp.Rational(2 * j + 1, 2) ** 2 + _X**2 / 4 for j in range(r // 2))
    else:
        kernel = _X / 2 / sp.sinh(sp.pi * _X / 2) * sp.prod(j**2 + _X**2 / 4 for j in range(1, r // 2))
    density = sp.S(2) ** (r - 2) / sp.factorial(r - 1) * kernel * sp.cos(theta) ** r * sp.exp(theta * _X)
    domain = {theta: sp.Interval.open(-sp.pi / 2, sp.pi / 2)}
    return declare(density, _X, theta, domain=domain, name=f"generalised_hyperbolic_secant({r})")


def hyperbolic() -> StatisticalModel:
    """The symmetric hyperbolic density, log-density a hyperbola of slope alpha and scale delta, about mu.

    JKB 1, chapter 12.
    """
    alpha, delta = positives("alpha delta")
    density = sp.exp(-alpha * sp.sqrt(delta**2 + (_X - _MU) ** 2)) / (2 * delta * sp.besselk(1, alpha * delta))
    return declare(density, _X, (_MU, alpha, delta), name="hyperbolic")


def normal_inverse_gaussian() -> StatisticalModel:
    """A normal variable with inverse Gaussian variance, symmetric, of tail alpha and scale delta, about mu.

    Barndorff-Nielsen, Normal inverse Gaussian distributions, Scand. J. Statist. 24 (1997) 1-13, section 2.
    """
    alpha, delta = positives("alpha delta")
    r = sp.sqrt(delta**2 + (_X - _MU) ** 2)
    density = alpha * delta * sp.besselk(1, alpha * r) / (sp.pi * r) * sp.exp(alpha * delta)
    return declare(density, _X, (_MU, alpha, delta), name="normal_inverse_gaussian")
