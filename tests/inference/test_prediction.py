"""Bands for a new observation: against exact predictive laws, coverage by simulation, counts, charts, refusals."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats as st
import sympy as sp

import symgeo as sg
from symgeo.errors import ArgumentError, DataError, RegionError, RegularityError

a, b, d, mu, x = sp.symbols("a b d mu x", real=True)
c, m, r, s, t = sp.symbols("c m r s t", positive=True)
n = sp.Symbol("n", integer=True, nonnegative=True)
GAUSS = sp.exp(-(((x - mu) / s) ** 2) / 2) / (s * sp.sqrt(2 * sp.pi))
LINE = sg.StatisticalModel(GAUSS.subs(mu, a + b * d), x, (a, b, s), covariates=d, check=False)
RATE = sg.StatisticalModel(r * sp.exp(-r * t), t, r)
WEIBULL = sg.StatisticalModel(c / s * (t / s) ** (c - 1) * sp.exp(-((t / s) ** c)), t, (c, s), check=False)


def test_a_normal_line_has_almost_the_limits_of_student() -> None:
    """mean +- t sigma (1 + h)^(1/2) exactly: 1/N^2 of the miss of the law at the estimate is left."""
    at = np.linspace(0.0, 10.0, 60)
    response = 1.0 + 0.5 * at + np.random.default_rng(0).normal(size=60)
    fit = sg.fit(LINE, {x: response, d: at})
    places = np.array([-3.0, 5.0, 12.0])
    band = sg.predict(fit, {d: places}, kind="observation")
    design, rows = (np.stack([np.ones_like(v), v], axis=1) for v in (at, places))
    reach = np.einsum("ni,ij,nj->n", rows, np.linalg.inv(design.T @ design), rows)
    deviation = fit.estimate[2] * np.sqrt(60 / 58)
    exact = st.t.ppf(0.975, 58) * deviation * np.sqrt(1 + reach)
    np.testing.assert_allclose(band.high + band.low, 2 * band.values, rtol=1e-9)
    half, plain = (band.high - band.low) / 2, st.norm.ppf(0.975) * fit.estimate[2]
    assert (np.abs(half - exact) < 0.1 * np.abs(plain - exact)).all() and (plain < half).all()
    np.testing.assert_allclose(band.standard_errors, fit.estimate[2] * np.sqrt(1 + reach), rtol=1e-9)
    mean = sg.predict(fit, {d: places})
    assert (mean.high < band.high).all() and (mean.low > band.low).all()


def test_an_exponential_law_has_almost_the_limits_of_lomax() -> None:
    """P(x < q) for a new x and the sum of N: 1 - (1 + q/sum)^-N."""
    data = np.array([0.2, 1.4, 0.3, 2.2, 0.9, 0.1, 3.0, 0.7, 0.8, 1.1, 0.5, 0.6])
    band = sg.predict(sg.fit(RATE, data), kind="observation", level=0.9)
    reached = 1 - (1 + np.array([band.low[0], band.high[0]]) / data.sum()) ** -12.0
    at_the_estimate = 1 - (1 - np.log([0.95, 0.05]) / 12) ** -12.0
    assert (np.abs(reached - [0.05, 0.95]) < 0.1 * np.abs(at_the_estimate - [0.05, 0.95])).all()


def test_the_limits_do_not_depend_on_the_chart() -> None:
    """The mean, its inverse and its logarithm as parameter: to second order, and a square has its square's limits."""
    data, found = np.array([0.2, 1.4, 0.3, 2.2, 0.9, 0.1, 3.0, 0.7]), []
    for model, power in (
        (RATE, 1),
        (sg.StatisticalModel(sp.exp(-t / m) / m, t, m), 1),
        (sg.StatisticalModel(sp.exp(-a - t * sp.exp(-a)), t, a), 1),
        (sg.StatisticalModel(2 * t * sp.exp(-(t**2) / m) / m, t, m), 2),
    ):
        band = sg.predict(sg.fit(model, data ** (1 / power)), kind="observation")
        found.append([band.low[0] ** power, band.high[0] ** power])
    np.testing.assert_allclose(found, np.broadcast_to(found[0], (4, 2)), rtol=1e-7)


def test_two_parameters_of_a_life_time() -> None:
    """The logarithm of a Weibull law's variable has its logarithm's limits; the estimate makes them wider."""
    data = np.array([0.4, 0.9, 1.3, 0.2, 2.0, 1.1, 0.7, 1.6, 0.5, 1.0, 1.4, 0.8])
    there = sg.StatisticalModel(sp.exp((x - mu) / s - sp.exp((x - mu) / s)) / s, x, (mu, s), check=False)
    fit = sg.fit(WEIBULL, data)
    band = sg.predict(fit, kind="observation", level=0.9)
    other = sg.predict(sg.fit(there, np.log(data)), kind="observation", level=0.9)
    np.testing.assert_allclose([other.low, other.high], np.log([band.low, band.high]), rtol=1e-6)
    shape, scale = fit.estimate
    plain = scale * (-np.log([0.95, 0.05])) ** (1 / shape)
    assert band.low[0] < plain[0] and band.high[0] > plain[1]


