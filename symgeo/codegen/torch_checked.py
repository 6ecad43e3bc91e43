"""PyTorch functions whose values come from NumPy's checked program (numpy_checked.py), on the memory of the tensors."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch.autograd import forward_ad

from symgeo.codegen.calls import common_shape
from symgeo.codegen.derivatives import derivative
from symgeo.codegen.kernel import Kernel
from symgeo.codegen.numpy import block_length, execute_checked
from symgeo.codegen.numpy_checked import Checked
from symgeo.codegen.numpy_source import Function

Tensors = Sequence[torch.Tensor]
_ORDINARY = (torch.Tensor, torch.nn.Parameter)


class _Wrapped(Exception):
    """A tensor that stands for others."""


class CheckedTensors:
    """The function of a kernel on double-precision tensors in the processor's memory, differentiated like any other.

    ``plain(theta, *extras)`` computes it by PyTorch's own operations. It serves all other tensors, and derivatives that
    `derivatives.py` does not give; ``make_plain`` makes such a function of a kernel.
    """

    def __init__(
        self,
        kernel: Kernel,
        make_plain: Callable[[Kernel], Callable[..., Any]],
        plain: Callable[..., Any] | None = None,
    ):
        self._kernel, self._make_plain, self._plain = kernel, make_plain, plain
        self._checked: tuple[Checked, tuple[str, ...]] | None = None
        self._slopes: dict[int, CheckedTensors | None] = {}

    def __call__(self, *tensors: torch.Tensor) -> torch.Tensor:
        """theta (..., n), extras (...), floating-point -> (..., *shape)."""
        if not all(_is_in_memory(t) for t in tensors) or _is_traced():
            return self.plain(*tensors)
        if not _is_differentiated(tensors):
            try:
                return self.values(tensors)
            except _Wrapped:
                pass  # within a transform of torch.func
        return _Evaluated.apply(self, *tensors)

    def plain(self, *tensors: torch.Tensor) -> torch.Tensor:
        """The function by PyTorch's operations."""
        self._plain = self._plain or self._make_plain(self._kernel)
        return self._plain(*tensors)

    @property
    def axes(self) -> int:
        """The number of axes of the values at one point."""
        return len(self._kernel.shape)

    def values(self, tensors: Tensors) -> torch.Tensor:
        """The values, without derivatives. Raises _Wrapped for what is not the memory of a tensor."""
        theta, *extras = _arrays(tensors)
        leading = common_shape([theta.shape[:-1], *(e.shape for e in extras)])
        return torch.from_numpy(np.asarray(self._at(theta, extras, leading)))

    def slopes(self, argument: int) -> CheckedTensors | None:
        """The derivatives by an argument, along a last axis for theta; None where PyTorch has to find them."""
        if argument not in self._slopes:
            kernel = derivative(self._kernel, argument)
            self._slopes[argument] = None if kernel is None else CheckedTensors(kernel, self._make_plain)
        return self._slopes[argument]

    def contracted(self, tensors: Tensors, cotangent: torch.Tensor) -> torch.Tensor:
        """The sum of cotangent (..., *shape) times values (..., *shape, n) over all but the last axis at each point.

        The values, which may take more room than all else, are there for some points at a time only. Raises _Wrapped.
        """
        theta, *extras = _arrays(tensors)
        (factors,) = _arrays([cotangent])
        leading = common_shape([theta.shape[:-1], *(e.shape for e in extras)])
        size, n = math.prod(leading), theta.shape[-1]
        theta = np.broadcast_to(theta, (*leading, n)).reshape(size, n)
        extras = [np.broadcast_to(e, leading).reshape(size) if e.ndim else e for e in extras]
        count = math.prod(self._kernel.shape[:-1])
        factors = np.ascontiguousarray(factors).reshape(size, 1, count)
        out = np.empty((size, n))
        step = block_length(count * n)
        for start in range(0, size, step):
            some = slice(start, start + step)
            at = theta[some]
            values = self._at(at, [e[some] if e.ndim else e for e in extras], at.shape[:1])
            out[some] = (factors[some] @ values.reshape(len(at), count, n))[:, 0]
        return torch.from_numpy(out.reshape(*leading, n))

    def _at(self, theta: np.ndarray, extras: Sequence[np.ndarray], leading: tuple[int, ...]) -> Any:
        checked, keywords = self._checked or self._made()
        return checked(theta, dict(zip(keywords, extras, strict=True)), leading)

    def _made(self) -> tuple[Checked, tuple[str, ...]]:
        written = Function.of(self._kernel, self._kernel.name)
        self._checked = Checked(written, execute_checked, block_length), tuple(written.signature.extras.values())
        return self._checked


