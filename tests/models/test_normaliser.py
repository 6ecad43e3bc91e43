"""Densities over the sum or integral that normalises them: which are understood, which refused, what they give."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp

import symgeo as sg
from symgeo.errors import DeclarationError

x, c, m = sp.symbols("x c m", real=True)
z, u, lam, nu, k = sp.symbols("z u lam nu k", positive=True)
n, j, i = sp.symbols("n j i", integer=True, nonnegative=True)
free = sp.Symbol("i", integer=True)
# Conway and Maxwell, J. Industrial Eng. 12 (1962); Shmueli et al., JRSS C 54 (2005).
TERM = lam**n / sp.factorial(n) ** nu
WEIGHT = sp.exp(-lam * x**4 - m * x)


def over_sum(term: sp.Expr, summand: sp.Expr | None = None, limits: tuple = (j, 0, sp.oo)) -> sp.Expr:
    inside = term.subs(n, limits[0]) if summand is None else summand
    return term / sp.Sum(inside, limits)


def over_integral(h: sp.Expr, variable: sp.Symbol, limits: tuple) -> sp.Expr:
    return h / sp.Integral(h.subs(variable, limits[0]), limits)


COUNTS = {
    "as it is written": over_sum(TERM),
    "another index": over_sum(TERM, limits=(i, 0, sp.oo)),
    "an index that bears the variable's name": over_sum(TERM, limits=(n, 0, sp.oo)),
    "an index of other assumptions": over_sum(TERM, limits=(free, 0, sp.oo)),
    "exp of logarithms": over_sum(
        sp.exp(n * sp.log(lam) - nu * sp.loggamma(n + 1)), lam**j / sp.factorial(j) ** nu, (j, 0, sp.oo)
    ),
    "logarithms inside": over_sum(TERM, sp.exp(j * sp.log(lam) - nu * sp.loggamma(j + 1))),
    "gamma for the factorial": over_sum(TERM, lam**j * sp.gamma(j + 1) ** (-nu)),
}


@pytest.mark.parametrize("name", COUNTS)
def test_forms_of_one_sum_are_one_law(name: str) -> None:
    metric = sg.StatisticalModel(COUNTS[name], n, (lam, nu)).manifold.metric
    counts = np.arange(80.0)
    logs = counts * np.log(2.3) - 0.8 * np.cumsum(np.log(np.maximum(counts, 1)))
    weights = np.exp(logs) / np.exp(logs).sum()
    statistics = np.stack([counts / 2.3, -np.cumsum(np.log(np.maximum(counts, 1)))])
    assert sg.lambdify(metric)([2.3, 0.8]) == pytest.approx(np.cov(statistics, aweights=weights, bias=True), rel=1e-11)


def test_with_exponent_one_it_is_the_poisson_law() -> None:
    model = sg.StatisticalModel(over_sum(TERM), n, (lam, nu))
    metric = sg.lambdify(model.manifold.metric)
    assert metric([[2.3, 1.0], [7.0, 1.0]])[:, 0, 0] == pytest.approx([1 / 2.3, 1 / 7], rel=1e-12)
    mean, cosine = (model.law.moment(f, ()).estimate({lam: 2.3, nu: 1})[0] for f in (n, sp.cos(n)))
    assert mean == pytest.approx(2.3, rel=1e-12)
    assert cosine == pytest.approx(np.exp(2.3 * (np.exp(1j) - 1)).real, rel=1e-11)


def test_an_integral_whose_value_is_known_gives_what_the_closed_density_gives() -> None:
    closed = sg.StatisticalModel(lam**k * z ** (k - 1) * sp.exp(-lam * z) / sp.gamma(k), z, (k, lam)).manifold
    h = z ** (k - 1) * sp.exp(-lam * z)
    stated = sg.StatisticalModel(over_integral(h, z, (u, 0, sp.oo)), z, (k, lam)).manifold
    points = [[0.6, 2.0], [2.5, 0.4], [40.0, 9.0]]
    for tensor, expected in ((stated.metric, closed.metric), (stated.cubic, closed.cubic)):
        assert sg.lambdify(tensor)(points) == pytest.approx(sg.lambdify(expected)(points), rel=1e-10)
    curvatures = [sg.lambdify([o.connection(0).scalar_curvature], (k, lam))(points) for o in (stated, closed)]
    assert curvatures[0] == pytest.approx(curvatures[1], rel=1e-8)


def test_the_logarithm_of_the_normaliser_differentiates_to_a_mean() -> None:
    """d log Z/dm = -E[x], and Z is even in m."""
    model = sg.StatisticalModel(over_integral(WEIGHT, x, (c, -sp.oo, sp.oo)), x, (lam, m))
    node = model.law.log_normaliser()
    slope, mean = sg.lambdify([node.diff(m), model.law.moment(x, ())], (lam, m))([0.7, 0.4])
    assert slope == pytest.approx(-mean, rel=1e-12) and mean < -0.1
    assert node.estimate({lam: 0.7, m: 0.4})[0] == pytest.approx(node.estimate({lam: 0.7, m: -0.4})[0], rel=1e-12)
    # At m = 0, Z = 2 gamma(5/4)/lam^(1/4).
    expected = np.log(2) + float(sp.loggamma(sp.Rational(5, 4))) - np.log(0.7) / 4
    assert node.estimate({lam: 0.7, m: 0})[0] == pytest.approx(expected, rel=1e-12)


REFUSED = {
    "a sum of something else": (over_sum(TERM, lam**j / sp.factorial(j)), n, (lam, nu), {}),
    "a sum from one": (over_sum(TERM, limits=(j, 1, sp.oo)), n, (lam, nu), {}),
    "a sum over a part of the support": (over_sum(TERM, limits=(j, 2, sp.oo)), n, (lam, nu), {}),
    "a support that is a part of the sum's": (over_sum(TERM), n, (lam, nu), dict(support=sp.Range(3, sp.oo))),
    "a sum above the line": (TERM * sp.Sum(lam**j / sp.factorial(j) ** nu, (j, 0, sp.oo)), n, (lam, nu), {}),
    "the square of its sum": (
        TERM / sp.Sum(lam**j / sp.factorial(j) ** nu, (j, 0, sp.oo)) ** 2,
        n,
        (lam, nu),
        {},
    ),
    "two sums": (over_sum(TERM) / sp.Sum(sp.exp(-lam * i), (i, 0, sp.oo)), n, (lam, nu), {}),
    "a sum that holds the variable": (TERM / sp.Sum(lam**j / sp.factorial(j) ** nu, (j, 0, n)), n, (lam, nu), {}),
    "a sum plus one": (TERM / (1 + sp.Sum(lam**j / sp.factorial(j) ** nu, (j, 0, sp.oo))), n, (lam, nu), {}),
    "an integral for a sum": (TERM / sp.Integral(lam**z / sp.gamma(z + 1) ** nu, (z, 0, sp.oo)), n, (lam, nu), {}),
    "an integral over half the line": (over_integral(WEIGHT, x, (c, 0, sp.oo)), x, (lam, m), {}),
    "an integral of something else": (WEIGHT / sp.Integral(sp.exp(-lam * c**4), (c, -sp.oo, sp.oo)), x, (lam, m), {}),
    "an integral without limits": (WEIGHT / sp.Integral(WEIGHT.subs(x, c), c), x, (lam, m), {}),
    "an integral whose end is a parameter": (over_integral(WEIGHT, x, (c, m, sp.oo)), x, (lam, m), {}),
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("check", [True, False])
def test_other_sums_and_integrals_are_refused(name: str, check: bool) -> None:
    density, variable, parameters, options = REFUSED[name]
    with pytest.raises(DeclarationError):
        sg.StatisticalModel(density, variable, parameters, check=check, **options)


def test_a_finite_sum_is_no_normaliser_of_an_infinite_support() -> None:
    """Written out it is a polynomial, and then the mass is not one."""
    with pytest.raises(DeclarationError):
        sg.StatisticalModel(over_sum(TERM, limits=(j, 0, 4)), n, (lam, nu))


def test_a_constant_factor_falls_out() -> None:
    """h and c h have one law; stated over the sum of h alone, 2 h is no density."""
    twice = 2 * lam**j / sp.factorial(j) ** nu
    model = sg.StatisticalModel(2 * TERM / sp.Sum(twice, (j, 0, sp.oo)), n, (lam, nu))
    plain = sg.StatisticalModel(over_sum(TERM), n, (lam, nu))
    values = [sg.lambdify(o.manifold.metric)([2.3, 0.8]) for o in (model, plain)]
    assert values[0] == pytest.approx(values[1], rel=1e-12)
    with pytest.raises(DeclarationError):
        sg.StatisticalModel(2 * over_sum(TERM), n, (lam, nu))


def test_a_sum_that_diverges_is_nan() -> None:
    """Where lam exp(-nu) > 1 the sum of its powers has no value."""
    geometric = over_sum(sp.exp(-nu * n) * lam**n, sp.exp(-nu * j) * lam**j)
    metric = sg.lambdify(sg.StatisticalModel(geometric, n, (lam, nu)).manifold.metric)
    # The geometric law of ratio q = lam exp(-nu), whose metric has rank one: E[N] = q/(1 - q) and so on.
    ratio = 0.5 * np.exp(-0.1)
    assert metric([0.5, 0.1])[1, 1] == pytest.approx(ratio / (1 - ratio) ** 2, rel=1e-11)
    assert np.all(np.isnan(metric([2.0, 0.1])))


def simulated(rate: float, exponent: float, size: int) -> np.ndarray:
    counts = np.arange(200.0)
    logs = counts * np.log(rate) - exponent * np.cumsum(np.log(np.maximum(counts, 1)))
    weights = np.exp(logs - logs.max())
    return np.random.default_rng(3).choice(counts, size, p=weights / weights.sum())


def assert_found(model: sg.StatisticalModel, rate: float, exponent: float) -> None:
    data = simulated(rate, exponent, 4000)
    result = sg.fit(model, data)
    assert result.converged and np.all(result.standard_errors < 0.5)
    assert np.all(np.abs(result.estimate - [rate, exponent]) < 4 * result.standard_errors)
    # Maximum likelihood in an exponential family: the means of the statistics are those of the sample.
    at = dict(zip((lam, nu), result.estimate, strict=True))
    assert model.law.moment(n, ()).estimate(at)[0] == pytest.approx(data.mean(), rel=1e-6)


TRUE = pytest.mark.parametrize(("rate", "exponent"), [(2.3, 0.8), (4.0, 1.5)])


@TRUE
def test_fit_finds_the_parameters_of_simulated_counts(rate: float, exponent: float) -> None:
    domain = {lam: sp.Interval.open(0, 20), nu: sp.Interval.open(sp.Rational(1, 2), 3)}
    assert_found(sg.StatisticalModel(over_sum(TERM), n, (lam, nu), domain=domain), rate, exponent)


def test_fit_without_bounds() -> None:
    assert_found(sg.StatisticalModel(over_sum(TERM), n, (lam, nu)), 4.0, 1.5)


def test_large_normalisers() -> None:
    """At nu = 1 the law is Poisson's, whose Z is exp(rate)."""
    metric = sg.lambdify(sg.StatisticalModel(over_sum(TERM), n, (lam, nu)).manifold.metric)
    assert metric([1000.0, 1.0])[0, 0] == pytest.approx(1e-3, rel=1e-9)
