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

x, k, r, c, s = sp.symbols("x k r c s", positive=True)
model = sg.StatisticalModel(r**k * x ** (k - 1) * sp.exp(-r * x) / sp.gamma(k), x, (k, r))
M = model.manifold
alpha, t = sp.symbols("alpha t", real=True)
p, q = (k, r), (c, s)  # two members
u, v = sp.symbols("u v", real=True)
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
                "Generating function of a statistic",
                r"\operatorname{E}[e^{t T}]",
                "model.expectation(sp.exp(-s * x), constants=[s])",
                r"\operatorname{E}[e^{-s x}]",
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
            Entry("Inverse metric", r"g^{ij} g_{jk} = \delta^i_k", "M.inverse_metric", "g"),
            Entry("Cubic tensor", r"T_{ijk} = \operatorname{E}[s_i s_j s_k]", "M.cubic", "T"),
            Entry("Invariant volume, Jeffreys' prior", r"\sqrt{\det g}", "M.jeffreys_prior", r"\sqrt{\det g}"),
            Entry(
                "Whether Jeffreys' prior is proper",
                r"\int \sqrt{\det g}\, d\theta < \infty",
                "sg.jeffreys_propriety(model).reason",
            ),
        ),
    ),
    Section(
        "Connections",
        (
            Entry(
                "Christoffel symbols, first kind",
                r"\Gamma^{(\alpha)}_{ij,k} = \Gamma^{(0)}_{ij,k} - \tfrac{\alpha}{2} T_{ijk}",
                "M.connection(alpha).christoffel_first_kind",
                r"\Gamma",
            ),
            Entry(
                "Christoffel symbols",
                r"\Gamma^k_{ij} = g^{kl} \Gamma_{ij,l}",
                "M.connection(0).christoffel",
                r"\Gamma",
            ),
            Entry(
                "Difference tensor",
                r"K^k_{ij} = \Gamma^{(\alpha)k}_{ij} - \Gamma^{(0)k}_{ij}",
                "sg.difference_tensor(M.connection(1), M.connection(0))",
                "K",
            ),
            Entry(
                "Geodesic equations",
                r"\ddot x^k + \Gamma^k_{ij} \dot x^i \dot x^j = 0",
                "M.connection(-1).geodesic_equations(t)",
            ),
            Entry(
                "Parallel transport along a curve",
                r"\dot v^k + \Gamma^k_{ij} \dot x^i v^j = 0",
                "M.connection(0).parallel_transport_equations((1 + t**2, 2), t)",
            ),
            Entry("Flatness, with its reason", r"R^{(\alpha)} = 0", "sg.flatness(M.connection(0)).reason"),
            Entry("Conjugate symmetry", r"R^{(\alpha)} = R^{(-\alpha)}", "bool(sg.conjugate_symmetry(M))"),
        ),
    ),
    Section(
        "Curvature",
        (
            Entry(
                "Riemann curvature, indices down",
                r"R_{ijkl} = g(R(\partial_i, \partial_j) \partial_k, \partial_l)",
                "M.connection(alpha).riemann_lowered",
                "R",
            ),
            Entry(
                "Ricci curvature",
                r"\operatorname{Ric}_{jk} = g^{il} R_{ijkl}",
                "M.connection(0).ricci",
                r"\operatorname{Ric}",
            ),
            Entry(
                "Scalar curvature",
                r"R = g^{jk} \operatorname{Ric}_{jk}",
                "M.connection(alpha).scalar_curvature",
                r"R^{(\alpha)}",
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
        "Operators",
        (
            Entry(
                "Laplace-Beltrami operator",
                r"\Delta f = \tfrac{1}{\sqrt{\det g}} \partial_i (\sqrt{\det g}\, g^{ij} \partial_j f)",
                "sg.laplace_beltrami(M, sp.log(r))",
                r"\Delta \log r",
            ),
            Entry(
                "Killing field",
                r"\mathcal{L}_X g = 0",
                "bool(sg.is_killing(M, (0, r)))",
            ),
        ),
    ),
    Section(
        "Dual flatness",
        (
            Entry("Natural coordinates", r"\eta", "M.duality.natural", r"\eta"),
            Entry("Expectation coordinates", r"\mu = \partial \psi/\partial \eta", "M.duality.expectation", r"\mu"),
            Entry("Potential", r"\psi", "M.duality.potential", r"\psi"),
            Entry(
                "Dual potential",
                r"\varphi = \eta \cdot \mu - \psi",
                "M.duality.dual_potential",
                r"\varphi",
            ),
            Entry(
                "Legendre transform: k as a function of the expectation coordinates, a certified inverse",
                r"\theta(\mu)",
                "M.duality.in_expectation.origin[0]",
                "k",
            ),
            Entry(
                "e-geodesic from (k, r) = (1, 1) to (3, 2)",
                r"\eta(t) = (1 - t) \eta(p) + t \eta(q)",
                "sg.e_geodesic(M, (1, 1), (3, 2), t)",
                "(k, r)",
            ),
            Entry(
                "m-projection onto the exponential laws, k = 1",
                r"\min_q D(p \| q)",
                "sg.m_projection(M, (c, s), {k: 1}, (r,)).solution",
                "r",
            ),
        ),
    ),
    Section(
        "Divergences of two members",
        (
            Entry(
                "Kullback-Leibler divergence",
                r"D(p \| q) = \operatorname{E}_p[\log p/q]",
                "sg.kl_divergence(model, p, q)",
                r"D(p \| q)",
            ),
            Entry(
                "Alpha-divergence",
                r"D^{(\alpha)} = \tfrac{4}{1 - \alpha^2} \bigl(1 - \int p^{(1-\alpha)/2} q^{(1+\alpha)/2} dx\bigr)",
                "sg.alpha_divergence(model, 0, p, q)",
                r"D^{(0)}",
            ),
            Entry(
                "Renyi divergence",
                r"\tfrac{1}{a - 1} \log \int p^a q^{1-a} dx",
                "sg.renyi_divergence(model, sp.Rational(1, 2), p, q)",
                r"R_{1/2}",
            ),
            Entry("Bhattacharyya distance", r"-\log \int \sqrt{p q}\, dx", "sg.bhattacharyya(model, p, q)", r"B"),
            Entry("Entropy", r"-\operatorname{E}_p[\log p]", "sg.entropy(model)", "H"),
        ),
    ),
    Section(
        "Submanifolds, parameters, spaces",
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
            Entry(
                "Fisher-Rao distance for fixed k = 3",
                r"d(p, q) = \inf \int \sqrt{g(\dot x, \dot x)}\, dt",
                "sg.distance(M.submanifold({k: 3}, (r,)), (r,), (s,))",
                "d",
            ),
            Entry(
                "Two observations",
                r"g \to n g",
                "sg.independent_observations(model, 2).manifold.metric",
                "g",
            ),
        ),
    ),
    Section(
        "Second-order asymptotics of maximum likelihood",
        (
            Entry("Bias", r"b^a = -\tfrac12 g^{bc} \Gamma^{(-1)\,a}_{bc}", "sg.SecondOrder(model).bias", "b"),
            Entry(
                "Firth's adjustment of the score",
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
    latex = FieldPrinter(Notation(sp.symbols("x k r c s", positive=True))).doprint
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
        value_text = latex(value)
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
            if isinstance(value, (str, bool)):
                lines += [f"> {value}", ""]
                continue
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
