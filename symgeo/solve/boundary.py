"""Whether a curve comes to the boundary of its chart, and when.

A condition c > 0 of the domain may end by a change of sign, or the curve may touch c = 0 and turn back: geodesics of
the simplex do, as those of the sphere that it is a part of. With ``c ~ (t' - t)^p`` the time ``q = -c/c'`` is
``(t' - t)/p``: it tends to zero, linearly, where the boundary is reached in finite time, and nowhere else. So no step
may reduce c by more than a factor, or pass a minimum that a curve aiming at the boundary could have reached; the steps
then close in on it, and t' is where q vanishes. In the same way ``|v|/|a|`` tends to zero where a
coordinate runs away in finite time, or the metric degenerates.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from symgeo.codegen import numpy_function

if TYPE_CHECKING:
    import numpy as np
    from sympy import Expr

    from symgeo.solve.spray import Spray

# What is left until the boundary, as a share of the time so far, that is extrapolated.
_NEAR = 1e-7
# Below this share of its terms a condition is lost in rounding, and further on its value is.
_CANCELLED, _NEAR_CANCELLED, _LOST = 1e-10, 1e-4, 1e-13
# No step takes more than this off a condition.
_DROP = 0.1
# Where in a step the conditions are looked at.
_WITHIN = (0.2, 0.5, 0.8)
# The velocity, compared with that at the start, from which a coordinate may be called running away.
_FAST = 1e4

METRIC = "the metric is finite and positive definite"


@dataclass
class Reading:
    """What is known at points: ``units`` (n, P), one over the root of g_ii; the conditions' ``values``, ``rates`` along
    the velocity and ``sizes``, the sum of their terms' absolute values, (m, P); ``sound`` (P,), whether all hold, and
    ``regular`` (P,), whether the metric is finite and positive definite as far as it was looked at."""

    units: np.ndarray
    values: np.ndarray
    rates: np.ndarray
    sizes: np.ndarray
    sound: np.ndarray
    regular: np.ndarray

    @property
    def cancellation(self) -> np.ndarray:
        """By what the conditions magnify rounding errors of the coordinates, (P,)."""
        import numpy as np

        return np.max(self.sizes / self.values, axis=0, initial=1.0)

    def columns(self, chosen: np.ndarray) -> Reading:
        """The reading at some of the points."""
        return Reading(*(a[..., chosen] for a in self._arrays()))

    def put(self, where: np.ndarray, other: Reading) -> None:
        """Take over another reading at points where it is to replace this one; both are of all points."""
        for mine, its in zip(self._arrays(), other._arrays(), strict=True):
            mine[..., where] = its[..., where]

    def _arrays(self) -> tuple[np.ndarray, ...]:
        return self.units, self.values, self.rates, self.sizes, self.sound, self.regular


@dataclass
class Arrival:
    """Where curves end: ``at`` (P,) the time, inf where they do not; ``which`` (P,) the number of the condition;
    ``lost`` (P,) where a condition is so small beside its terms that float64 has no digits of it left."""

    at: np.ndarray
    which: np.ndarray
    lost: np.ndarray


class Boundary:
    """The conditions of a chart along curves."""

    def __init__(self, spray: Spray):
        self._spray = spray
        n, m = spray.dim, len(spray.conditions)
        self._n, self._m = n, m

    @classmethod
    def of(cls, spray: Spray) -> Boundary:
        """The boundary of a chart; what was generated for it once is kept with the connection."""
        kept = spray.connection.generated
        if cls not in kept:
            kept[cls] = cls(spray)
        return kept[cls]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """How a curve can end: the conditions, a velocity that becomes infinite, the metric."""
        symbols = [str(s) for s in self._spray.manifold.coordinates]
        return (*(f"{c} > 0" for c in self._spray.conditions), *(f"|d{s}/dt| < oo" for s in symbols), METRIC)

    @cached_property
    def _function(self) -> Any:
        import sympy as sp

        spray, conditions = self._spray, self._spray.conditions
        g, x, v = spray.manifold.metric, spray.manifold.coordinates, spray.velocity_symbols
        rates = [sp.Add(*(c.diff(s) * u for s, u in zip(x, v, strict=True))) for c in conditions]
        sizes = [sp.Add(*map(sp.Abs, sp.Add.make_args(c))) for c in conditions]
        guards: list[Expr] = []
        if not conditions and spray.manifold.duality is not None:
            guards = [spray.manifold.duality.potential]
        diagonal = [g[i, i] for i in range(spray.dim)]
        return numpy_function([*diagonal, *conditions, *rates, *sizes, *guards], [*x, *v])

    def read(self, x: np.ndarray, v: np.ndarray) -> Reading:
        """The conditions at points and velocities (n, P)."""
        import numpy as np

        n, m = self._n, self._m
        found = np.stack(self._function(*x, *v))
        with np.errstate(all="ignore"):
            units = 1 / np.sqrt(found[:n])
        values, rates, sizes = found[n : n + m], found[n + m : n + 2 * m], found[n + 2 * m : n + 3 * m]
        regular = np.all(np.isfinite(units), axis=0) & np.all(np.isfinite(found[n + 3 * m :]), axis=0)
        if not m:
            regular &= self._definite(x, regular)
        sound = regular & np.all(np.isfinite(x), axis=0) & np.all(np.isfinite(v), axis=0) & np.all(values > 0, axis=0)
        return Reading(units, values, rates, sizes, sound, regular)

    def _definite(self, x: np.ndarray, regular: np.ndarray) -> np.ndarray:
        """Whether the metric is positive definite, where nothing but the metric tells the domain."""
        import numpy as np

        held = np.zeros(x.shape[1], dtype=bool)
        g = self._spray.metric(x.T[regular])
        whole = np.all(np.isfinite(g), axis=(1, 2))
        rows = np.flatnonzero(regular)[whole]
        held[rows] = np.linalg.eigvalsh(g[whole])[:, 0] > 0
        return held

    def passes(self, before: Reading, after: Reading, h: np.ndarray) -> np.ndarray:
        """Steps that may have jumped over a place where a condition fails, (P,) of bool."""
        import numpy as np

        if not self._m:
            return np.zeros(h.shape, dtype=bool)
        with np.errstate(all="ignore"):
            far = after.values < _DROP * before.values
            turned = (before.rates < 0) & (after.rates > 0)
            reached = (h * -before.rates > before.values) | (h * after.rates > after.values)
            bad = far | (turned & reached)
            for s in _WITHIN:  # Hermite's interpolant
                here = (1 + 2 * s) * (1 - s) ** 2 * before.values + s**2 * (3 - 2 * s) * after.values
                here += h * s * (1 - s) * ((1 - s) * before.rates - s * after.rates)
                bad |= here < _DROP * np.minimum(before.values, after.values)
        return np.any(bad, axis=0)

    def time_left(self, reading: Reading, v: np.ndarray, a: np.ndarray, reference: np.ndarray) -> np.ndarray:
        """``q`` of the conditions and of the coordinates, (m + n, P), inf where a curve does not aim there.

        ``reference`` (n, P): the size of velocities at the start.
        """
        import numpy as np

        with np.errstate(all="ignore"):
            conditions = np.where(reading.rates < 0, reading.values / -reading.rates, np.inf)
            away = (v * a > 0) & (np.abs(v) > _FAST * reference)
            return np.concatenate([conditions, np.where(away, v / a, np.inf)])

    def arrived(
        self, reading: Reading, t: np.ndarray, left: np.ndarray, earlier: np.ndarray, earlier_left: np.ndarray
    ) -> Arrival:
        """Which curves have come to an end, from the times left now and one step ``earlier``."""
        import numpy as np

        near = left < _NEAR * t
        with np.errstate(all="ignore"):
            share = reading.values / reading.sizes
            near[: self._m] |= (share < _CANCELLED) & (left[: self._m] < _NEAR_CANCELLED * t)
            lost = np.any(share < _LOST, axis=0)
            order = (t - earlier) / (earlier_left - left)
            order = np.where(np.isfinite(order) & (order > 0.2) & (order < 50), order, 1.0)
            at = np.where(near, t + order * left, np.inf)
        if not len(at):
            return Arrival(np.full(t.shape, np.inf), np.full(t.shape, -1), np.zeros(t.shape, dtype=bool))
        which = np.argmin(at, axis=0)
        first = np.min(at, axis=0)
        ended = np.isfinite(first)
        return Arrival(first, np.where(ended, which, -1), lost & ~ended)

    def broken(self, after: Reading) -> np.ndarray:
        """The number of the condition that fails at points (P,), -1 where none is known to."""
        import numpy as np

        if not self._m:
            return np.where(after.regular, -1, self._n)
        failing = ~(after.values > 0)
        return np.where(np.any(failing, axis=0), np.argmax(failing, axis=0), -1)
