"""Text becomes the SymPy expression it looks like, or a GrammarError that points at the character."""

from __future__ import annotations

import time

import pytest
import sympy as sp
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from symgeo.errors import GrammarError, SymgeoError
from symgeo.grammar import FUNCTIONS, MAX_LENGTH, MAX_NESTING, parse_constraint, parse_declaration, parse_expression

x, y, k, r = sp.symbols("x y k r", positive=True)
m = sp.Symbol("m", real=True)
n = sp.Symbol("n", integer=True, positive=True)
lam, beta, gamma, mu = sp.symbols("lambda beta gamma μ", positive=True)
SYMBOLS = {s.name: s for s in (x, y, k, r, m, n, lam, beta, gamma, mu)}
R = sp.Rational

READ = {
    "r**k * x**(k-1) * exp(-r*x) / gamma(k)": r**k * x ** (k - 1) * sp.exp(-r * x) / sp.gamma(k),
    "exp(-(x-m)^2/(2*k^2))/sqrt(2*pi*k^2)": sp.exp(-((x - m) ** 2) / (2 * k**2)) / sp.sqrt(2 * sp.pi * k**2),
    "-x**2": -(x**2),
    "2**-x": 2 ** (-x),
    "-2^2": sp.Integer(-4),
    "x**y**2": x ** (y**2),
    "(x**y)**2": (x**y) ** 2,
    "x/y/k": x / (y * k),
    "x/y*k": x * k / y,
    "x - y - k": x - y - k,
    "x - -y": x + y,
    "+x": x,
    "---x": -x,
    "2*-x": -2 * x,
    "x/-y": -x / y,
    "-x!": -sp.factorial(x),
    "n!/(n-2)!": sp.factorial(n) / sp.factorial(n - 2),
    "2*n!**2": 2 * sp.factorial(n) ** 2,
    "1/2": R(1, 2),
    "0.1": R(1, 10),
    "1e-3": R(1, 1000),
    "2.5E+2": sp.Integer(250),
    ".5 + 2.": R(5, 2),
    "x**0.12345": x ** R(12345, 100000),
    "1000000*x": 1000000 * x,
    "ln(x) - log(x)": sp.Integer(0),
    "abs(m)": sp.Abs(m),
    "lgamma(x) - loggamma(x)": sp.Integer(0),
    "digamma(x) + polygamma(1, x)": sp.digamma(x) + sp.polygamma(1, x),
    "besseli(0, k)*besselk(1, k)": sp.besseli(0, k) * sp.besselk(1, k),
    "binomial(n, 2)*zeta(x)*zeta(x, 2)": sp.binomial(n, 2) * sp.zeta(x) * sp.zeta(x, 2),
    "asin(m)+acos(m)+atan(m)": sp.asin(m) + sp.acos(m) + sp.atan(m),
    "sinh(m)*cosh(m)*tanh(m)": sp.sinh(m) * sp.cosh(m) * sp.tanh(m),
    "erf(x)/erfc(x)": sp.erf(x) / sp.erfc(x),
    "E**x * e**y": sp.exp(x) * sp.exp(y),
    "pi*EulerGamma": sp.pi * sp.EulerGamma,
    "\n x\t+ y ": x + y,
}


@pytest.mark.parametrize("text", READ)
def test_text_is_read_as_written(text):
    assert parse_expression(text, SYMBOLS) == READ[text]


def test_declared_names_win_unless_a_parenthesis_follows():
    assert parse_expression("beta*beta(x, y)", SYMBOLS) == beta * sp.beta(x, y)
    assert parse_expression("gamma**2*gamma(gamma)", SYMBOLS) == gamma**2 * sp.gamma(gamma)
    assert parse_expression("lambda*exp(-lambda*x)", SYMBOLS) == lam * sp.exp(-lam * x)
    pi, e = sp.symbols("pi e")
    assert parse_expression("pi + e + E", {"pi": pi, "e": e}) == pi + e + sp.E


