"""Projections onto submanifolds of a dually flat manifold, and Pythagoras' theorem.

The m-projection of p onto S is the point q of S that minimises ``D(p || q)``: the m-geodesic from p to q meets S at a
right angle. The e-projection minimises ``D(q || p)``, along an e-geodesic. Sources: Amari and Nagaoka 2000, theorems
3.8 and 3.9; Csiszar, Annals of Probability 3 (1975) 146-158; Amari, Information Geometry and Its Applications, 2016,
section 2.4.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from symgeo.algebra import Element, as_expression
from symgeo.algebra.substitution import substitution
from symgeo.errors import ParameterListError, ProjectionError
from symgeo.geometry.affine_chart import conditions_of, starts_of
from symgeo.geometry.flat_geodesic import duality_of, values_at
from symgeo.geometry.flat_submanifold import FlatSubmanifold, flat_submanifold
from symgeo.geometry.projection_search import Minimum, Objective

if TYPE_CHECKING:
    import numpy as np
    from sympy import Expr, Symbol

_DIGITS = 30


def m_projection(
    manifold: Any, point: Sequence[Expr], submanifold: Mapping[Symbol, Expr], parameters: Sequence[Symbol]
) -> Projection:
    """The point q of a submanifold that minimises ``D(point || q)``.

    ``manifold``: a dually flat manifold, or a model with one; ``point``: its coordinates (n,); ``submanifold`` gives
    the coordinates as functions of ``parameters`` (d,), as in ``M.submanifold``. Onto an e-flat submanifold the
    projection is unique, and in closed form or by a certified inverse; the point may then hold symbols. Onto any other
    the least of the local minima is taken that a search from many starts finds, and ``is_unique`` is False.

    Raises :class:`NotDuallyFlatError`, and :class:`ProjectionError` where no minimum lies inside the domain.
    """
    return Projection(manifold, point, submanifold, parameters, -1)


def e_projection(
    manifold: Any, point: Sequence[Expr], submanifold: Mapping[Symbol, Expr], parameters: Sequence[Symbol]
) -> Projection:
    """The point q of a submanifold that minimises ``D(q || point)``; unique onto an m-flat one. As ``m_projection``."""
    return Projection(manifold, point, submanifold, parameters, 1)


class Projection:
    """The alpha-projection of a point onto a submanifold: alpha -1 the m-, 1 the e-projection.

    ``parameters``: the submanifold's parameters, (d,). ``is_unique``: whether the submanifold is flat for the opposite
    connection, so that there is one projection at most. ``equations`` (d,) vanish at the projection: they say that the
    geodesic from the point meets the submanifold at a right angle.
    """

    def __init__(
        self,
        manifold: Any,
        point: Sequence[Expr],
        submanifold: Mapping[Symbol, Expr],
        parameters: Sequence[Symbol],
        alpha: int,
    ):
        import sympy as sp

        self.manifold = getattr(manifold, "manifold", manifold)
        self.alpha = alpha
        self.parameters = (parameters,) if isinstance(parameters, sp.Symbol) else tuple(parameters)
        self._duality = duality_of(self.manifold)
        self.origin = tuple(map(as_expression, point))
        shared = set().union(*(e.free_symbols for e in self.origin)) & set(self.parameters)
        if shared:
            raise ParameterListError(
                f"the point holds {', '.join(sorted(map(str, shared)))}, which is a parameter of the submanifold; "
                "name it differently"
            )
        self._natural = values_at(self._duality, self._duality.natural, self.origin)
        self._expectation = values_at(self._duality, self._duality.expectation, self.origin)
        self._induced_manifold = self.manifold.submanifold(submanifold, self.parameters)
        images = {s: as_expression(submanifold.get(s, s)) for s in self.manifold.coordinates}
        self.map = tuple(images.values())
        carry = substitution(self.manifold.field, images)
        self._induced = self._duality.pullback(self.parameters, carry)
        self._solve()

    @cached_property
    def flat(self) -> FlatSubmanifold | None:
        """The submanifold's own dual structure where it is straight for the connection of -alpha; else None."""
        return flat_submanifold(self._induced, -self.alpha)

    @property
    def is_unique(self) -> bool:
        """Whether theory says that there is no other projection: the submanifold is flat for the dual connection."""
        return self.flat is not None

    @cached_property
    def equations(self) -> tuple[Expr, ...]:
        """The orthogonality equations in ``parameters``, (d,): the divergence's gradient, zero at the projection."""
        return tuple(e.to_sympy() for e in self._gradient)

    @cached_property
    def _gradient(self) -> list[Element]:
        natural, expectation, _ = self._induced.elements
        field = self._induced.field
        if self.alpha == -1:
            moving, other, fixed = natural, expectation, [field(m) for m in self._expectation]
        else:
            moving, other, fixed = expectation, natural, [field(e) for e in self._natural]
        return [
            field.dot((1, a.diff(s), b - c) for a, b, c in zip(moving, other, fixed, strict=True))
            for s in self.parameters
        ]

    def _solve(self) -> None:
        if self.flat is not None:
            self.minima: tuple[Minimum, ...] = ()
            self.solution = self._flat_solution(self.flat)
            if not any(e.free_symbols for e in self.solution):
                self._require_found()
        else:
            free = set().union(*(e.free_symbols for e in self.origin))
            if free:
                raise ProjectionError(
                    "the submanifold is not flat, so that its nearest point is searched for numerically, but the point "
                    f"holds {', '.join(sorted(map(str, free)))}; give numbers, or solve the equations: "
                    "projection onto a flat submanifold takes symbols"
                )
            self.minima = tuple(self._search())
            self.solution = tuple(as_expression(v) for v in self.minima[0].parameters)

    def _flat_solution(self, flat: FlatSubmanifold) -> tuple[Expr, ...]:
        fixed = self._expectation if self.alpha == -1 else self._natural
        field, d = self._induced.field, len(self.parameters)
        target = [
            field.dot((1, row[k], field(v)) for row, v in zip(flat.weights, fixed, strict=True)).to_sympy()
            for k in range(d)
        ]
        chart = flat.duality.in_expectation if self.alpha == -1 else flat.duality.in_natural
        return chart.at(target)

    def _require_found(self) -> None:
        import sympy as sp

        values = [e.evalf(_DIGITS) for e in self.solution]
        given = dict(zip(self.parameters, values, strict=True))
        conditions = conditions_of(self._induced)
        inside = all(v.is_real and v.is_finite for v in values) and all(
            sp.N(c.subs(given), _DIGITS) > 0 for c in conditions
        )
        if not inside:
            raise ProjectionError(
                "the divergence has no minimum inside the submanifold's domain: it falls towards the boundary. "
                "Enlarge the domain, or project another point"
            )

    def _search(self) -> list[Minimum]:
        field, u = self._induced.field, self.parameters
        natural, expectation, _ = self._induced.elements
        gradient = self._gradient
        pairs = list(zip(natural, expectation, strict=True))
        metric = [field.dot((1, e.diff(a), m.diff(b)) for e, m in pairs) for a in u for b in u]
        objective = Objective(
            u,
            self.divergence_to(self.map),
            self.equations,
            tuple(g.diff(s).to_sympy() for g in gradient for s in u),
            tuple(e.to_sympy() for e in metric),
            conditions_of(self._induced),
            self.map,
        )
        found = objective.minima(starts_of(self._induced))
        if not found:
            raise ProjectionError(
                "no local minimum of the divergence was found inside the submanifold's domain: it falls towards the "
                "boundary, or the map is degenerate. Enlarge the domain or change the submanifold's parameters"
            )
        return found

    def divergence_to(self, q: Sequence[Expr]) -> Expr:
        """``D(point || q)`` for the m-projection, ``D(q || point)`` for the e-projection."""
        return self._divergence(self.origin, q)

    def _divergence(self, p: Sequence[Expr], q: Sequence[Expr]) -> Expr:
        """D with its arguments in the order that the projection minimises: p stands for the point."""
        return self._duality.canonical_divergence(*((p, q) if self.alpha == -1 else (q, p)))

    @cached_property
    def point(self) -> tuple[Expr, ...]:
        """The projection in the manifold's own coordinates, (n,)."""
        return self.image(self.solution)

    def image(self, values: Sequence[Expr]) -> tuple[Expr, ...]:
        """The point of the submanifold with these parameters, (d,) -> (n,)."""
        given = dict(zip(self.parameters, map(as_expression, values), strict=True))
        return tuple(e.subs(given, simultaneous=True) for e in self.map)

    @cached_property
    def divergence(self) -> Expr:
        """The least divergence."""
        return self.divergence_to(self.point)

    @cached_property
    def _local(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Gradient, Hessian and induced metric as numbers."""
        import numpy as np
        import sympy as sp

        d = len(self.parameters)
        hessian = [g.diff(s).to_sympy() for g in self._gradient for s in self.parameters]
        metric = list(self._induced_manifold.metric.flat())
        at = dict(zip(self.parameters, (e.evalf(_DIGITS) for e in self.solution), strict=True))
        values = np.array([float(sp.N(e.subs(at), _DIGITS)) for e in (*self.equations, *hessian, *metric)])
        return values[:d], values[d : d + d * d].reshape(d, d), values[d + d * d :].reshape(d, d)

    @property
    def orthogonality(self) -> float:
        """The cosine of the angle between the geodesic to the point and the submanifold, 0 at a projection.

        Raises TypeError where the point holds symbols.
        """
        import numpy as np

        gradient, _, metric = self._local
        length = np.sqrt(gradient @ np.linalg.solve(metric, gradient))
        return float(length / max(np.sqrt(2 * abs(float(self.divergence.evalf(_DIGITS)))), 1e-300))

    @property
    def second_order(self) -> float:
        """The smallest eigenvalue of the divergence's Hessian relative to the induced metric: positive at a minimum."""
        import numpy as np

        _, hessian, metric = self._local
        root = np.linalg.inv(np.linalg.cholesky(metric))
        return float(np.linalg.eigvalsh(root @ hessian @ root.T)[0])

    def pythagoras(self, values: Sequence[Expr]) -> Expr:
        """``D(p || r) - D(p || q) - D(q || r)`` for the point r with these parameters; arguments swapped for alpha = 1.

        Zero for a submanifold that is flat for the dual connection (Amari and Nagaoka 2000, theorem 3.8).
        """
        r, q = self.image(values), self.point
        return self._divergence(self.origin, r) - self._divergence(self.origin, q) - self._divergence(q, r)

    def __repr__(self) -> str:
        kind = "m" if self.alpha == -1 else "e"
        values = ", ".join(f"{s} = {v}" for s, v in zip(self.parameters, self.solution, strict=True))
        how = "unique" if self.is_unique else f"the least of {len(self.minima)} local minima found"
        return f"{kind}-projection of {self.origin}: {values} ({how})"
