"""Gamma and zeta functions and their derivatives for generated JAX code, differentiable in every argument.

Their text is copied into stand-alone modules, so each uses nothing but ``jax``, ``jnp``, ``np``, ``special`` and the
others. Outside the real domain the value is nan. Loops have a fixed length, so that they differentiate both ways.
"""

# Without annotations, as in the modules these texts are copied into.
# mypy: disable-error-code="no-untyped-def, assignment"

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy import special


@jax.custom_jvp
def _gammaln(x):
    """log(abs(gamma(x)))."""
    return special.gammaln(x)


@_gammaln.defjvp
def _gammaln_jvp(primals, tangents):
    (x,), (t,) = primals, tangents
    return _gammaln(x), t * _digamma(x)


@jax.custom_jvp
def _digamma(x):
    """Derivative of log(gamma(x))."""
    return special.digamma(x)


@_digamma.defjvp
def _digamma_jvp(primals, tangents):
    (x,), (t,) = primals, tangents
    return _digamma(x), t * _polygamma(1, x)


def _loggamma(x):
    """log(gamma(x)), real for x > 0."""
    return jnp.where(x > 0, _gammaln(x), jnp.nan)


def _log_gamma(x):
    """log(gamma(x)) without overflow, wherever gamma(x) is positive."""
    return jnp.where(_gamma_sign(x) > 0, _gammaln(x), jnp.nan)


def _gamma_sign(x):
    """The sign of gamma(x); nan at its poles."""
    sign = 1.0 - 2.0 * jnp.mod(jnp.floor(x), 2.0)
    return jnp.where(x >= 0, 1.0, jnp.where(x == jnp.floor(x), jnp.nan, sign))


def _gamma(x):
    return _gamma_sign(x) * jnp.exp(_gammaln(x))


def _reciprocal_gamma(x):
    """1/gamma(x), for x <= 0 by reflection: zero at the poles."""
    positive = x > 0
    y = jnp.where(positive, 0.5, x)
    whole = jax.lax.stop_gradient(jnp.round(y))
    sine = (1.0 - 2.0 * jnp.mod(whole, 2.0)) * jnp.sin(jnp.pi * (y - whole))
    return jnp.where(positive, 1.0 / _gamma(jnp.where(positive, x, 1.0)), sine * _gamma(1.0 - y) / jnp.pi)


def _polygamma(n, x):
    """Derivative of order n of digamma, n = 1, 2, ...; for x < 0 by reflection where n is a number (DLMF 5.15.6)."""
    if not isinstance(n, int):
        higher = (n >= 1) & (n == jnp.floor(n))
        order = jnp.where(higher, jnp.floor(n), 1.0)
        value = _signed_hurwitz(order, jnp.where(x > 0, x, jnp.nan))
        return jnp.where(n == 0, _digamma(x), jnp.where(higher, value, jnp.nan))
    value = _signed_hurwitz(n, jnp.where(x > 0, x, 1.0 - x))
    polynomial = np.array([1.0, 0.0])
    for _ in range(n):
        polynomial = -np.pi * np.polymul(np.polyder(polynomial), [1.0, 0.0, 1.0])
    total, cotangent = 0.0, 1.0 / jnp.tan(jnp.pi * jnp.where(x > 0, 0.25, x))
    for coefficient in polynomial:
        total = total * cotangent + float(coefficient)
    return jnp.where(x > 0, value, (-1.0) ** n * value - jnp.pi * total)


def _signed_hurwitz(n, x):
    """(-1)**(n + 1) n! zeta(n + 1, x)."""
    sign = (-1.0) ** (n + 1) if isinstance(n, int) else 2.0 * jnp.mod(n, 2.0) - 1.0
    return sign * jnp.exp(_gammaln(n + 1.0)) * _hurwitz_zeta(n + 1.0, x)


def _trigamma(x):
    return _polygamma(1, x)


