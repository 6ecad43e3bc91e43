"""Many samples in one call: the answers of `fit` one by one, reasons for those that have none, and refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sympy as sp

from symgeo import StatisticalModel, catalogue, fit, fit_many
from symgeo.errors import ArgumentError, DataError, DomainError, RegularityError, SingularMetricError
from symgeo.inference import many

a, b, d = sp.symbols("a b d", real=True)
mu, x = sp.symbols("mu x", real=True)
c, k, s, t, u = sp.symbols("c k s t u", positive=True)
y = sp.Symbol("y")
n = sp.Symbol("n", integer=True, nonnegative=True)
RANDOM = np.random.default_rng(5)
LOGIT = StatisticalModel(
    sp.exp(y * (a + b * d)) / (1 + sp.exp(a + b * d)), y, (a, b), covariates=d, support=sp.FiniteSet(0, 1)
)
GAMMA = StatisticalModel(t ** (k - 1) * sp.exp(-t / s) / (sp.gamma(k) * s**k), t, (k, s))
CAUCHY = StatisticalModel(1 / (sp.pi * s * (1 + ((x - mu) / s) ** 2)), x, (mu, s))

MODELS: dict[str, tuple[StatisticalModel, np.ndarray]] = {
    "gamma": (GAMMA, RANDOM.gamma(2.5, 3.0, (60, 40))),
    "gamma of many scales": (GAMMA, RANDOM.gamma(2.5, 3.0, (60, 40)) * 10.0 ** RANDOM.uniform(-6, 6, (60, 1))),
    "beta": (
        StatisticalModel(
            u ** (a - 1) * (1 - u) ** (b - 1) * sp.gamma(a + b) / sp.gamma(a) / sp.gamma(b),
            u,
            (a, b),
            support=sp.Interval.open(0, 1),
            domain={a: sp.Interval.open(0, sp.oo), b: sp.Interval.open(0, sp.oo)},
        ),
        RANDOM.beta(2.0, 0.7, (60, 30)),
    ),
    "lognormal": (
        StatisticalModel(sp.exp(-((sp.log(t) - mu) ** 2) / (2 * s**2)) / (t * s * sp.sqrt(2 * sp.pi)), t, (mu, s)),
        RANDOM.lognormal(0.5, 0.7, (60, 30)),
    ),
    "pairs": (catalogue.get("bivariate_normal"), RANDOM.normal(size=(40, 25, 2))),
    "weibull": (
        StatisticalModel(c / s * (t / s) ** (c - 1) * sp.exp(-((t / s) ** c)), t, (c, s)),
        3.0 * RANDOM.weibull(1.7, (60, 40)) * 10.0 ** RANDOM.uniform(-3, 3, (60, 1)),
    ),
    "gumbel": (
        StatisticalModel(sp.exp(-(x - mu) / s - sp.exp(-(x - mu) / s)) / s, x, (mu, s)),
        RANDOM.gumbel(1.0, 2.0, (60, 40)),
    ),
    "cauchy": (CAUCHY, RANDOM.standard_cauchy((60, 80))),
    "poisson": (StatisticalModel(s**n * sp.exp(-s) / sp.factorial(n), n, s), RANDOM.poisson(2.0, (60, 10))),
}


def same(together: Any, alone: list[Any]) -> None:
    """Estimates, errors and log-likelihoods to 1e-8, in units of the standard errors."""
    errors = np.array([f.standard_errors for f in alone])
    assert together.converged.all() and all(f.converged for f in alone)
    apart = np.abs(together.estimates - [f.estimate for f in alone]) / errors
    assert apart.max() < 1e-8
    np.testing.assert_allclose(together.covariances, [f.covariance for f in alone], rtol=1e-8, atol=1e-300)
    np.testing.assert_allclose(together.standard_errors, errors, rtol=1e-8)
    np.testing.assert_allclose(together.log_likelihoods, [f.log_likelihood for f in alone], rtol=1e-11, atol=1e-9)


@pytest.mark.parametrize("name", MODELS)
def test_one_by_one(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model, samples = MODELS[name]
    alone = [fit(model, sample) for sample in samples]
    handed_on: list[Any] = []
    monkeypatch.setattr(many, "fit", lambda *v, **o: handed_on.append(v) or fit(*v, **o))
    together = fit_many(model, samples)
    assert len(handed_on) <= 30, "most are fitted in company"
    same(together, alone)
    assert together.complete and together.failures == {} and len(together) == len(samples)
    np.testing.assert_allclose(together.aic, [f.aic for f in alone], rtol=1e-11)
    np.testing.assert_allclose(together.bic, [f.bic for f in alone], rtol=1e-11)
    np.testing.assert_allclose(together.confidence_intervals(0.9)[3], alone[3].confidence_intervals(0.9), rtol=1e-8)


@pytest.mark.parametrize("kind", ["observed", "sandwich"])
@pytest.mark.parametrize("name", ["gamma", "cauchy"])
def test_covariances(name: str, kind: Any) -> None:
    model, samples = MODELS[name]
    same(fit_many(model, samples[:8], covariance=kind), [fit(model, v, covariance=kind) for v in samples[:8]])


@pytest.mark.parametrize("model", [GAMMA, CAUCHY], ids=["gamma", "cauchy"])
def test_samples_of_different_lengths_with_weights(model: StatisticalModel) -> None:
    random = np.random.default_rng(2)
    samples = [random.gamma(3.0, 2.0, size) for size in random.integers(20, 60, 60)]
    same(fit_many(model, samples), [fit(model, v) for v in samples])
    weights = [random.integers(0, 4, len(v)).astype(float) for v in samples]
    same(
        fit_many(model, samples, weights=weights),
        [fit(model, v, weights=w) for v, w in zip(samples, weights, strict=True)],
    )


def test_covariates() -> None:
    random = np.random.default_rng(3)
    at = random.normal(size=60)
    answers = (random.random((60, 60)) < 1 / (1 + np.exp(0.3 - 0.8 * at))).astype(float)
    alone = [fit(LOGIT, {y: v, d: at}) for v in answers]
    same(fit_many(LOGIT, {y: answers, d: at}), alone)
    same(fit_many(LOGIT, {"y": answers, "d": np.tile(at, (60, 1))}), alone)
    same(fit_many(LOGIT, [{y: v, d: at} for v in answers]), alone)


def test_one_fit_of_many() -> None:
    samples = MODELS["gamma"][1]
    together, alone = fit_many(GAMMA, samples), fit(GAMMA, samples[-1])
    one = together[-1]
    assert str(one).splitlines()[2:4] == str(alone).splitlines()[2:4]
    np.testing.assert_allclose(one.sandwich_covariance, alone.sandwich_covariance, rtol=1e-8)
    assert "60 samples, 60 with an estimate" in str(together)
    with pytest.raises(IndexError, match="60 fits"):
        together[60]
    with pytest.raises(ArgumentError, match="level"):
        together.confidence_intervals(95)


def test_failures_say_why() -> None:
    samples = np.array([[1.0, 2.0, 4.0], [2.0, 2.0, 2.0], [3.0, 1.0, 2.0]])
    together = fit_many(GAMMA, samples)
    assert together.converged.tolist() == [True, False, True]
    assert list(together.failures) == [1] and "boundary" in together.failures[1]
    assert np.isnan(together.standard_errors[1]).all()
    assert "NOT CONVERGED, sample 1: " in str(together)
    separated = fit_many(LOGIT, {y: np.array([[0, 0, 1, 1], [0, 1, 0, 1]]), d: [1.0, 2.0, 3.0, 4.0]})
    assert separated.converged.tolist() == [False, True]
    assert "separate the responses" in separated.failures[0]
    flat = fit_many(LOGIT, [{y: [0, 1, 1, 0], d: [2.0] * 4}, {y: [0, 1, 0, 1], d: [1.0, 2.0, 3.0, 4.0]}])
    assert flat.converged.tolist() == [False, True] and "does not change along" in flat.failures[0]


def test_an_interruption_keeps_what_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = np.random.default_rng(1).gamma(2.0, 1.0, (400, 30))
    monkeypatch.setattr(many, "_BLOCK", 3000)
    blocks: list[Any] = []
    work = many._Work._in_company

    def stopped(self: Any, block: np.ndarray) -> None:
        if len(blocks) == 2:
            raise KeyboardInterrupt
        blocks.append(block)
        work(self, block)

    monkeypatch.setattr(many._Work, "_in_company", stopped)
    together = fit_many(GAMMA, samples)
    assert not together.complete and together.converged.sum() == 200
    assert "not reached" in together.failures[200] and np.isnan(together.estimates[200]).all()
    np.testing.assert_allclose(together.estimates[199], fit(GAMMA, samples[199]).estimate, rtol=1e-8)


@pytest.mark.parametrize(
    ("model", "samples", "told"),
    [
        (GAMMA, [[1.0, 2.0], [1.0, np.nan]], r"sample 1: .*observation 1 \(t = nan\)"),
        (GAMMA, [[1.0, 2.0], [3.0, -1.0]], r"sample 1: .*outside the support .*observation 1 \(t = -1\)"),
        (GAMMA, [[1.0, 2.0], []], "sample 1: there are no observations"),
        (GAMMA, [[1.0, 2.0], ["a", "b"]], "sample 1: "),
        (GAMMA, [], "no samples"),
        (GAMMA, np.ones(3), r"give an array \(B, N\)"),
        (GAMMA, np.ones((3, 2, 2)), r"give an array \(B, N\)"),
        (GAMMA, "abc", "give an array"),
        (LOGIT, np.ones((3, 2)), "the model has covariates"),
        (LOGIT, {y: [0, 1], d: [1.0, 2.0]}, r"\(B, N\) with one B"),
        (LOGIT, {y: [[0, 1], [1, 0]], d: [1.0, 2.0, 3.0]}, "sample 0: 2 responses and 3 values"),
    ],
)
def test_refused_samples(model: StatisticalModel, samples: Any, told: str) -> None:
    with pytest.raises(DataError, match=told):
        fit_many(model, samples)


def test_refusals() -> None:
    samples = np.ones((2, 3)) + np.arange(3)
    with pytest.raises(DataError, match="weights for 1 samples do not fit 2"):
        fit_many(GAMMA, samples, weights=[[1.0, 1.0, 1.0]])
    with pytest.raises(DataError, match="sample 1: all weights are zero"):
        fit_many(GAMMA, samples, weights=[[1.0, 1.0, 1.0], [0, 0, 0]])
    with pytest.raises(ArgumentError, match="fit_many takes"):
        fit_many(3, samples)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="tolerance"):
        fit_many(GAMMA, samples, tolerance=2.0)
    with pytest.raises(ArgumentError, match="choose one of"):
        fit_many(GAMMA, samples, covariance="robust")  # type: ignore[arg-type]
    with pytest.raises(DomainError, match="the start lies outside"):
        fit_many(GAMMA, samples, start=[-1.0, 1.0])
    kinked = StatisticalModel(sp.exp(-sp.Abs(x - mu) / s) / (2 * s), x, (mu, s))
    with pytest.raises(RegularityError, match="kink"):
        fit_many(kinked, samples, covariance="observed")
    twice = StatisticalModel(sp.exp(-((x - a - b) ** 2) / 2) / sp.sqrt(2 * sp.pi), x, (a, b))
    with pytest.raises(SingularMetricError):
        fit_many(twice, samples)


def test_kinks_are_fitted_one_by_one() -> None:
    kinked = StatisticalModel(sp.exp(-sp.Abs(x - mu) / s) / (2 * s), x, (mu, s))
    samples = np.random.default_rng(4).laplace(1.0, 2.0, (2, 21))
    together = fit_many(kinked, samples)
    np.testing.assert_allclose(together.estimates[:, 0], np.median(samples, axis=1), atol=1e-6)


def test_a_given_start_and_long_samples() -> None:
    samples = np.random.default_rng(6).standard_cauchy((3, 5000))
    together = fit_many(CAUCHY, samples, start={"mu": 0.1, "s": 2.0})
    same(together, [fit(CAUCHY, v) for v in samples])
    few = samples[:, :200]
    same(fit_many(CAUCHY, few, start=[0.0, 1.0]), [fit(CAUCHY, v) for v in few])


@pytest.mark.parametrize("unit", [1e-9, 1.0, 1e9])
def test_units_do_not_send_samples_to_be_fitted_one_by_one(unit: float, monkeypatch: pytest.MonkeyPatch) -> None:
    weibull = StatisticalModel(c / s * (t / s) ** (c - 1) * sp.exp(-((t / s) ** c)), t, (c, s))
    samples = unit * np.random.default_rng(4).weibull(1.7, (80, 30))
    alone = []
    one_by_one = many.fit
    monkeypatch.setattr(many, "fit", lambda *given, **options: alone.append(1) or one_by_one(*given, **options))
    found = fit_many(weibull, samples)
    assert found.converged.all() and len(alone) < 40
