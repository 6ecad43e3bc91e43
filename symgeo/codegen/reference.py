"""Values to many digits by mpmath: slow, and independent of all generated code."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import sympy as sp
from sympy.functions.elementary.piecewise import ExprCondPair
from sympy.logic.boolalg import BooleanFalse, BooleanTrue

from symgeo.codegen.lowering import lower_derivative, unsupported
from symgeo.codegen.special_functions import row_of
from symgeo.errors import UnknownSymbolError

# Digits carried beyond those asked for, and the precision at which cancellation counts as exact.
GUARD_DIGITS = 20
MOST_DIGITS = 500

_ARITHMETIC: dict[type, Callable[..., Any]] = {
    sp.Add: lambda mp, *terms: mp.fsum(terms),
    sp.Mul: lambda mp, *factors: mp.fprod(factors),
    sp.Pow: lambda mp, base, exponent: base**exponent,
}
_LOGIC: dict[type, Callable[..., bool]] = {
    sp.Eq: operator.eq,
    sp.Ne: operator.ne,
    sp.StrictLessThan: operator.lt,
    sp.LessThan: operator.le,
    sp.StrictGreaterThan: operator.gt,
    sp.GreaterThan: operator.ge,
    sp.And: lambda *args: all(args),
    sp.Or: lambda *args: any(args),
    sp.Not: operator.not_,
    sp.Xor: lambda *args: sum(map(bool, args)) % 2 == 1,
    sp.Implies: lambda a, b: not a or b,
    sp.Equivalent: lambda *args: len(set(map(bool, args))) == 1,
    sp.ITE: lambda condition, yes, no: yes if condition else no,
}


def evaluate(expr: sp.Basic, values: Mapping[sp.Basic, Any], digits: int = 50) -> Any:
    """The real value of ``expr`` as an mpmath number; nan outside the real domain and at poles.

    ``values`` gives every symbol a number (an int, float, Fraction, mpmath or SymPy number, taken exactly) or
    a decimal string. Every subexpression must be real: sqrt(-1)**2 is nan here as in the generated functions.
    The precision is raised until two results agree, so cancellation costs no digits.

    Raises UnknownSymbolError for a symbol without a value, UnsupportedFunctionError for a function not in the
    table.
    """
    expr = sp.sympify(expr, strict=True)
    precision = digits + GUARD_DIGITS
    result, pole = _at_precision(expr, values, precision)
    while not isinstance(result, bool) and precision < MOST_DIGITS:
        precision += precision // 2
        previous = result
        # A pole may be a small denominator that the precision did not show; the rest stays as it is.
        if not (pole or result.context.isfinite(result)):
            break
        result, pole = _at_precision(expr, values, precision)
        if result and abs(result - previous) * 10**digits < abs(result):
            break
    return result if isinstance(result, bool) else _rounded(result, digits)


def _rounded(value: Any, digits: int) -> Any:
    """``value`` in a context of its own with ``digits`` digits."""
    mp = value.context.clone()
    mp.dps = digits
    return +mp.mpf(value)


def _at_precision(expr: sp.Basic, values: Mapping[sp.Basic, Any], precision: int) -> tuple[Any, bool]:
    """The value, and whether a division by zero was met."""
    import mpmath

    mp = mpmath.mp.clone()
    mp.dps = precision
    memo: dict[sp.Basic, Any] = {symbol: _number(mp, value) for symbol, value in values.items()}
    pole = False
    stack: list[tuple[sp.Basic, bool]] = [(expr, False)]
    while stack:
        node, ready = stack.pop()
        if node in memo:
            continue
        if not ready:
            stack.append((node, True))
            stack += [(child, False) for child in _operands(node) if child not in memo]
            continue
        try:
            memo[node] = _value(mp, node, [memo[a] for a in _operands(node)])
        except ZeroDivisionError:
            memo[node] = mp.nan
            pole = True
    return memo[expr], pole


def _number(mp: Any, value: Any) -> Any:
    """``value`` as an mpmath number, exactly where it is rational or binary."""
    if isinstance(value, sp.Rational):
        return mp.mpf(int(value.p)) / mp.mpf(int(value.q))
    if isinstance(value, sp.Float):
        return mp.mpf(value._mpf_)
    if isinstance(value, sp.Expr):
        named = {sp.oo: mp.inf, -sp.oo: -mp.inf, sp.nan: mp.nan, sp.zoo: mp.nan}
        return named[value] if value in named else mp.mpf(value.evalf(mp.dps)._mpf_)
    if isinstance(value, (int, Fraction)) or hasattr(value, "numerator"):
        return mp.mpf(int(value.numerator)) / mp.mpf(int(value.denominator))
    return mp.mpf(value if isinstance(value, (str, mp.mpf)) else float(value))


def _operands(node: sp.Basic) -> tuple[sp.Basic, ...]:
    if isinstance(node, sp.Contains):
        return (node.args[1].as_relational(node.args[0]),)
    if isinstance(node, sp.Derivative | sp.Subs):
        form = lower_derivative(node)
        if form is None:
            raise unsupported(type(node).__name__, "mpmath")
        return (form,)
    return node.args


def _value(mp: Any, node: sp.Basic, args: list[Any]) -> Any:
    """The value of one node from the values of its operands; complex values and poles are nan."""
    if isinstance(node, (sp.Tuple, ExprCondPair)):
        return tuple(args)
    if isinstance(node, (BooleanTrue, BooleanFalse)):
        return bool(node)
    if isinstance(node, sp.Contains | sp.Derivative | sp.Subs):
        return args[0]
    if isinstance(node, sp.Piecewise):
        return next((value for value, condition in args if condition), mp.nan)
    if type(node) in _LOGIC:
        return _LOGIC[type(node)](*args)
    if isinstance(node, sp.Symbol):
        raise UnknownSymbolError(f"the symbol {node} has no value: add it to the values")
    if isinstance(node, (sp.Number, sp.NumberSymbol)) or node is sp.zoo:
        return _number(mp, node)
    if any(isinstance(a, mp.mpf) and mp.isnan(a) for a in args):
        return mp.nan
    function = _ARITHMETIC.get(type(node)) or _function(mp, node)
    try:
        value = function(mp, *args)
    except (ValueError, OverflowError):  # mpmath's answer to poles of special functions
        return mp.nan
    return mp.re(value) if mp.im(value) == 0 else mp.nan


def _function(mp: Any, node: sp.Basic) -> Callable[..., Any]:
    row = row_of(node)
    if row is None or row.mpmath is None:
        raise unsupported(type(node).__name__, "mpmath")
    if callable(row.mpmath):
        return row.mpmath
    function = getattr(mp, row.mpmath)
    return lambda mp, *args: function(*args)
