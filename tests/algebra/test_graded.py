"""Systems solved by their degrees: found where they are graded, and never different from elimination."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import combinations_with_replacement, product

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from symgeo.algebra import Element, Field, differential_field, graded
from symgeo.algebra.graded import graded_solution
from symgeo.algebra.linear import Inverse, SingularMatrixError, Solution, solve, symmetric_inverse

Matrix = list[list[Element]]

x, y, z = sp.symbols("x y z", positive=True)
u = sp.Symbol("u", real=True)


@contextmanager
def way(is_open: bool) -> Iterator[None]:
    """The graded way open for systems of any size, or for none."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(graded, "_LONG", 1 if is_open else 10**12)
        yield


def elements(field: Field, rows: sp.Matrix | list) -> Matrix:
    return [[field(e) for e in row] for row in sp.Matrix(rows).tolist()]


def identity(field: Field, n: int) -> Matrix:
    return [[field.one if i == j else field.zero for j in range(n)] for i in range(n)]


def times(a: Matrix, b: Matrix) -> Matrix:
    field = a[0][0].field
    return [[field.dot((1, p, row[j]) for p, row in zip(line, b, strict=True)) for j in range(len(b[0]))] for line in a]


def transposed(a: Matrix) -> Matrix:
    return [list(column) for column in zip(*a, strict=True)]


def covariance(d: int) -> sp.Matrix:
    return sp.Matrix(d, d, lambda i, j: sp.Symbol(f"S{min(i, j)}{max(i, j)}", positive=True))


def squared(s: Matrix) -> Matrix:
    """``s_ik s_jl + s_il s_jk`` over the pairs i <= j and k <= l."""
    pairs = list(combinations_with_replacement(range(len(s)), 2))
    return [[s[i][k] * s[j][m] + s[i][m] * s[j][k] for k, m in pairs] for i, j in pairs]


@cache
def wishart(d: int) -> tuple[Field, Matrix, Matrix]:
    """The precisions' squared matrix over the covariances, and its inverse by theory.

    Source: Magnus and Neudecker, Matrix Differential Calculus, 1988, section 3.9.
    """
    field = differential_field()
    s = elements(field, covariance(d))
    pairs = list(combinations_with_replacement(range(d), 2))
    weight = [1 if i == j else 2 for i, j in pairs]
    inverse = [[e * weight[i] * weight[j] / 4 for j, e in enumerate(row)] for i, row in enumerate(squared(s))]
    return field, squared(symmetric_inverse(s).matrix), inverse


@cache
def sheared() -> tuple[Field, Matrix, Matrix]:
    """``E^T a E`` for the Wishart metric a of four dimensions and a shear E, long enough to be solved by degrees."""
    field, a, inverse = wishart(4)
    shear, back = identity(field, 10), identity(field, 10)
    for k, t in enumerate(sp.symbols("t1:4", positive=True)):
        shear[k][9], back[k][9] = field(t), -field(t)
    return field, times(transposed(shear), times(a, shear)), times(back, times(inverse, transposed(back)))


# -- matrices that are long enough ------------------------------------------------------------------------------------


def test_the_inverse_of_a_long_matrix() -> None:
    field, a, expected = sheared()
    assert sum(e.terms for row in a for e in row) > graded._LONG
    assert graded_solution(a, identity(field, 10)) == expected
    inverse = symmetric_inverse(a)
    assert inverse.matrix == expected
    assert inverse.short == [list(range(10))] and not inverse.pivots
    assert inverse.determinant == 2**4 / symmetric_inverse(elements(field, covariance(4))).determinant ** 5


def test_a_long_system_is_solved() -> None:
    field, a, inverse = sheared()
    column = [row[3] for row in inverse]
    right = [field(int(i == 3)) for i in range(10)]
    order = [(3 * i + 2) % 10 for i in range(10)]
    assert solve(a, right) == Solution(column, 10)
    assert solve([a[i] for i in order], [right[i] for i in order]) == Solution(column, 10)
    scale = field(sp.exp(u) * x)
    assert solve(a, [row[0] * scale for row in a]).values == [scale, *[field.zero] * 9]
    twice = solve([*a, a[4]], [*right, right[4]])
    assert twice == Solution(column, 10)
    assert solve([*a, a[4]], [*right, right[3]]).values is None


