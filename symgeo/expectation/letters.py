"""Integrals over (0, 1) of rational functions of u times logarithms, whose singularities are linear: polylogarithms.

A sum of ``c u^n L`` and ``c q^-k L``, with q linear in u (a letter) and L a product of logarithms of letters, is
integrated by parts until only ``L/q`` is left; there the primitive is a polylogarithm,

    d/du sum_i (-1)^(i+1) m!/(m-i)! log(l)^(m-i) Li_(i+1)(z) = (dq/du) log(l)^m / q,   1 - z = q / (q where l = 0).

The terms may be infinite at the ends where their sum is not. So each primitive is expanded in the distance from the
end and in its logarithm, and the constant term is kept; that the others cancel is checked on the integrand.
Source: Lewin, Polylogarithms and Associated Functions, 1981, chapters 1 and 7.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import comb, perm

from symgeo.algebra import Element, Field
from symgeo.algebra import generators as gen
from symgeo.algebra.integral_functions import polylog_of
from symgeo.algebra.zero_test import element_sign, zero_test
from symgeo.errors import NoClosedFormError

_OPEN = "no closed form was found: an integral is no combination of polylogarithms of real arguments"
_MOST_STEPS = 4000

# A product of logarithms: (letter, power), ascending. A rational function: (None, n) is u^n, (letter, k) is letter^-k.
Logs = tuple[tuple[int, int], ...]
Atom = tuple[int | None, int]
Terms = dict[tuple[Logs, Atom], Element]


@dataclass(frozen=True)
class Letter:
    """A linear function ``start + slope u`` that has no zero inside (0, 1) unless its terms cancel there."""

    start: Element
    slope: Element

    @property
    def end(self) -> Element:
        """The value at u = 1."""
        return self.start + self.slope

    def bracket(self, other: Letter) -> Element:
        """``slope other - slope of other times this``, free of u; zero for letters with the same root."""
        return other.start * self.slope - other.slope * self.start


class Alphabet:
    """The letters of one integral, and the integration."""

    def __init__(self, field: Field):
        self.field = field
        self.letters: list[Letter] = []
        self._boundary: list[tuple[Element, Atom, Logs, tuple[int, Element, Element] | None]] = []

    def letter(self, start: Element, slope: Element) -> tuple[int, Element]:
        """The letter with the root of ``start + slope u`` and the factor between the two: ``(index, factor)``."""
        for i, known in enumerate(self.letters):
            if not known.start * slope - known.slope * start:
                return i, slope / known.slope
        self.letters.append(Letter(start, slope))
        return len(self.letters) - 1, self.field.one

    def integral(self, terms: Mapping[tuple[Logs, Atom], Element]) -> Element:
        """The integral over (0, 1); :class:`NoClosedFormError` where it is not known or does not exist."""
        terms = {key: c for key, c in terms.items() if c}
        self._require_integrable(terms)
        self._boundary = []
        self._find_primitive(dict(terms))
        return self.field.sum(
            part * sign
            for at, sign in ((1, 1), (0, -1))
            for c, atom, logs, dilog in self._boundary
            if (part := c * self._constant_term(atom, logs, dilog, at))
        )

    # -- the primitive ---------------------------------------------------------------------------------------------

    def _find_primitive(self, terms: Terms) -> None:
        for _ in range(_MOST_STEPS):
            if not terms:
                return
            logs, atom = max(terms, key=lambda key: (sum(m for _, m in key[0]), key[0], key[1][1]))
            c = terms.pop((logs, atom))
            if not c:
                continue
            base, k = atom
            if base is not None and k == 1:
                self._simple_pole(terms, c, base, logs)
                continue
            p: Atom
            if base is None:
                p, scale = (None, k + 1), self.field.rational(1) / (k + 1)
            else:
                p, scale = (base, k - 1), -1 / (self.letters[base].slope * (k - 1))
            self._by_parts(terms, c * scale, p, logs)
        raise NoClosedFormError(_OPEN)

    def _by_parts(self, terms: Terms, c: Element, p: Atom, logs: Logs) -> None:
        """``c p' L`` with the primitive p: the boundary term ``c p L`` and what is left, ``-c p L'``."""
        self._boundary.append((c, p, logs, None))
        for i, m in logs:
            rest = _times(logs, i, -1)
            for atom, d in self.over(p, i).items():
                _add(terms, (rest, atom), -c * d * m * self.letters[i].slope)

    def over(self, p: Atom, i: int) -> dict[Atom, Element]:
        """``p / letter`` in partial fractions."""
        field, letter = self.field, self.letters[i]
        base, k = p
        if base is None:
            # u/l = (1 - start/l)/slope
            out: dict[Atom, Element] = {}
            c = field.one
            for n in range(k - 1, -1, -1):
                c = c / letter.slope
                out[None, n] = c
                c = -c * letter.start
            out[i, 1] = c
            return out
        if base == i:
            return {(i, k + 1): field.one}
        q = self.letters[base]
        w = q.bracket(letter)  # 1/(q l) = (q'/q - l'/l)/w
        out, c = {}, field.one
        for n in range(k, 0, -1):
            out[base, n] = c * q.slope / w
            c = -c * letter.slope / w
        out[i, 1] = c
        return out

    def _simple_pole(self, terms: Terms, c: Element, base: int, logs: Logs) -> None:
        """``c L/q``."""
        q = self.letters[base]
        own = dict(logs).get(base, 0)
        others = tuple((i, m) for i, m in logs if i != base)
        if not others:
            self._boundary.append((c / (q.slope * (own + 1)), (None, 0), ((base, own + 1),), None))
        elif own:
            if len(others) > 1 or others[0][1] > 1:
                raise NoClosedFormError(_OPEN)
            ((i, _),) = others
            d = c / (q.slope * (own + 1))
            self._boundary.append((d, (None, 0), _times(logs, base, 1), None))
            _add(terms, (((base, own + 1),), (i, 1)), -d * self.letters[i].slope)
        elif len(others) > 1:
            raise NoClosedFormError(_OPEN)
        else:
            self._polylogarithms(c / q.slope, base, *others[0])

    def _polylogarithms(self, c: Element, base: int, i: int, m: int) -> None:
        q, other = self.letters[base], self.letters[i]
        w = q.bracket(other)
        ratio = q.slope / w  # z = q' l/w and 1 - z = -l' q/w
        one: Atom = (None, 0)
        if self._not_negative(q, -other.slope / w):
            start, slope = ratio * other.start, ratio * other.slope
            self._boundary.append((c, one, _times(((i, m),), base, 1), None))
            self._boundary.append((-c * self._log(w / other.slope), one, ((i, m),), None))
            for k in range(1, m + 1):
                logs = ((i, m - k),) if k < m else ()
                self._boundary.append((c * perm(m, k) * (-1) ** (k + 1), one, logs, (k + 1, start, slope)))
        elif m == 1 and self._not_negative(other, ratio):
            start, slope = -other.slope * q.start / w, -other.slope * q.slope / w
            self._boundary.append((c * self._log(w / q.slope), one, ((base, 1),), None))
            self._boundary.append((-c, one, (), (2, start, slope)))
        else:
            raise NoClosedFormError(_OPEN)

    def _not_negative(self, letter: Letter, factor: Element) -> bool:
        """Whether ``factor * letter`` is proven not to be negative on [0, 1]."""
        ends = [factor * letter.start, factor * letter.end]
        return all(not e or element_sign(e) == 1 for e in ends)

    def _log(self, a: Element) -> Element:
        return gen.log_absolute(self.field, a)

    # -- the ends --------------------------------------------------------------------------------------------------

    def _constant_term(self, atom: Atom, logs: Logs, dilog: tuple[int, Element, Element] | None, at: int) -> Element:
        """The constant term at u = 0 or 1 of a primitive's term, in the distance h from there and log h."""
        field = self.field
        if dilog is not None:
            order, start, slope = dilog
            z = start + slope if at else start
            if not z:
                return field.zero  # a power of log h times h
            value = polylog_of(field, order, z)
            return value * self._expanded((None, 0), logs, at, 0).get((0, 0), field.zero)
        return self._expanded(atom, logs, at, 0).get((0, 0), field.zero)

    def _expanded(self, atom: Atom, logs: Logs, at: int | Element, last: int) -> dict[tuple[int, int], Element]:
        """``{(n, p): c}``: the terms ``c h^n (log h)^p``, n <= ``last``, h the distance from 0, 1 or a point."""
        field, (base, k) = self.field, atom
        sign = -1 if isinstance(at, int) and at == 1 else 1
        place = field.rational(at) if isinstance(at, int) else at
        values = [letter.start + letter.slope * place for letter in self.letters]
        lowest, length = 0, last + 1
        if base is None:
            series = [place ** (k - n) * comb(k, n) * sign**n if n <= k else field.zero for n in range(length)]
        elif values[base]:
            r = self.letters[base].slope * sign / values[base]
            series = [(-r) ** n * comb(k + n - 1, n) / values[base] ** k for n in range(length)]
        else:
            lowest, length = -k, last + 1 + k
            series = [(self.letters[base].slope * sign) ** -k] + [field.zero] * (length - 1)
        singular, kappa = 0, field.zero
        for i, m in logs:
            slope = self.letters[i].slope * sign
            if not values[i]:
                singular, kappa = m, self._log(slope)
                continue
            r = slope / values[i]
            own = [self._log(values[i])] + [-((-r) ** n) / n for n in range(1, length)]
            for _ in range(m):
                series = _product(field, series, own)
        return {
            (lowest + n, p): c * kappa ** (singular - p) * comb(singular, p)
            for n, c in enumerate(series)
            for p in range(singular + 1)
            if c
        }

    def _require_integrable(self, terms: Mapping[tuple[Logs, Atom], Element]) -> None:
        """Check that what is infinite at the ends, or at a zero that a letter may have inside, cancels."""
        for base in {base for _, (base, _) in terms if base is not None}:
            letter = self.letters[base]
            ends = [element_sign(e) for e in (letter.start, letter.end)]
            at: int | Element
            if not letter.start or not letter.end:
                at = 0 if not letter.start else 1
            elif None not in ends and ends[0] == ends[1]:
                continue
            else:
                at = -letter.start / letter.slope
            totals: dict[tuple[int, int], list[Element]] = {}
            for (logs, atom), c in terms.items():
                if atom[0] != base:
                    continue
                for key, d in self._expanded(atom, logs, at, -1).items():
                    totals.setdefault(key, []).append(c * d)
            if not all(zero_test(self.field.sum(parts)) for parts in totals.values()):
                raise NoClosedFormError(_OPEN)


def _times(logs: Logs, i: int, power: int) -> Logs:
    table = dict(logs)
    table[i] = table.get(i, 0) + power
    return tuple(sorted((j, m) for j, m in table.items() if m))


def _add(terms: Terms, key: tuple[Logs, Atom], c: Element) -> None:
    terms[key] = terms[key] + c if key in terms else c


def _product(field: Field, a: Sequence[Element], b: Sequence[Element]) -> list[Element]:
    return [field.sum(a[k] * b[n - k] for k in range(n + 1)) for n in range(len(a))]
