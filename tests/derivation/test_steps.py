"""What the steps of a derivation say, and where it ends."""

from __future__ import annotations

from fractions import Fraction

import pytest
import sympy as sp

from symgeo import catalogue
from symgeo.codegen import numpy_function
from symgeo.derivation import derivation
from symgeo.derivation.components import EXAMPLES, select
from symgeo.derivation.steps import REFERENCES
from symgeo.derivation.tidy import joined_branches
from symgeo.errors import ArgumentError, ParameterListError
from symgeo.expectation.node import Expectation

TITLES = [
    "Density",
    "Exponential family",
    "Score",
    "Expectations of the sufficient statistics",
    "Fisher metric",
    "Inverse metric",
    "Cubic tensor",
    "Connection, first kind",
    "Connection, second kind",
    "Curvature tensor",
    "Scalar curvature",
    "Dual coordinates",
    "Jeffreys' prior",
    "Geodesics",
]


def test_a_regular_family_has_all_steps(derived) -> None:
    assert [s.title for s in derived("gamma").steps] == TITLES


def test_every_step_says_why_and_where_to_read_about_it(derived) -> None:
    for s in derived("gamma").steps:
        assert s.statement.endswith(".") and s.reason.endswith(".")
        assert all(any(part.strip().startswith(key) for key in REFERENCES) for part in s.citation.split(";"))
        assert s.statement.count("$") % 2 == s.reason.count("$") % 2 == s.remark.count("$") % 2 == 0


def test_the_formulas_are_the_components_of_the_tensors(right) -> None:
    model = catalogue.get("gamma")
    k, r = model.parameters
    alpha = sp.Symbol("alpha", real=True)
    manifold = model.manifold
    connection = manifold.connection(alpha)
    psi = sp.polygamma(1, k)
    assert right("gamma", "Fisher metric") == {"g_{kk}": psi, "g_{kr}": -1 / r, "g_{rr}": k / r**2}
    assert right("gamma", "Inverse metric")["g^{kk}"] == manifold.inverse_metric[0, 0]
    assert right("gamma", "Cubic tensor")["T_{rrr}"] == -2 * k / r**3
    first, second = connection.christoffel_first_kind, connection.christoffel
    assert right("gamma", "Connection, first kind")[r"\Gamma^{(\alpha)}_{kk,\,k}"] == first[0, 0, 0]
    assert right("gamma", "Connection, second kind")[r"\Gamma^{(\alpha)\,r}_{kk}"] == second[1, 0, 0]
    assert right("gamma", "Scalar curvature")[r"R^{(\alpha)}"] == connection.scalar_curvature
    assert right("gamma", "Jeffreys' prior")[r"\sqrt{\det g}"] == manifold.jeffreys_prior


def test_the_score_equations_vanish_at_their_solution(derived, step) -> None:
    for name in ("gamma", "normal", "bivariate_normal", "categorical(4)"):
        family = derived(name).setting.family
        solution = dict(zip(family.expectation_symbols, family.expectation_parameters, strict=True))
        equations = [f.right for f in step(name, "Expectations of the sufficient statistics").formulas if f.left == "0"]
        assert len(equations) == len(derived(name).model.parameters)
        for e in equations:
            assert sp.factor(e.xreplace(solution)) == 0


def test_geodesics_have_the_connection_in_them(derived, right) -> None:
    d = derived("normal")
    mu_dot, sigma_dot = d.setting.dots
    sigma = d.model.parameters[1]
    alpha = d.setting.alpha
    equations = right("normal", "Geodesics")
    assert sp.expand(equations[r"\ddot{\mu}"] - 2 * (1 + alpha) * mu_dot * sigma_dot / sigma) == 0
    assert (
        sp.expand(equations[r"\ddot{\sigma}"] - ((1 + 2 * alpha) * sigma_dot**2 - (1 - alpha) * mu_dot**2 / 2) / sigma)
        == 0
    )


