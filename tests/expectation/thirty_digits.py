"""Score moments of laws of one variable in 34 digits: log-densities written for mpmath, differenced, never derived.

Scores are central differences of the log-density at step 1e-15, integrals trapezoidal sums after ``x = c + r sinh u``
or ``x = r exp(u - exp(-u))`` (Takahasi and Mori, Publ. RIMS 9 (1974) 721-741), and sums run over the terms given, with
Euler and Maclaurin's tail (DLMF 2.10.1) where the law has one. Nothing here is shared with the package.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations_with_replacement, product

import mpmath as mp
import numpy as np

DIGITS = 34
_SCORE_STEP = "1e-15"

Nodes = list[tuple[mp.mpf, mp.mpf]]


def line(centre: float = 0, reach: float = 1, extent: float = 4.4, step: float = 1 / 24) -> Nodes:
    """Nodes and weights over the reals for tails that fall like an exponential or faster."""
    c, r, h = mp.mpf(centre), mp.mpf(reach), mp.mpf(step)
    count = round(extent / step)
    return [(c + r * mp.sinh(k * h), r * mp.cosh(k * h) * h) for k in range(-count, count + 1)]


def ray(reach: float = 1, low: float = -4.0, high: float = 5.4, step: float = 1 / 24) -> Nodes:
    """Nodes and weights over (0, oo) for tails that fall like an exponential or faster."""
    r, h = mp.mpf(reach), mp.mpf(step)
    out = []
    for k in range(round(low / step), round(high / step) + 1):
        u = k * h
        place = r * mp.exp(u - mp.exp(-u))
        out.append((place, place * (1 + mp.exp(-u)) * h))
    return out


def terms(first: int, last: int) -> Nodes:
    """The integers from first to last."""
    return [(mp.mpf(n), mp.mpf(1)) for n in range(first, last + 1)]


def heavy_terms(first: int, last: int) -> Nodes:
    """The integers from first on: one by one up to ``last``, then by the integral, half a term and differences."""
    start = mp.mpf(last)
    tail = [(start * mp.exp(u), start * mp.exp(u) * weight) for u, weight in ray(1, -4, 3.7)]
    # f(N)/2 - f'(N)/12 + f'''(N)/720 with f' and f''' by central differences of order 6 and 4.
    slope = {1: "3/4", 2: "-3/20", 3: "1/60"}
    bend = {1: "-13/8", 2: "1", 3: "-1/8"}
    ends = [(start, mp.mpf(1) / 2)]
    for k in (1, 2, 3):
        weight = -_ratio(slope[k]) / 12 + _ratio(bend[k]) / 720
        ends += [(start + k, weight), (start - k, -weight)]
    return [*terms(first, last - 1), *ends, *tail]


def _ratio(text: str) -> mp.mpf:
    top, _, bottom = text.partition("/")
    return mp.mpf(top) / mp.mpf(bottom or 1)


@dataclass(frozen=True)
class Oracle:
    """``log_density(x, *theta)``, up to a constant where ``proportional``, and the nodes that carry the law."""

    log_density: Callable[..., mp.mpf]
    nodes: Callable[[], Nodes]
    proportional: bool = False

    @cached_property
    def _nodes(self) -> Nodes:
        with mp.workdps(DIGITS):
            return self.nodes()

    def _logs(self, theta: list[mp.mpf]) -> list[mp.mpf]:
        logs = [self.log_density(x, *theta) for x, _ in self._nodes]
        if self.proportional:
            mass = mp.log(mp.fsum(mp.exp(v) * w for v, (_, w) in zip(logs, self._nodes, strict=True)))
            return [v - mass for v in logs]
        return logs

    def weights_and_scores(self, theta: Iterable[float]) -> tuple[list[mp.mpf], list[list[mp.mpf]]]:
        """Probabilities of the nodes, which must sum to one, and the scores at them, one list for each parameter."""
        with mp.workdps(DIGITS):
            values, step = [mp.mpf(v) for v in theta], mp.mpf(_SCORE_STEP)
            weights = [mp.exp(v) * w for v, (_, w) in zip(self._logs(values), self._nodes, strict=True)]
            assert abs(mp.fsum(weights) - 1) < 1e-13, (theta, mp.fsum(weights) - 1)
            scores = []
            for i, value in enumerate(values):
                up, down = (self._logs([*values[:i], value + d, *values[i + 1 :]]) for d in (step, -step))
                scores.append([(a - b) / (2 * step) for a, b in zip(up, down, strict=True)])
            return weights, scores

    def moment(self, theta: Iterable[float], order: int) -> np.ndarray:
        """``E[l_i l_j ...]`` of that many scores, (n,) * order, as doubles."""
        return np.array(self.exact_moment(theta, order).tolist(), dtype=float)

    def exact_moment(self, theta: Iterable[float], order: int) -> np.ndarray:
        """The same in 34 digits, as an array of objects."""
        weights, scores = self.weights_and_scores(theta)
        n = len(scores)
        out = np.empty((n,) * order, dtype=object)
        with mp.workdps(DIGITS):
            for index in combinations_with_replacement(range(n), order):
                total = mp.fsum(mp.fprod([w, *(scores[i][k] for i in index)]) for k, w in enumerate(weights))
                for place in product(range(n), repeat=order):
                    if tuple(sorted(place)) == index:
                        out[place] = total
        return out

    def mean(self, f: Callable[..., mp.mpf], theta: Iterable[float]) -> float:
        """``E[f(x, *theta)]``."""
        with mp.workdps(DIGITS):
            values = [mp.mpf(v) for v in theta]
            logs = self._logs(values)
            return float(mp.fsum(mp.exp(v) * w * f(x, *values) for v, (x, w) in zip(logs, self._nodes, strict=True)))

    def levi_civita(self, theta: Iterable[float]) -> np.ndarray:
        """``[i, j, k]`` is ``(d_i g_jk + d_j g_ik - d_k g_ij)/2``, by central differences of the metric."""
        values, step = [mp.mpf(v) for v in theta], mp.mpf("1e-7")
        slopes = []
        with mp.workdps(DIGITS):
            for i, value in enumerate(values):
                up, down = (self.exact_moment([*values[:i], value + d, *values[i + 1 :]], 2) for d in (step, -step))
                slopes.append((up - down) / (2 * step))
        d = np.array([s.tolist() for s in slopes], dtype=float)  # [i, j, k]: d_i g_jk
        return 0.5 * (d + d.transpose(1, 0, 2) - d.transpose(1, 2, 0))

    def scalar_curvature(self, theta: Iterable[float]) -> float:
        """Twice the Gaussian curvature of a surface, by Brioschi's formula (do Carmo, Differential Geometry of Curves
        and Surfaces, 1976, section 4.3) from central differences of the metric."""
        u, v = (mp.mpf(t) for t in theta)
        h = mp.mpf("1e-5")
        with mp.workdps(DIGITS):
            g = {(a, b): self.exact_moment([u + a * h, v + b * h], 2) for a in (-1, 0, 1) for b in (-1, 0, 1)}
            du, dv = (g[1, 0] - g[-1, 0]) / (2 * h), (g[0, 1] - g[0, -1]) / (2 * h)
            duu, dvv = ((g[s] - 2 * g[0, 0] + g[-s[0], -s[1]]) / h**2 for s in ((1, 0), (0, 1)))
            duv = (g[1, 1] - g[1, -1] - g[-1, 1] + g[-1, -1]) / (4 * h**2)
            e, f, gg = g[0, 0][0, 0], g[0, 0][0, 1], g[0, 0][1, 1]
            corner = -dvv[0, 0] / 2 + duv[0, 1] - duu[1, 1] / 2
            first = mp.matrix(
                [
                    [corner, du[0, 0] / 2, du[0, 1] - dv[0, 0] / 2],
                    [dv[0, 1] - du[1, 1] / 2, e, f],
                    [dv[1, 1] / 2, f, gg],
                ]
            )
            second = mp.matrix([[0, dv[0, 0] / 2, du[1, 1] / 2], [dv[0, 0] / 2, e, f], [du[1, 1] / 2, f, gg]])
            return float(2 * (mp.det(first) - mp.det(second)) / (e * gg - f**2) ** 2)
