"""JAX functions whose values, in doubles on the CPU, have the error bounds of `doubt.py`; elsewhere what XLA computes.

On the CPU XLA calls compiled C (`xla_call.py`), or NumPy where C cannot be compiled.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.custom_derivatives import SymbolicZero
from jax.experimental.custom_partitioning import custom_partitioning
from jax.sharding import NamedSharding, PartitionSpec

from symgeo.codegen.derivatives import derivative
from symgeo.codegen.kernel import Kernel
from symgeo.codegen.numpy import numpy_lambdify
from symgeo.codegen.numpy_source import function_signature
from symgeo.codegen.xla_call import xla_target
from symgeo.errors import CompilerError, MissingDependencyError, UnsupportedFunctionError

# Derivatives of more numbers a point are left to JAX, which need not hold them all.
_MOST_SLOPES = 1024


class CheckedArrays:
    """The function of a kernel, ``f(theta, *extras)``, for arrays of one precision.

    ``plain`` is the same of JAX's operations. It serves what is not in doubles on the CPU, and derivatives that
    `derivatives.py` does not give; ``make_plain`` makes such a function of a kernel.
    """

    def __init__(
        self,
        kernel: Kernel,
        make_plain: Callable[[Kernel], Callable[..., Any]],
        plain: Callable[..., Any] | None = None,
    ):
        self._kernel, self._make_plain = kernel, make_plain
        self._plain = plain or make_plain(kernel)
        self._on_cpu: Callable[..., Any] | None = None
        self._slopes: dict[int, CheckedArrays | None] = {}
        self._value = jax.custom_jvp(self._evaluated)
        self._value.defjvp(self._pushed_forward, symbolic_zeros=True)

    def __call__(self, theta: Any, *extras: Any) -> Any:
        """theta (..., n), extras (...) -> (..., *shape)."""
        if jnp.result_type(theta, *extras) != jnp.float64:
            return self._plain(theta, *extras)
        return self._value(*(a.astype(jnp.float64) for a in (theta, *extras)))

    def _evaluated(self, theta: Any, *extras: Any) -> Any:
        return jax.lax.platform_dependent(theta, *extras, cpu=self._checked, default=self._plain)

    def _pushed_forward(self, primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
        """The values and their derivative along tangents, those that do not move being symbols."""
        parts, by_jax = [], []
        for i, tangent in enumerate(tangents):
            if isinstance(tangent, SymbolicZero):
                continue
            slopes = self._slopes_by(i)
            # Over all values at a point; theta's last axis is that of the coordinates.
            axes = (1,) * len(self._kernel.shape)
            if slopes is None:
                by_jax.append(i)
            elif i == 0:
                along = tangent.reshape(*tangent.shape[:-1], *axes, tangent.shape[-1])
                parts.append((slopes(*primals) * along).sum(-1))
            else:
                parts.append(slopes(*primals) * tangent.reshape(*tangent.shape, *axes))
        if by_jax:

            def moved(*some: Any) -> Any:
                given = dict(zip(by_jax, some, strict=True))
                return self._plain(*(given.get(i, p) for i, p in enumerate(primals)))

            at, along = ([of[i] for i in by_jax] for of in (primals, tangents))
            parts.append(jax.jvp(moved, at, along)[1])
        values = self._value(*primals)
        return values, sum(parts[1:], parts[0]) if parts else jnp.zeros_like(values)

    def _slopes_by(self, argument: int) -> CheckedArrays | None:
        """The derivatives by an argument, along a last axis for theta; None where JAX has to find them."""
        if argument not in self._slopes:
            numbers = math.prod(self._kernel.shape) * (len(self._kernel.coordinates) if argument == 0 else 1)
            kernel = derivative(self._kernel, argument) if numbers <= _MOST_SLOPES else None
            try:
                self._slopes[argument] = None if kernel is None else CheckedArrays(kernel, self._make_plain)
            except UnsupportedFunctionError:  # a function that JAX's operations do not need for the derivative
                self._slopes[argument] = None
        return self._slopes[argument]

    def _checked(self, theta: Any, *extras: Any) -> Any:
        """The values in doubles on the CPU."""
        if self._on_cpu is None:
            self._on_cpu = _checked_call(self._kernel)
        leading = jnp.broadcast_shapes(theta.shape[:-1], *(v.shape for v in extras))
        theta = jnp.broadcast_to(theta, (*leading, theta.shape[-1]))
        values = self._on_cpu(theta, *(jnp.broadcast_to(v, leading) for v in extras))
        # Inside shard_map the type of an array names the axes of the mesh along which it varies.
        axes = frozenset[str]().union(*map(_varying, (theta, *extras))) - _varying(values)
        return jax.lax.pcast(values, tuple(axes), to="varying") if axes else values


def _checked_call(kernel: Kernel) -> Callable[..., Any]:
    """The checked function of doubles with the same leading axes, compiled here, for the CPU alone."""

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
    kind = jax.typeof(array)
    found = getattr(getattr(kind, "manual_axis_type", None), "varying", None)
    return frozenset(getattr(kind, "vma", ()) if found is None else found)


def _batched(call: Callable[..., Any]) -> Callable[..., Any]:
    """``call`` with a rule for vmap: a further leading axis of all arguments."""

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
