"""Functions that are much work are interpolated where that is exact enough, and computed where it is not."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp

import symgeo as sg
from symgeo.inference.index_sums import IndexSums
from symgeo.inference.interpolated import interpolated
from symgeo.inference.programs import sample_programs

SINGLE = (np.array([0]), np.array([0]))
PAIR = (np.array([0, 0, 1]), np.array([0, 1, 1]))


class Counted:
    """A function that counts the points it is computed at."""

    def __init__(self, function) -> None:
        self.function, self.count = function, 0

    def __call__(self, index: np.ndarray) -> np.ndarray:
        self.count += len(index)
        return np.atleast_2d(self.function(index))


def test_smooth_functions_take_few_points_and_keep_their_digits() -> None:
    """Over many powers of ten: errors are relative everywhere."""
    index = np.random.default_rng(1).uniform(-30.0, 12.0, 3000)
    function = Counted(lambda v: np.exp(v) / (1 + np.exp(v) / 3))
    np.testing.assert_allclose(interpolated(function, index, SINGLE)[0], function.function(index), rtol=1e-12)
    assert function.count < 1000


def test_entries_off_the_diagonal_may_vanish() -> None:
    index = np.linspace(-2.0, 2.0, 500)
    function = Counted(lambda v: np.array([np.exp(v), 1e-3 * np.sin(5 * v), np.cosh(v)]))
    np.testing.assert_allclose(interpolated(function, index, PAIR), function.function(index), rtol=0.0, atol=1e-11)
    assert function.count < 200


@pytest.mark.parametrize(
    "index",
    [
        np.array([0.3]),
        np.full(100, 1.7),
        np.concatenate([np.full(60, 1.0), np.full(60, np.nextafter(1.0, 2.0))]),
        np.random.default_rng(2).normal(size=300) ** 3,
    ],
)
def test_a_kink_is_met_exactly(index: np.ndarray) -> None:
    """Where polynomials do not come near, the function itself is computed."""
    np.testing.assert_allclose(
        interpolated(lambda v: np.atleast_2d(1.0 + np.abs(v)), index, SINGLE)[0], 1.0 + np.abs(index), rtol=1e-10
    )


def test_what_is_not_known_stays_so() -> None:
    index = np.linspace(-1.0, 1.0, 200)
    with np.errstate(invalid="ignore"):
        found = interpolated(lambda v: np.atleast_2d(np.sqrt(v)), index, SINGLE)[0]
        np.testing.assert_allclose(found, np.sqrt(index), rtol=1e-8)


def test_the_metric_of_a_negative_binomial_regression() -> None:
    """Its information about k is a sum without closed form, at each of the rows."""
    a, b, d = sp.symbols("a b d", real=True)
    k, n = sp.Symbol("k", positive=True), sp.Symbol("n", integer=True, nonnegative=True)
    mean = sp.exp(a + b * d)
    law = sp.gamma(n + k) / (sp.gamma(k) * sp.factorial(n)) * (k / (k + mean)) ** k * (mean / (k + mean)) ** n
    programs = sample_programs(sg.StatisticalModel(law, n, (a, b, k), covariates=d))
    assert programs.integrates
    random = np.random.default_rng(3)
    given, weights = random.normal(size=(400, 1)), random.uniform(0.5, 2.0, 400)
    sums = IndexSums(programs, programs.indices, np.ones((400, 1)), given, weights)
    theta = np.array([0.4, 0.8, 1.7])
    slopes = np.stack([np.ones(400), given[:, 0], np.zeros(400)]), np.array([0.0, 0.0, 1.0])[:, None] * np.ones(400)
    exact = np.zeros((3, 3))
    for row, i, j in zip(programs.reduced.metric(0.4 + 0.8 * given[:, 0], 1.7), *PAIR, strict=True):
        both = slopes[i][:, None] * slopes[j][None, :]
        exact += (both + (i != j) * both.swapaxes(0, 1)) @ (row * weights) / weights.sum()
    np.testing.assert_allclose(sums.metric(theta), exact, rtol=1e-10, atol=1e-13)
