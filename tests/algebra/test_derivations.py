"""The chain rule through every kind of generator: composites f(g(x, y)), held against SymPy to 50 digits."""

from __future__ import annotations

from collections.abc import Callable

import mpmath
import pytest
import sympy as sp
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from symgeo.algebra import Element, differential_field
from symgeo.algebra.zero_test import zero_test

Function = Callable[[sp.Expr, sp.Expr], sp.Expr]
R = sp.Rational

x, y = sp.symbols("x y", positive=True)
a, b = sp.symbols("a b", real=True)
nu = sp.Symbol("nu", positive=True)
h, k = sp.Function("h"), sp.Function("k")

# Functions f(u, v) of two inner functions that are positive.
POSITIVE: dict[str, Function] = {
    "exp": lambda u, v: sp.exp(-u / 3),
    "exp of a quotient": lambda u, v: sp.exp(v / u),
    "exp of halves": lambda u, v: sp.exp(u / 2) + sp.exp(-3 * u / 2) * sp.exp(v / 2),
    "log": lambda u, v: sp.log(u) * sp.log(u + v),
    "log of a log": lambda u, v: sp.log(1 + sp.log(1 + u)),
    "log of a product of powers": lambda u, v: sp.log(u**3 * sp.sqrt(v) / (1 + u)),
    "square root": lambda u, v: sp.sqrt(u + v) * sp.sqrt(u),
    "cube root": lambda u, v: sp.cbrt(u) + sp.cbrt(u) ** 2 / v,
    "sixth roots": lambda u, v: sp.sqrt(u) * sp.cbrt(u) + u ** R(5, 6),
    "root in a root": lambda u, v: sp.sqrt(1 + sp.cbrt(u)),
    "root in the denominator": lambda u, v: 1 / (sp.sqrt(u) + sp.cbrt(y) + 1),
    "three roots deep": lambda u, v: sp.cbrt(2 + sp.sqrt(1 + sp.sqrt(u))),
    "root of an exponential": lambda u, v: sp.sqrt(1 + sp.exp(u)) * sp.sqrt(sp.exp(u)),
    "symbolic exponent": lambda u, v: u**nu + u ** (nu + 1) / v,
    "exponent a function": lambda u, v: u**v * u ** (2 * v - 1),
    "base a number": lambda u, v: 3**u * 2 ** (-v),
    "exponent an exponential": lambda u, v: u ** sp.exp(-v),
    "tangent": lambda u, v: sp.tan(u / 40) + sp.cot(u / 40) * sp.sec(v / 40) - sp.csc(v / 40),
    "logarithm of the gamma function": lambda u, v: sp.loggamma(u) - sp.loggamma(u + v),
    "gamma function": lambda u, v: sp.gamma(u + 3) / sp.gamma(u + 1) + sp.gamma(v) * sp.gamma(u),
    "digamma": lambda u, v: sp.digamma(u) * sp.digamma(v),
    "polygamma, shifted up": lambda u, v: sp.polygamma(1, u) + sp.polygamma(1, u + 3) * sp.polygamma(2, u + 2),
    "polygamma, shifted down": lambda u, v: sp.polygamma(0, u + 4) - v * sp.polygamma(1, u + 2),
    "polygamma of twice": lambda u, v: sp.polygamma(1, 2 * u) - sp.polygamma(1, u),
    "beta function": lambda u, v: sp.beta(u, v) + sp.beta(u, 2),
    "binomial coefficient": lambda u, v: sp.binomial(u + v, u),
    "factorials": lambda u, v: sp.factorial(u) / sp.factorial(u - R(1, 2)) + sp.rf(u, 5) * v,
    "besseli, symbolic order": lambda u, v: sp.besseli(nu, u),
    "besselk, symbolic order": lambda u, v: sp.besselk(nu, u) / v,
    "besselj, symbolic order": lambda u, v: sp.besselj(nu, u),
    "bessely, symbolic order": lambda u, v: sp.bessely(nu, u),
    "besselj, half an order": lambda u, v: sp.besselj(R(1, 2), u) * v,
    **{
        f"{f.__name__}, order {n}": lambda u, v, f=f, n=n: f(n, u) + v * f(1, u)
        for f in (sp.besseli, sp.besselj, sp.besselk, sp.bessely)
        for n in range(4)
    },
    "ratio of Bessel functions": lambda u, v: sp.besseli(1, u) / sp.besseli(0, u),
    "zeta function": lambda u, v: sp.zeta(u + 2) * v,
    "Hurwitz zeta function": lambda u, v: sp.zeta(3, u),
    "lambertw": lambda u, v: sp.LambertW(u) ** 2 / v,
    "logarithmic integral": lambda u, v: sp.li(u + 2),
    "upper gamma function": lambda u, v: sp.uppergamma(nu, u),
    "softplus": lambda u, v: sp.log(1 + sp.exp(u)) / (1 + sp.exp(-u)),
}
# Functions of inner functions that may have either sign.
REAL: dict[str, Function] = {
    "sine and cosine": lambda u, v: sp.sin(u) * sp.cos(v),
    "multiples of an angle": lambda u, v: sp.sin(3 * u) + sp.cos(2 * u) * sp.sin(u) ** 2,
    "halves of an angle": lambda u, v: sp.sin(u / 2) * sp.cos(u / 3) - sp.sin(u / 6),
    "sums of angles": lambda u, v: sp.sin(u + a) * v - sp.cos(u - 2 * a + sp.pi / 3),
    "sine of an exponential": lambda u, v: sp.sin(sp.exp(-(u**2))),
    "hyperbolic functions": lambda u, v: sp.sinh(u) * sp.cosh(v) - sp.cosh(u) ** 3,
    "hyperbolic tangent": lambda u, v: sp.tanh(u) ** 3 + 1 / sp.cosh(u),
    "hyperbolic tangent alone": lambda u, v: sp.tanh(u) / (2 + sp.tanh(v)),
    "error function": lambda u, v: sp.erf(u) * sp.erfc(v),
    "Mills ratio": lambda u, v: sp.exp(-(u**2) / 2) / sp.erfc(u / sp.sqrt(2)),
    "inverse tangent": lambda u, v: sp.atan(u) + sp.asinh(v),
    "airyai": lambda u, v: sp.airyai(u) * sp.airyaiprime(v),
    "airybi": lambda u, v: sp.airybi(u) + sp.airybiprime(u),
    "absolute value": lambda u, v: sp.Abs(u) * u + sp.Abs(v) ** 3,
    "log of an absolute value": lambda u, v: sp.log(sp.Abs(u)) + sp.log(v**2),
    "root of a square": lambda u, v: sp.sqrt(u**2) * v,
    "unknown function": lambda u, v: k(u) ** 2 / (1 + k(v) ** 2),
    "unknown functions, nested": lambda u, v: sp.exp(k(sp.sin(k(u)) + v)),
    "Piecewise": lambda u, v: sp.Piecewise((u**2 * v, a < b), (sp.exp(v), True)),
    "Piecewise of three": lambda u, v: sp.Piecewise((u, a < -1), (u * v, a < R(1, 2)), (sp.sin(v), True)),
    "Piecewise of conditions that overlap": lambda u, v: sp.Piecewise((u, a < 9), (v, a > 9), (v**2, b < 9), (1, True)),
    "Piecewise, nested": lambda u, v: sp.Piecewise((sp.Piecewise((u, b > 0), (v, True)), a > 0), (u * v, True)),
    "constants": lambda u, v: sp.pi**2 * u + sp.EulerGamma * sp.exp(1) * v**3 + sp.Catalan * u * v,
}


