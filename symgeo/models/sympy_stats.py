"""A declaration read off a random variable of sympy.stats: density, support, parameters and their domain.

Nothing is known here of single families: the density is what the distribution's own ``pdf`` or ``pmf`` says, the
support its ``set``, and the domain of the parameters follows from the conditions that its own ``check`` lays on its
arguments. Only where SymPy's set is not the law's support is it replaced.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import FunctionType
from typing import Any, NamedTuple

import sympy as sp
from sympy.core.relational import Relational
from sympy.logic.boolalg import Boolean

from symgeo.algebra.convert import decimal
from symgeo.algebra.sets import UnreadableSet, assumed_set, pieces, to_set
from symgeo.errors import DeclarationError, DomainError, ParameterListError, SupportError

_ORDERS = (sp.StrictGreaterThan, sp.StrictLessThan, sp.GreaterThan, sp.LessThan)
_BY_HAND = (sp.Integral, sp.Sum, sp.Product, sp.Derivative)

# SymPy's set for these is larger than the law's support: its own density is complex or undefined on the rest.
_CORRECTED: Mapping[str, Callable[[Any], sp.Set]] = {
    "KumaraswamyDistribution": lambda law: sp.Interval(0, 1),
    "FrechetDistribution": lambda law: sp.Interval(law.m, sp.oo),
    "DavisDistribution": lambda law: sp.Interval(law.mu, sp.oo),
}


class Declaration(NamedTuple):
    """What :class:`StatisticalModel` asks for, under the names that it gives its arguments."""

    density: sp.Expr
    variables: tuple[sp.Symbol, ...]
    parameters: tuple[sp.Symbol, ...]
    support: dict[sp.Symbol, sp.Set]
    domain: dict[sp.Symbol, sp.Set]
    constraints: tuple[Relational, ...]


def declaration(variable: Any, parameters: Any = None) -> Declaration:
    """The declaration of a random variable's law.

    ``variable`` is a random symbol such as ``Normal('X', mu, sigma)``, single or joint. The variables are named after
    it, ``X`` or ``X_0, X_1``, with the assumptions that the support allows; a symbol with assumptions given to SymPy
    as the name is kept. ``parameters`` default to the free symbols of the law's arguments in the order in which they
    appear. The ends of intervals have probability zero and are left out of the support. A law on a simplex is declared
    in all but one of its variables, the one that the others fix.

    Raises `DeclarationError` for a random expression, for a compound law and for a law without a closed density,
    `SupportError` where the support moves with a parameter, `DomainError` for an integer parameter, and
    `ParameterListError` where there is no parameter, or parameters are tied by an equation.
    """
    space, law = _law(variable)
    chosen = _parameters(law, parameters, variable)
    sets = _sets(law, variable)
    _refuse_integers(chosen, variable)
    variables = _variables(space.symbol, sets, chosen)
    density = _density(law, variables, sets, variable)
    support = dict(zip(variables, sets, strict=True))
    if len(variables) > 1:
        density, support = _on_simplex(law, density, support)
    density = density.replace(lambda e: isinstance(e, sp.Piecewise), lambda e: _without_indicator(e, support))
    relations = _conditions(law, chosen)
    tied = [r for r in relations if isinstance(r, sp.Eq)]
    if tied:
        raise ParameterListError(
            f"the parameters of {variable} are tied by {tied[0]}; give SymPy one of them as a function of the others, "
            f"such as 1 - p for the last probability"
        )
    domain, constraints = _domain(relations, chosen)
    return Declaration(density, tuple(support), chosen, support, domain, constraints)


def _law(variable: Any) -> tuple[Any, Any]:
    """The probability space and the distribution of a plain random symbol."""
    from sympy.stats.compound_rv import CompoundPSpace
    from sympy.stats.joint_rv import JointPSpace
    from sympy.stats.rv import RandomSymbol, SinglePSpace, random_symbols

    plain = isinstance(variable, RandomSymbol) and isinstance(variable.pspace, (SinglePSpace, JointPSpace))
    if plain and not random_symbols(variable.pspace.distribution):
        return variable.pspace, variable.pspace.distribution
    if isinstance(variable, RandomSymbol) and (plain or isinstance(variable.pspace, CompoundPSpace)):
        raise DeclarationError(
            f"the parameters of {variable} are themselves random, so its density is an integral; declare the joint "
            f"law, or give its marginal density to StatisticalModel"
        )
    if isinstance(variable, sp.Basic) and not isinstance(variable, RandomSymbol) and random_symbols(variable):
        raise DeclarationError(
            f"{variable} is a random expression and no plain random symbol; declare the law of "
            f"{', '.join(sorted(map(str, random_symbols(variable))))}, or give the density of {variable} to "
            f"StatisticalModel (sympy.stats.density finds it for one-to-one functions)"
        )
    raise DeclarationError(
        f"{variable!r} is no random variable of sympy.stats with a density of finitely many real variables; "
        f"give a random symbol such as sympy.stats.Normal('X', mu, sigma), or a density to StatisticalModel"
    )


def _arguments(law: Any) -> list[sp.Basic]:
    """The arguments of a law in their order; those of a table of probabilities in the order of its values."""
    table = law.args[0] if law.args and isinstance(law.args[0], sp.Dict) else None
    return list(law.args) if table is None else [table[k] for k in sorted(table, key=sp.default_sort_key)]


def _parameters(law: Any, given: Any, variable: Any) -> tuple[sp.Symbol, ...]:
    if given is not None:
        return (given,) if isinstance(given, sp.Symbol) else tuple(given)
    found: dict[sp.Symbol, None] = {}
    for argument in _arguments(law):
        free = argument.free_symbols
        if isinstance(argument, sp.Lambda):  # a joint density names its variables by Indexed, whose base looks free
            free = free.difference(*(s.free_symbols for s in argument.variables))
        found.update(dict.fromkeys(node for node in sp.preorder_traversal(argument) if node in free and node.is_Symbol))
    if not found:
        raise ParameterListError(
            f"the law of {variable} has no free symbol, so there is no parameter to speak of; "
            f"give SymPy a symbol for at least one of its arguments"
        )
    return tuple(found)


def _refuse_integers(parameters: Iterable[sp.Symbol], variable: Any) -> None:
    whole = [p for p in parameters if isinstance(p, sp.Symbol) and p.is_integer]
    if whole:
        names = ", ".join(map(str, whole))
        raise DomainError(
            f"the parameter {names} of {variable} is an integer, and a manifold has no discrete coordinates; give "
            f"{names} a number, or leave integer=True out where the density is defined for real values too"
        )


def _sets(law: Any, variable: Any) -> list[sp.Set]:
    """One set per variable, intervals open."""
    try:
        whole = _CORRECTED.get(type(law).__name__, lambda law: law.set)(law)
    except (TypeError, ValueError) as reason:
        raise SupportError(
            f"SymPy does not say on which values {variable} lives ({reason}); give its integer arguments numbers"
        ) from reason
    if isinstance(whole, (set, frozenset)):
        whole = sp.FiniteSet(*whole)
    factors = whole.args if isinstance(whole, sp.ProductSet) else (whole,)
    moving = sorted(whole.free_symbols, key=str)
    if moving and not isinstance(whole, sp.FiniteSet):
        names = ", ".join(map(str, moving))
        raise SupportError(
            f"the support of {variable}, {whole}, moves with {names}: the score has no mean zero there and Fisher "
            f"geometry does not apply; give {names} a number"
        )
    sets = [factor.xreplace({f: decimal(f) for f in factor.atoms(sp.Float)}) for factor in factors]
    try:
        return [to_set(pieces(s.interior if isinstance(s, sp.Interval) else s)) for s in sets]
    except UnreadableSet as reason:
        raise SupportError(
            f"the support of {variable}: {reason}; give SymPy real numbers as outcomes, or declare the density "
            f"with StatisticalModel"
        ) from reason


def _variables(named: sp.Symbol, sets: list[sp.Set], parameters: tuple[sp.Symbol, ...]) -> tuple[sp.Symbol, ...]:
    taken = {getattr(p, "name", str(p)) for p in parameters}
    if len(sets) == 1 and named.is_extended_real and named.name not in taken:
        return (named,)
    names = [named.name] if len(sets) == 1 else [f"{named.name}_{i}" for i in range(len(sets))]
    while taken & set(names):
        names = [f"{name}_" for name in names]
    return tuple(sp.Symbol(name, **_assumptions(one)) for name, one in zip(names, sets, strict=True))


def _assumptions(one: sp.Set) -> dict[str, bool]:
    parts = pieces(one)
    least = parts[0].ends[0]
    found = {"real": True}
    if parts[0].discrete and all(value.is_integer is not False for part in parts for value in _values(part)):
        found["integer"] = True
    if least.is_positive or (least.is_zero and not parts[0].discrete):
        found["positive"] = True
    elif least.is_zero:
        found["nonnegative"] = True
    return found


def _values(part: Any) -> tuple[sp.Expr, ...]:
    return getattr(part, "values", ())


def _density(law: Any, variables: tuple[sp.Symbol, ...], sets: list[sp.Set], variable: Any) -> sp.Expr:
    """The density at the variables, as the distribution itself has it."""
    try:
        if isinstance(law.args[0], sp.Dict):
            *others, (_, last) = ((value, law.args[0][value]) for value in sorted(law.args[0], key=sp.default_sort_key))
            found = sp.Piecewise(*((p, sp.Eq(variables[0], value)) for value, p in others), (last, True))
        elif len(variables) > 1:
            found = law(*variables)
        else:
            found = (law.pmf if hasattr(law, "pmf") else law.pdf)(variables[0])
    except (TypeError, ValueError, NotImplementedError, AttributeError) as reason:
        raise DeclarationError(
            f"SymPy gives no density of {variable} ({reason}); write it down and give it to StatisticalModel"
        ) from reason
    found = found.doit()
    if found.has(*_BY_HAND):
        raise DeclarationError(
            f"SymPy has the density of {variable} only as a sum or an integral, {found}; a closed expression is "
            f"needed: give it to StatisticalModel, or give numbers to the arguments that keep it open"
        )
    return found


def _on_simplex(
    law: Any, density: sp.Expr, support: dict[sp.Symbol, sp.Set]
) -> tuple[sp.Expr, dict[sp.Symbol, sp.Set]]:
    """A law on sum c_i x_i = n, x_i >= 0, in all variables but one of c_i = 1, with iterated sets; others as they are.

    SymPy writes the equation as the condition of a Piecewise, and leaves it out where the variables are continuous.
    """
    from sympy.stats.joint_rv_types import MultivariateBetaDistribution

    variables = tuple(support)
    equation = next((part for p in density.atoms(sp.Piecewise) for _, part in p.args if isinstance(part, sp.Eq)), None)
    if isinstance(law, MultivariateBetaDistribution):
        excess = sp.Add(*variables) - 1
    elif equation is not None and equation.free_symbols <= set(variables):
        excess = sp.expand(equation.lhs - equation.rhs)
        density = density.xreplace({equation: sp.true})
    else:
        return density, support
    weights = [excess.coeff(x) for x in variables]
    total = -excess.subs(dict.fromkeys(variables, 0))
    fixed = max(i for i, weight in enumerate(weights) if weight == 1)
    sets: dict[sp.Symbol, sp.Set] = {}
    rest = total
    for i, (x, weight) in enumerate(zip(variables, weights, strict=True)):
        if i == fixed:
            continue
        discrete = pieces(support[x])[0].discrete
        sets[x] = sp.Range(0, sp.floor(rest / weight) + 1) if discrete else sp.Interval.open(0, rest / weight)
        rest = rest - weight * x
    return density.subs(variables[fixed], rest), sets


def _without_indicator(piecewise: sp.Piecewise, support: Mapping[sp.Symbol, sp.Set]) -> sp.Expr:
    """The Piecewise without the branches that the support never or always reaches."""
    kept: list[tuple[sp.Expr, Any]] = []
    for value, condition in piecewise.args:
        holds = _holds(condition, support)
        if holds is not False:
            kept.append((value, sp.true if holds else condition))
        if holds:
            break
    if len(kept) > 1 and kept[-1][0] == 0:  # the last branch but one may hold wherever the ones before do not
        others = sp.Or(*(condition for _, condition in kept[:-1]))
        if _holds(others, support):
            kept = [*kept[:-2], (kept[-2][0], sp.true)]
    return sp.Piecewise(*kept)


def _holds(condition: Boolean, support: Mapping[sp.Symbol, sp.Set]) -> bool | None:
    """Whether a condition on one variable holds on all of its set, on none of it, or None."""
    if condition in (sp.true, sp.false):
        return condition is sp.true
    if len(condition.free_symbols) != 1 or not condition.free_symbols <= set(support):
        return None
    (x,) = condition.free_symbols
    where = support[x]
    if isinstance(where, sp.FiniteSet):
        told = {condition.subs(x, value) for value in where}
        return (told == {sp.true}) if told in ({sp.true}, {sp.false}) else None
    try:
        # a plain real symbol, or SymPy would solve over the assumptions of the variable
        region = condition.xreplace({x: sp.Dummy(real=True)}).as_set()
    except (NotImplementedError, TypeError, AttributeError, ValueError):
        return None
    if where.is_subset(region):
        return True
    return False if where.is_disjoint(region) else None


def _conditions(law: Any, parameters: tuple[sp.Symbol, ...]) -> list[Relational]:
    """The relations that the law lays on its parameters, by SymPy's own check and by positive definite matrices."""
    heard = [h for h in _heard(law, law.args) if isinstance(h, (*_ORDERS, sp.Eq))]
    for p in parameters:
        # some checks ask for p.is_positive and leave no relation: what a negative p violates asks for a positive one
        if p.is_positive is None and p.is_negative is None:
            negative = {p: sp.Dummy(str(p), negative=True)}
            if any(h in (False, sp.false) for h in _heard(law, [a.xreplace(negative) for a in law.args])):
                heard.append(p > 0)
    for matrix in (a for a in law.args if isinstance(a, sp.MatrixBase) and a.is_square and a.rows > 1):
        minors = (matrix[:i, :i].det() for i in range(1, matrix.rows + 1))
        heard.extend(r for r in (sp.expand(m) > 0 for m in minors) if isinstance(r, Relational))
    open_ones = (r for r in heard if not (isinstance(r, sp.Eq) and sp.cancel(r.lhs - r.rhs) == 0))
    return [r for r in dict.fromkeys(open_ones) if r.free_symbols and r.free_symbols <= set(parameters)]


