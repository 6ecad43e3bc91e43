"""What a model's fits share: generated functions and tables of points, made once for each density.

They are kept by what was declared, so that a density declared again finds them too.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING, Any

import sympy as sp

from symgeo.codegen import numpy_function
from symgeo.errors import DivergentExpectationError, NoClosedFormError, RegularityError, SingularMetricError
from symgeo.inference.equations import Equations
from symgeo.inference.shared_index import Indices, indices_of
from symgeo.models.conditional_model import ConditionalModel
from symgeo.models.numeric import moving_kinks
from symgeo.models.statistical_model import StatisticalModel

if TYPE_CHECKING:
    import numpy as np

# Densities whose functions are kept.
_KEPT = 64
# Observations evaluated at a time: their arrays stay in a processor's cache.
BLOCK = 8192

Function = Callable[..., list[Any]]


class SamplePrograms:
    """Functions of variables, covariates and parameters, in this order, for any declared density."""

    def __init__(self, model: StatisticalModel | ConditionalModel):
        self.model = model
        self.n = len(model.parameters)
        given = model.covariates if isinstance(model, ConditionalModel) else ()
        self.arguments = (*model.variables, *given, *model.parameters)
        self.places = (*given, *model.parameters)

    @cached_property
    def value(self) -> Function:
        """[log p]."""
        return numpy_function([self.model.log_density], self.arguments)

    @cached_property
    def score(self) -> Function:
        """The score, n entries."""
        return numpy_function(self.model.score, self.arguments)

    @cached_property
    def local(self) -> Function:
        """[log p, score]: n + 1 entries."""
        return numpy_function([self.model.log_density, *self.model.score], self.arguments)

    @cached_property
    def curved(self) -> Function:
        """[log p, score, minus the second derivatives (upper triangle, row by row)]. Needs `smooth`."""
        return numpy_function([self.model.log_density, *self.model.score, *self._curvature], self.arguments)

    @cached_property
    def indices(self) -> Indices | None:
        """The classes of parameters with a common index; None where there are none."""
        if not isinstance(self.model, ConditionalModel) or self.n < 2 or not self.smooth:
            return None
        return indices_of(self.model)

    @cached_property
    def ratios(self) -> Function:
        """The factors of the parameters in their classes, n of them, of the covariates."""
        assert self.indices is not None, "the caller asks first"
        return numpy_function(self.indices.ratios, self.indices.covariates)

    @cached_property
    def local_of_indices(self) -> Function:
        """`local` with the scores of the bases alone."""
        assert self.indices is not None, "the caller asks first"
        score = self.model.score
        return numpy_function([self.model.log_density, *(score[i] for i in self.indices.bases)], self.arguments)

    @cached_property
    def curved_of_indices(self) -> Function:
        """`curved` with the derivatives by the bases alone."""
        assert self.indices is not None, "the caller asks first"
        score = self.model.score
        scores = [score[i] for i in self.indices.bases]
        return numpy_function([self.model.log_density, *scores, *self._of_bases(self._curvature)], self.arguments)

    @cached_property
    def metric_of_indices(self) -> Function | None:
        """`metric` with the components of the bases alone."""
        entries = self._metric_entries
        return None if entries is None else numpy_function(self._of_bases(entries), self.places)

    def _of_bases(self, entries: Sequence[sp.Expr]) -> list[sp.Expr]:
        assert self.indices is not None, "the caller asks first"
        at = dict(zip(combinations_with_replacement(range(self.n), 2), entries, strict=True))
        bases = self.indices.bases
        return [at[min(i, j), max(i, j)] for i, j in combinations_with_replacement(bases, 2)]

    @cached_property
    def _curvature(self) -> list[sp.Expr]:
        """Minus the second derivatives of the log-density, the upper triangle row by row."""
        element, x = self.model.log_element, self.model.parameters
        slopes = [element.diff(s) for s in x]
        return [-slopes[i].diff(x[j]).to_sympy() for i in range(self.n) for j in range(i, self.n)]

    @cached_property
    def metric(self) -> Function | None:
        """The upper triangle of the Fisher metric of covariates and parameters; None where infinite or not known."""
        return None if self._metric_entries is None else numpy_function(self._metric_entries, self.places)

    @cached_property
    def canonical(self) -> bool:
        """Whether the second derivatives, given the covariates, are the same for every response: the metric itself."""
        if not isinstance(self.model, ConditionalModel) or not self.smooth:
            return False
        return not any(e.has(*self.model.variables) for e in self._curvature)

    @cached_property
    def _metric_entries(self) -> list[sp.Expr] | None:
        if self.canonical:
            return self._curvature
        try:
            metric = self.model.manifold.metric
        except (DivergentExpectationError, NoClosedFormError):
            return None
        except SingularMetricError:
            if not isinstance(self.model, ConditionalModel):
                raise
            return None
        return [metric[i, j] for i in range(self.n) for j in range(i, self.n)]

    @cached_property
    def smooth(self) -> bool:
        """Whether the log-density has second derivatives in the parameters everywhere."""
        return not moving_kinks(self.model.whole if isinstance(self.model, ConditionalModel) else self.model)

    def require_smooth(self) -> None:
        """Raise :class:`RegularityError` where the likelihood has no second derivatives."""
        if not self.smooth:
            raise RegularityError(
                "the log-density has a kink that moves with a parameter, so that the likelihood has no second "
                "derivatives; take the expected information"
            )

    @cached_property
    def slack(self) -> Function | None:
        """What must be positive at covariates and parameters; None where nothing must."""
        slacks = self.model.slacks if isinstance(self.model, ConditionalModel) else ()
        return numpy_function(slacks, self.places) if slacks else None


class FamilyPrograms:
    """Functions of a regular exponential family: of the data, of the parameters, and of their dual coordinates."""

    def __init__(self, model: StatisticalModel):
        self.equations = Equations.of(model)

    @cached_property
    def statistics(self) -> Function:
        """[T (m), log carrier] of the variables."""
        e = self.equations
        return numpy_function([*e.statistics, e.log_carrier], e.variables)

    @cached_property
    def value(self) -> Function:
        """[natural parameters (m), log-partition function] of the parameters."""
        e = self.equations
        return numpy_function([*e.natural, e.log_partition], e.parameters)

    @cached_property
    def local(self) -> Function:
        """[jacobian (m n), expectation (m), metric (n n)] of the parameters."""
        e = self.equations
        return numpy_function([*e.jacobian, *e.expectation, *e.metric], e.parameters)

    @cached_property
    def from_natural(self) -> Function | None:
        """theta (n) of the natural parameters; None if not known."""
        e = self.equations
        return None if e.from_natural is None else numpy_function(e.from_natural, e.natural_symbols)

    @cached_property
    def from_expectation(self) -> Function | None:
        """theta (n) of the mean statistics: the estimate in closed form; None if not known."""
        e = self.equations
        return None if e.from_expectation is None else numpy_function(e.from_expectation, e.expectation_symbols)

    @cached_property
    def table(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Points on all scales (P, n), their natural parameters (P, m) and log-partition functions (P,).

        Any sample's likelihood there is one product with its mean statistics.
        """
        import numpy as np

        from symgeo.inference.starting import pool

        points = pool(self.equations.model.chart)
        points = points[self.equations.model.chart.contains(points)]
        *natural, log_partition = self.value(*points.T)
        table = np.stack(natural, axis=-1)
        good = np.isfinite(table).all(axis=-1) & np.isfinite(log_partition)
        return points[good], table[good], log_partition[good]


