"""Linear systems of every shape: held against ranks and solutions that SymPy finds at exact rational points."""

from __future__ import annotations

from itertools import combinations_with_replacement

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from symgeo.algebra import Element, Field, differential_field
from symgeo.algebra.linear import SingularMatrixError, rank_and_null_space, solve, symmetric_inverse
from symgeo.algebra.zero_test import zero_test

x, y, z = sp.symbols("x y z", positive=True)
POINTS = [{x: sp.Rational(7, 5), y: sp.Rational(13, 3), z: sp.Rational(4, 11)}, {x: 3, y: sp.Rational(2, 7), z: 5}]

NUMBERS = st.sampled_from([sp.Integer(n) for n in (0, 0, 0, 1, 1, -1, 2, 3)] + [sp.Rational(-2, 3)])
FUNCTIONS = st.one_of(
    NUMBERS,
    st.sampled_from([x, y, x + y, x * y - 1, 1 / x, y / (x + 1), x**2, 1 - x, z, (x - z) / (y + z)]),
)
GROUNDS = st.sampled_from([NUMBERS, FUNCTIONS])


def drawn(data, rows: int, columns: int, entries=FUNCTIONS) -> sp.Matrix:
    return sp.Matrix(rows, columns, lambda i, j: data.draw(entries))


def check(a: sp.Matrix, b: sp.Matrix) -> list[sp.Expr] | None:
    """Rank and solvability are SymPy's at two points, and the solution solves; the solution, if there is one."""
    field = differential_field()
    left = [[field(e) for e in row] for row in a.tolist()]
    right = [field(e) for e in b]
    result = solve(left, right)
    ranks = [(a.subs(at).rank(), a.row_join(b).subs(at).rank()) for at in POINTS]
    # A point can only lower a rank: the larger of two is that over the functions, unless both are special.
    rank, extended = max(ranks)[0], max(r for _, r in ranks)
    assert result.rank == rank == rank_and_null_space(left)[0]
    assert (result.values is not None) == (rank == extended)
    if result.values is None:
        return None
    assert len(result.values) == a.cols
    for row, e in zip(left, right, strict=True):
        assert field.dot((1, p, v) for p, v in zip(row, result.values, strict=True)) == e
    if rank == a.cols:
        at = max(POINTS, key=lambda point: a.subs(point).rank())
        values = sp.Matrix([v.to_sympy() for v in result.values]).subs(at)
        assert a.subs(at).gauss_jordan_solve(b.subs(at))[0] == values
    return [v.to_sympy() for v in result.values]


@settings(max_examples=40)
@given(st.data(), st.integers(1, 4), st.integers(1, 4), GROUNDS)
def test_systems_of_any_shape(data, rows, columns, entries) -> None:
    check(drawn(data, rows, columns, entries), drawn(data, rows, 1, entries))


@settings(max_examples=30)
@given(st.data(), st.integers(1, 5), st.integers(1, 4), GROUNDS)
def test_systems_that_have_a_solution(data, rows, columns, entries) -> None:
    a = drawn(data, rows, columns, entries)
    assert check(a, a * drawn(data, columns, 1)) is not None


@settings(max_examples=30)
@given(st.data(), st.integers(2, 4), st.integers(2, 4), st.booleans())
def test_systems_of_lower_rank(data, rows, columns, solvable) -> None:
    """A product of thin matrices, with rows that are combinations of others."""
    width = data.draw(st.integers(1, min(rows, columns) - 1))
    a = drawn(data, rows, width, NUMBERS) * drawn(data, width, columns)
    b = a * drawn(data, columns, 1, NUMBERS) + (sp.zeros(rows, 1) if solvable else drawn(data, rows, 1, NUMBERS))
    assert check(a, b) is not None or not solvable


@settings(max_examples=30)
@given(st.data(), st.lists(st.integers(1, 2), min_size=2, max_size=3), st.booleans())
def test_systems_that_are_triangular_by_blocks(data, sizes, repeated) -> None:
    """Rows and columns are permuted, and equations may stand twice or contradict."""
    n = sum(sizes)
    block = [k for k, size in enumerate(sizes) for _ in range(size)]
    whole = drawn(data, n, n)
    a = sp.Matrix(n, n, lambda i, j: whole[i, j] if block[j] <= block[i] else 0)
    b = drawn(data, n, 1)
    if repeated:
        again = data.draw(st.integers(0, n - 1))
        a = a.col_join(a.row(again) * x)
        b = b.col_join(sp.Matrix([b[again] * x + data.draw(st.sampled_from([0, 0, 1]))]))
    rows, columns = data.draw(st.permutations(range(a.rows))), data.draw(st.permutations(range(n)))
    check(a.extract(rows, columns), b.extract(rows, [0]))


