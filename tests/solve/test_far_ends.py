"""Geodesics between points whose parameters differ by many powers of ten, and batches that are stopped."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import symgeo as sg
from symgeo import catalogue, errors
from symgeo.algebra import Tensor, differential_field
from symgeo.solve import pieces, progress
from symgeo.solve.between import connecting
from symgeo.solve.boundary_value import BoundaryValueSolver
from symgeo.solve.lowered_equation import LoweredEquation
from symgeo.solve.polygons import Polygons

# Pairs whose paths turn sharply beside a wall, or run far in a coordinate at little cost.
FAR = {
    "beta": [((1e-3, 6e4), (7, 19)), ((1e-3, 1e4), (1e4, 1e-3))],
    "gamma": [((5e3, 2e-3), (3e-3, 40))],
    "weibull_free": [((1.6e-3, 7.8e-3), (28.8, 1.2e-2)), ((139.5, 1.6e-3), (1.2e-3, 152.0))],
    "inverse_gaussian": [((0.82, 217), (375, 2.5e-3)), ((3.5e-3, 3), (123, 7.5e-3))],
    "normal": [((-7352, 1.5e-3), (-1.9e-3, 0.11)), ((-1179, 1863), (-0.16, 4.7e-3))],
    "student(4)": [((2042, 3.3e-2), (-441, 0.12))],
    "dirichlet(3)": [((1.7e-3, 1e-2, 0.11), (8640, 1.3e-2, 1.24))],
    "negative_binomial(4)": [((3.8e-3,), (0.9998,)), ((0.9999,), (1.1e-3,))],
}
CLOSED = ("weibull_free", "inverse_gaussian", "normal", "student(4)", "negative_binomial(4)")


@pytest.mark.parametrize("name", FAR)
def test_far_ends_are_connected(name: str) -> None:
    """The path back has the same length, both halves add up to it, and a closed form, where known, agrees."""
    model = catalogue.get(name)
    p, q = (np.array([pair[k] for pair in FAR[name]], dtype=float) for k in (0, 1))
    found = sg.geodesic_between(model, p, q, method="collocation")
    assert found.converged.all() and np.max(found.residual) < 1e-5
    back = sg.distance(model, q, p, method="collocation")
    assert found.distance == pytest.approx(back, rel=1e-8)
    middle = found(0.4)
    halves = [sg.distance(model, a, b, method="collocation") for a, b in ((p, middle), (middle, q))]
    assert halves[0] == pytest.approx(0.4 * found.distance, rel=1e-7)
    assert sum(halves) == pytest.approx(found.distance, rel=1e-8)
    if name in CLOSED:
        assert found.distance == pytest.approx(sg.distance(model, p, q, method="closed form"), rel=1e-8)


@settings(max_examples=3, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_parameters_of_all_sizes_against_closed_forms(seed: int) -> None:
    p, q = np.exp(np.random.default_rng(seed).uniform(np.log(1e-3), np.log(1e4), (2, 2, 2)))
    model = catalogue.get("normal")
    found = sg.distance(model, p, q, method="collocation", failed="nan")
    known = np.isfinite(found)
    assert found[known] == pytest.approx(sg.distance(model, p, q)[known], rel=1e-8)


def test_lines_that_leave_the_cone_give_way_to_others() -> None:
    """In the matrices' own entries the straight line leaves the positive definite ones; the m-geodesic does not."""
    model = catalogue.get("multivariate_normal(2)")
    p, q = (0.0, 0.0, 1.0, 0.9, 1.0), (0.3, -0.3, 25.0, 22.0, 25.0)
    solver = BoundaryValueSolver(model.manifold)
    found = solver.prepared(*(np.array(x)[:, None] for x in (p, q, np.subtract(q, p))))
    straight = found.start + found.chord * np.linspace(0, 1, 17)
    assert not solver.equation.inside(solver.equation.chart.point(straight)).all()
    solver.solve(found)
    there = sg.geodesic_between(model, p, q)
    assert found.length[0] == pytest.approx(there.distance, rel=1e-9)
    assert there.distance == pytest.approx(sg.distance(model, q, p), rel=1e-9)
    assert sg.exponential_map(model, p, there.velocity) == pytest.approx(np.array(q), rel=1e-6, abs=1e-6)


