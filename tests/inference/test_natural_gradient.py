"""Natural gradients: the same in every chart, mirror descent in dual coordinates; trust regions of given size."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as hyp
from scipy import stats

import symgeo as sg
from symgeo.errors import ArgumentError, DataError, DomainError, ShapeError, UnknownSymbolError

mu, tau, x = sp.symbols("mu tau x", real=True)
k, r, s, t = sp.symbols("k r s t", positive=True)
a, b = sp.symbols("a b", real=True)
y = sp.Symbol("y", integer=True)
NORMAL = sg.StatisticalModel(sp.exp(-(((x - mu) / s) ** 2) / 2) / (s * sp.sqrt(2 * sp.pi)), x, (mu, s))
LOSS = (mu - 3) ** 2 / 8 + s**2 / 8 - sp.log(s)
# The same manifold with log s, tau = mu + log s in the place of the coordinates.
LOG, SHEAR = sp.symbols("LOG SHEAR", real=True)
OTHER = NORMAL.manifold.reparametrize({s: sp.exp(LOG), mu: SHEAR - LOG}, (LOG, SHEAR))
OTHER_LOSS = LOSS.subs({s: sp.exp(LOG), mu: SHEAR - LOG}, simultaneous=True)
CATEGORICAL = sg.StatisticalModel(
    sp.Piecewise((sp.exp(a), sp.Eq(y, 1)), (sp.exp(b), sp.Eq(y, 2)), (1, True)) / (1 + sp.exp(a) + sp.exp(b)),
    y,
    (a, b),
    support=sp.FiniteSet(0, 1, 2),
)
GAMMA = sg.StatisticalModel(r**k * t ** (k - 1) * sp.exp(-r * t) / sp.gamma(k), t, (k, r))


def test_the_natural_gradient_is_a_vector() -> None:
    """Its components in another chart are the images of those in this one."""
    image = {s: sp.exp(LOG), mu: SHEAR - LOG}
    here = [e.subs(image, simultaneous=True) for e in sg.natural_gradient(NORMAL, LOSS)]
    there = sg.natural_gradient(OTHER, OTHER_LOSS)
    # d log s = ds/s, d tau = d mu + ds/s
    expected = [here[1] / sp.exp(LOG), here[0] + here[1] / sp.exp(LOG)]
    assert all(sp.expand(sp.expand(u - v)) == 0 for u, v in zip(there, expected, strict=True))


def test_descents_reach_the_minimum() -> None:
    starts = np.array([[0.0, 1.0], [5.0, 0.5]])
    for step in ("plain", "straight", "geodesic", "mirror"):
        found = sg.descend(NORMAL, LOSS, starts, rate=0.3, steps=80, step=step)
        assert found.points.shape == (81, 2, 2) and found.losses.shape == (81, 2)
        np.testing.assert_allclose(found.end, [[3.0, 2.0], [3.0, 2.0]], atol=1e-2)
    heavy = sg.descend(NORMAL, LOSS, starts, rate=0.1, steps=80, momentum=0.6, damping=0.1)
    np.testing.assert_allclose(heavy.end, [[3.0, 2.0], [3.0, 2.0]], atol=1e-3)


@given(
    theta=hyp.tuples(hyp.floats(-3, 3), hyp.floats(0.05, 20)),
    slope=hyp.tuples(hyp.floats(0.1, 3), hyp.floats(-3, 3)),
    radius=hyp.floats(1e-6, 5),
)
@settings(max_examples=40, deadline=None)
def test_the_divergence_of_a_step_is_its_radius(theta: tuple, slope: tuple, radius: float) -> None:
    found = NORMAL_REGION.step(theta, slope, radius)
    assert abs(found.kl - radius) <= 1e-6 * radius
    (m, d), (mean, scale) = theta, found.theta
    exact = np.log(scale / d) + (d**2 + (m - mean) ** 2) / (2 * scale**2) - 0.5
    assert exact == pytest.approx(radius, rel=1e-6, abs=1e-13)
    metric = np.diag([1.0, 2.0]) / d**2
    np.testing.assert_allclose(found.direction, np.linalg.solve(metric, slope), rtol=1e-9, atol=1e-12)


NORMAL_REGION = sg.TrustRegion(NORMAL)


def test_steps_where_the_divergence_is_integrated() -> None:
    q = sp.Symbol("q", real=True)
    density = sp.sqrt(2 / sp.pi) * sp.exp(-((x - mu) ** 2) / 2) * (1 + sp.erf(q * (x - mu) / sp.sqrt(2))) / 2
    region = sg.TrustRegion(sg.StatisticalModel(density, x, (mu, q)))
    theta = np.array([0.3, 1.5])
    grid = np.linspace(-8.0, 8.0, 4001)
    for radius in (1e-6, 1e-2, 1.0):
        found = region.step(theta, [1.0, -0.4], radius)
        old, new = (stats.skewnorm.logpdf(grid, p[1], p[0]) for p in (theta, found.theta))
        assert np.trapezoid(np.exp(old) * (old - new), grid) == pytest.approx(radius, rel=1e-6)


def test_a_policy_over_states() -> None:
    random = np.random.default_rng(0)
    theta, slope, weights = random.normal(size=(6, 2)), random.normal(size=(6, 2)), random.dirichlet(np.ones(6))
    found = sg.TrustRegion(CATEGORICAL).step(theta, slope, 0.03, weights=weights)

    def law(z: np.ndarray) -> np.ndarray:
        full = np.concatenate([np.zeros((6, 1)), z], axis=1)
        return np.exp(full) / np.exp(full).sum(axis=1, keepdims=True)

    old, new = law(theta), law(found.theta)
    assert weights @ np.sum(old * np.log(old / new), axis=1) == pytest.approx(0.03, rel=1e-9)
    metric = sg.lambdify(CATEGORICAL.manifold.metric)(theta) * weights[:, None, None]
    np.testing.assert_allclose(found.direction, np.linalg.solve(metric, slope[..., None])[..., 0], rtol=1e-8)


def test_a_policy_whose_states_share_their_parameters() -> None:
    """A normal law around a + b d: mean metric and mean divergence by their formulas; the slope scaled by both."""
    d = sp.Symbol("d", real=True)
    policy = sg.StatisticalModel(NORMAL.density.subs(mu, a + b * d), x, (a, b, s), covariates=d)
    at, weights = np.array([-1.0, 0.0, 0.5, 3.0]), np.array([0.1, 0.4, 0.3, 0.2])
    theta, slope = np.array([0.3, -0.8, 0.7]), np.array([1.0, 2.0, -0.5])
    region = sg.TrustRegion(policy, states={"d": at})
    rows = np.stack([np.ones(4), at], axis=1)
    for shares in (weights, None):
        w = np.full(4, 0.25) if shares is None else weights
        found = region.step(theta, slope, 0.02, weights=shares)
        metric = np.zeros((3, 3))
        metric[:2, :2], metric[2, 2] = (rows * w[:, None]).T @ rows / 0.49, 2 / 0.49
        np.testing.assert_allclose(found.direction, np.linalg.solve(metric, slope), rtol=1e-9)
        apart, scale = rows @ (found.theta - theta)[:2], found.theta[2]
        exact = np.log(scale / 0.7) + (0.49 + w @ apart**2) / (2 * scale**2) - 0.5
        assert exact == pytest.approx(0.02, rel=1e-6)
    with pytest.raises(ArgumentError, match="states are values of covariates; the model has d"):
        sg.TrustRegion(policy)
    with pytest.raises(ArgumentError, match="none of them"):
        sg.TrustRegion(NORMAL, states={"d": at})
    with pytest.raises(DataError, match="give values of d"):
        sg.TrustRegion(policy, states={"e": at})
    with pytest.raises(ShapeError, match="all states share their parameters"):
        region.step(np.ones((4, 3)), np.ones((4, 3)), 0.1)
    with pytest.raises(ShapeError, match="do not fit states"):
        region.step(theta, slope, 0.1, weights=[0.5, 0.5])


def test_the_line_search_keeps_the_objective_from_falling() -> None:
    def objective(theta: np.ndarray) -> float:
        return -float((theta[0] - 0.01) ** 2)

    found = NORMAL_REGION.step([0.0, 1.0], [0.02, 0.0], 1.0, objective=objective)
    assert found.backtracks > 5 and found.gain is not None and found.gain >= 0.0


def test_fisher_vector_products() -> None:
    theta, v = np.array([[2.0, 3.0], [0.5, 1.0]]), np.array([[1.0, -1.0], [0.3, 2.0]])
    metric = sg.lambdify(GAMMA.manifold.metric)(theta)
    np.testing.assert_allclose(
        sg.fisher_vector_product(GAMMA)(theta, v), np.einsum("nij,nj->ni", metric, v), rtol=1e-12
    )


def test_a_parameter_called_direction() -> None:
    direction = sp.Symbol("direction_1", positive=True)
    model = sg.StatisticalModel(direction * sp.exp(-direction * t), t, direction)
    assert sg.fisher_vector_product(model)([2.0], [3.0]) == pytest.approx([0.75])


def test_refusals() -> None:
    with pytest.raises(ArgumentError, match="choose one of plain"):
        sg.descend(NORMAL, LOSS, [0.0, 1.0], rate=0.1, steps=1, step="newton")
    with pytest.raises(ArgumentError, match="rate and steps"):
        sg.descend(NORMAL, LOSS, [0.0, 1.0], rate=-0.1, steps=1)
    with pytest.raises(ArgumentError, match="damping adds to the metric"):
        sg.descend(NORMAL, LOSS, [0.0, 1.0], rate=0.1, steps=1, step="plain", damping=1.0)
    with pytest.raises(DomainError, match="outside the domain"):
        sg.descend(NORMAL, LOSS, [0.0, -1.0], rate=0.1, steps=1)
    with pytest.raises(ShapeError, match=r"give \(\.\.\., 2\)"):
        sg.descend(NORMAL, LOSS, [0.0], rate=0.1, steps=1)
    with pytest.raises(UnknownSymbolError, match="no coordinate"):
        sg.descend(NORMAL, LOSS + x, [0.0, 1.0], rate=0.1, steps=1)
    with pytest.raises(ShapeError, match="a direction has shape"):
        sg.fisher_vector_product(NORMAL)([0.0, 1.0], [1.0])
    with pytest.raises(ArgumentError, match="radius must be positive"):
        NORMAL_REGION.step([0.0, 1.0], [1.0, 0.0], -1.0)
    with pytest.raises(ArgumentError, match="slope is zero"):
        NORMAL_REGION.step([0.0, 1.0], [0.0, 0.0], 1.0)
    with pytest.raises(ShapeError, match="one shape"):
        NORMAL_REGION.step([0.0, 1.0], [1.0], 1.0)
    with pytest.raises(ShapeError, match="do not fit states"):
        NORMAL_REGION.step([[0.0, 1.0]], [[1.0, 0.0]], 1.0, weights=[0.5, 0.5])
    with pytest.raises(DomainError, match="outside the domain"):
        NORMAL_REGION.step([0.0, -1.0], [1.0, 0.0], 1.0)
    with pytest.raises(ArgumentError, match="falls along its own slope"):
        NORMAL_REGION.step([0.0, 1.0], [1.0, 0.0], 0.1, objective=lambda theta: -float(theta[0]))
    p = sp.Symbol("p", positive=True)
    bernoulli = sg.StatisticalModel(
        p**y * (1 - p) ** (1 - y), y, p, support=sp.FiniteSet(0, 1), domain={p: sp.Interval.open(0, 1)}
    )
    # D(p || q) has no bound as q -> 1: every radius is reached inside.
    assert sg.TrustRegion(bernoulli).step([0.3], [1.0], 4.0).kl == pytest.approx(4.0, rel=1e-6)
