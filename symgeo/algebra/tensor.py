"""Tensors over a chart: each independent component stored once, SymPy expressions made only when asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING

from symgeo.errors import TensorError

if TYPE_CHECKING:
    from sympy import Expr, ImmutableDenseMatrix, ImmutableDenseNDimArray, Symbol

    from symgeo.algebra.element import Element
    from symgeo.algebra.field import Field

Index = tuple[int, ...]


class Tensor:
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
        self.coordinates = tuple(coordinates)
        self.slots = tuple(slots)
        self.symmetric = tuple(tuple(sorted(g)) for g in symmetric)
        self.antisymmetric = tuple(tuple(sorted(g)) for g in antisymmetric)
        self.name = name
        self._components = {i: v for i, v in components.items() if v}
        self._expressions: dict[Index, Expr] = {}
        self._canonical: dict[Index, tuple[int, Index]] = {}

    @classmethod
    def build(
        cls,
        field: Field,
        coordinates: Sequence[Symbol],
        slots: Sequence[int],
        entry: Callable[..., Element],
        symmetric: Sequence[Sequence[int]] = (),
        antisymmetric: Sequence[Sequence[int]] = (),
        name: str = "tensor",
    ) -> Tensor:
        """A tensor whose independent components are ``entry(i, j, ...)``, each computed once."""
        empty = cls(field, coordinates, slots, {}, symmetric, antisymmetric, name)
        components = {i: entry(*i) for i in empty.independent()}
        return cls(field, coordinates, slots, components, symmetric, antisymmetric, name)

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
            found = self._canonical[index] = self._representative(index)
        return found

    def _representative(self, index: Index) -> tuple[int, Index]:
        out = list(index)
        sign = 1
        for group in self.symmetric:
            for slot, value in zip(group, sorted(out[s] for s in group), strict=True):
                out[slot] = value
        for group in self.antisymmetric:
            values = [out[s] for s in group]
            if len(set(values)) < len(values):
                return 0, tuple(out)
            swaps = sum(a > b for k, a in enumerate(values) for b in values[k + 1 :])
            sign *= -1 if swaps % 2 else 1
            for slot, value in zip(group, sorted(values), strict=True):
                out[slot] = value
        return sign, tuple(out)

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
        if len(given) != self.rank or any(not isinstance(i, int) for i in given):
            raise TensorError(
                f"the {self.name} takes {self.rank} integer indices; for slices use .to_array() and index that"
            )
        if any(not -self.dim <= i < self.dim for i in given):
            raise IndexError(f"index {given} is out of range for a {self.name} in {self.dim} coordinates")
        key = tuple(i % self.dim for i in given)
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

    def _like(self, components: Mapping[Index, Element], name: str) -> Tensor:
        return Tensor(self.field, self.coordinates, self.slots, components, self.symmetric, self.antisymmetric, name)

    def raise_last(self, inverse_metric: Tensor, name: str | None = None) -> Tensor:
        """``[l, i, ..., j] = g^lm self[i, ..., j, m]``: the last index is raised and moved to the front."""
        last = self.rank - 1
        if self.slots[last] > 0:
            raise TensorError(f"the last index of the {self.name} is an upper one already")
        rows: list[list[tuple[int, Element]]] = [[] for _ in range(self.dim)]
        for u, m in inverse_metric.indices():
            if value := inverse_metric.element(u, m):
                rows[u].append((m, value))
        columns: dict[Index, dict[int, Element]] = {}

        def entry(u: int, *lead: int) -> Element:
            if lead not in columns:
                values = ((m, self.element(*lead, m)) for m in range(self.dim))
                columns[lead] = {m: v for m, v in values if v}
            column = columns[lead]
            return self.field.dot([(1, g, column[m]) for m, g in rows[u] if m in column])

        def kept(groups: Sequence[tuple[int, ...]]) -> list[tuple[int, ...]]:
            moved = (tuple(s + 1 for s in g if s != last) for g in groups)
            return [g for g in moved if len(g) > 1]

        return Tensor.build(
            self.field,
            self.coordinates,
            (1, *self.slots[:last]),
            entry,
            symmetric=kept(self.symmetric),
            antisymmetric=kept(self.antisymmetric),
            name=name or self.name,
        )

    def pullback(
        self, new: Sequence[Symbol], images: Sequence[Element], transport: Callable[[Element], Element]
    ) -> Tensor:
        """The pullback along ``x^a = images[a](new)``; ``transport`` carries an element over to the new symbols.

        Only lower indices can be pulled back. Source: Lee, Introduction to Smooth Manifolds, 2013, chapter 11.
        """
        if any(s > 0 for s in self.slots):
            raise TensorError("only tensors with lower indices are pulled back along a map; lower the indices first")
        moved = {i: transport(v) for i, v in self._components.items()}
        old = self._like(moved, self.name)
        jacobian = [[x.diff(s) for s in new] for x in images]
        entries: dict[Index, Element] = {i: old.element(*i) for i in old.indices()}
        entries = {i: v for i, v in entries.items() if v}
        for slot in range(self.rank):
            collected: dict[Index, list[tuple[int, Element, Element]]] = {}
            for i, v in entries.items():
                for a in range(len(new)):
                    if jacobian[i[slot]][a]:
                        key = (*i[:slot], a, *i[slot + 1 :])
                        collected.setdefault(key, []).append((1, v, jacobian[i[slot]][a]))
            entries = {k: self.field.dot(terms) for k, terms in collected.items()}
        out = Tensor(self.field, new, self.slots, {}, self.symmetric, self.antisymmetric, self.name)
        return out._like({i: v for i, v in entries.items() if out.canonical(i) == (1, i)}, self.name)

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

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Tensor):
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
