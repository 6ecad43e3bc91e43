"""Generated NumPy functions that know where doubles do not do, and compute those points with more digits.

Values and the error bounds of `doubt.py` come from one program, for all points. Points that are not sure, and blocks in
which a number overflowed or underflowed, are left to `repair.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from symgeo.codegen.numpy_checked_source import tested_text
from symgeo.codegen.numpy_source import Function
from symgeo.codegen.repair import Execute, Repair

if TYPE_CHECKING:
    import numpy as np


class Checked:
    """The function of a kernel at checked arguments; its programs are made when they are first needed.

    ``execute(text, name)`` makes a function of its text; ``block(width)`` is how many points are computed at a time
    when each needs so many numbers.
    """

    def __init__(self, function: Function, execute: Execute, block: Callable[[int], int]):
        self._function = function
        self._execute, self._block = execute, block
        self._repair = Repair(function.kernel, function.signature, lambda: function.compiled, execute, block)
        self._fill: Callable[..., None] | None = None
        self._step = 0

    def __call__(self, theta: Any, extras: Mapping[str, Any], leading: tuple[int, ...]) -> Any:
        """theta (..., n), extras by identifier, the leading axes of the result -> (*leading, *shape)."""
        import numpy as np

        kernel = self._function.kernel
        size = math.prod(leading)
        if theta.shape[:-1] != leading:
            theta = np.broadcast_to(theta, leading + theta.shape[-1:])
        flat = theta.reshape(size, len(kernel.coordinates))
        arrays = {name: np.broadcast_to(v, leading).reshape(size) if v.ndim else v for name, v in extras.items()}
        out = np.empty((size, *kernel.shape))
        doubtful = self._compute(out, flat, arrays)
        if len(doubtful):
            self._repair(out, doubtful, flat, arrays)
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
                # Still in the cache when the program writes beside these zeros: memory is written once, and not read.
                out[block] = 0.0
                fill(out[block], sure[block], outside[block], *columns, **given)
                if flags.raised:
                    sure[block] = False
        return (~(sure | outside)).nonzero()[0]

    def _made(self) -> Callable[..., None]:
        function = self._function
        text, width = tested_text(function.kernel, function.signature, function.compiled, everywhere=False)
        self._step = self._block(width)
        self._fill = self._execute(text, function.signature.name)
        return self._fill


class _Flags:
    """Whether NumPy has met overflow, underflow, a division by zero or an invalid operation."""

    def __init__(self) -> None:
        self.raised = False

    def __call__(self, kind: str, flag: int, /) -> None:
        self.raised = True
