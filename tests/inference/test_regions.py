"""Confidence regions, intervals and bands."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats as st
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as hyp
from inference.test_fit_general import a, b, beetles, binary, d, y

import symgeo as sg
from symgeo.errors import ArgumentError, DataError, ParameterListError, RegionError

mu, x = sp.symbols("mu x", real=True)
c, s, t = sp.symbols("c s t", positive=True)
NORMAL = sg.StatisticalModel(sp.exp(-(((x - mu) / s) ** 2) / 2) / (s * sp.sqrt(2 * sp.pi)), x, (mu, s))
WEIBULL = sg.StatisticalModel(c / s * (t / s) ** (c - 1) * sp.exp(-((t / s) ** c)), t, (c, s))


@pytest.fixture(scope="module")
def killed() -> sg.inference.result.Fit:
    dose, exposed, dead = beetles()
    data = {y: np.repeat([1.0, 0.0], len(dose)), d: np.tile(dose, 2)}
    return sg.fit(binary("logistic"), data, weights=np.concatenate([dead, exposed - dead]))


def test_profile_intervals_of_the_beetles(killed: sg.inference.result.Fit) -> None:
    """At the ends of the slope's interval the likelihood, maximal over the other parameter, has fallen as it should."""
    from scipy.optimize import minimize_scalar

    dose, exposed, dead = beetles()
    for end in sg.confidence_interval(killed, "b"):

        def loss(intercept: float, end: float = end) -> float:
            at = intercept + end * dose
            return float(exposed @ np.logaddexp(0.0, at) - dead @ at)

        best = -minimize_scalar(loss, (-80.0, -40.0), tol=1e-12).fun
        assert 2.0 * (killed.log_likelihood - best) == pytest.approx(st.chi2.ppf(0.95, 1), rel=1e-7)


def test_the_interval_of_a_median_dose(killed: sg.inference.result.Fit) -> None:
    low, high = sg.confidence_interval(killed, -a / b)
    assert low < 60.7175 / 34.2703 < high
    # At the ends the restricted maximum of the likelihood, b free and a = -b g, has the ratio of the quantile.
    from scipy.optimize import minimize_scalar

    dose, exposed, dead = beetles()
    for end in (low, high):

        def loss(slope: float, end: float = end) -> float:
            at = slope * (dose - end)
            return float(exposed @ np.logaddexp(0.0, at) - dead @ at)

        best = -minimize_scalar(loss, (20.0, 40.0), tol=1e-12).fun
        assert 2.0 * (killed.log_likelihood - best) == pytest.approx(st.chi2.ppf(0.95, 1), rel=1e-7)


def test_every_point_of_the_boundary_has_the_ratio_of_the_quantile(killed: sg.inference.result.Fit) -> None:
    region = sg.confidence_region(killed)
    dose, exposed, dead = beetles()
    at = region.boundary[:, :1] + region.boundary[:, 1:] * dose
    values = dead @ at.T - exposed @ np.logaddexp(0.0, at).T
    np.testing.assert_allclose(2.0 * (killed.log_likelihood - values), st.chi2.ppf(0.95, 2), rtol=1e-7)
    np.testing.assert_array_equal(region.boundary[0], region.boundary[-1])
    wald = sg.confidence_region(killed, kind="wald")
    area = math.pi * wald.quantile * math.sqrt(np.linalg.det(killed.covariance))
    assert wald.area == pytest.approx(area, rel=1e-3) and region.area == pytest.approx(area, rel=0.05)


@given(
    data=hyp.lists(hyp.floats(-5, 5), min_size=4, max_size=12, unique=True).filter(lambda v: np.std(v) > 0.1),
    level=hyp.floats(0.3, 0.99),
)
@settings(max_examples=6, deadline=None)
def test_the_normal_likelihood_ratio(data: list[float], level: float) -> None:
    found = sg.fit(NORMAL, data)
    region = sg.confidence_region(found, (mu, s), level)
    n, mean, deviation = len(data), np.mean(data), np.std(data)
    at, scale = region.boundary.T
    # 2 log ratio = n (log(s^2/S^2) + (S^2 + (mean - mu)^2)/s^2 - 1)
    ratio = n * (2 * np.log(scale / deviation) + (deviation**2 + (mean - at) ** 2) / scale**2 - 1)
    np.testing.assert_allclose(ratio, st.chi2.ppf(level, 2), rtol=1e-7)
    low, high = sg.confidence_interval(found, mu, level)
    half = deviation * math.sqrt(math.expm1(st.chi2.ppf(level, 1) / n))
    assert (low, high) == pytest.approx((mean - half, mean + half), rel=1e-8, abs=1e-9)


