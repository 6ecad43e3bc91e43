"""Marginal and conditional models: variables integrated or summed out, or fixed at a value.

Integrals are those of the substitutions into Gamma and Beta laws, one variable after the other; sums run over finitely
many values. What does not close is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import sympy as sp

from symgeo.algebra import as_expression
from symgeo.algebra import generators as gen
from symgeo.algebra.printing import written_as_sum
from symgeo.algebra.sets import Segment
from symgeo.errors import NoClosedFormError, ParameterListError, SupportError
from symgeo.expectation.substitutions import mellin_expectation
from symgeo.models.log_density import log_of
from symgeo.models.statistical_model import StatisticalModel
from symgeo.models.support import Support

if TYPE_CHECKING:
    from sympy import Expr, Symbol


def marginal(model: StatisticalModel, variables: Symbol | Sequence[Symbol]) -> StatisticalModel:
    """The law of some of a model's variables; parameters that it does not depend on are left out.

    Raises :class:`ParameterListError` unless these are some but not all of the variables, :class:`SupportError` where
    the support of a kept variable depends on one that goes, and :class:`NoClosedFormError` where no closed form of an
    integral or sum was found.
    """
    kept = (variables,) if isinstance(variables, sp.Symbol) else tuple(variables)
    log_density = marginal_log_density(model, kept)
    return _declared(model, log_density, [v for v in model.variables if v in kept], {})


def marginal_log_density(model: StatisticalModel, kept: Sequence[Symbol]) -> Expr:
    """The log-density of some of a model's variables; raises what :func:`marginal` raises."""
    _require_some(model, tuple(kept))
    log_density = model.log_density
    for v in reversed(model.variables):
        if v in kept:
            continue
        users = [u for u in model.variables if u != v and v in model.support.sets[u].free_symbols]
        if [u for u in users if u in kept]:
            raise SupportError(
                f"the support of {users[0]} depends on {v}, which is to be integrated out; declare the joint density "
                f"with {users[0]} before {v}, and the support of {v} through {users[0]}"
            )
        log_density = _without(model, log_density, v)
    return log_density


def conditional(model: StatisticalModel, given: Mapping[Symbol, Any]) -> StatisticalModel:
    """The law of the other variables given the values of some: ``{variable: value}``.

    Parameters that it does not depend on are left out; those that are left need not be identifiable. Raises
    :class:`ParameterListError` unless some but not all variables are given, :class:`SupportError` for values outside
    the support or a support that cannot be cut at them, and :class:`NoClosedFormError` as :func:`marginal` does.
    """
    _require_some(model, tuple(given))
    values = {v: as_expression(value) for v, value in given.items()}
    for v, value in values.items():
        if not value.is_number or value.is_extended_real is False:
            raise SupportError(f"the value of {v} must be a real number, not {value}")
        if model.support.sets[v].subs(values).contains(value) == sp.false:
            raise SupportError(f"{v} = {value} lies outside the support {model.support.sets[v]}")
    others = [v for v in model.variables if v not in values]
    bound = [(v, u) for v in values for u in others if u in model.support.sets[v].free_symbols]
    if bound:
        v, u = bound[0]
        raise SupportError(
            f"the support of {v} depends on {u}, so that {v} = {values[v]} cuts that of {u}; declare the joint density "
            f"with {v} before {u}, and the support of {u} through {v}"
        )
    log_density = model.log_density.subs(values)
    log_mass = log_density
    for v in reversed(others):
        log_mass = _without(model, log_mass, v, values)
    return _declared(model, log_density - log_mass, others, values)


def _require_some(model: StatisticalModel, chosen: tuple[Any, ...]) -> None:
    if not chosen or not set(chosen) < set(model.variables):
        raise ParameterListError(f"some but not all of the variables {model.variables} are to be named, not {chosen}")


def _without(
    model: StatisticalModel, log_density: Expr, v: Symbol, values: Mapping[Symbol, Expr] | None = None
) -> Expr:
    """The logarithm of the density with one variable integrated or summed out."""
    declared = model.support.sets[v].subs(values or {})
    if model.support.is_discrete(v):
        points = None if declared.free_symbols else Support.build((v,), {v: declared}, ()).points()
        if points is not None:
            density = sp.exp(log_density)
            return log_of(sp.Add(*(density.subs(p) for p in points)), model._sign)
        raise NoClosedFormError(
            f"the sum over {v} in {declared} runs over infinitely many values, or as many as another variable says; "
            "only finite sums over fixed values are taken"
        )
    parts = model.support.pieces[model.variables.index(v)]
    if len(parts) == 1 and isinstance(parts[0], Segment):
        low, high = (sp.sympify(e, strict=True).subs(values or {}) for e in parts[0].ends)
        found = mellin_expectation(model.field, log_density, v, (low, high))
        if found is not None:
            return written_as_sum(gen.log(model.field, found.mass, found.mass.to_sympy()))
    raise NoClosedFormError(
        f"the integral of the density over {v} has no closed form that was found; declare the marginal density itself"
    )


def _declared(
    model: StatisticalModel, log_density: Expr, kept: Sequence[Symbol], values: Mapping[Symbol, Expr]
) -> StatisticalModel:
    log_density = written_as_sum(model.field(log_density))
    parameters = [s for s in model.parameters if s in log_density.free_symbols]
    if not parameters:
        raise ParameterListError(f"the law of {', '.join(map(str, kept))} depends on none of the parameters")
    constraints = [c for c in model.constraints if c.free_symbols <= set(parameters)]
    return StatisticalModel(
        sp.exp(log_density),
        kept,
        parameters,
        support={v: model.support.sets[v].subs(dict(values)) for v in kept},
        domain={s: d for s, d in model.domain.items() if s in parameters},
        constraints=constraints,
    )
