"""From a graph to the text of NumPy statements.

Every operand is printed with the precedence its place asks for, so the text means what the graph says. Nodes
read more than once, and those whose text would grow too long, become assignments to temporaries.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

import sympy as sp

from symgeo.codegen.graph import Graph, Node
from symgeo.codegen.identifiers import Names
from symgeo.codegen.special_functions import CONSTANTS

LINE_LENGTH = 110
# A subexpression longer than this gets a line of its own.
INLINE_LENGTH = 64

ATOM, POWER, PRODUCT, SUM, BIT_AND, BIT_OR, COMPARISON = 100, 60, 40, 30, 26, 24, 20
_INDENT = "    "
_SIMPLE_BASE = re.compile(r"[\w.]+")
_POWER_FIRST = re.compile(r"[\w.]+\*\*|\(.*\) \*\* ")
_SAFE_SQUARE = re.compile(r"\d{1,9}|np\.\w+")
_WHOLE = re.compile(r"^(-?\d+)$")
_SIMPLE_EXPONENT = re.compile(r"-?[\w.]+")


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
    """``target`` is the name of a temporary, or None for an output; ``output`` is the output's node."""

    target: str | None
    value: Text
    output: int | None


class NumpyPrinter:
    """Prints nodes in ascending order; operands are always printed before."""

    target = "numpy"

    def __init__(self, graph: Graph, symbols: Mapping[sp.Basic, str]):
        self.graph = graph
        self.symbols = symbols
        self.texts: dict[int, Text] = {}

    def statements(self, outputs: Sequence[int], names: Names) -> Iterator[Statement]:
        """Temporaries, each before its first use, and every distinct output as soon as it is known."""
        nodes = self.graph.nodes
        live = self.graph.live(outputs)
        uses = self.graph.uses(live)
        wanted = set(outputs)
        # A square that is squared again reads better by a name: t0 = x**2, then t0**2.
        squared = {node.args[0] for node in (nodes[i] for i in live) if _is_square(node)}
        for number in live:
            node = nodes[number]
            text = self.print(node)
            named = uses[number] + (number in wanted) > 1 and not self._light(node)
            named |= len(text.text) > INLINE_LENGTH and number not in wanted
            named |= number in squared and _is_square(node)
            if named:
                name = names.temporary()
                yield Statement(name, text, None)
                text = Text(name, ATOM, plain=text.plain)
            self.texts[number] = text
            if number in wanted:
                yield Statement(None, text, number)

    def _light(self, node: Node) -> bool:
        """Cheaper to write again than to name: a leaf or its negative."""
        if node.kind == "neg":
            operand = self.texts[node.args[0]]
            return operand.precedence == ATOM and not operand.pieces
        return node.kind in ("number", "boolean", "constant", "symbol")

    def print(self, node: Node) -> Text:
        """The text of one node from the texts of its operands."""
        args = [self.texts[a] for a in node.args]
        return getattr(self, "_print_" + node.kind)(node, args)

    def _print_number(self, node: Node, args: list[Text]) -> Text:
        return literal(node.data)

    def _print_boolean(self, node: Node, args: list[Text]) -> Text:
        return Text(f"np.bool_({node.data})", ATOM)

    def _print_constant(self, node: Node, args: list[Text]) -> Text:
        return Text(CONSTANTS[node.data][self.target], ATOM, plain=True)

    def _print_symbol(self, node: Node, args: list[Text]) -> Text:
        return Text(self.symbols[node.data], ATOM)

    def _print_neg(self, node: Node, args: list[Text]) -> Text:
        return Text(_negated(args[0]), PRODUCT, plain=args[0].plain)

    def _print_add(self, node: Node, args: list[Text]) -> Text:
        terms: list[tuple[int, str]] = []
        for sign, arg in zip(node.data, args, strict=True):
            if arg.precedence == SUM:  # a sum within the sum, from a rewriting: its terms join the others
                terms += [(sign * inner, text) for inner, text in _terms(arg)]
            else:
                terms.append((sign, arg.within(PRODUCT) if terms or sign > 0 else _negated(arg)[1:]))
        first, *others = terms
        pieces = [first[1] if first[0] > 0 else "-" + first[1]]
        pieces += [("+ " if sign > 0 else "- ") + text for sign, text in others]
        text = " ".join(pieces)
        if all(arg.plain for arg in args):
            return Text(f"np.float64({text})", ATOM)
        return Text(text, SUM, tuple(pieces))

    def _print_mul(self, node: Node, args: list[Text]) -> Text:
        a, b = args
        plain = a.plain and b.plain
        if _is_square(node) and not (plain and not _SAFE_SQUARE.fullmatch(a.text)):
            return _power(a, Text("2", ATOM, plain=True))
        # Products associate, so a product on the right needs no parentheses; a quotient there does.
        if b.precedence == PRODUCT and b.pieces and not any(piece.startswith("/") for piece in b.pieces):
            right = ("* " + b.pieces[0], *b.pieces[1:])
        else:
            right = ("* " + b.within(PRODUCT + 1),)
        pieces = _left_pieces(a) + right
        return Text(" ".join(pieces), PRODUCT, pieces, plain)

    def _print_div(self, node: Node, args: list[Text]) -> Text:
        a, b = args
        pieces = (*_left_pieces(a), "/ " + b.within(PRODUCT + 1))
        return Text(" ".join(pieces), PRODUCT, pieces, a.plain and b.plain)

    def _print_sqrt(self, node: Node, args: list[Text]) -> Text:
        return _call("np.sqrt({0})", args)

    def _print_pow(self, node: Node, args: list[Text]) -> Text:
        base, exponent = args
        if base.plain and exponent.plain:
            # Python's own power of two numbers could be complex or overflow.
            return _call("np.power(np.float64({0}), {1})", args)
        return _power(base, exponent)

    def _print_call(self, node: Node, args: list[Text]) -> Text:
        return _call(node.data[1], args)

    def _print_compare(self, node: Node, args: list[Text]) -> Text:
        return Text(f"{args[0].within(SUM)} {node.data} {args[1].within(SUM)}", COMPARISON)

    def _print_and(self, node: Node, args: list[Text]) -> Text:
        return _chain("& ", args, BIT_AND)

    def _print_or(self, node: Node, args: list[Text]) -> Text:
        return _chain("| ", args, BIT_OR)

    def _print_not(self, node: Node, args: list[Text]) -> Text:
        return _call("np.logical_not({0})", args)

    def _print_select(self, node: Node, args: list[Text]) -> Text:
        # Whole numbers as floats: NumPy's integers would refuse negative powers and wrap around.
        value, condition, otherwise = (a._replace(text=_WHOLE.sub(r"\1.0", a.text)) for a in args)
        return _call("np.where({0}, {1}, {2})", (condition, value, otherwise))


