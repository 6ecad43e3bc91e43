"""What all generated PyTorch code is put together with (functional_source.py), and calculus for the other helper files.

Their text is copied into stand-alone modules, so each of them uses nothing but ``math``, ``torch`` and the others.
What PyTorch lacks is computed in double precision whatever the precision of the arguments. All of it may be
differentiated as often as wanted: by given derivatives (_given), or because it is a sum of smooth terms. Outside the
real domain the value is nan.
"""

# Without annotations, as in the modules these texts are copied into.
# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import math

import torch


class _Given(torch.autograd.Function):
    """A function, entry by entry, with its partial derivatives given as functions of the same arguments."""

    @staticmethod
    def forward(value, slopes, *arguments):
        return value(*arguments)

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.slopes = inputs[1]
        ctx.save_for_backward(*inputs[2:])
        ctx.save_for_forward(*inputs[2:])

    @staticmethod
    def backward(ctx, cotangent):
        at, needed = ctx.saved_tensors, zip(ctx.slopes, ctx.needs_input_grad[2:], strict=True)
        return None, None, *(cotangent * slope(*at) if need else None for slope, need in needed)

    @staticmethod
    def jvp(ctx, value_tangent, slopes_tangent, *tangents):
        moving = [(slope, t) for slope, t in zip(ctx.slopes, tangents, strict=True) if t is not None]
        # PyTorch stops forward mode here: without this a forward derivative of this one would be zero.
        at = [torch.autograd.forward_ad.unpack_dual(x).primal for x in ctx.saved_tensors]
        with torch.autograd.forward_ad._set_fwd_grad_enabled(True):
            return sum(slope(*at) * t for slope, t in moving)

    @staticmethod
    def vmap(info, in_dims, value, slopes, *arguments):
        pairs = zip(arguments, in_dims[2:], strict=True)
        moved = [a.expand(info.batch_size, *a.shape) if d is None else a.movedim(d, 0) for a, d in pairs]
        return _Given.apply(value, slopes, *moved), 0


def _given(value, slopes, *arguments):
    """``value`` of the arguments, tensors of one shape, with its partial derivatives ``slopes`` given."""
    return _Given.apply(value, slopes, *arguments)


def _in_double(function, *arguments):
    """``function`` of numbers and tensors in one shape and double precision; the result in their own."""
    tensors = [a for a in arguments if isinstance(a, torch.Tensor)]
    own, device = tensors[0].dtype, tensors[0].device
    for tensor in tensors:
        own = torch.promote_types(own, tensor.dtype)
        device = tensor.device if tensor.dim() else device
    wide = [
        a.to(torch.float64)
        if isinstance(a, torch.Tensor)
        else torch.tensor(float(a), dtype=torch.float64, device=device)
        for a in arguments
    ]
    return function(*torch.broadcast_tensors(*wide)).to(own)


def _where_taken(condition, x):
    """``x``, which a gradient sees only where ``condition`` holds: where a branch that reads it is taken."""
    return torch.where(condition, x, x.detach() if isinstance(x, torch.Tensor) else x)


def _nan(x):
    """nan in the shape of ``x``."""
    return torch.full_like(x, math.nan)


def _integral(integrand, low, high):
    """The integral of a smooth function of (..., nodes) from ``low`` to ``high``, by the tanh-sinh rule.

    Its nodes crowd at both ends, so a bulk or a near singularity there is resolved.
    """
    step = 0.0165
    u = step * torch.arange(-200, 201, dtype=low.dtype, device=low.device)
    place = torch.sigmoid(math.pi * torch.sinh(u))
    weight = step * math.pi * torch.cosh(u) * place * torch.sigmoid(-math.pi * torch.sinh(u))
    width = high - low
    return torch.sum(integrand(low[..., None] + width[..., None] * place) * weight, -1) * width


def _reach(exponent, like):
    """How far the integrand exp(exponent(v)), v > 0, counts: where a concave ``exponent`` falls below -45."""
    low, high = torch.full_like(like, -40.0), torch.full_like(like, 30.0)
    for _ in range(14):
        middle = 0.5 * (low + high)
        beyond = exponent(torch.exp(middle)) < -45.0
        low, high = torch.where(beyond, low, middle), torch.where(beyond, middle, high)
    return torch.exp(high).detach()


def _horner(ratio, terms, like):
    """The series 1 + ratio(0) + ratio(0) ratio(1) + ... of so many terms."""
    total = torch.ones_like(like)
    for k in range(terms - 1, -1, -1):
        total = 1.0 + ratio(k) * total
    return total


def _real(x):
    """A tensor of real numbers; what holds whole numbers becomes floating-point."""
    x = torch.as_tensor(x)
    if x.is_complex():
        raise TypeError(f"arguments must be real, not {x.dtype}")
    return x if x.is_floating_point() else x.to(torch.get_default_dtype())


def _beside(x, like):
    """A tensor of real numbers in the precision and on the device of ``like``."""
    if torch.as_tensor(x).is_complex():
        raise TypeError("arguments must be real, not complex")
    return torch.as_tensor(x, dtype=like.dtype, device=like.device)


def _number(value, like):
    """A number as a tensor beside ``like``."""
    return torch.full((), value, dtype=like.dtype, device=like.device)


def _spread(value, leading, like):
    """A value at all points, in the precision of the arguments."""
    value = value if isinstance(value, torch.Tensor) else _number(value, like)
    return value.to(like.dtype).expand(leading)


def _linked(value, like):
    """``value``, whose derivative in ``like`` is zero where it has none."""
    if like.requires_grad and not value.requires_grad:
        return value + torch.nan_to_num(0.0 * like).sum()
    return value


def _component(value, leading, like):
    """The one component at all points, in memory of its own."""
    return _linked(_spread(value, leading, like).clone(), like)


def _stacked(components, leading, shape, like):
    """The components at all points as one tensor."""
    if not components:
        return like.new_zeros((*leading, *shape))
    columns = [_spread(c, leading, like) for c in components]
    return _linked(torch.stack(columns, dim=-1).reshape((*leading, *shape)), like)


def _masked(value, inside, axes):
    """nan outside, for the value and for its derivatives."""
    factor = torch.where(inside, 1.0, math.nan).to(value.dtype)
    return value * factor.reshape(factor.shape + (1,) * axes)
