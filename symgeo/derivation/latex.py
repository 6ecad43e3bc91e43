"""The derivation as LaTeX for pdflatex: article, amsmath, amssymb, geometry and, if need be, graphicx."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from symgeo.derivation.escape import escape_text
from symgeo.derivation.layout import Layout, room_beside
from symgeo.derivation.plain import split_sentence
from symgeo.derivation.steps import Formula
from symgeo.derivation.width import width

if TYPE_CHECKING:
    from symgeo.derivation.abbreviations import ShortStep
    from symgeo.derivation.document import Derivation

_LONGEST_WORD = 28

_PREAMBLE = r"""\documentclass[11pt,a4paper]{article}
\usepackage[utf8]{inputenc}
\usepackage{amsmath}
\usepackage{amssymb}
\usepackage[margin=25mm]{geometry}
"""
_SHRINK = r"""\usepackage{graphicx}
% A formula that cannot be broken is made smaller, but only if it does not fit.
\newsavebox{\formulabox}
\newcommand{\fitted}[2]{\sbox{\formulabox}{$\displaystyle #2$}%
  \ifdim\wd\formulabox>#1\resizebox{#1}{!}{\usebox{\formulabox}}\else\usebox{\formulabox}\fi}
"""
_BODY = r"""\allowdisplaybreaks
\emergencystretch=4em
\setlength{\parindent}{0pt}
\setlength{\parskip}{5pt plus 2pt}
\setlength{\jot}{7pt}
\raggedbottom
"""


def latex_document(derivation: Derivation) -> str:
    """The complete source."""
    layout = Layout(derivation.setting.printer)
    body = [section(layout, step) for step in derivation.short_steps]
    if derivation.references:
        items = "\n".join(rf"\item {prose(text)}" for text in derivation.references)
        body.append(f"\\section*{{References}}\n\\begin{{itemize}}\n{items}\n\\end{{itemize}}")
    text = "\n\n".join(body)
    below = f"\\smallskip\n{prose(derivation.subtitle)}\n" if derivation.subtitle else ""
    preamble = _PREAMBLE + (_SHRINK if r"\fitted" in text else "") + _BODY
    return (
        f"{preamble}\n\\begin{{document}}\n\\begin{{center}}\n{{\\LARGE "
        f"{prose(derivation.title)}\\par}}\n{below}\\end{{center}}\n\n"
        f"{text}\n\n\\end{{document}}\n"
    )


def section(layout: Layout, short: ShortStep) -> str:
    """One step."""
    step = short.step
    parts = [rf"\section{{{prose(step.title)}}}"]
    # A display belongs to the paragraph before it: no empty line between them.
    shown = "\n" + display(layout, short.formulas) if short.formulas else ""
    parts.append(prose(step.statement) + shown)
    where = where_clause(short)
    defined = "\n" + display(layout, short.definitions) if short.definitions else ""
    if where:
        parts[-1] += "\n" + prose(where) + defined
    if step.remark:
        parts.append(prose(step.remark))
    if step.reason:
        parts.append(rf"\emph{{Why.}} {prose(step.reason)}")
    if step.citation:
        parts.append(rf"{{\small [{prose(step.citation)}]}}")
    return "\n\n".join(parts)


def where_clause(short: ShortStep) -> str:
    """``where, with S of step 2,`` before the definitions, or a sentence alone where all names are known."""
    steps: dict[int, list[str]] = {}
    for name, number in short.recalled:
        steps.setdefault(number, []).append(f"${name}$")
    known = " and ".join(f"{', '.join(names)} of step {number}" for number, names in steps.items())
    if short.definitions:
        return f"where, with {known}," if known else "where"
    return f"with {known}." if known else ""


def display(layout: Layout, formulas: Sequence[Formula]) -> str:
    """The formulas below each other, aligned at their relation, breakable between pages."""
    room = room_beside(formulas)
    rows = [row for f in formulas for row in _rows(layout, f, room)]
    inner = " \\\\\n".join(rows)
    return f"\\begin{{align*}}\n{inner}\n\\end{{align*}}"


def _rows(layout: Layout, formula: Formula, room: float) -> list[str]:
    lines = [formula.right] if isinstance(formula.right, str) else layout.lines(formula.right, room)
    lines = [line if width(line) <= room else _fitted(line, room) for line in lines]
    return [f"{formula.left} &{formula.relation} {lines[0]}", *(f"& {line}" for line in lines[1:])]


def _fitted(line: str, room: float) -> str:
    return rf"\fitted{{{room:.1f}em}}{{{line}}}"


def prose(text: str) -> str:
    """A sentence: mathematics as it is, everything else escaped, long words with places to break."""
    return "".join(f"${part}$" if is_math else _words(part) for is_math, part in split_sentence(text))


def _words(text: str) -> str:
    out = []
    for word in re.split(r"(\s+)", text):
        if len(word) <= _LONGEST_WORD:
            out.append(escape_text(word))
            continue
        # Programs and formulas in words have no spaces: let them break after any sign, at worst anywhere.
        pieces = re.findall(rf"[^\W_]{{1,{_LONGEST_WORD}}}|[\W_]", word)
        out.append(
            "".join(
                escape_text(p) + ("" if p.isalnum() and len(p) < _LONGEST_WORD else r"\allowbreak{}") for p in pieces
            )
        )
    return "".join(out)
