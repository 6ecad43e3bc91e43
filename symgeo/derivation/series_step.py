"""The step that sums over the support by generating functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sympy as sp

from symgeo.derivation.components import LONGEST, effort
from symgeo.derivation.setting import Setting
from symgeo.derivation.steps import Formula, Step
from symgeo.expectation.abel_kernel import AbelKernel
from symgeo.expectation.beta_kernel import BetaKernel
from symgeo.expectation.kernels import BinomialKernel, GeometricKernel, PoissonKernel, ShiftedKernel
from symgeo.expectation.zeta_kernel import ZetaKernel

if TYPE_CHECKING:
    from symgeo.algebra import Element
    from symgeo.expectation.generating import SeriesExpectation, Tail
    from symgeo.expectation.kernels import Kernel

_BINOMIAL = "Johnson, Kemp and Kotz 2005, section 2.2; DLMF, 4.6.7"
_CITATIONS: dict[type, str] = {
    GeometricKernel: "Johnson, Kemp and Kotz 2005, section 2.2; DLMF, 25.14.1",
    PoissonKernel: "Johnson, Kemp and Kotz 2005, section 2.2; DLMF, 4.2.19",
    BinomialKernel: _BINOMIAL,
    BetaKernel: "DLMF, 15.4.20, 5.9.12 and 5.15.1",
    ZetaKernel: "DLMF, 25.2.1",
    AbelKernel: "Riordan 1968, section 1.5; Consul 1989",
}


def series_step(s: Setting, series: SeriesExpectation) -> Step:
    """The form of the probabilities on each tail, and the sums that follow from it."""
    letters = _Letters(s)
    formulas: list[Formula] = []
    for tail in series.tails:
        formulas += _tail(s, letters, tail)
    kernels = [term.kernel for tail in series.tails for term in tail.terms]
    kinds = list(dict.fromkeys(type(k) for k in kernels))
    x = s.notation.latex(series.x)
    alone = ", ".join(s.printer.inline(point) for point, _ in series.points)
    start = rf"At ${x} = {alone}$ the probabilities are taken as they are. " if series.points else ""
    where = "Beyond, they" if series.points else "The probabilities"
    missing = [
        k for k in kernels if (isinstance(k, ShiftedKernel) and k.shift) or (isinstance(k, ZetaKernel) and k.a > 1)
    ]
    less = " The terms that the support leaves out are taken off." if missing else ""
    return Step(
        "Expectations by generating functions",
        rf"{start}{where} are the weights below times a function that is rational in ${letters.n}$, the score is "
        rf"{_score(kinds)}, and the sums of these follow from the master sums.{less}",
        (*formulas, *(f for kind in kinds for f in letters.masters(kind))),
        reason=" ".join(dict.fromkeys(letters.reason(kind) for kind in kinds)),
        citation="; ".join(dict.fromkeys(_CITATIONS[kind] for kind in kinds)),
    )


def _score(kinds: list[type]) -> str:
    return "such a function too, with digamma functions" if BetaKernel in kinds else "such a function too"


class _Letters:
    """The letters of this step."""

    def __init__(self, s: Setting):
        self.n = s.notation.letter("n", "m", "k", "j")
        self.z = s.notation.letter("z", "w", "q", "v")
        self.r = s.notation.letter("r", "s", "v", "q")
        self.a, self.b = s.shape

    def weight(self, kind: type) -> str:
        """The weight of a kernel."""
        n, z, r, a, b = self.n, self.z, self.r, self.a, self.b
        return {
            GeometricKernel: f"{z}^{{{n}}}",
            PoissonKernel: f"{z}^{{{n}}}/{n}!",
            BinomialKernel: rf"({r})_{{{n}}} {z}^{{{n}}}/{n}!",
            BetaKernel: rf"\Gamma({n} + {a})/\Gamma({n} + {b})",
            ZetaKernel: f"({n} + 1)^{{-{a}}}",
            AbelKernel: f"({a} + {b} {n})^{{{n}}} e^{{-{a} - {b} {n}}}/{n}!",
        }[kind]

    def masters(self, kind: type) -> list[Formula]:
        """The sums that a kernel rests on."""
        n, z, r, a, b = self.n, self.z, self.r, self.a, self.b
        total = rf"\sum_{{{n} = 0}}^{{\infty}} "
        if kind is AbelKernel:
            weight = f"({a} + {b} {n})^{{{n} - 1}} e^{{-{a} - {b} {n}}}/{n}!"
            return [Formula(total + weight, f"1/{a}")]
        value = {
            GeometricKernel: f"1/(1 - {z})",
            PoissonKernel: f"e^{{{z}}}",
            BinomialKernel: f"(1 - {z})^{{-{r}}}",
            ZetaKernel: rf"\zeta({a})",
            BetaKernel: rf"\Gamma({a})/(({b} - {a} - 1)\, \Gamma({b} - 1))",
        }[kind]
        return [Formula(total + self.weight(kind), value)]

    def reason(self, kind: type) -> str:
        """Why the sums follow."""
        n, z, a, b = self.n, self.z, self.a, self.b
        factorials = rf"Powers of ${n}$ are written in ${n} ({n} - 1) ({n} - 2) \ldots$, which only shifts the sum."
        if kind is GeometricKernel:
            return rf"{factorials} A pole gives Lerch's function $\Phi({z}, k, b) = \sum {z}^{{{n}}}/({n} + b)^{{k}}$."
        if kind is BetaKernel:
            return (
                rf"Factors ${n} + {a}$ and poles at $-{b}$ shift ${a}$ and ${b}$; digamma functions are derivatives in "
                rf"${a}$ and ${b}$, and a trigamma function is summed by parts."
            )
        if kind is ZetaKernel:
            return rf"Powers of ${n} + 1$ shift ${a}$, and its logarithms are derivatives in ${a}$."
        if kind is AbelKernel:
            return (
                rf"The master sum holds for every ${a}$, also for ${a} + j {b}$ in its place. With $H_{{k}}({a})$ for "
                rf"the sum of $({a} + {b} {n})^{{{n} - k}} e^{{-{a} - {b} {n}}}/{n}!$, factoring one power out gives "
                rf"$H_{{k}}({a}) = {a} H_{{k + 1}}({a}) + {b} H_{{k}}({a} + {b})$, hence every $H_{{k}}$ from "
                rf"$H_{{1}}({a}) = 1/{a}$; a factor ${n} ({n} - 1) \ldots ({n} - j + 1)$ turns $H_{{k}}({a})$ into "
                rf"$H_{{k - j}}({a} + j {b})$."
            )
        return factorials


def _tail(s: Setting, letters: _Letters, tail: Tail) -> list[Formula]:
    """The variable in the count, the weight's parameters, and the rational factor."""
    out: list[Formula] = []
    for term in tail.terms:
        kernel = term.kernel
        shift = kernel.shift if isinstance(kernel, ShiftedKernel) else 0
        shift = kernel.a - 1 if isinstance(kernel, ZetaKernel) else shift
        s.coordinates(letters.n, (tail.y,))
        place = tail.place.subs(tail.y, tail.y - shift)
        out.append(Formula(s.notation.latex(s.model.variables[0]), sp.expand(place)))
        out.append(Formula(f"w_{{{letters.n}}}", letters.weight(type(kernel))))
        out += [Formula(letter, value.to_sympy()) for letter, value in _values(letters, kernel)]
        factor = term.shape.to_sympy().subs(tail.y, tail.y - shift)
        if effort(factor) <= LONGEST:
            out.append(Formula(f"{s.density}/w_{{{letters.n}}}", factor))
    return list(dict.fromkeys(out))


def _values(letters: _Letters, kernel: Kernel) -> list[tuple[str, Element]]:
    if isinstance(kernel, AbelKernel):
        return [(letters.a, kernel.a), (letters.b, kernel.b)]
    if isinstance(kernel, BetaKernel):
        return [(letters.a, kernel.r), (letters.b, kernel.c)]
    if isinstance(kernel, ZetaKernel):
        return [(letters.a, kernel.s)]
    if isinstance(kernel, BinomialKernel):
        return [(letters.r, kernel.r), (letters.z, kernel.z)]
    if isinstance(kernel, (PoissonKernel, GeometricKernel)):
        return [(letters.z, kernel.z)]
    return []
