"""The dual structure in its own affine charts, closed or by a certified inverse: Legendre, Crouzeix, Pythagoras.

Sources: Amari and Nagaoka, Methods of Information Geometry, 2000, section 3.3 and theorem 3.7; Crouzeix, A relationship
between the second derivatives of a convex function and of its conjugate, Mathematical Programming 13 (1977) 364-365.
"""

from __future__ import annotations

from functools import cache

import mpmath
import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from symgeo.geometry.affine_chart import AffineDuality
from theorems.declared import Case
from theorems.drawing import CASES, points
from theorems.oracle import Numbers, close, numbers

EXACT = 1e-25
DIGITS = 36

CHARTS = {
    -1: ("gamma", "logarithmic_series", "von_mises", "mckay_bivariate_gamma", "truncated_poisson",
         "zero_inflated_poisson", "gamma without assumptions", "normal", "categorical(2)",
         "exponential of rate lambda, truncated to the unit interval",),
    1: ("borel", "zero_inflated_poisson", "normal"),
}  # fmt: skip
CHOSEN = [(case, alpha) for alpha, names in CHARTS.items() for case in CASES if case.name in names]
over_charts = pytest.mark.parametrize(("case", "alpha"), CHOSEN, ids=lambda v: str(v))


def chart_of(case: Case, alpha: int) -> AffineDuality:
    duality = case.model.manifold.duality
    return duality.in_natural if alpha == 1 else duality.in_expectation


@cache
def maps(case: Case) -> tuple[Numbers, Numbers]:
    duality = case.model.manifold.duality
    return Numbers(duality.natural, case.parameters), Numbers(duality.expectation, case.parameters)


def value(e: sp.Expr, symbols, at) -> mpmath.mpf:
    found = e.subs(dict(zip(symbols, at, strict=True))).evalf(DIGITS)
    assert found.is_Float or found.is_Rational, f"{e} at {at} is {found}"
    return mpmath.mpmathify(found)


def affine(case: Case, alpha: int, point) -> list[sp.Rational]:
    return [sp.Rational(str(v)) for v in maps(case)[0 if alpha == 1 else 1](point)]


def test_inverses_are_computed_in_both_directions():
    assert len(CHOSEN) == sum(map(len, CHARTS.values()))
    assert {alpha for case, alpha in CHOSEN if not chart_of(case, alpha).is_closed} == {1, -1}
    assert sum(not chart_of(case, alpha).is_closed for case, alpha in CHOSEN) >= 10


@over_charts
@settings(max_examples=1)
@given(data=st.data())
def test_the_declared_coordinates_come_back(case, alpha, data):
    point = data.draw(points(case))
    chart, y = chart_of(case, alpha), affine(case, alpha, point)
    got = np.array([value(e, chart.coordinates, y) for e in chart.origin])
    close(got, np.array([mpmath.mpmathify(v) for v in point]), EXACT, case)
    assert len(chart.at(y)) == len(point)


@over_charts
@settings(max_examples=1)
@given(data=st.data())
def test_potentials_are_conjugate_and_their_hessians_inverse(case, alpha, data):
    """eta = grad phi, mu = grad psi; Hess psi Hess phi = 1; the metric is the Hessian in its chart."""
    point = data.draw(points(case))
    chart, y, n = chart_of(case, alpha), affine(case, alpha, point), len(point)
    potential, conjugate = (chart.potential, chart.expectation) if alpha == 1 else (chart.dual_potential, chart.natural)
    slopes = [sp.diff(potential, s) for s in chart.coordinates]
    expected = maps(case)[1 if alpha == 1 else 0](point)
    for group in (slopes, conjugate):
        close(np.array([value(e, chart.coordinates, y) for e in group]), expected, EXACT, case)
    hessian = [value(sp.diff(f, s), chart.coordinates, y) for f in conjugate for s in chart.coordinates]
    own = Numbers([sp.diff(f, s) for f in (chart.original.natural if alpha == 1 else chart.original.expectation)
                   for s in case.parameters], case.parameters, (n, n))(point)  # fmt: skip
    # In the declared chart the metric is J^T H J; and H times the inverse metric in affine coordinates is one.
    metric = numbers(case.model.manifold.metric)(point)
    h = np.array(hessian, dtype=object).reshape(n, n)
    close(own.T @ h @ own, metric, EXACT, case)
    inverse = np.array(mpmath.inverse(mpmath.matrix(metric.tolist())).tolist(), dtype=object)
    close(h @ (own @ inverse @ own.T), np.array(mpmath.eye(n).tolist(), dtype=object), 1e-22, case)


@over_charts
@settings(max_examples=1)
@given(data=st.data())
def test_the_canonical_divergence_does_not_depend_on_the_chart(case, alpha, data):
    p, q = data.draw(points(case)), data.draw(points(case))
    chart = chart_of(case, alpha)
    there = chart.canonical_divergence(affine(case, alpha, p), affine(case, alpha, q))
    here = case.model.manifold.duality.canonical_divergence(p, q)
    close(np.array([mpmath.mpmathify(there.evalf(DIGITS))]), np.array([mpmath.mpmathify(here.evalf(DIGITS))]), EXACT)
