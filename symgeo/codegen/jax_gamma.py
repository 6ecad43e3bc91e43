"""Quotients of gamma functions, beta functions and incomplete ones for generated JAX code.

They are differentiable in every argument.

Their text is copied into stand-alone modules, so each uses nothing but ``jax``, ``jnp``, ``special`` and the
others. Outside the real domain the value is nan. Loops have a fixed length, so that they differentiate both ways.
"""

# Without annotations, as in the modules these texts are copied into.
# mypy: disable-error-code="no-untyped-def, assignment"

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax.scipy import special

from symgeo.codegen.jax_integrals import _expn
from symgeo.codegen.jax_zeta import _gamma, _gamma_sign, _gammaln, _log_gamma, _reciprocal_gamma


def _log_gamma_ratio(x, d):
    """log(gamma(x + d)/gamma(x)) without cancellation for large x: the difference of two Stirling series."""
    large = (x > 30.0) & (x + d > 30.0)
    w = jnp.where(large, x, 60.0)
    e = jnp.where(large, d, 0.0)
    tail = _stirling_tail(w + e) - _stirling_tail(w)
    ratio = e * jnp.log(w) + (w + e - 0.5) * jnp.log1p(e / w) - e + tail
    near, step = jnp.where(large, 1.0, x), jnp.where(large, 1.0, d)
    return jnp.where(large, ratio, _log_gamma(near + step) - _log_gamma(near))


def _stirling_tail(x):
    """log(gamma(x)) - (x - 1/2)*log(x) + x - log(2*pi)/2 for x > 30."""
    s = 1.0 / (x * x)
    return (1.0 / 12.0 - s * (1.0 / 360.0 - s * (1.0 / 1260.0 - s / 1680.0))) / x


def _log_beta(a, b):
    """log(beta(a, b)) without underflow for a, b > 0; elsewhere wherever beta(a, b) is positive."""
    small, big = jnp.minimum(a, b), jnp.maximum(a, b)
    ratio = _gammaln(small) - _log_gamma_ratio(big, small)
    sign = _gamma_sign(a) * _gamma_sign(b) * _gamma_sign(a + b)
    total = _gammaln(a) + _gammaln(b) - _gammaln(a + b)
    return jnp.where((small > 0) & (big > 30.0), ratio, jnp.where(sign > 0, total, jnp.nan))


def _beta(a, b):
    """The beta function, by its logarithm where both arguments are positive."""
    positive = (a > 0) & (b > 0)
    value = jnp.exp(_log_beta(jnp.where(positive, a, 1.0), jnp.where(positive, b, 1.0)))
    a, b = jnp.where(positive, 1.0, a), jnp.where(positive, 1.0, b)
    return jnp.where(positive, value, _gamma(a) * _gamma(b) * _reciprocal_gamma(a + b))


def _rising_factorial(x, k):
    """gamma(x + k)/gamma(x)."""
    positive = (x > 0) & (x + k > 0)
    value = jnp.exp(_log_gamma_ratio(jnp.where(positive, x, 1.0), jnp.where(positive, k, 1.0)))
    x, k = jnp.where(positive, 1.0, x), jnp.where(positive, 1.0, k)
    return jnp.where(positive, value, _gamma(x + k) * _reciprocal_gamma(x))


def _binomial(n, k):
    """Binomial coefficient, by reflection for a negative integer n."""
    integers = (n == jnp.floor(n)) & (k == jnp.floor(k)) & (n < 0) & (k >= 0)
    sign = jnp.where(integers, 1.0 - 2.0 * jnp.mod(k, 2.0), 1.0)
    n = jnp.where(integers, k - n - 1.0, n)
    usual = (k >= 0) & (k <= n)
    value = jnp.exp(_log_binomial_inside(jnp.where(usual, n, 1.0), jnp.where(usual, k, 1.0)))
    n, k = jnp.where(usual, 0.5, n), jnp.where(usual, 0.5, k)
    general = _gamma(n + 1.0) * _reciprocal_gamma(k + 1.0) * _reciprocal_gamma(n - k + 1.0)
    return sign * jnp.where(usual, value, general)


def _log_binomial(n, k):
    """log of the binomial coefficient, without overflow for 0 <= k <= n."""
    usual = (k >= 0) & (k <= n)
    value = _log_binomial_inside(jnp.where(usual, n, 1.0), jnp.where(usual, k, 1.0))
    general = jnp.log(_binomial(jnp.where(usual, 1.0, n), jnp.where(usual, 0.0, k)))
    return jnp.where(usual, value, general)


def _log_binomial_inside(n, k):
    return -_log_beta(1.0 + n - k, 1.0 + k) - jnp.log1p(n)


def _regularized_beta(a, b, x):
    """The incomplete beta function of a, b > 0 from 0 to x, divided by beta(a, b), by its fraction (DLMF 8.17.22)."""
    good = (a > 0) & (b > 0) & (x >= 0) & (x <= 1)
    inside = good & (x > 0) & (x < 1)
    a, b, x = jnp.where(inside, a, 1.0), jnp.where(inside, b, 1.0), jnp.where(inside, x, 0.5)
    swapped = x > (a + 1.0) / (a + b + 2.0)
    p, q = jnp.where(swapped, b, a), jnp.where(swapped, a, b)
    y = jnp.where(swapped, 1.0 - x, x)
    size = jnp.exp(p * jnp.log(y) + q * jnp.log1p(-y) - _log_beta(p, q)) / p
    value = size / _beta_fraction(p, q, y)
    value = jnp.where(swapped, 1.0 - value, value)
    return jnp.where(inside, value, jnp.where(good, 1.0 * (x >= 1), jnp.nan))


def _beta_fraction(a, b, x):
    """1 + d_1/(1 + d_2/(1 + ...)) of DLMF 8.17.22, from its far end."""

    def step(i, tail):
        m = 300.0 - i
        even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0))
        return even / (1.0 + odd / tail) + 1.0

    one = jnp.ones_like(a + b + x)
    tail = jax.lax.fori_loop(0, 300, step, one)
    return 1.0 - (a + b) * x / (a + 1.0) / tail


@jax.custom_jvp
def _whole_number(n):
    """n, with a derivative that is not known."""
    return n


@_whole_number.defjvp
def _whole_number_jvp(primals, tangents):
    (n,), (t,) = primals, tangents
    return n, t * jnp.nan


def _upper_gamma(a, x):
    """Upper incomplete gamma function for a > 0 and integers a <= 0, x**a E_{1-a}(x) there; else nan."""
    integer = (a <= 0) & (a == jnp.floor(a))
    order = _whole_number(jnp.where(integer, 1.0 - a, 1.0))
    exponential = jnp.where(integer, x, jnp.nan) ** (1.0 - order) * _expn(order, x)
    positive = jnp.where(a > 0, a, 1.0)
    return jnp.where(a > 0, _gamma(positive) * special.gammaincc(positive, x), exponential)
