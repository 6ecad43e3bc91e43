"""Differences of connections, and the curvatures that a metric and a pair of dual connections give.

Sources: Lauritzen, Statistical manifolds, in Differential Geometry in Statistical Inference, 1987 (conjugate symmetry);
Opozda, Linear Algebra Appl. 497 (2016) 134-161 (statistical and K-sectional curvature).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from symgeo.algebra import Element, Tensor
from symgeo.errors import TensorError
from symgeo.geometry.curvature import sectional
from symgeo.geometry.flatness import Decision, vanishing

if TYPE_CHECKING:
    from sympy import Expr

    from symgeo.geometry.connection import Connection
    from symgeo.geometry.manifold import StatisticalManifold

_LOWER = (-1,) * 4


def difference_tensor(first: Connection, second: Connection) -> Tensor:
    """``[k, i, j]`` is ``Gamma^k_ij`` of the first minus that of the second: ``-(alpha - alpha')/2 T^k_ij``.

    A tensor, symmetric in i and j, since both are torsion-free. Raises :class:`TensorError` for connections of two
    manifolds. Source: Amari and Nagaoka 2000, equation (2.29).
    """
    if first.manifold is not second.manifold:
        raise TensorError("the two connections belong to different manifolds; take both from the same one")
    m = first.manifold
    weight = (m.field(second.alpha) - m.field(first.alpha)) * Fraction(1, 2)
    return Tensor.combination([(weight, m.raised_cubic)], "difference of two connections")


def conjugate_symmetry(m: StatisticalManifold) -> Decision:
    """Whether dual connections have the same curvature: ``R^(alpha) = R^(-alpha)``.

    The difference of the two is alpha times that for alpha = 1, so that one alpha other than zero decides for all.
    """
    if m.dim == 1:
        return Decision(True, "one dimension: every curvature vanishes")
    if m.dually_flat:
        return Decision(
            True, "dually flat: both curvatures vanish for alpha = 1, hence their difference for every alpha"
        )
    gap = m.connection(1).riemann_lowered - m.connection(-1).riemann_lowered
    return vanishing(gap, "R^(1) - R^(-1)")


def commutator_curvature(m: StatisticalManifold) -> Tensor:
    """``[i, j, k, l] = g([K_i, K_j] d_k, d_l)`` with ``K = -T/2`` the difference of the connections 1 and 0.

    It is the curvature with lower indices of Opozda's K-sectional curvature, in the order of ``riemann_lowered``.
    """
    raised, cubic, field = m.raised_cubic, m.cubic, m.field
    quarter = field.rational(Fraction(1, 4))

    def entry(i: int, j: int, k: int, u: int) -> Element:
        terms = [(1, raised.element(p, j, k), cubic.element(i, p, u)) for p in range(m.dim)]
        terms += [(-1, raised.element(p, i, k), cubic.element(j, p, u)) for p in range(m.dim)]
        return quarter * field.dot(terms)

    groups = ((0, 1), (2, 3))
    return Tensor.build(field, m.coordinates, _LOWER, entry, antisymmetric=groups, name="curvature of [K, K]")


def statistical_curvature_tensor(m: StatisticalManifold, alpha: Expr | int = 1) -> Tensor:
    """``[i, j, k, l]`` of ``S = (R^(alpha) + R^(-alpha))/2``, which has the symmetries of a metric's curvature.

    ``S = R^(0) + alpha^2 [K, K]``. Source: Opozda 2016.
    """
    c = m.connection(alpha)
    half = m.field.rational(Fraction(1, 2))
    first, second = c.riemann_lowered, c.dual.riemann_lowered

    def entry(*i: int) -> Element:
        return m.field.dot(((1, half, first.element(*i)), (1, half, second.element(*i))))

    groups = ((0, 1), (2, 3))
    return Tensor.build(m.field, m.coordinates, _LOWER, entry, antisymmetric=groups, name="statistical curvature")


def statistical_sectional_curvature(
    m: StatisticalManifold, u: Sequence[Expr], v: Sequence[Expr], alpha: Expr | int = 1
) -> Expr:
    """The sectional curvature of ``(R^(alpha) + R^(-alpha))/2`` in the plane of two vectors (n,): Opozda 2016."""
    return sectional(m, statistical_curvature_tensor(m, alpha), u, v)


def k_sectional_curvature(m: StatisticalManifold, u: Sequence[Expr], v: Sequence[Expr]) -> Expr:
    """The sectional curvature of ``[K, K]``: that of alpha = 1 minus that of the metric. Source: Opozda 2016."""
    return sectional(m, commutator_curvature(m), u, v)
