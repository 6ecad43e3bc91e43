"""Mixture families: densities that are affine in some coordinates of the parameters, and their dual structure.

``p(x; theta) = c_0(x) + sum_i w_i(theta) c_i(x)``. In the m-affine coordinates w the potential is the negative entropy
``phi(w) = E[log p]``; its gradient is e-affine. Source: Amari and Nagaoka 2000, sections 2.3 and 3.3.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import sympy as sp

from symgeo.algebra import Element, differential_field
from symgeo.algebra.linear import SingularMatrixError, inverse
from symgeo.geometry.duality import Duality
from symgeo.models.facts import state_facts
from symgeo.models.means import require_finite
from symgeo.models.normaliser import has_sum
from symgeo.models.recognition import recognise

if TYPE_CHECKING:
    from sympy import Expr

    from symgeo.models.statistical_model import StatisticalModel


class MixtureFamily:
    """A model whose density is ``base + sum_i weights[i] * components[i]``, with as many weights as parameters.

    ``weights`` are functions of the model's parameters, affine for the m-connection, (n,); ``components`` and ``base``
    are functions of the variables. The components integrate to zero, the base to one.
    """

    def __init__(self, model: StatisticalModel, weights: Sequence[Expr], components: Sequence[Expr], base: Expr):
        self.model = model
        self.weights, self.components, self.base = tuple(weights), tuple(components), base

    def __reduce__(self) -> tuple:
        return MixtureFamily, (self.model, self.weights, self.components, self.base)

    @cached_property
    def negative_entropy(self) -> Element:
        """``phi = E[log p]``: a sum over a finite support, else an expectation.

        Raises :class:`DivergentExpectationError` where it is infinite.
        """
        model = self.model
        points = model.support.points()
        if points is not None:
            field, probabilities = model.field, [model.density.subs(point) for point in points]
            return field.dot((1, field(p), field(sp.log(p))) for p in probabilities)
        law = model.law
        assert law is not None, "a density that is affine in weights has no kink that moves"
        value = law.moment(law.log_density, ())
        require_finite(model, law, [value])
        return model.field(value)

    @cached_property
    def duality(self) -> Duality:
        """Expectation coordinates w, natural coordinates ``d phi/d w``, potential ``psi = w . eta - phi``."""
        field, x = self.model.field, self.model.parameters
        phi, n = self.negative_entropy, len(x)
        weights = [field(w) for w in self.weights]
        back = inverse([[w.diff(s) for s in x] for w in weights]).matrix
        slopes = [self._slope(phi, a) for a in range(n)]
        natural = [field.dot((1, slopes[a], back[a][i]) for a in range(n)) for i in range(n)]
        potential = field.dot([*((1, w, e) for w, e in zip(weights, natural, strict=True)), (-1, phi, field.one)])
        return Duality(x, natural, weights, potential)

    def _slope(self, phi: Element, a: int) -> Element:
        """``d_a E[log p] = E[log p d_a log p]``, since the score has mean zero."""
        model = self.model
        if model.support.points() is not None:
            return phi.diff(model.parameters[a])
        assert model.law is not None, "asked for before"
        return model.field(model.law.moment(model.law.log_density, ((a,),)))

    def __repr__(self) -> str:
        return f"MixtureFamily(weights {self.weights}, components {self.components}, base {self.base})"


def mixture_family_of(model: StatisticalModel) -> MixtureFamily | None:
    """The mixture form of a model; None where its density is not affine in coordinates of the parameters.

    The density times a mark that counts as a variable separates like the logarithm of an exponential family: with the
    mark no function of the parameters stands alone.
    """
    if has_sum(model.density):
        return None
    # A field of its own: what the density holds does not concern the geometry's.
    field = differential_field()
    state_facts(field, model.chart, model.support)
    mark = sp.Dummy("mark", positive=True)
    form = recognise(field(model.density) * field(mark), (*model.variables, mark), model.parameters)
    if form is None or len(form.natural) != len(model.parameters):
        return None
    slopes = [[w.diff(s) for s in model.parameters] for w in form.natural]
    try:
        inverse(slopes)
    except SingularMatrixError:
        return None
    one = field(mark).inverse()
    weights, parts = form.natural, [c * one for c in (*form.statistics, form.log_carrier)]
    if not any(a.free_symbols for row in slopes for a in row):
        weights, parts = _in_parameters(weights, slopes, parts, [field(s) for s in model.parameters])
    *components, base = (e.to_sympy() for e in parts)
    return MixtureFamily(model, [w.to_sympy() for w in weights], components, base)


def _in_parameters(
    weights: list[Element], slopes: list[list[Element]], parts: list[Element], parameters: list[Element]
) -> tuple[list[Element], list[Element]]:
    """The parameters themselves as weights, where those found are affine functions of them."""
    field, n = weights[0].field, len(parameters)
    *components, base = parts
    ends = [field.dot([(1, w, field.one), *((-1, a, p) for a, p in zip(row, parameters, strict=True))])
            for w, row in zip(weights, slopes, strict=True)]  # fmt: skip
    moved = [field.dot((1, slopes[j][i], components[j]) for j in range(n)) for i in range(n)]
    start = field.dot([(1, base, field.one), *((1, e, c) for e, c in zip(ends, components, strict=True))])
    return parameters, [*moved, start]
