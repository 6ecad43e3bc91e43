"""What holds for every sample: a zero score, invariance under reparametrisation, an increasing likelihood."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from itertools import pairwise

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from symgeo import catalogue
from symgeo.inference.fisher_scoring import fit
from symgeo.models.statistical_model import StatisticalModel

w = sp.Symbol("w", positive=True)
x, y = sp.symbols("x y", real=True)
k, r, m, s = sp.symbols("k r m s", positive=True)
a, b, c = sp.symbols("a b c", real=True)


def declared(density: sp.Expr, variables: object, parameters: object, **options: object) -> StatisticalModel:
    return StatisticalModel(density, variables, parameters, check=False, **options)


GAMMA = declared(r**k * w ** (k - 1) * sp.exp(-r * w) / sp.gamma(k), w, (k, r))
# The same family in other charts, and how (k, r) follows from each.
GAMMA_CHARTS = [
    (declared(w ** (k - 1) * sp.exp(-w / s) / (sp.gamma(k) * s**k), w, (k, s)), lambda t: (t[0], 1 / t[1])),
    (
        declared((k / m) ** k * w ** (k - 1) * sp.exp(-k * w / m) / sp.gamma(k), w, (k, m)),
        lambda t: (t[0], t[0] / t[1]),
    ),
    (
        declared(w ** (sp.exp(a) - 1) * sp.exp(b * sp.exp(a) - w * sp.exp(b)) / sp.gamma(sp.exp(a)), w, (a, b)),
        lambda t: (np.exp(t[0]), np.exp(t[1])),
    ),
]

CORRELATION, COVARIANCE = catalogue.bivariate_normal(), catalogue.multivariate_normal(2)
CATEGORIES = catalogue.get("categorical(4)")
VON_MISES = catalogue.von_mises()
p = sp.Symbol("p", positive=True)
UNIT = sp.Interval.open(0, 1)
BETA = catalogue.beta()
BETA_MEAN = declared(
    w ** (p * s - 1) * (1 - w) ** ((1 - p) * s - 1) / sp.beta(p * s, (1 - p) * s),
    w,
    (p, s),
    support=UNIT,
    domain={p: UNIT},
)

values = st.floats(0.01, 100.0)
samples = st.lists(values, min_size=3, max_size=12).filter(lambda v: np.ptp(v) > 1e-3 * max(v))
scales = st.sampled_from([1e-8, 1e-3, 1.0, 1e4, 1e9])


def relative_score(model: StatisticalModel, data: np.ndarray, theta: np.ndarray, errors: np.ndarray) -> np.ndarray:
    """The score of the sample times the standard errors: how many of these the estimate is off, about."""
    score = sp.lambdify(
        (model.parameters, model.variables),
        sp.Matrix([sp.expand_log(sp.log(model.density), force=True)]).jacobian(model.parameters),
        "scipy",
    )
    columns = np.atleast_2d(data.T)
    return sum(np.asarray(score(theta, column), dtype=float).ravel() for column in columns.T) * errors


@settings(max_examples=15)
@given(samples, scales)
def test_gamma_in_four_charts(sample: list[float], scale: float) -> None:
    data = scale * np.array(sample)
    found = fit(GAMMA, data)
    assert found.converged, found.message
    assert np.abs(relative_score(GAMMA, data, found.estimate, found.standard_errors)).max() < 1e-7
    assert np.all(np.diff(found.trace) > 0)
    for model, back in GAMMA_CHARTS:
        other = fit(model, data)
        assert other.converged, other.message
        np.testing.assert_allclose(back(other.estimate), found.estimate, rtol=1e-10)
        assert other.log_likelihood == pytest.approx(found.log_likelihood, rel=1e-12, abs=1e-10)


CURVED_NORMAL = declared(
    sp.exp(-(((x - a + b - a**3) * sp.exp(-a - b)) ** 2) / 2 - a - b) / sp.sqrt(2 * sp.pi), x, (a, b)
)
CURVED_BETA = declared(
    w ** (sp.exp(a + b / 3) - 1) * (1 - w) ** (sp.exp(b - a**3) - 1) / sp.beta(sp.exp(a + b / 3), sp.exp(b - a**3)),
    w,
    (a, b),
    support=UNIT,
)


@pytest.mark.parametrize(("centre", "spread"), [(0, 1), (5, 1), (100, 1), (1e4, 1), (1e8, 1), (1e8, 1e7), (1e-6, 1e-7)])
def test_a_chart_without_a_closed_inverse(centre: float, spread: float) -> None:
    """Mean a - b + a^3 and standard deviation exp(a + b): the ridge of the likelihood is curved in this chart."""
    data = centre + spread * np.random.default_rng(8).normal(size=20)
    found = fit(CURVED_NORMAL, data)
    assert found.converged, found.message
    first, second = found.estimate
    assert first - second + first**3 == pytest.approx(np.mean(data), rel=1e-12, abs=1e-12)
    assert np.exp(first + second) == pytest.approx(np.std(data), rel=1e-6 if centre == 1e8 and spread == 1 else 1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_a_likelihood_whose_values_are_mostly_rounding(seed: int) -> None:
    """log(beta(3, 1e6)) has errors far above those of the score, which must decide alone."""
    data = 1e-6 * (1 + 0.9 * np.random.default_rng(seed).uniform(-1, 1, 20))
    found = fit(CURVED_BETA, data)
    assert found.converged, found.message
    first, second = found.estimate
    expected = fit(BETA, data).estimate
    np.testing.assert_allclose([np.exp(first + second / 3), np.exp(second - first**3)], expected, rtol=1e-9)


@settings(max_examples=15)
@given(samples)
def test_beta_in_two_charts(sample: list[float]) -> None:
    data = np.array(sample) / 101.0
    first, second = fit(BETA, data), fit(BETA_MEAN, data)
    assert first.converged and second.converged
    mean, size = second.estimate
    np.testing.assert_allclose([mean * size, (1 - mean) * size], first.estimate, rtol=1e-9)
    assert np.abs(relative_score(BETA_MEAN, data, second.estimate, second.standard_errors)).max() < 1e-7


@settings(max_examples=15)
@given(st.integers(0, 2**32 - 1), scales, scales)
def test_bivariate_normal_in_two_charts(seed: int, first: float, second: float) -> None:
    data = np.random.default_rng(seed).normal(size=(8, 2)) @ [[1.0, 0.5], [0.0, 0.8]] * [first, second]
    correlation = fit(CORRELATION, data)
    covariance = fit(COVARIANCE, data)
    assert correlation.converged and covariance.converged
    expected = np.cov(data.T, bias=True)
    np.testing.assert_allclose(covariance.estimate[2:], expected[np.triu_indices(2)], rtol=1e-9)
    _, _, s1, s2, rho = correlation.estimate
    np.testing.assert_allclose([s1**2, rho * s1 * s2, s2**2], covariance.estimate[2:], rtol=1e-9)
    assert correlation.log_likelihood == pytest.approx(covariance.log_likelihood, rel=1e-11)


@settings(max_examples=15)
@given(st.lists(st.floats(-3.1, 3.1), min_size=4, max_size=12), st.floats(-3.0, 3.0), st.floats(0.01, 50.0))
def test_von_mises_from_any_start(angles: list[float], direction: float, concentration: float) -> None:
    """mu is the direction of the mean vector and A(kappa) its length, wherever the ascent begins."""
    data = np.array(angles)
    mean = np.exp(1j * data).mean()
    if not (0.05 < abs(mean) < 0.995 and abs(np.angle(mean)) < 3.0):
        return
    found = fit(VON_MISES, data, start=[direction, concentration])
    assert found.converged, found.message
    from scipy import special

    mu, kappa = found.estimate
    assert mu == pytest.approx(np.angle(mean), abs=1e-9)
    assert special.ive(1, kappa) / special.ive(0, kappa) == pytest.approx(abs(mean), rel=1e-10)


@settings(max_examples=20)
@given(st.lists(st.integers(1, 4), min_size=1, max_size=30))
def test_categories_converge_exactly_when_all_occur(labels: list[int]) -> None:
    found = fit(CATEGORIES, labels)
    counts = np.bincount(labels, minlength=5)[1:]
    assert found.converged == bool(np.all(counts > 0))
    if found.converged:
        np.testing.assert_allclose(found.estimate, counts[:3] / len(labels), rtol=1e-12)


def _category_charts() -> list[StatisticalModel]:
    """Four outcomes by log-odds, by odds, and by breaking a stick."""
    n = sp.Symbol("n", integer=True, nonnegative=True)
    four = sp.FiniteSet(1, 2, 3, 4)
    q = sp.symbols("q1:4", positive=True)

    def cases(weights: tuple[sp.Expr, ...], parameters: object, **options: object) -> StatisticalModel:
        branches = [(v / sum(weights), sp.Eq(n, i + 1)) for i, v in enumerate(weights[:3])]
        return declared(
            sp.Piecewise(*branches, (weights[3] / sum(weights), True)), n, parameters, support=four, **options
        )

    stick = (q[0], (1 - q[0]) * q[1], (1 - q[0]) * (1 - q[1]) * q[2], (1 - q[0]) * (1 - q[1]) * (1 - q[2]))
    broken = declared(
        sp.Piecewise(*((v, sp.Eq(n, i + 1)) for i, v in enumerate(stick[:3])), (stick[3], True)),
        n,
        q,
        support=four,
        domain=dict.fromkeys(q, UNIT),
    )
    return [cases((sp.S.One, sp.exp(a), sp.exp(b), sp.exp(c)), (a, b, c)), cases((sp.S.One, *q), q), broken]


@pytest.mark.parametrize("chart", _category_charts(), ids=["log-odds", "odds", "stick"])
def test_existence_does_not_depend_on_the_chart(chart: StatisticalModel) -> None:
    random = np.random.default_rng(11)
    outcomes = set()
    for i in range(12):
        labels = random.choice([1, 2, 3, 4], size=random.integers(2, 40), p=random.dirichlet([1.5] * 4))
        exists = len(set(labels.tolist())) == 4
        outcomes.add(exists)
        for start in (None, chart.chart.interior_points(3)[i % 3]):
            found = fit(chart, labels, start=start)
            assert found.converged == exists, (labels, found)
            assert exists or "runs to the boundary of the domain" in found.message
            if exists:
                reference = fit(CATEGORIES, labels)
                assert found.log_likelihood == pytest.approx(reference.log_likelihood, rel=1e-12)
    assert outcomes == {True, False}


@settings(max_examples=20)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=10))
def test_a_poisson_mean_is_the_mean_or_at_the_boundary(counts: list[int]) -> None:
    found = fit(catalogue.poisson(), counts)
    assert found.converged == (sum(counts) > 0)
    if found.converged:
        assert found.estimate[0] == pytest.approx(np.mean(counts), rel=1e-14)


@pytest.mark.parametrize("start", [[1e-6, 1e6], [1e6, 1e-6], [1e8, 1e8], [1e-9, 1e-9]])
def test_the_likelihood_increases_from_bad_starts(start: list[float]) -> None:
    data = np.array([1.0, 3.0, 3.5, 7.0])
    found = fit(GAMMA, data, start=start)
    np.testing.assert_allclose(found.estimate, fit(GAMMA, data).estimate, rtol=1e-11)
    assert len(found.trace) > 3 and np.all(np.diff(found.trace) > 0)
    assert found.trace[-1] == pytest.approx(found.log_likelihood)


def test_convergence_is_quadratic() -> None:
    """Each step squares the error, as the Fisher metric is the observed information at the maximum."""
    data = np.random.default_rng(3).gamma(3.0, 2.0, 500)
    exact = fit(GAMMA, data).estimate
    errors = [
        np.abs(fit(GAMMA, data, start=[2.5, 1.0], max_iterations=n).estimate / exact - 1).max() for n in range(4, 10)
    ]
    small = [e for e in errors if 1e-13 < e < 0.1]
    assert len(small) >= 3
    assert all(after < 5 * before**2 for before, after in pairwise(small) if after > 1e-12)


def test_what_a_fit_holds() -> None:
    data = [1.0, 2.0, 4.0, 3.0]
    found = fit(catalogue.gamma(), data)
    assert found.parameters == {"k": found.estimate[0], "r": found.estimate[1]}
    assert found.n_observations == 4 and found.model.name == "gamma"
    assert found.aic == pytest.approx(4 - 2 * found.log_likelihood)
    assert found.bic == pytest.approx(2 * np.log(4) - 2 * found.log_likelihood)
    assert found.estimate.shape == found.standard_errors.shape == (2,) and found.covariance.shape == (2, 2)
    assert isinstance(found.converged, bool) and isinstance(found.iterations, int) and found.iterations > 0
    with pytest.raises(FrozenInstanceError):
        found.converged = False  # type: ignore[misc]


def test_the_table() -> None:
    text = str(fit(catalogue.normal(), [-1.0, 1.0, 3.0]))
    lines = text.splitlines()
    assert lines[0] == "Maximum likelihood, normal, 3 observations"
    assert lines[1].split() == ["parameter", "estimate", "std.", "error", "z", "P>|z|", "95%", "interval"]
    assert lines[2].split()[:5] == ["mu", "1", "0.9428", "1.06", "0.289"]
    assert lines[3].split()[:2] == ["sigma", "1.63299"]
    assert lines[4].startswith("log-likelihood -5.72") and lines[5].startswith("converged in ")
    assert "1 observation\n" in str(fit(catalogue.poisson(), [3]))
