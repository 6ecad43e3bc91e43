"""The natural gradient as a gradient transformation for JAX, in optax's form: a pair of pure functions.

``init(params) -> state`` and ``update(gradient, state, params) -> (updates, state)``, to be put into ``optax.chain`` or
used alone; optax itself is not needed. Source: Amari, Neural Computation 10 (1998) 251-276; Martens, J. Machine
Learning Research 21 (2020) 146, section 8.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from symgeo.codegen import lambdify
from symgeo.errors import ArgumentError, MissingDependencyError, ParameterListError, ShapeError
from symgeo.geometry.manifold import StatisticalManifold
from symgeo.solve.spray import manifold_of

if TYPE_CHECKING:
    from symgeo.geometry.isometry import HasManifold


class GradientTransformation(NamedTuple):
    """``init(params)`` and ``update(gradient, state, params)``, pure functions of JAX arrays."""

    init: Callable[[Any], Any]
    update: Callable[..., tuple[Any, Any]]


class Momentum(NamedTuple):
    """The velocity (..., n) that momentum keeps; None without momentum."""

    velocity: Any


def scale_by_fisher(
    m: StatisticalManifold | HasManifold, *, rate: float | None = None, damping: float = 0.0, momentum: float = 0.0
) -> GradientTransformation:
    """Gradients times ``(g + damping I)^-1`` with the derived metric, as a gradient transformation for JAX.

    m: a manifold or a model with n coordinates, whose metric is generated for JAX once. Parameters and gradients are
    arrays (..., n), or trees of n leaves of one shape (...): a mapping or a named tuple by the coordinates' names, a
    list or tuple in their order. momentum: the share of the last updates that is added. rate: updates are multiplied
    by ``-rate``, so that ``params + updates`` is a step down; None leaves that to the rest of the chain. Works under
    ``jit``, ``vmap`` and ``lax.scan``; outside the domain the updates are nan.

    Raises :class:`ArgumentError`, :class:`MissingDependencyError` without JAX, :class:`UnsupportedFunctionError` for a
    metric without closed form; the update raises :class:`ArgumentError` without parameters, :class:`ShapeError` and
    :class:`ParameterListError` for trees that do not fit, when it is called or traced.
    """
    try:
        import jax
        import jax.numpy as jnp
    except ImportError as error:
        raise MissingDependencyError("scale_by_fisher needs JAX: pip install 'symgeo[jax]'") from error
    if not (damping >= 0 and 0 <= momentum < 1) or (rate is not None and not rate > 0):
        raise ArgumentError("damping must not be negative, momentum at least 0 and below 1, and a rate positive")
    manifold = manifold_of(m)
    n = manifold.dim
    metric = lambdify(manifold.metric, backend="jax")
    names = [s.name for s in manifold.coordinates]

    def init(params: Any) -> Momentum:
        theta, _ = _vector(params, names)
        return Momentum(jnp.zeros_like(theta) if momentum else None)

    def update(updates: Any, state: Momentum, params: Any = None) -> tuple[Any, Momentum]:
        if params is None:
            raise ArgumentError("the Fisher metric is one at the parameters: call update(gradient, state, params)")
        theta, order = _vector(params, names)
        gradient, same = _vector(updates, names)
        if same != order or gradient.shape != theta.shape:
            raise ShapeError(
                f"the gradient is no tree like that of the parameters: {gradient.shape} for {theta.shape} in "
                f"({', '.join(names)})"
            )
        matrix = metric(theta) + damping * jnp.eye(n, dtype=theta.dtype)
        direction = jnp.linalg.solve(matrix, gradient[..., None])[..., 0]
        if momentum:
            direction = direction + momentum * state.velocity
            state = Momentum(direction)
        step = direction if rate is None else -rate * direction
        if order is None:
            return step, state
        leaves = [step[..., i].astype(leaf.dtype) for i, leaf in zip(order, jax.tree.leaves(updates), strict=True)]
        return jax.tree.unflatten(jax.tree.structure(updates), leaves), state

    return GradientTransformation(init, update)


def _vector(tree: Any, names: Sequence[str]) -> tuple[Any, list[int] | None]:
    """The parameters as (..., n), and which coordinate each leaf of a tree is; None for an array."""
    import jax
    import jax.numpy as jnp

    from symgeo.codegen.jax import real_array

    paths = jax.tree_util.tree_flatten_with_path(tree)[0]
    if len(paths) == 1 and not paths[0][0]:
        array = real_array(tree, "the parameters")
        if array.ndim == 0 or array.shape[-1] != len(names):
            raise ShapeError(f"parameters have shape (..., {len(names)}) for ({', '.join(names)}), not {array.shape}")
        return array, None
    # A key of a mapping or a field has a name, a place in a list has none.
    keys = [str(getattr(p[-1], "key", getattr(p[-1], "name", ""))) if len(p) == 1 else "?" for p, _ in paths]
    if any(keys):
        if sorted(keys) != sorted(names):
            raise ParameterListError(
                f"the parameters are called {', '.join(keys)}; name each of {', '.join(names)} once, without nesting"
            )
        order = [names.index(key) for key in keys]
    elif len(paths) == len(names):
        order = list(range(len(names)))
    else:
        raise ParameterListError(f"{len(paths)} parameters are given; give those of {', '.join(names)}, in this order")
    leaves: list[Any] = [None] * len(names)
    for i, (_, leaf) in zip(order, paths, strict=True):
        leaves[i] = real_array(leaf, names[i])
    if len({leaf.shape for leaf in leaves}) > 1:
        raise ShapeError(f"the parameters have shapes {', '.join(str(leaf.shape) for leaf in leaves)}; give them one")
    return jnp.stack(leaves, axis=-1), order
