"""JAX functions whose values, in doubles on the CPU, have the error bounds of `doubt.py`; elsewhere what XLA computes.

On the CPU XLA calls compiled C (`xla_call.py`), or NumPy where C cannot be compiled. Derivatives are those of the
function that JAX traces.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from symgeo.codegen.kernel import Kernel
from symgeo.codegen.numpy import numpy_lambdify
from symgeo.codegen.numpy_source import function_signature
from symgeo.codegen.xla_call import xla_target
from symgeo.errors import CompilerError, MissingDependencyError, UnsupportedFunctionError


def with_bounds(kernel: Kernel, plain: Callable[..., Any]) -> Callable[..., Any]:
    """``f(theta, *extras)`` like ``plain``, but with checked values where they are doubles on the CPU."""
    import jax
    import jax.numpy as jnp

    on_cpu = _OnCPU(kernel)

    @jax.custom_jvp
    def value(theta: Any, *extras: Any) -> Any:
        return jax.lax.platform_dependent(theta, *extras, cpu=on_cpu, default=plain)

    @value.defjvp
    def _(primals: Any, tangents: Any) -> Any:
        return value(*primals), jax.jvp(plain, primals, tangents)[1]

    def function(theta: Any, *extras: Any) -> Any:
        if jnp.result_type(theta, *extras) != jnp.float64:
            return plain(theta, *extras)
        return value(*(a.astype(jnp.float64) for a in (theta, *extras)))

    return function


class _OnCPU:
    """The checked function of arrays of doubles, compiled when it is first traced."""

    def __init__(self, kernel: Kernel):
        self._kernel = kernel
        self._call: Callable[..., Any] | None = None

    def __call__(self, theta: Any, *extras: Any) -> Any:
        import jax
        import jax.numpy as jnp

        if self._call is None:
            self._call = self._made()
        leading = jnp.broadcast_shapes(theta.shape[:-1], *(v.shape for v in extras))
        theta = jnp.broadcast_to(theta, (*leading, theta.shape[-1]))
        values = self._call(theta, *(jnp.broadcast_to(v, leading) for v in extras))
        # Inside shard_map the type of an array names the axes of the mesh along which it varies.
        axes = frozenset[str]().union(*map(_varying, (theta, *extras))) - _varying(values)
        return jax.lax.pcast(values, tuple(axes), to="varying") if axes else values

    def _made(self) -> Callable[..., Any]:
        """Of arrays whose leading axes are the same."""
        import jax
        import numpy as np

        kernel = self._kernel

        def result(theta: Any) -> Any:
            return jax.ShapeDtypeStruct((*theta.shape[:-1], *kernel.shape), theta.dtype)

        refused = ""
        try:
            target = xla_target(kernel)
        except (MissingDependencyError, CompilerError, UnsupportedFunctionError) as error:
            refused = f"functions in doubles of arrays that are shared out among processors need C: {error}"
            checked, keywords = numpy_lambdify(kernel), function_signature(kernel).extras.values()

            def by_numpy(theta: Any, *extras: Any) -> Any:
                given = map(np.asarray, extras)
                return checked(np.asarray(theta), **dict(zip(keywords, given, strict=True)))

            def call(theta: Any, *extras: Any) -> Any:
                return jax.pure_callback(by_numpy, result(theta), theta, *extras)

        else:

            def call(theta: Any, *extras: Any) -> Any:
                return jax.ffi.ffi_call(target, result(theta))(theta, *extras)

        return _batched(_shared_out(call, kernel, refused))


def _varying(array: Any) -> frozenset[str]:
    """The axes of a mesh along which an array in shard_map varies."""
    import jax

    kind = jax.typeof(array)
    found = getattr(getattr(kind, "manual_axis_type", None), "varying", None)
    return frozenset(getattr(kind, "vma", ()) if found is None else found)


def _batched(call: Callable[..., Any]) -> Callable[..., Any]:
    """``call`` with a rule for vmap: a further leading axis of all arguments."""
    import jax
    import jax.numpy as jnp

    @jax.custom_batching.custom_vmap
    def batched(*arrays: Any) -> Any:
        return call(*arrays)

    @batched.def_vmap
    def _(size: int, whether: Any, *arrays: Any) -> Any:
        given = (a if w else jnp.broadcast_to(a, (size, *a.shape)) for a, w in zip(arrays, whether, strict=True))
        return batched(*given), True

    return batched


def _shared_out(call: Callable[..., Any], kernel: Kernel, refused: str) -> Callable[..., Any]:
    """``call`` for arrays sharded along leading axes: every device computes its own points.

    With the words of ``refused``, if any, MissingDependencyError is raised for such arrays.
    """
    from jax.experimental.custom_partitioning import custom_partitioning
    from jax.sharding import NamedSharding, PartitionSpec

    extras, axes = len(kernel.extras), len(kernel.shape)

    def shardings(mesh: Any, given: Any) -> tuple[Any, Any]:
        """Those of the arguments and of the result, by that of theta."""
        theta = given[0]
        leading = tuple(theta.sharding.spec)[: len(theta.shape) - 1]
        leading += (None,) * (len(theta.shape) - 1 - len(leading))
        of = [NamedSharding(mesh, PartitionSpec(*leading, *[None] * further)) for further in (1, *[0] * extras, axes)]
        return tuple(of[:-1]), of[-1]

    def partition(mesh: Any, given: Any, _: Any) -> tuple[Any, ...]:
        if refused:
            raise MissingDependencyError(refused)
        arguments, result = shardings(mesh, given)
        return mesh, call, result, arguments

    shared = custom_partitioning(call)
    operands = ", ".join(["... coordinate", *["..."] * extras])
    shared.def_partition(
        partition=partition,
        infer_sharding_from_operands=lambda mesh, given, _: shardings(mesh, given)[1],
        sharding_rule=f"{operands} -> {' '.join(['...', *(f'axis{i}' for i in range(axes))])}",
    )
    return shared
