"""Hypergeometric functions, Lambert's W and elliptic integrals in PyTorch, as torch_helpers.py says."""

# Without annotations, as in the modules these texts are copied into.
# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import math

import torch

from symgeo.codegen.torch_helpers import _given, _horner, _in_double, _integral
from symgeo.codegen.torch_helpers_bessel import _bessel_i, _bessel_j
from symgeo.codegen.torch_helpers_gamma import _gamma, _gamma_sign, _lgamma, _log_size_of_beta


def _lambertw(x, branch=0):
    """The real values of Lambert's W, branch 0 or -1."""

    def value(x):
        inside = (x >= -math.exp(-1.0)) & ((x < 0) | (branch == 0))
        x = torch.where(inside, x, -0.25 if branch else 1.0)
        p = torch.sqrt(torch.clamp(2.0 * (math.e * x + 1.0), min=0.0)) * (-1.0 if branch else 1.0)
        near = -1.0 + p * (1.0 - p * (1.0 / 3.0 - p * 11.0 / 72.0))
        if branch:
            size = torch.log(torch.clamp(-x, max=0.25))
            far = size - torch.log(-size)
            w = torch.where(x > -0.25, far, near)
        else:
            size = torch.log1p(torch.clamp(x, min=0.0))
            far = size * (1.0 - torch.log1p(size) / (2.0 + size))
            w = torch.where(x > 0.5, far, torch.where(x < -0.2, near, x))
        for _ in range(12):
            # Halley's step.
            excess = w - x * torch.exp(-w)
            ahead = torch.where(w == -1.0, 1.0, w + 1.0)
            step = excess / (ahead - 0.5 * (w + 2.0) * excess / ahead)
            w = torch.where(w == -1.0, w, w - step)
        return torch.where(inside, w, math.nan)

    def lambert(x):
        return _given(value, (slope,), x)

    def slope(x):
        w = lambert(x)
        return torch.exp(-w) / (1.0 + w)

    return _in_double(lambert, x)


def _hyp0f1(b, z):
    """0F1(; b; z): its series, Bessel functions far out (DLMF 10.16.9 and 10.39.9)."""

    def value(b, z):
        up, down = z > 30.0, z < -4.0
        near = torch.where(up | down, 0.0, z)
        series = _horner(lambda k: near / ((b + k) * (k + 1.0)), 60, near)
        root = torch.sqrt(torch.where(up, z, torch.where(down, -z, 9.0)))
        factor = _gamma(b) * root ** (1.0 - b)
        far = torch.where(up, _bessel_i(b - 1.0, 2.0 * root), _bessel_j(b - 1.0, 2.0 * root))
        return torch.where(up | down, factor * far, series)

    return _in_double(value, b, z)


def _hyp1f1(a, b, z):
    """Kummer's function: its series, of positive terms by Kummer's transformation; far out DLMF 13.7.1."""

    def value(a, b, z):
        below = z < 0
        c, t = torch.where(below, b - a, a), torch.abs(z)
        # A polynomial keeps its variable: it is short.
        short = below & (a <= 0) & (a == torch.floor(a))
        c, t = torch.where(short, a, c), torch.where(short, z, t)
        far = t > 160.0
        near, out = torch.where(far, 0.0, t), torch.where(far, t, 200.0)
        series = _horner(lambda k: (c + k) * near / ((b + k) * (k + 1.0)), 420, near)
        size = torch.exp(_lgamma(b) - _lgamma(c) + (c - b) * torch.log(out))
        factor = _gamma_sign(b) * _gamma_sign(c) * size
        expansion = _horner(lambda k: (1.0 - c + k) * (b - c + k) / ((k + 1.0) * out), 30, out)
        shift = torch.where(below & ~short, z, 0.0)
        return torch.where(far, factor * expansion * torch.exp(out + shift), series * torch.exp(shift))

    return _in_double(value, a, b, z)


def _hyp2f1(a, b, c, z):
    """Gauss' function for z < 1: its series (DLMF 15.2.1, 15.8.1); near one Euler's integral (15.6.1).

    nan for 0.9 < z < 1, where that integral needs 0 < b < c or 0 < a < c and has neither.
    """

    def value(a, b, c, z):
        # Pfaff's transformation brings z < 0 into the interval from 0 to 1.
        below, inside = z < 0, z < 1
        z = torch.where(inside, z, 0.0)
        w = torch.where(below, z / (z - 1.0), z)
        d = torch.where(below, c - b, b)
        near = w <= 0.6
        short = torch.where(near, w, 0.0)
        series = _horner(lambda k: (a + k) * (d + k) * short / ((c + k) * (k + 1.0)), 90, short)
        direct = (b > 0) & (c > b)
        ends = direct | ((a > 0) & (c > a))
        p, q = torch.where(direct, b, a), torch.where(direct, a, b)
        use = ~near & ends
        p, q, r, v = (torch.where(use, s, t) for s, t in ((p, 0.5), (q, 0.5), (c, 1.0), (z, 0.5)))
        integral = _euler_integral(q, p, r, v)
        long = torch.where(~near & ~ends & (w <= 0.9), w, 0.0)
        slow = _horner(lambda k: (a + k) * (d + k) * long / ((c + k) * (k + 1.0)), 400, long)
        scale = torch.where(below, torch.exp(-a * torch.log1p(-torch.where(below, z, 0.0))), 1.0)
        slow = torch.where(w <= 0.9, slow * scale, math.nan)
        result = torch.where(near, series * scale, torch.where(ends, integral, slow))
        return torch.where(inside, result, math.nan)

    return _in_double(value, a, b, c, z)


