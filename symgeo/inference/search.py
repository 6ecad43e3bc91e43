"""From starts to a finished fit, for any declared density: climbs, the test of what was found, and the report."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from symgeo.errors import DataError, SingularMetricError
from symgeo.inference.ascent import FINE, Climb, Outcome, climb
from symgeo.inference.boundary import runs_away, where_it_runs
from symgeo.inference.digits import derivatives_hold, is_borne_out, looks_odd, values_hold
from symgeo.inference.elsewhere import higher_ends
from symgeo.inference.result import Fit, too_few
from symgeo.inference.sample_likelihood import SampleLikelihood
from symgeo.inference.standard_start import standard_start
from symgeo.inference.starting import along_axes, plain_start, quick_start, rival, starting_points, without_effects
from symgeo.inference.verdict import HIDDEN, Verdict

if TYPE_CHECKING:
    import numpy as np

    from symgeo.inference.judging import State

# How many starting points are tried when one leads to no maximum.
STARTS = 6
# Squared length of a Fisher step below which a maximum of a concave likelihood is near enough to climb to at once.
_CLOSE = 4.0
# Times that a maximum is left for a higher one; steps of a climb on the way, and the gain in log-likelihood towards a
# boundary that is told.
_RIVALS, _BEYOND, _TELLING = 4, 100, 1e-4
# Steps, squared and times the number of observations, and relative errors of the information, that are none; steps of a
# search with more digits, which begins near its end or is in vain.
_SURE, _CAREFUL = 1e-8, 12
# More observations than this are begun with a part of them.
_MANY, _PART = 20_000, 2_000


class GeneralSearch:
    """Climbs from one start after another until one ends at a maximum whose curvature says that it is one."""

    def __init__(self, likelihood: SampleLikelihood, covariance: str, tolerance: float, max_iterations: int):
        self.likelihood, self.covariance = likelihood, covariance
        self.tolerance, self.max_iterations = tolerance, max_iterations
        self.verdict = Verdict(likelihood, tolerance)
        self._first: State | None = None
        self.ended: Outcome | None = None  # where no maximum was found
        if covariance != "expected":
            likelihood.require_smooth()

    def run(self, first: np.ndarray | None) -> Fit:
        """The fit, from a user's start if there is one."""
        best: Climb | None = None
        remark = ""
        for theta, steps in self._starts(first):
            found = self._climbed(theta, reached=steps > 0)
            if found is None:
                continue
            found.iterations += steps
            judged = self.verdict.objection(found)
            if judged is None:
                beyond = ""
                if first is None and not self.likelihood.single_peak:
                    found, beyond = self._highest(found)
                if self._is_sure(found):
                    return self._converged(found, beyond)
                careful = self._carefully(found)
                if careful.converged:
                    return careful
                judged = careful.message
            if best is None or (self._tells_more(found, best) and values_hold(self.likelihood, found.state.theta)):
                best, remark = found, judged
        if best is None:
            self._explain_failure(first)
        assert best is not None, "explained before"
        if first is None:
            axes = along_axes(self.likelihood, best.state.theta)
            for theta in higher_ends(self.likelihood, best.state.theta, axes, lower=True):
                found = self._climbed(theta)
                if found is not None and self.verdict.objection(found) is None:
                    found, told = self._highest(found)
                    if self._is_sure(found):
                        return self._converged(found, told)
        if best.outcome in (Outcome.ROUGH, Outcome.INTERIOR):
            careful = self._carefully(best)
            if careful.converged or not careful.message.startswith(HIDDEN):
                return careful
        self.ended = best.outcome
        return self._report(best, False, remark)

    def _is_sure(self, found: Climb) -> bool:
        """Whether a maximum is one with all digits too; asked where the information there is not what is expected."""
        import numpy as np

        state = found.state
        right = derivatives_hold(self.likelihood, state)
        careful = self.likelihood.carefully() if not right or looks_odd(self.likelihood, state) else None
        if careful is None:
            return right
        there = careful.at(state.theta)
        if there is None or not careful.count * there.decrement <= _SURE or runs_away(careful.chart, there):
            return False
        if not is_borne_out(careful, state.theta):
            return False
        known, exact = (one.observed_information(state.theta) for one in (self.likelihood, careful))
        return bool(np.all(np.abs(known - exact) <= _SURE * np.sqrt(np.outer(exact.diagonal(), exact.diagonal()))))

    def _carefully(self, found: Climb) -> Fit:
        """The fit that a search with more digits finds from the end of a climb; one that failed where there is none."""
        careful = self.likelihood.carefully()
        if careful is None:
            return self._report(found, False, HIDDEN)
        search = GeneralSearch(careful, self.covariance, self.tolerance, min(self.max_iterations, _CAREFUL))
        try:
            fit = search.run(found.state.theta)
        except (DataError, SingularMetricError):
            return self._report(found, False, HIDDEN)
        if fit.converged:
            return fit
        runs = fit.message if search.ended is Outcome.BOUNDARY else search.verdict.runaway(fit.estimate)
        return self._report(found, False, runs or HIDDEN)

    def _tells_more(self, found: Climb, best: Climb) -> bool:
        """Whether a climb ended higher, or as high and plainly towards the boundary."""
        gain, size = found.state.value - best.state.value, FINE * (1.0 + abs(best.state.value))
        plainly = found.outcome is Outcome.BOUNDARY and best.outcome is not Outcome.BOUNDARY
        return gain > size or (plainly and gain >= -size)

    def _climbed(self, theta: np.ndarray, most: int | None = None, reached: bool = False) -> Climb | None:
        import numpy as np

        known = self._first is not None and self._first.theta is theta
        with np.errstate(all="ignore"):
            state = self._first if known else self.likelihood.start(theta)
            if state is None:
                return None
            found = climb(self.likelihood, state, self.tolerance, most or self.max_iterations, reached=reached)
        return found if self.likelihood.smooth else self._polished(found)

    def _highest(self, found: Climb) -> tuple[Climb, str]:
        """A maximum, or a higher one if climbs from around it lead there; and where they find no maximum but more."""
        for _ in range(_RIVALS):
            axes = along_axes(self.likelihood, found.state.theta)
            theta = rival(self.likelihood, axes)
            other = None if theta is None else self._above(found, theta)
            if other is None or self.verdict.objection(other) is not None:
                break
            found = other
        for _ in range(_RIVALS):
            remark = ""
            for theta in higher_ends(self.likelihood, found.state.theta, axes):
                other = self._above(found, theta)
                if other is None:
                    continue
                if self.verdict.objection(other) is None:
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

    def _starts(self, first: np.ndarray | None) -> Iterator[tuple[np.ndarray, int]]:
        """Where to begin, and in how many steps that was found."""
        if first is not None:
            yield first, 0
            if self.likelihood.is_careful:
                return
        elif self.likelihood.length > _MANY:
            yield from self._of_a_part()
        elif self.likelihood.concave:
            state = self.likelihood.start(without_effects(self.likelihood, plain_start(self.likelihood.chart)))
            if state is not None and state.decrement < _CLOSE:
                self._first = state
                yield state.theta, 0
        begin = standard_start(self.likelihood)
        if begin is not None:
            yield begin
        quick = quick_start(self.likelihood)
        if quick is not None:
            yield quick, 0
        yield from ((theta, 0) for theta in starting_points(self.likelihood, STARTS))

    def _of_a_part(self) -> Iterator[tuple[np.ndarray, int]]:
        """The estimate from a small part of many observations, where there is one."""
        part = self.likelihood.part(max(_PART + 100 * self.likelihood.n, len(self.likelihood.weights) // 50))
        try:
            found = GeneralSearch(part, self.covariance, self.tolerance, self.max_iterations).run(None)
        except (DataError, SingularMetricError):
            return  # the whole may tell what its part does not
        if found.converged:
            self.likelihood.expect_newton()
            yield found.estimate, 0

    def _polished(self, found: Climb) -> Climb:
        """The maximum of a likelihood with kinks, by Nelder and Mead's simplex from where scoring came."""
        from scipy.optimize import minimize

        start = found.state.theta
        simplex = [start, *(start + e for e in self.verdict.errors(start))]

        def loss(theta: np.ndarray) -> float:
            gain = self.likelihood.gain(theta, found.state)[0]
            return -gain if gain == gain else float("inf")

        for _ in range(3):  # restarted, for a simplex may collapse at a kink
            options = {"initial_simplex": simplex, "xatol": 0.0, "fatol": 1e-15, "maxiter": 400 * len(start)}
            end = minimize(loss, simplex[0], method="Nelder-Mead", options=options).x
            simplex = [end, *(end + 0.1 * e for e in self.verdict.errors(end))]
        state = self.likelihood.at(end)
        if state is None or state.value < found.state.value:
            return found
        trace = [*found.trace, self.likelihood.log_likelihood(state)]
        return replace(found, outcome=Outcome.INTERIOR, state=state, trace=trace)

    def _explain_failure(self, first: np.ndarray | None) -> None:
        """Raise what explains that no start served: parameters without identity, or data without a likelihood."""
        import numpy as np

        for theta, _ in list(self._starts(first)):
            metric = self.likelihood.expected_information(theta)
            if metric is None or not np.isfinite(metric).all():
                continue
            size = np.sqrt(np.maximum(np.diagonal(metric), 1e-300))
            values, vectors = np.linalg.eigh(metric / np.outer(size, size))
            if values[0] <= 1e-12:
                self.verdict.refuse(int((values > 1e-12).sum()), vectors[:, 0] / size)
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
