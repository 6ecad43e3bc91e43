"""Derivatives of kernels against SymPy's own, and which of them are left to others."""

from __future__ import annotations

import pytest
import sympy as sp
from accuracy_cases import a, b, expressions, points, x, y
from hypothesis import assume, given, settings

import symgeo as sg
from symgeo.codegen import Kernel, evaluate
from symgeo.codegen.derivatives import derivative

KNOWN = [
    a**a,
    a**b / b**a,
    (a * b) ** sp.Rational(3, 2) / (a + b) ** 2,
    sp.exp(a * b) * sp.exp(-(a**2)) * sp.log(a + sp.sqrt(b)),
    a * sp.polygamma(1, a) - sp.polygamma(2, a + b) / sp.gamma(b),
    sp.besseli(2, a * b) + sp.besselk(a, b).subs(a, sp.Rational(1, 3)),
    sp.Piecewise((a**3 * b, a > b), (sp.exp(a) / b, True)),
    sp.Max(a, b) * sp.Abs(a - 2 * b) + sp.Min(a, 3),
    sp.zeta(a + 2) * sp.LambertW(b) + sp.erf(a) * sp.atan2(a, b),
    sp.binomial(a + b, b) + sp.beta(a, b),
]


def is_that_of_sympy(expr, at):
    """Asserts it; whether there is one."""
    found = derivative(Kernel.of(expr, tuple(at)), 0)
    if found is None:
        return False
    for symbol, slope in zip(at, found.expressions, strict=True):
        expected = expr.diff(symbol)
        value, wanted = evaluate(slope, at, 30), evaluate(expected, at, 30)
        if wanted.context.isfinite(wanted):
            assert abs(value - wanted) <= 1e-20 * abs(wanted) + 1e-300, (expr, symbol, value, wanted)
    return True


@settings(max_examples=60, deadline=None)
@given(expressions, points)
def test_against_sympy(expr, point):
    assume(is_that_of_sympy(expr, dict(zip((a, b, x, y), point, strict=True))))


@pytest.mark.parametrize("expr", KNOWN, ids=str)
def test_known_in_closed_form(expr):
    for point in ((1.75, 0.625), (0.25, 3.5)):
        assert is_that_of_sympy(expr, dict(zip((a, b), point, strict=True)))


@pytest.mark.parametrize(
    "expr",
    [
        sp.besselk(a, b),  # by the order
        sp.hyper((a, 1), (2,), -b),
        sp.uppergamma(a, b),
        sp.Heaviside(a - b),
        sp.floor(a) * b,
        sp.sign(a - b) * a,
        sp.binomial(a, b),  # its slope is a quotient of zeros at whole numbers
        sp.Abs(x + y) ** a,  # zero to a power
        sp.LambertW(a + x),  # likewise at zero
        sp.sinc(a - b),
    ],
    ids=str,
)
def test_not_known_in_closed_form(expr):
    kernel = Kernel.of([expr, a * b], (a, b))
    assert derivative(kernel, 0) is None
    assert derivative(Kernel.of(expr, (sp.Symbol("other"),)), 0).expressions == (0,)


def test_the_shape_and_the_domain_are_kept():
    metric = sg.catalogue.gamma().manifold.metric
    kernel = Kernel.of(metric)
    slopes = derivative(kernel, 0)
    assert slopes.shape == (2, 2, 2) and slopes.conditions == kernel.conditions
    k, r = kernel.coordinates
    assert list(slopes.expressions) == [e.diff(s) for e in metric.flat() for s in (k, r)]
    density = Kernel.of([a * x**2, a + b], (a,))
    assert derivative(density, 1).shape == (2,) and derivative(density, 1).expressions == (0, 1)  # by b
    assert derivative(density, 2).expressions == (2 * a * x, 0)


def test_what_is_too_long_is_left_to_others():
    kernel = Kernel.of(a * b * sp.exp(a) * sp.log(b), (a, b))
    assert derivative(kernel, 0) is not None
    assert derivative(kernel, 0, most=3) is None
