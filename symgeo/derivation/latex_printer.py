r"""SymPy expressions in the LaTeX of the field: ``\psi'(k)``, ``I_{0}(\kappa)``, ``1 - p_{1} - p_{2}``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sympy as sp
from sympy import Expr
from sympy.printing.latex import LatexPrinter

from symgeo.derivation.arrange import BARE, Product, arranged, is_negative, is_tall, ordered_terms
from symgeo.derivation.expectations import in_latex
from symgeo.derivation.notation import Notation
from symgeo.expectation.node import Expectation

_CALLS = (sp.polygamma, sp.gamma, sp.besseli, sp.besselk, sp.besselj, sp.bessely)
_TALL = (r"\frac", r"\begin", r"\sum", r"\int", r"\binom")
_WORDS = (r"\mathit", r"\text", r"\mathrm{E}", r"{\mathit", r"{\text")


class FieldPrinter(LatexPrinter):
    """LaTeX with the names of a notation."""

    def __init__(self, notation: Notation):
        super().__init__({"ln_notation": False, "inv_trig_style": "full"})
        self.notation = notation
        self._inline = 0
        self._printed: dict[tuple[Any, bool], str] = {}

    def _print(self, expr: Any, **kwargs: Any) -> str:
        """As in SymPy, but each expression once: line breaking asks for the same ones again and again."""
        if isinstance(expr, Expectation):
            text = in_latex(expr, self.notation, self._print)
            return f"{text}^{{{kwargs['exp']}}}" if "exp" in kwargs else text
        if kwargs:
            return super()._print(expr, **kwargs)
        key = (expr, self._inline > 0)
        if key not in self._printed:
            self._printed[key] = super()._print(expr)
        return self._printed[key]

    # names and numbers

    def _print_Symbol(self, expr: Any, style: str = "plain") -> str:
        return self.notation.latex(expr)

    _print_Dummy = _print_Symbol

    def _print_Rational(self, expr: Any) -> str:
        if expr.q == 1:
            return str(expr.p)
        sign, p = ("-" if expr.p < 0 else ""), abs(expr.p)
        return f"{sign}{p}/{expr.q}" if self._inline else rf"{sign}\frac{{{p}}}{{{expr.q}}}"

    def inline(self, expr: Expr) -> str:
        """The expression with fractions on one line, for exponents and arguments."""
        self._inline += 1
        try:
            return self._print(expr)
        finally:
            self._inline -= 1

    # sums

    def terms(self, expr: Expr) -> list[tuple[str, str]]:
        """The sign and the LaTeX of each term of a sum, in order."""
        out = []
        for term in ordered_terms(expr, self.notation.order):
            negative = is_negative(term)
            text = self._print(-term if negative else term)
            if isinstance(term, sp.Piecewise) and not text.startswith(r"\mathbf"):
                text = brackets(text)
            out.append(("-" if negative else "+", text))
        return out

    def _print_Add(self, expr: Expr, order: Any = None) -> str:
        (sign, lead), *rest = self.terms(expr)
        return ("-" if sign == "-" else "") + lead + "".join(f" {s} {t}" for s, t in rest)

    # products

    def _print_Mul(self, expr: Expr) -> str:
        return self.product(arranged(expr, self.notation.order))

    def product(self, product: Product) -> str:
        """A fraction, with a separate exponential after it."""
        sign = "-" if product.negative else ""
        after = [] if product.exponential is None else [self._exp_call(product.exponential)]
        after += [self._print(f) for f in product.trailing]
        top, bottom = product.numerator, product.denominator
        if not bottom:
            return sign + (join([*self.factors(top, bool(after)), *after]) or "1")
        if self._inline and len(bottom) <= 2 and not any(f.is_Add for f in (*top, *bottom)):
            below = join(self.factors(bottom))
            text = f"{join(self.factors(top)) or '1'}/{below if len(bottom) == 1 else f'({below})'}"
            return sign + join([text, *after])
        if len(bottom) == 1 and bottom[0].is_Integer and len(top) == 1 and isinstance(top[0], (*BARE, sp.loggamma)):
            return sign + join([rf"\frac{{1}}{{{bottom[0]}}}", self._print(top[0]), *after])
        spread = next((f for f in top if f.is_Add and is_tall_text(self._print(f))), None)
        if spread is not None:
            top = tuple(f for f in top if f is not spread)
            after = [brackets(self._print(spread)), *after]
        fraction = rf"\frac{{{join(self.factors(top)) or '1'}}}{{{join(self.factors(bottom))}}}"
        return sign + join([fraction, *after])

    def factors(self, factors: Iterable[Expr], followed: bool = False) -> list[str]:
        """The factors' LaTeX, bracketed where they stand beside others."""
        items = list(factors)
        alone = len(items) == 1 and not followed
        out = []
        for n, f in enumerate(items):
            last = n == len(items) - 1 and not followed
            if isinstance(f, BARE) and not last:
                out.append(self._bare(f, bracketed=True))
            elif (f.is_Add or f.is_Mul or isinstance(f, (sp.Piecewise, sp.Integral, sp.Sum))) and not alone:
                text = self._print(f)
                out.append(text if text.startswith(r"\mathbf") else brackets(text))
            else:
                out.append(self._print(f))
        return out

    # powers

    def _print_Pow(self, expr: Any) -> str:
        base, exponent = expr.as_base_exp() if not isinstance(expr, sp.Pow) else expr.args
        if exponent == sp.Rational(1, 2):
            inner = self.inline(base) if self._inline else self._print(base)
            return rf"\sqrt{{{inner}}}"
        product = arranged(expr, self.notation.order)
        if product.denominator:
            return self.product(product)
        raised = self.inline(exponent)
        if isinstance(base, BARE) and exponent.is_Integer:
            return self._bare(base, power=raised)
        text = self._print(base)
        # A name that has a superscript of its own takes no second one.
        plain = base.is_Symbol and "^" not in text and "'" not in text
        number = (base.is_Integer and base >= 0) or base in (sp.pi, sp.E)
        if not (plain or number or self._is_call(base)):
            text = brackets(text)
        return f"{text}^{{{raised}}}"

    @staticmethod
    def _is_call(base: Expr) -> bool:
        """Whether the base is written f(x), so that an exponent may follow the bracket."""
        return isinstance(base, (*_CALLS, sp.Abs, Expectation))

    def _print_exp(self, expr: Any, exp: Any = None) -> str:
        argument = expr.args[0]
        text = self._exp_call(argument) if is_tall(argument) else f"e^{{{self.inline(argument)}}}"
        return text if exp is None else brackets(text) + f"^{{{exp}}}"

    _print_ExpBase = _print_exp

    def _exp_call(self, argument: Expr) -> str:
        return r"\exp" + brackets(self._print(argument), operator=True)

    # functions

    def call(self, name: str, *arguments: Expr) -> str:
        """``name(arguments)``, with fractions in short arguments on one line."""
        texts = [self.inline(a) if a.count_ops() <= 3 else self._print(a) for a in arguments]
        return name + brackets(", ".join(texts), operator=True)

    def _bare(self, expr: Any, bracketed: bool = False, power: str = "") -> str:
        name = "\\" + expr.func.__name__ + (f"^{{{power}}}" if power else "")
        argument = expr.args[0]
        simple = argument.is_Symbol or (argument.is_Integer and argument > 0) or argument is sp.pi
        if not bracketed and (simple or (isinstance(expr, sp.log) and isinstance(argument, _CALLS))):
            return f"{name} {self._print(argument)}"
        return self.call(name, argument)

    def _print_log(self, expr: Any, exp: Any = None) -> str:
        return self._bare(expr, power=exp or "")

    _print_sin = _print_cos = _print_tan = _print_sinh = _print_cosh = _print_tanh = _print_log

    def _print_polygamma(self, expr: Any, exp: Any = None) -> str:
        order, argument = expr.args
        if order.is_Integer and 0 <= order <= 3:
            name = r"\psi" + "'" * int(order)
        else:
            name = rf"\psi^{{({self._print(order)})}}"
        return self.call(name, argument) + (f"^{{{exp}}}" if exp else "")

    def _print_loggamma(self, expr: Any, exp: Any = None) -> str:
        text = r"\log" + self.call(r"\Gamma", expr.args[0])
        return text if exp is None else brackets(text) + f"^{{{exp}}}"

    def _print_gamma(self, expr: Any, exp: Any = None) -> str:
        return self.call(r"\Gamma", expr.args[0]) + (f"^{{{exp}}}" if exp else "")

    def _print_beta(self, expr: Any, exp: Any = None) -> str:
        return self.call(r"\mathrm{B}", *expr.args) + (f"^{{{exp}}}" if exp else "")

    def _bessel(self, letter: str, expr: Any, exp: Any) -> str:
        name = f"{letter}_{{{self._print(expr.order)}}}"
        return self.call(name, expr.argument) + (f"^{{{exp}}}" if exp else "")

    def _print_besseli(self, expr: Any, exp: Any = None) -> str:
        return self._bessel("I", expr, exp)

    def _print_besselk(self, expr: Any, exp: Any = None) -> str:
        return self._bessel("K", expr, exp)

    def _print_besselj(self, expr: Any, exp: Any = None) -> str:
        return self._bessel("J", expr, exp)

    def _print_bessely(self, expr: Any, exp: Any = None) -> str:
        return self._bessel("Y", expr, exp)

    def _print_binomial(self, expr: Any, exp: Any = None) -> str:
        n, k = map(self._print, expr.args)
        return rf"\binom{{{n}}}{{{k}}}" + (f"^{{{exp}}}" if exp else "")

    def _print_factorial(self, expr: Any, exp: Any = None) -> str:
        argument = expr.args[0]
        text = self._print(argument)
        text = (text if argument.is_Symbol or argument.is_Integer else brackets(text)) + "!"
        return text if exp is None else brackets(text) + f"^{{{exp}}}"

    def _print_Abs(self, expr: Any, exp: Any = None) -> str:
        inner = self._print(expr.args[0])
        text = rf"\left|{inner}\right|" if is_tall_text(inner) else rf"\lvert {inner}\rvert "
        return text + (f"^{{{exp}}}" if exp else "")

    # conditions

    def _print_Piecewise(self, expr: Any) -> str:
        if is_indicator(expr):
            return rf"\mathbf{{1}}\{{{self._print(expr.args[0].cond)}\}}"
        rows = [rf"{self._print(value)} & {self.condition(cond)}" for value, cond in expr.args]
        apart = r" \\[4pt] " if any(map(is_tall_text, rows)) else r" \\ "
        return r"\begin{cases} " + apart.join(rows) + r" \end{cases}"

    def condition(self, cond: Any) -> str:
        """``\text{if } x = 1``."""
        return r"\text{otherwise}" if cond == sp.true else rf"\text{{if }} {self._print(cond)}"

    def _print_Or(self, expr: Any) -> str:
        values = values_of(expr)
        if values is not None:
            runs = [
                ", ".join(self._print(v) if v is not None else r"\ldots" for v in run) for run in in_runs(values[1])
            ]
            return rf"{self._print(values[0])} \in " + r" \cup ".join(rf"\{{{run}\}}" for run in runs)
        return r" \text{ or } ".join(self._print(a) for a in expr.args)

    def _print_And(self, expr: Any) -> str:
        return r" \text{ and } ".join(self._print(a) for a in expr.args)


