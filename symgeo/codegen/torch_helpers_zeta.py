"""The zeta function and its relatives in PyTorch, as torch_helpers.py says."""

# Without annotations, as in the modules these texts are copied into.
# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import math

import torch

from symgeo.codegen.torch_helpers import _given, _in_double
from symgeo.codegen.torch_helpers_gamma import _lgamma


def _bernoulli():
    """The Bernoulli numbers B_2, B_4, ..., B_16."""
    return (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)


def _riemann(n):
    """Riemann's zeta function at a whole number n other than 1 (DLMF 25.2.9, 25.4.1), as a number."""
    if n <= 0:
        if n % 2 == 0:
            return -0.5 if n == 0 else 0.0
        m = 1 - n
        return 2.0 * (2.0 * math.pi) ** -m * math.cos(math.pi * m / 2.0) * math.gamma(m) * _riemann(m)
    total = 24.0 ** (1 - n) / (n - 1) + 0.5 * 24.0**-n
    rising = float(n)
    for j, b in enumerate(_bernoulli(), 1):
        total += b / math.factorial(2 * j) * rising * 24.0 ** (1 - n - 2 * j)
        rising *= (n + 2 * j - 1) * (n + 2 * j)
    return math.fsum([total, *(float(k) ** -n for k in range(1, 24))])


def _polygamma_tail(n, k, c):
    """c**(2*k + n) times |polygamma(n, c)| without the terms before B_2k (DLMF 5.15.8), for c > 6."""

    def tail(c):
        c = torch.where(c > 6.0, c, math.nan)
        total = torch.zeros_like(c)
        for j in range(int(k) + 13, int(k) - 1, -1):
            # B_2j (2j + n - 1)!/(2j)!, with B_2j by the zeta function: DLMF 25.6.2.
            bernoulli = (-1.0) ** (j + 1) * 2.0 * _riemann(2 * j) / (2.0 * math.pi) ** (2 * j)
            total = total / (c * c) + bernoulli * math.gamma(2.0 * j + int(n))
        return total

    return _in_double(tail, c)


def _hurwitz(s, a):
    """Hurwitz' zeta function for a > 0 by the Euler-Maclaurin formula (DLMF 25.11.7)."""
    k = torch.arange(24, dtype=a.dtype, device=a.device)
    total = torch.sum((a[..., None] + k) ** -s[..., None], -1)
    end = a + 24.0
    rest, rising = end / (s - 1.0) + 0.5, s / end
    for j, b in enumerate(_bernoulli(), 1):
        rest = rest + b / math.factorial(2 * j) * rising
        rising = rising * (s + 2.0 * j - 1.0) * (s + 2.0 * j) / (end * end)
    return total + end**-s * rest


def _zeta(s, a=1.0):
    """Riemann's zeta function, by its functional equation below zero (DLMF 25.4.1); Hurwitz' for s, a > 0."""

    def riemann(s):
        below = s < 0
        t = torch.where(below, 1.0 - s, s)
        value = _hurwitz(t, torch.ones_like(t))
        u = torch.where(below, t, 2.0)
        mirrored = torch.exp(_lgamma(u) - u * math.log(2.0 * math.pi)) * torch.cos(0.5 * math.pi * u)
        return torch.where(below, 2.0 * mirrored * value, torch.where(s == 1, math.nan, value))

    def hurwitz(s, a):
        good = (s > 0) & (s != 1) & (a > 0)
        return torch.where(good, _hurwitz(torch.where(good, s, 2.0), torch.where(good, a, 1.0)), math.nan)

    return _in_double(hurwitz, s, a) if isinstance(a, torch.Tensor) or a != 1 else _in_double(riemann, s)


def _zeta_derivative(n, s):
    """Derivative of order n of Riemann's zeta function, s > 0, by Euler-Maclaurin (DLMF 25.2.9)."""
    return _in_double(lambda s: _zeta_slope(int(n), s), s)


def _zeta_slope(n, s):
    """The same in double precision."""
    return _given(lambda s: _zeta_slope_sum(n, s), (lambda s: _zeta_slope(n + 1, s),), s)


def _zeta_slope_sum(n, s):
    """Its sum; the rest is 24**-s times a pole at 1 and Bernoulli numbers times rising factorials."""
    s = torch.where(s > 0, s, math.nan)
    k = torch.arange(1, 24, dtype=s.dtype, device=s.device)
    total = torch.sum((-torch.log(k)) ** n * k ** -s[..., None], -1)
    rest, choose = torch.zeros_like(s), 1.0
    for m in range(n + 1):
        slope = 24.0 * (-1.0) ** m * math.factorial(m) / (s - 1.0) ** (m + 1) + (0.5 if m == 0 else 0.0)
        for j, b in enumerate(_bernoulli(), 1):
            polynomial = torch.zeros_like(s)
            for coefficient in _rising_slope(2 * j - 1, m):
                polynomial = polynomial * s + coefficient
            slope = slope + b / math.factorial(2 * j) * 24.0 ** (1 - 2 * j) * polynomial
        rest = rest + choose * (-math.log(24.0)) ** (n - m) * slope
        choose = choose * (n - m) / (m + 1)
    return total + rest * 24.0**-s


