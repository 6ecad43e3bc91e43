"""The connection that a manifold is given with, from which all others differ by a multiple of the cubic tensor.

``nabla^(alpha)_k g_ij = alpha T_ijk``: a connection with alpha = 1 or -1 gives the cubic tensor, with no integral.
Where the inverse metric is simpler than the metric (normal families in means and covariances), the same is read from
``nabla^(alpha)_k g^ij = -alpha T^ij_k``. Source: Amari and Nagaoka 2000, sections 3.1 to 3.3.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from symgeo.algebra import Element, Tensor
from symgeo.algebra.knowledge import chart_of

if TYPE_CHECKING:
    from sympy import Symbol

CUBIC = "cubic tensor"
RAISED_CUBIC = "raised cubic tensor"
_FIRST_KIND = "Christoffel symbols, first kind"
# Metrics with fewer terms an entry are differentiated as they are: finding out what their inverse is like costs more.
_SHORT = 2


@dataclass(frozen=True)
class Reference:
    """One connection: its alpha and its Christoffel symbols of the first kind ``[i, j, k]``, ``Gamma_ij,k``."""

    alpha: int
    first_kind: Tensor


def levi_civita(metric: Tensor) -> Reference:
    """``Gamma_ij,k = (d_i g_jk + d_j g_ik - d_k g_ij)/2``."""
    field, slope = metric.field, metric.derivative()
    half = field.rational(Fraction(1, 2))

    def entry(i: int, j: int, k: int) -> Element:
        return field.dot(
            ((1, slope.element(j, k, i), half), (1, slope.element(i, k, j), half), (-1, slope.element(i, j, k), half))
        )

    return Reference(0, first_kind(metric.coordinates, field, entry))


def dually_flat(
    coordinates: Sequence[Symbol], natural: Sequence[Element], expectation: Sequence[Element]
) -> tuple[Tensor, Reference]:
    """The metric ``g_ab = d_a eta . d_b mu`` and the connection that is flat in eta or in mu, whichever is simpler.

    ``Gamma^e_ab,c = d_a d_b eta . d_c mu`` (alpha = 1) and ``Gamma^m_ab,c = d_a d_b mu . d_c eta`` (alpha = -1).
    ``eta`` and ``mu`` have the same length, which may exceed the number of coordinates (a curved family).
    """
    field, x = natural[0].field, chart_of(coordinates)
    d_eta = [[e.diff(s) for s in x] for e in natural]
    d_mu = [[m.diff(s) for s in x] for m in expectation]
    statistics = range(len(d_eta))
    metric = Tensor.build(
        field,
        x,
        (-1, -1),
        lambda a, b: field.dot((1, d_eta[i][a], d_mu[i][b]) for i in statistics),
        symmetric=((0, 1),),
        name="metric",
    )
    alpha, flat, other = (1, d_eta, d_mu) if _terms(d_eta) <= _terms(d_mu) else (-1, d_mu, d_eta)
    second: dict[tuple[int, int, int], Element] = {}

    def entry(a: int, b: int, c: int) -> Element:
        terms = []
        for i in statistics:
            key = (i, a, b)
            if key not in second:
                second[key] = flat[i][a].diff(x[b])
            terms.append((1, second[key], other[i][c]))
        return field.dot(terms)

    return metric, Reference(alpha, first_kind(x, field, entry))


def first_kind(x: Sequence[Symbol], field: object, entry: Callable[..., Element]) -> Tensor:
    return Tensor.build(field, x, (-1, -1, -1), entry, symmetric=((0, 1),), name=_FIRST_KIND)  # type: ignore[arg-type]


def _terms(rows: Sequence[Sequence[Element]]) -> int:
    return sum(a.terms for row in rows for a in row)


def cubic_tensor(metric: Tensor, reference: Reference) -> Tensor:
    """``T_ijk = alpha nabla_k g_ij`` for alpha = 1 or -1."""
    field, alpha, gamma = metric.field, reference.alpha, reference.first_kind

    def entry(i: int, j: int, k: int) -> Element:
        slope = metric.element(i, j).diff(metric.coordinates[k])
        return field.dot(
            (
                (alpha, slope, field.one),
                (-alpha, gamma.element(k, i, j), field.one),
                (-alpha, gamma.element(k, j, i), field.one),
            )
        )

    return Tensor.build(field, metric.coordinates, (-1, -1, -1), entry, symmetric=((0, 1, 2),), name=CUBIC)


def is_long(metric: Tensor) -> bool:
    """Whether a metric has so many terms that it is worth asking for its inverse before it is differentiated."""
    return sum(v.terms for _, v in metric.stored()) > _SHORT * metric.dim**2


def has_fewer_terms(a: Tensor, b: Tensor) -> bool:
    """Whether the components of one tensor have fewer terms in all than those of another."""
    return sum(v.terms for _, v in a.stored()) < sum(v.terms for _, v in b.stored())


def raised_cubic_from_inverse(metric: Tensor, inverse: Tensor, alpha: int, second_kind: Tensor) -> Tensor:
    """``[k, i, j]`` is ``T^k_ij = g_jm T^km_i`` with ``T^km_i = -alpha nabla_i g^km``; alpha = 1 or -1."""
    field, n = metric.field, metric.dim
    rows: list[list[tuple[int, Element]]] = [[] for _ in range(n)]
    for (u, m), value in inverse.stored():
        rows[u].append((m, value))

    def entry(k: int, m: int, i: int) -> Element:
        terms = [(-alpha, inverse.element(k, m).diff(metric.coordinates[i]), field.one)]
        terms += [(-alpha, second_kind.element(k, i, p), h) for p, h in rows[m]]
        terms += [(-alpha, second_kind.element(m, i, p), h) for p, h in rows[k]]
        return field.dot(terms)

    twice = Tensor.build(field, metric.coordinates, (1, 1, -1), entry, symmetric=((0, 1),), name=RAISED_CUBIC)
    return twice.lower_index(1, metric, symmetric=((1, 2),), name=RAISED_CUBIC)
