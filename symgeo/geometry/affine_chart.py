"""A dually flat structure in one of its own affine charts, closed or with a certified inverse in the place of one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from math import inf
from typing import TYPE_CHECKING

from symgeo.algebra import Element, Field, as_expression
from symgeo.algebra.linear import SingularMatrixError, symmetric_inverse
from symgeo.algebra.printing import written_as_sum
from symgeo.algebra.substitution import substitution
from symgeo.algebra.zero_test import state_positive
from symgeo.codegen.numeric_node import nodes_in
from symgeo.errors import ParameterListError, SingularMetricError
from symgeo.geometry.duality import Duality
from symgeo.geometry.formal_inverse import LARGEST_WRITTEN, FormalInverse
from symgeo.geometry.legendre_inverse import GradientMap, InverseCoordinate
from symgeo.geometry.walls import ends_of, placed

if TYPE_CHECKING:
    from sympy import Expr, Symbol

_LONG = 2  # terms in an entry of the metric


class AffineDuality(Duality):
    """The structure of ``original`` in its natural (``alpha`` 1) or its expectation coordinates (-1).

    All that a :class:`Duality` has, ``natural``, ``expectation``, ``potential``, ``dual_potential``,
    ``canonical_divergence(p, q)``, as functions of ``coordinates``, the affine ones. Where the map to them has no
    closed inverse, the expressions hold the inverse as a quantity of its own (`InverseCoordinate`), which
    differentiates, which ``lambdify`` computes and ``evalf`` encloses to any precision; outside the range of the map it
    is nan.
    """

    def __init__(self, original: Duality, alpha: int):
        symbols = original.natural_symbols if alpha == 1 else original.expectation_symbols
        closed = original.coordinates_from_natural if alpha == 1 else original.coordinates_from_expectation
        self.original, self.alpha, self.is_closed = original, alpha, closed is not None
        #: The coordinates of the chart that the structure was declared in, as functions of the affine ones; (n,).
        self.origin: tuple[Expr, ...]
        if closed is None:
            inverted = gradient_map(original, -alpha)
            _state_samples(original, symbols, inverted.gradient)
            self.origin = tuple(InverseCoordinate(inverted, k, symbols) for k in range(len(symbols)))
        else:
            self.origin = closed
            _state_real(original, closed)
        self.coordinates, self.expectation_ranges = symbols, original.expectation_ranges
        self._carry = substitution(original.field, dict(zip(original.coordinates, self.origin, strict=True)))

    @property
    def field(self) -> Field:
        """The differential field of the functions."""
        return self.original.field

    @property
    def elements(self) -> tuple[tuple[Element, ...], tuple[Element, ...], Element]:
        """eta, mu and psi as elements of the field."""
        return self._carried

    @cached_property
    def _carried(self) -> tuple[tuple[Element, ...], tuple[Element, ...], Element]:
        own = tuple(self.field(s) for s in self.coordinates)
        natural, expectation, potential = self.original.elements
        return (
            own if self.alpha == 1 else tuple(map(self._carry, natural)),
            own if self.alpha == -1 else tuple(map(self._carry, expectation)),
            self._carry(potential),
        )

    @cached_property
    def dual_element(self) -> Element:
        """phi as an element of the field."""
        return self._carry(self.original.dual_element)

    @cached_property
    def potential(self) -> Expr:
        """psi in the affine coordinates."""
        return written_as_sum(self._carry(self.original.elements[2]))

    def at(self, values: Sequence[Expr]) -> tuple[Expr, ...]:
        """The declared chart's coordinates of the point with these affine coordinates, (n,) -> (n,)."""
        if len(values) != len(self.coordinates):
            raise ParameterListError(f"the point has {len(self.coordinates)} coordinates, {len(values)} were given")
        given = dict(zip(self.coordinates, map(as_expression, values), strict=True))
        return tuple(e.subs(given, simultaneous=True) for e in self.origin)

    @property
    def in_natural(self) -> AffineDuality:
        """The structure in natural coordinates."""
        return self.original.in_natural

    @property
    def in_expectation(self) -> AffineDuality:
        """The structure in expectation coordinates."""
        return self.original.in_expectation

    @cached_property
    def coordinates_from_natural(self) -> tuple[Expr, ...] | None:
        """These coordinates as functions of the natural ones; None where no closed inverse was found."""
        return self._composed(self.original.coordinates_from_natural, 1)

    @cached_property
    def coordinates_from_expectation(self) -> tuple[Expr, ...] | None:
        """These coordinates as functions of the expectation ones; None where no closed inverse was found."""
        return self._composed(self.original.coordinates_from_expectation, -1)

    def _composed(self, inverse: tuple[Expr, ...] | None, alpha: int) -> tuple[Expr, ...] | None:
        if alpha == self.alpha:
            return self.coordinates
        if inverse is None:
            return None
        other = self.original.in_natural if alpha == 1 else self.original.in_expectation
        return other.natural if self.alpha == 1 else other.expectation


