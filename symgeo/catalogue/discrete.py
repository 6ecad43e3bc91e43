"""Discrete exponential families and other laws on finitely many values, in one variable.

Each function declares a probability and derives nothing. JKK is Johnson, Kemp and Kotz, Univariate Discrete
Distributions, third edition, 2005.
"""

from __future__ import annotations

import sympy as sp

from symgeo.catalogue.fixed import count, positive
from symgeo.catalogue.notation import COUNT, FROM_ONE, INTEGER, UNIT, declare, positives, reals
from symgeo.models.statistical_model import StatisticalModel

_X = COUNT
_P = sp.Symbol("p", positive=True)
_PROBABILITY = {_P: UNIT}
_MEAN = sp.Symbol("lambda", positive=True)


def bernoulli() -> StatisticalModel:
    """One with probability p, else zero. JKK, chapter 3."""
    density = _P**_X * (1 - _P) ** (1 - _X)
    return declare(density, _X, _P, support=sp.FiniteSet(0, 1), domain=_PROBABILITY, name="bernoulli")


def bernoulli_logit() -> StatisticalModel:
    """One with log odds eta, else zero: the natural parameter. JKK, chapter 3."""
    (eta,) = reals("eta")
    return declare(sp.exp(eta * _X) / (1 + sp.exp(eta)), _X, eta, support=sp.FiniteSet(0, 1), name="bernoulli_logit")


def binomial(n: int = 10) -> StatisticalModel:
    """The number of successes among a known number n of trials of probability p. JKK, chapter 3."""
    n = count("n", n)
    density = sp.binomial(n, _X) * _P**_X * (1 - _P) ** (n - _X)
    return declare(density, _X, _P, support=sp.Range(0, n + 1), domain=_PROBABILITY, name=f"binomial({n})")


def truncated_binomial(n: int = 4) -> StatisticalModel:
    """The number of successes among n trials of probability p, given that there is one. JKK, chapter 3."""
    n = count("n", n, least=2)
    density = sp.binomial(n, FROM_ONE) * _P**FROM_ONE * (1 - _P) ** (n - FROM_ONE) / (1 - (1 - _P) ** n)
    return declare(
        density, FROM_ONE, _P, support=sp.Range(1, n + 1), domain=_PROBABILITY, name=f"truncated_binomial({n})"
    )


def fisher_hypergeometric(m1: int = 4, m2: int = 5, n: int = 3) -> StatisticalModel:
    """Fisher's noncentral hypergeometric law: x of n drawn are among the m1 with odds omega against the m2 others.

    JKK, chapter 6.
    """
    m1, m2, n = count("m1", m1), count("m2", m2), count("n", n)
    (omega,) = positives("omega")
    values = range(max(0, n - m2), min(n, m1) + 1)
    total = sum(sp.binomial(m1, j) * sp.binomial(m2, n - j) * omega**j for j in values)
    density = sp.binomial(m1, _X) * sp.binomial(m2, n - _X) * omega**_X / total
    support = sp.Range(values.start, values.stop)
    return declare(density, _X, omega, support=support, name=f"fisher_hypergeometric({m1}, {m2}, {n})")


def poisson() -> StatisticalModel:
    """The Poisson probabilities with mean lambda. JKK, chapter 4."""
    return declare(_MEAN**_X * sp.exp(-_MEAN) / sp.factorial(_X), _X, _MEAN, name="poisson")


def poisson_log() -> StatisticalModel:
    """The Poisson probabilities with mean exp(eta), the natural parameter. JKK, chapter 4."""
    (eta,) = reals("eta")
    return declare(sp.exp(eta * _X - sp.exp(eta)) / sp.factorial(_X), _X, eta, name="poisson_log")


def truncated_poisson() -> StatisticalModel:
    """The Poisson probabilities of parameter lambda, given that the count is not zero. JKK, chapter 4."""
    density = _MEAN**FROM_ONE / (sp.factorial(FROM_ONE) * (sp.exp(_MEAN) - 1))
    return declare(density, FROM_ONE, _MEAN, name="truncated_poisson")


def geometric() -> StatisticalModel:
    """The number of failures before the first success of probability p: 0, 1, ... JKK, chapter 5."""
    return declare(_P * (1 - _P) ** _X, _X, _P, domain=_PROBABILITY, name="geometric")


def geometric_trials() -> StatisticalModel:
    """The number of trials up to the first success of probability p: 1, 2, ... JKK, chapter 5."""
    return declare(_P * (1 - _P) ** (FROM_ONE - 1), FROM_ONE, _P, domain=_PROBABILITY, name="geometric_trials")


def geometric_mean() -> StatisticalModel:
    """The geometric probabilities on 0, 1, ... with mean m. JKK, chapter 5."""
    (m,) = positives("m")
    return declare(m**_X / (1 + m) ** (_X + 1), _X, m, name="geometric_mean")


def truncated_geometric(n: int = 4) -> StatisticalModel:
    """Probabilities proportional to p^x on 0, ..., n, p > 0: a uniform law tilted. JKK, chapter 5."""
    n = count("n", n)
    density = _P**_X / sum(_P**j for j in range(n + 1))
    return declare(density, _X, _P, support=sp.Range(0, n + 1), name=f"truncated_geometric({n})")


def negative_binomial(r: float | sp.Expr = 5) -> StatisticalModel:
    """The number of failures before the r-th success of probability p. JKK, chapter 5.

    r > 0 is known, a whole number or not. With r unknown it is no exponential family: see `negative_binomial_free`.
    """
    r = positive("r", r)
    density = sp.gamma(_X + r) / (sp.gamma(r) * sp.factorial(_X)) * _P**r * (1 - _P) ** _X
    return declare(density, _X, _P, domain=_PROBABILITY, name=f"negative_binomial({r})")


