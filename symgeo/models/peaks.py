"""Peaks of a function on R^d given through its logarithm: places, and the Gaussians that fit them.

Damped Newton runs from many places at once, with derivatives by finite differences whose width settles at about one
standard deviation: the function comes as generated code and need not be smooth on a finer scale.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Any

from symgeo.models.lattice import lattice, shifts

if TYPE_CHECKING:
    import numpy as np

LogTarget = Callable[["np.ndarray"], "np.ndarray"]  # (N, d) -> (N,)


@dataclass(frozen=True)
class Peak:
    """A peak at ``place`` (d,); ``factor`` (d, d) times its transpose is the inverse of -Hessian there."""

    place: Any
    factor: Any
    weight: float


def find_peaks(
    function: LogTarget, dimension: int, starts: Sequence[Sequence[float]] = (), effort: int = 1
) -> list[Peak]:
    """Distinct peaks, weighted by Laplace's approximation of their mass (weights sum to one, none is tiny)."""
    import numpy as np

    cube = lattice(1024, dimension, shifts(dimension, 1)[0])
    logit = np.log(cube) - np.log1p(-cube)
    scales = np.array([0.6, 1.5, 6.0])[np.arange(len(cube)) % 3]
    scattered = 2.0 * np.sinh(0.5 * logit) * scales[:, None]
    tried = np.vstack([np.zeros((1, dimension)), scattered, *(np.reshape(s, (1, dimension)) for s in starts)])
    heights = function(tried)
    heights = np.where(np.isnan(heights), -inf, heights)
    hinted = [i for i in range(len(tried) - len(starts), len(tried)) if heights[i] > -inf]
    chosen = list(dict.fromkeys(_apart(tried, heights, 6 * effort) + hinted))[: 24 * effort]
    if not chosen:
        return []
    places, precisions, tops = _climb(function, tried[chosen])
    found: list[Peak] = []
    logs: list[float] = []
    for i in np.argsort(-tops, kind="stable"):
        if not np.all(np.isfinite(precisions[i])) or not np.isfinite(tops[i]):
            continue
        factor, log_volume = _factor(precisions[i])
        offsets = [np.linalg.solve(peak.factor, places[i] - peak.place) for peak in found]
        if any(np.linalg.norm(offset) < 0.5 * np.sqrt(dimension) for offset in offsets):
            continue
        found.append(Peak(places[i], factor, 1.0))
        logs.append(float(tops[i]) + log_volume)
    if not found:
        return []
    shares = np.exp(np.clip(np.array(logs) - max(logs), -700.0, 0.0))
    kept = [i for i in np.argsort(-shares, kind="stable")[:8] if shares[i] > 1e-7]
    # Laplace's mass may be far off, so no peak gets less than a tenth of the largest
    weights = np.maximum(shares[kept], 0.1)
    weights /= weights.sum()
    return [Peak(found[i].place, found[i].factor, float(w)) for i, w in zip(kept, weights, strict=True)]


def _apart(tried: np.ndarray, heights: np.ndarray, count: int) -> list[int]:
    """The highest of the tried places that are no close neighbours of a higher one, then simply the highest."""
    import numpy as np

    order = np.argsort(-heights, kind="stable")[:200]
    order = order[heights[order] > -inf]
    gaps = np.linalg.norm(tried[order][:, None] - tried[order], axis=-1)
    reach = 2.0 + 0.2 * np.linalg.norm(tried[order], axis=-1)
    chosen: list[int] = []
    free = np.ones(len(order), dtype=bool)
    while len(chosen) < count and np.any(free):
        rank = int(np.argmax(free))
        chosen.append(int(order[rank]))
        free &= gaps[rank] > reach
    return list(dict.fromkeys([*(int(i) for i in order[:2]), *chosen]))


