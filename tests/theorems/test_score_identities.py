"""E[s] = 0, g = E[s s] = -E[dd log p] and T = E[s s s], against independent quadrature and summation.

Source: Amari and Nagaoka, Methods of Information Geometry, 2000, equations (2.3), (2.6) to (2.9) and (2.31).
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from theorems.declared import Case
from theorems.drawing import CASES, over_all_cases, points
from theorems.oracle import Numbers, close, grid, log_density, moments, numbers

compiled = cache(lambda case: (numbers(case.model.manifold.metric), numbers(case.model.manifold.cubic)))


def tolerance(case: Case) -> float:
    continuous = sum(not case.model.support.is_discrete(v) for v in case.variables)
    return 1e-8 if continuous < 2 else 1e-6


@over_all_cases
@given(data=st.data())
def test_metric_and_cubic_tensor_are_moments_of_the_score(case, data):
    point = data.draw(points(case))
    metric, cubic = (f(point).astype(float) for f in compiled(case))
    reference = moments(case, point)
    assert reference.mass == pytest.approx(1, abs=tolerance(case))
    scale = max(1.0, np.abs(metric).max())
    assert np.abs(reference.mean).max() <= tolerance(case) * scale
    close(metric, reference.square, tolerance(case), "E[s s]")
    close(metric, -reference.hessian, tolerance(case), "-E[dd l]")
    close(cubic, reference.cube, tolerance(case), "E[s s s]")


continuous_cases = [case for case in CASES if not case.density.has(sp.Piecewise)]


@pytest.mark.parametrize("case", continuous_cases, ids=repr)
def test_score_is_the_derivative_of_the_declared_log_density(case):
    derived = Numbers(case.model.score, (*case.variables, *case.parameters))
    declared = Numbers([sp.diff(log_density(case), s) for s in case.parameters], (*case.variables, *case.parameters))
    for x in case.model.support.interior_points(3):
        for theta in case.model.chart.interior_points(2):
            values = [*(x[v] for v in case.variables), *(theta[p] for p in case.parameters)]
            close(derived(values), declared(values), 1e-25, case.name)


@over_all_cases
def test_metric_is_positive_definite(case):
    metric = numbers(case.model.manifold.metric)
    for theta in case.model.chart.interior_points(3):
        values = metric([theta[p] for p in case.parameters]).astype(float)
        assert np.linalg.eigvalsh(values).min() > 0


def test_the_grid_of_an_iterated_support_stays_inside():
    (case,) = (c for c in CASES if c.name == "dirichlet")
    (first, second), measure = grid(case)
    assert np.all((first > 0) & (second >= 0) & (first + second < 1 + 1e-12))
    assert measure.sum() == pytest.approx(0.5, rel=1e-12)
