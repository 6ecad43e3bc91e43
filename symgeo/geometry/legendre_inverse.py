"""The inverse of a gradient map that has no closed form, as a SymPy expression.

``theta_k(y)`` is a quantity of its own, defined by ``gradient(theta) = y``: it is printed as a function of y,
differentiated by the implicit function theorem, and computed on demand, by damped Newton steps on a convex function
and with a certificate. Sources: Rockafellar, Convex Analysis, 1970, section 26 (Legendre functions); Barndorff-Nielsen,
Information and Exponential Families, 1978, chapter 9.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import sympy as sp

from symgeo.codegen.numeric_node import NumericNode, nodes_in

if TYPE_CHECKING:
    import numpy as np
    from flint import arb
    from sympy import Expr, Symbol

    from symgeo.geometry.legendre_certificate import GradientCertificate
    from symgeo.geometry.legendre_newton import GradientNewton

Exprs = tuple["Expr", ...]
# Relative errors of a solution in float64: beyond the first it is refined in ball arithmetic, beyond the second, where
# the map itself holds expectations that are integrated numerically, it is none.
_PRECISE = 1e-12
_INTEGRATED = 1e-7
_REMEMBERED = 64
_DOUBLE = 58  # bits of a refined solution


@dataclass(frozen=True, eq=False)
class GradientMap:
    """A map ``theta -> gradient(theta)`` with ``d potential = gradient . d conjugate``, potential convex in conjugate.

    ``jacobian`` and ``slope`` are the derivatives of ``gradient`` and ``conjugate`` by the coordinates and ``backward``
    is the inverse of ``jacobian``, row-major (n * n). ``ends``: a lower and an upper end for each coordinate.
    ``conditions`` are positive inside the domain, ``starts`` are points there.
    """

    coordinates: tuple[Symbol, ...]
    gradient: Exprs
    conjugate: Exprs
    potential: Expr
    jacobian: Exprs
    slope: Exprs
    backward: Exprs
    conditions: Exprs
    ends: tuple[tuple[float, float], ...]
    starts: tuple[tuple[float, ...], ...]

    @cached_property
    def _key(self) -> tuple:
        return (self.coordinates, self.gradient, self.conditions)

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, GradientMap) and self._key == other._key)

    @cached_property
    def _hash(self) -> int:
        return hash(self._key)

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _text(self) -> str:
        return str(self._key)

    # SymPy sorts the arguments of sums and products, and compares what their nodes hold.
    def __lt__(self, other: GradientMap) -> bool:
        return self._text < other._text

    def __reduce__(self) -> Any:
        return (GradientMap, tuple(getattr(self, name) for name in self.__dataclass_fields__))

    @cached_property
    def _newton(self) -> GradientNewton:
        from symgeo.geometry.legendre_newton import GradientNewton

        return GradientNewton(self)

    @cached_property
    def _certificate(self) -> GradientCertificate | None:
        """None where the map holds numeric nodes, which are known to float64 only."""
        if nodes_in(self.gradient):
            return None
        from symgeo.geometry.legendre_certificate import GradientCertificate

        return GradientCertificate(self.coordinates, self.gradient, self.jacobian, self.conditions)

    def values(self, nodes: Sequence[InverseCoordinate], points: np.ndarray) -> np.ndarray:
        """The coordinates named by the nodes (P, len(nodes)) for targets y (P, n); see ``solve``."""
        return self.solve(points)[:, [node.k for node in nodes]]

    def solve(self, targets: np.ndarray) -> np.ndarray:
        """The points (P, n) with ``gradient(theta) = y`` for targets y (P, n), nan where there is none in the domain.

        To rounding error: a solution whose residual does not show in float64 that it is right to 1e-12 is refined in
        ball arithmetic and is nan if that cannot prove it. Maps that hold numeric expectations: to 1e-7.
        """
        return self._newton.solve(targets, self._accepted)

    def _accepted(self, found: np.ndarray, targets: np.ndarray) -> np.ndarray:
        error = self._newton.error(found, targets)
        for row in (error > (_PRECISE if self._certificate is not None else _INTEGRATED)).nonzero()[0]:
            found[row] = self._refined(found[row], targets[row])
        return found

    def _refined(self, start: np.ndarray, target: np.ndarray) -> Any:
        from symgeo.codegen.balls import exact

        if self._certificate is None:
            return float("nan")
        y = [_given(exact(float(v))) for v in target]
        balls = self._certificate.refine(start.tolist(), y, _DOUBLE)
        return float("nan") if balls is None else [float(b.mid()) for b in balls]

    def enclose(self, target: Sequence[Expr], bits: int) -> list[arb] | None:
        """Balls of relative radius 2^-bits that are proven to hold the solution for one target; None without a proof.

        ``target`` holds SymPy numbers.
        """
        key = (tuple(target), bits)
        if key not in self._enclosed:
            if len(self._enclosed) >= _REMEMBERED:
                self._enclosed.clear()
            self._enclosed[key] = self._enclosure(target, bits)
        return self._enclosed[key]

    @cached_property
    def _enclosed(self) -> dict[tuple, list[arb] | None]:
        """The last solutions: an expression holds the coordinates of one point many times."""
        return {}

    def _enclosure(self, target: Sequence[Expr], bits: int) -> list[arb] | None:
        import numpy as np

        if self._certificate is None:
            return None
        start = self.solve(np.array([[float(y) for y in target]]))[0]
        if not np.all(np.isfinite(start)):
            return None
        return self._certificate.refine(start.tolist(), [_evaluated(y) for y in target], bits)


def _given(ball: arb) -> Callable[[], arb]:
    return lambda: ball


def _evaluated(y: Expr) -> Callable[[], arb]:
    """The value of a SymPy number at the precision that is set when it is asked for."""
    from flint import arb, ctx

    from symgeo.codegen.balls import exact

    def value() -> arb:
        if y.is_Rational:
            return arb(int(y.p)) / int(y.q)
        return exact(y.evalf(ctx.dps + 10)._to_mpmath(ctx.prec + 40))

    return value


class InverseCoordinate(NumericNode):
    """The k-th coordinate of the point where a gradient map takes the values ``args``, (n,)."""

    inverted: GradientMap
    k: int

    def __new__(cls, source: GradientMap, k: int, target: Sequence[Expr]) -> InverseCoordinate:
        node = super().__new__(cls, *(sp.sympify(y, strict=True) for y in target))
        node.inverted, node.k = source, k
        return node

    @property
    def source(self) -> GradientMap:
        """The map whose inverse this is, which computes it."""
        return self.inverted

    @property
    def name(self) -> str:
        """The coordinate's own name."""
        return self.source.coordinates[self.k].name

    def _hashable_content(self) -> tuple:
        return (self.source, self.k, *self.args)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return (InverseCoordinate, (self.source, self.k, self.args))

    @property
    def func(self) -> Any:
        """What makes the same coordinate at other values."""
        return _Maker(self.source, self.k)

    @property
    def siblings(self) -> dict[Symbol, Expr]:
        """All coordinates of the point."""
        source = self.source
        return {s: InverseCoordinate(source, k, self.args) for k, s in enumerate(source.coordinates)}

    def _eval_is_positive(self) -> bool | None:
        return self.source.coordinates[self.k].is_positive

    def _eval_is_negative(self) -> bool | None:
        return self.source.coordinates[self.k].is_negative

    def _eval_derivative(self, s: Symbol) -> Expr:
        n, backward = len(self.args), self.source.backward
        rates = [y.diff(s) for y in self.args]
        here = self.siblings
        row = backward[self.k * n : (self.k + 1) * n]
        return sp.Add(*(e.subs(here, simultaneous=True) * r for e, r in zip(row, rates, strict=True) if r != 0))

    def _eval_evalf(self, prec: int) -> Expr:
        if self.free_symbols:
            return self
        bits = prec + 4
        balls = self.source.enclose(self.args, bits)
        if balls is not None:
            import mpmath

            mantissa, exponent = balls[self.k].mid().man_exp()
            with mpmath.workprec(bits):
                return sp.Float(mpmath.ldexp(mpmath.mpf(int(mantissa)), int(exponent)), precision=prec)
        import numpy as np

        value = self.source.solve(np.array([[float(y) for y in self.args]]))[0, self.k]
        return sp.Float(value, 15) if np.isfinite(value) else sp.nan

    def _sympystr(self, printer: Any) -> str:
        return f"{self.name}({', '.join(map(printer._print, self.args))})"

    _sympyrepr = _sympystr

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        name = printer._print(self.source.coordinates[self.k])
        power = "" if exp is None else f"^{{{exp}}}"
        return rf"{name}{power}\left({', '.join(map(printer._print, self.args))}\right)"

    def _pretty(self, printer: Any) -> Any:
        from sympy.printing.pretty.stringpict import prettyForm

        return prettyForm(self._sympystr(sp.printing.str.StrPrinter()))


@dataclass(frozen=True)
class _Maker:
    """The function of y that a coordinate is an application of."""

    source: GradientMap
    k: int

    @property
    def __name__(self) -> str:  # type: ignore[override]
        return self.source.coordinates[self.k].name

    def __call__(self, *target: Expr) -> InverseCoordinate:
        return InverseCoordinate(self.source, self.k, target)
