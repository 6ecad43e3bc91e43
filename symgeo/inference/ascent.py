"""Fisher scoring: natural-gradient ascent of the likelihood with a backtracking line search.

theta <- theta + t g^-1 score is the steepest ascent in the Fisher metric (Amari, Neural Computation 10 (1998)
251-276). At an interior maximum of a regular exponential family the Fisher metric is the observed information, so
that full steps converge quadratically there; towards a boundary they do not, and that tells the two apart.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from symgeo.inference.judging import State

_ARMIJO = 1e-4
_MOST_HALVINGS = 200
# Decrements (times N) below this belong to the neighbourhood in which convergence is quadratic.
_LOCAL = 1e-6
# The decrement falls at least by this factor there, and in linear convergence to a boundary less.
_CONTRACTION = 0.05
# Steps shortened below this by the domain alone are steps into a wall.
_WALL = 2.0**-30
# ... if they gain no more than this in log-likelihood.
_NEGLIGIBLE = 1e-9
# Largest rounding error of the step, in the Fisher metric, that float64 results may have.
FINE = 1e-11
# A step that ends nearer to the boundary than this part of its length may have ended there by rounding.
_GRAZE = 1e-6
# Squared length of a step below which the score decides instead, and the factor by which it must shrink.
_NEAR = 1e-2
_SHRINKING = 0.1
# Decrements that fall by this factor at once do so quadratically; a step not taken, in units of the tolerance.
_QUADRATIC, _SLIGHT = 1e-4, 1e-4
# ... which is taken without a look at its end, if one that falls as the last one did leaves so little.
_UNSEEN = 1e-6
# The fall of the decrement after that is expected to be of this order at least; decrements (times N) below which a
# further step with the same matrix ends as well as one with its own.
_ORDER, _CHORD = 1.5, 1e-12
# Squared length of a step from which it is worth trying longer ones, and what they must gain.
_FAR = 0.5
_WORTHWHILE = 0.01


class Outcome(Enum):
    """How a climb ended."""

    INTERIOR = "a maximum inside the domain, as accurate as the arithmetic can say"
    ROUGH = "rounding errors hide what happens"
    BOUNDARY = "the likelihood increases towards the boundary"
    BUDGET = "out of iterations"


@dataclass
class Climb:
    """A finished climb: its outcome, last states, log-likelihoods on the way, and how many steps were computed.

    The last step computed is not taken: it is the one that says whether this is the end.
    """

    outcome: Outcome
    state: State
    previous: State | None
    iterations: int
    trace: list[float] = field(default_factory=list)


def climb(
    likelihood: Any, start: State, tolerance: float, budget: int, trusted: bool = True, reached: bool = False
) -> Climb:
    """Ascend from a state; the tolerance is on N score' g^-1 score.

    A start with no visible step counts as a maximum only if it is trusted: p = 1e-40 is none, though flat. One that
    Newton's method has ``reached`` may have the step that its end may have, too. The trace holds the log-likelihood
    after each step, as far as the arithmetic tells it from the one before.
    """
    count = likelihood.count
    tolerance = min(tolerance, likelihood.tolerance)
    state, previous = start, None
    trace = [likelihood.log_likelihood(start)]
    confirmed = reached and count * start.decrement <= _SLIGHT * tolerance
    slow = grazing = 0
    steps, close = 1, False

    def finish(outcome: Outcome) -> Climb:
        return Climb(outcome, state, previous, steps, trace)

    while True:
        if state.decrement == 0.0 and any(state.step):
            return finish(Outcome.ROUGH)  # underflow: far out where the likelihood is flat
        settled = likelihood.settled(state)
        if settled or confirmed:
            # A step aimed at the boundary itself may miss it by rounding alone: see where the next one leads.
            if previous is None:
                grazes = not trusted
            else:
                margin = _GRAZE * abs(state.theta - previous.theta)
                grazes = not likelihood.clear_of_boundary(state, margin)
            if not grazes or settled:
                clear = not grazes and likelihood.clear_of_boundary(state)
                return finish(Outcome.INTERIOR if clear and state.noise <= FINE else Outcome.ROUGH)
            grazing += 1
        if grazing >= 3 or likelihood.out_of_range(state):
            return finish(Outcome.BOUNDARY)
        if steps >= budget:
            return finish(Outcome.BUDGET)
        found = _search(likelihood, state, close)
        if isinstance(found, Outcome):
            return finish(found)
        new, scale, visible = found
        ratio = new.decrement / state.decrement
        # A small step is not enough: towards a boundary steps shrink too, but only in proportion.
        small = ratio <= _CONTRACTION and count * state.decrement <= tolerance
        fast = ratio <= _QUADRATIC and previous is not None
        shrunk = (small or fast) and scale == 1.0 and likelihood.shrunk(new, state)
        confirmed = shrunk and (small or count * new.decrement <= _SLIGHT * tolerance)
        if shrunk and not confirmed and count * ratio * new.decrement <= _UNSEEN * tolerance:
            ahead = likelihood.stepped(new)
            if ahead is not None:
                new, confirmed, steps = ahead, True, steps + 1
        near = count * new.decrement <= _LOCAL and count * ratio**_ORDER * new.decrement <= _CHORD
        close = shrunk and near
        slow = slow + 1 if ratio > _CONTRACTION and count * state.decrement < _LOCAL else 0
        previous, state = state, new
        steps += 1
        value = likelihood.log_likelihood(new)
        if value > trace[-1]:
            trace.append(value)
        if slow >= 4:
            return finish(Outcome.BOUNDARY if visible else Outcome.ROUGH)


def _search(likelihood: Any, state: State, close: bool) -> tuple[State, float, bool] | Outcome:
    """The next state, its step length, and whether the gain in likelihood exceeds rounding.

    Near the maximum the full step is taken as long as the score shrinks, which needs no values of the likelihood: any
    point where the score vanishes is the maximum. Elsewhere the search backtracks along the straight line in the chart
    and the one in the natural parameters at the same time: both have the direction of the natural gradient. A state
    is ``close`` where the next one is likely to be the end.
    """
    if state.decrement < _NEAR:
        new = likelihood.close_to(state) if close else likelihood.at(state.theta + state.step)
        if new is not None and new.decrement < _SHRINKING * state.decrement:
            return new, 1.0, False
    scale, walled = 1.0, False
    for _ in range(_MOST_HALVINGS):
        trials = _trials(likelihood, state, scale)
        gain, noise, theta = trials[0]
        if gain == -math.inf or math.isnan(gain):
            walled = walled or gain == -math.inf
            scale *= 0.5
            continue
        if scale < _WALL and walled and likelihood.count * gain < _NEGLIGIBLE:
            return Outcome.BOUNDARY
        if gain > 10.0 * noise and gain >= _ARMIJO * scale * state.decrement:
            if scale == 1.0 and state.decrement > _FAR:
                scale, theta = _stretched(likelihood, state, gain, theta)
            new = likelihood.at(theta)
            if new is not None:
                # The likelihood is concave: what gains more than its slope promises is rounding.
                return new, scale, gain <= scale * state.decrement
        elif scale == 1.0 and abs(gain) <= 10.0 * noise:
            # The values no longer differ: the scores decide.
            states = [new for _, _, point in trials if (new := likelihood.at(point)) is not None]
            best = min(states, key=lambda new: new.decrement, default=state)
            return (best, scale, False) if best.decrement < 0.5 * state.decrement else Outcome.ROUGH
        elif abs(gain) <= noise:
            return Outcome.ROUGH
        walled = False
        scale *= 0.5
    return Outcome.ROUGH


def _stretched(likelihood: Any, state: State, gain: float, theta: np.ndarray) -> tuple[float, np.ndarray]:
    """A step lengthened as long as that pays: from a start that is wrong by many powers of ten, or to infinity."""
    scale = 1.0
    for _ in range(_MOST_HALVINGS):
        longer, _, further = _trials(likelihood, state, 4.0 * scale)[0]
        if not longer > gain + _WORTHWHILE:
            break
        scale, gain, theta = 4.0 * scale, longer, further
    return scale, theta


def _trials(likelihood: Any, state: State, scale: float) -> list[tuple[float, float, np.ndarray]]:
    """(gain, its error, point) on both lines, the larger gain first; nan counts as none."""
    points = [state.theta + scale * state.step, likelihood.along_natural(state, scale)]
    trials = [(*likelihood.gain(point, state), point) for point in points if point is not None]
    return sorted(trials, key=lambda trial: -math.inf if math.isnan(trial[0]) else trial[0], reverse=True)
