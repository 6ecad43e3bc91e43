"""Fits of declared densities of every kind, with covariates and weights."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.stats as st
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as hyp

from symgeo import StatisticalModel, fit
from symgeo.errors import (
    ArgumentError,
    DataError,
    DomainError,
    ParameterListError,
    RegularityError,
    SingularMetricError,
    SupportError,
)

a, b, d = sp.symbols("a b d", real=True)
mu, x, z = sp.symbols("mu x z", real=True)
c, k, s, t = sp.symbols("c k s t", positive=True)
y = sp.Symbol("y")
n = sp.Symbol("n", integer=True, nonnegative=True)

BINARY = sp.FiniteSet(0, 1)
CDF = (1 + sp.erf((a + b * d) / sp.sqrt(2))) / 2
LINKS = {
    "logistic": sp.exp(y * (a + b * d)) / (1 + sp.exp(a + b * d)),
    "probit": ((1 + sp.erf((a + b * d) / sp.sqrt(2))) / 2) ** y
    * ((1 - sp.erf((a + b * d) / sp.sqrt(2))) / 2) ** (1 - y),
    "cloglog": (1 - sp.exp(-sp.exp(a + b * d))) ** y * sp.exp(-sp.exp(a + b * d) * (1 - y)),
}


def binary(link: str) -> StatisticalModel:
    return StatisticalModel(LINKS[link], y, (a, b), covariates=d, support=BINARY, name=link)


def beetles() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Bliss, Annals of Applied Biology 22 (1935) 134-167: dose, exposed, killed."""
    lines = (Path(__file__).parents[2] / "examples" / "data" / "beetles.csv").read_text(encoding="utf-8").splitlines()
    rows = [line.split(",") for line in lines if not line.startswith("#")][1:]
    dose, exposed, killed = np.array(rows, dtype=float).T
    return dose, exposed, killed


@pytest.mark.parametrize(
    ("link", "estimate", "errors"),
    [
        # The logistic fit is in Dobson, An Introduction to Generalized Linear Models.
        ("logistic", (-60.7175, 34.2703), (5.1807, 2.9121)),
        ("probit", (-34.9353, 19.7279), (2.6481, 1.4873)),
        ("cloglog", (-39.5723, 22.0412), (3.2403, 1.7994)),
    ],
)
def test_the_beetles(link: str, estimate: tuple[float, ...], errors: tuple[float, ...]) -> None:
    dose, exposed, killed = beetles()
    data = {y: np.repeat([1.0, 0.0], len(dose)), d: np.tile(dose, 2)}
    found = fit(binary(link), data, weights=np.concatenate([killed, exposed - killed]))
    assert found.converged and found.n_observations == 481
    np.testing.assert_allclose(found.estimate, estimate, rtol=2e-6)
    np.testing.assert_allclose(found.standard_errors, errors, rtol=2e-4)


def test_weights_count_observations() -> None:
    model = StatisticalModel(1 / (sp.pi * s * (1 + ((x - mu) / s) ** 2)), x, (mu, s))
    values, counts = np.array([1.0, 2.0, 4.0, 9.0, 3.5]), np.array([2, 0, 2, 1, 3])
    together = fit(model, values, weights=counts)
    apart = fit(model, np.repeat(values, counts))
    np.testing.assert_allclose(together.estimate, apart.estimate, rtol=1e-11)
    np.testing.assert_allclose(together.sandwich_covariance, apart.sandwich_covariance, rtol=1e-8)
    assert together.bic == pytest.approx(apart.bic, rel=1e-13)
    normal = StatisticalModel(sp.exp(-(((x - mu) / s) ** 2) / 2) / (s * sp.sqrt(2 * sp.pi)), x, (mu, s))
    together, apart = fit(normal, values, weights=counts), fit(normal, np.repeat(values, counts))
    np.testing.assert_allclose(together.covariance, apart.covariance, rtol=1e-12)
    assert together.log_likelihood == pytest.approx(apart.log_likelihood, rel=1e-13)


def test_observations_that_count_nothing_are_left_out() -> None:
    model = StatisticalModel(1 / (sp.pi * s * (1 + ((x - mu) / s) ** 2)), x, (mu, s))
    weights = np.zeros(1000)
    weights[[7, 13, 500, 900]] = 3, 2, 4, 1
    values = np.random.default_rng(1).standard_cauchy(1000)
    found = fit(model, values, weights=weights)
    few = fit(model, values[weights > 0], weights=weights[weights > 0])
    assert found.converged and found.log_likelihood == few.log_likelihood