def values(rows: list[sp.Expr], point: dict[sp.Symbol, sp.Rational]) -> list[mpmath.mpc]:
    """The expressions' values at a point, by mpmath with 90 digits; unknown functions are given values first."""
    tables = {
        "zeta_prime": lambda s: mpmath.zeta(s, 1, 1),
        "airyaiprime": lambda u: mpmath.airyai(u, derivative=1),
        "airybiprime": lambda u: mpmath.airybi(u, derivative=1),
        "uppergamma": mpmath.gammainc,
        "li": mpmath.li,
    }
    with mpmath.workdps(90):
        numbers = [mpmath.mpf(int(q.p)) / int(q.q) for q in point.values()]
        function = sp.lambdify(list(point), [_with_values(e) for e in rows], [tables, "mpmath"], cse=True)
        return [mpmath.mpmathify(v) for v in function(*numbers)]


def _with_values(e: sp.Expr) -> sp.Expr:
    """Unknown functions replaced by known ones, derivatives of the zeta function by a name of their own."""
    if e.has(h, k):
        e = e.subs({h: sp.Lambda((x, y), sp.sin(2 * x + y) + x**2 * y), k: sp.Lambda(x, x**3 / 9 - x)}).doit()
    prime = sp.Function("zeta_prime")
    e = e.replace(sp.Subs, lambda f, old, new: prime(*new) if f == sp.zeta(*old).diff(*old) else sp.nan)
    return e.replace(sp.Derivative, lambda f, _: prime(*f.args) if isinstance(f, sp.zeta) else sp.nan)


