"""Error functions, exponential integrals and their kin for generated JAX code, differentiable in every argument.

Their text is copied into stand-alone modules, so each uses nothing but ``jax``, ``jnp``, ``np``, ``special`` and the
others. Outside the real domain the value is nan.
"""

# Without annotations, as in the modules these texts are copied into.
# mypy: disable-error-code="no-untyped-def, assignment"

from __future__ import annotations

import functools
import math

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy import special

from symgeo.codegen.jax_zeta import _zeta_number


def _horner(coefficients, t):
    """The polynomial with these coefficients, the constant first."""
    total = 0.0 * t
    for coefficient in reversed(coefficients):
        total = total * t + coefficient
    return total


def _decay_rule(*arguments):
    """Nodes and logarithms of weights for integrals of exp(-u) F(u) over u > 0.

    The trapezoidal rule in s, u = exp(s - exp(-s)).
    """
    dtype = jnp.result_type(float, *arguments)
    step = 0.1
    s = np.arange(-4.5, 5.0, step)
    u = np.exp(s - np.exp(-s))
    log_weights = np.log(step * u * (1.0 + np.exp(-s))) - u
    kept = u > float(jnp.finfo(dtype).eps) ** 2.5
    return jnp.asarray(u[kept], dtype), jnp.asarray(log_weights[kept], dtype)


def _scaled_erfc(x):
    """exp(max(x, 0)**2) erfc(x): of moderate size for every x; for x > 3 by a continued fraction (DLMF 7.9.1)."""
    far = x > 3.0
    near = jnp.where(far, 3.0, x)
    w = jnp.where(far, x, 3.0)
    tail = 0.0
    for k in range(60, 0, -1):
        tail = 0.5 * k / (w + tail)
    value = jnp.exp(jnp.maximum(near, 0.0) ** 2) * special.erfc(near)
    return jnp.where(far, 1.0 / (np.sqrt(np.pi) * (w + tail)), value)


def _log_normal_cdf(x):
    """log of the standard normal distribution function."""
    far = x < -1.0
    w = jnp.where(far, -x, 1.0) / np.sqrt(2.0)
    near = jnp.where(far, -1.0, x)
    return jnp.where(far, jnp.log(0.5 * _scaled_erfc(w)) - w * w, jnp.log1p(-0.5 * special.erfc(near / np.sqrt(2.0))))


@jax.custom_jvp
def _erfi(x):
    """The imaginary error function by Dawson's integral: Rybicki's sum, Computers in Physics 3 (1989) 85."""
    small = jnp.abs(x) < 0.6
    t = jnp.where(small, x, 0.0)
    series = t * _horner([1.0 / (math.factorial(k) * (2 * k + 1)) for k in range(20)], t * t)
    w, step = jnp.where(small, 1.0, x), 0.25
    even = 2.0 * jnp.round(0.5 * w / step)
    total = 0.0
    for n in range(-27, 28, 2):
        total = total + jnp.exp(-((w - even * step - n * step) ** 2)) / (even + n)
    grown = jnp.exp(0.5 * w * w) * total * jnp.exp(0.5 * w * w)
    return 2.0 / np.sqrt(np.pi) * jnp.where(small, series, grown / np.sqrt(np.pi))


@_erfi.defjvp
def _erfi_jvp(primals, tangents):
    (x,), (t,) = primals, tangents
    return _erfi(x), t * (2.0 / np.sqrt(np.pi)) * jnp.exp(x * x)


@jax.custom_jvp
def _erfcinv(y):
    """The inverse of erfc by Halley's steps from a rational start (Abramowitz and Stegun 26.2.23); near 1 by erfinv."""
    central = (y > 0.5) & (y < 1.5)
    tail = jnp.where(central, 0.5, jnp.minimum(y, 2.0 - y))
    t = jnp.sqrt(-2.0 * jnp.log(0.5 * tail))
    x = t - _horner([2.515517, 0.802853, 0.010328], t) / _horner([1.0, 1.432788, 0.189269, 0.001308], t)
    x = x / np.sqrt(2.0)
    for _ in range(3):
        error = (tail - special.erfc(x)) * (0.5 * np.sqrt(np.pi)) * jnp.exp(x * x)
        x = x - error / (1.0 + x * error)
    return jnp.where(central, special.erfinv(1.0 - jnp.where(central, y, 1.0)), jnp.where(y < 1, x, -x))


