"""NumPy functions from SymPy expressions."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import sympy as sp

from symgeo.codegen.calls import Arguments, Generated, common_shape, described
from symgeo.codegen.identifiers import Names
from symgeo.codegen.kernel import Kernel, program
from symgeo.codegen.lazy import lazily
from symgeo.codegen.numeric_node import NodeValues
from symgeo.codegen.numpy_checked import Checked
from symgeo.codegen.numpy_printer import NumpyPrinter
from symgeo.codegen.numpy_source import NUMPY, Function, function_signature, module_text_of
from symgeo.errors import ArgumentError, ParameterListError

# Points evaluated at a time: as many as keep the arrays of a program within so many bytes, a processor's cache, but
# enough to hide the cost of a call.
CACHE = 2**22
SMALLEST_BLOCK, LARGEST_BLOCK = 1024, 4096


def numpy_function(expressions: Sequence[sp.Expr], arguments: Sequence[sp.Symbol]) -> Callable[..., list[Any]]:
    """Return ``f(*arrays)`` -> list of float64 arrays, one per expression, of the arguments' common shape.

    Arithmetic is real: outside a function's real domain the value is nan, and nothing warns. Common
    subexpressions are shared over all expressions. Raises UnsupportedFunctionError for a function NumPy and
    SciPy do not have, UnknownSymbolError for a symbol that is no argument, ParameterListError for a repeated
    argument. The function raises ArgumentError (a TypeError) for a wrong number of arguments or complex
    values.
    """
    import numpy as np

    arguments = tuple(arguments)
    if len(set(arguments)) != len(arguments):
        raise ParameterListError(f"an argument is repeated in {arguments}; name each one once")
    expressions = [sp.sympify(e, strict=True) for e in expressions]
    nodes = NodeValues(expressions)
    if nodes.symbols:
        rest = numpy_function(nodes.replaced(expressions), [*arguments, *nodes.symbols.values()])
        evaluate = nodes.evaluator(arguments, numpy_function)
        return lambda *values: rest(*values, *evaluate(*values))
    text = function_text(expressions, arguments)
    body = execute(text, "<symgeo numpy_function>")["function"]
    names = [str(a) for a in arguments]
    described = ", ".join(names)

    def function(*values: Any) -> list[Any]:
        if len(values) != len(names):
            raise ArgumentError(f"expected {len(names)} arguments ({described}), got {len(values)}")
        arrays = [real_array(v, name) for v, name in zip(values, names, strict=True)]
        shape = common_shape([a.shape for a in arrays])
        with np.errstate(all="ignore"):
            results = body(*arrays)
        taken = {id(a) for a in arrays}
        return [_own(r, shape, taken) for r in results]

    function.__doc__ = f"Function of ({described}): a list of {len(expressions)} float64 arrays."
    function.source = text  # type: ignore[attr-defined]
    function.unchecked = body  # type: ignore[attr-defined]
    return function


def unchecked(function: Callable[..., list[Any]]) -> Callable[..., Any]:
    """What a `numpy_function` does with float64 arrays or scalars that broadcast, without checks, to be called under
    ``np.errstate(all="ignore")``: the values may be of fewer axes, or the arguments themselves."""
    return getattr(function, "unchecked", function)


def function_text(expressions: Sequence[sp.Basic], arguments: Sequence[sp.Basic]) -> str:
    """The text of ``def function(...)`` that returns the list of values, without imports."""
    names = Names(["function", *NUMPY.names()])
    symbols = names.assign(arguments)
    compiled = program(expressions, arguments)
    lines = [f"def function({', '.join(symbols[a] for a in arguments)}):"]
    printer = NumpyPrinter(compiled.graph, symbols)
    for statement in printer.statements(compiled.outputs, names):
        if statement.target is not None:
            lines.append(f"    {statement.target} = {statement.value.text}")
    lines.append(f"    return [{', '.join(printer.texts[o].text for o in compiled.outputs)}]")
    return "\n".join(lines) + "\n"


def execute(text: str, origin: str, names: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Run module text written by this package's own printer and return its namespace.

    ``names`` is what is known to it from the start; by default NumPy's helpers.

    This is safe: the printer writes only literals, operators, names it has made itself (identifiers.py) and
    calls from the function table; the only text from outside, names and documentation, goes into string
    literals.
    """
    namespace = dict(_namespace() if names is None else names)
    exec(compile(text, origin, "exec"), namespace)  # noqa: S102  our own text, see above
    return namespace


def execute_checked(text: str, name: str) -> Callable[..., None]:
    """The function of a text of `numpy_checked_source.py`."""
    return execute(text, f"<symgeo {name}, checked>")[name]


@functools.cache
def _namespace() -> dict[str, Any]:
    """What generated functions may use."""
    from symgeo.codegen import numpy_helpers

    return {name: value for name, value in vars(numpy_helpers).items() if not name.startswith("__")}


def real_array(value: Any, name: str) -> Any:
    """``value`` as a float64 array. Raises ArgumentError for complex values and for what is no number."""
    import numpy as np

    try:
        array = value if isinstance(value, np.ndarray) else np.asarray(value)
        if array.dtype == np.float64:
            return array
        if array.dtype.kind in "biuf" or array.dtype.kind == "O":
            return array.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise ArgumentError(f"{name} must be an array of real numbers: {error}") from error
    raise ArgumentError(
        f"{name} must be an array of real numbers, not of {array.dtype}; take its real part if it is one"
    )


