"""Solutions of ``gradient(theta) = y`` to any precision, each with a proof.

Newton steps in ball arithmetic, then Krawczyk's test: if ``m - Y F(m) + (1 - Y F'(B)) (B - m)`` lies inside the box B
around m, then B holds one solution, and no other. Source: Rump, Verification methods, Acta Numerica 19 (2010) 287-449,
section 13. Where a function is not known to ball arithmetic its values are mpmath's, correct to a precision that is
twice the one asked for, and the last Newton step takes the place of the proof.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sympy as sp
from flint import arb, arb_mat, ctx

from symgeo.codegen.balls import Program, exact
from symgeo.codegen.lowering import lower_derivative

Function = Callable[[Sequence[arb]], list[arb]]
_GUARD = 64  # bits carried beyond those asked for
_MOST_BITS = 20_000
_STEPS = 60
_SETTLED = 12  # steps after which they are small near a solution


class GradientCertificate:
    """Refines approximate solutions of ``gradient(theta) = y`` and proves them.

    ``jacobian``: the derivatives of ``gradient``, row-major; ``conditions`` are positive inside the domain.
    """

    def __init__(
        self,
        coordinates: Sequence[sp.Symbol],
        gradient: Sequence[sp.Expr],
        jacobian: Sequence[sp.Expr],
        conditions: Sequence[sp.Expr],
    ):
        self.n = len(coordinates)
        expressions = [_without_derivatives(e) for e in (*gradient, *jacobian, *conditions)]
        self._program = Program(expressions, coordinates)

    def refine(self, start: Sequence[float], target: Sequence[Any], bits: int) -> list[arb] | None:
        """Balls that hold the coordinates of the solution near ``start``, of a relative radius of 2^-bits; or None.

        ``target``: one function for each component of y, without arguments, that gives it at the precision set.
        """
        working = bits + _GUARD if self._program.native else 2 * bits + _GUARD
        before = ctx.prec
        try:
            while working <= _MOST_BITS:
                ctx.prec = working
                function, y = self._program.bind(), [component() for component in target]
                point = self._newton(function, [exact(float(v)) for v in start], y, bits)
                if point is None:
                    return None
                proven = self._proven(function, point, y, bits)
                if proven is not None:
                    return proven
                working *= 2
                if working > 16 * (bits + _GUARD):
                    break
            return None
        finally:
            ctx.prec = before

    def _local(self, values: list[arb]) -> tuple[list[arb], arb_mat, bool]:
        n = self.n
        inside = all(c > 0 for c in values[n + n * n :])
        return values[:n], arb_mat(n, n, values[n : n + n * n]), inside

    def _newton(self, function: Function, point: list[arb], target: list[arb], bits: int) -> list[arb] | None:
        for count in range(_STEPS):
            gradient, jacobian, inside = self._local(function(point))
            if not inside:
                return None
            step = _solved(jacobian, [y - g for y, g in zip(target, gradient, strict=True)])
            if step is None:
                return None
            point = [(x + d).mid() for x, d in zip(point, step, strict=True)]
            if all(abs(d.mid()) <= abs(x) * _small(bits + 8) for x, d in zip(point, step, strict=True)):
                return point
            if count > _SETTLED and any(abs(d) > abs(x) * _small(2) for x, d in zip(point, step, strict=True)):
                return None  # not near a solution
            if all(not bool(d != 0) for d in step):  # nothing but rounding is left, at a coordinate that is zero
                return point
        return None

    def _proven(self, function: Function, point: list[arb], target: list[arb], bits: int) -> list[arb] | None:
        n = self.n
        gradient, jacobian, inside = self._local(function(point))
        step = _solved(jacobian, [y - g for y, g in zip(target, gradient, strict=True)]) if inside else None
        if step is None or not all(d.is_finite() for d in step):
            return None
        scale = max((abs(x).mid() for x in point), key=float)
        radii = [
            4 * abs(d).upper() + abs(x) * _small(bits + 4) + scale * _small(2 * bits)
            for x, d in zip(point, step, strict=True)
        ]
        box = [x + arb(0, r) for x, r in zip(point, radii, strict=True)]
        if any(r > abs(x) * _small(bits) + scale * _small(bits + bits // 2) for x, r in zip(point, radii, strict=True)):
            return None
        if not self._program.native:
            return box
        _, wide, _ = self._local(function(box))
        try:
            inverse = arb_mat(n, n, [e.mid() for e in jacobian.inv().entries()])
        except ZeroDivisionError:
            return None
        unit = arb_mat(n, n, [arb(int(i == j)) for i in range(n) for j in range(n)])
        spread = (unit - inverse * wide) * arb_mat(n, 1, [arb(0, r) for r in radii])
        gap = inverse * arb_mat(n, 1, [y - g for y, g in zip(target, gradient, strict=True)])
        reach = [a + b for a, b in zip(spread.entries(), gap.entries(), strict=True)]
        if all(bool(abs(a).upper() < r) for a, r in zip(reach, radii, strict=True)):
            return box
        return None


def _solved(matrix: arb_mat, right: list[arb]) -> list[arb] | None:
    try:
        found = matrix.solve(arb_mat(len(right), 1, right)).entries()
    except ZeroDivisionError:
        return None
    return found if all(d.is_finite() for d in found) else None


def _small(bits: int) -> arb:
    return arb((1, -bits))


def _without_derivatives(e: sp.Expr) -> sp.Expr:
    """Derivatives that have a function of their own by that function."""
    return e.replace(lambda f: isinstance(f, sp.Derivative | sp.Subs), lambda f: lower_derivative(f) or f)
