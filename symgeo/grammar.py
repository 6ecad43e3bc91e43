"""The grammar in which densities, parameters and constraints are written on the command line.

    sum     = product (("+" | "-") product)*
    product = signed (("*" | "/") signed)*
    signed  = ("+" | "-")* power                     so that -x**2 is -(x**2)
    power   = atom ["!"] [("**" | "^") signed]       so that x**y**z is x**(y**z)
    atom    = number | name | function "(" sum ("," sum)* ")" | "(" sum ")"

Text becomes SymPy nodes directly; nothing is evaluated as Python. Length, nesting and the size of numbers are
bounded, so that no text can hang the reader. All refusals are GrammarErrors that point at the character.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import sympy as sp
from sympy.core.relational import Relational

from symgeo.errors import GrammarError

MAX_LENGTH = 10_000  # characters
MAX_NESTING = 100  # parentheses and exponents within one another
MAX_WEIGHT = 20_000  # nodes times 3**(nested functions and broken powers): SymPy's time goes with it
MAX_NUMBER = 1_000  # as an exponent, or as the argument of a function that SymPy would evaluate
MAX_BITS = 20_000  # of a numerator or denominator

TWO_ARGUMENTS = ("polygamma", "beta", "binomial", "besseli", "besselj", "besselk", "bessely")
EVALUATED = (
    "gamma",
    "loggamma",
    "digamma",
    "factorial",
    *TWO_ARGUMENTS,
)  # at integers, as large numbers or sums
PLAIN = ["exp", "log", "sqrt", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "erf", "erfc", "zeta"]
FUNCTIONS: dict[str, Any] = {name: getattr(sp, name) for name in (*PLAIN, *EVALUATED)}
FUNCTIONS |= {"ln": sp.log, "abs": sp.Abs, "lgamma": sp.loggamma}
LIMITS = dict.fromkeys((*EVALUATED, "lgamma"), MAX_NUMBER) | {"zeta": 50, "polygamma": 50}
CONSTANTS: dict[str, sp.Expr] = {"pi": sp.pi, "E": sp.E, "e": sp.E, "EulerGamma": sp.EulerGamma}
INFINITIES = ("oo", "inf", "infinity")
SETS = {f"{s}".lower(): s for s in (sp.S.Integers, sp.S.Naturals, sp.S.Naturals0, sp.S.Reals)}
WORDS = ("real", "positive", "negative", "nonnegative", "nonpositive", "integer")
RELATIONS = {"<": sp.StrictLessThan, "<=": sp.LessThan, ">": sp.StrictGreaterThan, ">=": sp.GreaterThan}

_NUMBER = re.compile(r"([0-9]+(?:\.(?!\.)[0-9]*)?|\.[0-9]+)(?:[eE]([+-]?[0-9]+))?")
_OPERATOR = re.compile(r"\*\*|<=|>=|==|!=|\.\.\.|\.\.|[-+*/^()!,<>={}\[\]]")


def parse_expression(text: str, symbols: Mapping[str, sp.Symbol]) -> sp.Expr:
    """The expression that ``text`` stands for; its names are ``symbols``, functions and constants.

    A declared name wins over a constant, and over a function unless a parenthesis follows. Raises GrammarError.
    """
    parser = _Parser(text, symbols)
    expression = parser.sum()
    parser.expect_end()
    return expression


def parse_constraint(text: str, symbols: Mapping[str, sp.Symbol]) -> Relational:
    """An inequality among parameters, such as ``p1 + p2 < 1``, kept as it was written. Raises GrammarError."""
    parser = _Parser(text, symbols)
    left = parser.sum()
    relation = parser.relation("a constraint is an inequality: write <, <=, > or >= here")
    right = parser.sum()
    if parser.token.text in RELATIONS:
        parser.fail("a second relation: give it as a constraint of its own")
    parser.expect_end()
    if not (left.free_symbols | right.free_symbols):
        parser.fail("this constraint holds no parameter", 0)
    return RELATIONS[relation](left, right, evaluate=False)


def parse_declaration(text: str, symbols: Mapping[str, sp.Symbol] | None = None) -> tuple[sp.Symbol, sp.Set | None]:
    """The symbol that ``text`` declares, with the assumptions that fit, and its set, None if no set is given.

    ``mu``, ``mu real``, ``k > 0``, ``0 < p <= 1``, ``-pi < x < pi``, ``x in (0, oo)``, ``x in 0..10``,
    ``x in 1..``, ``x in {1, 2, 5}``, ``x in {0, 1, ...}``, ``x in integers``. Ends may use ``symbols``, which were
    declared before. Raises GrammarError.
    """
    parser = _Parser(text, symbols or {})
    ends = {
        "<": (-sp.oo, True),
        ">": (sp.oo, True),
    }  # "end < name" and "end > name"; whether the end is left out
    relation, position = "", parser.token.position
    if not parser.at_new_name():
        first = parser.bound()
        relation = parser.relation("a declaration is a name with its range, such as 0 < p < 1")
        ends[relation[0]] = (first, "=" not in relation)
    name = parser.new_name()
    if not relation and (parser.token.kind == "end" or parser.token.text in WORDS):
        return sp.Symbol(name, **parser.assumptions()), None
    if not relation and parser.accept("in"):
        return _symbol_and_set(parser, name, parser.set())
    if parser.token.kind != "end":
        if relation and parser.token.text in RELATIONS and parser.token.text[0] != relation[0]:
            parser.fail("the two relations of a range must point the same way")
        second = parser.relation("after a name comes its range, such as > 0, or `in` with a set, or real")
        ends[">" if second[0] == "<" else "<"] = (parser.bound(), "=" not in second)
    parser.expect_end()
    return _symbol_and_set(parser, name, parser.interval(ends["<"], ends[">"], position))


def _symbol_and_set(parser: _Parser, name: str, values: sp.Set) -> tuple[sp.Symbol, sp.Set]:
    """The symbol with the strongest assumptions that hold for all values."""
    parser.expect_end()
    low, high, open_low, open_high = values.inf, values.sup, False, False
    if isinstance(values, sp.Interval):
        low, high, open_low, open_high = values.start, values.end, values.left_open, values.right_open
    elif isinstance(values, sp.Range):
        low, high = values.start, values.stop - 1
    if low.is_positive or (low.is_nonnegative and open_low):
        sign = "positive"
    elif high.is_negative or (high.is_nonpositive and open_high):
        sign = "negative"
    else:
        sign = "nonnegative" if low.is_nonnegative else "nonpositive" if high.is_nonpositive else "real"
    discrete = isinstance(values, sp.Range) or values.is_subset(sp.S.Integers)
    return sp.Symbol(name, **({sign: True, "integer": True} if discrete else {sign: True})), values


@dataclass(frozen=True)
class _Token:
    kind: str  # "number", "name", "operator" or "end"
    text: str
    position: int


def _tokens(text: str) -> list[_Token]:
    if len(text) > MAX_LENGTH:
        raise GrammarError(f"text of {len(text)} characters: {MAX_LENGTH} are the limit", text[:72] + "...", 72)
    tokens, i = [], 0
    while i < len(text):
        if text[i].isspace():
            i += 1
            continue
        found = _NUMBER.match(text, i) or _OPERATOR.match(text, i)
        if found:
            kind, end = ("number" if found.re is _NUMBER else "operator"), found.end()
        elif text[i].isalpha() and text[i].isidentifier():
            kind, end = "name", i + 1
            while end < len(text) and text[i : end + 1].isidentifier():
                end += 1
        else:
            raise GrammarError(f"the character {text[i]!r} has no meaning here", _one_line(text), i)
        # As Python does with its names: the micro sign is the Greek letter mu.
        tokens.append(_Token(kind, unicodedata.normalize("NFKC", text[i:end]), i))
        i = end
    return [*tokens, _Token("end", "", len(text))]


def _bits(e: sp.Expr) -> int:
    """The size of the rational number in front of an expression."""
    c = e.as_coeff_Mul()[0]
    return max(int(c.p).bit_length(), int(c.q).bit_length()) if c.is_Rational else 0


def _weight(e: sp.Expr) -> tuple[int, int]:
    """The number of nodes, and how many functions and broken powers lie within one another."""
    parts = [_weight(a) for a in e.args]
    layer = int(e.is_Function or (e.is_Pow and not e.exp.is_Integer))
    return 1 + sum(size for size, _ in parts), layer + max((layers for _, layers in parts), default=0)


def _one_line(text: str) -> str:
    return "".join(" " if c.isspace() else c for c in text)


class _Parser:
    """A reader of one text by recursive descent."""

    def __init__(self, text: str, symbols: Mapping[str, sp.Symbol]):
        self.text = text
        self.tokens = _tokens(text)
        self.symbols = {unicodedata.normalize("NFKC", name): symbol for name, symbol in symbols.items()}
        self.index = self.depth = 0

    @property
    def token(self) -> _Token:
        return self.tokens[self.index]

    def fail(self, message: str, position: int | None = None) -> NoReturn:
        raise GrammarError(message, _one_line(self.text), self.token.position if position is None else position)

    def advance(self) -> _Token:
        self.index += 1
        return self.tokens[self.index - 1]

    def accept(self, *texts: str) -> _Token | None:
        return self.advance() if self.token.kind != "end" and self.token.text in texts else None

    def expect_end(self) -> None:
        if self.token.kind in ("name", "number") or self.token.text == "(":
            self.fail("an operator is missing here: to multiply, write *")
        if self.token.kind != "end":
            self.fail(f"{self.token.text!r} has no meaning here")

    def deeper(self, position: int) -> None:
        self.depth += 1
        if self.depth > MAX_NESTING:
            self.fail(f"nested more than {MAX_NESTING} levels deep", position)

    # -- expressions

    def sum(self) -> sp.Expr:
        terms, sign = [self.product()], sp.S.One
        while operator := self.accept("+", "-"):
            sign = sp.S.One if operator.text == "+" else sp.S.NegativeOne
            terms.append(sign * self.product())
        return terms[0] if len(terms) == 1 else self.made(sp.Add, terms, self.token.position)

    def product(self) -> sp.Expr:
        factors = [self.signed()]
        while operator := self.accept("*", "/"):
            factor = self.signed()
            if operator.text == "/" and factor.is_zero:
                self.fail("division by zero", operator.position)
            inverse = operator.text == "/"
            factors.append(self.raised(factor, sp.S.NegativeOne, operator.position) if inverse else factor)
        return factors[0] if len(factors) == 1 else self.made(sp.Mul, factors, self.token.position)

    def signed(self) -> sp.Expr:
        sign = sp.S.One
        while operator := self.accept("+", "-"):
            sign = sign if operator.text == "+" else -sign
        return sign * self.power()

    def power(self) -> sp.Expr:
        base = self.atom()
        if mark := self.accept("!"):
            base = self.called("factorial", [base], mark.position)
            if self.token.text == "!":
                self.fail("a second !: write (x!)! for the factorial of a factorial")
        if operator := self.accept("**", "^"):
            self.deeper(operator.position)
            base = self.raised(base, self.signed(), operator.position)
            self.depth -= 1
        return base

    def atom(self) -> sp.Expr:
        token = self.advance()
        if token.kind == "number":
            return self.number(token)
        if token.kind == "name":
            return self.named(token)
        if token.text == "(":
            self.deeper(token.position)
            inner = self.sum()
            self.close(")", token.position)
            self.depth -= 1
            return inner
        found = "the text ends" if token.kind == "end" else f"{token.text!r} stands"
        return self.fail(f"{found} where a number, a name or ( should be", token.position)

    def close(self, bracket: str, opened: int) -> None:
        if not self.accept(bracket):
            if self.token.kind == "end":
                self.fail(f"this bracket is never closed: {bracket} is missing", opened)
            self.expect_end()

    def number(self, token: _Token) -> sp.Rational:
        mantissa, _, exponent = token.text.lower().partition("e")
        digits, _, decimals = mantissa.partition(".")
        if len(token.text) > MAX_NUMBER or abs(int(exponent or "0")) > MAX_NUMBER:
            self.fail(f"this number has more than {MAX_NUMBER} digits", token.position)
        return sp.Integer(int(digits + decimals)) * sp.Integer(10) ** (int(exponent or "0") - len(decimals))

    def named(self, token: _Token) -> sp.Expr:
        name, called = token.text, self.token.text == "("
        if called and name in FUNCTIONS:
            return self.call(token)
        if name in self.symbols:
            if called:
                self.fail(f"{name} is no function: to multiply, write {name}*(")
            return self.symbols[name]
        if name in CONSTANTS and not called:
            return CONSTANTS[name]
        if name in FUNCTIONS:
            self.fail(f"{name} is a function: its arguments follow in parentheses", token.position)
        known = [*FUNCTIONS] if called else [*self.symbols, *CONSTANTS]
        listed = "functions are" if called else "declared are" if self.symbols else "constants are"
        close = difflib.get_close_matches(name, known, 2, 0.5)
        hint = f"; did you mean {' or '.join(close)}?" if close else ""
        shown = ", ".join(known if called or not self.symbols else self.symbols)
        kind = "function" if called else "name"
        return self.fail(f"unknown {kind} {name!r}: {listed} {shown}{hint}", token.position)

    def call(self, token: _Token) -> sp.Expr:
        opened = self.advance().position
        self.deeper(opened)
        arguments = [self.sum()]
        while self.accept(","):
            arguments.append(self.sum())
        self.close(")", opened)
        self.depth -= 1
        allowed = (1, 2) if token.text == "zeta" else (2,) if token.text in TWO_ARGUMENTS else (1,)
        if len(arguments) not in allowed:
            takes = " or ".join(map(str, allowed)) + (" argument" if allowed == (1,) else " arguments")
            self.fail(f"{token.text} takes {takes}, not {len(arguments)}", token.position)
        return self.called(token.text, arguments, token.position)

    def called(self, name: str, arguments: list[sp.Expr], position: int) -> sp.Expr:
        limit = LIMITS.get(name)
        if limit and any(a.is_number and not abs(a.evalf(5)) <= limit for a in arguments):
            self.fail(f"{name} of a number beyond {limit}", position)
        if name == "exp":
            self.check_exponent(arguments[0], position)
        return self.made(FUNCTIONS[name], arguments, position)

    def raised(self, base: sp.Expr, exponent: sp.Expr, position: int) -> sp.Expr:
        if exponent.is_Rational:
            if base.is_zero and exponent.is_negative:
                self.fail("division by zero", position)
            if abs(exponent) > MAX_NUMBER or _bits(base) * abs(exponent) > MAX_BITS:
                self.fail(f"this exponent is beyond {MAX_NUMBER}, or the result beyond {MAX_BITS} bits", position)
        self.check_exponent(exponent, position)
        return self.made(sp.Pow, [base, exponent], position)

    def check_exponent(self, exponent: sp.Expr, position: int) -> None:
        """exp(n log a) becomes a**n at once: n has the limit of other exponents."""
        for term in sp.Add.make_args(exponent):
            c, rest = term.as_coeff_Mul()
            if (rest.is_number or rest.has(sp.log)) and abs(c) > MAX_NUMBER:
                self.fail(f"an exponent beyond {MAX_NUMBER}", position)

    def made(self, head: Any, arguments: list[sp.Expr], position: int) -> sp.Expr:
        """The node, refused where making it could take long or where it has no finite real value."""
        if head not in (sp.Add, sp.Mul) and not (head is sp.Pow and arguments[1].is_Integer):
            size, layers = map(max, zip(*map(_weight, arguments), strict=True))
            if size * 3**layers > MAX_WEIGHT or (layers > 1 and all(a.is_number for a in arguments)):
                self.fail("functions nested too deep within one another", position)
        try:
            e = head(*arguments)
        except (ValueError, TypeError, ArithmeticError, AttributeError, NotImplementedError) as error:
            self.fail(f"this has no value: {error}", position)
        if e.is_number and e.has(sp.I, sp.zoo, sp.nan, sp.oo):
            self.fail(f"this has no finite real value: it is {e}", position)
        if _bits(e) > MAX_BITS:
            self.fail(f"a number of more than {MAX_BITS} bits", position)
        if e.is_number:
            self.check_exponent(e.as_base_exp()[1], position)
        return e

    # -- declarations and constraints

    def relation(self, otherwise: str) -> str:
        if self.token.text not in RELATIONS:
            self.fail(otherwise)
        return self.advance().text

    def at_new_name(self) -> bool:
        """Whether the text begins with the name it declares, rather than with an end of its range."""
        first, third = self.token, self.tokens[min(2, len(self.tokens) - 1)]
        if first.kind != "name" or first.text in INFINITIES:
            return False
        return not (first.text in (*self.symbols, *CONSTANTS) and third.kind == "name")

    def new_name(self) -> str:
        token = self.token
        if token.kind != "name" or token.text in ("in", *INFINITIES):
            self.fail("here should stand the name that is declared: letters, digits and _, a letter first")
        if token.text in self.symbols:
            self.fail(f"{token.text} is declared already")
        return self.advance().text

    def assumptions(self) -> dict[str, bool]:
        words: dict[str, bool] = {}
        while word := self.accept(*WORDS):
            words[word.text] = True
        if self.token.kind == "name":
            self.fail(f"unknown assumption {self.token.text!r}: known are {', '.join(WORDS)}")
        self.expect_end()
        return words or {"real": True}

    def bound(self) -> sp.Expr:
        """An end of a range: a real expression or an infinity."""
        start, sign = self.index, sp.S.One
        if operator := self.accept("-", "+"):
            sign = sp.S.NegativeOne if operator.text == "-" else sign
        if self.accept(*INFINITIES):
            return sign * sp.oo
        self.index = start
        return self.sum()

    def interval(self, low: tuple[sp.Expr, bool], high: tuple[sp.Expr, bool], position: int) -> sp.Interval:
        values = sp.Interval(low[0], high[0], low[1], high[1])
        if not isinstance(values, sp.Interval):
            self.fail("there is no room between the ends of this range", position)
        return values

    def set(self) -> sp.Set:
        """What stands after ``in``."""
        opened = self.token.position
        if named := self.accept(*SETS):
            return SETS[named.text]
        if self.accept("{"):
            return self.braces(opened)
        if bracket := self.accept("(", "["):
            lower = self.bound()
            if not self.accept(","):
                self.fail("an interval is written (a, b), [a, b), (a, b] or [a, b]")
            upper = self.bound()
            closing = self.accept(")", "]")
            if closing is None:
                self.fail("this interval is never closed", opened)
            return self.interval((lower, bracket.text == "("), (upper, closing.text == ")"), opened)
        start = self.integer()
        if not self.accept(".."):
            self.fail(f"after `in` comes a..b, a.., {{a, b}}, an interval or one of {', '.join(SETS)}")
        return self.steps(start, None if self.token.kind == "end" else self.integer(), opened)

    def braces(self, opened: int) -> sp.Set:
        """{a, b, c}, or {a, a + 1, ..., z} and {a, ...} with their missing steps of one."""
        items = [self.sum()]
        while self.accept(","):
            if self.accept("..."):
                if items != [items[0] + k for k in range(len(items))] or not items[0].is_Integer:
                    self.fail("before ... stand integers in steps of one", opened)
                last = self.integer() if self.accept(",") else None
                self.close("}", opened)
                return self.steps(items[0], last, opened)
            items.append(self.sum())
        self.close("}", opened)
        if len(set(items)) < len(items) or not all(v.is_number for v in items):
            self.fail("the elements of a set are distinct numbers", opened)
        return sp.FiniteSet(*items)

    def steps(self, start: sp.Expr, last: sp.Expr | None, position: int) -> sp.Set:
        if last is None:
            named = {0: sp.S.Naturals0, 1: sp.S.Naturals}
            return named[int(start)] if start in named else sp.Range(start, sp.oo)
        if (last - start).is_negative:
            self.fail("this range holds no number", position)
        return sp.Range(start, last + 1)

    def integer(self) -> sp.Expr:
        position, e = self.token.position, self.sum()
        if not e.is_integer:
            self.fail(f"{e} is no integer", position)
        return e
