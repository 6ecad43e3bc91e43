"""Charts: domains, constraints, exact interior points, membership, and every refusal."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import S

from symgeo.errors import DataError, DomainError, ParameterListError, UnknownSymbolError
from symgeo.models.chart import Chart

oo = sp.oo
a, b, c, d = sp.symbols("a b c d", real=True)
p, q, s = sp.symbols("p q s", positive=True)
mu = sp.Symbol("mu")


def symmetric(size: int, positive_diagonal: bool) -> sp.Matrix:
    def entry(i, j):
        return sp.Symbol(f"m{min(i, j)}{max(i, j)}", **{"positive" if i == j and positive_diagonal else "real": True})

    return sp.Matrix(size, size, entry)


def entries(matrix: sp.Matrix) -> list[sp.Symbol]:
    return [matrix[i, j] for i in range(matrix.rows) for j in range(i, matrix.rows)]


def checked_points(chart: Chart, count: int) -> list[dict]:
    """Interior points, after the promises about them have been checked."""
    points = chart.interior_points(count)
    assert len({tuple(point.values()) for point in points}) == count
    assert points == Chart(chart.parameters, chart.domain, chart.constraints).interior_points(count)
    for point in points:
        assert list(point) == list(chart.parameters)
        assert all(value.is_Rational and not (2 * value).is_Integer for value in point.values())
        assert all(point[t] in chart.domain[t].interior for t in chart.parameters)
        for constraint in chart.constraints:
            held = constraint.subs(point)
            assert held is sp.true or bool(sp.N(held.gts - held.lts) > 0)
    assert np.all(chart.contains([[float(value) for value in point.values()] for point in points]))
    return points


@pytest.mark.parametrize(
    ("symbol", "expected"),
    [
        (mu, S.Reals),
        (a, S.Reals),
        (p, sp.Interval.open(0, oo)),
        (sp.Symbol("t", nonnegative=True), sp.Interval(0, oo)),
        (sp.Symbol("t", negative=True), sp.Interval.open(-oo, 0)),
    ],
)
def test_assumptions_decide_where_nothing_is_declared(symbol, expected):
    chart = Chart.build(symbol)
    assert chart.parameters == (symbol,)
    assert dict(chart.domain) == {symbol: expected}
    checked_points(chart, 4)


@pytest.mark.parametrize(
    ("parameters", "domain", "expected"),
    [
        ((a, p), {a: (0, 1)}, {a: sp.Interval.open(0, 1), p: sp.Interval.open(0, oo)}),
        ([a], {a: sp.Interval(0, 1)}, {a: sp.Interval(0, 1)}),
        (a, (0, sp.pi), {a: sp.Interval.open(0, sp.pi)}),
        (a, {a: a > 1}, {a: sp.Interval.open(1, oo)}),
        (p, {p: S.Reals}, {p: sp.Interval.open(0, oo)}),  # the assumptions narrow a wider set
        (a, {a: S.Reals - sp.FiniteSet(0)}, {a: S.Reals - sp.FiniteSet(0)}),
    ],
)
def test_declared_domains(parameters, domain, expected):
    chart = Chart.build(parameters, domain)
    assert dict(chart.domain) == expected
    checked_points(chart, 5)


def test_ends_that_use_other_parameters_become_constraints():
    chart = Chart.build((a, b), {b: sp.Interval.open(0, a)})
    assert chart.domain[b] == sp.Interval.open(0, oo)
    assert [str(constraint) for constraint in chart.constraints] == ["b < a"]
    checked_points(chart, 3)
    assert chart.contains([[1.0, 0.5], [1.0, 1.5], [-1.0, -2.0]]).tolist() == [True, False, False]


def test_points_are_moderate():
    for point in Chart.build((a, p)).interior_points(12):
        assert abs(point[a]) < 1
        assert sp.Rational(1, 2) < point[p] < sp.Rational(13, 5)


simplex = sp.symbols("p1:12", positive=True)
covariance4, covariance3 = symmetric(4, True), symmetric(3, False)
correlation = sp.Matrix(4, 4, lambda i, j: 1 if i == j else sp.Symbol(f"r{min(i, j)}{max(i, j)}", real=True))
ordered = sp.symbols("t1:9", real=True)


@pytest.mark.parametrize(
    ("parameters", "domain", "constraints"),
    [
        ((p, q), None, (p + q < 1,)),
        (simplex, None, (sum(simplex) < 1,)),
        (simplex, dict.fromkeys(simplex, (0, 1)), (sum(simplex) < 1,)),
        ((a, b, c), None, (a > 0, a * b - c**2 > 0)),
        ((a, b, c), None, ((a > 0) & (b > 0), a * b > c**2)),
        (entries(covariance3), None, [covariance3[:i, :i].det() > 0 for i in (1, 2, 3)]),
        (entries(covariance4), None, [covariance4.det() > 0]),
        (
            [t for t in entries(correlation) if t != 1],
            {t: (-1, 1) for t in entries(correlation) if t != 1},
            [correlation.det() > 0, correlation[:3, :3].det() > 0],
        ),
        ((a, b, c), None, (a > 0, a < b, b < c)),
        (ordered, None, [one < two for one, two in pairwise(ordered)]),
        (a, None, (a > 99, a < 100)),
        ((a, b, c), None, (a + b + c > 99, a + b + c < 100)),
        ((p, q), None, (p + q > 100, p * q < 50)),
        ((p, q), None, (p > q**2, q > p**2)),
        ((a, b), None, (b > 1000 * a, b < 1001 * a, a > 10)),
        ((a, b), None, (a**2 + b**2 < 1, a**2 + b**2 > sp.Rational(9, 10))),
        ((a, b), None, (sp.exp(a) + b**2 < sp.Rational(11, 10), a > 0)),
        ((a, b), None, (sp.log(a) > b,)),
        ((a, b), {a: (0, sp.Rational(1, 10**9)), b: (10**9, 10**9 + 1)}, ()),
    ],
)
def test_constrained_domains_have_exact_interior_points(parameters, domain, constraints):
    checked_points(Chart.build(parameters, domain, constraints), 4)


def test_determinant_constraints_give_positive_definite_matrices():
    # det > 0 alone also holds with two negative eigenvalues; the points should lie where the model makes sense
    chart = Chart.build(entries(covariance4), constraints=[covariance4.det() > 0])
    for point in chart.interior_points(5):
        assert np.linalg.eigvalsh(np.array(covariance4.subs(point), dtype=float)).min() > 0


@given(st.fractions(-30, 30), st.fractions("1/1000", 30), st.integers(1, 5))
@settings(max_examples=15)
def test_any_interval(lower, width, count):
    lower, width = sp.Rational(lower), sp.Rational(width)
    checked_points(Chart.build((a, s), {a: (lower, lower + width)}), count)


@given(st.lists(st.fractions(-3, 3).filter(bool), min_size=3, max_size=3), st.fractions(-5, 5))
@settings(max_examples=10)
def test_any_half_space(normal, offset):
    form = sum(sp.Rational(w) * t for w, t in zip(normal, (a, b, c), strict=True))
    checked_points(Chart.build((a, b, c), constraints=(form > sp.Rational(offset),)), 3)


def test_contains_is_vectorised_and_strict():
    chart = Chart.build((a, p), {a: sp.Interval(0, 2)}, (a < 3 * p,))
    theta = [[[0.0, 1.0], [1.0, 1.0]], [[1.0, 0.1], [np.nan, 1.0]], [[1.0, np.inf], [2.0, 1.0]]]
    assert chart.contains(theta).tolist() == [[False, True], [False, False], [False, False]]
    assert chart.contains([1.0, 1.0]).shape == ()
    assert chart.contains({a: [1.0, 5.0], p: 1.0}).tolist() == [True, False]
    assert Chart.build((a, b), constraints=(sp.Ne(a, b),)).contains([[1, 1], [1, 2]]).tolist() == [False, True]
    assert Chart.build(a, constraints=(sp.log(a) > 0,)).contains([[-1.0], [2.0]]).tolist() == [False, True]


def test_wrong_shapes():
    chart = Chart.build((a, p))
    with pytest.raises(DataError, match="length 2"):
        chart.contains([1.0, 2.0, 3.0])
    with pytest.raises(DataError, match="no value for p"):
        chart.contains({a: 1.0})
    with pytest.raises(DataError, match="one point"):
        chart.violations([[1.0, 2.0]])


def test_violations_are_told():
    chart = Chart.build((a, p), constraints=(a < p,))
    assert chart.violations([0.0, 1.0]) == ""
    assert chart.violations({a: 2, p: 1}) == "a < p fails"
    told = chart.violations([2.0, -1.0])
    assert "p = -1 is not in" in told and "a < p fails" in told
    assert "not finite" in chart.violations([np.nan, 1.0])


def test_words_and_latex():
    chart = Chart.build((a, p), {a: sp.Interval(0, 1)}, (a < p,))
    assert chart.latex() == r"a \in [0, 1], \; p \in (0, \infty), \; a < p"
    assert str(chart) == "a in Interval(0, 1), p in Interval.open(0, oo), a < p"


def test_charts_are_values():
    one, other = (Chart.build((a, p), {a: (0, 1)}, (a < p,)) for _ in range(2))
    assert one == other and hash(one) == hash(other) and one != Chart.build((a, p))
    with pytest.raises(TypeError):
        one.domain[a] = S.Reals


@pytest.mark.parametrize(
    "parameters", [(), None, (a, a), (a, 1), (a, a + b), "ab", {a, b}, 5, (sp.Symbol("x"), sp.Symbol("x", real=True))]
)
def test_lists_that_are_no_parameters(parameters):
    with pytest.raises(ParameterListError):
        Chart.build(parameters)


@pytest.mark.parametrize(
    ("parameters", "domain", "constraints", "words"),
    [
        (sp.Symbol("n", integer=True), None, (), "continuous parameters"),
        (a, {a: sp.Range(5)}, (), "continuous parameters"),
        (a, {a: sp.FiniteSet(1, 2)}, (), "continuous parameters"),
        (a, {a: S.EmptySet}, (), "empty"),
        (a, {a: sp.Interval(1, 0)}, (), "empty"),
        (a, {a: (1, 0)}, (), "empty"),
        (p, {p: (-2, -1)}, (), "contradicts"),
        (a, {a: "wide"}, (), "no set"),
        (a, {a: (1, 2, 3)}, (), "no pair"),
        (a, {a: sp.Interval(0, a)}, (), "itself"),
        ((a, b), {a: a > b}, (), "several parameters"),
        ((a, b), (0, 1), (), "not understood"),
        (sp.Symbol("i", imaginary=True), None, (), "declare it real"),
        ((a, b), None, (sp.Eq(a, b),), "removes a dimension"),
        ((a, b), None, (a - b,), "no relation"),
        ((a, b), None, (a > b, b > a), "no interior point"),
        ((a, b), None, (a >= b, b >= a), "no interior point"),
        ((a, b), None, (sp.exp(a) + b**2 < 0,), "false for all"),
        ((a, b), None, (sp.cos(a) + sp.cos(b) > 3,), "no interior point"),
        (p, None, (p < 0,), "false for all"),
    ],
)
def test_domains_that_are_none(parameters, domain, constraints, words):
    with pytest.raises(DomainError, match=words):
        Chart.build(parameters, domain, constraints)


def test_foreign_symbols():
    with pytest.raises(ParameterListError, match="names b"):
        Chart.build(a, {b: (0, 1)})
    with pytest.raises(UnknownSymbolError, match="uses b"):
        Chart.build(a, {a: sp.Interval(0, b)})
    with pytest.raises(UnknownSymbolError, match="uses b"):
        Chart.build(a, constraints=(a < b,))