@settings(max_examples=30)
@given(st.data(), st.integers(2, 3), st.integers(0, 2))
def test_an_unknown_that_a_small_block_leaves_open(data, width, more) -> None:
    """As many equations as unknowns, but of lower rank: the unknown is fixed by an equation that holds others too."""
    first = drawn(data, 1, width, FUNCTIONS.filter(bool))
    factors = sp.Matrix([1] + [data.draw(FUNCTIONS.filter(bool)) for _ in range(width - 1)])
    early = (factors * first).row_join(sp.zeros(width, more))
    later = drawn(data, width - 1 + more, width + more)
    a = early.col_join(later)
    truth = drawn(data, width + more, 1)
    order = data.draw(st.permutations(range(a.rows)))
    a = a.extract(order, list(range(a.cols)))
    b = a * truth
    found = check(a, b)
    assert found is not None
    if max(a.subs(at).rank() for at in POINTS) == a.cols:
        field = differential_field()
        assert [field(e) for e in found] == [field(e) for e in truth]


def test_a_small_block_that_leaves_an_unknown_open_by_hand() -> None:
    a = sp.Matrix([[x, y, 0], [2 * x, 2 * y, 0], [1, -1, 0], [0, 1, z]])
    assert check(a, sp.Matrix([x + y, 2 * x + 2 * y, 0, 1 + z])) == [1, 1, 1]
    assert check(a, sp.Matrix([x + y, x + y, 0, 1])) is None
    assert check(a[:2, :], sp.Matrix([x, 2 * x])) is not None
    assert check(sp.zeros(2, 3), sp.zeros(2, 1)) == [0, 0, 0]
    assert check(sp.zeros(2, 3), sp.Matrix([0, x])) is None


@settings(max_examples=30)
@given(st.data(), st.integers(1, 4), st.integers(1, 4))
def test_rank_and_null_space(data, rows, columns) -> None:
    """The basis has as many vectors as the rank leaves, they are independent, and the matrix sends them to zero."""
    a = drawn(data, rows, columns)
    if data.draw(st.booleans()):
        a = a * drawn(data, columns, columns, NUMBERS)
    field = differential_field()
    left = [[field(e) for e in row] for row in a.tolist()]
    rank, basis = rank_and_null_space(left)
    assert rank == max(a.subs(at).rank() for at in POINTS) and len(basis) == columns - rank
    assert not any(field.dot((1, p, v) for p, v in zip(row, vector, strict=True)) for row in left for vector in basis)
    if basis:
        assert rank_and_null_space(basis)[0] == len(basis)


# -- inverses of symmetric matrices -----------------------------------------------------------------------------------

PLAIN = [sp.S.Zero, sp.S.One, x, -y, x + y, x / (y + 1), sp.exp(x), sp.exp(-x) * y, sp.log(x), sp.gamma(y),
         sp.polygamma(1, x), sp.polygamma(0, y + 1)]  # fmt: skip
ALGEBRAIC = [[sp.sqrt(x), x ** sp.Rational(3, 2)], [1 / sp.sqrt(x + y)], [sp.cbrt(y) * x], [sp.sqrt(2), sp.sqrt(2) * y],
             [sp.sin(z), sp.cos(z)], [sp.sinh(z), sp.cosh(z)]]  # fmt: skip
PARTS = st.sampled_from(PLAIN)


def symmetric(data, n: int, entries) -> list[list[sp.Expr]]:
    a = [[sp.S.Zero] * n for _ in range(n)]
    for i, j in combinations_with_replacement(range(n), 2):
        a[i][j] = a[j][i] = data.draw(entries)
    return a


