"""Where to begin in a family of location and scale: a few order statistics of the sample beside those of the law.

Quantiles of large samples are about normal with means ``m + s z_p`` and covariances ``s^2 min(p, p') (1 - max(p, p')) /
(N f(z_p) f(z_p'))``, so that the best combinations of them are those of generalised least squares. Source: Mosteller,
Ann. Math. Stat. 17 (1946) 377-408; Ogawa, Osaka Math. J. 3 (1951) 175-213.
"""

from __future__ import annotations

import functools
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


def standard_start(likelihood: SampleLikelihood) -> np.ndarray | None:
    """A point (n,) with the sample's location and scale; None for another family or a sample that has none."""
    import numpy as np

    rows = likelihood.observations
    if not isinstance(rows, StandardSums):
        return None
    law = rows.law
    from_motion = law.from_motion
    if from_motion is None:
        return None
    shapes, weights = _table(law)
    last = len(rows.coordinate) - 1
    places = [round(p * last) for p in _LEVELS]
    motion = weights @ np.partition(rows.coordinate, places)[places]
    with np.errstate(all="ignore"):
        found = unchecked(from_motion)(*motion, *shapes)
        if len(weights[0]) == 1:
            point = np.array(found, dtype=float).ravel()
            return point if likelihood.chart.contains(point) else None
        points = np.stack(np.broadcast_arrays(*found), axis=-1)
    points = points[likelihood.chart.contains(points)]
    if len(points) < 2:
        return points[0] if len(points) else None
    return points[np.argmax(likelihood.values(points, _FEW))]


@functools.lru_cache(maxsize=64)
def _table(law: StandardLaw) -> tuple[tuple[np.ndarray, ...], np.ndarray]:
    """Moderate values of the shapes, (P,) each, and there the weights (k, P, levels) of the quantiles.

    The first of the k combinations are shift and scale, one of them or both.
    """
    import numpy as np

    shapes = moderate_values(law.model.chart, law.shapes, _SHAPES)
    grid = np.linspace(-_REACH, _REACH, _POINTS)
    y, rate = (np.exp(grid), grid) if law.half else (np.sinh(grid), np.log(np.cosh(grid)))
    levels = np.array(_LEVELS)
    between = np.minimum.outer(levels, levels) * (1.0 - np.maximum.outer(levels, levels))
    good, weights = [], []
    with np.errstate(all="ignore"):
        (logs,) = unchecked(law.value)(y, *shapes.T[:, :, None])
        for point, own in zip(shapes, np.broadcast_to(logs, (len(shapes), _POINTS)), strict=True):
            heights = np.exp(own + rate - np.nanmax(own + rate))
            mass = np.cumsum(np.where(np.isfinite(heights), heights, 0.0))
            mass /= mass[-1]
            z = np.interp(np.interp(levels, mass, grid), grid, y)
            (tops,) = unchecked(law.value)(z, *point[:, None])
            tops = np.exp(np.broadcast_to(tops, z.shape))
            design = np.stack([c for c, e in ((np.ones(len(z)), law.shift), (z, law.scale)) if e is not None])
            # Quantiles whose density is out of range would weigh too much or nothing.
            usual = np.isfinite(tops) & (tops > 0.0)
            if usual.sum() < 2:
                continue
            solved = np.linalg.lstsq((between / np.outer(tops, tops))[np.ix_(usual, usual)], design[:, usual].T)[0]
            own_weights = np.zeros((len(design), len(levels)))
            own_weights[:, usual] = np.linalg.pinv(design[:, usual] @ solved) @ solved.T
            good.append(point)
            weights.append(own_weights)
    if not weights:
        return (), np.zeros((2, 0, len(levels)))
    return tuple(np.array(good).T), np.stack(weights, axis=1)
