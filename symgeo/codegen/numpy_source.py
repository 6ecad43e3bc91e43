"""Stand-alone NumPy modules: readable text that needs nothing of this package."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import sympy as sp

from symgeo.codegen import python_source
from symgeo.codegen.graph import Node
from symgeo.codegen.identifiers import Names
from symgeo.codegen.kernel import Kernel, Program
from symgeo.codegen.layout import LINE_LENGTH, layout, layout_call
from symgeo.codegen.numpy_printer import NumpyPrinter
from symgeo.codegen.python_source import Dialect, Import, Signature

NUMPY = Dialect(
    printer=NumpyPrinter,
    helpers=("numpy_helpers.py",),
    imports=(
        Import("import numpy as np", package="NumPy"),
        Import("from scipy import special", "special", "SciPy"),
    ),
    array="np.asarray({0}, dtype=np.float64)",
    returns="a float64 array",
)


def function_signature(kernel: Kernel, name: str | None = None) -> Signature:
    """The identifiers a kernel's function gets."""
    return python_source.function_signature(NUMPY, kernel, name)


def module_text(kernels: Mapping[str, Kernel], doc: str = "") -> str:
    """One module with a function for each kernel, in the order given."""
    return python_source.module_text(NUMPY, lambda kernel, name: Function.of(kernel, name).text(), kernels, doc)


def module_text_of(function: Function) -> str:
    """The module of one function."""
    return python_source.module_text(NUMPY, lambda *_: function.text(), {function.signature.name: function.kernel})


class Body(NamedTuple):
    """The statements of a function, which write into ``out`` from what ``symbols`` names, those ``used``.

    ``zeros`` tells that some components are zero, which they never write; ``width`` is how many arrays, one number a
    point, they hold.
    """

    lines: tuple[str, ...]
    symbols: Mapping[sp.Basic, str]
    used: frozenset[sp.Basic]
    zeros: bool
    width: int


@dataclass(frozen=True)
class Function:
    """One function of a module: its program, and its text, written when it is asked for."""

    kernel: Kernel
    signature: Signature
    compiled: Program

    @classmethod
    def of(cls, kernel: Kernel, name: str) -> Function:
        """The function of a kernel."""
        return cls(kernel, function_signature(kernel, name), kernel.program("numpy"))

    @functools.cached_property
    def body(self) -> Body:
        """The statements, printed from the program."""
        kernel, signature, compiled = self.kernel, self.signature, self.compiled
        names = Names({*NUMPY.names(), signature.point, *signature.extras.values()})
        symbols: dict[sp.Basic, str] = {**signature.extras, **names.assign(kernel.coordinates)}
        nodes = compiled.graph.nodes
        used = {nodes[i].data for i in compiled.graph.live(compiled.outputs) if nodes[i].kind == "symbol"}
        printer = NumpyPrinter(compiled.graph, symbols)
        lines = assignments(kernel.shape, compiled, printer, names)
        width = len(kernel.expressions) + len(lines)
        if kernel.conditions:
            inside = names.fresh("inside")
            conditions = [printer.texts[o].text for o in compiled.outputs[len(kernel.expressions) :]]
            lines += inside_lines(inside, kernel, symbols, conditions)
            where = f"np.broadcast_to({inside}, leading)" if signature.extras else inside
            lines.append(f"        out[~{where}] = np.nan")
        zeros = any(_is_zero(nodes[o]) for o in compiled.outputs)
        return Body(tuple(lines), symbols, frozenset(used | set(kernel.bounded)), zeros, width)

    def text(self) -> str:
        """The definition of the function that stands alone, without a line break at the end."""
        kernel, signature = self.kernel, self.signature
        lines = python_source.head_lines(NUMPY, kernel, signature)
        lines += python_source.coordinate_lines(kernel, signature, self.body.symbols, set(self.body.used))
        lines += _allocation(kernel, signature, self.body.zeros)
        lines += self._computation()
        # A single point of a scalar function gives a number, not an array without axes.
        lines.append("    return out" if kernel.shape else "    return out[()]")
        return "\n".join(lines)

    def block_text(self) -> str:
        """The definition of a function ``(out, *coordinates, **extras)`` that writes into ``out``, zeros at first."""
        given = ["out", *(self.body.symbols[s] for s in self.kernel.coordinates), *self.signature.extras.values()]
        lines = layout_call("def ", self.signature.name, given, "", ":")
        if self.signature.extras:
            lines.append("    leading = out.shape[:1]")
        return "\n".join([*lines, *(self._computation() or ["    pass"])]) + "\n"

    def _computation(self) -> list[str]:
        return ['    with np.errstate(all="ignore"):', *self.body.lines] if self.body.lines else []


def inside_lines(inside: str, kernel: Kernel, symbols: Mapping[sp.Basic, str], conditions: Iterable[str]) -> list[str]:
    """The statements that give ``inside`` its value: whether the point is where the function is defined."""
    tests = [f"np.isfinite({symbols[s]})" for s in kernel.bounded]
    tests += [f"{condition} > 0" for condition in conditions]
    return [f"        {inside} {'&=' if i else '='} {test}" for i, test in enumerate(tests)]


def assignments(shape: tuple[int, ...], compiled: Program, printer: NumpyPrinter, names: Names) -> list[str]:
    """Temporaries and assignments to the output, scalars first, each output as soon as it is known.

    Outputs beyond those that fill the shape are computed only.
    """
    places: dict[int, list[str]] = {}
    for index, output in zip(_indices(shape), compiled.outputs, strict=False):  # the conditions follow
        places.setdefault(output, []).append(f"out[{', '.join(['...', *map(str, index)])}]")
    indent = " " * 8
    lines: list[str] = []
    for statement in printer.statements(compiled.outputs, names):
        if statement.target is not None:
            lines += layout(statement.target, statement.value, indent)
        elif statement.output in places and not _is_zero(compiled.graph.nodes[statement.output]):
            targets = places[statement.output]
            chain = " = ".join(targets)
            if len(f"{indent}{chain} = {statement.value.text}") <= LINE_LENGTH:
                lines.append(f"{indent}{chain} = {statement.value.text}")
            else:
                lines += layout(targets[0], statement.value, indent)
                lines += [f"{indent}{target} = {targets[0]}" for target in targets[1:]]
    return lines


def _allocation(kernel: Kernel, signature: Signature, zeros: bool) -> list[str]:
    """The output, allocated once with all its axes; components that are zero are never written."""
    leading = python_source.leading_text(signature)
    shape = f"(*{leading}, {', '.join(map(str, kernel.shape))})" if kernel.shape else leading
    lines = python_source.leading_lines("np", signature)
    return [*lines, f"    out = np.{'zeros' if zeros else 'empty'}({shape})"]


def _indices(shape: tuple[int, ...]) -> list[tuple[int, ...]]:
    """All indices, row-major."""
    indices: list[tuple[int, ...]] = [()]
    for size in shape:
        indices = [(*index, i) for index in indices for i in range(size)]
    return indices


def _is_zero(node: Node) -> bool:
    return node.kind == "number" and node.data == 0
