"""Dually flat structure: affine coordinates of the e- and the m-connection, potentials, the Legendre transform.

Sources: Amari and Nagaoka 2000, section 3.3; Barndorff-Nielsen, Information and Exponential Families, 1978, chapter 9.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from symgeo.algebra import Element, Field, as_expression
from symgeo.algebra.knowledge import Range, chart_of
from symgeo.algebra.printing import written_as_sum
from symgeo.algebra.zero_test import element_sign
from symgeo.errors import ParameterListError

if TYPE_CHECKING:
    from sympy import Expr, Symbol

    from symgeo.geometry.affine_chart import AffineDuality


class Duality:
    """Natural coordinates ``eta``, expectation coordinates ``mu`` and potential ``psi`` with ``d psi = mu d eta``.

    All are kept as functions of ``coordinates``, an arbitrary chart; there are as many of each as coordinates.
    ``expectation_ranges``: an interval for each component of mu, where one is known.
    """

    def __init__(
        self,
        coordinates: Sequence[Symbol],
        natural: Sequence[Element],
        expectation: Sequence[Element],
        potential: Element,
        expectation_ranges: Sequence[Range] | None = None,
    ):
        self.coordinates = chart_of(coordinates)
        self._elements = (tuple(natural), tuple(expectation), potential)
        self.expectation_ranges = tuple(expectation_ranges or [Range()] * len(self.coordinates))

    @property
    def field(self) -> Field:
        """The differential field of the functions."""
        return self.elements[2].field

    @property
    def elements(self) -> tuple[tuple[Element, ...], tuple[Element, ...], Element]:
        """eta, mu and psi as elements of a differential field."""
        return self._elements

    @cached_property
    def dual_element(self) -> Element:
        """phi as an element of the field."""
        natural, expectation, potential = self.elements
        terms = [(1, e, m) for e, m in zip(natural, expectation, strict=True)]
        return self.field.dot([*terms, (-1, potential, self.field.one)])

    def pullback(self, new: Sequence[Symbol], carry: Callable[[Element], Element]) -> Duality:
        """The same structure as functions of other coordinates."""
        natural, expectation, potential = self.elements
        return Duality(
            new, [*map(carry, natural)], [*map(carry, expectation)], carry(potential), self.expectation_ranges
        )

    @cached_property
    def natural(self) -> tuple[Expr, ...]:
        """eta, affine for the e-connection, in the chart's coordinates; (n,)."""
        return tuple(e.to_sympy() for e in self.elements[0])

    @cached_property
    def expectation(self) -> tuple[Expr, ...]:
        """mu = grad psi, affine for the m-connection, in the chart's coordinates; (n,)."""
        return tuple(m.to_sympy() for m in self.elements[1])

    @cached_property
    def potential(self) -> Expr:
        """psi in the chart's coordinates."""
        return written_as_sum(self.elements[2])

    @cached_property
    def dual_potential(self) -> Expr:
        """phi = eta . mu - psi, the Legendre transform, in the chart's coordinates."""
        return written_as_sum(self.dual_element)

    @cached_property
    def natural_symbols(self) -> tuple[Symbol, ...]:
        """Names for the natural coordinates as independent variables."""
        return self._names("eta", self.elements[0])

    @cached_property
    def expectation_symbols(self) -> tuple[Symbol, ...]:
        """Names for the expectation coordinates as independent variables."""
        names = self._names("mu", self.elements[1])
        self.field.knowledge.state_ranges(dict(zip(names, self.expectation_ranges, strict=True)))
        return names

    def _names(self, stem: str, values: Sequence[Element]) -> tuple[Symbol, ...]:
        """Real symbols, with the sign that the values are proven to have."""
        import sympy as sp

        taken = {s.name for s in self.coordinates}
        n = len(values)
        names = [stem] if n == 1 else [f"{stem}_{i + 1}" for i in range(n)]
        while taken & set(names):
            names = [name + "*" for name in names]
        assumption: dict[int | None, str] = {1: "positive", -1: "negative", None: "real"}
        return tuple(
            sp.Symbol(name, **{assumption[element_sign(a)]: True}) for name, a in zip(names, values, strict=True)
        )

    @cached_property
    def coordinates_from_natural(self) -> tuple[Expr, ...] | None:
        """The chart's coordinates as functions of ``natural_symbols``; None where no closed inverse was found."""
        return self._inverted(self.natural, self.natural_symbols)

    @cached_property
    def coordinates_from_expectation(self) -> tuple[Expr, ...] | None:
        """The chart's coordinates as functions of ``expectation_symbols``; None where no closed inverse was found."""
        return self._inverted(self.expectation, self.expectation_symbols)

    def _inverted(self, functions: tuple[Expr, ...], targets: tuple[Symbol, ...]) -> tuple[Expr, ...] | None:
        knowledge = self.field.knowledge
        count = max(3, len(knowledge.points))
        sample = [{s: knowledge.value(s, k) for s in self.coordinates} for k in range(count)]
        from symgeo.algebra.elimination import invert_map

        return invert_map(functions, self.coordinates, targets, sample)

    @cached_property
    def potential_in_natural(self) -> Expr | None:
        """psi(eta) over ``natural_symbols``; None where eta has no closed inverse (``in_natural.potential`` then)."""
        return None if self.coordinates_from_natural is None else self.in_natural.potential

    @cached_property
    def dual_potential_in_expectation(self) -> Expr | None:
        """phi(mu) over ``expectation_symbols``; None where mu has no closed inverse (``in_expectation.dual_potential``
        then)."""
        return None if self.coordinates_from_expectation is None else self.in_expectation.dual_potential

    @cached_property
    def in_natural(self) -> AffineDuality:
        """The structure as functions of ``natural_symbols``: ``in_natural.potential`` is psi(eta).

        Always there: closed where the map to eta has a closed inverse, else with a certified numerical inverse.
        """
        from symgeo.geometry.affine_chart import AffineDuality

        return AffineDuality(self, 1)

    @cached_property
    def in_expectation(self) -> AffineDuality:
        """The structure as functions of ``expectation_symbols``: ``in_expectation.dual_potential`` is phi(mu)."""
        from symgeo.geometry.affine_chart import AffineDuality

        return AffineDuality(self, -1)

    def canonical_divergence(self, p: Sequence[Expr], q: Sequence[Expr]) -> Expr:
        """``D(p || q) = psi(q) - psi(p) - (eta(q) - eta(p)) . mu(p)``, points given by their coordinates (n,).

        For an exponential family this is the Kullback-Leibler divergence with p first.
        Source: Amari and Nagaoka 2000, equation (3.44), with the roles of the two connections as stated there.
        """
        if not len(p) == len(q) == len(self.coordinates):
            raise ParameterListError(
                f"the points have {len(self.coordinates)} coordinates each, {len(p)} and {len(q)} were given"
            )
        at_p = dict(zip(self.coordinates, map(as_expression, p), strict=True))
        at_q = dict(zip(self.coordinates, map(as_expression, q), strict=True))

        def at(f: Expr, point: dict[Symbol, Expr]) -> Expr:
            return f.subs(point, simultaneous=True)

        drop = sum(
            (at(e, at_q) - at(e, at_p)) * at(m, at_p) for e, m in zip(self.natural, self.expectation, strict=True)
        )
        return at(self.potential, at_q) - at(self.potential, at_p) - drop
