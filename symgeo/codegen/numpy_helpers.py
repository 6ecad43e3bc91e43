"""Functions that generated NumPy code needs beyond NumPy and SciPy.

Their text is copied into stand-alone modules, so each of them uses nothing but ``np``, ``special`` and the
others. Outside the real domain the value is nan.
"""

# Without annotations, as in the modules these texts are copied into.
# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import numpy as np
from scipy import special


def _trigamma(x):
    """Derivative of digamma: the Hurwitz zeta function of order 2."""
    return _hurwitz_zeta(2, x)


def _hurwitz_zeta(s, x):
    """The sum of (x + k)**-s, s = 2, ..., 5: ten terms, the rest by Euler and Maclaurin (DLMF 25.11.7)."""
    x = np.asarray(x, dtype=float)
    if x.size < 128:  # the calls would cost more than the numbers
        return special.zeta(float(s), x)
    if not np.all(x > 0.0):
        return np.where(x > 0.0, _hurwitz_zeta(s, np.where(x > 0.0, x, 1.0)), special.zeta(float(s), x))
    r = 1.0 / (x + 10.0)
    square, rising = r * r, s / 2.0
    coefficients = []
    for k, b in enumerate((1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510), 1):
        coefficients.append(b * rising)
        rising *= (s + 2 * k - 1) * (s + 2 * k) / ((2 * k + 1) * (2 * k + 2))
    total = coefficients.pop()
    while coefficients:
        total = total * square + coefficients.pop()
    total = 1.0 / (s - 1) + r * (0.5 + r * total)
    for _ in range(s - 1):
        total = total * r
    for k in range(9, -1, -1):  # the smallest first
        r = 1.0 / (x + k)
        term = r * r
        for _ in range(s - 2):
            term *= r
        total += term
    return total


def _polygamma(n, x):
    """Derivative of order n of digamma, n = 0, 1, 2, ..."""
    factor = np.where(n % 2 == 1, 1.0, -1.0) * special.gamma(n + 1.0)
    higher = np.where((n >= 1) & (n == np.floor(n)), factor * special.zeta(n + 1.0, x), np.nan)
    return np.where(n == 0, special.digamma(x), higher)


def _polygamma_tail(n, k, c):
    """c**(2*k + n) times |polygamma(n, c)| without the terms before B_2k of its series (DLMF 5.15.8), for c > 6."""
    c = np.where(c > 6.0, c, np.nan)
    total, power = 0.0, 1.0
    for j in range(int(k), int(k) + 14):
        # B_2j (2j + n - 1)!/(2j)!, with B_2j by the zeta function: DLMF 25.6.2.
        bernoulli = (-1.0) ** (j + 1) * 2.0 * special.zeta(2.0 * j) / (2.0 * np.pi) ** (2 * j)
        total = total + bernoulli * special.gamma(2.0 * j + n) * power
        power = power / (c * c)
    return total


def _log_gamma(x):
    """log(gamma(x)) without overflow, wherever gamma(x) is positive."""
    return np.where(special.gammasgn(x) > 0, special.gammaln(x), np.nan)


def _log_gamma_ratio(x, d):
    """log(gamma(x + d)/gamma(x)) without cancellation for large x: the difference of two Stirling series."""
    large = (x > 30.0) & (x + d > 30.0)
    if not np.any(large):
        if np.all((x > 0.0) & (x + d > 0.0)):
            return special.gammaln(x + d) - special.gammaln(x)
        return _log_gamma(x + d) - _log_gamma(x)
    w = np.where(large, x, 60.0)
    e = np.where(large, d, 0.0)
    tail = _stirling_tail(w + e) - _stirling_tail(w)
    ratio = e * np.log(w) + (w + e - 0.5) * np.log1p(e / w) - e + tail
    return np.where(large, ratio, _log_gamma(x + d) - _log_gamma(x))


def _stirling_tail(x):
    """log(gamma(x)) - (x - 1/2)*log(x) + x - log(2*pi)/2 for x > 30."""
    s = 1.0 / (x * x)
    return (1.0 / 12.0 - s * (1.0 / 360.0 - s * (1.0 / 1260.0 - s / 1680.0))) / x


def _log_beta(a, b):
    """log(beta(a, b)) without underflow for a, b > 0."""
    small, big = np.minimum(a, b), np.maximum(a, b)
    if np.all((small > 0) & (big <= 30.0)):
        return special.betaln(small, big)
    ratio = special.gammaln(small) - _log_gamma_ratio(big, small)
    positive = np.where(big > 30.0, ratio, special.betaln(a, b))
    return positive if np.all(small > 0) else np.where(small > 0, positive, np.log(special.beta(a, b)))


