"""From starts to a finished fit, for any declared density: climbs, the test of what was found, and the report."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from symgeo.errors import DataError, SingularMetricError
from symgeo.inference.ascent import FINE, Climb, Outcome, climb
from symgeo.inference.boundary import where_it_runs
from symgeo.inference.elsewhere import higher_ends
from symgeo.inference.result import Fit, too_few
from symgeo.inference.sample_likelihood import POSITIVE, SampleLikelihood
from symgeo.inference.standard_start import standard_start
from symgeo.inference.starting import along_axes, plain_start, quick_start, rival, starting_points
from symgeo.inference.whitening import whitening
from symgeo.models.conditional_model import ConditionalModel

if TYPE_CHECKING:
    import numpy as np

    from symgeo.inference.judging import State

# How many starting points are tried when one leads to no maximum.
STARTS = 6
# Relative accuracy below which a result of float64 is not called one.
COARSE = 1e-4
# Steps along the axes of the information that must lose likelihood where it has a kink, in standard errors.
_AROUND = 1e-3
# Eigenvalues of an expected information of unit diagonal that are rounding errors of zero.
_SINGULAR = 1e-13
# ... and what they are far above where there is no doubt.
_FAR_FROM_SINGULAR = 1e-12
# Squared scores beside the information, and its eigenvalues, that call for a look at the likelihood aside, and how far
# that look goes, in standard errors; the factor within which the likelihood there falls as its curvature says.
_VANISHING, _ASIDE, _ALIKE = 1e-6, 0.1, 20.0
# Squared length of a Fisher step below which a maximum of a concave likelihood is near enough to climb to at once.
_CLOSE = 4.0
# Times that a maximum is left for a higher one; steps of a climb on the way, and the gain in log-likelihood towards a
# boundary that is told.
_RIVALS, _BEYOND, _TELLING = 4, 100, 1e-4
# Moves of a parameter, in units of itself, towards zero and towards infinity, after which the likelihood must be lower
# and not lower if it runs away.
_DECADES = (-1.0 + 1e-6, -1.0 + 1e-8), (9.0, 99.0, 1e4)
# More observations than this are begun with a part of them.
_MANY, _PART = 20_000, 2_000


class GeneralSearch:
    """Climbs from one start after another until one ends at a maximum whose curvature says that it is one."""

    def __init__(self, likelihood: SampleLikelihood, covariance: str, tolerance: float, max_iterations: int):
        self.likelihood, self.covariance = likelihood, covariance
        self.tolerance, self.max_iterations = tolerance, max_iterations
        self._first: State | None = None
        if covariance != "expected":
            likelihood.require_smooth()

    def run(self, first: np.ndarray | None) -> Fit:
        """The fit, from a user's start if there is one."""
        best: Climb | None = None
        remark = ""
        for theta in self._starts(first):
            found = self._climbed(theta)
            if found is None:
                continue
            judged = self.judged(found)
            if judged is None:
                if first is None and not self.likelihood.single_peak:
                    found, remark = self._highest(found)
                    return self._converged(found, remark)
                return self._converged(found)
            if best is None or self._tells_more(found, best):
                best, remark = found, judged
        if best is None:
            self._explain_failure(first)
        assert best is not None, "explained before"
        if first is None:
            axes = along_axes(self.likelihood, best.state.theta)
            for theta in higher_ends(self.likelihood, best.state.theta, axes, lower=True):
                found = self._climbed(theta)
                if found is not None and self.judged(found) is None:
                    return self._converged(*self._highest(found))
        return self._report(best, False, remark)

    def _tells_more(self, found: Climb, best: Climb) -> bool:
        """Whether a climb ended higher, or as high and plainly towards the boundary."""
        gain, size = found.state.value - best.state.value, FINE * (1.0 + abs(best.state.value))
        plainly = found.outcome is Outcome.BOUNDARY and best.outcome is not Outcome.BOUNDARY
        return gain > size or (plainly and gain >= -size)

    def _climbed(self, theta: np.ndarray, most: int | None = None) -> Climb | None:
        known = self._first is not None and self._first.theta is theta
        state = self._first if known else self.likelihood.start(theta)
        if state is None:
            return None
        found = climb(self.likelihood, state, self.tolerance, most or self.max_iterations, trusted=True)
        return found if self.likelihood.smooth else self._polished(found)

    def _highest(self, found: Climb) -> tuple[Climb, str]:
        """A maximum, or a higher one if climbs from around it lead there; and where they find no maximum but more."""
        for _ in range(_RIVALS):
            axes = along_axes(self.likelihood, found.state.theta)
            theta = rival(self.likelihood, axes)
            other = None if theta is None else self._above(found, theta)
            if other is None or self.judged(other) is not None:
                break
            found = other
        for _ in range(_RIVALS):
            remark = ""
            for theta in higher_ends(self.likelihood, found.state.theta, axes):
                other = self._above(found, theta)
                if other is None:
                    continue
                if self.judged(other) is None:
                    found, axes = other, along_axes(self.likelihood, other.state.theta)
                    break
                remark = remark or self._beyond(found, other)
            else:
                return found, remark
        return found, ""

    def _above(self, found: Climb, theta: np.ndarray) -> Climb | None:
        """Where a climb from a point leads, if that is higher."""
        other = self._climbed(theta, _BEYOND)
        gain = FINE * (1.0 + abs(found.state.value))
        return None if other is None or other.state.value <= found.state.value + gain else other

    def _beyond(self, found: Climb, other: Climb) -> str:
        gain = self.likelihood.count * (other.state.value - found.state.value)
        if gain < _TELLING:
            return ""
        return (
            f"; this is a local maximum: the log-likelihood is higher, by {gain:.3g} or more, towards the boundary of "
            f"the domain ({where_it_runs(self.likelihood.chart, other)}), and has no maximum there"
        )

    def _starts(self, first: np.ndarray | None) -> Iterator[np.ndarray]:
        if first is not None:
            yield first
        elif self.likelihood.length > _MANY:
            yield from self._of_a_part()
        elif self.likelihood.concave:
            state = self.likelihood.start(self.likelihood.without_effects(plain_start(self.likelihood.chart)))
            if state is not None and state.decrement < _CLOSE:
                self._first = state
                yield state.theta
        for begin in (standard_start, quick_start):
            theta = begin(self.likelihood)
            if theta is not None:
                yield theta
        yield from starting_points(self.likelihood, STARTS)

    def _of_a_part(self) -> Iterator[np.ndarray]:
        """The estimate from a small part of many observations, where there is one."""
        part = self.likelihood.part(max(_PART + 100 * self.likelihood.n, len(self.likelihood.weights) // 50))
        try:
            found = GeneralSearch(part, self.covariance, self.tolerance, self.max_iterations).run(None)
        except (DataError, SingularMetricError):
            return  # the whole may tell what its part does not
        if found.converged:
            self.likelihood.expect_newton()
            yield found.estimate

    def judged(self, found: Climb) -> str | None:
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
            return flat
        still = state.noise <= COARSE and state.decrement <= (100.0 * state.noise) ** 2 + self.tolerance
        if found.outcome is Outcome.ROUGH and not still:
            if not self.likelihood.clear_of_boundary(state):
                return self._boundary(found)
            endless = self._outward(state)
            if endless is not None:
                return self._boundary(replace(found, state=endless, previous=None))
            return (
                "rounding errors hide whether this is a maximum; rescale the data or declare the model in other "
                "parameters"
            )
        if self.likelihood.curves_down(state):
            return None
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
        """The state with a step towards an infinite end, if the likelihood falls the other way and not this way."""
        import numpy as np

        for axis, end in enumerate(np.sign(state.theta)):
            if not end or not any(
                end * float(e) == math.inf for p in self.likelihood.chart.pieces[axis] for e in p.ends
            ):
                continue
            moves = state.theta[axis] * np.eye(self.likelihood.n)[axis]
            inner, outer = ([self.likelihood.gain(state.theta + f * moves, state) for f in fs] for fs in _DECADES)
            lower = all(gain < -10.0 * noise for gain, noise in inner)
            if lower and all(gain >= -10.0 * noise for gain, noise in outer):
                return replace(state, step=moves, decrement=math.inf)
        return None

    def _unidentified(self, theta: np.ndarray) -> str | None:
        """Along what the information vanishes at the point; :class:`SingularMetricError` if it does elsewhere too."""
        import numpy as np

        found = self._null_direction(theta)
        if found is None:
            return None
        elsewhere = [np.array([float(v) for v in p.values()]) for p in self.likelihood.chart.interior_points(3)]
        if all(self._null_direction(point) is not None for point in elsewhere if self.likelihood.inside(point)):
            self._refuse(*found)
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
        if not np.isfinite(metric).all() or not (np.diagonal(metric) > 0).all():
            return None
        if factor is not None and float(np.sum(factor * factor @ np.diagonal(metric))) * _FAR_FROM_SINGULAR < 1.0:
            return None  # the sum is that of the inverse eigenvalues
        size = np.sqrt(np.diagonal(metric))
        values, vectors = np.linalg.eigh(metric / np.outer(size, size))
        least = int(np.argmin(np.abs(values)))
        if abs(values[least]) > _SINGULAR:
            return None
        return int((np.abs(values) > _SINGULAR).sum()), vectors[:, least] / size

    def _refuse(self, rank: int, direction: np.ndarray) -> None:
        raise SingularMetricError(
            "the Fisher information of these data is singular: the likelihood does not change along "
            f"{self._direction(direction)}; drop or fix a parameter, or observe other covariates"
            + too_few(len(self.likelihood.weights), self.likelihood.n),
            rank,
            tuple(direction),
        )

    def _boundary(self, found: Climb) -> str:
        where = where_it_runs(self.likelihood.chart, found)
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
        scale = self._errors(theta)
        sides = (theta + sign * _AROUND * e for e in scale for sign in (-1.0, 1.0))
        return all(gain <= 10.0 * noise for gain, noise in (self.likelihood.gain(side, state) for side in sides))

    def _errors(self, theta: np.ndarray) -> np.ndarray:
        import numpy as np

        metric = self.likelihood.expected_information(theta)
        size = np.eye(len(theta)) if metric is None else np.linalg.pinv(metric)
        return np.diag(np.sqrt(np.diagonal(size) / self.likelihood.count))

    def _polished(self, found: Climb) -> Climb:
        """The maximum of a likelihood with kinks, by Nelder and Mead's simplex from where scoring came."""
        from scipy.optimize import minimize

        start = found.state.theta
        simplex = [start, *(start + e for e in self._errors(start))]

        def loss(theta: np.ndarray) -> float:
            gain = self.likelihood.gain(theta, found.state)[0]
            return -gain if gain == gain else float("inf")

        for _ in range(3):  # restarted, for a simplex may collapse at a kink
            options = {"initial_simplex": simplex, "xatol": 0.0, "fatol": 1e-15, "maxiter": 400 * len(start)}
            end = minimize(loss, simplex[0], method="Nelder-Mead", options=options).x
            simplex = [end, *(end + 0.1 * e for e in self._errors(end))]
        state = self.likelihood.at(end)
        if state is None or state.value < found.state.value:
            return found
        trace = [*found.trace, self.likelihood.log_likelihood(state)]
        return replace(found, outcome=Outcome.INTERIOR, state=state, trace=trace)

    def _explain_failure(self, first: np.ndarray | None) -> None:
        """Raise what explains that no start served: parameters without identity, or data without a likelihood."""
        import numpy as np

        starts = list(self._starts(first))
        for theta in starts:
            metric = self.likelihood.expected_information(theta)
            if metric is None or not np.isfinite(metric).all():
                continue
            size = np.sqrt(np.maximum(np.diagonal(metric), 1e-300))
            values, vectors = np.linalg.eigh(metric / np.outer(size, size))
            if values[0] <= 1e-12:
                self._refuse(int((values > 1e-12).sum()), vectors[:, 0] / size)
        raise DataError(
            "no point of the domain was found where the likelihood of these data can be computed; pass start=, or "
            "rescale the data"
        )

    def _converged(self, found: Climb, beyond: str = "") -> Fit:
        times = "iteration" if found.iterations == 1 else "iterations"
        noise = found.state.noise
        remark = f"; rounding errors leave about {noise:.0e} standard deviations" if noise > FINE else ""
        return self._report(found, True, f"converged in {found.iterations} {times}{remark}{beyond}", bool(beyond))

    def _report(self, found: Climb, converged: bool, message: str, local: bool = False) -> Fit:
        import numpy as np

        theta, n = found.state.theta, len(found.state.theta)
        covariance = self._covariance(theta) if converged else None
        known = np.full((n, n), np.nan) if covariance is None else covariance
        fit = Fit(
            model=self.likelihood.model,
            estimate=np.array(theta, dtype=float),
            standard_errors=np.sqrt(np.diagonal(known)),
            covariance=known,
            log_likelihood=self.likelihood.log_likelihood(found.state),
            converged=converged,
            iterations=found.iterations,
            message=message if converged else message + too_few(len(self.likelihood.weights), n),
            n_observations=self.likelihood.count,
            trace=tuple(found.trace),
            likelihood_of_sample=lambda: self.likelihood,
            local=local,
        )
        return fit.with_covariance(self.covariance) if converged and covariance is None else fit

    def _covariance(self, theta: np.ndarray) -> np.ndarray | None:
        """The inverse of the expected information of the sample where that is wanted and known."""
        factor = self.likelihood.expected_factor(theta) if self.covariance == "expected" else None
        return None if factor is None else factor.T @ factor / self.likelihood.count
