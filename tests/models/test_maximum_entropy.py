"""Maximum entropy under moment constraints.

Sources: Jaynes 1957 (the die with mean 4.5); Cover and Thomas 2006, section 12.2; Deming and Stephan, Annals of
Mathematical Statistics 11 (1940) 427-444 (proportional fitting).
"""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

import symgeo as sg

x = sp.Symbol("x", real=True)
y = sp.Symbol("y", positive=True)
n = sp.Symbol("n", integer=True, nonnegative=True)
DIE = sp.Range(1, 7)


def test_jaynes_die() -> None:
    found = sg.maximum_entropy(x, [4.5], x, support=DIE)
    assert np.allclose(found.probabilities, [0.05435, 0.07877, 0.11416, 0.16545, 0.23977, 0.34749], atol=5e-6)
    assert found.multipliers[0] == pytest.approx(0.37105, abs=5e-6) and found.residual < 1e-12
    assert found.entropy == pytest.approx(-np.sum(found.probabilities * np.log(found.probabilities)), abs=1e-13)
    assert [float(found.density.subs(x, k)) for k in range(1, 7)] == pytest.approx(list(found.probabilities))


@given(mean=st.floats(1.0001, 5.9999))
def test_the_member_is_the_one_of_its_family(mean) -> None:
    """The family's own inverse of the gradient map gives the same multipliers."""
    found = sg.maximum_entropy(x, [mean], x, support=DIE)
    chart = found.family.manifold.duality.in_expectation
    assert float(chart.at((sp.Rational(mean),))[0].evalf()) == pytest.approx(found.multipliers[0], rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    ("statistics", "moments", "variable", "options", "multipliers"),
    [
        ((x, x**2), (1, 5), x, {}, (1 / 4, -1 / 8)),  # normal with mean 1, variance 4
        ((y,), (1000,), y, {}, (-1 / 1000,)),  # exponential
        ((n,), (3,), n, {}, (np.log(3 / 4),)),  # geometric
        ((n,), (3,), n, {"carrier": 1 / sp.factorial(n)}, (np.log(3),)),  # Poisson
    ],
)
def test_laws_of_the_textbooks(statistics, moments, variable, options, multipliers) -> None:
    found = sg.maximum_entropy(statistics, moments, variable, **options)
    assert found.multipliers == pytest.approx(multipliers, rel=1e-8)
    assert found.residual < 1e-7 * max(moments)


def test_the_family_of_a_law_on_the_line() -> None:
    found = sg.maximum_entropy((x, x**2), (1, 5), x)
    metric = sg.lambdify(found.family.manifold.metric)(np.array(found.multipliers))
    # Covariance of x and x^2 under N(1, 4).
    assert np.allclose(metric, [[4, 8], [8, 48]], rtol=1e-6)


def test_proportional_fitting_gives_the_same_table() -> None:
    """Margins of a 3 by 4 table over a prior, the last row and column given by the others."""
    i, j = sp.symbols("i j", integer=True)
    random = np.random.default_rng(4)
    prior = random.uniform(0.2, 2.0, (3, 4))
    target = random.dirichlet(np.ones(12)).reshape(3, 4)
    rows, columns = target.sum(axis=1), target.sum(axis=0)
    statistics = [sp.Piecewise((1, sp.Eq(i, k)), (0, True)) for k in range(3)]
    statistics += [sp.Piecewise((1, sp.Eq(j, k)), (0, True)) for k in range(4)]
    cells = [(sp.Rational(prior[k, m]), sp.Eq(i, k) & sp.Eq(j, m)) for k in range(3) for m in range(4)]
    carrier = sp.Piecewise(*cells, (1, True))
    found = sg.maximum_entropy(
        statistics, [*rows, *columns], (i, j), support={i: sp.Range(0, 3), j: sp.Range(0, 4)}, carrier=carrier
    )
    table = prior.copy()
    for _ in range(300):
        table *= (rows / table.sum(axis=1))[:, None]
        table *= (columns / table.sum(axis=0))[None, :]
    assert np.allclose(found.probabilities.reshape(3, 4), table, atol=1e-12)
    assert len(found.independent) == 5


@pytest.mark.parametrize(
    ("statistics", "moments", "message"),
    [
        ((x,), (6,), "on the boundary"),
        ((x,), (6.1,), "outside"),
        ((x, 2 * x + 1), (4.5, 11), "contradicts"),
        ((x, x**2), (3.5, 12), "outside"),  # less than the square of the mean
    ],
)
def test_impossible_moments_on_points_are_refused(statistics, moments, message) -> None:
    with pytest.raises(sg.errors.InfeasibleMomentsError, match=message):
        sg.maximum_entropy(statistics, moments, x, support=DIE)


def test_impossible_moments_on_an_interval_are_refused() -> None:
    with pytest.raises(sg.errors.InfeasibleMomentsError, match="boundary"):
        sg.maximum_entropy(x, [1.2], x, support=sp.Interval(0, 1))


def test_lists_that_do_not_fit_are_refused() -> None:
    with pytest.raises(sg.errors.ParameterListError, match="one moment for each"):
        sg.maximum_entropy((x, x**2), (1,), x)
    with pytest.raises(sg.errors.UnknownSymbolError, match="no variable"):
        sg.maximum_entropy(x * y, (1,), x, support=DIE)
    with pytest.raises(sg.errors.ParameterListError, match="not all finite"):
        sg.maximum_entropy(x, (np.inf,), x, support=DIE)
    with pytest.raises(sg.errors.DeclarationError, match="carrier not positive"):
        sg.maximum_entropy(x, (3,), x, support=DIE, carrier=x - 2)
