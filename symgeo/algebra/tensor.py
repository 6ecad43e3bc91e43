"""Tensors over a chart: sums, contraction, raising and lowering, derivatives, pullback."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from symgeo.algebra.components import Components, Index
from symgeo.algebra.element import Element
from symgeo.errors import TensorError

if TYPE_CHECKING:
    from sympy import Expr, Symbol

    from symgeo.algebra.field import Field

Groups = Sequence[Sequence[int]]
Terms = dict[Index, list[tuple[int, Element, Element]]]


class Tensor(Components):
    """An immutable array of exact components, upper and lower indices and their symmetries known.

    Index it like an array: ``t[i, j]`` is a SymPy expression. Christoffel symbols and partial derivatives use the same
    storage although they do not transform as tensors. All operations return new tensors; those over two tensors raise
    :class:`TensorError` when the charts differ or an index stands on the wrong level.
    """

    # NumPy's numbers leave the multiplication to the tensor.
    __array_ufunc__ = None

    @classmethod
    def build(
        cls,
        field: Field,
        coordinates: Sequence[Symbol],
        slots: Sequence[int],
        entry: Callable[..., Element],
        symmetric: Groups = (),
        antisymmetric: Groups = (),
        name: str = "tensor",
    ) -> Tensor:
        """A tensor whose independent components are ``entry(i, j, ...)``, each computed once."""
        empty = cls(field, coordinates, slots, {}, symmetric, antisymmetric, name)
        components = {i: entry(*i) for i in empty.independent()}
        return cls(field, coordinates, slots, components, symmetric, antisymmetric, name)

    def _collected(
        self, slots: Sequence[int], terms: Terms, symmetric: Groups, antisymmetric: Groups, name: str
    ) -> Tensor:
        """The tensor whose component at an independent index is the sum of ``c a b`` over the terms gathered there."""
        out = Tensor(self.field, self.coordinates, slots, {}, symmetric, antisymmetric, name)
        values = {i: self.field.dot(found) for i, found in terms.items() if out.canonical(i) == (1, i)}
        return Tensor(self.field, self.coordinates, slots, values, symmetric, antisymmetric, name)

    def stored(self) -> Iterator[tuple[Index, Element]]:
        """All components that are not zero, those that symmetry gives included."""
        for i in self.indices():
            value = self.element(*i)
            if value:
                yield i, value

    def _same_chart(self, other: Tensor) -> None:
        if other.coordinates != self.coordinates or other.field is not self.field:
            raise TensorError(
                f"the {self.name} and the {other.name} belong to different charts or manifolds; "
                "pull one back, or take both from the same manifold"
            )

    # -- linear combinations -----------------------------------------------------------------------------------------

    @staticmethod
    def combination(terms: Sequence[tuple[Element, Tensor]], name: str) -> Tensor:
        """The sum of ``c t`` over ``(c, t)``; symmetries that all of them share are kept."""
        first = terms[0][1]
        for _, t in terms[1:]:
            first._same_chart(t)
            if t.slots != first.slots:
                raise TensorError(f"the {first.name} and the {t.name} have different indices and cannot be added")
        symmetric = _common([t.symmetric for _, t in terms])
        antisymmetric = _common([t.antisymmetric for _, t in terms])

        def entry(*index: int) -> Element:
            return first.field.dot([(1, c, t.element(*index)) for c, t in terms])

        return Tensor.build(first.field, first.coordinates, first.slots, entry, symmetric, antisymmetric, name)

    def __add__(self, other: Tensor) -> Tensor:
        if not isinstance(other, Tensor):
            return NotImplemented
        return Tensor.combination([(self.field.one, self), (self.field.one, other)], "sum")

    def __sub__(self, other: Tensor) -> Tensor:
        if not isinstance(other, Tensor):
            return NotImplemented
        return Tensor.combination([(self.field.one, self), (-self.field.one, other)], "difference")

    def __mul__(self, scalar: Any) -> Tensor:
        """The tensor times a number, an expression or an element."""
        if isinstance(scalar, Tensor):
            return NotImplemented
        factor = scalar if isinstance(scalar, Element) else self.field(scalar)
        if factor.field is not self.field:
            raise TensorError(f"the factor belongs to another field than the {self.name}; give it as an expression")
        return Tensor.combination([(factor, self)], self.name)

    __rmul__ = __mul__

    def __truediv__(self, scalar: Any) -> Tensor:
        return self * (1 / (scalar if isinstance(scalar, Element) else self.field(scalar)))

    def __radd__(self, other: Any) -> Tensor:
        # sum() starts from zero.
        return self if other == 0 else NotImplemented

    def __neg__(self) -> Tensor:
        return Tensor.combination([(-self.field.one, self)], self.name)

    def outer(self, other: Tensor) -> Tensor:
        """The tensor product: ``[i..., j...] = self[i...] other[j...]``."""
        self._same_chart(other)
        place = {s: s + self.rank for s in range(other.rank)}
        return Tensor.build(
            self.field,
            self.coordinates,
            self.slots + other.slots,
            lambda *i: self.element(*i[: self.rank]) * other.element(*i[self.rank :]),
            symmetric=(*self.symmetric, *_moved(other.symmetric, place)),
            antisymmetric=(*self.antisymmetric, *_moved(other.antisymmetric, place)),
            name="tensor product",
        )

    # -- contraction -------------------------------------------------------------------------------------------------

    def contract(self, first: int, second: int) -> Tensor:
        """The trace over an upper and a lower index, given by their positions; the others keep their order.

        Raises :class:`TensorError` when both stand on the same level: raise or lower one of them first.
        """
        if first == second or not all(0 <= s < self.rank for s in (first, second)):
            raise TensorError(
                f"two different positions from 0 to {self.rank - 1} are contracted, not {first}, {second}"
            )
        if self.slots[first] == self.slots[second]:
            raise TensorError("an upper index is contracted with a lower one: raise or lower one of the two first")
        rest = [s for s in range(self.rank) if s not in (first, second)]
        terms: Terms = {}
        for i, value in self.stored():
            if i[first] == i[second]:
                terms.setdefault(tuple(i[s] for s in rest), []).append((1, value, self.field.one))
        place = {s: k for k, s in enumerate(rest)}
        return self._collected(
            [self.slots[s] for s in rest],
            terms,
            _moved(self.symmetric, place),
            _moved(self.antisymmetric, place),
            f"trace of the {self.name}",
        )

    def raise_index(self, slot: int, inverse_metric: Tensor) -> Tensor:
        """``g^lm`` contracted with the lower index at ``slot``, which becomes an upper one in its place."""
        return self._turned(slot, inverse_metric, 1, slot, None, self.name)

    def lower_index(
        self, slot: int, metric: Tensor, symmetric: Groups | None = None, name: str | None = None
    ) -> Tensor:
        """``g_lm`` contracted with the upper index at ``slot``, which becomes a lower one in its place.

        ``symmetric``: groups of indices in which the result is known to be symmetric; only those components are taken.
        """
        return self._turned(slot, metric, -1, slot, symmetric, name or self.name)

    def raise_last(self, inverse_metric: Tensor, name: str | None = None) -> Tensor:
        """``[l, i, ..., j] = g^lm self[i, ..., j, m]``: the last index is raised and moved to the front."""
        return self._turned(self.rank - 1, inverse_metric, 1, 0, None, name or self.name)

    def _turned(self, slot: int, matrix: Tensor, level: int, to: int, symmetric: Groups | None, name: str) -> Tensor:
        """The index at ``slot`` contracted with a symmetric matrix of indices at ``level`` and placed at ``to``."""
        self._same_chart(matrix)
        if not 0 <= slot < self.rank:
            raise TensorError(f"the {self.name} has indices 0 to {self.rank - 1}, not {slot}")
        if self.slots[slot] == level:
            here = "an upper" if level > 0 else "a lower"
            raise TensorError(f"index {slot} of the {self.name} is {here} one already")
        if matrix.slots != (level, level):
            kind = "the inverse metric, two upper indices" if level > 0 else "the metric, two lower indices"
            raise TensorError(f"this takes {kind}; the {matrix.name} has other indices")
        rest = [s for s in range(self.rank) if s != slot]
        order = [*rest[:to], slot, *rest[to:]]
        place = {s: k for k, s in enumerate(order) if s != slot}
        rows: list[dict[int, Element]] = [{} for _ in range(self.dim)]
        for (u, m), value in matrix.stored():
            rows[u][m] = value
        columns: dict[Index, dict[int, Element]] = {}
        for i, value in self.stored():
            columns.setdefault(tuple(i[s] for s in rest), {})[i[slot]] = value

        def entry(*index: int) -> Element:
            column = columns.get((*index[:to], *index[to + 1 :]))
            row = rows[index[to]]
            return self.field.dot([(1, row[m], v) for m, v in column.items() if m in row] if column else ())

        return Tensor.build(
            self.field,
            self.coordinates,
            [level if s == slot else self.slots[s] for s in order],
            entry,
            symmetric=_moved(self.symmetric, place) if symmetric is None else symmetric,
            antisymmetric=_moved(self.antisymmetric, place),
            name=name,
        )

    # -- derivatives -------------------------------------------------------------------------------------------------

    def derivative(self) -> Tensor:
        """The partial derivatives ``[..., k] = d_k self[...]``: one more lower index, the last."""
        x = self.coordinates
        return Tensor.build(
            self.field,
            x,
            (*self.slots, -1),
            lambda *i: self.element(*i[:-1]).diff(x[i[-1]]),
            symmetric=self.symmetric,
            antisymmetric=self.antisymmetric,
            name=f"derivative of the {self.name}",
        )

    def lie_derivative(self, vector: Sequence[Expr]) -> Tensor:
        """The Lie derivative along the vector field with components ``vector`` (n,).

        ``L_v t = v^m d_m t - t^(..m..) d_m v^i + t_(..m..) d_i v^m``, one such term for every index. Source: Lee,
        Introduction to Smooth Manifolds, 2013, chapters 9 and 12.
        """
        if len(vector) != self.dim:
            raise TensorError(f"the vector field needs {self.dim} components, got {len(vector)}")
        v = [self.field(a) for a in vector]
        slope = [[a.diff(s) for s in self.coordinates] for a in v]

        def entry(*index: int) -> Element:
            here = self.element(*index)
            terms = [(1, a, here.diff(s)) for a, s in zip(v, self.coordinates, strict=True)]
            for k, i in enumerate(index):
                for m in range(self.dim):
                    other = self.element(*index[:k], m, *index[k + 1 :])
                    terms.append((-1, other, slope[i][m]) if self.slots[k] > 0 else (1, other, slope[m][i]))
            return self.field.dot(terms)

        return Tensor.build(
            self.field,
            self.coordinates,
            self.slots,
            entry,
            self.symmetric,
            self.antisymmetric,
            f"Lie derivative of the {self.name}",
        )

    def pullback(
        self, new: Sequence[Symbol], images: Sequence[Element], transport: Callable[[Element], Element]
    ) -> Tensor:
        """The pullback along ``x^a = images[a](new)``; ``transport`` carries an element over to the new symbols.

        Only lower indices can be pulled back. Source: Lee, Introduction to Smooth Manifolds, 2013, chapter 11.
        """
        if any(s > 0 for s in self.slots):
            raise TensorError("only tensors with lower indices are pulled back along a map; lower the indices first")
        jacobian = [[x.diff(s) for s in new] for x in images]
        moved = {i: transport(v) for i, v in self._components.items()}
        old = Tensor(self.field, self.coordinates, self.slots, moved, self.symmetric, self.antisymmetric, self.name)
        entries: Mapping[Index, Element] = dict(old.stored())
        for slot in range(self.rank):
            collected: Terms = {}
            for i, v in entries.items():
                for a in range(len(new)):
                    if jacobian[i[slot]][a]:
                        key = (*i[:slot], a, *i[slot + 1 :])
                        collected.setdefault(key, []).append((1, v, jacobian[i[slot]][a]))
            entries = {k: self.field.dot(terms) for k, terms in collected.items()}
        out = Tensor(self.field, new, self.slots, {}, self.symmetric, self.antisymmetric, self.name)
        kept = {i: v for i, v in entries.items() if out.canonical(i) == (1, i)}
        return Tensor(self.field, new, self.slots, kept, self.symmetric, self.antisymmetric, self.name)


def _moved(groups: Groups, place: Mapping[int, int]) -> list[tuple[int, ...]]:
    """Groups of indices after some have gone and the others have moved to new places."""
    kept = (tuple(place[s] for s in g if s in place) for g in groups)
    return [g for g in kept if len(g) > 1]


def _common(kinds: Sequence[Groups]) -> list[tuple[int, ...]]:
    """The groups of slots that lie within a group of every tensor."""
    found = [tuple(g) for g in kinds[0]]
    for groups in kinds[1:]:
        found = [tuple(sorted(set(g) & set(h))) for g in found for h in groups]
        found = [g for g in found if len(g) > 1]
    return found
