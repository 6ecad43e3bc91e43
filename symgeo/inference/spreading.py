"""Random first classes of observations, after observations drawn far from one another.

Source: Arthur and Vassilvitskii, Proc. 18th ACM-SIAM Symp. Discrete Algorithms (2007) 1027-1035.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

# What the nearest class gets before all are scaled to one.
_NEAREST, _OTHERS = 1.0, 0.1


def spread_shares(sample: np.ndarray, counts: np.ndarray, classes: int, random: np.random.Generator) -> np.ndarray:
    """Probabilities (N, classes) of the classes given observations (N, d) with counts (N,)."""
    import numpy as np

    spread = np.std(sample, axis=0)
    points = sample / np.where(spread > 0, spread, 1.0)
    centers = [points[random.choice(len(points), p=counts / counts.sum())]]
    while len(centers) < classes:
        nearest = np.min([np.sum((points - c) ** 2, axis=1) for c in centers], axis=0) * counts
        total = nearest.sum()
        chance = nearest / total if total > 0 else counts / counts.sum()
        centers.append(points[random.choice(len(points), p=chance)])
    distances = np.stack([np.sum((points - c) ** 2, axis=1) for c in centers], axis=-1)
    near = np.where(distances == distances.min(axis=1, keepdims=True), _NEAREST, _OTHERS)
    return near / near.sum(axis=1, keepdims=True)
