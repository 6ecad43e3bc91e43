"""Geodesics of the two flat connections: straight lines in the affine coordinates.

Source: Amari and Nagaoka 2000, sections 1.6 and 3.3.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from symgeo.algebra import as_expression
from symgeo.errors import NotDuallyFlatError, ParameterListError

if TYPE_CHECKING:
    from sympy import Expr

    from symgeo.geometry.affine_chart import AffineDuality
    from symgeo.geometry.duality import Duality


def e_geodesic(manifold: Any, p: Sequence[Expr], q: Sequence[Expr], t: Expr) -> tuple[Expr, ...]:
    """The geodesic of the e-connection from p (t = 0) to q (t = 1): natural coordinates ``(1 - t) eta(p) + t eta(q)``.

    ``manifold``: a dually flat manifold, or a model with one; points by their coordinates (n,). The value is the point
    at t in the manifold's own chart, (n,), closed where the inverse of eta is; else it holds the certified inverse.
    Raises :class:`NotDuallyFlatError`, and :class:`ParameterListError` for points of another length.
    """
    duality = duality_of(manifold)
    return _line(duality.in_natural, duality, duality.natural, p, q, t)


def m_geodesic(manifold: Any, p: Sequence[Expr], q: Sequence[Expr], t: Expr) -> tuple[Expr, ...]:
    """The geodesic of the m-connection: expectation coordinates ``(1 - t) mu(p) + t mu(q)``; as ``e_geodesic``."""
    duality = duality_of(manifold)
    return _line(duality.in_expectation, duality, duality.expectation, p, q, t)


def duality_of(manifold: Any) -> Duality:
    """The dually flat structure of a manifold or of a model; :class:`NotDuallyFlatError` where none is known."""
    owner = getattr(manifold, "manifold", manifold)
    if owner.duality is None:
        raise NotDuallyFlatError(
            f"{owner!r} is not known to be dually flat: it is no exponential or mixture family of full dimension and "
            "was not made from a potential. Declare the full family and describe this one as a submanifold of it"
        )
    return owner.duality


def values_at(duality: Duality, functions: Sequence[Expr], point: Sequence[Expr]) -> list[Expr]:
    """Functions of the chart's coordinates at a point (n,); :class:`ParameterListError` for another length."""
    if len(point) != len(duality.coordinates):
        raise ParameterListError(
            f"a point has {len(duality.coordinates)} coordinates {duality.coordinates}, {len(point)} were given"
        )
    given = dict(zip(duality.coordinates, map(as_expression, point), strict=True))
    return [f.subs(given, simultaneous=True) for f in functions]


def _line(
    chart: AffineDuality, duality: Duality, affine: Sequence[Expr], p: Sequence[Expr], q: Sequence[Expr], t: Expr
) -> tuple[Expr, ...]:
    start, end = (values_at(duality, affine, point) for point in (p, q))
    time = as_expression(t)
    return chart.at([(1 - time) * a + time * b for a, b in zip(start, end, strict=True)])
