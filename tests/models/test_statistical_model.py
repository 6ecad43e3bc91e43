"""Declaring a model: every refusal by name with its remedy, and what a declaration gives."""

from __future__ import annotations

import pytest
import sympy as sp

import symgeo as sg
from symgeo import errors

x = sp.Symbol("x", real=True)
z, a, b = sp.symbols("z a b", positive=True)
n = sp.Symbol("n", integer=True, nonnegative=True)
m = sp.Symbol("m", real=True)
DENSITY = a * sp.exp(-a * z)


def test_unknown_symbol() -> None:
    with pytest.raises(errors.UnknownSymbolError, match="neither variable nor parameter"):
        sg.StatisticalModel(a * b * sp.exp(-a * b * z), z, a)


def test_same_name_with_other_assumptions_is_pointed_out() -> None:
    with pytest.raises(errors.UnknownSymbolError, match="other assumptions"):
        sg.StatisticalModel(a * sp.exp(-a * sp.Symbol("z")), z, a)


@pytest.mark.parametrize("parameters", [(), (a, a), ("a",), (z,)])
def test_parameter_lists(parameters: tuple) -> None:
    with pytest.raises(errors.ParameterListError):
        sg.StatisticalModel(DENSITY, z, parameters)


def test_idle_parameter() -> None:
    with pytest.raises(errors.ParameterListError, match="does not depend on the parameter b"):
        sg.StatisticalModel(DENSITY, z, (a, b))


def test_empty_variable_list() -> None:
    with pytest.raises(errors.ParameterListError, match="variable list is empty"):
        sg.StatisticalModel(DENSITY, (), a)


@pytest.mark.parametrize(
    ("density", "variable", "parameters", "support"),
    [
        (1 / a, z, a, sp.Interval(0, a)),
        (sp.exp(-(x - m)) * sp.Heaviside(x - m), x, m, None),
        (sp.Piecewise((sp.exp(m - x), x > m), (0, True)), x, m, None),
        (sp.Piecewise((1 / a, x < a), (0, True)), x, a, sp.Interval(0, sp.oo)),
        (DENSITY, z, a, sp.S.EmptySet),
    ],
)
def test_supports_that_move_or_are_empty(density, variable, parameters, support) -> None:
    with pytest.raises(errors.SupportError):
        sg.StatisticalModel(density, variable, parameters, support=support)


def test_not_normalised_names_the_value_and_the_remedy() -> None:
    with pytest.raises(errors.NormalisationError, match=r"not 1.*check=False"):
        sg.StatisticalModel(2 * DENSITY, z, a)
    assert sg.StatisticalModel(2 * DENSITY, z, a, check=False).parameters == (a,)


def test_negative_density() -> None:
    with pytest.raises(errors.NegativeDensityError):
        sg.StatisticalModel(sp.Rational(1, 2) + 3 * x + m * x, x, m, support=sp.Interval(-1, 1))


@pytest.mark.parametrize("domain", [sp.Interval(2, 1), sp.FiniteSet(1, 2), sp.S.Naturals])
def test_domains_without_interior(domain: sp.Set) -> None:
    with pytest.raises(errors.DomainError):
        sg.StatisticalModel(DENSITY, z, a, domain={a: domain})


def test_constraints_that_nothing_meets() -> None:
    with pytest.raises(errors.DomainError):
        sg.StatisticalModel(a * b * sp.exp(-a * b * z), z, (a, b), constraints=[a + b < 0])


def test_integer_parameter() -> None:
    trials = sp.Symbol("N", integer=True, positive=True)
    with pytest.raises(errors.DomainError, match="continuous"):
        sg.StatisticalModel(sp.binomial(trials, n) * a**n * (1 - a) ** (trials - n), n, (a, trials))


def test_text_is_not_evaluated() -> None:
    with pytest.raises(errors.DeclarationError, match="SymPy expression"):
        sg.StatisticalModel("exp(-z)", z, a)


def test_what_is_no_exponential_family_says_so() -> None:
    cauchy = sg.StatisticalModel(1 / (sp.pi * (1 + (x - m) ** 2)), x, m)
    assert cauchy.exponential_family is None
    assert len(cauchy.score) == 1
    with pytest.raises(errors.NotExponentialFamilyError, match="not recognised"):
        _ = cauchy.manifold


