"""Hypergeometric functions, elliptic integrals and Lambert's W for generated JAX code.

They are differentiable in every argument.

Their text is copied into stand-alone modules, so each uses nothing but ``jax``, ``jnp``, ``np`` and the others. Outside
the real domain the value is nan, and so it is where no formula here reaches the precision of the arguments.
"""

# Without annotations, as in the modules these texts are copied into.
# mypy: disable-error-code="no-untyped-def, assignment"

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import numpy as np

from symgeo.codegen.jax_bessel import _bessel_i, _bessel_j
from symgeo.codegen.jax_gamma import _log_beta
from symgeo.codegen.jax_zeta import _gamma, _reciprocal_gamma


@functools.partial(jax.custom_jvp, nondiff_argnums=(1,))
def _lambertw(x, branch=0):
    """The real values of Lambert's W on the branches 0 and -1: a start by its series, then Halley's steps."""
    p = jnp.sqrt(jnp.maximum(2.0 * (np.e * x + 1.0), 0.0))
    p = -p if branch == -1 else p
    turning = -1.0 + p * (1.0 + p * (-1.0 / 3.0 + p * (11.0 / 72.0 - p * 43.0 / 540.0)))
    if branch == -1:
        good = (x >= -np.exp(-1.0)) & (x < 0)
        size = jnp.log(jnp.where(good, -x, 0.1))
        inner = jnp.log(-size)
        start = jnp.where(x < -0.25, turning, size - inner + inner / size)
    else:
        good = x >= -np.exp(-1.0)
        size = jnp.log(jnp.maximum(x, 3.0))
        inner = jnp.log(size)
        middle = jnp.log1p(jnp.clip(x, -0.3, 3.0))
        start = jnp.where(
            x < -0.2, turning, jnp.where(x < 3.0, middle * (1.0 - 0.2 * middle), size - inner + inner / size)
        )
    w = jnp.where(good, start, jnp.nan)
    for _ in range(4):
        error = w - x * jnp.exp(-w)
        slope = w + 1.0
        safe = jnp.where(slope == 0, 1.0, slope)
        w = w - jnp.where(slope == 0, 0.0, error / (safe - 0.5 * (w + 2.0) * error / safe))
    return w


@_lambertw.defjvp
def _lambertw_jvp(branch, primals, tangents):
    (x,), (t,) = primals, tangents
    w = _lambertw(x, branch)
    return w, t * jnp.exp(-w) / (1.0 + w)


def _hyp0f1(b, z):
    """0F1(; b; z): its series for |z| < 4, else by Bessel functions (DLMF 10.16.9, 10.39.9)."""
    far = jnp.abs(z) >= 4.0
    w = jnp.where(far, 1.0, z)
    total = 1.0
    for k in range(25, 0, -1):
        total = 1.0 + total * w / (k * (b + k - 1.0))
    size = jnp.where(far, jnp.abs(z), 4.0)
    argument = 2.0 * jnp.sqrt(size)
    bessel = jnp.where(z < 0, _bessel_j(b - 1.0, argument), _bessel_i(b - 1.0, argument))
    return jnp.where(far, _gamma(b) * size ** (0.5 * (1.0 - b)) * bessel, total)


def _hyp1f1(a, b, z):
    """Kummer's function, after his transformation for z < 0 (DLMF 13.2.39): a series, far out the asymptotic one."""
    negative, size = z < 0, jnp.abs(z)
    a = jnp.where(negative, b - a, a)
    ends = (a <= 0) & (a == jnp.floor(a))
    far = (size > 100.0) & ~ends
    value = _power_series(lambda k: (a + k) / ((b + k) * (k + 1.0)), jnp.where(far, 1.0, size), 260)
    value = value * jnp.exp(jnp.where(negative & ~far, z, 0.0))
    w = jnp.where(far & (jnp.abs(b - a) < 6.0) & (jnp.abs(1.0 - a) < 6.0), size, jnp.where(far, jnp.nan, 200.0))
    p, q = jnp.where(far, a, 1.0), jnp.where(far, b, 1.0)
    asymptotic = _power_series(lambda k: (q - p + k) * (1.0 - p + k) / (k + 1.0), 1.0 / w, 30)
    scale = jnp.exp(jnp.where(negative, 0.0, w)) * _gamma(q) * _reciprocal_gamma(p) * w ** (p - q)
    return jnp.where(far, scale * asymptotic, value)


def _hyp2f1(a, b, c, z):
    """Gauss' function for z < 1: by Euler's integral where c > b > 0 or c > a > 0 (DLMF 15.6.1), else by its series.

    The series, after Pfaff's transformation for z < 0 (DLMF 15.8.1), serves up to 0.9.
    """
    z = jnp.where(z < 1, z, jnp.nan)
    first, second = (b > 0) & (c > b), (a > 0) & (c > a)
    p = jnp.where(first | ~second, b, a)
    q = jnp.where(first | ~second, a, b)
    inside = first | second
    integral = _euler_integral(jnp.where(inside, q, 1.0), jnp.where(inside, p, 1.0), jnp.where(inside, c, 2.0), z)
    negative = z < 0
    w = jnp.where(negative, z / (z - 1.0), z)
    w = jnp.where(w <= 0.9, w, jnp.nan)
    d = jnp.where(negative, c - b, b)
    series = _power_series(lambda k: (a + k) * (d + k) / ((c + k) * (k + 1.0)), jnp.where(inside, 0.0, w), 400)
    return jnp.where(inside, integral, jnp.where(negative, (1.0 - jnp.where(negative, z, 0.0)) ** -a, 1.0) * series)


