"""Elliptical laws: densities that depend on the variables only through ``Q = (x - mu)' A (x - mu)``, in any dimension.

With ``r = sqrt(Q)``, u uniform on the unit sphere, ``x = mu + A^(-1/2) r u`` and ``log p = F(r; theta)``, the score is
``s_i = d_i F - F_r u'A^(1/2) d_i mu + (r F_r/2) u'A^(-1/2) d_i A A^(-1/2) u``. Means over u are polynomials in traces,
means over r belong to a law in one variable.
Sources: Lange, Little and Taylor, J. Amer. Statist. Assoc. 84 (1989) 881-896, section 4; Mitchell, Math. Scand. 64
(1989) 132-142; Fang, Kotz and Ng, Symmetric Multivariate and Related Distributions (1990), section 3.1 for the means
over u.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING, Protocol

import sympy as sp

from symgeo.algebra import Element, Field
from symgeo.algebra import generators as gen
from symgeo.algebra.linear import Inverse, SingularMatrixError, symmetric_inverse
from symgeo.algebra.printing import written_as_sum
from symgeo.algebra.zero_test import state_positive, unanimous_sign
from symgeo.expectation.gaussian import quadratic

if TYPE_CHECKING:
    from sympy import Expr, Symbol

Matrix = list[list[Element]]


@dataclass(frozen=True)
class EllipticalForm:
    """``log p = profile(r)`` with ``r**2 = (x - centre)' matrix (x - centre)``; r is the symbol ``radius``."""

    variables: tuple[Symbol, ...]
    centre: tuple[Element, ...]
    matrix: tuple[tuple[Element, ...], ...]
    radius: Symbol
    profile: Expr
    inverse: Inverse

    @property
    def field(self) -> Field:
        """The field of centre and matrix."""
        return self.matrix[0][0].field

    @cached_property
    def radial_log_density(self) -> Expr:
        """The log-density of r: the profile, the area of the sphere, and the determinant of the change of variables."""
        d, determinant = len(self.variables), self.inverse.determinant
        area = sp.log(2 * sp.pi ** sp.Rational(d, 2) / sp.gamma(sp.Rational(d, 2)))
        spread = gen.log(self.field, determinant, determinant.to_sympy())
        return self.profile + (d - 1) * sp.log(self.radius) + area - written_as_sum(spread) / 2


def elliptical_form(field: Field, log_density: Expr, variables: Sequence[Symbol]) -> EllipticalForm | None:
    """The form of a log-density over the whole space; None where it is not a function of one quadratic form."""
    reader = _Reader(field, tuple(variables))
    profile = reader.read(log_density)
    if profile is None or reader.found is None:
        return None
    centre, matrix, inverse = reader.found
    return EllipticalForm(reader.variables, tuple(centre), tuple(map(tuple, matrix)), reader.radius, profile, inverse)


