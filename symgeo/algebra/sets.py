"""Sets of real numbers in the few shapes a support or a parameter domain may have.

Whatever SymPy set (or plain Python collection) is declared, it is reduced to a tuple of disjoint pieces that are all
continuous or all discrete: `Segment` (an interval), `Progression` (equally spaced integers) and `Points` (a finite
list). Everything downstream (membership, sampling, integration) reads pieces, never SymPy's set classes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from numbers import Real

import sympy as sp
from sympy.logic.boolalg import Boolean, BooleanAtom

oo = sp.oo


@dataclass(frozen=True)
class Segment:
    """An interval; the ends are SymPy expressions and may be infinite."""

    lower: sp.Expr
    upper: sp.Expr
    lower_open: bool = True
    upper_open: bool = True

    discrete = False

    @property
    def ends(self) -> tuple[sp.Expr, ...]:
        return (self.lower, self.upper)


@dataclass(frozen=True)
class Progression:
    """The integers first, first + step, ..., last (step > 0); first or last may be infinite, not needed exact."""

    first: sp.Expr
    last: sp.Expr
    step: int = 1

    discrete = True

    @property
    def ends(self) -> tuple[sp.Expr, ...]:
        return (self.first, self.last)


@dataclass(frozen=True)
class Points:
    """Finitely many real numbers, ascending."""

    values: tuple[sp.Expr, ...]

    discrete = True

    @property
    def ends(self) -> tuple[sp.Expr, ...]:
        return (self.values[0], self.values[-1])


Piece = Segment | Progression | Points


class UnreadableSet(ValueError):
    """A set has none of the shapes symgeo understands; the caller says for which symbol and raises its own error."""


def assumed_set(symbol: sp.Symbol) -> sp.Set:
    """The set that a symbol's assumptions describe: positive -> (0, oo), integer -> Integers, none -> Reals."""
    if symbol.is_extended_real is False or symbol.is_commutative is False:
        raise UnreadableSet(f"{symbol} is declared as something other than a real number; declare it real")
    if symbol.is_integer:
        if symbol.is_positive:
            return sp.S.Naturals
        if symbol.is_nonnegative:
            return sp.S.Naturals0
        if symbol.is_negative:
            return sp.Range(-oo, 0)
        if symbol.is_nonpositive:
            return sp.Range(-oo, 1)
        return sp.S.Integers
    if symbol.is_positive:
        return sp.Interval.open(0, oo)
    if symbol.is_nonnegative:
        return sp.Interval(0, oo)
    if symbol.is_negative:
        return sp.Interval.open(-oo, 0)
    if symbol.is_nonpositive:
        return sp.Interval(-oo, 0)
    return sp.S.Reals


def as_set(given: object) -> sp.Set:
    """A SymPy set from what was given: a set, a relation such as ``x > 0``, a range, or a collection of numbers."""
    if isinstance(given, sp.Set):
        return given
    if isinstance(given, Boolean) and not isinstance(given, BooleanAtom):
        try:
            return given.as_set()
        except (NotImplementedError, TypeError, AttributeError, ValueError) as reason:
            raise UnreadableSet(f"the relation {given} cannot be solved to a set ({reason})") from reason
    if isinstance(given, range):
        return sp.Range(given.start, given.stop, given.step)
    if isinstance(given, (list, tuple, set, frozenset)):
        if any(isinstance(v, (str, bytes)) or not isinstance(v, (sp.Expr, Real)) for v in given):
            raise UnreadableSet(f"{given!r} is no collection of numbers")
        return sp.FiniteSet(*given)
    raise UnreadableSet(f"{given!r} is no set")


def pieces(given: sp.Set) -> tuple[Piece, ...]:
    """The disjoint pieces of a set, ascending where their ends are numbers; `UnreadableSet` for other shapes.

    Continuous and discrete pieces never occur together: a point mass beside an interval has no density with respect
    to either measure.
    """
    found = list(_pieces(given))
    if not found:
        raise UnreadableSet(f"the set {given} is empty")
    kinds = {piece.discrete for piece in found}
    if len(kinds) == 2:
        raise UnreadableSet(
            f"the set {given} mixes an interval with isolated points; symgeo integrates or sums, not both"
        )
    if len(found) == 1:
        return tuple(found)
    if any(end.free_symbols for piece in found for end in piece.ends):
        raise UnreadableSet(f"the union {given} has ends that are no numbers; declare one interval or range")
    found.sort(key=lambda piece: _order_key(piece.ends[0]))
    if kinds == {True} and all(isinstance(piece, Points) for piece in found):
        return (_points(value for piece in found for value in piece.values),)  # type: ignore[union-attr]
    _require_disjoint(found, given)
    return tuple(found)


