"""Observations in every form, and each refusal."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy as sp

from symgeo import catalogue
from symgeo.errors import (
    ArgumentError,
    DataError,
    DomainError,
    ParameterListError,
    SingularMetricError,
)
from symgeo.inference.fisher_scoring import fit
from symgeo.models.statistical_model import StatisticalModel

VALUES = [1.0, 2.0, 4.0]
PAIRS = np.array([[1.0, 2.0], [3.0, 5.0], [2.0, 2.5], [0.0, 4.0]])


class Column:
    """What a pandas Series is to numpy."""

    def __init__(self, values: Any):
        self.values = np.asarray(values)

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return np.asarray(self.values, dtype=dtype)

    def __len__(self) -> int:
        return len(self.values)


class Table:
    """What a pandas DataFrame is to numpy."""

    def __init__(self, columns: dict[Any, Any]):
        self.columns = list(columns)
        self._data = columns

    def __getitem__(self, name: Any) -> Column:
        return Column(self._data[name])

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return np.column_stack([self._data[c] for c in self.columns])


@pytest.mark.parametrize(
    "data",
    [
        VALUES,
        tuple(VALUES),
        np.array(VALUES)[:, None],
        [1, 2, 4],
        np.array([1, 2, 4], dtype=np.int8),
        np.array(VALUES, dtype=np.float32),
        [Fraction(1), sp.Integer(2), 4],
        Column(VALUES),
        {"x": VALUES},
        Table({"x": VALUES, "other": [7, 8, 9]}),
        Table({"lifetime": VALUES}),
    ],
)
def test_one_variable(data: Any) -> None:
    found = fit(catalogue.exponential(), data)
    assert found.estimate[0] == pytest.approx(3 / 7) and found.n_observations == 3


def test_the_variable_itself_names_a_column() -> None:
    model = catalogue.bivariate_normal()
    first, second = model.variables
    expected = fit(model, PAIRS).estimate
    named = [
        {first: PAIRS[:, 0], second: PAIRS[:, 1]},
        {"x2": PAIRS[:, 1], "x1": PAIRS[:, 0]},
        Table({"x2": PAIRS[:, 1], "id": PAIRS[:, 0], "x1": PAIRS[:, 0]}),
        Table({"length": PAIRS[:, 0], "width": PAIRS[:, 1]}),
        PAIRS.tolist(),
    ]
    for data in named:
        np.testing.assert_array_equal(fit(model, data).estimate, expected)


def test_whole_floats_and_truth_values_are_counts() -> None:
    assert fit(catalogue.bernoulli(), [True, False, True, False]).estimate[0] == 0.5
    assert fit(catalogue.poisson(), [2.0, 3.0 + 1e-14]).estimate[0] == 2.5


def test_the_data_are_not_changed() -> None:
    data = np.array([2.0, 3.0 + 1e-14])
    before = data.copy()
    fit(catalogue.poisson(), data)
    np.testing.assert_array_equal(data, before)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ([], "no observations"),
        (np.empty((0, 1)), "no observations"),
        (3.0, "shape ()"),
        ([[1.0, 2.0], [3.0, 4.0]], "one-dimensional array of values of x"),
        ([[1.0, 2.0], [3.0]], "same length"),
        ([1.0, np.nan, np.nan, np.inf], "3 of 4 observations are not finite; the first is observation 1 (x = nan)"),
        (np.ma.masked_array(VALUES, [False, True, False]), "1 of 3 observations are not finite"),
        ([1.0, None], "1 of 2 observations are not finite"),
        ([1.0, -2.0, 0.0, 3.0], "2 of 4 observations lie outside the support"),
        ([1.0, -2.0], "observation 1 (x = -2)"),
        ([1.0, -2.0], "Interval.open(0, oo)"),
        (["1", "2"], "not real numbers"),
        ([1.0, "2"], "real number"),
        (np.array([1.0, "2"], dtype=object), "'2', which is no real number"),
        ([1.0, 2j], "complex"),
        (np.array(["2020-01-01"], dtype="datetime64[D]"), "datetime64"),
        ({1.0, 2.0}, "a set"),
        ((v for v in VALUES), "generator"),
        ({"y": VALUES}, "no column for x (they have y)"),
        ({"x": VALUES, "y": VALUES}, "y is no variable"),
        ({"x": [[1.0], [2.0]]}, "shape (2, 1)"),
        (Table({"y": VALUES, "z": VALUES}), "no column for x"),
        ([object()], "no real numbers"),
    ],
)
def test_refusals_in_one_variable(data: Any, told: str) -> None:
    with pytest.raises(DataError) as caught:
        fit(catalogue.exponential(), data)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (VALUES, "shape (N, 2) with the columns x1, x2"),
        (np.ones((3, 3)), "shape (3, 3)"),
        ({"x1": [1.0, 2.0], "x2": [1.0]}, "x1 has 2, x2 has 1"),
        ({"x1": [1.0, 2.0]}, "no column for x2"),
        ([[1.0, 2.0], [np.nan, 1.0]], "observation 1 (x1 = nan)"),
        (Table({"x1": VALUES, "x3": VALUES}), "no column for x2 (they have x1, x3)"),
    ],
)
def test_refusals_in_two_variables(data: Any, told: str) -> None:
    with pytest.raises(DataError) as caught:
        fit(catalogue.bivariate_normal(), data)
    assert told in str(caught.value)


def test_counts_must_be_whole() -> None:
    with pytest.raises(DataError, match=r"x = 2\.5"):
        fit(catalogue.poisson(), [1, 2.5])
    with pytest.raises(DataError, match="outside the support"):
        fit(catalogue.binomial(3), [1, 4])


def test_a_statistic_that_is_infinite_at_a_closed_end() -> None:
    x, k, r = sp.symbols("x k r", positive=True)
    density = r**k * x ** (k - 1) * sp.exp(-r * x) / sp.gamma(k)
    model = StatisticalModel(density, x, (k, r), support=sp.Interval(0, sp.oo), check=False)
    with pytest.raises(DataError, match=r"statistic log\(x\) is infinite .* observation 2 \(x = 0\)"):
        fit(model, [1.0, 2.0, 0.0])


def test_a_density_that_vanishes_at_a_closed_end() -> None:
    x, s = sp.symbols("x s", positive=True)
    model = StatisticalModel(x / s**2 * sp.exp(-(x**2) / (2 * s**2)), x, s, support=sp.Interval(0, sp.oo), check=False)
    with pytest.raises(DataError, match="the density's factor"):
        fit(model, [1.0, 0.0])


def test_what_is_no_regular_exponential_family_is_fitted_too() -> None:
    x, m = sp.symbols("x m", real=True)
    found = fit(StatisticalModel(1 / (sp.pi * (1 + (x - m) ** 2)), x, m, check=False), [1.0])
    assert found.converged and abs(found.estimate[0] - 1.0) < 1e-12
    s = sp.Symbol("s", positive=True)
    curved = sp.exp(-((x - s) ** 2) / (2 * s**2)) / (s * sp.sqrt(2 * sp.pi))
    found = fit(StatisticalModel(curved, x, s, check=False), [1.0])
    # s^2 + s x - x^2 = 0 at the maximum.
    assert found.converged and abs(found.estimate[0] - (np.sqrt(5.0) - 1.0) / 2.0) < 1e-12


def test_parameters_that_are_not_identifiable() -> None:
    x, a, b = sp.symbols("x a b", positive=True)
    with pytest.raises(SingularMetricError, match="not identifiable") as caught:
        fit(StatisticalModel(a * b * sp.exp(-a * b * x), x, (a, b), check=False), VALUES)
    assert caught.value.rank == 1


def test_starts() -> None:
    model = catalogue.gamma()
    expected = fit(model, VALUES).estimate
    for start in ([1.0, 1.0], (5, 0.1), {"k": 3.0, "r": 0.2}, dict(zip(model.parameters, (1e-3, 1e3), strict=True))):
        np.testing.assert_allclose(fit(model, VALUES, start=start).estimate, expected, rtol=1e-11)


@pytest.mark.parametrize(
    ("start", "error", "told"),
    [
        ([1.0, -1.0], DomainError, "r = -1 is not in the interior"),
        ([1.0, np.nan], DomainError, "not finite"),
        ([1.0], ParameterListError, "k, r"),
        ({"k": 1.0}, ParameterListError, "one value for each of k, r"),
        ({"k": 1.0, "r": 1.0, "z": 1.0}, ParameterListError, "one value for each of k, r"),
        (["a", "b"], ArgumentError, "one number per parameter"),
    ],
)
def test_refused_starts(start: Any, error: type[Exception], told: str) -> None:
    with pytest.raises(error) as caught:
        fit(catalogue.gamma(), VALUES, start=start)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    "options", [{"tolerance": 0.0}, {"tolerance": 2.0}, {"max_iterations": 0}, {"max_iterations": 1.5}]
)
def test_refused_options(options: dict[str, Any]) -> None:
    with pytest.raises(ArgumentError):
        fit(catalogue.gamma(), VALUES, **options)


def test_a_model_is_asked_for() -> None:
    with pytest.raises(ArgumentError, match="StatisticalModel"):
        fit(catalogue.gamma().density, VALUES)  # type: ignore[arg-type]
