"""Sums over the observations by functions of indices and products with their factors, which are fewer numbers."""

from __future__ import annotations

from functools import cached_property
from itertools import combinations, combinations_with_replacement, pairwise
from typing import TYPE_CHECKING

from symgeo.codegen import unchecked
from symgeo.inference.interpolated import interpolated
from symgeo.inference.parameter_sums import Group, ParameterSums
from symgeo.inference.programs import BLOCK

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import numpy as np

    from symgeo.inference.programs import Function, SamplePrograms
    from symgeo.inference.shared_index import Indices


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
        # Slopes of mirrored responses at the last point.
        self._slopes_at: dict[bytes, np.ndarray] = {}

    @cached_property
    def _groups(self) -> list[Group]:
        return self._grouped(self.programs.reduced, self._indices)

    def _at(self, group: Group, theta: np.ndarray) -> Iterable[np.ndarray]:
        return self._indices.values(group.factors, theta)

    @cached_property
    def _joined(self) -> tuple[Group, list[slice]] | None:
        """All groups as one, and where each lies in it; None where there is one, or too much for a single block."""
        import numpy as np

        groups = self._groups
        if len(groups) < 2 or len(self.weights) > BLOCK:
            return None
        ends = np.cumsum([0, *(len(g.weights) for g in groups)]).tolist()
        given = [np.concatenate(columns) for columns in zip(*(g.given for g in groups), strict=True)]
        weights = np.concatenate([g.weights for g in groups])
        whole = Group(self.programs.reduced, None, [], given, weights, self._indices)
        return whole, [slice(*pair) for pair in pairwise(ends)]

    def _parts(self, kind: str, theta: np.ndarray) -> Iterator[tuple[Group, list[np.ndarray]]]:
        """Blocks of observations with the values there of a function of the programs, so named."""
        import numpy as np

        if self._joined is None:
            for group in self._groups:
                function = unchecked(getattr(group.programs, kind))
                for part in group.blocks():
                    yield part, function(*part.columns, *self._at(part, theta))
            return
        whole, places = self._joined
        indices = list(self._at(whole, theta))
        table: list[np.ndarray] = []
        for group, place in zip(self._groups, places, strict=True):
            here = (i if i.shape[-1] == 1 else i[place] for i in indices)
            values = unchecked(getattr(group.programs, kind))(*group.columns, *here)
            table = table or [np.empty(len(whole.weights)) for _ in values]
            for row, value in zip(table, values, strict=True):
                row[place] = value
        yield whole, table

    def sums(self, theta: np.ndarray, curved: bool) -> tuple[np.ndarray, np.ndarray | None]:
        import numpy as np

        count = len(self._indices.classes)
        totals = _Totals(self._indices)
        value = size = 0.0
        for part, (terms, *rows) in self._parts("curved" if curved else "local", theta):
            if np.size(terms) == 1:  # the same for all
                whole = part.total * float(np.squeeze(terms))
                value, size = value + whole, size + abs(whole)
            else:
                value, size = value + terms @ part.weights, size + np.abs(terms) @ part.weights
            totals.add(part, rows[:count], rows[count:])
        sums = np.concatenate([[value], totals.vector, [size], totals.sizes])
        return sums, totals.matrix if curved else None

    def slopes(self, theta: np.ndarray) -> np.ndarray:
        import numpy as np

        totals = _Totals(self._indices)
        self._slopes_at.clear()
        for part, rows in self._parts("score", theta):
            totals.add(part, rows, [])
            if part.signs is not None and len(part.weights) == len(self.weights):
                self._slopes_at[theta.tobytes()] = rows[0]
        return np.concatenate([totals.vector, totals.sizes])

    def _score(self, group: Group, rows: list[np.ndarray]) -> np.ndarray:
        import numpy as np

        found = np.empty((len(group.weights), self.n))
        for members, factor, row in zip(self._indices.classes, group.factors, rows, strict=True):
            found[:, members] = (factor * row).T
        return found

    def _curvature(self, group: Group, rows: list[np.ndarray]) -> np.ndarray:
        import numpy as np

        classes, factors = self._indices.classes, group.factors
        found = np.empty((len(group.weights), self.n, self.n))
        for row, (a, b) in zip(rows, combinations_with_replacement(range(len(classes)), 2), strict=True):
            block = -row[:, None, None] * factors[a].T[:, :, None] * factors[b].T[:, None, :]
            found[:, np.array(classes[a])[:, None], np.array(classes[b])] = block
            found[:, np.array(classes[b])[:, None], np.array(classes[a])] = block.swapaxes(1, 2)
        return found

    @cached_property
    def _places(self) -> Group:
        if self._hardly_repeated and len(self._groups) == 1:
            return self._groups[0]
        columns, shares = self.distinct
        return Group(self.programs.reduced, None, [], columns, shares, self._indices)

    def metric(self, theta: np.ndarray) -> np.ndarray | None:
        import numpy as np

        metric = self.programs.reduced.metric
        if metric is None:
            return None
        totals = _Totals(self._indices)
        with np.errstate(all="ignore"):
            for part in self._places.blocks():
                totals.add(part, [], self._metric_rows(part, theta, metric))
        return totals.matrix / self._places.total

    def _metric_rows(self, part: Group, theta: np.ndarray, metric: Function) -> Sequence[np.ndarray]:
        """The metric in the indices, for each of the observations; half of it may be known from the slopes there."""
        known = self._slopes_at.get(theta.tobytes())
        indices = list(self._at(part, theta))
        if known is not None and part is self._groups[0]:
            (slope,) = unchecked(part.programs.score)(-indices[0])
            return [known * slope]  # by the other response's slope, and that of log p is zero in the mean
        varied = [i for i, index in enumerate(indices) if len(index) > 1]
        if not self.programs.integrates or part.covariates or len(varied) != 1:
            return unchecked(metric)(*part.covariates, *indices)
        (place,) = varied

        def function(index: np.ndarray) -> np.ndarray:
            import numpy as np

            rows = unchecked(metric)(*indices[:place], index, *indices[place + 1 :])
            return np.array([np.broadcast_to(row, index.shape) for row in rows])

        return list(interpolated(function, indices[place], self.programs.reduced.upper))


class _Totals:
    """Sums of products of rows with the factors of the parameters."""

    def __init__(self, indices: Indices):
        import numpy as np

        self._classes, self._order = indices.places
        n = indices.count
        self._vector, self._sizes, self._matrix = np.zeros(n), np.zeros(n), np.zeros((n, n))

    def add(self, part: Group, slopes: Sequence[np.ndarray], curvatures: Sequence[np.ndarray]) -> None:
        """A block of observations: a row for each class, and one for each pair of classes."""
        import numpy as np

        factors = part.factors
        for members, factor, size, row in zip(self._classes, factors, part.factor_sizes, slopes, strict=False):
            weighted = part.weighted(row)
            self._vector[members] += factor @ weighted
            self._sizes[members] += size @ np.abs(weighted)
        pairs = combinations_with_replacement(range(len(self._classes)), 2)
        for (i, j), row in zip(pairs, curvatures, strict=False):
            self._matrix[self._classes[i], self._classes[j]] += (factors[i] * part.weighted(row)) @ factors[j].T

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