def _euler_integral(a, b, c, z):
    """2F1(a, b; c; z) for 0 < b < c and z < 1: an integral over t = 1/(1 + exp(-u))."""
    # Panels end where 1 - t turns and where 1 - z t does, at -log(1 - z).
    turn = -torch.log1p(-z).detach()
    zero = torch.zeros_like(turn)
    low, high = torch.minimum(turn, zero), torch.maximum(turn, zero)
    start, end = low - 45.0 / b.detach(), high + 45.0 / (c - b).detach()
    a, b, d, z, size = (s[..., None] for s in (a, b, c - b, z, _log_size_of_beta(b, c - b)))

    def terms(u):
        log_t, log_rest = -torch.nn.functional.softplus(-u), -torch.nn.functional.softplus(u)
        inside = torch.log((1.0 - z) + z * torch.exp(log_rest))
        return torch.exp(b * log_t + d * log_rest - a * inside - size)

    return _integral(terms, high, end) + _integral(terms, low, high) - _integral(terms, low, start)


def _carlson(x, y, z):
    """Carlson's R_F(x, y, z) by duplication (DLMF 19.36.1)."""
    for _ in range(22):
        mixed = torch.sqrt(x) * torch.sqrt(y) + torch.sqrt(x) * torch.sqrt(z) + torch.sqrt(y) * torch.sqrt(z)
        x, y, z = 0.25 * (x + mixed), 0.25 * (y + mixed), 0.25 * (z + mixed)
    return torch.rsqrt((x + y + z) / 3.0)


def _carlson_d(x, y, z):
    """Carlson's R_D(x, y, z) by duplication (DLMF 19.36.2)."""
    total, power = torch.zeros_like(z), 1.0
    for _ in range(22):
        mixed = torch.sqrt(x) * torch.sqrt(y) + torch.sqrt(x) * torch.sqrt(z) + torch.sqrt(y) * torch.sqrt(z)
        total = total + power / (torch.sqrt(z) * (z + mixed))
        power = 0.25 * power
        x, y, z = 0.25 * (x + mixed), 0.25 * (y + mixed), 0.25 * (z + mixed)
    mean = (x + y + 3.0 * z) / 5.0
    return 3.0 * total + power / (mean * torch.sqrt(mean))


def _elliptic_k(m):
    """Complete elliptic integral of the first kind (DLMF 19.25.1)."""

    def value(m):
        rest = torch.where(m < 1, 1.0 - m, 1.0)
        zero = torch.zeros_like(rest)
        found = _carlson(zero, rest, torch.ones_like(rest))
        return torch.where(m < 1, found, torch.where(m == 1, math.inf, math.nan))

    return _in_double(value, m)


def _elliptic_f(phi, m):
    """Incomplete elliptic integral of the first kind (DLMF 19.25.5), quasi-periodic in phi."""

    def value(phi, m):
        turns = torch.round(phi / math.pi).detach()
        s, c = torch.sin(phi - math.pi * turns), torch.cos(phi - math.pi * turns)
        rest = 1.0 - m * s * s
        good = rest > 0
        part = s * _carlson(c * c, torch.where(good, rest, 1.0), torch.ones_like(s))
        whole = torch.where(turns == 0, 0.0, 2.0 * turns * _elliptic_k(torch.where(turns == 0, 0.0, m)))
        return torch.where(good, part + whole, math.nan)

    return _in_double(value, phi, m)


def _elliptic_e(phi, m=None):
    """Elliptic integral of the second kind (DLMF 19.25.9), complete where there is one argument."""

    def complete(m):
        rest = torch.where(m < 1, 1.0 - m, 1.0)
        zero, one = torch.zeros_like(rest), torch.ones_like(rest)
        found = _carlson(zero, rest, one) - m / 3.0 * _carlson_d(zero, rest, one)
        return torch.where(m < 1, found, torch.where(m == 1, 1.0, math.nan))

    def incomplete(phi, m):
        turns = torch.round(phi / math.pi).detach()
        s, c = torch.sin(phi - math.pi * turns), torch.cos(phi - math.pi * turns)
        rest = 1.0 - m * s * s
        good = rest > 0
        rest, one = torch.where(good, rest, 1.0), torch.ones_like(s)
        part = s * _carlson(c * c, rest, one) - m / 3.0 * s**3 * _carlson_d(c * c, rest, one)
        whole = torch.where(turns == 0, 0.0, 2.0 * turns * complete(torch.where(turns == 0, 0.0, m)))
        return torch.where(good, part + whole, math.nan)

    return _in_double(complete, phi) if m is None else _in_double(incomplete, phi, m)
