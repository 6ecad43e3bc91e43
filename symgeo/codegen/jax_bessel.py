"""Bessel and Airy functions of real order for generated JAX code, differentiable in order and argument.

Their text is copied into stand-alone modules, so each uses nothing but ``jax``, ``jnp``, ``np`` and the others. Outside
the real domain the value is nan, and so it is where no formula here reaches the precision of the arguments.
"""

# Without annotations, as in the modules these texts are copied into.
# mypy: disable-error-code="no-untyped-def, assignment"

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from symgeo.codegen.jax_zeta import _gammaln


def _whole(order):
    return order == jnp.floor(order)


def _parity(order):
    """(-1)**order for whole orders."""
    return 1.0 - 2.0 * jnp.mod(order, 2.0)


def _scaled_bessel_k(order, z):
    """exp(z) K_order(z) for z > 0, by the trapezoidal rule for its integral (DLMF 10.32.9)."""
    dtype = jnp.result_type(float, order, z)
    order, z = jnp.broadcast_arrays(jnp.abs(jnp.asarray(order, dtype)), jnp.asarray(z, dtype))
    z = jnp.where(z > 0, z, jnp.nan)
    points = 160
    # Beyond the reach, z (cosh(t) - 1) - order t is over 40.
    reach = jnp.log1p((80.0 + 2.0 * order * (4.0 + jnp.log1p(order / z))) / z) + 1.0
    reach = jax.lax.stop_gradient(jnp.minimum(reach, 2.0 * jnp.sqrt(100.0 / z) + 4.0 * jnp.arcsinh(order / z)))
    t = (reach / points)[..., None] * jnp.arange(points + 1, dtype=dtype)
    order, z = order[..., None], z[..., None]
    # The cosine as its growing half and a factor, so that nothing overflows before it is small.
    fall = order * t - 2.0 * z * jnp.sinh(0.5 * t) ** 2
    terms = 0.5 * jnp.exp(fall) * (1.0 + jnp.exp(-2.0 * order * t))
    weights = jnp.asarray(np.where(np.arange(points + 1) == 0, 0.5, 1.0), dtype)
    return jnp.sum(weights * terms, axis=-1) * (reach / points)


def _bessel_k(order, z):
    return jnp.exp(-z) * _scaled_bessel_k(order, z)


def _scaled_bessel_i(order, z):
    """exp(-abs(z)) I_order(z): for |z| < 1 a series, else from K and the quotient of two orders (DLMF 10.28.2)."""
    size = jnp.abs(z)
    flip = jnp.where(z < 0, jnp.where(_whole(order), _parity(order), jnp.nan), 1.0)
    nu = jnp.abs(order)
    near = size < 1.0
    w = jnp.where(near, size, 0.5)
    q = 0.25 * w * w
    total = 1.0
    for k in range(14, 0, -1):
        total = 1.0 + total * q / (k * (nu + k))
    positive = w > 0
    power = jnp.where(positive, nu * jnp.log(jnp.where(positive, 0.5 * w, 1.0)), jnp.where(nu == 0, 0.0, -jnp.inf))
    series = jnp.exp(power - w - _gammaln(nu + 1.0)) * total
    far = jnp.where(near, 1.0, size)
    quotient = _bessel_i_quotient(nu, far)
    value = 1.0 / (far * (_scaled_bessel_k(nu + 1.0, far) + quotient * _scaled_bessel_k(nu, far)))
    value = jnp.where(near, series, value)
    # I_-nu = I_nu + 2/pi sin(nu pi) K_nu (DLMF 10.27.2).
    other = (order < 0) & ~_whole(order)
    z_other = jnp.where(other & (z > 0), z, 1.0)
    extra = jnp.sin(jnp.pi * nu) * _scaled_bessel_k(nu, z_other) * jnp.exp(-2.0 * z_other) * 2.0 / jnp.pi
    return flip * jnp.where(other, value + extra, value)


