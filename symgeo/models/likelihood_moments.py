"""Moments of products of derivatives of the log-density, ``E[l_I l_J ...]``, exactly where they close.

Metric, cubic tensor and connections are such moments; curvature as a statistical family and second-order asymptotics
need more of them. Source: McCullagh, Tensor Methods in Statistics, 1987, chapter 7.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, reduce
from typing import TYPE_CHECKING

import sympy as sp

from symgeo.algebra import Element
from symgeo.algebra.linear import SingularMatrixError, inverse
from symgeo.errors import NoClosedFormError, RegularityError
from symgeo.expectation.gaussian import gaussian_expectations
from symgeo.models.finite import summed
from symgeo.models.means import require_finite
from symgeo.models.numeric import moving_kinks

if TYPE_CHECKING:
    from symgeo.models.statistical_model import StatisticalModel

Letter = tuple[int, ...]  # a derivative of the log-density: the positions of the parameters, in any order


class LikelihoodMoments:
    """``moments(I, J, ...)`` is the expectation of the product of the derivatives ``l_I``, ``l_J``, ... of log p.

    By sums over finitely many points, by the cumulants of a full exponential family, by the moments of a normal law,
    by Gamma and Beta integrals, or as an expectation that stays. Raises :class:`RegularityError` where the log-density
    has a kink that moves with a parameter, :class:`NoClosedFormError` and :class:`DivergentExpectationError` as the
    model's manifold does.
    """

    def __init__(self, model: StatisticalModel):
        kinks = moving_kinks(model)
        if kinks:
            raise RegularityError(
                f"the log-density has a kink that moves with a parameter, {kinks[0]}: its second derivative is no "
                "function there. Metric and cubic tensor exist, but nothing that needs second derivatives; fix the "
                "parameter that moves the kink"
            )
        self.model = model
        self._values: dict[tuple[Letter, ...], Element] = {}
        self._derivatives: dict[Letter, Element] = {}
        self._cumulants: dict[tuple[int, ...], Element] = {}

    def __call__(self, *letters: Letter) -> Element:
        key = tuple(sorted(tuple(sorted(i)) for i in letters))
        if key not in self._values:
            self._values[key] = self._first_that_serves(key)
        return self._values[key]

    def _first_that_serves(self, letters: tuple[Letter, ...]) -> Element:
        for way in (self._over_points, self._by_cumulants, self._gaussian, self._by_substitution):
            found = way(letters)
            if found is not None:
                return found
        return self._left(letters)

    def derivative(self, letter: Letter) -> Element:
        """``l_I`` as a function of variables and parameters."""
        letter = tuple(sorted(letter))
        if letter not in self._derivatives:
            below = self.derivative(letter[:-1]) if letter[1:] else self.model.log_element
            self._derivatives[letter] = below.diff(self.model.parameters[letter[-1]])
        return self._derivatives[letter]

    def _product(self, letters: Sequence[Letter]) -> Element:
        field = self.model.field
        return reduce(field.product, map(self.derivative, letters), field.one)

    def _over_points(self, letters: tuple[Letter, ...]) -> Element | None:
        points = self.model.support.points()
        if points is None:
            return None
        return summed(self.model.field, self.model.density, [self._product(letters)], points)[0]

    # -- full exponential families ---------------------------------------------------------------------------------

    @cached_property
    def _natural(self) -> tuple[list[Element], list[Element], list[list[Element]]] | None:
        """eta, mu and d theta/d eta of a full exponential family; None for any other."""
        family = self.model.exponential_family
        if family is None or family.is_curved or len(family.natural_elements) != len(self.model.parameters):
            return None
        jacobian = [[e.diff(s) for s in self.model.parameters] for e in family.natural_elements]
        try:
            back = inverse(jacobian).matrix
        except SingularMatrixError:
            return None
        return family.natural_elements, family.expectation_elements, back

    def _cumulant(self, index: tuple[int, ...]) -> Element:
        """The joint cumulant of statistics: derivatives of the log-partition in natural coordinates."""
        if index not in self._cumulants:
            assert self._natural is not None
            _, expectation, back = self._natural
            if len(index) == 1:
                value = expectation[index[0]]
            else:
                below, last = self._cumulant(index[:-1]), index[-1]
                parameters = self.model.parameters
                value = self.model.field.dot((1, below.diff(s), back[a][last]) for a, s in enumerate(parameters))
            self._cumulants[index] = value
        return self._cumulants[index]

    def _central(self, index: tuple[int, ...]) -> Element:
        """The central moment of statistics: the sum over the partitions into blocks of two and more."""
        field = self.model.field
        if not index:
            return field.one
        first, rest = index[0], index[1:]
        terms = []
        for chosen in _subsets(len(rest)):
            if chosen:
                block = tuple(sorted((first, *(rest[i] for i in chosen))))
                left = tuple(rest[i] for i in range(len(rest)) if i not in chosen)
                terms.append((1, self._cumulant(block), self._central(left)))
        return field.dot(terms)

    def _by_cumulants(self, letters: tuple[Letter, ...]) -> Element | None:
        if self._natural is None:
            return None
        field, x = self.model.field, self.model.parameters
        eta, mu, _ = self._natural
        family = self.model.require_exponential_family()

        def derived(a: Element, letter: Letter) -> Element:
            return reduce(lambda e, i: e.diff(x[i]), letter, a)

        # l_I = sum_i d_I eta_i (T_i - mu_i) + E[l_I].
        table: dict[tuple[int, ...], Element] = {(): field.one}
        for letter in letters:
            slopes = [derived(e, letter) for e in eta]
            mean = field.dot([(1, c, m) for c, m in zip(slopes, mu, strict=True)])
            mean = mean - derived(family.log_partition_element, letter)
            grown: dict[tuple[int, ...], list[tuple[int, Element, Element]]] = {}
            for index, c in table.items():
                if mean:
                    grown.setdefault(index, []).append((1, c, mean))
                for i, slope in enumerate(slopes):
                    if slope:
                        grown.setdefault(tuple(sorted((*index, i))), []).append((1, c, slope))
            table = {index: field.dot(terms) for index, terms in grown.items()}
        return field.dot((1, c, self._central(index)) for index, c in table.items() if len(index) != 1)

    # -- other laws ------------------------------------------------------------------------------------------------

    def _gaussian(self, letters: tuple[Letter, ...]) -> Element | None:
        if not self.model.support.is_whole_space:
            return None
        found = gaussian_expectations(self.model.log_element, [self._product(letters)], self.model.variables)
        return None if found is None else found[0]

    def _by_substitution(self, letters: tuple[Letter, ...]) -> Element | None:
        substitution = self.model.substitution
        if substitution is None:
            return None
        try:
            return substitution.of_products([substitution.function(self.derivative(i).to_sympy()) for i in letters])
        except NoClosedFormError:
            return None

    def _left(self, letters: tuple[Letter, ...]) -> Element:
        law = self.model.law
        if law is None:
            raise NoClosedFormError(
                f"no closed form of a mean under {self.model!r} was found, nor a way to integrate it"
            )
        value = law.moment(sp.S.One, letters)
        require_finite(self.model, law, [value])
        return self.model.field(value)


def _subsets(n: int) -> list[tuple[int, ...]]:
    return [tuple(i for i in range(n) if code >> i & 1) for code in range(2**n)]
