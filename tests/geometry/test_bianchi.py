"""Bianchi's identities and contractions, exactly, for random metrics and cubic tensors.

Source: Lee, Introduction to Riemannian Manifolds, 2018, propositions 7.13 and 7.21; Kobayashi and Nomizu, Foundations
of Differential Geometry I, 1963, theorem III.5.3, for connections without torsion.
"""

from __future__ import annotations

from itertools import combinations_with_replacement, product

import pytest
import sympy as sp
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from symgeo.algebra import Element, Tensor, differential_field
from symgeo.geometry.connection import Connection
from symgeo.geometry.manifold import StatisticalManifold

x = sp.symbols("x1:4", real=True)
alpha = sp.Symbol("alpha", real=True)
coefficients = st.sampled_from([sp.Rational(k, 4) for k in (-2, -1, 1, 2, 3)])
alphas = st.sampled_from([sp.Integer(-1), sp.Integer(1), sp.Rational(1, 2), sp.Rational(-3, 4), sp.Integer(2)])


def terms(n: int) -> st.SearchStrategy[sp.Expr]:
    """Zero, or one or two terms of degree one or two: nothing at the origin."""
    monomials = [sp.Mul(*m) for degree in (1, 2) for m in combinations_with_replacement(x[:n], degree)]
    one = st.builds(lambda c, m: c * m, coefficients, st.sampled_from(monomials))
    return st.one_of(st.just(sp.S.Zero), one, st.builds(sp.Add, one, one))


@st.composite
def manifolds(draw, n: int, cubic: bool = True) -> tuple[StatisticalManifold, sp.Matrix, dict[tuple, sp.Expr]]:
    """The metric is the identity at the origin; its matrix and the cubic components are given in SymPy as well."""
    field = differential_field()
    g = sp.eye(n)
    for i, j in combinations_with_replacement(range(n), 2):
        g[i, j] += draw(terms(n))
        g[j, i] = g[i, j]
    t = {i: draw(terms(n)) + draw(coefficients) if cubic else sp.S.Zero for i in product(range(n), repeat=3)}
    t = {i: t[tuple(sorted(i))] for i in t}
    metric = Tensor.build(field, x[:n], (-1, -1), lambda i, j: field(g[i, j]), symmetric=((0, 1),), name="metric")
    cube = Tensor.build(field, x[:n], (-1,) * 3, lambda *i: field(t[i]), symmetric=((0, 1, 2),), name="cubic tensor")
    manifold = StatisticalManifold(metric, cube)
    assume(not manifold.connection(0).is_flat)
    return manifold, g, t


def nabla(tensor: Tensor, gamma: Tensor, m: int, index: tuple[int, ...]) -> Element:
    """The component of the covariant derivative along the m-th coordinate."""
    field, n = tensor.field, tensor.dim
    found = [(1, tensor.element(*index).diff(tensor.coordinates[m]), field.one)]
    for slot, i in enumerate(index):
        for p in range(n):
            other = tensor.element(*index[:slot], p, *index[slot + 1 :])
            if tensor.slots[slot] > 0:
                found.append((1, gamma.element(i, m, p), other))
            else:
                found.append((-1, gamma.element(p, m, i), other))
    return field.dot(found)


def jets(
    g: sp.Matrix, t: dict[tuple, sp.Expr], value: sp.Expr, at: dict[sp.Symbol, sp.Rational]
) -> dict[tuple, sp.Expr]:
    """``[l, i, j, k]``: R^l_kij from the metric's and the cubic tensor's derivatives at a point, in rationals."""
    n = g.rows
    r = range(n)

    def first_kind(i: int, j: int, k: int) -> sp.Expr:
        slopes = sp.diff(g[j, k], x[i]) + sp.diff(g[i, k], x[j]) - sp.diff(g[i, j], x[k])
        return (slopes - value * t[i, j, k]) / 2

    inverse = g.subs(at).inv()
    slope = [-inverse * g.diff(s).subs(at) * inverse for s in x[:n]]
    low = {i: first_kind(*i) for i in product(r, repeat=3)}
    here = {i: e.subs(at) for i, e in low.items()}
    gamma = {(k, i, j): sum(inverse[k, m] * here[i, j, m] for m in r) for k, i, j in low}
    change = {
        (s, k, i, j): sum(slope[s][k, m] * here[i, j, m] + inverse[k, m] * low[i, j, m].diff(x[s]).subs(at) for m in r)
        for s in r
        for k, i, j in low
    }
    return {
        (u, i, j, k): change[i, u, j, k]
        - change[j, u, i, k]
        + sum(gamma[u, i, m] * gamma[m, j, k] - gamma[u, j, m] * gamma[m, i, k] for m in r)
        for u, i, j, k in product(r, repeat=4)
    }


@pytest.mark.parametrize("n", [2, 3])
@given(data=st.data())
def test_christoffel_symbols_by_their_formula(n, data) -> None:
    """Gamma^k_ij = g^km (d_i g_jm + d_j g_im - d_m g_ij - alpha T_ijm)/2."""
    manifold, g, t = data.draw(manifolds(n))
    inverse = g.adjugate() / g.det()
    field, gamma = manifold.field, manifold.connection(alpha).christoffel
    first = manifold.connection(alpha).christoffel_first_kind
    for i, j in product(range(n), repeat=2):
        low = [
            (sp.diff(g[j, m], x[i]) + sp.diff(g[i, m], x[j]) - sp.diff(g[i, j], x[m]) - alpha * t[i, j, m]) / 2
            for m in range(n)
        ]
        for k in range(n):
            assert first.element(i, j, k) == field(low[k])
            assert gamma.element(k, i, j) == field(sum(inverse[k, m] * low[m] for m in range(n)))


