"""What is known at one point of a climb, and whether rounding may be all there is to its next step."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from symgeo.models.chart import Chart

EPS = 2.0**-52
# Rounding errors of a generated function, in units of the last place.
ULPS = 4.0
# How many times the estimated error must keep clear of the boundary.
_CLEARANCE = 8.0
# Errors are estimated within this factor.
_SETTLED = 1e3


@dataclass(eq=False, slots=True)
class State:
    """Everything known at one point theta (n,); arrays are float64, or objects that hold balls (see precise.py).

    ``value`` mean log-likelihood without the carrier, ``step`` = g^-1 score, ``decrement`` = score . step, the squared
    length of the step in the Fisher metric; ``noise`` the length, and ``reach`` (n,) the size, of what rounding alone
    may add to the step; ``natural`` (m,) the natural parameters and ``motion`` (m,) their change along the step;
    ``factor`` (n, n), where it is kept, the one whose square is the inverse of the matrix of the step, taken over from
    the point ``matrix_at`` where that is given.
    """

    theta: Any
    value: Any
    step: Any
    decrement: float
    noise: float
    reach: Any
    natural: Any
    motion: Any
    factor: Any = None
    matrix_at: Any = None

    @property
    def curved_at(self) -> Any:
        """The point (n,) where second derivatives were computed."""
        return self.theta if self.matrix_at is None else self.matrix_at


class Judging:
    """A likelihood in float64 that judges its states; ``chart`` is the domain of its parameters."""

    tolerance = math.inf  # no tighter than what the caller asks for
    chart: Chart

    def out_of_range(self, state: State) -> bool:
        """Whether a parameter has left what float64 can hold (the search then ends by itself)."""
        return False

    def close_to(self, state: State) -> State | None:
        """The state after its step, which is known to be very short."""
        return self.at(state.theta + state.step)

    def stepped(self, state: State) -> State | None:
        """The state after its step, which is known to end at the maximum; None where that is to be looked at."""
        return None

    def at(self, theta: np.ndarray) -> State | None:
        """The state at a point; None where it cannot be computed."""
        raise NotImplementedError

    def settled(self, state: State) -> bool:
        """Whether rounding may be all there is to the step, in total and in each parameter.

        Not in total only: a probability that runs to zero adds next to nothing to the length of the step.
        """
        return state.decrement <= (3.0 * state.noise) ** 2 and self._within(state, 0.0)

    def shrunk(self, state: State, before: State) -> bool:
        """Whether the step is much shorter than the one before in each parameter, rounding aside."""
        return self._within(state, 0.25 * abs(before.step))

    def _within(self, state: State, size: Any) -> bool:
        error = state.reach + EPS * abs(state.theta)
        return bool((abs(state.step) <= size + _SETTLED * error).all())

    def clear_of_boundary(self, state: State, margin: Any = 0.0) -> bool:
        """Whether all points within the margin and a few times the rounding error of the state lie in the domain."""
        import numpy as np

        # Not closer than float64 can tell from the boundary, either.
        reach = _CLEARANCE * state.reach + 4.0 * EPS * np.abs(state.theta) + margin
        if self.chart.is_box:
            return bool(self.chart.contains(state.theta - reach) and self.chart.contains(state.theta + reach))
        corners = np.array([s * r for s in (-1.0, 1.0) for r in (reach, *np.diag(reach))])
        return bool(self.chart.contains(state.theta + corners).all())
