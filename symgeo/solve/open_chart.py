"""A chart in which every condition of a domain is an end of one coordinate.

A condition that ties coordinates together, such as a positive determinant, is solved for one coordinate s in which it
is linear. What s is beyond that end becomes a coordinate of its own; its logarithm then sees the wall, and straight
lines never leave the domain. Where the end is a quadratic form ``b' H b`` in coordinates b without ends, they are
replaced by ``v = H b``, half its gradient: for positive definite matrices the new coordinates are regression
coefficients and residual variances, in which the metric is short and no scale of b is preferred. What is left of the
domain must be proven to be positive; else there is no such chart.
Source: Pourahmadi, Biometrika 86 (1999) 677-690 (matrices by regressions).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

import sympy as sp

from symgeo.geometry.walls import ends_of
from symgeo.solve.closed_form import Map

if TYPE_CHECKING:
    import numpy as np
    from sympy import Expr, Symbol

    from symgeo.geometry.manifold import StatisticalManifold


@dataclass(frozen=True)
class _Domain:
    """Coordinates, conditions, and what the first chart's coordinates are in these and these in the first."""

    coordinates: tuple[Symbol, ...]
    conditions: tuple[Expr, ...]
    images: dict[Symbol, Expr]
    inverse: dict[Symbol, Expr]

    @property
    def tied(self) -> list[Expr]:
        """The conditions on several coordinates, those on few first."""
        return sorted((c for c in self.conditions if len(c.free_symbols) > 1), key=lambda c: len(c.free_symbols))

    def holds(self, e: Expr, strictly: bool = True) -> bool:
        """Whether an expression is proven positive, or not negative, from the ends of single coordinates."""
        inside: dict[Symbol, Expr] = {}
        for s in self.coordinates:
            lower, upper = ends_of(s, self.conditions)
            t = sp.Dummy(positive=True) if lower > -inf or upper < inf else sp.Dummy(real=True)
            low, high = sp.nsimplify(lower), sp.nsimplify(upper)
            if lower > -inf:
                inside[s] = (low + high * t) / (1 + t) if upper < inf else low + t
            else:
                inside[s] = high - t if upper < inf else t
        return _is_positive(e.subs(inside), strictly)

    def changed(self, images: dict[Symbol, Expr], inverse: dict[Symbol, Expr], more: Sequence[Expr]) -> _Domain:
        """In new coordinates, which replace some of these; ``more``: conditions on these that follow from the others.

        Conditions that the ends of the new coordinates imply are left out."""
        names = dict(zip(images, inverse, strict=True))
        coordinates = tuple(names.get(s, s) for s in self.coordinates)
        carried = [sp.cancel(c.subs(images)) for c in (*self.conditions, *more)]
        ends = [s for s in inverse if s.is_positive]
        alone = [c for c in carried if len(c.free_symbols) == 1]
        known = _Domain(coordinates, (*ends, *alone), {}, {})
        kept = [c for c in carried if c not in alone and not known.holds(c)]
        before = {s: e.subs(images) for s, e in self.images.items()}
        after = {s: e.subs(self.inverse) for s, e in inverse.items()}
        after |= {s: self.inverse[s] for s in coordinates if s not in inverse}
        return _Domain(coordinates, tuple(dict.fromkeys((*ends, *alone, *kept))), before, after)

    def freed(self, condition: Expr) -> _Domain | None:
        """The chart in which a condition is an end of one coordinate; None where it is not linear in a suitable one."""
        for s in reversed(self.coordinates):
            slope = condition.diff(s)
            if not slope or slope.has(s):
                continue
            side = 1 if self.holds(slope) else -1 if self.holds(-slope) else 0
            if not side:
                continue
            end = sp.cancel(s - condition / slope)
            lower, upper = ends_of(s, self.conditions)
            near, far = (lower, upper) if side == 1 else (-upper, -lower)  # of side * s
            if near > -inf and not self.holds(side * end - sp.nsimplify(near), strictly=False):
                continue
            new = sp.Dummy(str(s), positive=True)
            if far < inf:  # between two ends
                other = side * sp.nsimplify(far)
                image, back = (end + other * new) / (1 + new), (s - end) / (other - s)
                return self.changed({s: image}, {new: back}, [side * (other - end)])
            return self._beyond(s, end, side, new)
        return None

    def _beyond(self, s: Symbol, end: Expr, side: int, new: Symbol) -> _Domain:
        """With ``side (s - end)`` for s, and half the end's gradient for coordinates in which it is quadratic."""
        some = self._quadratic(end)
        if not some:
            return self.changed({s: end + side * new}, {new: side * (s - end)}, ())
        half = sp.hessian(end, some) / 2
        turned = half.inv().applyfunc(sp.cancel)
        slopes = sp.Matrix([sp.Dummy(str(b), real=True) for b in some])
        images = dict(zip(some, turned * slopes, strict=True))
        inverse = dict(zip(slopes, half * sp.Matrix(some), strict=True))
        image = sp.cancel((slopes.T * turned * slopes)[0]) + side * new
        return self.changed({**images, s: image}, {**inverse, new: side * (s - end)}, ())

    def _quadratic(self, end: Expr) -> list[Symbol]:
        """Coordinates of the first chart, without ends, in which an expression is a quadratic form of full rank."""
        free = [s for s in self.coordinates if s in self.images and ends_of(s, self.conditions) == (-inf, inf)]
        above, below = sp.fraction(sp.cancel(end))
        some = [s for s in free if not below.has(s) and sp.degree(above, s) == 2]
        if not some or any(sum(powers) != 2 for powers in sp.Poly(above, *some).monoms()):
            return []
        return some if sp.cancel(sp.hessian(end, some).det()) else []