def inverted(a: list[list[sp.Expr]]) -> tuple[Field, list[list[Element]], bool]:
    """The inverse, checked: the product is one, and the determinant is the matrix's; False where there is none."""
    field, n = differential_field(), len(a)
    grid = [[field(e) for e in row] for row in a]
    determinant = _leibniz(field, grid)
    try:
        inverse = symmetric_inverse(grid)
    except SingularMatrixError:
        assert zero_test(determinant)
        return field, grid, False
    for i in range(n):
        for j in range(n):
            entry = field.dot((1, grid[i][k], inverse.matrix[k][j]) for k in range(n))
            assert zero_test(entry - int(i == j))
            assert inverse.matrix[i][j] == inverse.matrix[j][i]
    assert zero_test(inverse.determinant - determinant)
    return field, inverse.matrix, True


def _leibniz(field: Field, a: list[list[Element]]) -> Element:
    """The determinant along the first row: no division."""
    if not a:
        return field.one
    minors = [[row[:j] + row[j + 1 :] for row in a[1:]] for j in range(len(a))]
    return field.sum(e * _leibniz(field, m) * (-1) ** j for j, (e, m) in enumerate(zip(a[0], minors, strict=True)) if e)


@pytest.mark.parametrize("n", [2, 3, 4])
@settings(max_examples=12)
@given(data=st.data())
def test_inverse_times_a_symmetric_matrix_of_functions_is_one(n, data) -> None:
    inverted(symmetric(data, n, PARTS))


@pytest.mark.parametrize("kind", range(len(ALGEBRAIC)))
@settings(max_examples=3)
@given(data=st.data())
def test_inverse_times_a_symmetric_matrix_with_algebraic_functions_is_one(kind, data) -> None:
    n = data.draw(st.integers(2, 3))
    inverted(symmetric(data, n, st.one_of(PARTS, st.sampled_from(ALGEBRAIC[kind]))))


@settings(max_examples=8)
@given(st.data())
def test_inverse_of_two_rows_with_several_roots(data) -> None:
    inverted(symmetric(data, 2, st.sampled_from([*PLAIN, *(e for part in ALGEBRAIC for e in part)])))


@settings(max_examples=8)
@given(st.data(), st.permutations(range(5)))
def test_inverses_of_five_rows(data, order) -> None:
    """Sparse ones, blocks, and a diagonal plus a matrix of rank one, in any order of rows."""
    kind = data.draw(st.sampled_from(["banded", "arrow", "blocks", "rank one"]))
    v = [data.draw(PARTS.filter(bool)) for _ in range(5)]
    d = [data.draw(PARTS.filter(bool)) for _ in range(5)]
    filled = {
        "banded": lambda i, j: v[max(i, j)] if abs(i - j) == 1 else 0,
        "arrow": lambda i, j: v[max(i, j)] if 0 in (i, j) and i != j else 0,
        "blocks": lambda i, j: v[max(i, j)] if i != j and (i < 2) == (j < 2) else 0,
        "rank one": lambda i, j: 2 * v[i] * v[j],
    }[kind]
    a = sp.Matrix(5, 5, lambda i, j: filled(i, j) + (d[i] if i == j else 0)).extract(order, order)
    inverted(a.tolist())


@pytest.mark.parametrize(("n", "entries"), [(2, PARTS), (3, PARTS), (4, FUNCTIONS)])
@settings(max_examples=6)
@given(data=st.data())
def test_singular_symmetric_matrices(n, entries, data) -> None:
    thin = drawn(data, n, n - 1, entries)
    field = differential_field()
    with pytest.raises(SingularMatrixError):
        symmetric_inverse([[field(e) for e in row] for row in (thin * thin.T).tolist()])


@pytest.mark.parametrize("place", [(0, 1), (1, 2), (2, 3), (3, 4)])
def test_almost_a_diagonal_plus_rank_one(place) -> None:
    v = [x, y, x + 1, sp.S.One, z]
    a = sp.Matrix(
        5, 5, lambda i, j: v[i] * v[j] + (z**i if i == j else 0) + (1 if (i, j) in (place, place[::-1]) else 0)
    )
    inverted(a.tolist())


def test_pivots_that_vanish_on_the_diagonal() -> None:
    for a in ([[0, x], [x, 0]], [[0, x, 1], [x, 0, y], [1, y, 0]], [[0, 1, 0], [1, 0, x], [0, x, y]]):
        assert inverted([[sp.sympify(e) for e in row] for row in a])[2]