def test_a_curved_family_is_told_apart_and_reached_as_a_submanifold() -> None:
    normal = sg.catalogue.normal()
    mu, sigma = normal.parameters
    curved = sg.StatisticalModel(normal.density.subs({mu: a, sigma: a}), normal.variables, a)
    assert curved.exponential_family.is_curved
    with pytest.raises(errors.NotExponentialFamilyError, match="curved"):
        _ = curved.manifold
    assert normal.manifold.submanifold({mu: a, sigma: a}, (a,)).metric[0, 0] == 3 / a**2


def test_over_parametrised_model_reports_rank_and_null_direction() -> None:
    u, v = sp.symbols("u v", real=True)
    model = sg.StatisticalModel(sp.exp(-((x - u - 2 * v) ** 2) / 2) / sp.sqrt(2 * sp.pi), x, (u, v))
    assert model.manifold.metric.to_matrix() == sp.Matrix([[1, 2], [2, 4]])
    with pytest.raises(errors.SingularMetricError, match="rank 1 of 2") as caught:
        _ = model.manifold.inverse_metric
    assert caught.value.rank == 1
    assert model.manifold.metric.to_matrix() * sp.Matrix(caught.value.null_direction) == sp.zeros(2, 1)


def test_log_density_declares_the_same_model() -> None:
    model = sg.StatisticalModel.from_log_density(sp.log(a) - a * z, z, a)
    assert model.manifold.metric[0, 0] == a**-2


def test_decimals_are_read_as_the_numbers_they_name() -> None:
    model = sg.StatisticalModel(0.5 * sp.exp(-0.5 * z / a) / a, z, a)
    assert model.exponential_family.natural_parameters == (-1 / (2 * a),)


def test_indicator_on_a_variable_becomes_support() -> None:
    model = sg.StatisticalModel(sp.Piecewise((a * sp.exp(-a * x), x >= 0), (0, True)), x, a)
    assert model.support.sets[x] == sp.Interval(0, sp.oo)
    assert model.exponential_family.sufficient_statistics == (x,)


def test_laws_on_finitely_many_points_need_no_exponential_form() -> None:
    """E[s^2] of p(n) = (1 + m (n - 1)/2)/3 on {0, 1, 2} is 2/(3 (4 - m^2)), summed by hand."""
    model = sg.StatisticalModel((1 + m * (n - 1) / 2) / 3, n, m, support=[0, 1, 2], domain={m: (-1, 1)})
    assert sp.cancel(model.manifold.metric[0, 0] - 2 / (3 * (4 - m**2))) == 0


def test_a_binary_variable_beside_a_continuous_one() -> None:
    p = sp.Symbol("p", positive=True)
    density = p**n * (1 - p) ** (1 - n) * sp.exp(-((x - m * n) ** 2) / 2) / sp.sqrt(2 * sp.pi)
    model = sg.StatisticalModel(density, (n, x), (p, m), support={n: [0, 1], x: sp.S.Reals}, domain={p: (0, 1)})
    assert model.exponential_family.sufficient_statistics == (n, n * x)
    assert model.manifold.metric[1, 1] == p


def test_statistics_are_minimal() -> None:
    density = sp.exp(a * (2 * n + 1) - b * 4 * n) / (sp.exp(a) + sp.exp(3 * a - 4 * b))
    family = sg.StatisticalModel(density, n, (a, b), support=[0, 1]).exponential_family
    assert family.sufficient_statistics == (n,)


def test_written_exponential_family() -> None:
    e1, e2 = sp.Symbol("e1", real=True), sp.Symbol("e2", negative=True)
    psi = -(e1**2) / (4 * e2) - sp.log(-2 * e2) / 2
    carrier = 1 / sp.sqrt(2 * sp.pi)
    family = sg.ExponentialFamily((x, x**2), psi, (e1, e2), x, carrier=carrier)
    assert family.manifold.connection(0).scalar_curvature == -1
    with pytest.raises(errors.ParameterListError, match="give one for each"):
        sg.ExponentialFamily((x,), psi, (e1, e2), x)


def test_a_new_symbol_is_asked_for_in_a_change_of_chart() -> None:
    M = sg.catalogue.normal().manifold
    mu, sigma = M.coordinates
    with pytest.raises(errors.ParameterListError, match="new symbol"):
        M.reparametrize({sigma: sigma**2}, (mu, sigma))
    with pytest.raises(errors.ParameterListError, match="submanifold"):
        M.reparametrize({sigma: a, mu: a}, (a,))
    with pytest.raises(errors.UnknownSymbolError, match="no new coordinate"):
        M.reparametrize({sigma: a * b}, (mu, a))
