"""The step that turns expectations into Gamma and Beta integrals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sympy as sp

from symgeo.algebra.generators import exp
from symgeo.derivation.components import LONGEST, effort
from symgeo.derivation.names import name_of
from symgeo.derivation.setting import Setting
from symgeo.derivation.steps import Formula, Step
from symgeo.expectation.rational_law import RationalLaw

if TYPE_CHECKING:
    from sympy import Expr, Symbol

    from symgeo.expectation.iterated import IteratedExpectation
    from symgeo.expectation.mellin import Part, RationalPart

_CITATION = "DLMF, 5.2.1 and 5.12.1"
_RATIONAL_CITATION = {False: "Lewin 1981, chapters 1 and 7; DLMF, 25.12", True: "DLMF, 8.19; Milgram 1985"}


def substitution_step(s: Setting, expectation: IteratedExpectation) -> Step:
    """The substitution on each part of the support, the law it leads to, and the master integral."""
    if len(expectation.levels) > 1:
        return _iterated_step(s, expectation)
    ((x, level),) = expectation.levels
    variable = sp.Dummy(s.standard, positive=True)
    s.coordinates(s.standard, (variable,))
    u = s.standard
    formulas: list[Formula] = []
    for part in level.parts:
        formulas += [_image(s, part, x, variable), *_shape(s, part)]
    first = level.parts[0].law
    if isinstance(first, RationalLaw):
        return Step(
            "Expectations by substitution",
            rf"The substitution gives ${u}$ a density on ${_ends(not first.decays)}$ that is a rational function"
            + (rf" times $e^{{-{u}}}$" if first.decays else "")
            + rf", and makes the score a sum of products of powers and logarithms of linear functions of ${u}$.",
            (*formulas, *(_rational(s, f"{s.density}({u})", part, variable) for part in level.parts)),
            reason="Every expectation is then, after partial fractions and integration by parts, "
            f"{_rational_masters(s, first.decays)}.",
            citation=_RATIONAL_CITATION[first.decays],
        )
    beta = first.b is not None
    several = len(level.parts) > 1
    where = "On each of the parts below, which together are the support, the" if several else "The"
    weight = ", times the mass of the part," if several else ""
    powers = rf"${u}$, $1 - {u}$ and their logarithms" if beta else rf"${u}$ and its logarithm"
    return Step(
        "Expectations by substitution",
        rf"{where} substitution gives ${u}$ the density ${_density(s, beta)}$ on "
        rf"${_ends(beta)}${weight} and makes the score a sum of products of powers of {powers}.",
        tuple(formulas),
        reason=rf"Every expectation is then a sum of values of the integral ${_master(s, beta)}$ and of its "
        "derivatives in the exponents, which bring down the logarithms.",
        citation=_CITATION,
    )


def _iterated_step(s: Setting, expectation: IteratedExpectation) -> Step:
    """The same for several variables: each in its turn, and the marginal density that is left for the next."""
    order = [variable for variable, _ in expectation.levels]
    formulas: list[Formula] = []
    remark = ""
    for n, (x, level) in enumerate(expectation.levels, 1):
        u = sp.Dummy(s.standard, positive=True)
        stem = f"{s.standard}_{{{n}}}"
        plain = name_of(f"{s.standard}{n}")
        s.notation.define(u, plain)
        formulas += [_image(s, part, x, u) for part in level.parts]
        standard = [part for part in level.parts if not isinstance(part.law, RationalLaw)]
        formulas += list(dict.fromkeys(Formula(stem, _law(s, part), r"\sim") for part in standard))
        formulas += [
            _rational(s, f"{s.density}({stem})", part, u) for part in level.parts if isinstance(part.law, RationalLaw)
        ]
        if n < len(order):
            rest = s.names([v for v in s.model.variables if v in order[n:]])
            mass = level.mass.to_sympy()
            if effort(mass) <= LONGEST:
                formulas.append(Formula(f"{s.density}({rest})", mass))
            else:
                remark = "Marginal densities that are too long are not listed."
    every = [part.law for _, level in expectation.levels for part in level.parts]
    kinds = {law.b is not None for law in every if not isinstance(law, RationalLaw)}
    rational = {law.decays for law in every if isinstance(law, RationalLaw)}
    laws = ", or ".join(
        rf"${_density(s, beta)}$ on ${_ends(beta)}$, called $\mathrm{{{name}}}({', '.join(s.shape[: 1 + beta])})$"
        for beta, name in ((False, "Gamma"), (True, "Beta"))
        if beta in kinds
    )
    if rational:
        listed = "that is listed, a rational function" + (rf" times $e^{{-{s.standard}}}$" if True in rational else "")
        laws = ", or ".join([*([laws] if laws else []), listed])
    masters = " and ".join(f"${_master(s, beta)}$" for beta in (False, True) if beta in kinds)
    known = (
        f"Each of these is a sum of values of {masters} and of derivatives in the exponents, which bring down "
        "logarithms, "
        if not rational
        else f"Each of these is, after partial fractions and integration by parts, "
        f"{' or '.join(_rational_masters(s, decays) for decays in sorted(rational))}, "
    )
    parts = any(len(level.parts) > 1 for _, level in expectation.levels)
    cut = " A variable with several lines is cut there into parts, each with its share of the mass." if parts else ""
    sequence = ", then ".join(f"${s.notation.latex(v)}$" for v in order)
    return Step(
        "Expectations by substitution",
        f"The variables are integrated one after the other: {sequence}. Each time, given the variables that are "
        rf"left, the substitution below leads to a variable ${s.standard}$ with the density {laws}. The "
        f"mass of this integral is the marginal density of the variables that are left, and the next is integrated "
        f"under it.{cut}",
        tuple(formulas),
        remark,
        f"An expectation is the expectation of conditional expectations. {known}and it is a function of the variables "
        "that are left.",
        "; ".join([*([_CITATION] if kinds else []), *(_RATIONAL_CITATION[decays] for decays in sorted(rational))]),
    )


def _image(s: Setting, part: Part | RationalPart, x: Symbol, u: Symbol) -> Formula:
    image: Expr = part.law.field(part.substitution).to_sympy()
    return Formula(s.notation.latex(x), image.subs(part.law.u, u))


def _rational(s: Setting, left: str, part: Part | RationalPart, u: Symbol) -> Formula:
    law = part.law
    assert isinstance(law, RationalLaw)
    density = law.density * exp(law.field, -law.field(law.u)) if law.decays else law.density
    return Formula(left, density.to_sympy().subs(law.u, u))


def _rational_masters(s: Setting, decays: bool) -> str:
    """The integrals that a law with a rational density leads to."""
    u = s.standard
    if decays:
        return (
            rf"a sum of rational functions and of integrals $\int_c^\infty {u}^{{d}} (\log({u}/c))^{{m}} "
            rf"e^{{-{u}}}\, d{u}$, exponential integrals for whole $d$ and incomplete gamma functions for others"
        )
    return (
        rf"a sum of rational functions, logarithms and polylogarithms, from $\int_0^z \mathrm{{Li}}_{{k}}({u})\, "
        rf"\frac{{d{u}}}{{{u}}} = \mathrm{{Li}}_{{k+1}}(z)$ and $\mathrm{{Li}}_{{1}}(z) = -\log(1 - z)$"
    )


def _shape(s: Setting, part: Part | RationalPart) -> list[Formula]:
    if isinstance(part.law, RationalLaw):
        return []
    exponents = [part.law.a] if part.law.b is None else [part.law.a, part.law.b]
    return [Formula(letter, e.to_sympy()) for letter, e in zip(s.shape, exponents, strict=False)]


def _law(s: Setting, part: Part | RationalPart) -> str:
    exponents = [f.right for f in _shape(s, part)]
    name = "Gamma" if len(exponents) == 1 else "Beta"
    return rf"\mathrm{{{name}}}({', '.join(s.printer.inline(e) for e in exponents if not isinstance(e, str))})"


def _density(s: Setting, beta: bool) -> str:
    u, (a, b) = s.standard, s.shape
    if beta:
        return rf"{u}^{{{a} - 1}} (1 - {u})^{{{b} - 1}}/B({a}, {b})"
    return rf"{u}^{{{a} - 1}} e^{{-{u}}}/\Gamma({a})"


def _ends(beta: bool) -> str:
    return "(0, 1)" if beta else r"(0, \infty)"


def _master(s: Setting, beta: bool) -> str:
    u, (a, b) = s.standard, s.shape
    if beta:
        return rf"\int_0^1 {u}^{{{a} - 1}} (1 - {u})^{{{b} - 1}}\, d{u} = B({a}, {b})"
    return rf"\int_0^\infty {u}^{{{a} - 1}} e^{{-{u}}}\, d{u} = \Gamma({a})"
