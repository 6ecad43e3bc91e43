"""The right-hand side of the geodesic equations of one connection as generated functions.

``x''^k = -Gamma^k_ij(x) x'^i x'^j`` is a vector field on the tangent bundle, the spray of the connection. Where the
inverse metric is kept by names, or would be longer than the metric by far, symbols of the first kind are generated and
the linear system is solved in numbers.
Source: Lee, Introduction to Riemannian Manifolds, 2018, chapter 4; Amari and Nagaoka 2000, section 1.6.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

from symgeo.algebra import Tensor, as_expression
from symgeo.codegen import numpy_function, plain_lambdify
from symgeo.codegen.numeric_node import nodes_in
from symgeo.codegen.numpy import real_array
from symgeo.errors import ParameterListError, ShapeError, UnknownSymbolError
from symgeo.geometry.manifold import StatisticalManifold
from symgeo.solve.contraction import Contraction

if TYPE_CHECKING:
    import numpy as np
    from sympy import Expr, Symbol

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
    try:
        order = as_expression(alpha)
    except (TypeError, ValueError):
        raise ParameterListError(f"alpha is a real number here, not {alpha!r}") from None
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
    A ``careful`` one computes its symbols with more digits where doubles lose them.
    """

    def __init__(
        self,
        manifold: StatisticalManifold | HasManifold,
        alpha: Expr | int | float | Fraction = 0,
        careful: bool = False,
    ):
        import sympy as sp

        self._careful = careful

        self.manifold = manifold_of(manifold)
        self.alpha = number_alpha(alpha)
        self.connection: Connection = self.manifold.connection(self.alpha)
        self.dim = self.manifold.dim
        self.conditions = domain_of(self.manifold)
        self._velocity: tuple[Symbol, ...] = sp.symbols(f"v:{self.dim}", cls=sp.Dummy, real=True)

    @property
    def velocity_symbols(self) -> tuple[Symbol, ...]:
        """The symbols that stand for the velocity, (n,)."""
        return self._velocity

    @classmethod
    def of(cls, m: StatisticalManifold | HasManifold, alpha: Expr | int | float | Fraction = 0) -> Spray:
        """The spray of a connection; what was generated for it once is kept with the connection."""
        kept = manifold_of(m).connection(number_alpha(alpha)).generated
        if cls not in kept:
            kept[cls] = cls(m, alpha)
        return kept[cls]

    @cached_property
    def careful(self) -> Spray | None:
        """The same with more digits; None where values are integrated, or the metric is inverted, in doubles alone."""
        return None if self.is_integrated or self._solves else Spray(self.manifold, self.alpha, careful=True)

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
    def _symbols(self) -> Contraction:
        """The symbols of the second kind, or of the first where the metric is inverted in numbers."""
        n, x = self.dim, self.manifold.coordinates
        if self._solves:
            first = self.connection.christoffel_first_kind
            return Contraction(x, n, lambda k, i, j: first.element(i, j, k), self._careful)
        return Contraction(x, n, self.connection.christoffel.element, self._careful)

    @cached_property
    def _symbol_slopes(self) -> Contraction:
        """The derivatives of the same by the coordinates, row k n + m that of symbol k by coordinate m."""
        n, x = self.dim, self.manifold.coordinates
        if self._solves:
            first = self.connection.christoffel_first_kind
            return Contraction(x, n * n, lambda row, i, j: first.element(i, j, row // n).diff(x[row % n]))
        second = self.connection.christoffel
        return Contraction(x, n * n, lambda row, i, j: second.element(row // n, i, j).diff(x[row % n]))

    # -- functions -----------------------------------------------------------------------------------------------------

    @property
    def is_integrated(self) -> bool:
        """Whether values come from quadrature: the symbols hold expectations without closed form."""
        return bool(nodes_in(self._symbols.values) or nodes_in(self.manifold.metric.nonzero().values()))

    def acceleration(self, x: np.ndarray, v: np.ndarray) -> np.ndarray:
        """``-Gamma^k_ij v^i v^j``, (..., n), (..., n) -> (..., n); nan outside the domain."""
        import numpy as np

        columns, leading = self.columns(x, v)
        out = self.acceleration_columns(columns[: self.dim], columns[self.dim :])
        out[:, ~self.inside_columns(columns[: self.dim])] = np.nan
        return _rows(out, leading)

    def acceleration_columns(self, x: np.ndarray, v: np.ndarray) -> np.ndarray:
        """The acceleration, (n, P), (n, P) -> (n, P), every coordinate contiguous; the domain is not looked at."""
        found = self._symbols.quadratic(self._symbols.at(x), v)
        return -self._raised(x, found) if self._solves else -found

    def transport_columns(self, x: np.ndarray, v: np.ndarray, u: np.ndarray) -> np.ndarray:
        """``-Gamma^k_ij v^i u^j``, how the components of a parallel vector u change along a velocity v; (n, P)."""
        found = self._symbols.bilinear(self._symbols.at(x), v, u)
        return -self._raised(x, found) if self._solves else -found

    def metric(self, x: np.ndarray) -> np.ndarray:
        """g_ij, (..., n) -> (..., n, n); nan outside the domain."""
        return self._metric_function(x)

    def with_slopes(self, x: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The acceleration a (..., n), its derivatives ``[..., k, m] = d a^k/d x^m`` and ``d a^k/d v^m`` (..., n, n).

        All are nan outside the domain.
        """
        import numpy as np

        n = self.dim
        columns, leading = self.columns(x, v)
        point, speed = columns[:n], columns[n:]
        values = self._symbols.at(point)
        a, by_velocity = -self._symbols.quadratic(values, speed), -2 * self._symbols.linear(values, speed)
        slopes = self._symbol_slopes
        by_point = -slopes.quadratic(slopes.at(point), speed).reshape(n, n, -1)
        if self._solves:
            # g a = f, so g da = df - dg a.
            a = self._raised(point, a)
            metric_slopes = np.stack(self._metric_slopes(*point)).reshape(n, n, n, -1)
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
        columns, leading = self.columns(x)
        return self.inside_columns(columns).reshape(leading)

    def inside_columns(self, x: np.ndarray) -> np.ndarray:
        """Whether points (n, P) lie inside the domain, (P,)."""
        import numpy as np

        held = np.all(np.isfinite(x), axis=0)
        for value in self._condition_function(*x):
            held &= value > 0
        return held

    @cached_property
    def _metric_slopes(self) -> Any:
        g, x, n = self.manifold.metric, self.manifold.coordinates, range(self.dim)
        return numpy_function([g.element(k, j).diff(x[m]).to_sympy() for k in n for j in n for m in n], x)

    @cached_property
    def _metric_function(self) -> Any:
        return plain_lambdify(self.manifold.metric)  # the march controls its own errors

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

    def columns(self, *arrays: Any) -> tuple[np.ndarray, tuple[int, ...]]:
        """Arrays (..., n) stacked as contiguous columns (m n, P), and their common leading axes."""
        import numpy as np

        given = [real_array(a, "an array of points or velocities") for a in arrays]
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
        flat = [np.broadcast_to(a, (*leading, self.dim)).reshape(math.prod(leading), self.dim).T for a in given]
        return np.ascontiguousarray(np.concatenate(flat)), leading


def _terms(tensor: Tensor) -> int:
    return sum(value.terms for _, value in tensor.stored())


def _rows(columns: np.ndarray, leading: Sequence[int]) -> np.ndarray:
    """An array (..., P) with the points' axes in front: (*leading, ...)."""
    import numpy as np

    return np.ascontiguousarray(np.moveaxis(columns, -1, 0)).reshape(*leading, *columns.shape[:-1])
