"""Laws whose expectations are polylogarithms or exponential integrals, against quadrature."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import sympy as sp

import symgeo as sg
from symgeo.algebra import differential_field
from symgeo.algebra.integral_functions import integro_exponential
from symgeo.codegen import evaluate

x, c, r, k, s, q, y = sp.symbols("x c r k s q y", positive=True)
t, z = sp.symbols("t z", real=True)
UNIT, SIGNED = sp.Interval.open(0, 1), sp.Interval.open(-1, 1)
survival = sp.exp(-x / s)


@dataclass(frozen=True)
class Law:
    density: sp.Expr
    point: dict[sp.Symbol, str]
    variable: sp.Symbol = x
    options: dict[str, Any] = field(default_factory=dict)
    reach: int = 60

    @property
    def model(self) -> sg.StatisticalModel:
        return sg.StatisticalModel(self.density, self.variable, tuple(self.point), **self.options)


LAWS = {
    # Marshall and Olkin, Biometrika 84 (1997) 641-652: the odds of survival multiplied.
    "Marshall-Olkin exponential, log odds": Law(
        sp.exp(t) * survival / s / (1 - (1 - sp.exp(t)) * survival) ** 2, {t: "0.3", s: "0.7"}
    ),
    "Marshall-Olkin Weibull of shape two": Law(
        2 * c * x / s**2 * sp.exp(-(x**2) / s**2) / (1 - (1 - c) * sp.exp(-(x**2) / s**2)) ** 2, {c: "0.4", s: "1.2"}
    ),
    "Marshall-Olkin log-logistic": Law(c / (1 + x) ** 2 / (1 - (1 - c) / (1 + x)) ** 2, {c: "0.4"}),
    # Adamidis and Loukas, Statist. Probab. Lett. 39 (1998) 35-42.
    "exponential-geometric": Law(
        r * (1 - q) * sp.exp(-r * x) / (1 - q * sp.exp(-r * x)) ** 2,
        {r: "1.3", q: "0.4"},
        options={"domain": {q: UNIT}},
    ),
    "half-logistic relative": Law(2 * c * survival / s / (c + (2 - c) * survival) ** 2, {c: "0.7", s: "1.1"}),
    # Shaw and Buckley, 2007: the quadratic rank transmutation map.
    "transmuted exponential": Law(
        r * sp.exp(-r * x) * (1 - t + 2 * t * sp.exp(-r * x)), {t: "0.3", r: "1.2"}, options={"domain": {t: SIGNED}}
    ),
    "linear density": Law(1 + t * (2 * x - 1), {t: "0.3"}, options={"support": UNIT, "domain": {t: SIGNED}}),
    "reciprocal density": Law(c / (sp.log(1 + c) * (1 + c * x)), {c: "0.6"}, options={"support": UNIT}),
    # Shanker, Sharma and Shanker, Applied Math. 4 (2013) 363-368.
    "two-parameter Lindley": Law(r**2 / (r + k) * (1 + k * x) * sp.exp(-r * x), {r: "1.2", k: "0.6"}),
    "weighted Lindley relative": Law(r**3 / (r + 2 * k) * x * (1 + k * x) * sp.exp(-r * x), {r: "1.2", k: "0.6"}),
    "quasi Lindley": Law(r * (c + x * r) / (c + 1) * sp.exp(-r * x), {r: "1.1", c: "0.8"}),
    "Gompertz, hazard k exp(r x)": Law(k * sp.exp(r * x - k / r * (sp.exp(r * x) - 1)), {k: "0.4", r: "0.5"}, reach=8),
    "linear hazard, squared": Law((c**2 + 2 * k * x) * sp.exp(-(c**2) * x - k * x**2), {c: "0.7", k: "0.4"}, reach=14),
    # Gupta and Kundu, Statistics 43 (2009) 621-634: finite by a zero of the logarithm.
    "weighted exponential": Law(
        (c + 1) / c * r * sp.exp(-r * x) * (1 - sp.exp(-c * r * x)), {c: "0.7", r: "1.2"}, reach=70
    ),
}


def moments(law: Law) -> tuple[np.ndarray, np.ndarray]:
    """``E[s_i s_j]`` and ``E[s_i s_j s_k]`` by Gauss and Legendre's rule on panels, with SymPy's own derivatives."""
    rational = law.density.is_rational_function(x) and "support" not in law.options
    reach = 1 if rational or "support" in law.options else law.reach
    edges = reach * (np.arange(25) / 24) ** 2
    nodes, weights = np.polynomial.legendre.leggauss(40)
    half = np.diff(edges)[:, None] / 2
    places, measure = (edges[:-1, None] + half * (1 + nodes)).ravel(), (half * weights).ravel()
    if rational:
        places, measure = places / (1 - places), measure / (1 - places) ** 2
    log_density = sp.expand_log(sp.log(law.density), force=True)
    wanted = [law.density, *(sp.diff(log_density, p) for p in law.point)]
    wanted = [f.subs({p: sp.Rational(v) for p, v in law.point.items()}) for f in wanted]
    density, *scores = sp.lambdify(law.variable, wanted, "numpy")(places)
    score, weight = np.stack([v + 0 * places for v in scores]), measure * density
    assert weight.sum() == pytest.approx(1, abs=1e-11)
    return (score * weight) @ score.T, np.einsum("in,jn,kn,n->ijk", score, score, score, weight)


@pytest.mark.parametrize("name", LAWS)
def test_metric_and_cubic_tensor_are_closed_and_agree_with_quadrature(name: str) -> None:
    law = LAWS[name]
    model = law.model
    assert model.rung == "substitution"
    values = {p: sp.Rational(v) for p, v in law.point.items()}
    at = np.array([float(v) for v in values.values()])
    for tensor, expected in zip((model.manifold.metric, model.manifold.cubic), moments(law), strict=True):
        numbers = sg.lambdify(tensor)(at)
        assert numbers == pytest.approx(expected, rel=1e-9, abs=1e-11)
        exact = np.array([float(evaluate(e, values, 17)) for e in tensor.flat()]).reshape(numbers.shape)
        assert numbers == pytest.approx(exact, rel=1e-11, abs=1e-14)


def test_information_of_the_copula_of_farlie_gumbel_and_morgenstern() -> None:
    """The sum of theta^(2 n)/(2 n + 3)^2: E[(u v)^(n+2)] = 1/(n+3)^2 for even n, u and v uniform on (-1, 1)."""
    manifold = sg.catalogue.farlie_gumbel_morgenstern().manifold
    theta = manifold.coordinates[0]
    written = (sp.polylog(2, theta) - sp.polylog(2, -theta) - 2 * theta) / (2 * theta**3)
    assert not differential_field()(manifold.metric[0, 0] - written)
    points = [0.0, 1e-8, -1e-8, 1e-4, 0.3, 0.5, -0.5, 0.9]
    metric = sg.lambdify(manifold.metric)(np.array(points)[:, None])[:, 0, 0]
    cubic = sg.lambdify(manifold.cubic)(np.array(points)[:, None])[:, 0, 0, 0]
    n = np.arange(400)
    for at, g, skewness in zip(points, metric, cubic, strict=True):
        terms = at ** (2.0 * n) / (2 * n + 3) ** 2
        assert g == pytest.approx(terms.sum(), rel=1e-14)
        # The metric's derivative is E[d d l s + ...]: here -T, as l is linear in theta inside the logarithm.
        slope = (2 * n[1:] * at ** (2.0 * n[1:] - 1) / (2 * n[1:] + 3) ** 2).sum()
        assert skewness == pytest.approx(-slope, rel=1e-12, abs=1e-16)


def test_information_of_the_exponential_logarithmic_law() -> None:
    """Tahmasbi and Rezaei, Comput. Statist. Data Anal. 52 (2008) 3889-3901, section 5: -dilog(p)/(b^2 log p)."""
    manifold = sg.catalogue.exponential_logarithmic().manifold
    p, b = manifold.coordinates
    g, t3 = manifold.metric, manifold.cubic
    same = differential_field()
    assert not same(g[1, 1] + sp.polylog(2, 1 - p) / (b**2 * sp.log(p)))
    assert not same(t3[1, 1, 1] - 2 * sp.polylog(3, 1 - p) / (b**3 * sp.log(p)))


def test_information_of_the_linear_hazard_and_of_the_gompertz_law() -> None:
    """E[1/h] is an exponential integral, h the hazard; E_1^1 is Milgram's, Math. Comp. 44 (1985) 443-458."""
    same = differential_field()
    manifold = sg.catalogue.linear_hazard().manifold
    a, b = manifold.coordinates
    w = a**2 / (2 * b)
    assert not same(manifold.metric[0, 0] - sp.exp(w) * sp.expint(1, w) / (2 * b))
    manifold = sg.catalogue.gompertz().manifold
    b, eta = manifold.coordinates
    first = 1 + 2 * sp.exp(eta) * (sp.expint(1, eta) + integro_exponential(1, eta))
    assert not same(manifold.metric[0, 0] - first / b**2)


