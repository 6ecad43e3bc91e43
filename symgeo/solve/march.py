"""Many curves followed at once from time 0 to an end, each with steps of its own, and watched at the boundary.

A `Mover` makes the steps: Runge and Kutta's, or a closed form. Curves that have come to an end are dropped from the
arrays; all that remain take their step in the same few array operations.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from symgeo.solve import runge_kutta
from symgeo.solve.boundary import Arrival, Boundary, Reading

if TYPE_CHECKING:
    import numpy as np

    from symgeo.solve.progress import Progress
    from symgeo.solve.spray import Spray

# Curves followed together: their stages stay in the processor's cache.
BLOCK = 1024
_MOST_STEPS = 20000
# So many steps in a row this short, in units of one over the root of g_ii, lead nowhere: rounding errors of the
# right-hand side exceed the tolerance.
_SHORT, _PATIENCE = 1e-3, 400
_SMALLEST = 1e-14  # step, as a share of the time so far
_SAFETY, _SHRINK, _GROW, _BLOCKED = 0.9, 0.2, 6.0, 0.25
_EPS = 2.3e-16
_CONTINUOUS = 1e-6  # of a coordinate, or its unit: smaller jumps are none of a cut

RUNNING, FINISHED, LEFT, LOST, STUCK, NOISY, LONG, INEXACT = range(8)


class Mover(Protocol):
    """What makes a step of many curves; arrays (n, P), ``ids`` (P,) the curves' numbers."""

    #: Whether the error does not depend on the step: a curve whose error is too large is given up.
    exact: bool

    def longest(self, state: State) -> np.ndarray | float:
        """The longest steps (P,)."""

    def slope(self, x: np.ndarray, v: np.ndarray) -> np.ndarray:
        """The acceleration (n, P)."""

    def trial(self, ids: np.ndarray, state: State, h: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Points and velocities after steps h (P,), and the error (P,) in units of what is allowed."""

    def between(
        self, ids: np.ndarray, t: np.ndarray, x: np.ndarray, v: np.ndarray, later: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Points and velocities at times ``later`` (P,) within the steps that begin at times t."""


@dataclass
class State:
    """Where curves are: time (P,), point, velocity and acceleration (n, P)."""

    t: np.ndarray
    x: np.ndarray
    v: np.ndarray
    a: np.ndarray
    reading: Reading


@dataclass
class Outcome:
    """How the curves of a block ended: ``status`` (P,), ``left`` (P,) when they leave the domain, inf where they do
    not, ``which`` (P,) by which condition. ``knots``: for every step the curves' numbers, times, points and
    velocities."""

    status: np.ndarray
    left: np.ndarray
    which: np.ndarray
    knots: list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]] = field(default_factory=list)


