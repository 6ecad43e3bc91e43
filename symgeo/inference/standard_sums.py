"""Sums over the observations by the standard law behind a family of location and scale."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from symgeo.codegen import unchecked
from symgeo.inference.parameter_sums import ParameterSums
from symgeo.inference.programs import BLOCK

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np

    from symgeo.inference.programs import SamplePrograms
    from symgeo.inference.standard_law import StandardLaw


class StandardSums(ParameterSums):
    """The same sums by functions of the standard law's variable."""

    def __init__(
        self,
        programs: SamplePrograms,
        law: StandardLaw,
        sample: np.ndarray,
        covariates: np.ndarray,
        weights: np.ndarray,
    ):
        import numpy as np

        super().__init__(programs, sample, covariates, weights)
        self.law = law
        self._shapes = [programs.model.parameters.index(s) for s in law.shapes]
        with np.errstate(all="ignore"):
            coordinate, carrier = unchecked(law.columns)(sample[:, 0])
        self.coordinate = coordinate
        self._carriers = np.broadcast_to(carrier, coordinate.shape)
        self._total = float(weights.sum())
        self._carrier = float(self._carriers @ weights), float(np.abs(self._carriers) @ weights)

    @property
    def is_finite(self) -> bool:
        """Whether every observation has a coordinate."""
        import numpy as np

        return math.isfinite(self._carrier[1]) and bool(np.isfinite(self.coordinate).all())

    def _moved(self, theta: np.ndarray) -> tuple[Any, Any, Any, list[Any]]:
        """Shift, scale, its logarithm and the shapes at theta (..., n), the last of shape (..., 1)."""
        columns = theta if theta.ndim == 1 else theta.T
        shift, scale, spread = unchecked(self.law.motion)(*columns)
        if theta.ndim > 1:
            shift, scale = (v[:, None] if getattr(v, "ndim", 0) else v for v in (shift, scale))
            return shift, scale, spread, [columns[i][:, None] for i in self._shapes]
        return shift, scale, spread, [columns[i] for i in self._shapes]

    def _blocks(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        if len(self.weights) <= BLOCK:
            yield self.coordinate, self.weights
            return
        for start in range(0, len(self.weights), BLOCK):
            part = slice(start, start + BLOCK)
            yield self.coordinate[part], self.weights[part]

    def _totals(self, theta: np.ndarray, curved: bool, valued: bool = True) -> tuple[list[Any], list[Any], list[Any]]:
        """Sums of q and those that the law puts together, and of the absolute values of the first, at theta."""
        import numpy as np

        law, count = self.law, len(self._shapes)
        shift, scale, _, shapes = self._moved(theta)
        function = unchecked(law.curved if curved else law.local if valued else law.score)
        sums: list[Any] = []
        sizes: list[Any] = []
        for coordinate, weights in self._blocks():
            y = coordinate - shift if law.shift is not None else coordinate
            if law.scale is not None:
                y = y / scale
            rows = function(y, *shapes)
            first = [*rows[: 2 + count]] if valued else [0.0, *rows[: 1 + count]]
            first.insert(2, y * first[1] + 1.0)
            second = []
            if curved:
                bend, *along = rows[2 + count : 3 + 2 * count]
                skew = y * bend
                second = [bend, skew, y * skew, *along, *(y * a for a in along), *rows[3 + 2 * count :]]
            found = [_dot(row, weights) for row in (*first, *second)]
            size = [_dot(np.abs(row), weights) for row in first]
            sums = [a + b for a, b in zip(sums, found, strict=True)] if sums else found
            sizes = [a + b for a, b in zip(sizes, size, strict=True)] if sizes else size
        return sums[: 3 + count], sums[3 + count :], sizes

    def _together(self, theta: np.ndarray, curved: bool) -> tuple[list[Any], list[Any]]:
        """[log p, score (n), their absolute values] at theta, and minus the second derivatives, the upper triangle."""
        import numpy as np

        columns = theta if theta.ndim == 1 else theta.T
        (value, *first), second, (size, *sizes) = self._totals(theta, curved)
        spread = self._moved(theta)[2]
        value = value - self._total * spread + self._carrier[0]
        # The logarithm of the scale is rounded once for all observations.
        size = size + self._carrier[1] + math.sqrt(len(self.weights)) * self._total * np.abs(spread)
        if curved:
            score = unchecked(self.law.together)(*columns, self._total, *first, *second)
        else:
            score = unchecked(self.law.together_slopes)(*columns, self._total, *first)
        bounds = unchecked(self.law.sizes)(*columns, self._total, *sizes)
        return [value, *score[: self.n], size, *bounds], score[self.n :]

    def sums(self, theta: np.ndarray, curved: bool) -> tuple[np.ndarray, np.ndarray | None]:
        import numpy as np

        found, upper = self._together(theta, curved)
        return np.array(found), self._symmetric(np.array(upper)) if curved else None

    def points(self, thetas: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        import numpy as np

        found, upper = self._together(thetas, True)
        rows = np.empty((len(found) + len(upper), len(thetas)))
        for row, values in zip(rows, (*found, *upper), strict=True):
            row[:] = values
        return rows[: len(found)], rows[len(found) :]

    def slopes(self, theta: np.ndarray) -> np.ndarray:
        import numpy as np

        (_, *first), _, (_, *sizes) = self._totals(theta, False, valued=False)
        score = unchecked(self.law.together_slopes)(*theta, self._total, *first)
        return np.array([*score, *unchecked(self.law.sizes)(*theta, self._total, *sizes)])

    def terms(self, theta: np.ndarray) -> np.ndarray:
        import numpy as np

        found = np.empty((*theta.shape[:-1], len(self.weights)))
        with np.errstate(all="ignore"):
            shift, scale, spread, shapes = self._moved(theta)
            (found[:],) = unchecked(self.law.value)((self.coordinate - shift) / scale, *shapes)
            found += self._carriers
            found -= spread[:, None] if getattr(spread, "ndim", 0) else spread
        return found


def _dot(row: Any, weights: np.ndarray) -> Any:
    """Weighted sums of a row (..., N), or of one that is the same for all observations."""
    if getattr(row, "ndim", 0) == 0:
        return row * weights.sum()
    if row.shape[-1] != len(weights):
        return row[..., 0] * weights.sum()
    return row @ weights
