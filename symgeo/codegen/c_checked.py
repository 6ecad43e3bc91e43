"""C functions that tell where doubles do not do: the running error bounds of `doubt.py` beside the values.

Where the signs of terms prove the bounds, the loop over points is that of the source that stands alone. Overflow and
underflow are told by the processor's flags, block by block; a block in which there was one is computed again point by
point, so that each point is judged alone.
"""

from __future__ import annotations

import math

from symgeo.codegen.c_helper_texts import GSL_HEADERS, helpers_of
from symgeo.codegen.c_loop import STEP, Locals, conditions_first, loop, restricted, signature_lines, wrapped
from symgeo.codegen.doubt import exactness
from symgeo.codegen.kernel import Kernel
from symgeo.codegen.squares import with_factored_squares

# The functions of every text: one for the values, and the one that is called.
_VALUES, CHECKED = "symgeo_values", "symgeo_checked"
# Points between two looks at the flags.
_BLOCK = 256
_FLAGS = "FE_DIVBYZERO | FE_INVALID | FE_OVERFLOW | FE_UNDERFLOW"


def checked_text(kernel: Kernel) -> str:
    """A source with the function ``size_t CHECKED(count, theta, extras with their strides, values, doubt)``.

    ``doubt`` points to a zero for every point, which is set to 1 where the values may be wrong; how many those are is
    returned.
    """
    here = Locals.of(kernel, (_VALUES, CHECKED))
    doubt = here.names.fresh("doubt")
    compiled = with_factored_squares(conditions_first(kernel))
    count = len(kernel.conditions)
    tests = exactness(compiled.graph, compiled.outputs[count:], compiled.outputs[:count], target="c")
    writes = tests.sure is not None
    arguments, doubts = here.arguments(), f"double *{doubt}"
    inner = [*arguments, doubts] if writes else arguments
    lines = [*signature_lines(f"static void {_VALUES}", restricted(inner)), "{"]
    lines += [*loop(kernel, here, compiled, tests if writes else None, doubt), "}", ""]
    lines += [*signature_lines(f"size_t {CHECKED}", [*arguments, doubts]), "{"]
    lines += [*_blocks(kernel, here, doubt if writes else "", doubt), "}"]
    definitions = "\n".join(lines)
    helpers = helpers_of(definitions)
    head = "#include <fenv.h>\n#include <math.h>\n#include <stddef.h>\n"
    head += GSL_HEADERS if any("gsl_" in text for text in helpers) else ""
    return "\n\n".join([head.rstrip(), *helpers, definitions]) + "\n"


def _blocks(kernel: Kernel, here: Locals, written: str, doubt: str) -> list[str]:
    """The body of the function that is called; ``written`` is what the loop over points writes besides the values."""
    names = here.names
    first, some, step, again, raised, total = (
        names.fresh(name) for name in ("first", "some", "step", "again", "raised", "total")
    )
    given = [f"{_VALUES}({some}", f"{here.theta} + {len(kernel.coordinates)} * {first}"]
    for symbol, extra in here.extras.items():
        given += [f"{extra} + {here.strides[symbol]} * {first}", here.strides[symbol]]
    given.append(f"{here.out} + {math.prod(kernel.shape)} * {first}")
    given += [f"{written} + {first}"] if written else []
    inner = 2 * STEP
    counted = [
        f"{inner}for (size_t i = {first}; i < {first} + {some}; ++i)",
        f"{inner}{STEP}{total} += {doubt}[i] != 0.0;",
    ]
    return [
        f"{STEP}size_t {first} = 0, {step} = {_BLOCK}, {again} = 0, {total} = 0;",
        f"{STEP}feclearexcept({_FLAGS});",
        f"{STEP}while ({first} < {here.count}) {{",
        f"{inner}const size_t {some} = {here.count} - {first} < {step} ? {here.count} - {first} : {step};",
        *wrapped(inner, [*(f"{g}," for g in given[:-1]), f"{given[-1]});"]),
        f"{inner}const int {raised} = fetestexcept({_FLAGS});",
        f"{inner}if ({raised})",
        f"{inner}{STEP}feclearexcept({_FLAGS});",
        f"{inner}if ({raised} && {some} > 1) {{",
        f"{inner}{STEP}{step} = 1;",
        f"{inner}{STEP}{again} = {first} + {some};",
        f"{inner}{STEP}continue;",
        f"{inner}}}",
        f"{inner}if ({raised}{'' if written else f' && ++{total}'})",
        f"{inner}{STEP}{doubt}[{first}] = 1.0;",
        *(counted if written else []),
        f"{inner}{first} += {some};",
        f"{inner}if ({first} >= {again})",
        f"{inner}{STEP}{step} = {_BLOCK};",
        f"{STEP}}}",
        f"{STEP}return {total};",
    ]
