"""Sums over observations that repeat one another, such as counts: each value once, with the weights added."""

from __future__ import annotations

from typing import TYPE_CHECKING

from symgeo.inference.parameter_sums import ParameterSums

if TYPE_CHECKING:
    import numpy as np

    from symgeo.inference.programs import SamplePrograms

# How wide the range of whole numbers may be, in units of their number.
_WIDEST = 4


class RepeatedSums(ParameterSums):
    """The same sums for observations (N, 1) of ``values`` (k,), whose weights together are ``counts`` (k,)."""

    def __init__(
        self,
        programs: SamplePrograms,
        sample: np.ndarray,
        covariates: np.ndarray,
        weights: np.ndarray,
        values: np.ndarray,
        counts: np.ndarray,
    ):
        super().__init__(programs, sample, covariates, weights)
        self._few = ParameterSums(programs, values[:, None], covariates[: len(values)], counts)
        self.length = len(values)

    def sums(self, theta: np.ndarray, curved: bool) -> tuple[np.ndarray, np.ndarray | None]:
        return self._few.sums(theta, curved)

    def points(self, thetas: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return self._few.points(thetas)

    def slopes(self, theta: np.ndarray) -> np.ndarray:
        return self._few.slopes(theta)

    def values(self, thetas: np.ndarray) -> np.ndarray:
        return self._few.values(thetas)


def repeated(sample: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """The values of whole numbers (N, 1) and the weights of each; None where there are not fewer of them by half."""
    import numpy as np

    low, high = sample.min(), sample.max()
    if not high - low < _WIDEST * len(sample):
        return None
    counts = np.bincount((sample[:, 0] - low).astype(int), weights)
    values = np.flatnonzero(counts)
    if 2 * len(values) > len(sample):
        return None
    return values + low, counts[values]
