"""Continuous families in several variables. Each function declares a density and derives nothing.

KBJ is Kotz, Balakrishnan and Johnson, Continuous Multivariate Distributions, volume 1, second edition, 2000.
"""

from __future__ import annotations

import sympy as sp

from symgeo.catalogue.fixed import count, positive
from symgeo.catalogue.notation import UNIT, declare, gaussian, positives, reals
from symgeo.errors import DeclarationError
from symgeo.models.statistical_model import StatisticalModel

_RHO = sp.Symbol("rho", real=True)
_CORRELATION = {_RHO: sp.Interval.open(-1, 1)}
_HALF_LINE = sp.Interval.open(0, sp.oo)


def _quadratic(z1: sp.Expr, z2: sp.Expr) -> sp.Expr:
    return (z1**2 - 2 * _RHO * z1 * z2 + z2**2) / (1 - _RHO**2)


def bivariate_normal() -> StatisticalModel:
    """Two normal variables with means mu1, mu2, standard deviations sigma1, sigma2 and correlation rho.

    KBJ, chapter 46.
    """
    x1, x2, mu1, mu2 = reals("x1 x2 mu1 mu2")
    sigma1, sigma2 = positives("sigma1 sigma2")
    quadratic = _quadratic((x1 - mu1) / sigma1, (x2 - mu2) / sigma2)
    density = sp.exp(-quadratic / 2) / (2 * sp.pi * sigma1 * sigma2 * sp.sqrt(1 - _RHO**2))
    return declare(density, (x1, x2), (mu1, mu2, sigma1, sigma2, _RHO), domain=_CORRELATION, name="bivariate_normal")


def trivariate_normal() -> StatisticalModel:
    """Three normal variables of mean zero, standard deviations sigma1, ..., sigma3, correlations rho12, rho13, rho23.

    KBJ, chapter 46.
    """
    x = sp.Matrix(reals("x1:4"))
    sigma = positives("sigma1:4")
    r12, r13, r23 = reals("rho12 rho13 rho23")
    correlation = sp.Matrix([[1, r12, r13], [r12, 1, r23], [r13, r23, 1]])
    determinant = correlation.det(method="berkowitz")
    z = sp.Matrix([v / s for v, s in zip(x, sigma, strict=True)])
    quadratic = (z.T * correlation.adjugate(method="berkowitz") * z)[0] / determinant
    density = sp.exp(-quadratic / 2) / (sp.sqrt((2 * sp.pi) ** 3 * determinant) * sp.prod(sigma))
    return declare(
        density,
        tuple(x),
        (*sigma, r12, r13, r23),
        domain=dict.fromkeys((r12, r13, r23), sp.Interval.open(-1, 1)),
        constraints=[determinant > 0],
        name="trivariate_normal",
    )


def multivariate_normal(d: int = 2) -> StatisticalModel:
    """d normal variables with means mu1, ..., mud and covariances sigma11, sigma12, ..., sigmadd, row by row.

    The covariance matrix is positive definite where its leading principal minors are. KBJ, chapter 45.
    """
    d = count("d", d)
    x = sp.Matrix(reals(f"x1:{d + 1}"))
    mean = sp.Matrix(reals(f"mu1:{d + 1}"))
    separator = "_" if d > 9 else ""

    def entry(i: int, j: int) -> sp.Symbol:
        i, j = min(i, j), max(i, j)
        name = f"sigma{i + 1}{separator}{j + 1}"
        return sp.Symbol(name, positive=True) if i == j else sp.Symbol(name, real=True)

    covariance = sp.Matrix(d, d, entry)
    determinant = covariance.det(method="berkowitz")
    deviation = x - mean
    quadratic = (deviation.T * covariance.adjugate(method="berkowitz") * deviation)[0] / determinant
    minors = [covariance[:m, :m].det(method="berkowitz") for m in range(2, d + 1)]
    return declare(
        sp.exp(-quadratic / 2) / sp.sqrt((2 * sp.pi) ** d * determinant),
        tuple(x),
        (*mean, *(covariance[i, j] for i in range(d) for j in range(i, d))),
        constraints=[minor > 0 for minor in minors],
        name=f"multivariate_normal({d})",
    )


def isotropic_normal(d: int = 3) -> StatisticalModel:
    """d independent normal variables with means mu1, ..., mud and one standard deviation sigma. KBJ, chapter 45."""
    d = count("d", d)
    x, mean = reals(f"x1:{d + 1}"), reals(f"mu1:{d + 1}")
    (sigma,) = positives("sigma")
    density = sp.Mul(*(gaussian(v, m, sigma**2) for v, m in zip(x, mean, strict=True)))
    return declare(density, x, (*mean, sigma), name=f"isotropic_normal({d})")


