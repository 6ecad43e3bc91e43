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
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, NoReturn

import sympy as sp
from sympy.core.relational import Relational

from symgeo.errors import GrammarError

MAX_LENGTH = 10_000  # characters
MAX_NESTING = 100  # parentheses and exponents within one another
MAX_WEIGHT = 3_000  # nodes times 3**(nested functions and broken powers): SymPy's time goes with it
MAX_NUMBER = 1_000  # as an exponent, or as the argument of a function
MAX_BITS = 20_000  # of a numerator or denominator
# fmt: off
PLAIN = ["log", "sqrt", "asin", "acos", "atan"]
LIMITED = ["exp", "sin", "cos", "tan", "sinh", "cosh", "tanh", "erf", "erfc",
           "gamma", "loggamma", "digamma", "factorial"]
TWO_ARGUMENTS = ["polygamma", "beta", "binomial", "besseli", "besselj", "besselk", "bessely"]
FUNCTIONS: dict[str, Any] = {name: getattr(sp, name) for name in PLAIN + LIMITED + TWO_ARGUMENTS + ["zeta"]}
FUNCTIONS |= {"ln": sp.log, "abs": sp.Abs, "lgamma": sp.loggamma}
LIMITS = dict.fromkeys([*LIMITED, "lgamma"], MAX_NUMBER) | dict.fromkeys([*TWO_ARGUMENTS, "zeta"], 50)
LIMITS |= {"asin": 1, "acos": 1}
CONSTANTS: dict[str, sp.Expr] = {"pi": sp.pi, "E": sp.E, "e": sp.E, "EulerGamma": sp.EulerGamma}
INFINITIES = ["oo", "inf", "infinity"]
SETS = {f"{s}".lower(): s for s in (sp.S.Integers, sp.S.Naturals, sp.S.Naturals0, sp.S.Reals)}
WORDS = ["real", "positive", "negative", "nonnegative", "nonpositive", "integer"]
RELATIONS = {"<": sp.StrictLessThan, "<=": sp.LessThan, ">": sp.StrictGreaterThan, ">=": sp.GreaterThan}
# fmt: on
_TOKEN = re.compile(
    r"(?P<number>(?:[0-9]+(?:\.(?!\.)[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)|(?P<name>[^\W\d_]\w*)"
    r"|(?P<space>\s+)|(?P<operator>\*\*|<=|>=|==|!=|\.\.\.|\.\.|[-+*/^()!,<>={}\[\]])"
)


def parse_expression(text: str, symbols: Mapping[str, sp.Symbol]) -> sp.Expr:
    """The expression that ``text`` stands for; its names are ``symbols``, functions and constants.

    A declared name wins over a constant, and over a function unless ( follows. Raises GrammarError.
    """
    parser = _Parser(text, symbols)
    return parser.read(parser.sum)


def parse_constraint(text: str, symbols: Mapping[str, sp.Symbol]) -> Relational:
    """An inequality among parameters, such as ``p1 + p2 < 1``, as it was written. Raises GrammarError."""
    parser = _Parser(text, symbols)
    return parser.read(parser.constraint)


def parse_declaration(text: str, symbols: Mapping[str, sp.Symbol] | None = None) -> tuple[sp.Symbol, sp.Set | None]:
    """The symbol that ``text`` declares, with the assumptions that fit, and its set, None if none is given.

    ``mu``, ``mu real``, ``k > 0``, ``0 < p <= 1``, ``x in 0..10``, ``x in 1..``, ``x in {1, 2, 5}``,
    ``x in {0, 1, ...}``, ``x in (0, 1]``, ``x in integers``. Ends may use ``symbols``, declared before. Raises
    GrammarError.
    """
    parser = _Parser(text, symbols or {})
    return parser.read(parser.declaration)


class _Token(NamedTuple):
    kind: str  # "number", "name", "operator" or "end"
    text: str
    position: int


def _tokens(text: str) -> list[_Token]:
    if len(text) > MAX_LENGTH:
        raise GrammarError(f"a text of {len(text)} characters, beyond {MAX_LENGTH}", text[:72] + "...", 72)
    tokens, i = [], 0
    while i < len(text):
        found = _TOKEN.match(text, i)
        kind, word = (found.lastgroup or "", found.group()) if found else ("", "")
        while kind == "name" and word and not word.isidentifier():
            word = word[:-1]  # a superscript is no part of a name
        if not word:
            raise GrammarError(f"the character {text[i]!r} has no meaning here", text, i)
        if kind != "space":  # in the normal form of Python's names: the micro sign is the letter mu
            tokens.append(_Token(kind, unicodedata.normalize("NFKC", word), i))
        i += len(word)
    return [*tokens, _Token("end", "", len(text))]


