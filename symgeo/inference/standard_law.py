"""Families of location and scale in a coordinate of the variable, by the law that stands behind them.

With ``y = (g(x) - m) / s``, where m and s are functions of the parameters, the log-density is ``log |g'(x)| - log |s| +
q(y)``, and q may have shapes. Sums over observations of its derivatives by all parameters are then sums of derivatives
of q, which are short, put together by the chain rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING, Any

import sympy as sp

from symgeo.algebra.elimination import invert_map
from symgeo.algebra.sets import Segment
from symgeo.codegen import numpy_function
from symgeo.inference.riccati import by_slopes

if TYPE_CHECKING:
    from sympy import Expr, Symbol

    from symgeo.algebra import Element
    from symgeo.models.statistical_model import StatisticalModel

Function = Callable[..., list[Any]]
# Log-densities of moderate points that differ by less, relatively, are the same.
_ALIKE = 1e-6


@dataclass(frozen=True, eq=False)
class StandardLaw:
    """``coordinate`` g and ``carrier`` log |g'| of the model's variable; ``shift`` m and ``scale`` s of the parameters.

    ``image`` is the variable as a function of its coordinate, there called y. ``shift`` is None where it is zero,
    ``scale`` where it is one. ``law`` is q of ``variable`` y and the ``shapes``, ``written`` the same as it was
    declared; y runs over the whole line, or over ``half`` of it.
    """

    model: StatisticalModel
    coordinate: Expr
    image: Expr
    carrier: Expr
    shift: Expr | None
    scale: Expr | None
    variable: Symbol
    shapes: tuple[Symbol, ...]
    law: Element
    written: Expr
    half: bool

    @cached_property
    def columns(self) -> Function:
        """[g, log |g'|] of the model's variable."""
        return numpy_function([self.coordinate, self.carrier], self.model.variables)

    @cached_property
    def motion(self) -> Function:
        """[m, s, log |s|] of the parameters."""
        scale = sp.S.One if self.scale is None else self.scale
        shift = sp.S.Zero if self.shift is None else self.shift
        return numpy_function([shift, scale, sp.log(sp.Abs(scale))], self.model.parameters)

    @cached_property
    def from_motion(self) -> Function | None:
        """The parameters (n) of [m, s, *shapes], without those of m and s that there are not; None if not known."""
        functions = [e for e in (self.shift, self.scale) if e is not None]
        unknown = [p for p in self.model.parameters if p not in self.shapes]
        if len(functions) != len(unknown):
            return None
        targets = [sp.Dummy(real=True, positive=e is self.scale or None) for e in functions]
        found = invert_map(functions, unknown, targets, self.model.chart.interior_points(3))
        if found is None:
            return None
        values = {**dict(zip(unknown, found, strict=True)), **{s: s for s in self.shapes}}
        return numpy_function([values[p] for p in self.model.parameters], [*targets, *self.shapes])

    @cached_property
    def value(self) -> Function:
        """[q] of y and the shapes."""
        return numpy_function([self.written], self._arguments)

    @cached_property
    def score(self) -> Function:
        """[q_y, q by each shape]."""
        return numpy_function(self._slopes, self._arguments)

    @cached_property
    def local(self) -> Function:
        """[q, q_y, q by each shape]."""
        return numpy_function([self.written, *self._slopes], self._arguments)

    @cached_property
    def curved(self) -> Function:
        """[q, q_y, q by each shape, q_yy, q_y by each shape, second derivatives by the shapes (upper triangle)]."""
        slopes = [self.law.diff(s) for s in self._arguments]
        pairs = combinations_with_replacement(range(len(slopes)), 2)
        second = [slopes[i].diff(self._arguments[j]) for i, j in pairs]
        return self._with_second([self.written], slopes, second)

    @cached_property
    def bent(self) -> Function:
        """[q_y, q_yy] of y and the shapes."""
        slope = self.law.diff(self.variable)
        return self._with_second([], [slope], [slope.diff(self.variable)])

    def _with_second(self, written: list[Expr], slopes: list[Element], second: list[Element]) -> Function:
        found = by_slopes(written, slopes, second, self._arguments, self.variable)
        if found is not None:
            return found
        return numpy_function([*written, *(e.to_sympy() for e in (*slopes, *second))], self._arguments)

    @cached_property
    def together(self) -> Function:
        """[bounds of the score's terms (n), score (n), minus the second derivatives (upper triangle)].

        A function of the parameters, the total weight, sums of absolute values of the first derivatives, and sums of
        these: of q_y, ``1 + y q_y`` and q by each shape; then of q_yy, ``y q_yy``, ``y^2 q_yy``, for each shape of q_y
        by it and y times that, and of the second derivatives by the shapes.
        """
        s = self._sums
        return numpy_function([*s.sizes, *s.score, *s.information], [*s.arguments, *s.second])

    @cached_property
    def together_slopes(self) -> Function:
        """[bounds of the score's terms (n), score (n)] of parameters, total weight, and sums of first derivatives."""
        return numpy_function([*self._sums.sizes, *self._sums.score], self._sums.arguments)

    @property
    def _arguments(self) -> tuple[Symbol, ...]:
        return (self.variable, *self.shapes)

    @cached_property
    def _slopes(self) -> list[Expr]:
        return [self.law.diff(s).to_sympy() for s in self._arguments]

    @cached_property
    def _sums(self) -> _Sums:
        return _chain_rule(self)


@dataclass(frozen=True)
class _Sums:
    """Symbols of sums, and score, its size, and information as expressions in them."""

    arguments: list[Symbol]
    second: list[Symbol]
    score: list[Expr]
    sizes: list[Expr]
    information: list[Expr]


def _chain_rule(law: StandardLaw) -> _Sums:
    """Derivatives by the parameters from those by shift, scale and shapes."""
    count, shapes = len(law.shapes), law.shapes
    total, *absolute = _symbols(3 + count)
    slope, spread, *own = first = _symbols(2 + count)
    bend, skew, widening, *rest = second = _symbols(3 + 2 * count + count * (count + 1) // 2)
    along, across, among = rest[:count], rest[count : 2 * count], iter(rest[2 * count :])
    s = sp.S.One if law.scale is None else law.scale
    moved = [(sp.S.Zero if law.shift is None else law.shift), s, *shapes]
    gradient = [-slope / s, -spread / s, *own]
    hessian = sp.zeros(len(moved))
    hessian[0, 0], hessian[0, 1] = bend / s**2, (slope + skew) / s**2
    hessian[1, 1] = (2 * spread - total + widening) / s**2
    for k in range(count):
        hessian[0, 2 + k], hessian[1, 2 + k] = -along[k] / s, -across[k] / s
    for i, j in combinations_with_replacement(range(count), 2):
        hessian[2 + i, 2 + j] = next(among)
    x = law.model.parameters
    moves = [[sp.diff(e, p) for p in x] for e in moved]
    sizes = [absolute[0] / sp.Abs(s), absolute[1] / sp.Abs(s), *absolute[2:]]
    information = []
    for i, j in combinations_with_replacement(range(len(x)), 2):
        terms = [g * sp.diff(e, x[i], x[j]) for g, e in zip(gradient, moved, strict=True)]
        for a, b in combinations_with_replacement(range(len(moved)), 2):
            both = moves[a][i] * moves[b][j] + (moves[b][i] * moves[a][j] if a != b else 0)
            terms.append(hessian[a, b] * both)
        information.append(-sp.Add(*terms).expand())
    return _Sums(
        [*x, total, *absolute, *first],
        second,
        [sp.Add(*(g * row[i] for g, row in zip(gradient, moves, strict=True))) for i in range(len(x))],
        [sp.Add(*(v * sp.Abs(row[i]) for v, row in zip(sizes, moves, strict=True))) for i in range(len(x))],
        information,
    )


def _symbols(count: int) -> list[Symbol]:
    return [sp.Dummy(real=True) for _ in range(count)]


def standard_law(model: StatisticalModel) -> StandardLaw | None:
    """The standard law of a family of one continuous variable; None where the model is not seen to be of that kind.

    A parameter p moves a coordinate t by shifts if ``-d_p log f = (d_p m) d_t log f`` with m free of t, and another one
    by scales if ``-d_p log f = (d_p m) d_t log f + (d_p log s) (1 + (t - m) d_t log f)``.
    """
    if len(model.variables) > 1 or len(model.support.pieces[0]) > 1:
        return None
    ((piece,),) = model.support.pieces
    if not isinstance(piece, Segment) or any(e.free_symbols for e in piece.ends):
        return None
    best: _Motion | None = None
    for chart in _charts(model.variables[0], *piece.ends):
        found = _motion(model, chart)
        if found is not None and (best is None or len(found.values) > len(best.values)):
            best = found
    law = None if best is None else _law(model, best)
    return law if law is not None and _holds(law) else None


@dataclass(frozen=True)
class _Chart:
    """A coordinate t of the variable x, x as a function of ``letter`` t, and whether t is on a half-line."""

    coordinate: Expr
    letter: Symbol
    image: Expr
    half: bool


@dataclass(frozen=True)
class _Motion:
    """How parameters move a chart's coordinate, and ``values`` of them at which it is at rest."""

    chart: _Chart
    shift: Expr
    scale: Expr
    values: dict[Symbol, Expr]


def _charts(x: Symbol, low: Expr, high: Expr) -> Iterator[_Chart]:
    """Coordinates without parameters in which the variable may be moved."""
    line, half = sp.Symbol("y", real=True), sp.Symbol("y", positive=True)
    if low.is_infinite and high.is_infinite:
        yield _Chart(x, line, line, False)
        yield _Chart(sp.asinh(x), line, sp.sinh(line), False)
    elif high.is_infinite:
        yield _Chart(x - low, half, low + half, True)
        yield _Chart(sp.log(x - low), line, low + sp.exp(line), False)
    elif low.is_infinite:
        yield _Chart(high - x, half, high - half, True)
        yield _Chart(sp.log(high - x), line, high - sp.exp(line), False)
    else:
        width = high - low
        yield _Chart(sp.log((x - low) / (high - x)), line, low + width / (1 + sp.exp(-line)), False)
        yield _Chart(-sp.log((x - low) / width), half, low + width * sp.exp(-half), True)
        yield _Chart(-sp.log((high - x) / width), half, high - width * sp.exp(-half), True)


def _motion(model: StatisticalModel, chart: _Chart) -> _Motion | None:
    (x,), field, density = model.variables, model.field, model.log_element
    rate = field(1 / sp.diff(chart.coordinate, x))
    t, slope = field(chart.coordinate), rate * density.diff(x) + rate.diff(x)
    if not slope:
        return None
    shift, scale, values = sp.S.Zero, sp.S.One, {}
    for p in model.parameters if not chart.half else ():
        found = _integrated(-density.diff(p) / slope, p, set(model.parameters) - {p})
        if found is not None:
            shift, values[p] = found
            break
    spread = (t - field(shift)) * slope + 1
    for p in model.parameters if spread else ():
        left = -density.diff(p) - field(sp.diff(shift, p)) * slope
        found = None if p in values else _integrated(left / spread, p, set())
        if found is not None:
            power, values[p] = found
            scale = sp.exp(power)
            break
    return _Motion(chart, shift, scale, values) if values else None


def _integrated(rate: Element, p: Symbol, constants: set[Symbol]) -> tuple[Expr, Expr] | None:
    """``integral of rate dp``, and where it vanishes, for a constant or a constant over p; None for anything else."""
    if not rate or rate.free_symbols - {p} - constants:
        return None
    over = rate * rate.field(p)
    if p not in rate.free_symbols:
        return rate.to_sympy() * p, sp.S.Zero
    return (over.to_sympy() * sp.log(p), sp.S.One) if p not in over.free_symbols and p.is_positive else None


def _law(model: StatisticalModel, motion: _Motion) -> StandardLaw | None:
    """The density of the coordinate at rest, which is the standard law by what `_motion` has shown."""
    (x,), chart, field = model.variables, motion.chart, model.field
    y = _fresh(chart.letter, model)
    image = chart.image.subs(chart.letter, y)
    written = model.log_density.subs(motion.values).subs(x, image) + sp.log(sp.Abs(sp.diff(image, y)))
    if written.has(sp.nan, sp.zoo, sp.oo):
        return None
    shapes = tuple(p for p in model.parameters if p not in motion.values)
    return StandardLaw(
        model,
        chart.coordinate,
        image,
        sp.log(sp.Abs(sp.diff(chart.coordinate, x))),
        motion.shift or None,
        None if motion.scale == 1 else motion.scale,
        y,
        shapes,
        field(written),
        written,
        chart.half,
    )


def _holds(law: StandardLaw) -> bool:
    """Whether the law gives the declared density at a few points.

    It may not where the parameters cannot come to rest without crossing a place where the density changes its form.
    """
    import numpy as np

    y = np.array([0.3, 1.1, 2.7] if law.half else [-1.9, -0.3, 0.4, 2.3])
    points = law.model.chart.interior_points(3)
    theta = np.array([[float(point[p]) for p in law.model.parameters] for point in points]).T[:, :, None]
    shapes = [theta[law.model.parameters.index(s)] for s in law.shapes]
    with np.errstate(all="ignore"):
        shift, scale, spread = law.motion(*theta)
        (x,) = numpy_function([law.image], [law.variable])(shift + scale * y)
        (declared,) = numpy_function([law.model.log_density], [*law.model.variables, *law.model.parameters])(x, *theta)
        moved = law.value(np.broadcast_to(y, x.shape), *shapes)[0] + law.columns(x)[1] - spread
    known = np.isfinite(declared) & np.isfinite(moved)
    return bool(known.any() and np.all(np.abs(declared - moved)[known] <= _ALIKE * (1.0 + np.abs(declared[known]))))


def _fresh(letter: Symbol, model: StatisticalModel) -> Symbol:
    taken = {s.name for s in (*model.variables, *model.parameters)}
    name = letter.name
    while name in taken:
        name += "_"
    return sp.Symbol(name, positive=True) if letter.is_positive else sp.Symbol(name, real=True)
