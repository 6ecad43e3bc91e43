"""Geodesics between points: solved ones against closed forms, invariances, other connections, refusals."""

from __future__ import annotations

from functools import cache

import mpmath
import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import symgeo as sg
from symgeo import errors
from theorems.curves import numerical_distance

x, y, mu, nu = sp.symbols("x y mu nu", real=True)
u, v, s, r = sp.symbols("u v s r", positive=True)
c = sp.Symbol("c", real=True)


@cache
def family(name: str) -> sg.StatisticalModel:
    """A family of the catalogue, declared once."""
    return sg.catalogue.get(name)


@cache
def declared(name: str) -> sg.StatisticalModel:
    """Densities of a user, with spaces that are recognised."""
    if name == "covariances":
        det = u * v - c**2
        density = sp.exp(-(v * x**2 - 2 * c * x * y + u * y**2) / (2 * det)) / (2 * sp.pi * sp.sqrt(det))
        return sg.StatisticalModel(density, (x, y), (u, v, c), constraints=(c**2 < u * v,))
    if name == "two normals":
        both = sp.exp(-((x - mu) ** 2) / (2 * u**2) - (y - nu) ** 2 / (2 * v**2)) / (2 * sp.pi * u * v)
        return sg.StatisticalModel(both, (x, y), (mu, nu, u, v))
    if name == "normal and exponential":
        both = sp.exp(-((x - mu) ** 2) / (2 * u**2)) / (sp.sqrt(2 * sp.pi) * u) * v * sp.exp(-v * s)
        return sg.StatisticalModel(both, (x, s), (mu, u, v))
    # polar coordinates of the mean of a plane normal law
    density = sp.exp(-((x - u * sp.cos(c)) ** 2 + (y - u * sp.sin(c)) ** 2) / 2) / (2 * sp.pi)
    return sg.StatisticalModel(density, (x, y), (u, c))


def model_of(name: str) -> sg.StatisticalModel:
    """A family of the catalogue, or one declared here."""
    return declared(name) if " " in name or name == "covariances" else family(name)


# Families whose distance is known in closed form, and the kinds of their coordinates.
CLOSED = {
    "poisson": "+", "exponential": "+", "rayleigh": "+", "binomial(5)": "p", "geometric": "p",
    "negative_binomial(4)": "p",
    "normal": "r+", "cauchy": "r+", "lognormal": "r+", "laplace_free": "r+", "logistic": "r+", "student(4)": "r+",
    "gumbel": "r+", "inverse_gaussian": "++", "weibull_free": "++", "independent_poissons": "++",
    "isotropic_normal(2)": "rr+", "linear_regression": "rr+", "categorical": "pp", "multinomial(6, 3)": "pp",
    "negative_multinomial": "pp", "two normals": "rr++", "normal and exponential": "r++", "covariances": "Scc",
    "polar mean": "+a",
}  # fmt: skip


def points(kinds: str, count: int, seed: int) -> np.ndarray:
    """Random points of a domain, (count, n)."""
    rng = np.random.default_rng(seed)
    if kinds == "Scc":
        rows = rng.normal(size=(count, 2, 2)) / 2 + 1.5 * np.eye(2)
        whole = rows @ np.swapaxes(rows, 1, 2)
        return np.stack([whole[:, 0, 0], whole[:, 1, 1], whole[:, 0, 1]], axis=-1)
    if kinds[0] == "p":
        return rng.dirichlet([2] * (len(kinds) + 1), size=count)[:, :-1]
    make = {
        "r": lambda: rng.normal(size=count) * 1.5,
        "+": lambda: np.exp(0.7 * rng.normal(size=count)),
        "a": lambda: rng.uniform(-0.7, 0.7, size=count),
    }
    return np.stack([make[k]() for k in kinds], axis=-1)


@pytest.mark.parametrize("name", CLOSED)
def test_solved_geodesics_are_those_in_closed_form(name: str) -> None:
    model, (p, q) = model_of(name), (points(CLOSED[name], 6, k) for k in (1, 2))
    closed = sg.geodesic_between(model, p, q)
    solved = sg.geodesic_between(model, p, q, method="collocation")
    assert closed.method.startswith("closed form: ") and solved.method == "collocation"
    assert np.max(solved.residual) < 1e-9 and np.max(closed.residual) < 1e-7
    assert closed.distance == pytest.approx(solved.distance, rel=1e-10)
    assert closed.velocity == pytest.approx(solved.velocity, rel=1e-8, abs=1e-9)
    times = np.linspace(0, 1, 6)
    assert closed(times) == pytest.approx(solved(times), rel=1e-8, abs=1e-9)
    assert np.array_equal(solved(0.0), p) and np.array_equal(closed(1.0), q)
    assert sg.distance(model, p, q, method="collocation") == pytest.approx(closed.distance, rel=1e-10)


