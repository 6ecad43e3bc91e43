"""Bessel and Airy functions of any real order in PyTorch, as torch_helpers.py says.

All are integrals along a path through the saddle point of the integrand (Watson, A treatise on the theory of Bessel
functions, 6.2 and 6.22; DLMF 10.9), which may be differentiated in the order too.
"""

# Without annotations, as in the modules these texts are copied into.
# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import math

import torch

from symgeo.codegen.torch_helpers import _given, _horner, _in_double, _integral, _reach


def _sin_pi(x):
    """sin(pi x), zero at whole numbers."""
    whole = torch.round(x).detach()
    return torch.where(torch.remainder(whole, 2.0) == 1.0, -1.0, 1.0) * torch.sin(math.pi * (x - whole))


def _cos_pi(x):
    """cos(pi x)."""
    return _sin_pi(x + 0.5)


def _mirrored(order):
    """The order without its sign."""
    return torch.where(order < 0, -order, order)


def _scaled_i(order, x):
    """exp(-x) I_order(x) for order >= 0 and x > 0."""
    steep = torch.hypot(x, order).detach()
    start = torch.asinh(order / x).detach()
    n, z, t = (c[..., None] for c in (order, x, start))
    rise = z * torch.cosh(t) - n * t
    angle = 2.0 * torch.asin(torch.sqrt(torch.clamp(22.5 / steep, max=1.0)))

    def around(theta):
        phase = z * torch.sinh(t) * torch.sin(theta) - n * theta
        return torch.exp(rise - z - z * torch.cosh(t) * (1.0 - torch.cos(theta))) * torch.cos(phase)

    def along(v):
        return -z * torch.cosh(t + v) - n * (t + v)

    far = _reach(lambda v: along(v) + z * torch.cosh(t) + n * t, z)[..., 0]
    zero = torch.zeros_like(far)
    tail = _sin_pi(order) * _integral(lambda v: torch.exp(along(v) - z), zero, far)
    return (_integral(around, zero, angle) - tail) / math.pi


def _scaled_k(order, x):
    """exp(x) K_order(x) for order >= 0 and x > 0: the integral of exp(x - x cosh t) cosh(order t)."""
    peak = torch.asinh(order / x).detach()
    n, z, t = (c[..., None] for c in (order, x, peak))

    def exponent(v):
        return n * v - 2.0 * z * torch.sinh(0.5 * v) ** 2

    top = exponent(t)
    right = _reach(lambda v: exponent(t + v) - top, z)
    left = torch.minimum(_reach(lambda v: exponent(torch.clamp(t - v, min=0.0)) - top - 1e9 * (v > t), z), t)
    return _integral(
        lambda v: 0.5 * torch.exp(exponent(v)) * (1.0 + torch.exp(-2.0 * n * v)),
        (t - left)[..., 0],
        (t + right)[..., 0],
    )


def _bessel_i(order, x, scaled=False):
    """Modified Bessel function I, times exp(-|x|) where ``scaled``; for x < 0 at whole orders only."""

    def value(order, x):
        size = torch.abs(x)
        safe, n = torch.where(size > 0, size, 1.0), _mirrored(order)
        whole = order == torch.floor(order)
        grown = _scaled_i(n, safe)
        other = 2.0 / math.pi * _sin_pi(n) * torch.exp(-2.0 * safe) * _scaled_k(n, safe)
        grown = torch.where(order < 0, grown + other, grown)
        grown = grown if scaled else grown * torch.exp(safe)
        at_zero = torch.where(order == 0, 1.0, torch.where((order < 0) & ~whole, math.inf, 0.0))
        odd = torch.where((x < 0) & (torch.remainder(n, 2.0) == 1.0), -1.0, 1.0)
        return torch.where((x < 0) & ~whole, math.nan, torch.where(size > 0, odd * grown, at_zero))

    return _in_double(value, order, x)


def _bessel_k(order, x, scaled=False):
    """Modified Bessel function of the second kind for x > 0, times exp(x) where ``scaled``."""

    def value(order, x):
        safe = torch.where(x > 0, x, 1.0)
        grown = _scaled_k(_mirrored(order), safe)
        grown = grown if scaled else grown * torch.exp(-safe)
        return torch.where(x > 0, grown, torch.where(x == 0, math.inf, math.nan))

    return _in_double(value, order, x)


