"""Does the check pass every right density and refuse every wrong one, with the right error?

The laws are written in the parametrisations people use, and in some that they do not. ``python
tests/models/test_normalisation.py`` prints how long the check takes for a few of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import numpy as np
import pytest
import sympy as sp
from scipy import special
from sympy import (
    Abs,
    Eq,
    FiniteSet,
    Interval,
    Matrix,
    Piecewise,
    Range,
    Rational,
    S,
    Symbol,
    Union,
    besseli,
    besselk,
    beta,
    binomial,
    cos,
    cosh,
    erf,
    exp,
    factorial,
    gamma,
    log,
    oo,
    pi,
    sin,
    sinh,
    sqrt,
    symbols,
    zeta,
)

from symgeo.errors import DeclarationError, NegativeDensityError, NormalisationError, UnknownSymbolError
from symgeo.models.chart import Chart
from symgeo.models.cubature import integrate_space
from symgeo.models.normalisation import check_density
from symgeo.models.quadrature import integrate
from symgeo.models.summation import summate
from symgeo.models.support import Support

x, y, z = symbols("x y z", real=True)
u, v, w = symbols("u v w", positive=True)
n, m = symbols("n m", integer=True, nonnegative=True)
i, j = symbols("i j", integer=True)
a, b, c, k, r, s = symbols("a b c k r s", positive=True)
mu, nu, th, rho = symbols("mu nu th rho", real=True)
p, q = symbols("p q", real=True)
P01 = {p: (0, 1)}


@dataclass
class Law:
    density: sp.Expr
    variables: Any
    parameters: Any
    support: Any = None
    domain: Any = None
    constraints: Any = field(default=())

    def check(self, factor: Any = 1, points: int = 3, **changed: Any):
        chart = Chart.build(self.parameters, self.domain, self.constraints)
        support = Support.build(self.variables, changed.get("support", self.support), chart.parameters)
        density = factor * self.density
        return check_density(sp.expand_log(log(density), force=True), chart, support, density=density, points=points)


def normal(at, mean, sd):
    return exp(-((at - mean) ** 2) / (2 * sd**2)) / (sd * sqrt(2 * pi))


LINE = {
    "normal": Law(normal(x, mu, s), x, (mu, s)),
    "normal, log precision": Law(exp(-exp(th) * (x - mu) ** 2 / 2 + th / 2) / sqrt(2 * pi), x, (mu, th)),
    "normal, natural": Law(exp(th * x - a * x**2 - th**2 / 4 / a) * sqrt(a / pi), x, (th, a)),
    "normal, expanded": Law(exp(-(x**2) / 2 / s**2 + x * mu / s**2 - mu**2 / 2 / s**2) / s / sqrt(2 * pi), x, (mu, s)),
    "normal, far and narrow": Law(normal(x, 1000 + mu, s / 1000), x, (mu, s)),
    "normal, tiny": Law(normal(x, 0, s / 10**8), x, s),
    "normal, huge": Law(normal(x, 3 * 10**8, 10**8 * s), x, s),
    "gamma": Law(r**k * u ** (k - 1) * exp(-r * u) / gamma(k), u, (k, r)),
    "gamma, mean": Law((k / a) ** k * u ** (k - 1) * exp(-k * u / a) / gamma(k), u, (k, a)),
    "gamma, small shape": Law(r ** (k / 5) * u ** (k / 5 - 1) * exp(-r * u) / gamma(k / 5), u, (k, r)),
    "inverse gamma": Law(b**a / gamma(a) * u ** (-a - 1) * exp(-b / u), u, (a, b)),
    "weibull": Law(k / a * (u / a) ** (k - 1) * exp(-((u / a) ** k)), u, (k, a)),
    "maxwell": Law(sqrt(2 / pi) * u**2 / a**3 * exp(-(u**2) / 2 / a**2), u, a),
    "lognormal": Law(normal(log(u), mu, s) / u, u, (mu, s)),
    "beta": Law(u ** (a - 1) * (1 - u) ** (b - 1) / beta(a, b), u, (a, b), Interval.open(0, 1)),
    "beta, singular": Law(u ** (a / 9 - 1) * (1 - u) ** (b / 9 - 1) / beta(a / 9, b / 9), u, (a, b), Interval(0, 1)),
    "beta, mean": Law(
        u ** (p * k - 1) * (1 - u) ** ((1 - p) * k - 1) / beta(p * k, (1 - p) * k), u, (p, k), Interval(0, 1), P01
    ),
    "arcsine": Law((1 - x**2) ** (a - 1) * gamma(a + S.Half) / sqrt(pi) / gamma(a), x, a, Interval.open(-1, 1)),
    "kumaraswamy": Law(a * b * u ** (a - 1) * (1 - u**a) ** (b - 1), u, (a, b), Interval.open(0, 1)),
    "exponential": Law(exp(-u / a) / a, u, a),
    "laplace": Law(exp(-Abs(x - mu) / b) / 2 / b, x, (mu, b)),
    "generalised normal": Law(b / (2 * a * gamma(1 / b)) * exp(-((Abs(x - mu) / a) ** b)), x, (mu, a, b)),
    "cauchy": Law(1 / (pi * s * (1 + ((x - mu) / s) ** 2)), x, (mu, s)),
    "student": Law(
        gamma((k + 1) / 2) / gamma(k / 2) / sqrt(k * pi) / s * (1 + ((x - mu) / s) ** 2 / k) ** (-(k + 1) / 2),
        x,
        (mu, s, k),
    ),
    "pareto, heavy": Law(a / 5 * 3 ** (a / 5) * u ** (-a / 5 - 1), u, a, Interval.open(3, oo)),
    "lomax": Law(a / b * (1 + u / b) ** (-a - 1), u, (a, b)),
    "burr": Law(a * b * u ** (a - 1) / (1 + u**a) ** (b + 1), u, (a, b)),
    "log-cauchy": Law(1 / (u * pi * s * (1 + ((log(u) - mu) / s) ** 2)), u, (mu, s)),
    "logistic": Law(exp(-(x - mu) / s) / s / (1 + exp(-(x - mu) / s)) ** 2, x, (mu, s)),
    "gumbel": Law(exp(-(x - mu) / b - exp(-(x - mu) / b)) / b, x, (mu, b)),
    "gompertz": Law(a * b * exp(b * u) * exp(a - a * exp(b * u)), u, (a, b)),
    "inverse gaussian": Law(sqrt(b / (2 * pi * u**3)) * exp(-b * (u - a) ** 2 / (2 * a**2 * u)), u, (a, b)),
    "generalised inverse gaussian": Law(
        (a / b) ** (p / 2) / 2 / besselk(p, sqrt(a * b)) * u ** (p - 1) * exp(-(a * u + b / u) / 2), u, (a, b, p)
    ),
    "von mises": Law(exp(k * cos(x - mu)) / 2 / pi / besseli(0, k), x, (mu, k), Interval.Ropen(0, 2 * pi)),
    "von mises, cartesian": Law(
        exp(a * cos(x) + b * sin(x)) / 2 / pi / besseli(0, sqrt(a**2 + b**2)), x, (a, b), Interval(-pi, pi)
    ),
    "wrapped cauchy": Law((1 - p**2) / (1 + p**2 - 2 * p * cos(x - mu)) / 2 / pi, x, (mu, p), Interval(-pi, pi), P01),
    "oscillating": Law((1 + p * cos(7 * x)) / 2 / pi, x, p, Interval(-pi, pi), P01),
    "fejer": Law((1 - cos(a * x)) / (pi * a * x**2), x, a),
    "skew normal": Law(normal(x, 0, 1) * (1 + erf(a * x / sqrt(2))), x, a),
    "truncated normal": Law(2 * normal(x, 0, s) / (erf(2 / s / sqrt(2)) + erf(1 / s / sqrt(2))), x, s, Interval(-1, 2)),
    "polynomial": Law(12 * p * u**2 * (1 - u) + (1 - p) * 2 * u, u, p, Interval(0, 1), P01),
    "two intervals": Law((1 + p * x) / 2, x, p, Union(Interval(-2, -1), Interval(1, 2)), {p: (0, S.Half)}),
    "mixture": Law(p * normal(x, 0, 1) + (1 - p) * normal(x, mu, 1), x, (p, mu), None, P01),
    "mixture, hidden peak": Law(
        p * normal(x, 0, 1) + (1 - p) * normal(x, 7 + mu, Rational(1, 10**6)), x, (p, mu), None, P01
    ),
    "mixture, far apart": Law(
        p * normal(x, -300, Rational(1, 100)) + (1 - p) * normal(x, 40 + mu, Rational(1, 1000)), x, (p, mu), None, P01
    ),
    "unevaluated normaliser": Law(exp(-(x**4) + th * x) / sp.Integral(exp(-(z**4) + th * z), (z, -oo, oo)), x, th),
    "unusual constant": Law(normal(x, 0, 1 / (sp.stieltjes(0) * sqrt(a))), x, a),
}

COUNTS = {
    "poisson": Law(exp(-a) * a**n / factorial(n), n, a),
    "poisson, large mean": Law(exp(-a * 10**5) * (a * 10**5) ** n / factorial(n), n, a),
    "binomial": Law(binomial(7, n) * p**n * (1 - p) ** (7 - n), n, p, Range(0, 8), P01),
    "binomial, logit": Law(binomial(7, n) * exp(th * n) / (1 + exp(th)) ** 7, n, th, Range(0, 8)),
    "geometric": Law((1 - p) ** n * p, n, p, None, P01),
    "negative binomial": Law(gamma(n + k) / gamma(k) / factorial(n) * p**k * (1 - p) ** n, n, (k, p), S.Naturals0, P01),
    "zeta": Law(n ** (-s - Rational(11, 10)) / zeta(s + Rational(11, 10)), n, s, S.Naturals),
    "yule": Law(a * beta(n, a + 1), n, a, S.Naturals),
    "yule, split": Law(a * gamma(n) * gamma(a + 1) / gamma(n + a + 1), n, a, S.Naturals),
    "logarithmic": Law(-(p**n) / n / log(1 - p), n, p, S.Naturals, P01),
    "bernoulli": Law(Piecewise((p, Eq(j, 1)), (1 - p, True)), j, p, FiniteSet(0, 1), P01),
    "categorical": Law(
        Piecewise((p, Eq(j, 1)), (q, Eq(j, 2)), (1 - p - q, True)),
        j,
        (p, q),
        FiniteSet(1, 2, 3),
        {p: (0, 1), q: (0, 1)},
        (p + q < 1,),
    ),
    "skellam": Law(exp(-a - b) * (a / b) ** (j / 2) * besseli(Abs(j), 2 * sqrt(a * b)), j, (a, b)),
    "discrete laplace": Law((1 - p) / (1 + p) * p ** Abs(j), j, p, S.Integers, P01),
    "zero-inflated poisson": Law(
        Piecewise((p + (1 - p) * exp(-a), Eq(n, 0)), ((1 - p) * exp(-a) * a**n / factorial(n), True)),
        n,
        (p, a),
        None,
        P01,
    ),
    "conway-maxwell-poisson": Law(
        a**n / factorial(n) ** (1 + b) / sp.Sum(a**m / factorial(m) ** (1 + b), (m, 0, oo)), n, (a, b)
    ),
    "even numbers": Law(a ** (n / 2) * (1 - a), n, a, Range(0, oo, 2), {a: (0, 1)}),
}


def multivariate_normal(size: int) -> Law:
    at, mean = symbols(f"x1:{size + 1}", real=True), symbols(f"m1:{size + 1}", real=True)

    def entry(i, j):
        return Symbol(f"h{min(i, j)}{max(i, j)}", **{"positive" if i == j else "real": True})

    precision = Matrix(size, size, entry)
    off = Matrix(at) - Matrix(mean)
    density = sqrt(precision.det() / (2 * pi) ** size) * exp(-(off.T * precision * off)[0] / 2)
    upper = [precision[i, j] for i in range(size) for j in range(i, size)]
    minors = [precision[:i, :i].det() > 0 for i in range(2, size + 1)]
    return Law(density, at, (*mean, *upper), None, None, minors)


def dirichlet(size: int) -> Law:
    at, shape = symbols(f"x1:{size}", positive=True), symbols(f"a1:{size + 1}", positive=True)
    powers = sp.prod(t ** (e - 1) for t, e in zip((*at, 1 - sum(at)), shape, strict=True))
    density = gamma(sum(shape)) / sp.prod(gamma(e) for e in shape) * powers
    return Law(density, at, shape, {t: Interval.open(0, 1 - sum(at[:i])) for i, t in enumerate(at)})


def multinomial(size: int, trials: int) -> Law:
    at, chance = symbols(f"n1:{size}", integer=True, nonnegative=True), symbols(f"p1:{size}", positive=True)
    rest = trials - sum(at)
    density = factorial(trials) / sp.prod(factorial(t) for t in at) / factorial(rest)
    density *= sp.prod(t**e for t, e in zip(chance, at, strict=True)) * (1 - sum(chance)) ** rest
    support = {t: Range(0, trials - sum(at[:i]) + 1) for i, t in enumerate(at)}
    return Law(density, at, chance, support, None, (sum(chance) < 1,))


half_line = Interval.open(0, oo)
PLANE = {
    "bivariate normal": Law(
        exp(-((x - mu) ** 2 / a**2 - 2 * rho * (x - mu) * (y - nu) / a / b + (y - nu) ** 2 / b**2) / 2 / (1 - rho**2))
        / (2 * pi * a * b * sqrt(1 - rho**2)),
        (x, y),
        (mu, nu, a, b, rho),
        None,
        {rho: (-1, 1)},
    ),
    "bivariate student": Law(
        (1 + (x - mu) ** 2 / k / a**2 + y**2 / k / b**2) ** (-k / 2 - 1) / (2 * pi * a * b), (x, y), (mu, a, b, k)
    ),
    "dirichlet of three": dirichlet(3),
    "normal-gamma": Law(
        b**a / gamma(a) * u ** (a - S.Half) * exp(-b * u - u * (x - mu) ** 2 / 2) / sqrt(2 * pi), (x, u), (mu, a, b)
    ),
    "ordered exponentials": Law(2 * a**2 * exp(-a * (u + v)), (u, v), a, {u: half_line, v: Interval.open(u, oo)}),
    "mckay": Law(
        a ** (b + c) * u ** (b - 1) * (v - u) ** (c - 1) * exp(-a * v) / gamma(b) / gamma(c),
        (u, v),
        (a, b, c),
        {u: half_line, v: Interval.open(u, oo)},
    ),
    "sphere": Law(
        k * exp(k * cos(x)) * sin(x) / 4 / pi / sinh(k), (x, y), k, {x: Interval(0, pi), y: Interval(0, 2 * pi)}
    ),
    "copula": Law(1 + p * (1 - 2 * u) * (1 - 2 * v), (u, v), p, [Interval(0, 1), Interval(0, 1)], {p: (-1, 1)}),
    "banana": Law(normal(x, mu, 1) * normal(y, x**2, s / 4), (x, y), (mu, s)),
    "two far peaks": Law(
        p * normal(x, 0, 1) * normal(y, 0, 1)
        + (1 - p) * normal(x, 30, Rational(1, 10)) * normal(y, mu, Rational(1, 10)),
        (x, y),
        (p, mu),
        None,
        P01,
    ),
    "poisson of a gamma": Law(exp(-u * (a + 1)) * u**n / factorial(n) * a, (n, u), a, {n: S.Naturals0, u: half_line}),
    "normal of a coin": Law(
        p**j * (1 - p) ** (1 - j) * normal(x, mu * j, 1), (j, x), (p, mu), {j: FiniteSet(0, 1), x: S.Reals}, P01
    ),
    "ising pair": Law(exp(th * i * j) / (4 * cosh(th)), (i, j), th, {i: FiniteSet(-1, 1), j: FiniteSet(-1, 1)}),
    "two poissons": Law(exp(-a - b) * a**n * b**m / factorial(n) / factorial(m), (n, m), (a, b)),
    "trinomial": multinomial(3, 5),
}
S12 = Symbol("S12", real=True)
SPACE = {
    "trivariate normal": multivariate_normal(3),
    "five-variate normal": multivariate_normal(5),
    "dirichlet of four": dirichlet(4),
    "dirichlet of eight": dirichlet(8),
    "multinomial of six": multinomial(6, 4),
    "chain": Law(normal(x, mu, 1) * normal(y, a * x, 1) * normal(z, b * y * x, 1), (x, y, z), (mu, a, b)),
    "wishart": Law(
        (u * v - S12**2) ** ((k - 1) / 2)
        * exp(-(u / a + v / b) / 2)
        / (2 ** (k + 2) * (a * b) ** (k / 2 + 1) * sqrt(pi) * gamma(k / 2 + 1) * gamma((k + 1) / 2)),
        (u, v, S12),
        (k, a, b),
        {u: half_line, v: half_line, S12: Interval.open(-sqrt(u * v), sqrt(u * v))},
    ),
    "mixture with hidden peak": Law(
        p * normal(x, 0, 1) * normal(y, 0, 1) * normal(z, 0, 1)
        + (1 - p) * normal(x, 30, 1) * normal(y, mu, 1) * normal(z, -4, 1),
        (x, y, z),
        (p, mu),
        None,
        P01,
    ),
    "eight exponentials": Law(a**8 * exp(-a * sum(symbols("x1:9", positive=True))), symbols("x1:9", positive=True), a),
}
LAWS = LINE | COUNTS | PLANE | SPACE


@pytest.mark.parametrize("name", LAWS)
def test_right_densities_pass(name):
    confirmed = LAWS[name].check(points=3 if name in LINE | COUNTS else 2)
    assert confirmed
    for found in confirmed:
        assert found.mass == pytest.approx(1, abs=1e-6 if name in LINE | COUNTS and found.error < 1e-6 else 2e-3)


@pytest.mark.parametrize("name", LINE | COUNTS | PLANE)
def test_one_percent_is_noticed(name):
    factor = Rational(99, 100) if len(name) % 2 else Rational(101, 100)
    with pytest.raises(NormalisationError, match=r"check=False"):
        LAWS[name].check(factor, points=1)


@pytest.mark.parametrize("name", ["trivariate normal", "dirichlet of four", "multinomial of six", "chain"])
def test_one_percent_is_noticed_in_space(name):
    with pytest.raises(NormalisationError, match=r"to 1\.0[01]\d*, not 1"):
        LAWS[name].check(Rational(101, 100), points=1)


@pytest.mark.parametrize(
    ("law", "value"),
    [
        (Law(normal(log(u), mu, s), u, (mu, s)), None),  # the Jacobian 1/u is missing
        (Law(s * normal(x, mu, s), x, (mu, s)), None),  # the scale is missing
        (Law(a * exp(-a * u), u, a, Interval(0, 5)), None),  # the support is too narrow
        (Law(exp(-a) * a**n / factorial(n), n, a, S.Naturals), None),
        (Law(x**2 / 2 * exp(-Abs(x)), x, a), "2"),  # the support is too wide
        (Law(a * exp(-a * x), x, a), "diverges"),
        (Law(a / (1 + u), u, a), "diverges"),
        (Law(a / u, u, a, Interval(0, 1)), "diverges"),
        (Law(a / (1 - u), u, a, Interval(0, 1)), "diverges"),
        (Law(1 / (n + a), n, a), "diverges"),
        (Law(normal(x, 0, s) * normal(y, 0, 1) / s, (x, y), s), None),
        (Law(a * exp(-a * (u + v)), (u, v), a), None),
    ],
)
def test_mass_that_is_not_one(law, value):
    with pytest.raises(NormalisationError) as caught:
        law.check()
    message = str(caught.value)
    assert "not 1" in message or "no finite total mass" in message
    assert (value or "") in message and "domain=" in message and "check=False" in message
    assert all(f"{parameter} = " in message for parameter in Chart.build(law.parameters).parameters)


@pytest.mark.parametrize(
    "law",
    [
        Law(-a * exp(-a * u), u, a),
        Law(normal(x, 0, 1) * (1 + a * (x**3 - 3 * x) / 60), x, a),  # an Edgeworth series, negative in one tail
        Law(exp(-((x - mu) ** 2) / 2 / nu**2) / nu / sqrt(2 * pi), x, (mu, nu)),  # nu may be negative
        Law(r**k * x ** (k - 1) * exp(-r * x) / gamma(k), x, (k, r)),  # not real below zero
        Law(u ** (a - 1) * (1 - u) ** (b - 1) / beta(a, b), u, (a, b), Interval(0, 2)),
        Law(n**-s / zeta(s), n, s, S.Naturals),  # zeta(s) < 0 for s < 1
        Law(1 + a * (1 - 2 * u), u, a, Interval(0, 1)),  # a may exceed one
        Law(Piecewise((-a, Eq(j, 1)), (1 + a, True)), j, a, FiniteSet(0, 1)),
        Law(dirichlet(3).density, symbols("x1:3", positive=True), symbols("a1:4", positive=True), [Interval(0, 1)] * 2),
        Law(normal(x, 0, 1 / (sp.stieltjes(1) * sqrt(a))), x, a),  # stieltjes(1) = -0.07
    ],
)
def test_densities_that_are_negative_or_not_real(law):
    with pytest.raises(NegativeDensityError, match=r"(negative \(|not real).* at .* with .*correct the density"):
        law.check()


def test_rounding_is_no_negative_density():
    # (1 - u)^3 written out is negative in floating point near u = 1
    Law(4 * (1 - 3 * u + 3 * u**2 - u**3) * a / a, u, a, Interval(0, 1)).check()


def test_without_the_density_its_logarithm_is_asked():
    chart, support = Chart.build((mu, s)), Support.build(x)
    check_density(-((x - mu) ** 2) / 2 / s**2 - log(s) - log(2 * pi) / 2, chart, support)
    with pytest.raises(NegativeDensityError):
        check_density(log(mu) - mu * u, Chart.build(mu), Support.build(u))


def test_a_logarithm_of_something_else_is_refused():
    with pytest.raises(DeclarationError, match="not the logarithm"):
        check_density(-a * u, Chart.build(a), Support.build(u), density=a * exp(-a * u))


def test_unknown_symbols():
    with pytest.raises(UnknownSymbolError, match="c"):
        check_density(log(a) - a * c * u, Chart.build(a), Support.build(u))


def test_what_cannot_be_evaluated_is_unconfirmed():
    with pytest.raises(NormalisationError, match=r"could not be confirmed.*check=False"):
        check_density(sp.Function("f")(u) - a, Chart.build(a), Support.build(u))


def test_what_cannot_be_decided_is_unconfirmed():
    # every second term of a slowly converging series: the tail is far from negligible and no integral gives it
    parity = (1 + (-1) ** n) / 2
    law = Law(parity * (n / 2 + 1) ** (-1 - a / 9) / zeta(1 + a / 9), n, a)
    with pytest.raises(NormalisationError, match=r"could not be confirmed.*check=False"):
        law.check()


def test_the_confirmed_points_are_reported():
    found = LAWS["normal"].check(points=4)
    assert len(found) == 4
    assert all(set(one.point) == {mu, s} and one.error < 1e-9 for one in found)


# --- the rules themselves ----------------------------------------------------------------------------------------

INTEGRALS = {
    "far and narrow": (lambda t: -((t - 1000) ** 2) / 2e-6 - np.log(1e-3 * np.sqrt(2 * np.pi)), (-np.inf, np.inf)),
    "shape 0.001": (lambda t: -0.999 * np.log(t) - t - special.gammaln(0.001), (0, np.inf)),
    "shape 1e5": (lambda t: (1e5 - 1) * np.log(t) - t - special.gammaln(1e5), (0, np.inf)),
    "shifted, shape 0.3": (lambda t: -0.7 * np.log(t - 7) - t + 7 - special.gammaln(0.3), (7, np.inf)),
    "singular ends": (lambda t: -0.8 * np.log(t) - 0.7 * np.log(1 - t) - special.betaln(0.2, 0.3), (0, 1)),
    "curved singular end": (lambda t: np.log(0.12) - 0.7 * np.log(t) - 0.6 * np.log(1 - t**0.3), (0, 1)),
    "tail 1.03": (lambda t: np.log(0.03) - 1.03 * np.log(t), (1, np.inf)),
    "overflowing tail": (
        lambda t: (
            -0.51 * np.log1p(t * t / 0.02) + special.gammaln(0.51) - special.gammaln(0.01) - np.log(0.02 * np.pi) / 2
        ),
        (-np.inf, np.inf),
    ),
    "logarithmic singularity": (lambda t: np.log(-np.log(1 - t)), (0, 1)),
    "singular inside": (lambda t: -np.log(np.abs(t - 0.3)) / 2 - np.log(2 * np.sqrt(0.3) + 2 * np.sqrt(0.7)), (0, 1)),
    "jump": (lambda t: np.log(np.where(t < 0.3712, 0.5 / 0.3712, 0.5 / 0.6288)), (0, 1)),
    "zero beyond": (lambda t: np.where((t > 0) & (t < 1), 0.0, -np.inf), (-np.inf, np.inf)),
    "fast oscillation": (lambda t: np.log1p(np.cos(100 * t)) - np.log(2 * np.pi), (-np.pi, np.pi)),
    "two scales": (
        lambda t: np.logaddexp(-(t**2) / 2e-18 - np.log(2e-9), -(t**2) / 2e12 - np.log(2e6)) - np.log(2 * np.pi) / 2,
        (-np.inf, np.inf),
    ),
}


@pytest.mark.parametrize("name", INTEGRALS)
def test_integrals_of_one(name):
    function, ends = INTEGRALS[name]
    with np.errstate(all="ignore"):
        value, error = integrate(function, ends)
    assert value == pytest.approx(1, abs=1e-8)
    assert abs(value - 1) <= 10 * error < 1e-5


def test_integrate_takes_sympy_intervals_and_tells_divergence():
    assert integrate(lambda t: -t, Interval.open(0, oo)).value == pytest.approx(1)
    assert integrate(lambda t: -t, Interval(-oo, oo)).value == np.inf
    assert integrate(lambda t: np.full(t.shape, -np.inf), (0, 1)).value == 0
    assert integrate(lambda t: 0 * t, (2, 1)).value == 0


SUMS = {
    "zeta 1.05": (lambda t: -1.05 * np.log(t) - np.log(special.zeta(1.05)), 1, np.inf),
    "zeta to the left": (lambda t: -1.6 * np.log(-t) - np.log(special.zeta(1.6)), -np.inf, -1),
    "poisson 1e6": (lambda t: t * np.log(1e6) - 1e6 - special.gammaln(t + 1), 0, np.inf),
    "geometric": (lambda t: t * np.log1p(-1e-7) + np.log(1e-7), 0, np.inf),
    "far and narrow": (lambda t: -((t - 1e6) ** 2) / 2 - np.log(2.5066282880429055), -np.inf, np.inf),
    "uniform": (lambda t: 0 * t - np.log(1e9 + 1), 0, 1e9),
    "cancelling gammas": (
        lambda t: np.log(0.7) + special.gammaln(t) + special.gammaln(1.7) - special.gammaln(t + 1.7),
        1,
        np.inf,
    ),
    "two-sided": (lambda t: -np.log1p(t * t) - np.log(np.pi / np.tanh(np.pi)), -np.inf, np.inf),
}


@pytest.mark.parametrize("name", SUMS)
def test_sums_of_one(name):
    function, first, last = SUMS[name]
    with np.errstate(all="ignore"):
        found = summate(function, first, last)
    assert found.value == pytest.approx(1, abs=1e-7)
    assert found.error < 1e-6


def test_sums_in_steps():
    with np.errstate(all="ignore"):
        assert summate(lambda t: t / 2 * np.log(0.8) + np.log(0.2), 0, np.inf, 2).value == pytest.approx(1)
        assert summate(lambda t: -t / 2 * np.log(0.8) + np.log(0.2), -np.inf, 0, 2).value == pytest.approx(1)
        assert summate(lambda t: -np.log(t), 1, np.inf).value == np.inf


def student(t, tail):
    size = t.shape[-1]
    constant = special.gammaln((tail + size) / 2) - special.gammaln(tail / 2) - size / 2 * np.log(tail * np.pi)
    return constant - (tail + size) / 2 * np.log1p((t**2).sum(-1) / tail)


@pytest.mark.parametrize(("size", "tail"), [(2, 1.0), (3, 1.0), (5, 1.0), (4, 40.0), (8, 1e6)])
def test_space_integrals_of_heavy_and_light_tails(size, tail):
    found = integrate_space(lambda t: student(t, tail), size)
    assert abs(found.value - 1) <= 10 * found.error < 1e-2


def test_correlated_scales_far_away():
    random = np.random.default_rng(5)
    mix = random.standard_normal((4, 4)) * np.exp(random.uniform(-4, 4, (4, 1)))
    inverse, volume = np.linalg.inv(mix), np.linalg.slogdet(mix)[1]
    place = np.array([1e3, -50.0, 0.0, 7.0])

    def function(t):
        return -(((t - place) @ inverse.T) ** 2).sum(-1) / 2 - volume - 2 * np.log(2 * np.pi)

    found = integrate_space(function, 4)
    assert abs(found.value - 1) <= 10 * found.error < 1e-2


def print_times() -> None:
    """How long the check takes on a warm interpreter, in milliseconds."""
    names = ["normal", "gamma", "beta", "von mises", "poisson", "zeta", "mixture, hidden peak"]
    names += ["dirichlet of three", "bivariate normal", "normal-gamma", "five-variate normal", "dirichlet of eight"]
    LAWS["student"].check()
    for name in names:
        spent = []
        for _ in range(5):
            start = perf_counter()
            LAWS[name].check()
            spent.append(1e3 * (perf_counter() - start))
        print(f"{name:24s} {min(spent):7.1f}")


if __name__ == "__main__":
    print_times()
