"""Whether the end of a climb is a maximum of the likelihood, and if not, why."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from symgeo.errors import DataError, SingularMetricError
from symgeo.inference.ascent import Climb, Outcome
from symgeo.inference.boundary import runs_away, where_it_runs
from symgeo.inference.digits import far_ends, is_borne_out
from symgeo.inference.result import too_few
from symgeo.inference.sample_likelihood import POSITIVE, SampleLikelihood
from symgeo.inference.whitening import whitening
from symgeo.models.conditional_model import ConditionalModel

if TYPE_CHECKING:
    import numpy as np

    from symgeo.inference.judging import State

HIDDEN = "rounding errors hide whether this is a maximum; rescale the data or declare the model in other parameters"
# Relative accuracy below which a result of float64 is not called one.
COARSE = 1e-4
# Distances from an end, in units of a parameter, at which its last digits tell less than they should.
_DISTINCT = 1e-9
# Steps along the axes of the information that must lose likelihood where it has a kink, in standard errors.
_AROUND = 1e-3
# Eigenvalues of an expected information of unit diagonal that are rounding errors of zero.
_SINGULAR = 1e-13
# ... and what they are far above where there is no doubt.
_FAR_FROM_SINGULAR = 1e-12
# Squared scores beside the information, and its eigenvalues, that call for a look at the likelihood aside, and how far
# that look goes, in standard errors; the factor within which the likelihood there falls as its curvature says.
_VANISHING, _ASIDE, _ALIKE = 1e-6, 0.1, 20.0
# Values of a parameter, in units of its distance from zero or from an end, at which the likelihood must be lower on the
# way back, and not lower ahead, if it runs away.
_NEARER, _FURTHER = (1e-2, 1e-4, 1e-6), (1e2, 1e4, 1e6)


class Verdict:
    """What is to be said of ends of climbs on a likelihood; ``tolerance`` is that of the climbs."""

    def __init__(self, likelihood: SampleLikelihood, tolerance: float):
        self.likelihood, self.tolerance = likelihood, tolerance

    def objection(self, found: Climb) -> str | None:
        """Why this is no maximum; None where it is one."""
        state = found.state
        if found.outcome is Outcome.BUDGET:
            return (
                f"no convergence within {found.iterations} iterations; raise max_iterations, or pass a start closer to "
                "the maximum"
            )
        if found.outcome is Outcome.BOUNDARY:
            self._unidentified(state.theta)
            return self._boundary(found)
        if not self.likelihood.smooth:
            falls = self._falls_around(state.theta)
            return None if falls else "the likelihood rises beside its last point; pass a start"
        flat = self._unidentified(state.theta)
        if flat is not None:
            far = ", ".join(far_ends(self.likelihood, state.theta))
            return self._boundary(found, far) if far or runs_away(self.likelihood.chart, state) else flat
        still = state.noise <= COARSE and state.decrement <= (100.0 * state.noise) ** 2 + self.tolerance
        if found.outcome is Outcome.ROUGH and not (
            still and self.likelihood.clear_of_boundary(state, _DISTINCT * abs(state.theta))
        ):
            if not self.likelihood.clear_of_boundary(state):
                return self._boundary(found)
            endless = self._outward(state)
            if endless is not None:
                return self._boundary(replace(found, state=endless, previous=None))
            return HIDDEN
        if self.likelihood.curves_down(state):
            right = not self.likelihood.is_careful or is_borne_out(self.likelihood, state.theta)
            return None if right else HIDDEN
        try:
            values, directions = self.likelihood.relative_curvature(state.curved_at)
        except DataError:
            return "the information matrix is singular at the last point: " + self._boundary(found)
        if values[0] < -POSITIVE:
            return "the last point is a saddle of the likelihood; pass a start on one of its sides"
        if values[0] <= POSITIVE:
            return (
                f"the likelihood is flat along {self._direction(directions[:, 0])}: the data do not tell these "
                "parameters apart; fix one of them"
            )
        endless = self._endless(state)
        return None if endless is None else self._boundary(replace(found, state=endless))

    def runaway(self, theta: np.ndarray) -> str:
        """Where an estimate runs that the next step from theta (n,) moves far; empty where it moves none."""
        state = self.likelihood.at(theta)
        if state is None or not runs_away(self.likelihood.chart, state):
            return ""
        return self._boundary(Climb(Outcome.BOUNDARY, state, None, 0))

    def _endless(self, state: State) -> State | None:
        """The state with a step along which the likelihood does not fall as its curvature says; None where it falls.

        So it is where a sum of scores vanishes because all of them do: responses that are all of one kind, far out.
        """
        import numpy as np

        information = self.likelihood.observed_information(state.theta)
        diagonal = np.diagonal(information)
        size = np.sqrt(diagonal)
        values, vectors = np.linalg.eigh(information / np.outer(size, size))
        # By the Bartlett identity the squared scores are about as large as the information.
        if (self.likelihood.score_sizes(state.theta) ** 2 > _VANISHING * diagonal).all() and values[0] > _VANISHING:
            return None
        count, fall = self.likelihood.count, 0.5 * _ASIDE**2
        axes = np.diag(1.0 / size), vectors / size[:, None] / np.sqrt(values)
        for step in _ASIDE / math.sqrt(count) * np.concatenate([a.T for a in axes]):
            for side in (step, -step):
                gain, noise = (count * g for g in self.likelihood.gain(state.theta + side, state))
                outside = gain == -math.inf
                if not (outside or -_ALIKE * fall - noise <= gain <= noise - fall / _ALIKE):
                    return replace(state, step=side, decrement=math.inf)
        return None

    def _outward(self, state: State) -> State | None:
        """The state with a step towards an end of a parameter, if the likelihood falls away from it, not towards it."""
        import numpy as np

        for axis, value in enumerate(state.theta.tolist()):
            ends = [float(e) for piece in self.likelihood.chart.pieces[axis] for e in piece.ends]
            for end in ends:
                if math.isinf(end):
                    back, ahead = (([f * value for f in fs]) for fs in (_NEARER, _FURTHER))
                    if value * end <= 0.0:
                        continue
                else:
                    back, ahead = ([end + f * (value - end) for f in fs] for fs in (_FURTHER, _NEARER))
                moves = [[(v - value) * np.eye(self.likelihood.n)[axis] for v in vs] for vs in (back, ahead)]
                lower, other = ([self.likelihood.gain(state.theta + m, state) for m in ms] for ms in moves)
                falls = all(gain < -10.0 * noise for gain, noise in lower)
                if falls and all(gain >= -10.0 * noise for gain, noise in other):
                    return replace(state, step=moves[1][0], decrement=math.inf)
        return None

    def _unidentified(self, theta: np.ndarray) -> str | None:
        """Along what the information vanishes at the point; :class:`SingularMetricError` if it does elsewhere too."""
        import numpy as np

        found = self._null_direction(theta)
        if found is None:
            return None
        elsewhere = [np.array([float(v) for v in p.values()]) for p in self.likelihood.chart.interior_points(3)]
        if all(self._null_direction(point) is not None for point in elsewhere if self.likelihood.inside(point)):
            self.refuse(*found)
        return (
            f"the information vanishes at the last point along {self._direction(found[1])}: the data do not tell these "
            "parameters apart there; fix one of them, or pass a start"
        )

    def _null_direction(self, theta: np.ndarray) -> tuple[int, np.ndarray] | None:
        """The rank of the information and a direction in which it vanishes; None where there is none.

        The expected information, and where that is not asked for or not known the observed one.
        """
        import numpy as np

        metric, factor = self.likelihood.expected_information(theta), self.likelihood.expected_factor(theta)
        if metric is None:
            metric = self.likelihood.observed_information(theta)
            factor = whitening(metric)
        if factor is not None:
            with np.errstate(all="ignore"):
                total = float(((factor * factor) @ metric.diagonal()).sum())  # that of the inverse eigenvalues
            if total * _FAR_FROM_SINGULAR < 1.0:
                return None
        if not np.isfinite(metric).all() or not (np.diagonal(metric) > 0).all():
            return None
        size = np.sqrt(np.diagonal(metric))
        values, vectors = np.linalg.eigh(metric / np.outer(size, size))
        least = int(np.argmin(np.abs(values)))
        if abs(values[least]) > _SINGULAR:
            return None
        return int((np.abs(values) > _SINGULAR).sum()), vectors[:, least] / size

    def refuse(self, rank: int, direction: np.ndarray) -> None:
        """Raise :class:`SingularMetricError` for parameters that no data of this kind tell apart."""
        raise SingularMetricError(
            "the Fisher information of these data is singular: the likelihood does not change along "
            f"{self._direction(direction)}; drop or fix a parameter, or observe other covariates"
            + too_few(len(self.likelihood.weights), self.likelihood.n),
            rank,
            tuple(direction),
        )

    def _boundary(self, found: Climb, where: str = "") -> str:
        where = where or where_it_runs(self.likelihood.chart, found)
        model = self.likelihood.model
        separated = ""
        if isinstance(model, ConditionalModel) and model.support.points() is not None:
            separated = " The covariates separate the responses (Albert and Anderson, Biometrika 71 (1984) 1-10)."
        return (
            f"the estimate runs to the boundary of the domain: {where}.{separated} The likelihood of these data has no "
            "maximum inside; more or more varied observations are needed, or a model that fixes what runs away"
        )

    def _direction(self, vector: np.ndarray) -> str:
        largest = max(vector, key=abs)
        terms = [
            f"({v / largest:.4g}) d/d{s}"
            for s, v in zip(self.likelihood.model.parameters, vector, strict=True)
            if abs(v) > 1e-6 * abs(largest)
        ]
        return " + ".join(terms)

    def _falls_around(self, theta: np.ndarray) -> bool:
        """Whether the likelihood falls on both sides along every axis, where it has a kink and no derivative."""
        state = self.likelihood.at(theta)
        if state is None:
            return False
        scale = self.errors(theta)
        sides = (theta + sign * _AROUND * e for e in scale for sign in (-1.0, 1.0))
        return all(gain <= 10.0 * noise for gain, noise in (self.likelihood.gain(side, state) for side in sides))

    def errors(self, theta: np.ndarray) -> np.ndarray:
        """Steps (n, n), one standard error along each parameter."""
        import numpy as np

        metric = self.likelihood.expected_information(theta)
        size = np.eye(len(theta)) if metric is None else np.linalg.pinv(metric)
        return np.diag(np.sqrt(np.diagonal(size) / self.likelihood.count))
