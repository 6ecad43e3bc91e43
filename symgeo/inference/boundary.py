"""Which parameter an estimate runs away with, in words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import sympy as sp

if TYPE_CHECKING:
    from symgeo.inference.ascent import Climb
    from symgeo.inference.judging import State
    from symgeo.models.chart import Chart

# Parts of the way to an end in one step: the largest that counts, and distances that count as none.
_MOST = 10.0
_TOUCHING = 1e-9
# The part of a step that the one before must have been to be undone by it.
_UNDOING = 0.1
# Rounding errors that a step must be beyond, and the part of a parameter or of its distance to an end.
_VISIBLE, _PLAINLY = 3.0, 0.1


def runs_away(chart: Chart, state: State) -> bool:
    """Whether the next step, beyond rounding errors, goes a good part of the way to an end, or of what there is."""
    if not state.decrement > (_VISIBLE * state.noise) ** 2:
        return False
    for value, move, parts in zip(state.theta.tolist(), state.step.tolist(), chart.pieces, strict=True):
        low, high = (float(e) for e in (parts[0].ends[0], parts[-1].ends[1]))
        end = high if move > 0.0 else low
        if abs(move) >= _PLAINLY * (max(abs(value), 1.0) if math.isinf(end) else abs(end - value)):
            return True
    return False


def where_it_runs(chart: Chart, climb: Climb) -> str:
    """``sigma -> 0`` or ``p1 + p2 -> 1``: the ends and constraints that the next step comes closest to, relatively.

    The last step counts where the next one is mostly rounding, or would undo it.
    """
    state = climb.state
    before = state.theta if climb.previous is None else climb.previous.theta
    way = state.theta - before
    steps = state.step if state.decrement > (100.0 * state.noise) ** 2 else way
    moves = [w if m * w < 0.0 and abs(w) >= _UNDOING * abs(m) else m for m, w in zip(steps, way, strict=True)]
    shares: list[tuple[float, str]] = []
    for parameter, position, move, parts in zip(chart.parameters, state.theta, moves, chart.pieces, strict=True):
        value, size = float(position), float(move)
        for end in (e for piece in parts for e in piece.ends):
            if end.is_infinite:
                towards = size > 0 if end is sp.oo else size < 0
                share = abs(size) / max(abs(value), 1.0) if towards and math.isfinite(value) else _MOST * towards
            else:
                gap = float((int(end) if end.is_Integer else float(end)) - position)
                if abs(gap) <= _TOUCHING * abs(float(end)):  # zero for an end at zero: underflow
                    share = _MOST
                else:
                    share = abs(size / gap) if (gap > 0) == (size > 0) else 0.0
            shares.append((min(share, _MOST), f"{parameter} -> {end}"))
    for constraint in chart.constraints:
        if isinstance(constraint, sp.Ne):
            continue
        now, size = _slack(chart, constraint.gts - constraint.lts, state.theta)
        then, _ = _slack(chart, constraint.gts - constraint.lts, before)
        share = _MOST if now < _TOUCHING * size else max(then - now, 0.0) / now
        shares.append((min(share, _MOST), f"{constraint.lhs} -> {constraint.rhs}"))
    largest = max(share for share, _ in shares)
    if largest <= 0.0:
        return "the boundary"
    # A parameter that merely follows another one moves relatively less.
    return ", ".join(text for share, text in shares if share >= 0.5 * largest)


def _slack(chart: Chart, slack: sp.Expr, theta: Any) -> tuple[float, float]:
    """The value of an expression and the sum of its terms' sizes."""
    from symgeo.codegen.balls import Program, exact

    values = [exact(t) if isinstance(t, float) else t for t in theta]
    terms = Program(sp.Add.make_args(slack), chart.parameters).bind()(values)
    return float(sum(terms, start=exact(0.0))), float(sum(map(abs, terms), start=exact(0.0)))
