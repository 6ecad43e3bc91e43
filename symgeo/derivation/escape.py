"""Any text as LaTeX that compiles with pdflatex: special characters, Greek, accents."""

from __future__ import annotations

import unicodedata

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "%": r"\%",
    "#": r"\#",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    # OT1 fonts hold none of the next four in text.
    "<": "$<$",
    ">": "$>$",
    "|": "$|$",
    '"': "''",
    "\u2013": "--",
    "\u2014": "---",
    "\u2019": "'",
}
_ACCENTS = {
    "\u0300": "`",
    "\u0301": "'",
    "\u0302": "^",
    "\u0303": "~",
    "\u0304": "=",
    "\u0307": ".",
    "\u0308": '"',
    "\u030a": "r",
    "\u030c": "v",
    "\u0327": "c",
}
_MATH_ACCENTS = {
    "\u0300": "grave",
    "\u0301": "acute",
    "\u0302": "hat",
    "\u0303": "tilde",
    "\u0304": "bar",
    "\u0307": "dot",
    "\u0308": "ddot",
    "\u030a": "mathring",
    "\u030c": "check",
}
_GREEK_LOWER = (
    *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu"),
    *("nu", "xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega"),
)
_GREEK_UPPER = ("Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi", "Psi", "Omega")
_VARIANTS = ("varepsilon", "vartheta", "varpi", "varrho", "varsigma", "varphi")
# Greek letters that LaTeX has no command for look like Latin ones.
_LOOKALIKES = {
    "Alpha": "A", "Beta": "B", "Epsilon": "E", "Zeta": "Z", "Eta": "H", "Iota": "I", "Kappa": "K", "Mu": "M",
    "Nu": "N", "Omicron": "O", "omicron": "o", "Rho": "P", "Tau": "T", "Chi": "X",
}  # fmt: skip

GREEK: dict[str, str] = {name: "\\" + name for name in (*_GREEK_LOWER, *_GREEK_UPPER, *_VARIANTS)}
GREEK |= {name: rf"\mathrm{{{letter}}}" for name, letter in _LOOKALIKES.items()}
GREEK |= {"lamda": r"\lambda", "Lamda": r"\Lambda"}


def greek_name(character: str) -> str | None:
    """``alpha`` for the letter itself, None for what is no Greek letter."""
    words = unicodedata.name(character, "").split()
    if words[:1] != ["GREEK"] or "LETTER" not in words or words[-2:] == ["SMALL", "LETTER"]:
        return None
    if words[-2:] == ["FINAL", "SIGMA"]:
        return "varsigma"
    name = words[-1].lower().replace("lamda", "lambda")
    name = name.capitalize() if "CAPITAL" in words else name
    return name if name in GREEK else None


def math_letter(character: str) -> str | None:
    """One letter in mathematics: ASCII as it is, Greek as a command, accents; None for what LaTeX lacks."""
    if character.isascii():
        return character if character.isalnum() else None
    greek = greek_name(character)
    if greek is not None:
        return GREEK[greek]
    base, *marks = list(unicodedata.normalize("NFD", character))
    if len(marks) == 1 and marks[0] in _MATH_ACCENTS:
        inner = math_letter(base)
        return None if inner is None else rf"\{_MATH_ACCENTS[marks[0]]}{{{inner}}}"
    return None


def escape_text(text: str) -> str:
    """The text for LaTeX's text mode; a character that no basic font has is written as its code, U+4E2D."""
    return "".join(map(_escape_character, unicodedata.normalize("NFKC", text)))


def _escape_character(character: str) -> str:
    if character in _SPECIAL:
        return _SPECIAL[character]
    if character.isascii():
        return character if character.isprintable() else " "
    greek = greek_name(character)
    if greek is not None:
        return f"${GREEK[greek]}$"
    base, *marks = list(unicodedata.normalize("NFD", character))
    if len(marks) == 1 and marks[0] in _ACCENTS and base.isascii() and base.isalpha():
        return rf"\{_ACCENTS[marks[0]]}{{{base}}}"
    return f"U+{ord(character):04X}"
