"""The same numbers by other means, for delivered_numbers.py: by hand, in C, by SciPy, geomstats and diffrax."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

POINTS, MANY_POINTS, PAIRS, MANY_PAIRS, SINGLE_PAIRS, STARTS = 100_000, 1_000_000, 20, 10_000, 50, 1_000


class Missing(Exception):
    """A contender that cannot be timed here, and why."""


def beta_points(count: int) -> np.ndarray:
    return np.random.default_rng(1).uniform(0.5, 5.0, (count, 2))


def beta_pairs(count: int) -> tuple[np.ndarray, np.ndarray]:
    both = beta_points(2 * count)
    return both[:count], both[count:]


def bivariate_points() -> np.ndarray:
    draw = np.random.default_rng(2)
    means, scales = draw.normal(size=(MANY_POINTS, 2)), draw.uniform(0.5, 2.0, (MANY_POINTS, 2))
    return np.concatenate([means, scales, draw.uniform(-0.9, 0.9, (MANY_POINTS, 1))], axis=1)


def normal_starts() -> tuple[np.ndarray, np.ndarray]:
    """Means and covariances row by row (nine numbers), and velocities."""
    draw = np.random.default_rng(3)
    root = np.eye(3) + 0.2 * draw.normal(size=(STARTS, 3, 3))
    speed = 0.2 * draw.normal(size=(STARTS, 3, 3))
    upper = np.triu_indices(3)
    start = np.concatenate([draw.normal(size=(STARTS, 3)), (root @ root.transpose(0, 2, 1))[:, *upper]], axis=1)
    velocity = np.concatenate(
        [0.3 * draw.normal(size=(STARTS, 3)), (speed + speed.transpose(0, 2, 1))[:, *upper]], axis=1
    )
    return start, velocity


def beta_by_hand(theta: np.ndarray) -> Callable[[], np.ndarray]:
    """As one would write it: every polygamma once, SciPy's own."""
    from scipy.special import polygamma

    def christoffel() -> np.ndarray:
        a, b = theta[:, 0], theta[:, 1]
        s = a + b
        a1, b1, s1 = polygamma(1, a), polygamma(1, b), polygamma(1, s)
        a2, b2, s2 = polygamma(2, a), polygamma(2, b), polygamma(2, s)
        half = 0.5 / (a1 * b1 - (a1 + b1) * s1)
        out = np.empty((*theta.shape[:-1], 2, 2, 2))
        out[..., 0, 0, 0] = ((b1 - s1) * a2 - b1 * s2) * half
        out[..., 0, 0, 1] = out[..., 0, 1, 0] = -b1 * s2 * half
        out[..., 0, 1, 1] = (s1 * b2 - b1 * s2) * half
        out[..., 1, 0, 0] = (s1 * a2 - a1 * s2) * half
        out[..., 1, 0, 1] = out[..., 1, 1, 0] = -a1 * s2 * half
        out[..., 1, 1, 1] = ((a1 - s1) * b2 - a1 * s2) * half
        return out

    return christoffel


def beta_naive(theta: np.ndarray) -> Callable[[], np.ndarray]:
    """SymPy's lambdify of Gamma = g^-1 (...)/2 as SymPy itself forms it, nothing shared."""
    import sympy as sp

    a, b = symbols = sp.symbols("a b", positive=True)
    potential = sp.loggamma(a) + sp.loggamma(b) - sp.loggamma(a + b)
    metric = sp.hessian(potential, symbols)
    inverse = metric.inv()
    first = [[[sp.diff(potential, i, j, m) / 2 for m in symbols] for j in symbols] for i in symbols]
    entries = [
        sum(inverse[k, m] * first[i][j][m] for m in range(2)) for k in range(2) for i in range(2) for j in range(2)
    ]
    function = sp.lambdify(symbols, entries, modules=["scipy", "numpy"], cse=False)
    return lambda: np.stack(function(theta[:, 0], theta[:, 1]), axis=-1).reshape(-1, 2, 2, 2)


BIVARIATE_C = """
#include <math.h>
void christoffel(long n, const double *restrict theta, double *restrict out) {
    for (long p = 0; p < n; p++, theta += 5, out += 125) {
        const double s = theta[2], t = theta[3], r = theta[4], r2 = r*r;
        const double h = 0.5/(1 - r2), is = 1/s, it = 1/t, hs = h*is, ht = h*it, q = r*h;
        const double S = -(2 - r2)*hs, T = -(2 - r2)*ht, rs = r2*hs, rt = r2*ht, st = s*ht, ts = t*hs;
        double *o = out;
        for (int i = 0; i < 125; i++) o[i] = 0;
#define G(k, i, j) o[25*(k - 1) + 5*(i - 1) + (j - 1)]
        G(1,1,3) = G(1,3,1) = S;  G(1,1,4) = G(1,4,1) = rt;  G(1,1,5) = G(1,5,1) = q;
        G(1,2,3) = G(1,3,2) = r*ht;  G(1,2,4) = G(1,4,2) = -r*st*it;  G(1,2,5) = G(1,5,2) = -st;
        G(2,1,3) = G(2,3,1) = -r*ts*is;  G(2,1,4) = G(2,4,1) = r*hs;  G(2,1,5) = G(2,5,1) = -ts;
        G(2,2,3) = G(2,3,2) = rs;  G(2,2,4) = G(2,4,2) = T;  G(2,2,5) = G(2,5,2) = q;
        G(3,1,1) = 0.5*is;  G(3,3,3) = S;  G(3,3,4) = G(3,4,3) = rt;  G(3,3,5) = G(3,5,3) = q;
        G(3,4,4) = -r2*st*it;  G(3,4,5) = G(3,5,4) = -r*st;  G(3,5,5) = -s*h;
        G(4,2,2) = 0.5*it;  G(4,3,3) = -r2*ts*is;  G(4,3,4) = G(4,4,3) = rs;  G(4,3,5) = G(4,5,3) = -r*ts;
        G(4,4,4) = T;  G(4,4,5) = G(4,5,4) = q;  G(4,5,5) = -t*h;
        G(5,1,1) = -0.5*r*is*is;  G(5,1,2) = G(5,2,1) = 0.5*is*it;  G(5,2,2) = -0.5*r*it*it;
        G(5,3,3) = -r*is*is;  G(5,3,4) = G(5,4,3) = r*is*it;  G(5,4,4) = -r*it*it;  G(5,5,5) = 4*q;
        int inside = s > 0 && t > 0 && r > -1 && r < 1;
        for (int i = 0; i < 4; i++) inside &= isfinite(theta[i]) != 0;
        if (!inside) for (int i = 0; i < 125; i++) o[i] = NAN;
    }
}
"""


