"""E- and M-steps for a joint density with hidden variables or missing entries."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

from symgeo.codegen import numpy_function
from symgeo.errors import DivergentExpectationError, NoClosedFormError, SingularMetricError
from symgeo.inference.em_steps import EMState
from symgeo.inference.observed_likelihood import ObservedLikelihood
from symgeo.inference.spreading import spread_shares
from symgeo.inference.starting import starting_points

if TYPE_CHECKING:
    import numpy as np

    from symgeo.inference.completion import Rows

# How much of an observation a class must hold not to be called empty.
_EMPTY = 1e-2
_MOST_HALVINGS = 60


class LatentSteps:
    """EM on the likelihood of what is seen of a joint model.

    The M-step is exact where the complete data are an exponential family. Elsewhere it is one step of Fisher scoring
    on ``E[log p(complete) | seen]``, halved until the likelihood rises (Lange, J. R. Statist. Soc. B 57 (1995)
    425-437).
    """

    def __init__(self, likelihood: ObservedLikelihood, first: np.ndarray | None):
        self.likelihood, self.model = likelihood, likelihood.model
        self._first = first

    def at(self, theta: np.ndarray) -> EMState | None:
        """The E-step at a point; None outside the domain, or where there is no likelihood."""
        if not self.likelihood.inside(theta):
            return None
        found = [r.posterior(theta) for r in self.likelihood.rows]
        value = sum(float(r.counts @ logs) for r, (logs, _) in zip(self.likelihood.rows, found, strict=True))
        return EMState(theta, value, [shares for _, shares in found]) if math.isfinite(value) else None

    def maximised(self, state: EMState) -> np.ndarray | None:
        """The M-step from the conditional law that the E-step found."""
        import numpy as np

        step = self.likelihood.step
        if step is None:
            return self._scored(state)
        pairs = zip(self.likelihood.rows, self._shares(state), strict=True)
        total = np.sum([r.statistics_sum(state.theta, shares) for r, shares in pairs], axis=0)
        return step(total / self.likelihood.count, self.likelihood.count, state.theta)

    @staticmethod
    def _shares(state: EMState) -> list[np.ndarray]:
        assert isinstance(state.expected, list), "made by the E-step"
        return state.expected

    def _scored(self, state: EMState) -> np.ndarray:
        import numpy as np

        scores = self.likelihood.scores(state.theta)
        score = self.likelihood.weights @ scores / self.likelihood.count
        step = np.linalg.lstsq(self._complete_metric(state), score, rcond=None)[0]
        for halvings in range(_MOST_HALVINGS):
            theta = state.theta + 0.5**halvings * step
            found = self.at(theta)
            if found is not None and found.value > state.value:
                return theta
        return state.theta

    def _complete_metric(self, state: EMState) -> np.ndarray:
        """The Fisher metric of the complete data, or the mean square of their scores where it is not known."""
        import numpy as np

        if self._metric is not None:
            return np.array(self._metric(*state.theta)).reshape(len(state.theta), -1)
        rows = self.likelihood.rows
        terms = (
            np.einsum("nk,nka,nkb->ab", shares * r.counts[:, None], scores, scores)
            for r, shares in zip(rows, self._shares(state), strict=True)
            for scores in (r.complete_scores(state.theta),)
        )
        return sum(terms, np.zeros((len(state.theta),) * 2)) / self.likelihood.count

    @cached_property
    def _metric(self) -> Any:
        try:
            return numpy_function(list(self.model.manifold.metric.flat()), self.model.parameters)
        except (DivergentExpectationError, NoClosedFormError, SingularMetricError):
            return None

    def started(self, random: np.random.Generator, index: int) -> EMState | None:
        """The user's start; else, with hidden classes, from random probabilities of them; else likely points."""
        if self._first is not None:
            return self.at(self._first)
        if self._has_classes and self.likelihood.step is not None:
            return self._from_shares(random, index)
        if index == 0 and self.likelihood.step is not None and any(r.table is not None for r in self.likelihood.rows):
            found = self._from_complete()
            if found is not None:
                return found
        theta = next(self._points, None)
        return None if theta is None else self.at(theta)

    @cached_property
    def _has_classes(self) -> bool:
        return all(r.table is not None and r.mask.shape[1] > 1 for r in self.likelihood.rows)

    def _from_shares(self, random: np.random.Generator, index: int) -> EMState | None:
        """Classes by the distance to observations drawn apart, or, every other time, drawn at random."""
        import numpy as np

        rows = self.likelihood.rows
        shares = []
        for r in rows:
            size = r.mask.shape[1]
            own = random.dirichlet(np.full(size, 0.5), len(r.counts))
            if index % 2 == 0 and len(rows) == 1:
                seen = [c[:, 0] for v, c in zip(r.density.kept, r.columns, strict=True) if v in r.density.seen]
                own = spread_shares(np.stack(seen, axis=-1), r.counts, size, random)
            own = np.where(r.mask, own + 1e-6, 0.0)
            shares.append(own / own.sum(axis=1, keepdims=True))
        return self._after(rows, shares)

    def _from_complete(self) -> EMState | None:
        """From the observations of which nothing is missing."""
        import numpy as np

        rows = [r for r in self.likelihood.rows if r.table is not None]
        return self._after(rows, [r.mask / r.mask.sum(axis=1, keepdims=True) + np.zeros(r.mask.shape) for r in rows])

    def _after(self, rows: Any, shares: list[np.ndarray]) -> EMState | None:
        """The state after the M-step of these rows alone."""
        import numpy as np

        step = self.likelihood.step
        assert step is not None, "an exponential family"
        count = float(sum(r.counts.sum() for r in rows))
        nowhere = np.zeros(self.likelihood.n)
        total = np.sum([r.statistics_sum(nowhere, s) for r, s in zip(rows, shares, strict=True)], axis=0)
        theta = step(total / count, count, None)
        return None if theta is None else self.at(theta)

    @cached_property
    def _points(self) -> Iterator[np.ndarray]:
        """Plain points of the domain and, where the likelihood is cheap, likely ones in turn.

        Plain ones first: EM comes from afar, and the likelihood may be mere rounding where parameters are huge.
        """
        import numpy as np

        points = self.model.chart.interior_points(16)
        plain = (np.array([float(p[s]) for s in self.model.parameters]) for p in points)
        if self.likelihood.by_quadrature:
            return plain
        pairs = itertools.zip_longest(plain, starting_points(self.likelihood, 8))
        return (theta for pair in pairs for theta in pair if theta is not None)

    def remark(self, state: EMState) -> str:
        """Which hidden classes hold no observations."""
        found: dict[str, float] = {}
        for r, shares in zip(self.likelihood.rows, self._shares(state), strict=True):
            self._count(r, shares * r.counts[:, None], found)
        empty = [name for name, count in found.items() if count < _EMPTY]
        return f"no observation is left for {', '.join(empty)}" if empty else ""

    @staticmethod
    def _count(r: Rows, weights: np.ndarray, found: dict[str, float]) -> None:
        import numpy as np

        for v, column in zip(r.density.kept, r.columns, strict=True):
            if v in r.density.seen:
                continue
            for value in np.unique(column[r.mask]):
                name = f"{v} = {value:g}"
                found[name] = found.get(name, 0.0) + float(weights[column == value].sum())