def _i0(x, scaled=False):
    """I_0, times exp(-|x|) where ``scaled``."""
    if scaled:
        return _given(torch.special.i0e, (lambda x: _i1(x, True) - torch.sign(x) * _i0(x, True),), x)
    return _given(torch.special.i0, (_i1,), x)


def _i1(x, scaled=False):
    """I_1, times exp(-|x|) where ``scaled``."""
    if scaled:
        return _given(torch.special.i1e, (lambda x: _i1_slope(x, True) - torch.sign(x) * _i1(x, True),), x)
    return _given(torch.special.i1, (lambda x: _i1_slope(x, False),), x)


def _i1_slope(x, scaled):
    """I_0(x) - I_1(x)/x, without division by zero."""
    safe = torch.where(x == 0, 1.0, x)
    ratio = torch.where(x == 0, 0.5, _i1(safe, scaled) / safe)
    return _i0(x, scaled) - ratio


def _wave_j(order, x):
    """J_order(x) for order >= 0 and x > 0."""
    start = torch.acosh(torch.clamp(order / x, min=1.0)).detach()
    n, z, t = (c[..., None] for c in (order, x, start))

    def around(theta):
        phase = z * torch.cosh(t) * torch.sin(theta) - n * theta
        return torch.exp(z * torch.sinh(t) * torch.cos(theta) - n * t) * torch.cos(phase)

    def along(v):
        return -z * torch.sinh(t + v) - n * (t + v)

    zero = torch.zeros_like(order)
    far = _reach(lambda v: along(v) - along(torch.zeros_like(v)), z)[..., 0]
    tail = _sin_pi(order) * _integral(lambda v: torch.exp(along(v)), zero, far)
    return (_integral(around, zero, zero + math.pi) - tail) / math.pi


def _wave_y(order, x):
    """Y_order(x) for order >= 0 and x > 0."""
    peak = torch.acosh(torch.clamp(order / x, min=1.0)).detach()
    n, z, t = (c[..., None] for c in (order, x, peak))

    def along(v):
        return n * v - z * torch.sinh(v)

    zero = torch.zeros_like(order)
    right = _reach(lambda v: along(t + v) - along(t), z)
    top = along(t)
    left = torch.minimum(_reach(lambda v: along(torch.clamp(t - v, min=0.0)) - top - 1e9 * (v > t), z), t)
    turn = _cos_pi(n)
    rising = _integral(lambda v: torch.exp(along(v)), (t - left)[..., 0], (t + right)[..., 0])
    far = _reach(lambda v: -n * v - z * torch.sinh(v), z)[..., 0]
    falling = _integral(lambda v: turn * torch.exp(-n * v - z * torch.sinh(v)), zero, far)
    around = _integral(lambda theta: torch.sin(z * torch.sin(theta) - n * theta), zero, zero + math.pi)
    return (around - rising - falling) / math.pi


