"""Sentences and left sides for a terminal: the LaTeX commands that derivations use, as Unicode or ASCII."""

from __future__ import annotations

import re
import unicodedata

from symgeo.derivation.escape import GREEK, greek_name

NO_BREAK = "\u00a0"
_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|[{}^_]|.", re.DOTALL)
_GREEK_LETTERS = {
    name: chr(code) for code in range(0x391, 0x3CA) if (name := greek_name(chr(code))) is not None and name in GREEK
}
_UNICODE = {
    "partial": "∂", "ell": "ℓ", "infty": "∞", "in": " ∈ ", "cup": " ∪ ", "nabla": "∇", "sum": "Σ", "int": "∫",
    "neq": " ≠ ", "ldots": "…", "mapsto": " ↦ ", "sim": " ~ ", "varphi": "φ", "varepsilon": "ε", "varsigma": "ς",
}  # fmt: skip
_ASCII = {
    "partial": "d", "ell": "l", "infty": "oo", "in": " in ", "cup": " u ", "nabla": "D", "sum": "sum ",
    "int": "int ", "neq": " != ", "ldots": "...", "mapsto": " -> ", "sim": " ~ ", "varphi": "phi",
}  # fmt: skip
_SILENT = (
    "left",
    "right",
    "bigl",
    "bigr",
    "Bigl",
    "Bigr",
    "mathopen",
    "displaystyle",
    "quad",
    "qquad",
    "limits",
)
_WRAPPERS = ("mathrm", "mathit", "text", "operatorname", "mathbf", "mathsf", "mathcal", "textit")
_MARKS = {"dot": "'", "ddot": "''", "bar": "bar", "hat": "hat", "tilde": "~"}
_DIGITS = str.maketrans("0123456789+-", "₀₁₂₃₄₅₆₇₈₉₊₋")
_SPACES = {"\\,": " ", "\\;": " ", "\\:": " ", "\\ ": " ", "\\!": ""}


def plain_math(latex: str, use_unicode: bool = True) -> str:
    """The mathematics of a sentence or a left side on one line."""
    text = re.sub(r" +", " ", _Reader(latex, use_unicode).row()).strip()
    return re.sub(r"\b(exp|log|det|sum) ([(_])", r"\1\2", text)


def plain_sentence(text: str, use_unicode: bool = True, keep_together: int = 0) -> str:
    """A sentence with the mathematics between its dollar signs on one line.

    Formulas no longer than ``keep_together`` get spaces at which no line is broken.
    """
    out = ""
    for is_math, part in split_sentence(text):
        plain = plain_math(part, use_unicode) if is_math else part
        plain = plain if use_unicode else _ascii(plain)
        out += plain.replace(" ", NO_BREAK) if is_math and len(plain) <= keep_together else plain
    return out


def _ascii(text: str) -> str:
    """Accents dropped, Greek spelled, anything else as its code."""
    spelled = "".join(c if c.isascii() else greek_name(c) or unicodedata.normalize("NFD", c)[0] for c in text)
    return spelled.encode("ascii", "backslashreplace").decode()


def split_sentence(text: str) -> list[tuple[bool, str]]:
    r"""The parts of a sentence, each with whether it is mathematics; ``\$`` is a dollar sign of the text."""
    pieces = re.split(r"(?<!\\)\$", text)
    return [(n % 2 == 1, p if n % 2 else p.replace(r"\$", "$")) for n, p in enumerate(pieces) if p]


class _Reader:
    def __init__(self, latex: str, use_unicode: bool):
        self.tokens = _TOKEN.findall(latex.replace(r"\mathbb{R}", "\\mathbbR ").replace(r"\mathbb{Z}", "\\mathbbZ "))
        self.position = 0
        self.unicode = use_unicode
        self.depth = 0

    def row(self, stop: str = "") -> str:
        out = ""
        while self.position < len(self.tokens) and self.tokens[self.position] != stop:
            out += self._atom()
        return out

    def _atom(self) -> str:
        token = self.tokens[self.position]
        self.position += 1
        if token == "{":
            inner = self.row("}")
            self.position += 1
            return inner
        if token in "^_":
            return self._script(token)
        if token in _SPACES:
            return _SPACES[token]
        if token.startswith("\\"):
            return self._command(token[1:]) if token[1:].isalpha() else token[1:]
        if token in "=+<>":
            return f" {token} "
        # Indices of one letter each stand close together; spelled in words they need the space.
        return "" if token.isspace() and self.depth and self.unicode else token

    def _word(self, name: str) -> str:
        """A letter spelled as a word, with a space before another letter."""
        follows = self.tokens[self.position] if self.position < len(self.tokens) else ""
        return name + (" " if follows[:1].isalpha() or follows[:1] == "\\" else "")

    def _skip_space(self) -> None:
        while self.position < len(self.tokens) and self.tokens[self.position].isspace():
            self.position += 1

    def _group(self) -> str:
        self._skip_space()
        return self._atom() if self.position < len(self.tokens) else ""

    def _script(self, kind: str) -> str:
        self.depth += 1
        inner = self._group().strip()
        self.depth -= 1
        if kind == "_" and inner.isdigit():
            return inner.translate(_DIGITS) if self.unicode else inner
        return f"{kind}{inner}" if len(inner) == 1 else f"{kind}{{{inner}}}"

    def _command(self, name: str) -> str:
        if name == "frac":
            top, bottom = self._group(), self._group()
            follows = self.tokens[self.position : self.position + 1]
            apart = bool(follows) and (follows[0] == "(" or follows[0].isalpha() or follows[0][0] == "\\")
            return f"{_closed(top)}/{_closed(bottom)}" + (" " if apart else "")
        if name == "sqrt":
            inner = self._group()
            return f"√({inner})" if self.unicode else f"sqrt({inner})"
        if name in _SILENT:
            return " " if "quad" in name else ""
        if name in _WRAPPERS:
            return self._group()
        if name in _MARKS:
            return self._group() + _MARKS[name]
        if name in ("mathbbR", "mathbbZ"):
            return ("ℝ" if name[-1] == "R" else "ℤ") if self.unicode else name[-1]
        if name == "partial":
            self._skip_space()
        table = _UNICODE if self.unicode else _ASCII
        if name in table:
            return table[name]
        if name in _GREEK_LETTERS:
            return _GREEK_LETTERS[name] if self.unicode else self._word(name)
        if name in ("lbrace", "rbrace"):
            return "{" if name == "lbrace" else "}"
        # Operators such as \log and \det keep their name, apart from what follows.
        return name + ("" if self.position < len(self.tokens) and self.tokens[self.position] in "({^_" else " ")


def _closed(text: str) -> str:
    return text if text.isalnum() or len(text) == 1 else f"({text})"
