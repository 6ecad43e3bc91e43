"""Geodesics held against what is known of them: conservation, straight lines, great circles, changes of chart."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import symgeo as sg
from symgeo import catalogue
from symgeo.geometry.manifold import StatisticalManifold
from symgeo.solve import march, progress
from symgeo.solve.boundary import METRIC

BOXES = {
    "normal": [(-1, 1), (0.6, 2)],
    "gamma": [(0.6, 3), (0.5, 2)],
    "beta": [(0.8, 3), (0.8, 3)],
    "inverse_gaussian": [(0.6, 2), (0.6, 2)],
    "inverse_gamma": [(1, 3), (0.6, 2)],
    "von_mises": [(-1, 1), (0.6, 2)],
    "negative_binomial": [(0.3, 0.6)],
    "poisson": [(0.6, 3)],
    "exponential": [(0.6, 3)],
    "binomial": [(0.3, 0.7)],
    "geometric": [(0.3, 0.7)],
    "laplace": [(0.6, 2)],
    "lognormal": [(-1, 1), (0.6, 2)],
    "weibull_free": [(0.8, 2), (0.6, 2)],
    "gumbel": [(-1, 1), (0.6, 2)],
    "cauchy": [(-1, 1), (0.6, 2)],
    "logistic": [(-1, 1), (0.6, 2)],
    "multinomial": [(0.25, 0.4), (0.25, 0.4)],
    "dirichlet": [(0.8, 2), (0.8, 2), (0.8, 2)],
    "bivariate_normal": [(-1, 1), (-1, 1), (0.7, 1.5), (0.7, 1.5), (-0.5, 0.5)],
    "pareto": [(1, 3)],
    "nakagami": [(0.8, 3), (0.6, 2)],
    "markov_chain": [(0.3, 0.7), (0.3, 0.7)],
}
CURVED = tuple(name for name, box in BOXES.items() if len(box) > 1)
EXPONENTIAL = (
    "normal",
    "gamma",
    "beta",
    "inverse_gaussian",
    "von_mises",
    "multinomial",
    "dirichlet",
    "bivariate_normal",
)


def drawn(name: str, seed: int, count: int, length: float) -> tuple[np.ndarray, np.ndarray]:
    """Starts in the box, and velocities that are so many units of the metric long."""
    box, rng = np.array(BOXES[name], dtype=float), np.random.default_rng(seed)
    x = rng.uniform(box[:, 0], box[:, 1], (count, len(box)))
    v = rng.normal(size=x.shape)
    g = sg.lambdify(catalogue.get(name).manifold.metric)(x)
    return x, v * length / np.sqrt(np.einsum("pij,pi,pj->p", g, v, v))[:, None]


@pytest.mark.parametrize("name", BOXES)
@settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_energy_is_conserved(name: str, seed: int) -> None:
    model = catalogue.get(name)
    x, v = drawn(name, seed, 5, 0.4)
    found = sg.geodesic(model, x, v, np.linspace(0, 1, 4))
    g = sg.lambdify(model.manifold.metric)(found.points)
    energy = np.einsum("...ij,...i,...j->...", g, found.velocities, found.velocities)
    known = np.isfinite(energy) & (found.times < 0.99 * found.exit_time[:, None])
    assert np.count_nonzero(known) >= 15
    np.testing.assert_allclose(energy[known], 0.16, rtol=1e-10)
    np.testing.assert_allclose(found.speed, 0.4, rtol=1e-12)


@pytest.mark.parametrize("alpha", [1, -1])
@pytest.mark.parametrize("name", EXPONENTIAL)
def test_flat_geodesics_are_straight_in_affine_coordinates(name: str, alpha: int) -> None:
    manifold = catalogue.get(name).manifold
    duality = manifold.duality
    affine = sg.lambdify(duality.natural if alpha == 1 else duality.expectation, manifold.coordinates)
    x, v = drawn(name, 5, 6, 0.3)
    found = sg.geodesic(manifold, x, v, [0, 0.4, 1.0], alpha)
    values = affine(found.points)
    straight = values[:, :1] + found.times[:, None] * (values[:, 1:2] - values[:, :1]) / 0.4
    np.testing.assert_allclose(values, straight, rtol=1e-9, atol=1e-9)
    assert np.max(np.abs(values[:, 2] - values[:, 0])) > 0.01


def test_a_great_circle_of_the_simplex_ends_at_its_boundary() -> None:
    model = catalogue.get("multinomial(1, 4)")
    rng = np.random.default_rng(3)
    p = rng.dirichlet(2 * np.ones(4), 40)
    q = rng.normal(size=p.shape) * 0.3
    q -= np.mean(q, axis=1, keepdims=True)
    # In the roots of the probabilities: y(t) = y cos(wt) + y'/w sin(wt), until one of them is zero.
    y, dy = np.sqrt(p), q / (2 * np.sqrt(p))
    w = np.linalg.norm(dy, axis=1, keepdims=True)
    zero = np.mod(np.arctan2(-y * w, dy), np.pi) / w
    expected, which = np.min(zero, axis=1), np.argmin(zero, axis=1)
    times = np.linspace(0, 60, 31)
    found = sg.geodesic(model, p[:, :3], q[:, :3], times)
    np.testing.assert_allclose(found.exit_time, expected, rtol=1e-8)
    names = [*(f"{s} > 0" for s in model.parameters), "-p1 - p2 - p3 + 1 > 0"]
    assert found.exit_condition.tolist() == [names[k] for k in which]
    gone = times >= found.exit_time[:, None]
    assert np.all(np.isnan(found.points) == gone[..., None]) and np.any(gone) and not np.all(gone)
    circle = (
        y[:, None] * np.cos(w[:, None] * times[:, None]) + (dy / w)[:, None] * np.sin(w[:, None] * times[:, None])
    ) ** 2
    inside = times < 0.97 * found.exit_time[:, None]
    np.testing.assert_allclose(found.points[inside], circle[..., :3][inside], rtol=1e-9, atol=1e-11)
    assert "leave the domain" in repr(found)


def test_a_bernoulli_geodesic_ends_at_certainty() -> None:
    found = sg.geodesic(catalogue.get("bernoulli"), [0.5], [0.3], [0.0, 1.0, 2.6, 2.7, 9.0])
    assert found.exit_time == pytest.approx(np.pi / 2 / 0.6, rel=1e-9) and found.exit_condition.item() == "1 - p > 0"
    np.testing.assert_allclose(found.points[:3, 0], np.sin(np.pi / 4 + 0.3 * found.times[:3]) ** 2, rtol=1e-10)
    assert np.all(np.isnan(found.points[3:])) and np.all(np.isnan(found.velocities[3:]))
    assert "leaves the domain at t = 2.617993878" in repr(found)


def test_normal_geodesics_never_end() -> None:
    x, v = drawn("normal", 1, 30, 1.0)
    found = sg.geodesic(catalogue.get("normal"), x, v, [0, 20.0])
    assert (
        np.all(np.isinf(found.exit_time)) and np.all(np.isfinite(found.points)) and np.all(found.energy_drift < 1e-10)
    )
    assert np.min(found.points[:, 1, 1]) < 1e-5


def test_coordinates_that_run_away_end_a_geodesic() -> None:
    # The natural coordinate -1/(2 sigma^2) of an e-geodesic reaches zero.
    found = sg.geodesic(catalogue.get("normal"), [0.0, 1.0], [1.0, 1.0], [0, 0.3, 0.6], 1)
    assert found.exit_time == pytest.approx(0.5, rel=1e-8) and "oo" in found.exit_condition.item()
    assert np.all(np.isfinite(found.points[:2])) and np.all(np.isnan(found.points[2]))
    # An m-geodesic of the normal laws ends where the variance does, 1 + 2t - t^2 here.
    found = sg.geodesic(catalogue.get("normal"), [0.0, 1.0], [1.0, 1.0], [0, 3.0], -1)
    assert found.exit_time == pytest.approx(1 + np.sqrt(2), rel=1e-8) and found.exit_condition.item() == "sigma > 0"


def test_a_domain_that_only_the_metric_tells_ends_too() -> None:
    s = sp.Symbol("s", real=True)
    manifold = StatisticalManifold.from_potential(-sp.log(-s), (s,))
    found = sg.geodesic(manifold, [-1.0], [1.0], [0, 0.5, 3.0], 1)
    assert found.exit_time == pytest.approx(1.0, rel=1e-8) and found.exit_condition.item() == METRIC
    np.testing.assert_allclose(found.points[:, 0], [-1, -0.5, np.nan])


@pytest.mark.parametrize("alpha", [0, sp.Rational(1, 3)])
def test_many_digits_by_taylor_series(alpha: sp.Expr) -> None:
    """mpmath's integrator, to twenty digits, on the geodesic equations as they are written down."""
    model, t = catalogue.get("inverse_gaussian"), sp.Symbol("t")
    equations = model.manifold.connection(alpha).geodesic_equations(t)
    curves = [sp.Function(s.name, real=True)(t) for s in model.parameters]
    x, v = sp.symbols("x:2", positive=True), sp.symbols("v:2")
    replaced = {sp.Derivative(c, (t, 2)): 0 for c in curves} | {
        sp.Derivative(c, t): s for c, s in zip(curves, v, strict=True)
    }
    right = [-e.lhs.xreplace(replaced).xreplace(dict(zip(curves, x, strict=True))) for e in equations]
    force = sp.lambdify((*x, *v), right, "mpmath")
    with mpmath.workdps(20):
        solution = mpmath.odefun(lambda _, y: [y[2], y[3], *force(*y)], 0, [mpmath.mpf(2), 1, 0.5, -0.25], tol=1e-16)
        expected = [float(c) for c in solution(0.5)]
    found = sg.geodesic(model, [2.0, 1.0], [0.5, -0.25], [0.5], alpha)
    np.testing.assert_allclose([*found.points[0], *found.velocities[0]], expected, rtol=2e-11)


