"""The Riemannian centre of mass of points: where their logarithms add up to zero.

Sources: Karcher, Comm. Pure Appl. Math. 30 (1977) 509-541; Pennec, J. Math. Imaging Vision 25 (2006) 127-154.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from symgeo.codegen.numpy import real_array
from symgeo.errors import BoundaryValueError, DataError, ShapeError
from symgeo.geometry.manifold import StatisticalManifold
from symgeo.solve.between import connecting
from symgeo.solve.boundary_value import PRECISE
from symgeo.solve.connecting import AUTOMATIC
from symgeo.solve.pairs import columns_of

if TYPE_CHECKING:
    import numpy as np

    from symgeo.geometry.isometry import HasManifold

_STEPS = 60
_SETTLED = 1e-11  # of the mean logarithm, relative to the root mean square distance
_ROUNDED = 1e-8  # where rounding keeps it from getting smaller
_HALVINGS = 30
_ARMIJO = 0.25
_EPS = 2.3e-16


@dataclass(frozen=True)
class FrechetMean:
    """``mean`` (n,), ``variance`` the weighted mean of squared distances from it, ``residual`` the length of the mean
    of the logarithms relative to the root of the variance, and the number of ``iterations``."""

    mean: np.ndarray
    variance: float
    residual: float
    iterations: int
    method: str


def frechet_mean(
    m: StatisticalManifold | HasManifold,
    points: Any,
    weights: Any = None,
    *,
    details: bool = False,
    progress: bool | None = None,
) -> Any:
    """The Frechet mean (n,) of points (N, n) under the Fisher metric: the least weighted sum of squared distances.

    ``m``: a manifold or a model; ``weights`` (N,), not negative, with a positive sum; equal where None. Steps are
    quasi-Newton's, from the mean of the logarithms, which is minus half the gradient, and are shortened until the sum
    falls. The mean exists and is unique where curvature is not positive, or all points lie in a ball that is small
    enough; elsewhere it is a local minimum.
    ``details=True`` gives :class:`FrechetMean`, with variance, residual and iterations. ``progress`` is that of
    :func:`geodesic_between`.

    Raises what :func:`geodesic_between` raises, :class:`ShapeError` for points that are no array (N, n), and
    :class:`DataError` for weights that are none; :class:`BoundaryValueError` also where the iteration does not
    converge, and where it is interrupted: ``answer`` then is the :class:`FrechetMean` as far as it came.
    """
    import numpy as np

    manifold = m if isinstance(m, StatisticalManifold) else m.manifold
    given = columns_of(manifold, points, "points")
    if given.ndim != 2 or not len(given):
        raise ShapeError(f"the points must be an array (N, {manifold.dim}) with at least one row, not {given.shape}")
    share = _weights(weights, len(given))
    heavy = share > 0
    found = _Descent(manifold, given[heavy].T.copy(), share[heavy], progress).run()
    return found if details else np.array(found.mean)


def _weights(weights: Any, count: int) -> np.ndarray:
    import numpy as np

    if weights is None:
        return np.full(count, 1 / count)
    found = real_array(weights, "weights")
    if found.shape != (count,):
        raise ShapeError(f"the weights must have shape ({count},), one to a point, not {found.shape}")
    if not np.all(found >= 0) or not 0 < np.sum(found) < np.inf:
        raise DataError("the weights must be finite and not negative, with a positive sum")
    return found / np.sum(found)


class _Descent:
    """Steps towards the mean of some points (n, N); the place is moved in the chart without walls."""

    def __init__(self, manifold: StatisticalManifold, points: np.ndarray, weights: np.ndarray, progress: bool | None):
        self._connecting = connecting(manifold, 0)
        self._equation = self._connecting.equation
        self._manifold, self._points, self._weights = manifold, points, weights
        self.method, self._progress = "", progress
        self._last: FrechetMean | None = None

    def _look(self, u: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """The variance about a place, the mean logarithm in the chart u, and the metric there."""
        import numpy as np

        n = len(u)
        x, slope, _, _ = self._equation.chart.with_slopes(u)
        if not np.all(np.isfinite(x)) or not bool(self._equation.inside(x)):
            return np.inf, np.full(n, np.nan), np.eye(n)
        start = np.repeat(x[:, None], self._points.shape[1], axis=1)
        leading = (self._points.shape[1],)
        answer = self._connecting.answer(start, self._points, leading, AUTOMATIC, PRECISE, self._progress)
        self.method = answer.method
        if not answer.complete:
            raise BoundaryValueError(
                "interrupted: the error's .answer is the mean as far as it came, with its residual, or None",
                answer=self._last,
            )
        if not np.all(answer.converged):
            return np.inf, np.full(n, np.nan), np.eye(n)
        variance = float(self._weights @ np.asarray(answer.distance) ** 2)
        mean = (self._weights @ answer.velocity) / slope
        zero = np.zeros((n, 1, 1))
        metric = self._equation.defect(u[:, None, None], zero, zero)[1][:, :, 0, 0] * np.outer(slope, slope)
        return variance, mean, metric

    def run(self) -> FrechetMean:
        """The mean; :class:`BoundaryValueError` where it is not reached."""
        import numpy as np

        u = self._equation.chart.from_point(self._points) @ self._weights
        variance, mean, metric = self._look(u)
        hessian = 2 * metric  # that of the variance in a flat space; the difference of gradients improves it
        for iteration in range(_STEPS):
            if not np.isfinite(variance):
                break
            gradient = -2 * metric @ mean
            size = float(np.sqrt(max(mean @ metric @ mean, 0.0)))
            residual = size / np.sqrt(variance) if variance > 0 else 0.0
            self._last = self._found(u, variance, residual, iteration)
            if residual <= _SETTLED or size <= _rounding(u, metric):
                return self._last
            step = -np.linalg.solve(hessian, gradient)
            factor = 1.0
            for _ in range(_HALVINGS):
                trial = u + factor * step
                there = self._look(trial)
                near = np.sqrt(max(there[1] @ there[2] @ there[1], 0.0)) <= 0.5 * size if there[0] < np.inf else False
                if there[0] <= variance + _ARMIJO * factor * float(gradient @ step) or near:
                    break
                factor /= 2
            else:
                if residual <= _ROUNDED:
                    return self._last
                break
            change, turned = factor * step, -2 * there[2] @ there[1] - gradient
            hessian = _updated(hessian, change, turned)
            u, (variance, mean, metric) = trial, there
        raise BoundaryValueError(
            f"the mean of the {self._points.shape[1]} points was not found in {_STEPS} steps: the points may lie too "
            "far apart, or their mean outside the domain. Take points closer together, or reparametrize"
        )

    def _found(self, u: np.ndarray, variance: float, residual: float, iterations: int) -> FrechetMean:
        return FrechetMean(self._equation.chart.point(u), variance, float(residual), iterations, self.method)


def _rounding(u: np.ndarray, metric: np.ndarray) -> float:
    """The length, in the metric, of changes of u in its last places: means of coinciding points are known no better."""
    import numpy as np

    return 4 * _EPS * float(np.sqrt(np.sum(np.diagonal(metric) * np.maximum(np.abs(u), 1.0) ** 2)))


def _updated(hessian: np.ndarray, change: np.ndarray, turned: np.ndarray) -> np.ndarray:
    """Broyden, Fletcher, Goldfarb and Shanno's update, where it stays positive definite."""
    import numpy as np

    curved, ahead = float(turned @ change), hessian @ change
    if curved <= 1e-10 * float(change @ ahead):
        return hessian
    return hessian - np.outer(ahead, ahead) / float(change @ ahead) + np.outer(turned, turned) / curved
