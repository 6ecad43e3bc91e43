"""Geodesic balls: the points that geodesics of given length reach from a center, and the boundary they trace.

While no two of these geodesics meet, the ball is the set of points at no greater Fisher-Rao distance (Gauss's lemma).
Source: Lee, Introduction to Riemannian Manifolds, 2018, chapter 6.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from symgeo.errors import ArgumentError, DomainError, GeodesicError, RegionError, ShapeError
from symgeo.geometry.manifold import StatisticalManifold
from symgeo.solve.geodesic import geodesic
from symgeo.solve.spray import Spray, manifold_of

if TYPE_CHECKING:
    import numpy as np
    from sympy import Expr

    from symgeo.geometry.isometry import HasManifold
    from symgeo.solve.answer import Geodesic

# Times at which neighbouring geodesics must not have met.
_TIMES = 16


def frame(metric: np.ndarray) -> np.ndarray:
    """Columns (n, n) orthonormal in a metric, and no worse for units that differ by many powers of ten."""
    import numpy as np

    scale = 1.0 / np.sqrt(np.diagonal(metric))
    return scale[:, None] * np.linalg.inv(np.linalg.cholesky(metric * np.outer(scale, scale))).T


def geodesic_ball(
    m: StatisticalManifold | HasManifold,
    center: Any,
    radius: float,
    alpha: Expr | int | float | Fraction = 0,
    *,
    count: int = 120,
) -> np.ndarray:
    """The boundary of a geodesic ball in two dimensions, (count + 1, 2), the first point again at the end.

    Its points are the ends of the geodesics of the alpha-connection from ``center`` (2,) whose initial velocity has
    the length ``radius`` in the metric, in directions at equal angles. For alpha = 0 they lie at Fisher-Rao distance
    ``radius``; for alpha = 1 and -1 they are an ellipse in affine coordinates. In any chart it is the same set.

    Raises :class:`RegionError` where a geodesic reaches the boundary of the domain before, where geodesics meet, so
    that they do not bound a ball, and where one could not be followed; :class:`ArgumentError` for another dimension
    or a radius that is not positive, :class:`ShapeError`, :class:`DomainError`, and what `geodesic` raises.
    """
    import numpy as np

    manifold = manifold_of(m)
    if manifold.dim != 2:
        raise ArgumentError(
            f"the boundary of a ball is a curve in two dimensions, not in {manifold.dim}; exponential_map gives its "
            "points in directions of yours"
        )
    if not (radius > 0 and math.isfinite(radius)) or count != int(count) or count < 12:
        raise ArgumentError(f"the radius must be positive and the count 12 or more, not {radius} and {count}")
    theta = np.asarray(center, dtype=float)
    if theta.shape != (2,):
        raise ShapeError(f"the center has shape {theta.shape}; give (2,) for {manifold.coordinates}")
    angle = 2.0 * np.pi * np.arange(count) / count
    unit = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    found = reached(manifold, theta, radius * unit, alpha, np.linspace(0.0, 1.0, _TIMES + 1)[1:])
    _require_apart(manifold, found.points, found.velocities, radius)
    boundary = found.end
    return np.concatenate([boundary, boundary[:1]])


def reached(
    manifold: StatisticalManifold, center: np.ndarray, moves: np.ndarray, alpha: Any, times: np.ndarray
) -> Geodesic:
    """Geodesics from the center whose velocities are ``moves`` (M, n) in an orthonormal frame, inside the domain.

    Raises :class:`RegionError` where one leaves it or cannot be followed.
    """
    import numpy as np

    with np.errstate(all="ignore"):
        metric = Spray.of(manifold, alpha).metric(center)
    if not (np.isfinite(metric).all() and np.linalg.eigvalsh(metric)[0] > 0):
        raise DomainError(f"the center {center.tolist()} lies outside the domain, or the metric is singular there")
    axes = frame(metric)
    try:
        found = geodesic(manifold, center, moves @ axes.T, times, alpha, progress=False)
    except GeodesicError as error:
        raise RegionError(f"the boundary of the geodesic ball could not be found: {error}") from error
    gone = np.flatnonzero(~np.isfinite(found.end).all(axis=-1))
    if len(gone):
        first = int(gone[np.argmin(found.exit_time[gone])])
        length = float(found.exit_time[first]) * float(np.linalg.norm(moves[first]))
        raise RegionError(
            f"the geodesic ball reaches the boundary of the domain: {found.exit_condition[first]} ends at the distance "
            f"{length:.6g} of {center.tolist()}; choose a smaller radius, or a smaller level"
        )
    return found


def _require_apart(manifold: StatisticalManifold, points: np.ndarray, velocities: np.ndarray, radius: float) -> None:
    """Neighbours keep their order all along (no conjugate point), and the ends go round once and do not cross.

    A map of a disc into the plane that is a local homeomorphism and one to one on its boundary is one to one; a ball
    that holds the point at infinity of the chart has a boundary that goes round the other way.
    """
    import numpy as np

    across = np.roll(points, -1, axis=0) - np.roll(points, 1, axis=0)
    turn = velocities[..., 0] * across[..., 1] - velocities[..., 1] * across[..., 0]
    x, y = (points[:, -1] - points[0, -1]).T
    area = float(x @ np.roll(y, -1) - y @ np.roll(x, -1))
    if not ((turn > 0).all() and area > 0.0) or _crosses(points[:, -1]):
        raise RegionError(
            f"geodesics of length {radius:.6g} from one point of ({', '.join(map(str, manifold.coordinates))}) meet: "
            "their ends do not bound a ball; choose a smaller radius, or a smaller level"
        )


def _crosses(curve: np.ndarray) -> bool:
    """Whether a closed polygon (M, 2) crosses itself."""
    import numpy as np

    a, b = curve, np.roll(curve, -1, axis=0)

    def side(p: np.ndarray, q: np.ndarray, r: np.ndarray) -> np.ndarray:
        return (q[..., 0] - p[..., 0]) * (r[..., 1] - p[..., 1]) - (q[..., 1] - p[..., 1]) * (r[..., 0] - p[..., 0])

    p, q, r, s = a[:, None], b[:, None], a[None], b[None]
    apart = (side(p, q, r) * side(p, q, s) < 0) & (side(r, s, p) * side(r, s, q) < 0)
    return bool(apart.any())
