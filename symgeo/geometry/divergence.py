"""The geometry that a divergence induces, and the divergence of a convex potential.

``g_ij = -d_i d'_j D``, ``Gamma_ij,k = -d_i d_j d'_k D``, ``Gamma*_ij,k = -d'_i d'_j d_k D``, all on the diagonal,
with d in the first and d' in the second argument. Sources: Eguchi, Ann. Statist. 11 (1983) 793-803, and Hiroshima Math.
J. 22 (1992) 631-647; Amari and Nagaoka 2000, section 3.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import sympy as sp
from sympy.core.relational import Relational
from sympy.logic.boolalg import Boolean

from symgeo.algebra import Element, Field, Tensor, as_expression, differential_field
from symgeo.algebra.substitution import substitution
from symgeo.algebra.zero_test import element_sign, state_positive, zero_test
from symgeo.codegen.numeric_node import NumericNode
from symgeo.errors import NoClosedFormError, NotADivergenceError, ParameterListError, UnknownSymbolError
from symgeo.geometry.reference import Reference, first_kind

if TYPE_CHECKING:
    from sympy import Expr, Symbol

_KINKED = (sp.Abs, sp.sign, sp.Heaviside, sp.Max, sp.Min, sp.floor, sp.ceiling)
_SAMPLES = 8
_SMALL = 1e-12
_FACTS = "a divergence vanishes exactly on the diagonal, is positive elsewhere and three times differentiable"


def induced(divergence: Expr, p: Sequence[Symbol], q: Sequence[Symbol]) -> tuple[Tensor, Reference]:
    """The metric and the connection ``Gamma`` that a divergence ``D(p || q)`` induces, in the coordinates p.

    The connection is taken for the one with alpha = 1. Raises :class:`NotADivergenceError`,
    :class:`ParameterListError` and :class:`UnknownSymbolError`; see ``StatisticalManifold.from_divergence``.
    """
    p, q = _points(p, q)
    divergence = as_expression(divergence)
    extra = divergence.free_symbols - {*p, *q}
    if extra:
        raise UnknownSymbolError(
            f"the divergence holds {', '.join(sorted(map(str, extra)))}, which is no coordinate of either point; "
            "give it a value"
        )
    nodes = divergence.atoms(NumericNode)
    if nodes:
        raise NoClosedFormError(
            f"the divergence holds {min(map(str, nodes), key=len)}, which has no closed form, so that its derivatives "
            "on the diagonal cannot be taken exactly; model.manifold gives the geometry of a model"
        )
    field = differential_field()
    to_p = dict(zip(q, p, strict=True))
    smooth = _near_diagonal(field, divergence, to_p)
    _state_real(field, smooth, to_p)
    whole = field(smooth)
    carry = substitution(field, to_p)

    def on_diagonal(a: Element) -> Element:
        try:
            return carry(a)
        except ZeroDivisionError:
            raise NotADivergenceError(
                f"{divergence} or one of its derivatives is undefined on the diagonal as it is written (0/0, or a "
                "singularity); divide out what vanishes there"
            ) from None

    if not zero_test(on_diagonal(whole)):
        raise NotADivergenceError(f"D(p || p) is {on_diagonal(whole)}, not zero: {_FACTS}")
    first = [whole.diff(s) for s in p]
    second = [whole.diff(s) for s in q]
    for s, slope in zip((*p, *q), (*first, *second), strict=True):
        if not zero_test(on_diagonal(slope)):
            raise NotADivergenceError(
                f"on the diagonal the derivative of D by {s} is {on_diagonal(slope)}, not zero, so that D is negative "
                f"beside it: {_FACTS}"
            )
    mixed = [[first[i].diff(s) for s in q] for i in range(len(p))]
    metric = Tensor.build(
        field, p, (-1, -1), lambda i, j: -on_diagonal(mixed[i][j]), symmetric=((0, 1),), name="metric"
    )
    gamma = first_kind(p, field, lambda i, j, k: -on_diagonal(mixed[i][k].diff(p[j])))
    _require_definite(metric)
    return metric, Reference(1, gamma)


def bregman_divergence(
    potential: Expr, coordinates: Symbol | Sequence[Symbol], p: Sequence[Expr], q: Sequence[Expr]
) -> Expr:
    """``B(p || q) = psi(p) - psi(q) - (p - q) . grad psi(q)`` for a convex potential psi of the coordinates.

    It is convex in p; on an exponential family with log-partition psi and natural parameters it is ``D(q || p)`` of
    Kullback and Leibler. It induces the Hessian structure of psi, that of ``StatisticalManifold.from_potential``.
    Raises :class:`ParameterListError` and :class:`UnknownSymbolError`.
    Source: Bregman, USSR Comput. Math. 7 (1967) 200-217; Amari and Nagaoka 2000, equation (3.42).
    """
    x = (coordinates,) if isinstance(coordinates, sp.Symbol) else tuple(coordinates)
    psi = as_expression(potential)
    at_p, at_q = (tuple(map(as_expression, point if hasattr(point, "__len__") else (point,))) for point in (p, q))
    if not x or len(set(x)) < len(x) or not len(at_p) == len(at_q) == len(x):
        raise ParameterListError(
            f"a potential of {len(x)} distinct coordinates has points with as many; {len(at_p)} and {len(at_q)} values "
            "were given"
        )
    extra = psi.free_symbols - set(x)
    if extra:
        raise UnknownSymbolError(
            f"the potential holds {', '.join(sorted(map(str, extra)))}, which is no coordinate; give it a value"
        )

    def at(e: Expr, point: tuple[Expr, ...]) -> Expr:
        return e.subs(dict(zip(x, point, strict=True)), simultaneous=True)

    slopes = [(a - b) * at(sp.diff(psi, s), at_q) for a, b, s in zip(at_p, at_q, x, strict=True)]
    return at(psi, at_p) - at(psi, at_q) - sp.Add(*slopes)


def _points(p: Sequence[Symbol], q: Sequence[Symbol]) -> tuple[tuple[Symbol, ...], tuple[Symbol, ...]]:
    p, q = ((s,) if isinstance(s, sp.Symbol) else tuple(s) for s in (p, q))
    if not p or len(p) != len(q) or len({*p, *q}) < 2 * len(p) or not all(isinstance(s, sp.Symbol) for s in (*p, *q)):
        raise ParameterListError(
            f"two points are given by distinct symbols, as many for the one as for the other, not by {p} and {q}"
        )
    return p, q


def _near_diagonal(field: Field, e: Expr, to_p: dict[Symbol, Symbol]) -> Expr:
    """The expression as it is near the diagonal, without branches; refused where it is not smooth there."""

    def branch(f: sp.Piecewise) -> Expr:
        for value, condition in f.args:
            holds = _holds(field, condition, to_p)
            if holds is None:
                raise NotADivergenceError(f"which branch of {f} holds near the diagonal is not known: {_FACTS}")
            if holds:
                return value
        raise NotADivergenceError(f"{f} is undefined near the diagonal: {_FACTS}")

    e = e.replace(lambda f: isinstance(f, sp.Piecewise), branch)
    for node in sp.preorder_traversal(e):
        if isinstance(node, _KINKED):
            inner = node.args[0] - (node.args[1] if len(node.args) > 1 and isinstance(node, sp.Max | sp.Min) else 0)
        elif isinstance(node, sp.Pow) and not node.exp.is_Integer:
            inner = node.base
        elif isinstance(node, sp.log):
            inner = node.args[0]
        else:
            continue
        if inner.free_symbols & {*to_p, *to_p.values()} and _vanishes(field, inner, to_p):
            raise NotADivergenceError(f"{node} is not smooth on the diagonal, where {inner} vanishes: {_FACTS}")
    return e


def _state_real(field: Field, e: Expr, to_p: dict[Symbol, Symbol]) -> None:
    """A divergence is real around the diagonal, so what stands in it under logarithms and even roots is positive."""
    inner = {f.args[0] for f in e.atoms(sp.log)}
    inner |= {f.base for f in e.atoms(sp.Pow) if f.exp.is_Rational and f.exp.q % 2 == 0}
    inner |= {f.subs(to_p, simultaneous=True) for f in inner}
    for f in sorted((f for f in inner if f.free_symbols), key=lambda f: (sp.count_ops(f), sp.default_sort_key(f))):
        element = field(f)
        if element and element_sign(element) is None:
            state_positive(field, element)


def _vanishes(field: Field, e: Expr, to_p: dict[Symbol, Symbol]) -> bool:
    return bool(zero_test(field(e.subs(to_p, simultaneous=True))))


def _holds(field: Field, condition: Boolean, to_p: dict[Symbol, Symbol]) -> bool | None:
    """Whether a condition holds in a neighbourhood of the diagonal; None where that is not decided."""
    if condition in (sp.true, sp.false):
        return condition is sp.true
    if isinstance(condition, sp.And | sp.Or):
        parts = [_holds(field, c, to_p) for c in condition.args]
        decisive = isinstance(condition, sp.Or)
        return decisive if decisive in parts else None if None in parts else not decisive
    if isinstance(condition, sp.Not):
        inner = _holds(field, condition.args[0], to_p)
        return None if inner is None else not inner
    if isinstance(condition, Relational):
        gap = field((condition.lhs - condition.rhs).subs(to_p, simultaneous=True))
        sign = element_sign(gap)
        return None if sign is None else bool(condition.func(sign, 0))
    return None


def _require_definite(metric: Tensor) -> None:
    """Refuse a metric that is positive definite at none of the sample points; one that is singular is not refused here,
    but when its inverse is asked for."""
    import numpy as np

    field, x = metric.field, metric.coordinates
    entries = list(metric.flat())
    smallest = []
    for k in range(_SAMPLES):
        # Half of the points lie close together, as those of a simplex do.
        scale = sp.Rational(1, 4 * len(x)) if k % 2 else 1
        point = {s: field.knowledge.value(s, k) * scale for s in x}
        values = [sp.N(e.subs(point)) for e in entries]
        if all(v.is_real and v.is_finite for v in values):
            matrix = np.array(values, dtype=float).reshape(len(x), len(x))
            eigenvalues = np.linalg.eigvalsh(matrix)
            smallest.append(eigenvalues[0] / max(np.abs(eigenvalues).max(), 1e-300))
    if smallest and max(smallest) < -_SMALL:
        raise NotADivergenceError(
            "-d_i d'_j D is positive definite at none of the points looked at, so that D is negative beside the "
            f"diagonal: {_FACTS}; was the sign turned, or a coordinate's assumption left out?"
        )
