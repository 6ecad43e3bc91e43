"""The affinity of two particular members at a particular weight, infinite where it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sympy as sp

from symgeo.algebra import Field
from symgeo.algebra.printing import written_as_sum
from symgeo.algebra.zero_test import proven_sign
from symgeo.errors import DivergentExpectationError
from symgeo.models.affinity import Affinity, integrated
from symgeo.models.members import Values, field_of, is_tidied, replaced_in
from symgeo.models.singularities import Condition

if TYPE_CHECKING:
    from collections.abc import Callable

    from sympy import Expr

    from symgeo.models.pair import Pair


@dataclass(frozen=True)
class AffinityValue:
    """``log c`` of two members where ``condition`` holds; elsewhere ``otherwise``, infinite or to be integrated."""

    log_value: Expr
    condition: sp.Basic
    otherwise: Expr

    def map(self, function: Callable[[Expr], Expr], at_infinity: Expr) -> Expr:
        """A function of log c, with its value where c is infinite."""
        beyond = at_infinity if self.otherwise is sp.oo else function(self.otherwise)
        if self.condition is sp.false:
            return beyond
        inside = function(self.log_value)
        return inside if self.condition is sp.true else sp.Piecewise((inside, self.condition), (beyond, True))


def affinity_value(pair: Pair, weight: Expr, p: Values, q: Values) -> AffinityValue:
    """``log of the integral of p^(1-weight) q^weight``.

    The condition is that of convergence; it is true for a number 0 <= weight <= 1. Raises
    :class:`DivergentExpectationError` where the condition is not known or cannot be written for symbols, and
    :class:`NoClosedFormError` where there is neither a closed form nor a numerical integral.
    """
    if weight in (0, 1) or p == q:
        return AffinityValue(sp.S.Zero, sp.true, sp.oo)
    images = dict(zip((*pair.first, *pair.second), (*p, *q), strict=True))

    def node() -> Expr:
        own = weight if weight.is_number else sp.Dummy("w", real=True)
        return integrated(pair, own).subs({**images, own: weight}, simultaneous=True)

    found = pair.affinity
    if found is None:
        return AffinityValue(node(), sp.true, sp.oo)
    field = field_of(pair.model, (p, q))
    inside = weight.is_number and bool(sp.And(weight >= 0, weight <= 1))
    condition, complete = (sp.true, True) if inside else _condition(field, found, weight, images)
    images[found.t] = weight
    log_value = sp.S.Zero if condition is sp.false else _tidied(field, replaced_in(found.log_value, images))
    return AffinityValue(log_value, condition, sp.oo if complete else node())


def _tidied(field: Field, e: Expr) -> Expr:
    return written_as_sum(field(e)) if is_tidied(e) else e


def _condition(field: Field, found: Affinity, weight: Expr, images: dict) -> tuple[sp.Basic, bool]:
    conditions, complete = found.judgement
    if conditions is None:
        raise DivergentExpectationError(
            f"whether the integral of p^(1-t) q^t is finite at t = {weight} is not known: its closed form "
            f"{found.form} holds a function whose singularities are not known; take 0 <= t <= 1"
        )
    relations = []
    for c in conditions:
        positive = c.positive.subs(images, simultaneous=True)
        known = not positive.free_symbols - {found.t} and weight.is_number
        if known:
            here = Condition(positive, c.pointwise, c.closed).holds(found.t, weight)
            relations.append(sp.true if here else sp.false)
        elif c.pointwise:
            relations.append(_relation(field, positive.subs(found.t, weight), c.closed))
        else:
            raise DivergentExpectationError(
                f"the integral of p^(1-t) q^t at t = {weight} is finite only where {positive} > 0 on the way from 0 or "
                "1 to there, which has no form in these symbols; give numbers for the parameters, or take 0 <= t <= 1"
            )
    return sp.And(*relations), complete


def _relation(field: Field, positive: Expr, closed: bool) -> sp.Basic:
    """``positive > 0`` without the factors whose sign is proven."""
    if not is_tidied(positive):
        return sp.Gt(positive, 0)
    a = field(positive)
    if not a:
        return sp.true if closed else sp.false
    content, factors = field.factorise(a.numerator)
    sign = 1 if content > 0 else -1
    left = sp.S.One
    for f, e in [*factors, *((field.factor_polynomial(i), -e) for i, e in a.powers)]:
        known = proven_sign(field, f)
        if known is None:
            left *= field.polynomial(field.lift(f)).to_sympy() ** (e if e > 0 else e % 2)
        elif e % 2:
            sign *= known
    if left == 1:
        return sp.true if sign > 0 else sp.false
    return sp.Ge(sign * left, 0) if closed else sp.Gt(sign * left, 0)
