"""What a declaration may hold: lists of symbols, a density of known symbols, branches that some point reaches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sympy as sp

from symgeo.errors import ParameterListError, UnknownSymbolError

if TYPE_CHECKING:
    from sympy import Expr, Symbol


def symbol_list(given: Any, what: str) -> tuple[Symbol, ...]:
    """A symbol or a list of distinct symbols as a tuple; :class:`ParameterListError` for anything else."""
    try:
        symbols = (given,) if isinstance(given, sp.Symbol) else tuple(given)
    except TypeError:
        raise ParameterListError(f"{given!r} is no list of symbols; a {what} is a SymPy Symbol") from None
    if not symbols:
        raise ParameterListError(f"the {what} list is empty; name at least one {what}")
    wrong = [s for s in symbols if not isinstance(s, sp.Symbol)]
    if wrong:
        raise ParameterListError(f"{wrong[0]!r} is no symbol; a {what} is a SymPy Symbol")
    if len(set(symbols)) < len(symbols):
        twice = next(s for s in symbols if symbols.count(s) > 1)
        raise ParameterListError(f"the {what} {twice} is listed twice; list each {what} once")
    return symbols


def check_symbols(density: Expr, variables: tuple[Symbol, ...], parameters: tuple[Symbol, ...]) -> None:
    """Refuse foreign symbols, symbols that are both variable and parameter, and parameters that the density lacks."""
    both = set(variables) & set(parameters)
    if both:
        raise ParameterListError(f"{', '.join(map(str, both))} is listed both as variable and as parameter")
    known = set(variables) | set(parameters)
    unknown = sorted(density.free_symbols - known, key=str)
    if unknown:
        alike = [s for s in known if s.name in {u.name for u in unknown}]
        hint = (
            f" (there is another symbol of that name with other assumptions: use one symbol {alike[0]} throughout)"
            if alike
            else ""
        )
        raise UnknownSymbolError(
            f"the density holds {', '.join(map(str, unknown))}, neither variable nor parameter{hint}; "
            "add it to one of the lists or give it a value"
        )
    idle = [p for p in parameters if p not in density.free_symbols]
    if idle:
        raise ParameterListError(
            f"the density does not depend on the parameter {', '.join(map(str, idle))}; remove it from the list"
        )


def on_points(density: Expr, points: list[dict[Symbol, Expr]]) -> Expr:
    """Over a finite support, drop the branches of each Piecewise that no point reaches and close it with the last."""

    def prune(piece: sp.Piecewise) -> Expr:
        reached = set()
        for point in points:
            holds = [condition.subs(point) for _, condition in piece.args]
            if not all(h in (sp.true, sp.false) for h in holds) or sp.true not in holds:
                return piece
            reached.add(holds.index(sp.true))
        kept = [piece.args[i] for i in sorted(reached)]
        return sp.Piecewise(*kept[:-1], (kept[-1][0], True))

    return density.replace(lambda e: isinstance(e, sp.Piecewise), prune)