@_erfcinv.defjvp
def _erfcinv_jvp(primals, tangents):
    (y,), (t,) = primals, tangents
    x = _erfcinv(y)
    return x, -t * (0.5 * np.sqrt(np.pi)) * jnp.exp(x * x)


def _expn(n, x):
    """The exponential integral E_n(x), n = 0, 1, 2, ..."""
    return jnp.exp(-x) * _scaled_expint(n, x)


def _scaled_expint(n, x):
    """exp(x) E_n(x) for x > 0: a continued fraction for x > 2 and any n > 0 (DLMF 8.19.17); else, whole n, a series."""
    x = jnp.where(x >= 0, x, jnp.nan)
    large = x > 2.0
    w, tail = jnp.where(large, x, 100.0), 0.0
    for k in range(100, 0, -1):
        tail = k * (n + k - 1.0) / (w + n + 2.0 * k - tail)
    near = jnp.where(large, 1.0, x)
    return jnp.where(large, 1.0 / (w + n - tail), jnp.exp(near) * _expn_series(jnp.floor(1.0 * n), near))


def _expn_series(n, x):
    """E_n(x) for 0 <= x <= 2 and n = 0, 1, 2, ... (DLMF 8.19.8)."""
    zero = x <= 0
    x = jnp.where(zero, 1.0, x)
    order = jnp.maximum(n, 1.0)
    total, power = 0.0, 1.0
    for m in range(32):
        gap = m + 1.0 - order
        total = total + jnp.where(gap == 0, 0.0, power / jnp.where(gap == 0, 1.0, gap))
        power = power * -x / (m + 1.0)
    sign = 2.0 * jnp.mod(order, 2.0) - 1.0
    size = jnp.exp((order - 1.0) * jnp.log(x) - special.gammaln(order))
    value = sign * size * (special.digamma(order) - jnp.log(x)) - total
    at_zero = jnp.where(n > 1, 1.0 / jnp.where(n > 1, n - 1.0, 1.0), jnp.inf)
    return jnp.where(zero, at_zero, jnp.where(n == 0, jnp.exp(-x) / x, value))


def _scaled_integro_exponential(j, x):
    """exp(x) times the integral of s**j/j! exp(-x exp(s)) over s > 0, by Gauss and Legendre's rule on four panels."""
    x = jnp.where(x > 0, x, jnp.nan)[..., None]
    nodes, weights = np.polynomial.legendre.leggauss(40)
    edges = np.array([0.0, 0.4, 0.7, 0.88, 1.0])
    half = np.diff(edges)[:, None] / 2.0
    share = jnp.asarray((edges[:-1, None] + half + half * nodes).ravel(), x.dtype)
    reach = jax.lax.stop_gradient(jnp.log1p(46.0 / x))
    s = reach * share
    terms = jnp.asarray((half * weights).ravel(), x.dtype) * reach * s**j * jnp.exp(-x * jnp.expm1(s))
    return jnp.sum(terms, axis=-1) / math.factorial(int(j))


@jax.custom_jvp
def _si(x):
    """Sine integral: a series, and for |x| > 4 the auxiliary functions (DLMF 6.7.13)."""
    size = jnp.abs(x)
    near = jnp.where(size > 4.0, 1.0, size)
    coefficients = [(-1.0) ** k / ((2 * k + 1) * math.factorial(2 * k + 1)) for k in range(18)]
    far = jnp.where(size > 4.0, size, 10.0)
    f, g = _sine_auxiliaries(far)
    value = 0.5 * np.pi - f * jnp.cos(far) - g * jnp.sin(far)
    return jnp.sign(x) * jnp.where(size > 4.0, value, near * _horner(coefficients, near * near))


