"""Models that were declared alike, so that what was made for one serves the others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from symgeo.models.conditional_model import ConditionalModel
from symgeo.models.statistical_model import StatisticalModel

# Densities whose functions are kept.
KEPT = 64


class Declared:
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
        return isinstance(other, Declared) and (self.model is other.model or self._said == other._said)

    def __hash__(self) -> int:
        return self._hash
