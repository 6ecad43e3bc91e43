"""An element of a differential field: a FLINT polynomial over powers of known irreducible factors."""

from __future__ import annotations

from collections.abc import Collection, Hashable
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flint import fmpz_mpoly
    from sympy import Expr, Symbol

    from symgeo.algebra.field import Field

Powers = tuple[tuple[int, int], ...]


class Element:
    """The value ``numerator / (denominator * prod factor_i**e_i)`` in lowest terms; immutable.

    ``denominator`` is a positive integer, ``powers`` lists ``(i, e_i)`` with ``e_i > 0`` and ``i`` an index into the
    field's base of irreducible factors. Two elements of one field are equal exactly when these three agree, as long as
    the field's generators are algebraically independent up to their stated relations; :meth:`Field.is_zero` decides
    the rest by certified evaluation.
    """

    __slots__ = ("_context", "_numerator", "denominator", "field", "powers")

    def __init__(self, field: Field, numerator: fmpz_mpoly, denominator: int, powers: Powers):
        self.field = field
        self._numerator = numerator
        self._context = field.context
        self.denominator = denominator
        self.powers = powers

    @property
    def numerator(self) -> fmpz_mpoly:
        """The numerator, carried over to the field's present generators."""
        if self._context is not self.field.context:
            self._numerator = self._numerator.project_to_context(self.field.context)
            self._context = self.field.context
        return self._numerator

    def __bool__(self) -> bool:
        return not self._numerator.is_zero()

    @property
    def terms(self) -> int:
        """The number of the numerator's terms and the denominator's factors: how much there is to compute with."""
        return len(self._numerator) + sum(e for _, e in self.powers)

    @property
    def is_constant(self) -> bool:
        """Whether this is a rational number."""
        return not self.powers and self._numerator.is_constant()

    def rational(self) -> Fraction:
        """The value as a fraction; ``ValueError`` if it is not a rational number."""
        if not self.is_constant:
            raise ValueError(f"{self} is not a rational number")
        top = self._numerator.leading_coefficient() if self else 0
        return Fraction(int(top), self.denominator)

    def key(self) -> Hashable:
        """A hashable form that does not change when the field gains generators."""
        return (self.field.polynomial_key(self._numerator), self.denominator, self.powers)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, (int, Fraction)):
            return self.is_constant and self.rational() == other
        if not isinstance(other, Element) or other.field is not self.field:
            return NotImplemented
        return (
            self.denominator == other.denominator
            and self.powers == other.powers
            and bool(self.numerator == other.numerator)
        )

    def __hash__(self) -> int:
        return hash(self.rational()) if self.is_constant else hash(self.key())

    def _coerce(self, other: Any) -> Element | None:
        if isinstance(other, Element):
            if other.field is not self.field:
                raise ValueError("elements of two different fields do not mix: convert one through its SymPy form")
            return other
        return self.field.rational(other) if isinstance(other, (int, Fraction)) else None

    def __add__(self, other: Any) -> Element:
        b = self._coerce(other)
        return NotImplemented if b is None else self.field.sum((self, b))

    __radd__ = __add__

    def __neg__(self) -> Element:
        return Element(self.field, -self.numerator, self.denominator, self.powers)

    def __sub__(self, other: Any) -> Element:
        b = self._coerce(other)
        return NotImplemented if b is None else self.field.sum((self, -b))

    def __rsub__(self, other: Any) -> Element:
        return (-self) + other

    def __mul__(self, other: Any) -> Element:
        b = self._coerce(other)
        return NotImplemented if b is None else self.field.product(self, b)

    __rmul__ = __mul__

    def inverse(self) -> Element:
        """One over this element; ``ZeroDivisionError`` for zero."""
        return self.field.inverse(self)

    def __truediv__(self, other: Any) -> Element:
        b = self._coerce(other)
        return NotImplemented if b is None else self.field.product(self, self.field.inverse(b))

    def __rtruediv__(self, other: Any) -> Element:
        b = self._coerce(other)
        return NotImplemented if b is None else b / self

    def __pow__(self, n: int) -> Element:
        if not isinstance(n, int):
            return NotImplemented
        if n < 0:
            return self.inverse() ** -n
        if self.field.has_relations:
            result, square = self.field.one, self
            while n:
                result = result * square if n & 1 else result
                square = square * square if n > 1 else square
                n >>= 1
            return result
        powers = tuple((i, e * n) for i, e in self.powers) if n else ()
        return Element(self.field, self.numerator**n, self.denominator**n, powers)

    def diff(self, symbol: Symbol) -> Element:
        """The derivative with respect to a symbol of the field."""
        return self.field.derivative(self, symbol)

    @property
    def free_symbols(self) -> frozenset[Symbol]:
        """The SymPy symbols that this element depends on."""
        return self.field.free_symbols(self)

    def to_sympy(self) -> Expr:
        """The element as a SymPy expression, factored, in the user's symbols."""
        return self.field.to_sympy(self)

    def __repr__(self) -> str:
        return str(self.to_sympy())


def pieces(a: Element) -> list[tuple[Fraction, Element]]:
    """Write an element as ``sum q_j t_j`` with rational q_j and monic monomials over the common denominator t_j."""
    field = a.field
    out = []
    for exponents, c in a.numerator.to_dict().items():
        monomial = Element(field, field.context.from_dict({exponents: 1}), 1, ())
        t = field.product(monomial, Element(field, field.one.numerator, 1, a.powers))
        out.append((Fraction(int(c), a.denominator), t))
    return out


def constant_part(a: Element) -> Fraction:
    """A number q that grows by n when an integer n is added: of (2 a + k)/k it is 1, of a/k it is 0."""
    field = a.field
    bottom = field.one.numerator * a.denominator
    for i, e in a.powers:
        bottom = bottom * field.factor_polynomial(i) ** e
    return Fraction(int(a.numerator[bottom.monomial(0)]), int(bottom.leading_coefficient())) if a else Fraction(0)


def separated(a: Element, symbols: Collection[Symbol]) -> dict[Hashable, tuple[Element, Element]]:
    """``a = sum of w c`` with c free of the symbols and w products of functions of them: ``{key of w: (w, c)}``."""
    field, chosen = a.field, frozenset(symbols)
    used = [g for g in field.used_generators(a) if g.symbols & chosen]
    bottom, below = field.rational(a.denominator), field.one
    kept: list[tuple[int, int]] = []
    for i, e in a.powers:
        factor = field.polynomial(field.factor_polynomial(i))
        if factor.free_symbols & chosen:
            below, kept = below * factor**e, [*kept, (i, e)]
        else:
            bottom = bottom * factor**e
    groups: dict[tuple[int, ...], list[Element]] = {}
    for exponents, c in a.numerator.to_dict().items():
        key = tuple(int(exponents[g.index]) for g in used)
        rest = list(exponents)
        for g in used:
            rest[g.index] = 0
        groups.setdefault(key, []).append(field.polynomial(field.context.from_dict({tuple(rest): c})))
    out: dict[Hashable, tuple[Element, Element]] = {}
    for key, parts in groups.items():
        w = field.one
        for g, e in zip(used, key, strict=True):
            w = w * field.generator(g.index) ** e
        named = tuple((g.index, e) for g, e in zip(used, key, strict=True) if e)
        out[named, tuple(kept)] = w / below, field.sum(parts) / bottom
    return out
