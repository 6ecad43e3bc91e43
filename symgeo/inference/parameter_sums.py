"""Sums over the observations of log-densities and their derivatives, block by block, by functions of all parameters."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from symgeo.codegen import unchecked
from symgeo.inference.programs import BLOCK

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import numpy as np

    from symgeo.inference.programs import Function, SamplePrograms
    from symgeo.inference.shared_index import Indices

# Observations looked at for repeated covariates.
_LOOK = 64


@dataclass(eq=False)
class Group:
    """Observations ``rows`` that share functions: columns (N,) of responses and covariates, and weights (N,).

    With ``signs`` (N,) the functions are those of the index times these.
    """

    programs: SamplePrograms
    rows: Any
    responses: list[np.ndarray]
    given: list[np.ndarray]
    weights: np.ndarray
    indices: Indices | None = None
    signs: np.ndarray | None = None

    @cached_property
    def columns(self) -> list[np.ndarray]:
        """What the functions take before the parameters."""
        return [*self.responses, *self.covariates]

    @cached_property
    def covariates(self) -> list[np.ndarray]:
        """Those columns of the covariates that the functions take."""
        return self.given if self.indices is None else self.indices.remaining(self.given)

    @cached_property
    def total(self) -> float:
        """The sum of the weights."""
        return float(self.weights.sum())

    @cached_property
    def factors(self) -> list[np.ndarray]:
        """The factors of the parameters (members, N), for each of the indices."""
        assert self.indices is not None, "only there they are asked for"
        found = self.indices.at(self.given)
        if self.signs is not None:
            for factor in found:
                factor *= self.signs
        return found

    @cached_property
    def factor_sizes(self) -> list[np.ndarray]:
        """Their absolute values."""
        return [abs(f) for f in self.factors]

    @cached_property
    def _count_once(self) -> bool:
        return bool((self.weights == 1.0).all())

    def weighted(self, row: np.ndarray) -> np.ndarray:
        """A number for each observation, or one for all, times the weights: (N,)."""
        import numpy as np

        return row if self._count_once and np.shape(row) == self.weights.shape else row * self.weights

    def blocks(self) -> Iterator[Group]:
        """The same in parts whose arrays stay in a processor's cache."""
        if len(self.weights) <= BLOCK:
            yield self
            return
        for start in range(0, len(self.weights), BLOCK):
            part = slice(start, start + BLOCK)
            responses, given = ([c[part] for c in columns] for columns in (self.responses, self.given))
            signs = None if self.signs is None else self.signs[part]
            yield Group(self.programs, None, responses, given, self.weights[part], self.indices, signs)


