"""Names for sums that recur in a step's formulas, so that a page shows structure: ``k/D`` where D = ..."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import sympy as sp
from sympy import Expr, Symbol

from symgeo.derivation.latex_printer import FieldPrinter
from symgeo.derivation.layout import room_beside
from symgeo.derivation.names import name_of
from symgeo.derivation.steps import Formula, Step
from symgeo.derivation.width import width

_ARGUMENT_LETTERS = ("S", "U", "V")
_SUM_LETTERS = ("D", "N", "B", "C", "F", "H", "J", "K", "L", "M", "P", "Q", "W", "X", "Y", "Z")
# In em: what a sum must measure to get a name, and what all names of it must save together.
_LEAST = 6.0
_LEAST_ARGUMENT = 4.5
_SAVED = 40.0
_MOST_NAMES = 8


@dataclass(frozen=True)
class ShortStep:
    """A step as it is written down: some sums in ``formulas`` have names, defined here or in an earlier step.

    ``definitions`` are new, ``recalled`` holds (LaTeX name, number of the step that defines it).
    """

    step: Step
    formulas: tuple[Formula, ...]
    definitions: tuple[Formula, ...]
    recalled: tuple[tuple[str, int], ...]


class Abbreviations:
    """The names given so far in one derivation; a name means one thing throughout."""

    def __init__(self, printer: FieldPrinter, tidy: Callable[[Expr], Expr]):
        self.printer = printer
        self.tidy = tidy
        self._known: list[tuple[Expr, Symbol, int]] = []
        self._widths: dict[Expr, float] = {}

    def shorten(self, steps: Iterable[Step]) -> list[ShortStep]:
        """All steps, numbered from one, with names for the sums that recur or do not fit on a line."""
        return [self._short(number, step) for number, step in enumerate(steps, 1)]

    def _short(self, number: int, step: Step) -> ShortStep:
        room = room_beside(step.formulas)
        found = {n: f.expression for n, f in enumerate(step.formulas)}
        places = [n for n, e in found.items() if e is not None]
        expressions = self._with_known([self.tidy(e) for e in found.values() if e is not None])
        for _ in range(_MOST_NAMES):
            chosen = self._candidate(expressions, room)
            if chosen is None:
                break
            symbol = next((name for value, name, _ in self._known if value == chosen), None)
            if symbol is None:
                symbol = self._name(chosen, expressions)
                self._known.append((chosen, symbol, number))
            expressions = [e.xreplace({chosen: symbol}) for e in expressions]
        used = self._used(expressions)
        formulas = list(step.formulas)
        for n, e in zip(places, expressions, strict=True):
            formulas[n] = replace(formulas[n], right=e)
        definitions = [
            Formula(self.printer.doprint(symbol), value)
            for value, symbol, at in reversed(self._known)
            if symbol in used and at == number
        ]
        recalled = [
            (self.printer.doprint(symbol), at) for _, symbol, at in self._known if symbol in used and at < number
        ]
        return ShortStep(step, tuple(formulas), tuple(definitions), tuple(recalled))

    def _with_known(self, expressions: list[Expr]) -> list[Expr]:
        """The names given before, used for all of a step's formulas if a long one among them asks for it."""
        for value, symbol, _ in self._known:
            shorter = [e.xreplace({value: symbol}) for e in expressions]
            if any(
                new != old and old != value and self._width(old) > 15
                for new, old in zip(shorter, expressions, strict=True)
            ):
                expressions = shorter
        return expressions

    def _used(self, expressions: list[Expr]) -> set[Symbol]:
        """The names in the expressions and, through their definitions, in those."""
        used = set().union(*(e.free_symbols for e in expressions)) if expressions else set()
        for value, symbol, _ in reversed(self._known):
            if symbol in used:
                used |= value.free_symbols
        return used

    def _candidate(self, expressions: list[Expr], room: float) -> Expr | None:
        """The sum to name next: an argument that recurs, else the largest saving, else what is in the way."""
        widths = [self._width(e) for e in expressions]
        crowded = max(widths, default=0.0) > room
        arguments: Counter[Expr] = Counter()
        sums: Counter[Expr] = Counter()
        for e in expressions:
            arguments.update(_argument_sums(e))
            sums.update(_inner_sums(e))
        best: tuple[float, str, Expr] | None = None
        for counts, least in ((arguments, _LEAST_ARGUMENT), (sums, _LEAST)):
            for candidate, count in counts.items():
                w = self._width(candidate)
                gain = (count - 1) * w
                if w >= least and gain >= _SAVED and (best is None or (gain, str(candidate)) > best[:2]):
                    best = (gain, str(candidate), candidate)
            if best is not None:
                return best[2]
        if not crowded:
            return None
        for e, w in zip(expressions, widths, strict=True):
            if w > room:
                blocking = [(self._width(s), str(s), s) for s in set(_unbreakable_sums(e))]
                blocking = [b for b in blocking if b[0] > 0.3 * room]
                if blocking:
                    return max(blocking)[2]
        return None

    def _width(self, expr: Expr) -> float:
        if expr not in self._widths:
            self._widths[expr] = width(self.printer.doprint(expr))
        return self._widths[expr]

    def _name(self, value: Expr, expressions: list[Expr]) -> Symbol:
        is_argument = any(value in _argument_sums(e) for e in expressions)
        letter = self.printer.notation.letter(*(_ARGUMENT_LETTERS if is_argument else ()), *_SUM_LETTERS)
        positive = value.is_positive or None
        symbol = sp.Dummy(letter, positive=positive) if positive else sp.Dummy(letter, real=True)
        self.printer.notation.define(symbol, name_of(letter))
        return symbol


def _argument_sums(expr: Expr) -> Iterator[Expr]:
    """Sums of symbols that functions are applied to, each as often as it occurs."""
    for node in sp.preorder_traversal(expr):
        if isinstance(node, sp.Function) and not isinstance(node, sp.Piecewise):
            yield from (a for a in node.args if a.is_Add and all(t.is_Symbol for t in a.args))


def _inner_sums(expr: Expr) -> Iterator[Expr]:
    """Sums inside the expression, each as often as it occurs; not in exponents, nor in conditions."""
    for node in _visible(expr):
        if node.is_Add and node is not expr:
            yield node


def _unbreakable_sums(expr: Expr) -> Iterator[Expr]:
    """Sums that no line is broken in: under a fraction bar or a root, in a function, all factors but one."""
    if expr.is_Add:
        for term in expr.args:
            yield from _unbreakable_sums(term)
        return
    factors = sp.Mul.make_args(expr)
    sums = sorted((f for f in factors if f.is_Add), key=sp.count_ops)
    for f in factors:
        if f in sums[-1:]:
            continue
        inside = f.args[0] if isinstance(f, sp.exp) else f
        yield from (node for node in _visible(inside) if node.is_Add and node is not expr)


def _visible(expr: Expr) -> Iterator[Expr]:
    yield expr
    if isinstance(expr, (sp.Piecewise, sp.exp)) or expr.is_Atom:
        return
    arguments = expr.args[:1] if expr.is_Pow else expr.args
    for a in arguments:
        if isinstance(a, Expr):
            yield from _visible(a)
