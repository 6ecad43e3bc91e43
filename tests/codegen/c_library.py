"""Generated C compiled for tests, with every warning an error; skips, with the reason, what cannot be compiled here."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping

import numpy as np
import pytest

from symgeo.codegen.c import shared_library
from symgeo.codegen.c_source import c_functions, module_text
from symgeo.codegen.kernel import Kernel
from symgeo.errors import MissingDependencyError

STRICT = ("-std=c99", "-O2", "-Wall", "-Wextra", "-Wmissing-prototypes", "-Werror", "-pedantic")


class Compiled:
    """Functions of kernels that do not use GSL in one library, those that do in another."""

    def __init__(self, kernels: Mapping[str, Kernel]):
        self._functions = dict(zip(kernels, c_functions(kernels), strict=True))
        self._kernels = kernels
        self._libraries: dict[bool, ctypes.CDLL | str] = {}

    def __call__(self, name: str, points: np.ndarray) -> np.ndarray:
        """The values of one function at (P, n) points by its batch function."""
        function = self._functions[name]
        points = np.ascontiguousarray(points, dtype=float)
        values = np.full((len(points), *self._kernels[name].shape), 7.0)
        batch = getattr(self._library(function.uses_gsl()), function.batch)
        batch(ctypes.c_size_t(len(points)), pointer(points), pointer(values))
        return values

    def _library(self, gsl: bool) -> ctypes.CDLL:
        if gsl not in self._libraries:
            chosen = {name: k for name, k in self._kernels.items() if self._functions[name].uses_gsl() == gsl}
            try:
                self._libraries[gsl] = shared_library(module_text(chosen), STRICT)
            except MissingDependencyError as error:
                self._libraries[gsl] = str(error)
        library = self._libraries[gsl]
        if isinstance(library, str):
            pytest.skip(library)
        return library


def pointer(array: np.ndarray) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)
