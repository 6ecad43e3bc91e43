"""Which space a manifold is, decided from its metric alone, and its geodesic distance in closed form.

The metric is taken apart into blocks that share no coordinate. A block of one coordinate is a line and has an arc
length; others are searched for the linear functions of a space of constant curvature. Every map found is proven to
pull the metric of the space back to the given one.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import TYPE_CHECKING, Protocol

import sympy as sp

from symgeo.algebra import Element, Field, Tensor
from symgeo.algebra.linear import inverse
from symgeo.algebra.zero_test import zero_test
from symgeo.errors import NoClosedFormError
from symgeo.geometry.arc_length import arc_length
from symgeo.geometry.candidates import Candidates
from symgeo.geometry.hessian_equation import HessianEquation
from symgeo.geometry.manifold import StatisticalManifold
from symgeo.geometry.positive_matrices import positive_matrices
from symgeo.geometry.scratch import copied, scratch_field
from symgeo.geometry.space import Point, Product, Space
from symgeo.geometry.space_forms import SpaceForm

if TYPE_CHECKING:
    from sympy import Expr, Symbol

_LARGEST = 12  # coordinates
_TRIALS = 200


class HasManifold(Protocol):
    """A model, known here by its manifold."""

    @property
    def manifold(self) -> StatisticalManifold:
        """The statistical manifold."""


def recognised(m: StatisticalManifold) -> Space:
    """The space that the manifold is, or a part of; :class:`NoClosedFormError` where none was recognised."""
    field = scratch_field(m.field, m.coordinates, m.metric.conditions)
    factors: list[Space] = []
    if m.keeps_names or m.dim > _LARGEST:
        raise NoClosedFormError(
            f"the metric is too large to be recognised: {m.dim} coordinates. Take a submanifold, or integrate the "
            "geodesic equations numerically"
        )
    whole = copied(m.metric, field, range(m.dim))
    field.knowledge.state_points(interior_points(whole, m.metric.conditions))
    for block in separate_blocks(whole):
        factor = _line(whole, block) if len(block) == 1 else _space_of(m, block, field)
        if factor is None:
            names = ", ".join(str(m.coordinates[i]) for i in block)
            raise NoClosedFormError(
                f"the metric in ({names}) was recognised neither as flat, spherical or hyperbolic, nor as that of "
                "positive definite matrices, nor as a product of such: no closed form of its geodesic distance is "
                "known here. Integrate the geodesic equations, M.connection(0).geodesic_equations(t), numerically; or "
                "restrict the family to a submanifold that is simpler"
            )
        factors.append(factor)
    factors = _euclidean_joined(whole, factors)
    space = factors[0] if len(factors) == 1 else Product(m.coordinates, factors)
    space.conditions = m.metric.conditions
    return space


def interior_points(metric: Tensor, conditions: Sequence[Expr]) -> list[dict[Symbol, Expr]]:
    """Points where the metric and all conditions are positive: those that are known of, or some that a search finds."""
    knowledge, x = metric.field.knowledge, metric.coordinates
    known = [{s: knowledge.value(s, k) for s in x} for k in range(max(3, len(knowledge.points)))]
    random = Random(len(x))
    entries = metric.to_matrix()
    good: list[dict[Symbol, Expr]] = []
    for trial in range(_TRIALS):
        if trial < len(known):
            point = known[trial]
        else:
            size = sp.Rational(*((1, 4), (1, 1), (1, 20), (4, 1))[4 * trial // _TRIALS])
            signs = {s: 1 if s.is_positive else -1 if s.is_negative else random.choice((1, -1)) for s in x}
            point = {s: signs[s] * size * sp.Rational(random.randrange(97, 1009), 1013) for s in x}
        inside = [c.subs(point).evalf() for c in conditions]
        if not all(c.is_real and c > 0 for c in inside):
            continue
        matrix = entries.subs(point).evalf(30)
        if all(v.is_real for v in matrix) and matrix.is_positive_definite:
            good.append(point)
            if len(good) == 3:
                return good
    return good or known


def separate_blocks(metric: Tensor) -> list[list[int]]:
    """The finest partition of the coordinates into blocks between which the metric has no entry and no dependence."""
    n, x = metric.dim, metric.coordinates
    group = list(range(n))
    for i in range(n):
        for j in range(i, n):
            entry = metric.element(i, j)
            if not entry:
                continue
            tied = {i, j} | {k for k in range(n) if x[k] in entry.free_symbols}
            lowest = min(group[k] for k in tied)
            merged = {group[k] for k in tied}
            group = [lowest if g in merged else g for g in group]
    return [[k for k in range(n) if group[k] == g] for g in sorted(set(group))]


def _line(metric: Tensor, block: Sequence[int]) -> Space | None:
    (i,) = block
    s, g = metric.coordinates[i], metric.element(i, i)
    length = arc_length(g, s)
    if length is None:
        return None
    field = scratch_field(metric.field, [s])
    return SpaceForm([s], [field(length)], field.zero, [[field.one]])


def _space_of(m: StatisticalManifold, block: Sequence[int], field: Field) -> Space | None:
    """The space of constant curvature, or the cone of matrices, that a block of the metric is; None for neither."""
    metric = copied(m.metric, field, block)
    if any(_holds_integral(field, v) for _, v in metric.stored()):
        return None
    part = StatisticalManifold(metric, Tensor(field, metric.coordinates, (-1,) * 3, {}, ((0, 1, 2),)))
    raised = [[part.inverse_metric.element(i, j) for j in range(part.dim)] for i in range(part.dim)]
    more: list[Element] = []
    if m.duality is not None:
        functions = [field(e) for e in (*m.duality.expectation, *m.duality.natural)]
        more = [f for f in functions if f.free_symbols and f.free_symbols <= set(metric.coordinates)]
    cone = positive_matrices(metric.coordinates, raised, [*map(field, metric.coordinates), *more])
    if cone is not None:
        return cone
    curvature = constant_curvature(m if len(block) == m.dim else part)
    if curvature is None:
        return None
    equation = HessianEquation(metric, part.connection(0).christoffel, field(curvature))
    linear = _linear_functions(Candidates(equation, raised, field(part.determinant), more))
    return None if linear is None else _proven(equation, raised, linear)


def _holds_integral(field: Field, a: Element) -> bool:
    """Whether an entry holds a quantity that is known by numbers only."""
    return any(getattr(g.expr, "is_field_generator", False) for g in field.used_generators(a))


def constant_curvature(m: StatisticalManifold) -> Expr | None:
    """The curvature that every plane has if all have the same, from the scalar and the Ricci curvature; None where
    these exclude it."""
    connection, n = m.connection(0), m.dim
    scalar = m.field(connection.scalar_curvature)
    if any(not zero_test(scalar.diff(s)) for s in m.coordinates if s in scalar.free_symbols):
        return None
    if scalar.free_symbols & set(m.coordinates):
        return None
    if n > 2:
        ricci, mean = connection.ricci, scalar / n
        for i in range(n):
            for j in range(i, n):
                if not zero_test(ricci.element(i, j) - mean * m.metric.element(i, j)):
                    return None
    return (scalar / (n * (n - 1))).to_sympy()


def _linear_functions(candidates: Candidates) -> list[Element] | None:
    equation, pool = candidates.equation, list[Element]()
    n, flat = len(equation.coordinates), not equation.curvature
    for stage in candidates.stages():
        pool = equation.independent([*pool, *stage])
        found = equation.solutions(pool)
        if len(found) == n + 1:
            return equation.independent([equation.field.one, *found])[1:] if flat else found
    return None


def _proven(equation: HessianEquation, raised: list[list[Element]], functions: list[Element]) -> Space | None:
    """The space, if the functions pull its metric back to the given one, exactly."""
    x, n, field = equation.coordinates, len(equation.coordinates), equation.field
    slopes = [[f.diff(s) for s in x] for f in functions]
    gram = []
    for a, f in zip(slopes, functions, strict=True):
        row = []
        for b, g in zip(slopes, functions, strict=True):
            terms = [(1, raised[i][j], a[i] * b[j]) for i in range(n) for j in range(n)]
            row.append(field.dot([*terms, (1, equation.curvature, f * g)]))
        gram.append(row)
    if any(c.free_symbols & set(x) for row in gram for c in row):
        return None
    form = inverse(gram).matrix
    size = range(len(functions))
    for i in range(n):
        for j in range(i, n):
            terms = [(1, form[a][b], slopes[a][i] * slopes[b][j]) for a in size for b in size]
            if not zero_test(field.dot([*terms, (-1, equation.metric.element(i, j), field.one)])):
                return None
    return SpaceForm(x, functions, equation.curvature, form)


def _euclidean_joined(metric: Tensor, factors: list[Space]) -> list[Space]:
    """Flat factors as one Euclidean space."""
    flat = [f for f in factors if isinstance(f, SpaceForm) and f.curvature == 0]
    if len(flat) < 2:
        return factors
    symbols = [s for s in metric.coordinates if any(s in f.coordinates for f in flat)]
    field = scratch_field(metric.field, symbols)
    functions = [field(e) for f in flat for e in f.functions]
    form = [[field.zero] * len(functions) for _ in functions]
    start = 0
    for f in flat:
        for i in range(len(f.functions)):
            for j in range(len(f.functions)):
                form[start + i][start + j] = field(f.form[i, j])
        start += len(f.functions)
    return [SpaceForm(symbols, functions, field.zero, form), *(f for f in factors if f not in flat)]


def isometry(m: StatisticalManifold | HasManifold) -> Space:
    """The space of known distance that a manifold is, with the map to it: its name is printed, and ``distance``,
    ``geodesic`` and ``exponential`` are in closed form.

    Found from the metric alone: lines, Euclidean, spherical and hyperbolic spaces of any dimension and in any chart in
    which their linear functions have a closed form that is found, and products over separate coordinates. A model is
    taken by its manifold. Raises :class:`NoClosedFormError` where the space is not recognised.
    """
    return (m if isinstance(m, StatisticalManifold) else m.manifold)._space


def distance(m: StatisticalManifold | HasManifold, p: Point, q: Point) -> Expr:
    """The Fisher-Rao distance of two points in closed form, for numbers or symbols.

    Points are given in the order of the coordinates or as mappings. Raises :class:`NoClosedFormError` where the space
    is not recognised, :class:`DomainError` and :class:`ParameterListError` for points that are none. Sources: Atkinson
    and Mitchell, Sankhya A 43 (1981) 345-365; Miyamoto, Meneghetti, Pinele and Costa, Information Geometry 7 (2024).
    """
    return isometry(m).distance(p, q)
