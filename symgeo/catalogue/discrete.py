"""Discrete families in one variable. Each function declares a probability and derives nothing.

JKK is Johnson, Kemp and Kotz, Univariate Discrete Distributions, third edition, 2005.
"""

from __future__ import annotations

import sympy as sp

from symgeo.catalogue.fixed import count, positive
from symgeo.models.statistical_model import StatisticalModel

_COUNT = sp.Symbol("x", integer=True, nonnegative=True)
_FROM_ONE = sp.Symbol("x", integer=True, positive=True)
_P = sp.Symbol("p", positive=True)
_PROBABILITY = {_P: sp.Interval.open(0, 1)}


def bernoulli() -> StatisticalModel:
    """One with probability p, else zero. JKK, chapter 3."""
    density = _P**_COUNT * (1 - _P) ** (1 - _COUNT)
    return StatisticalModel(
        density, _COUNT, _P, support=sp.FiniteSet(0, 1), domain=_PROBABILITY, name="bernoulli", check=False
    )


def binomial(n: int = 10) -> StatisticalModel:
    """The number of successes among a known number n of trials of probability p. JKK, chapter 3."""
    n = count("n", n)
    density = sp.binomial(n, _COUNT) * _P**_COUNT * (1 - _P) ** (n - _COUNT)
    return StatisticalModel(
        density,
        _COUNT,
        _P,
        support=sp.Range(0, n + 1),
        domain=_PROBABILITY,
        name=f"binomial({n})",
        check=False,
    )


def poisson() -> StatisticalModel:
    """The Poisson probabilities with mean lambda. JKK, chapter 4."""
    mean = sp.Symbol("lambda", positive=True)
    density = mean**_COUNT * sp.exp(-mean) / sp.factorial(_COUNT)
    return StatisticalModel(density, _COUNT, mean, name="poisson", check=False)


def geometric() -> StatisticalModel:
    """The number of failures before the first success of probability p: 0, 1, ... JKK, chapter 5."""
    return StatisticalModel(_P * (1 - _P) ** _COUNT, _COUNT, _P, domain=_PROBABILITY, name="geometric", check=False)


def negative_binomial(r: float | sp.Expr = 5) -> StatisticalModel:
    """The number of failures before the r-th success of probability p. JKK, chapter 5.

    r > 0 is known, a whole number or not. With r unknown it is no exponential family.
    """
    r = positive("r", r)
    density = sp.gamma(_COUNT + r) / (sp.gamma(r) * sp.factorial(_COUNT)) * _P**r * (1 - _P) ** _COUNT
    return StatisticalModel(density, _COUNT, _P, domain=_PROBABILITY, name=f"negative_binomial({r})", check=False)


def logarithmic_series() -> StatisticalModel:
    """The terms of -log(1 - p) = p + p^2/2 + ..., divided by their sum: 1, 2, ... JKK, chapter 7."""
    density = -(_P**_FROM_ONE) / (_FROM_ONE * sp.log(1 - _P))
    return StatisticalModel(density, _FROM_ONE, _P, domain=_PROBABILITY, name="logarithmic_series", check=False)


def categorical(k: int = 3) -> StatisticalModel:
    """One of the labels 1, ..., k; label i < k with probability p_i and label k with the rest.

    Amari and Nagaoka, Methods of Information Geometry, 2000, chapter 2.
    """
    k = count("k", k, least=2)
    p = sp.symbols(f"p1:{k}", positive=True, seq=True)
    probabilities = [*p, 1 - sum(p)]
    density = sp.Piecewise(*((q, sp.Eq(_FROM_ONE, i)) for i, q in enumerate(probabilities, start=1)))
    return StatisticalModel(
        density,
        _FROM_ONE,
        p,
        support=sp.FiniteSet(*range(1, k + 1)),
        domain=dict.fromkeys(p, sp.Interval.open(0, 1)),
        constraints=[sum(p) < 1] if k > 2 else [],
        name=f"categorical({k})",
        check=False,
    )
