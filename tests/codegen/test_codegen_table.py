"""Every row of the function table against mpmath at 50 digits."""

from __future__ import annotations

import itertools

import mpmath
import numpy as np
import pytest
import sympy as sp
from table_cases import CASES, INTERNAL, OUTSIDE, p, x, y, z

from symgeo.codegen import evaluate, numpy_function
from symgeo.codegen.special_functions import TABLE

# SciPy reaches 1e-12 in every row. LambertW near its branch point and Bessel functions near their zeros lose
# digits by conditioning; the points above keep away from both.
TOLERANCE = 1e-12


def test_every_row_has_a_case():
    assert set(CASES) | set(INTERNAL) == set(TABLE)


@pytest.mark.parametrize("name", [*CASES, *INTERNAL])
def test_row(name):
    for expr, *points in {**CASES, **INTERNAL}[name]:
        symbols = (p,) if p in expr.free_symbols else (x, y, z)[: len(points)]
        grid = list(itertools.product(*points))
        # A symbol without assumptions keeps re, im, conjugate and arg from evaluating.
        function = numpy_function([expr.subs(sp.Symbol("w"), sp.Symbol("v"))], (*symbols, sp.Symbol("v")))
        values = function(*np.array(grid).T, np.array(grid)[:, 0])[0]
        for value, point in zip(values, grid, strict=True):
            expected = evaluate(expr, {**dict(zip(symbols, point, strict=True)), sp.Symbol("w"): point[0]})
            assert abs(value - expected) <= TOLERANCE * abs(expected), (expr, point, value, expected)


def test_the_logarithm_of_a_gamma_ratio_does_not_cancel():
    p, d = sp.symbols("p d", positive=True)
    near = 3 * sp.loggamma(p + d) - 3 * sp.loggamma(p) + sp.log(p)
    value = numpy_function([near], (p, d))(np.array([1e12, 1e15]), 0.3)[0]
    with mpmath.workdps(50):
        shift = mpmath.mpf(0.3)
        expected = [3 * (mpmath.loggamma(q + shift) - mpmath.loggamma(q)) + mpmath.log(q) for q in (1e12, 1e15)]
    np.testing.assert_allclose(value, np.array(expected, dtype=float), rtol=1e-15)
    # Without a common argument, or with one that scales, there is nothing to join.
    for apart in (sp.loggamma(p) - sp.loggamma(d), sp.loggamma(2 * p) - sp.loggamma(p)):
        expected = evaluate(apart, {p: 40.0, d: 2.5})
        assert float(numpy_function([apart], (p, d))(40.0, 2.5)[0]) == pytest.approx(float(expected), rel=1e-14)


@pytest.mark.parametrize(("expr", "point"), OUTSIDE)
def test_outside_the_real_domain_is_nan_for_scalars_and_arrays(expr, point):
    function = numpy_function([expr], (x, y))
    assert np.isnan(function(point, 0.5)[0])
    assert np.isnan(function(np.full((2, 3), point), 0.5)[0]).all()
    assert str(evaluate(expr, {x: point, y: 0.5})) == "nan" or expr.has(sp.polygamma)
