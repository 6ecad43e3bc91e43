"""Parameters that a likelihood sees through one index, such as a linear predictor.

If ``d_i log p = r(covariates) d_j log p``, then ``d_i d_k log p = r d_j d_k log p``, and the same factors are in the
Fisher metric: sums over observations become products of a matrix of factors with few columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from sympy import Expr, Symbol

    from symgeo.algebra import Element
    from symgeo.models.conditional_model import ConditionalModel


@dataclass(frozen=True, eq=False)
class Indices:
    """Parameters by their classes: each one's first member is its base, and ``ratios`` has one factor a parameter."""

    classes: tuple[tuple[int, ...], ...]
    ratios: tuple[Expr, ...]
    covariates: tuple[Symbol, ...]

    @property
    def bases(self) -> tuple[int, ...]:
        """The first parameter of each class."""
        return tuple(c[0] for c in self.classes)


class IndexSums:
    """Sums over observations of products of rows with the factors of the parameters, block by block."""

    def __init__(self, indices: Indices, ratios: Callable[..., list[np.ndarray]]):
        import numpy as np

        self._classes, self._ratios = [list(members) for members in indices.classes], ratios
        self._n = len(indices.ratios)
        self._pairs = list(combinations_with_replacement(range(len(self._classes)), 2))
        self.vector, self.sizes = np.zeros(self._n), np.zeros(self._n)
        self._parts = [np.zeros((len(self._classes[i]), len(self._classes[j]))) for i, j in self._pairs]

    def add(self, columns: list[np.ndarray], weights: np.ndarray, slopes: list, curvatures: list) -> None:
        """A block at columns of covariates: a row for the base of each class, and one for each pair of classes."""
        import numpy as np

        values = self._ratios(*columns)
        factors = [np.stack([values[i] for i in members]) for members in self._classes]
        for members, factor, row in zip(self._classes, factors, slopes, strict=False):
            weighted = row * weights
            self.vector[members] += factor @ weighted
            self.sizes[members] += np.abs(factor) @ np.abs(weighted)
        for part, (i, j), row in zip(self._parts, self._pairs, curvatures, strict=False):
            part += (factors[i] * (row * weights)) @ factors[j].T

    @property
    def matrix(self) -> np.ndarray:
        """The sums (n, n) of the factors of both parameters times the row of their bases."""
        import numpy as np

        total = np.zeros((self._n, self._n))
        for part, (i, j) in zip(self._parts, self._pairs, strict=True):
            total[np.ix_(self._classes[i], self._classes[j])] = part
            total[np.ix_(self._classes[j], self._classes[i])] = part.T
        return total


def indices_of(model: ConditionalModel) -> Indices | None:
    """The classes of parameters whose scores differ by polynomials in the covariates; None if each is alone."""
    slopes = [model.log_element.diff(s) for s in model.parameters]
    left, classes = list(range(len(slopes))), []
    ratios: dict[int, Expr] = {}
    while left:
        base, found = left[0], {}
        for candidate in left:
            found = {i: r for i in left if (r := _ratio(model, slopes[i], slopes[candidate])) is not None}
            base = candidate
            if len(found) > 1:
                break
        ratios |= found
        classes.append((base, *(i for i in found if i != base)))
        left = [i for i in left if i not in found]
    if len(classes) == len(slopes):
        return None
    return Indices(tuple(classes), tuple(ratios[i] for i in range(len(slopes))), model.covariates)


def _ratio(model: ConditionalModel, slope: Element, base: Element) -> Expr | None:
    ratio = (slope / base).to_sympy()
    return ratio if ratio.free_symbols <= set(model.covariates) and ratio.is_polynomial(*model.covariates) else None
