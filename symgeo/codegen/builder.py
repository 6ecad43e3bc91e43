"""From SymPy expressions to a graph of elementary operations.

One pass over the distinct subexpressions, without recursion and without any simplification by SymPy: the cost
is linear in the size of the expression as a graph.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

import sympy as sp
from sympy.logic.boolalg import Boolean, BooleanFalse, BooleanFunction, BooleanTrue

from symgeo.codegen.graph import Graph
from symgeo.codegen.lowering import lower_contains, lower_derivative, lower_ite, scaled_sum, unsupported
from symgeo.codegen.special_functions import TABLE, row_of
from symgeo.codegen.stable import Stabilizer
from symgeo.errors import UnknownSymbolError

_CONSTANTS = {sp.pi: "pi", sp.E: "e", sp.EulerGamma: "euler", sp.oo: "inf", sp.nan: "nan", sp.zoo: "nan"}
_COMPARISONS = {
    sp.Eq: "==",
    sp.Ne: "!=",
    sp.StrictLessThan: "<",
    sp.LessThan: "<=",
    sp.StrictGreaterThan: ">",
    sp.GreaterThan: ">=",
}
_DIGITS = 1300  # of constants, as many as `ball_program.py` may ask for
_KNOWN = (
    sp.Add,
    sp.Mul,
    sp.Pow,
    sp.Number,
    sp.NumberSymbol,
    sp.core.numbers.ComplexInfinity,
    sp.core.relational.Relational,
    BooleanFunction,
    BooleanTrue,
    BooleanFalse,
    sp.Contains,
    sp.Piecewise,
    scaled_sum,
)
_REFUSED_REMEDIES = {
    "Derivative": "evaluate it with .doit(); declare symbols real=True if it differentiates Abs, re or im",
    "Integral": "evaluate it with .doit(), or integrate numerically",
    "Sum": "evaluate it with .doit() when its limits are numbers",
    "Product": "evaluate it with .doit() when its limits are numbers",
    "Subs": "evaluate it with .doit()",
    "ImaginaryUnit": "the expression is complex; take its real and imaginary parts first",
    "DiracDelta": "integrate it out first; it has no values",
}


class Builder:
    """Turns expressions into nodes of ``graph``.

    ``leaves`` are the symbols that will have values, ``meanings`` the expressions that further symbols stand for.
    """

    def __init__(self, leaves: Iterable[sp.Basic], target: str, meanings: Mapping[sp.Basic, sp.Expr]):
        self.graph = Graph()
        self.target = target
        self._stabilizer = Stabilizer()
        self._meanings = meanings
        self._memo: dict[sp.Basic, int] = {leaf: self.graph.symbol(leaf) for leaf in leaves}

    def build(self, root: sp.Basic) -> int:
        """The node of ``root``. Raises UnsupportedFunctionError and UnknownSymbolError."""
        memo = self._memo
        stack: list[tuple[sp.Basic, sp.Basic | None, bool]] = [(root, None, False)]
        while stack:
            expr, form, ready = stack.pop()
            if expr in memo:
                continue
            if ready:
                memo[expr] = self._combine(expr) if form is None else memo[form]
                continue
            self._check(expr)
            form = self._lower(expr)
            stack.append((expr, form, True))
            for child in reversed(self._children(expr)) if form is None else (form,):
                if child not in memo:
                    stack.append((child, None, False))
        return memo[root]

    def _check(self, expr: sp.Basic) -> None:
        """Refuse what cannot be expressed before looking inside."""
        if isinstance(expr, sp.Derivative | sp.Subs) and lower_derivative(expr) is not None:
            return
        if not isinstance(expr, _KNOWN) and row_of(expr) is None and expr not in self._meanings:
            raise self._refusal(expr)

    def _lower(self, expr: sp.Basic) -> sp.Basic | None:
        """The expression to build in the place of ``expr``, or None."""
        form = self._stabilizer.form(expr)
        if form is not None:
            return form
        if isinstance(expr, sp.Symbol):
            return self._meanings[expr]
        if isinstance(expr, sp.Derivative | sp.Subs):
            return lower_derivative(expr)
        if isinstance(expr, sp.Contains):
            return lower_contains(*expr.args)
        if isinstance(expr, sp.ITE):
            return lower_ite(*expr.args)
        if isinstance(expr, BooleanFunction) and not isinstance(expr, (sp.And, sp.Or, sp.Not)):
            return expr.to_nnf(simplify=False)
        if isinstance(expr, sp.core.function.Application):
            row = row_of(expr)
            return row.lower(*expr.args) if row and row.lower else None
        return None

    def _children(self, expr: sp.Basic) -> Sequence[sp.Basic]:
        if isinstance(expr, sp.Mul):
            return [_split_power(a)[0] for a in expr.args if not isinstance(a, sp.Number)]
        if isinstance(expr, sp.Pow):
            base, exponent = _split_power(expr)
            return (base,) if exponent is not None else expr.args
        if isinstance(expr, sp.Piecewise):
            return [part for pair in expr.args for part in pair.args]
        if isinstance(expr, scaled_sum):
            return [expr.args[0], *(t for e in expr.args[2::2] for t in sp.Add.make_args(e))]
        return expr.args

    def _combine(self, expr: sp.Basic) -> int:
        graph, memo = self.graph, self._memo
        if isinstance(expr, sp.Add):
            return graph.add([memo[a] for a in expr.args])
        if isinstance(expr, sp.Mul):
            return self._mul(expr.args)
        if isinstance(expr, sp.Pow):
            rational = _split_power(expr)[1] is not None
            return self._mul((expr,)) if rational else graph.pow(*(memo[a] for a in expr.args))
        if expr in _CONSTANTS:
            return graph.constant(_CONSTANTS[expr])
        if isinstance(expr, sp.Number):
            return self._number(expr)
        if isinstance(expr, sp.NumberSymbol):  # Catalan, GoldenRatio, ...
            return graph.number(_to_many_digits(expr))
        if isinstance(expr, (BooleanTrue, BooleanFalse)):
            return graph.boolean(bool(expr))
        if isinstance(expr, sp.Piecewise):
            return self._piecewise(expr)
        if isinstance(expr, scaled_sum):
            return self._scaled_sum(*expr.args)
        if type(expr) in _COMPARISONS:
            return graph.compare(_COMPARISONS[type(expr)], *(memo[a] for a in expr.args))
        if isinstance(expr, (sp.And, sp.Or)):
            kind = "and" if isinstance(expr, sp.And) else "or"
            return graph.logical(kind, [self._condition(a) for a in expr.args])
        if isinstance(expr, sp.Not):
            return graph.logical_not(self._condition(expr.args[0]))
        return self._call(expr)

    def _number(self, value: sp.Number) -> int:
        graph = self.graph
        if isinstance(value, sp.Rational):
            return graph.number(Fraction(int(value.p), int(value.q)))
        if value is sp.S.NegativeInfinity:
            return graph.neg(graph.constant("inf"))
        return graph.number(float(value))

    def _mul(self, args: Sequence[sp.Basic]) -> int:
        """coefficient * product / product: both products are shared apart from the coefficient."""
        graph = self.graph
        above: list[tuple[int, int]] = []  # with the bases, whose order is that of the factors
        below: list[tuple[int, int]] = []
        top, bottom = 1, 1
        for arg in args:
            if isinstance(arg, sp.Rational):
                top, bottom = top * int(arg.p), bottom * int(arg.q)
            elif isinstance(arg, sp.Number):
                node = self._number(arg) if arg not in _CONSTANTS else graph.constant(_CONSTANTS[arg])
                above.append((node, node))
            else:
                base, exponent = _split_power(arg)
                node = self._memo[base]
                if exponent is None:
                    above.append((node, node))
                elif exponent:
                    power = self._rational_power(node, abs(exponent))
                    (above if exponent > 0 else below).append((node, power))
        if max(abs(top), bottom) > 2**53:  # the quotient as one float: its parts could overflow
            factor = graph.number(Fraction(top, bottom))
            above.append((factor, factor))
            top, bottom = 1, 1
        if not below and above and bottom & (bottom - 1) == 0:
            # A half is exact in binary, and a product is cheaper than a quotient.
            return graph.mul(graph.number(Fraction(top, bottom)), graph.product(n for _, n in sorted(above)))
        numerator = graph.mul(graph.number(top), graph.product(n for _, n in sorted(above)))
        return graph.div(numerator, graph.mul(graph.number(bottom), graph.product(n for _, n in sorted(below))))

    def _rational_power(self, node: int, exponent: Fraction) -> int:
        """A positive power: integers by products, halves by sqrt, else pow."""
        graph = self.graph
        if exponent.denominator == 1:
            return graph.power(node, exponent.numerator)
        if exponent.denominator == 2 and exponent <= 8:
            root = graph.sqrt(node)
            whole = exponent.numerator // 2
            return graph.mul(graph.power(node, whole), root) if whole else root
        return graph.pow(node, graph.number(exponent))

    def _condition(self, expr: sp.Basic) -> int:
        """A condition; a number in its place is true where it is not zero."""
        node = self._memo[expr]
        if isinstance(expr, sp.Symbol):
            return self.graph.compare("!=", node, self.graph.number(0))
        return node

    def _piecewise(self, expr: sp.Piecewise) -> int:
        """Pieces after one that always holds are dropped; where none holds the value is nan."""
        pairs: list[tuple[int, int]] = []
        for value, condition in expr.args:
            if condition is sp.true:
                return self.graph.select(pairs, self._memo[value])
            if condition is not sp.false:
                pairs.append((self._memo[value], self._condition(condition)))
        return self.graph.select(pairs, self.graph.constant("nan"))

    def _scaled_sum(self, largest: sp.Expr, *parts: sp.Expr) -> int:
        """Sum of c*exp(e - largest), c and e in turn."""
        graph, memo = self.graph, self._memo
        scale, terms = graph.neg(memo[largest]), []
        call = (TABLE["exp"], TABLE["exp"].spell(self.target, (None,)))
        for c, e in zip(parts[::2], parts[1::2], strict=True):
            exponent = graph.add([*(memo[t] for t in sp.Add.make_args(e) if t), scale])
            terms.append(graph.mul(graph.number(int(c)), graph.call(call, [exponent])))
        return graph.add(terms)

    def _call(self, expr: sp.Function) -> int:
        row = row_of(expr)
        assert row is not None, "checked before"
        args = [self._memo[a] for a in expr.args]
        literals = tuple(a if isinstance(a, sp.Number) else None for a in expr.args)
        if not row.binary:
            return self.graph.call((row, row.spell(self.target, literals)), args)
        call = (row, row.spell(self.target, (None, None)))
        result = args[0]
        for arg in args[1:]:
            result = self.graph.call(call, (result, arg))
        return result

    def _refusal(self, expr: sp.Basic) -> Exception:
        if isinstance(expr, sp.Symbol):
            known = ", ".join(str(leaf) for leaf in self._memo if isinstance(leaf, sp.Symbol)) or "none"
            return UnknownSymbolError(
                f"the symbol {expr} has no value: it is not among the arguments ({known}); add it, and "
                "check that a symbol of the same name was not declared with other assumptions"
            )
        name = type(expr).__name__
        remedy = _REFUSED_REMEDIES.get(name)
        if not isinstance(expr, (sp.Expr, Boolean)):
            remedy = "pass scalar expressions"
        return unsupported(f"{name} in {_shortened(expr)}" if expr.args else name, self.target, remedy)


def _to_many_digits(value: sp.NumberSymbol) -> Fraction:
    """A constant to more digits than anything computes with."""
    found = sp.Rational(value.evalf(_DIGITS))
    return Fraction(int(found.p), int(found.q))


def _split_power(expr: sp.Basic) -> tuple[sp.Basic, Fraction | None]:
    """(base, exponent) when ``expr`` is a power with a rational exponent, else (expr, None)."""
    if isinstance(expr, sp.Pow):
        base, exponent = expr.args
        if isinstance(exponent, sp.Rational):
            return base, Fraction(int(exponent.p), int(exponent.q))
        if isinstance(exponent, sp.Float) and (2 * float(exponent)).is_integer():
            return base, Fraction(float(exponent))
    return expr, None


def _shortened(expr: sp.Basic) -> str:
    text = str(expr)
    return text if len(text) <= 80 else text[:77] + "..."
