"""Integrals of non-negative functions of one variable, given through their logarithm.

The logarithm matters: a normal density with mean 1000 and standard deviation 0.001 is exactly zero in floating point
almost everywhere, while its logarithm leads to the peak from any distance. The line is cut at anchors (finite ends,
peaks, hinted places); from each anchor c an arm x = c +- exp(t) goes outward, so that power-law singularities at the
anchor and power-law tails at infinity both become exponentials in t, at every scale at once. The arms are integrated
by adaptive Gauss-Kronrod panels, all panels of one generation in a single call, and closed at both ends by the local
power law.

Source of the rule and of its error heuristic: Piessens et al., QUADPACK (1983), routine qk15.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import exp, inf, isfinite, log
from typing import TYPE_CHECKING, Any

from symgeo.expectation.scanning import (
    MOST_PEAKS,
    LogFunction,
    cleaned,
    climb,
    local_maxima,
    scan_nodes,
    trusted_reach,
)

if TYPE_CHECKING:
    import numpy as np

TOLERANCE = 1e-11
_NEGLIGIBLE = 40.0  # exp(-40) of the largest integrand
_FAR = 700.0  # exp(700) is near the largest double
_MOST_EVALUATIONS = 400_000

_ABSCISSAE = (
    0.991455371120812639206854697526329,
    0.949107912342758524526189684047851,
    0.864864423359769072789712788640926,
    0.741531185599394439863864773280788,
    0.586087235467691130294144691693013,
    0.405845151377397166906606412076961,
    0.207784955007898467600689403773245,
    0.0,
)
_KRONROD = (
    0.022935322010529224963732008058970,
    0.063092092629978553290700663189204,
    0.104790010322250183839876322541518,
    0.140653259715525918745189590510238,
    0.169004726639267902826583426598550,
    0.190350578064785409913256402421014,
    0.204432940075298892414161999234649,
    0.209482141084727828012999174891714,
)
_GAUSS = (0.129484966168869693270611432679082, 0.279705391489276667901467771423780,
          0.381830050505118944950369775488975, 0.417959183673469387755102040816327)  # fmt: skip


@dataclass(frozen=True)
class Estimate:
    """A value and a bound for its error; value inf with error 0 means that the integral or sum diverges.

    ``doubt`` is an error that the rule cannot see, such as a part it may have missed altogether.
    """

    value: float
    error: float
    doubt: float = 0.0

    def __iter__(self) -> Iterator[float]:
        return iter((self.value, self.error))

    def __add__(self, other: Estimate) -> Estimate:
        return Estimate(self.value + other.value, self.error + other.error, self.doubt + other.doubt)


@dataclass
class _Arm:
    """The half-line or segment x = anchor + side * exp(t) for t up to log(reach), scanned at unit steps of t."""

    anchor: float
    side: int
    reach: float
    t: Any = None
    height: Any = None  # log f + t, the logarithm of the integrand in t


def integrate(
    log_function: LogFunction,
    interval: Any,
    hints: Iterable[float] = (),
    tolerance: float = TOLERANCE,
    thrifty: bool = False,
) -> Estimate:
    """The integral of exp(log_function) over an interval, with an error estimate.

    ``log_function`` maps x (N,) to log f (N,), -inf where f vanishes; nan counts as zero. ``interval`` is a pair of
    floats or a SymPy Interval, ends may be infinite. ``hints`` are places where f may peak or break sharply; peaks
    that the logarithm leads to are found without hints. ``thrifty`` looks at fewer scales, for functions that are
    dear to evaluate.
    """
    import numpy as np

    lower, upper = (float(end) for end in (interval if isinstance(interval, tuple) else interval.args[:2]))
    if not lower < upper:
        return Estimate(0.0, 0.0)
    with np.errstate(all="ignore"):
        clean = cleaned(log_function)
        hinted = np.array([hint for hint in hints if lower < hint < upper and isfinite(hint)], dtype=float)
        scanned = scan_nodes(lower, upper, 1.0, 40.0) if thrifty else scan_nodes(lower, upper)
        nodes = np.unique(np.concatenate([scanned, hinted]))
        heights = clean(nodes)
        trusted = trusted_reach(clean, nodes, heights)
        if trusted < inf:
            clean = cleaned(log_function, trusted)
            heights = np.where(np.abs(nodes) > trusted, -inf, heights)
        anchors = _anchors(clean, lower, upper, hinted, (nodes, heights))
        arms = _arms(anchors, lower, upper)
        if not arms:  # the ends are almost the same number
            value = exp(float(clean(np.array([0.5 * lower + 0.5 * upper]))[0])) * (upper - lower)
            return Estimate(value, value)
        _scan(clean, arms, 60.0 if thrifty else _FAR)
        top = max(float(np.max(arm.height)) for arm in arms)
        if top == -inf:
            return Estimate(0.0, 0.0)
        if top == inf:
            return Estimate(inf, 0.0)
        closures, panels = Estimate(0.0, 0.0), []
        for arm in arms:
            begin, inner = _inner_closure(arm, top)
            end, outer = _outer_closure(arm, top, trusted)
            closures = closures + inner + outer
            panels.extend(_panels(arm, begin, end, top))
        if not isfinite(closures.value):
            return Estimate(inf, 0.0)
        found = _adapt(clean, arms, np.array(panels), top, closures, tolerance)
        if top + log(max(found.value, 1e-300)) > _FAR:
            return Estimate(inf, 0.0)
        return Estimate(found.value * exp(top), found.error * exp(top))


def _anchors(
    clean: LogFunction, lower: float, upper: float, hinted: np.ndarray, scanned: tuple[np.ndarray, np.ndarray]
) -> list[float]:
    """Finite ends, hints and peaks, ascending; zero where both ends are infinite."""
    places = [0.0] if not (isfinite(lower) or isfinite(upper)) else []
    places.extend(end for end in (lower, upper) if isfinite(end))
    left, middle, right = local_maxima(*scanned)
    places.extend(climb(clean, left, middle, right))
    places.extend(_telling(clean, hinted))
    kept: list[float] = []
    for place in sorted(float(p) for p in places):
        if not kept or place - kept[-1] > 1e-13 * max(abs(place), abs(kept[-1])):
            kept.append(place)
        elif place == upper:
            kept[-1] = place
    return kept


def _telling(clean: LogFunction, hinted: np.ndarray) -> np.ndarray:
    """The hints where the function is largest, one for each stretch on which it hardly changes."""
    import numpy as np

    if hinted.size == 0:
        return hinted
    hinted = np.sort(hinted)
    heights = clean(hinted)
    between = clean(0.5 * (hinted[1:] + hinted[:-1]))
    same = np.maximum(np.abs(heights[1:] - between), np.abs(heights[:-1] - between)) < 0.01
    kept = np.concatenate([[True], ~same])
    hinted, heights = hinted[kept], heights[kept]
    return hinted[np.argsort(-heights, kind="stable")][:MOST_PEAKS]


def _arms(anchors: list[float], lower: float, upper: float) -> list[_Arm]:
    arms = []
    if lower == -inf:
        arms.append(_Arm(anchors[0], -1, inf))
    for left, right in pairwise(anchors):
        # half of each, not half of the difference: the ends may be the largest doubles
        reach = 0.5 * right - 0.5 * left
        arms += [_Arm(left, 1, reach), _Arm(right, -1, reach)]
    if upper == inf:
        arms.append(_Arm(anchors[-1], 1, inf))
    return arms


def _scan(clean: LogFunction, arms: list[_Arm], far: float) -> None:
    """Fill in each arm's integrand at steps of about one in t, over all t up to ``far`` that doubles can tell apart."""
    import numpy as np

    for arm in arms:
        last = log(arm.reach) if arm.reach < inf else far
        first = -far if arm.anchor == 0 else log(abs(arm.anchor)) - 50.0 * log(2.0)
        first = min(first, last - 2.0)
        arm.t = np.linspace(first, last, max(3, round(last - first) + 1))
    everywhere = np.concatenate([arm.anchor + arm.side * np.exp(arm.t) for arm in arms])
    heights = clean(everywhere)
    start = 0
    for arm in arms:
        arm.height = heights[start : start + arm.t.size] + arm.t
        start += arm.t.size