def _pieces(given: sp.Set) -> Iterable[Piece]:
    if given is sp.S.EmptySet:
        return
    if given == sp.S.Reals:
        yield Segment(-oo, oo)
    elif isinstance(given, sp.Interval):
        yield Segment(given.start, given.end, bool(given.left_open), bool(given.right_open))
    elif given is sp.S.Naturals:
        yield Progression(sp.Integer(1), oo)
    elif given is sp.S.Naturals0:
        yield Progression(sp.Integer(0), oo)
    elif given is sp.S.Integers:
        yield Progression(-oo, oo)
    elif isinstance(given, sp.Range):
        yield from _range_pieces(given)
    elif isinstance(given, sp.FiniteSet):
        yield _points(given.args)
    elif isinstance(given, sp.Union):
        for part in given.args:
            yield from _pieces(part)
    elif isinstance(given, sp.Complement) and isinstance(given.args[1], sp.FiniteSet):
        yield from _without_points(given)
    else:
        raise UnreadableSet(f"a set of the kind {type(given).__name__} ({given}) is not understood")


def _points(values: Iterable[sp.Expr]) -> Points:
    numbers = list(dict.fromkeys(values))
    for value in numbers:
        if not (value.is_number and value.is_extended_real and value.is_finite):
            raise UnreadableSet(f"the finite set holds {value}, which is no real number")
    return Points(tuple(sorted(numbers, key=_order_key)))


def _order_key(value: sp.Expr) -> sp.Expr:
    """Exact for rationals, thirty digits otherwise."""
    return value if value.is_Rational or value.is_infinite else sp.N(value, 30)


def _range_pieces(given: sp.Range) -> Iterable[Piece]:
    step = given.step
    if not step.is_Integer or step == 0:
        raise UnreadableSet(f"the step of {given} is no number")
    start, stop = given.start, given.stop
    if not given.free_symbols:
        if given.size == 0:
            return
        # SymPy normalises a numeric range so that stop is start plus a multiple of step
        first, last = (start, stop - step) if step > 0 else (stop - step, start)
        if first.is_infinite and abs(step) != 1:
            raise UnreadableSet(f"{given} has no first number and a step other than one")
        yield Progression(first, last, int(abs(step)))
    elif step == 1:
        yield Progression(start, stop - 1, 1)
    else:
        raise UnreadableSet(f"{given} has symbolic ends and a step other than one; use a step of one")


def _without_points(given: sp.Complement) -> Iterable[Piece]:
    """A progression with finitely many numbers taken out, such as Integers - {0}."""
    removed = [value for value in given.args[1] if value.is_Integer]
    if len(removed) != len(given.args[1]):
        raise UnreadableSet(f"{given} removes something other than integers")
    for piece in _pieces(given.args[0]):
        if not isinstance(piece, Progression) or piece.step != 1 or any(end.free_symbols for end in piece.ends):
            raise UnreadableSet(f"{given} is not understood; declare it as a union of intervals or ranges")
        first = piece.first
        for value in sorted(removed):
            if value < first or value > piece.last:
                continue
            if value > first:
                yield Progression(first, value - 1)
            first = value + 1
        if first <= piece.last:
            yield Progression(first, piece.last)


def _require_disjoint(found: list[Piece], given: sp.Set) -> None:
    for left, right in pairwise(found):
        end, start = left.ends[1], right.ends[0]
        both_closed = not (getattr(left, "upper_open", False) or getattr(right, "lower_open", False))
        if start < end or (start == end and both_closed):
            raise UnreadableSet(f"the parts of {given} overlap; declare them disjoint")


def intersect(left: tuple[Piece, ...], right: tuple[Piece, ...]) -> tuple[Piece, ...]:
    """The common part of two sets with numeric ends, where at most one of them is discrete."""
    common: list[Piece] = []
    for one in left:
        for other in right:
            if isinstance(one, Segment) and isinstance(other, Segment):
                common.extend(_overlap(one, other))
            elif isinstance(other, Segment) and not isinstance(one, Segment):
                common.extend(_restrict(one, other))
            elif isinstance(one, Segment) and not isinstance(other, Segment):
                common.extend(_restrict(other, one))
            else:
                raise UnreadableSet("two discrete sets are not intersected")
    return tuple(common)


