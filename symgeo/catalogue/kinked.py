"""Families whose density has a corner at a free or known place. Each function declares a density, derives nothing.

JKB 1 and JKB 2 are Johnson, Kotz and Balakrishnan, Continuous Univariate Distributions, volume 1 (1994) and
volume 2 (1995), second edition.
"""

from __future__ import annotations

import sympy as sp

from symgeo.catalogue.fixed import positive, real
from symgeo.catalogue.notation import POSITIVE, REAL, UNIT, declare, positives, reals
from symgeo.models.statistical_model import StatisticalModel

_X = REAL
(_MU,) = reals("mu")


def laplace(location: float | sp.Expr = 0) -> StatisticalModel:
    """The Laplace density with scale b about a known location. JKB 2, chapter 24.

    With the location unknown it is no exponential family: see `laplace_free`.
    """
    centre = real("location", location)
    (b,) = positives("b")
    return declare(sp.exp(-sp.Abs(_X - centre) / b) / (2 * b), _X, b, name=f"laplace({centre})")


def laplace_free() -> StatisticalModel:
    """The Laplace density with location mu and scale b. JKB 2, chapter 24."""
    (b,) = positives("b")
    return declare(sp.exp(-sp.Abs(_X - _MU) / b) / (2 * b), _X, (_MU, b), name="laplace_free")


def asymmetric_laplace() -> StatisticalModel:
    """Exponential tails of rates a above mu and b below. JKB 2, chapter 24."""
    a, b = positives("a b")
    tails = sp.Piecewise((sp.exp(-a * (_X - _MU)), _X >= _MU), (sp.exp(b * (_X - _MU)), True))
    return declare(a * b / (a + b) * tails, _X, (_MU, a, b), name="asymmetric_laplace")


def exponential_power(shape: float | sp.Expr = 3) -> StatisticalModel:
    """The density in exp(-|z|^shape), shape > 0 known, with scale a about zero. JKB 2, chapter 24."""
    power = positive("shape", shape)
    (a,) = positives("a")
    density = power / (2 * a * sp.gamma(1 / power)) * sp.exp(-((sp.Abs(_X) / a) ** power))
    return declare(density, _X, a, name=f"exponential_power({power})")


def generalised_normal() -> StatisticalModel:
    """The density in exp(-|z|^b), b > 1, with location mu and scale a. JKB 2, chapter 24."""
    a, b = positives("a b")
    density = b / (2 * a * sp.gamma(1 / b)) * sp.exp(-((sp.Abs(_X - _MU) / a) ** b))
    return declare(density, _X, (_MU, a, b), domain={b: sp.Interval.open(1, sp.oo)}, name="generalised_normal")


def two_piece_normal() -> StatisticalModel:
    """Halves of two normal densities with spread a below the mode mu and b above. JKB 1, chapter 13."""
    a, b = positives("a b")
    halves = sp.Piecewise(
        (sp.exp(-((_X - _MU) ** 2) / (2 * a**2)), _X < _MU), (sp.exp(-((_X - _MU) ** 2) / (2 * b**2)), True)
    )
    return declare(sp.sqrt(2 / sp.pi) / (a + b) * halves, _X, (_MU, a, b), name="two_piece_normal")


def log_laplace() -> StatisticalModel:
    """The exponential of an asymmetric Laplace variable: powers b below delta and a above. JKB 2, chapter 24."""
    delta, a, b = positives("delta a b")
    x = POSITIVE
    tails = sp.Piecewise(((x / delta) ** (b - 1), x < delta), ((x / delta) ** (-a - 1), True))
    return declare(a * b / ((a + b) * delta) * tails, x, (delta, a, b), name="log_laplace")


def triangular() -> StatisticalModel:
    """The triangular density on (0, 1) with mode c. JKB 2, chapter 26."""
    (c,) = positives("c")
    x = POSITIVE
    density = sp.Piecewise((2 * x / c, x < c), (2 * (1 - x) / (1 - c), True))
    return declare(density, x, c, support=UNIT, domain={c: UNIT}, name="triangular")


def two_sided_power() -> StatisticalModel:
    """Powers n - 1, n > 1, on both sides of the mode c in (0, 1).

    Kotz and van Dorp, Beyond Beta, 2004, chapter 3.
    """
    c, n = positives("c n")
    x = POSITIVE
    density = sp.Piecewise((n * (x / c) ** (n - 1), x < c), (n * ((1 - x) / (1 - c)) ** (n - 1), True))
    domain = {c: UNIT, n: sp.Interval.open(1, sp.oo)}
    return declare(density, x, (c, n), support=UNIT, domain=domain, name="two_sided_power")
