"""The affinity ``c(t)``, the integral of ``p^(1-t) q^t``, of two members of a model: a class of divergences in one.

For 0 <= t <= 1 it exists, by Hoelder's inequality. Beyond, it exists up to the first t at which it is singular: as a
function of t it is the Laplace transform of a positive measure, and such a transform has a singularity at the real end
of its interval of convergence (Landau; Widder, The Laplace Transform, 1941, section II.5). So a closed form that was
found for some t is the affinity as long as nothing in it vanishes on the way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import sympy as sp

from symgeo.algebra import generators as gen
from symgeo.algebra.printing import written_as_sum
from symgeo.errors import NoClosedFormError
from symgeo.expectation.gaussian import gaussian_mass
from symgeo.models.chart import Chart
from symgeo.models.normaliser import has_sum
from symgeo.models.singularities import Condition, conditions_of, judged

if TYPE_CHECKING:
    from sympy import Expr, Symbol

    from symgeo.models.pair import Pair

Judgement = tuple[tuple[Condition, ...] | None, bool]


@dataclass(frozen=True)
class Affinity:
    """``log c(t)`` of a pair of members in closed form, and what it needs beyond 0 <= t <= 1.

    ``form`` is its part that may be singular, a function of coordinates that ``images`` gives as functions of t;
    ``minors``, where given, are positive exactly where the integral is finite.
    """

    pair: Pair
    t: Symbol
    log_value: Expr
    form: Expr
    images: Mapping[Symbol, Expr]
    minors: tuple[Expr, ...] | None = None

    @cached_property
    def judgement(self) -> Judgement:
        """The conditions under which it holds, None where they are not known, and whether the affinity is infinite
        wherever one of them fails."""
        if self.minors is not None:
            return tuple(Condition(m, True) for m in self.minors), True
        conditions = conditions_of(self.form, self.images, self.t, self.pair.chart)
        return (None, False) if conditions is None else judged(self.log_value, self.t, conditions, self.pair.chart)


def affinity(pair: Pair) -> Affinity | None:
    """The affinity of all pairs of members in closed form, None where none was found."""
    t = sp.Dummy("t", real=True)
    found = (way(pair, t) for way in (_summed, _gaussian, _exponential, _substituted))
    return next((a for a in found if a is not None), None)


def _summed(pair: Pair, t: Symbol) -> Affinity | None:
    points = pair.model.support.points()
    if points is None:
        return None
    density = pair.model.density
    other = density.xreplace(pair.to_second)
    terms = [density.subs(x) ** (1 - t) * other.subs(x) ** t for x in points]
    return Affinity(pair, t, sp.log(sp.Add(*terms)), sp.S.Zero, {}, ())


def _gaussian(pair: Pair, t: Symbol) -> Affinity | None:
    """Log-densities that are quadratic on the whole space: a normal integral, finite where its form is definite."""
    if not pair.model.support.is_whole_space or has_sum(pair.model.density):
        return None
    first, second = (pair.field(e) for e in (pair.log_first, pair.log_second))
    found = gaussian_mass((first, second), pair.model.variables, (1 - t, t))
    return None if found is None else Affinity(pair, t, found[0], sp.S.Zero, {}, tuple(found[1]))


def _exponential(pair: Pair, t: Symbol) -> Affinity | None:
    """``psi((1-t) eta(p) + t eta(q)) - (1-t) psi(p) - t psi(q)``; Nielsen and Garcia, arXiv:0911.4863, section 4."""
    family = pair.model.exponential_family
    if family is None or family.is_curved or has_sum(pair.model.density):
        return None
    form = family.log_partition_natural
    if form is None:
        return None

    def second(e: Expr) -> Expr:
        return e.subs(pair.to_second, simultaneous=True)

    psi = family.log_partition
    images = {
        s: (1 - t) * e + t * second(e) for s, e in zip(family.natural_symbols, family.natural_parameters, strict=True)
    }
    log_value = form.subs(images, simultaneous=True) - (1 - t) * psi - t * second(psi)
    return Affinity(pair, t, log_value, form, images)


def _substituted(pair: Pair, t: Symbol) -> Affinity | None:
    """The mass of ``p^a q^b`` by substitution into Gamma and Beta laws, a and b free of each other and positive."""
    from symgeo.expectation.substitutions import mellin_expectation

    variables, ends = pair.model.variables, pair.ends
    if ends is None or len(variables) > 1 or has_sum(pair.model.density) or pair.substitution is None:
        return None
    a, b = sp.Dummy("a", positive=True), sp.Dummy("b", positive=True)
    found = mellin_expectation(pair.field, a * pair.log_first + b * pair.log_second, variables[0], ends[0])
    if found is None:
        return None
    log_mass = written_as_sum(gen.log(pair.field, found.mass, found.mass.to_sympy()))
    log_value = log_mass.subs({a: 1 - t, b: t})
    return Affinity(pair, t, log_value, log_value, {t: t})


def integrated(pair: Pair, weight: Expr) -> Expr:
    """``log c(weight)`` as a node that is integrated numerically.

    Raises :class:`NoClosedFormError` where a kink of the density moves and cannot be followed.
    """
    model, chart = pair.model, pair.chart
    own, values = weight, chart.parameters
    if not weight.is_number:
        own = sp.Symbol("t", real=True)
        while own.name in {s.name for s in (*chart.parameters, *model.variables)}:
            own = sp.Symbol(own.name + "'", real=True)
        chart = Chart((*chart.parameters, own), {**chart.domain, own: sp.S.Reals}, chart.constraints)
        values = (*values, weight)
    log_density = (1 - own) * pair.log_first + own * pair.log_second
    law = pair.law_of(log_density, chart)
    if law is None:
        raise NoClosedFormError(
            "no closed form of the integral of p^(1-t) q^t was found, and it cannot be left to numerical integration: "
            "a kink of the density moves with the parameters to a place that could not be solved for, or the density "
            "is known only up to a sum; fix the parameter that moves the kink"
        )
    return law.at(law.log_normaliser(), values)
