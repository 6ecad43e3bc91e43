"""Maximum likelihood for many samples in one call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from symgeo.errors import ArgumentError, DataError, SingularMetricError
from symgeo.inference.batches import Batch, read_batch
from symgeo.inference.digits import may_cancel, size_of
from symgeo.inference.family_programs import family_programs
from symgeo.inference.fisher_scoring import fit, is_regular, starting_point
from symgeo.inference.fits import Fits
from symgeo.inference.many_climbs import Climbed, climb_many
from symgeo.inference.many_likelihoods import ManyOfFamily, ManySamples
from symgeo.inference.programs import sample_programs
from symgeo.inference.result import Covariance, check_covariance
from symgeo.models.conditional_model import ConditionalModel
from symgeo.models.exponential_family import ExponentialFamily
from symgeo.models.statistical_model import StatisticalModel
from symgeo.solve.progress import Progress, interruptible

if TYPE_CHECKING:
    import numpy as np

# Observations that are worked on at a time, and in one sample the most for which company saves anything.
_BLOCK, _LONG = 2**15, 2**12
# Samples whose estimates serve the others as starts, where the family gives none.
_GUIDES = 24
# Log-likelihoods relatively lower than this belong to another maximum.
_LOWER = 1e-8
_NOT_REACHED = "not reached: the work was interrupted; fit this sample again"


def fit_many(
    model: StatisticalModel | ConditionalModel | ExponentialFamily,
    samples: Any,
    *,
    weights: Any = None,
    covariance: Covariance = "expected",
    start: Any = None,
    tolerance: float = 1e-18,
    max_iterations: int = 1000,
    progress: bool | None = None,
) -> Fits:
    """Maximum likelihood of the same density for each of B samples, worked on together.

    samples: (B, N) for one variable, (B, N, d) for several; {variable, covariate or name: (B, N)}, with (N,) for a
        column that all share; or a list of B samples as `fit` takes them, which may differ in length.
    weights: for each sample, how often each of its observations counts.
    covariance, tolerance, max_iterations: as for `fit`. start: one point, where all begin.
    progress: whether a bar is drawn; by default on a terminal only. Ctrl-C ends the work and keeps what is done.

    The answers are those of `fit` one by one where a likelihood has one maximum. Where some samples that are fitted
    first show several, all are fitted one by one; several maxima that only others have may go unseen. A sample whose
    climb does not plainly end at a maximum is handed to `fit`, and where that finds none its message says why. Raises
    what `fit` raises for the model; `DataError` names the sample and the observation.
    """
    import numpy as np

    if isinstance(model, ExponentialFamily):
        model = model.model
    if not isinstance(model, StatisticalModel | ConditionalModel):
        raise ArgumentError(
            f"fit_many takes a StatisticalModel, not a {type(model).__name__}; declare the density as one"
        )
    if not 0.0 < tolerance < 1.0:
        raise ArgumentError(f"the tolerance must lie between 0 and 1, not {tolerance}; 1e-18 is the default")
    check_covariance(covariance)
    first = None if start is None else starting_point(model, start)
    batch = read_batch(model, samples, weights)
    work = _Work(model, batch, covariance, first, tolerance, max_iterations)
    with interruptible(len(batch), "fits", progress) as shown:
        work.run(shown)
    found = work.found
    return Fits(
        model=model,
        estimates=found.estimates,
        standard_errors=found.errors,
        covariances=found.covariances,
        log_likelihoods=found.log_likelihoods,
        converged=found.converged,
        iterations=found.iterations,
        messages=tuple(found.messages),
        n_observations=np.add.reduceat(batch.weights, batch.ends[:-1]),
        sources=tuple(found.sources),
        complete=shown.complete,
        sample_of=batch.one,
    )


@dataclass(frozen=True, eq=False)
class _Found:
    """What is known of each sample so far."""

    estimates: np.ndarray
    errors: np.ndarray
    covariances: np.ndarray
    log_likelihoods: np.ndarray
    converged: np.ndarray
    iterations: np.ndarray
    messages: list[str]
    sources: list[str]

    @classmethod
    def empty(cls, count: int, n: int) -> _Found:
        import numpy as np

        nan = np.nan
        return cls(
            np.full((count, n), nan), np.full((count, n), nan), np.full((count, n, n), nan), np.full(count, nan),
            np.zeros(count, dtype=bool), np.zeros(count, dtype=int), [_NOT_REACHED] * count, ["expected"] * count,
        )  # fmt: skip


class _Work:
    """Fits block by block, those in company first, then the others one by one."""

    def __init__(
        self,
        model: StatisticalModel | ConditionalModel,
        batch: Batch,
        covariance: Covariance,
        first: np.ndarray | None,
        tolerance: float,
        max_iterations: int,
    ):
        import numpy as np

        self.model, self.batch, self.covariance, self.first = model, batch, covariance, first
        self.tolerance, self.max_iterations = tolerance, max_iterations
        self.family = family_programs(model) if isinstance(model, StatisticalModel) and is_regular(model) else None
        self.general = sample_programs(model)
        if covariance != "expected":
            self.general.require_smooth()
        self.found = _Found.empty(len(batch), len(model.parameters))
        self.done, self._local = np.zeros(len(batch), dtype=bool), np.zeros(len(batch), dtype=bool)

    def run(self, shown: Progress) -> None:
        """Fill ``found``."""
        import numpy as np

        long = np.diff(self.batch.ends) > _LONG
        together = self.family is not None or self.general.smooth
        if self.family is None and together:
            guides = self._guides(np.flatnonzero(~long))
            for index in guides:
                self._alone(index)
            together = self._agrees(guides)
        for block in self.batch.blocks(_BLOCK):
            new = block[(~self.done & ~long)[block]]
            if together and len(new):
                self._in_company(new)
            for index in block[~self.done[block]]:
                self._alone(int(index))
            shown.advance(len(block))

    def _guides(self, indices: np.ndarray) -> list[int]:
        """Some samples, evenly spread, whose estimates the others may begin with."""
        import numpy as np

        if self.first is not None or len(indices) < 2 * _GUIDES:
            return [int(i) for i in indices] if self.first is None else []
        return [int(i) for i in indices[np.linspace(0, len(indices) - 1, _GUIDES).astype(int)]]

    def _agrees(self, guides: list[int]) -> bool:
        """Whether the guides, each begun at the best of the others, end where `fit` found the highest maximum.

        Where the likelihood has several, company does not save what it costs: then all are fitted one by one.
        """
        import numpy as np

        found = self.found
        known = np.array([i for i in guides if found.converged[i]], dtype=int)
        if len(known) < 2 or self.general.concave:
            return True
        if any(self._local[i] for i in known):
            return False
        likelihood, starts = ManySamples(self.general, self.batch.of(known)), []
        for place, index in enumerate(known):
            one = ManySamples(self.general, self.batch.of(known[place : place + 1]))
            starts.append(one.best_of(found.estimates[known[known != index]])[0])
        end = climb_many(likelihood, np.array(starts), self.tolerance)
        rows = np.flatnonzero(end.found)
        if not len(rows):
            return True
        values = likelihood.log_likelihood(likelihood.at(end.theta[rows], rows), rows)
        alone = found.log_likelihoods[known[rows]]
        return bool((values >= alone - _LOWER * (1.0 + np.abs(alone))).all())

    def _in_company(self, block: np.ndarray) -> None:
        import numpy as np

        part = self.batch.of(block)
        likelihood: ManyOfFamily | ManySamples
        if self.family is not None:
            likelihood = ManyOfFamily(self.family, part)
            theta = likelihood.starts() if self.first is None else np.tile(self.first, (len(block), 1))
        else:
            likelihood = ManySamples(self.general, part)
            candidates = self.found.estimates[self.found.converged]
            if self.first is not None:
                candidates = self.first[None, :]
            if not len(candidates):
                return
            some = candidates[np.linspace(0, len(candidates) - 1, min(_GUIDES, len(candidates))).astype(int)]
            theta = likelihood.best_of(some)
        end = climb_many(likelihood, theta, self.tolerance)
        rows = np.flatnonzero(end.found & (end.steps <= self.max_iterations))
        if len(rows):
            self._record(block, part, likelihood, end, rows)

    def _record(
        self, block: np.ndarray, part: Batch, likelihood: ManyOfFamily | ManySamples, end: Climbed, rows: np.ndarray
    ) -> None:
        import numpy as np

        theta, count = end.theta[rows], likelihood.count[rows]
        points = likelihood.at(theta, rows)
        kind = self.covariance
        information = likelihood.expected_information(theta, rows) if kind == "expected" else None
        if kind == "expected" and information is None:
            kind = "observed"
        if information is None:
            whole = likelihood if isinstance(likelihood, ManySamples) else ManySamples(self.general, part)
            information = whole.at(theta, rows).information
            covariances = _inverses(information)
            if kind == "sandwich":
                covariances = covariances @ whole.squared_scores(theta, rows) @ covariances
        else:
            covariances = _inverses(information)
        covariances = covariances / count[:, None, None]
        variances = np.diagonal(covariances, axis1=-2, axis2=-1)
        good = np.isfinite(variances).all(axis=-1) & (variances > 0).all(axis=-1)
        spread = np.sqrt(np.where(good[:, None], variances, 0.0) * count[:, None])
        doubtful = may_cancel(self.general.log_lines.ends, theta.T, spread.T, size_of(part.sample))
        good &= np.logical_not(doubtful)  # `fit` looks at the digits of these
        places = block[rows][good]
        self.found.estimates[places] = theta[good]
        self.found.covariances[places] = covariances[good]
        self.found.errors[places] = np.sqrt(variances[good])
        self.found.log_likelihoods[places] = likelihood.log_likelihood(points, rows)[good]
        self.found.iterations[places] = end.steps[rows][good]
        self.found.converged[places] = self.done[places] = True
        for i in places:
            times = self.found.iterations[i]
            self.found.messages[i] = f"converged in {times} iteration{'s' if times != 1 else ''}"
            self.found.sources[i] = kind

    def _alone(self, index: int) -> None:
        """One sample by `fit`; what that refuses becomes the reason."""
        rows, found = self.batch.rows(index), self.found
        self.done[index] = True
        data = self._as_data(rows)
        try:
            one = fit(
                self.model, data, weights=self.batch.weights[rows], covariance=self.covariance,
                start=self.first, tolerance=self.tolerance, max_iterations=self.max_iterations,
            )  # fmt: skip
        except (DataError, SingularMetricError) as error:
            found.messages[index] = str(error)
            return
        found.estimates[index], found.errors[index] = one.estimate, one.standard_errors
        found.covariances[index], found.log_likelihoods[index] = one.covariance, one.log_likelihood
        found.converged[index], found.iterations[index] = one.converged, one.iterations
        self._local[index] = one.local
        found.messages[index], found.sources[index] = one.message, one.source

    def _as_data(self, rows: slice) -> Any:
        if isinstance(self.model, StatisticalModel):
            return self.batch.sample[rows]
        responses = zip(self.model.variables, self.batch.sample[rows].T, strict=True)
        return {**dict(responses), **dict(zip(self.model.covariates, self.batch.covariates[rows].T, strict=True))}


def _inverses(matrices: np.ndarray) -> np.ndarray:
    """The inverses of symmetric matrices (b, n, n) whose rows may differ by many powers of ten."""
    import numpy as np

    scale = np.sqrt(np.abs(np.diagonal(matrices, axis1=-2, axis2=-1)))
    size = scale[:, :, None] * scale[:, None, :]
    values, vectors = np.linalg.eigh(matrices / size)
    with np.errstate(all="ignore"):  # a singular one gives no variances, which the caller sees
        return np.einsum("bik,bk,bjk->bij", vectors, 1.0 / values, vectors) / size
