"""Bessel functions through their ratio, and the Riemann zeta function with its derivatives."""

from __future__ import annotations

import mpmath
import pytest
import sympy as sp

import symgeo as sg
from symgeo.algebra import differential_field
from symgeo.algebra.zero_test import zero_test

x, y = sp.symbols("x y", positive=True)
KINDS = [sp.besseli, sp.besselk, sp.besselj, sp.bessely]
ORDERS = [0, 1, 3, -2, sp.Rational(1, 3), sp.Rational(-7, 3), sp.Rational(3, 2), sp.Rational(-1, 2), y, y + 2]
POINT = {x: sp.Rational(7, 3), y: sp.Rational(5, 7)}


def value(e: sp.Expr) -> sp.Expr:
    return e.subs(POINT).evalf(40)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("order", ORDERS, ids=str)
def test_conversion_and_derivative_in_the_argument(kind: type, order: sp.Expr) -> None:
    expr = kind(order, x)
    a = differential_field()(expr)
    assert abs(value(a.to_sympy()) / value(expr) - 1) < 1e-35
    assert abs(value(a.diff(x).to_sympy()) / value(sp.diff(expr, x)) - 1) < 1e-35


@pytest.mark.parametrize(
    ("kind", "sign"), [(sp.besseli, 1), (sp.besselj, -1), (sp.bessely, -1), (sp.besselk, 1)], ids=str
)
def test_orders_that_differ_by_integers_are_tied_exactly(kind: type, sign: int) -> None:
    """DLMF 10.6.1 and 10.29.1: C_(nu-1) -+ C_(nu+1) = (2 nu/z) C_nu."""
    field = differential_field()
    below, here, above = (field(kind(y + k, x)) for k in range(3))
    turned = -1 if kind is sp.besselk else 1
    verdict = zero_test(below - sign * above - turned * 2 * field(y + 1) / field(x) * here)
    assert verdict.zero and verdict.exact


def test_the_two_kinds_are_tied_by_their_wronskian() -> None:
    """DLMF 10.28.2: I_nu K_(nu+1) + I_(nu+1) K_nu = 1/z; the field does not know it and says so."""
    field = differential_field()
    i0, i1, k0, k1 = (field(f(n, x)) for f in (sp.besseli, sp.besselk) for n in (0, 1))
    verdict = zero_test(i0 * k1 + i1 * k0 - 1 / field(x))
    assert verdict.zero and not verdict.exact


def test_logarithmic_derivatives_hold_the_ratio_alone() -> None:
    field = differential_field()
    slope = field(sp.log(sp.besseli(0, x))).diff(x)
    assert slope.to_sympy() == sp.besseli(1, x) / sp.besseli(0, x)
    assert len(field.used_generators(slope.diff(x))) == 2


def test_bessel_functions_of_half_integer_order_are_elementary() -> None:
    field = differential_field()
    assert zero_test(field(sp.besselk(sp.Rational(1, 2), x)) - field(sp.sqrt(sp.pi / (2 * x)) * sp.exp(-x)))
    # Langevin's function: Mardia and Jupp, Directional Statistics, 2000, section 9.3.2.
    ratio = field(sp.besseli(sp.Rational(3, 2), x)) / field(sp.besseli(sp.Rational(1, 2), x))
    assert zero_test(ratio - field(sp.coth(x) - 1 / x))


def test_derivatives_of_zeta_are_generators() -> None:
    field = differential_field()
    a = field(sp.log(sp.zeta(x)))
    zeta = sp.zeta(x)
    first, second = (sp.Derivative(zeta, (x, n)) for n in (1, 2))
    assert a.diff(x).to_sympy() == first / zeta
    assert a.diff(x).diff(x).to_sympy() == (zeta * second - first**2) / zeta**2
    assert field(second) == field(zeta).diff(x).diff(x)
    inner = field(sp.zeta(2 * x + 1)).diff(x).to_sympy()
    assert field(inner) == field(sp.zeta(2 * x + 1)).diff(x)


def test_geometry_of_the_zeta_law_in_numbers() -> None:
    """The metric is (log zeta)''. Johnson, Kemp and Kotz, Univariate Discrete Distributions, 2005, section 11.2.20."""
    n = sp.Symbol("n", integer=True, positive=True)
    domain = {x: sp.Interval.open(1, sp.oo)}
    manifold = sg.StatisticalModel(n**-x / sp.zeta(x), n, x, support=sp.S.Naturals, domain=domain).manifold
    metric = sg.lambdify(manifold.metric)
    cubic = sg.lambdify(manifold.cubic)
    for s in (1.01, 2.0, 5.0, 30.0):
        logarithm = [mpmath.diff(lambda t: mpmath.log(mpmath.zeta(t)), mpmath.mpf(s), k) for k in (2, 3)]
        assert metric([s])[0, 0] == pytest.approx(float(logarithm[0]), rel=1e-9)
        assert cubic([s])[0, 0, 0] == pytest.approx(float(logarithm[1]), rel=1e-8)
