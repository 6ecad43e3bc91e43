"""Exact arithmetic in a field of fractions over FLINT polynomials, with a derivation.

The generators are symbols and transcendental or algebraic functions of them; each knows its derivative. Denominators
are kept as powers of irreducible factors found once, so that sums and products need trial divisions but no gcd.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from fractions import Fraction
from functools import reduce
from math import gcd, lcm
from typing import TYPE_CHECKING

from flint import fmpz_mpoly_ctx
from flint.utils.flint_exceptions import DomainError as NotDivisible

from symgeo.algebra import algebraic
from symgeo.algebra.directions import Directions
from symgeo.algebra.element import Element, Powers
from symgeo.algebra.generator import Derivation, Generator, Tower, content_of
from symgeo.algebra.knowledge import Knowledge

if TYPE_CHECKING:
    from flint import fmpz_mpoly
    from sympy import Expr, Symbol

_STEP = 8


class Field:
    """A differential field that grows: generators and irreducible factors enter by need.

    ``converter`` turns SymPy into an element and ``printer`` an element into SymPy; they are handed in so that
    arithmetic depends on neither.
    """

    def __init__(
        self,
        converter: Callable[[Field, Expr], Element] | None = None,
        printer: Callable[[Element], Expr] | None = None,
    ):
        self.generators: list[Generator] = []
        self.context = fmpz_mpoly_ctx.get([f"g{i}" for i in range(_STEP)], "degrevlex")
        self.has_relations = False
        # Distinct generators may hide a relation (log(a), log(b) with b = a**2 unseen): then zero needs evaluation.
        self.independent = True
        self._by_key: dict[Hashable, int] = {}
        self._factors: list[fmpz_mpoly] = []
        self._factor_context = self.context
        self._factor_index: dict[Hashable, int] = {}
        self._factor_powers: dict[tuple[int, int], fmpz_mpoly] = {}
        self._factor_derivatives: dict[tuple[int, Symbol], Element] = {}
        self._merged: dict[tuple[Powers, Powers], Powers] = {}
        self._converter = converter
        self._printer = printer
        # What expressions are read as; more may be entered.
        self.readings: dict[Expr, Element] = {}
        self.written_monomials: dict[tuple[tuple[int, int], ...], Expr | list[Expr]] = {}
        self.written_polynomials: dict[Hashable, Expr] = {}
        self.knowledge = Knowledge()
        self.towers: dict[Hashable, Tower] = {}
        # Inverse views, by generator index: the argument of a logarithm and of a logarithm of an absolute value, the
        # exponent of an exponential.
        self.log_arguments: dict[int, Element] = {}
        self.absolute_arguments: dict[int, Element] = {}
        self.exponents: dict[int, Element] = {}
        # Generators that are a quotient of two functions: its numerator and its denominator.
        self.ratios: dict[int, tuple[Expr, Expr]] = {}
        self.exponential_directions = Directions()
        self.angle_directions = Directions()
        self.gamma_arguments: list[Element] = []
        self.gamma_classes: dict[Hashable, int] = {}
        self.zero = Element(self, self.context.constant(0), 1, ())
        self.one = Element(self, self.context.constant(1), 1, ())

    # -- generators ------------------------------------------------------------------------------------------------

    def lookup(self, key: Hashable) -> Element | None:
        """The generator entered under this key, if there is one."""
        index = self._by_key.get(key)
        return None if index is None else self.generator(index)

    def adjoin(
        self,
        key: Hashable,
        expr: Expr,
        symbols: Iterable[Symbol],
        derivation: Derivation | None,
        relation: tuple[int, Element] | None = None,
        is_symbol: bool = False,
    ) -> Element:
        """Enter a generator; ``relation = (n, v)`` states ``g**n = v`` with v a polynomial in earlier generators."""
        index = len(self.generators)
        degree, value = relation or (0, None)
        if value is not None and (value.powers or value.denominator != 1):
            raise ValueError("a relation must be polynomial in the earlier generators")
        generator = Generator(index, expr, frozenset(symbols), derivation, degree, value, is_symbol)
        self.generators.append(generator)
        self.has_relations = self.has_relations or degree > 0
        if index >= self.context.nvars():
            # Room is made for several generators at once: carrying polynomials over to a new context is not free.
            size = self.context.nvars() + (_STEP if index < 4 * _STEP else 2 * _STEP)
            self.context = fmpz_mpoly_ctx.get([f"g{i}" for i in range(size)], "degrevlex")
            self._factor_powers.clear()
        self._by_key[key] = index
        return self.generator(index)

    def generator(self, index: int) -> Element:
        """The generator with this index as an element."""
        return Element(self, self.context.gen(index), 1, ())

    def quotient_of(self, a: Element) -> Element:
        """One over the denominator of an element."""
        return Element(self, self.context.constant(1), a.denominator, a.powers)

    def rational(self, value: int | Fraction) -> Element:
        """A rational number as an element."""
        q = Fraction(value)
        return Element(self, self.context.constant(q.numerator), q.denominator, ())

    def polynomial(self, numerator: fmpz_mpoly) -> Element:
        """A polynomial as an element."""
        return self.fraction(self.lift(numerator), 1, ())

    def lift(self, p: fmpz_mpoly) -> fmpz_mpoly:
        """A polynomial in earlier generators, over the present ones."""
        return p if p.context() is self.context else p.project_to_context(self.context)

    # -- factor base -----------------------------------------------------------------------------------------------

    @staticmethod
    def polynomial_key(p: fmpz_mpoly) -> Hashable:
        """A hashable form of a polynomial, the same after the field has grown."""
        rows = []
        for exponents, coefficient in p.to_dict().items():
            rows.append((tuple((i, int(e)) for i, e in enumerate(exponents) if e), int(coefficient)))
        return tuple(sorted(rows))

    def factor_polynomial(self, index: int) -> fmpz_mpoly:
        """The irreducible factor with this index, over the present generators."""
        return self._factor_power(index, 1)

    def _factor_power(self, index: int, exponent: int) -> fmpz_mpoly:
        found = self._factor_powers.get((index, exponent))
        if found is None:
            base = self._factors[index]
            if base.context() is not self.context:
                base = self._factors[index] = base.project_to_context(self.context)
            found = self._factor_powers[index, exponent] = base**exponent
        return found

    def _register_factor(self, p: fmpz_mpoly) -> int:
        key = self.polynomial_key(p)
        index = self._factor_index.get(key)
        if index is None:
            index = self._factor_index[key] = len(self._factors)
            self._factors.append(p)
        return index

    def factorise(self, p: fmpz_mpoly) -> tuple[int, list[tuple[fmpz_mpoly, int]]]:
        """Content with sign, and irreducible factors with exponents, each with positive leading coefficient."""
        if p.total_degree() <= 1:
            # Linear polynomials are irreducible, and most that occur are linear.
            content = content_of(p) * (1 if p.leading_coefficient() > 0 else -1)
            return content, [] if p.is_constant() else [(p / content, 1)]
        context, monomial = p.context(), p.term_content()
        rest = p / monomial
        constant = int(monomial.leading_coefficient())
        factors = [(g, int(e)) for g, e in zip(context.gens(), monomial.degrees(), strict=True) if e]
        # FLINT is several times as fast where there are no generators but those that occur.
        occurring = [name for name, d in zip(context.names(), rest.degrees(), strict=True) if d]
        unit, pairs = rest.project_to_context(fmpz_mpoly_ctx.get(occurring, context.ordering())).factor()
        constant *= int(unit)
        for f, multiplicity in pairs:
            f, e = f.project_to_context(context), int(multiplicity)
            if f.is_constant():
                constant *= int(f.leading_coefficient()) ** e
                continue
            if f.leading_coefficient() < 0:
                f, constant = -f, constant * (-1) ** e
            factors.append((f, e))
        return constant, factors

    # -- normal form -----------------------------------------------------------------------------------------------

    def fraction(self, numerator: fmpz_mpoly, denominator: int, powers: Powers) -> Element:
        """Lowest terms: relations applied, every factor divided out as often as it goes, contents reduced."""
        if self.has_relations:
            numerator = algebraic.reduced(self, numerator)
        if numerator.is_zero():
            return self.zero
        if powers:
            kept = []
            for index, exponent in powers:
                f = self._factor_power(index, 1)
                while exponent:
                    try:
                        numerator = numerator / f
                    except NotDivisible:
                        break
                    exponent -= 1
                if exponent:
                    kept.append((index, exponent))
            powers = tuple(kept)
        if denominator != 1:
            common = gcd(content_of(numerator), denominator)
            if common != 1:
                numerator = numerator / common
                denominator //= common
        return Element(self, numerator, denominator, powers)

    def _merge(self, a: Powers, b: Powers) -> Powers:
        if not a:
            return b
        if not b:
            return a
        found = self._merged.get((a, b))
        if found is None:
            total = dict(a)
            for i, e in b:
                total[i] = total.get(i, 0) + e
            found = self._merged[a, b] = tuple(sorted(total.items()))
        return found

    # -- arithmetic ------------------------------------------------------------------------------------------------

    def product(self, a: Element, b: Element) -> Element:
        """a b."""
        return self.fraction(a.numerator * b.numerator, a.denominator * b.denominator, self._merge(a.powers, b.powers))

    def sum(self, elements: Iterable[Element]) -> Element:
        """The sum of any number of elements, brought over one common denominator once."""
        groups: dict[tuple[Powers, int], fmpz_mpoly] = {}
        for a in list(elements):  # listed first: making an element may enlarge the field
            key = (a.powers, a.denominator)
            groups[key] = groups[key] + a.numerator if key in groups else a.numerator
        return self._combine(groups)

    def dot(self, terms: Iterable[tuple[int, Element, Element]]) -> Element:
        """The sum of ``c a b`` over ``(c, a, b)``, c an integer: products are collected before any division."""
        groups: dict[tuple[Powers, int], fmpz_mpoly] = {}
        for c, a, b in list(terms):
            if not a or not b:
                continue
            p = a.numerator * b.numerator
            if c != 1:
                p = p * c
            key = (self._merge(a.powers, b.powers), a.denominator * b.denominator)
            groups[key] = groups[key] + p if key in groups else p
        return self._combine(groups)

    def _combine(self, groups: dict[tuple[Powers, int], fmpz_mpoly]) -> Element:
        if not groups:
            return self.zero
        if len(groups) == 1:
            ((powers, denominator), numerator) = next(iter(groups.items()))
            return self.fraction(numerator, denominator, powers)
        common: dict[int, int] = {}
        for powers, _ in groups:
            for i, e in powers:
                if e > common.get(i, 0):
                    common[i] = e
        denominator = lcm(*(d for _, d in groups))
        total = self.context.constant(0)
        for (powers, d), numerator in groups.items():
            own = dict(powers)
            for i, e in common.items():
                if e > own.get(i, 0):
                    numerator = numerator * self._factor_power(i, e - own.get(i, 0))
            if d != denominator:
                numerator = numerator * (denominator // d)
            total = total + numerator
        return self.fraction(total, denominator, tuple(sorted(common.items())))

    def inverse(self, a: Element) -> Element:
        """1 / a; the denominator is freed of algebraic generators and factored, its factors join the base."""
        if not a:
            raise ZeroDivisionError("division by an element that is zero")
        p = a.numerator
        if self.has_relations:
            for generator in reversed(self.generators):
                if generator.degree and p.degrees()[generator.index]:
                    return algebraic.inverse(a, generator)
        constant, factors = self.factorise(p)
        powers = tuple(sorted((self._register_factor(f), e) for f, e in factors))
        top = self.context.constant(a.denominator if constant > 0 else -a.denominator)
        for i, e in a.powers:
            top = top * self._factor_power(i, e)
        common = gcd(a.denominator, constant)
        return Element(self, top / common, abs(constant) // common, powers)

    # -- derivation ------------------------------------------------------------------------------------------------

    def _generator_derivative(self, generator: Generator, symbol: Symbol) -> Element:
        found = generator.derivatives.get(symbol)
        if found is None:
            if generator.derivation is None:
                found = self.one if generator.expr == symbol else self.zero
            else:
                found = generator.derivation(symbol)
            generator.derivatives[symbol] = found
        return found

    def _polynomial_derivative(self, p: fmpz_mpoly, symbol: Symbol) -> Element:
        terms = []
        degrees = p.degrees()
        for i, degree in enumerate(degrees):
            if degree > 0 and symbol in self.generators[i].symbols:
                outer = Element(self, p.derivative(i), 1, ())
                terms.append((outer, self.generators[i]))
        # Derivations may adjoin generators: they are taken before the products are formed.
        return self.dot([(1, outer, self._generator_derivative(g, symbol)) for outer, g in terms])

    def _factor_derivative(self, index: int, symbol: Symbol) -> Element:
        key = (index, symbol)
        found = self._factor_derivatives.get(key)
        if found is None:
            found = self._polynomial_derivative(self._factor_power(index, 1), symbol)
            self._factor_derivatives[key] = found
        return found

    def derivative(self, a: Element, symbol: Symbol) -> Element:
        """d a / d symbol by the chain rule through every generator."""
        terms = [(1, self._polynomial_derivative(a.numerator, symbol), self.quotient_of(a))]
        for i, e in a.powers:
            slope = self._factor_derivative(i, symbol)
            if slope:
                terms.append((-e, slope, Element(self, a.numerator, a.denominator, self._merge(a.powers, ((i, 1),)))))
        return self.dot(terms)

    # -- views -----------------------------------------------------------------------------------------------------

    def used_generators(self, a: Element) -> list[Generator]:
        """The generators that occur in an element."""
        seen = [d > 0 for d in a.numerator.degrees()]  # the zero polynomial has degrees -1
        for i, _ in a.powers:
            seen = [s or bool(d) for s, d in zip(seen, self._factor_power(i, 1).degrees(), strict=True)]
        return [g for g, s in zip(self.generators, seen, strict=False) if s]

    def free_symbols(self, a: Element) -> frozenset[Symbol]:
        """The SymPy symbols that an element depends on."""
        return reduce(frozenset.union, (g.symbols for g in self.used_generators(a)), frozenset())

    def __call__(self, expr: Expr | int) -> Element:
        """The element that a SymPy expression stands for; what is not known exactly becomes a generator."""
        found = self.readings.get(expr)
        if found is None:
            if self._converter is None:
                raise ValueError("this field was made without a converter")
            found = self.readings[expr] = self._converter(self, expr)
        return found

    def to_sympy(self, a: Element) -> Expr:
        """The element as SymPy, by the printer given at construction."""
        if self._printer is None:
            raise ValueError("this field was made without a printer")
        return self._printer(a)
