"""Integrals over the line of rational functions times the logarithm of a quadratic without real zeros.

log q is twice the real part of a function that is analytic in a half-plane, so that the integral of log q_j/q_i is
that of 1/q_i times log q_j at the complex zero of q_i, with the zeros of q_j reflected. Higher powers follow by parts.
Source: Gradshteyn and Ryzhik 4.295 and, on the circle, 4.224.9 and 4.397 (Poisson's integral).
"""

from __future__ import annotations

from fractions import Fraction

from symgeo.algebra import Element
from symgeo.algebra import generators as gen
from symgeo.errors import DivergentExpectationError, NoClosedFormError
from symgeo.expectation.rational import ENDLESS, Factors, Rational

_OPEN = "no closed form was found: the logarithm and the denominator beside it have no common centre"


def log_integral(factors: Factors, f: Rational, j: int) -> Element:
    """The integral of ``f log |q_j|`` over the line, in units of pi."""
    field = factors.field
    whole, parts = factors.fractions(f)
    if whole:
        raise DivergentExpectationError(ENDLESS)
    other, other_slope = factors.quadratic(j), factors.polynomials[j].diff(factors.t)
    terms = []
    for i, digits in parts.items():
        q = factors.quadratic(i)
        shift, reach = q.centre - other.centre, q.height + other.height
        at_zero = other.lead * other.sign * (shift * shift + reach * reach)
        value = gen.log(field, at_zero, at_zero.to_sympy()) * 2 * q.sign / q.root
        offset = field(factors.t) - q.centre
        for m in range(1, max(digits) + 1):
            digit = digits.get(m, [])
            terms.append(field.sum([*digit[:1], *(c * q.centre for c in digit[1:])]) * value)
            odd = digit[1] if len(digit) > 1 else field.zero
            if odd and shift:
                if m == 1:
                    raise NoClosedFormError(_OPEN)
                slope = factors.integral(Rational(other_slope, {i: 1 - m, j: -1} if i != j else {i: -m}))
                terms.append(odd * slope / (2 * (m - 1) * q.lead))
            below = {i: -m, j: -1} if i != j else {i: -m - 1}
            by_parts = factors.integral(Rational(offset * other_slope, below))
            scale = q.lead * q.height * q.height
            value = (value * Fraction(2 * m - 1, 2 * m)) / scale - by_parts / (2 * m * scale)
    return field.sum(terms)
