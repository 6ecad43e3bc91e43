"""Families in several variables. Each function declares a density or a probability and derives nothing.

KBJ is Kotz, Balakrishnan and Johnson, Continuous Multivariate Distributions, volume 1, second edition, 2000;
JKB 97 is Johnson, Kotz and Balakrishnan, Discrete Multivariate Distributions, 1997.
"""

from __future__ import annotations

import sympy as sp

from symgeo.catalogue.fixed import count
from symgeo.models.statistical_model import StatisticalModel


def bivariate_normal() -> StatisticalModel:
    """Two normal variables with means mu1, mu2, standard deviations sigma1, sigma2 and correlation rho.

    KBJ, chapter 46.
    """
    x1, x2, mu1, mu2, rho = sp.symbols("x1 x2 mu1 mu2 rho", real=True)
    sigma1, sigma2 = sp.symbols("sigma1 sigma2", positive=True)
    z1, z2 = (x1 - mu1) / sigma1, (x2 - mu2) / sigma2
    quadratic = (z1**2 - 2 * rho * z1 * z2 + z2**2) / (1 - rho**2)
    density = sp.exp(-quadratic / 2) / (2 * sp.pi * sigma1 * sigma2 * sp.sqrt(1 - rho**2))
    return StatisticalModel(
        density,
        (x1, x2),
        (mu1, mu2, sigma1, sigma2, rho),
        domain={rho: sp.Interval.open(-1, 1)},
        name="bivariate_normal",
        check=False,
    )


def multivariate_normal(d: int = 2) -> StatisticalModel:
    """d normal variables with means mu1, ..., mud and covariances sigma11, sigma12, ..., sigmadd, row by row.

    The covariance matrix is positive definite where its leading principal minors are. KBJ, chapter 45.
    """
    d = count("d", d)
    x = sp.Matrix(sp.symbols(f"x1:{d + 1}", real=True, seq=True))
    mean = sp.Matrix(sp.symbols(f"mu1:{d + 1}", real=True, seq=True))
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
    return StatisticalModel(
        sp.exp(-quadratic / 2) / sp.sqrt((2 * sp.pi) ** d * determinant),
        tuple(x),
        (*mean, *(covariance[i, j] for i in range(d) for j in range(i, d))),
        constraints=[minor > 0 for minor in minors],
        name=f"multivariate_normal({d})",
        check=False,
    )


def dirichlet(k: int = 3) -> StatisticalModel:
    """k proportions with exponents alpha1 - 1, ..., alphak - 1; the variables are the first k - 1 of them.

    KBJ, chapter 49.
    """
    k = count("k", k, least=2)
    alpha = sp.symbols(f"alpha1:{k + 1}", positive=True, seq=True)
    x = sp.symbols(f"x1:{k}", positive=True, seq=True)
    proportions = [*x, 1 - sum(x)]
    density = sp.gamma(sum(alpha)) * sp.Mul(
        *(q ** (a - 1) / sp.gamma(a) for q, a in zip(proportions, alpha, strict=True))
    )
    support = {v: sp.Interval.open(0, 1 - sum(x[:i])) for i, v in enumerate(x)}
    return StatisticalModel(density, x, alpha, support=support, name=f"dirichlet({k})", check=False)


def multinomial(n: int = 5, k: int = 3) -> StatisticalModel:
    """The counts of k outcomes in a known number n of trials with probabilities p1, ..., p(k-1) and the rest.

    The variables are the first k - 1 counts. JKB 97, chapter 35.
    """
    n, k = count("n", n), count("k", k, least=2)
    p = sp.symbols(f"p1:{k}", positive=True, seq=True)
    x = sp.symbols(f"x1:{k}", integer=True, nonnegative=True, seq=True)
    probabilities, counts = [*p, 1 - sum(p)], [*x, n - sum(x)]
    density = sp.factorial(n) * sp.Mul(*(q**c / sp.factorial(c) for q, c in zip(probabilities, counts, strict=True)))
    support = {v: sp.Range(0, n + 1 - sum(x[:i])) for i, v in enumerate(x)}
    return StatisticalModel(
        density,
        x,
        p,
        support=support,
        domain=dict.fromkeys(p, sp.Interval.open(0, 1)),
        constraints=[sum(p) < 1] if k > 2 else [],
        name=f"multinomial({n}, {k})",
        check=False,
    )
