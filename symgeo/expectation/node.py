"""An expectation without closed form as a SymPy expression: printed, differentiated, and integrated on demand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sympy as sp

from symgeo.codegen.numeric_node import NumericNode

if TYPE_CHECKING:
    from sympy import Expr, Symbol

    from symgeo.expectation.law import Law

# In the place of a function: not a mean, but the logarithm of the constant that normalises the density.
LOG_NORMALISER = sp.Symbol("log Z", real=True)
# The derivatives of the log-density in a product, each as the ascending positions of its parameters.
Letters = tuple[tuple[int, ...], ...]


class Expectation(NumericNode):
    """``E[f * product of derivatives of log p]`` under a law, as a function of the law's parameters.

    ``args`` are the values of the parameters: symbols, or expressions after a change of coordinates. Differentiation
    goes under the integral: ``d_k E[f] = E[d_k f + f d_k log p]``. ``symgeo.lambdify`` integrates numerically.
    """

    law: Law
    f: Expr
    letters: Letters

    def __new__(cls, law: Law, f: Expr, letters: Letters, values: Sequence[Expr] | None = None) -> Expectation:
        node = super().__new__(cls, *(law.parameters if values is None else map(sp.sympify, values)))
        node.law, node.f, node.letters = law, f, letters
        return node

    def _hashable_content(self) -> tuple:
        return (self.law, self.f, self.letters, *self.args)

    def __getnewargs__(self) -> tuple:
        return (self.law, self.f, self.letters, self.args)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return (type(self), self.__getnewargs__())

    @property
    def func(self) -> Any:
        """What makes the same expectation at other parameter values."""
        return _Maker(self.law, self.f, self.letters)

    @property
    def source(self) -> Law:
        """The law, which integrates."""
        return self.law

    @property
    def integrand(self) -> Expr:
        """The function whose mean this is, in the variables and parameters of the law."""
        return sp.Mul(self.f, *(self.law.derivative(i) for i in self.letters))

    def _eval_derivative(self, s: Symbol) -> Expr:
        terms = []
        for k, value in enumerate(self.args):
            rate = value.diff(s)
            if rate != 0:
                terms.append(rate * self.law.at(self.law.slope(self.f, self.letters, k), self.args))
        return sp.Add(*terms)

    def _eval_evalf(self, prec: int) -> Expr:
        return self if self.free_symbols else sp.Float(self.estimate({})[0])

    def estimate(self, values: Any) -> tuple[float, float]:
        """The value at given values of ``free_symbols`` ({symbol: number}) and an estimate of its absolute error."""
        import numpy as np

        point = np.array([[float(a.subs(values)) for a in self.args]])
        value, error = self.law.estimates([self], point)
        return float(value[0, 0]), float(error[0, 0])

    def _factors(self) -> list[tuple[str, str, int]]:
        names = [s.name for s in self.law.parameters]
        latex = [sp.latex(s) for s in self.law.parameters]
        found = []
        for letter in dict.fromkeys(self.letters):
            motion = self.law.motion_of(letter)
            below = letter if motion is None else letter[:-1]
            joint = "" if motion is None and all(len(n) == 1 for n in names) else "_"
            text = joint.join(["l_" if motion is None else f"h_{motion}", *(names[k] for k in below)]).replace(
                "__", "_"
            )
            score = r"\ell" if motion is None else f"h_{{{motion}}}"
            mathematics = "".join(rf"\partial_{{{latex[k]}}}" for k in below) + score
            found.append((text, mathematics, self.letters.count(letter)))
        return found

    def _sympystr(self, printer: Any) -> str:
        parts = [] if self.f == 1 and self.letters else [printer.parenthesize(self.f, 50 if self.letters else 0)]
        parts += [text if n == 1 else f"{text}**{n}" for text, _, n in self._factors()]
        text = "log Z" if self.f == LOG_NORMALISER else f"E[{'*'.join(parts)}]"
        moved = [f"{p}={printer._print(v)}" for p, v in zip(self.law.parameters, self.args, strict=True) if p != v]
        return f"{text}({', '.join(moved)})" if moved else text

    _sympyrepr = _sympystr

    def _latex(self, printer: Any) -> str:
        parts = [] if self.f == 1 and self.letters else [printer._print(self.f)]
        if parts and self.letters and isinstance(self.f, sp.Add):
            parts = [rf"\left({parts[0]}\right)"]
        parts += [m if n == 1 else rf"\left({m}\right)^{{{n}}}" for _, m, n in self._factors()]
        if len(parts) > 1:
            parts = [rf"({p})" if p.startswith(r"\partial") else p for p in parts]
        text = r"\log Z" if self.f == LOG_NORMALISER else rf"\operatorname{{E}}\left[{' '.join(parts)}\right]"
        moved = [
            f"{printer._print(p)} = {printer._print(v)}"
            for p, v in zip(self.law.parameters, self.args, strict=True)
            if p != v
        ]
        return rf"\left. {text} \right|_{{{', '.join(moved)}}}" if moved else text

    def _pretty(self, printer: Any) -> Any:
        from sympy.printing.pretty.stringpict import prettyForm

        return prettyForm(self._sympystr(sp.printing.str.StrPrinter()))


@dataclass(frozen=True)
class _Maker:
    """The function of the parameter values that an expectation is an application of."""

    law: Law
    f: Expr
    letters: Letters
    __name__ = "E"

    def __call__(self, *values: Expr) -> Expectation:
        return Expectation(self.law, self.f, self.letters, values)
