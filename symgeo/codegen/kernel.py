"""The frozen description of one array-valued function, and its program."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sympy as sp

from symgeo.codegen import far_out, removable
from symgeo.codegen.builder import Builder
from symgeo.codegen.decided import with_decided_branches
from symgeo.codegen.far_out import Asymptotics, Meanings
from symgeo.codegen.graph import Graph
from symgeo.codegen.horner import with_horner_forms
from symgeo.codegen.looking import kinds_within
from symgeo.codegen.removable import Singularities
from symgeo.errors import ParameterListError, ShapeError


@dataclass(frozen=True)
class Program:
    """All outputs of a function as nodes of one graph; equal outputs are one node."""

    graph: Graph
    outputs: tuple[int, ...]


def program(
    expressions: Sequence[sp.Basic],
    symbols: Iterable[sp.Basic],
    target: str = "numpy",
    positive: Collection[sp.Basic] = (),
) -> Program:
    """The shared program of ``expressions``, functions of ``symbols``.

    Those ``positive`` are so wherever values matter.
    Raises UnsupportedFunctionError where ``target`` cannot express a function and UnknownSymbolError where a
    symbol is not among ``symbols``.
    """
    forms, kinds = list(expressions), kinds_within(expressions)
    meanings: Meanings = {}
    if not kinds.isdisjoint(removable.KINDS):
        singularities = Singularities(meanings)
        forms = [singularities.form(e) for e in forms]
    if not kinds.isdisjoint(far_out.KINDS):
        asymptotics = Asymptotics(meanings)
        forms = [asymptotics.form(e) for e in forms]
    builder = Builder(symbols, target, meanings)
    outputs = [builder.build(form) for form in forms]
    conditions = [o for e, o in zip(expressions, outputs, strict=True) if e in positive]
    return Program(*with_horner_forms(*with_decided_branches(builder.graph, outputs, conditions)))


@dataclass(frozen=True)
class Kernel:
    """A function of the coordinates and of further symbols, with values of shape ``shape``.

    ``expressions`` holds the components in row-major order, ``extras`` the free symbols that are no
    coordinates, ordered by name. Where one of ``conditions`` is not positive, or one of ``bounded`` is not finite, the
    value is nan.
    """

    coordinates: tuple[sp.Symbol, ...]
    extras: tuple[sp.Symbol, ...]
    shape: tuple[int, ...]
    expressions: tuple[sp.Basic, ...]
    name: str = "function"
    doc: str = ""
    conditions: tuple[sp.Expr, ...] = ()
    bounded: tuple[sp.Symbol, ...] = ()

    def flat(self) -> tuple[sp.Basic, ...]:
        """The components in row-major order, as of any tensor."""
        return self.expressions

    def program(self, target: str = "numpy") -> Program:
        """The components and then the conditions as one program, common subexpressions shared."""
        return program(
            (*self.expressions, *self.conditions), (*self.coordinates, *self.extras), target, self.conditions
        )

    @classmethod
    def of(
        cls,
        obj: Any,
        coordinates: Iterable[sp.Symbol] | None = None,
        name: str | None = None,
        doc: str | None = None,
    ) -> Kernel:
        """The kernel of a tensor, a SymPy expression, matrix or array, or a nested sequence of expressions.

        Without ``coordinates``, ``obj.coordinates`` is used. Raises ParameterListError when neither is given
        or the list is not one of distinct symbols, ShapeError when a nested sequence is ragged or
        the components do not fill the shape.
        """
        chart = _coordinates(obj, coordinates)
        conditions = tuple(c for c in getattr(obj, "conditions", ()) if c.free_symbols <= set(chart))
        shape, components = _components(obj)
        if len(components) != math.prod(shape):
            raise ShapeError(
                f"{len(components)} components do not fill the shape {shape}; make .flat() and .shape agree"
            )
        extras = sorted(free_symbols(components) - set(chart), key=lambda s: (s.name, sp.default_sort_key(s)))
        known = {s.name: s for s in chart}
        for symbol in extras:
            if symbol.name in known:
                raise ParameterListError(
                    f"two different symbols are called {symbol.name}: they differ in their assumptions; "
                    "declare the symbol once and use that one both in the expression and in the coordinates"
                )
            known[symbol.name] = symbol
        return cls(
            chart,
            tuple(extras),
            shape,
            components,
            str(name or getattr(obj, "name", None) or "function"),
            str(doc or getattr(obj, "doc", None) or ""),
            conditions,
            chart if conditions else (),
        )


def _coordinates(obj: Any, coordinates: Iterable[sp.Symbol] | None) -> tuple[sp.Symbol, ...]:
    if coordinates is None:
        coordinates = getattr(obj, "coordinates", None)
    if coordinates is None:
        raise ParameterListError(
            f"{type(obj).__name__} does not know its coordinates: pass them, as in lambdify(obj, (k, r))"
        )
    chart = (coordinates,) if isinstance(coordinates, sp.Symbol) else tuple(coordinates)
    for symbol in chart:
        if not isinstance(symbol, sp.Symbol):
            raise ParameterListError(f"coordinates must be SymPy symbols, and {symbol!r} is not one")
    if len(set(chart)) != len(chart):
        raise ParameterListError(f"a coordinate is repeated in {chart}; name each one once")
    return chart


def _components(obj: Any) -> tuple[tuple[int, ...], tuple[sp.Basic, ...]]:
    """Shape and components, row-major."""
    if isinstance(obj, sp.NDimArray):
        obj = obj.tolist() if obj.shape else obj[()]
    elif isinstance(obj, sp.MatrixBase) or (hasattr(obj, "shape") and callable(getattr(obj, "flat", None))):
        shape = tuple(int(n) for n in obj.shape)
        return shape, tuple(sp.sympify(e, strict=True) for e in obj.flat())
    if isinstance(obj, (str, bytes)) or not isinstance(obj, Iterable) or isinstance(obj, sp.Basic):
        return (), (sp.sympify(obj, strict=True),)
    parts = [_components(item) for item in obj]
    shapes = {shape for shape, _ in parts}
    if len(shapes) > 1:
        raise ShapeError(f"the nested sequence is ragged: its parts have the shapes {sorted(shapes)}; make them equal")
    inner = shapes.pop() if shapes else ()
    return (len(parts), *inner), tuple(e for _, components in parts for e in components)


def free_symbols(expressions: Iterable[sp.Basic]) -> set[sp.Symbol]:
    """The symbols in ``expressions``, every distinct subexpression visited once."""
    seen: set[sp.Basic] = set()
    stack = list(expressions)
    symbols: set[sp.Symbol] = set()
    while stack:
        expr = stack.pop()
        if expr not in seen:
            seen.add(expr)
            if isinstance(expr, sp.Symbol):
                symbols.add(expr)
            # Subs binds its variables: only what takes their place is free.
            stack.extend(expr.free_symbols if isinstance(expr, sp.Subs) else expr.args)
    return symbols
