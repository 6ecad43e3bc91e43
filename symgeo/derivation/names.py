"""How a symbol's name is written: ``mu1`` as a letter with subscript, any other text as it is."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from symgeo.derivation.escape import GREEK, escape_text, greek_name, math_letter

_PLAIN = re.compile(r"([^\W\d_]+)(\d*)((?:_{1,2}[^\W_]+)*)('*)")
_PARTS = re.compile(r"(_{1,2})([^\W_]+)")
_MODIFIERS = ("bar", "hat", "tilde")


@dataclass(frozen=True)
class Name:
    """A name in LaTeX, in Unicode and in ASCII; ``base`` is the LaTeX letter without accents and indices."""

    latex: str
    unicode: str
    ascii: str
    base: str
    scripts: str = ""

    @property
    def is_word(self) -> bool:
        """Whether the name is several letters long, so that products need a space beside it."""
        return self.base.startswith((r"\mathit", r"\text"))

    def accented(self, accent: str, mark: str) -> Name:
        """The name under an accent, such as a dot: the letter takes it, the indices stay outside."""
        stem = self.latex[: len(self.latex) - len(self.scripts)] if self.scripts else self.latex
        return Name(
            rf"\{accent}{{{stem}}}{self.scripts}",
            self.unicode + mark,
            self.ascii + mark,
            self.base,
            self.scripts,
        )


def name_of(name: str) -> Name:
    """How this name is written: ``sigma_x2`` with subscripts, ``x__2`` superscript, ``rate`` as a word."""
    text = unicodedata.normalize("NFKC", name)
    match = _PLAIN.fullmatch(text)
    if match is None:
        latex = rf"\text{{{escape_text(text)}}}"
        return Name(latex, text, _to_ascii(text), latex)
    base, digits, parts, primes = match.groups()
    letter, core = _word(base)
    lower = [digits] if digits else []
    upper: list[str] = []
    for bar, part in _PARTS.findall(parts):
        (lower if bar == "_" else upper).append(_index(part))
    scripts = (f"_{{{','.join(lower)}}}" if lower else "") + (f"^{{{','.join(upper)}}}" if upper else "")
    latex = letter + primes + scripts
    if upper or primes:
        # A power of the name would otherwise be a second superscript.
        latex, scripts = f"{{{latex}}}", ""
    return Name(latex, _to_unicode(text), _to_ascii(text), core, scripts)


def _word(word: str) -> tuple[str, str]:
    """The LaTeX of a word of letters, and of its letter without accent."""
    if word in GREEK:
        return GREEK[word], GREEK[word]
    for modifier in _MODIFIERS:
        stem = word.removesuffix(modifier)
        if stem != word and (stem in GREEK or len(stem) == 1):
            inner, core = _word(stem)
            return rf"\{modifier}{{{inner}}}", core
    letters = [math_letter(c) for c in word]
    if any(c is None for c in letters):
        latex = rf"\text{{{escape_text(word)}}}"
    elif len(letters) == 1:
        latex = str(letters[0])
    else:
        spelled = (f"{c} " if str(c).startswith("\\") else str(c) for c in letters)
        latex = rf"\mathit{{{''.join(spelled).strip()}}}"
    return latex, latex


def _index(part: str) -> str:
    if part in GREEK:
        return GREEK[part]
    if part.isascii():
        return part if part.isdigit() or len(part) == 1 else rf"\mathrm{{{part}}}"
    letter = math_letter(part) if len(part) == 1 else None
    return letter if letter is not None else rf"\text{{{escape_text(part)}}}"


def _to_unicode(text: str) -> str:
    from sympy.printing.pretty.pretty_symbology import pretty_symbol

    return pretty_symbol(text.replace("lamda", "lambda"))


def _to_ascii(text: str) -> str:
    spelled = "".join(greek_name(c) or c if not c.isascii() else c for c in text)
    return spelled.encode("ascii", "backslashreplace").decode()
