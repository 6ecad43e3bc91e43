"""Laws on (0, 1) with a rational density, and on (0, oo) with one times exp(-u).

Functions are sums of powers of letters, linear in u, and of their logarithms. On the unit interval they integrate to
polylogarithms (letters.py); on the half-line, with ``t = u + c``, to

    M(d, m) = int_0^oo t^d log(t/c)^m e^-u du,    M(d, m) = c^d [m = 0] + d M(d-1, m) + m M(d-1, m-1),

which ends at ``M(-1, m) = m! e^c E_1^m(c)``, an exponential integral, and for d no whole number, where m = 0, at the
incomplete gamma function ``e^c Gamma(d+1, c)``. Sources: DLMF 8.2.2 and 8.19; Milgram, Math. Comp. 44 (1985) 443-458.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import comb, factorial
from typing import TYPE_CHECKING

from symgeo.algebra import Element, Field
from symgeo.algebra import generators as gen
from symgeo.algebra.algebraic import coefficients
from symgeo.algebra.integral_functions import scaled_integro_exponential, scaled_upper_gamma
from symgeo.algebra.zero_test import element_sign
from symgeo.errors import NoClosedFormError
from symgeo.expectation.letters import Alphabet, Letter, Terms

if TYPE_CHECKING:
    from sympy import Symbol

_OPEN = (
    "no closed form was found: the function is no sum of powers and logarithms of linear functions whose integral is a "
    "polylogarithm, an exponential integral or an incomplete gamma function"
)
_MOST_TERMS = 2000


@dataclass(frozen=True)
class RationalLaw:
    """``density(u) du`` on (0, 1), or ``density(u) e^-u du`` on (0, oo) where ``decays``; of any mass."""

    u: Symbol
    density: Element
    decays: bool = False

    @property
    def field(self) -> Field:
        """The field that the density lives in."""
        return self.density.field

    def integral(self, f: Element) -> Element:
        """The integral of ``f(u)`` against the density; :class:`NoClosedFormError`."""
        alphabet = Alphabet(self.field)
        if self.decays:
            return self._decaying(alphabet, _Reading(alphabet, self.u, True).terms(f * self.density))
        return alphabet.integral(_Reading(alphabet, self.u, False).whole(f * self.density))

    def _decaying(self, alphabet: Alphabet, terms: _Rooted) -> Element:
        field, tables = self.field, {}
        total: list[Element] = []
        for (logs, atom, halves), c in terms.items():
            bases = {i for i, _ in logs} | {i for i, _ in halves} | ({atom[0]} - {None})
            if len(bases) > 1:
                raise NoClosedFormError(_OPEN)
            base = next(iter(bases), None)
            if base is None:
                total.append(c * factorial(atom[1]))
                continue
            if base not in tables:
                tables[base] = _Tail(alphabet.letters[base])
            tail = tables[base]
            power = Fraction(len(halves), 2)
            m = dict(logs).get(base, 0)
            if atom[0] is None:
                # u^n = (t - c)^n
                n = atom[1]
                rows = [(Fraction(k) + power, (-tail.shift) ** (n - k) * comb(n, k)) for k in range(n + 1)]
            else:
                rows = [(power - atom[1], tail.letter.slope ** -atom[1])]
            if power:
                c = c * gen.power(field, tail.letter.slope, power, tail.letter.slope.to_sympy())
            total += [c * d * tail.moment(e, m) for e, d in rows]
        return field.sum(total)


class _Tail:
    """``M(d, m)`` for the letter ``slope (u + c)``, with the logarithm of the letter itself in place of log(t/c)."""

    def __init__(self, letter: Letter):
        self.letter = letter
        if not letter.start or element_sign(letter.start / letter.slope) != 1 or element_sign(letter.slope) != 1:
            raise NoClosedFormError(_OPEN)
        self.shift = letter.start / letter.slope
        self.log = gen.log(letter.start.field, letter.start, letter.start.to_sympy())
        self._table: dict[tuple[Fraction, int], Element] = {}

    def moment(self, d: Fraction, m: int) -> Element:
        """The integral of ``t^d log(letter)^m e^-u``."""
        return self.shift.field.sum(self.log ** (m - k) * comb(m, k) * self._moment(d, k) for k in range(m + 1))

    def _moment(self, d: Fraction, m: int) -> Element:
        if (d, m) not in self._table:
            self._table[d, m] = self._found(d, m)
        return self._table[d, m]

    def _found(self, d: Fraction, m: int) -> Element:
        field, c = self.shift.field, self.shift
        if d == -1:
            return scaled_integro_exponential(field, m, c) * factorial(m)
        if d.denominator > 1 and m:
            raise NoClosedFormError(_OPEN)
        if -1 < d < 0:
            return scaled_upper_gamma(field, d + 1, c)
        own = field.zero if m else gen.power(field, c, d if d >= 0 else d + 1, c.to_sympy())
        if d >= 0:
            below = self._moment(d - 1, m) * d if d else field.zero
            return own + below + (self._moment(d - 1, m - 1) * m if m else field.zero)
        above = self._moment(d + 1, m) - own
        return (above - (self._moment(d, m - 1) * m if m else field.zero)) / (d + 1)


_Rooted = dict[tuple[tuple[tuple[int, int], ...], tuple[int | None, int], tuple[tuple[int, int], ...]], Element]


class _Reading:
    """An element as a sum of powers and logarithms of letters, and of a root of a letter."""

    def __init__(self, alphabet: Alphabet, u: Symbol, roots: bool):
        self.alphabet, self.u, self.roots = alphabet, u, roots
        field = alphabet.field
        field(u)
        self.index = gen.symbol_index(field, u)

    def whole(self, a: Element) -> Terms:
        """The terms of a sum without roots."""
        return {(logs, atom): c for (logs, atom, _), c in self.terms(a).items()}

    def terms(self, a: Element) -> _Rooted:
        """``{(logarithms, power, roots): coefficient}``."""
        field, u = self.alphabet.field, self.u
        bottom = field.rational(a.denominator)
        below: list[int] = []
        for i, e in a.powers:
            factor = field.polynomial(field.factor_polynomial(i))
            if u not in factor.free_symbols:
                bottom = bottom * factor**e
                continue
            letter, scale = self._letter(factor)
            bottom = bottom * scale**e
            below += [letter] * e
        rows: list[tuple[Element, dict[int, int], tuple[tuple[int, int], ...]]] = [
            (field.polynomial(a.numerator) / bottom, {}, ())
        ]
        for g in [g for g in field.used_generators(a) if u in g.symbols and g.index != self.index]:
            rows = [row for old in rows for row in self._without(g.index, old)]
            if len(rows) > _MOST_TERMS:
                raise NoClosedFormError(_OPEN)
        out: _Rooted = {}
        for c, logs, halves in rows:
            atoms: dict[tuple[int | None, int], Element] = {
                (None, n): d for n, d in coefficients(c, self.index).items()
            }
            for letter in below:
                atoms = self._divided(atoms, letter)
            for atom, d in atoms.items():
                key = tuple(sorted(logs.items())), atom, halves
                out[key] = out[key] + d if key in out else d
        return out

    def _divided(self, atoms: dict[tuple[int | None, int], Element], letter: int) -> dict:
        out: dict[tuple[int | None, int], Element] = {}
        for atom, c in atoms.items():
            for new, d in self.alphabet.over(atom, letter).items():
                out[new] = out[new] + c * d if new in out else c * d
        return out

    def _without(self, index: int, row: tuple) -> list[tuple]:
        """A row with one generator that holds u written by letters."""
        field = self.alphabet.field
        c, logs, halves = row
        parts = coefficients(c, index)
        if set(parts) == {0}:
            return [(parts[0], logs, halves)]
        argument = field.log_arguments.get(index, field.absolute_arguments.get(index))
        generator = field.generators[index]
        out = []
        if argument is not None:
            letter, scale = self._letter(argument)
            shift = gen.log_absolute(field, scale)
            for k, part in parts.items():
                for j in range(k + 1):
                    rest = shift ** (k - j) * comb(k, j)
                    if rest:
                        out.append((part * rest, {**logs, letter: logs.get(letter, 0) + j} if j else logs, halves))
            return out
        if self.roots and generator.degree == 2 and generator.value is not None and not halves:
            letter, scale = self._letter(generator.value)
            root = gen.power(field, scale, Fraction(1, 2), scale.to_sympy())
            return [(part * root**k, logs, ((letter, 1),) if k else halves) for k, part in parts.items()]
        raise NoClosedFormError(_OPEN)

    def _letter(self, a: Element) -> tuple[int, Element]:
        if any(self.u in self.alphabet.field.polynomial(self.alphabet.field.factor_polynomial(i)).free_symbols
               for i, _ in a.powers):  # fmt: skip
            raise NoClosedFormError(_OPEN)
        parts = coefficients(a, self.index)
        if max(parts) > 1 or any(self.u in c.free_symbols for c in parts.values()):
            raise NoClosedFormError(_OPEN)
        if 1 not in parts:
            raise NoClosedFormError(_OPEN)
        return self.alphabet.letter(parts.get(0, self.alphabet.field.zero), parts[1])
