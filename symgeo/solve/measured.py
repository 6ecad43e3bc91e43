"""How well points of curves satisfy the geodesic equation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from symgeo.solve.newton import solved

if TYPE_CHECKING:
    import numpy as np

    from symgeo.solve.lowered_equation import LoweredEquation

_WINDOWS = (0.13, 0.5, 0.83)
_WIDTH, _DEGREE = 0.03, 12


def measured_residual(equation: LoweredEquation, points: Any, length: np.ndarray) -> np.ndarray:
    """``|x'' - a(x, x')|/|x'|`` (P,), from derivatives of interpolants of points in some windows of time."""
    import numpy as np

    nodes = np.cos(np.pi * np.arange(_DEGREE + 1) / _DEGREE)
    width = _WIDTH / (1 + float(np.nanmax(np.nan_to_num(length), initial=0.0)) / 4)
    within = np.arange(4, _DEGREE - 3)  # among the nodes, those near the ends left out
    series = np.linalg.inv(np.polynomial.chebyshev.chebvander(nodes, _DEGREE))
    first, second = (
        np.polynomial.chebyshev.chebval(nodes[within], np.polynomial.chebyshev.chebder(series, k)).T / width**k
        for k in (1, 2)
    )
    with np.errstate(all="ignore"):
        worst = np.zeros(length.shape)
        for centre in _WINDOWS:
            u = equation.chart.from_point(points(centre + width * nodes))
            defect, metric, velocity = equation.defect(u[:, :, within], u @ first.T, u @ second.T)
            g = np.moveaxis(metric, (0, 1), (-2, -1))
            raised = solved(g, np.moveaxis(defect, 0, -1)[..., None])[..., 0]
            above = np.einsum("pik,kpi->pi", raised, defect)
            below = np.einsum("kmpi,kpi,mpi->pi", metric, velocity, velocity)
            share = np.where(below > 0, np.sqrt(np.maximum(above, 0) / below), 0.0)
            worst = np.maximum(worst, np.max(share, axis=1))
    return worst
