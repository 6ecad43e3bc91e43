"""The differential field: axioms, derivation rules, agreement with SymPy to 50 digits, laws of functions."""

from __future__ import annotations

from fractions import Fraction

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from symgeo.algebra import as_expression, differential_field
from symgeo.algebra.knowledge import Range
from symgeo.algebra.zero_test import element_sign, state_positive, zero_test

a, b = sp.symbols("a b", positive=True)
x = sp.Symbol("x", real=True)
POINT = {a: sp.Rational(7, 5), b: sp.Rational(13, 6), x: sp.Rational(-5, 7)}

ATOMS = st.sampled_from(  # symbols, sums, roots, and one of each kind of function
    [a, b, x, a + b, a**2 + 1, sp.Integer(2), sp.Rational(-3, 4), sp.log(a), sp.exp(x), sp.sqrt(a), sp.cbrt(a),
     sp.polygamma(0, a), sp.polygamma(1, a + 2), sp.sin(x), sp.cos(2 * x), sp.log(a + b), a**b, sp.gamma(b), sp.erf(x),
     sp.besseli(0, a), sp.besseli(2, a), sp.besselk(1, b), sp.tanh(x), sp.sinh(x), sp.exp(a / 2), sp.zeta(a + 1)]
)  # fmt: skip
TREES = st.recursive(
    ATOMS,
    lambda t: st.one_of(
        st.builds(sp.Add, t, t),
        st.builds(sp.Mul, t, t),
        st.builds(lambda u, n: u**n, t, st.sampled_from([2, 3, -1])),
    ),
    max_leaves=5,
)


def close(left: sp.Expr, right: sp.Expr) -> bool:
    """Equal to 40 digits at a generic point."""
    u, v = (sp.N(e.subs(POINT), 60) for e in (left, right))
    return abs(u - v) <= sp.Float("1e-40", 60) * (1 + abs(u))


def is_usable(tree: sp.Expr) -> bool:
    value = sp.N(tree.subs(POINT), 20)
    return value.is_finite is not False and value.is_real is not False and 1e-12 < abs(value) < 1e12


@pytest.mark.parametrize(
    ("expression", "content", "count"),
    [
        (-6 * a**2 * b, -6, 2),
        (4 * x**3 * (1 - a**2) * (a + b) ** 2, -4, 4),
        (3 * a * b - 6 * a * x**2, 3, 2),
        (a**2 + a * b + b**2, 1, 1),
        (sp.Integer(-5), -5, 0),
    ],
)
def test_factors_multiply_to_the_polynomial(expression: sp.Expr, content: int, count: int) -> None:
    field = differential_field()
    p = field(expression).numerator
    constant, factors = field.factorise(p)
    assert (abs(constant), len(factors)) == (abs(content), count)
    product = p.context().constant(constant)
    for f, e in factors:
        assert f.leading_coefficient() > 0 and not f.is_constant()
        product = product * f**e
    assert product == p


@settings(max_examples=60, deadline=None)
@given(TREES)
def test_conversion_keeps_the_value(tree: sp.Expr) -> None:
    if is_usable(tree):
        assert close(differential_field()(tree).to_sympy(), tree)


@settings(max_examples=60, deadline=None)
@given(TREES, st.sampled_from([a, b, x]))
def test_derivative_agrees_with_sympy(tree: sp.Expr, s: sp.Symbol) -> None:
    if is_usable(tree) and not tree.has(sp.zeta):
        assert close(differential_field()(tree).diff(s).to_sympy(), sp.diff(tree, s))


@settings(max_examples=60, deadline=None)
@given(TREES, TREES, TREES)
def test_field_axioms(u: sp.Expr, v: sp.Expr, w: sp.Expr) -> None:
    if not all(map(is_usable, (u, v, w))):
        return
    field = differential_field()
    p, q, r = field(u), field(v), field(w)
    assert p + q == q + p
    assert (p + q) + r == p + (q + r)
    assert p * q == q * p
    assert (p * q) * r == p * (q * r)
    assert p * (q + r) == p * q + p * r
    assert p - p == 0
    if p:
        assert p * p.inverse() == 1


@settings(max_examples=60, deadline=None)
@given(TREES, TREES)
def test_derivation_is_linear_and_leibniz(u: sp.Expr, v: sp.Expr) -> None:
    if not all(map(is_usable, (u, v))):
        return
    field = differential_field()
    p, q = field(u), field(v)
    assert (p + 3 * q).diff(a) == p.diff(a) + 3 * q.diff(a)
    assert (p * q).diff(a) == p.diff(a) * q + p * q.diff(a)
    if q:
        assert (p / q).diff(a) == (p.diff(a) * q - p * q.diff(a)) / q**2
    assert p.diff(a).diff(b) == p.diff(b).diff(a)


