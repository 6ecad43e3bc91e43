"""Linear algebra over the field, and tensors: symmetry, pullback, errors."""

from __future__ import annotations

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from symgeo.algebra import Tensor, differential_field
from symgeo.algebra.linear import (
    SingularMatrixError,
    blocks,
    rank_and_null_space,
    solve,
    symmetric_inverse,
)
from symgeo.algebra.substitution import substitution
from symgeo.errors import TensorError

a, b, c = sp.symbols("a b c", positive=True)
ENTRIES = st.sampled_from([a, b, c, a + b, a * c, sp.Integer(1), sp.Integer(0), sp.Integer(-2), 1 / a, sp.exp(b), a**2])


def product(field, p, q):
    return [[field.dot((1, x, row[j]) for x, row in zip(line, q, strict=True)) for j in range(len(q[0]))] for line in p]


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 4).flatmap(lambda n: st.lists(ENTRIES, min_size=n * (n + 1) // 2, max_size=n * (n + 1) // 2)))
def test_inverse_times_matrix_is_one(entries: list[sp.Expr]) -> None:
    n = next(k for k in range(1, 5) if k * (k + 1) // 2 == len(entries))
    field = differential_field()
    upper = iter(entries)
    grid = [[None] * n for _ in range(n)]
    for i in range(n):
        for j in range(i, n):
            grid[i][j] = grid[j][i] = field(next(upper))
    det = sp.Matrix(n, n, lambda i, j: grid[i][j].to_sympy()).det()
    try:
        inverse = symmetric_inverse(grid)
    except SingularMatrixError:
        assert sp.expand(det) == 0
        return
    identity = product(field, grid, inverse.matrix)
    assert all(identity[i][j] == int(i == j) for i in range(n) for j in range(n))
    assert inverse.determinant == field(det)


@pytest.mark.parametrize("n", [3, 5])
def test_diagonal_plus_rank_one_is_inverted_in_closed_form(n: int) -> None:
    d = sp.symbols(f"d1:{n + 1}", positive=True)
    v = sp.symbols(f"v1:{n + 1}", positive=True)
    field = differential_field()
    grid = [[field((d[i] if i == j else 0) + 3 * v[i] * v[j]) for j in range(n)] for i in range(n)]
    inverse = symmetric_inverse(grid)
    identity = product(field, grid, inverse.matrix)
    assert all(identity[i][j] == int(i == j) for i in range(n) for j in range(n))
    assert inverse.determinant == field(sp.Matrix(n, n, lambda i, j: grid[i][j].to_sympy()).det())


def test_blocks_are_found_through_any_order() -> None:
    field = differential_field()
    grid = [[field(int((i - j) % 2 == 0)) for j in range(5)] for i in range(5)]
    assert blocks(grid) == [[0, 2, 4], [1, 3]]


def test_rank_null_space_and_solution() -> None:
    field = differential_field()
    grid = [[field(a), field(a * b)], [field(1), field(b)]]
    rank, null = rank_and_null_space(grid)
    assert rank == 1
    assert [v.to_sympy() for v in null[0]] == [-b, 1]
    assert solve(grid, [field(a), field(2)]).values is None
    assert [v.to_sympy() for v in solve(grid, [field(a), field(1)]).values or []] == [1, 0]


def test_a_pivot_that_is_zero_only_by_a_hidden_relation_is_not_inverted() -> None:
    half = sp.Rational(1, 2)
    hidden = sp.polygamma(0, 2 * a) - (sp.polygamma(0, a) + sp.polygamma(0, a + half)) / 2 - sp.log(2)
    field = differential_field()
    with pytest.raises(SingularMatrixError):
        symmetric_inverse([[field(hidden), field.zero], [field.zero, field(b)]])


def metric(field, coordinates):
    u, v = coordinates
    table = {(0, 0): field(1 + u**2), (0, 1): field(u * v), (1, 1): field(sp.exp(v) + 1)}
    return Tensor(field, coordinates, (-1, -1), table, symmetric=((0, 1),), name="metric")


def test_pullback_is_functorial() -> None:
    u, v, p, q, s, t = sp.symbols("u v p q s t", positive=True)
    field = differential_field()
    first = {u: p * q, v: p + q}
    second = {p: sp.exp(s), q: s * t}
    along = {k: e.subs(second, simultaneous=True) for k, e in first.items()}
    g = metric(field, (u, v))
    once = g.pullback((p, q), [field(first[u]), field(first[v])], substitution(field, first))
    twice = once.pullback((s, t), [field(second[p]), field(second[q])], substitution(field, second))
    direct = g.pullback((s, t), [field(along[u]), field(along[v])], substitution(field, along))
    assert twice == direct


def test_symmetric_components_are_one_and_antisymmetric_ones_change_sign() -> None:
    u, v = sp.symbols("u v", positive=True)
    field = differential_field()
    g = metric(field, (u, v))
    assert g[0, 1] is g[1, 0]
    form = Tensor(field, (u, v), (-1, -1), {(0, 1): field(u)}, antisymmetric=((0, 1),))
    assert (form[0, 1], form[1, 0], form[0, 0]) == (u, -u, 0)
    assert g[-1, -1] == g[1, 1]
    assert g.to_matrix() == sp.Matrix([[1 + u**2, u * v], [u * v, sp.exp(v) + 1]])
    assert g.to_array().shape == (2, 2)


def test_tensor_errors_name_the_remedy() -> None:
    u, v = sp.symbols("u v", positive=True)
    g = metric(differential_field(), (u, v))
    with pytest.raises(TensorError, match="takes 2 integer indices"):
        g[0]
    with pytest.raises(IndexError, match="out of range"):
        g[0, 2]
    with pytest.raises(TensorError, match="to_array"):
        list(g)
    upper = Tensor(g.field, (u, v), (1,), {(0,): g.field(u)}, name="vector")
    with pytest.raises(TensorError, match="lower the indices first"):
        upper.pullback((u, v), [g.field(u), g.field(v)], lambda e: e)
    with pytest.raises(TensorError, match="two indices"):
        upper.to_matrix()