def test_greek_letters_are_names_and_the_micro_sign_is_one():
    alpha_1 = sp.Symbol("α_1")
    assert parse_expression("α_1*μ + µ", {"α_1": alpha_1, "μ": mu}) == alpha_1 * mu + mu
    assert parse_expression("μ", {"µ": mu}) == mu  # declared with the micro sign


REFUSED = [  # text, position of the mark, part of the message
    ("2x", 1, "to multiply, write *"),
    ("k r", 2, "to multiply, write *"),
    ("(x)(y)", 3, "to multiply, write *"),
    ("2 (x)", 2, "to multiply, write *"),
    ("x 2", 2, "to multiply, write *"),
    ("exp(x)exp(y)", 6, "to multiply, write *"),
    ("1e", 1, "to multiply, write *"),
    ("k(x)", 1, "k is no function: to multiply, write k*("),
    ("pi(x)", 2, "pi is no function"),
    ("x + lamda", 4, "declared are x, y, k, r, m, n, lambda, beta, gamma, μ; did you mean lambda"),
    ("bta(x, y)", 0, "unknown function 'bta'"),
    ("log + x", 0, "log is a function"),
    ("I*x", 0, "unknown name 'I'"),
    ("x*exp(x, y)", 2, "exp takes 1 argument(s), not 2"),
    ("beta(x)", 0, "beta takes 2 argument(s), not 1"),
    ("zeta(1, 2, 3)", 0, "zeta takes 2 argument(s), not 3"),
    ("x.real", 1, "'.' has no meaning"),
    ("x[0]", 1, "'[' has no meaning"),
    ("x; y", 1, "';' has no meaning"),
    ("'x'", 0, '"\'" has no meaning'),
    ("x + #", 4, "'#' has no meaning"),
    ("x²", 1, "'²' has no meaning"),
    ("lambda: x", 6, "':' has no meaning"),
    ("__import__('os')", 0, "'_' has no meaning"),
    ("x if y else k", 2, "to multiply, write *"),
    ("x == y", 2, "'==' has no meaning"),
    ("x < y", 2, "'<' has no meaning"),
    ("x!!", 2, "'!' has no meaning"),
    ("", 0, "the text ends"),
    ("x +", 3, "the text ends"),
    ("x ** ", 5, "the text ends"),
    ("x + * y", 4, "'*' stands where"),
    ("()", 1, "')' stands where"),
    ("x)", 1, "')' has no meaning"),
    ("2*(x + (y)", 2, "never closed"),
    ("exp(x", 3, "never closed"),
    ("exp(x]", 5, "']' has no meaning"),
    ("x/0", 1, "division by zero"),
    ("x/(y - y)", 1, "division by zero"),
    ("0**-1", 1, "division by zero"),
    ("x*sqrt(-2)", 2, "no finite real value"),
    ("log(0)", 0, "no finite real value"),
    ("(-1)**0.5", 4, "no finite real value"),
    ("gamma(-2)", 0, "no finite real value"),
    ("asin(2)", 0, "asin of a number beyond 1"),
    ("9**9**9**9", 4, "an exponent beyond 1000"),
    ("x + 2**100000", 5, "an exponent beyond 1000"),
    ("(10**9)!", 7, "factorial of a number beyond 1000"),
    ("exp(x + 10**9*log(2))", 0, "an exponent beyond 1000"),
    ("besselk(999, 1)", 0, "besselk of a number beyond 50"),
    ("1e100000", 0, "more than 1000 digits"),
    ("1" * 2000, 0, "more than 1000 digits"),
    ("(2**1000)**1000", 9, "bits"),
    ("exp(exp(exp(10)))", 4, "exp of a number beyond 1000"),
    ("sqrt(2 + sqrt(2 + sqrt(2)))", 0, "nested too deep"),
    ("exp(2 - " * 12 + "x" + ")" * 12, None, "nested too deep"),
    ("(" * 5000, MAX_NESTING, "levels deep"),
]


