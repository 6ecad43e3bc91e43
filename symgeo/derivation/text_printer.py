"""SymPy expressions for a terminal: in two dimensions where they fit, on one line otherwise."""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy import Expr
from sympy.printing.pretty.pretty import PrettyPrinter
from sympy.printing.pretty.pretty_symbology import pretty_use_unicode
from sympy.printing.pretty.stringpict import prettyForm, stringPict
from sympy.printing.str import StrPrinter

from symgeo.derivation.arrange import Product, arranged, is_negative, is_tall, ordered_terms
from symgeo.derivation.expectations import on_a_line
from symgeo.derivation.latex_printer import in_runs, is_indicator, values_of
from symgeo.derivation.notation import Notation
from symgeo.expectation.node import Expectation


class _Names:
    """What both printers below say in the same words."""

    notation: Notation
    use_unicode: bool

    def _name(self, symbol: Any) -> str:
        name = self.notation.name(symbol)
        return name.unicode if self.use_unicode else name.ascii

    def _polygamma_name(self, order: Any) -> str:
        letter = "ψ" if self.use_unicode else "psi"
        if order.is_Integer and 0 <= order <= 3:
            return letter + "'" * int(order)
        return f"{letter}^({order})"

    def _bessel_name(self, expr: Any) -> str:
        letter = {sp.besseli: "I", sp.besselk: "K", sp.besselj: "J", sp.bessely: "Y"}[type(expr)]
        if self.use_unicode and expr.order.is_Integer and 0 <= expr.order <= 9:
            return letter + chr(0x2080 + int(expr.order))
        return f"{letter}_{expr.order}"

    def _loggamma_name(self) -> str:
        return "log Γ" if self.use_unicode else "log Gamma"

    def _mean(self, expr: Expectation, line: LinePrinter) -> str:
        return on_a_line(expr, self.notation, line.doprint, self.use_unicode)