def numpy_lambdify(kernel: Kernel, checked: bool = True) -> Callable[..., Any]:
    """The function of a kernel: ``f(theta, **extras)``, theta (..., n) -> (..., *shape), float64.

    ``checked``: values that doubles cannot give are computed with more digits (`numpy_checked.py`).

    Raises ShapeError for a wrong last axis or leading axes that do not broadcast, ArgumentError for missing,
    unknown or complex arguments.
    """
    values = NodeValues(kernel.expressions)
    if values.symbols:
        return _integrating_lambdify(kernel, values)
    written = Function.of(kernel, kernel.name)
    signature = written.signature
    arguments = Arguments(kernel, signature, real_array)
    if checked:
        exactly = Checked(written, execute_checked, block_length)
        function = lambda theta, /, **extras: exactly(*arguments.checked(theta, extras))  # noqa: E731
        return Generated(lazily(function, arguments, kernel.shape), signature, lambda: module_text_of(written))
    text = module_text_of(written)
    return described(lazily(_plain(written, text, arguments), arguments, kernel.shape), signature, text)


def plain_lambdify(obj: Any, coordinates: Iterable[sp.Symbol] | None = None) -> Callable[..., Any]:
    """`lambdify` in doubles alone, for algorithms that look after their errors themselves."""
    return numpy_lambdify(Kernel.of(obj, coordinates), checked=False)


def _plain(written: Function, text: str, arguments: Arguments) -> Callable[..., Any]:
    """The function in doubles alone."""
    kernel, signature = written.kernel, written.signature
    core = execute(text, f"<symgeo {signature.name}>")[signature.name]
    step = block_length(written.body.width)

    fill: Callable[..., None] | None = None

    def function(theta: Any, /, **extras: Any) -> Any:
        nonlocal fill
        theta, given, leading = arguments.checked(theta, extras)
        if math.prod(leading) <= 2 * step:
            return core(theta, **given)
        fill = fill or execute(written.block_text(), f"<symgeo {signature.name}, in blocks>")[signature.name]
        return _in_blocks(fill, theta, given, leading, kernel.shape, step)

    return function


def _integrating_lambdify(kernel: Kernel, nodes: NodeValues) -> Callable[..., Any]:
    """The function of a kernel with numeric nodes: these first, then all else as a function of their values."""
    import numpy as np

    symbols = (*kernel.coordinates, *kernel.extras)
    inner = replace(
        kernel,
        coordinates=(*kernel.coordinates, *nodes.symbols.values()),
        expressions=tuple(nodes.replaced(kernel.expressions)),
    )
    rest = numpy_lambdify(inner, checked=False)  # the integrals are not known to more digits
    evaluate = nodes.evaluator(symbols, numpy_function)
    signature = function_signature(kernel)
    arguments = Arguments(kernel, signature, real_array)

    def function(theta: Any, /, **extras: Any) -> Any:
        theta, given, leading = arguments.checked(theta, extras)
        columns = [np.broadcast_to(theta[..., i], leading) for i in range(theta.shape[-1])]
        found = evaluate(*columns, *(np.broadcast_to(given[k], leading) for k in signature.extras.values()))
        return rest(np.stack([*columns, *found], axis=-1), **given)

    either = lazily(function, arguments, kernel.shape)
    either.__name__ = either.__qualname__ = signature.name
    either.__doc__ = signature.doc + "\n\nHolds expectations without closed form, integrated at every call."
    either.__signature__ = signature.python()  # type: ignore[attr-defined]
    return either


def block_length(width: int) -> int:
    """Points in a block where each point needs ``width`` numbers."""
    return min(max(CACHE // (8 * max(width, 1)), SMALLEST_BLOCK), LARGEST_BLOCK)


def _in_blocks(
    fill: Callable[..., None], theta: Any, extras: dict[str, Any], leading: tuple[int, ...], shape: tuple, step: int
) -> Any:
    """Many points block by block, so that a program's arrays stay in the cache, written where they belong at once."""
    import numpy as np

    size = math.prod(leading)
    flat = np.broadcast_to(theta, leading + theta.shape[-1:]).reshape(size, -1)
    arrays = {name: np.broadcast_to(v, leading).reshape(size) if v.ndim else v for name, v in extras.items()}
    out = np.empty((size, *shape))
    for start in range(0, size, step):
        block = slice(start, start + step)
        # Each coordinate contiguous: the program reads it many times. The zeros are still in the cache when it writes
        # beside them: memory is written once, and not read.
        columns = np.ascontiguousarray(flat[block].T)
        out[block] = 0.0
        fill(out[block], *columns, **{name: v[block] if v.ndim else v for name, v in arrays.items()})
    return out.reshape(leading + shape)


def _own(value: Any, shape: tuple[int, ...], taken: set[int]) -> Any:
    """``value`` as a writable float64 array of ``shape``, none of those ``taken`` (which grows)."""
    import numpy as np

    own = isinstance(value, np.ndarray) and value.base is None and id(value) not in taken
    if own and value.shape == shape and value.dtype == np.float64:
        taken.add(id(value))
        return value
    result = np.empty(shape)
    result[...] = value
    return result
