"""Writes docs/objects.md: every object with its definition, its formula for the gamma family, and the call.

Run: python docs/build_objects.py; with --check it only says whether the page is up to date.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any, NamedTuple

import sympy as sp

from symgeo.algebra import Tensor
from symgeo.derivation.latex_printer import FieldPrinter
from symgeo.derivation.notation import Notation

PAGE = Path(__file__).parent / "objects.md"
SETTING = """\
import sympy as sp, symgeo as sg

x, k, r = sp.symbols("x k r", positive=True)
model = sg.StatisticalModel(r**k * x ** (k - 1) * sp.exp(-r * x) / sp.gamma(k), x, (k, r))
M = model.manifold
alpha, t = sp.symbols("alpha t", real=True)
p, q = (3, 1), (k, r)
"""


class Entry(NamedTuple):
    """A heading, the definition in LaTeX, the call, and what is shown of its value."""

    title: str
    definition: str
    call: str
    symbol: str = ""


class Section(NamedTuple):
    """A heading and its entries."""

    title: str
    entries: tuple[Entry, ...]


SECTIONS = (
    Section(
        "The density",
        (
            Entry("Log-density", r"\ell = \log p(x; \theta)", "model.log_density", r"\ell"),
            Entry("Score", r"s_i = \partial_i \ell", "model.score", "s"),
            Entry(
                "Expectation",
                r"\operatorname{E}[f] = \int f\, p\, dx",
                "model.expectation(sp.log(x))",
                r"\operatorname{E}[\log x]",
            ),
            Entry(
                "Sufficient statistics",
                r"p = h(x) \exp(\eta \cdot T - \psi)",
                "model.exponential_family.sufficient_statistics",
                "T",
            ),
        ),
    ),
    Section(
        "The triple",
        (
            Entry("Fisher metric", r"g_{ij} = \operatorname{E}[s_i s_j]", "M.metric", "g"),
            Entry("Inverse metric", r"g^{ij} g_{jk} = \delta^i_k", "M.inverse_metric", "g^{-1}"),
            Entry("Cubic tensor", r"T_{ijk} = \operatorname{E}[s_i s_j s_k]", "M.cubic", "T"),
        ),
    ),
    Section(
        "Connections",
        (
            Entry(
                "Christoffel symbols, first kind",
                r"\Gamma^{(\alpha)}_{ij,k} = \Gamma^{(0)}_{ij,k} - \tfrac{\alpha}{2} T_{ijk}",
                "M.connection(alpha).christoffel_first_kind",
                r"\Gamma_{ij,k}",
            ),
            Entry(
                "Christoffel symbols",
                r"\Gamma^k_{ij} = g^{kl} \Gamma_{ij,l}",
                "M.connection(0).christoffel",
                r"\Gamma^k_{ij}",
            ),
            Entry(
                "Geodesic equations",
                r"\ddot x^k + \Gamma^k_{ij} \dot x^i \dot x^j = 0",
                "M.connection(1).geodesic_equations(t)",
            ),
        ),
    ),
    Section(
        "Curvature",
        (
            Entry(
                "Riemann curvature, lowered",
                r"R_{ijkl} = g(R(\partial_i, \partial_j) \partial_k, \partial_l)",
                "M.connection(alpha).riemann_lowered",
                r"R_{ijkl}",
            ),
            Entry(
                "Ricci curvature",
                r"\operatorname{Ric}_{jk} = g^{il} R_{ijkl}",
                "M.connection(0).ricci",
                r"\operatorname{Ric}",
            ),
            Entry(
                "Scalar curvature", r"R = g^{jk} \operatorname{Ric}_{jk}", "M.connection(alpha).scalar_curvature", "R"
            ),
            Entry(
                "Sectional curvature",
                r"K(u, v) = \frac{g(R(u, v) v, u)}{|u|^2 |v|^2 - g(u, v)^2}",
                "M.connection(0).sectional_curvature((1, 0), (0, 1))",
                "K",
            ),
        ),
    ),
    Section(
        "Submanifolds and parameters",
        (
            Entry(
                "Efron's curvature of the curve r = k^2",
                r"\gamma^2 = g(H^{(1)}_{ab}, H^{(1)}_{cd}) g^{ac} g^{bd}",
                "sg.Embedding(M, {r: k**2}, (k,)).efron_curvature",
                r"\gamma^2",
            ),
            Entry(
                "Parameters orthogonal to k",
                r"g^{ij} \partial_i \psi\, \partial_j \chi = 0",
                "sg.orthogonal_parameters(M, k)",
                r"\chi",
            ),
        ),
    ),
    Section(
        "Second-order asymptotics of maximum likelihood",
        (
            Entry("Bias", r"b^a = -\tfrac12 g^{bc} \Gamma^{(-1)\,a}_{bc}", "sg.SecondOrder(model).bias", "b"),
            Entry(
                "Firth's adjustment",
                r"A_a = \tfrac12 g^{bc} \Gamma^{(-1)}_{bc,a}",
                "sg.SecondOrder(model).firth_adjustment",
                "A",
            ),
            Entry(
                "Bartlett's factor",
                r"\operatorname{E}[W] = n (1 + c/N) + O(N^{-2})",
                "sg.SecondOrder(model).bartlett_factor",
                "c",
            ),
        ),
    ),
)


def shown(value: Any, symbol: str) -> list[str]:
    """LaTeX of a value, one formula an item: of a tensor its independent components that are not zero."""
    latex = FieldPrinter(Notation(sp.symbols("x k r", positive=True))).doprint
    if isinstance(value, Tensor):
        names = [latex(s) for s in value.coordinates]
        rows = []
        for index, component in value.nonzero().items():
            upper = " ".join(names[i] for i, slot in zip(index, value.slots, strict=True) if slot > 0)
            lower = " ".join(names[i] for i, slot in zip(index, value.slots, strict=True) if slot < 0)
            place = (f"^{{{upper}}}" if upper else "") + (f"_{{{lower}}}" if lower else "")
            rows.append(f"{symbol}{place} = {latex(component)}")
        return rows or [f"{symbol} = 0"]
    if isinstance(value, list):
        return [latex(v) for v in value]
    if isinstance(value, tuple):
        text = r",\quad ".join(latex(v) for v in value)
        value_text = rf"\left({text}\right)" if len(value) > 1 else text
    else:
        value_text = latex(value) if isinstance(value, sp.Basic) else rf"\text{{{value}}}"
    return [f"{symbol} = {value_text}" if symbol else value_text]


def page() -> str:
    """The whole page."""
    scope: dict[str, Any] = {}
    exec(SETTING, scope)
    lines = ["# Objects", "", "Every object, its definition, the call, and its value for the gamma family:", ""]
    lines += ["```python", SETTING.rstrip(), "```", ""]
    for section in SECTIONS:
        lines += [f"## {section.title}", ""]
        for entry in section.entries:
            value = eval(entry.call, scope)
            lines += [f"**{entry.title}**: ${entry.definition}$", "", f"`{entry.call}`", ""]
            for formula in shown(value, entry.symbol):
                lines += ["```math", formula, "```", ""]
    return "\n".join(lines).rstrip() + "\n"


def main() -> int:
    """Write the page, or compare it."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--check", action="store_true", help="write nothing; exit 1 if the page is out of date")
    given = options.parse_args()
    written = page()
    if given.check:
        return int(PAGE.read_text(encoding="utf-8") != written)
    PAGE.write_text(written, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
