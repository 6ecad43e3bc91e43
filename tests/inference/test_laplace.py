"""Laplace posteriors against conjugate answers and quadrature, and what holds of them in every chart."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy as sp
import sympy.stats as ss
from scipy import stats
from scipy.special import betaln, gammaln

import symgeo as sg
from symgeo.errors import ArgumentError, DomainError, ParameterListError, PosteriorError, RegularityError

DATA = Path(__file__).parents[2] / "examples" / "data"
a, b, d, mu, y, z = sp.symbols("a b d mu y z", real=True)
c, k, q, s, w, x = sp.symbols("c k q s w x", positive=True)
n = sp.Symbol("n", integer=True, nonnegative=True)

POISSON = sg.StatisticalModel(w**n * sp.exp(-w) / sp.factorial(n), n, w)
BERNOULLI = sg.StatisticalModel(q**n * (1 - q) ** (1 - n), n, q, support={0, 1}, domain={q: (0, 1)})
NORMAL = sg.StatisticalModel(sp.exp(-((y - mu) ** 2) / 8) / sp.sqrt(8 * sp.pi), y, mu)
WEIBULL = sg.StatisticalModel(k / s * (x / s) ** (k - 1) * sp.exp(-((x / s) ** k)), x, (k, s), name="weibull")
LOGISTIC = sg.StatisticalModel(
    sp.exp(y * (a + b * d)) / (1 + sp.exp(a + b * d)), y, (a, b), covariates=d, support={0, 1}
)


def numbers(name: str) -> np.ndarray:
    lines = [line for line in (DATA / name).read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return np.array([line.split(",") for line in lines[1:]], dtype=float)


def poisson(size: int, chart: Any) -> tuple[sg.Posterior, float, float]:
    """The approximation, the exact log-evidence and the exact mean, for a Gamma(3, 1/2) prior."""
    data = np.tile([2, 3, 1, 4, 0], size // 5)
    shape, rate = 3 + data.sum(), 2 + size
    evidence = 3 * math.log(2) - gammaln(3) + gammaln(shape) - shape * math.log(rate) - gammaln(data + 1).sum()
    return (
        sg.laplace(POISSON, data, prior={w: ss.Gamma("g", 3, sp.Rational(1, 2))}, chart=chart),
        evidence,
        shape / rate,
    )


def test_a_normal_posterior_is_exact() -> None:
    data = np.array([1.0, 4.0, 2.5])
    post = sg.laplace(NORMAL, data, prior={mu: ss.Normal("m", 1, 3)})
    precision = 3 / 4 + 1 / 9
    assert post.precision[0, 0] == pytest.approx(precision, rel=1e-13)
    assert post.mode[0] == pytest.approx((7.5 / 4 + 1 / 9) / precision, rel=1e-12)
    covariance = 4 * np.eye(3) + 9
    off = data - 1
    exact = -0.5 * (off @ np.linalg.solve(covariance, off) + np.linalg.slogdet(2 * np.pi * covariance)[1])
    assert post.log_evidence == pytest.approx(exact, rel=1e-13)
    assert post.second_order_mean(mu) == pytest.approx(post.mode[0], rel=1e-9)


@pytest.mark.parametrize("chart", [None, "unbounded", {w: c**2 / 3}])
def test_errors_fall_with_the_sample_as_they_should(chart: Any) -> None:
    first, second = [], []
    for size in (40, 80):
        post, evidence, mean = poisson(size, chart)
        assert post.log_evidence == pytest.approx(evidence, abs=0.2 / size)
        first.append(abs(post.log_evidence - evidence))
        second.append(abs(post.second_order_mean(w) - mean))
    assert first[0] / first[1] == pytest.approx(2, rel=0.05)
    assert second[0] / second[1] == pytest.approx(4, rel=0.08)


def test_a_beta_posterior_and_a_second_order_mean_of_a_function_of_either_sign() -> None:
    errors = []
    for size in (40, 80):
        ones, zeros = 3 * size // 8, 5 * size // 8
        post = sg.laplace(BERNOULLI, [1] * ones + [0] * zeros, prior={q: ss.Beta("p", 2, 3)}, chart="unbounded")
        alpha, beta = 2 + ones, 3 + zeros
        exact = betaln(alpha, beta) - betaln(2, 3)
        errors.append(abs(post.log_evidence - exact))
        mean = alpha / (alpha + beta)
        assert post.second_order_mean(q - 1) == pytest.approx(mean - 1, abs=0.3 / size**2)
        variance = mean * (1 - mean) / (alpha + beta + 1)
        assert post.std(q) == pytest.approx(math.sqrt(variance), rel=1 / size)
    assert errors[0] / errors[1] == pytest.approx(2, rel=0.06)


def grid(log: Any, low: np.ndarray, high: np.ndarray, size: int = 400) -> tuple[float, np.ndarray, np.ndarray]:
    """The log-integral, mean and covariance of exp(log(u, v)) over a box, by Gauss and Legendre."""
    nodes, weights = np.polynomial.legendre.leggauss(size)
    u, v = (0.5 * (lo + hi) + 0.5 * (hi - lo) * nodes for lo, hi in zip(low, high, strict=True))
    logs = log(u[:, None], v[None, :])
    masses = np.exp(logs - logs.max()) * np.outer(weights, weights) * np.prod(0.5 * (high - low))
    total = masses.sum()
    mean = np.array([(masses.sum(1) * u).sum(), (masses.sum(0) * v).sum()]) / total
    off = [u - mean[0], v - mean[1]]
    cross = off[0] @ masses @ off[1] / total
    square = [masses.sum(1) @ off[0] ** 2 / total, masses.sum(0) @ off[1] ** 2 / total]
    return math.log(total) + logs.max(), mean, np.array([[square[0], cross], [cross, square[1]]])


def test_the_beetles_by_quadrature() -> None:
    dose, exposed, killed = numbers("beetles.csv").T
    centred = dose - 1.8
    data = {y: np.repeat([1, 0], len(dose)), d: np.tile(centred, 2)}
    prior = {a: ss.Normal("A", 0, 2), b: ss.Normal("B", 0, 50)}
    post = sg.laplace(LOGISTIC, data, prior=prior, weights=np.concatenate([killed, exposed - killed]))

    def log(u: np.ndarray, v: np.ndarray) -> np.ndarray:
        out = -(u**2) / 8 - v**2 / 5000 - math.log(2 * math.pi * 100)
        for place, total, dead in zip(centred, exposed, killed, strict=True):
            out = out + dead * (u + v * place) - total * np.logaddexp(0, u + v * place)
        return out

    spread = 9 * np.sqrt(np.diagonal(post.covariance))
    evidence, mean, covariance = grid(log, post.mode - spread, post.mode + spread)
    assert post.log_evidence == pytest.approx(evidence, abs=3 / 481)
    first, second = post.mode, np.array([post.second_order_mean(a), post.second_order_mean(b)])
    deviations = np.sqrt(np.diagonal(covariance))
    assert (abs(second - mean) < 1e-3 * deviations).all()
    assert (abs(second - mean) < 0.02 * abs(first - mean)).all()
    np.testing.assert_allclose(post.covariance, covariance, rtol=0.04)
    near, drawn = post.predictive({d: [0.0]}), post.predictive({d: [0.0]}, method="sampling", seed=1)
    np.testing.assert_allclose(drawn.values, near.values, atol=0.003)
    np.testing.assert_allclose(drawn.standard_errors, near.standard_errors, rtol=0.05)


def test_the_bearings_by_quadrature() -> None:
    data = numbers("ball_bearings.csv")[:, 0]
    post = sg.laplace(WEIBULL, data, prior=1 / (k * s), chart="unbounded")

    def log(u: np.ndarray, v: np.ndarray) -> np.ndarray:
        shape = np.exp(u)
        out = 0.0 * u * v
        for value in data:
            ratio = math.log(value) - v
            out = out + u - math.log(value) + shape * ratio - np.exp(shape * ratio)
        return out

    spread = 9 * np.sqrt(np.diagonal(post.covariance))
    evidence, mean, covariance = grid(log, post.mode - spread, post.mode + spread)
    assert post.log_integral == pytest.approx(evidence, abs=1.5 / 23)
    second = np.array([post.second_order_mean(sp.log(k)), post.second_order_mean(sp.log(s))])
    assert (abs(second - mean) < 10 / 23**2 * np.sqrt(np.diagonal(covariance))).all()
    assert (abs(second - mean) < 0.5 * abs(post.mode - mean)).all()
    with pytest.raises(PosteriorError, match="improper"):
        _ = post.log_evidence


@pytest.mark.parametrize("model", [POISSON, WEIBULL])
def test_jeffreys_prior_does_not_depend_on_the_chart(model: sg.StatisticalModel) -> None:
    """In new coordinates it is the new metric's volume: a model declared there has the same posterior."""
    data = np.array([2, 3, 1, 4, 5])
    own = dict(zip(model.parameters, sp.symbols("u v", positive=True), strict=False))
    images = {p: u**2 for p, u in own.items()}
    changed = sg.StatisticalModel(model.density.subs(images), model.variables, tuple(own.values()))
    moved = sg.laplace(model, data, prior="jeffreys", chart=images)
    declared = sg.laplace(changed, data, prior="jeffreys")
    np.testing.assert_allclose(moved.mode, declared.mode, rtol=1e-9)
    np.testing.assert_allclose(moved.precision, declared.precision, rtol=1e-8)
    assert moved.log_integral == pytest.approx(declared.log_integral, rel=1e-11)
    plain = sg.laplace(model, data, prior="jeffreys")
    assert abs(plain.estimate - moved.estimate).max() > 1e-3  # the mode is not the same, the density is