@pytest.mark.parametrize("name", ["normal", "categorical", "covariances", "two normals", "poisson"])
def test_distances_in_numbers_are_the_symbolic_ones(name: str) -> None:
    model, (p, q) = model_of(name), (points(CLOSED[name], 2, k) for k in (3, 4))
    for a, b, found in zip(p, q, sg.distance(model, p, q), strict=True):
        exact = sg.distance(model, [sp.Rational(e) for e in a], [sp.Rational(e) for e in b])
        assert isinstance(exact, sp.Expr)
        assert found == pytest.approx(float(sp.N(exact, 25)), rel=1e-12)


@pytest.mark.parametrize("name", ["normal", "categorical", "covariances", "inverse_gaussian", "beta", "gamma"])
@pytest.mark.parametrize("size", [1e-3, 1e-6, 1e-9])
def test_close_points_keep_their_digits(name: str, size: float) -> None:
    """The length of a short geodesic is that of its chord in the metric at the middle, to second order."""
    kinds = CLOSED.get(name, "++")
    model, p = model_of(name), points(kinds, 4, 5)
    step = size * p * points("r" * p.shape[1], 4, 6)
    q = p + step
    metric = sg.lambdify(model.manifold.metric)((p + q) / 2)
    chord = np.sqrt(np.einsum("aij,ai,aj->a", metric, q - p, q - p))
    assert sg.distance(model, p, q) == pytest.approx(chord, rel=max(1e-10, 20 * size**2))
    # float64 holds q - p no better than this
    assert sg.logarithm_map(model, p, q) == pytest.approx(q - p, rel=20 * size, abs=20 * size * np.max(np.abs(q - p)))


def test_points_that_coincide() -> None:
    for name in ("normal", "beta", "categorical", "covariances"):
        p = points(CLOSED.get(name, "++"), 3, 7)
        assert np.all(sg.distance(model_of(name), p, p) == 0)
        assert np.all(sg.logarithm_map(model_of(name), p, p) == 0)
        assert sg.geodesic_between(model_of(name), p, p)(0.5) == pytest.approx(p, rel=1e-14)


def beta_distance(p: tuple[str, str], q: tuple[str, str]) -> mpmath.mpf:
    """By shooting in 20 digits: extrapolation for the geodesic equations, a Newton step for the velocity at p."""
    with mpmath.workdps(20):
        start, end = [mpmath.mpf(e) for e in p], [mpmath.mpf(e) for e in q]

        def metric(a: mpmath.mpf, b: mpmath.mpf) -> mpmath.matrix:
            both = mpmath.psi(1, a + b)
            return mpmath.matrix([[mpmath.psi(1, a) - both, -both], [-both, mpmath.psi(1, b) - both]])

        def slope(_: mpmath.mpf, state: list) -> list:
            a, b, da, db = state
            both = mpmath.psi(2, a + b) * (da + db) ** 2
            right = mpmath.matrix([mpmath.psi(2, a) * da**2 - both, mpmath.psi(2, b) * db**2 - both]) / -2
            force = mpmath.lu_solve(metric(a, b), right)
            return [da, db, force[0], force[1]]

        def arrival(da: mpmath.mpf, db: mpmath.mpf) -> list:
            state, steps = [*start, da, db], 2
            for _ in range(steps):
                state = _gragg(slope, state, mpmath.mpf(1) / steps)
            return [state[0] - end[0], state[1] - end[1]]

        guess = [mpmath.mpf(float(e)) for e in sg.logarithm_map(family("beta"), [*map(float, p)], [*map(float, q)])]
        here, small = arrival(*guess), mpmath.mpf("1e-6")
        beside = [arrival(guess[0] + small, guess[1]), arrival(guess[0], guess[1] + small)]
        slopes = mpmath.matrix([[(beside[j][i] - here[i]) / small for j in range(2)] for i in range(2)])
        found = mpmath.matrix(guess) - mpmath.lu_solve(slopes, mpmath.matrix(here))
        assert max(map(abs, arrival(*found))) < 1e-13
        return mpmath.sqrt((found.T * metric(*start) * found)[0])