@pytest.mark.parametrize(
    ("name", "points"),
    [
        ("marshall_olkin_exponential", [(1, 2), (1 + 1e-8, 2), (1 - 1e-4, 2), (0.5, 2), (1.5, 2), (40, 1)]),
        ("exponential_logarithmic", [(1 - 1e-8, 2), (1 - 1e-4, 2), (0.5, 2), (1e-5, 2)]),
        ("linear_hazard", [(0.01, 1), (2.8, 1), (2.9, 1), (10, 1), (1e3, 1)]),
        ("hypoexponential", [(2, 1), (1.1, 1), (1.001, 1)]),
    ],
)
def test_removable_singularities_and_large_arguments_cost_no_digits(name: str, points: list) -> None:
    manifold = sg.catalogue.get(name).manifold
    for tensor, rel in ((manifold.metric, 1e-10), (manifold.cubic, 1e-9)):
        found = sg.lambdify(tensor)(np.array(points))
        for point, values in zip(points, found, strict=True):
            there = {p: sp.Rational(v) for p, v in zip(manifold.coordinates, point, strict=True)}
            expected = np.array([float(evaluate(e, there, 20)) for e in tensor.flat()]).reshape(values.shape)
            known = np.isfinite(expected)
            assert np.isfinite(values).all()
            assert values[known] == pytest.approx(expected[known], rel=rel)


def test_a_function_beyond_polylogarithms_stays_an_expectation() -> None:
    model = LAWS["linear density"].model
    assert model.expectation(sp.log(1 + x) * sp.log(2 + x) / (3 + x)).has(sg.Expectation)
    assert not model.expectation(sp.log(1 + x) / (2 + x)).has(sg.Expectation)


def test_stand_alone_source_of_the_new_functions() -> None:
    text = sg.source(sg.catalogue.gompertz().manifold.cubic, language="numpy")
    text += sg.source(sg.catalogue.exponential_logarithmic().manifold.cubic, language="numpy")
    assert "symgeo." not in text
    assert "def _scaled_integro_exponential" in text
    assert "def _polylog_near_one" in text
