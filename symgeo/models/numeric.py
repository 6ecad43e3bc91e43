"""A model's geometry in expectations without closed form, checked at interior points before it is given out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import sympy as sp

from symgeo.algebra import Tensor
from symgeo.codegen import numpy_function
from symgeo.errors import DivergentExpectationError, NoClosedFormError, SingularMetricError, SupportError
from symgeo.expectation.kinks import Signs, kinks, moving
from symgeo.expectation.law import Law
from symgeo.expectation.node import Expectation
from symgeo.geometry.manifold import StatisticalManifold
from symgeo.geometry.reference import CUBIC, Reference, first_kind
from symgeo.models.means import InteriorMeans, nodes_in, require_finite

if TYPE_CHECKING:
    from sympy import Expr, Symbol

    from symgeo.models.statistical_model import StatisticalModel

_FEW = 4  # parameters
_TURNING = (sp.acos, sp.asin, sp.acosh, sp.asec, sp.acsc, sp.asech)
_SINGULAR = 1e-11
_OFF_CENTRE = 1e-6  # of its standard deviation
_OFF_IDENTITY = 1e-5  # of the Fisher information


def law_of(model: StatisticalModel, own: Law | None) -> Law | None:
    """The model's law for numerical expectations, ``own`` where it has one with a constant that is found in numbers.

    None where its log-density has a kink that moves and cannot be followed: it is found in one continuous variable,
    where what switches can be solved for it. Raises :class:`SupportError` where the density jumps at one.
    """
    log_density = smooth_logarithms(model.log_density)
    places: Sequence[Expr] | None = ()
    if moving_kinks(model):
        followed = own is None and len(model.variables) == 1 and not model.support.is_discrete(model.variables[0])
        places = kinks(log_density, model.variables[0], Signs(model.field)) if followed else None
    if places is None or own is not None:
        return own if places is not None else None
    law = Law(
        log_density,
        model.variables,
        model.support.pieces,
        model.parameters,
        domain=model.chart,
        kinks=places,
        field=model.field,
    )
    for place in places:
        if place.free_symbols:
            _require_no_jump(model, law, place)
    return law


def _require_no_jump(model: StatisticalModel, law: Law, place: Expr) -> None:
    """Refuse a density that jumps at a place that moves."""
    try:
        below, above = (law.boundary.side(place, turn).limit([model.density]) for turn in (-1, 1))
    except NoClosedFormError:
        return  # where it has no finite limit the information shows it
    if not law.boundary.signs.vanishes(below - above):
        names = ", ".join(sorted(map(str, place.free_symbols)))
        raise SupportError(
            f"the density jumps at {model.variables[0]} = {place}, a place that moves with {names}: the support or an "
            f"indicator in it depends on {names}; fix {names} or reparametrise"
        )


def moving_kinks(model: StatisticalModel) -> list[Expr]:
    """What makes a kink of the log-density at a place that depends on parameters."""
    return moving(smooth_logarithms(model.log_density), model.variables, model.parameters)


def smooth_logarithms(e: Expr) -> Expr:
    """log|u| as log(u^2)/2, whose derivatives hold no signs."""
    return e.replace(
        lambda f: isinstance(f, sp.log) and isinstance(f.args[0], sp.Abs),
        lambda f: sp.log(f.args[0].args[0] ** 2, evaluate=False) / 2,
    )


def score_geometry(model: StatisticalModel, law: Law) -> StatisticalManifold:
    """Metric ``E[l_i l_j]``, e-connection ``E[l_ij l_k]`` and cubic tensor ``E[l_i l_j l_k]``.

    Raises :class:`DivergentExpectationError` where one of them is infinite at an interior point,
    :class:`SingularMetricError` where the scores are linearly dependent, and :class:`NoClosedFormError` where the
    integrals cannot be computed. Where a kink of the log-density moves, second derivatives miss what it adds, and the
    metric's own derivatives give the connections.
    """
    field, x = model.field, model.parameters

    def moment(*letters: tuple[int, ...]) -> Expr:
        return law.moment(sp.S.One, letters)

    metric = Tensor.build(
        field, x, (-1, -1), lambda i, j: field(moment((i,), (j,))), symmetric=((0, 1),), name="metric"
    )
    scores = [Expectation(law, sp.S.One, ((i,),)) for i in range(len(x))]
    squares = [Expectation(law, sp.S.One, ((i,), (i,))) for i in range(len(x))]
    bends = [] if law.is_summed or law.unnormalised else [Expectation(law, sp.S.One, ((i, i),)) for i in range(len(x))]
    needed = list(dict.fromkeys([*nodes_in(metric.flat()), *scores, *squares]))
    # All at once: in several variables the integrals are most of the cost, so that the cubic tensor comes along.
    early = _third(model, law) if len(model.variables) > 1 and len(x) <= _FEW else None
    found = InteriorMeans(model, law, [*needed, *bends, *(nodes_in(early.flat()) if early else ())])
    _require_finite(model, found, needed)

    def cubic() -> Tensor:
        if early is None:
            return cubic_tensor(model)
        found.require_finite(nodes_in(early.flat()))
        return early

    if not law.unnormalised:
        require_centred(found, scores, squares, x)
        _require_smooth(model, law, found, squares, bends)
    require_regular(model, metric, found, needed)
    if law.kinks:
        return StatisticalManifold(metric, cubic, formal_inverse=True)
    gamma = first_kind(x, field, lambda i, j, k: field(moment(tuple(sorted((i, j))), (k,))))
    return StatisticalManifold(metric, cubic, reference=Reference(1, gamma), formal_inverse=True)


def _third(model: StatisticalModel, law: Law) -> Tensor:
    def entry(*index: int):  # type: ignore[no-untyped-def]
        return model.field(law.moment(sp.S.One, tuple((i,) for i in index)))

    return Tensor.build(model.field, model.parameters, (-1, -1, -1), entry, symmetric=((0, 1, 2),), name=CUBIC)


def cubic_tensor(model: StatisticalModel) -> Tensor:
    """``E[l_i l_j l_k]``; raises as :func:`score_geometry` does."""
    law = model.law
    if law is None:
        raise NoClosedFormError("the cubic tensor has no closed form, and the log-density has a kink that moves")
    tensor = _third(model, law)
    require_finite(model, law, tensor.flat())
    return tensor


def require_centred(
    found: InteriorMeans, scores: Sequence[Expectation], squares: Sequence[Expectation], parameters: Sequence[Symbol]
) -> None:
    """Refuse scores, one for each of ``parameters``, whose mean is not zero: the density then jumps at a place that
    moves, as at an end that moves."""
    import numpy as np

    for name, score, square in zip(parameters, scores, squares, strict=True):
        mean = found[score]
        off = np.abs(mean) / np.sqrt(np.maximum(found[square], 1e-300))
        if np.any(off > _OFF_CENTRE):
            row = int(np.argmax(off))
            raise SupportError(
                f"the score of {name} has mean {mean[row]:.6g}, not zero, at {found.shown(row)}: "
                f"the density jumps at a place that moves with {name}; fix {name}"
            )


def may_hide_kinks(model: StatisticalModel) -> bool:
    """Whether the log-density holds a function that turns where its argument reaches one, as acos(cos x) does."""
    variables = set(model.variables)
    return any(f.free_symbols & variables for f in model.log_density.atoms(*_TURNING))


def _require_finite(model: StatisticalModel, found: InteriorMeans, nodes: Sequence[Expectation]) -> None:
    try:
        found.require_finite(nodes)
    except DivergentExpectationError as error:
        if not may_hide_kinks(model):
            raise
        raise NoClosedFormError(
            "the log-density may have a kink hidden in a function that turns where its argument reaches one: there its "
            f"derivatives are 0/0. Write what turns with Abs, Max or Piecewise; as it stands, {error}"
        ) from None


def _require_smooth(
    model: StatisticalModel, law: Law, found: InteriorMeans, squares: list[Expectation], bends: list[Expectation]
) -> None:
    """Refuse a log-density with a kink that moves and that no Abs shows: ``E[l_ii] + E[l_i^2]`` is what it adds."""
    import numpy as np

    for i, bend in enumerate(bends):
        try:
            jump = law.boundary.terms(sp.S.One, ((i,),), i)
        except NoClosedFormError:
            continue  # where a score is unbounded its derivatives say nothing
        (added,) = numpy_function([jump], model.parameters)(*found.points.T)
        mean, error = found.rough(bend)
        excess = mean + found[squares[i]] + added
        off = (np.abs(excess) - 10.0 * error) / np.maximum(found[squares[i]], 1e-300)
        if np.any(off > _OFF_IDENTITY):
            row, name = int(np.nanargmax(off)), model.parameters[i]
            raise NoClosedFormError(
                f"the log-density has a kink or jump at a place that moves with {name}, hidden in a function: "
                f"E[l_{name}{name}] + E[l_{name}^2] is {excess[row]:.6g}, not zero, at "
                f"{found.shown(row)}. Write what turns there with Abs, Max or Piecewise, or fix {name}"
            )


def require_regular(
    model: StatisticalModel, metric: Tensor, found: InteriorMeans, nodes: Sequence[Expectation]
) -> None:
    """Refuse a metric whose correlation form has a zero eigenvalue at every point looked at."""
    import numpy as np

    symbols = {node: sp.Dummy(real=True) for node in nodes}
    entries = [e.xreplace(symbols) for e in metric.flat()]
    function = numpy_function(entries, [*model.parameters, *symbols.values()])
    matrices = np.stack(function(*found.points.T, *(found[node] for node in nodes)), axis=-1).reshape(
        -1, metric.dim, metric.dim
    )
    scale = np.sqrt(np.einsum("...ii->...i", matrices))
    vanishing = scale <= 0
    eigenvalues, vectors = np.linalg.eigh(matrices / np.maximum(scale[:, :, None] * scale[:, None, :], 1e-300))
    if np.all(np.any(vanishing, axis=1) | (eigenvalues[:, 0] < _SINGULAR)):
        direction = vectors[0, :, 0] / np.maximum(scale[0], 1e-300)
        direction = direction / direction[np.argmax(np.abs(direction))]
        rank = int(np.sum(eigenvalues[0] >= _SINGULAR))
        text = " + ".join(
            f"({v:.6g}) d/d{s}" for v, s in zip(direction, model.parameters, strict=True) if abs(v) > 1e-9
        )
        raise SingularMetricError(
            f"the metric is singular: rank {rank} of {len(direction)}; at {found.shown(0)} the "
            f"density does not change along {text}. The parameters are not identifiable: drop or fix one, or declare "
            "a parametrisation without it",
            rank,
            tuple(sp.Float(float(v)) for v in direction),
        )
