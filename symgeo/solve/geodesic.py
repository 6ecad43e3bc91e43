"""Geodesics of any alpha-connection from a point and a velocity, one or thousands in a call.

``x''^k + Gamma^k_ij x'^i x'^j = 0``. Source: Amari and Nagaoka, Methods of Information Geometry, 2000, section 1.6.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from symgeo.errors import ArgumentError, DomainError, GeodesicError
from symgeo.geometry.manifold import StatisticalManifold
from symgeo.solve import march
from symgeo.solve.answer import Geodesic, increasing
from symgeo.solve.boundary import Boundary
from symgeo.solve.closed_motion import ClosedMotion, ClosedSpace
from symgeo.solve.march import BLOCK, March, Mover, Outcome, RungeKutta
from symgeo.solve.path import Path, Paths
from symgeo.solve.progress import Progress, interruptible
from symgeo.solve.spray import Spray
from symgeo.solve.straight import StraightLines, has_straight_lines

if TYPE_CHECKING:
    import numpy as np
    from sympy import Expr

    from symgeo.geometry.isometry import HasManifold

# The error allowed to a step, in units of one over the root of g_ii; the other where values come from quadrature.
_TOLERANCE, _INTEGRATED_TOLERANCE = 2e-12, 1e-9
_METHOD = "Dormand and Prince's Runge-Kutta method of order 8"
_FAILURES = {
    march.LOST: "a condition of the domain is a difference of terms 1e13 times its size, and float64 has lost it",
    march.STUCK: "the steps became too small: the equations are singular there",
    march.NOISY: "rounding errors of the right-hand side exceed the tolerance",
    march.LONG: "too many steps were needed",
}


def geodesic(
    m: StatisticalManifold | HasManifold,
    start: Any,
    velocity: Any,
    times: Any,
    alpha: Expr | int | float | Fraction = 0,
    *,
    progress: bool | None = None,
) -> Geodesic:
    """Geodesics of the alpha-connection that are at ``start`` with ``velocity`` at time 0, at ``times``.

    ``m``: a manifold or a model; ``start`` and ``velocity`` (..., n), whose leading axes broadcast, in the order of its
    coordinates; ``times`` (T,) increasing, from 0 on. The points of the answer are (..., T, n), and ``answer(t)`` gives
    those at other times. All geodesics of a call are followed together, each with steps of its own. alpha = 0 are
    those of the Fisher metric, 1 and -1 the e- and m-geodesics; on recognised spaces they are taken in closed form, and
    in affine coordinates as straight lines, and ``method`` says so. A geodesic that comes to the boundary of the
    domain ends there: what follows is nan, and the answer says when that is and which condition ends. ``progress``:
    whether a bar is drawn; None draws it on a terminal when the work is long. An interruption by Ctrl-C keeps what is
    finished.

    Raises :class:`DomainError` for a start outside the domain, :class:`ShapeError` for shapes that do not fit,
    :class:`ArgumentError` for values that are not finite and times that do not increase or are negative,
    :class:`GeodesicError` where the integration stops inside the domain, with the rest of the answer;
    :class:`ParameterListError` for an alpha that is no number, :class:`UnknownSymbolError` and
    :class:`SingularMetricError`. Sources: Hairer, Norsett and Wanner, Solving Ordinary Differential Equations I, 1993,
    section II.5 (the integrator); Amari and Nagaoka 2000, section 1.6.
    """
    import numpy as np

    spray = Spray.of(m, alpha)
    moments = _times(times)
    x, v, leading = _initial(spray, start, velocity)
    boundary = Boundary.of(spray)
    paths = Paths(x.shape[1], spray.dim)
    end = float(moments[-1])
    ways: dict[str, int] = {}
    with interruptible(x.shape[1], "geodesics", progress) as work:
        _follow(spray, boundary, paths, x, v, end, work, ways)
    status, left, which = paths.ends()
    count, n = x.shape[1], spray.dim
    points, velocities = paths.at(np.repeat(np.arange(count), len(moments)), np.tile(moments, count))
    shape = (*leading, len(moments), n)
    points, velocities = points.T.reshape(shape), velocities.T.reshape(shape)
    speed, drift = _energy(spray, x, v, points, velocities, leading)
    names = np.array(["", *boundary.names], dtype=object)
    answer = Geodesic(
        spray.manifold,
        spray.alpha,
        moments,
        points,
        velocities,
        speed,
        drift,
        left.reshape(leading),
        names[which + 1].reshape(leading),
        _method(ways, x.shape[1]),
        work.complete,
        spray,
        paths,
    )
    _refuse_failures(answer, status, leading)
    return answer


def exponential_map(
    m: StatisticalManifold | HasManifold,
    p: Any,
    v: Any,
    alpha: Expr | int | float | Fraction = 0,
    *,
    progress: bool | None = None,
) -> np.ndarray:
    """The exponential map of the alpha-connection: where geodesics from p with velocity v are at time 1; (..., n).

    p and v (..., n); nan where the geodesic leaves the domain before. Raises what :func:`geodesic` raises.
    """
    return geodesic(m, p, v, (1.0,), alpha, progress=progress).end


def _follow(
    spray: Spray,
    boundary: Boundary,
    paths: Paths,
    x: np.ndarray,
    v: np.ndarray,
    end: float,
    work: Progress,
    ways: dict[str, int],
) -> None:
    """Follow all geodesics block by block, in closed form where there is one and it serves; ``ways`` counts both."""
    import numpy as np

    tolerance = _INTEGRATED_TOLERANCE if spray.is_integrated else _TOLERANCE
    integrator = RungeKutta(spray, tolerance)
    straight, space = has_straight_lines(spray), ClosedSpace.of(spray)
    for first in range(0, x.shape[1], BLOCK):
        part = np.arange(first, min(first + BLOCK, x.shape[1]))
        if straight or space is not None:
            here = x[:, part], v[:, part], tolerance
            exact = StraightLines(spray, *here) if space is None else ClosedMotion(space, spray, *here)
            ways[exact.name] = ways.get(exact.name, 0) + len(part)
            outcome = _march(boundary, exact, paths, x, v, part, end, work)
            part = part[~np.isin(outcome.status, (march.FINISHED, march.LEFT))]
            ways[exact.name] -= len(part)
        if len(part):
            ways[_METHOD] = ways.get(_METHOD, 0) + len(part)
            outcome = _march(boundary, integrator, paths, x, v, part, end, work)
            part = part[np.isin(outcome.status, (march.NOISY, march.STUCK))]
            if len(part) and spray.careful is not None:
                # Doubles lose the digits of the symbols there.
                careful = RungeKutta(spray.careful, tolerance)
                _march(boundary, careful, paths, x, v, part, end, work)


def _method(ways: dict[str, int], count: int) -> str:
    taken = [name for name, many in ways.items() if many]
    if _METHOD in taken[1:]:
        return f"{taken[0]}; {ways[_METHOD]} of {count} by {_METHOD}"
    return taken[0] if taken else _METHOD


def _march(
    boundary: Boundary,
    mover: Mover,
    paths: Paths,
    x: np.ndarray,
    v: np.ndarray,
    part: np.ndarray,
    end: float,
    work: Progress,
) -> Outcome:
    import numpy as np

    block = March(boundary, mover, np.ascontiguousarray(x[:, part]), np.ascontiguousarray(v[:, part]), end)
    try:
        block.run(work)
    finally:
        # An interruption keeps what the block has reached.
        paths.put(Path(block.outcome, mover), part)
    return block.outcome


def _times(times: Any) -> np.ndarray:
    moments = increasing(times)
    if moments[0] < 0:
        raise ArgumentError("a time is negative, but geodesics begin at time 0; turn the velocity round to go back")
    return moments


def _initial(spray: Spray, start: Any, velocity: Any) -> tuple[np.ndarray, np.ndarray, tuple[int, ...]]:
    """Starts and velocities as columns (n, P), and their leading axes."""
    import numpy as np

    columns, leading = spray.columns(start, velocity)
    n = spray.dim
    x, v = np.ascontiguousarray(columns[:n]), np.ascontiguousarray(columns[n:])
    for what, values in (("start", x), ("velocity", v)):
        bad = np.flatnonzero(~np.all(np.isfinite(values), axis=0))
        if len(bad):
            raise ArgumentError(f"the {what}{_place(bad[0], leading)} is not finite: {values[:, bad[0]].tolist()}")
    inside = spray.inside_columns(x)
    if not np.all(inside):
        k = int(np.argmin(inside))
        conditions = ", ".join(f"{c} > 0" for c in spray.conditions)
        raise DomainError(
            f"the start{_place(k, leading)}, {x[:, k].tolist()}, lies outside the domain of "
            f"{spray.manifold.coordinates}: {conditions} must hold"
        )
    g = spray.metric(x.T)
    whole = np.all(np.isfinite(g), axis=(1, 2))
    whole[whole] = np.linalg.eigvalsh(g[whole])[:, 0] > 0
    if not np.all(whole):
        k = int(np.argmin(whole))
        raise DomainError(
            f"at the start{_place(k, leading)}, {x[:, k].tolist()}, the metric is not finite and positive definite; "
            "begin at a regular point of the domain"
        )
    return x, v, leading


def _place(k: int, leading: tuple[int, ...]) -> str:
    import numpy as np

    return f" with index {tuple(map(int, np.unravel_index(k, leading)))}" if leading else ""


def _energy(
    spray: Spray, x: np.ndarray, v: np.ndarray, points: np.ndarray, velocities: np.ndarray, leading: tuple[int, ...]
) -> tuple[np.ndarray, np.ndarray | None]:
    """The initial speeds, and for alpha = 0 the largest relative change of g(v, v) on the way."""
    import numpy as np

    energy = np.einsum("pij,ip,jp->p", spray.metric(x.T), v, v).reshape(leading)
    if spray.alpha != 0:
        return np.sqrt(energy), None
    with np.errstate(all="ignore"):
        on_the_way = np.einsum("...ij,...i,...j->...", spray.metric(points), velocities, velocities)
        drift = np.abs(on_the_way / energy[..., None] - 1)
    drift = np.where(energy[..., None] == 0, 0.0, drift)
    known = np.isfinite(drift)
    return np.sqrt(energy), np.where(np.any(known, axis=-1), np.max(np.where(known, drift, 0.0), axis=-1), np.nan)


def _refuse_failures(answer: Geodesic, status: np.ndarray, leading: tuple[int, ...]) -> None:
    import numpy as np

    failed = np.flatnonzero(np.isin(status, list(_FAILURES)))
    if not len(failed):
        return
    k = int(failed[0])
    known = answer._paths.reached(k)
    many = f"{len(failed)} of {len(status)} geodesics" if len(status) > 1 else "the geodesic"
    raise GeodesicError(
        f"{many} could not be followed: that{_place(k, leading)} stops at t = {known[0]:.8g}, "
        f"{known[1].tolist()}: {_FAILURES[int(status[k])]}. End the times before, scale the velocity down, or "
        "reparametrize so that the place is a regular one; the error's .answer holds what was found",
        answer,
    )