class LinePrinter(_Names, StrPrinter):
    """One line."""

    def __init__(self, notation: Notation, use_unicode: bool = True):
        StrPrinter.__init__(self)
        self.notation = notation
        self.use_unicode = use_unicode

    def _print(self, expr: Any, **kwargs: Any) -> str:
        # An expectation knows how to print itself, but not in these letters.
        return self._mean(expr, self) if isinstance(expr, Expectation) else super()._print(expr, **kwargs)

    def _print_Symbol(self, expr: Any) -> str:
        return self._name(expr)

    _print_Dummy = _print_Symbol

    def _print_Add(self, expr: Any, order: Any = None) -> str:
        out = ""
        for n, term in enumerate(ordered_terms(expr, self.notation.order)):
            negative = is_negative(term)
            sign = ("-" if negative else "") if n == 0 else (" - " if negative else " + ")
            out += sign + self._factor(-term if negative else term, term.is_Piecewise)
        return out

    def _print_Mul(self, expr: Any) -> str:
        return self._product(arranged(expr, self.notation.order))

    def _product(self, product: Product) -> str:
        tops = list(product.numerator)
        if product.exponential is not None:
            tops.append(sp.exp(product.exponential, evaluate=False))
        tops += product.trailing
        alone = len(tops) == 1 and not product.denominator
        top = "*".join(self._factor(f, f.is_Add and not alone) for f in tops) or "1"
        bottom = "*".join(self._factor(f, f.is_Add) for f in product.denominator)
        bottom = f"({bottom})" if len(product.denominator) > 1 else bottom
        return ("-" if product.negative else "") + top + (f"/{bottom}" if bottom else "")

    def _factor(self, f: Expr, closed: bool) -> str:
        text = self._print(f)
        closed = closed or (isinstance(f, (sp.Piecewise, sp.Mul)) and text.startswith("-"))
        return f"({text})" if closed else text

    def _print_Pow(self, expr: Any, rational: bool = False) -> str:
        base, exponent = expr.args
        if exponent == sp.Rational(1, 2):
            return f"sqrt({self._print(base)})"
        product = arranged(expr, self.notation.order)
        if product.denominator:
            return self._product(product)
        below = self._print(base)
        above = self._print(exponent)
        simple = base.is_Symbol or (base.is_Integer and base >= 0) or isinstance(base, (sp.Function, Expectation))
        raised = above if exponent.is_Symbol or (exponent.is_Integer and exponent >= 0) else f"({above})"
        return f"{below if simple else f'({below})'}^{raised}"

    def _print_polygamma(self, expr: Any) -> str:
        return f"{self._polygamma_name(expr.args[0])}({self._print(expr.args[1])})"

    def _print_loggamma(self, expr: Any) -> str:
        return f"{self._loggamma_name()}({self._print(expr.args[0])})"

    def _print_gamma(self, expr: Any) -> str:
        return f"{'Γ' if self.use_unicode else 'Gamma'}({self._print(expr.args[0])})"

    def _print_integro_exponential(self, expr: Any) -> str:
        return f"{'E₁' if self.use_unicode else 'E1'}^({self._print(expr.args[0])})({self._print(expr.args[1])})"

    def _print_besseli(self, expr: Any) -> str:
        return f"{self._bessel_name(expr)}({self._print(expr.argument)})"

    _print_besselk = _print_besselj = _print_bessely = _print_besseli

    def _print_Abs(self, expr: Any) -> str:
        return f"|{self._print(expr.args[0])}|"

    def _print_factorial(self, expr: Any) -> str:
        argument = expr.args[0]
        return f"{self._print(argument)}!" if argument.is_Symbol else f"({self._print(argument)})!"

    def _print_Pi(self, expr: Any) -> str:
        return "π" if self.use_unicode else "pi"

    def _print_Infinity(self, expr: Any) -> str:
        return "∞" if self.use_unicode else "oo"

    def _print_NegativeInfinity(self, expr: Any) -> str:
        return "-∞" if self.use_unicode else "-oo"

    def _print_Piecewise(self, expr: Any) -> str:
        if is_indicator(expr):
            return f"1{{{self.condition(expr.args[0].cond)}}}"
        return "; ".join(
            f"{self._print(value)} otherwise" if cond == sp.true else f"{self._print(value)} if {self.condition(cond)}"
            for value, cond in expr.args
        )

    def condition(self, cond: Any) -> str:
        """``x = 1``, ``x in {1, 2}``."""
        if isinstance(cond, sp.Or) and (found := values_of(cond)) is not None:
            runs = (", ".join("..." if v is None else self._print(v) for v in run) for run in in_runs(found[1]))
            return f"{self._print(found[0])} in " + " or ".join(f"{{{run}}}" for run in runs)
        if isinstance(cond, (sp.Or, sp.And)):
            return (" or " if isinstance(cond, sp.Or) else " and ").join(map(self.condition, cond.args))
        if isinstance(cond, sp.core.relational.Relational):
            sign = {"==": "=", "<": "<", ">": ">", "<=": "<=", ">=": ">=", "!=": "!="}[cond.rel_op]
            return f"{self._print(cond.lhs)} {sign} {self._print(cond.rhs)}"
        return self._print(cond)


