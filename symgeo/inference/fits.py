"""What fits of many samples return."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from symgeo.errors import ArgumentError
from symgeo.inference.result import Fit

if TYPE_CHECKING:
    import numpy as np

    from symgeo.models.conditional_model import ConditionalModel
    from symgeo.models.statistical_model import StatisticalModel

_SHOWN = 5


@dataclass(frozen=True, eq=False)
class Fits:
    """Maximum likelihood fits of B samples: ``estimates``, ``standard_errors`` (B, n), ``covariances`` (B, n, n).

    ``log_likelihoods``, ``converged``, ``iterations``, ``n_observations`` are (B,). Where ``converged`` is False,
    ``messages`` says why, standard errors are nan, and the estimate is where the search stopped, or nan. ``fits[i]`` is
    the `Fit` of one sample. ``complete`` is False where the work was interrupted: what was not reached says so.
    """

    model: StatisticalModel | ConditionalModel
    estimates: np.ndarray
    standard_errors: np.ndarray
    covariances: np.ndarray
    log_likelihoods: np.ndarray
    converged: np.ndarray
    iterations: np.ndarray
    messages: tuple[str, ...]
    n_observations: np.ndarray
    sources: tuple[str, ...]
    complete: bool
    sample_of: Callable[[int], tuple[np.ndarray, np.ndarray, np.ndarray]] = field(repr=False)

    def __len__(self) -> int:
        return len(self.estimates)

    @property
    def failures(self) -> dict[int, str]:
        """Why, for each sample without an estimate."""
        return {i: message for i, message in enumerate(self.messages) if not self.converged[i]}

    @property
    def aic(self) -> np.ndarray:
        """2 n - 2 log-likelihood of each sample, (B,)."""
        return 2.0 * self.estimates.shape[1] - 2.0 * self.log_likelihoods

    @property
    def bic(self) -> np.ndarray:
        """n log N - 2 log-likelihood of each sample, (B,)."""
        import numpy as np

        return self.estimates.shape[1] * np.log(self.n_observations) - 2.0 * self.log_likelihoods

    def confidence_intervals(self, level: float = 0.95) -> np.ndarray:
        """Wald intervals, (B, n, 2). Raises :class:`ArgumentError` for a level that is none."""
        import numpy as np
        from scipy.special import ndtri

        if not 0.0 < level < 1.0:
            raise ArgumentError(f"the level must lie between 0 and 1, not {level}; 0.95 is usual")
        half = ndtri(0.5 * (1.0 + level)) * self.standard_errors
        return np.stack([self.estimates - half, self.estimates + half], axis=-1)

    def __getitem__(self, index: int) -> Fit:
        from symgeo.inference.sample_likelihood import SampleLikelihood

        if not -len(self) <= index < len(self):
            raise IndexError(f"there are {len(self)} fits, not one at {index}")
        i = range(len(self))[index]
        return Fit(
            model=self.model,
            estimate=self.estimates[i],
            standard_errors=self.standard_errors[i],
            covariance=self.covariances[i],
            log_likelihood=float(self.log_likelihoods[i]),
            converged=bool(self.converged[i]),
            iterations=int(self.iterations[i]),
            message=self.messages[i],
            n_observations=float(self.n_observations[i]),
            source=self.sources[i],
            likelihood_of_sample=lambda: SampleLikelihood(self.model, *self.sample_of(i)),
        )

    def __str__(self) -> str:
        import numpy as np

        what = self.model.name or "the declared model"
        lines = [f"Maximum likelihood, {what}, {len(self)} samples, {int(self.converged.sum())} with an estimate"]
        if self.converged.any():
            names = [s.name for s in self.model.parameters]
            width = max(9, *map(len, names))
            lines.append(f"  {'parameter':<{width}}  {'median':>13}  {'lower quartile':>14}  {'upper quartile':>14}")
            quartiles = np.percentile(self.estimates[self.converged], [50, 25, 75], axis=0).T
            for name, (middle, low, high) in zip(names, quartiles, strict=True):
                lines.append(f"  {name:<{width}}  {middle:>13.6g}  {low:>14.6g}  {high:>14.6g}")
        failed = self.failures
        lines += [f"NOT CONVERGED, sample {i}: {message}" for i, message in list(failed.items())[:_SHOWN]]
        if len(failed) > _SHOWN:
            lines.append(f"... and {len(failed) - _SHOWN} more; see .failures")
        return "\n".join(lines)

    __repr__ = __str__
