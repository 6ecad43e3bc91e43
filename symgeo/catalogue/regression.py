"""Regressions at known design points: the variables are the responses y1, y2, ... Each function declares a density.

MN is McCullagh and Nelder, Generalized Linear Models, second edition, 1989; BW is Bates and Watts,
Nonlinear Regression Analysis and Its Applications, 1988.
"""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp

from symgeo.catalogue.notation import declare, gaussian, positives, reals
from symgeo.models.statistical_model import StatisticalModel

_DESIGN = (-1, 0, 2)
_A, _B = reals("a b")
_LINES = tuple(_A + _B * t for t in _DESIGN)
_REAL_Y = reals("y1:4")
_POSITIVE_Y = positives("y1:4")
_COUNTS = sp.symbols("y1:4", integer=True, nonnegative=True)


def _binary(name: str, probability: Callable[[sp.Expr], sp.Expr]) -> StatisticalModel:
    chances = [probability(line) for line in _LINES]
    density = sp.Mul(*(p**y * (1 - p) ** (1 - y) for y, p in zip(_COUNTS, chances, strict=True)))
    return declare(density, _COUNTS, (_A, _B), support=dict.fromkeys(_COUNTS, sp.FiniteSet(0, 1)), name=name)


def linear_regression() -> StatisticalModel:
    """Normal responses of mean a + b t and standard deviation sigma at t = -1, 0, 2. MN, chapter 3."""
    (sigma,) = positives("sigma")
    density = sp.Mul(*(gaussian(y, line, sigma**2) for y, line in zip(_REAL_Y, _LINES, strict=True)))
    return declare(density, _REAL_Y, (_A, _B, sigma), name="linear_regression")


def logistic_regression() -> StatisticalModel:
    """Responses 0 or 1 with log odds a + b t of one, at t = -1, 0, 2. MN, chapter 4."""
    density = sp.Mul(*(sp.exp(y * line) / (1 + sp.exp(line)) for y, line in zip(_COUNTS, _LINES, strict=True)))
    support = dict.fromkeys(_COUNTS, sp.FiniteSet(0, 1))
    return declare(density, _COUNTS, (_A, _B), support=support, name="logistic_regression")


def probit_regression() -> StatisticalModel:
    """Responses 0 or 1, one with the normal probability up to a + b t, at t = -1, 0, 2. MN, chapter 4."""
    return _binary("probit_regression", lambda line: (1 + sp.erf(line / sp.sqrt(2))) / 2)


def complementary_log_log_regression() -> StatisticalModel:
    """Responses 0 or 1, zero with probability exp(-exp(a + b t)), at t = -1, 0, 2. MN, chapter 4."""
    return _binary("complementary_log_log_regression", lambda line: 1 - sp.exp(-sp.exp(line)))


def poisson_regression() -> StatisticalModel:
    """Poisson counts of mean exp(a + b t) at t = -1, 0, 2. MN, chapter 6."""
    density = sp.Mul(
        *(sp.exp(y * line - sp.exp(line)) / sp.factorial(y) for y, line in zip(_COUNTS, _LINES, strict=True))
    )
    return declare(density, _COUNTS, (_A, _B), name="poisson_regression")


def exponential_regression() -> StatisticalModel:
    """Exponential responses of mean exp(a + b t) at t = -1, 0, 2. MN, chapter 8."""
    density = sp.Mul(*(sp.exp(-line - y * sp.exp(-line)) for y, line in zip(_POSITIVE_Y, _LINES, strict=True)))
    return declare(density, _POSITIVE_Y, (_A, _B), name="exponential_regression")


def gamma_regression() -> StatisticalModel:
    """Gamma responses of shape k and mean exp(a + b t) at t = -1, 2. MN, chapter 8."""
    (k,) = positives("k")
    y = _POSITIVE_Y[:2]
    means = [sp.exp(line) for line in (_LINES[0], _LINES[2])]
    density = sp.Mul(
        *((k / m) ** k * v ** (k - 1) * sp.exp(-k * v / m) / sp.gamma(k) for v, m in zip(y, means, strict=True))
    )
    return declare(density, y, (_A, _B, k), name="gamma_regression")


def michaelis_menten() -> StatisticalModel:
    """Normal responses of mean v t/(k + t) and unit spread at t = 1, 2, 5. BW, chapter 2."""
    v, k = positives("v k")
    means = [v * t / (k + t) for t in (1, 2, 5)]
    density = sp.Mul(*(gaussian(y, m, sp.S.One) for y, m in zip(_REAL_Y, means, strict=True)))
    return declare(density, _REAL_Y, (v, k), name="michaelis_menten")


def exponential_decay() -> StatisticalModel:
    """Normal responses of mean a exp(-k t) and standard deviation sigma at t = 1, 2, 4. BW, chapter 2."""
    a, k, sigma = positives("a k sigma")
    means = [a * sp.exp(-k * t) for t in (1, 2, 4)]
    density = sp.Mul(*(gaussian(y, m, sigma**2) for y, m in zip(_REAL_Y, means, strict=True)))
    return declare(density, _REAL_Y, (a, k, sigma), name="exponential_decay")


def bradley_terry() -> StatisticalModel:
    """Three players meet once each; yij is one if i wins, with log odds of strength ui - uj, and u3 = 0.

    Agresti, Categorical Data Analysis, second edition, 2002, section 10.6.
    """
    u1, u2 = reals("u1 u2")
    y12, y13, y23 = games = sp.symbols("y12 y13 y23", integer=True, nonnegative=True)
    odds = {y12: u1 - u2, y13: u1, y23: u2}
    density = sp.Mul(*(sp.exp(y * d) / (1 + sp.exp(d)) for y, d in odds.items()))
    return declare(density, games, (u1, u2), support=dict.fromkeys(games, sp.FiniteSet(0, 1)), name="bradley_terry")
