"""Collocation of second-order boundary-value problems at Gauss-Legendre points, by integral operators.

A path from u(0) to u(0) + d is known by its second derivative w at N Gauss points of [0, 1]: ``u(t) = u(0) + t d + (G
w)(t)`` and ``u'(t) = d + (G' w)(t)`` with Green's function of the second derivative, exactly for polynomials. The ends
are met by construction, and no differentiation matrix loses digits. Source: Greengard, SIAM J. Numer. Anal. 28 (1991)
1071-1080.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Operators:
    """Matrices (T, N) from the second derivative at N Gauss points to its own value, to the path's departure from the
    straight line, and to that of the velocity, at T times."""

    times: np.ndarray
    value: np.ndarray
    twice: np.ndarray
    once: np.ndarray


@dataclass(frozen=True)
class Rule(Operators):
    """N Gauss points of [0, 1] with their weights, the operators at these points, and those between them."""

    weights: np.ndarray
    between: Operators
    ends: Operators
    tail: np.ndarray  # (3, N): the last coefficients of w in Legendre polynomials


@cache
def rule(size: int) -> Rule:
    """The rule with so many points."""
    import numpy as np

    points, weights = np.polynomial.legendre.leggauss(size)
    times, weights = (points + 1) / 2, weights / 2
    transform = _transform(points, weights)
    count = size // 2 + 2
    # Both ends and points that are none of the rule: Chebyshev's, shifted where they coincide.
    between = 0.5 - 0.5 * np.cos(np.pi * np.arange(count) / (count - 1))
    near = np.min(np.abs(between[:, None] - times), axis=1) < 0.1 / size**2
    between[near] += 0.3 / size**2
    own, other, ends = (_operators(t, transform) for t in (times, between, np.array([0.0, 1.0])))
    return Rule(own.times, own.value, own.twice, own.once, weights, other, ends, transform[-3:])


def operators(size: int, times: np.ndarray) -> Operators:
    """The operators from the rule of so many points to any times (T,)."""
    import numpy as np

    points, weights = np.polynomial.legendre.leggauss(size)
    return _operators(np.asarray(times, dtype=float), _transform(points, weights / 2))


def antiderivative(size: int, times: np.ndarray) -> np.ndarray:
    """The matrix (T, N) from values at the rule's points to integrals from 0 to any times (T,)."""
    import numpy as np

    points, weights = np.polynomial.legendre.leggauss(size)
    values = np.polynomial.legendre.legvander(2 * times - 1, size)
    return _integrated(values, times) @ _transform(points, weights / 2)


@cache
def transfer(before: int, after: int) -> np.ndarray:
    """The matrix (after, before) from values at the points of one rule to those of its interpolant at another's."""
    return operators(before, rule(after).times).value


def _transform(points: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Legendre coefficients from values at Gauss points."""
    import numpy as np

    degree = len(points) - 1
    return (2 * np.arange(degree + 1) + 1)[:, None] * np.polynomial.legendre.legvander(points, degree).T * weights


def _operators(times: np.ndarray, transform: np.ndarray) -> Operators:
    import numpy as np

    degree = len(transform) - 1
    values = np.polynomial.legendre.legvander(2 * times - 1, degree + 2)
    once = _integrated(values, times)
    twice = _integrated(once, times**2 / 2)[:, : degree + 1]
    once = once[:, : degree + 1]
    end = np.zeros(degree + 1)  # of the double integrals at t = 1, the others vanish
    end[:2] = (0.5, -1 / 6)[: degree + 1]
    green = twice - times[:, None] * end
    return Operators(times, values[:, : degree + 1] @ transform, green @ transform, (once - end) @ transform)


def _integrated(values: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Integrals from 0 of what is given for P_0, ..., P_m on the last axis: P_k = (P_k+1 - P_k-1)'/(2 (2 k + 1))."""
    import numpy as np

    out = np.empty((len(values), values.shape[1] - 1))
    out[:, 0] = first
    k = np.arange(1, out.shape[1])
    out[:, 1:] = (values[:, 2:] - values[:, :-2]) / (2 * (2 * k + 1))
    return out
