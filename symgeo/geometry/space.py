"""What a recognised space gives: its name, the map to it, distance, geodesics and the exponential map."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import sympy as sp

from symgeo.algebra import Field, as_expression, differential_field
from symgeo.errors import DomainError, ParameterListError

if TYPE_CHECKING:
    from sympy import Expr, Symbol

Point = Sequence["Expr"] | Mapping["Symbol", "Expr"]
Values = dict["Symbol", "Expr"]


class Space(ABC):
    """A Riemannian manifold that was recognised, in the coordinates in which it was given.

    Distances and geodesics are those of the whole space; a domain that is cut out of it, and is not convex in it, may
    have longer ones. ``conditions``: what is positive inside the domain.
    """

    def __init__(self, coordinates: Sequence[Symbol], field: Field):
        self.coordinates = tuple(coordinates)
        self.field = field
        self.conditions: tuple[Expr, ...] = ()

    @property
    @abstractmethod
    def name(self) -> str:
        """What the space is called."""

    @property
    @abstractmethod
    def curvature(self) -> Expr | None:
        """The sectional curvature where it is constant, else None."""

    @property
    @abstractmethod
    def map(self) -> dict[Symbol, Expr]:
        """Standard coordinates of the space as functions of the manifold's coordinates."""

    @abstractmethod
    def distance_between(self, p: Values, q: Values) -> Expr:
        """The distance of two points that were checked."""

    @abstractmethod
    def geodesic_between(self, p: Values, q: Values, t: Expr) -> Values:
        """The geodesic from one checked point to another."""

    @abstractmethod
    def exponential_at(self, p: Values, v: Values, t: Expr) -> Values:
        """The geodesic that starts at a checked point with velocity v."""

    def distance(self, p: Point, q: Point) -> Expr:
        """The geodesic distance of two points, given in order or by coordinate, in numbers or symbols.

        Raises :class:`ParameterListError` for points of the wrong length and :class:`DomainError` for numbers outside
        the domain.
        """
        return self.distance_between(self._point(p), self._point(q))

    def geodesic(self, p: Point, q: Point, t: Expr) -> tuple[Expr, ...]:
        """The geodesic with constant speed from p at t = 0 to q at t = 1, in the manifold's coordinates, (n,).

        Raises :class:`NoClosedFormError` where the map to the space has no inverse in closed form.
        """
        found = self.geodesic_between(self._point(p), self._point(q), as_expression(t))
        return tuple(found[s] for s in self.coordinates)

    def exponential(self, p: Point, v: Point, t: Expr | int = 1) -> tuple[Expr, ...]:
        """The exponential map: where the geodesic from p with velocity v (n,) is at time t; (n,)."""
        found = self.exponential_at(self._point(p), self._values(v, "the velocity"), as_expression(t))
        return tuple(found[s] for s in self.coordinates)

    def _values(self, given: Point, what: str) -> Values:
        if isinstance(given, Mapping):
            if set(given) != set(self.coordinates):
                raise ParameterListError(f"{what} gives {set(given)}; give a value to each of {self.coordinates}")
            return {s: as_expression(given[s]) for s in self.coordinates}
        values = [given] if isinstance(given, sp.Expr | int | float) else list(given)
        if len(values) != len(self.coordinates):
            raise ParameterListError(f"{what} has {len(values)} values; {len(self.coordinates)} are needed")
        return dict(zip(self.coordinates, map(as_expression, values), strict=True))

    def _point(self, given: Point) -> Values:
        point = self._values(given, "the point")
        for condition in self.conditions:
            value = condition.subs(point, simultaneous=True)
            if value.is_number and not value.evalf() > 0:
                raise DomainError(f"the point {tuple(point.values())} is outside the domain: {condition} is {value}")
        return point

    def __repr__(self) -> str:
        images = ", ".join(f"{s} = {e}" for s, e in self.map.items())
        return f"{self.name}: {images}"

    def _repr_latex_(self) -> str:
        images = r",\; ".join(f"{sp.latex(s)} = {sp.latex(e)}" for s, e in self.map.items())
        return rf"$\text{{{self.name}: }} {images}$"


def at_point(functions: Sequence[Expr], point: Mapping[Symbol, Expr]) -> list[Expr]:
    """Functions of the coordinates at a point."""
    return [f.subs(point, simultaneous=True) for f in functions]


def tidied(e: Expr) -> Expr:
    """An expression as an element of a field of its own writes it."""
    return differential_field()(e).to_sympy()


class Product(Space):
    """A Riemannian product of spaces that share no coordinate: squared distances add."""

    def __init__(self, coordinates: Sequence[Symbol], factors: Sequence[Space]):
        super().__init__(coordinates, factors[0].field)
        self.factors = tuple(factors)

    @property
    def name(self) -> str:
        """The factors' names."""
        return " x ".join(f"({f.name})" for f in self.factors)

    @property
    def curvature(self) -> None:
        """None: planes across two factors are flat, others need not be."""
        return None

    @property
    def map(self) -> dict[Symbol, Expr]:
        """The factors' maps, names numbered by factor."""
        return {
            sp.Symbol(f"{s.name}_({k + 1})", real=True): e for k, f in enumerate(self.factors) for s, e in f.map.items()
        }

    def distance_between(self, p: Values, q: Values) -> Expr:
        parts = [f.distance_between(_part(p, f), _part(q, f)) for f in self.factors]
        return sp.sqrt(sp.Add(*(d**2 for d in parts)))

    def geodesic_between(self, p: Values, q: Values, t: Expr) -> Values:
        return {s: e for f in self.factors for s, e in f.geodesic_between(_part(p, f), _part(q, f), t).items()}

    def exponential_at(self, p: Values, v: Values, t: Expr) -> Values:
        return {s: e for f in self.factors for s, e in f.exponential_at(_part(p, f), _part(v, f), t).items()}


def _part(values: Values, factor: Space) -> Values:
    return {s: values[s] for s in factor.coordinates}
