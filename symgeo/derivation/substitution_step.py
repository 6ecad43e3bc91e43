"""The step that turns expectations into Gamma and Beta integrals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sympy as sp

from symgeo.derivation.setting import Setting
from symgeo.derivation.steps import Formula, Step

if TYPE_CHECKING:
    from sympy import Expr

    from symgeo.expectation.mellin import MellinExpectation, Part


def substitution_step(s: Setting, expectation: MellinExpectation) -> Step:
    """The substitution on each part of the support, the law it leads to, and the master integral."""
    variable = sp.Dummy(s.standard, positive=True)
    s.coordinates(s.standard, (variable,))
    u, (a, b) = s.standard, s.shape
    x = s.notation.latex(s.model.variables[0])
    formulas: list[Formula] = []
    for part in expectation.parts:
        formulas += _formulas(part, variable, x, (a, b))
    beta = expectation.parts[0].law.b is not None
    law = rf"{u}^{{{a} - 1}} (1 - {u})^{{{b} - 1}}/B({a}, {b})" if beta else rf"{u}^{{{a} - 1}} e^{{-{u}}}/\Gamma({a})"
    ends = "(0, 1)" if beta else r"(0, \infty)"
    master = (
        rf"\int_0^1 {u}^{{{a} - 1}} (1 - {u})^{{{b} - 1}}\, d{u} = B({a}, {b})"
        if beta
        else rf"\int_0^\infty {u}^{{{a} - 1}} e^{{-{u}}}\, d{u} = \Gamma({a})"
    )
    several = len(expectation.parts) > 1
    where = "On each of the parts below, which together are the support, the" if several else "The"
    weight = ", times the mass of the part," if several else ""
    powers = rf"${u}$, $1 - {u}$ and their logarithms" if beta else rf"${u}$ and its logarithm"
    return Step(
        "Expectations by substitution",
        rf"{where} substitution gives ${u}$ the density ${law}$ on ${ends}${weight} and makes the score a sum of "
        rf"products of powers of {powers}.",
        tuple(formulas),
        reason=rf"Every expectation is then a sum of values of the integral ${master}$ and of its derivatives in the "
        "exponents, which bring down the logarithms.",
        citation="DLMF, 5.2.1 and 5.12.1",
    )


def _formulas(part: Part, u: sp.Symbol, x: str, shape: tuple[str, str]) -> list[Formula]:
    def written(e: Expr) -> Expr:
        return e.subs(part.law.u, u)

    out = [Formula(x, written(part.law.field(part.substitution).to_sympy())), Formula(shape[0], part.law.a.to_sympy())]
    if part.law.b is not None:
        out.append(Formula(shape[1], part.law.b.to_sympy()))
    return out
