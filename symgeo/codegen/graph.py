"""A hash-consed graph of elementary operations: equal subexpressions are one node.

A node's operands always have smaller numbers than the node itself, so a pass over the numbers in ascending
order meets every operand before its use, and no pass needs recursion.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

# x**n is written with products up to this n: a product costs a hundredth of a call of pow on arrays.
LARGEST_PRODUCT_POWER = 64
LONGEST_SUM = 256


class Node(NamedTuple):
    """One operation.

    kinds: number (data int, Fraction or float), boolean (data bool), constant (data its name), symbol (data
    the SymPy symbol), neg (a), add (data the signs), mul (a, b), div (a, b), sqrt (a), pow (a, b), call (data
    the row of the function table and the literal arguments that choose its spelling), compare (data the
    operator), and, or, not (a), select (value, condition, value otherwise), guard (condition, a): a, which a
    gradient sees only where the condition holds.
    """

    kind: str
    data: Any
    args: tuple[int, ...]


class Graph:
    """Nodes by number. The constructors normalise signs, share equal nodes and build powers from products."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self._index: dict[tuple, int] = {}

    def _intern(self, kind: str, data: Any, args: tuple[int, ...], key: tuple | None = None) -> int:
        # The type is part of the key because 1 == True == 1.0 for a dictionary.
        full = (kind, type(data), data if key is None else None, args if key is None else key)
        number = self._index.get(full)
        if number is None:
            number = self._index[full] = len(self.nodes)
            self.nodes.append(Node(kind, data, args))
        return number

    def number(self, value: int | Fraction | float) -> int:
        """A literal; a negative one is the negation of its absolute value."""
        if isinstance(value, Fraction) and value.denominator == 1:
            value = value.numerator
        if value < 0:
            return self.neg(self.number(-value))
        if isinstance(value, float) and value != value:
            return self.constant("nan")
        return self._intern("number", value, ())

    def boolean(self, value: bool) -> int:
        return self._intern("boolean", value, ())

    def constant(self, name: str) -> int:
        return self._intern("constant", name, ())

    def symbol(self, symbol: Any) -> int:
        return self._intern("symbol", symbol, ())

    def neg(self, a: int) -> int:
        node = self.nodes[a]
        if node.kind == "neg":
            return node.args[0]
        if node == ("number", 0, ()):
            return a
        return self._intern("neg", None, (a,))

    def _unsigned(self, a: int) -> tuple[int, int]:
        node = self.nodes[a]
        return (-1, node.args[0]) if node.kind == "neg" else (1, a)

    def add(self, terms: Sequence[int]) -> int:
        """Sum of terms in the order given, positive ones first; a sum and its negative share one node."""
        signed = [self._unsigned(t) for t in terms]
        if len(signed) == 1:
            return terms[0]
        if len(terms) > LONGEST_SUM:
            # Python's own compiler recurses into every term of a sum.
            parts = [terms[i : i + LONGEST_SUM] for i in range(0, len(terms), LONGEST_SUM)]
            return self.add([self.add(part) for part in parts])
        # A leading number is moved behind the first positive term: x + 1, but 1 - x.
        signed.sort(key=lambda t: (t[0] < 0, self.nodes[t[1]].kind == "number"))
        key = tuple(sorted((a, s) for s, a in signed))
        opposite = tuple(sorted((a, -s) for s, a in signed))
        found = self._index.get(("add", tuple, None, opposite))
        if found is not None:
            return self.neg(found)
        signs = tuple(s for s, _ in signed)
        return self._intern("add", signs, tuple(a for _, a in signed), key)

    def mul(self, a: int, b: int) -> int:
        """Product of two; signs move outward, 1 disappears."""
        sign_a, a = self._unsigned(a)
        sign_b, b = self._unsigned(b)
        if self.nodes[a] == ("number", 1, ()):
            result = b
        elif self.nodes[b] == ("number", 1, ()):
            result = a
        else:
            result = self._intern("mul", None, (a, b), (min(a, b), max(a, b)))
        return result if sign_a == sign_b else self.neg(result)

    def div(self, a: int, b: int) -> int:
        sign_a, a = self._unsigned(a)
        sign_b, b = self._unsigned(b)
        result = a if self.nodes[b] == ("number", 1, ()) else self._intern("div", None, (a, b))
        return result if sign_a == sign_b else self.neg(result)

    def product(self, factors: Iterable[int]) -> int:
        """Product of many as a chain; factors in one order throughout have their beginnings shared."""
        result = None
        for factor in factors:
            result = factor if result is None else self.mul(result, factor)
        return self.number(1) if result is None else result

    def power(self, a: int, n: int) -> int:
        """a**n for n >= 1 by repeated squaring; every square on the way is shared."""
        if n == 1:
            return a
        if n > LARGEST_PRODUCT_POWER:
            return self._intern("pow", None, (a, self.number(n)))
        if n % 2:
            return self.mul(self.power(a, n - 1), a)
        half = self.power(a, n // 2)
        return self.mul(half, half)

    def sqrt(self, a: int) -> int:
        return self._intern("sqrt", None, (a,))

    def pow(self, a: int, b: int) -> int:
        return self._intern("pow", None, (a, b))

    def call(self, data: Any, args: Sequence[int]) -> int:
        return self._intern("call", data, tuple(args))

    def compare(self, operator: str, a: int, b: int) -> int:
        return self._intern("compare", operator, (a, b))

    def logical(self, kind: str, args: Sequence[int]) -> int:
        """kind "and" or "or" of conditions."""
        return args[0] if len(args) == 1 else self._intern(kind, None, tuple(sorted(args)))

    def logical_not(self, a: int) -> int:
        return self._intern("not", None, (a,))

    def select(self, pairs: Sequence[tuple[int, int]], otherwise: int) -> int:
        """The value of the first (value, condition) pair whose condition holds, as nested choices."""
        for value, condition in reversed(pairs):
            otherwise = self._intern("select", None, (value, condition, otherwise))
        return otherwise

    def guard(self, condition: int, a: int) -> int:
        """The value of ``a``, constant to a gradient where the condition does not hold."""
        return self._intern("guard", None, (condition, a))

    def copied(self, node: Node) -> int:
        """A node as it is, with operands of this graph."""
        return self._intern(node.kind, node.data, node.args)

    def live(self, outputs: Iterable[int]) -> list[int]:
        """The nodes the outputs need, in ascending order."""
        seen: set[int] = set()
        stack = list(outputs)
        while stack:
            number = stack.pop()
            if number not in seen:
                seen.add(number)
                stack.extend(self.nodes[number].args)
        return sorted(seen)

    def uses(self, live: Iterable[int], squares_once: bool = True) -> dict[int, int]:
        """How many operations read each node; a square reads its operand once, unless told otherwise."""
        count: dict[int, int] = {}
        for number in live:
            count.setdefault(number, 0)
            node = self.nodes[number]
            for a in set(node.args) if node.kind == "mul" and squares_once else node.args:
                count[a] = count.get(a, 0) + 1
        return count
