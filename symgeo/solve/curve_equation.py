"""Geodesics of an alpha-connection as curves of constant speed.

A geodesic's own time may pass at rates that differ by many powers of ten along it, and others for every alpha. As a
curve of constant speed in the metric it solves

    g_kj (x''^j + Gamma^(0) x' x') = alpha/2 (T(x', x', d_k) - T(x', x', x')/g(x', x') g(x', d_k)),

and its own time t has ``t''/t' = -alpha/2 T(x', x', x')/g(x', x')``. So one mesh serves all alpha, and the curve moves
little with it. Source: Amari and Nagaoka 2000, section 2.3, for the connections; the rest is the chain rule.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from symgeo.codegen import numpy_function
from symgeo.solve.lowered_equation import Linearised

if TYPE_CHECKING:
    import numpy as np
    from sympy import Expr

    from symgeo.solve.lowered_equation import LoweredEquation


class CubicTerm:
    """``T_kij v^i v^j`` with what its derivatives take, as generated functions."""

    def __init__(self, levi_civita: LoweredEquation):
        import sympy as sp

        self.equation, self.dim = levi_civita, levi_civita.dim
        self._velocity = sp.symbols(f"v:{self.dim}", cls=sp.Dummy, real=True)

    @cached_property
    def _function(self) -> Any:
        import sympy as sp

        m, v, n = self.equation.manifold, self._velocity, range(self.dim)
        x, cubic, metric = m.coordinates, m.cubic, m.metric

        def summed(values: Any, by: Any = None) -> Expr:
            terms = []
            for value, factor in values:
                value = value.diff(by) if value and by is not None else value
                if value:
                    terms.append(value.to_sympy() * factor)
            return sp.Add(*terms)

        def twice(k: int) -> list[Any]:
            return [(cubic.element(k, i, j), (1 if i == j else 2) * v[i] * v[j]) for i in n for j in n if i <= j]

        forms = [summed(twice(k)) for k in n]
        by_point = [summed(twice(k), s) for k in n for s in x]
        by_velocity = [2 * summed([(cubic.element(k, j, i), v[i]) for i in n]) for k in n for j in n]
        metric_by_point = [summed([(metric.element(k, j), v[j]) for j in n], s) for k in n for s in x]
        return numpy_function([*forms, *by_point, *by_velocity, *metric_by_point], [*x, *v])

    @cached_property
    def _plain(self) -> Any:
        import sympy as sp

        m, v, n = self.equation.manifold, self._velocity, range(self.dim)
        forms = []
        for k in n:
            terms = [(m.cubic.element(k, i, j), v[i] * v[j]) for i in n for j in n]
            forms.append(sp.Add(*(value.to_sympy() * factor for value, factor in terms if value)))
        return numpy_function(forms, [*m.coordinates, *v])

    def forms(self, x: np.ndarray, v: np.ndarray) -> np.ndarray:
        """``T_kij v^i v^j`` (n, P, N)."""
        import numpy as np

        return np.array(self._plain(*x, *v))

    def jet(self, x: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """The forms (n, P, N), their derivatives by point and by velocity, and ``d_m g_kj v^j``, (n, n, P, N) with the
        component first."""
        import numpy as np

        n = self.dim
        values = np.array(self._function(*x, *v))
        one, two, three = values[n:].reshape(3, n, n, *x.shape[1:])
        return values[:n], one, two, three


class CurveEquation:
    """The equation for curves of constant speed, for paths in the chart without walls; see :class:`LoweredEquation`."""

    def __init__(self, term: CubicTerm, alpha: float):
        self._term, self._levi_civita, self.alpha = term, term.equation, alpha
        self.chart, self.dim = term.equation.chart, term.equation.dim

    def defect(self, u: np.ndarray, du: np.ndarray, ddu: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """See :meth:`LoweredEquation.defect`."""
        import numpy as np

        plain, metric, v = self._levi_civita.defect(u, du, ddu)
        forms = self._term.forms(self.chart.point(u), v)
        lowered = np.einsum("kmpi,mpi->kpi", metric, v)
        share = np.sum(forms * v, axis=0) / np.sum(lowered * v, axis=0)
        return plain - self.alpha / 2 * (forms - share * lowered), metric, v

    def slowing(self, u: np.ndarray, du: np.ndarray) -> np.ndarray:
        """``t''/t'`` (P, N) of the geodesic's own time t along curves of constant speed."""
        import numpy as np

        _, metric, v = self._levi_civita.defect(u, du, np.zeros_like(u))
        forms = self._term.forms(self.chart.point(u), v)
        return -self.alpha / 2 * np.sum(forms * v, axis=0) / np.einsum("kmpi,kpi,mpi->pi", metric, v, v)

    def linearised(self, u: np.ndarray, du: np.ndarray, ddu: np.ndarray) -> Linearised:
        """See :meth:`LoweredEquation.linearised`."""
        import numpy as np

        lin = self._levi_civita.linearised(u, du, ddu)
        x, f1, f2, _ = self.chart.with_slopes(u)
        v, g = lin.velocity, lin.metric
        forms, by_x, by_v, metric_by_x = self._term.jet(x, v)
        lowered = np.einsum("kmpi,mpi->kpi", g, v)
        square = np.sum(lowered * v, axis=0)
        share = np.sum(forms * v, axis=0) / square
        share_by_x = (np.einsum("kpi,kmpi->mpi", v, by_x) - share * np.einsum("kpi,kmpi->mpi", v, metric_by_x)) / square
        share_by_v = (3 * forms - 2 * share * lowered) / square
        half = -self.alpha / 2
        term = half * (forms - share * lowered)
        by_x = half * (by_x - share * metric_by_x - lowered[:, None] * share_by_x)
        by_v = half * (by_v - share * g - lowered[:, None] * share_by_v)
        row = f1[:, None]
        by_point = lin.by_point + (by_x * f1 + by_v * (f2 * du)) * row
        for k in range(self.dim):
            by_point[k, k] += term[k] * f2[k]
        by_velocity = lin.by_velocity + by_v * f1 * row
        return Linearised(lin.defect + term * f1, g, v, lin.stretch, by_point, by_velocity, lin.by_acceleration)
