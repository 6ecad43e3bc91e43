"""The alpha-connections of a statistical manifold, their Christoffel symbols and geodesic equations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

from symgeo.algebra import Element, Tensor, as_expression
from symgeo.codegen import plain_lambdify
from symgeo.codegen.numeric_node import NumericNode
from symgeo.errors import TensorError
from symgeo.geometry.curvature import sectional

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
        #: What numerical methods have generated from this connection, by its maker.
        self.generated: dict[type, Any] = {}

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
        return self._shifted(m.reference.first_kind, lambda: m.cubic, "Christoffel symbols, first kind")

    @cached_property
    def christoffel(self) -> Tensor:
        """``[k, i, j]`` is ``Gamma^k_ij``, shape (n, n, n); :class:`SingularMetricError` if g has no inverse."""
        m = self.manifold
        return self._shifted(m.reference_christoffel, lambda: m.raised_cubic, "Christoffel symbols")

    def _shifted(self, symbols: Tensor, cubic: Callable[[], Tensor], name: str) -> Tensor:
        """The reference connection's symbols minus (alpha - alpha_0)/2 times the cubic tensor in the same position."""
        field = symbols.field
        weight = (self._alpha - self.manifold.reference.alpha) * Fraction(-1, 2)
        return Tensor.combination([(field.one, symbols), *([(weight, cubic())] if weight else [])], name)

    @cached_property
    def riemann_lowered(self) -> Tensor:
        """``[i, j, k, l]`` is ``g(R(d_i, d_j) d_k, d_l)``, shape (n, n, n, n)."""
        return self.manifold.riemann_of(self)

    @cached_property
    def riemann(self) -> Tensor:
        """``[l, i, j, k]`` is ``R^l_kij`` of ``R(d_i, d_j) d_k``, shape (n, n, n, n)."""
        m = self.manifold
        return m.shortened(self.riemann_lowered).raise_last(m.inverse_metric, "Riemann curvature")

    @cached_property
    def ricci(self) -> Tensor:
        """``[j, k]`` is the trace of ``X -> R(X, d_j) d_k``, shape (n, n)."""
        return self.manifold.ricci_of(self)

    @cached_property
    def scalar_curvature(self) -> Expr:
        """``g^jk Ric_jk``; positive on a round sphere."""
        return self.manifold.scalar_of(self).to_sympy()

    @cached_property
    def is_flat(self) -> bool:
        """Whether the Riemann curvature vanishes identically."""
        m = self.manifold
        if m.dim == 1 or (m.dually_flat and self._alpha in (1, -1)):
            return True
        hidden = m.keeps_names or any(e.has(NumericNode) for e in self.riemann_lowered.flat())
        return self._vanishes_at_samples() if hidden else self.riemann_lowered.is_zero

    def _vanishes_at_samples(self) -> bool:
        """Whether the curvature is zero to eight digits of the metric at sample points: what is kept by names and what
        is integrated numerically hides its relations."""
        import numpy as np

        m = self.manifold
        if not any(True for _ in self.riemann_lowered.stored()):
            return True
        points = np.array([[float(m.field.knowledge.value(s, k)) for s in m.coordinates] for k in range(3)])
        scale = np.sqrt(np.einsum("...ii->...i", plain_lambdify(m.metric)(points)))
        sizes = np.einsum("pi,pj,pk,pl->pijkl", scale, scale, scale, scale)
        return bool(np.all(np.abs(plain_lambdify(self.riemann_lowered)(points)) < 1e-8 * sizes))

    def sectional_curvature(self, u: Sequence[Expr], v: Sequence[Expr]) -> Expr:
        """``g(R(u, v) v, u)/(|u|^2 |v|^2 - g(u, v)^2)`` for two vectors given by their components (n,)."""
        return sectional(self.manifold, self.riemann_lowered, u, v)

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

    def parallel_transport_equations(self, curve: Sequence[Expr], t: Symbol) -> list[Eq]:
        """``v'^k + Gamma^k_ij(x(t)) x'^i v^j = 0`` along the curve x(t), ``curve`` (n,); n equations.

        The components of the vector are functions of ``t``, named v_ and the coordinate's name. Raises
        :class:`TensorError` for a curve of the wrong length. Source: Amari and Nagaoka 2000, section 1.6.
        """
        import sympy as sp

        coordinates, n = self.manifold.coordinates, self.manifold.dim
        if len(curve) != n:
            raise TensorError(f"the curve needs {n} coordinates, got {len(curve)}")
        along = dict(zip(coordinates, map(as_expression, curve), strict=True))
        speeds = [along[s].diff(t) for s in coordinates]
        vector = [sp.Function(f"v_{s.name}", real=True)(t) for s in coordinates]
        equations = []
        for k in range(n):
            total = sp.Derivative(vector[k], t)
            for j in range(n):
                symbols = [(self.christoffel[k, i, j], speeds[i]) for i in range(n)]
                total += sp.Add(*(c.subs(along, simultaneous=True) * v for c, v in symbols if c != 0)) * vector[j]
            equations.append(sp.Eq(total, 0, evaluate=False))
        return equations

    def __repr__(self) -> str:
        return f"Connection with alpha = {self.alpha} on {self.manifold!r}"
