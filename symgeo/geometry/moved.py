"""A manifold in another chart, where its geometry comes from the first chart by the laws of transformation.

Tensors are pulled back, the inverse metric goes by the inverse Jacobian, Christoffel symbols take the second derivative
of the map, the scalar curvature is carried over as it is. The metric in the new chart, often long, is neither inverted
nor differentiated. Source: Lee, Introduction to Riemannian Manifolds, 2018, chapters 2, 4 and 7.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from symgeo.algebra import Element, Tensor
from symgeo.algebra.linear import Inverse, SingularMatrixError, inverse
from symgeo.errors import SingularMetricError
from symgeo.geometry.formal_inverse import FormalInverse
from symgeo.geometry.manifold import StatisticalManifold
from symgeo.geometry.reference import RAISED_CUBIC, has_fewer_terms

if TYPE_CHECKING:
    from symgeo.geometry.connection import Connection

Rows = list[list[Element]]


class MovedManifold(StatisticalManifold):
    """``original`` with ``old coordinates = images(new)``; ``carry`` substitutes the images in an element."""

    def __init__(
        self,
        original: StatisticalManifold,
        images: Sequence[Element],
        carry: Callable[[Element], Element],
        plain: StatisticalManifold,
    ):
        """``plain``: metric, cubic tensor and duality in the new chart. Raises ``SingularMatrixError``."""
        super().__init__(plain.metric, plain.cubic, plain._duality, plain.dually_flat)
        self._original, self._images, self._carry = original, tuple(images), carry
        self._jacobian: Rows = [[x.diff(s) for s in self.coordinates] for x in images]
        self._backward: Inverse = inverse(self._jacobian)

    @cached_property
    def _inverse(self) -> Inverse | FormalInverse:
        n, back, field = self.dim, self._backward.matrix, self.field
        try:
            old = self._original.inverse_metric
        except SingularMetricError:
            return self._inverted()  # which names the null direction in this chart
        h = [[self._carry(old.element(i, j)) for j in range(n)] for i in range(n)]
        half = [[field.dot((1, back[a][i], h[i][j]) for i in range(n)) for j in range(n)] for a in range(n)]
        matrix = [[field.dot((1, half[a][j], back[b][j]) for j in range(n)) for b in range(n)] for a in range(n)]
        stretch = self._backward.determinant
        return Inverse(matrix, [self._carry(self._original._inverse.determinant), stretch, stretch])

    @cached_property
    def reference_christoffel(self) -> Tensor:
        """``[k, i, j]`` is ``Gamma^k_ij`` of the Levi-Civita connection, shape (n, n, n)."""
        second = [[[x.diff(t) for t in self.coordinates] for x in row] for row in self._jacobian]
        return self._mixed(self._original.connection(0).christoffel, second, "Christoffel symbols")

    @cached_property
    def raised_cubic(self) -> Tensor:
        """``[k, i, j]`` is ``T^k_ij``, shape (n, n, n)."""
        return self._mixed(self._original.raised_cubic, None, RAISED_CUBIC)

    def _mixed(self, old: Tensor, second: list[Rows] | None, name: str) -> Tensor:
        """``[c, a, b] = (d new_c/d old_k) (old^k_ij J^i_a J^j_b + second^k_ab)``, symmetric in a and b."""
        n, field, jacobian, back = self.dim, self.field, self._jacobian, self._backward.matrix
        lower: dict[tuple[int, int, int], Element] = {}
        for k in range(n):
            values = [[self._carry(old.element(k, i, j)) for j in range(n)] for i in range(n)]
            half = [
                [field.dot((1, values[i][j], jacobian[j][b]) for j in range(n)) for b in range(n)] for i in range(n)
            ]
            for a in range(n):
                for b in range(a, n):
                    terms = [(1, half[i][b], jacobian[i][a]) for i in range(n)]
                    lower[k, a, b] = field.dot(terms + ([(1, second[k][a][b], field.one)] if second else []))

        def entry(c: int, a: int, b: int) -> Element:
            return field.dot((1, back[c][k], lower[k, a, b]) for k in range(n))

        return Tensor.build(field, self.coordinates, (1, -1, -1), entry, symmetric=((1, 2),), name=name)

    def _there(self, connection: Connection) -> Connection:
        return self._original.connection(connection.alpha)

    def _pulled_back(self, tensor: Tensor) -> Tensor:
        return tensor.pullback(self.coordinates, self._images, self._carry)

    def riemann_of(self, connection: Connection) -> Tensor:
        """The Riemann curvature with lower indices of one of this manifold's connections."""
        return self._pulled_back(self._there(connection).riemann_lowered)

    def ricci_of(self, connection: Connection) -> Tensor:
        """The Ricci curvature of one of this manifold's connections."""
        return self._pulled_back(self._there(connection).ricci)

    def scalar_of(self, connection: Connection) -> Element:
        """The scalar curvature of one of this manifold's connections."""
        return self._carry(self._original.scalar_of(self._there(connection)))


def moved(
    original: StatisticalManifold,
    images: Sequence[Element],
    carry: Callable[[Element], Element],
    plain: StatisticalManifold,
) -> StatisticalManifold:
    """The manifold in the new chart, by transformation where the metric is no shorter there; else as it stands."""
    if has_fewer_terms(plain.metric, original.metric):
        return plain
    try:
        return MovedManifold(original, images, carry, plain)
    except SingularMatrixError:
        return plain