def _rising_slope(n, m):
    """Coefficients, the highest first, of the derivative of order m of s (s + 1) ... (s + n - 1)."""
    coefficients = [1.0]
    for k in range(n):
        coefficients = [a + k * b for a, b in zip([*coefficients, 0.0], [0.0, *coefficients], strict=True)]
    for _ in range(m):
        degree = len(coefficients) - 1
        coefficients = [c * (degree - i) for i, c in enumerate(coefficients[:-1])]
    return coefficients


def _polylog_tail(s, n, z):
    """The sum of z**k/(k + n)**s over k = 0, 1, ... for |z| <= 1/2; nan for other z."""

    def tail(z):
        z = torch.where(torch.abs(z) <= 0.5, z, math.nan)
        total = torch.zeros_like(z)
        for k in range(56, -1, -1):
            total = total * z + 1.0 / float(k + n) ** s
        return total

    return _in_double(tail, z)


def _polylog(s, z):
    """Polylogarithm of whole order s = 2, 3, ... for z <= 1 (DLMF 25.12.12; inversion below -1)."""
    return _in_double(lambda z: _polylog_double(int(s), torch.where(z <= 1.0, z, math.nan)), z)


def _polylog_double(s, z):
    """The same in double precision: by its series near zero, else with its derivative given."""
    if s == 1:
        return -torch.log1p(-z)
    small = torch.abs(z) <= 0.5
    near, far = torch.where(small, z, 0.0), torch.where(small, -1.0, z)
    given = _given(lambda z: _polylog_value(s, z), (lambda z: _polylog_double(s - 1, z) / z,), far)
    return torch.where(small, near * _polylog_tail(s, 1, near), given)


def _polylog_value(s, z):
    """The same for |z| >= 1/2."""
    beyond = z < -1.0
    w = torch.where(beyond, 1.0 / z, z)
    size = torch.log(torch.where(beyond, -z, 1.0))
    # Li_s(z) + (-1)^s Li_s(1/z) is a polynomial in log(-z), known from its values at z = -1.
    polynomial = size**s / math.factorial(s)
    for k in range(1, s // 2 + 1):
        eta = (1.0 - 2.0 ** (1 - 2 * k)) * _riemann(2 * k)
        polynomial = polynomial + 2.0 * eta * size ** (s - 2 * k) / math.factorial(s - 2 * k)
    inside = _polylog_inside(s, w)
    return torch.where(beyond, -polynomial - (-1.0) ** s * inside, inside)


def _polylog_inside(s, z):
    """The same for -1 <= z <= 1: series, in the logarithm of z near one; the duplication formula near -1."""
    small, twice = torch.abs(z) <= 0.5, z * z
    near = _polylog_near_one(s, torch.where(small, 1.0, torch.abs(z)))
    far = _polylog_near_one(s, torch.where(twice > 0.5, twice, 1.0))
    low = torch.where(twice > 0.5, 0.0, twice)
    squared = torch.where(twice > 0.5, far, low * _polylog_tail(s, 1, low))
    series = z * _polylog_tail(s, 1, torch.where(small, z, 0.0))
    return torch.where(small, series, torch.where(z > 0, near, 2.0 ** (1 - s) * squared - near))


def _polylog_near_one(s, z):
    """The expansion in log z for 1/2 <= z <= 1."""
    m = torch.log(z)
    n = s - 1
    safe = torch.where(m < 0, -m, 1.0)
    total = m**n / math.factorial(n) * (sum(1.0 / k for k in range(1, n + 1)) - torch.log(safe))
    for k in range(30):
        if k != n:
            total = total + _riemann(s - k) / math.factorial(k) * m**k
    return total


def _lerch_phi(z, s, a):
    """Lerch's function, the sum of z**y/(y + a)**s, for z < 1, s > 0 and a > 0: DLMF 25.14.5, t = v/a.

    The trapezoidal rule in log v; 1 - z exp(-t) is formed without cancellation.
    """

    def value(z, s, a):
        good = (z < 1) & (s > 0) & (a > 0)
        z, s, a = torch.where(good, z, 0.5), torch.where(good, s, 1.0), torch.where(good, a, 1.0)
        factor = torch.exp(-s * torch.log(a) - _lgamma(s))
        log_v = 0.125 * torch.arange(-720, 53, dtype=z.dtype, device=z.device)
        v = torch.exp(log_v)
        z, s, a = z[..., None], s[..., None], a[..., None]
        terms = torch.exp(s * log_v - v) / ((1.0 - z) - z * torch.expm1(-v / a))
        return torch.where(good, 0.125 * torch.sum(terms, -1) * factor, math.nan)

    return _in_double(value, z, s, a)