def test_one_parameter_families_are_flat_and_it_says_why(derived, step) -> None:
    s = step("poisson", "Scalar curvature")
    assert [f.right for f in s.formulas] == [0]
    assert "dimension 1" in s.reason
    assert "Curvature tensor" not in [s.title for s in derived("poisson").steps]


def test_both_potentials_are_shown_when_they_are_closed(derived, right) -> None:
    formulas = right("normal", "Dual coordinates")
    family = derived("normal").setting.family
    assert formulas[r"\psi(\eta)"] == family.log_partition_natural
    # The mean is called mu already, so the expectation parameters are not.
    assert formulas[r"\varphi(\tau)"] == family.dual_potential


def test_a_missing_inverse_is_said_plainly(step, right) -> None:
    s = step("gamma", "Dual coordinates")
    assert "No closed form" in s.remark and r"\mu" in s.remark
    assert r"\varphi(k, r)" in right("gamma", "Dual coordinates")


def test_the_potential_is_no_psi_beside_a_digamma_function(right) -> None:
    assert r"A(\eta)" in right("gamma", "Dual coordinates")
    assert r"\psi(\eta)" in right("normal", "Dual coordinates")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("moving_kink", "in several variables that is not followed"),
        ("infinite_information", "infinite Fisher information"),
        ("one_place_of_two", "The metric is singular: rank 1 of 2"),
    ],
)
def test_a_refused_model_ends_after_the_score_with_the_reason(derived, name: str, reason: str) -> None:
    d = derived(name)
    assert [s.title for s in d.steps] == ["Density", "Score", "Where the derivation ends"]
    assert reason in d.steps[-1].remark and d.steps[-1].remark[0].isupper()


def test_what_has_no_closed_form_stays_an_expectation(derived, step, right) -> None:
    d = derived("free_size")
    assert [s.title for s in d.steps][2:6] == [
        "Expectations by quadrature",
        "Fisher metric",
        "Inverse metric",
        "Cubic tensor",
    ]
    s = step("free_size", "Expectations by quadrature")
    assert "Bartlett 1953" in s.citation and "2.10.1" in s.citation and "Euler and Maclaurin" in s.remark
    r, p = d.model.parameters
    closed = right("free_size", "Expectations by quadrature")
    assert closed[r"\mathrm{E}[\ell_{rp}]"] == 1 / p and closed[r"\mathrm{E}[\ell_{pp}]"] == -r / (p**2 * (1 - p))
    metric = right("free_size", "Fisher metric")
    assert isinstance(metric["g_{rr}"], Expectation) and metric["g_{rp}"] == -1 / p
    value, error = metric["g_{rr}"].estimate({r: 1.0, p: 0.5})
    # E[l_r^2] = -E[psi'(n + r)] + psi'(r), and with r = 1 the law is geometric.
    expected = sp.polygamma(1, 1) - sum(sp.polygamma(1, n + 1).evalf() / 2 ** (n + 1) for n in range(60))
    assert abs(value - float(expected)) < 1e-9 and error < 1e-9


def test_the_step_names_the_methods_that_are_used(step) -> None:
    s = step("mixture", "Expectations by quadrature")
    assert "Gauss-Kronrod" in s.remark and "Maclaurin" not in s.remark and "DLMF" not in s.citation
    assert "close nothing here" in s.statement
    # The letter of the function is not that of the density.
    assert r"\partial_{i} f" not in step("free_size", "Expectations by quadrature").reason


def test_formulas_full_of_expectations_are_left_to_the_machine(step) -> None:
    name = "three_parameter_mixture"
    assert step(name, "Connection, second kind").formulas == step(name, "Scalar curvature").formulas == ()
    assert "manifold.connection(...).christoffel gives" in step(name, "Connection, second kind").remark
    assert "symgeo.lambdify" in step(name, "Scalar curvature").remark
    assert len(step(name, "Connection, first kind").formulas) == 18
    assert step("mixture", "Scalar curvature").formulas[0].right == 0


