"""Invariance under sufficient statistics and Markov embeddings, monotonicity under any other statistic.

Source: Chentsov, Statistical Decision Rules and Optimal Inference, 1982; Ay, Jost, Le and Schwachhoefer, Information
Geometry, 2017, section 5.1.
"""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import symgeo as sg

k = sp.Symbol("k", integer=True, nonnegative=True)
P = sp.symbols("p1:3", positive=True)


def on_points(chances: list[sp.Expr]) -> sg.StatisticalModel:
    cases = [(c, sp.Eq(k, i)) for i, c in enumerate(chances[:-1])]
    return sg.StatisticalModel(
        sp.Piecewise(*cases, (chances[-1], True)),
        k,
        P,
        support=sp.FiniteSet(*range(len(chances))),
        constraints=[sum(P) < 1],
        check=False,
    )


SIMPLEX = [*P, 1 - sum(P)]


@given(shares=st.lists(st.lists(st.integers(1, 9), min_size=1, max_size=3), min_size=3, max_size=3))
@settings(max_examples=8, deadline=None)
def test_markov_embeddings_of_the_simplex_are_isometries(shares: list[list[int]]) -> None:
    """Every point split into several of fixed conditional probabilities: same metric, same cubic tensor."""
    split = [c * sp.Rational(w, sum(row)) for c, row in zip(SIMPLEX, shares, strict=True) for w in row]
    small, large = on_points(SIMPLEX).manifold, on_points(split).manifold
    for one, other in ((small.metric, large.metric), (small.cubic, large.cubic)):
        for a, b in zip(one.flat(), other.flat(), strict=True):
            assert not small.field(a - b)


@given(rows=st.lists(st.lists(st.integers(1, 9), min_size=3, max_size=3), min_size=2, max_size=4))
@settings(max_examples=8, deadline=None)
def test_any_other_statistic_loses_information(rows: list[list[int]]) -> None:
    """A noisy channel: the metric of its output is at most that of its input."""
    columns = [sum(row[j] for row in rows) for j in range(3)]
    channel = [[sp.Rational(row[j], columns[j]) for j in range(3)] for row in rows]
    for j in (0, 1):  # else the output does not depend on one of the parameters
        assume(any(row[j] != row[2] for row in channel))
    before = on_points(SIMPLEX).manifold
    after = on_points([sum(w * c for w, c in zip(row, SIMPLEX, strict=True)) for row in channel])
    theta = np.array([0.3, 0.45])
    lost = sg.lambdify(before.metric)(theta) - sg.lambdify(after.manifold.metric)(theta)
    assert np.min(np.linalg.eigvalsh(lost)) > -1e-12


def bernoulli(n: int) -> sg.StatisticalModel:
    y, p = sp.Symbol("y", integer=True, nonnegative=True), sp.Symbol("p", positive=True)
    one = sg.StatisticalModel(
        p**y * (1 - p) ** (1 - y), y, p, support=sp.FiniteSet(0, 1), domain={p: sp.Interval.open(0, 1)}, check=False
    )
    return sg.independent_observations(one, n)


def normal_sum() -> tuple[sg.StatisticalModel, sg.StatisticalModel]:
    """Two normal observations of a common mean, and their sum and squared difference."""
    m, x, u = sp.symbols("m x u", real=True)
    s, v = sp.symbols("s v", positive=True)
    one = sg.StatisticalModel(sp.exp(-((x - m) ** 2) / (2 * s**2)) / (s * sp.sqrt(2 * sp.pi)), x, (m, s), check=False)
    total = sp.exp(-((u - 2 * m) ** 2) / (4 * s**2)) / (2 * s * sp.sqrt(sp.pi))
    squared = sp.exp(-v / (4 * s**2)) / (2 * s * sp.sqrt(sp.pi * v))
    return sg.independent_observations(one, 2), sg.StatisticalModel(total * squared, (u, v), (m, s), check=False)


def gamma_sum() -> tuple[sg.StatisticalModel, sg.StatisticalModel]:
    """Three exponential observations and their sum."""
    x, r = sp.symbols("x r", positive=True)
    one = sg.StatisticalModel(r * sp.exp(-r * x), x, r, check=False)
    return sg.independent_observations(one, 3), sg.StatisticalModel(r**3 * x**2 * sp.exp(-r * x) / 2, x, r, check=False)


def binomial_sum() -> tuple[sg.StatisticalModel, sg.StatisticalModel]:
    """Four Bernoulli observations and their sum."""
    y, p = sp.Symbol("y", integer=True, nonnegative=True), sp.Symbol("p", positive=True)
    return bernoulli(4), sg.StatisticalModel(
        sp.binomial(4, y) * p**y * (1 - p) ** (4 - y),
        y,
        p,
        support=sp.FiniteSet(*range(5)),
        domain={p: sp.Interval.open(0, 1)},
        check=False,
    )


@pytest.mark.parametrize("pair", [normal_sum, gamma_sum, binomial_sum], ids=lambda f: f.__name__)
def test_a_sufficient_statistic_keeps_the_geometry(pair) -> None:
    sample, statistic = pair()
    for one, other in (
        (sample.manifold.metric, statistic.manifold.metric),
        (sample.manifold.cubic, statistic.manifold.cubic),
    ):
        for a, b in zip(one.flat(), other.flat(), strict=True):
            assert not sample.field(a - b)