def agree(left: list[sp.Expr], right: list[sp.Expr], point: dict[sp.Symbol, sp.Rational]) -> None:
    """Both sides have the same values to 50 digits."""
    both = values([*left, *right], point)
    for i, (got, expected) in enumerate(zip(both[: len(left)], both[len(left) :], strict=True)):
        assert mpmath.isfinite(expected), f"entry {i} has no value"
        assert abs(got - expected) <= mpmath.mpf(10) ** -50 * abs(expected), f"entry {i} differs"


small = st.sampled_from([R(n, d) for n in range(1, 6) for d in (1, 2, 3)])
signed = st.sampled_from([R(n, d) for n in (-4, -3, -2, -1, 1, 2, 3, 5) for d in (1, 2, 3)])


@st.composite
def inner(draw, s: sp.Symbol, t: sp.Symbol, numbers=small) -> sp.Expr:
    """A polynomial, rational or transcendental function of two symbols; positive if the symbols and numbers are."""
    c = [draw(numbers) for _ in range(3)]
    kind = draw(st.sampled_from(["affine", "product", "square", "quotient", "mixed"]))
    return {
        "affine": c[0] + c[1] * s + abs(c[2]) * t,
        "product": c[0] * s * t + c[1] * t,
        "square": c[0] * s**2 + c[1] * t + abs(c[2]),
        "quotient": (c[0] * s + c[1] * t) / (1 + abs(c[2]) * s * s),
        "mixed": c[0] * s * sp.exp(-t / 2) + c[1] * t,
    }[kind]


rationals = st.fractions(min_value=R(1, 5), max_value=2, max_denominator=50).map(
    lambda q: R(q.numerator, q.denominator)
)
either = st.fractions(min_value=-2, max_value=2, max_denominator=50).map(lambda q: R(q.numerator, q.denominator))


def derivatives(e: sp.Expr, point: dict[sp.Symbol, sp.Rational]) -> tuple[Element, Element]:
    """The derivatives by the point's first two symbols; they and the round trip have SymPy's values."""
    s, t, *_ = point
    element = differential_field()(e)
    found = element.diff(s), element.diff(t)
    agree([c.to_sympy() for c in (element, *found)], [e, sp.diff(e, s), sp.diff(e, t)], point)
    return found


def check_derivations(e: sp.Expr, point: dict[sp.Symbol, sp.Rational]) -> None:
    """Mixed second derivatives are the same element."""
    s, t, *_ = point
    first, second = derivatives(e, point)
    assert zero_test(first.diff(t) - second.diff(s))


@pytest.mark.parametrize("name", POSITIVE)
@settings(max_examples=2)
@given(u=inner(x, y), v=inner(y, x), at=st.tuples(rationals, rationals, rationals))
def test_functions_of_positive_arguments(name, u, v, at) -> None:
    check_derivations(POSITIVE[name](u, v), dict(zip((x, y, nu), at, strict=True)))


@pytest.mark.parametrize("name", REAL)
@settings(max_examples=2)
@given(u=inner(a, b, signed), v=inner(b, a, signed), at=st.tuples(either, either))
def test_functions_of_real_arguments(name, u, v, at) -> None:
    point = dict(zip((a, b), at, strict=True))
    assume(all(abs(e.subs(point).evalf(20)) > 1e-3 for e in (u, v, a, b, a - b, u - v)))
    check_derivations(REAL[name](u, v), point)


@settings(max_examples=2)
@given(u=inner(x, y), v=inner(y, x), at=st.tuples(rationals, rationals))
def test_unknown_functions_of_two_arguments(u, v, at) -> None:
    derivatives(h(u, v) ** 2 + h(x, sp.sin(v)), dict(zip((x, y), at, strict=True)))


@settings(max_examples=12)
@given(
    names=st.tuples(
        *(st.sampled_from([name for name in POSITIVE if "root" not in name and "shifted" not in name]),) * 2
    ),
    u=inner(x, y),
    v=inner(y, x),
    factor=st.sampled_from([R(-2, 3), 1 + x * y, sp.exp(x), nu]),
)
def test_derivation_is_linear_and_obeys_the_rules_of_products_and_quotients(names, u, v, factor) -> None:
    field = differential_field()
    p, q, c = (field(e) for e in (POSITIVE[names[0]](u, v), POSITIVE[names[1]](v, u), factor))
    assert zero_test((3 * p - q / 7).diff(x) - (3 * p.diff(x) - q.diff(x) / 7))
    assert zero_test((c * p + q).diff(x) - (c * p.diff(x) + c.diff(x) * p + q.diff(x)))
    assert zero_test((p * q).diff(y) - (p.diff(y) * q + p * q.diff(y)))
    assert zero_test((p**3).diff(x) - 3 * p**2 * p.diff(x))
    if not zero_test(q):
        assert zero_test((p / q).diff(x) * q * q - (p.diff(x) * q - p * q.diff(x)))
