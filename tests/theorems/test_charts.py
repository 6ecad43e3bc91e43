"""Invariance under a change of chart, chosen at random among affine, exponential and cubic maps."""

from __future__ import annotations

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import symgeo as sg

# Families whose expressions stay small in every drawn chart.
NAMES = [
    "normal",
    "gamma",
    "gamma_scale",
    "beta",
    "inverse_gamma",
    "inverse_gaussian",
    "lognormal",
    "von_mises",
    "categorical",
]
KINDS = st.sampled_from(["affine", "exponential", "cubic"])


def changes(model: sg.StatisticalModel, kinds: list[str]) -> tuple[tuple[sp.Symbol, ...], dict[sp.Symbol, sp.Expr]]:
    """New coordinates and the old ones as functions of them, the origin being an interior point."""
    centre = model.chart.interior_points(1)[0]
    new = sp.symbols(f"u1:{len(kinds) + 1}", real=True)
    images = {}
    for i, (p, kind) in enumerate(zip(model.parameters, kinds, strict=True)):
        c, u, other = centre[p], new[i], new[(i + 1) % len(new)]
        images[p] = {
            "affine": c + sp.Rational(3, 8) * u + sp.Rational(1, 16) * other,
            "exponential": c * sp.exp(u / 3),
            "cubic": c * (1 + u**3) + u / 4,
        }[kind]
    return new, images


def number(e: sp.Expr, point: dict[sp.Symbol, sp.Expr]) -> sp.Expr:
    return sp.N(e.subs(point), 40)


def near(u: sp.Expr, v: sp.Expr) -> bool:
    return abs(u - v) <= sp.Float("1e-25", 40) * (1 + abs(u))


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=3)
@given(data=st.data())
def test_scalar_curvature_and_metric(name: str, data: st.DataObject) -> None:
    model = sg.catalogue.get(name)
    old = model.manifold
    new, images = changes(model, [data.draw(KINDS) for _ in model.parameters])
    moved = old.reparametrize(images, new)
    here = {u: sp.Rational(i + 1, 97) for i, u in enumerate(new)}
    there = {p: e.subs(here) for p, e in images.items()}
    order = data.draw(st.sampled_from([sp.Integer(0), sp.Rational(1, 3), sp.Integer(-2)]))
    assert near(
        number(moved.connection(order).scalar_curvature, here), number(old.connection(order).scalar_curvature, there)
    )
    jacobian = sp.Matrix(old.dim, old.dim, lambda i, a: sp.diff(images[old.coordinates[i]], new[a])).subs(here)
    expected = jacobian.T * old.metric.to_matrix().subs(there) * jacobian
    assert all(near(number(moved.metric[i, j], here), sp.N(expected[i, j], 40)) for i, j in moved.metric.indices())


@pytest.mark.parametrize("name", ["normal", "gamma", "inverse_gaussian", "categorical", "poisson", "geometric"])
def test_declaring_in_the_new_chart_is_moving_there(name: str) -> None:
    """Exponentials of new coordinates around an interior point: both ways give the same elements."""
    model = sg.catalogue.get(name)
    new, images = changes(model, ["exponential"] * len(model.parameters))
    small = sp.Interval.open(sp.Rational(-1, 12), sp.Rational(1, 12))
    declared = sg.StatisticalModel(
        model.density.subs(images, simultaneous=True),
        model.variables,
        new,
        support=dict(model.support.sets),
        domain=dict.fromkeys(new, small),
    ).manifold
    moved = model.manifold.reparametrize(images, new)
    here = {u: sp.Rational(i + 1, 97) for i, u in enumerate(new)}
    for mine, theirs in ((declared.metric, moved.metric), (declared.cubic, moved.cubic)):
        assert all(near(number(mine[i], here), number(theirs[i], here)) for i in mine.independent())