def gradient_map(duality: Duality, conjugate_alpha: int) -> GradientMap:
    """The map to the expectation (``conjugate_alpha`` 1) or to the natural coordinates (-1), ready to be inverted.

    Raises :class:`SingularMetricError` where it is degenerate.
    """
    natural, expectation, potential = duality.elements
    field, x, n = duality.field, duality.coordinates, len(duality.coordinates)
    if conjugate_alpha == 1:
        gradient, conjugate = expectation, natural
    else:
        gradient, conjugate, potential = natural, expectation, duality.dual_element
    jacobian = [[f.diff(s) for s in x] for f in gradient]
    slope = [[f.diff(s) for s in x] for f in conjugate]
    metric = [[field.dot((1, slope[i][a], jacobian[i][b]) for i in range(n)) for b in range(n)] for a in range(n)]
    long = n > LARGEST_WRITTEN and sum(e.terms for row in metric for e in row) > _LONG * n * n
    try:
        inverse = FormalInverse(metric).matrix if long else symmetric_inverse(metric).matrix
    except SingularMatrixError:
        raise SingularMetricError(
            "the metric of the dually flat structure is singular: the parameters are not identifiable; drop one", 0, ()
        ) from None
    # d gradient = (slope^T)^-1 g d theta, so that d theta = g^-1 slope^T d gradient.
    backward = [[field.dot((1, inverse[k][a], slope[j][a]) for a in range(n)) for j in range(n)] for k in range(n)]
    conditions = conditions_of(duality)
    return GradientMap(
        x,
        tuple(f.to_sympy() for f in gradient),
        tuple(f.to_sympy() for f in conjugate),
        potential.to_sympy(),
        _flat(jacobian),
        _flat(slope),
        _flat(backward),
        conditions,
        tuple(ends_of(s, conditions) for s in x),
        starts_of(duality),
    )


def _flat(rows: list[list[Element]]) -> tuple[Expr, ...]:
    return tuple(e.to_sympy() for row in rows for e in row)


def conditions_of(duality: Duality) -> tuple[Expr, ...]:
    """What is positive inside the chart: stated, or the ends of the symbols' ranges."""
    knowledge = duality.field.knowledge
    stated = knowledge.domain_of(duality.coordinates)
    if stated is not None:
        return stated
    found: list[Expr] = []
    for s in duality.coordinates:
        known = knowledge.range_of(s)
        found += [s - as_expression(known.low)] if known.low > -inf else []
        found += [as_expression(known.high) - s] if known.high < inf else []
    return tuple(found)


def starts_of(duality: Duality) -> tuple[tuple[float, ...], ...]:
    """The sample points of a chart, brought between the ends of its coordinates."""
    knowledge, conditions = duality.field.knowledge, conditions_of(duality)
    ends = [ends_of(s, conditions) for s in duality.coordinates]
    count = max(3, len(knowledge.points))
    return tuple(
        tuple(placed(float(knowledge.value(s, k)), *e) for s, e in zip(duality.coordinates, ends, strict=True))
        for k in range(count)
    )


def _state_real(duality: Duality, inverse: Sequence[Expr]) -> None:
    """The inverse is real where it is used, so what stands under its square roots and logarithms is positive."""
    import sympy as sp

    inner = {p.base for e in inverse for p in e.atoms(sp.Pow) if p.exp.is_Rational and p.exp.q % 2 == 0}
    inner |= {u.args[0] for e in inverse for u in e.atoms(sp.log)}
    for u in sorted(inner, key=sp.count_ops):
        state_positive(duality.field, duality.field(u))


def _state_samples(duality: Duality, symbols: Sequence[Symbol], values: Sequence[Expr]) -> None:
    """Sample points of the affine coordinates within the range of the map, which is where its inverse has values."""
    import sympy as sp

    if nodes_in(values):
        return
    knowledge = duality.field.knowledge
    for k, point in enumerate(knowledge.points):
        here = {s: knowledge.value(s, k) for s in duality.coordinates}
        found = [v.subs(here).evalf(30) for v in values]
        if all(v.is_Float or v.is_Rational for v in found):
            knowledge.points[k] = {**point, **{s: sp.Rational(v) for s, v in zip(symbols, found, strict=True)}}
