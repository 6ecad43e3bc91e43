"""Counts that repeat one another, second derivatives by first ones, and estimates that doubles alone get wrong."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest
import sympy as sp

import symgeo as sg
from symgeo.algebra.sampling import may_depend
from symgeo.inference.digits import derivatives_hold, is_borne_out, values_hold
from symgeo.inference.fisher_scoring import read_sample
from symgeo.inference.observation_sums import observation_sums
from symgeo.inference.parameter_sums import ParameterSums
from symgeo.inference.programs import sample_programs
from symgeo.inference.repeated_sums import RepeatedSums
from symgeo.inference.riccati import by_slopes, by_value
from symgeo.inference.sample_likelihood import SampleLikelihood

x, m = sp.symbols("x m", real=True)
t, a, c, k, p, r, s = sp.symbols("t a c k p r s", positive=True)
n = sp.Symbol("n", integer=True, nonnegative=True)
COUNTS = sg.StatisticalModel(
    sp.gamma(n + r) / (sp.gamma(r) * sp.factorial(n)) * p**r * (1 - p) ** n,
    n,
    (r, p),
    domain={p: sp.Interval.open(0, 1)},
)


@pytest.mark.parametrize("weighted", [False, True])
def test_counts_are_added_up_by_value(weighted: bool) -> None:
    random = np.random.default_rng(2)
    data = random.negative_binomial(2.5, 0.3, 400).astype(float)
    weights = random.random(400) if weighted else None
    given = read_sample(COUNTS, data, weights)
    programs = sample_programs(COUNTS)
    own, plain = observation_sums(programs, *given), ParameterSums(programs, *given)
    assert isinstance(own, RepeatedSums) and own.length == len(np.unique(data))
    theta = np.array([1.7, 0.4])
    for found, known in zip(own.sums(theta, True), plain.sums(theta, True), strict=True):
        np.testing.assert_allclose(found, known, rtol=1e-11)
    np.testing.assert_allclose(own.slopes(theta), plain.slopes(theta), rtol=1e-11)
    for found, known in zip(own.points(theta[None, :]), plain.points(theta[None, :]), strict=True):
        np.testing.assert_allclose(found, known, rtol=1e-11)
    np.testing.assert_allclose(own.values(theta[None, :]), plain.values(theta[None, :]), rtol=1e-12)
    assert own.terms(theta).shape == (400,) and own.scores(theta).shape == (400, 2)


def test_counts_all_over_the_place_are_not() -> None:
    wide = sg.StatisticalModel(sp.exp(-s) * s**n / sp.factorial(n), n, s)
    programs = sample_programs(wide)
    for data in ([1.0, 10.0**9, 3.0, 1.0], [1.0, 2.0, 3.0, 5.0]):
        assert type(observation_sums(programs, *read_sample(wide, data, None))) is ParameterSums


def test_fits_of_counts_weighted_and_written_out_agree() -> None:
    values, often = np.arange(9.0), np.array([30.0, 41, 33, 24, 15, 9, 4, 2, 1])
    together = sg.fit(COUNTS, values, weights=often)
    apart = sg.fit(COUNTS, np.repeat(values, often.astype(int)))
    assert together.converged and apart.converged
    np.testing.assert_allclose(together.estimate, apart.estimate, rtol=1e-10)
    assert together.log_likelihood == pytest.approx(apart.log_likelihood, rel=1e-13)
    np.testing.assert_allclose(together.sandwich_covariance, apart.sandwich_covariance, rtol=1e-9)


RICCATI = {
    "normal tail": sp.log((1 + sp.erf(x / sp.sqrt(2))) / 2),
    "logistic": -x - 2 * sp.log(1 + sp.exp(-x)),
    "gumbel": -x - sp.exp(-x),
    "cauchy": -sp.log(1 + x**2),
}


@pytest.mark.parametrize("name", RICCATI)
def test_second_derivatives_by_first_ones(name: str) -> None:
    model = sg.StatisticalModel(sp.exp(-((x - m) ** 2) / 2) / sp.sqrt(2 * sp.pi), x, m)
    element = model.field(RICCATI[name])
    slope = element.diff(x)
    found = by_slopes([RICCATI[name]], [slope], [slope.diff(x)], [x], x)
    assert found is not None
    at = np.linspace(-3.0, 3.0, 13)
    exact = sp.lambdify(x, sp.diff(RICCATI[name], x, 2), "mpmath")
    np.testing.assert_allclose(found(at)[2], [float(exact(mp.mpf(v))) for v in at], rtol=1e-10)


def test_what_solves_no_such_equation() -> None:
    model = sg.StatisticalModel(sp.exp(-((x - m) ** 2) / 2) / sp.sqrt(2 * sp.pi), x, m)
    slope = model.field(-sp.cosh(x)).diff(x)
    assert by_slopes([], [slope], [slope.diff(x)], [x], x) is None


def test_slopes_by_values() -> None:
    field = sg.StatisticalModel(sp.exp(-((x - m) ** 2) / 2) / sp.sqrt(2 * sp.pi), x, m).field
    tail = RICCATI["normal tail"]
    found = by_value(tail, field(tail).diff(x), x)
    assert found is not None
    at = np.linspace(-35.0, 8.0, 20)
    with mp.workdps(400):
        exact = [mp.npdf(mp.mpf(v)) / mp.ncdf(mp.mpf(v)) for v in at]
    np.testing.assert_allclose(found(at)[1], [float(v) for v in exact], rtol=1e-12)
    assert by_value(RICCATI["logistic"], field(RICCATI["logistic"]).diff(x), x) is None


def test_probits_by_values_alone() -> None:
    """Value, slopes and information of both responses, and the metric, against SymPy's."""
    d, y = sp.symbols("d y", real=True)
    p = (1 + sp.erf((m + x * d) / sp.sqrt(2))) / 2
    model = sg.StatisticalModel(p**y * (1 - p) ** (1 - y), y, (m, x), covariates=d, support=sp.FiniteSet(0, 1))
    reduced = sample_programs(model).reduced
    at = np.array([-9.0, -1.2, 0.0, 0.4, 7.0])
    normal = mp.ncdf, lambda v: mp.ncdf(-v)
    with mp.workdps(60):
        for own in reduced.by_response:
            tail = normal[0] if own.response is not None and 1 in own.response.values() else normal[1]
            exact = [[mp.log(tail(v)), mp.diff(lambda q: mp.log(tail(q)), v)] for v in map(mp.mpf, at)]  # noqa: B023
            np.testing.assert_allclose(np.array(own.local(at)).T, np.array(exact, dtype=float), rtol=1e-12)
            np.testing.assert_allclose(own.score(at)[0], [float(e[1]) for e in exact], rtol=1e-12)
        metric = [float(mp.npdf(v) ** 2 / (mp.ncdf(v) * mp.ncdf(-v))) for v in map(mp.mpf, at)]
    assert reduced.metric is not None
    np.testing.assert_allclose(reduced.metric(at)[0], metric, rtol=1e-12)


