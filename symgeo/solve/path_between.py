"""What connecting points gives: geodesics as functions of t in [0, 1], their velocities, lengths and residuals."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from symgeo.codegen.numpy import real_array
from symgeo.errors import ArgumentError, ShapeError

if TYPE_CHECKING:
    import numpy as np
    from sympy import Expr

    from symgeo.geometry.manifold import StatisticalManifold

_SHOWN = 5


class Source(Protocol):
    """How P geodesics were found, in arrays (n, P) with the coordinates first."""

    method: str

    def velocity(self) -> np.ndarray:
        """Velocities at p, (n, P)."""

    def distance(self) -> np.ndarray | None:
        """Lengths (P,) for alpha = 0, else None."""

    def residual(self) -> np.ndarray:
        """The largest of ``|x'' - a(x, x')|/|x'|`` at some points of each path, in the metric, (P,)."""

    def iterations(self) -> np.ndarray:
        """Newton's steps, (P,)."""

    def converged(self) -> np.ndarray:
        """Which pairs have a geodesic, (P,)."""

    def leaves(self) -> np.ndarray:
        """The conditions of the domain that fail along curves, (P,) of str, "" where none is seen to."""

    def reasons(self) -> np.ndarray:
        """What is known of pairs without a geodesic, (P,) of str."""

    def points(self, times: np.ndarray) -> np.ndarray:
        """Points (n, P, T)."""


def nowhere(count: int) -> np.ndarray:
    """What :meth:`Source.leaves` says of curves that stay in the domain."""
    import numpy as np

    return np.full(count, "", dtype=object)


class GeodesicBetween:
    """Geodesics of one alpha-connection from p to q; ``answer(t)`` gives their points for t in [0, 1].

    ``p`` and ``q`` (..., n). What is not converged is nan. ``complete``: False where the work was interrupted; then
    ``converged`` says what was finished.
    """

    def __init__(
        self,
        manifold: StatisticalManifold,
        alpha: Expr,
        p: np.ndarray,
        q: np.ndarray,
        leading: tuple[int, ...],
        source: Source,
        complete: bool = True,
    ):
        self.manifold, self.alpha, self.complete = manifold, alpha, complete
        self._ends = p, q
        self._leading, self._source = leading, source
        self.p, self.q = self._points(p), self._points(q)

    @property
    def method(self) -> str:
        """How the geodesics were found: the closed form's name, affine coordinates, or collocation."""
        return self._source.method

    @cached_property
    def velocity(self) -> np.ndarray:
        """The velocity at p, (..., n): the logarithm map of q."""
        import numpy as np

        return self._points(np.where(self._source.converged(), self._source.velocity(), np.nan))

    @cached_property
    def distance(self) -> np.ndarray | None:
        """The length (...,) for alpha = 0; None for another alpha, whose geodesics have no length of their own."""
        import numpy as np

        found = self._source.distance()
        if found is None:
            return None
        return np.where(self._source.converged(), found, np.nan).reshape(self._leading)

    @cached_property
    def residual(self) -> np.ndarray:
        """How far the geodesic equation is from being satisfied, (...,): the largest of ``|x'' - a(x, x')|/|x'|``, in
        the metric, at points of the path that are none of collocation; for another alpha than 0 it may be that of the
        curve in its arc length (:mod:`symgeo.solve.curve_equation`). For closed forms and affine coordinates x' and
        x'' are differences of points, and the value is no better than these allow."""
        import numpy as np

        p, q = self._ends
        return np.where(np.all(p == q, axis=0), 0.0, self._source.residual()).reshape(self._leading)

    @cached_property
    def iterations(self) -> np.ndarray:
        """The number of Newton's steps, (...,); 0 where none were needed."""
        return self._source.iterations().reshape(self._leading)

    @cached_property
    def converged(self) -> np.ndarray:
        """Which pairs have a geodesic, (...,) of bool."""
        return self._source.converged().reshape(self._leading)

    @cached_property
    def leaves(self) -> np.ndarray:
        """Why there is no geodesic for alpha = 1 or -1, (...,) of str: the condition of the domain that fails on the
        straight line in affine coordinates; "" where none is seen to fail."""
        return self._source.leaves().reshape(self._leading)

    @cached_property
    def reasons(self) -> np.ndarray:
        """What was found instead of a geodesic, (...,) of str: how far alpha could be moved from 0, or how far out a
        polygon of least energy goes, which seeks an end of the domain; "" where nothing is known."""
        return self._source.reasons().reshape(self._leading)

    def __call__(self, t: Any) -> np.ndarray:
        """Points at times in [0, 1]: t (T,) -> (..., T, n), a number -> (..., n).

        Raises :class:`ShapeError` for times with more than one axis and :class:`ArgumentError` for others than these.
        """
        import numpy as np

        times = real_array(t, "times")
        if times.ndim > 1:
            raise ShapeError(f"times are a number or an array (T,), not of shape {times.shape}")
        if not np.all((times >= 0) & (times <= 1)):
            raise ArgumentError("a time is not in [0, 1]: 0 is at p, 1 at q; sg.geodesic follows a geodesic further")
        flat = np.atleast_1d(times)
        with np.errstate(all="ignore"):
            found = self._source.points(flat)
        p, q = self._ends
        found = np.where(flat == 0, p[:, :, None], np.where(flat == 1, q[:, :, None], found))
        found[:, ~self._source.converged()] = np.nan
        return np.moveaxis(found, 0, -1).reshape(*self._leading, *times.shape, len(p))

    def _points(self, columns: np.ndarray) -> np.ndarray:
        return columns.T.reshape(*self._leading, len(columns))

    def __len__(self) -> int:
        return self._ends[0].shape[1]

    def __repr__(self) -> str:
        import numpy as np

        count = len(self)
        names = ", ".join(map(str, self.manifold.coordinates))
        head = f"{count} geodesics" if count != 1 else "Geodesic"
        lines = [f"{head} between points, alpha = {self.alpha}, in ({names})", f"  method: {self.method}"]
        good = int(np.sum(self.converged))
        if not self.complete:
            lines.append(f"  INTERRUPTED: {good} of {count} are finished, the rest is nan")
        elif good < count:
            lines.append(f"  NOT CONVERGED: {count - good} of {count}, which are nan")
        if good:
            lines.append(f"  residual of the geodesic equation: {np.nanmax(self.residual):.1e}")
        if good and self.distance is not None:
            low, high = np.nanmin(self.distance), np.nanmax(self.distance)
            lines.append(f"  distance: {low:.12g}" if count == 1 else f"  distances: {low:.6g} to {high:.6g}")
        if count == 1 and good:
            times = np.linspace(0, 1, _SHOWN)
            rows = self(times).reshape(_SHOWN, -1)
            lines += [f"  t = {t:<5g} ({', '.join(f'{c:.10g}' for c in x)})" for t, x in zip(times, rows, strict=True)]
        return "\n".join(lines)
