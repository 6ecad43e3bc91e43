"""Values at points where a first program in doubles is not sure of its own: the second and the third stage.

Second, NumPy computes values and bounds without any shortcut (`doubt.py`). What is not sure then is evaluated in ball
arithmetic with as many digits as it takes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from symgeo.codegen.kernel import Kernel, Program
from symgeo.codegen.numpy_checked_source import tested_text
from symgeo.codegen.python_source import Signature

if TYPE_CHECKING:
    import numpy as np

    from symgeo.codegen.ball_program import BallProgram

Execute = Callable[[str, str], Callable[..., None]]
# So few doubtful points are not worth the second program.
_FEW = 16


class Repair:
    """The second and third stage of a kernel's function; their programs are made when they are first needed.

    ``compiled()`` gives the kernel's program for NumPy, ``execute(text, name)`` makes a function of its text,
    ``block(width)`` is how many points are computed at a time when each needs so many numbers.
    """

    def __init__(
        self,
        kernel: Kernel,
        signature: Signature,
        compiled: Callable[[], Program],
        execute: Execute,
        block: Callable[[int], int],
    ):
        self._kernel, self._signature = kernel, signature
        self._compiled, self._execute, self._block = compiled, execute, block
        self._again: Callable[..., None] | None = None
        self._balls: BallProgram | None = None
        self._step = 0
        self._doubted = 0

    def __call__(self, out: np.ndarray, doubtful: np.ndarray, flat: np.ndarray, extras: Mapping[str, Any]) -> None:
        """Writes the values of some points, by their numbers, where those of the first program do not do.

        out (N, *shape), flat (N, n), extras by identifier, (N,) or numbers.
        """
        import numpy as np

        size = len(out)
        columns = [*flat[doubtful].T, *(np.broadcast_to(v, size)[doubtful] for v in extras.values())]
        points = np.stack(columns, axis=-1) if columns else np.zeros((len(doubtful), 0))
        out = out.reshape(size, math.prod(self._kernel.shape))
        finite = np.isfinite(points).all(axis=-1)
        doubtful, points = doubtful[finite], points[finite]
        self._doubted += len(points)
        if self._doubted > _FEW:
            settled, values = self._once_more(points)
            out[doubtful[settled]] = values[settled]
            doubtful, points = doubtful[~settled], points[~settled]
        if len(points) == 1:
            out[doubtful] = self._by_balls(points, out[doubtful])
        elif len(points):
            distinct, where = np.unique(points, axis=0, return_inverse=True)
            first = np.zeros(len(distinct), int)
            first[where.ravel()] = doubtful
            out[doubtful] = self._by_balls(distinct, out[first])[where.ravel()]

    def _once_more(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Which points are sure now, or outside, and values (N, components)."""
        import numpy as np

        kernel = self._kernel
        if self._again is None:
            text, width = tested_text(kernel, self._signature, self._compiled(), everywhere=True)
            self._step = self._block(width)
            self._again = self._execute(text, self._signature.name)
        sure, outside = np.ones(len(points), bool), np.zeros(len(points), bool)
        values = np.zeros((len(points), *kernel.shape))
        with np.errstate(all="ignore"):
            for start in range(0, len(points), self._step):
                block = slice(start, start + self._step)
                self._again(values[block], sure[block], outside[block], *np.ascontiguousarray(points[block].T))
        return sure | outside, values.reshape(len(points), math.prod(kernel.shape))

    def _by_balls(self, points: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Values (N, components) at points: nan outside the conditions, and where they cannot be told.

        Where there is known to be no finite value, as at a pole, that of the doubles stays unless it is finite.
        """
        import numpy as np

        from symgeo.codegen.ball_program import BallProgram

        kernel = self._kernel
        if self._balls is None:
            compiled = self._compiled()
            self._balls = BallProgram(compiled.graph, compiled.outputs, (*kernel.coordinates, *self._signature.extras))
        found, unsettled = self._balls.values(points)
        count = len(kernel.expressions)
        inside = (found[:, count:] > 0).all(axis=-1)
        exact = found[:, :count]
        # Tensors are smooth inside their domain: where one is 0/0 there is a limit.
        singular = inside & np.isnan(exact).any(axis=-1) & bool(kernel.conditions)
        if singular.any():
            near = self._balls.limits(points[singular])[:, :count]
            exact[singular] = np.where(np.isnan(exact[singular]), near, exact[singular])
        exact = np.where(np.isnan(exact) & ~np.isfinite(values) & ~unsettled[:, None], values, exact)
        exact[~inside] = np.nan
        return exact
