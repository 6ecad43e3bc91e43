"""Names, the order of terms and factors, and both printers: what is written must mean what was meant."""

from __future__ import annotations

import pytest
import sympy as sp
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from symgeo.derivation.arrange import Order
from symgeo.derivation.latex_printer import FieldPrinter
from symgeo.derivation.names import name_of
from symgeo.derivation.notation import Notation
from symgeo.derivation.text_printer import LinePrinter, PicturePrinter
from symgeo.derivation.width import width
from symgeo.grammar import parse_expression

A, B, C = sp.symbols("a b c", positive=True)
X = sp.Symbol("x", real=True)
K, MU, SIGMA = sp.Symbol("k", positive=True), sp.Symbol("mu", real=True), sp.Symbol("sigma", positive=True)


def latex(expr: sp.Expr, *symbols: sp.Symbol, first: tuple[sp.Symbol, ...] = ()) -> str:
    return FieldPrinter(Notation(symbols or sorted(expr.free_symbols, key=str), first=first)).doprint(expr)


# Every expression is written in an order of our own: the text, read again, must have the same value.

leaves = st.one_of(
    st.sampled_from([A, B, C]),
    st.fractions(-3, 3, max_denominator=6).map(lambda q: sp.Rational(q.numerator, q.denominator)),
)


def grown(parts: st.SearchStrategy[sp.Expr]) -> st.SearchStrategy[sp.Expr]:
    powers = st.sampled_from(
        [sp.Integer(2), sp.Integer(-1), sp.Rational(1, 2), sp.Rational(-1, 2), sp.Rational(-3, 2), A, -B]
    )
    return st.one_of(
        st.tuples(parts, parts).map(lambda p: p[0] + p[1]),
        st.tuples(parts, parts).map(lambda p: p[0] - p[1]),
        st.tuples(parts, parts, parts).map(lambda p: p[0] * p[1] * p[2]),
        st.tuples(parts, powers).map(lambda p: sp.Pow(p[0] ** 2 + 1, p[1])),
        st.sampled_from([A, B, A * B, sp.Integer(2), sp.pi, sp.Integer(6)]).map(sp.sqrt),
        st.sampled_from([A, B, 2 * C]).map(lambda e: 1 / sp.sqrt(e)),
        parts.map(lambda e: sp.log(e**2 + 2)),
        st.sampled_from([-A, -A / 2, -((A - B) ** 2) / (2 * C**2), A * B - C]).map(sp.exp),
    )


@settings(max_examples=100, deadline=None)
@given(st.recursive(leaves, grown, max_leaves=8))
def test_what_is_written_on_a_line_means_the_same(expr: sp.Expr) -> None:
    # The grammar refuses large numbers and those that are slow to evaluate.
    assume(all(abs(n.p) < 500 and n.q < 500 for n in expr.atoms(sp.Rational)))
    assume(not any(f.is_number and f.count_ops() > 1 for f in expr.atoms(sp.log, sp.Pow)))
    printer = LinePrinter(Notation((A, B, C)), use_unicode=False)
    point = {A: sp.Rational(7, 5), B: sp.Rational(5, 8), C: sp.Rational(12, 7)}
    read = parse_expression(printer.doprint(expr), {"a": A, "b": B, "c": C})
    assert sp.N((read - expr).xreplace(point), 20) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        (sp.sqrt(2) / (2 * sp.sqrt(sp.pi)), r"\frac{1}{\sqrt{2 \pi}}"),
        (sp.sqrt(2) / (2 * sp.sqrt(sp.pi) * SIGMA), r"\frac{1}{\sqrt{2 \pi}\, \sigma}"),
        (1 - A - B, "1 - a - b"),
        (X - MU, r"x - \mu"),
        (2 * A - 1, "2 a - 1"),
        (sp.polygamma(0, K), r"\psi(k)"),
        (sp.polygamma(1, K), r"\psi'(k)"),
        (sp.polygamma(2, K) ** 2, r"\psi''(k)^{2}"),
        (sp.polygamma(4, K), r"\psi^{(4)}(k)"),
        (sp.loggamma(K), r"\log\Gamma(k)"),
        (sp.gamma(K / 2), r"\Gamma(k/2)"),
        (sp.besseli(0, K), r"I_{0}(k)"),
        (sp.log(K) ** 2, r"\log^{2} k"),
        (sp.binomial(10, X) * A**X, r"\binom{10}{x} a^{x}"),
        (sp.Piecewise((1, sp.Eq(X, 1)), (0, True)), r"\mathbf{1}\{x = 1\}"),
        (A * sp.Piecewise((1, sp.Eq(X, 1)), (0, True)), r"a \mathbf{1}\{x = 1\}"),
        (A**2 / (2 * B), r"\frac{a^{2}}{2 b}"),
        (-(A * X - K) / A, r"\frac{k - a x}{a}"),
        (sp.log(2) / 2 + sp.log(sp.pi) / 2 + A, r"a + \frac{1}{2} \log(2 \pi)"),
        (A ** (-X - 1), r"\frac{1}{a^{x + 1}}"),
        (A * (1 - B) * sp.log(1 - B), r"a (1 - b) \log(1 - b)"),
    ],
)
def test_latex_of_the_field(expr: sp.Expr, expected: str) -> None:
    assert latex(expr) == expected


