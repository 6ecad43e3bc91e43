"""Stand-alone JAX modules."""

from __future__ import annotations

from collections.abc import Mapping

from symgeo.codegen import functional_source, python_source
from symgeo.codegen.jax_printer import JaxPrinter
from symgeo.codegen.kernel import Kernel
from symgeo.codegen.python_source import Dialect, Import, Signature

JAX = Dialect(
    printer=JaxPrinter,
    helpers=(
        "jax_helpers.py",
        "jax_zeta.py",
        "jax_integrals.py",
        "jax_gamma.py",
        "jax_bessel.py",
        "jax_hypergeometric.py",
    ),
    imports=(
        Import("import functools", "functools"),
        Import("import math", "math"),
        Import("import jax", "jax"),
        Import("import jax.numpy as jnp", package="JAX"),
        Import("import numpy as np", "np"),
        Import("from jax.scipy import special", "special"),
    ),
    array="_real({0})",
    returns="an array in the precision of the arguments,",
    masks_components=True,
    reserved=frozenset({"jax", "jnp", "functools", "math", "components", "component"}),
)


def function_signature(kernel: Kernel, name: str | None = None) -> Signature:
    """The identifiers a kernel's function gets."""
    return python_source.function_signature(JAX, kernel, name)


def module_text(kernels: Mapping[str, Kernel], doc: str = "") -> str:
    """One module with a function for each kernel, in the order given."""
    return functional_source.module_text(JAX, kernels, doc)