def bivariate_student(df: float | sp.Expr = 5) -> StatisticalModel:
    """Student's law in the plane about zero, known degrees of freedom, scales sigma1, sigma2 and correlation rho.

    Kotz and Nadarajah, Multivariate t Distributions and Their Applications, 2004, chapter 1.
    """
    nu = positive("df", df)
    x1, x2 = reals("x1 x2")
    sigma1, sigma2 = positives("sigma1 sigma2")
    kernel = (1 + _quadratic(x1 / sigma1, x2 / sigma2) / nu) ** (-(nu + 2) / 2)
    density = kernel / (2 * sp.pi * sigma1 * sigma2 * sp.sqrt(1 - _RHO**2))
    return declare(density, (x1, x2), (sigma1, sigma2, _RHO), domain=_CORRELATION, name=f"bivariate_student({nu})")


def bivariate_cauchy() -> StatisticalModel:
    """The round Cauchy density in the plane with centre (mu1, mu2) and scale sigma.

    Kotz and Nadarajah, Multivariate t Distributions and Their Applications, 2004, chapter 1.
    """
    x1, x2, mu1, mu2 = reals("x1 x2 mu1 mu2")
    (sigma,) = positives("sigma")
    square = (x1 - mu1) ** 2 + (x2 - mu2) ** 2 + sigma**2
    density = sigma / (2 * sp.pi * square ** sp.Rational(3, 2))
    return declare(density, (x1, x2), (mu1, mu2, sigma), name="bivariate_cauchy")


def normal_gamma() -> StatisticalModel:
    """A precision tau, gamma of shape a and rate b, and a normal mean mu about m of precision k tau.

    Bernardo and Smith, Bayesian Theory, 1994, chapter 3.
    """
    mu, m = reals("mu m")
    tau, k, a, b = positives("tau k a b")
    density = b**a / sp.gamma(a) * tau ** (a - 1) * sp.exp(-b * tau) * gaussian(mu, m, 1 / (k * tau))
    return declare(density, (mu, tau), (m, k, a, b), name="normal_gamma")


def normal_and_gamma() -> StatisticalModel:
    """An independent pair: a normal variable (mu, sigma) and a gamma variable of shape k and rate r.

    Calin and Udriste, Geometric Modeling in Probability and Statistics, 2014, chapter 1.
    """
    x, mu = reals("x mu")
    y, sigma, k, r = positives("y sigma k r")
    density = gaussian(x, mu, sigma**2) * r**k * y ** (k - 1) * sp.exp(-r * y) / sp.gamma(k)
    return declare(density, (x, y), (mu, sigma, k, r), name="normal_and_gamma")


def exponential_and_poisson() -> StatisticalModel:
    """A waiting time y of rate r and the Poisson number x, of mean m y, of events in it. KBJ, chapter 47."""
    y, m, r = positives("y m r")
    x = sp.Symbol("x", integer=True, nonnegative=True)
    density = r * sp.exp(-r * y) * (m * y) ** x * sp.exp(-m * y) / sp.factorial(x)
    return declare(density, (y, x), (m, r), name="exponential_and_poisson")


def mckay_bivariate_gamma() -> StatisticalModel:
    """McKay's pair y > x > 0: x and y - x are independent gamma variables of shapes p, q and one rate a.

    KBJ, chapter 48; its geometry is in Arwini and Dodson, Information Geometry, 2008, chapter 4.
    """
    x, y, p, q, a = positives("x y p q a")
    density = a ** (p + q) * x ** (p - 1) * (y - x) ** (q - 1) * sp.exp(-a * y) / (sp.gamma(p) * sp.gamma(q))
    support = {x: _HALF_LINE, y: sp.Interval.open(x, sp.oo)}
    return declare(density, (x, y), (p, q, a), support=support, name="mckay_bivariate_gamma")


def freund() -> StatisticalModel:
    """Freund's two lifetimes: rates a and b, and rates c and d of the survivor once the other has failed.

    KBJ, chapter 47; its geometry is in Arwini and Dodson, Information Geometry, 2008, chapter 4.
    """
    x, y, a, b, c, d = positives("x y a b c d")
    density = sp.Piecewise(
        (a * d * sp.exp(-d * y - (a + b - d) * x), x < y), (b * c * sp.exp(-c * x - (a + b - c) * y), True)
    )
    return declare(density, (x, y), (a, b, c, d), name="freund")