class _Parser:
    """A reader of one text by recursive descent."""

    def __init__(self, text: str, symbols: Mapping[str, sp.Symbol]):
        self.text = re.sub(r"\s", " ", text)  # in one line, for the mark under it
        self.tokens = _tokens(self.text)
        self.symbols = {unicodedata.normalize("NFKC", name): symbol for name, symbol in symbols.items()}
        self.index = self.depth = 0

    @property
    def token(self) -> _Token:
        return self.tokens[self.index]

    def fail(self, message: str, position: int | None = None) -> NoReturn:
        raise GrammarError(message, self.text, self.token.position if position is None else position)

    def advance(self) -> _Token:
        self.index += 1
        return self.tokens[self.index - 1]

    def accept(self, *texts: str) -> _Token | None:
        return self.advance() if self.token.kind != "end" and self.token.text in texts else None

    def expect_end(self) -> None:
        if self.token.kind != "end":
            self.fail(f"{self.token.text!r} has no meaning here")

    def read(self, rule: Callable[[], Any]) -> Any:
        """What the rule makes of the whole text."""
        try:
            result = rule()
        except GrammarError:
            raise
        except Exception as error:  # SymPy has reasons of its own to refuse a node
            self.fail(f"this has no value ({error})")
        self.expect_end()
        return result

    def sum(self) -> sp.Expr:
        terms = [self.product()]
        while operator := self.accept("+", "-"):
            terms.append(self.product() * (1 if operator.text == "+" else -1))
        return self.made(sp.Add, terms, self.token.position) if len(terms) > 1 else terms[0]

    def product(self) -> sp.Expr:
        factors = self.signed()
        while operator := self.accept("*", "/"):
            sign, f = self.signed()
            factors += [sign, self.raised(f, sp.Integer(-1), operator.position) if operator.text == "/" else f]
        if self.token.kind in ("name", "number") or self.token.text == "(":
            self.fail("an operator is missing here: to multiply, write *")
        return self.made(sp.Mul, factors, self.token.position)

    def signed(self) -> list[sp.Expr]:
        """A sign and a power: -1 is a factor of its own, so that -(x + y)*z keeps its sum."""
        self.depth += 1
        if self.depth > MAX_NESTING:
            self.fail(f"nested more than {MAX_NESTING} levels deep")
        sign = sp.S.One
        while operator := self.accept("+", "-"):
            sign = sign if operator.text == "+" else -sign
        factors = [sign, self.power()]
        self.depth -= 1
        return factors

    def power(self) -> sp.Expr:
        base = self.atom()
        if mark := self.accept("!"):
            base = self.called("factorial", [base], mark.position)
        if operator := self.accept("**", "^"):
            base = self.raised(base, sp.Mul(*self.signed()), operator.position)
        return base

    def atom(self) -> sp.Expr:
        token = self.advance()
        if token.kind == "number":
            return self.number(token)
        if token.kind == "name":
            return self.named(token)
        if token.text == "(":
            inner = self.sum()
            self.close(")", token.position)
            return inner
        found = "the text ends" if token.kind == "end" else f"{token.text!r} stands"
        return self.fail(f"{found} where a number, a name or ( should be", token.position)

    def close(self, bracket: str, opened: int) -> None:
        if not self.accept(bracket):
            self.expect_end()
            self.fail(f"this bracket is never closed: {bracket} is missing", opened)

    def number(self, token: _Token) -> sp.Rational:
        mantissa, _, exponent = token.text.lower().partition("e")
        digits, _, decimals = mantissa.partition(".")
        if len(token.text) > MAX_NUMBER or abs(int(exponent or "0")) > MAX_NUMBER:
            self.fail(f"this number has more than {MAX_NUMBER} digits", token.position)
        return sp.Integer(int(digits + decimals)) * sp.Integer(10) ** (int(exponent or "0") - len(decimals))

    def named(self, token: _Token) -> sp.Expr:
        name, called, values = token.text, self.token.text == "(", CONSTANTS | self.symbols
        if called and name in FUNCTIONS:
            return self.call(token)
        if called and name in values:
            self.fail(f"{name} is no function: to multiply, write {name}*(")
        if name in values:
            return values[name]
        if name in FUNCTIONS:
            self.fail(f"{name} is a function: its arguments follow in parentheses", token.position)
        known: Mapping[str, Any] = FUNCTIONS if called else self.symbols or CONSTANTS
        close = " or ".join(difflib.get_close_matches(name, FUNCTIONS if called else values, 2))
        message = f"unknown {'function' if called else 'name'} {name!r}; declared are {', '.join(known)}"
        return self.fail(message + f"; did you mean {close}?" * bool(close), token.position)

    def call(self, token: _Token) -> sp.Expr:
        opened = self.advance().position
        arguments = [self.sum()]
        while self.accept(","):
            arguments.append(self.sum())
        self.close(")", opened)
        takes = [1, 2] if token.text == "zeta" else [2] if token.text in TWO_ARGUMENTS else [1]
        if len(arguments) not in takes:
            self.fail(f"{token.text} takes {takes[-1]} argument(s), not {len(arguments)}", token.position)
        return self.called(token.text, arguments, token.position)

    def called(self, name: str, arguments: list[sp.Expr], position: int) -> sp.Expr:
        whole = name == "binomial" and all(a.is_Integer for a in arguments)
        limit = MAX_NUMBER if whole else LIMITS.get(name)
        if limit and any(a.is_number and not abs(a.evalf(5)) <= limit for a in arguments):
            self.fail(f"{name} of a number beyond {limit}", position)
        if name == "exp":
            self.check_exponent(arguments[0], position)
        return self.made(FUNCTIONS[name], arguments, position)

    def raised(self, base: sp.Expr, exponent: sp.Expr, position: int) -> sp.Expr:
        if exponent.is_negative and base.is_zero:
            self.fail("division by zero", position)
        self.check_exponent(exponent, position)
        return self.made(sp.Pow, [base, exponent], position)

    def check_exponent(self, exponent: sp.Expr, position: int) -> None:
        """Numbers are raised to powers at once, and exp(n log a) becomes a**n: no such exponent may be large."""
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
        e = head(*arguments)
        c = e.as_coeff_Mul()[0]
        if c.is_Rational and max(int(c.p).bit_length(), int(c.q).bit_length()) > MAX_BITS:
            self.fail(f"a number of more than {MAX_BITS} bits", position)
        if e.is_number and e.has(sp.I, sp.zoo, sp.nan, sp.oo):
            self.fail(f"this has no finite real value: it is {e}", position)
        if e.is_number:
            self.check_exponent(e.as_base_exp()[1], position)
        return e

    def constraint(self) -> Relational:
        left = self.sum()
        relation = self.relation("a constraint is an inequality: write <, <=, > or >= here")
        right = self.sum()
        if self.token.text in RELATIONS:
            self.fail("a second relation: give it as a constraint of its own")
        if not (left.free_symbols | right.free_symbols):
            self.fail("this constraint holds no parameter", 0)
        return RELATIONS[relation](left, right, evaluate=False)

    def declaration(self) -> tuple[sp.Symbol, sp.Set | None]:
        ends = {"<": (-sp.oo, True), ">": (sp.oo, True)}  # an end, and whether it is left out
        relation = ""
        if not self.at_new_name():
            end = self.bound()
            relation = self.relation("a declaration is a name with its range, such as 0 < p < 1")
            ends[relation[0]] = (end, "=" not in relation)
        name = self.new_name()
        if not relation and (self.token.kind == "end" or self.token.text in WORDS):
            return sp.Symbol(name, **self.assumptions()), None
        if not relation and self.accept("in"):
            values = self.set()
        else:
            if self.token.kind != "end":
                if relation and self.token.text in RELATIONS and self.token.text[0] != relation[0]:
                    self.fail("the two relations of a range must point the same way")
                second = self.relation("after a name comes its range, such as > 0, or `in` with a set, or real")
                ends[">" if second[0] == "<" else "<"] = (self.bound(), "=" not in second)
            values = self.interval(*ends["<"], *ends[">"], 0)
        return _symbol(name, values), values

    def relation(self, otherwise: str) -> str:
        if self.token.text not in RELATIONS:
            self.fail(otherwise)
        return self.advance().text

    def at_new_name(self) -> bool:
        """Whether the text begins with the name it declares, rather than with an end of its range."""
        first, third = self.token, self.tokens[min(2, len(self.tokens) - 1)]
        taken = first.text in self.symbols or first.text in CONSTANTS
        return first.kind == "name" and first.text not in INFINITIES and not (taken and third.kind == "name")

    def new_name(self) -> str:
        if self.token.kind != "name" or self.token.text in ("in", *INFINITIES):
            self.fail("here should stand the name that is declared: letters, digits and _, a letter first")
        if self.token.text in self.symbols:
            self.fail(f"{self.token.text} is declared already")
        return self.advance().text

    def assumptions(self) -> dict[str, bool]:
        words = {}
        while word := self.accept(*WORDS):
            words[word.text] = True
        return words or {"real": True}

    def bound(self) -> sp.Expr:
        """An end of a range: a real expression or an infinity."""
        start = self.index
        sign = -1 if self.accept("-") else 1
        if self.accept(*INFINITIES):
            return sign * sp.oo
        self.index = start
        return self.sum()

    def interval(self, low: sp.Expr, left: bool, high: sp.Expr, right: bool, position: int) -> sp.Interval:
        values = sp.Interval(low, high, left, right)
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
            low = self.bound()
            if not self.accept(","):
                self.fail("an interval is written (a, b), [a, b), (a, b] or [a, b]")
            high = self.bound()
            closing = self.accept(")", "]")
            if closing is None:
                self.fail("this interval is never closed", opened)
            return self.interval(low, bracket.text == "(", high, closing.text == ")", opened)
        start = self.integer()
        if not self.accept(".."):
            self.fail(f"after `in` comes a..b, a.., {{a, b, c}}, (a, b) or one of {', '.join(SETS)}")
        if self.token.kind == "end" or self.accept(*INFINITIES):
            return _integers_from(start)
        last = self.integer()
        if (last - start).is_negative:
            self.fail("this range holds no number", opened)
        return sp.Range(start, last + 1)

    def braces(self, opened: int) -> sp.Set:
        """{a, b, c}, or {a, a + 1, ...} without end."""
        items, endless = [self.sum()], False
        while not endless and self.accept(","):
            endless = self.accept("...") is not None
            items += [] if endless else [self.sum()]
        self.close("}", opened)
        if endless and items == [items[0] + k for k in range(len(items))] and items[0].is_Integer:
            return _integers_from(items[0])
        if endless or len(set(items)) < len(items) or not all(v.is_number for v in items):
            self.fail("in braces stand distinct numbers, or integers in steps of one and then ...", opened)
        return sp.FiniteSet(*items)

    def integer(self) -> sp.Expr:
        position, e = self.token.position, self.sum()
        return e if e.is_integer else self.fail(f"{e} is no integer", position)


