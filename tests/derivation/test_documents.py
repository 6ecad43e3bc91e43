"""The documents: LaTeX that compiles without a warning, Markdown, and text for a terminal."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import sympy as sp

from symgeo.derivation.latex import prose
from symgeo.derivation.markdown import spelled
from symgeo.derivation.plain import plain_math, plain_sentence

WRITTEN = [
    "gamma",
    "beta",
    "categorical(4)",
    "von_mises",
    "ugly",
    "cauchy",
    "three_parameter_mixture",
    "free_size",
    "long_names",
    "normal_and_log_logistic",
    "moving_kink",
    "over_parametrised",
    "occupied_letters",
]
COMPILED = [
    "normal",
    "gamma",
    "logarithmic_series",
    "categorical(12)",
    "bivariate_normal",
    "dirichlet(8)",
    "ugly",
    "unicode_names",
    "curved",
    "cauchy",
    "mixture",
    "three_parameter_mixture",
    "free_size",
    "long_names",
    "normal_and_log_logistic",
    "moving_kink",
    "over_parametrised",
    "occupied_letters",
]


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
@pytest.mark.parametrize("name", COMPILED)
def test_the_latex_compiles_without_a_complaint(derived, name: str, tmp_path: Path) -> None:
    (tmp_path / "d.tex").write_text(derived(name).latex(), encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "d.tex"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=60, check=False)
    log = (tmp_path / "d.log").read_text(encoding="utf-8", errors="replace")
    assert run.returncode == 0, log[-2000:]
    complaints = [line for line in log.split("\n") if re.search(r"^!|Overfull|[Uu]ndefined|Warning|Missing", line)]
    assert complaints == []


@pytest.mark.parametrize("name", WRITTEN)
def test_the_latex_is_a_whole_document_of_basic_packages(derived, name: str) -> None:
    text = derived(name).latex()
    assert text.startswith("\\documentclass[11pt,a4paper]{article}") and text.endswith("\\end{document}\n")
    assert set(re.findall(r"\\usepackage(?:\[.*?\])?\{(\w+)\}", text)) <= {
        "inputenc",
        "amsmath",
        "amssymb",
        "geometry",
        "graphicx",
    }
    assert text.isascii()
    assert r"\operatorname{polygamma}" not in text and "polygamma" not in text
    for environment in ("align*", "itemize", "center"):
        assert text.count(f"\\begin{{{environment}}}") == text.count(f"\\end{{{environment}}}")


def test_nothing_in_the_catalogue_is_shrunk_to_fit(derived) -> None:
    assert all(
        r"\fitted" not in derived(name).latex() for name in ("dirichlet(8)", "bivariate_normal", "categorical(12)")
    )


def test_a_sum_that_recurs_has_one_name_throughout(derived) -> None:
    text = derived("beta").latex()
    definition = r"D &= \psi'(\alpha) \psi'(\beta) - \psi'(\alpha) \psi'(\alpha + \beta)"
    assert text.count(definition) == 1
    assert "with $D$ of step 6." in text
    assert r"\sqrt{\det g} &= \sqrt{D}" in text


@pytest.mark.parametrize("name", WRITTEN)
def test_the_markdown_has_every_step_and_balanced_mathematics(derived, name: str) -> None:
    d = derived(name)
    text = d.markdown()
    assert re.findall(r"^## (\d+)\. ", text, re.MULTILINE) == [str(n) for n in range(1, len(d.steps) + 1)]
    assert text.count("$$") == 2 * text.count(r"\begin{aligned}") == 2 * text.count(r"\end{aligned}")
    for block in text.split("$$")[1::2]:
        assert "\n\n" not in block
        without = block.replace("\\\\", "")
        assert not re.search(r"\\[^A-Za-z%&#$_]", without)
    assert d._repr_markdown_() == text


@pytest.mark.parametrize("name", WRITTEN)
@pytest.mark.parametrize("use_unicode", [True, False])
def test_the_text_fits_the_terminal(derived, name: str, use_unicode: bool) -> None:
    for columns in (60, 100):
        text = derived(name).text(columns, use_unicode)
        assert max(map(len, text.split("\n"))) <= columns
        assert "$" not in text or name == "ugly"
        # In ASCII a backslash is also the foot of a bracket.
        assert not use_unicode or not re.search(r"\\[a-z]{3,}", text)
    if not use_unicode:
        text.encode("ascii")


def test_the_text_of_the_gamma_family(derived) -> None:
    text = str(derived("gamma"))
    for line in (
        "    x ∈ (0, ∞)",
        "    k, r ∈ (0, ∞)",
        "    g_{kk} = ψ'(k)",
        "    g_{kr} = - ─",
        "5. Fisher metric",
    ):
        assert line in text
    ascii_text = derived("gamma").text(use_unicode=False)
    for line in ("    x in (0, oo)", "    g_{kk} = psi'(k)", "E[d_i l] = 0"):
        assert line in ascii_text


def test_expectations_that_stay_are_written_in_the_letters_of_the_document(derived) -> None:
    tex = derived("three_parameter_mixture").latex()
    assert r"g_{wm} &= \mathrm{E}[\ell_{w} \ell_{m}]" in tex and r"T_{wws} &= \mathrm{E}[\ell_{w}^{2} \ell_{s}]" in tex
    assert r"ww,\,w} &= -\frac{(1 + \alpha)\, \mathrm{E}[\ell_{w}^{3}]}{2}" in tex
    assert r"\operatorname{E}" not in tex
    numbered = derived("long_names")
    assert r"g_{12} &= \mathrm{E}[\ell_{1} \ell_{2}]" in numbered.latex()
    assert "g₁₂ = E[ℓ₁ ℓ₂]" in numbered.text() and "g12 = E[l1 l2]" in numbered.text(use_unicode=False)
    for name in ("three_parameter_mixture", "free_size"):
        assert "E[ℓ_r^2]" in derived("free_size").text() and "E[l_r^2]" in derived("free_size").text(use_unicode=False)
        assert "quadrature" in derived(name).markdown()


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("gamma", "Expectations in closed form, by the score equations"),
        ("curved", "Expectations in closed form, by the moments of the normal law"),
        ("cauchy", "Expectations in closed form, by substitution"),
        ("free_size", "Expectations by quadrature where they have no closed form"),
    ],
)
def test_the_rung_stands_under_the_title(derived, name: str, line: str) -> None:
    d = derived(name)
    assert d.rung == d.model.rung and d.subtitle == line
    assert d.text().split("\n")[3] == line
    assert line in d.latex().split(r"\section")[0] and f"*{line}*" in d.markdown().split("##")[0]
    assert derived("moving_kink").rung is None and derived("moving_kink").subtitle == ""


def test_long_derivations_are_not_flooded(derived) -> None:
    assert len(derived("three_parameter_mixture").text()) < 16_000


def test_a_derivation_has_a_short_repr(derived) -> None:
    assert repr(derived("gamma")).endswith("14 steps")


@pytest.mark.parametrize(
    ("latex", "unicode", "ascii_text"),
    [
        (r"g_{\mu\sigma}", "g_{μσ}", "g_{mu sigma}"),
        (r"\mu_{1}", "μ₁", "mu1"),
        (r"\Gamma^{(\alpha)\,k}_{rr}", "Γ^{(α) k}_{rr}", "Gamma^{(alpha) k}_{rr}"),
        (r"\frac{1}{2}", "1/2", "1/2"),
        (r"\ddot{k}", "k''", "k''"),
        (r"x \in [0, 1]", "x ∈ [0, 1]", "x in [0, 1]"),
        (r"\mathbb{R}", "ℝ", "R"),
        (r"\{0, 1, \ldots\}", "{0, 1, …}", "{0, 1, ...}"),
        (r"\sqrt{\det g}", "√(det g)", "sqrt(det g)"),
    ],
)
def test_mathematics_in_sentences(latex: str, unicode: str, ascii_text: str) -> None:
    assert plain_math(latex) == unicode
    assert plain_math(latex, use_unicode=False) == ascii_text


def test_a_dollar_sign_of_the_text_is_no_mathematics() -> None:
    assert plain_sentence(r"costs \$5, $\mu$") == "costs $5, μ"
    assert prose(r"costs \$5 & more, $\mu$") == r"costs \$5 \& more, $\mu$"


def test_markdown_spells_what_it_would_drop() -> None:
    assert spelled(r"a \\ \{b\}\,c") == r"a \\ \lbrace b\rbrace \thinspace c"


def test_long_words_may_break() -> None:
    assert r"\allowbreak" in prose("StatisticalModel(1/(pi*((-m+y)**2+1)),y_in_Reals,m_in_Reals)")


def test_the_title_names_the_family(derived) -> None:
    assert derived("bivariate_normal").title == "Information geometry of the bivariate normal family"
    assert derived("occupied_letters").title == "Information geometry of a family of distributions"
    assert isinstance(derived("gamma").steps[0].formulas[0].expression, sp.Expr)
