"""Numeric functions from tensors and expressions, on any backend there is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import sympy as sp

from symgeo.codegen.c import c_lambdify
from symgeo.codegen.jax import jax_lambdify
from symgeo.codegen.kernel import Kernel
from symgeo.codegen.numpy import numpy_lambdify
from symgeo.codegen.torch import torch_lambdify
from symgeo.errors import UnknownBackendError

# Each takes a kernel and returns its function.
BACKENDS: Mapping[str, Callable[[Kernel], Callable[..., Any]]] = {
    "numpy": numpy_lambdify,
    "jax": jax_lambdify,
    "torch": torch_lambdify,
    "c": c_lambdify,
}


def lambdify(obj: Any, coordinates: Iterable[sp.Symbol] | None = None, backend: str = "numpy") -> Callable[..., Any]:
    """The function ``f(theta, **extras)`` of a tensor or expression: theta (..., n) -> (..., *shape).

    ``obj`` has ``coordinates``, ``shape`` and ``flat()``, or is a SymPy expression, matrix, array or a nested
    sequence of expressions; then ``coordinates`` must be given. Free symbols that are no coordinates become
    required keyword arguments of the same name, numbers or arrays that broadcast with the leading axes of
    theta. ``f.source`` is a text that stands alone and computes the same, in doubles alone.

    backend: "numpy" gives float64 arrays, and lazy ones for dask arrays; "jax" pure functions for jit, vmap and grad,
    in the precision of the arguments; "torch" functions of tensors that autograd differentiates; "c" C99 that the
    system's compiler compiles at once, called on NumPy arrays. Expectations without closed form are for "numpy" alone.

    Accuracy, "numpy" and "c": each value is within 1e-10 of the exact value of its expression at the given doubles,
    relative to itself, wherever a double can hold it and the arguments keep the symbols' assumptions; zero where less
    than the smallest double; nan outside the domain, and where 4000 bits (1600 with special functions, 640 with those
    that ball arithmetic has not) would not tell. A running error bound, computed beside the values unless it is proven
    beforehand, finds the points where doubles lose more than 2e-11; those are evaluated in ball arithmetic, one at a
    time: ten to a thousand microseconds a point, more for many components or rare functions. Inside the domain of a
    tensor a quotient of zeros has its limit. Not so with expectations without closed form, whose integrals have their
    own accuracy. The same holds for "jax" and "torch" in double precision on the CPU, and for their partial derivatives
    of every order by an argument, each relative to itself; the chain rule's sums of them are sums of doubles. Excepted
    are derivatives that have no closed form, as by the order of a Bessel function or at steps, that may be quotients of
    zeros, or that take more than 20,000 products (with "jax", or have more than 1024 numbers a point): these are found
    by automatic differentiation, without a bound. Single precision, other devices, functions that PyTorch compiles or
    traces, and sources are plain floating point.

    Raises ParameterListError, UnsupportedFunctionError, UnknownBackendError, MissingDependencyError and CompilerError;
    ``f`` raises ShapeError (a ValueError) and ArgumentError (a TypeError).
    """
    if backend not in BACKENDS:
        raise UnknownBackendError(f"there is no backend {backend!r}; choose one of {', '.join(BACKENDS)}")
    return BACKENDS[backend](Kernel.of(obj, coordinates))
