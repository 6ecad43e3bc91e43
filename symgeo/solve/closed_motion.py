"""Geodesics of recognised spaces from a point and a velocity, in closed form.

A linear function f of a space of constant curvature K changes along a geodesic as ``f'' = -K g(v, v) f``, and a matrix
S of the cone of positive definite ones as ``S exp(t S^-1 V)``; the coordinates come back from these by closed inverses.
A point is taken only if all functions, taken there, are met to the digits that float64 has, and if the chart's own
rounding errors are not magnified on the way; else the geodesic is integrated. Sources: Lee, Introduction to Riemannian
Manifolds, 2018; Bhatia, Positive Definite Matrices, 2007.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from symgeo.codegen import numpy_function
from symgeo.errors import NoClosedFormError
from symgeo.geometry.legendre_newton import solutions
from symgeo.geometry.moved import MovedManifold
from symgeo.geometry.positive_matrices import PositiveMatrices
from symgeo.geometry.space import Product, Space
from symgeo.geometry.space_forms import SpaceForm
from symgeo.solve.march import paces

if TYPE_CHECKING:
    import numpy as np
    from sympy import Expr, Symbol

    from symgeo.solve.march import State
    from symgeo.solve.spray import Spray

_EPS = 2.3e-16
_MET = 1e-8  # of functions that are not inverted, relative to their sizes: another branch misses by more
_BACK = 100  # of the rounding errors: by how much a start may be missed


class ClosedSpace:
    """The factors of a recognised space as functions of the time; kept with the manifold."""

    def __init__(self, space: Space, coordinates: Sequence[Symbol]):
        factors = space.factors if isinstance(space, Product) else [space]
        self.name = f"closed form: {space.name}"
        self.factors = [_factor(f) for f in factors]
        self.rows = [[coordinates.index(s) for s in f.coordinates] for f in factors]

    @classmethod
    def of(cls, spray: Spray) -> ClosedSpace | None:
        """The space of alpha = 0, where it is recognised and the way back from it is known; else None.

        In the declared chart only.
        """
        kept = spray.connection.generated
        if cls not in kept:
            kept[cls] = None
            # In a chart of someone's own the search takes longer than many integrations.
            if spray.alpha == 0 and not isinstance(spray.manifold, MovedManifold):
                with suppress(NoClosedFormError):
                    kept[cls] = cls(spray.manifold._space, spray.manifold.coordinates)
        return kept[cls]


class ClosedMotion:
    """Steps along geodesics in closed form that begin at x with velocity v, (n, P)."""

    exact = True

    def __init__(self, space: ClosedSpace, spray: Spray, x: np.ndarray, v: np.ndarray, tolerance: float):
        import numpy as np

        self._space, self._spray, self._tolerance = space, spray, tolerance
        self._begun = [f.begun(x[rows], v[rows]) for f, rows in zip(space.factors, space.rows, strict=True)]
        self.name = space.name
        self._lost = np.zeros(x.shape[1], dtype=bool)
        with np.errstate(all="ignore"):
            begin, _, error = self._values(np.arange(x.shape[1]), np.zeros(x.shape[1]))
        # Inverse functions have several branches: that which does not lead back to the start is none of this geodesic.
        self._lost = ~np.all(np.abs(begin - x) <= _BACK * error, axis=0)

    def longest(self, state: State) -> np.ndarray:
        """The longest steps (P,), by one over the root of g_ii."""
        import numpy as np

        with np.errstate(all="ignore"):
            return 1.0 / paces(state)

    def slope(self, x: np.ndarray, v: np.ndarray) -> np.ndarray:
        """The acceleration (n, P)."""
        return self._spray.acceleration_columns(x, v)

    def trial(self, ids: np.ndarray, state: State, h: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Points and velocities after steps h (P,), and the error (P,)."""
        import numpy as np

        with np.errstate(all="ignore"):
            x, v, error = self._values(ids, state.t + h)
            allowed = self._tolerance * state.reading.units + 4 * _EPS * np.abs(x)
            return x, v, np.max(error / allowed, axis=0)

    def between(
        self, ids: np.ndarray, t: np.ndarray, x: np.ndarray, v: np.ndarray, later: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Points and velocities at times ``later`` (P,)."""
        import numpy as np

        with np.errstate(all="ignore"):
            point, velocity, _ = self._values(ids, later)
        return point, velocity

    def _values(self, ids: np.ndarray, t: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Points, velocities and rounding errors (n, P)."""
        import numpy as np

        x, v, error = np.empty((3, self._spray.dim, len(t)))
        for factor, rows, begun in zip(self._space.factors, self._space.rows, self._begun, strict=True):
            x[rows], v[rows], error[rows] = factor.at([b[..., ids] for b in begun], t)
        return x, v, np.where(self._lost[ids], np.inf, error)


class _Factor:
    """Functions of some coordinates, ``chosen`` ones of which have an inverse."""

    def __init__(
        self,
        functions: Sequence[Expr],
        coordinates: Sequence[Symbol],
        chosen: Sequence[int],
        targets: Sequence[Symbol],
        images: Sequence[Expr],
    ):
        self._count, self._n, self._chosen = len(functions), len(coordinates), list(chosen)
        slopes = [f.diff(s) for f in functions for s in coordinates]
        self._forward = numpy_function([*functions, *slopes], coordinates)
        self._back = numpy_function(images, targets)

    def forward(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The functions (m, P) and their Jacobian (P, m, n)."""
        import numpy as np

        m = self._count
        found = np.stack([np.broadcast_to(c, x.shape[1:]) for c in self._forward(*x)])
        return found[:m], np.ascontiguousarray(np.moveaxis(found[m:].reshape(m, self._n, -1), -1, 0))

    def begun(self, x: np.ndarray, v: np.ndarray) -> list[np.ndarray]:
        """What is known of geodesics from their start, arrays (..., P)."""
        raise NotImplementedError

    def line(self, begun: list[np.ndarray], t: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The functions at times t (P,), their derivatives, and the sizes of what they are sums of, (m, P)."""
        raise NotImplementedError

    def at(self, begun: list[np.ndarray], t: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Points, velocities and rounding errors (n, P) at times t (P,)."""
        import numpy as np

        chosen = self._chosen
        line, rate, sizes = self.line(begun, t)
        x = np.stack([np.broadcast_to(c, t.shape) for c in self._back(*line[chosen])])
        values, jacobian = self.forward(x)
        gap = np.abs(values - line)
        jacobian = np.ascontiguousarray(jacobian[:, chosen])
        v = solutions(jacobian, rate[chosen].T[:, :, None])[:, :, 0].T
        inverse = np.abs(solutions(jacobian, np.broadcast_to(np.eye(self._n), jacobian.shape)))
        error = np.einsum("pij,jp->ip", inverse, _EPS * sizes[chosen] + gap[chosen])
        missed = np.any(gap > _MET * sizes, axis=0)
        return x, np.ascontiguousarray(v), np.where(missed, np.inf, error)


class _Linear(_Factor):
    """A space of constant curvature."""

    def __init__(self, space: SpaceForm):
        super().__init__(space.functions, space.coordinates, *space.inverse_map)
        self._curvature = float(space.curvature)
        self._form = [[float(e) for e in space.form.row(i)] for i in range(len(space.functions))]

    def begun(self, x: np.ndarray, v: np.ndarray) -> list[np.ndarray]:
        import numpy as np

        values, jacobian = self.forward(x)
        rates = np.einsum("pmn,np->mp", jacobian, v)
        square = np.einsum("ap,ab,bp->p", rates, np.array(self._form), rates)
        return [values, rates, np.sqrt(abs(self._curvature) * np.maximum(square, 0.0))]

    def line(self, begun: list[np.ndarray], t: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        import numpy as np

        values, rates, pace = begun
        angle = pace * t
        if self._curvature > 0:
            even, odd, turn = np.cos(angle), t * np.sinc(angle / np.pi), -pace * np.sin(angle)
        elif self._curvature < 0:
            even, turn = np.cosh(angle), pace * np.sinh(angle)
            odd = t * np.where(angle > 0, np.sinh(angle) / np.where(angle > 0, angle, 1.0), 1.0)
        else:
            even, odd, turn = np.ones_like(t), t, np.zeros_like(t)
        reach = np.abs(turn) * t + np.abs(even)
        sizes = reach * np.abs(values) + (np.abs(odd) + np.abs(even * t)) * np.abs(rates)
        return even * values + odd * rates, turn * values + even * rates, sizes


class _Matrices(_Factor):
    """Positive definite matrices."""

    def __init__(self, space: PositiveMatrices):
        targets, images = space.inverse_map
        functions = [space.matrix[a, b] for a, b in space.places]
        super().__init__(functions, space.coordinates, range(len(functions)), targets, images)
        self._order, self._places = space.order, space.places

    def begun(self, x: np.ndarray, v: np.ndarray) -> list[np.ndarray]:
        import numpy as np

        values, jacobian = self.forward(x)
        start, slope = self._whole(values), self._whole(np.einsum("pmn,np->mp", jacobian, v))
        lower = np.linalg.cholesky(start)
        half = np.linalg.solve(lower, slope)
        relative = np.linalg.solve(lower, np.swapaxes(half, -1, -2))
        logs, vectors = np.linalg.eigh((relative + np.swapaxes(relative, -1, -2)) / 2)
        return [np.moveaxis(lower @ vectors, 0, -1), logs.T]

    def line(self, begun: list[np.ndarray], t: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        import numpy as np

        frame, logs = begun
        powers = np.exp(logs * t)
        sizes = (1 + np.abs(logs * t)) * powers
        parts = [
            np.einsum("aip,ip,bip->abp", f, w, f)
            for f, w in ((frame, powers), (frame, logs * powers), (np.abs(frame), sizes))
        ]
        rows, columns = zip(*self._places, strict=True)
        return tuple(part[list(rows), list(columns)] for part in parts)  # type: ignore[return-value]

    def _whole(self, entries: np.ndarray) -> np.ndarray:
        import numpy as np

        out: Any = np.empty((entries.shape[1], self._order, self._order))
        for value, (a, b) in zip(entries, self._places, strict=True):
            out[:, a, b] = out[:, b, a] = value
        return out


def _factor(space: Space) -> _Factor:
    if isinstance(space, PositiveMatrices):
        return _Matrices(space)
    if isinstance(space, SpaceForm):
        return _Linear(space)
    raise NoClosedFormError(f"geodesics of the {space.name} are not known here in numbers")
