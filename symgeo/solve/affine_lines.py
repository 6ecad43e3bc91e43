"""Straight lines in the affine coordinates of a dually flat manifold: its e- and m-geodesics.

Source: Amari and Nagaoka, Methods of Information Geometry, 2000, section 3.3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from symgeo.codegen import numpy_function
from symgeo.codegen.numeric_node import nodes_in
from symgeo.solve.closed_form import Map

if TYPE_CHECKING:
    import numpy as np

    from symgeo.geometry.manifold import StatisticalManifold


class AffineLines:
    """Straight lines in natural (alpha 1) or expectation coordinates (-1)."""

    def __init__(self, manifold: StatisticalManifold, alpha: int):
        duality = manifold.duality
        assert duality is not None, "asked for before"
        chart = duality.in_natural if alpha == 1 else duality.in_expectation
        self.map = Map(duality.natural if alpha == 1 else duality.expectation, manifold.coordinates)
        #: Whether the way back is a closed form, and no iteration.
        self.closed = not nodes_in(chart.origin)
        self._back = numpy_function(chart.origin, chart.coordinates)
        self.alpha = alpha
        self.name = "natural" if alpha == 1 else "expectation"

    def points(self, start: np.ndarray, end: np.ndarray, times: np.ndarray) -> np.ndarray:
        """Points (n, P, T) of the lines between affine coordinates (n, P), to the digits of both ends."""
        import numpy as np

        line = start[:, :, None] * (1 - times) + end[:, :, None] * times
        found = self._back(*line.reshape(len(line), -1))
        return np.array([np.broadcast_to(c, line[0].size) for c in found]).reshape(line.shape)
