"""The Wasserstein distance of order two: known formulas, integrals over quantiles, Bures' distance, axioms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import mpmath
import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import symgeo as sg
from symgeo.errors import DivergentExpectationError, DomainError, NoClosedFormError

R = sp.Rational
x = sp.Symbol("x", real=True)
y = sp.Symbol("y", real=True)
z = sp.Symbol("z", positive=True)
m, n = sp.symbols("m n", real=True)
a, b, s, t = sp.symbols("a b s t", positive=True)
UNIT = sp.Interval.open(0, 1)

normal = sg.StatisticalModel(sp.exp(-((x - m) ** 2) / (2 * s**2)) / (s * sp.sqrt(2 * sp.pi)), x, (m, s))
plane = sg.catalogue.bivariate_normal()
logit_normal = sg.StatisticalModel(
    sp.exp(-((sp.log(z / (1 - z)) - m) ** 2) / (2 * s**2)) / (s * sp.sqrt(2 * sp.pi) * z * (1 - z)),
    z,
    (m, s),
    support=UNIT,
)


def probit(u: mpmath.mpf) -> mpmath.mpf:
    return mpmath.sqrt(2) * mpmath.erfinv(2 * u - 1)


@dataclass(frozen=True)
class Law:
    """A declared law, its quantile function, and two members."""

    model: sg.StatisticalModel
    quantile: Callable[..., mpmath.mpf]
    p: tuple[sp.Rational, ...]
    q: tuple[sp.Rational, ...]


LAWS = {
    "normal": Law(normal, lambda u, m, s: m + s * probit(u), (R(1, 3), 2), (-1, R(3, 4))),
    "exponential": Law(
        sg.StatisticalModel(a * sp.exp(-a * z), z, a), lambda u, a: -mpmath.log(1 - u) / a, (R(1, 2),), (3,)
    ),
    "a falling image": Law(
        sg.StatisticalModel(a * sp.exp(a * x), x, a, support=sp.Interval(-sp.oo, 0)),
        lambda u, a: mpmath.log(u) / a,
        (2,),
        (R(7, 2),),
    ),
    "power on the unit interval": Law(
        sg.StatisticalModel(a * z ** (a - 1), z, a, support=UNIT), lambda u, a: u ** (1 / a), (R(1, 2),), (3,)
    ),
    "Weibull with free shape": Law(
        sg.StatisticalModel(b / s * (z / s) ** (b - 1) * sp.exp(-((z / s) ** b)), z, (b, s)),
        lambda u, b, s: s * (-mpmath.log(1 - u)) ** (1 / b),
        (R(3, 2), 1),
        (R(7, 3), 2),
    ),
    "log-normal": Law(
        sg.catalogue.lognormal(), lambda u, m, s: mpmath.exp(m + s * probit(u)), (0, 1), (R(1, 2), R(1, 3))
    ),
    "Pareto from two on": Law(
        sg.StatisticalModel(a * 2**a * z ** (-a - 1), z, a, support=sp.Interval(2, sp.oo)),
        lambda u, a: 2 * (1 - u) ** (-1 / a),
        (R(7, 2),),
        (5,),
    ),
    "Lomax": Law(
        sg.StatisticalModel(a / s * (1 + z / s) ** (-a - 1), z, (a, s)),
        lambda u, a, s: s * ((1 - u) ** (-1 / a) - 1),
        (R(7, 2), 1),
        (5, 2),
    ),
    "logistic": Law(
        sg.catalogue.logistic(), lambda u, m, s: m + s * mpmath.log(u / (1 - u)), (R(2, 3), 2), (1, R(1, 2))
    ),
    "Laplace": Law(
        sg.catalogue.laplace_free(),
        lambda u, m, b: m - b * mpmath.sign(u - mpmath.mpf(1) / 2) * mpmath.log(1 - abs(2 * u - 1)),
        (1, 2),
        (R(1, 3), R(4, 5)),
    ),
    "Gumbel": Law(
        sg.catalogue.gumbel(), lambda u, m, s: m - s * mpmath.log(-mpmath.log(u)), (1, 2), (R(1, 3), R(4, 5))
    ),
    "logit of a normal variable": Law(
        logit_normal, lambda u, m, s: 1 / (1 + mpmath.exp(-m - s * probit(u))), (0, 1), (1, R(1, 2))
    ),
}


@pytest.mark.parametrize("name", LAWS)
def test_against_the_integral_over_quantiles(name: str) -> None:
    law = LAWS[name]
    got = sg.wasserstein(law.model, law.p, law.q)
    with mpmath.workdps(25):
        p, q = ([mpmath.mpf(v.p) / v.q for v in map(sp.Rational, values)] for values in (law.p, law.q))
        edge = mpmath.mpf("1e-24")

        def gap(u: mpmath.mpf) -> mpmath.mpf:
            u = min(max(u, edge), 1 - edge)
            return (law.quantile(u, *p) - law.quantile(u, *q)) ** 2

        wanted = mpmath.sqrt(mpmath.quad(gap, [0, mpmath.mpf(1) / 2, 1]))
        assert abs(float(sp.N(got, 20)) - float(wanted)) < 1e-9 * (1 + float(wanted))


def test_known_formulas() -> None:
    at = (n, t)
    assert sg.wasserstein(normal, (m, s), at) == sp.sqrt((m - n) ** 2 + (s - t) ** 2)
    exponential = LAWS["exponential"].model
    got = sg.wasserstein(exponential, a, b)
    assert sp.simplify(got - sp.sqrt(2) * sp.Abs(1 / a - 1 / b)) == 0
    assert sg.wasserstein(normal, (m, s), {m: m, s: s}) == 0


def test_a_change_of_parameters_alters_nothing_and_of_units_only_the_scale() -> None:
    moved = sg.StatisticalModel(normal.density.subs({x: x / 3, m: a * m, s: 1 / a}) / 3, x, (m, a))
    got = sg.wasserstein(moved, (R(1, 2), 2), (R(-1, 4), 3))
    assert sp.N(got - 3 * sg.wasserstein(normal, (1, R(1, 2)), (R(-3, 4), R(1, 3)))) == pytest.approx(0, abs=1e-14)


def test_a_mean_without_closed_form_is_integrated() -> None:
    got = sg.wasserstein(logit_normal, (m, s), (n, t))
    assert got.has(sg.Expectation)
    value = sg.lambdify(got, (m, s, n, t))([0.0, 1.0, 1.0, 0.5])
    assert value == pytest.approx(float(sp.N(sg.wasserstein(logit_normal, (0, 1), (1, R(1, 2))))), rel=1e-10)


def test_members_with_one_shape() -> None:
    gamma = sg.catalogue.gamma()
    (k, r) = gamma.parameters
    got = sg.wasserstein(gamma, {r: a}, {r: b})
    assert sp.simplify(got**2 - k * (k + 1) * (1 / a - 1 / b) ** 2) == 0
    with pytest.raises(NoClosedFormError, match="same k"):
        sg.wasserstein(gamma, (1, 1), (2, 1))


def test_distances_without_and_with_second_moments() -> None:
    cauchy = sg.StatisticalModel(s / sp.pi / (s**2 + (x - m) ** 2), x, (m, s))
    # Translates are apart by the translation, whatever their moments.
    assert sg.wasserstein(cauchy, (0, 1), (R(5, 2), 1)) == R(5, 2)
    with pytest.raises(DivergentExpectationError, match="equal quantiles"):
        sg.wasserstein(cauchy, (0, 1), (0, 2))
    pareto = LAWS["Pareto from two on"].model
    with pytest.raises(DivergentExpectationError):
        sg.wasserstein(pareto, R(3, 2), 5)
    # The closed form holds for a > 2 alone, so that with a symbol there is none.
    assert sg.wasserstein(pareto, a, 5).has(sg.Expectation)
    density = (1 + (x - m) ** 2 / a + y**2 / b) ** -R(3, 2) / (2 * sp.pi * sp.sqrt(a * b))
    flat = sg.StatisticalModel(density, (x, y), (m, a, b))
    assert sg.wasserstein(flat, (0, 1, 2), (3, 1, 2)) == 3
    with pytest.raises(DivergentExpectationError, match="distance from the centre"):
        sg.wasserstein(flat, (0, 1, 2), (0, 2, 2))


def bures(first: np.ndarray, second: np.ndarray) -> float:
    def root(matrix: np.ndarray) -> np.ndarray:
        values, vectors = np.linalg.eigh(matrix)
        return (vectors * np.sqrt(values)) @ vectors.T

    half = root(first)
    return float(np.trace(first + second - 2 * root(half @ second @ half)))


def covariance(s1: float, s2: float, rho: float) -> np.ndarray:
    return np.array([[s1**2, rho * s1 * s2], [rho * s1 * s2, s2**2]])


spreads = st.tuples(st.integers(1, 9), st.integers(1, 9), st.integers(-8, 8))


@settings(max_examples=5, deadline=None)
@given(spreads, spreads)
def test_the_plane_against_bures(first: tuple[int, ...], second: tuple[int, ...]) -> None:
    p, q = ((0, 1, R(u[0], 3), R(u[1], 3), R(u[2], 9)) for u in (first, second))
    q = (1, -1, *q[2:])
    wanted = 5 + bures(*(covariance(*map(float, v[2:])) for v in (p, q)))
    assert float(sp.N(sg.wasserstein(plane, p, q))) == pytest.approx(np.sqrt(wanted), rel=1e-9)


def test_the_plane_in_symbols() -> None:
    other = [sp.Symbol(f"{v.name}q", **v.assumptions0) for v in plane.parameters]
    got = sg.wasserstein(plane, plane.parameters, other)
    p, q = (0, 1, R(2, 3), 2, R(1, 3)), (R(1, 2), 0, 1, R(1, 2), R(-1, 5))
    there = dict(zip((*plane.parameters, *other), (*p, *q), strict=True))
    assert abs(sp.N(got.subs(there) - sg.wasserstein(plane, p, q), 30)) < 1e-25


def test_three_dimensions_in_numbers() -> None:
    variables = sp.symbols("x1:4", real=True)
    precision = sp.Matrix([[s, m, 0], [m, 1, m], [0, m, 2]])
    form = sp.expand((sp.Matrix(variables).T * precision * sp.Matrix(variables))[0])
    density = sp.sqrt(precision.det() / (2 * sp.pi) ** 3) * sp.exp(-form / 2)
    domain = {m: sp.Interval.open(-R(1, 2), R(1, 2)), s: sp.Interval.open(1, sp.oo)}
    model = sg.StatisticalModel(density, variables, (s, m), domain=domain)
    p, q = (2, R(1, 4)), (3, R(-1, 3))
    covariances = [np.linalg.inv(np.array(precision.subs({s: v, m: w}), dtype=float)) for v, w in (p, q)]
    assert float(sg.wasserstein(model, p, q)) == pytest.approx(np.sqrt(bures(*covariances)), rel=1e-9)
    with pytest.raises(NoClosedFormError, match="give numbers"):
        sg.wasserstein(model, (s, m), q)


def test_generators_other_than_the_normal() -> None:
    # E r^2 = 6 a^2 in the plane for the density in exp(-r/a), so that each axis has variance 3 a^2.
    pointed = sg.StatisticalModel(sp.exp(-sp.sqrt((x - m) ** 2 + y**2) / a) / (2 * sp.pi * a**2), (x, y), (m, a))
    assert sg.wasserstein(pointed, (0, 1), (1, 2)) == sp.sqrt(1 + 2 * 3)
    density = (1 + ((x - m) ** 2 / a + y**2 / b) / 5) ** -R(7, 2) / (2 * sp.pi * sp.sqrt(a * b))
    student = sg.StatisticalModel(density, (x, y), (m, a, b))  # covariance 5/3 of the scatter matrix
    got = sg.wasserstein(student, (0, 1, 4), (2, 9, 1))
    assert sp.N(got**2, 30) == pytest.approx(float(4 + R(5, 3) * (4 + 1)), rel=1e-14)


def test_points() -> None:
    binomial = sg.catalogue.binomial()
    p, q = R(1, 3), R(1, 2)
    (k,) = binomial.variables
    (rate,) = binomial.parameters
    levels = [[binomial.density.subs({rate: v, k: i}) for i in range(11)] for v in (p, q)]
    sums = [np.cumsum([float(v) for v in row]) for row in levels]
    grid = np.unique(np.concatenate([[0.0], *sums]))
    middles = (grid[1:] + grid[:-1]) / 2
    gaps = [np.searchsorted(c, middles) for c in sums]
    wanted = np.sqrt(np.sum(np.diff(grid) * (gaps[0] - gaps[1]) ** 2))
    assert float(sg.wasserstein(binomial, p, q)) == pytest.approx(wanted, rel=1e-9)
    coin = sg.catalogue.bernoulli()
    assert sg.wasserstein(coin, R(1, 4), R(3, 4)) == sp.sqrt(R(1, 2))
    with pytest.raises(NoClosedFormError, match="give numbers"):
        sg.wasserstein(binomial, rate, q)


@pytest.mark.parametrize("name", ["normal", "Weibull with free shape", "points", "plane"])
def test_axioms_of_a_metric(name: str) -> None:
    if name == "points":
        model, members = sg.catalogue.binomial(), [(R(1, 5),), (R(1, 2),), (R(3, 4),)]
    elif name == "plane":
        model, members = plane, [(0, 0, 1, 1, 0), (1, 0, 2, R(1, 2), R(1, 2)), (0, 2, 1, 3, R(-1, 3))]
    else:
        model, members = LAWS[name].model, [(1, 1), (R(3, 2), 2), (3, R(1, 2))]
    apart = {
        (i, j): float(sp.N(sg.wasserstein(model, p, q), 20))
        for i, p in enumerate(members)
        for j, q in enumerate(members)
    }
    for i in range(3):
        assert apart[i, i] == 0
        for j in range(3):
            assert apart[i, j] == pytest.approx(apart[j, i], rel=1e-12) and (i == j or apart[i, j] > 0)
            for k in range(3):
                assert apart[i, k] <= apart[i, j] + apart[j, k] + 1e-12


def test_ottos_metric_is_not_fishers() -> None:
    """Half the square induces Otto's metric: the plane (m, s) flat, where Fisher's is the hyperbolic half-plane."""
    half = sg.wasserstein(normal, (m, s), (n, t)) ** 2 / 2
    metric = sg.StatisticalManifold.from_divergence(half, (m, s), (n, t)).metric
    assert metric.to_matrix() == sp.eye(2)
    assert normal.manifold.metric.to_matrix() == sp.diag(1, 2) / s**2


def test_what_has_no_known_coupling_is_refused() -> None:
    with pytest.raises(NoClosedFormError, match="no change of variable"):
        sg.wasserstein(sg.catalogue.beta(), (1, 2), (2, 1))
    with pytest.raises(NoClosedFormError, match="quantile coupling"):
        sg.wasserstein(sg.catalogue.poisson(), 1, 2)
    with pytest.raises(NoClosedFormError, match="quantile coupling"):
        sg.wasserstein(sg.catalogue.von_mises(), (0, 1), (1, 1))  # on the circle of its own topology
    pair = sg.StatisticalModel(a * b * sp.exp(-a * z - b * t), (z, t), (a, b))
    with pytest.raises(NoClosedFormError, match="elliptical"):
        sg.wasserstein(pair, (1, 2), (2, 1))
    with pytest.raises(DomainError):
        sg.wasserstein(normal, (0, 1), (0, -1))