@_si.defjvp
def _si_jvp(primals, tangents):
    (x,), (t,) = primals, tangents
    return _si(x), t * jnp.sinc(x / np.pi)


@jax.custom_jvp
def _ci(x):
    """Cosine integral, real for x > 0."""
    x = jnp.where(x > 0, x, jnp.nan)
    near = jnp.where(x > 4.0, 1.0, x)
    coefficients = [(-1.0) ** k / (2 * k * math.factorial(2 * k)) for k in range(1, 18)]
    series = np.euler_gamma + jnp.log(near) + near * near * _horner(coefficients, near * near)
    far = jnp.where(x > 4.0, x, 10.0)
    f, g = _sine_auxiliaries(far)
    return jnp.where(x > 4.0, f * jnp.sin(far) - g * jnp.cos(far), series)


@_ci.defjvp
def _ci_jvp(primals, tangents):
    (x,), (t,) = primals, tangents
    return _ci(x), t * jnp.cos(x) / x


def _sine_auxiliaries(x):
    """f and g of DLMF 6.7.13 for x > 4."""
    u, log_weights = _decay_rule(x)
    x = jnp.asarray(x)
    terms = jnp.exp(log_weights) / (1.0 + (u / x[..., None]) ** 2)
    return jnp.sum(terms, axis=-1) / x, jnp.sum(u * terms, axis=-1) / (x * x)


@jax.custom_jvp
def _shi(x):
    """Hyperbolic sine integral."""
    size = jnp.abs(x)
    near = jnp.where(size > 18.0, 1.0, size)
    coefficients = [1.0 / ((2 * k + 1) * math.factorial(2 * k + 1)) for k in range(45)]
    far = 0.5 * special.expi(jnp.where(size > 18.0, size, 20.0))
    return jnp.sign(x) * jnp.where(size > 18.0, far, near * _horner(coefficients, near * near))


@_shi.defjvp
def _shi_jvp(primals, tangents):
    (x,), (t,) = primals, tangents
    safe = jnp.where(x == 0, 1.0, x)
    return _shi(x), t * jnp.where(x == 0, 1.0, jnp.sinh(safe) / safe)


@jax.custom_jvp
def _chi(x):
    """Hyperbolic cosine integral, real for x > 0."""
    x = jnp.where(x > 0, x, jnp.nan)
    near = jnp.where(x > 18.0, 1.0, x)
    coefficients = [1.0 / (2 * k * math.factorial(2 * k)) for k in range(1, 45)]
    series = np.euler_gamma + jnp.log(near) + near * near * _horner(coefficients, near * near)
    return jnp.where(x > 18.0, 0.5 * special.expi(jnp.where(x > 18.0, x, 20.0)), series)


@_chi.defjvp
def _chi_jvp(primals, tangents):
    (x,), (t,) = primals, tangents
    return _chi(x), t * jnp.cosh(x) / x


@jax.custom_jvp
def _fresnel_s(x):
    """Fresnel's integral of sin(pi t**2/2)."""
    return _fresnel(x, True)


@_fresnel_s.defjvp
def _fresnel_s_jvp(primals, tangents):
    (x,), (t,) = primals, tangents
    return _fresnel_s(x), t * jnp.sin(0.5 * np.pi * x * x)


@jax.custom_jvp
def _fresnel_c(x):
    """Fresnel's integral of cos(pi t**2/2)."""
    return _fresnel(x, False)


@_fresnel_c.defjvp
def _fresnel_c_jvp(primals, tangents):
    (x,), (t,) = primals, tangents
    return _fresnel_c(x), t * jnp.cos(0.5 * np.pi * x * x)


