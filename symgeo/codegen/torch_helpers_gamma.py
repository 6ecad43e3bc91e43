"""The gamma function and its relatives in PyTorch, as torch_helpers.py says."""

# Without annotations, as in the modules these texts are copied into.
# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import math

import torch

from symgeo.codegen.torch_helpers import _given, _in_double, _integral, _nan, _reach
from symgeo.codegen.torch_helpers_integrals import _exponential_integral


def _lgamma(x):
    """log|gamma(x)|."""
    return _given(torch.lgamma, (_digamma,), x)


def _digamma(x):
    """Derivative of log gamma."""
    return _given(torch.digamma, (lambda x: _polygamma_of(1, x),), x)


def _polygamma_of(n, x):
    """Derivative of order n = 1, 2, ... of digamma, by the Hurwitz zeta function."""
    factor = -((-1.0) ** n) * math.factorial(n)

    def value(x):
        return factor * torch.special.zeta(torch.full_like(x, n + 1.0), x)

    return _given(value, (lambda x: _polygamma_of(n + 1, x),), x)


def _gamma_sign(x):
    """The sign of gamma(x); nan at its poles."""
    down = torch.floor(x)
    sign = torch.where((x > 0) | (torch.remainder(down, 2.0) == 0), 1.0, -1.0).to(x.dtype)
    return torch.where((x <= 0) & (x == down), math.nan, sign)


def _gamma(x):
    """The gamma function."""
    return _in_double(lambda x: _gamma_sign(x) * torch.exp(_lgamma(x)), x)


def _loggamma(x):
    """log(gamma(x)) for x > 0."""
    return _in_double(lambda x: torch.where(x > 0, _lgamma(x), math.nan), x)


def _log_gamma(x):
    """log(gamma(x)) wherever gamma(x) is positive."""
    return _in_double(lambda x: torch.where(_gamma_sign(x) > 0, _lgamma(x), math.nan), x)


def _polygamma(n, x):
    """Derivative of order n = 0, 1, 2, ... of digamma; the order itself has no derivative."""
    if not isinstance(n, torch.Tensor):
        return _in_double(_digamma if n == 0 else lambda x: _polygamma_of(int(n), x), x)
    return _in_double(_polygamma_by_order, n, x)


def _polygamma_by_order(n, x):
    """The same where the order is a tensor."""

    def value(n, x):
        factor = torch.where(torch.remainder(n, 2.0) == 1.0, 1.0, -1.0) * torch.exp(torch.lgamma(n + 1.0))
        whole = (n >= 1) & (n == torch.floor(n))
        higher = torch.where(whole, factor * torch.special.zeta(n + 1.0, x), math.nan)
        return torch.where(n == 0, torch.digamma(x), higher)

    return _given(value, (lambda n, x: _nan(x), lambda n, x: _polygamma_by_order(n + 1.0, x)), n, x)


def _stirling_tail(x):
    """log(gamma(x)) - (x - 1/2)*log(x) + x - log(2*pi)/2 for x > 30."""
    s = 1.0 / (x * x)
    return (1.0 / 12.0 - s * (1.0 / 360.0 - s * (1.0 / 1260.0 - s / 1680.0))) / x


def _log_gamma_quotient(x, d):
    """log|gamma(x + d)/gamma(x)| without cancellation for large x: the difference of two Stirling series."""
    large = (x > 30.0) & (x + d > 30.0)
    w, e = torch.where(large, x, 60.0), torch.where(large, d, 0.0)
    tail = _stirling_tail(w + e) - _stirling_tail(w)
    ratio = e * torch.log(w) + (w + e - 0.5) * torch.log1p(e / w) - e + tail
    w, e = torch.where(large, 1.5, x), torch.where(large, 0.0, d)
    return torch.where(large, ratio, _lgamma(w + e) - _lgamma(w))


def _log_gamma_ratio(x, d):
    """log(gamma(x + d)/gamma(x)) where both values of the gamma function are positive."""

    def ratio(x, d):
        good = (_gamma_sign(x) > 0) & (_gamma_sign(x + d) > 0)
        return torch.where(good, _log_gamma_quotient(x, d), math.nan)

    return _in_double(ratio, x, d)


def _log_size_of_beta(a, b):
    """log|beta(a, b)| without underflow."""
    small, big = torch.where(a < b, a, b), torch.where(a < b, b, a)
    s, g = torch.where(small > 0, small, 1.0), torch.where(small > 0, big, 1.0)
    a, b = torch.where(small > 0, 1.0, a), torch.where(small > 0, 1.0, b)
    positive = _lgamma(s) - _log_gamma_quotient(g, s)
    return torch.where(small > 0, positive, _lgamma(a) + _lgamma(b) - _lgamma(a + b))


def _beta_sign(a, b):
    """The sign of beta(a, b)."""
    return _gamma_sign(a) * _gamma_sign(b) * _gamma_sign(a + b)


def _beta(a, b):
    """Euler's beta function."""
    return _in_double(lambda a, b: _beta_sign(a, b) * torch.exp(_log_size_of_beta(a, b)), a, b)


def _log_beta(a, b):
    """log(beta(a, b)) where it is real."""
    return _in_double(lambda a, b: torch.where(_beta_sign(a, b) > 0, _log_size_of_beta(a, b), math.nan), a, b)