class _Reader:
    """Writes a log-density in r, the quadratic form being that of the first quadratic part met."""

    def __init__(self, field: Field, variables: tuple[Symbol, ...]):
        self.field = field
        self.variables = variables
        self.radius = sp.Dummy("r", positive=True)
        field.knowledge.apart = field.knowledge.apart | {self.radius}
        self.found: tuple[list[Element], Matrix, Inverse] | None = None

    def read(self, e: Expr) -> Expr | None:
        """The expression in r; None where it is not one."""
        if not e.free_symbols & set(self.variables):
            return e
        if e.is_polynomial(*self.variables):
            whole = self._quadratic(e)
            if whole is not None:
                return whole
        if e.is_Symbol:
            return None
        if e.is_Add:
            polynomial = [
                t for t in e.args if t.is_polynomial(*self.variables) and t.free_symbols & set(self.variables)
            ]
            if 1 < len(polynomial) < len(e.args):
                parts = [sp.Add(*polynomial), *(t for t in e.args if t not in polynomial)]
                read = [self.read(t) for t in parts]
                return None if None in read else sp.Add(*read)
        if not isinstance(e, sp.Add | sp.Mul | sp.Pow | sp.Function):
            return None
        read = [self.read(a) for a in e.args]
        return None if None in read else e.func(*read)

    def _quadratic(self, e: Expr) -> Expr | None:
        """A quadratic part as ``c + q r**2`` with c and q free of the variables."""
        field, n = self.field, len(self.variables)
        terms = quadratic(field(e), self.variables)
        if terms is None:
            return None
        zero, half = field.zero, field.rational(1) / 2
        matrix = [
            [terms.get((min(i, j), max(i, j)), zero) * (1 if i == j else half) for j in range(n)] for i in range(n)
        ]
        slope = [terms.get((i,), zero) * half for i in range(n)]
        if self.found is None:
            self.found = self._centred(matrix, slope)
            if self.found is None:
                return None
        centre, reference, _ = self.found
        scale = matrix[0][0] / reference[0][0]
        if not scale or any(matrix[i][j] != scale * reference[i][j] for i in range(n) for j in range(n)):
            return None
        if any(slope[i] + field.dot((1, matrix[i][j], centre[j]) for j in range(n)) for i in range(n)):
            return None
        rest = terms.get((), zero) + field.dot((1, slope[i], centre[i]) for i in range(n))
        return rest.to_sympy() + scale.to_sympy() * self.radius**2

    def _centred(self, matrix: Matrix, slope: list[Element]) -> tuple[list[Element], Matrix, Inverse] | None:
        """Centre and positive definite matrix: were it indefinite, no function of the form had a finite integral."""
        sign = unanimous_sign(matrix[0][0]) if matrix[0][0] else None
        if sign is None:
            return None
        matrix = [[a * sign for a in row] for row in matrix]
        try:
            inverse = symmetric_inverse(matrix)
        except SingularMatrixError:
            return None
        n = len(matrix)
        for a in (*(matrix[i][i] for i in range(n)), inverse.determinant):
            state_positive(self.field, a)
        centre = [self.field.dot((-sign, inverse.matrix[i][j], slope[j]) for j in range(n)) for i in range(n)]
        return centre, matrix, inverse


class Radial(Protocol):
    """Expectations under the law of r: products of factors, each in a form of its own."""

    def of_products(self, factors: Sequence[Sequence]) -> Element:
        """The expectation of a product."""

    def score(self, parameter: Symbol) -> Sequence:
        """The score of a parameter at fixed r."""


