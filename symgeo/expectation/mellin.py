"""Expectations under a law that a substitution turns into Gamma or Beta laws: sums of Mellin integrals.

On each part of the support ``x = X(u; theta)``, and the density of u is a weight times a standard density. The score
at fixed x is ``d_i F - (d_u F) (d_i X)/(d_u X)`` with ``F = log p(X)``, so that everything is a function of u alone;
expanded in powers of u, 1 - u and their logarithms it is integrated term by term.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import TYPE_CHECKING, Any, Protocol

from sympy import log

from symgeo.algebra import Element, Field, Tensor
from symgeo.algebra.algebraic import coefficients
from symgeo.algebra.generators import exp
from symgeo.algebra.zero_test import element_sign, zero_test
from symgeo.errors import DivergentExpectationError, NoClosedFormError, SupportError
from symgeo.expectation.moments import StandardLaw
from symgeo.expectation.rational_law import RationalLaw
from symgeo.geometry.reference import CUBIC

if TYPE_CHECKING:
    from sympy import Expr, Symbol

_MOST_TERMS = 4000
_OPEN = (
    "no closed form was found: under the substitution that turns the density into a Gamma or Beta law, the function is "
    "no finite sum of powers and logarithms"
)


@dataclass(frozen=True)
class Part:
    """A part of the support: ``x = image`` with u under ``law``, which carries the mass ``weight`` of the whole."""

    law: StandardLaw
    image: Element
    log_density: Element
    weight: Element
    substitution: Expr

    def score(self, parameter: Symbol) -> Element:
        """``d log p / d parameter`` at fixed x, as a function of u."""
        return _score(self, parameter)

    def expectation(self, f: Element) -> Element:
        """The integral of ``f(u)`` over this part; :class:`NoClosedFormError` or :class:`DivergentExpectationError`."""
        try:
            rows = self._terms(f)
        except NoClosedFormError:
            law = self.law.rational()
            if law is None:
                raise
            return self.weight * law.integral(f)
        require_positive([bound for _, d, e, m, n in rows for bound in self.law.bounds(d, e, m, n)])
        terms = [coefficient * self.law.moment(d, e, m, n) for coefficient, d, e, m, n in rows]
        return self.weight * self.law.field.sum(terms)

    def _terms(self, f: Element) -> list[tuple[Element, Element, Element, int, int]]:
        """``f = sum of c u^d (1-u)^e (log u)^m (log(1-u))^n`` with c, d, e free of u: (c, d, e, m, n)."""
        field, u = self.law.field, self.law.u
        zero = field.zero
        bottom, lower, upper = field.one, zero, zero
        for i, power in f.powers:
            factor = field.polynomial(field.factor_polynomial(i))
            if u not in factor.free_symbols:
                bottom = bottom * factor**power
            elif factor == field(u):
                lower = lower - power
            elif factor in (self.law.complement, -self.law.complement):
                upper = upper - power
                bottom = bottom * (1 if factor == self.law.complement else -1) ** power
            else:
                c, d, e = self._exponents(factor)
                bottom, lower, upper = bottom * c**power, lower - d * power, upper - e * power
        table: list[tuple[Element, Element, Element, int, int]] = [
            (field.polynomial(f.numerator) / (bottom * f.denominator), lower, upper, 0, 0)
        ]
        for generator in [g for g in field.used_generators(f) if u in g.symbols]:
            rows = []
            for c, d, e, m, n in table:
                for k, part in coefficients(c, generator.index).items():
                    if not k:
                        rows.append((part, d, e, m, n))
                        continue
                    argument = field.log_arguments.get(generator.index)
                    if argument is not None and argument == field(u):
                        rows.append((part, d, e, m + k, n))
                    elif argument is not None and argument == self.law.complement:
                        rows.append((part, d, e, m, n + k))
                    else:
                        r, p, q = self._exponents(field.generator(generator.index))
                        rows.append((part * r**k, d + p * k, e + q * k, m, n))
            table = rows
            if len(table) > _MOST_TERMS:
                raise NoClosedFormError(_OPEN)
        return table

    def _exponents(self, a: Element) -> tuple[Element, Element, Element]:
        """``a = c u^d (1-u)^e``: c, d and e, free of u."""
        field, u = self.law.field, self.law.u
        slope = a.diff(u) / a * field(u) * self.law.complement  # d (1 - u) - e u
        total = -slope.diff(u)
        d = slope + field(u) * total
        e = total - d
        if any(u in part.free_symbols for part in (d, e)):
            raise NoClosedFormError(_OPEN)
        c = a * exp(field, -d * field(log(u)) - e * field(log(1 - u)))
        if u in c.free_symbols:
            raise NoClosedFormError(_OPEN)
        return c, d, e


@dataclass(frozen=True)
class RationalPart:
    """A part of the support ``x = image`` with u under a rational density, which carries the mass ``weight``."""

    law: RationalLaw
    image: Element
    log_density: Element
    weight: Element
    substitution: Expr

    def score(self, parameter: Symbol) -> Element:
        """``d log p / d parameter`` at fixed x, as a function of u."""
        return _score(self, parameter)

    def expectation(self, f: Element) -> Element:
        """The integral of ``f(u)`` over this part; :class:`NoClosedFormError`."""
        return self.law.integral(f)


def _score(part: Part | RationalPart, parameter: Symbol) -> Element:
    u, image = part.law.u, part.image
    drift = image.diff(parameter)
    slope = part.log_density.diff(parameter)
    return slope - part.log_density.diff(u) * drift / image.diff(u) if drift else slope


def require_positive(bounds: Sequence[Element]) -> None:
    open_bounds = [bound for bound in dict.fromkeys(bounds) if element_sign(bound) != 1]
    if any(bound.is_constant for bound in open_bounds):
        raise DivergentExpectationError(
            "an expectation is infinite for every parameter: its integral diverges at an end of the support or at a "
            "kink. Such a function has no mean; for a square of the score it means infinite Fisher information"
        )
    if open_bounds:
        conditions = " and ".join(f"{bound} > 0" for bound in open_bounds)
        raise DivergentExpectationError(
            f"an expectation is finite only where {conditions}, which is not ensured over the whole domain; declare a "
            "domain or a constraint that ensures it"
        )


class MellinExpectation:
    """E[.] under a law in one variable that splits into parts of Gamma or Beta type."""

    def __init__(self, parts: Sequence[Part | RationalPart]):
        self.parts = tuple(parts)
        self._scores: dict[Symbol, list[Element]] = {}

    @property
    def field(self) -> Field:
        """The field that the expectations live in."""
        return self.parts[0].law.field

    @cached_property
    def mass(self) -> Element:
        """The integral of the density over all parts."""
        return self.field.sum([part.weight for part in self.parts])

    def of_products(self, factors: Sequence[Sequence[Element]]) -> Element:
        """The expectation of a product of functions, each given by its form on every part."""
        return self.field.sum(
            part.expectation(reduce(self.field.product, (f[k] for f in factors))) for k, part in enumerate(self.parts)
        )

    def score(self, parameter: Symbol) -> list[Element]:
        """The score of one parameter on every part."""
        if parameter not in self._scores:
            self._scores[parameter] = [part.score(parameter) for part in self.parts]
        return self._scores[parameter]

    def function(self, f: Expr, x: Symbol) -> list[Element]:
        """A function of x on every part."""
        return [part.law.field(f.subs(x, part.substitution)) for part in self.parts]


class ScoreExpectation(Protocol):
    """Expectations of functions given in a form of their own, among them the scores."""

    @property
    def field(self) -> Field:
        """The field that the expectations live in."""

    def score(self, parameter: Symbol) -> Sequence[Any]:
        """The score of a parameter."""

    def of_products(self, factors: Sequence[Any]) -> Element:
        """The expectation of a product."""


def score_moments(expectation: ScoreExpectation, parameters: Sequence[Symbol]) -> tuple[Tensor, Callable[[], Tensor]]:
    """Metric ``E[s_i s_j]`` (n, n) and what derives the cubic tensor ``E[s_i s_j s_k]`` (n, n, n).

    The cubic tensor may be infinite where the metric is not.
    Raises :class:`SupportError` when a score has a mean that is not zero: the density then jumps at a place that moves
    with the parameter, as a support that moves would.
    """
    x = tuple(parameters)
    field = expectation.field
    for s in x:
        mean = expectation.of_products([expectation.score(s)])
        if not zero_test(mean):
            raise SupportError(
                f"the score of {s} has mean {mean}, not zero: the density jumps at a place that moves with {s}; fix {s}"
            )

    def moment(*index: int) -> Element:
        return expectation.of_products([expectation.score(x[i]) for i in index])

    metric = Tensor.build(field, x, (-1, -1), moment, symmetric=((0, 1),), name="metric")

    def cubic() -> Tensor:
        return Tensor.build(field, x, (-1, -1, -1), moment, symmetric=((0, 1, 2),), name=CUBIC)

    return metric, cubic
