"""Laws whose Fisher information has no closed form, against integrals and sums in 34 digits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from typing import Any

import mpmath as mp
import numpy as np
import pytest
import sympy as sp

import symgeo as sg
from expectation.thirty_digits import Oracle, heavy_terms, line, ray, terms
from symgeo.errors import UnsupportedFunctionError
from symgeo.expectation.node import Expectation

x, m, b, c = sp.symbols("x m b c", real=True)
z, s, k, lam, v, nu = sp.symbols("z s k lam v nu", positive=True)
w, p, q = sp.symbols("w p q", positive=True)
n, j = sp.symbols("n j", integer=True, nonnegative=True)
N = sp.Symbol("N", integer=True, positive=True)
D = sp.Symbol("D", integer=True)
UNIT = sp.Interval.open(0, 1)


def normal(x: sp.Expr, mean: sp.Expr = sp.S.Zero, sd: sp.Expr = sp.S.One) -> sp.Expr:
    return sp.exp(-((x - mean) ** 2) / (2 * sd**2)) / (sp.sqrt(2 * sp.pi) * sd)


def log_normal_density(x: mp.mpf, mean: Any, sd: Any) -> mp.mpf:
    return -(((x - mean) / sd) ** 2) / 2 - mp.log(sd) - mp.log(2 * mp.pi) / 2


@dataclass(frozen=True)
class Law:
    density: sp.Expr
    variable: sp.Symbol
    parameters: tuple[sp.Symbol, ...]
    point: tuple[float, ...]
    oracle: Oracle
    options: dict[str, Any] = field(default_factory=dict)


def mixed(x: mp.mpf, w: mp.mpf, m: mp.mpf, s: mp.mpf) -> mp.mpf:
    return mp.log(w * mp.exp(log_normal_density(x, m, s)) + (1 - w) * mp.exp(log_normal_density(x, 0, 1)))


def exgaussian(x: mp.mpf, m: mp.mpf, s: mp.mpf, r: mp.mpf) -> mp.mpf:
    return mp.log(r / 2 * mp.erfc((m + r * s**2 - x) / (mp.sqrt(2) * s))) + r / 2 * (2 * m + r * s**2 - 2 * x)


def difference_of_counts(n: mp.mpf, k: mp.mpf, r: mp.mpf) -> mp.mpf:
    """The convolution of two Poisson laws."""
    first = max(0, -int(n))
    parts = (k ** (n + i) * r**i * mp.rgamma(n + i + 1) * mp.rgamma(i + 1) for i in range(first, first + 32))
    return mp.log(mp.fsum(parts)) - k - r


# Sources: McLachlan and Peel 2000 (mixture), Azzalini, Scand. J. Stat. 12 (1985), Rice, Bell Syst. Tech. J. 24 (1945),
# Grushka, Anal. Chem. 44 (1972) (exponentially modified Gaussian); Johnson, Kemp and Kotz, Univariate Discrete
# Distributions, 2005, for the counts.
MIXTURE = w * normal(x, m, s) + (1 - w) * normal(x)
LAWS = {
    "normal mixture": Law(
        MIXTURE, x, (w, m, s), (0.3, 1.2, 0.7), Oracle(mixed, lambda: line(0.5)), dict(domain={w: UNIT})
    ),
    "skew normal": Law(
        normal(x, m, s) * (1 + sp.erf(b * (x - m) / (sp.sqrt(2) * s))),
        x,
        (m, s, b),
        (0.3, 0.8, 1.7),
        Oracle(
            lambda x, m, s, b: log_normal_density(x, m, s) + mp.log(2 * mp.ncdf(b * (x - m) / s)), lambda: line(0.5)
        ),
    ),
    "Rice": Law(
        z / s**2 * sp.exp(-(z**2 + v**2) / (2 * s**2)) * sp.besseli(0, z * v / s**2),
        z,
        (v, s),
        (1.3, 0.8),
        Oracle(
            lambda x, v, s: mp.log(x / s**2 * mp.besseli(0, x * v / s**2)) - (x**2 + v**2) / (2 * s**2),
            lambda: ray(1, -4, 3.5),
        ),
    ),
    "exponentially modified Gaussian": Law(
        lam / 2 * sp.exp(lam / 2 * (2 * m + lam * s**2 - 2 * x)) * sp.erfc((m + lam * s**2 - x) / (sp.sqrt(2) * s)),
        x,
        (m, s, lam),
        (0.3, 0.8, 1.2),
        Oracle(exgaussian, lambda: line(0.5, 1, 5)),
    ),
    "Skellam": Law(
        sp.exp(-k - lam) * (k / lam) ** (D / 2) * sp.besseli(D, 2 * sp.sqrt(k * lam)),
        D,
        (k, lam),
        (2.3, 1.1),
        Oracle(difference_of_counts, lambda: terms(-20, 27)),
        dict(support=sp.S.Integers),
    ),
    "negative binomial": Law(
        sp.gamma(n + k) / (sp.gamma(k) * sp.factorial(n)) * p**k * (1 - p) ** n,
        n,
        (k, p),
        (1.7, 0.4),
        Oracle(
            lambda n, k, p: mp.log(mp.binomial(n + k - 1, n)) + k * mp.log(p) + n * mp.log(1 - p), lambda: terms(0, 180)
        ),
        dict(domain={p: UNIT}),
    ),
    "Yule-Simon": Law(
        k * sp.beta(N, k + 1),
        N,
        (k,),
        (1.8,),
        Oracle(
            lambda n, k: mp.log(k) + mp.loggamma(n) + mp.loggamma(k + 1) - mp.loggamma(n + k + 1),
            lambda: heavy_terms(1, 300),
        ),
        dict(support=sp.S.Naturals),
    ),
    "Conway-Maxwell-Poisson": Law(
        lam**n / sp.factorial(n) ** nu / sp.Sum(lam**j / sp.factorial(j) ** nu, (j, 0, sp.oo)),
        n,
        (lam, nu),
        (2.3, 0.8),
        Oracle(lambda n, r, nu: n * mp.log(r) - nu * mp.loggamma(n + 1), lambda: terms(0, 60), True),
    ),
    "density over its own integral": Law(
        sp.exp(-lam * x**4 - m * x) / sp.Integral(sp.exp(-lam * c**4 - m * c), (c, -sp.oo, sp.oo)),
        x,
        (lam, m),
        (0.7, -0.4),
        Oracle(lambda x, r, m: -r * x**4 - m * x, lambda: line(0, 0.5, 3.4), True),
    ),
    "discrete Weibull": Law(
        q ** (n**k) - q ** ((n + 1) ** k),
        n,
        (q, k),
        (0.6, 1.3),
        Oracle(lambda n, q, k: mp.log(q ** (n**k) - q ** ((n + 1) ** k)), lambda: terms(0, 150)),
        dict(domain={q: UNIT}),
    ),
}
SURFACES = tuple(name for name, law in LAWS.items() if len(law.parameters) == 2)


@cache
def model_of(name: str) -> sg.StatisticalModel:
    law = LAWS[name]
    return sg.StatisticalModel(law.density, law.variable, law.parameters, **law.options)


def gap(found: np.ndarray, expected: np.ndarray) -> float:
    """The largest error, relative to the largest entry."""
    return float(np.max(np.abs(found - expected)) / np.max(np.abs(expected)))


@cache
def component_functions(name: str) -> tuple[Callable, Callable]:
    manifold = model_of(name).manifold
    return sg.lambdify(manifold.metric), sg.lambdify(manifold.cubic)


# -- numbers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LAWS)
def test_metric_and_cubic_tensor(name: str) -> None:
    law = LAWS[name]
    metric, cubic = component_functions(name)
    assert gap(metric(law.point), law.oracle.moment(law.point, 2)) < 1e-9
    assert gap(cubic(law.point), law.oracle.moment(law.point, 3)) < 1e-9


@pytest.mark.parametrize("name", LAWS)
def test_the_geometry_holds_expectations_that_stay(name: str) -> None:
    manifold = model_of(name).manifold
    # The information of Yule's law is closed, its cubic tensor is not.
    tensor = manifold.cubic if name == "Yule-Simon" else manifold.metric
    assert any(e.has(Expectation) for e in tensor.flat())


@pytest.mark.parametrize("name", LAWS)
def test_levi_civita_connection_is_that_of_the_metric(name: str) -> None:
    law = LAWS[name]
    found = sg.lambdify(model_of(name).manifold.connection(0).christoffel_first_kind)(law.point)
    assert gap(found, law.oracle.levi_civita(law.point)) < 1e-6


@pytest.mark.parametrize("name", SURFACES)
def test_scalar_curvature_is_that_of_the_metric(name: str) -> None:
    """The theorema egregium: the curvature follows from the metric alone."""
    law = LAWS[name]
    curvature = model_of(name).manifold.connection(0).scalar_curvature
    (found,) = sg.lambdify([curvature], law.parameters)(law.point)
    assert found == pytest.approx(law.oracle.scalar_curvature(law.point), rel=1e-5)


@pytest.mark.parametrize("name", ["normal mixture", "Rice", "negative binomial", "Yule-Simon", "discrete Weibull"])
def test_error_estimates_are_honest(name: str) -> None:
    law = LAWS[name]
    manifold = model_of(name).manifold
    random = np.random.default_rng(7)
    for _ in range(3):
        point = np.array(law.point) * random.uniform(0.8, 1.2, len(law.point))
        weights, scores = law.oracle.weights_and_scores(point)
        for tensor in (manifold.metric, manifold.cubic):
            for index in tensor.indices():
                node = tensor[index]
                if not isinstance(node, Expectation) or any(len(letter) > 1 for letter in node.letters):
                    continue
                value, error = node.estimate(dict(zip(law.parameters, point, strict=True)))
                with mp.workdps(34):
                    exact = mp.fsum(mp.fprod([a, *(scores[i][t] for i in index)]) for t, a in enumerate(weights))
                assert 0 < error < 1e-8 * max(1, abs(value))
                assert abs(value - exact) <= max(10 * error, 1e-13 * abs(value)), (name, index)


# -- functions ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["normal mixture", "Rice", "negative binomial", "Conway-Maxwell-Poisson"])
def test_batches_have_any_shape_and_do_not_mix_points(name: str) -> None:
    law = LAWS[name]
    metric, _ = component_functions(name)
    d = len(law.parameters)
    points = np.array(law.point) * np.random.default_rng(1).uniform(0.7, 1.3, (3, 4, d))
    whole = metric(points)
    assert whole.shape == (3, 4, d, d)
    assert metric(points[:0]).shape == (0, 4, d, d)
    for index in np.ndindex(3, 4):
        assert metric(points[index]) == pytest.approx(whole[index], rel=1e-13, abs=1e-13 * np.abs(whole[index]).max())


@pytest.mark.parametrize("name", ["normal mixture", "Conway-Maxwell-Poisson", "negative binomial"])
def test_nan_outside_the_domain_and_only_there(name: str) -> None:
    law = LAWS[name]
    metric, cubic = component_functions(name)
    good = np.array(law.point)
    for i, wrong in ((0, np.nan), (0, np.inf), (0, -np.inf), (0, -0.5), (-1, np.nan), (-1, -1.0), (-1, np.inf)):
        bad = good.copy()
        bad[i] = wrong
        for tensor in (metric, cubic):
            batch = tensor(np.stack([good, bad, good]))
            nodes = np.isnan(batch[1])
            assert nodes[(i,) * (batch.ndim - 1)], (wrong, batch[1])
            assert np.array_equal(batch[0], tensor(good)) and np.array_equal(batch[2], batch[0])


# Weights, means and spreads of one component beside the standard normal law.
FAR = {
    "a weight of a millionth": (1e-6, 1.2, 0.7),
    "a spread of a millionth": (0.5, 0.3, 1e-6),
    "nearly the same law twice": (0.5, 1e-3, 1.0),
    "a wide and a narrow law": (0.5, 8.0, 1e4),
    "nearly all of the mass in a spike": (1 - 1e-6, 3.0, 1e-4),
}


def panels(mean: float, sd: float) -> Callable[[], list]:
    """Gauss's rule on panels that are short beside both spreads."""

    def nodes() -> list:
        reach = (-12, -8, -6, -4, -3, -2, -1, 0, 1, 2, 3, 4, 6, 8, 12)
        ends = sorted({mp.mpf(t) for t in reach} | {mp.mpf(mean) + t * mp.mpf(sd) for t in reach})
        abscissae, weights = np.polynomial.legendre.leggauss(32)
        out = []
        for a, e in pairwise(ends):
            half = (e - a) / 2
            out += [(a + half + half * mp.mpf(t), half * mp.mpf(r)) for t, r in zip(abscissae, weights, strict=True)]
        return out

    return nodes