def literal(value: int | Fraction | float) -> Text:
    """A number that is not negative. Integers beyond 2**53 and long fractions become the nearest float."""
    if isinstance(value, int) and value <= 2**53:
        return Text(str(value), ATOM, plain=True)
    if isinstance(value, Fraction) and max(value.numerator, value.denominator) <= 2**53:
        exact = float(value)
        if Fraction(exact) == value and len(repr(exact)) <= 8:
            return Text(repr(exact), ATOM, plain=True)
        pieces = (str(value.numerator), f"/ {value.denominator}")
        return Text(" ".join(pieces), PRODUCT, pieces, plain=True)
    try:
        text = repr(float(value))
    except OverflowError:
        text = "inf"
    return Text("np.inf" if text == "inf" else text.replace("e+", "e"), ATOM, plain=True)


def _is_square(node: Node) -> bool:
    return node.kind == "mul" and node.args[0] == node.args[1]


def _negated(a: Text) -> str:
    """Minus in front; a power there gets the parentheses ruff asks for, though Python does not need them."""
    text = a.within(PRODUCT)
    first = a.pieces[0] if a.precedence == PRODUCT and a.pieces else text
    if a.precedence == POWER or (a.precedence == PRODUCT and _POWER_FIRST.match(first)):
        return f"-({first}){text[len(first) :]}"
    return "-" + text


def _terms(total: Text) -> list[tuple[int, str]]:
    """The terms of a printed sum with their signs."""
    first, *others = total.pieces
    terms = [(-1, first[1:]) if first.startswith("-") else (1, first)]
    return terms + [(1 if piece.startswith("+") else -1, piece[2:]) for piece in others]


def _left_pieces(a: Text) -> tuple[str, ...]:
    """The pieces of the first factor of a product or quotient."""
    return a.pieces if a.precedence == PRODUCT and a.pieces else (a.within(PRODUCT),)


def _power(base: Text, exponent: Text) -> Text:
    left, right = base.within(POWER + 1), exponent.within(POWER + 1)
    if exponent.text.startswith("-") and _SIMPLE_EXPONENT.fullmatch(exponent.text):
        right = exponent.text
    simple = _SIMPLE_BASE.fullmatch(left) and _SIMPLE_EXPONENT.fullmatch(right)
    return Text(f"{left}**{right}" if simple else f"{left} ** {right}", POWER, plain=base.plain and exponent.plain)


def _call(template: str, args: Sequence[Text]) -> Text:
    texts = [a.text for a in args]
    if template.endswith(")"):
        # The pieces of a call: its opening, then its arguments.
        opening, inner = template[:-1].split("(", 1)
        pieces = (opening + "(", *(part.format(*texts) for part in inner.split(", ")))
        return Text(template.format(*texts), ATOM, pieces)
    return Text(template.format(*texts), ATOM)


def _chain(operator: str, args: Sequence[Text], precedence: int) -> Text:
    texts = [a.within(precedence + 1) for a in args]
    pieces = (texts[0], *(operator + t for t in texts[1:]))
    return Text(" ".join(pieces), precedence, pieces)


def layout(target: str, value: Text, indent: str = _INDENT) -> list[str]:
    """The lines of ``target = value``: one where it fits, else broken between the pieces as ruff would."""
    return _broken(f"{indent}{target} = ", value, indent)


def layout_call(
    prefix: str, function: str, arguments: Sequence[str], indent: str = _INDENT, end: str = ""
) -> list[str]:
    """The lines of ``prefix function(arguments) end``, broken between the arguments where it is too long."""
    text = f"{function}({', '.join(arguments)})"
    return _broken(indent + prefix, Text(text, ATOM, (function + "(", *arguments)), indent, end)


def _broken(start: str, value: Text, indent: str, end: str = "") -> list[str]:
    line = start + value.text + end
    if len(line) <= LINE_LENGTH or not value.pieces:
        return [line]
    inner = indent + _INDENT
    if value.precedence == ATOM:
        opening, arguments = value.pieces[0], value.pieces[1:]
        one = inner + ", ".join(arguments)
        body = [one] if len(one) <= LINE_LENGTH else [f"{inner}{a}," for a in arguments]
    else:
        opening = "("
        one = inner + value.text
        body = [one] if len(one) <= LINE_LENGTH else [inner + piece for piece in value.pieces]
    return [start + opening, *body, f"{indent}){end}"]
