"""The arguments of a kernel's function, checked before generated code sees them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from symgeo.codegen.kernel import Kernel
from symgeo.codegen.python_source import Signature
from symgeo.errors import ArgumentError, ShapeError


class Arguments:
    """Checks the arguments of one function.

    ``real_array(value, name)`` makes an array of the target's, and raises ArgumentError for what is not real.
    """

    def __init__(self, kernel: Kernel, signature: Signature, real_array: Callable[[Any, str], Any]):
        self._signature = signature
        self._real_array = real_array
        self._keywords = signature.keywords()
        self._n = len(kernel.coordinates)
        self._order = ", ".join(s.name for s in kernel.coordinates)

    def checked(self, theta: Any, extras: dict[str, Any]) -> tuple[Any, dict[str, Any], tuple[int, ...]]:
        """``theta`` and the extras by identifier as arrays, and the leading axes of the result.

        Raises ArgumentError for missing, unknown or complex arguments, ShapeError for shapes that do not fit.
        """
        name, keywords = self._signature.name, self._keywords
        given = {keywords[key]: self._real_array(v, key) for key, v in extras.items() if key in keywords}
        if len(given) != len(self._signature.extras) or len(given) != len(extras):
            raise _wrong_extras(name, list(self._signature.extras.values()), given, set(extras) - set(keywords))
        theta = self._real_array(theta, "theta")
        if theta.ndim == 0 or theta.shape[-1] != self._n:
            raise ShapeError(
                f"{name}: theta must have shape (..., {self._n}), the coordinates ({self._order}) in "
                f"this order along its last axis, not {tuple(theta.shape)}"
            )
        try:
            leading = common_shape([tuple(theta.shape[:-1]), *(tuple(v.shape) for v in given.values())])
        except ValueError as error:
            shapes = ", ".join(f"{key} {tuple(v.shape)}" for key, v in given.items())
            raise ShapeError(
                f"{name}: leading axes {tuple(theta.shape[:-1])} of theta and {shapes} do not broadcast"
            ) from error
        return theta, given, leading


def described(function: Callable[..., Any], signature: Signature, text: str) -> Callable[..., Any]:
    """``function`` with the name, documentation, signature and source of what it computes."""
    function.__name__ = function.__qualname__ = signature.name
    function.__doc__ = signature.doc
    function.__signature__ = signature.python()  # type: ignore[attr-defined]
    function.source = text  # type: ignore[attr-defined]
    return function


class Generated:
    """A generated function like those of `described`, whose ``source`` is written when it is first asked for."""

    def __init__(self, function: Callable[..., Any], signature: Signature, write: Callable[[], str]):
        self._function, self._write = function, write
        self.__name__ = self.__qualname__ = signature.name
        self.__doc__ = signature.doc
        self.__signature__ = signature.python()

    def __call__(self, theta: Any, /, **extras: Any) -> Any:
        return self._function(theta, **extras)

    @functools.cached_property
    def source(self) -> str:
        return self._write()

    def __repr__(self) -> str:
        return f"<function {self.__name__}{self.__signature__}>"


def common_shape(shapes: list[tuple[int, ...]]) -> tuple[int, ...]:
    """The shape all broadcast to. Raises ValueError when there is none."""
    if len(set(shapes)) == 1:  # the usual case, ten times faster to see than to compute
        return shapes[0]
    import numpy as np

    return np.broadcast_shapes(*shapes)


def _wrong_extras(name: str, needed: list[str], given: dict[str, Any], unknown: set[str]) -> ArgumentError:
    missing = [keyword for keyword in needed if keyword not in given]
    parts = [f"missing {', '.join(missing)}"] if missing else []
    parts += [f"unknown {', '.join(sorted(unknown))}"] if unknown else []
    parts = parts or ["the same argument given twice under two spellings"]
    expected = ", ".join(needed) or "none"
    return ArgumentError(f"{name}: keyword arguments: {'; '.join(parts)} (it takes {expected} besides theta)")
