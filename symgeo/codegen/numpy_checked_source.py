"""NumPy functions that tell where doubles do not do: the running error bounds of `doubt.py` beside the values."""

from __future__ import annotations

import sympy as sp

from symgeo.codegen.doubt import exactness
from symgeo.codegen.identifiers import Names
from symgeo.codegen.kernel import Kernel, Program
from symgeo.codegen.layout import layout_call
from symgeo.codegen.numpy_printer import NumpyPrinter
from symgeo.codegen.numpy_source import NUMPY, assignments, inside_lines
from symgeo.codegen.python_source import Signature
from symgeo.codegen.squares import with_factored_squares

_INDENT = " " * 8


def tested_text(kernel: Kernel, signature: Signature, compiled: Program, everywhere: bool) -> tuple[str, int]:
    """A function ``(out, sure, outside, *coordinates, *extras)`` and how many arrays it holds.

    It fills ``out``, which comes as zeros; ``sure`` comes as true, ``outside`` as false. With ``everywhere`` the bounds
    take nothing for granted. ``compiled`` is the kernel's program for NumPy.
    """
    compiled = with_factored_squares(compiled)
    count = len(kernel.expressions)
    tests = exactness(compiled.graph, compiled.outputs[:count], compiled.outputs[count:], everywhere)
    names = Names({*NUMPY.names(), "sure", "outside", *signature.extras.values()})
    symbols: dict[sp.Basic, str] = {**signature.extras, **names.assign(kernel.coordinates)}
    printer = NumpyPrinter(compiled.graph, symbols)
    further = tuple(t for t in (tests.sure, tests.inside) if t is not None)
    outputs = (*compiled.outputs, *further)
    body = assignments(kernel.shape, Program(compiled.graph, outputs), printer, names)
    width = len(body) + count
    texts = printer.texts
    if tests.sure is not None:
        body.append(f"{_INDENT}sure[...] = {texts[tests.sure].text}")
    if tests.inside is not None:
        body.append(f"{_INDENT}outside[...] = ~({texts[tests.inside].text})")
    if kernel.conditions:
        inside = names.fresh("inside")
        body += inside_lines(inside, kernel, symbols, [texts[o].text for o in compiled.outputs[count:]])
        if tests.inside is None:
            body.append(f"{_INDENT}outside[...] = ~{inside}")
        where = f"np.broadcast_to({inside}, out.shape[:1])" if signature.extras else inside
        body.append(f"{_INDENT}out[~{where}] = np.nan")
    given = ["out", "sure", "outside", *(symbols[s] for s in (*kernel.coordinates, *signature.extras))]
    lines = [*layout_call("def ", signature.name, given, "", ":"), *(body or [f"{_INDENT}pass"])]
    return "\n".join(lines) + "\n", width
