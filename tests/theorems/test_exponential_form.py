"""p(x; theta) = h(x) exp(eta . T(x) - A(theta)) with a minimal T, at exact points to forty digits."""

from __future__ import annotations

import mpmath
import pytest
import sympy as sp

from theorems.declared import Case
from theorems.drawing import CASES, over_all_cases
from theorems.oracle import DIGITS, Numbers, close, exact, log_density


def density_at(case: Case, x: dict, theta: dict) -> mpmath.mpf:
    value = exact(case.density).subs(x).subs(theta)
    return mpmath.mpmathify(sp.N(value, DIGITS))


def log_form(case: Case) -> sp.Expr:
    family = case.model.exponential_family
    pairs = zip(family.natural_parameters, family.sufficient_statistics, strict=True)
    return sp.Add(*(eta * t for eta, t in pairs)) - family.log_partition


@over_all_cases
def test_exponential_form_gives_the_density_back(case):
    family = case.model.exponential_family
    for x in case.model.support.points() or case.model.support.interior_points(4):
        form = log_form(case).subs(x)
        carrier = exact(family.carrier).subs(x)
        for theta in case.model.chart.interior_points(2):
            value = sp.N(carrier * sp.exp(form.subs(theta)), DIGITS)
            expected = density_at(case, x, theta)
            assert abs(mpmath.mpmathify(value) - expected) <= 1e-25 * abs(expected), (case, x, theta)


@over_all_cases
def test_statistics_are_free_of_parameters_and_the_rest_of_variables(case):
    family = case.model.exponential_family
    variables, parameters = set(case.variables), set(case.parameters)
    for statistic in (*family.sufficient_statistics, family.carrier):
        assert not statistic.free_symbols & parameters
    for function in (*family.natural_parameters, family.log_partition, *family.expectation_parameters):
        assert not function.free_symbols & variables


@over_all_cases
def test_statistics_and_one_are_linearly_independent(case):
    statistics = Numbers([1, *case.model.exponential_family.sufficient_statistics], case.variables)
    count = len(case.model.exponential_family.sufficient_statistics) + 1
    chosen = case.model.support.points() or case.model.support.interior_points(3 * count)
    rows = mpmath.matrix([list(statistics([x[v] for v in case.variables])) for x in chosen])
    with mpmath.workdps(DIGITS):
        singular = mpmath.svd_r(rows, compute_uv=False)
        assert singular[count - 1] > 1e-12 * singular[0]


@over_all_cases
def test_there_are_as_many_statistics_as_parameters(case):
    assert len(case.model.exponential_family.sufficient_statistics) == len(case.parameters)
    assert not case.model.exponential_family.is_curved
    assert case.model.require_exponential_family() is case.model.exponential_family


@pytest.mark.parametrize("case", [c for c in CASES if not c.density.has(sp.Piecewise)], ids=repr)
def test_log_density_is_the_logarithm_of_the_declared_density(case):
    arguments = (*case.variables, *case.parameters)
    derived, declared = Numbers([case.model.log_density], arguments), Numbers([log_density(case)], arguments)
    for x in case.model.support.interior_points(3):
        for theta in case.model.chart.interior_points(2):
            values = [*(x[v] for v in case.variables), *(theta[p] for p in case.parameters)]
            close(derived(values), declared(values), 1e-25, case.name)