def _gragg(slope, state: list, h: mpmath.mpf) -> list:
    """One step of Gragg, Bulirsch and Stoer's method: the midpoint rule, extrapolated to high order."""
    table: list[list] = []
    for k in range(1, 8):
        n, part = 2 * k, h / (2 * k)
        before, here = state, [a + part * b for a, b in zip(state, slope(None, state), strict=True)]
        for _ in range(n - 1):
            rates = slope(None, here)
            before, here = here, [a + 2 * part * b for a, b in zip(before, rates, strict=True)]
        rates = slope(None, here)
        row = [[(a + b + part * d) / 2 for a, b, d in zip(before, here, rates, strict=True)]]
        for j in range(1, k):
            ratio = mpmath.mpf(k) ** 2 / (k - j) ** 2 - 1
            row.append([a + (a - b) / ratio for a, b in zip(row[j - 1], table[-1][j - 1], strict=True)])
        table.append(row)
    return table[-1][-1]


def test_beta_distances_against_shooting_in_many_digits() -> None:
    p, q = ("2", "3"), ("2.5", "2.5")
    found = sg.distance(family("beta"), [float(e) for e in p], [float(e) for e in q])
    assert found == pytest.approx(float(beta_distance(p, q)), rel=1e-11)


@pytest.mark.parametrize(
    ("name", "p", "q"), [("gamma", (2, 1), (5, 0.5)), ("lomax", (3, 1), (4, 2)), ("chi_squared", (2,), (9,))]
)
def test_distances_without_closed_form_against_another_collocation(name: str, p: tuple, q: tuple) -> None:
    found = sg.distance(family(name), p, q)
    assert isinstance(found, float)
    assert found == pytest.approx(numerical_distance(family(name).manifold, p, q), rel=1e-7)


beta_points = st.tuples(*[st.floats(-3, 3)] * 2).map(lambda e: (float(np.exp(e[0])), float(np.exp(e[1]))))


@given(*[beta_points] * 3)
@settings(max_examples=25, deadline=None)
def test_symmetry_and_the_triangle_inequality(p: tuple, q: tuple, z: tuple) -> None:
    there, back, one, two = sg.distance(family("beta"), [p, q, p, z], [q, p, z, q])
    assert there == pytest.approx(back, rel=1e-9)
    assert there <= (one + two) * (1 + 1e-9)


def test_beta_parameters_of_all_sizes() -> None:
    """Parameters from 1e-3 to 1e5; the reverse path, whose start is another, has the same length."""
    p = np.array([(1e5, 1e5), (1e5, 9e4), (1e-3, 1e-3), (0.5, 10), (1e-3, 2.0), (1e3, 1.0)])
    q = np.array([(1e-3, 1e-3), (9e4, 1e5), (1e-3, 5e-3), (10, 0.5), (7.0, 2e2), (1.0, 1e3)])
    there = sg.geodesic_between(family("beta"), p, q)
    assert np.max(there.residual) < 1e-7
    assert there.distance == pytest.approx(sg.distance(family("beta"), q, p), rel=1e-8)


def test_many_pairs_are_each_as_if_alone() -> None:
    p, q = points("++", 300, 8), points("++", 300, 9)
    together = sg.geodesic_between(family("beta"), p, q)
    for k in (0, 17, 299):
        alone = sg.geodesic_between(family("beta"), p[k], q[k])
        assert together.distance[k] == pytest.approx(float(alone.distance), rel=1e-12)
        assert together.velocity[k] == pytest.approx(alone.velocity, rel=1e-8)
        assert together(0.3)[k] == pytest.approx(alone(0.3), rel=1e-9)
    grid = sg.distance(family("beta"), p[:4, None], q[None, :3])
    assert grid.shape == (4, 3) and grid[2, 1] == pytest.approx(sg.distance(family("beta"), p[2], q[1]), rel=1e-12)


CHARTS = {
    "beta": ((u * v, u * (1 - v)), (u, v)),
    "gamma": ((sp.exp(mu), sp.log(1 + sp.exp(nu))), (mu, nu)),
}


