"""Declarations in disguise: what has to be refused is, by the error that fits; what only looks odd is accepted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sympy as sp
from sympy import Abs, Heaviside, Interval, Max, Min, Piecewise, Rational, exp, log, pi, sign, sqrt

import symgeo as sg
from symgeo import errors

x, m, t = sp.symbols("x m t", real=True)
u, a, b, k, r, s = sp.symbols("u a b k r s", positive=True)
p = sp.Symbol("p", positive=True)
n = sp.Symbol("n", integer=True, nonnegative=True)
UNIT = {"domain": {p: (0, 1)}}
ON_UNIT = {"support": Interval(0, 1)}
GAUSS = exp(-(x**2) / 2) / sqrt(2 * pi)
SHIFTED = GAUSS.subs(x, x - m)

# name: (density, variables, parameters, options, errors that fit)
REFUSED = {
    "uniform between two roots": (
        Heaviside(b - x**2) / (2 * sqrt(b)), x, b, {}, errors.SupportError),
    "uniform by a product of steps": (Heaviside((x - m) * (m + 1 - x)), x, m, {}, errors.SupportError),
    "uniform by signs": ((sign(x - m) - sign(x - m - 1)) / 2, x, m, {}, errors.SupportError),
    "uniform by the smaller of two steps": (Min(Heaviside(x - m), Heaviside(m + 1 - x)), x, m, {}, errors.SupportError),
    "uniform by an odd root": (
        (1 - Abs(x - m) / Abs(Abs(x - m) - 1) * (Abs(x - m) - 1) / Abs(x - m)) / 4, x, m, {},
        errors.SupportError),
    "shifted exponential, step": (exp(-(x - m)) * Heaviside(x - m), x, m, {}, errors.SupportError),
    "shifted exponential, power of a step": (exp(-(x - m)) * Heaviside(x - m) ** 2, x, m, {}, errors.SupportError),
    "shifted exponential, on its end": (exp(m - x), x, m, {"support": Interval(m, sp.oo)}, errors.SupportError),
    "shifted exponential, hidden in Abs": (
        exp(m - x) * (1 + Abs(x - m) / (x - m)) / 2, x, m, {}, errors.DeclarationError),
    "shifted exponential, by log": (
        exp(-(x - m)) * Piecewise((1, log(u) > 0), (1, True)), x, m, {}, errors.DeclarationError),
    "Pareto by a step of a ratio": (
        a * b**a / u ** (a + 1) * Heaviside(log(u / b)), u, (a, b), {}, errors.SupportError),
    "Weibull with a threshold": (
        Piecewise((k * (x - m) ** (k - 1) * exp(-((x - m) ** k)), x > m), (0, True)), x, (m, k), {},
        errors.SupportError),
    "extreme values by Max": (
        Max(1 + t * x, 0) ** (-1 / t - 1) * exp(-(Max(1 + t * x, 0) ** (-1 / t))), x, t, {}, errors.SupportError),
    "root real beyond a parameter": (sqrt(x - m) * exp(m - x) * 2 / sqrt(pi), x, m, {}, errors.NegativeDensityError),
    "half circle": (2 * sqrt(b**2 - x**2) / (pi * b**2), x, b, {}, errors.NegativeDensityError),
    "half circle by Max": (2 * sqrt(Max(b**2 - x**2, 0)) / (pi * b**2), x, b, {}, errors.SupportError),
    "tent": (Max(1 - Abs(x - m), 0), x, m, {}, errors.SupportError),
    "tent by Piecewise": (Piecewise((1 - Abs(x - m), Abs(x - m) < 1), (0, True)), x, m, {}, errors.SupportError),
    "kernel of Epanechnikov": (Rational(3, 4) * Max(1 - (x - m) ** 2, 0), x, m, {}, errors.SupportError),
    "a step at the location": (GAUSS * (1 + sign(x - m) * sp.erf(m / 2)) / 1, x, m, {}, errors.SupportError),
    "a step at the location, by atan of tan": (
        (1 + sp.atan(sp.tan(x - m)) / 3) / (2 * pi), x, m, {"support": Interval(-pi, pi)},
        (errors.SupportError, errors.NoClosedFormError)),
    "a step under floor": (p * exp(-u) * (1 + 0 * u) + (1 - p) * (sp.floor(u + p) + 1) * exp(-u), u, p, UNIT,
                           errors.SupportError),
    "a step by Mod": (GAUSS * (Rational(1, 2) + sp.Mod(x - m, 1)), x, m, {}, errors.SupportError),
    "a step by ceiling": (GAUSS * sp.ceiling(x - m), x, m, {}, errors.SupportError),
    "discrete, a moving step": (Piecewise((p, n < a), (1 - p, True)) / 2**n, n, (a, p), UNIT, errors.SupportError),
    "point mass": (p * sp.DiracDelta(u - 1) + (1 - p) * exp(-u), u, p, UNIT, errors.SupportError),
    "point mass that moves": (sp.DiracDelta(x - m) / 2 + GAUSS / 2, x, m, {}, errors.SupportError),
    "half the mass": (SHIFTED / 2, x, m, {}, errors.NormalisationError),
    "mass depends on the parameter": (exp(-a * u), u, a, {}, errors.NormalisationError),
    "mass one at one parameter only": (a**2 * exp(-a * u), u, a, {}, errors.NormalisationError),
    "tail too heavy": (a / (1 + u), u, a, {}, errors.NormalisationError),
    "pole at the end": (a / u * exp(-u), u, a, {}, errors.NormalisationError),
    "pole inside": (a / Abs(x) * GAUSS, x, a, {}, errors.NormalisationError),
    "oscillating sign": (GAUSS * (1 + 2 * sp.cos(x + m)) / (1 + 2 * exp(-Rational(1, 2)) * sp.cos(m)), x, m, {},
                         errors.NegativeDensityError),
    "negative in a corner": (
        1 + a * (x - Rational(1, 2)), x, a, {**ON_UNIT, "domain": {a: (0, 3)}},
        (errors.NegativeDensityError, errors.NoClosedFormError)),
    "weights beyond one": ((1 + a) * exp(-u) - a * 2 * exp(-2 * u), u, a, {}, errors.NegativeDensityError),
    "not real": (exp(-u) * log(1 - a * u), u, a, {}, errors.NegativeDensityError),
    "not real on the left": (sqrt(x) * exp(-a * x), x, a, {}, errors.DeclarationError),
    "imaginary unit": (GAUSS * (1 + sp.I * m), x, m, {}, errors.DeclarationError),
    "sums to two": (2 * p * (1 - p) ** n, n, p, UNIT, errors.NormalisationError),
    "sums from zero but starts at one": (
        p * (1 - p) ** (n - 1), n, p, {"domain": {p: (0, 1)}}, errors.NormalisationError),
    "sharp peak, infinite information": (
        exp(-(Abs(x - m) ** Rational(1, 4))) / (2 * sp.gamma(5)), x, m, {}, errors.DivergentExpectationError),
    "twice the same location": (SHIFTED.subs(m, m + t), x, (m, t), {}, errors.SingularMetricError),
    "a ratio alone counts": (a / b * exp(-a * u / b), u, (a, b), {}, errors.SingularMetricError),
    "mixture of one law": (
        (p * exp(-Abs(x - m)) + (1 - p) * exp(-Abs(x - m))) / 2, x, (p, m), UNIT, errors.SingularMetricError),
    "a kink at a sum of locations": (
        (exp(-Abs(x - m - t)) / 2 + GAUSS) / 2, x, (m, t), {}, errors.SingularMetricError),
    "integer shape": (u ** (sp.Symbol("j", integer=True, positive=True) - 1) * exp(-u) /
                      sp.gamma(sp.Symbol("j", integer=True, positive=True)), u,
                      sp.Symbol("j", integer=True, positive=True), {}, errors.DomainError),
    "kink in two variables": (
        (exp(-Abs(x - m) - Abs(t - m)) / 4 + exp(-(x**2) - t**2) / pi) / 2, (x, t), m, {"check": False},
        errors.NoClosedFormError),
    "kink among integers": ((1 + Abs(n - a)) / 2 ** (n + 1) / (1 + a + 0 * n), n, a, {"check": False},
                            errors.SymgeoError),
    "kink hidden in acosh": ((exp(-sp.acosh(sp.cosh(x - m))) / 2 + GAUSS) / 2, x, m, {}, errors.NoClosedFormError),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused(name: str) -> None:
    density, variables, parameters, options, error = REFUSED[name]
    with pytest.raises(error) as caught:
        _ = sg.StatisticalModel(density, variables, parameters, **options).manifold.inverse_metric
    assert len(str(caught.value)) < 900


def laplace(at: Any) -> sp.Expr:
    return exp(-Abs(at)) / 2


# name: (density, variables, parameters, options, point, Fisher information or None)
ACCEPTED = {
    "Laplace by a root": (exp(-sqrt((x - m) ** 2)) / 2, x, m, {}, [0.3], 1.0),
    "Laplace by Max": (exp(-Max(x - m, m - x)) / 2, x, m, {}, [0.3], 1.0),
    "Laplace by Min": (exp(Min(x - m, m - x)) / 2, x, m, {}, [0.3], 1.0),
    "Laplace by sign": (exp(-(x - m) * sign(x - m)) / 2, x, m, {}, [0.3], 1.0),
    "Laplace by Heaviside": (exp(-(x - m) * (2 * Heaviside(x - m) - 1)) / 2, x, m, {}, [0.3], 1.0),
    "Laplace by Piecewise": (Piecewise((exp(m - x), x > m), (exp(x - m), True)) / 2, x, m, {}, [0.3], 1.0),
    "symbols without assumptions": (
        laplace(sp.Symbol("y") - sp.Symbol("q")), sp.Symbol("y"), sp.Symbol("q"), {}, [0.3], 1.0),
    "a normal law by Abs": (exp(-(Abs(x - m) ** 2) / 2) / sqrt(2 * pi), x, m, {}, [0.3], 1.0),
    "a step on the variable alone": (
        Piecewise((p * exp(-Abs(x)), x > 0), ((1 - p) * exp(-Abs(x)), True)), x, p, UNIT, [0.25], 16 / 3),
}  # fmt: skip


@pytest.mark.parametrize("name", ACCEPTED)
def test_it_is_accepted(name: str) -> None:
    density, variables, parameters, options, point, information = ACCEPTED[name]
    metric = sg.lambdify(sg.StatisticalModel(density, variables, parameters, **options).manifold.metric)
    np.testing.assert_allclose(metric(point), [[information]], rtol=1e-9)


DIVERGENT = {
    "pole of a normal law": (SHIFTED, m, 1 / x, "E\\[1/x\\] is infinite at every point"),
    "pole that moves": (SHIFTED, m, 1 / (x - m - 1), "infinite"),
    "two poles": (SHIFTED, m, 1 / (x**2 - 1), "infinite at every point"),
    "mean of a Cauchy law": (1 / (pi * (1 + (x - m) ** 2)), m, x, "infinite"),
    "tail of an exponential": (k * exp(-k * Abs(x)) / 2, k, exp(x), "infinite"),
}


@pytest.mark.parametrize("name", DIVERGENT)
def test_divergence_is_told(name: str) -> None:
    density, parameter, f, message = DIVERGENT[name]
    with pytest.raises(errors.DivergentExpectationError, match=message):
        sg.StatisticalModel(density, x, parameter).expectation(f, seconds=0)


def test_what_oscillates_in_a_heavy_tail_says_so() -> None:
    model = sg.StatisticalModel(1 / (pi * (1 + (x - m) ** 2)), x, m)
    with pytest.raises(errors.NoClosedFormError, match="oscillates"):
        model.expectation(sp.cos(x), seconds=0)


def test_poles_that_can_be_integrated_are() -> None:
    model = sg.StatisticalModel(GAUSS.subs(x, x / s) / s, x, s)
    found = sg.lambdify(model.expectation(Abs(x - 1) ** Rational(-1, 2), seconds=0), (s,))
    assert np.isfinite(found([1.0]))
    fixed = sg.lambdify(model.expectation(1 / sqrt(Abs(x)), seconds=0), (s,))([1.0])
    assert fixed == pytest.approx(float(sp.gamma(Rational(1, 4)) / (2 ** Rational(1, 4) * sqrt(pi))), rel=1e-9)


def test_outside_the_domain_a_law_with_kinks_is_nan() -> None:
    density = p * GAUSS + (1 - p) * laplace(x - m)
    M = sg.StatisticalModel(density, x, (p, m), domain={p: (0, 1)}).manifold
    points = [[0.3, 0.2], [0.0, 0.2], [1.0, 0.2], [1.2, 0.2], [np.nan, 0.2], [0.3, np.inf], [0.3, np.nan]]
    for tensor in (M.metric, M.cubic, M.connection(0).christoffel_first_kind):
        values = sg.lambdify(tensor)(points)
        assert np.all(np.isfinite(values[0]))
        assert np.all(np.isnan(values[1:]))
