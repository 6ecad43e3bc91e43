"""Indicator functions written into a density: taken out into the support, or refused where they move.

A density is often typed with its support inside: ``Piecewise((exp(-x), x >= 0), (0, True))`` or
``Heaviside(x) * exp(-x)``. Where the condition is on variables alone it belongs to the support. Where it holds a
parameter, the support (or a jump of the density) moves with that parameter, the model is not regular, and no Fisher
geometry exists for it.
"""

from __future__ import annotations

from collections.abc import Sequence

import sympy as sp
from sympy.core.relational import Relational
from sympy.logic.boolalg import Boolean, BooleanAtom, BooleanFunction

from symgeo.algebra import Field, differential_field
from symgeo.algebra.sets import Segment, UnreadableSet, as_set, intersect, pieces, to_set
from symgeo.errors import DomainError, NoClosedFormError, SupportError
from symgeo.expectation.kinks import Signs, kinks, moving
from symgeo.expectation.sides import Side
from symgeo.models.support import Support

# functions that jump or have a corner where an argument crosses something; Abs is not among them: the Laplace
# density exp(-|x - m|) has a fixed support and its corner is met where expectations are taken
_SWITCHES = (sp.Heaviside, sp.KroneckerDelta, sp.floor, sp.ceiling, sp.frac, sp.Mod, sp.sign, sp.Max, sp.Min)
_CONDITIONS = (Relational, BooleanFunction, sp.Contains)


def split_indicator(
    density: sp.Expr,
    variables: Sequence[sp.Symbol],
    parameters: Sequence[sp.Symbol],
    support: Support,
    field: Field | None = None,
) -> tuple[sp.Expr, Support]:
    """The density without its indicator factors, and the support narrowed by them.

    Factors ``Piecewise((f, condition), (0, True))`` and ``Heaviside(condition)`` become f and a smaller support, where
    each condition is on one variable, or bounds a variable by earlier ones (y > x). A Piecewise with several nonzero
    branches on variables alone stays, and so does a switch that moves with a parameter where the density goes on
    without a jump, as far as that is proven from the signs that ``field`` knows.
    Raises `SupportError` where a switch holds a parameter together with a variable, for DiracDelta, and for
    conditions that cannot be moved into the support; `DomainError` for a switch on parameters alone.
    """
    signs = Signs(field or differential_field())
    density = _almost_everywhere(density, support)
    _refuse_moving(density, set(variables), set(parameters), may_move=_only_bends(density, support, signs))
    factors: list[sp.Expr] = []
    conditions: list[Boolean] = []
    for factor in sp.Mul.make_args(density):
        value, condition = _peel(factor, support)
        factors.append(value)
        conditions.extend(condition)
    if not conditions:
        return density, support
    narrowed = support
    for condition in conditions:
        narrowed = _narrow(narrowed, condition)
    return split_indicator(sp.Mul(*factors), variables, parameters, narrowed, field)


def _almost_everywhere(density: sp.Expr, support: Support) -> sp.Expr:
    """Each Piecewise of one continuous variable without branches over single points, and without a last branch of zero
    where the others leave no more than that."""
    (x, *others) = support.variables
    if others or support.is_discrete(x):
        return density
    ends = [e for piece in support.pieces[0] for e in piece.ends]

    def relaxed(relation: Boolean, strict: bool) -> Boolean:
        """A relation that holds on the whole support as true, any other strict or not."""
        if not isinstance(relation, (sp.StrictGreaterThan, sp.StrictLessThan, sp.GreaterThan, sp.LessThan)):
            return relation
        lower = relation.gts == x and relation.lts == min(ends, key=lambda e: e if e.is_number else sp.oo)
        upper = relation.lts == x and relation.gts == max(ends, key=lambda e: e if e.is_number else -sp.oo)
        kind = sp.Gt if strict else sp.Ge
        return sp.true if lower or upper else kind(relation.gts, relation.lts).canonical

    def reduced(node: sp.Piecewise) -> sp.Expr:
        branches = [(e, c) for e, c in node.args if not (isinstance(c, sp.Eq) and x in c.free_symbols)]
        if len(branches) > 1 and branches[-1] == (0, sp.true):
            last = len(branches) - 2
            held = [
                c.replace(lambda r: isinstance(r, Relational), lambda r, i=i: relaxed(r, i < last))
                for i, (_, c) in enumerate(branches[:-1])
            ]
            if sp.Or(*held) is sp.true:
                branches = [*branches[:-2], (branches[-2][0], sp.true)]
        return sp.Piecewise(*branches)

    return density.replace(lambda e: isinstance(e, sp.Piecewise), reduced)


