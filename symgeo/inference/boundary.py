"""Which parameter an estimate runs away with, in words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import sympy as sp

if TYPE_CHECKING:
    from symgeo.inference.ascent import Climb
    from symgeo.models.chart import Chart

# Parts of the way to an end in one step: the largest that counts, and distances that count as none.
_MOST = 10.0
_TOUCHING = 1e-9


def where_it_runs(chart: Chart, climb: Climb) -> str:
    """``sigma -> 0`` or ``p1 + p2 -> 1``: the ends and constraints that the next step comes closest to, relatively.

    The last step counts where the next one is mostly rounding.
    """
    state = climb.state
    before = state.theta if climb.previous is None else climb.previous.theta
    moves = state.step if state.decrement > (100.0 * state.noise) ** 2 else state.theta - before
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
