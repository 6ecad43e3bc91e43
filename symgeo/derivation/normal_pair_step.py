"""The step that turns means into integrals of the normal law."""

from __future__ import annotations

from typing import TYPE_CHECKING

from symgeo.algebra import generators as gen
from symgeo.derivation.setting import Setting
from symgeo.derivation.steps import Formula, Step

if TYPE_CHECKING:
    from symgeo.expectation.normal_pair import NormalPairExpectation


def normal_pair_step(s: Setting, law: NormalPairExpectation) -> Step:
    """The change of variable, and the integral that all means come down to."""
    z, w, c = s.notation.letter("z", "u", "v"), s.notation.letter("w", "y", "q"), s.notation.letter("c", "d", "k")
    up, down = (gen.square_root(2 * a).to_sympy() for a in (law.up, law.down))
    formulas = (
        Formula(z, up * law.power - down / law.power),
        Formula(c, law.square.to_sympy()),
        Formula(rf"\mathrm{{E}}[{w}^{{-2}}]", law.moment(-1).to_sympy()),
        Formula(rf"\mathrm{{E}}[{w}^{{-4}}]", law.moment(-2).to_sympy()),
    )
    return Step(
        "Expectations by normal integrals",
        rf"The variable ${z}$ below is standard normal. With ${w}^{{2}} = 1 + {z}^{{2}}/{c}$ the scores are rational "
        rf"in ${z}$ and ${w}$, and what is odd in ${z}$ has mean zero.",
        formulas,
        reason=rf"$\mathrm{{E}}[{z}\, h({z})] = \mathrm{{E}}[h'({z})]$ for $h = {z} {w}^{{2 n}}$ ties the means of "
        rf"three successive even powers of ${w}$ to each other. They follow from $\mathrm{{E}}[1] = 1$ and from the "
        rf"line for ${w}^{{-2}}$, an integral of $e^{{-{z}^{{2}}/2}}/({z}^{{2}} + {c})$.",
        citation="DLMF, 7.7.1",
    )