def _only_bends(density: sp.Expr, support: Support, signs: Signs) -> bool:
    """Whether a density of one continuous variable is positive and without a jump at all of its switches that move."""
    (x, *others) = support.variables
    if others or support.is_discrete(x) or not moving(density, (x,), density.free_symbols - {x}):
        return False
    try:
        places = kinks(density, x, signs)
        for place in () if places is None else places:
            if place.free_symbols:
                below, above = (Side(x, place, turn, signs).limit([density]) for turn in (-1, 1))
                if signs.vanishes(below) or not signs.vanishes(below - above):
                    return False
    except NoClosedFormError:
        return False
    return places is not None


def _refuse_moving(density: sp.Expr, variables: set[sp.Symbol], parameters: set[sp.Symbol], may_move: bool) -> None:
    """Refuse switches that hold parameters; those that hold a variable too are let by where they ``may_move``."""
    joined = {p: _without_switch(p, variables) for p in density.atoms(sp.Piecewise)}
    # A corner may move with a parameter, as in the asymmetric Laplace density; a jump may not.
    density = density.xreplace({p: smooth for p, smooth in joined.items() if smooth is not None})
    for node in sp.preorder_traversal(density):
        if isinstance(node, sp.DiracDelta) or (isinstance(node, sp.Derivative) and node.has(sp.Heaviside)):
            raise SupportError(
                f"{node} is a point mass, which has no density; "
                f"declare a discrete support, or leave the point mass out of the model"
            )
        switch: sp.Basic
        if isinstance(node, (sp.Piecewise, sp.ITE)):
            branches = node.args if isinstance(node, sp.Piecewise) else (node.args[:1],)
            tests = [branch[-1] for branch in branches]
            switch = sp.Tuple(*(test for test in tests if not isinstance(test, BooleanAtom)))
        elif isinstance(node, (*_SWITCHES, *_CONDITIONS)):
            switch = node
        else:
            continue
        symbols = switch.free_symbols
        held = symbols & parameters
        if not held:
            continue
        names = ", ".join(sorted(map(str, held)))
        shown = ", ".join(map(str, switch)) if isinstance(switch, sp.Tuple) else switch
        if symbols & variables:
            if may_move:
                continue
            raise SupportError(
                f"the support or an indicator depends on {names}: the density switches at {shown}. "
                f"symgeo needs a support that does not move with the parameters: fix {names} or reparametrise"
            )
        raise DomainError(
            f"the density switches with the parameters alone at {shown}; keep one branch and declare the range of "
            f"{names} where it holds, as domain={{{names.split(', ')[0]}: ...}} or constraints=(...)"
        )


def _without_switch(node: sp.Piecewise, variables: set[sp.Symbol]) -> sp.Expr | None:
    """The branches of a Piecewise of two that meet without a jump, as a sum; None where it is another one."""
    if len(node.args) != 2 or node.args[1][1] is not sp.true or not isinstance(node.args[0][1], Relational):
        return None
    (first, condition), (second, _) = node.args
    held = condition.free_symbols & variables
    if len(held) != 1:
        return None
    (x,) = held
    border = condition.lhs - condition.rhs
    slope = sp.diff(border, x)
    if slope == 0 or x in slope.free_symbols:
        return None
    cut = sp.cancel(-border.subs(x, 0) / slope)
    field = differential_field()
    left, right = (field(branch.subs(x, cut)) for branch in (first, second))
    return first + second if left and left == right else None


def _peel(factor: sp.Expr, support: Support) -> tuple[sp.Expr, list[Boolean]]:
    """A factor freed of its indicator, and the conditions that were in it."""
    if isinstance(factor, sp.Heaviside):
        return sp.S.One, [factor.args[0] > 0]
    if isinstance(factor, sp.Pow) and isinstance(factor.base, (sp.Heaviside, sp.Piecewise)) and factor.exp.is_positive:
        value, conditions = _peel(factor.base, support)
        return (value**factor.exp, conditions) if conditions else (factor, [])
    if not isinstance(factor, sp.Piecewise):
        return factor, []
    alive = [(value, test) for value, test in factor.args if value != 0]
    # where no branch holds SymPy's value is nan: undefined is outside the support, as zero is
    exhaustive = factor.args[-1][1] is sp.true and factor.args[-1][0] != 0
    if len(alive) == len(factor.args) and exhaustive:
        return (alive[0][0], []) if len(alive) == 1 else (factor, [])
    if len(alive) > 1 and any(support.is_discrete(v) for v in factor.free_symbols & set(support.variables)):
        return factor, []  # a law given value by value
    where: Boolean = sp.false
    earlier: Boolean = sp.true
    for value, test in factor.args:
        if value != 0:
            where = sp.Or(where, sp.And(earlier, test))
        earlier = sp.And(earlier, sp.Not(test))
    if len(alive) == 1:
        return alive[0][0], [where]
    return sp.Piecewise(*alive[:-1], (alive[-1][0], True)), [where]