def test_dependence_is_seen_through_denominators() -> None:
    field = sg.StatisticalModel(sp.exp(-((x - m) ** 2) / 2) / sp.sqrt(2 * sp.pi), x, m).field
    slope = field((1 - sp.exp(x)) / (1 + sp.exp(x)))
    assert may_depend(slope.diff(x), [field.one, slope * slope], {x})
    assert not may_depend(slope.diff(x), [field.one, slope], {x})


def test_a_maximum_that_doubles_get_wrong() -> None:
    """The score of an exponentiated Weibull law loses all digits where the shape is large; so did a maximum."""
    law = a * c / s * (t / s) ** (c - 1) * sp.exp(-((t / s) ** c)) * (1 - sp.exp(-((t / s) ** c))) ** (a - 1)
    model = sg.StatisticalModel(law, t, (a, c, s), check=False)
    data = [0.3806382, 0.76364774, 1.28689582, 1.31313481, 1.62626102, 2.23459051, 2.62004153, 2.89791765]
    found = sg.fit(model, data)
    if found.converged:
        exact = sp.lambdify([t, a, c, s], [sp.diff(sp.log(law), q) for q in (a, c, s)], "mpmath")
        with mp.workdps(60):
            point = [mp.mpf(float(v)) for v in found.estimate]
            score = [float(sum(exact(mp.mpf(v), *point)[i] for v in data)) for i in range(3)]
        assert np.linalg.norm(np.array(score) * found.standard_errors) < 1e-6
    else:
        assert np.isnan(found.standard_errors).all()


