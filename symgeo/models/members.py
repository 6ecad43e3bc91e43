"""Particular members of a family: their parameter values as users write them, and results in the users' symbols."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import sympy as sp

from symgeo.algebra import Field, as_expression, differential_field
from symgeo.algebra.convert import decimal
from symgeo.algebra.printing import written_as_sum
from symgeo.algebra.zero_test import element_sign, state_positive
from symgeo.errors import ArgumentError, DomainError, NoClosedFormError, ParameterListError, UnknownSymbolError

if TYPE_CHECKING:
    from sympy import Expr, Symbol

    from symgeo.models.statistical_model import StatisticalModel

Values = tuple["Expr", ...]
LONG = 300  # operations in an expression that is left as it is
_UNDEFINED = (sp.nan, sp.zoo, sp.oo, -sp.oo)


def member(model: StatisticalModel, point: Any = None) -> Values:
    """The parameter values (n,) of a member of a model.

    ``point`` is a sequence of numbers or expressions in the order of the parameters, a single one where there is one
    parameter, a mapping from parameters to values in which a parameter that is left out keeps its symbol, or None for
    the model's own parameters. Raises :class:`ParameterListError` and :class:`UnknownSymbolError` for what is no list
    of that length, and :class:`DomainError` for a number, or a symbol by its assumptions, outside the domain.
    """
    parameters = model.parameters
    if point is None:
        return parameters
    if isinstance(point, Mapping):
        unknown = [s for s in point if s not in parameters]
        if unknown:
            raise UnknownSymbolError(
                f"{', '.join(map(str, unknown))} is no parameter of {parameters}; use the parameters' own symbols "
                "as keys (the assumptions must be the same too)"
            )
        given = [point.get(s, s) for s in parameters]
    elif isinstance(point, sp.Expr) or not hasattr(point, "__len__"):
        given = [point]
    else:
        given = list(point)
    if len(given) != len(parameters):
        raise ParameterListError(f"{len(given)} values were given for the {len(parameters)} parameters {parameters}")
    values = tuple(_value(model, s, v) for s, v in zip(parameters, given, strict=True))
    at = dict(zip(parameters, values, strict=True))
    for condition in model.chart.conditions:
        if condition.subs(at, simultaneous=True).is_extended_nonpositive:
            shown = ", ".join(f"{s} = {v}" for s, v in at.items())
            raise DomainError(f"the member with {shown} is not in the domain {model.chart}; {condition} > 0 fails")
    return values


def _value(model: StatisticalModel, parameter: Symbol, given: Any) -> Expr:
    try:
        value = as_expression(given)
    except TypeError as error:
        raise ArgumentError(f"the value of {parameter}: {error}") from None
    value = value.xreplace({f: decimal(f) for f in value.atoms(sp.Float)})
    if value.has(*_UNDEFINED, sp.I) or value.is_extended_real is False:
        raise DomainError(f"{parameter} = {given} is no real number")
    caught = value.free_symbols & set(model.variables)
    if caught:
        raise ArgumentError(
            f"the value of {parameter}, {given}, holds the model's variable {min(map(str, caught))}; "
            "parameters are not functions of the observation: use another symbol"
        )
    return value


def written(model: StatisticalModel, e: Expr, members: Sequence[Values], images: Mapping[Symbol, Expr]) -> Expr:
    """An expression with ``images`` put in for its symbols, tidied with what the domain says about the members."""
    return _tidied(field_of(model, members), replaced_in(e, images))


def _tidied(field: Field, e: Expr) -> Expr:
    """An expression in normal form, a Piecewise branch by branch."""
    if isinstance(e, sp.Piecewise):
        return sp.Piecewise(*((_tidied(field, branch), condition) for branch, condition in e.args))
    if isinstance(e, sp.Add) and e.has(sp.Piecewise):
        plain = [term for term in e.args if not term.has(sp.Piecewise)]
        return sp.Add(_tidied(field, sp.Add(*plain)), *(_tidied(field, t) for t in e.args if t not in plain))
    return written_as_sum(field(e)) if is_tidied(e) else e


def is_tidied(e: Expr) -> bool:
    """Whether an expression is short and made of symbols: functions of plain numbers, such as exp(3/7) beside exp(2/5),
    would be powers of high degree in the field."""
    if not e.free_symbols or e.count_ops() > LONG:
        return False
    return not any(f.is_number and not f.is_Rational for f in e.atoms(sp.exp, sp.Pow, sp.sin, sp.cos, sp.sinh, sp.cosh))


def replaced_in(e: Expr, images: Mapping[Symbol, Expr]) -> Expr:
    """An expression with ``images`` put in; :class:`NoClosedFormError` where it is undefined there."""
    replaced = e.subs(dict(images), simultaneous=True)
    if replaced.has(*_UNDEFINED):
        raise NoClosedFormError(
            "the closed form for all members is undefined (0/0) for these; move one of them a little to see its limit"
        )
    return replaced


def field_of(model: StatisticalModel, members: Sequence[Values]) -> Field:
    """A field that knows that the members lie in the domain."""
    field = differential_field()
    for values in members:
        at = dict(zip(model.parameters, values, strict=True))
        for condition in model.chart.conditions:
            inside = condition.subs(at, simultaneous=True)
            if inside.free_symbols and not inside.has(sp.Max, sp.Min, sp.Abs):
                element = field(inside)
                if element and element_sign(element) is None:
                    state_positive(field, element)
    return field
