"""The right-hand side of the geodesic equations of one connection as generated functions.

``x''^k = -Gamma^k_ij(x) x'^i x'^j`` is a vector field on the tangent bundle, the spray of the connection. It is
contracted with the velocity symbolically, so that one function with shared subexpressions computes it. Where the
inverse metric is kept by names, or would be longer than the metric by far, symbols of the first kind are generated and
the linear system is solved in numbers.
Source: Lee, Introduction to Riemannian Manifolds, 2018, chapter 4; Amari and Nagaoka 2000, section 1.6.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

from symgeo.algebra import Tensor, as_expression
from symgeo.codegen import lambdify, numpy_function
from symgeo.codegen.numeric_node import nodes_in
from symgeo.errors import ParameterListError, ShapeError, UnknownSymbolError
from symgeo.geometry.manifold import StatisticalManifold

if TYPE_CHECKING:
    import numpy as np
    from sympy import Expr

    from symgeo.geometry.connection import Connection
    from symgeo.geometry.isometry import HasManifold

# Terms of the symbols of the second kind beyond which the metric is inverted in numbers, if the first have fewer.
_LONG = 20000


def manifold_of(m: StatisticalManifold | HasManifold) -> StatisticalManifold:
    """The manifold itself, or that of a model; :class:`UnknownSymbolError` where it holds more than its coordinates."""
    manifold = m if isinstance(m, StatisticalManifold) else m.manifold
    free = set().union(*(e.free_symbols for e in manifold.metric.nonzero().values())) - set(manifold.coordinates)
    if free:
        names = ", ".join(sorted(map(str, free)))
        raise UnknownSymbolError(
            f"the metric holds {names} besides the coordinates {manifold.coordinates}: numbers are needed here; "
            f"substitute a value for {names} in the declaration"
        )
    return manifold


def number_alpha(alpha: Expr | int | float | Fraction) -> Expr:
    """alpha as an exact number; :class:`ParameterListError` for what is none."""
    order = as_expression(alpha)
    if not (order.is_number and order.is_real and order.is_finite):
        raise ParameterListError(f"alpha is a real number here, not {alpha}: give a value to its symbols")
    return order


def domain_of(manifold: StatisticalManifold) -> tuple[Expr, ...]:
    """What is positive inside the chart: the conditions of its domain, or the signs that the symbols are given."""
    stated = manifold.metric.conditions
    if stated:
        return stated
    signed = {s: s if s.is_positive else -s for s in manifold.coordinates if s.is_positive or s.is_negative}
    return tuple(signed.values())


class Spray:
    """The generated right-hand side of the geodesic equations of one alpha-connection.

    ``manifold``: a manifold or a model; ``alpha``: a number. Raises :class:`ParameterListError` for another alpha,
    :class:`UnknownSymbolError` where the metric holds symbols that are no coordinates, :class:`SingularMetricError`.
    Points and velocities are arrays (..., n) whose leading axes broadcast; the methods raise :class:`ShapeError`.
    """

    def __init__(self, manifold: StatisticalManifold | HasManifold, alpha: Expr | int | float | Fraction = 0):
        import sympy as sp

        self.manifold = manifold_of(manifold)
        self.alpha = number_alpha(alpha)
        self.connection: Connection = self.manifold.connection(self.alpha)
        self.dim = self.manifold.dim
        self.conditions = domain_of(self.manifold)
        self._velocity = sp.symbols(f"v:{self.dim}", cls=sp.Dummy, real=True)
        self._arguments = [*self.manifold.coordinates, *self._velocity]

    # -- symbols -------------------------------------------------------------------------------------------------------

    @cached_property
    def _solves(self) -> bool:
        """Whether the metric is inverted in numbers."""
        m = self.manifold
        if m.keeps_names:
            return True
        second = _terms(self.connection.christoffel)
        return second > _LONG and second > _terms(self.connection.christoffel_first_kind)

    @cached_property
    def _forces(self) -> list[Expr]:
        """``-Gamma^k_ij v^i v^j``, or with the last index lowered where the metric is inverted in numbers; n."""
        return [-e for e in self._contracted(lambda k, i, j: self._symbol(k, i, j))]

    def _symbol(self, k: int, i: int, j: int) -> Any:
        if self._solves:
            return self.connection.christoffel_first_kind.element(i, j, k)
        return self.connection.christoffel.element(k, i, j)

    def _contracted(self, entry: Any) -> list[Expr]:
        """``sum_ij entry(k, i, j) v^i v^j`` for every k; one element of the field to a pair of velocities."""
        import sympy as sp

        v, n = self._velocity, self.dim
        out = []
        for k in range(n):
            terms = []
            for i in range(n):
                for j in range(i, n):
                    value = entry(k, i, j)
                    if value:
                        terms.append((1 if i == j else 2) * value.to_sympy() * v[i] * v[j])
            out.append(sp.Add(*terms))
        return out

    def _slopes(self) -> list[Expr]:
        """The derivatives of the forces by the coordinates and by the velocities, each (n, n) row-major."""
        import sympy as sp

        v, n, x = self._velocity, self.dim, self.manifold.coordinates
        by_point = [self._contracted(lambda k, i, j, s=s: self._symbol(k, i, j).diff(s)) for s in x]
        by_velocity = [
            [-2 * sp.Add(*(e.to_sympy() * v[i] for i in range(n) if (e := self._symbol(k, i, j)))) for j in range(n)]
            for k in range(n)
        ]
        return [*(-by_point[m][k] for k in range(n) for m in range(n)), *(e for row in by_velocity for e in row)]

    # -- functions -----------------------------------------------------------------------------------------------------

    @property
    def is_integrated(self) -> bool:
        """Whether values come from quadrature: the symbols hold expectations without closed form."""
        return bool(nodes_in(self._forces))

    def acceleration(self, x: np.ndarray, v: np.ndarray) -> np.ndarray:
        """``-Gamma^k_ij v^i v^j``, (..., n), (..., n) -> (..., n); nan outside the domain."""
        import numpy as np

        columns, leading = self._columns(x, v)
        out = self.acceleration_columns(columns[: self.dim], columns[self.dim :])
        out[:, ~self.inside_columns(columns[: self.dim])] = np.nan
        return _rows(out, leading)

    def acceleration_columns(self, x: np.ndarray, v: np.ndarray) -> np.ndarray:
        """The acceleration, (n, P), (n, P) -> (n, P), every coordinate contiguous; the domain is not looked at."""
        import numpy as np

        forces = self._force_function(*x, *v)
        out = np.empty(x.shape)
        for row, force in zip(out, forces, strict=True):
            row[...] = force
        return self._raised(x, out) if self._solves else out

    def metric(self, x: np.ndarray) -> np.ndarray:
        """g_ij, (..., n) -> (..., n, n); nan outside the domain."""
        return self._metric_function(x)

    def with_slopes(self, x: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The acceleration a (..., n), its derivatives ``[..., k, m] = d a^k/d x^m`` and ``d a^k/d v^m`` (..., n, n).

        All are nan outside the domain.
        """
        import numpy as np

        n = self.dim
        columns, leading = self._columns(x, v)
        point = columns[:n]
        values = np.stack(self._slope_function(*columns))
        a, by_point = values[:n], values[n : n + n * n].reshape(n, n, -1)
        by_velocity = values[n + n * n : n + 2 * n * n].reshape(n, n, -1)
        if self._solves:
            # g a = f, so g da = df - dg a.
            a = self._raised(point, a)
            metric_slopes = values[n + 2 * n * n :].reshape(n, n, n, -1)
            by_point = by_point - np.einsum("kjmp,jp->kmp", metric_slopes, a)
            by_point, by_velocity = self._raised(point, by_point), self._raised(point, by_velocity)
        outside = ~self.inside_columns(point)
        found = []
        for part in (a, by_point, by_velocity):
            own = np.array(part)
            own[..., outside] = np.nan
            found.append(_rows(own, leading))
        return found[0], found[1], found[2]

    def inside(self, x: np.ndarray) -> np.ndarray:
        """Whether all conditions of the domain hold and all coordinates are finite, (..., n) -> (...) of bool."""
        columns, leading = self._columns(x)
        return self.inside_columns(columns).reshape(leading)

    def inside_columns(self, x: np.ndarray) -> np.ndarray:
        """Whether points (n, P) lie inside the domain, (P,)."""
        import numpy as np

        held = np.all(np.isfinite(x), axis=0)
        for value in self._condition_function(*x):
            held &= value > 0
        return held

    @cached_property
    def _force_function(self) -> Any:
        return numpy_function(self._forces, self._arguments)

    @cached_property
    def _slope_function(self) -> Any:
        more: list[Expr] = []
        if self._solves:
            g, x, n = self.manifold.metric, self.manifold.coordinates, range(self.dim)
            more = [g.element(k, j).diff(x[m]).to_sympy() for k in n for j in n for m in n]
        return numpy_function([*self._forces, *self._slopes(), *more], self._arguments)

    @cached_property
    def _metric_function(self) -> Any:
        return lambdify(self.manifold.metric)

    @cached_property
    def _condition_function(self) -> Any:
        return numpy_function(self.conditions, self.manifold.coordinates)

    def _raised(self, x: np.ndarray, lower: np.ndarray) -> np.ndarray:
        """``g^kl`` applied to the first axis of an array (n, ..., P), by solving with the metric at points (n, P)."""
        import numpy as np

        from symgeo.geometry.legendre_newton import solutions

        right = np.moveaxis(lower, -1, 0).reshape(x.shape[1], self.dim, -1)
        found = solutions(self._metric_function(x.T), right)
        return np.ascontiguousarray(np.moveaxis(found.reshape(x.shape[1], *lower.shape[:-1]), 0, -1))

    def _columns(self, *arrays: Any) -> tuple[np.ndarray, tuple[int, ...]]:
        """Arrays (..., n) stacked as contiguous columns (m n, P), and their common leading axes."""
        import numpy as np

        given = [np.asarray(a, dtype=float) for a in arrays]
        wrong = next((a for a in given if a.ndim == 0 or a.shape[-1] != self.dim), None)
        if wrong is not None:
            raise ShapeError(
                f"points and velocities have {self.dim} components along the last axis, the coordinates "
                f"{self.manifold.coordinates}; an array of shape {wrong.shape} was given"
            )
        try:
            leading = np.broadcast_shapes(*(a.shape[:-1] for a in given))
        except ValueError:
            shapes = " and ".join(str(a.shape) for a in given)
            raise ShapeError(f"the leading axes of points and velocities do not fit: {shapes}") from None
        flat = [np.broadcast_to(a, (*leading, self.dim)).reshape(-1, self.dim).T for a in given]
        return np.ascontiguousarray(np.concatenate(flat)), leading


def _terms(tensor: Tensor) -> int:
    return sum(value.terms for _, value in tensor.stored())


def _rows(columns: np.ndarray, leading: Sequence[int]) -> np.ndarray:
    """An array (..., P) with the points' axes in front: (*leading, ...)."""
    import numpy as np

    return np.ascontiguousarray(np.moveaxis(columns, -1, 0)).reshape(*leading, *columns.shape[:-1])
