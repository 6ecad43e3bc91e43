"""The geometry of elliptical laws: the law of the distance in closed form, or by a pivot of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sympy as sp

from symgeo.algebra.element import separated
from symgeo.algebra.printing import written_as_sum
from symgeo.algebra.zero_test import zero_test
from symgeo.errors import NoClosedFormError, NormalisationError
from symgeo.expectation.elliptical import EllipticalExpectation, EllipticalForm, elliptical_form
from symgeo.expectation.mellin import MellinExpectation, score_moments
from symgeo.expectation.pivot import find_pivot, whole_law
from symgeo.expectation.reduced import SCALE, Combination, ReducedExpectation
from symgeo.expectation.substitutions import mellin_expectation
from symgeo.geometry.manifold import StatisticalManifold
from symgeo.models.normaliser import has_sum
from symgeo.models.pivotal import reduced_geometry, shape_chart

if TYPE_CHECKING:
    from symgeo.models.statistical_model import StatisticalModel

_ENDS = (sp.S.Zero, sp.oo)


def elliptical_expectation(model: StatisticalModel) -> EllipticalExpectation | None:
    """Expectations under an elliptical law of two or more variables; None where the law is none.

    Raises :class:`NormalisationError` when the mass, where it is known exactly, is not one.
    """
    if not model.support.is_whole_space or has_sum(model.density):
        return None
    form = elliptical_form(model.field, model.log_density, model.variables)
    if form is None:
        return None
    level = mellin_expectation(model.field, written_as_sum(model.field(form.radial_log_density)), form.radius, _ENDS)
    if level is None:
        return _by_pivot(model, form)
    if not zero_test(level.mass - 1):
        raise NormalisationError(f"the density integrates to {level.mass}, not to one; divide it by that")
    found = _closed(model, form, level)
    try:
        for p in model.parameters:
            found.of_products([[p], [p]])
    except NoClosedFormError:
        return _by_pivot(model, form)
    return found


def _closed(model: StatisticalModel, form: EllipticalForm, level: MellinExpectation) -> EllipticalExpectation:
    r, slope = form.radius, sp.diff(form.profile, form.radius)
    return EllipticalExpectation(
        form, level, model.parameters, level.function(r * slope, r), level.function(slope**2, r)
    )


def _by_pivot(model: StatisticalModel, form: EllipticalForm) -> EllipticalExpectation:
    field, r = model.field, form.radius
    density = form.radial_log_density
    found = find_pivot(field, density, r, _ENDS, model.parameters, model.domain)
    pivot = whole_law(field, density, r, _ENDS, model.domain) if found is None else found
    radial = ReducedExpectation(pivot, model.parameters, lambda shapes: shape_chart(model, shapes), scaled=True)
    # The score of a scale is -(1 + r d_r log p(r)), and log p(r) is the profile plus (d - 1) log r.
    (motion,), (constant,) = radial.score(SCALE), radial.constant(-len(form.variables))
    stretch = [{**{key: -c for key, c in motion.items()}, **constant}]
    return EllipticalExpectation(form, radial, model.parameters, stretch, _push(radial, len(form.variables)))


def _push(radial: ReducedExpectation, d: int) -> list[Combination]:
    """The square of the profile's derivative in r."""
    pivot = radial.pivot
    y, image, slope = pivot.variable, pivot.image, pivot.log_density.diff(pivot.variable)
    unit = image / pivot.field(y)
    if y not in unit.free_symbols:
        written = (sp.diff(pivot.written, y) - (d - 1) / y) ** 2
        return radial.function(unit**-2, (slope - (d - 1) / pivot.field(y)) ** 2, written)
    rate = image.diff(y)
    whole = ((slope - rate.diff(y) / rate) / rate - (d - 1) / image) ** 2
    coefficient = next(iter(separated(whole, {y}).values()))[1]
    rest = whole / coefficient
    return radial.function(coefficient, rest, rest.to_sympy())


def elliptical_geometry(model: StatisticalModel, expectation: EllipticalExpectation) -> StatisticalManifold:
    """Metric and cubic tensor of an elliptical law; raises what ``score_geometry`` raises."""
    if isinstance(expectation.radial, ReducedExpectation):
        return reduced_geometry(model, expectation, expectation.radial)
    return StatisticalManifold(*score_moments(expectation, model.parameters))