def test_several_variables_are_substituted_one_after_the_other(step) -> None:
    s = step("normal_and_log_logistic", "Expectations by substitution")
    assert "$z$, then $y$" in s.statement and "marginal density" in s.statement
    lines = [(f.left, f.relation) for f in s.formulas]
    assert lines == [("z", "="), ("u_{1}", r"\sim"), ("p(y)", "="), ("y", "="), ("y", "="), ("u_{2}", r"\sim")]
    assert [f.right for f in s.formulas if f.relation == r"\sim"] == [
        r"\mathrm{Beta}(1, 1)",
        r"\mathrm{Gamma}(1/2)",
    ]


def test_other_families_are_derived_by_substitution(derived) -> None:
    d = derived("cauchy")
    assert [s.title for s in d.steps][:4] == ["Density", "Score", "Expectations by substitution", "Fisher metric"]
    shapes = {f.left: f.right for f in d.steps[2].formulas}
    assert shapes["a"] == shapes["b"] == sp.Rational(1, 2)
    assert "B(a, b)" in d.steps[2].reason
    assert "second derivative" not in d.steps[3].reason


def test_a_curved_family_of_normal_laws_has_the_moments_of_the_normal_law(derived) -> None:
    d = derived("curved")
    titles = [s.title for s in d.steps]
    assert titles[:4] == ["Density", "Exponential family", "Score", "Expectations of the sufficient statistics"]
    assert "curved" in d.steps[3].statement and "normal law" in d.steps[3].statement
    assert titles[-1].startswith("Geodesic")


def test_an_over_parametrised_family_ends_at_its_metric(derived) -> None:
    d = derived("over_parametrised")
    assert [s.title for s in d.steps][-2:] == ["Fisher metric", "The metric is singular"]
    last = d.steps[-1]
    assert "rank of $g$ is $1$" in last.statement
    assert {f.left: f.right for f in last.formulas} in ({"v^{a}": -1, "v^{b}": 1}, {"v^{a}": 1, "v^{b}": -1})


@pytest.mark.parametrize("alpha", [0, 1, -1, Fraction(1, 3), sp.Rational(1, 2), sp.Symbol("beta")])
def test_alpha_may_be_given(alpha) -> None:
    d = derivation(catalogue.get("normal"), alpha)
    manifold = d.model.manifold
    value = sp.Rational(alpha.numerator, alpha.denominator) if isinstance(alpha, Fraction) else sp.sympify(alpha)
    curvature = {f.left: f.right for s in d.steps if s.title == "Scalar curvature" for f in s.formulas}
    assert list(curvature.values())[-1] == manifold.connection(value).scalar_curvature
    assert curvature["R^{(0)}"] == -1
    assert d.text().isprintable() is False and d.latex()


def test_an_alpha_that_is_a_parameter_is_refused() -> None:
    model = catalogue.get("normal")
    with pytest.raises(ParameterListError, match="coordinate"):
        derivation(model, model.parameters[0])


@pytest.mark.parametrize("alpha", [float("nan"), sp.oo, sp.I, "0"])
def test_an_alpha_that_is_no_real_number_is_refused(alpha) -> None:
    with pytest.raises(ArgumentError, match="order of a connection"):
        derivation(catalogue.get("normal"), alpha)


def test_a_decimal_alpha_is_a_fraction() -> None:
    assert derivation(catalogue.get("normal"), 0.1).setting.alpha == sp.Rational(1, 10)


def test_only_models_are_derived() -> None:
    with pytest.raises(ArgumentError, match="StatisticalModel"):
        derivation(sp.Symbol("x"))
    assert derivation(catalogue.get("poisson").exponential_family).steps


def test_a_parameter_called_alpha_leaves_the_name_to_it(derived) -> None:
    assert derived("beta").setting.alpha.name == "a"
    letters = derived("occupied_letters").setting
    written = {letters.alpha_latex, letters.density, letters.point, letters.statistic, letters.natural}
    written |= {letters.expectation, letters.potential, letters.metric, letters.cubic}
    taken = {letters.notation.latex(p) for p in letters.parameters}
    assert len(written) == 9 and not written & taken