def _fresnel(x, sine):
    """Series, and for |x| > 1.8 the auxiliary functions by their integrals (DLMF 7.5.3, 7.5.4, 7.7.10, 7.7.11)."""
    far = jnp.abs(x) > 1.8
    size = jnp.abs(jnp.where(far, 1.0, x))
    y = 0.5 * np.pi * size * size
    odd = 1 if sine else 0
    coefficients = [(-1.0) ** k / (math.factorial(2 * k + odd) * (4 * k + 2 * odd + 1)) for k in range(18)]
    series = size * y**odd * _horner(coefficients, y * y)
    y = 0.5 * np.pi * jnp.where(far, x, 3.0) ** 2
    u, log_weights = _decay_rule(x)
    terms = jnp.exp(log_weights) / (jnp.sqrt(u) * (1.0 + (u / y[..., None]) ** 2)) / (np.pi * np.sqrt(2.0))
    f, g = jnp.sum(terms, axis=-1) / jnp.sqrt(y), jnp.sum(u * terms, axis=-1) / (y * jnp.sqrt(y))
    c, s = (jnp.cos(y), jnp.sin(y)) if sine else (-jnp.sin(y), jnp.cos(y))
    return jnp.sign(x) * jnp.where(far, 0.5 - f * c - g * s, series)


@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def _polylog(s, z):
    """Polylogarithm of whole order s = 2, 3, ... for z <= 1 (DLMF 25.12.12; inversion below -1)."""
    z = jnp.where(z <= 1.0, z, jnp.nan)
    beyond = z < -1.0
    w = jnp.where(beyond, 1.0 / jnp.where(beyond, z, -1.0), z)
    size = jnp.log(jnp.where(beyond, -z, 1.0))
    # Li_s(z) + (-1)^s Li_s(1/z) is a polynomial in log(-z): 2 (1 - 2^(1-2k)) zeta(2k) are the values at z = -1.
    polynomial = size**s / math.factorial(s)
    for k in range(1, s // 2 + 1):
        eta = (1.0 - 2.0 ** (1 - 2 * k)) * _zeta_number(2 * k)
        polynomial = polynomial + 2.0 * eta * size ** (s - 2 * k) / math.factorial(s - 2 * k)
    inside = _polylog_inside(s, w)
    return jnp.where(beyond, -polynomial - (-1.0) ** s * inside, inside)


@_polylog.defjvp
def _polylog_jvp(s, primals, tangents):
    (z,), (t,) = primals, tangents
    small = jnp.abs(z) <= 0.5
    safe = jnp.where(small, 0.7, z)
    lower = -jnp.log1p(-safe) if s == 2 else _polylog(s - 1, safe)
    return _polylog(s, z), t * jnp.where(small, _polylog_tail(s - 1, 1, jnp.where(small, z, 0.0)), lower / safe)


def _polylog_inside(s, z):
    """The same for -1 <= z <= 1: the series, in the logarithm of z near one; by the duplication formula near -1."""
    small = jnp.abs(z) <= 0.5
    twice = jnp.where(z < -0.5, z * z, 0.0)
    near = _polylog_near_one(s, jnp.where(small, 1.0, jnp.abs(z)))
    squared = jnp.where(
        twice > 0.5, _polylog_near_one(s, jnp.where(twice > 0.5, twice, 1.0)), twice * _polylog_tail(s, 1, twice)
    )
    series = z * _polylog_tail(s, 1, jnp.where(small, z, 0.0))
    return jnp.where(small, series, jnp.where(z > 0, near, 2.0 ** (1 - s) * squared - near))


def _polylog_near_one(s, z):
    """The expansion in log z for 1/2 <= z <= 1."""
    m = jnp.log(z)
    n = s - 1
    safe = jnp.where(m < 0, -m, 1.0)
    total = m**n / math.factorial(n) * (sum(1.0 / k for k in range(1, n + 1)) - jnp.log(safe))
    coefficients = [0.0 if k == n else _zeta_number(s - k) / math.factorial(k) for k in range(30)]
    return total + _horner(coefficients, m)


def _polylog_tail(s, n, z):
    """The sum of z**k/(k + n)**s over k = 0, 1, ... for |z| <= 1/2; nan for other z."""
    z = jnp.where(jnp.abs(z) <= 0.5, z, jnp.nan)
    return _horner([1.0 / (k + n) ** s for k in range(57)], z)
