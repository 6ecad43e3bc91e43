"""One step of Dormand and Prince's method of order 8 for many second-order equations ``x'' = a(x, x')`` at once.

Written for second order: with the stages' velocities ``v_j = v + h sum_k A_jk a_k`` put into those of the points,
``x_j = x + h c_j v + h^2 sum_k (A A)_jk a_k``, only accelerations are kept. Arrays are (n, P), every coordinate
contiguous, steps (P,). Source: Hairer, Norsett and Wanner, Solving Ordinary Differential Equations I, 1993, sections
II.5 and II.14.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    Acceleration = Callable[[np.ndarray, np.ndarray], np.ndarray]

STAGES = 12


@dataclass(frozen=True)
class Tableau:
    """Weights of the accelerations: ``pairs[j]`` (2, j), those of velocity and point at stage j, the last the step's
    end; ``nodes`` (13,); the two error estimates ``errors`` (4, 12): order 5 and 3, each of point and velocity."""

    pairs: tuple[np.ndarray, ...]
    nodes: np.ndarray
    errors: np.ndarray


@functools.cache
def tableau() -> Tableau:
    """The weights, from SciPy's."""
    import numpy as np
    from scipy.integrate import DOP853

    whole = np.zeros((STAGES + 1, STAGES + 1))
    whole[:STAGES, :STAGES] = DOP853.A
    whole[STAGES, :STAGES] = DOP853.B
    squared = whole @ whole
    pairs = tuple(np.ascontiguousarray(np.stack([whole[j, :j], squared[j, :j]])) for j in range(STAGES + 1))
    # Neither estimate uses the acceleration at the step's end.
    fifth, third = DOP853.E5[:STAGES], DOP853.E3[:STAGES]
    stages = whole[:STAGES, :STAGES]
    errors = np.stack([fifth @ stages, fifth, third @ stages, third])
    return Tableau(pairs, np.append(DOP853.C, 1.0), errors)


def stepped(
    acceleration: Acceleration, x: np.ndarray, v: np.ndarray, h: np.ndarray, first: np.ndarray, stages: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Points and velocities (n, P) after steps h; ``first`` is the acceleration at the start.

    ``stages`` (12, n, P) receives the accelerations of the stages.
    """
    table, square = tableau(), h * h
    flat = stages.reshape(STAGES, -1)
    stages[0] = first
    for j in range(1, STAGES + 1):
        moved = (table.pairs[j] @ flat[:j]).reshape(2, *x.shape)
        velocity, point = moved[0], moved[1]
        velocity *= h
        velocity += v
        point *= square
        point += x
        point += (table.nodes[j] * h) * v
        if j < STAGES:
            stages[j] = acceleration(point, velocity)
    return point, velocity


def error(stages: np.ndarray, h: np.ndarray, scale_x: np.ndarray, scale_v: np.ndarray) -> np.ndarray:
    """The estimated error (P,) of a step in units of the scales (n, P): below one where it is small enough."""
    import numpy as np

    n = stages.shape[1]
    e = (tableau().errors @ stages.reshape(STAGES, -1)).reshape(2, 2, *stages.shape[1:])
    e[:, 0] *= h * h / scale_x
    e[:, 1] *= h / scale_v
    fifth, third = np.einsum("eknp,eknp->ep", e, e)
    below = fifth + 0.01 * third
    return np.where(below > 0, fifth / np.sqrt(np.where(below > 0, below * 2 * n, 1.0)), below)
