"""Differential operators of the metric: gradient, divergence, Hessian, Laplace-Beltrami operator, Killing fields.

Functions are SymPy expressions in the coordinates, vector fields their components (n,). Sources: Lee, Introduction to
Riemannian Manifolds, 2018, chapters 2, 4 and 5; do Carmo, Riemannian Geometry, 1992, chapter 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from symgeo.algebra import Element, Tensor, as_expression
from symgeo.errors import TensorError, UnknownSymbolError

if TYPE_CHECKING:
    from sympy import Expr, Symbol

    from symgeo.geometry.manifold import StatisticalManifold


def gradient(m: StatisticalManifold, f: Expr) -> tuple[Expr, ...]:
    """``grad^i f = g^ij d_j f``, the natural gradient, (n,). Raises :class:`UnknownSymbolError`."""
    a = _function(m, f)
    slopes = [a.diff(s) for s in m.coordinates]
    n = range(m.dim)
    return tuple(m.field.dot((1, m.inverse_metric.element(i, j), slopes[j]) for j in n).to_sympy() for i in n)


def vector_divergence(m: StatisticalManifold, vector: Sequence[Expr]) -> Expr:
    """``d_i v^i + v^i d_i log sqrt(det g)``. Raises :class:`TensorError` and :class:`UnknownSymbolError`."""
    v = _vector(m, vector)
    gamma, n = m.connection(0).christoffel, range(m.dim)
    terms = [(1, v[i], gamma.element(k, k, i)) for i in n for k in n]
    return m.field.sum([m.field.dot(terms), *(v[i].diff(s) for i, s in enumerate(m.coordinates))]).to_sympy()


def hessian(m: StatisticalManifold, f: Expr, alpha: Expr | int = 0) -> Tensor:
    """``[i, j] = d_i d_j f - Gamma^k_ij d_k f`` of the alpha-connection, symmetric, (n, n)."""
    a = _function(m, f)
    slopes = [a.diff(s) for s in m.coordinates]
    gamma, one = m.connection(alpha).christoffel, m.field.one

    def entry(i: int, j: int) -> Element:
        terms = [(-1, gamma.element(k, i, j), slopes[k]) for k in range(m.dim)]
        return m.field.dot([(1, slopes[i].diff(m.coordinates[j]), one), *terms])

    return Tensor.build(m.field, m.coordinates, (-1, -1), entry, symmetric=((0, 1),), name="Hessian")


def laplace_beltrami(m: StatisticalManifold, f: Expr) -> Expr:
    """``div grad f = g^ij (d_i d_j f - Gamma^k_ij d_k f)``; negative on the eigenfunctions of a sphere."""
    second, n = hessian(m, f), range(m.dim)
    return m.field.dot((1, m.inverse_metric.element(i, j), second.element(i, j)) for i in n for j in n).to_sympy()


def lie_derivative_of_metric(m: StatisticalManifold, vector: Sequence[Expr]) -> Tensor:
    """``L_v g``, symmetric, (n, n): how the flow of a vector field changes the metric."""
    return m.metric.lie_derivative([a.to_sympy() for a in _vector(m, vector)])


def is_killing(m: StatisticalManifold, vector: Sequence[Expr]) -> bool:
    """Whether the flow of a vector field preserves the metric: ``L_v g = 0``."""
    return lie_derivative_of_metric(m, vector).is_zero


def conserved_quantity(m: StatisticalManifold, vector: Sequence[Expr], velocity: Sequence[Symbol]) -> Expr:
    """``g(v, x')``, constant along every geodesic (alpha = 0) when v is a Killing field; ``velocity`` names x', (n,).

    Raises :class:`TensorError` when v is no Killing field. Source: do Carmo 1992, chapter 3, exercise 5.
    """
    if not is_killing(m, vector):
        raise TensorError(
            f"the vector field {tuple(vector)} does not preserve the metric, so that it gives no conserved quantity; "
            "take a field for which is_killing holds"
        )
    if len(velocity) != m.dim:
        raise TensorError(f"the velocity needs {m.dim} components, got {len(velocity)}")
    v, n = _vector(m, vector), range(m.dim)
    speeds = [m.field(as_expression(s)) for s in velocity]
    return m.field.dot((1, m.metric.element(i, j), v[i] * speeds[j]) for i in n for j in n).to_sympy()


def _function(m: StatisticalManifold, f: Expr) -> Element:
    f = as_expression(f)
    extra = f.free_symbols - set(m.coordinates)
    if extra:
        raise UnknownSymbolError(
            f"{', '.join(sorted(map(str, extra)))} is no coordinate of this manifold, whose coordinates are "
            f"{m.coordinates}; give it a value"
        )
    return m.field(f)


def _vector(m: StatisticalManifold, vector: Sequence[Expr]) -> list[Element]:
    if len(vector) != m.dim:
        raise TensorError(f"the vector field needs {m.dim} components, got {len(vector)}")
    return [_function(m, v) for v in vector]
