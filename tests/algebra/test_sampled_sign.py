"""Signs read off doubles are those of 60 digits; values in ball arithmetic are those of mpmath."""

import mpmath
import pytest
import sympy as sp
from flint import arb

from symgeo.algebra import convert
from symgeo.algebra.ball_values import ball_value
from symgeo.algebra.sampled_sign import sampled_sign
from symgeo.algebra.zero_test import polynomial_value

x, y = sp.symbols("x y", positive=True)
u = sp.Symbol("u", real=True)
EXPRESSIONS = [
    x - y,
    x**3 - 5 * x * y + 1,
    sp.exp(u) - sp.exp(x + y),
    sp.exp(1000 * x) - 1,
    sp.exp(900 * x) * 10**300 - sp.exp(y),
    sp.log(x) * sp.sqrt(y) - 2,
    1 - sp.polygamma(1, x) * y,
    sp.besselk(0, x) - sp.besseli(1, y),
    sp.lerchphi(sp.exp(-x), 2, 1 + y) - 1,
    sp.erfc(x) - sp.erf(y) + sp.expint(1, x),
    sp.zeta(1 + x) - sp.pi,
    # The terms cancel to less than doubles hold.
    10**12 * x - (10**12 - 1) * y + (10**12 - 1) * (y - x),
    sp.exp(x) * 10**20 + y - (10**20 + 1) * sp.exp(x),
]


@pytest.mark.parametrize("expr", EXPRESSIONS, ids=str)
def test_the_sign_is_that_of_sixty_digits(expr):
    field = convert.differential_field()
    p = field(expr).numerator
    total, size = polynomial_value(field, p, 0)
    assert abs(total) > 1e-30 * size
    assert sampled_sign(field, p) == (1 if mpmath.re(total) > 0 else -1)
    assert sampled_sign(field, -p) == -sampled_sign(field, p)


FUNCTIONS = [
    *(
        f(x)
        for f in (sp.exp, sp.log, sp.sin, sp.cos, sp.tan, sp.sinh, sp.cosh, sp.tanh, sp.atan, sp.gamma, sp.loggamma)
    ),
    *(f(x / 2) for f in (sp.asin, sp.acos, sp.erf, sp.erfc, sp.factorial, sp.zeta)),
    *(sp.polygamma(n, x) for n in range(3)),
    *(f(y, x) for f in (sp.atan2, sp.besseli, sp.besselk, sp.beta, sp.expint, lambda s, z: sp.polylog(s, z / 2))),
    *(sp.zeta(1 + x, y), sp.lerchphi(x / 2, 2, y), x**y, sp.sqrt(x), sp.Abs(-x, evaluate=False), sp.pi * x + sp.E),
    sp.EulerGamma - x,
]


@pytest.mark.parametrize("expr", FUNCTIONS, ids=str)
def test_a_ball_holds_the_value(expr):
    at = {x: sp.Rational(7, 5), y: sp.Rational(9, 4)}
    ball = ball_value(expr, {s: arb(int(v.p)) / int(v.q) for s, v in at.items()})
    assert abs(float(ball.mid()) / float(expr.evalf(30, subs=at)) - 1) < 1e-13
    assert ball.rel_accuracy_bits() > 40


def test_what_has_no_ball_has_none():
    assert ball_value(sp.Function("f")(x) + 1, {x: arb(1)}) is None
    assert ball_value(y, {x: arb(1)}) is None
    assert not ball_value(sp.log(-x), {x: arb(1)}).is_finite()
