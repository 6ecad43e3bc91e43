"""Functions that all generated JAX code is put together with (functional_source.py says what each is for).

Their text is copied into stand-alone modules, so each of them uses nothing but ``jax``, ``jnp`` and the others.
"""

# Without annotations, as in the modules these texts are copied into.
# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import jax
import jax.numpy as jnp


def _real(x):
    """An array of real numbers; what holds whole numbers becomes floating-point."""
    x = jnp.asarray(x)
    if jnp.issubdtype(x.dtype, jnp.complexfloating):
        raise TypeError(f"arguments must be real, not {x.dtype}")
    return x.astype(jnp.result_type(x, float))


def _component(value, leading, like):
    """One component at all points, in the precision of the arguments."""
    return jnp.broadcast_to(jnp.asarray(value, dtype=jnp.result_type(value, like)), leading)


def _stacked(components, leading, shape, like):
    """The components at all points as one array."""
    dtype = jnp.result_type(like, *components)
    if not components:
        return jnp.zeros((*leading, *shape), dtype)
    # Under vmap, unlike jnp.stack, this keeps the components of a point together: nothing is transposed afterwards.
    columns = [jnp.broadcast_to(jnp.asarray(c, dtype), leading)[..., None] for c in components]
    return jnp.concatenate(columns, axis=-1).reshape((*leading, *shape))


def _masked(value, inside, axes):
    """nan outside, for the value and for its derivatives."""
    factor = jnp.where(inside, 1.0, jnp.nan)
    return value * factor.reshape(factor.shape + (1,) * axes)


def _log_one_minus_exp(x):
    """log(1 - exp(x)) for x < 0 to full accuracy at both ends."""
    near = x > -0.6931471805599453
    close, far = jnp.where(near, x, -0.5), jnp.where(near, -1.0, x)
    return jnp.where(near, jnp.log(-jnp.expm1(close)), jnp.log1p(-jnp.exp(far)))


def _heaviside(x, at_zero):
    """The unit step."""
    return jnp.where(x == 0, at_zero, jnp.where(jnp.isnan(x), x, 1.0 * (x > 0)))


def _where_taken(condition, x):
    """x, constant to a gradient where the condition does not hold."""
    return jnp.where(condition, x, jax.lax.stop_gradient(x))
