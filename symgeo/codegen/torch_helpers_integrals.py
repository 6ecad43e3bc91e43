"""Error functions and exponential, sine and Fresnel integrals in PyTorch, as torch_helpers.py says."""

# Without annotations, as in the modules these texts are copied into.
# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import math

import torch

from symgeo.codegen.torch_helpers import _given, _horner, _in_double, _integral, _reach


def _log_one_minus_exp(x):
    """log(1 - exp(x)) for x < 0 to full accuracy at both ends."""

    def value(x):
        return torch.where(x > -0.6931471805599453, torch.log(-torch.expm1(x)), torch.log1p(-torch.exp(x)))

    (x,) = torch.broadcast_tensors(x)
    return _given(value, (lambda x: torch.where(x < 0, -1.0 / torch.expm1(-x), math.nan),), x)


def _heaviside(x, at_zero):
    """0 below zero, 1 above, ``at_zero`` there."""
    return torch.where(x == 0, at_zero, (x > 0).to(x.dtype))


def _scaled_erfc(x):
    """exp(max(x, 0)**2) erfc(x): of moderate size for every x."""
    return torch.where(x > 0, _erfcx(torch.clamp(x, min=0.0)), torch.erfc(torch.clamp(x, max=0.0)))


def _erfcx(x):
    """exp(x**2) erfc(x)."""
    return _given(torch.special.erfcx, (lambda x: 2.0 * x * _erfcx(x) - 2.0 / math.sqrt(math.pi),), x)


def _log_normal_cdf(x):
    """The logarithm of the standard normal distribution function."""
    below = x < -1.0
    low, high = torch.where(below, -x, 1.0) / math.sqrt(2.0), torch.where(below, 1.0, x) / math.sqrt(2.0)
    return torch.where(below, torch.log(0.5 * _erfcx(low)) - low * low, torch.log1p(-0.5 * torch.erfc(high)))


def _erfi(x):
    """-i erf(i x), by the trapezoidal rule for Dawson's integral."""

    def value(x):
        k = 0.25 * torch.arange(1, 140, 2, dtype=x.dtype, device=x.device)
        size = torch.abs(x)[..., None]
        terms = torch.exp(2.0 * size * k - k * k) * -torch.expm1(-4.0 * size * k) * (0.25 / k)
        return torch.sign(x) * (2.0 / math.pi) * torch.sum(terms, -1)

    return _in_double(lambda x: _given(value, (lambda x: 2.0 / math.sqrt(math.pi) * torch.exp(x * x),), x), x)


def _erfcinv(x):
    """Inverse of erfc, for 0 < x < 2."""

    def value(x):
        return -torch.special.ndtri(0.5 * x) / math.sqrt(2.0)

    def inverse(x):
        return _given(value, (lambda x: -0.5 * math.sqrt(math.pi) * torch.exp(inverse(x) ** 2),), x)

    return _in_double(inverse, x)


def _exponential_integral(n, x, j):
    """exp(x) times the integral of exp(-x t) t**-n log(t)**j/j! over t > 1, by t = exp(v), for x > 0."""
    n, x = n[..., None], x[..., None]

    def exponent(v):
        return (1.0 - n) * v - x * torch.expm1(v)

    def terms(v):
        return torch.exp(exponent(v)) * v**j / math.factorial(j)

    high = _reach(lambda v: exponent(v) + j * torch.log1p(v), x)[..., 0]
    return _integral(terms, torch.zeros_like(high), high)


def _scaled_expint(n, x):
    """exp(x) E_n(x) for x > 0."""
    return _in_double(lambda n, x: _exponential_integral(n, torch.where(x > 0, x, math.nan), 0), n, x)


def _expint(n, x):
    """E_n(x) for x >= 0 (DLMF 8.19.3)."""

    def value(n, x):
        t = torch.where(x > 0, x, 1.0)
        at_end = torch.where(x == 0, torch.where(n > 1, 1.0 / (n - 1.0), math.inf), math.nan)
        return torch.where(x > 0, torch.exp(-t) * _exponential_integral(n, t, 0), at_end)

    return _in_double(value, n, x)


def _scaled_integro_exponential(j, x):
    """exp(x) times the integral of log(t)**j/j! exp(-x t)/t over t > 1, for x > 0."""

    def value(x):
        return _exponential_integral(torch.ones_like(x), torch.where(x > 0, x, math.nan), int(j))

    return _in_double(value, x)


def _ei(x):
    """Exponential integral, a principal value for x > 0: series (DLMF 6.6.2), expansion far out (6.12.2)."""

    def value(x):
        below, far = x < 0, x > 40.0
        s = torch.where(below | far, 1.0, x)
        series = s * _horner(lambda k: s * ((k + 1.0) / (k + 2.0) ** 2), 160, s)
        near = 0.5772156649015329 + torch.log(s) + series
        big = torch.where(far, x, 100.0)
        out = torch.exp(big) / big * _horner(lambda k: (k + 1.0) / big, 38, s)
        minus = torch.where(below, -x, 1.0)
        left = -torch.exp(-minus) * _exponential_integral(torch.ones_like(minus), minus, 0)
        return torch.where(below, left, torch.where(far, out, torch.where(x == 0, -math.inf, near)))

    return _in_double(lambda x: _given(value, (lambda x: torch.exp(x) / x,), x), x)