class ParameterSums:
    """Sums by functions of all parameters; ``length`` is the number of what is added."""

    def __init__(self, programs: SamplePrograms, sample: np.ndarray, covariates: np.ndarray, weights: np.ndarray):
        import numpy as np

        self.programs, self.n = programs, programs.n
        self.sample, self.covariates, self.weights = sample, covariates, weights
        self._given = list(np.ascontiguousarray(covariates.T))
        self._upper = programs.upper
        self.length = len(weights)

    @cached_property
    def _groups(self) -> list[Group]:
        return self._grouped(self.programs, None)

    def _grouped(self, programs: SamplePrograms, indices: Indices | None) -> list[Group]:
        import numpy as np

        if not (self._given and programs.by_response):
            responses = list(np.ascontiguousarray(self.sample.T))
            return [Group(programs, slice(None), responses, self._given, self.weights, indices)]
        members = [[float(v) for v in (own.response or {}).values()] for own in programs.by_response]
        nearest = _nearest(self.sample, members)
        if programs.mirrored:
            signs = 1.0 - 2.0 * nearest
            return [Group(programs.by_response[0], slice(None), [], self._given, self.weights, indices, signs)]
        groups = []
        for number, own in enumerate(programs.by_response):
            rows = np.flatnonzero(nearest == number)
            groups.append(Group(own, rows, [], [c[rows] for c in self._given], self.weights[rows], indices))
        return groups

    def _at(self, group: Group, theta: np.ndarray) -> Iterable[np.ndarray]:
        """What the functions take for the parameters at theta (..., n)."""
        return theta if theta.ndim == 1 else (theta[..., i, None] for i in range(self.n))

    def sums(self, theta: np.ndarray, curved: bool) -> tuple[np.ndarray, np.ndarray | None]:
        """Weighted sums at theta: [log p, score (n)] with their absolute values behind, and the observed information.

        That is minus the second derivatives (n, n), where they are asked for by ``curved``.
        """
        import numpy as np

        first = self.n + 1
        count = first + (len(self._upper[0]) if curved else 0)
        total, sizes = np.zeros(count), np.zeros(first)
        for group in self._groups:
            function = unchecked(group.programs.curved if curved else group.programs.local)
            table = np.empty((count, min(len(group.weights), BLOCK)))
            for part in group.blocks():
                rows = table if len(part.weights) == table.shape[1] else table[:, : len(part.weights)]
                for row, value in zip(rows, function(*part.columns, *self._at(part, theta)), strict=True):
                    row[:] = value
                total += rows @ part.weights
                few = rows[:first]
                sizes += np.abs(few, out=few) @ part.weights
        return np.concatenate([total[:first], sizes]), self._symmetric(total[first:]) if curved else None

    def points(self, thetas: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """At points (b, n) what `sums` gives, (2 n + 2, b), and minus the second derivatives, (upper triangle, b).

        What depends on a point alone is computed once for each. For few observations.
        """
        import numpy as np

        first, count = self.n + 1, self.n + 1 + len(self._upper[0])
        total, sizes = np.zeros((count, len(thetas))), np.zeros((first, len(thetas)))
        for group in self._groups:
            whole = np.empty((len(thetas), len(group.weights)))
            values = unchecked(group.programs.curved)(*group.columns, *self._at(group, thetas))
            for k, row in enumerate(values):
                if np.shape(row) != whole.shape:
                    whole[:] = row
                    row = whole
                total[k] += row @ group.weights
                if k < first:
                    sizes[k] += np.abs(row) @ group.weights
        return np.concatenate([total[:first], sizes]), total[first:]

    def slopes(self, theta: np.ndarray) -> np.ndarray:
        """Weighted sums at theta: the score (n,), with the absolute values behind."""
        import numpy as np

        total = np.zeros((2, self.n))
        for group in self._groups:
            function = unchecked(group.programs.score)
            table = np.empty((self.n, min(len(group.weights), BLOCK)))
            for part in group.blocks():
                rows = table[:, : len(part.weights)]
                for row, value in zip(rows, function(*part.columns, *self._at(part, theta)), strict=True):
                    row[:] = value
                total[0] += rows @ part.weights
                total[1] += np.abs(rows, out=rows) @ part.weights
        return total.ravel()

    def _symmetric(self, upper: np.ndarray) -> np.ndarray:
        return upper[self.programs.places_of_upper]

    def terms(self, theta: np.ndarray) -> np.ndarray:
        """The log-densities of the observations at theta (..., n): (..., N)."""
        import numpy as np

        found = np.empty((*theta.shape[:-1], len(self.weights)))
        with np.errstate(all="ignore"):
            for group in self._groups:
                (found[..., group.rows],) = unchecked(group.programs.value)(*group.columns, *self._at(group, theta))
        return found

    def values(self, thetas: np.ndarray) -> np.ndarray:
        """The weighted sums of the log-densities at points (b, n): (b,)."""
        return self.terms(thetas) @ self.weights

    def scores(self, theta: np.ndarray) -> np.ndarray:
        """The score of every observation, (N, n)."""
        import numpy as np

        found = np.empty((len(self.weights), self.n))
        for group in self._groups:
            rows = group.programs.score(*group.columns, *self._at(group, theta))
            found[group.rows] = self._score(group, rows)
        return found

    def curvatures(self, theta: np.ndarray) -> np.ndarray:
        """The second derivatives of the log-density of every observation, (N, n, n)."""
        import numpy as np

        found = np.empty((len(self.weights), self.n, self.n))
        for group in self._groups:
            rows = group.programs.curved(*group.columns, *self._at(group, theta))
            found[group.rows] = self._curvature(group, rows[group.programs.n + 1 :])
        return found

    def _score(self, group: Group, rows: list[np.ndarray]) -> np.ndarray:
        import numpy as np

        return np.stack(rows, axis=-1)

    def _curvature(self, group: Group, rows: list[np.ndarray]) -> np.ndarray:
        import numpy as np

        found = np.empty((len(group.weights), self.n, self.n))
        for row, i, j in zip(rows, *self._upper, strict=True):
            found[:, i, j] = found[:, j, i] = -row
        return found

    @cached_property
    def _hardly_repeated(self) -> bool:
        """Whether most of the observations have covariates of their own, as far as a few of them show."""
        count = len(self.covariates)
        if count <= 4 * _LOOK:
            return False
        columns = [column[:: -(-count // _LOOK)].tolist() for column in self._given]
        half = len(columns[0]) // 2
        return any(len(set(c)) > half for c in columns) or len(set(zip(*columns, strict=True))) > half

    @cached_property
    def distinct(self) -> tuple[list[np.ndarray], np.ndarray]:
        """Covariates at which expectations are needed, one column each, and their shares of the observations."""
        import numpy as np

        covariates = self.covariates
        if not covariates.shape[1]:
            return [], np.ones(1)
        shares = self.weights / self.weights.sum()
        if self._hardly_repeated:
            return self._given, shares
        # One evaluation for all observations that share their covariates.
        rows, where = np.unique(covariates, axis=0, return_inverse=True)
        return [np.ascontiguousarray(c) for c in rows.T], np.bincount(where.ravel(), shares, len(rows))

    def average(self, function: Function, theta: np.ndarray) -> np.ndarray:
        """The means over the observations of functions of covariates and parameters (``places``), at theta."""
        import numpy as np

        columns, shares = self.distinct
        if not columns:
            return np.array(function(*theta), dtype=float)
        total: np.ndarray | float = 0.0
        for start in range(0, len(shares), BLOCK):
            block = slice(start, start + BLOCK)
            values = function(*(c[block] for c in columns), *theta)
            total = total + np.array([np.sum(v * shares[block]) for v in values])
        return np.atleast_1d(total)

    def metric(self, theta: np.ndarray) -> np.ndarray | None:
        """The mean Fisher metric (n, n); None where it is infinite or not known."""
        import numpy as np

        metric = self.programs.metric
        if metric is None:
            return None
        with np.errstate(all="ignore"):
            return self._symmetric(self.average(unchecked(metric), theta))


def _nearest(sample: np.ndarray, members: Sequence[Sequence[float]]) -> np.ndarray:
    """Which member each observation (N, v) is; members of a support are met to rounding only."""
    import numpy as np

    nearest = np.zeros(len(sample), dtype=int)
    if sample.shape[1] == 1 and len(members) == 2:
        (first,), (second,) = members
        above = sample[:, 0] > 0.5 * (first + second)
        nearest[:] = above if second > first else ~above
        return nearest
    least = np.full(len(sample), np.inf)
    for number, member in enumerate(members):
        apart = functools.reduce(np.maximum, (np.abs(c - r) for c, r in zip(sample.T, member, strict=True)))
        nearest[apart < least] = number
        least = np.minimum(apart, least)
    return nearest
