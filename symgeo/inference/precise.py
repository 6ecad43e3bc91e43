"""The same likelihood in ball arithmetic, for samples whose answer lies below the rounding errors of float64.

Cancellation is the rule there: the variance of values 1e8 +- 1 is the seventeenth digit of their mean square. The
observations count as exact; states hold object arrays of balls of radius zero, and errors come from the radii.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from operator import mul
from typing import TYPE_CHECKING, Any

import flint
import sympy as sp
from flint import arb, arb_mat

from symgeo.codegen.balls import Program, exact
from symgeo.inference.judging import State
from symgeo.inference.likelihood import CORRECTIONS

if TYPE_CHECKING:
    import numpy as np

    from symgeo.inference.equations import Equations

# float64 data differ by 1e-16 of their size or more, and moments of order four of such differences by 1e-64.
BITS = 320
# Values of a function outside the table cost about a millisecond each.
_MOST_SLOW_VALUES = 2_000
_CLEARANCE = 8
# Observations evaluated at a time: a ball takes about a hundred bytes.
_BLOCK = 20_000


class PreciseLikelihood:
    """As `likelihood.Likelihood`, at ``BITS`` bits. Use its methods within ``with precision():``."""

    tolerance = 1e-36

    def __init__(self, equations: Equations, data: np.ndarray, weights: np.ndarray, log_carrier: float):
        self.equations = equations
        self.n, self.m = len(equations.parameters), len(equations.natural)
        self.count = math.fsum(weights)
        self.log_carrier = log_carrier
        e = equations
        self._value = Program([*e.natural, e.log_partition], e.parameters).bind()
        self._local = Program([*e.jacobian, *e.expectation, *e.metric], e.parameters).bind()
        self._ends, self._slacks = _domain(e)
        self._from_natural = None if e.from_natural is None else Program(e.from_natural, e.natural_symbols).bind()
        self.mean = _mean_statistics(e, data, weights)

    @staticmethod
    def affordable(equations: Equations, data: np.ndarray) -> bool:
        """Whether the mean statistics can be had in reasonable time."""
        return len(data) <= _MOST_SLOW_VALUES or Program(equations.statistics, equations.variables).native

    def point(self, theta: Any) -> np.ndarray:
        """A float64 point as balls."""
        import numpy as np

        return np.array([exact(float(v)) for v in theta], dtype=object)

    def closed_form(self) -> np.ndarray | None:
        """The estimate by the inverse of theta -> E[T], where that exists in closed form and lies in the domain."""
        import numpy as np

        e = self.equations
        if e.from_expectation is None:
            return None
        found = Program(e.from_expectation, e.expectation_symbols).bind()(list(self.mean))
        theta = np.array([f.mid() for f in found], dtype=object)
        return theta if self.contains(theta) else None

    def along_natural(self, state: State, scale: float) -> np.ndarray | None:
        """As `Likelihood.along_natural`."""
        import numpy as np

        target = state.natural + scale * state.motion
        if self._from_natural is not None:
            return np.array([f.mid() for f in self._from_natural(list(target))], dtype=object)
        theta = state.theta + scale * state.step
        for _ in range(CORRECTIONS):
            if not self.contains(theta):
                return None
            jacobian = arb_mat(self.m, self.n, self._local(list(theta))[: self.m * self.n])
            *natural, _ = self._value(list(theta))
            try:
                move = jacobian.solve(arb_mat(self.m, 1, list(target - np.array(natural, dtype=object))))
            except ZeroDivisionError:
                return None
            theta = np.array([(t + d).mid() for t, d in zip(theta, move.entries(), strict=True)], dtype=object)
        return theta

    def contains(self, theta: np.ndarray) -> bool:
        """Whether a point lies in the interior of the domain."""
        if not all(t.is_finite() for t in theta):
            return False
        for t, ends in zip(theta, self._ends, strict=True):
            if not any(lower < t and t < upper for lower, upper in ends):
                return False
        return all(slack > 0 for slack in self._slacks(list(theta)))

    def at(self, theta: np.ndarray) -> State | None:
        """The state at an interior point; None where it cannot be computed or the metric is not positive definite."""
        import numpy as np

        if not self.contains(theta):
            return None
        *natural, log_partition = self._value(list(theta))
        value = sum((t * e for t, e in zip(self.mean, natural, strict=True)), -log_partition)
        local = self._local(list(theta))
        if not value.is_finite() or not all(v.is_finite() for v in local):
            return None
        n, m = self.n, self.m
        jacobian = np.array(local[: m * n], dtype=object).reshape(m, n)
        score = jacobian.T @ (self.mean - np.array(local[m * n : m * n + m], dtype=object))
        try:
            step = arb_mat(n, n, local[m * n + m :]).solve(arb_mat(n, 1, list(score))).entries()
        except ZeroDivisionError:
            return None
        decrement = sum((s * d for s, d in zip(score, step, strict=True)), arb(0))
        if not decrement.is_finite() or decrement.upper() < 0:
            return None
        # The squared length of the step's error, and what cancels in the decrement itself.
        noise = (sum((s.rad() * d.rad() for s, d in zip(score, step, strict=True)), arb(0)) + decrement.rad()).upper()
        middle = np.array([d.mid() for d in step], dtype=object)
        return State(
            theta,
            value,
            middle,
            float(decrement.upper()),
            math.sqrt(float(noise)),
            np.array([d.rad() for d in step], dtype=object),
            np.array(natural, dtype=object),
            jacobian @ middle,
        )

    def gain(self, theta: np.ndarray, state: State) -> tuple[float, float]:
        """How much larger the mean log-likelihood is at theta than at the state, and the error of that.

        The gain is -inf outside the domain, nan where the value is out of range.
        """
        if not self.contains(theta):
            return -math.inf, 0.0
        *natural, log_partition = self._value(list(theta))
        gain = sum((t * e for t, e in zip(self.mean, natural, strict=True)), -log_partition - state.value)
        if not gain.is_finite():
            return math.nan, 0.0
        return float(gain.mid()), float(gain.rad())

    def out_of_range(self, state: State) -> bool:
        """Whether a parameter has left what float64 can hold."""
        return any(math.isinf(float(t)) or (float(t) == 0.0 and not t.is_zero()) for t in state.theta)

    def close_to(self, state: State) -> State | None:
        """As `Judging.close_to`."""
        return self.at(state.theta + state.step)

    def stepped(self, state: State) -> State | None:
        """As `Judging.stepped`: every end is looked at."""
        return None

    def settled(self, state: State) -> bool:
        """As `Likelihood.settled`."""
        return state.decrement <= (3.0 * state.noise) ** 2 and self._within(state, 0 * state.step)

    def shrunk(self, state: State, before: State) -> bool:
        """As `Likelihood.shrunk`."""
        return self._within(state, abs(before.step) / 4)

    def _within(self, state: State, size: Any) -> bool:
        error = state.reach + abs(state.theta) * exact(2.0 ** (4 - BITS))
        return all(abs(s) <= a + 1000 * e for s, a, e in zip(state.step, size, error, strict=True))

    def clear_of_boundary(self, state: State, margin: Any = 0) -> bool:
        """Whether all points within the margin and a few times the error of the state lie in the domain."""
        import numpy as np

        # Not closer than the arithmetic can tell from the boundary, either.
        reach = state.reach * _CLEARANCE + abs(state.theta) * exact(2.0 ** (4 - BITS)) + margin
        moves = [reach, *(np.array([r if a == b else arb(0) for b in range(self.n)]) for a, r in enumerate(reach))]
        return all(self.contains(state.theta + sign * move) for move in moves for sign in (-1, 1))

    def covariance(self, state: State) -> np.ndarray:
        """g^-1 / N at the state, (n, n) float64."""
        import numpy as np

        metric = arb_mat(self.n, self.n, self._local(list(state.theta))[self.m * self.n + self.m :])
        entries = metric.inv().entries()
        return np.array([float(v.mid()) / self.count for v in entries]).reshape(self.n, self.n)

    def log_likelihood(self, state: State) -> float:
        """The whole log-likelihood of the sample, carrier included."""
        return float((state.value * self.count + exact(self.log_carrier)).mid())


@contextmanager
def precision() -> Iterator[None]:
    """Ball arithmetic at ``BITS`` bits within, the caller's precision after."""
    before = flint.ctx.prec
    flint.ctx.prec = BITS
    try:
        yield
    finally:
        flint.ctx.prec = before