@pytest.mark.parametrize("alpha", [0, 1, -0.5])
def test_charts_do_not_matter(alpha: float) -> None:
    manifold = catalogue.get("normal").manifold
    mu, sigma = manifold.coordinates
    a, b = sp.symbols("a b", real=True)
    moved = manifold.reparametrize({mu: a + b**3, sigma: sp.exp(b)}, (a, b))
    start, v = np.array([0.3, -0.2]), np.array([0.4, 0.5])
    place = np.array([start[0] + start[1] ** 3, np.exp(start[1])])
    speed = np.array([v[0] + 3 * start[1] ** 2 * v[1], np.exp(start[1]) * v[1]])
    times = [0.2, 0.6]
    there, here = sg.geodesic(moved, start, v, times, alpha), sg.geodesic(manifold, place, speed, times, alpha)
    carried = np.stack([there.points[:, 0] + there.points[:, 1] ** 3, np.exp(there.points[:, 1])], -1)
    np.testing.assert_allclose(carried, here.points, rtol=1e-10)


@pytest.mark.parametrize("name", ["normal", "multinomial", "dirichlet"])
def test_a_batch_is_its_members(name: str) -> None:
    model = catalogue.get(name)
    x, v = drawn(name, 2, 6, 1.5)
    many = sg.geodesic(model, x.reshape(2, 3, -1), v.reshape(2, 3, -1), [0.3, 1.0])
    assert many.points.shape == (2, 3, 2, len(x[0])) and many.exit_time.shape == (2, 3) and len(many) == 6
    for k in range(6):
        one = sg.geodesic(model, x[k], v[k], [0.3, 1.0])
        np.testing.assert_allclose(one.points, many.points[k // 3, k % 3], rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(one.exit_time, many.exit_time[k // 3, k % 3], rtol=1e-8)


@pytest.mark.parametrize("alpha", [0, 1])
def test_time_and_velocity_trade(alpha: int) -> None:
    """The geodesic with velocity c v at t is that with v at c t, c of any size; turned round it leads to its start."""
    model = catalogue.get("gamma")
    start, v = np.array([2.0, 1.0]), np.array([0.6, 0.2])
    slow = sg.geodesic(model, start, v, [0.5, 0.9], alpha)
    fast = sg.geodesic(model, start, 1e9 * v, np.array([0.5, 0.9]) * 1e-9, alpha)
    np.testing.assert_allclose(fast.points, slow.points, rtol=1e-11)
    np.testing.assert_allclose(
        sg.exponential_map(model, slow.end, -0.9 * slow.velocities[-1], alpha), start, rtol=1e-10
    )
    np.testing.assert_array_equal(sg.exponential_map(model, start, [0.0, 0.0], alpha), start)


def test_dense_output_is_the_solution() -> None:
    model = catalogue.get("bivariate_normal")
    x, v = drawn("bivariate_normal", 4, 3, 1.2)
    between = np.array([0.9, 0.13, 0.0, 0.5])
    sparse, dense = sg.geodesic(model, x, v, [1.0]), sg.geodesic(model, x, v, sorted(between))
    order = np.argsort(between)
    np.testing.assert_allclose(sparse(between)[:, order], dense.points, rtol=1e-10, atol=1e-11)
    np.testing.assert_allclose(sparse.velocity(0.5), dense.velocities[:, 2], rtol=1e-9, atol=1e-10)
    assert sparse(0.5).shape == (3, 5) and np.all(np.isnan(sparse([-0.1, 1.1])))
    np.testing.assert_array_equal(sparse(0.0), x)


def test_metrics_that_are_integrated_serve() -> None:
    found = sg.geodesic(catalogue.get("skew_normal"), [0.0, 1.0, 2.0], [0.1, 0.05, 0.1], [0, 1.0])
    assert found.energy_drift < 1e-7 and np.all(np.isfinite(found.points))


def test_an_interruption_keeps_what_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("symgeo.solve.geodesic.BLOCK", 4)
    x, v = drawn("gamma", 6, 12, 1.0)
    whole = sg.geodesic(catalogue.get("gamma"), x, v, [0.1, 1.0])
    advance, calls = progress.Progress.advance, []

    def interrupted(self: progress.Progress, amount: float) -> None:
        advance(self, amount)
        calls.append(self.done)
        if self.done > 6:
            raise KeyboardInterrupt

    monkeypatch.setattr(progress.Progress, "advance", interrupted)
    part = sg.geodesic(catalogue.get("gamma"), x, v, [0.1, 1.0])
    assert whole.complete and not part.complete and "INTERRUPTED: 4 of 12" in repr(part)
    np.testing.assert_array_equal(part.points[:4], whole.points[:4])
    # The block at work is known as far as it came, that after it not at all.
    np.testing.assert_array_equal(part.points[4:8, 0], whole.points[4:8, 0])
    assert np.all(np.isnan(part.points[4:8, 1])) and np.all(np.isnan(part.points[8:]))
    assert len(calls) > 1 and march.BLOCK > 4


@pytest.mark.parametrize("alpha", [1, -1])
@pytest.mark.parametrize("family", ["normal", "poisson", "bernoulli", "gamma", "von_mises", "dirichlet"])
def test_straight_lines_agree_with_the_integrated_equations(
    family: str, alpha: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifold = getattr(sg.catalogue, family)().manifold
    start = np.full(manifold.dim, 0.6)
    velocity = np.linspace(0.05, 0.15, manifold.dim)
    closed = sg.geodesic(manifold, start, velocity, (0.0, 0.3, 1.0), alpha)
    assert closed.method.startswith(f"straight lines in the {'natural' if alpha == 1 else 'expectation'} coordinates")
    monkeypatch.setattr("symgeo.solve.geodesic.has_straight_lines", lambda spray: False)
    integrated = sg.geodesic(manifold, start, velocity, (0.0, 0.3, 1.0), alpha)
    assert "straight" not in integrated.method
    np.testing.assert_allclose(closed.points, integrated.points, rtol=1e-9)
    np.testing.assert_allclose(closed.velocities, integrated.velocities, rtol=1e-8)
    np.testing.assert_allclose(closed(0.7), integrated(0.7), rtol=1e-9)


def test_the_way_back_from_affine_coordinates_may_be_an_iteration() -> None:
    """m-geodesics of plane von Mises laws end where the mean is one long, a quadratic equation in the time."""
    a, b, x = sp.symbols("a b x", real=True)
    size = sp.sqrt(a**2 + b**2)
    density = sp.exp(a * sp.cos(x) + b * sp.sin(x)) / (2 * sp.pi * sp.besseli(0, size))
    model = sg.StatisticalModel(density, x, (a, b), support=sp.Interval(-sp.pi, sp.pi))
    start = np.array([[-0.2, 0.8], [0.3, 1.1], [2.0, -1.0]])
    found = sg.geodesic(model, start, [[1.0, 1.4], [0.1, -0.2], [0.8, -1.2]], [0.2, 0.9, 99.0], -1)
    assert found.method == "straight lines in the expectation coordinates, Newton's method"
    means = sg.lambdify(model.manifold.duality.expectation, (a, b))
    begin, values = means(start), means(found.points)
    slope = (values[:, 0] - begin) / 0.2
    lines = begin[:, None] + found.times[:, None] * slope[:, None]
    within = np.isfinite(values)
    assert within[:, 0].all() and not within[:, 2].any()
    np.testing.assert_allclose(values[within], lines[within], rtol=1e-12)
    square, both, rest = np.sum(slope**2, 1), np.sum(begin * slope, 1), np.sum(begin**2, 1) - 1
    ends = (np.sqrt(both**2 - square * rest) - both) / square
    np.testing.assert_allclose(found.exit_time, ends, rtol=1e-9)


def test_straight_lines_do_not_jump_across_a_cut() -> None:
    """The angle of a line in the plane passes pi, where the domain of these laws ends."""
    start, velocity = np.array([2.20214922, 0.43995626]), np.array([0.5563463, -0.73517223])
    found = sg.geodesic(catalogue.get("von_mises"), start, velocity, [0.3, 1.0], 1)
    (angle, size), (turn, pull) = start, velocity
    height, rise = size * np.sin(angle), size * np.cos(angle) * turn + np.sin(angle) * pull
    assert found.exit_time == pytest.approx(-height / rise, rel=1e-9) and found.exit_condition.item() == "pi - mu > 0"
    assert np.isnan(found.points[1]).all() and found.method.startswith("straight lines")


def test_straight_lines_without_digits_are_not_taken() -> None:
    """The slope of the affine coordinates is a difference of terms that rounding of the velocity makes all of it."""
    a, b, x, y = sp.symbols("a b x y", positive=True)
    r = sp.Symbol("r", real=True)
    form = (x**2 / a**2 - 2 * r * x * y / (a * b) + y**2 / b**2) / (1 - r**2)
    density = sp.exp(-form / 2) / (2 * sp.pi * a * b * sp.sqrt(1 - r**2))
    whole = {s: sp.Symbol(s.name, real=True) for s in (x, y)}
    model = sg.StatisticalModel(
        density.subs(whole), tuple(whole.values()), (a, b, r), domain={r: sp.Interval.open(-1, 1)}
    )
    start = (15.982064226611639, 0.01669704944886192, 0.8901314660802396)
    end = (0.019201332844421597, 27.96060404267521, -0.9044957584790437)
    velocity = sg.logarithm_map(model, start, end, 1)
    found = sg.geodesic(model, start, velocity, [0.5, 1.0], 1)
    middle = sg.geodesic_between(model, start, end, 1)(0.5)
    np.testing.assert_allclose(found.points[0], middle, rtol=1e-6)
    assert "straight" not in found.method


def test_m_geodesics_of_gamma_laws_run_to_certainty() -> None:
    """They end where the logarithm of the mean is that of the logarithms; the shape grows to 1e7 before."""
    with mpmath.workdps(30):
        k, r, dk, dr = map(mpmath.mpf, (2, 1, 1, 1))
        mean, slope = k / r, dk / r - k * dr / r**2
        log_mean, log_slope = mpmath.psi(0, k) - mpmath.log(r), mpmath.psi(1, k) * dk - dr / r
        expected = mpmath.findroot(
            lambda t: mpmath.log(mean + t * slope) - log_mean - t * log_slope, (0.7, 1.0), solver="anderson"
        )
    found = sg.geodesic(catalogue.get("gamma"), [2.0, 1.0], [1.0, 1.0], [0.1, 100.0], -1)
    assert found.exit_time == pytest.approx(float(expected), rel=1e-9) and "oo" in found.exit_condition.item()


def test_where_doubles_lose_the_digits_of_the_symbols():
    # The metric of the Kumaraswamy law has removable singularities at b = 1 and 2.
    model = catalogue.get("kumaraswamy")
    there = sg.geodesic(model, [1.5, 1.2], [0.5, -0.4], [0.5, 1.0])
    assert there.end[1] < 1.0
    back = sg.geodesic(model, there.end, -there.velocities[-1], [0.5, 1.0])
    np.testing.assert_allclose(back.end, [1.5, 1.2], rtol=1e-9)
    np.testing.assert_allclose(back.points[0], there.points[0], rtol=1e-9)