def _bessel_i_quotient(nu, z):
    """I_{nu+1}(z)/I_nu(z) for z >= 1 by Perron's fraction (Gautschi and Slavik, Math. Comp. 32 (1978) 865)."""
    tail = 0.0
    for k in range(80, 0, -1):
        tail = (2.0 * nu + 2.0 * k + 1.0) * z / (2.0 * nu + k + 2.0 + 2.0 * z - tail)
    return z / (2.0 * nu + 2.0 + z - tail)


def _bessel_i(order, z):
    return jnp.exp(jnp.abs(z)) * _scaled_bessel_i(order, z)


def _bessel_j(order, z):
    """J_order(z): the series for small z, else the real part of Hankel's integral."""
    flip = jnp.where(z < 0, jnp.where(_whole(order), _parity(order), jnp.nan), 1.0)
    size, nu = jnp.abs(z), jnp.abs(order)
    regular = _bessel_j_regular(nu, size)
    other = (order < 0) & ~_whole(order)
    reflected = _bessel_reflected(nu, jnp.where(other, size, 1.0), regular)[0]
    return flip * jnp.where(other, reflected, jnp.where(order < 0, _parity(order) * regular, regular))


def _bessel_y(order, z):
    """Y_order(z) for z > 0: the imaginary part of Hankel's integral."""
    z = jnp.where(z > 0, z, jnp.nan)
    nu = jnp.abs(order)
    regular = _hankel(nu, z)[1]
    other = (order < 0) & ~_whole(order)
    reflected = _bessel_reflected(nu, z, _bessel_j_regular(nu, z))[1]
    return jnp.where(other, reflected, jnp.where(order < 0, _parity(order) * regular, regular))


def _bessel_reflected(nu, z, j):
    """J and Y of order -nu (DLMF 10.4.7, 10.4.8)."""
    y = _hankel(nu, z)[1]
    c, s = jnp.cos(jnp.pi * nu), jnp.sin(jnp.pi * nu)
    return c * j - s * y, s * j + c * y


def _bessel_j_regular(nu, z):
    """J_nu(z) for nu >= 0 and z >= 0."""
    near = z * z < 12.0 * (nu + 1.0)
    w = jnp.where(near, z, 1.0)
    q = 0.25 * w * w
    total = 1.0
    for k in range(40, 0, -1):
        total = 1.0 - total * q / (k * (nu + k))
    positive = w > 0
    power = jnp.where(positive, nu * jnp.log(jnp.where(positive, 0.5 * w, 1.0)), jnp.where(nu == 0, 0.0, -jnp.inf))
    series = jnp.exp(power - _gammaln(nu + 1.0)) * total
    return jnp.where(near, series, _hankel(nu, jnp.where(near, 10.0, z))[0])


def _hankel(nu, z):
    """J_nu(z) and Y_nu(z) for 0 <= nu <= 30 by Hankel's integral of J_nu + i Y_nu (Watson, section 6.12, (3))."""
    dtype = jnp.result_type(float, nu, z)
    nu, z = jnp.broadcast_arrays(jnp.asarray(nu, dtype), jnp.asarray(z, dtype))
    log_u = jnp.asarray(np.arange(-80.0, 5.1, 0.25), dtype)  # the trapezoidal rule in log(u)
    u = jnp.exp(log_u)
    nu = jnp.where(nu <= 30.0, nu, jnp.nan)
    half = nu[..., None] - 0.5
    ratio = u / (2.0 * z[..., None])
    growth = half * (log_u + 0.5 * jnp.log1p(ratio * ratio))
    size = 0.25 * jnp.exp(growth + log_u - u - _gammaln(half + 1.0))
    phase = half * jnp.arctan(ratio) + (z - 0.5 * jnp.pi * nu - 0.25 * jnp.pi)[..., None]
    scale = jnp.sqrt(2.0 / (jnp.pi * z))
    return scale * jnp.sum(size * jnp.cos(phase), axis=-1), scale * jnp.sum(size * jnp.sin(phase), axis=-1)