def logarithmic_series() -> StatisticalModel:
    """The terms of -log(1 - p) = p + p^2/2 + ..., divided by their sum: 1, 2, ... JKK, chapter 7."""
    density = -(_P**FROM_ONE) / (FROM_ONE * sp.log(1 - _P))
    return declare(density, FROM_ONE, _P, domain=_PROBABILITY, name="logarithmic_series")


def borel() -> StatisticalModel:
    """The total progeny of one ancestor when each has a Poisson number of children of mean lambda < 1.

    JKK, chapter 7.
    """
    density = sp.exp(-_MEAN * FROM_ONE) * (_MEAN * FROM_ONE) ** (FROM_ONE - 1) / sp.factorial(FROM_ONE)
    return declare(density, FROM_ONE, _MEAN, domain={_MEAN: UNIT}, name="borel")


def borel_tanner(n: int = 2) -> StatisticalModel:
    """The total progeny of a known number n of ancestors, children Poisson of mean lambda < 1. JKK, chapter 7."""
    n = count("n", n)
    x = COUNT  # those beyond the ancestors
    density = n / (x + n) * sp.exp(-_MEAN * (x + n)) * (_MEAN * (x + n)) ** x / sp.factorial(x)
    return declare(density, x, _MEAN, domain={_MEAN: UNIT}, name=f"borel_tanner({n})")


def zeta() -> StatisticalModel:
    """Probabilities proportional to x^(-s) on 1, 2, ..., s > 1: Zipf's law. JKK, chapter 11."""
    (s,) = positives("s")
    density = FROM_ONE ** (-s) / sp.zeta(s)
    return declare(density, FROM_ONE, s, domain={s: sp.Interval.open(1, sp.oo)}, name="zeta")


def zipf(n: int = 5) -> StatisticalModel:
    """Probabilities proportional to x^(-s) on 1, ..., n, s real. JKK, chapter 11."""
    n = count("n", n, least=2)
    (s,) = reals("s")
    density = FROM_ONE ** (-s) / sum(sp.Integer(j) ** (-s) for j in range(1, n + 1))
    return declare(density, FROM_ONE, s, support=sp.Range(1, n + 1), name=f"zipf({n})")


def discrete_laplace() -> StatisticalModel:
    """Probabilities proportional to p^|x| on the integers.

    Inusah and Kozubowski, A discrete analogue of the Laplace distribution, J. Statist. Plann. Inference 136 (2006)
    1090-1102, section 2.
    """
    density = (1 - _P) / (1 + _P) * _P ** sp.Abs(INTEGER)
    return declare(density, INTEGER, _P, domain=_PROBABILITY, name="discrete_laplace")


def discrete_normal(n: int = 1) -> StatisticalModel:
    """Probabilities proportional to exp(a x - x^2/2) on -n, ..., n: normal values on a grid, tilted.

    Kemp, Characterizations of a discrete normal distribution, J. Statist. Plann. Inference 63 (1997) 223-229,
    section 1.
    """
    n = count("n", n)
    (a,) = reals("a")
    total = sum(sp.exp(a * j - sp.Rational(j * j, 2)) for j in range(-n, n + 1))
    density = sp.exp(a * INTEGER - INTEGER**2 / 2) / total
    return declare(density, INTEGER, a, support=sp.Range(-n, n + 1), name=f"discrete_normal({n})")


def ewens(n: int = 4) -> StatisticalModel:
    """The number of kinds in a sample of n under Ewens' formula with diversity theta: Stirling numbers, first kind.

    Johnson, Kotz and Balakrishnan, Discrete Multivariate Distributions, 1997, chapter 41.
    """
    n = count("n", n, least=2)
    (theta,) = positives("theta")
    ways = sp.Poly(sp.rf(theta, n), theta).all_coeffs()[::-1]
    weights = sp.Piecewise(*((ways[k], sp.Eq(FROM_ONE, k)) for k in range(1, n + 1)))
    density = weights * theta**FROM_ONE / sp.prod(theta + j for j in range(n))
    return declare(density, FROM_ONE, theta, support=sp.Range(1, n + 1), name=f"ewens({n})")


def categorical(k: int = 3) -> StatisticalModel:
    """One of the labels 1, ..., k; label i < k with probability p_i and label k with the rest.

    Amari and Nagaoka, Methods of Information Geometry, 2000, chapter 2.
    """
    k = count("k", k, least=2)
    p = positives(f"p1:{k}")
    probabilities = [*p, 1 - sum(p)]
    density = sp.Piecewise(*((q, sp.Eq(FROM_ONE, i)) for i, q in enumerate(probabilities, start=1)))
    return declare(
        density,
        FROM_ONE,
        p,
        support=sp.FiniteSet(*range(1, k + 1)),
        domain=dict.fromkeys(p, UNIT),
        constraints=[sum(p) < 1] if k > 2 else [],
        name=f"categorical({k})",
    )


def softmax(k: int = 3) -> StatisticalModel:
    """One of the labels 1, ..., k; label i < k has log odds eta_i against label k: natural parameters.

    Amari and Nagaoka, Methods of Information Geometry, 2000, chapter 2.
    """
    k = count("k", k, least=2)
    eta = reals(f"eta1:{k}")
    weights = [*(sp.exp(e) for e in eta), sp.S.One]
    density = sp.Piecewise(*((w, sp.Eq(FROM_ONE, i)) for i, w in enumerate(weights, start=1))) / sum(weights)
    return declare(density, FROM_ONE, eta, support=sp.FiniteSet(*range(1, k + 1)), name=f"softmax({k})")
