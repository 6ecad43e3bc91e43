"""Samples without a maximum inside the domain: never a number that is called converged."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sympy as sp

from symgeo import catalogue
from symgeo.inference.fisher_scoring import fit
from symgeo.inference.many import fit_many
from symgeo.models.statistical_model import StatisticalModel

LINE = np.column_stack([np.arange(6.0), 2 * np.arange(6.0) + 1])

# family, data, where the message says that the estimate runs
RUNAWAYS: list[tuple[str, Any, str]] = [
    ("bernoulli", [0, 0, 0], "p -> 0"),
    ("bernoulli", [1, 1, 1], "p -> 1"),
    ("binomial", [10, 10], "p -> 1"),
    ("poisson", [0, 0, 0, 0], "lambda -> 0"),
    ("geometric", [0, 0], "p -> 1"),
    ("logarithmic_series", [1, 1, 1], "p -> 0"),
    ("normal", [3.7] * 5, "sigma -> 0"),
    ("normal", [3.7], "sigma -> 0"),
    ("normal_variance", [0.1] * 7, "v -> 0"),
    ("normal_precision", [0.1] * 7, "tau -> oo"),
    ("normal_natural", [0.1] * 7, "eta2 -> -oo"),
    ("lognormal", [0.3] * 4, "sigma -> 0"),
    ("gamma", [0.1] * 7, "k -> oo"),
    ("gamma_scale", [2.5] * 3, "theta -> 0"),
    ("inverse_gaussian", [2.5], "lambda -> oo"),
    ("beta", [0.3], "alpha -> oo"),
    ("laplace", [0.0, 0.0], "b -> 0"),
    ("pareto", [1.0, 1.0], "alpha -> oo"),
    ("von_mises", [0.3, 0.3], "kappa -> oo"),
    ("categorical(4)", [1, 1, 2, 4], "p3 -> 0"),
    ("categorical(4)", [1, 1, 2, 3], "p1 + p2 + p3 -> 1"),
    ("categorical(3)", [1] * 3 + [2] * 7, "p1 + p2 -> 1"),
    ("multinomial(5, 3)", [[1, 4], [2, 3]], "p1 + p2 -> 1"),
    ("bivariate_normal", LINE, "rho -> 1"),
    ("bivariate_normal", [[1.0, 2.0], [3.1, 4.7]], "rho -> 1"),
    ("multivariate_normal(2)", LINE, "sigma11*sigma22 - sigma12**2 -> 0"),
]


@pytest.mark.parametrize(("family", "data", "where"), RUNAWAYS, ids=lambda v: v if isinstance(v, str) else "")
def test_the_runaway_parameter_is_named(family: str, data: Any, where: str) -> None:
    found = fit(catalogue.get(family), data)
    assert not found.converged
    assert "runs to the boundary of the domain" in found.message
    assert where in found.message
    assert np.isnan(found.standard_errors).all() and np.isnan(found.covariance).all()
    assert "NOT CONVERGED" in str(found)
    assert np.all(np.diff(found.trace) > 0) or len(found.trace) == 1


x = sp.Symbol("x", positive=True)
u, rate, shape = sp.symbols("u rate shape", positive=True)


def truncated_exponential() -> StatisticalModel:
    return StatisticalModel(
        rate * sp.exp(-rate * x) / (1 - sp.exp(-rate)), x, rate, support=sp.Interval(0, 1), check=False
    )


@pytest.mark.parametrize("data", [[0.2, 0.9, 0.6, 0.9], [0.25, 0.75]], ids=["beyond", "exactly there"])
def test_a_boundary_of_the_declaration_itself(data: list[float]) -> None:
    """The maximum over all rates is negative, or zero: not in the declared domain."""
    found = fit(truncated_exponential(), data)
    assert not found.converged and "rate -> 0" in found.message


def test_the_same_model_converges_inside() -> None:
    assert fit(truncated_exponential(), [0.2, 0.4, 0.6]).converged


@pytest.mark.parametrize(
    ("end", "where"), [(sp.Interval.open(2, 5), "rate -> 2"), (sp.Interval.open(0, 1 / sp.S(2)), "rate -> 1/2")]
)
def test_a_domain_that_leaves_the_maximum_outside(end: sp.Set, where: str) -> None:
    model = StatisticalModel(rate * sp.exp(-rate * x), x, rate, domain={rate: end}, check=False)
    found = fit(model, [1.0, 1.5, 0.9])
    assert not found.converged and where in found.message


@pytest.mark.parametrize("chart", ["logit", "probability", "log"])
def test_no_chart_hides_the_boundary(chart: str) -> None:
    n = sp.Symbol("n", integer=True, nonnegative=True)
    t, p = sp.Symbol("t", real=True), sp.Symbol("p", positive=True)
    density, parameter, support = {
        "logit": (sp.exp(t * n) / (1 + sp.exp(t)), t, sp.FiniteSet(0, 1)),
        "probability": (p**n * (1 - p) ** (1 - n), p, sp.FiniteSet(0, 1)),
        "log": (sp.exp(t * n - sp.exp(t)) / sp.factorial(n), t, sp.S.Naturals0),
    }[chart]
    domain = {p: sp.Interval.open(0, 1)} if parameter == p else None
    model = StatisticalModel(density, n, parameter, support=support, domain=domain, check=False)
    found = fit(model, np.zeros(9))
    assert not found.converged and "runs to the boundary" in found.message


@pytest.mark.parametrize("start", [[0.5, 0.25, 1e-40], [0.1, 0.1, 0.1], [0.5, 0.25, 1e-12]])
def test_a_start_at_the_boundary_is_no_estimate(start: list[float]) -> None:
    found = fit(catalogue.get("categorical(4)"), [1, 1, 2, 4], start=start)
    assert not found.converged and "p3 -> 0" in found.message


def test_a_mean_of_the_wrong_sign() -> None:
    """A positive mean m with coefficient of variation c, for values about zero that lean to the negative."""
    y = sp.Symbol("y", real=True)
    m, c = sp.symbols("m c", positive=True)
    model = StatisticalModel(
        sp.exp(-(((y - m) / (m * c)) ** 2) / 2) / (m * c * sp.sqrt(2 * sp.pi)), y, (m, c), check=False
    )
    found = fit(model, [-1.0, -2.0, 0.5, -0.3])
    assert not found.converged and "m -> 0" in found.message
    assert fit(model, [1.0, 2.0, -0.5, 0.3]).converged


@pytest.mark.parametrize("centre", [3.0, -3.0])
def test_a_domain_in_two_pieces(centre: float) -> None:
    """The maximum is found whichever of the two pieces it lies in."""
    y, mu = sp.symbols("y mu", real=True)
    pieces = sp.Union(sp.Interval.open(-sp.oo, -1), sp.Interval.open(1, sp.oo))
    model = StatisticalModel(sp.exp(-((y - mu) ** 2) / 2) / sp.sqrt(2 * sp.pi), y, mu, domain={mu: pieces}, check=False)
    for start in (None, [2.0], [-2.0]):
        found = fit(model, [centre - 1.0, centre + 1.0], start=start)
        assert found.converged and found.estimate[0] == pytest.approx(centre)
    found = fit(model, [0.1, 0.4])
    assert not found.converged and "mu -> 1" in found.message


def test_rare_events_are_no_boundary() -> None:
    data = np.zeros(100_000)
    data[0] = 1
    for family in ("bernoulli", "poisson"):
        found = fit(catalogue.get(family), data)
        assert found.converged and found.estimate[0] == pytest.approx(1e-5, rel=1e-12)
    counts = np.repeat([1, 2, 3], [99_998, 1, 1])
    found = fit(catalogue.get("categorical(4)"), [*counts, 4])
    assert found.converged and found.estimate[2] == pytest.approx(1 / 100_001, rel=1e-12)


@pytest.mark.parametrize("seed", [9, 11, 12])
def test_counts_that_vary_less_than_the_law_run_to_its_limit(seed: int) -> None:
    """A negative binomial regression of counts that are no more varied than Poisson's: digits serve far out."""
    a, b = sp.symbols("a b", real=True)
    k = sp.Symbol("k", positive=True)
    d, n = sp.Symbol("d", real=True), sp.Symbol("n", integer=True, nonnegative=True)
    mean = sp.exp(a + b * d)
    law = sp.gamma(n + k) / (sp.gamma(k) * sp.factorial(n)) * (k / (k + mean)) ** k * (mean / (k + mean)) ** n
    random = np.random.default_rng(seed)
    given = random.normal(size=25)
    found = fit(StatisticalModel(law, n, (a, b, k), covariates=d), {n: random.binomial(4, 0.5, 25), d: given})
    assert not found.converged and "k -> oo" in found.message


