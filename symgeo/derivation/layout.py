"""Long formulas on several lines: broken before a plus or a minus, never inside a fraction."""

from __future__ import annotations

from collections.abc import Sequence

from sympy import Expr, Piecewise

from symgeo.derivation.arrange import Product, arranged, ordered_terms
from symgeo.derivation.latex_printer import FieldPrinter, is_indicator, is_tall_text
from symgeo.derivation.steps import Formula
from symgeo.derivation.width import width

# A page of A4 with margins of 25 mm, in em of an 11 point font.
LINE = 41.5
_MOST_CASES = 10
_INDENT = 2.0


def room_beside(formulas: Sequence[Formula]) -> float:
    """How many em a display of these formulas leaves to their right sides, with a margin for error."""
    left = max((width(f.left) for f in formulas), default=0.0)
    relation = max((1.4 if f.relation else 0.3 for f in formulas), default=0.0)
    return 0.97 * (LINE - left - relation)


class Layout:
    """Breaks the printed form of an expression into lines of a given width in em."""

    def __init__(self, printer: FieldPrinter):
        self.printer = printer

    def lines(self, expr: Expr, room: float) -> list[str]:
        """The LaTeX of ``expr`` in lines, none wider than ``room`` unless it cannot be broken."""
        whole = self.printer.doprint(expr)
        if isinstance(expr, Piecewise) and not is_indicator(expr):
            if width(whole) <= room and len(expr.args) <= _MOST_CASES:
                return [whole]
            lines = [line for value, condition in expr.args for line in self._branch(value, condition, room - 1.4)]
            # The lines below the first begin at the relation, the space of which is left free.
            return [lines[0], *(rf"\phantom{{{{}}={{}}}} {line}" for line in lines[1:])]
        if width(whole) <= room:
            return [whole]
        if expr.is_Add:
            return self._sum(expr, room)
        return self._product(expr, room) or [whole]

    def _branch(self, value: Expr, condition: Expr, room: float) -> list[str]:
        """One branch on lines of its own, the condition after the last."""
        *lines, last = self.lines(value, room - 2)
        tail = rf" \quad {self.printer.condition(condition)}"
        return [*lines, last + tail] if width(last + tail) <= room else [*lines, last, rf"\qquad{tail}"]

    def _product(self, expr: Expr, room: float) -> list[str]:
        """A product with one long sum: the rest as a fraction in front, the sum over several lines."""
        product = arranged(expr, self.printer.notation.order)
        if product.exponential is not None and product.exponential.is_Add:
            front = self.printer.product(Product(product.negative, product.numerator, product.denominator))
            return self._sum(product.exponential, room, ("" if front == "1" else front) + r" \exp", True)
        sums = [f for f in product.numerator if f.is_Add]
        if not sums or (len(product.numerator) == 1 and not product.denominator and not product.negative):
            return []
        longest = max(sums, key=lambda f: width(self.printer.doprint(f)))
        rest = tuple(f for f in product.numerator if f is not longest)
        front = self.printer.product(Product(product.negative, rest, product.denominator, product.exponential))
        if front in ("1", "-1"):
            front = front[:-1]
        elif not rest and not product.denominator:
            front = "-" if product.negative else ""
        if width(front) > 0.6 * room:
            return []
        return self._sum(longest, room, front, True, " ".join(map(self.printer.doprint, product.trailing)))

    def _sum(self, expr: Expr, room: float, front: str = "", opened: bool = False, after: str = "") -> list[str]:
        terms = self.printer.terms(expr)
        parts = list(zip(ordered_terms(expr, self.printer.notation.order), terms, strict=True))
        tall = any(is_tall_text(text) for _, (_, text) in parts)
        left, right = (r"\Bigl(", r"\Bigr)") if tall else (r"\bigl(", r"\bigr)")
        lines: list[str] = []
        line = f"{front} {left}" if opened else front
        limit = room
        for n, (term, (sign, text)) in enumerate(parts):
            piece = (("-" if sign == "-" else "") if n == 0 else f" {sign} ") + text
            if n == 0 and width(line) + width(piece) > limit:
                head, *more = self.lines(-term if sign == "-" else term, limit - width(line) - 1.5)
                *done, line = [line + ("-" if sign == "-" else "") + head, *more]
                lines += done
                continue
            if n == 0 or width(line) + width(piece) + 0.9 <= limit:
                line += piece
                continue
            lines.append(line)
            limit = room - _INDENT
            broken = self._long_term(term, sign, limit)
            lines += broken[:-1]
            line = broken[-1]
        lines.append(f"{line} {right} {after}".rstrip() if opened else line)
        return [lines[0], *(rf"\qquad {{}} {x}" for x in lines[1:])]

    def _long_term(self, term: Expr, sign: str, room: float) -> list[str]:
        positive = -term if sign == "-" else term
        first, *rest = self.lines(positive, room - 1.5)
        return [f"{sign} {first}", *rest]
