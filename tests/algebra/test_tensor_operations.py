"""Operations on tensors, held against sums and derivatives written out over plain arrays, and what they refuse."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, product

import mpmath
import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from symgeo.algebra import Field, Tensor, differential_field
from symgeo.algebra.linear import symmetric_inverse
from symgeo.algebra.substitution import substitution
from symgeo.errors import TensorError

Groups = tuple[tuple[int, ...], ...]

x, y, z = COORDINATES = sp.symbols("x y z", positive=True)
p, q, r = NEW = sp.symbols("p q r", positive=True)
s, t = sp.symbols("s t", positive=True)
POINT = {u: sp.Rational(k, 6) for u, k in zip((*COORDINATES, *NEW, s, t), [7, 13, 5, 11, 3, 8, 9, 4], strict=True)}

# Index levels with groups of slots in which a tensor is symmetric and antisymmetric.
KINDS: list[tuple[tuple[int, ...], Groups, Groups]] = [
    ((-1,), (), ()), ((1,), (), ()), ((1, -1), (), ()), ((-1, 1), (), ()),
    ((-1, -1), ((0, 1),), ()), ((-1, -1), (), ((0, 1),)), ((1, 1), (), ((0, 1),)),
    ((-1, -1, -1), ((0, 1, 2),), ()), ((-1, -1, -1), (), ((0, 1, 2),)), ((1, -1, -1), ((1, 2),), ()),
    ((-1, 1, -1), ((0, 2),), ()), ((-1, -1, 1), (), ((0, 1),)), ((1, -1, 1), (), ((0, 2),)),
]  # fmt: skip
LONG_KINDS = [
    ((-1, -1, 1, 1), ((0, 1),), ((2, 3),)), ((1, -1, -1, -1), ((1, 2, 3),), ()),
    ((-1, 1, -1, -1), (), ((0, 2, 3),)), ((-1, -1, -1, -1), (), ((0, 1), (2, 3))),
]  # fmt: skip
MIXED = [kind for kind in [*KINDS, *LONG_KINDS] if len(set(kind[0])) == 2]
LOWER = [kind for kind in KINDS if set(kind[0]) == {-1}]
charts = st.sampled_from([COORDINATES[:2], COORDINATES])


def entries(symbols: Sequence[sp.Symbol]) -> st.SearchStrategy[sp.Expr]:
    """Polynomials, rational functions and functions of the coordinates; sometimes zero."""
    one = st.sampled_from(symbols)
    number = st.sampled_from([sp.Integer(-2), sp.Rational(1, 3), sp.S.One])
    return st.one_of(
        st.just(sp.S.Zero),
        st.builds(lambda c, u, v: c * u + v**2, number, one, one),
        st.builds(lambda c, u, v: u / (v + 1) + c, number, one, one),
        st.builds(lambda c, u, v: c * sp.exp(u) * v, number, one, one),
        st.builds(lambda c, u, v: c * sp.log(u) - v, number, one, one),
        st.builds(lambda c, u, v: sp.polygamma(1, u) + c * u * v, number, one, one),
    )


@st.composite
def arrays(draw, symbols, rank, symmetric: Groups = (), antisymmetric: Groups = ()) -> np.ndarray:
    """An array of expressions with the given symmetries, every component written out."""
    n = len(symbols)
    free = {i: draw(entries(symbols)) for i in product(range(n), repeat=rank)}
    out = np.empty((n,) * rank, dtype=object)
    for i in free:
        index, sign = list(i), 1
        for group in (*symmetric, *antisymmetric):
            values = [i[slot] for slot in group]
            if group in antisymmetric:
                sign *= int(np.sign(np.prod([v - u for u, v in combinations(values, 2)])))
            for slot, value in zip(group, sorted(values), strict=True):
                index[slot] = value
        out[i] = sign * free[tuple(index)]
    return out


def tensor(field: Field, symbols, slots, array: np.ndarray, symmetric=(), antisymmetric=()) -> Tensor:
    return Tensor.build(field, symbols, slots, lambda *i: field(array[i]), symmetric, antisymmetric)


@st.composite
def cases(draw, kinds=tuple(KINDS), symbols=None, count: int = 1, field: Field | None = None):
    """Tensors of one kind on one chart, with the arrays that they were made from."""
    slots, symmetric, antisymmetric = draw(st.sampled_from(kinds))
    needed = 3 if any(len(group) > 2 for group in antisymmetric) else 2
    symbols = symbols or draw(st.just(COORDINATES[:needed]) if len(slots) > 2 else charts)
    field = field or differential_field()
    tables = [draw(arrays(symbols, len(slots), symmetric, antisymmetric)) for _ in range(count)]
    pairs = [(tensor(field, symbols, slots, table, symmetric, antisymmetric), table) for table in tables]
    return pairs if count > 1 else pairs[0]


@pytest.fixture(autouse=True, scope="module")
def _sixty_digits():
    with mpmath.workdps(60):
        yield


def numbers(array: np.ndarray | Tensor | sp.Matrix | Sequence[sp.Expr]) -> np.ndarray:
    """The components at one point, to 60 digits."""
    if isinstance(array, Tensor):
        array = np.array(list(array.flat()), dtype=object).reshape(array.shape)
    array = np.array(array, dtype=object)
    point = [mpmath.mpf(int(v.p)) / int(v.q) for v in POINT.values()]
    values = sp.lambdify(list(POINT), [sp.sympify(e) for e in array.flat], "mpmath")(*point)
    return np.array([mpmath.mpf(v) for v in values], dtype=object).reshape(array.shape)


def close(result: Tensor, expected: np.ndarray) -> None:
    """Both have the same numbers, to 45 digits."""
    left = numbers(result)
    assert left.shape == expected.shape
    for u, v in zip(left.flat, expected.flat, strict=True):
        assert abs(u - v) <= mpmath.mpf(10) ** -45 * (1 + abs(v))


def slopes(array: np.ndarray, symbols: Sequence[sp.Symbol]) -> np.ndarray:
    """``[..., k]`` is the derivative by the k-th symbol, as SymPy takes it."""
    array = np.array(array, dtype=object)
    return np.array([[sp.diff(e, u) for u in symbols] for e in array.flat], dtype=object).reshape(*array.shape, -1)


@settings(max_examples=8)
@given(cases([*KINDS, *LONG_KINDS], count=2), st.data())
def test_sums_differences_and_multiples(pair, data) -> None:
    (first, a), (second, b) = pair
    factor = data.draw(entries(first.coordinates))
    u, v, c = numbers(a), numbers(b), numbers([factor])[0]
    for result, expected in [
        (first + second, u + v),
        (first - second, u - v),
        (first * factor, u * c),
        (first * first.field(factor), u * c),
        (3 * first, 3 * u),
        (-first, -u),
        (Tensor.combination([(first.field(factor), first), (first.field(2), second)], "sum"), u * c + 2 * v),
    ]:
        close(result, expected)
        assert (result.symmetric, result.antisymmetric) == (first.symmetric, first.antisymmetric)
    assert (first - first).is_zero and first + second == second + first


@settings(max_examples=2)
@given(st.data())
def test_a_sum_keeps_the_symmetries_that_all_share(data) -> None:
    field, symbols, slots = differential_field(), COORDINATES[:2], (-1,) * 4
    kinds = [(((0, 1, 2),), ()), (((1, 2, 3),), ()), (((1, 2),), ()), (((0, 3), (1, 2)), ()), ((), ((0, 1), (2, 3)))]
    terms = []
    for symmetric, antisymmetric in kinds:
        array = data.draw(arrays(symbols, 4, symmetric, antisymmetric))
        terms.append((tensor(field, symbols, slots, array, symmetric, antisymmetric), array))
    for chosen, groups in ((terms[:4], ((1, 2),)), ((terms[0], terms[4]), ())):
        total = Tensor.combination([(field(k + 1), u) for k, (u, _) in enumerate(chosen)], "sum")
        assert (total.symmetric, total.antisymmetric) == (groups, ())
        close(total, sum((k + 1) * numbers(a) for k, (_, a) in enumerate(chosen)))


@settings(max_examples=8)
@given(st.data())
def test_outer_product(data) -> None:
    field = differential_field()
    (first, a), (second, b) = (data.draw(cases(symbols=COORDINATES[:2], field=field)) for _ in range(2))
    result = first.outer(second)
    close(result, np.multiply.outer(numbers(a), numbers(b)))
    moved = tuple(tuple(k + first.rank for k in g) for g in second.antisymmetric)
    assert (result.slots, result.antisymmetric) == (first.slots + second.slots, first.antisymmetric + moved)


@settings(max_examples=12)
@given(cases(MIXED))
def test_contraction_is_the_sum(case) -> None:
    source, array = case
    values = numbers(array)
    for i, j in product(range(source.rank), repeat=2):
        if source.slots[i] + source.slots[j] == 0:
            close(source.contract(i, j), np.array(np.trace(values, axis1=i, axis2=j), dtype=object))


@st.composite
def metrics(draw, field: Field, symbols) -> tuple[Tensor, Tensor, sp.Matrix]:
    """A symmetric matrix with its inverse, and as SymPy."""
    n = len(symbols)
    array = np.empty((n, n), dtype=object)
    for i, j in product(range(n), repeat=2):
        u, diagonal = symbols[i], [symbols[i] ** 2 + 2, sp.exp(symbols[0]), sp.polygamma(1, symbols[i])]
        array[i, j] = array[j, i] = draw(st.sampled_from(diagonal if i == j else [0, 1, u]))
    g = tensor(field, symbols, (-1, -1), array, ((0, 1),))
    inverse = symmetric_inverse([[g.element(i, j) for j in range(n)] for i in range(n)]).matrix
    return g, Tensor.build(field, symbols, (1, 1), lambda i, j: inverse[i][j], ((0, 1),)), sp.Matrix(array)


@settings(max_examples=8)
@given(st.data())
def test_raising_and_lowering(data) -> None:
    """Each is the sum over the metric at that place, and each undoes the other."""
    field, symbols = differential_field(), data.draw(charts)
    g, inverse, matrix = data.draw(metrics(field, symbols))
    values = numbers(matrix)
    raised_values = np.array((mpmath.matrix(values.tolist()) ** -1).tolist(), dtype=object)
    close(inverse, raised_values)
    source, array = data.draw(cases(KINDS, symbols, field=field))
    letters = "ijk"[: source.rank]
    for slot, letter in enumerate(letters):
        formula = f"m{letter},{letters}->{letters.replace(letter, 'm')}"
        if source.slots[slot] > 0:
            turned, expected = source.lower_index(slot, g), np.einsum(formula, values, numbers(array))
            back = turned.raise_index(slot, inverse)
        else:
            turned, expected = source.raise_index(slot, inverse), np.einsum(formula, raised_values, numbers(array))
            back = turned.lower_index(slot, g)
        levels = tuple(-level if k == slot else level for k, level in enumerate(source.slots))
        assert turned.slots == levels and back == source
        close(turned, expected)
    if source.slots[-1] < 0:
        front = source.raise_last(inverse, "raised")
        assert front.slots == (1, *source.slots[:-1]) and front.name == "raised"
        close(front, np.einsum(f"m{letter},{letters}->m{letters[:-1]}", raised_values, numbers(array)))


@settings(max_examples=2)
@given(st.data())
def test_symmetry_that_is_known_of_the_result_is_taken(data) -> None:
    field, symbols = differential_field(), COORDINATES
    g, inverse, _ = data.draw(metrics(field, symbols))
    array = data.draw(arrays(symbols, 3, ((0, 1, 2),)))
    cubic = tensor(field, symbols, (-1, -1, -1), array, ((0, 1, 2),))
    raised = cubic.raise_index(1, inverse)
    assert raised.symmetric == ((0, 2),)
    lowered = raised.lower_index(1, g, symmetric=((0, 1, 2),), name="cubic")
    assert lowered.symmetric == ((0, 1, 2),) and lowered.name == "cubic"
    assert lowered == cubic == raised.lower_index(1, g)
    assert all(cubic.raise_last(inverse)[i, j, k] == raised[j, i, k] for i, j, k in cubic.indices())


@given(cases([*KINDS, *LONG_KINDS]))
def test_partial_derivatives(case) -> None:
    source, array = case
    close(source.derivative(), numbers(slopes(array, source.coordinates)))
    twice = source.derivative().derivative()
    assert twice.slots == (*source.slots, -1, -1)
    assert all(twice.element(*i) == twice.element(*i[:-2], i[-1], i[-2]) for i in twice.indices())


@settings(max_examples=8)
@given(cases(), st.data())
def test_lie_derivative_is_its_formula(case, data) -> None:
    source, array = case
    vector = data.draw(arrays(source.coordinates, 1))
    v, slope, letters = numbers(vector), numbers(slopes(vector, source.coordinates)), "ijk"[: source.rank]
    expected = np.einsum(f"{letters}m,m->{letters}", numbers(slopes(array, source.coordinates)), v)
    for letter, level in zip(letters, source.slots, strict=True):
        pair = f"{letter}m" if level > 0 else f"m{letter}"
        term = np.einsum(f"{letters.replace(letter, 'm')},{pair}->{letters}", numbers(array), slope)
        expected = expected - level * term
    result = source.lie_derivative(list(vector))
    assert (result.slots, result.symmetric) == (source.slots, source.symmetric)
    close(result, expected)


@given(st.data())
def test_lie_derivative_of_a_metric_is_the_symmetrised_covariant_derivative(data) -> None:
    """L_v g_ij = nabla_i v_j + nabla_j v_i for the Levi-Civita connection."""
    field, symbols = differential_field(), data.draw(charts)
    g, _, matrix = data.draw(metrics(field, symbols))
    vector = data.draw(arrays(symbols, 1))
    lowered = [sum(matrix[j, m] * vector[m] for m in range(len(symbols))) for j in range(len(symbols))]
    slope = numbers(slopes(matrix.tolist(), symbols))
    first_kind = (np.einsum("jki->ijk", slope) + np.einsum("ikj->ijk", slope) - slope) / 2
    nabla = np.einsum("ji->ij", numbers(slopes(lowered, symbols))) - np.einsum("ijk,k->ij", first_kind, numbers(vector))
    close(g.lie_derivative(list(vector)), nabla + nabla.T)


@given(st.data())
def test_lie_derivative_is_a_derivation_that_commutes_with_contraction(data) -> None:
    field, symbols = differential_field(), data.draw(charts)
    (first, _), (second, _) = (data.draw(cases(KINDS[:7], symbols, field=field)) for _ in range(2))
    u, v = (list(data.draw(arrays(symbols, 1))) for _ in range(2))
    product_rule = first.lie_derivative(v).outer(second) + first.outer(second.lie_derivative(v))
    assert first.outer(second).lie_derivative(v) == product_rule
    mixed, _ = data.draw(cases([kind for kind in KINDS if kind[0] == (1, -1)], symbols, field=field))
    assert mixed.lie_derivative(v).contract(0, 1) == mixed.contract(0, 1).lie_derivative(v)
    field_v = tensor(field, symbols, (1,), np.array(v, dtype=object))
    twice = first.lie_derivative(v).lie_derivative(u) - first.lie_derivative(u).lie_derivative(v)
    assert twice == first.lie_derivative(list(field_v.lie_derivative(u).flat()))


plane, half_plane, sphere = sp.eye(2), sp.eye(2) / y**2, sp.diag(1, sp.sin(x) ** 2)
FIELDS = {
    "rotation of the plane": (plane, (-y, x), True),
    "translation of the plane": (plane, (2, -3), True),
    "dilation of the plane": (plane, (x, y), False),
    "dilation of the half plane": (half_plane, (x, y), True),
    "translation of the half plane": (half_plane, (1, 0), True),
    "inversion of the half plane": (half_plane, (x**2 - y**2, 2 * x * y), True),
    "rotation of the half plane": (half_plane, (-y, x), False),
    "rotation of the sphere": (sphere, (sp.cos(y), -sp.cot(x) * sp.sin(y)), True),
}


@pytest.mark.parametrize("name", FIELDS)
def test_killing_fields(name) -> None:
    matrix, vector, is_killing = FIELDS[name]
    g = tensor(differential_field(), (x, y), (-1, -1), np.array(matrix), ((0, 1),))
    assert g.lie_derivative(vector).is_zero == is_killing


def carried(source: Tensor, new: Sequence[sp.Symbol], images: Sequence[sp.Expr]) -> Tensor:
    """The pullback along ``source.coordinates = images(new)``."""
    field = source.field
    carry = substitution(field, dict(zip(source.coordinates, images, strict=True)))
    return source.pullback(new, [field(e) for e in images], carry)


def maps(old: int, new: Sequence[sp.Symbol]) -> st.SearchStrategy[list[sp.Expr]]:
    """Images of old coordinates that are positive where the new ones are."""
    one, c = st.sampled_from(new), st.integers(1, 3)
    image = st.one_of(
        st.builds(lambda a, u, v: a * u + v, c, one, one),
        st.builds(lambda a, u, v: u * v + a, c, one, one),
        st.builds(lambda a, u, v: a * u / (1 + v), c, one, one),
        st.builds(lambda a, u: sp.exp(u / a), c, one),
    )
    return st.lists(image, min_size=old, max_size=old)


@settings(max_examples=10)
@given(cases(LOWER), st.sampled_from([NEW[:2], NEW, NEW[:1]]), st.data())
def test_pullback_contracts_with_the_jacobian(case, new, data) -> None:
    """Also to fewer and to more coordinates; symmetries are kept."""
    source, array = case
    images = data.draw(maps(source.dim, new))
    result = carried(source, new, images)
    assert (result.coordinates, result.symmetric) == (tuple(new), source.symmetric)
    assert result.antisymmetric == source.antisymmetric
    along = dict(zip(source.coordinates, images, strict=True))
    moved = numbers([sp.sympify(e).subs(along, simultaneous=True) for e in array.flat]).reshape(array.shape)
    jacobian, letters = numbers(slopes(images, new)), "ijk"[: source.rank]
    formula = ",".join([letters, *(f"{k}{k.upper()}" for k in letters)]) + f"->{letters.upper()}"
    close(result, np.einsum(formula, moved, *[jacobian] * source.rank))


@given(cases(LOWER), st.data())
def test_pullback_is_functorial_and_multiplicative(case, data) -> None:
    (source, _), middle = case, data.draw(st.sampled_from([NEW[:2], NEW]))
    first, second = data.draw(maps(source.dim, middle)), data.draw(maps(len(middle), (s, t)))
    at_once = [e.subs(dict(zip(middle, second, strict=True)), simultaneous=True) for e in first]
    in_steps = carried(carried(source, middle, first), (s, t), second)
    direct = carried(source, (s, t), at_once)
    assert in_steps == direct
    assert carried(source.outer(source), (s, t), at_once) == direct.outer(direct)


@given(cases(LOWER), st.data())
def test_lie_derivative_commutes_with_pullback_under_an_affine_map(case, data) -> None:
    source, _ = case
    n, new = source.dim, NEW[: source.dim]
    lower = sp.Matrix(n, n, lambda i, j: data.draw(st.integers(0, 2)) if i > j else int(i == j))
    matrix = lower * sp.diag(*range(1, n + 1)) * lower.T
    images = list(matrix * sp.Matrix(new) + sp.Matrix([1] * n))
    vector = data.draw(arrays(source.coordinates, 1))
    along = dict(zip(source.coordinates, images, strict=True))
    moved = matrix.inv() * sp.Matrix([sp.sympify(e).subs(along, simultaneous=True) for e in vector])
    left = carried(source.lie_derivative(list(vector)), new, images)
    assert left == carried(source, new, images).lie_derivative(list(moved))


def test_what_is_refused() -> None:
    field = differential_field()
    vector = Tensor(field, (x, y), (1,), {(0,): field(x)}, name="vector")
    covector = Tensor(field, (x, y), (-1,), {(0,): field(x)}, name="covector")
    g = tensor(field, (x, y), (-1, -1), np.array(sp.eye(2)), ((0, 1),))
    inverse = tensor(field, (x, y), (1, 1), np.array(sp.eye(2)), ((0, 1),))
    elsewhere = Tensor(field, (y, x), (-1,), {(0,): field(x)}, name="other")
    other = tensor(differential_field(), (x, y), (1, 1), np.array(sp.eye(2)), ((0, 1),))
    charts_differ = "different charts or manifolds; pull one back"
    refusals = [
        (lambda: covector + elsewhere, charts_differ),
        (lambda: covector.outer(elsewhere), charts_differ),
        (lambda: inverse + other, charts_differ),
        (lambda: covector.raise_index(0, other), charts_differ),
        (lambda: covector.raise_last(other), charts_differ),
        (lambda: vector + covector, "different indices and cannot be added"),
        (lambda: g.contract(0, 1), "raise or lower one of the two first"),
        (lambda: g.contract(0, 0), "two different positions from 0 to 1"),
        (lambda: g.contract(0, 2), "two different positions from 0 to 1"),
        (lambda: vector.outer(covector).contract(0, -1), "two different positions from 0 to 1"),
        (lambda: vector.raise_index(0, inverse), "index 0 of the vector is an upper one already"),
        (lambda: covector.lower_index(0, g), "index 0 of the covector is a lower one already"),
        (lambda: vector.raise_last(inverse), "an upper one already"),
        (lambda: vector.lower_index(1, g), "has indices 0 to 0, not 1"),
        (lambda: covector.raise_index(-1, inverse), "has indices 0 to 0, not -1"),
        (lambda: vector.lower_index(0, g.outer(g)), "the metric, two lower indices; the"),
        (lambda: covector.raise_index(0, g), "the inverse metric, two upper indices; the"),
        (lambda: covector * differential_field()(x), "belongs to another field"),
        (lambda: g.lie_derivative([x, y, 1]), "needs 2 components, got 3"),
        (lambda: carried(vector, (p, q), (p, q)), "lower the indices first"),
    ]
    for call, message in refusals:
        with pytest.raises(TensorError, match=message):
            call()
    for call in (lambda: g + 1, lambda: g - x, lambda: g * g):
        with pytest.raises(TypeError):
            call()
