"""The alpha-connections of a statistical manifold, their Christoffel symbols and geodesic equations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING

from symgeo.algebra import Element, Tensor
from symgeo.errors import TensorError
from symgeo.geometry import curvature

if TYPE_CHECKING:
    from sympy import Eq, Expr, Symbol

    from symgeo.geometry.manifold import StatisticalManifold


class Connection:
    """``Gamma^(alpha)_{ij,k} = Gamma^(0)_{ij,k} - alpha/2 T_ijk``, torsion-free by construction.

    Source: Amari and Nagaoka, Methods of Information Geometry, 2000, equations (2.26) to (2.29).
    """

    def __init__(self, manifold: StatisticalManifold, alpha: Element):
        self.manifold = manifold
        self._alpha = alpha

    @property
    def alpha(self) -> Expr:
        """The connection's alpha, a number or an expression."""
        return self._alpha.to_sympy()

    @property
    def dual(self) -> Connection:
        """The connection dual with respect to the metric: that of -alpha."""
        return self.manifold.connection(-self.alpha)

    @cached_property
    def christoffel_first_kind(self) -> Tensor:
        """``[i, j, k]`` is ``Gamma_{ij,k} = g(nabla_i d_j, d_k)``, shape (n, n, n)."""
        m = self.manifold
        g, t, field = m.metric, m.cubic, m.field
        slope = _metric_derivatives(m)
        half = field.rational(Fraction(1, 2))
        weight = self._alpha * Fraction(-1, 2)

        def entry(i: int, j: int, k: int) -> Element:
            return field.dot((
                (1, slope(i, j, k), half), (1, slope(j, i, k), half), (-1, slope(k, i, j), half),
                (1, weight, t.element(i, j, k)),
            ))  # fmt: skip

        return Tensor.build(
            field,
            g.coordinates,
            (-1, -1, -1),
            entry,
            symmetric=((0, 1),),
            name="Christoffel symbols, first kind",
        )

    @cached_property
    def christoffel(self) -> Tensor:
        """``[k, i, j]`` is ``Gamma^k_ij``, shape (n, n, n); :class:`SingularMetricError` if g has no inverse."""
        return self.christoffel_first_kind.raise_last(self.manifold.inverse_metric, "Christoffel symbols")

    @cached_property
    def riemann_lowered(self) -> Tensor:
        """``[i, j, k, l]`` is ``g(R(d_i, d_j) d_k, d_l)``, shape (n, n, n, n)."""
        return curvature.riemann_lowered(self, self.dual)

    @cached_property
    def riemann(self) -> Tensor:
        """``[l, i, j, k]`` is ``R^l_kij`` of ``R(d_i, d_j) d_k``, shape (n, n, n, n)."""
        return self.riemann_lowered.raise_last(self.manifold.inverse_metric, "Riemann curvature")

    @cached_property
    def ricci(self) -> Tensor:
        """``[j, k]`` is the trace of ``X -> R(X, d_j) d_k``, shape (n, n)."""
        return curvature.ricci(self)

    @cached_property
    def scalar_curvature(self) -> Expr:
        """``g^jk Ric_jk``; positive on a round sphere."""
        return curvature.scalar(self).to_sympy()

    @cached_property
    def is_flat(self) -> bool:
        """Whether the Riemann curvature vanishes identically."""
        m = self.manifold
        if m.dim == 1 or (m.dually_flat and self._alpha in (1, -1)):
            return True
        return self.riemann_lowered.is_zero

    def sectional_curvature(self, u: Sequence[Expr], v: Sequence[Expr]) -> Expr:
        """``g(R(u, v) v, u)/(|u|^2 |v|^2 - g(u, v)^2)`` for two vectors given by their components (n,)."""
        m = self.manifold
        field, n, g = m.field, m.dim, m.metric
        if len(u) != n or len(v) != n:
            raise TensorError(f"the vectors need {n} components each, got {len(u)} and {len(v)}")
        a, b = [field(x) for x in u], [field(x) for x in v]

        def inner(x: list[Element], y: list[Element]) -> Element:
            return field.dot((1, g.element(i, j), x[i] * y[j]) for i in range(n) for j in range(n))

        area = inner(a, a) * inner(b, b) - inner(a, b) ** 2
        if not area:
            raise TensorError("the two vectors are parallel: a plane needs two independent ones")
        low = self.riemann_lowered
        top = field.dot((1, low.element(*i), a[i[0]] * b[i[1]] * b[i[2]] * a[i[3]]) for i in low.indices())
        return (top / area).to_sympy()

    def geodesic_equations(self, t: Symbol) -> list[Eq]:
        """``x''^k + Gamma^k_ij x'^i x'^j = 0`` with every coordinate a function of ``t``; n equations."""
        import sympy as sp

        coordinates = self.manifold.coordinates
        n = self.manifold.dim
        curves = [
            sp.Function(s.name, **{k: v for k, v in s.assumptions0.items() if k == "real"})(t) for s in coordinates
        ]
        along = dict(zip(coordinates, curves, strict=True))
        speeds = [sp.Derivative(x, t) for x in curves]
        equations = []
        for k in range(n):
            total = sp.Derivative(curves[k], (t, 2))
            for i in range(n):
                for j in range(i, n):
                    symbol = self.christoffel[k, i, j]
                    if symbol != 0:
                        total += (1 if i == j else 2) * symbol.subs(along, simultaneous=True) * speeds[i] * speeds[j]
            equations.append(sp.Eq(total, 0, evaluate=False))
        return equations

    def __repr__(self) -> str:
        return f"Connection with alpha = {self.alpha} on {self.manifold!r}"


def _metric_derivatives(manifold: StatisticalManifold) -> Callable[[int, int, int], Element]:
    """``d_k g_ij`` as a function of (k, i, j), each computed once."""
    cache: dict[tuple[int, int, int], Element] = {}
    g = manifold.metric

    def slope(k: int, i: int, j: int) -> Element:
        key = (k, i, j) if i <= j else (k, j, i)
        if key not in cache:
            cache[key] = g.element(key[1], key[2]).diff(g.coordinates[k])
        return cache[key]

    return slope
