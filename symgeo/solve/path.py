"""Curves as the points through which they were followed, and their values between these: dense output.

Between two points one more step is made, from the earlier one: it is shorter than the step whose error was accepted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from symgeo.solve.march import Mover, Outcome

_BLOCK = 4096


class Path:
    """The curves of one block after a march; ``outcome`` says how they ended."""

    def __init__(self, outcome: Outcome, mover: Mover):
        import numpy as np

        self._mover = mover
        self.outcome = outcome
        self.count = len(outcome.status)
        ids = np.concatenate([k[0] for k in outcome.knots])
        times = np.concatenate([k[1] for k in outcome.knots])
        order = np.lexsort((times, ids))
        self.ids, self.times = ids[order], times[order]
        self.points = np.concatenate([k[2] for k in outcome.knots], axis=1)[:, order]
        self.velocities = np.concatenate([k[3] for k in outcome.knots], axis=1)[:, order]
        #: The time up to which a curve was followed, (P,).
        self.until = np.zeros(self.count)
        np.maximum.at(self.until, self.ids, self.times)

    def at(self, chosen: np.ndarray, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Points and velocities (n, Q) of curves ``chosen`` (Q,) at times (Q,), from 0; nan where they are unknown."""
        import numpy as np

        n = len(self.points)
        x, v = np.full((n, len(times)), np.nan), np.full((n, len(times)), np.nan)
        leaves = self.outcome.left[chosen]
        known = (times >= 0) & np.where(np.isfinite(leaves), times < leaves, times <= self.until[chosen])
        place = self._places(chosen, times)
        exact = known & (self.times[place] == times)
        x[:, exact], v[:, exact] = self.points[:, place[exact]], self.velocities[:, place[exact]]
        rest = np.flatnonzero(known & ~exact)
        for start in range(0, len(rest), _BLOCK):
            part = rest[start : start + _BLOCK]
            k = place[part]
            x[:, part], v[:, part] = self._mover.between(
                chosen[part], self.times[k], self.points[:, k], self.velocities[:, k], times[part]
            )
        return x, v

    def _places(self, chosen: np.ndarray, times: np.ndarray) -> np.ndarray:
        """For each query the number of the last knot of its curve that is not later."""
        import numpy as np

        ids, moments = np.concatenate([self.ids, chosen]), np.concatenate([self.times, times])
        kind = np.repeat([0, 1], [len(self.ids), len(chosen)])
        order = np.lexsort((kind, np.maximum(moments, 0.0), ids))
        before = np.cumsum(kind[order] == 0) - 1
        out = np.empty(len(order), dtype=int)
        out[order] = before
        return out[len(self.ids) :]


class Paths:
    """All curves of an answer, block by block; ``members`` are the curves' numbers in each block."""

    def __init__(self, count: int, dim: int):
        import numpy as np

        self.dim = dim
        self._blocks: list[Path] = []
        self._owner, self._local = np.full(count, -1), np.zeros(count, dtype=int)

    def put(self, path: Path, members: np.ndarray) -> None:
        """The block that the curves ``members`` were followed in; it replaces an earlier one."""
        import numpy as np

        self._owner[members], self._local[members] = len(self._blocks), np.arange(len(members))
        self._blocks.append(path)

    def ends(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Status, exit time and number of the condition of every curve, (P,); status -1 of those not begun."""
        import numpy as np

        count = len(self._owner)
        status, left, which = np.full(count, -1), np.full(count, np.inf), np.full(count, -1)
        for k, path in enumerate(self._blocks):
            mine = np.flatnonzero(self._owner == k)
            local, outcome = self._local[mine], path.outcome
            status[mine], left[mine], which[mine] = outcome.status[local], outcome.left[local], outcome.which[local]
        return status, left, which

    def reached(self, number: int) -> tuple[float, np.ndarray]:
        """The last time and point (n,) that a curve was followed to."""
        import numpy as np

        path, local = self._blocks[self._owner[number]], self._local[number]
        last = np.flatnonzero(path.ids == local)[-1]
        return float(path.times[last]), path.points[:, last]

    def at(self, chosen: np.ndarray, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Points and velocities (n, Q) of curves ``chosen`` (Q,) at times (Q,); nan where they are unknown."""
        import numpy as np

        x, v = np.full((self.dim, len(times)), np.nan), np.full((self.dim, len(times)), np.nan)
        for k, path in enumerate(self._blocks):
            here = np.flatnonzero(self._owner[chosen] == k)
            if len(here):
                x[:, here], v[:, here] = path.at(self._local[chosen[here]], times[here])
        return x, v
