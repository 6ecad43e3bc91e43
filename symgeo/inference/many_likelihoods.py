"""Likelihoods of many samples at once, each at a point of its own."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from symgeo.inference.judging import EPS, ULPS
from symgeo.inference.likelihood import LEVEL
from symgeo.inference.observation_sums import observation_sums

if TYPE_CHECKING:
    import numpy as np

    from symgeo.inference.batches import Batch
    from symgeo.inference.family_programs import FamilyPrograms
    from symgeo.inference.programs import SamplePrograms

# Observations of each sample, and samples at a time, that a choice among many starts looks at.
_FEW, _GROUP = 32, 512


@dataclass(frozen=True, eq=False)
class Points:
    """Mean log-likelihood (b,), score (b, n), information (b, n, n) and the score's rounding error (b, n)."""

    value: np.ndarray
    score: np.ndarray
    information: np.ndarray
    error: np.ndarray


class ManyOfFamily:
    """Samples of a regular exponential family, by their mean statistics."""

    def __init__(self, programs: FamilyPrograms, batch: Batch):
        import numpy as np

        e = programs.equations
        self.programs, self.chart = programs, e.model.chart
        self.n, self.m = len(e.parameters), len(e.natural)
        first, lengths = batch.ends[:-1], np.diff(batch.ends)
        self.count = np.add.reduceat(batch.weights, first)
        with np.errstate(all="ignore"):
            columns = [c * batch.weights for c in programs.statistics(*batch.sample.T)]
            sums = [np.add.reduceat(c, first) for c in columns]
            self.mean = np.stack([s / self.count for s in sums[:-1]], axis=-1)
            spread = np.stack([np.add.reduceat(np.abs(c), first) / self.count for c in columns[:-1]], axis=-1)
        self.log_carrier = sums[-1]
        self._mean_error = EPS * (np.abs(self.mean) + ULPS * spread / np.sqrt(lengths)[:, None])

    def usable(self) -> np.ndarray:
        """Which samples have finite statistics, (b,)."""
        import numpy as np

        return np.isfinite(self.mean).all(axis=-1) & np.isfinite(self.log_carrier)

    def starts(self) -> np.ndarray:
        """The estimates in closed form, where there is one, else the likeliest points of the family's table, (b, n)."""
        import numpy as np

        if self.programs.from_expectation is not None:
            return np.stack(self.programs.from_expectation(*self.mean.T), axis=-1)
        points, natural, log_partition = self.programs.table
        found = np.full((len(self.mean), self.n), np.nan)
        if not len(points):
            return found
        for start in range(0, len(self.mean), _GROUP):
            rows = slice(start, start + _GROUP)
            with np.errstate(all="ignore"):
                values = self.mean[rows] @ natural - log_partition
            values = np.where(np.isfinite(values), values, -np.inf)
            found[rows] = points[np.argmax(values >= values.max(axis=1, keepdims=True) - LEVEL, axis=1)]
        return found

    def at(self, theta: np.ndarray, rows: np.ndarray) -> Points:
        """Everything at points (b, n) of the samples ``rows`` (b,)."""
        import numpy as np

        n, m, mean = self.n, self.m, self.mean[rows]
        with np.errstate(all="ignore"):
            *natural, log_partition = self.programs.value(*theta.T)
            local = np.stack(self.programs.local(*theta.T), axis=-1)
            jacobian = local[:, : m * n].reshape(-1, m, n)
            expectation = local[:, m * n : m * n + m]
            value = np.sum(np.stack(natural, axis=-1) * mean, axis=-1) - log_partition
            score = np.einsum("bma,bm->ba", jacobian, mean - expectation)
            error = self._mean_error[rows] + ULPS * EPS * np.abs(expectation)
            error = np.einsum("bma,bm->ba", np.abs(jacobian), error)
        return Points(value, score, local[:, m * n + m :].reshape(-1, n, n), error)

    def expected_information(self, theta: np.ndarray, rows: np.ndarray) -> np.ndarray | None:
        """The Fisher information of one observation, (b, n, n)."""
        return self.at(theta, rows).information

    def log_likelihood(self, points: Points, rows: np.ndarray) -> np.ndarray:
        """The whole log-likelihoods, (b,)."""
        return self.count[rows] * points.value + self.log_carrier[rows]


