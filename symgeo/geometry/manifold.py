"""A statistical manifold: a chart, a metric g and a totally symmetric cubic tensor T, nothing else.

Source: Lauritzen, Statistical manifolds, in Differential Geometry in Statistical Inference, 1987, section 4.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn

from symgeo.algebra import Element, Field, Tensor, as_expression, differential_field
from symgeo.algebra.generators import named, power
from symgeo.algebra.knowledge import ChartSymbols
from symgeo.algebra.linear import Inverse, SingularMatrixError, rank_and_null_space, symmetric_inverse
from symgeo.algebra.substitution import substitution
from symgeo.errors import ParameterListError, SingularMetricError, UnknownSymbolError
from symgeo.geometry import curvature
from symgeo.geometry import reference as given
from symgeo.geometry.connection import Connection
from symgeo.geometry.duality import Duality
from symgeo.geometry.formal_inverse import LARGEST_WRITTEN, FormalInverse

if TYPE_CHECKING:
    from sympy import Expr, Symbol

    from symgeo.geometry.space import Space


class StatisticalManifold:
    """The triple (coordinates, metric, cubic tensor), from which every alpha-geometry follows.

    ``metric`` (n, n) and ``cubic`` (n, n, n) are tensors with lower indices; the cubic tensor may be given by a
    function that derives it when asked for, and raises where it is infinite. ``duality``, itself or a function that
    derives it, is given when the manifold is known to be dually flat (a regular exponential or mixture family, a
    Hessian potential). Instead of the cubic tensor a connection with alpha = 1 or -1 may be given, which determines it.
    With ``formal_inverse`` large blocks of the inverse metric are quantities of their own instead of being written out.
    """

    def __init__(
        self,
        metric: Tensor,
        cubic: Tensor | Callable[[], Tensor] | None = None,
        duality: Duality | Callable[[], Duality] | None = None,
        dually_flat: bool = False,
        reference: given.Reference | None = None,
        formal_inverse: bool = False,
    ):
        if cubic is None and (reference is None or not reference.alpha):
            raise ParameterListError("a statistical manifold needs its cubic tensor, or its e- or m-connection")
        self.metric = metric
        self._duality = duality
        self.dually_flat = dually_flat or duality is not None
        self._cubic = cubic
        self._reference = reference
        self._formal_inverse = formal_inverse
        self._connections: dict[Element, Connection] = {}
        # What rooms above keep with the manifold, such as generated functions.
        self.kept: dict[Any, Any] = {}

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a manifold cannot be pickled, for its affine coordinates live in FLINT; pickle the model, whose manifold "
            "is derived again, or its tensors"
        )

    def __deepcopy__(self, memo: dict) -> StatisticalManifold:
        return self  # nothing changes it

    @classmethod
    def from_potential(cls, potential: Expr, coordinates: Sequence[Symbol]) -> StatisticalManifold:
        """The Hessian structure of a potential: g its second and T its third derivatives in ``coordinates``.

        The coordinates are affine for the e-connection. Source: Amari and Nagaoka 2000, section 3.3.
        """
        import sympy as sp

        coordinates = (coordinates,) if isinstance(coordinates, sp.Symbol) else tuple(coordinates)
        if not coordinates or len(set(coordinates)) < len(coordinates):
            raise ParameterListError("the coordinates of a potential must be distinct symbols, at least one")
        potential = as_expression(potential)
        extra = potential.free_symbols - set(coordinates)
        if extra:
            raise UnknownSymbolError(
                f"the potential holds {', '.join(sorted(map(str, extra)))}, which is no coordinate; "
                "give it a value or add it to the coordinates"
            )
        field = differential_field()
        natural = [field(s) for s in coordinates]
        psi = field(potential)
        expectation = [psi.diff(s) for s in coordinates]
        metric, reference = given.dually_flat(coordinates, natural, expectation)
        return cls(metric, duality=Duality(coordinates, natural, expectation, psi), reference=reference)

    @classmethod
    def from_divergence(cls, divergence: Expr, p: Sequence[Symbol], q: Sequence[Symbol]) -> StatisticalManifold:
        """The structure that a divergence ``D(p || q)`` of two points induces, in the coordinates p (Eguchi).

        ``g_ij = -d_i d'_j D``, the connection with alpha = 1 is ``Gamma_ij,k = -d_i d_j d'_k D``, that with alpha = -1
        its dual ``-d'_i d'_j d_k D``, and T is the second less the first. So the alpha-divergence of a model induces
        (g, alpha T): Kullback and Leibler's ``D(p || q)``, alpha = -1, exchanges e- and m-connection, ``D(q || p)``
        induces (g, T). Raises :class:`NotADivergenceError` for a function that does not vanish on the diagonal with
        its first derivatives, is not smooth there or has no positive definite metric, :class:`NoClosedFormError` where
        it holds an expectation that is integrated, :class:`SingularMetricError`, :class:`ParameterListError` and
        :class:`UnknownSymbolError`.
        Source: Eguchi, Ann. Statist. 11 (1983) 793-803; Amari and Nagaoka 2000, section 3.2.
        """
        from symgeo.geometry.divergence import induced

        metric, reference = induced(divergence, p, q)
        manifold = cls(metric, reference=reference)
        manifold._inverse  # noqa: B018  a singular metric is refused here
        return manifold

    @cached_property
    def duality(self) -> Duality | None:
        """Affine coordinates and potentials of the two flat connections; None where the manifold is not known to be
        dually flat."""
        return self._duality() if callable(self._duality) else self._duality

    def with_duality(self, duality: Callable[[], Duality]) -> StatisticalManifold:
        """The same manifold, known to be dually flat; the function gives its affine coordinates when asked for."""
        return StatisticalManifold(self.metric, self._cubic, duality, True, self._reference, self._formal_inverse)

    @property
    def field(self) -> Field:
        """The differential field that the components live in."""
        return self.metric.field

    @property
    def coordinates(self) -> tuple[Symbol, ...]:
        """The coordinates, in order."""
        return self.metric.coordinates

    @property
    def dim(self) -> int:
        """The number of coordinates."""
        return self.metric.dim

    @cached_property
    def _matrix(self) -> list[list[Element]]:
        return [[self.metric.element(i, j) for j in range(self.dim)] for i in range(self.dim)]

    @cached_property
    def _inverse(self) -> Inverse | FormalInverse:
        return self._inverted()

    def _inverted(self) -> Inverse | FormalInverse:
        try:
            return FormalInverse(self._matrix) if self._formal_inverse else symmetric_inverse(self._matrix)
        except SingularMatrixError:
            rank, null = rank_and_null_space(self._matrix)
            direction = tuple(v.to_sympy() for v in null[0])
            text = " + ".join(f"({v}) d/d{s}" for v, s in zip(direction, self.coordinates, strict=True) if v != 0)
            raise SingularMetricError(
                f"the metric is singular: rank {rank} of {self.dim}; the density does not change along {text}. "
                "The parameters are not identifiable: drop or fix one, or declare a parametrisation without it",
                rank,
                direction,
            ) from None

    @cached_property
    def inverse_metric(self) -> Tensor:
        """g^ij, shape (n, n); :class:`SingularMetricError` with rank and null direction if g has no inverse."""
        matrix = self._inverse.matrix
        return Tensor.build(
            self.field,
            self.coordinates,
            (1, 1),
            lambda i, j: matrix[i][j],
            symmetric=((0, 1),),
            name="inverse metric",
        )

    @cached_property
    def reference(self) -> given.Reference:
        """The connection that the others are computed from: one that is known without the cubic tensor."""
        return self._reference or given.levi_civita(self.metric)

    @cached_property
    def reference_christoffel(self) -> Tensor:
        """``[k, i, j]`` is ``Gamma^k_ij`` of the reference connection, shape (n, n, n)."""
        return self.reference.first_kind.raise_last(self.inverse_metric, "Christoffel symbols")

    @cached_property
    def cubic(self) -> Tensor:
        """T_ijk, totally symmetric, shape (n, n, n)."""
        if self._cubic is not None:
            return self._cubic() if callable(self._cubic) else self._cubic
        if self._inverse_is_simpler:
            return self.raised_cubic.lower_index(0, self.metric, symmetric=((0, 1, 2),), name=given.CUBIC)
        return given.cubic_tensor(self.metric, self.reference)

    @cached_property
    def raised_cubic(self) -> Tensor:
        """``[k, i, j]`` is ``T^k_ij = g^km T_ijm``, shape (n, n, n)."""
        if self._cubic is None and self._inverse_is_simpler:
            return given.raised_cubic_from_inverse(
                self.metric, self.inverse_metric, self.reference.alpha, self.reference_christoffel
            )
        return self.cubic.raise_last(self.inverse_metric, given.RAISED_CUBIC)

    @cached_property
    def _inverse_is_simpler(self) -> bool:
        if not given.is_long(self.metric):
            return False
        try:
            return given.has_fewer_terms(self.inverse_metric, self.metric)
        except SingularMetricError:
            return False

    @property
    def determinant(self) -> Expr:
        """det g."""
        return self._inverse.determinant.to_sympy()

    @cached_property
    def jeffreys_prior(self) -> Expr:
        """sqrt(det g), not normalised. Source: Jeffreys, Proc. R. Soc. A 186 (1946) 453-461."""
        det = self._inverse.determinant
        return power(self.field, det, Fraction(1, 2), det.to_sympy()).to_sympy()

    def connection(self, alpha: Expr | int | Fraction = 0) -> Connection:
        """The alpha-connection, alpha a number or a symbol: 1 the e-, -1 the m-connection, 0 Levi-Civita."""
        import sympy as sp

        order = as_expression(alpha)
        if order is sp.nan or order.is_finite is False or order.is_extended_real is False:
            raise ParameterListError(f"alpha is a real number or a symbol, not {alpha}")
        value = self.field(order)
        if value.free_symbols & set(self.coordinates):
            raise ParameterListError(f"alpha may not hold a coordinate, but it is {alpha}")
        if value not in self._connections:
            self._connections[value] = Connection(self, value)
        return self._connections[value]

    def reparametrize(
        self, old_in_new: Mapping[Symbol, Expr], new_coordinates: Sequence[Symbol]
    ) -> StatisticalManifold:
        """The same manifold in other coordinates; ``old_in_new`` gives every old coordinate as a function of the new.

        Raises :class:`ParameterListError` when the number of coordinates differs (that is a submanifold) and
        :class:`SingularMetricError` on use when the map is degenerate.
        """
        if len(new_coordinates) != self.dim:
            raise ParameterListError(
                f"{self.dim} coordinates cannot become {len(new_coordinates)}; use submanifold for fewer"
            )
        from symgeo.geometry.moved import moved

        return moved(self, *self._pullback(old_in_new, new_coordinates, self.dually_flat))

    def submanifold(self, old_in_new: Mapping[Symbol, Expr], new_coordinates: Sequence[Symbol]) -> StatisticalManifold:
        """The immersed submanifold ``old = f(new)`` with the induced metric and cubic tensor.

        Its Levi-Civita and alpha-connections are the induced ones. Source: Amari 1985, section 2.5.
        """
        if not 0 < len(new_coordinates) <= self.dim:
            raise ParameterListError(f"a submanifold of dimension 1 to {self.dim} needs that many coordinates")
        return self._pullback(old_in_new, new_coordinates, False)[2]

    def _pullback(
        self, old_in_new: Mapping[Symbol, Expr], new_coordinates: Sequence[Symbol], dually_flat: bool
    ) -> tuple[list[Element], Callable[[Element], Element], StatisticalManifold]:
        """The map as elements, the substitution of it, and the induced triple."""
        import sympy as sp

        new = tuple(new_coordinates)
        # A coordinate that is not mentioned keeps its name, as long as it is among the new ones.
        images = {s: as_expression(old_in_new.get(s, s)) for s in self.coordinates}
        if len(set(new)) < len(new):
            raise ParameterListError("a coordinate is repeated; name each new coordinate once")
        unreal = [s for s, e in images.items() if e.has(sp.I)]
        if unreal:
            raise ParameterListError(f"the image of {unreal[0]}, {images[unreal[0]]}, is not real")
        unknown = set(old_in_new) - set(self.coordinates)
        if unknown:
            raise UnknownSymbolError(f"{', '.join(map(str, unknown))} is no coordinate of this manifold")
        extra = set().union(*(e.free_symbols for e in images.values())) - set(new)
        if extra:
            raise UnknownSymbolError(
                f"the map holds {', '.join(sorted(map(str, extra)))}, which is no new coordinate; "
                "add it to the new coordinates or give it a value"
            )
        reused = [s for s in new if s in images and images[s] != s]
        if reused:
            raise ParameterListError(
                f"{', '.join(map(str, reused))} would mean one thing before and another after the change; "
                "use a new symbol for the new coordinate"
            )
        carry = substitution(self.field, images)
        signed = [s if s.is_positive else -s for s in new if s.is_positive or s.is_negative]
        inside = [c.subs(images, simultaneous=True) for c in self.metric.conditions]
        new = ChartSymbols(new, [*signed, *inside])
        self.field.knowledge.state_domain(new, new.conditions)
        elements = [self.field(images[s]) for s in self.coordinates]

        def moved_duality() -> Duality:
            assert self.duality is not None, "asked for before"
            return self.duality.pullback(new, carry)

        duality = moved_duality if self._duality is not None and dually_flat else None
        metric, cubic = (t.pullback(new, elements, carry) for t in (self.metric, self.cubic))
        return elements, carry, StatisticalManifold(metric, cubic, duality, dually_flat)

    @cached_property
    def _space(self) -> Space:
        from symgeo.geometry.isometry import recognised

        return recognised(self)

    @property
    def keeps_names(self) -> bool:
        """Whether the inverse metric, and what is built from it, is kept by names instead of being written out."""
        return self._formal_inverse and self.dim > LARGEST_WRITTEN

    def shortened(self, tensor: Tensor) -> Tensor:
        """The tensor, where the inverse metric is kept by names with long components kept by names as well: what is
        built from them is not multiplied out."""
        if not self.keeps_names:
            return tensor

        def entry(*index: int) -> Element:
            value = tensor.element(*index)
            return named(value) if value.terms > 1 else value

        return Tensor.build(
            tensor.field, tensor.coordinates, tensor.slots, entry, tensor.symmetric, tensor.antisymmetric, tensor.name
        )

    def riemann_of(self, connection: Connection) -> Tensor:
        """The Riemann curvature with lower indices of one of this manifold's connections."""
        return curvature.riemann_lowered(connection, connection.dual)

    def ricci_of(self, connection: Connection) -> Tensor:
        """The Ricci curvature of one of this manifold's connections."""
        return curvature.ricci(connection)

    def scalar_of(self, connection: Connection) -> Element:
        """The scalar curvature of one of this manifold's connections."""
        return curvature.scalar(connection)

    def __repr__(self) -> str:
        return f"StatisticalManifold of dimension {self.dim} in ({', '.join(map(str, self.coordinates))})"
