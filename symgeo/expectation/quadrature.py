"""Numerical expectations: the support cut into cells, each integrated or summed axis by axis, at many points at once.

Near a finite end a the variable is written ``a + y`` in the expressions themselves, so that no digit of y is lost
beside a power singularity; several variables are integrated in turn, the inner ones for all outer nodes together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sympy as sp

from symgeo.algebra.sets import Points, Progression, Segment
from symgeo.codegen import numpy_function
from symgeo.expectation.axis import integrate_axis
from symgeo.expectation.lattice_sum import sum_integers
from symgeo.expectation.panels import Integrals

if TYPE_CHECKING:
    import numpy as np
    from sympy import Expr, Symbol

    from symgeo.expectation.law import Law
    from symgeo.expectation.node import Letters

_TOLERANCE = 1e-11
_INNER_TOLERANCE = 1e-10
_ROUGH = 1e-4  # where only the place of the mass is sought
_BLOCK = 256  # parameter points at a time on the outermost axis
_INNER_BLOCK = 2048
_WORST_ERROR = 1e-7  # relative to E|f|: beyond this the value is nan
_WORST_MASS = 1e-6


@dataclass(frozen=True)
class _Axis:
    """One variable of a cell: ``variable = image`` of its own coordinate y and of the earlier ones.

    ``ends`` are, for a sum, its first and last integer; for an integral (0, reach), or None for the whole line.
    """

    kind: str  # "line", "ray", "integers", "point"
    y: Symbol
    image: Expr
    ends: tuple[Expr, ...] = ()


class Integrator:
    """Values of several expectations under one law: ``integrator(points)`` -> values and errors, each (P, m)."""

    def __init__(self, law: Law, contents: Sequence[tuple[Expr, Letters]]):
        self.law = law
        self._stages = _stages(law, contents)
        self._cells = [_Cell(law, axes, self._stages) for axes in _cells(law)]

    def __call__(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        import numpy as np

        count = self._stages[-1].count
        values = np.full((len(points), count), np.nan)
        errors = np.full((len(points), count), np.nan)
        good = np.all(np.isfinite(points), axis=1)
        if self.law.domain is not None:
            good &= self.law.domain.contains(points)
        rows = np.flatnonzero(good)
        for start in range(0, rows.size, _BLOCK):
            block = rows[start : start + _BLOCK]
            values[block], errors[block] = self._block(points[block])
        return values, errors

    def _block(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        import numpy as np

        columns = points
        for number, stage in enumerate(self._stages):
            results = [cell(number, columns, _TOLERANCE) for cell in self._cells]
            log_scale = np.max([r[0] for r in results], axis=0)
            total = Integrals.zeros(stage.count + 1, len(points))
            open_end = np.zeros(len(points), dtype=bool)
            for scale, part, endless in results:
                factor = np.exp(scale - log_scale)
                total = total + Integrals(part.value * factor, part.error * factor, part.size * factor)
                open_end |= endless
            mass = total.value[0] * np.exp(log_scale)
            unit = np.exp(log_scale) if not self.law.unnormalised else 1.0 / total.value[0]
            value, error, size = (v[1:] * unit for v in (total.value, total.error, total.size))
            if number + 1 < len(self._stages):
                columns = np.concatenate([columns, value.T], axis=1)
        wrong = open_end | ~np.isfinite(mass) | (not self.law.unnormalised and np.abs(mass - 1.0) > _WORST_MASS)
        failed = wrong | (error > _WORST_ERROR * np.maximum(size, 1e-300))
        return np.where(failed, np.nan, value).T, np.where(open_end, np.inf, error).T


@dataclass(frozen=True)
class _Stage:
    """Functions whose means are found together; ``symbols`` stand for the means that earlier stages found."""

    functions: tuple[Expr, ...]
    symbols: tuple[Symbol, ...] = ()

    @property
    def count(self) -> int:
        return len(self.functions)


def _stages(law: Law, contents: Sequence[tuple[Expr, Letters]]) -> list[_Stage]:
    """One stage for a normalised density. Else the derivatives of the log-normaliser are means themselves.

    With ``log p = a - log Z``: ``d_I log Z = E[a_I] + sum of E[product of l_B]`` over the partitions of I into two or
    more blocks, so the derivatives of each order follow from those below.
    """
    if not law.unnormalised:
        return [_Stage(tuple(sp.Mul(f, *map(law.derivative, letters)) for f, letters in contents))]
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
            terms = [law.derivative(letter)]
            for blocks in partitions(tuple(range(order))):
                if len(blocks) > 1:
                    terms.append(sp.Mul(*(_centred(law, known, tuple(letter[i] for i in b)) for b in blocks)))
            functions.append(sp.Add(*terms))
        stages.append(_Stage(tuple(functions), tuple(known.values())))
        symbols.update({letter: sp.Dummy("z", real=True) for letter in fresh})
    last = tuple(sp.Mul(f, *(_centred(law, symbols, i) for i in letters)) for f, letters in contents)
    return [*stages, _Stage(last, tuple(symbols.values()))]


def _centred(law: Law, symbols: dict[tuple[int, ...], Symbol], letter: tuple[int, ...]) -> Expr:
    return law.derivative(letter) - symbols[letter]


class _Cell:
    """A product of axes on which the density is given by one expression."""

    def __init__(self, law: Law, axes: Sequence[_Axis], stages: Sequence[_Stage]):
        self.axes = tuple(a for a in axes if a.kind != "point")
        self._sizes = [stage.count + 1 for stage in stages]
        images: dict[Symbol, Expr] = {}
        for variable, axis in zip(law.variables, axes, strict=True):
            images[variable] = axis.image.xreplace(images)
        own = [a.y for a in self.axes]
        self._weight = numpy_function([_placed(law.log_density, images)], [*own, *law.parameters])
        self._functions = []
        for stage in stages:
            expressions = [_placed(e, images) for e in (law.log_density, *stage.functions)]
            self._functions.append(numpy_function(expressions, [*own, *law.parameters, *stage.symbols]))
        self._ends: list[Any] = [
            numpy_function(list(a.ends), own[:i]) if i else None for i, a in enumerate(self.axes)
        ]
        placed = _placed(law.log_density, images)
        hints = [_hints(placed, a.y, law.parameters, a.image.xreplace(images)) for a in self.axes]
        self._parameters = len(law.parameters)
        # The peak of an inner variable may move with an outer one.
        self._hints: list[Any] = []
        for i, places in enumerate(hints):
            known = [*own[:i], *law.parameters]
            usable = [h for h in places if h.free_symbols <= set(known)]
            self._hints.append(numpy_function(usable, known) if usable else None)

    def __call__(self, stage: int, points: np.ndarray, tolerance: float) -> tuple[np.ndarray, Integrals, np.ndarray]:
        """log scale (P,), integrals (1 + m, P) in its units, the first that of the density, and open ends (P,)."""
        import numpy as np

        if not self.axes:
            log_weight, values = self._at(stage, [], points)
            sizes = np.where(np.isfinite(log_weight), np.abs(values), 0.0)
            values = np.where(np.isfinite(log_weight), values, 0.0)
            log_weight = np.where(np.isfinite(log_weight), log_weight, 0.0)
            return log_weight, Integrals(values, 4e-16 * sizes, sizes), np.zeros(len(points), dtype=bool)
        return self._along(stage, [], points, tolerance)

    def _at(self, stage: int | None, own: list[np.ndarray], points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        import numpy as np

        if stage is None:
            (log_weight,) = self._weight(*own, *points[:, : self._parameters].T)
            return log_weight, np.ones((1, len(points)))
        log_weight, *values = self._functions[stage](*own, *points.T)
        return log_weight, np.stack([np.ones_like(log_weight), *values])

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
            return np.concatenate([p[0] for p in parts]), joined, np.concatenate([p[2] for p in parts])
        axis, size = self.axes[level], 1 if stage is None else self._sizes[stage]

        integrand = _OnAxis(self, stage, own, points)
        hints = np.full((count, 1), np.nan)
        if self._hints[level] is not None:
            known = points[:, : self._parameters]
            hints = np.stack(self._hints[level](*own, *known.T), axis=-1)
        ends = [np.broadcast_to(e, (count,)) for e in self._end_values(level, own, count)]
        if axis.kind == "integers":
            found = sum_integers(integrand, size, ends[0], ends[1], hints, tolerance)
        else:
            found = integrate_axis(integrand, size, ends[0] if ends else None, hints, tolerance)
        return found.log_scale, found.integrals, found.open_end

    def mean(self, stage: int | None, own: list[np.ndarray], points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Log of the density of the variables given so far, and the functions' means given them; mass alone for
        the stage None."""
        import numpy as np

        if len(own) == len(self.axes):
            return self._at(stage, own, points)
        tolerance = _ROUGH if stage is None else _INNER_TOLERANCE
        log_scale, inner, _ = self._along(stage, own, points, tolerance)
        mass = inner.value[0]
        return log_scale + np.log(mass), inner.value / np.where(mass > 0, mass, 1.0)

    def _end_values(self, level: int, own: list[np.ndarray], count: int) -> list[np.ndarray]:
        import numpy as np

        ends = self.axes[level].ends
        if not any(e.free_symbols for e in ends):
            return [np.full(count, float(e)) for e in ends]
        return self._ends[level](*own)


