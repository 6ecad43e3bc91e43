"""Flat geodesics, projections and Pythagoras' theorem.

Sources: Amari and Nagaoka 2000, theorems 3.8 and 3.9; Kullback, Information Theory and Statistics, 1959, chapter 5.
"""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp

import symgeo as sg

R = sp.Rational
t = sp.Symbol("t", real=True)
u = sp.Symbol("u", positive=True)


def number(e) -> float:
    return float(sp.N(e, 30))


@pytest.mark.parametrize(("geodesic", "alpha"), [(sg.e_geodesic, 1), (sg.m_geodesic, -1)])
@pytest.mark.parametrize("name", ["normal", "gamma"])
def test_flat_geodesics_solve_the_geodesic_equations(name, geodesic, alpha) -> None:
    manifold = sg.catalogue.get(name).manifold
    p, q = (R(1, 2), R(3, 2)), (2, R(5, 4))
    curve = geodesic(manifold, p, q, t)
    for end, point in ((0, p), (1, q)):
        assert [number(x.subs(t, end)) for x in curve] == pytest.approx([float(v) for v in point], abs=1e-20)
    speed = [x.diff(t) for x in curve]
    along = dict(zip(manifold.coordinates, curve, strict=True))
    symbols = manifold.connection(alpha).christoffel
    for k in range(2):
        total = curve[k].diff(t, 2) + sum(
            symbols[k, i, j].subs(along, simultaneous=True) * speed[i] * speed[j] for i in range(2) for j in range(2)
        )
        assert abs(sg.lambdify(total, t)(np.array([1 / 3]))) < 1e-10


def test_what_is_not_flat_has_no_flat_geodesics() -> None:
    model = sg.catalogue.get("student")
    with pytest.raises(sg.errors.NotDuallyFlatError, match="not known to be dually flat"):
        sg.e_geodesic(model, (0, 1), (1, 1), t)


def test_independence_is_the_projection_of_a_normal_pair() -> None:
    """The m-projection onto independent pairs keeps the margins: it is e-flat. D is the mutual information."""
    model = sg.catalogue.get("bivariate_normal")
    m1, m2, s1, s2, rho = model.parameters
    a, b = sp.symbols("a b", real=True)
    v, w = sp.symbols("v w", positive=True)
    found = sg.m_projection(model, (1, 2, 1, 2, R(1, 3)), {m1: a, m2: b, s1: v, s2: w, rho: 0}, (a, b, v, w))
    assert found.is_unique and found.solution == (1, 2, 1, 2)
    assert number(found.divergence) == pytest.approx(number(-sp.log(1 - R(1, 9)) / 2), abs=1e-15)
    assert abs(number(found.pythagoras((0, 1, 1, 3)))) < 1e-15
    assert found.orthogonality < 1e-12 and found.second_order == pytest.approx(1)


def test_projection_in_symbols_and_by_a_computed_inverse() -> None:
    model = sg.catalogue.get("gamma")
    k, r = model.parameters
    a, b = sp.symbols("a b", positive=True)
    assert sg.m_projection(model, (a, b), {k: 2, r: u}, (u,)).solution == (2 * b / a,)
    found = sg.m_projection(model, (2, 3), {k: u, r: 1}, (u,))
    # polygamma(0, u) = E[log x] by orthogonality.
    assert abs(sp.N(sp.digamma(found.solution[0].evalf(40)) - (sp.digamma(2) - sp.log(3)), 30)) < 1e-25
    assert abs(number(found.pythagoras((R(7, 2),)))) < 1e-18 and found.orthogonality < 1e-15
    general = sg.m_projection(model, (a, b), {k: u, r: 1}, (u,)).solution[0]
    assert number(general.subs({a: 2, b: 3})) == pytest.approx(number(found.solution[0]), abs=1e-15)


def test_e_projection_onto_fixed_margins() -> None:
    """Laws on a 2 by 2 table with given margins are m-flat; the odds ratio of the point stays (Csiszar 1975)."""
    model = sg.catalogue.get("categorical(4)")
    p = model.parameters
    point = (R(1, 10), R(3, 10), R(2, 5))
    found = sg.e_projection(model, point, {p[0]: u, p[1]: R(1, 2) - u, p[2]: R(2, 5) - u}, (u,))
    table = [number(e) for e in found.point]
    table.append(1 - sum(table))
    start = [float(e) for e in (*point, R(1, 5))]
    odds = [v[0] * v[3] / (v[1] * v[2]) for v in (table, start)]
    assert odds[0] == pytest.approx(odds[1], rel=1e-12)
    assert found.is_unique and abs(number(found.pythagoras((R(1, 10),)))) < 1e-15


def test_a_circle_has_two_nearest_points() -> None:
    """Not flat: the mirror images are told from each other, a turn of the angle is not."""
    model = sg.catalogue.get("normal")
    mu, sigma = model.parameters
    angle = sp.Symbol("phi", real=True)
    circle = {mu: 2 * sp.cos(angle), sigma: 3 + 2 * sp.sin(angle)}
    found = sg.m_projection(model, (0, 3), circle, (angle,))
    assert not found.is_unique and len(found.minima) == 2 and all(m.proven for m in found.minima)
    assert number(found.point[0]) ** 2 == pytest.approx(3) and number(found.point[1]) == pytest.approx(4)
    assert found.orthogonality < 1e-12 and found.second_order > 0.1
    assert abs(number(found.pythagoras((1,)))) > 1e-3  # the theorem needs flatness
    values = [number(found.divergence_to(found.image((R(j, 10),)))) for j in range(63)]
    assert number(found.divergence) <= min(values)
    with pytest.raises(sg.errors.ProjectionError, match="give numbers"):
        sg.m_projection(model, (t, 3), circle, (angle,))


def test_a_least_divergence_on_the_border_is_refused() -> None:
    model = sg.catalogue.get("normal")
    mu, sigma = model.parameters
    v = sp.Symbol("v", positive=True)
    # Means above zero, sd one: the nearest to a mean of -2 is the end v = 0.
    with pytest.raises(sg.errors.ProjectionError, match="boundary"):
        sg.m_projection(model, (-2, 1), {mu: v, sigma: 1}, (v,))
    with pytest.raises(sg.errors.ProjectionError, match="boundary"):
        sg.m_projection(model, (-2, 1), {mu: v + v**3, sigma: 1 / (1 + v)}, (v,))
    with pytest.raises(sg.errors.ParameterListError, match="name it differently"):
        sg.m_projection(model, (v, 1), {mu: v, sigma: 1}, (v,))
