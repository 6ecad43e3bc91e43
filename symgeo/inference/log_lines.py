"""Lines in the logarithms of the distances to the ends of the domain, and in the other parameters themselves.

Ridges of likelihoods bend where parameters are powers or multiples of each other, or shift with the logarithm of
another: there they are straight.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from symgeo.models.chart import Chart

# The largest change of a logarithm.
_MOST = 2.0


class LogLines:
    """Such lines in a chart; parameters whose domain has several pieces count as unbounded."""

    def __init__(self, chart: Chart):
        import numpy as np

        ends = [[float(e) for e in parts[0].ends] if len(parts) == 1 else [-np.inf, np.inf] for parts in chart.pieces]
        low, high = np.array(ends).T
        self._between = np.isfinite(low) & np.isfinite(high)
        self._width = np.where(self._between, high - low, 1.0)
        self._end = np.where(np.isfinite(low), low, high)
        self._free = ~np.isfinite(self._end)
        self.bend = not self._free.all()
        self.ends = [[e for e in pair if np.isfinite(e)] for pair in ends]

    def point(self, theta: np.ndarray, move: np.ndarray) -> np.ndarray | None:
        """Where the line through theta (n,) is that begins like the move (n,), at its end; None where that is far."""
        import numpy as np

        with np.errstate(all="ignore"):
            gap = np.where(self._free, 1.0, theta - self._end)
            rest = np.where(self._between, 1.0 - gap / self._width, 1.0)
            change = np.where(self._free, 0.0, move / (gap * rest))
            if not np.abs(change).max() <= _MOST:
                return None
            growth = np.exp(change)
            there = self._end + gap * growth / np.where(self._between, rest + (1.0 - rest) * growth, 1.0)
            return np.where(self._free, theta + move, there)
