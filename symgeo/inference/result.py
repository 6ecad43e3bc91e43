"""What a fit returns."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from symgeo.errors import ArgumentError, DataError

if TYPE_CHECKING:
    import numpy as np

    from symgeo.inference.sample_likelihood import SampleLikelihood
    from symgeo.models.conditional_model import ConditionalModel
    from symgeo.models.statistical_model import StatisticalModel

# Half the width of a normal 95% interval, in standard errors.
_Z95 = 1.959963984540054

Covariance = Literal["expected", "observed", "sandwich"]
_SOURCES = {
    "expected": "expected information",
    "observed": "observed information",
    "sandwich": "sandwich of observed information and squared scores",
}


def check_covariance(kind: str) -> None:
    """Raise :class:`ArgumentError` for a kind that there is not."""
    if kind not in _SOURCES:
        raise ArgumentError(f"covariance={kind!r} is not known; choose one of {', '.join(_SOURCES)}")


@dataclass(frozen=True, eq=False)
class Fit:
    """A maximum likelihood fit; ``estimate``, ``standard_errors`` (n,), ``covariance`` (n, n).

    Where ``converged`` is False no maximum was found: ``message`` says why, ``estimate`` is where the search stopped,
    and standard errors and covariance are nan. ``trace`` holds the log-likelihood after each step that changed it.
    ``n_observations`` is the sum of the weights. Standard errors and intervals are asymptotic (Wald); ``source`` says
    from what: the inverse of the expected (Fisher) information, of the observed one, or the sandwich. ``local`` says
    that the likelihood was seen to be higher towards the boundary, where it has no maximum; ``message`` says where.
    """

    model: StatisticalModel | ConditionalModel
    estimate: np.ndarray
    standard_errors: np.ndarray
    covariance: np.ndarray
    log_likelihood: float
    converged: bool
    iterations: int
    message: str
    n_observations: float
    trace: tuple[float, ...] = ()
    source: str = "expected"
    local: bool = False
    likelihood_of_sample: Callable[[], SampleLikelihood] | None = field(default=None, repr=False)

    def __getstate__(self) -> dict[str, Any]:
        sample = self.likelihood_of_sample
        return {**self.__dict__, "likelihood_of_sample": None if sample is None else sample()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        sample = state["likelihood_of_sample"]
        self.__dict__.update(state, likelihood_of_sample=None if sample is None else lambda: sample)

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

    @property
    def z_values(self) -> np.ndarray:
        """Estimates in units of their standard errors, (n,)."""
        return self.estimate / self.standard_errors

    @property
    def p_values(self) -> np.ndarray:
        """Two-sided Wald tests of each parameter being zero, (n,), by the normal law."""
        from scipy.special import erfc

        return erfc(abs(self.z_values) / math.sqrt(2.0))

    def confidence_intervals(self, level: float = 0.95) -> np.ndarray:
        """Wald intervals of each parameter, (n, 2). Raises :class:`ArgumentError` for a level that is none."""
        import numpy as np
        from scipy.special import ndtri

        if not 0.0 < level < 1.0:
            raise ArgumentError(f"the level must lie between 0 and 1, not {level}; 0.95 is usual")
        half = ndtri(0.5 * (1.0 + level)) * self.standard_errors
        return np.stack([self.estimate - half, self.estimate + half], axis=-1)

    @property
    def expected_information(self) -> np.ndarray:
        """The Fisher information of the sample at the estimate, (n, n): the sum of the metric over the observations.

        Raises :class:`DataError` where it is infinite or not known.
        """
        found = self.require_sample().expected_information(self.estimate)
        if found is None:
            raise DataError("the expected information of this model is infinite or not known; use observed_information")
        return found * self.n_observations

    @property
    def observed_information(self) -> np.ndarray:
        """Minus the second derivatives of the log-likelihood at the estimate, (n, n)."""
        return self.require_sample().observed_information(self.estimate) * self.n_observations

    @property
    def score_products(self) -> np.ndarray:
        """The sum of the outer products of the observations' scores at the estimate, (n, n)."""
        scores = self.require_sample().scores(self.estimate)
        return (scores * self.require_sample().weights[:, None]).T @ scores

    @property
    def sandwich_covariance(self) -> np.ndarray:
        """``J^-1 B J^-1``, J the observed information and B the score products: right for a wrong model too, (n, n).

        Source: White, Econometrica 50 (1982) 1-25.
        """
        bread = inverse(self.observed_information)
        return bread @ self.score_products @ bread

    def require_sample(self) -> SampleLikelihood:
        """The likelihood of the sample; :class:`DataError` where the fit was made without one."""
        if self.likelihood_of_sample is None:
            raise DataError("this fit holds no sample; fit the model again")
        return self.likelihood_of_sample()

    def with_covariance(self, kind: str) -> Fit:
        """The same fit with its covariance from "expected" or "observed" information, or the "sandwich" of both.

        Where the expected information is infinite or not known the observed one is taken. Raises
        :class:`ArgumentError` for another kind.
        """
        import numpy as np

        check_covariance(kind)
        if kind == "expected" and self.require_sample().expected_information(self.estimate) is None:
            kind = "observed"
        if kind == "sandwich":
            covariance = self.sandwich_covariance
        else:
            covariance = inverse(self.expected_information if kind == "expected" else self.observed_information)
        errors = np.sqrt(np.diagonal(covariance))
        return replace(self, covariance=covariance, standard_errors=errors, source=kind)

    def __str__(self) -> str:
        what = self.model.name or "the declared model"
        count = f"{self.n_observations:.10g}"
        lines = [f"Maximum likelihood, {what}, {count} observation{'s' if count != '1' else ''}"]
        if not self.converged:
            lines.append(f"NOT CONVERGED: {self.message}")
        names = [s.name for s in self.model.parameters]
        width = max(9, *map(len, names))
        header = "last point" if not self.converged else "estimate"
        titles = "  std. error        z  P>|z|      95% interval" if self.converged else ""
        lines.append(f"  {'parameter':<{width}}  {header:>13}" + titles)
        rows = zip(names, self.estimate, self.standard_errors, self.z_values, self.p_values, strict=True)
        for name, value, error, z, p in rows:
            row = f"  {name:<{width}}  {value:>13.6g}"
            if self.converged:
                low, high = value - _Z95 * error, value + _Z95 * error
                row += f"  {error:>10.4g} {z:>8.3g}  {p:>5.3f}      [{low:.5g}, {high:.5g}]"
            lines.append(row)
        if self.converged:
            lines.append(f"log-likelihood {self.log_likelihood:.6g}   AIC {self.aic:.6g}   BIC {self.bic:.6g}")
            lines.append(f"{self.message}; standard errors from the {_SOURCES[self.source]}")
        return "\n".join(lines)

    __repr__ = __str__


def too_few(count: int, parameters: int) -> str:
    """What to add to a refusal where there are fewer observations than parameters."""
    if count >= parameters:
        return ""
    told = "1 observation is" if count == 1 else f"{count} observations are"
    return f" ({told} too few for {parameters} parameters)"


def inverse(matrix: np.ndarray) -> np.ndarray:
    """The inverse of a symmetric matrix whose rows may differ by many powers of ten."""
    import numpy as np

    scale = np.sqrt(np.abs(np.diagonal(matrix)))
    scale = np.where(scale > 0, scale, 1.0)
    return np.linalg.inv(matrix / np.outer(scale, scale)) / np.outer(scale, scale)
