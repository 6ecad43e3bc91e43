"""The parameter space: an open set of R^n, as one interval per parameter cut by strict inequalities."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from operator import lt
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import sympy as sp
from sympy.core.relational import Relational

from symgeo.algebra.sets import (
    Piece,
    Segment,
    UnreadableSet,
    as_set,
    assumed_set,
    intersect,
    latex,
    pieces,
    to_set,
)
from symgeo.errors import DataError, DomainError, ParameterListError, UnknownSymbolError
from symgeo.models.interior import candidates, find_interior
from symgeo.models.sampling import rational_near

if TYPE_CHECKING:
    import numpy as np

_ORDERS = (sp.StrictGreaterThan, sp.StrictLessThan, sp.GreaterThan, sp.LessThan)


class Chart:
    """Parameters, their domain and the constraints among them; immutable.

    Differential geometry needs an open set, so the domain is understood as its interior: a closed end, or ``>=`` in a
    constraint, is accepted and read as its strict counterpart.
    """

    def __init__(
        self,
        parameters: Sequence[sp.Symbol],
        domain: Mapping[sp.Symbol, sp.Set],
        constraints: Sequence[Relational] = (),
    ):
        self.parameters: tuple[sp.Symbol, ...] = tuple(parameters)
        self.domain: Mapping[sp.Symbol, sp.Set] = MappingProxyType({p: domain[p] for p in self.parameters})
        self.constraints: tuple[Relational, ...] = tuple(constraints)
        self.pieces: tuple[tuple[Piece, ...], ...] = tuple(pieces(self.domain[p]) for p in self.parameters)

    @classmethod
    def build(cls, parameters: Any, domain: Any = None, constraints: Any = ()) -> Chart:
        """A chart from what a user writes.

        ``domain`` is {parameter: SymPy set, relation or (lower, upper)}; what it leaves out follows from the symbols'
        assumptions (positive -> (0, oo), none -> the reals). Ends may use other parameters and then become
        constraints. ``constraints`` are relations among parameters (>, <, >=, <=, Ne).
        Raises `ParameterListError` for a list of parameters (or keys) that is none, `DomainError` for a domain that
        is empty, discrete or has no interior point, `UnknownSymbolError` for foreign symbols.
        """
        symbols = _parameter_list(parameters)
        given = _by_parameter(symbols, domain)
        sets: dict[sp.Symbol, sp.Set] = {}
        relations: list[Relational] = []
        for symbol in symbols:
            sets[symbol], moved = _declared(symbol, given.get(symbol), symbols)
            relations.extend(moved)
        for constraint in (constraints,) if isinstance(constraints, sp.Basic) else constraints:
            relations.extend(_relations(constraint, symbols))
        chart = cls(symbols, sets, relations)
        if relations:
            chart.interior_points(1)
        return chart

    @cached_property
    def _slacks(self) -> tuple[sp.Expr, ...]:
        """One expression per constraint, positive exactly where the constraint holds strictly."""
        return tuple(
            sp.Abs(c.lhs - c.rhs) if isinstance(c, sp.Ne) else c.gts - c.lts  # type: ignore[attr-defined]
            for c in self.constraints
        )

    @cached_property
    def conditions(self) -> tuple[sp.Expr, ...]:
        """Expressions that are positive exactly inside the domain."""
        found: list[sp.Expr] = []
        for symbol, parts in zip(self.parameters, self.pieces, strict=True):
            inside = [
                [sign * (symbol - end) for sign, end in zip((1, -1), p.ends, strict=True) if not end.is_infinite]
                for p in parts
            ]
            if len(parts) == 1:
                found += inside[0]
            elif all(inside):
                found.append(sp.Max(*(sp.Min(*ends) for ends in inside), evaluate=False))
        return (*found, *self._slacks)

    @cached_property
    def _slack_function(self) -> Any:
        """Points (..., n) -> slacks (..., constraints), nan where a constraint is undefined."""
        import numpy as np

        from symgeo.codegen import numpy_function

        function = numpy_function(self._slacks, self.parameters)
        return lambda theta: np.stack(function(*np.moveaxis(theta, -1, 0)), axis=-1)

    @cached_property
    def _bounds(self) -> tuple[tuple[tuple[float, float], ...], ...]:
        """Per parameter the numeric (lower, upper) of each interval."""
        return tuple(tuple((float(p.ends[0]), float(p.ends[1])) for p in parts) for parts in self.pieces)

    @cached_property
    def _box(self) -> tuple[list[float], list[float]] | None:
        """Lower and upper ends (n,) each where the domain is a product of intervals; else None."""
        if self.constraints or any(len(parts) != 1 for parts in self._bounds):
            return None
        return [parts[0][0] for parts in self._bounds], [parts[0][1] for parts in self._bounds]

    @property
    def is_box(self) -> bool:
        """Whether the domain is a product of intervals."""
        return self._box is not None

    def contains(self, theta: Any) -> np.ndarray:
        """Which parameter points lie in the interior: theta (..., n) -> bool (...); nan and infinities do not.

        Raises `DataError` if the last axis is not n.
        """
        import numpy as np

        points = self._array(theta)
        if self._box is not None:  # open ends: infinities lie outside, too
            low, high = self._box
            if points.ndim == 1:
                values = points.tolist()
                return np.bool_(all(map(lt, low, values)) and all(map(lt, values, high)))  # type: ignore[return-value]
            return np.all((points > low) & (points < high), axis=-1)
        inside = np.all(np.isfinite(points), axis=-1)
        with np.errstate(all="ignore"):
            for axis, parts in enumerate(self._bounds):
                column = points[..., axis]
                member = np.zeros(inside.shape, dtype=bool)
                for lower, upper in parts:
                    member |= (column > lower) & (column < upper)
                inside &= member
            if self.constraints:
                inside &= np.all(self._slack_function(points) > 0, axis=-1)
        return inside

    def _array(self, theta: Any) -> np.ndarray:
        import numpy as np

        if not isinstance(theta, np.ndarray) and isinstance(theta, Mapping):
            missing = [str(p) for p in self.parameters if p not in theta]
            if missing:
                raise DataError(f"the point has no value for {', '.join(missing)}; give one for each parameter")
            theta = np.stack(np.broadcast_arrays(*(np.asarray(theta[p], dtype=float) for p in self.parameters)), -1)
        points = np.asarray(theta, dtype=float)
        if points.ndim == 0 or points.shape[-1] != len(self.parameters):
            raise DataError(
                f"a parameter array of shape {points.shape} does not fit the {len(self.parameters)} parameters "
                f"{self.parameters}; its last axis must have length {len(self.parameters)}"
            )
        return points

    def violations(self, theta: Any) -> str:
        """What a single point violates, as readable text; empty if it lies inside. Shape (n,) or {parameter: value}."""
        import numpy as np

        point = self._array(theta)
        if point.ndim != 1:
            raise DataError(f"violations are told of one point of shape ({len(self.parameters)},), not {point.shape}")
        told = []
        for parameter, value, parts in zip(self.parameters, point, self._bounds, strict=True):
            if not np.isfinite(value):
                told.append(f"{parameter} = {value:g} is not finite")
            elif not any(lower < value < upper for lower, upper in parts):
                told.append(f"{parameter} = {value:.6g} is not in the interior of {self.domain[parameter]}")
        if self.constraints and np.all(np.isfinite(point)):
            slacks = self._slack_function(point)
            told.extend(
                f"{constraint} fails"
                for constraint, slack in zip(self.constraints, slacks, strict=True)
                if not slack > 0
            )
        return "; ".join(told)

    def interior_points(self, count: int) -> list[dict[sp.Symbol, sp.Rational]]:
        """Up to ``count`` distinct points {parameter: Rational} strictly inside, generic, the same every time.

        Reals come out below one in size, positive ones between about 0.6 and 2.5, as far as the constraints let them.
        Fewer come back only where the constraints leave a very thin set.
        Raises `DomainError` if the search finds no point.
        """
        found: list[dict[sp.Symbol, sp.Rational]] = []
        for numbers, tag in self._numeric_points(count):
            point = self._exact(numbers, tag, found)
            if point is not None:
                found.append(point)
        if len(found) < min(count, 1):
            raise DomainError(
                f"no interior point was found for {self}: the constraints exclude one another, or leave a set without "
                f"interior; relax them, or eliminate a parameter that they fix"
            )
        return found

    def _numeric_points(self, count: int) -> Iterable[tuple[np.ndarray, int]]:
        """Float candidates: each choice of intervals (for unions) contributes in turn."""
        if count < 1:
            return
        kinds = max(len(parts) for parts in self._bounds)
        for kind in range(min(kinds, count)):
            share = len(range(kind, count, kinds))
            box = self._narrowed([parts[(kind + axis) % len(parts)] for axis, parts in enumerate(self._bounds)])
            if not self.constraints:
                points = candidates(box, share, kind * 7)[0]
            else:
                points = find_interior(box, self._slack_function, share, kind * 7)
            for index, point in enumerate(points):
                yield point, kind + kinds * index

    def _narrowed(self, box: list[tuple[float, float]]) -> list[tuple[float, float]]:
        """The box cut by the constraints that are linear in a single parameter, so that a < 100 costs no search."""
        for slack in self._slacks:
            if len(slack.free_symbols) != 1:
                continue
            (symbol,) = slack.free_symbols
            slope = slack.diff(symbol)
            if not slope.is_number or not slope.is_nonzero:
                continue
            end, axis = float(-slack.subs(symbol, 0) / slope), self.parameters.index(symbol)
            lower, upper = box[axis]
            cut = (max(lower, end), upper) if slope > 0 else (lower, min(upper, end))
            if cut[0] < cut[1]:
                box[axis] = cut
        return box

    def _exact(self, numbers: np.ndarray, tag: int, taken: list[dict]) -> dict[sp.Symbol, sp.Rational] | None:
        """New rationals near a float point that satisfy everything exactly; finer ones where coarse ones fail."""
        for fineness in range(12):
            point: dict[sp.Symbol, sp.Rational] = {}
            for axis, (symbol, value) in enumerate(zip(self.parameters, numbers, strict=True)):
                room = max(abs(value), 0.1) * 0.1**fineness
                lower, upper = next(
                    (ends for ends in self._bounds[axis] if ends[0] < value < ends[1]),
                    (float("-inf"), float("inf")),
                )
                point[symbol] = rational_near(
                    float(value), max(lower, value - room), min(upper, value + room), 5 * tag + 3 * axis
                )
            if point not in taken and all(_is_positive(slack.xreplace(point)) for slack in self._slacks):
                return point
        return None

    def latex(self) -> str:
        r"""``\mu \in \mathbb{R}, \; \sigma \in (0, \infty)``, then the constraints."""
        sets = [rf"{sp.latex(p)} \in {latex(parts)}" for p, parts in zip(self.parameters, self.pieces, strict=True)]
        return r", \; ".join([*sets, *(sp.latex(constraint) for constraint in self.constraints)])

    def __str__(self) -> str:
        return ", ".join([*(f"{p} in {given}" for p, given in self.domain.items()), *map(str, self.constraints)])

    def __repr__(self) -> str:
        return f"Chart({self.parameters}, {dict(self.domain)}, {self.constraints})"

    def __reduce__(self) -> Any:
        return (Chart, (self.parameters, dict(self.domain), self.constraints))

    def __eq__(self, other: object) -> bool:
        return self is other or (
            isinstance(other, Chart)
            and (self.parameters, self.pieces) == (other.parameters, other.pieces)
            and set(self.constraints) == set(other.constraints)
        )

    @cached_property
    def _hash(self) -> int:
        return hash((self.parameters, self.pieces, frozenset(self.constraints)))

    def __hash__(self) -> int:
        return self._hash


def _parameter_list(parameters: Any) -> tuple[sp.Symbol, ...]:
    if isinstance(parameters, (set, frozenset, str)) or parameters is None:
        raise ParameterListError(f"the parameters {parameters!r} have no order; give a tuple of SymPy symbols")
    symbols = (parameters,) if isinstance(parameters, sp.Basic) and not isinstance(parameters, sp.Tuple) else parameters
    try:
        symbols = tuple(symbols)
    except TypeError as reason:
        raise ParameterListError(f"the parameters {parameters!r} are no tuple of SymPy symbols") from reason
    if not symbols:
        raise ParameterListError("the list of parameters is empty; name at least one symbol of the density")
    strange = [symbol for symbol in symbols if not isinstance(symbol, sp.Symbol)]
    if strange:
        raise ParameterListError(f"{', '.join(map(str, strange))} is no symbol; parameters must be SymPy symbols")
    names = [symbol.name for symbol in symbols]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ParameterListError(f"the parameter {', '.join(repeated)} is listed twice; name each parameter once")
    return symbols


def _by_parameter(symbols: tuple[sp.Symbol, ...], domain: Any) -> Mapping[sp.Symbol, Any]:
    if domain is None:
        return {}
    if isinstance(domain, Mapping):
        extra = [key for key in domain if key not in symbols]
        if extra:
            raise ParameterListError(
                f"the domain names {', '.join(map(str, extra))}, which is no parameter of {symbols}; "
                f"use the parameters' own symbols as keys (the assumptions must be the same too)"
            )
        return domain
    if len(symbols) == 1:
        return {symbols[0]: domain}
    raise DomainError(f"the domain {domain} is not understood; write {{{', '.join(f'{p}: set' for p in symbols)}}}")


def _declared(symbol: sp.Symbol, given: Any, symbols: tuple[sp.Symbol, ...]) -> tuple[sp.Set, list[Relational]]:
    """The numeric set of a parameter within its assumptions, and the constraints its symbolic ends stand for."""
    try:
        assumed = pieces(assumed_set(symbol))
        if isinstance(given, (tuple, list)):
            if len(given) != 2:
                raise UnreadableSet(f"{given} is no pair (lower, upper)")
            given = sp.Interval.open(*given)
        if given is None or given is sp.true:
            declared = assumed
        else:
            foreign: set[sp.Symbol] = getattr(given, "free_symbols", set()) - set(symbols)
            if foreign:
                raise UnknownSymbolError(
                    f"the domain of {symbol}, {given}, uses {', '.join(sorted(map(str, foreign)))}, which is no "
                    f"parameter; add it to the parameters or give it a value"
                )
            if isinstance(given, Relational) and len(given.free_symbols) > 1:
                raise UnreadableSet(f"the relation {given} holds several parameters; pass it in constraints=(...)")
            declared = pieces(as_set(given))
        if declared[0].discrete:
            raise UnreadableSet(
                f"{to_set(declared)} is discrete, and Fisher geometry needs continuous parameters; "
                f"fix the value of {symbol}, or declare it real"
            )
        relations: list[Relational] = []
        if any(end.free_symbols for piece in declared for end in piece.ends):
            (piece,) = declared
            if symbol in piece.ends[0].free_symbols | piece.ends[1].free_symbols:
                raise UnreadableSet(f"the ends of {given} use {symbol} itself")
            lower, upper = ((end, -end)[0] for end in piece.ends)
            if lower.free_symbols:
                relations.append(sp.StrictGreaterThan(symbol, lower, evaluate=False))
                lower = -sp.oo
            if upper.free_symbols:
                relations.append(sp.StrictLessThan(symbol, upper, evaluate=False))
                upper = sp.oo
            declared = (Segment(lower, upper, True, True),)
        within = intersect(declared, assumed)
        if not within:
            raise UnreadableSet(f"{to_set(declared)} contradicts the assumptions of the symbol ({to_set(assumed)})")
        return to_set(within), relations
    except (UnreadableSet, ValueError) as reason:
        if isinstance(reason, UnknownSymbolError):
            raise
        raise DomainError(f"the domain of {symbol}: {reason}; declare an interval with an interior") from reason


def _relations(constraint: Any, symbols: tuple[sp.Symbol, ...]) -> list[Relational]:
    """A constraint as a list of strict or weak inequalities; trivially true ones vanish."""
    if constraint is True or constraint is sp.true:
        return []
    if constraint is False or constraint is sp.false:
        raise DomainError("a constraint is false for all parameters; correct it, or check the symbols' assumptions")
    if isinstance(constraint, sp.And):
        return [relation for part in constraint.args for relation in _relations(part, symbols)]
    if isinstance(constraint, sp.Eq):
        raise DomainError(
            f"the constraint {constraint} removes a dimension; eliminate one of its parameters from the density instead"
        )
    if not isinstance(constraint, (*_ORDERS, sp.Ne)):
        raise DomainError(f"the constraint {constraint} is no relation; write inequalities such as a < b")
    foreign = constraint.free_symbols - set(symbols)
    if foreign:
        raise UnknownSymbolError(
            f"the constraint {constraint} uses {', '.join(sorted(map(str, foreign)))}, which is no parameter; "
            f"add it to the parameters or give it a value"
        )
    return [constraint]


def _is_positive(value: sp.Expr) -> bool:
    if value.is_Rational:
        return bool(value > 0)
    number = sp.N(value, 30)
    return bool(number.is_real and number > sp.Float("1e-25"))