def _over(function, x):
    """function(x)/x with the value one at zero."""
    safe = torch.where(x == 0, 1.0, x)
    return torch.where(x == 0, 1.0, function(safe) / safe)


def _auxiliary(x, power):
    """The integral of t**power exp(-x t)/(1 + t**2) over t > 0, for x >= 4 (DLMF 6.7.13 and 6.7.14)."""

    def terms(t):
        return t**power * torch.exp(-x[..., None] * t) / (1.0 + t * t)

    return _integral(terms, torch.zeros_like(x), 45.0 / x)


def _si(x):
    """Sine integral: series (DLMF 6.6.5) and auxiliary functions (6.2.19)."""

    def value(x):
        size = torch.abs(x)
        near, far = torch.clamp(size, max=4.0), torch.clamp(size, min=4.0)
        w = near * near
        series = near * _horner(lambda k: w * (-(2 * k + 1.0) / ((2 * k + 3.0) ** 2 * (2 * k + 2.0))), 24, w)
        out = 0.5 * math.pi - _auxiliary(far, 0) * torch.cos(far) - _auxiliary(far, 1) * torch.sin(far)
        return torch.sign(x) * torch.where(size < 4.0, series, out)

    return _in_double(lambda x: _given(value, (lambda x: _over(torch.sin, x),), x), x)


def _ci(x):
    """Cosine integral, real for x >= 0 (DLMF 6.6.6, 6.2.20)."""

    def value(x):
        near, far = torch.clamp(x, max=4.0), torch.clamp(x, min=4.0)
        w = near * near

        def ratio(k):
            return w * (-(2 * k + 2.0) / ((2 * k + 4.0) ** 2 * (2 * k + 3.0)))

        series = -0.25 * w * _horner(ratio, 24, w)
        out = _auxiliary(far, 0) * torch.sin(far) - _auxiliary(far, 1) * torch.cos(far)
        return torch.where(x < 4.0, 0.5772156649015329 + torch.log(near) + series, out)

    return _in_double(lambda x: _given(value, (lambda x: torch.cos(x) / x,), x), x)


def _shi(x):
    """Hyperbolic sine integral: its series, half the difference of two exponential integrals far out."""

    def value(x):
        size = torch.abs(x)
        near, far = torch.clamp(size, max=4.0), torch.clamp(size, min=4.0)
        w = near * near
        series = near * _horner(lambda k: w * ((2 * k + 1.0) / ((2 * k + 3.0) ** 2 * (2 * k + 2.0))), 24, w)
        return torch.sign(x) * torch.where(size < 4.0, series, 0.5 * (_ei(far) - _ei(-far)))

    return _in_double(lambda x: _given(value, (lambda x: _over(torch.sinh, x),), x), x)


def _chi(x):
    """Hyperbolic cosine integral, real for x >= 0."""

    def value(x):
        near, far = torch.clamp(x, max=4.0), torch.clamp(x, min=4.0)
        w = near * near

        def ratio(k):
            return w * ((2 * k + 2.0) / ((2 * k + 4.0) ** 2 * (2 * k + 3.0)))

        series = 0.25 * w * _horner(ratio, 24, w)
        out = 0.5 * (_ei(far) + _ei(-far))
        return torch.where(x < 4.0, 0.5772156649015329 + torch.log(near) + series, out)

    return _in_double(lambda x: _given(value, (lambda x: torch.cosh(x) / x,), x), x)


def _fresnel(x, cosine):
    """Fresnel's integrals: series (DLMF 7.6.4, 7.6.6) and auxiliary functions (7.5.3, 7.7.10, 7.7.11)."""
    size = torch.abs(x)
    near, far = torch.clamp(size, max=1.6), torch.clamp(size, min=1.6)
    z = 0.5 * math.pi * near * near
    first = near if cosine else near * z / 3.0
    shift = 0 if cosine else 1

    def ratio(k):
        m = 2 * k + shift
        return -z * z * ((2 * m + 1.0) / ((2 * m + 5.0) * (m + 1.0) * (m + 2.0)))

    series = first * _horner(ratio, 24, z)
    z = 0.5 * math.pi * far * far
    high = torch.sqrt(45.0 / z)

    def auxiliary(power):
        def terms(s):
            return s**power * torch.exp(-z[..., None] * s * s) / (1.0 + s**4)

        return math.sqrt(2.0) / math.pi * _integral(terms, torch.zeros_like(z), high)

    f, g = auxiliary(0), auxiliary(2)
    turned = f * torch.sin(z) - g * torch.cos(z) if cosine else -f * torch.cos(z) - g * torch.sin(z)
    return torch.sign(x) * torch.where(size < 1.6, series, 0.5 + turned)


def _fresnel_s(x):
    """Fresnel's sine integral."""
    slope = (lambda x: torch.sin(0.5 * math.pi * x * x),)
    return _in_double(lambda x: _given(lambda x: _fresnel(x, False), slope, x), x)


def _fresnel_c(x):
    """Fresnel's cosine integral."""
    slope = (lambda x: torch.cos(0.5 * math.pi * x * x),)
    return _in_double(lambda x: _given(lambda x: _fresnel(x, True), slope, x), x)
