"""The loop over points of a generated C function: temporaries, and assignments to the output.

``values`` is advanced from point to point with ``theta`` and the further arguments; everything is in doubles.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import sympy as sp

from symgeo.codegen.c_helper_texts import needs_gsl
from symgeo.codegen.c_names import c_identifier
from symgeo.codegen.c_printer import BranchlessPrinter, CPrinter, is_condition
from symgeo.codegen.doubt import Exactness
from symgeo.codegen.graph import Node
from symgeo.codegen.identifiers import Names
from symgeo.codegen.kernel import Kernel, Program, program
from symgeo.codegen.layout import LINE_LENGTH
from symgeo.codegen.printer import ATOM, COMPARISON, SUM, Text

# The most components that one statement assigns to.
_LONGEST_CHAIN = 16
STEP = "    "


@dataclass(frozen=True)
class Locals:
    """The identifiers inside a function: its arguments, the strides of the extra ones, the coordinates."""

    names: Names
    extras: Mapping[sp.Basic, str]
    strides: Mapping[sp.Basic, str]
    coordinates: Mapping[sp.Basic, str]
    count: str
    theta: str
    out: str

    @classmethod
    def of(cls, kernel: Kernel, taken: Iterable[str]) -> Locals:
        names = Names(taken, c_identifier)
        extras = names.assign(kernel.extras)
        strides = {symbol: names.fresh(f"{name}_stride") for symbol, name in extras.items()}
        arguments = [names.fresh(name) for name in ("count", "theta", "values")]
        return cls(names, extras, strides, names.assign(kernel.coordinates), *arguments)

    def arguments(self) -> list[str]:
        """The declarations of what a function of many points takes."""
        given = [f"size_t {self.count}", f"const double *{self.theta}"]
        for symbol, extra in self.extras.items():
            given += [f"const double *{extra}", f"size_t {self.strides[symbol]}"]
        return [*given, f"double *{self.out}"]


def restricted(arguments: Iterable[str]) -> list[str]:
    """The declarations of arguments with the promise that no two pointers lead to the same memory."""
    return [argument.replace("*", "*restrict ") for argument in arguments]


def signature_lines(name: str, arguments: Sequence[str], end: str = "") -> list[str]:
    """The opening of a function, ``name`` with its type before it."""
    pieces = [f"{argument}," for argument in arguments[:-1]] + [f"{arguments[-1]}){end}"]
    return wrapped("", [f"{name}({pieces[0]}", *pieces[1:]])


def conditions_first(kernel: Kernel) -> Program:
    """The conditions and then the components as one program."""
    arguments = (*kernel.coordinates, *kernel.extras)
    return program((*kernel.conditions, *kernel.expressions), arguments, "c", kernel.conditions)


def loop(kernel: Kernel, here: Locals, compiled: Program, tests: Exactness | None = None, doubt: str = "") -> list[str]:
    """The loop over points.

    ``compiled`` is the program of `conditions_first`. With ``tests`` of it, ``doubt`` points to a number that is set to
    1 where a value may be wrong, else to 0.
    """
    nodes = compiled.graph.nodes
    used = {nodes[i].data for i in compiled.graph.live(compiled.outputs) if nodes[i].kind == "symbol"}
    used |= set(kernel.bounded)
    symbols = {**here.coordinates, **{symbol: f"{extra}[0]" for symbol, extra in here.extras.items()}}
    inner = 2 * STEP
    printer = (BranchlessPrinter if tests else CPrinter)(compiled.graph, symbols)
    statements = _statements(kernel, here, compiled, printer, tests, doubt)
    steps = [f"--{here.count}", f"{here.theta} += {len(kernel.coordinates)}"]
    steps += [f"{extra} += {here.strides[symbol]}" for symbol, extra in here.extras.items()]
    steps.append(f"{here.out} += {math.prod(kernel.shape)}")
    steps += [f"++{doubt}"] if tests else []
    lines = [f"{STEP}gsl_set_error_handler_off();"] if needs_gsl(statements) else []
    lines += wrapped(STEP, ["for (;", f"{here.count} > 0;", *(f"{step}," for step in steps[:-1]), f"{steps[-1]}) {{"])
    for position, symbol in enumerate(kernel.coordinates):
        if symbol in used:
            lines.append(f"{inner}const double {here.coordinates[symbol]} = {here.theta}[{position}];")
    return [*lines, *statements, f"{STEP}}}"]


def _statements(
    kernel: Kernel, here: Locals, compiled: Program, printer: CPrinter, tests: Exactness | None, doubt: str
) -> list[str]:
    """Temporaries, ``outside``, which is 0 where the conditions hold and NaN elsewhere, and the output from end to end.

    In that order, for memory is written fastest where it is written in its own order.
    """
    inner = 2 * STEP
    conditions = compiled.outputs[: len(kernel.conditions)]
    outputs = compiled.outputs[len(conditions) :]
    values: dict[int, Text] = {}
    lines: list[str] = []
    further = tuple(t for t in tests or () if t is not None)
    for statement in printer.statements((*compiled.outputs, *further), here.names):
        if statement.target is not None:
            kind = "int" if is_condition(statement.node) else "double"
            lines += wrapped(inner, [f"const {kind} {statement.target} =", *_pieces(statement.value, ";")])
        else:
            assert statement.output is not None, "a statement without a target is an output"
            values[statement.output] = statement.value
    outside = here.names.fresh("outside") if kernel.conditions else ""
    if outside:
        inside = [f"isfinite({here.coordinates[s]})" for s in kernel.bounded]
        inside += [f"{printer.texts[o].within(SUM)} > 0.0" for o in dict.fromkeys(conditions)]
        pieces = [inside[0], *(f"&& {test}" for test in inside[1:]), "? 0.0 : NAN;"]
        lines += wrapped(inner, [f"const double {outside} =", *pieces])
    lines += _assignments(inner, here, compiled.graph.nodes, outputs, values, outside)
    if tests and tests.sure is not None:
        pieces = [f"{outside} == 0.0 &"] if outside else []
        if tests.inside is not None:
            pieces = [f"{printer.texts[tests.inside].within(COMPARISON)} &"]
        # A number, not a byte: loops over numbers of one size are vectorised.
        lines += wrapped(inner, [f"*{doubt} =", *pieces, f"!({printer.texts[tests.sure].text}) ? 1.0 : 0.0;"])
    return lines


def _assignments(
    indent: str, here: Locals, nodes: Sequence[Node], outputs: Sequence[int], values: Mapping[int, Text], outside: str
) -> list[str]:
    """``values[0] = values[1] = value;`` and so on; what stands in several places by a name."""
    lines: list[str] = []
    places = Counter(outputs)
    texts: dict[int, Text] = {}
    for output in dict.fromkeys(outputs):
        text = _guarded(nodes[output], values[output], outside)
        if places[output] > 1 and text.precedence != ATOM:
            name = here.names.temporary()
            lines += wrapped(indent, [f"const double {name} =", *_pieces(text, ";")])
            text = Text(name, ATOM)
        texts[output] = text
    for output, run in groupby(enumerate(outputs), key=lambda place: place[1]):
        targets = [f"{here.out}[{index}] =" for index, _ in run]
        for start in range(0, len(targets), _LONGEST_CHAIN):
            lines += wrapped(indent, [*targets[start : start + _LONGEST_CHAIN], *_pieces(texts[output], ";")])
    return lines


def _guarded(node: Node, value: Text, outside: str) -> Text:
    """The value, NaN outside the domain."""
    if not outside:
        return value
    if node.kind == "number" and node.data == 0:
        return Text(outside, ATOM)
    first = value.pieces if value.precedence == SUM else (value.within(SUM),)
    return Text(f"{value.within(SUM)} + {outside}", SUM, (*first, f"+ {outside}"))


def _pieces(value: Text, end: str) -> list[str]:
    """What a line may be broken between."""
    pieces = list(value.pieces or (value.text,))
    if value.precedence == ATOM and value.pieces:
        opening, *arguments = pieces
        pieces = [f"{argument}," for argument in arguments[:-1]] + [f"{arguments[-1]})"]
        pieces[0] = opening + pieces[0]
    pieces[-1] += end
    return pieces


def wrapped(indent: str, pieces: Sequence[str]) -> list[str]:
    """The pieces in lines that are filled up; those after the first are indented further."""
    lines = [indent + pieces[0]]
    for piece in pieces[1:]:
        if len(lines[-1]) + 1 + len(piece) > LINE_LENGTH:
            lines.append(indent + STEP + piece)
        else:
            lines[-1] += " " + piece
    return lines
