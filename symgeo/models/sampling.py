"""Generic exact points: rationals that are spread, reproducible, and free of accidental relations.

A check at special values (0, 1, 1/2, equal parameters) can pass by accident, so every point drawn here is p/q with q
a prime of at least eleven that does not divide p, and coordinates follow different irrational rotations.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import isqrt

import sympy as sp

_AXES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53)
_PRIMES = (11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71)


def rotation(index: int, axis: int) -> float:
    """The index-th term in (0, 1) of the Kronecker sequence with step sqrt(prime(axis)); axis, index >= 0."""
    prime = _AXES[axis] if axis < len(_AXES) else sp.prime(axis + 1)
    root = isqrt(prime * 10**24)  # integers keep this the same on every machine
    return ((index + 1) * root + 10**12 * 7 // 29) % 10**12 / 10**12


def rational_near(value: float, lower: float, upper: float, tag: int = 0) -> sp.Rational:
    """A rational p/q within a tenth of the distance from ``value`` to the nearer end, q prime, q not dividing p.

    ``lower < value < upper`` (either end may be infinite). ``tag`` varies q so that points do not share denominators.
    """
    room = min(value - lower, upper - value, max(abs(value), 0.1))
    wanted = max(_PRIMES[tag % len(_PRIMES)], round(6.0 / room)) if room > 0 else 10**18
    prime = wanted if wanted in _PRIMES else sp.nextprime(wanted)
    numerator = round(Fraction(value) * prime)
    if numerator % prime == 0:
        numerator += 1 if Fraction(value) * prime >= numerator else -1
    return sp.Rational(numerator, prime)


def spread(lower: float, upper: float, share: float) -> float:
    """Where the share in (0, 1) falls in an interval: moderate values, a margin from finite ends."""
    finite_lower, finite_upper = lower > -float("inf"), upper < float("inf")
    if finite_lower and finite_upper:
        return lower + (upper - lower) * (0.12 + 0.76 * share)
    if finite_lower:
        return lower + max(1.0, abs(lower) * 1e-3) * (0.3 + 2.4 * share)
    if finite_upper:
        return upper - max(1.0, abs(upper) * 1e-3) * (0.3 + 2.4 * share)
    return 1.7 * (2.0 * share - 1.0)


def rotations(dimension: int) -> Iterator[tuple[int, list[float]]]:
    """Endless (index, shares) pairs: one share in (0, 1) per axis."""
    index = 0
    while True:
        yield index, [rotation(index, axis) for axis in range(dimension)]
        index += 1