def test_other_connections_are_reached_from_far_ends() -> None:
    model, alpha = catalogue.get("beta"), sp.Rational(1, 2)
    there = sg.geodesic_between(model, (0.01, 20.0), (30.0, 0.5), alpha)
    back = sg.geodesic_between(model, (30.0, 0.5), (0.01, 20.0), alpha)
    assert np.max(there.residual) < 1e-7
    assert there([0.3, 0.7]) == pytest.approx(back([0.7, 0.3]), rel=1e-7)


@pytest.mark.parametrize("alpha", ["-2", "-1", "1/2", "9/10"])
@settings(max_examples=2, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_alpha_geodesics_of_normals_are_parabolas(alpha: str, seed: int) -> None:
    """sigma^2 + (1 - alpha)/2 mu^2 is linear in mu along every one, and its time is that of the connection."""
    rng = np.random.default_rng(seed)
    sizes = 10 ** rng.uniform(-3, 3, (2, 3, 2))
    p, q = sizes * np.stack([rng.choice([-1, 1], (2, 3)), np.ones((2, 3))], axis=-1)
    value = sp.Rational(alpha)
    found = sg.geodesic_between(catalogue.get("normal"), p, q, value, method="collocation")
    mu, sigma = np.moveaxis(found(np.linspace(0, 1, 9)), -1, 0)
    share = (mu - p[:, :1]) / (q[:, :1] - p[:, :1])
    bend = (1 - float(value)) / 2 * (q[:, :1] - p[:, :1]) ** 2
    wanted = p[:, 1:] ** 2 * (1 - share) + q[:, 1:] ** 2 * share + bend * share * (1 - share)
    lost = 1e-15 * np.max(np.abs([p[:, :1], q[:, :1]]), axis=0) / np.abs(q[:, :1] - p[:, :1])  # digits of the share
    scale = wanted + 1e6 * lost * (bend + p[:, 1:] ** 2 + q[:, 1:] ** 2)
    assert sigma**2 / scale == pytest.approx(wanted / scale, rel=1e-5, abs=1e-5)
    part = sg.geodesic_between(catalogue.get("normal"), p, found(0.3), value, method="collocation")
    assert part.velocity == pytest.approx(0.3 * found.velocity, rel=1e-4, abs=1e-7 * float(np.min(p[:, 1])))


@pytest.mark.parametrize("name", ["gumbel", "weibull_free", "multivariate_normal(2)"])
def test_alpha_geodesics_are_followed_from_their_start(name: str) -> None:
    p, q = {
        "gumbel": ((-3.0, 0.05), (40.0, 0.3)),
        "weibull_free": ((0.2, 0.02), (12.0, 30.0)),
        "multivariate_normal(2)": ((0.0, 0.0, 1.0, 0.9, 1.0), (9.0, -7.0, 25.0, -22.0, 25.0)),
    }[name]
    model, alpha = catalogue.get(name), sp.Rational(1, 2)
    velocity = sg.logarithm_map(model, p, q, alpha)
    assert sg.exponential_map(model, p, velocity, alpha) == pytest.approx(np.array(q), rel=1e-6, abs=1e-6)


def test_straight_lines_keep_the_digits_of_both_ends() -> None:
    """The natural coordinates differ by ten powers of ten."""
    model, p, q = catalogue.get("inverse_gaussian"), (0.82, 217.0), (375.0, 2.5e-3)
    found = sg.geodesic_between(model, p, q, 1)
    assert found.method.startswith("affine") and found.converged
    back = sg.geodesic_between(model, q, p, 1)
    assert found([0.3, 1 - 1e-9]) == pytest.approx(back([0.7, 1e-9]), rel=1e-6)


def test_lines_whose_digits_are_lost_are_collocated() -> None:
    """sigma^2 is the difference of expectation coordinates that agree in twelve digits."""
    p, q = [(1.0, 2.0), (900.0, 0.0011)], [(3.0, 1.0), (-700.0, 0.0015)]
    found = sg.geodesic_between(catalogue.get("normal"), p, q, -1)
    assert found.method == "affine coordinates: expectation; collocation for 1" and found.converged.all()
    mu, sigma = np.moveaxis(found([0.0, 0.3, 0.9]), -1, 0)
    assert np.diff(mu, axis=1) == pytest.approx(0.1 * np.subtract(q, p)[:, :1] * [[3, 6]], rel=1e-9)
    assert np.all(sigma > 0) and found.iterations[0] == 0 < found.iterations[1]


def test_lines_that_leave_the_domain_are_named() -> None:
    x, mu = sp.symbols("x mu", real=True)
    sigma = sp.Symbol("sigma", positive=True)
    density = sp.exp(-((x - mu) ** 2) / (2 * sigma**2)) / (sigma * sp.sqrt(2 * sp.pi))
    model = sg.StatisticalModel(density, x, (mu, sigma), constraints=(mu**2 + sigma**2 > 4,))
    p, q = [(-3.0, 1.0), (3.0, 1.0)], [(3.0, 1.0), (3.5, 1.0)]
    with pytest.raises(
        errors.BoundaryValueError, match=r"leaves the domain, where mu\*\*2 \+ sigma\*\*2 - 4 > 0 fails"
    ) as caught:
        sg.geodesic_between(model, p, q, 1)
    assert caught.value.pairs == ((0,),)
    found = sg.geodesic_between(model, p, q, 1, failed="nan")
    assert found.leaves.tolist() == ["mu**2 + sigma**2 - 4 > 0", ""] and found.converged.tolist() == [False, True]


def test_corners_do_not_run_away_where_the_metric_vanishes() -> None:
    """A polygon with sixteen edges is nearly as short as the geodesic."""
    model, p, q = catalogue.get("inverse_gaussian"), (0.82, 217.0), (375.0, 2.5e-3)
    polygons = Polygons(LoweredEquation(model.manifold))
    chart, times = polygons.equation.chart, np.linspace(0, 1, 17)
    start, end = (chart.from_point(np.array(x)[:, None, None]) for x in (p, q))
    _, energy = polygons.relaxed(start * (1 - times) + end * times, np.full((1, 16), 1 / 16))
    assert np.sqrt(energy[0]) == pytest.approx(sg.distance(model, p, q), rel=5e-3)


def test_steps_of_alpha_begin_where_the_last_ones_lead() -> None:
    """The e-geodesic of two Gumbel laws goes far beyond the second one's location before it returns."""
    model, p, q = catalogue.get("gumbel"), (-0.063, 0.34), (111.7, 0.0025)
    found = sg.geodesic_between(model, p, q, 1)
    assert found.converged and found.residual < 1e-5
    back = sg.geodesic_between(model, q, p, 1)
    assert found([0.2, 0.8]) == pytest.approx(back([0.8, 0.2]), rel=1e-5)


def test_the_way_from_alpha_zero_may_turn_back() -> None:
    """Then the e-geodesic leads to the others."""
    model, alpha = catalogue.get("multivariate_normal(2)"), sp.Rational(1, 2)
    p = (0.06196932946, 10.76389042, 0.004552673154, 0.003392961961, 0.01447762516)
    q = (-19.39595733, 0.01005350672, 0.02620482398, -0.008967460995, 0.01123414356)
    found = sg.geodesic_between(model, p, q, alpha)
    assert found.residual < 1e-7
    end = sg.exponential_map(model, p, found.velocity, alpha)
    assert end == pytest.approx(np.array(q), rel=1e-3, abs=1e-3)


def test_pieces_are_one_smooth_path() -> None:
    solver = connecting(catalogue.get("weibull_free").manifold, 0).solver
    p, q = (np.array(x)[:, None] for x in FAR["weibull_free"][0])
    found = solver.prepared(p, q, q - p)
    solver.solve(found)
    (path,) = found.pieces.values()
    before, after = path.at(path.breaks[1:-1] - 1e-12), path.at(path.breaks[1:-1] + 1e-12)
    for a, b in zip(before, after, strict=True):
        assert a == pytest.approx(b, rel=1e-5, abs=1e-5 * np.max(np.abs(a)))
    finer = path.split(np.full(len(path.spans), 2))
    times = np.linspace(0, 1, 7)
    assert finer.at(times)[1] == pytest.approx(path.at(times)[1], rel=1e-9)
    again = path.on(finer.breaks)
    assert again.bend == pytest.approx(finer.bend, rel=1e-9, abs=1e-9 * np.max(np.abs(finer.bend)))
    further = finer.beyond(path, 0.7)
    assert further.corners == pytest.approx(finer.corners) and further.bend == pytest.approx(finer.bend, abs=1e-6)
    assert pieces.PieceSolver(solver.equation).minimal(path)


def test_a_great_circle_beyond_the_antipode_is_no_minimum() -> None:
    """Three quarters of a circle on the sphere satisfy the equation, and are not the shortest nearby."""
    a, b = sp.symbols("a b", real=True)
    field = differential_field()
    entries = {(0, 0): sp.cos(b) ** 2, (0, 1): sp.S.Zero, (1, 1): sp.S.One}
    metric = Tensor.build(field, (a, b), (-1, -1), lambda i, j: field(entries[i, j]), ((0, 1),), name="metric")
    sphere = sg.StatisticalManifold(metric, Tensor(field, (a, b), (-1,) * 3, {}, ((0, 1, 2),)))
    equation = connecting(sphere, 0).solver.equation
    times = np.linspace(0, 1, 13)
    solver = pieces.PieceSolver(equation)
    for angle, shortest in ((0.6 * np.pi, True), (1.5 * np.pi, False)):
        u = np.stack([0.1 + angle * times, 0.0 * times])
        assert solver.minimal(pieces.from_polygon(u, np.diff(times))) == shortest


def interrupted_after(pairs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    advance = progress.Progress.advance

    def advanced(self: progress.Progress, amount: float) -> None:
        advance(self, amount)
        if self.done >= pairs:
            raise KeyboardInterrupt

    monkeypatch.setattr(progress.Progress, "advance", advanced)


def test_an_interruption_keeps_the_pairs_that_are_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("symgeo.solve.connecting._BLOCK", 3)
    model, rng = catalogue.get("beta"), np.random.default_rng(5)
    p, q = np.exp(0.5 * rng.normal(size=(2, 8, 2)))
    whole = sg.geodesic_between(model, p, q)
    lengths = sg.distance(model, p, q)
    interrupted_after(6, monkeypatch)
    part = sg.geodesic_between(model, p, q)
    assert whole.complete and not part.complete and "INTERRUPTED: 6 of 8" in repr(part)
    assert part.converged.tolist() == [True] * 6 + [False] * 2
    np.testing.assert_array_equal(part.distance[:6], whole.distance[:6])
    np.testing.assert_array_equal(part(0.3)[:6], whole(0.3)[:6])
    assert np.isnan(part.distance[6:]).all() and np.isnan(part.velocity[6:]).all()
    for ask in (sg.distance, sg.logarithm_map):
        with pytest.raises(errors.BoundaryValueError, match="interrupted: 6 of 8") as caught:
            ask(model, p, q)
        assert caught.value.pairs == ((6,), (7,))
        assert caught.value.answer.distance[:6] == pytest.approx(lengths[:6], rel=1e-9)


def test_an_interrupted_mean_is_kept_as_far_as_it_came(monkeypatch: pytest.MonkeyPatch) -> None:
    model = catalogue.get("beta")
    given_points = np.exp(0.5 * np.random.default_rng(6).normal(size=(5, 2)))
    advance, calls = progress.Progress.advance, []

    def advanced(self: progress.Progress, amount: float) -> None:
        advance(self, amount)
        calls.append(amount)
        if sum(calls) > 12:  # the third of the means that are tried
            raise KeyboardInterrupt

    whole = sg.frechet_mean(model, given_points, details=True)
    monkeypatch.setattr(progress.Progress, "advance", advanced)
    with pytest.raises(errors.BoundaryValueError, match="interrupted") as caught:
        sg.frechet_mean(model, given_points)
    so_far = caught.value.answer
    assert whole.variance < so_far.variance < 1.1 * whole.variance and whole.residual < so_far.residual < 1


def test_pairs_draw_a_bar_when_asked(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    pytest.importorskip("tqdm")
    monkeypatch.setattr(progress, "_PATIENCE", -1.0)
    model = catalogue.get("beta")
    sg.geodesic_between(model, (1.0, 2.0), (2.0, 1.0))
    assert capsys.readouterr().err == ""
    sg.geodesic_between(model, (1.0, 2.0), (2.0, 1.0), progress=True)
    assert "geodesics" in capsys.readouterr().err


def test_how_far_alpha_can_be_moved_is_said() -> None:
    """sigma^2 + (1 - alpha)/2 mu^2 is linear in mu along a geodesic; beyond some alpha sigma would be zero on it."""
    p, q = (1.88, 1.1), (-0.61, 0.57)
    last = 1 + 2 * ((p[1] + q[1]) / (p[0] - q[0])) ** 2
    model = catalogue.get("normal")
    for beside in (-0.05, 0.05):
        alpha = sp.nsimplify(last + beside, rational=True)
        found = sg.geodesic_between(model, p, q, alpha, failed="nan")
        assert found.converged == (beside < 0)
    words = found.reasons.item()
    assert words.startswith("geodesics were found up to alpha = ")
    assert float(words.split()[-1]) == pytest.approx(last, abs=1e-2)
    with pytest.raises(errors.BoundaryValueError, match=r"\(geodesics were found up to alpha"):
        sg.geodesic_between(model, p, q, alpha)


def test_paths_towards_an_end_of_the_domain_are_said_to_be_such() -> None:
    """The exponential laws, eta to infinity and b to zero, are an end of the Gompertz laws that paths come to."""
    model = catalogue.get("gompertz")
    found = sg.geodesic_between(model, [(0.82, 0.26), (1.0, 1.0)], [(3.05, 1.18), (1.1, 1.1)], failed="nan")
    assert found.converged.tolist() == [False, True] and found.reasons[1] == ""
    assert "goes out to" in found.reasons[0] and "towards an end of the domain" in found.reasons[0]


def test_pairs_beside_removable_singularities() -> None:
    """The metric of the Kumaraswamy laws is 0/0 at b = 1 and 2, and its terms cancel nearby."""
    model, shift = catalogue.get("kumaraswamy"), np.array([0.0, 1e-3])
    p = np.array([(1.5, 1.00001), (1.5, 2 + 1e-7), (1.5, 1 + 1e-9)])
    q = np.array([(1.6, 0.99999), (1.6, 2 - 1e-7), (1.51, 1.01)])
    found = sg.geodesic_between(model, p, q)
    assert np.max(found.residual) < 1e-10
    middle = found(0.5)
    halves = sg.distance(model, p, middle) + sg.distance(model, middle, q)
    assert halves == pytest.approx(found.distance, rel=1e-9)
    assert found.distance == pytest.approx(sg.distance(model, p + shift, q + shift), rel=1e-2)
    assert found.distance == pytest.approx(sg.distance(model, q, p), rel=1e-9)
    assert sg.exponential_map(model, p, found.velocity) == pytest.approx(q, rel=1e-8)
    with pytest.raises(errors.BoundaryValueError, match="at an end the metric has no finite value"):
        sg.geodesic_between(model, (1.5, 1.0), (1.6, 1.2))