@pytest.mark.parametrize(("text", "position", "message"), REFUSED)
def test_what_has_no_meaning_is_refused_at_its_character(text, position, message):
    with pytest.raises(GrammarError) as caught:
        parse_expression(text, SYMBOLS)
    error = caught.value
    assert message in str(error)
    assert isinstance(error, SymgeoError)
    assert error.text == text
    assert position is None or error.position == position
    assert str(error).splitlines()[-1].index("^") == error.position + 2


def test_long_texts_are_refused_and_long_sums_are_read():
    with pytest.raises(GrammarError, match=f"{MAX_LENGTH + 1} characters"):
        parse_expression("x" * (MAX_LENGTH + 1), SYMBOLS)
    assert parse_expression("+".join(["x"] * (MAX_LENGTH // 2)), SYMBOLS) == MAX_LENGTH // 2 * x
    assert parse_expression("-" * (MAX_LENGTH - 2) + "x", SYMBOLS) == x


def refusal(read, text):
    try:
        read(text, SYMBOLS)
    except GrammarError as error:
        return error
    return None


HOSTILE = [
    "x" + "**x" * 3000,
    "2**" * 3000 + "2",
    "9" * 999 + "**999",
    "(9**999*x)**999",
    "((x + m)**1000)**1000",
    "exp(" * 2000,
    "1/" * 4999 + "x",
    "*".join(f"(x + {i}*m)" for i in range(900)),
    "+".join(f"sqrt({i})" for i in range(1000)),
    "exp(exp(exp(10**9)))",
    "sin(exp(999))**0.5",
    "abs(sin(cosh(pi**10)) - 1)",
    "exp(10**9*(x + log(2)))",
    "e**(10**9*log(2))",
    "factorial(factorial(6))",
    "binomial(sin(1), 333)",
    "zeta(50, 50) + polygamma(50, 50)",
    "sqrt(-" * 30 + "m" + ")" * 30,
    "log(" + "+".join(f"m*{i}/({i} + x)" for i in range(1, 600)) + ")",
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:20])
def test_hostile_text_ends(text):
    started = time.perf_counter()
    refusal(parse_expression, text)
    assert time.perf_counter() - started < 20  # none takes two seconds on an idle machine


numbers = st.one_of(st.integers(-9, 9).map(sp.Integer), st.fractions(-3, 3, max_denominator=12).map(R))
leaves = st.one_of(st.sampled_from([x, y, k, m, n, lam, sp.pi]), numbers)
one = st.sampled_from([sp.exp, sp.log, sp.sqrt, sp.sin, sp.tanh, sp.gamma, sp.loggamma, sp.erf, sp.factorial])
two = st.sampled_from([sp.beta, sp.besseli, sp.polygamma])
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(lambda terms: sp.Add(*terms)),
        st.lists(inner, min_size=2, max_size=3).map(lambda factors: sp.Mul(*factors)),
        st.tuples(inner, st.integers(-3, 3)).map(lambda pair: pair[0] ** pair[1] if pair[0] != 0 else pair[0]),
        st.tuples(st.sampled_from([x, y, k]), inner).map(lambda pair: pair[0] ** pair[1]),
        st.tuples(one, st.sampled_from([x, y, k, n])).map(lambda pair: pair[0](pair[1])),
        st.tuples(one, st.sampled_from([x, y]), inner).map(lambda t: t[0](t[1] + t[2] ** 2)),
        st.tuples(two, st.sampled_from([1, 2]), st.sampled_from([x, y])).map(lambda t: t[0](t[1], t[2])),
    ),
    max_leaves=8,
)


@settings(max_examples=150)
@given(trees)
def test_printed_expressions_are_read_back(tree):
    assume(not tree.has(sp.I, sp.zoo, sp.nan, sp.oo))
    try:
        read = parse_expression(str(tree), SYMBOLS)
    except GrammarError as error:
        assume("nested too deep" not in str(error))
        raise
    assert read == tree or sp.expand(read) == sp.expand(tree)  # SymPy makes 2*x + 2*y of 2*(x + y) at once