@pytest.mark.parametrize("name", CHARTS)
def test_distance_does_not_depend_on_the_chart(name: str) -> None:
    images, new = CHARTS[name]
    manifold = family(name).manifold
    moved = manifold.reparametrize(dict(zip(manifold.coordinates, images, strict=True)), new)
    p, q = np.array([(0.6, 0.4), (2.0, 0.7)]), np.array([(1.5, 0.25), (0.3, 0.6)])
    function = sp.lambdify(new, images)
    there = [np.array([function(*row) for row in part]) for part in (p, q)]
    found = sg.geodesic_between(moved, p, q)
    original = sg.geodesic_between(manifold, *there)
    assert found.distance == pytest.approx(original.distance, rel=1e-9)
    middle = np.array([function(*row) for row in found(0.5)])
    assert middle == pytest.approx(original(0.5), rel=1e-8)


@pytest.mark.parametrize("alpha", [0, 1, -1, sp.Rational(1, 2), -2])
@pytest.mark.parametrize("name", ["beta", "normal", "gamma", "inverse_gaussian"])
def test_the_exponential_map_leads_back(name: str, alpha: object) -> None:
    kinds = {"normal": "r+"}.get(name, "++")
    p = points(kinds, 3, 10)
    q = p + 0.3 * (points(kinds, 3, 11) - p)
    velocity = sg.logarithm_map(family(name), p, q, alpha)
    assert sg.exponential_map(family(name), p, velocity, alpha) == pytest.approx(q, rel=1e-7, abs=1e-8)


@pytest.mark.parametrize("name", ["beta", "gamma", "normal", "categorical"])
@pytest.mark.parametrize("alpha", [1, -1])
def test_flat_connections_have_straight_lines(name: str, alpha: int) -> None:
    model, (p, q) = family(name), (points(CLOSED.get(name, "++"), 2, k) for k in (12, 13))
    straight = sg.geodesic_between(model, p, q, alpha)
    assert straight.method == "affine coordinates: " + ("natural" if alpha == 1 else "expectation")
    solved = sg.geodesic_between(model, p, q, alpha, method="collocation")
    assert np.max(solved.residual) < 1e-9 and np.max(straight.residual) < 1e-7
    times = np.array([0.0, 0.3, 0.8])
    assert straight(times) == pytest.approx(solved(times), rel=1e-8, abs=1e-10)
    assert straight.velocity == pytest.approx(solved.velocity, rel=1e-7, abs=1e-9)
    line = sg.e_geodesic if alpha == 1 else sg.m_geodesic
    exact = line(model, [sp.Rational(e) for e in p[0]], [sp.Rational(e) for e in q[0]], sp.Rational(3, 10))
    assert straight(0.3)[0] == pytest.approx([float(e.evalf()) for e in exact], rel=1e-10)
    assert straight.distance is None


@pytest.mark.parametrize("alpha", [0, 1, sp.Rational(-1, 3), 2])
def test_geodesics_run_both_ways(alpha: object) -> None:
    p, q = (2.0, 3.0), (3.0, 2.0)
    there = sg.geodesic_between(family("beta"), p, q, alpha)
    back = sg.geodesic_between(family("beta"), q, p, alpha)
    assert there([0.2, 0.5]) == pytest.approx(back([0.8, 0.5]), rel=1e-9)


def test_mappings_and_what_the_answer_says() -> None:
    model = family("beta")
    a, b = model.parameters
    answer = sg.geodesic_between(model, {a: 2, b: [3, 4]}, {b: 1, a: 5})
    assert answer.velocity.shape == (2, 2) and answer([0, 0.5, 1]).shape == (2, 3, 2) and answer(0.5).shape == (2, 2)
    assert "2 geodesics" in repr(answer) and "collocation" in repr(answer)
    single = sg.distance(family("normal"), (0.0, 1), (5, 4), details=True)
    assert "hyperbolic plane" in repr(single) and "2.79898541558" in repr(single)
    assert sg.distance(family("normal"), (0, 1), (5, 4)) == sp.sqrt(2) * sp.acosh(sp.Rational(59, 16))
    assert sg.distance(model, (2, 3), (5, 1)) == pytest.approx(sg.distance(model, (2.0, 3), (5, 1)), rel=1e-14)


def test_long_arcs_beside_the_boundary() -> None:
    """On a sphere collocation finds the arcs that the closed form has."""
    model = family("categorical")
    p, q = np.array([(0.98, 0.01), (0.02, 0.97)]), np.array([(0.005, 0.005), (0.97, 0.01)])
    found = sg.distance(model, p, q, method="collocation")
    assert found == pytest.approx(sg.distance(model, p, q), rel=1e-9)


