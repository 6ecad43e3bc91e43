"""Sums over the observations of log-densities and their derivatives, block by block.

Two ways: by functions of all parameters, or where these have common indices by functions of the indices and products
with their factors (shared_index.py), which are fewer numbers.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, combinations_with_replacement
from typing import TYPE_CHECKING, Any

from symgeo.codegen import unchecked
from symgeo.inference.programs import BLOCK

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import numpy as np

    from symgeo.inference.programs import Function, SamplePrograms
    from symgeo.inference.shared_index import Indices

# Observations looked at for repeated covariates.
_LOOK = 64


def observation_sums(
    programs: SamplePrograms, sample: np.ndarray, covariates: np.ndarray, weights: np.ndarray
) -> ParameterSums:
    """The sums for observations (N, v) with covariates (N, c) and weights (N,), the shorter way that the model has."""
    if programs.indices is None:
        return ParameterSums(programs, sample, covariates, weights)
    return IndexSums(programs, programs.indices, sample, covariates, weights)


@dataclass(eq=False)
class _Group:
    """Observations ``rows`` that share functions: columns (N,) of responses and covariates, and weights (N,)."""

    programs: SamplePrograms
    rows: Any
    responses: list[np.ndarray]
    given: list[np.ndarray]
    weights: np.ndarray
    indices: Indices | None = None

    @cached_property
    def columns(self) -> list[np.ndarray]:
        """What the functions take before the parameters."""
        given = self.given if self.indices is None else self.indices.remaining(self.given)
        return [*self.responses, *given]

    @cached_property
    def factors(self) -> list[np.ndarray]:
        """The factors of the parameters (members, N), for each of the indices."""
        assert self.indices is not None, "only there they are asked for"
        return self.indices.at(self.given)

    @cached_property
    def factor_sizes(self) -> list[np.ndarray]:
        """Their absolute values."""
        return [abs(f) for f in self.factors]

    def blocks(self) -> Iterator[_Group]:
        """The same in parts whose arrays stay in a processor's cache."""
        if len(self.weights) <= BLOCK:
            yield self
            return
        for start in range(0, len(self.weights), BLOCK):
            part = slice(start, start + BLOCK)
            responses, given = ([c[part] for c in columns] for columns in (self.responses, self.given))
            yield _Group(self.programs, None, responses, given, self.weights[part], self.indices)


