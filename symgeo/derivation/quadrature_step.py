"""The step that leaves expectations as they are: what holds among them, and how numbers are found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sympy as sp

from symgeo.derivation.components import LONGEST, effort
from symgeo.derivation.setting import Setting
from symgeo.derivation.steps import Formula, Step
from symgeo.expectation.node import Expectation

if TYPE_CHECKING:
    from symgeo.expectation.law import Law

_PANELS = (
    "integrals by Gauss-Kronrod panels, halved until their errors are small, along arms that run from the peaks of the "
    "density, linear near a peak and geometric far from it"
)
_SUMS = (
    "sums term by term around the largest, with the tails by the formula of Euler and Maclaurin, the integrals in it "
    "by adaptive Gauss-Kronrod panels"
)


def quadrature_step(s: Setting, law: Law) -> Step:
    """The rule of differentiation, the Bartlett identities and what they close, and the numerical method."""
    i, j, k = s.notation.indices(3)
    ell, f = s.loglikelihood, s.notation.letter("f", "h", "F", "H")
    discrete = [s.model.support.is_discrete(v) for v in s.model.variables]
    sign = r"\sum" if all(discrete) else r"\int"
    closed = _closed(s, law)
    formulas = [
        Formula(rf"\partial_{{{k}}}\, \mathrm{{E}}[{f}]", rf"\mathrm{{E}}[\partial_{{{k}}} {f} + {f} {ell}_{{{k}}}]"),
        Formula("0", rf"\mathrm{{E}}[{ell}_{{{i}}}]"),
        Formula("0", rf"\mathrm{{E}}[{ell}_{{{i}{j}}}] + \mathrm{{E}}[{ell}_{{{i}}} {ell}_{{{j}}}]"),
        Formula(
            "0",
            rf"\mathrm{{E}}[{ell}_{{{i}{j}{k}}}] + \mathrm{{E}}[{ell}_{{{i}{j}}} {ell}_{{{k}}}] + "
            rf"\mathrm{{E}}[{ell}_{{{i}{k}}} {ell}_{{{j}}}] + \mathrm{{E}}[{ell}_{{{j}{k}}} {ell}_{{{i}}}] + "
            rf"\mathrm{{E}}[{ell}_{{{i}}} {ell}_{{{j}}} {ell}_{{{k}}}]",
        ),
        *closed,
    ]
    found = (
        "The last lines are what they close in second order."
        if closed
        else "In second order they close nothing here; they put products of scores in place of second derivatives."
    )
    if law.kinks:
        return _with_kinks(s, law, f)
    ways = [way for way, used in ((_PANELS, not all(discrete)), (_SUMS, any(discrete))) if used]
    return Step(
        "Expectations by quadrature",
        "No closed form was found, by the score equations or by substitution. The expectations of products of "
        rf"derivatives of ${ell}$ stay as they are, written with indices for the derivatives, "
        rf"${ell}_{{{i}{j}}} = \partial_{{{i}}} \partial_{{{j}}} {ell}$. The first line below differentiates them; the "
        f"others are the Bartlett identities. {found}",
        tuple(formulas),
        f"Numbers come from adaptive quadrature: {'; '.join(ways)}. Every value has an estimate of its error and is "
        "nan where that is too large. symgeo.lambdify makes functions of all formulas below that integrate what is "
        "left in them.",
        rf"${sign} \partial_{{{k}}} ({f} {s.density}) = {sign} (\partial_{{{k}}} {f} + {f} {ell}_{{{k}}}) "
        rf"{s.density}$, because $\partial_{{{k}}} {s.density} = {s.density} {ell}_{{{k}}}$; for ${f} = 1$, again and "
        "again, these are the identities. Where a derivative is a combination of 1, the scores and their products, "
        "with coefficients free of the variables, the combination stands in its place; what is closed by that and the "
        r"identities appears without $\mathrm{E}$ below.",
        "Bartlett 1953; Piessens and others 1983" + ("; DLMF, 2.10.1" if any(discrete) else ""),
    )


def _with_kinks(s: Setting, law: Law, f: str) -> Step:
    """The same where a kink moves: no identity of second order holds, and derivatives have boundary terms."""
    i, j, k = s.notation.indices(3)
    ell, p = s.loglikelihood, s.density
    x = s.latex(law.variables[0])
    moving = [c for c in law.kinks if c.free_symbols]
    places = ", ".join(f"${x} = {s.latex(c)}$" for c in moving)

    def jump(of: str, along: str) -> str:
        ends = [rf"[{of} {p}]_{{{x} = c {sign} 0}}" for sign in "-+"]
        return rf"\sum_{{c}} \left({ends[0]} - {ends[1]}\right) \partial_{{{along}}} c"

    return Step(
        "Expectations by quadrature",
        "No closed form was found, by the score equations or by substitution. The expectations of products of "
        rf"derivatives of ${ell}$ stay as they are, written with indices for the derivatives, "
        rf"${ell}_{{{i}{j}}} = \partial_{{{i}}} \partial_{{{j}}} {ell}$, taken where they exist. The log-density has "
        f"kinks at places $c$ that move with the parameters, {places}: its derivatives jump there. So "
        rf"$-\mathrm{{E}}[{ell}_{{{i}{j}}}]$ is not the Fisher metric, which is $\mathrm{{E}}[{ell}_{{{i}}} "
        rf"{ell}_{{{j}}}]$; the Bartlett identities of second and third order do not hold; and differentiation under "
        "the integral has a term for each kink.",
        (
            Formula(
                rf"\partial_{{{k}}}\, \mathrm{{E}}[{f}]",
                rf"\mathrm{{E}}[\partial_{{{k}}} {f} + {f} {ell}_{{{k}}}] + {jump(f, k)}",
            ),
            Formula("0", rf"\mathrm{{E}}[{ell}_{{{i}}}]"),
            Formula(
                "0",
                rf"\mathrm{{E}}[{ell}_{{{i}{j}}}] + \mathrm{{E}}[{ell}_{{{i}}} {ell}_{{{j}}}] + "
                + jump(rf"{ell}_{{{i}}}", j),
            ),
        ),
        f"Numbers come from adaptive quadrature: {_PANELS}; the support is cut at the kinks. Every value has an "
        "estimate of its error and is nan where that is too large. symgeo.lambdify makes functions of all formulas "
        "below that integrate what is left in them.",
        rf"The integral is the sum of those between the kinks, and each end $c$ contributes by its rate "
        rf"$\partial_{{{k}}} c$; the density itself is continuous, so for ${f} = 1$ nothing is "
        "added and the scores have mean zero.",
        "Flanders 1973; Piessens and others 1983",
    )


def _closed(s: Setting, law: Law) -> list[Formula]:
    """The second derivatives whose expectations have a closed form."""
    out = []
    for a in range(len(s.parameters)):
        for b in range(a, len(s.parameters)):
            mean = law.moment(sp.S.One, ((a, b),))
            if not mean.has(Expectation) and effort(mean) <= LONGEST:
                name = s.notation.derivative([s.parameters[a], s.parameters[b]])
                out.append(Formula(rf"\mathrm{{E}}[{name}]", mean))
    return out
