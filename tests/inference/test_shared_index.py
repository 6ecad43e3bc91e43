"""Likelihoods by linear predictors: the sums are those by all parameters, and keep their digits in the tails."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest
import sympy as sp

import symgeo as sg
from symgeo.inference.index_sums import IndexSums
from symgeo.inference.parameter_sums import ParameterSums
from symgeo.inference.programs import BLOCK, sample_programs

y, d, e, a, b, c, g = sp.symbols("y d e a b c g", real=True)
t, k, s, h = sp.symbols("t k s h", positive=True)
n = sp.Symbol("n", integer=True, nonnegative=True)
BINARY = sp.FiniteSet(0, 1)
LINE = a + b * d + c * e
NORMAL = (1 + sp.erf(LINE / sp.sqrt(2))) / 2
GOMPERTZ = 1 - sp.exp(-sp.exp(LINE))
CAUCHY = sp.Rational(1, 2) + sp.atan(LINE) / sp.pi


def bernoulli(p: sp.Expr) -> sg.StatisticalModel:
    return sg.StatisticalModel(p**y * (1 - p) ** (1 - y), y, (a, b, c), covariates=(d, e), support=BINARY)


def normal(mean: sp.Expr, deviation: sp.Expr, parameters: tuple, given: tuple) -> sg.StatisticalModel:
    density = sp.exp(-((y - mean) ** 2) / (2 * deviation**2)) / (deviation * sp.sqrt(2 * sp.pi))
    return sg.StatisticalModel(density, y, parameters, covariates=given)


MODELS = {
    "logit": lambda: bernoulli(1 / (1 + sp.exp(-LINE))),
    "probit": lambda: bernoulli(NORMAL),
    "complementary log-log": lambda: bernoulli(GOMPERTZ),
    "cauchit": lambda: bernoulli(CAUCHY),
    "counts with exposure": lambda: sg.StatisticalModel(
        (h * sp.exp(LINE)) ** n * sp.exp(-h * sp.exp(LINE)) / sp.factorial(n), n, (a, b, c), covariates=(d, e, h)
    ),
    "gamma": lambda: sg.StatisticalModel(
        (k * sp.exp(-LINE)) ** k * t ** (k - 1) * sp.exp(-k * t * sp.exp(-LINE)) / sp.gamma(k),
        t,
        (k, a, b, c),
        covariates=(d, e),
    ),
    "no intercept": lambda: normal(b * d + c * e, s, (b, s, c), (d, e)),
    "two indices": lambda: normal(a + b * d, sp.exp(c + g * e), (a, c, b, g), (d, e)),
    "a common factor": lambda: normal(b * d + c * d**2, s, (b, c, s), (d,)),
}
CLASSES = {"gamma": 2, "no intercept": 2, "two indices": 2, "a common factor": 2}
CONCAVE = {"logit", "probit", "complementary log-log", "counts with exposure"}


def observations(model: sg.ConditionalModel, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(5)
    given = random.normal(size=(count, len(model.covariates)))
    given = np.where([s.is_positive for s in model.covariates], np.exp(given), given)
    (v,) = model.variables
    values = {y: random.normal(size=count), t: random.gamma(2.0, size=count), n: random.poisson(2.0, count)}
    binary = model.support.points() is not None
    sample = random.integers(0, 2, count) if binary else values[v]
    return sample.astype(float)[:, None], given, random.uniform(0.5, 2.0, count)


def point(model: sg.ConditionalModel) -> np.ndarray:
    random = np.random.default_rng(6)
    theta = random.normal(size=len(model.parameters))
    return np.where([s.is_positive for s in model.parameters], np.exp(theta), theta)


@pytest.mark.parametrize("name", MODELS)
def test_sums_by_indices_are_the_sums_by_parameters(name: str) -> None:
    model = MODELS[name]()
    programs = sample_programs(model)
    assert programs.indices is not None
    assert len(programs.indices.classes) == CLASSES.get(name, 1)
    data = observations(model, 90)
    short, long = IndexSums(programs, programs.indices, *data), ParameterSums(programs, *data)
    theta = point(model)
    for mine, other in zip(short.sums(theta, True), long.sums(theta, True), strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-10, atol=1e-11)
    for what in ("terms", "scores", "curvatures", "metric"):
        mine, other = (getattr(sums, what)(theta) for sums in (short, long))
        np.testing.assert_allclose(mine, other, rtol=1e-9, atol=1e-11)
    some = theta * np.array([[0.9], [1.0], [1.1]])
    np.testing.assert_allclose(short.terms(some), long.terms(some), rtol=1e-11)
    np.testing.assert_allclose(short.terms(some)[1], short.terms(theta), rtol=1e-11)


@pytest.mark.parametrize(
    ("probability", "labels", "expected"),
    [
        (1 / (1 + sp.exp(-LINE)), (0, 1), True),
        (NORMAL, (0, 1), True),
        (CAUCHY, (-1, 1), True),
        (GOMPERTZ, (0, 1), False),
        (2 / (3 + 3 * sp.exp(-LINE)), (0, 1), False),  # its slopes are not mirrored
    ],
)
def test_mirrored_responses(probability: sp.Expr, labels: tuple, expected: bool) -> None:
    """At an index the second label is as likely as the first one is at minus that, for symmetric laws alone."""
    first, second = labels
    share = (y - first) / (second - first)
    model = sg.StatisticalModel(
        probability**share * (1 - probability) ** (1 - share),
        y,
        (a, b, c),
        covariates=(d, e),
        support=sp.FiniteSet(*labels),
    )
    programs = sample_programs(model)
    assert programs.reduced.mirrored is expected
    random = np.random.default_rng(8)
    for count in (3, 700, BLOCK + 9):  # a few rows share their covariates, and many take several blocks
        data = (random.choice(labels, count).astype(float)[:, None], random.normal(size=(count, 2)), np.ones(count))
        short, long = IndexSums(programs, programs.indices, *data), ParameterSums(programs, *data)
        for theta in (np.array([0.3, -0.8, 0.5]), np.zeros(3)):
            for what in ("terms", "scores", "curvatures", "metric", "slopes", "metric"):  # again, of known slopes
                mine, other = (getattr(sums, what)(theta) for sums in (short, long))
                np.testing.assert_allclose(mine, other, rtol=1e-9, atol=1e-11 * count)
            mine, other = (sums.sums(theta, False)[0] for sums in (short, long))
            np.testing.assert_allclose(mine, other, rtol=1e-9, atol=1e-11 * count)


@pytest.mark.parametrize("name", MODELS)
def test_only_concave_likelihoods_are_called_so(name: str) -> None:
    assert sample_programs(MODELS[name]()).concave == (name in CONCAVE)


def test_parameters_without_a_common_index() -> None:
    model = normal(a * sp.exp(b * d), s, (a, b, s), (d,))
    assert sample_programs(model).indices is None


def test_an_index_whose_factor_vanishes_where_the_density_does_not_say_it_all() -> None:
    # The scores of a and b have the ratio d, but the slope of a holds sin(d): the density is no function of a + b d.
    model = normal(sp.sin(d) * (a + b * d) ** 2 + a * d, s, (a, b, s), (d,))
    assert sample_programs(model).indices is None


@pytest.mark.parametrize("index", [-30.0, -8.0, -1.0, 0.5, 6.0, 25.0])
@pytest.mark.parametrize("response", [0, 1])
def test_second_derivatives_of_a_probit_in_the_tails(index: float, response: int) -> None:
    model = MODELS["probit"]()
    programs = sample_programs(model)
    given = np.array([[1.0, 0.0]])
    sums = IndexSums(programs, programs.indices, np.array([[float(response)]]), given, np.ones(1))
    theta = np.array([index - 1.0, 1.0, 0.0])
    with mp.workdps(400):
        sign = 1 if response else -1
        log_cdf = lambda v: mp.log(mp.erfc(-sign * v / mp.sqrt(2)) / 2)  # noqa: E731
        value, slope, curvature = (mp.diff(log_cdf, mp.mpf(index), order) for order in range(3))
    np.testing.assert_allclose(sums.terms(theta)[0], float(value), rtol=1e-13)
    np.testing.assert_allclose(sums.scores(theta)[0], np.array([1.0, 1.0, 0.0]) * float(slope), rtol=1e-12)
    np.testing.assert_allclose(sums.curvatures(theta)[0][:2, :2], float(curvature), rtol=1e-10)


def test_a_probit_with_far_observations_is_fitted() -> None:
    given = np.array([-40.0, -3.0, -2.0, -1.0, -0.5, 0.2, 0.4, 1.0, 2.0, 3.0, 40.0])
    seen = np.array([0, 0, 0, 1, 0, 1, 0, 1, 0, 1, 1])
    model = sg.StatisticalModel(
        NORMAL.subs(c, 0) ** y * (1 - NORMAL.subs(c, 0)) ** (1 - y), y, (a, b), covariates=d, support=BINARY
    )
    fit = sg.fit(model, {y: seen, d: given})
    assert fit.converged
    with mp.workdps(30):

        def score(p: mp.mpf, q: mp.mpf) -> list:
            total = [mp.mpf(0), mp.mpf(0)]
            for x, v in zip(given, seen, strict=True):
                sign = 1 if v else -1
                u = sign * (p + q * mp.mpf(float(x)))
                r = sign * mp.npdf(u) / (mp.erfc(-u / mp.sqrt(2)) / 2)
                total = [total[0] + r, total[1] + r * mp.mpf(float(x))]
            return total

        exact = mp.findroot(score, [mp.mpf(float(v)) for v in fit.estimate])
    np.testing.assert_allclose(fit.estimate, [float(v) for v in exact], rtol=1e-11)


def test_responses_are_met_to_rounding() -> None:
    third = sp.Rational(1, 3)
    line = sp.exp(a + b * d)
    density = sp.Piecewise((1 - sp.exp(-line), sp.Eq(y, third)), (sp.exp(-line), True))
    model = sg.StatisticalModel(density, y, (a, b), covariates=d, support=sp.FiniteSet(third, 2 * third))
    given, seen = np.array([-1.0, 0.0, 0.5, 1.0, 2.0, 3.0]), np.array([2, 1, 2, 1, 2, 1])
    exact = sg.fit(model, {y: seen / 3, d: given})
    rounded = sg.fit(model, {y: np.round(seen / 3, 13), d: given})
    assert exact.converged and rounded.converged
    np.testing.assert_allclose(rounded.estimate, exact.estimate, rtol=1e-12)
