"""The lowered geodesic equation with more digits where doubles lose those of the metric or of its symbols.

Where a coordinate comes to a removable singularity, or large terms cancel, float64 has the equation without digits or
not at all. Functions of the point alone are computed with checked digits, and contracted with velocities afterwards:
the sum of all terms vanishes on a geodesic, and says nothing about digits.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from symgeo.codegen import lambdify, plain_lambdify
from symgeo.solve.lowered_equation import LoweredEquation

if TYPE_CHECKING:
    import numpy as np
    from sympy import Symbol

_DIGITS = 1e-11  # relative differences of plain and checked values that are none of rounding alone


class CarefulEquation(LoweredEquation):
    """The equation of one alpha-connection in checked digits; see :class:`LoweredEquation`."""

    def lost(self, u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """At which points u (n, P, N) doubles lose digits of the metric or of the symbols, and where these have values
        at all, each (P, N) of bool."""
        import numpy as np

        x = np.moveaxis(self.chart.point(u), 0, -1)
        with np.errstate(all="ignore"):
            plain, checked = self._compared(x), self._entries(x)
            off = np.abs(plain - checked) > _DIGITS * np.max(np.abs(checked), axis=-1, keepdims=True)
        known = np.isfinite(checked)
        return np.any((off | ~np.isfinite(plain)) & known, axis=2), np.all(known, axis=2)

    @cached_property
    def _values(self) -> list[Any]:
        """The metric and the symbols of the first kind, g_kj row-major and then Gamma_ij,k by k, i, j."""
        n, symbols = range(self.dim), self._symbols
        metric = [self.manifold.metric.element(k, j) for k in n for j in n]
        return [*metric, *(symbols.element(i, j, k) for k in n for i in n for j in n)]

    @cached_property
    def _entries(self) -> Any:
        return lambdify([value.to_sympy() for value in self._values], self.manifold.coordinates)

    @cached_property
    def _compared(self) -> Any:
        return plain_lambdify([value.to_sympy() for value in self._values], self.manifold.coordinates)

    @cached_property
    def _slopes(self) -> Any:
        def slope(value: Any, by: Symbol) -> Any:
            return value.diff(by).to_sympy()

        x = self.manifold.coordinates
        return lambdify([slope(value, by) for value in self._values for by in x], x)

    def _split(self, arguments: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Points (..., n), velocities and accelerations (n, ...)."""
        import numpy as np

        n, given = self.dim, np.array(np.broadcast_arrays(*arguments))
        return np.moveaxis(given[:n], 0, -1), given[n : 2 * n], given[2 * n :]

    def _tensors(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """g_kj (n, n, ...) and Gamma_ij,k (n, n, n, ...) as [k, i, j], from values on the first axis."""
        n = self.dim
        rest = values.shape[1:]
        return values[: n * n].reshape(n, n, *rest), values[n * n :].reshape(n, n, n, *rest)

    @cached_property
    def _plain(self) -> Any:
        import numpy as np

        def function(*arguments: np.ndarray) -> np.ndarray:
            x, v, w = self._split(arguments)
            metric, symbols = self._tensors(np.moveaxis(self._entries(x), -1, 0))
            form = np.einsum("kj...,j...->k...", metric, w) + np.einsum("kij...,i...,j...->k...", symbols, v, v)
            return np.concatenate([form, metric.reshape(-1, *form.shape[1:])])

        return function

    @cached_property
    def _full(self) -> Any:
        import numpy as np

        def function(*arguments: np.ndarray) -> np.ndarray:
            x, v, w = self._split(arguments)
            n, rest = self.dim, v.shape[1:]
            symbols = self._tensors(np.moveaxis(self._entries(x), -1, 0))[1]
            slopes = np.moveaxis(self._slopes(x), -1, 0).reshape(-1, n, *rest)
            metric_by, symbols_by = self._tensors(slopes)
            by_point = np.einsum("kjm...,j...->km...", metric_by, w)
            by_point += np.einsum("kijm...,i...,j...->km...", symbols_by, v, v)
            by_velocity = 2 * np.einsum("kim...,i...->km...", symbols, v)
            parts = (by_point.reshape(n * n, *rest), by_velocity.reshape(n * n, *rest))
            return np.concatenate([self._plain(*arguments), *parts])

        return function
