"""Symbols that the declarations share, and how a family is declared: by its density, unchecked."""

from __future__ import annotations

from functools import partial

import sympy as sp

from symgeo.models.statistical_model import StatisticalModel

REAL = sp.Symbol("x", real=True)
POSITIVE = sp.Symbol("x", positive=True)
COUNT = sp.Symbol("x", integer=True, nonnegative=True)
FROM_ONE = sp.Symbol("x", integer=True, positive=True)
INTEGER = sp.Symbol("x", integer=True)
UNIT = sp.Interval.open(0, 1)

declare = partial(StatisticalModel, check=False)


def reals(names: str) -> tuple[sp.Symbol, ...]:
    """Real symbols; always a tuple."""
    return sp.symbols(names, real=True, seq=True)


def positives(names: str) -> tuple[sp.Symbol, ...]:
    """Positive symbols; always a tuple."""
    return sp.symbols(names, positive=True, seq=True)


def gaussian(x: sp.Expr, mean: sp.Expr, variance: sp.Expr) -> sp.Expr:
    """The normal density at x."""
    return sp.exp(-((x - mean) ** 2) / (2 * variance)) / sp.sqrt(2 * sp.pi * variance)