def _inner_closure(arm: _Arm, top: float) -> tuple[int, Estimate]:
    """Index of the first panel edge, and the integral between the anchor and that edge by the local power law.

    Next to an anchor c != 0 a double cannot tell distances under |c| * 2^-52, and expressions such as 1 - x**2 lose
    digits before that; so the edge is put where the power law fits best.
    """
    import numpy as np

    if arm.anchor == 0:
        return _far_closure(arm.t[::-1], arm.height[::-1], top, arm.t.size)
    distance = np.abs(arm.anchor + arm.side * np.exp(arm.t) - arm.anchor)  # exact, unlike exp(t)
    span = min(3, (arm.t.size - 1) // 2)
    choices = int(np.searchsorted(arm.t, log(abs(arm.anchor) * 1e-5)))
    choices = max(1, min(choices, arm.t.size - 2 * span))
    place = np.log(distance)
    height = arm.height - arm.t + place
    slope = (height[span:] - height[:-span]) / (place[span:] - place[:-span])
    near, far = slope[:choices], slope[span : span + choices]
    value = np.exp(height[:choices] - top) / near
    bend = np.abs(far - near) / near
    rounding = 4e-16 * abs(arm.anchor) / distance[:choices]
    # what bends closer to the anchor, beyond rounding, spoils every law that starts farther out
    lost = np.where(np.isfinite(bend), np.clip(bend - 4.0 * rounding, 0.0, 1.0), 1.0)
    spoilt = np.maximum.accumulate(np.exp(height[:choices] - top) * lost / np.where(near > 0.1, near, 0.1))
    error = np.maximum(value * (bend + rounding), spoilt)
    if not np.any(height[: choices + 1] > top - _NEGLIGIBLE):
        return 0, Estimate(0.0, 0.0)
    error = np.where((near > 1e-3) & np.isfinite(error), error, inf)
    best = int(np.argmin(error))
    if error[best] == inf:
        diverges = bool(np.all(height[:choices] > top - _NEGLIGIBLE))
        return 0, Estimate(inf, 0.0) if diverges else Estimate(0.0, inf)
    # the panels go on from the edge as computed with exp(t), not from the exact distance
    return best, Estimate(float(value[best] * exp(arm.t[best] - place[best])), float(error[best]))


def _outer_closure(arm: _Arm, top: float, trusted: float) -> tuple[int, Estimate]:
    """Index of the last panel edge, and the integral beyond it where the arm is infinite."""
    if arm.reach < inf:
        return arm.t.size - 1, Estimate(0.0, 0.0)
    cut = log(trusted) - 3.0 if trusted < inf else 300.0
    index, closure = _far_closure(arm.t, arm.height, top, arm.t.size, cut)
    return arm.t.size - 1 - index, closure


def _far_closure(t: np.ndarray, height: np.ndarray, top: float, size: int, cut: float = 300.0) -> tuple[int, Estimate]:
    """The tail beyond the last representable t: (how many edges are dropped, its integral).

    The integrand in t goes down exponentially (a power law in x) or as a power of t (a power of log x).
    """
    import numpy as np

    alive = np.flatnonzero(height > -inf)
    if alive.size == 0:
        return 0, Estimate(0.0, 0.0)
    last = int(alive[-1])
    dropped = size - 1 - last
    # a function that ends at a moderate x is simply zero from there; past 1e130, or where it is no more to be
    # trusted, it goes on unseen
    unit = max(3, min(20, size // 60))
    if height[last] < top - _NEGLIGIBLE or (dropped > 2 and abs(t[last]) < cut) or last < 7 * unit:
        return 0, Estimate(0.0, 0.0)
    edge = last - 2 if dropped else last  # the last finite value before an overflow is often wrong already
    run = abs(t[edge] - t[edge - unit])
    near = float(height[edge] - height[edge - unit]) / run
    far = float(height[edge - 5 * unit] - height[edge - 6 * unit]) / run
    if near > -1e-5:
        return size - 1 - edge, Estimate(inf, 0.0)
    here, weight = abs(float(t[edge])), exp(float(height[edge]) - top)
    exponential = Estimate(weight / -near, weight / -near * abs(near - far) / -near)
    power, power_before = -near * (here - 0.5 * run), -far * (here - 5.5 * run)
    if power > 1.001:
        algebraic = Estimate(here * weight / (power - 1), here * weight * abs(power - power_before) / (power - 1) ** 2)
        if algebraic.error < exponential.error:
            return size - 1 - edge, algebraic
    return size - 1 - edge, exponential


def _panels(arm: _Arm, begin: int, end: int, top: float) -> list[tuple[float, float, float, float]]:
    """(anchor, side, t0, t1) for each unit panel where, or beside which, the integrand is not negligible."""
    import numpy as np

    alive = arm.height > top - _NEGLIGIBLE
    near = alive.copy()
    near[1:] |= alive[:-1]
    near[:-1] |= alive[1:]
    wanted = near[:-1] | near[1:]
    wanted[:begin] = False
    wanted[end:] = False
    return [(arm.anchor, arm.side, arm.t[i], arm.t[i + 1]) for i in np.flatnonzero(wanted)]


def _adapt(
    clean: LogFunction, arms: list[_Arm], panels: np.ndarray, top: float, closures: Estimate, tolerance: float
) -> Estimate:
    """Sum of the panels and closures in units of exp(top), halving panels until the error is small."""
    import numpy as np

    if panels.size == 0:
        return closures
    abscissae = np.concatenate([-np.array(_ABSCISSAE), np.array(_ABSCISSAE[-2::-1])])
    kronrod = np.concatenate([_KRONROD, _KRONROD[-2::-1]])
    gauss = np.zeros(15)
    gauss[1::2] = np.concatenate([_GAUSS, _GAUSS[-2::-1]])
    done_value = done_error = 0.0
    evaluations = 0
    history: list[float] = []
    values = errors = np.zeros(0)
    kept = np.zeros((0, 4))
    fresh = panels
    while True:
        anchor, side, first, last = (column[:, None] for column in fresh.T)
        half = 0.5 * (last - first)
        t = 0.5 * (first + last) + half * abscissae
        heights = np.minimum(clean(anchor + side * np.exp(t)) + t - top, _FAR)
        integrand = np.exp(heights)
        value = half[:, 0] * (integrand @ kronrod)
        difference = np.abs(half[:, 0] * (integrand @ (kronrod - gauss)))
        spread = half[:, 0] * (np.abs(integrand - (0.5 * (integrand @ kronrod))[:, None]) @ kronrod)
        scaled = spread * np.minimum(1.0, (200.0 * difference / np.maximum(spread, 1e-300)) ** 1.5)
        error = np.maximum(scaled, 1e-15 * value)
        evaluations += t.size
        kept = np.concatenate([kept, fresh])
        values, errors = np.concatenate([values, value]), np.concatenate([errors, error])
        total = done_value + float(np.sum(values)) + closures.value
        wrong = done_error + float(np.sum(errors))
        history.append(wrong)
        # halving helps no more: rounding in the function itself, not the rule, makes the error
        stalled = evaluations > 20_000 and len(history) > 4 and wrong > 0.5 * history[-4]
        if wrong <= tolerance * total or stalled or evaluations > _MOST_EVALUATIONS or not isfinite(total):
            break
        split = errors > 0.3 * tolerance * total / errors.size
        # a panel so short that doubles hardly tell its nodes apart cannot be improved
        width = kept[:, 3] - kept[:, 2]
        split &= width > 1e-12 * np.maximum(1.0, np.abs(kept[:, 3]))
        if not np.any(split):
            break
        done_value += float(np.sum(values[~split]))
        done_error += float(np.sum(errors[~split]))
        halved, middle = kept[split], 0.5 * (kept[split, 2] + kept[split, 3])
        fresh = np.concatenate([halved, halved])
        fresh[: len(halved), 3] = middle
        fresh[len(halved) :, 2] = middle
        values = errors = np.zeros(0)
        kept = np.zeros((0, 4))
    return Estimate(total, wrong + closures.error + 1e-14 * total)