class EllipticalExpectation:
    """E[.] of products of scores under an elliptical law; a factor is named by its parameter.

    ``stretch`` is ``r d_r F`` and ``push`` is ``(d_r F)**2`` as factors under the law of r.
    """

    def __init__(
        self,
        form: EllipticalForm,
        radial: Radial,
        parameters: Sequence[Symbol],
        stretch: Sequence,
        push: Sequence,
    ):
        self.form = form
        self.radial = radial
        self._parameters = tuple(parameters)
        self._stretch = stretch
        self._push = push
        self._moments: dict[tuple[tuple[Symbol, ...], int, int], Element] = {}
        self._traces: dict[tuple[Symbol, ...], Element] = {}
        self._drifts = {p: [a.diff(p) for a in form.centre] for p in parameters}
        self._turns: dict[Symbol, Matrix] = {}  # A^-1 d_p A, or the same as -d_p(A^-1) A
        inverse, matrix = form.inverse.matrix, [list(row) for row in form.matrix]
        shorter = inverse if _terms(inverse) < _terms(matrix) else matrix
        for p in parameters:
            rate = [[a.diff(p) for a in row] for row in shorter]
            if any(any(row) for row in rate):
                turn = _product(inverse, rate) if shorter is matrix else _product(rate, matrix)
                self._turns[p] = turn if shorter is matrix else [[-a for a in row] for row in turn]
        self._moving = [p for p, drift in self._drifts.items() if any(drift)]
        radial_density = form.field(form.radial_log_density)
        self._shaped = [p for p in parameters if radial_density.diff(p)]

    @property
    def field(self) -> Field:
        """The field that the expectations live in."""
        return self.form.field

    def score(self, parameter: Symbol) -> list[Symbol]:
        """The score of a parameter, by its name."""
        return [parameter]

    def of_products(self, factors: Sequence[Sequence[Symbol]]) -> Element:
        """The mean of a product of at most three scores."""
        names = [p for (p,) in factors]
        half = self.field.rational(1) / 2
        terms = []
        # A score is the sum of a radial score, half a trace, a motion of the centre, and a change of the matrix.
        kinds = [
            [
                *(["radial"] if p in self._shaped else []),
                *(["trace", "matrix"] if p in self._turns else []),
                *(["centre"] if p in self._moving else []),
            ]
            for p in names
        ]
        for choice in product(*kinds):
            of = {kind: [p for p, k in zip(names, choice, strict=True) if k == kind] for kind in set(choice)}
            centre, matrix = of.get("centre", []), of.get("matrix", [])
            if len(centre) % 2:
                continue
            value = self._angular(centre, matrix)
            for p in of.get("trace", []):
                value = value * self._trace(p) * half
            if value:
                value = value * half ** len(matrix)
                terms.append(value * self._moment(of.get("radial", []), len(matrix), len(centre) // 2))
        return self.field.sum(terms)

    def _moment(self, scores: Sequence[Symbol], stretches: int, pushes: int) -> Element:
        """``E[product of radial scores * (r F_r)**stretches * (F_r**2)**pushes]``."""
        key = (tuple(sorted(scores, key=self._parameters.index)), stretches, pushes)
        if key not in self._moments:
            factors = [self.radial.score(p) for p in key[0]]
            factors += [self._stretch] * stretches + [self._push] * pushes
            self._moments[key] = self.radial.of_products(factors) if factors else self.field.one
        return self._moments[key]

    def _angular(self, centre: Sequence[Symbol], matrix: Sequence[Symbol]) -> Element:
        """The mean over the sphere of a product of at most three linear and quadratic forms."""
        d, trace = len(self.form.variables), self._trace
        one = self.field.one
        if centre:
            i, j = centre
            inner = self._between(i, j)
            if not matrix:
                return inner / d
            (k,) = matrix
            return (inner * trace(k) + 2 * self._between(i, j, k)) / (d * (d + 2))
        if len(matrix) < 2:
            return trace(*matrix) / d if matrix else one
        if len(matrix) == 2:
            i, j = matrix
            return (trace(i) * trace(j) + 2 * trace(i, j)) / (d * (d + 2))
        i, j, k = matrix
        pairs = trace(i, j) * trace(k) + trace(i, k) * trace(j) + trace(j, k) * trace(i)
        return (trace(i) * trace(j) * trace(k) + 2 * pairs + 8 * trace(i, j, k)) / (d * (d + 2) * (d + 4))

    def _trace(self, *names: Symbol) -> Element:
        """The trace of the product of ``A^-1 d_p A`` over at most three parameters; their order does not matter."""
        key = tuple(sorted(names, key=self._parameters.index))
        if key not in self._traces:
            d, field = range(len(self.form.variables)), self.field
            *others, last = key
            power = self._turns[last]
            for p in others[1:]:
                power = _product(self._turns[p], power)
            if others:
                first = self._turns[others[0]]
                self._traces[key] = field.dot((1, first[i][k], power[k][i]) for i in d for k in d)
            else:
                self._traces[key] = field.sum([power[i][i] for i in d])
        return self._traces[key]

    def _between(self, i: Symbol, j: Symbol, turn: Symbol | None = None) -> Element:
        """``d_i mu' A d_j mu``, or ``d_i mu' d_p A d_j mu`` for a parameter p."""
        column = [[a] for a in self._drifts[j]]
        if turn is not None:
            column = _product(self._turns[turn], column)
        turned = _product([list(row) for row in self.form.matrix], column)
        return self.field.dot((1, a, b) for a, (b,) in zip(self._drifts[i], turned, strict=True))


def _product(a: Matrix, b: Matrix) -> Matrix:
    field = a[0][0].field
    return [[field.dot((1, x, row[j]) for x, row in zip(left, b, strict=True)) for j in range(len(b[0]))] for left in a]


def _terms(matrix: Matrix) -> int:
    return sum(a.terms for row in matrix for a in row)
