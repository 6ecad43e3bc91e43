"""Recognised spaces in numbers: distance, logarithm map and geodesics of arrays of pairs.

Half chords instead of hyperbolic cosines, and differences of functions as integrals of their slopes where the points
are close, keep all digits at all distances. Sources: Ratcliffe, Foundations of Hyperbolic Manifolds, 2006, section 4.6;
Bhatia, Positive Definite Matrices, 2007, chapter 6.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from symgeo.codegen import numpy_function
from symgeo.errors import NoClosedFormError
from symgeo.geometry.positive_matrices import PositiveMatrices
from symgeo.geometry.space import Product, Space
from symgeo.geometry.space_forms import SpaceForm
from symgeo.solve.newton import solved

if TYPE_CHECKING:
    import numpy as np
    from sympy import Expr, Symbol

_RULES = (6, 10)  # Gauss points that must agree on a difference
_CLOSE = 0.3  # relative differences below which it is integrated
_AGREED = 1e-13


class ClosedForm(ABC):
    """A recognised space in numbers; points are arrays (n, P), in the manifold's coordinates."""

    def __init__(self, space: Space):
        self.name = space.name
        self.coordinates = space.coordinates

    @abstractmethod
    def distance(self, p: np.ndarray, q: np.ndarray) -> np.ndarray:
        """Distances (P,); nan where no curve connects the points."""

    @abstractmethod
    def logarithm(self, p: np.ndarray, q: np.ndarray) -> np.ndarray:
        """Initial velocities (n, P) of the geodesics from p that are at q at time 1."""

    @abstractmethod
    def path(self, p: np.ndarray, q: np.ndarray, times: np.ndarray) -> np.ndarray:
        """Points (n, P, T) of the geodesics; :class:`NoClosedFormError` where the map to the space has no inverse."""


