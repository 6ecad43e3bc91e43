"""Expectations under a law whose integrals are not known: a closed algebra under differentiation.

Products of derivatives of the log-density, ``E[l_I l_J ...]``, are closed under ``d_k E[m] = E[d_k m + m l_k]``. What
follows from ``E[l_i] = 0`` and its derivatives (the Bartlett identities) is applied: a derivative that is a
combination of the scores with coefficients free of the variables has a closed mean, and so have the products that the
identities tie to it. Source: Bartlett, Biometrika 40 (1953) 12-19; Skovgaard, Int. Stat. Rev. 57 (1989) for the
identities of higher order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property, reduce
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING, Any, Protocol

import sympy as sp

from symgeo.algebra import Element, Field, differential_field
from symgeo.algebra.element import separated
from symgeo.algebra.linear import solve
from symgeo.algebra.sampling import may_depend
from symgeo.expectation.boundary import Boundary
from symgeo.expectation.kinks import pointwise_derivative
from symgeo.expectation.node import LOG_NORMALISER, Expectation, Letters

if TYPE_CHECKING:
    import numpy as np
    from sympy import Expr, Symbol

    from symgeo.algebra.sets import Piece
    from symgeo.expectation.cells import Cell

# Derivatives with more terms are not looked at for linear relations.
_MOST_TERMS = 400
_MOST_TERMS_BELOW = 4000
_MOST_TERMS_OF_PRODUCTS = 40
_MOST_IN_COLUMNS = 200
Combination = dict[Letters, Element]


class Domain(Protocol):
    """Where the parameters may lie."""

    def contains(self, theta: Any) -> np.ndarray:
        """Which points (P, n) lie inside -> bool (P,)."""

    def __hash__(self) -> int: ...


class Law:
    """A density ``exp(log_density)`` over its support as a function of its parameters.

    ``pieces`` holds, for every variable, the pieces of its support, whose ends may use earlier variables;
    ``domain`` knows which parameter points (P, n) it ``contains``. With ``unnormalised`` the density is only
    proportional to ``exp(log_density)``, and its normalising constant is summed or integrated too. ``kinks`` are the
    places, in one continuous variable, at which derivatives of the log-density jump and which move with a parameter.
    """

    def __init__(
        self,
        log_density: Expr,
        variables: Sequence[Symbol],
        pieces: Sequence[tuple[Piece, ...]],
        parameters: Sequence[Symbol],
        domain: Domain | None = None,
        unnormalised: bool = False,
        kinks: Sequence[Expr] = (),
        field: Field | None = None,
    ):
        self.log_density = log_density
        self.variables = tuple(variables)
        self.pieces = tuple(pieces)
        self.parameters = tuple(parameters)
        self.domain = domain
        self.unnormalised = unnormalised
        self.kinks = tuple(kinks)
        self._field = field
        self._derivatives: dict[tuple[int, ...], Expr] = {}
        self.letters: dict[tuple[int, ...], Symbol] = {}
        self._moments: dict[tuple[Expr, Letters], Expr] = {}
        self._elements: dict[tuple[int, ...], Element] = {}
        self._reduced: dict[tuple[int, ...], Combination] = {}
        self._integrators: dict[tuple[tuple[Expr, Letters], ...], Any] = {}

    def _key(self) -> tuple:
        return (
            self.log_density,
            self.variables,
            self.pieces,
            self.parameters,
            self.domain,
            self.unnormalised,
            self.kinks,
        )

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Law) and self._key() == other._key())

    @cached_property
    def _hash(self) -> int:
        return hash(self._key())

    def __hash__(self) -> int:
        return self._hash

    def __lt__(self, other: Law) -> bool:
        # SymPy sorts the terms of sums and products by what they hold.
        return self._order < other._order

    def __gt__(self, other: Law) -> bool:
        return self._order > other._order

    @cached_property
    def _order(self) -> str:
        return str(self._key())

    def __reduce__(self) -> Any:
        return (Law, self._key())

    # -- symbols ---------------------------------------------------------------------------------------------------

    def derivative(self, letter: tuple[int, ...]) -> Expr:
        """The derivative of the log-density in the parameters at these ascending positions."""
        if letter not in self._derivatives:
            below = self.log_density if len(letter) == 1 else self.derivative(letter[:-1])
            self._derivatives[letter] = pointwise_derivative(below, self.parameters[letter[-1]])
        return self._derivatives[letter]

    @property
    def scores(self) -> int:
        """How many scores there are: one for each parameter."""
        return len(self.parameters)

    def motion_of(self, letter: tuple[int, ...]) -> int | None:
        """Which motion of the variable a letter holds, counted from 1, for laws that have motions."""
        return None

    def on_cell(self, cell: Cell, letter: tuple[int, ...]) -> Expr:
        """The same in the coordinates of a cell."""
        return cell.derivative(letter)

    def letter(self, letter: tuple[int, ...]) -> Symbol:
        """A symbol for a derivative of the log-density, to be filled in on every cell of the support."""
        return self.letters.setdefault(letter, sp.Dummy("l", real=True))

    def moment(self, f: Expr, letters: Letters) -> Expr:
        """``E[f * product of derivatives of log p]``: closed where the identities close it, else a node."""
        key = (f, tuple(sorted(letters, key=lambda i: (len(i), i))))
        if key not in self._moments:
            self._moments[key] = self._moment(*key)
        return self._moments[key]

    def _moment(self, f: Expr, letters: Letters) -> Expr:
        if f == 0:
            return sp.S.Zero
        if f.has(sp.sinh, sp.cosh):
            f = sp.expand_mul(f.rewrite((sp.sinh, sp.cosh), sp.exp))
        outside, inside = f.as_independent(*self.variables, as_Add=False)
        if outside != 1:
            return outside * self.moment(inside, letters)
        if f.is_Add:
            constant, rest = f.as_independent(*self.variables, as_Add=True)
            if constant != 0:
                return constant * self.moment(sp.S.One, letters) + self.moment(rest, letters)
            if f.has(sp.exp, sp.gamma, sp.factorial):
                return sp.Add(*(self.moment(term, letters) for term in f.args))
        if not letters:
            return Expectation(self, f, letters) if f != 1 else sp.S.One
        for position, letter in enumerate(letters):
            parts = self._combination(letter)
            if parts is not None and (letter,) not in parts:
                rest = letters[:position] + letters[position + 1 :]
                return sp.Add(*(c.to_sympy() * self.moment(f, (*rest, *i)) for i, c in parts.items()))
        if f == 1 and self.kinks:
            return sp.S.Zero if len(letters) == 1 and len(letters[0]) == 1 else Expectation(self, f, letters)
        if f == 1:
            if len(letters) == 1:
                return -self._other_blocks(letters[0]) if len(letters[0]) > 1 else sp.S.Zero
            whole = tuple(sorted(i for letter in letters for i in letter))
            if all(len(letter) == 1 for letter in letters) and self._closes(whole) and self._parts_are_linear(whole):
                return -self.moment(sp.S.One, (whole,)) - self._other_blocks(whole, besides=letters)
        return Expectation(self, f, letters)

    def _closes(self, letter: tuple[int, ...]) -> bool:
        parts = self._combination(letter)
        return parts is not None and (letter,) not in parts and all(len(i) < 2 for i in parts)

    def _parts_are_linear(self, whole: tuple[int, ...]) -> bool:
        """Whether no second derivative in the identity is itself replaced by products of scores."""
        if len(whole) < 3:
            return True
        pairs = {(a, b) for i, a in enumerate(whole) for b in whole[i + 1 :]}
        return all(len(key) < 2 for pair in pairs for key in self._combination(pair) or ())

    def _other_blocks(self, whole: tuple[int, ...], besides: Letters | None = None) -> Expr:
        """The sum of ``E[product of blocks]`` over the partitions of ``whole`` into two or more blocks."""
        terms = []
        for blocks in partitions(tuple(range(len(whole)))):
            letters = tuple(sorted(tuple(whole[i] for i in block) for block in blocks))
            if len(letters) > 1 and len(letters) != len(besides or ()):
                terms.append(self.moment(sp.S.One, letters))
        return sp.Add(*terms)

    def slope(self, f: Expr, letters: Letters, k: int) -> Expr:
        """``d_k E[f m] = E[d_k f m] + E[f d_k m] + E[f m l_k]`` in the law's own parameters, and what jumps that move
        bring in (:class:`symgeo.expectation.boundary.Boundary`)."""
        if f == LOG_NORMALISER:
            return self.moment(self.derivative((k,)), ())
        terms = [self.moment(pointwise_derivative(f, self.parameters[k]), letters), self.moment(f, (*letters, (k,)))]
        terms.append(self.boundary.terms(f, letters, k))
        for position, letter in enumerate(letters):
            longer = tuple(sorted((*letter, k)))
            terms.append(self.moment(f, (*letters[:position], longer, *letters[position + 1 :])))
        return sp.Add(*terms)

    @property
    def is_summed(self) -> bool:
        """Whether all variables are discrete."""
        return all(piece.discrete for pieces in self.pieces for piece in pieces)

    @cached_property
    def boundary(self) -> Boundary:
        """The places at which the density or a function has kinks, and what they add to derivatives."""
        return Boundary(self, self._field or differential_field())

    def log_normaliser(self) -> Expectation:
        """The logarithm of the constant by which ``exp(log_density)`` has to be divided."""
        return Expectation(self, LOG_NORMALISER, ())

    def at(self, e: Expr, values: Sequence[Expr]) -> Expr:
        """An expression in the law's own parameters with these values in their place."""
        own = {p: v for p, v in zip(self.parameters, values, strict=True) if p != v}
        return e.subs(own, simultaneous=True) if own else e

    def _combination(self, letter: tuple[int, ...]) -> Combination | None:
        """A derivative of the log-density as a combination of one, the scores, products of two scores, or itself."""
        if self._field is None or self.unnormalised or self.kinks:
            return None
        if letter not in self._reduced:
            self._reduced[letter] = self._found_combination(self._field, letter)
        return self._reduced[letter]

    def _found_combination(self, field: Field, letter: tuple[int, ...]) -> Combination:
        if len(letter) > 1:
            below = self._element(field, letter[:-1])
            if below.terms > _MOST_TERMS_BELOW and self.parameters[letter[-1]] in below.free_symbols:
                return {(letter,): field.one}  # its derivative would be too long to be looked at
        element = self._element(field, letter)
        if not element:
            return {}
        if not element.free_symbols & set(self.variables):
            return {(): element}
        scores = [((i,),) for i in range(self.scores)]
        found = None
        if len(letter) > 1 and element.terms <= _MOST_TERMS:
            found = self._in_span(field, element, [(), *scores])
        if found is None and len(letter) == 2 and element.terms <= _MOST_TERMS_OF_PRODUCTS:
            # Mixtures of known laws: there the second derivatives are products of the first.
            products = [(*a, *b) for a, b in combinations_with_replacement(scores, 2)]
            found = self._in_span(field, element, [(), *scores, *products])
        return {(letter,): field.one} if found is None else found

    def _in_span(self, field: Field, element: Element, basis: list[Letters]) -> Combination | None:
        """The coefficients, free of the variables, of an element in a basis of products; None if it has none."""
        columns = [reduce(field.product, (self._element(field, i) for i in b), field.one) for b in basis]
        if sum(a.terms for a in columns) > _MOST_IN_COLUMNS or not may_depend(element, columns, self.variables):
            return None
        tables = [{key: c for key, (_, c) in separated(a, self.variables).items()} for a in (*columns, element)]
        keys = list(dict.fromkeys(key for table in tables for key in table))
        grid = [[table.get(key, field.zero) for table in tables[:-1]] for key in keys]
        found = solve(grid, [tables[-1].get(key, field.zero) for key in keys]).values
        return None if found is None else {i: c for i, c in zip(basis, found, strict=True) if c}

    def _element(self, field: Field, letter: tuple[int, ...]) -> Element:
        if letter not in self._elements:
            below = self._element(field, letter[:-1]) if len(letter) > 1 else field(self.log_density)
            self._elements[letter] = below.diff(self.parameters[letter[-1]])
        return self._elements[letter]

    # -- numbers ---------------------------------------------------------------------------------------------------

    @cached_property
    def cells(self) -> list[Cell]:
        """The parts of the support on which the density is one expression."""
        from symgeo.expectation.cells import cells_of

        return list(cells_of(self.log_density, self.variables, self.pieces, self.parameters))

    def cells_for(self, functions: Sequence[Expr]) -> Sequence[Cell]:
        """The parts of the support on which the density and some functions of the variables are smooth."""
        cuts = self.boundary.cuts(functions)
        if not cuts:
            return self.cells
        from symgeo.expectation.wings import wings

        return wings(self, cuts)

    def values(self, nodes: Sequence[Expectation], points: np.ndarray) -> np.ndarray:
        """The nodes' values at points (P, n) -> (P, len(nodes)); nan outside the domain and where an integral fails."""
        return self.estimates(nodes, points)[0]

    def estimates(
        self, nodes: Sequence[Expectation], points: np.ndarray, rough: bool = False
    ) -> tuple[np.ndarray, np.ndarray]:
        """Values and estimates of their absolute errors, each (P, len(nodes)); nan where an error is large beside the
        mean of the absolute value, unless ``rough``."""
        key = tuple((node.f, node.letters) for node in nodes)
        if key not in self._integrators:
            from symgeo.expectation.quadrature import Integrator

            self._integrators[key] = Integrator(self, key)
        return self._integrators[key](points, rough)


def partitions(items: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], ...]]:
    """The partitions of a set of positions into blocks."""
    if not items:
        yield ()
        return
    first, rest = items[0], items[1:]
    for smaller in partitions(rest):
        yield ((first,), *smaller)
        for i, block in enumerate(smaller):
            yield (*smaller[:i], (first, *block), *smaller[i + 1 :])