RANDOM = np.random.default_rng(20)
LAWS: dict[str, tuple[Any, Any, tuple, np.ndarray, Any]] = {
    "student": (
        sp.gamma((k + 1) / 2)
        / (sp.gamma(k / 2) * sp.sqrt(k * sp.pi) * s)
        * (1 + ((x - mu) / s) ** 2 / k) ** (-(k + 1) / 2),
        x,
        (k, mu, s),
        st.t.rvs(4, 2, 3, 400, random_state=RANDOM),
        lambda e: st.t(*e),
    ),
    "cauchy": (
        1 / (sp.pi * s * (1 + ((x - mu) / s) ** 2)),
        x,
        (mu, s),
        st.cauchy.rvs(5, 3, 200, random_state=RANDOM),
        lambda e: st.cauchy(*e),
    ),
    "logistic": (
        sp.exp(-(x - mu) / s) / (s * (1 + sp.exp(-(x - mu) / s)) ** 2),
        x,
        (mu, s),
        st.logistic.rvs(5, 3, 200, random_state=RANDOM),
        lambda e: st.logistic(*e),
    ),
    "gumbel": (
        sp.exp(-(x - mu) / s - sp.exp(-(x - mu) / s)) / s,
        x,
        (mu, s),
        st.gumbel_r.rvs(-5, 0.3, 200, random_state=RANDOM),
        lambda e: st.gumbel_r(*e),
    ),
    "weibull": (
        c / s * (t / s) ** (c - 1) * sp.exp(-((t / s) ** c)),
        t,
        (c, s),
        st.weibull_min.rvs(0.7, scale=30, size=200, random_state=RANDOM),
        lambda e: st.weibull_min(e[0], scale=e[1]),
    ),
    "log-logistic": (
        c / s * (t / s) ** (c - 1) / (1 + (t / s) ** c) ** 2,
        t,
        (c, s),
        st.fisk.rvs(2.3, scale=1e4, size=200, random_state=RANDOM),
        lambda e: st.fisk(e[0], scale=e[1]),
    ),
    "lomax": (
        c / s * (1 + t / s) ** (-c - 1),
        t,
        (c, s),
        st.lomax.rvs(3, scale=2, size=400, random_state=RANDOM),
        lambda e: st.lomax(e[0], scale=e[1]),
    ),
    "gompertz": (
        c / s * sp.exp(t / s) * sp.exp(-c * (sp.exp(t / s) - 1)),
        t,
        (c, s),
        st.gompertz.rvs(0.5, scale=3, size=200, random_state=RANDOM),
        lambda e: st.gompertz(e[0], scale=e[1]),
    ),
    "hyperbolic secant": (
        1 / (sp.pi * s * sp.cosh((x - mu) / s)),
        x,
        (mu, s),
        st.hypsecant.rvs(1, 2, size=200, random_state=RANDOM),
        lambda e: st.hypsecant(*e),
    ),
    "laplace": (
        sp.exp(-sp.Abs(x - mu) / s) / (2 * s),
        x,
        (mu, s),
        st.laplace.rvs(1, 2, size=201, random_state=RANDOM),
        lambda e: st.laplace(*e),
    ),
}


@pytest.mark.parametrize("name", LAWS)
def test_no_other_point_nearby_has_a_larger_likelihood(name: str) -> None:
    density, variable, parameters, data, frozen = LAWS[name]
    found = fit(StatisticalModel(density, variable, parameters), data)
    assert found.converged, found.message
    assert found.log_likelihood == pytest.approx(frozen(found.estimate).logpdf(data).sum(), rel=1e-10)
    for size in (1e-3, 0.3):
        for direction in np.random.default_rng(1).normal(size=(12, len(parameters))):
            beside = found.estimate + size * found.standard_errors * direction
            if (beside[-1:] > 0).all() and (name != "student" or beside[0] > 0):
                value = frozen(beside).logpdf(data).sum()
                assert not value > found.log_likelihood + 1e-9