def _heard(law: Any, arguments: Iterable[Any]) -> list[Any]:
    """Every condition that the law's check puts to SymPy's ``_value_check``.

    The check says no more than that the arguments pass, so a copy of it runs with a listener in the place of that
    function. A SymPy that checks in another way leaves nothing to hear: then the symbols' assumptions alone count.
    """
    check = getattr(type(law), "check", None)
    check = getattr(check, "__func__", check)
    handmade = type(law).__name__ in ("ContinuousDistributionHandmade", "DiscreteDistributionHandmade")
    if handmade or not isinstance(check, FunctionType):
        return []  # the check of a density made by hand integrates it
    heard: list[Any] = []

    def listen(condition: Any, message: str) -> bool:
        many = isinstance(condition, Iterable) and not isinstance(condition, sp.Basic)
        heard.extend(condition if many else [condition])
        return True

    copy = FunctionType(
        check.__code__, {**check.__globals__, "_value_check": listen}, None, check.__defaults__, check.__closure__
    )
    own = (law,) if check.__code__.co_varnames[:1] == ("self",) else ()
    try:
        copy(*own, *arguments)
    except (TypeError, ValueError, AttributeError, NotImplementedError):
        return heard
    return [part for h in heard for part in (h.args if isinstance(h, sp.And) else (h,))]


def _domain(
    relations: Iterable[Relational], parameters: tuple[sp.Symbol, ...]
) -> tuple[dict[sp.Symbol, sp.Set], tuple[Relational, ...]]:
    """Relations on one parameter as its set, the others as constraints; assumptions are part of the set."""
    domain: dict[sp.Symbol, sp.Set] = {}
    constraints: list[Relational] = []
    for relation in relations:
        (p, *others) = relation.free_symbols
        region = None
        if not others:
            try:
                region = relation.xreplace({p: sp.Dummy(real=True)}).as_set()
            except (NotImplementedError, TypeError, ValueError):
                region = None
        if region is None:
            constraints.append(relation)
            continue
        try:
            domain[p] = sp.Intersection(domain.get(p, assumed_set(p)), region).interior
        except UnreadableSet as reason:
            raise DomainError(f"the parameter {p}: {reason}") from reason
    return domain, tuple(constraints)