@pytest.mark.parametrize(
    "zero",
    [
        sp.log(a * b) - sp.log(a) - sp.log(b),
        sp.log(a**3 / (a + 1)) - 3 * sp.log(a) + sp.log(a + 1),
        sp.log(12) - 2 * sp.log(2) - sp.log(3),
        sp.exp(x + a) - sp.exp(x) * sp.exp(a),
        sp.exp(2 * sp.log(a) + x) - a**2 * sp.exp(x),
        sp.exp(x / 2) ** 2 - sp.exp(x),
        sp.sqrt(a) * sp.sqrt(a) - a,
        sp.sqrt(a * b) - sp.sqrt(a) * sp.sqrt(b),
        1 / (sp.sqrt(2) + sp.sqrt(3)) - sp.sqrt(3) + sp.sqrt(2),
        (a ** sp.Rational(1, 3)) ** 2 * a ** sp.Rational(1, 3) - a,
        1 / (a ** sp.Rational(1, 3) + 1) * (a + 1) - (a ** sp.Rational(2, 3) - a ** sp.Rational(1, 3) + 1),
        sp.sin(x) ** 2 + sp.cos(x) ** 2 - 1,
        sp.cos(2 * x) - 1 + 2 * sp.sin(x) ** 2,
        sp.sin(x + a) - sp.sin(x) * sp.cos(a) - sp.cos(x) * sp.sin(a),
        sp.cosh(x) ** 2 - sp.sinh(x) ** 2 - 1,
        sp.polygamma(0, a + 1) - sp.polygamma(0, a) - 1 / a,
        sp.polygamma(2, a + 3) - sp.polygamma(2, a) - 2 / a**3 - 2 / (a + 1) ** 3 - 2 / (a + 2) ** 3,
        sp.gamma(a + 2) - a * (a + 1) * sp.gamma(a),
        sp.loggamma(a + 1) - sp.loggamma(a) - sp.log(a),
        sp.beta(a, b) - sp.gamma(a) * sp.gamma(b) / sp.gamma(a + b),
        sp.besseli(2, a) - sp.besseli(0, a) + 2 * sp.besseli(1, a) / a,
        sp.besselk(2, a) - sp.besselk(0, a) - 2 * sp.besselk(1, a) / a,
        a ** (b + 1) - a * a**b,
        (2 * a) ** b - 2**b * a**b,
        a**b * a ** (2 * b) - a ** (3 * b),
        sp.GoldenRatio**2 - sp.GoldenRatio - 1,
        (sp.I**2 + 1) * a,
    ],
)  # fmt: skip
def test_laws_make_zero_exactly(zero: sp.Expr) -> None:
    assert not differential_field()(zero)


def test_a_relation_the_field_does_not_know_is_certified_by_evaluation() -> None:
    field = differential_field()
    duplication = sp.polygamma(0, 2 * a) - (sp.polygamma(0, a) + sp.polygamma(0, a + sp.Rational(1, 2))) / 2 - sp.log(2)
    verdict = zero_test(field(duplication))
    assert verdict.zero and not verdict.exact
    assert not zero_test(field(duplication + sp.Rational(1, 10**12)))


def test_an_exact_zero_says_so() -> None:
    verdict = zero_test(differential_field()(sp.sin(x) ** 2 + sp.cos(x) ** 2 - 1))
    assert verdict.zero and verdict.exact


def test_unknown_functions_become_generators_with_their_derivative() -> None:
    f = sp.Function("f")
    field = differential_field()
    assert field(f(a) ** 2).diff(a) == 2 * field(f(a)) * field(f(a).diff(a))


def test_logs_split_only_where_signs_are_proven() -> None:
    u, v = sp.symbols("u v", real=True)
    field = differential_field()
    assert field(sp.log(u * v)).to_sympy() == sp.log(u * v)  # both may be negative
    assert field(sp.log(u * a)).to_sympy() == sp.log(u) + sp.log(a)
    stated = differential_field()
    stated.knowledge.state_ranges({u: Range(0, 1), v: Range(-1, 0)})
    assert stated(sp.log(-u * v)).to_sympy() == sp.log(u) + sp.log(-v)


def test_even_powers_of_unknown_sign_keep_their_derivative() -> None:
    u = sp.Symbol("u", real=True)
    field = differential_field()
    assert field(sp.log(u**2)).diff(u) == 2 / field(u)


def test_stated_facts_decide_signs() -> None:
    p, q = sp.symbols("p q", positive=True)
    field = differential_field()
    assert element_sign(field(1 - p - q)) is None
    state_positive(field, field(1 - p - q))
    assert element_sign(field(1 - p - q)) == 1
    assert element_sign(field(2 * p + 2 * q - 2)) == -1


def test_output_keeps_differences_of_squares_together() -> None:
    r = sp.Symbol("r", real=True)
    field = differential_field()
    field.knowledge.state_ranges({r: Range(-1, 1)})
    assert str(field(1 / (1 - r**2) ** 2).to_sympy()) == "(1 - r**2)**(-2)"


def test_arithmetic_refuses_other_fields_and_zero_division() -> None:
    p, q = differential_field()(a), differential_field()(a)
    with pytest.raises(ValueError, match="two different fields"):
        p + q
    with pytest.raises(ZeroDivisionError):
        (p - p).inverse()


def test_numbers_and_text() -> None:
    assert as_expression(Fraction(2, 3)) == sp.Rational(2, 3)
    assert as_expression(0.1) == sp.Rational(1, 10)
    with pytest.raises(TypeError, match="expected a number or a SymPy expression"):
        as_expression("a + b")
