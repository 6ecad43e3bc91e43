"""Supports: what may be declared, membership, points, indicators in the density, and every refusal."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import S

from symgeo.errors import DataError, DomainError, SupportError
from symgeo.models.indicators import split_indicator
from symgeo.models.support import Support

oo = sp.oo
x, y, z = sp.symbols("x y z", real=True)
u, v = sp.symbols("u v", positive=True)
n, m = sp.symbols("n m", integer=True, nonnegative=True)
j = sp.Symbol("j", integer=True)
k, r = sp.symbols("k r", positive=True)
p = sp.Symbol("p", real=True)
plain = sp.Symbol("plain")


@pytest.mark.parametrize(
    ("symbol", "expected"),
    [
        (plain, S.Reals),
        (x, S.Reals),
        (u, sp.Interval.open(0, oo)),
        (sp.Symbol("a", nonnegative=True), sp.Interval(0, oo)),
        (sp.Symbol("a", negative=True), sp.Interval.open(-oo, 0)),
        (sp.Symbol("a", nonpositive=True), sp.Interval(-oo, 0)),
        (j, S.Integers),
        (n, S.Naturals0),
        (sp.Symbol("a", integer=True, positive=True), S.Naturals),
        (sp.Symbol("a", integer=True, negative=True), sp.Range(-oo, 0)),
    ],
)
def test_assumptions_decide_where_nothing_is_declared(symbol, expected):
    assert Support.build(symbol).sets[symbol] == expected


@pytest.mark.parametrize(
    ("variable", "declared", "expected"),
    [
        (x, sp.Interval.Lopen(0, 3), sp.Interval.Lopen(0, 3)),
        (x, {x: S.Reals}, S.Reals),
        (x, x > 2, sp.Interval.open(2, oo)),
        (x, (x > 2) & (x <= 3), sp.Interval.Lopen(2, 3)),
        (x, [3, 1, 2], sp.FiniteSet(1, 2, 3)),
        (x, {0, 1}, sp.FiniteSet(0, 1)),
        (x, range(0, 6, 2), sp.Range(0, 6, 2)),
        (x, sp.Union(sp.Interval(0, 1), sp.Interval(2, 3)), sp.Union(sp.Interval(0, 1), sp.Interval(2, 3))),
        (x, S.Integers, S.Integers),
        (u, S.Reals, S.Reals),  # what is declared overrules the assumptions
        (u, u > 0, sp.Interval.open(0, oo)),  # SymPy evaluates this to true
        (n, n > 2, sp.Range(3, oo)),
        (n, sp.Interval(0, sp.Rational(7, 2)), sp.Range(0, 4)),
        (n, sp.Interval.open(0, 4), sp.Range(1, 4)),
    ],
)
def test_declarations(variable, declared, expected):
    assert Support.build(variable, declared).sets[variable] == expected


@pytest.mark.parametrize(
    "declared",
    [
        {x: S.Reals, y: sp.Interval(0, 1)},
        sp.ProductSet(S.Reals, sp.Interval(0, 1)),
        [S.Reals, sp.Interval(0, 1)],
    ],
)
def test_several_variables(declared):
    support = Support.build((x, y), declared)
    assert support.variables == (x, y)
    assert dict(support.sets) == {x: S.Reals, y: sp.Interval(0, 1)}


@pytest.mark.parametrize(
    ("variables", "declared", "words"),
    [
        (x, sp.Interval(0, k), ["moves with k", "fixed value"]),
        (x, x > k, ["moves with k"]),
        (x, sp.Interval(0, sp.Symbol("q")), ["unknown symbol q"]),
        ((x, y), {x: sp.Interval(0, y), y: sp.Interval(0, 1)}, ["uses y", "list y before x"]),
        ((x, y), {x: S.Reals}, ["nothing about y"]),
        (x, {x: S.Reals, y: S.Reals}, ["names y", "no variable"]),
        (x, S.EmptySet, ["empty"]),
        (x, sp.Interval(1, 0), ["empty"]),
        (x, [], ["empty"]),
        (x, S.Rationals, ["Rationals", "Interval, FiniteSet"]),
        (x, sp.ImageSet(sp.Lambda(x, x**2), S.Integers), ["ImageSet"]),
        (x, sp.ConditionSet(x, sp.sin(x) > x / 2, S.Reals), ["ConditionSet"]),
        (x, sp.Union(sp.FiniteSet(0), sp.Interval(1, 2)), ["mixes"]),
        (x, "positive", ["no set"]),
        (x, sp.FiniteSet(1, sp.I), ["no real number"]),
        (x, sp.FiniteSet(1, sp.Symbol("c")), ["unknown symbol c"]),
        ((x, y), sp.Interval(0, 1), ["one set for each"]),
        ((x, y), {x: sp.Interval.open(0, 2), y: sp.Interval.open(0, 1 - x)}, ["set of y", "is empty at x ="]),
        (sp.Symbol("i", imaginary=True), None, ["declare it real"]),
    ],
)
def test_refusals_say_why(variables, declared, words):
    with pytest.raises(SupportError) as caught:
        Support.build(variables, declared, (k, r))
    for word in words:
        assert word in str(caught.value)


def test_one_set_per_variable():
    with pytest.raises(SupportError, match="one set per variable"):
        Support((x, y), (S.Reals,))


def test_ends_of_intervals_count():
    values = np.array([0.0, 0.5, 1.0, 2.0, 2.5, 3.0, np.nan, np.inf, -np.inf])
    support = Support.build(x, sp.Union(sp.Interval.Ropen(0, 1), sp.Interval.Lopen(2, 3)))
    assert support.contains(values).tolist() == [True, True, False, False, True, True, False, False, False]


def test_integers_and_finite_sets():
    values = np.array([-2.0, 0.0, 1.0, 1.5, 2.0, 4.0, np.nan])
    assert Support.build(x, sp.Range(0, 6, 2)).contains(values).tolist() == [
        False,
        True,
        False,
        False,
        True,
        True,
        False,
    ]
    assert Support.build(j, S.Integers).contains(values).tolist() == [True, True, True, False, True, True, False]
    third = Support.build(x, sp.FiniteSet(0, sp.Rational(1, 3)))
    assert third.contains([0.0, 1 / 3, (1 / 3) * (1 + 1e-13), 0.3333, 1e-9]).tolist() == [
        True,
        True,
        True,
        False,
        False,
    ]


def test_iterated_ends():
    simplex = Support.build((x, y), {x: sp.Interval.open(0, 1), y: sp.Interval.open(0, 1 - x)})
    assert simplex.contains([[0.2, 0.3], [0.2, 0.8], [0.2, 0.81], [0.0, 0.1]]).tolist() == [True, False, False, False]
    counts = Support.build((n, m), {n: sp.Range(0, 4), m: sp.Range(0, 4 - n)})
    assert counts.contains(np.array([[[3, 0], [3, 1]], [[0, 3], [0.5, 1]]])).tolist() == [[True, False], [True, False]]


def test_shapes_of_values():
    assert Support.build(x).contains(np.zeros((4, 1))).shape == (4,)
    assert Support.build(x).contains(np.zeros((4, 3))).shape == (4, 3)
    assert Support.build((x, y)).contains(np.zeros((5, 4, 2))).shape == (5, 4)
    with pytest.raises(DataError, match=r"shape \(N, 2\)"):
        Support.build((x, y)).contains(np.zeros(3))


def test_points_of_finite_supports():
    counts = Support.build((n, m), {n: sp.Range(0, 3), m: sp.Range(0, 3 - n)})
    assert counts.points() == [{n: a, m: b} for a in range(3) for b in range(3 - a)]
    halves = Support.build(x, sp.FiniteSet(sp.Rational(1, 2), sp.sqrt(2)))
    assert halves.points() == [{x: sp.Rational(1, 2)}, {x: sp.sqrt(2)}]
    assert Support.build(n).points() is None
    assert Support.build(x, sp.Interval(0, 1)).points() is None
    assert Support.build((x, y), {x: sp.Range(0, 1000), y: sp.Range(0, 1000)}).points() is None


@pytest.mark.parametrize(
    ("variables", "declared"),
    [
        (x, None),
        (u, None),
        (x, sp.Interval(5, 5 + sp.Rational(1, 10**9))),
        (x, sp.Interval(-oo, -(10**9))),
        (x, sp.Union(sp.Interval(-2, -1), sp.Interval(1, 2))),
        (n, None),
        (j, None),
        ((x, y), {x: sp.Interval.open(0, 1), y: sp.Interval.open(0, 1 - x)}),
        ((u, v), {u: sp.Interval.open(0, oo), v: sp.Interval.open(u, oo)}),
        ((u, v, x), {u: None or sp.Interval.open(0, oo), v: sp.Interval(0, oo), x: sp.Interval(0, sp.sqrt(u * v))}),
        ((n, x), {n: S.Naturals0, x: sp.Interval(n, n + 1)}),
    ],
)
def test_interior_points_are_inside_distinct_generic_and_repeatable(variables, declared):
    support = Support.build(variables, declared)
    points = support.interior_points(6)
    assert len({tuple(point.values()) for point in points}) == 6
    assert points == Support.build(variables, declared).interior_points(6)
    assert np.all(support.contains([[float(point[v]) for v in support.variables] for point in points]))
    for point in points:
        for variable, value in point.items():
            if support.is_discrete(variable):
                assert value.is_Integer
            else:
                assert value.is_Rational and not value.is_Integer and value.q != 2


def test_interior_points_of_a_small_support():
    assert sorted(point[j] for point in Support.build(j, [1, 2]).interior_points(5)) == [1, 2]


@given(st.fractions(-50, 50), st.fractions("1/1000", 40), st.integers(1, 6))
@settings(max_examples=15)
def test_interior_points_of_any_interval(lower, width, count):
    interval = sp.Interval.open(sp.Rational(lower), sp.Rational(lower + width))
    points = Support.build(x, interval).interior_points(count)
    assert len(points) == count
    assert all(point[x] in interval for point in points)


def test_words_and_latex():
    support = Support.build((u, n), {u: sp.Interval.Lopen(0, oo), n: S.Naturals0})
    assert support.latex() == r"u \in (0, \infty), \; n \in \{0, 1, \ldots\}"
    assert "Naturals0" in str(support)
    assert Support.build(x).latex() == r"x \in \mathbb{R}"
    assert Support.build(x, [1, 2]).latex() == r"x \in \{1, 2\}"


def test_supports_are_values():
    one, other = (Support.build((x, y), {x: S.Reals, y: sp.Interval(0, x**2)}) for _ in range(2))
    assert one == other and hash(one) == hash(other)
    assert one != Support.build((x, y))
    with pytest.raises(TypeError):
        one.sets[x] = S.Reals
    assert Support.build((n, x), {n: S.Naturals0, x: S.Reals}).is_discrete(n)
    assert not one.is_discrete(y)


# --- indicators written into the density -------------------------------------------------------------------------

zero_else = (0, True)


@pytest.mark.parametrize(
    ("density", "variable", "declared", "kept", "narrowed"),
    [
        (sp.Piecewise((r * sp.exp(-r * x), x >= 0), zero_else), x, None, r * sp.exp(-r * x), sp.Interval(0, oo)),
        (r * sp.exp(-r * (x - 2)) * sp.Heaviside(x - 2), x, None, r * sp.exp(-r * (x - 2)), sp.Interval.open(2, oo)),
        (r * sp.Heaviside(x) * sp.Heaviside(2 - x), x, None, r, sp.Interval.open(0, 2)),
        (r * sp.Piecewise((x, x**2 < 1), zero_else), x, None, r * x, sp.Interval.open(-1, 1)),
        (sp.Piecewise((0, x < 0), (r, x < 3), zero_else), x, None, r, sp.Interval.Ropen(0, 3)),
        (sp.Piecewise((r, (x < 1) | (x > 2)), zero_else), x, sp.Interval(0, 3), r, None),
        (sp.Piecewise((r**n, n >= 0), zero_else), n, None, r**n, S.Naturals0),
        (sp.Piecewise((r**j, (j >= 0) & (j <= 5)), zero_else), j, None, r**j, sp.Range(0, 6)),
        (sp.Piecewise((r, sp.Contains(x, sp.Interval(0, 1))), zero_else), x, None, r, sp.Interval(0, 1)),
        (r * sp.exp(-sp.Abs(x - p)), x, None, r * sp.exp(-sp.Abs(x - p)), S.Reals),  # a corner is no switch
        (r * sp.floor(x), x, None, r * sp.floor(x), S.Reals),
    ],
)
def test_indicators_of_variables_move_into_the_support(density, variable, declared, kept, narrowed):
    found, support = split_indicator(density, (variable,), (r, p), Support.build(variable, declared))
    assert found == kept
    expected = narrowed or sp.Union(sp.Interval.Ropen(0, 1), sp.Interval.Lopen(2, 3))
    assert support.sets[variable] == expected


def test_branches_of_a_categorical_law_stay():
    law = sp.Piecewise((p, sp.Eq(j, 1)), (1 - p, sp.Eq(j, 0)), zero_else)
    support = Support.build(j, [0, 1])
    assert split_indicator(law, (j,), (p,), support) == (law, support)


def test_nonzero_branches_stay_and_the_zero_one_goes():
    law = sp.Piecewise((r * x, x < 1), (r * (2 - x), x < 2), zero_else)
    found, support = split_indicator(law, (x,), (r,), Support.build(x, sp.Interval(0, 5)))
    assert found == sp.Piecewise((r * x, x < 1), (r * (2 - x), True))
    assert support.sets[x] == sp.Interval.Ropen(0, 2)


def test_conditions_between_variables():
    law = sp.Piecewise((r**2 * sp.exp(-r * v), v > u), zero_else)
    found, support = split_indicator(law, (u, v), (r,), Support.build((u, v)))
    assert found == r**2 * sp.exp(-r * v)
    assert support.sets[v] == sp.Interval.open(u, oo)
    with pytest.raises(SupportError, match="ties several variables"):
        split_indicator(sp.Piecewise((r, u + v < 1), zero_else), (u, v), (r,), Support.build((u, v)))


@pytest.mark.parametrize(
    "density",
    [
        sp.Piecewise((1 / k, (x > 0) & (x < k)), zero_else),
        sp.Heaviside(x - k) * sp.exp(k - x),
        sp.Max(0, 1 - sp.Abs(x - k)),
        sp.KroneckerDelta(x, k),
        sp.floor(k * x),
        sp.ceiling(x - k),
        sp.exp(-sp.sign(x - k)),
        sp.Mod(x, k),
        sp.ITE(x > k, True, False),
    ],
)
def test_moving_indicators_are_refused(density):
    with pytest.raises(SupportError, match=r"depends on k.*fix k or reparametrise"):
        split_indicator(density, (x,), (k,), Support.build(x))


def test_point_masses_are_refused():
    with pytest.raises(SupportError, match="point mass"):
        split_indicator(k * sp.DiracDelta(x), (x,), (k,), Support.build(x))


def test_switches_on_parameters_alone_want_a_domain():
    with pytest.raises(DomainError, match="domain="):
        split_indicator(sp.Piecewise((p, p > 0), (1 - p, True)), (x,), (p,), Support.build(x))


@pytest.mark.parametrize(
    ("density", "declared", "words"),
    [
        (sp.Piecewise((r, x > 5), zero_else), sp.Interval(0, 1), "leaves nothing"),
        (sp.Piecewise((r, sp.sin(x) > sp.exp(x) / 3), zero_else), None, "cannot be moved"),
        (sp.Piecewise((r, sp.Eq(j, 3)), zero_else), None, "declare that as support"),
    ],
)
def test_conditions_that_cannot_be_moved(density, declared, words):
    variable = j if density.has(j) else x
    with pytest.raises(SupportError, match=words):
        split_indicator(density, (variable,), (r,), Support.build(variable, declared))
