"""What is asked of a geodesic: the equation, to sixty digits, and the boundary-value problem, by collocation."""

from __future__ import annotations

from collections.abc import Sequence

import mpmath
import numpy as np
import sympy as sp
from scipy.integrate import solve_bvp

import symgeo as sg

t = sp.Symbol("t", real=True)


def defect(manifold: sg.StatisticalManifold, curve: Sequence[sp.Expr], at: str = "0.37") -> mpmath.mpf:
    """The largest of ``x''^k + Gamma^k_ij x'^i x'^j`` at a time, derivatives by differences in sixty digits."""
    n = manifold.dim
    symbols = manifold.connection(0).christoffel
    flat = [symbols[k, i, j] for k in range(n) for i in range(n) for j in range(n)]
    with mpmath.workdps(60):
        function = sp.lambdify(t, list(curve), "mpmath", cse=True)
        gamma = sp.lambdify(manifold.coordinates, flat, "mpmath", cse=True)
        time = mpmath.mpf(at)
        x = function(time)
        v = [mpmath.diff(lambda u, k=k: function(u)[k], time) for k in range(n)]
        a = [mpmath.diff(lambda u, k=k: function(u)[k], time, 2) for k in range(n)]
        g = gamma(*x)
        pairs = [(i, j) for i in range(n) for j in range(n)]
        rest = [a[k] + sum(g[(k * n + i) * n + j] * v[i] * v[j] for i, j in pairs) for k in range(n)]
        return max(map(abs, rest)) / (1 + max(map(abs, a)))


def slopes(curve: Sequence[sp.Expr]) -> list[mpmath.mpf]:
    """The velocity at t = 0."""
    with mpmath.workdps(40):
        return [mpmath.diff(sp.lambdify(t, e, "mpmath", cse=True), 0) for e in curve]


def numerical_distance(manifold: sg.StatisticalManifold, p: Sequence[float], q: Sequence[float]) -> float:
    """The length of the geodesic from p to q that a collocation method finds, starting from the straight line."""
    n, start, end = manifold.dim, np.array(p, float), np.array(q, float)
    gamma, metric = sg.lambdify(manifold.connection(0).christoffel), sg.lambdify(manifold.metric)

    def slope(_: np.ndarray, y: np.ndarray) -> np.ndarray:
        x, v = y[:n].T, y[n:].T
        return np.concatenate([v, -np.einsum("akij,ai,aj->ak", gamma(x), v, v)], axis=1).T

    times = np.linspace(0, 1, 41)
    guess = np.concatenate([start[:, None] + (end - start)[:, None] * times, np.tile((end - start)[:, None], 41)])
    found = solve_bvp(
        slope, lambda a, b: np.concatenate([a[:n] - start, b[:n] - end]), times, guess, tol=1e-10, max_nodes=20000
    )
    assert found.success, found.message
    velocity = found.y[n:, 0]
    return float(np.sqrt(velocity @ metric(start) @ velocity))
