"""Integrals of non-negative functions over R^d, d from two to about twenty, given through their logarithm.

Peaks are climbed from many starts; around each the function itself is tabulated to a sampling density; their mixture
is the proposal of an importance sample. The points are a randomly shifted rank-1 lattice, so that smooth integrands
converge like N^-2 and not N^-1/2; the shifts give the error.

Source: Owen and Zhou, Safe and effective importance sampling, JASA 95 (2000) for the mixture and its balanced weights.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import exp, inf, isfinite, log
from typing import TYPE_CHECKING, Any

from symgeo.models.lattice import lattice, shifts
from symgeo.models.peaks import Peak, find_peaks, triangular
from symgeo.models.proposals import Proposal, axis_proposal, ray_proposal
from symgeo.models.quadrature import Estimate

if TYPE_CHECKING:
    import numpy as np

LogTarget = Callable[["np.ndarray"], "np.ndarray"]  # (N, d) -> (N,)

_SHIFTS = 8
_MOST_DIMENSIONS = 24
_FLATTENINGS = (1.0, 0.6, 0.3)


@dataclass(frozen=True)
class _Sample:
    """Points y (M, d), their weights target / proposal in units of exp(top), and the estimate they give."""

    points: Any
    weights: Any
    top: float
    value: float
    error: float  # standard error over the shifts

    @property
    def effective(self) -> float:
        """Kish's effective share of the points, (0, 1]."""
        square = float((self.weights**2).sum())
        return float(self.weights.sum()) ** 2 / square / self.weights.size if square > 0 else 0.0

    @property
    def doubt(self) -> float:
        """The relative error of an ordinary Monte Carlo sample, where the proposal fits too badly for the lattice to
        be much better: five standard errors, 0 for a good fit."""
        share = self.effective
        return 0.0 if share > 0.3 else 5.0 * float(((1.0 / max(share, 1e-9) - 1.0) / self.weights.size) ** 0.5)

    @property
    def heaviness(self) -> float:
        """A relative error for weights whose tail is so heavy that their scatter says little.

        Hill's estimate of the tail index over 0.7, as in Vehtari et al., Pareto smoothed importance sampling (2024),
        or a handful of points that carry everything.
        """
        import numpy as np

        positive = self.weights[self.weights > 0]
        count = int(3.0 * np.sqrt(positive.size))
        if self.effective * self.weights.size < 200 or positive.size < 4 * count:
            return 1.0
        largest = np.partition(positive, positive.size - count)[-count:]
        index = float(np.mean(np.log(largest / np.min(largest))))
        return 0.1 if index > 0.7 else 0.0

    @property
    def log_value(self) -> float:
        """log of the estimate."""
        return self.top + log(max(self.value, 1e-300))


def integrate_space(
    log_target: LogTarget,
    dimension: int,
    climbing: LogTarget | None = None,
    starts: Sequence[Sequence[float]] = (),
    accuracy: float = 2e-4,
    effort: int = 1,
    quick: bool = False,
) -> Estimate:
    """The integral of exp(log_target) over R^dimension, with its error estimate.

    ``climbing`` is a smooth stand-in for the target where that has steps. ``starts`` are places where peaks may be.
    ``effort`` multiplies the search for peaks and the largest sample (a second opinion takes more); ``quick`` gives
    up early on shapes that need more than a few peaks.
    """
    import numpy as np

    if dimension > _MOST_DIMENSIONS:
        return Estimate(0.0, inf)

    def clean(y: np.ndarray) -> np.ndarray:
        values = log_target(y)
        return np.where(np.isnan(values), -inf, values)

    with np.errstate(all="ignore"):
        sample = None
        for _ in range(1 if quick else 2):
            peaks = find_peaks(climbing or log_target, dimension, starts, effort)
            mixture = _tune(clean, climbing or log_target, peaks, 1 if quick else 2 + effort)
            if mixture is None:
                return Estimate(0.0, inf)
            sample = _refined(clean, mixture, accuracy, 4096 if quick else 16384)
            if not sample.heaviness:
                break
            # points of huge weight lie where a peak was missed: climb from there and start again
            heaviest = np.argsort(-sample.weights, kind="stable")[:6]
            starts = [*starts, *sample.points[heaviest].tolist()]
    if sample is None or not isfinite(sample.value) or sample.log_value > 700.0:
        return Estimate(inf, inf)
    unit = exp(sample.top)
    error = (sample.error + sample.heaviness * sample.value) * unit
    return Estimate(sample.value * unit, error, sample.doubt * sample.value * unit)


