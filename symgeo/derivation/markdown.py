"""The derivation as Markdown with mathematics between dollar signs, the way GitHub and Jupyter render it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from symgeo.derivation.latex import where_clause
from symgeo.derivation.layout import Layout, room_beside
from symgeo.derivation.plain import split_sentence
from symgeo.derivation.steps import Formula

if TYPE_CHECKING:
    from symgeo.derivation.abbreviations import ShortStep
    from symgeo.derivation.document import Derivation

# Markdown drops a backslash before punctuation, so these commands are spelled in letters.
_SPELLED = {
    r"\{": r"\lbrace ",
    r"\}": r"\rbrace ",
    r"\,": r"\thinspace ",
    r"\;": r"\thickspace ",
    r"\:": r"\medspace ",
    r"\!": r"\negthinspace ",
    r"\ ": r"\space ",
}
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|$~])")


def markdown_document(derivation: Derivation) -> str:
    """The complete document."""
    layout = Layout(derivation.setting.printer)
    parts = [f"# {prose(derivation.title)}"]
    parts += [f"*{prose(derivation.subtitle)}*"] if derivation.subtitle else []
    parts += [section(layout, number, short) for number, short in enumerate(derivation.short_steps, 1)]
    if derivation.references:
        parts.append("## References\n\n" + "\n".join(f"- {prose(text)}" for text in derivation.references))
    return "\n\n".join(parts) + "\n"


def section(layout: Layout, number: int, short: ShortStep) -> str:
    """One step under its numbered heading."""
    step = short.step
    parts = [f"## {number}. {prose(step.title)}", prose(step.statement)]
    if short.formulas:
        parts.append(display(layout, short.formulas))
    where = where_clause(short)
    if where:
        parts.append(prose(where))
    if short.definitions:
        parts.append(display(layout, short.definitions))
    if step.remark:
        parts.append(prose(step.remark))
    if step.reason:
        parts.append(f"*Why.* {prose(step.reason)}")
    if step.citation:
        parts.append(f"({prose(step.citation)})")
    return "\n\n".join(parts)


def display(layout: Layout, formulas: Sequence[Formula]) -> str:
    """The formulas below each other, aligned at their relation."""
    room = room_beside(formulas)
    rows = []
    for f in formulas:
        first, *rest = [f.right] if isinstance(f.right, str) else layout.lines(f.right, room)
        rows.append(f"{f.left} &{f.relation} {first}")
        rows += [f"& {line}" for line in rest]
    inner = " \\\\\n".join(spelled(row) for row in rows)
    return f"$$\n\\begin{{aligned}}\n{inner}\n\\end{{aligned}}\n$$"


def spelled(latex: str) -> str:
    r"""The formula without backslashes before punctuation; the line breaks of environments, ``\\``, stay."""
    text = re.sub(r"\\(\\|[^A-Za-z])", lambda m: m[0] if m[0] == r"\\" else _SPELLED.get(m[0], m[0]), latex)
    # A sign of comparison would be read as the beginning of a tag.
    return text.replace("<", r"\lt ").replace(">", r"\gt ")


def prose(text: str) -> str:
    """A sentence: mathematics in dollar signs, everything else with Markdown's special characters escaped."""
    return "".join(
        f"${spelled(part)}$" if is_math else _SPECIAL.sub(r"\\\1", part) for is_math, part in split_sentence(text)
    )
