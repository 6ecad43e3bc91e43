"""The step that turns means on the circle into integrals of rational functions over the line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sympy as sp

from symgeo.derivation.setting import Setting
from symgeo.derivation.steps import Formula, Step
from symgeo.expectation.residues import RationalExpectation

if TYPE_CHECKING:
    from symgeo.expectation.circle import CircularExpectation


def residue_step(s: Setting, expectation: CircularExpectation) -> Step:
    """The change of variable, the density of the new variable, and the master integral."""
    circle, law = expectation.circle, expectation.law
    variable = sp.Dummy(s.standard, real=True)
    s.coordinates(s.standard, (variable,))
    u, x = s.standard, s.notation.latex(circle.x)
    image = circle.shift + 2 * sp.atan(variable) / circle.rate
    slope = rf"\frac{{d{x}}}{{d{u}}}"
    start = ""
    if circle.shift != 0:
        start = rf"A period may be counted from anywhere, here from ${s.latex(circle.shift)}$. "
    statement = (
        rf"{start}The variable ${u}$ below runs through the line while ${x}$ runs through a period, and makes sines "
        "and cosines of the angle and of its multiples rational functions."
    )
    if not isinstance(law, RationalExpectation):
        density = (circle.field(sp.exp(expectation.along)) * circle.field(circle.measure)).to_sympy()
        return Step(
            "Expectations by substitution on the circle",
            statement,
            (Formula(x, image), Formula(rf"{s.density}\, {slope}", density.subs(circle.t, variable))),
            reason=rf"On each half of the line a power of ${u}$ over a power of $1 + {u}^{{2}}$ is a Beta integral.",
            citation="DLMF, 5.12.3",
        )
    formulas = [Formula(x, image), Formula(rf"{s.density}\, {slope}", law.density().subs(circle.t, variable))]
    for q, integral in law.masters():
        below = s.latex(q.subs(circle.t, variable))
        formulas.append(Formula(rf"\int_{{-\infty}}^{{\infty}} \frac{{d{u}}}{{{below}}}", integral))
    letter = s.notation.letter("q", "d", "Q")
    m = s.notation.indices(1)[0]
    return Step(
        "Expectations by residues",
        statement + " Scores and density are rational in it.",
        tuple(formulas),
        reason="A mean is the integral of a rational function over the line. In partial fractions it is a sum over "
        rf"the denominators ${letter}$ above: the integral of $1/{letter}^{{{m} + 1}}$ follows from that of "
        rf"$1/{letter}^{{{m}}}$ by parts, and what is odd about the centre of ${letter}$ has none. The integrals are "
        rf"$2\pi/\sqrt{{4 a c - b^{{2}}}}$ for ${letter} = a {u}^{{2}} + b {u} + c$, the residue in a half-plane.",
        citation="DLMF, 1.10.8",
    )
