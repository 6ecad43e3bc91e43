"""The steps of motions of the variables: a pivot for one variable, elliptical symmetry for several."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sympy as sp

from symgeo.derivation.components import LONGEST, effort
from symgeo.derivation.setting import Setting
from symgeo.derivation.steps import Formula, Step
from symgeo.expectation.reduced import ReducedExpectation

if TYPE_CHECKING:
    from symgeo.expectation.elliptical import EllipticalExpectation

_NUMBERS = (
    "Numbers come from integrals by Gauss-Kronrod panels, halved until their errors are small; symgeo.lambdify makes "
    "functions of all formulas below that integrate what is left in them, each constant once."
)


def pivot_step(s: Setting, expectation: ReducedExpectation) -> Step:
    """The change of variable, the density that is left, the scores of its motions, and the model's scores in these."""
    pivot = expectation.pivot
    (x,) = s.model.variables
    y = s.notation.latex(pivot.variable)
    kept = s.names(expectation.shapes)
    others = f", which depends on ${kept}$ alone" if kept else ", which is free of all parameters"
    formulas = [Formula(s.notation.latex(x), pivot.image.to_sympy()), *_law(s, expectation), *_scores(s, expectation)]
    return Step(
        "Expectations by a pivot",
        rf"The substitution in the first line gives ${y}$ the density ${s.reduced}${others}. "
        rf"${s.motion}_{{1}}, {s.motion}_{{2}}, \ldots$ are the scores of the motions of ${y}$, and "
        rf"${s.loglikelihood}$ with indices the derivatives of $\log {s.reduced}$. "
        "The scores of the model are combinations of these, with coefficients that are free of the variable.",
        tuple(formulas),
        _NUMBERS,
        rf"At a fixed value of ${s.notation.latex(x)}$ a parameter moves ${y}$; a motion $w\, \partial_{{{y}}}$ of "
        rf"${y}$ has the score $-(w\, \partial_{{{y}}} \log {s.reduced} + \partial_{{{y}}} w)$, whose mean is zero by "
        "integration by parts. Expectations of products of scores are therefore polynomials in the coefficients, with "
        rf"expectations under ${s.reduced}$ alone.",
        "Barndorff-Nielsen and Cox 1994, section 2.8",
    )


def _law(s: Setting, expectation: ReducedExpectation) -> list[Formula]:
    y = s.notation.latex(expectation.pivot.variable)
    density = expectation.pivot.written
    ends = [s.latex(e) for e in expectation.pivot.ends]
    shown = [Formula(rf"\log {s.reduced}({y})", density)] if effort(density) <= LONGEST else []
    return [*shown, Formula("", rf"{y} \in ({ends[0]}, {ends[1]})", "")]


def _scores(s: Setting, expectation: ReducedExpectation) -> list[Formula]:
    """The scores of the motions, and the scores of the model in these."""
    law, formulas = expectation.law, []
    names = [s.notation.derivative([p]) for p in expectation.shapes]
    names += [f"{s.motion}_{{{a}}}" for a in range(1, len(law.motions) + 1)]
    symbols = [sp.Dummy(f"h{n}", real=True) for n in range(len(names))]
    for a, h in enumerate(law.motions):
        if effort(h) <= LONGEST:
            formulas.append(Formula(names[len(expectation.shapes) + a], h))
    for symbol, name in zip(symbols, names, strict=True):
        s.symbol(symbol, name)
    for n, p in enumerate(s.parameters):
        (row,) = expectation.score(p)
        total = sp.Add(*(c.to_sympy() * symbols[letters[0][0]] for (letters, _), c in row.items()))
        if total != 0 and effort(total) <= LONGEST:
            formulas.append(Formula(rf"\partial_{{{s.index((n,))}}} \log {s.density}", total))
    return formulas


def elliptical_step(s: Setting, expectation: EllipticalExpectation) -> Step:
    """The quadratic form, the law of the distance, and the means over the sphere."""
    form = expectation.form
    d = len(form.variables)
    (i,) = s.notation.indices(1)
    s.symbol(form.radius, s.distance)
    r, a, m, u = s.distance, s.motion_matrix, s.centre, s.standard
    x = s.point_of(s.model.variables)
    x = x if x == s.observation else f"({x})"
    entries = {(k, n): form.matrix[k][n].to_sympy() for k in range(d) for n in range(k, d)}
    formulas = [
        Formula(rf"{r}^2", rf"({x} - {m})^{{T}} {a} ({x} - {m})"),
        Formula(m, f"({', '.join(s.latex(e.to_sympy()) for e in form.centre)})"),
    ]
    if effort(sp.Add(*entries.values())) <= LONGEST:
        formulas += [Formula(f"{a}_{{{k + 1}{n + 1}}}", e) for (k, n), e in entries.items() if e != 0]
    if effort(form.profile) <= LONGEST:
        formulas.append(Formula(rf"\log {s.density} = F({r})", form.profile))
    formulas.append(
        Formula(
            rf"\partial_{{{i}}} \log {s.density}",
            rf"\partial_{{{i}}} F - F'({r})\, {u}^{{T}} {a}^{{1/2}} \partial_{{{i}}} {m} + "
            rf"{r} F'({r})\, {u}^{{T}} {a}^{{-1/2}} \partial_{{{i}}} {a}\, {a}^{{-1/2}} {u}/2",
        )
    )
    formulas.append(Formula(rf"\mathrm{{E}}[{u}^{{T}} B {u}]", rf"\mathrm{{tr}}\, B / {d}"))
    formulas.append(
        Formula(
            rf"\mathrm{{E}}[{u}^{{T}} B {u}\; {u}^{{T}} C {u}]",
            rf"(\mathrm{{tr}}\, B\, \mathrm{{tr}}\, C + 2\, \mathrm{{tr}}\, B C)/{d * (d + 2)}",
        )
    )
    radial, power = expectation.radial, r if d == 2 else rf"{r}^{{{d - 1}}}"
    if isinstance(radial, ReducedExpectation):
        y = s.notation.latex(radial.pivot.variable)
        formulas += [Formula(r, radial.pivot.image.to_sympy()), *_law(s, radial), *_motions(s, radial)]
        ending = (
            rf"The law of ${r}$ becomes one of ${y}$ that depends on as few parameters as could be found; what has no "
        )
        ending += rf"closed form under it stays. {_NUMBERS}"
    else:
        ending = rf"A substitution turns the law of ${r}$ into Gamma or Beta laws, so that its expectations are closed."
    return Step(
        "Expectations by elliptical symmetry",
        rf"The density depends on the variables only through a quadratic form ${r}^2$. So ${x} = {m} + {r}\, "
        rf"{a}^{{-1/2}} {u}$ with ${u}$ uniform on the unit sphere and independent of ${r}$.",
        tuple(formulas),
        ending,
        rf"Means over ${u}$ are polynomials in traces; means over ${r}$ are integrals in one variable, against the "
        rf"density that is proportional to ${power} e^{{F({r})}}$.",
        "Lange, Little and Taylor 1989, section 4; Fang, Kotz and Ng 1990, section 3.1",
    )


def _motions(s: Setting, radial: ReducedExpectation) -> list[Formula]:
    return [Formula(f"{s.motion}_{{{a}}}", h) for a, h in enumerate(radial.law.motions, 1) if effort(h) <= LONGEST]