class _Evaluated(torch.autograd.Function):
    """The values of a `CheckedTensors`, with its derivatives."""

    @staticmethod
    def forward(function: CheckedTensors, *tensors: torch.Tensor) -> torch.Tensor:
        return function.values(tensors)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: torch.Tensor) -> None:
        ctx.function, *tensors = inputs
        ctx.save_for_backward(*tensors)
        ctx.save_for_forward(*tensors)

    @staticmethod
    def backward(ctx: Any, cotangent: torch.Tensor) -> tuple[Any, ...]:
        at, function = ctx.saved_tensors, ctx.function
        found: dict[int, torch.Tensor] = {}
        by_torch = []
        for i, need in enumerate(ctx.needs_input_grad[1:]):
            slopes = function.slopes(i) if need else None
            if slopes is not None:
                found[i] = _pulled_back(slopes, at, i, cotangent)
            elif need:
                by_torch.append(i)
        if by_torch:
            pull = torch.func.vjp(_partial(function.plain, at, by_torch), *(at[i] for i in by_torch))[1]
            found.update(zip(by_torch, pull(cotangent), strict=True))
        return None, *(found.get(i) for i in range(len(at)))

    @staticmethod
    def jvp(ctx: Any, _: None, *tangents: torch.Tensor | None) -> torch.Tensor:
        # PyTorch stops forward mode here: without this a forward derivative of this one would be zero.
        at = [forward_ad.unpack_dual(t).primal for t in ctx.saved_tensors]
        with forward_ad._set_fwd_grad_enabled(True):
            parts = [_pushed_forward(ctx.function, at, i, t) for i, t in enumerate(tangents) if t is not None]
            return sum(parts[1:], parts[0])

    @staticmethod
    def vmap(info: Any, in_dims: tuple[int | None, ...], function: CheckedTensors, *tensors: torch.Tensor) -> Any:
        """The batch becomes the first of the leading axes, which all tensors then need to have."""
        pairs = list(zip(tensors, in_dims[1:], strict=True))
        # Coordinates take one axis of theta.
        own = [t.dim() - (d is not None) - (i == 0) for i, (t, d) in enumerate(pairs)]
        most, moved = max(own), []
        for (tensor, dim), axes in zip(pairs, own, strict=True):
            if dim is not None:
                tensor = tensor.movedim(dim, 0)
                tensor = tensor.reshape(tensor.shape[0], *(1,) * (most - axes), *tensor.shape[1:])
            moved.append(tensor)
        return _Evaluated.apply(function, *moved), 0


def _pulled_back(slopes: CheckedTensors, at: Tensors, argument: int, cotangent: torch.Tensor) -> torch.Tensor:
    """The sum of cotangent times slopes over all values, in the shape of the argument."""
    if argument == 0 and not torch.is_grad_enabled():
        try:
            return slopes.contracted(at, cotangent).sum_to_size(at[0].shape)
        except _Wrapped:
            pass
    products = slopes(*at) * (cotangent.unsqueeze(-1) if argument == 0 else cotangent)
    components = range(products.dim() - slopes.axes, products.dim() - (argument == 0))
    return (products.sum(tuple(components)) if components else products).sum_to_size(at[argument].shape)


def _pushed_forward(function: CheckedTensors, at: Tensors, argument: int, tangent: torch.Tensor) -> torch.Tensor:
    """The derivative along a tangent of an argument."""
    slopes = function.slopes(argument)
    if slopes is None:
        # By two passes backwards: PyTorch does not nest its own forward mode.
        value, pull, *_ = torch.func.vjp(_partial(function.plain, at, [argument]), at[argument])
        return torch.func.vjp(lambda cotangent: pull(cotangent)[0], torch.zeros_like(value))[1](tangent)[0]
    # Over all values at a point; theta's last axis is that of the coordinates.
    leading, last = (tangent.shape[:-1], tangent.shape[-1:]) if argument == 0 else (tangent.shape, ())
    products = slopes(*at) * tangent.reshape(*leading, *(1,) * function.axes, *last)
    return products.sum(-1) if argument == 0 else products


def _partial(plain: Callable[..., Any], at: Tensors, moving: Sequence[int]) -> Callable[..., Any]:
    """``plain`` as a function of some of its arguments, the others as they are ``at``."""

    def function(*some: torch.Tensor) -> torch.Tensor:
        given = dict(zip(moving, some, strict=True))
        return plain(*(given.get(i, t) for i, t in enumerate(at)))

    return function


def _arrays(tensors: Tensors) -> list[np.ndarray]:
    """The memory of tensors. Raises _Wrapped."""
    try:
        return [t.detach().resolve_neg().numpy() for t in tensors]
    except RuntimeError as error:
        raise _Wrapped from error


def _is_in_memory(tensor: torch.Tensor) -> bool:
    return (
        type(tensor) in _ORDINARY
        and tensor.dtype == torch.float64
        and tensor.device.type == "cpu"
        and tensor.layout == torch.strided
    )


def _is_traced() -> bool:
    """Whether operations are recorded, or replaced: then they must be PyTorch's."""
    return torch.compiler.is_compiling() or torch.jit.is_tracing() or torch._C._len_torch_dispatch_stack() > 0


def _is_differentiated(tensors: Tensors) -> bool:
    if torch.is_grad_enabled() and any(t.requires_grad for t in tensors):
        return True
    return any(forward_ad.unpack_dual(t).tangent is not None for t in tensors)
