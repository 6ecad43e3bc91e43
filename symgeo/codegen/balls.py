"""Expressions as straight-line programs in ball arithmetic: values with a proven error bound.

A ball is a python-flint ``arb``; its radius grows where digits cancel, so that a result tells how good it is (see
`algebra/ball_values.py`). Functions that are not in the table are evaluated by mpmath through `reference.evaluate`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import sympy as sp
from flint import arb, arb_series, ctx
from sympy.functions.elementary.piecewise import ExprCondPair
from sympy.logic.boolalg import BooleanFalse, BooleanTrue

from symgeo.algebra.ball_values import FUNCTIONS as BALL_FUNCTIONS
from symgeo.codegen.lowering import lower_derivative, unsupported, zeta_derivative
from symgeo.codegen.reference import evaluate

Operation = Callable[..., Any]


def _zeta_derivative(order: arb, s: arb) -> arb:
    whole = order.unique_fmpz()
    if whole is None:
        return arb.nan()
    n = int(whole)
    return arb_series([s, 1], n + 1).zeta()[n] * arb.fac_ui(n)


def _piecewise(*branches: tuple[arb, bool]) -> arb:
    return next((value for value, holds in branches if holds), arb.nan())


FUNCTIONS: dict[type, Operation] = {
    **BALL_FUNCTIONS,
    zeta_derivative: _zeta_derivative,
    sp.Derivative: lambda value: value,
    sp.Subs: lambda value: value,
    # Relations are met at single observations and at exact points, where the midpoints decide.
    sp.Eq: lambda a, b: bool(a.mid() == b.mid()),
    sp.Ne: lambda a, b: bool(a.mid() != b.mid()),
    sp.StrictLessThan: lambda a, b: bool(a.mid() < b.mid()),
    sp.LessThan: lambda a, b: bool(a.mid() <= b.mid()),
    sp.StrictGreaterThan: lambda a, b: bool(a.mid() > b.mid()),
    sp.GreaterThan: lambda a, b: bool(a.mid() >= b.mid()),
    sp.And: lambda *a: all(a),
    sp.Or: lambda *a: any(a),
    sp.Not: lambda a: not a,
    sp.Piecewise: _piecewise,
    ExprCondPair: lambda value, holds: (value, holds),
}


class Program:
    """Several expressions of the same symbols, every shared subexpression computed once.

    The memory of an evaluation holds the symbols' values, then what does not depend on them, then the rest.
    """

    def __init__(self, expressions: Sequence[sp.Basic], symbols: Sequence[sp.Symbol]):
        roots = [sp.sympify(e, strict=True) for e in expressions]
        order, depends = _ordered(roots, symbols)
        self._constants = [node for node in order if not depends[node]]
        varying = [node for node in order if depends[node]]
        self._slots = {node: i for i, node in enumerate((*symbols, *self._constants, *varying))}
        self._first = len(symbols)
        self._operations = [self._compiled(node) for node in varying]
        self._outputs = [self._slots[root] for root in roots]
        self.native = all(type(node) in FUNCTIONS for node in varying)

    def _compiled(self, node: sp.Basic) -> tuple[Operation, tuple[int, ...]]:
        return _operation(node), tuple(self._slots[a] for a in _operands(node))

    def _constant_values(self) -> list[Any]:
        """The constants at the precision that is set now."""
        memory: list[Any] = [None] * self._first
        for node in self._constants:
            if node.args:
                operation, slots = self._compiled(node)
                memory.append(operation(*[memory[i] for i in slots]))
            else:
                memory.append(_atom(node))
        return memory[self._first :]

    def bind(self) -> Callable[[Sequence[arb]], list[arb]]:
        """The function of the symbols' values at the precision that is set now (``flint.ctx``)."""
        constants, operations, outputs = self._constant_values(), self._operations, self._outputs

        def function(values: Sequence[arb]) -> list[arb]:
            memory = [*values, *constants]
            for operation, slots in operations:
                memory.append(operation(*[memory[i] for i in slots]))
            return [memory[i] for i in outputs]

        return function

    def bind_columns(self) -> Callable[[Sequence[list[arb]]], list[list[arb]]]:
        """As `bind`, for many points at once: a list of values per symbol -> a list of values per expression."""
        constants, operations, outputs = self._constant_values(), self._operations, self._outputs

        def function(columns: Sequence[list[arb]]) -> list[list[arb]]:
            memory = [*columns, *([c] * len(columns[0]) for c in constants)]
            for operation, slots in operations:
                memory.append(list(map(operation, *(memory[i] for i in slots))))
            return [memory[i] for i in outputs]

        return function


def _ordered(roots: Sequence[sp.Basic], symbols: Sequence[sp.Symbol]) -> tuple[list[sp.Basic], dict[sp.Basic, bool]]:
    """All nodes but the symbols, operands first, and whether each depends on a symbol."""
    depends: dict[sp.Basic, bool] = dict.fromkeys(symbols, True)
    order: list[sp.Basic] = []
    stack = [(root, False) for root in reversed(roots)]
    while stack:
        node, ready = stack.pop()
        if node in depends:
            continue
        operands = _operands(node)
        if ready or not operands:
            depends[node] = any(depends[a] for a in operands)
            order.append(node)
        else:
            stack.append((node, True))
            stack += [(a, False) for a in reversed(operands)]
    return order, depends


def _operands(node: sp.Basic) -> tuple[sp.Basic, ...]:
    """The arguments that are computed; a whole exponent belongs to the operation."""
    if isinstance(node, sp.Derivative | sp.Subs):
        form = lower_derivative(node)
        if form is None:
            raise unsupported(type(node).__name__, "ball arithmetic")
        return (form,)
    return node.args[:1] if isinstance(node, sp.Pow) and node.exp.is_Integer else node.args


def _operation(node: sp.Basic) -> Operation:
    if isinstance(node, sp.Pow) and node.exp.is_Integer:
        exponent = int(node.exp)
        return (lambda x: x * x) if exponent == 2 else (lambda x: x**exponent)
    known = FUNCTIONS.get(type(node))
    if known is not None:
        return known
    dummies = sp.symbols(f"a:{len(node.args)}", real=True, seq=True)
    unapplied = node.func(*dummies)

    def operation(*args: arb) -> arb:
        if not all(a.is_finite() for a in args):
            return arb.nan()
        return _by_mpmath(unapplied, dict(zip(dummies, map(fraction, args), strict=True)))

    return operation


def _atom(node: sp.Basic) -> Any:
    if isinstance(node, (BooleanTrue, BooleanFalse)):
        return bool(node)
    if isinstance(node, sp.Float):
        node = sp.Rational(node)
    if isinstance(node, sp.Rational):
        return arb(int(node.p)) / int(node.q)
    if node is sp.pi:
        return arb.pi()
    return _by_mpmath(node, {})


def _by_mpmath(expression: sp.Basic, values: dict[sp.Symbol, Fraction]) -> arb:
    digits = ctx.dps
    found = evaluate(expression, values, digits)
    if not found.context.isfinite(found):
        return arb.nan()
    ball = exact(found)
    return ball + arb(0, abs(ball).mid() * arb(10) ** (1 - digits))


def exact(number: Any) -> arb:
    """A float or an mpmath number as a ball of radius zero."""
    if isinstance(number, float):
        return arb(number)
    sign, mantissa, exponent, _ = number._mpf_
    return arb((-int(mantissa) if sign else int(mantissa), int(exponent)))


def fraction(ball: arb) -> Fraction:
    """The midpoint of a ball, exactly."""
    mantissa, exponent = ball.mid().man_exp()
    return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)