def test_the_proper_jeffreys_prior_is_a_beta_law() -> None:
    data = [1, 0, 0, 1, 0, 1, 0, 0]
    post = sg.laplace(BERNOULLI, data, prior="jeffreys", chart="unbounded")
    half = sp.Rational(1, 2)
    declared = sg.laplace(BERNOULLI, data, prior={q: ss.Beta("p", half, half)}, chart="unbounded")
    assert post.log_evidence == pytest.approx(declared.log_evidence, rel=1e-12)


@pytest.mark.parametrize("chart", [None, "unbounded"])
def test_the_fisher_matrix_is_metric_expected_hessian_and_precision(chart: Any) -> None:
    """With a prior flat in the model's parameters, and for large samples with any prior."""
    data = np.random.default_rng(5).weibull(2.0, 2000) * 3
    fit = sg.fit(WEIBULL, data)
    observed = sg.laplace(WEIBULL, data, chart=chart)
    expected = sg.laplace(WEIBULL, data, chart=chart, information="expected")
    turn = observed.target.coordinates.jacobian(observed.mode)
    metric = sg.lambdify(WEIBULL.manifold.metric)(observed.estimate)
    np.testing.assert_allclose(expected.precision, len(data) * turn.T @ metric @ turn, rtol=1e-9 if not chart else 1e-3)
    np.testing.assert_allclose(observed.precision, expected.precision, rtol=0.06)
    if chart is None:
        np.testing.assert_allclose(observed.mode, fit.estimate, rtol=1e-9)
        np.testing.assert_allclose(expected.covariance, fit.covariance, rtol=1e-8)


