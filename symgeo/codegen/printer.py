"""From a graph to the text of statements: what all target languages have in common.

Every operand is printed with the precedence its place asks for, so the text means what the graph says. Nodes
read more than once, and those whose text would grow too long, become assignments to temporaries. A target language is
a subclass: numbers, powers, choices and the joining words are its own.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

import sympy as sp

from symgeo.codegen.graph import Graph, Node
from symgeo.codegen.identifiers import Names
from symgeo.codegen.special_functions import CONSTANTS

# A subexpression longer than this gets a line of its own.
INLINE_LENGTH = 64

ATOM, POWER, PRODUCT, SUM, COMPARISON = 100, 60, 40, 30, 20


class Text(NamedTuple):
    """A printed node.

    ``pieces`` are what a long line may be broken between; ``plain`` tells that Python's own numbers compute
    it, which raise an error where NumPy's give inf or nan.
    """

    text: str
    precedence: int
    pieces: tuple[str, ...] = ()
    plain: bool = False

    def within(self, precedence: int) -> str:
        """The text as an operand where anything below ``precedence`` needs parentheses."""
        return self.text if self.precedence >= precedence else f"({self.text})"


class Statement(NamedTuple):
    """``target`` is the name of a temporary, or None for an output; ``output`` is the output's node.

    ``node`` is what was printed.
    """

    target: str | None
    value: Text
    output: int | None
    node: Node


class Printer(ABC):
    """Prints nodes in ascending order; operands are always printed before.

    ``and_level`` and ``or_level`` are the precedences of the conjunctions ``and_word`` and ``or_word``.
    """

    target: str
    and_word, and_level = "&", 26
    or_word, or_level = "|", 24
    squares_once = True  # whether a square names its operand once only, as a power does

    def __init__(self, graph: Graph, symbols: Mapping[sp.Basic, str]):
        self.graph = graph
        self.symbols = symbols
        self.texts: dict[int, Text] = {}

    def statements(self, outputs: Sequence[int], names: Names) -> Iterator[Statement]:
        """Temporaries, each before its first use, and every distinct output as soon as it is known."""
        nodes = self.graph.nodes
        live = self.graph.live(outputs)
        uses = self.graph.uses(live, self.squares_once)
        wanted = set(outputs)
        # A square that is squared again reads better by a name: t0 = x**2, then t0**2.
        squared = {node.args[0] for node in (nodes[i] for i in live) if is_square(node)}
        for number in live:
            node = nodes[number]
            text = self.print(node)
            named = uses[number] + (number in wanted) > 1 and not self.light(node)
            named |= len(text.text) > INLINE_LENGTH and number not in wanted
            named |= number in squared and is_square(node)
            if named:
                name = names.temporary()
                yield Statement(name, text, None, node)
                text = Text(name, ATOM, plain=text.plain)
            self.texts[number] = text
            if number in wanted:
                yield Statement(None, text, number, node)

    def light(self, node: Node) -> bool:
        """Cheaper to write again than to name: a leaf or its negative."""
        if node.kind == "neg":
            operand = self.texts[node.args[0]]
            return operand.precedence == ATOM and not operand.pieces
        return node.kind in ("number", "boolean", "constant", "symbol")

    def print(self, node: Node) -> Text:
        """The text of one node from the texts of its operands."""
        args = [self.texts[a] for a in node.args]
        return getattr(self, "_print_" + node.kind)(node, args)

    @abstractmethod
    def _print_number(self, node: Node, args: list[Text]) -> Text:
        """A literal that is not negative."""

    @abstractmethod
    def _print_boolean(self, node: Node, args: list[Text]) -> Text:
        """True or false."""

    def _print_constant(self, node: Node, args: list[Text]) -> Text:
        return Text(CONSTANTS[self.target][node.data], ATOM, plain=True)

    def _print_symbol(self, node: Node, args: list[Text]) -> Text:
        return Text(self.symbols[node.data], ATOM)

    def _print_neg(self, node: Node, args: list[Text]) -> Text:
        return Text(self._negated(args[0]), PRODUCT, plain=args[0].plain)

    def _print_add(self, node: Node, args: list[Text]) -> Text:
        terms: list[tuple[int, str]] = []
        for sign, arg in zip(node.data, args, strict=True):
            if arg.precedence == SUM:  # a sum within the sum, from a rewriting: its terms join the others
                terms += [(sign * inner, text) for inner, text in _terms(arg)]
            else:
                terms.append((sign, arg.within(PRODUCT) if terms or sign > 0 else self._negated(arg)[1:]))
        first, *others = terms
        pieces = [first[1] if first[0] > 0 else "-" + first[1]]
        pieces += [("+ " if sign > 0 else "- ") + text for sign, text in others]
        return Text(" ".join(pieces), SUM, tuple(pieces), plain=all(arg.plain for arg in args))

    def _print_mul(self, node: Node, args: list[Text]) -> Text:
        a, b = args
        # Products associate, so a product on the right needs no parentheses; a quotient there does.
        if b.precedence == PRODUCT and b.pieces and not any(piece.startswith("/") for piece in b.pieces):
            right = ("* " + b.pieces[0], *b.pieces[1:])
        else:
            right = ("* " + b.within(PRODUCT + 1),)
        pieces = _left_pieces(a) + right
        return Text(" ".join(pieces), PRODUCT, pieces, a.plain and b.plain)

    def _print_div(self, node: Node, args: list[Text]) -> Text:
        a, b = args
        pieces = (*_left_pieces(a), "/ " + b.within(PRODUCT + 1))
        return Text(" ".join(pieces), PRODUCT, pieces, a.plain and b.plain)

    @abstractmethod
    def _print_sqrt(self, node: Node, args: list[Text]) -> Text:
        """The square root."""

    @abstractmethod
    def _print_pow(self, node: Node, args: list[Text]) -> Text:
        """Base and exponent, real."""

    def _print_call(self, node: Node, args: list[Text]) -> Text:
        return call(node.data[1], args)

    def _print_compare(self, node: Node, args: list[Text]) -> Text:
        return Text(f"{args[0].within(SUM)} {node.data} {args[1].within(SUM)}", COMPARISON)

    def _print_and(self, node: Node, args: list[Text]) -> Text:
        return _chain(self.and_word + " ", args, self.and_level)

    def _print_or(self, node: Node, args: list[Text]) -> Text:
        return _chain(self.or_word + " ", args, self.or_level)

    @abstractmethod
    def _print_not(self, node: Node, args: list[Text]) -> Text:
        """The negation of a condition."""

    @abstractmethod
    def _print_select(self, node: Node, args: list[Text]) -> Text:
        """``args``: value, condition, value otherwise."""

    def _negated(self, a: Text) -> str:
        """Minus in front of a product."""
        return "-" + a.within(PRODUCT)


def is_square(node: Node) -> bool:
    return node.kind == "mul" and node.args[0] == node.args[1]


def nearest(value: int | Fraction | float) -> str:
    """The shortest text of the nearest float, "inf" beyond the largest."""
    try:
        return repr(float(value)).replace("e+", "e")
    except OverflowError:
        return "inf"


def call(template: str, args: Sequence[Text]) -> Text:
    """A spelling from the table with its arguments filled in."""
    texts = [a.text for a in args]
    if template.endswith(")"):
        # The pieces of a call: its opening, then its arguments.
        opening, inner = template[:-1].split("(", 1)
        pieces = (opening + "(", *(part.format(*texts) for part in inner.split(", ")))
        return Text(template.format(*texts), ATOM, pieces)
    return Text(template.format(*texts), ATOM)


def _terms(total: Text) -> list[tuple[int, str]]:
    """The terms of a printed sum with their signs."""
    first, *others = total.pieces
    terms = [(-1, first[1:]) if first.startswith("-") else (1, first)]
    return terms + [(1 if piece.startswith("+") else -1, piece[2:]) for piece in others]


def _left_pieces(a: Text) -> tuple[str, ...]:
    """The pieces of the first factor of a product or quotient."""
    return a.pieces if a.precedence == PRODUCT and a.pieces else (a.within(PRODUCT),)


def _chain(operator: str, args: Sequence[Text], precedence: int) -> Text:
    texts = [a.within(precedence + 1) for a in args]
    pieces = (texts[0], *(operator + t for t in texts[1:]))
    return Text(" ".join(pieces), precedence, pieces)