def _factor(precision: np.ndarray) -> tuple[np.ndarray, float]:
    """A triangular factor of the inverse of -Hessian, and log of its determinant.

    Triangular, so that independent coordinates stay along the axes. Flat or rising directions get their scale from
    the diagonal.
    """
    import numpy as np

    scale = 1.0 / np.sqrt(np.maximum(np.abs(np.diag(precision)), 1e-12))
    values, vectors = np.linalg.eigh(precision * np.outer(scale, scale))
    return triangular((vectors / np.maximum(values, 0.02)) @ vectors.T, scale)


def triangular(correlation: np.ndarray, scale: np.ndarray) -> tuple[np.ndarray, float]:
    """The lower triangular factor of diag(scale) correlation diag(scale), and log of its determinant."""
    import numpy as np

    factor = scale[:, None] * np.linalg.cholesky(correlation + 1e-12 * np.eye(len(scale)))
    return factor, float(np.sum(np.log(np.diag(factor))))


def _climb(function: LogTarget, places: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Damped Newton from all places at once with finite differences: (places (K, d), -Hessians, heights)."""
    import numpy as np

    count, dimension = places.shape
    eye = np.eye(dimension)
    pairs = [(i, j) for i in range(dimension) for j in range(i)]
    offsets = np.vstack(
        [np.zeros((1, dimension)), eye, -eye] + [np.stack([eye[i] + eye[j], -eye[i] - eye[j]]) for i, j in pairs]
    )
    width = 0.05 * (1.0 + 0.1 * np.abs(places))
    lengths = np.array([1.0, 0.5, 0.2, 0.05, 0.01, 2.0, 8.0])
    previous = np.full(count, -inf)
    for _ in range(40):
        grid = places[:, None, :] + width[:, None, :] * offsets
        values = function(grid.reshape(-1, dimension)).reshape(count, -1)
        here = values[:, :1]
        # outside the support the function is -inf: a steep fall, but one that differences can digest
        values = np.where(np.isfinite(values), values, here - 50.0)
        up, down = values[:, 1 : dimension + 1], values[:, dimension + 1 : 2 * dimension + 1]
        gradient = 0.5 * (up - down)
        hessian = np.zeros((count, dimension, dimension))
        hessian[:, range(dimension), range(dimension)] = up + down - 2.0 * here
        for k, (i, j) in enumerate(pairs):
            both, neither = values[:, 2 * dimension + 1 + 2 * k], values[:, 2 * dimension + 2 + 2 * k]
            mixed = 0.5 * (both + neither + 2.0 * here[:, 0] - up[:, i] - up[:, j] - down[:, i] - down[:, j])
            hessian[:, i, j] = hessian[:, j, i] = mixed
        curvature = np.maximum(-hessian[:, range(dimension), range(dimension)], 1e-10)
        eigenvalues, vectors = np.linalg.eigh(-hessian)
        floor = 1e-3 * np.max(np.abs(eigenvalues), axis=1, keepdims=True) + 1e-12
        along = np.einsum("kij,ki->kj", vectors, gradient) / np.maximum(np.abs(eigenvalues), floor)
        step = np.einsum("kij,kj->ki", vectors, along) * width
        trial = places[:, None, :] + lengths[:, None] * step[:, None, :]
        heights = function(trial.reshape(-1, dimension)).reshape(count, -1)
        heights = np.concatenate([here, np.where(np.isfinite(heights), heights, -inf)], axis=1)
        best = np.argmax(heights, axis=1)
        everywhere = np.concatenate([places[:, None, :], trial], axis=1)
        places = everywhere[np.arange(count), best]
        top = heights[np.arange(count), best]
        # differences over about a standard deviation: enough to see curvature, little enough to be local
        tuned = np.clip(0.7 * width / np.sqrt(curvature), 0.05 * width, 20.0 * width)
        settled = (top - previous < 1e-3) & np.all(np.abs(np.log(tuned / width)) < 0.7, axis=1)
        previous = top
        if np.all(settled):
            break
        width = tuned
    scaled = -hessian / width[:, :, None] / width[:, None, :]
    return places, scaled, previous