def _wave(order, x):
    """J and Y for order >= 0 and x > 0: Hankel's expansions far out (DLMF 10.17.3, 10.17.4), else integrals.

    nan where neither reaches full accuracy: for large orders and arguments.
    """
    far = x > torch.clamp(0.25 * order * order, min=50.0)
    near, out = torch.where(far, 1.0, x), torch.where(far, x, 100.0 + order * order)
    near = torch.where(~far & (x > 100.0) & (x > order), math.nan, near)
    term, p, q = torch.ones_like(out), torch.ones_like(out), torch.zeros_like(out)
    for k in range(1, 40):
        term = term * (4.0 * order * order - (2.0 * k - 1.0) ** 2) / (8.0 * k * out)
        sign = (-1.0) ** (k // 2)
        p, q = (p, q + sign * term) if k % 2 else (p + sign * term, q)
    angle, size = out - (0.5 * order + 0.25) * math.pi, torch.sqrt(2.0 / (math.pi * out))
    c, s = torch.cos(angle), torch.sin(angle)
    j = torch.where(far, size * (c * p - s * q), _wave_j(order, near))
    return j, torch.where(far, size * (s * p + c * q), _wave_y(order, near))


def _bessel_j(order, x):
    """Bessel function of the first kind; for x < 0 at whole orders only."""

    def value(order, x):
        size, n = torch.abs(x), _mirrored(order)
        whole = order == torch.floor(order)
        j, y = _wave(n, torch.where(size > 0, size, 1.0))
        j = torch.where(order < 0, _cos_pi(n) * j - _sin_pi(n) * y, j)
        at_zero = torch.where(order == 0, 1.0, torch.where((order < 0) & ~whole, math.nan, 0.0))
        odd = torch.where((x < 0) & (torch.remainder(n, 2.0) == 1.0), -1.0, 1.0)
        return torch.where((x < 0) & ~whole, math.nan, torch.where(size > 0, odd * j, at_zero))

    return _in_double(value, order, x)


def _bessel_y(order, x):
    """Bessel function of the second kind for x > 0."""

    def value(order, x):
        n = _mirrored(order)
        j, y = _wave(n, torch.where(x > 0, x, 1.0))
        y = torch.where(order < 0, _cos_pi(n) * y + _sin_pi(n) * j, y)
        return torch.where(x > 0, y, torch.where(x == 0, -math.inf, math.nan))

    return _in_double(value, order, x)


def _airy(x, which):
    """Ai, Ai', Bi or Bi', by ``which``: by Maclaurin's series (DLMF 9.4) or Bessel functions (9.6)."""
    return _given(lambda x: _airy_value(x, which), (lambda x: _airy_slope(x, which),), x)


def _airy_slope(x, which):
    """The derivative: w' or w'' = x w."""
    return x * _airy(x, which - 1) if which % 2 else _airy(x, which + 1)


def _airy_value(x, which):
    """The same without derivatives."""
    near = torch.clamp(x, min=-1.0, max=1.0)
    cube = near**3
    prime, second = which % 2, which > 1
    ai, slope = 3.0 ** (-2 / 3) / math.gamma(2 / 3), 3.0 ** (-1 / 3) / math.gamma(1 / 3)
    if prime:
        f = 0.5 * near * near * _horner(lambda k: cube / ((3 * k + 3.0) * (3 * k + 5.0)), 12, near)
        g = _horner(lambda k: cube / ((3 * k + 3.0) * (3 * k + 1.0)), 12, near)
    else:
        f = _horner(lambda k: cube / ((3 * k + 2.0) * (3 * k + 3.0)), 12, near)
        g = near * _horner(lambda k: cube / ((3 * k + 3.0) * (3 * k + 4.0)), 12, near)
    series = math.sqrt(3.0) * (ai * f + slope * g) if second else ai * f - slope * g
    up, down = torch.clamp(x, min=1.0), torch.clamp(-x, min=1.0)
    order = torch.full_like(x, (2.0 if prime else 1.0) / 3.0)
    z = 2.0 / 3.0 * up * torch.sqrt(up)
    factor = up / math.sqrt(3.0) if prime else torch.sqrt(up / 3.0)
    k = _scaled_k(order, z)
    if second:
        both = 2.0 * _scaled_i(order, z) + math.sqrt(3.0) / math.pi * torch.exp(-2.0 * z) * k
        above = factor * torch.exp(z) * both
    else:
        above = (-factor if prime else factor) * torch.exp(-z) * k / math.pi
    j, y = _wave(order, 2.0 / 3.0 * down * torch.sqrt(down))
    turn = math.cos(math.pi * (2.0 if prime else 1.0) / 3.0)
    other = turn * j - math.sqrt(0.75) * y
    if prime:
        below = down / math.sqrt(3.0) * (j + other) if second else down / 3.0 * (j - other)
    else:
        below = torch.sqrt(down / 3.0) * (other - j) if second else torch.sqrt(down) / 3.0 * (j + other)
    return torch.where(x > 1.0, above, torch.where(x < -1.0, below, series))


def _airy_ai(x):
    """Airy's function Ai."""
    return _in_double(lambda x: _airy(x, 0), x)


def _airy_ai_prime(x):
    """The derivative of Ai."""
    return _in_double(lambda x: _airy(x, 1), x)


def _airy_bi(x):
    """Airy's function Bi."""
    return _in_double(lambda x: _airy(x, 2), x)


def _airy_bi_prime(x):
    """The derivative of Bi."""
    return _in_double(lambda x: _airy(x, 3), x)
