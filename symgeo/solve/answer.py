"""What following geodesics gives: points and velocities at the times asked for, and between them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from symgeo.codegen.numpy import real_array
from symgeo.errors import ArgumentError, ShapeError

if TYPE_CHECKING:
    import numpy as np
    from sympy import Expr

    from symgeo.solve.path import Paths
    from symgeo.solve.spray import Spray

_SHOWN = 6


def increasing(times: Any) -> np.ndarray:
    """Times (T,) as an array; :class:`ShapeError` and :class:`ArgumentError` where they are none or do not increase."""
    import numpy as np

    moments = real_array(times, "times")
    if moments.ndim != 1 or not len(moments):
        raise ShapeError(f"times are an array (T,) with at least one time, not of shape {moments.shape}")
    if not np.all(np.isfinite(moments)) or np.any(np.diff(moments) <= 0):
        raise ArgumentError("the times must be finite and increase; sort them and name each one once")
    return moments


@dataclass(frozen=True, repr=False)
class Geodesic:
    """Geodesics of one alpha-connection, from time 0 to the last of ``times``; ``answer(t)`` gives points between.

    ``times`` (T,); ``points`` and ``velocities`` (..., T, n), nan where a geodesic has left the domain; ``speed``
    (...,) the length of the initial velocity; ``energy_drift`` (...,) for alpha = 0 the largest relative change of
    g(v, v), which is constant along a geodesic, over the times; None for another alpha. ``exit_time`` (...,): when a
    geodesic leaves the domain, inf where it does not before the last time, and ``exit_condition`` (...,): what ends
    there, "" where nothing does. ``method``: how they were found. ``complete``: False where the work was interrupted,
    and what was not reached is nan.
    """

    manifold: Any
    alpha: Expr
    times: np.ndarray
    points: np.ndarray
    velocities: np.ndarray
    speed: np.ndarray
    energy_drift: np.ndarray | None
    exit_time: np.ndarray
    exit_condition: np.ndarray
    method: str
    complete: bool
    _spray: Spray = field(repr=False, compare=False)
    _paths: Paths = field(repr=False, compare=False)

    @property
    def end(self) -> np.ndarray:
        """The points at the last time, (..., n)."""
        return self.points[..., -1, :]

    def __call__(self, t: Any) -> np.ndarray:
        """Points at any times: t (S,) -> (..., S, n), a number -> (..., n); nan before 0, after the last time and
        outside the domain."""
        return self.state(t)[0]

    def velocity(self, t: Any) -> np.ndarray:
        """Velocities at any times, as points are given by a call."""
        return self.state(t)[1]

    def state(self, t: Any) -> tuple[np.ndarray, np.ndarray]:
        """Points and velocities at any times; :class:`ShapeError` for times with more than one axis."""
        import numpy as np

        times = real_array(t, "times")
        if times.ndim > 1:
            raise ShapeError(f"times are a number or an array (S,), not of shape {times.shape}")
        leading = self.speed.shape
        count, n = self.speed.size, self.points.shape[-1]
        flat = np.atleast_1d(times)
        x, v = self._paths.at(np.repeat(np.arange(count), len(flat)), np.tile(flat, count))
        shape = (*leading, *times.shape, n)
        return x.T.reshape(shape), v.T.reshape(shape)

    def __len__(self) -> int:
        return self.speed.size

    def __repr__(self) -> str:
        import numpy as np

        count = self.speed.size
        many = f"{count} geodesics" if count != 1 else "Geodesic"
        names = ", ".join(map(str, self.manifold.coordinates))
        lines = [
            f"{many}, alpha = {self.alpha}, in ({names}), {len(self.times)} times from {self.times[0]:g} to "
            f"{self.times[-1]:g}"
        ]
        lines.append(f"  method: {self.method}")
        if not self.complete:
            done = np.all(np.isfinite(self.points[..., -1, :]), axis=-1) | np.isfinite(self.exit_time)
            lines.append(f"  INTERRUPTED: {int(np.sum(done))} of {count} are finished, the rest is nan")
        if self.energy_drift is not None and np.any(np.isfinite(self.energy_drift)):
            lines.append(f"  g(v, v) constant to {np.nanmax(self.energy_drift):.1e}")
        lines += self._exits()
        if count == 1:
            rows = self.points.reshape(len(self.times), -1)
            some = np.unique(np.linspace(0, len(self.times) - 1, min(_SHOWN, len(self.times))).astype(int))
            lines += [f"  t = {self.times[k]:<10.6g} ({', '.join(f'{c:.10g}' for c in rows[k])})" for k in some]
        return "\n".join(lines)

    def _exits(self) -> list[str]:
        import numpy as np

        gone = np.flatnonzero(np.isfinite(self.exit_time).ravel())
        if not len(gone):
            return []
        times, conditions = self.exit_time.ravel(), self.exit_condition.ravel()
        if self.speed.size == 1:
            return [f"  leaves the domain at t = {times[0]:.10g}, where {conditions[0]} ends; nan from there on"]
        lines = [f"  {len(gone)} leave the domain, the first at t = {np.min(times):.6g}; nan from there on:"]
        kinds, counts = np.unique(conditions[gone].astype(str), return_counts=True)
        return lines + [f"    {c} where {kind} ends" for kind, c in zip(kinds, counts, strict=True)]
