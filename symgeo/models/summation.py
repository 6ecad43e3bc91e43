"""Sums over integers of non-negative terms given through their logarithm.

Terms are added one by one in windows around the first integer and around every peak. What lies beyond is negligible,
or a slowly varying tail whose sum is an integral by the midpoint form of Euler and Maclaurin's formula
(Abramowitz and Stegun 1964, 23.1.30), checked against direct summation of one block.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import pairwise
from math import exp, inf, isfinite
from typing import TYPE_CHECKING

from symgeo.expectation.scanning import LogFunction, cleaned, climb, local_maxima, scan_nodes, trusted_reach
from symgeo.models.quadrature import Estimate, integrate

if TYPE_CHECKING:
    pass

_WINDOW = 512
_DIRECT = 200_000
_BLOCK = 256
_NEGLIGIBLE = 45.0


def summate(
    log_function: LogFunction, first: float, last: float, step: int = 1, hints: Iterable[float] = ()
) -> Estimate:
    """Sum of exp(log_function(n)) for n = first, first + step, ..., last, with an error estimate.

    Ends may be infinite. ``log_function`` maps n (N,) to (N,); for long sums it is also evaluated between the
    integers, where it has to be smooth (as a factorial written as a gamma function is). nan counts as zero.
    ``hints`` are places where terms may peak sharply.
    """
    import numpy as np

    if last < first:
        return Estimate(0.0, 0.0)
    if step != 1:
        # both infinite occurs only with step one, so the finite end is the origin
        origin = first if isfinite(first) else last
        moved = [(hint - origin) / step for hint in hints]
        return summate(
            lambda n: log_function(origin + step * n),
            (first - origin) / step,
            (last - origin) / step,
            hints=moved,
        )

    clean = cleaned(log_function)
    with np.errstate(all="ignore"):
        if last - first < _DIRECT:
            return _direct([(first, last)], clean)
        windows = _windows(clean, first, last, hints)
        total = _direct(windows, clean)
        for begin, end in _gaps(windows, first, last):
            total = total + _tail(clean, begin, end, total.value)
            if not isfinite(total.value):
                return Estimate(inf, 0.0)
        return total


def _direct(windows: list[tuple[float, float]], clean: Callable) -> Estimate:
    import numpy as np

    value = 0.0
    for begin, end in windows:
        value += float(np.sum(np.exp(clean(np.arange(begin, end + 1.0)))))
    return Estimate(value, 1e-14 * value)


def _windows(clean: Callable, first: float, last: float, hints: Iterable[float]) -> list[tuple[float, float]]:
    """Disjoint ascending stretches of integers around the finite ends and the peaks."""
    import numpy as np

    nodes = np.unique(np.round(scan_nodes(first - 0.5, last + 0.5)))
    nodes = nodes[np.abs(nodes) < 2.0**52]
    heights = clean(nodes)
    known = np.abs(nodes) <= trusted_reach(clean, nodes, heights)
    left, middle, right = local_maxima(nodes[known], heights[known])
    centres = [end for end in (first, last) if isfinite(end)] or [0.0]
    centres.extend(round(hint) for hint in hints if first <= hint <= last and abs(hint) < 2.0**52)
    places = climb(lambda n: clean(np.round(n)), left, middle, right)
    centres.extend(float(np.round(place)) for place in places)
    windows: list[tuple[float, float]] = []
    for centre in sorted(centres):
        begin, end = max(first, centre - _WINDOW), min(last, centre + _WINDOW)
        if windows and begin <= windows[-1][1] + _WINDOW:
            windows[-1] = (windows[-1][0], max(end, windows[-1][1]))
        else:
            windows.append((begin, end))
    return windows


def _gaps(windows: list[tuple[float, float]], first: float, last: float) -> list[tuple[float, float]]:
    edges = [(first, windows[0][0] - 1)]
    edges += [(left[1] + 1, right[0] - 1) for left, right in pairwise(windows)]
    edges.append((windows[-1][1] + 1, last))
    return [(begin, end) for begin, end in edges if begin <= end]


def _tail(clean: Callable, begin: float, end: float, known: float) -> Estimate:
    """The sum over begin..end, where the terms vary slowly or are negligible; ``known`` sets the scale."""
    import numpy as np

    nodes = scan_nodes(begin - 0.5, end + 0.5)
    whole = np.unique(np.round(nodes))
    whole = whole[(whole >= begin) & (whole <= end) & (np.abs(whole) < 2.0**52)]
    heights = clean(whole)
    heights = np.where(np.abs(whole) <= trusted_reach(clean, whole, heights), heights, -inf)
    reach = np.maximum(np.minimum(whole - begin, end - whole), 1.0)
    weight = np.max(heights + np.log(reach), initial=-inf)
    if weight < np.log(max(known, 1e-300)) - _NEGLIGIBLE:
        return Estimate(0.0, known * 1e-15)
    smooth = integrate(clean, (begin - 0.5, end + 0.5))
    if not isfinite(smooth.value):
        return smooth
    value = smooth.value + (_slope(clean, begin - 0.5) - _slope(clean, end + 0.5)) / 24.0
    # does the continuation between the integers tell the same as the integers? ask where it matters most
    if isfinite(begin) != isfinite(end):
        start = begin if isfinite(begin) else end - _BLOCK + 1
    else:
        start = float(np.clip(whole[np.argmax(heights + np.log(reach))], begin, max(begin, end - _BLOCK + 1)))
    block = np.arange(start, start + _BLOCK)
    terms = float(np.sum(np.exp(clean(block))))
    same = integrate(clean, (block[0] - 0.5, block[-1] + 0.5)).value
    same += (_slope(clean, block[0] - 0.5) - _slope(clean, block[-1] + 0.5)) / 24.0
    off = min(1.0, abs(terms - same) / terms) if terms > 0 and isfinite(same) else float(same != terms)
    return Estimate(value, smooth.error + off * max(value, 3.0 * exp(min(float(weight), 700.0))))


def _slope(clean: Callable, place: float) -> float:
    """The derivative of the term, 0 at an infinite end."""
    import numpy as np

    if not isfinite(place):
        return 0.0
    width = 0.25
    below, here, above = clean(np.array([place - width, place, place + width]))
    slope = (above - below) / (2 * width)
    return exp(here) * float(slope) if isfinite(slope) and here > -inf else 0.0
