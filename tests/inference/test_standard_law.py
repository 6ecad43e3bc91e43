"""Families of location and scale: the law behind them, sums and starts by it, against the density as it is declared."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest
import scipy.stats as st
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as some

import symgeo as sg
from symgeo.inference.fisher_scoring import read_sample
from symgeo.inference.observation_sums import observation_sums
from symgeo.inference.parameter_sums import ParameterSums
from symgeo.inference.programs import sample_programs
from symgeo.inference.sample_likelihood import SampleLikelihood
from symgeo.inference.standard_start import standard_start
from symgeo.inference.standard_sums import StandardSums

x, m, h = sp.symbols("x m h", real=True)
t, a, b, c, k, s = sp.symbols("t a b c k s", positive=True)
u = sp.Symbol("u", positive=True)
UNIT = sp.Interval.open(0, 1)


def gumbel(z: sp.Expr) -> sp.Expr:
    return sp.exp(-z - sp.exp(-z))


def logistic(z: sp.Expr) -> sp.Expr:
    return sp.exp(-z) / (1 + sp.exp(-z)) ** 2


STUDENT = sp.gamma((k + 1) / 2) / (sp.gamma(k / 2) * sp.sqrt(k * sp.pi))
WEIBULL = c / s * (t / s) ** (c - 1) * sp.exp(-((t / s) ** c))
# Density, variable, parameters, support, and the names of those that are shapes.
LAWS: dict[str, tuple] = {
    "gumbel": (gumbel((x - m) / s) / s, x, (m, s), None, ""),
    "logistic, by its rate": (b * logistic(b * (x - m)), x, (b, m), None, ""),
    "gumbel, by a logarithm": (gumbel((x - m) * sp.exp(-h)) * sp.exp(-h), x, (m, h), None, ""),
    "cauchy": (1 / (sp.pi * s * (1 + ((x - m) / s) ** 2)), x, (m, s), None, ""),
    "location alone": (gumbel(x - m), x, (m,), None, ""),
    "half-logistic": (2 * logistic(t / s) / s, t, (s,), None, ""),
    "student": (STUDENT / s * (1 + ((x - m) / s) ** 2 / k) ** (-(k + 1) / 2), x, (k, m, s), None, "k"),
    "weibull": (WEIBULL, t, (c, s), None, ""),
    "weibull, by a rate": (a * c * t ** (c - 1) * sp.exp(-a * t**c), t, (a, c), None, ""),
    "burr": (c * k / s * (t / s) ** (c - 1) * (1 + (t / s) ** c) ** (-k - 1), t, (c, k, s), None, "k"),
    "gompertz": (a * b * sp.exp(b * t + a - a * sp.exp(b * t)), t, (a, b), None, "a"),
    "lomax": (k / s * (1 + t / s) ** (-k - 1), t, (k, s), None, "k"),
    "nakagami": (2 * k**k / (sp.gamma(k) * s**k) * t ** (2 * k - 1) * sp.exp(-k * t**2 / s), t, (k, s), None, "k"),
    "kumaraswamy": (a * b * u ** (a - 1) * (1 - u**a) ** (b - 1), u, (a, b), UNIT, "b"),
    "logit-logistic": (
        logistic((sp.log(u / (1 - u)) - m) / s) / (s * u * (1 - u)),
        u,
        (m, s),
        UNIT,
        "",
    ),
    "johnson": (
        sp.exp(-(((sp.asinh(x) - m) / s) ** 2) / 2) / (s * sp.sqrt(2 * sp.pi) * sp.sqrt(1 + x**2)),
        x,
        (m, s),
        None,
        "",
    ),
}
# Whose likelihoods differ in other ways than by moving a coordinate.
OTHERS: dict[str, tuple] = {
    "beta": (u ** (a - 1) * (1 - u) ** (b - 1) / sp.beta(a, b), u, (a, b), UNIT),
    "inverse gaussian": (sp.sqrt(s / (2 * sp.pi * t**3)) * sp.exp(-s * (t - a) ** 2 / (2 * a**2 * t)), t, (a, s), None),
}


def declared(name: str) -> sg.StatisticalModel:
    density, variable, parameters, support, *_ = (LAWS | OTHERS)[name]
    return sg.StatisticalModel(density, variable, parameters, support=support, check=False)


def drawn(model: sg.StatisticalModel, count: int, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    (variable,) = model.variables
    if variable == x:
        return random.normal(0.3, 1.2, count)
    return random.beta(2.0, 1.5, count) if variable == u else random.gamma(2.0, 0.8, count)


@pytest.mark.parametrize("name", LAWS)
def test_the_law_is_found(name: str) -> None:
    law = sample_programs(declared(name)).standard
    assert law is not None
    assert {p.name for p in law.shapes} == set(LAWS[name][4])
    # exactly: the density is that of the standard law, moved
    y = (law.coordinate - (law.shift or 0)) / (law.scale or 1)
    there = law.written.subs(law.variable, y) + law.carrier - sp.log(law.scale or 1)
    rest = sp.lambdify([*law.model.variables, *law.model.parameters], there - law.model.log_density, "mpmath")
    (variable,) = law.model.variables
    for value in (0.2, 0.7) if variable == u else (0.3, 2.4):
        assert abs(rest(value, *(0.7 + 0.4 * i for i in range(len(law.model.parameters))))) < 1e-13


@pytest.mark.parametrize("name", OTHERS)
def test_where_there_is_none(name: str) -> None:
    assert sample_programs(declared(name)).standard is None


def test_where_the_density_changes_its_form_on_the_way() -> None:
    """Scores are those of a scale for s > 2, but at s = 1 the density is another one."""
    wide = sg.StatisticalModel(
        sp.exp(-t / s) / s * sp.exp(sp.Abs(s - 2) - (s - 2)), t, s, domain={s: sp.Interval.open(2, sp.oo)}, check=False
    )
    law = sample_programs(wide).standard
    data = np.array([3.0, 9.0, 2.0])
    rows = observation_sums(sample_programs(wide), *read_sample(wide, data, None))
    assert rows.values(np.array([[4.0]]))[0] == pytest.approx(-data.sum() / 4 - 3 * np.log(4.0), rel=1e-12)
    assert law is None


@pytest.mark.parametrize("name", LAWS)
@settings(max_examples=15, deadline=None)
@given(
    some.lists(some.floats(0.3, 3.0), min_size=3, max_size=3),
    some.integers(0, 10**6),
    some.sampled_from([1, 7, 90]),
)
def test_sums_are_those_of_the_declared_density(name: str, values: list[float], seed: int, count: int) -> None:
    model = declared(name)
    theta = np.array(values[: len(model.parameters)])
    data, weights = drawn(model, count, seed), np.random.default_rng(seed).integers(1, 4, count).astype(float)
    given_ = read_sample(model, data, weights)
    programs = sample_programs(model)
    own, plain = observation_sums(programs, *given_), ParameterSums(programs, *given_)
    assert isinstance(own, StandardSums)
    sums, information = own.sums(theta, True)
    known, expected = plain.sums(theta, True)
    assert information is not None and expected is not None
    n = len(theta)
    size = np.array([*known[n + 1 :], *known[n + 1 :]])
    np.testing.assert_allclose(sums[: n + 1], known[: n + 1], atol=1e-11 * size[: n + 1].max(), rtol=1e-9)
    second = plain.curvatures(theta)
    bound = np.einsum("i,ijk->jk", weights, np.abs(second))
    np.testing.assert_allclose(information, expected, atol=1e-10 * (1.0 + bound.max()), rtol=1e-8)
    # what rounding errors are measured by covers the score, and is not far above its terms
    assert (sums[n + 2 :] >= np.abs(sums[1 : n + 1]) * (1 - 1e-12)).all()
    np.testing.assert_allclose(own.slopes(theta)[:n], sums[1 : n + 1], rtol=1e-10, atol=1e-12 * size.max())
    np.testing.assert_allclose(own.terms(theta), plain.terms(theta), rtol=1e-10, atol=1e-11)
    together = np.stack([theta, 1.1 * theta])
    whole, upper = own.points(together)
    other, lower = plain.points(together)
    np.testing.assert_allclose(whole[: n + 1], other[: n + 1], rtol=1e-9, atol=1e-10 * size.max())
    np.testing.assert_allclose(upper, lower, rtol=1e-7, atol=1e-9 * (1.0 + bound.max()))
    np.testing.assert_allclose(own.values(together), whole[0], rtol=1e-10, atol=1e-10 * size[0])


@pytest.mark.parametrize("name", ["gumbel", "gumbel, by a logarithm", "weibull", "half-logistic", "logit-logistic"])
@pytest.mark.parametrize("count", [40, 5000])
def test_a_start_is_near_the_estimate(name: str, count: int) -> None:
    model = declared(name)
    data = drawn(model, count, 11)
    found = sg.fit(model, data)
    begin = standard_start(SampleLikelihood(model, *read_sample(model, data, None)))
    assert found.converged and begin is not None
    point, steps = begin
    assert steps > 0 and found.iterations >= steps
    np.testing.assert_allclose(point, found.estimate, rtol=0, atol=1e-6 * found.standard_errors.min())


def test_equal_observations_have_no_start_by_their_scale() -> None:
    model = declared("gumbel")
    assert standard_start(SampleLikelihood(model, *read_sample(model, [2.0, 2.0, 2.0], None))) is None
    assert "s -> 0" in sg.fit(model, [2.0, 2.0, 2.0]).message


@pytest.mark.parametrize("name", ["gumbel", "cauchy", "student", "logistic, by its rate"])
@pytest.mark.parametrize(("place", "size"), [(1e6, 1.0), (-3e4, 1e-4), (0.0, 1e8)])
def test_fits_move_with_the_data(name: str, place: float, size: float) -> None:
    """A location far larger than the scale leaves the digits that the data have of their differences."""
    model = declared(name)
    base = np.round(np.random.default_rng(8).standard_t(3, 200), 3)
    plain, moved = sg.fit(model, base), sg.fit(model, place + size * base)
    assert plain.converged and moved.converged
    names = [p.name for p in model.parameters]
    expected = {"m": place + size * plain.parameters.get("m", 0.0), "s": size * plain.parameters.get("s", 0.0)}
    expected |= {"b": plain.parameters.get("b", 0.0) / size, "k": plain.parameters.get("k", 0.0)}
    digits = 1e-7 + 1e-13 * abs(place) / size
    np.testing.assert_allclose(moved.estimate, [expected[n] for n in names], rtol=digits)


PEERS: dict[str, Callable[..., np.ndarray]] = {
    "gumbel": lambda v, m, s: st.gumbel_r.logpdf(v, m, s),
    "cauchy": lambda v, m, s: st.cauchy.logpdf(v, m, s),
    "half-logistic": lambda v, s: st.halflogistic.logpdf(v, 0, s),
    "burr": lambda v, c, k, s: st.burr12.logpdf(v, c, k, 0, s),
    "lomax": lambda v, k, s: st.lomax.logpdf(v, k, 0, s),
}


@pytest.mark.parametrize("name", PEERS)
def test_likelihoods_are_those_of_scipy(name: str) -> None:
    model = declared(name)
    data = drawn(model, 60, 5)
    sample = SampleLikelihood(model, *read_sample(model, data, None))
    for values in itertools.product((0.6, 1.9), repeat=len(model.parameters)):
        theta = np.array(values)
        state = sample.at(theta)
        assert state is not None
        assert state.value * 60 == pytest.approx(PEERS[name](data, *theta).sum(), rel=1e-12)
