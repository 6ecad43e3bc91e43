"""Source text that stands alone, in any language there is a generator for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import sympy as sp

from symgeo.codegen import c_source, jax_source, numpy_source, torch_source
from symgeo.codegen.kernel import Kernel
from symgeo.codegen.numeric_node import refuse_nodes
from symgeo.errors import UnknownBackendError

# Each takes the kernels by function name and the module's documentation, and returns the text.
LANGUAGES: Mapping[str, Callable[[Mapping[str, Kernel], str], str]] = {
    "numpy": numpy_source.module_text,
    "jax": jax_source.module_text,
    "torch": torch_source.module_text,
    "c": c_source.module_text,
    "c-header": c_source.header_text,
}


def source(
    obj: Any, coordinates: Iterable[sp.Symbol] | None = None, language: str = "numpy", name: str | None = None
) -> str:
    """A module with one function of ``obj`` that stands alone: "numpy" (with SciPy where needed), "jax", "torch", "c".

    For "c" it is C99, on the standard library and where needed the GNU Scientific Library, with a function of one point
    and one, whose name ends in _batch, of many; "c-header" is the header of that source, and `c_files` gives both.

    ``obj`` and ``coordinates`` are those of `lambdify`, and so is what the function computes, here in plain floating
    point, without a bound of its errors. ``name`` is the function's name; by default the object's own.
    """
    kernel = Kernel.of(obj, coordinates, name)
    refuse_nodes(kernel.expressions, language)
    return _generator(language)({kernel.name: kernel}, "")


def module_source(
    objects: Mapping[str, Any],
    coordinates: Iterable[sp.Symbol] | None = None,
    language: str = "numpy",
    doc: str = "",
) -> str:
    """A module with one function for each entry of ``{name: obj}``; ``doc`` becomes its docstring."""
    chart = None if coordinates is None else tuple(coordinates)
    kernels = {name: Kernel.of(obj, chart, name) for name, obj in objects.items()}
    for kernel in kernels.values():
        refuse_nodes(kernel.expressions, language)
    return _generator(language)(kernels, doc)


def _generator(language: str) -> Callable[[Mapping[str, Kernel], str], str]:
    if language not in LANGUAGES:
        raise UnknownBackendError(f"there is no generator for {language!r}; choose one of {', '.join(LANGUAGES)}")
    return LANGUAGES[language]
