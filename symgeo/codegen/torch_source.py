"""Stand-alone PyTorch modules."""

from __future__ import annotations

from collections.abc import Mapping

from symgeo.codegen import functional_source, python_source
from symgeo.codegen.kernel import Kernel
from symgeo.codegen.python_source import Dialect, Import, Signature
from symgeo.codegen.torch_printer import TorchPrinter

TORCH = Dialect(
    printer=TorchPrinter,
    helpers=(
        "torch_helpers.py",
        "torch_helpers_gamma.py",
        "torch_helpers_zeta.py",
        "torch_helpers_integrals.py",
        "torch_helpers_bessel.py",
        "torch_helpers_series.py",
    ),
    imports=(Import("import math\n", "math"), Import("import torch", package="PyTorch")),
    array="_real({0})",
    further="_beside({0}, {1})",
    returns="a tensor in the precision and on the device of theta,",
    reserved=frozenset({"torch", "math", "components"}),
)


def function_signature(kernel: Kernel, name: str | None = None) -> Signature:
    """The identifiers a kernel's function gets."""
    return python_source.function_signature(TORCH, kernel, name)


def module_text(kernels: Mapping[str, Kernel], doc: str = "") -> str:
    """One module with a function for each kernel, in the order given."""
    return functional_source.module_text(TORCH, kernels, doc)
