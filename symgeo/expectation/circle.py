"""Laws on the circle whose densities are products of powers of trigonometric polynomials.

The integral of a function of period 2 pi over a period is the same from wherever it starts, so the angle is counted
from the law's own location; t = tan(angle/2) then makes sines and cosines rational functions on the line. Whole powers
are integrated by residues (:mod:`symgeo.expectation.rational`), others by Beta integrals where a substitution is found.
Source: Mardia and Jupp, Directional Statistics, 2000, section 3.5; Gradshteyn and Ryzhik 3.613 and 3.661.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import comb
from typing import TYPE_CHECKING, Any

import sympy as sp

from symgeo.algebra import Element, Field
from symgeo.algebra import generators as gen
from symgeo.algebra.printing import written_as_sum
from symgeo.algebra.zero_test import zero_test
from symgeo.errors import NoClosedFormError, NormalisationError
from symgeo.expectation.mellin import MellinExpectation
from symgeo.expectation.rational import Factors, Rational
from symgeo.expectation.residues import RationalExpectation
from symgeo.expectation.substitutions import mellin_expectation

if TYPE_CHECKING:
    from sympy import Expr, Symbol

_MOST_WAVES = 24
_MOST_LOCATIONS = 4
_LINE = (-sp.oo, sp.oo)
_OPEN = "no closed form was found: the function is no rational function of the sine and cosine of the angle"


@dataclass(frozen=True)
class Circle:
    """``t = tan(rate (x - shift)/2)`` for x on an interval of length ``2 pi/rate``."""

    field: Field
    x: Symbol
    t: Symbol
    rate: Expr
    shift: Expr

    def along(self, e: Expr) -> Expr:
        """A function of sines and cosines of whole multiples of the angle, in t; :class:`NoClosedFormError` else."""
        e = _in_sines(e, self.x, self.rate)
        values: dict[Expr, Expr] = {}
        for f in e.atoms(sp.sin, sp.cos):
            if self.x not in f.free_symbols:
                continue
            waves = _waves(f.args[0], self.x, self.rate)
            if waves is None:
                raise NoClosedFormError(_OPEN)
            n, phase = waves
            phase = sp.expand(phase + n * self.rate * self.shift)
            sine, cosine = _multiples(n, self.t)
            if isinstance(f, sp.cos):
                values[f] = cosine * sp.cos(phase) - sine * sp.sin(phase)
            else:
                values[f] = sine * sp.cos(phase) + cosine * sp.sin(phase)
        e = e.xreplace(values)
        if self.x in e.free_symbols:
            raise NoClosedFormError(_OPEN)
        return e

    @cached_property
    def width(self) -> Element:
        """``1 + t^2``."""
        t = self.field(self.t)
        return 1 + t * t

    @property
    def measure(self) -> Expr:
        """``dx/dt``."""
        return 2 / (self.rate * (1 + self.t**2))

    def drift(self, parameter: Symbol) -> Element:
        """The derivative of t at fixed x."""
        return self.width * self.field(-self.rate * sp.diff(self.shift, parameter) / 2)

    def fraction(self, e: Expr) -> tuple[Element, Element]:
        """Numerator and denominator, each a polynomial in t over powers of 1 + t^2; :class:`NoClosedFormError` else."""
        e = _in_sines(e, self.x, self.rate)
        waves = {f: sp.Dummy() for f in e.atoms(sp.sin, sp.cos) if self.x in f.free_symbols}
        e = e.xreplace(waves)
        if any(p.exp.could_extract_minus_sign() and p.free_symbols & set(waves.values()) for p in e.atoms(sp.Pow)):
            parts = sp.fraction(sp.together(e))
        else:
            parts = (e, sp.S.One)
        back = {d: f for f, d in waves.items()}
        top, bottom = (self.field(self.along(part.xreplace(back))) for part in parts)
        for a in (top, bottom):
            if any(self.t in g.symbols and not g.is_symbol for g in self.field.used_generators(a)):
                raise NoClosedFormError(_OPEN)
        return top, bottom


def _in_sines(e: Expr, x: Symbol, rate: Expr) -> Expr:
    """Other trigonometric functions by sine and cosine; squares of those of half the angle by the angle itself."""

    def halved(f: Expr) -> bool:
        return isinstance(f, sp.sin | sp.cos) and (sp.diff(f.args[0], x) * 2 / rate).is_odd is True

    def square(f: Expr) -> Expr:
        return (1 + (1 if isinstance(f, sp.cos) else -1) * sp.cos(sp.expand(2 * f.args[0]))) / 2

    e = e.replace(sp.tan, lambda u: sp.sin(u) / sp.cos(u)).replace(sp.cot, lambda u: sp.cos(u) / sp.sin(u))
    e = e.replace(sp.sec, lambda u: 1 / sp.cos(u)).replace(sp.csc, lambda u: 1 / sp.sin(u))
    e = e.replace(
        lambda f: f.is_Pow and f.exp.is_even is True and halved(f.base), lambda f: square(f.base) ** (f.exp / 2)
    )
    return e.replace(
        lambda f: isinstance(f, sp.log) and halved(f.args[0].args[0] if isinstance(f.args[0], sp.Abs) else f.args[0]),
        lambda f: sp.log(square(f.args[0].args[0] if isinstance(f.args[0], sp.Abs) else f.args[0])) / 2,
    )


def _waves(angle: Expr, x: Symbol, rate: Expr) -> tuple[int, Expr] | None:
    """``(n, phase)`` with ``angle = n rate x + phase``."""
    n = sp.expand(sp.diff(angle, x) / rate)
    if not n.is_Integer or n == 0 or abs(n) > _MOST_WAVES:
        return None
    return int(n), angle.subs(x, 0)


def _multiples(n: int, t: Symbol) -> tuple[Expr, Expr]:
    """sin and cos of n times the angle: imaginary and real part of ``(1 + i t)**(2 n)/(1 + t**2)**n``."""
    m = 2 * abs(n)
    bottom = (1 + t**2) ** abs(n)
    cosine = sp.Add(*((-1) ** (k // 2) * comb(m, k) * t**k for k in range(0, m + 1, 2)))
    sine = sp.Add(*((-1) ** (k // 2) * comb(m, k) * t**k for k in range(1, m + 1, 2)))
    return (sine if n > 0 else -sine) / bottom, cosine / bottom


def _locations(log_density: Expr, x: Symbol, rate: Expr) -> list[Expr]:
    """Where the angle may be counted from: where the phase of a sine or cosine vanishes."""
    angles = {f.args[0] for f in log_density.atoms(sp.sin, sp.cos) if x in f.free_symbols}
    waves = [w for angle in angles if (w := _waves(angle, x, rate)) is not None]
    found = {sp.expand(-phase / (n * rate)) for n, phase in waves}
    moving = sorted((shift for shift in found if shift.free_symbols), key=sp.default_sort_key)
    return [*moving, *([] if moving and len(moving) == len(found) else [sp.S.Zero])][:_MOST_LOCATIONS]


def is_circular(log_density: Expr, x: Symbol, ends: tuple[Expr, Expr]) -> bool:
    """Whether x runs through one period and enters by sines and cosines alone."""
    length = ends[1] - ends[0]
    if not (length.is_finite and length.is_number) or not log_density.has(sp.sin, sp.cos, sp.tan):
        return False
    rate = 2 * sp.pi / length
    log_density = _in_sines(log_density, x, rate)
    angles = [f for f in log_density.atoms(sp.sin, sp.cos) if x in f.free_symbols]
    rest = log_density.xreplace({f: sp.Dummy() for f in angles})
    return x not in rest.free_symbols and all(_waves(f.args[0], x, rate) is not None for f in angles)


def circular_expectation(
    field: Field, log_density: Expr, x: Symbol, ends: tuple[Expr, Expr], parameters: Sequence[Symbol]
) -> CircularExpectation | None:
    """E[.] under ``exp(log_density)`` on one period; None where the law is of another kind.

    Raises :class:`NormalisationError` when the mass, which is exact, is not one.
    """
    if not is_circular(log_density, x, ends):
        return None
    rate = 2 * sp.pi / (ends[1] - ends[0])
    log_density = _in_sines(log_density, x, rate)
    t = sp.Dummy("t", real=True)
    field.knowledge.apart = field.knowledge.apart | {t}
    circles = [Circle(field, x, t, rate, shift) for shift in _locations(log_density, x, rate)]
    try:
        laws = {circle: law for circle in circles if (law := _rational(circle, log_density, parameters)) is not None}
        if not laws:
            return _by_substitution(circles[0], log_density)
        # Counted from the law's own location the polynomials are the shortest.
        circle = min(laws, key=lambda c: sum(q.terms for q in laws[c].factors.polynomials))
        # In products of three scores a factor loses three powers.
        laws[circle].factors.require_integrable([i for i, e in laws[circle].exponents.items() if e < 3])
        # The mass is found now: where it has no closed form, neither has any mean.
        return CircularExpectation(circle, laws[circle]) if laws[circle].mass else None
    except NoClosedFormError:
        return None


def _rational(circle: Circle, log_density: Expr, parameters: Sequence[Symbol]) -> RationalExpectation | None:
    """The law as a rational function of t; None where a power is not whole or the density of another kind."""
    field, factors = circle.field, Factors(circle.field, circle.t)
    factors.split(circle.width)
    constants: list[Expr] = []
    constant = field.one
    exponents: dict[int, int] = {}
    for term in sp.Add.make_args(sp.expand_mul(log_density, deep=False)):
        if circle.x not in term.free_symbols:
            constants.append(term)
            continue
        power, inside = term.as_independent(circle.x, as_Add=False)
        if not isinstance(inside, sp.log) or not power.is_Integer:
            return None
        argument = inside.args[0]
        top, bottom = circle.fraction(argument.args[0] if isinstance(argument, sp.Abs) else argument)
        for a, e in ((top, int(power)), (bottom, -int(power))):
            c, found = factors.split(a)
            constant = constant * c**e
            for i, k in found.items():
                exponents[i] = exponents.get(i, 0) + k * e
    exponents = {i: e for i, e in exponents.items() if e}
    factors.vanish_nowhere |= {i for i, e in exponents.items() if e < 0 or e % 2}
    return RationalExpectation(
        factors,
        gen.exp(field, field(sp.Add(*constants))) * constant,
        exponents,
        Rational(field(2 / circle.rate), {0: -1}),
        {p: drift for p in parameters if (drift := circle.drift(p))},
    )


def _by_substitution(circle: Circle, log_density: Expr) -> CircularExpectation | None:
    """The law of t by Beta integrals."""
    field = circle.field
    along = circle.along(log_density.replace(sp.Abs, lambda u: sp.sqrt(u**2)))
    density = field(along) + gen.log(field, field(circle.measure), circle.measure)
    level = mellin_expectation(field, written_as_sum(density), circle.t, _LINE)
    if level is None:
        return None
    if not zero_test(level.mass - 1):
        raise NormalisationError(f"the density integrates to {level.mass}, not to one; divide it by that")
    return CircularExpectation(circle, level, along)


@dataclass(frozen=True)
class CircularExpectation:
    """E[.] under a law on the circle, by the law of t: rational, or with the log-density ``along`` of Beta type."""

    circle: Circle
    law: RationalExpectation | MellinExpectation
    along: Expr = sp.S.Zero

    @property
    def field(self) -> Field:
        """The field that the expectations live in."""
        return self.circle.field

    def score(self, parameter: Symbol) -> list[Any]:
        """The score of a parameter."""
        if isinstance(self.law, RationalExpectation):
            return self.law.score(parameter)
        t, moved, along = self.circle.t, self.circle.drift(parameter), self.field(self.along)
        return self.law.function((along.diff(parameter) + moved * along.diff(t)).to_sympy(), t)

    def of_products(self, factors: Sequence[Sequence[Any]]) -> Element:
        """The expectation of a product."""
        return self.law.of_products(factors)

    def mean(self, f: Expr) -> Element:
        """E[f], f a function of x that may hold logarithms to the first power; :class:`NoClosedFormError` else."""
        logs = {g: sp.Dummy() for g in f.atoms(sp.log) if self.circle.x in g.free_symbols}
        if not logs or isinstance(self.law, MellinExpectation):
            return self.of_products([self.function(f)])
        f = f.xreplace(logs)
        rest = f.xreplace(dict.fromkeys(logs.values(), sp.S.Zero))
        terms = [self.of_products([self.function(rest)])]
        for g, d in logs.items():
            slope = sp.diff(f, d)
            if slope.free_symbols & set(logs.values()):
                raise NoClosedFormError(_OPEN)
            (coefficient,) = self.function(slope)
            top, bottom = self.circle.fraction(g.args[0].replace(sp.Abs, lambda u: u))
            terms += [self.law.with_logarithm(coefficient, top), -self.law.with_logarithm(coefficient, bottom)]
        return self.field.sum(terms)

    def function(self, f: Expr) -> list[Any]:
        """A function of x, rational in sines and cosines; :class:`NoClosedFormError` for another."""
        if isinstance(self.law, MellinExpectation):
            return self.law.function(self.circle.along(f), self.circle.t)
        factors = self.law.factors
        top, bottom = self.circle.fraction(f)
        constant, below = factors.split(bottom)
        whole, exponents = factors.cleared(top)
        return [Rational(whole / constant, {i: exponents.get(i, 0) - below.get(i, 0) for i in {*exponents, *below}})]
