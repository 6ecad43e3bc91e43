"""The likelihood of observations that show some of the variables of a joint model."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from symgeo.errors import ArgumentError, DataError, ParameterListError
from symgeo.inference.complete import Maximisation
from symgeo.inference.completion import Rows, SeenDensity
from symgeo.inference.data import checked_weights, incomplete_observations
from symgeo.inference.log_lines import LogLines
from symgeo.inference.sample_likelihood import SampleLikelihood
from symgeo.models.statistical_model import StatisticalModel
from symgeo.models.support import Support

if TYPE_CHECKING:
    import numpy as np
    from sympy import Symbol

# A value of a discrete variable this close to a whole number is that number.
_WHOLE = 1e-9
# Observations that a search on all scales looks at, and numbers in a block of it.
_FEW, _BLOCK = 96, 200_000


class ObservedLikelihood(SampleLikelihood):
    """The mean log-likelihood of rows of several patterns of missing values.

    Its Hessian is that of Louis's identity; there is no expected information. ``step`` is the M-step, None where the
    complete data are no exponential family.
    """

    model: StatisticalModel

    def __init__(
        self, model: StatisticalModel, rows: Sequence[Rows], step: Maximisation | None, declared: tuple[Any, ...]
    ):
        import numpy as np

        self._declared = declared
        self.model, self.chart, self.rows, self.step = model, model.chart, tuple(rows), step
        self.n = len(model.parameters)
        self.weights = np.concatenate([r.counts for r in rows])
        self.sample, self.covariates = np.zeros((len(self.weights), 0)), np.zeros((len(self.weights), 0))
        self.count, self.length = float(math.fsum(self.weights)), len(self.weights)
        self.smooth, self.concave, self.is_careful = True, False, False
        self._expected, self._newton, self._at_once, self._relative_of = False, False, False, None

    @cached_property
    def log_lines(self) -> LogLines:  # type: ignore[override]  # its programs are those of its rows
        return LogLines(self.chart)

    def __reduce__(self) -> tuple[Any, ...]:
        return observed_likelihood, self._declared

    def carefully(self) -> None:
        """There is no other way to the values."""

    def require_smooth(self) -> None:
        """The Hessian is Louis's: it is always there."""

    def inside(self, theta: np.ndarray) -> bool:
        """Whether the point lies in the domain."""
        return bool(self.chart.contains(theta))

    def _sums(self, theta: np.ndarray, curved: bool) -> tuple[np.ndarray, np.ndarray | None]:
        import numpy as np

        with np.errstate(all="ignore"):
            columns = np.column_stack([self.terms(theta), self.scores(theta)])
            sums = np.concatenate([self.weights @ columns, self.weights @ np.abs(columns)]) / self.count
            return sums, self.observed_information(theta) if curved else None

    @property
    def by_quadrature(self) -> bool:
        """Whether an integral has no closed form."""
        return any(r.density.by_quadrature for r in self.rows)

    def terms(self, theta: np.ndarray) -> np.ndarray:
        """The log-density of what is seen of every row, (N,)."""
        import numpy as np

        return np.concatenate([r.posterior(theta)[0] for r in self.rows])

    def scores(self, theta: np.ndarray) -> np.ndarray:
        """The score of every row, (N, n)."""
        import numpy as np

        return np.concatenate([r.scores(theta) for r in self.rows])

    def observed_information(self, theta: np.ndarray) -> np.ndarray:
        """Minus the mean second derivatives of the log-likelihood, (n, n)."""
        import numpy as np

        found = sum((r.information(theta) for r in self.rows), np.zeros((self.n, self.n))) / self.count
        return 0.5 * (found + found.T)

    def values(self, thetas: np.ndarray, count: int = _FEW) -> np.ndarray:
        """The mean log-likelihood of some rows at many points (M, n) -> (M,); -inf outside the domain."""
        import numpy as np

        few = [_spread(len(r.counts), self.weights.size, count) for r in self.rows]
        weights = np.concatenate([r.counts[f] for r, f in zip(self.rows, few, strict=True)])
        size = sum(r.mask.shape[1] * len(f) for r, f in zip(self.rows, few, strict=True))
        inside = np.flatnonzero(self.chart.contains(thetas))
        out = np.full(len(thetas), -np.inf)
        step = max(1, _BLOCK // size)
        with np.errstate(all="ignore"):
            for start in range(0, len(inside), step):
                block = inside[start : start + step]
                terms = [r.many(thetas[block], f) for r, f in zip(self.rows, few, strict=True)]
                total = np.concatenate(terms, axis=1) @ weights / weights.sum()
                out[block] = np.where(np.isfinite(total), total, -np.inf)
        return out


def _spread(count: int, of: int, few: int) -> np.ndarray:
    """About ``few`` of ``count`` rows that are part of so many, evenly."""
    import numpy as np

    return np.linspace(0, count - 1, min(count, max(1, few * count // of))).astype(int)


def observed_likelihood(
    model: StatisticalModel, data: Any, hidden: Any, missing: bool, weights: Any
) -> ObservedLikelihood:
    """The likelihood of data that show all variables but the ``hidden`` ones, some of them missing here and there.

    Equal rows are put together. Raises :class:`DataError`, :class:`ArgumentError`, :class:`ParameterListError`.
    """
    import numpy as np

    observed = _observed(model, hidden)
    array = incomplete_observations(observed, data, missing)
    if len(observed) == len(model.variables) and not np.isnan(array).any():
        raise ArgumentError("nothing is hidden or missing in these data; use fit, or name the hidden variables")
    for axis, v in enumerate(observed):
        if model.support.is_discrete(v):
            whole = np.round(array[:, axis])
            array[:, axis] = np.where(np.abs(array[:, axis] - whole) <= _WHOLE, whole, array[:, axis])
    _require_support(model, observed, array)
    counts = np.ones(len(array)) if weights is None else checked_weights(weights, len(array))
    places = np.flatnonzero(counts > 0)
    step = Maximisation.of(model)
    rows = []
    patterns, of = np.unique(np.isnan(array[places]), axis=0, return_inverse=True)
    for index, pattern in enumerate(patterns):
        mine = places[of.ravel() == index]
        seen = [v for v, gone in zip(observed, pattern, strict=True) if not gone]
        values, first, where = np.unique(array[mine][:, ~pattern], axis=0, return_index=True, return_inverse=True)
        together = np.bincount(where.ravel(), counts[mine], len(values))
        density = SeenDensity(model, seen)
        if density.integrated and step is not None and step.regular is None:
            step = None
        rows.append((density, values, together, mine[first]))
    declared = (model, dict(zip(observed, array.T, strict=True)), hidden, bool(np.isnan(array).any()), counts)
    return ObservedLikelihood(model, [Rows(*r, step) for r in rows], step, declared)


def _observed(model: StatisticalModel, hidden: Any) -> tuple[Symbol, ...]:
    """The variables that the data show."""
    import sympy as sp

    named = (hidden,) if isinstance(hidden, sp.Symbol) else tuple(hidden)
    strange = [str(v) for v in named if v not in model.variables]
    if strange:
        raise ParameterListError(
            f"{', '.join(strange)} is no variable of the model, which has {', '.join(map(str, model.variables))}; "
            "name hidden variables by their own symbols"
        )
    found = tuple(v for v in model.variables if v not in named)
    if not found:
        raise ParameterListError("all variables are hidden; at least one must be observed")
    return found


def _require_support(model: StatisticalModel, observed: Sequence[Symbol], array: np.ndarray) -> None:
    """Refuse values outside sets that do not depend on other variables; other sets are looked at row by row."""
    import numpy as np

    for axis, v in enumerate(observed):
        declared = model.support.sets[v]
        if declared.free_symbols:
            continue
        column = array[:, axis]
        bad = np.flatnonzero(~np.isnan(column) & ~Support((v,), [declared]).contains(column))
        if bad.size:
            raise DataError(
                f"{bad.size} of {len(array)} values of {v} lie outside the support {declared}; the first is "
                f"observation {bad[0]} ({v} = {column[bad[0]]:.12g}); leave them out, or declare the support that the "
                "data have"
            )