class OpenChart:
    """A manifold in a chart whose ``conditions`` are ends of single coordinates; points are arrays (n, ...)."""

    def __init__(self, manifold: StatisticalManifold, domain: _Domain):
        self.conditions = domain.conditions
        self.manifold = manifold.reparametrize({s: e for s, e in domain.images.items() if e != s}, domain.coordinates)
        self._back = Map([domain.images[s] for s in manifold.coordinates], domain.coordinates)
        #: From the manifold's own coordinates.
        self.map = Map([domain.inverse[s] for s in domain.coordinates], manifold.coordinates)

    def points(self, y: np.ndarray) -> np.ndarray:
        """Points in the manifold's own coordinates."""
        return self._back(y)

    def velocities(self, y: np.ndarray, v: np.ndarray) -> np.ndarray:
        """Velocities (n, P) in the manifold's own coordinates, of velocities v at points y."""
        import numpy as np

        return np.einsum("pij,jp->ip", self._back.slopes(y), v)


def open_chart(manifold: StatisticalManifold, conditions: Sequence[Expr]) -> OpenChart | None:
    """The chart; None where no condition ties coordinates together, or where one is left that does."""
    own = {s: s for s in manifold.coordinates}
    domain = _Domain(manifold.coordinates, tuple(conditions), own, own)
    if not domain.tied or not all(c.is_polynomial(*manifold.coordinates) for c in conditions):
        return None
    for _ in manifold.coordinates:  # each step gives one of them its end
        found = domain.freed(domain.tied[0])
        if found is None or not found.tied:
            return None if found is None else OpenChart(manifold, found)
        domain = found
    return None


def _is_positive(e: Expr, strictly: bool) -> bool:
    """Whether an expression is positive, or not negative, by the signs of its terms or by completing squares."""
    above, below = (sp.expand(part) for part in sp.fraction(sp.cancel(e)))
    if not below.is_positive:
        return bool(below.free_symbols) and _is_positive(below, True) and _is_positive(above, strictly)
    if above.is_positive or (not strictly and above.is_nonnegative):
        return True
    squares = [sp.Poly(above, t).all_coeffs() for t in above.free_symbols if not t.is_positive]
    squares = sorted((c for c in squares if len(c) == 3), key=lambda c: len(sp.Add.make_args(c[0])))
    for first, second, third in squares:
        if _is_positive(first, True):
            return _is_positive(third - second**2 / (4 * first), strictly)
    return False
