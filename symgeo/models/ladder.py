"""From a model to its statistical manifold: rungs in order of cost, each of which may say "not mine"."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, NamedTuple

import sympy as sp

from symgeo.algebra import Tensor
from symgeo.errors import NoClosedFormError
from symgeo.expectation.generating import changes_form, negative_curvature
from symgeo.geometry.manifold import StatisticalManifold
from symgeo.geometry.reference import dually_flat
from symgeo.models.finite import summed
from symgeo.models.means import require_finite
from symgeo.models.normaliser import has_sum
from symgeo.models.numeric import cubic_tensor, moving_kinks, score_geometry

if TYPE_CHECKING:
    from sympy import Expr, Symbol

    from symgeo.expectation.mellin import ScoreExpectation
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
    raise NoClosedFormError(f"{model!r} has no closed form that was found, and {_unfollowed(model)}")


def _unfollowed(model: StatisticalModel) -> str:
    """Why a kink of the log-density cannot be followed, and what to do about it."""
    switches = moving_kinks(model)
    names = ", ".join(str(p) for p in model.parameters if any(p in f.free_symbols for f in switches))
    if len(model.variables) > 1:
        why = "in several variables that is not followed"
    elif model.support.is_discrete(model.variables[0]):
        why = "for a discrete variable it meets the points of the support one by one"
    elif has_sum(model.density):
        why = "the normalising constant is not known as a function; write it in closed form"
    else:
        why = "the place could not be solved for the variable, or may be real or not; declare signs and domains"
    return (
        f"its log-density has a kink in {min(map(str, switches), key=len)} that moves with {names}, so that "
        f"expectations cannot be differentiated under the integral: {why}, or fix {names}"
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
    return None if model.substitution is None else _by_scores(model, model.substitution)


def reduced(model: StatisticalModel) -> StatisticalManifold | None:
    """Laws of one variable that a change of variable frees of parameters."""
    from symgeo.expectation.reduced import ReducedExpectation
    from symgeo.models.pivotal import pivotal_geometry

    return pivotal_geometry(model, model.pivot) if isinstance(model.pivot, ReducedExpectation) else None


def elliptical(model: StatisticalModel) -> StatisticalManifold | None:
    """Elliptical laws of several variables: means over the sphere, and means under the law of the distance."""
    from symgeo.expectation.elliptical import EllipticalExpectation
    from symgeo.models.elliptical import elliptical_geometry

    if len(model.variables) < 2 or not isinstance(model.pivot, EllipticalExpectation):
        return None
    return elliptical_geometry(model, model.pivot)


def by_residues(model: StatisticalModel) -> StatisticalManifold | None:
    """Laws on the circle whose scores are rational in sine and cosine."""
    from symgeo.expectation.circle import CircularExpectation

    law = model.rational
    return _by_scores(model, law) if isinstance(law, CircularExpectation) else None


def by_normal_integrals(model: StatisticalModel) -> StatisticalManifold | None:
    """Laws that a substitution turns into the normal law, with scores rational in z and z^2 + c."""
    from symgeo.expectation.normal_pair import NormalPairExpectation

    law = model.rational
    return _by_scores(model, law) if isinstance(law, NormalPairExpectation) else None


def _by_scores(model: StatisticalModel, law: ScoreExpectation) -> StatisticalManifold | None:
    from symgeo.expectation.mellin import score_moments

    try:
        return StatisticalManifold(*score_moments(law, model.parameters))
    except NoClosedFormError:
        return None


def generated(model: StatisticalModel) -> StatisticalManifold | None:
    """Laws of one count whose sums follow from generating functions; the cubic tensor may stay an expectation."""
    series = model.series
    if series is None or not series.is_single:
        return None
    from symgeo.expectation.mellin import score_moments

    x, closed = model.parameters, None
    try:
        metric, closed = score_moments(series, x)
    except NoClosedFormError:
        # Digamma functions are summed one by one, but not their products.
        try:
            metric = negative_curvature(series, x)
        except NoClosedFormError:
            return None

    def cubic() -> Tensor:
        try:
            if closed is not None:
                return closed()
        except NoClosedFormError:
            pass
        return cubic_tensor(model)

    return StatisticalManifold(metric, cubic)


def integrated(model: StatisticalModel) -> StatisticalManifold | None:
    """Expectations that stay, to be integrated numerically."""
    return None if model.law is None else score_geometry(model, model.law)


RUNGS: dict[str, Callable[[StatisticalModel], StatisticalManifold | None]] = {
    "score equations": exponential,
    "finite sums": summed_up,
    "elliptical symmetry": elliptical,
    "residues": by_residues,
    "normal integrals": by_normal_integrals,
    "substitution": substituted,
    "pivot": reduced,
    "generating functions": generated,
    "quadrature": integrated,
}


def expectation_of(model: StatisticalModel, f: Expr, seconds: float, constants: Collection[Symbol] = ()) -> Expr:
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
    if model.rational is not None:
        try:
            return model.rational.mean(f).to_sympy()
        except NoClosedFormError:
            pass
    found = _by_series(model, f)
    if found is not None:
        return found
    if model.substitution is not None:
        try:
            return model.substitution.of_products([model.substitution.function(f)]).to_sympy()
        except NoClosedFormError:
            pass
    found = _by_family(model, f)
    if found is not None:
        return found
    if constants:
        raise NoClosedFormError(
            f"no closed form of E[{f}] was found that holds for every {', '.join(sorted(map(str, constants)))}; give a "
            "value, and the expectation is integrated numerically"
        )
    found = _by_sympy(model, f, seconds)
    if found is not None:
        return found
    if model.law is None:
        raise NoClosedFormError(f"no closed form of E[{f}] was found, and {_unfollowed(model)}")
    value = model.law.moment(f, ())
    require_finite(model, model.law, [value])
    return value


def _by_series(model: StatisticalModel, f: Expr) -> Expr | None:
    """By generating functions, for one count."""
    series = model.series if model.series is None or not changes_form(f) else model.series_for(f)
    if series is None:
        return None
    try:
        return series.of_products([series.function(f)]).to_sympy()
    except NoClosedFormError:
        return None


def _by_family(model: StatisticalModel, f: Expr) -> Expr | None:
    """By moments of statistics and exponential tilting, in a regular exponential family."""
    family = model.exponential_family
    if family is None or family.is_curved:
        return None
    found = family.expectations.of(model.field(f))
    return None if found is None else found.to_sympy()


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
