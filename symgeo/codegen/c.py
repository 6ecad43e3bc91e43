"""C functions from kernels: compiled by the system's compiler, called on NumPy arrays."""

from __future__ import annotations

import ctypes
import math
import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symgeo.codegen.c_checked import CHECKED, checked_text
from symgeo.codegen.c_source import module_text
from symgeo.codegen.calls import Arguments, described
from symgeo.codegen.kernel import Kernel
from symgeo.codegen.numeric_node import refuse_nodes
from symgeo.codegen.numpy import block_length, execute_checked, real_array
from symgeo.codegen.numpy_source import function_signature
from symgeo.codegen.repair import Repair
from symgeo.errors import CompilerError, MissingDependencyError

if TYPE_CHECKING:
    import numpy as np

# The characters of a source up to which it is optimised so far: longer ones take a compiler many seconds, then minutes.
_OPTIMISED = {"-O3": 30_000, "-O1": 200_000}


def c_lambdify(kernel: Kernel) -> Callable[..., Any]:
    """The function of a kernel: ``f(theta, **extras)``, theta (..., n) -> (..., *shape), float64, compiled C.

    Values that doubles cannot give are computed with more digits (`repair.py`). What is compiled runs without Python's
    lock, so threads run at the same time. Raises MissingDependencyError where there is no C compiler, or where GSL is
    needed and missing, CompilerError where the compiler fails, UnsupportedFunctionError for what has no spelling in C;
    the function raises ShapeError and ArgumentError as NumPy's does.
    """
    import numpy as np

    refuse_nodes(kernel.expressions, "c")
    signature = function_signature(kernel)
    text = checked_text(kernel)
    core = getattr(shared_library(text), CHECKED)
    core.restype = ctypes.c_size_t
    count, pointer = ctypes.c_size_t, ctypes.c_void_p
    core.argtypes = [count, pointer, *(pointer, count) * len(kernel.extras), pointer, pointer]
    arguments = Arguments(kernel, signature, real_array)
    repair = Repair(kernel, signature, kernel.program, execute_checked, block_length)
    n = len(kernel.coordinates)

    def call(theta: Any, /, **extras: Any) -> Any:
        theta, given, leading = arguments.checked(theta, extras)
        size = math.prod(leading)
        points = np.ascontiguousarray(theta if theta.shape[:-1] == leading else np.broadcast_to(theta, (*leading, n)))
        values, doubt = np.empty((size, *kernel.shape)), np.zeros(size)
        arrays = {}  # what the pointers point to
        passed = [size, _address(points)]
        for keyword in signature.extras.values():
            array = given[keyword]
            arrays[keyword] = np.ascontiguousarray(np.broadcast_to(array, leading) if array.ndim else array)
            passed += [_address(arrays[keyword]), array.ndim > 0]
        if core(*passed, _address(values), _address(doubt)):
            flat = {name: array.reshape(size) if given[name].ndim else array for name, array in arrays.items()}
            repair(values, doubt.nonzero()[0], points.reshape(size, n), flat)
        values = values.reshape(leading + kernel.shape)
        # A single point of a scalar function gives a number, not an array without axes.
        return values if kernel.shape else values[()]

    return described(call, signature, module_text({signature.name: kernel}))


def _address(array: np.ndarray) -> int:
    return array.__array_interface__["data"][0]  # several times faster than array.ctypes


def shared_library(text: str, flags: Sequence[str] = ()) -> ctypes.CDLL:
    """The library of a source that this package has written, compiled in a private directory that is gone afterwards.

    The compiler is that of the environment variable CC, else cc, gcc or clang; no shell is involved. Raises
    MissingDependencyError and CompilerError.
    """
    optimisation = next((option for option, most in _OPTIMISED.items() if len(text) <= most), "-O0")
    flags = ("-std=c99", optimisation, *flags)
    uses_gsl = "gsl_" in text
    with tempfile.TemporaryDirectory(prefix="symgeo-", ignore_cleanup_errors=True) as directory:
        source, library = Path(directory, "functions.c"), Path(directory, "functions.so")
        source.write_text(text, encoding="ascii")
        command = [*_compiler(), *flags, "-shared", "-fPIC", "-o", str(library), str(source)]
        done = subprocess.run([*command, *(_gsl_options() if uses_gsl else ["-lm"])], capture_output=True, text=True)
        if done.returncode != 0:
            if uses_gsl and "gsl" in done.stderr.replace("gsl_", ""):
                raise MissingDependencyError(
                    "the function needs the GNU Scientific Library, which the C compiler does not find: install it "
                    "(libgsl-dev on Debian and Ubuntu, gsl in Homebrew and conda), or use backend='numpy'"
                )
            lines = "\n".join(done.stderr.splitlines()[:12])
            raise CompilerError(f"{command[0]} failed with exit code {done.returncode}; its first messages:\n{lines}")
        return ctypes.CDLL(str(library))


def _compiler() -> list[str]:
    """The compiler's command. Raises MissingDependencyError where there is none."""
    chosen = shlex.split(os.environ.get("CC", ""))
    for command in [chosen] if chosen else [["cc"], ["gcc"], ["clang"]]:
        found = shutil.which(command[0])
        if found:
            return [found, *command[1:]]
    missing = f"the compiler {chosen[0]} that CC names is not there" if chosen else "there is no cc, gcc or clang"
    raise MissingDependencyError(
        f"the backend 'c' needs a C compiler, and {missing}: install gcc or clang, or name one in the environment "
        "variable CC"
    )


def _gsl_options() -> list[str]:
    """Where GSL is, by its own word if it has one."""
    config = shutil.which("gsl-config")
    if config:
        done = subprocess.run([config, "--cflags", "--libs"], capture_output=True, text=True)
        if done.returncode == 0:
            return done.stdout.split()
    return ["-lgsl", "-lgslcblas", "-lm"]
