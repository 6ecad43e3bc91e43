"""Newton's method for geodesics between given ends, many pairs at once.

The unknowns are the second derivatives of the paths at Gauss points. Steps are shortened until the next one, taken with
the same derivative, is smaller: this test does not depend on the chart's units, and needs no energy, which connections
other than Levi-Civita's do not have. Source: Deuflhard, Newton Methods for Nonlinear Problems, 2004.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from symgeo.solve.collocation import Operators, Rule
    from symgeo.solve.curve_equation import CurveEquation
    from symgeo.solve.lowered_equation import Linearised, LoweredEquation

_STEPS = 25
_HALVINGS = 8
_SHIFTS = (1e-15, -2e-15, 4e-15, -7e-15)  # of coordinates, to see rounding errors
_FREE = 0.1  # steps smaller than this share of the length are taken whole


@dataclass
class Paths:
    """Some paths in the chart without walls: starting points and chords (n, P), second derivatives (n, P, N)."""

    start: np.ndarray
    chord: np.ndarray
    bend: np.ndarray

    def __getitem__(self, rows: np.ndarray) -> Paths:
        return Paths(self.start[:, rows], self.chord[:, rows], self.bend[:, rows])

    def at(self, operators: Operators) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """u, u' and u'' (n, P, T) at the operators' times."""
        u = self.start[:, :, None] + self.chord[:, :, None] * operators.times + self.bend @ operators.twice.T
        return u, self.chord[:, :, None] + self.bend @ operators.once.T, self.bend @ operators.value.T

    def on(self, rule: Rule) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """u, u' and u'' (n, P, N) at the points of their own rule."""
        u = self.start[:, :, None] + self.chord[:, :, None] * rule.times + self.bend @ rule.twice.T
        return u, self.chord[:, :, None] + self.bend @ rule.once.T, self.bend


def matrix(lin: Linearised, rule: Rule) -> np.ndarray:
    """The derivative of the defects by the second derivatives, (P, n N, n N)."""
    import numpy as np

    n, _, count, size = lin.by_point.shape
    out = np.empty((count, n, size, n, size))
    diagonal = np.arange(size)
    for k in range(n):
        for m in range(n):
            block = out[:, k, :, m]
            np.multiply(lin.by_point[k, m][:, :, None], rule.twice, out=block)
            block += lin.by_velocity[k, m][:, :, None] * rule.once
            block[:, diagonal, diagonal] += lin.by_acceleration[k, m]
    return out.reshape(count, n * size, n * size)


def correction(jacobian: np.ndarray, defect: np.ndarray) -> np.ndarray:
    """Newton's step (n, P, N); nan where the matrix is singular or not finite."""
    import numpy as np

    n, count, size = defect.shape
    right = -np.moveaxis(defect, 0, 1).reshape(count, n * size, 1)
    found = solved(jacobian, right)
    return np.ascontiguousarray(np.moveaxis(found.reshape(count, n, size), 1, 0))


