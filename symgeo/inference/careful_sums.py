"""Sums over the observations of values with as many digits as they need, where doubles lose too many of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from symgeo.inference.parameter_sums import ParameterSums

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from symgeo.inference.programs import SamplePrograms


class CarefulSums(ParameterSums):
    """The same sums by ``exactly``, a checked function of variables, covariates and parameters."""

    def __init__(
        self,
        programs: SamplePrograms,
        exactly: Callable[[np.ndarray], np.ndarray],
        sample: np.ndarray,
        covariates: np.ndarray,
        weights: np.ndarray,
    ):
        super().__init__(programs, sample, covariates, weights)
        self._exactly = exactly

    def _values(self, theta: np.ndarray) -> np.ndarray:
        """[log p, score, minus the second derivatives] of every observation, (N, k)."""
        import numpy as np

        spread = np.broadcast_to(theta, (len(self.weights), self.n))
        return self._exactly(np.concatenate([self.sample, self.covariates, spread], axis=1))

    def sums(self, theta: np.ndarray, curved: bool) -> tuple[np.ndarray, np.ndarray | None]:
        import numpy as np

        values, first = self._values(theta), self.n + 1
        total = self.weights @ values
        found = np.concatenate([total[:first], self.weights @ np.abs(values[:, :first])])
        return found, self._symmetric(total[first:]) if curved else None

    def slopes(self, theta: np.ndarray) -> np.ndarray:
        import numpy as np

        return np.delete(self.sums(theta, False)[0], [0, self.n + 1])
