"""Theorems of natural-gradient steps over families and charts: invariance, mirror descent, decrease, given divergence.

The divergences of steps are held against integrals and sums of the densities themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import pytest
import scipy.integrate
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as hyp
from scipy.special import betaln, digamma, gammaln

import symgeo as sg

mu, x = sp.symbols("mu x", real=True)
a, b, k, m, r, s, t = sp.symbols("a b k m r s t", positive=True)
n = sp.Symbol("n", integer=True, nonnegative=True)
y = sp.Symbol("y", integer=True)
f, g = sp.symbols("f g", real=True)
UNIT = sp.Interval.open(0, 1)
GAUSS = sp.exp(-(((x - mu) / s) ** 2) / 2) / (s * sp.sqrt(2 * sp.pi))
TOWER = sp.exp(f) + sp.exp(g) + 1
DENSITIES: dict[str, Callable[[], sg.StatisticalModel]] = {
    "normal": lambda: sg.StatisticalModel(GAUSS, x, (mu, s)),
    "gamma": lambda: sg.StatisticalModel(r**k * t ** (k - 1) * sp.exp(-r * t) / sp.gamma(k), t, (k, r)),
    "poisson": lambda: sg.StatisticalModel(m**n * sp.exp(-m) / sp.factorial(n), n, m),
    "categorical": lambda: sg.StatisticalModel(
        sp.Piecewise((sp.exp(f), sp.Eq(y, 1)), (sp.exp(g), sp.Eq(y, 2)), (1, True)) / TOWER,
        y,
        (f, g),
        support=sp.FiniteSet(0, 1, 2),
    ),
    # Declared by nobody: a power tail, and a law on (0, 1) whose logarithm is an exponential variable of squared rate.
    "power tail": lambda: sg.StatisticalModel((1 + a**3) * (1 + t) ** (-2 - a**3), t, a),
    "two ends": lambda: sg.StatisticalModel(
        t ** (a - 1) * (1 - t) ** (a * b - 1) * sp.gamma(a + a * b) / sp.gamma(a) / sp.gamma(a * b),
        t,
        (a, b),
        support=UNIT,
    ),
}


@dataclass(frozen=True)
class Case:
    """A model, a loss on it, and the chart theta_i = image(u_1, ..., u_n) with its inverse in numbers."""

    name: str

    @cached_property
    def model(self) -> sg.StatisticalModel:
        return DENSITIES[self.name]()

    @cached_property
    def theta(self) -> tuple[sp.Symbol, ...]:
        return self.model.parameters

    @cached_property
    def loss(self) -> sp.Expr:
        first, last = self.theta[0], self.theta[-1]
        return (first - 1) ** 2 / 2 + sp.log(1 + last**2) / 3 + first * last / 7

    @cached_property
    def new(self) -> tuple[sp.Symbol, ...]:
        return tuple(sp.Symbol(f"u_{i}", real=True) for i in range(len(self.theta)))

    @cached_property
    def chart(self) -> dict[sp.Symbol, sp.Expr]:
        """Exponentials of positive parameters, sinh of the others, after a shear."""
        sheared = [sp.Add(u, *(v / 2 for v in self.new[:i])) for i, u in enumerate(self.new)]
        return {p: (sp.exp(e) if p.is_positive else sp.sinh(e)) for p, e in zip(self.theta, sheared, strict=True)}

    @cached_property
    def back(self) -> Callable[[np.ndarray], np.ndarray]:
        return sg.lambdify([self.chart[p] for p in self.theta], self.new)

    def there(self, point: np.ndarray) -> np.ndarray:
        found: list[float] = []
        for p, value in zip(self.theta, point, strict=True):
            found.append((np.log(value) if p.is_positive else np.arcsinh(value)) - sum(found) / 2)
        return np.array(found)

    @cached_property
    def moved(self) -> sg.StatisticalManifold:
        return self.model.manifold.reparametrize(self.chart, self.new)

    @cached_property
    def gradient(self) -> Callable[[np.ndarray], np.ndarray]:
        return sg.lambdify(list(sg.natural_gradient(self.model, self.loss)), self.theta)

    @cached_property
    def moved_gradient(self) -> Callable[[np.ndarray], np.ndarray]:
        loss = self.loss.subs(self.chart, simultaneous=True)
        return sg.lambdify(list(sg.natural_gradient(self.moved, loss)), self.new)

    @cached_property
    def value(self) -> Callable[[np.ndarray], np.ndarray]:
        return sg.lambdify(self.loss, self.theta)

    @cached_property
    def region(self) -> sg.TrustRegion:
        return sg.TrustRegion(self.model)

    @cached_property
    def density(self) -> Callable[..., np.ndarray]:
        return sp.lambdify((*self.model.variables, *self.theta), self.model.log_density, ["scipy", "numpy"])

    def divergence(self, p: np.ndarray, q: np.ndarray) -> float:
        """D(p || q) by summing or integrating the density."""
        if self.name == "categorical":
            e, h = (np.exp(np.append(z, 0.0)) for z in (p, q))
            e, h = e / e.sum(), h / h.sum()
            return float(np.sum(e * np.log(e / h)))
        if self.name == "poisson":
            points = np.arange(0.0, 400.0)
            first, second = (points * np.log(z[0]) - z[0] for z in (p, q))
            weight = np.exp(first - gammaln(points + 1))
            return float(np.sum(weight * (first - second)))

        if self.name == "two ends":  # a Beta law of a and a b: Johnson, Kotz and Balakrishnan 1995, chapter 25
            first, second = (np.array([z[0], z[0] * z[1]]) for z in (p, q))
            logs = digamma(first) - digamma(first.sum())
            return float(betaln(*second) - betaln(*first) + (first - second) @ logs)

        # The support on the line: the exponential of w, or w in standard deviations.
        def integrand(w: float) -> float:
            z, slope = (p[0] + p[1] * w, p[1]) if self.name == "normal" else (np.exp(w), np.exp(w))
            first = self.density(z, *p)
            return float(np.exp(first) * (first - self.density(z, *q)) * slope)

        ends = 12.0 if self.name == "normal" else 60.0
        parts = [(-ends, -4.0), (-4.0, 0.0), (0.0, 4.0), (4.0, ends)]
        return sum(scipy.integrate.quad(integrand, *e, epsabs=1e-13, epsrel=1e-10, limit=200)[0] for e in parts)

    def point(self, shares: list[float]) -> np.ndarray:
        """Shares in (0, 1) as parameters between 0.5 and 3, or -1 and 1."""
        return np.array(
            [0.5 + 2.5 * v if p.is_positive else 2 * v - 1 for p, v in zip(self.theta, shares, strict=False)]
        )


@cache
def case(name: str) -> Case:
    return Case(name)


over_cases = pytest.mark.parametrize("name", DENSITIES)
shares = hyp.lists(hyp.floats(0, 1), min_size=2, max_size=2)


@over_cases
@given(where=shares)
@settings(max_examples=15, deadline=None)
def test_straight_steps_in_two_charts_part_in_second_order(name: str, where: list[float]) -> None:
    """Halving the step quarters the disagreement."""
    c = case(name)
    start = c.point(where)
    other = c.there(start)
    apart = []
    for step in (2e-4, 1e-4):
        here, there = start - step * c.gradient(start), other - step * c.moved_gradient(other)
        apart.append(c.back(there) - here)
    speed = np.linalg.norm(c.gradient(start))
    np.testing.assert_allclose(apart[1], apart[0] / 4, atol=1e-14 + 0.01 * np.abs(apart[0]).max() + 1e-11 * speed**3)


@over_cases
@given(where=shares, alpha=hyp.sampled_from([0, -1, 1]))
@settings(max_examples=3, deadline=None)
def test_geodesic_steps_are_the_same_in_both_charts(name: str, where: list[float], alpha: int) -> None:
    c = case(name)
    start = c.point(where)
    other = c.there(start)
    here = sg.exponential_map(c.model, start, -0.05 * c.gradient(start), alpha)
    there = sg.exponential_map(c.moved, other, -0.05 * c.moved_gradient(other), alpha)
    np.testing.assert_allclose(c.back(there), here, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("name", ["normal", "gamma", "poisson", "categorical", "two ends"])
@given(where=shares)
@settings(max_examples=3, deadline=None)
def test_mirror_descent_is_natural_gradient(name: str, where: list[float]) -> None:
    """mu(new) = mu(old) - rate dL/d eta: Raskutti and Mukherjee, IEEE Trans. Inform. Theory 61 (2015) 1451-1457."""
    c = case(name)
    start, rate = c.point(where), 0.02
    duality = c.model.manifold.duality
    natural = sp.Matrix(duality.natural).jacobian(c.theta)
    jacobian = sg.lambdify(natural, c.theta)(start)
    slope = sg.lambdify([sp.diff(c.loss, p) for p in c.theta], c.theta)(start)
    expectation = sg.lambdify(list(duality.expectation), c.theta)
    found = sg.descend(c.model, c.loss, start, rate=rate, steps=1, step="mirror").end
    expected = expectation(start) - rate * np.linalg.solve(jacobian.T, slope)
    np.testing.assert_allclose(expectation(found), expected, rtol=1e-8, atol=1e-9)


@over_cases
@given(where=shares, slope=shares, radius=hyp.floats(1e-4, 0.3))
@settings(max_examples=6, deadline=None)
def test_the_divergence_of_a_trust_region_step_is_its_radius(
    name: str, where: list[float], slope: list[float], radius: float
) -> None:
    c = case(name)
    start = c.point(where)
    up = np.array([v + 0.1 for v in slope[: len(start)]])
    found = c.region.step(start, up, radius)
    assert abs(found.kl - radius) <= 1e-6 * radius
    assert c.divergence(start, found.theta) == pytest.approx(radius, rel=1e-6, abs=1e-10)


@over_cases
@given(where=shares)
@settings(max_examples=1, deadline=None)
def test_small_steps_decrease_the_loss(name: str, where: list[float]) -> None:
    """Of every kind; with momentum along geodesics too, and trust regions climb with every step."""
    c = case(name)
    start = c.point(where)
    for step in ("plain", "straight", "geodesic", "mirror"):
        losses = sg.descend(c.model, c.loss, start, rate=0.01, steps=4, step=step).losses
        assert (np.diff(losses) < 1e-13).all(), step
    theta = start
    for _ in range(4):
        slope = sg.lambdify([sp.diff(-c.loss, p) for p in c.theta], c.theta)(theta)
        if not np.linalg.norm(slope) > 1e-6:
            break
        found = c.region.step(theta, slope, 0.01, objective=lambda point: -float(c.value(point)))
        assert found.gain is not None and found.gain >= -1e-12
        theta = found.theta
    assert float(c.value(theta)) <= float(c.value(start))


def test_momentum_is_carried_along_geodesics() -> None:
    """With momentum too the way does not depend on the chart; in the plane it is the heavy ball."""
    c = case("normal")
    start = np.array([0.3, 1.4])
    loss = c.loss.subs(c.chart, simultaneous=True)
    for step in ("geodesic", "mirror", "e-geodesic"):
        here = sg.descend(c.model, c.loss, start, rate=0.05, steps=4, step=step, momentum=0.6)
        there = sg.descend(c.moved, loss, c.there(start), rate=0.05, steps=4, step=step, momentum=0.6)
        np.testing.assert_allclose(c.back(there.points), here.points, rtol=1e-7)
    flat = sg.normal((f, g), sp.eye(2), sp.symbols("z1 z2", real=True), (f, g))
    ways = [
        sg.descend(flat, f**4 + g**2 + f * g, [1.0, -1.0], rate=0.05, steps=9, step=step, momentum=0.5, damping=damping)
        for step, damping in (("straight", 0.0), ("geodesic", 0.0), ("straight", 1.0), ("geodesic", 1.0))
    ]
    np.testing.assert_allclose(ways[0].points, ways[1].points, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(ways[2].points, ways[3].points, rtol=1e-9, atol=1e-12)
    assert np.abs(ways[0].end - ways[2].end).max() > 1e-3


@given(first=hyp.integers(2, 12), second=hyp.integers(2, 12), third=hyp.integers(2, 12))
@settings(max_examples=2, deadline=None)
def test_pythagoras_at_projections(first: int, second: int, third: int) -> None:
    """D(p || r) = D(p || q) + D(q || r), q the m-projection onto an e-flat family; the other way round for the e-."""
    v = sp.Symbol("v", positive=True)
    gamma, two = case("gamma"), case("two ends")
    point, other = (sp.Rational(first, 4), sp.Rational(second, 3)), (sp.Rational(third, 5),)
    for c, flat in ((gamma, {k: v, r: sp.Rational(2)}), (two, {a: v, b: 2 / v})):
        found = sg.m_projection(c.model, point, flat, (v,))
        p, q = np.array(point, dtype=float), np.array([sp.N(e) for e in found.point], dtype=float)
        away = np.array([sp.N(flat[s].subs(v, other[0])) for s in c.theta], dtype=float)
        whole, parts = c.divergence(p, away), c.divergence(p, q) + c.divergence(q, away)
        assert whole == pytest.approx(parts, rel=1e-7, abs=1e-9), c.name
    # Gamma laws of mean 3 are flat in the expectation coordinates (E[t], E[log t]).
    found = sg.e_projection(gamma.model, point, {k: v, r: v / 3}, (v,))
    p, q = np.array(point, dtype=float), np.array([sp.N(e) for e in found.point], dtype=float)
    away = np.array([float(other[0]), float(other[0]) / 3])
    assert gamma.divergence(away, p) == pytest.approx(
        gamma.divergence(away, q) + gamma.divergence(q, p), rel=1e-7, abs=1e-9
    )
