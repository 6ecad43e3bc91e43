"""The structure that a divergence induces: metric, cubic tensor, and what is refused as a divergence.

Eguchi 1983 and 1992; Amari and Nagaoka 2000, section 3.2: the alpha-divergence induces (g, alpha T), every
f-divergence with f''(1) = 1 the same with alpha = 3 + 2 f'''(1).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import product

import pytest
import sympy as sp

import symgeo as sg
from symgeo.algebra import differential_field
from symgeo.errors import (
    NoClosedFormError,
    NotADivergenceError,
    ParameterListError,
    SingularMetricError,
    UnknownSymbolError,
)

R = sp.Rational
x, y = sp.symbols("x y", real=True)
s, t = sp.symbols("s t", positive=True)
induced = sg.StatisticalManifold.from_divergence


@cache
def family(name: str) -> sg.StatisticalModel:
    return getattr(sg.catalogue, name)()


def other(model: sg.StatisticalModel) -> tuple[sp.Symbol, ...]:
    """Symbols for a second member, with the same assumptions."""
    return tuple(sp.Symbol(p.name + "_q", **p._assumptions_orig) for p in model.parameters)


def same(got: sp.Expr, expected: sp.Expr) -> bool:
    """Equality as elements of a field, or to forty digits where its generators hide a relation."""
    gap = differential_field()(got - expected)
    if not gap:
        return True
    point = {p: R(1, 5 + 2 * i) for i, p in enumerate(sorted(gap.free_symbols, key=str))}
    return abs(sp.N((got - expected).subs(point), 40)) < sp.Float("1e-35")


def has_structure(
    manifold: sg.StatisticalManifold, model: sg.StatisticalModel, alpha: sp.Expr, scale: sp.Expr = sp.S.One
) -> bool:
    """Whether the manifold is (scale g, scale alpha T) of the model."""
    n, own = manifold.dim, model.manifold
    return all(same(manifold.metric[i, j], scale * own.metric[i, j]) for i, j in product(range(n), repeat=2)) and all(
        same(manifold.cubic[i, j, k], scale * alpha * own.cubic[i, j, k]) for i, j, k in product(range(n), repeat=3)
    )


FAMILIES = [
    "normal", "gamma", "beta", "poisson", "bernoulli", "exponential", "inverse_gaussian", "categorical", "geometric",
    "pareto", "laplace", "rayleigh", "dirichlet", "lindley", "negative_binomial",
]  # fmt: skip
WITHOUT_EXPONENTIAL_FORM = ["gumbel", "weibull_free", "frechet", "generalised_gamma", "moyal"]


@pytest.mark.parametrize("name", [*FAMILIES, *WITHOUT_EXPONENTIAL_FORM, "bivariate_normal", "von_mises"])
def test_relative_entropy_induces_the_metric_and_the_dual_connections(name: str) -> None:
    """D(p || q) is the alpha-divergence with alpha = -1, D(q || p) that with alpha = 1."""
    model = family(name)
    q = other(model)
    forward = sg.kl_divergence(model, model.parameters, q)
    backward = sg.kl_divergence(model, q, model.parameters)
    assert has_structure(induced(forward, model.parameters, q), model, sp.S.NegativeOne)
    assert has_structure(induced(backward, model.parameters, q), model, sp.S.One)


@pytest.mark.parametrize("name", FAMILIES)
def test_expansion_of_relative_entropy_to_third_order(name: str) -> None:
    """With d in q, at q = p: d_i d_j D(p || q) = g_ij and d_i d_j d_k D = Gamma^(1)_ij,k + d_k g_ij ... symmetric.

    In one natural parameter D = g h^2/2 + T h^3/6; in general the third derivatives are
    ``Gamma^(1)_ij,k + Gamma^(1)_jk,i + Gamma^(1)_ki,j + T_ijk``.
    """
    model = family(name)
    p, q = model.parameters, other(model)
    divergence = sg.kl_divergence(model, p, q)
    onto = dict(zip(q, p, strict=True))
    e = model.manifold.connection(1).christoffel_first_kind
    n = len(p)
    assert same(divergence.subs(onto), sp.S.Zero)
    for i in range(n):
        assert same(sp.diff(divergence, q[i]).subs(onto), sp.S.Zero)
        for j in range(i, n):
            second = sp.diff(divergence, q[i], q[j])
            assert same(second.subs(onto), model.manifold.metric[i, j])
            for k in range(j, n):
                expected = e[i, j, k] + e[j, k, i] + e[k, i, j] + model.manifold.cubic[i, j, k]
                assert same(sp.diff(second, q[k]).subs(onto), expected)


@pytest.mark.parametrize("name", [name for name in FAMILIES if name not in ("dirichlet", "beta", "inverse_gaussian")])
def test_alpha_divergence_induces_the_alpha_connection(name: str) -> None:
    model, alpha = family(name), R(1, 3)
    q = other(model)
    manifold = induced(sg.alpha_divergence(model, alpha, model.parameters, q), model.parameters, q)
    assert has_structure(manifold, model, alpha)
    first = manifold.connection(1).christoffel_first_kind
    expected = model.manifold.connection(alpha).christoffel_first_kind
    assert all(same(first[i], expected[i]) for i in product(range(manifold.dim), repeat=3))


@pytest.mark.parametrize("name", ["normal", "poisson", "bernoulli", "laplace"])
def test_f_divergences_induce_alpha_from_the_third_derivative(name: str) -> None:
    model = family(name)
    q = other(model)
    functions: dict[Callable, sp.Expr] = {
        lambda r: -sp.log(r): R(-1),
        lambda r: r * sp.log(r): R(1),
        lambda r: (1 - sp.sqrt(r)) * 4: R(0),
        lambda r: (r - 1) ** 2 / 2: R(3),
        lambda r: (1 / r - 1) / 2: R(-3),
    }
    u = sp.Symbol("u", positive=True)
    for f, alpha in functions.items():
        assert sp.diff(f(u), u, 2).subs(u, 1) == 1
        assert 3 + 2 * sp.diff(f(u), u, 3).subs(u, 1) == alpha
        divergence = sg.f_divergence(model, f, model.parameters, q)
        assert has_structure(induced(divergence, model.parameters, q), model, alpha)


@pytest.mark.parametrize("name", ["normal", "gamma", "poisson", "bernoulli"])
def test_pearson_and_renyi_divergences_induce_multiples(name: str) -> None:
    """Pearson: twice f with alpha = -3. Renyi of order r: r g and r (1 - 2 r) T."""
    model = family(name)
    p, q = model.parameters, other(model)
    assert has_structure(induced(sg.chi_squared_divergence(model, p, q), p, q), model, R(-3), R(2))
    for order in (R(1, 2), R(2)):
        manifold = induced(sg.renyi_divergence(model, order, p, q), p, q)
        assert has_structure(manifold, model, 1 - 2 * order, order)


@pytest.mark.parametrize("name", ["bernoulli", "categorical", "hardy_weinberg"])
def test_jensen_shannon_divergence_induces_a_quarter_of_the_metric(name: str) -> None:
    """It is symmetric, so its cubic tensor vanishes."""
    model = family(name)
    p, q = model.parameters, other(model)
    assert has_structure(induced(sg.jensen_shannon(model, p, q), p, q), model, R(0), R(1, 4))


@pytest.mark.parametrize("name", ["normal", "gamma", "bernoulli"])
def test_symmetric_divergences_have_no_cubic_tensor(name: str) -> None:
    model = family(name)
    p, q = model.parameters, other(model)
    assert has_structure(induced(sg.jeffreys_divergence(model, p, q), p, q), model, R(0), R(2))
    assert has_structure(induced(sg.bhattacharyya(model, p, q), p, q), model, R(0), R(1, 4))
    assert has_structure(induced(sg.hellinger(model, p, q) ** 2, p, q), model, R(0), R(1, 4))


POTENTIALS = {
    "quartic": (x**2 + y**2 + x**4 / 12 + x * y / 2, (x, y)),
    "entropy": (s * sp.log(s) + t * sp.log(t) - (s + t) * sp.log(s + t) / 3, (s, t)),
    "exponentials": (sp.log(1 + sp.exp(x) + sp.exp(y)), (x, y)),
}


@pytest.mark.parametrize("name", POTENTIALS)
def test_bregman_divergence_induces_the_structure_of_its_potential(name: str) -> None:
    potential, coordinates = POTENTIALS[name]
    q = tuple(sp.Symbol(c.name + "_q", **c._assumptions_orig) for c in coordinates)
    manifold = induced(sg.bregman_divergence(potential, coordinates, coordinates, q), coordinates, q)
    expected = sg.StatisticalManifold.from_potential(potential, coordinates)
    for tensor in ("metric", "cubic"):
        got, wanted = getattr(manifold, tensor), getattr(expected, tensor)
        assert all(same(a, b) for a, b in zip(got.flat(), wanted.flat(), strict=True))


def test_bregman_divergence_of_a_log_partition_is_relative_entropy_backwards() -> None:
    model = family("gamma")
    duality = model.exponential_family.duality
    q = other(model)
    eta, onto = duality.natural, dict(zip(model.parameters, q, strict=True))
    found = sg.bregman_divergence(
        duality.potential_in_natural, duality.natural_symbols, eta, [e.subs(onto) for e in eta]
    )
    point = {v: R(3 + i, 2 + i) for i, v in enumerate((*model.parameters, *q))}
    gap = found - sg.kl_divergence(model, q, model.parameters)
    assert abs(sp.N(gap.subs(point), 40)) < sp.Float("1e-35")


@pytest.mark.parametrize("name", [*FAMILIES, "bivariate_normal"])
def test_canonical_divergence_is_relative_entropy_with_p_first(name: str) -> None:
    model = family(name)
    q = other(model)
    canonical = model.manifold.duality.canonical_divergence(model.parameters, q)
    assert same(canonical, sg.kl_divergence(model, model.parameters, q))


@pytest.mark.parametrize("name", ["normal", "gamma", "categorical", "dirichlet"])
def test_pythagoras(name: str) -> None:
    """D(p || r) = D(p || q) + D(q || r) where the m-geodesic p q and the e-geodesic q r are orthogonal at q.

    Amari and Nagaoka 2000, theorem 3.8. In general the sides differ by (mu(p) - mu(q)) . (eta(q) - eta(r)): r is moved
    along its e-geodesic so that this vanishes, and moved off it so that it does not.
    """
    model = family(name)
    duality = model.manifold.duality
    chart = model.parameters
    p, q, far = (tuple(point[c] for c in chart) for point in model.chart.interior_points(3))
    eta, mu = sp.Matrix(duality.natural), sp.Matrix(duality.expectation)

    def at(vector: sp.Matrix, point: tuple) -> sp.Matrix:
        return vector.subs(dict(zip(chart, point, strict=True)), simultaneous=True)

    general = sg.kl_divergence(model, chart, other(model))

    def divergence(a: tuple, b: tuple) -> sp.Expr:
        return sp.N(general.subs(dict(zip((*chart, *other(model)), (*a, *b), strict=True))), 40)

    normal = at(mu, p) - at(mu, q)
    direction = at(eta, far) - at(eta, q)
    across = direction - (direction.dot(normal) / normal.dot(normal)) * normal
    step = next(h for h in (R(1, 4), R(1, 16), R(1, 64)) if _inside(model, duality, at(eta, q) + h * across))
    r = _from_natural(duality, at(eta, q) + step * across)
    assert abs(divergence(p, r) - divergence(p, q) - divergence(q, r)) < sp.Float("1e-30")
    slanted = _from_natural(duality, at(eta, q) + step * across + R(1, 100) * normal / sp.sqrt(normal.dot(normal)))
    assert abs(divergence(p, slanted) - divergence(p, q) - divergence(q, slanted)) > sp.Float("1e-6")


def _from_natural(duality: sg.StatisticalManifold, eta: sp.Matrix) -> tuple:
    there = dict(zip(duality.natural_symbols, eta, strict=True))
    return tuple(sp.N(e.subs(there), 60) for e in duality.coordinates_from_natural)


def _inside(model: sg.StatisticalModel, duality: sg.StatisticalManifold, eta: sp.Matrix) -> bool:
    point = _from_natural(duality, eta)
    return all(v.is_real for v in point) and bool(model.chart.contains([float(v) for v in point]))


# -- refusals ----------------------------------------------------------------------------------------------------------

q1, q2 = sp.symbols("q1 q2", real=True)
q3 = sp.Symbol("q3", positive=True)


@pytest.mark.parametrize(
    ("divergence", "told"),
    [
        ((x - q1) ** 2 + 1, "not zero"),
        ((x - q1) ** 2 + x, "not zero"),
        (sp.exp(x - q1) - 1, "derivative of D by x"),
        (-((x - q1) ** 2), "positive definite"),
        (sp.Abs(x - q1), "not smooth"),
        (sp.Abs(x - q1) + (x - q1) ** 2, "not smooth"),
        (((x - q1) ** 2) ** R(3, 2) + (x - q1) ** 2, "not smooth"),
        (sp.Max(x - q1, 0) ** 4 + (x - q1) ** 2, "not smooth"),
        (sp.Piecewise(((x - q1) ** 2, x > q1), (2 * (x - q1) ** 2, True)), "branch"),
        ((x - q1) ** 2 / (sp.exp(x) - sp.exp(q1)), "undefined on the diagonal"),
    ],
)
def test_functions_that_are_no_divergence(divergence: sp.Expr, told: str) -> None:
    with pytest.raises(NotADivergenceError, match=told):
        induced(divergence, [x], [q1])


def test_a_branch_that_holds_around_the_diagonal_is_taken() -> None:
    divergence = sp.Piecewise(((s - q3) ** 2 / 2, s < 2 * q3), (sp.oo, True))
    assert induced(divergence, [s], [q3]).metric[0, 0] == 1


def test_a_divergence_that_sees_only_one_direction_is_singular() -> None:
    with pytest.raises(SingularMetricError, match="rank 1 of 2"):
        induced((x + y - q1 - q2) ** 2, (x, y), (q1, q2))


def test_points_are_given_by_distinct_symbols_and_hold_all_of_them() -> None:
    with pytest.raises(ParameterListError):
        induced((x - q1) ** 2, (x, y), [q1])
    with pytest.raises(ParameterListError):
        induced((x - q1) ** 2, [x], [x])
    with pytest.raises(ParameterListError):
        induced((x - q1) ** 2, [], [])
    with pytest.raises(UnknownSymbolError, match="y"):
        induced(y * (x - q1) ** 2, [x], [q1])
    with pytest.raises(ParameterListError):
        sg.bregman_divergence(x**2, (x,), (1, 2), (3,))
    with pytest.raises(UnknownSymbolError):
        sg.bregman_divergence(x**2 + y, (x,), (1,), (3,))


def test_a_divergence_with_an_expectation_has_no_exact_derivatives() -> None:
    model = family("logistic")
    q = other(model)
    with pytest.raises(NoClosedFormError, match="closed form"):
        induced(sg.kl_divergence(model, model.parameters, q), model.parameters, q)