Mixture = Sequence[tuple[float, Proposal]]


def _refined(clean: LogTarget, mixture: Mixture, accuracy: float, most: int) -> _Sample:
    """Samples of growing size until the error is small, or growing would not help."""
    size = 256 if accuracy > 4e-4 else 1024
    while True:
        sample = _sample(clean, mixture, size, _SHIFTS)
        hopeless = sample.effective < 0.01 and sample.error > 50.0 * accuracy * sample.value
        # many peaks share one budget
        if sample.error <= accuracy * sample.value or 4 * size * max(1, len(mixture) // 4) > most or hopeless:
            return sample
        size *= 4


def _sample(clean: LogTarget, mixture: Mixture, size: int, count: int) -> _Sample:
    """Each proposal draws ``size`` lattice points for every shift; weights balance over the whole mixture."""
    import numpy as np

    points, shares = [], []
    for k, (share, proposal) in enumerate(mixture):
        for shift in shifts(proposal.uniforms, (k + 1) * count)[k * count :]:
            points.append(proposal.draw(lattice(size, proposal.uniforms, shift)))
            shares.append(share)
    y = np.concatenate(points)
    densities = [log(share) + proposal.log_density(y) for share, proposal in mixture]
    logs = clean(y) - (np.logaddexp.reduce(densities, axis=0) if len(densities) > 1 else densities[0])
    top = float(np.max(logs))
    if not isfinite(top):
        return _Sample(y, np.zeros(len(y)), 0.0, inf if top == inf else 0.0, inf)
    weights = np.exp(logs - top) * np.repeat(shares, size)
    estimates = weights.reshape(len(mixture), count, size).mean(axis=2).sum(axis=0)
    return _Sample(y, weights, top, float(estimates.mean()), float(estimates.std(ddof=1) / np.sqrt(count)))


def _tune(clean: LogTarget, climbing: LogTarget, peaks: list[Peak], rounds: int) -> Mixture | None:
    """The kind of proposal that gives the most even weights; more peaks are added where the mass really is."""
    best: tuple[float, Mixture | None] = (-inf, None)
    for _ in range(rounds):
        round_best: tuple[float, _Sample | None] = (-inf, None)
        for mixture in _mixtures(climbing, peaks):
            sample = _sample(clean, mixture, 256, 4)
            if not sample.value > 0 or not isfinite(sample.value):
                continue
            # the mass found counts too: a proposal that misses a part of it has beautifully even weights
            score = log(sample.effective) + 2.0 * sample.log_value
            if score > best[0]:
                best = (score, mixture)
            if score > round_best[0]:
                round_best = (score, sample)
            if sample.effective > 0.8:
                break  # as good as it needs to be
        sample_found = round_best[1]
        if sample_found is None or sample_found.effective > 0.2:
            break
        moved = _moment_peak(sample_found)
        if moved is None:
            break
        peaks = [
            *(Peak(p.place, p.factor, 0.5 * p.weight / sum(q.weight for q in peaks)) for p in peaks[:8]),
            moved,
        ]
    return best[1]


def _mixtures(function: LogTarget, peaks: Sequence[Peak]) -> Iterator[Mixture]:
    """For each kind of proposal, one after the other, the mixture over the peaks."""
    makers: list[Callable[[Peak], Proposal | None]] = [
        *(lambda peak, f=flattening: axis_proposal(function, peak, f) for flattening in _FLATTENINGS),
        lambda peak: ray_proposal(function, peak),
    ]
    for make in makers:
        made = [(peak.weight, make(peak)) for peak in peaks]
        mixture = [(weight, proposal) for weight, proposal in made if proposal is not None]
        total = sum(weight for weight, _ in mixture)
        if mixture:
            yield [(weight / total, proposal) for weight, proposal in mixture]


def _moment_peak(sample: _Sample) -> Peak | None:
    """A Gaussian with the mean and covariance of the weighted sample."""
    import numpy as np

    weights = np.minimum(sample.weights, 0.05 * sample.weights.sum())
    share = weights / weights.sum()
    mean = share @ sample.points
    centred = sample.points - mean
    covariance = (share[:, None] * centred).T @ centred
    if not np.all(np.isfinite(covariance)):
        return None
    scale = np.sqrt(np.maximum(np.diag(covariance), 1e-30))
    values, vectors = np.linalg.eigh(covariance / np.outer(scale, scale))
    return Peak(mean, triangular((vectors * np.maximum(values, 1e-6)) @ vectors.T, scale)[0], 0.5)
