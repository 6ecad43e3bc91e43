"""A submanifold within its ambient manifold: how it curves there, for every alpha.

The acceleration ``D_ab = d_a d_b f + Gamma^(alpha)(d_a f, d_b f)`` of an immersion f splits into a tangential part, the
induced connection, and a normal part, the second fundamental form ``H^(alpha)_ab`` (Euler and Schouten's imbedding
curvature). For a curved exponential family in its full family ``H^(1)`` is the e-curvature that Efron's statistical
curvature measures, ``H^(-1)`` that of a mixture. Sources: Amari, Differential-Geometrical Methods in Statistics, 1985,
sections 2.5 and 3.4; Efron, Ann. Statist. 3 (1975) 1189-1242.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from symgeo.algebra import Element, Tensor, as_expression
from symgeo.algebra.linear import rank_and_null_space
from symgeo.algebra.substitution import substitution
from symgeo.errors import TensorError

if TYPE_CHECKING:
    from sympy import Expr, ImmutableDenseNDimArray, Symbol

    from symgeo.geometry.manifold import StatisticalManifold

Rows = list[list[Element]]
Form = list[list[list[Element]]]  # [a][b][k]: a vector of the ambient manifold for every pair of tangent directions


class Embedding:
    """The immersed submanifold ``old = f(new)`` of a statistical manifold.

    ``ambient``: the manifold, of dimension n. ``old_in_new``: its coordinates as functions of the m new ones.
    Raises what ``ambient.submanifold`` raises, and :class:`SingularMetricError` on use where f is no immersion.
    """

    def __init__(
        self, ambient: StatisticalManifold, old_in_new: Mapping[Symbol, Expr], new_coordinates: Sequence[Symbol]
    ):
        self.ambient = ambient
        #: The submanifold with the induced metric and cubic tensor.
        self.manifold = ambient.submanifold(old_in_new, new_coordinates)
        images = {s: as_expression(old_in_new.get(s, s)) for s in ambient.coordinates}
        self._carry = substitution(ambient.field, images)
        self._images = [ambient.field(images[s]) for s in ambient.coordinates]
        self._forms: dict[Element, Form] = {}

    @property
    def coordinates(self) -> tuple[Symbol, ...]:
        """The submanifold's own coordinates."""
        return self.manifold.coordinates

    @cached_property
    def _jacobian(self) -> Rows:
        """[k][a] is d f^k/d new_a."""
        return [[f.diff(s) for s in self.coordinates] for f in self._images]

    @cached_property
    def _metric(self) -> Rows:
        """The ambient metric along the submanifold."""
        g, n = self.ambient.metric, self.ambient.dim
        rows = [[self._carry(g.element(i, j)) if j <= i else g.field.zero for j in range(n)] for i in range(n)]
        return [[rows[max(i, j)][min(i, j)] for j in range(n)] for i in range(n)]

    @cached_property
    def _lowered_tangents(self) -> Rows:
        """[a][k] is g_kl d_a f^l."""
        field, n = self.ambient.field, range(self.ambient.dim)
        return [
            [field.dot((1, self._metric[k][i], self._jacobian[i][a]) for i in n) for k in n]
            for a in range(self.manifold.dim)
        ]

    @cached_property
    def _normals(self) -> Rows:
        return rank_and_null_space(self._lowered_tangents)[1]

    @cached_property
    def normal_directions(self) -> tuple[tuple[Expr, ...], ...]:
        """A basis of the vectors orthogonal to the submanifold (the ancillary directions): n - m of n components."""
        return tuple(tuple(v.to_sympy() for v in vector) for vector in self._normals)

    def _form(self, alpha: Expr | int) -> Form:
        """The normal part of the acceleration, [a][b][k]."""
        connection = self.ambient.connection(alpha)
        order = self.ambient.field(connection.alpha)
        if order in self._forms:
            return self._forms[order]
        field, n, m = self.ambient.field, range(self.ambient.dim), range(self.manifold.dim)
        gamma = connection.christoffel
        carried = {i: self._carry(v) for i, v in gamma.stored() if i[1] <= i[2]}
        inverse, jacobian = self.manifold.inverse_metric, self._jacobian
        form: Form = [[[] for _ in m] for _ in m]
        for a in m:
            for b in range(a + 1):
                acceleration = []
                for k in n:
                    terms = [(1, jacobian[k][a].diff(self.coordinates[b]), field.one)]
                    for (c, i, j), value in carried.items():
                        if c == k:
                            both = jacobian[i][a] * jacobian[j][b]
                            terms.append((1, value, both if i == j else both + jacobian[j][a] * jacobian[i][b]))
                    acceleration.append(field.dot(terms))
                along = [field.dot((1, low[k], acceleration[k]) for k in n) for low in self._lowered_tangents]
                parts = [field.dot((1, inverse.element(c, d), along[d]) for d in m) for c in m]
                form[a][b] = form[b][a] = [
                    field.dot([(1, acceleration[k], field.one), *((-1, parts[c], jacobian[k][c]) for c in m)])
                    for k in n
                ]
        self._forms[order] = form
        return form

    def second_fundamental_form(self, alpha: Expr | int = 0) -> ImmutableDenseNDimArray:
        """``[k, a, b]``: component k in the ambient chart of the vector ``H^(alpha)_ab``, shape (n, m, m)."""
        from sympy import ImmutableDenseNDimArray

        form, m = self._form(alpha), range(self.manifold.dim)
        return ImmutableDenseNDimArray(
            [[[form[a][b][k].to_sympy() for b in m] for a in m] for k in range(self.ambient.dim)]
        )

    def is_autoparallel(self, alpha: Expr | int = 0) -> bool:
        """Whether ``H^(alpha)`` vanishes: geodesics of the submanifold are geodesics of the ambient manifold.

        For alpha = 1 in an exponential family it is then an exponential family itself, for alpha = 0 it is called
        totally geodesic.
        """
        from symgeo.algebra.zero_test import zero_test

        return all(bool(zero_test(x)) for row in self._form(alpha) for vector in row for x in vector)

    def _inner(self, u: Sequence[Element], v: Sequence[Element]) -> Element:
        field, n = self.ambient.field, range(self.ambient.dim)
        lowered = [field.dot((1, self._metric[k][i], v[i]) for i in n) for k in n]
        return field.dot((1, u[k], lowered[k]) for k in n)

    def curvature_product(self, alpha: Expr | int, beta: Expr | int) -> Tensor:
        """``[a, b, c, d] = g(H^(alpha)_ab, H^(beta)_cd)``, shape (m, m, m, m).

        With beta = -alpha it is what the equation of Gauss adds to the ambient curvature:
        ``R_abcd = R^ambient_abcd + [b, c, a, d] - [a, c, b, d]``. Source: Vos, Ann. Inst. Statist. Math. 41 (1989).
        """
        first, second = self._form(alpha), self._form(beta)

        def entry(a: int, b: int, c: int, d: int) -> Element:
            return self._inner(first[a][b], second[c][d])

        pairs = ((0, 1), (2, 3))
        return Tensor.build(
            self.manifold.field, self.coordinates, (-1,) * 4, entry, symmetric=pairs, name="product of curvature forms"
        )

    def squared_curvature(self, alpha: Expr | int = 1) -> Tensor:
        """``[a, b] = g(H_ac, H_bd) g^cd``, shape (m, m): the loss of information by the first-order estimate.

        Source: Efron 1975, section 9, for alpha = 1 and m = 1; Amari 1985, chapter 4.
        """
        product, inverse, m = self.curvature_product(alpha, alpha), self.manifold.inverse_metric, self.manifold.dim

        def entry(a: int, b: int) -> Element:
            return self.manifold.field.dot(
                (1, product.element(a, c, b, d), inverse.element(c, d)) for c in range(m) for d in range(m)
            )

        return Tensor.build(
            self.manifold.field, self.coordinates, (-1, -1), entry, symmetric=((0, 1),), name="squared curvature"
        )

    def _total(self, alpha: Expr | int) -> Expr:
        squared, inverse, m = self.squared_curvature(alpha), self.manifold.inverse_metric, range(self.manifold.dim)
        return self.manifold.field.dot(
            (1, squared.element(a, b), inverse.element(a, b)) for a in m for b in m
        ).to_sympy()

    @cached_property
    def efron_curvature(self) -> Expr:
        """Efron's ``gamma^2``: the trace of the squared e-curvature; in several dimensions its generalisation."""
        return self._total(1)

    @cached_property
    def mixture_curvature(self) -> Expr:
        """The trace of the squared m-curvature, alpha = -1."""
        return self._total(-1)

    def mean_curvature(self, alpha: Expr | int = 0) -> tuple[Expr, ...]:
        """``g^ab H^(alpha)_ab / m``, a normal vector of n components; zero for alpha = 0 on a minimal submanifold."""
        field, m, inverse = self.ambient.field, self.manifold.dim, self.manifold.inverse_metric
        form = self._form(alpha)
        return tuple(
            (field.dot((1, inverse.element(a, b), form[a][b][k]) for a in range(m) for b in range(m)) / m).to_sympy()
            for k in range(self.ambient.dim)
        )

    def normal_component(self, alpha: Expr | int, normal: Sequence[Expr]) -> Tensor:
        """``[a, b] = g(H^(alpha)_ab, normal)``, shape (m, m), for a vector of n components along the submanifold.

        Raises :class:`TensorError` when the number of components is another one.
        """
        if len(normal) != self.ambient.dim:
            raise TensorError(f"the vector needs {self.ambient.dim} components, got {len(normal)}")
        vector, form = [self.ambient.field(as_expression(v)) for v in normal], self._form(alpha)
        return Tensor.build(
            self.manifold.field,
            self.coordinates,
            (-1, -1),
            lambda a, b: self._inner(form[a][b], vector),
            symmetric=((0, 1),),
            name="second fundamental form",
        )

    def __repr__(self) -> str:
        names = ", ".join(map(str, self.coordinates))
        return f"Embedding of dimension {self.manifold.dim} in ({names}) in {self.ambient!r}"
