"""The high-precision reference itself, against closed forms and mpmath's own functions."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import mpmath
import numpy as np
import pytest
import sympy as sp

from symgeo.codegen import evaluate
from symgeo.errors import UnknownSymbolError, UnsupportedFunctionError

x, y = sp.symbols("x y", real=True)


@pytest.mark.parametrize("digits", [15, 50, 300])
def test_digits(digits):
    value = evaluate(sp.exp(x) * sp.gamma(y), {x: sp.Rational(1, 3), y: Fraction(1, 3)}, digits)
    with mpmath.workdps(digits + 10):
        third = mpmath.mpf(1) / 3
        expected = mpmath.exp(third) * mpmath.gamma(third)
        assert abs(value - expected) <= mpmath.mpf(10) ** (1 - digits) * expected


def test_values_are_taken_exactly():
    for half in (
        0.5,
        np.float64(0.5),
        np.float32(0.5),
        Fraction(1, 2),
        sp.Rational(1, 2),
        "0.5",
        mpmath.mpf(0.5),
    ):
        assert evaluate(x * 2, {x: half}) == 1
    assert evaluate(x * 10, {x: "0.1"}) == 1
    assert evaluate(x, {x: np.int64(3)}) == evaluate(x, {x: 3}) == 3
    assert abs(evaluate(sp.sin(x), {x: sp.pi})) < mpmath.mpf(10) ** -400
    assert evaluate(x, {x: sp.oo}) == mpmath.inf
    assert evaluate(x * 2, {x: sp.Float("0.1", 40)}, 30) != evaluate(x * 2, {x: 0.1}, 30)
    assert evaluate(x, {x: Decimal("0.25")}) == 0.25


def test_cancellation_costs_no_digits():
    value = evaluate(1 + sp.erf(x), {x: -20}, 30)
    with mpmath.workdps(40):
        assert abs(value / mpmath.erfc(20) - 1) < mpmath.mpf(10) ** -29
    assert evaluate((1 + x) ** 2 - 1 - 2 * x - x**2, {x: "0.1"}) == pytest.approx(0, abs=1e-60)


@pytest.mark.parametrize("expr", [sp.log(x), sp.sqrt(x), sp.cos(sp.log(x)), sp.asin(x - 1), 1 / (x + 2), sp.gamma(x)])
def test_what_is_not_real_is_nan(expr):
    assert mpmath.isnan(evaluate(expr, {x: -2}))


def test_pieces_and_conditions():
    expr = sp.Piecewise((1 / x, sp.Contains(x, sp.Interval(1, 2))), (y, x < 0))
    assert evaluate(expr, {x: 2, y: 5}) == 0.5
    assert evaluate(expr, {x: -1, y: 5}) == 5
    assert mpmath.isnan(evaluate(expr, {x: 3, y: 5}))
    assert evaluate(sp.And(x < y, sp.Ne(x, 0)), {x: 1, y: 2}) is True


def test_global_precision_is_left_alone():
    before = mpmath.mp.dps
    evaluate(sp.gamma(x), {x: 1.5}, 200)
    assert mpmath.mp.dps == before


def test_errors():
    with pytest.raises(UnknownSymbolError, match="y has no value"):
        evaluate(x + y, {x: 1})
    with pytest.raises(UnsupportedFunctionError, match="f has no spelling in mpmath"):
        evaluate(sp.Function("f")(x), {x: 1})
    with pytest.raises(UnsupportedFunctionError, match="Integral"):
        evaluate(sp.Integral(sp.exp(y), (y, 0, x)), {x: 1, y: 1})
    with pytest.raises(UnsupportedFunctionError, match="ImaginaryUnit"):
        evaluate(sp.I * x, {x: 1})
