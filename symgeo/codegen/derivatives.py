"""The partial derivatives of a kernel as a kernel.

SymPy's own `diff` asks about signs and zeros at every node, which takes minutes for tensors of a thousand terms. Here
every distinct subexpression is differentiated once, and what nothing simplifies is put together without asking.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import sympy as sp
from sympy.core.function import ArgumentIndexError
from sympy.functions.elementary.piecewise import ExprCondPair
from sympy.logic.boolalg import Boolean

from symgeo.algebra.writing import product
from symgeo.codegen.kernel import Kernel
from symgeo.codegen.lowering import lower_derivative

# Products that the derivatives of a kernel may have; those of nearly all tensors have fewer than a tenth.
MOST_PRODUCTS = 20_000
# Their derivatives are quotients of zeros, or of poles, at whole numbers or at zero, where they themselves are smooth.
_GAMMA_QUOTIENTS = (sp.binomial, sp.RisingFactorial, sp.FallingFactorial)
_SMOOTH_AT_ZERO = (
    *(sp.sinc, sp.Si, sp.Shi, sp.LambertW, sp.polylog, sp.lerchphi),
    *(sp.elliptic_k, sp.elliptic_e, sp.elliptic_f, sp.elliptic_pi),
)
# The derivatives of an expression by the symbols it depends on.
_Slopes = dict[sp.Symbol, sp.Expr]


def derivative(kernel: Kernel, argument: int, most: int = MOST_PRODUCTS) -> Kernel | None:
    """The derivatives of a kernel by its argument of this number: 0 is theta, then come the extras.

    Those by the coordinates stand along a last axis. None where one has no closed form, as at a step or by the order of
    a Bessel function, or where more than ``most`` products would have to be written.
    """
    symbols = kernel.coordinates if argument == 0 else kernel.extras[argument - 1 : argument]
    nodes = list(_ordered(kernel.expressions))
    if _products(nodes, symbols) > most:
        return None
    # Within the domain of a tensor a quotient of zeros has its limit.
    derivation = _Derivation(symbols, limits=bool(kernel.conditions))
    try:
        for node in nodes:
            derivation.enter(node)
    except _NotKnown:
        return None
    slopes = tuple(derivation.slopes[e].get(s, sp.S.Zero) for e in kernel.expressions for s in symbols)
    return replace(kernel, shape=(*kernel.shape, len(symbols)) if argument == 0 else kernel.shape, expressions=slopes)


class _NotKnown(Exception):
    """There is no derivative in closed form."""


class _Derivation:
    """The derivatives of expressions, entered after their operands."""

    def __init__(self, symbols: Sequence[sp.Symbol], limits: bool):
        self.slopes: dict[sp.Basic, _Slopes] = {s: {s: sp.S.One} for s in symbols}
        self._limits = limits

    def enter(self, node: sp.Basic) -> None:
        if node in self.slopes:
            return
        if isinstance(node, sp.Add):
            self.slopes[node] = self._of_sum(node)
        elif isinstance(node, sp.Mul):
            self.slopes[node] = self._of_product(node)
        elif isinstance(node, sp.Pow):
            self.slopes[node] = self._of_power(node)
        elif isinstance(node, sp.Piecewise):
            self.slopes[node] = self._of_pieces(node)
        elif isinstance(node, sp.Function) and type(node)._eval_derivative is sp.Function._eval_derivative:
            self.slopes[node] = self._of_function(node)
        else:
            self.slopes[node] = self._by_sympy(node)

    def _moving(self, operands: Sequence[sp.Basic]) -> list[sp.Symbol]:
        return list(dict.fromkeys(s for a in operands for s in self.slopes[a]))

    def _of_sum(self, node: sp.Add) -> _Slopes:
        found: _Slopes = {}
        for s in self._moving(node.args):
            terms = [slope for a in node.args if (slope := self.slopes[a].get(s)) is not None]
            found[s] = terms[0] if len(terms) == 1 else sp.Add(*terms)
        return _without_zeros(found)

    def _of_product(self, node: sp.Mul) -> _Slopes:
        found: _Slopes = {}
        rests = [(_without(node, i), self.slopes[a]) for i, a in enumerate(node.args) if self.slopes[a]]
        for s in self._moving(node.args):
            found[s] = _sum_of_products([(rest, slopes[s]) for rest, slopes in rests if s in slopes])
        return _without_zeros(found)

    def _of_power(self, node: sp.Pow) -> _Slopes:
        base, exponent = node.args
        outer: list[tuple[sp.Expr, sp.Expr]] = []
        if self.slopes[base]:
            outer.append((base, _multiplied(sp.S.One, [exponent, base ** (exponent - 1)])))
        if self.slopes[exponent]:
            if not base.is_positive:  # a power of zero has a slope that its formula does not give
                raise _NotKnown
            outer.append((exponent, node * sp.log(base)))
        return self._chained(outer)

    def _of_pieces(self, node: sp.Piecewise) -> _Slopes:
        found: _Slopes = {}
        for s in self._moving([value for value, _ in node.args]):
            pairs = [(self.slopes[value].get(s, sp.S.Zero), condition) for value, condition in node.args]
            found[s] = sp.Piecewise(*pairs, evaluate=False)
        return found

    def _of_function(self, node: sp.Function) -> _Slopes:
        outer = [(a, _outer(node, i)) for i, a in enumerate(node.args) if self.slopes[a]]
        if outer and not self._limits and _may_be_quotient_of_zeros(node, [slope for _, slope in outer]):
            raise _NotKnown
        return self._chained(outer)

    def _chained(self, outer: Sequence[tuple[sp.Basic, sp.Expr]]) -> _Slopes:
        """The chain rule: ``outer`` has pairs of an operand and the derivative by it."""
        found: _Slopes = {}
        for s in self._moving([a for a, _ in outer]):
            found[s] = _sum_of_products([(o, self.slopes[a][s]) for a, o in outer if s in self.slopes[a]])
        return _without_zeros(found)

    def _by_sympy(self, node: sp.Basic) -> _Slopes:
        moving = self._moving(_operands(node))
        if not isinstance(node, sp.Expr):
            if moving and not isinstance(node, Boolean | ExprCondPair):  # parameters of a function, in a tuple
                raise _NotKnown
            return {}
        return _without_zeros({s: _known(node.diff(s)) for s in moving})


def _products(nodes: Sequence[sp.Basic], symbols: Sequence[sp.Symbol]) -> int:
    """How many products the derivatives have, by the product rule and the chain rule."""
    depends: dict[sp.Basic, frozenset[sp.Basic]] = {}
    count = 0
    for node in nodes:
        if isinstance(node, sp.Symbol):
            depends[node] = frozenset({node} & set(symbols))
            continue
        parts = [depends[a] for a in _operands(node)]
        depends[node] = frozenset().union(*parts)
        if isinstance(node, sp.Mul | sp.Pow | sp.Function):
            count += sum(map(len, parts))
    return count


def _sum_of_products(pairs: Sequence[tuple[sp.Expr, sp.Expr]]) -> sp.Expr:
    terms = [_multiplied(sp.S.One, pair) for pair in pairs]
    return terms[0] if len(terms) == 1 else sp.Add(*terms)


def _ordered(expressions: Sequence[sp.Expr]) -> Iterator[sp.Basic]:
    """All subexpressions, each once and after its operands."""
    seen: set[sp.Basic] = set()
    stack: list[tuple[sp.Basic, bool]] = [(e, False) for e in reversed(expressions)]
    while stack:
        node, ready = stack.pop()
        if ready:
            yield node
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack += [(a, False) for a in _operands(node)]


def _operands(node: sp.Basic) -> tuple[sp.Basic, ...]:
    # What a derivative is taken by is no operand of it.
    return tuple(node.free_symbols) if isinstance(node, sp.Derivative | sp.Subs) else node.args


def _outer(node: sp.Function, i: int) -> sp.Expr:
    """The derivative of a function by its argument number ``i``, at its arguments."""
    try:
        slope = node.fdiff(i + 1)
    except ArgumentIndexError:  # written as a derivative, which a target may have a function for
        slope = sp.Function.fdiff(node, i + 1)
    return _known(slope)


def _may_be_quotient_of_zeros(node: sp.Function, slopes: Sequence[sp.Expr]) -> bool:
    if isinstance(node, _GAMMA_QUOTIENTS):
        return not all(p.args[1].is_positive for slope in slopes for p in slope.atoms(sp.polygamma))
    return isinstance(node, _SMOOTH_AT_ZERO) and not all(a.is_nonzero for a in node.args)


def _known(slope: sp.Expr) -> sp.Expr:
    """``slope``, if it is a closed form."""
    for part in slope.atoms(sp.Derivative, sp.Subs):
        if lower_derivative(part) is None:
            raise _NotKnown
    if slope.has(sp.DiracDelta, sp.Integral, sp.meijerg, sp.nan):
        raise _NotKnown
    return slope


def _without(node: sp.Mul, i: int) -> sp.Expr:
    rest = (*node.args[:i], *node.args[i + 1 :])
    return rest[0] if len(rest) == 1 else sp.Mul._from_args(rest)


def _multiplied(coefficient: sp.Expr, factors: Sequence[sp.Expr]) -> sp.Expr:
    """A number times expressions, powers of a base as one."""
    powers: dict[sp.Expr, sp.Expr] = {}
    for factor in factors:
        for part in sp.Mul.make_args(factor):
            if part.is_Number:
                coefficient *= part
                continue
            base, exponent = part.args if isinstance(part, sp.Pow) and part.exp.is_Integer else (part, sp.S.One)
            powers[base] = powers.get(base, sp.S.Zero) + exponent
    if not coefficient:
        return sp.S.Zero
    return product(coefficient, [(base, int(e)) for base, e in powers.items()])


def _without_zeros(slopes: _Slopes) -> _Slopes:
    return {s: slope for s, slope in slopes.items() if slope != 0}