class RungeKutta:
    """Steps of Dormand and Prince's method of order 8; the error is measured in units of one over the root of g_ii."""

    exact = False

    def __init__(self, spray: Spray, tolerance: float):
        self._spray, self._tolerance = spray, tolerance
        self._stages: np.ndarray | None = None

    def longest(self, state: State) -> float:
        """Steps are as long as their errors allow."""
        return float("inf")

    def slope(self, x: np.ndarray, v: np.ndarray) -> np.ndarray:
        """The acceleration (n, P)."""
        return self._spray.acceleration_columns(x, v)

    def trial(self, ids: np.ndarray, state: State, h: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Points and velocities after steps h (P,), and the error (P,)."""
        import numpy as np

        if self._stages is None or self._stages.shape[1:] != state.x.shape:
            self._stages = np.empty((runge_kutta.STAGES, *state.x.shape))
        with np.errstate(all="ignore"):
            x, v = runge_kutta.stepped(self.slope, state.x, state.v, h, state.a, self._stages)
            units, pace = state.reading.units, paces(state)
            scale_x = self._tolerance * units + 4 * _EPS * np.abs(state.x)
            # Beside a boundary whose condition is a small difference of larger terms float64 says no more.
            share = np.maximum(self._tolerance, 4 * _EPS * state.reading.cancellation)
            scale_v = share * units * pace + 4 * _EPS * np.abs(state.v) + 1e-300
            return x, v, runge_kutta.error(self._stages, h, scale_x, scale_v)

    def between(
        self, ids: np.ndarray, t: np.ndarray, x: np.ndarray, v: np.ndarray, later: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Points and velocities at times ``later`` (P,) within the steps that begin at times t: one more step."""
        import numpy as np

        stages = np.empty((runge_kutta.STAGES, *x.shape))
        with np.errstate(all="ignore"):
            return runge_kutta.stepped(self.slope, x, v, later - t, self.slope(x, v), stages)


def paces(state: State) -> np.ndarray:
    """How fast the curves move, in units of one over the root of g_ii; (P,)."""
    import numpy as np

    with np.errstate(all="ignore"):
        return np.max(np.abs(state.v) / state.reading.units, axis=0)


class March:
    """A block of curves on their way to ``end``; the outcome is filled as they end, so that it holds what is known
    whenever the work is interrupted."""

    def __init__(self, boundary: Boundary, mover: Mover, x: np.ndarray, v: np.ndarray, end: float):
        import numpy as np

        count = x.shape[1]
        self._boundary, self._mover, self._end = boundary, mover, end
        self._ids = np.arange(count)
        self._state = State(np.zeros(count), x, v, mover.slope(x, v), boundary.read(x, v))
        self._reference = np.maximum(np.abs(v), paces(self._state) * self._state.reading.units)
        self._left = boundary.time_left(self._state.reading, v, self._state.a, self._reference)
        self._h, self._steps = _first_steps(self._state, end), np.zeros(count, dtype=int)
        self._held, self._slow = np.zeros(count, dtype=bool), np.zeros(count, dtype=int)
        self.outcome = Outcome(np.full(count, RUNNING), np.full(count, np.inf), np.full(count, -1))
        self.outcome.knots.append((self._ids, self._state.t.copy(), x.copy(), v.copy()))

    def run(self, progress: Progress) -> None:
        """Step until every curve has ended."""
        while len(self._ids):
            self._step(progress)

    def _step(self, progress: Progress) -> None:
        import numpy as np

        state, boundary = self._state, self._boundary
        h, lands = self._step_sizes()
        x, v, error = self._mover.trial(self._ids, state, h)
        after = boundary.read(x, v)
        blocked = boundary.passes(state.reading, after, h) | ~after.sound
        if self._mover.exact:
            blocked |= _jumps(state, x, v, h)
        moved = (error <= 1) & ~blocked
        factors = _factors(error, blocked, self._held)
        self._held = ~moved
        before, before_left = state.t, self._left
        # The time is the end itself where a step lands there, not a sum that rounds to something beside it.
        trial = State(np.where(lands, self._end, state.t + h), x, v, state.a, after)
        self._state = state = self._accepted(state, trial, moved)
        self._left = boundary.time_left(state.reading, state.v, state.a, self._reference)
        self._h = h * factors
        self._steps += 1
        arrival = boundary.arrived(state.reading, state.t, self._left, before, before_left)
        here = np.flatnonzero(moved)
        self.outcome.knots.append((self._ids[here], state.t[here], state.x[:, here], state.v[:, here]))
        progress.advance(float(np.sum(state.t - before)) / max(self._end, 1e-300))
        with np.errstate(all="ignore"):
            self._slow = np.where(h * paces(state) < _SHORT, self._slow + 1, 0)
        self._settle(moved, after, arrival, (error > 1) & after.sound)

    def _step_sizes(self) -> tuple[np.ndarray, np.ndarray]:
        """The steps to try, and whether they land at the end; the last two share what is left."""
        import numpy as np

        h = np.fmin(self._h, self._mover.longest(self._state))
        rest = self._end - self._state.t
        lands = h >= 0.999 * rest
        return np.where(lands, rest, np.where(h > 0.6 * rest, 0.5 * rest, h)), lands

    def _accepted(self, old: State, new: State, moved: np.ndarray) -> State:
        """The new state where curves moved, the old one elsewhere."""
        import numpy as np

        if np.all(moved):
            new.a = self._mover.slope(new.x, new.v)
            return new
        here = np.flatnonzero(moved)
        x, v, a = old.x.copy(), old.v.copy(), old.a.copy()
        x[:, here], v[:, here] = new.x[:, here], new.v[:, here]
        if len(here):
            a[:, here] = self._mover.slope(np.ascontiguousarray(x[:, here]), np.ascontiguousarray(v[:, here]))
        reading = old.reading.columns(np.arange(len(moved)))
        reading.put(moved, new.reading)
        return State(np.where(moved, new.t, old.t), x, v, a, reading)

    def _settle(self, moved: np.ndarray, after: Reading, arrival: Arrival, inexact: np.ndarray) -> None:
        """Note which curves have ended, and drop them."""
        import numpy as np

        state, outcome = self._state, self.outcome
        broken = self._boundary.broken(after)
        underflow = ~moved & (self._h < _SMALLEST * np.maximum(state.t, _SMALLEST * self._end))
        status = np.full(len(self._ids), RUNNING)
        status[self._steps >= _MOST_STEPS] = LONG
        status[self._slow > _PATIENCE] = NOISY
        status[underflow] = STUCK
        status[underflow & (broken >= 0)] = LEFT
        status[moved & arrival.lost] = LOST
        aimed = moved & (arrival.which >= 0)
        status[aimed] = LEFT
        status[state.t >= self._end] = FINISHED
        status[inexact & self._mover.exact] = INEXACT
        ended = status != RUNNING
        if not np.any(ended):
            return
        gone = self._ids[ended]
        outcome.status[gone] = status[ended]
        out = status == LEFT
        outcome.left[self._ids[out]] = np.where(aimed, arrival.at, state.t)[out]
        outcome.which[self._ids[out]] = np.where(aimed, arrival.which, broken)[out]
        stay = np.flatnonzero(~ended)
        self._ids, self._h, self._steps = self._ids[stay], self._h[stay], self._steps[stay]
        self._held, self._left, self._reference = self._held[stay], self._left[:, stay], self._reference[:, stay]
        self._slow = self._slow[stay]
        self._state = State(
            state.t[stay], state.x[:, stay], state.v[:, stay], state.a[:, stay], state.reading.columns(stay)
        )


def _jumps(state: State, x: np.ndarray, v: np.ndarray, h: np.ndarray) -> np.ndarray:
    """Steps (P,) that lead further than the velocities at both ends: inverse functions jump across cuts of a chart."""
    import numpy as np

    with np.errstate(all="ignore"):
        off = np.abs(x - state.x - h / 2 * (state.v + v))
        reach = h / 2 * (np.abs(state.v) + np.abs(v))
        return np.any(off > reach + _CONTINUOUS * (np.abs(x) + state.reading.units), axis=0)


def _first_steps(state: State, end: float) -> np.ndarray:
    """A tenth of the time in which a curve moves, or turns, by a unit; (P,)."""
    import numpy as np

    with np.errstate(all="ignore"):
        turns = np.sqrt(np.max(np.abs(state.a) / state.reading.units, axis=0))
        h = 0.1 / np.maximum(paces(state), turns)
    return np.where(h > 0, np.fmin(h, end), end)


def _factors(error: np.ndarray, blocked: np.ndarray, held: np.ndarray) -> np.ndarray:
    """By what the steps are multiplied: smaller after an error or a blocked step, not larger just after one."""
    import numpy as np

    with np.errstate(all="ignore"):
        factors = _SAFETY * error ** (-1 / 8)
    factors = np.clip(np.nan_to_num(factors, nan=_SHRINK, posinf=_GROW), _SHRINK, _GROW)
    factors = np.where(held, np.minimum(factors, 1.0), factors)
    return np.where(blocked, np.minimum(factors, _BLOCKED), factors)