class Map:
    """Functions of some coordinates with their slopes."""

    def __init__(self, functions: Sequence[Expr], coordinates: Sequence[Symbol]):
        self._values = numpy_function(functions, coordinates)
        self._slopes = numpy_function([f.diff(s) for f in functions for s in coordinates], coordinates)
        self._shape = (len(functions), len(coordinates))

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Values (m, P) at points (n, P)."""
        import numpy as np

        return np.array(self._values(*x))

    def slopes(self, x: np.ndarray) -> np.ndarray:
        """Jacobians (P, m, n)."""
        import numpy as np

        return np.moveaxis(np.array(self._slopes(*x)).reshape(*self._shape, *x.shape[1:]), (0, 1), (-2, -1))

    def difference(self, p: np.ndarray, q: np.ndarray) -> np.ndarray:
        """``f(q) - f(p)`` (m, P), without cancellation where the points are close."""
        import numpy as np

        a, b = self(p), self(q)
        out = b - a
        rows = np.flatnonzero(np.any(np.abs(out) < _CLOSE * np.maximum(np.abs(a), np.abs(b)), axis=0))
        if len(rows):
            few, many = (self._integrated(p[:, rows], q[:, rows], size) for size in _RULES)
            agreed = np.abs(few - many) <= _AGREED * np.abs(many)
            out[:, rows] = np.where(agreed, many, out[:, rows])
        return out

    def _integrated(self, p: np.ndarray, q: np.ndarray, size: int) -> np.ndarray:
        import numpy as np

        nodes, weights = np.polynomial.legendre.leggauss(size)
        d = q - p
        between = p[:, :, None] + d[:, :, None] * (nodes + 1) / 2
        return np.einsum("ptmn,np,t->mp", self.slopes(between), d, weights / 2)


class FlatForm(ClosedForm):
    """Euclidean: orthonormal coordinates."""

    def __init__(self, space: SpaceForm):
        super().__init__(space)
        self._map = Map(list(space.map.values()), space.coordinates)
        self._space = space

    @cached_property
    def _back(self) -> Back:
        return Back(self._space)

    def distance(self, p: np.ndarray, q: np.ndarray) -> np.ndarray:
        import numpy as np

        return np.sqrt(np.sum(self._map.difference(p, q) ** 2, axis=0))

    def logarithm(self, p: np.ndarray, q: np.ndarray) -> np.ndarray:
        return _through(self._map.slopes(p), self._map.difference(p, q))

    def path(self, p: np.ndarray, q: np.ndarray, times: np.ndarray) -> np.ndarray:
        return self._back(p, q, 1 - times, times)


class SphereForm(ClosedForm):
    """A sphere in a Euclidean space, ``|X|^2 = 1/K``."""

    def __init__(self, space: SpaceForm):
        super().__init__(space)
        self._map = Map(list(space.map.values()), space.coordinates)
        self._root = float(space.curvature) ** 0.5
        self._space = space

    @cached_property
    def _back(self) -> Back:
        return Back(self._space)

    def _angle(self, p: np.ndarray, q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        import numpy as np

        d = self._map.difference(p, q)
        both = self._map(p) + self._map(q)
        angle = 2 * np.arctan2(np.sqrt(np.sum(d**2, axis=0)), np.sqrt(np.sum(both**2, axis=0)))
        return angle, d

    def distance(self, p: np.ndarray, q: np.ndarray) -> np.ndarray:
        return self._angle(p, q)[0] / self._root

    def logarithm(self, p: np.ndarray, q: np.ndarray) -> np.ndarray:
        import numpy as np

        angle, d = self._angle(p, q)
        with np.errstate(all="ignore"):
            there = (d + 2 * np.sin(angle / 2) ** 2 * self._map(p)) / np.sinc(angle / np.pi)
        slopes = self._map.slopes(p)
        transposed = np.swapaxes(slopes, -1, -2)
        return _columns(solved(transposed @ slopes, transposed @ there.T[:, :, None]))

    def path(self, p: np.ndarray, q: np.ndarray, times: np.ndarray) -> np.ndarray:
        import numpy as np

        angle = self._angle(p, q)[0][:, None]
        size = np.sinc(angle / np.pi)
        parts = [np.sinc(s * angle / np.pi) * s / size for s in (1 - times, times)]
        return self._back(p, q, *parts)


class HyperbolicForm(ClosedForm):
    """The upper half-space, metric ``(dx^2 + dy^2)/(-K y^2)``."""

    def __init__(self, space: SpaceForm):
        super().__init__(space)
        self._map = Map(list(space.map.values()), space.coordinates)
        self._root = float(-space.curvature) ** 0.5
        self._space = space

    @cached_property
    def _back(self) -> Back:
        return Back(self._space)

    def _half_chord(self, p: np.ndarray, q: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """``sinh`` of half the angle, the difference in the half-space, and both heights."""
        import numpy as np

        d, start, end = self._map.difference(p, q), self._map(p)[-1], self._map(q)[-1]
        with np.errstate(all="ignore"):
            return np.sqrt(np.sum(d**2, axis=0)) / (2 * np.sqrt(start * end)), d, start, end

    def distance(self, p: np.ndarray, q: np.ndarray) -> np.ndarray:
        import numpy as np

        return 2 * np.arcsinh(self._half_chord(p, q)[0]) / self._root

    def logarithm(self, p: np.ndarray, q: np.ndarray) -> np.ndarray:
        """Minus the gradient of half the squared distance."""
        import numpy as np

        s, d, start, end = self._half_chord(p, q)
        ratio = np.where(s > 0, 2 * np.arcsinh(s) / np.where(s > 0, s, 1.0), 2.0)  # the angle over s
        there = d * start / (2 * end)
        there[-1] += start * s**2
        return _through(self._map.slopes(p), there * ratio / np.sqrt(1 + s**2))

    def path(self, p: np.ndarray, q: np.ndarray, times: np.ndarray) -> np.ndarray:
        import numpy as np

        angle = 2 * np.arcsinh(self._half_chord(p, q)[0])[:, None]
        # sinh(s A)/sinh(A), by exponentials that do not overflow.
        rest = np.where(angle > 0, -np.expm1(-2 * angle), 1.0)
        parts = [
            np.where(angle > 0, np.exp(-(1 - s) * angle) * -np.expm1(-2 * s * angle) / rest, s)
            for s in (1 - times, times)
        ]
        return self._back(p, q, *parts)


class MatrixForm(ClosedForm):
    """Positive definite matrices S, metric ``(k/2) tr(S^-1 dS S^-1 dS)``."""

    def __init__(self, space: PositiveMatrices):
        super().__init__(space)
        self._order, self._factor = space.order, float(space.factor)
        self._map = Map([space.matrix[a, b] for a, b in space.places], space.coordinates)
        self._places, self._space = space.places, space

    @cached_property
    def _images(self) -> Any:
        targets, images = self._space.inverse_map
        return numpy_function(images, targets)

    def _matrices(self, entries: np.ndarray) -> np.ndarray:
        import numpy as np

        out = np.empty((*entries.shape[1:], self._order, self._order))
        for value, (a, b) in zip(entries, self._places, strict=True):
            out[..., a, b] = out[..., b, a] = value
        return out

    def _entries(self, matrices: np.ndarray) -> np.ndarray:
        import numpy as np

        return np.stack([matrices[..., a, b] for a, b in self._places])

    def _relative(self, p: np.ndarray, change: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """L, and the eigenvalues and eigenvectors of ``L^-1 D L^-T`` with ``S(p) = L L^T``."""
        import numpy as np

        lower = np.linalg.cholesky(self._matrices(self._map(p)))
        half = np.linalg.solve(lower, change)
        whole = np.linalg.solve(lower, np.swapaxes(half, -1, -2))
        return lower, *np.linalg.eigh((whole + np.swapaxes(whole, -1, -2)) / 2)

    def _logarithms(self, p: np.ndarray, q: np.ndarray) -> np.ndarray:
        """The logarithms of the eigenvalues of ``S(p)^-1 S(q)``; each from the side on which it is large."""
        import numpy as np

        change = self._matrices(self._map.difference(p, q))
        ahead, back = self._relative(p, change)[1], self._relative(q, -change)[1]
        with np.errstate(all="ignore"):
            return np.where(ahead > 0, np.log1p(np.maximum(ahead, -0.5)), -np.log1p(np.maximum(back[:, ::-1], -0.5)))

    def distance(self, p: np.ndarray, q: np.ndarray) -> np.ndarray:
        import numpy as np

        return np.sqrt(self._factor / 2 * np.sum(self._logarithms(p, q) ** 2, axis=-1))

    def _power(self, p: np.ndarray, q: np.ndarray, function: Any) -> np.ndarray:
        """``L U f(log lambda) U^T L^T``."""
        import numpy as np

        lower, _, vectors = self._relative(p, self._matrices(self._map.difference(p, q)))
        frame = lower @ vectors
        return (frame * function(self._logarithms(p, q))[:, None, :]) @ np.swapaxes(frame, -1, -2)

    def logarithm(self, p: np.ndarray, q: np.ndarray) -> np.ndarray:
        return _through(self._map.slopes(p), self._entries(self._power(p, q, lambda logs: logs)))

    def path(self, p: np.ndarray, q: np.ndarray, times: np.ndarray) -> np.ndarray:
        import numpy as np

        there = [self._entries(self._power(p, q, lambda logs, t=t: np.exp(t * logs))) for t in times]
        return np.array(self._images(*np.stack(there, axis=-1)))


class ProductForm(ClosedForm):
    """A product: every factor by itself."""

    def __init__(self, space: Product):
        super().__init__(space)
        self._factors = [closed_form(f) for f in space.factors]
        self._rows = [[space.coordinates.index(s) for s in f.coordinates] for f in space.factors]

    def distance(self, p: np.ndarray, q: np.ndarray) -> np.ndarray:
        import numpy as np

        parts = [f.distance(p[rows], q[rows]) for f, rows in zip(self._factors, self._rows, strict=True)]
        return np.sqrt(sum(d**2 for d in parts))

    def logarithm(self, p: np.ndarray, q: np.ndarray) -> np.ndarray:
        import numpy as np

        out = np.empty(p.shape)
        for f, rows in zip(self._factors, self._rows, strict=True):
            out[rows] = f.logarithm(p[rows], q[rows])
        return out

    def path(self, p: np.ndarray, q: np.ndarray, times: np.ndarray) -> np.ndarray:
        import numpy as np

        out = np.empty((*p.shape, len(times)))
        for f, rows in zip(self._factors, self._rows, strict=True):
            out[rows] = f.path(p[rows], q[rows], times)
        return out


class Back:
    """From linear coordinates of a space of constant curvature to the manifold's."""

    def __init__(self, space: SpaceForm):
        chosen, targets, images = space.inverse_map
        self._functions = numpy_function([space.functions[i] for i in chosen], space.coordinates)
        self._images = numpy_function(images, targets)

    def __call__(self, p: np.ndarray, q: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """The points (n, P, T) with linear coordinates ``first f(p) + second f(q)``."""
        import numpy as np

        a, b = np.array(self._functions(*p)), np.array(self._functions(*q))
        return np.array(self._images(*(a[:, :, None] * first + b[:, :, None] * second)))


def closed_form(space: Space) -> ClosedForm:
    """The space in numbers; :class:`NoClosedFormError` for one that is not known here."""
    if isinstance(space, Product):
        return ProductForm(space)
    if isinstance(space, PositiveMatrices):
        return MatrixForm(space)
    if isinstance(space, SpaceForm):
        value = float(space.curvature)
        return FlatForm(space) if value == 0 else SphereForm(space) if value > 0 else HyperbolicForm(space)
    raise NoClosedFormError(f"the {space.name} is not known in numbers; integrate the geodesic equations")


def _columns(vectors: np.ndarray) -> np.ndarray:
    """(P, n, 1) as (n, P)."""
    return vectors[:, :, 0].T.copy()


def _through(slopes: np.ndarray, change: np.ndarray) -> np.ndarray:
    """The velocity (n, P) whose image under maps with the Jacobians (P, n, n) is ``change`` (n, P)."""
    return _columns(solved(slopes, change.T[:, :, None]))