def _overlap(one: Segment, other: Segment) -> Iterable[Segment]:
    lower, lower_open = max(
        (one.lower, one.lower_open), (other.lower, other.lower_open), key=lambda end: (end[0], end[1])
    )
    upper, upper_open = min(
        (one.upper, one.upper_open), (other.upper, other.upper_open), key=lambda end: (end[0], not end[1])
    )
    if lower < upper:
        yield Segment(lower, upper, lower_open, upper_open)


def _restrict(piece: Progression | Points, segment: Segment) -> Iterable[Piece]:
    def inside(value: sp.Expr) -> bool:
        above = value > segment.lower if segment.lower_open else value >= segment.lower
        below = value < segment.upper if segment.upper_open else value <= segment.upper
        return bool(above) and bool(below)

    if isinstance(piece, Points):
        kept = tuple(value for value in piece.values if inside(value))
        if kept:
            yield Points(kept)
        return
    first, last, step = piece.first, piece.last, piece.step
    if segment.lower.is_finite:
        bound = sp.floor(segment.lower) + 1 if segment.lower_open else sp.ceiling(segment.lower)
        if first.is_infinite:
            first = bound
        elif bound > first:
            first = first + step * sp.ceiling((bound - first) / sp.Integer(step))
    if segment.upper.is_finite:
        bound = sp.ceiling(segment.upper) - 1 if segment.upper_open else sp.floor(segment.upper)
        if last.is_infinite or bound < last:
            last = bound if step == 1 else first + step * sp.floor((bound - first) / sp.Integer(step))
    if first <= last:
        yield Progression(first, last, step)


def to_set(parts: tuple[Piece, ...]) -> sp.Set:
    """The SymPy set made of the pieces."""

    def one(piece: Piece) -> sp.Set:
        if isinstance(piece, Segment):
            if piece.lower == -oo and piece.upper == oo:
                return sp.S.Reals
            return sp.Interval(piece.lower, piece.upper, piece.lower_open, piece.upper_open)
        if isinstance(piece, Points):
            return sp.FiniteSet(*piece.values)
        if piece.step == 1 and piece.last == oo and piece.first in (0, 1):
            return sp.S.Naturals0 if piece.first == 0 else sp.S.Naturals
        if piece.first == -oo and piece.last == oo:
            return sp.S.Integers
        return sp.Range(piece.first, piece.last + piece.step, piece.step)

    return sp.Union(*(one(piece) for piece in parts))


def latex(parts: tuple[Piece, ...]) -> str:
    """LaTeX of the pieces: ``(0, \\infty)``, ``\\{0, 1, \\ldots\\}``, ``\\mathbb{R}``."""
    return r" \cup ".join(_latex_piece(piece) for piece in parts)


def _latex_piece(piece: Piece) -> str:
    if isinstance(piece, Segment):
        if piece.lower == -oo and piece.upper == oo:
            return r"\mathbb{R}"
        left = "(" if piece.lower_open or piece.lower == -oo else "["
        right = ")" if piece.upper_open or piece.upper == oo else "]"
        return f"{left}{sp.latex(piece.lower)}, {sp.latex(piece.upper)}{right}"
    if isinstance(piece, Points):
        return r"\{" + ", ".join(sp.latex(value) for value in piece.values) + r"\}"
    if piece.first == -oo and piece.last == oo and piece.step == 1:
        return r"\mathbb{Z}"
    if piece.first == -oo:
        return rf"\{{\ldots, {sp.latex(piece.last - piece.step)}, {sp.latex(piece.last)}\}}"
    shown = f"{sp.latex(piece.first)}, {sp.latex(piece.first + piece.step)}"
    if piece.last == oo:
        return rf"\{{{shown}, \ldots\}}"
    if piece.last.is_number and piece.first.is_number and piece.last - piece.first <= 2 * piece.step:
        count = int((piece.last - piece.first) / piece.step) + 1
        return r"\{" + ", ".join(sp.latex(piece.first + piece.step * i) for i in range(count)) + r"\}"
    return rf"\{{{shown}, \ldots, {sp.latex(piece.last)}\}}"