class ParameterSums:
    """Sums by functions of all parameters."""

    def __init__(self, programs: SamplePrograms, sample: np.ndarray, covariates: np.ndarray, weights: np.ndarray):
        import numpy as np

        self.programs, self.n = programs, programs.n
        self.sample, self.covariates, self.weights = sample, covariates, weights
        self._given = list(np.ascontiguousarray(covariates.T))
        self._upper = programs.upper

    @cached_property
    def _groups(self) -> list[_Group]:
        return self._grouped(self.programs, None)

    def _grouped(self, programs: SamplePrograms, indices: Indices | None) -> list[_Group]:
        import numpy as np

        if not (self._given and programs.by_response):
            responses = list(np.ascontiguousarray(self.sample.T))
            return [_Group(programs, slice(None), responses, self._given, self.weights, indices)]
        # Members of the support are met to rounding only: each observation belongs to the nearest response.
        members = [[float(v) for v in (own.response or {}).values()] for own in programs.by_response]
        nearest = np.zeros(len(self.sample), dtype=int)
        least = np.full(len(self.sample), np.inf)
        for number, member in enumerate(members):
            apart = functools.reduce(np.maximum, (np.abs(c - r) for c, r in zip(self.sample.T, member, strict=True)))
            nearest[apart < least] = number
            least = np.minimum(apart, least)
        groups = []
        for number, own in enumerate(programs.by_response):
            rows = np.flatnonzero(nearest == number)
            groups.append(_Group(own, rows, [], [c[rows] for c in self._given], self.weights[rows], indices))
        return groups

    def _at(self, group: _Group, theta: np.ndarray) -> Iterable[np.ndarray]:
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
        import numpy as np

        matrix = np.empty((self.n, self.n))
        matrix[self._upper] = matrix.T[self._upper] = upper
        return matrix

    def terms(self, theta: np.ndarray) -> np.ndarray:
        """The log-densities of the observations at theta (..., n): (..., N)."""
        import numpy as np

        found = np.empty((*theta.shape[:-1], len(self.weights)))
        with np.errstate(all="ignore"):
            for group in self._groups:
                (found[..., group.rows],) = unchecked(group.programs.value)(*group.columns, *self._at(group, theta))
        return found

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

    def _score(self, group: _Group, rows: list[np.ndarray]) -> np.ndarray:
        import numpy as np

        return np.stack(rows, axis=-1)

    def _curvature(self, group: _Group, rows: list[np.ndarray]) -> np.ndarray:
        import numpy as np

        found = np.empty((len(group.weights), self.n, self.n))
        for row, i, j in zip(rows, *self._upper, strict=True):
            found[:, i, j] = found[:, j, i] = -row
        return found

    @cached_property
    def distinct(self) -> tuple[list[np.ndarray], np.ndarray]:
        """Covariates at which expectations are needed, one column each, and their shares of the observations."""
        import numpy as np

        covariates, shares = self.covariates, self.weights / self.weights.sum()
        if not covariates.shape[1]:
            return [], np.ones(1)
        look = covariates[:: -(-len(covariates) // _LOOK)]
        if len(covariates) > 4 * _LOOK and len(np.unique(look, axis=0)) > 0.5 * len(look):
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


class IndexSums(ParameterSums):
    """The same sums by functions of the indices."""

    def __init__(
        self,
        programs: SamplePrograms,
        indices: Indices,
        sample: np.ndarray,
        covariates: np.ndarray,
        weights: np.ndarray,
    ):
        super().__init__(programs, sample, covariates, weights)
        self._indices = indices

    @cached_property
    def _groups(self) -> list[_Group]:
        return self._grouped(self.programs.reduced, self._indices)

    def _at(self, group: _Group, theta: np.ndarray) -> Iterable[np.ndarray]:
        return self._indices.values(group.factors, theta)

    def sums(self, theta: np.ndarray, curved: bool) -> tuple[np.ndarray, np.ndarray | None]:
        import numpy as np

        count = len(self._indices.classes)
        totals = _Totals(self._indices)
        value = size = 0.0
        for group in self._groups:
            function = unchecked(group.programs.curved if curved else group.programs.local)
            for part in group.blocks():
                terms, *rows = function(*part.columns, *self._at(part, theta))
                if np.ndim(terms) == 0:  # the same for all
                    terms = np.full(len(part.weights), terms)
                value, size = value + terms @ part.weights, size + np.abs(terms) @ part.weights
                totals.add(part, rows[:count], rows[count:])
        sums = np.concatenate([[value], totals.vector, [size], totals.sizes])
        return sums, totals.matrix if curved else None

    def slopes(self, theta: np.ndarray) -> np.ndarray:
        import numpy as np

        totals = _Totals(self._indices)
        for group in self._groups:
            function = unchecked(group.programs.score)
            for part in group.blocks():
                totals.add(part, function(*part.columns, *self._at(part, theta)), [])
        return np.concatenate([totals.vector, totals.sizes])

    def _score(self, group: _Group, rows: list[np.ndarray]) -> np.ndarray:
        import numpy as np

        found = np.empty((len(group.weights), self.n))
        for members, factor, row in zip(self._indices.classes, group.factors, rows, strict=True):
            found[:, members] = (factor * row).T
        return found

    def _curvature(self, group: _Group, rows: list[np.ndarray]) -> np.ndarray:
        import numpy as np

        classes, factors = self._indices.classes, group.factors
        found = np.empty((len(group.weights), self.n, self.n))
        for row, (a, b) in zip(rows, combinations_with_replacement(range(len(classes)), 2), strict=True):
            block = -row[:, None, None] * factors[a].T[:, :, None] * factors[b].T[:, None, :]
            found[:, np.array(classes[a])[:, None], np.array(classes[b])] = block
            found[:, np.array(classes[b])[:, None], np.array(classes[a])] = block.swapaxes(1, 2)
        return found

    @cached_property
    def _places(self) -> _Group:
        columns, shares = self.distinct
        return _Group(self.programs.reduced, None, [], columns, shares, self._indices)

    def metric(self, theta: np.ndarray) -> np.ndarray | None:
        import numpy as np

        metric = self.programs.reduced.metric
        if metric is None:
            return None
        totals = _Totals(self._indices)
        with np.errstate(all="ignore"):
            for part in self._places.blocks():
                totals.add(part, [], unchecked(metric)(*part.columns, *self._at(part, theta)))
        return totals.matrix


class _Totals:
    """Sums of products of rows with the factors of the parameters."""

    def __init__(self, indices: Indices):
        import numpy as np

        self._classes, self._order = indices.places
        n = indices.count
        self._vector, self._sizes, self._matrix = np.zeros(n), np.zeros(n), np.zeros((n, n))

    def add(self, part: _Group, slopes: list, curvatures: list) -> None:
        """A block of observations: a row for each class, and one for each pair of classes."""
        import numpy as np

        factors, weights = part.factors, part.weights
        for members, factor, size, row in zip(self._classes, factors, part.factor_sizes, slopes, strict=False):
            weighted = row * weights
            self._vector[members] += factor @ weighted
            self._sizes[members] += size @ np.abs(weighted)
        pairs = combinations_with_replacement(range(len(self._classes)), 2)
        for (i, j), row in zip(pairs, curvatures, strict=False):
            self._matrix[self._classes[i], self._classes[j]] += (factors[i] * (row * weights)) @ factors[j].T

    @property
    def vector(self) -> np.ndarray:
        """The sums (n,) of the factor of a parameter times the row of its class."""
        return self._vector if self._order is None else self._vector[self._order]

    @property
    def sizes(self) -> np.ndarray:
        """Those of the absolute values."""
        return self._sizes if self._order is None else self._sizes[self._order]

    @property
    def matrix(self) -> np.ndarray:
        """The sums (n, n) of the factors of both parameters times the row of their classes."""
        for i, j in combinations(self._classes, 2):
            self._matrix[j, i] = self._matrix[i, j].T
        return self._matrix if self._order is None else self._matrix[self._order[:, None], self._order]