def test_far_out_values_of_rounding_errors_are_not_believed() -> None:
    """At a = 1e-16 doubles make a skew logistic likelihood huge; the estimate runs to Gumbel's law, the other way."""
    z = (x - m) / s
    model = sg.StatisticalModel(a * sp.exp(-z) / (s * (1 + sp.exp(-z)) ** (a + 1)), x, (a, m, s))
    data = np.random.default_rng(12).gumbel(2, 3, 12)
    found = sg.fit(model, data)
    likelihood = found.require_sample()
    assert values_hold(likelihood, np.array([2.0, 1.0, 3.0]))
    assert not values_hold(likelihood, np.array([1e-16, 21.5, 1e-20]))
    assert not found.converged and "a -> 0" not in found.message and found.log_likelihood < -20.0


def test_with_more_digits_sums_are_those_of_doubles_where_these_serve() -> None:
    shifted = sg.StatisticalModel(
        sp.exp(-((x - m) ** 2) / (2 * s**2)) / (s * sp.sqrt(2 * sp.pi)) * sp.cosh(x - m) / sp.exp(s**2 / 2), x, (m, s)
    )
    data = np.array([-0.3, 0.4, 1.9, 2.2, -1.7, 0.8, 3.1, -2.4])
    sample = sg.fit(shifted, data).require_sample()
    careful = sample.carefully()
    assert careful is not None and careful.is_careful and careful.carefully() is None
    theta = np.array([0.4, 0.9])
    plain, exact = sample.at(theta), careful.at(theta)
    assert plain is not None and exact is not None
    assert plain.value == pytest.approx(exact.value, rel=1e-12)
    np.testing.assert_allclose(plain.step, exact.step, rtol=1e-9)
    np.testing.assert_allclose(careful.observations.slopes(theta), sample.observations.slopes(theta), rtol=1e-9)


def test_a_maximum_is_found_below_others_that_run_away() -> None:
    """Of all ends of climbs the one inside is taken where the highest ones lie at infinity."""
    y, q = sp.symbols("y q", real=True)
    skew = sp.exp(-(((y - m) / s) ** 2) / 2) / (s * sp.sqrt(2 * sp.pi)) * (1 + sp.erf(q * (y - m) / (s * sp.sqrt(2))))
    data = [1.34, 1.91, 2.28, 2.75, 0.4, 4.24, 1.76, 4.74, 3.85, 2.8, 4.29, 2.42, 4.2, 4.08, 0.71]
    found = sg.fit(sg.StatisticalModel(skew, y, (m, s, q)), data)
    assert found.converged and found.local and "q -> -oo" in found.message
    assert found.log_likelihood == pytest.approx(-24.5608, abs=1e-4)


def test_derivatives_far_out_are_looked_at() -> None:
    """Counts that vary less than Poisson's: at r = 1e8 beside the ridge r (1 - p) = mean p information is made up."""
    data = np.random.default_rng(2).binomial(9, 0.5, 30).astype(float)
    likelihood = SampleLikelihood(COUNTS, data[:, None], np.zeros((30, 0)), np.ones(30))
    mean = data.mean()
    usual, far = (likelihood.start(np.array([v, v / (v + mean)])) for v in (3.0, 1e8))
    assert derivatives_hold(likelihood, usual) and not derivatives_hold(likelihood, far)
    careful = likelihood.carefully()
    assert is_borne_out(careful, usual.theta)
    beside = np.array([1e8, 1e8 / (1e8 + mean * (1.0 + 3e-8))])
    assert not is_borne_out(careful, beside)
