"""Products, repeated observations, regression, normal laws by mean and covariance, marginals and conditionals."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp

import symgeo as sg
from symgeo.errors import (
    ArgumentError,
    NoClosedFormError,
    ParameterListError,
    SupportError,
    UnknownSymbolError,
)

a, b, d = sp.symbols("a b d", real=True)
p = sp.Symbol("p", positive=True)
y = sp.Symbol("y", integer=True, nonnegative=True)
BERNOULLI = sg.StatisticalModel(
    p**y * (1 - p) ** (1 - y), y, p, support=sp.FiniteSet(0, 1), domain={p: sp.Interval.open(0, 1)}, check=False
)
LINE = a + b * d
THIRD = sp.Rational(1, 3)


@pytest.mark.parametrize(
    ("name", "image"),
    [
        ("logistic_regression", 1 / (1 + sp.exp(-LINE))),
        ("complementary_log_log_regression", 1 - sp.exp(-sp.exp(LINE))),
        ("probit_regression", (1 + sp.erf(LINE / sp.sqrt(2))) / 2),
    ],
)
def test_regression_is_the_joint_density_written_out(name: str, image: sp.Expr) -> None:
    """The catalogue declares the product of three densities; here it is put together from one."""
    model, whole = sg.regression(BERNOULLI, {p: image}, (a, b), {d: [-1, 0, 2]}), sg.catalogue.get(name)
    point = np.array([0.3, 0.2])
    for f in (
        lambda m: m.metric,
        lambda m: m.cubic,
        lambda m: m.connection(THIRD).christoffel,
        lambda m: m.connection(THIRD).riemann_lowered,
    ):
        np.testing.assert_allclose(
            sg.lambdify(f(model.manifold))(point), sg.lambdify(f(whole.manifold))(point), rtol=1e-11, atol=1e-13
        )


def test_many_responses_stay_sums() -> None:
    """Twenty logistic responses: a sum of twenty terms, flat for alpha = 1, curved for alpha = 0."""
    doses = [sp.Rational(k, 10) for k in range(20)]
    model = sg.regression(BERNOULLI, {p: 1 / (1 + sp.exp(-LINE))}, (a, b), {d: doses})
    m = model.manifold
    assert len(m.metric[0, 0].args) == 20
    assert m.connection(1).is_flat and not m.connection(0).is_flat
    theta = np.array([0.3, 0.2])
    chance = 1 / (1 + np.exp(-(theta[0] + theta[1] * np.arange(20) / 10)))
    design = np.stack([np.ones(20), np.arange(20) / 10])
    np.testing.assert_allclose(sg.lambdify(m.metric)(theta), design * chance * (1 - chance) @ design.T, rtol=1e-13)
    second = chance * (1 - chance) * (1 - 2 * chance)
    np.testing.assert_allclose(
        sg.lambdify(m.cubic)(theta), np.einsum("n,in,jn,kn->ijk", second, design, design, design), rtol=1e-12
    )


def test_weibull_regression_keeps_the_shape() -> None:
    """Accelerated failure times: the curvature of n responses with a line for the log-scale."""
    weibull = sg.catalogue.get("weibull_free")
    k, scale = weibull.parameters
    m = sg.regression(weibull, {scale: sp.exp(LINE)}, (k, a, b), {d: [0, 1, 2, 3, 4]}).manifold
    assert m.metric[2, 2] == 30 * k**2
    assert m.connection(0).scalar_curvature == -sp.Rational(36, 5) / sp.pi**2


@pytest.mark.parametrize("name", ["gamma", "laplace_free", "student", "negative_binomial", "weibull_free"])
def test_repeated_observations_scale_the_geometry(name: str) -> None:
    one = sg.catalogue.get(name)
    many = sg.independent_observations(one, 3)
    assert [v.name for v in many.variables] == [f"{one.variables[0].name}_{k}" for k in (1, 2, 3)]
    first, third = one.manifold, many.manifold
    for old, new in zip(first.metric.flat(), third.metric.flat(), strict=True):
        assert not one.field(3 * old - new)
    for old, new in zip(first.cubic.flat(), third.cubic.flat(), strict=True):
        assert not one.field(3 * old - new)
    if first.dim > 1:
        gap = first.connection(0).scalar_curvature - 3 * third.connection(0).scalar_curvature
        assert not one.field(gap)


def test_a_product_is_the_orthogonal_sum() -> None:
    first, second = sg.catalogue.get("weibull_free"), sg.catalogue.get("logistic")
    joint = sg.product(first, second)
    assert joint.parameters == (*first.parameters, *second.parameters)
    g = joint.manifold.metric.to_matrix()
    assert g[:2, :2] == first.manifold.metric.to_matrix() and g[2:, :2] == sp.zeros(2, 2)
    gap = joint.manifold.connection(0).scalar_curvature - sum(
        m.manifold.connection(0).scalar_curvature for m in (first, second)
    )
    assert not joint.field(gap)


def test_a_shared_parameter() -> None:
    """One mean measured by two instruments: the information adds up."""
    u, v, m = sp.symbols("u v m", real=True)
    first = sg.StatisticalModel(sp.exp(-((u - m) ** 2) / 2) / sp.sqrt(2 * sp.pi), u, m, check=False)
    second = sg.StatisticalModel(1 / (sp.pi * (1 + (v - m) ** 2)), v, m, check=False)
    joint = sg.product(first, second)
    assert joint.manifold.metric[0, 0] == sp.Rational(3, 2)
    found = joint.expectation(u**2 * sp.log(1 + (v - m) ** 2))
    assert sp.expand(found - (m**2 + 1) * 2 * sp.log(2)) == 0
    with pytest.raises(NoClosedFormError, match="mixes"):
        joint.expectation(sp.cos(u * v))


def test_normal_by_mean_and_covariance() -> None:
    u, v = sp.symbols("u v", real=True)
    model = sg.normal([a, a + b], [[1 + b**2, b], [b, 1]], (u, v), (a, b))
    mean, sigma = sp.Matrix([a, a + b]), sp.Matrix([[1 + b**2, b], [b, 1]])
    inverse = sigma.inv()
    for i, s in enumerate((a, b)):
        for j, t in enumerate((a, b)):
            # Skovgaard, Scand. J. Statist. 11 (1984), section 2.
            value = (mean.diff(s).T * inverse * mean.diff(t))[0]
            value += (inverse * sigma.diff(s) * inverse * sigma.diff(t)).trace() / 2
            assert sp.expand(model.manifold.metric[i, j] - sp.cancel(value)) == 0
    with pytest.raises(ParameterListError, match="symmetric"):
        sg.normal([a, b], [[1, b], [0, 1]], (u, v), (a, b))
    with pytest.raises(ParameterListError, match="2 variables"):
        sg.normal([a], [[1]], (u, v), (a, b))


def test_marginals() -> None:
    joint = sg.catalogue.get("bivariate_normal")
    x1, _ = joint.variables
    one = sg.marginal(joint, x1)
    assert [s.name for s in one.parameters] == ["mu1", "sigma1"]
    assert one.manifold.connection(0).scalar_curvature == -1
    dirichlet = sg.catalogue.get("dirichlet")
    beta = sg.marginal(dirichlet, dirichlet.variables[0])
    a1, a2, a3 = dirichlet.parameters
    assert beta.manifold.metric[0, 0] == sp.polygamma(1, a1) - sp.polygamma(1, a1 + a2 + a3)
    spins = sg.catalogue.get("ising_pair")
    lone = sg.marginal(spins, spins.variables[0])
    # Integrating out loses information (monotonicity).
    point = {s: sp.Rational(1, 3) for s in spins.parameters}
    loss = (spins.manifold.metric.to_matrix() - lone.manifold.metric.to_matrix()).subs(point).evalf(30)
    assert loss[0, 0] > 0 and loss.det() > 0


def test_conditionals() -> None:
    joint = sg.catalogue.get("multinomial")
    x1, x2 = joint.variables
    given = sg.conditional(joint, {x1: 2})
    k = sp.Symbol("k")
    total = sum(given.density.subs(x2, j) for j in range(5))
    assert not given.field(total - 1), k
    normal_gamma = sg.catalogue.get("normal_gamma")
    tau = next(v for v in normal_gamma.variables if v.name == "tau")
    assert {s.name for s in sg.conditional(normal_gamma, {tau: THIRD}).parameters} == {"k", "m"}


def test_refusals() -> None:
    gamma = sg.catalogue.get("gamma")
    with pytest.raises(ArgumentError):
        sg.product(gamma.manifold)
    with pytest.raises(ParameterListError, match="two of the models"):
        sg.product(gamma, gamma)
    with pytest.raises(ParameterListError, match="at least one"):
        sg.product()
    for count in (0, True, 1.5):
        with pytest.raises(ArgumentError, match="positive integer"):
            sg.independent_observations(gamma, count)
    with pytest.raises(UnknownSymbolError, match="no parameter"):
        sg.regression(BERNOULLI, {a: b}, (a, b), {d: [1]})
    with pytest.raises(ParameterListError, match="as many of each"):
        sg.regression(BERNOULLI, {p: a + b * d}, (a, b), {d: [1, 2], y: [1]})
    with pytest.raises(UnknownSymbolError, match="neither new parameter nor covariate"):
        sg.regression(BERNOULLI, {p: a + b * d}, (a,), {d: [1, 2]})
    mckay = sg.catalogue.get("mckay_bivariate_gamma")
    x1, x2 = mckay.variables
    with pytest.raises(SupportError, match="integrated out"):
        sg.marginal(mckay, x2)
    with pytest.raises(SupportError, match="cuts"):
        sg.conditional(mckay, {x2: 1})
    with pytest.raises(SupportError, match="outside"):
        sg.conditional(mckay, {x1: -1})
    with pytest.raises(SupportError, match="real number"):
        sg.conditional(mckay, {x1: d})
    with pytest.raises(ParameterListError, match="some but not all"):
        sg.marginal(mckay, (x1, x2))
    freund = sg.catalogue.get("freund")
    with pytest.raises(NoClosedFormError, match="no closed form"):
        sg.marginal(freund, freund.variables[0])
    multinomial = sg.catalogue.get("multinomial")
    with pytest.raises(NoClosedFormError, match="finite sums"):
        sg.marginal(multinomial, multinomial.variables[0])
