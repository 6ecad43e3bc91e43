"""Manifolds of constant curvature found by their linear functions, with distance and geodesics in closed form.

The functions f_a with ``Hess f + K f g = 0`` satisfy ``g(df_a, df_b) + K f_a f_b = C_ab``, constants. With Q the
inverse of C they are coordinates in a linear space with the quadratic form Q: the metric is ``Q_ab df_a df_b``, and for
K other than 0 the manifold lies on ``Q_ab f_a f_b = 1/K``, a sphere or one sheet of a hyperboloid. Sources: do Carmo,
Riemannian Geometry, 1992, chapter 8; Lee, Introduction to Riemannian Manifolds, 2018, chapters 3 and 5.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING

import sympy as sp

from symgeo.algebra import Element
from symgeo.algebra.elimination import invert_map
from symgeo.algebra.generators import power
from symgeo.algebra.linear import inverse
from symgeo.algebra.zero_test import element_sign, zero_test
from symgeo.errors import DomainError, NoClosedFormError
from symgeo.geometry.space import Space, Values, at_point, tidied

if TYPE_CHECKING:
    from sympy import Expr, Symbol

Vector = list[Element]
_ROUNDING = 1e-12


class SpaceForm(Space):
    """A line, a Euclidean space, a sphere or a hyperbolic space, or a part of one.

    ``functions`` are the linear coordinates f_a, in the manifold's coordinates; ``form`` is the matrix Q.
    """

    def __init__(
        self, coordinates: Sequence[Symbol], functions: Sequence[Element], curvature: Element, form: list[Vector]
    ):
        field = curvature.field
        super().__init__(coordinates, field)
        self._functions, self._curvature, self._form = list(functions), curvature, form
        self.functions: tuple[Expr, ...] = tuple(f.to_sympy() for f in functions)
        self.form: sp.ImmutableMatrix = sp.ImmutableMatrix([[q.to_sympy() for q in row] for row in form])

    @property
    def curvature(self) -> Expr:
        """The sectional curvature, a constant."""
        return self._curvature.to_sympy()

    @cached_property
    def _sign(self) -> int:
        value = self.curvature.evalf()
        return 0 if value == 0 else 1 if value > 0 else -1

    @property
    def name(self) -> str:
        """What the space is called, with its curvature."""
        n = len(self.coordinates)
        if self._sign == 0:
            return {1: "Euclidean line", 2: "Euclidean plane"}.get(n, f"Euclidean space of dimension {n}")
        kind = "sphere" if self._sign > 0 else "hyperbolic plane" if n == 2 else f"hyperbolic space of dimension {n}"
        if self._sign > 0 and n > 2:
            kind = f"sphere of dimension {n}"
        radius = f", radius {1 / sp.sqrt(self.curvature)}" if self._sign > 0 else ""
        return f"{kind} of curvature {self.curvature}{radius}"

    @cached_property
    def map(self) -> dict[Symbol, Expr]:
        """Standard coordinates of the space in those of the manifold.

        Euclidean: orthonormal coordinates. Sphere: ``|x|^2 = 1/K``. Hyperbolic: the upper half-space, metric
        ``(dx^2 + dy^2)/(-K y^2)`` with y, of one sign, the last.
        """
        written = self._half_space() if self._sign < 0 else self._orthonormal()
        if len(written) == 1:
            return {sp.Symbol("s", real=True): written[0]}
        names = [f"x_{i + 1}" for i in range(len(written))]
        if self._sign < 0:
            names = [*(["x"] if len(written) == 2 else names[:-1]), "y"]
        return {sp.Symbol(s, real=True): v for s, v in zip(names, written, strict=True)}

    def _inner(self, a: Vector, b: Vector) -> Element:
        """``C(a, b)`` for constant combinations of the functions, given by their coefficients."""
        c = self._gram
        return self.field.dot((1, c[i][j], x * y) for i, x in enumerate(a) for j, y in enumerate(b) if x and y)

    @cached_property
    def _gram(self) -> list[Vector]:
        return inverse(self._form).matrix

    def _unit(self, i: int) -> Vector:
        return [self.field.one if k == i else self.field.zero for k in range(len(self._functions))]

    def _value(self, a: Vector) -> Element:
        return self.field.dot((1, x, f) for x, f in zip(a, self._functions, strict=True))

    def _residual(self, v: Vector, frame: Sequence[Vector]) -> Vector:
        """What is left of a vector beside an orthogonal frame without null vectors."""
        for e in frame:
            c = self._inner(v, e) / self._inner(e, e)
            v = [self.field.dot(((1, x, self.field.one), (-1, c, y))) for x, y in zip(v, e, strict=True)]
        return v

    def _scaled(self, v: Vector, square: Element) -> Vector:
        """A vector that is not null, stretched to a square of the given size."""
        q = square / self._inner(v, v)
        scale = _root(q if q.to_sympy().evalf() > 0 else -q)
        return [x * scale for x in v]

    def _orthogonalised(self, vectors: Sequence[Vector], square: Element) -> list[Vector]:
        """Gram and Schmidt's process, every vector of the given square; those of square zero are left out."""
        out: list[Vector] = []
        for v in vectors:
            v = self._residual(v, out)
            if not zero_test(self._inner(v, v)):
                out.append(self._scaled(v, square))
        return out

    def _null_vector(self) -> Vector:
        """A combination of the functions on the light cone, one function if there is such a one."""
        units = [self._unit(i) for i in range(len(self._functions))]
        frame: list[Vector] = []
        for u in [*(u for u in units if zero_test(self._inner(u, u))), *units]:
            v = self._residual(u, frame)
            if zero_test(self._inner(v, v)):
                return v
            frame.append(self._scaled(v, self.field.one))
        time = next(v for v in frame if self._inner(v, v).to_sympy().evalf() < 0)
        space = next(v for v in frame if v is not time)
        return [x + y for x, y in zip(time, space, strict=True)]

    def _orthonormal(self) -> list[Expr]:
        vectors = self._orthogonalised([self._unit(i) for i in range(len(self._functions))], self.field.one)
        values = [self._value(v) for v in vectors]
        return [(v if _sampled(v) >= 0 else -v).to_sympy() for v in values]

    def _half_space(self) -> list[Expr]:
        """``(x, y)`` from a null vector f_0 and an orthonormal basis of what is orthogonal to it: y = 1/f_0."""
        field, units = self.field, [self._unit(i) for i in range(len(self._functions))]
        null = self._null_vector()
        if _sampled(self._value(null)) < 0:
            null = [-x for x in null]
        products = [self._inner(u, null) for u in units]
        j = next(k for k, c in enumerate(products) if c and not zero_test(c))
        level = [
            [field.dot(((1, x, field.one), (-1, c / products[j], y))) for x, y in zip(u, units[j], strict=True)]
            for k, (u, c) in enumerate(zip(units, products, strict=True))
            if k != j
        ]
        horizontal = self._orthogonalised(level, -self._curvature)
        below = self._value(null)
        height = _shorter(below.inverse(), 1 / below.to_sympy())
        across = [_shorter(a / below, a.to_sympy() / below.to_sympy()) for a in map(self._value, horizontal)]
        # All may be stretched together: a number in front of the height is moved to the others.
        content = sp.Abs(height.as_independent(*self.coordinates, as_Add=False)[0])
        return [e / content for e in (*across, height)]

    # -- distance and geodesics ----------------------------------------------------------------------------------------

    def _form_between(self, a: Sequence[Expr], b: Sequence[Expr]) -> Expr:
        size = range(len(self.functions))
        return sp.Add(*(self.form[i, j] * a[i] * b[j] for i in size for j in size if self.form[i, j] != 0))

    def _cosine(self, a: Sequence[Expr], b: Sequence[Expr]) -> Expr:
        return self._real(tidied(self.curvature * self._form_between(a, b)))

    def _real(self, value: Expr) -> Expr:
        """What two points have to give; :class:`DomainError` where numbers lie in parts that no curve connects."""
        if value.is_number:
            number = complex(value.evalf(30))
            if abs(number.imag) > _ROUNDING * (1 + abs(number)) or (self._sign < 0 and number.real < 0):
                raise DomainError(
                    f"no curve in the {self.name} connects the two points: a singularity of the metric lies between "
                    "them, or one of them has no real place there"
                )
        return value

    def distance_between(self, p: Values, q: Values) -> Expr:
        a, b = at_point(self.functions, p), at_point(self.functions, q)
        if self._sign:
            head, k = (sp.acos, self.curvature) if self._sign > 0 else (sp.acosh, -self.curvature)
            return head(self._cosine(a, b)) / sp.sqrt(k)
        steps = [self._real(y - x) for x, y in zip(a, b, strict=True)]
        if len(steps) == 1:
            return sp.sqrt(self.form[0, 0]) * sp.Abs(steps[0])
        return sp.sqrt(tidied(self._form_between(steps, steps)))

    def geodesic_between(self, p: Values, q: Values, t: Expr) -> Values:
        a, b = at_point(self.functions, p), at_point(self.functions, q)
        if not self._sign:
            return self._back_along(a, b, 1 - t, t)
        cosine = self._cosine(a, b)
        if cosine == 1:
            return dict(p)
        sine, angle = (sp.sin, sp.acos(cosine)) if self._sign > 0 else (sp.sinh, sp.acosh(cosine))
        below = sp.sqrt(tidied((1 - cosine**2) * self._sign))
        return self._back_along(a, b, sine((1 - t) * angle), sine(t * angle), below)

    def exponential_at(self, p: Values, v: Values, t: Expr) -> Values:
        a = at_point(self.functions, p)
        d = [sp.S.Zero] * len(a)
        for s in self.coordinates:
            slopes = at_point([f.diff(s).to_sympy() for f in self._functions], p)
            d = [total + v[s] * slope for total, slope in zip(d, slopes, strict=True)]
        if not self._sign:
            return self._back_along(a, d, sp.S.One, t)
        speed = sp.sqrt(tidied(self._form_between(d, d) * self.curvature * self._sign))
        if speed == 0:
            return dict(p)
        cosine, sine = (sp.cos, sp.sin) if self._sign > 0 else (sp.cosh, sp.sinh)
        return self._back_along([speed * x for x in a], d, cosine(speed * t), sine(speed * t), speed)

    def _back_along(
        self, a: Sequence[Expr], b: Sequence[Expr], first: Expr, second: Expr, below: Expr = sp.S.One
    ) -> Values:
        """The manifold's coordinates of the point with linear coordinates ``(first a + second b)/below``."""
        chosen, targets, images = self.inverse_map
        weights = {sp.Dummy(s, real=True): e for s, e in (("u", first), ("v", second), ("w", below))}
        u, v, w = weights
        at = {target: (u * a[i] + v * b[i]) / w for target, i in zip(targets, chosen, strict=True)}
        found = {}
        for s, image in zip(self.coordinates, images, strict=True):
            e = image.subs(at, simultaneous=True)
            # Rational functions are brought to lowest terms; roots would be multiplied out.
            if image.is_rational_function(*targets) and all(p.exp.is_Integer for p in e.atoms(sp.Pow)):
                e = tidied(e)
            found[s] = e.subs(weights, simultaneous=True)
        return found

    @cached_property
    def inverse_map(self) -> tuple[tuple[int, ...], tuple[Symbol, ...], tuple[Expr, ...]]:
        """Which linear functions are taken, symbols for their values, and the coordinates as functions of these.

        Raises :class:`NoClosedFormError` where they were not found in closed form.
        """
        knowledge = self.field.knowledge
        sample = [{s: knowledge.value(s, k) for s in self.coordinates} for k in range(max(3, len(knowledge.points)))]
        names = {1: "positive", -1: "negative", None: "real"}
        targets = [sp.Dummy(f"f_{i}", **{names[element_sign(f)]: True}) for i, f in enumerate(self._functions)]
        n = len(self.coordinates)
        for chosen in combinations(range(len(targets)), n):
            wanted = tuple(targets[i] for i in chosen)
            found = invert_map([self.functions[i] for i in chosen], self.coordinates, wanted, sample)
            if found is not None:
                return chosen, wanted, found
        raise NoClosedFormError(
            f"the map from the {self.name} back to ({', '.join(map(str, self.coordinates))}) was not found in closed "
            "form; take geodesics in a simpler chart, by M.reparametrize, or numerically"
        )


def _sampled(a: Element) -> float:
    """The value at the first sample point."""
    knowledge = a.field.knowledge
    return float(a.to_sympy().subs({s: knowledge.value(s, 0) for s in a.free_symbols}).evalf())


def _shorter(a: Element, written: Expr) -> Expr:
    """An element as it is written, or an expression that is equal to it."""
    return min(a.to_sympy(), written, key=sp.count_ops)


def _root(a: Element) -> Element:
    return power(a.field, a, Fraction(1, 2), a.to_sympy())
