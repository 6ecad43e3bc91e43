"""The em algorithm over finitely many states: a law of the complete data and a law of the model approach each other.

The data manifold holds the laws q of the complete data whose marginal is what was observed; it is m-flat. The e-step is
the e-projection of p onto it, which minimises ``D(q || p)`` over q; the m-step is the m-projection of q onto the model,
which minimises ``D(q || p)`` over p. Source: Amari, Neural Networks 8 (1995) 1379-1408; Amari, Kurata and Nagaoka,
IEEE Trans. Neural Networks 3 (1992) 260-271, for Boltzmann machines; Csiszar and Tusnady, Statistics and Decisions,
Suppl. 1 (1984) 205-237.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from symgeo.errors import ArgumentError, EMError, MonotonicityError
from symgeo.inference.complete import FiniteFamily
from symgeo.inference.fisher_scoring import starting_point
from symgeo.inference.observed_likelihood import ObservedLikelihood, observed_likelihood

if TYPE_CHECKING:
    import numpy as np

    from symgeo.models.statistical_model import StatisticalModel

_ROUNDING = 1e-12


@dataclass(frozen=True, eq=False)
class AlternatingProjections:
    """What :func:`alternating_projections` found, S steps of each kind over P states of the complete data.

    ``after_e`` and ``after_m``: (S,), the divergence ``D(q || p)`` after each step; the first is also the divergence
    of the observed law from the model's marginal. ``parameters``: (S + 1, n), the start first. ``laws``: (S, P), the
    probabilities q of the ``states`` (P, d) after each e-step.
    """

    model: StatisticalModel
    states: np.ndarray
    parameters: np.ndarray
    laws: np.ndarray
    after_e: np.ndarray
    after_m: np.ndarray

    def __str__(self) -> str:
        what = self.model.name or "the declared model"
        last = len(self.after_e)
        shown = sorted({*range(1, min(last, 5) + 1), *(k for k in (10, 20, 50, 100, 200, 500, 1000) if k < last), last})
        lines = [f"em algorithm, {what}, {last} steps", "  step   D after the e-step   D after the m-step"]
        lines += [f"  {k:>4}   {self.after_e[k - 1]:>18.8e}   {self.after_m[k - 1]:>18.8e}" for k in shown]
        return "\n".join(lines)

    __repr__ = __str__


def alternating_projections(
    model: StatisticalModel, data: Any, hidden: Any, *, weights: Any = None, start: Any = None, steps: int = 50
) -> AlternatingProjections:
    """The em algorithm for an exponential family on finitely many states, some of whose variables are ``hidden``.

    data: as for ``em``, with ``weights`` that may be probabilities. start: as for ``fit``; by default a generic
    interior point. ``D(q || p)`` falls in every step.

    Raises :class:`ArgumentError` for infinitely many states or a model that is no exponential family,
    :class:`EMError` where an m-step has no minimum inside the domain, :class:`MonotonicityError`, :class:`DataError`,
    :class:`ParameterListError`.
    """
    import numpy as np

    if not (isinstance(steps, int) and steps > 0):
        raise ArgumentError(f"steps must be a positive whole number, not {steps}")
    likelihood = observed_likelihood(model, data, hidden, False, weights)
    if likelihood.step is None or not isinstance(likelihood.step.family, FiniteFamily):
        raise ArgumentError(
            "the em algorithm on laws of the complete data takes exponential families on finitely many states; use em, "
            "which needs neither"
        )
    (point,) = model.chart.interior_points(1)
    given = start if start is not None else [float(point[s]) for s in model.parameters]
    theta = starting_point(model, given)
    family = likelihood.step.family
    place = _Places(likelihood, family)
    parameters, laws, after_e, after_m = [theta], [], [], []
    for _ in range(steps):
        law = place.completed(theta)
        after_e.append(_divergence(law, family.log_probabilities(theta)))
        laws.append(law)
        found = likelihood.step(law @ family.table, likelihood.count, theta)
        if found is None:
            raise EMError(
                f"the m-step after {len(laws)} e-steps has no minimum inside the domain: the expected statistics lie "
                "on the boundary of what the model can have; observe more, or fix a parameter"
            )
        theta = found
        parameters.append(theta)
        after_m.append(_divergence(law, family.log_probabilities(theta)))
    _require_falling(np.column_stack([after_e, after_m]).ravel())
    return AlternatingProjections(
        model, family.points, np.array(parameters), np.array(laws), np.array(after_e), np.array(after_m)
    )


class _Places:
    """Where the completed observations lie among all states."""

    def __init__(self, likelihood: ObservedLikelihood, family: FiniteFamily):
        import numpy as np

        (self._rows,) = likelihood.rows
        index = {tuple(p): i for i, p in enumerate(family.points)}
        columns = np.stack(self._rows.columns, axis=-1)
        self._of = np.array([[index.get(tuple(state), -1) for state in row] for row in columns])
        self._size, self._count = len(family.points), likelihood.count

    def completed(self, theta: np.ndarray) -> np.ndarray:
        """The e-step: the observed law times the conditional law of what is hidden, (P,)."""
        import numpy as np

        shares = self._rows.posterior(theta)[1] * self._rows.counts[:, None] / self._count
        inside = self._rows.mask
        return np.bincount(self._of[inside], shares[inside], self._size)


def _divergence(law: np.ndarray, logs: np.ndarray) -> float:
    """``D(q || p)`` of probabilities q and the logarithms of p."""
    import numpy as np

    held = law > 0
    return float(law[held] @ (np.log(law[held]) - logs[held]))


def _require_falling(values: np.ndarray) -> None:
    import numpy as np

    rises = np.diff(values)
    if (rises > _ROUNDING * (1.0 + np.abs(values[:-1]))).any():
        raise MonotonicityError(
            f"a projection raised the divergence by {rises.max()}: a minimum was found too inaccurately; declare the "
            "model in other parameters"
        )