# -- refusals --------------------------------------------------------------------------------------------------------


def test_points_that_are_none() -> None:
    model = family("beta")
    a, b = model.parameters
    with pytest.raises(errors.DomainError, match=r"p at index 1, .* outside the domain"):
        sg.geodesic_between(model, [(1.0, 2.0), (1.0, -2.0)], (1.0, 1.0))
    with pytest.raises(errors.ShapeError, match=r"\(\.\.\., 2\)"):
        sg.geodesic_between(model, (1.0, 2.0, 3.0), (1.0, 1.0))
    with pytest.raises(errors.ShapeError, match="do not broadcast"):
        sg.geodesic_between(model, np.ones((3, 2)), np.ones((4, 2)))
    with pytest.raises(errors.ShapeError, match="do not broadcast"):
        sg.geodesic_between(model, {a: [1, 2], b: [1, 2, 3]}, (1.0, 1.0))
    with pytest.raises(errors.ParameterListError, match="each of"):
        sg.geodesic_between(model, {a: 1.0}, (1.0, 1.0))
    with pytest.raises(errors.ArgumentError, match="not finite"):
        sg.geodesic_between(model, (np.nan, 2.0), (1.0, 1.0))
    with pytest.raises(errors.ArgumentError, match="real numbers"):
        sg.geodesic_between(model, (a, 2.0), (1.0, 1.0))
    with pytest.raises(errors.ParameterListError, match="alpha"):
        sg.geodesic_between(model, (1.0, 2.0), (1.0, 1.0), sp.Symbol("alpha"))


def test_questions_that_are_none() -> None:
    model, p, q = family("beta"), (1.0, 2.0), (2.0, 1.0)
    with pytest.raises(errors.NoClosedFormError):
        sg.distance(model, model.parameters, q)
    with pytest.raises(errors.NoClosedFormError):
        sg.distance(model, p, q, method="closed form")
    with pytest.raises(errors.NoClosedFormError):
        sg.geodesic_between(family("normal"), p, q, 1, method="closed form")
    with pytest.raises(errors.NotDuallyFlatError):
        sg.geodesic_between(model, p, q, 0, method="affine coordinates")
    with pytest.raises(errors.ArgumentError, match="method"):
        sg.distance(model, p, q, method="shooting")
    with pytest.raises(errors.ArgumentError, match="failed"):
        sg.distance(model, p, q, failed="ignore")
    with pytest.raises(errors.ArgumentError, match="symbols"):
        sg.distance(family("normal"), family("normal").parameters, q, details=True)
    answer = sg.geodesic_between(model, p, q)
    with pytest.raises(errors.ArgumentError, match=r"\[0, 1\]"):
        answer(1.5)
    with pytest.raises(errors.ShapeError, match="times"):
        answer([[0.5]])


def test_what_is_not_found_is_named() -> None:
    """Half-planes on both sides of a singularity: no geodesic joins them."""
    manifold = sg.StatisticalManifold.from_potential(-sp.log(c), (c,))
    p, q = np.array([[1.0], [2.0]]), np.array([[3.0], [-1.0]])
    with pytest.raises(errors.BoundaryValueError, match=r"\[2.0\] to \[-1.0\] at index 1") as caught:
        sg.distance(manifold, p, q, method="collocation")
    assert caught.value.pairs == ((1,),)
    found = sg.distance(manifold, p, q, method="collocation", failed="nan")
    assert found[0] == pytest.approx(np.log(3)) and np.isnan(found[1])
    answer = sg.geodesic_between(manifold, p, q, failed="nan")
    assert answer.converged.tolist() == [True, False] and np.isnan(answer(0.5)[1]).all()
    assert "NOT CONVERGED: 1 of 2" in repr(answer)


# -- means -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["normal", "categorical", "beta", "covariances"])
def test_logarithms_add_up_to_zero_at_the_mean(name: str) -> None:
    model, given_points = model_of(name), points(CLOSED.get(name, "++"), 12, 14)
    weights = np.arange(1.0, 13.0)
    found = sg.frechet_mean(model, given_points, weights, details=True)
    logs = sg.logarithm_map(model, found.mean, given_points)
    assert weights @ logs / weights.sum() == pytest.approx(np.zeros(logs.shape[1]), abs=1e-9)
    squares = sg.distance(model, found.mean, given_points) ** 2
    assert found.variance == pytest.approx(float(weights @ squares / weights.sum()), rel=1e-9)
    for near in found.mean * (1 + 0.02 * np.eye(len(found.mean))):
        assert weights @ sg.distance(model, near, given_points) ** 2 / weights.sum() > found.variance