def solved(matrices: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Solutions of linear systems (..., m, m), (..., m, r); nan where a matrix is singular."""
    import numpy as np

    try:
        return np.linalg.solve(matrices, right)
    except np.linalg.LinAlgError:
        out = np.full(right.shape, np.nan)
        for i in np.ndindex(matrices.shape[:-2]):
            try:
                out[i] = np.linalg.solve(matrices[i], right[i])
            except np.linalg.LinAlgError:
                continue
        return out


def descended(
    equation: LoweredEquation | CurveEquation, paths: Paths, rule: Rule, settled: float
) -> tuple[Linearised, np.ndarray, np.ndarray, np.ndarray]:
    """Newton's steps, ``paths`` moving with them, until they are shorter than ``settled`` times the paths.

    Returns the equation along the paths, its last matrices (P, n N, n N), which paths came to rest (P,), and how many
    steps each took (P,).
    """
    import numpy as np

    count = paths.bend.shape[1]
    lin = equation.linearised(*paths.on(rule))
    rows, good = np.arange(count), np.zeros(count, dtype=bool)
    steps, last = np.zeros(count, dtype=int), np.empty((0, 0, 0))
    for _ in range(_STEPS):
        whole = len(rows) == count
        here, at = (lin, paths) if whole else (lin.at(rows), paths[rows])
        jacobian = matrix(here, rule)
        last = jacobian if whole else _put(last, rows, jacobian)
        step = correction(jacobian, here.defect)
        share = size_of(step, here, rule) / length_of(here, rule)
        trial, there, moved = _searched(equation, at, here, jacobian, step, share, rule)
        if whole:
            paths.bend, lin = trial.bend, there
        else:
            paths.bend[:, rows] = trial.bend
            lin.put(rows, there)
        steps[rows] += 1
        done = moved & (share <= settled)
        good[rows[done]] = True
        rows = rows[moved & ~done]
        if not len(rows):
            break
    return lin, last, good, steps


def _put(matrices: np.ndarray, rows: np.ndarray, new: np.ndarray) -> np.ndarray:
    matrices[rows] = new
    return matrices


def _searched(
    equation: LoweredEquation | CurveEquation,
    paths: Paths,
    lin: Linearised,
    jacobian: np.ndarray,
    step: np.ndarray,
    share: np.ndarray,
    rule: Rule,
) -> tuple[Paths, Linearised, np.ndarray]:
    """The paths after the step, shortened where it must be, the equation there, and whether a step was found (P,)."""
    import numpy as np

    trial = Paths(paths.start, paths.chord, paths.bend + step)
    there = equation.linearised(*trial.on(rule))
    finite = there.finite
    good = finite & (share <= _FREE)
    rows = np.flatnonzero(~good & np.isfinite(share))
    size = share * length_of(lin, rule)
    factor = 1.0
    for _ in range(_HALVINGS):
        if not len(rows):
            break
        at = there.at(rows)
        with np.errstate(all="ignore"):
            ahead = size_of(correction(jacobian[rows], at.defect), lin.at(rows), rule)
        held = at.finite & (ahead <= (1 - factor / 4) * size[rows])
        good[rows[held]] = True
        rows = rows[~held]
        if len(rows):
            factor /= 2
            again = Paths(paths.start[:, rows], paths.chord[:, rows], paths.bend[:, rows] + factor * step[:, rows])
            trial.bend[:, rows] = again.bend
            there.put(rows, equation.linearised(*again.on(rule)))
    return trial, there, good


def size_of(step: np.ndarray, lin: Linearised, rule: Rule) -> np.ndarray:
    """The length (P,), in the metric along the paths, of a change of second derivatives: root of its mean square."""
    import numpy as np

    moved = lin.stretch * (step @ rule.twice.T)
    return np.sqrt(np.einsum("kmpi,kpi,mpi,i->p", lin.metric, moved, moved, rule.weights))


def length_of(lin: Linearised, rule: Rule) -> np.ndarray:
    """The root (P,) of the paths' energies: their length, where their speed is constant."""
    import numpy as np

    return np.sqrt(np.einsum("kmpi,kpi,mpi,i->p", lin.metric, lin.velocity, lin.velocity, rule.weights))


def residual_of(equation: LoweredEquation | CurveEquation, paths: Paths, rule: Rule) -> np.ndarray:
    """The largest of ``|x'' - a(x, x')|/|x'|``, in the metric, at points between those of the rule, (P,)."""
    import numpy as np

    defect, metric, velocity = equation.defect(*paths.at(rule.between))
    g = np.moveaxis(metric, (0, 1), (-2, -1))
    raised = solved(g, np.moveaxis(defect, 0, -1)[..., None])[..., 0]
    squares = np.einsum("pik,kpi->pi", raised, defect) / np.einsum("kmpi,kpi,mpi->pi", metric, velocity, velocity)
    return np.sqrt(np.max(np.where(squares >= 0, squares, np.nan), axis=1))


def noise_of(equation: LoweredEquation | CurveEquation, paths: Paths, rule: Rule) -> np.ndarray:
    """By how much rounding errors change :func:`residual_of`, (P,): what moving the points by some units in the last
    place does to the defect beyond its linear change, and what the rounding of the ends does to velocities."""
    import numpy as np

    u, du, ddu = paths.at(rule.between)
    lin = equation.linearised(u, du, ddu)
    noise = np.zeros(lin.defect.shape[1:])
    speed = np.einsum("kmpi,kpi,mpi->pi", lin.metric, lin.velocity, lin.velocity)
    g = np.moveaxis(lin.by_acceleration, (0, 1), (-2, -1))
    for share in _SHIFTS:
        shift = share * np.maximum(np.abs(u), 1.0) * np.linspace(1.0, 0.4, len(u))[:, None, None]
        there = equation.linearised(u + shift, du, ddu).defect
        change = there - lin.defect - np.einsum("kmpi,mpi->kpi", lin.by_point, shift)
        change = np.abs(change) + np.abs(np.einsum("kmpi,mpi->kpi", lin.by_velocity, shift))
        raised = solved(g, np.moveaxis(change, 0, -1)[..., None])[..., 0]
        noise = np.maximum(noise, np.einsum("pik,kpi->pi", raised, change) / speed)
    return np.sqrt(np.max(noise, axis=1))


def is_minimum(lin: Linearised, jacobian: np.ndarray, rule: Rule) -> np.ndarray:
    """Whether the second variation of the energy is positive along geodesics (P,).

    It is ``-sum_i w_i <G h, J h>_i`` for the change h of the second derivatives, G Green's operator and J the matrix of
    the linearised equation, whose index is lowered.
    """
    import numpy as np

    n, count, size = lin.stretch.shape
    rows = jacobian.reshape(count, n, size, n * size)
    form = -np.matmul((rule.weights[:, None] * rule.twice).T, rows).reshape(count, n * size, n * size)
    form = form + np.swapaxes(form, -1, -2)
    try:
        np.linalg.cholesky(form)
    except np.linalg.LinAlgError:
        values = np.linalg.eigvalsh(form)
        return values[:, 0] > -1e-10 * values[:, -1]
    return np.ones(count, dtype=bool)