def test_blocks_are_inverted_each_in_its_way() -> None:
    field, a, expected = sheared()
    whole = [[field.zero] * 12 for _ in range(12)]
    for i, j in product(range(10), repeat=2):
        whole[i + 1][j + 1] = a[i][j]
    whole[0][0], whole[11][11] = field(x), field(y)
    whole[0][11] = whole[11][0] = field.one
    inverse = symmetric_inverse(whole)
    assert inverse.short == [list(range(1, 11))] and len(inverse.pivots) == 2
    assert [row[1:-1] for row in inverse.matrix[1:-1]] == expected
    assert inverse.matrix[0][11] == 1 / field(1 - x * y)
    assert inverse.determinant == symmetric_inverse(a).determinant * field(x * y - 1)


def test_long_systems_that_are_not_graded_or_singular_or_not_square() -> None:
    field, a, _ = sheared()
    shifted = [[e + 1 if i == j == 0 else e for j, e in enumerate(row)] for i, row in enumerate(a)]
    zero_row = [field.zero] * 10
    for matrix in (shifted, [a[1], *a[1:]], [zero_row, *a[1:]], a[1:], [row[1:] for row in a]):
        assert sum(e.terms for row in matrix for e in row) > graded._LONG
        assert graded_solution(matrix, identity(field, 10)[: len(matrix)]) is None
    assert graded_solution(a, [[field(x + 1) if i == 0 else field(y)] for i in range(10)]) is None


# -- small matrices, the way held open --------------------------------------------------------------------------------


def test_the_same_as_elimination() -> None:
    _, a, expected = wishart(3)
    with way(True):
        short = symmetric_inverse(a)
    with way(False):
        long = symmetric_inverse(a)
    assert short.matrix == long.matrix == expected
    assert short.short and not short.pivots and not long.short
    assert short.determinant == long.determinant


SQUARED = sp.Matrix(
    [[2 * x**2, 2 * x * y, 2 * y**2], [2 * x * y, x * z + y**2, 2 * y * z], [2 * y**2, 2 * y * z, 2 * z**2]]
)
LEFT_ALONE = {
    "not homogeneous": [[x + 1, y], [y, x]],
    "two degrees for one entry": [[x, y, 1, 0], [y, x, 0, 1], [1, 0, x, y], [0, 1, y, x**2]],
    "a determinant below": [[x, y], [y, -x]],
    "covariances": covariance(4),
    "squared covariances": sp.diag(SQUARED, SQUARED) + sp.Matrix(6, 6, lambda i, j: x * y if abs(i - j) == 3 else 0),
    "in two parts": [[1 / x, 0], [0, 1 / y]],
    "roots": [[sp.sqrt(x), 1], [1, 2 * sp.sqrt(x) / x]],
    "a degree too high": [[x**-7]],
    "a number too long": [[(10**12 + 39) / x]],
    "a number taken for a shorter one": [[(10**12 + 63) / x]],
    "a number taken for another shorter one": [[1 / (x * (10**15 + 37))]],
}
SINGULAR = {
    "rank one": [[x**2, x * y], [x * y, y**2]],
    "rank two": [[x, y, x + y], [y, x, x + y], [x + y, x + y, 2 * x + 2 * y]],
    "zero": [[0, 0], [0, 0]],
    "zero row": [[0, 0, 0], [0, x, y], [0, y, x]],
}


@pytest.mark.parametrize("name", LEFT_ALONE)
def test_matrices_that_are_left_to_elimination(name: str) -> None:
    field = differential_field()
    a = elements(field, LEFT_ALONE[name])
    n = len(a)
    with way(True):
        assert graded_solution(a, identity(field, n)) is None
        inverse = symmetric_inverse(a)
        columns = [solve(a, column).values for column in identity(field, n)]
    assert times(a, inverse.matrix) == identity(field, n)
    assert transposed(columns) == inverse.matrix
    symbols = sorted(sp.Matrix(LEFT_ALONE[name]).free_symbols, key=str)
    point = {s: sp.Rational(k + 2, 3 * k + 5) ** 2 for k, s in enumerate(symbols)}
    assert inverse.determinant.to_sympy().subs(point) == sp.Matrix(LEFT_ALONE[name]).subs(point).det()


