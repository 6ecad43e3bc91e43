"""Recognition of an exponential family: log p = sum eta_i(theta) T_i(x) + log h(x) - A(theta).

The log-density is brought over one denominator in the differential field and read as a matrix between monomials in
the parameters and monomials in the variables. Its rank, after functions of one side alone are set apart, is the
number of sufficient statistics, which are therefore linearly independent, the constant included.
Source: Barndorff-Nielsen, Information and Exponential Families, 1978, section 8.1 (minimal representation).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from symgeo.algebra import Element, Field
from symgeo.algebra.algebraic import coefficients

if TYPE_CHECKING:
    from flint import fmpz_mpoly
    from sympy import Symbol

Monomial = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class ExponentialForm:
    """``log p = sum natural[i] * statistics[i] + log_carrier - log_partition``, in minimal form."""

    statistics: list[Element]
    natural: list[Element]
    log_carrier: Element
    log_partition: Element


def recognise(
    log_density: Element,
    variables: Sequence[Symbol],
    parameters: Sequence[Symbol],
    points: Sequence[dict[Symbol, object]] | None = None,
    values: Mapping[Symbol, Sequence[Fraction]] | None = None,
) -> ExponentialForm | None:
    """The exponential form of a log-density, or None where it does not separate into finitely many products.

    ``points``: all points of a finite support; there, functions count as equal when they agree on these points.
    ``values``: the values of each variable that takes finitely many, whatever the others do.
    """
    field = log_density.field
    for variable, taken in (values or {}).items():
        log_density = _reduce_powers(log_density, variable, taken)
    matrix = _separate(field, log_density, set(variables), set(parameters))
    if matrix is None:
        return None
    if points is not None:
        few = 2 * len(matrix.columns) + 2
        # Independence on some of the points is independence; only a dependence has to hold on all of them.
        if len(points) <= few or _reduce_on_points(field, matrix, points[:: len(points) // few], dry=True):
            _reduce_on_points(field, matrix, points)
    rows, columns = matrix.rows, matrix.columns
    # Elimination on columns in order of simplicity: the pivots' statistics, and what the others add to them.
    order = sorted(range(len(columns)), key=lambda j: _simplicity(field, columns[j]))
    pivots, reduced = _echelon(field, matrix.entries, order)
    statistics = [
        field.sum([columns[p], *(row[j] * columns[j] for j in range(len(columns)) if j != p and row[j])])
        for p, row in zip(pivots, reduced, strict=True)
    ]
    natural = [
        field.sum(rows[i] * matrix.entries[i][p] for i in range(len(rows)) if matrix.entries[i][p]) for p in pivots
    ]
    return ExponentialForm(statistics, natural, matrix.variables_only, -matrix.parameters_only)


def _reduce_powers(a: Element, variable: Symbol, values: Sequence[Fraction]) -> Element:
    """Powers of a variable with k values beyond the (k-1)-th, through ``prod (x - value) = 0``."""
    field = a.field
    index = next((g.index for g in field.used_generators(a) if g.is_symbol and g.expr == variable), None)
    if index is None or any(field.factor_polynomial(i).degrees()[index] for i, _ in a.powers):
        return a
    parts = coefficients(a, index)
    k = len(values)
    if max(parts) < k:
        return a
    product = [Fraction(1)]
    for v in values:
        product = [p - v * q for p, q in zip([Fraction(0), *product], [*product, Fraction(0)], strict=True)]
    lowest = [-c for c in product[:k]]  # x**k = sum lowest[i] x**i
    power = [Fraction(int(i == 0)) for i in range(k)]
    x, total = field.generator(index), field.zero
    for e in range(max(parts) + 1):
        if e in parts:
            total = total + parts[e] * field.sum(x**i * c for i, c in enumerate(power))
        top = power[-1]
        power = [(power[i - 1] if i else Fraction(0)) + top * lowest[i] for i in range(k)]
    return total


@dataclass
class _Separated:
    rows: list[Element]  # functions of the parameters, independent of each other and of 1
    columns: list[Element]  # functions of the variables, independent of each other and of 1
    entries: list[list[Element]]  # constants
    variables_only: Element
    parameters_only: Element


def _separate(field: Field, a: Element, variables: set[Symbol], parameters: set[Symbol]) -> _Separated | None:
    side: dict[int, str] = {}
    for g in field.used_generators(a):
        in_x, in_theta = bool(g.symbols & variables), bool(g.symbols & parameters)
        if in_x and in_theta:
            return None
        side[g.index] = "x" if in_x else "theta" if in_theta else "constant"
    bottom = {"x": field.one, "theta": field.one, "constant": field.one}
    for i, e in a.powers:
        f = field.factor_polynomial(i)
        sides = {side[k] for k, d in enumerate(f.degrees()) if d} - {"constant"}
        if len(sides) > 1:
            return None
        key = sides.pop() if sides else "constant"
        bottom[key] = bottom[key] * field.polynomial(f) ** e
    scale = (bottom["constant"] * a.denominator).inverse()
    table: dict[tuple[Monomial, Monomial], Element] = {}
    for exponents, c in a.numerator.to_dict().items():
        parts: dict[str, list[tuple[int, int]]] = {"x": [], "theta": [], "constant": []}
        for i, e in enumerate(exponents):
            if e:
                parts[side[i]].append((i, int(e)))
        key2 = (tuple(parts["theta"]), tuple(parts["x"]))
        value = _monomial(field, tuple(parts["constant"])) * int(c) * scale
        table[key2] = table[key2] + value if key2 in table else value
    row_constant = _terms(bottom["theta"].numerator)
    column_constant = _terms(bottom["x"].numerator)
    row_keys = sorted({k for k, _ in table} | set(row_constant))
    column_keys = sorted({k for _, k in table} | set(column_constant))
    grid = [[table.get((r, c), field.zero) for c in column_keys] for r in row_keys]
    # One row stands for the constant function: monomial p is written through 1 = sum u_q m_q / bottom.
    p, u = _constant_pivot(row_keys, row_constant)
    q, v = _constant_pivot(column_keys, column_constant)
    ones = [x * Fraction(1, u[p]) for x in grid[p]]
    grid = [
        [x - ones[j] * u[i] if u[i] else x for j, x in enumerate(row)] if i != p else ones for i, row in enumerate(grid)
    ]
    side_ones = [row[q] * Fraction(1, v[q]) for row in grid]
    grid = [[x - side_ones[i] * v[j] if v[j] else x for j, x in enumerate(row)] for i, row in enumerate(grid)]
    over = {key: bottom[key].inverse() for key in ("theta", "x")}
    rows = [_monomial(field, k) * over["theta"] for k in row_keys]
    columns = [_monomial(field, k) * over["x"] for k in column_keys]
    keep_rows = [i for i in range(len(rows)) if i != p]
    keep_columns = [j for j in range(len(columns)) if j != q]
    return _Separated(
        [rows[i] for i in keep_rows],
        [columns[j] for j in keep_columns],
        [[grid[i][j] for j in keep_columns] for i in keep_rows],
        field.sum([side_ones[p], *(columns[j] * grid[p][j] for j in keep_columns)]),
        field.sum(rows[i] * side_ones[i] for i in keep_rows),
    )


def _terms(p: fmpz_mpoly) -> dict[Monomial, int]:
    return {tuple((i, int(e)) for i, e in enumerate(ex) if e): int(c) for ex, c in p.to_dict().items()}


def _monomial(field: Field, key: Monomial) -> Element:
    result = field.one
    for i, e in key:
        result = result * field.polynomial(field.context.gen(i)) ** e
    return result


def _constant_pivot(keys: list[Monomial], constant: dict[Monomial, int]) -> tuple[int, list[int]]:
    u = [constant.get(k, 0) for k in keys]
    p = next(i for i, x in enumerate(u) if x)
    return p, u


def _simplicity(field: Field, column: Element) -> tuple:
    """Order of the statistics: by degree; functions before the plain variable (log x, x), the order of entry last."""
    degrees = [int(d) for d in column.numerator.degrees()]
    plain = all(field.generators[i].is_symbol for i, d in enumerate(degrees) if d)
    return (
        sum(degrees),
        bool(column.powers),
        plain,
        [-d for d in degrees],
    )


def _echelon(field: Field, entries: list[list[Element]], order: list[int]) -> tuple[list[int], list[list[Element]]]:
    """Pivot columns in ``order`` and the reduced rows that belong to them."""
    rows = [list(r) for r in entries]
    pivots: list[int] = []
    for c in order:
        top = len(pivots)
        found = next((i for i in range(top, len(rows)) if rows[i][c]), None)
        if found is None:
            continue
        rows[top], rows[found] = rows[found], rows[top]
        scale = rows[top][c].inverse()
        rows[top] = [x * scale for x in rows[top]]
        for i, row in enumerate(rows):
            if i != top and row[c]:
                f = row[c]
                rows[i] = [x - f * y if y else x for x, y in zip(row, rows[top], strict=True)]
        pivots.append(c)
    return pivots, rows[: len(pivots)]


def _reduce_on_points(
    field: Field, matrix: _Separated, points: Sequence[dict[Symbol, object]], dry: bool = False
) -> bool:
    """Write columns that depend on earlier ones over these points through those; True if there are any.

    ``dry``: only look. Irrational values leave the question undecided, which costs minimality and nothing else.
    """
    order = sorted(range(len(matrix.columns)), key=lambda j: _simplicity(field, matrix.columns[j]))
    basis: list[int] = []
    kept: list[list[Element]] = [[field.one] * len(points)]
    dependent = False
    for j in order:
        expr = matrix.columns[j].to_sympy()
        values = [field(expr.subs(point)) for point in points]
        if any(not v.is_constant for v in values):
            continue
        coefficients = _combination(field, kept, values)
        if coefficients is None:
            basis.append(j)
            kept.append(values)
            continue
        dependent = True
        if dry:
            break
        for i, row in enumerate(matrix.entries):
            weight = row[j]
            if weight:
                matrix.parameters_only = matrix.parameters_only + weight * coefficients[0] * matrix.rows[i]
                for b, c in zip(basis, coefficients[1:], strict=True):
                    row[b] = row[b] + weight * c
                row[j] = field.zero
    return dependent


def _combination(field: Field, vectors: list[list[Element]], target: list[Element]) -> list[Element] | None:
    """Coefficients with ``sum c_i vectors[i] = target``, or None."""
    from symgeo.algebra.linear import solve

    return solve([list(column) for column in zip(*vectors, strict=True)], target).values