@pytest.mark.parametrize("n", [2, 3])
@settings(max_examples=2)
@given(data=st.data())
def test_curvature_from_derivatives_at_a_point(n, data) -> None:
    manifold, g, t = data.draw(manifolds(n))
    value = data.draw(st.one_of(st.just(sp.S.Zero), alphas))
    at = {s: sp.Rational(data.draw(st.integers(-2, 2)), 17) for s in x[:n]}
    riemann = manifold.connection(value).riemann
    expected = jets(g, t, value, at)
    for u, i, j, k in product(range(n), repeat=4):
        if i < j:
            assert riemann[u, i, j, k].subs(at) == expected[u, i, j, k]
        assert riemann.element(u, i, j, k) == -riemann.element(u, j, i, k)


def first_bianchi(connection: Connection) -> None:
    low, riemann = connection.riemann_lowered, connection.riemann
    n, field = low.dim, low.field
    for i, j, k, u in product(range(n), repeat=4):
        assert not field.sum([low.element(i, j, k, u), low.element(j, k, i, u), low.element(k, i, j, u)])
        assert not field.sum([riemann.element(u, i, j, k), riemann.element(u, j, k, i), riemann.element(u, k, i, j)])


@given(manifolds(3))
def test_first_bianchi_identity_for_every_alpha(case) -> None:
    """R(X, Y) Z + R(Y, Z) X + R(Z, X) Y = 0, for the curvature as it is and with its index lowered."""
    manifold, _, _ = case
    for value in (0, 1, -1, sp.Rational(1, 3), alpha):
        first_bianchi(manifold.connection(value))


@pytest.mark.parametrize("cubic", [False, True])
@given(data=st.data())
def test_second_bianchi_identity_of_the_metric(cubic, data) -> None:
    """The cyclic sum of nabla_m R_ijkl over m, i, j; other triples follow from the antisymmetry in i and j."""
    manifold, _, _ = data.draw(manifolds(3, cubic))
    connection = manifold.connection(0)
    low, gamma = connection.riemann_lowered, connection.christoffel
    for k, u in product(range(3), repeat=2):
        parts = [nabla(low, gamma, m, (i, j, k, u)) for m, i, j in ((0, 1, 2), (1, 2, 0), (2, 0, 1))]
        assert not low.field.sum(parts)


@given(manifolds(3), alphas)
def test_second_bianchi_identity_of_any_connection_without_torsion(case, value) -> None:
    """The cyclic sum of nabla_m R^l_kij over m, i, j."""
    manifold, _, _ = case
    connection = manifold.connection(value)
    riemann, gamma = connection.riemann, connection.christoffel
    for k, u in product(range(3), repeat=2):
        parts = [nabla(riemann, gamma, m, (u, i, j, k)) for m, i, j in ((0, 1, 2), (1, 2, 0), (2, 0, 1))]
        assert not riemann.field.sum(parts)


@pytest.mark.parametrize("n", [2, 3])
@given(data=st.data())
def test_einstein_tensor_has_no_divergence(n, data) -> None:
    """In two dimensions it vanishes altogether."""
    manifold, _, _ = data.draw(manifolds(n, cubic=False))
    connection = manifold.connection(0)
    scalar = manifold.field(connection.scalar_curvature)
    einstein = connection.ricci - manifold.metric * (scalar / 2)
    assert n == 3 or einstein.is_zero
    raised = einstein.raise_index(0, manifold.inverse_metric)
    for j in range(n):
        divergence = [nabla(raised, connection.christoffel, i, (i, j)) for i in range(n)]
        assert not manifold.field.sum(divergence)


@pytest.mark.parametrize("n", [2, 3])
@given(data=st.data())
def test_ricci_and_scalar_curvature_are_contractions(n, data) -> None:
    """[j, k] is R^l_klj and the scalar its trace; the trace of the curvature is the derivative of Gamma^l_lj."""
    manifold, _, _ = data.draw(manifolds(n))
    connection = manifold.connection(data.draw(st.one_of(st.just(0), alphas)))
    field, riemann = manifold.field, connection.riemann
    assert connection.ricci == riemann.contract(0, 1)
    assert connection.ricci == -riemann.contract(0, 2)
    trace = connection.ricci.raise_index(0, manifold.inverse_metric).contract(0, 1)
    assert trace.rank == 0 and trace.element() == field(connection.scalar_curvature)
    volume = [field.sum(connection.christoffel.element(u, u, j) for u in range(n)) for j in range(n)]
    curl = riemann.contract(0, 3)
    for i, j in product(range(n), repeat=2):
        assert curl.element(i, j) == volume[j].diff(x[i]) - volume[i].diff(x[j])
        assert curl.element(i, j) == connection.ricci.element(j, i) - connection.ricci.element(i, j)
