"""Sums of products in Horner form: what terms have in common is taken out of them.

Every term is a product that is computed from left to right, x*y*w as (x*y)*w. Terms with the same last factor share it,
x*y*w + z*w = (x*y + z)*w, and what is left of them is treated likewise; the last factor of a quotient is its
denominator, that of powers the smallest of them. This keeps

- the range: but for coefficients of moderate size, all that the new form computes are beginnings of products of the old
  one, powers below its powers, and sums of these. So no product overflows whose factors come in another order, as y*w
  would in (y*w + z)*x, and nothing does where the old form keeps a little away from the largest double;
- the digits: by the distributive law alone, the error stays within a small multiple of u times the sum of the terms'
  sizes, as for the old form, and where the terms are of one sign so are those of every sum within.

Sources: Higham, Accuracy and Stability of Numerical Algorithms (2002), section 5.1, for polynomials of one variable.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import NamedTuple

from symgeo.codegen.graph import Graph, Node

# A quotient costs as much as so many products or sums.
_QUOTIENT = 4
# Coefficients of other sizes are factors like others; these, wherever they are multiplied, move the range by little.
_SMALLEST, _LARGEST = Fraction(1, 2**32), Fraction(2**32)
# Sums within sums of this depth are written as they are.
_DEEPEST = 100


class _Factor(NamedTuple):
    """``base**exponent`` of a product, or with ``below`` a denominator; ``base`` is a node of the old graph."""

    base: int
    exponent: int
    below: bool = False


class _Term(NamedTuple):
    """``sign * coefficient * factors``, the coefficient the node of a positive number of the new graph, or None."""

    sign: int
    coefficient: int | None
    factors: tuple[_Factor, ...]


class _Part(NamedTuple):
    """``sign * coefficient * node`` of the new graph, as in a `_Term`."""

    sign: int
    coefficient: int | None
    node: int


def with_horner_forms(graph: Graph, outputs: Sequence[int]) -> tuple[Graph, tuple[int, ...]]:
    """The same program with sums in Horner form, if that has fewer operations in all; the program as it is if not."""
    forms = _Forms(graph)
    new = forms.build(outputs)
    if not forms.changed or _cost(forms.new, new) >= _cost(graph, outputs):
        return graph, tuple(outputs)
    return forms.new, new


def _cost(graph: Graph, outputs: Iterable[int]) -> int:
    """Arithmetic operations, a quotient counted as several."""
    total = 0
    for number in graph.live(outputs):
        node = graph.nodes[number]
        if node.kind == "add":
            total += len(node.args) - 1 + (node.data[0] < 0)
        elif node.kind in ("mul", "div"):
            total += 1 if node.kind == "mul" else _QUOTIENT
    return total


class _Forms:
    """A graph built anew, ``new``, sum by sum; ``changed`` tells whether any is written otherwise."""

    def __init__(self, old: Graph):
        self.old, self.new = old, Graph()
        self.changed = False
        self._made: dict[int, int] = {}
        self._products: dict[int, tuple[_Factor, ...]] = {}

    def build(self, outputs: Sequence[int]) -> tuple[int, ...]:
        """The outputs in the new graph."""
        new, made = self.new, self._made
        for number in self.old.live(outputs):
            node = self.old.nodes[number]
            args = [made[a] for a in node.args]
            if node.kind == "add":
                made[number] = self._of_sum(node, args)
            elif node.kind == "neg":
                made[number] = new.neg(*args)
            elif node.kind == "mul":
                made[number] = new.mul(*args)
            elif node.kind == "div":
                made[number] = new.div(*args)
            elif node.kind == "call" and node.data[0].name == "exp" and new.nodes[args[0]] == ("number", 0, ()):
                made[number] = new.number(1)
            else:
                made[number] = new.copied(Node(node.kind, node.data, tuple(args)))
        return tuple(made[o] for o in outputs)

    def _of_sum(self, node: Node, args: Sequence[int]) -> int:
        terms = [self._term(sign, a) for sign, a in zip(node.data, node.args, strict=True)]
        like = self._added_up(terms)
        if len(like) < len(terms):
            self.changed = True
            return self._sum(like, 0) if like else self.new.number(0)
        lasts = [t.factors[-1][::2] for t in terms]
        coefficients = [t.coefficient for t in terms if t.coefficient is not None]
        if len(set(lasts)) == len(lasts) and len(set(coefficients)) == len(coefficients):
            return self.new.add([self._signed(sign, a) for sign, a in zip(node.data, args, strict=True)])
        self.changed = True
        return self._sum(terms, 0)

    def _added_up(self, terms: Sequence[_Term]) -> list[_Term]:
        """The terms with exact multiples of one product added up: decided branches leave 2 x - 2 x behind."""
        totals: dict[tuple[_Factor, ...], Fraction] = {}
        for t in terms:
            size = 1 if t.coefficient is None else self.new.nodes[t.coefficient].data
            if not isinstance(size, (int, Fraction)):
                return list(terms)
            totals[t.factors] = totals.get(t.factors, Fraction(0)) + Fraction(t.sign * size)
        return [
            _Term(1 if total > 0 else -1, None if abs(total) == 1 else self.new.number(abs(total)), factors)
            for factors, total in totals.items()
            if total
        ]

    def _term(self, sign: int, number: int) -> _Term:
        """A term of a sum by its factors in the order in which they are multiplied."""
        node = self.old.nodes[number]
        below: tuple[_Factor, ...] = ()
        if node.kind == "div":
            number, below = node.args[0], (_Factor(node.args[1], 1, True),)
            node = self.old.nodes[number]
        if node.kind == "mul":
            first = self.old.nodes[node.args[0]]
            if first.kind == "number" and _SMALLEST <= first.data <= _LARGEST:
                return _Term(sign, self._made[node.args[0]], (*self._product(node.args[1]), *below))
        return _Term(sign, None, (*self._product(number), *below))

    def _product(self, number: int) -> tuple[_Factor, ...]:
        """The factors of a node in the order in which they are multiplied; a product in a product is one factor."""
        found = self._products.get(number)
        if found is None:
            node = self.old.nodes[number]
            found = (_Factor(number, 1),)
            if node.kind == "mul":
                left, right = (self._product(a) for a in node.args)
                if len(left) == 1 < len(right):
                    left, right = right, left
                if len(left) == 1 and left[0].base == right[0].base:
                    found = (_Factor(left[0].base, left[0].exponent + right[0].exponent),)
                else:
                    found = (*left, *(right if len(right) == 1 else (_Factor(node.args[1], 1),)))
            self._products[number] = found
        return found

    def _sum(self, terms: Sequence[_Term], depth: int) -> int:
        """The sum of terms, by their last factors."""
        groups: dict[tuple[int, bool] | None, list[_Term]] = {}
        for term in terms:
            groups.setdefault(term.factors[-1][::2] if term.factors else None, []).append(term)
        parts: list[_Part] = []
        for last, some in groups.items():
            if last is None or len(some) == 1 or depth == _DEEPEST:
                parts += map(self._alone, some)
            else:
                parts.append(self._taken_out(some, depth))
        return self._collected(parts)

    def _taken_out(self, terms: Sequence[_Term], depth: int) -> _Part:
        """The sum of terms with the same last factor."""
        base, _, below = terms[0].factors[-1]
        least = min(t.factors[-1].exponent for t in terms)
        common = terms[0].coefficient if len({t.coefficient for t in terms}) == 1 else None
        sign = max(t.sign for t in terms)
        rest = []
        for t in terms:
            left = t.factors[-1].exponent - least
            factors = (*t.factors[:-1], _Factor(base, left)) if left else t.factors[:-1]
            rest.append(_Term(sign * t.sign, t.coefficient if common is None else None, factors))
        inner, node = self._sum(rest, depth + 1), self._made[base]
        if below:
            return _Part(sign, None, self.new.div(self._times(common, inner), node))
        return _Part(sign, common, self.new.mul(inner, self.new.power(node, least)))

    def _alone(self, term: _Term) -> _Part:
        """A term from its factors."""
        new, found = self.new, None
        coefficient = term.coefficient
        for base, exponent, below in term.factors:
            node = self._made[base]
            if below:
                top = new.number(1) if found is None else found
                found, coefficient = new.div(self._times(coefficient, top), node), None
            else:
                power = new.power(node, exponent)
                found = power if found is None else new.mul(found, power)
        if found is None:
            found, coefficient = new.number(1) if coefficient is None else coefficient, None
        return _Part(term.sign, coefficient, found)

    def _collected(self, parts: Sequence[_Part]) -> int:
        """The sum of parts, those with the same coefficient in a sum of their own."""
        together: dict[int | None, list[_Part]] = {}
        for part in parts:
            together.setdefault(part.coefficient, []).append(part)
        terms = [self._signed(p.sign, p.node) for p in together.pop(None, [])]
        for coefficient, some in together.items():
            sign = max(p.sign for p in some)
            total = self.new.add([self._signed(sign * p.sign, p.node) for p in some])
            terms.append(self._signed(sign, self._times(coefficient, total)))
        return self.new.add(terms)

    def _signed(self, sign: int, node: int) -> int:
        return node if sign > 0 else self.new.neg(node)

    def _times(self, coefficient: int | None, node: int) -> int:
        return node if coefficient is None else self.new.mul(coefficient, node)
