"""Csiszar's divergences ``D_f(p || q)``, the integral of ``p f(q/p)``, for any convex f."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import sympy as sp

from symgeo.algebra import as_expression, differential_field
from symgeo.algebra.zero_test import zero_test
from symgeo.errors import ArgumentError
from symgeo.models.affinity_value import affinity_value
from symgeo.models.divergences import kl_divergence, pair_of
from symgeo.models.members import member

if TYPE_CHECKING:
    from sympy import Expr, Symbol

    from symgeo.models.pair import Pair
    from symgeo.models.statistical_model import StatisticalModel

Term = tuple["Expr", "Expr", int]


def f_divergence(model: StatisticalModel, f: Callable[[Expr], Expr], p: Any, q: Any) -> Expr:
    """``D_f(p || q) = integral of p f(q/p)`` for a convex function f of one positive variable with f(1) = 0.

    ``f`` is a SymPy Lambda or any function that takes and gives SymPy expressions: ``lambda u: -sp.log(u)`` gives
    Kullback and Leibler's ``D(p || q)``. In closed form for sums of ``c u^a`` and ``c u^a log u``, and over a finite
    support; else an expectation, which ``lambdify`` integrates. With f''(1) = 1 it induces the Fisher metric, and alpha
    times the cubic tensor with ``alpha = 3 + 2 f'''(1)``. Raises :class:`ArgumentError` for an f that is not zero at 1
    or not convex, and what :func:`~symgeo.models.divergences.kl_divergence` raises.
    Source: Csiszar 1967; Amari and Nagaoka 2000, equations (3.22) to (3.25).
    """
    at_p, at_q = member(model, p), member(model, q)
    u = sp.Dummy("u", positive=True)
    try:
        function = as_expression(f(u))
    except TypeError as error:
        raise ArgumentError(f"f is a function that takes and gives a SymPy expression: {error}") from None
    _require_convex(function, u)
    if at_p == at_q:
        return sp.S.Zero
    pair = pair_of(model)
    if model.support.points() is None:
        terms = _terms(function, u)
        if terms is not None:
            return _of_terms(model, terms, at_p, at_q)
        ratio = sp.exp(pair.log_second - pair.log_first)
        return pair.at(pair.expectation(function.subs(u, ratio)), at_p, at_q)
    return pair.at(_summed(pair, function, u), at_p, at_q)


def _require_convex(function: Expr, u: Symbol) -> None:
    field = differential_field()
    if not zero_test(field(function.subs(u, 1))):
        raise ArgumentError(f"f(1) is {function.subs(u, 1)}, not zero; subtract it")
    bend = sp.diff(function, u, 2)
    if bend.free_symbols <= {u}:
        for k in range(-6, 7):
            value = sp.N(bend.subs(u, sp.Rational(3, 2) ** k))
            if value.is_extended_negative:
                raise ArgumentError(
                    f"f is not convex: its second derivative is {value} at {sp.Rational(3, 2) ** k}; a divergence "
                    "needs a convex f"
                )


def _summed(pair: Pair, function: Expr, u: Symbol) -> Expr:
    density = pair.model.density
    other = density.xreplace(pair.to_second)
    points = pair.model.support.points() or ()
    return sp.Add(*(density.subs(x) * function.subs(u, other.subs(x) / density.subs(x)) for x in points))


def _terms(function: Expr, u: Symbol) -> list[Term] | None:
    """``f = sum of c u^a (log u)^k``, k = 0 or 1, as (c, a, k), where each term has a mean; else None."""
    found = []
    for term in sp.Add.make_args(sp.expand(function)):
        c, rest = term.as_independent(u, as_Add=False)
        power, logs = sp.S.Zero, 0
        for factor in sp.Mul.make_args(rest):
            base, exponent = factor.as_base_exp()
            if base == u and u not in exponent.free_symbols:
                power += exponent
            elif factor == sp.log(u):
                logs += 1
            elif factor != 1:
                return None
        inside = power.is_number and bool(sp.And(power >= 0, power <= 1))
        # A divergence with terms that are infinite with both signs is left whole, and so are means of u^a log u with
        # a other than 0 and 1, which may be infinite where that of u^a is not.
        if logs > 1 or (logs == 1 and power not in (0, 1)) or (not inside and not c.is_positive):
            return None
        found.append((c, power, logs))
    return found


def _of_terms(model: StatisticalModel, terms: list[Term], p: Any, q: Any) -> Expr:
    pair, total, conditions = pair_of(model), sp.S.Zero, sp.true
    beyond: Expr = sp.oo
    for c, power, logs in terms:
        if logs:
            total += -c * kl_divergence(model, p, q) if power == 0 else c * kl_divergence(model, q, p)
            continue
        found = affinity_value(pair, power, p, q)
        if found.otherwise is not sp.oo:
            beyond = sp.nan
        conditions = sp.And(conditions, found.condition)
        total += c * sp.exp(found.log_value)
    if conditions is sp.true:
        return total
    return beyond if conditions is sp.false else sp.Piecewise((total, conditions), (beyond, True))
