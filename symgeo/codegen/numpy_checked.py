"""Generated NumPy functions that know where doubles do not do, and compute those points with more digits.

Three stages. Values and the error bounds of `doubt.py`, in one program, for all points. For points that are not sure,
and for blocks in which a number overflowed or underflowed, the same bounds without any shortcut. What is not sure then
is evaluated in ball arithmetic with as many digits as it takes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import sympy as sp

from symgeo.codegen.doubt import Exactness, exactness
from symgeo.codegen.identifiers import Names
from symgeo.codegen.kernel import Program
from symgeo.codegen.layout import layout_call
from symgeo.codegen.numpy_printer import NumpyPrinter
from symgeo.codegen.numpy_source import NUMPY, Function, assignments, inside_lines
from symgeo.codegen.squares import with_factored_squares

if TYPE_CHECKING:
    import numpy as np

    from symgeo.codegen.ball_program import BallProgram

Execute = Callable[[str, str], Callable[..., None]]
# So few doubtful points are not worth the second program.
_FEW = 16
_INDENT = " " * 8


class Checked:
    """The function of a kernel at checked arguments; its programs are made when they are first needed.

    ``execute(text, name)`` makes a function of its text; ``block(width)`` is how many points are computed at a time
    when each needs so many numbers.
    """

    def __init__(self, function: Function, execute: Execute, block: Callable[[int], int]):
        self._function = function
        self._execute, self._block = execute, block
        self._fill: Callable[..., None] | None = None
        self._again: Callable[..., None] | None = None
        self._balls: BallProgram | None = None
        self._step = 0
        self._doubted = 0

    def __call__(self, theta: Any, extras: Mapping[str, Any], leading: tuple[int, ...]) -> Any:
        """theta (..., n), extras by identifier, the leading axes of the result -> (*leading, *shape)."""
        import numpy as np

        kernel = self._function.kernel
        size = math.prod(leading)
        if theta.shape[:-1] != leading:
            theta = np.broadcast_to(theta, leading + theta.shape[-1:])
        flat = theta.reshape(size, len(kernel.coordinates))
        arrays = {name: np.broadcast_to(v, leading).reshape(size) if v.ndim else v for name, v in extras.items()}
        out = np.zeros((size, *kernel.shape))
        doubtful = self._compute(out, flat, arrays)
        if len(doubtful):
            columns = [*flat[doubtful].T, *(np.broadcast_to(v, size)[doubtful] for v in arrays.values())]
            points = np.stack(columns, axis=-1) if columns else np.zeros((len(doubtful), 0))
            self._repair(out.reshape(size, math.prod(kernel.shape)), doubtful, points)
        out = out.reshape(leading + kernel.shape)
        return out if kernel.shape else out[()]

    def _compute(self, out: np.ndarray, flat: np.ndarray, arrays: Mapping[str, Any]) -> np.ndarray:
        """Fills ``out`` block by block; the numbers of the points that are not sure."""
        import numpy as np

        fill = self._fill or self._made()
        sure, outside = np.ones(len(out), bool), np.zeros(len(out), bool)
        flags = _Flags()
        with np.errstate(over="call", under="call", divide="call", invalid="call", call=flags):
            for start in range(0, len(out), self._step):
                block = slice(start, start + self._step)
                # Each coordinate contiguous: the program reads it many times.
                columns = flat[block].T.copy()
                given = {name: v[block] if v.ndim else v for name, v in arrays.items()}
                flags.raised = False
                fill(out[block], sure[block], outside[block], *columns, **given)
                if flags.raised:
                    sure[block] = False
        return (~(sure | outside)).nonzero()[0]

    def _made(self) -> Callable[..., None]:
        function = self._function
        compiled = with_factored_squares(function.compiled)
        text, width = _text(function, compiled, self._tests(compiled, False), True)
        self._step = self._block(width)
        self._fill = self._execute(text, function.signature.name)
        return self._fill

    def _tests(self, compiled: Program, everywhere: bool) -> Exactness:
        count = len(self._function.kernel.expressions)
        return exactness(compiled.graph, compiled.outputs[:count], compiled.outputs[count:], everywhere)

    def _repair(self, out: np.ndarray, doubtful: np.ndarray, points: np.ndarray) -> None:
        """Writes the values of doubtful points, (N, n) with the extras behind, where doubles do not do."""
        import numpy as np

        finite = np.isfinite(points).all(axis=-1)
        doubtful, points = doubtful[finite], points[finite]
        self._doubted += len(points)
        if self._doubted > _FEW:
            again = ~self._sure_again(points)
            doubtful, points = doubtful[again], points[again]
        if len(points) == 1:
            out[doubtful] = self._by_balls(points, out[doubtful])
        elif len(points):
            distinct, where = np.unique(points, axis=0, return_inverse=True)
            first = np.zeros(len(distinct), int)
            first[where.ravel()] = doubtful
            out[doubtful] = self._by_balls(distinct, out[first])[where.ravel()]

    def _sure_again(self, points: np.ndarray) -> np.ndarray:
        import numpy as np

        function = self._function
        if self._again is None:
            compiled = with_factored_squares(function.compiled)
            text, _ = _text(function, compiled, self._tests(compiled, True), False)
            self._again = self._execute(text, function.signature.name)
        sure, outside = np.ones(len(points), bool), np.zeros(len(points), bool)
        with np.errstate(all="ignore"):
            for start in range(0, len(points), self._step):
                block = slice(start, start + self._step)
                self._again(None, sure[block], outside[block], *np.ascontiguousarray(points[block].T))
        return sure | outside

    def _by_balls(self, points: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Values (N, components) at points: nan outside the conditions, and where they cannot be told.

        Where there is no finite value, as at a pole, that of the doubles stays unless it is finite.
        """
        import numpy as np

        from symgeo.codegen.ball_program import BallProgram

        kernel, compiled = self._function.kernel, self._function.compiled
        if self._balls is None:
            symbols = (*kernel.coordinates, *self._function.signature.extras)
            self._balls = BallProgram(compiled.graph, compiled.outputs, symbols)
        found = self._balls.values(points)
        count = len(kernel.expressions)
        inside = (found[:, count:] > 0).all(axis=-1)
        exact = found[:, :count]
        # Tensors are smooth inside their domain: where one is 0/0 there is a limit.
        singular = inside & np.isnan(exact).any(axis=-1) & bool(kernel.conditions)
        if singular.any():
            near = self._balls.limits(points[singular])[:, :count]
            exact[singular] = np.where(np.isnan(exact[singular]), near, exact[singular])
        exact = np.where(np.isnan(exact) & ~np.isfinite(values), values, exact)
        exact[~inside] = np.nan
        return exact


