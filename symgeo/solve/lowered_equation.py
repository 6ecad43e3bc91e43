"""The geodesic equation with its index lowered, ``g_kj x''^j + Gamma_ij,k x'^i x'^j = 0``, as one generated function.

In this form nothing is divided by the determinant of the metric, so the expressions are short and what cancels in an
inverse metric does not cancel here. Source: Amari and Nagaoka 2000, section 1.6.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from symgeo.codegen import numpy_function
from symgeo.codegen.numeric_node import nodes_in
from symgeo.solve.spray import domain_of, manifold_of, number_alpha
from symgeo.solve.wall_chart import WallChart

if TYPE_CHECKING:
    import numpy as np
    from sympy import Expr

    from symgeo.geometry.isometry import HasManifold
    from symgeo.geometry.manifold import StatisticalManifold


@dataclass(frozen=True)
class Linearised:
    """The equation along some paths: defect in u (n, P, N), metric in x (n, n, P, N), velocity in x and dx/du
    (n, P, N), and the derivatives of the defect by u, u' and u'', each (n, n, P, N) with the component of the equation
    first."""

    defect: np.ndarray
    metric: np.ndarray
    velocity: np.ndarray
    stretch: np.ndarray
    by_point: np.ndarray
    by_velocity: np.ndarray
    by_acceleration: np.ndarray

    def at(self, rows: np.ndarray) -> Linearised:
        """The same along some of the paths."""
        return Linearised(*(getattr(self, name)[..., rows, :] for name in self.__dataclass_fields__))

    def put(self, rows: np.ndarray, other: Linearised) -> None:
        """Replace what is known along some of the paths."""
        for name in self.__dataclass_fields__:
            getattr(self, name)[..., rows, :] = getattr(other, name)

    @property
    def finite(self) -> np.ndarray:
        """Where the equation has a value all along the path, (P,)."""
        import numpy as np

        return np.all(np.isfinite(self.defect), axis=(0, 2))


class LoweredEquation:
    """The equation of one alpha-connection, for paths in the chart without walls.

    ``conditions``: what is positive inside the domain; those of the manifold are the default. Arrays are (n, P, N):
    coordinates, paths, times. Raises :class:`ParameterListError` for an alpha that is no number and
    :class:`UnknownSymbolError` where the metric holds symbols that are no coordinates.
    """

    def __init__(
        self,
        manifold: StatisticalManifold | HasManifold,
        alpha: Any = 0,
        conditions: Sequence[Expr] | None = None,
    ):
        import sympy as sp

        self.manifold = manifold_of(manifold)
        self.alpha = number_alpha(alpha)
        self.dim = self.manifold.dim
        self.conditions = domain_of(self.manifold) if conditions is None else tuple(conditions)
        self.chart = WallChart(self.manifold.coordinates, self.conditions)
        self._velocity = sp.symbols(f"v:{self.dim}", cls=sp.Dummy, real=True)
        self._acceleration = sp.symbols(f"w:{self.dim}", cls=sp.Dummy, real=True)

    @cached_property
    def _symbols(self) -> Any:
        return self.manifold.connection(self.alpha).christoffel_first_kind

    def _form(self, derivative: Any = None) -> list[Expr]:
        """The left-hand side, n, or its derivative by a coordinate."""
        import sympy as sp

        n, v, w = self.dim, self._velocity, self._acceleration
        metric, symbols = self.manifold.metric, self._symbols

        def entry(value: Any) -> Any:
            return value.diff(derivative) if value and derivative is not None else value

        out = []
        for k in range(n):
            terms = [value.to_sympy() * w[j] for j in range(n) if (value := entry(metric.element(k, j)))]
            for i in range(n):
                for j in range(i, n):
                    value = entry(symbols.element(i, j, k))
                    if value:
                        terms.append((1 if i == j else 2) * value.to_sympy() * v[i] * v[j])
            out.append(sp.Add(*terms))
        return out

    def _by_velocity(self) -> list[Expr]:
        import sympy as sp

        n, v = range(self.dim), self._velocity
        return [
            2 * sp.Add(*(e.to_sympy() * v[i] for i in n if (e := self._symbols.element(i, m, k)))) for k in n for m in n
        ]

    @property
    def is_integrated(self) -> bool:
        """Whether values come from quadrature: the metric holds expectations without closed form."""
        return bool(nodes_in(self._form()))

    @cached_property
    def _metric_entries(self) -> list[Expr]:
        n = range(self.dim)
        return [self.manifold.metric.element(i, j).to_sympy() for i in n for j in n]

    @cached_property
    def _plain(self) -> Any:
        arguments = [*self.manifold.coordinates, *self._velocity, *self._acceleration]
        return numpy_function([*self._form(), *self._metric_entries], arguments)

    @cached_property
    def _full(self) -> Any:
        arguments = [*self.manifold.coordinates, *self._velocity, *self._acceleration]
        by_point = [self._form(s) for s in self.manifold.coordinates]
        rows = [by_point[m][k] for k in range(self.dim) for m in range(self.dim)]
        return numpy_function([*self._form(), *self._metric_entries, *rows, *self._by_velocity()], arguments)

    @cached_property
    def _conditions(self) -> Any:
        tied = [c for c in self.conditions if len(c.free_symbols) > 1]
        return numpy_function(tied, self.manifold.coordinates) if tied else None

    def inside(self, x: np.ndarray) -> np.ndarray:
        """Whether the conditions that tie coordinates together hold at x (n, ...), a bool array (...)."""
        import numpy as np

        held = np.all(np.isfinite(x), axis=0)
        if self._conditions is not None:
            for value in self._conditions(*x):
                held &= value > 0
        return held

    def defect(self, u: np.ndarray, du: np.ndarray, ddu: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The left-hand side (n, P, N), the metric (n, n, P, N) and the velocity in x (n, P, N)."""
        import numpy as np

        n = self.dim
        x, f1, f2, _ = self.chart.with_slopes(u)
        v = f1 * du
        values = np.array(self._plain(*x, *v, *(f2 * du**2 + f1 * ddu)))
        return values[:n], values[n:].reshape(n, n, *u.shape[1:]), v

    def linearised(self, u: np.ndarray, du: np.ndarray, ddu: np.ndarray) -> Linearised:
        """The left-hand side and its derivatives along paths given by u, u' and u'', each (n, P, N)."""
        import numpy as np

        n = self.dim
        x, f1, f2, f3 = self.chart.with_slopes(u)
        v, w = f1 * du, f2 * du**2 + f1 * ddu
        values = np.array(self._full(*x, *v, *w))
        if self._conditions is not None:
            values[:, ~self.inside(x)] = np.nan
        shape = (n, n, *u.shape[1:])
        metric = values[n : n + n * n].reshape(shape)
        by_x = values[n + n * n : n + 2 * n * n].reshape(shape)
        by_v = values[n + 2 * n * n :].reshape(shape)
        # The components in u, dx/du times those in x: they do not change with the unit of x, and Newton's method would
        # else have to follow it by one power of e a step where a coordinate has an end.
        row, defect = f1[:, None], values[:n]
        by_point = (by_x * f1 + by_v * (f2 * du) + metric * (f3 * du**2 + f2 * ddu)) * row
        by_velocity = (by_v * f1 + metric * (2 * f2 * du)) * row
        for k in range(n):
            by_point[k, k] += defect[k] * f2[k]
        return Linearised(defect * f1, metric, v, f1, by_point, by_velocity, metric * f1 * row)