def test_the_mean_of_two_is_the_middle() -> None:
    for name in ("normal", "beta"):
        middle = sg.geodesic_between(family(name), (1.0, 1.0), (5.0, 4.0))(0.5)
        assert sg.frechet_mean(family(name), [(1.0, 1.0), (5.0, 4.0)]) == pytest.approx(middle, rel=1e-9)
        third = sg.geodesic_between(family(name), (1.0, 1.0), (5.0, 4.0))(0.75)
        assert sg.frechet_mean(family(name), [(1.0, 1.0), (5.0, 4.0)], [1, 3]) == pytest.approx(third, rel=1e-9)
    assert sg.frechet_mean(family("exponential"), [[1.0], [4.0], [2.0]]) == pytest.approx([2.0], rel=1e-10)


def test_means_that_are_none() -> None:
    with pytest.raises(errors.ShapeError, match="at least one row"):
        sg.frechet_mean(family("normal"), (0.0, 1.0))
    with pytest.raises(errors.ShapeError, match="weights"):
        sg.frechet_mean(family("normal"), [(0.0, 1.0)], [1, 2])
    with pytest.raises(errors.DataError, match="weights"):
        sg.frechet_mean(family("normal"), [(0.0, 1.0)], [-1])
    with pytest.raises(errors.DomainError):
        sg.frechet_mean(family("normal"), [(0.0, -1.0)])


def test_weights_of_zero_leave_points_out() -> None:
    """The mean is then one of the points, or as if the others were not there."""
    some = np.array([(1.0, 2.0), (3.0, 4.0), (2.0, 0.5)])
    for name in ("normal", "beta"):
        model = family(name)
        assert sg.frechet_mean(model, some, [0, 1, 0]) == pytest.approx(some[1], rel=1e-14)
        assert sg.frechet_mean(model, some, [1, 0, 2]) == pytest.approx(sg.frechet_mean(model, some[[0, 2]], [1, 2]))


@pytest.mark.parametrize("spread", [1e-9, 1e-13])
def test_the_mean_of_points_that_all_but_coincide(spread: float) -> None:
    some = np.array([1.0, 2.0]) * (1 + spread * np.arange(5)[:, None])
    for name in ("normal", "beta"):
        found = sg.frechet_mean(family(name), some)
        assert found == pytest.approx(some[2], rel=1e-15)


# -- edges -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("alpha", [0, 1, -1, sp.Rational(1, 2)])
@pytest.mark.parametrize("name", ["normal", "beta"])
def test_no_pairs_and_points_that_coincide(name: str, alpha: object) -> None:
    model, none = family(name), np.zeros((0, 2))
    answer = sg.geodesic_between(model, none, none, alpha)
    assert len(answer) == 0 and answer(0.5).shape == (0, 2) and answer([0.1, 0.2]).shape == (0, 2, 2)
    assert sg.logarithm_map(model, none, none, alpha).shape == (0, 2)
    assert sg.exponential_map(model, none, none, alpha).shape == (0, 2)
    assert sg.geodesic_between(model, np.zeros((3, 0, 2)), (1.0, 2.0), alpha).velocity.shape == (3, 0, 2)
    same = sg.geodesic_between(model, [(1.0, 2.0), (1.0, 2.0)], [(1.0, 2.0), (2.0, 2.0)], alpha)
    assert same.residual[0] == 0 and same.residual[1] < 1e-7 and same.converged.all()


def test_arrays_of_other_kinds() -> None:
    whole, fixed = np.array([[1, 2], [3, 4]]), np.array([[1.0, 2.0], [3.0, 4.0]])
    fixed.setflags(write=False)
    for name in ("normal", "beta"):
        expected = sg.distance(family(name), [(1.0, 2.0), (3.0, 4.0)], (2.0, 2.0))
        for given_points in (whole, fixed, np.asfortranarray(fixed), whole.astype(np.float32)):
            assert np.array_equal(sg.distance(family(name), given_points, (2.0, 2.0)), expected)
