"""Sets of values and parameters in LaTeX: intervals, runs of integers, finite lists."""

from __future__ import annotations

from collections.abc import Sequence

import sympy as sp

from symgeo.algebra.sets import Piece, Points, Segment
from symgeo.derivation.setting import Setting

_MOST_POINTS = 8


def set_latex(setting: Setting, pieces: Sequence[Piece]) -> str:
    """The union of the pieces."""
    return r" \cup ".join(_piece(setting, piece) for piece in pieces)


def _piece(setting: Setting, piece: Piece) -> str:
    if isinstance(piece, Points):
        values = [setting.latex(v) for v in piece.values]
        if len(values) > _MOST_POINTS:
            values = [*values[:2], r"\ldots", values[-1]]
        return rf"\{{{', '.join(values)}\}}"
    lower, upper = piece.ends
    if isinstance(piece, Segment):
        if (lower, upper) == (-sp.oo, sp.oo):
            return r"\mathbb{R}"
        left = "(" if piece.lower_open or lower == -sp.oo else "["
        right = ")" if piece.upper_open or upper == sp.oo else "]"
        return f"{left}{setting.latex(lower)}, {setting.latex(upper)}{right}"
    if (lower, upper) == (-sp.oo, sp.oo):
        return r"\mathbb{Z}" if piece.step == 1 else rf"{piece.step}\mathbb{{Z}}"
    if lower == -sp.oo:
        run = [r"\ldots", setting.latex(upper - piece.step), setting.latex(upper)]
    elif upper == sp.oo:
        run = [
            *(setting.latex(lower + n * piece.step) for n in range(3 if lower.is_number else 2)),
            r"\ldots",
        ]
    elif (upper - lower).is_number and (upper - lower) <= 3 * piece.step:
        run = [setting.latex(lower + n * piece.step) for n in range(int((upper - lower) / piece.step) + 1)]
    else:
        # The last member of a stepped run lies on the grid of the first.
        last = upper if piece.step == 1 else upper - sp.Mod(upper - lower, piece.step)
        run = [setting.latex(lower), setting.latex(lower + piece.step), r"\ldots", setting.latex(last)]
    return rf"\{{{', '.join(run)}\}}"


def memberships(
    setting: Setting, symbols: Sequence[sp.Symbol], sets: Sequence[Sequence[Piece]]
) -> list[tuple[str, str]]:
    r"""``("k, r", "(0, \infty)")``: the symbols in runs of one and the same set, at most six to a run."""
    runs: list[tuple[list[sp.Symbol], str]] = []
    for symbol, pieces in zip(symbols, sets, strict=True):
        text = set_latex(setting, pieces)
        if runs and runs[-1][1] == text and len(runs[-1][0]) < 6:
            runs[-1][0].append(symbol)
        else:
            runs.append(([symbol], text))
    return [(setting.names(group), text) for group, text in runs]
