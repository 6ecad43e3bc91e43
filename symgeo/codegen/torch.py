"""PyTorch functions from kernels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from symgeo.codegen.calls import Arguments, described
from symgeo.codegen.kernel import Kernel
from symgeo.codegen.numeric_node import refuse_nodes
from symgeo.codegen.numpy import execute
from symgeo.codegen.torch_source import function_signature, module_text
from symgeo.errors import ArgumentError, MissingDependencyError


def torch_lambdify(kernel: Kernel) -> Callable[..., Any]:
    """The function of a kernel: ``f(theta, **extras)``, theta (..., n) -> (..., *shape), a tensor.

    Precision and device are those of theta; what holds whole numbers or is no tensor becomes PyTorch's default
    precision there. It may be differentiated any number of times by autograd, forwards and backwards, and works under
    ``torch.func``'s transforms.

    In double precision in the processor's memory, values that doubles cannot give are computed with more digits, and so
    are derivatives of every order (`torch_checked.py`). Single precision, other devices, and functions that are
    compiled, traced or run under a dispatch mode have PyTorch's operations alone, without a bound of their errors.

    Raises MissingDependencyError without PyTorch and UnsupportedFunctionError for what has no spelling in PyTorch; the
    function raises ShapeError for a wrong last axis or leading axes that do not broadcast, ArgumentError for missing,
    unknown or complex arguments.
    """
    try:
        import torch  # noqa: F401  only to know that it is there
    except ImportError as error:
        raise MissingDependencyError("the backend 'torch' needs PyTorch: pip install 'symgeo[torch]'") from error
    refuse_nodes(kernel.expressions, "torch")
    from symgeo.codegen.torch_checked import CheckedTensors

    signature = function_signature(kernel)
    text = module_text({signature.name: kernel})
    arguments = Arguments(kernel, signature, wide_tensor)
    checked = CheckedTensors(kernel, plain_function, plain_function(kernel, text))

    def function(theta: Any, /, **extras: Any) -> Any:
        theta, given, _ = arguments.checked(real_tensor(theta, "theta"), extras)
        return checked(theta, *(given[k].to(theta.device, theta.dtype) for k in signature.extras.values()))

    return described(function, signature, text)


def plain_function(kernel: Kernel, text: str = "") -> Callable[..., Any]:
    """``f(theta, *extras)`` of tensors by PyTorch's operations, in floating point alone; ``text`` is its module."""
    signature = function_signature(kernel)
    text = text or module_text({signature.name: kernel})
    core = execute(text, f"<symgeo {signature.name}>", {})[signature.name]
    return lambda theta, *extras: core(theta, **dict(zip(signature.extras.values(), extras, strict=True)))


def real_tensor(value: Any, name: str) -> Any:
    """``value`` as a tensor of floats. Raises ArgumentError for complex values and for what is no number."""
    import torch

    return _floating(value, name, None, torch.get_default_dtype())


def wide_tensor(value: Any, name: str) -> Any:
    """The same, where Python's and whole numbers keep their digits until they are brought to the precision of theta."""
    import torch

    return _floating(value, name, None if hasattr(value, "dtype") else torch.float64, torch.float64)


def _floating(value: Any, name: str, read_as: Any, whole: Any) -> Any:
    """``value`` read as a tensor of ``read_as``, its own precision if that is None, ``whole`` if it has none."""
    import torch

    try:
        tensor = torch.as_tensor(value, dtype=read_as)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ArgumentError(f"{name} must be a tensor of real numbers: {error}") from error
    if tensor.is_complex():
        raise ArgumentError(
            f"{name} must be a tensor of real numbers, not of {tensor.dtype}; take its real part if it is one"
        )
    return tensor if tensor.is_floating_point() else tensor.to(whole)