def test_a_tall_exponential_stands_beside_the_fraction() -> None:
    density = sp.exp(-((X - MU) ** 2) / (2 * SIGMA**2)) / sp.sqrt(2 * sp.pi) / SIGMA
    assert latex(density) == (
        r"\frac{1}{\sqrt{2 \pi}\, \sigma} \exp\mathopen{}\left(-\frac{(x - \mu)^{2}}{2 \sigma^{2}}\right)"
    )


def test_alpha_leads_and_its_sums_begin_with_the_number() -> None:
    alpha = sp.Symbol("alpha", real=True)
    assert latex((alpha + 1) * K / 2, first=(alpha,)) == r"\frac{(1 + \alpha) k}{2}"


def test_velocities_follow_the_fraction_in_their_order() -> None:
    u, v = sp.symbols("u v", real=True)
    notation = Notation((K,), last=(v, u))
    assert FieldPrinter(notation).doprint(-u * v / K + v**2 / K) == r"\frac{1}{k} v^{2} - \frac{1}{k} u v"


def test_roots_of_unknown_sign_are_not_merged() -> None:
    y, z = sp.symbols("y z", real=True)
    assert latex(sp.Mul(sp.sqrt(y), sp.sqrt(z))) == r"\sqrt{y}\, \sqrt{z}"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mu", r"\mu"),
        ("mu1", r"\mu_{1}"),
        ("s_11", "s_{11}"),
        ("sigma_x2", r"\sigma_{\mathrm{x2}}"),
        ("lambda", r"\lambda"),
        ("rate", r"\mathit{rate}"),
        ("x_max", r"x_{\mathrm{max}}"),
        ("xbar", r"\bar{x}"),
        ("sigmahat", r"\hat{\sigma}"),
        ("x__2", r"{x^{2}}"),
        ("σ₁", r"\sigma_{1}"),
        ("é", r"\acute{e}"),
        ("a%b", r"\text{a\%b}"),
        ("a b_&#$", r"\text{a b\_\&\#\$}"),
        ("中", r"\text{U+4E2D}"),
        ("{x}", r"\text{\{x\}}"),
    ],
)
def test_names(name: str, expected: str) -> None:
    assert name_of(name).latex == expected


@given(st.text(min_size=1, max_size=8))
@settings(max_examples=200, deadline=None)
def test_no_name_breaks_the_latex_around_it(name: str) -> None:
    text = name_of(name).latex
    bare = text.replace("\\\\", "").replace(r"\{", "").replace(r"\}", "")
    assert text.isascii()
    assert bare.count("{") == bare.count("}")
    assert not any(c in bare.replace("\\" + c, "") for c in "%&#~")


def test_two_symbols_never_look_alike() -> None:
    one, two, three = sp.Symbol("mu1"), sp.Symbol("mu_1"), sp.Symbol("mu1", real=True)
    notation = Notation((one, two, three))
    for form in ("latex", "unicode", "ascii"):
        assert len({getattr(notation.name(s), form) for s in (one, two, three)}) == 3


def test_a_letter_is_never_that_of_a_symbol() -> None:
    notation = Notation(sp.symbols("g_1 T mu"))
    assert notation.letter("g", "G") == "G"
    assert notation.letter(r"\mu", r"\tau") == r"\tau"
    assert notation.letter("T") == r"\mathsf{T}"
    assert "k" not in Notation((K,)).indices(5)


def test_numbers_in_names_count() -> None:
    p = sp.symbols("p1:13", positive=True)
    assert latex(1 - sum(p), *p).endswith("p_{9} - p_{10} - p_{11} - p_{12}")
    assert latex(sp.Mul(*p), *p).endswith("p_{9} p_{10} p_{11} p_{12}")


def test_a_dot_goes_over_the_letter_alone() -> None:
    assert name_of("mu1").accented("dot", "'").latex == r"\dot{\mu}_{1}"


def test_a_minus_sign_never_runs_into_a_fraction_bar() -> None:
    for use_unicode in (True, False):
        picture = PicturePrinter(Notation((K,)), use_unicode).picture("y = ", -1 / K).picture
        assert picture[1].startswith("y = - ")


def test_pictures_in_ascii_are_ascii() -> None:
    expr = sp.sqrt(K) * sp.polygamma(1, K) / sp.besseli(0, MU) + sp.Sum(X, (X, 0, 2)) + sp.pi
    "\n".join(PicturePrinter(Notation((K, MU)), False).picture("", expr).picture).encode("ascii")


def test_order_without_special_symbols_is_the_default() -> None:
    assert Notation((K,)).order == Order()


def test_widths_grow_with_what_is_written() -> None:
    assert width("a + b") > width("a b") > width("a") > 0
    assert width(r"\frac{a + b}{c}") < width("a + b + c")
    assert width(r"\mu_{1}^{2}") < width(r"\mu_{1} + 2")
