"""JAX functions from kernels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from symgeo.codegen.calls import Arguments, described
from symgeo.codegen.jax_source import function_signature, module_text
from symgeo.codegen.kernel import Kernel
from symgeo.codegen.numeric_node import refuse_nodes
from symgeo.codegen.numpy import execute
from symgeo.errors import ArgumentError, MissingDependencyError


def jax_lambdify(kernel: Kernel) -> Callable[..., Any]:
    """The function of a kernel: ``f(theta, **extras)``, theta (..., n) -> (..., *shape), pure and compiled by XLA.

    It works under ``jax.jit``, ``vmap``, ``grad``, ``jacfwd`` and ``jacrev``, on any device and on sharded arrays, in
    the precision of its arguments. In doubles on the CPU its values and derivatives have error bounds: XLA calls C that
    is compiled when the function is first traced (`jax_checked.py`). Without a C compiler it calls NumPy, and arrays on
    several devices raise MissingDependencyError. ``jax.export`` writes ``f.source``, but not such a function.

    Raises MissingDependencyError without JAX and UnsupportedFunctionError for what has no spelling in JAX; the function
    raises ShapeError for a wrong last axis or leading axes that do not broadcast, ArgumentError for missing, unknown or
    complex arguments, when it is called or traced.
    """
    try:
        import jax
    except ImportError as error:
        raise MissingDependencyError("the backend 'jax' needs JAX: pip install 'symgeo[jax]'") from error
    refuse_nodes(kernel.expressions, "jax")
    from symgeo.codegen.jax_checked import CheckedArrays

    signature = function_signature(kernel)
    text = module_text({signature.name: kernel})
    arguments = Arguments(kernel, signature, real_array)
    core = jax.jit(CheckedArrays(kernel, plain_function, plain_function(kernel, text)))
    keywords = tuple(signature.extras.values())

    def function(theta: Any, /, **extras: Any) -> Any:
        theta, given, _ = arguments.checked(theta, extras)
        return core(theta, *(given[keyword] for keyword in keywords))

    return described(function, signature, text)


def plain_function(kernel: Kernel, text: str = "") -> Callable[..., Any]:
    """``f(theta, *extras)`` of arrays by JAX's operations, in floating point alone; ``text`` is its module."""
    signature = function_signature(kernel)
    text = text or module_text({signature.name: kernel})
    core = execute(text, f"<symgeo {signature.name}>", {})[signature.name]
    return lambda theta, *extras: core(theta, **dict(zip(signature.extras.values(), extras, strict=True)))


def real_array(value: Any, name: str) -> Any:
    """``value`` as an array of floats. Raises ArgumentError for complex values and for what is no number."""
    import jax.numpy as jnp

    try:
        array = jnp.asarray(value)
    except (TypeError, ValueError) as error:
        raise ArgumentError(f"{name} must be an array of real numbers: {error}") from error
    if jnp.issubdtype(array.dtype, jnp.floating):
        return array
    if jnp.issubdtype(array.dtype, jnp.integer) or array.dtype == bool:
        return array.astype(jnp.result_type(array, float))
    raise ArgumentError(
        f"{name} must be an array of real numbers, not of {array.dtype}; take its real part if it is one"
    )
