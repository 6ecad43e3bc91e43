"""Written fractions have no zero below the line that the value does not have."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp

import symgeo as sg
from symgeo.algebra import differential_field

a, b, y = sp.symbols("a b y", positive=True)
u, al, be, h, J, x = sp.symbols("u al be h J x", real=True)


@pytest.mark.parametrize(
    ("expr", "point", "value"),
    [
        (1 / (1 + sp.sqrt(a)), {a: 1}, sp.Rational(1, 2)),
        (1 / (sp.sqrt(a) + sp.sqrt(b)) ** 2, {a: 4, b: 4}, sp.Rational(1, 16)),
        (1 / (1 + sp.cbrt(a)), {a: 1}, sp.Rational(1, 2)),
        (1 / (sp.sqrt(a) + a ** sp.Rational(1, 4)), {a: 1}, sp.Rational(1, 2)),
        (1 / (1 + sp.sqrt(a * b)), {a: 2, b: sp.Rational(1, 2)}, sp.Rational(1, 2)),
        (1 / (1 + sp.cosh(u)), {u: 0}, sp.Rational(1, 2)),
        ((1 + sp.cosh(u)) ** -2, {u: 0}, sp.Rational(1, 4)),
        (1 / (2 * sp.exp(be) * sp.cosh(al) + 1), {al: 0, be: -sp.log(2)}, sp.Rational(1, 2)),
        (1 / (1 + sp.cos(u)), {u: 0}, sp.Rational(1, 2)),
        ((1 + sp.cos(u)) ** -2, {u: 0}, sp.Rational(1, 4)),
        (1 / (1 + sp.sqrt(1 - u**2)), {u: 0}, sp.Rational(1, 2)),
        ((sp.sqrt(a) + 2) / (sp.sqrt(a) + 1) ** 2, {a: 1}, sp.Rational(3, 4)),
    ],
    ids=str,
)
def test_values_at_places_where_the_conjugate_vanishes(expr: sp.Expr, point: dict, value: sp.Rational) -> None:
    written = differential_field()(expr).to_sympy()
    assert sp.nsimplify(written.subs(point)) == value
    elsewhere = {s: sp.Rational(5, 7) + sp.S(c) / 3 for s, c in point.items()}
    assert abs(written.subs(elsewhere).evalf(40) / expr.subs(elsewhere).evalf(40) - 1) < 1e-35


def test_a_sum_of_roots_as_standard_deviation() -> None:
    s = sp.sqrt(a) + sp.sqrt(b)
    model = sg.StatisticalModel(sp.exp(-((x - a) ** 2) / (2 * s**2)) / (sp.sqrt(2 * sp.pi) * s), x, (a, b))
    metric = sg.lambdify(model.manifold.metric)([2.0, 2.0])
    assert metric == pytest.approx(np.array([[0.15625, 0.03125], [0.03125, 0.03125]]), rel=1e-14)


def test_spins_without_field() -> None:
    n = sp.Symbol("n", integer=True)
    three = sg.StatisticalModel(
        sp.exp(al * n + be * n**2) / (1 + 2 * sp.exp(be) * sp.cosh(al)), n, (al, be), support=sp.FiniteSet(-1, 0, 1)
    )
    assert sg.lambdify(three.manifold.metric)([0.0, -0.6931471805599453]) == pytest.approx(
        np.diag([0.5, 0.25]), abs=1e-15
    )
    fit = sg.fit(three, [-1, 0, 0, 1])
    assert fit.converged and list(fit.estimate) == pytest.approx([0, -0.6931471805599453], abs=1e-9)
    s, t = sp.symbols("s t", integer=True)
    pair = sg.StatisticalModel(
        sp.exp(h * (s + t) + J * s * t) / (2 * sp.exp(J) * sp.cosh(2 * h) + 2 * sp.exp(-J)),
        (s, t),
        (h, J),
        support=dict.fromkeys((s, t), sp.FiniteSet(-1, 1)),
    )
    assert sg.lambdify(pair.manifold.metric)([0.0, 0.0]) == pytest.approx(np.diag([2.0, 1.0]), abs=1e-15)


def test_generalised_inverse_gaussian_of_order_three_halves() -> None:
    p = sp.Rational(3, 2)
    density = (a / b) ** (p / 2) * y ** (p - 1) * sp.exp(-(a * y + b / y) / 2) / (2 * sp.besselk(p, sp.sqrt(a * b)))
    manifold = sg.StatisticalModel(density, y, (a, b)).manifold
    root = sp.sqrt(a * b)
    expected = (root**3 + 6 * root**2 + 12 * root + 6) / (4 * a**2 * (root + 1) ** 2)
    assert manifold.metric[0, 0].subs({a: 1, b: 1}) == expected.subs({a: 1, b: 1})
    assert sp.N(manifold.connection(0).scalar_curvature.subs({a: 3, b: 3})) == pytest.approx(-19 / 18)


def test_products_of_exponentials_are_one_whatever_was_asked_before() -> None:
    v = sp.Symbol("v", real=True)
    manifold = sg.catalogue.normal().manifold
    mu, sigma = manifold.coordinates
    assert manifold.reparametrize({mu: u, sigma: sp.exp(u + v)}, (u, v)).metric[1, 1] == 2
    assert manifold.submanifold({mu: u, sigma: sp.exp(u)}, (u,)).metric.rank == 2
    assert manifold.reparametrize({mu: u, sigma: sp.exp(v)}, (u, v)).metric[0, 0] == sp.exp(-2 * v)