@pytest.mark.parametrize("name", SINGULAR)
def test_singular_matrices(name: str) -> None:
    field = differential_field()
    a = elements(field, SINGULAR[name])
    with way(True):
        assert graded_solution(a, identity(field, len(a))) is None
        with pytest.raises(SingularMatrixError):
            symmetric_inverse(a)
        assert solve(a, [field.zero] * len(a)).rank == sp.Matrix(SINGULAR[name]).rank()


# Scales: the degrees of rows and columns; functions count as symbols of their own.
SCALES = st.sampled_from([x, y, x * y, x**2, z, sp.exp(u), sp.log(x), sp.polygamma(1, y), sp.pi])
NUMBERS = st.sampled_from([sp.Integer(n) for n in (-3, -2, 0, 1, 2, 5)] + [sp.Rational(1, 3), sp.Rational(-7, 2)])


@st.composite
def scaled(draw) -> tuple[sp.Matrix, sp.Matrix]:
    """A matrix of numbers between monomials, whose inverse is a polynomial, and a right side of one degree."""
    n = draw(st.integers(2, 4))
    lower = sp.Matrix(n, n, lambda i, j: draw(NUMBERS) if i > j else int(i == j))
    upper = sp.Matrix(n, n, lambda i, j: draw(NUMBERS) if i < j else draw(st.integers(1, 3)) * int(i == j))
    rows, columns = ([draw(SCALES) for _ in range(n)] for _ in range(2))
    whole = lower * upper
    a = sp.Matrix(n, n, lambda i, j: whole[i, j] / (rows[i] * columns[j]))
    return a, sp.Matrix([draw(NUMBERS) * x * z / rows[i] for i in range(n)])


def both_ways(a: Matrix, b: list[Element]) -> tuple[Solution, Solution]:
    with way(True):
        short = solve(a, b)
    with way(False):
        return short, solve(a, b)


@settings(max_examples=25)
@given(scaled())
def test_scaled_systems_have_one_answer(system) -> None:
    field = differential_field()
    field(sp.exp(u))  # entered first, it is the generator, not its inverse
    a, b = elements(field, system[0]), [e for (e,) in elements(field, system[1])]
    short, long = both_ways(a, b)
    assert short == long and short.rank == len(a)
    assert times(a, [[e] for e in short.values or []]) == [[e] for e in b]
    if all(e for row in a for e in row):
        with way(True):
            found = graded_solution(a, identity(field, len(a)))
        assert found is not None and times(a, found) == identity(field, len(a))


ENTRIES = st.sampled_from(
    [sp.S.Zero, 1 / x, -2 * y, x, y, x + y, x * y, x / (x + y), sp.exp(u), sp.exp(-u), sp.log(y), sp.sqrt(x), sp.pi * x]
)


@settings(max_examples=25)
@given(st.data())
def test_any_system_has_one_answer(data) -> None:
    n = data.draw(st.integers(1, 4))
    field = differential_field()
    a = [[field(data.draw(ENTRIES)) for _ in range(n)] for _ in range(n)]
    b = [field(data.draw(ENTRIES)) for _ in range(n)]
    short, long = both_ways(a, b)
    assert short == long
    if short.values is not None:
        assert times(a, [[e] for e in short.values]) == [[e] for e in b]


@settings(max_examples=25)
@given(st.data())
def test_any_symmetric_matrix_has_one_inverse(data) -> None:
    n = data.draw(st.integers(1, 4))
    field = differential_field()
    a = [[field.zero] * n for _ in range(n)]
    for i, j in combinations_with_replacement(range(n), 2):
        a[i][j] = a[j][i] = field(data.draw(ENTRIES))
    found: list[Inverse | None] = []
    for is_open in (True, False):
        with way(is_open):
            try:
                found.append(symmetric_inverse(a))
            except SingularMatrixError:
                found.append(None)
    short, long = found
    assert (short is None) == (long is None)
    if short is not None and long is not None:
        assert short.matrix == long.matrix and short.determinant == long.determinant
        assert times(a, short.matrix) == identity(field, n)