marks = [*".*/+-()!,<>{}[]=;'_²λ^\\ \n", "..", "...", "**", "<=", "pi", "oo", "in", "real", "2", "0", "0.5", "1e3"]
pieces = st.sampled_from([*FUNCTIONS, *SYMBOLS, *marks])


@settings(max_examples=300)
@given(st.one_of(st.text(max_size=40), st.lists(pieces, max_size=12).map("".join)))
def test_any_text_is_read_or_refused_within_itself(text):
    for read in (parse_expression, parse_constraint, parse_declaration):
        error = refusal(read, text)
        assert error is None or 0 <= error.position <= len(text)


DECLARED = {
    "mu": (sp.Symbol("mu", real=True), None),
    "mu real": (sp.Symbol("mu", real=True), None),
    "q positive integer": (sp.Symbol("q", positive=True, integer=True), None),
    "q > 0": (sp.Symbol("q", positive=True), sp.Interval.open(0, sp.oo)),
    "0 < q": (sp.Symbol("q", positive=True), sp.Interval.open(0, sp.oo)),
    "q >= 0": (sp.Symbol("q", nonnegative=True), sp.Interval(0, sp.oo)),
    "q < 0": (sp.Symbol("q", negative=True), sp.Interval.open(-sp.oo, 0)),
    "q <= 0": (sp.Symbol("q", nonpositive=True), sp.Interval(-sp.oo, 0)),
    "0<q<1": (sp.Symbol("q", positive=True), sp.Interval.open(0, 1)),
    "1 > q >= 0": (sp.Symbol("q", nonnegative=True), sp.Interval.Ropen(0, 1)),
    "-pi < q <= pi": (sp.Symbol("q", real=True), sp.Interval.Lopen(-sp.pi, sp.pi)),
    "-oo < q < oo": (sp.Symbol("q", real=True), sp.Interval(-sp.oo, sp.oo)),
    "q > -1/2": (sp.Symbol("q", real=True), sp.Interval.open(-R(1, 2), sp.oo)),
    "0 < q < 1 - x": (sp.Symbol("q", positive=True), sp.Interval.open(0, 1 - x)),
    "q > x": (sp.Symbol("q", positive=True), sp.Interval.open(x, sp.oo)),
    "x < q": (sp.Symbol("q", positive=True), sp.Interval.open(x, sp.oo)),
    "pi < q": (sp.Symbol("q", positive=True), sp.Interval.open(sp.pi, sp.oo)),
    "pi > 0": (sp.Symbol("pi", positive=True), sp.Interval.open(0, sp.oo)),
    "σ > 0": (sp.Symbol("σ", positive=True), sp.Interval.open(0, sp.oo)),
    "q in (0, 1]": (sp.Symbol("q", positive=True), sp.Interval.Lopen(0, 1)),
    "q in [0, oo)": (sp.Symbol("q", nonnegative=True), sp.Interval(0, sp.oo)),
    "q in reals": (sp.Symbol("q", real=True), sp.S.Reals),
    "q in 0..10": (sp.Symbol("q", nonnegative=True, integer=True), sp.Range(0, 11)),
    "q in 1..n": (sp.Symbol("q", positive=True, integer=True), sp.Range(1, n + 1)),
    "q in -2..2": (sp.Symbol("q", integer=True), sp.Range(-2, 3)),
    "q in 0..": (sp.Symbol("q", nonnegative=True, integer=True), sp.S.Naturals0),
    "q in 1..": (sp.Symbol("q", positive=True, integer=True), sp.S.Naturals),
    "q in 3..oo": (sp.Symbol("q", positive=True, integer=True), sp.Range(3, sp.oo)),
    "q in naturals0": (sp.Symbol("q", nonnegative=True, integer=True), sp.S.Naturals0),
    "q in integers": (sp.Symbol("q", integer=True), sp.S.Integers),
    "q in {1, 2, 3}": (sp.Symbol("q", positive=True, integer=True), sp.FiniteSet(1, 2, 3)),
    "q in {-1, 1}": (sp.Symbol("q", integer=True), sp.FiniteSet(-1, 1)),
    "q in {1/2, 1}": (sp.Symbol("q", positive=True), sp.FiniteSet(R(1, 2), 1)),
    "q in {0, 1, ...}": (sp.Symbol("q", nonnegative=True, integer=True), sp.S.Naturals0),
    "q in {2, ...}": (sp.Symbol("q", positive=True, integer=True), sp.Range(2, sp.oo)),
}


