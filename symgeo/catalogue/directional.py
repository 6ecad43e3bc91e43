"""Families on the circle and on the sphere. Each function declares a density and derives nothing.

MJ is Mardia and Jupp, Directional Statistics, 2000.
"""

from __future__ import annotations

import sympy as sp

from symgeo.catalogue.fixed import count
from symgeo.catalogue.notation import REAL, UNIT, declare
from symgeo.models.statistical_model import StatisticalModel

_X = REAL
_MU = sp.Symbol("mu", real=True)
_KAPPA = sp.Symbol("kappa", positive=True)
_CIRCLE = sp.Interval.Ropen(-sp.pi, sp.pi)
_DIRECTION = {_MU: sp.Interval.open(-sp.pi, sp.pi)}


def von_mises() -> StatisticalModel:
    """The von Mises density on the circle with mean direction mu and concentration kappa > 0. MJ, section 3.5.4."""
    density = sp.exp(_KAPPA * sp.cos(_X - _MU)) / (2 * sp.pi * sp.besseli(0, _KAPPA))
    return declare(density, _X, (_MU, _KAPPA), support=_CIRCLE, domain=_DIRECTION, name="von_mises")


def von_mises_natural() -> StatisticalModel:
    """The von Mises density in exp(a cos x + b sin x), natural parameters a and b. MJ, section 3.5.4."""
    a, b = sp.symbols("a b", real=True)
    density = sp.exp(a * sp.cos(_X) + b * sp.sin(_X)) / (2 * sp.pi * sp.besseli(0, sp.sqrt(a**2 + b**2)))
    return declare(density, _X, (a, b), support=_CIRCLE, name="von_mises_natural")


def von_mises_multimodal(modes: int = 2) -> StatisticalModel:
    """The von Mises density with a known number of modes at equal distances, the first at mu. MJ, section 3.6."""
    modes = count("modes", modes)
    density = sp.exp(_KAPPA * sp.cos(modes * (_X - _MU))) / (2 * sp.pi * sp.besseli(0, _KAPPA))
    domain = {_MU: sp.Interval.open(-sp.pi / modes, sp.pi / modes)}
    return declare(density, _X, (_MU, _KAPPA), support=_CIRCLE, domain=domain, name=f"von_mises_multimodal({modes})")


def wrapped_cauchy() -> StatisticalModel:
    """The Cauchy density wrapped around the circle, mean direction mu and resultant length rho. MJ, section 3.5."""
    rho = sp.Symbol("rho", positive=True)
    density = (1 - rho**2) / (2 * sp.pi * (1 + rho**2 - 2 * rho * sp.cos(_X - _MU)))
    domain = {**_DIRECTION, rho: UNIT}
    return declare(density, _X, (_MU, rho), support=_CIRCLE, domain=domain, name="wrapped_cauchy")


def cardioid() -> StatisticalModel:
    """The density (1 + 2 rho cos(x - mu))/(2 pi), 0 < rho < 1/2, on the circle. MJ, section 3.5."""
    rho = sp.Symbol("rho", positive=True)
    density = (1 + 2 * rho * sp.cos(_X - _MU)) / (2 * sp.pi)
    domain = {**_DIRECTION, rho: sp.Interval.open(0, sp.Rational(1, 2))}
    return declare(density, _X, (_MU, rho), support=_CIRCLE, domain=domain, name="cardioid")


def wrapped_exponential() -> StatisticalModel:
    """The exponential density of rate lambda wrapped around the circle from 0 to 2 pi. MJ, section 3.5."""
    rate, x = sp.symbols("lambda x", positive=True)
    density = rate * sp.exp(-rate * x) / (1 - sp.exp(-2 * sp.pi * rate))
    return declare(density, x, rate, support=sp.Interval.Ropen(0, 2 * sp.pi), name="wrapped_exponential")


def von_mises_fisher() -> StatisticalModel:
    """The von Mises-Fisher density on the sphere: mean direction of colatitude alpha and longitude beta.

    The variables are colatitude theta and longitude phi, the measure is d theta d phi. MJ, section 9.3.2.
    """
    alpha = sp.Symbol("alpha", positive=True)
    beta = sp.Symbol("beta", real=True)
    theta, phi = sp.Symbol("theta", positive=True), sp.Symbol("phi", real=True)
    cosine = sp.cos(alpha) * sp.cos(theta) + sp.sin(alpha) * sp.sin(theta) * sp.cos(phi - beta)
    density = _KAPPA / (4 * sp.pi * sp.sinh(_KAPPA)) * sp.exp(_KAPPA * cosine) * sp.sin(theta)
    return declare(
        density,
        (theta, phi),
        (alpha, beta, _KAPPA),
        support={theta: sp.Interval.open(0, sp.pi), phi: _CIRCLE},
        domain={alpha: sp.Interval.open(0, sp.pi), beta: sp.Interval.open(-sp.pi, sp.pi)},
        name="von_mises_fisher",
    )


def von_mises_fisher_polar() -> StatisticalModel:
    """The von Mises-Fisher density about the north pole, in the colatitude theta alone. MJ, section 9.3.2."""
    theta = sp.Symbol("theta", positive=True)
    density = _KAPPA / (2 * sp.sinh(_KAPPA)) * sp.exp(_KAPPA * sp.cos(theta)) * sp.sin(theta)
    return declare(density, theta, _KAPPA, support=sp.Interval.open(0, sp.pi), name="von_mises_fisher_polar")
