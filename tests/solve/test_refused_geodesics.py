"""Every error that following geodesics promises."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp

import symgeo as sg
from symgeo import catalogue
from symgeo.errors import ArgumentError, BoundaryValueError, DomainError, GeodesicError, ParameterListError, ShapeError
from symgeo.geometry.manifold import StatisticalManifold
from symgeo.solve import march


def test_starts_outside_the_domain() -> None:
    with pytest.raises(DomainError, match=r"index \(1,\).*sigma > 0"):
        sg.geodesic(catalogue.get("normal"), [[0, 1], [0, -1]], [1, 1], [1.0])
    s = sp.Symbol("s", real=True)
    with pytest.raises(DomainError, match="not finite and positive definite"):
        sg.geodesic(StatisticalManifold.from_potential(s**3, (s,)), [-1.0], [1.0], [1.0])


def test_shapes_and_numbers() -> None:
    model = catalogue.get("normal")
    with pytest.raises(ShapeError, match="2 components"):
        sg.geodesic(model, [0, 1, 2], [1, 1], [1.0])
    with pytest.raises(ShapeError, match="leading axes"):
        sg.geodesic(model, np.ones((2, 2)), np.ones((3, 2)), [1.0])
    with pytest.raises(ArgumentError, match="the start is not finite"):
        sg.geodesic(model, [np.nan, 1], [1, 1], [1.0])
    with pytest.raises(ArgumentError, match=r"the velocity with index \(0,\) is not finite"):
        sg.geodesic(model, [0, 1], [[1, np.inf]], [1.0])
    with pytest.raises(ParameterListError, match="real number"):
        sg.geodesic(model, [0, 1], [1, 1], [1.0], sp.Symbol("alpha"))


@pytest.mark.parametrize(
    ("times", "error", "message"),
    [
        ([0.0, 0.0], ArgumentError, "increase"),
        ([1.0, 0.5], ArgumentError, "increase"),
        ([0.0, np.nan], ArgumentError, "finite"),
        ([-1.0, 1.0], ArgumentError, "negative"),
        ([], ShapeError, "at least one"),
        ([[0.0, 1.0]], ShapeError, r"\(1, 2\)"),
    ],
)
def test_times(times: list, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        sg.geodesic(catalogue.get("normal"), [0, 1], [1, 1], times)


def test_times_of_dense_output() -> None:
    with pytest.raises(ShapeError, match="times are"):
        sg.geodesic(catalogue.get("normal"), [0, 1], [1, 1], [1.0])(np.ones((2, 2)))


def test_an_integration_that_fails_says_where_and_keeps_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(march, "_MOST_STEPS", 6)
    with pytest.raises(GeodesicError, match=r"1 of 2 geodesics.*index \(0,\) stops at t = .*too many steps") as caught:
        sg.geodesic(catalogue.get("gamma"), [1, 1], [[1, 2], [0, 0]], [0.01, 1.0])
    answer = caught.value.answer
    assert np.all(np.isfinite(answer.points[1])) and np.all(np.isfinite(answer.points[0, 0]))
    assert np.all(np.isnan(answer.points[0, 1]))


def test_a_chart_without_digits_is_said_to_be_one() -> None:
    with pytest.raises(GeodesicError, match="float64 has lost it"):
        sg.geodesic(catalogue.get("correlation"), [0.5], [1.0], [100.0])


def test_a_metric_that_degenerates_ends_a_geodesic() -> None:
    """With g = 12 a^2 the square of a falls linearly; nothing follows where it is zero."""
    a = sp.Symbol("a", real=True)
    found = sg.geodesic(StatisticalManifold.from_potential(a**4, (a,)), [1.0], [-1.0], [0.1, 0.4, 0.6])
    assert found.exit_time == pytest.approx(0.5, rel=1e-8) and np.isnan(found.points[2, 0])
    np.testing.assert_allclose(found.points[:2, 0], np.sqrt([0.8, 0.2]), rtol=1e-10)


def test_straight_lines_across_a_cut_of_the_chart() -> None:
    model = catalogue.get("von_mises")
    start, end = [[3.0, 0.5], [0.5, 0.5]], [[-2.9, 1.5], [1.0, 1.5]]  # the first line passes mu = pi
    with pytest.raises(BoundaryValueError, match="declare the domain without cuts"):
        sg.geodesic_between(model, start[0], end[0], -1)
    kept = sg.geodesic_between(model, start, end, 1, failed="nan")
    assert kept.converged.tolist() == [False, True]


@pytest.mark.parametrize("wrong", [np.array([1, 2 + 1j]), ["1", "b"], [object(), 1.0]])
def test_what_is_no_real_number(wrong: object) -> None:
    """Imaginary parts are not dropped."""
    model = catalogue.get("normal")
    path = sg.geodesic(model, [0, 1], [1, 1], [1.0])
    for ask in (
        lambda: sg.geodesic(model, wrong, [1, 1], [1.0]),
        lambda: sg.exponential_map(model, [0, 1], wrong),
        lambda: sg.geodesic(model, [0, 1], [1, 1], wrong),
        lambda: sg.parallel_transport(model, wrong, path),
        lambda: sg.parallel_transport(model, [1, 1], lambda t: np.full((len(t), 2), wrong), times=[0, 1]),
        lambda: path(wrong),
        lambda: sg.geodesic_between(model, [0, 1], [1, 1])(wrong),
    ):
        with pytest.raises(ArgumentError, match="array of real numbers"):
            ask()


@pytest.mark.parametrize("alpha", ["1", 1j, float("nan"), float("inf"), None])
def test_connections_that_are_none(alpha: object) -> None:
    model = catalogue.get("normal")
    for ask in (sg.exponential_map, sg.logarithm_map):
        with pytest.raises(ParameterListError, match="real number"):
            ask(model, [0, 1], [1, 1], alpha)


def test_the_start_alone() -> None:
    for alpha in (0, 1, 0.5):
        found = sg.geodesic(catalogue.get("gamma"), [1, 2], [3, 4], [0.0], alpha)
        assert found.points.tolist() == [[1, 2]] and found.velocities.tolist() == [[3, 4]]
        assert np.isinf(found.exit_time)
