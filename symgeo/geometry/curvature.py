"""Curvature from the triple, with the fewest operations.

In general ``R_ijkl = d_i Gamma_jk,l - d_j Gamma_ik,l - g^mn (Gamma_jk,m Gamma*_il,n - Gamma_ik,m Gamma*_jl,n)``, where
``R_ijkl = g(R(d_i, d_j) d_k, d_l)`` and the star marks the dual connection: no derivative of the inverse metric enters.
On a dually flat manifold affine coordinates give ``R^(alpha)_ijkl = (1 - alpha^2)/4 g^mn (T_ikm T_jln - T_jkm T_iln)``,
a tensor identity, hence true in every chart, and no derivative is taken at all.
Sources: Amari and Nagaoka 2000, section 3.2 (duality) and 3.3; Duistermaat, Asian J. Math. 5 (2001) 79-91 (Hessian).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING

from symgeo.algebra import Element, Tensor
from symgeo.errors import TensorError

if TYPE_CHECKING:
    from sympy import Expr

    from symgeo.geometry.connection import Connection
    from symgeo.geometry.manifold import StatisticalManifold


def riemann_lowered(connection: Connection, dual: Connection) -> Tensor:
    """``[i, j, k, l]`` is ``g(R(d_i, d_j) d_k, d_l)``."""
    m = connection.manifold
    if m.dually_flat:
        return _dually_flat_riemann(m, _flat_weight(connection))
    field, n = m.field, m.dim
    first, second = connection.christoffel_first_kind, dual.christoffel_first_kind
    symmetric = connection.alpha == 0
    raised, factor = m.shortened(connection.christoffel), m.shortened(second)

    def entry(i: int, j: int, k: int, u: int) -> Element:
        if symmetric and (i, j) > (k, u):
            return cache[(k, u, i, j)]
        terms = [(1, first.element(j, k, u).diff(m.coordinates[i]), field.one)]
        terms.append((-1, first.element(i, k, u).diff(m.coordinates[j]), field.one))
        for p in range(n):
            terms.append((-1, raised.element(p, j, k), factor.element(i, u, p)))
            terms.append((1, raised.element(p, i, k), factor.element(j, u, p)))
        value = field.dot(terms)
        cache[(i, j, k, u)] = value
        return value

    cache: dict[tuple[int, ...], Element] = {}
    groups = ((0, 1), (2, 3)) if symmetric else ((0, 1),)
    return Tensor.build(
        field, m.coordinates, (-1,) * 4, entry, antisymmetric=groups, name="Riemann curvature, all lower"
    )


def _flat_weight(connection: Connection) -> Element:
    """(1 - alpha^2)/4."""
    field = connection.manifold.field
    alpha = field(connection.alpha)
    return (1 - alpha * alpha) * Fraction(1, 4)


def _dually_flat_riemann(m: StatisticalManifold, weight: Element) -> Tensor:
    field, n, t = m.field, m.dim, m.cubic
    raised = m.raised_cubic
    cache: dict[tuple[int, ...], Element] = {}

    def entry(i: int, j: int, k: int, u: int) -> Element:
        if (i, j) > (k, u):
            return cache[(k, u, i, j)]
        terms = []
        for p in range(n):
            terms.append((1, raised.element(p, i, k), t.element(j, u, p)))
            terms.append((-1, raised.element(p, j, k), t.element(i, u, p)))
        value = cache[(i, j, k, u)] = weight * field.dot(terms)
        return value

    return Tensor.build(
        field,
        m.coordinates,
        (-1,) * 4,
        entry,
        antisymmetric=((0, 1), (2, 3)),
        name="Riemann curvature, all lower",
    )


def ricci(connection: Connection) -> Tensor:
    """``[j, k]`` is ``g^il R_ijkl``; on a dually flat manifold ``(1-alpha^2)/4 (T^m_jl T^l_km - tau^m T_mjk)``."""
    m = connection.manifold
    field, n = m.field, m.dim
    if m.dually_flat:
        weight = _flat_weight(connection)
        raised = m.raised_cubic
        tau = [field.sum(raised.element(k, k, i) for k in range(n)) for i in range(n)]
        pairs = list(product(range(n), repeat=2))

        def flat_entry(j: int, k: int) -> Element:
            terms = [(1, raised.element(p, j, q), raised.element(q, k, p)) for p, q in pairs]
            terms += [(-1, tau[p], raised.element(p, j, k)) for p in range(n)]
            return weight * field.dot(terms)

        return Tensor.build(field, m.coordinates, (-1, -1), flat_entry, symmetric=((0, 1),), name="Ricci curvature")
    low, inverse = m.shortened(connection.riemann_lowered), m.inverse_metric

    def entry(j: int, k: int) -> Element:
        return field.dot((1, inverse.element(i, u), low.element(i, j, k, u)) for i, u in product(range(n), repeat=2))

    symmetric = ((0, 1),) if connection.alpha == 0 else ()
    return Tensor.build(field, m.coordinates, (-1, -1), entry, symmetric=symmetric, name="Ricci curvature")


def scalar(connection: Connection) -> Element:
    """``g^jk Ric_jk``; on a dually flat manifold ``(1-alpha^2)/4 (|T|^2 - |tau|^2)``, without Ricci."""
    m = connection.manifold
    field, n, inverse = m.field, m.dim, m.inverse_metric
    if m.dim == 1:
        return field.zero
    if m.dually_flat:
        weight = _flat_weight(connection)
        if not weight:
            return field.zero
        raised = m.raised_cubic
        tau = [field.sum(raised.element(k, k, i) for k in range(n)) for i in range(n)]
        # |T|^2 = sum over p, q of g^pq S_pq with S_pq = T^a_pb T^b_qa, symmetric in p and q.
        terms = []
        for p in range(n):
            for q in range(p, n):
                if not inverse.element(p, q):
                    continue
                inner = [(1, raised.element(a, p, b), raised.element(b, q, a)) for a in range(n) for b in range(n)]
                inner.append((-1, tau[p], tau[q]))
                terms.append((1 if p == q else 2, inverse.element(p, q), field.dot(inner)))
        return weight * field.dot(terms)
    table = m.shortened(connection.ricci)
    return field.dot((1, inverse.element(j, k), table.element(j, k)) for j in range(n) for k in range(n))


def sectional(m: StatisticalManifold, curvature: Tensor, u: Sequence[Expr], v: Sequence[Expr]) -> Expr:
    """``R(u, v, v, u)/(|u|^2 |v|^2 - g(u, v)^2)`` of a curvature with lower indices, for two vectors (n,).

    Raises :class:`TensorError` for vectors of the wrong length and for parallel ones.
    """
    field, n, g = m.field, m.dim, m.metric
    if len(u) != n or len(v) != n:
        raise TensorError(f"the vectors need {n} components each, got {len(u)} and {len(v)}")
    a, b = [field(x) for x in u], [field(x) for x in v]

    def inner(x: list[Element], y: list[Element]) -> Element:
        return field.dot((1, g.element(i, j), x[i] * y[j]) for i in range(n) for j in range(n))

    area = inner(a, a) * inner(b, b) - inner(a, b) ** 2
    if not area:
        raise TensorError("the two vectors are parallel: a plane needs two independent ones")
    top = field.dot((1, curvature.element(*i), a[i[0]] * b[i[1]] * b[i[2]] * a[i[3]]) for i in curvature.indices())
    return (top / area).to_sympy()
