"""Where to begin in a family of location and scale: a few order statistics of the sample beside those of the law.

Quantiles of large samples are about normal with means ``m + s z_p`` and covariances ``s^2 min(p, p') (1 - max(p, p')) /
(N f(z_p) f(z_p'))``, so that the best combinations of them are those of generalised least squares. Source: Mosteller,
Ann. Math. Stat. 17 (1946) 377-408; Ogawa, Osaka Math. J. 3 (1951) 175-213.
"""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING

from symgeo.codegen import unchecked
from symgeo.inference.standard_sums import StandardSums
from symgeo.inference.starting import moderate_values

if TYPE_CHECKING:
    import numpy as np

    from symgeo.inference.sample_likelihood import SampleLikelihood
    from symgeo.inference.standard_law import StandardLaw

_LEVELS = (0.02, 0.07, 0.2, 0.35, 0.5, 0.65, 0.8, 0.93, 0.98)
# Points of the standard law's density, their reach in powers of e, and points of the shapes.
_POINTS, _REACH, _SHAPES = 1201, 20.0, 40
# Observations that choose the shapes.
_FEW = 48
# Newton's steps at most, the longest of them, and the gain in likelihood of the last.
_STEPS, _LONGEST, _SHORT = 12, 0.5, 1e-13


def standard_start(likelihood: SampleLikelihood) -> tuple[np.ndarray, int] | None:
    """A point (n,) with the sample's location and scale, and how many steps led to it.

    Where there are no shapes, Newton's method goes on from the order statistics. None for another family, or a sample
    that has no such point.
    """
    import numpy as np

    rows = likelihood.observations
    if not isinstance(rows, StandardSums):
        return None
    law = rows.law
    from_motion = law.from_motion
    if from_motion is None:
        return None
    shapes, weights = _table(law)
    if not weights.shape[1]:
        return None
    last = len(rows.coordinate) - 1
    places = [round(p * last) for p in _LEVELS]
    quantiles = np.partition(rows.coordinate, places)[places]
    if law.shift is not None and law.scale is not None and quantiles[0] == quantiles[-1]:
        return None
    motion = weights @ quantiles
    with np.errstate(all="ignore"):
        if not law.shapes:
            shift, scale, steps = _newton(rows, motion[:, 0].tolist())
            moved = [v for v, e in ((shift, law.shift), (scale, law.scale)) if e is not None]
            point = np.array(unchecked(from_motion)(*moved), dtype=float)
            return (point, steps) if likelihood.chart.contains(point) else None
        points = np.stack(np.broadcast_arrays(*unchecked(from_motion)(*motion, *shapes)), axis=-1)
    points = points[likelihood.chart.contains(points)]
    if len(points) < 2:
        return (points[0], 0) if len(points) else None
    return points[np.argmax(likelihood.values(points, _FEW))], 0


def _newton(rows: StandardSums, motion: list[float]) -> tuple[float, float, int]:
    """Shift and scale after Newton's steps from a first motion, and their number; the first ones where steps fail.

    A step goes from y to ``(1 + a) y + b``: in these the likelihood is concave where the logarithm of the law is.
    Source: Burridge, J. Roy. Stat. Soc. B 43 (1981) 41-45.
    """
    import numpy as np

    law, weights = rows.law, rows.weights
    shift = motion[0] if law.shift is not None else 0.0
    scale = motion[-1] if law.scale is not None else 1.0
    first = shift, scale
    total, bent = rows.total, unchecked(law.bent)
    y = (rows.coordinate - shift) / scale
    for step in range(_STEPS):
        slope, bend = bent(y)
        slope, bend = slope * weights, bend * weights
        grow, move = total + float(y @ slope), float(np.add.reduce(slope))
        wide, across, deep = total - float(y * bend @ y), -float(y @ bend), -float(np.add.reduce(bend))
        if law.shift is None:
            across, move, deep = 0.0, 0.0, 1.0
        if law.scale is None:
            across, grow, wide = 0.0, 0.0, 1.0
        determinant = wide * deep - across * across
        if not (determinant > 0.0 and deep > 0.0):
            break
        a, b = (deep * grow - across * move) / determinant, (wide * move - across * grow) / determinant
        size = max(abs(a), abs(b))
        if not size < math.inf:
            break
        if size > _LONGEST:
            a, b = a * _LONGEST / size, b * _LONGEST / size
        scale /= 1.0 + a
        shift -= scale * b
        if a * grow + b * move < _SHORT:
            return shift, scale, step + 1
        y *= 1.0 + a
        y += b
    return *first, 0


@functools.lru_cache(maxsize=64)
def _table(law: StandardLaw) -> tuple[tuple[np.ndarray, ...], np.ndarray]:
    """Moderate values of the shapes, (P,) each, and weights (k, P, levels) of the quantiles there.

    The k combinations are the shift and the scale, as far as there are both.
    """
    import numpy as np

    shapes = moderate_values(law.model.chart, law.shapes, _SHAPES)
    grid = np.linspace(-_REACH, _REACH, _POINTS)
    y, rate = (np.exp(grid), grid) if law.half else (np.sinh(grid), np.log(np.cosh(grid)))
    levels = np.array(_LEVELS)
    inverse = np.linalg.inv(np.minimum.outer(levels, levels) * (1.0 - np.maximum.outer(levels, levels)))
    good, weights = [], []
    with np.errstate(all="ignore"):
        (logs,) = unchecked(law.value)(y, *shapes.T[:, :, None])
        for point, own in zip(shapes, np.broadcast_to(logs, (len(shapes), _POINTS)), strict=True):
            mass = np.cumsum(_heights(own + rate))
            mass /= mass[-1]
            z = np.interp(np.interp(levels, mass, grid), grid, y)
            (tops,) = unchecked(law.value)(z, *point[:, None])
            tops = _heights(np.broadcast_to(tops, z.shape))
            precision = tops[:, None] * inverse * tops
            design = np.stack([c for c, e in ((np.ones(len(z)), law.shift), (z, law.scale)) if e is not None])
            normal = design @ precision @ design.T
            if np.isfinite(normal).all() and np.linalg.det(normal) > 0.0:
                good.append(point)
                weights.append(np.linalg.solve(normal, design @ precision))
    if not weights:
        return (), np.zeros((2, 0, len(levels)))
    return tuple(np.array(good).T), np.stack(weights, axis=1)


def _heights(logs: np.ndarray) -> np.ndarray:
    """Exponentials in units of the largest, zero where a logarithm is not finite."""
    import numpy as np

    finite = np.where(np.isfinite(logs), logs, -np.inf)
    return np.exp(finite - max(finite.max(), -1e300))