@pytest.mark.parametrize("name", FAR)
def test_extreme_mixtures(name: str) -> None:
    point = FAR[name]
    metric, cubic = component_functions("normal mixture")
    oracle = Oracle(mixed, panels(*point[1:]))
    expected = oracle.moment(point, 2)
    scale = np.sqrt(np.diag(expected))
    assert np.abs((metric(point) - expected) / np.outer(scale, scale)).max() < 1e-9
    assert gap(cubic(point), oracle.moment(point, 3)) < 1e-9


@pytest.mark.parametrize("point", [(0.3, 1e5, 1e-3), (0.3, -1e5, 1e-3), (1e-6, 1e5, 1e-3), (0.3, 300.0, 2.0)])
def test_components_far_apart_are_told_apart_without_error(point: tuple[float, ...]) -> None:
    """Then the label of the component is as good as observed, and its information and that of the component add."""
    metric, cubic = component_functions("normal mixture")
    weight, _, sd = point
    expected = np.diag([1 / (weight * (1 - weight)), weight / sd**2, 2 * weight / sd**2])
    scale = np.sqrt(np.diag(expected))
    assert np.abs((metric(point) - expected) / np.outer(scale, scale)).max() < 1e-9
    # E[s_m^2 s_s] = 2/s^3 and E[s_s^3] = 8/s^3 under a normal law, and d(weight) against d(1 - weight).
    found = cubic(point)
    assert found[1, 1, 2] == pytest.approx(2 * weight / sd**3, rel=1e-8)
    assert found[2, 2, 2] == pytest.approx(8 * weight / sd**3, rel=1e-8)
    assert found[0, 0, 0] == pytest.approx(1 / weight**2 - 1 / (1 - weight) ** 2, rel=1e-8)