def _binomial(n, k):
    """Binomial coefficient, by reflection for a negative integer n."""
    reflected = np.where(k % 2 == 0, 1.0, -1.0) * special.binom(k - n - 1.0, k)
    integers = (n == np.floor(n)) & (k == np.floor(k))
    return np.where(integers & (n < 0) & (k >= 0), reflected, special.binom(n, k))


def _log_binomial(n, k):
    """log of the binomial coefficient without overflow for 0 <= k <= n."""
    direct = np.log(_binomial(n, k))
    large = (k >= 0) & (k <= n) & ~np.isfinite(direct)
    return np.where(large, -special.betaln(1.0 + n - k, 1.0 + k) - np.log1p(n), direct)


def _log_one_plus_exp(x):
    """log(1 + exp(x)) without overflow."""
    return np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x)))


def _log_one_minus_exp(x):
    """log(1 - exp(x)) for x < 0 to full accuracy at both ends."""
    return np.where(x > -0.6931471805599453, np.log(-np.expm1(x)), np.log1p(-np.exp(x)))


def _scaled_erfc(x):
    """exp(max(x, 0)**2) erfc(x): of moderate size for every x."""
    scaled = special.erfcx(np.abs(x))
    return np.where(x > 0, scaled, 2.0 - np.exp(-(x**2)) * scaled)


def _upper_gamma(a, x):
    """Upper incomplete gamma function for a > 0 and integers a <= 0, x**a E_{1-a}(x) there; else nan."""
    integer = (a <= 0) & (a == np.floor(a))
    exponential = np.where(integer, x * 1.0, np.nan) ** a * special.expn(np.where(integer, 1.0 - a, 0.0), x)
    return np.where(a > 0, special.gamma(a) * special.gammaincc(a, x), exponential)


def _scaled_expint(n, x):
    """exp(x) E_n(x), x > 0, by its continued fraction for x > 4 and any n > 0 (DLMF 8.19.17); else for whole n."""
    large = x > 4.0
    w, tail = np.where(large, x, 100.0), 0.0
    for k in range(60, 0, -1):
        tail = k * (n + k - 1.0) / (w + n + 2.0 * k - tail)
    near = np.where(large, 1.0, x)
    return np.where(large, 1.0 / (w + n - tail), np.exp(near) * special.expn(np.floor(n), near))


def _scaled_integro_exponential(j, x):
    """exp(x) times the integral of s**j/j! exp(-x exp(s)) over s > 0, by Gauss and Legendre's rule on four panels."""
    x = np.asarray(np.where(x > 0, x, np.nan), dtype=float)[..., None]
    nodes, weights = np.polynomial.legendre.leggauss(40)
    edges = np.array([0.0, 0.4, 0.7, 0.88, 1.0])
    half = np.diff(edges) / 2.0
    share = ((edges[:-1] + half)[:, None] + half[:, None] * nodes).ravel()
    reach = np.log1p(46.0 / x)
    s = reach * share
    return np.sum((half[:, None] * weights).ravel() * reach * s**j * np.exp(-x * np.expm1(s)), -1) / special.factorial(
        j
    )


