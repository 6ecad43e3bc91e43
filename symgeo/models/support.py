"""The set of observations: one SymPy set per variable, whose ends may use the variables before it.

A support that moves with a parameter is refused: there the score has no mean zero and the Fisher information is not
the Hessian of the relative entropy (Amari and Nagaoka 2000, section 2.2, regularity conditions).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, reduce
from itertools import islice
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import sympy as sp

from symgeo.algebra.sets import (
    Piece,
    Points,
    Progression,
    Segment,
    UnreadableSet,
    as_set,
    assumed_set,
    latex,
    pieces,
    to_set,
)
from symgeo.errors import DataError, SupportError
from symgeo.models.sampling import rational_near, rotations, spread

if TYPE_CHECKING:
    import numpy as np

KINDS = "Interval, FiniteSet, Range, Naturals, Naturals0, Integers, Reals, or a union of disjoint intervals or ranges"
MOST_POINTS = 10_000

# Sets this small are first looked through for exact members.
_FEW_MEMBERS = 16


class Support:
    """An immutable product of sets, iterated: ``Support((x, y), (Interval.open(0, 1), Interval.open(0, 1 - x)))``.

    Intervals are integrated over; finite sets, ranges and the integers are summed over. Raises `SupportError` when a
    set is empty, of another kind, or uses a symbol that is no earlier variable.
    """

    def __init__(self, variables: Sequence[sp.Symbol], sets: Sequence[sp.Set] | Mapping[sp.Symbol, sp.Set]):
        self.variables: tuple[sp.Symbol, ...] = tuple(variables)
        listed = tuple(sets[v] for v in self.variables) if isinstance(sets, Mapping) else tuple(sets)
        if len(listed) != len(self.variables):
            raise SupportError(
                f"{len(self.variables)} variables {self.variables} have {len(listed)} sets; give one set per variable"
            )
        self.sets: Mapping[sp.Symbol, sp.Set] = MappingProxyType(dict(zip(self.variables, listed, strict=True)))
        self.pieces: tuple[tuple[Piece, ...], ...] = tuple(
            self._read(position, given) for position, given in enumerate(listed)
        )

    def _read(self, position: int, given: sp.Set) -> tuple[Piece, ...]:
        variable, earlier = self.variables[position], set(self.variables[:position])
        strange = given.free_symbols - earlier
        if strange:
            names = ", ".join(sorted(map(str, strange)))
            if strange <= set(self.variables):
                raise SupportError(
                    f"the set of {variable}, {given}, uses {names}, which does not come before it; "
                    f"list {names} before {variable} in the variables, or declare the set of {names} through {variable}"
                )
            raise SupportError(
                f"the set of {variable}, {given}, uses the unknown symbol {names}; "
                f"ends may be numbers or earlier variables"
            )
        try:
            return pieces(given)
        except UnreadableSet as reason:
            raise SupportError(f"the support of {variable}: {reason}; give {KINDS}") from reason

    def __reduce__(self) -> tuple[Any, ...]:
        return Support, (self.variables, tuple(self.sets.values()))

    @classmethod
    def build(cls, variables: Any, support: Any = None, parameters: Sequence[sp.Symbol] = ()) -> Support:
        """A support from what a user writes.

        ``support`` is None (the symbols' assumptions decide: positive -> (0, oo), positive integer -> 1, 2, ...,
        nothing assumed -> the reals), one set, a product of sets or a list of sets in the order of the variables, or
        {variable: set}. A set may also be written as a relation (``x > 0``), a Python range or a collection of
        numbers. A set given explicitly overrules the assumptions, save that an interval of an integer variable means
        the integers in it. Raises `SupportError`.
        """
        symbols = (variables,) if isinstance(variables, sp.Symbol) else tuple(variables)
        given = _by_variable(symbols, support)
        built = cls(symbols, [_declared(variable, given[variable], tuple(parameters)) for variable in symbols])
        built._require_never_empty()
        return built

    def _require_never_empty(self) -> None:
        """Refuse sets such as Interval(0, 1 - x) for x in (0, 2): an integral up to 1 - x turns negative there."""
        if not any(end.free_symbols for parts in self.pieces for piece in parts for end in piece.ends):
            return
        for index, shares in islice(rotations(len(self.variables)), 6):
            point: dict[sp.Symbol, sp.Expr] = {}
            if not self._draw(index, shares, point):
                empty = self.variables[len(point)]
                raise SupportError(
                    f"the set of {empty}, {self.sets[empty]}, is empty at {show_point(point)}; "
                    f"narrow the sets of the earlier variables so that it never is"
                )

    @cached_property
    def is_whole_space(self) -> bool:
        """Whether every variable runs over the whole line."""
        line = (-sp.oo, sp.oo)
        return all(len(p) == 1 and isinstance(p[0], Segment) and p[0].ends == line for p in self.pieces)

    def is_discrete(self, variable: sp.Symbol) -> bool:
        """Whether the variable is summed over rather than integrated."""
        return self.pieces[self.variables.index(variable)][0].discrete

    def contains(self, values: Any) -> np.ndarray:
        """Which observations lie in the support: values (N,) for one variable, (N, d) for several -> bool (N,).

        Leading axes may be any shape. Open and closed ends are honoured, members of discrete sets are met to a
        relative 1e-12, and nan or infinite values are outside. Raises `DataError` for a wrong last axis.
        """
        import numpy as np

        array = np.asarray(values, dtype=float)
        count = len(self.variables)
        if count == 1 and (array.ndim == 0 or array.shape[-1] != 1 or array.ndim == 1):
            array = array[..., None]
        if array.ndim == 0 or array.shape[-1] != count:
            raise DataError(
                f"values of shape {np.shape(values)} do not fit the {count} variables {self.variables}; "
                f"give an array of shape (N, {count})"
            )
        columns = [array[..., i] for i in range(count)]
        inside = np.isfinite(columns[0])
        for column in columns[1:]:
            inside &= np.isfinite(column)
        with np.errstate(all="ignore"):
            for variable, column, parts in zip(self.variables, columns, self.pieces, strict=True):
                members = (
                    _member(piece, column, *(end(columns) for end in ends))
                    for piece, ends in zip(parts, self.numeric_ends[variable], strict=True)
                )
                inside &= reduce(np.logical_or, members)
        return inside

    @cached_property
    def numeric_ends(self) -> Mapping[sp.Symbol, tuple]:
        """{variable: one (lower, upper) pair of functions per piece}; a function takes the list of columns."""
        return {
            variable: tuple(tuple(self._numeric(end) for end in piece.ends) for piece in parts)
            for variable, parts in zip(self.variables, self.pieces, strict=True)
        }

    def _numeric(self, end: sp.Expr) -> Any:
        if not end.free_symbols:
            number = float(end)
            return lambda columns: number
        if end.is_Symbol:
            position = self.variables.index(end)
            return lambda columns: columns[position]
        from symgeo.codegen import numpy_function

        used = [i for i, variable in enumerate(self.variables) if variable in end.free_symbols]
        function = numpy_function([end], [self.variables[i] for i in used])
        return lambda columns: function(*(columns[i] for i in used))[0]

    def points(self) -> list[dict[sp.Symbol, sp.Expr]] | None:
        """All points of a finite support as exact numbers; None if there are infinitely many or over 10 000."""
        found: list[dict[sp.Symbol, sp.Expr]] = [{}]
        for variable, parts in zip(self.variables, self.pieces, strict=True):
            grown: list[dict[sp.Symbol, sp.Expr]] = []
            for point in found:
                members = _members(parts, point, MOST_POINTS + 1)
                if members is None or len(grown) + len(members) > MOST_POINTS:
                    return None
                grown.extend({**point, variable: member} for member in members)
            found = grown
        return found

    def interior_points(self, count: int) -> list[dict[sp.Symbol, sp.Expr]]:
        """Up to ``count`` distinct points {variable: rational or integer}, spread and generic, the same every time.

        Fewer come back only where the support has fewer points. Raises `SupportError` if none is found.
        """
        found: list[dict[sp.Symbol, sp.Expr]] = []
        for index, shares in islice(rotations(len(self.variables)), 40 * (count + 5)):
            if len(found) == count:
                break
            point: dict[sp.Symbol, sp.Expr] = {}
            if self._draw(index, shares, point) and point not in found:
                found.append(point)
        if not found and count:
            raise SupportError(f"no point was found in the support {self}; is it empty? check the ends of its sets")
        return found

    def _draw(self, index: int, shares: list[float], point: dict[sp.Symbol, sp.Expr]) -> bool:
        """Fill in one value per variable; False, with the variables so far, where a set is empty."""
        for axis, (variable, parts) in enumerate(zip(self.variables, self.pieces, strict=True)):
            value = _pick(parts[(index + axis) % len(parts)], point, shares[axis], index + 3 * axis)
            if value is None:
                return False
            point[variable] = value
        return True

    def latex(self) -> str:
        r"""``x \in (0, \infty), \; y \in \{0, 1, \ldots\}``."""
        return r", \; ".join(
            rf"{sp.latex(v)} \in {latex(parts)}" for v, parts in zip(self.variables, self.pieces, strict=True)
        )

    def describe(self) -> str:
        """``x in Interval.open(0, oo), y in Range(0, 5, 1)``."""
        return ", ".join(f"{variable} in {given}" for variable, given in self.sets.items())

    __str__ = describe

    def __repr__(self) -> str:
        return f"Support({self.variables}, {tuple(self.sets.values())})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Support) and (self.variables, self.pieces) == (other.variables, other.pieces)

    def __hash__(self) -> int:
        return hash((self.variables, self.pieces))


def show_point(point: Mapping[sp.Symbol, sp.Expr]) -> str:
    """``x = 3/7, y = 2``."""
    return ", ".join(f"{symbol} = {value}" for symbol, value in point.items())


def _by_variable(variables: tuple[sp.Symbol, ...], support: Any) -> dict[sp.Symbol, Any]:
    """One declaration per variable, whatever form the whole was given in."""
    if support is None:
        return dict.fromkeys(variables)
    if isinstance(support, Support):
        support = support.sets
    if isinstance(support, Mapping):
        extra = [key for key in support if key not in variables]
        if extra:
            raise SupportError(
                f"the support names {', '.join(map(str, extra))}, which is no variable of {variables}; "
                f"use the variables' own symbols as keys (the assumptions must be the same too)"
            )
        missing = [variable for variable in variables if variable not in support]
        if missing:
            raise SupportError(
                f"the support says nothing about {', '.join(map(str, missing))}; add a set such as sympy.S.Reals"
            )
        return dict(support)
    if len(variables) == 1:
        return {variables[0]: support}
    parts: Sequence[Any] | None = None
    if isinstance(support, sp.ProductSet):
        parts = support.sets
    elif isinstance(support, (list, tuple)):
        parts = support
    if parts is None or len(parts) != len(variables):
        raise SupportError(
            f"the support {support} does not give one set for each of {variables}; "
            f"write {{{', '.join(f'{v}: set' for v in variables)}}}"
        )
    return dict(zip(variables, parts, strict=True))


def _declared(variable: sp.Symbol, given: Any, parameters: tuple[sp.Symbol, ...]) -> sp.Set:
    try:
        if given is None or given is sp.true:  # SymPy evaluates x > 0 to true for a positive x
            return assumed_set(variable)
        moving: set[sp.Symbol] = getattr(given, "free_symbols", set()) & set(parameters)
        if moving:
            names = ", ".join(sorted(map(str, moving)))
            raise SupportError(
                f"the support of {variable}, {given}, moves with {names}: the score has no mean zero there and Fisher "
                f"geometry does not apply; give {names} a fixed value, or reparametrise so that the set is fixed"
            )
        declared = as_set(given)
        return _integers_within(declared, variable) if variable.is_integer else declared
    except UnreadableSet as reason:
        raise SupportError(f"the support of {variable}: {reason}; give {KINDS}") from reason


def _integers_within(declared: sp.Set, variable: sp.Symbol) -> sp.Set:
    """For an integer variable an interval means the integers in it (``(n > 0).as_set()`` is an interval)."""
    parts = pieces(declared)
    if parts[0].discrete:
        return declared
    whole: list[Piece] = []
    for piece in parts:
        assert isinstance(piece, Segment)
        first, last = sp.ceiling(piece.lower), sp.floor(piece.upper)
        if piece.lower_open and (piece.lower.is_integer or (piece.lower - first).is_zero):
            first = first + 1
        if piece.upper_open and (piece.upper.is_integer or (piece.upper - last).is_zero):
            last = last - 1
        if first.has(sp.ceiling) or last.has(sp.floor):
            raise UnreadableSet(f"{variable} is declared an integer but its set {declared} is an interval; use Range")
        if first <= last if (first - last).is_number else True:
            whole.append(Progression(first, last))
    if not whole:
        raise UnreadableSet(f"the set {declared} holds no integer")
    return to_set(tuple(whole))


def _member(piece: Piece, values: np.ndarray, lower: Any, upper: Any) -> np.ndarray:
    import numpy as np

    if isinstance(piece, Segment):
        above = values > lower if piece.lower_open else values >= lower
        below = values < upper if piece.upper_open else values <= upper
        return above & below
    if isinstance(piece, Points):
        members = np.array([float(value) for value in piece.values])
        if len(members) <= _FEW_MEMBERS:
            exact = np.logical_or.reduce([values == member for member in members])
            if exact.all():
                return exact
        gap = np.abs(values[..., None] - members)
        return np.any(gap <= 1e-12 * np.maximum(np.abs(members), np.abs(values[..., None])), axis=-1)
    nearest = np.round(values)
    integral = np.abs(values - nearest) <= 1e-12 * np.maximum(1.0, np.abs(values))
    inside = integral & (nearest >= lower - 1e-9) & (nearest <= upper + 1e-9)
    if piece.step != 1:
        inside &= np.mod(nearest - lower, piece.step) == 0
    return inside


def _members(parts: tuple[Piece, ...], point: dict, limit: int) -> list[sp.Expr] | None:
    """All members at fixed earlier variables, or None if infinitely many, more than the limit, or an interval."""
    found: list[sp.Expr] = []
    for piece in parts:
        if isinstance(piece, Segment):
            return None
        if isinstance(piece, Points):
            found.extend(piece.values)
            continue
        first, last = (end.subs(point) for end in piece.ends)
        if first.is_infinite or last.is_infinite or (last - first) / piece.step > limit:
            return None
        found.extend(sp.Integer(n) for n in range(int(sp.ceiling(first)), int(sp.floor(last)) + 1, piece.step))
    return found


def _pick(piece: Piece, point: dict, share: float, tag: int) -> sp.Expr | None:
    """One member at fixed earlier variables, None if the set is empty there."""
    if isinstance(piece, Points):
        return piece.values[int(share * len(piece.values))]
    ends = [end.subs(point) for end in piece.ends]
    if any(end.is_extended_real is False for end in ends):
        return None
    lower, upper = (float(end) for end in ends)
    if isinstance(piece, Segment):
        return rational_near(spread(lower, upper, share), lower, upper, tag) if lower < upper else None
    return next(_integers(lower, upper, piece.step, share), None)


def _integers(lower: float, upper: float, step: int, share: float) -> Iterator[sp.Integer]:
    """The integer at the share of a progression; of the first eight where it is infinite."""
    from math import ceil, floor, inf

    if lower == -inf and upper == inf:
        yield sp.Integer(floor(11 * share) - 5)
    elif lower == -inf:
        yield sp.Integer(floor(upper) - step * int(8 * share))
    else:
        count = 8 if upper == inf else floor((floor(upper + 1e-9) - ceil(lower - 1e-9)) / step) + 1
        if count > 0:
            yield sp.Integer(ceil(lower - 1e-9) + step * int(share * count))
