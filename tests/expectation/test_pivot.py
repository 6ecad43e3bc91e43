"""Pivots: densities that nobody knows, of every kind of pivot, against quadrature; invariance; what must be refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from itertools import combinations_with_replacement

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import symgeo as sg
from symgeo.errors import SupportError
from symgeo.expectation.node import Expectation

x, m, a, e = sp.symbols("x m a e", real=True)
s, r, k, v, b = sp.symbols("s r k v b", positive=True)
t = sp.Symbol("t", positive=True)
UNIT = sp.Interval.open(0, 1)
CIRCLE = sp.Interval(0, 2 * sp.pi)
HALF = sp.Rational(1, 2)


def hyperbolic(z: sp.Expr) -> sp.Expr:
    return sp.exp(-sp.cosh(z)) / (2 * sp.besselk(0, 1))


def normal(z: sp.Expr) -> sp.Expr:
    return sp.exp(-(z**2) / 2) / sp.sqrt(2 * sp.pi)


def reciprocal(z: sp.Expr) -> sp.Expr:
    """A density on the half-line."""
    return sp.exp(-z - 1 / z) / (2 * sp.besselk(1, 2))


@dataclass(frozen=True)
class Case:
    density: sp.Expr
    variable: sp.Symbol
    parameters: tuple[sp.Symbol, ...]
    shapes: tuple[sp.Symbol, ...] = ()
    support: sp.Set | None = None
    kink: Callable[[dict], float] | None = None
    options: dict = field(default_factory=dict)


z = (x - m) / s
logit = (sp.log(t / (1 - t)) - m) / s
CASES = {
    "location": Case(hyperbolic(x - m), x, (m,)),
    "location and scale": Case(hyperbolic(z) / s, x, (m, s)),
    "slope and intercept": Case(b * hyperbolic(a + b * x), x, (a, b)),
    "location in units of the scale": Case(hyperbolic(x / s - a) / s, x, (a, s)),
    "logarithm of a parameter": Case(hyperbolic(x - sp.log(b)), x, (b,)),
    "variance": Case(hyperbolic((x - m) / sp.sqrt(v)) / sp.sqrt(v), x, (m, v)),
    "contaminated normal": Case((9 * normal(z) + normal(z / 2) / 2) / (10 * s), x, (m, s)),
    "normal and logistic": Case(HALF * normal(z) / s + HALF * sp.exp(-z) / (s * (1 + sp.exp(-z)) ** 2), x, (m, s)),
    "skew normal": Case(normal(z) * (1 + sp.erf(a * z / sp.sqrt(2))) / s, x, (m, s, a), (a,)),
    "sinh-arcsinh": Case(
        k * sp.cosh(k * sp.asinh(z) - e) / (s * sp.sqrt(1 + z**2)) * normal(sp.sinh(k * sp.asinh(z) - e)),
        x,
        (m, s, e, k),
        (e, k),
    ),
    "kink that moves": Case(
        (sp.exp(-sp.Abs(z)) / 4 + normal(z) / 2) / s,
        x,
        (m, s),
        kink=lambda point: point[m],
    ),
    "rate": Case(r * reciprocal(r * t), t, (r,)),
    "scale and power": Case(k * t ** (k - 1) / s**k * reciprocal((t / s) ** k), t, (s, k)),
    "rate inside a power": Case(k * r * t ** (k - 1) * reciprocal(r * t**k), t, (r, k)),
    "logarithm of the variable": Case(hyperbolic((sp.log(t) - m) / s) / (s * t), t, (m, s)),
    "logit of the variable": Case(hyperbolic(logit) / (s * t * (1 - t)), t, (m, s), support=UNIT),
    "power of a unit interval": Case(k * reciprocal(-k * sp.log(t)) / t, t, (k,), support=UNIT),
    "rotation": Case(sp.exp(sp.cos(x - m)) / (2 * sp.pi * sp.besseli(0, 1)), x, (m,), support=CIRCLE),
}
SPOTS = {m: 0.3, a: -0.7, e: 0.4, s: 1.7, r: 0.6, k: 1.3, v: 2.1, b: 0.8}


@cache
def model_of(name: str) -> sg.StatisticalModel:
    case = CASES[name]
    return sg.StatisticalModel(case.density, case.variable, case.parameters, support=case.support, check=False)


@cache
def _functions(name: str) -> Callable[..., list]:
    case = CASES[name]
    score = [sp.diff(sp.log(case.density), p) for p in case.parameters]
    return sp.lambdify([case.variable, *case.parameters], [case.density, *score], ["scipy", "numpy"])


@cache
def means(name: str, point: tuple[float, ...], rank: int) -> dict[tuple[int, ...], float]:
    """The means of products of scores by Gauss and Legendre's rule on panels; the mass is seen to be one.

    Half-lines and the unit interval are laid on the line by the exponential and the logistic function.
    """
    case = CASES[name]
    middle = case.kink(dict(zip(case.parameters, point, strict=True))) if case.kink else 0.0
    reach = np.concatenate([np.arange(0, 20, 0.5), np.arange(20, 61, 2.5)])
    ends = np.linspace(0, 2 * np.pi, 9) if case.support == CIRCLE else np.unique([middle - reach, middle + reach])
    nodes, weights = np.polynomial.legendre.leggauss(30)
    half = np.diff(ends)[:, None] / 2
    w = (ends[:-1, None] + half + half * nodes).ravel()
    weight = (half * weights).ravel()
    if case.variable == t:
        y = np.exp(w) if case.support is None else 1 / (1 + np.exp(-w))
        weight = weight * (y if case.support is None else y * (1 - y))
    else:
        y = w
    with np.errstate(all="ignore"):
        density, *scores = (np.broadcast_to(f, y.shape) for f in _functions(name)(y, *point))
        seen = np.isfinite(density) & (density > 1e-200)
        mass = np.where(seen, density * weight, 0.0)

        def mean(index: tuple[int, ...]) -> float:
            product = np.prod([scores[i] for i in index], axis=0) if index else np.ones(y.shape)
            return float(np.sum(mass * np.where(seen, product, 0.0)))

        assert abs(mean(()) - 1) < 1e-11
        return {i: mean(i) for i in combinations_with_replacement(range(len(point)), rank)}


@pytest.mark.parametrize("name", CASES)
def test_which_parameters_a_pivot_takes_out(name: str) -> None:
    case, model = CASES[name], model_of(name)
    assert model.rung == "pivot"
    assert model.pivot is not None and model.pivot.shapes == case.shapes
    nodes = {
        n
        for tensor in (model.manifold.metric, model.manifold.cubic)
        for v in tensor.flat()
        for n in v.atoms(Expectation)
    }
    assert nodes and all(n.free_symbols <= set(case.shapes) for n in nodes)


@pytest.mark.parametrize("name", CASES)
def test_metric_and_cubic_tensor_are_those_of_quadrature(name: str) -> None:
    case, model = CASES[name], model_of(name)
    point = [SPOTS[p] for p in case.parameters]
    for tensor, rank in ((model.manifold.metric, 2), (model.manifold.cubic, 3)):
        derived = sg.lambdify(tensor)(point)
        wanted = means(name, tuple(point), rank)
        scale = max(1e-3, *map(abs, wanted.values()))
        for index, value in wanted.items():
            assert abs(derived[index] - value) < 1e-9 * scale, (index, derived[index], value)


FREE = [name for name, case in CASES.items() if not case.shapes and len(case.parameters) == 2]


@pytest.mark.parametrize("name", FREE)
def test_curvature_without_shapes_is_one_constant(name: str) -> None:
    manifold = model_of(name).manifold
    alpha = sp.Symbol("alpha", real=True)
    for order in (0, alpha):
        assert manifold.connection(order).scalar_curvature.free_symbols <= {alpha}


@pytest.mark.parametrize(
    "name", ["location and scale", "contaminated normal", "normal and logistic", "kink that moves"]
)
def test_tensors_of_a_location_and_scale(name: str) -> None:
    # g = constants / s**2 and T = constants / s**3 whatever the density.
    manifold = model_of(name).manifold
    for tensor, power in ((manifold.metric, 2), (manifold.cubic, 3)):
        assert all((value * s**power).cancel().free_symbols == set() for value in tensor.flat())
    # The density is even, so that the group has nothing to mix: a hyperbolic plane.
    assert manifold.metric[0, 1] == 0 and manifold.cubic[0, 0, 0] == 0 == manifold.cubic[0, 1, 1]
    curvature = manifold.connection(0).scalar_curvature
    assert float(curvature * manifold.metric[1, 1] * s**2) == pytest.approx(-2, rel=1e-9)


def test_curvature_of_a_shape_is_free_of_location_and_scale() -> None:
    model = model_of("skew normal")
    curvature = model.manifold.connection(0).scalar_curvature
    assert curvature.free_symbols == {a}
    verified = sg.verify(model, points=[(0.3, 1.7, -0.7), (-2.0, 0.4, 1.1)])
    assert verified and all(check.agrees for check in verified.checks)


@settings(max_examples=10, deadline=None)
@given(st.floats(-3, 3), st.floats(0.2, 5))
def test_another_parametrisation_has_the_pulled_back_metric(at: float, variance: float) -> None:
    here = sg.lambdify(model_of("variance").manifold.metric)([at, variance])
    there = sg.lambdify(model_of("location and scale").manifold.metric)([at, np.sqrt(variance)])
    jacobian = np.diag([1.0, 0.5 / np.sqrt(variance)])
    assert here == pytest.approx(jacobian @ there @ jacobian, rel=1e-9)


@settings(max_examples=10, deadline=None)
@given(st.floats(-3, 3), st.floats(0.2, 5))
def test_the_same_law_by_intercept_and_slope(intercept: float, slope: float) -> None:
    here = sg.lambdify(model_of("slope and intercept").manifold.metric)([intercept, slope])
    there = sg.lambdify(model_of("location and scale").manifold.metric)([-intercept / slope, 1 / slope])
    jacobian = np.array([[-1 / slope, intercept / slope**2], [0, -1 / slope**2]])
    assert here == pytest.approx(jacobian.T @ there @ jacobian, rel=1e-8)


def test_flatness_that_hides_in_constants() -> None:
    # The normal law by an incomplete gamma function: flat for alpha = 1, though no formula says so.
    disguised = sp.uppergamma(sp.S.One, z**2 / 2, evaluate=False) / (s * sp.sqrt(2 * sp.pi))
    model = sg.StatisticalModel(disguised, x, (m, s), check=False)
    assert model.rung == "pivot"
    assert model.manifold.connection(1).is_flat and not model.manifold.connection(0).is_flat
    assert not model_of("location and scale").manifold.connection(1).is_flat


def test_names_do_not_matter() -> None:
    y, mu, sigma = sp.Symbol("y", real=True), sp.Symbol("z", real=True), sp.Symbol("u", positive=True)
    model = sg.StatisticalModel(hyperbolic((y - mu) / sigma) / sigma, y, (mu, sigma), check=False)
    assert model.rung == "pivot"
    here, there = sg.lambdify(model.manifold.metric), sg.lambdify(model_of("location and scale").manifold.metric)
    assert here([1.0, 2.0]) == pytest.approx(there([1.0, 2.0]), rel=1e-12)


def test_a_jump_that_moves_is_refused() -> None:
    # Two half normal laws of different height meet at m: the score of m has no mean zero.
    density = normal(x - m) * sp.exp((x - m) / sp.Abs(x - m) / 3) / sp.cosh(sp.Rational(1, 3))
    model = sg.StatisticalModel(density, x, (m,), check=False)
    with pytest.raises(SupportError, match="jumps at a place that moves with m"):
        _ = model.manifold


@pytest.mark.parametrize(
    ("density", "variable", "parameters", "support"),
    [
        # A scale keeps no interval, and a location no half-line.
        (sp.exp(-sp.cosh(t - m)), t, (m,), None),
        (sp.exp(-sp.cosh(t / s)), t, (s,), UNIT),
        (sp.exp(-sp.cosh(x - m)), x, (m,), sp.Interval(0, 1)),
        # Sums have no change of variable.
        (sp.exp(-sp.cosh(x - m)), x, (m,), sp.S.Integers),
        # A kink at zero does not move with the rest.
        (sp.exp(-sp.cosh(x - m) - sp.Abs(x)), x, (m,), None),
    ],
)
def test_what_no_pivot_is_for(density: sp.Expr, variable: sp.Symbol, parameters: tuple, support: sp.Set | None) -> None:
    assert sg.StatisticalModel(density, variable, parameters, support=support, check=False).pivot is None


def test_the_derivation_shows_the_pivot() -> None:
    text = sg.derivation(model_of("location and scale")).text(use_unicode=False)
    for line in ("x = m + s*y", "log q(y) = -cosh(y)", "h1 = sinh(y)", "h2 = y*sinh(y) - 1"):
        assert line in text, line
    assert r"\mathrm{E}[h_{1}^{2}]" in sg.derivation(model_of("location and scale")).latex()