@given(slope=hyp.floats(-3, 3), level=hyp.floats(-50, 50), noise=hyp.floats(0.01, 100), seed=hyp.integers(0, 2**31))
@settings(max_examples=20, deadline=None)
def test_least_squares_is_a_special_case(slope: float, level: float, noise: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    at = random.normal(size=30)
    response = level + slope * at + noise * random.normal(size=30)
    found = fit(LINE, {"z": response, "d": at})
    design = np.stack([np.ones(30), at], axis=1)
    best, (squares,), *_ = np.linalg.lstsq(design, response, rcond=None)
    assert found.converged
    np.testing.assert_allclose(found.estimate[:2], best, atol=1e-9 * noise, rtol=1e-9)
    assert found.estimate[2] == pytest.approx(np.sqrt(squares / 30), rel=1e-9)
    errors = np.sqrt(squares / 30 * np.diagonal(np.linalg.inv(design.T @ design)))
    np.testing.assert_allclose(found.standard_errors[:2], errors, rtol=1e-8)


LINE = StatisticalModel(
    sp.exp(-(((z - a - b * d) / s) ** 2) / 2) / (s * sp.sqrt(2 * sp.pi)), z, (a, b, s), covariates=d
)


def test_a_nonlinear_regression() -> None:
    top, half = sp.symbols("top half", positive=True)
    dose = sp.Symbol("dose", positive=True)
    emax = StatisticalModel(
        sp.exp(-(((z - top * dose / (half + dose)) / s) ** 2) / 2) / (s * sp.sqrt(2 * sp.pi)),
        z,
        (top, half, s),
        covariates=dose,
    )
    random = np.random.default_rng(8)
    at = np.tile([1.0, 5.0, 20.0, 80.0, 150.0], 20)
    data = {dose: at, z: 10.0 * at / (25.0 + at) + 0.3 * random.normal(size=100)}
    found = fit(emax, data)
    from scipy.optimize import curve_fit

    best, _ = curve_fit(lambda v, p, q: p * v / (q + v), at, data[z], [8.0, 20.0], xtol=1e-14, ftol=1e-14)
    np.testing.assert_allclose(found.estimate[:2], best, rtol=1e-6)


def test_a_support_that_moves_with_a_covariate() -> None:
    size = sp.Symbol("size", positive=True)
    p = 1 / (1 + sp.exp(-a))
    density = sp.binomial(size, n) * p**n * (1 - p) ** (size - n)
    with pytest.raises(SupportError, match=r"moves with the covariate size.*counts of each outcome as weights"):
        StatisticalModel(density, n, a, covariates=size, support=sp.Range(0, size + 1))


def test_the_metric_keeps_the_covariates() -> None:
    metric = binary("logistic").manifold.metric
    p = sp.exp(a + b * d) / (1 + sp.exp(a + b * d))
    for (i, j), factor in {(0, 0): 1, (0, 1): d, (1, 1): d**2}.items():
        assert sp.cancel(metric[i, j] - factor * p * (1 - p)) == 0


def test_a_conditional_model_at_values_is_an_ordinary_one() -> None:
    model = binary("cloglog").at({"d": 2})
    assert model.parameters == (a, b) and d not in model.density.free_symbols
    with pytest.raises(ParameterListError, match="give a value to each of d"):
        binary("logistic").at({"e": 2})
    dose = sp.Symbol("dose", positive=True)
    exponential = StatisticalModel(s * dose * sp.exp(-s * dose * t), t, s, covariates=dose)
    with pytest.raises(DomainError, match="dose = -1"):
        exponential.at({dose: -1})
    with pytest.raises(AttributeError, match="give the covariates values"):
        _ = binary("logistic").duality


def test_separation_is_told() -> None:
    found = fit(binary("logistic"), {y: [0, 0, 1, 1], d: [1.0, 2.0, 3.0, 4.0]})
    assert not found.converged and np.isnan(found.standard_errors).all()
    assert "separate the responses" in found.message and "b -> oo" in found.message


def test_covariates_that_do_not_vary() -> None:
    with pytest.raises(SingularMetricError, match="does not change along"):
        fit(binary("logistic"), {y: [0, 1, 1, 0], d: [2.0, 2.0, 2.0, 2.0]})


@pytest.mark.parametrize("covariance", ["expected", "observed"])
def test_a_flat_direction_is_named(covariance: Any) -> None:
    e, g = sp.symbols("e g", real=True)
    rate = sp.exp(a + b * d + g * e)
    counts = StatisticalModel(rate**n * sp.exp(-rate) / sp.factorial(n), n, (a, b, g), covariates=(d, e))
    random = np.random.default_rng(3)
    at = random.normal(size=50)
    with pytest.raises(SingularMetricError, match=r"does not change along \(1\) d/da \+ \(0.5\) d/db \+ \(-0.5\) d/dg"):
        fit(counts, {n: random.poisson(2.0, 50), d: at, e: 2.0 + at}, covariance=covariance)
    scaled = StatisticalModel(
        c / (s * k) * (t / (s * k)) ** (c - 1) * sp.exp(-((t / (s * k)) ** c)), t, (c, s, k), check=False
    )
    values = [1.0, 2.0, 3.0, 4.5, 5.0]
    if covariance == "expected":
        with pytest.raises(SingularMetricError, match=r"does not change along .*d/ds \+ .*d/dk; drop or fix"):
            fit(scaled, values)
    else:  # the observed information is singular at the maximum alone
        found = fit(scaled, values, covariance="observed")
        assert not found.converged and re.search(r"along .*d/ds.*fix one of them", found.message)


def test_too_few_observations_are_counted() -> None:
    density, variable, parameters, *_ = LAWS["weibull"]
    found = fit(StatisticalModel(density, variable, parameters), [1.3])
    assert not found.converged and "(1 observation is too few for 2 parameters)" in found.message
    gamma = StatisticalModel(t ** (k - 1) * sp.exp(-t / s) / (sp.gamma(k) * s**k), t, (k, s))
    found = fit(gamma, [1.3])
    assert not found.converged and "(1 observation is too few for 2 parameters)" in found.message
    with pytest.raises(SingularMetricError, match=r"\(2 observations are too few for 3 parameters\)"):
        fit(LINE, {"z": [1.0, 2.0], "d": [1.0, 1.0]})


def test_covariances() -> None:
    density, variable, parameters, data, _ = LAWS["cauchy"]
    found = fit(StatisticalModel(density, variable, parameters), data)
    # E[-dd log p] = 1/(2 s^2) for both parameters of Cauchy's law, without correlation.
    scale = found.estimate[1]
    np.testing.assert_allclose(found.covariance, np.eye(2) * 2 * scale**2 / len(data), rtol=1e-9, atol=1e-12)
    observed = found.with_covariance("observed")
    np.testing.assert_allclose(observed.covariance, np.linalg.inv(found.observed_information), rtol=1e-9)
    np.testing.assert_allclose(
        found.with_covariance("sandwich").covariance,
        observed.covariance @ found.score_products @ observed.covariance,
        rtol=1e-9,
    )
    half = 0.5 * np.diff(found.confidence_intervals(0.9))[:, 0] / found.standard_errors
    np.testing.assert_allclose(half, st.norm.ppf(0.95), rtol=1e-12)
    assert "sandwich" in str(found.with_covariance("sandwich"))
    with pytest.raises(ArgumentError, match="choose one of expected"):
        fit(StatisticalModel(density, variable, parameters), data, covariance="robust")
    with pytest.raises(ArgumentError, match="level must lie between"):
        found.confidence_intervals(95)
    density, variable, parameters, data, _ = LAWS["laplace"]
    with pytest.raises(RegularityError, match="kink"):
        fit(StatisticalModel(density, variable, parameters), data, covariance="observed")


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ([0.0, 1.0], "must name their columns"),
        ({y: [0, 1]}, "no column for d"),
        ({y: [0, 1], d: [1.0, np.nan]}, "not finite"),
        ({y: [0, 1], d: [1.0]}, "2 responses and 1 values"),
        ({y: [0, 2], d: [1.0, 2.0]}, "outside the support"),
        ({y: [0, 1], d: ["a", "b"]}, "not real numbers|no real number"),
    ],
)
def test_refused_data(data: Any, told: str) -> None:
    with pytest.raises(DataError, match=told):
        fit(binary("logistic"), data)


