"""What makes fits short changes no result: one peak, sums to the last digit, small matrices, parts of samples."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp

import symgeo as sg
from symgeo.errors import SingularMetricError
from symgeo.inference.fisher_scoring import read_sample
from symgeo.inference.observation_sums import observation_sums
from symgeo.inference.programs import sample_programs
from symgeo.inference.sample_likelihood import SampleLikelihood
from symgeo.inference.single_peak import has_single_peak
from symgeo.inference.starting import without_effects
from symgeo.inference.sums import BLOCK, accurate_sum, total_of
from symgeo.inference.whitening import whitening

x, m = sp.symbols("x m", real=True)
t, s, c, k = sp.symbols("t s c k", positive=True)
y = sp.Symbol("y")
u = (x - m) / s
GUMBEL = sp.exp(-u - sp.exp(-u)) / s
LOGISTIC = sp.exp(-u) / (s * (1 + sp.exp(-u)) ** 2)
WEIBULL = c / s * (t / s) ** (c - 1) * sp.exp(-((t / s) ** c))
CAUCHY = 1 / (sp.pi * s * (1 + u**2))


@pytest.mark.parametrize(
    ("density", "variable", "parameters", "domain", "expected"),
    [
        (GUMBEL, x, (m, s), {}, True),
        (GUMBEL.subs(s, 2), x, (m,), {}, True),
        (LOGISTIC, x, (m, s), {}, True),
        (LOGISTIC.subs(s, 1 / k), x, (m, k), {}, True),
        (WEIBULL, t, (c, s), {}, True),
        (CAUCHY, x, (m, s), {}, False),  # not log-concave
        (sp.exp(-sp.Abs(u)) / (2 * s), x, (m, s), {}, False),  # a kink that moves
        (GUMBEL.subs(m, s), x, (s,), {}, False),  # nothing moves the location alone
        (GUMBEL, x, (m, s), {m: sp.Interval.open(0, 1)}, False),  # the locations end
    ],
)
def test_one_peak_is_proven_where_there_is_one(
    density: sp.Expr, variable: sp.Symbol, parameters: tuple, domain: dict, expected: bool
) -> None:
    assert has_single_peak(sg.StatisticalModel(density, variable, parameters, domain=domain)) is expected


def test_a_wrong_chart_of_location_and_scale_is_not_taken_for_one() -> None:
    """A location that bends with the scale sweeps only a part of the line."""
    bent = GUMBEL.subs(m, sp.exp(m))
    assert not has_single_peak(sg.StatisticalModel(bent, x, (m, s)))


@pytest.mark.parametrize("count", [1, 7, 256, 257, BLOCK, BLOCK + 1, 3 * BLOCK + 5])
@pytest.mark.parametrize("size", [1.0, 1e200, 1e-200])
def test_sums_are_rounded_about_once(count: int, size: float) -> None:
    values = np.random.default_rng(count).standard_cauchy(count) * size
    values = np.concatenate([values, -values[::-1] * (1.0 + 1e-13)])
    exact = float(sum(map(Fraction, values.tolist())))
    assert accurate_sum(values) == pytest.approx(exact, rel=3e-16, abs=0.0)


def test_sums_of_what_is_not_finite() -> None:
    assert accurate_sum(np.full(600, np.inf)) == math.inf
    assert math.isnan(accurate_sum(np.array([1.0, np.nan] * 400)))
    assert math.isnan(accurate_sum(np.array([np.inf, -np.inf] * 400)))
    assert accurate_sum(np.zeros(2 * BLOCK)) == 0.0


def test_the_sum_of_weights() -> None:
    assert total_of(np.full(10, 0.1)) == 1.0
    assert total_of(np.array([0.1] * 9 + [0.2])) == pytest.approx(1.1, rel=2e-16)


@pytest.mark.parametrize("n", [1, 2, 3, 6, 7, 10])
def test_whitening(n: int) -> None:
    random = np.random.default_rng(n)
    root = random.normal(size=(n, n + 2)) * 10.0 ** random.integers(-6, 7, (n, 1))
    matrix = root @ root.T
    factor = whitening(matrix)
    assert factor is not None
    scale = np.sqrt(np.diagonal(matrix))
    inverse = np.linalg.inv(matrix / np.outer(scale, scale)) / np.outer(scale, scale)
    np.testing.assert_allclose(factor.T @ factor * np.outer(scale, scale), inverse * np.outer(scale, scale), rtol=1e-8)
    np.testing.assert_allclose(np.triu(factor * scale, 1), 0.0, atol=1e-12)


@pytest.mark.parametrize("n", [2, 7])
def test_whitening_of_what_is_not_positive(n: int) -> None:
    indefinite = np.eye(n)
    indefinite[0, 1] = indefinite[1, 0] = 2.0
    unknown = np.eye(n)
    unknown[1, 0] = unknown[0, 1] = np.nan
    zero, infinite = np.diag([1.0] * (n - 1) + [0.0]), np.diag([1.0] * (n - 1) + [np.inf])
    for matrix in (indefinite, unknown, zero, infinite, -np.eye(n)):
        assert whitening(matrix) is None


@pytest.mark.parametrize("density", [GUMBEL, CAUCHY], ids=["one peak", "more"])
@pytest.mark.parametrize("order", ["as drawn", "sorted", "falling"])
def test_the_order_of_many_observations_does_not_matter(density: sp.Expr, order: str) -> None:
    """A part of many is looked at first, and all of them decide."""
    model = sg.StatisticalModel(density, x, (m, s))
    data = np.random.default_rng(3).gumbel(4.0, 2.0, 25_000)
    weights = np.random.default_rng(4).random(25_000)
    expected = sg.fit(model, data, weights=weights, start=(4.0, 2.0))
    by = {"as drawn": slice(None), "sorted": np.argsort(data), "falling": np.argsort(-data)}[order]
    found = sg.fit(model, data[by], weights=weights[by])
    assert found.converged and expected.converged
    np.testing.assert_allclose(found.estimate, expected.estimate, rtol=0, atol=1e-8 * expected.standard_errors.min())
    np.testing.assert_allclose(found.standard_errors, expected.standard_errors, rtol=1e-9)
    score = found.require_sample().scores(found.estimate)
    assert np.linalg.norm((weights[by] @ score) * found.standard_errors) < 1e-8


def test_scores_alone_are_those_with_all_the_rest() -> None:
    d = sp.Symbol("d", real=True)
    p = (1 + sp.erf((m + x * d) / sp.sqrt(2))) / 2
    probit = sg.StatisticalModel(p**y * (1 - p) ** (1 - y), y, (m, x), covariates=d, support=sp.FiniteSet(0, 1))
    random = np.random.default_rng(5)
    given = random.normal(size=9000)
    cases = [
        (probit, {y: (random.random(9000) < 0.4).astype(float), d: given}, np.array([0.2, -0.3])),
        (sg.StatisticalModel(GUMBEL, x, (m, s)), random.gumbel(size=9000), np.array([0.1, 1.2])),
    ]
    for model, data, theta in cases:
        rows = observation_sums(sample_programs(model), *read_sample(model, data, None))
        sums, _ = rows.sums(theta, True)
        n = len(theta)
        np.testing.assert_allclose(rows.slopes(theta), np.delete(sums, [0, n + 1]), rtol=1e-12)


def test_a_confirming_point_has_the_value_and_the_score_of_its_own() -> None:
    model = sg.StatisticalModel(LOGISTIC, x, (m, s))
    sample = SampleLikelihood(model, *read_sample(model, np.random.default_rng(6).logistic(size=500), None))
    start = sg.fit(model, sample.sample[:, 0]).estimate + 1e-5
    sample.expect_newton()
    before = sample.at(start)
    assert before is not None
    near = sample.close_to(before)
    fresh = SampleLikelihood(model, sample.sample, sample.covariates, sample.weights).at(start + before.step)
    assert near is not None and fresh is not None
    assert (near.curved_at == start).all() and (fresh.curved_at == fresh.theta).all()
    assert near.value == pytest.approx(fresh.value, rel=1e-14)
    np.testing.assert_allclose(near.step, fresh.step, rtol=1e-3, atol=1e-14)


def test_shared_predictors_start_from_zero_where_that_is_inside() -> None:
    d = sp.Symbol("d", real=True)
    for domain, zero in (({}, True), ({m: sp.Interval.open(1, 5)}, False)):
        rate = sp.exp(m + x * d)
        n = sp.Symbol("n", integer=True, nonnegative=True)
        model = sg.StatisticalModel(rate**n * sp.exp(-rate) / sp.factorial(n), n, (m, x), covariates=d, domain=domain)
        random = np.random.default_rng(7)
        given = random.normal(size=200)
        data = {n: random.poisson(np.exp(2.0 + 0.5 * given)), d: given}
        likelihood = SampleLikelihood(model, *read_sample(model, data, None))
        point = without_effects(likelihood, np.array([2.0, 3.0]))
        assert (point == (0.0 if zero else [2.0, 3.0])).all()
        found = sg.fit(model, data)
        assert found.converged and found.estimate == pytest.approx([2.0, 0.5], abs=0.2)


@pytest.mark.parametrize("seed", range(6))
def test_equal_covariates_are_refused_whatever_rounding_makes_of_them(seed: int) -> None:
    """Pivots that are rounding errors of zero come out positive as often as not."""
    b, d, e = sp.symbols("b d e", real=True)
    line = m + x * d + b * e
    model = sg.StatisticalModel(
        sp.exp(y * line) / (1 + sp.exp(line)), y, (m, x, b), covariates=(d, e), support=sp.FiniteSet(0, 1)
    )
    random = np.random.default_rng(seed)
    given = random.normal(size=30)
    data = {y: (random.random(30) < 1 / (1 + np.exp(-given))).astype(float), d: given, e: 2.0 * given}
    with pytest.raises(SingularMetricError, match="does not change along"):
        sg.fit(model, data)


def test_pivots_that_may_be_rounding_errors() -> None:
    for n in (2, 7):
        nearly = np.eye(n)
        nearly[0, 1] = nearly[1, 0] = 1.0 - 1e-15
        assert whitening(nearly) is not None and whitening(nearly, 1e-14) is None


def test_the_proof_of_one_peak_changes_no_result() -> None:
    """It is made at the second fit, and spares a search that finds nothing."""
    model = sg.StatisticalModel(LOGISTIC.subs(s, k), x, (m, k))
    data = np.random.default_rng(8).standard_t(2, 300)
    programs = sample_programs(model)
    assert programs.fits == 0 and not programs.single_peak
    first, second = sg.fit(model, data), sg.fit(model, data)
    assert programs.fits == 2 and programs.single_peak
    assert (first.estimate == second.estimate).all() and (first.covariance == second.covariance).all()


@pytest.mark.parametrize("density", [GUMBEL, LOGISTIC, CAUCHY])
def test_the_log_likelihood_at_a_point_that_only_confirms(density):
    """It is not evaluated there, but follows from the step that led to it."""
    model = sg.StatisticalModel(density, x, (m, s))
    value = sg.lambdify(sp.log(density), (m, s))
    for seed in range(12):
        data = np.random.default_rng(seed).standard_t(3.0, size=6 + seed) * 2.0 + 1.0
        found = sg.fit(model, data)
        assert found.log_likelihood == pytest.approx(value(found.estimate, x=data).sum(), rel=1e-13)


def test_a_last_step_that_is_not_looked_at_ends_at_the_maximum(monkeypatch: pytest.MonkeyPatch) -> None:
    """Estimates with and without it differ by less than what doubles say of a standard error."""
    a, b, d = sp.symbols("a b d", real=True)
    normal = (1 + sp.erf((a + b * d) / sp.sqrt(2))) / 2
    odds = sp.exp(a + b * d)
    binary = {"covariates": d, "support": sp.FiniteSet(0, 1)}
    models = [
        (sg.StatisticalModel(GUMBEL, x, (m, s)), x),
        (sg.StatisticalModel(WEIBULL, t, (c, s)), t),
        (sg.StatisticalModel(normal**y * (1 - normal) ** (1 - y), y, (a, b), **binary), y),
        (sg.StatisticalModel(odds**y / (1 + odds), y, (a, b), **binary), y),
    ]
    stepped, unseen = SampleLikelihood.stepped, []

    def counted(self, state):
        unseen.append(state)
        return stepped(self, state)

    for seed in range(12):
        random = np.random.default_rng(seed)
        count = int(random.integers(20, 300))
        given = random.normal(size=count)
        values = {x: random.gumbel(size=count), t: random.weibull(1.5, count), y: random.random(count) < 0.5}
        for model, v in models:
            data = {v: values[v], d: given} if v is y else values[v]
            monkeypatch.setattr(
                SampleLikelihood, "stepped", lambda self, state: unseen.append(1) or stepped(self, state)
            )
            quick = sg.fit(model, data)
            monkeypatch.setattr(SampleLikelihood, "stepped", lambda self, state: None)
            known = sg.fit(model, data)
            assert quick.converged and known.converged
            assert (np.abs(quick.estimate - known.estimate) <= 1e-11 * known.standard_errors).all()
            np.testing.assert_allclose(quick.standard_errors, known.standard_errors, rtol=1e-11)
            assert quick.log_likelihood == pytest.approx(known.log_likelihood, rel=1e-14)
    assert len(unseen) > 5
