"""What a fit returns."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from symgeo.models.statistical_model import StatisticalModel

# Half the width of a normal 95% interval, in standard errors.
_Z95 = 1.959963984540054


@dataclass(frozen=True, eq=False)
class Fit:
    """A maximum likelihood fit; ``estimate``, ``standard_errors`` (n,), ``covariance`` (n, n) = g^-1 / N.

    Where ``converged`` is False no maximum was found: ``message`` says why, ``estimate`` is where the search stopped,
    and standard errors and covariance are nan. ``trace`` holds the log-likelihood after each step that changed it.
    Standard errors and intervals are asymptotic (Wald, from the Fisher information at the estimate).
    """

    model: StatisticalModel
    estimate: np.ndarray
    standard_errors: np.ndarray
    covariance: np.ndarray
    log_likelihood: float
    converged: bool
    iterations: int
    message: str
    n_observations: int
    trace: tuple[float, ...] = ()

    @property
    def parameters(self) -> dict[str, float]:
        """The estimate by parameter name."""
        return {s.name: float(v) for s, v in zip(self.model.parameters, self.estimate, strict=True)}

    @property
    def aic(self) -> float:
        """2 n - 2 log-likelihood. Source: Akaike, IEEE Trans. Automatic Control 19 (1974) 716-723."""
        return 2.0 * len(self.estimate) - 2.0 * self.log_likelihood

    @property
    def bic(self) -> float:
        """n log N - 2 log-likelihood. Source: Schwarz, Annals of Statistics 6 (1978) 461-464."""
        return len(self.estimate) * math.log(self.n_observations) - 2.0 * self.log_likelihood

    def __str__(self) -> str:
        what = self.model.name or "the declared model"
        observations = f"{self.n_observations} observation{'s' if self.n_observations != 1 else ''}"
        lines = [f"Maximum likelihood, {what}, {observations}"]
        if not self.converged:
            lines.append(f"NOT CONVERGED: {self.message}")
        names = [s.name for s in self.model.parameters]
        width = max(9, *map(len, names))
        header = "last point" if not self.converged else "estimate"
        lines.append(
            f"  {'parameter':<{width}}  {header:>13}" + ("  std. error      95% interval" if self.converged else "")
        )
        for name, value, error in zip(names, self.estimate, self.standard_errors, strict=True):
            row = f"  {name:<{width}}  {value:>13.6g}"
            if self.converged:
                low, high = value - _Z95 * error, value + _Z95 * error
                row += f"  {error:>10.4g}      [{low:.5g}, {high:.5g}]"
            lines.append(row)
        if self.converged:
            lines.append(
                f"log-likelihood {self.log_likelihood:.6g}   AIC {self.aic:.6g}   BIC {self.bic:.6g}\n{self.message}"
            )
        return "\n".join(lines)

    __repr__ = __str__
