"""JAX's spelling of the operations of a graph."""

from __future__ import annotations

from symgeo.codegen.functional_printer import FunctionalPrinter


class JaxPrinter(FunctionalPrinter):
    """Operators on JAX's arrays; Python's numbers are weakly typed there and leave the precision as it is."""

    target = "jax"
    module = "jnp"
    scalar = "jnp.asarray({0})"
