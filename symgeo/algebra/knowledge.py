"""What is known about the symbols: their ranges, quantities known to be positive, and sample points.

Ranges and facts prove signs (a logarithm may be split, a root taken apart); sample points decide only how a result is
written and certify zeros, never the sign on which an identity rests.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sympy import Expr, Rational, Symbol


@dataclass(frozen=True)
class Range:
    """A real interval; ``open_low`` and ``open_high`` say that an end is not attained."""

    low: float = -inf
    high: float = inf
    open_low: bool = True
    open_high: bool = True

    @property
    def sign(self) -> int | None:
        """1 if everything in the interval is positive, -1 if negative, None if that is not known."""
        if self.low > 0 or (self.low == 0 and self.open_low):
            return 1
        if self.high < 0 or (self.high == 0 and self.open_high):
            return -1
        return None

    def __neg__(self) -> Range:
        return Range(-self.high, -self.low, self.open_high, self.open_low)

    def __add__(self, other: Range) -> Range:
        return Range(
            self.low + other.low,
            self.high + other.high,
            self.open_low or other.open_low,
            self.open_high or other.open_high,
        )

    def __mul__(self, other: Range) -> Range:
        ends = []
        for a, open_a in ((self.low, self.open_low), (self.high, self.open_high)):
            for b, open_b in ((other.low, other.open_low), (other.high, other.open_high)):
                value = 0.0 if a == 0 or b == 0 else a * b
                # A zero end is attained if a factor attains it; any other needs both.
                closed = (a == 0 and not open_a) or (b == 0 and not open_b) or not (open_a or open_b)
                ends.append((value, closed))
        low = min(v for v, _ in ends)
        high = max(v for v, _ in ends)
        return Range(
            low,
            high,
            not any(closed for v, closed in ends if v == low),
            not any(closed for v, closed in ends if v == high),
        )

    def __pow__(self, n: int) -> Range:
        if n % 2 == 0 and self.sign is None:
            return Range(0.0, _power(max(abs(self.low), abs(self.high)), n), False, self.open_low and self.open_high)
        ends = sorted(
            [(_power(self.low, n), self.open_low), (_power(self.high, n), self.open_high)], key=lambda end: end[0]
        )
        return Range(ends[0][0], ends[1][0], ends[0][1], ends[1][1])


def _power(x: float, n: int) -> float:
    try:
        return x**n
    except OverflowError:
        return inf if x > 0 or n % 2 == 0 else -inf


class ChartSymbols(tuple):
    """Coordinates that bring what is positive inside their domain: the same symbols may name another chart as well."""

    conditions: tuple[Expr, ...]

    def __new__(cls, coordinates: Iterable[Symbol], conditions: Iterable[Expr]) -> ChartSymbols:
        made = super().__new__(cls, tuple(coordinates))
        made.conditions = tuple(dict.fromkeys(conditions))
        return made

    def __getnewargs__(self) -> tuple[tuple[Symbol, ...], tuple[Expr, ...]]:
        return tuple(self), self.conditions


def chart_of(coordinates: Iterable[Symbol]) -> tuple[Symbol, ...]:
    """Coordinates as a tuple, with what they bring."""
    return coordinates if isinstance(coordinates, ChartSymbols) else tuple(coordinates)


@dataclass
class Knowledge:
    """Ranges of symbols, signs of polynomials stated as facts, and points to sample at.

    ``apart``: symbols to keep apart from the others, inside exponentials and angles too. ``domains``: for each list of
    coordinates, what is positive inside their domain.
    """

    ranges: dict[Symbol, Range] = field(default_factory=dict)
    signs: dict[Hashable, int] = field(default_factory=dict)
    points: list[Mapping[Symbol, Rational]] = field(default_factory=list)
    apart: frozenset[Symbol] = frozenset()
    domains: dict[tuple[Symbol, ...], tuple[Expr, ...]] = field(default_factory=dict)

    def state_domain(self, coordinates: Iterable[Symbol], conditions: Iterable[Expr]) -> None:
        """Say which expressions are positive inside the domain of a chart."""
        self.domains[tuple(coordinates)] = tuple(dict.fromkeys(conditions))

    def domain_of(self, coordinates: tuple[Symbol, ...]) -> tuple[Expr, ...] | None:
        """What is positive inside the domain of a chart; None where nothing was stated."""
        return coordinates.conditions if isinstance(coordinates, ChartSymbols) else self.domains.get(coordinates)

    def range_of(self, symbol: Symbol) -> Range:
        """The range of a symbol, from what was stated or else from its assumptions."""
        found = self.ranges.get(symbol)
        if found is not None:
            return found
        if symbol.is_positive:
            return Range(low=0.0)
        if symbol.is_nonnegative:
            return Range(low=0.0, open_low=False)
        if symbol.is_negative:
            return Range(high=0.0)
        return Range()

    def value(self, symbol: Symbol, k: int) -> Rational:
        """A sample value of a symbol at the k-th point: stated, or made up within its range."""
        from sympy import Rational

        if k < len(self.points) and symbol in self.points[k]:
            return Rational(self.points[k][symbol])
        known = self.range_of(symbol)
        # Any generic numbers do: primes and the letters of the name keep two symbols from sharing one.
        seed = sum((i + 3) * ord(c) for i, c in enumerate(symbol.name))
        fraction = Fraction((seed * 7919 + k * 104729) % 9973 + 13, 10007)
        if known.low > -inf and known.high < inf:
            found = Fraction(known.low) + (Fraction(known.high) - Fraction(known.low)) * fraction
        elif known.low > -inf:
            found = Fraction(known.low) + Fraction(1, 2) + 2 * fraction
        elif known.high < inf:
            found = Fraction(known.high) - Fraction(1, 2) - 2 * fraction
        else:
            found = 2 * fraction - Fraction(8, 7)
        return Rational(found.numerator, found.denominator)

    def state_ranges(self, ranges: Mapping[Symbol, Range]) -> None:
        """Add ranges of symbols."""
        self.ranges.update(ranges)

    def state_points(self, points: Iterable[Mapping[Symbol, Rational]]) -> None:
        """Set the points to sample at."""
        self.points = [dict(p) for p in points]