def test_the_evidence_is_bic_for_a_unit_information_prior() -> None:
    """log evidence + BIC/2 is of order N^-1/2 (here N^-1): Kass and Wasserman, JASA 90 (1995) 928-934."""
    gaps = []
    for size in (50, 100):
        data = np.tile([1.0, 4.0, 2.5, 0.5, 2.0], size // 5)
        fit = sg.fit(NORMAL, data)
        post = sg.laplace(NORMAL, data, prior={mu: ss.Normal("m", 2, 2)})
        gaps.append(abs(post.log_evidence + fit.bic / 2))
    assert gaps[0] < 0.02 and gaps[0] / gaps[1] == pytest.approx(2, rel=0.05)


def test_draws_have_the_moments_of_the_normal_law() -> None:
    post, _, _ = poisson(40, "unbounded")
    draws = np.log(post.sample(20000, 3))
    assert draws.mean() == pytest.approx(post.mode[0], abs=4 * draws.std() / 140)
    assert draws.std() == pytest.approx(math.sqrt(post.covariance[0, 0]), rel=0.02)
    np.testing.assert_array_equal(post.sample(5, 3), post.sample(5, 3))
    assert "log_w" in str(post) and "log-evidence" in str(post)


def test_laws_may_be_declared_models() -> None:
    t, r = sp.symbols("t r", positive=True)
    gamma = sg.StatisticalModel(r**k * t ** (k - 1) * sp.exp(-r * t) / sp.gamma(k), t, (k, r))
    one = sg.laplace(POISSON, [1, 2, 3], prior={w: (gamma, {k: 3, r: 2})})
    other = sg.laplace(POISSON, [1, 2, 3], prior={w: ss.Gamma("g", 3, sp.Rational(1, 2))})
    assert one.log_evidence == pytest.approx(other.log_evidence, rel=1e-13)
    plain = sg.laplace(POISSON, [1, 2, 3], prior=4 * w**2 * sp.exp(-2 * w), normalised=True)
    assert plain.log_evidence == pytest.approx(other.log_evidence, rel=1e-13)


@pytest.mark.parametrize(
    ("model", "data", "options", "error", "message"),
    [
        (POISSON, [0, 0], {}, PosteriorError, "no mode"),
        (BERNOULLI, [1, 1], {"prior": "jeffreys"}, PosteriorError, "no mode"),
        (POISSON, [1], {"prior": "vague"}, ParameterListError, "not known"),
        (POISSON, [1], {"prior": z * w}, ParameterListError, "no parameter"),
        (POISSON, [1], {"prior": {"v": w}}, ParameterListError, "give a law to each"),
        (POISSON, [1], {"prior": {w: ss.Normal("m", 0, 1)}}, DomainError, "inside"),
        (POISSON, [1], {"chart": "polar"}, ParameterListError, "not known"),
        (POISSON, [1], {"chart": {w: c + k}}, ParameterListError, "needs 1"),
        (POISSON, [1], {"information": "empirical"}, ArgumentError, "observed or expected"),
        (POISSON, [1], {"start": [1, 2]}, ArgumentError, "shape"),
        (sg.StatisticalModel(sp.exp(-sp.Abs(y - mu)) / 2, y, mu), [1.0, 2.0], {}, RegularityError, "kink"),
    ],
)
def test_what_is_refused(model: Any, data: Any, options: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        sg.laplace(model, data, **options)


def test_what_a_posterior_refuses() -> None:
    post = sg.laplace(POISSON, [0, 1])
    with pytest.raises(ParameterListError, match="no function"):
        post.mean(z)
    with pytest.raises(ArgumentError, match="level"):
        post.predictive(level=2)
    with pytest.raises(ArgumentError, match="method"):
        post.predictive(method="guess")  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="draws"):
        post.sample(0, 1)


@pytest.mark.parametrize("chart", [None, "unbounded"])
def test_the_density_of_a_new_count_is_negative_binomial(chart: Any) -> None:
    """The exact predictive law of a Poisson mean with a Gamma prior: Gelman et al., Bayesian Data Analysis."""
    counts = np.arange(9)
    errors = []
    for size in (100, 400):
        post, _, _ = poisson(size, chart)
        shape, rate = 3 + 2 * size, 2 + size
        exact = stats.nbinom(shape, rate / (rate + 1)).pmf(counts)
        found = post.predictive_density({"n": counts})
        errors.append(np.abs(found / exact - 1).max())
        drawn = post.predictive_density(counts, method="sampling", count=2000)
        assert drawn == pytest.approx(found, rel=0.05)
    assert errors[0] < 0.04 and errors[1] == pytest.approx(errors[0] / 4, rel=0.15)


def test_densities_of_new_observations_that_the_delta_method_does_not_give() -> None:
    post, _, _ = poisson(5, "unbounded")
    with pytest.raises(ArgumentError, match="choose delta or sampling"):
        post.predictive_density([1], method="exact")
    # Three means of variance one, one observation: 1 - 3/2 at the mode.
    means, seen = sp.symbols("m1:4", real=True), sp.symbols("t1:4", real=True)
    density = sp.exp(-sum((t - m) ** 2 for t, m in zip(seen, means, strict=True)) / 2) / (2 * sp.pi) ** sp.Rational(
        3, 2
    )
    three = sg.laplace(sg.StatisticalModel(density, seen, means, check=False), [[1.0, 2.0, 3.0]])
    with pytest.raises(PosteriorError, match="take method='sampling'"):
        three.predictive_density([[1.0, 2.0, 3.0]])
    exact = (4 * math.pi) ** -1.5
    assert three.predictive_density([[1.0, 2.0, 3.0]], method="sampling")[0] == pytest.approx(exact, rel=0.05)


def test_a_prior_that_is_said_to_be_normalised_is_checked() -> None:
    with pytest.raises(PosteriorError, match="divide it by its mass"):
        sg.laplace(POISSON, [1, 2, 3], prior=3 * w**2 * sp.exp(-2 * w), normalised=True)
