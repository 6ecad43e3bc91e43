"""Polylogarithms and exponential integrals, as functions of the field with their derivatives.

``exp(z) E_1(z)`` and its relatives enter with the exponential, for their derivatives are then their own multiples and
rational functions. Sources: DLMF 25.12 and 6.2; Milgram, The generalized integro-exponential function, Math. Comp. 44
(1985) 443-458.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import sympy as sp

from symgeo.algebra import generators as gen

if TYPE_CHECKING:
    from sympy import Expr

    from symgeo.algebra.element import Element
    from symgeo.algebra.field import Field


_LARGEST_IN_SERIES = 2000


class integro_exponential(sp.Function):
    """``E_1^j(z)``, the integral of ``(log t)^j/j! exp(-z t)/t`` over t > 1: Milgram's function of order one, z > 0."""

    nargs = (2,)

    @classmethod
    def eval(cls, j: Expr, z: Expr) -> Expr | None:
        return sp.expint(1, z) if j == 0 else None

    def fdiff(self, argindex: int = 2) -> Expr:
        j, z = self.args
        if argindex != 2:
            raise sp.core.function.ArgumentIndexError(self, argindex)
        return -integro_exponential(j - 1, z) / z

    def _eval_is_positive(self) -> bool | None:
        return True if self.args[1].is_positive else None

    def _eval_evalf(self, prec: int) -> Expr | None:
        import mpmath

        if not all(a.is_number for a in self.args):
            return None
        mp = mpmath.mp.clone()
        mp.prec = prec + 20
        j, z = (mp.mpf(a._to_mpmath(mp.prec)) for a in self.args)
        return sp.Float._new(integro_exponential_value(mp, j, z)._mpf_, prec)

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        j, z = (printer._print(a) for a in self.args)
        base = rf"E_{{1}}^{{({j})}}\left({z}\right)"
        return base if exp is None else rf"\left[{base}\right]^{{{exp}}}"


def integro_exponential_value(mp: Any, j: Any, z: Any) -> Any:
    """``E_1^j(z)`` for z > 0 in the precision of ``mp``.

    ``sum_j w^j E_1^j(z) = z^-w Gamma(w, z)``, expanded in w: what holds log z is from ``Gamma(1 + w) z^-w``, the
    rest a power series, summed with the digits that its terms cancel. Far out, where that would be long, by quadrature.
    """
    j = int(j)
    if not z > 0:
        return mp.nan
    if z > _LARGEST_IN_SERIES:
        reach = (mp.prec + 20) / z
        integral = mp.quad(lambda s: s**j * mp.exp(-z * mp.expm1(s)), [0, reach / 8, reach / 2, reach])
        return mp.exp(-z) * integral / mp.factorial(j)
    with mp.workprec(mp.prec + 30 + int(3 * z)):
        z = mp.mpf(z)
        cumulants = [-mp.euler - mp.log(z)] + [(-1) ** k * mp.zeta(k) * mp.factorial(k - 1) for k in range(2, j + 2)]
        moments = [mp.mpf(1)]
        for n in range(j + 1):
            moments.append(mp.fsum(mp.binomial(n, k) * cumulants[k] * moments[n - k] for k in range(n + 1)))
        total, term, k = moments[j + 1] / mp.factorial(j + 1), mp.mpf(1), 0
        while k < z or abs(term) > mp.mpf(2) ** -mp.prec:
            k += 1
            term = term * -z / k
            total -= (-1) ** j * term / mp.mpf(k) ** (j + 1)
    return +total


def polylog(field: Field, expr: Expr) -> Element | None:
    """``Li_s(z)`` of a whole order s; None where it is left as it stands."""
    order, argument = expr.args
    if not order.is_Integer or order < 1:
        return None
    return polylog_of(field, int(order), field(argument))


def polylog_of(field: Field, order: int, z: Element) -> Element:
    """``Li_s(z)`` for z below one, s = 1, 2, ...; z Li_s' = Li_(s-1), and Li_1(z) = -log(1 - z)."""
    if not z:
        return field.zero
    if order == 1:
        rest = 1 - z
        return -gen.log(field, rest, rest.to_sympy())
    if z == 1:
        return field(sp.zeta(order))
    if z == -1:
        return field(sp.zeta(order)) * (Fraction(1, 2 ** (order - 1)) - 1)
    key = ("polylog", order, z.key())
    found = field.lookup(key)
    if found is None:
        field.independent = False  # Landen's and Euler's identities tie several arguments
        found = field.adjoin(
            key,
            sp.polylog(order, z.to_sympy()),
            z.free_symbols,
            lambda s: polylog_of(field, order - 1, z) * z.diff(s) / z,
        )
    return found


def scaled_integro_exponential(field: Field, j: int, z: Element) -> Element:
    """``exp(z) E_1^j(z)``, with ``g_j' = g_j - g_(j-1)/z`` and ``g_(-1) = 1``."""
    if j < 0:
        return field.one
    key = ("scaled integro-exponential", j, z.key())
    found = field.lookup(key)
    if found is None:
        field.independent = False
        inner = z.to_sympy()
        generator = field.adjoin(
            key,
            sp.exp(inner) * integro_exponential(j, inner),
            z.free_symbols,
            lambda s: (generator - scaled_integro_exponential(field, j - 1, z) / z) * z.diff(s),
        )
        return generator
    return found


def scaled_upper_gamma(field: Field, a: Fraction, z: Element) -> Element:
    """``exp(z) Gamma(a, z)`` for a number a in (0, 1); its derivative is itself minus ``z^(a-1)``."""
    if a == 1:
        return field.one
    key = ("scaled upper gamma", a, z.key())
    found = field.lookup(key)
    if found is None:
        field.independent = False
        inner, shape = z.to_sympy(), sp.Rational(a.numerator, a.denominator)
        function = sp.sqrt(sp.pi) * sp.erfc(sp.sqrt(inner)) if a == Fraction(1, 2) else sp.uppergamma(shape, inner)
        power = gen.power(field, z, a - 1, inner)
        generator = field.adjoin(
            key, sp.exp(inner) * function, z.free_symbols, lambda s: (generator - power) * z.diff(s)
        )
        return generator
    return found


def expint(field: Field, expr: Expr) -> Element | None:
    """``E_n(z)`` for whole n >= 0, by the recurrence ``n E_(n+1) = exp(-z) - z E_n`` (DLMF 8.19.12)."""
    order, argument = expr.args
    if not order.is_Integer or order < 0:
        return None
    z = field(argument)
    decay = gen.exp(field, -z)
    if order == 0:
        return decay / z
    result = scaled_integro_exponential(field, 0, z)
    for n in range(1, int(order)):
        result = (1 - z * result) / n
    return result * decay


def integro(field: Field, expr: Expr) -> Element | None:
    """``E_1^j(z)`` for whole j."""
    order, argument = expr.args
    if not order.is_Integer or order < 0:
        return None
    z = field(argument)
    return scaled_integro_exponential(field, int(order), z) * gen.exp(field, -z)