@pytest.mark.parametrize("text", DECLARED)
def test_declarations(text):
    symbol, values = parse_declaration(text, SYMBOLS)
    expected, expected_values = DECLARED[text]
    assert symbol == expected
    assert values == expected_values


def test_declarations_need_no_earlier_symbols():
    assert parse_declaration("x > 0") == (x, sp.Interval.open(0, sp.oo))


REFUSED_DECLARATIONS = [
    ("", 0, "the text ends"),
    ("0 < 1", 4, "here should stand the name"),
    ("2*q > 0", 2, "unknown name 'q'"),
    ("oo > 0", 5, "here should stand the name"),
    ("in > 0", 0, "here should stand the name"),
    ("_q > 0", 0, "'_' has no meaning"),
    ("x > 0", 0, "x is declared already"),
    ("0 < x < 1", 4, "x is declared already"),
    ("3", 1, "a declaration is a name with its range"),
    ("q = 3", 2, "after a name comes its range"),
    ("q == 3", 2, "after a name comes its range"),
    ("q foo", 2, "after a name comes its range"),
    ("0 < q > 1", 6, "must point the same way"),
    ("1 < q < 0", 0, "no room between the ends"),
    ("0 <= q <= 0", 0, "no room between the ends"),
    ("0 < q < 1 < 2", 10, "'<' has no meaning"),
    ("0 < q < z", 8, "unknown name 'z'"),
    ("q > 0 real", 6, "an operator is missing"),
    ("q in", 4, "the text ends"),
    ("q in foo", 5, "unknown name 'foo'"),
    ("q in 3", 6, "after `in` comes"),
    ("q in 0..x", 8, "x is no integer"),
    ("q in 3..1", 5, "this range holds no number"),
    ("q in (0, 1", 5, "never closed"),
    ("q in (0)", 7, "an interval is written"),
    ("q in {1, 1}", 5, "distinct numbers"),
    ("q in {x}", 5, "distinct numbers"),
    ("q in {0, 2, ...}", 5, "integers in steps of one"),
    ("q in {1, 2", 5, "never closed"),
]


@pytest.mark.parametrize(("text", "position", "message"), REFUSED_DECLARATIONS)
def test_declarations_without_meaning_are_refused(text, position, message):
    with pytest.raises(GrammarError) as caught:
        parse_declaration(text, SYMBOLS)
    assert message in str(caught.value)
    assert caught.value.position == position


def test_constraints_are_kept_as_written():
    assert parse_constraint("x + y < 1", SYMBOLS) == sp.StrictLessThan(x + y, 1)
    assert parse_constraint("x >= y**2", SYMBOLS) == sp.GreaterThan(x, y**2)
    always = parse_constraint("x > -1", SYMBOLS)  # SymPy would make True of it
    assert (always.lhs, always.rhs, always.rel_op) == (x, -1, ">")


@pytest.mark.parametrize(
    ("text", "position", "message"),
    [
        ("x + y", 5, "a constraint is an inequality"),
        ("x = 1", 2, "a constraint is an inequality"),
        ("x != 1", 2, "a constraint is an inequality"),
        ("x y < 1", 2, "to multiply, write *"),
        ("0 < x < 1", 6, "a second relation"),
        ("1 < 2", 0, "holds no parameter"),
        ("x <", 3, "the text ends"),
        ("x < 1)", 5, "')' has no meaning"),
    ],
)
def test_constraints_without_meaning_are_refused(text, position, message):
    with pytest.raises(GrammarError) as caught:
        parse_constraint(text, SYMBOLS)
    assert message in str(caught.value)
    assert caught.value.position == position
