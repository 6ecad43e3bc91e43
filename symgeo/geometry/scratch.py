"""A field of its own for a search: what is tried there leaves no trace in the field of the manifold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from symgeo.algebra import Field, Tensor, differential_field
from symgeo.algebra.zero_test import state_positive

if TYPE_CHECKING:
    from sympy import Expr, Symbol


def scratch_field(field: Field, coordinates: Sequence[Symbol], conditions: Sequence[Expr] = ()) -> Field:
    """A new field that knows what ``field`` knows about ``coordinates``, and that ``conditions`` are positive."""
    new, known = differential_field(), field.knowledge
    new.knowledge.state_ranges({s: known.range_of(s) for s in coordinates})
    count = max(3, len(known.points))
    new.knowledge.state_points([{s: known.value(s, k) for s in coordinates} for k in range(count)])
    for condition in conditions:
        state_positive(new, new(condition))
    return new


def copied(tensor: Tensor, field: Field, indices: Sequence[int]) -> Tensor:
    """The block of a tensor with these indices, in another field."""
    return Tensor.build(
        field,
        [tensor.coordinates[i] for i in indices],
        tensor.slots,
        lambda *at: field(tensor[tuple(indices[a] for a in at)]),
        tensor.symmetric,
        tensor.antisymmetric,
        tensor.name,
    )
