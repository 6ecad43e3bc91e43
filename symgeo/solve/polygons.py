"""First paths for far ends: polygons in the chart without walls whose discrete energy is least.

The energy ``sum_i (g(u_i) + g(u_i+1))(d_i, d_i)/(2 h_i)`` of edges d_i that take h_i of time falls at every step,
whatever the start: Newton's direction is taken where the energy falls along it, else that of Gauss and Newton, which
always descends, both with Levenberg and Marquardt's damping where a corner would run far. It is second order in the
spans, enough for the collocation to go on from; with the metric at midpoints a long edge across a place where it
vanishes would cost nothing. Source: Nocedal and Wright, Numerical Optimization, 2006, sections 3.1, 4.3 and 10.3.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from symgeo.codegen import numpy_function
from symgeo.solve.newton import solved

if TYPE_CHECKING:
    import numpy as np

    from symgeo.solve.lowered_equation import LoweredEquation

_STEPS = 120
_HALVINGS = 25
_ARMIJO = 1e-4
_SETTLED = 1e-7  # relative fall of the energy that is expected of the next step
_REACH = 3.0  # the largest change of a logarithm in a step
_LEAST, _EASED, _DAMPINGS = 1e-6, 0.1, 12  # the smallest damping, by what it falls from step to step, the most tries


class Polygons:
    """Minimises the energy of polygons on one manifold; arrays are (n, P, K), coordinates, paths, edges."""

    def __init__(self, equation: LoweredEquation):
        import sympy as sp

        self.equation, self.dim = equation, equation.dim
        self._velocity = sp.symbols(f"v:{self.dim}", cls=sp.Dummy, real=True)

    @cached_property
    def _jet(self) -> Any:
        """g_ij, ``d_k g_ij v^j`` and ``d_k d_l g_ij v^i v^j``, each (n, n) row-major, as functions of x and v."""
        import sympy as sp

        m, v, n = self.equation.manifold, self._velocity, range(self.dim)
        x, metric = m.coordinates, m.metric

        def contracted(i: int, *by: int) -> Any:
            terms = []
            for j in n:
                value = metric.element(i, j)
                for k in by:
                    value = value.diff(x[k]) if value else value
                if value:
                    terms.append(value.to_sympy() * v[j])
            return sp.Add(*terms)

        entries = [metric.element(i, j).to_sympy() for i in n for j in n]
        first = [contracted(i, k) for i in n for k in n]
        second = {(k, m): sp.Add(*(v[i] * contracted(i, k, m) for i in n)) for k in n for m in n if k <= m}
        rows = [second[min(k, m), max(k, m)] for k in n for m in n]
        return numpy_function([*entries, *first, *rows], [*x, *v])

    @cached_property
    def _metric(self) -> Any:
        m, n = self.equation.manifold, range(self.dim)
        return numpy_function([m.metric.element(i, j).to_sympy() for i in n for j in n], m.coordinates)

    def energy(self, u: np.ndarray, spans: np.ndarray) -> np.ndarray:
        """The discrete energies (P,) of polygons with the corners u (n, P, K + 1), whose edges take spans (P, K)
        of time; infinite outside the domain."""
        import numpy as np

        whole = np.sum(self.lengths(u) ** 2 / spans, axis=1)
        good = np.isfinite(whole) & np.all(self.equation.inside(self.equation.chart.point(u)), axis=1)
        return np.where(good, whole, np.inf)

    def lengths(self, u: np.ndarray) -> np.ndarray:
        """The edges' lengths (P, K)."""
        import numpy as np

        n, edges = self.dim, np.diff(u, axis=2)
        x, first, _, _ = self.equation.chart.with_slopes(u)
        g = np.array(self._metric(*x)).reshape(n, n, *x.shape[1:])
        squares = np.zeros(edges.shape[1:])
        for near in (slice(None, -1), slice(1, None)):
            v = first[:, :, near] * edges
            squares += np.einsum("ijpe,ipe,jpe->pe", g[..., near], v, v) / 2
        return np.sqrt(np.where(squares >= 0, squares, np.nan))

    def relaxed(self, start: np.ndarray, spans: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Polygons of least energy (n, P, K + 1), from polygons with the same ends and edges that take
        spans (P, K) of time, and their energies (P,)."""
        import numpy as np

        u = start.copy()
        energy = self.energy(u, spans)
        active, damping = np.isfinite(energy), np.zeros(u.shape[1])
        for _ in range(_STEPS):
            rows = np.flatnonzero(active)
            if not len(rows):
                break
            step, fall, damping[rows] = self._direction(u[:, rows], spans[rows], damping[rows] * _EASED)
            share, left = np.minimum(1.0, _REACH / np.maximum(self._reach(step), 1e-300)), np.arange(len(rows))
            for _ in range(_HALVINGS):
                trial = u[:, rows[left]] + share[left][:, None] * step[:, left]
                found = self.energy(trial, spans[rows[left]])
                good = found <= energy[rows[left]] - _ARMIJO * share[left] * fall[left]
                u[:, rows[left[good]]] = trial[:, good]
                energy[rows[left[good]]] = found[good]
                left = left[~good]
                if not len(left):
                    break
                share[left] /= 2
            done = np.isin(np.arange(len(rows)), left) | ~(fall > _SETTLED * energy[rows])
            active[rows[done]] = False
        return u, energy

    @cached_property
    def walled(self) -> np.ndarray:
        """Which coordinates have an end, (n,) of bool: their logarithms measure steps."""
        import numpy as np

        chart = self.equation.chart
        return np.isfinite(chart.lower) | np.isfinite(chart.upper)

    def _reach(self, step: np.ndarray) -> np.ndarray:
        """The largest change of a logarithm (P,) in steps (n, P, K)."""
        import numpy as np

        return np.max(np.abs(step[self.walled]), axis=(0, 2), initial=0.0)

    def _direction(
        self, u: np.ndarray, spans: np.ndarray, damping: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """A step (n, P, K + 1), zero at the ends, by how much the energy falls along it to first order (P,), and the
        damping (P,) that it took: where the metric all but vanishes, corners would run away."""
        import numpy as np

        n, count, corners = u.shape
        slope, full, plain = self._derivatives(u, spans)
        free = corners - 2
        slope = np.moveaxis(slope[:, :, 1:-1], 0, -1).reshape(count, free * n)
        size = np.maximum(np.max(np.abs(slope), axis=1), 1e-300)  # of a step one long
        walls = np.tile(self.walled, free).astype(float)
        damping = np.where(damping < _LEAST, 0.0, damping)
        step, fall = np.zeros((count, free * n)), np.zeros(count)
        rows = np.arange(count)
        for _ in range(_DAMPINGS):
            weight = (damping * size)[:, None] * walls
            step[rows], fall[rows] = _descent(full[rows], plain[rows], slope[rows], weight[rows])
            reach = np.max(np.abs(step[rows] * walls), axis=1)
            rows = rows[~(reach <= _REACH)]
            if not len(rows):
                break
            damping[rows] = np.maximum(10 * damping[rows], _LEAST)
        out = np.zeros_like(u)
        out[:, :, 1:-1] = np.moveaxis(step.reshape(count, free, n), -1, 0)
        return out, fall, damping

    def _derivatives(self, u: np.ndarray, spans: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The energy's slope (n, P, K + 1) and two Hessians (P, (K - 1) n, (K - 1) n): its own, Gauss and Newton's."""
        import numpy as np

        n, count, corners = u.shape
        slope = np.zeros_like(u)
        full, plain = np.zeros((2, count, (corners - 2) * n, (corners - 2) * n))
        for share in (0.0, 1.0):
            self._add(u, spans, share, slope, full, plain)
        return slope, full, plain

    def _add(
        self, u: np.ndarray, spans: np.ndarray, share: float, slope: np.ndarray, full: np.ndarray, plain: np.ndarray
    ) -> None:
        """Half of the energy's derivatives, with the metric of every edge at this share of the way along it."""
        import numpy as np

        n, count, corners = u.shape
        half = 0.5 / spans
        edges = np.diff(u, axis=2)
        x, f1, f2, f3 = self.equation.chart.with_slopes(u[:, :, 1:] * share + u[:, :, :-1] * (1 - share))
        v = f1 * edges
        values = np.array(self._jet(*x, *v)).reshape(3, n, n, count, corners - 1)
        g, first, second = values
        gv = np.einsum("ijpe,jpe->ipe", g, v)
        turn, twist = f2 * edges, f3 * edges
        # An edge has the energy g(v, v) with v = f'(m) d; the metric and v both depend on the place m.
        b_metric = first * f1
        by_mid = np.einsum("ikpe,ipe->kpe", b_metric, v) + 2 * gv * turn
        by_edge = 2 * gv * f1
        both = 2 * (b_metric + g * turn) * f1[:, None]
        for k in range(n):
            both[k, k] += 2 * gv[k] * f2[k]
        mid_mid = second * f1 * f1[:, None]
        cross = 2 * b_metric * turn[:, None]
        mid_mid = mid_mid + cross + np.swapaxes(cross, 0, 1) + 2 * g * turn * turn[:, None]
        for k in range(n):
            mid_mid[k, k] += 2 * gv[k] * twist[k] + np.einsum("ipe,ipe->pe", v, first[:, k]) * f2[k]
        edge_edge = 2 * g * f1 * f1[:, None]
        slope[:, :, 1:] += half * (by_mid * share + by_edge)
        slope[:, :, :-1] += half * (by_mid * (1 - share) - by_edge)
        full += self._assembled(mid_mid, both, edge_edge, share, half)
        # Gauss and Newton: |g^(1/2) v|^2 with d(g^(1/2) v) = g^(1/2) (dv + g^-1 dg v/2).
        change = b_metric / 2
        for k in range(n):
            change[:, k] += g[:, k] * turn[k]
        gl = np.moveaxis(g, (0, 1), (-2, -1))
        cl = np.moveaxis(change, (0, 1), (-2, -1))
        mid_plain = np.moveaxis(2 * np.swapaxes(cl, -1, -2) @ solved(gl, cl), (-2, -1), (0, 1))
        plain += self._assembled(mid_plain, 2 * change * f1[:, None], edge_edge, share, half)

    def _assembled(
        self, mid_mid: np.ndarray, both: np.ndarray, edge_edge: np.ndarray, share: float, half: np.ndarray
    ) -> np.ndarray:
        """Half of the Hessian in the corners between the ends; ``both[i, k]`` is by edge i and place k."""
        import numpy as np

        n, _, count, size = mid_mid.shape
        mixed = np.swapaxes(both, 0, 1)  # by place, then by edge
        blocks = {}
        corners = ((0, 1 - share, -1.0), (1, share, 1.0))  # by what place and edge move with each
        for a, w, s in corners:
            for b, z, r in corners:
                blocks[a, b] = half * (w * z * mid_mid + w * r * mixed + s * z * both + s * r * edge_edge)
        out = np.zeros((count, size + 1, n, size + 1, n))
        e = np.arange(size)
        for (a, b), block in blocks.items():
            out[:, e + a, :, e + b, :] += np.moveaxis(block, (3, 2), (0, 1))
        return out[:, 1:-1, :, 1:-1, :].reshape(count, (size - 1) * n, (size - 1) * n)


def _descent(
    full: np.ndarray, plain: np.ndarray, slope: np.ndarray, weight: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Steps (P, m) with the Hessians (P, m, m) and weights (P, m) on their diagonals, and the fall along them (P,)."""
    import numpy as np

    step, fall = np.full_like(slope, np.nan), np.full(len(slope), np.nan)
    diagonal = np.arange(slope.shape[1])
    for hessian in (full, plain):
        # A direction that is no descent, or all but none, is replaced.
        rows = np.flatnonzero(~(fall > 0))
        if len(rows):
            damped = hessian[rows]
            damped[:, diagonal, diagonal] += weight[rows]
            step[rows] = -solved(damped, slope[rows][:, :, None])[:, :, 0]
            fall[rows] = -np.einsum("pi,pi->p", slope[rows], step[rows])
    return np.where(np.isfinite(step), step, 0.0), np.where(np.isfinite(fall), fall, 0.0)


def remeshed(u: np.ndarray, spans: np.ndarray, corners: int, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Polygons (n, P, K + 1) with another number of edges, and their spans of time (P, K).

    Corners are put where the polygon has gone an equal share of its way, half of it measured by the ``lengths`` (P, K)
    of the edges in the metric and half in the chart: a coordinate may run far where the metric hardly notices.
    """
    import numpy as np

    n, count, _ = u.shape
    new, times = np.empty((n, count, corners + 1)), np.empty((count, corners + 1))
    for k in range(count):
        moved = np.sqrt(np.sum(np.diff(u[:, k], axis=1) ** 2, axis=0))
        ways = [w / max(np.sum(w), 1e-300) for w in (lengths[k], moved, spans[k])]
        way = np.concatenate([[0.0], np.cumsum(0.45 * ways[0] + 0.45 * ways[1] + 0.1 * ways[2])])
        places = np.interp(np.linspace(0, way[-1], corners + 1), way, np.arange(len(way)))
        moments = np.concatenate([[0.0], np.cumsum(spans[k])])
        times[k] = np.interp(places, np.arange(len(way)), moments)
        new[:, k] = [np.interp(places, np.arange(len(way)), c) for c in u[:, k]]
    new[:, :, 0], new[:, :, -1], times[:, 0], times[:, -1] = u[:, :, 0], u[:, :, -1], 0.0, 1.0
    return new, np.diff(times, axis=1)
