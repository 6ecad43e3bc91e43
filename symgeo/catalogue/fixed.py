"""Known values that select a family, such as a number of trials: read exactly, refused by name."""

from __future__ import annotations

import sympy as sp

from symgeo.algebra import as_expression
from symgeo.errors import DeclarationError


def real(name: str, value: float | sp.Expr) -> sp.Expr:
    """A finite real number, exact: a float is the decimal that it prints as. Raises `DeclarationError`."""
    try:
        number = as_expression(value)
    except (TypeError, ValueError):  # text, collections; infinities and nan, which are no rationals
        number = sp.nan
    if isinstance(value, bool) or not number.is_number:
        raise DeclarationError(
            f"{name} is known in this family and must be a number, not {value!r}; "
            "to estimate it, declare a StatisticalModel with it among the parameters"
        )
    number = sp.Rational(str(number)) if number.is_Float else number
    if not (number.is_real and number.is_finite):
        raise DeclarationError(f"{name} must be a finite real number, not {value!r}")
    return number


def positive(name: str, value: float | sp.Expr) -> sp.Expr:
    """A number above zero. Raises `DeclarationError`."""
    number = real(name, value)
    if not number.is_positive:
        raise DeclarationError(f"{name} must be positive, not {value}")
    return number


def count(name: str, value: int | sp.Expr, least: int = 1) -> int:
    """A whole number, at least ``least``. Raises `DeclarationError`."""
    number = real(name, value)
    if not number.is_Integer or number < least:
        raise DeclarationError(f"{name} must be a whole number of at least {least}, not {value}")
    return int(number)