def test_a_score_region() -> None:
    found = sg.fit(NORMAL, [1.0, 2.0, 4.0, 4.5, 6.0, 7.0, 7.5, 9.0])
    region = sg.confidence_region(found, level=0.5, kind="score")
    n, mean, spread = 8, found.estimate[0], found.estimate[1] ** 2
    at, scale = region.boundary.T
    first, second = n * (mean - at) / scale**2, n * ((spread + (mean - at) ** 2) / scale**3 - 1 / scale)
    statistic = first**2 * scale**2 / n + second**2 * scale**2 / (2 * n)
    np.testing.assert_allclose(statistic, st.chi2.ppf(0.5, 2), rtol=1e-7)


def test_two_of_three_parameters() -> None:
    z, e = sp.symbols("z e", real=True)
    line = sg.StatisticalModel(
        sp.exp(-(((z - a - b * e) / s) ** 2) / 2) / (s * sp.sqrt(2 * sp.pi)), z, (a, b, s), covariates=e
    )
    at = np.arange(8.0)
    response = np.array([0.3, 1.9, 1.7, 4.4, 3.5, 5.9, 5.8, 7.9])
    found = sg.fit(line, {z: response, e: at})
    region = sg.confidence_region(found, (a, b))
    residuals = response - region.boundary[:, :1] - region.boundary[:, 1:] * at
    profile = -4.0 * np.log(np.mean(residuals**2, axis=1)) + 4.0 * math.log(found.estimate[2] ** 2)
    np.testing.assert_allclose(-2.0 * profile, region.quantile, rtol=1e-7)
    band = sg.predict(found, {e: [0.0, 3.5]})
    design = np.stack([np.ones(8), at], axis=1)
    inverse = np.linalg.inv(design.T @ design) * found.estimate[2] ** 2
    rows = np.array([[1.0, 0.0], [1.0, 3.5]])
    np.testing.assert_allclose(band.standard_errors, np.sqrt(np.einsum("ni,ij,nj->n", rows, inverse, rows)), rtol=1e-9)
    np.testing.assert_allclose(band.high - band.low, 2 * st.norm.ppf(0.975) * band.standard_errors, rtol=1e-12)


def test_a_prediction_without_covariates() -> None:
    found = sg.fit(WEIBULL, [1.0, 2.0, 3.0, 5.0, 8.0])
    median = sg.predict(found, function=s * sp.log(2) ** (1 / c))
    assert sg.confidence_interval(found, s * sp.log(2) ** (1 / c), kind="wald") == pytest.approx(
        (median.low[0], median.high[0]), rel=1e-9
    )


def test_geodesic_regions_and_intervals() -> None:
    """A hyperbolic circle; its extent in mu and sigma; roots of a Poisson mean move by half the radius."""
    found = sg.fit(NORMAL, [1.0, 2.0, 4.0, 4.5, 6.0, 7.0])
    mean, deviation = found.estimate
    region = sg.confidence_region(found, (s, mu), 0.8, "geodesic")
    wide = math.sqrt(st.chi2.ppf(0.8, 2) / 6 / 2)
    height = region.boundary[:, 0] / deviation - math.cosh(wide)
    across = (region.boundary[:, 1] - mean) / math.sqrt(2) / deviation
    np.testing.assert_allclose(np.hypot(height, across), math.sinh(wide), rtol=1e-9)
    narrow = math.sqrt(st.chi2.ppf(0.95, 1) / 6 / 2)
    half = math.sqrt(2) * deviation * math.sinh(narrow)
    assert sg.confidence_interval(found, mu, kind="geodesic") == pytest.approx((mean - half, mean + half), rel=1e-8)
    ends = (deviation**2 * math.exp(-2 * narrow), deviation**2 * math.exp(2 * narrow))
    assert sg.confidence_interval(found, s**2, kind="geodesic") == pytest.approx(ends, rel=1e-8)
    n = sp.Symbol("n", integer=True, nonnegative=True)
    counts = sg.fit(sg.StatisticalModel(t**n * sp.exp(-t) / sp.factorial(n), n, t), [3, 5, 2, 7, 4])
    moved = math.sqrt(st.chi2.ppf(0.95, 1) / 5) / 2
    ends = ((math.sqrt(4.2) - moved) ** 2, (math.sqrt(4.2) + moved) ** 2)
    assert sg.confidence_interval(counts, t, kind="geodesic") == pytest.approx(ends, rel=1e-9)
    # Straight in the mean: Wald's interval.
    assert sg.confidence_interval(counts, t, kind="geodesic", alpha=-1) == pytest.approx(
        sg.confidence_interval(counts, t, kind="wald"), rel=1e-9
    )
    with pytest.raises(RegionError, match="reaches the boundary of the domain: t > 0"):
        sg.confidence_interval(counts, t, 1 - 1e-12, kind="geodesic", alpha=-1)