def compiled_c(theta: np.ndarray, folder: str) -> Callable[[], np.ndarray]:
    """Written by hand, its own loop, compiled for this processor."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        raise Missing("no C compiler")
    text, library = Path(folder, "christoffel.c"), Path(folder, "christoffel.so")
    text.write_text(BIVARIATE_C)
    subprocess.run([compiler, "-O3", "-march=native", "-shared", "-fPIC", "-o", library, text, "-lm"], check=True)
    function = ctypes.CDLL(str(library)).christoffel
    pointer = np.ctypeslib.ndpointer(np.float64, flags="C_CONTIGUOUS")
    function.argtypes, function.restype = [ctypes.c_long, pointer, pointer], None

    def christoffel() -> np.ndarray:
        out = np.empty((len(theta), 5, 5, 5))
        function(len(theta), theta, out)
        return out

    return christoffel


def beta_distances_by_shooting(pairs: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Independent and slow: SciPy's DOP853 and Newton's method on the initial velocity, to 1e-11."""
    from scipy.integrate import solve_ivp
    from scipy.optimize import fsolve
    from scipy.special import polygamma

    def metric(p: np.ndarray) -> np.ndarray:
        return np.diag(polygamma(1, p)) - polygamma(1, p.sum())

    def spray(_: float, state: np.ndarray) -> np.ndarray:
        p, v = state[:2], state[2:]
        # Half the derivative of the Hessian metric, applied to v twice.
        half = (polygamma(2, p) * v**2 - polygamma(2, p.sum()) * v.sum() ** 2) / 2
        return np.concatenate([v, -np.linalg.solve(metric(p), half)])

    def distance(p: np.ndarray, q: np.ndarray) -> float:
        def missed(v: np.ndarray) -> np.ndarray:
            end = solve_ivp(spray, (0, 1), np.concatenate([p, v]), method="DOP853", rtol=1e-12, atol=1e-13).y[:2, -1]
            return np.log(np.maximum(end, 1e-9) / q)

        v = fsolve(missed, p * np.log(q / p), xtol=1e-12)
        assert np.abs(missed(v)).max() < 1e-9
        return float(np.sqrt(v @ metric(p) @ v))

    return np.array([distance(a, b) for a, b in zip(*pairs, strict=True)])


def geomstats_christoffel() -> Callable[[], Any]:
    from geomstats.information_geometry.beta import BetaDistributions

    metric, theta = BetaDistributions().metric, beta_points(POINTS)
    return lambda: metric.christoffels(theta)


def geomstats_distances() -> Callable[[], Any]:
    from geomstats.information_geometry.beta import BetaDistributions

    metric, (p, q) = BetaDistributions().metric, beta_pairs(PAIRS)
    return lambda: np.array([float(np.ravel(metric.dist(a, b))[0]) for a, b in zip(p, q, strict=True)])


def diffrax_geodesics() -> Callable[[], Any]:
    """mu'' = S' S^-1 mu', S'' = S' S^-1 S' - mu' mu'^T (Skovgaard 1984, equation 3.1), by hand, in JAX."""
    import diffrax
    import jax
    import jax.numpy as jnp

    upper = np.triu_indices(3)

    def symmetric(s: jax.Array) -> jax.Array:
        return jnp.array([[s[0], s[1], s[2]], [s[1], s[3], s[4]], [s[2], s[4], s[5]]])

    def spray(t: float, state: tuple, args: None) -> tuple:
        x, v = state
        dm, ds = v[:3], symmetric(v[3:])
        solved = jnp.linalg.solve(symmetric(x[3:]), jnp.column_stack([dm, ds]))
        ddm = ds @ solved[:, 0]
        dds = ds @ solved[:, 1:] - jnp.outer(dm, dm)
        return v, jnp.concatenate([ddm, dds[upper]])

    term, solver = diffrax.ODETerm(spray), diffrax.Dopri8()
    control = diffrax.PIDController(rtol=1e-9, atol=1e-9)

    def one(start: jax.Array, velocity: jax.Array) -> jax.Array:
        got = diffrax.diffeqsolve(term, solver, 0.0, 1.0, 0.05, (start, velocity), stepsize_controller=control)
        return got.ys[0][-1]

    many = jax.jit(jax.vmap(one))
    start, velocity = map(jax.device_put, normal_starts())
    return lambda: np.asarray(many(start, velocity).block_until_ready())


PEERS = {
    "geomstats-christoffel": ("geomstats", geomstats_christoffel),
    "geomstats-distances": ("geomstats", geomstats_distances),
    "diffrax-geodesics": ("diffrax", diffrax_geodesics),
}