def _power_series(quotient, z, terms):
    """1 + quotient(0) z (1 + quotient(1) z (1 + ...)): from its far end."""

    def step(i, total):
        return 1.0 + quotient(terms - 1.0 - i) * z * total

    return jax.lax.fori_loop(0, terms, step, jnp.ones_like(quotient(0.0) * z))


def _euler_integral(a, b, c, z):
    """2F1(a, b; c; z) for c > b > 0 as an integral over t in (0, 1), by the tanh-sinh rule."""
    dtype = jnp.result_type(float, a, b, c, z)
    a, b, c, z = (x[..., None] for x in jnp.broadcast_arrays(*(jnp.asarray(x, dtype) for x in (a, b, c, z))))
    step = 1.0 / 16.0
    s = jnp.asarray(np.arange(-6.0, 6.0 + step / 2, step), dtype)
    log_t, log_rest = -jnp.logaddexp(0.0, -np.pi * jnp.sinh(s)), -jnp.logaddexp(0.0, np.pi * jnp.sinh(s))
    # t and 1 - t by their logarithms; 1 - z t without cancellation near t = 1.
    rest = jnp.exp(log_rest)
    below = jnp.where(s > 0, (1.0 - z) + z * rest, 1.0 - z * jnp.exp(log_t))
    terms = jnp.exp(b * log_t + (c - b) * log_rest - a * jnp.log(below)) * jnp.cosh(s)
    return jnp.sum(terms, axis=-1) * (np.pi * step) * jnp.exp(-_log_beta(b, c - b)[..., 0])


def _elliptic_k(m):
    """The complete integral of the first kind of the parameter m < 1, by arithmetic-geometric means (DLMF 19.8.5)."""
    a, b = 1.0, jnp.sqrt(jnp.where(m < 1, 1.0 - m, jnp.nan))
    for _ in range(8):
        a, b = 0.5 * (a + b), jnp.sqrt(a * b)
    return 0.5 * np.pi / a


def _elliptic_e(m):
    """The complete integral of the second kind of m <= 1, by arithmetic-geometric means (DLMF 19.8.6)."""
    edge = m == 1
    m = jnp.where(edge, 0.0, m)
    a, b = 1.0, jnp.sqrt(jnp.where(m < 1, 1.0 - m, jnp.nan))
    total, factor = 0.5 * m, 0.5
    for _ in range(8):
        factor = 2.0 * factor
        total = total + factor * (0.5 * (a - b)) ** 2
        a, b = 0.5 * (a + b), jnp.sqrt(a * b)
    return jnp.where(edge, 1.0, 0.5 * np.pi / a * (1.0 - total))


def _elliptic_f(phi, m):
    """The incomplete integral of the first kind (DLMF 19.25.5)."""
    turns = jax.lax.stop_gradient(jnp.round(phi / np.pi))
    s, c = jnp.sin(phi - turns * np.pi), jnp.cos(phi)
    below = 1.0 - m * s * s
    value = s * _carlson(c * c, jnp.where(below > 0, below, jnp.nan))[0]
    whole = turns != 0
    return value + jnp.where(whole, 2.0 * turns * _elliptic_k(jnp.where(whole, m, 0.0)), 0.0)


def _elliptic_e_incomplete(phi, m):
    """The incomplete integral of the second kind (DLMF 19.25.9)."""
    turns = jax.lax.stop_gradient(jnp.round(phi / np.pi))
    s, c = jnp.sin(phi - turns * np.pi), jnp.cos(phi)
    below = 1.0 - m * s * s
    first, second = _carlson(c * c, jnp.where(below >= 0, below, jnp.nan))
    value = s * (first - m * s * s * second / 3.0)
    whole = turns != 0
    return value + jnp.where(whole, 2.0 * turns * _elliptic_e(jnp.where(whole, m, 0.0)), 0.0)


def _carlson(x, y):
    """R_F(x, y, 1) and R_D(x, y, 1) by duplication (DLMF 19.36)."""
    z, total, power = 1.0, 0.0, 1.0
    for _ in range(14):
        u, v, w = jnp.sqrt(x), jnp.sqrt(y), jnp.sqrt(z)
        mix = u * v + u * w + v * w
        total = total + power / (w * (z + mix))
        power = 0.25 * power
        x, y, z = 0.25 * (x + mix), 0.25 * (y + mix), 0.25 * (z + mix)
    mean = (x + y + z) / 3.0
    a, b = 1.0 - x / mean, 1.0 - y / mean
    e2, e3 = a * b - (a + b) ** 2, -a * b * (a + b)
    first = (1.0 - e2 / 10.0 + e3 / 14.0) / jnp.sqrt(mean)
    mean = (x + y + 3.0 * z) / 5.0
    a, b = 1.0 - x / mean, 1.0 - y / mean
    c = -(a + b) / 3.0
    e2, e3 = a * b - 6.0 * c * c, (3.0 * a * b - 8.0 * c * c) * c
    second = 3.0 * total + power * (1.0 - 3.0 * e2 / 14.0 + e3 / 6.0) / (mean * jnp.sqrt(mean))
    return first, second
