"""Generated functions of a regular exponential family, made once for each density."""

from __future__ import annotations

import functools
from functools import cached_property
from typing import TYPE_CHECKING

from symgeo.codegen import numpy_function
from symgeo.inference.declared import KEPT, Declared
from symgeo.inference.equations import Equations
from symgeo.models.statistical_model import StatisticalModel

if TYPE_CHECKING:
    import numpy as np

    from symgeo.inference.programs import Function


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
    def whole(self) -> Function:
        """What `value` and `local` give, one after the other."""
        e = self.equations
        return numpy_function([*e.natural, e.log_partition, *e.jacobian, *e.expectation, *e.metric], e.parameters)

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
        """Points on all scales (P, n), their natural parameters (m, P) and log-partition functions (P,).

        Any sample's likelihood there is one product with its mean statistics.
        """
        import numpy as np

        from symgeo.inference.starting import pool

        points = pool(self.equations.model.chart)
        points = points[self.equations.model.chart.contains(points)]
        *natural, log_partition = self.value(*points.T)
        table = np.stack(natural)
        good = np.isfinite(table).all(axis=0) & np.isfinite(log_partition)
        return points[good], np.ascontiguousarray(table[:, good]), log_partition[good]


def family_programs(model: StatisticalModel) -> FamilyPrograms:
    """The functions of this family, from before if it has been fitted."""
    return _family_programs(Declared(model))


@functools.lru_cache(maxsize=KEPT)
def _family_programs(declared: Declared) -> FamilyPrograms:
    assert isinstance(declared.model, StatisticalModel), "a family has no covariates"
    return FamilyPrograms(declared.model)