def _weight(e: sp.Expr) -> tuple[int, int]:
    """The number of nodes, powers of sums counted out, and how many functions and broken powers are nested."""
    sizes, layers = zip((1, 0), *map(_weight, e.args), strict=True)
    layer = int(e.is_Function or (e.is_Pow and not e.exp.is_Integer))
    times = abs(int(e.exp)) if e.is_Pow and e.exp.is_Integer and e.base.is_Add else 1
    return times * sum(sizes), layer + max(layers)


def _integers_from(start: sp.Expr) -> sp.Set:
    return {sp.S.Zero: sp.S.Naturals0, sp.S.One: sp.S.Naturals}.get(start) or sp.Range(start, sp.oo)


def _symbol(name: str, values: sp.Set) -> sp.Symbol:
    """The symbol with the strongest assumptions that hold for all values."""
    low, high = (values.start, values.stop - 1) if isinstance(values, sp.Range) else (values.inf, values.sup)
    open_low, open_high = getattr(values, "left_open", False), getattr(values, "right_open", False)
    if low.is_positive or (low.is_nonnegative and open_low):
        sign = "positive"
    elif high.is_negative or (high.is_nonpositive and open_high):
        sign = "negative"
    else:
        sign = "nonnegative" if low.is_nonnegative else "nonpositive" if high.is_nonpositive else "real"
    discrete = isinstance(values, sp.Range) or values.is_subset(sp.S.Integers)
    return sp.Symbol(name, **({sign: True, "integer": True} if discrete else {sign: True}))