class ManySamples:
    """Samples of any declared density, observation by observation; information is the observed one."""

    def __init__(self, programs: SamplePrograms, batch: Batch):
        import numpy as np

        self.programs, self.batch = programs, batch
        self.n, self.chart = programs.n, programs.model.chart
        self.lengths = np.diff(batch.ends)
        self.count = np.add.reduceat(batch.weights, batch.ends[:-1])
        self._upper = np.triu_indices(self.n)

    def usable(self) -> np.ndarray:
        """All samples are, (b,)."""
        import numpy as np

        return np.ones(len(self.batch), dtype=bool)

    def best_of(self, candidates: np.ndarray) -> np.ndarray:
        """The likeliest of some points (c, n) for each sample, by some of its observations: (b, n)."""
        import numpy as np

        batch = self.batch
        steps = np.linspace(0.0, 1.0, _FEW)
        rows = batch.ends[:-1, None] + np.round(steps * (self.lengths[:, None] - 1)).astype(int)
        columns = [c[rows][:, None, :] for c in (*batch.sample.T, *batch.covariates.T)]
        with np.errstate(all="ignore"):
            (terms,) = self.programs.value(*columns, *candidates.T[:, None, :, None])
            values = np.sum(terms * batch.weights[rows][:, None, :], axis=-1)
        return candidates[np.argmax(np.where(np.isfinite(values), values, -np.inf), axis=1)]

    def _chosen(self, theta: np.ndarray, rows: np.ndarray) -> tuple[Batch, list[Any]]:
        import numpy as np

        batch = self.batch if len(rows) == len(self.batch) else self.batch.of(rows)
        spread = np.repeat(theta, np.diff(batch.ends), axis=0)
        return batch, [*batch.sample.T, *batch.covariates.T, *np.ascontiguousarray(spread.T)]

    def _means(self, batch: Batch, columns: Any) -> np.ndarray:
        """Weighted means of columns (k, T) over each sample, (b, k)."""
        import numpy as np

        first = batch.ends[:-1]
        return (np.add.reduceat(columns * batch.weights, first, axis=1) / np.add.reduceat(batch.weights, first)).T

    def at(self, theta: np.ndarray, rows: np.ndarray) -> Points:
        """Everything at points (b, n) of the samples ``rows`` (b,)."""
        import numpy as np

        n = self.n
        batch, columns = self._chosen(theta, rows)
        with np.errstate(all="ignore"):
            found = np.array(self.programs.curved(*columns))
            means = self._means(batch, found)
            size = self._means(batch, np.abs(found[1 : n + 1]))
            if self.programs.slack is not None:
                slacks = self.programs.slack(*columns[batch.sample.shape[1] :])
                held = np.logical_and.reduceat(np.all(np.array(slacks) > 0, axis=0), batch.ends[:-1])
                means[~held] = np.nan
            score = means[:, 1 : n + 1]
            error = ULPS * EPS * (np.abs(score) + size / np.sqrt(self.lengths[rows])[:, None])
        return Points(means[:, 0], score, self._symmetric(means[:, n + 1 :]), error)

    def _symmetric(self, entries: np.ndarray) -> np.ndarray:
        import numpy as np

        matrix = np.zeros((len(entries), self.n, self.n))
        matrix[:, self._upper[0], self._upper[1]] = entries
        matrix[:, self._upper[1], self._upper[0]] = entries
        return matrix

    def expected_information(self, theta: np.ndarray, rows: np.ndarray) -> np.ndarray | None:
        """The mean Fisher information, (b, n, n); None where it is not known or infinite."""
        import numpy as np

        metric = self.programs.metric
        if metric is None:
            return None
        if not self.batch.covariates.shape[1]:
            return self._symmetric(np.stack(metric(*theta.T), axis=-1))
        batch, columns = self._chosen(theta, rows)
        return self._symmetric(self._means(batch, np.array(metric(*columns[batch.sample.shape[1] :]))))

    def squared_scores(self, theta: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """The mean outer products of the scores, (b, n, n)."""
        import numpy as np

        batch, columns = self._chosen(theta, rows)
        scores = np.array(self.programs.score(*columns))
        products = [scores[i] * scores[j] for i, j in zip(*self._upper, strict=True)]
        return self._symmetric(self._means(batch, np.array(products)))

    def log_likelihood(self, points: Points, rows: np.ndarray) -> np.ndarray:
        """The whole log-likelihoods, (b,)."""
        return self.count[rows] * points.value


class ManyPoints:
    """One sample of any declared density at many points."""

    def __init__(
        self, programs: SamplePrograms, sample: np.ndarray, covariates: np.ndarray, weights: np.ndarray, points: int
    ):
        import numpy as np

        self.programs, self.n, self.chart = programs, programs.n, programs.model.chart
        self._given = list(covariates.T)
        self._rows = observation_sums(programs, sample, covariates, weights)
        self._length, self.count = len(weights), np.full(points, weights.sum())

    def usable(self) -> np.ndarray:
        """All points are, (b,)."""
        import numpy as np

        return np.ones(len(self.count), dtype=bool)

    def at(self, theta: np.ndarray, rows: np.ndarray) -> Points:
        """Everything at points (b, n), whichever rows they are."""
        import numpy as np

        n = self.n
        with np.errstate(all="ignore"):
            sums, upper = self._rows.points(theta)
            sums, upper = sums.T / self.count[0], upper.T / self.count[0]
            if self.programs.slack is not None:
                points = [column[:, None] for column in theta.T]
                for slack in self.programs.slack(*self._given, *points):
                    sums[~np.all(np.broadcast_to(slack > 0, (len(theta), self._length)), axis=1)] = np.nan
            score = sums[:, 1 : n + 1]
            error = ULPS * EPS * (np.abs(score) + sums[:, n + 2 :] / math.sqrt(self._rows.length))
        information = np.empty((len(theta), n, n))
        for column, i, j in zip(upper.T, *self.programs.upper, strict=True):
            information[:, i, j] = information[:, j, i] = column
        return Points(sums[:, 0], score, information, error)