def test_large_tensors_are_told_by_number_and_example(step) -> None:
    s = step("categorical(12)", "Connection, second kind")
    assert len(s.formulas) == EXAMPLES
    assert "Of the 726 independent components" in s.remark
    assert "manifold.connection(...).christoffel" in s.remark


def test_select_counts_everything_and_keeps_what_is_short() -> None:
    tensor = catalogue.get("normal").manifold.metric
    everything = select(tensor)
    assert everything.left_out == 0 and set(everything.components) == {(0, 0), (1, 1)}
    assert select(tensor, operations=0).left_out == 2


def test_branches_of_one_value_are_joined_only_where_conditions_exclude_each_other() -> None:
    x, y = sp.symbols("x y")
    p = sp.Symbol("p", positive=True)
    several = sp.Piecewise((0, sp.Eq(x, 1)), (p, sp.Eq(x, 2)), (0, sp.Eq(x, 3)), (1, True), evaluate=False)
    joined = joined_branches(several)
    assert len(joined.args) == 3
    assert [joined.subs(x, n) for n in (1, 2, 3, 4)] == [several.subs(x, n) for n in (1, 2, 3, 4)]
    overlapping = sp.Piecewise((0, x > 3), (p, x > 2), (0, x > 1), (1, True), evaluate=False)
    assert joined_branches(overlapping) is overlapping
    two = sp.Piecewise((0, sp.Eq(x, 1)), (p, sp.Eq(y, 2)), (0, sp.Eq(x, 3)), (1, True), evaluate=False)
    assert joined_branches(two) is two


@pytest.mark.parametrize(
    "name", ["gamma", "beta", "von_mises", "dirichlet(3)", "bivariate_normal", "logarithmic_series", "free_size"]
)
def test_what_is_written_down_equals_the_steps(derived, name: str) -> None:
    """Tidying and naming sums change the form only: with the names put back the values are the same."""
    d = derived(name)
    point = d.model.chart.interior_points(2)[1]
    defined: dict[str, sp.Expr] = {}
    for short in d.short_steps:
        for definition in reversed(short.definitions):
            defined[definition.left] = definition.right
        for whole, written in zip(short.step.formulas, short.formulas, strict=True):
            if isinstance(whole.right, str):
                assert written == whole
                continue
            restored = written.right
            for _ in range(8):
                names = {s: defined[s.name] for s in restored.free_symbols if s.is_Dummy and s.name in defined}
                restored = restored.xreplace(names)
            both = (restored, sp.sympify(whole.right))
            symbols = sorted(set().union(*(e.free_symbols for e in both)), key=str)
            values = [float(point.get(s, sp.Rational(3 + n, 17))) for n, s in enumerate(symbols)]
            new, old = numpy_function(both, symbols)(*values)
            assert new == pytest.approx(old, rel=1e-9, nan_ok=True)


@pytest.mark.parametrize(
    ("name", "master", "citation"),
    [
        ("generalised_poisson", r"\sum_{n = 0}^{\infty} (a + b n)^{n - 1} e^{-a - b n}/n!", "Consul 1989"),
        ("yule_simon", r"\sum_{n = 0}^{\infty} \Gamma(n + a)/\Gamma(n + b)", "DLMF, 15.4.20"),
        ("poisson_lindley", r"\sum_{n = 0}^{\infty} z^{n}", "Johnson, Kemp and Kotz 2005"),
    ],
)
def test_sums_by_generating_functions_show_the_master_sum(name: str, master: str, citation: str) -> None:
    d = derivation(catalogue.get(name))
    (s,) = [s for s in d.steps if s.title == "Expectations by generating functions"]
    assert [f.left for f in s.formulas][-1] == master
    assert s.formulas[0].left == d.setting.notation.latex(d.setting.model.variables[0])
    assert citation in s.citation and s.statement.count("$") % 2 == s.reason.count("$") % 2 == 0
    assert "by generating functions" in d.text() and "\\sum" in d.latex()