def test_a_law_without_a_mean_has_limits_all_the_same() -> None:
    """A Pareto law of known scale is the exponential of an exponential law."""
    logs = np.array([0.2, 1.4, 0.3, 2.2, 0.9, 0.1, 3.0, 0.7])
    tail = sg.StatisticalModel(r * t ** (-r - 1), t, r, support=sp.Interval.open(1, sp.oo))
    band = sg.predict(sg.fit(tail, np.exp(logs)), kind="observation")
    plain = sg.predict(sg.fit(RATE, logs), kind="observation")
    np.testing.assert_allclose([band.low, band.high], np.exp([plain.low, plain.high]), rtol=1e-7)
    assert np.isnan(band.values).all() and np.isnan(band.standard_errors).all()


def test_counts() -> None:
    """The averaged law of a Poisson count is nearly negative binomial; a proportion's counts end where they must."""
    fit = sg.fit(sg.StatisticalModel(r**n * sp.exp(-r) / sp.factorial(n), n, r), [13, 25, 12, 17, 14])
    band = sg.predict(fit, kind="observation", level=0.9)
    exact = st.nbinom.ppf([0.05, 0.95], 81, 5 / 6)
    np.testing.assert_array_equal([band.low[0], band.high[0]], exact)
    growing = sp.exp(a + b * d)
    model = sg.StatisticalModel(growing**n * sp.exp(-growing) / sp.factorial(n), n, (a, b), covariates=d)
    fit = sg.fit(model, {n: [1, 3, 4, 9, 14, 30], d: np.arange(6.0)})
    at = np.array([0.0, 2.5, 5.0])
    band = sg.predict(fit, {d: at}, kind="observation")
    design = np.stack([np.ones(3), at], axis=1)
    spread = np.sqrt(np.einsum("ni,ij,nj->n", design, fit.covariance, design))
    normal = st.norm.ppf((np.arange(999) + 0.5) / 999)
    for row in range(3):
        means = np.exp(design[row] @ fit.estimate + spread[row] * normal)
        mass = st.poisson.cdf(np.arange(99)[:, None], means).mean(axis=1)
        assert [band.low[row], band.high[row]] == np.searchsorted(mass, [0.025, 0.975]).tolist()
    far = sg.predict(fit, {d: [9.0]}, kind="observation")
    assert far.low[0] < far.values[0] / 2 and far.high[0] > 1.5 * far.values[0]
    p = sp.Symbol("p", positive=True)
    ten = sg.StatisticalModel(
        sp.binomial(10, n) * p**n * (1 - p) ** (10 - n),
        n,
        p,
        support=sp.Range(0, 11),
        domain={p: sp.Interval.open(0, 1)},
    )
    band = sg.predict(sg.fit(ten, [9, 8, 10, 9]), kind="observation")
    assert (band.low[0], band.high[0]) == tuple(st.betabinom.ppf([0.025, 0.975], 10, 36, 4))
    assert sg.predict(sg.fit(ten, [9, 8, 10, 9]), kind="observation", level=0.3).low[0] >= 8.0


def test_it_prints_as_a_table() -> None:
    fit = sg.fit(RATE, [0.5, 1.5, 1.0, 3.0, 2.0])
    value, observation = str(sg.predict(fit)), str(sg.predict(fit, kind="observation"))
    assert value.startswith("Value of 1/r\n") and "      0            1.6" in value and "[0.1975" in value
    assert observation.startswith("A new observation of mean 1/r\n") and "95% interval" in observation
    line = sg.fit(LINE, {x: [1.0, 2.5, 2.0, 4.0, 5.5], d: np.arange(5.0)})
    long = str(sg.predict(line, {d: np.arange(50.0)}, level=0.5))
    assert "50% interval" in long and long.endswith("... and 30 more") and len(long.splitlines()) == 23


def test_refusals() -> None:
    fit = sg.fit(RATE, [1.0, 2.0, 4.0])
    with pytest.raises(ArgumentError, match="choose one of mean, observation"):
        sg.predict(fit, kind="median")
    with pytest.raises(ArgumentError, match="pass no function"):
        sg.predict(fit, function=1 / r, kind="observation")
    line = sg.fit(LINE, {x: [1.0, 2.0, 2.5, 5.0], d: [0.0, 1.0, 2.0, 3.0]})
    with pytest.raises(DataError, match="those of each of d"):
        sg.predict(line, kind="observation")
    laplace = sg.StatisticalModel(sp.exp(-sp.Abs(x - mu)) / 2, x, mu)
    with pytest.raises(RegularityError, match="kink"):
        sg.predict(sg.fit(laplace, [1.0, 2.0, 4.0, 7.0, 8.0]), kind="observation")
    halves = sg.StatisticalModel(
        sp.Piecewise((r / (1 + r), t < 1), (1 / (1 + r), True)),
        t,
        r,
        support=sp.Union(sp.Interval.open(0, 1), sp.Interval.open(2, 3)),
    )
    with pytest.raises(RegionError, match="for an interval or a range of whole numbers"):
        sg.predict(sg.fit(halves, [0.3, 0.5, 2.4, 2.8]), kind="observation")
    with pytest.raises(RegionError, match="too uncertain"):
        sg.predict(sg.fit(RATE, [1.0], weights=[0.05]), kind="observation")