def _polylog(s, z):
    """Polylogarithm of whole order s = 2, 3, ... for z <= 1 (DLMF 25.12.12; inversion below -1)."""
    z = np.where(np.asarray(z) <= 1.0, z, np.nan)
    beyond = z < -1.0
    w = np.where(beyond, 1.0 / np.where(beyond, z, -1.0), z)
    size = np.log(np.where(beyond, -z, 1.0))
    # Li_s(z) + (-1)^s Li_s(1/z) is a polynomial in log(-z): 2 (1 - 2^(1-2k)) zeta(2k) are the values at z = -1.
    polynomial = size**s / special.factorial(s)
    for k in range(1, int(s) // 2 + 1):
        eta = (1.0 - 2.0 ** (1 - 2 * k)) * special.zeta(2.0 * k)
        polynomial = polynomial + 2.0 * eta * size ** (s - 2 * k) / special.factorial(s - 2 * k)
    inside = _polylog_inside(s, w)
    return np.where(beyond, -polynomial - (-1.0) ** s * inside, inside)


def _polylog_inside(s, z):
    """The same for -1 <= z <= 1: the series, in the logarithm of z near one; by the duplication formula near -1."""
    small = np.abs(z) <= 0.5
    twice = np.where(z < -0.5, z * z, 0.0)
    near = _polylog_near_one(s, np.where(small, 1.0, np.abs(z)))
    squared = np.where(
        twice > 0.5, _polylog_near_one(s, np.where(twice > 0.5, twice, 1.0)), twice * _polylog_tail(s, 1, twice)
    )
    series = z * _polylog_tail(s, 1, np.where(small, z, 0.0))
    return np.where(small, series, np.where(z > 0, near, 2.0 ** (1 - s) * squared - near))


def _polylog_near_one(s, z):
    """The expansion in log z for 1/2 <= z <= 1."""
    m = np.log(z)
    n = int(s) - 1
    safe = np.where(m < 0, -m, 1.0)
    total = m**n / special.factorial(n) * (np.sum(1.0 / np.arange(1, n + 1)) - np.log(safe))
    for k in range(30):
        if k != n:
            order = int(s) - k
            value = special.zeta(float(order)) if order > 1 else _zeta_below(order)
            total = total + value * m**k / special.factorial(k)
    return total


def _zeta_below(order):
    """Riemann's zeta function at 0, -1, -2, ... by its functional equation (DLMF 25.4.1)."""
    if order == 0:
        return -0.5
    if order % 2 == 0:
        return 0.0
    n = 1.0 - order
    return 2.0 * (2.0 * np.pi) ** -n * np.cos(np.pi * n / 2.0) * special.gamma(n) * special.zeta(n)


def _polylog_tail(s, n, z):
    """The sum of z**k/(k + n)**s over k = 0, 1, ... for |z| <= 1/2; nan for other z."""
    z = np.where(np.abs(z) <= 0.5, z, np.nan)
    total = 0.0
    for k in range(56, -1, -1):
        total = total * z + 1.0 / (k + n) ** s
    return total


def _ci(x):
    """Cosine integral, real for x >= 0."""
    return np.where(x >= 0, special.sici(x)[1], np.nan)


def _chi(x):
    """Hyperbolic cosine integral, real for x >= 0."""
    return np.where(x >= 0, special.shichi(x)[1], np.nan)


def _lambertw(x, branch=0):
    """The real values of Lambert's W."""
    value = special.lambertw(x, branch)
    return np.where(value.imag == 0, value.real, np.nan)


def _zeta_derivative(n, s):
    """Derivative of order n of Riemann's zeta function for s > 0, by the Euler-Maclaurin formula (DLMF 25.2.9)."""
    n, terms = int(n), 24
    s = np.where(np.asarray(s, dtype=float) > 0, s, np.nan)
    k = np.arange(1, terms)
    powers = np.asarray(s)[..., None]
    total = np.sum((-np.log(k)) ** n * k**-powers, axis=-1)
    # The rest is terms**-s times a function of s: a pole at 1, and Bernoulli numbers times rising factorials.
    bernoulli = [1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510]
    rest, choose = 0.0, 1.0
    for m in range(n + 1):
        slope = terms * (-1.0) ** m * special.factorial(m) / (s - 1.0) ** (m + 1) + (0.5 if m == 0 else 0.0)
        for j, b in enumerate(bernoulli, 1):
            rising = np.polyder(np.poly(-np.arange(0.0, 2 * j - 1)), m)
            slope = slope + b / special.factorial(2 * j) * float(terms) ** (1 - 2 * j) * np.polyval(rising, s)
        rest = rest + choose * (-np.log(terms)) ** (n - m) * slope
        choose = choose * (n - m) / (m + 1)
    return total + rest * float(terms) ** -s


def _lerch_phi(z, s, a):
    """Lerch's function, the sum of z**y/(y + a)**s, for z < 1, s > 0 and a > 0: DLMF 25.14.5, t = v/a.

    The trapezoidal rule in log v; 1 - z exp(-t) is formed without cancellation.
    """
    z, s, a = np.broadcast_arrays(*(np.asarray(c, dtype=float)[..., None] for c in (z, s, a)))
    good = (z < 1) & (s > 0) & (a > 0)
    z, s, a = np.where(good, z, 0.5), np.where(good, s, 1.0), np.where(good, a, 1.0)
    step = 0.125
    log_v = np.arange(-90.0, 6.6, step)
    v = np.exp(log_v)
    below = (1.0 - z) - z * np.expm1(-v / a)
    terms = np.exp(s * log_v - v - special.gammaln(s)) / below
    value = np.sum(terms, axis=-1) * step * (a**-s)[..., 0]
    return np.where(good[..., 0], value, np.nan)