def _domain(equations: Equations) -> tuple[list[list[tuple[arb, arb]]], Any]:
    """The (lower, upper) ends of each parameter's intervals, and the constraints as functions positive inside."""
    chart = equations.model.chart
    slacks: list[sp.Expr] = [
        sp.Abs(c.lhs - c.rhs) if isinstance(c, sp.Ne) else c.gts - c.lts for c in chart.constraints
    ]
    ends = [[(_end(p.ends[0]), _end(p.ends[1])) for p in parts] for parts in chart.pieces]
    return ends, Program(slacks, equations.parameters).bind()


def _end(end: sp.Expr) -> arb:
    if end is sp.oo:
        return arb.pos_inf()
    return arb.neg_inf() if end is -sp.oo else Program([end], ()).bind()(())[0]


def _mean_statistics(equations: Equations, data: np.ndarray, given: np.ndarray) -> np.ndarray:
    """The mean of each statistic, equal observations evaluated once; the means' own radii are kept."""
    import numpy as np

    statistics = Program(equations.statistics, equations.variables).bind_columns()
    rows, where = np.unique(data, axis=0, return_inverse=True) if data.shape[1] > 1 else _unique(data)
    counts = np.bincount(where.ravel(), given, len(rows))
    totals = [arb(0)] * len(equations.statistics)
    for start in range(0, len(rows), _BLOCK):
        columns = [[arb(v) for v in column] for column in rows[start : start + _BLOCK].T.tolist()]
        weights = counts[start : start + _BLOCK].tolist()
        for i, found in enumerate(statistics(columns)):
            totals[i] = sum(map(mul, found, weights), totals[i])
    return np.array([t / sum(map(arb, counts.tolist())) for t in totals], dtype=object)


def _unique(data: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    import numpy as np

    values, where = np.unique(data[:, 0], return_inverse=True)
    return values[:, None], where