def _binomial(n, k):
    """Binomial coefficient: zero beyond its ends, by reflection for a negative integer n."""

    def coefficient(n, k):
        whole = k == torch.floor(k)
        reflected = whole & (n < 0) & (n == torch.floor(n)) & (k >= 0)
        sign = torch.where(reflected & (torch.remainder(k, 2.0) == 1.0), -1.0, 1.0)
        n = torch.where(reflected, k - n - 1.0, n)
        zero = (whole & (k < 0)) | ((n - k < 0) & (n - k == torch.floor(n - k)))
        n, k = torch.where(zero, 1.0, n), torch.where(zero, 0.0, k)
        sign = sign * _gamma_sign(n + 1.0) * _gamma_sign(k + 1.0) * _gamma_sign(n - k + 1.0)
        size = torch.exp(_log_gamma_quotient(n - k + 1.0, k) - _lgamma(k + 1.0))
        return torch.where(zero, 0.0, sign * size)

    return _in_double(coefficient, n, k)


def _log_binomial(n, k):
    """log of the binomial coefficient, without overflow for 0 <= k <= n."""

    def logarithm(n, k):
        inside = (k >= 0) & (k <= n)
        m, j = torch.where(inside, n, 1.0), torch.where(inside, k, 0.0)
        n, k = torch.where(inside, 1.0, n), torch.where(inside, 0.0, k)
        return torch.where(
            inside, -_log_size_of_beta(1.0 + m - j, 1.0 + j) - torch.log1p(m), torch.log(_binomial(n, k))
        )

    return _in_double(logarithm, n, k)


def _rising_factorial(x, k):
    """gamma(x + k)/gamma(x), by reflection where both are poles."""

    def product(x, k):
        pole, other = (x <= 0) & (x == torch.floor(x)), (x + k <= 0) & (x + k == torch.floor(x + k))
        both, zero = pole & other, pole & ~other
        sign = torch.where(both & (torch.remainder(k, 2.0) == 1.0), -1.0, 1.0)
        start, rise = torch.where(both, 1.0 - x - k, torch.where(zero, 1.0, x)), torch.where(zero, 0.0, k)
        sign = sign * _gamma_sign(start) * _gamma_sign(start + rise)
        return torch.where(zero, 0.0, sign * torch.exp(_log_gamma_quotient(start, rise)))

    return _in_double(product, x, k)


def _gamma_density(a, x):
    """a*log(x) - x - log(gamma(a)): by Stirling's series for large a."""
    large = a > 30.0
    w, t = torch.where(large, a, 60.0), torch.where(large, x, 60.0)
    away = (t - w) / w
    far = w * (torch.log1p(away) - away) + 0.5 * torch.log(w / (2.0 * math.pi)) - _stirling_tail(w)
    w = torch.where(large, 1.0, a)
    return torch.where(large, far, w * torch.log(x) - x - _lgamma(w))


def _gamma_mass(a, x):
    """The part of the gamma law of shape a on the farther side of x: below it where x < a, else above."""
    density = _gamma_density(a, x)
    a, x, way = a[..., None], x[..., None], torch.where(x < a, -1.0, 1.0)[..., None]
    high = _reach(lambda v: a * way * v - x * torch.expm1(way * v), x)[..., 0]

    def terms(v):
        return torch.exp(density[..., None] + a * way * v - x * torch.expm1(way * v))

    return _integral(terms, torch.zeros_like(high), high)


def _incomplete_gamma(a, x, lower):
    """The regularised incomplete gamma function for a > 0 and x >= 0."""
    inside = (a > 0) & (x > 0) & torch.isfinite(x)
    at_end = torch.where((a > 0) & (x >= 0), torch.where((x > 0) == lower, 1.0, 0.0), math.nan)
    b, t = torch.where(inside, a, 1.0), torch.where(inside, x, 1.0)
    part = _gamma_mass(b, t)
    return torch.where(inside, torch.where((t < b) == lower, part, 1.0 - part), at_end)


def _lower_gamma(a, x):
    """Regularised lower incomplete gamma function."""
    return _in_double(lambda a, x: _incomplete_gamma(a, x, True), a, x)


def _upper_gamma(a, x):
    """Regularised upper incomplete gamma function."""
    return _in_double(lambda a, x: _incomplete_gamma(a, x, False), a, x)


def _full_upper_gamma(a, x):
    """Upper incomplete gamma function of any real order, x > 0."""

    def value(a, x):
        positive = a > 0
        b = torch.where(positive, a, 1.0)
        rest = torch.where(positive, 0.0, a)
        t = torch.where(x > 0, x, math.nan)
        below = torch.exp(rest * torch.log(t) - t) * _exponential_integral(1.0 - rest, t, 0)
        return torch.where(positive, torch.exp(_lgamma(b)) * _incomplete_gamma(b, x, False), below)

    return _in_double(value, a, x)


def _regularized_beta(a, b, x):
    """Regularised incomplete beta function, a, b > 0, 0 <= x <= 1, by an integral over the lighter side."""

    def value(a, b, x):
        inside = (a > 0) & (b > 0) & (x > 0) & (x < 1)
        at_end = torch.where((a > 0) & (b > 0) & ((x == 0) | (x == 1)), x, math.nan)
        a, b, x = (torch.where(inside, c, 0.5) for c in (a, b, x))
        swap = x * (a + b) > a
        a, b = torch.where(swap, b, a), torch.where(swap, a, b)
        x, y = torch.where(swap, 1.0 - x, x), torch.where(swap, x, 1.0 - x)
        density = a * torch.log(x) + (b - 1.0) * torch.log(y) - _log_size_of_beta(a, b)
        a, b, x, y = (c[..., None] for c in (a, b, x, y))

        def exponent(v):
            return (b - 1.0) * torch.log1p(-x * torch.expm1(-v) / y) - a * v

        high = _reach(exponent, x)[..., 0]
        part = _integral(lambda v: torch.exp(density[..., None] + exponent(v)), torch.zeros_like(high), high)
        return torch.where(inside, torch.where(swap, 1.0 - part, part), at_end)

    return _in_double(value, a, b, x)
