"""What hypothesis draws: interior parameter points as exact rationals, and values of alpha."""

from __future__ import annotations

from typing import Any

import pytest
import sympy as sp
from hypothesis import strategies as st

from theorems.declared import Case, catalogue_cases, user_cases

CASES = [*catalogue_cases(), *user_cases()]

over_all_cases = pytest.mark.parametrize("case", CASES, ids=repr)
several = [case for case in CASES if len(case.parameters) > 1]
over_cases_with_curvature = pytest.mark.parametrize("case", several, ids=repr)


def points(case: Case) -> st.SearchStrategy[tuple[sp.Rational, ...]]:
    """Rational points of the case's box that satisfy its constraints."""
    return st.tuples(*(_between(*case.bounds(p)) for p in case.parameters)).filter(lambda point: _inside(case, point))


def _between(low: float, high: float) -> st.SearchStrategy[sp.Rational]:
    exact = [sp.Rational(str(end)).limit_denominator(1000) for end in (low, high)]
    return st.integers(0, 1000).map(lambda i: exact[0] + (exact[1] - exact[0]) * sp.Rational(i, 1000))


def _inside(case: Case, point: tuple[sp.Rational, ...]) -> bool:
    at = dict(zip(case.parameters, point, strict=True))
    return all(constraint.subs(at) is sp.true for constraint in case.model.constraints)


def alphas() -> st.SearchStrategy[sp.Rational]:
    """Rationals between -3 and 3."""
    return st.integers(-30, 30).map(lambda i: sp.Rational(i, 10))


def at(case: Case, point: tuple[Any, ...]) -> dict[sp.Symbol, Any]:
    """{parameter: value}."""
    return dict(zip(case.parameters, point, strict=True))