N_COUNT = sp.Symbol("n", integer=True, nonnegative=True)
R, P, MEAN = sp.symbols("r p m", positive=True)
RISING = sp.gamma(N_COUNT + R) / (sp.gamma(R) * sp.factorial(N_COUNT))
NEGATIVE_BINOMIALS = {
    "probability": StatisticalModel(
        RISING * P**R * (1 - P) ** N_COUNT, N_COUNT, (R, P), domain={P: sp.Interval.open(0, 1)}
    ),
    "mean": StatisticalModel(RISING * (R / (R + MEAN)) ** R * (MEAN / (R + MEAN)) ** N_COUNT, N_COUNT, (R, MEAN)),
}


def counts(seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    size, mean = int(random.integers(4, 60)), random.choice([1.0, 4.0, 30.0])
    found = random.poisson(mean, size) if seed % 3 else random.binomial(int(2 * mean) + 1, 0.5, size)
    return found.astype(float)


@pytest.mark.parametrize("chart", NEGATIVE_BINOMIALS)
def test_a_negative_binomial_law_has_a_maximum_if_counts_vary_more_than_poisson(chart: str) -> None:
    """Anscombe, Biometrika 37 (1950) 358-382; Levin and Reeds, Annals of Statistics 5 (1977) 79-87."""
    model = NEGATIVE_BINOMIALS[chart]
    for seed in range(40):
        data = counts(seed)
        found = fit(model, data)
        assert found.converged == (np.var(data) > np.mean(data)), (seed, found)
        assert found.converged or found.message
        if chart == "mean" and not found.converged:
            assert "r -> oo" in found.message


@pytest.mark.parametrize("chart", NEGATIVE_BINOMIALS)
def test_nor_does_a_batch_find_more_of_them(chart: str) -> None:
    samples = [counts(seed) for seed in range(100, 130)]
    found = fit_many(NEGATIVE_BINOMIALS[chart], samples)
    assert found.converged.tolist() == [bool(np.var(v) > np.mean(v)) for v in samples]


def test_what_runs_away_where_the_information_vanishes_is_named() -> None:
    """Data that vary less than an exponential law's leave a Lomax law no maximum: it runs to that law."""
    t, k, s = sp.symbols("t k s", positive=True)
    lomax = StatisticalModel(k / s * (1 + t / s) ** (-k - 1), t, (k, s))
    for seed in range(4):
        found = fit(lomax, np.random.default_rng(seed).uniform(0.5, 1.5, 40))
        assert not found.converged and "k -> oo, s -> oo" in found.message


def test_out_of_iterations_is_told() -> None:
    found = fit(catalogue.gamma(), [1.0, 2.0, 4.0], max_iterations=2)
    assert not found.converged and "no convergence within 2 iterations" in found.message
    assert found.iterations == 2


y = sp.Symbol("y", integer=True)
b0, b1, d = sp.symbols("b0 b1 d", real=True)
_LINKS = {
    "logit": 1 / (1 + sp.exp(-b0 - b1 * d)),
    "probit": (1 + sp.erf((b0 + b1 * d) / sp.sqrt(2))) / 2,
    "cloglog": 1 - sp.exp(-sp.exp(b0 + b1 * d)),
}
# Each covariate with responses that are all alike, or alike in a group.
_SEPARATED: list[tuple[list[float], list[int]]] = [
    ([1, 2, 3, 4], [1, 1, 1, 1]),
    ([1, 2, 3, 4], [0, 0, 0, 0]),
    ([150, -20, 60, 90], [1, 1, 1, 1]),
    ([0, 1, 0, 1, 0, 1, 0, 1], [0, 1, 0, 1, 1, 1, 1, 1]),
    ([1, -1, 1, -1, 1, -1, 1, -1], [0, 0, 0, 0, 1, 0, 1, 0]),
]


@pytest.mark.parametrize("link", _LINKS)
def test_responses_of_one_kind_have_no_maximum(link: str) -> None:
    """Far out all scores vanish in floating point, and no step is left: the likelihood aside tells."""
    p = _LINKS[link]
    model = StatisticalModel(sp.Piecewise((p, sp.Eq(y, 1)), (1 - p, True)), y, (b0, b1), support=sp.Range(0, 2),
                             covariates=d)  # fmt: skip
    samples = [{y: responses, d: given} for given, responses in _SEPARATED]
    for sample in samples:
        found = fit(model, sample)
        assert not found.converged, found
        assert "runs to the boundary" in found.message and "-> " in found.message
    assert not fit_many(model, samples).converged.any()
