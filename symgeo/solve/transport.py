"""Parallel transport along geodesics and other curves.

``u'^k + Gamma^k_ij(x(t)) x'^i u^j = 0`` is linear in u. The method of the geodesics is applied with fixed steps, halved
until the result no longer changes. Source: Amari and Nagaoka 2000, section 1.6.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from symgeo.codegen.numpy import real_array
from symgeo.errors import ArgumentError, DomainError, GeodesicError, ShapeError
from symgeo.geometry.manifold import StatisticalManifold
from symgeo.solve import runge_kutta
from symgeo.solve.answer import Geodesic, increasing
from symgeo.solve.spray import Spray

if TYPE_CHECKING:
    import numpy as np
    from sympy import Expr

    from symgeo.geometry.isometry import HasManifold

# Relative change of the transported vectors at which halving ends; the other where values come from quadrature.
_TOLERANCE, _INTEGRATED_TOLERANCE = 1e-11, 1e-8
_HALVINGS = 9
# Nodes of the polynomials that a curve given by its points is differentiated by.
_NODES = 16

State = Callable[["np.ndarray"], "tuple[np.ndarray, np.ndarray]"]


def parallel_transport(
    m: StatisticalManifold | HasManifold,
    vector: Any,
    along: Geodesic | Callable[[Any], Any],
    alpha: Expr | int | float | Fraction = 0,
    *,
    times: Any = None,
) -> np.ndarray:
    """A vector at the beginning of a curve moved along it, parallel for the alpha-connection; (..., T, n).

    ``along``: an answer of :func:`geodesic`, of the same manifold and any alpha, whose leading axes broadcast with
    those of ``vector`` (..., n); or a function of the time, t (S,) -> points (S, n), smooth between the ``times``.
    ``times`` (T,) increasing, the vector being given at the first one; without them those of the geodesics, the vector
    being given where these begin. What follows where a geodesic has left the domain is nan.

    Transport by alpha = 0 preserves g(u, w), and g(P_alpha u, P_-alpha w) = g(u, w) for every alpha. Raises
    :class:`ShapeError`, :class:`ArgumentError` for a curve of another manifold, missing or disordered times and
    vectors that are not finite, :class:`DomainError` where a curve given as a function leaves the domain and
    :class:`GeodesicError` where the equations could not be integrated. Source: Amari and Nagaoka 2000, section 1.6.
    """
    import numpy as np

    spray = Spray.of(m, alpha)
    u = real_array(vector, "a vector")
    if u.ndim == 0 or u.shape[-1] != spray.dim:
        raise ShapeError(f"vectors have {spray.dim} components along the last axis, not the shape {u.shape}")
    if not np.all(np.isfinite(u)):
        raise ArgumentError("a component of the vector is not finite")
    if isinstance(along, Geodesic):
        return _along_geodesics(spray, u, along, times)
    if not callable(along):
        raise ArgumentError("a curve is an answer of geodesic, or a function of the time that gives points (S, n)")
    if times is None:
        raise ArgumentError(
            "times=(t_0, t_1, ...) are needed along a curve given as a function; it begins at the first"
        )
    moments = increasing(times)
    flat = u.reshape(-1, spray.dim)
    curve = _sampled(spray, along, len(flat))
    found = _transported(spray, curve, flat.T, moments)
    return found.transpose(2, 1, 0).reshape(*u.shape[:-1], len(moments), spray.dim)


def _along_geodesics(spray: Spray, u: np.ndarray, along: Geodesic, times: Any) -> np.ndarray:
    import numpy as np

    if along.manifold is not spray.manifold:
        raise ArgumentError("the geodesics are of another manifold; transport in the manifold that they were found in")
    leading = along.speed.shape
    try:
        shape = np.broadcast_shapes(u.shape[:-1], leading)
    except ValueError:
        raise ShapeError(
            f"leading axes {u.shape[:-1]} of the vectors and {leading} of the geodesics do not fit"
        ) from None
    n = spray.dim
    asked = along.times if times is None else increasing(times)
    from_start = times is None and asked[0] > 0
    moments = np.concatenate([[0.0], asked]) if from_start else asked
    which = np.broadcast_to(np.arange(along.speed.size).reshape(leading), shape).ravel()
    vectors = np.broadcast_to(u, (*shape, n)).reshape(-1, n).T

    def curve(t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        x, v = along.state(t)
        columns = [a.reshape(-1, len(t), n)[which].transpose(2, 1, 0) for a in (x, v)]
        return columns[0], columns[1]

    found = _transported(spray, curve, vectors, moments)[:, int(from_start) :]
    return found.transpose(2, 1, 0).reshape(*shape, len(asked), n)


def _transported(spray: Spray, curve: State, u: np.ndarray, moments: np.ndarray) -> np.ndarray:
    """Vectors (n, P) at the first of the moments, moved along to all of them: (n, T, P)."""
    import numpy as np

    tolerance = _INTEGRATED_TOLERANCE if spray.is_integrated else _TOLERANCE
    out = np.empty((u.shape[0], len(moments), u.shape[1]))
    out[:, 0] = u
    for k in range(1, len(moments)):
        earlier, change = _swept(spray, curve, out[:, k - 1], moments[k - 1], moments[k], 1), np.inf
        for halving in range(1, _HALVINGS + 1):
            now = _swept(spray, curve, out[:, k - 1], moments[k - 1], moments[k], 2**halving)
            size = np.max(np.abs(now), axis=0, initial=0.0)
            known = np.all(np.isfinite(now), axis=0) & (size > 0)
            change = np.max(np.abs(now - earlier)[:, known] / size[known], initial=0.0)
            earlier = now
            if change < tolerance:
                break
        else:
            raise GeodesicError(
                f"parallel transport from t = {moments[k - 1]:g} to {moments[k]:g} did not settle: halving the steps "
                f"still changes it by {change:.1e}. Give more times, or keep away from the boundary of the domain"
            )
        out[:, k] = earlier
    return out


def _swept(spray: Spray, curve: State, u: np.ndarray, begin: float, end: float, steps: int) -> np.ndarray:
    """Vectors (n, P) moved from one time to another in equal steps."""
    import numpy as np

    nodes, h = runge_kutta.tableau().nodes, (end - begin) / steps
    moments = begin + h * (np.arange(steps)[:, None] + nodes[None, : runge_kutta.STAGES])
    x, v = curve(np.minimum(moments, end).ravel())
    x, v = (a.reshape(len(a), steps, runge_kutta.STAGES, -1) for a in (x, v))
    slopes = np.empty((runge_kutta.STAGES, *u.shape))
    for step in range(steps):
        for j in range(runge_kutta.STAGES + 1):
            weights = runge_kutta.tableau().pairs[j][0]
            moved = u + h * np.tensordot(weights, slopes[:j], 1)
            if j < runge_kutta.STAGES:
                at = np.ascontiguousarray(x[:, step, j]), np.ascontiguousarray(v[:, step, j])
                slopes[j] = spray.transport_columns(*at, moved)
        u = moved
    return u


def _sampled(spray: Spray, along: Callable[[Any], Any], count: int) -> State:
    """A curve given by its points, with the velocity by the polynomial through Chebyshev's points of each step."""
    import numpy as np

    def points(t: np.ndarray) -> np.ndarray:
        x = real_array(along(t), "the points of the curve")
        if x.shape != (len(t), spray.dim):
            raise ShapeError(
                f"the curve must give points of shape ({len(t)}, {spray.dim}) at {len(t)} times, not {x.shape}"
            )
        inside = spray.inside(x)
        if not np.all(inside):
            k = int(np.argmin(inside))
            raise DomainError(f"at t = {t[k]:g} the curve is outside the domain: {x[k].tolist()}")
        return x

    polynomials = np.polynomial.chebyshev
    places = polynomials.chebpts2(_NODES)
    fit = np.linalg.inv(polynomials.chebvander(places, _NODES - 1))

    def state(t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        x, v = points(t), np.empty((len(t), spray.dim))
        for k in range(0, len(t), runge_kutta.STAGES):
            mine = t[k : k + runge_kutta.STAGES]
            middle, half = (np.max(mine) + np.min(mine)) / 2, (np.max(mine) - np.min(mine)) / 2
            slope = polynomials.chebder(fit @ points(middle + half * places)) / half
            v[k : k + runge_kutta.STAGES] = polynomials.chebval((mine - middle) / half, slope).T
        return tuple(np.repeat(a.T[:, :, None], count, axis=2) for a in (x, v))  # type: ignore[return-value]

    return state
