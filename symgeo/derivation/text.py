"""The derivation for a terminal: wrapped sentences, formulas in two dimensions where they fit."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from sympy.printing.pretty.stringpict import stringPict

from symgeo.derivation.latex import where_clause
from symgeo.derivation.plain import NO_BREAK, plain_math, plain_sentence
from symgeo.derivation.steps import Formula
from symgeo.derivation.text_printer import LinePrinter, PicturePrinter

if TYPE_CHECKING:
    from symgeo.derivation.abbreviations import ShortStep
    from symgeo.derivation.document import Derivation

_INDENT = 4
_LEAST_WIDTH = 40
# A picture taller than this is harder to read than its line.
_TALLEST = 14
# Formulas in sentences up to this length are kept on one line.
_LONGEST_UNBROKEN = 30


def text_document(derivation: Derivation, width: int, use_unicode: bool) -> str:
    """The complete text, no line longer than ``width`` (at least 40) unless a single name is."""
    page = _Page(derivation, max(width, _LEAST_WIDTH), use_unicode)
    title = page.wrapped(derivation.title)
    parts = [f"{title}\n{('═' if use_unicode else '=') * max(map(len, title.splitlines()))}"]
    parts += [page.wrapped(derivation.subtitle)] if derivation.subtitle else []
    parts += [page.section(number, short) for number, short in enumerate(derivation.short_steps, 1)]
    if derivation.references:
        parts.append("\n".join(["References", *(page.wrapped(t, "  ", "    ") for t in derivation.references)]))
    return "\n".join(line.rstrip() for line in "\n\n".join(parts).split("\n")) + "\n"


class _Page:
    def __init__(self, derivation: Derivation, width: int, use_unicode: bool):
        self.width = width
        self.use_unicode = use_unicode
        notation = derivation.setting.notation
        self.pictures = PicturePrinter(notation, use_unicode)
        self.lines = LinePrinter(notation, use_unicode)

    def section(self, number: int, short: ShortStep) -> str:
        """One step under its heading."""
        step = short.step
        heading = f"{number}. {plain_sentence(step.title, self.use_unicode)}"
        rule = "─" if self.use_unicode else "-"
        parts = [f"{heading}\n{rule * len(heading)}\n{self.wrapped(step.statement)}"]
        if short.formulas:
            parts.append(self.display(short.formulas))
        where = where_clause(short)
        if where:
            parts.append(self.wrapped(where))
        if short.definitions:
            parts.append(self.display(short.definitions))
        closing = [self.wrapped(step.remark)] if step.remark else []
        closing += [self.wrapped(f"Why: {step.reason}")] if step.reason else []
        closing += [self.wrapped(f"[{step.citation}]")] if step.citation else []
        if closing:
            parts.append("\n".join(closing))
        return "\n\n".join(parts)

    def wrapped(self, text: str, first: str = "", rest: str = "") -> str:
        """A paragraph."""
        plain = plain_sentence(text, self.use_unicode, keep_together=_LONGEST_UNBROKEN)
        filled = textwrap.fill(plain, self.width, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False)
        return filled.replace(NO_BREAK, " ")

    def display(self, formulas: Sequence[Formula]) -> str:
        """The formulas below each other, an empty line around those of several lines."""
        blocks = [self._formula(f) for f in formulas]
        out = blocks[0]
        for before, block in pairwise(blocks):
            out += ("\n\n" if "\n" in before or "\n" in block else "\n") + block
        return out

    def _formula(self, f: Formula) -> str:
        left = plain_math(f.left, self.use_unicode)
        relation = plain_math(f.relation, self.use_unicode)
        head = " ".join(p for p in (left, relation) if p)
        head = head + " " if head else ""
        room = self.width - _INDENT
        margin = " " * _INDENT
        if isinstance(f.right, str):
            return self._broken(head + plain_math(f.right, self.use_unicode), room, margin)
        picture: stringPict = self.pictures.picture(head, f.right)
        if picture.width() <= room and picture.height() <= _TALLEST:
            return "\n".join(margin + line for line in picture.picture)
        return self._broken(head + self.lines.doprint(f.right), room, margin)

    def _broken(self, line: str, room: int, margin: str) -> str:
        """A long line, broken before a sign outside all brackets, else before any sign, else anywhere."""
        out: list[str] = []
        rest = line
        while len(rest) > room:
            signs = [m.start() for m in re.finditer(r" [-+] ", rest[:room]) if m.start() > room // 3]
            outer = [at for at in signs if _depth(rest[:at]) == 0]
            others = [m.end() for m in re.finditer(r"[*/,;] ?|(?<=\w) ", rest[:room]) if m.end() > room // 3]
            cut = max(outer or signs or others, default=room)
            out.append(rest[:cut])
            rest = "    " + rest[cut:].lstrip()
        out.append(rest)
        return "\n".join(margin + piece for piece in out)


def _depth(text: str) -> int:
    return text.count("(") - text.count(")")