def _polygamma_tail(n, k, c):
    """c**(2*k + n) times |polygamma(n, c)| without the terms before B_2k of its series (DLMF 5.15.8), for c > 6."""
    c = jnp.where(c > 6.0, c, jnp.nan)
    total = 0.0
    for j in range(int(k) + 13, int(k) - 1, -1):
        # B_2j (2j + n - 1)!/(2j)!, with B_2j by the zeta function: DLMF 25.6.2.
        zeta = sum(float(m) ** (-2 * j) for m in range(1, 2000 // j))
        factor = 2.0 * zeta / (2.0 * np.pi) ** (2 * j)
        for m in range(1, 2 * j + int(n)):
            factor *= m
        total = total / (c * c) + (-1.0) ** (j + 1) * factor
    return total


def _zeta(s):
    """Riemann's zeta function; for s < 0 by reflection (DLMF 25.4.1)."""
    below = s < 0
    value = _hurwitz_zeta(jnp.where(below, 1.0 - s, s), 1.0)
    u = jnp.where(below, s, -0.5)
    reflected = 2.0 * (2.0 * jnp.pi) ** (u - 1.0) * jnp.sin(jnp.pi * u / 2.0) * _gamma(1.0 - u) * value
    return jnp.where(below, reflected, value)


def _hurwitz_zeta(s, a):
    """The sum of (a + k)**-s over k >= 0 for a > 0, continued to s > 0: Euler and Maclaurin's rule (DLMF 25.11.7)."""
    a = jnp.where(a > 0, a, jnp.nan)
    total = 0.0
    for k in range(12):
        total = total + (a + k) ** -s
    x = a + 12.0
    # B_2j/(2j)! times s(s + 1)...(s + 2j - 2)/x**(2j - 1), from the last term to the first.
    factors = [
        1 / 12, -1 / 720, 1 / 30240, -1 / 1209600, 1 / 47900160, -691 / 1307674368000, 1 / 74724249600,
        -3617 / 10670622842880000,
    ]  # fmt: skip
    rest = 0.0
    for j in range(8, 0, -1):
        rising = s if j == 1 else (s + 2.0 * j - 3.0) * (s + 2.0 * j - 2.0) / (x * x)
        rest = rising * (factors[j - 1] / factors[j - 2] if j > 1 else factors[0]) * (1.0 + rest)
    return total + x**-s * (x / (s - 1.0) + 0.5 + rest / x)


def _zeta_number(s):
    """Riemann's zeta function at a whole number other than 1, as a Python number."""
    if s == 0:
        return -0.5
    if s < 0:
        sign = 0.0 if s % 2 == 0 else (-1.0) ** ((s - 1) // 2)
        return sign * 2.0 * (2.0 * math.pi) ** (s - 1) * math.factorial(-s) * _zeta_number(1 - s)
    higher = (s + 1) * (s + 2) / 54000.0 * (1.0 - (s + 3) * (s + 4) / 37800.0)
    rest = 30.0 / (s - 1.0) + 0.5 + s / 360.0 * (1.0 - higher)
    return sum(float(k) ** -s for k in range(1, 30)) + 30.0**-s * rest


def _zeta_derivative(n, s):
    """Derivative of order n of Riemann's zeta function for s > 0."""
    function = _zeta
    for _ in range(int(n)):
        function = _slope(function)
    return jnp.where(s > 0, function(jnp.where(s > 0, s, 2.0)), jnp.nan)


def _slope(function):
    """The derivative of a function of one array, point by point."""
    return lambda x: jax.jvp(function, (x,), (jnp.ones_like(x),))[1]


def _lerch_phi(z, s, a):
    """Lerch's function, the sum of z**y/(y + a)**s, for z < 1, s > 0 and a > 0: DLMF 25.14.5, t = v/a.

    The trapezoidal rule in log v; 1 - z exp(-t) is formed without cancellation.
    """
    dtype = jnp.result_type(float, z, s, a)
    z, s, a = jnp.broadcast_arrays(*(jnp.asarray(c, dtype) for c in (z, s, a)))
    good = (z < 1) & (s > 0) & (a > 0)
    z, s, a = (jnp.where(good, c, safe)[..., None] for c, safe in ((z, 0.5), (s, 1.0), (a, 1.0)))
    step = 0.125
    log_v = jnp.asarray(np.arange(-90.0, 6.6, step), dtype)
    v = jnp.exp(log_v)
    below = (1.0 - z) - z * jnp.expm1(-v / a)
    terms = jnp.exp(s * log_v - v - _gammaln(s)) / below
    value = jnp.sum(terms, axis=-1) * step * (a**-s)[..., 0]
    return jnp.where(good, value, jnp.nan)