@pytest.mark.parametrize(
    ("weights", "told"), [([1.0], "do not fit"), ([1.0, -1.0], "not negative"), ([0, 0], "all weights are zero")]
)
def test_refused_weights(weights: Any, told: str) -> None:
    with pytest.raises(DataError, match=told):
        fit(binary("logistic"), {y: [0, 1], d: [1.0, 2.0]}, weights=weights)


def test_refused_declarations() -> None:
    with pytest.raises(ParameterListError, match="is a covariate and something else"):
        StatisticalModel(LINKS["logistic"], y, (a, b, d), covariates=d, support=BINARY)
    trials = sp.Symbol("m", integer=True, positive=True)
    with pytest.raises(ArgumentError, match="declare it real"):
        StatisticalModel(sp.exp(-t / (s * trials)) / (s * trials), t, s, covariates=trials)


def test_of_several_maxima_the_highest_is_found() -> None:
    """A Cauchy likelihood has a maximum at each cluster: Barnett, Biometrika 53 (1966) 151-165."""
    m = sp.Symbol("m", real=True)
    cauchy = StatisticalModel(1 / (sp.pi * (1 + (x - m) ** 2)), x, m)
    random = np.random.default_rng(0)
    for _ in range(12):
        few, many = random.normal(0, 1, random.integers(1, 4)), random.normal(0, 1, random.integers(1, 5))
        data = np.concatenate([few, many + random.uniform(5, 30)])
        found = fit(cauchy, data)
        grid = np.linspace(data.min(), data.max(), 4001)
        highest = -np.log(np.pi * (1 + (data[:, None] - grid) ** 2)).sum(axis=0).max()
        assert found.converged and found.log_likelihood >= highest - 1e-9
