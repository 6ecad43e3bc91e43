"""A model's geometry by a pivot: constants and functions of the shapes alone, times functions of the parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from symgeo.algebra.sets import Segment
from symgeo.expectation.mellin import ScoreExpectation, score_moments
from symgeo.expectation.pivot import find_pivot
from symgeo.expectation.reduced import ReducedExpectation
from symgeo.geometry.manifold import StatisticalManifold
from symgeo.models.chart import Chart
from symgeo.models.means import InteriorMeans, nodes_in, require_finite
from symgeo.models.normaliser import has_sum
from symgeo.models.numeric import may_hide_kinks, require_centred, require_regular

if TYPE_CHECKING:
    from sympy import Symbol

    from symgeo.algebra import Tensor
    from symgeo.models.statistical_model import StatisticalModel


def pivot_expectation(model: StatisticalModel) -> ReducedExpectation | None:
    """Expectations by a pivot, for one continuous variable on one interval; None where no parameter is taken out."""
    (parts,) = model.support.pieces
    if len(parts) != 1 or not isinstance(parts[0], Segment) or has_sum(model.density) or may_hide_kinks(model):
        return None
    (x,) = model.variables
    pivot = find_pivot(model.field, model.log_density, x, parts[0].ends, model.parameters, model.domain)
    if pivot is None:
        return None
    found = ReducedExpectation(pivot, model.parameters, lambda shapes: shape_chart(model, shapes))
    return found if len(found.shapes) < len(model.parameters) else None


def shape_chart(model: StatisticalModel, shapes: Sequence[Symbol]) -> Chart:
    """The domain of some of the parameters, with the constraints among them alone."""
    kept = [c for c in model.constraints if c.free_symbols <= set(shapes)]
    return Chart(shapes, {p: model.domain[p] for p in shapes}, kept)


def pivotal_geometry(model: StatisticalModel, expectation: ReducedExpectation) -> StatisticalManifold:
    """Metric and cubic tensor from means under the pivot's law, which are checked as those of the model's own law are.

    Raises what ``score_geometry`` raises.
    """
    return reduced_geometry(model, expectation, expectation)


def reduced_geometry(
    model: StatisticalModel, scores: ScoreExpectation, expectation: ReducedExpectation
) -> StatisticalManifold:
    """The same where the means of products of ``scores`` are made of means under the pivot's law."""
    law = expectation.law
    metric, cubic_of = score_moments(scores, model.parameters)
    centred = expectation.centred()
    nodes = list(dict.fromkeys([*nodes_in(metric.flat()), *(node for a, b, _ in centred for node in (a, b))]))
    found = InteriorMeans(model, law, nodes)
    found.require_finite(nodes)
    require_centred(found, [a for a, _, _ in centred], [b for _, b, _ in centred], [p for _, _, p in centred])
    require_regular(model, metric, found, nodes)

    def cubic() -> Tensor:
        tensor = cubic_of()
        require_finite(model, law, tensor.flat())
        return tensor

    return StatisticalManifold(metric, cubic, formal_inverse=True)