def gumbel_bivariate_exponential() -> StatisticalModel:
    """Gumbel's pair of type I, survival exp(-x - y - theta x y), 0 < theta < 1. KBJ, chapter 47."""
    x, y, theta = positives("x y theta")
    density = ((1 + theta * x) * (1 + theta * y) - theta) * sp.exp(-x - y - theta * x * y)
    return declare(density, (x, y), theta, domain={theta: UNIT}, name="gumbel_bivariate_exponential")


def bivariate_lomax() -> StatisticalModel:
    """Mardia's Pareto pair with exponent a and scales s1 and s2, from zero. KBJ, chapter 52."""
    x, y, a, s1, s2 = positives("x y a s1 s2")
    density = a * (a + 1) / (s1 * s2) * (1 + x / s1 + y / s2) ** (-a - 2)
    return declare(density, (x, y), (a, s1, s2), name="bivariate_lomax")


def dirichlet(k: int = 3) -> StatisticalModel:
    """k proportions with exponents alpha1 - 1, ..., alphak - 1; the variables are the first k - 1 of them.

    KBJ, chapter 49.
    """
    k = count("k", k, least=2)
    alpha = positives(f"alpha1:{k + 1}")
    x = positives(f"x1:{k}")
    proportions = [*x, 1 - sum(x)]
    density = sp.gamma(sum(alpha)) * sp.Mul(
        *(q ** (a - 1) / sp.gamma(a) for q, a in zip(proportions, alpha, strict=True))
    )
    support = {v: sp.Interval.open(0, 1 - sum(x[:i])) for i, v in enumerate(x)}
    return declare(density, x, alpha, support=support, name=f"dirichlet({k})")


def inverted_dirichlet(k: int = 2) -> StatisticalModel:
    """Ratios of k gamma variables of shapes alpha1, ..., alphak to another, of shape alpha(k+1). KBJ, chapter 49."""
    k = count("k", k)
    alpha = positives(f"alpha1:{k + 2}")
    x = positives(f"x1:{k + 1}")
    kernel = sp.Mul(*(v ** (a - 1) for v, a in zip(x, alpha, strict=False))) * (1 + sum(x)) ** (-sum(alpha))
    density = sp.gamma(sum(alpha)) / sp.Mul(*map(sp.gamma, alpha)) * kernel
    return declare(density, x, alpha, name=f"inverted_dirichlet({k})")


def wishart(df: float | sp.Expr = 5) -> StatisticalModel:
    """Wishart matrices of order two with known degrees of freedom > 1 and scale matrix v11, v12, v22.

    Muirhead, Aspects of Multivariate Statistical Theory, 1982, section 3.2.
    """
    n = positive("df", df)
    if not n > 1:
        raise DeclarationError(f"df must be above 1, not {df}")
    s11, s22, v11, v22 = positives("s11 s22 v11 v22")
    s12, v12 = reals("s12 v12")
    inside, determinant = s11 * s22 - s12**2, v11 * v22 - v12**2
    trace = (v22 * s11 - 2 * v12 * s12 + v11 * s22) / determinant
    norm = 2**n * sp.sqrt(sp.pi) * sp.gamma(n / 2) * sp.gamma((n - 1) / 2) * determinant ** (n / 2)
    bound = sp.sqrt(s11 * s22)
    return declare(
        inside ** ((n - 3) / 2) * sp.exp(-trace / 2) / norm,
        (s11, s22, s12),
        (v11, v12, v22),
        support={s11: _HALF_LINE, s22: _HALF_LINE, s12: sp.Interval.open(-bound, bound)},
        constraints=[determinant > 0],
        name=f"wishart({n})",
    )


def farlie_gumbel_morgenstern() -> StatisticalModel:
    """The copula density 1 + theta (1 - 2 x)(1 - 2 y) on the unit square, |theta| < 1. KBJ, chapter 44."""
    x, y = positives("x y")
    (theta,) = reals("theta")
    density = 1 + theta * (1 - 2 * x) * (1 - 2 * y)
    domain = {theta: sp.Interval.open(-1, 1)}
    return declare(density, (x, y), theta, support={x: UNIT, y: UNIT}, domain=domain, name="farlie_gumbel_morgenstern")


def clayton_copula() -> StatisticalModel:
    """Clayton's copula density on the unit square with association theta > 0.

    Nelsen, An Introduction to Copulas, second edition, 2006, chapter 4.
    """
    x, y, theta = positives("x y theta")
    density = (1 + theta) * (x * y) ** (-theta - 1) * (x ** (-theta) + y ** (-theta) - 1) ** (-2 - 1 / theta)
    return declare(density, (x, y), theta, support={x: UNIT, y: UNIT}, name="clayton_copula")