def _narrow(support: Support, condition: Boolean) -> Support:
    for part in sp.And.make_args(condition):
        if part is sp.true:
            continue
        if part is sp.false:
            raise SupportError(f"the density vanishes everywhere: its condition {condition} never holds")
        symbols = part.free_symbols
        if isinstance(part, sp.Eq) and support.is_discrete(min(symbols, key=str)):
            raise SupportError(
                f"the density vanishes unless {part}; declare that as support=... and leave the condition out"
            )
        if len(symbols) > 1:
            support = _narrow_iterated(support, part)
            continue
        support = _narrow_one(support, next(iter(symbols)), part)
    return support


def _narrow_one(support: Support, variable: sp.Symbol, condition: Boolean) -> Support:
    declared = support.pieces[support.variables.index(variable)]
    try:
        if any(end.free_symbols for piece in declared for end in piece.ends):
            raise UnreadableSet(f"the set of {variable} depends on other variables already")
        # a symbol without assumptions, or SymPy would evaluate x > 0 away or solve over the wrong set
        plain = sp.Dummy(str(variable), real=True)
        replaced = condition.xreplace({variable: plain})
        if replaced is sp.true:
            return support
        common = intersect(declared, pieces(as_set(replaced)))
    except UnreadableSet as reason:
        raise SupportError(
            f"the condition {condition} in the density cannot be moved into the support ({reason}); "
            f"leave it out and declare support={{{variable}: ...}}"
        ) from reason
    if not common:
        raise SupportError(
            f"the condition {condition} in the density leaves nothing of the support {support}; "
            f"correct the condition or the declared support"
        )
    return Support(support.variables, {**support.sets, variable: to_set(common)})


def _narrow_iterated(support: Support, condition: Boolean) -> Support:
    """Move a condition such as y > x into an end of its last variable's set.

    Done only where that end lies within the declared set and the other end is infinite, so that the narrowed set can
    never be empty: an integral from x to a fixed end would turn negative beyond it.
    """
    variable = [v for v in support.variables if v in condition.free_symbols][-1]
    position = support.variables.index(variable)
    narrowed = None
    if isinstance(condition, (sp.StrictGreaterThan, sp.StrictLessThan, sp.GreaterThan, sp.LessThan)):
        excess = sp.expand(condition.gts - condition.lts)
        slope, rest = excess.coeff(variable), excess.coeff(variable, 0)
        (piece, *others) = support.pieces[position]
        if isinstance(piece, Segment) and not others and slope.is_Number and slope != 0:
            bound = -rest / slope
            is_open = not isinstance(condition, (sp.GreaterThan, sp.LessThan))
            if slope > 0 and piece.upper == sp.oo and _at_least(bound, piece.lower, support):
                narrowed = sp.Interval(bound, sp.oo, is_open, True)
            if slope < 0 and piece.lower == -sp.oo and _at_least(-bound, -piece.upper, support):
                narrowed = sp.Interval(-sp.oo, bound, True, is_open)
    if narrowed is None:
        raise SupportError(
            f"the condition {condition} ties several variables together; leave it out of the density and declare "
            f"support={{...}} with ends that use earlier variables, such as {{x: Interval(0, oo), y: Interval(x, oo)}}"
        )
    return Support(support.variables, {**support.sets, variable: narrowed})


def _at_least(bound: sp.Expr, old: sp.Expr, support: Support) -> bool:
    """Whether bound >= old all over the support, as far as the variables' signs tell."""
    if old == -sp.oo:
        return True
    signed = {}
    for variable, (piece, *others) in zip(support.variables, support.pieces, strict=True):
        nonnegative = not others and not piece.ends[0].free_symbols and bool(piece.ends[0] >= 0)
        signed[variable] = sp.Dummy(str(variable), nonnegative=True) if nonnegative else variable
    return bool((bound - old).xreplace(signed).is_nonnegative)
