"""Stand-alone NumPy modules: readable text that needs nothing of this package."""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp

from symgeo.codegen import python_source
from symgeo.codegen.graph import Node
from symgeo.codegen.identifiers import Names
from symgeo.codegen.kernel import Kernel, Program
from symgeo.codegen.layout import LINE_LENGTH, layout
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
    return python_source.module_text(NUMPY, function_text, kernels, doc)


def function_text(kernel: Kernel, name: str) -> str:
    """The definition of one function, without a line break at the end."""
    signature = function_signature(kernel, name)
    names = Names({*NUMPY.names(), signature.point, *signature.extras.values()})
    symbols: dict[sp.Basic, str] = {**signature.extras, **names.assign(kernel.coordinates)}
    compiled = kernel.program("numpy")
    nodes = compiled.graph.nodes
    used = {nodes[i].data for i in compiled.graph.live(compiled.outputs) if nodes[i].kind == "symbol"}
    used |= set(kernel.bounded)

    lines = python_source.head_lines(NUMPY, kernel, signature)
    lines += python_source.coordinate_lines(kernel, signature, symbols, used)
    lines += _allocation(kernel, signature, any(_is_zero(nodes[o]) for o in compiled.outputs))

    printer = NumpyPrinter(compiled.graph, symbols)
    body = _body(kernel, compiled, printer, names)
    if kernel.conditions:
        inside = names.fresh("inside")
        tests = [f"np.isfinite({symbols[s]})" for s in kernel.bounded]
        tests += [f"{printer.texts[o].text} > 0" for o in compiled.outputs[len(kernel.expressions) :]]
        body += [f"        {inside} {'&=' if i else '='} {test}" for i, test in enumerate(tests)]
        where = f"np.broadcast_to({inside}, leading)" if signature.extras else inside
        body.append(f"        out[~{where}] = np.nan")
    if body:
        lines += ['    with np.errstate(all="ignore"):', *body]
    # A single point of a scalar function gives a number, not an array without axes.
    lines.append("    return out" if kernel.shape else "    return out[()]")
    return "\n".join(lines)


def _body(kernel: Kernel, compiled: Program, printer: NumpyPrinter, names: Names) -> list[str]:
    """Temporaries and assignments to the output, scalars first, each output as soon as it is known."""
    places: dict[int, list[str]] = {}
    for index, output in zip(_indices(kernel.shape), compiled.outputs, strict=False):  # the conditions follow
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
