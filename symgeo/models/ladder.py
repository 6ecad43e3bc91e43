"""From a model to its statistical manifold: rungs in order of cost, each of which may say "not mine"."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import sympy as sp

from symgeo.algebra import Tensor
from symgeo.errors import NoClosedFormError
from symgeo.geometry.manifold import StatisticalManifold
from symgeo.geometry.reference import dually_flat
from symgeo.models.finite import summed
from symgeo.models.normaliser import has_sum
from symgeo.models.numeric import require_finite, score_geometry

if TYPE_CHECKING:
    from sympy import Expr

    from symgeo.geometry.duality import Duality
    from symgeo.models.statistical_model import StatisticalModel


_LONG = 60  # terms in an entry of the metric


class Derived(NamedTuple):
    """A manifold and the rung that gave it."""

    manifold: StatisticalManifold
    rung: str


def derive(model: StatisticalModel) -> Derived:
    """The model's manifold by the first rung that serves. Raises what the last rung raises."""
    for name, rung in RUNGS.items():
        manifold = rung(model)
        if manifold is not None:
            return Derived(_with_mixture(model, manifold), name)
    raise NoClosedFormError(
        f"{model!r} has no closed form that was found, and its log-density has a kink that moves with a parameter, so "
        "that expectations cannot be differentiated under the integral; fix the parameter that moves the kink"
    )


def _with_mixture(model: StatisticalModel, manifold: StatisticalManifold) -> StatisticalManifold:
    """The manifold, known to be dually flat if the model is a mixture family."""
    family = None if manifold.dually_flat else model.mixture_family
    return manifold if family is None else manifold.with_duality(lambda: family.duality)


def exponential(model: StatisticalModel) -> StatisticalManifold | None:
    """Exponential families, curved ones too where the expectations of their statistics are known."""
    family = model.exponential_family
    if family is None or not family.has_expectations:
        return None
    natural, expectation = family.natural_elements, family.expectation_elements
    metric, reference = dually_flat(model.parameters, natural, expectation)
    if model.support.points() is not None and _is_unwieldy(metric):
        return None
    duality: Duality | None = family.duality if len(natural) == len(model.parameters) else None
    return StatisticalManifold(metric, duality=duality, reference=reference)


def _is_unwieldy(metric: Tensor) -> bool:
    """Whether the entries, brought over common denominators, are so long that doubles lose digits in them."""
    return sum(value.terms for _, value in metric.stored()) > _LONG * metric.dim**2


def summed_up(model: StatisticalModel) -> StatisticalManifold | None:
    """Finitely many points: sums over them, left as they are."""
    if model.support.points() is None or model.law is None:
        return None
    return score_geometry(model, model.law)


def substituted(model: StatisticalModel) -> StatisticalManifold | None:
    """Laws whose variables a substitution turns, one after the other, into Gamma or Beta laws."""
    if model.substitution is None:
        return None
    from symgeo.expectation.mellin import score_moments

    try:
        return StatisticalManifold(*score_moments(model.substitution, model.parameters))
    except NoClosedFormError:
        return None


def integrated(model: StatisticalModel) -> StatisticalManifold | None:
    """Expectations that stay, to be integrated numerically."""
    return None if model.law is None else score_geometry(model, model.law)


RUNGS: dict[str, Callable[[StatisticalModel], StatisticalManifold | None]] = {
    "score equations": exponential,
    "finite sums": summed_up,
    "substitution": substituted,
    "quadrature": integrated,
}


def expectation_of(model: StatisticalModel, f: Expr, seconds: float) -> Expr:
    """``E[f]`` by the first way that serves; see ``StatisticalModel.expectation``."""
    field, points = model.field, model.support.points()
    if points is not None:
        return summed(field, model.density, [field(f)], points)[0].to_sympy()
    if not f.free_symbols & set(model.variables):
        return field(f).to_sympy()
    family = model.exponential_family
    if family is not None and not family.is_curved:
        found = family.combination(field(f))
        if found is not None:
            return found.to_sympy()
    if model.substitution is not None:
        try:
            return model.substitution.of_products([model.substitution.function(f)]).to_sympy()
        except NoClosedFormError:
            pass
    found = _by_sympy(model, f, seconds)
    if found is not None:
        return found
    if model.law is None:
        raise NoClosedFormError(
            f"no closed form of E[{f}] was found, and the log-density has a kink that moves with a parameter, so that "
            "expectations cannot be differentiated under the integral; fix the parameter that moves the kink"
        )
    value = model.law.moment(f, ())
    require_finite(model, model.law, [value])
    return value


def _by_sympy(model: StatisticalModel, f: Expr, seconds: float) -> Expr | None:
    """SymPy's own integral or sum, in a bounded time, for one variable on one interval or all integers between two."""
    if seconds <= 0 or len(model.variables) > 1 or len(model.support.pieces[0]) > 1 or has_sum(model.density):
        return None
    from symgeo.expectation.sympy_integrator import bounded_integral, bounded_sum

    (piece,) = model.support.pieces[0]
    if getattr(piece, "step", 1) != 1:
        return None
    integral = bounded_sum if piece.discrete else bounded_integral
    low, high = piece.ends
    points = model.chart.interior_points(3)
    found = integral(model.log_density, f, model.variables[0], (low, high), seconds, points)
    if found is None:
        return None
    # SymPy may divide by what cancels: E|x| under a normal law by its mean.
    expanded = sp.expand(found)
    return expanded if expanded.count_ops() <= found.count_ops() else found
