"""The cost of transport between elliptical laws of one generator: Bures' distance of their covariances.

With centres m and covariances C it is ``|m_p - m_q|^2 + tr(C_p + C_q - 2 (C_p^(1/2) C_q C_p^(1/2))^(1/2))``, and the
covariance is ``E[r^2]/d`` times the scatter matrix. Source: Gelbrich, Math. Nachr. 147 (1990) 185-203, theorems 2.1 and
2.4; the trace of the root in the plane by Cayley and Hamilton.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import sympy as sp

from symgeo.algebra import Element, Field
from symgeo.algebra.printing import written_as_sum
from symgeo.algebra.zero_test import zero_test
from symgeo.errors import DivergentExpectationError, NoClosedFormError
from symgeo.expectation.elliptical import EllipticalForm, elliptical_form
from symgeo.expectation.pivot import find_pivot
from symgeo.expectation.substitutions import mellin_expectation
from symgeo.models.members import Values
from symgeo.models.normaliser import has_sum

if TYPE_CHECKING:
    from sympy import Expr, Symbol

    from symgeo.models.statistical_model import StatisticalModel

_DIGITS = 50
Matrix = list[list[Element]]


def elliptical_cost(model: StatisticalModel, field: Field, p: Values, q: Values) -> Expr:
    """The square of the distance between two members of an elliptical family; errors as for ``wasserstein``."""
    form = None
    if model.support.is_whole_space and not has_sum(model.density):
        form = elliptical_form(model.field, model.log_density, model.variables)
    if form is None:
        raise NoClosedFormError(
            "the best coupling of laws of several variables is known for elliptical laws on the whole space alone: "
            "densities that are functions of one positive definite quadratic form"
        )
    at_p, at_q = (dict(zip(model.parameters, values, strict=True)) for values in (p, q))
    radial = _common_radial(model, field, form, at_p, at_q)
    n = range(len(model.variables))

    def at(e: Element, values: dict) -> Element:
        return field(e.to_sympy().subs(values, simultaneous=True))

    gaps = [at(m, at_p) - at(m, at_q) for m in form.centre]
    first, second = (
        [[at(form.inverse.matrix[i][j], v) * at(radial.unit, v) ** 2 for j in n] for i in n] for v in (at_p, at_q)
    )
    shifts = sp.Add(*(a.to_sympy() ** 2 for a in gaps))
    if first == second:
        return shifts
    return shifts + _spread(field, radial, len(n)).to_sympy() * _bures(field, first, second)


@dataclass(frozen=True)
class _Radial:
    """The log-density of ``variable``, the same for both members, where r is ``unit`` times it."""

    variable: Symbol
    log_density: Expr
    unit: Element


def _common_radial(model: StatisticalModel, field: Field, form: EllipticalForm, at_p: dict, at_q: dict) -> _Radial:
    """The law of r, or of r in units of a scale that the profile holds."""
    candidates = [_Radial(form.radius, form.radial_log_density, model.field.one)]
    pivot = find_pivot(
        model.field, form.radial_log_density, form.radius, (sp.S.Zero, sp.oo), model.parameters, model.domain
    )
    if pivot is not None:
        unit = pivot.image / pivot.field(pivot.variable)
        if pivot.variable not in unit.free_symbols:
            candidates.append(_Radial(pivot.variable, pivot.log_density.to_sympy(), unit))
    for found in candidates:
        field.knowledge.apart = field.knowledge.apart | {found.variable}
        first, second = (field(found.log_density.subs(at, simultaneous=True)) for at in (at_p, at_q))
        if zero_test(first - second):
            return replace(found, log_density=written_as_sum(first))
    raise NoClosedFormError(
        "the members are no elliptical laws of one generator, as far as was found: the laws of the distance from their "
        "centres differ by more than a scale; give both the same shapes"
    )


def _spread(field: Field, radial: _Radial, dim: int) -> Element:
    """``E[r^2]/d``, r in its unit."""
    r = radial.variable
    level = mellin_expectation(field, radial.log_density, r, (sp.S.Zero, sp.oo))
    if level is None:
        raise NoClosedFormError("the mean square of the distance from the centre has no closed form that was found")
    try:
        return level.of_products([level.function(r**2, r)]) / dim
    except DivergentExpectationError as error:
        raise DivergentExpectationError(
            f"the mean square of the distance from the centre is infinite or not proven to be finite: {error}"
        ) from None


def _bures(field: Field, first: Matrix, second: Matrix) -> Expr:
    """``tr(A + B - 2 (A^(1/2) B A^(1/2))^(1/2))``."""
    n = range(len(first))
    trace = field.sum([first[i][i] for i in n])
    scale = second[0][0] / first[0][0]
    if all(not second[i][j] - scale * first[i][j] for i in n for j in n):
        return trace.to_sympy() * (1 - _root(scale)) ** 2
    if all(not m[i][j] for m in (first, second) for i in n for j in n if i != j):
        return sp.Add(*((_root(first[i][i]) - _root(second[i][i])) ** 2 for i in n))
    both = trace + field.sum([second[i][i] for i in n])
    return both.to_sympy() - 2 * _trace_of_root(first, second)


def _trace_of_root(first: Matrix, second: Matrix) -> Expr:
    """``tr (A^(1/2) B A^(1/2))^(1/2)``, the sum of the roots of the eigenvalues of A B."""
    if len(first) == 2:
        (a, b), (_, c) = first
        (d, e), (_, f) = second
        trace = a * d + 2 * b * e + c * f
        return sp.sqrt(trace.to_sympy() + 2 * _root((a * c - b * b) * (d * f - e * e)))
    if any(entry.free_symbols for m in (first, second) for row in m for entry in row):
        raise NoClosedFormError(
            "in three or more dimensions the eigenvalues of a product of scatter matrices have no closed form in "
            "symbols; give numbers for all parameters"
        )
    return _by_eigenvalues(first, second)


def _root(a: Element) -> Expr:
    return sp.powdenest(sp.sqrt(sp.factor(a.to_sympy())), force=False)


def _by_eigenvalues(first: Matrix, second: Matrix) -> Expr:
    import mpmath

    with mpmath.workdps(_DIGITS):
        a, b = (
            mpmath.matrix([[mpmath.mpf(str(sp.N(e.to_sympy(), _DIGITS))) for e in row] for row in m])
            for m in (first, second)
        )
        lower = mpmath.cholesky(a)
        values = mpmath.eigsy(lower.T * b * lower, eigvals_only=True)
        return sp.Float(str(sum(mpmath.sqrt(max(v, 0)) for v in values)), 30)