def test_geodesic_regions_do_not_depend_on_the_chart_and_walds_do() -> None:
    """The Weibull law of log t has location log s and scale 1/c: the same sample, the same ball."""
    data = np.array([1.0, 2.0, 3.0, 5.0, 8.0])
    there = sg.StatisticalModel(sp.exp((x - mu) / s - sp.exp((x - mu) / s)) / s, x, (mu, s))
    fits = sg.fit(WEIBULL, data), sg.fit(there, np.log(data))
    for kind, same in (("geodesic", True), ("wald", False)):
        here, other = (sg.confidence_region(f, level=0.6, kind=kind) for f in fits)
        moved = np.stack([np.log(here.boundary[:, 1]), 1 / here.boundary[:, 0]], axis=-1)
        # Seen from a common center, the radii at equal angles.
        radii = []
        for curve in (moved, other.boundary):
            gone = curve[:-1] - fits[1].estimate
            angle, order = np.arctan2(gone[:, 1], gone[:, 0]), None
            order = np.argsort(angle)
            radii.append(np.interp(np.linspace(-3, 3, 50), angle[order], np.linalg.norm(gone, axis=1)[order]))
        assert np.allclose(*radii, rtol=2e-3) == same


def test_regions_that_have_no_end() -> None:
    found = sg.fit(NORMAL, [1.0, 2.0])
    with pytest.raises(ArgumentError, match="choose one of likelihood"):
        sg.confidence_region(found, kind="bayes")
    with pytest.raises(ArgumentError, match="level"):
        sg.confidence_interval(found, mu, 95)
    with pytest.raises(ParameterListError, match="choose 2 different ones of mu, s"):
        sg.confidence_region(found, (mu, x))
    with pytest.raises(ParameterListError, match="no function of the parameters"):
        sg.confidence_interval(found, x)
    with pytest.raises(ArgumentError, match="score interval"):
        sg.confidence_interval(found, mu, kind="score")
    with pytest.raises(ArgumentError, match='alpha is for kind="geodesic"'):
        sg.confidence_interval(found, mu, alpha=1)
    e = sp.Symbol("e", real=True)
    line = sg.StatisticalModel(NORMAL.density.subs(mu, mu * e), x, (mu, s), covariates=e)
    with pytest.raises(ArgumentError, match="every observation has its own"):
        sg.confidence_region(sg.fit(line, {x: [1.0, 2.5, 2.7], e: [1.0, 2.0, 3.0]}), kind="geodesic")
    space = sg.fit(sg.normal((mu, a, b), sp.eye(3), sp.symbols("x:3", real=True), (mu, a, b)), [[1, 2, 3], [2, 5, 1]])
    with pytest.raises(ArgumentError, match="range of one of them over the ball"):
        sg.confidence_region(space, (a, b), kind="geodesic")
    # The distance to a plane.
    half = math.sqrt(st.chi2.ppf(0.95, 1) / 2 / 3)
    assert sg.confidence_interval(space, (mu + a + b) / 3, kind="geodesic") == pytest.approx(
        (7 / 3 - half, 7 / 3 + half)
    )
    with pytest.raises(DataError, match="no covariates"):
        sg.predict(found, {d: [1.0]})
    separated = sg.fit(binary("logistic"), {y: [0, 0, 1, 1], d: [1.0, 2.0, 3.0, 4.0]})
    with pytest.raises(RegionError, match="did not converge"):
        sg.confidence_region(separated)
    k = sp.Symbol("k", positive=True)
    student = sg.StatisticalModel(
        sp.gamma((k + 1) / 2) / (sp.gamma(k / 2) * sp.sqrt(k * sp.pi)) * (1 + x**2 / k) ** (-(k + 1) / 2), x, k
    )
    # Twelve values cannot tell eight degrees of freedom from infinitely many.
    values = st.t.ppf((np.arange(12) + 0.5) / 12, 2.5)
    with pytest.raises(RegionError, match="and no further"):
        sg.confidence_interval(sg.fit(student, values), k, 0.99)