class PicturePrinter(_Names, PrettyPrinter):
    """Several lines, with fractions built up."""

    def __init__(self, notation: Notation, use_unicode: bool = True):
        PrettyPrinter.__init__(self, {"use_unicode": use_unicode, "wrap_line": False})
        self.notation = notation
        self.use_unicode = use_unicode
        self.line = LinePrinter(notation, use_unicode)

    def _print(self, expr: Any, **kwargs: Any) -> prettyForm:
        if isinstance(expr, Expectation):
            return prettyForm(self._mean(expr, self.line), binding=prettyForm.ATOM)
        return super()._print(expr, **kwargs)

    def picture(self, left: str, expr: Expr) -> stringPict:
        """``left`` followed by the expression, its baseline in line."""
        before = pretty_use_unicode(self.use_unicode)
        try:
            return prettyForm(*stringPict(left).right(self._print(expr)))
        finally:
            pretty_use_unicode(before)

    def _print_Symbol(self, e: Any, bold_name: bool = False) -> prettyForm:
        return prettyForm(self._name(e))

    _print_Dummy = _print_Symbol

    def _print_Add(self, expr: Any, order: Any = None) -> prettyForm:
        form: stringPict | None = None
        for term in ordered_terms(expr, self.notation.order):
            negative = is_negative(term)
            part = self._print(-term if negative else term)
            if isinstance(term, sp.Piecewise) and not is_indicator(term):
                part = prettyForm(*part.parens())
            if form is None:
                form = _minus(part) if negative else part
            else:
                form = stringPict(*form.right(" - " if negative else " + "))
                form = stringPict(*form.right(part))
        assert form is not None
        return _form(form, prettyForm.ADD)

    def _print_Mul(self, product: Any) -> prettyForm:
        return self._product(arranged(product, self.notation.order))

    def _product(self, product: Product) -> prettyForm:
        tops, after = [*product.numerator], [*product.trailing]
        if product.exponential is not None:
            after = [sp.exp(product.exponential, evaluate=False), *after]
        if product.denominator:
            form = self._beside(tops) / self._beside(list(product.denominator))
            if after:
                form = prettyForm.__mul__(form, *map(self._print, after))
        else:
            form = self._beside([*tops, *after])
        if product.negative:
            form = _minus(form)
        return form

    def _beside(self, factors: list[Expr]) -> prettyForm:
        if not factors:
            return prettyForm("1")
        forms = []
        for f in factors:
            form = self._print(f)
            if f.is_Add and len(factors) > 1:
                form = prettyForm(*form.parens())
            forms.append(form)
        if len(forms) == 1:
            return _form(forms[0], prettyForm.MUL)
        return prettyForm.__mul__(*forms)

    def _print_Pow(self, power: Any) -> prettyForm:
        product = arranged(power, self.notation.order)
        if product.denominator:
            return self._product(product)
        return super()._print_Pow(power)

    def _print_exp(self, e: Any) -> prettyForm:
        if is_tall(e.args[0]):
            return self._call("exp", e.args[0])
        base = prettyForm("e", binding=prettyForm.ATOM)
        return base ** self._print(e.args[0])

    _print_ExpBase = _print_exp

    def _call(self, name: str, *arguments: Expr) -> prettyForm:
        form = self._print_seq(arguments, delimiter=", ").parens()
        form = prettyForm(*prettyForm(*form).left(name))
        return _form(form, prettyForm.ATOM)

    def _print_polygamma(self, e: Any) -> prettyForm:
        return self._call(self._polygamma_name(e.args[0]), e.args[1])

    def _print_loggamma(self, e: Any) -> prettyForm:
        return self._call(self._loggamma_name(), e.args[0])

    def _print_gamma(self, e: Any) -> prettyForm:
        return self._call("Γ" if self.use_unicode else "Gamma", e.args[0])

    def _print_integro_exponential(self, e: Any) -> prettyForm:
        return self._call(f"{'E₁' if self.use_unicode else 'E1'}^({e.args[0]})", e.args[1])

    def _print_besseli(self, e: Any) -> prettyForm:
        return self._call(self._bessel_name(e), e.argument)

    _print_besselk = _print_besselj = _print_bessely = _print_besseli

    def _print_Piecewise(self, pexpr: Any) -> prettyForm:
        if is_indicator(pexpr):
            return prettyForm(self.line.doprint(pexpr))
        rows = [
            f"{self.line.doprint(value)}   {'otherwise' if cond == sp.true else f'if {self.line.condition(cond)}'}"
            for value, cond in pexpr.args
        ]
        form = prettyForm("\n".join(rows), baseline=len(rows) // 2)
        return prettyForm(*form.parens(left="{", right=""))


def _minus(form: stringPict) -> prettyForm:
    """The picture after a minus sign, which must not run into a fraction bar."""
    return prettyForm(*form.left("- " if form.height() > 1 else "-"), binding=prettyForm.NEG)


def _form(picture: stringPict, binding: int) -> prettyForm:
    """The picture with the strength by which it holds together beside operators."""
    return prettyForm("\n".join(picture.picture), picture.baseline, binding=binding)