def sample_programs(model: StatisticalModel | ConditionalModel) -> SamplePrograms:
    """The functions of this density, from before if it has been fitted."""
    return _sample_programs(_Declared(model))


def family_programs(model: StatisticalModel) -> FamilyPrograms:
    """The functions of this family, from before if it has been fitted."""
    return _family_programs(_Declared(model))


class _Declared:
    """A model, equal to another one with the same declaration."""

    def __init__(self, model: StatisticalModel | ConditionalModel):
        self.model = model
        whole = model.whole if isinstance(model, ConditionalModel) else model
        self._said: Sequence[Any] = (
            len(model.parameters),
            whole.density,
            whole.variables,
            whole.parameters,
            whole.support,
            whole.chart,
        )
        self._hash = hash((len(model.parameters), whole.density, whole.variables, whole.parameters))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Declared) and (self.model is other.model or self._said == other._said)

    def __hash__(self) -> int:
        return self._hash


@functools.lru_cache(maxsize=_KEPT)
def _sample_programs(declared: _Declared) -> SamplePrograms:
    return SamplePrograms(declared.model)


@functools.lru_cache(maxsize=_KEPT)
def _family_programs(declared: _Declared) -> FamilyPrograms:
    assert isinstance(declared.model, StatisticalModel), "a family has no covariates"
    return FamilyPrograms(declared.model)
