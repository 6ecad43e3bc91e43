"""Components over a chart: each independent one stored once, SymPy expressions made only when asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import product
from numbers import Integral
from typing import TYPE_CHECKING

from symgeo.algebra.knowledge import chart_of
from symgeo.errors import TensorError

if TYPE_CHECKING:
    from sympy import Expr, ImmutableDenseMatrix, ImmutableDenseNDimArray, Symbol

    from symgeo.algebra.element import Element
    from symgeo.algebra.field import Field

Index = tuple[int, ...]
Groups = tuple[tuple[int, ...], ...]


class Components:
    """An immutable array of field elements over a chart.

    ``slots`` holds +1 for an upper and -1 for a lower index; ``symmetric`` and ``antisymmetric`` are groups of slots.
    Indexing gives SymPy expressions: ``t[i, j]``. Christoffel symbols and partial derivatives use the same storage
    although they do not transform as tensors.
    """

    def __init__(
        self,
        field: Field,
        coordinates: Sequence[Symbol],
        slots: Sequence[int],
        components: Mapping[Index, Element],
        symmetric: Sequence[Sequence[int]] = (),
        antisymmetric: Sequence[Sequence[int]] = (),
        name: str = "tensor",
    ):
        self.field = field
        self.coordinates = chart_of(coordinates)
        self.slots = tuple(slots)
        self.symmetric = tuple(tuple(sorted(g)) for g in symmetric)
        self.antisymmetric = tuple(tuple(sorted(g)) for g in antisymmetric)
        self.name = name
        self._components = {i: v for i, v in components.items() if v}
        self._expressions: dict[Index, Expr] = {}
        self._canonical = _representatives(self.symmetric, self.antisymmetric)

    @property
    def dim(self) -> int:
        """The number of coordinates."""
        return len(self.coordinates)

    @property
    def rank(self) -> int:
        """The number of indices."""
        return len(self.slots)

    @property
    def shape(self) -> tuple[int, ...]:
        """``(n,) * rank``."""
        return (self.dim,) * self.rank

    def indices(self) -> Iterator[Index]:
        """All index tuples, the last running fastest."""
        return product(range(self.dim), repeat=self.rank)

    def independent(self) -> Iterator[Index]:
        """The index tuples that symmetry leaves independent and does not force to zero."""
        return (i for i in self.indices() if self.canonical(i) == (1, i))

    def canonical(self, index: Index) -> tuple[int, Index]:
        """The sign and the representative index; sign 0 where antisymmetry forces zero."""
        found = self._canonical.get(index)
        if found is None:
            found = self._canonical[index] = _representative(index, self.symmetric, self.antisymmetric)
        return found

    def element(self, *index: int) -> Element:
        """The component as a field element."""
        sign, key = self.canonical(index)
        value = self._components.get(key) if sign else None
        if value is None:
            return self.field.zero
        return value if sign > 0 else -value

    def __getitem__(self, index: int | Index) -> Expr:
        """The component as a SymPy expression; negative indices count from the end."""
        given = index if isinstance(index, tuple) else (index,)
        if len(given) != self.rank or any(isinstance(i, bool) or not isinstance(i, Integral) for i in given):
            raise TensorError(
                f"the {self.name} takes {self.rank} integer indices; for slices use .to_array() and index that"
            )
        if any(not -self.dim <= i < self.dim for i in given):
            raise IndexError(f"index {given} is out of range for a {self.name} in {self.dim} coordinates")
        key = tuple(int(i) % self.dim for i in given)
        found = self._expressions.get(key)
        if found is None:
            sign, representative = self.canonical(key)
            shared = sign == 1 and representative != key
            found = self[representative] if shared else self.element(*key).to_sympy()
            self._expressions[key] = found
        return found

    def __len__(self) -> int:
        return self.dim

    def __iter__(self) -> Iterator[Expr]:
        raise TensorError(f"iterate over .flat() or .to_array() of the {self.name}")

    @property
    def conditions(self) -> tuple[Expr, ...]:
        """What is positive inside the domain of the coordinates; generated functions give nan where it is not."""
        return self.field.knowledge.domain_of(self.coordinates) or ()

    def flat(self) -> Iterator[Expr]:
        """All components as SymPy expressions, row-major."""
        return (self[i] for i in self.indices())

    def nonzero(self) -> dict[Index, Expr]:
        """The independent components that are not zero, as SymPy expressions."""
        return {i: self[i] for i in sorted(self._components)}

    @property
    def is_zero(self) -> bool:
        """Whether every component is zero (exactly, or certified by evaluation)."""
        from symgeo.algebra.zero_test import zero_test

        return all(zero_test(v) for v in self._components.values())

    def to_array(self) -> ImmutableDenseNDimArray:
        """The components as a SymPy array."""
        from sympy import ImmutableDenseNDimArray

        return ImmutableDenseNDimArray(list(self.flat()), self.shape)

    def to_matrix(self) -> ImmutableDenseMatrix:
        """The components of a tensor with two indices as a SymPy matrix."""
        from sympy import ImmutableDenseMatrix

        if self.rank != 2:
            raise TensorError(f"a matrix has two indices, the {self.name} has {self.rank}; use .to_array()")
        return ImmutableDenseMatrix(self.dim, self.dim, list(self.flat()))

    def __deepcopy__(self, memo: dict) -> Components:
        return self  # immutable

    def __reduce__(self) -> tuple:
        """Pickled by its SymPy expressions; the copy lives in a field of its own."""
        symmetries = (self.symmetric, self.antisymmetric, self.name)
        return _restored, (type(self), self.coordinates, self.slots, self.nonzero(), *symmetries, self.conditions)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Components):
            return NotImplemented
        if (self.coordinates, self.slots) != (other.coordinates, other.slots):
            return False
        if self.field is not other.field:
            return all(not self.field(other[i]) - self.element(*i) for i in self.indices())
        return all(self.element(*i) == other.element(*i) for i in self.indices())

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        rows = [f"  {list(i)}: {v}" for i, v in self.nonzero().items()]
        head = f"{self.name} in ({', '.join(map(str, self.coordinates))}), independent nonzero components"
        return "\n".join([head + (":" if rows else ": none"), *rows])

    def _repr_latex_(self) -> str:
        from sympy import latex

        return f"$\\displaystyle {latex(self.to_matrix() if self.rank == 2 else self.to_array())}$"


def _restored(
    kind: type[Components],
    coordinates: Sequence[Symbol],
    slots: Sequence[int],
    expressions: Mapping[Index, Expr],
    symmetric: Groups,
    antisymmetric: Groups,
    name: str,
    conditions: Sequence[Expr] = (),
) -> Components:
    from symgeo.algebra.convert import differential_field

    field = differential_field()
    if conditions:
        field.knowledge.state_domain(coordinates, conditions)
    components = {i: field(e) for i, e in expressions.items()}
    return kind(field, coordinates, slots, components, symmetric, antisymmetric, name)


@cache
def _representatives(symmetric: Groups, antisymmetric: Groups) -> dict[Index, tuple[int, Index]]:
    """Representatives found so far, shared by all tensors with the same symmetries."""
    return {}


def _representative(index: Index, symmetric: Groups, antisymmetric: Groups) -> tuple[int, Index]:
    out = list(index)
    sign = 1
    for group in symmetric:
        for slot, value in zip(group, sorted(out[s] for s in group), strict=True):
            out[slot] = value
    for group in antisymmetric:
        values = [out[s] for s in group]
        if len(set(values)) < len(values):
            return 0, tuple(out)
        swaps = sum(a > b for k, a in enumerate(values) for b in values[k + 1 :])
        sign *= -1 if swaps % 2 else 1
        for slot, value in zip(group, sorted(values), strict=True):
            out[slot] = value
    return sign, tuple(out)
