"""C's spelling of the operations of a graph."""

from __future__ import annotations

from fractions import Fraction

from symgeo.codegen.graph import Node
from symgeo.codegen.printer import ATOM, PRODUCT, Printer, Text, call, nearest

_CONDITIONS = ("boolean", "compare", "and", "or", "not")


class CPrinter(Printer):
    """Operators on double; every number is written as one, so that no quotient is one of integers."""

    target = "c"
    # Compilers warn of && beside || without parentheses: neither level is above the other.
    and_word, and_level = "&&", 12
    or_word, or_level = "||", 12
    squares_once = False  # a square is written as a product, its operand twice

    def _print_number(self, node: Node, args: list[Text]) -> Text:
        value = node.data
        if isinstance(value, Fraction) and max(value.numerator, value.denominator) <= 2**53:
            exact = float(value)
            if Fraction(exact) != value or len(repr(exact)) > 8:
                pieces = (f"{value.numerator}.0", f"/ {value.denominator}.0")
                return Text(" ".join(pieces), PRODUCT, pieces)
        text = nearest(value)
        if text in ("inf", "nan"):
            text = {"inf": "INFINITY", "nan": "NAN"}[text]
        return Text(text, ATOM)

    def _print_boolean(self, node: Node, args: list[Text]) -> Text:
        return Text(str(int(node.data)), ATOM)

    def _print_sqrt(self, node: Node, args: list[Text]) -> Text:
        return call("sqrt({0})", args)

    def _print_pow(self, node: Node, args: list[Text]) -> Text:
        return call("pow({0}, {1})", args)

    def _print_not(self, node: Node, args: list[Text]) -> Text:
        return Text(f"!{args[0].within(ATOM)}", ATOM)

    def _print_select(self, node: Node, args: list[Text]) -> Text:
        value, condition, otherwise = (a.text for a in args)
        return Text(f"({condition} ? {value} : {otherwise})", ATOM)


class BranchlessPrinter(CPrinter):
    """Conditions whose parts are all evaluated, so that compilers can vectorise loops with many of them."""

    and_word, or_word = "&", "|"


def is_condition(node: Node) -> bool:
    """Whether the node's value is an int, true or false."""
    return node.kind in _CONDITIONS
