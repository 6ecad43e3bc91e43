"""Expressions, families and points for the digits of generated functions, and the error of a value."""

from __future__ import annotations

import math
from collections.abc import Callable

import sympy as sp
from hypothesis import strategies as st

import symgeo as sg
from symgeo.codegen import evaluate

TOLERANCE = 1e-10
a, b, c = sp.symbols("a b c", positive=True)
x, y = sp.symbols("x y", real=True)
psi = sp.polygamma
sizes = st.floats(-4, 8).map(lambda e: 10.0**e)


def error(value: float, expr: sp.Expr, at: dict, limit: float = math.inf) -> float:
    """The relative error; 0 where nothing is expected of a double, ``limit`` for a value at a pole or 0/0."""
    expected = evaluate(expr, at, 50)
    if not expected.context.isfinite(expected):
        return limit if math.isfinite(value) else 0.0
    if expected == 0 or not 1e-300 < abs(expected) < 1e300:
        return 0.0
    return float(abs(float(value) - expected) / abs(expected)) if math.isfinite(value) else math.inf


FAMILIES = [
    *("gamma", "beta", "gamma_mean", "gumbel", "student", "inverse_gaussian", "categorical", "beta_prime", "nakagami"),
    *("negative_binomial", "yule_simon", "von_mises", "weibull", "truncated_exponential", "lomax"),
]


def drawn(draw: Callable[[str], float], name: str) -> list[float]:
    """A point of a family: ``draw`` gives sizes above a finite end, and from 1e-4 to 1e8 those within an interval."""
    model = sg.catalogue.get(name)
    point = []
    for p in model.parameters:
        low, high, size = float(model.domain[p].inf), float(model.domain[p].sup), draw(str(p))
        if math.isfinite(low) and math.isfinite(high):
            point.append(high - (high - low) * size * 1e-8 / 2 if size > 1 else low + (high - low) * size / 2)
        else:
            point.append(low + size if math.isfinite(low) else size)
    return point


SUMS = [
    (psi(2, a) - psi(2, a + b), (1e7, 1e-3)),
    (psi(1, a) - psi(1, a + b), (1e8, 1e-4)),
    (psi(1, a) * psi(1, b) - psi(1, a + b) * (psi(1, a) + psi(1, b)), (2e7, 3e7)),
    (a * psi(1, a) - 1 - 1 / (2 * a), (1e8, 1.0)),
    (sp.log(1 + a) - a + a**2 / 2, (1e-4, 1.0)),
    (sp.exp(a) - 1 - a, (1e-4, 1.0)),
    (sp.loggamma(a + b) - sp.loggamma(a) - b * sp.log(a), (1e8, 1e-4)),
    (1 - sp.tanh(a), (300.0, 1.0)),
    ((1 - sp.tanh(a) ** 2) * sp.cosh(a) ** 2, (500.0, 1.0)),
    (sp.sin(a * b), (0.1, 1e12)),
    (sp.besselk(1, a) / sp.besselk(0, a) - 1, (1e8, 1.0)),
    (sp.beta(a, b) * sp.sqrt(a), (1e7, 20.0)),
    (sp.hyper((a, b), (sp.Float(0.06528),), -sp.Float(2.985)), (10.38, 27.02)),
    (sp.Piecewise((psi(1, a) - 1 / a, a > b), (sp.exp(a) - 1 - a, True)), (1e7, 1.0)),
    (sp.Piecewise((psi(1, a) - 1 / a, a > b), (sp.exp(a) - 1 - a, True)), (1e-3, 1.0)),
    (sp.Abs(a * b - 1 / (3 * a)) + sp.Max(a * b - 1 / (3 * a), -1), (1.0, 1 / 3)),
    (sp.floor(3 * (a / 3)) + b / 2, (5.0, 1.0)),
    (sp.sign(a * b - 1) + 2, (1 / 3, 3.0)),
    (sp.Catalan * a - sp.EulerGamma * b, (1.0, 1.586868913)),
    (a * b - 1, (1 / 3, 3.0)),
]
# Intermediate numbers leave the range of doubles.
BEYOND = [
    (a**40 / b**40, (1e8, 2e8)),
    (a**40 * b**40, (1e-9, 1e9)),
    (sp.exp(a) / sp.exp(b), (1000.0, 1000.5)),
    (1 / (1 / a**20 + 1 / b**20) / b**15, (1e-20, 1e-19)),
    (sp.sqrt(a**2 + b**2), (1e200, 1e200)),
    (a**3 * b, (1e-110, 1e300)),
    (sp.erfc(a) * sp.exp(a**2), (30.0, 1.0)),
    (sp.besselk(0, a) / sp.besselk(1, a * b), (800.0, 1.0)),
]


leaves = st.sampled_from([a, b, x, y]) | st.fractions(-9, 9, max_denominator=9).map(
    lambda f: sp.Rational(f.numerator, f.denominator)
)
ONE = [
    *(
        sp.exp,
        sp.log,
        sp.sqrt,
        sp.sin,
        sp.tanh,
        sp.atan,
        sp.erf,
        sp.erfc,
        sp.Abs,
        sp.cosh,
        sp.gamma,
        sp.loggamma,
        sp.asinh,
    ),
    *(
        lambda u: 1 / u,
        lambda u: u**2,
        lambda u: u**3,
        lambda u: psi(0, u),
        lambda u: psi(2, u),
        lambda u: sp.zeta(3, u),
    ),
    *(lambda u: sp.exp(u) - 1, lambda u: sp.log(1 + u), lambda u: sp.besselk(0, u), lambda u: u ** sp.Rational(1, 3)),
    *(lambda u: sp.expint(1, u), lambda u: sp.Piecewise((u, u > 1), (sp.exp(u), True))),
]
TWO = [sp.Add, sp.Add, sp.Mul, lambda u, v: u - v, lambda u, v: u - v, lambda u, v: u / v, lambda u, v: u**v, sp.Max]


def applied(function, *args):
    try:
        return function(*args)
    except ValueError:  # Max of what SymPy knows not to be real
        return sp.nan


def grown(inner):
    one = st.tuples(st.sampled_from(ONE), inner)
    return (one | st.tuples(st.sampled_from(TWO), inner, inner)).map(lambda parts: applied(*parts))


expressions = st.recursive(leaves, grown, max_leaves=7).filter(
    lambda e: e.free_symbols and not e.has(sp.I, sp.zoo, sp.nan, sp.oo, sp.AccumBounds, sp.arg, sp.im)
)
near = st.floats(-4, 4).map(lambda e: 10.0**e)
points = st.tuples(near, near, near, near)