def test_source_refuses_what_only_integration_can_give() -> None:
    with pytest.raises(UnsupportedFunctionError, match="lambdify"):
        sg.source(model_of("Rice").manifold.metric)


# -- expectations of functions ------------------------------------------------------------------------------------


def test_expectations_of_functions() -> None:
    """Moments that are known otherwise: those of a mixture are mixed, and so is its characteristic function."""
    law = model_of("normal mixture").law
    known = {
        x: 0.3 * 1.2,
        x**2: 0.3 * (1.2**2 + 0.7**2) + 0.7,
        sp.cos(2 * x): 0.3 * np.cos(2.4) * np.exp(-2 * 0.7**2) + 0.7 * np.exp(-2),
        sp.exp(x): 0.3 * np.exp(1.2 + 0.7**2 / 2) + 0.7 * np.exp(0.5),
    }
    for f, expected in known.items():
        value, error = law.moment(f, ()).estimate({w: 0.3, m: 1.2, s: 0.7})
        assert abs(value - expected) <= max(10 * error, 1e-13 * abs(value)), f


HEAVY = {
    # E[N] = k/(k - 1) for k > 1 only: Simon, Biometrika 42 (1955) 425-440.
    "Yule-Simon": (k * sp.beta(N, k + 1), N, dict(support=sp.S.Naturals), N, lambda k: k / (k - 1)),
    "Lomax": (k * (1 + z) ** (-k - 1), z, {}, z, lambda k: 1 / (k - 1)),
    "power function": (k * z ** (k - 1), z, dict(support=UNIT), 1 / z, lambda k: k / (k - 1)),
}


@pytest.mark.parametrize("name", HEAVY)
def test_means_of_heavy_tails(name: str) -> None:
    density, variable, options, f, mean = HEAVY[name]
    node = sg.StatisticalModel(density, variable, k, **options).law.moment(f, ())
    for exponent in (1.2, 1.5, 3.0):
        assert node.estimate({k: exponent})[0] == pytest.approx(mean(exponent), rel=1e-9)


@pytest.mark.parametrize("exponent", [0.5, 0.9, 0.99, 1.01])
@pytest.mark.parametrize("name", HEAVY)
def test_infinite_means_of_heavy_tails_are_not_given_a_value(name: str, exponent: float) -> None:
    density, variable, options, f, mean = HEAVY[name]
    value, error = sg.StatisticalModel(density, variable, k, **options).law.moment(f, ()).estimate({k: exponent})
    if exponent < 1:
        assert np.isnan(value) and np.isinf(error)
    else:
        assert np.isnan(value) or abs(value - mean(exponent)) <= max(10 * error, 1e-9)
