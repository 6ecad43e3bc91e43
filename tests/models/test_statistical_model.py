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
        cauchy.require_exponential_family()
    assert cauchy.manifold.metric[0, 0] == sp.Rational(1, 2)


def test_a_curved_family_is_told_apart_and_reached_as_a_submanifold() -> None:
    normal = sg.catalogue.normal()
    mu, sigma = normal.parameters
    curved = sg.StatisticalModel(normal.density.subs({mu: a, sigma: a}), normal.variables, a)
    assert curved.exponential_family.is_curved
    with pytest.raises(errors.NotExponentialFamilyError, match="curved"):
        curved.require_exponential_family()
    assert curved.manifold.metric[0, 0] == 3 / a**2
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


real_y = sp.Symbol("y", real=True)
gauss = sp.exp(-((x - m) ** 2) / 2) / sp.sqrt(2 * sp.pi)
UNIT = sp.Interval.open(0, 1)
REFUSALS = {
    "foreign symbol": (a * b * sp.exp(-a * b * z), z, a, {}, errors.UnknownSymbolError, "add it to one of the lists"),
    "no parameters": (DENSITY, z, (), {}, errors.ParameterListError, "name at least one"),
    "repeated parameter": (DENSITY, z, (a, a), {}, errors.ParameterListError, "listed twice"),
    "repeated variable": (DENSITY, (z, z), a, {}, errors.ParameterListError, "list each variable once"),
    "variable among the parameters": (DENSITY, z, (a, z), {}, errors.ParameterListError, "both as variable and as"),
    "unordered parameters": (DENSITY, z, {a}, {}, errors.ParameterListError, "give a tuple"),
    "idle parameter": (DENSITY, z, (a, b), {}, errors.ParameterListError, "remove it from the list"),
    "a number for a parameter": (DENSITY, z, (a, 3), {}, errors.ParameterListError, "symbol"),
    "uniform up to a parameter": (1 / a, z, a, {"support": sp.Interval(0, a)}, errors.SupportError, "fixed"),
    "moving Heaviside": (
        sp.exp(m - x) * sp.Heaviside(x - m), x, m, {}, errors.SupportError, "fix m or reparametrise",
    ),
    "moving Piecewise": (
        sp.Piecewise((sp.exp(m - x), x > m), (0, True)), x, m, {}, errors.SupportError, "fix m or reparametrise",
    ),
    "moving maximum": (
        sp.exp(-sp.Max(sp.sign(x - m), 0)) * gauss, x, m, {"check": False}, errors.SupportError,
        "fix m or reparametrise",
    ),
    "moving floor": (
        (2 + sp.floor(z + a)) * sp.exp(-z), z, a, {"check": False}, errors.SupportError, "fix a or reparametrise",
    ),
    "switch on a parameter alone": (
        sp.Piecewise((DENSITY, a > 1), (sp.exp(-z), True)), z, a, {}, errors.DomainError, "keep one branch",
    ),
    "point mass": (sp.DiracDelta(x) + 0 * m + m * 0 + sp.exp(-m * x), x, m, {}, errors.SupportError, "point mass"),
    "empty support": (DENSITY, z, a, {"support": sp.S.EmptySet}, errors.SupportError, "give"),
    "support of an unknown kind": (
        DENSITY, z, a, {"support": sp.ConditionSet(z, sp.sin(z) > 0, sp.S.Reals)}, errors.SupportError, "give",
    ),
    "support for another variable": (
        DENSITY, z, a, {"support": {b: sp.Interval(0, 1)}}, errors.SupportError, "own symbols as keys",
    ),
    "support of one variable of two": (
        DENSITY * sp.exp(-b), (z, b), a, {"support": {z: UNIT}}, errors.SupportError, "add a set",
    ),
    "support through a later variable": (
        2 * a**2 * sp.exp(-a * (z + b)), (z, b), a,
        {"support": {z: sp.Interval.open(0, b), b: sp.Interval.open(0, sp.oo)}}, errors.SupportError, "before z",
    ),
    "twice too much": (2 * DENSITY, z, a, {}, errors.NormalisationError, "divide it by its total mass"),
    "normalised at one point only": (
        a * sp.exp(-z), z, a, {}, errors.NormalisationError, "divide it by its total mass",
    ),
    "a divergent integral": (1 / (1 + a * z), z, a, {}, errors.NormalisationError, "diverges"),
    "a sum that is not one": (
        a**n / sp.factorial(n), n, a, {}, errors.NormalisationError, "divide it by its total mass",
    ),
    "wrong support": (
        DENSITY, z, a, {"support": sp.Interval(1, sp.oo)}, errors.NormalisationError, "correct support",
    ),
    "negative in part": (
        (1 + 4 * a * x) / 2, x, a, {"support": sp.Interval(-1, 1), "domain": {a: sp.Interval.open(1, 2)}},
        errors.NegativeDensityError, "negative",
    ),
    "negative throughout": (-DENSITY, z, a, {}, errors.NegativeDensityError, "negative"),
    "complex": (
        (a + 1) / 2 * x**a, x, a, {"support": sp.Interval(-1, 1)}, errors.NegativeDensityError, "not real",
    ),
    "root of a variable of either sign": (
        sp.sqrt(x) * sp.exp(-(x**2) / a) / (a ** sp.Rational(3, 4) * sp.gamma(sp.Rational(3, 4))), x, a, {},
        errors.NegativeDensityError, "not real",
    ),
    "empty domain": (DENSITY, z, a, {"domain": {a: sp.Interval(2, 1)}}, errors.DomainError, "empty"),
    "a domain against the assumptions": (
        DENSITY, z, a, {"domain": {a: sp.Interval(-3, -1)}}, errors.DomainError, "a",
    ),
    "a discrete domain": (DENSITY, z, a, {"domain": {a: sp.FiniteSet(1, 2)}}, errors.DomainError, "discrete"),
    "a domain for another symbol": (DENSITY, z, a, {"domain": {b: UNIT}}, errors.ParameterListError, "own symbols"),
    "constraints that exclude one another": (
        a * b * sp.exp(-a * b * z), z, (a, b), {"constraints": [a + b < 1, a * b > 1]}, errors.DomainError, "relax",
    ),
    "a constraint on a foreign symbol": (
        DENSITY, z, a, {"constraints": [a < b]}, errors.UnknownSymbolError, "add it|give",
    ),
    "text": ("a*exp(-a*z)", z, a, {}, errors.DeclarationError, "SymPy expression"),
    "a matrix": (sp.Matrix([DENSITY]), z, a, {}, errors.DeclarationError, "SymPy expression"),
    "a relation": (sp.Eq(DENSITY, 1), z, a, {}, errors.DeclarationError, "SymPy expression"),
    "nothing": (None, z, a, {}, errors.DeclarationError, "SymPy expression"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSALS)
def test_each_refusal_names_the_remedy(name: str) -> None:
    density, variables, parameters, options, error, remedy = REFUSALS[name]
    with pytest.raises(error, match=remedy) as caught:
        sg.StatisticalModel(density, variables, parameters, **options)
    assert isinstance(caught.value, errors.DeclarationError)
    assert len(str(caught.value)) < 700


@pytest.mark.parametrize(
    "piecewise",
    [
        lambda f: sp.Piecewise((f, x >= 0), (0, True)),
        lambda f: sp.Piecewise((0, x < 0), (f, True)),
        lambda f: f * sp.Heaviside(x),
        lambda f: sp.Piecewise((f, sp.And(x >= 0, x < 10**9)), (0, True)).subs(10**9, sp.oo),
        lambda f: f * sp.Piecewise((1, x > 0), (0, True)),
    ],
)
def test_indicators_of_variables_are_moved_to_the_support(piecewise) -> None:
    model = sg.StatisticalModel(piecewise(a * sp.exp(-a * x)), x, a)
    assert model.support.sets[x].inf == 0 and model.support.sets[x].sup == sp.oo
    assert model.manifold.metric[0, 0] == a**-2


def test_symbols_without_assumptions_take_sets() -> None:
    t, q = sp.symbols("t q")
    model = sg.StatisticalModel(
        q * sp.exp(-q * t), t, q, support=sp.Interval(0, sp.oo), domain={q: sp.Interval.open(0, sp.oo)}
    )
    assert model.manifold.metric[0, 0] == q**-2
    with pytest.raises(errors.DeclarationError):
        sg.StatisticalModel(q * sp.exp(-q * t), t, q)


@pytest.mark.parametrize("name", ["beta", "gamma", "zeta", "I", "E", "S", "N", "O", "Q", "lambda", "pi", "None", "del"])
def test_parameter_names_do_not_matter(name: str) -> None:
    p = sp.Symbol(name, positive=True)
    model = sg.StatisticalModel(p * sp.exp(-p * z), z, p)
    assert model.manifold.metric[0, 0] == p**-2
    assert model.parameters == (p,)


def test_score_is_the_derivative_of_the_log_density() -> None:
    model = sg.StatisticalModel(gauss, x, m)
    assert sp.expand(model.score[0] - (x - m)) == 0
    assert sp.expand(model.log_density + (x - m) ** 2 / 2 + sp.log(2 * sp.pi) / 2) == 0


def test_what_was_declared_can_be_read_back() -> None:
    model = sg.StatisticalModel(
        a * b * sp.exp(-a * b * z), z, (a, b), domain={a: (1, 5)}, constraints=[a * b < 3], name="two rates"
    )
    assert model.variables == (z,) and model.parameters == (a, b)
    assert model.domain == {a: sp.Interval.open(1, 5), b: sp.Interval.open(0, sp.oo)}
    assert model.constraints == (a * b < 3,)
    assert "two rates" in repr(model) and model._repr_latex_().startswith("$")
    assert "p(z" in model._repr_latex_()


def test_written_exponential_family_with_dependent_statistics() -> None:
    e1, e2 = sp.symbols("e1 e2", negative=True)
    with pytest.raises(errors.DeclarationError, match="linearly independent"):
        sg.ExponentialFamily((z, 2 * z), -sp.log(-e1 - 2 * e2), (e1, e2), z)
    with pytest.raises(errors.NormalisationError):
        sg.ExponentialFamily(z, -2 * sp.log(-e1), e1, z)
