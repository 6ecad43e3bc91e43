"""From SymPy to the field: arithmetic by recursion, functions by their laws, anything else as an opaque generator."""

from __future__ import annotations

from fractions import Fraction
from numbers import Integral, Real
from typing import TYPE_CHECKING

import sympy as sp

from symgeo.algebra import generators as gen
from symgeo.algebra.field import Field
from symgeo.algebra.functions import convert_function
from symgeo.algebra.printing import to_sympy

if TYPE_CHECKING:
    from sympy import Expr

    from symgeo.algebra.element import Element


def differential_field() -> Field:
    """A field that reads and writes SymPy expressions."""
    return Field(converter=convert, printer=to_sympy)


def convert(field: Field, expr: Expr | int) -> Element:
    """The element of ``field`` that ``expr`` stands for. Floating-point numbers are read as their decimal text."""
    expr = as_expression(expr)
    if expr.is_Symbol:
        return gen.symbol(field, expr)
    if expr.is_Rational:
        return field.rational(Fraction(int(expr.p), int(expr.q)))
    if expr.is_Float:
        return field(decimal(expr))
    if expr.is_Add:
        return field.sum([field(a) for a in expr.args])
    if expr.is_Mul:
        result = field.one
        for a in expr.args:
            result = result * field(a)
        return result
    if expr.is_Pow:
        return _power(field, expr)
    if expr is sp.I:
        return gen.imaginary_unit(field)
    if expr is sp.E:
        return gen.exp(field, field.one)
    if expr is sp.GoldenRatio:
        return field((1 + sp.sqrt(5)) / 2)
    if expr.is_NumberSymbol:
        return gen.constant(field, expr)
    if expr.is_Function or isinstance(expr, sp.Derivative | sp.Subs):
        return convert_function(field, expr)
    if getattr(expr, "is_field_generator", False):
        return gen.free(field, expr)
    return gen.opaque(field, expr)


def _power(field: Field, expr: Expr) -> Element:
    base, exponent = expr.args
    if exponent.is_Float:
        exponent = decimal(exponent)
    if exponent.is_Rational:
        q = Fraction(int(exponent.p), int(exponent.q))
        return gen.power(field, field(base), q, base)
    if base is sp.E:
        return gen.exp(field, field(exponent))
    if base.is_number and base.is_negative:
        return gen.opaque(field, expr)
    return gen.exp(field, field(exponent) * field(sp.log(base)))


def decimal(number: sp.Float) -> sp.Rational:
    """A floating-point number as the rational that its shortest decimal text names: 0.1 is 1/10."""
    return sp.Rational(repr(float(number)) if number._prec <= 53 else str(number))


def as_expression(value: object) -> Expr:
    """A number or SymPy expression as SymPy; text raises ``TypeError``: it would have to be evaluated."""
    if isinstance(value, sp.Expr):
        return value
    if isinstance(value, Integral):
        return sp.Integer(int(value))
    if isinstance(value, Fraction):
        return sp.Rational(value.numerator, value.denominator)
    if isinstance(value, Real):
        return sp.Rational(repr(float(value)))
    raise TypeError(f"expected a number or a SymPy expression, got {type(value).__name__} {value!r}")
