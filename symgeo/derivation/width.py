"""How wide LaTeX mathematics will be, in em, without running LaTeX: letter widths and TeX's spacing.

Source: Knuth, The TeXbook, 1984, chapter 18 and appendix G; widths of the fonts cmmi10 and cmr10.
"""

from __future__ import annotations

import re

_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|[{}^_&']|\s+|.", re.DOTALL)
_SCRIPT = 0.73
_SMALL_SKIP = 0.05

_ITALIC = dict(
    zip(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
        (
            0.53, 0.43, 0.43, 0.52, 0.47, 0.6, 0.51, 0.58, 0.34, 0.47, 0.55, 0.32, 0.88, 0.6, 0.48, 0.5,
            0.48, 0.48, 0.47, 0.36, 0.57, 0.52, 0.74, 0.57, 0.53, 0.51, 0.75, 0.81, 0.79, 0.83, 0.8, 0.78,
            0.79, 0.91, 0.52, 0.65, 0.92, 0.68, 1.08, 0.91, 0.76, 0.78, 0.79, 0.76, 0.67, 0.72, 0.79,
            0.81, 1.08, 0.91, 0.8, 0.75,
        ),
        strict=True,
    )
)  # fmt: skip
_GREEK = {
    "alpha": 0.64, "beta": 0.62, "gamma": 0.57, "delta": 0.48, "epsilon": 0.41, "zeta": 0.51, "eta": 0.53,
    "theta": 0.5, "iota": 0.35, "kappa": 0.58, "lambda": 0.58, "mu": 0.6, "nu": 0.56, "xi": 0.48, "pi":
    0.61, "rho": 0.52, "sigma": 0.61, "tau": 0.55, "upsilon": 0.58, "phi": 0.6, "chi": 0.63, "psi": 0.69,
    "omega": 0.66, "varphi": 0.65, "Gamma": 0.63, "Delta": 0.83, "Theta": 0.78, "Lambda": 0.69, "Xi":
    0.67, "Pi": 0.75, "Sigma": 0.72, "Upsilon": 0.78, "Phi": 0.72, "Psi": 0.78, "Omega": 0.72, "ell":
    0.42, "partial": 0.59, "infty": 1.0, "ldots": 1.34, "dots": 1.34, "quad": 1.0, "qquad": 2.0, "lvert":
    0.28, "rvert": 0.28, "sum": 1.45, "prod": 1.28, "int": 1.0, "vee": 1.11, "wedge": 1.11, "cdot": 0.72,
    "times": 1.22, "pm": 1.22, "ast": 0.5, "mathopen": 0.0, "displaystyle": 0.0, "nabla": 0.83, "le":
    1.34, "leq": 1.34, "geq": 1.34, "neq": 1.34, "in": 1.23, "lbrace": 0.5, "rbrace": 0.5, "to": 1.56,
    "propto": 1.34, "mid": 0.84, "sim": 1.34, "bigl": 0.0, "bigr": 0.0, "Bigl": 0.2, "Bigr": 0.2, "allowbreak": 0.0,
}  # fmt: skip
_SPACES = {"\\,": 0.17, "\\;": 0.28, "\\:": 0.23, "\\!": -0.17, "\\ ": 0.34, "\\{": 0.5, "\\}": 0.5}
_SYMBOLS = {
    "+": 1.23,
    "-": 1.23,
    "=": 1.34,
    "<": 1.34,
    ">": 1.34,
    "(": 0.39,
    ")": 0.39,
    "[": 0.28,
    "]": 0.28,
    ",": 0.45,
}
_SYMBOLS |= {"/": 0.5, "!": 0.28, "|": 0.28, ":": 1.1, ";": 0.45, ".": 0.28, "*": 0.95}
_ROMAN = ("mathrm", "mathit", "text", "operatorname", "mathbf", "mathsf", "textit")
_OPERATORS = ("log", "exp", "sin", "cos", "tan", "det", "max", "min", "sinh", "cosh", "tanh", "Pr")
_ACCENTS = ("dot", "ddot", "bar", "hat", "tilde", "acute", "grave", "check", "mathring")


def width(latex: str) -> float:
    """The width of a formula in display style, in em of its font; right to a few in a hundred."""
    return _Reader(_TOKEN.findall(latex.replace("[4pt]", ""))).row(0)


class _Reader:
    """A reader of tokens; ``style`` is 0 in display, 1 in text, 2 in scripts."""

    def __init__(self, tokens: list[str]):
        self.tokens = tokens
        self.position = 0

    def row(self, style: int, stop: tuple[str, ...] = ()) -> float:
        """Everything up to a token in ``stop``, which is left unread."""
        total, unary = 0.0, True
        while self.position < len(self.tokens) and self.tokens[self.position] not in stop:
            token = self.tokens[self.position]
            if token.isspace():
                self.position += 1
                continue
            if token in "^_":
                total += self._scripts(style)
            elif token in "+-" and unary:
                self.position += 1
                total += 0.78
            else:
                total += self._atom(style)
            unary = token in ("(", "=", "{", "&", ",", "\\left", "\\\\", "<", ">", "\\in")
        return total

    def _scripts(self, style: int) -> float:
        """Sub- and superscripts at one place stand above each other."""
        widest = 0.0
        while self.position < len(self.tokens) and self.tokens[self.position] in ("^", "_"):
            self.position += 1
            inner = self._atom(2)
            widest = max(widest, inner * (_SCRIPT if style < 2 else 0.8))
        return widest + _SMALL_SKIP

    def _skip_space(self) -> None:
        while self.position < len(self.tokens) and self.tokens[self.position].isspace():
            self.position += 1

    def _group(self, style: int) -> float:
        """A braced group, or the next atom."""
        self._skip_space()
        if self.position < len(self.tokens) and self.tokens[self.position] == "{":
            self.position += 1
            inner = self.row(style, ("}",))
            self.position += 1
            return inner
        return self._atom(style)

    def _roman(self) -> float:
        self._skip_space()
        depth, total = 0, 0.0
        while self.position < len(self.tokens):
            token = self.tokens[self.position]
            self.position += 1
            depth += (token == "{") - (token == "}")
            if depth == 0:
                break
            if token not in "{}":
                total += 0.0 if token == "$" else 0.8 if token.startswith("\\") or token.isupper() else 0.53
        return total

    def _atom(self, style: int) -> float:
        self._skip_space()
        if self.position >= len(self.tokens):
            return 0.0
        token = self.tokens[self.position]
        if token == "{":
            return self._group(style)
        self.position += 1
        if token in _SPACES:
            return _SPACES[token]
        if token.startswith("\\"):
            return self._command(token[1:], style)
        if token == "'":
            return 0.24
        if token.isdigit():
            return 0.5
        return _ITALIC.get(token, _SYMBOLS.get(token, 0.6))

    def _command(self, name: str, style: int) -> float:
        if name in ("frac", "binom"):
            inner, scale = (1, 1.0) if style == 0 else (2, _SCRIPT if style == 1 else 0.8)
            return max(self._group(inner), self._group(inner)) * scale + (0.26 if name == "frac" else 1.6)
        if name == "sqrt":
            tall = self.tokens[self.position + 1 : self.position + 2] == ["\\frac"]
            return self._group(style) + (1.02 if tall else 0.86)
        if name in ("left", "right"):
            self._atom(style)
            return 0.75
        if name in _ROMAN:
            return self._roman()
        if name in _OPERATORS:
            return 0.5 * len(name) + 0.17
        if name in _ACCENTS or name == "phantom":
            return self._group(style)
        if name == "begin":
            return self._cases()
        return _GREEK.get(name, 0.7)

    def _cases(self) -> float:
        """The cases environment: the widest value, the widest condition, a brace and the space between."""
        self._group(1)
        columns = [0.0, 0.0]
        while self.position < len(self.tokens) and self.tokens[self.position] != "\\end":
            columns[0] = max(columns[0], self.row(1, ("&", "\\\\", "\\end")))
            if self.tokens[self.position] == "&":
                self.position += 1
                columns[1] = max(columns[1], self.row(1, ("\\\\", "\\end")))
            if self.tokens[self.position] == "\\\\":
                self.position += 1
        self.position += 1
        self._group(1)
        return sum(columns) + 2.2
