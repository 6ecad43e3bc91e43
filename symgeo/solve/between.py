"""Geodesics between given points: the path, the logarithm map, the distance.

Sources: Amari and Nagaoka, Methods of Information Geometry, 2000, sections 1.6 and 3.3; Atkinson and Mitchell, Sankhya
A 43 (1981) 345-365.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from numbers import Rational
from typing import TYPE_CHECKING, Any

import sympy as sp

from symgeo.errors import ArgumentError, BoundaryValueError, NoClosedFormError
from symgeo.geometry import isometry
from symgeo.geometry.manifold import StatisticalManifold
from symgeo.solve.boundary_value import LENGTHS, PRECISE
from symgeo.solve.connecting import AUTOMATIC, METHODS, Connecting
from symgeo.solve.pairs import at_index, pairs_of
from symgeo.solve.path_between import GeodesicBetween
from symgeo.solve.spray import number_alpha

if TYPE_CHECKING:
    import numpy as np
    from sympy import Expr

    from symgeo.geometry.isometry import HasManifold

_NAMED = 5  # pairs that an error names


def geodesic_between(
    m: StatisticalManifold | HasManifold,
    p: Any,
    q: Any,
    alpha: Expr | int | float | Fraction = 0,
    *,
    method: str = AUTOMATIC,
    failed: str = "raise",
    progress: bool | None = None,
) -> GeodesicBetween:
    """The geodesic of the alpha-connection from p (t = 0) to q (t = 1), for one pair of points or thousands.

    ``m``: a manifold or a model; p and q (..., n), whose leading axes broadcast, or mappings from each coordinate to
    its values. The answer is a function of t in [0, 1], (T,) -> (..., T, n), and has ``velocity`` (..., n), the
    logarithm map of q at p, ``distance`` (...,) for alpha = 0, ``residual`` (...,) of the geodesic equation,
    ``method``, ``iterations``.

    ``method``: "closed form" for recognised spaces and alpha = 0, "affine coordinates" for alpha = 1 or -1 on a dually
    flat manifold, "collocation" for all; "automatic" takes the first that can, and collocation for straight lines whose
    digits float64 loses. Where such a line leaves the domain there is no geodesic: ``leaves`` (...,) names the
    condition that fails. Collocation finds a local minimum of the length, in the chart's own domain: where curvature is
    positive, or the domain has holes, other geodesics may connect the same points, and shorter ones; on a simply
    connected manifold without positive curvature there is one. Pairs whose geodesic is not found raise
    :class:`BoundaryValueError`; with ``failed="nan"`` they are nan in the answer, ``converged`` says which, and
    ``reasons`` what was found instead. ``progress``: whether a bar is drawn; None draws it on a terminal when the work
    is long.
    An interruption by Ctrl-C keeps the pairs that are finished: ``complete`` is False then, and the others are nan.

    Raises :class:`DomainError` for points outside the domain, :class:`ShapeError` for shapes that do not fit,
    :class:`ArgumentError` for what is no finite number, :class:`ParameterListError` for an alpha that is no number and
    mappings that name other coordinates, :class:`NoClosedFormError` where a closed form is asked for and not known.
    Sources: Amari and Nagaoka 2000, section 1.6; Ascher, Mattheij and Russell, Numerical Solution of Boundary Value
    Problems, 1995.
    """
    return _answer(m, p, q, alpha, method, failed, PRECISE, progress)


def logarithm_map(
    m: StatisticalManifold | HasManifold,
    p: Any,
    q: Any,
    alpha: Expr | int | float | Fraction = 0,
    *,
    progress: bool | None = None,
) -> np.ndarray:
    """The velocity (..., n) at p of the geodesic that is at q at time 1: the inverse of the exponential map.

    Arguments and errors are those of :func:`geodesic_between`; an interruption raises :class:`BoundaryValueError`,
    whose ``answer`` holds what is finished. Source: do Carmo, Riemannian Geometry, 1992.
    """
    return _whole(_answer(m, p, q, alpha, AUTOMATIC, "raise", PRECISE, progress)).velocity


def distance(
    m: StatisticalManifold | HasManifold,
    p: Any,
    q: Any,
    *,
    details: bool = False,
    method: str = AUTOMATIC,
    failed: str = "raise",
    progress: bool | None = None,
) -> Any:
    """The Fisher-Rao distance: an expression for exact numbers and symbols, float64 (...,) for arrays and floats.

    Points are given in the order of the coordinates, (..., n), or as mappings. For exact numbers (integers, fractions,
    SymPy's) and symbols the value is the closed form where the space is recognised (:func:`isometry`). For floats and
    arrays it is that closed form in numbers, for all pairs at once and without cancellation where points are close;
    where there is none, the length of the geodesic that is found numerically, which is a local minimum (see
    :func:`geodesic_between`). ``details=True`` gives the whole answer, which says how it was found; ``method``,
    ``failed`` and ``progress`` are those of :func:`geodesic_between`. An interruption raises
    :class:`BoundaryValueError`, whose ``answer`` holds what is finished.

    Raises :class:`NoClosedFormError` for symbols where the space is not recognised, and what
    :func:`geodesic_between` raises. Sources: Atkinson and Mitchell, Sankhya A 43 (1981) 345-365; Miyamoto, Meneghetti,
    Pinele and Costa, Information Geometry 7 (2024).
    """
    kinds = {_kind(p), _kind(q)}
    if "symbol" in kinds:
        if details or method != AUTOMATIC:
            raise ArgumentError("points with symbols have a distance in closed form only; give numbers for the rest")
        return isometry.distance(m, p, q)
    if kinds == {"exact"} and not details and method == AUTOMATIC:
        try:
            return isometry.distance(m, p, q)
        except NoClosedFormError:
            pass
    answer = _answer(m, p, q, 0, method, failed, PRECISE if details else LENGTHS, progress)
    if details:
        return answer
    _whole(answer)
    assert answer.distance is not None, "alpha is zero"
    return float(answer.distance) if answer.distance.ndim == 0 else answer.distance


def _answer(
    m: StatisticalManifold | HasManifold,
    p: Any,
    q: Any,
    alpha: Any,
    method: str,
    failed: str,
    tolerance: float,
    progress: bool | None,
) -> GeodesicBetween:
    import numpy as np

    if method not in METHODS:
        raise ArgumentError(f"method is one of {', '.join(METHODS)}, not {method!r}")
    if failed not in ("raise", "nan"):
        raise ArgumentError(f'failed is "raise" or "nan", not {failed!r}')
    manifold = m if isinstance(m, StatisticalManifold) else m.manifold
    start, end, leading = pairs_of(manifold, p, q)
    answer = connecting(manifold, alpha).answer(start, end, leading, method, tolerance, progress)
    if failed == "raise" and answer.complete and not np.all(answer.converged):
        _refuse(answer, start.T.reshape(*leading, -1), end.T.reshape(*leading, -1))
    return answer


def _whole(answer: GeodesicBetween) -> GeodesicBetween:
    """An answer that was not interrupted; :class:`BoundaryValueError`, with what is known, for another: numbers alone
    could not say that some are missing."""
    import numpy as np

    if answer.complete:
        return answer
    pairs = tuple(tuple(k) for k in np.argwhere(~answer.converged).tolist())
    raise BoundaryValueError(
        f"interrupted: {len(answer) - len(pairs)} of {len(answer)} pairs are finished. The error's .answer holds them, "
        "and .pairs are those that are left",
        pairs,
        answer,
    )


def connecting(manifold: StatisticalManifold, alpha: Any) -> Connecting:
    """What finds the geodesics of one connection of a manifold; it is kept with the manifold."""
    key = ("geodesics between points", alpha if type(alpha) is int else number_alpha(alpha))
    if key not in manifold.kept:
        manifold.kept[key] = Connecting(manifold, number_alpha(alpha))
    return manifold.kept[key]


def _refuse(answer: GeodesicBetween, p: np.ndarray, q: np.ndarray) -> None:
    import numpy as np

    pairs = [tuple(k) for k in np.argwhere(~answer.converged).tolist()]
    known = {k: f" ({answer.reasons[k]})" if answer.reasons[k] else "" for k in pairs[:_NAMED]}
    shown = "; ".join(f"{p[k].tolist()} to {q[k].tolist()}{at_index(k)}{known[k]}" for k in pairs[:_NAMED])
    more = f"; and {len(pairs) - _NAMED} more" if len(pairs) > _NAMED else ""
    broken = sorted({str(answer.leaves[k]) for k in pairs} - {""})
    if broken:
        raise BoundaryValueError(
            f"no geodesic joins {shown}{more}: the straight line leaves the domain, where {', '.join(broken)} fails, "
            f"for {sum(bool(answer.leaves[k]) for k in pairs)} of them. Take points between, another alpha, or a wider "
            'domain; failed="nan" keeps what was found for other pairs',
            tuple(pairs),
            answer,
        )
    raise BoundaryValueError(
        f"no geodesic was found from {shown}{more}. Take points that are closer to each other, or a point between; "
        "declare the domain without cuts, or reparametrize so that the path is smooth in the coordinates; "
        'failed="nan" keeps what was found for other pairs',
        tuple(pairs),
        answer,
    )


def _kind(point: Any) -> str:
    """ "symbol", "exact" or "float": what the numbers of a point are."""
    if isinstance(point, Mapping):
        values = list(point.values())
    elif isinstance(point, sp.Expr | int | float):
        values = [point]
    elif isinstance(point, list | tuple | sp.Tuple | sp.MatrixBase):
        values = list(point)
    else:
        return "float"
    if any(isinstance(v, sp.Basic) and v.free_symbols for v in values):
        return "symbol"
    exact = all(
        isinstance(v, Rational) or (isinstance(v, sp.Expr) and v.is_number and not v.has(sp.Float)) for v in values
    )
    return "exact" if exact else "float"
