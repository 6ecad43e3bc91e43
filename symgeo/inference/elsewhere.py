"""Whether a likelihood is higher elsewhere: climbs from around a maximum, all at once.

A likelihood that is not concave may have several maxima, or rise without end far from the one that was found. From
both sides of it along each parameter, where the likelihood has plainly fallen, and from likely points on all scales,
climbs on a few of the observations lead where they lead; what is higher there is looked at with all observations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from symgeo.inference.many_climbs import climb_many
from symgeo.inference.many_likelihoods import ManyPoints
from symgeo.inference.starting import likely_points

if TYPE_CHECKING:
    import numpy as np

    from symgeo.inference.sample_likelihood import SampleLikelihood
    from symgeo.inference.starting import Axes

# Observations that climbs take, how far the log-likelihood has fallen at their starts, and likely points among these.
_LOOKED, _FALLEN, _LIKELY = 96, (2.0, 10.0), 4
# Mean log-likelihoods that differ by less are those of one maximum, and of one end; how many ends are looked at.
_SAME, _ALIKE, _ENDS = 1e-7, 1e-5, 3
# The log-likelihood by which an end must be higher where only some of the observations tell.
_PLAIN = 0.5
# The squared length of a step, in standard errors, at which a climb is near enough to its end, and where only some of
# the observations tell; most steps.
_ROUGH, _NEAR, _STEPS = 1e-12, 0.25, 12


def higher_ends(likelihood: SampleLikelihood, theta: np.ndarray, axes: Axes, lower: bool = False) -> list[np.ndarray]:
    """Points (n,) to which climbs lead where some of the observations are likelier than at their maximum near theta.

    ``axes`` are those of `along_axes` there. The highest first, and with ``lower`` those that are lower, too; some may
    lie where a climb ran to the boundary. None where functions of single parameters are not to be had, or the
    likelihood has kinks.
    """
    import numpy as np

    if not likelihood.smooth or likelihood.programs.indices is not None:
        return []
    few = np.linspace(0, len(likelihood.sample) - 1, min(_LOOKED, len(likelihood.sample))).astype(int)
    starts = np.concatenate([theta[None, :], _aside(likelihood, theta, axes), likely_points(likelihood, _LIKELY)])
    count = len(starts)
    many = ManyPoints(
        likelihood.programs, likelihood.sample[few], likelihood.covariates[few], likelihood.weights[few], count
    )
    # Of many observations those looked at have maxima of their own, a little higher.
    some = len(few) < len(likelihood.sample)
    margin, near = (_PLAIN / len(few), _NEAR) if some else (0.0, _ROUGH)
    climbed = climb_many(many, starts, near, _STEPS, rough=True)
    ends, values = climbed.theta, np.where(np.isfinite(climbed.height), climbed.height, -np.inf)
    found: list[tuple[float, np.ndarray]] = []
    if lower:  # maxima, if they are any
        values = np.where(climbed.short, values, -np.inf)
    for index in np.argsort(-values):
        if values[index] == -np.inf:
            break
        size = (_ALIKE if lower else _SAME) * (1.0 + abs(values[index]))
        if (not lower and values[index] <= values[0] + margin + size) or len(found) == _ENDS:
            break
        if all(value - values[index] > size for value, _ in found):
            found.append((values[index], ends[index]))
    return [end for _, end in found]


def _aside(likelihood: SampleLikelihood, theta: np.ndarray, axes: Axes) -> np.ndarray:
    """Points (k, n) along each axis, on both sides, the nearest at which the log-likelihood has fallen so far."""
    import numpy as np

    points, values = axes
    fall = (values[0] - values) * min(_LOOKED, likelihood.count)
    moves = points - theta
    fallen = np.array(_FALLEN)[:, None, None, None]
    there = (fall[:, None] > fallen) & np.isfinite(fall)[:, None] & (np.array([-1.0, 1.0])[:, None, None] * moves > 0.0)
    apart = np.where(there, np.abs(moves), np.inf)
    nearest = np.argmin(apart, axis=-2)
    known = np.isfinite(np.min(apart, axis=-2))
    return points[np.unique(nearest[known])]