class _Flags:
    """Whether NumPy has met overflow, underflow, a division by zero or an invalid operation."""

    def __init__(self) -> None:
        self.raised = False

    def __call__(self, kind: str, flag: int, /) -> None:
        self.raised = True


def _text(function: Function, compiled: Program, tests: Exactness, writes: bool) -> tuple[str, int]:
    """A function ``(out, sure, outside, *coordinates, *extras)`` and how many arrays it holds.

    It fills ``out`` if it ``writes``; ``sure`` comes as true, ``outside`` as false.
    """
    kernel, signature = function.kernel, function.signature
    names = Names({*NUMPY.names(), "sure", "outside", *signature.extras.values()})
    symbols: dict[sp.Basic, str] = {**signature.extras, **names.assign(kernel.coordinates)}
    printer = NumpyPrinter(compiled.graph, symbols)
    further = tuple(t for t in (tests.sure, tests.inside) if t is not None)
    count = len(kernel.expressions)
    outputs = (*compiled.outputs[: count if writes else 0], *compiled.outputs[count:], *further)
    places = kernel.shape if writes else (0,)
    body = assignments(places, Program(compiled.graph, outputs), printer, names)
    width = len(body) + count
    texts = printer.texts
    if tests.sure is not None:
        body.append(f"{_INDENT}sure[...] = {texts[tests.sure].text}")
    if tests.inside is not None:
        body.append(f"{_INDENT}outside[...] = ~({texts[tests.inside].text})")
    if kernel.conditions and (writes or tests.inside is None):
        inside = names.fresh("inside")
        body += inside_lines(inside, kernel, symbols, [texts[o].text for o in compiled.outputs[count:]])
        if tests.inside is None:
            body.append(f"{_INDENT}outside[...] = ~{inside}")
        if writes:
            where = f"np.broadcast_to({inside}, out.shape[:1])" if signature.extras else inside
            body.append(f"{_INDENT}out[~{where}] = np.nan")
    given = ["out", "sure", "outside", *(symbols[s] for s in (*kernel.coordinates, *signature.extras))]
    lines = [*layout_call("def ", signature.name, given, "", ":"), *(body or [f"{_INDENT}pass"])]
    return "\n".join(lines) + "\n", width