@jax.custom_jvp
def _airy_ai(x):
    return _airy(x)[0]


@_airy_ai.defjvp
def _airy_ai_jvp(primals, tangents):
    (x,), (t,) = primals, tangents
    return _airy_ai(x), t * _airy_ai_prime(x)


@jax.custom_jvp
def _airy_ai_prime(x):
    return _airy(x)[1]


@_airy_ai_prime.defjvp
def _airy_ai_prime_jvp(primals, tangents):
    (x,), (t,) = primals, tangents
    return _airy_ai_prime(x), t * x * _airy_ai(x)


@jax.custom_jvp
def _airy_bi(x):
    return _airy(x)[2]


@_airy_bi.defjvp
def _airy_bi_jvp(primals, tangents):
    (x,), (t,) = primals, tangents
    return _airy_bi(x), t * _airy_bi_prime(x)


@jax.custom_jvp
def _airy_bi_prime(x):
    return _airy(x)[3]


@_airy_bi_prime.defjvp
def _airy_bi_prime_jvp(primals, tangents):
    (x,), (t,) = primals, tangents
    return _airy_bi_prime(x), t * x * _airy_bi(x)


def _airy(x):
    """Ai, Ai', Bi, Bi': Maclaurin series for |x| < 1.2, else by Bessel functions of orders 1/3 and 2/3 (DLMF 9.6)."""
    near = jnp.abs(x) < 1.2
    size = jnp.where(near, 2.0, jnp.abs(x))
    root = jnp.sqrt(size)
    zeta = 2.0 / 3.0 * size * root
    third, two_thirds = 1.0 / 3.0, 2.0 / 3.0
    k1, k2 = _bessel_k(third, zeta), _bessel_k(two_thirds, zeta)
    right = (
        root / np.sqrt(3.0) * k1 / np.pi,
        -size / np.sqrt(3.0) * k2 / np.pi,
        root / np.sqrt(3.0) * (_bessel_i(-third, zeta) + _bessel_i(third, zeta)),
        size / np.sqrt(3.0) * (_bessel_i(-two_thirds, zeta) + _bessel_i(two_thirds, zeta)),
    )
    (j1, y1), (j2, y2) = _hankel(third, zeta), _hankel(two_thirds, zeta)
    left = (
        0.5 * root * (j1 - y1 / np.sqrt(3.0)),
        0.5 * size * (j2 + y2 / np.sqrt(3.0)),
        -0.5 * root * (j1 / np.sqrt(3.0) + y1),
        0.5 * size * (j2 / np.sqrt(3.0) - y2),
    )
    series = _airy_series(jnp.where(near, x, 0.0))
    return [jnp.where(near, s, jnp.where(x > 0, r, m)) for s, r, m in zip(series, right, left, strict=True)]


def _airy_series(x):
    """Maclaurin's series of Ai, Ai', Bi, Bi' (DLMF 9.4)."""
    at_zero, slope = 0.355028053887817239, 0.258819403792806798
    f, g, f_slope, g_slope = 1.0, 1.0, 1.0, 1.0
    cube = x * x * x
    for k in range(10, 0, -1):
        f = 1.0 + f * cube / ((3 * k - 1) * (3 * k))
        g = 1.0 + g * cube / ((3 * k) * (3 * k + 1))
        g_slope = 1.0 + g_slope * cube / ((3 * k - 2) * (3 * k))
        if k > 1:
            f_slope = 1.0 + f_slope * cube / ((3 * k - 3) * (3 * k - 1))
    f_slope, g = 0.5 * x * x * f_slope, x * g
    return (
        at_zero * f - slope * g,
        at_zero * f_slope - slope * g_slope,
        np.sqrt(3.0) * (at_zero * f + slope * g),
        np.sqrt(3.0) * (at_zero * f_slope + slope * g_slope),
    )