def is_indicator(expr: Any) -> bool:
    """Whether a Piecewise is one where a condition holds and zero elsewhere."""
    return len(expr.args) == 2 and expr.args[0].expr == 1 and expr.args[1] == (0, sp.true)


def values_of(cond: Any) -> tuple[Expr, list[Expr]] | None:
    """``(x, [1, 2])`` of ``x = 1 or x = 2``."""
    if not all(isinstance(a, sp.Eq) and a.lhs.is_Symbol for a in cond.args) or len({a.lhs for a in cond.args}) > 1:
        return None
    return cond.args[0].lhs, sorted((a.rhs for a in cond.args), key=sp.default_sort_key)


def in_runs(values: list[Expr]) -> list[list[Expr | None]]:
    """Values in one list when they are few, else consecutive integers as runs ``[3, None, 29]``."""
    if len(values) <= 6 and not _consecutive(values):
        return [[*values]]
    runs: list[list[Expr]] = []
    for v in values:
        if runs and runs[-1][-1].is_Integer and v == runs[-1][-1] + 1:
            runs[-1].append(v)
        else:
            runs.append([v])
    return [[run[0], None, run[-1]] if len(run) > 3 else [*run] for run in runs]


def _consecutive(values: list[Expr]) -> bool:
    return len(values) > 3 and all(v.is_Integer and v == values[0] + n for n, v in enumerate(values))


def is_tall_text(latex: str) -> bool:
    """Whether brackets around this must grow."""
    return any(t in latex for t in _TALL)


def brackets(latex: str, operator: bool = False) -> str:
    r"""In parentheses as tall as needed; after an operator's name without the space that ``\left`` brings."""
    if not is_tall_text(latex):
        return f"({latex})"
    return rf"\mathopen{{}}\left({latex}\right)" if operator else rf"\left({latex}\right)"


def join(factors: Iterable[str]) -> str:
    """Factors side by side, with a dot between digits and a thin space beside words."""
    out = last = ""
    for f in factors:
        if not out:
            out = last = f
            continue
        if f[0].isdigit():
            out += rf" \cdot {f}"
        elif f.startswith(_WORDS) or last.startswith((*_WORDS, r"\sqrt")):
            out += rf"\, {f}"
        else:
            out += f" {f}"
        last = f
    return out
