"""Stand-alone modules of pure functions, for array libraries that differentiate: nothing is written in place.

The helper file of such a target has, besides the functions of its column of the table,

- ``_real(x)``: an array of real floating-point numbers; TypeError for complex ones;
- ``_component(value, leading, like)``: a value, which may be a Python number, with all leading axes, in the
  precision of ``like``;
- ``_stacked(components, leading, shape, like)``: such components as an array of shape (*leading, *shape);
- ``_masked(value, inside, axes)``: nan where not ``inside``, for the value, which has ``axes`` more axes, and for its
  derivatives;
- ``_where_taken(condition, x)``: x, constant to a gradient where the condition does not hold (branches.py).
"""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp

from symgeo.codegen import python_source
from symgeo.codegen.branches import with_guarded_branches
from symgeo.codegen.identifiers import Names
from symgeo.codegen.kernel import Kernel, Program
from symgeo.codegen.layout import LINE_LENGTH, layout, layout_call
from symgeo.codegen.printer import ATOM, SUM, Text
from symgeo.codegen.python_printer import PythonPrinter
from symgeo.codegen.python_source import Dialect, Signature

# A component with a longer text gets a line of its own.
_LONG = 80


def module_text(dialect: Dialect, kernels: Mapping[str, Kernel], doc: str = "") -> str:
    """One module with a function for each kernel, in the order given."""
    return python_source.module_text(dialect, lambda k, name: function_text(dialect, k, name), kernels, doc)


def function_text(dialect: Dialect, kernel: Kernel, name: str) -> str:
    """The definition of one function, without a line break at the end."""
    signature = python_source.function_signature(dialect, kernel, name)
    names = Names({*dialect.names(), signature.point, *signature.extras.values()})
    symbols: dict[sp.Basic, str] = {**signature.extras, **names.assign(kernel.coordinates)}
    module = dialect.printer.module
    compiled = with_guarded_branches(kernel.program(dialect.printer.target))
    nodes = compiled.graph.nodes
    used = {nodes[i].data for i in compiled.graph.live(compiled.outputs) if nodes[i].kind == "symbol"}
    used |= set(kernel.bounded)

    lines = python_source.head_lines(dialect, kernel, signature)
    lines += python_source.coordinate_lines(kernel, signature, symbols, used)
    lines += python_source.leading_lines(module, signature)
    printer = dialect.printer(compiled.graph, symbols)
    printer.like = signature.point
    lines += _temporaries(kernel, compiled, printer, names)
    components = [printer.texts[o].text for o in compiled.outputs[: len(kernel.expressions)]]
    tests = [f"{module}.isfinite({symbols[s]})" for s in kernel.bounded]
    tests += [f"({printer.texts[o].within(SUM)} > 0)" for o in compiled.outputs[len(kernel.expressions) :]]
    if not tests:
        return "\n".join([*lines, *_value_lines(kernel, signature, components, "return ")])
    inside, out = names.fresh("inside"), names.fresh("value")
    pieces = (tests[0], *("& " + test for test in tests[1:]))
    lines += layout(inside, Text(" ".join(pieces), SUM, pieces))
    if dialect.masks_components and kernel.shape:
        return "\n".join([*lines, *_value_lines(kernel, signature, components, "return ", inside)])
    lines += _value_lines(kernel, signature, components, f"{out} = ")
    return "\n".join([*lines, f"    return _masked({out}, {inside}, {len(kernel.shape)})"])


def _temporaries(kernel: Kernel, compiled: Program, printer: PythonPrinter, names: Names) -> list[str]:
    """The statements before the end; a component that stands in several places has a name."""
    outputs = compiled.outputs[: len(kernel.expressions)]
    repeated = {o for o in outputs if outputs.count(o) > 1}
    lines: list[str] = []
    for statement in printer.statements(compiled.outputs, names):
        if statement.target is not None:
            lines += layout(statement.target, statement.value)
            continue
        named = statement.value.text.isidentifier() or printer.light(statement.node)
        if len(statement.value.text) > _LONG or (statement.output in repeated and not named):
            assert statement.output is not None, "a statement without a target is an output"
            name = names.temporary()
            lines += layout(name, statement.value)
            printer.texts[statement.output] = Text(name, ATOM)
    return lines


def _value_lines(
    kernel: Kernel, signature: Signature, components: list[str], before: str, inside: str | None = None
) -> list[str]:
    """The statement that puts the components together after the text ``before``, each masked by ``inside``."""
    leading, like = python_source.leading_text(signature), signature.point
    if not kernel.shape:
        return layout_call(before, "_component", [*components, leading, like])
    line = f"    components = [{', '.join(components)}]"
    lines = [line]
    if len(line) > LINE_LENGTH:
        lines = ["    components = [", *(f"        {component}," for component in components), "    ]"]
    if inside:
        lines.append(f"    components = [_masked(component, {inside}, 0) for component in components]")
    shape = ", ".join(map(str, kernel.shape)) + ("," if len(kernel.shape) == 1 else "")
    return [*lines, *layout_call(before, "_stacked", ["components", leading, f"({shape})", like])]
