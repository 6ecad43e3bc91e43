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
        self._carriers, self.total = carrier, float(weights.sum())
        if np.ndim(carrier) == 0:  # the same for all
            self._carrier = self.total * float(carrier), self.total * abs(float(carrier))
        else:
            self._carrier = float(carrier @ weights), float(np.abs(carrier) @ weights)

    @property
    def is_finite(self) -> bool:
        """Whether every observation has a coordinate."""
        import numpy as np

        return math.isfinite(self._carrier[1]) and bool(np.isfinite(self.coordinate).all())

    def _moved(self, theta: np.ndarray) -> tuple[Any, Any, Any, list[Any]]:
        """The logarithm of the scale at theta (..., n), shift, scale, and shapes, of shape (..., 1) these."""
        columns = theta if theta.ndim == 1 else theta.T
        shift, scale, spread = unchecked(self.law.motion)(*columns)
        if theta.ndim > 1:
            shift, scale = (v[:, None] if getattr(v, "ndim", 0) else v for v in (shift, scale))
            return spread, shift, scale, [columns[i][:, None] for i in self._shapes]
        return spread, shift, scale, [columns[i] for i in self._shapes]

    def _blocks(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        if len(self.weights) <= BLOCK:
            yield self.coordinate, self.weights
            return
        for start in range(0, len(self.weights), BLOCK):
            part = slice(start, start + BLOCK)
            yield self.coordinate[part], self.weights[part]

    def _totals(
        self, moved: list[Any], lead: tuple[int, ...], curved: bool, valued: bool = True
    ) -> tuple[np.ndarray, np.ndarray]:
        """Sums of q and of what the law puts together, and of the absolute values of the first of them."""
        import numpy as np

        law, count = self.law, len(self._shapes)
        shift, scale, shapes = moved
        function = unchecked(law.curved if curved else law.local if valued else law.score)
        slope = 1 if valued else 0
        first = slope + 2 + count
        rest = 3 + 2 * count + count * (count + 1) // 2 if curved else 0
        totals: list[np.ndarray] = []
        sizes: list[np.ndarray] = []
        table = np.empty((first + rest, *lead, min(len(self.weights), BLOCK)))
        for coordinate, weights in self._blocks():
            y = coordinate - shift if law.shift is not None else coordinate
            if law.scale is not None:
                y = y / scale
            rows = table if len(weights) == table.shape[-1] else table[..., : len(weights)]
            values = iter(function(y, *shapes))
            if valued:
                rows[0] = next(values)
            rows[slope] = next(values)
            spread = np.multiply(y, rows[slope], out=rows[slope + 1])
            spread += 1.0
            for place in range(slope + 2, first):
                rows[place] = next(values)
            if curved:
                rows[first] = next(values)
                np.multiply(y, rows[first], out=rows[first + 1])
                np.multiply(y, rows[first + 1], out=rows[first + 2])
                for place in range(first + 3, first + 3 + count):
                    rows[place] = next(values)
                    np.multiply(y, rows[place], out=rows[place + count])
                for place, value in enumerate(values, first + 3 + 2 * count):
                    rows[place] = value
            totals.append(rows @ weights)
            few = rows[:first]
            sizes.append(np.abs(few, out=few) @ weights)
        if len(totals) > 1:
            return np.sum(totals, axis=0), np.sum(sizes, axis=0)
        return totals[0], sizes[0]

    def _together(self, theta: np.ndarray, curved: bool) -> tuple[list[Any], list[Any]]:
        """[log p, score (n), their absolute values] at theta, and minus the second derivatives, the upper triangle."""
        import numpy as np

        columns = theta if theta.ndim == 1 else theta.T
        spread, *moved = self._moved(theta)
        totals, sizes = self._totals(moved, theta.shape[:-1], curved)
        value = totals[0] - self.total * spread + self._carrier[0]
        # The logarithm of the scale is rounded once for all observations.
        size = sizes[0] + self._carrier[1] + math.sqrt(len(self.weights)) * self.total * np.abs(spread)
        function = unchecked(self.law.together if curved else self.law.together_slopes)
        found = function(*columns, self.total, *sizes[1:], *totals[1:])
        n = self.n
        return [value, *found[n : 2 * n], size, *found[:n]], found[2 * n :]

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

        _, *moved = self._moved(theta)
        totals, sizes = self._totals(moved, (), False, valued=False)
        found = unchecked(self.law.together_slopes)(*theta, self.total, *sizes, *totals)
        return np.array([*found[self.n :], *found[: self.n]])

    def terms(self, theta: np.ndarray) -> np.ndarray:
        import numpy as np

        found = np.empty((*theta.shape[:-1], len(self.weights)))
        with np.errstate(all="ignore"):
            spread, shift, scale, shapes = self._moved(theta)
            (found[:],) = unchecked(self.law.value)((self.coordinate - shift) / scale, *shapes)
            found += self._carriers
            found -= spread[:, None] if getattr(spread, "ndim", 0) else spread
        return found
