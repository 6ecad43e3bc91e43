"""Python's spelling of the operations of a graph, for any library whose arrays have its operators."""

from __future__ import annotations

import re
from fractions import Fraction

from symgeo.codegen.graph import Node
from symgeo.codegen.printer import ATOM, POWER, PRODUCT, Printer, Text, call, is_square, nearest

_SIMPLE_BASE = re.compile(r"[\w.]+")
_POWER_FIRST = re.compile(r"[\w.]+\*\*|\(.*\) \*\* ")
_SAFE_SQUARE = re.compile(r"\d{1,9}|[a-z]+\.\w+")
_WHOLE = re.compile(r"^(-?\d+)$")
_SIMPLE_EXPONENT = re.compile(r"-?[\w.]+")


class PythonPrinter(Printer):
    """Operators on arrays; what Python's own numbers would compute is kept from raising errors.

    ``module`` is the name of the array library, ``scalar`` makes one of its numbers from a Python number.
    """

    module: str
    scalar: str

    def _print_number(self, node: Node, args: list[Text]) -> Text:
        return literal(node.data, f"{self.module}.inf")

    def _print_boolean(self, node: Node, args: list[Text]) -> Text:
        return Text(f"{self.module}.bool_({node.data})", ATOM)

    def _print_add(self, node: Node, args: list[Text]) -> Text:
        total = super()._print_add(node, args)
        return Text(self.scalar.format(total.text), ATOM) if total.plain else total

    def _print_mul(self, node: Node, args: list[Text]) -> Text:
        a, b = args
        if is_square(node) and not (a.plain and b.plain and not _SAFE_SQUARE.fullmatch(a.text)):
            return _power(a, Text("2", ATOM, plain=True))
        return super()._print_mul(node, args)

    def _print_sqrt(self, node: Node, args: list[Text]) -> Text:
        return call(f"{self.module}.sqrt({{0}})", args)

    def _print_pow(self, node: Node, args: list[Text]) -> Text:
        base, exponent = args
        if base.plain and exponent.plain:
            # Python's own power of two numbers could be complex or overflow.
            return call(f"{self.module}.power({self.scalar}, {{1}})", args)
        return _power(base, exponent)

    def _print_not(self, node: Node, args: list[Text]) -> Text:
        return call(f"{self.module}.logical_not({{0}})", args)

    def _print_select(self, node: Node, args: list[Text]) -> Text:
        # Whole numbers as floats: NumPy's integers would refuse negative powers and wrap around.
        value, condition, otherwise = (a._replace(text=_WHOLE.sub(r"\1.0", a.text)) for a in args)
        return call(f"{self.module}.where({{0}}, {{1}}, {{2}})", (condition, value, otherwise))

    def _negated(self, a: Text) -> str:
        """Minus in front; a power there gets the parentheses ruff asks for, though Python does not need them."""
        text = a.within(PRODUCT)
        first = a.pieces[0] if a.precedence == PRODUCT and a.pieces else text
        if a.precedence == POWER or (a.precedence == PRODUCT and _POWER_FIRST.match(first)):
            return f"-({first}){text[len(first) :]}"
        return "-" + text


def literal(value: int | Fraction | float, infinity: str) -> Text:
    """A number that is not negative. Integers beyond 2**53 and long fractions become the nearest float."""
    if isinstance(value, int) and value <= 2**53:
        return Text(str(value), ATOM, plain=True)
    if isinstance(value, Fraction) and max(value.numerator, value.denominator) <= 2**53:
        exact = float(value)
        if Fraction(exact) == value and len(repr(exact)) <= 8:
            return Text(repr(exact), ATOM, plain=True)
        pieces = (str(value.numerator), f"/ {value.denominator}")
        return Text(" ".join(pieces), PRODUCT, pieces, plain=True)
    text = nearest(value)
    return Text(infinity if text == "inf" else text, ATOM, plain=True)


def _power(base: Text, exponent: Text) -> Text:
    left, right = base.within(POWER + 1), exponent.within(POWER + 1)
    if exponent.text.startswith("-") and _SIMPLE_EXPONENT.fullmatch(exponent.text):
        right = exponent.text
    simple = _SIMPLE_BASE.fullmatch(left) and _SIMPLE_EXPONENT.fullmatch(right)
    return Text(f"{left}**{right}" if simple else f"{left} ** {right}", POWER, plain=base.plain and exponent.plain)
