"""Numerical expectations: the cells of a support, each integrated or summed axis by axis, at many points at once.

Several variables are integrated in turn, the inner ones for all outer nodes together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sympy as sp

from symgeo.codegen import numpy_function
from symgeo.expectation.axis import integrate_axis
from symgeo.expectation.lattice_sum import sum_integers
from symgeo.expectation.node import LOG_NORMALISER
from symgeo.expectation.panels import Integrals

if TYPE_CHECKING:
    import numpy as np
    from sympy import Expr, Symbol

    from symgeo.expectation.cells import Cell
    from symgeo.expectation.law import Law
    from symgeo.expectation.node import Letters

_TOLERANCE = 1e-11
_OUTER_TOLERANCE = 1e-9  # where what is integrated was integrated before: its noise is not to be refined
_INNER_TOLERANCE = 1e-11
_ROUGH = 1e-4  # where only the place of the mass is sought
_BLOCK = 256  # parameter points at a time on the outermost axis
_INNER_BLOCK = 2048
_WORST_ERROR = 1e-7  # relative to E|f|: beyond this the value is nan
_FLOOR = 1e-5  # in several variables, what is smaller than this share of the mass need not be known relatively
_WORST_MASS = 1e-5
_NOTHING = -1e300  # the log scale of an empty cell
_LEFT = 0.01  # of an error in the mass, after division by it


class Integrator:
    """Values of several expectations under one law: ``integrator(points)`` -> values and errors, each (P, m)."""

    def __init__(self, law: Law, contents: Sequence[tuple[Expr, Letters]]):
        self.law = law
        self._stages = _stages(law, contents)
        cells = law.cells_for([f for f, _ in contents if f != LOG_NORMALISER])
        self._cells = [_CellIntegral(cell, law, self._stages) for cell in cells]
        self._last: tuple[tuple[int, bytes], tuple[np.ndarray, np.ndarray, np.ndarray]] | None = None

    def __call__(self, points: np.ndarray, rough: bool = False) -> tuple[np.ndarray, np.ndarray]:
        """``rough`` values are not nan where their error is large beside E|f|."""
        import numpy as np

        values, errors, failed = self._estimates(points)
        return values if rough else np.where(failed, np.nan, values), errors

    def _estimates(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Values, errors and where they are of no use, each (P, m)."""
        import numpy as np

        key = (len(points), points.tobytes())
        if self._last is not None and self._last[0] == key:
            return self._last[1]
        count = self._stages[-1].count
        values = np.full((len(points), count), np.nan)
        errors = np.full((len(points), count), np.nan)
        failed = np.ones((len(points), count), dtype=bool)
        good = np.all(np.isfinite(points), axis=1)
        if self.law.domain is not None:
            good &= self.law.domain.contains(points)
        rows = np.flatnonzero(good)
        for start in range(0, rows.size, _BLOCK):
            block = rows[start : start + _BLOCK]
            values[block], errors[block], failed[block] = self._block(points[block])
        self._last = (key, (values, errors, failed))
        return self._last[1]

    def _block(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        import numpy as np

        with np.errstate(all="ignore"):
            return self._integrals(points)

    def _integrals(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        import numpy as np

        columns = points
        for number, stage in enumerate(self._stages):
            results = [cell(number, columns, _TOLERANCE) for cell in self._cells]
            log_scale = np.max([r[0] for r in results], axis=0)
            total = Integrals.zeros(stage.count + 1, len(points))
            open_end = np.zeros((stage.count + 1, len(points)), dtype=bool)
            for scale, part, endless in results:
                factor = np.exp(scale - log_scale)
                total = total + Integrals(part.value * factor, part.error * factor, part.size * factor)
                open_end |= endless
            # Divided by the mass, which is one for a density: so the rounding in its logarithm cancels.
            unit = 1.0 / total.value[0]
            value, error, size = (v[1:] * unit for v in (total.value, total.error, total.size))
            for place in stage.log_mass:
                value[place], error[place] = np.log(total.value[0]) + log_scale, total.error[0] / total.value[0]
            if number + 1 < len(self._stages):
                columns = np.concatenate([columns, value.T], axis=1)
        wrong = open_end[0] | ~(np.isfinite(total.value[0]) & (total.value[0] > 0))
        if not self.law.unnormalised:
            off = np.abs(total.value[0] * np.exp(log_scale) - 1.0)
            wrong |= ~(off <= _WORST_MASS)
            error = error + _LEFT * off * size
        endless = open_end[1:] | np.isinf(value)
        floor = _FLOOR if any(len(cell.cell.axes) > 1 for cell in self._cells) else 1e-300
        failed = wrong | endless | ~(error <= _WORST_ERROR * np.maximum(size, floor))
        return np.where(wrong, np.nan, value).T, np.where(endless & ~wrong, np.inf, error).T, failed.T


@dataclass(frozen=True)
class _Stage:
    """Functions whose means are found together; ``symbols`` stand for the means that earlier stages found."""

    functions: tuple[Expr, ...]
    symbols: tuple[Symbol, ...] = ()
    strict: bool = False  # whether there are functions besides derivatives of the log-density
    log_mass: tuple[int, ...] = ()  # the places at which the logarithm of the mass is wanted instead

    @property
    def count(self) -> int:
        return len(self.functions)


def _stages(law: Law, contents: Sequence[tuple[Expr, Letters]]) -> list[_Stage]:
    """One stage for a normalised density. Else the derivatives of the log-normaliser are means themselves.

    With ``log p = a - log Z``: ``d_I log Z = E[a_I] + sum of E[product of l_B]`` over the partitions of I into two or
    more blocks, so the derivatives of each order follow from those below.
    """
    if not law.unnormalised:
        products = tuple(sp.Mul(f, *map(law.letter, letters)) for f, letters in contents)
        return [_Stage(products, strict=any(f != 1 for f, _ in contents))]
    from symgeo.expectation.law import partitions

    needed: set[tuple[int, ...]] = set()
    for _, letters in contents:
        for letter in letters:
            positions = tuple(range(len(letter)))
            needed |= {tuple(letter[i] for i in block) for blocks in partitions(positions) for block in blocks}
    symbols: dict[tuple[int, ...], Symbol] = {}
    stages = []
    for order in range(1, max(map(len, needed), default=0) + 1):
        fresh = sorted(i for i in needed if len(i) == order)
        known = dict(symbols)
        functions = []
        for letter in fresh:
            terms: list[Expr] = [law.letter(letter)]
            for blocks in partitions(tuple(range(order))):
                if len(blocks) > 1:
                    terms.append(sp.Mul(*(_centred(law, known, tuple(letter[i] for i in b)) for b in blocks)))
            functions.append(sp.Add(*terms))
        stages.append(_Stage(tuple(functions), tuple(known.values())))
        symbols.update({letter: sp.Dummy("z", real=True) for letter in fresh})
    places = tuple(i for i, (f, _) in enumerate(contents) if f == LOG_NORMALISER)
    last = tuple(
        sp.Mul(sp.S.One if f == LOG_NORMALISER else f, *(_centred(law, symbols, i) for i in letters))
        for f, letters in contents
    )
    strict = any(f not in (1, LOG_NORMALISER) for f, _ in contents)
    return [*stages, _Stage(last, tuple(symbols.values()), strict, places)]


def _centred(law: Law, symbols: dict[tuple[int, ...], Symbol], letter: tuple[int, ...]) -> Expr:
    return law.letter(letter) - symbols[letter]


class _CellIntegral:
    """Functions of one cell integrated over it; ``functions[stage]`` gives the log-density and the functions."""

    def __init__(self, cell: Cell, law: Law, stages: Sequence[_Stage]):
        self.cell = cell
        self.stages = stages
        self._sizes = [stage.count + 1 for stage in stages]
        self._functions = []
        self._extra: list[list[int]] = []  # the functions that have a steep factor
        letters = {s: letter for letter, s in law.letters.items()}
        for stage in stages:
            used = set().union(*(e.free_symbols for e in stage.functions)) & letters.keys()
            own = {s: law.on_cell(cell, letters[s]) for s in used}
            parts = [_steep(cell.placed(e).xreplace(own)) for e in stage.functions]
            self._extra.append([i for i, (logarithm, _) in enumerate(parts) if logarithm != 0])
            expressions = [cell.log_density, *(rest for _, rest in parts)]
            expressions += [logarithm for logarithm, _ in parts if logarithm != 0]
            self._functions.append(numpy_function(expressions, [*cell.coordinates, *law.parameters, *stage.symbols]))

    def __call__(self, stage: int, points: np.ndarray, tolerance: float) -> tuple[np.ndarray, Integrals, np.ndarray]:
        """log scale (P,), integrals (1 + m, P) in its units, the first that of the density, and open ends (P,)."""
        import numpy as np

        alive = self.cell.alive(points)
        if not np.all(alive):
            return self._where(alive, stage, points, tolerance)
        if not self.cell.axes:
            log_weights, values = self._at(stage, [], points)
            log_weight = log_weights if log_weights.ndim == 1 else log_weights[0]
            values = values if log_weights.ndim == 1 else values * np.exp(log_weights - log_weight)
            sizes = np.where(np.isfinite(log_weight), np.abs(values), 0.0)
            values = np.where(np.isfinite(log_weight), values, 0.0)
            log_weight = np.where(np.isfinite(log_weight), log_weight, 0.0)
            return log_weight, Integrals(values, 4e-16 * sizes, sizes), np.zeros(values.shape, dtype=bool)
        return self._along(stage, [], points, tolerance)

    def _where(
        self, alive: np.ndarray, stage: int, points: np.ndarray, tolerance: float
    ) -> tuple[np.ndarray, Integrals, np.ndarray]:
        """The same where the cell is not empty, and nothing elsewhere."""
        import numpy as np

        size = self._sizes[stage]
        log_scale = np.full(len(points), _NOTHING)
        integrals, open_end = Integrals.zeros(size, len(points)), np.zeros((size, len(points)), dtype=bool)
        if np.any(alive):
            log_scale[alive], found, open_end[:, alive] = self(stage, points[alive], tolerance)
            for whole, part in zip(
                (integrals.value, integrals.error, integrals.size), (found.value, found.error, found.size), strict=True
            ):
                whole[:, alive] = part
        return log_scale, integrals, open_end

    def _at(self, stage: int | None, own: list[np.ndarray], points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        import numpy as np

        if stage is None:
            (log_weight,) = self.cell.weight(*own, *points[:, : len(self.cell.parameters)].T)
            return log_weight, np.ones((1, len(points)))
        log_weight, *values = self._functions[stage](*own, *points.T)
        count = self._sizes[stage] - 1
        columns = np.stack([np.ones_like(log_weight), *values[:count]])
        places, extra = self._extra[stage], values[count:]
        if not places:
            return log_weight, columns
        log_weights = np.repeat(log_weight[None, :], count + 1, axis=0)
        for place, logarithm in zip(places, extra, strict=True):
            log_weights[place + 1] += logarithm
        return log_weights, columns

    def _along(
        self, stage: int | None, own: list[np.ndarray], points: np.ndarray, tolerance: float
    ) -> tuple[np.ndarray, Integrals, np.ndarray]:
        """Integrate over the axis after those in ``own``, whose values are given row by row."""
        import numpy as np

        level, count = len(own), len(points)
        if level and count > _INNER_BLOCK:
            parts = [
                self._along(stage, [c[i : i + _INNER_BLOCK] for c in own], points[i : i + _INNER_BLOCK], tolerance)
                for i in range(0, count, _INNER_BLOCK)
            ]
            joined = Integrals(
                *(np.concatenate([getattr(p[1], n) for p in parts], axis=1) for n in ("value", "error", "size"))
            )
            return np.concatenate([p[0] for p in parts]), joined, np.concatenate([p[2] for p in parts], axis=1)
        axis, size = self.cell.axes[level], 1 if stage is None else self._sizes[stage]
        floor = 0.0
        if level + 1 < len(self.cell.axes):
            # An inner mean that vanishes leaves only rounding to the outer integral.
            tolerance, floor = max(tolerance, _OUTER_TOLERANCE), _FLOOR

        integrand = _OnAxis(self, stage, own, points)
        hints = self.cell.hints(level, own, points)
        ends = self.cell.ends(level, own, points)
        if axis.kind == "integers":
            found = sum_integers(integrand, size, ends[0], ends[1], hints, tolerance)
        else:
            found = integrate_axis(integrand, size, ends[0] if ends else None, hints, tolerance, floor)
        return found.log_scale, found.integrals, found.open_end

    def mean(self, stage: int | None, own: list[np.ndarray], points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Log of the density of the variables given so far, and the functions' means given them; mass alone for
        the stage None."""
        import numpy as np

        if len(own) == len(self.cell.axes):
            return self._at(stage, own, points)
        tolerance = _ROUGH if stage is None else _INNER_TOLERANCE
        log_scale, inner, open_end = self._along(stage, own, points, tolerance)
        mass = inner.value[0]
        values = np.where(open_end, np.nan, inner.value / np.where(mass > 0, mass, 1.0))
        return log_scale + np.log(mass), values


@dataclass(frozen=True)
class _OnAxis:
    """What is integrated over one axis, given the earlier variables row by row."""

    integral: _CellIntegral
    stage: int | None
    own: list[np.ndarray]
    points: np.ndarray

    @property
    def unseen(self) -> float:
        # Outer nodes far from all mass are dear: each is an integral.
        return float("inf") if len(self.integral.cell.axes) == 1 else 250.0

    @property
    def strict(self) -> bool:
        return self.stage is not None and self.integral.stages[self.stage].strict

    def weight(self, rows: np.ndarray, y: np.ndarray) -> np.ndarray:
        return self.integral.mean(None, [*(c[rows] for c in self.own), y], self.points[rows])[0]

    def __call__(self, rows: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return self.integral.mean(self.stage, [*(c[rows] for c in self.own), y], self.points[rows])


def _steep(f: Expr) -> tuple[Expr, Expr]:
    """``f = exp(first) * second``: exponentials, gamma functions and free powers, which may outgrow the doubles."""
    logarithms, rest = [], []
    for factor in sp.Mul.make_args(f):
        base, power = factor.as_base_exp()
        if isinstance(factor, sp.exp):
            logarithms.append(factor.args[0])
        elif isinstance(base, sp.factorial) or (isinstance(base, sp.gamma) and base.args[0].is_positive):
            argument = base.args[0] + (1 if isinstance(base, sp.factorial) else 0)
            logarithms.append(power * sp.loggamma(argument))
        elif power.free_symbols and base.is_positive:
            logarithms.append(power * sp.log(base))
        else:
            rest.append(factor)
    return sp.Add(*logarithms), sp.Mul(*rest)