@dataclass(frozen=True)
class _OnAxis:
    """What is integrated over one axis, given the earlier variables row by row."""

    cell: _Cell
    stage: int | None
    own: list[np.ndarray]
    points: np.ndarray

    def weight(self, rows: np.ndarray, y: np.ndarray) -> np.ndarray:
        return self.cell.mean(None, [*(c[rows] for c in self.own), y], self.points[rows])[0]

    def __call__(self, rows: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return self.cell.mean(self.stage, [*(c[rows] for c in self.own), y], self.points[rows])


def _placed(e: Expr, images: dict[Symbol, Expr]) -> Expr:
    return e.xreplace(images)


def _cells(law: Law) -> Iterator[tuple[_Axis, ...]]:
    """Every choice of one axis for each variable."""

    def grown(number: int, before: tuple[_Axis, ...]) -> Iterator[tuple[_Axis, ...]]:
        if number == len(law.variables):
            yield before
            return
        images: dict[Symbol, Expr] = {}
        for v, axis in zip(law.variables, before, strict=False):
            images[v] = axis.image.xreplace(images)
        for piece in law.pieces[number]:
            for axis in _axes(law.variables[number], piece, images):
                yield from grown(number + 1, (*before, axis))

    return grown(0, ())


def _axes(variable: Symbol, piece: Any, images: dict[Symbol, Expr]) -> Iterator[_Axis]:
    if isinstance(piece, Points):
        for value in piece.values:
            yield _Axis("point", sp.Dummy(), value)
        return
    ends = tuple(e.xreplace(images) for e in piece.ends)
    if isinstance(piece, Progression):
        assert piece.step > 0
        n = sp.Dummy(variable.name, integer=True, nonnegative=ends[0].is_nonnegative)
        if piece.step == 1:
            yield _Axis("integers", n, n, ends)
        else:
            start, turn = (ends[0], 1) if ends[0].is_finite else (ends[1], -1)
            yield _Axis("integers", n, start + turn * piece.step * n, (sp.S.Zero, (ends[1] - ends[0]) / piece.step))
        return
    assert isinstance(piece, Segment)
    low, high = ends
    y = sp.Dummy(variable.name, positive=True)
    if low.is_infinite and high.is_infinite:
        line = sp.Dummy(variable.name, real=True)
        yield _Axis("line", line, line)
    elif high.is_infinite:
        yield _Axis("ray", y, low + y, (sp.oo,))
    elif low.is_infinite:
        yield _Axis("ray", y, high - y, (sp.oo,))
    else:
        half = (high - low) / 2
        yield _Axis("ray", y, low + y, (half,))
        other = sp.Dummy(variable.name, positive=True)
        yield _Axis("ray", other, high - other, (half,))


_MOST_HINTS = 12


def _hints(log_density: Expr, y: Symbol, parameters: Sequence[Symbol], image: Expr) -> list[Expr]:
    """Places on an axis where the weight may peak: zeros of linear and vertices of quadratic parts, and parameters."""
    parts = {a for e in log_density.atoms(sp.Function, sp.Pow) for a in e.args if y in a.free_symbols}
    parts |= {t for t in sp.Add.make_args(log_density) if y in t.free_symbols}
    found: dict[Expr, None] = {}
    for part in sorted(parts, key=sp.default_sort_key):
        slope = sp.diff(part, y)
        bend = sp.expand(sp.diff(slope, y))
        if y in bend.free_symbols:
            continue
        q, f = (bend, slope) if bend != 0 else (sp.expand(slope), part)
        if q != 0 and y not in q.free_symbols:
            found[-f.subs(y, 0) / q] = None
    turn = sp.diff(image, y)
    for s in parameters:
        found[(s - image.subs(y, 0)) / turn] = None
    return [h for h in found if h.is_number is False or h.is_finite][:_MOST_HINTS]
